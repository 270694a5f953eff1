"""Opens the energy monitor that an address means, and finds those that are connected."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from ...dut_protocol.discovery.ports import usb_serial
from ...dut_protocol.link.clock import Clock
from ...dut_protocol.link.transport import Transport, check_address
from ...dut_protocol.link.wire_log import MONITOR, LoggingTransport, WireLog, WireTap
from ...energy.errors import MonitorError
from ...energy.monitor import EnergyMonitor
from ..config.config import MonitorConfig
from ..config.instruments import SCPI, load_instrument, split_address
from ..config.sim_address import names_simulated
from ..errors import SetupError

if TYPE_CHECKING:
    from ...energy.drivers.scpi_described.description import Described

JOULESCOPE = "joulescope:"
OTII = "otii:"
_EXPECTED = (
    "a VISA resource such as TCPIP0::10.0.0.7::inst0::INSTR, lpm01a:PORT, ppk2:PORT, "
    "stlinkv3pwr:PORT, otii:, joulescope: or scpi:FILE"
)
_ON_SERIAL_PORTS = ("lpm01a", "ppk2", "stlinkv3pwr")
_SEARCH_S = 5.0
"""Seconds allowed for a search: pyvisa-py calls for instruments on the network for about one."""
_NOT_ENUMERATED = ("ASRL", "PRLGX-ASRL")
"""Serial ports as VISA sees them: they are listed as what they are."""


def check_monitor_address(config: MonitorConfig) -> None:
    """Refuse an address that can be no monitor's, before any port is opened.

    SetupError, or LinkError for the monitor's own port.
    """
    address = _address_of(config)
    kind, colon, rest = address.partition(":")
    if address.startswith(SCPI):
        _check_visa(described(address)[1])
    elif "::" in address:
        _check_visa(address)
    elif colon and kind in _ON_SERIAL_PORTS:
        if rest:
            check_address(_port_and_format(rest)[0] if kind == "stlinkv3pwr" else rest)
    elif address.startswith(OTII):
        _OtiiPlace.parse(rest)
    elif not (names_simulated(address) or address.startswith(JOULESCOPE)):
        near = get_close_matches(kind, (*_ON_SERIAL_PORTS, "otii", "joulescope", "scpi"), 1)
        meant = f" (is {near[0]}:{rest} meant?)" if near else ""
        raise SetupError(f"{address} is no energy monitor{meant}: expected {_EXPECTED}")


_VISA = re.compile(
    r"(?:TCPIP|USB|GPIB|PXI|VXI|VICP|ASRL|PRLGX-\w+)\d*::.+|ASRL.+::INSTR", re.IGNORECASE
)
"""How a VISA resource begins."""


def check_supply(config: MonitorConfig) -> float:
    """Return the supply that was asked for; SetupError where there is none, or too high a one."""
    supply_v, most_v = config.supply_v, config.max_voltage_v
    if supply_v is None:
        raise SetupError(
            "which supply voltage? Give --supply-v; there is no default, for too much destroys "
            "a board"
        )
    if supply_v > most_v:
        raise SetupError(
            f"a supply of {supply_v:g} V is above the limit of {most_v:g} V, and nothing was "
            f"opened or switched. Is it a slip? If the board stands it, --max-v {supply_v:g} "
            "(max_voltage_v under monitor: in a file) allows it"
        )
    return supply_v


def _check_visa(resource: str) -> None:
    if _VISA.fullmatch(resource) is None:
        raise SetupError(
            f"{resource} is no VISA resource: expected e.g. TCPIP0::10.0.0.7::inst0::INSTR, "
            "TCPIP0::10.0.0.7::5025::SOCKET or USB0::0x0957::0x0F07::SERIAL::INSTR"
        )


def described(address: str) -> tuple[Described, str]:
    """Read the description that ``scpi:FILE@RESOURCE`` names; return it and the VISA resource."""
    file, resource = split_address(address)
    read = load_instrument(file)
    if (resource := resource or read.instrument.resource) is None:
        raise SetupError(
            f"{address}: where is the instrument? Write its VISA resource into {read.path} "
            f"(resource:), or give {SCPI}{file}@TCPIP0::10.0.0.7::inst0::INSTR"
        )
    return read, resource


def _address_of(config: MonitorConfig) -> str:
    if config.address is None:
        raise SetupError(f"which energy monitor? Give --monitor with {_EXPECTED}")
    return config.address


def open_monitor(config: MonitorConfig, clock: Clock, log: WireLog | None = None) -> EnergyMonitor:
    """Open a configuration's monitor, identified, its output off, as a context manager.

    A VISA resource (``TCPIP0::10.0.0.7::inst0::INSTR``) is a Keysight N6705; ``lpm01a:PORT``,
    ``ppk2:PORT``, ``stlinkv3pwr:PORT``, ``otii:`` and ``joulescope:`` name others, ``scpi:FILE``
    one that FILE describes. Each driver is imported only when asked for. ``log`` takes what goes
    both ways. MonitorError names the address.
    """
    address = _address_of(config)
    try:
        return _open(address, config, clock, log)
    except MonitorError as error:
        if address in str(error):
            raise
        raise type(error)(f"{address}: {error}") from error


def tap_of(log: WireLog | None, clock: Clock, address: str) -> WireTap | None:
    """Return what notes the traffic of the monitor at ``address``; None without a log."""
    if log is None:
        return None
    log.name_wire(MONITOR, address)
    return WireTap(log, clock, MONITOR)


def logged_link(log: WireLog | None, clock: Clock, address: str, link: Transport) -> Transport:
    """Return the link of the monitor at ``address``, or one that notes its traffic."""
    if log is None:
        return link
    log.name_wire(MONITOR, address)
    return LoggingTransport(link, clock, log, MONITOR, its_log=False)


def note_no_log(log: WireLog | None, address: str) -> None:
    """Say in a log that it cannot have the traffic of the monitor at ``address``."""
    if log is not None:
        log.remark(f"nothing of {address} is in this log: it is spoken to by its vendor's driver")


def _open(address: str, config: MonitorConfig, clock: Clock, log: WireLog | None) -> EnergyMonitor:
    kind, colon, rest = address.partition(":")
    max_voltage_v = config.max_voltage_v
    if names_simulated(address):
        raise SetupError(
            f"{address} measures a simulated device only: give --dut sim: with it, or serve "
            "one with `tinyrunner simulate monitor`"
        )
    if address.startswith(SCPI):
        from ...energy.drivers.scpi_described.driver import ScpiInstrument

        limit_a = config.current_limit_a
        return ScpiInstrument.open(
            *described(address), clock, max_voltage_v, limit_a, tap=tap_of(log, clock, address)
        )
    if "::" in address:
        from ...energy.drivers.n6705.driver import N6705

        return N6705.open(
            address,
            clock,
            max_voltage_v=max_voltage_v,
            current_limit_a=config.current_limit_a,
            tap=tap_of(log, clock, address),
        )
    match kind + colon:
        case "lpm01a:" | "ppk2:" | "stlinkv3pwr:" if not rest:
            raise SetupError(f"{address}: on which port? Give e.g. --monitor {address}/dev/ttyACM1")
        case "lpm01a:":
            from ...energy.drivers.lpm01a import driver as lpm01a
            from ...energy.drivers.serial_monitor import open_link

            _check_limit(address, config, lpm01a.CAPABILITIES.max_current_a)
            link = logged_link(log, clock, address, open_link(rest, lpm01a.BAUD_RATE))
            return lpm01a.Lpm01a.open(link, clock, max_voltage_v=max_voltage_v)
        case "ppk2:":
            from ...energy.drivers.ppk2 import driver as ppk2
            from ...energy.drivers.serial_monitor import open_link

            _check_limit(address, config, ppk2.CAPABILITIES.max_current_a)
            port = open_link(rest, ppk2.BAUD_RATE)
            return ppk2.Ppk2.open(
                logged_link(log, clock, address, port),
                clock,
                max_voltage_v=max_voltage_v,
                serial=usb_serial(port.address),
                default_calibration=config.ppk2_default_calibration,
            )
        case "stlinkv3pwr:":
            from ...energy.drivers.serial_monitor import open_link
            from ...energy.drivers.stlinkv3pwr import driver as stlink
            from ...energy.drivers.stlinkv3pwr.recording import MAX_CURRENT_A

            _check_limit(address, config, MAX_CURRENT_A)
            name, word = _port_and_format(rest)
            return stlink.StlinkV3Pwr.open(
                logged_link(log, clock, address, open_link(name, stlink.BAUD_RATE)),
                clock,
                stream_format=stlink.StreamFormat(word),
                max_voltage_v=max_voltage_v,
            )
        case "otii:":
            from ...energy.drivers.otii.driver import Otii

            place = _OtiiPlace.parse(rest)
            return Otii.open(
                clock,
                place.host,
                place.port,
                place.device,
                pin=place.pin,
                max_voltage_v=max_voltage_v,
                current_limit_a=config.current_limit_a,
                tap=tap_of(log, clock, address),
            )
        case "joulescope:":
            from ...energy.drivers.joulescope.driver import Joulescope

            _check_limit(address, config, None)
            note_no_log(log, address)
            return Joulescope.open(rest, clock, max_voltage_v=max_voltage_v)
    raise SetupError(f"{address} is no energy monitor: expected {_EXPECTED}")


def _port_and_format(rest: str) -> tuple[str, str]:
    """Split ``PORT?format=ascii_dec``; the format is ``bin_hexa`` unless told."""
    port, _, word = rest.partition("?format=")
    word = word or "bin_hexa"
    if word not in ("bin_hexa", "ascii_dec"):
        raise SetupError(f"stlinkv3pwr:{rest}: format={word}: expected bin_hexa or ascii_dec")
    return port, word


@dataclass(frozen=True, slots=True)
class _OtiiPlace:
    """Is what ``otii:[HOST[:PORT]][/DEVICE][?input=i2]`` names."""

    host: str
    port: int
    device: str
    """A name or an id; empty: the only one."""
    pin: str

    @classmethod
    def parse(cls, rest: str) -> _OtiiPlace:
        from ...energy.drivers.otii.driver import INPUTS
        from ...energy.drivers.otii.server import DEFAULT_HOST, DEFAULT_PORT

        url = urlsplit(f"//{rest}")
        options = dict(parse_qsl(url.query, keep_blank_values=True))
        pin = options.pop("input", "i1")
        try:
            port = url.port or DEFAULT_PORT
        except ValueError:
            port = 0
        if options or pin not in INPUTS or not port:
            raise SetupError(
                f"{OTII}{rest}: expected {OTII}HOST:PORT/DEVICE?input=i1 (or i2); every part but "
                f"{OTII} may be left out: the server is at {DEFAULT_HOST}:{DEFAULT_PORT} then"
            )
        return cls(url.hostname or DEFAULT_HOST, port, unquote(url.path.lstrip("/")), pin)


def _check_limit(address: str, config: MonitorConfig, most_a: float | None) -> None:
    """Refuse a limit that the monitor cannot keep."""
    asked_a = config.current_limit_a
    if asked_a is None or (most_a is not None and asked_a >= most_a):
        return
    own = "" if most_a is None else f"; its own is {most_a:g} A"
    raise SetupError(
        f"{address}: this monitor has no current limit that can be set{own}; leave current_limit_a "
        f"({asked_a:g} A) out"
    )


# ---- finding them --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MonitorReport:
    """Is a monitor that is no serial port, or why some may not have been found."""

    address: str | None
    """The address to give to --monitor."""
    finding: str


def find_monitors(timeout_s: float = _SEARCH_S) -> list[MonitorReport]:
    """Find VISA instruments; Joulescopes and Otiis where the vendors' packages are installed.

    Opens nothing. Waits at most ``timeout_s``, whatever a driver or the network does.
    """
    searches = [
        _Search("VISA instruments", _find_visa),
        _Search("Joulescopes", _find_joulescopes),
        _Search("Otiis", _find_otiis),
    ]
    for search in searches:
        search.thread.start()
    reports: list[MonitorReport] = []
    for search in searches:
        search.thread.join(timeout_s)
        reports += search.result(timeout_s)
    return reports


class _Search:
    """Looks in one way, in a thread that nobody waits for longer than allowed."""

    def __init__(self, what: str, find: Callable[[], list[MonitorReport]]) -> None:
        self._what = what
        self._find = find
        self._found: list[MonitorReport] = []
        self.thread = threading.Thread(target=self._run, name=f"search for {what}", daemon=True)

    def _run(self) -> None:
        try:
            self._found = self._find()
        except (MonitorError, ImportError, OSError, RuntimeError) as error:
            self._found = [MonitorReport(None, f"searching for {self._what} failed: {error}")]

    def result(self, timeout_s: float) -> list[MonitorReport]:
        if not self.thread.is_alive():
            return self._found
        return [
            MonitorReport(
                None, f"searching for {self._what}: not done in {timeout_s:g} s, given up"
            )
        ]


def _find_visa() -> list[MonitorReport]:
    from ...energy.drivers.visa_link import visa_resources

    return [
        MonitorReport(
            name,
            f"VISA instrument; a Keysight N6705: --monitor {name}; any other, once it is described "
            f"in YAML (docs/monitors.md): --monitor {SCPI}FILE@{name}",
        )
        for name in visa_resources()
        if not name.upper().startswith(_NOT_ENUMERATED)
    ]


def _find_joulescopes() -> list[MonitorReport]:
    from ...energy.drivers.joulescope.driver import DriverAbsent, load_driver
    from ...energy.drivers.joulescope.topics import MODELS

    try:
        driver = load_driver()
    except DriverAbsent:  # nobody asked for one
        return []
    try:
        paths = [str(path) for path in driver.device_paths()]
    finally:
        driver.finalize()
    reports = []
    for path in paths:
        model, _, serial = path.removeprefix("u/").partition("/")
        address = f"{JOULESCOPE}{serial}"
        if model in MODELS:
            finding = f"Joulescope {model.upper()}: --monitor {address}"
            reports.append(MonitorReport(address, finding))
        else:
            reports.append(MonitorReport(None, f"{path}: no Joulescope that can measure now"))
    return reports


def _find_otiis() -> list[MonitorReport]:
    """Ask the Otii server of this computer, if there is one, for its devices."""
    from ...energy.drivers.otii.server import DEFAULT_HOST, DEFAULT_PORT, connect, find_devices

    try:
        application, _ = connect(DEFAULT_HOST, DEFAULT_PORT)
    except MonitorError:  # no package or no server, and nobody asked for one
        return []
    try:
        devices = find_devices(application)
    except MonitorError as error:
        return [MonitorReport(OTII, f"an Otii server runs here, but {error}")]
    finally:
        application.connection.close_connection()
    return [
        MonitorReport(
            address := f"{OTII}/{quote(one.name)}", f"Otii {one.type}: --monitor {address}"
        )
        for one in devices
    ]
