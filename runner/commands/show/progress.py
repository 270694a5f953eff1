"""Shows a run's progress on the terminal: a bar, or lines where there is none."""

from __future__ import annotations

import time

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from ...execute.progress import Reporter

LINES_PER_RUN = 20
"""Lines for a whole run: a log that nobody watches gets one a step, or one a twentieth of a long
run."""


LINE_INTERVAL_S = 60.0
"""Seconds after which a line comes in any case, with the time left, however long a step takes."""


class LineReporter:
    """Writes plain lines, for a CI log or a file."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._title = ""
        self._total = 0
        self._every = 1
        self._first = self._done = 0
        self._began_s = self._said_s = 0.0

    def note(self, text: str) -> None:
        self._print(f"{self._title}: {text}" if self._title else text)

    def begin(self, title: str, total: int, done: int) -> None:
        self._title, self._total = title, total
        self._every = max(1, -(-total // LINES_PER_RUN))
        self._first = self._done = done
        self._began_s = self._said_s = time.monotonic()

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


class BarReporter:
    """Draws a bar with rate, time left and what the run says so far."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress: Progress | None = None
        self._bar: TaskID | None = None
        self._began_s = 0.0
        self._first = 0

    def note(self, text: str) -> None:
        self._console.print(text, style="yellow", markup=False, highlight=False)

    def begin(self, title: str, total: int, done: int) -> None:
        self._progress = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TextColumn("ETA"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[status]}"),
            console=self._console,
            transient=True,
        )
        self._bar = self._progress.add_task(title, total=total, completed=done, status="", rate="")
        self._began_s, self._first = time.monotonic(), done
        self._progress.start()

    def advance(self, done: int, status: str) -> None:
        if self._progress is None or self._bar is None:
            return
        elapsed_s = time.monotonic() - self._began_s
        rate = f"{(done - self._first) / elapsed_s:.1f}/s" if elapsed_s > 0 else ""
        self._progress.update(self._bar, completed=done, status=escape(status), rate=rate)

    def end(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = self._bar = None


def make_reporter(console: Console) -> Reporter:
    """Make a bar where a person watches, lines where nobody does."""
    return BarReporter(console) if console.is_terminal else LineReporter(console)
