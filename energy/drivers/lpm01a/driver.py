"""Operates the X-NUCLEO-LPM01A (PowerShield) on its USB serial port.

Commands end CR LF; the answer is ``PowerShield > ack CMD`` or ``PowerShield > error CMD`` and then
``Error detail: …``. One exchange, and a measurement::

    → pwr on nostatus        ← PowerShield > ack pwr on nostatus
    → start                  ← PowerShield > ack start, then the stream of ``stream``
    → stop                   ← PowerShield > Acquisition completed

Not confirmed in public sources, and guarded: whether an ``ack`` repeats every word of the command
(those it has must be the same); where ``version``, ``volt get`` and ``powershield`` put their
answer (on the ``ack``'s line or the next one; without an answer to ``volt get`` the value that the
``ack`` of ``volt`` repeated counts as read back, and the provenance says so; a serial number that
is not told stays empty).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ....dut_protocol.link.clock import Clock, Deadline
from ....dut_protocol.link.transport import Transport
from ...errors import MonitorError, MonitorRefused, MonitorTimeout
from ...monitor import Capabilities, MonitorIdentity, SampleKind
from ...trace import EnergyTrace, TraceWriter
from ...windows import MAX_LOST_FRACTION
from ..host_count import HostCount, host_loss_words, write_host_losses
from ..serial_monitor import (
    Cleanup,
    ClosedOnExit,
    MonitorLink,
    check_lost,
    check_rate,
    checked_supply_mv,
    closed_on_error,
)
from .account import SampleAccount
from .stream import COMPLETED, Lpm01aStream, Parsed

BAUD_RATE = 3_686_400
MIN_FIRMWARE = (1, 0, 6)
"""The oldest firmware that will do: older ones answer `error pwr off` (eembc/energyrunner issue 8).
"""

CAPABILITIES = Capabilities(
    model="LPM01A",
    event_input=True,
    powers_device=True,
    supply_range_v=(1.8, 3.3),
    max_current_a=0.05,
    # ascii_dec is unlimited in time up to 5 kHz
    sample_rates_hz=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000),
    default_rate_hz=1000.0,
    sample_kind=SampleKind.ENERGY,
    service_interval_s=0.1,
)
_UPDATE = (
    "update it: power the board from its own USB port, copy the firmware of ST's STSW-POWERSHIELD "
    "(1.0.6 or later) to the drive that appears, or use STM32CubeMonitor-Power"
)
_CONFIGURATION = (
    "acqtime inf",
    "trigdelay 0",
    "trigsrc sw",
    "eventsrc d7 fal",
    "output energy",
    "format ascii_dec",
)
_CALIBRATION_S = 15.0
"""Seconds that it calibrates itself after a change of the voltage."""
_SILENCE_S = 3.0
"""A running acquisition sends something at least once a sample."""
_MAX_HEARD = 5
_VERSION = re.compile(r"\b(\d+)\.(\d+)\.(\d+)\b")
_VOLTS = re.compile(r"\b(\d+)m\b|\b(\d+(?:\.\d+)?)(?:\s*V)?$")
_SERIAL = re.compile(r"present\W+(?:.*?\b)??([0-9A-Fa-f]{8,})")


class Lpm01a(ClosedOnExit):
    """Operates an LPM01A; supply off and control released when it is closed."""

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        *,
        max_voltage_v: float | None = None,
        reply_timeout_s: float = 5.0,
    ) -> None:
        """Prepare without a word to the board: use :meth:`open`."""
        self.address = f"lpm01a:{transport.address}"
        self._link = MonitorLink(transport, "the LPM01A")
        self._name = self._link.name
        self._clock = clock
        self._max_voltage_v = max_voltage_v
        self._reply_timeout_s = reply_timeout_s
        self._stream = Lpm01aStream()
        self._lines: list[str] = []
        """Lines that it said, and that were not looked at yet."""
        self._account: SampleAccount | None = None
        self._host_count: HostCount | None = None
        self._writer: TraceWriter | None = None
        self._acquiring = False
        self._heard_at_s = 0.0
        self._identity = MonitorIdentity("STMicroelectronics", CAPABILITIES.model, "", "")
        self._supply_v: float | None = None
        self._supply_read_back = False
        self._rate_hz = 0.0
        self.trace: EnergyTrace | None = None
        self._open = True

    @classmethod
    def open(
        cls, transport: Transport, clock: Clock, *, max_voltage_v: float | None = None
    ) -> Lpm01a:
        """Take control of the board and configure it; its supply is off then."""
        monitor = cls(transport, clock, max_voltage_v=max_voltage_v)
        with closed_on_error(monitor):
            monitor._take_control()
        return monitor

    @property
    def capabilities(self) -> Capabilities:
        return CAPABILITIES

    def identify(self) -> MonitorIdentity:
        return self._identity

    def set_supply(self, supply_v: float) -> float:
        millivolts = checked_supply_mv(self._name, supply_v, CAPABILITIES, self._max_voltage_v)
        ack = self._command(f"volt {millivolts}m", max(_CALIBRATION_S, self._reply_timeout_s))
        read_v = self._read_volts()
        self._supply_read_back = read_v is not None
        if read_v is None and (found := _VOLTS.search(ack)):
            read_v = _volts(found)
        if read_v is not None and abs(read_v - supply_v) > 0.0015:
            raise MonitorRefused(f"{self._name}: set to {supply_v:g} V it has {read_v:g} V")
        self._supply_v = supply_v
        return supply_v if read_v is None else read_v

    def power(self, on: bool) -> None:
        if on and self._supply_v is None:
            raise MonitorRefused(f"{self._name}: set the supply before switching it on")
        self._command("pwr on nostatus" if on else "pwr off")

    def start(self, writer: TraceWriter) -> None:
        if self._account is not None:
            raise MonitorRefused(f"{self._name}: it is recording already")
        self._set_rate(check_rate(self._name, writer, CAPABILITIES))
        self._lines.clear()
        self._writer = writer
        self._account = SampleAccount(writer, self._stream.count)
        self._host_count = HostCount(writer.sample_rate_hz, CAPABILITIES.service_interval_s)
        self._acquiring = True
        try:
            self._command("start")
        except MonitorError:
            self._account = None
            raise
        self._heard_at_s = self._clock.now_s()

    def service(self) -> None:
        if self._account is None:
            return
        came = False
        while data := self._link.read(0.0):
            came = True
            self._take(self._stream.feed(data))
        now_s = self._clock.now_s()
        if came:
            self._heard_at_s = now_s
        elif now_s - self._heard_at_s > max(_SILENCE_S, 3 / self._rate_hz):
            raise MonitorTimeout(
                f"{self._name}: recording, but nothing came for {now_s - self._heard_at_s:.1f} s; "
                "check its USB cable, and power the board off and on"
            )
        for line in self._lines:
            self._account.note(line)
            if line.lower().startswith("error"):
                raise MonitorError(f"{self._name} stopped measuring: {'; '.join(self._lines)}")
            if COMPLETED in line:
                raise MonitorError(f"{self._name} ended the acquisition without being asked")
        self._lines.clear()

    def stop(self) -> EnergyTrace:
        account, writer, count = self._account, self._writer, self._host_count
        if account is None or writer is None or count is None:
            raise MonitorRefused(f"{self._name}: it is not recording")
        try:
            self._stop_acquisition(self._reply_timeout_s)
        finally:
            self._account = None
            account.write_all()
        losses = count.losses()
        missing = write_host_losses(writer, losses)
        self.trace = trace = writer.finish(
            {
                **self._provenance(),
                **account.provenance(),
                "samples_missing_by_host_clock": missing,
            }
        )
        why = account.why + host_loss_words(losses, self._rate_hz)
        check_lost(self._name, writer.count, account.lost + missing, why)
        if account.surplus > max(10, MAX_LOST_FRACTION * writer.count):
            raise MonitorError(
                f"{self._name}: {account.surplus} samples more than its TimeStamps allow at "
                f"{self._rate_hz:g} Hz: the sample rate is not the one that was set"
            )
        return trace

    def close(self) -> None:
        if not self._open:
            return
        self._open = False
        self._account = None
        cleanup = Cleanup()
        cleanup.then(self._link.close)
        cleanup.then(self._command, "hrc", 2.0)
        cleanup.then(self._command, "pwr off", 2.0)
        if self._acquiring:
            cleanup.then(self._stop_acquisition, 2.0)
        cleanup.run(f"{self._name} may still supply the device: ", "; unplug it to be sure")

    # ---- dialogue ----

    def _take_control(self) -> None:
        try:
            self._command("htc", 2.0)
        except MonitorError:
            self._end_old_acquisition()
            self._command("htc")
        firmware = self._ask("version", _VERSION)
        if firmware is None:
            raise MonitorError(f"{self._name}: it does not tell its firmware; {_UPDATE}")
        version = tuple(map(int, firmware.groups()))
        if version < MIN_FIRMWARE:
            least = ".".join(map(str, MIN_FIRMWARE))
            raise MonitorRefused(
                f"{self._name}: firmware {firmware[0]}, {least} or later is needed; {_UPDATE}"
            )
        try:
            self._command("pwr off")
        except MonitorRefused as error:
            raise MonitorRefused(f"{error} (firmware before 1.0.6 does this; {_UPDATE})") from error
        serial = self._ask("powershield", _SERIAL, acknowledged=False)
        self._identity = MonitorIdentity(
            self._identity.maker, self._identity.model, serial[1] if serial else "", firmware[0]
        )
        if self._stream.count:
            self._end_old_acquisition()
        for command in _CONFIGURATION:
            self._command(command)
        self._set_rate(CAPABILITIES.default_rate_hz)

    def _end_old_acquisition(self) -> None:
        """Stop the stream that a host that was killed left running."""
        self._link.write(b"stop\r\n")
        self._wait(lambda line: COMPLETED in line, 2.0)

    def _set_rate(self, rate_hz: float) -> None:
        if rate_hz != self._rate_hz:
            whole = int(rate_hz)
            self._command(f"freq {whole // 1000}k" if whole >= 1000 else f"freq {whole}")
            self._rate_hz = rate_hz

    def _stop_acquisition(self, timeout_s: float) -> None:
        """Stop; everything that comes until it has ended still belongs to the recording."""
        self._link.write(b"stop\r\n")
        ended = self._wait(lambda line: COMPLETED in line or _refuses(line, "stop"), timeout_s)
        if ended is None:
            raise MonitorTimeout(
                f"{self._name}: stop: not completed in {timeout_s:g} s{self._heard()}"
            )
        if COMPLETED not in ended:
            raise MonitorRefused(f"{self._name}: stop: {self._detail(ended)}")
        self._acquiring = False

    def _command(self, command: str, timeout_s: float | None = None) -> str:
        """Send it and wait for its ``ack``, which is returned."""
        timeout_s = self._reply_timeout_s if timeout_s is None else timeout_s
        self._lines.clear()
        self._link.write(command.encode() + b"\r\n")
        heard: list[str] = []

        def answers(line: str) -> bool:
            heard.append(line)
            return _acknowledges(line, command) or _refuses(line, command)

        reply = self._wait(answers, timeout_s)
        if reply is None:
            self._lines = heard
            raise MonitorTimeout(
                f"{self._name}: {command}: no answer in {timeout_s:g} s{self._heard()}; is it an "
                "LPM01A, and does no other program use it?"
            )
        if _refuses(reply, command):
            raise MonitorRefused(f"{self._name}: {command}: {self._detail(reply)}")
        return reply

    def _ask(
        self, command: str, pattern: re.Pattern[str], *, acknowledged: bool = True
    ) -> re.Match[str] | None:
        """Return what a query answered, on the line of its ``ack`` or after it."""
        if acknowledged:
            if found := pattern.search(self._command(command).partition(command)[2]):
                return found
        else:
            self._lines.clear()
            self._link.write(command.encode() + b"\r\n")
        line = self._wait(lambda text: bool(pattern.search(text)), 1.0)
        return pattern.search(line) if line else None

    def _read_volts(self) -> float | None:
        try:
            found = self._ask("volt get", _VOLTS)
        except (MonitorRefused, MonitorTimeout):
            return None
        return _volts(found) if found else None

    def _wait(self, wanted: Callable[[str], bool], timeout_s: float) -> str | None:
        """Wait for the first line that is wanted; None when it did not come in time."""
        deadline = Deadline(self._clock, timeout_s)
        while True:
            while self._lines:
                line = self._lines.pop(0)
                if wanted(line):
                    return line
            if deadline.expired:
                return None
            self._take(self._stream.feed(self._link.read(deadline.remaining_s)))

    def _take(self, parsed: Parsed) -> None:
        now_s = self._clock.now_s()
        self._lines += parsed.lines
        if self._account is None:
            self._lines += parsed.broken
        else:
            self._account.add(parsed)
            if self._host_count is not None:
                self._host_count.seen(now_s, self._account.came, self._account.lost)

    def _detail(self, refusal: str) -> str:
        found = self._wait(lambda line: line.lower().startswith("error detail"), 0.5)
        return f"{refusal}: {found}" if found else refusal

    def _heard(self) -> str:
        heard, self._lines = self._lines[-_MAX_HEARD:], []
        return f"; heard {heard}" if heard else "; heard nothing"

    def _provenance(self) -> dict[str, Any]:
        return {
            "monitor": self._identity.model,
            "maker": self._identity.maker,
            "serial": self._identity.serial,
            "firmware": self._identity.firmware,
            "address": self.address,
            "supply_v": self._supply_v,
            "supply_read_back": self._supply_read_back,
            "sample_rate_hz": self._rate_hz,
            "settings": list(_CONFIGURATION),
        }


def _acknowledges(line: str, command: str) -> bool:
    return _is_about(line, "ack", command)


def _refuses(line: str, command: str) -> bool:
    return line.lower().startswith("error:") or _is_about(line, "error", command)


def _is_about(line: str, kind: str, command: str) -> bool:
    """Tell whether an answer is about a command.

    ``ack volt 1800m`` is about ``volt 1800m``; so is ``ack volt``; ``ack volt 3000m`` is not.
    """
    said, *words = line.split() or [""]
    return said == kind and bool(words) and all(a == b for a, b in zip(words, command.split()))  # noqa: B905


def _volts(found: re.Match[str]) -> float:
    if found[1]:
        return int(found[1]) / 1000
    value = float(found[2])
    return value / 1000 if value > 100 else value
