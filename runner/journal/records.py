"""The records of a log, whatever its dialect: facts about the session, and inferences.

A log is read as a stream (an ad accuracy log holds 48,608 inferences): the reader yields one
:class:`InferenceRecord` after the other and fills :class:`LogFacts` on the way.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from ..terms import Dialect, Mode
from .damage import Damage

MAX_NOTES = 100
"""Errors, notes and identities kept of a log; a noisy device must not fill the memory."""


GARBLED = "the results came garbled"
"""How the text begins of why there are no scores, where some came behind half of another line."""


class InferenceRecord(NamedTuple):
    """Is one load and the `infer` that followed it, as the log tells it.

    A tuple, because a log has tens of thousands: a frozen dataclass takes seven times as long.
    """

    file: str
    """The base name of the input file, whatever slashes its path was written with."""
    offset: int
    """Byte offset of the window in the file; 0 where the whole file was sent."""
    iterations: int
    warmups: int | None
    scores: tuple[float, ...]
    line: int
    """The line of the log, from 1, where the inference's results stand."""
    start_us: int | None = None
    """The device's own time stamps; None where the log has none (energy, some MLCommons logs)."""
    end_us: int | None = None
    start_host_s: float | None = None
    """The log's stamps of the two lap times' lines, in seconds; None where a stamp is coarser than
    1 ms."""
    end_host_s: float | None = None
    printed_runtime_s: float | None = None
    """The seconds that an MLCommons log prints instead of the stamps."""
    printed_throughput: float | None = None
    """The inferences a second that an MLCommons log prints, to three decimals."""
    captured: tuple[int, int] | None = None
    """Samples and time stamps of the trace, as an MLCommons log of energy prints them."""
    unreadable: str = ""
    """Why there are no scores of an inference that was answered: of a window only its length
    counts, and of an accuracy log the other inputs do."""


@dataclass(slots=True)
class StreamingRecord:
    """Holds what a log tells of a recording that was played to a listening device.

    Times of the interface board: detections in whole milliseconds, edges of the device's
    PROCESSING pin in ticks of 10 us, both since `record_detections`.
    """

    model_id: str
    """As the device named it."""
    wav_file: str = ""
    length_s: float | None = None
    line: int = 0
    """The line of the log, from 1, that names the recording; 0: none does."""
    plays: int = 0
    """How often a recording was played."""
    detections_ms: tuple[int, ...] | None = None
    """None where the log has no list of them."""
    detections_line: int = 0
    echoed_ms: list[int] = field(default_factory=list)
    """The same as the board sent them, where the log has its lines."""
    rises: list[int] = field(default_factory=list)
    falls: list[int] = field(default_factory=list)
    """Ticks at which inferences began and ended; empty where the log does not hold them."""
    edges_line: int = 0
    fed: bool = False
    """Whether the recording went over the device's UART, by our own runner, and none was played."""
    frames: int = 0
    """The frames that were answered then."""
    heard_ms: list[int] = field(default_factory=list)
    """When the word was heard in them, by the recording's own time; the first frame counts."""
    refused: tuple[int, str] | None = None
    """(line, text) of the board's answer that it could not play."""
    began_s: float | None = None
    ended_s: float | None = None
    """When the board began and ended to play, by the log's stamps; None in MLCommons' logs."""
    succeeded: bool | None = None
    """Whether the board said that it played all; None in a log without the board's lines."""
    samples: tuple[int, int, int] | None = None
    """(samples of the monitor, its events, line)."""
    printed: list[tuple[int, str]] = field(default_factory=list)
    """(line, text) of the figures that the log ends with."""


@dataclass(slots=True)
class LogFacts:
    """Holds what stands beside the inferences; filled while the log is read."""

    dialect: Dialect
    session_ids: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    """Each distinct `m-name-dut-[…]`, in order; profiles and model ids are kept likewise."""
    profiles: list[str] = field(default_factory=list)
    model_ids: list[str] = field(default_factory=list)
    config: dict[str, str] = field(default_factory=dict)
    """The `m-bm-cfg` keys: iterWarmup, iterInfer, runMode, model, sourceDir, singleInputFn."""
    mode: Mode | None = None
    rendered: bool = False
    """Whether it was rendered from a journal of ours, in MLCommons' dialect."""
    finished: bool = False
    """Whether the log holds the end of its session."""
    line_count: int = 0
    device_errors: list[tuple[int, str]] = field(default_factory=list)
    """(line, text) of each `e-[…]` and size-mismatch line, at most the first 100."""
    device_error_count: int = 0
    """How many there are in all."""
    loads: dict[int, int] = field(default_factory=dict)
    """Line of the first load of each size in bytes, as the runner wrote it; at most 100 sizes."""
    wire_extension: tuple[int, str] | None = None
    """(line, text) of the note that loads go by a wire extension, which no other runner has."""
    development_line: int | None = None
    """The first line in which the runner says that the run is for development."""
    simulated_line: int | None = None
    """The first line in which the device says that it is a simulated one."""
    streaming: StreamingRecord | None = None
    """What the log tells of a stream of sound, where its model is a streaming task's."""
    notes: list[tuple[int, str]] = field(default_factory=list)
    """(line, text) of what the reader tolerated: trailing commas, cut lines; the first 100."""
    contradictions: list[tuple[int, str, str]] = field(default_factory=list)
    """(line, what it says, what the lines before say) of what an MLCommons log says twice; the
    first 100."""
    damage: Damage | None = None
    """Where a log of our own was damaged: what stands from there on was not read."""
    resume_count: int = 0
    """How often the session was killed and continued."""
    retry_count: int = 0
    """How often a load and its inference were done again, because the first ones failed."""

    def note_error(self, line: int, text: str) -> None:
        """Count an error of the device, and keep it if it is one of the first."""
        self.device_error_count += 1
        if len(self.device_errors) < MAX_NOTES:
            self.device_errors.append((line, text))
