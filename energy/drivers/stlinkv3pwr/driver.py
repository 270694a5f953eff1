"""Operates ST's STLINK-V3PWR on the second of its two serial ports, as the device's source.

Commands end CR LF; the answer is ``ack`` and the command's first word, or ``err``, and ends with an
empty line. After ``power_monitor`` there is no prompt (``stlp > ``). A measurement::

    → powershield        ← ack STLINK-V3PWR 003B00383432511939383236
    → volt 3300m         ← ack volt 3300m
    → pwr on             ← ack pwr on
    → start              ← ack start, an empty line, then the stream of ``stream``
    → stop

The instrument has no input for the timestamp pin. It measures no voltage: power is current x the
voltage that was set. Its TimeStamps account for the samples where they go with the host's clock,
and the host's clock does in any case, see ``host_count``.

The dialogue is that of ST's scripts (x-cube-n6-ai-power-measurement). Not confirmed on an
instrument, and guarded: whether ``output``, ``trigsrc`` and ``trigdelay`` are taken (what they ask
for is the default; a refusal is kept in the provenance), whether ``bin_hexa`` is to be called
``bin_hex``, as ST's script does (both are tried), what comes after ``stop`` (the recording ends
with the record that says so, or when nothing comes any more), and that the TimeStamps are
milliseconds (those that do not go with the host's clock are not believed).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from enum import Enum
from typing import Any

from ....dut_protocol.link.clock import Clock, Deadline
from ....dut_protocol.link.transport import Transport
from ...errors import MonitorError, MonitorRefused, MonitorTimeout, SamplesLost
from ...monitor import Capabilities, MonitorIdentity, SampleKind
from ...trace import EnergyTrace, TraceWriter
from ..host_count import finish_recording
from ..lpm01a.stream import Lpm01aStream
from ..serial_monitor import (
    Cleanup,
    ClosedOnExit,
    MonitorLink,
    check_rate,
    checked_supply_mv,
    closed_on_error,
)
from .recording import MAX_CURRENT_A, Recording
from .stream import BinaryStream

BAUD_RATE = 115_200
"""The rate that the port is opened at; it is a USB port, so the number means nothing."""

MODEL = "STLINK-V3PWR"

_RATES_HZ = (*(float(n * 10**power) for power in range(5) for n in (1, 2, 5)), 100_000.0)
_OPTIONAL = ("output current", "trigsrc sw", "trigdelay 0m")
"""What is the default, so that a firmware that does not know it may refuse it."""
_SETTLED_S = 1.0
"""Seconds that ST's script waits after a change of the voltage."""
_QUIET_S = 0.2
"""It has said everything when nothing came for this long."""
_PROMPT_END = b"> "
_EMPTY_LINE = b"\r\n"
_MAX_TEXT_BYTES = 65536
_MAX_HEARD = 5
_ACK_OF_STOP = re.compile(rb"ack stop\r\n\r\n(?:stlp > )?")
"""What is text between binary samples, and no sample."""


class StreamFormat(Enum):
    """Names the two forms in which it sends its samples, by the word of its command."""

    BINARY = "bin_hexa"
    ASCII = "ascii_dec"


_MAX_HZ = {StreamFormat.BINARY: 100_000.0, StreamFormat.ASCII: 10_000.0}
"""The highest sample rate of each, as ST's script has it."""


