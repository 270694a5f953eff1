"""The host's side of the protocol: what a runner asks of a device, and how it judges the answer.

Start with `dut`, whose methods are the operations; `exchange` sends a command and collects its
reply, `load_with_retries` brings inputs over (by `extended_load` or `pipelined_load` where the
device can), `inference` times them, `io_manager` talks to a device through the board in between.
"""
