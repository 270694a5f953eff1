"""Judges one `results/<system>/<benchmark>` folder as the official checker does.

It keeps a list of results by folder and looks at nothing else in the end: a folder that never
enters the list (no performance, no median line, an energy folder without a median) is logged
and does no harm; one that enters it with None or 0 fails the submission.

All figures of sww, the streaming wake word (rounds v1.3 and v1.4), stand in one file: results.txt
of the energy folder, or of the performance folder where there is no energy::

      Power         : 25.6220 mW.
    Accuracy: 44 True positives, 6 False negatives, 4 False positives
    Average duty cycle: 0.56085
    Estimated throughput: 55.742 inf./sec.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ...score.rules import Severity
from ...terms import Division
from ..evidence.findings import AuditFinding, Rule
from ..evidence.tree import EntryKind, Submitter, Tree
from . import rules
from .rules import Checker, Finder, Target
from .summary_csv import from_description
from .text import Hit, Unreadable, WouldCrash, scan


@dataclass(frozen=True, slots=True)
class BenchmarkOutcome:
    """Is the outcome of one benchmark."""

    fails: bool
    """Whether it stands in the list of results, without one."""
    row: Mapping[str, object] | None
    """The line of summary.csv: column to value."""
    messages: tuple[AuditFinding, ...]


def judge(benchmark: Benchmark) -> BenchmarkOutcome:
    """Look at one benchmark; WouldCrash where the original ends in a traceback."""
    checker, name = benchmark.checker, benchmark.name
    if checker.by_runner and name not in checker.models:
        why = f"{name!r} is not in its table of required tests (KeyError)"
        raise WouldCrash(benchmark.path, why)
    seen = BenchmarkReading(benchmark)
    if checker.by_runner and name == rules.STREAMING:
        read_streaming(seen)
    else:
        _accuracy(seen)
        _performance(seen)
    return _conclude(seen)


def _accuracy(seen: BenchmarkReading) -> None:
    benchmark = seen.benchmark
    folder = benchmark.inside("accuracy")
    path = f"{folder}/{rules.RESULTS_NAME}"
    if path not in benchmark.tree.entries:
        seen.log(folder, f"no {rules.RESULTS_NAME}", decides=True)
        return
    _file_list(seen, folder)
    target = benchmark.checker.target(benchmark.model)
    if target is None:
        raise WouldCrash(path, f"benchmark {benchmark.name!r} has no accuracy target (ValueError)")
    try:
        (hit,) = seen.find(path, target.finder)
    except Unreadable as error:
        raise WouldCrash(path, str(error)) from error
    seen.accuracy = None if hit is None else hit.groups[0]
    met = hit is not None and _number(path, hit) >= target.at_least
    seen.accuracy_valid = met or not benchmark.closed
    if not seen.accuracy_valid:
        _log_target(seen, path, target, hit)


def _log_target(seen: BenchmarkReading, path: str, target: Target, hit: Hit | None) -> None:
    found = f"no {target.metric} line that it reads"
    if hit is not None:
        found = f"{target.metric} {hit.groups[0][:40]}"
    line = None if hit is None else hit.line
    seen.log(path, found, f"at least {target.at_least:g}", line, decides=True)


def _number(path: str, hit: Hit) -> float:
    try:
        return float(hit.groups[0])
    except ValueError as error:
        why = f"line {hit.line}: {hit.groups[0][:40]!r} is no number (ValueError)"
        raise WouldCrash(path, why) from error


def _performance(seen: BenchmarkReading) -> None:
    entries = seen.benchmark.tree.entries
    folder, energy = seen.benchmark.inside("performance"), seen.benchmark.inside("energy")
    if folder not in entries or entries[folder].kind is not EntryKind.FOLDER:
        seen.log(folder, "missing; it passes all the same, without a result", "a folder")
        return
    _file_list(seen, folder)
    path = f"{folder}/{rules.RESULTS_NAME}"
    throughput = _figure(seen, path, rules.THROUGHPUT, "median throughput")
    if energy in entries:
        energy_path = f"{energy}/{rules.RESULTS_NAME}"
        median = _figure(seen, energy_path, rules.ENERGY, "median energy")
        if median is None:
            return
        seen.energy = median[0]
    if throughput is not None:
        seen.throughput, line = throughput
        seen.throughput_at = (path, line)


def _figure(
    seen: BenchmarkReading, path: str, finder: Finder, what: str
) -> tuple[float, int] | None:
    """Return a figure and its line; None where there is none, which is caught and logged."""
    line = None
    try:
        (hit,) = seen.find(path, finder)
        if hit is None:
            raise Unreadable(f"no {what} line that it reads")
        line = hit.line
        return float(hit.groups[0]), line
    except Unreadable as error:
        found = str(error)
    except ValueError:
        found = "no number"
    seen.log(path, f"{found}; it passes all the same, without a result", f"a {what}", line)
    return None


def _file_list(seen: BenchmarkReading, folder: str) -> None:
    benchmark = seen.benchmark
    found = {file.name for file in benchmark.tree.files(folder)}
    eembc = benchmark.inside(rules.RUNNER_MARK) in benchmark.tree.entries
    amiss = benchmark.checker.files_amiss(found, eembc)
    if amiss:
        shown = ", ".join(amiss[:8]) + (" …" if len(amiss) > 8 else "")
        seen.log(folder, f"file list mismatch (logged, fails nothing): {shown}")


def _conclude(seen: BenchmarkReading) -> BenchmarkOutcome:
    fails, row = False, None
    if seen.throughput is not None:
        # With energy, a result of 0 is listed as a text, which does count.
        if seen.accuracy_valid:
            fails = seen.throughput == 0 and seen.energy == 0
            if fails:
                path, line = seen.throughput_at
                seen.log(path, "a result of 0 counts as none", line=line, decides=True)
            else:
                row = _row(seen)
        else:
            fails = True
    decisive = seen.decisive
    if fails:
        decisive = [replace(one, severity=Severity.VIOLATION) for one in decisive]
    return BenchmarkOutcome(fails, row, (*decisive, *seen.logged))


def _row(seen: BenchmarkReading) -> dict[str, object]:
    benchmark = seen.benchmark
    _notes(benchmark)
    row: dict[str, object] = {
        "Organization": benchmark.submitter.name,
        "Availability": benchmark.status,
        "Division": benchmark.submitter.division.value,
        "SystemDesc": benchmark.system,
        "Model": benchmark.name,
        "MlperfModel": benchmark.model,
        "Result": seen.throughput,
        "ResultUnit": "inf./sec.",
        "Accuracy": seen.accuracy,
        "HasPower": seen.energy > 0,
        "Power": seen.energy,
        "PowerUnit": seen.energy_unit,
        **from_description(benchmark.description),
        **seen.more,
    }
    try:
        "".join(map(str, row.values())).encode()
    except (UnicodeEncodeError, RecursionError) as error:
        why = "the system description holds what summary.csv cannot"
        raise WouldCrash(benchmark.path, f"{why} ({type(error).__name__})") from error
    return row


def _notes(benchmark: Benchmark) -> None:
    """Join two notes that have no use, and stumble where they are no text, as the original."""
    hardware = benchmark.description.get("hw_notes", "")
    software = benchmark.description.get("sw_notes")
    if software and not (isinstance(software, str) and (not hardware or isinstance(hardware, str))):
        raise WouldCrash(benchmark.path, "hw_notes and sw_notes are no text (TypeError)")


@dataclass(frozen=True, slots=True)
class Benchmark:
    """Is one folder, and what is known of it from above."""

    tree: Tree
    checker: Checker
    submitter: Submitter
    system: str
    description: Mapping[str, object]
    status: str
    """The system's status, in lower case."""
    name: str
    """The name of its folder."""
    model: object
    """The official name, or whatever a mapping says; None without one."""

    @property
    def path(self) -> str:
        return self.submitter.inside("results", self.system, self.name)

    @property
    def closed(self) -> bool:
        return self.submitter.division is Division.CLOSED

    def inside(self, *parts: str) -> str:
        return "/".join((self.path, *parts))


