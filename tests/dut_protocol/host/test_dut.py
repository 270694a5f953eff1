from __future__ import annotations

import re

import pytest
from support.devices.dialogue import BANNER, CUTS, NAME, PROFILE, READY, dialogue
from tinyrunner.dut_protocol.errors import (
    DutError,
    DutProtocolError,
    DutRebooted,
    DutReportedError,
    DutTimeout,
    FirmwareFault,
)
from tinyrunner.dut_protocol.host.dut import NAME_ATTEMPTS, Identity
from tinyrunner.dut_protocol.host.exchange import FLOOD_BYTES, MAX_REPLY_MESSAGES
from tinyrunner.dut_protocol.wire.boot_banner import TimestampMode
from tinyrunner.dut_protocol.wire.messages import Name, Results

ACME = Identity("acme", "ULPMark for tinyML Firmware V0.0.1", "kws01", None)
BOOTED = Identity(ACME.vendor, ACME.profile, ACME.model_id, TimestampMode.PERFORMANCE)
IDENTIFY = [(b"name%", NAME), (b"profile%", PROFILE)]
LOST = (b"name%", b"")
CHATTER = b"[I] wifi: nothing\r\n"


def chatty(reply: bytes) -> bytes:
    """The same reply with a line of chatter before each of its lines."""
    return b"".join(CHATTER + line for line in reply.splitlines(keepends=True))


# ---- identify --------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
@pytest.mark.parametrize("delay_s", [0.0, 0.002])
def test_a_device_that_waits_is_identified(cut, delay_s):
    with dialogue(IDENTIFY, cut=cut, delay_s=delay_s) as talk:
        assert talk.dut.identify() == ACME
        assert talk.listener.notes == []
        assert "m-name-dut-[acme]" in talk.listener.lines


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
def test_a_banner_before_the_name_tells_the_mode(cut):
    with dialogue(IDENTIFY, unasked=BANNER, cut=cut) as talk:
        assert talk.dut.identify() == BOOTED
        assert talk.listener.notes == []
        assert talk.listener.lines[:4] == BANNER.decode().splitlines()


def test_energy_firmware_is_known_by_its_banner():
    banner = b"m-timestamp-mode-energy\r\nm-init-done\r\n" + READY
    with dialogue(IDENTIFY, unasked=banner) as talk:
        assert talk.dut.identify().boot_mode is TimestampMode.ENERGY


def test_a_board_reset_by_opening_its_port_is_waited_for():
    """DTR: silent at first, deaf while it boots, the banner 0.7 s later."""
    unasked = [(0.7, b"\x00\xffROM v3\r\n" + BANNER)]
    with dialogue([LOST, *IDENTIFY], unasked=unasked) as talk:
        assert talk.dut.identify() == BOOTED
        assert len(talk.listener.notes) == 1
        assert "asked again" in talk.listener.notes[0]


def test_a_banner_that_comes_after_the_name_does_no_harm():
    with dialogue(
        [(b"name%", [(0.0, NAME), (0.1, BANNER)]), (b"profile%", PROFILE)],
    ) as talk:
        assert talk.dut.identify() == BOOTED


def test_a_banner_in_place_of_the_profile_has_it_asked_again():
    with dialogue(
        [(b"name%", NAME), (b"profile%", BANNER), (b"profile%", PROFILE)],
    ) as talk:
        assert talk.dut.identify() == BOOTED
        assert "profile again" in talk.listener.notes[-1]


@pytest.mark.parametrize("lost", [1, 2, NAME_ATTEMPTS - 1])
def test_names_that_are_lost_are_asked_again_and_noted(lost: int):
    with dialogue([LOST] * lost + IDENTIFY) as talk:
        assert talk.dut.identify() == ACME
        assert len(talk.listener.notes) == lost
        assert talk.clock.now_s() < 2 + 2 * lost


def test_a_name_that_was_slow_and_not_lost_is_answered_twice_without_harm():
    with dialogue(
        [(b"name%", [(1.2, NAME)]), (b"name%", NAME), (b"profile%", PROFILE)],
    ) as talk:
        assert talk.dut.identify() == ACME


def test_a_name_whose_beginning_was_lost_is_asked_again():
    answer = b"e-[Unknown command: me]\r\n" + READY
    with dialogue([(b"name%", answer), *IDENTIFY]) as talk:
        assert talk.dut.identify() == ACME


def test_a_stray_ready_before_the_name_is_no_answer():
    with dialogue([(b"name%", READY + NAME), (b"profile%", READY + PROFILE)]) as talk:
        assert talk.dut.identify() == ACME


def test_a_silent_device_is_given_up_with_advice():
    with dialogue([LOST] * NAME_ATTEMPTS) as talk:
        with pytest.raises(DutTimeout, match=r"heard nothing.*115200 baud.*9600"):
            talk.dut.identify()
        assert talk.clock.now_s() < 12


