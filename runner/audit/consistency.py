"""Compares the sessions of a tree with one another, for what none of them shows alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..journal.records import LogFacts
from ..score.minus_sign import signed
from ..terms import Mode
from .evidence.audit_result import SessionAudit
from .evidence.findings import AuditFinding, Rule, violation, warning

THROUGHPUT_TOLERANCE = 0.05
"""How far a benchmark's performance and energy sessions may differ, as a fraction. Published pairs
agree within 1 %; a board that is supplied at another voltage may well run at another clock."""


def check_consistency(sessions: Sequence[SessionAudit]) -> Iterator[AuditFinding]:
    """Compare firmware, throughputs and session ids across the sessions of a tree."""
    by_benchmark: dict[str, dict[Mode, SessionAudit]] = {}
    for session in sessions:
        folder = session.place.path.rpartition("/")[0]
        by_benchmark.setdefault(folder, {})[session.place.mode] = session
    for modes in by_benchmark.values():
        performance = modes.get(Mode.PERFORMANCE)
        if performance is None:
            continue
        if (accuracy := modes.get(Mode.ACCURACY)) is not None:
            yield from _same_firmware(performance, accuracy)
            yield from _same_list(performance, accuracy)
        if (energy := modes.get(Mode.ENERGY)) is not None:
            yield from _same_throughput(performance, energy)
    yield from _distinct_ids(sessions)


def _facts(session: SessionAudit) -> LogFacts | None:
    return None if session.assessment is None else session.assessment.facts


def _log_path(session: SessionAudit) -> str:
    return f"{session.place.path}/{session.place.log or 'log.txt'}"


def _same_firmware(performance: SessionAudit, accuracy: SessionAudit) -> Iterator[AuditFinding]:
    one, other = _facts(performance), _facts(accuracy)
    if one is None or other is None:
        return
    for what, ours, theirs in (
        ("name", one.names, other.names),
        ("profile", one.profiles, other.profiles),
    ):
        # A log that never asked for the name does not contradict one that did.
        if ours and theirs and set(ours) != set(theirs):
            yield violation(
                Rule.FIRMWARE,
                _log_path(accuracy),
                f"the device's {what} is {' and '.join(theirs)!r}",
                f"{' and '.join(ours)!r}, as in {_log_path(performance)}",
            )


def _same_list(performance: SessionAudit, accuracy: SessionAudit) -> Iterator[AuditFinding]:
    """Check that sessions used one list.

    Two official lists of one task are in circulation; a published submission has used both.
    """
    one, other = performance.labels, accuracy.labels
    if one is not None and other is not None and one.sha256 != other.sha256:
        yield warning(
            Rule.OFFICIAL_LIST,
            _log_path(performance),
            f"inputs of the list {one.official or one.source}",
            f"of {other.official or other.source}, as in {_log_path(accuracy)}",
        )


def _same_throughput(performance: SessionAudit, energy: SessionAudit) -> Iterator[AuditFinding]:
    alone, powered = _throughput(performance), _throughput(energy)
    if alone and powered and abs(powered - alone) > THROUGHPUT_TOLERANCE * alone:
        yield warning(
            Rule.THROUGHPUTS,
            _log_path(energy),
            f"{powered:.3f} inf/s while energy was measured ({signed(powered / alone - 1, '.1%')})",
            f"within {THROUGHPUT_TOLERANCE:.0%} of the {alone:.3f} inf/s in performance mode",
        )


def _throughput(session: SessionAudit) -> float | None:
    return None if session.assessment is None else session.assessment.throughput


def _distinct_ids(sessions: Sequence[SessionAudit]) -> Iterator[AuditFinding]:
    """Check that ids differ.

    An id is a time of day to the second: two boards may share it, two runs of one board not.
    """
    seen: dict[tuple[str, str, Mode], SessionAudit] = {}
    for session in sessions:
        facts = _facts(session)
        for session_id in facts.session_ids[:1] if facts else ():
            place = session.place
            first = seen.setdefault((session_id, place.task_key, place.mode), session)
            if first is not session:
                yield violation(
                    Rule.SESSION_ID,
                    _log_path(session),
                    f"session {session_id} is also in {first.place.path}",
                    "each result from a session of its own",
                )
