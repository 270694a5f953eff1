"""What is wrong with an energy bench is told, by name, and the supply is off."""

from __future__ import annotations

import pytest
from support.cli import only_session, tinyrunner
from support.devices.boards import board, served
from support.energy.bench import Watched, performance_firmware, quiet, soon_given_up
from support.energy.described import LAB, changed, write
from support.inputs import write_inputs
from tinyrunner.dut_protocol.simulated.io_manager import SimulatedIoManager
from tinyrunner.energy.simulated.scpi import Fault
from tinyrunner.models.suite import KWS, VWW


@pytest.fixture
def watched(monkeypatch):
    return Watched(monkeypatch)


@pytest.fixture
def refused(tmp_path, watched):
    """Run kws in energy mode with these arguments, see it end so, and the supply off."""
    data = write_inputs(tmp_path / "data", KWS)

    def run(status, *arguments, dut=("--dut", "sim:"), supply=("--supply-v", "3.0")):
        ran = tinyrunner(
            "run", "kws", "--mode", "energy", "--datasets", data, "--sessions", tmp_path / "s",
            *dut, *supply, *arguments,
        )  # fmt: skip
        assert ran.status == status, ran
        assert "Traceback" not in ran.err
        if watched.benches:
            assert watched.off
        return " ".join(ran.err.split())

    return run


def never_on(watched) -> bool:
    return not any(words.startswith("OUTP ON") for words in watched.bench.monitor.received)


def log_of(root) -> str:
    return (only_session(root) / "log.txt").read_text()


# ---- an instrument described in YAML -------------------------------------------------------------


def test_a_description_with_an_unknown_key_is_told_before_anything_is_opened(refused, tmp_path):
    mine = write(tmp_path / "mine.yaml", changed(LAB, {"fetch": {"evry_s": 1}}))
    said = refused(2, "--monitor", f"sim:scpi:{mine}")
    assert "fetch.evry_s: unknown key; did you mean every_s?" in said
    assert f"{mine}:" in said


@pytest.fixture
def refused_outside(tmp_path, watched):
    """Run with a meter in the wire of a supply of 3 V, which is on before and after."""
    data = write_inputs(tmp_path / "data", KWS)

    def run(supply_v):
        ran = tinyrunner(
            "run", "kws", "--mode", "energy", "--datasets", data, "--sessions", tmp_path / "s",
            "--dut", "sim:", "--supply-v", supply_v, "--monitor", "sim:scpi:dmm7510",
        )  # fmt: skip
        assert ran.status == 2, ran
        assert watched.bench.power.supply_v == 3.0
        return " ".join(ran.err.split())

    return run


def test_a_voltage_other_than_that_of_the_supply_from_outside_is_refused(refused_outside):
    said = refused_outside("1.8")
    assert "1.8 V cannot be set" in said
    assert "supplied from outside with 3 V (external.voltage_v)" in said


def test_performance_firmware_is_known_where_there_was_no_banner(refused_outside, watched):
    def booted_long_ago(bench):
        performance_firmware(bench)
        boot, say = bench.device.boot, bench.device.say

        def silently(at_s):
            bench.device.say = lambda message: None
            boot(at_s)
            bench.device.say = say

        bench.device.boot = silently

    watched.prepare = booted_long_ago
    said = refused_outside("3.0")
    assert "this is no energy firmware (by its m-lap-us it is in mode performance)" in said


# ---- before anything is powered ------------------------------------------------------------------


def test_no_supply_voltage_is_asked_for(refused, watched):
    assert "which supply voltage? Give --supply-v; there is no default" in refused(2, supply=())
    assert not watched.benches


@pytest.mark.parametrize("volts", ["0", "-3", "nan", "inf"])
def test_a_voltage_that_is_none_is_a_wrong_option(volts, refused, watched):
    assert "--supply-v: expected" in refused(2, supply=("--supply-v", volts))
    assert not watched.benches


def test_a_voltage_outside_the_range_is_refused(refused, watched, tmp_path):
    said = refused(2, supply=("--supply-v", "33", "--max-v", "40"))
    assert "33 V is outside what channel 1 of TCPIP0::127.0.0.1" in said
    assert "0 to 20.4 V" in said
    assert never_on(watched)
    session = only_session(tmp_path / "s")
    assert f"(what was said is in {session})" in said
    assert "33 V is outside" in log_of(tmp_path / "s").splitlines()[-1]


