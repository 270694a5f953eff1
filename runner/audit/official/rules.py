"""The rules of MLCommons' `submission_checker.py` as data, one set for each of its two versions.

`d3f7e57` checks v1.1 and v1.2, `1afd2c9` checks v1.3 and v1.4 (mlcommons/tiny,
`tools/submission/submission_checker.py`). The regular expressions are its own, byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from ...config.rounds import Round, RoundsError

Finder = Callable[[str], "re.Match[str] | None"]
"""A look at one line: from its start on (`match`), or anywhere in it (`search`)."""

RESULTS_NAME = "results.txt"
"""The one name of a results file that the checker opens."""
RUNNER_MARK = "EEMBC_RUNNER"
"""An empty file of this name marks a v1.3 benchmark as measured with EEMBC's runner."""
MAX_FILE_BYTES = 500 * 1024 * 1024
STREAMING = "sww"

TOP_1: Finder = re.compile(r".* Top[- ]1%?\s?[:=] ([\d\.]+).*").match
AUC: Finder = re.compile(r".* AUC\s?[:=] ([\d\.]+).*").match
THROUGHPUT: Finder = re.compile(r".* Median throughput is\s+([\d\.]+) inf\./sec\..*").match
ENERGY: Finder = re.compile(r"Median energy cost is ([\d\.]+) uJ/inf").search
STREAMING_POWER: Finder = re.compile(r"Power\s+: ([\d\.]+) mW.*").search
STREAMING_THROUGHPUT: Finder = re.compile(r"Estimated throughput:\s*([\d\.]+) inf\./sec\.").search
STREAMING_ACCURACY: Finder = re.compile(
    r"Accuracy: (\d+) True positives, (\d+) False negatives, (\d+) False positives"
).search
STREAMING_DUTY: Finder = re.compile(r"Average duty cycle: ([\d\.]+)").search

STREAMING_WAKE_WORDS = 50
"""True positives and false negatives of the sww test add up to this."""
STREAMING_MAX_FALSE = 8
"""The most of either kind of false answers, in the closed division."""


@dataclass(frozen=True, slots=True)
class Target:
    """Says what the closed division asks for in accuracy/results.txt."""

    metric: str
    finder: Finder
    at_least: float


_TARGETS = {
    "ad": Target("AUC", AUC, 0.85),
    "ic": Target("Top-1", TOP_1, 85),
    "ic2": Target("Top-1", TOP_1, 91),
    "kws": Target("Top-1", TOP_1, 90),
    "vww": Target("Top-1", TOP_1, 80),
}

_EEMBC_FILES = frozenset({"log.txt", RESULTS_NAME, "script.async"})
_MLCOMMONS_FILES = frozenset({"log.txt", RESULTS_NAME, "results.json"})
_MAY_BE_THERE_OR_NOT = frozenset({"mlperf_log_trace.json", "results.json", ".gitkeep"})

_COLUMNS = (
    "Organization",
    "Availability",
    "Division",
    "BoardName",
    "SystemDesc",
    "Model",
    "MlperfModel",
    "Result",
    "ResultUnit",
    "Accuracy",
    "HasPower",
    "Power",
    "PowerUnit",
    "HostProcessorModelName",
    "HostProcessorFrequency",
    "HostProcessorMemory",
    "AcceleratorModelName",
    "AcceleratorFrequency",
    "AcceleratorMemory",
    "HardwareNotes",
    "InferenceFramework",
    "SoftwareLibraries",
    "SoftwareNotes",
)
_STREAMING_COLUMNS = ("FalsePositives", "FalseNegatives", "DutyCycle")


@dataclass(frozen=True, slots=True)
class Checker:
    """Is one version of the checker, as it is run for one round."""

    commit: str
    models: frozenset[str]
    by_runner: bool
    """Whether it expects the files of either runner, and has a table of tests by official name
    (where a name of one's own is looked up, and not found: it crashes)."""
    columns: tuple[str, ...]
    escapes: bool
    """Whether its summary.csv is written by pandas; otherwise quotes are put around whatever comes.
    """

    def target(self, model: object) -> Target | None:
        """Return a benchmark's target; None without one, or for what is not hashable."""
        return _TARGETS.get(model) if isinstance(model, str) and model in self.models else None

    def files_amiss(self, found: set[str], eembc_runner: bool) -> list[str]:
        """Return what it would list as missing or added in a mode's folder."""
        eembc = eembc_runner or not self.by_runner
        wanted = _EEMBC_FILES if eembc else _MLCOMMONS_FILES
        return sorted((found ^ wanted) - _MAY_BE_THERE_OR_NOT)


_CLASSIC = frozenset({"ad", "ic", "kws", "vww"})
_VERSIONS = {
    one.commit: one
    for one in (
        Checker("d3f7e57", _CLASSIC, False, _COLUMNS, escapes=False),
        Checker("1afd2c9", _CLASSIC, True, _COLUMNS + _STREAMING_COLUMNS, escapes=True),
    )
}


def checker_version(commit: str) -> Checker:
    """Return a version with the benchmarks of every round; RoundsError where it is unknown."""
    if commit not in _VERSIONS:
        known = ", ".join(_VERSIONS)
        raise RoundsError(f"checker {commit!r}: its rules are not known here; known: {known}")
    return _VERSIONS[commit]


def checker_of(round_: Round) -> Checker:
    """Return the version that a round is checked with, with the round's benchmarks."""
    version = checker_version(round_.checker)
    if not version.by_runner:
        return version
    return replace(version, models=_CLASSIC | frozenset(round_.other_benchmarks))
