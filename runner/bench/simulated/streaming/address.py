"""Reads the address of a simulated device of the streaming wake word, with all its options.

``sim:sww01?audio_ppm=-2300&manner=st&fault=lost_edge,no_marker``: every fault that a host has to
notice can be had on the command line. Options are those of the table below; a fault is one of the
names that :data:`FAULTS` has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from math import isfinite
from typing import Any
from urllib.parse import parse_qsl

from .....dut_protocol.simulated.streaming.device import (
    Manner,
    StreamingFaults,
    StreamingSettings,
)
from .....dut_protocol.simulated.streaming.interface_board import BoardFaults, BoardSettings
from .....dut_protocol.simulated.streaming.words import WordHabits
from .....dut_protocol.wire.boot_banner import TimestampMode
from .....errors import closest
from .....models.runtimes.engine_kind import EngineKind
from .....models.suite import STREAMING_TASKS, SWW
from ....config.sim_address import engine_named
from ....config.values import MAX_BAUD_RATE
from ....errors import SetupError

_SHOWN = 200
"""Characters of an address that an error repeats."""
_MOST_PPM = 20_000.0
_MOST_TIMES = 10_000


@dataclass(frozen=True, slots=True)
class CardFaults:
    """Says what is wrong with the card."""

    no_card: bool = False
    """There is none in the slot."""
    mono: bool = False
    """Its files have one channel."""
    wrong_name: bool = False
    """Its files are called otherwise."""


@dataclass(frozen=True, slots=True)
class StreamingBenchOptions:
    """Says what a simulated bench of the streaming wake word is like."""

    device: StreamingSettings = field(default_factory=StreamingSettings)
    """Of its baud rate and stamps the wiring decides."""
    habits: WordHabits = field(default_factory=WordHabits)
    board: BoardSettings = field(default_factory=BoardSettings)
    card: CardFaults = field(default_factory=CardFaults)
    mode: TimestampMode | None = None
    """How its firmware was built; None: as the run wants it."""
    dut_baud_rate: int | None = None
    """What the device's UART is set to; None: whatever the board's is."""
    engine: EngineKind | None = None
    """What runs its model; None: what the configuration says."""


FAULTS = (
    *(one.name for kind in (StreamingFaults, BoardFaults, CardFaults) for one in fields(kind)),
    "wrong_task",
)
"""What can stand behind ``fault=``, several with commas between."""


def parse_streaming(address: str) -> StreamingBenchOptions:
    """Read the options of a ``sim:sww01`` address; SetupError names what cannot be."""
    options = StreamingBenchOptions()
    named = address.partition("?")[0].partition(":")[2]
    if named not in ("", *(task.model_id for task in STREAMING_TASKS.values())):
        raise SetupError(
            f"{address[:_SHOWN]} is no device that listens to an interface board; give sim: or "
            f"sim:{SWW.model_id}"
        )
    for key, value in parse_qsl(address.partition("?")[2], keep_blank_values=True):
        setter = _OPTIONS.get(key)
        if setter is None:
            near = closest(key, _OPTIONS)
            raise SetupError(
                f"{address[:_SHOWN]}: unknown option {key[:_SHOWN]!r}{near}; known are "
                f"{', '.join(sorted(_OPTIONS))}"
            )
        try:
            options = setter(options, value)
        except ValueError as error:
            raise SetupError(
                f"{address[:_SHOWN]}: {key}={value[:_SHOWN]!r} cannot be: {str(error)[:_SHOWN]}"
            ) from error
    if options.device.manner is Manner.SYNTIANT and "pulses" not in address:
        options = replace(options, habits=replace(options.habits, pulses=1))
    return options


_Setter = Callable[[StreamingBenchOptions, str], StreamingBenchOptions]


def _in(part: str, name: str, read: Callable[[str], Any]) -> _Setter:
    """Return what sets one field of a part."""

    def set_it(options: StreamingBenchOptions, value: str) -> StreamingBenchOptions:
        changed = replace(getattr(options, part), **{name: read(value)})
        return replace(options, **{part: changed})

    return set_it


def _number(least: float, most: float, unit: float = 1.0) -> Callable[[str], float]:
    def read(text: str) -> float:
        number = float(text)
        if not (isfinite(number) and least <= number <= most):
            raise ValueError(f"expected {least:g} to {most:g}")
        return number * unit

    return read


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        number = int(text)
        if not least <= number <= most:
            raise ValueError(f"expected {least} to {most}")
        return number

    return read


def _yes(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError("expected 0 or 1")
    return text == "1"


def _times(text: str) -> tuple[float, ...]:
    read = _number(0.0, 1e5)
    return tuple(read(one) for one in text.split(",")[:_MOST_TIMES])


def _numbers(text: str) -> frozenset[int]:
    read = _whole(1, _MOST_TIMES)
    return frozenset(read(one) for one in text.split(",")[:_MOST_TIMES])


def _faults(options: StreamingBenchOptions, value: str) -> StreamingBenchOptions:
    for name in value.split(","):
        if name not in FAULTS:
            raise ValueError(f"no such fault{closest(name, FAULTS)}; there are {', '.join(FAULTS)}")
        if name == "wrong_task":
            options = replace(options, device=replace(options.device, model_id="kws01"))
        elif name in StreamingFaults.__dataclass_fields__:
            device = options.device
            worse = replace(device.faults, **{name: True})
            options = replace(options, device=replace(device, faults=worse))
        elif name in BoardFaults.__dataclass_fields__:
            board = options.board
            options = replace(
                options, board=replace(board, faults=replace(board.faults, **{name: True}))
            )
        else:
            options = replace(options, card=replace(options.card, **{name: True}))
    return options


_OPTIONS: dict[str, _Setter] = {
    "manner": _in("device", "manner", Manner),
    "echo": _in("device", "echo", _yes),
    "inference_ms": _in("device", "inference_time_s", _number(0.0, 31.0, 1e-3)),
    "dut_ppm": _in("device", "counter_ppm", _number(-_MOST_PPM, _MOST_PPM)),
    "audio_ppm": _in("board", "audio_ppm", _number(-_MOST_PPM, _MOST_PPM)),
    "timer_ppm": _in("board", "timer_ppm", _number(-_MOST_PPM, _MOST_PPM)),
    "flash_baud": _in("board", "dut_baud_rate", _whole(0, 0xFFFFFFFF)),
    "latency_ms": _in("habits", "latency_s", _number(0.0, 10_000.0, 1e-3)),
    "pulses": _in("habits", "pulses", _whole(1, 100)),
    "miss": _in("habits", "missed", _numbers),
    "false": _in("habits", "false_s", _times),
    "baud": lambda options, text: replace(options, dut_baud_rate=_whole(1, MAX_BAUD_RATE)(text)),
    "mode": lambda options, text: replace(options, mode=TimestampMode(text)),
    "engine": lambda options, text: replace(options, engine=engine_named(text)),
    "fault": _faults,
}
"""What each option sets."""
