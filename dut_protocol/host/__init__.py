"""The host's side of the protocol: what a runner asks of a device, and how it judges the answer.

Start with `dut`, whose methods are the operations; `exchange` sends a command and collects its
reply, `load_with_retries` brings inputs over (by `extended_load` or `pipelined_load` where the
device can), `inference` times them. `pass_through` talks to a device through a board in between:
an `io_manager`, or the `interface_board` of a streaming task, which `uart_frames` does without.
"""
