"""Keeps the rows of sessions with their labels, and finds them again.

A session is there once: its content, which is its log and what its figures were read from, says
which it is. Where another session of one number, task, mode and board is there already with another
content, the new one is refused and neither is changed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import func, select

from ..rows import Cell, SessionRow
from .database import Database, connect
from .figures import Labels, Series, series_of
from .schema import LABELS, ROW_COLUMNS, SERIES, SESSIONS, bring_up

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Row, Select

_ROW_AT = SESSIONS.c.keys().index(ROW_COLUMNS[0])
"""Where the row's columns begin in the table, one behind the other."""
_TOLD = 10
"""Values of a label that are told."""
_AT_ONCE = 500
"""Values of one `IN (…)`: SQLite once took no more than 999."""


class Added(Enum):
    """Says what became of a session that was to be added."""

    NEW = "added"
    THERE = "there already"
    RELABELLED = "there already, labels changed"
    REFUSED = "refused"
    """Another session of its number, task, mode and board is there with another content."""


class Addition(NamedTuple):
    """Says what became of a session, and why it was refused."""

    added: Added
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """Is a session to be kept: its row, what identifies its content, and its labels."""

    row: SessionRow
    content_sha256: str
    labels: Labels
    folder: str | None = None
    """Where it lies, absolute."""

    @property
    def begun_s(self) -> float:
        """Return when it was begun, in seconds since 1970."""
        return _begun_s(self.row)


@dataclass(frozen=True, slots=True)
class KeptSession:
    """Is a session of the history."""

    number: int
    """Its number in the database."""
    row: SessionRow
    content_sha256: str
    begun_s: float
    """When it was begun, in seconds since 1970."""
    labels: Labels
    folder: str | None
    """Where it lay when it was added, absolute; None where nobody knows."""

    @property
    def begun(self) -> datetime:
        return datetime.fromtimestamp(self.begun_s, UTC)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Says which sessions are asked for; what is empty selects nothing."""

    task: str = ""
    mode: str = ""
    board: str = ""
    labels: Labels | None = None

    @property
    def labels_text(self) -> str:
        return ", ".join(f"{name}={value}" for name, value in (self.labels or {}).items())


class History:
    """Is an open history."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, place: str, *, create: bool = False) -> History:
        """Open a history by its URL or path, or `default`; SetupError where that cannot be."""
        database = connect(place, create=create)
        bring_up(database)
        return cls(database)

    @property
    def name(self) -> str:
        """The place for people, without any password."""
        return self._database.name

    def close(self) -> None:
        self._database.engine.dispose()

    def add(self, entries: Sequence[Entry]) -> list[Addition]:
        """Keep sessions, and say of each what became of it; all in one transaction."""
        with self._database.writing() as connection:
            return _Adding(connection, entries).add_all()

    def count(self) -> int:
        """Return how many sessions there are."""
        with self._database.reading() as connection:
            return connection.execute(select(func.count()).select_from(SESSIONS)).scalar_one()

    def sessions(
        self,
        wanted: Wanted | None = None,
        *,
        series: Series | None = None,
        last: int | None = None,
        before_s: float | None = None,
        without: Sequence[str] = (),
    ) -> list[KeptSession]:
        """Return the newest sessions that are wanted, oldest first.

        ``last``: at most so many. ``before_s``: begun before that, in seconds since 1970.
        ``without``: none of these contents.
        """
        asked = select(SESSIONS).order_by(SESSIONS.c.begun_s.desc(), SESSIONS.c.id.desc())
        for condition in _conditions(wanted or Wanted()):
            asked = asked.where(condition)
        if series is not None:
            of_key = select(SERIES.c.id).where(SERIES.c.key == series.key).scalar_subquery()
            asked = asked.where(SESSIONS.c.series_id == of_key)
        if before_s is not None:
            asked = asked.where(SESSIONS.c.begun_s < before_s)
        if without:
            asked = asked.where(SESSIONS.c.content_sha256.not_in(without))
        if last is not None:
            asked = asked.limit(last)
        with self._database.reading() as connection:
            return _kept(connection, connection.execute(asked).all())[::-1]

    def series(self, wanted: Wanted) -> list[Series]:
        """Return the series that hold what is wanted; its labels are not looked at."""
        asked = select(SERIES.c.key)
        for column, value in _of_series(wanted):
            asked = asked.where(column == value)
        with self._database.reading() as connection:
            keys = sorted(connection.execute(asked).scalars())  # each server sorts its own way
        return [Series.of_key(key) for key in keys]

    def known(self, column: str) -> list[str]:
        """Return what there is of `task`, `mode` or `board`, in order."""
        with self._database.reading() as connection:
            return sorted(connection.execute(select(SERIES.c[column]).distinct()).scalars())

    def known_labels(self, most: int) -> dict[str, list[str]]:
        """Return the names of labels with some of their values, the newest first."""
        newest = func.max(LABELS.c.session_id).desc()
        of_name = select(LABELS.c.value).group_by(LABELS.c.value).order_by(newest).limit(most)
        names = select(LABELS.c.name).distinct()
        with self._database.reading() as connection:
            return {
                name: list(connection.execute(of_name.where(LABELS.c.name == name)).scalars())
                for name in sorted(connection.execute(names).scalars())
            }

    def labels_there(self) -> str:
        """Say which labels there are, for who asked for one that there is not."""
        told = (
            f"{name}={', '.join(values[:_TOLD])}{' …' if len(values) > _TOLD else ''}"
            for name, values in self.known_labels(_TOLD + 1).items()
        )
        return f"labels there: {'; '.join(told) or 'none'}"

    def by_content(self, contents: Sequence[str]) -> dict[str, KeptSession]:
        """Return those of these contents that are kept."""
        with self._database.reading() as connection:
            found = _found(connection, select(SESSIONS), SESSIONS.c.content_sha256, contents)
            return {one.content_sha256: one for one in _kept(connection, list(found))}


