from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.devices.device_dialogues import INPUT
from support.devices.dialogue import CUTS, NAME, READY, RESYNC, Talk, dialogue, load_pairs
from support.devices.fake_model import FakeModel
from support.devices.faults import faulty
from support.devices.faults.faulty import FaultyTransport
from tinyrunner.dut_protocol.errors import (
    DutError,
    DutProtocolError,
    DutRebooted,
    DutReportedError,
    DutTimeout,
    LinkError,
)
from tinyrunner.dut_protocol.host.load_with_retries import CAUTIOUS_DATA_BYTES, MAX_ATTEMPTS
from tinyrunner.dut_protocol.link.clock import VirtualClock
from tinyrunner.dut_protocol.simulated.device import DeviceSettings, SimulatedDut
from tinyrunner.dut_protocol.simulated.link import SimulatedLink
from tinyrunner.dut_protocol.wire.settings import LinkSettings, VerifyLoad

NEVER = VerifyLoad.NEVER
SHORT = bytes(range(60))


def with_block(pairs, number: int, answer) -> list:
    """The load up to block ``number`` (from 0), which is answered so instead; then no more."""
    return [*pairs[: number + 1], (pairs[number + 1][0], answer)]


class StrictDevice(SimulatedLink):
    """A simulated device that notes the two things that would crash the reference firmware."""

    def __init__(self, device: SimulatedDut, clock: VirtualClock) -> None:
        super().__init__(device, clock, "strict")
        self.crashes: list[str] = []
        execute, store = device.execute, device.store

        def watch_command(command: bytes) -> None:
            if not command.strip(b" "):
                self.crashes.append("an empty command")
            execute(command)

        def watch_block(data: bytes, error: str | None) -> None:
            if data and device.expected_bytes - len(device.buffer) <= 0:
                self.crashes.append(f"{len(data)} bytes beyond the end")
            store(data, error)

        device.execute, device.store = watch_command, watch_block


def simulated(link_settings: LinkSettings, **faults):
    """A host, a fault in the wire, and a simulated device that has booted and said so."""
    clock = VirtualClock()
    device = SimulatedDut(FakeModel(), DeviceSettings())
    strict = StrictDevice(device, clock)
    link = FaultyTransport(strict, clock=clock, **faults)
    return Talk.over(link, clock, link_settings), device, strict


# ---- the dialogue --------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
@pytest.mark.parametrize(("size", "blocks"), [(30, 17), (38, 13), (26, 19)])
def test_a_load_is_exactly_this_dialogue(size: int, blocks: int, cut):
    pairs = load_pairs(INPUT, size)
    assert len(pairs) == 1 + blocks
    with dialogue(
        pairs, settings=LinkSettings(data_bytes_per_db=size, verify_load=NEVER), cut=cut
    ) as talk:
        talk.loader.load(INPUT)
        assert talk.listener.notes == []
        assert talk.listener.lines == []  # muted, as in the published logs
        sent = bytes(talk.transport.received)
    assert sent.startswith(b"db load 490%db 000102")
    assert max(map(len, sent.split(b"%"))) <= 2 * size + 3
    assert bytes.fromhex("".join(c[3:] for c in sent.decode().split("%")[1:])) == INPUT


def test_one_byte_and_one_block_are_loads_too():
    for data in (b"\x00", bytes(30)):
        with dialogue(load_pairs(data, 30)) as talk:
            talk.loader.load(data)


def test_nothing_is_no_load():
    with dialogue([]) as talk, pytest.raises(ValueError, match="at least one byte"):
        talk.loader.load(b"")


def test_chatter_between_the_blocks_is_logged_and_changes_nothing():
    pairs = [(sent, b"[I] tick\r\n" + answer) for sent, answer in load_pairs(SHORT, 30)]
    with dialogue(pairs) as talk:
        talk.loader.load(SHORT)
        assert talk.listener.lines == ["[I] tick"] * 3
        assert talk.listener.notes == []


def test_chatter_glued_to_an_answer_is_logged_with_it():
    pairs = [(sent, b"Type error" + answer) for sent, answer in load_pairs(SHORT, 30)]
    with dialogue(pairs) as talk:
        talk.loader.load(SHORT)
        assert talk.listener.lines[1] == "Type errorm-ready"
        assert talk.listener.notes == []


