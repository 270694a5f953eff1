"""One to three real signals at any moment of an energy run: the supply is off, nothing is lost."""

from __future__ import annotations

import json
import random
import signal
import sys
import time
from pathlib import Path

import pytest
from support.cli import Ran, process
from support.inputs import write_inputs
from tinyrunner.models.suite import KWS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no kill -INT")

PROCESS = Path(__file__).parents[3] / "support" / "energy" / "process.py"
ENDING = ("SIGINT", "SIGINT", "SIGTERM", "SIGHUP")
LAST_S = 0.8
"""A run takes about so long, with the making of its result."""
LONGEST_GAP_S = 0.3
MONITORS = {
    "n6705": 3,
    "lpm01a": 2,
    "ppk2": 1,
    "js220": 1,
    "stlinkv3pwr": 1,
    "otii": 1,
    "scpi:ngm200": 1,
    "scpi:smu2450": 0,
    "js110": 0,
    "js320": 0,
}
"""What is measured with, and how often without ``--slow``."""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_inputs(tmp_path_factory.mktemp("data"), KWS)


class SignalledRun:
    """One run, and what became of it: its end, and its bench when that was left."""

    def __init__(self, kind: str, data: Path, folder: Path, chance: random.Random) -> None:
        folder.mkdir()
        self.folder = folder
        state = folder / "state"
        running = process(
            state, "run", "kws", "--mode", "energy", "--dut", "sim:", "--monitor", f"sim:{kind}",
            "--model", "demo", "--supply-v", "3.0", "--datasets", data, "--sessions", folder / "s",
            program=PROCESS,
        )  # fmt: skip
        while not state.exists():
            assert running.poll() is None, running.communicate()
            time.sleep(0.002)
        self.sent: list[tuple[float, str]] = []
        wait_s = chance.uniform(0.0, LAST_S)
        for _ in range(chance.randint(1, 3)):
            name = chance.choice(ENDING)
            time.sleep(wait_s)
            running.send_signal(getattr(signal, name))
            self.sent.append((round(wait_s, 3), name))
            wait_s = chance.uniform(0.0, LONGEST_GAP_S)
        out, err = running.communicate(timeout=120)
        self.ran = Ran(running.returncode, out, err)
        self.state = state.read_text()

    def check(self) -> None:
        what = (self.sent, self.ran)
        assert self.state, what  # it came to the end of its bench
        bench = json.loads(self.state)
        assert not bench["supply_on"], what
        assert bench["supply_v"] == 0.0, what
        assert "Traceback" not in self.ran.err, what
        assert "defect" not in self.ran.err, what
        assert self.ran.status in (3, 130), what
        if self.ran.status == 130:
            assert "interrupted" in self.ran.err, what


@pytest.mark.parametrize(
    ("kind", "times"),
    [
        *((kind, times) for kind, times in MONITORS.items() if times),
        *(pytest.param(kind, 200, marks=pytest.mark.slow) for kind in MONITORS),
    ],
)
def test_signals_at_any_moment_leave_the_supply_off(kind, times, data, tmp_path):
    for seed in range(times):
        run = SignalledRun(kind, data, tmp_path / f"{seed}", random.Random(f"{kind} {seed}"))
        run.check()
