"""Plans a run of a streaming task: a board plays one recording while the device listens.

The steps are those of MLCommons' runner (mlcommons/tiny at 1afd2c9, ``script.py``): `stop` and
`start` of the device, `record_detections`, `play`, a quarter of a second, `stop`, and then what the
board has noted. In energy mode one trace reaches around all of it; the device marks `start` and
`stop` on its timestamp pin. Before `version` the bench is made ready, and the card looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ...models.suite import SWW
from .energy_plan import ENERGY_CODE, TRACE_NAME, rest_steps
from .plan import BENCHMARK_CODE, INFER_ACK
from .script import NO_TIMEOUT_MS, Script, Step
from .verbs import (
    BmCfg,
    BoardBaudRate,
    BoardCommand,
    BoardDutCommand,
    BoardPlay,
    BoardQuestion,
    DutCommand,
    Echo,
    EmonPower,
    EmonTimer,
    EmonTrace,
    EmonVoltage,
    Feed,
    Mount,
    Umount,
    Verb,
    Version,
    format_verb,
)

PLAY_MARGIN_S = 10.0
"""How much longer than its recording `play` may take; MLCommons' runner waits as long."""

_SETTLE_MS = 250
"""MLCommons' runner waits so long before `stop`, for a device still busy with the last frame."""
_BOOT_MS = 3000
"""MLCommons' runner waits a second behind power on, and two behind `setbaud`."""
_HEAD_MS = _TAIL_MS = 1000
_STOP_S = 10.0
_ACTIVATION_CHARS = 8
"""The reference firmware answers `stop` with the activation of every frame, `-128, ` and a line's
beginning and end for each sixteen: 37,500 of them in 312 s at 9600 baud."""
_LIST_MS = 60_000


@dataclass(frozen=True, slots=True)
class StreamedRecording:
    """Says what is played, and how the device is reached."""

    wav_file: str
    length_s: float
    dut_baud_rate: int
    device_behind: bool = True
    """Whether the device is behind the board, and not on a port of its own."""

    def to_device(self, text: str) -> DutCommand | BoardDutCommand:
        """Return the verb that sends the device a command."""
        return BoardDutCommand(text) if self.device_behind else DutCommand(text)

    @property
    def stop_ms(self) -> int:
        """Return how long the answer to `stop` may take, in milliseconds."""
        chars = _ACTIVATION_CHARS * self.length_s / SWW.frame_s
        return round(1000 * (_STOP_S + 10 * chars / self.dut_baud_rate))


def streaming_plan(recording: StreamedRecording, supply_v: float | None = None) -> Script:
    """Write the script of a session; with ``supply_v`` a monitor powers the device meanwhile."""
    return Script(tuple(_steps(recording, supply_v)))


def feeding_plan(path: str) -> Script:
    """Write the script of a recording that goes over the device's UART, without a board.

    `start` and `stop` before it let the device forget what it heard before.
    """
    verbs: tuple[Verb, ...] = (
        Umount(),
        Mount("dut", "dut"),
        DutCommand("profile"),
        Version(),
        BmCfg(BENCHMARK_CODE),
        DutCommand("profile"),
        DutCommand("stop"),
        DutCommand("start"),
        DutCommand("stop"),
    )
    steps = [_step(verb) for verb in verbs]
    return Script((*steps, _step(Feed(path), NO_TIMEOUT_MS)))


def _steps(recording: StreamedRecording, supply_v: float | None) -> Iterator[Step]:
    profile = _step(recording.to_device("profile"))
    energy = supply_v is not None
    yield _step(Umount())
    yield _step(Mount("ib", "board"))
    if energy:
        yield _step(Mount("emon", "emon"))
    yield _step(BoardCommand(BoardQuestion.NAME))
    if recording.device_behind:
        yield _step(BoardBaudRate(recording.dut_baud_rate))
    yield _step(BoardCommand(BoardQuestion.FILES))
    if supply_v is not None:
        yield _step(EmonVoltage(round(supply_v * 1000)))
        yield from _power_on()
    yield profile
    if energy:
        yield from rest_steps()
    yield _step(Version())
    yield _step(BmCfg(ENERGY_CODE if energy else BENCHMARK_CODE))
    if energy:
        yield from _power_on()
    yield profile
    yield _step(recording.to_device("stop"), recording.stop_ms)
    if energy:
        yield _step(EmonTimer(True))
        yield _step(EmonTrace(TRACE_NAME))
        yield _pause("head", _HEAD_MS)
    yield from _play(recording)
    if energy:
        yield _pause("tail", _TAIL_MS)
        yield _step(EmonTrace(None), NO_TIMEOUT_MS)
        yield _step(EmonTimer(False))
    yield _step(BoardCommand(BoardQuestion.DETECTIONS), _LIST_MS)
    yield _step(BoardCommand(BoardQuestion.DUTY_CYCLE), _LIST_MS)
    if energy:
        yield _step(EmonVoltage(None))
        yield _step(EmonPower(False))


def _play(recording: StreamedRecording) -> Iterator[Step]:
    yield _step(recording.to_device("start"))
    yield _step(BoardCommand(BoardQuestion.RECORD))
    play_ms = round(1000 * (recording.length_s + PLAY_MARGIN_S))
    yield _step(BoardPlay(recording.wav_file), play_ms)
    yield _pause("settle", _SETTLE_MS)
    yield _step(recording.to_device("stop"), recording.stop_ms)


def _power_on() -> Iterator[Step]:
    """Power the device; the board passes on no banner, so that it is waited for instead."""
    yield _step(EmonPower(True))
    yield _pause("boot", _BOOT_MS)


def _step(verb: Verb, timeout_ms: int | None = None) -> Step:
    ack = INFER_ACK if isinstance(verb, BoardDutCommand) else None
    return Step(format_verb(verb), timeout_ms, ack)


def _pause(text: str, milliseconds: int) -> Step:
    return Step(format_verb(Echo(text, milliseconds)), ack=rf"echo-message\[{text}\]")
