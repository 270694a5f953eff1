"""The dialects of logs, each read by a module of its own; `open_log` tells them apart.

`streaming_lines` reads what an interface board says, which stands in a log of either.
"""
