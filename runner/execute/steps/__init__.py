"""Executes the steps of a script, one by one, each written into the journal.

Start with `executor`; `energy_steps` executes what concerns the IO manager and the monitor, and
`recovery` brings back a device that fails in the middle.
"""
