"""The Otii's driver: the transcript through the vendor's package, refusals, faults, safety."""

from __future__ import annotations

import contextlib
import itertools
from contextlib import contextmanager

import numpy as np
import pytest
from support.energy.scripted_otii import scripted_otii
from support.energy.transcripts import dialogues
from tinyrunner.dut_protocol.link.clock import VirtualClock
from tinyrunner.energy.drivers.otii.driver import Otii
from tinyrunner.energy.errors import MonitorError, MonitorRefused, MonitorTimeout, SamplesLost
from tinyrunner.energy.simulated.otii import OtiiFaults, SimulatedOtii
from tinyrunner.energy.simulated.power_model import BoardCurrents, PowerModel, PowerState
from tinyrunner.energy.simulated.scpi import Fault
from tinyrunner.energy.trace import TraceWriter
from tinyrunner.energy.windows import measure_windows


@contextmanager
def simulated(faults=None, infer_a=0.035):
    model, clock = PowerModel(BoardCurrents(infer_a=infer_a)), VirtualClock()
    with SimulatedOtii(model, clock, faults=faults) as server:
        yield server, model, clock
    assert not server.supply.on


@contextmanager
def opened(server, clock, **settings):
    with Otii.open(clock, *server.bound, answer_timeout_s=0.3, **settings) as monitor:
        yield monitor


def record(monitor, model, clock, tmp_path, seconds=2.0):
    """A recording with one window in the middle; the trace."""
    monitor.set_supply(3.0)
    monitor.power(True)
    model.change(clock.now_s(), PowerState.IDLE)
    writer = TraceWriter(tmp_path / "trace.bin", monitor.capabilities.default_rate_hz)
    monitor.start(writer)
    clock.pause(0.5003)
    model.change(clock.now_s(), PowerState.INFER)
    model.edge(clock.now_s())
    for _ in range(round(seconds / 0.5)):
        clock.pause(0.5)
        monitor.service()
    model.edge(clock.now_s())
    model.change(clock.now_s(), PowerState.IDLE)
    clock.pause(0.5)
    return monitor.stop()


# ---- the transcript ----


def test_a_whole_session_is_the_transcript(tmp_path):
    told = dialogues("otii")
    clock = VirtualClock()
    session = [told[name] for name in list(told)[:-1]]  # without the refusals
    with (
        scripted_otii(session) as place,
        Otii.open(clock, *place, answer_timeout_s=5.0) as monitor,
    ):
        assert monitor.identify().serial == "Arc512031204843494E3130393033313036"
        assert monitor.capabilities.default_rate_hz == 4000
        assert monitor.set_supply(3.0) == 3.0
        monitor.power(True)
        monitor.start(TraceWriter(tmp_path / "t.bin", 4000.0))
        monitor.service()
        trace = monitor.stop()
    assert trace.samples_uj.tolist() == pytest.approx([0.01 * 3.0 * 0.00025 * 1e6] * 8)
    assert trace.events_s == (0.001,)
    assert trace.provenance["otii"] == "3.5.5"
    assert trace.provenance["sample_rate_hz"] == 4000


# ---- what it measures ----


@pytest.mark.parametrize("starts_with_level", [False, True])
def test_the_edges_and_the_energy_between_them_are_the_boards(starts_with_level, tmp_path):
    faults = OtiiFaults(starts_with_level=starts_with_level, battery_emulator=True)
    with simulated(faults) as (server, model, clock), opened(server, clock) as monitor:
        trace = record(monitor, model, clock, tmp_path)
        assert monitor.identify().model == "Otii Arc"
    assert len(trace.events_s) == 2
    (window,) = measure_windows(trace, [trace.events_s])
    assert window.invalid is None
    true_j = np.diff(model.energy_j(np.array(model.edges_s)))[0]
    assert window.energy_j == pytest.approx(true_j, rel=1e-3)
    assert "recording_delete" in server.received


def test_samples_that_are_missing_by_their_time_stamps_fail_the_recording(tmp_path):
    faults = OtiiFaults(lost=(4100, 40))
    with simulated(faults) as (server, model, clock), opened(server, clock) as monitor:
        with pytest.raises(SamplesLost, match="40 missing by the time stamps"):
            record(monitor, model, clock, tmp_path)
        assert [(gap.index, gap.lost) for gap in monitor.trace.gaps] == [(4100, 40)]


