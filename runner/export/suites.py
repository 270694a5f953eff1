"""Turns what was run or judged into JUnit's suites: sessions, a check, an audit, a comparison."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ...dut_protocol.conformance.report import ConformanceReport, Item, Verdict
from ..report.page import SessionStatus
from .junit import CaseStatus, JunitCase, JunitSuite
from .rows import SessionRow

if TYPE_CHECKING:  # a check needs no auditor, an audit no comparison
    from ..audit.evidence.audit_result import TreeAudit
    from ..audit.evidence.findings import Level
    from ..audit.overview.digest import RuleGroup
    from ..report.compare.comparison import ComparedPair, Comparison, Thresholds
    from ..report.compare.measures import Difference


_OF_SESSION = {
    SessionStatus.UNSCORED: CaseStatus.ERROR,
    SessionStatus.INVALID: CaseStatus.FAILED,
}


def suites_of_sessions(rows: Iterable[SessionRow]) -> Iterator[JunitSuite]:
    """Yield a suite a session, its columns as properties and one case: is it good for its purpose.

    One that cannot be scored is an error, one that is not valid a failure.
    """
    for row in rows:
        cells = row.cells()
        told = [f"{name}: {value}" for name, value in cells.items() if value is not None]
        mode = row.mode or "?"
        case = JunitCase(
            name=row.session,
            group=f"tinyrunner.{row.task}.{mode}",
            status=_OF_SESSION.get(SessionStatus(row.verdict), CaseStatus.PASSED),
            kind=row.verdict,
            message=row.reason or "",
            text="\n".join(told),
        )
        whose = f" on {row.system}" if row.system else ""
        name = f"{row.task} {mode}{whose}" if row.mode else row.session
        yield JunitSuite(name, [case], cells, row.created_utc)


_OF_CHECK = {
    Verdict.FAIL: CaseStatus.FAILED,
    Verdict.NOT_RUN: CaseStatus.ERROR,
    Verdict.SKIPPED: CaseStatus.SKIPPED,
}


def suite_of_check(report: ConformanceReport, when: str) -> JunitSuite:
    """Return a check's suite: a case an item, a warning one that passed with words."""
    identity, facts = report.identity, report.facts
    properties = {
        "address": report.address,
        "baud_rate": report.baud_rate,
        "vendor": identity.vendor,
        "profile": identity.profile,
        "model_id": identity.model_id,
        "mode": None if facts.mode is None else facts.mode.value,
        "data_bytes_per_db": facts.data_bytes_per_db,
        "pipeline_chars": facts.pipeline_chars,
        "timer_ppm": facts.timer_ppm,
        "inference_time_s": facts.inference_time_s,
    }
    cases = [_case_of_item(item) for item in report.items]
    return JunitSuite("tinyrunner check", cases, properties, when)


def _case_of_item(item: Item) -> JunitCase:
    text = "\n".join([item.found, *item.help_lines])
    return JunitCase(
        name=item.title,
        group="tinyrunner.check",
        status=_OF_CHECK.get(item.verdict, CaseStatus.PASSED),
        kind=item.verdict.value,
        message=item.found,
        text=f"warning: {text}" if item.verdict is Verdict.WARN else text,
        seconds=item.seconds,
    )


def suite_of_audit(audited: TreeAudit, asked: Iterable[Level]) -> JunitSuite:
    """Return an audit's suite: the verdicts, then a case for each rule of which something is found.

    What speaks against none of the verdicts ``asked`` is skipped: it decides nothing.
    """
    from ..audit.evidence.findings import Level
    from ..audit.overview.digest import digest

    wanted = set(asked)
    counting = set(Level) if Level.SUBMITTABLE in wanted else wanted
    cases = []
    for level in Level:
        holds = audited.holds(level)
        status = CaseStatus.PASSED if holds else CaseStatus.FAILED
        why = f"the verdict {level.value!r} does not hold"
        if level not in wanted:
            status, why = CaseStatus.SKIPPED, f"not asked for; it {'holds' if holds else 'fails'}"
        name = f"verdict: {level.value}"
        cases.append(JunitCase(name, "tinyrunner.verify", status, "verdict", why))
    short = digest(audited)
    cases += [_case_of_group(group, group.rule.level in counting) for group in short.groups]
    properties: dict[str, object] = {"path": audited.root, "round": audited.round.name}
    properties |= {f"sessions {name}": count for count, name in short.counts}
    return JunitSuite("tinyrunner submission verify", cases, properties)


