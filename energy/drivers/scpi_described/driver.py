"""Operates an instrument as its description says: supply, recording, and how it is left.

What the DMM7510 example (configs/instruments) makes of it; ``SYST:ERR?`` follows every command::

    > *IDN?                                            < KEITHLEY INSTRUMENTS,MODEL DMM7510,…
    > DIG:CURR:SRAT 1000
    > DIG:CURR:SRAT?                                   < 1000
    > INIT
    > TRAC:ACT? "defbuffer1"                           < 512
    > TRAC:DATA? 1,512,"defbuffer1",READ,REL           < 8.1E-03,0.0,8.1E-03,0.001,…
    > ABOR

Losses are found in four ways: by the samples' own times, where they have them; by the flag that the
instrument has for it; by its memory, which was full or left alone for too long; and by the host's
clock (see ``host_count``), which needs nothing of the instrument. Each is an error.

No instrument was at hand: the examples follow the vendors' manuals, and are tested against a
simulation made from the description and against one written by hand from the manuals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import numpy as np

from ....dut_protocol.link.clock import Clock
from ....dut_protocol.link.wire_log import WireTap
from ...errors import MonitorError, MonitorRefused, SamplesLost
from ...monitor import Capabilities, MonitorIdentity, SampleKind
from ...trace import EnergyTrace, TraceWriter
from ..host_count import CLOCK_TOLERANCE, HostCount, due_by_clock, finish_recording
from ..scpi import do, errors_after, number
from ..serial_monitor import write_samples
from ..visa_link import MAX_LINE_BYTES, VisaLink
from ..visa_monitor import VisaMonitor
from .description import (
    Described,
    External,
    Flag,
    Form,
    Instrument,
    Quantity,
    Supply,
    idn_fields,
)
from .readings import Batch, Floats, Readings, parse_samples

COUNT_SLACK_S = 0.05
"""Seconds of its last samples that an instrument may still hold back, beyond a chunk."""
PERIOD_TOLERANCE = 0.01
GUARD_MARGIN = 1.1
"""An over-voltage protection at the greatest allowed voltage would trip at that voltage."""
SUPPLY_TOLERANCE = 0.05
"""How far a supply from outside may be from the voltage that was stated."""


class ScpiInstrument(VisaMonitor):
    """Operates a described instrument; its supply, where it has one, is off when it is closed."""

    def __init__(
        self,
        link: VisaLink,
        clock: Clock,
        identity: MonitorIdentity,
        described: Described,
        reopen: Callable[[], VisaLink],
        max_voltage_v: float | None,
        current_limit_a: float | None,
    ) -> None:
        """Send nothing yet: use :meth:`open`."""
        place = f"the {identity.model} at {link.address}"
        supplies = described.instrument.supply is not None
        super().__init__(link, place, reopen, supplies=supplies)
        self._clock = clock
        self._identity = identity
        self._described = described
        self._max_voltage_v = max_voltage_v
        supply = described.instrument.supply
        own_a = None if supply is None else supply.limit_a
        self._limit_a = own_a if current_limit_a is None else current_limit_a
        self._period_s = described.instrument.period.seconds
        self._supply_v: float | None = None
        self._measured_v: float | None = None
        self._writer: TraceWriter | None = None
        self._readings: Readings | None = None
        self._host_count: HostCount | None = None
        self.trace: EnergyTrace | None = None
        self._start_s = self._start_doubt_s = self._asked_s = 0.0

    @classmethod
    def open(
        cls,
        described: Described,
        resource: str,
        clock: Clock,
        max_voltage_v: float | None = None,
        current_limit_a: float | None = None,
        *,
        library: str | None = None,
        tap: WireTap | None = None,
    ) -> Self:
        """Identify and set up; the supply is off. ``library`` chooses the VISA, ``tap``
        notes what goes both ways.

        MonitorRefused where it is some other instrument, which is told nothing then; where it
        refuses a command; or where a limit cannot be kept.
        """
        instrument = described.instrument

        def reopen() -> VisaLink:
            return VisaLink.open(resource, instrument.timeout_s, library, tap)

        link = reopen()
        try:
            identity = _identify(link, described)
        except BaseException:
            link.close()
            raise
        monitor = cls(link, clock, identity, described, reopen, max_voltage_v, current_limit_a)
        try:
            monitor._set_up()
        except BaseException as error:
            monitor.__exit__(type(error), error, error.__traceback__)
            raise
        return monitor

    @property
    def capabilities(self) -> Capabilities:
        said, feed = self._said, self._said.feed
        rate_hz = 1.0 / self._period_s
        measured = {Quantity.VOLTAGE_V, Quantity.VOLTAGE_MV} & set(said.fetch.fields)
        return Capabilities(
            model=self._identity.model,
            event_input=said.events is not None,
            powers_device=isinstance(feed, Supply),
            supply_range_v=feed.range_v,
            max_current_a=feed.most_a,
            sample_rates_hz=(rate_hz,),
            default_rate_hz=rate_hz,
            sample_kind=SampleKind.CURRENT_AND_VOLTAGE if measured else SampleKind.CURRENT,
            service_interval_s=said.fetch.every_s,
        )

    def identify(self) -> MonitorIdentity:
        return self._identity

    # ---- the supply ------------------------------------------------------------------------------

    def set_supply(self, supply_v: float) -> float:
        """Set the voltage and its limits; of a supply from outside, check that it is the stated."""
        feed = self._said.feed
        low_v, high_v = feed.range_v
        if isinstance(feed, External):
            self._check_outside(feed, supply_v)
        elif not low_v <= supply_v <= high_v:
            raise MonitorRefused(
                f"{supply_v:g} V is outside what {self._place} supplies: {low_v:g} to {high_v:g} V"
            )
        if self._max_voltage_v is not None and supply_v > self._max_voltage_v:
            raise MonitorRefused(
                f"{supply_v:g} V is above the configuration's max_voltage_v of "
                f"{self._max_voltage_v:g} V; {self._place} was left as it was. If the board stands "
                "it, --max-v allows more"
            )
        self._supply_v = self._set(feed, supply_v) if isinstance(feed, Supply) else supply_v
        return self._supply_v

    def power(self, on: bool) -> None:
        """Switch the supply; one from outside is the user's, and nothing is sent."""
        if on and self._supply_v is None:
            raise MonitorRefused(f"the supply of {self._place} is to be set before it is on")
        if (supply := self._said.supply) is None:
            return
        self._do(*(supply.switch_on if on else supply.switch_off))
        if self._is_on(self._link, supply) != on:
            raise MonitorError(f"the output of {self._place} did not go {'on' if on else 'off'}")

    def _check_outside(self, external: External, supply_v: float) -> None:
        if abs(supply_v - external.voltage_v) > 0.0005:
            raise MonitorRefused(
                f"{supply_v:g} V cannot be set: {self._described.path} says that the board is "
                f"supplied from outside with {external.voltage_v:g} V (external.voltage_v); set "
                "that supply, and say so there"
            )

    def _set(self, supply: Supply, supply_v: float) -> float:
        if self._max_voltage_v is not None:
            guard_v = self._max_voltage_v * GUARD_MARGIN
            self._do(*(_filled(one, volts=guard_v) for one in supply.guard))
        limit_a = supply.limit_a if self._limit_a is None else self._limit_a
        self._do(_filled(supply.set_a, amperes=limit_a))
        self._read_back(supply.ask_a, limit_a, "the current limit")
        self._do(_filled(supply.set_v, volts=supply_v))
        return self._read_back(supply.ask_v, supply_v, "the voltage")

    def _read_back(self, question: str, wanted: float, what: str) -> float:
        got = number(self._link, question)
        if abs(got - wanted) > 0.005 * wanted + 0.002:
            self.power(False)
            raise MonitorRefused(
                f"{self._place} set {what} to {got:g} instead of {wanted:g}; its output is off now"
            )
        return got

    # ---- recording -------------------------------------------------------------------------------

    def start(self, writer: TraceWriter) -> None:
        if self._writer is not None:
            raise MonitorRefused(f"{self._place} is recording already")
        if abs(writer.sample_rate_hz * self._period_s - 1.0) > 1e-6:
            raise MonitorRefused(
                f"the trace is for {writer.sample_rate_hz:g} Hz, {self._place} records at "
                f"{1.0 / self._period_s:g} Hz"
            )
        if self._supply_v is None:
            raise MonitorRefused(f"{self._place}: the supply is to be set before it records")
        said = self._said
        self._do(*said.record.arm)
        before_s = self._clock.now_s()
        self._do(*said.record.start)
        after_s = self._clock.now_s()
        self._start_s = (before_s + after_s) / 2.0
        self._start_doubt_s = (after_s - before_s) / 2.0
        self._asked_s = before_s
        self._measured_v = None
        interval_s = max(said.fetch.every_s, said.fetch.chunk_s)
        self._host_count = HostCount(writer.sample_rate_hz, interval_s)
        self._readings = Readings(said.fetch, said.events, self._period_s, self._supply_v)
        self._writer = writer

    def service(self) -> None:
        due_s = self._asked_s + self._said.fetch.every_s
        if self._writer is not None and self._clock.now_s() >= due_s:
            self._fetch(self._writer)

    def stop(self) -> EnergyTrace:
        writer, count, readings = self._writer, self._host_count, self._readings
        if writer is None or count is None or readings is None:
            raise MonitorRefused(f"{self._place} is not recording")
        self._fetch(writer)
        self._writer = None
        self._do(*self._said.record.stop)
        lost = readings.lost
        why = [f"{lost} by the samples' own times"] if lost else []
        said = self._provenance(lost)
        return finish_recording(self, self._place, writer, count, said, lost, why)

    def _fetch(self, writer: TraceWriter) -> None:
        """Take what there is, and count."""
        waited_s, self._asked_s = self._clock.now_s() - self._asked_s, self._clock.now_s()
        asked_s, readings = self._asked_s, self._readings
        assert readings is not None
        fetch, first = self._said.fetch, writer.count
        came = overwritten = False
        if fetch.ready is None or self._is_set(fetch.ready):
            for rows in self._rows(readings):
                came = came or bool(len(rows))
                self._write(writer, readings.add(rows))
            overwritten = fetch.lost is not None and self._is_set(fetch.lost)
        if came and self._host_count is not None:
            self._host_count.seen(self._clock.now_s(), readings.count, readings.lost)
        problem, missing = self._account(readings, waited_s, asked_s, overwritten=overwritten)
        if problem is not None:
            writer.gap(max(1, missing), first)
            writer.flush()
            raise SamplesLost(problem)

    def _write(self, writer: TraceWriter, batch: Batch) -> None:
        first = writer.count
        write_samples(writer, batch.energy_j, batch.gaps, first)
        for index in batch.edges:
            writer.event(index * self._period_s)
        external = self._said.external
        if external is not None and self._measured_v is None and len(batch.volts):
            self._measured_v = float(np.mean(batch.volts))
            if abs(self._measured_v / external.voltage_v - 1.0) > SUPPLY_TOLERANCE:
                raise MonitorRefused(
                    f"{self._place} measures {self._measured_v:.3f} V, where "
                    f"{self._described.path} states {external.voltage_v:g} V "
                    "(external.voltage_v): set the supply"
                )

    def _rows(self, readings: Readings) -> Iterator[Floats]:
        """Yield the samples that wait, an answer at a time."""
        fetch = self._said.fetch
        if fetch.count is not None:
            there = round(number(self._link, fetch.count))
            if there < readings.count:
                raise MonitorError(
                    f"{self._place} has {there} samples, of which {readings.count} were fetched: "
                    "were they cleared, or has its memory begun anew?"
                )
            while readings.count < there:
                last = min(there, readings.count + fetch.answer_samples)
                yield self._answer(_filled(fetch.ask, first=readings.count + 1, last=last), last)
            return
        while True:
            rows = self._answer(_filled(fetch.ask, most=fetch.answer_samples))
            yield rows
            if "{most}" not in fetch.ask or len(rows) < fetch.answer_samples:
                return

    def _answer(self, question: str, last: int | None = None) -> Floats:
        fetch, readings = self._said.fetch, self._readings
        data: bytes | str
        if fetch.form is Form.ASCII:
            most = max(MAX_LINE_BYTES, fetch.answer_bytes)
            data = self._link.query(question, max_bytes=most)
        else:
            data = self._link.query_binary(question, fetch.answer_bytes)
        try:
            rows = parse_samples(data, fetch)
        except MonitorError as error:
            raise MonitorError(f"{self._place} answered {question!r}: {error}") from error
        if last is not None and readings is not None and len(rows) != last - readings.count:
            raise MonitorError(f"{self._place} answered {question!r} with {len(rows)} samples")
        return rows

    def _account(
        self, readings: Readings, waited_s: float, asked_s: float, *, overwritten: bool
    ) -> tuple[str | None, int]:
        """Say whether samples were lost, and how many; or whether there are too many."""
        fetch, period_s = self._said.fetch, self._period_s
        answered_s = self._clock.now_s()
        elapsed_s = (asked_s + answered_s) / 2.0 - self._start_s
        came = readings.count + readings.lost
        counted, missing = due_by_clock(came, period_s, elapsed_s)
        if overwritten:
            return (
                f"{self._place} says that samples were overwritten: {counted}. It is to be asked "
                f"every {fetch.every_s:g} s; was the computer busy?"
            ), missing
        if fetch.count is not None and came >= fetch.holds:
            return (
                f"the memory of {self._place} holds {fetch.holds} samples "
                f"({fetch.holds * period_s:g} s) and is full: {counted}"
            ), missing
        if fetch.count is None and waited_s > fetch.holds * period_s:
            return (
                f"{self._place} was left alone for {waited_s:.1f} s and keeps "
                f"{fetch.holds * period_s:g} s, so samples are overwritten: {counted}. Was the "
                "computer asleep?"
            ), missing
        doubt_s = fetch.chunk_s + COUNT_SLACK_S + self._start_doubt_s
        doubt_s += (answered_s - asked_s) / 2.0 + CLOCK_TOLERANCE * elapsed_s + period_s
        if missing * period_s > doubt_s:
            return f"{self._place} lost samples: {counted}", missing
        if -missing * period_s > doubt_s:
            raise MonitorError(
                f"{self._place} sent more samples than there can be: {counted}; is the period "
                f"really {period_s:g} s?"
            )
        return None, 0

    def _provenance(self, lost: int) -> dict[str, Any]:
        described, supply = self._described, self._said.supply
        return {
            "monitor": self._identity.model,
            "maker": self._identity.maker,
            "serial": self._identity.serial,
            "firmware": self._identity.firmware,
            "description": Path(described.path).name,
            "description_sha256": described.sha256,
            "supply": "external" if supply is None else "the instrument's",
            "supply_v": self._supply_v,
            "supply_measured_v": self._measured_v,
            "current_limit_a": None if supply is None else self._limit_a,
            "sample_period_s": self._period_s,
            "samples_lost": lost,
            "start_s": self._start_s,
            "start_uncertainty_s": self._start_doubt_s,
        }

    # ---- inside ----------------------------------------------------------------------------------

    @property
    def _said(self) -> Instrument:
        return self._described.instrument

    def _set_up(self) -> None:
        said, supply = self._said, self._said.supply
        limit_a = self._limit_a
        if limit_a is not None and (supply is None or not 0.0 < limit_a <= supply.most_a):
            offered = "none" if supply is None else f"above 0, up to {supply.most_a:g} A"
            raise MonitorRefused(
                f"a current limit of {limit_a:g} A is outside what {self._place} offers: {offered}"
            )
        self._do(*said.setup)
        if supply is not None:
            self.power(False)
        self._set_period()

    def _set_period(self) -> None:
        period = self._said.period
        by_rate = "{rate_hz}" in period.set
        wanted = 1.0 / period.seconds if by_rate else period.seconds
        self._do(_filled(period.set, rate_hz=wanted, period_s=wanted))
        if not by_rate and "{period_s}" not in period.set:
            word = period.set.split()[-1]
            if (said := self._link.query(period.ask)).strip('"').upper() != word.upper():
                raise MonitorRefused(
                    f"{self._place} answers {said!r} to {period.ask!r}, where {word!r} was set: "
                    f"its samples are not {period.seconds:g} s apart"
                )
            return
        got = number(self._link, period.ask)
        if not abs(got / wanted - 1.0) <= PERIOD_TOLERANCE:
            unit = "Hz" if by_rate else "s"
            raise MonitorRefused(
                f"{self._place} answers {got:g} {unit} to {period.ask!r}, where {wanted:g} {unit} "
                f"was set by {_filled(period.set, rate_hz=wanted, period_s=wanted)!r}; write what "
                f"it can do into {self._described.path} (period.seconds)"
            )
        self._period_s = 1.0 / got if by_rate else got

    def _do(self, *commands: str) -> None:
        for command in commands:
            do(self._link, command, self._said.errors)

    def _is_set(self, flag: Flag) -> bool:
        return bool(round(number(self._link, flag.ask)) >> flag.bit & 1)

    def _is_on(self, link: VisaLink, supply: Supply) -> bool:
        answer = link.query(supply.is_on).lstrip("+").upper()
        if answer not in ("0", "1", "OFF", "ON"):
            raise MonitorError(f"{self._place} answered {answer!r} to {supply.is_on}, not 0 or 1")
        return answer in ("1", "ON")

    # ---- leaving ---------------------------------------------------------------------------------

    def _leave_safe(self, link: VisaLink) -> None:
        supply = self._said.supply
        if supply is not None:
            for command in supply.switch_off:
                link.write(command)
            if self._is_on(link, supply):
                raise MonitorError(f"the output of {self._place} stays on")
        for command in (*self._said.record.stop, *self._said.leave):
            errors_after(link, command, self._said.errors)  # refusing one of these harms nobody


def _identify(link: VisaLink, described: Described) -> MonitorIdentity:
    """Ask who answers; MonitorRefused when it is not what the description is of."""
    answer = link.query("*IDN?")
    if not described.instrument.is_named(answer):
        expected = " or ".join(map(repr, described.instrument.idn))
        raise MonitorRefused(
            f"{link.address} says it is {answer!r}; {described.path} describes {expected} (idn)"
        )
    maker, model, serial, *rest = (*idn_fields(answer), "", "", "")
    model = model.removeprefix("MODEL ")  # as Keithley's say it
    return MonitorIdentity(maker, model, serial, ",".join(rest).strip(","))


def _filled(command: str, **numbers: float) -> str:
    """Return a command with numbers in its holes, as SCPI writes them."""
    for name, value in numbers.items():
        text = str(value) if isinstance(value, int) else f"{value:.9g}"
        command = command.replace(f"{{{name}}}", text)
    return command
