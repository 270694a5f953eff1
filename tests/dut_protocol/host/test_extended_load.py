from __future__ import annotations

import random
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.devices.boards import served
from support.devices.dialogue import NOT_VERIFYING, Talk
from support.devices.fake_model import FakeModel
from support.devices.faults import faulty
from support.devices.faults.faulty import FaultyTransport
from tinyrunner.dut_protocol.errors import DutError
from tinyrunner.dut_protocol.host.extended_load import ask_for_offer
from tinyrunner.dut_protocol.host.inference import InferenceTimer
from tinyrunner.dut_protocol.link.clock import Deadline, MonotonicClock, VirtualClock
from tinyrunner.dut_protocol.link.transport import open_transport
from tinyrunner.dut_protocol.simulated.device import DeviceSettings, SimulatedDut
from tinyrunner.dut_protocol.simulated.extension import SIMULATED_OFFER, ExtendedLoads, RawWait
from tinyrunner.dut_protocol.simulated.link import SimulatedLink
from tinyrunner.dut_protocol.wire.extension import Encoding, Offer, encode_block, parse_offer
from tinyrunner.dut_protocol.wire.settings import LinkSettings, VerifyLoad

STRIDE, WINDOW = 512, 2560
FILE = random.Random(7).randbytes(20 * STRIDE)
WINDOWS = [FILE[start : start + WINDOW] for start in range(0, 14 * STRIDE, STRIDE)]
BLOCK_SIZES = [Offer(bin_bytes=n, shift=True, timeout_ms=300) for n in (1, 64, 511, 512, 513, 4096)]
OFFERS = [SIMULATED_OFFER, Offer(b64=True, shift=True), *BLOCK_SIZES]


class Spied(SimulatedDut):
    """Keeps the commands that its firmware took for commands."""

    def __init__(self, settings: DeviceSettings) -> None:
        super().__init__(FakeModel("ad01", WINDOW, 1), settings)
        self.commands: list[bytes] = []

    def execute(self, command: bytes) -> None:
        self.commands.append(command)
        super().execute(command)


class Bench:
    """A host and a device that has the extension, with a fault in the wire between them."""

    def __init__(
        self,
        offer: Offer = SIMULATED_OFFER,
        link: LinkSettings = NOT_VERIFYING,
        shift: int | None = STRIDE,
        **faults,
    ) -> None:
        self.clock = VirtualClock()
        self.device = Spied(DeviceSettings(extension=True))
        self.device._extended = ExtendedLoads(offer)
        self.device._raw_wait = RawWait(
            offer, self.device.outgoing, self.device.settings.byte_time_s
        )
        self.wire = FaultyTransport(
            SimulatedLink(self.device, self.clock, "sim:"), clock=self.clock, **faults
        )
        self.talk = Talk.over(self.wire, self.clock, link)
        self.loader = self.talk.loader
        self.loader.extend(offer, shift)

    @property
    def notes(self) -> list[str]:
        return self.talk.listener.notes

    def load(self, data: bytes) -> list[bytes]:
        """Load; the device then holds it. Returns the commands that did it."""
        before = len(self.device.commands)
        self.loader.load(data)
        assert bytes(self.device.buffer) == data
        assert self.device.expected_bytes == len(data)
        return self.device.commands[before:]


def words(commands: list[bytes]) -> list[bytes]:
    return [b" ".join(command.split()[:2]) for command in commands]


# ---- the offer -----------------------------------------------------------------------------------


def test_a_device_offers_it_in_its_help_text_and_nowhere_else():
    clock = VirtualClock()
    device = SimulatedDut(FakeModel(), DeviceSettings(extension=True))
    talk = Talk.over(SimulatedLink(device, clock, "sim:"), clock)
    assert ask_for_offer(talk.dut) == SIMULATED_OFFER
    assert "x-tinyrunner-1 bin=512 b64 shift timeout-ms=500" in talk.listener.lines


def test_a_device_without_it_answers_its_commands_as_any_unknown_ones():
    clock = VirtualClock()
    device = SimulatedDut(FakeModel(), DeviceSettings())
    talk = Talk.over(SimulatedLink(device, clock, "sim:"), clock)
    assert ask_for_offer(talk.dut) is None
    with pytest.raises(DutError, match="Unknown command: xdb"):
        talk.dut.raw("xdb load 490 12345678 bin")


