"""The findings of an audit: each rule, the verdict it speaks against, and how a finding reads.

Four verdicts are kept apart. *Official*: what the official checker would say. *Sound*: structure,
numbers and consistency hold against the label list that the session used. *Official data*: that
list is a known official one, whole. *Submittable*: all of it, and the round's own rules.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from ..score.json_form import JsonForm
from ..score.rules import Finding, FindingKind, Severity

__all__ = ["AuditFinding", "Level", "Rule", "Severity"]


class Level(Enum):
    """Names a verdict, and so what a finding speaks against."""

    OFFICIAL = "official"
    SOUND = "sound"
    OFFICIAL_DATA = "official data"
    SUBMITTABLE = "submittable"


class Rule(Enum):
    """Lists everything that an audit looks at: short name, verdict, and what is demanded."""

    # Structure
    DIVISION = ("division", Level.SOUND, "the top folder is `open` or `closed`")
    SUBMITTER_FOLDERS = (
        "submitter folders",
        Level.SOUND,
        "a submitter's folder holds systems, code and results (the round's directory structure)",
    )
    SYSTEM_JSON = (
        "system description",
        Level.SOUND,
        "systems/<system>.json is a JSON object for each folder under results, and no other",
    )
    SYSTEM_KEYS = (
        "system description keys",
        Level.SOUND,
        "every key of the official template is there, once",
    )
    SYSTEM_STATUS = ("status", Level.SOUND, "Status is available, preview or rdi")
    DIVISION_FIELD = (
        "division field",
        Level.SOUND,
        "Division in the system description is the division's folder, whatever the case",
    )
    BENCHMARK = ("benchmark", Level.SOUND, "benchmarks are named as the round names them")
    MODE_FOLDER = (
        "mode folder",
        Level.SOUND,
        "a benchmark's folder holds performance and accuracy, and may hold energy",
    )
    REQUIRED_FILE = ("required file", Level.SOUND, "each mode folder holds the round's files")
    CHECKLIST = ("checklist", Level.SOUND, "systems holds the round's submission checklist")
    HOOKUP = ("energy hook-up", Level.SOUND, "systems shows the hook-up where there is energy")
    CODE = (
        "code",
        Level.SOUND,
        "code/<benchmark>/<implementation> holds what rebuilds the firmware, with a README",
    )
    DEBRIS = ("debris", Level.SOUND, "no files that a system or an editor left behind")
    EMPTY_FOLDER = ("empty folder", Level.SOUND, "no empty folders (git drops them)")
    SYMLINK = ("symbolic link", Level.SOUND, "no symbolic links")
    FILE_SIZE = ("file size", Level.SOUND, "no file over 500 MB")
    FILE_NAME = ("file name", Level.SOUND, "names that git and every system can hold")
    NESTING = ("nesting", Level.SOUND, "a tree that can be looked through")
    UNEXPECTED = ("unexpected", Level.SOUND, "nothing that the directory structure does not name")
    HASH = ("recorded hash", Level.SOUND, "files are as SHA256SUMS recorded them at the build")
    # Numbers
    LOG = ("log", Level.SOUND, "the log can be read and scored")
    TRACE = ("energy trace", Level.SOUND, "the energy trace can be read, and fits its log")
    RESULT_LINE = (
        "result line",
        Level.SOUND,
        "each line of the results follows from log, trace and results.json",
    )
    RESULTS_ALIKE = ("two results files", Level.SOUND, "result.txt and results.txt are identical")
    INPUT_ORDER = (
        "input order",
        Level.SOUND,
        "accuracy runs each input of the list once, in order; performance the first five",
    )
    SESSION = ("session", Level.SOUND, "a session satisfies the rules of its mode")
    # Consistency
    MODEL = ("model id", Level.SOUND, "the device names the benchmark's model")
    FIRMWARE = (
        "firmware",
        Level.SOUND,
        "performance and accuracy ran the same firmware (name and profile)",
    )
    THROUGHPUTS = (
        "throughputs",
        Level.SOUND,
        "performance and energy measure the same throughput",
    )
    SCRIPT = ("script", Level.SOUND, "script.async is what the log shows being run")
    SESSION_ID = ("session id", Level.SOUND, "every session has an id of its own")
    SESSION_JSON = ("session.json", Level.SOUND, "session.json agrees with the files beside it")
    TIMER = ("timer", Level.SOUND, "the device's timer agrees with the log's own time")
    PRIVACY = ("privacy", Level.SOUND, "no user names and home folders in published files")
    # Official data
    OFFICIAL_LIST = (
        "official data",
        Level.OFFICIAL_DATA,
        "the inputs are a whole official label list, accepted in the round",
    )
    # The official checker, and the round's rules
    OFFICIAL_CHECKER = ("official checker", Level.OFFICIAL, "the official checker finds no error")
    ROUND_RULE = ("round rule", Level.SUBMITTABLE, "the round's rules for a submission")

    def __init__(self, title: str, level: Level, demand: str) -> None:
        self.title = title
        self.level = level
        self.demand = demand


_RULE_OF_KIND: dict[FindingKind, Rule] = {
    FindingKind.SYNTHETIC_DATA: Rule.OFFICIAL_LIST,
    FindingKind.LIST_NOT_OFFICIAL: Rule.OFFICIAL_LIST,
    FindingKind.LIST_NOT_ACCEPTED: Rule.OFFICIAL_LIST,
    FindingKind.TARGET_MISSED: Rule.ROUND_RULE,
    FindingKind.SOFT_MARKERS: Rule.ROUND_RULE,
    FindingKind.WIRE_EXTENSION: Rule.ROUND_RULE,
    FindingKind.CUSTOM_TASK: Rule.ROUND_RULE,
    FindingKind.MODEL_ID: Rule.MODEL,
    FindingKind.TIMER_DEVIATES: Rule.TIMER,
    FindingKind.INPUT_MISSING: Rule.INPUT_ORDER,
    FindingKind.INPUT_REPEATED: Rule.INPUT_ORDER,
    FindingKind.INPUT_UNKNOWN: Rule.INPUT_ORDER,
    FindingKind.EDGES: Rule.TRACE,
    FindingKind.SAMPLES_LOST: Rule.TRACE,
}
"""The rule of the audit that a session's finding falls under; any other: SESSION."""