@dataclass(slots=True)
class BenchmarkReading:
    """Keeps what was read, and what was logged on the way."""

    benchmark: Benchmark
    throughput: float | None = None
    """Inferences a second; None where there is no result for the list."""
    throughput_at: tuple[str, int | None] = ("", None)
    energy: float = 0
    """The energy in its unit; the whole number 0 where there is none."""
    energy_unit: str = "uJ/inf."
    accuracy_valid: bool = False
    accuracy: str | None = None
    more: dict[str, object] = field(default_factory=dict)
    """The last three columns, of sww."""
    logged: list[AuditFinding] = field(default_factory=list)
    """Messages that fail nothing."""
    decisive: list[AuditFinding] = field(default_factory=list)
    """Messages that fail the benchmark where it has a throughput, and are only logged where not."""

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
        """Return the last hit of each finder in a file; Unreadable where there is no text."""
        found = scan(self.benchmark.tree, path, finders)
        if found.cut:
            self.log(path, "only its first 4 MB were looked at here, where a figure is not sought")
        return found.hits


def read_streaming(seen: BenchmarkReading) -> None:
    """Fill in what the file says."""
    with_energy = seen.benchmark.inside("energy") in seen.benchmark.tree.entries
    folder = seen.benchmark.inside("energy" if with_energy else "performance")
    path = f"{folder}/{rules.RESULTS_NAME}"
    try:
        throughput, power, accuracy, duty = seen.find(
            path,
            rules.STREAMING_THROUGHPUT,
            rules.STREAMING_POWER,
            rules.STREAMING_ACCURACY,
            rules.STREAMING_DUTY,
        )
        figure, line = _streaming_number(throughput, "estimated throughput")
        if with_energy:
            seen.energy, _ = _streaming_number(power, "power")
    except Unreadable as error:
        seen.log(path, f"{error}; it passes all the same, without a result")
        return
    seen.throughput, seen.throughput_at = figure, (path, line)
    seen.energy_unit = "mW"
    seen.more["DutyCycle"] = None if duty is None else duty.groups[0]
    _streaming_accuracy(seen, path, accuracy)


def _streaming_number(hit: Hit | None, what: str) -> tuple[float, int]:
    if hit is None:
        raise Unreadable(f"no line of the {what} that it reads")
    try:
        return float(hit.groups[0]), hit.line
    except ValueError as error:
        raise Unreadable(f"line {hit.line}: {hit.groups[0][:40]!r} is no number") from error


def _streaming_accuracy(seen: BenchmarkReading, path: str, hit: Hit | None) -> None:
    if hit is None:
        seen.log(path, "no line of true and false positives that it reads", decides=True)
        return
    true_positives, false_negatives, false_positives = (float(text) for text in hit.groups)
    seen.more.update(FalsePositives=hit.groups[2], FalseNegatives=hit.groups[1])
    words = true_positives + false_negatives
    most = rules.STREAMING_MAX_FALSE
    if words != rules.STREAMING_WAKE_WORDS:
        found = f"true positives and false negatives make {words:g}"
        seen.log(path, found, str(rules.STREAMING_WAKE_WORDS), hit.line, decides=True)
    elif seen.benchmark.closed and max(false_positives, false_negatives) > most:
        found = f"{false_positives:g} false positives, {false_negatives:g} false negatives"
        seen.log(path, found, f"at most {most} of each", hit.line, decides=True)
    else:
        seen.accuracy_valid = True
