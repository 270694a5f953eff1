"""The bench, on which a script runs: opened from the addresses of a configuration.

Start with `bench`, what a run has in its hands, and `opening`, which opens it; `streaming` opens
one with an interface board, `monitors` the energy monitor. `recorder` keeps that served, `link`
decides how fast a device may be driven. `simulated` is all of it without hardware.
"""
