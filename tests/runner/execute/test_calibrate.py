"""N: every window holds ten seconds and ten inferences with five per cent to spare."""

from __future__ import annotations

import pytest
from support.cli import document, only_session, tinyrunner
from support.devices.boards import Fault, HashModel, board, use_board
from support.inputs import write_inputs
from tinyrunner.dut_protocol.simulated.device import DeviceSettings, SimulatedDut
from tinyrunner.models.suite import KWS


@pytest.fixture
def measure(tmp_path, monkeypatch):
    data = write_inputs(tmp_path / "data", KWS, 5)

    def run(device):
        use_board(monkeypatch, device)
        return tinyrunner(
            "run", "kws", "--mode", "performance", "--dut", "sim:", "--datasets", data,
            "--sessions", tmp_path / "s", "--json",
        )  # fmt: skip

    return run


def device(kind=SimulatedDut, **settings):
    return kind(HashModel(KWS), DeviceSettings(vendor="Acme", **settings))


@pytest.mark.parametrize("baud_rate", [115200, 9600, 0])
@pytest.mark.parametrize(
    "inference_time_s", [3e-6, 0.0004, 0.02, 0.0999, 0.95, 0.955, 1.0, 1.049, 3.0, 12.0]
)
def test_windows_hold_with_five_per_cent_to_spare(inference_time_s, baud_rate, measure):
    ran = measure(device(inference_time_s=inference_time_s, baud_rate=baud_rate))
    windows = ran.json["performance"]["windows"]
    assert len(windows) == 5
    for window in windows:
        assert window["elapsed_s"] >= 10.4999
        assert window["iterations"] >= 11
    if inference_time_s < 0.9:
        assert windows[0]["elapsed_s"] < 11.7  # and nobody's time is wasted


def test_the_way_to_n_is_in_the_provenance_and_in_a_log_of_its_own(measure, tmp_path):
    ran = measure(device(inference_time_s=0.02))
    session = only_session(tmp_path / "s")
    found = document(session)["provenance"]["iterations_found"]
    assert found["by"] == "calibration"
    assert found["iterations"] == 525
    assert found["clock"] == "device"
    assert found["inference_s"] == pytest.approx(0.02, rel=1e-4)
    text = (session / "calibration.txt").read_text()
    assert "m-results-[" in text
    assert f"m-infer-start-{found['measured_iterations']}" in text
    assert f"m-infer-start-{found['measured_iterations']}\n" not in (
        session / "log.txt"
    ).read_text().replace("525", "")
    assert ran.json["performance"]["windows"][0]["iterations"] == 525


def test_a_slow_first_inference_does_not_make_windows_much_too_long(measure):
    class Lazy(SimulatedDut):
        first = True

        def receive(self, data, start_s):
            if data.startswith(b"infer") and self.first:
                self.first = False
                self.now_s += 0.8
            super().receive(data, start_s)

    ran = measure(device(Lazy, inference_time_s=0.02))
    assert ran.json["performance"]["windows"][0]["elapsed_s"] < 12


class Counting(SimulatedDut):
    """Its timer counts ``per_second`` instead of a million."""

    per_second = 0.0

    def counter_us(self):
        return int(self.now_s * self.per_second)


@pytest.mark.parametrize("per_second", [0, 1000, 32768])
def test_a_timer_that_stands_still_or_counts_something_else_is_told_within_seconds(
    per_second, measure, tmp_path
):
    board = device(Counting, inference_time_s=0.02)
    board.per_second = per_second
    ran = measure(board)
    assert ran.status == 1, ran
    assert "does it count microseconds?" in ran.err
    assert "run it again" in ran.err
    assert board.now_s < 30
    assert "m-session-error" in (only_session(tmp_path / "s") / "calibration.txt").read_text()


@pytest.mark.parametrize("before_s", [0.5, 0.7, 0.9, 1.1, 1.3, 1.5, 1.7, 1.9])
def test_a_timer_that_wraps_early_does_not_lead_calibration_astray(before_s, measure, tmp_path):
    wraps_at_us = 572_660_000  # 2^32 ticks of 7.5 MHz
    start_us = wraps_at_us - int(before_s * 1e6)
    ran = measure(
        device(inference_time_s=0.02, counter_start_us=start_us, counter_wraps_at_us=wraps_at_us)
    )
    found = document(only_session(tmp_path / "s"))["provenance"]["iterations_found"]
    assert 520 <= found["iterations"] <= 590
    invalid = [window for window in ran.json["performance"]["windows"] if window["invalid"]]
    assert len(invalid) <= 1  # the one that the wrap falls into


def test_a_counter_that_wraps_at_2_to_the_32_is_no_trouble(measure):
    start = 2**32 - 1_500_000
    ran = measure(device(inference_time_s=0.02, counter_start_us=start))
    assert [f["kind"] for f in ran.json["findings"]] == ["list not official"]


class DamagesItsSecondAnswer(Fault):
    """As often as that, at the 8th bit of one character."""

    def __init__(self, times: int) -> None:
        self.left = times
        self.answers = 0

    def said(self, line: bytes) -> bytes:
        if b"m-infer-done" in line:
            self.answers += 1
            if self.answers > 1 and self.left:
                self.left -= 1
                return line.replace(b"done", b"d\xefne")
        return line


def test_an_answer_damaged_while_calibrating_is_asked_for_again(measure, tmp_path):
    ran = measure(board(fault=DamagesItsSecondAnswer(3), settings=DeviceSettings()))
    assert len(ran.json["performance"]["windows"]) == 5, ran
    session = only_session(tmp_path / "s")
    text = (session / "calibration.txt").read_text()
    assert text.count("m-session-retry-step") == 3
    assert text.count('Command "bload dut') == 4
    assert "retry" not in (session / "log.txt").read_text()


def test_a_device_that_goes_on_damaging_its_answers_ends_the_calibration(measure, tmp_path):
    ran = measure(board(fault=DamagesItsSecondAnswer(99), settings=DeviceSettings()))
    assert ran.status == 1, ran
    text = (only_session(tmp_path / "s") / "calibration.txt").read_text()
    assert "retry 3 of 3" in text
