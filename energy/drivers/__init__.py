"""The drivers of the energy monitors, a folder for each instrument.

Each has a `driver`, which operates the instrument, and most a `stream` beside it, which reads what
it sends without any I/O. What they share stands in `serial_monitor`, `scpi`, `visa_link` and
`host_count`.
"""
