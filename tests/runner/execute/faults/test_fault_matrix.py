"""Runs on links and devices that fail; the whole matrix is `python tests/bench fault_matrix`."""

from __future__ import annotations

import pytest
from support.cli import only_session, tinyrunner
from support.devices.boards import Fault, board, use_board
from support.devices.fault_runs import BAD, Bench, Outcome, grid
from support.devices.link_faults import FaultPlan, Kind, plan_of
from support.inputs import write_inputs
from tinyrunner.dut_protocol.simulated.device import DeviceSettings
from tinyrunner.models.suite import AD, IC, KWS, VWW
from tinyrunner.runner.terms import Mode


def hold(bench, plans):
    """Every run ends right or can be resumed to what is right; what became of them."""
    outcomes = []
    for plan in plans:
        held = bench.run(plan)
        assert held.outcome not in BAD, held
        outcomes.append(held)
    return outcomes


@pytest.mark.parametrize("mode", [Mode.ACCURACY, Mode.PERFORMANCE], ids=lambda mode: mode.value)
def test_no_fault_of_any_kind_at_any_rate_leaves_a_wrong_result(mode, tmp_path):
    bench = Bench(tmp_path, KWS, mode, files=8 if mode is Mode.ACCURACY else None)
    held = hold(bench, [plan for _, plan in grid(KWS, 11)])
    assert len(held) == 48
    seen = {each.outcome for each in held if each.faults}
    assert {Outcome.EQUAL, Outcome.RESUMED} <= seen
    assert sum(each.retries for each in held) > 5


@pytest.mark.parametrize(("task", "files"), [(IC, 3), (VWW, 1), (AD, 1)], ids=["ic", "vww", "ad"])
def test_the_other_tasks_fare_as_well(task, files, tmp_path):
    bench = Bench(tmp_path, task, files=files)
    rate = 0.02 if task is AD else 0.5  # an ad file is 196 inputs
    kinds = [Kind.FLIP] if task is AD else [Kind.FLIP, Kind.LOSE, Kind.REBOOT]
    held = hold(bench, [plan_of(kind, rate, task, None, 3) for kind in kinds])
    assert sum(each.faults for each in held)


def test_with_the_defaults_a_flipped_digit_can_pass_which_is_why_the_guards_exist(tmp_path):
    """The same bits flipped: wrong scores without the guards, none with them."""
    plans = [FaultPlan(Kind.FLIP, 1e-4, None, seed) for seed in range(4)]
    careless = Bench(tmp_path / "careless", KWS, guarded=False, files=60)
    assert sum(careless.run(plan).wrong_inputs for plan in plans) > 0
    hold(Bench(tmp_path / "careful", KWS, files=60), plans)


class FlipsLapDigit(Fault):
    """The first digit of the ``nth`` lap time is another one."""

    def __init__(self, nth):
        self._left = nth

    def said(self, line):
        if line.startswith(b"m-lap-us-"):
            self._left -= 1
            if self._left == 0:
                return b"m-lap-us-" + bytes([line[9] ^ 1]) + line[10:]
        return line


@pytest.mark.parametrize("nth", range(6, 12))
def test_a_flipped_digit_of_a_lap_time_makes_the_window_be_measured_again(
    nth, tmp_path, monkeypatch
):
    data = write_inputs(tmp_path / "data", KWS, 5)
    settings = DeviceSettings(inference_time_s=0.0125)
    use_board(monkeypatch, board(fault=FlipsLapDigit(nth), settings=settings))
    ran = tinyrunner(
        "run", "kws", "--mode", "performance", "--dut", "sim:", "--datasets", data,
        "--sessions", tmp_path / "s", "--iterations", 850, "--json",
    )  # fmt: skip
    log = (only_session(tmp_path / "s") / "log.txt").read_text()
    assert "one may be damaged; loading and inferring anew, retry 1 of 3" in log
    windows = ran.json["performance"]["windows"]
    assert len(windows) == 5
    assert all(abs(window["elapsed_s"] - 10.625) < 0.01 for window in windows)


def test_a_board_that_reboots_now_and_then_is_identified_again_and_the_run_goes_on(tmp_path):
    bench = Bench(tmp_path, KWS, files=12)
    held = bench.run(plan_of(Kind.REBOOT, 0.2, KWS, None, 2))
    assert held.outcome is Outcome.EQUAL
    assert held.retries
    assert "the device rebooted" in held.log


def test_a_board_that_keeps_rebooting_ends_the_run_resumably(tmp_path):
    bench = Bench(tmp_path, KWS, files=40)
    held = bench.run(plan_of(Kind.REBOOT, 0.7, KWS, None, 2))
    assert held.outcome is Outcome.RESUMED
    assert "(reboot 6 of this run)" in held.why
    assert held.retries == 5 + 1
