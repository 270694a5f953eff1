"""Asking one port who is there, on a virtual clock."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.devices.fake_model import FakeModel
from support.devices.uart_rates import (
    Answers,
    BootsLate,
    Notes,
    Peer,
    RatedLink,
    Talks,
    as_received,
)
from tinyrunner.dut_protocol.discovery.port_listener import ProbeStopped
from tinyrunner.dut_protocol.discovery.port_probe import (
    BOOT_S,
    LIKELY_BAUD_RATES,
    OTHER_BAUD_RATES,
    PortAnswer,
    PortProbe,
)
from tinyrunner.dut_protocol.discovery.ports import LIMIT_S
from tinyrunner.dut_protocol.errors import LinkError
from tinyrunner.dut_protocol.link.clock import VirtualClock
from tinyrunner.dut_protocol.simulated.device import DeviceSettings, SimulatedDut
from tinyrunner.dut_protocol.simulated.io_manager import SimulatedIoManager
from tinyrunner.dut_protocol.wire.boot_banner import TimestampMode

PERFORMANCE, ENERGY = TimestampMode.PERFORMANCE, TimestampMode.ENERGY


def firmware(baud_rate: int = 115200, mode: TimestampMode = PERFORMANCE) -> SimulatedDut:
    return SimulatedDut(FakeModel(), DeviceSettings(baud_rate=baud_rate, mode=mode))


def asked(device, *rates: int, listen_at: int = 115200, stop=lambda: False, **link) -> PortAnswer:
    answer, _ = asked_in(device, *rates, listen_at=listen_at, stop=stop, **link)
    return answer


def asked_in(
    device, *rates, listen_at=115200, stop=lambda: False, **link
) -> tuple[PortAnswer, float]:
    """The answer, and the seconds it took."""
    clock = VirtualClock()
    port = RatedLink(device, clock, baud_rate=listen_at, **link)
    rates = rates or LIKELY_BAUD_RATES
    others = OTHER_BAUD_RATES
    probe = PortProbe(port, clock, rates, listen_at=listen_at, others=others, stop=stop)
    return probe.ask(), clock.now_s()


# ---- devices under test --------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [PERFORMANCE, ENERGY])
@pytest.mark.parametrize("baud_rate", LIKELY_BAUD_RATES)
def test_firmware_is_found_at_its_rate_and_its_kind_by_its_answer_to_timestamp(baud_rate, mode):
    answer, took_s = asked_in(firmware(baud_rate, mode))
    assert answer.baud_rate == baud_rate
    assert answer.mode is mode
    assert (answer.identity.model_id, answer.identity.boot_mode) == ("kws01", None)
    assert took_s < 2.5


def test_a_rate_that_is_not_among_the_likely_ones_is_tried_when_it_is_given():
    assert asked(firmware(57600), *LIKELY_BAUD_RATES, 57600, listen_at=57600).baud_rate == 57600


def test_the_first_name_may_be_lost():
    answer, took_s = asked_in(
        Notes(firmware(), deaf_to=5)
    )  # two each at 921600 and 460800, one at 115200
    assert answer.identity.vendor == "tinyrunner-simulated"
    assert took_s < 2


@pytest.mark.parametrize("mode", [PERFORMANCE, ENERGY])
@pytest.mark.parametrize("baud_rate", LIKELY_BAUD_RATES)
@pytest.mark.parametrize("boot_s", [0.1, 0.4, 0.7, 1.0, 1.3, 1.8, 2.1])
def test_a_board_that_opening_resets_is_found_when_it_has_booted(boot_s, baud_rate, mode):
    answer, took_s = asked_in(BootsLate(firmware(baud_rate, mode), boot_s))
    assert (answer.baud_rate, answer.mode) == (baud_rate, mode)
    assert answer.identity.model_id == "kws01"
    assert took_s < LIMIT_S
    if answer.banner_s is not None:
        assert boot_s < answer.banner_s < boot_s + 0.5
        assert answer.identity.boot_mode is mode


def test_the_time_of_a_banner_is_told():
    assert asked(BootsLate(firmware(), 1.8)).banner_s == pytest.approx(1.85, abs=0.02)


def test_a_board_that_boots_without_a_banner_tells_by_answering_late():
    answer = asked(BootsLate(firmware(), 1.8, says_so=False))
    assert answer.banner_s is None
    assert answer.answered_s > BOOT_S


@pytest.mark.parametrize("baud_rate", [*LIKELY_BAUD_RATES, 460800, 57600])
def test_no_device_is_ever_given_an_empty_command(baud_rate: int):
    """Not even one that is empty to C, because its first byte is zero."""
    device = Notes(firmware(baud_rate))
    asked(device)
    seen = [command.partition(b"\0")[0].strip() for command in device.commands]
    assert b"" not in seen


@pytest.mark.parametrize("own", [9600, 57600, 115200, 460800])
@pytest.mark.parametrize("sent", [115200, 460800, 921600])
def test_what_a_slower_receiver_makes_of_a_name_is_neither_zero_nor_a_command_end(sent, own):
    if own < sent:
        assert not set(as_received(b"name%", sent, own)) & {0, ord("%")}


def test_a_faster_receiver_would_see_zero_bytes_so_the_fastest_rate_comes_first():
    assert 0 in as_received(b"name%", 9600, 921600)
    assert list(LIKELY_BAUD_RATES) == sorted(LIKELY_BAUD_RATES, reverse=True)


def test_a_device_that_chatters_all_the_time_is_found_all_the_same():
    class Chatty(Talks):
        def __init__(self) -> None:
            super().__init__(b"[imu] 0.12 9.81 0.03\r\n", every_s=0.01)
            self._dut = firmware()

        def receive(self, data: bytes, start_s: float) -> None:
            self._dut.receive(data, start_s)
            self.outgoing.extend(self._dut.outgoing)
            self._dut.outgoing.clear()
            ordered = sorted(self.outgoing)
            self.outgoing.clear()
            self.outgoing.extend(ordered)

    answer = asked(Chatty())
    assert (answer.identity.model_id, answer.mode) == ("kws01", PERFORMANCE)


def test_the_name_comes_without_a_model_where_the_profile_is_not_answered():
    reply = {b"name": b"m-name-dut-[x]\r\nm-ready\r\n"}
    answer, took_s = asked_in(Answers(lambda command: reply.get(command, b"")))
    assert (answer.identity.vendor, answer.identity.model_id, answer.mode) == ("x", None, None)
    assert took_s < LIMIT_S


def test_a_stray_ready_does_not_make_energy_firmware_of_performance_firmware():
    reply = {
        b"name": b"m-name-dut-[x]\r\nm-ready\r\n",
        b"profile": b"m-model-[ic01]\r\nm-ready\r\n",
        b"timestamp": b"m-ready\r\nm-lap-us-5\r\nm-ready\r\n",
    }
    assert asked(Answers(lambda command: reply.get(command, b""))).mode is PERFORMANCE


def test_a_device_that_does_not_know_timestamp_has_no_kind():
    reply = {
        b"name": b"m-name-dut-[x]\r\nm-ready\r\n",
        b"timestamp": b"e-[Unknown command: timestamp]\r\nm-ready\r\n",
    }
    assert asked(Answers(lambda command: reply.get(command, b""))).mode is None


# ---- what is none --------------------------------------------------------------------------------


def test_a_silent_port_is_given_up_within_a_few_seconds_and_only_asked_its_name():
    clock = VirtualClock()
    link = RatedLink(Peer(), clock)
    answer = PortProbe(link, clock, LIKELY_BAUD_RATES, listen_at=115200).ask()
    assert answer == PortAnswer()
    assert clock.now_s() < 5
    assert {data for _, data in link.written} == {b"name%"}


def test_an_odd_byte_or_two_is_silence():
    device = Peer()
    device.outgoing.extend([(0.1, b"\xff"), (0.3, b"\x00")])
    assert asked(device) == PortAnswer()


def test_bytes_that_make_no_text_at_any_rate_are_garbage():
    noise = random.Random(1).randbytes(400)
    answer, took_s = asked_in(Talks(noise, every_s=0.1, baud_rate=19200))
    assert answer.identity is None
    assert answer.text is None
    assert set(answer.noisy_baud_rates) >= set(LIKELY_BAUD_RATES) - {9600}
    assert took_s < 7


@pytest.mark.parametrize("baud_rate", OTHER_BAUD_RATES)
def test_a_less_usual_rate_is_found_where_something_is_heard(baud_rate: int):
    answer = asked(Talks(b"I (29) boot: ESP-IDF v5.1\r\n", 0.05, baud_rate))
    assert (answer.text, answer.baud_rate) == ("I (29) boot: ESP-IDF v5.1", baud_rate)


@pytest.mark.parametrize("baud_rate", OTHER_BAUD_RATES)
def test_a_board_at_a_less_usual_rate_is_found_when_its_banner_was_noise(baud_rate: int):
    answer, took_s = asked_in(BootsLate(firmware(baud_rate), 1.5))
    assert (answer.identity.model_id, answer.baud_rate) == ("kws01", baud_rate)
    assert took_s < LIMIT_S


def test_what_talks_and_is_no_dut_is_quoted_and_its_rate_told():
    answer = asked(Talks(b"$GPGGA,123519,4807.038,N\r\n", baud_rate=9600))
    assert (answer.text, answer.baud_rate) == ("$GPGGA,123519,4807.038,N", 9600)
    assert 9600 not in answer.noisy_baud_rates
    assert 921600 in answer.noisy_baud_rates or 115200 in answer.noisy_baud_rates


def test_a_prompt_without_a_line_end_is_quoted_as_well():
    assert asked(Answers(lambda _: b"login: ")).text == "login:"


@pytest.mark.parametrize(
    ("device", "said"),
    [
        (SimulatedIoManager(firmware()), "m-name-io"),
        (
            Answers(lambda _: b"tinyML Enhanced Interface Board\r\nm-ready\r\n"),
            "tinyML Enhanced Interface Board",
        ),
    ],
)
def test_an_io_manager_or_an_interface_board_tells_its_name(device, said: str):
    answer = asked(device)
    assert (answer.identity, answer.other_name, answer.baud_rate) == (None, said, 115200)


def test_one_that_answers_every_command_with_an_error_is_no_dut():
    answer, took_s = asked_in(Answers(lambda _: b"e-[What?]\r\nm-ready\r\n"))
    assert answer.identity is None
    assert answer.text == "e-[What?]"
    assert took_s < LIMIT_S


def test_firmware_that_boots_and_then_hangs_is_quoted():
    device = Peer()
    device.outgoing.append((1.5, b"\xffm-timestamp-mode-performance\r\n"))
    answer, took_s = asked_in(device)
    assert (answer.text, answer.baud_rate) == ("m-timestamp-mode-performance", 115200)
    assert answer.banner_s == pytest.approx(1.5, abs=0.01)
    assert took_s < LIMIT_S


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(0, 9),
            st.one_of(
                st.binary(min_size=1, max_size=60),
                st.sampled_from(
                    [b"m-ready\r\n", b"m-", b"m-name-dut-[x]\r\n", b"m-timestamp-mode-energy\r\n",
                     b"e-[no]\r\n", b"m-lap-us-9\r\n", b"\n" * 300]
                ),
            ),
        ),
        max_size=60,
    )
)  # fmt: skip
def test_whatever_comes_the_port_is_done_with_in_time(said):
    device = Peer()
    device.outgoing.extend(sorted(said))
    _, took_s = asked_in(device)
    assert took_s < LIMIT_S


def test_a_line_without_end_is_no_reason_to_stop_listening():
    device = Peer(9600)
    device.outgoing.extend([(1.0, b"x" * 17000), (2.0, b"\nshell> ")])
    assert asked(device, 9600, listen_at=9600).baud_rate == 9600


def test_one_that_never_stops_sending_replies_is_done_with_in_time():
    _, took_s = asked_in(Talks(b"m-ready\r\ne-[no]\r\nm-", every_s=0.02))
    assert took_s < LIMIT_S


# ---- the port ------------------------------------------------------------------------------------


def test_a_rate_that_the_adapter_has_not_is_passed_over():
    assert asked(firmware(9600), unsupported=(921600, 115200)).baud_rate == 9600


def test_an_adapter_that_takes_no_rate_is_an_error():
    with pytest.raises(LinkError, match="cannot set /dev/ttyX"):
        asked(firmware(), unsupported=LIKELY_BAUD_RATES)


def test_a_request_to_stop_is_heard_while_waiting():
    calls = iter([False] * 5)
    with pytest.raises(ProbeStopped):
        asked(Peer(), stop=lambda: next(calls, True))
