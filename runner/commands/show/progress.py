"""Shows a run's progress on the terminal: what is measured, then a bar; or lines without one.

No figure is ever cut: on a narrow terminal the bar and the names get shorter, then parts go.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.segment import Segment
from rich.text import Text

from ....models.suite import STREAMING_TASKS
from ...execute.progress import BegunRun, QuietReporter, Reporter
from ...journal.session_document import Provenance
from ...terms import Mode, Purpose

LINES_PER_RUN = 20
"""Lines for a whole run: a log that nobody watches gets one a step, or one a twentieth of a long
run."""


LINE_INTERVAL_S = 60.0
"""Seconds after which a line comes in any case, with the time left, however long a step takes."""

_LABEL_WIDTH = 10
_SHORTEST_BAR = 8
_NEARLY = 0.99
"""What a window may be taken for that lasts longer than expected."""


def begun_rows(run: BegunRun) -> Iterator[tuple[str, str]]:
    """Yield what is measured, as labels and texts."""
    told = run.provenance
    device = told.device
    yield "device", ", ".join(filter(None, (device.vendor, device.profile)))
    yield "port", f"{device.address}, {device.baud_rate} baud"
    if told.monitor is not None:
        monitor = told.monitor
        where = monitor.address if told.simulated is None else "simulated"
        yield "monitor", f"{monitor.maker} {monitor.model}, {where}, {monitor.supply_v:g} V"
    model = device.model_id or "not named"
    if told.simulated is not None:
        model += f", simulated: {told.simulated.model.replace(chr(92), '/').rpartition('/')[2]}"
    yield "model", model
    if told.task in STREAMING_TASKS:
        yield from _streaming_rows(told)
    else:
        yield from _input_rows(told)
    yield "session", str(run.session)
    if told.for_ == Purpose.DEVELOPMENT.value:
        yield "for", "development: nothing of it is for submission"
    if run.duration:
        yield "takes", run.duration


def _streaming_rows(told: Provenance) -> Iterator[tuple[str, str]]:
    board = told.interface_board
    if board is not None:
        where = board.address if told.simulated is None else "simulated"
        yield "board", f"{board.name}, {where}"
    words = "the official ones" if told.dataset.official_list else "not the official ones"
    yield "words", f"{told.dataset.windows}, {words}: {told.dataset.labels}"


def _input_rows(told: Provenance) -> Iterator[tuple[str, str]]:
    data = told.dataset
    kind = f"the official list {data.official_list}"
    if data.official_list is None:
        kind = "generated inputs" if data.synthetic else "a list that is not official"
    first = f"first {data.files} files" if told.limit is not None else f"{data.files} files"
    yield "inputs", f"{first} of {kind}"
    yield "folder", data.folder
    if told.mode is not Mode.ACCURACY:
        yield "windows", f"{told.iterations} inferences each, {told.warmups} before"


class LineReporter:
    """Writes plain lines, for a CI log or a file."""

    def __init__(self, console: Console, *, every_input: bool = False, brief: bool = False) -> None:
        """Write some twenty lines a run; with ``every_input`` one for each.

        ``brief``: neither what is measured, nor notes.
        """
        self._console = console
        self._brief = brief
        self._every_input = every_input
        self._title = ""
        self._total = 0
        self._every = 1
        self._first = self._done = 0
        self._began_s = self._said_s = 0.0

    def note(self, text: str) -> None:
        if not self._brief:
            self._print(f"{self._title}: {text}" if self._title else text)

    def run_begins(self, run: BegunRun) -> None:
        title = _title(run.provenance)
        for label, text in () if self._brief else begun_rows(run):
            self._print(f"{title}: {label}: {text}")

    def begin(self, title: str, total: int, done: int) -> None:
        self._title, self._total = title, total
        self._every = 1 if self._every_input else max(1, -(-total // LINES_PER_RUN))
        self._first = self._done = done
        self._began_s = self._said_s = time.monotonic()

    def infers(self, expected_s: float | None) -> None:
        """Do nothing: a line comes when there is a figure."""

    def advance(self, done: int, status: str) -> None:
        now_s = time.monotonic()
        # The same input once more is told of while it loads; of the first one always.
        due = done % self._every == 0 or done == self._total
        due = due and (done != self._done or done == self._first)
        self._done = done
        if due or now_s - self._said_s >= LINE_INTERVAL_S:
            self._said_s = now_s
            measured = done - self._first
            each_s = (now_s - self._began_s) / measured if measured else 0.0
            left_s = each_s * (self._total - done)
            left = f", {left_s / 60:.0f} min left" if left_s >= LINE_INTERVAL_S else ""
            self._print(f"{self._title}: {done}/{self._total} {status}{left}")

    def end(self) -> None:
        self._title = ""

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


@dataclass(slots=True)
class LiveRun:
    """Is the picture of a run: a line with bar and times, and one of what it says so far."""

    title: str
    total: int
    first: int
    """Inputs that were measured before this part of the run began."""
    began_s: float
    done: int
    status: str = ""
    expected_s: float | None = None
    """Seconds that this part takes, as known before its first input."""
    window_s: float | None = None
    """Seconds that the window takes which runs now; None where none does, or nobody knows."""
    window_began_s: float = 0.0

    @property
    def progress(self) -> float:
        """Return the inputs that are measured, the part of the present window included."""
        window_s = self.window_s  # read once: another thread draws than the one that measures
        if not window_s:
            return self.done
        part = (time.monotonic() - self.window_began_s) / window_s
        return min(self.done + min(part, _NEARLY), self.total)

    @property
    def left_s(self) -> float | None:
        """Return the seconds left: by the pace so far, before that by what was expected."""
        elapsed_s, measured = time.monotonic() - self.began_s, self.progress - self.first
        if self.done > self.first and measured > 0:
            return elapsed_s / measured * (self.total - self.progress)
        if self.expected_s is None:
            return None
        return max(0.0, self.expected_s - elapsed_s)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = options.max_width
        left_s = self.left_s
        parts = [
            f"{self.done}/{self.total}",
            _clock(time.monotonic() - self.began_s),
            "" if left_s is None else f"{_clock(left_s)} left",
        ]
        title = self.title
        behind = _joined(parts)
        if len(title) + 2 + _SHORTEST_BAR + len(behind) > width:
            behind = _joined([parts[0], parts[2]])  # without the time so far
        if len(behind) > width:
            behind = _joined(parts[:1])
        title = _cut(title, width - len(behind))
        room = width - len(title) - len(behind) - 2
        yield Text(title, "bold", end="")
        if room >= _SHORTEST_BAR:
            yield Text("  ", end="")
            bar = ProgressBar(self.total, self.progress, width=room)
            yield from (one for one in console.render(bar, options) if one != Segment.line())
        yield Text(behind)
        yield Text(_status_cut(f"  {self.status}", width), "dim")


def _joined(parts: Sequence[str]) -> str:
    return "".join(f"  {part}" for part in parts if part)


def _clock(seconds: float) -> str:
    """Write seconds as `0:07`, `12:05`, `9:20:00`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _status_cut(status: str, width: int) -> str:
    """Shorten the name at a status' end; where that does not do, leave out whole words."""
    figures = status.rpartition("  ")[0] or status
    if len(status) <= width or len(figures) + 2 < width:
        return _cut(status, width)
    while len(figures) > width and " " in figures:
        figures = figures.rpartition(" ")[0]
    return figures


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…" if width > 0 else ""