class _Adding:
    """Adds sessions in one transaction: it looks for all of them at once, and writes at once."""

    def __init__(self, connection: Connection, entries: Sequence[Entry]) -> None:
        self._connection = connection
        self._entries = entries
        self._rows = [storable(entry.row) for entry in entries]
        contents = [entry.content_sha256 for entry in entries]
        self._there = {
            found.content_sha256: found
            for found in _found(connection, select(SESSIONS), SESSIONS.c.content_sha256, contents)
        }
        names = [_identity(row, e.labels) for row, e in zip(self._rows, entries, strict=True)]
        asked = select(SESSIONS.c.identity, SESSIONS.c.session)
        known = [name for name in names if name is not None]
        self._named = {
            found.identity: found.session
            for found in _found(connection, asked, SESSIONS.c.identity, known)
        }
        self._series: dict[Series, int] = {}
        self._new: dict[str, tuple[dict[str, Any], Labels]] = {}

    def add_all(self) -> list[Addition]:
        added = [self._add(row, e) for row, e in zip(self._rows, self._entries, strict=True)]
        self._write()
        return added

    def _add(self, row: SessionRow, entry: Entry) -> Addition:
        content = entry.content_sha256
        if content in self._new and self._new[content][1] == entry.labels:
            return Addition(Added.THERE)
        if content in self._new:
            self._write()
        if content in self._there:
            return self._relabel(self._there[content], entry.labels)
        identity = _identity(row, entry.labels)
        if identity is not None and identity in self._named:
            return _refused(row, identity, self._named[identity])
        if identity is not None:
            self._named[identity] = row.session
        values = {name: getattr(row, name) for name in ROW_COLUMNS} | {
            "series_id": self._series_id(series_of(row, entry.labels)),
            "identity": identity,
            "content_sha256": content,
            "begun_s": entry.begun_s,
            "folder": _storable(entry.folder),
        }
        self._new[content] = (values, entry.labels)
        return Addition(Added.NEW)

    def _write(self) -> None:
        """Write what is new so far."""
        if not self._new:
            return
        inserted = SESSIONS.insert().returning(SESSIONS, sort_by_parameter_order=True)
        written = self._connection.execute(inserted, [values for values, _ in self._new.values()])
        labels: list[dict[str, Any]] = []
        for found, (_, told) in zip(written.all(), self._new.values(), strict=True):
            self._there[found.content_sha256] = found
            labels += _label_rows(found.id, told)
        if labels:
            self._connection.execute(LABELS.insert(), labels)
        self._new.clear()

    def _relabel(self, found: Row[Any], labels: Labels) -> Addition:
        before = _labels_of(self._connection, [found.id]).get(found.id, {})
        after = {**before, **labels}
        if after == before:
            return Addition(Added.THERE)
        row = _row_of(found)
        old, identity = _identity(row, before), _identity(row, after)
        if identity is not None and identity != old:
            asked = select(SESSIONS.c.session).where(SESSIONS.c.identity == identity)
            another = self._named.get(identity) or self._connection.execute(asked).scalar()
            if another is not None:
                return _refused(row, identity, another)
            self._named.pop(old or "", None)
            self._named[identity] = row.session
        self._connection.execute(
            SESSIONS.update()
            .where(SESSIONS.c.id == found.id)
            .values(identity=identity, series_id=self._series_id(series_of(row, after)))
        )
        self._connection.execute(LABELS.delete().where(LABELS.c.session_id == found.id))
        self._connection.execute(LABELS.insert(), _label_rows(found.id, after))
        return Addition(Added.RELABELLED)

    def _series_id(self, series: Series) -> int:
        number = self._series.get(series)
        if number is None:
            asked = select(SERIES.c.id).where(SERIES.c.key == series.key)
            number = self._connection.execute(asked).scalar()
        if number is None:
            values = {
                "key": series.key,
                "task": series.task,
                "mode": series.mode,
                "board": series.board,
                "simulated": series.simulated,
            }
            inserted = SERIES.insert().values(values).returning(SERIES.c.id)
            number = self._connection.execute(inserted).scalar_one()
        self._series[series] = number
        return number


