"""One worker of a lane of a campaign: cells, one after the other, in a process of their own.

The process gets the lane as one line of JSON on its standard input, asks for a cell of it whenever
it can run one, and tells what happens in lines of JSON on its standard output. When its input ends,
or its process is told to stop, it leaves the hardware safe and ends: so it does when the campaign's
own process was killed.

A worker that takes a board from labgrid keeps it from its first cell to its last. Where any board
with some tags would do, a cell that failed is given back, and the worker looks for another board.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ....dut_protocol.conformance.probe import CheckOptions
from ....dut_protocol.conformance.report import Verdict
from ....dut_protocol.conformance.run import check_device
from ....dut_protocol.errors import PortAbsent
from ....dut_protocol.link.clock import MonotonicClock
from ....errors import TinyrunnerError, in_words, may_be_on
from ....models.suite import ALL_TASKS, StreamingTask
from ...bench.labgrid.client import LabgridError
from ...bench.labgrid.lease import held_places
from ...bench.opening import check_addresses, open_bench
from ...config.config import config_from_json
from ...config.labgrid_address import Wanted, place_named
from ...config.name_lookup import benchmark_named, mode_named
from ...errors import ResumeError, RunStopped, SetupError
from ...journal.session_document import read_document
from ...journal.session_folder import alone_in, sessions_of
from ...terms import Mode
from ..outcome import Outcome
from ..progress import BegunRun, Reporter
from ..run import resume_session, run_session
from .campaign_file import CheckPolicy, Hooks
from .campaign_journal import (
    BEGAN,
    CHECKED,
    FAILED,
    FINISHED,
    HOOK,
    INTERRUPTED,
    RETURNED,
    Event,
)
from .cells import CampaignCell
from .hooks import DEFAULT_PORT_TIMEOUT_S, filled_in, run_hook

_LEAVING_S = 60.0
"""Seconds that another process is given to leave a board."""

_PORT_EVERY_S = 0.1

_INTERVAL_S = 0.25
"""Seconds between two words on how far a run is."""

Tell = Callable[[Event], None]

READY = "ready"
"""A worker asks for a cell."""
SEATED = "seated"
"""A worker has acquired a place of labgrid's."""
NO_BOARD = "no board"
"""A worker ends, for labgrid gives it no board."""

Turn = tuple[CampaignCell, int]
"""A cell and how often it was tried before."""


