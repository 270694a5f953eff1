"""Talking to a device by hand, or from a pipe."""

from __future__ import annotations

from support.cli import tinyrunner
from support.inputs import write_inputs
from tinyrunner.models.suite import KWS


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
    assert "error: unknown command 'frobnicate'" in ran.out
    assert "error: `dut infer`: expected `dut infer N W`" in ran.out
    assert "No such file" in ran.out
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
