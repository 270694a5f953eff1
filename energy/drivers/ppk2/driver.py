"""Operates the Nordic Power Profiler Kit II on its USB serial port, as the device's source.

The host sends opcodes, and only one of them has an answer::

    19          → R0: 1003.35 … VDD: 3000 … END     what the kit is, and its calibration
    11 02       source mode (01 would be the ampere meter)
    0D 0B B8    regulator: 3000 mV, high byte first
    0C 01       the device's supply on (00 off)
    06 / 07     start and stop the stream of ``stream``

The device's timestamp pin goes to the logic input D0; the logic port's VCC must be connected to
the device's supply. The kit measures no voltage: power is current x the voltage that was set. It
has no limit of its own below 5 V: ``max_voltage_v`` is all that protects a board.

Not confirmed, and guarded: that the `VDD` of a second answer to 19 is the regulator's voltage now,
as it seems (one kit is shown in public with 3000 and with 3741). Where it is told it must be the
one that was set; where it is not, the provenance says that nothing was read back.

The counter has six bits: of a loss of 64 samples, or a multiple, it shows nothing. So the samples
are counted against the host's clock as well, see ``host_count``.
"""

from __future__ import annotations

from typing import Any

from ....dut_protocol.link.clock import Clock, Deadline
from ....dut_protocol.link.transport import Transport
from ...errors import MonitorError, MonitorRefused, MonitorTimeout, SamplesLost
from ...monitor import Capabilities, MonitorIdentity, SampleKind
from ...trace import EnergyTrace, TraceWriter
from ..host_count import HostCount, finish_recording
from ..serial_monitor import (
    Cleanup,
    ClosedOnExit,
    MonitorLink,
    check_rate,
    checked_supply_mv,
    closed_on_error,
    write_samples,
)
from .stream import COUNTER_MODULUS, END, RATE_HZ, Calibration, Ppk2Stream, parse_calibration

BAUD_RATE = 115_200
"""The rate that the port is opened at; it is a USB port, so the number means nothing."""

GET_METADATA = b"\x19"
SOURCE_MODE = b"\x11\x02"
SET_REGULATOR = b"\x0d"
DEVICE_ON = b"\x0c\x01"
DEVICE_OFF = b"\x0c\x00"
START = b"\x06"
STOP = b"\x07"

CAPABILITIES = Capabilities(
    model="PPK2",
    event_input=True,
    powers_device=True,
    supply_range_v=(0.8, 5.0),
    max_current_a=1.0,
    sample_rates_hz=(RATE_HZ,),
    default_rate_hz=RATE_HZ,
    sample_kind=SampleKind.CURRENT,
    service_interval_s=0.05,
)
_QUIET_S = 0.1
"""The kit has said everything when nothing came for this long after STOP."""
_SILENCE_S = 1.0
_MAX_METADATA_BYTES = 8192


