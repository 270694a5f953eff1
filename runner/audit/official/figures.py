"""Compares the figures that the official checker lists with what the sessions measured.

Its summary.csv is what gets published. However it came by a figure (another line, another file,
another way of reading one), the figure has to be the session's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ...terms import Mode
from ...write.printed_results import PrintedFigure
from ..evidence.audit_result import OfficialReport, SessionAudit
from ..evidence.findings import AuditFinding, Rule, not_judged, violation
from ..session.results_check import check_headlines
from .rules import RESULTS_NAME

_Place = tuple[str, str, str, str]
"""The names of the folders: division, organization, system, benchmark."""


def check_against_official(
    sessions: Sequence[SessionAudit], official: OfficialReport
) -> Iterator[AuditFinding]:
    """Find each figure of the official rows that no session bears out.

    The figures are throughput, energy and accuracy. One finding for each benchmark tells of rows
    that nothing here can bear out: what is not judged cannot be called ready for submission.
    """
    yield from _not_judged(sessions)
    by_place: dict[tuple[_Place, Mode], SessionAudit] = {}
    unjudged: set[_Place] = set()
    for session in sessions:
        place = session.place
        submitter = place.submitter
        usual = submitter.inside("results", place.system, place.benchmark, place.mode.value)
        if place.path == usual:  # a deeper one is not seen by the official checker
            key = (submitter.division.value, submitter.name, place.system, place.benchmark)
            by_place[key, place.mode] = session
            if place.task is None:  # sww's figures are checked where they are printed
                unjudged.add(key)
    for row in official.rows:
        values = dict(row.values)
        named = (values["Division"], values["Organization"], values["SystemDesc"], values["Model"])
        for mode, name, text in () if named in unjudged else _figures(values):
            found = by_place.get((named, mode))
            if found is None:
                shown = f"{name.replace('_', ' ')} {text[:60]} in {mode.value}"
                path = "/".join((*named[:2], "results", *named[2:]))
                yield violation(Rule.RESULT_LINE, path, f"the official checker lists {shown}",
                                "a session that measured it")  # fmt: skip
            else:
                yield from _compare(found, name, text)


def _figures(values: Mapping[str, str]) -> Iterator[tuple[Mode, str, str]]:
    yield Mode.PERFORMANCE, "median_throughput", values["Result"]
    if values["HasPower"] == "True":
        yield Mode.ENERGY, "median_energy_uj", values["Power"]
    if values["Accuracy"] not in ("", "None"):
        yield Mode.ACCURACY, "auc" if values["MlperfModel"] == "ad" else "top1", values["Accuracy"]


def _compare(session: SessionAudit, name: str, text: str) -> Iterator[AuditFinding]:
    if session.recomputed is None:
        return  # what could not be recomputed has a finding of its own
    figure = PrintedFigure(name, text.rstrip("."), None)
    printed = PrintedFigure(name, session.printed.get(name, ""), None)
    if printed.value is not None and figure.value is not None:
        # The row has a floating point number: 59.788 of "59.788", but 59.0 of "59.000".
        figure = printed if float(printed.value) == float(figure.value) else figure
    path = f"{session.place.path}/{RESULTS_NAME}"
    for finding in check_headlines([figure], session.recomputed, path, complete=False):
        yield replace(finding, found=f"for the official checker, {finding.found}")


def _not_judged(sessions: Sequence[SessionAudit]) -> Iterator[AuditFinding]:
    benchmarks = {
        session.place.path.rpartition("/")[0]: session.place.task_key
        for session in sessions
        if not session.place.scored
    }
    for path, key in benchmarks.items():
        text = f"{key[:80]!r} cannot be judged here: its log is not scored"
        yield not_judged(Rule.ROUND_RULE, path, text, "results that the audit can recompute")