def _found(
    connection: Connection, asked: Select[Any], column: ColumnElement[Any], values: Sequence[Any]
) -> Iterator[Row[Any]]:
    for at in range(0, len(values), _AT_ONCE):
        yield from connection.execute(asked.where(column.in_(values[at : at + _AT_ONCE])))


def _label_rows(number: int, labels: Labels) -> list[dict[str, Any]]:
    return [{"session_id": number, "name": n, "value": v} for n, v in labels.items()]


def _refused(row: SessionRow, identity: str, another: str) -> Addition:
    return Addition(
        Added.REFUSED,
        f"{row.session}: the history holds session {identity} already, from a folder {another}, "
        "with another content: one of the two was changed, or gone on with, after it was added; "
        "or two boards began in one second, then --tag board=NAME tells them apart; "
        "neither was changed",
    )


def _conditions(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    of_series = list(_of_series(wanted))
    if of_series:
        found = select(SERIES.c.id)
        for column, value in of_series:
            found = found.where(column == value)
        yield SESSIONS.c.series_id.in_(found)
    for name, value in (wanted.labels or {}).items():
        yield (
            select(LABELS.c.session_id)
            .where(
                LABELS.c.session_id == SESSIONS.c.id, LABELS.c.name == name, LABELS.c.value == value
            )
            .exists()
        )


def _of_series(wanted: Wanted) -> Iterator[tuple[ColumnElement[str], str]]:
    for column in ("task", "mode", "board"):
        if value := getattr(wanted, column):
            yield SERIES.c[column], value


def _kept(connection: Connection, found: Sequence[Row[Any]]) -> list[KeptSession]:
    labels = _labels_of(connection, [one.id for one in found])
    return [
        KeptSession(
            one.id,
            _row_of(one),
            one.content_sha256,
            one.begun_s,
            labels.get(one.id, {}),
            one.folder,
        )
        for one in found
    ]


def _row_of(found: Row[Any]) -> SessionRow:
    return SessionRow(*found[_ROW_AT : _ROW_AT + len(ROW_COLUMNS)])


def _labels_of(connection: Connection, numbers: Sequence[int]) -> dict[int, dict[str, str]]:
    labels: dict[int, dict[str, str]] = {}
    asked = select(LABELS).order_by(LABELS.c.name)
    for found in _found(connection, asked, LABELS.c.session_id, numbers):
        labels.setdefault(found.session_id, {})[found.name] = found.value
    return labels


def _identity(row: SessionRow, labels: Labels) -> str | None:
    """Return what a session is called apart from its content; None of a log without a number."""
    if row.session_id is None:
        return None
    series = series_of(row, labels)
    return f"{row.session_id} of {series.board}, {series.task} {series.mode}"


def storable(row: SessionRow) -> SessionRow:
    """Return a row as every database holds it: no NUL, no half characters, no number beyond it."""
    return SessionRow(**{name: _storable(getattr(row, name)) for name in ROW_COLUMNS})


def _storable(value: Cell) -> Any:  # noqa: ANN401, the cell's own type
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")
    if isinstance(value, float):
        return value if isfinite(value) else None
    return None if isinstance(value, int) and abs(value) >= 1 << 63 else value


def _begun_s(row: SessionRow) -> float:
    """Return when a session was begun; of one that does not say, by its number, else now."""
    number = row.session_id or ""  # YYYYMMDDHHMMSS, which is ISO 8601 but for its T
    for text in (row.created_utc or "", f"{number[:8]}T{number[8:]}"):
        try:
            read = datetime.fromisoformat(text)
        except ValueError:
            continue
        return read.replace(tzinfo=read.tzinfo or UTC).timestamp()
    return time.time()
