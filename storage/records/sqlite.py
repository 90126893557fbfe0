"""SQLite: WAL, foreign keys, `synchronous=FULL`; every writing transaction is `BEGIN IMMEDIATE`.

So all writers stand in one line, whatever their unit. May not come in: tables.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event

from pipeline.errors import ArchiveUnavailable, ConfigError, SohoaError
from storage.records.lines import Line

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
    return f"sqlite:///{path.absolute()}"


class Sqlite:
    """`Product` in a file."""

    def __init__(self, url: URL, busy_seconds: float) -> None:
        """Nothing is opened yet."""
        self.reader: Engine = create_engine(
            url, connect_args={"timeout": busy_seconds}, hide_parameters=True
        )
        _prepare(self.reader)
        self.writer: Engine = self.reader.execution_options(**{_WRITES: True})

    def stand_in_line(self, connection: Connection, line: Line) -> None:
        """See `Product`; `BEGIN IMMEDIATE` has waited already."""

    def shut_out(self, connection: Connection, tables: Sequence[Table]) -> None:
        """See `Product`; `BEGIN IMMEDIATE` has done so already."""

    def version(self, connection: Connection) -> str:
        """See `Product`."""
        return f"SQLite {sqlite3.sqlite_version}"

    def check_fit(self, connection: Connection) -> None:
        """See `Product`; every file is fit."""

    def known(self, error: BaseException) -> SohoaError | None:
        """See `Product`."""
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


def _prepare(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
            _switch_to_wal(connection)
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Once for a file. SQLite waits for nobody here: who finds it busy meets another at the switch.

    That one may still be killed before it is done; the next connection tries again.
    """
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & _PRIMARY != sqlite3.SQLITE_BUSY:
            raise
