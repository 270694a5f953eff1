"""The drivers of the energy monitors, a folder for each instrument.

Each has a `driver`, which operates the instrument, and most a `stream` beside it, which reads what
it sends without any I/O; `scpi_described` operates any instrument that a file describes. What they
share stands in `serial_monitor`, `scpi`, `visa_link`, `visa_monitor` and `host_count`.
"""
