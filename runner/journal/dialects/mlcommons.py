"""Reads MLCommons' log: free text of its runner, one block per load and `infer`.

    0726.010150 ulp-mlperf: Loading file tst_000000_Stop_7.bin segment 0
    0726.010150 ulp-mlperf: Load complete.
    Running inference with 1/250 (warmup/measured) iterations ...
    done
    0726.010201 ulp-mlperf: Performance results for window 1:
    0726.010201 ulp-mlperf:   # Inferences :           250
    0726.010201 ulp-mlperf:   Runtime      :     10.862 sec.
    0726.010201 ulp-mlperf:   Throughput   :     23.016 inf./sec.
    0726.010201 ulp-mlperf:   m-results    : [0.0, 0.996, …]

The stamps are MMDD.HHMMSS, too coarse to check a device's timer against. In energy mode a
block ends with ``Captured samples:15044 timestamps:3`` and has no results: they, and the exact
times, stand in the results.json that a finished session has beside its log.

A session of the streaming wake word has one recording and no `infer`. The lines behind `RX:` are
the interface board's, where the runner was told to echo them:

    Playing long_wav.wav (length = 1200.0s) at 14:44:06...
    RX:Duty cycle start times (s)
    RX:6718, 9924, 13132, 16339, 19547, 22754, 25961, 29169,
    [85, 9937, 9969, 10001, …]                      the detections, in ms
    False positives: [612.585 715.326 853.827 980.845]

`mlcommons_writer` renders our own sessions in this form; their first line says so:

    tinyrunner 0.1.0: rendered from journal.txt of session 20261121220444; not the output of …
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from ....dut_protocol.wire.interface_board import REFUSED, numbers_in
from ....dut_protocol.wire.simulation import NO_BOARD
from ....models.suite import TASKS_BY_MODEL_ID, Task
from ...terms import Dialect, Mode
from ..reader import LineBlocks, LogError, LogReader, Observer, base_name, readable, remember
from ..records import InferenceRecord, StreamingRecord
from ..results_json import ResultsEntry, read_entries
from ..stamps import MLCOMMONS_STAMP
from .streaming_lines import BoardLines

_STAMP = re.compile(MLCOMMONS_STAMP + rb" +ulp-ml(?:perf)?: *")
_LOADING = re.compile(rb"Loading file (.*?)(?: segment (\d{1,9}))?(?:\s*, true class.*)?\s*")
_RUNNING = re.compile(rb"Running inference with (\d{1,18})/(\d{1,18}) \(warmup/measured\)")
_RUNTIME = re.compile(rb"Runtime\s*: *(\d{1,18}(?:\.\d*)?|\.\d+) sec")
_THROUGHPUT = re.compile(rb"Throughput\s*: *(\d{1,18}(?:\.\d*)?|\.\d+) inf")
_RESULTS = re.compile(rb"m-results\s*: *\[([^\]]*)\]?")
_INFERENCES = re.compile(rb"# Inferences\s*: *(\d{1,18})")
_WINDOW = re.compile(rb"Performance results for window (\d{1,18})")
_CAPTURED = re.compile(rb"Captured samples: *(\d{1,18}) timestamps: *(\d{1,18})")
_SESSION = re.compile(rb"Logging initialized\. Writing output to (.*)")
_MAX_LOADING_BYTES = 2000
"""The longest line that may name a file; a longer one would be looked through over and over."""
_RENDERED = re.compile(rb"tinyrunner \S+: rendered from \S+ of session ([^;\s]+);")
_DEVICE_ERROR = b"Device error: "
_ERROR = re.compile(rb"(?<![\w-])e-\[")
"""An error of the device; `m-profile-[…]`, which the runner may echo, ends like one."""
_NO_BOARD, _REFUSED = NO_BOARD.encode(), REFUSED.encode()


@dataclass(slots=True)
class _Block:
    file: str
    segment: int
    line: int
    iterations: int | None = None
    warmups: int | None = None
    runtime_s: float | None = None
    throughput: float | None = None
    scores: tuple[float, ...] = ()
    captured: tuple[int, int] | None = None
    unreadable: str = ""


class MlcommonsReader(LogReader):
    """Reads MLCommons' dialect; the numbers of a results.json beside the log are preferred."""

    def __init__(
        self,
        path: Path,
        *,
        observe: Observer | None = None,
        merge_json: bool = True,
        task: Task | None = None,
    ) -> None:
        super().__init__(path, Dialect.MLCOMMONS, observe)
        self._merge_json = merge_json
        self._task = task
        self._block: _Block | None = None
        self._entries: Iterator[ResultsEntry | str] | None = None
        self._most_iterations = 0
        self._done = 0
        """The inferences that are complete."""
        self._streaming: _StreamingLines | None = None

    def _read(self, blocks: LineBlocks) -> Iterator[InferenceRecord]:
        beside = self.path.with_name("results.json")
        if self._merge_json and beside.exists():
            self._entries = read_entries(beside)
        for block in blocks:
            number = blocks.count
            for line in block[:-1].split(b"\n"):
                number += 1
                if (stamp := _STAMP.match(line)) is not None:
                    line = line[stamp.end() :]
                done = self._on_line(line.strip(), number)
                if done is not None:
                    self._done += 1
                    yield self._record(done)
            self.facts.line_count = number
        self._at_end()

    def _on_line(self, line: bytes, number: int) -> _Block | None:
        """Take one line in; return the block that it completes, if it does."""
        block, facts = self._block, self.facts
        if self._streaming is not None:
            self._streaming.take(line, number)
        if line.startswith(b"Loading file ") and (
            match := _LOADING.fullmatch(line[:_MAX_LOADING_BYTES])
        ):
            self._block = _Block(base_name(match[1].rstrip()), int(match[2] or 0), number)
        elif block is not None and (match := _RUNNING.match(line)):
            block.warmups, block.iterations, block.line = int(match[1]), int(match[2]), number
        elif block is not None and line.startswith(b"Runtime") and (match := _RUNTIME.match(line)):
            block.runtime_s = float(match[1])
        elif block is not None and (match := _THROUGHPUT.match(line)):
            block.throughput = float(match[1])
        elif block is not None and (match := _INFERENCES.match(line)):
            self._hold("inferences", match[1], block.iterations, number)
        elif block is not None and (match := _WINDOW.match(line)):
            self._hold("window", match[1], self._done + 1, number)
        elif line.startswith(b"m-results") and (match := _RESULTS.match(line)):
            if block is not None and block.iterations is not None:
                block.line = number
                block.scores = self._scores(match[1])
                if not block.scores:
                    shown = readable(match[1])
                    block.unreadable = f"expected finite numbers in m-results [{shown}]"
                self._block = None
                return block
        elif line.startswith(b"Captured samples:"):
            facts.mode = Mode.ENERGY
            if block is not None and (match := _CAPTURED.match(line)):
                block.captured = int(match[1]), int(match[2])
            self._block = None
            return block
        elif line.startswith(_DEVICE_ERROR):
            facts.note_error(number, readable(line[len(_DEVICE_ERROR) :]))
        elif b"e-[" in line and _ERROR.search(line):
            facts.note_error(number, readable(line))
        else:
            self._on_fact(line, number)
        return None

    def _hold(self, what: str, said: bytes, known: int | None, number: int) -> None:
        """Note what the runner says again of an inference, and otherwise."""
        if known is not None and int(said) != known:
            again = (number, f"{what} {int(said)}", str(known))
            remember(self.facts.contradictions, again)

    def _on_fact(self, line: bytes, number: int) -> None:
        facts = self.facts
        for start, seen in (
            (b"Device name retrieved: ", facts.names),
            (b"Device profile retrieved: ", facts.profiles),
            (b"Device model retrieved: ", facts.model_ids),
        ):
            if line.startswith(start):
                self._note_simulated(number, line)
                self._identify(seen, line[len(start) :])
                if facts.streaming is not None and self._streaming is None:
                    self._streaming = _StreamingLines(facts.streaming)
                return
        if match := _SESSION.match(line):
            folders = match[1].replace(b"\\", b"/").split(b"/")
            self._identify(facts.session_ids, folders[-2] if len(folders) > 1 else folders[-1])
        elif match := _RENDERED.match(line):
            facts.rendered = True
            self._identify(facts.session_ids, match[1])
        elif line.startswith(_NO_BOARD):
            self._note_simulated(number, line)
        elif line.startswith(b"Session logged in file"):
            facts.finished = True
        elif line.startswith(b"Median throughput is") and facts.mode is None:
            facts.mode = Mode.PERFORMANCE
        elif line.startswith((b"Top 1% =", b"Top-1")) and facts.mode is None:
            facts.mode = Mode.ACCURACY
        elif line.startswith(b"Power Edition Output"):
            facts.mode = Mode.ENERGY

    def _scores(self, body: bytes) -> tuple[float, ...]:
        """Return the numbers of a result; none where they are no finite numbers."""
        try:
            scores = tuple(map(float, body.rstrip(b", ").split(b",")))
        except ValueError:
            scores = ()
        return scores if b"_" not in body and all(map(isfinite, scores)) else ()

    def _record(self, block: _Block) -> InferenceRecord:
        entry = None if self.facts.streaming is not None else self._next_entry(block)
        iterations = block.iterations if block.iterations is not None else 1
        self._most_iterations = max(self._most_iterations, iterations)
        record = InferenceRecord(
            file=block.file,
            offset=block.segment * self._stride(entry) if block.segment else 0,
            iterations=iterations,
            warmups=block.warmups,
            scores=block.scores,
            line=block.line,
            printed_runtime_s=block.runtime_s,
            printed_throughput=block.throughput,
            captured=block.captured,
            unreadable=block.unreadable,
        )
        if entry is None:
            return record
        self.facts.mode = entry.mode or self.facts.mode
        return entry.merged(record)

    def _next_entry(self, block: _Block) -> ResultsEntry | None:
        if self._entries is None:
            return None
        for entry in self._entries:
            if isinstance(entry, str):
                remember(self.facts.notes, (block.line, f"results.json says: {entry}"))
                continue
            if entry.file != block.file:
                raise self._error(
                    block.line,
                    f"{block.file} was inferred, but entry {entry.number} of the results.json "
                    f"beside it is of {entry.file}: are both of the same session?",
                )
            return entry
        raise self._error(block.line, "the results.json beside the log ends before this inference")

    def _stride(self, entry: ResultsEntry | None) -> int:
        if entry is not None and entry.stride is not None:
            return entry.stride
        if self._task is not None and self._task.stride_bytes is not None:
            return self._task.stride_bytes
        for model_id in self.facts.model_ids:
            task = TASKS_BY_MODEL_ID.get(model_id)
            if task is not None and task.stride_bytes is not None:
                return task.stride_bytes
        raise LogError(
            f"{self.path} loads windows of a file, but is not of the task ad, and no results.json "
            "stands beside it to tell how far the windows are apart"
        )

    def _at_end(self) -> None:
        if self.facts.streaming is not None:
            if self.facts.streaming.line and self.facts.mode is None:
                self.facts.mode = Mode.PERFORMANCE
        elif self._entries is not None:
            for entry in self._entries:
                if isinstance(entry, ResultsEntry):
                    raise LogError(
                        f"{self.path} ends before entry {entry.number} ({entry.file}) of the "
                        "results.json beside it: are both of the same session?"
                    )
        if self.facts.mode is None and self._most_iterations:
            one_each = self._most_iterations == 1
            self.facts.mode = Mode.ACCURACY if one_each else Mode.PERFORMANCE


