"""The host's side of the protocol: what a runner asks of a device, and how it judges the answer.

Start with `dut`, whose methods are the operations; `exchange` sends a command and collects its
reply, `load` and its kin bring inputs over, `inference` times them, `io_manager` talks to a device
through the board in between.
"""