@pytest.mark.parametrize("dut", ["sim:", None])
@pytest.mark.parametrize("volts", ["3.61", "12"])
def test_more_than_3_6_volts_are_refused_before_anything_is_opened(
    volts, dut, refused, watched, monkeypatch
):
    real = ("--io", "/dev/ttyNOT0", "--monitor", "ppk2:/dev/ttyNOT1")
    bench = real if dut is None else ("--dut", dut)
    said = refused(2, dut=bench, supply=("--supply-v", volts))
    assert f"a supply of {volts} V is above the limit of 3.6 V" in said
    assert f"--max-v {volts} (max_voltage_v under monitor: in a file) allows it" in said
    assert "ttyNOT" not in said
    assert not watched.benches


def test_a_voltage_above_the_configurations_own_limit_is_refused_and_a_flag_allows_it(
    refused, watched, tmp_path
):
    config = tmp_path / "bench.yaml"
    config.write_text("monitor:\n  max_voltage_v: 2.5\n")
    assert "3 V is above the limit of 2.5 V" in refused(2, "--config", config)
    assert not watched.benches
    nobody = ("--io", "/dev/ttyNOT0", "--monitor", "ppk2:/dev/ttyNOT1")
    said = refused(2, "--config", config, "--max-v", "3", dut=nobody)
    assert "ttyNOT0" in said  # it has come as far as opening the IO manager's port


def test_a_configurations_higher_limit_holds_for_the_instrument_too(refused, watched, tmp_path):
    config = tmp_path / "bench.yaml"
    config.write_text("monitor:\n  max_voltage_v: 5.0\n  supply_v: 33\n")
    assert "33 V is above the limit of 5 V" in refused(2, "--config", config, supply=())
    config.write_text("monitor:\n  max_voltage_v: 40\n  supply_v: 33\n")
    assert "33 V is outside what channel 1" in refused(2, "--config", config, supply=())
    assert never_on(watched)
    assert "VOLT:PROT:REM 44,(@1)" in watched.bench.monitor.received


@pytest.mark.parametrize(
    ("option", "what"),
    [("--monitor", "energy monitor"), ("--io", "IO manager")],
)
def test_a_real_instrument_beside_a_simulated_device_is_refused(option, what, refused, watched):
    said = refused(2, option, "TCPIP0::10.0.0.7::inst0::INSTR")
    assert f"is a simulated device and brings its own {what}" in said
    assert not watched.benches


def test_no_io_manager_and_no_monitor_are_asked_for(refused):
    assert "which IO manager?" in refused(2, "--monitor", "TCPIP0::x::INSTR", dut=())
    with served(SimulatedIoManager(board(KWS))) as address:
        assert "which energy monitor?" in refused(2, "--io", address, dut=())
        assert "psu: is no energy monitor" in refused(
            2, "--io", address, "--monitor", "psu:", dut=()
        )


def test_who_wants_a_simulated_bench_by_its_io_manager_or_monitor_is_told_how(refused):
    assert "or --dut sim: for a simulated bench" in refused(2, "--monitor", "sim:", dut=())
    said = refused(2, "--io", "sim:", "--monitor", "sim:", dut=())
    assert "--io sim:: a simulated IO manager is behind a simulated device only" in said
    board_there = ("--dut", "socket://127.0.0.1:5000")
    said = refused(2, "--monitor", "sim:", dut=board_there)
    assert "or --dut sim: has the whole bench simulated" in said


def test_an_io_manager_s_port_that_is_not_there_is_named(refused):
    said = refused(2, "--monitor", "TCPIP0::x::INSTR", "--io", "/dev/ttyNOT0", dut=())
    assert "there is no port /dev/ttyNOT0; present:" in said


def test_a_visa_resource_that_does_not_exist_is_named_with_those_that_do(refused, monkeypatch):
    from tinyrunner.energy.drivers import visa_link

    there = ("TCPIP0::10.0.0.7::inst0::INSTR",)
    monkeypatch.setattr(visa_link, "visa_resources", lambda *_: there)
    with served(SimulatedIoManager(board(KWS))) as address:
        for wrong in ("TCPIP0::127.0.0.1::9::SOCKET", "USB0::0x0957::0x0F07::NO::INSTR"):
            said = refused(2, "--io", address, "--monitor", wrong, dut=())
            assert wrong in said
            assert f"Resources that answer: {there[0]}" in said


# ---- the device ----------------------------------------------------------------------------------