class BarReporter:
    """Shows what is measured, then a bar that moves, with what the run says so far."""

    def __init__(self, console: Console, *, every_input: bool = False, brief: bool = False) -> None:
        """Draw on a terminal; with ``every_input`` a line for each input stays.

        ``brief``: neither what is measured, nor notes.
        """
        self._console = console
        self._every_input = every_input
        self._brief = brief
        self._live: Live | None = None
        self._run: LiveRun | None = None
        self._expected_s: float | None = None

    def note(self, text: str) -> None:
        if not self._brief:
            self._console.print(text, style="yellow", markup=False, highlight=False)

    def run_begins(self, run: BegunRun) -> None:
        self._expected_s = None if run.at_least else run.expected_s
        if self._brief:
            return
        self._console.print(Text(_title(run.provenance), "bold"))
        for label, text in begun_rows(run):
            line = Text.assemble((f"  {label:<{_LABEL_WIDTH}}", "dim"), text)
            self._console.print(line, soft_wrap=True)

    def begin(self, title: str, total: int, done: int) -> None:
        self._run = LiveRun(title, total, done, time.monotonic(), done, "", self._expected_s)
        self._live = Live(self._run, console=self._console, transient=True, refresh_per_second=4)
        self._live.start()

    def infers(self, expected_s: float | None) -> None:
        if self._run is not None:
            self._run.window_s, self._run.window_began_s = expected_s, time.monotonic()

    def advance(self, done: int, status: str) -> None:
        run = self._run
        if run is None:
            return
        if self._every_input and done > run.done:
            self._console.print(f"{done}/{run.total} {status}", markup=False, highlight=False)
        run.done, run.status, run.window_s = done, status, None

    def end(self) -> None:
        if self._live is not None:
            self._live.stop()
        self._live = self._run = self._expected_s = None


def make_reporter(
    console: Console, *, quiet: bool = False, verbose: bool = False, brief: bool = False
) -> Reporter:
    """Make a bar where a person watches, lines where nobody does, nothing where that is asked for.

    ``verbose``: a line for each input, that stays. ``brief``: only how far it is.
    """
    if quiet:
        return QuietReporter()
    if console.is_terminal and not console.is_dumb_terminal:
        return BarReporter(console, every_input=verbose, brief=brief)
    return LineReporter(console, every_input=verbose, brief=brief)


def _title(told: Provenance) -> str:
    return f"{told.task} {told.mode.value}"
