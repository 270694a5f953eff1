"""What `check` says of boards with the habits of published firmware."""

from __future__ import annotations

import pytest
from support.devices.scripted import Habits, ScriptedDevice
from tinyrunner.dut_protocol.conformance.probe import CheckOptions
from tinyrunner.dut_protocol.conformance.report import ConformanceReport, Verdict
from tinyrunner.dut_protocol.conformance.run import check_device
from tinyrunner.dut_protocol.link.clock import VirtualClock
from tinyrunner.dut_protocol.simulated.link import SimulatedLink
from tinyrunner.dut_protocol.wire.boot_banner import TimestampMode
from tinyrunner.dut_protocol.wire.settings import LinkSettings


def checked(habits: Habits) -> ConformanceReport:
    clock = VirtualClock()
    device = ScriptedDevice(habits)
    device.boot(0.0)
    settings = LinkSettings(baud_rate=habits.baud_rate)
    wire = SimulatedLink(device, clock, "scripted")
    return check_device(wire, clock, settings, CheckOptions(quick=True))


def verdict(report: ConformanceReport, title: str) -> tuple[Verdict, str]:
    item = next(item for item in report.items if item.title == title)
    return item.verdict, item.found


REFUSALS = (
    "unknown command",
    "wrong arguments of infer",
    "wrong arguments of db",
    "odd number of hex digits",
    "invalid hex digit",
)

ECHOES = {
    "none": Habits(),
    "the command": Habits(echo=b"%s%%"),
    "without its end": Habits(echo=b"%s"),
    "with a prompt": Habits(echo=b"> %s%%", prompt=b"> "),
    "on a line": Habits(echo=b"> %s\r\n"),
    "each character": Habits(echo_each=True),
    "a prompt alone": Habits(prompt=b"uart:~$ "),
    "colours": Habits(prefix=b"\x1b[0m"),
}


@pytest.mark.parametrize("habits", ECHOES.values(), ids=list(ECHOES))
def test_refusals_are_found_behind_an_echo_and_a_prompt(habits: Habits):
    report = checked(habits)
    for title in REFUSALS:
        assert verdict(report, title) == (Verdict.PASS, "refused, and goes on"), title
    assert verdict(report, "input of a wrong size")[0] is Verdict.PASS
    assert verdict(report, "ends of lines")[0] is Verdict.PASS
    assert report.passed


@pytest.mark.parametrize("echo", [b"%s%%", b"%s", b"> %s%%\r\n", b"> %s\r\n"])
def test_an_echo_is_no_chatter_and_a_print_of_the_firmwares_own_is(echo: bytes):
    title = "lines beside the protocol"
    found, text = verdict(checked(Habits(echo=echo)), title)
    assert (found, text) == (
        Verdict.PASS,
        "none but the echoes of commands, which cost time on the wire",
    )
    found, text = verdict(checked(Habits(echo=echo, in_window=b"[I] tick\r\n")), title)
    assert found is Verdict.WARN
    assert "lines, first '[I] tick'" in text


@pytest.mark.parametrize(
    ("lap", "said"),
    [
        ("signed", "is taken for"), ("decimals", "is taken for"), ("padded", "is taken for"),
        ("zeros", "is taken for"), ("unit", "is taken for"),
        ("ld", "is no number"), ("lld", "is no number"), ("empty", "is no number"),
        ("lu", "is no number"), ("exponent", "is no count of microseconds"),
    ],
)  # fmt: skip
def test_a_time_stamp_that_is_no_plain_number_fails_and_is_no_sign_of_energy_firmware(lap, said):
    report = checked(Habits(lap=lap))
    assert report.facts.mode is TimestampMode.PERFORMANCE
    found, text = verdict(report, "timestamp")
    assert found is Verdict.FAIL
    assert said in text
    assert not report.passed


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("elemented", Verdict.PASS), ("elements", Verdict.PASS), ("bytes", Verdict.PASS),
        ("zu", Verdict.WARN), ("%zu", Verdict.WARN), ("nothing", Verdict.WARN),
    ],
)  # fmt: skip
def test_every_spelling_of_a_size_is_one_and_a_size_without_its_number_is_a_warning(line, expected):
    report = checked(Habits(size_line=line))
    assert verdict(report, "input of a wrong size")[0] is expected
    assert verdict(report, "input of a wrong size")[1].startswith("Input db has ")


def test_sizes_that_agree_are_no_fault():
    assert checked(Habits(size_always=True)).passed
