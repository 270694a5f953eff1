"""Renders our sessions in MLCommons' form (rounds v1.3 on): log.txt, results.json, results.txt.

The journal stays what was written while the session ran, and travels beside as ``journal.txt``.
What is rendered from it says so in its first line, and holds nothing that another runner alone
would say:

    tinyrunner 0.1.0: rendered from journal.txt of session 20261121220444; not the output of …
    Device name retrieved: ACME
    …
    1121.220444 ulp-mlperf: Loading file tst_000000_Stop_7.bin segment 0
    1121.220444 ulp-mlperf: Load complete.
    Running inference with 1/525 (warmup/measured) iterations ...
    done
    1121.220455 ulp-mlperf: Performance results for window 1:
    …

The stamps are MMDD.HHMMSS: the session's beginning plus the journal's seconds. Read back,
performance and accuracy give the journal's figures exactly, energies to 1e-8 (`mlcommons_power`).
A session that was interrupted and continued comes out as one. The moments of loads and answers are
read from the journal's lines, for a record only partly keeps them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ... import __version__
from ...dut_protocol.wire.simulation import SIMULATION_NOTE
from ...energy.trace import EnergyTrace
from ...energy.trace_files import MLCOMMONS_KEY, read_trace
from ...models.suite import Task
from ..errors import SetupError
from ..journal.journal import last_stamp_s
from ..journal.open_log import open_log
from ..journal.reader import LogReader
from ..journal.records import InferenceRecord, LogFacts
from ..journal.session_document import read_document
from ..score.energy_score import score_energy
from ..score.judge import Judged
from ..score.results import AccuracyResult, EnergyResult, PerformanceResult, TimedWindow
from ..score.score import score_performance
from ..terms import Dialect, Mode
from .mlcommons_power import check_expressible, power_of
from .mlcommons_results import entry, exact, result_lines, stamp_line

JOURNAL_NAME = "journal.txt"
"""The journal's name where a rendered log.txt has taken its own."""

_ID = re.compile(r"^(\d{8})(\d{6})$")
_CHUNK_CHARACTERS = 1 << 16


def render_session(folder: Path, judged: Judged) -> Iterator[tuple[str, bytes | Iterator[bytes]]]:
    """Return name and content of each file; long ones come in pieces, read on the way.

    ``folder`` is a session of ours, or a mode folder with its journal.txt beside a rendered log;
    ``judged`` is what it was judged to be. SetupError where its form cannot hold the session.
    """
    rendering = _Rendering.of(folder, judged)
    yield "log.txt", pieces_of(line + "\n" for line in rendering.log_lines())
    yield "results.json", pieces_of(rendering.json_texts())
    yield "results.txt", "".join(line + "\n" for line in rendering.result_lines()).encode()


@dataclass(frozen=True, slots=True)
class _Rendering:
    journal: Path
    judged: Judged
    session_id: str
    began: datetime
    labels: dict[str, int]
    trace: EnergyTrace | None
    result: PerformanceResult | AccuracyResult | EnergyResult

    @classmethod
    def of(cls, folder: Path, judged: Judged) -> _Rendering:
        journal = folder / JOURNAL_NAME
        if not journal.is_file():
            journal = folder / "log.txt"
        session_id, began = beginning_of(folder, judged.assessment.facts)
        rows = () if judged.label_list is None else judged.label_list.rows
        assessment, trace = judged.assessment, None
        result = assessment.performance or assessment.accuracy or assessment.energy
        if judged.mode is Mode.ENERGY:
            trace = read_trace(folder)
            with open_log(journal) as reader:
                _check_ours(reader, folder)
                result = score_energy(reader, trace)
            check_expressible(result, trace)
        else:
            with open_log(journal) as reader:
                _check_ours(reader, folder)
        if result is None:
            raise SetupError(f"{folder}: nothing was measured, so that nothing can be rendered")
        labels = {row.file: row.label for row in rows}
        return cls(journal, judged, session_id, began, labels, trace, result)

    @property
    def _end_stamp(self) -> str:
        return self._stamp(last_stamp_s(self.journal))

    def _stamp(self, time_s: float) -> str:
        return (self.began + timedelta(seconds=time_s)).strftime("%m%d.%H%M%S")

    def result_lines(self) -> Iterator[str]:
        return result_lines(self.result, self.judged.round, self._end_stamp)

    # log.txt

    def log_lines(self) -> Iterator[str]:
        facts, mode = self.judged.assessment.facts, self.judged.mode
        yield from log_head(facts, self.session_id, simulated=self.judged.assessment.simulated)
        yield stamp_line(self._stamp(0.0), f"Session of {self.judged.task.key}, {mode.value}")
        stamps = JournalStamps(self.journal)
        errors = 0
        with open_log(self.journal) as reader:
            for count, (record, window) in enumerate(_windows(reader, self.judged.task, mode), 1):
                for _, text in reader.facts.device_errors[errors:]:
                    yield f"Device error: {text}"
                errors = len(reader.facts.device_errors)
                load_s, done_s = stamps.of(record.line)
                yield from self._block(count, record, window, load_s, done_s)
            for _, text in reader.facts.device_errors[errors:]:
                yield f"Device error: {text}"
        yield "-" * 20
        for line in self.result_lines():
            yield line.lstrip(" ")
        if facts.finished:
            yield f"Session logged in file {JOURNAL_NAME}"

    def _block(
        self,
        count: int,
        record: InferenceRecord,
        window: TimedWindow | None,
        load_s: float,
        done_s: float,
    ) -> Iterator[str]:
        load, done = self._stamp(load_s), self._stamp(done_s)
        segment = record.offset // (self.judged.task.stride_bytes or 1)
        yield stamp_line(load, f"Loading file {record.file} segment {segment}")
        yield stamp_line(load, "Load complete.")
        warmups = 0 if record.warmups is None else record.warmups
        counts = f"{warmups}/{record.iterations}"
        yield f"Running inference with {counts} (warmup/measured) iterations ..."
        yield "done"
        if window is None:
            power = self._power(count - 1)
            samples, events = len(power["samples"]), len(power["timestamps"])
            yield f"Captured samples:{samples} timestamps:{events}"
            return
        yield stamp_line(done, f"Performance results for window {count}:")
        yield stamp_line(done, f"  # Inferences : {record.iterations:>13}")
        if window.throughput is not None and window.elapsed_s is not None:
            yield stamp_line(done, f"  Runtime      : {window.elapsed_s:>10.3f} sec.")
            yield stamp_line(done, f"  Throughput   : {window.throughput:>10.3f} inf./sec.")
        scores = ", ".join(map(exact, record.scores))
        yield stamp_line(done, f"  m-results    : [{scores}]")

    # results.json

    def json_texts(self) -> Iterator[str]:
        before = "["
        task, mode = self.judged.task, self.judged.mode
        with open_log(self.journal) as reader:
            for place, (record, window) in enumerate(_windows(reader, task, mode)):
                found = entry(record, window, self.labels, task, mode)
                if mode is Mode.ENERGY:
                    found["power"] = self._power(place)
                elif mode is Mode.PERFORMANCE and record.end_host_s is not None:
                    found[MLCOMMONS_KEY] = {
                        "host_start_s": record.start_host_s,
                        "host_end_s": record.end_host_s,
                    }
                yield before + json.dumps(found)
                before = ", "
        yield "[]\n" if before == "[" else "]\n"

    def _power(self, place: int) -> dict[str, Any]:
        assert self.trace is not None
        assert isinstance(self.result, EnergyResult)
        return power_of(self.trace, self.result, place)