def test_a_device_at_another_baud_rate_is_given_up_showing_what_was_heard():
    garbage = b"\xf8\x00\x80x\xe6"
    with (
        dialogue([(b"name%", garbage)] * NAME_ATTEMPTS) as talk,
        pytest.raises(DutTimeout, match=r"heard '.*xe6.*115200 baud"),
    ):
        talk.dut.identify()


def test_garbage_without_end_is_given_up():
    with (
        dialogue([(b"name%", b"\x80" * 40000)], all_read=False) as talk,
        pytest.raises(DutProtocolError, match="baud rate"),
    ):
        talk.dut.identify()


def test_a_device_without_a_profile_is_identified_all_the_same():
    refusal = (b"profile%", b"e-[Unknown command: profile]\r\n" + READY)
    with dialogue([(b"name%", NAME), *[refusal] * 3]) as talk:
        assert talk.dut.identify() == Identity("acme", None, None, None)


def test_a_profile_that_never_comes_is_an_error():
    with dialogue([(b"name%", NAME), *[(b"profile%", b"")] * 3]) as talk, pytest.raises(DutTimeout):
        talk.dut.identify()


def test_chatter_between_any_two_lines_changes_nothing_and_is_logged():
    with dialogue(
        [(b"name%", chatty(NAME)), (b"profile%", chatty(PROFILE))], unasked=chatty(BANNER)
    ) as talk:
        assert talk.dut.identify() == BOOTED
        assert talk.listener.lines.count(CHATTER.decode().strip()) == 9


def test_glued_lines_are_understood_and_logged_as_they_came():
    profile = PROFILE.replace(b"]\r\nm-model", b"]m-model").replace(b"m-profile", b"idlem-profile")
    with dialogue([(b"name%", b"\xff\xff" + NAME), (b"profile%", profile)]) as talk:
        assert talk.dut.identify() == ACME
        assert "\\xff\\xffm-name-dut-[acme]" in talk.listener.lines
        assert any(line.startswith("idlem-profile-[") for line in talk.listener.lines)


# ---- the small operations --------------------------------------------------------------------


def test_the_profile_may_come_in_parts():
    with dialogue([(b"profile%", b"m-model-[ic01]\r\n" + READY)]) as talk:
        assert talk.dut.profile() == (None, "ic01")


def test_a_timestamp_of_performance_firmware_is_its_counter():
    with dialogue([(b"timestamp%", b"m-lap-us-4294967295\r\n" + READY)]) as talk:
        assert talk.dut.timestamp().us == 4294967295


def test_a_timestamp_of_energy_firmware_says_nothing():
    with dialogue([(b"timestamp%", READY)]) as talk:
        assert talk.dut.timestamp() is None


def test_a_stray_ready_does_not_make_performance_firmware_look_like_energy_firmware():
    with dialogue(
        [*IDENTIFY, (b"timestamp%", READY + b"m-lap-us-7\r\n" + READY)], unasked=BANNER
    ) as talk:
        talk.dut.identify()
        assert talk.dut.timestamp().us == 7


def test_results_are_asked_again():
    with dialogue([(b"results%", b"m-results-[0.250,0.750]\r\n" + READY)]) as talk:
        assert talk.dut.raw("results") == [Results((0.25, 0.75))]


def test_the_buffer_is_printed_at_the_pace_of_the_wire():
    """27648 bytes are 120 kB of print: ten seconds at 115200 baud."""
    row = b"m-buffer-00-01-02-03-04-05-06-07\r\n"
    slowly = [(0.003, row)] * 3456 + [(0.003, READY)]
    with dialogue([(b"db print%", slowly), (b"db print%", slowly)]) as talk:
        assert talk.dut.print_buffer(27648) == bytes(range(8)) * 3456
        assert len(talk.dut.raw("db print")) == 3456


def test_an_error_is_raised_once_the_reply_is_complete():
    with dialogue([(b"foo%", b"e-[Unknown command: foo]\r\n" + READY), (b"name%", NAME)]) as talk:
        with pytest.raises(DutReportedError) as caught:
            talk.dut.raw("foo")
        assert caught.value.reported == "Unknown command: foo"
        assert talk.dut.raw("name") == [Name("acme")]


def test_a_load_that_is_too_big_is_an_error_too():
    refusal = b"Supplied buffer size 99999 exceeds maximum of 27648\n" + READY
    with dialogue([(b"db load 99999%", refusal)]) as talk:
        with pytest.raises(DutReportedError) as caught:
            talk.dut.raw("db load 99999")
        assert "27648" in caught.value.reported


# ---- what comes unasked ----------------------------------------------------------------------