def test_a_load_of_38_bytes_a_block_fits_the_command_buffer():
    device = SimulatedDut(FakeModel())
    clock = VirtualClock()
    talk = Talk.over(
        SimulatedLink(device, clock, "sim:"), clock,
        LinkSettings(data_bytes_per_db=38, verify_load=VerifyLoad.ALL),
    )  # fmt: skip
    talk.loader.load(INPUT)
    assert talk.listener.notes == []


# ---- what is demanded ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        READY,
        b"m-[Expecting 49 bytes]\r\n" + READY,
        b"m-[Expecting 490 bytes]\r\nm-[Expecting 490 bytes]\r\n" + READY,
        b"m-load-done\r\n" + READY,
        b"e-[Unknown command: d]\r\n" + READY,
        b"Supplied buffer size 49 exceeds maximum of 256\n" + READY,
        b"",
    ],
)
def test_nothing_is_sent_before_the_device_expects_that_many_bytes(answer: bytes):
    with dialogue([(b"db load 490%", answer), RESYNC, *load_pairs(INPUT, 30)]) as talk:
        talk.loader.load(INPUT)
        assert len(talk.listener.notes) == 1
        assert "restart 1 of 3" in talk.listener.notes[0]


def test_a_missing_load_done_restarts_the_load():
    pairs = load_pairs(INPUT, 30)
    with dialogue([*pairs[:-1], (pairs[-1][0], READY), RESYNC, *pairs]) as talk:
        talk.loader.load(INPUT)
        assert "no m-load-done" in talk.listener.notes[0]


@pytest.mark.parametrize("number", [0, 7, 15])
def test_an_early_load_done_restarts_the_load_and_nothing_more_is_sent(number: int):
    pairs = load_pairs(INPUT, 30)
    early = with_block(pairs, number, b"m-load-done\r\n" + READY)
    with dialogue([*early, RESYNC, *pairs]) as talk:
        talk.loader.load(INPUT)
        assert "too early" in talk.listener.notes[0]


def test_two_readys_for_one_block_restart_the_load():
    pairs = load_pairs(INPUT, 30)
    with dialogue([*with_block(pairs, 3, READY + READY), RESYNC, *pairs]) as talk:
        talk.loader.load(INPUT)
        assert "once more than it was asked" in talk.listener.notes[0]


@pytest.mark.parametrize(
    "answer",
    [
        b"e-[Insufficent number of hex digits]\r\n" + READY,
        b"e-[Invalid hex digit 'zz']\r\n" + READY,
        b"e-[Unknown command: b]\r\n" + READY,
        b"m-name-dut-[acme]\r\n" + READY,
        b"",
        b"m-read",
        b"m-redy\r\n",
    ],
)
def test_whatever_breaks_a_block_restarts_the_whole_load(answer: bytes):
    pairs = load_pairs(INPUT, 30)
    with dialogue([*with_block(pairs, 5, answer), RESYNC, *pairs]) as talk:
        talk.loader.load(INPUT)
        (note,) = talk.listener.notes
        assert "block 6 of 17" in note
        assert "restart 1 of 3" in note


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"e-[Insufficent number of hex digits]\r\n" + READY, DutReportedError),
        (b"m-results-[nan]\r\n" + READY, DutProtocolError),
        (b"", DutTimeout),
    ],
)
def test_a_load_is_restarted_at_most_three_times(answer: bytes, error):
    pairs = load_pairs(SHORT, 30)
    cautious = load_pairs(SHORT, CAUTIOUS_DATA_BYTES)
    script = [
        *with_block(pairs, 0, answer), RESYNC, *with_block(pairs, 0, answer),
        RESYNC, *with_block(cautious, 0, answer), RESYNC, *with_block(cautious, 0, answer),
    ]  # fmt: skip
    with dialogue(script) as talk:
        with pytest.raises(error):
            talk.loader.load(SHORT)
        restarts = [note for note in talk.listener.notes if "restart" in note]
        assert [note[-6:] for note in restarts] == ["1 of 3", "2 of 3", "3 of 3"]
        assert talk.loader.failed_loads == MAX_ATTEMPTS == 4


def test_a_device_that_cannot_be_brought_back_into_step_uses_up_the_restarts():
    pairs = load_pairs(SHORT, 30)
    silent = [(b"name%", b"")] * 2
    script = [*with_block(pairs, 0, b""), *silent, *silent, RESYNC, *pairs]
    with dialogue(script) as talk:
        talk.loader.load(SHORT)
        assert len([note for note in talk.listener.notes if "restart" in note]) == 3


