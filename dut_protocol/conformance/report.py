"""The report of a conformance check: one item a rule, and what was measured on the way."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from ..host.dut import Identity
from ..wire.boot_banner import TimestampMode


class Verdict(Enum):
    """Says how an item went."""

    PASS = "pass"
    WARN = "warn"
    """Tolerated, but at a cost, which the advice names."""
    FAIL = "fail"
    SKIPPED = "skipped"
    """Not asked for, or nothing to try it with: ``found`` says why."""
    NOT_RUN = "not run"
    """Not tried, because the device was gone by then."""


@dataclass(frozen=True, slots=True)
class CheckFinding:
    """Says what one item's check found; ``advice`` None stands for the item's usual one."""

    verdict: Verdict
    found: str
    advice: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """Is one line of the report. ``advice`` is empty where nothing is to be done."""

    key: str
    title: str
    verdict: Verdict
    found: str
    expected: str
    advice: str
    seconds: float
    """How long it took, by the clock of the bench."""

    @property
    def help_lines(self) -> tuple[str, ...]:
        """Return what was expected and what to do, where something is to be done."""
        if self.verdict not in (Verdict.WARN, Verdict.FAIL):
            return ()
        advice = (f"→ {self.advice}",) if self.advice else ()
        return (f"expected: {self.expected}", *advice)


@dataclass(frozen=True, slots=True)
class MeasuredFacts:
    """Holds numbers that later runs can use; None: not measured."""

    mode: TimestampMode | None
    data_bytes_per_db: int | None
    """The largest number of data bytes of a ``db`` that was taken."""
    pipeline_chars: int | None
    """Characters of the largest burst that was taken whole; 0: input is not buffered."""
    io_command_chars: int | None
    """Characters of a command that the IO manager keeps, at the least; None without one."""
    reads_back: bool | None
    """Whether ``db print`` gives back what was loaded."""
    load_efficiency: float | None
    """Speed of handshaken loads, as a fraction of what the wire allows with the same blocks."""
    timer_ppm: float | None
    """How much faster the device's clock runs than the host's, in parts per million."""
    timer_step_us: int | None
    """The step in which the device's timer counts, at the most."""
    inference_time_s: float | None


@dataclass(frozen=True, slots=True)
class ConformanceReport:
    """Holds everything that a check found out about one device."""

    address: str
    baud_rate: int
    identity: Identity
    items: tuple[Item, ...]
    facts: MeasuredFacts

    @property
    def passed(self) -> bool:
        """Tell whether nothing failed, and nothing was left out for a device that was gone."""
        bad = (Verdict.FAIL, Verdict.NOT_RUN)
        return all(item.verdict not in bad for item in self.items)

    def count(self, verdict: Verdict) -> int:
        return sum(item.verdict is verdict for item in self.items)

    def verdict_of(self, key: str) -> Verdict:
        """Return an item's verdict; KeyError where there is no such item."""
        for item in self.items:
            if item.key == key:
                return item.verdict
        raise KeyError(key)

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain values, for ``--json``."""
        identity = self.identity
        facts = asdict(self.facts)
        facts["mode"] = None if self.facts.mode is None else self.facts.mode.value
        return {
            "passed": self.passed,
            "address": self.address,
            "baud_rate": self.baud_rate,
            "identity": {
                "vendor": identity.vendor,
                "profile": identity.profile,
                "model_id": identity.model_id,
            },
            "facts": facts,
            "items": [asdict(item) | {"verdict": item.verdict.value} for item in self.items],
        }