def test_a_stray_ready_between_two_commands_is_noted():
    with dialogue([(b"name%", [(0.0, NAME), (0.1, READY)]), (b"name%", NAME)]) as talk:
        talk.dut.raw("name")
        talk.clock.pause(1.0)
        assert talk.dut.raw("name") == [Name("acme")]
        assert len(talk.listener.notes) == 1
        assert "stray m-ready" in talk.listener.notes[0]


def test_a_stray_ready_just_before_an_answer_is_noted():
    with dialogue([(b"name%", [(0.0, READY), (0.1, NAME)])]) as talk:
        assert talk.dut.raw("name") == [Name("acme")]
        assert len(talk.listener.notes) == 1


def test_an_answer_of_nothing_is_taken_after_a_moment():
    with dialogue([(b"name%", READY)]) as talk:
        assert talk.dut.raw("name") == []
        assert talk.clock.now_s() <= 0.6


@pytest.mark.parametrize(
    "sign", [BANNER, b"m-init-done\r\n" + READY, b"\xffm-timestamp-mode-energy\r\n"]
)
def test_a_reboot_in_mid_operation_is_told_as_such(sign: bytes):
    with dialogue([(b"results%", b"m-res" + sign), (b"name%", NAME)]) as talk:
        with pytest.raises(DutRebooted, match=r"`results`.*supply and watchdog"):
            talk.dut.raw("results")
        last = sign.decode("ascii", "backslashreplace").split("\r\n")[-2]
        assert talk.listener.lines[-1].endswith(last)
        talk.dut.raw("name")  # the banner was read to its end: no second error for one reboot


def test_a_reboot_between_two_operations_is_told_before_the_next():
    late = [(0.0, NAME), (5.0, b"\x00boot\r\nm-timestamp-mode-perf"), (0.05, b"ormance\r\n"),
            (0.05, b"m-lap-us-3\r\nm-init-done\r\nm-ready\r\n")]  # fmt: skip
    with dialogue([(b"name%", late)]) as talk:
        talk.dut.raw("name")
        talk.clock.pause(5.01)
        talk.dut.drain()  # only half of the banner's line is there
        talk.clock.pause(0.05)
        with pytest.raises(DutRebooted, match="between two commands"):
            talk.dut.raw("name")
        assert talk.dut.boot_mode is TimestampMode.PERFORMANCE
        assert talk.listener.lines[-2:] == ["m-init-done", "m-ready"]


def test_a_command_never_sent_leaves_the_link_alone():
    with dialogue([]) as talk, pytest.raises(ValueError, match="empty"):
        talk.dut.raw(" ")


# ---- deadlines -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dribble",
    [
        [(1.0, b"x")] * 200,
        [(1.0, b"boot..\r\n")] * 200,
        [(0.001, b"chatter without end\r\n")] * 20000,
        [(0.5, b"m-lap-us-1\r\n")] * 400,
        [],
    ],
    ids=["a byte a second", "a line a second", "for ever", "messages", "silence"],
)
def test_the_deadline_holds_whatever_dribbles_in(dribble):
    with dialogue([(b"name%", dribble)], all_read=False) as talk:
        with pytest.raises(DutTimeout):
            talk.dut.raw("name")
        assert 3.0 <= talk.clock.now_s() <= 3.5


def test_a_flood_of_messages_is_cut_off():
    flood = b"m-lap-us-1\r\n" * (MAX_REPLY_MESSAGES + 1)
    with (
        dialogue([(b"name%", flood)], all_read=False) as talk,
        pytest.raises(DutProtocolError, match="no m-ready"),
    ):
        talk.dut.raw("name")


FLOODS = [b"\xa5\x17 garbage " * 9 + b"\r\n", READY, b"m-lap-us-1234567\r\n"]


