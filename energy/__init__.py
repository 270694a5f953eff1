"""The measurement of joules: monitors, the traces that they record, and the windows in a trace.

Start with `monitor` (what a run needs of any instrument), `trace` (what it yields) and `windows`
(from a trace to the energy of each window). `drivers` holds the instruments, `simulated` their
counterparts in bytes; `alignment` finds the edges for instruments without an event input.
"""
