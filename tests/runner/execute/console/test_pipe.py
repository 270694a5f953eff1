"""Talking to a device by hand, from a pipe."""

from __future__ import annotations

import pytest
from support.benches.streaming_runs import WAV, recordings
from support.cli import tinyrunner
from support.inputs import write_inputs
from tinyrunner.dut_protocol.wire.commands import COMMAND_WORDS, Raw, parse_command
from tinyrunner.models.suite import AD, IC, KWS, VWW
from tinyrunner.runner.execute.console import next_words, scores_in_words


def talk(*lines, dut="sim:kws01"):
    return tinyrunner("console", "--dut", dut, stdin="".join(f"{line}\n" for line in lines))


def test_commands_are_answered_as_the_device_says(tmp_path):
    data = write_inputs(tmp_path, KWS, 1)
    file = data / "kws01" / "tst_000000_Down_0.bin"
    ran = talk("dut name", f'bload dut "{file}"', "dut infer 10 1", "dut results", "quit")
    assert ran.status == 0, ran
    assert "dut: m-name-dut-[tinyrunner-simulated]" in ran.out
    assert "490 bytes loaded" in ran.out
    assert "dut: m-infer-start-10" in ran.out
    assert "inf/s by the host" in ran.out
    assert ran.out.count("dut: m-results-[") == 2


def test_an_error_is_shown_the_console_goes_on_and_the_pipe_is_told():
    ran = talk("dut nonsense", "frobnicate", "dut infer", 'bload dut "/no/file"', "dut profile")
    assert ran.status == 1, ran
    assert "e-[Unknown command: nonsense]" in ran.out
    assert "error: the device does not know 'nonsense'; `dut help` lists what it knows" in ran.out
    assert "error: there is no command 'frobnicate'; `help` lists" in ran.out
    assert "error: `dut infer`: expected `dut infer N W`" in ran.out
    assert "error: /no/file: No such file" in ran.out
    assert "m-model-[kws01]" in ran.out


def test_help_and_an_empty_line_are_harmless():
    ran = talk("", "help", "version", "echo hello 5", "umount", "dut never-reached")
    assert ran.status == 0, ran
    assert "bload dut" in ran.out
    assert "hello" in ran.out
    assert "never-reached" not in ran.out


def test_a_device_that_is_not_there_is_a_usage_error():
    assert tinyrunner("console", "--dut", "/dev/ttyNOT0").status == 2
    assert tinyrunner("console").status == 2


def test_a_bare_command_of_the_device_is_sent_to_it():
    ran = talk("profile", "db load 0", "infre 1 0", "umont")
    assert "m-model-[kws01]" in ran.out
    assert "error: the device refuses that: Command 'db load' must be >0 bytes" in ran.out
    assert "error: there is no command 'infre'; did you mean infer?" in ran.out
    assert "error: there is no command 'umont'; did you mean umount?" in ran.out


@pytest.mark.parametrize("word", COMMAND_WORDS)
def test_what_may_stand_bare_is_what_the_reference_firmware_knows(word):
    assert not isinstance(parse_command(word), Raw)


def test_scores_come_with_the_names_of_their_classes(tmp_path):
    data = write_inputs(tmp_path, KWS, 1)
    ran = talk(f'bload dut "{data / "kws01" / "tst_000000_Down_0.bin"}"', "infer 1 0")
    results = next(line for line in ran.out.splitlines() if "m-results-[" in line)
    scores = [float(text) for text in results.partition("[")[2].rstrip("]").split(",")]
    best = KWS.class_names[scores.index(max(scores))]
    assert f"{results}\n    {best} {max(scores):g}, " in ran.out


@pytest.mark.parametrize(("scores", "task", "said"), [
    ((0.25, 0.75), VWW, "person 0.75, non-person 0.25"),
    ((0, 0, 0, 5, 0, 0, 0, 9, 1, 0), IC, "horse 9, cat 5, ship 1"),
    ((0.0,) * 12, KWS, "all 12 scores are 0"),
    ((12.5,), AD, "anomaly detection: 12.5 (the higher, the more of an anomaly)"),
    ((1.0,), KWS, "1 scores, where kws has 12"),
])  # fmt: skip
def test_scores_in_words(scores, task, said):
    assert scores_in_words(scores, task).strip() == said


@pytest.mark.parametrize(("typed", "words"), [
    ("", ["umount", "version", "dut", "bload", "echo", *COMMAND_WORDS, "quit"]),
    ("in", ["infer"]),
    ("dut ", list(COMMAND_WORDS)),
    ("db ", ["load", "print"]),
    ("bload ", ["dut"]),
    ("emon ", []),
])  # fmt: skip
def test_what_may_stand_next_is_proposed(typed, words):
    assert next_words(typed, energy=False) == words


@pytest.mark.parametrize(("typed", "words"), [
    ("emon ", ["voltage", "power", "timer", "trace"]),
    ("emon power ", ["on", "off"]),
    ("emon trace o", ["on", "off"]),
    ("io dut p", ["profile"]),
    ("bl", ["bload", "bloadp"]),
])  # fmt: skip
def test_with_a_monitor_its_verbs_are_proposed_too(typed, words):
    assert next_words(typed, energy=True) == words


def test_an_interface_board_and_what_is_behind_it_are_talked_to(tmp_path):
    recordings(tmp_path)
    lines = ("ib name", "ib ls", "ib checkbaud", "ib dut start", "ib record", f"ib play {WAV}",
             "ib dut stop", "ib detections", "ib dutycycle", "ib play other.wav",
             "help")  # fmt: skip
    ran = tinyrunner(
        "console", "--dut", "sim:sww01", "--datasets", tmp_path,
        stdin="".join(f"{line}\n" for line in lines),
    )  # fmt: skip
    assert ran.status == 1  # for the one that is not on the card
    assert "ib: tinyML Enhanced Interface Board" in ran.out
    assert "ib: [dut]: Listening for I2S data" in ran.out
    assert "ib: succeeded." in ran.out
    assert "ib: Duty cycle stop times (s)" in ran.out
    assert (
        "error: sim:sww01: other.wav is not on the board's card, which holds ten_s.wav" in ran.out
    )
    assert "ib setbaud BAUD" in ran.out
    refused = talk("ib name", 'feed "a.wav"')
    assert "this bench has no interface board: give --interface-board" in refused.out
    assert "this verb is for a run of a streaming task without a board" in refused.out
