"""Operates a Joulescope JS110, JS220 or JS320 by Jetperch's driver (the extra `joulescope`).

The instrument stands in the wire of a supply that somebody else provides: it sets no voltage, but
its current range `off` cuts the wire, so it switches the device. It is spoken to by the topics of
``topics``, and answers with the messages of ``stream``.

The voltage that was stated is compared with the one measured, and a wrong one switches the device
off. A JS110 whose USB packet was dropped counts on as if nothing had been there with release 1.6
of the driver (2.5 puts NaN in its place), so samples are counted against the host's clock as well,
see ``host_count``. The driver opens with the instrument's defaults: until `off` has reached it, a
moment later, the supply is let through.

Held against the driver itself, a JS110 on a USB that is simulated included
(tests/energy/drivers/joulescope/test_vendor.py). Not confirmed on an instrument: that a JS110's
inputs switch at a level that goes with `s/extio/voltage`, and everything of a JS320.
"""

from __future__ import annotations

import importlib
import queue
from collections.abc import Callable
from typing import Any, Protocol

from ....dut_protocol.link.clock import Clock
from ...errors import MonitorError, MonitorRefused, MonitorTimeout, SamplesLost
from ...monitor import Capabilities, MonitorIdentity, SampleKind
from ...trace import EnergyTrace, TraceWriter
from ..host_count import HostCount, finish_recording
from ..serial_monitor import (
    Cleanup,
    ClosedOnExit,
    check_rate,
    checked_supply_mv,
    closed_on_error,
    write_samples,
)
from . import topics
from .stream import Combined, Message, PowerStream

_SILENCE_S = 2.0
_SETTLED_S = 0.2
"""Seconds after switching on by which the supply must have its voltage."""
_SUPPLY_TOLERANCE = 0.05
_TIMEOUT_S = 3.0
"""Seconds that the driver may take to do what it is told; its own default is too short for a busy
host."""
_INSTALL = "pip install --upgrade 'tinyrunner[joulescope]'"
_NEEDED = ("device_paths", "open", "publish", "query", "subscribe", "unsubscribe", "finalize")


class Driver(Protocol):
    """Is what is used of ``pyjoulescope_driver.Driver``."""

    def device_paths(self) -> list[str]: ...

    def open(
        self, device_prefix: str, mode: str | None = None, timeout: float | None = None
    ) -> Any: ...  # noqa: ANN401

    def close(self, device_prefix: str, timeout: float | None = None) -> Any: ...  # noqa: ANN401

    def publish(self, topic: str, value: object, timeout: float | None = None) -> Any: ...  # noqa: ANN401

    def query(self, topic: str) -> Any: ...  # noqa: ANN401

    def subscribe(self, topic: str, flags: str, fn: Callable[[str, Message], None]) -> Any: ...  # noqa: ANN401

    def unsubscribe(self, topic: str, fn: Callable[[str, Message], None]) -> Any: ...  # noqa: ANN401

    def finalize(self) -> Any: ...  # noqa: ANN401


class DriverAbsent(MonitorRefused):
    """Says that the vendor's driver is not installed."""


def load_driver() -> Driver:
    """Import and start Jetperch's driver; MonitorRefused says what to install."""
    try:
        module = importlib.import_module("pyjoulescope_driver")
    except ImportError as error:
        raise DriverAbsent(
            f"the Joulescope's driver is not installed ({error}): {_INSTALL}"
        ) from error
    version = getattr(module, "__version__", "unknown")
    kind = getattr(module, "Driver", None)
    if lacking := [name for name in _NEEDED if not callable(getattr(kind, name, None))]:
        raise MonitorRefused(
            f"pyjoulescope_driver {version} is too old, or another package: it has no "
            f"Driver.{lacking[0]}; {_INSTALL}"
        )
    try:
        driver: Driver = module.Driver()
    except (RuntimeError, TimeoutError, OSError) as error:
        raise MonitorError(
            f"pyjoulescope_driver {version} does not start: {error}; does another program use the "
            "Joulescope?"
        ) from error
    return driver


