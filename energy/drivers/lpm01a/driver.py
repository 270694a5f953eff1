"""Operates the X-NUCLEO-LPM01A (PowerShield) on its USB serial port.

Commands end CR LF. The answer is ``PowerShield > ack CMD``, the command letter for letter as it was
sent and behind it what was asked for, or ``PowerShield > error CMD`` and then ``Error detail: …``::

    → volt 1800m             ← calibration request handled      (a service line: news, no answer)
                             ← PowerShield > ack volt 1800m
    → volt get               ← PowerShield > ack volt get 1797-03        measured: 1.797 V
    → pwr on nostatus        ← PowerShield > ack pwr on nostatus
    → start                  ← PowerShield > ack start, then the stream of ``stream``
    → stop                   ← PowerShield > Acquisition completed

The forms are those of public drivers and logs of real boards, each named beside its bytes in
``tests/energy/transcripts/lpm01a.yaml``; this driver has not met a board yet.

Not confirmed in public sources, and guarded: the word in front of the serial number (``ack
powershield`` by MLCommons' published logs, ``PowerShield present`` by ST's help text; without
either the serial number stays empty); what an over-current leaves behind (one lab saw every command
refused afterwards, so the board is asked for its status and taken anew before it is switched off).
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from typing import Any

from ....dut_protocol.link.clock import Clock, Deadline
from ....dut_protocol.link.transport import Transport
from ...errors import MonitorError, MonitorRefused, MonitorTimeout, SamplesLost
from ...monitor import Capabilities, MonitorIdentity, SampleKind
from ...trace import EnergyTrace, TraceWriter
from ...windows import MAX_LOST_FRACTION
from ..host_count import HostCount, finish_recording
from ..serial_monitor import (
    Cleanup,
    ClosedOnExit,
    MonitorLink,
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
    # It is stored: `off` would cut the supply at the end of every recording.
    "pwrend on",
)
_CALIBRATION_S = 15.0
"""Seconds that it calibrates itself after a change of the voltage."""
_SILENCE_S = 3.0
"""A running acquisition sends something at least once a sample."""
_END_S = 0.5
"""Seconds in which an acquisition that stopped by itself is over."""
_ERROR = "error:"
"""How a line begins that says what went wrong, without the command that it may be about."""
_MAX_HEARD = 5
_MAX_SAID = 20
_SUPPLY_TOLERANCE, _SUPPLY_TOLERANCE_V = 0.01, 0.020
"""How far the voltage that it measures may be from the one that it was set to, whichever is more.
"""
_VERSION = re.compile(r"\b(\d+)\.(\d+)\.(\d+)\b")
_VOLTS = re.compile(r"(\d{1,5})([+-]\d{1,2})")
_SERIAL = re.compile(
    r"(?:ack powershield|PowerShield present)\b.*?\b([0-9A-Fa-f]{5,}[-0-9A-Fa-f]*)"
)
_OVER_CURRENT = re.compile(r"over-?\s?current", re.IGNORECASE)
_OTHER_MONITORS = (
    f"The LPM01A feeds a board with {CAPABILITIES.max_current_a * 1000:g} mA, and this one draws "
    "more: it needs another monitor, such as a PPK2 (1 A), a Joulescope, an STLINK-V3PWR (0.5 A) "
    "or a Keysight N6705"
)


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
        self._supplied = False
        self._measured_v: float | None = None
        self._said: list[str] = []
        """What it said outside of recordings that was no answer, for the provenance."""
        self._over_current = False
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
        self._supply_v = None  # until it is confirmed
        self._command(f"volt {millivolts}m", max(_CALIBRATION_S, self._reply_timeout_s))
        self._measured_v = measured_v = self._read_volts()
        most_v = max(_SUPPLY_TOLERANCE * supply_v, _SUPPLY_TOLERANCE_V)
        if abs(measured_v - supply_v) > most_v + 1e-9:
            self._command("pwr off")  # as a rule it is off
            raise MonitorRefused(
                f"{self._name}: set to {supply_v:g} V it measures {measured_v:g} V, and may be off "
                f"by {most_v * 1000:.0f} mV at most; it is off now. Does something else supply the "
                "board too (its USB, a jumper)?"
            )
        self._supply_v = supply_v
        return measured_v

    def power(self, on: bool) -> None:
        if on and self._supply_v is None:
            raise MonitorRefused(f"{self._name}: set the supply before switching it on")
        self._supplied = self._supplied or on
        with self._trace_kept():
            self._command("pwr on nostatus" if on else "pwr off")

    def start(self, writer: TraceWriter) -> None:
        if self._account is not None:
            raise MonitorRefused(f"{self._name}: it is recording already")
        self._set_rate(check_rate(self._name, writer, CAPABILITIES))
        self._note_all()
        self._writer = writer
        self._account = SampleAccount(writer, self._stream.count)
        self._host_count = HostCount(writer.sample_rate_hz, CAPABILITIES.service_interval_s)
        self._acquiring = True
        with self._trace_kept():
            self._command("start")
        self._heard_at_s = self._clock.now_s()

    def service(self) -> None:
        if self._account is not None:
            with self._trace_kept():
                self._serve()

    def _serve(self) -> None:
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
        if self._next_line(self._ends) is not None:
            self._acquiring = False
            raise MonitorError(f"{self._name} ended the acquisition without being asked")

    def stop(self) -> EnergyTrace:
        account, writer, count = self._account, self._writer, self._host_count
        if account is None or writer is None or count is None:
            raise MonitorRefused(f"{self._name}: it is not recording")
        try:
            with self._trace_kept():
                self._stop_acquisition(self._reply_timeout_s)
        finally:
            self._account = None
            account.write_all()
        trace = self._finish(account, writer, count)
        if account.surplus > max(10, MAX_LOST_FRACTION * writer.count):
            raise MonitorError(
                f"{self._name}: {account.surplus} samples more than its TimeStamps allow at "
                f"{self._rate_hz:g} Hz: the sample rate is not the one that was set"
            )
        return trace

    def _finish(
        self, account: SampleAccount, writer: TraceWriter, count: HostCount, ended_by: str = ""
    ) -> EnergyTrace:
        said = {**self._provenance(), **account.provenance()}
        if ended_by:
            said["ended_by"] = ended_by
        return finish_recording(self, self._name, writer, count, said, account.lost, account.why)

    @contextlib.contextmanager
    def _trace_kept(self) -> Iterator[None]:
        """Finish a recording with what it has when what stands inside fails."""
        try:
            yield
        except MonitorError as error:
            account, writer, count = self._account, self._writer, self._host_count
            if account is not None and writer is not None and count is not None:
                self._account = None
                account.write_all()
                with contextlib.suppress(SamplesLost):
                    self._finish(account, writer, count, str(error))
            raise

    def close(self) -> None:
        if not self._open:
            return
        self._open = False
        self._account = None
        cleanup = Cleanup(supplied=self._supplied)
        cleanup.then(self._link.close)
        cleanup.then(self._command, "hrc", 2.0)
        cleanup.switch_off(self._command, "pwr off", 2.0)
        if self._over_current:
            cleanup.then(self._begin_anew)
        if self._acquiring:
            cleanup.then(self._stop_acquisition, 2.0)
        cleanup.run(f"{self._name} may still supply the device: ", "; unplug it to be sure")

    # ---- dialogue ----

    def _take_control(self) -> None:
        try:
            self._command("htc", 2.0)
        except MonitorError as error:
            # The first command after the port was opened often is refused, the second is not.
            if isinstance(error, MonitorTimeout) or self._stream.count:
                self._end_old_acquisition()
            self._command("htc")
            self._note(f"at first: {error}")
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
        serial = self._read_serial()
        self._identity = MonitorIdentity(
            self._identity.maker, self._identity.model, serial, firmware[0]
        )
        if self._stream.count:
            self._end_old_acquisition()
        for command in _CONFIGURATION:
            self._command(command)
        self._set_rate(CAPABILITIES.default_rate_hz)

    def _end_old_acquisition(self) -> None:
        """Stop the stream that a host that was killed left running."""
        self._link.write(b"stop\r\n")
        self._wait(self._ends, 2.0)

    def _begin_anew(self) -> None:
        """Bring it to take commands again; that it does shows when it is switched off."""
        with contextlib.suppress(MonitorError):
            self._command("status", 2.0)
        with contextlib.suppress(MonitorError):
            self._command("htc", 2.0)

    def _set_rate(self, rate_hz: float) -> None:
        if rate_hz != self._rate_hz:
            whole = int(rate_hz)
            self._command(f"freq {whole // 1000}k" if whole >= 1000 else f"freq {whole}")
            self._rate_hz = rate_hz

    def _stop_acquisition(self, timeout_s: float) -> None:
        """Stop; everything that comes until it has ended still belongs to the recording."""
        self._link.write(b"stop\r\n")
        ended = self._wait(lambda line: self._ends(line) or _refuses(line, "stop"), timeout_s)
        if ended is None:
            raise MonitorTimeout(f"{self._name}: stop: not completed in {timeout_s:g} s")
        if not self._ends(ended):
            raise MonitorRefused(f"{self._name}: stop: {self._detail(ended)}")
        self._acquiring = False

    def _command(self, command: str, timeout_s: float | None = None) -> str:
        """Send it and wait for its ``ack``, which is returned."""
        timeout_s = self._reply_timeout_s if timeout_s is None else timeout_s
        self._send(command)
        heard: list[str] = []

        def answers(line: str) -> bool:
            heard.append(line)
            return _is_about(line, "ack", command) or _refuses(line, command)

        reply = self._wait(answers, timeout_s)
        if reply is None:
            raise MonitorTimeout(
                f"{self._name}: {command}: no answer in {timeout_s:g} s{_heard(heard)}; is it an "
                "LPM01A, and does no other program use it?"
            )
        if _refuses(reply, command):
            detail = self._detail(reply)
            self._over_current = self._over_current or _is_over_current(detail)
            raise MonitorRefused(f"{self._name}: {command}: {detail}{_advice(detail)}")
        return reply

    def _send(self, command: str) -> None:
        self._note_all()
        self._link.write(command.encode() + b"\r\n")

    def _ask(self, command: str, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Return what a query answered, on the line of its ``ack`` or after it."""
        if found := pattern.search(self._command(command).removeprefix(f"ack {command}")):
            return found
        line = self._wait(lambda text: bool(pattern.search(text)), 1.0)
        return pattern.search(line) if line else None

    def _read_serial(self) -> str:
        self._send("powershield")
        line = self._wait(lambda text: bool(_SERIAL.search(text)), 1.0)
        found = _SERIAL.search(line) if line else None
        return found[1] if found else ""

    def _read_volts(self) -> float:
        """Return the voltage that it measures, told as a mantissa and a power of ten."""
        answer = self._command("volt get").removeprefix("ack volt get").strip()
        found = _VOLTS.fullmatch(answer)
        if found is None:
            raise MonitorError(
                f"{self._name}: volt get: it measures {answer!r}, where a voltage such as 3300-03 "
                "was expected"
            )
        return float(f"{found[1]}e{found[2]}")

    def _wait(self, wanted: Callable[[str], bool], timeout_s: float) -> str | None:
        """Wait for the first line that is wanted; None when it did not come in time."""
        deadline = Deadline(self._clock, timeout_s)
        while True:
            if (line := self._next_line(wanted)) is not None:
                return line
            if deadline.expired:
                return None
            self._take(self._stream.feed(self._link.read(deadline.remaining_s)))

    def _next_line(self, wanted: Callable[[str], bool]) -> str | None:
        """Return the first line that is wanted of those that have come; the others are news."""
        while self._lines:
            line = self._lines.pop(0)
            if self._account is not None and line.lower().startswith(_ERROR):
                raise self._stopped_measuring(line)
            if wanted(line):
                return line
            self._note(line)
        return None

    @staticmethod
    def _ends(line: str) -> bool:
        return COMPLETED in line

    def _take(self, parsed: Parsed) -> None:
        now_s = self._clock.now_s()
        self._lines += parsed.lines
        if self._account is None:
            self._lines += parsed.broken
        else:
            self._account.add(parsed)
            if self._host_count is not None:
                self._host_count.seen(now_s, self._account.came, self._account.lost)

    def _note_all(self) -> None:
        while self._lines:
            self._note(self._lines.pop(0))

    def _note(self, line: str) -> None:
        """Keep what it said that was no answer."""
        if self._account is not None:
            self._account.note(line)
        elif len(self._said) < _MAX_SAID:
            self._said.append(line)

    def _detail(self, refusal: str) -> str:
        found = self._wait(lambda line: line.lower().startswith("error detail"), 0.5)
        return f"{refusal}: {found}" if found else refusal

    def _stopped_measuring(self, error: str) -> MonitorError:
        """Return what is wrong, once the acquisition has ended."""
        account, supply_v, reading = self._account, self._measured_v, ""
        if account is not None and supply_v and _is_over_current(error):
            amperes = account.latest_j * self._rate_hz / supply_v
            if len(amperes):
                reading = f" at {amperes.max() * 1000:.1f} mA (the most of its last samples)"
        self._over_current = self._over_current or _is_over_current(error)
        self._note(error)
        self._hear_the_end()
        return MonitorError(f"{self._name} stopped measuring{reading}: {error}{_advice(error)}")

    def _hear_the_end(self) -> None:
        deadline = Deadline(self._clock, _END_S)
        while True:
            while self._lines:
                line = self._lines.pop(0)
                self._note(line)
                self._acquiring = self._acquiring and not self._ends(line)
            if not self._acquiring or deadline.expired:
                return
            self._take(self._stream.feed(self._link.read(deadline.remaining_s)))

    def _provenance(self) -> dict[str, Any]:
        return {
            "monitor": self._identity.model,
            "maker": self._identity.maker,
            "serial": self._identity.serial,
            "firmware": self._identity.firmware,
            "address": self.address,
            "supply_v": self._supply_v,
            "supply_measured_v": self._measured_v,
            "sample_rate_hz": self._rate_hz,
            "settings": list(_CONFIGURATION),
            "said": list(self._said),
        }


def _refuses(line: str, command: str) -> bool:
    return line.lower().startswith(_ERROR) or _is_about(line, "error", command)


def _is_about(line: str, kind: str, command: str) -> bool:
    """Tell whether an answer is about a command: it repeats it letter for letter.

    ``ack volt get 3300-03`` is about ``volt get``, and ``ack version: 1.0.7`` about ``version``.
    """
    said = f"{kind} {command}"
    return line == said or line.startswith((f"{said} ", f"{said}:"))


def _is_over_current(error: str) -> bool:
    return _OVER_CURRENT.search(error) is not None


def _advice(error: str) -> str:
    return f". {_OTHER_MONITORS}" if _is_over_current(error) else ""


def _heard(lines: list[str]) -> str:
    return f"; heard {lines[-_MAX_HEARD:]}" if lines else "; heard nothing"
