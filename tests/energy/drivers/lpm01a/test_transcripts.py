"""The LPM01A's driver against what boards say, and against nothing of ours."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from support.devices.dialogue import CUTS, ScriptedTransport
from support.energy.transcripts import dialogues
from tinyrunner.dut_protocol.link.clock import VirtualClock
from tinyrunner.energy.drivers.lpm01a.driver import Lpm01a
from tinyrunner.energy.errors import MonitorError, MonitorRefused, SamplesLost
from tinyrunner.energy.trace import TraceWriter

TALK = dialogues("lpm01a")
OPENING, END = TALK["the opening"].pairs, TALK["the end"].pairs


@contextmanager
def monitor(*pairs, opening=OPENING, end=END, cut="whole"):
    """The driver, opened on a board that says this in between; all of it must be said."""
    clock = VirtualClock()
    transport = ScriptedTransport(clock, [*opening, *pairs, *end], cut=CUTS[cut])
    with Lpm01a.open(transport, clock) as opened:
        yield opened
    if cut != "whole":
        transport.forget()  # the end of the last line
    transport.finish()
    assert transport.closed


def recorded(opened, tmp_path):
    opened.start(TraceWriter(tmp_path / "trace.bin", 1000.0))
    opened.service()
    return opened.stop()


@pytest.mark.parametrize("cut", CUTS)
def test_the_opening_tells_who_it_is(cut):
    with monitor(cut=cut) as opened:
        identity = opened.identify()
    assert identity.serial == "000000000-0000000000-0000000"
    assert identity.firmware == "1.0.7"


def test_the_serial_number_is_found_in_its_other_place():
    other = TALK["the serial number as the help text has it"].pairs
    with monitor(opening=[pair if pair[0] != other[0][0] else other[0] for pair in OPENING]) as one:
        assert one.identify().serial == "540554545-1430736921-1900587"


@pytest.mark.parametrize(
    "name",
    [
        "the first command is refused, and taken when it is sent again",
        "the first command is refused without being named",
    ],
)
def test_a_first_htc_that_is_refused_is_sent_again_and_noted(name, tmp_path):
    recording = TALK["a recording"].pairs[1:]
    with monitor(*recording, opening=[*TALK[name].pairs, *OPENING[1:]]) as opened:
        trace = recorded(opened, tmp_path)
    (said,) = [line for line in trace.provenance["said"] if line.startswith("at first: ")]
    assert "htc: error" in said
    assert "Command unknown" in said


def test_a_second_htc_that_is_refused_is_an_error():
    refused = TALK["the first command is refused, and taken when it is sent again"].pairs[0]
    with (
        pytest.raises(MonitorRefused, match=r"htc: error htc: Error detail: Command unknown"),
        monitor(opening=[refused, refused]),
    ):
        pass


@pytest.mark.parametrize("volts", [1.8, 2.5, 3.0, 3.3])
def test_a_voltage_is_read_as_mantissa_and_exponent(volts):
    with monitor(*TALK[f"{volts} V"].pairs) as opened:
        assert opened.set_supply(volts) == pytest.approx(volts)


def test_a_measured_voltage_is_told_and_recorded(tmp_path):
    pairs = [*TALK["the voltage is a measured one"].pairs, *TALK["a recording"].pairs]
    with monitor(*pairs) as opened:
        assert opened.set_supply(3.3) == pytest.approx(3.292)
        opened.power(True)
        trace = recorded(opened, tmp_path)
    assert trace.provenance["supply_v"] == 3.3
    assert trace.provenance["supply_measured_v"] == pytest.approx(3.292)


def measuring(volts: float, millivolts: int):
    """`volt` and `volt get` where the board measures so many millivolts."""
    asked, answered = TALK[f"{volts} V"].pairs
    nominal = b"%04d-03" % round(volts * 1000)
    return asked, (answered[0], answered[1].replace(nominal, b"%04d-03" % millivolts))


@pytest.mark.parametrize(
    ("volts", "millivolts"),
    [(1.8, 1780), (1.8, 1820), (2.5, 2475), (2.5, 2525), (3.0, 2970), (3.3, 3267), (3.3, 3333)],
)
def test_one_per_cent_or_20_mv_is_allowed(volts, millivolts):
    with monitor(*measuring(volts, millivolts)) as opened:
        assert opened.set_supply(volts) == pytest.approx(millivolts / 1000)


@pytest.mark.parametrize(
    ("volts", "millivolts"), [(1.8, 1779), (1.8, 1821), (3.0, 2969), (3.3, 3334), (1.8, 3300)]
)
def test_more_is_refused_with_both_values_and_nothing_is_switched_on(volts, millivolts):
    with monitor(*measuring(volts, millivolts), END[0]) as opened:  # it is switched off
        said = rf"set to {volts:g} V it measures {millivolts / 1000:g} V.*at most"
        with pytest.raises(MonitorRefused, match=said):
            opened.set_supply(volts)
        with pytest.raises(MonitorRefused, match="set the supply"):
            opened.power(True)


def test_a_voltage_in_another_form_is_not_guessed():
    asked, (question, answer) = TALK["3.0 V"].pairs
    with (
        monitor(asked, (question, answer.replace(b"3000-03", b"3000m"))) as opened,
        pytest.raises(MonitorError, match="it measures '3000m', where a voltage such as 3300-03"),
    ):
        opened.set_supply(3.0)


@pytest.mark.parametrize(
    ("name", "volts"),
    [
        ("service lines stand in front of the answer", 3.0),
        ("a service line stands behind the answer", 3.3),
    ],
)
@pytest.mark.parametrize("cut", CUTS)
def test_service_lines_are_news(name, volts, cut, tmp_path):
    with monitor(*TALK[name].pairs, *TALK["a recording"].pairs, cut=cut) as opened:
        assert opened.set_supply(volts) == pytest.approx(volts)
        opened.power(True)
        trace = recorded(opened, tmp_path)
    assert "calibration request handled" in trace.provenance["said"]


@pytest.mark.parametrize("cut", CUTS)
def test_a_recording_has_its_samples_and_its_event(cut, tmp_path):
    with monitor(*TALK["3.0 V"].pairs, *TALK["a recording"].pairs, cut=cut) as opened:
        opened.set_supply(3.0)
        opened.power(True)
        trace = recorded(opened, tmp_path)
    assert trace.samples_uj.tolist() == pytest.approx([15.42] * 3)
    assert trace.events_s == (0.002,)
    assert trace.gaps == ()
    said = trace.provenance["said"] + trace.provenance["said_while_recording"]
    assert said == ["ack pwr on nostatus", "end"]  # the one that came twice


def test_a_summary_is_news(tmp_path):
    with monitor(*TALK["a recording whose end has a summary"].pairs) as opened:
        trace = recorded(opened, tmp_path)
    assert len(trace.samples_uj) == 1
    said = trace.provenance["said_while_recording"]
    assert said == ["end", "summary beg", "Acquisition mode: dynamic", "summary end"]


@pytest.mark.parametrize("cut", CUTS)
def test_time_stamps_of_every_kind_and_events_of_both_words_are_read(cut, tmp_path):
    with monitor(*TALK["time stamps of every kind"].pairs, cut=cut) as opened:
        with pytest.raises(SamplesLost, match="2 broken lines; its buffer was 100 % full"):
            recorded(opened, tmp_path)
        trace = opened.trace
    assert trace.samples_uj.tolist() == pytest.approx([15.42] * 4)
    assert trace.provenance["timestamps"] == 4
    assert trace.provenance["buffer_max_percent"] == 100
    assert trace.provenance["samples_broken_lines"] == 2  # "15", and two samples glued together
    assert trace.events_s == (0.003, 0.003)


def test_an_answer_is_about_a_command_that_it_repeats_letter_for_letter():
    pairs = TALK["blanks are repeated as they were sent"].pairs
    with monitor(*pairs) as opened:
        for sent, _ in pairs:
            opened._command(sent.decode().strip())
    tidied = pairs[1][0], pairs[1][1].replace(b"     monitor", b" monitor")
    with monitor(tidied) as opened, pytest.raises(MonitorError, match=r"lcd 2 .* no answer in 5 s"):
        opened._command(pairs[1][0].decode().strip())


def test_a_refusal_is_told_with_its_detail():
    with (
        monitor(*TALK["a refusal"].pairs) as opened,
        pytest.raises(MonitorRefused, match=r"volt 1700m: .*Error detail: voltage out of range"),
    ):
        opened._command("volt 1700m")


def test_old_firmware_is_told_with_how_to_update_it_and_what_it_may_leave_on():
    htc, version, off, hrc = TALK["old firmware does not switch off"].pairs
    with pytest.raises(MonitorRefused, match=r"firmware 1\.0\.3, 1\.0\.6 or later is") as caught:
        monitor(opening=[htc, version], end=[off, hrc]).__enter__()
    assert "may still supply" in caught.value.__notes__[0]
    new_version = OPENING[1]  # what it says of itself is not all that counts
    with pytest.raises(MonitorRefused, match=r"before 1\.0\.6 does this; update it: "):
        monitor(opening=[htc, new_version, off], end=[off, hrc]).__enter__()


@pytest.mark.parametrize("cut", CUTS)
def test_an_over_current_is_told_with_its_reading_and_the_trace_is_kept(cut, tmp_path):
    start, status, htc = TALK["an over-current ends the recording"].pairs
    pairs = [*TALK["3.0 V"].pairs, TALK["a recording"].pairs[0], start, status, htc]
    with monitor(*pairs, cut=cut) as opened:
        opened.set_supply(3.0)
        opened.power(True)
        with pytest.raises(MonitorError) as caught:
            recorded(opened, tmp_path)
        trace = opened.trace
    said = str(caught.value)
    assert "stopped measuring at 61.2 mA" in said
    assert "Overcurrent >59mA, dynamic acquisition stopped" in said
    assert "The LPM01A feeds a board with 50 mA, and this one draws more" in said
    for other in ("PPK2", "Joulescope", "STLINK-V3PWR", "N6705"):
        assert other in said
    assert trace.samples_uj.tolist() == pytest.approx([183.6])
    assert trace.provenance["ended_by"] == said


def test_a_board_that_takes_nothing_after_an_over_current_may_still_supply(tmp_path):
    start, refused = TALK["after an over-current everything is refused"].pairs
    _, _, htc = TALK["an over-current ends the recording"].pairs

    def like(command: bytes):
        return command + b"\r\n", refused[1].replace(b"output current", command)

    talk = monitor(start, end=[like(b"status"), htc, like(b"pwr off"), END[1]])
    with pytest.raises(MonitorError, match="stopped measuring") as caught, talk as opened:
        recorded(opened, tmp_path)
    assert "may still supply the device" in caught.value.__notes__[0]