@pytest.mark.parametrize("faults", [OtiiFaults(stamp_step_s=0.001), OtiiFaults(stamp_step_s=1e-6)])
def test_time_stamps_that_are_rounded_accuse_nobody(faults, tmp_path):
    with simulated(faults) as (server, _, clock), opened(server, clock) as monitor:
        monitor.set_supply(3.0)
        monitor.power(True)
        monitor.start(TraceWriter(tmp_path / "trace.bin", 4000.0))
        for pause_s in (0.5001, 0.49987, 0.50031, 0.3333) * 3:
            clock.pause(pause_s)
            monitor.service()
        assert monitor.stop().gaps == ()


@pytest.mark.parametrize("seconds", [2.0, 20.0])
def test_current_without_a_voltage_is_no_energy(seconds, tmp_path):
    faults = OtiiFaults(without_voltage=True)
    with (
        simulated(faults) as (server, model, clock),
        opened(server, clock) as monitor,
        pytest.raises(MonitorError, match="no voltage for the last of them"),
    ):
        record(monitor, model, clock, tmp_path, seconds)


def test_what_a_type_of_device_does_not_have_is_kept_in_the_provenance(tmp_path):
    faults = OtiiFaults(refuses=frozenset({"arc_set_range", "arc_set_src_cur_limit_enabled"}))
    with simulated(faults) as (server, model, clock), opened(server, clock) as monitor:
        trace = record(monitor, model, clock, tmp_path)
    assert len(trace.provenance["settings_refused"]) == 2
    assert "Command not valid for device type" in trace.provenance["settings_refused"][0]


def test_a_device_that_records_nothing_more_is_told(tmp_path):
    faults = OtiiFaults(stops_after_s=1.0)
    with (
        simulated(faults) as (server, model, clock),
        opened(server, clock) as monitor,
        pytest.raises(MonitorTimeout, match="nothing came for 3"),
    ):
        record(monitor, model, clock, tmp_path, 10.0)


# ---- over-current ----


def test_over_current_is_told_with_the_reading_and_the_limit(tmp_path):
    with simulated(infer_a=0.8) as (server, model, clock):
        said = (
            "output is off, .*over-current; the highest reading of the last moments was 0.8 A, its "
            "limit is 0.5 A; set a higher current_limit_a"
        )
        with pytest.raises(MonitorError, match=said), opened(server, clock) as monitor:
            record(monitor, model, clock, tmp_path)
    assert len(monitor.trace.samples_uj) > 4000  # what came before is kept
    assert len(monitor.trace.events_s) == 1
    assert "main output is off" in monitor.trace.provenance["ended_by"]


def test_a_limit_that_holds_the_current_is_told_by_the_voltage(tmp_path):
    said = r"fallen to 2.4 V from 3 V.*set a higher current_limit_a"
    with (
        simulated(OtiiFaults(holds_current=True), 0.8) as (server, model, clock),
        opened(server, clock) as monitor,
        pytest.raises(MonitorError, match=said),
    ):
        record(monitor, model, clock, tmp_path)


def test_a_higher_limit_feeds_the_same_board(tmp_path):
    with (
        simulated(infer_a=0.8) as (server, model, clock),
        opened(server, clock, current_limit_a=1.0) as monitor,
    ):
        assert record(monitor, model, clock, tmp_path).gaps == ()


# ---- what is refused ----


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        (OtiiFaults(logged_in=False), "nobody is logged in: log in in the Otii 3 application"),
        (OtiiFaults(licensed=False), "no Automation licence is reserved: reserve one"),
        (OtiiFaults(old_server=True), r"Otii 3.5.5 or later is needed.*Invalid command"),
        (OtiiFaults(devices=0), "there is no Arc or Ace; present: none"),
        (OtiiFaults(devices=2), r"more than one.*Arc \(Arc, .*Arc II.*name one as otii:"),
        (OtiiFaults(link=Fault.GARBAGE), "JSONDecodeError"),
        (OtiiFaults(link=Fault.SILENT), "did not answer in time"),
    ],
)
def test_a_server_that_cannot_be_used_is_told_before_anything_is_switched(faults, said):
    with simulated(faults) as (server, _, clock):
        with pytest.raises(MonitorError, match=said), opened(server, clock):
            pass
        assert "arc_set_main" not in server.received


