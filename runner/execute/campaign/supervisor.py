"""Runs a campaign's lanes, each in a process of its own, and keeps the campaign's journal.

A lane's process stops by itself, its hardware safe, when its standard input is closed: so it does
when this process is interrupted, and when it is killed. One that crashes costs the cell it was at;
the lane goes on with the next in a new process.
"""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from ...terms import Mode
from .campaign_journal import FAILED, FINISHED, INTERRUPTED, CampaignJournal, Event
from .cells import Campaign, CampaignCell
from .lane import Lane

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


@dataclass(slots=True)
class _Process:
    """Is a lane at work."""

    lane: Lane
    process: subprocess.Popen[bytes]
    errors: bytearray = field(default_factory=bytearray)
    """The end of what it wrote to stderr."""
    at: str | None = None
    """The cell that it is at."""


Show = Callable[[Event], None]


def run_campaign(
    campaign: Campaign, done: Mapping[str, Path], journal: CampaignJournal, show: Show
) -> CampaignRun:
    """Run every cell that is not ``done`` yet; ``show`` is told what happens meanwhile.

    An interruption stops all lanes and is told in what is returned. JournalError stops them, too.
    """
    states = {cell.key: CellState(cell, done.get(cell.key), good=True) for cell in campaign.cells}
    run = CampaignRun(states)
    supervisor = _Supervisor(campaign, run, journal, show)
    lanes = [[cell for cell in lane if not states[cell.key].ended] for lane in campaign.lanes()]
    try:
        for cells in lanes:
            supervisor.start(cells)
        supervisor.serve()
    finally:
        supervisor.stop()
    return run


class _Supervisor:
    def __init__(
        self, campaign: Campaign, run: CampaignRun, journal: CampaignJournal, show: Show
    ) -> None:
        self._campaign = campaign
        self._run = run
        self._journal = journal
        self._show = show
        self._working: list[_Process] = []
        self._said: queue.SimpleQueue[tuple[_Process, bytes | None]] = queue.SimpleQueue()

    def start(self, cells: Sequence[CampaignCell]) -> None:
        """Start a process for these cells, if there are any."""
        if not cells:
            return
        campaign = self._campaign
        folder = campaign.path.absolute().parent
        lane = Lane(tuple(cells), folder, campaign.check, campaign.retries)
        process = subprocess.Popen(
            [sys.executable, "-m", "tinyrunner", "campaign", "lane"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            # Ctrl-C comes to this process alone, which tells the others in its own way.
            start_new_session=sys.platform != "win32",
            creationflags=_NEW_GROUP,
        )  # fmt: skip
        one = _Process(lane, process)
        self._working.append(one)
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        threading.Thread(target=self._listen, args=(one, process.stdout), daemon=True).start()
        threading.Thread(target=_keep_errors, args=(one, process.stderr), daemon=True).start()
        with contextlib.suppress(OSError):  # it is gone; its end says so
            process.stdin.write(lane.to_json().encode() + b"\n")
            process.stdin.flush()

    def _listen(self, one: _Process, stream: IO[bytes]) -> None:
        for line in stream:
            self._said.put((one, line))
        self._said.put((one, None))

    def serve(self) -> None:
        """Take what the lanes tell until they have ended."""
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
            return
        try:
            event = json.loads(line)
        except ValueError:
            return  # something that a library printed
        if isinstance(event, dict) and event.get("cell") in self._run.states:
            self._take(one, event)

    def _take(self, one: _Process, event: Event) -> None:
        state = self._run.states[event["cell"]]
        one.at = event["cell"]
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
        self._working.remove(one)
        left = [cell for cell in one.lane.cells if not self._run.states[cell.key].ended]
        if not left or self._run.interrupted:
            return
        crashed = next((cell for cell in left if cell.key == one.at), left[0])
        said = one.errors.decode("utf-8", "replace").strip()
        powering = crashed.key == one.at and crashed.mode is Mode.ENERGY
        self._take(
            one,
            {
                "event": FAILED,
                "cell": crashed.key,
                "error": f"its process ended with status {status}"
                + (f": {said[-_KEPT_ERROR_CHARS:]}" if said else ""),
                "session": None,
                "last": True,
                **({"supply_may_be_on": True} if powering else {}),
            },
        )
        self.start([cell for cell in left if cell is not crashed])

    def _boards(self) -> list[str]:
        return list(dict.fromkeys(cell.board for one in self._working for cell in one.lane.cells))

    def _close_all(self) -> None:
        for one in self._working:
            assert one.process.stdin is not None
            with contextlib.suppress(OSError):  # it has ended by itself
                one.process.stdin.close()

    def stop(self) -> None:
        """Let every process that is left make its hardware safe, and wait for its end."""
        self._close_all()
        for one in self._working:
            one.process.wait()


def _keep_errors(one: _Process, stream: IO[bytes]) -> None:
    for line in stream:
        one.errors += line
        del one.errors[: -4 * _KEPT_ERROR_CHARS]
