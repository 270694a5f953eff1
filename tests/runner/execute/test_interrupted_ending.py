"""A run that is interrupted while its result is written: the next command finishes it."""

from __future__ import annotations

import os
import signal
import sys

import pytest
from support.cli import document, only_session, tinyrunner
from support.inputs import write_inputs
from tinyrunner.models.suite import KWS
from tinyrunner.runner.journal import session_folder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

BENCH = {"accuracy": (), "energy": ("--supply-v", "3.0", "--model", "demo")}


@pytest.fixture
def data(tmp_path):
    return write_inputs(tmp_path / "data", KWS, 5)


def run(mode, data, root):
    return tinyrunner(
        "run", "kws", "--mode", mode, "--dut", "sim:", "--datasets", data, "--sessions", root,
        *BENCH[mode],
    )  # fmt: skip


@pytest.mark.parametrize("mode", BENCH)
@pytest.mark.parametrize(("at", "file"), [(4, "result.txt"), (5, "session.json")])
def test_ctrl_c_while_the_result_is_written(mode, at, file, data, tmp_path, monkeypatch):
    """The fourth and fifth file that is synchronised so: behind what a session begins with."""
    fsync, synced = os.fsync, []

    def interrupted(handle):
        fsync(handle)
        synced.extend(tmp_path.glob("s/*/*.partial"))
        if len(synced) == at:
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patched:
        patched.setattr(session_folder.os, "fsync", interrupted)
        ran = run(mode, data, tmp_path / "s")
    session = only_session(tmp_path / "s")
    assert synced[at - 1].name == f"{file}.partial"
    assert ran.status == 130, ran
    assert "error: interrupted" in ran.err
    assert f"tinyrunner run --resume {session}" in ran.err
    assert not list(session.glob("*.partial"))
    (session / "result.txt.partial").write_text("left by one that was killed")
    again = tinyrunner("run", "--resume", session, "--json")
    assert again.status == 3, again
    assert document(session)["result"][mode]
    assert (session / "result.txt").exists()
    assert not list(session.glob("*.partial"))


def test_what_a_library_makes_of_a_ctrl_c_is_an_interruption(data, tmp_path, monkeypatch):
    """As matplotlib did, whose C turned one into `ValueError: Invalid bounding box`."""
    from tinyrunner.runner.write import energy_plots

    def drawn(*_):
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise ValueError("Invalid bounding box") from None

    monkeypatch.setattr(energy_plots, "plot_energy", drawn)
    ran = run("energy", data, tmp_path / "s")
    assert ran.status == 130, ran
    assert "error: interrupted" in ran.err
    assert "bounding box" not in ran.err
