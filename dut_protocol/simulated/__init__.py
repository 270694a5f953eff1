"""The device's side of the protocol: a board and an IO manager that exist in bytes only.

Start with `device`, the reference firmware's behaviour; `link` joins it to a host in this process
on a virtual clock, `serve` to other programs in real time; `replay` answers from a log.
"""