@dataclass(frozen=True, slots=True)
class Lane:
    """Says what cells there are for one process, or for several that share them."""

    cells: tuple[CampaignCell, ...]
    hook_folder: Path
    """Where hooks are run: the campaign file's folder."""
    check: CheckPolicy
    retries: int

    @property
    def movable(self) -> bool:
        """Tell whether each of its cells runs on any board with the right tags."""
        return all(cell.movable for cell in self.cells)

    @property
    def boards(self) -> str:
        """Return the names of its boards."""
        return ", ".join(dict.fromkeys(cell.board for cell in self.cells))

    def to_json(self) -> str:
        """Return the lane as a line of JSON."""
        cells = [
            {
                "board": cell.board,
                "task": cell.task.key,
                "mode": cell.mode.value,
                "config": cell.config.to_json(),
                "hooks": cell.hooks.model_dump(),
            }
            for cell in self.cells
        ]
        return json.dumps(
            {
                "cells": cells,
                "hook_folder": str(self.hook_folder),
                "check": self.check.value,
                "retries": self.retries,
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Lane:
        """Read what :meth:`to_json` wrote."""
        tree = json.loads(text)
        return cls(
            tuple(map(_cell, tree["cells"])),
            Path(tree["hook_folder"]),
            CheckPolicy(tree["check"]),
            tree["retries"],
        )


def _cell(tree: dict[str, Any]) -> CampaignCell:
    config = config_from_json(tree["config"], "the campaign")
    return CampaignCell(
        tree["board"],
        benchmark_named(tree["task"], config),
        mode_named(tree["mode"]),
        config,
        Hooks.model_validate(tree["hooks"]),
    )


def run_lane(lane: Lane, tell: Tell, turns: Iterator[Turn] | None = None) -> None:
    """Run the cells that ``turns`` gives, or all; ``tell`` is told what happens.

    KeyboardInterrupt ends it, told as well.
    """
    seat = _Seat(lane.boards, tell)
    with ExitStack() as held:
        held.callback(seat.leave)
        if not lane.movable:
            for folder in sorted({cell.config.sessions for cell in lane.cells}):
                # A campaign that was killed may still be leaving this board safe.
                held.enter_context(alone_in(folder, _LEAVING_S))
        try:
            if lane.movable:
                seat.take(lane.cells[0])
            for cell, attempt in ((cell, 0) for cell in lane.cells) if turns is None else turns:
                of_cell = cell.config.sessions / f"{cell.task.key}_{cell.mode.value}"
                with alone_in(of_cell, _LEAVING_S) if lane.movable else nullcontext():
                    _CellRun(lane, cell, tell, seat).run(attempt)
                if lane.movable:
                    seat.take(lane.cells[0])
        except LabgridError as error:
            tell({"event": NO_BOARD, "cell": lane.boards, "error": in_words(error)})


class _Seat:
    """Is the board of labgrid's that a worker has, if it has one."""

    def __init__(self, boards: str, tell: Tell) -> None:
        self._boards = boards
        self._tell = tell
        self._held = ExitStack()
        self._wanted: tuple[Wanted, ...] = ()
        self._avoid: set[str] = set()
        self.place = ""
        """The name of the first place that is held; empty where none is."""

    def take(self, cell: CampaignCell) -> None:
        """Hold what a cell needs, waiting for it; LabgridError where there is none."""
        if cell.places == self._wanted:
            return
        self.leave()
        places = self._held.enter_context(
            held_places(cell.config, self._note, queue=True, avoid=self._avoid, **cell.needs)
        )
        self._wanted = cell.places
        self.place = next(iter(places.values()), "")
        if self.place:
            self._tell({"event": SEATED, "cell": self._boards, "place": self.place})

    def leave(self, *, for_another: bool = False) -> None:
        """Release what is held; ``for_another`` takes other boards before it from now on."""
        if for_another:
            self._avoid.add(self.place)
        self._wanted, self.place = (), ""
        self._held.close()

    def _note(self, text: str) -> None:
        self._tell({"event": "note", "cell": self._boards, "text": text})


def last_session(cell: CampaignCell) -> Path | None:
    """Return the newest session of a cell that had come to its first step, finished or not."""
    if not cell.config.sessions.is_dir():
        return None
    for folder in sessions_of(cell.config.sessions, cell.task.key, cell.mode):
        try:
            read_document(folder)
        except (TinyrunnerError, OSError):
            continue
        return folder
    return None


def _place_of(session: Path) -> str:
    """Return the place of labgrid's that a session began at; empty where it was none."""
    return place_named(read_document(session).provenance.device.address)


class _CellFailed(TinyrunnerError):
    """Says why a cell cannot be run on: a hook, or the check."""


class _CellRun:
    """Runs one cell with its hooks, tries and words."""

    def __init__(self, lane: Lane, cell: CampaignCell, tell: Tell, seat: _Seat) -> None:
        self._lane = lane
        self._cell = cell
        self._tell_all = tell
        self._seat = seat
        self._reporter = _Teller(self._tell)

    def _tell(self, event: str, **more: object) -> None:
        self._tell_all({"event": event, "cell": self._cell.key, **more})

    def run(self, first_attempt: int = 0) -> None:
        """Try it until it has ended, or is given back for another board."""
        session = last_session(self._cell)
        if session is not None and (result := read_document(session).result) is not None:
            # It came to its end, and what it should have told was lost.
            self._finished(session, valid=result.get("valid"), good=result.get("good"))
            return
        if self._cell.mode is Mode.ENERGY:
            session = None  # begun again, never continued
        self._tell(BEGAN, **({"place": self._seat.place} if self._seat.place else {}))
        try:
            for attempt in range(first_attempt, self._lane.retries + 1):
                ended, session = self._tried(session, attempt)
                if ended:
                    return
                if self._lane.movable:
                    self._tell(RETURNED, attempt=attempt + 1)
                    return
        except KeyboardInterrupt:
            self._tell(INTERRUPTED)
            raise

    def _tried(self, session: Path | None, attempt: int) -> tuple[bool, Path | None]:
        """Try once; return whether that is all, and the session to go on with."""
        try:
            self._seat.take(self._cell)
            try:
                if attempt:
                    self._hook("reset")
                self._hook("before")
                self._hook("flash")
                self._await_port()
                self._check()
                outcome = self._measured(session)
            finally:
                self._after()
        except RunStopped as error:
            if error.interrupted:
                if error.supply_may_be_on:
                    self._failed(error, error.session, last=True)
                raise KeyboardInterrupt from error
            again = error.session if error.resumable else None
            last = error.hopeless or error.supply_may_be_on or attempt == self._lane.retries
            self._failed(error, error.session, last=last)
            return last, again
        except (TinyrunnerError, OSError) as error:
            last = attempt == self._lane.retries
            self._failed(error, None, last=last)
            return last, session
        assessed = outcome.assessment
        self._finished(outcome.session.folder, valid=assessed.valid, good=assessed.good)
        return True, None

    def _finished(self, session: Path, *, valid: object, good: object) -> None:
        self._tell(FINISHED, session=str(session), valid=valid is True, good=good is True)

    def _failed(self, error: Exception, session: Path | None, *, last: bool) -> None:
        place = None if session is None else str(session)
        more = {"supply_may_be_on": True} if may_be_on(error) else {}
        self._tell(FAILED, error=in_words(error), session=place, last=last, **more)
        if self._lane.movable:
            self._seat.leave(for_another=True)

    def _hook(self, name: str) -> None:
        command = getattr(self._cell.hooks, name)
        if command is None:
            return
        self._reporter.doing(name)
        words = self._cell.words | ({"place": self._seat.place} if self._seat.place else {})
        line = filled_in(command, words)
        ran = run_hook(line, self._lane.hook_folder, self._cell.hooks.timeout_s)
        self._tell(
            HOOK, name=name, command=ran.command, status=ran.status,
            seconds=round(ran.seconds, 3), output=ran.output,
        )  # fmt: skip
        if ran.failure:
            raise _CellFailed(f"the hook {name}: {ran.failure}")

    def _await_port(self) -> None:
        """Wait until a board that a hook has reset is on its port again; the run tells if not."""
        hooks = self._cell.hooks
        if hooks.before is None and hooks.flash is None:
            return
        clock = MonotonicClock()
        until_s = clock.now_s() + (hooks.port_timeout_s or DEFAULT_PORT_TIMEOUT_S)
        while clock.now_s() < until_s:
            try:
                check_addresses(self._cell.config, energy=self._cell.mode is Mode.ENERGY)
            except SetupError as error:
                if isinstance(error.__cause__, PortAbsent):
                    self._reporter.doing("waiting for its port")
                    clock.pause(_PORT_EVERY_S)
                    continue
            return

    def _after(self) -> None:
        """Call the last hook; what becomes of it changes nothing about the run."""
        try:
            self._hook("after")
        except TinyrunnerError as error:
            self._reporter.note(str(error))

    def _check(self) -> None:
        """Check the firmware in short. What the monitor powers answers only in its run."""
        cell = self._cell
        if self._lane.check is CheckPolicy.OFF or cell.mode is Mode.ENERGY:
            return
        task = cell.task
        if isinstance(task, StreamingTask):
            return  # its firmware has other commands than those that are checked
        self._reporter.doing("check")
        with open_bench(cell.config, task) as bench:
            report = check_device(
                bench.dut.transport,
                bench.clock,
                bench.dut.settings,
                CheckOptions(quick=True),
                task=task,
                tasks={one.model_id: cell.config.task(one.key) for one in ALL_TASKS.values()},
            )
        failed = [item.title for item in report.items if item.verdict is Verdict.FAIL]
        self._tell(CHECKED, passed=report.passed, failed=failed)
        if failed and self._lane.check is CheckPolicy.REQUIRED:
            raise _CellFailed(
                f"the firmware fails {len(failed)} items of `tinyrunner check --quick`: "
                f"{', '.join(failed)}"
            )

    def _measured(self, session: Path | None) -> Outcome:
        cell = self._cell
        began_at = "" if session is None else _place_of(session)
        if began_at and self._seat.place and began_at != self._seat.place:
            self._reporter.note(f"it began at place {began_at}, another board: measured anew")
            session = None
        if session is not None:
            try:
                return resume_session(session, cell.task, cell.mode, cell.config, self._reporter)
            except ResumeError as error:
                self._reporter.note(f"{error}; measured anew")
        return run_session(cell.task, cell.mode, cell.config, self._reporter)


class _Teller(Reporter):
    """Turns what a run reports into events."""

    def __init__(self, tell: Callable[..., None]) -> None:
        self._tell = tell
        self._total = 0
        self._told_s = 0.0

    def doing(self, what: str) -> None:
        self._tell("doing", what=what)

    def note(self, text: str) -> None:
        self._tell("note", text=text)

    def run_begins(self, run: BegunRun) -> None:
        if run.is_long:
            self.note(f"it takes {run.duration}")

    def begin(self, title: str, total: int, done: int) -> None:
        self._total = total
        self._tell("progress", done=done, total=total, status="")

    def infers(self, expected_s: float | None) -> None:
        return

    def advance(self, done: int, status: str) -> None:
        now_s = time.monotonic()
        if done == self._total or now_s - self._told_s >= _INTERVAL_S:
            self._told_s = now_s
            self._tell("progress", done=done, total=self._total, status=status)

    def end(self) -> None:
        pass
