"""Talking to a device under test, from both sides of the wire."""
