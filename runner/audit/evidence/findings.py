"""The findings of an audit: each rule, the verdict it speaks against, and how a finding reads.

Four verdicts are kept apart. *Official*: what the official checker would say. *Sound*: structure,
numbers and consistency hold against the label list that the session used. *Official data*: that
list is a known official one, whole, and what ran on it is no simulation. *Submittable*: all of it,
and the round's own rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ...score.json_form import JsonForm
from ...score.rules import FindingKind, SessionFinding, Severity

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
    DIVISION = ("division", "the top folder is `open` or `closed`")
    SUBMITTER_FOLDERS = (
        "submitter folders",
        "a submitter's folder holds systems, code and results (the round's directory structure)",
    )
    SYSTEM_JSON = (
        "system description",
        "systems/<system>.json is a JSON object for each folder under results, and no other",
    )
    SYSTEM_KEYS = ("system description keys", "every key of the official template is there, once")
    SYSTEM_STATUS = ("status", "Status is available, preview or rdi")
    DIVISION_FIELD = (
        "division field",
        "Division in the system description is the division's folder, whatever the case",
    )
    BENCHMARK = ("benchmark", "benchmarks are named as the round names them")
    MODE_FOLDER = (
        "mode folder",
        "a benchmark's folder holds performance and accuracy, and may hold energy",
    )
    REQUIRED_FILE = ("required file", "each mode folder holds the round's files")
    CHECKLIST = ("checklist", "systems holds the round's submission checklist")
    HOOKUP = ("energy hook-up", "systems shows the hook-up where there is energy")
    CODE = (
        "code",
        "code/<benchmark>/<implementation> holds what rebuilds the firmware, with a README",
    )
    DEBRIS = ("debris", "no files that a system or an editor left behind")
    EMPTY_FOLDER = ("empty folder", "no empty folders (git drops them)")
    SYMLINK = ("symbolic link", "no symbolic links")
    FILE_SIZE = ("file size", "no file over 500 MB")
    FILE_NAME = ("file name", "names that git and every system can hold")
    NESTING = ("nesting", "a tree that can be looked through")
    UNEXPECTED = ("unexpected", "nothing that the directory structure does not name")
    HASH = ("recorded hash", "files are as SHA256SUMS recorded them at the build")
    # Numbers
    LOG = ("log", "the log can be read and scored")
    TRACE = ("energy trace", "the energy trace can be read, and fits its log")
    RESULT_LINE = (
        "result line",
        "each line of the results follows from log, trace and results.json",
    )
    RESULTS_ALIKE = ("two results files", "result.txt and results.txt are identical")
    INPUT_ORDER = (
        "input order",
        "accuracy runs each input of the list once, in order; performance the first five",
    )
    SESSION = ("session", "a session satisfies the rules of its mode")
    # Consistency
    MODEL = ("model id", "the device names the benchmark's model")
    FIRMWARE = ("firmware", "performance and accuracy ran the same firmware (name and profile)")
    THROUGHPUTS = ("throughputs", "performance and energy measure the same throughput")
    SCRIPT = ("script", "script.async is what the log shows being run")
    SESSION_ID = ("session id", "every session has an id of its own")
    SESSION_JSON = ("session.json", "session.json agrees with the files beside it")
    TIMER = ("timer", "the device's timer agrees with the log's own time")
    PRIVACY = ("privacy", "no user names and home folders in published files")
    # Official data
    OFFICIAL_LIST = (
        "official data",
        "the inputs are a whole official label list, accepted in the round",
        Level.OFFICIAL_DATA,
    )
    DEVICE = (
        "device",
        "figures are measured on a device; those of a simulated one are modelled",
        Level.OFFICIAL_DATA,
    )
    # The official checker, and the round's rules
    OFFICIAL_CHECKER = ("official checker", "the official checker finds no error", Level.OFFICIAL)
    ROUND_RULE = ("round rule", "the round's rules for a submission", Level.SUBMITTABLE)
    ANSWERS = ("checklist answers", "each question of the checklist is answered", Level.SUBMITTABLE)
    SOURCES = ("sources", "each folder of code holds sources", Level.SUBMITTABLE)
    PROCESSOR = ("processor", "a system description names its processor", Level.SUBMITTABLE)

    def __init__(self, title: str, demand: str, level: Level = Level.SOUND) -> None:
        self.title = title
        self.level = level
        self.demand = demand

    @property
    def id(self) -> str:
        """Return the rule's name for good: ``result-line``."""
        return self.name.lower().replace("_", "-")


_RULE_OF_KIND: dict[FindingKind, Rule] = {
    FindingKind.SYNTHETIC_DATA: Rule.OFFICIAL_LIST,
    FindingKind.SIMULATED_DEVICE: Rule.DEVICE,
    FindingKind.LIST_NOT_OFFICIAL: Rule.OFFICIAL_LIST,
    FindingKind.LIST_NOT_ACCEPTED: Rule.OFFICIAL_LIST,
    FindingKind.TARGET_MISSED: Rule.ROUND_RULE,
    FindingKind.SOFT_MARKERS: Rule.ROUND_RULE,
    FindingKind.NO_BOARD: Rule.ROUND_RULE,
    FindingKind.WIRE_EXTENSION: Rule.ROUND_RULE,
    FindingKind.FOR_DEVELOPMENT: Rule.ROUND_RULE,
    FindingKind.CUSTOM_TASK: Rule.ROUND_RULE,
    FindingKind.NOT_IN_ROUND: Rule.ROUND_RULE,
    FindingKind.MODEL_ID: Rule.MODEL,
    FindingKind.TIMER_DEVIATES: Rule.TIMER,
    FindingKind.INPUT_MISSING: Rule.INPUT_ORDER,
    FindingKind.INPUT_REPEATED: Rule.INPUT_ORDER,
    FindingKind.INPUT_UNKNOWN: Rule.INPUT_ORDER,
    FindingKind.EDGES: Rule.TRACE,
    FindingKind.SAMPLES_LOST: Rule.TRACE,
    FindingKind.SCORES_UNREADABLE: Rule.LOG,
    FindingKind.SCORES_GARBLED: Rule.LOG,
}
"""The rule of the audit that a session's finding falls under; any other: SESSION."""


@dataclass(frozen=True, slots=True)
class AuditFinding(JsonForm):
    """Is one thing found in a tree."""

    JSON = (
        "id=rule.id rule=rule.title verdict=rule.level severity file=path line found expected "
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
    def of_session(
        cls, finding: SessionFinding, path: str, line: int | None = None
    ) -> AuditFinding:
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


def not_judged(rule: Rule, path: str, found: str, expected: str = "") -> AuditFinding:
    """Say what this audit lacks to judge by; no verdict holds that would need it."""
    return AuditFinding(rule, Severity.NOT_JUDGED, path, None, found, expected)
