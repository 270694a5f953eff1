"""What a retry leaves in the journal, and how readers take it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.cli import inferences, only_session, tinyrunner
from support.devices.boards import Fault, board, use_board
from support.devices.dialogue import NOT_VERIFYING, Listener, dialogue
from support.inputs import write_inputs
from support.sessions.logs import START, STOP, Inference, log_lines, one_hot
from tinyrunner.dut_protocol.errors import DutProtocolError, DutRebooted, DutTimeout
from tinyrunner.dut_protocol.host.dut import Identity
from tinyrunner.dut_protocol.host.inference import Inference as Inferred
from tinyrunner.dut_protocol.wire.boot_banner import TimestampMode
from tinyrunner.dut_protocol.wire.settings import ConfirmResults
from tinyrunner.models.suite import KWS
from tinyrunner.runner.execute.steps.recovery import MAX_REBOOTS, MAX_RETRIES, LapCheck, Recovery
from tinyrunner.runner.journal.open_log import open_log

FIRST = Inference("a_0.bin", one_hot(0), step=5)
VOID = Inference("b_1.bin", one_hot(7), step=7)
GOOD = Inference("b_1.bin", one_hot(1), step=7)
RETRY = "00030.000 session: m-session-retry-step[7]"


def read(tmp_path, lines, **options):
    log = tmp_path / "log.txt"
    log.write_text("\n".join(lines) + "\n")
    with open_log(log, **options) as reader:
        return [(record.file, record.scores) for record in reader], reader.facts


@pytest.mark.parametrize("kept", range(0, len(VOID.lines()) + 1))
def test_what_a_step_left_before_its_retry_is_void_wherever_it_failed(kept, tmp_path):
    lines = [*START, *FIRST.lines(), *VOID.lines()[:kept], RETRY, *GOOD.lines(), *STOP]
    rows, facts = read(tmp_path, lines)
    assert rows == [("a_0.bin", one_hot(0)), ("b_1.bin", one_hot(1))]
    assert (facts.retry_count, facts.resume_count, facts.finished) == (1, 0, True)


@pytest.mark.parametrize("marker", [RETRY, "00030.000 session: m-session-resume-id[1]-step[7]"])
def test_an_answer_that_comes_late_belongs_to_no_step(marker, tmp_path):
    """A `name%` can end a half `infer`, which the device then executes."""
    late = [line for line in VOID.infer() if " dut: " in line]
    lines = [*START, *FIRST.lines(), *VOID.lines()[:12], marker, *late, *GOOD.lines(), *STOP]
    rows, _ = read(tmp_path, lines)
    assert rows == [("a_0.bin", one_hot(0)), ("b_1.bin", one_hot(1))]


def test_a_log_without_a_retry_reads_as_before(tmp_path):
    rows, facts = read(tmp_path, log_lines([FIRST, GOOD]))
    assert len(rows) == 2
    assert facts.retry_count == 0


# ---- the log of a run --------------------------------------------------------------------------


class FlipsDigit(Fault):
    """The ``nth`` result line comes with another digit."""

    def __init__(self, nth):
        self._left = nth

    def said(self, line):
        if line.startswith(b"m-results-["):
            self._left -= 1
            if self._left == 0:
                return line.replace(b"[0.", b"[9.")
        return line


def run(data, sessions, *more):
    return tinyrunner(
        "run", "kws", "--mode", "accuracy", "--datasets", data, "--sessions", sessions, "--json",
        "--dut", "sim:", *more,
    )  # fmt: skip


@pytest.mark.parametrize("nth", [5, 6], ids=["the answer", "its confirmation"])
def test_a_digit_flipped_in_an_answer_is_noticed_where_answers_are_confirmed(
    nth, tmp_path, monkeypatch
):
    data = write_inputs(tmp_path / "data", KWS, 6)
    use_board(monkeypatch, board())
    run(data, tmp_path / "whole")
    use_board(monkeypatch, board(fault=FlipsDigit(nth)))
    ran = run(data, tmp_path / "s", "--confirm-results", "all")
    assert ran.status == 3, ran
    session = only_session(tmp_path / "s")
    assert inferences(session) == inferences(only_session(tmp_path / "whole"))
    log = (session / "log.txt").read_text()
    assert "the link corrupts data" in log
    assert log.count("m-session-retry-step[") == 1
    # The void answer's m-ready was never told: a log that ended there would not count it.
    void = log[: log.index("m-session-retry-step[")].splitlines()[-2]
    assert "m-results-[" in void
    assert log.count("dut: m-results-[") == 6 + 1, "confirmations would count as answers"


def test_without_confirmation_the_flipped_digit_is_recorded(tmp_path, monkeypatch):
    data = write_inputs(tmp_path / "data", KWS, 6)
    use_board(monkeypatch, board(fault=FlipsDigit(3)))
    run(data, tmp_path / "s")
    assert inferences(only_session(tmp_path / "s"))[2][2][0] >= 9


# ---- the limits --------------------------------------------------------------------------------


class Lines:
    def __init__(self):
        self.lines = []

    def write(self, source, text):
        self.lines.append(f"{source}: {text}")

    def flush(self):
        pass


class Answers:
    """A device that comes back as what it is told to be."""

    address = "fake:"

    def __init__(self, *identities):
        self.listener = Listener()
        self._identities = list(identities)
        self.resyncs = 0

    def resync(self):
        self.resyncs += 1

    def identify(self):
        return self._identities.pop(0)


KNOWN = Identity("acme", "p", "kws01", None)


def test_an_input_is_retried_so_often_and_no_more():
    journal, dut = Lines(), Answers()
    recovery = Recovery(dut, journal, KNOWN)
    for _ in range(2):
        recovery.next_input()
        for _ in range(MAX_RETRIES):
            recovery.recover(DutTimeout("silence"), 7)
        with pytest.raises(DutTimeout, match="silence"):
            recovery.recover(DutTimeout("silence"), 7)
    assert dut.resyncs == 2 * MAX_RETRIES
    assert journal.lines == ["session: m-session-retry-step[7]"] * 2 * (MAX_RETRIES + 1)
    assert "retry 3 of 3" in dut.listener.notes[2]


def test_a_run_bears_so_many_reboots_and_no_more():
    recovery = Recovery(Answers(*[KNOWN] * 9), Lines(), KNOWN)
    for _ in range(MAX_REBOOTS):
        recovery.next_input()
        recovery.recover(DutRebooted("banner"), 7)
    recovery.next_input()
    with pytest.raises(DutRebooted, match="reboot 6 of this run"):
        recovery.recover(DutRebooted("banner"), 7)


def test_another_firmware_after_a_reboot_ends_the_run():
    other = Identity("acme", "p", "vww01", None)
    dut = Answers(other, other, other, other)
    with pytest.raises(DutProtocolError, match=r"after its reboot .*vww01"):
        Recovery(dut, Lines(), KNOWN).recover(DutRebooted("banner"), 7)


def test_energy_firmware_after_a_reboot_ends_the_run_and_an_unknown_mode_does_not():
    was = replace(KNOWN, boot_mode=TimestampMode.PERFORMANCE)
    Recovery(Answers(KNOWN), Lines(), was).recover(DutRebooted("banner"), 7)
    dut = Answers(*[replace(KNOWN, boot_mode=TimestampMode.ENERGY)] * 4)
    with pytest.raises(DutProtocolError, match=r"after its reboot .*energy.*performance"):
        Recovery(dut, Lines(), was).recover(DutRebooted("banner"), 7)


def test_a_device_that_was_misheard_after_its_reboot_is_still_the_same():
    noisy = Identity("acne", "p", "kws01", None)
    dut = Answers(noisy, KNOWN)
    Recovery(dut, Lines(), KNOWN).recover(DutRebooted("banner"), 7)
    assert len(dut.listener.notes) == 2


# ---- lap times ---------------------------------------------------------------------------------


def window(device_s, host_s=10.0, iterations=800, off_s=None):
    end_us = 1_000_000 + round(device_s * 1e6)
    return Inferred(iterations, 1, (0.5, 0.5), 1_000_000, end_us, host_s, (0.0, host_s), off_s)


def lap_check(*, strict, resolution_s=None):
    confirm = ConfirmResults.ALL if strict else ConfirmResults.NEVER
    with dialogue([], settings=replace(NOT_VERIFYING, confirm_results=confirm)) as talk:
        talk.timer.resolution_s = resolution_s
        return LapCheck(talk.dut, talk.timer), talk


def test_a_window_that_the_host_saw_too_is_taken():
    check, _ = lap_check(strict=False)
    for device_s in (10.0, 9.6, 10.4):
        check.check(window(device_s))


def test_a_lap_time_with_a_flipped_digit_is_doubted_and_the_next_window_taken():
    check, _ = lap_check(strict=True)
    with pytest.raises(DutProtocolError, match="m-lap-us-1000000 and m-lap-us-12000000"):
        check.check(window(11.0))
    check.check(window(10.0))


def test_a_timer_that_says_the_same_again_is_believed_and_not_doubted_any_more():
    """What it deviates by is for the rules to judge."""
    check, _ = lap_check(strict=False)
    with pytest.raises(DutProtocolError):
        check.check(window(20.0))
    for device_s in (20.0, 20.1, 19.9):
        check.check(window(device_s))


def test_a_timer_that_wanders_is_taken_at_the_third_window():
    check, _ = lap_check(strict=False)
    for device_s in (20.0, 31.0):
        with pytest.raises(DutProtocolError):
            check.check(window(device_s))
    check.check(window(45.0))


def test_of_a_single_inference_the_lap_times_do_not_matter():
    check, _ = lap_check(strict=True)
    check.check(window(20.0, 0.02, iterations=1))


def test_a_lap_time_that_the_counters_readings_contradict_is_doubted():
    check, _ = lap_check(strict=True, resolution_s=0.002)
    check.check(window(10.0, off_s=0.0015))
    for off_s in (0.005, 0.3, 0.3, 0.3):  # 0.3 s is no busy host
        with pytest.raises(DutProtocolError, match=r"ms off, and the link allows 2\.0 ms"):
            check.check(window(10.005, off_s=off_s))
    check.check(window(10.0, off_s=0.0))


def test_a_host_that_became_busy_is_asked_for_less():
    check, talk = lap_check(strict=True, resolution_s=0.002)
    check.check(window(10.0, off_s=0.0015))
    for _ in range(2):
        with pytest.raises(DutProtocolError):
            check.check(window(10.0, off_s=0.01))
    check.check(window(10.0, off_s=0.005))
    assert talk.timer.resolution_s == pytest.approx(0.012)
    assert "lap times are compared to 12.0 ms" in talk.listener.notes[0]


def test_firmware_whose_timestamp_never_agrees_with_its_lap_times_is_not_asked_any_more():
    check, talk = lap_check(strict=True, resolution_s=0.002)
    for _ in range(2):
        with pytest.raises(DutProtocolError):
            check.check(window(10.0, off_s=0.3))
    check.check(window(10.0, off_s=0.3))
    assert talk.timer.resolution_s is None
    assert "to 2% and 50 ms" in talk.listener.notes[0]
