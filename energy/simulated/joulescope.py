"""A Joulescope that exists in memory only: Jetperch's driver, and an instrument behind it.

It has the topics and messages of the vendor's package, from which the figures are (`js110_usb.c`,
`js220_usb.c`, `js320_drv.c`; a JS110 was also measured by running that code). It is no serial
port: it measures a simulated board in the same process. Messages are delivered when
:meth:`SimulatedJoulescope.deliver` is called.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...dut_protocol.link.clock import Clock
from ..drivers.joulescope.driver import Joulescope
from ..drivers.joulescope.topics import INPUT_LEVELS_MV, MODELS
from ..trace import EnergyTrace
from .link import OnPower, SimulatedSupply
from .power_model import PowerModel

_PACKET_S = 0.02
_LOW_S = 2e-6
"""The timestamp pin is low for so long; the protocol asks for 1 µs at least."""
_FIRMWARE = 1 << 24 | 2 << 16 | 3
_COUNT_HZ = {"js110": 2_000_000, "js220": 2_000_000, "js320": 16_000_000}
_INPUT_HZ = {"js220": 2_000_000, "js320": 1_000_000}
"""The rate of the input; a JS110's is that of the current."""
_NAN_A, _NAN_V = 71, 63
"""Values that are NaN at the beginning of a JS110's streams at the full rate."""

Message = dict[str, Any]
Callback = Callable[[str, Message], None]


@dataclass(frozen=True, slots=True)
class JoulescopeFaults:
    """Says what goes wrong; nothing by default."""

    lost: frozenset[tuple[str, int]] = frozenset()
    """(signal, packet number) that never arrive; the next one's sample_id tells."""
    uncounted: frozenset[int] = frozenset()
    """Packets that are dropped before they are counted, as by a JS110's driver before 2.5."""
    nan: frozenset[int] = frozenset()
    """Packets of which a tenth, in the middle, is NaN; a JS110's input is zero there."""
    lead_in: int | None = None
    """Values of NaN that current and voltage begin with; None: as many as the model's own."""
    voltage_later: int = 0
    """Samples by which the voltage begins later than the current."""
    silent: bool = False
    no_answer: frozenset[str] = frozenset()
    """Topics whose publishing times out."""


