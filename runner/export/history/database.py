"""Opens the database that a history is kept in: SQLite or PostgreSQL, by SQLAlchemy.

A history is named by a URL, a path of an SQLite file, or `default`. A URL never holds a password:
that comes from the environment or the system's keyring, and is in no text of this program.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ....errors import TinyrunnerError, in_words
from ...errors import SetupError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine import URL

HISTORY_VARIABLE = "TINYRUNNER_HISTORY"
"""Names the default history, as `--db` would."""
PASSWORD_VARIABLES = ("TINYRUNNER_HISTORY_PASSWORD", "PGPASSWORD")
"""Hold the database's password; the second is PostgreSQL's own."""
KEYRING_SERVICE = "tinyrunner-history"
DEFAULT = "default"

_PATIENCE_S = 30
"""For another program that writes the same SQLite file, and for a server to answer."""
_SECRETS = ("password", "passfile", "sslpassword", "passwd", "pwd", "token", "secret")
_TOLD = ("host", "port", "sslmode")
"""What else a URL holds may be a secret under another name."""
_NO_PATH = re.compile(r"^(postgres(ql)?|sqlite|mysql|mariadb)(\+\w+)?:|:[^/\\]*@", re.I)
"""A URL with a slash too few, or without what it begins with: a file of that name would tell a
password."""
_FIRST_USE = 1_414_090_057
"""The lock of PostgreSQL under which one program at a time makes or changes the tables."""


class HistoryError(TinyrunnerError):
    """Says that a history could not do what it was asked; what it holds is as it was."""


def default_place() -> str:
    """Return the URL or path of the default history: `$TINYRUNNER_HISTORY`, or the user's own."""
    told = os.environ.get(HISTORY_VARIABLE)
    if told and told != DEFAULT:
        return told
    import platformdirs  # here: only who opens the default one waits for it

    return str(platformdirs.user_data_path("tinyrunner") / "history.db")


@dataclass(frozen=True)
class Database:
    """Is a database that can be reached; its tables are the store's matter."""

    engine: Engine
    name: str
    """The name for people: a path, or a URL without any password."""

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Read in one transaction; HistoryError where the database fails."""
        with self._told("read"), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Write in one transaction, all of it or nothing, one program at a time."""
        with self._told("written"), self.engine.connect() as connection:
            connection = connection.execution_options(writes=True)
            with connection.begin():
                if not self.is_sqlite:
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_FIRST_USE})")
                yield connection

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        from sqlalchemy.exc import DBAPIError, SQLAlchemyError

        try:
            yield
        except DBAPIError as error:
            said = _first_line(error.orig)
            raise HistoryError(f"the history {self.name} cannot be {what}: {said}") from None
        except SQLAlchemyError as error:
            raise HistoryError(
                f"the history {self.name} cannot be {what}: {type(error).__name__}"
            ) from None


def connect(place: str, *, create: bool) -> Database:
    """Reach a database by its URL or path, or `default`; SetupError where that cannot be.

    ``create``: an SQLite file that is not there is made, with its folder.
    """
    from sqlalchemy.exc import DBAPIError

    url = _url_of(default_place() if place == DEFAULT else place)
    name = url.database or ""
    if url.drivername == "sqlite":
        _prepare_file(Path(name), create=create)
    else:
        told = {key: value for key, value in url.query.items() if key in _TOLD}
        name = url.set(drivername="postgresql", query=told).render_as_string()
    database = Database(_engine(url), name)
    try:
        with database.engine.connect() as connection:
            connection.exec_driver_sql(
                "SELECT 1 FROM sqlite_master" if database.is_sqlite else "SELECT 1"
            )
    except DBAPIError as error:
        said = _first_line(error.orig)
        advice = (
            _advice_on_file(said)
            if database.is_sqlite
            else "see that the server runs, that it holds this database (`createdb` makes one) and "
            f"that the user may use it; its password is read from ${PASSWORD_VARIABLES[0]} or "
            f"${PASSWORD_VARIABLES[1]}, or the keyring"
        )
        raise SetupError(f"the history {name} cannot be opened: {said}; {advice}") from None
    return database


def _advice_on_file(said: str) -> str:
    """Say what to try by SQLite's own words (its sqlite3ErrStr)."""
    if "locked" in said:
        return "another program is writing it; try again when it is done"
    if "unable to open" in said:
        return "see that its folder may be written, or name another file"
    return "name another file, or move it away"


def _url_of(place: str) -> URL:
    """Read a URL or path; no text of an error holds what may be a password."""
    from sqlalchemy.engine import URL, make_url
    from sqlalchemy.exc import ArgumentError

    if "://" not in place and not _NO_PATH.search(place):
        return URL.create("sqlite", database=str(Path(place).expanduser().absolute()))
    try:
        url = make_url(place)
    except (ArgumentError, ValueError):
        raise SetupError(
            "the history's URL cannot be read; expected postgresql://USER@HOST/DATABASE, "
            "sqlite:///FILE, or a file's path"
        ) from None
    kind = url.drivername.partition("+")[0]
    if url.password is not None or any(key.lower() in _SECRETS for key in url.query):
        raise SetupError(
            f"the history's URL holds a password: take it out, and give it in "
            f"${PASSWORD_VARIABLES[0]}, or keep it by `keyring set {KEYRING_SERVICE} USER@HOST`; "
            "a URL is seen by whoever lists processes or reads a CI's log"
        )
    if kind == "sqlite":
        if not url.database or url.database == ":memory:":
            raise SetupError("the history's URL names no file; expected sqlite:///FILE")
        return URL.create("sqlite", database=str(Path(url.database).expanduser().absolute()))
    if kind not in ("postgresql", "postgres"):
        raise SetupError(f"no history is kept in {kind}; there are sqlite and postgresql")
    return url.set(drivername="postgresql+psycopg")


def _prepare_file(file: Path, *, create: bool) -> None:
    if file.is_dir():
        raise SetupError(f"the history {file} is a folder; name a file")
    if file.exists():
        return
    if not create:
        raise SetupError(
            f"there is no history {file} yet: `tinyrunner history add SESSION` begins one"
        )
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(f"cannot make the history {file}: {in_words(error)}") from error


def _engine(url: URL) -> Engine:
    from sqlalchemy import create_engine, event

    if url.drivername == "sqlite":
        engine = create_engine(url, connect_args={"timeout": _PATIENCE_S, "isolation_level": None})

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            # Python's module begins no transaction itself: who means to write has the file alone
            # from its first look at it.
            writes = connection.get_execution_options().get("writes")
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

        return engine
    try:
        import psycopg  # noqa: F401, said in words before SQLAlchemy says it in its own
    except ImportError as error:
        raise SetupError(
            "a history in PostgreSQL needs its driver: pip install 'tinyrunner[postgres]'"
        ) from error
    asked: dict[str, Any] = {"connect_timeout": _PATIENCE_S}
    if (password := _password(url)) is not None:
        asked["password"] = password
    # Errors of SQLAlchemy tell statements with their values: none of them is to be told.
    return create_engine(url, connect_args=asked, hide_parameters=True)


def _password(url: URL) -> str | None:
    """Return the password from the environment or the keyring; None where neither has one."""
    for name in PASSWORD_VARIABLES:
        if told := os.environ.get(name):
            return told
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return None
    try:
        found = keyring.get_password(KEYRING_SERVICE, f"{url.username or ''}@{url.host or ''}")
    except KeyringError:
        return None  # a computer without one; the server says so if it wants a password
    return None if found is None else str(found)


def _first_line(error: BaseException | None) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
