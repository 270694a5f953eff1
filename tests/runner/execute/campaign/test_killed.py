"""A campaign on boards whose firmware a hook swaps, killed again and again, comes to one table."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.cli import Ran, document, ended, process
from support.devices.flashed_boards import addresses, served_boards

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals")

BOARDS = ("a", "b")
FIGURES = ("kws 2.000 500.000 0.00% Top-1 0.0% ≥ 90%", "ic 2.000 500.000 0.00% Top-1 33.3% ≥ 85%")
"""What kws and ic come to, of 12 inputs, on a board whose scores are hashes."""
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)


@pytest.fixture
def bench() -> Iterator[tuple[Path, str]]:
    """The folder of the boards' ports, and the hook that flashes them."""
    folder = Path(tempfile.mkdtemp(prefix="tr"))  # a socket's path is short
    with served_boards(folder, *BOARDS) as hook:
        yield folder, hook
    shutil.rmtree(folder)


class Night:
    """A campaign's file and folder, and what its journal and sessions tell."""

    def __init__(self, place: Path, ports: Path, hook: str, **changes: object) -> None:
        place.mkdir()
        self.file, self.folder, self.ports = place / "night.yaml", place / "night", ports
        content = {
            "folder": "night",
            "retries": 0,
            "settings": {"datasets": "demo", "iterations": 20, "limit": 3},
            "hooks": {"flash": hook},
            "boards": {
                name: {"settings": addresses(ports, name), "accuracy": {"limit": 12}}
                for name in BOARDS
            },
        }
        self.file.write_text(json.dumps(content | changes))

    def start(self):
        more = ["--resume"] if (self.folder / "campaign.jsonl").exists() else []
        return process("campaign", self.file, *more)

    def events(self) -> list[dict]:
        journal = self.folder / "campaign.jsonl"
        if not journal.exists():
            return []
        lines = journal.read_text().splitlines()
        return [json.loads(line) for line in lines if line.endswith("}")]

    def kill(self, number: int, events: int, delay_s: float) -> Ran:
        """Stop it by a signal when so many more things have happened, and a while."""
        running = self.start()
        until = len(self.events()) + events
        while len(self.events()) < until and running.poll() is None:
            time.sleep(0.02)
        time.sleep(delay_s)
        running.send_signal(number)
        ran = ended(running)
        assert "Traceback" not in ran.err, ran
        assert ran.status in (130, -signal.SIGKILL, 3), ran
        return ran

    def supplies_go_off(self) -> bool:
        deadline_s = time.monotonic() + 20.0
        while any(self.ports.glob("*.on")) and time.monotonic() < deadline_s:
            time.sleep(0.05)
        return not any(self.ports.glob("*.on"))

    def finish(self) -> tuple[Ran, list[str]]:
        """Let it come to its end; return the rows of its table."""
        ran = ended(self.start(), 600)
        rows = [line for line in ran.out.splitlines() if line.split()[:1] in (["a"], ["b"])]
        return ran, rows

    def run_twice(self) -> list[str]:
        """The cells that were begun after their end, or anew: but energy, none has two sessions."""
        again, done = [], set()
        for event in self.events():
            if event["event"] == "finished":
                done.add(event["cell"])
            elif event["event"] == "began" and event["cell"] in done:
                again.append(event["cell"])
        sessions = [path.parent for path in self.folder.glob("*/*/session.json")]
        counted = Counter(
            re.sub(r"^\d+_\d+_|_\d+$", "", one.name)
            for one in sessions
            if document(one)["result"] is not None or "energy" not in one.name
        )
        return again + [name for name, count in counted.items() if count != 1]


def without_energy(rows: list[str]) -> list[str]:
    return [re.sub(r" +\d+\.\d+ +\d+\.\d+%(?= +(Top-1|AUC)|$)", "", row) for row in rows]


def energies(rows: list[str]) -> list[float]:
    return [float(row.split()[5]) for row in rows]


def test_two_boards_killed_and_interrupted_come_to_the_table_that_they_come_to_undisturbed(
    bench, tmp_path
):
    ports, hook = bench
    asked = {"tasks": ["kws", "ic"], "modes": ["performance", "accuracy"], "check": "off"}
    night = Night(tmp_path / "hit", ports, hook, **asked)
    night.kill(signal.SIGKILL, 5, 0.0)
    stopped = night.kill(signal.SIGINT, 6, 0.0)
    assert stopped.status == 130, stopped
    assert f"tinyrunner campaign {night.file} --resume" in " ".join(stopped.err.split())
    ran, rows = night.finish()
    assert ran.status == 3, ran
    assert [" ".join(row.split()) for row in rows] == [
        f"{name} {figures}" for name in BOARDS for figures in FIGURES
    ]
    assert night.run_twice() == []
    assert "refused" not in (ports / "flashed").read_text()


@pytest.mark.slow
def test_all_tasks_and_modes_killed_at_twenty_moments_come_to_one_table(bench, tmp_path):
    ports, hook = bench
    asked = {"tasks": "all", "modes": "all", "check": "quick"}
    calm = Night(tmp_path / "calm", ports, hook, **asked)
    ran, expected = calm.finish()
    assert ran.status == 3, ran
    hit = Night(tmp_path / "hit", ports, hook, **asked)
    chosen = random.Random(int(os.environ.get("KILLS_SEED", "15")))
    for _ in range(20):
        hit.kill(chosen.choice(SIGNALS), chosen.randrange(12), chosen.uniform(0.0, 12.0))
        assert hit.supplies_go_off()
    ran, rows = hit.finish()
    assert ran.status == 3, ran
    print(*expected, *rows, sep="\n")
    assert without_energy(rows) == without_energy(expected)
    # What is sampled in real time varies in its last digits.
    assert energies(rows) == pytest.approx(energies(expected), rel=0.02)
    assert hit.finish()[1] == rows, "and stays"
    assert hit.run_twice() == []
    assert "refused" not in (ports / "flashed").read_text()
