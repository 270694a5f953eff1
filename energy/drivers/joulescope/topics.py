"""The topics of a JS110 or JS220: what its driver calls each setting, switch and stream.

All of them stand below the device's own path, ``u/js220/002557``. A signal is ``i``, ``v`` or an
input, ``gpi/0``: once its control topic is 1, its data topic brings the messages that
``stream`` reads.
"""

from __future__ import annotations

SAMPLE_RATE = "h/fs"
"""The sample rate of current and voltage, in Hz."""
CURRENT, VOLTAGE, TIMESTAMP_INPUT = "i", "v", "gpi/0"
"""The signals that are streamed; the device's timestamp pin is on IN0."""
SIGNALS = (CURRENT, VOLTAGE, TIMESTAMP_INPUT)
VOLTAGE_RANGE = "s/v/range/mode"
"""The range of the voltage (JS220 only); `auto` chooses it by itself."""
FIRMWARE_VERSION = "c/fw/version"
"""The version of the firmware as one number of 8, 8 and 16 bits."""


def supply_switch(model: str) -> str:
    """Return the topic of the current range: `off` cuts the supply, `auto` lets it through."""
    return "s/i/range/select" if model == "js110" else "s/i/range/mode"


def control(signal: str) -> str:
    """Return the topic that starts (1) and stops (0) a signal."""
    return f"s/{signal}/ctrl"


def data(signal: str) -> str:
    """Return the topic that brings a signal's samples."""
    return f"s/{signal}/!data"


CURRENT_DATA, VOLTAGE_DATA = data(CURRENT), data(VOLTAGE)