class StlinkV3Pwr(ClosedOnExit):
    """Operates an STLINK-V3PWR; the device's supply is off when it is closed."""

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        *,
        stream_format: StreamFormat = StreamFormat.BINARY,
        max_voltage_v: float | None = None,
        reply_timeout_s: float = 5.0,
    ) -> None:
        """Prepare without a word to the instrument: use :meth:`open`."""
        self.address = f"stlinkv3pwr:{transport.address}"
        self._link = MonitorLink(transport, f"the {MODEL}")
        self._name = self._link.name
        self._clock = clock
        self._format = stream_format
        self._max_voltage_v = max_voltage_v
        self._reply_timeout_s = reply_timeout_s
        most_hz = _MAX_HZ[stream_format]
        rates_hz = tuple(rate_hz for rate_hz in _RATES_HZ if rate_hz <= most_hz)
        self.capabilities = Capabilities(
            model=MODEL,
            event_input=False,
            powers_device=True,
            supply_range_v=(1.6, 3.6),
            max_current_a=MAX_CURRENT_A,
            sample_rates_hz=rates_hz,
            default_rate_hz=rates_hz[-1],
            sample_kind=SampleKind.CURRENT,
            service_interval_s=0.05,
        )
        self._text = b""
        """What it said, and was not looked at yet."""
        self._identity = MonitorIdentity("STMicroelectronics", MODEL, "", "")
        self._refused: list[str] = []
        self._supply_v: float | None = None
        self._supplied = False
        self._recording: Recording | None = None
        self._acquiring = False
        self.trace: EnergyTrace | None = None
        self._open = True

    @classmethod
    def open(
        cls,
        transport: Transport,
        clock: Clock,
        *,
        stream_format: StreamFormat = StreamFormat.BINARY,
        max_voltage_v: float | None = None,
    ) -> StlinkV3Pwr:
        """Identify the instrument and configure it; its supply is off then."""
        monitor = cls(transport, clock, stream_format=stream_format, max_voltage_v=max_voltage_v)
        try:
            monitor._identify()
        except BaseException:
            transport.close()  # an instrument that is not the one meant is told nothing more
            raise
        with closed_on_error(monitor):
            monitor._configure()
        return monitor

    def identify(self) -> MonitorIdentity:
        return self._identity

    def set_supply(self, supply_v: float) -> float:
        if self._recording is not None:
            raise MonitorRefused(f"{self._name}: the supply is not changed while recording")
        millivolts = checked_supply_mv(self._name, supply_v, self.capabilities, self._max_voltage_v)
        self._command(f"volt {millivolts}m")
        self._clock.pause(_SETTLED_S)
        self._supply_v = supply_v
        return supply_v

    def power(self, on: bool) -> None:
        if on and self._supply_v is None:
            raise MonitorRefused(f"{self._name}: set the supply before switching it on")
        if self._recording is not None:
            raise MonitorRefused(f"{self._name}: the supply is not switched while recording")
        self._supplied = self._supplied or on
        self._command(f"pwr {'on' if on else 'off'}")

    def start(self, writer: TraceWriter) -> None:
        if self._recording is not None:
            raise MonitorRefused(f"{self._name}: it is recording already")
        if self._supply_v is None:
            raise MonitorRefused(
                f"{self._name}: it measures no voltage: set the supply before recording"
            )
        rate_hz = check_rate(self._name, writer, self.capabilities)
        self._command(f"freq {rate_hz:.0f}")
        joules_per_ampere = self._supply_v / rate_hz
        binary = self._format is StreamFormat.BINARY
        self._recording = Recording(
            self._name,
            writer,
            BinaryStream(joules_per_ampere) if binary else Lpm01aStream(),
            joules_per_ampere,
            self.capabilities.service_interval_s,
        )
        self._acquiring = True
        with self._trace_kept():
            self._command("start")
            self._recording.take(self._behind_empty_line(), self._clock.now_s())

    def service(self) -> None:
        recording = self._recording
        if recording is None:
            return
        with self._trace_kept():
            while data := self._link.read(0.0):
                recording.take(data, self._clock.now_s())
            recording.check(self._clock.now_s())

    def stop(self) -> EnergyTrace:
        recording = self._recording
        if recording is None:
            raise MonitorRefused(f"{self._name}: it is not recording")
        with self._trace_kept():
            self._link.write(b"stop\r\n")
            last = self._read_until_quiet()
            self._acquiring = False
            if self._format is StreamFormat.BINARY:
                last = _ACK_OF_STOP.sub(b"", last)
            recording.take(last, self._clock.now_s())
            recording.check(self._clock.now_s(), asked_to_end=True)
        self._recording = None
        return self._finish(recording)

    def _finish(self, recording: Recording, **more: str) -> EnergyTrace:
        recording.write_all()
        said = {**self._provenance(), **recording.provenance(), **more}
        return finish_recording(
            self,
            self._name,
            recording.writer,
            recording.count,
            said,
            recording.account.lost,
            recording.account.why,
        )

    @contextmanager
    def _trace_kept(self) -> Iterator[None]:
        """Finish a recording with what it has when what stands inside fails."""
        try:
            yield
        except MonitorError as error:
            recording, self._recording = self._recording, None
            if recording is not None:
                with suppress(SamplesLost):
                    self._finish(recording, ended_by=str(error))
            raise

    def close(self) -> None:
        if not self._open:
            return
        self._open = False
        self._recording = None
        cleanup = Cleanup(supplied=self._supplied)
        cleanup.then(self._link.close)
        cleanup.switch_off(self._command, "pwr off", 2.0)
        if self._acquiring:
            cleanup.then(self._stop_quietly)
        cleanup.run(f"{self._name} may still supply the device: ", "; unplug it to be sure")

    # ---- dialogue ----

    def _identify(self) -> None:
        try:
            serial = self._command("powershield", 1.0, MODEL)
        except MonitorError:  # a host that was killed may have left it streaming
            self._stop_quietly()
            serial = self._command("powershield", None, MODEL)
        firmware = self._command("version")
        self._identity = replace(self._identity, serial=serial, firmware=firmware)

    def _configure(self) -> None:
        self._command("power_monitor")
        self._command("pwr off")
        try:
            self._command(f"format {self._format.value}")
        except MonitorRefused:
            if self._format is StreamFormat.ASCII:
                raise
            self._command("format bin_hex")
        self._command("acqtime inf")
        for command in _OPTIONAL:
            try:
                self._command(command)
            except MonitorRefused as error:
                self._refused.append(str(error))

    def _command(self, command: str, timeout_s: float | None = None, answer: str = "") -> str:
        """Send it and return what its ``ack`` says more; MonitorRefused when it is ``err``.

        ``answer``: the word that follows ``ack`` where that is not the command's own.
        """
        deadline = Deadline(self._clock, timeout_s or self._reply_timeout_s)
        self._text = b""
        self._link.write(command.encode() + b"\r\n")
        heard: list[str] = []
        while not deadline.expired:
            self._text += self._link.read(deadline.remaining_s)
            while b"\n" in self._text:
                line, _, self._text = self._text.partition(b"\n")
                line = line.rpartition(_PROMPT_END)[2]  # of a prompt there may be the end only
                said = line.decode("ascii", "backslashreplace").strip()
                heard.append(said)
                if said.startswith("err"):
                    raise MonitorRefused(f"{self._name}: {command}: {said}")
                if (more := _acknowledged(said, command, answer)) is not None:
                    return more
            self._text = self._text[-_MAX_TEXT_BYTES:]
        told = [line[:80] for line in heard if line][-_MAX_HEARD:]
        raise MonitorTimeout(
            f"{self._name}: {command}: no answer in {deadline.seconds:g} s; heard "
            f"{told or 'nothing'}; is it the port that is called PWR (the other one is the "
            "board's UART), and does no other program use it?"
        )

    def _behind_empty_line(self) -> bytes:
        """Return what has come behind the empty line that ends an answer."""
        deadline = Deadline(self._clock, self._reply_timeout_s)
        while len(self._text) < 2 and _EMPTY_LINE.startswith(self._text) and not deadline.expired:
            self._text += self._link.read(deadline.remaining_s)
        begun, self._text = self._text.removeprefix(_EMPTY_LINE), b""
        return begun

    def _read_until_quiet(self) -> bytes:
        """Return what still comes; MonitorTimeout when that does not end."""
        deadline = Deadline(self._clock, self._reply_timeout_s)
        pieces: list[bytes] = []
        while data := self._link.read(min(_QUIET_S, deadline.remaining_s)):
            pieces.append(data)
            if deadline.expired:
                raise MonitorTimeout(f"{self._name}: it goes on sending after it was stopped")
        return b"".join(pieces)

    def _stop_quietly(self) -> None:
        """Stop what it may be sending, and throw that away."""
        self._link.write(b"stop\r\n")
        self._read_until_quiet()

    def _provenance(self) -> dict[str, Any]:
        return {
            "monitor": MODEL,
            "maker": self._identity.maker,
            "serial": self._identity.serial,
            "firmware": self._identity.firmware,
            "address": self.address,
            "supply_v": self._supply_v,
            "power": "current x supply_v",
            "format": self._format.value,
            "settings_refused": list(self._refused),
        }


def _acknowledged(line: str, command: str, answer: str) -> str | None:
    """Return what an ``ack`` says more when it answers this command; else None.

    ST's scripts look at its first word; what switches or supplies must be repeated as well.
    """
    name, *arguments = command.split()
    said, *words = line.split() or [""]
    if said != "ack" or words[:1] != [answer or name]:
        return None
    if name in ("pwr", "volt") and words[1:] and arguments[-1] not in words:
        return None
    return " ".join(words[1:])
