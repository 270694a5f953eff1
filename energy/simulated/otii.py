"""An Otii server with one simulated Arc, which speaks Qoitech's JSON protocol on TCP.

What the vendor's package sends is answered as its documentation has it (the requests of ``otii``,
``arc``, ``project`` and ``recording`` at qoitech.com/help/tcpserver): a line of JSON each, ended by
CR LF, with the request's ``cmd`` and ``trans_id``. So the real package runs against it. What it
measures is a :class:`~.power_model.PowerModel` on the bench's clock. That the lists of digital
inputs hold changes only, and begin with none, is this simulator's choice.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from ...dut_protocol.link.clock import Clock
from ...errors import TinyrunnerError
from .link import OnPower, SimulatedSupply
from .power_model import PowerModel
from .scpi import Fault, ScpiServer

DEVICE_ID = "Arc00000000000000000000000000000001"
RATES_HZ = {"mc": 4000, "mv": 1000}
_LOW_S = 100e-6
"""The timestamp pin is low for 100 us."""
_GREETING = {
    "type": "information",
    "info": "connected",
    "data": {"otii_version": "3.5.5", "protocol_version": "0.1", "server": "simulated"},
}


@dataclass(frozen=True, slots=True)
class OtiiFaults:
    """Says what goes wrong; nothing by default."""

    link: Fault = Fault.NONE
    """What the server does, from ``link_at_s`` of the clock on."""
    link_at_s: float = 0.0
    logged_in: bool = True
    licensed: bool = True
    old_server: bool = False
    """Whether it does not know what Otii 3.5.5 brought."""
    devices: int = 1
    """How many are connected, 2 at most; the first one is the simulated board's."""
    battery_emulator: bool = False
    """Whether it was left emulating a battery."""
    starts_with_level: bool = False
    """Whether the list of a digital input begins with its level."""
    refuses: frozenset[str] = frozenset()
    """Commands that this type of device does not have."""
    stamp_step_s: float = 0.0
    """What time stamps of analog values are rounded to."""
    without_voltage: bool = False
    """Whether the voltage's channel has no values."""
    lost: tuple[int, int] | None = None
    """The first current sample that is lost, and how many are."""
    stops_after_s: float | None = None
    """Seconds of a recording after which nothing more is recorded."""
    holds_current: bool = False
    """Whether it holds the current at its limit, as an Ace does, and does not cut the supply."""


class _Refused(TinyrunnerError):
    """Says which error a request is answered with."""

    def __init__(self, errorcode: str, **data: str) -> None:
        super().__init__(errorcode)
        self.errorcode = errorcode
        self.data = data


Data = dict[str, Any]


