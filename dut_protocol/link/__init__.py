"""What carries the bytes, and the clock by which all of it is timed.

Start with `transport` (serial ports and TCP) and `clock` (real or virtual); `latency` concerns USB
adapters, `wire_log` writes down every byte.
"""
