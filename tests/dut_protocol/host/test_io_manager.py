"""The IO manager: two conversations on one wire, taken apart.

What EEMBC's says is in a transcript, and the driver is held against that alone; what a whole bench
does is tried on the simulated one.
"""

from __future__ import annotations

import pytest
from support.devices.dialogue import CUTS, READY, ScriptedTransport
from support.devices.fake_model import FakeModel
from support.energy.transcripts import dialogues
from tinyrunner.dut_protocol.errors import (
    DutProtocolError,
    DutReportedError,
    DutTimeout,
    LinkFlooded,
)
from tinyrunner.dut_protocol.host.dut import Dut
from tinyrunner.dut_protocol.host.inference import InferenceTimer
from tinyrunner.dut_protocol.host.io_manager import IoManager
from tinyrunner.dut_protocol.host.load_with_retries import Loader
from tinyrunner.dut_protocol.link.clock import VirtualClock
from tinyrunner.dut_protocol.simulated.device import DeviceSettings, SimulatedDut
from tinyrunner.dut_protocol.simulated.io_manager import IoManagerHabits, SimulatedIoManager
from tinyrunner.dut_protocol.simulated.link import SimulatedLink
from tinyrunner.dut_protocol.wire.boot_banner import TimestampMode
from tinyrunner.dut_protocol.wire.settings import LinkSettings, VerifyLoad

DUT_LINK = LinkSettings(baud_rate=9600, verify_load=VerifyLoad.NEVER)
BEHIND = LinkSettings(baud_rate=9600, verify_load=VerifyLoad.NEVER, data_bytes_per_db=28)
TRANSCRIPT = dialogues("io_manager")
BOOT = TRANSCRIPT["boot"].lines[0].answer


class Lines:
    def __init__(self):
        self.lines, self.notes = [], []

    def line(self, text):
        self.lines.append(text)

    def note(self, text):
        self.notes.append(text)


def echoed(command):
    return f"m-dut-passthrough({command})\r\n".encode() + READY


def manager(pairs, cut=CUTS["whole"], unasked=b""):
    clock = VirtualClock()
    transport = ScriptedTransport(clock, pairs, cut=cut, unasked=unasked)
    return IoManager(transport, clock, LinkSettings(), Lines()), transport, clock


class SimulatedBench:
    """Host, IO manager and energy firmware on one virtual clock."""

    def __init__(self, **habits):
        self.clock = VirtualClock()
        self.model = FakeModel()
        settings = DeviceSettings(baud_rate=9600, mode=TimestampMode.ENERGY, inference_time_s=0.01)
        self.edges_s = []
        self.device = SimulatedDut(self.model, settings, on_edge=self._edge)
        self.simulated = SimulatedIoManager(self.device, habits=IoManagerHabits(**habits))
        link = SimulatedLink(self.simulated, self.clock, "sim:io")
        self.io = IoManager(link, self.clock, LinkSettings(), Lines())
        self.dut = Dut(self.io.dut, self.clock, BEHIND, Lines())

    def _edge(self, at_s):
        self.edges_s.append(at_s)
        self.simulated.edge(at_s)

    def boot(self):
        self.io.identify()
        self.device.boot(self.clock.now_s())
        self.simulated.forward()


# ---- as the transcript has it --------------------------------------------------------------------


def told(name):
    """A driver with a dialogue of the transcript to go through, and its transport."""
    io, transport, clock = manager(TRANSCRIPT[name].pairs)
    return io, Dut(io.dut, clock, DUT_LINK, Lines()), transport


def test_it_is_known_by_its_name_and_its_version():
    io, _, transport = told("who it is")
    assert (io.identify(), io.version()) == ("m-name-io", ["m-version-1.0.3"])
    transport.finish()


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
def test_a_published_run_is_gone_through(cut):
    pairs = TRANSCRIPT["a published run"].pairs
    io, transport, clock = manager(pairs, cut)
    dut = Dut(io.dut, clock, DUT_LINK, Lines())
    assert dut.profile() == ("ULPMark for tinyML Firmware V0.0.1", "ad01")
    io.mark_falling_edges()
    io.enable_timer()
    assert dut.timestamp() is None
    assert [edge.us for edge in io.edges] == [260903132]
    inference = InferenceTimer(dut).infer(2000, 1, 1)
    assert inference.scores == (11.772,)
    io.disable_timer()
    transport.finish()