@dataclass(frozen=True, slots=True)
class AuditFinding(JsonForm):
    """Is one thing found in a tree."""

    JSON = (
        "rule=rule.title verdict=rule.level severity file=path line found expected "
        "demand=rule.demand"
    )

    rule: Rule
    severity: Severity
    path: str
    """The place, relative to what was audited, with forward slashes; "" for the whole."""
    line: int | None
    """The line of the file, from 1, where there is one to point at."""
    found: str
    expected: str = ""
    """What would have been right; may be empty where ``found`` says it all."""

    @classmethod
    def of_session(cls, finding: Finding, path: str, line: int | None = None) -> AuditFinding:
        """Make a finding of the audit from a session's own."""
        rule = _RULE_OF_KIND.get(finding.kind, Rule.SESSION)
        text = f"{finding.kind.value}: {finding.text}"
        return cls(rule, finding.severity, path, line, text)

    @property
    def place(self) -> str:
        """Return `closed/acme/results/…/log.txt:17`."""
        return self.path if self.line is None else f"{self.path}:{self.line}"


def violation(
    rule: Rule, path: str, found: str, expected: str = "", line: int | None = None
) -> AuditFinding:
    return AuditFinding(rule, Severity.VIOLATION, path, line, found, expected)


def warning(
    rule: Rule, path: str, found: str, expected: str = "", line: int | None = None
) -> AuditFinding:
    return AuditFinding(rule, Severity.WARNING, path, line, found, expected)


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """Is one finding in one or many places."""

    finding: AuditFinding
    places: tuple[str, ...]


def group_findings(findings: Iterable[AuditFinding]) -> tuple[FindingGroup, ...]:
    """Group findings that differ in nothing but their place; violations first."""
    groups: dict[tuple[object, ...], list[AuditFinding]] = {}
    for finding in findings:
        key = (finding.rule, finding.severity, finding.found, finding.expected)
        groups.setdefault(key, []).append(finding)
    made = [
        FindingGroup(g[0], tuple(dict.fromkeys(one.place for one in g))) for g in groups.values()
    ]
    return tuple(sorted(made, key=lambda group: group.finding.severity is not Severity.VIOLATION))