def _case_of_group(group: RuleGroup, counts: bool) -> JunitCase:
    from ..score.rules import Severity

    status, kind = CaseStatus.PASSED, group.severity.value
    message = "; ".join(one.found for one, _ in group.examples[:3])
    if group.severity is Severity.VIOLATION:
        status = CaseStatus.FAILED if counts else CaseStatus.SKIPPED
    elif group.severity is Severity.NOT_JUDGED:
        status = CaseStatus.SKIPPED
    if group.severity is Severity.VIOLATION and not counts:
        message = f"speaks against {group.rule.level.value!r}, which was not asked for: {message}"
    places = [f"{one.place}: {kind}: {one.found}" for one in group.findings]
    whose = f".{group.submitter}" if group.submitter else ""
    return JunitCase(
        name=f"{group.rule.title}: {kind}",
        group=f"tinyrunner.verify{whose}",
        status=status,
        kind=kind,
        message=message,
        text="\n".join(places),
    )


def suites_of_comparison(
    compared: Comparison, thresholds: Thresholds, *, require_all: bool
) -> Iterator[JunitSuite]:
    """Yield a suite a pair, a case a measure; then what no pair holds, and what decided nothing."""
    for pair in compared.pairs:
        yield _suite_of_pair(pair, thresholds, require_all=require_all)
    kind = "not compared"
    status = CaseStatus.FAILED if require_all else CaseStatus.SKIPPED
    rest = [
        JunitCase(name, "tinyrunner.compare", status, kind, f"only in {side}")
        for side, names in (("A", compared.only_a), ("B", compared.only_b))
        for name in names
    ]
    rest += [
        JunitCase("threshold", "tinyrunner.compare", CaseStatus.FAILED, "not judged", text)
        for text in thresholds.unjudged(compared.pairs)
    ]
    if rest:
        yield JunitSuite("not compared", rest)


def _suite_of_pair(pair: ComparedPair, thresholds: Thresholds, *, require_all: bool) -> JunitSuite:
    properties: dict[str, object] = {"a": pair.a.title, "b": pair.b.title}
    for each in pair.differences:
        for key, value in each.to_json().items():
            if isinstance(value, int | float):
                properties[f"{each.measure.key}.{key}"] = value
    cases = [_case_of_difference(pair, each, thresholds) for each in pair.differences]
    if not cases:
        status = CaseStatus.FAILED if require_all else CaseStatus.SKIPPED
        told = "; ".join(pair.warnings)
        cases = [JunitCase("measured", pair.name, status, "not measured", "not measured", told)]
    return JunitSuite(pair.name, cases, properties)


def _case_of_difference(
    pair: ComparedPair, each: Difference, thresholds: Thresholds
) -> JunitCase:  # fmt: skip
    from ..report.compare.comparison import verdict

    said = verdict(each)
    exceeded = thresholds.exceeded(each)
    warnings = [f"warning: {text}" for text in pair.warnings]
    bound = thresholds.by_measure.get(each.measure)
    return JunitCase(
        name=each.measure.title,
        group=f"tinyrunner.compare.{pair.name}",
        status=CaseStatus.FAILED if exceeded else CaseStatus.PASSED,
        kind="worse" if exceeded else "",
        message=f"{said}: more than {bound}" if exceeded else "",
        text="\n".join([said, each.method, *warnings]),
    )