def test_a_device_is_chosen_by_its_name_or_its_id():
    with simulated(OtiiFaults(devices=2)) as (server, _, clock):
        for name in ("Arc", "Arc00000000000000000000000000000001"):
            with opened(server, clock, device=name) as monitor:
                assert monitor.address.endswith("/Arc")
        with pytest.raises(MonitorError, match="no Arc or Ace 'Ace 1'"):
            Otii.open(clock, *server.bound, "Ace 1")


@pytest.mark.parametrize(
    ("settings", "volts", "said"),
    [
        ({}, 5.5, "outside what it can supply, 1.2 to 5 V"),
        ({}, 1.0, "outside what it can supply"),
        ({"max_voltage_v": 3.6}, 3.7, "max_voltage_v of 3.6 V; nothing was switched"),
        ({"current_limit_a": 6.0}, 3.0, "an Otii has 0.001 to 5 A"),
    ],
)
def test_what_the_instrument_or_a_limit_does_not_allow_is_refused(settings, volts, said):
    with simulated() as (server, _, clock):
        with (
            pytest.raises(MonitorRefused, match=said),
            opened(server, clock, **settings) as monitor,
        ):
            monitor.set_supply(volts)
        assert "arc_set_main_voltage" not in server.received


def test_the_supply_must_be_set_before_it_is_on(tmp_path):
    with simulated() as (server, _, clock), opened(server, clock) as monitor:
        with pytest.raises(MonitorRefused, match="set the supply"):
            monitor.power(True)
        with pytest.raises(MonitorRefused, match="not recording"):
            monitor.stop()
        with pytest.raises(MonitorRefused, match="no sample rate of 5 Hz; possible: 4000"):
            monitor.start(TraceWriter(tmp_path / "t.bin", 5.0))


# ---- leaving it safe ----


def test_a_connection_that_is_cut_is_made_anew_to_switch_off(tmp_path):
    with simulated() as (server, model, clock):

        def record_until_it_is_cut():
            with opened(server, clock) as monitor:
                monitor.set_supply(3.0)
                monitor.power(True)
                server.faults = OtiiFaults(link=Fault.CUT)
                record(monitor, model, clock, tmp_path)

        with pytest.raises(MonitorError, match="setting 3 V: "):
            record_until_it_is_cut()


def test_an_exchange_that_was_interrupted_does_not_keep_the_supply_on(monkeypatch):
    """The answer that was not read is the next one's: the package calls that a mismatch."""
    from otii_tcp_client.otii_connection import OtiiConnection

    def interrupted(connection, timeout_s, trans_id):
        monkeypatch.undo()
        raise KeyboardInterrupt

    with simulated() as (server, _, clock):

        def ask_and_be_interrupted():
            with opened(server, clock) as monitor:
                monitor.set_supply(3.0)
                monitor.power(True)
                assert server.supply.on
                monkeypatch.setattr(OtiiConnection, "receive_response", interrupted)
                monitor.set_supply(3.1)

        with pytest.raises(KeyboardInterrupt):
            ask_and_be_interrupted()


@pytest.mark.parametrize("moment", range(1, 6))
def test_a_second_interrupt_in_the_middle_of_switching_off_does_not_keep_it_on(moment, monkeypatch):
    from otii_tcp_client.otii_connection import OtiiConnection

    with simulated() as (server, _, clock):
        monitor = Otii.open(clock, *server.bound, answer_timeout_s=0.3)
        monitor.set_supply(3.0)
        monitor.power(True)
        moments = itertools.count(1)

        def interrupting(used):
            def use(*arguments):
                if next(moments) == moment:
                    raise KeyboardInterrupt
                return used(*arguments)

            return use

        for name in ("send_request", "receive_response"):
            used = interrupting(getattr(OtiiConnection, name))
            monkeypatch.setattr(OtiiConnection, name, used)
        with contextlib.suppress(KeyboardInterrupt):  # there are four moments
            monitor.close()


def test_a_server_that_is_gone_for_good_is_shouted_about():
    model, clock = PowerModel(), VirtualClock()
    with SimulatedOtii(model, clock) as server:
        monitor = Otii.open(clock, *server.bound, answer_timeout_s=0.2)
        monitor.set_supply(3.0)
        monitor.power(True)
    with pytest.raises(MonitorError, match="COULD NOT BE SWITCHED OFF and may still power"):
        monitor.close()
    monitor.close()  # again is harmless