class SimulatedJoulescope:
    """Is Jetperch's driver with one instrument, whose supply has ``external_v``."""

    def __init__(
        self,
        model: PowerModel,
        clock: Clock,
        kind: str = "js220",
        *,
        external_v: float = 3.0,
        on_power: OnPower | None = None,
        faults: JoulescopeFaults | None = None,
    ) -> None:
        """Put a ``kind`` (js110, js220 or js320) in the wire between supply and board."""
        self.path = f"u/{kind}/000{kind[2:]}"
        self.supply = SimulatedSupply(model, on_power)
        self.external_v = external_v
        self.published: list[tuple[str, object]] = []
        self.opened = self.finalized = False
        self._kind = kind
        self._model = model
        self._clock = clock
        self._faults = faults or JoulescopeFaults()
        self._values: dict[str, object] = {"h/fs": _COUNT_HZ[kind]}
        self._subscribers: dict[str, Callback] = {}
        self._on: set[str] = set()
        self._started_s: float | None = None
        self._packets = 0
        self._first_id = 0 if kind == "js110" else 7_340_000
        self._random = np.random.default_rng(1)

    # ---- the driver's interface ----

    def device_paths(self) -> list[str]:
        return [self.path]

    def open(
        self, device_prefix: str, mode: str | None = None, timeout: float | None = None
    ) -> None:
        """Open with the instrument's defaults, which let the supply through."""
        self.opened = True
        self._switch(True)

    def close(self, device_prefix: str, timeout: float | None = None) -> None:
        self.opened = False

    def finalize(self) -> None:
        self.finalized = True

    def query(self, topic: str) -> object:
        return self._values.get(self._own(topic), _FIRMWARE)

    def publish(self, topic: str, value: object, timeout: float | None = None) -> None:
        name = self._own(topic)
        if name in self._faults.no_answer:
            raise TimeoutError(f"jsdrv_publish timed out | {topic}")
        model, signal = MODELS[self._kind], name.removeprefix("s/").removesuffix("/ctrl")
        self.published.append((name, value))
        self._values[name] = value
        if name == model.supply_switch and value in ("off", "auto"):
            self._switch(value == "auto")
        elif name.endswith("/ctrl") and value in (0, 1):
            self._stream(signal, value == 1)
        elif not (
            (name, value) in model.settings
            or (name == "h/fs" and value in model.rates_hz)
            or (name == "s/extio/voltage" and value in INPUT_LEVELS_MV)
        ):
            raise RuntimeError(f"jsdrv_publish failed 5 PARAMETER_INVALID | {topic} {value!r}")

    def subscribe(self, topic: str, flags: str, fn: Callback) -> None:
        self._subscribers[self._own(topic).removeprefix("s/").removesuffix("/!data")] = fn

    def unsubscribe(self, topic: str, fn: Callback) -> None:
        del self._subscribers[self._own(topic).removeprefix("s/").removesuffix("/!data")]

    def _own(self, topic: str) -> str:
        if not topic.startswith(self.path + "/"):
            raise RuntimeError(f"jsdrv failed 16 NOT_FOUND | {topic}")
        return topic.removeprefix(self.path + "/")

    # ---- the instrument ----

    def supply_with(self, volts: float) -> None:
        """Set the external supply."""
        self.external_v = volts
        self.supply.set(volts, self._clock.now_s())

    def _switch(self, on: bool) -> None:
        now_s = self._clock.now_s()
        self.supply.set(self.external_v, now_s)
        self.supply.switch(on, now_s)

    def _stream(self, signal: str, on: bool) -> None:
        if on and not self._on:
            self._started_s, self._packets = self._clock.now_s(), 0
        (self._on.add if on else self._on.discard)(signal)
        if not self._on:
            self._started_s = None

    def deliver(self) -> None:
        """Call the subscribers with what was sampled up to now."""
        if self._started_s is None or self._faults.silent:
            return
        done = math.floor((self._clock.now_s() - self._started_s) / _PACKET_S + 1e-6)
        for number in range(self._packets, done):
            if number in self._faults.uncounted:
                continue
            for signal, message in self._packet(number):
                wanted = signal in self._on and (signal, number) not in self._faults.lost
                if wanted and (callback := self._subscribers.get(signal)) is not None:
                    callback(f"{self.path}/s/{signal}/!data", message)
        self._packets = max(done, self._packets)

    def _packet(self, number: int) -> Iterator[tuple[str, Message]]:
        assert self._started_s is not None
        fs = int(str(self._values["h/fs"]))
        step = _COUNT_HZ[self._kind] // fs
        size = round(_PACKET_S * fs)
        start_s = self._started_s + number * _PACKET_S
        amperes, volts = self._measured(start_s, size, fs)
        input_hz = _INPUT_HZ.get(self._kind, fs)
        bits = self._pin(start_s, input_hz)
        if self._kind == "js110" and self._values.get("s/i/lsb_src") != "gpi0":
            bits = self._random.integers(0, 2, len(bits), np.uint8)  # the current's lowest bit
        no_bits = np.zeros(size, np.bool_)
        if number in self._faults.nan:
            no_bits[size * 9 // 20 : size * 11 // 20] = True
            amperes[no_bits] = volts[no_bits] = np.nan
        lead_a, lead_v = self._lead_in(number, size)
        amperes[:lead_a] = np.nan
        volts[:lead_v] = np.nan
        no_bits[:lead_v] = True
        if self._kind == "js110":
            bits[no_bits] = 0
        counted = number - sum(packet < number for packet in self._faults.uncounted)
        count = self._first_id + counted * size * step
        late = self._faults.voltage_later if number == 0 else 0
        yield "i", self._message(amperes, count, step)
        yield "v", self._message(volts[late:], count + late * step, step)
        packed = np.packbits(bits, bitorder="little")
        yield "gpi/0", self._message(packed, count, _COUNT_HZ[self._kind] // input_hz)

    def _lead_in(self, number: int, size: int) -> tuple[int, int]:
        told = self._faults.lead_in
        own = (_NAN_A, _NAN_V) if self._kind == "js110" else (0, 0)
        lead_a, lead_v = own if told is None else (told, told)
        return max(0, lead_a - number * size), max(0, lead_v - number * size)

    def _measured(
        self, start_s: float, size: int, fs: int
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        volts = np.full(size, self.external_v if self.supply.on else 0.0, np.float32)
        if self._model.is_steady(start_s, start_s + _PACKET_S):  # most packets, at 2 MHz
            ends_s = np.array([start_s, start_s + _PACKET_S])
            watts = np.full(size, np.diff(self._model.energy_j(ends_s)) / _PACKET_S)
        else:
            bounds_s = start_s + np.arange(size + 1) / fs
            watts = np.diff(self._model.energy_j(bounds_s)) * fs
        amperes = np.divide(watts, volts, out=np.zeros(size), where=volts > 0)
        return amperes.astype(np.float32), volts

    def _pin(self, start_s: float, rate_hz: int) -> npt.NDArray[np.uint8]:
        """Return the timestamp pin: high, and low for a moment from each edge on."""
        bits = np.ones(round(_PACKET_S * rate_hz), np.uint8)
        for edge_s in reversed(self._model.edges_s):
            first = round((edge_s - start_s) * rate_hz)
            if first < -1 - round(_LOW_S * rate_hz):
                break
            bits[max(0, first) : max(0, first + round(_LOW_S * rate_hz))] = 0
        return bits

    def _message(self, data: npt.NDArray[Any], sample_id: int, step: int) -> Message:
        return {
            "sample_id": sample_id,
            "sample_rate": _COUNT_HZ[self._kind],
            "decimate_factor": step,
            "data": data,
        }


class SimulatedJoulescopeMonitor(Joulescope):
    """Is a Joulescope on a virtual clock: its messages come whenever it is served."""

    def __init__(self, driver: SimulatedJoulescope, path: str, clock: Clock, **limits: Any) -> None:  # noqa: ANN401
        super().__init__(driver, path, clock, **limits)
        self._instrument = driver
        self.address = f"sim:{path.split('/')[1]}"

    def set_supply(self, supply_v: float) -> float:
        """State the supply; the one that exists in memory only is set to it."""
        stated_v = super().set_supply(supply_v)
        self._instrument.supply_with(stated_v)
        return stated_v

    def service(self) -> None:
        self._instrument.deliver()
        super().service()

    def stop(self) -> EnergyTrace:
        self._instrument.deliver()
        return super().stop()
