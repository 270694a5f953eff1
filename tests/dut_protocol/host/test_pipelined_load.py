from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.devices.broken_devices import NoInputBuffer, SmallInputBuffer, device
from support.devices.device_dialogues import INPUT
from support.devices.dialogue import CUTS, READY, RESYNC, Talk, dialogue, load_pairs
from support.devices.fake_model import FakeModel
from support.devices.faults import faulty
from support.devices.faults.faulty import FaultyTransport
from tinyrunner.dut_protocol.errors import DutError
from tinyrunner.dut_protocol.host.load_with_retries import CAUTIOUS_DATA_BYTES
from tinyrunner.dut_protocol.link.clock import VirtualClock
from tinyrunner.dut_protocol.simulated.device import DeviceSettings, SimulatedDut
from tinyrunner.dut_protocol.simulated.link import SimulatedLink
from tinyrunner.dut_protocol.wire.settings import LinkSettings, VerifyLoad

NEVER = VerifyLoad.NEVER
BLOCK = 64
"""Characters of a command with 30 data bytes."""


def pipelining(chars: int = 1024, verify: VerifyLoad = NEVER) -> LinkSettings:
    return LinkSettings(pipeline_chars=chars, verify_load=verify)


def over_faults(settings: LinkSettings, **faults) -> tuple[Talk, SimulatedDut, FaultyTransport]:
    clock = VirtualClock()
    dut = SimulatedDut(FakeModel(), DeviceSettings())
    link = FaultyTransport(SimulatedLink(dut, clock, "sim:"), clock=clock, **faults)
    return Talk.over(link, clock, settings), dut, link


class Watched(SimulatedLink):
    """Keeps the most characters of `db` data that were unanswered at any time."""

    def __init__(self, dut: SimulatedDut, clock: VirtualClock) -> None:
        super().__init__(dut, clock, "watched")
        self.unanswered: list[int] = []
        self.most = 0
        self.read_first = b""

    def write(self, data: bytes) -> None:
        for command in data.split(b"%")[:-1]:
            self.unanswered.append(len(command) + 1)
        self.most = max(self.most, sum(self.unanswered))
        super().write(data)

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        data = super().read(max_bytes, timeout_s)
        self.read_first += data
        while READY in self.read_first:
            self.read_first = self.read_first.partition(READY)[2]
            self.unanswered.pop(0)
        return data


# ---- the dialogue --------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
@pytest.mark.parametrize("chars", [1, 64, 128, 200, 1024, 100_000])
def test_a_pipelined_load_sends_the_same_commands(chars: int, cut):
    with dialogue(load_pairs(INPUT, 30), settings=pipelining(chars), cut=cut) as talk:
        talk.loader.load(INPUT)
        assert talk.listener.notes == []
        assert talk.listener.lines == []


@pytest.mark.parametrize("data", [b"\0", bytes(30), bytes(31)])
def test_the_shortest_loads(data: bytes):
    with dialogue(load_pairs(data, 30), settings=pipelining()) as talk:
        talk.loader.load(data)
        assert talk.listener.notes == []


@pytest.mark.parametrize(("chars", "most"), [(1, 64), (64, 64), (127, 64), (128, 128), (1000, 960)])
def test_no_more_characters_than_the_credit_are_ever_unanswered(chars: int, most: int):
    clock = VirtualClock()
    dut = SimulatedDut(FakeModel(input_bytes=2560), DeviceSettings())
    link = Watched(dut, clock)
    talk = Talk.over(link, clock, pipelining(chars))
    talk.loader.load(bytes(2560))
    assert link.most == most
    assert talk.listener.notes == []


def test_chatter_between_answers_is_logged_and_changes_nothing():
    pairs = [(sent, b"[I] tick\r\n" + answer) for sent, answer in load_pairs(INPUT, 30)]
    with dialogue(pairs, settings=pipelining()) as talk:
        talk.loader.load(INPUT)
        assert talk.listener.lines == ["[I] tick"] * len(pairs)
        assert talk.listener.notes == []


def test_it_is_faster_by_the_answers_than_a_handshaken_load():
    took = {}
    for chars in (0, 1024):
        talk, _, _ = over_faults(pipelining(chars))
        talk.loader.load(INPUT)
        took[chars] = talk.clock.now_s()
    saved_chars = (took[0] - took[1024]) * 11520
    assert saved_chars == pytest.approx(9 * 16)


def test_a_host_that_is_slow_to_answer_costs_nothing_once_enough_is_in_flight():
    """16 ms a turnaround, as with an adapter's latency timer: for each of 17 blocks otherwise."""
    talk, dut, _ = over_faults(pipelining(4096), delay_s=0.016)
    talk.loader.load(INPUT)
    assert bytes(dut.buffer) == INPUT
    assert talk.clock.now_s() < 17 * BLOCK / 11520 + 4 * 0.016


# ---- what ends it --------------------------------------------------------------------------------


def answered_so(number: int, answer: bytes):
    """The pairs of a pipelined load, of which all are sent, with one answer replaced."""
    pairs = load_pairs(INPUT, 30)
    pairs[number] = (pairs[number][0], answer)
    return pairs