@pytest.mark.parametrize("name", ["edges", "a sensor is played"])
def test_what_it_does_is_no_refusal(name):
    for line in TRANSCRIPT[name].lines:
        whole = line.answer if line.answer.endswith(b"\n") else line.answer + b"\r\n" + READY
        io, transport, _ = manager([(line.send, whole)])
        said = io.command(line.send.decode().rstrip("%"))
        assert "\r\n".join([*said, "m-ready", ""]).encode() == whole
        transport.finish()


@pytest.mark.parametrize("line", TRANSCRIPT["refusals"].lines, ids=lambda line: line.send.decode())
def test_every_form_of_its_refusals_is_one(line):
    io, transport, _ = manager([(line.send, line.answer)])
    with pytest.raises(DutReportedError) as raised:
        io.command(line.send.decode().rstrip("%"))
    assert raised.value.reported == line.answer.decode().splitlines()[0]
    transport.finish()


@pytest.mark.parametrize("name", ["a device is switched on", "a device was up first"])
def test_energy_firmware_is_known_by_its_banner_though_its_first_byte_is_lost(name):
    io, _, clock = manager([], unasked=TRANSCRIPT[name].lines[0].answer)
    assert Dut(io.dut, clock, DUT_LINK, Lines()).wait_for_boot(5.0) is TimestampMode.ENERGY


def test_twenty_eight_data_bytes_pass_and_twenty_nine_are_seen_to_be_cut():
    for name, taken in (("twenty-eight data bytes pass", True), ("twenty-nine are cut", False)):
        io, _, transport = told(name)
        block = TRANSCRIPT[name].lines[0].send.removeprefix(b"dut ")
        if taken:
            io.pass_through(block)
        else:
            with pytest.raises(DutProtocolError, match=r"64 of the 65 characters of `dut db 0b30"):
                io.pass_through(block)
        transport.finish()


# ---- who it is, and how much of a command it keeps -----------------------------------------------


def test_its_boot_text_is_not_taken_for_its_name():
    late = [(0.0, b""), (1.6, BOOT)]  # an Arduino takes as long, and loses what comes before
    name = (b"name%", TRANSCRIPT["who it is"].lines[0].answer)
    clock = VirtualClock()
    transport = ScriptedTransport(clock, [(b"name%", b""), name], unasked=late)
    io = IoManager(transport, clock, LinkSettings(), Lines())
    assert io.identify() == "m-name-io"
    assert io.listener.lines[:2] == ["m-ver-IoTConnect IO Manager 1.0.3", "m-ready"]
    assert not any("stray" in note for note in io.listener.notes)


@pytest.mark.parametrize(
    ("chars", "exactly", "limit", "data_bytes"),
    [
        (84, False, (84, False), 38),
        (40, False, (40, False), 16), (64, False, (64, False), 28), (80, False, (80, False), 36),
        (200, False, (84, True), 38), (40, True, (40, False), 16), (64, True, (64, False), 28),
        (80, True, (80, False), 36), (84, True, (84, False), 38), (200, True, (200, False), 38),
        (1000, True, (288, True), 38),
    ],
)  # fmt: skip
def test_what_it_keeps_is_measured_without_the_device_noticing(chars, exactly, limit, data_bytes):
    bench = SimulatedBench(command_chars=chars)
    bench.boot()
    bench.dut.identify()
    found = bench.io.measure_limit(bench.dut, exactly=exactly)
    assert (found.chars, found.at_least, found.data_bytes_per_db) == (*limit, data_bytes)
    assert bench.io.limit == found
    assert not any(line.startswith("e-") for line in bench.dut.listener.lines)
    assert bench.dut.profile() == ("ULPMark for tinyML Firmware V0.0.1", "kws01")


@pytest.mark.parametrize("data_bytes", [8, 28, 38])
@pytest.mark.parametrize("odd", [0, 1])
def test_what_passes_by_the_limit_arrives(data_bytes, odd):
    bench = SimulatedBench(command_chars=2 * data_bytes + 8 + odd)
    bench.boot()
    bench.dut.identify()
    loader = Loader(bench.dut)
    loader.data_bytes = bench.io.measure_limit(bench.dut).data_bytes_per_db
    assert loader.data_bytes == data_bytes
    loader.load(bytes(range(245)) * 2)
    assert loader.failed_loads == 0


