"""The tables of a history, and how an older history is brought up to them.

`sessions` has a row a session with every column of `export`'s; `series` says which of them can be
compared; `labels` are what people said of them. `history_schema` holds the version.

History of the schema: 1 is the first; 2 has the sessions' folders. A column that `export` adds to
its rows is a version of its own here, with a row of `_NEW_COLUMNS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    func,
    inspect,
    select,
)

from ...errors import SetupError
from ..rows import SessionRow, columns_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from .database import Database

SCHEMA_VERSION = 2

_NEW_COLUMNS = {2: ("folder",)}
"""The columns of sessions that a version brought; None stands in them for whoever was there."""

_KINDS = {str: Text, int: BigInteger, float: Double, bool: Boolean}

METADATA = MetaData()

VERSION = Table("history_schema", METADATA, Column("version", Integer, nullable=False))

SERIES = Table(
    "series",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("task", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("board", Text, nullable=False),
    Column("simulated", Boolean, nullable=False),
)

ROW_COLUMNS = tuple(column.name for column in columns_of(SessionRow))

SESSIONS = Table(
    "sessions",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("series_id", ForeignKey("series.id"), nullable=False),
    Column("identity", Text, unique=True),
    Column("content_sha256", Text, nullable=False, unique=True),
    Column("begun_s", Double, nullable=False),  # since 1970; text sorts otherwise on each server
    *(Column(column.name, _KINDS[column.kind]) for column in columns_of(SessionRow)),
    Column("folder", Text),
)
Index("sessions_by_series", SESSIONS.c.series_id, SESSIONS.c.begun_s, SESSIONS.c.id)
Index("sessions_by_time", SESSIONS.c.begun_s, SESSIONS.c.id)

LABELS = Table(
    "labels",
    METADATA,
    Column("session_id", ForeignKey("sessions.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
Index("labels_by_value", LABELS.c.name, LABELS.c.value, LABELS.c.session_id)


def bring_up(database: Database) -> None:
    """Make the tables where there are none, and change older ones; nothing of a row is lost.

    SetupError where a newer tinyrunner has made them, or something else has.
    """
    with database.reading() as connection:
        if _version_of(connection, database.name) == SCHEMA_VERSION:
            return
    with database.writing() as connection:
        version = _version_of(connection, database.name)  # another program may have been quicker
        if version is None:
            METADATA.create_all(connection)
            connection.execute(VERSION.insert().values(version=SCHEMA_VERSION))
        elif version < SCHEMA_VERSION:
            _change(connection, version)


def _change(connection: Connection, version: int) -> None:
    preparer, dialect = connection.dialect.identifier_preparer, connection.dialect
    for number in range(version + 1, SCHEMA_VERSION + 1):
        for name in _NEW_COLUMNS[number]:
            kind = SESSIONS.c[name].type.compile(dialect)
            connection.exec_driver_sql(
                f"ALTER TABLE sessions ADD COLUMN {preparer.quote(name)} {kind}"
            )
    connection.execute(VERSION.update().values(version=SCHEMA_VERSION))


def _version_of(connection: Connection, name: str) -> int | None:
    """Return the version of the tables, None where there are none yet."""
    tables = set(inspect(connection).get_table_names())
    if VERSION.name not in tables:
        # A server's database may be shared with others; a file is one program's.
        is_file = connection.dialect.name == "sqlite"
        taken = tables if is_file else tables.intersection(METADATA.tables)
        if taken:
            raise SetupError(
                f"the database {name} holds tables that are no history "
                f"({', '.join(sorted(taken))}); name another database"
            )
        return None
    version = connection.execute(select(func.max(VERSION.c.version))).scalar()
    if not isinstance(version, int) or version < 1:
        raise SetupError(f"the history {name} says nothing of its version; it is damaged")
    if version > SCHEMA_VERSION:
        raise SetupError(
            f"the history {name} has schema version {version}, and this tinyrunner knows "
            f"{SCHEMA_VERSION}: a newer one has written it; upgrade this one (pip install "
            "--upgrade tinyrunner), nothing was changed"
        )
    return version
