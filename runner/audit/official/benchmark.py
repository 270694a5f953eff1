"""What the official checker makes of one `results/<system>/<benchmark>` folder.

It keeps a list of results by folder and looks at nothing else in the end: a folder that never
enters the list (no performance, no median line, an energy folder without a median) is logged
and does no harm; one that enters it with None or 0 fails the submission.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ...score.rules import Severity
from ..findings import AuditFinding
from ..tree import EntryKind
from . import rules
from .official_seen import Benchmark, Seen
from .official_streaming import read_streaming
from .rules import Finder, Target
from .summary_csv import from_description
from .text import Hit, Unreadable, WouldCrash


@dataclass(frozen=True, slots=True)
class Judged:
    """Its outcome."""

    fails: bool
    """It stands in the list of results, without one."""
    row: Mapping[str, object] | None
    """Its line of summary.csv: column to value."""
    messages: tuple[AuditFinding, ...]


def judge(benchmark: Benchmark) -> Judged:
    """Look at one benchmark; WouldCrash where the original ends in a traceback."""
    checker, name = benchmark.checker, benchmark.name
    if checker.by_runner and name not in checker.models:
        why = f"{name!r} is not in its table of required tests (KeyError)"
        raise WouldCrash(benchmark.path, why)
    seen = Seen(benchmark)
    if checker.by_runner and name == rules.STREAMING:
        read_streaming(seen)
    else:
        _accuracy(seen)
        _performance(seen)
    return _conclude(seen)


def _accuracy(seen: Seen) -> None:
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


def _log_target(seen: Seen, path: str, target: Target, hit: Hit | None) -> None:
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


def _performance(seen: Seen) -> None:
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


def _figure(seen: Seen, path: str, finder: Finder, what: str) -> tuple[float, int] | None:
    """A figure and its line; None where there is none, which the original catches and logs."""
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


def _file_list(seen: Seen, folder: str) -> None:
    benchmark = seen.benchmark
    found = {file.name for file in benchmark.tree.files(folder)}
    eembc = benchmark.inside(rules.RUNNER_MARK) in benchmark.tree.entries
    amiss = benchmark.checker.files_amiss(found, eembc)
    if amiss:
        shown = ", ".join(amiss[:8]) + (" …" if len(amiss) > 8 else "")
        seen.log(folder, f"file list mismatch (logged, fails nothing): {shown}")


def _conclude(seen: Seen) -> Judged:
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
    return Judged(fails, row, (*decisive, *seen.logged))


def _row(seen: Seen) -> dict[str, object]:
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
    """It joins two notes that it has no use for, and stumbles where they are no text."""
    hardware = benchmark.description.get("hw_notes", "")
    software = benchmark.description.get("sw_notes")
    if software and not (isinstance(software, str) and (not hardware or isinstance(hardware, str))):
        raise WouldCrash(benchmark.path, "hw_notes and sw_notes are no text (TypeError)")