LONG_NAME = b"dut name abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0123456789abc%"
NAMED = b"[dut]: m-name-dut-[acme]\r\n[dut]: m-ready\r\n"


def measured(*answers):
    """The limit by these answers to the long command, each with the device's."""
    io, transport, clock = manager([(LONG_NAME, answer) for answer in answers])
    limit = io.measure_limit(Dut(io.dut, clock, DUT_LINK, Lines()))
    transport.finish()
    return limit.chars


def test_an_echo_that_is_damaged_once_is_no_limit():
    assert len(LONG_NAME) == 85
    whole = LONG_NAME[4:-1].decode()
    kept = echoed(whole[:60] + "\x07.") + NAMED
    assert measured(echoed("name ab\x7f" + whole[8:]) + NAMED, kept) == 64
    assert measured(kept) == 64
    assert measured(echoed(whole) + NAMED) == 84


def test_firmware_that_takes_the_long_command_for_a_word_is_no_obstacle():
    refused = b"[dut]: e-[Unknown command: name abcdef]\r\n[dut]: m-ready\r\n"
    assert measured(echoed(LONG_NAME[4:-1].decode()) + refused) == 84


def test_garbage_with_line_ends_and_a_percent_sign_is_still_behind_what_was_kept():
    echo = b"m-dut-passthrough(%b\r\nx\r\n)\r\n" % LONG_NAME[4:64] + READY
    two_answers = NAMED + b"[dut]: e-[Unknown command: x]\r\n[dut]: m-ready\r\n"
    assert measured(echo + two_answers) == 64


def test_a_device_that_is_silent_to_the_long_command_is_brought_back_into_step():
    whole = LONG_NAME[4:-1].decode()
    io, transport, clock = manager(
        [(LONG_NAME, echoed(whole)), (b"dut name%", echoed("name") + NAMED)]
    )
    assert io.measure_limit(Dut(io.dut, clock, DUT_LINK, Lines())).chars == 84
    transport.finish()


def test_a_manager_that_passes_no_data_byte_is_refused():
    bench = SimulatedBench(command_chars=9)
    bench.boot()
    bench.dut.wait_for_boot(5.0)
    with pytest.raises(DutProtocolError, match="keeps 9 characters of a command: 0 data bytes"):
        bench.io.measure_limit(bench.dut)


def test_a_board_that_echoes_all_and_refuses_in_its_own_way_is_measured_as_far_as_it_goes():
    """As MLCommons' interface board: unknown words are answered by a text, or by nothing."""
    whole = LONG_NAME[4:-1].decode()
    for own in (b"unknown\r\n" + READY, b""):
        long_word = ("abcdefghijklmnopqrstuvwxyz0123456789" * 8).encode() + b"%"
        io, transport, clock = manager([(LONG_NAME, echoed(whole) + NAMED), (long_word, own)])
        limit = io.measure_limit(Dut(io.dut, clock, DUT_LINK, Lines()), exactly=True)
        assert (limit.chars, limit.at_least) == (84, True)
        transport.finish()


# ---- two conversations ---------------------------------------------------------------------------


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
def test_a_command_is_passed_through_and_both_answers_are_kept_apart(cut):
    answer = echoed("profile") + b"[dut]: m-model-[kws01]\r\n[dut]: m-ready\r\n"
    io, _, clock = manager([(b"dut profile%", answer)], cut)
    dut = Dut(io.dut, clock, DUT_LINK, Lines())
    assert dut.profile() == (None, "kws01")
    assert io.listener.lines == ["m-dut-passthrough(profile)", "m-ready"]
    assert dut.listener.lines == ["m-model-[kws01]", "m-ready"]


@pytest.mark.parametrize("behind", ["\xbc", ")", ")x"])
def test_what_is_echoed_with_more_behind_it_was_not_taken_whole(behind):
    io, _, _ = manager([(b"dut name%", echoed(f"name{behind}"))])
    with pytest.raises(DutProtocolError, match="8 of the 8 characters of `dut name` are in the IO"):
        io.pass_through(b"name%")


