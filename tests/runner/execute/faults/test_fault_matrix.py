"""Runs on links and devices that fail; the whole matrix is `python tests/bench fault_matrix`."""

from __future__ import annotations

import pytest
from support.cli import document, only_session, tinyrunner
from support.devices.boards import Fault, board, use_board
from support.devices.faults.fault_runs import BAD, Bench, Outcome, Way, grid
from support.devices.faults.link_faults import WHOLE_KINDS, FaultPlan, Kind, plan_of
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
    assert len(held) == 60
    seen = {each.outcome for each in held if each.faults}
    assert {Outcome.EQUAL, Outcome.RESUMED} <= seen
    assert sum(each.retries for each in held) > 5


@pytest.mark.parametrize("way", [Way.PIPELINED, Way.EXTENDED], ids=lambda way: way.value)
def test_inputs_that_go_otherwise_over_the_link_fare_as_well(way, tmp_path):
    bench = Bench(tmp_path, KWS, way=way, files=8)
    held = hold(bench, [plan for faults, plan in grid(KWS, 7) if faults == 0.2])
    assert len(held) == 20
    assert Outcome.EQUAL in {each.outcome for each in held if each.faults}


@pytest.mark.parametrize("way", Way, ids=lambda way: way.value)
def test_the_defaults_survive_what_is_delivered_twice_or_never(way, tmp_path):
    """The protocol's own structure tells: one m-ready a command, m-load-done once."""
    bench = Bench(tmp_path, KWS, guarded=False, way=way, files=12)
    rate = 2.0 if way is Way.EXTENDED else 0.5  # a load takes a quarter of the commands
    held = hold(bench, [plan_of(kind, rate, KWS, None, n) for kind in WHOLE_KINDS for n in (1, 2)])
    assert sum(each.faults for each in held) >= 4
    assert not any(each.wrong_inputs for each in held)


def test_an_infer_that_is_delivered_twice_is_no_second_inference(tmp_path, monkeypatch):
    """Its other answer comes in the next load's step."""

    class Twice(Fault):
        def heard(self, data):
            return data * 2 if data == b"infer 1 0%" else data

    data = write_inputs(tmp_path / "data", KWS, 5)
    use_board(monkeypatch, board(fault=Twice()))
    ran = tinyrunner(
        "run", "kws", "--mode", "accuracy", "--dut", "sim:", "--datasets", data,
        "--sessions", tmp_path / "s",
    )  # fmt: skip
    assert ran.status == 1, ran
    assert "for the second time: any answer may be that of another command" in ran.err
    session = only_session(tmp_path / "s")
    use_board(monkeypatch, board())
    ran = tinyrunner("run", "--resume", session, "--json")
    assert ran.json["accuracy"]["inputs"] == 5, ran


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
    """A digit of the ``nth`` lap time is another one: the first, or what ``place`` says."""

    def __init__(self, nth, place=9):
        self._left, self._place = nth, place

    def said(self, line):
        if line.startswith(b"m-lap-us-"):
            self._left -= 1
            if self._left == 0:
                digits = bytearray(line)
                digits[self._place] ^= 1
                return bytes(digits)
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


@pytest.mark.parametrize("nth", range(24, 32))
def test_where_answers_are_confirmed_a_digit_of_10_ms_is_seen_as_well(nth, tmp_path, monkeypatch):
    """A thousandth of the window, in any lap time of the first two windows or beside them."""
    data = write_inputs(tmp_path / "data", KWS, 5)
    settings = DeviceSettings(inference_time_s=0.0125)
    fault = FlipsLapDigit(nth, place=-7)
    use_board(monkeypatch, board(fault=fault, settings=settings))
    ran = tinyrunner(
        "run", "kws", "--mode", "performance", "--dut", "sim:", "--datasets", data,
        "--sessions", tmp_path / "s", "--iterations", 850, "--json", "--confirm-results", "all",
    )  # fmt: skip
    session = only_session(tmp_path / "s")
    windows = [each["elapsed_s"] for each in ran.json["performance"]["windows"]]
    assert max(windows) - min(windows) < 0.001
    assert document(session)["provenance"]["link"]["lap_resolution_s"] == pytest.approx(0.001)
    log = (session / "log.txt").read_text()
    assert "the link allows 1.0 ms; one may be damaged" in log


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
