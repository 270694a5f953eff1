"""The drivers of the energy monitors: N6705, LPM01A, PPK2 and Joulescope.

Each instrument has a module of its name, which operates it, and most have a `…_stream` beside it,
which reads what it sends without any I/O. What they share stands in `serial_monitor`, `scpi` and
`visa_link`.
"""