def test_a_device_that_falls_silent_is_given_up_within_a_minute():
    pairs = load_pairs(SHORT, 30)
    with dialogue([*with_block(pairs, 0, b""), *[(b"name%", b"")] * 6]) as talk:
        with pytest.raises(DutTimeout):
            talk.loader.load(SHORT)
        assert talk.clock.now_s() < 60


def test_after_the_second_failed_load_of_a_session_blocks_have_26_bytes():
    error = b"e-[Insufficent number of hex digits]\r\n" + READY
    at_30, at_26 = load_pairs(SHORT, 30), load_pairs(SHORT, CAUTIOUS_DATA_BYTES)
    script = [
        *with_block(at_30, 0, error), RESYNC, *at_30,
        *at_30,
        *with_block(at_30, 1, error), RESYNC, *at_26,
        *at_26,
    ]  # fmt: skip
    with dialogue(script) as talk:
        for _ in range(4):
            talk.loader.load(SHORT)
        falls = [note for note in talk.listener.notes if "26 data bytes" in note]
        assert len(falls) == 1
        assert talk.loader.data_bytes == 26


def test_blocks_that_were_small_already_stay_so():
    error = b"e-[Insufficent number of hex digits]\r\n" + READY
    pairs = load_pairs(SHORT, 16)
    script = [*with_block(pairs, 0, error), RESYNC] * 2 + pairs
    with dialogue(script, settings=LinkSettings(data_bytes_per_db=16, verify_load=NEVER)) as talk:
        talk.loader.load(SHORT)
        assert not [note for note in talk.listener.notes if "26" in note]


def test_a_reboot_ends_the_load():
    pairs = load_pairs(INPUT, 30)
    banner = b"m-timestamp-mode-performance\r\nm-lap-us-3\r\nm-init-done\r\n" + READY
    with dialogue(with_block(pairs, 4, banner)) as talk:
        with pytest.raises(DutRebooted, match="block 5 of 17"):
            talk.loader.load(INPUT)
        assert "m-init-done" in talk.listener.lines


# ---- time ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dribble", [b"x", b"tick\r\n"])
def test_a_block_that_is_answered_by_a_dribble_times_out(dribble: bytes):
    pairs = load_pairs(SHORT, 30)
    trickle = [(1.0, dribble)] * 100
    with dialogue(with_block(pairs, 0, trickle), all_read=False) as talk:
        with pytest.raises(DutTimeout, match=r"block 1 of 2.*no answer in 3\.0 s"):
            talk.loader._attempt(SHORT)
        assert talk.clock.now_s() == pytest.approx(3.0, abs=0.1)


def slow_pairs(data: bytes, seconds: float) -> list:
    """The load of a device that takes so long for each block."""
    first, *blocks = load_pairs(data, 30)
    return [first, *((sent, [(seconds, answer)]) for sent, answer in blocks)]


@pytest.mark.parametrize(
    ("size", "seconds"), [(490, 2.9), (3072, 0.2), (27648, 0.117), (27648, 0.2), (100, 2.0)]
)
@pytest.mark.parametrize("chars", [0, 2048], ids=["handshaken", "pipelined"])
def test_a_device_that_answers_each_block_in_time_is_never_given_up(size, seconds, chars):
    """Published boards take up to 0.2 s a block, and 108 s a load."""
    data = bytes(i % 251 for i in range(size))
    settings = LinkSettings(verify_load=NEVER, pipeline_chars=chars)
    with dialogue(slow_pairs(data, seconds), settings=settings) as talk:
        told: list[tuple[int, int, float]] = []
        talk.loader.pace.on_progress = lambda *how_far: told.append(how_far)
        talk.loader.load(data)
        assert talk.listener.notes == []
        assert talk.loader.data_bytes == 30
        took_s = talk.clock.now_s()
        assert bool(told) == (took_s > 5.5)
        assert len(told) <= 6, "one line more each time that it has taken twice as long"
        if told and not chars:
            done, total, left_s = told[-1]
            assert done < total
            assert left_s == pytest.approx((total - done) * seconds, rel=0.35, abs=3.0)


