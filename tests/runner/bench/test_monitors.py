"""An energy monitor's address becomes the monitor that it means."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from support.cli import tinyrunner
from tinyrunner.dut_protocol.discovery import ports
from tinyrunner.dut_protocol.link.clock import MonotonicClock
from tinyrunner.energy.drivers import visa_link
from tinyrunner.energy.drivers.joulescope import driver as joulescope
from tinyrunner.energy.drivers.otii import server as otii_server
from tinyrunner.energy.errors import MonitorError, MonitorRefused
from tinyrunner.energy.simulated.otii import OtiiFaults, SimulatedOtii
from tinyrunner.energy.simulated.power_model import PowerModel
from tinyrunner.models.suite import KWS
from tinyrunner.runner.bench import opening
from tinyrunner.runner.bench.monitors import find_monitors, open_monitor
from tinyrunner.runner.bench.simulated.monitors import named_monitor, served_instrument
from tinyrunner.runner.bench.simulated.wiring import SimulatedBench
from tinyrunner.runner.config.config import Config, MonitorConfig, override
from tinyrunner.runner.config.sim_address import MonitorKind
from tinyrunner.runner.errors import SetupError

EVERY_KIND = pytest.mark.parametrize(
    "kind", [kind for kind in MonitorKind if kind is not MonitorKind.REPLAY]
)
SERVED_KIND = pytest.mark.parametrize(
    "kind",
    [kind for kind in MonitorKind if not kind.is_joulescope and kind is not MonitorKind.REPLAY],
)
FILES = {MonitorKind.SCPI: "smu2450"}


class Supply:
    """Notes when the device's supply was switched."""

    def __init__(self) -> None:
        self.switched: list[bool] = []

    def __call__(self, on: bool, at_s: float) -> None:
        self.switched.append(on)

    def becomes(self, expected: list[bool]) -> bool:
        """A monitor in real time may take a moment; the PPK2 acknowledges nothing."""
        clock = MonotonicClock()
        while self.switched != expected and clock.now_s() < 2:
            clock.pause(0.005)
        return self.switched == expected


@contextmanager
def opened(address, clock=None, **settings):
    config = MonitorConfig(address=address, **settings)
    with open_monitor(config, clock or MonotonicClock()) as monitor:
        yield monitor


# ---- real addresses ------------------------------------------------------------------------------


@SERVED_KIND
def test_each_address_opens_its_driver_over_tcp(kind: MonitorKind):
    supply, here = Supply(), ("127.0.0.1", 0)
    file = FILES.get(kind, "")
    name = f"{kind.value}:{file}" if file else kind.value
    with served_instrument(
        named_monitor(name), PowerModel(), MonotonicClock(), supply, here
    ) as address:
        with opened(address, max_voltage_v=3.1) as monitor:
            model = monitor.identify().model.casefold().replace("-", "")
            assert kind.value in model or model in f"{kind.value}{file}c"
            with pytest.raises(MonitorRefused, match="max_voltage_v"):
                monitor.set_supply(3.2)
            assert monitor.set_supply(3.0) == pytest.approx(3.0)
            monitor.power(True)
            assert supply.becomes([True])
        assert supply.becomes([True, False])


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (None, "which energy monitor"),
        ("/dev/ttyACM0", "no energy monitor: expected a VISA resource"),
        ("lpm01a:", "on which port"),
        ("ppk2:", "on which port"),
        ("stlinkv3pwr:", "on which port"),
        ("stlinkv3pwr:COM1?format=hex", "format=hex: expected bin_hexa or ascii_dec"),
        ("otii:?input=i3", "expected otii:HOST:PORT/DEVICE"),
        ("otii:localhost:x", "expected otii:HOST:PORT/DEVICE"),
        ("sim:", "simulated device only"),
        ("sim:lpm01a", "simulated device only"),
        ("scpi:dmm7510", "where is the instrument"),
        ("scpi:nothing", "cannot read the description of an instrument 'nothing'"),
    ],
)
def test_an_address_that_is_no_monitor_is_a_usage_error(address, said):
    with pytest.raises(SetupError, match=said):
        open_monitor(MonitorConfig(address=address), MonotonicClock())


@pytest.mark.parametrize(
    "address",
    [
        "lpm01a:/dev/ttyNOT0",
        "ppk2:/dev/ttyNOT0",
        "stlinkv3pwr:/dev/ttyNOT0?format=ascii_dec",
        "otii:127.0.0.1:1",
        "TCPIP0::127.0.0.1::1::SOCKET",
    ],
)
def test_a_monitor_that_is_not_there_is_named_in_the_error(address):
    with pytest.raises(MonitorError) as caught:
        open_monitor(MonitorConfig(address=address), MonotonicClock())
    assert address in str(caught.value)


def test_a_joulescope_without_its_driver_is_named_and_the_remedy_is_told(monkeypatch):
    def absent():
        raise MonitorRefused("the Joulescope's driver is not installed")

    monkeypatch.setattr(joulescope, "load_driver", absent)
    with pytest.raises(MonitorRefused, match="joulescope:002557: the Joulescope's driver is not"):
        open_monitor(MonitorConfig(address="joulescope:002557"), MonotonicClock())


