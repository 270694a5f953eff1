"""Says how much of each plot a page holds, so that a page of hundreds of sessions can be opened.

A page stays below 3 MB: what it draws is shared out among its sessions, and the page says what it
leaves out. A report of fewer sessions shows more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..terms import Dialect
from .page import ReportSession

MAX_BUCKETS = 100_000
"""The most stretches of a trace: more than anybody zooms into."""
MAX_PLOTS = 20
"""The most traces drawn of one session; MLCommons' has five."""
MAX_POINTS = 1000
"""The most points of a drawn curve: finer than a screen shows."""
MAX_FINDINGS = 500
"""Findings shown of one list; a hostile tree can have a finding a file."""

_PAGE_BUCKETS = 300_000
"""In all traces, of at most 4.6 bytes each."""
_LEAST_BUCKETS = 500
"""Of a trace, or it is not drawn: half a screen."""
_PAGE_POINTS = 40_000
"""In all curves, of some 10 bytes each."""
_LEAST_POINTS = 50
_CURVES = 2
"""The most curves of a session."""
_PAGE_FINDINGS = 5_000
_LEAST_FINDINGS = 10


@dataclass(slots=True)
class Budget:
    """Is what each plot of a page may take."""

    buckets: int
    """Stretches of a trace."""
    traces: int
    """Traces that may still be drawn."""
    points: int
    """Points of a curve."""
    findings: int
    """Findings of a session."""
    left_out: tuple[str, ...]
    """What the page leaves out because of its number of sessions, a sentence each."""

    @classmethod
    def of(cls, sessions: Sequence[ReportSession]) -> Budget:
        """Share a page out among its sessions."""
        traces = sum(map(_trace_count, sessions))
        scored = sum(_is_scored(session) for session in sessions)
        drawn = min(traces, _PAGE_BUCKETS // _LEAST_BUCKETS)
        buckets = min(MAX_BUCKETS, _PAGE_BUCKETS // max(drawn, 1))
        points = _PAGE_POINTS // max(_CURVES * scored, 1)
        points = max(_LEAST_POINTS, min(MAX_POINTS, points))
        findings = max(_LEAST_FINDINGS, min(MAX_FINDINGS, _PAGE_FINDINGS // max(len(sessions), 1)))
        told = []
        if traces > drawn:
            told.append(f"Of {traces} energy traces the first {drawn} are drawn.")
        if buckets < MAX_BUCKETS:
            told.append(f"A trace is drawn by at most {buckets} stretches, and not {MAX_BUCKETS}.")
        if points < MAX_POINTS:
            told.append(f"A ROC curve is drawn by at most {points} points, and not {MAX_POINTS}.")
        if any(len(session.findings) > findings for session in sessions):
            told.append(f"Of a session at most {findings} findings are shown.")
        if told:
            told.append("A report of fewer sessions shows more.")
        return cls(buckets, drawn, points, findings, tuple(told))


def _trace_count(session: ReportSession) -> int:
    """Return how many traces a session has to draw: one, or MLCommons' one a window."""
    assessment = session.assessment
    if assessment is None or assessment.energy is None:
        return 0
    if assessment.facts.dialect is Dialect.MLCOMMONS:
        return min(len(assessment.energy.windows), MAX_PLOTS)
    return 1


def _is_scored(session: ReportSession) -> bool:
    return session.assessment is not None and session.assessment.accuracy is not None