@pytest.mark.parametrize("block", [1, 2, 16])
def test_a_device_that_falls_silent_is_given_up_within_its_block_and_the_message_says_so(block):
    pairs = slow_pairs(INPUT, 0.2)
    with dialogue(with_block(pairs, block, b""), all_read=False) as talk:
        with pytest.raises(DutTimeout, match=r"no answer in 3\.0 s.*fell silent") as caught:
            talk.loader._attempt(INPUT)
        assert talk.clock.now_s() == pytest.approx(0.2 * block + 3.0, abs=0.1)
        assert f"the {block} blocks before took at most 0.2 s each" in str(caught.value)


def test_a_block_that_is_answered_too_late_is_waited_for_longer_the_next_time():
    """Slow is not damaged: as many bytes a block as before, and the pace is remembered."""
    pairs = load_pairs(SHORT, 30)
    late = [pairs[0], (pairs[1][0], [(4.0, pairs[1][1])]), *[(b"name%", NAME)] * 2]
    slow = [pairs[0], *((sent, [(4.0, answer)]) for sent, answer in pairs[1:])]
    with dialogue([*late, *slow, *slow]) as talk:
        talk.loader.load(SHORT)
        talk.loader.load(SHORT)
        assert talk.loader.data_bytes == 30
        assert talk.loader.failed_loads == 1
        assert "slow, not silent" in talk.listener.notes[-1]


def test_silences_are_no_reason_for_smaller_blocks():
    """Where what was late tells that nothing was lost."""
    pairs = load_pairs(SHORT, 30)
    late = [pairs[0], (pairs[1][0], [(3.5, pairs[1][1])]), *[(b"name%", NAME)] * 2]
    later = [pairs[0], (pairs[1][0], [(9.5, pairs[1][1])]), *[(b"name%", NAME)] * 2]
    with dialogue([*late, *later, *pairs]) as talk:
        talk.loader.load(SHORT)
        assert not [note for note in talk.listener.notes if "26 data bytes" in note]


def test_the_slowest_published_link_is_not_too_slow():
    """3072 bytes took 9.7 s: 94 ms a block."""
    data = bytes(3072)
    pairs = load_pairs(data, 30)
    slow = [pairs[0], *((sent, [(0.094, answer)]) for sent, answer in pairs[1:])]
    with dialogue(slow) as talk:
        talk.loader.load(data)
        assert talk.listener.notes == []


def test_a_whole_ad_load_reaches_98_percent_of_the_handshaken_link():
    """n data bytes take 2n + 13 characters: `db `, 2n digits, `%`, `m-ready`, CR, LF."""
    clock = VirtualClock()
    device = SimulatedDut(FakeModel("ad01", 2560, 1), DeviceSettings(baud_rate=115200))
    talk = Talk.over(SimulatedLink(device, clock, "sim:"), clock)
    talk.loader.load(bytes(2560))
    rate = 2560 / clock.now_s()
    limit = 115200 / 10 * 30 / (2 * 30 + 13)
    assert 0.98 * limit <= rate <= limit


# ---- faulty links --------------------------------------------------------------------------------


def everything_came(talk: Talk, device: SimulatedDut, strict: StrictDevice) -> None:
    assert strict.crashes == []
    assert bytes(device.buffer) == INPUT
    assert device.expected_bytes == len(INPUT)


def test_a_load_survives_a_link_that_brings_one_byte_at_a_time():
    talk, device, strict = simulated(LinkSettings(verify_load=VerifyLoad.ALL), byte_at_a_time=True)
    talk.loader.load(INPUT)
    everything_came(talk, device, strict)
    assert talk.listener.notes == []


def test_a_load_survives_a_slow_usb_adapter():
    talk, device, strict = simulated(LinkSettings(verify_load=VerifyLoad.ALL), delay_s=0.016)
    talk.loader.load(INPUT)
    everything_came(talk, device, strict)
    assert talk.listener.notes == []


SENT = sum(len(pair[0]) for pair in load_pairs(INPUT, 30))
ANSWERED = sum(len(pair[1]) for pair in load_pairs(INPUT, 30))
PLACES_SENT = [0, 1, 2, 3, 7, 8, 9, 11, 12, 13, 14, 15, 16, 40, 74, 75, 76, 77, SENT - 20, SENT - 1]


