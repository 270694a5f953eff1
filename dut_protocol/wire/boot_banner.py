"""The boot banner: the lines that firmware prints before it takes its first command.

Performance firmware prints its counter in between; energy firmware pulls its pin instead::

    m-timestamp-mode-performance
    m-lap-us-99450893
    m-init-done
    m-ready

It tells which of the two firmwares is there, and it comes at power-up, at a reset, and on many
boards when their port is opened (DTR).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class TimestampMode(Enum):
    """Says how the firmware marks time: lap times on the UART, or edges on a pin."""

    PERFORMANCE = "performance"
    ENERGY = "energy"


@dataclass(frozen=True, slots=True)
class BootMode:
    """Is the first line of the boot banner."""

    mode: TimestampMode

    def encode(self) -> str:
        return f"m-timestamp-mode-{self.mode.value}"


@dataclass(frozen=True, slots=True)
class InitDone:
    def encode(self) -> str:
        return "m-init-done"