class SimulatedOtii:
    """Is the server and its device; a context manager.

    ``on_power(on, at_s)`` is called when the main output switches, in the server's thread.
    """

    def __init__(
        self,
        power: PowerModel,
        clock: Clock,
        *,
        on_power: OnPower | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        faults: OtiiFaults | None = None,
        device_id: str = DEVICE_ID,
        seed: int = 1,
        noise_a: float = 2e-6,
    ) -> None:
        self.supply = SimulatedSupply(power, on_power)
        self.supply.volts = 3.0
        self.faults = faults or OtiiFaults()
        self._power = power
        self._clock = clock
        self._device_id = device_id
        self._where = (host, port)
        self._random = np.random.default_rng(seed)
        self._noise_a = noise_a
        self._server: ScpiServer | None = None
        self._cut = False
        self._limit_a = 0.5
        self._mode = "battery-emulator" if self.faults.battery_emulator else "power-box"
        self._started_s: float | None = None
        self._stopped_s: float | None = None
        self._edge = 0
        self._project = False
        self._exp_port = False
        self._exp_v = 3.3
        self._channels: set[str] = set()
        self.received: list[str] = []
        """The commands so far, for tests and curious people."""

    @property
    def address(self) -> str:
        """Return what --monitor takes; only while it is served."""
        host, port = self.bound
        return f"otii:{host}:{port}"

    @property
    def bound(self) -> tuple[str, int]:
        """Return where it listens; only while it is served."""
        assert self._server is not None, "start it first"
        return self._server.bound

    def start(self) -> Self:
        """Listen and serve, in a thread."""
        self._server = ScpiServer(self, *self._where, greeting=_line(_GREETING))
        return self

    def close(self) -> None:
        """Stop serving; the output stays as it is."""
        if self._server is not None:
            self._server.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # ---- a line in, a line out ----

    @property
    def fault_now(self) -> Fault:
        if self._cut or self._clock.now_s() < self.faults.link_at_s:
            return Fault.NONE
        return self.faults.link

    def cut_once(self) -> None:
        """Note that the connection was dropped; the next one works."""
        self._cut = True

    def handle(self, line: str) -> list[bytes]:
        """Return the answer to a request."""
        try:
            request = json.loads(line)
            command, data = str(request["cmd"]), request.get("data", {})
        except (ValueError, KeyError, TypeError):
            return [_line({"type": "error", "errorcode": "Not able to parse request"})]
        self.received.append(command)
        if self.fault_now is Fault.SILENT:
            return []
        if self.fault_now is Fault.GARBAGE:
            return [b"nothing that anybody could read\r\n"]
        answer: Data = {"cmd": command, "trans_id": request.get("trans_id", "")}
        try:
            if command in self.faults.refuses:
                raise _Refused("Command not valid for device type")
            told = self._commands.get(command, _unknown)(self, data)
        except (_Refused, KeyError) as error:
            refusal = _Refused("Missing key in request", key=str(error))
            if isinstance(error, _Refused):
                refusal = error
            more = {"errorcode": refusal.errorcode, "data": refusal.data}
            return [_line({"type": "error", **answer, **more})]
        return [_line({"type": "response", **answer, "data": told or {}})]

    # ---- the application ----

    def _is_logged_in(self, data: Data) -> Data:
        if self.faults.old_server:
            raise _Refused("Invalid command")
        return {"logged_in": self.faults.logged_in}

    def _has_license(self, data: Data) -> Data:
        return {"has_license": self.faults.licensed and data["license_type"] == "Automation"}

    def _get_devices(self, data: Data) -> Data:
        if not self.faults.licensed:
            raise _Refused("No license")
        devices = [
            {"device_id": self._device_id[:-1] + end, "name": f"Arc{name}", "type": "Arc"}
            for end, name in ((self._device_id[-1], ""), ("X", " II"))
        ]
        return {"devices": devices[: self.faults.devices]}

    def _get_active_project(self, data: Data) -> Data:
        return {"project_id": 1 if self._project else -1}

    def _create_project(self, data: Data) -> Data:
        self._project = True
        return {"project_id": 1}

    # ---- the device ----

    def _accept(self, data: Data) -> None:
        self._own(data)

    def _own(self, data: Data) -> None:
        """Refuse a request for a device that is not this one."""
        if data.get("device_id") != self._device_id:
            raise _Refused("Device not connected", device_id=str(data.get("device_id")))

    def _get_version(self, data: Data) -> Data:
        return {"hw_version": "simulated", "fw_version": "simulated"}

    def _get_supply_mode(self, data: Data) -> Data:
        return {"supply_mode": self._mode}

    def _set_supply_power_box(self, data: Data) -> None:
        self._mode = "power-box"

    def _get_channel_samplerate(self, data: Data) -> Data:
        return {"value": RATES_HZ[data["channel"]]}

    def _enable_exp_port(self, data: Data) -> None:
        self._own(data)
        self._exp_port = bool(data["enable"])

    def _set_exp_voltage(self, data: Data) -> None:
        self._own(data)
        if not 1.2 <= data["value"] <= 5.0:
            raise _Refused("Invalid key value", key="value", value=str(data["value"]))
        self._exp_v = data["value"]

    def _enable_channel(self, data: Data) -> None:
        self._own(data)
        (self._channels.add if data["enable"] else self._channels.discard)(data["channel"])

    @property
    def _pins_work(self) -> bool:
        """Tell whether the digital pins are on, at the level of the device's."""
        return self._exp_port and self._exp_v == self.supply.volts

    def _get_gpi(self, data: Data) -> Data:
        return {"value": data["pin"] == 1 and self.supply.on and self._pins_work}

    def _set_main_voltage(self, data: Data) -> None:
        self._own(data)
        if self._mode != "power-box":
            raise _Refused("Operation not supported")
        if not 0.5 <= data["value"] <= 5.0:
            raise _Refused("Invalid key value", key="value", value=str(data["value"]))
        self.supply.set(data["value"], self._clock.now_s())

    def _get_main_voltage(self, data: Data) -> Data:
        return {"value": self.supply.volts}

    def _set_max_current(self, data: Data) -> None:
        self._limit_a = data["value"]

    def _set_main(self, data: Data) -> None:
        self._own(data)
        self.supply.switch(bool(data["enable"]), self._clock.now_s())

    def _get_main(self, data: Data) -> Data:
        if self._is_over() and not self.faults.holds_current:
            self.supply.switch(False, self._clock.now_s())
        return {"value": self.supply.on}

    def _is_over(self) -> bool:
        return self.supply.on and self._power.at(self._clock.now_s())[0] > self._limit_a

    # ---- recordings ----

    def _start_recording(self, data: Data) -> None:
        self._started_s, self._stopped_s = self._clock.now_s(), None
        self._edge = len(self._power.edges_s)

    def _stop_recording(self, data: Data) -> None:
        self._stopped_s = self._clock.now_s()

    def _get_last_recording(self, data: Data) -> Data:
        if self._started_s is None:
            return {"recording_id": -1}
        return {"recording_id": 1, "name": "simulated", "running": self._stopped_s is None}

    def _delete(self, data: Data) -> None:
        self._started_s = None

    def _until_s(self) -> float:
        """Return how many seconds the recording has."""
        if self._started_s is None:
            raise _Refused("Command failure", message="there is no recording")
        until_s = (self._stopped_s or self._clock.now_s()) - self._started_s
        return min(until_s, math.inf if (most := self.faults.stops_after_s) is None else most)

    def _get_channel_data_count(self, data: Data) -> Data:
        channel = data["channel"]
        if channel not in self._channels:
            raise _Refused("Command failure", message=f"{channel} is not enabled")
        if channel not in RATES_HZ:
            return {"count": len(self._changes(channel))}
        if channel == "mv" and self.faults.without_voltage:
            return {"count": 0}
        count = math.floor(self._until_s() * RATES_HZ[channel] + 1e-6)
        return {"count": self._kept(channel, count)}

    def _kept(self, channel: str, count: int) -> int:
        """Return how many of the first ``count`` samples there are."""
        if self.faults.lost is None or channel != "mc":
            return count
        first, lost = self.faults.lost
        return count if count <= first else max(first, count - lost)

    def _get_channel_data(self, data: Data) -> Data:
        channel, index, count = data["channel"], data["index"], data["count"]
        if channel not in RATES_HZ:
            changes = self._changes(channel)[index : index + count]
            values = [{"timestamp": time_s, "value": high} for time_s, high in changes]
            return {"data_type": "digital", "values": values}
        count = min(count, self._get_channel_data_count(data)["count"] - index)
        if self.faults.lost is not None and channel == "mc":
            first, lost = self.faults.lost
            if index < first:
                count = min(count, first - index)
            else:
                index += lost
        return {
            "data_type": "analog",
            "timestamp": self._stamp(index / RATES_HZ[channel]),
            "interval": 1 / RATES_HZ[channel],
            "values": self._values(channel, index, count).tolist(),
        }

    def _stamp(self, time_s: float) -> float:
        step_s = self.faults.stamp_step_s
        return round(time_s / step_s) * step_s if step_s else time_s

    def _values(self, channel: str, index: int, count: int) -> npt.NDArray[np.float64]:
        rate_hz = RATES_HZ[channel]
        bounds_s = (self._started_s or 0.0) + np.arange(index, index + count + 1) / rate_hz
        volts = self._power.volts(bounds_s[:-1])
        if channel == "mv":
            return volts * 0.8 if self.faults.holds_current and self._is_over() else volts
        joules = np.diff(self._power.energy_j(bounds_s))
        amperes: npt.NDArray[np.float64] = np.zeros(count)
        np.divide(joules * rate_hz, volts, out=amperes, where=volts > 0)
        return amperes + self._noise_a * self._random.standard_normal(count)

    def _changes(self, channel: str) -> list[tuple[float, bool]]:
        """Return when the timestamp pin fell and rose again; GPI 2 is not connected."""
        start_s, until_s = self._started_s or 0.0, self._until_s()
        changes = [(0.0, True)] if self.faults.starts_with_level else []
        if channel == "i1" and self._pins_work:
            for edge_s in self._power.edges_s[self._edge :]:
                changes += [(edge_s - start_s, False), (edge_s - start_s + _LOW_S, True)]
        return [change for change in changes if change[0] <= until_s]

    _commands: ClassVar[dict[str, Callable[[SimulatedOtii, Data], Data | None]]] = {
        "otii_is_logged_in": _is_logged_in,
        "otii_has_license": _has_license,
        "otii_get_devices": _get_devices,
        "otii_get_active_project": _get_active_project,
        "otii_create_project": _create_project,
        "arc_add_to_project": _accept,
        "arc_get_version": _get_version,
        "arc_get_supply_mode": _get_supply_mode,
        "arc_set_supply_power_box": _set_supply_power_box,
        "arc_set_src_cur_limit_enabled": _accept,
        "arc_set_range": _accept,
        "arc_enable_exp_port": _enable_exp_port,
        "arc_set_exp_voltage": _set_exp_voltage,
        "arc_enable_channel": _enable_channel,
        "arc_get_channel_samplerate": _get_channel_samplerate,
        "arc_get_gpi": _get_gpi,
        "arc_set_main_voltage": _set_main_voltage,
        "arc_get_main_voltage": _get_main_voltage,
        "arc_set_max_current": _set_max_current,
        "arc_set_main": _set_main,
        "arc_get_main": _get_main,
        "project_start_recording": _start_recording,
        "project_stop_recording": _stop_recording,
        "project_get_last_recording": _get_last_recording,
        "recording_get_channel_data_count": _get_channel_data_count,
        "recording_get_channel_data": _get_channel_data,
        "recording_delete": _delete,
    }


def _unknown(server: SimulatedOtii, data: Data) -> Data | None:
    raise _Refused("Invalid command")


def _line(message: Data) -> bytes:
    return json.dumps(message).encode() + b"\r\n"