class Joulescope(ClosedOnExit):
    """Operates a Joulescope; it cuts the device's supply when it is closed."""

    def __init__(
        self, driver: Driver, path: str, clock: Clock, *, max_voltage_v: float | None = None
    ) -> None:
        """Say nothing to the instrument yet: use :meth:`open`. ``path``: ``u/js220/002557``."""
        _, model, self._serial = path.split("/")
        self.address = f"joulescope:{self._serial}"
        self._name = f"the Joulescope {model.upper()} {self._serial}"
        self._driver = driver
        self._path = path
        self._clock = clock
        self._max_voltage_v = max_voltage_v
        self._model = topics.MODELS[model]
        self.capabilities = Capabilities(
            model=model.upper(),
            event_input=True,
            powers_device=True,
            supply_range_v=(0.5, 15.0),
            max_current_a=10.0,
            sample_rates_hz=self._model.rates_hz,
            default_rate_hz=100_000.0,
            sample_kind=SampleKind.CURRENT_AND_VOLTAGE,
            service_interval_s=0.1,
        )
        self._firmware = ""
        self._messages: queue.SimpleQueue[tuple[float, str, Message]] = queue.SimpleQueue()
        """Messages from the driver, which calls in its own thread and touches nothing else."""
        self._callback = self._on_data
        """The one bound method that the driver knows: it wants the same one to unsubscribe."""
        self._supply_v: float | None = None
        self._measured_v: float | None = None
        self._stream_hz = 0.0
        self._settling = 0
        """Samples of the stream still to come before the voltage is looked at."""
        self._powered = self._supplied = False
        self._subscribed: list[str] = []
        self._stream: PowerStream | None = None
        self._writer: TraceWriter | None = None
        self._host_count: HostCount | None = None
        self._heard_at_s = 0.0
        self.trace: EnergyTrace | None = None
        self._open = True

    @classmethod
    def open(
        cls,
        serial: str,
        clock: Clock,
        *,
        max_voltage_v: float | None = None,
        driver: Driver | None = None,
    ) -> Joulescope:
        """Open the instrument of this serial number, or the only one there is when it is empty."""
        driver = driver or load_driver()
        try:
            path = _one_path(driver, serial)
        except BaseException:
            driver.finalize()
            raise
        monitor = cls(driver, path, clock, max_voltage_v=max_voltage_v)
        with closed_on_error(monitor):
            monitor._prepare()
        return monitor

    def identify(self) -> MonitorIdentity:
        return MonitorIdentity("Jetperch", self.capabilities.model, self._serial, self._firmware)

    def set_supply(self, supply_v: float) -> float:
        """State what the external supply is set to; checked against what is measured later."""
        checked_supply_mv(self._name, supply_v, self.capabilities, self._max_voltage_v)
        if self.capabilities.model == "JS110":
            self._publish(topics.INPUT_LEVEL, topics.input_level_mv(supply_v))
        self._supply_v = supply_v
        return supply_v

    def power(self, on: bool) -> None:
        if on and self._supply_v is None:
            raise MonitorRefused(f"{self._name}: state the supply before switching it on")
        self._supplied = self._supplied or on
        self._publish(self._model.supply_switch, "auto" if on else "off")
        self._powered = on
        self._measured_v = None
        self._await_supply()

    def start(self, writer: TraceWriter) -> None:
        if self._stream is not None:
            raise MonitorRefused(f"{self._name}: it is recording already")
        rate_hz = check_rate(self._name, writer, self.capabilities)
        while not self._messages.empty():
            self._messages.get_nowait()
        stream_hz = self._model.stream_rate_hz or rate_hz
        is_js110 = self.capabilities.model == "JS110"
        together = round(stream_hz / rate_hz)
        self._stream = PowerStream(rate_hz, together=together, input_in_current=is_js110)
        self._stream_hz, self._writer = stream_hz, writer
        self._host_count = HostCount(rate_hz, self.capabilities.service_interval_s)
        self._await_supply()
        self._heard_at_s = self._clock.now_s()
        self._publish(topics.SAMPLE_RATE, round(stream_hz))
        for signal in topics.SIGNALS:
            topic = f"{self._path}/{topics.data(signal)}"
            self._call("subscribe", topic, "pub", self._callback)
            self._subscribed.append(topic)
        for signal in topics.SIGNALS:
            self._publish(topics.control(signal), 1)

    def service(self) -> None:
        if self._stream is None:
            return
        now_s = self._clock.now_s()
        if self._take_messages():
            self._heard_at_s = now_s
        elif now_s - self._heard_at_s > _SILENCE_S:
            raise MonitorTimeout(
                f"{self._name}: recording, but nothing came for {now_s - self._heard_at_s:.1f} s; "
                "check its USB cable"
            )

    def stop(self) -> EnergyTrace:
        stream, writer, count = self._stream, self._writer, self._host_count
        if stream is None or writer is None or count is None:
            raise MonitorRefused(f"{self._name}: it is not recording")
        self._end_streaming()
        self._take_messages()
        stream.end()
        self._write(stream.take())
        self._stream = None
        why = [f"{stream.lost} by jumps of sample_id or NaN"] if stream.lost else []
        said = self._provenance(stream, writer)
        return finish_recording(self, self._name, writer, count, said, stream.lost, why)

    def close(self) -> None:
        if not self._open:
            return
        self._open = False
        streaming, self._stream = self._stream is not None, None
        cleanup = Cleanup(supplied=self._supplied)
        cleanup.then(self._driver.finalize)
        cleanup.then(self._call, "close", self._path, _TIMEOUT_S)
        if streaming:
            cleanup.then(self._end_streaming)
        cleanup.switch_off(self._publish, self._model.supply_switch, "off")  # first of all
        cleanup.run(f"{self._name} may still let the supply through: ")

    # ---- the driver ----

    def _prepare(self) -> None:
        self._call("open", self._path, "defaults", _TIMEOUT_S)
        self._publish(self._model.supply_switch, "off")
        for topic, value in self._model.settings:
            self._publish(topic, value)
        if self._model.has_firmware_version:
            self._firmware = self._read_firmware()

    def _read_firmware(self) -> str:
        try:
            version = int(self._driver.query(f"{self._path}/{topics.FIRMWARE_VERSION}"))
        except (RuntimeError, TimeoutError, TypeError, ValueError):
            return ""
        return f"{version >> 24}.{version >> 16 & 0xFF}.{version & 0xFFFF}"

    def _publish(self, topic: str, value: object) -> None:
        self._call("publish", f"{self._path}/{topic}", value, _TIMEOUT_S)

    def _call(self, method: str, *arguments: object) -> None:
        try:
            getattr(self._driver, method)(*arguments)
        except (RuntimeError, TimeoutError, ValueError, OSError) as error:
            what = " ".join(str(argument) for argument in arguments[:2])
            raise MonitorError(f"{self._name}: {method} {what}: {error}") from error

    def _end_streaming(self) -> None:
        cleanup = Cleanup()
        while self._subscribed:
            cleanup.then(self._call, "unsubscribe", self._subscribed.pop(), self._callback)
        for signal in topics.SIGNALS:
            cleanup.then(self._publish, topics.control(signal), 0)
        cleanup.run()

    def _on_data(self, topic: str, message: Message) -> None:
        self._messages.put((self._clock.now_s(), topic, message))

    # ---- samples ----

    def _take_messages(self) -> bool:
        """Take what the driver has brought; tell whether there was any."""
        stream = self._stream
        came = False
        came_s = 0.0
        while stream is not None and not self._messages.empty():
            came = True
            came_s, topic, message = self._messages.get_nowait()
            try:
                match topic.removeprefix(f"{self._path}/"):
                    case topics.CURRENT_DATA:
                        stream.current(message)
                    case topics.VOLTAGE_DATA:
                        stream.voltage(message)
                    case _:
                        stream.input(message)
            except (KeyError, TypeError, ValueError) as error:
                raise MonitorError(f"{self._name}: unreadable message: {error!r}") from error
        if stream is not None and came:
            self._write(stream.take())
            if self._host_count is not None:
                self._host_count.seen(came_s, stream.count, stream.lost)
            if stream.lost > stream.count + self._stream_hz:
                # Looking at every single gap would take longer than the samples do.
                raise SamplesLost(
                    f"{self._name}: {stream.lost} samples are missing and {stream.count} came; use "
                    "a USB port of its own, without a hub"
                )
        return came

    def _write(self, combined: Combined) -> None:
        stream, writer = self._stream, self._writer
        assert stream is not None
        assert writer is not None
        write_samples(writer, combined.energy_j, combined.gaps, writer.count)
        for time_s in combined.edges_s:
            writer.event(time_s)
        if self._powered and len(combined.volts):
            self._settling -= len(combined.volts)
            if self._settling <= 0 and self._measured_v is None:
                self._check_supply(float(combined.volts[-1]))

    def _await_supply(self) -> None:
        self._settling = round(_SETTLED_S * self._stream_hz)

    def _check_supply(self, measured_v: float) -> None:
        self._measured_v = measured_v
        stated_v = self._supply_v
        if stated_v is not None and abs(measured_v - stated_v) > _SUPPLY_TOLERANCE * stated_v:
            self.power(False)
            raise MonitorRefused(
                f"{self._name}: {measured_v:.3f} V where {stated_v:g} V was stated; switched off: "
                "set the external supply"
            )

    def _provenance(self, stream: PowerStream, writer: TraceWriter) -> dict[str, Any]:
        return {
            "monitor": self.capabilities.model,
            "maker": "Jetperch",
            "serial": self._serial,
            "firmware": self._firmware,
            "address": self.address,
            "supply_v": self._supply_v,
            "supply_measured_v": self._measured_v,
            "sample_rate_hz": writer.sample_rate_hz,
            "power": "current x voltage",
            "samples": writer.count,
            "samples_lost": stream.lost,
            "timestamp_input_samples_lost": stream.input_lost,
            "not_yet_numbers": stream.lead_in,
        }


def _one_path(driver: Driver, serial: str) -> str:
    """Return the path of the one Joulescope that is meant."""
    try:
        present = [str(path) for path in driver.device_paths()]
    except (RuntimeError, TimeoutError, OSError) as error:
        raise MonitorError(f"the Joulescope's driver does not list its devices: {error}") from error
    known = [path for path in present if path.split("/")[1] in topics.MODELS]
    meant = [path for path in known if path.endswith(serial)]
    if len(meant) == 1:
        return meant[0]
    raise MonitorError(
        f"there is {'more than one' if meant else 'no'} Joulescope{f' {serial}' if serial else ''}"
        f"; present: {', '.join(present) or 'none'}; name one as joulescope:SERIAL. A JS320 needs "
        f"release 2 of its driver, which on Linux takes Python 3.12 or later: {_INSTALL}"
    )