@pytest.mark.parametrize("address", ["lpm01a:COM1", "ppk2:COM1", "stlinkv3pwr:COM1", "joulescope:"])
def test_a_current_limit_that_the_monitor_cannot_keep_is_refused(address):
    with pytest.raises(SetupError, match="no current limit that can be set"):
        open_monitor(MonitorConfig(address=address, current_limit_a=0.02), MonotonicClock())


def test_a_current_limit_above_the_monitors_own_does_no_harm():
    with pytest.raises(MonitorError, match="/dev/ttyNOT0"):  # it comes as far as opening the port
        open_monitor(
            MonitorConfig(address="lpm01a:/dev/ttyNOT0", current_limit_a=0.05), MonotonicClock()
        )


def test_the_usb_serial_number_of_a_port_is_found(monkeypatch):
    infos = [SimpleNamespace(device="COM7", serial_number="F00D"), SimpleNamespace(device="COM8")]
    infos[1].serial_number = None
    monkeypatch.setattr(ports.list_ports, "comports", lambda: infos)
    assert [ports.usb_serial(name) for name in ("COM7", "COM8", "COM9")] == ["F00D", "", ""]


# ---- simulated ones ------------------------------------------------------------------------------


@EVERY_KIND
def test_a_simulated_monitor_switches_the_board_and_leaves_it_off(kind: MonitorKind):
    bench = SimulatedBench(Config(model="demo"), KWS)
    bench.io_manager.outgoing.clear()
    name = f"{kind.value}:{FILES[kind]}" if kind in FILES else kind.value

    def interrupted() -> None:
        with bench.open_monitor(MonitorConfig(address=f"sim:{name}")) as monitor:
            monitor.set_supply(3.0)
            assert bench.power.supply_v == 0.0
            monitor.power(True)
            assert bench.power.supply_v == 3.0
            assert bench.io_manager.outgoing  # the board, which boots, is heard
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert bench.power.supply_v == 0.0
    assert not bench.io_manager.outgoing  # it was off before its banner was through


@pytest.mark.parametrize(
    ("kind", "edges"),
    [
        ("lpm01a", "the monitor's event input"),
        ("ppk2", "the monitor's event input"),
        ("otii", "the monitor's event input"),
        ("stlinkv3pwr", "the IO manager's timer, aligned to the trace"),
        ("scpi:dmm7510", "the IO manager's timer, aligned"),
    ],
)
def test_an_energy_run_on_a_simulated_bench_goes_through_the_monitor_that_is_named(
    kind, edges, tmp_path
):
    ran = tinyrunner(
        *("run", "kws", "--mode", "energy", "--dut", "sim:kws01", "--monitor", f"sim:{kind}"),
        *("--supply-v", "3.0", "--datasets", "demo", "--sessions", tmp_path),
    )
    assert ran.status == 3, ran  # the inputs are synthetic
    assert f"edges from {edges}" in " ".join(ran.out.split())
    median = float(ran.out.partition("median energy")[2].split()[0])
    assert median == pytest.approx(0.035 * 3.0 * 0.02 * 1e6, rel=1e-3)


# ---- finding them --------------------------------------------------------------------------------


@pytest.fixture
def quiet(monkeypatch):
    """A machine without instruments."""
    monkeypatch.setattr(visa_link, "visa_resources", lambda: ())
    monkeypatch.setattr(joulescope, "load_driver", _no_driver)
    monkeypatch.setattr(otii_server, "DEFAULT_PORT", 1)
    return monkeypatch


def _no_driver():
    raise joulescope.DriverAbsent("not installed")


def test_visa_instruments_are_found_and_serial_ports_are_not_listed_twice(quiet):
    names = ("ASRL/dev/ttyS0::INSTR", "TCPIP::10.0.0.7::INSTR", "PRLGX-ASRL::/dev/ttyS0::INTFC")
    quiet.setattr(visa_link, "visa_resources", lambda: names)
    (report,) = find_monitors()
    assert report.address == "TCPIP::10.0.0.7::INSTR"
    assert "--monitor TCPIP::10.0.0.7::INSTR" in report.finding
    assert "--monitor scpi:FILE@TCPIP::10.0.0.7::INSTR" in report.finding


def test_joulescopes_are_found_where_their_driver_is_installed(quiet):
    driver = SimpleNamespace(device_paths=lambda: ["u/js220/002557"], finalize=lambda: None)
    quiet.setattr(joulescope, "load_driver", lambda: driver)
    (report,) = find_monitors()
    assert report.address == "joulescope:002557"
    assert "JS220" in report.finding


def test_a_joulescope_that_cannot_measure_now_and_a_driver_that_is_too_old_are_told(quiet):
    paths = ["u/&js220/002557", "u/js320/1"]
    driver = SimpleNamespace(device_paths=lambda: paths, finalize=lambda: None)
    quiet.setattr(joulescope, "load_driver", lambda: driver)
    boot_loader, measures = find_monitors()
    assert boot_loader.address is None
    assert "u/&js220/002557: no Joulescope that can measure now" in boot_loader.finding
    assert measures.address == "joulescope:1"

    def too_old():
        raise MonitorRefused("pyjoulescope_driver 0.2.2 is too old")

    quiet.setattr(joulescope, "load_driver", too_old)
    (report,) = find_monitors()
    assert "Joulescopes failed: pyjoulescope_driver 0.2.2 is too old" in report.finding