@pytest.mark.parametrize("place", PLACES_SENT)
def test_a_byte_lost_on_its_way_to_the_device_restarts_the_load(place: int):
    talk, device, strict = simulated(LinkSettings(verify_load=NEVER), to_device=faulty.lose(place))
    talk.loader.load(INPUT)
    everything_came(talk, device, strict)
    assert len([note for note in talk.listener.notes if "restart" in note]) == 1


@pytest.mark.parametrize("place", [*range(0, 50), ANSWERED - 20, ANSWERED - 10, ANSWERED - 1])
def test_a_byte_lost_on_its_way_back_breaks_nothing(place: int):
    talk, device, strict = simulated(
        LinkSettings(verify_load=NEVER), from_device=faulty.lose(place)
    )
    talk.loader.load(INPUT)
    everything_came(talk, device, strict)
    assert len(talk.listener.notes) <= 1


@pytest.mark.parametrize("place", [0, 1, 2, 3, 8, 13, 14, 15, 76, SENT - 2])
def test_a_byte_that_arrives_twice_is_noticed(place: int):
    """But for the `%`: a second one would be an empty command, which no host can prevent."""
    talk, device, strict = simulated(
        LinkSettings(verify_load=VerifyLoad.ALL), to_device=faulty.duplicate(place)
    )
    talk.loader.load(INPUT)
    everything_came(talk, device, strict)


@pytest.mark.parametrize("place", [15, 16, 17, 20, 40, 75, 76, 100, SENT - 2, SENT - 1])
@pytest.mark.parametrize("flip", [0x01, 0x10, 0x80])
def test_a_damaged_byte_is_found_by_reading_back(place: int, flip: int):
    talk, device, strict = simulated(
        LinkSettings(verify_load=VerifyLoad.ALL), to_device=faulty.corrupt(place, flip=flip)
    )
    talk.loader.load(INPUT)
    everything_came(talk, device, strict)


@given(st.integers(0, 10**6), st.sampled_from([1e-4, 1e-3, 5e-3]), st.booleans())
def test_a_link_that_loses_bytes_gives_the_whole_input_or_an_error(
    seed: int, rate: float, back: bool
):
    faults = {
        "to_device": faulty.lose_at_rate(rate, seed),
        "from_device": faulty.lose_at_rate(rate if back else 0.0, seed + 1),
    }
    talk, device, strict = simulated(LinkSettings(verify_load=VerifyLoad.ALL), **faults)
    try:
        talk.loader.load(INPUT)
    except DutError:
        assert len([note for note in talk.listener.notes if "restart" in note]) == 3
    else:
        assert bytes(device.buffer) == INPUT
    assert [crash for crash in strict.crashes if "beyond" in crash] == []
    assert b"%%" not in talk.transport.sent
    assert b"% %" not in talk.transport.sent


def test_no_host_traffic_ever_holds_more_bytes_than_announced():
    """Whatever the device answers, between two `db load` at most N bytes are sent."""
    pairs = load_pairs(SHORT, 30)
    for answer in (b"", b"m-ready", READY, READY + READY, b"m-load-done\r\n" + READY, b"e-[x]\r\n"):
        for number in range(2):
            script = [*with_block(pairs, number, answer), RESYNC, *pairs]
            if (number, answer) in [(0, READY), (1, pairs[-1][1])]:
                continue  # as it should be
            with dialogue(script) as talk:
                talk.loader.load(SHORT)
                for load in bytes(talk.transport.received).split(b"db load ")[1:]:
                    total, *blocks = load.split(b"%")
                    digits = sum(len(b) - 3 for b in blocks if b.startswith(b"db "))
                    assert digits <= 2 * int(total)


def test_a_pulled_cable_ends_the_load_at_once():
    talk, _, _ = simulated(LinkSettings(verify_load=NEVER), to_device=faulty.cut(300))
    with pytest.raises(LinkError):
        talk.loader.load(INPUT)
    assert talk.listener.notes == []


# ---- verifying -----------------------------------------------------------------------------------


def printed(data: bytes) -> bytes:
    rows = [data[i : i + 8] for i in range(0, len(data), 8)]
    text = b"".join(b"m-buffer-" + row.hex("-").encode() + b"\r\n" for row in rows)
    return text + (b"\r\n" if len(data) % 8 else b"") + READY


def print_back(answer: bytes):
    return (b"db print%", answer)


