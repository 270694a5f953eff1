"""Tells what a gate found as CI reads it: a Markdown table for a summary, and JUnit's suites."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..junit import CaseStatus, JunitCase, JunitSuite
from ..tables import marked
from .gate import GatedFigure, GateVerdict


def gate_markdown(found: Sequence[GatedFigure]) -> str:
    """Return a table with a line a figure, as `$GITHUB_STEP_SUMMARY` and pull requests show it."""
    lines = ["| verdict | what | figure | found |", "|---|---|---|---|"]
    for each in found:
        verdict = each.verdict.value
        strong = verdict if each.verdict is GateVerdict.PASSED else f"**{verdict}**"
        cells = (marked(each.series.name), each.figure.title, marked(each.text))
        lines.append(f"| {strong} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def suites_of_gate(found: Iterable[GatedFigure], *, require_baseline: bool) -> Iterator[JunitSuite]:
    """Yield a suite a figure, with what was compared as properties and one case.

    A regression is a failure, a session without a figure an error; too short a baseline is skipped,
    or a failure where one is required.
    """
    statuses = {
        GateVerdict.PASSED: CaseStatus.PASSED,
        GateVerdict.REGRESSED: CaseStatus.FAILED,
        GateVerdict.NOT_ENOUGH: CaseStatus.FAILED if require_baseline else CaseStatus.SKIPPED,
        GateVerdict.UNJUDGED: CaseStatus.ERROR,
    }
    for each in found:
        status = statuses[each.verdict]
        passed = status is CaseStatus.PASSED
        case = JunitCase(
            name=each.figure.title,
            group=f"tinyrunner.history.{each.series.task}.{each.series.mode}",
            status=status,
            kind="" if passed else each.verdict.value,
            message="" if passed else each.text,
            text=each.text,
        )
        plain = {name: value for name, value in each.to_json().items() if name != "text"}
        yield JunitSuite(each.series.name, [case], plain)
