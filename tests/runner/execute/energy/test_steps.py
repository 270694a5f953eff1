"""Each step for the IO manager and the monitor, by what is done and what the log says of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.devices.boards import HashModel
from support.energy.fakes import FakeMonitor
from tinyrunner.dut_protocol.errors import DutReportedError, DutTimeout
from tinyrunner.dut_protocol.host.dut import Dut
from tinyrunner.dut_protocol.host.io_manager import IoManager
from tinyrunner.dut_protocol.link.clock import VirtualClock
from tinyrunner.dut_protocol.simulated.device import DeviceSettings, SimulatedDut
from tinyrunner.dut_protocol.simulated.io_manager import SimulatedIoManager
from tinyrunner.dut_protocol.simulated.link import SimulatedLink
from tinyrunner.dut_protocol.wire.boot_banner import TimestampMode
from tinyrunner.dut_protocol.wire.settings import LinkSettings
from tinyrunner.energy.errors import SamplesLost, TraceError
from tinyrunner.energy.trace import TraceWriter
from tinyrunner.energy.trace_files import read_trace
from tinyrunner.models.suite import KWS
from tinyrunner.runner.bench.recorder import Recorder, ServedTransport
from tinyrunner.runner.execute.steps.energy_steps import POWER_CYCLE_S, EnergySteps
from tinyrunner.runner.execute.steps.sequencer import PASSED_THROUGH, JournalListener
from tinyrunner.runner.journal.journal import Journal
from tinyrunner.runner.script.verbs import EmonPower, EmonTimer, EmonTrace, EmonVoltage, IoCommand


class Rig:
    """Steps on a fake monitor and a simulated device behind a simulated IO manager."""

    def __init__(self, folder, *, event_input=True, windows=None):
        self.folder = folder
        self.clock = VirtualClock()
        self.monitor = FakeMonitor(self.clock, event_input=event_input)
        settings = DeviceSettings(baud_rate=9600, mode=TimestampMode.ENERGY)
        self.manager = None
        self.device = SimulatedDut(
            HashModel(KWS), settings, lambda at_s: self.manager.edge(at_s), None
        )
        self.manager = SimulatedIoManager(self.device)
        self.device.power_off(0.0)
        recorder = self.recorder = Recorder(self.monitor, self.clock)
        link = ServedTransport(SimulatedLink(self.manager, self.clock, "sim:"), recorder)
        self.io_manager = IoManager(link, self.clock, LinkSettings())
        self.dut = Dut(self.io_manager.dut, self.clock, LinkSettings(baud_rate=9600))
        self.journal = Journal(folder / "log.txt", self.clock)
        self.steps = EnergySteps(
            self.dut, self.io_manager, recorder, self.journal, folder, 5.0,
            supply_v=3.0, windows=windows,
        )  # fmt: skip
        self.io_manager.listener = JournalListener(self.journal, lambda text: None, "io")
        self.dut.listener = JournalListener(self.journal, lambda text: None, PASSED_THROUGH)
        self.manager.outgoing.clear()  # that it has booted was heard when the bench was opened
        self.monitor.power = self._power
        self._said = 0

    def _power(self, on):
        self.monitor.calls.append(f"power {on}")
        if on:
            self.device.boot(self.clock.now_s())
            self.manager.forward()
        else:
            self.device.power_off(self.clock.now_s())

    def does(self, verb):
        """What the log says of a step."""
        self.steps.execute(verb)
        return self.said()

    def said(self):
        self.journal.flush()
        lines = (self.folder / "log.txt").read_text().splitlines()
        new, self._said = lines[self._said :], len(lines)
        return [line.partition(" ")[2] for line in new]


@pytest.fixture
def rig(tmp_path):
    rig = Rig(tmp_path)
    with rig.journal:
        yield rig


DONE = ["emon: m-ready", "parser: m-ready-finished[emon]"]


def test_the_dialogue_of_a_run(rig):
    power = rig.does(EmonPower(True))
    assert power[:3] == ["emon: m-power[on]", *DONE]
    assert power[3:] == [
        "io: [dut]: m-timestamp-mode-energy", "io: [dut]: m-init-done", "io: [dut]: m-ready",
    ]  # fmt: skip
    assert rig.does(IoCommand("tm 0")) == [
        "parser: m-ready-finished[io]", "io: m-timestmp-mode-FALLING",
        "io: m-[Timer disabled after mode change]", "io: m-ready",
    ]  # fmt: skip
    assert rig.does(IoCommand("enable-timer")) == [
        "parser: m-ready-finished[io]", "io: m-timer-enabled", "io: m-ready",
    ]  # fmt: skip
    assert rig.does(EmonTimer(True)) == ["emon: m-timer[on]", *DONE]
    assert rig.does(EmonTrace("trace1")) == ["emon: m-trace[on]", *DONE]
    rig.monitor.events_s = [0.5]
    rig.recorder.pause(2.0)
    assert rig.does(EmonTrace(None)) == [
        "emon: m-regfile-fn[trace1-energy.bin]-type[emon]-name[fake-1]",
        "emon: m-regfile-fn[trace1-timestamps.json]-type[etime]-name[fake-1]",
        "emon: m-trace[off]", *DONE,
    ]  # fmt: skip
    assert rig.does(EmonTimer(False)) == ["emon: m-timer[off]", *DONE]
    assert rig.does(EmonVoltage(None)) == ["emon: m-voltage-mv[3000]", *DONE]
    assert rig.does(EmonPower(False)) == ["emon: m-power[off]", *DONE]
    assert rig.monitor.calls == ["power True", "start", "stop", "power False"]
    trace = read_trace(rig.folder)
    assert trace.events_s == (0.5,) == rig.steps.trace.events_s
    assert trace.duration_s == pytest.approx(2.0)


def test_a_voltage_is_set_and_the_one_read_back_is_said(rig):
    rig.monitor.set_supply = lambda supply_v: supply_v - 0.001
    assert rig.does(EmonVoltage(1800)) == ["emon: m-voltage-mv[1799]", *DONE]
    assert rig.does(EmonVoltage(None))[0] == "emon: m-voltage-mv[1799]"


def test_a_device_that_boots_at_the_second_power_up_is_taken(rig):
    boot, boots = rig.device.boot, []

    def second_time(at_s):
        boots.append(at_s)
        if len(boots) == 2:
            boot(at_s)

    rig.device.boot = second_time
    rig.steps.execute(EmonPower(True))
    assert len(boots) == 2
    assert boots[1] - boots[0] >= POWER_CYCLE_S


def test_a_device_that_does_not_boot_is_powered_up_once_more_and_waited_for_as_told(rig):
    rig.device.say = lambda message: None
    with pytest.raises(DutTimeout, match=r"no m-ready in 5\.0 s after power on"):
        rig.steps.execute(EmonPower(True))
    assert rig.clock.now_s() == pytest.approx(5.0 + POWER_CYCLE_S + 5.0)


def test_a_command_that_the_io_manager_does_not_know_is_an_error(rig):
    with pytest.raises(DutReportedError, match=r"`dance` was answered 'e-\?dance'"):
        rig.steps.execute(IoCommand("dance"))


def test_the_trace_of_a_run_that_stops_is_closed_with_what_it_has(rig):
    rig.steps.execute(EmonTrace("trace1"))
    rig.steps.close()
    rig.steps.close()
    assert (rig.folder / "trace1-energy.bin").read_bytes()[:1] == b"\xf1"
    assert rig.steps.trace is None


def test_a_trace_that_lost_too_much_is_kept_with_what_it_lost(rig):
    rig.does(EmonTrace("trace1"))
    rig.monitor.events_s = [0.5]
    rig.monitor.loses = 100
    rig.clock.pause(2.0)
    with pytest.raises(SamplesLost):
        rig.does(EmonTrace(None))
    trace = read_trace(rig.folder)
    assert trace.events_s == (0.5,)
    assert [(gap.index, gap.lost) for gap in trace.gaps] == [(1000, 100)]


def test_a_recording_that_the_monitor_ended_keeps_its_events(rig):
    rig.does(EmonTrace("trace1"))
    rig.monitor.events_s = [0.5]
    rig.clock.pause(1.0)
    rig.monitor.stop()  # as a monitor does by itself where it cannot go on
    rig.steps.close()
    assert read_trace(rig.folder).events_s == (0.5,)
    assert rig.steps.trace is None


def test_an_earlier_recording_is_not_taken_for_the_one_that_failed(rig):
    rig.monitor.trace = TraceWriter(rig.folder / "calibration.bin", 1000.0).finish({})
    rig.does(EmonTrace("trace1"))
    rig.steps.close()
    assert not (rig.folder / "trace1-details.json").exists()


def test_steps_that_had_no_trace_close_too(rig):
    rig.steps.close()
    assert not (rig.folder / "trace1-energy.bin").exists()


def test_edges_of_the_io_manager_are_counted_where_the_monitor_sees_none(tmp_path):
    rig = Rig(tmp_path, event_input=False, windows=1)
    with rig.journal:
        rig.steps.execute(EmonPower(True))
        rig.steps.execute(IoCommand("enable-timer"))
        rig.steps.execute(EmonTrace("trace1"))
        rig.clock.pause(1.0)
        rig.dut.timestamp()
        rig.recorder.pause(1.0)
        expected = r"1 edge of the timestamp pin \(at 1\.\d+ s\) where 3 were expected"
        with pytest.raises(TraceError, match=expected):
            rig.steps.execute(EmonTrace(None))
    assert (tmp_path / "trace1-energy.bin").stat().st_size > 4000


# ---- a supply from outside -----------------------------------------------------------------------


@pytest.fixture
def outside(rig):
    """The monitor measures only; whoever supplies the device has it on."""
    rig.monitor.capabilities = replace(rig.monitor.capabilities, powers_device=False)
    rig.monitor.power = lambda on: rig.monitor.calls.append(f"power {on}")
    return rig


def test_a_device_that_somebody_else_powers_is_found_awake_and_never_switched(outside):
    outside.device.boot(outside.clock.now_s())
    outside.manager.forward()
    outside.clock.pause(3600.0)
    before_s = outside.clock.now_s()
    said = outside.does(EmonPower(True))
    assert said[:3] == ["emon: m-power[external]", *DONE]
    assert "io: [dut]: m-init-done" in said  # its banner waited in the wire: it is no reboot
    assert said[-1] == "io: [dut]: m-ready"
    assert outside.clock.now_s() - before_s < 3.0
    assert outside.does(EmonPower(False)) == ["emon: m-power[external]", *DONE]
    assert outside.dut.profile()[1] == "kws01"


def test_a_device_whose_own_supply_is_off_is_told_so(outside):
    with pytest.raises(DutTimeout, match=r"does not power the device: is its own supply on\?"):
        outside.steps.execute(EmonPower(True))
    assert outside.monitor.calls == ["power True"]