@pytest.mark.parametrize(
    ("number", "answer"),
    [
        (1, b"e-[Insufficent number of hex digits]\r\n" + READY),
        (9, b"e-[Invalid hex digit 'zz']\r\n" + READY),
        (5, b"m-load-done\r\n" + READY),
        (5, b"m-name-dut-[acme]\r\n" + READY),
        (5, READY + READY),
        (5, b""),
        (5, b"m-redy\r\n"),
        (16, READY + READY),
        (17, READY),
        (17, b"m-load-done\r\n"),
        (17, b"m-load-done\r\n" + READY + READY),
        (17, b"m-load-done\r\nm-rea"),
    ],
)
def test_anything_unusual_begins_the_load_again_handshaken(number: int, answer: bytes):
    """All is in flight at once, so that the script knows what was sent."""
    script = [*answered_so(number, answer), RESYNC, *load_pairs(INPUT, 30)]
    with dialogue(script, settings=pipelining(100_000), all_read=False) as talk:
        talk.loader.load(INPUT)
        restarts = [note for note in talk.listener.notes if "restart 1 of 3" in note]
        assert len(restarts) == 1
        assert talk.loader.pipeline_chars == 100_000
        assert talk.loader.data_bytes == 30


def test_after_an_error_nothing_more_is_sent_of_that_load():
    pairs = load_pairs(INPUT, 30)
    refused = (pairs[3][0], b"e-[Invalid hex digit 'zz']\r\n" + READY)
    # Two in flight: with the answers to 1 and 2 come 3 and 4; the refusal of 3 is the end.
    script = [*pairs[:3], refused, pairs[4], RESYNC, *pairs]
    with dialogue(script, settings=pipelining(128)) as talk:
        talk.loader.load(INPUT)
        assert "block 3 of 17" in talk.listener.notes[0]


def test_an_end_that_comes_before_the_last_block_is_none():
    pairs = load_pairs(INPUT, 30)
    early = (pairs[16][0], READY + b"m-load-done\r\n" + READY)
    with dialogue([*pairs[:16], early, RESYNC, *pairs], settings=pipelining(64)) as talk:
        talk.loader.load(INPUT)
        assert "restart 1 of 3" in talk.listener.notes[0]


def test_after_the_second_failed_load_every_block_is_handshaken():
    bad = answered_so(5, b"e-[Invalid hex digit 'zz']\r\n" + READY)
    good = load_pairs(INPUT, 30)
    script = [*bad, RESYNC, *good, *bad, RESYNC, *good, *good]
    with dialogue(script, settings=pipelining(100_000)) as talk:
        for _ in range(3):
            talk.loader.load(INPUT)
        assert talk.loader.pipeline_chars == 0
        assert talk.loader.data_bytes == 30 > CAUTIOUS_DATA_BYTES, "the blocks were not at fault"
        assert sum("each waits for the answer" in note for note in talk.listener.notes) == 1


@pytest.mark.parametrize("kind", [NoInputBuffer, SmallInputBuffer])
def test_a_device_that_loses_what_comes_meanwhile_gets_its_input_all_the_same(kind):
    clock = VirtualClock()
    dut = device(kind)
    talk = Talk.over(SimulatedLink(dut, clock, "sim:"), clock, pipelining(4096, VerifyLoad.ALL))
    for _ in range(3):
        talk.loader.load(INPUT)
        assert bytes(dut.buffer) == INPUT
    assert talk.loader.pipeline_chars == 0


# ---- faulty links --------------------------------------------------------------------------------


@given(
    st.integers(0, 10**6), st.sampled_from([1e-4, 1e-3, 5e-3]), st.integers(0, 2000), st.booleans()
)
def test_a_link_that_loses_bytes_gives_the_whole_input_or_an_error(
    seed: int, rate: float, chars: int, back: bool
):
    talk, dut, link = over_faults(
        pipelining(chars, VerifyLoad.ALL),
        to_device=faulty.lose_at_rate(rate, seed),
        from_device=faulty.lose_at_rate(rate if back else 0.0, seed + 1),
    )
    try:
        talk.loader.load(INPUT)
    except DutError:
        assert len([note for note in talk.listener.notes if "restart" in note]) == 3
    else:
        assert bytes(dut.buffer) == INPUT
    assert b"%%" not in link.sent
    for load in bytes(link.sent).split(b"db load 490%")[1:]:
        digits = b"".join(
            command[3:] for command in load.split(b"%") if command.startswith(b"db ")
            and command != b"db print"
        )  # fmt: skip
        assert len(digits) <= 2 * len(INPUT), "bytes beyond the end would crash a real device"


def test_a_pipelined_load_survives_a_link_that_brings_one_byte_at_a_time():
    talk, dut, _ = over_faults(pipelining(), byte_at_a_time=True)
    talk.loader.load(INPUT)
    assert bytes(dut.buffer) == INPUT
    assert talk.listener.notes == []
