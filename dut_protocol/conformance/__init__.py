"""Whether a firmware port speaks the protocol: a list of items, each tried on the real device."""