def test_what_was_cut_off_in_front_of_a_device_line_does_not_hide_it():
    answer = echoed("profile") + b"m-la[dut]: m-model-[kws01]\r\n[dut]: m-ready\r\n"
    io, _, clock = manager([(b"dut profile%", answer)])
    assert Dut(io.dut, clock, DUT_LINK, Lines()).profile() == (None, "kws01")


def test_a_pass_through_that_is_not_echoed_is_refused():
    io, _, _ = manager([(b"dut name%", b"m-name-dut-[acme]\r\n" + READY)])
    with pytest.raises(DutProtocolError, match="is this an IO manager"):
        io.pass_through(b"name%")


def test_a_pass_through_that_is_refused_is_no_error_of_the_device():
    io, _, _ = manager([(b"dut name%", b"e-?dt\r\n" + READY)])
    with pytest.raises(DutProtocolError, match=r"answered \['e-\?dt'\].*is this an IO manager"):
        io.pass_through(b"name%")


def test_a_silent_manager_is_a_time_out_that_names_the_port():
    io, _, _ = manager([(b"version%", b"")])
    with pytest.raises(DutTimeout, match="scripted"):
        io.version()


def test_its_name_is_asked_again_when_opening_the_port_has_reset_it():
    io, _, _ = manager([(b"name%", b""), (b"name%", b"m-name-io\r\n" + READY)])
    assert io.identify() == "m-name-io"
    assert len(io.listener.notes) == 1


def test_edges_are_reported_on_the_managers_clock_while_its_timer_is_on():
    bench = SimulatedBench(late_edges=False)
    bench.boot()
    bench.io.mark_falling_edges()
    bench.io.enable_timer()
    bench.dut.identify()
    timer = InferenceTimer(bench.dut)
    Loader(bench.dut).load(bytes(490))
    before = len(bench.edges_s)
    timer.infer(100, 1, 12)
    true_s = bench.edges_s[before:]
    reported = [edge.us for edge in bench.io.edges][-2:]
    assert len(true_s) == 2
    assert reported == [int(at_s * 1e6) // 4 * 4 for at_s in true_s]
    assert all(
        0 <= edge.host_s - at_s < 0.05
        for edge, at_s in zip(bench.io.edges[-2:], true_s, strict=True)
    )
    bench.io.disable_timer()
    timer.infer(1, 0, 12)
    assert len(bench.io.edges) == 2


def test_an_input_reaches_the_device_whole_and_its_scores_come_back():
    bench = SimulatedBench()
    bench.boot()
    identity = bench.dut.identify()
    assert identity.boot_mode is TimestampMode.ENERGY
    assert bench.dut.timestamp() is None
    data = bytes(range(245)) * 2
    Loader(bench.dut).load(data)
    inference = InferenceTimer(bench.dut).infer(10, 1, 12)
    assert bench.model.inferred == [data]
    assert inference.start_us is None
    assert inference.scores == tuple(round(i / 1000, 3) for i in range(12))


def test_host_and_device_never_speak_at_once():
    bench = SimulatedBench()
    bench.boot()
    bench.dut.identify()
    sent = []
    inner = bench.simulated.receive

    def receive(data, start_s):
        busy_until_s = max((done for done, _ in bench.simulated.outgoing), default=0.0)
        sent.append(data)
        assert start_s >= busy_until_s, f"{data!r} sent while the device was answering"
        inner(data, start_s)

    bench.simulated.receive = receive
    Loader(bench.dut).load(bytes(490))
    InferenceTimer(bench.dut).infer(5, 1, 12)
    assert len(sent) > 15


@pytest.mark.parametrize(
    ("line", "error"),
    [(b"[dut]: tick\r\n", DutTimeout), (b"m-lap-us-1234567\r\n", LinkFlooded)],
    ids=["of the device", "of edges"],
)
def test_a_flood_of_either_side_is_not_waited_out(line, error):
    """Two megabytes a second."""
    flood = [(0.001, line * (2_000 // len(line)))] * 10_000
    io, transport, clock = manager([], unasked=flood)
    transport.write = lambda data: None
    with pytest.raises(error):
        io.command("version")
    assert clock.now_s() < 3.1