class Ppk2(ClosedOnExit):
    """Operates a PPK2 in source mode; the device's supply is off when it is closed."""

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        *,
        max_voltage_v: float | None = None,
        reply_timeout_s: float = 2.0,
        serial: str = "",
        default_calibration: bool = False,
    ) -> None:
        """Prepare without a word to the kit: use :meth:`open`."""
        self.address = f"ppk2:{transport.address}"
        self._link = MonitorLink(transport, "the PPK2")
        self._name = self._link.name
        self._clock = clock
        self._max_voltage_v = max_voltage_v
        self._reply_timeout_s = reply_timeout_s
        self._serial = serial
        self._default_calibration = default_calibration
        self._calibration: Calibration | None = None
        self._supply_v: float | None = None
        self._supply_read_back = False
        self._supplied = False
        self._stream: Ppk2Stream | None = None
        self._writer: TraceWriter | None = None
        self._heard_at_s = 0.0
        self._lost = 0
        self._host_count = HostCount(RATE_HZ, CAPABILITIES.service_interval_s)
        self.trace: EnergyTrace | None = None
        self._open = True

    @classmethod
    def open(
        cls,
        transport: Transport,
        clock: Clock,
        *,
        max_voltage_v: float | None = None,
        serial: str = "",
        default_calibration: bool = False,
    ) -> Ppk2:
        """Stop what it does, switch the device off, read the calibration, go to source mode.

        ``serial`` is the USB serial number, for the provenance: the kit does not tell its own.
        MonitorRefused where it tells no calibration, unless ``default_calibration``.
        """
        monitor = cls(
            transport,
            clock,
            max_voltage_v=max_voltage_v,
            serial=serial,
            default_calibration=default_calibration,
        )
        with closed_on_error(monitor):
            monitor._link.write(STOP + DEVICE_OFF)
            monitor._calibration = monitor._read_calibration()
            monitor._link.write(SOURCE_MODE)
        return monitor

    @property
    def capabilities(self) -> Capabilities:
        return CAPABILITIES

    def identify(self) -> MonitorIdentity:
        """Say who answered; the firmware's field also tells a calibration that is not its own."""
        calibration = self._calibrated()
        firmware = f"HW {calibration.others.get('HW', '')}".strip()
        if calibration.defaulted:
            firmware += f", Nordic's default calibration for {' '.join(calibration.defaulted)}"
        return MonitorIdentity("Nordic", CAPABILITIES.model, self._serial, firmware)

    def set_supply(self, supply_v: float) -> float:
        if self._stream is not None:
            raise MonitorRefused(f"{self._name}: the supply is not changed while recording")
        millivolts = checked_supply_mv(self._name, supply_v, CAPABILITIES, self._max_voltage_v)
        self._link.write(SET_REGULATOR + millivolts.to_bytes(2, "big"))
        read_mv = self._read_calibration().regulator_mv
        if read_mv is not None and read_mv != millivolts:
            raise MonitorRefused(f"{self._name}: set to {millivolts} mV it reports {read_mv} mV")
        self._supply_read_back = read_mv is not None
        self._supply_v = supply_v
        return supply_v

    def power(self, on: bool) -> None:
        if on and self._supply_v is None:
            raise MonitorRefused(f"{self._name}: set the supply before switching it on")
        self._supplied = self._supplied or on
        self._link.write(DEVICE_ON if on else DEVICE_OFF)

    def start(self, writer: TraceWriter) -> None:
        if self._stream is not None:
            raise MonitorRefused(f"{self._name}: it is recording already")
        if self._supply_v is None:
            raise MonitorRefused(
                f"{self._name}: it measures no voltage: set the supply before recording"
            )
        check_rate(self._name, writer, CAPABILITIES)
        self._settle()
        self._stream = Ppk2Stream(self._calibrated(), self._supply_v)
        self._writer = writer
        self._lost = 0
        self._host_count = HostCount(RATE_HZ, CAPABILITIES.service_interval_s, COUNTER_MODULUS)
        self._link.write(START)
        self._heard_at_s = self._clock.now_s()

    def service(self) -> None:
        if self._stream is None:
            return
        came = False
        while data := self._link.read(0.0):
            came = True
            self._take(data)
            if self._lost > self._stream.count:
                # Looking at every single break would take longer than the samples do.
                raise SamplesLost(
                    f"{self._name}: the samples' counter makes no sense ({self._stream.breaks} "
                    f"breaks in {self._stream.count} samples); unplug it, and use a port of its own"
                )
        now_s = self._clock.now_s()
        if came:
            self._heard_at_s = now_s
        elif now_s - self._heard_at_s > _SILENCE_S:
            raise MonitorTimeout(
                f"{self._name}: recording, but nothing came for {now_s - self._heard_at_s:.1f} s; "
                "check its USB cable (both of them above 0.5 A)"
            )

    def stop(self) -> EnergyTrace:
        stream, writer = self._stream, self._writer
        if stream is None or writer is None:
            raise MonitorRefused(f"{self._name}: it is not recording")
        self._link.write(STOP)
        deadline = Deadline(self._clock, self._reply_timeout_s)
        while data := self._link.read(min(_QUIET_S, deadline.remaining_s)):
            self._take(data)
            if deadline.expired:
                raise MonitorTimeout(f"{self._name}: it goes on sending after it was stopped")
        if late := stream.end():
            writer.gap(late)
            self._lost += late
        self._stream = None
        why = []
        if stream.breaks:
            why.append(f"{stream.breaks} breaks of the counter, each at least so long as it shows")
        if stream.bad_ranges:
            why.append(f"{stream.bad_ranges} samples of a range that does not exist")
        said = self._provenance(stream, writer)
        return finish_recording(self, self._name, writer, self._host_count, said, self._lost, why)

    def close(self) -> None:
        if not self._open:
            return
        self._open = False
        self._stream = None
        cleanup = Cleanup(supplied=self._supplied)
        cleanup.then(self._link.close)
        cleanup.switch_off(self._switch_off)
        cleanup.then(self._link.write, STOP)
        cleanup.run(f"{self._name} may still supply the device: ", "; unplug it to be sure")

    # ---- dialogue ----

    def _calibrated(self) -> Calibration:
        if self._calibration is None:
            raise MonitorError(f"{self._name}: it was not opened")
        return self._calibration

    def _switch_off(self) -> None:
        """Switch off; a kit that supplied the device is asked something, to know that it heard."""
        self._link.write(DEVICE_OFF)
        if self._supplied:
            self._read_metadata()

    def _read_calibration(self) -> Calibration:
        data = self._read_metadata()
        try:
            return parse_calibration(data, default_calibration=self._default_calibration)
        except MonitorError as error:
            raise type(error)(f"{self._name}: {error}") from error

    def _read_metadata(self) -> bytes:
        self._settle()
        self._link.write(GET_METADATA)
        deadline = Deadline(self._clock, self._reply_timeout_s)
        data = b""
        while END not in data:
            if deadline.expired or len(data) > _MAX_METADATA_BYTES:
                raise MonitorTimeout(
                    f"{self._name}: no calibration in {deadline.seconds:g} s, "
                    f"{len(data)} bytes came, the last {data[-40:]!r}; is it a PPK2 (the first of "
                    "its two ports), and does no other program use it?"
                )
            data += self._link.read(deadline.remaining_s)
        return data + self._link.read(_QUIET_S)  # the end of the line, as a rule

    def _settle(self) -> None:
        """Throw away what a stream that was running before still sends."""
        deadline = Deadline(self._clock, self._reply_timeout_s)
        while self._link.read(_QUIET_S):
            if deadline.expired:
                raise MonitorTimeout(f"{self._name}: it does not stop sending; unplug it")

    def _take(self, data: bytes) -> None:
        stream, writer = self._stream, self._writer
        assert stream is not None
        assert writer is not None
        now_s = self._clock.now_s()
        first = stream.count
        decoded = stream.feed(data)
        write_samples(writer, decoded.energy_j, decoded.gaps, first)
        self._lost += sum(lost for _, lost in decoded.gaps)
        for index in decoded.falling:
            writer.event(index / RATE_HZ)
        self._host_count.seen(now_s, writer.count, self._lost)

    def _provenance(self, stream: Ppk2Stream, writer: TraceWriter) -> dict[str, Any]:
        return {
            "monitor": CAPABILITIES.model,
            "maker": "Nordic",
            "serial": self._serial,
            "firmware": self.identify().firmware,
            "address": self.address,
            "supply_v": self._supply_v,
            "supply_read_back": self._supply_read_back,
            "sample_rate_hz": RATE_HZ,
            "power": "current x supply_v",
            "spike_filter": False,
            "calibration": {k: list(v) for k, v in self._calibrated().constants.items()},
            "calibration_by_default": list(self._calibrated().defaulted),
            "samples": writer.count,
            "counter_breaks": stream.breaks,
            "samples_lost_at_least": self._lost,
            "samples_of_bad_range": stream.bad_ranges,
        }
