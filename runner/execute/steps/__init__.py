"""Executes the steps of a script, one by one, each written into the journal.

Start with `sequencer`, what all scripts have, and `executor`; `streaming_executor` is a streaming
task's. `energy_steps` executes what concerns the IO manager and the monitor, `board_steps` what
concerns the interface board, and `recovery` brings back a device that fails in the middle.
"""