@pytest.mark.parametrize("name", ["", "Arc", "Arc00000000000000000000000000000001"])
def test_an_otii_is_opened_by_the_name_and_the_input_in_its_address(name):
    clock = MonotonicClock()
    with (
        SimulatedOtii(PowerModel(), clock) as server,
        opened(f"{server.address}/{name}?input=i2", clock, current_limit_a=0.02) as monitor,
    ):
        assert monitor.capabilities.max_current_a == 0.02
        assert monitor.address == f"{server.address}/Arc"


def test_otiis_are_found_where_their_server_runs(quiet):
    with SimulatedOtii(PowerModel(), MonotonicClock(), faults=OtiiFaults(devices=2)) as server:
        quiet.setattr(otii_server, "DEFAULT_PORT", server.bound[1])
        reports = find_monitors()
    assert [report.address for report in reports] == ["otii:/Arc", "otii:/Arc%20II"]
    assert reports[1].finding == "Otii Arc: --monitor otii:/Arc%20II"


def test_an_otii_server_that_may_not_be_asked_is_told(quiet):
    faults = OtiiFaults(licensed=False)
    with SimulatedOtii(PowerModel(), MonotonicClock(), faults=faults) as server:
        quiet.setattr(otii_server, "DEFAULT_PORT", server.bound[1])
        (report,) = find_monitors()
    assert report.address == "otii:"
    assert "No license" in report.finding


def test_a_search_that_does_not_end_is_given_up_and_said(quiet):
    release = threading.Event()
    quiet.setattr(visa_link, "visa_resources", lambda: (release.wait(5), ())[1])
    (report,) = find_monitors(timeout_s=0.05)
    release.set()
    assert report.address is None
    assert "VISA instruments: not done in 0.05 s" in report.finding


def test_a_search_that_fails_says_so(quiet):
    def broken():
        raise OSError("no network")

    quiet.setattr(visa_link, "visa_resources", broken)
    (report,) = find_monitors()
    assert "no network" in report.finding


# ---- a typo is found before anything is opened ---------------------------------------------------


def refusal_of_energy_bench(monkeypatch, io: str, monitor: str) -> str:
    """What opening the bench of these addresses says; nothing may have been opened by then."""
    opened: list[str | None] = []
    monkeypatch.setattr(opening, "open_transport", lambda address, _: opened.append(address))
    monkeypatch.setattr(opening, "open_monitor", lambda config, _: opened.append(config.address))
    config = override(Config(), io=io, monitor=monitor)
    with pytest.raises(SetupError) as caught, opening.open_energy_bench(config, KWS):
        pass
    assert opened == []
    return str(caught.value)


@pytest.mark.parametrize(
    ("monitor", "said"),
    [
        ("lpm01:/dev/null", "is lpm01a:/dev/null meant"),
        ("pkk2:/dev/null", "is ppk2:/dev/null meant"),
        ("stlink3pwr:/dev/null", "is stlinkv3pwr:/dev/null meant"),
        ("oti:", "is otii: meant"),
        ("otii:?pin=i1", "expected otii:HOST:PORT/DEVICE?input=i1"),
        ("jouelscope:", "is joulescope: meant"),
        ("/dev/null", "is no energy monitor"),
        ("TCIP0::10.0.0.7::inst0::INSTR", "is no VISA resource"),
        ("ppk2:/dev/ttyNONE7", "there is no port /dev/ttyNONE7"),
        ("lpm01a:sokcet://localhost:1", "is socket://localhost:1 meant"),
        ("stlinkv3pwr:/dev/ttyNONE7?format=ascii_dec", "there is no port /dev/ttyNONE7"),
        ("scip:dmm7510", "is scpi:dmm7510 meant"),
        ("scpi:dmm7510@TCIP0::10.0.0.7::inst0::INSTR", "is no VISA resource"),
        ("scpi:dmm7501", "did you mean dmm7510"),
    ],
)
def test_a_typo_in_a_monitors_address_is_told_before_any_port_is_opened(monkeypatch, monitor, said):
    io = "socket://127.0.0.1:5"
    assert said in refusal_of_energy_bench(monkeypatch, io, monitor)


@pytest.mark.parametrize(
    ("io", "said"),
    [
        ("sokcet://127.0.0.1:5", "is socket://127.0.0.1:5 meant"),
        ("socket://127.0.0.1", "expected socket://HOST:PORT"),
        ("rfc2271://127.0.0.1:5", "is rfc2217://127.0.0.1:5 meant"),
        ("http://127.0.0.1", "nothing is reached by http://"),
        ("/dev/ttyNONE7", "there is no port /dev/ttyNONE7"),
    ],
)
def test_a_typo_in_an_io_managers_address_is_told_before_any_port_is_opened(monkeypatch, io, said):
    assert said in refusal_of_energy_bench(monkeypatch, io, "joulescope:")
