"""Operates Keysight's N6705B/C (and N6700 mainframes): supply and external data logger, over VISA.

Every command ends with a channel list; ``SYST:ERR?`` follows every step of the configuration::

    > SENS:ELOG:FUNC:CURR ON,(@1)
    > SYST:ERR?                     < +0,"No error"
    > SENS:ELOG:PER 0.0002048,(@1)
    > SENS:ELOG:PER? (@1)           < 2.04800E-04
    > INIT:ELOG (@1)
    > TRIG:ELOG (@1)
    > FETC:ELOG? 16384,(@1)         < #538400<I,V,I,V … float32>

The logger's FIFO holds about 20 s and overwrites what is not fetched in time, without a word: what
arrives is counted against the bench's clock: all of it at once, and from second to second (see
``host_count``). It has no input for the timestamp pin; the trace's
provenance says when on the bench's clock it begins, and how sure that is.

Not confirmed on an instrument: ``SYST:COMM:RLST LOC`` (refusing it does no harm), and how many
of its last records the instrument holds back (``COUNT_SLACK_S``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ....dut_protocol.link.clock import Clock
from ....dut_protocol.link.wire_log import WireTap
from ...errors import MonitorError, MonitorRefused, SamplesLost
from ...monitor import Capabilities, MonitorIdentity, SampleKind
from ...trace import EnergyTrace, TraceWriter
from ..host_count import HostCount, due_by_clock, finish_recording
from ..scpi import OVERFLOW, do, errors_after, number
from ..visa_link import VisaLink
from ..visa_monitor import VisaMonitor
from .setup import (
    DEFAULT_CURRENT_LIMIT_A,
    MIN_PERIOD_S,
    PARAMETERS,
    LoggerOptions,
    LoggerSetup,
    configure,
    count_channels,
    identify,
)

SERVICE_INTERVAL_S = 1.0
FIFO_S = 18.0
"""Seconds that the FIFO holds: the manual says "about 20 seconds"; what waited longer may be
overwritten."""
FETCH_RECORDS = 16384
COUNT_SLACK_S = 0.05
"""Seconds of its last records that the instrument may still hold back when it is asked."""
CLOCK_DRIFT = 200e-6
"""How far two crystals of 100 ppm each run apart."""


class N6705(VisaMonitor):
    """Operates an N6705 or N6700 mainframe; one channel supplies and measures the device."""

    def __init__(
        self,
        link: VisaLink,
        clock: Clock,
        identity: MonitorIdentity,
        options: LoggerOptions,
        reopen: Callable[[], VisaLink],
    ) -> None:
        place = f"channel {options.channel} of {link.address}"
        super().__init__(link, place, reopen, supplies=True)
        self._clock = clock
        self._identity = identity
        self._options = options
        self._setup: LoggerSetup | None = None
        self._at = f"(@{options.channel})"
        self._supply_v: float | None = None
        self._writer: TraceWriter | None = None
        self._host_count: HostCount | None = None
        self.trace: EnergyTrace | None = None
        self._start_s = self._start_doubt_s = self._fetched_s = 0.0

    @classmethod
    def open(
        cls,
        address: str,
        clock: Clock,
        channel: int = 1,
        max_voltage_v: float | None = None,
        current_limit_a: float | None = None,
        sample_period_s: float | None = None,
        *,
        seamless_ranging: bool = True,
        timeout_s: float = 5.0,
        library: str | None = None,
        tap: WireTap | None = None,
    ) -> Self:
        """Identify, reset and configure; every output is off.

        ``library`` chooses the VISA, ``tap`` notes what goes both ways.
        """

        def reopen() -> VisaLink:
            return VisaLink.open(address, timeout_s, library, tap)

        options = LoggerOptions(
            channel,
            max_voltage_v,
            DEFAULT_CURRENT_LIMIT_A if current_limit_a is None else current_limit_a,
            MIN_PERIOD_S if sample_period_s is None else sample_period_s,
            seamless_ranging,
        )
        link = reopen()
        try:
            identity = identify(link)
            channels = count_channels(link, channel)
        except BaseException:
            link.close()  # an instrument that is not the one meant is told nothing
            raise
        monitor = cls(link, clock, identity, options, reopen)
        try:
            monitor._setup = configure(link, options, channels)
        except BaseException as error:
            monitor.__exit__(type(error), error, error.__traceback__)
            raise
        return monitor

    @property
    def capabilities(self) -> Capabilities:
        setup = self._configured
        rate_hz = 1.0 / setup.period_s
        return Capabilities(
            model=self._identity.model,
            event_input=False,
            powers_device=True,
            supply_range_v=setup.supply_range_v,
            max_current_a=setup.max_current_a,
            sample_rates_hz=(rate_hz,),
            default_rate_hz=rate_hz,
            sample_kind=SampleKind.CURRENT_AND_VOLTAGE,
            service_interval_s=SERVICE_INTERVAL_S,
        )

    def identify(self) -> MonitorIdentity:
        return self._identity

    # ---- the supply ------------------------------------------------------------------------------

    def set_supply(self, supply_v: float) -> float:
        setup, most_v = self._configured, self._options.max_voltage_v
        low_v, high_v = setup.supply_range_v
        if not low_v <= supply_v <= high_v:
            raise MonitorRefused(
                f"{supply_v:g} V is outside what {self._place} supplies: {low_v:g} to {high_v:g} V"
            )
        if most_v is not None and supply_v > most_v:
            raise MonitorRefused(
                f"{supply_v:g} V is above the configuration's max_voltage_v of {most_v:g} V; "
                f"{self._place} was left as it was. If the board stands it, --max-v allows more"
            )
        self._set_number(setup.limit_command, self._options.current_limit_a, "the current limit")
        self._supply_v = self._set_number("VOLT", supply_v, "the voltage")
        return self._supply_v

    def power(self, on: bool) -> None:
        if on and self._supply_v is None:
            raise MonitorRefused(f"the supply of {self._place} is to be set before it is on")
        do(self._link, f"OUTP {'ON' if on else 'OFF'},{self._at}")
        if self._is_on(self._link) != on:
            raise MonitorError(f"the output of {self._place} did not go {'on' if on else 'off'}")

    # ---- recording -------------------------------------------------------------------------------

    def start(self, writer: TraceWriter) -> None:
        if self._writer is not None:
            raise MonitorRefused(f"{self._place} is recording already")
        if abs(writer.sample_rate_hz * self._configured.period_s - 1.0) > 1e-6:
            raise MonitorRefused(
                f"the trace is for {writer.sample_rate_hz:g} Hz, {self._place} records at "
                f"{1.0 / self._configured.period_s:g} Hz"
            )
        do(self._link, f"INIT:ELOG {self._at}")
        before_s = self._clock.now_s()
        do(self._link, f"TRIG:ELOG {self._at}")
        after_s = self._clock.now_s()
        self._start_s = (before_s + after_s) / 2.0
        self._start_doubt_s = (after_s - before_s) / 2.0
        self._fetched_s = before_s
        self._host_count = HostCount(writer.sample_rate_hz, SERVICE_INTERVAL_S)
        self._writer = writer

    def service(self) -> None:
        due_s = self._fetched_s + SERVICE_INTERVAL_S
        if self._writer is not None and self._clock.now_s() >= due_s:
            self._fetch(self._writer)

    def stop(self) -> EnergyTrace:
        writer, count = self._writer, self._host_count
        if writer is None or count is None:
            raise MonitorRefused(f"{self._place} is not recording")
        self._fetch(writer)
        self._writer = None
        do(self._link, f"ABOR:ELOG {self._at}")
        return finish_recording(self, self._place, writer, count, self._provenance())

    def _fetch(self, writer: TraceWriter) -> None:
        """Take every record there is, and count."""
        asked_s = self._clock.now_s()
        batches = [self._fetch_batch(writer.count)]
        while len(batches[-1]) == FETCH_RECORDS:
            batches.append(self._fetch_batch(writer.count))
        samples_j = np.concatenate(batches)
        if self._host_count is not None:
            self._host_count.seen(self._clock.now_s(), writer.count + len(samples_j))
        problem, lost = self._account(writer.count + len(samples_j), asked_s)
        if lost:
            writer.gap(lost)
        writer.append(samples_j)
        self._fetched_s = asked_s
        if problem is not None:
            writer.flush()
            raise SamplesLost(problem)

    def _fetch_batch(self, index: int) -> npt.NDArray[np.float64]:
        """Return joules per period of at most FETCH_RECORDS records of I, V as float32."""
        data = self._link.query_binary(
            f"FETC:ELOG? {FETCH_RECORDS},{self._at}", FETCH_RECORDS * PARAMETERS * 4
        )
        if len(data) % (4 * PARAMETERS):
            raise MonitorError(
                f"{self._place} sent {len(data)} bytes, which are no whole records of current and "
                "voltage: something else is logged as well"
            )
        values = np.frombuffer(data, ">f4").astype(np.float64)
        wild = ~(np.abs(values) < OVERFLOW)
        if wild.any():
            raise MonitorError(
                f"{self._place} measured {values[wild][0]:g} near sample {index}: out of its "
                "range, or not in the byte order that was set"
            )
        records = values.reshape(-1, PARAMETERS)
        return records[:, 0] * records[:, 1] * self._configured.period_s

    def _account(self, count: int, asked_s: float) -> tuple[str | None, int]:
        """Say how many samples were overwritten, and why: as many must come as time went by."""
        answered_s = self._clock.now_s()
        period_s = self._configured.period_s
        elapsed_s = (asked_s + answered_s) / 2.0 - self._start_s
        doubt_s = COUNT_SLACK_S + (answered_s - asked_s) / 2.0 + self._start_doubt_s
        doubt_s += CLOCK_DRIFT * elapsed_s + period_s
        counted, missing = due_by_clock(count, period_s, elapsed_s)
        waited_s = asked_s - self._fetched_s
        if waited_s > FIFO_S:
            return (
                f"the logger of {self._place} was left alone for {waited_s:.1f} s and its memory "
                f"holds about 20 s, so samples are overwritten: {counted}. It is to be fetched "
                "every second; was the computer asleep?"
            ), max(0, missing)
        if missing * period_s > doubt_s:
            return f"{self._place} lost samples: {counted}", missing
        if -missing * period_s > doubt_s:
            return f"{self._place} sent more samples than there can be: {counted}", 0
        return None, 0

    def _provenance(self) -> dict[str, Any]:
        return {
            "monitor": self._identity.model,
            "maker": self._identity.maker,
            "serial": self._identity.serial,
            "firmware": self._identity.firmware,
            "module": self._configured.module,
            "channel": self._options.channel,
            "supply_v": self._supply_v,
            "current_limit_a": self._options.current_limit_a,
            "over_voltage_protection_v": self._configured.protection_v,
            "sample_period_s": self._configured.period_s,
            "start_s": self._start_s,
            "start_uncertainty_s": self._start_doubt_s,
        }

    # ---- inside ----------------------------------------------------------------------------------

    @property
    def _configured(self) -> LoggerSetup:
        if self._setup is None:
            raise MonitorError(f"{self._place} is not configured")
        return self._setup

    def _set_number(self, command: str, value: float, what: str) -> float:
        do(self._link, f"{command} {value:.6g},{self._at}")
        got = number(self._link, f"{command}? {self._at}")
        if abs(got - value) > 0.005 * value + 0.002:  # one step of the coarsest module
            raise MonitorRefused(f"{self._place} set {what} to {got:g} instead of {value:g}")
        return got

    # ---- leaving ---------------------------------------------------------------------------------

    def close(self) -> None:
        try:
            super().close()
        finally:
            self._writer = None

    def _leave_safe(self, link: VisaLink) -> None:
        link.write(f"OUTP OFF,{self._at}")
        if self._is_on(link):
            raise MonitorError(f"the output of {self._place} stays on")
        link.write(f"ABOR:ELOG {self._at}")
        errors_after(link, "SYST:COMM:RLST LOC")  # the front panel again; a refusal harms nobody

    def _is_on(self, link: VisaLink) -> bool:
        answer = link.query(f"OUTP? {self._at}").lstrip("+")
        if answer not in ("0", "1"):
            raise MonitorError(f"{self._place} answered {answer!r} to OUTP?, not 0 or 1")
        return answer == "1"
