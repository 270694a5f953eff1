"""The IO manager: two conversations on one wire, taken apart."""

from __future__ import annotations

import pytest
from support.devices.dialogue import CUTS, READY, ScriptedTransport
from support.devices.fake_model import FakeModel
from tinyrunner.dut_protocol.errors import DutProtocolError, DutReportedError, DutTimeout
from tinyrunner.dut_protocol.host.dut import Dut
from tinyrunner.dut_protocol.host.inference import InferenceTimer
from tinyrunner.dut_protocol.host.io_manager import IoManager
from tinyrunner.dut_protocol.host.load_with_retries import Loader
from tinyrunner.dut_protocol.link.clock import VirtualClock
from tinyrunner.dut_protocol.simulated.device import DeviceSettings, SimulatedDut
from tinyrunner.dut_protocol.simulated.io_manager import SimulatedIoManager
from tinyrunner.dut_protocol.simulated.link import SimulatedLink
from tinyrunner.dut_protocol.wire.boot_banner import TimestampMode
from tinyrunner.dut_protocol.wire.settings import LinkSettings, VerifyLoad

DUT_LINK = LinkSettings(baud_rate=9600, verify_load=VerifyLoad.NEVER)


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

    def __init__(self):
        self.clock = VirtualClock()
        self.model = FakeModel()
        settings = DeviceSettings(baud_rate=9600, mode=TimestampMode.ENERGY, inference_time_s=0.01)
        self.edges_s = []
        self.device = SimulatedDut(self.model, settings, on_edge=self._edge)
        self.simulated = SimulatedIoManager(self.device)
        link = SimulatedLink(self.simulated, self.clock, "sim:io")
        self.io = IoManager(link, self.clock, LinkSettings(), Lines())
        self.dut = Dut(self.io.dut, self.clock, DUT_LINK, Lines())

    def _edge(self, at_s):
        self.edges_s.append(at_s)
        self.simulated.edge(at_s)

    def boot(self):
        self.device.boot(self.clock.now_s())
        self.simulated.forward()


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
def test_a_command_is_passed_through_and_both_answers_are_kept_apart(cut):
    answer = echoed("profile") + b"[dut]: m-model-[kws01]\r\n[dut]: m-ready\r\n"
    io, _, clock = manager([(b"dut profile%", answer)], cut)
    dut = Dut(io.dut, clock, DUT_LINK, Lines())
    assert dut.profile() == (None, "kws01")
    assert io.listener.lines == ["m-dut-passthrough(profile)", "m-ready"]
    assert dut.listener.lines == ["m-model-[kws01]", "m-ready"]


def test_what_was_cut_off_in_front_of_a_device_line_does_not_hide_it():
    answer = echoed("profile") + b"m-la[dut]: m-model-[kws01]\r\n[dut]: m-ready\r\n"
    io, _, clock = manager([(b"dut profile%", answer)])
    assert Dut(io.dut, clock, DUT_LINK, Lines()).profile() == (None, "kws01")


def test_a_pass_through_that_is_not_echoed_is_refused():
    io, _, _ = manager([(b"dut name%", b"m-name-dut-[acme]\r\n" + READY)])
    with pytest.raises(DutProtocolError, match="is this an IO manager"):
        io.pass_through(b"name%")


def test_an_error_of_the_manager_itself_is_reported():
    io, _, _ = manager([(b"tm 0%", b"e-[Unknown command: tm]\r\n" + READY)])
    with pytest.raises(DutReportedError, match="Unknown command"):
        io.mark_falling_edges()


def test_a_silent_manager_is_a_time_out_that_names_the_port():
    io, _, _ = manager([(b"version%", b"")])
    with pytest.raises(DutTimeout, match="scripted"):
        io.version()


def test_its_name_is_asked_again_when_opening_the_port_has_reset_it():
    io, _, _ = manager([(b"name%", b""), (b"name%", b"m-name-ioman-[EEMBC]\r\n" + READY)])
    assert io.identify() == "m-name-ioman-[EEMBC]"
    assert len(io.listener.notes) == 1


def test_the_timer_speaks_as_the_published_logs_have_it():
    bench = SimulatedBench()
    bench.io.mark_falling_edges()
    bench.io.enable_timer()
    bench.io.disable_timer()
    assert bench.io.listener.lines == [
        "m-timestmp-mode-FALLING", "m-[Timer disabled after mode change]", "m-ready",
        "m-timer-enabled", "m-ready", "m-timer-disabled", "m-ready",
    ]  # fmt: skip


def test_edges_are_reported_on_the_managers_clock_while_its_timer_is_on():
    bench = SimulatedBench()
    bench.boot()
    bench.io.identify()
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
