"""An energy run whose monitor loses samples that its own counter does not miss."""

from __future__ import annotations

import pytest
from support.cli import only_session, tinyrunner
from support.inputs import write_inputs
from tinyrunner.energy.simulated.link import SimulatedMonitorLink
from tinyrunner.energy.trace_files import read_trace
from tinyrunner.models.suite import KWS
from tinyrunner.runner.bench.simulated import monitors

RATE_HZ = 100_000


class Losing(SimulatedMonitorLink):
    """The wire to a PPK2 on which some of the bytes of its recordings get lost."""

    gaps: tuple[tuple[int, int], ...] = ()
    """(samples before it, samples of it)"""

    def __init__(self, *wired) -> None:
        super().__init__(*wired)
        self._sent = 0
        self._recording = False

    def write(self, data: bytes) -> None:
        super().write(data)
        if data == b"\x06":
            self._sent, self._recording = 0, True

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        data = super().read(max_bytes, timeout_s)
        if not self._recording:
            return data
        first, self._sent = self._sent, self._sent + len(data)
        for before, samples in self.gaps:
            low = max(4 * before - first, 0)
            high = max(4 * (before + samples) - first, low)
            data = data[:low] + data[high:]
        return data


@pytest.fixture
def run(tmp_path, monkeypatch):
    """`tinyrunner run kws --mode energy` with a simulated PPK2 on such a wire."""
    data = write_inputs(tmp_path / "data", KWS, 5)

    def run(*gaps, iterations=20):
        monkeypatch.setattr(Losing, "gaps", gaps)
        monkeypatch.setattr(monitors, "SimulatedMonitorLink", Losing)
        return tinyrunner(
            "run", "kws", "--mode", "energy", "--iterations", iterations, "--dut", "sim:kws01",
            "--monitor", "sim:ppk2", "--supply-v", "3.0", "--datasets", data,
            "--sessions", tmp_path / "s",
        )  # fmt: skip

    return run


@pytest.fixture
def windows_s(run, tmp_path):
    """Where the windows are on the trace's axis, by a run that loses nothing."""
    ran = run()
    assert "does not count" not in ran.out
    session = only_session(tmp_path / "s")
    edges_s = read_trace(session).events_s
    assert read_trace(session).gaps == ()
    (tmp_path / "s").rename(tmp_path / "whole")
    return list(zip(edges_s[1::2], edges_s[2::2], strict=True))


@pytest.mark.parametrize(("number", "rounds"), [(0, 100), (4, 60)])
def test_a_loss_of_whole_rounds_stops_the_run_and_names_the_window(
    number, rounds, run, windows_s, tmp_path
):
    start_s, _ = windows_s[number]
    ran = run((round((start_s + 0.02) * RATE_HZ), 64 * rounds))
    assert ran.status == 1, ran
    assert f"{64 * rounds} more missing by the host's clock" in ran.err
    scored = tinyrunner("score", only_session(tmp_path / "s"))
    found = [line for line in scored.out.splitlines() if "does not count" in line]
    assert len(found) == 1
    assert f"window {2 * (number + 1)} does not count: samples are missing inside it" in found[0]


def test_a_loss_between_the_windows_spoils_none_of_them(run, windows_s, tmp_path):
    (_, end_s), (start_s, _) = windows_s[:2]
    middle = round((start_s + end_s) / 2 * RATE_HZ)
    assert (start_s - end_s) > 0.5
    ran = run((middle, 6400))
    assert "6400 more missing by the host's clock" in ran.err
    scored = tinyrunner("score", only_session(tmp_path / "s"))
    assert "does not count" not in scored.out
    assert "samples (" in scored.out
