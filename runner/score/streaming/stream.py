"""Puts together what a streaming session left: its log, and the results.json beside it.

MLCommons' runner writes one entry for the recording::

    [{"infer": {"wav_file": "long_wav.wav", "detection_windows": [[9.46, 10.11], …],
                "length_sec": 1200.0, "sample_rate": 16000, "detections": [85, 9937, …]},
      "dutycycle": {"start_times_s": [0.06796, …], "stop_times_s": [0.0858, …], …},
      "power": {"samples": […], "timestamps": […]}, "mode": "p"}]

Its `power` stands there in energy mode only, a sample a millisecond.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from math import isfinite
from pathlib import Path
from typing import Any

from ....datasets.streaming.truth import StreamingTruth, truth_of
from ....energy.trace import EnergyTrace
from ....energy.trace_files import read_trace, read_trial
from ....models.suite import SWW
from ...journal.reader import LogError
from ...journal.records import LogFacts, StreamingRecord
from ...journal.results_json import read_elements
from ...terms import Dialect, Mode
from ..score import ScoreError
from .formulas import TICK_S

RESULTS_JSON = "results.json"
CLAIMS = ("iterations", "warmups", "duty_cycle", "period", "processing_time")
_MOST_CHARACTERS = 1 << 26
"""The longest entry that is read: half an hour of samples at 1 kHz are some 45 MB."""
_MOST_DETECTIONS = 10_000
"""As many as the board keeps."""


@dataclass(frozen=True, slots=True)
class Stream:
    """Holds the raw numbers of a session: detections in ms, edges in seconds."""

    record: StreamingRecord
    detections_ms: tuple[int, ...]
    starts_s: tuple[float, ...]
    stops_s: tuple[float, ...]
    edges_from: str
    """The name of the file that the edges stand in; "" where none has any."""
    truth: StreamingTruth | None
    """The windows in results.json, by which the official runner scored."""
    trace: EnergyTrace | None
    claims: Mapping[str, object]
    """What results.json says that follows from the rest: counts, duty cycle, period, time."""


def read_stream(
    log: Path, facts: LogFacts, *, with_json: bool = True, with_trace: bool = True
) -> Stream:
    """Read what stands beside ``log``; LogError or ScoreError where it is not of one session.

    Without ``with_json`` a results.json is left alone, without ``with_trace`` a trace of ours: an
    auditor follows no link.
    """
    record = facts.streaming
    if record is None:
        raise ScoreError(f"{log}: no streaming task's log")
    if not record.line:
        raise ScoreError(
            f"{log}: no recording was played (no line `Playing long_wav.wav (length = …s) at …`), "
            "so that there is nothing to score; run the session again"
        )
    path = log.with_name(RESULTS_JSON)
    entry = _entry(path, record) if with_json and path.is_file() else {}
    infer, duty = entry.get("infer"), entry.get("dutycycle")
    if record.fed:
        record.detections_ms = tuple(record.heard_ms)
        _check_frames(log, record)
    detections = _detections(log, path, record, infer)
    starts_s = tuple(TICK_S * tick for tick in record.rises)
    stops_s = tuple(TICK_S * tick for tick in record.falls)
    edges_from = log.name if starts_s and stops_s else ""
    if isinstance(duty, dict):
        told = (
            _seconds(path, "start_times_s", duty.get("start_times_s")),
            _seconds(path, "stop_times_s", duty.get("stop_times_s")),
        )
        if edges_from and all(told) and not all(map(_alike, told, (starts_s, stops_s))):
            raise LogError(
                f"{path}: its edges of PROCESSING are not those in the log (line "
                f"{record.edges_line}): are both of the same session?",
                record.edges_line,
            )
        if all(told):  # the numbers that the runner itself computed with
            starts_s, stops_s = told
            edges_from = edges_from or path.name
    return Stream(
        record=record,
        detections_ms=detections,
        starts_s=starts_s,
        stops_s=stops_s,
        edges_from=edges_from,
        truth=truth_of(infer, str(path)) if isinstance(infer, dict) else None,
        trace=_trace(log, path, entry, facts, ours=with_trace),
        claims={
            name: part[name]
            for part in (infer, duty)
            if isinstance(part, dict)
            for name in CLAIMS
            if name in part
        },
    )


def _check_frames(log: Path, record: StreamingRecord) -> None:
    """Refuse (ScoreError) a recording that was not fed to its end."""
    expected = int((record.length_s or 0.0) / SWW.frame_s + 1e-6)
    if record.frames != expected:
        raise ScoreError(
            f"{log}: {record.frames} of the {expected} frames of {record.wav_file} were answered; "
            "the run broke off before its end: run the session again"
        )


def _trace(
    log: Path, path: Path, entry: Mapping[str, Any], facts: LogFacts, *, ours: bool
) -> EnergyTrace | None:
    """Return the trace in results.json, or that of a session of ours; None where is none."""
    if entry.get("power") is not None:
        return read_trial(path, 1, entry)
    if ours and facts.dialect is Dialect.EEMBC and facts.mode is Mode.ENERGY:
        return read_trace(log.parent)
    return None


def _entry(path: Path, record: StreamingRecord) -> dict[str, Any]:
    elements = list(islice(read_elements(path, most_characters=_MOST_CHARACTERS), 2))
    if len(elements) != 1 or not isinstance(elements[0], dict):
        raise LogError(
            f"{path}: expected one entry of the recording that was played, found {len(elements)}"
            if len(elements) != 1
            else f"{path}: expected an object, found {str(elements[0])[:80]!r}"
        )
    entry: dict[str, Any] = elements[0]
    infer = entry.get("infer")
    if not isinstance(infer, dict) or infer.get("wav_file") != record.wav_file:
        found = infer.get("wav_file") if isinstance(infer, dict) else infer
        raise LogError(
            f"{path}: it is of {str(found)[:80]!r}, and the log beside it played "
            f"{record.wav_file}: are both of the same session?"
        )
    return entry


def _detections(log: Path, path: Path, record: StreamingRecord, infer: object) -> tuple[int, ...]:
    detections = record.detections_ms
    if isinstance(infer, dict):
        found = infer.get("detections")
        if not isinstance(found, list) or not _are_milliseconds(found):
            text = "`infer.detections` as whole milliseconds"
            raise LogError(f"{path}: expected {text}, found {str(found)[:80]!r}")
        if detections is not None and list(detections) != found:
            raise LogError(
                f"{path}: its {len(found)} detections are not the {len(detections)} in line "
                f"{record.detections_line} of the log: are both of the same session?",
                record.detections_line,
            )
        detections = tuple(found)
    if detections is None:
        raise ScoreError(
            f"{log}: it holds no list of detections, which the board sends for print_detections; "
            "the run broke off before: run the session again"
        )
    if not detections:
        raise ScoreError(
            f"{log}: no detection at all, not even that of the first frame, from which all times "
            "count; look at the device's WW_DETECTED pin and its wire to the interface board",
            record.detections_line or None,
        )
    if len(detections) > _MOST_DETECTIONS:
        raise ScoreError(f"{log}: {len(detections)} detections; the board keeps {_MOST_DETECTIONS}")
    if [*detections] != sorted(detections):
        back = next(two for one, two in pairwise(detections) if two < one)
        raise ScoreError(
            f"{log}: the detection at {back} ms stands behind a later one; the board keeps them in "
            "the order in which they come",
            record.detections_line or None,
        )
    return detections


def _seconds(path: Path, name: str, values: object) -> tuple[float, ...]:
    if values is None:
        return ()
    if not isinstance(values, list) or not _are_times(values):
        raise LogError(f"{path}: expected seconds as `{name}`, found {str(values)[:80]!r}")
    return tuple(map(float, values))


def _alike(one: Sequence[float], other: Sequence[float]) -> bool:
    """Tell whether edges are the same to the tick."""
    return len(one) == len(other) and all(
        abs(a - b) < TICK_S / 2 for a, b in zip(one, other, strict=True)
    )


def _are_milliseconds(values: list[Any]) -> bool:
    # By type, not as instances: a bool is an int as well.
    whole = {int}.issuperset(map(type, values))
    return whole and (not values or 0 <= min(values) <= max(values) < 1 << 53)


def _are_times(values: list[Any]) -> bool:
    numbers = len(values) <= _MOST_DETECTIONS and {int, float}.issuperset(map(type, values))
    return numbers and all(abs(value) < 1 << 53 and isfinite(value) for value in values)
