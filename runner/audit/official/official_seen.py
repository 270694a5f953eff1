"""One benchmark's folder, and what the official checker has read and logged of it so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...journal.records import Division
from ...score.rules import Severity
from ..findings import AuditFinding, Rule
from ..tree import Submitter, Tree
from .rules import Checker, Finder
from .text import Hit, scan


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One folder, and what is known of it from above."""

    tree: Tree
    checker: Checker
    submitter: Submitter
    system: str
    description: Mapping[str, object]
    status: str
    """In lower case."""
    name: str
    """As its folder is called."""
    model: object
    """The official name, or whatever a mapping says, None without one."""

    @property
    def path(self) -> str:
        return self.submitter.inside("results", self.system, self.name)

    @property
    def closed(self) -> bool:
        return self.submitter.division is Division.CLOSED

    def inside(self, *parts: str) -> str:
        return "/".join((self.path, *parts))


@dataclass(slots=True)
class Seen:
    """What was read, and what was logged on the way."""

    benchmark: Benchmark
    throughput: float | None = None
    """In inferences a second; None where there is no result for the list."""
    throughput_at: tuple[str, int | None] = ("", None)
    energy: float = 0
    """In its unit; the whole number 0 where there is none."""
    energy_unit: str = "uJ/inf."
    accuracy_valid: bool = False
    accuracy: str | None = None
    more: dict[str, object] = field(default_factory=dict)
    """Of sww: the last three columns."""
    logged: list[AuditFinding] = field(default_factory=list)
    """What fails nothing."""
    decisive: list[AuditFinding] = field(default_factory=list)
    """What fails the benchmark where it has a throughput, and is only logged where not."""

    def log(
        self,
        path: str,
        found: str,
        expected: str = "",
        line: int | None = None,
        decides: bool = False,
    ) -> None:
        rule = Rule.OFFICIAL_CHECKER
        finding = AuditFinding(rule, Severity.WARNING, path, line, found, expected)
        (self.decisive if decides else self.logged).append(finding)

    def find(self, path: str, *finders: Finder) -> tuple[Hit | None, ...]:
        """The last hit of each finder in a file; Unreadable where there is no text."""
        found = scan(self.benchmark.tree, path, finders)
        if found.cut:
            self.log(path, "only its first 4 MB were looked at here, where a figure is not sought")
        return found.hits