LOAD = load_pairs(SHORT, 30)


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
@pytest.mark.parametrize(
    ("mode", "script"),
    [
        (VerifyLoad.FIRST, [*LOAD, print_back(printed(SHORT)), *LOAD, *LOAD]),
        (
            VerifyLoad.ALL,
            [
                *LOAD,
                print_back(printed(SHORT)),
                *LOAD,
                print_back(printed(SHORT)),
                *LOAD,
                print_back(printed(SHORT)),
            ],
        ),
        (VerifyLoad.NEVER, [*LOAD, *LOAD, *LOAD]),
    ],
    ids=["first", "all", "never"],
)
def test_loads_are_read_back_as_the_settings_say(mode, script, cut):
    with dialogue(script, settings=LinkSettings(verify_load=mode), cut=cut) as talk:
        for _ in range(3):
            talk.loader.load(SHORT)
        assert talk.listener.notes == []
        assert talk.listener.lines == []  # the buffer is no news


@pytest.mark.parametrize("place", [0, 7, 8, 59])
def test_a_differing_byte_is_an_error_and_from_then_on_every_load_is_read_back(place: int):
    wrong = bytearray(SHORT)
    wrong[place] ^= 0x10
    script = [
        *LOAD, print_back(printed(bytes(wrong))), RESYNC, *LOAD, print_back(printed(SHORT)),
        *LOAD, print_back(printed(SHORT)),
    ]  # fmt: skip
    with dialogue(script, settings=LinkSettings()) as talk:
        talk.loader.load(SHORT)
        talk.loader.load(SHORT)
        every, differs = talk.listener.notes
        assert "every load" in every
        assert (
            f"byte {place} of 60 is {wrong[place]:02x} in the device, {SHORT[place]:02x} was sent"
            in differs
        )


def test_a_byte_that_differs_each_time_ends_the_run():
    wrong = print_back(printed(b"\xff" + SHORT[1:]))
    cautious = load_pairs(SHORT, CAUTIOUS_DATA_BYTES)
    script = [
        *LOAD,
        wrong,
        RESYNC,
        *LOAD,
        wrong,
        RESYNC,
        *cautious,
        wrong,
        RESYNC,
        *cautious,
        wrong,
    ]
    with (
        dialogue(script, settings=LinkSettings()) as talk,
        pytest.raises(DutProtocolError, match="corrupts"),
    ):
        talk.loader.load(SHORT)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (printed(SHORT[:16]), "printed 16 of 60"),
        (READY, "printed 0 of 60"),
        (b"e-[Unknown command: print]\r\n" + READY, "Unknown command"),
    ],
)
def test_a_short_readback_is_a_warning_given_once(answer: bytes, why: str):
    script = [*LOAD, print_back(answer), *LOAD, print_back(answer)]
    with dialogue(script, settings=LinkSettings(verify_load=VerifyLoad.ALL)) as talk:
        talk.loader.load(SHORT)
        talk.loader.load(SHORT)
        (note,) = talk.listener.notes
        assert note.startswith("cannot verify the load")
        assert why in note


def test_a_short_readback_that_differs_is_an_error_all_the_same():
    wrong = print_back(printed(b"\xff" + SHORT[1:16]))
    script = [*LOAD, wrong, RESYNC, *LOAD, print_back(printed(SHORT[:16]))]
    with dialogue(script, settings=LinkSettings()) as talk:
        talk.loader.load(SHORT)
        assert "byte 0 of 60" in talk.listener.notes[1]


def test_a_port_that_prints_whole_rows_is_verified():
    with dialogue([*LOAD, print_back(printed(SHORT + bytes(4)))], settings=LinkSettings()) as talk:
        talk.loader.load(SHORT)
        assert talk.listener.notes == []


def test_chatter_amid_the_readback_is_logged():
    answer = printed(SHORT).replace(b"m-buffer-08", b"tick\r\nm-buffer-08")
    with dialogue([*LOAD, print_back(answer)], settings=LinkSettings()) as talk:
        talk.loader.load(SHORT)
        assert talk.listener.lines == ["tick"]
        assert talk.listener.notes == []


def test_resync_after_a_failed_load_names_only():
    pairs = load_pairs(SHORT, 30)
    with dialogue([*with_block(pairs, 0, b""), (b"name%", b"junk\r\n" + NAME), *pairs]) as talk:
        talk.loader.load(SHORT)