def test_an_offer_that_cannot_be_is_noted_and_is_none():
    clock = VirtualClock()
    device = SimulatedDut(FakeModel(), DeviceSettings(extension=True))
    said = device.print_line
    device.print_line = lambda text: said(text.replace("bin=512", "bin=0"))
    talk = Talk.over(SimulatedLink(device, clock, "sim:"), clock)
    assert ask_for_offer(talk.dut) is None
    assert "bin=0" in talk.listener.notes[0]


# ---- loads ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("offer", OFFERS, ids=Offer.encode)
def test_windows_of_a_file_are_loaded_whole_once_and_then_shifted(offer: Offer):
    bench = Bench(offer)
    assert words(bench.load(WINDOWS[0]))[0] == b"xdb load"
    for window in WINDOWS[1:]:
        assert words(bench.load(window))[0] == b"xdb shift"
    assert bench.notes == []


def test_what_does_not_follow_the_window_before_is_loaded_whole():
    bench = Bench()
    bench.load(WINDOWS[0])
    for data in (WINDOWS[2], WINDOWS[2], WINDOWS[1], bytes(WINDOW), bytes(WINDOW - 1), b"%%"):
        assert words(bench.load(data)) == [b"xdb load"]
    assert bench.notes == []


@pytest.mark.parametrize(
    ("offer", "shift"),
    [(SIMULATED_OFFER, None), (Offer(bin_bytes=512, timeout_ms=500), STRIDE)],
)
def test_without_a_stride_or_an_offer_of_it_nothing_is_shifted(offer: Offer, shift: int | None):
    bench = Bench(offer, shift=shift)
    for window in WINDOWS[:3]:
        assert b"xdb shift" not in words(bench.load(window))


@pytest.mark.parametrize("payload", [b"%" * WINDOW, b"%db load 9%" * 200, bytes(WINDOW)])
def test_a_payload_is_never_read_as_a_command(payload: bytes):
    bench = Bench()
    assert len(bench.load(payload)) == 1


@given(st.binary(min_size=1, max_size=3000), st.sampled_from(OFFERS))
def test_any_input_arrives(data: bytes, offer: Offer):
    bench = Bench(offer)
    bench.load(data)
    assert bench.notes == []


def test_a_read_back_sees_what_was_loaded():
    bench = Bench(link=LinkSettings(verify_load=VerifyLoad.ALL))
    for window in WINDOWS[:3]:
        assert b"db print" in bench.load(window)
    assert bench.notes == []


def test_an_inference_between_loads_changes_nothing_and_db_stays_available():
    bench = Bench()
    for window in WINDOWS[:3]:
        bench.load(window)
        InferenceTimer(bench.talk.dut).infer(1, 0, 1)
        assert bench.device.model.inferred[-1] == window
    plain = Talk.over(bench.wire, bench.clock)
    plain.loader.load(WINDOWS[3])
    assert bytes(bench.device.buffer) == WINDOWS[3]


def test_a_device_that_forgot_the_window_is_loaded_whole():
    bench = Bench()
    bench.load(WINDOWS[0])
    bench.device.buffer[700] ^= 1  # a stray write, a brown-out
    assert words(bench.load(WINDOWS[1]))[0] == b"xdb shift"
    assert b"xdb load" in words(bench.device.commands)
    assert "CRC" in bench.notes[0]
    bench.device.buffer.clear()
    bench.load(WINDOWS[2])
    assert "no complete load to shift" in bench.notes[1]


def test_what_somebody_else_loaded_meanwhile_is_noticed():
    bench = Bench()
    bench.load(WINDOWS[0])
    Talk.over(bench.wire, bench.clock).loader.load(WINDOWS[5])
    bench.load(WINDOWS[1])
    assert len([note for note in bench.notes if "restart" in note]) == 1


# ---- when it fails -------------------------------------------------------------------------------


class Once:
    """A fault at the k-th byte from when it is armed."""

    def __init__(self, change) -> None:
        self._change, self.left = change, None

    def __call__(self, data: bytes) -> bytes:
        if self.left is None:
            return data
        if self.left >= len(data):
            self.left -= len(data)
            return data
        at, self.left = self.left, None
        return data[:at] + self._change(data[at]) + data[at + 1 :]