def log_head(facts: LogFacts, session_id: str, *, simulated: bool) -> Iterator[str]:
    """Return the lines that say whence a rendered log is, and whose device it tells of."""
    yield (
        f"tinyrunner {__version__}: rendered from {JOURNAL_NAME} of session {session_id}; not the "
        "output of MLCommons' runner"
    )
    if simulated:
        yield SIMULATION_NOTE
    yield from (f"Device name retrieved: {name}" for name in facts.names)
    yield from (f"Device profile retrieved: {profile}" for profile in facts.profiles)
    yield from (f"Device model retrieved: {model_id}" for model_id in facts.model_ids)


def _windows(
    reader: LogReader, task: Task, mode: Mode
) -> Iterator[tuple[InferenceRecord, TimedWindow | None]]:
    """Yield each inference, and how long it took; in an energy session the trace tells that."""
    for record in reader:
        timed = None if mode is Mode.ENERGY else score_performance((record,), task).windows[0]
        yield record, timed


def _check_ours(reader: LogReader, folder: Path) -> None:
    if reader.facts.dialect is Dialect.MLCOMMONS:
        raise SetupError(
            f"{folder}: its log.txt is in MLCommons' form already, and no {JOURNAL_NAME} stands "
            "beside it; give the session's own folder"
        )


def beginning_of(folder: Path, facts: LogFacts) -> tuple[str, datetime]:
    """Return the session's id, and the time that the journal's seconds count from."""
    known = (folder / "session.json").is_file()
    provenance = read_document(folder).provenance if known else None
    ids = [provenance.session_id if provenance else "", *facts.session_ids]
    session_id = next(filter(None, ids), "unknown")
    created = str(provenance and provenance.created)
    for text in (session_id, created):
        try:  # both forms are ISO 8601's; the zone does not matter, only what a clock showed
            return session_id, datetime.fromisoformat(_ID.sub(r"\1T\2", text))
        except ValueError:
            continue
    raise SetupError(
        f"{folder} does not say when it began: neither its session id ({session_id}) nor "
        f"session.json ({created}) is a time; the log's stamps cannot be made without"
    )


def pieces_of(texts: Iterator[str]) -> Iterator[bytes]:
    """Yield the texts as UTF-8, in pieces worth writing."""
    waiting: list[str] = []
    size = 0
    for text in texts:
        waiting.append(text)
        size += len(text)
        if size >= _CHUNK_CHARACTERS:
            yield "".join(waiting).encode()
            waiting, size = [], 0
    if waiting:
        yield "".join(waiting).encode()


_LOAD = re.compile(rb'^\d{5,}\.\d{3} parser: Command "bload')


_STAMP = re.compile(rb"^(\d{5,}\.\d{3}) ")


class JournalStamps:
    """Returns the journal's seconds of loads and answers, asked for line by line upwards."""

    def __init__(self, journal: Path) -> None:
        self._lines = self._walk(journal)
        self._number = 0
        self._load_s = self._last_s = 0.0

    def of(self, line: int) -> tuple[float, float]:
        """Return when the last load before this line began, and when the line was written."""
        while self._number < line and (text := next(self._lines, None)) is not None:
            self._number += 1
            if b'"bload' in text and _LOAD.match(text):
                self._load_s = self._seconds(text)
            elif self._number == line:
                self._last_s = self._seconds(text)
        return self._load_s, max(self._last_s, self._load_s)

    def _seconds(self, text: bytes) -> float:
        stamp = _STAMP.match(text)
        return float(stamp[1]) if stamp else self._load_s

    @staticmethod
    def _walk(journal: Path) -> Iterator[bytes]:
        with journal.open("rb") as stream:
            yield from stream
