"""The place of an energy monitor on a bench.

A monitor powers the device and records what it draws. Whoever opens one closes it, and closing
leaves the supply off on every path.
"""

from __future__ import annotations

from typing import Protocol


class EnergyMonitor(Protocol):
    """What a run needs of a monitor, whichever it is."""

    address: str

    def set_supply(self, supply_v: float) -> None:
        """Set the supply's voltage and read it back; never clipped to what is possible."""

    def power(self, on: bool) -> None:
        """Switch the device's supply."""

    def close(self) -> None:
        """Supply off, host control released; calling it again is harmless."""