def test_a_device_that_never_boots_is_told_after_the_time_that_was_set(refused, watched, tmp_path):
    watched.prepare = quiet
    said = refused(1)
    assert "no m-ready in 20.0 s after power on (heard nothing)" in said
    assert "raise boot_timeout_s" in said
    config = tmp_path / "bench.yaml"
    config.write_text("monitor:\n  boot_timeout_s: 0.5\n")
    said = refused(1, "--config", config)
    assert "no m-ready in 0.5 s after power on" in said
    assert "The run itself had not begun; run it again" in said
    logs = list((tmp_path / "s").glob("*/log.txt"))
    assert len(logs) == 2
    assert all("after power on" in log.read_text().splitlines()[-1] for log in logs)


def test_what_a_device_said_instead_of_booting_is_told(refused, watched):
    def babbles(bench):
        bench.device.say = lambda message: bench.device.print_line("brown-out, halted")

    watched.prepare = babbles
    assert "no m-ready in 20.0 s after power on (heard 'brown-out, halted')" in refused(1)


def test_performance_firmware_is_told_by_its_banner(refused, watched, tmp_path):
    watched.prepare = performance_firmware
    said = refused(2)
    assert "this is no energy firmware (its banner says m-timestamp-mode-performance)" in said
    assert "m-timestamp-mode-performance" in log_of(tmp_path / "s")


def test_firmware_for_another_model_is_told(refused, watched):
    watched.model = VWW
    said = refused(2)
    assert "the firmware's model is vww01, kws needs kws01" in said
    assert "run vww instead, or flash the firmware for kws01" in said


# ---- in mid-run ----------------------------------------------------------------------------------


def faulty(watched, fault, at_s):
    def prepare(bench):
        bench.monitor.fault, bench.monitor.fault_at_s = fault, at_s

    watched.prepare = prepare


@pytest.mark.parametrize(
    ("fault", "said"),
    [(Fault.SMALL_FIFO, "lost samples"), (Fault.CUT, "FETC:ELOG?")],
)
def test_a_monitor_that_fails_in_mid_window_fails_the_run(
    fault, said, refused, watched, tmp_path, monkeypatch
):
    soon_given_up(monkeypatch)
    faulty(watched, fault, 35.0)  # in the second window
    err = refused(1)
    assert said in err
    assert "An energy run is begun again" in err
    log = log_of(tmp_path / "s")
    assert "session: m-session-error[" in log.splitlines()[-1]
    assert (only_session(tmp_path / "s") / "trace1-energy.bin").stat().st_size > 10_000


def unwired(at_s):
    return ()


def doubled(at_s):
    return (at_s, at_s + 0.001)


def test_a_pin_that_is_not_wired_is_told_when_calibrating(refused, watched):
    watched.wire = unwired
    said = refused(1)
    assert "the IO manager saw 0 edges of the timestamp pin in an `infer`" in said
    assert "is the pin wired to it" in said


@pytest.mark.parametrize(
    ("wire", "said"),
    [
        (unwired, "0 edges of the timestamp pin where 11 were expected"),
        (doubled, "22 edges of the timestamp pin"),
    ],
)
def test_missing_or_surplus_edges_are_counted_and_explained(wire, said, refused, watched, tmp_path):
    watched.wire = wire
    err = refused(1, "--iterations", 550)
    assert said in err
    assert "1 ahead and 2 for each of 5 windows: usually" in err
    session = only_session(tmp_path / "s")
    assert (session / "trace1-energy.bin").stat().st_size > 1_000_000
    assert said in log_of(tmp_path / "s")


def test_one_edge_that_got_lost_is_told_with_when_the_others_were(refused, watched):
    seen = []

    def loose(at_s):
        seen.append(at_s)
        return () if len(seen) == 8 else (at_s,)

    watched.wire = loose
    err = refused(1, "--iterations", 550)
    assert "10 edges of the timestamp pin (at " in err
    assert "one pulse was too short for the monitor to see" in err


def test_edges_within_the_hold_time_are_one(refused, watched):
    watched.wire = lambda at_s: (at_s, at_s + 20e-6)
    assert "error" not in refused(3)


def test_a_session_without_its_trace_is_said_to_have_none(refused, watched, tmp_path):
    watched.wire = unwired
    refused(1, "--iterations", 550)
    ran = tinyrunner("score", only_session(tmp_path / "s"))
    assert ran.status == 1, ran
    assert "trace1-" in ran.err
