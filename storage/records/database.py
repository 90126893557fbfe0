"""The one place that knows a database product: connections, transactions, foreign errors.

SQLite: WAL, foreign keys, `synchronous=FULL`; every writing transaction is `BEGIN IMMEDIATE`, so
that writers stand in line and what they read stays true until they commit. May not come in:
tables.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from pipeline.errors import ArchiveUnavailable, ConfigError, SohoaError

BUSY_SECONDS = 30.0
"""How long a writer waits for another before it gives up."""

_SQLITE = "sqlite:///"
_WRITES = "sohoa_writes"
_PRIMARY = 0xFF
_UNAVAILABLE = (
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_PERM,
)
_CORRUPT = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)


def sqlite_url(path: Path) -> str:
    """URL of the records in a file."""
    return f"{_SQLITE}{path.absolute()}"


class Database:
    """Transactions on one database; connections are pooled and may be used from threads.

    Raises (all methods): ArchiveUnavailable `RECORDS_UNAVAILABLE` (locked, not reachable) or
    `DISK_FULL`; ConfigError `RECORDS_CORRUPT`.
    """

    def __init__(self, url: str, *, busy_seconds: float = BUSY_SECONDS) -> None:
        """Bind to a database; nothing is opened yet.

        Raises:
            ConfigError: `RECORDS_URL_UNKNOWN` for another product than SQLite.
        """
        if not url.startswith(_SQLITE):
            raise ConfigError("RECORDS_URL_UNKNOWN", key="database.url")
        self._engine = create_engine(url, connect_args={"timeout": busy_seconds})
        _speak_sqlite(self._engine)
        self._writer = self._engine.execution_options(**{_WRITES: True})

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """One reading transaction: all its answers are of the same moment."""
        with mapped(), self._engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """One writing transaction, alone; committed at the end, or rolled back."""
        with mapped(), self._writer.begin() as connection:
            yield connection

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()


@contextlib.contextmanager
def mapped() -> Iterator[None]:
    """Errors of the driver as Sohoa's."""
    try:
        yield
    except DBAPIError as error:
        known = _known(error.orig)
        if known is None:
            raise
        raise known from error
    except sqlite3.Error as error:
        known = _known(error)
        if known is None:
            raise
        raise known from error
    except ValidationError as error:
        raise ConfigError("RECORDS_CORRUPT") from error


def _known(error: BaseException | None) -> SohoaError | None:
    code = getattr(error, "sqlite_errorcode", None)
    if not isinstance(code, int):
        return None
    primary = code & _PRIMARY
    if primary == sqlite3.SQLITE_FULL:
        return ArchiveUnavailable("DISK_FULL")
    if primary in _UNAVAILABLE:
        return ArchiveUnavailable("RECORDS_UNAVAILABLE")
    if primary in _CORRUPT:
        return ConfigError("RECORDS_CORRUPT")
    return None


def _speak_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
            connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
