"""The pieces of the check that judge on their own: line ends, timer steps, inputs, wire limits."""

from __future__ import annotations

import math
import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.devices.boards import HashModel
from support.devices.dialogue import ScriptedTransport
from tinyrunner.dut_protocol.conformance.probe import CheckOptions, Probe, sample_input
from tinyrunner.dut_protocol.conformance.replies import LineEnds, UnsolicitedLines
from tinyrunner.dut_protocol.conformance.timer import _common_step_us
from tinyrunner.dut_protocol.host.dut import Dut
from tinyrunner.dut_protocol.host.load_blocks import handshaken_chars
from tinyrunner.dut_protocol.host.load_with_retries import Loader
from tinyrunner.dut_protocol.link.clock import VirtualClock
from tinyrunner.dut_protocol.simulated.device import DeviceSettings, SimulatedDut
from tinyrunner.dut_protocol.simulated.link import SimulatedLink
from tinyrunner.dut_protocol.wire.settings import LinkSettings, VerifyLoad
from tinyrunner.models.suite import KWS, TASKS, InputFormat


class Pieces:
    """A transport with something to say, in given pieces."""

    address = "pieces"

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = list(pieces)

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""

    def write(self, data: bytes) -> None:
        pass

    def close(self) -> None:
        pass


@given(st.integers(0, 60))
def test_line_ends_are_counted_however_the_bytes_come(cut: int):
    said = b"m-ready\r\nhello\nInput db has 1 elemented, expected 2\nm-ready\r\nm-"
    ends = LineEnds(Pieces(said[:cut], said[cut:]))
    while ends.read(100, 0.0):
        pass
    ends.read(100, 0.0)
    if 0 < cut < len(said):
        assert (ends.crlf, ends.lf_only, ends.first_lf_only) == (2, 1, "hello")


def test_chatter_counts_from_the_name_on_and_no_row_or_message_is_chatter():
    clock = VirtualClock()
    heard = UnsolicitedLines(LineEnds(ScriptedTransport(clock, [])))
    for line in ("booting…", "m-init-done", "m-name-dut-[acme]", "m-ready", "debug", "m-lap-us-7"):
        heard.line(line)
    assert (heard.chatter, heard.first_chatter) == (1, "debug")


STAMPS_S = [0.5 + 0.0027 * i + 0.000377 * i * (i + 1) / 2 for i in range(30)]


@pytest.mark.parametrize("jitter_s", [0.0, 0.00013])
@pytest.mark.parametrize("hertz", [1, 10, 18.2065, 50, 60, 64, 100, 128, 250, 500])
def test_a_timer_below_1_khz_is_told(hertz: float, jitter_s: float):
    # 1 Hz needs stamps over more than a second
    scale = 20 if hertz < 5 else 1
    moments = [scale * at + jitter_s * (i % 7) for i, at in enumerate(STAMPS_S)]
    stamps = [int(int(at * hertz) * 1e6 / hertz) for at in moments]
    step_us = _common_step_us([b - a for a, b in pairwise(stamps)])
    assert step_us == pytest.approx(1e6 / hertz, abs=60)


@pytest.mark.parametrize("hertz", [1000, 1024, 4000, 10_000, 32_768, 250_000, 1_000_000])
@given(st.floats(0, 1000), st.floats(0.9, 1.1))
def test_a_timer_of_1_khz_or_more_is_fine(hertz: int, offset_s: float, slower: float):
    moments = [offset_s + slower * at for at in STAMPS_S]
    stamps = [int(int(at * hertz) * 1e6 / hertz) for at in moments]
    assert _common_step_us([b - a for a, b in pairwise(stamps)]) <= 1000


def test_a_timer_that_stands_still_has_no_step():
    assert _common_step_us([0, 0, 0]) == 0


@pytest.mark.parametrize("task", TASKS.values(), ids=list(TASKS))
def test_a_sample_input_is_one_that_the_model_takes(task):
    data = sample_input(task, 1)
    assert len(data) == task.input_bytes
    assert data == sample_input(task, 1) != sample_input(task, 2)
    if task.input_format is InputFormat.FLOAT32_LE:
        assert all(map(math.isfinite, struct.unpack(f"<{len(data) // 4}f", data)))


@pytest.mark.parametrize("task", TASKS.values(), ids=list(TASKS))
@pytest.mark.parametrize("data_bytes", [1, 30, 38])
def test_the_limit_of_a_load_is_every_character_on_the_wire(task, data_bytes):
    clock = VirtualClock()
    dut = SimulatedDut(HashModel(task), DeviceSettings(baud_rate=115200))
    settings = LinkSettings(data_bytes_per_db=data_bytes, verify_load=VerifyLoad.NEVER)
    loader = Loader(Dut(SimulatedLink(dut, clock, "sim:"), clock, settings))
    begun_s = clock.now_s()
    loader.load(bytes(task.input_bytes))
    took_s = clock.now_s() - begun_s
    assert handshaken_chars(task.input_bytes, data_bytes) * 10 / 115200 == pytest.approx(took_s)


def test_the_probe_never_sends_an_empty_command():
    probe = Probe(Pieces(), VirtualClock(), LinkSettings(), CheckOptions())
    for text in ("", "   "):
        with pytest.raises(ValueError, match="crashes"):
            probe.ask(text)


def test_a_load_stops_at_m_load_done_wherever_it_comes():
    """One byte more would overrun the reference firmware's buffer."""
    clock = VirtualClock()
    dut = SimulatedDut(HashModel(KWS), DeviceSettings())
    sent = []

    class Watched(SimulatedLink):
        def write(self, data: bytes) -> None:
            sent.append(data)
            super().write(data.replace(b"db load 20", b"db load 8"))

    class Pretends(Watched):
        def read(self, max_bytes: int, timeout_s: float) -> bytes:
            return super().read(max_bytes, timeout_s).replace(b"Expecting 8", b"Expecting 20")

    probe = Probe(Pretends(dut, clock, "sim:"), clock, LinkSettings(), CheckOptions())
    loaded = probe.load(bytes(20), 4)
    assert (loaded.blocks, loaded.sent, loaded.done_after) == (5, 2, 2)
    assert not loaded.whole
    assert len(sent) == 3
