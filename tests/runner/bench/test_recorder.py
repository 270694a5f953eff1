"""The monitor is served at its interval, whatever the run waits for."""

from __future__ import annotations

from itertools import pairwise

import pytest
from support.devices.boards import HashModel
from support.energy.fakes import FakeMonitor
from tinyrunner.dut_protocol.host.dut import Dut
from tinyrunner.dut_protocol.host.inference import InferenceTimer
from tinyrunner.dut_protocol.host.io_manager import IoManager
from tinyrunner.dut_protocol.host.load_with_retries import Loader
from tinyrunner.dut_protocol.link.clock import VirtualClock
from tinyrunner.dut_protocol.simulated.device import DeviceSettings, SimulatedDut
from tinyrunner.dut_protocol.simulated.io_manager import SimulatedIoManager
from tinyrunner.dut_protocol.simulated.link import SimulatedLink
from tinyrunner.dut_protocol.wire.boot_banner import TimestampMode
from tinyrunner.dut_protocol.wire.settings import LinkSettings
from tinyrunner.models.suite import KWS
from tinyrunner.runner.bench.recorder import Recorder, ServedTransport


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def monitor(clock):
    return FakeMonitor(clock, interval_s=1.0)


@pytest.fixture
def recorder(monitor, clock):
    return Recorder(monitor, clock)


def started(recorder, tmp_path):
    recorder.start(recorder.monitor.writer(tmp_path))
    return recorder


def gaps(monitor):
    return [later - earlier for earlier, later in pairwise(monitor.served_s)]


def test_nothing_is_served_before_and_after_the_recording(recorder, monitor, tmp_path):
    recorder.pause(10.0)
    recorder.serve()
    started(recorder, tmp_path)
    recorder.stop()
    recorder.pause(10.0)
    assert monitor.served_s == []


def test_a_long_pause_is_served_every_interval_and_lasts_as_long_as_asked(
    recorder, monitor, clock, tmp_path
):
    started(recorder, tmp_path)
    recorder.pause(60.25)
    assert clock.now_s() == pytest.approx(60.25)
    assert monitor.served_s == pytest.approx([float(second) for second in range(1, 61)])


def test_short_pauses_add_up_to_the_interval(recorder, monitor, tmp_path):
    started(recorder, tmp_path)
    for _ in range(100):
        recorder.pause(0.35)
    assert max(gaps(monitor)) <= 1.0 + 1e-9
    assert len(monitor.served_s) == 35


def test_the_start_is_between_two_moments_of_the_clock(recorder, monitor, clock, tmp_path):
    clock.advance_to(5.0)
    monitor.start_takes_s = 0.25
    started(recorder, tmp_path)
    assert recorder.started_s == (5.0, 5.25)
    assert recorder.due_in_s == 1.0


def test_a_silent_read_is_served_and_ends_at_its_time_out(recorder, monitor, clock, tmp_path):
    transport = ServedTransport(Silent(clock), recorder)
    assert transport.read(100, 3.0) == b""
    assert monitor.served_s == []
    started(recorder, tmp_path)
    assert transport.read(100, 5.5) == b""
    assert clock.now_s() == pytest.approx(8.5)
    assert monitor.served_s == pytest.approx([4.0, 5.0, 6.0, 7.0, 8.0])


def test_reads_that_begin_late_in_an_interval_do_not_stretch_it(recorder, monitor, clock, tmp_path):
    transport = ServedTransport(Silent(clock), recorder)
    started(recorder, tmp_path)
    for _ in range(20):
        transport.read(100, 0.9)
    assert max(gaps(monitor)) <= 1.0 + 1e-9


def test_what_came_is_handed_over_and_a_failing_monitor_is_heard(recorder, monitor, tmp_path):
    link = Silent(recorder.clock)
    transport = ServedTransport(link, recorder)
    started(recorder, tmp_path)
    link.data = b"m-ready\r\n"
    assert transport.read(100, 5.0) == b"m-ready\r\n"
    monitor.error = RuntimeError("samples lost")
    with pytest.raises(RuntimeError, match="samples lost"):
        transport.read(100, 5.0)
    with pytest.raises(RuntimeError, match="samples lost"):
        recorder.pause(5.0)


def test_a_load_and_an_inference_behind_the_io_manager_are_served(
    recorder, monitor, clock, tmp_path
):
    device = SimulatedDut(
        HashModel(KWS),
        DeviceSettings(baud_rate=9600, inference_time_s=0.02, mode=TimestampMode.ENERGY),
    )
    manager = SimulatedIoManager(device)
    transport = ServedTransport(SimulatedLink(manager, clock, "sim:"), recorder)
    io_manager = IoManager(transport, clock, LinkSettings())
    dut = Dut(io_manager.dut, clock, LinkSettings(baud_rate=9600))
    started(recorder, tmp_path)
    began_s = clock.now_s()
    for _ in range(3):
        Loader(dut).load(bytes(KWS.input_bytes))
        InferenceTimer(dut).infer(550, 1, KWS.score_count)
    assert clock.now_s() - began_s > 33
    assert monitor.served_s[0] - began_s < 1.2
    assert max(gaps(monitor)) < 1.2  # a line that is just arriving is read to its end


class Silent:
    """A link on which nothing comes, unless ``data`` is there."""

    address = "silent"

    def __init__(self, clock):
        self._clock = clock
        self.data = b""

    def read(self, max_bytes, timeout_s):
        data, self.data = self.data, b""
        if not data:
            self._clock.pause(timeout_s)
        return data

    def write(self, data):
        pass

    def close(self):
        pass