_PLAYING = re.compile(rb"Playing (.{1,500}?) \(length = (\d{1,9}(?:\.\d{0,9})?)s\) at .*")
_SAMPLES = re.compile(rb"samples:(\d{1,12}) timestamps:(\d{1,9})")
_FIGURES = (
    b"Accuracy: ", b"Average duty cycle", b"Average period", b"Estimated throughput",
    b"Duty cycle = ", b"False negatives:", b"False positives:", b"Energy data for trial",
    b"Elapsed time", b"Inferences ", b"Power  ", b"Total Energy", b"Energy/Inf",
    b"Median energy cost",
)  # fmt: skip
_LONGEST_FIGURES = 20_000
"""Characters of a printed list that are kept: a thousand numbers."""


class _StreamingLines:
    """Fills in what a log tells of a recording that was played, line by line."""

    def __init__(self, record: StreamingRecord) -> None:
        self._record = record
        self._board = BoardLines(record)
        self._open = False
        """A printed list goes on in the next line, as numpy breaks long ones."""

    def take(self, line: bytes, number: int) -> None:
        record = self._record
        if line.startswith(b"RX:"):
            self._board.take(line[3:].strip(), number)
        elif self._open:
            at, text = record.printed[-1]
            record.printed[-1] = at, f"{text} {_text(line)}"
            self._open = b"]" not in line and len(text) < _LONGEST_FIGURES
        elif line.startswith(b"[") and (numbers := numbers_in(line[1:-1])) is not None:
            if line.endswith(b"]"):
                record.detections_ms, record.detections_line = tuple(numbers), number
        elif line.startswith(_FIGURES):
            remember(record.printed, (number, _text(line)))
            self._open = line.startswith(b"False") and b"]" not in line
        elif match := _PLAYING.fullmatch(line):
            record.wav_file, record.length_s = base_name(match[1]), float(match[2])
            record.line, record.plays = number, record.plays + 1
        elif match := _SAMPLES.fullmatch(line):
            record.samples = int(match[1]), int(match[2]), number
        elif line.startswith(_REFUSED):
            record.refused = number, readable(line)


def _text(line: bytes) -> str:
    return line[:_LONGEST_FIGURES].decode("utf-8", "replace")
