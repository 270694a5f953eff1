"""Plans an energy run, step by step as the published `script.async` files have it.

What stands before `version` runs before the log begins: the supply is set, the device powered once
to see that it answers, and switched off again. Then one trace holds all five windows; the time
stamps around them are 1 + 5 x 2 falling edges of the device's pin.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...datasets.inputs import Dataset
from .plan import INFER_ACK, LOAD_MS_PER_BYTE, PERFORMANCE_INPUTS
from .publishable_path import written_path
from .script import NO_TIMEOUT_MS, Script, Step
from .verbs import (
    BmCfg,
    Echo,
    EmonPower,
    EmonTimer,
    EmonTrace,
    EmonVoltage,
    IoCommand,
    IoDutCommand,
    Load,
    Mount,
    Umount,
    Version,
    format_verb,
)

ENERGY_CODE = "ulp-ml"
TRACE_NAME = "trace1"

_DEVICE_READY = "dut.: m-ready"
_REST_MS = 2000
"""Milliseconds off before the measured power-up, so that the board's capacitors are empty."""
_HEAD_MS = _TAIL_MS = 1000


def energy_plan(dataset: Dataset, iterations: int, warmups: int, supply_v: float) -> Script:
    """Write the script of an energy run over the first five inputs of ``dataset``."""
    return Script(tuple(_steps(dataset, iterations, warmups, round(supply_v * 1000))))


def _steps(dataset: Dataset, iterations: int, warmups: int, millivolts: int) -> Iterator[Step]:
    power_on = Step(format_verb(EmonPower(True)), ack=_DEVICE_READY)
    profile = Step(format_verb(IoDutCommand("profile")), ack=_DEVICE_READY)
    yield Step(format_verb(Umount()))
    yield Step(format_verb(Mount("emon", "emon")))
    yield Step(format_verb(Mount("io", "ioman")), ack="io: m-ready")
    yield Step(format_verb(IoCommand("version")))
    yield Step(format_verb(EmonVoltage(millivolts)))
    yield power_on
    yield profile
    yield from rest_steps()
    yield Step(format_verb(Version()))
    yield Step(format_verb(BmCfg(ENERGY_CODE)))
    yield power_on
    yield profile
    yield Step(format_verb(IoCommand("tm 0")))
    yield Step(format_verb(IoCommand("enable-timer")))
    yield Step(format_verb(EmonTimer(True)))
    yield Step(format_verb(EmonTrace(TRACE_NAME)))
    yield Step(format_verb(IoDutCommand("timestamp")), ack=_DEVICE_READY)
    yield _pause("head", _HEAD_MS)
    infer = format_verb(IoDutCommand(f"infer {iterations} {warmups}"))
    for window in dataset.first_windows(PERFORMANCE_INPUTS):
        length = None if window.is_whole_file else window.length
        load = Load(written_path(window.path), window.offset, length, through_io=True)
        yield Step(format_verb(load), LOAD_MS_PER_BYTE * window.file_bytes)
        yield Step(infer, NO_TIMEOUT_MS, INFER_ACK)
    yield _pause("tail", _TAIL_MS)
    yield Step(format_verb(EmonTrace(None)), NO_TIMEOUT_MS)
    yield Step(format_verb(EmonTimer(False)))
    yield Step(format_verb(IoCommand("disable-timer")))
    yield Step(format_verb(EmonVoltage(None)))
    yield Step(format_verb(EmonPower(False)))


def rest_steps() -> Iterator[Step]:
    """Switch off, for long enough that the next power-up is like the first."""
    yield Step(format_verb(EmonPower(False)))
    yield _pause("pwr", _REST_MS, _REST_MS + 500)


def _pause(text: str, milliseconds: int, timeout_ms: int | None = None) -> Step:
    return Step(format_verb(Echo(text, milliseconds)), timeout_ms, rf"echo-message\[{text}\]")
