"""The microsecond counter behind ``m-lap-us-…``: how wide it is, how far off its time may be.

A deviation is a fraction of the host's time. What is usual and what is a defect was taken from the
published sessions, whose logs hold the device's time and the host's.
"""

from __future__ import annotations

WRAP_US = 1 << 32
"""The counter is 32 bits wide on most ports."""

USUAL_DEVIATION = 0.02
"""94 % of the published windows agree with the host within this."""

OSCILLATOR_DEVIATION = 0.04
"""RC oscillators stay within this, and with them nearly all published windows."""

DEFECT_DEVIATION = 0.05
"""More than this was a real defect wherever it was seen, and is one by the rules."""

RESONATOR_DEVIATION = 6000e-6
"""An IO manager's clock and a monitor's agree within this: an Arduino Uno has a resonator of 0.5 %.
"""

CRYSTAL_DEVIATION = 500e-6
"""The host's clock and a monitor's agree within this: two crystals with room to spare."""

LATE_EDGE_S = 1e-3
"""An IO manager stamps an edge late by up to this, never early, where it comes while the device
talks: it receives bit by bit meanwhile. 0.82 ms was the most in 177 edges of EEMBC's."""

LINE_DELAY_S = 0.020
"""Seconds that a stamp in a log adds at each end: the line's own transfer and the stamp's
millisecond."""

ADAPTER_DELAY_S = 0.05
"""Seconds that the host adds while it runs: lines wait in USB adapters and in their drivers."""
