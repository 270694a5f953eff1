"""Operates a Keysight N6705 or N6700 over VISA: start with `driver`, which `setup` prepares."""
