"""The quick part of the hostile runs: every kind of fault once, floods, and the rig itself.

The whole is run by hand: `python tests/hostile 1000` (hours).
"""

from __future__ import annotations

import time

import pytest
from hostile.device import Device
from hostile.in_the_middle import FLOODS, KINDS, Middle, Moment
from hostile.rig import Rig
from hostile.runs import BAD, RESUMED, RIGHT, SETTINGS, WRONG, Bench, Case, make_inputs
from support.cli import only_session, tinyrunner
from tinyrunner.dut_protocol.host.exchange import FLOOD_BYTES


def in_this_process(words):
    ran = tinyrunner(*words)
    return ran.status, ran.out, ran.err


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return Bench(tmp_path_factory.mktemp("hostile"), in_this_process)


# What waits for a time-out of ten seconds is for the whole.
_QUICK = [kind for kind in KINDS if kind not in ("command lost", "answer lost")]


@pytest.mark.parametrize("kind", _QUICK)
def test_no_wrong_result_is_recorded_as_finished(bench, kind):
    number = KINDS.index(kind)
    settings = [name for name in SETTINGS if "pipelined" not in name]
    mode = ("accuracy", "performance")[number % 2]
    judged = bench.run(Case("kws", mode, settings[number % len(settings)], kind, seed=1), count=1)
    assert judged.outcome not in (WRONG, BAD), judged


@pytest.mark.parametrize("kind_of", ["load", "first block", "block", "last block", "infer"])
def test_one_block_or_any_other_command_that_comes_twice_costs_no_score(bench, kind_of):
    """Case 40 of those that the field has shown, and its kin."""
    case = Case("kws", "accuracy", "default", "command twice, later", seed=1)
    judged = bench.with_faults(case, Middle(case.kind, (Moment(kind_of, 3),), "1"))
    assert judged.outcome == RIGHT, judged


def test_the_second_answer_too_many_ends_the_run_which_can_be_continued(bench):
    case = Case("kws", "accuracy", "default", "command twice, later", seed=1)
    moments = Moment("last block", 2), Moment("last block", 5)
    judged = bench.with_faults(case, Middle(case.kind, moments, "1"))
    assert judged.outcome == RESUMED, judged
    assert "for the second time" in judged.why


@pytest.mark.parametrize(
    ("kind", "kind_of"), list(zip(FLOODS, ["infer", "block", "load", "infer"], strict=True))
)
def test_a_flood_ends_a_run_soon_and_leaves_little(kind, kind_of, tmp_path):
    data, sessions = make_inputs(tmp_path / "data", "kws"), tmp_path / "s"
    with Rig(Device("kws"), Middle(kind, (Moment(kind_of, 1),), "1"), tcp=True) as rig:
        begun_s = time.monotonic()
        ran = tinyrunner(
            "run", "kws", "--mode", "accuracy", "--dut", rig.address, "--datasets", data,
            "--sessions", sessions, "--limit", 4,
        )  # fmt: skip
        took_s = time.monotonic() - begun_s
    assert ran.status == 1, ran
    last = ran.err[ran.err.index("error: ") :]
    assert any(word in last for word in ("floods the link", "m-ready", "baud rate")), last
    assert len(ran.err) < 20_000
    # It may fill what is allowed to two exchanges, in escapes of four characters a byte.
    assert (only_session(sessions) / "log.txt").stat().st_size < 2 * 4.5 * FLOOD_BYTES
    assert took_s < 60
