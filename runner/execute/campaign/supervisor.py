"""Runs a campaign's lanes, each in processes of their own, and keeps the campaign's journal.

A lane has one process, or one for each board that labgrid gives it: such a worker asks for a cell
as soon as it has a board. A worker stops by itself, its hardware safe, when its standard input is
closed: so it does when this process is interrupted, and when it is killed. One that crashes costs
the cell it was at; the lane goes on with the next in a new process.
"""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from ....errors import EXIT_INTERRUPTED, TinyrunnerError
from ...bench.labgrid.lease import release_left_behind
from ...terms import Mode
from .campaign_journal import FAILED, FINISHED, INTERRUPTED, RETURNED, CampaignJournal, Event
from .cells import Campaign, CampaignCell, Jobs
from .lane import NO_BOARD, READY, SEATED, Lane

_NEVER_KEPT = frozenset({"progress", "doing", "note"})
"""Events that are shown and not written down."""

_NEW_GROUP: int = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
"""Of Windows."""

_KEPT_ERROR_CHARS = 400
_TURN_S = 0.2


@dataclass(slots=True)
class CellState:
    """Tells how far a cell is."""

    cell: CampaignCell
    session: Path | None = None
    """Its finished session."""
    good: bool = False
    """Whether it is good for what it was run for."""
    error: str | None = None
    """Why it failed for good."""

    @property
    def ended(self) -> bool:
        return self.session is not None or self.error is not None


@dataclass(slots=True)
class CampaignRun:
    """Is a campaign as it goes."""

    states: dict[str, CellState]
    interrupted: bool = False
    supply_may_be_on: bool = False
    """Whether the supply of one of the boards could not be switched off."""

    def failed(self) -> list[CellState]:
        """Return the cells that failed."""
        return [state for state in self.states.values() if state.error is not None]


@dataclass(slots=True, eq=False)
class _Queue:
    """Is a lane with what is left of it to be run."""

    lane: Lane
    waiting: deque[tuple[CampaignCell, int]]
    """The cells that nobody runs yet, each with how often it was tried."""
    most: int
    """How many workers it may have."""
    refusal: str = ""
    """Why labgrid gives no board, where it gave a worker none."""


@dataclass(slots=True, eq=False)
class _Process:
    """Is a worker of a lane."""

    queue: _Queue
    process: subprocess.Popen[bytes]
    errors: bytearray = field(default_factory=bytearray)
    """The end of what it wrote to stderr."""
    at: CampaignCell | None = None
    """The cell that it is at."""
    place: str = ""
    """The place of labgrid's that it has acquired."""
    leaving: bool = False
    """Whether it was told that there is nothing left for it."""


Show = Callable[[Event], None]


def run_campaign(
    campaign: Campaign,
    done: Mapping[str, Path],
    journal: CampaignJournal,
    show: Show,
    jobs: Jobs = None,
) -> CampaignRun:
    """Run every cell that is not ``done`` yet; ``show`` is told what happens meanwhile.

    ``jobs`` says how many boards are used side by side: a number limits all, ``auto`` takes of
    labgrid's as many as there are. An interruption stops all lanes and is told in what is returned.
    JournalError stops them, too.
    """
    states = {cell.key: CellState(cell, done.get(cell.key), good=True) for cell in campaign.cells}
    run = CampaignRun(states)
    supervisor = _Supervisor(campaign, run, journal, show, jobs)
    try:
        supervisor.serve()
    finally:
        supervisor.stop()
    return run


