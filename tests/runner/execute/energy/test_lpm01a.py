"""An energy run with an LPM01A that is as awkward as real ones are."""

from __future__ import annotations

from functools import partial

import pytest
from support.cli import document, only_session, tinyrunner
from support.energy.bench import Watched
from support.inputs import write_inputs
from tinyrunner.energy.simulated.lpm01a import Lpm01aFaults, SimulatedLpm01a
from tinyrunner.energy.simulated.power_model import BoardCurrents
from tinyrunner.energy.trace_files import read_trace
from tinyrunner.models.suite import KWS
from tinyrunner.runner.bench.simulated import monitors
from tinyrunner.runner.write import energy_plots


@pytest.fixture
def run(tmp_path, monkeypatch):
    """`tinyrunner run kws --mode energy` with an LPM01A of these faults."""
    watched = Watched(monkeypatch)
    monkeypatch.setattr(energy_plots, "plot_energy", lambda *_: ())  # they take most of the time
    data = write_inputs(tmp_path / "data", KWS, 5)

    def run(supply_v=3.0, faults=None, currents=None):
        if currents is not None:
            watched.prepare = lambda bench: setattr(bench.power, "currents", currents)
        monkeypatch.setattr(monitors, "SimulatedLpm01a", partial(SimulatedLpm01a, faults=faults))
        ran = tinyrunner(
            "run", "kws", "--mode", "energy", "--iterations", "20", "--dut", "sim:kws01",
            "--monitor", "sim:lpm01a", "--supply-v", supply_v, "--datasets", data,
            "--sessions", tmp_path / "s",
        )  # fmt: skip
        assert watched.off
        return ran, only_session(tmp_path / "s") if (tmp_path / "s").exists() else None

    return run


@pytest.mark.parametrize(
    ("volts", "off_v"), [(1.8, -0.018), (2.5, 0.025), (3.0, -0.03), (3.3, 0.033)]
)
def test_it_is_run_at_every_voltage_whatever_stands_between_command_and_answer(volts, off_v, run):
    faults = Lpm01aFaults(first_htc=True, service_lines=True, voltage_offset_v=off_v)
    ran, session = run(volts, faults)
    assert ran.status == 3, ran  # the windows are short
    assert f"emon: m-voltage-mv[{(volts + off_v) * 1000:.0f}]" in (session / "log.txt").read_text()
    assert document(session)["provenance"]["monitor"]["serial"] == "000000000-0000000000-0000000"
    said = read_trace(session).provenance
    assert said["supply_v"] == volts
    assert said["supply_measured_v"] == pytest.approx(volts + off_v)
    assert "calibration request handled" in said["said"]
    assert any("htc: error htc" in line for line in said["said"])


def test_a_supply_that_is_too_far_off_is_refused_before_it_is_switched_on(run):
    ran, _ = run(1.8, Lpm01aFaults(voltage_offset_v=0.021))
    assert ran.status == 2, ran
    assert "set to 1.8 V it measures 1.821 V" in " ".join(ran.err.split())


def test_a_board_that_draws_too_much_is_told_which_monitors_can_feed_it(run):
    ran, session = run(currents=BoardCurrents(infer_a=0.061))
    assert ran.status == 1, ran
    err = " ".join(ran.err.split())
    assert "the LPM01A on sim:lpm01a stopped measuring at 61.0 mA" in err
    assert "Overcurrent >59mA, dynamic acquisition stopped" in err
    assert "it needs another monitor, such as a PPK2 (1 A)" in err
    assert "may still supply" not in err
    assert "session: m-session-error[" in (session / "log.txt").read_text().splitlines()[-1]
    trace = read_trace(session)
    assert "stopped measuring at 61.0 mA" in trace.provenance["ended_by"]
    assert trace.samples_uj[-1] == pytest.approx(183.0)  # 61 mA x 3 V x 1 ms
    assert len(trace.events_s) == 1  # of the timestamp command: the warm-up was too much
