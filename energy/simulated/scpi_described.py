"""A simulated instrument made from its description: it understands what that says, and no more.

It shows that a description is complete and that the driver does what it says. It cannot show that
the description is true of the instrument, for both were read from the same file.

Sample k of a recording covers t + k·period to t + (k + 1)·period; current times voltage is the
power model's own power there but for noise, which has zero mean, and for the rounding of numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from ...dut_protocol.link.clock import Clock
from ..drivers.scpi_described.description import Edge, Form, Instrument, Supply
from ..drivers.scpi_described.readings import number_kind
from .power_model import Floats, PowerModel
from .scpi import UNDEFINED_HEADER, Fault, SimulatedInstrument

SMALL_MEMORY_S = 0.1
_HIGH_V = 3.0
_NUMBER = r"([-+]?\d[\d.]*(?:[eE][-+]?\d+)?)"

Handler = Callable[[list[float]], str | bytes | None]


@dataclass(frozen=True, slots=True)
class Flaws:
    """Says what is wrong with a simulated instrument, beside its :class:`Fault`."""

    refuses: tuple[str, int, str] | None = None
    """A command that it refuses: the command, and the entry of the error queue."""
    period_factor: float = 1.0
    """What becomes of a period that is set, by its own answer."""
    slow_by: float = 1.0
    """How many times as far apart its samples really are."""
    idn: str | None = None
    misses: Sequence[range] = ()
    """Periods without a sample; the next one has the next number, and its own time."""
    own_voltage_v: float | None = None
    """What it measures in place of the board's supply."""