class _Supervisor:
    def __init__(
        self,
        campaign: Campaign,
        run: CampaignRun,
        journal: CampaignJournal,
        show: Show,
        jobs: Jobs,
    ) -> None:
        self._campaign = campaign
        self._run = run
        self._journal = journal
        self._show = show
        self._working: list[_Process] = []
        self._said: queue.SimpleQueue[tuple[_Process, bytes | None]] = queue.SimpleQueue()
        self._most = jobs if isinstance(jobs, int) else len(campaign.cells)
        folder = campaign.path.absolute().parent
        self._queues = [
            _Queue(
                Lane(tuple(cells), folder, campaign.check, campaign.retries),
                deque((cell, 0) for cell in cells),
                campaign.workers(cells, jobs),
            )
            for lane in campaign.lanes()
            if (cells := [cell for cell in lane if not run.states[cell.key].ended])
        ]

    def _fill(self) -> None:
        """Start the workers that there is work for, and let go those that wait for none."""
        for one in self._queues:
            workers = [worker for worker in self._working if worker.queue is one]
            at_work = sum(worker.at is not None for worker in workers)
            able = sum(not worker.leaving for worker in workers)
            wanted = min(one.most, at_work + len(one.waiting))
            for _ in range(min(wanted - able, self._most - len(self._working))):
                self._start(one)
            for worker in workers:
                if not one.waiting and worker.at is None and not worker.leaving:
                    self._close(worker)

    def _start(self, work: _Queue) -> None:
        process = subprocess.Popen(
            [sys.executable, "-m", "tinyrunner", "campaign", "lane"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            # Ctrl-C comes to this process alone, which tells the others in its own way.
            start_new_session=sys.platform != "win32",
            creationflags=_NEW_GROUP,
        )  # fmt: skip
        one = _Process(work, process)
        self._working.append(one)
        assert process.stdout is not None
        assert process.stderr is not None
        threading.Thread(target=self._listen, args=(one, process.stdout), daemon=True).start()
        threading.Thread(target=_keep_errors, args=(one, process.stderr), daemon=True).start()
        _write(one, work.lane.to_json())

    def _give(self, one: _Process) -> None:
        """Give a worker that asks for it the next cell; one that has no more to do ends."""
        one.at = None
        if one.leaving or not one.queue.waiting:
            one.leaving = True
            _write(one, "null")
            return
        one.at, attempt = one.queue.waiting.popleft()
        _write(one, json.dumps({"cell": one.at.key, "attempt": attempt}))

    def _listen(self, one: _Process, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                self._said.put((one, line))
        self._said.put((one, None))

    def serve(self) -> None:
        """Take what the workers tell until all has ended."""
        self._fill()
        while self._working:
            try:
                self._turn()
            except KeyboardInterrupt:
                if not self._run.interrupted:
                    self._run.interrupted = True
                    self._close_all()
                self._show({"event": "stopping", "boards": self._boards()})

    def _turn(self) -> None:
        try:
            one, line = self._said.get(timeout=_TURN_S)
        except queue.Empty:
            return
        if line is None:
            self._ended(one)
        else:
            try:
                event = json.loads(line)
            except ValueError:
                return  # something that a library printed
            if isinstance(event, dict):
                self._heard(one, event)
        if not self._run.interrupted:
            self._fill()

    def _heard(self, one: _Process, event: Event) -> None:
        if event.get("cell") in self._run.states:
            if event["event"] == INTERRUPTED and one.leaving and not self._run.interrupted:
                return  # it was told to go when its cell had ended
            self._take(event)
            if event["event"] == RETURNED and one.at is not None:
                one.queue.waiting.appendleft((one.at, event["attempt"]))
                one.at = None
            elif event["event"] == FAILED and event["last"]:
                one.at = None  # it may look for another board, which nobody needs any more
            return
        match event.get("event"):
            case kind if kind == READY:
                self._give(one)
            case kind if kind == SEATED:
                one.place = event["place"]
            case kind if kind == NO_BOARD:
                one.queue.most -= 1
                one.queue.refusal = event["error"]
                self._close(one)
            case "note":
                self._show(event)

    def _take(self, event: Event) -> None:
        state = self._run.states[event["cell"]]
        self._run.supply_may_be_on |= event.get("supply_may_be_on", False)
        match event["event"]:
            case kind if kind == FINISHED:
                state.session, state.good = Path(event["session"]), event["good"]
            case kind if kind == FAILED and event["last"]:
                state.error = event["error"]
            case kind if kind == INTERRUPTED:
                self._run.interrupted = True
        if event["event"] not in _NEVER_KEPT:
            self._journal.write(self._relative(event))
        self._show(event)

    def _relative(self, event: Event) -> Event:
        """Return the event with its session as seen from the campaign's folder."""
        session = event.get("session")
        if session is None:
            return event
        place = Path(session)
        inside = place.is_relative_to(self._campaign.folder)
        return {**event, "session": str(place.relative_to(self._campaign.folder)) if inside
                else session}  # fmt: skip

    def _ended(self, one: _Process) -> None:
        """Take note of a process that has ended; one that crashed costs its cell."""
        status = one.process.wait()
        _close_input(one)
        self._working.remove(one)
        if one.place and status not in (0, EXIT_INTERRUPTED):
            self._release(one.place)
        if self._run.interrupted:
            return
        if not one.leaving:
            self._crashed(one, status)
        if one.queue.most <= 0:
            while one.queue.waiting:
                self._lost(one.queue.waiting.popleft()[0], one.queue.refusal)

    def _crashed(self, one: _Process, status: int) -> None:
        powering = one.at is not None and one.at.mode is Mode.ENERGY
        if one.at is None and one.queue.waiting:  # else each that follows would do the same
            one.at = one.queue.waiting.popleft()[0]
        if one.at is None or self._run.states[one.at.key].ended:
            return
        said = one.errors.decode("utf-8", "replace").strip()
        self._lost(
            one.at,
            f"its process ended with status {status}"
            + (f": {said[-_KEPT_ERROR_CHARS:]}" if said else ""),
            **({"supply_may_be_on": True} if powering else {}),
        )

    def _lost(self, cell: CampaignCell, error: str, **more: object) -> None:
        event = {"event": FAILED, "cell": cell.key, "error": error, "session": None, "last": True}
        self._take(event | more)

    def _release(self, place: str) -> None:
        try:
            release_left_behind(place)
        except TinyrunnerError as error:
            text = f"place {place} may still be acquired: {error}"
            self._show({"event": "note", "cell": "a worker crashed", "text": text})

    def _boards(self) -> list[str]:
        cells = [cell for one in self._working for cell in one.queue.lane.cells]
        return list(dict.fromkeys(cell.board for cell in cells))

    def _close(self, one: _Process) -> None:
        """Tell a worker to end, with its hardware left safe."""
        one.leaving = True
        _close_input(one)

    def _close_all(self) -> None:
        for one in self._working:
            self._close(one)

    def stop(self) -> None:
        """Let every process that is left make its hardware safe, and wait for its end."""
        self._close_all()
        for one in self._working:
            one.process.wait()


def _close_input(one: _Process) -> None:
    assert one.process.stdin is not None
    with contextlib.suppress(OSError):  # it has ended by itself
        one.process.stdin.close()


def _write(one: _Process, line: str) -> None:
    assert one.process.stdin is not None
    with contextlib.suppress(OSError, ValueError):  # gone, or told to go; its end says so
        one.process.stdin.write(line.encode() + b"\n")
        one.process.stdin.flush()


def _keep_errors(one: _Process, stream: IO[bytes]) -> None:
    with stream:
        for line in stream:
            one.errors += line
            del one.errors[: -4 * _KEPT_ERROR_CHARS]