@pytest.mark.parametrize(
    ("ask", "line"),
    [("name", FLOODS[0]), ("name", FLOODS[2]), ("load", FLOODS[1]), ("resync", FLOODS[1]),
     ("boot", FLOODS[2]), ("opened", FLOODS[0])],
)  # fmt: skip
def test_a_flood_is_named_as_such_and_what_is_logged_of_it_bounded(line, ask):
    """Ten megabytes a second of it, unasked, for as long as anybody listens."""
    flood = [(0.001, line * (10_000 // len(line)))] * 10_000
    with dialogue([], unasked=flood, all_read=False) as talk:
        talk.transport.write = lambda data: None
        doing = {
            "name": lambda: talk.dut.raw("name"),
            "load": lambda: talk.loader.load(bytes(490)),
            "resync": talk.dut.resync,
            "boot": lambda: talk.dut.wait_for_boot(20.0),
            "opened": talk.dut.identify,
        }

        def for_as_long_as_it_takes():
            while talk.clock.now_s() < 60:
                doing[ask]()

        with pytest.raises(DutError) as caught:
            for_as_long_as_it_takes()
        assert re.search("floods the link|more than 8192 lines|m-ready", str(caught.value))
        assert len(str(caught.value)) < 1000
        assert talk.clock.now_s() < 7.0
        assert sum(map(len, talk.listener.lines)) < 3 * FLOOD_BYTES


def test_the_error_of_a_timeout_shows_the_last_line_and_the_unfinished_one():
    with (
        dialogue([(b"name%", b"hello\r\nm-name-d")]) as talk,
        pytest.raises(DutTimeout, match=r"`name` on scripted.*'hello'.*'m-name-d'"),
    ):
        talk.dut.raw("name")


def test_identify_ends_although_the_device_chatters_for_ever():
    with dialogue([LOST] * NAME_ATTEMPTS, unasked=[(0.05, CHATTER)] * 9000, all_read=False) as talk:
        with pytest.raises(DutTimeout, match="wifi"):
            talk.dut.identify()
        assert talk.clock.now_s() < 15


# ---- resync ----------------------------------------------------------------------------------


def test_resync_waits_for_quiet_and_asks_the_name():
    with dialogue([(b"name%", NAME)], unasked=[(0.1, b"m-buffer-00\r\n")] * 5) as talk:
        talk.dut.resync()
        assert talk.clock.now_s() >= 0.7
        assert talk.dut.in_step


def test_resync_ends_a_half_command_with_a_name_and_asks_again():
    merged = b"e-[Invalid hex digit 'na']\r\n" + READY
    with dialogue([(b"name%", merged), (b"name%", NAME)]) as talk:
        talk.dut.resync()


def test_resync_survives_one_lost_name():
    with dialogue([(b"name%", b"m-na"), (b"name%", NAME)]) as talk:
        talk.dut.resync()
        assert "m-na" in talk.listener.lines


def test_resync_takes_a_late_ready_of_the_broken_exchange_for_none():
    with dialogue([(b"name%", [(0.0, READY), (0.1, NAME)]), (b"name%", NAME)]) as talk:
        talk.dut.resync()
        assert talk.dut.in_step
        assert talk.listener.notes == []


@pytest.mark.parametrize("answer", [b"", READY, b"e-[Unknown command: x]\r\n" + READY])
def test_resync_gives_up_after_two_names_and_sends_nothing_else(answer: bytes):
    with dialogue([(b"name%", answer)] * 2) as talk:
        with pytest.raises((DutTimeout, DutProtocolError)):
            talk.dut.resync()
        assert bytes(talk.transport.received) == b"name%name%"


def test_resync_notices_a_reboot():
    with dialogue([], unasked=BANNER) as talk, pytest.raises(DutRebooted):
        talk.dut.resync()


# ---- names and boots of published boards ---------------------------------------------------------


def test_a_name_that_is_not_dut_is_quoted_and_said_what_it_must_be():
    odd = b"m-name-myboard-[acme]\r\n" + READY
    wanted = r"'m-name-myboard-\[acme\]'.*must be `dut`"
    with dialogue([(b"name%", odd)] * 2) as talk, pytest.raises(FirmwareFault, match=wanted):
        talk.dut.identify()


def test_a_name_that_was_damaged_once_is_asked_again():
    odd = b"m-name-dat-[acme]\r\n" + READY
    with dialogue([(b"name%", odd), (b"name%", NAME), (b"profile%", PROFILE)]) as talk:
        assert talk.dut.identify().vendor == "acme"


@pytest.mark.parametrize("seconds", [7.0, 18.0])
def test_a_board_that_boots_slowly_is_waited_for_and_its_silence_told(seconds: float):
    with dialogue([], unasked=[(seconds, BANNER)]) as talk:
        assert talk.dut.wait_for_boot(20.0) is TimestampMode.PERFORMANCE
        (note,) = talk.listener.notes
        assert "nothing heard in the 5 s since power on" in note
        assert "boot_timeout_s" in note


def test_a_board_that_talks_while_it_boots_slowly_is_not_silent():
    booting = [(1.0, b"U-Boot\r\n"), (11.0, BANNER)]
    with dialogue([], unasked=booting) as talk:
        assert talk.dut.wait_for_boot(20.0) is TimestampMode.PERFORMANCE
        assert talk.listener.notes == []


@pytest.mark.parametrize("timeout_s", [0.5, 5.0, 20.0])
def test_a_board_that_never_boots_is_given_up_at_its_time_and_the_setting_named(timeout_s: float):
    with dialogue([]) as talk:
        with pytest.raises(DutTimeout, match=r"heard nothing.*boot_timeout_s.*18 s"):
            talk.dut.wait_for_boot(timeout_s)
        assert talk.clock.now_s() == pytest.approx(timeout_s, abs=0.01)
