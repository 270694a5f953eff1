"""Histories of sessions that nobody ran: rows as `export` makes them, filled in here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tinyrunner.runner.export.history.schema import ROW_COLUMNS
from tinyrunner.runner.export.history.store import Entry, History
from tinyrunner.runner.export.rows import SessionRow

BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
_OF_REAL = {
    "task": "kws", "mode": "performance", "round": "v1.2", "purpose": "submission",
    "verdict": "valid", "violations": 0, "warnings": 0, "simulated": False, "tool": "tinyrunner",
    "device": "acme-board", "model_id": "kws01",
}  # fmt: skip


def row(number: int, **values: Any) -> SessionRow:
    """The row of the session with this number: a minute behind the one before it."""
    begun = BEGUN + timedelta(minutes=number)
    told = dict.fromkeys(ROW_COLUMNS) | _OF_REAL
    told |= {
        "session": f"{begun:%Y%m%d_%H%M%S}_kws",
        "session_id": f"{begun:%Y%m%d%H%M%S}",
        "created_utc": begun.isoformat(),
    }
    return SessionRow(**told | values)


def entry(number: int, labels: dict[str, str] | None = None, **values: Any) -> Entry:
    """A session to be kept; its content is its number, unless a ``content`` is given."""
    content = values.pop("content", f"{number:064x}")
    return Entry(row(number, **values), content, labels or {})


def filled(
    place: str, latencies_s: Sequence[float], first: int = 0, branch: str = "main", **values: Any
) -> History:
    """A history of sessions with these latencies, each with a commit `cN`."""
    history = History.open(place, create=True)
    history.add(
        [
            entry(n, {"branch": branch, "commit": f"c{n}"}, latency_s=latency_s, **values)
            for n, latency_s in enumerate(latencies_s, first)
        ]
    )
    return history