class SimulatedScpi(SimulatedInstrument):
    """Is the instrument and its TCP server; a context manager.

    ``on_power(on, at_s)`` is called when its supply switches. Where the description says that the
    supply is the user's, the board is on as soon as the instrument is served, and stays so.
    """

    def __init__(
        self,
        power: PowerModel,
        clock: Clock,
        described: Instrument,
        *,
        on_power: Callable[[bool, float], None] | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        seed: int = 0,
        current_noise_a: float = 5e-6,
        voltage_noise_v: float = 1e-4,
        pulse_s: float | None = None,
        segment_bytes: int | None = None,
        fault: Fault = Fault.NONE,
        fault_at_s: float = 0.0,
        flaws: Flaws | None = None,
    ) -> None:
        """``pulse_s`` is how long the timestamp pin is low; two periods unless told."""
        super().__init__(clock, host, port, segment_bytes, fault, fault_at_s)
        self.power = power
        self.supply_on = False
        self._said = described
        self._on_power = on_power or (lambda on, at_s: None)
        self._noise = np.random.default_rng(seed)
        self._noise_a, self._noise_v = current_noise_a, voltage_noise_v
        self._pulse_s = 2 * described.period.seconds if pulse_s is None else pulse_s
        self._flaws = flaws or Flaws()
        self._set_v = self._set_a = 0.0
        self._period_s = described.period.seconds
        self._period_word = ""
        self._started_s: float | None = None
        self._stopped_s: float | None = None
        self._taken = 0
        self._overwritten = False
        self._handlers = self._table()

    def start(self) -> Self:
        super().start()
        if self._said.external is not None:
            self._switch(True, self._said.external.voltage_v)
        return self

    # ---- what it understands ---------------------------------------------------------------------

    def _answer(self, line: str) -> bytes:
        self.received.append(line)
        refuses = self._flaws.refuses
        if refuses is not None and line == refuses[0]:
            self._refuse(refuses[1:])
            return b""
        understood, answer = False, b""
        for pattern, handler in self._handlers:
            if match := pattern.fullmatch(line):
                understood = True
                said = handler([float(group) for group in match.groups()])
                if said is not None:
                    answer = said if isinstance(said, bytes) else said.encode("ascii")
        if not understood:
            self._refuse(UNDEFINED_HEADER)
        return answer + b"\n" if answer or (understood and "?" in line) else b""

    def _table(self) -> list[tuple[re.Pattern[str], Handler]]:
        said = self._said
        fetch, record, period = said.fetch, said.record, said.period
        rows: list[tuple[str, Handler]] = [
            ("*IDN?", lambda _: self._flaws.idn or _example(said.idn[0])),
            (said.errors, lambda _: self._next_error()),
            *((one, self._reset if one == "*RST" else _nothing) for one in said.setup),
            *((command, _nothing) for command in (*said.leave, *record.arm)),
            *((command, _nothing) for command in (*record.start[:-1], *record.stop[:-1])),
            (record.start[-1], self._begin),
            (record.stop[-1], self._end),
            (period.set, self._set_period),
            (period.ask, self._say_period),
            (fetch.ask, self._samples),
        ]
        if fetch.count is not None:
            rows.append((fetch.count, lambda _: str(self._made())))
        if fetch.ready is not None:
            bit = fetch.ready.bit
            rows.append((fetch.ready.ask, lambda _: str(int(self._made() > self._taken) << bit)))
        if fetch.lost is not None:
            rows.append((fetch.lost.ask, self._say_lost))
        if said.supply is not None:
            rows += self._supply_rows(said.supply)
        return [(_pattern(command), handler) for command, handler in rows]

    def _supply_rows(self, supply: Supply) -> list[tuple[str, Handler]]:
        return [
            *(
                (command, _nothing)
                for command in (*supply.guard, *supply.switch_on[:-1], *supply.switch_off[:-1])
            ),
            (supply.set_v, self._set_volts),
            (supply.ask_v, lambda _: _nr3(self._set_v)),
            (supply.set_a, self._set_amperes),
            (supply.ask_a, lambda _: _nr3(self._set_a)),
            (supply.switch_on[-1], lambda _: self._switch(True, self._set_v)),
            (supply.switch_off[-1], lambda _: self._switch(False, 0.0)),
            (supply.is_on, lambda _: str(int(self.supply_on))),
        ]

    def _reset(self, _: list[float]) -> None:
        if self._said.supply is not None:
            self._switch(False, 0.0)
        self._set_v = self._set_a = 0.0
        self._started_s = None

    def _set_volts(self, numbers: list[float]) -> None:
        self._set_v = numbers[0]
        if self.supply_on:
            self.power.switch(self._clock.now_s(), self._set_v)

    def _set_amperes(self, numbers: list[float]) -> None:
        self._set_a = numbers[0]

    def _switch(self, on: bool, supply_v: float) -> None:
        if on != self.supply_on:
            self.supply_on = on
            at_s = self._clock.now_s()
            self.power.switch(at_s, supply_v)
            self._on_power(on, at_s)

    def _set_period(self, numbers: list[float]) -> None:
        period = self._said.period
        if numbers:
            asked_s = 1.0 / numbers[0] if "{rate_hz}" in period.set else numbers[0]
            self._period_s = asked_s * self._flaws.period_factor
        else:
            self._period_word = period.set.split()[-1]

    def _say_period(self, _: list[float]) -> str:
        if self._period_word:
            return self._period_word if self._flaws.period_factor == 1.0 else "NONE"
        return _nr3(
            1.0 / self._period_s if "{rate_hz}" in self._said.period.set else self._period_s
        )

    # ---- recording -------------------------------------------------------------------------------

    def _begin(self, _: list[float]) -> None:
        self._started_s, self._stopped_s = self._clock.now_s(), None
        self._taken, self._overwritten = 0, False

    def _end(self, _: list[float]) -> None:
        if self._stopped_s is None:
            self._stopped_s = self._clock.now_s()

    def _made(self) -> int:
        """Return how many samples there are by now, those of a whole chunk only."""
        if self._started_s is None:
            return 0
        made = self._sampled()
        if chunk_s := self._said.fetch.chunk_s:
            chunk = round(chunk_s / self._period_s)
            made -= made % chunk
        return made if self._said.fetch.count is None else min(made, self._holds)

    def _sampled(self) -> int:
        until_s = self._clock.now_s() if self._stopped_s is None else self._stopped_s
        elapsed_s = until_s - (self._started_s or 0.0)
        periods = int(elapsed_s / (self._period_s * self._flaws.slow_by) + 1e-6)
        return periods - sum(k < periods for missed in self._flaws.misses for k in missed)

    @property
    def _holds(self) -> int:
        if self.fault_now is Fault.SMALL_FIFO:
            return max(1, round(SMALL_MEMORY_S / self._period_s))
        return self._said.fetch.holds

    def _say_lost(self, _: list[float]) -> str:
        flag = self._said.fetch.lost
        assert flag is not None
        was, self._overwritten = self._overwritten, False
        return str(int(was) << flag.bit)

    def _samples(self, numbers: list[float]) -> str | bytes:
        """Return the samples asked for: by their numbers, or the oldest that were not taken yet."""
        fetch, made = self._said.fetch, self._made()
        if fetch.count is not None:
            first, until = int(numbers[0]) - 1, min(int(numbers[1]), made)
        else:
            first = min(made, max(self._taken, self._sampled() - self._holds))
            self._overwritten = self._overwritten or first > self._taken
            until = min(made, first + int(numbers[0])) if numbers else made
            self._taken = until
        rows = self._rows(first, max(first, until))
        if fetch.form is Form.ASCII:
            return ",".join(_nr3(value) for value in rows.ravel())
        data = rows.astype(number_kind(fetch)).tobytes()
        length = str(len(data)).encode("ascii")
        return b"#%d%s%s" % (len(length), length, data)

    def _rows(self, first: int, until: int) -> Floats:
        """Make these samples of the recording, in the units and the order of the description."""
        missed = [k for missed in self._flaws.misses for k in missed]
        indices = np.setdiff1d(np.arange(until + len(missed)), missed)[first:until]
        count, period_s = len(indices), self._period_s * self._flaws.slow_by
        began_s = (self._started_s or 0.0) + indices * period_s
        # Each period by itself: those between a missed one's neighbours count for nobody.
        amperes, volts = (
            means[::2] for means in self.power.means(np.ravel([began_s, began_s + period_s], "F"))
        )
        if self._flaws.own_voltage_v is not None:
            volts = np.full(count, self._flaws.own_voltage_v)
        columns = {
            "current": amperes + self._noise.normal(0.0, self._noise_a, count),
            "voltage": volts + self._noise.normal(0.0, self._noise_v, count),
            "time": indices * period_s,
            "event": self._levels(began_s),
            "ignored": np.zeros(count),
        }
        fields = self._said.fetch.fields
        return np.stack([columns[one.kind] / one.si for one in fields], axis=1)

    def _levels(self, began_s: Floats) -> Floats:
        """Return the timestamp pin at the beginning of each sample: a level, or a bit."""
        active = np.zeros(len(began_s), dtype=bool)
        for edge_s in self.power.edges_s:
            active |= (began_s >= edge_s) & (began_s < edge_s + self._pulse_s)
        events = self._said.events
        if events is None:
            return np.zeros(len(began_s))
        high = ~active if events.edge is Edge.FALLING else active
        if events.bit is None:
            level = _HIGH_V if events.threshold is None else 2 * abs(events.threshold) + 1.0
            return np.where(high, level, -level)
        return np.where(high, float(1 << events.bit), 0.0)


def _pattern(command: str) -> re.Pattern[str]:
    return re.compile(_NUMBER.join(map(re.escape, re.split(r"\{[^{}]*\}", command))))


def _nothing(numbers: list[float]) -> None:
    return None


def _example(pattern: str) -> str:
    """Return an answer to `*IDN?` that a pattern allows."""
    fields = [field.strip() for field in pattern.split(",")]
    named = ["SIM0001" if field == "*" else field.replace("*", "") for field in fields]
    return ",".join([*named, *["SIM0001"] * (4 - len(named))])


def _nr3(value: float) -> str:
    return f"{value:.9E}"