FAULTS = {
    "lost": lambda byte: b"",
    "flipped": lambda byte: bytes([byte ^ 0x10]),
    "twice": lambda byte: bytes([byte, byte]),
    "a percent sign": lambda byte: b"%",
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("place", [0, 3, 4, 10, 14, 20, 21, 22, 23, 24, 300, 530, 538])
@pytest.mark.parametrize("encoding", [Encoding.BIN, Encoding.B64])
def test_one_bad_byte_costs_one_restart_and_a_whole_load(fault, place: int, encoding: Encoding):
    once = Once(fault)
    offer = SIMULATED_OFFER if encoding is Encoding.BIN else Offer(b64=True, shift=True)
    bench = Bench(offer, to_device=once)
    bench.load(WINDOWS[0])
    once.left = place
    sent = words(bench.load(WINDOWS[1]))
    assert len([note for note in bench.notes if "restart" in note]) <= 1
    if bench.notes:
        assert b"xdb load" in sent
    assert words(bench.load(WINDOWS[2]))[0] == b"xdb shift"
    assert bench.loader.extended


@pytest.mark.parametrize("place", range(0, 60, 3))
def test_one_byte_lost_on_its_way_back_costs_one_restart(place: int):
    once = Once(FAULTS["lost"])
    bench = Bench(from_device=once)
    bench.load(WINDOWS[0])
    once.left = place
    bench.load(WINDOWS[1])
    assert len([note for note in bench.notes if "restart" in note]) <= 1
    bench.load(WINDOWS[2])
    assert bench.loader.extended


def test_a_link_that_is_not_8_bit_clean_goes_back_to_db_for_good():
    def seven_bits(data: bytes) -> bytes:
        return bytes(byte & 0x7F for byte in data)

    bench = Bench(Offer(bin_bytes=512, timeout_ms=500), to_device=seven_bits)
    bench.load(WINDOWS[0])
    assert not bench.loader.extended
    assert any("from now on by db" in note for note in bench.notes)
    assert b"xdb load" not in words(bench.load(WINDOWS[1]))


@given(st.integers(0, 10**6), st.sampled_from([1e-5, 1e-4, 1e-3]), st.sampled_from(OFFERS[:4]))
def test_a_bad_link_gives_the_right_input_or_an_error(seed: int, rate: float, offer: Offer):
    source = random.Random(seed)

    def spoil(data: bytes) -> bytes:
        out = bytearray()
        for byte in data:
            kind = source.randrange(3) if source.random() < rate else -1
            out += (bytes([byte]), b"", bytes([byte, byte]), bytes([byte ^ 4]))[kind + 1]
        return bytes(out)

    bench = Bench(offer, to_device=spoil, from_device=faulty.lose_at_rate(rate, seed))
    for window in WINDOWS[:3]:
        try:
            bench.loader.load(window)
        except DutError:
            return
        if bench.loader.extended:  # by db a flipped digit may be another digit: no checksum
            assert bytes(bench.device.buffer) == window


# ---- a length-prefixed load that stops in its middle ---------------------------------------------


def begun(device: Spied, at_s: float, payload: bytes) -> None:
    """A host sends the beginning of a load and dies."""
    device.receive(b"xdb load 2560 12345678 bin%", at_s)
    device.receive(payload, device.outgoing[-2][0] + 0.001)


@pytest.mark.parametrize("sent", [b"", b"x", bytes(515), encode_block(bytes(512), Encoding.BIN)])
def test_the_next_host_finds_the_device_answering_again_after_two_time_outs(sent: bytes):
    clock = VirtualClock()
    device = Spied(DeviceSettings(extension=True))
    begun(device, 0.0, sent)
    clock.advance_to(max(when_s for when_s, _ in device.outgoing) + 0.5)
    talk = Talk.over(SimulatedLink(device, clock, "sim:"), clock)
    assert talk.dut.identify().vendor == "tinyrunner-simulated"
    assert "e-[xdb: no byte for 500 ms, load dropped]" in talk.listener.lines
    assert device.commands == [
        b"xdb load 2560 12345678 bin", b"name", b"profile",
    ]  # fmt: skip
    talk.loader.load(WINDOWS[0])
    assert bytes(device.buffer) == WINDOWS[0]


def test_the_next_host_may_come_at_once():
    clock = VirtualClock()
    device = Spied(DeviceSettings(extension=True))
    begun(device, 0.0, bytes(100))
    talk = Talk.over(SimulatedLink(device, clock, "sim:"), clock)
    assert talk.dut.identify().model_id == "ad01"
    assert device.commands[-1] == b"profile"


def test_a_byte_in_time_keeps_the_load_going_and_one_too_late_does_not():
    for pause_s, done in ((0.49, True), (0.51, False)):
        device = Spied(DeviceSettings(extension=True))
        payload = encode_block(bytes(10), Encoding.BIN)
        crc = int.from_bytes(payload[-4:], "big")
        device.receive(b"xdb load 10 %08x bin%%" % crc, 0.0)
        at_s = device.now_s
        for byte in payload:
            at_s += pause_s
            device.receive(bytes([byte]), at_s)
        said = b"".join(data for _, data in device.outgoing)
        assert (b"m-load-done" in said) is done
        assert (b"e-[xdb: no byte" in said) is not done
        assert len(device.commands) == 1, "what came too late is no command"


def test_a_device_is_deaf_after_an_error_until_it_was_quiet():
    device = Spied(DeviceSettings(extension=True))
    device.receive(b"xdb load 10 12345678 bin%", 0.0)
    device.receive(b"damaged block!", 0.1)
    device.receive(b"name%", 0.4)
    device.receive(b"name%", 0.8)
    assert len(device.commands) == 1
    device.receive(b"name%", 1.4)
    assert device.commands[1:] == [b"name"]


def test_a_host_that_was_away_too_long_sends_no_block():
    bench = Bench(Offer(bin_bytes=512, timeout_ms=300))
    bench.load(WINDOWS[0])
    read = bench.wire.read
    naps = [0.2]

    def read_late(max_bytes: int, timeout_s: float) -> bytes:
        data = read(max_bytes, timeout_s)
        if naps and data.endswith(b"m-ready\r\n"):
            bench.clock.pause(naps.pop())
        return data

    bench.wire.read = read_late
    bench.load(WINDOWS[0])
    assert any("may not be waiting" in note for note in bench.notes)
    assert all(command.isascii() for command in bench.device.commands)


def test_a_slow_wire_is_no_slow_host():
    """At 9600 baud the beginning alone takes more than half of the shortest time-out."""
    clock = VirtualClock()
    offer = Offer(bin_bytes=64, shift=True, timeout_ms=100)
    device = SimulatedDut(
        FakeModel("ad01", WINDOW, 1), DeviceSettings(baud_rate=9600, extension=True)
    )
    device._extended = ExtendedLoads(offer)
    device._raw_wait = RawWait(offer, device.outgoing, device.settings.byte_time_s)
    talk = Talk.over(
        SimulatedLink(device, clock, "sim:"), clock,
        LinkSettings(baud_rate=9600, verify_load=VerifyLoad.NEVER),
    )  # fmt: skip
    talk.loader.extend(offer, STRIDE)
    for window in WINDOWS[:3]:
        talk.loader.load(window)
    assert talk.listener.notes == []


def test_a_reset_in_the_middle_ends_the_load():
    device = Spied(DeviceSettings(extension=True))
    begun(device, 0.0, bytes(100))
    device.boot(1.0)
    device.receive(b"name%", 2.0)
    assert device.commands[-1] == b"name"
    assert not any(b"no byte" in data for _, data in device.outgoing)


def test_the_documented_offer_is_the_simulated_device_s():
    assert parse_offer("bin=512 b64 shift timeout-ms=500") == SIMULATED_OFFER


# ---- in real time --------------------------------------------------------------------------------


def test_it_works_over_a_port_in_real_time_with_its_time_out():
    device = SimulatedDut(FakeModel("ad01", WINDOW, 1), DeviceSettings(baud_rate=0, extension=True))
    with served(device) as address, closing(open_transport(address, 115200)) as transport:
        talk = Talk.over(transport, MonotonicClock())
        talk.dut.identify()
        offer = ask_for_offer(talk.dut)
        assert offer == SIMULATED_OFFER
        talk.loader.extend(offer, STRIDE)
        for window in WINDOWS:
            talk.loader.load(window)
            assert bytes(device.buffer) == window
        assert talk.listener.notes == []
        talk.dut.raw("xdb load 10 12345678 bin")
        with pytest.raises(DutError, match="no byte for 500 ms"):
            talk.dut.collect(Deadline(talk.dut.clock, 3.0), "waiting")
        talk.loader._extension.wait_until_quiet()
        talk.loader.load(WINDOWS[0])
        assert bytes(device.buffer) == WINDOWS[0]
