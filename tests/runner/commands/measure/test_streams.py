"""A terminal that was closed, or a disk that is full: what is measured is measured all the same."""

from __future__ import annotations

import sys

import pytest
from support.cli import ended, inferences, only_session, process, tinyrunner
from support.inputs import write_inputs
from tinyrunner.models.suite import KWS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/full")


@pytest.fixture
def running(tmp_path):
    """A run as a process, with its streams as a test has them."""
    data = write_inputs(tmp_path / "data", KWS, 8)

    def start(*more, **streams):
        return process(
            "run", "kws", "--mode", "accuracy", "--dut", "sim:", "--datasets", data,
            "--sessions", tmp_path / "s", *more, **streams,
        )  # fmt: skip

    return start


def test_a_stderr_that_takes_nothing_ends_no_run(running, tmp_path):
    with open("/dev/full", "w") as full:
        ran = ended(running("--json", stderr=full))
    assert ran.status == 3
    assert ran.json["accuracy"]["inputs"] == 8
    assert len(inferences(only_session(tmp_path / "s"))) == 8


def test_a_reader_of_stderr_that_goes_away_ends_no_run(running, tmp_path):
    run = running()
    assert run.stderr.read(1)
    run.stderr.close()
    assert run.stdout.read()
    run.stdout.close()
    assert run.wait(60) == 3
    assert len(inferences(only_session(tmp_path / "s"))) == 8


def test_figures_that_cannot_be_printed_are_in_the_session(running, tmp_path):
    with open("/dev/full", "w") as full:
        ran = ended(running(stdout=full))
    assert ran.status == 1
    session = only_session(tmp_path / "s")
    assert "No space left on device" in ran.err
    assert f"`tinyrunner score` shows those of {session}" in ran.err
    assert "8 of 8 inputs" in tinyrunner("score", session).out


def test_a_reader_that_stops_before_the_figures_of_a_run_is_told_where_they_are(running, tmp_path):
    run = running("--quiet")
    run.stdout.close()
    run.stdout = None
    ran = ended(run)
    assert ran.status == 1
    session = only_session(tmp_path / "s")
    assert ran.err == (
        "error: the figures cannot be printed (Broken pipe); nothing of them is lost: `tinyrunner "
        f"score` shows those of {session}\n"
    )


@pytest.mark.parametrize(
    "words", [("config", "example"), ("standings",), ("--help",)], ids=lambda words: words[0]
)
def test_a_reader_that_stops_early_sees_no_traceback_and_a_full_disk_has_a_name(words):
    shown = process(*words)
    shown.stdout.close()
    shown.stdout = None
    stopped = ended(shown)
    assert (stopped.status, stopped.err) == (1, "")
    with open("/dev/full", "w") as full:
        refused = ended(process(*words, stdout=full))
    assert refused.status == 1
    assert refused.err.startswith("error: stdout: No space left on device; free some space")
    assert len(refused.err.splitlines()) == 1
