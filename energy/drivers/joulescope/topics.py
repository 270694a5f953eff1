"""Knows the topics of a JS110, JS220 or JS320, and in what these differ.

All topics stand below the device's own path, ``u/js220/002557``. A signal is ``i``, ``v`` or an
input, ``gpi/0``: once its control topic is 1, its data topic brings the messages that
``stream`` reads.

The source is Jetperch's driver (its C code, `doc/js220.txt` and `doc/js320.json`); the tests hold
the names and values against the installed package, a JS110 also by running it.
"""

from __future__ import annotations

from dataclasses import dataclass

SAMPLE_RATE = "h/fs"
"""The sample rate of current and voltage, in Hz."""
CURRENT, VOLTAGE, TIMESTAMP_INPUT = "i", "v", "gpi/0"
"""The signals that are streamed; the device's timestamp pin is on IN0."""
SIGNALS = (CURRENT, VOLTAGE, TIMESTAMP_INPUT)
FIRMWARE_VERSION = "c/fw/version"
"""The version of the firmware as one number of 8, 8 and 16 bits."""
INPUT_LEVEL = "s/extio/voltage"
"""The voltage of a JS110's inputs, in mV: one of INPUT_LEVELS_MV."""
INPUT_LEVELS_MV = (1800, 2100, 2500, 2700, 3000, 3300, 3600, 5000)

_RATES_HZ = (*(float(n * 10**power) for power in range(6) for n in (1, 2, 5)), 1_000_000.0)


@dataclass(frozen=True, slots=True)
class Model:
    """Is what one kind of Joulescope does in its own way."""

    supply_switch: str
    """The topic of the current range: `off` cuts the supply, `auto` lets it through."""
    settings: tuple[tuple[str, str], ...]
    """What else is published when it is opened."""
    rates_hz: tuple[float, ...]
    """Rates that a trace can have."""
    stream_rate_hz: float | None = None
    """The rate of its streams, whatever the trace's; None: that of the trace."""
    has_firmware_version: bool = True


MODELS = {
    # Its input is the lowest bit of its current, and is filtered and thinned out as the current is:
    # at less than the full rate a timestamp of 1 µs would be lost.
    "js110": Model(
        supply_switch="s/i/range/select",
        settings=(("s/i/lsb_src", "gpi0"),),
        rates_hz=(*_RATES_HZ, 2_000_000.0),
        stream_rate_hz=2_000_000.0,
        has_firmware_version=False,
    ),
    "js220": Model("s/i/range/mode", (("s/v/range/mode", "auto"),), _RATES_HZ),
    "js320": Model(
        "s/i/range/mode",
        (("s/v/range/mode", "auto"),),
        tuple(rate_hz for rate_hz in _RATES_HZ if rate_hz != 500_000.0),
    ),
}


def control(signal: str) -> str:
    """Return the topic that starts (1) and stops (0) a signal."""
    return f"s/{signal}/ctrl"


def data(signal: str) -> str:
    """Return the topic that brings a signal's samples."""
    return f"s/{signal}/!data"


def input_level_mv(supply_v: float) -> int:
    """Return the level for the inputs of a JS110: the highest that is not above the supply."""
    return max(
        (level for level in INPUT_LEVELS_MV if level <= supply_v * 1000.0 + 1e-6),
        default=INPUT_LEVELS_MV[0],
    )


CURRENT_DATA, VOLTAGE_DATA = data(CURRENT), data(VOLTAGE)
