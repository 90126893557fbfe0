"""PostgreSQL (15 or later) through psycopg: addresses, transactions, waiting in line, errors.

Writing transactions are READ COMMITTED and stand in line by an advisory lock that ends with them
(decision 0024); reading ones are REPEATABLE READ, of one moment. Both ends notice within half a
minute that the other's host is gone, so that its locks come free. May not come in: tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pydantic import SecretStr
from sqlalchemy import URL, Connection, Engine, Table, create_engine, func, literal, select, text
from sqlalchemy.pool import Pool

from pipeline.errors import ArchiveUnavailable, ConfigError, MissingToolError, SohoaError
from storage.records.lines import Line

_LINES: Final = 0x534F484F
"""Seed of the locks of lines, so that they are none of the claims'."""

_CONNECT_SECONDS: Final = 5
_STATEMENT_MS: Final = 60_000
_TO_SERVER: Final = {
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
"""After 15 to 25 s without an answer the connection counts as broken."""
_OF_SERVER: Final = {
    "TimeZone": "UTC",
    "tcp_keepalives_idle": 10,
    "tcp_keepalives_interval": 5,
    "tcp_keepalives_count": 3,
    "tcp_user_timeout": 15_000,
    "client_connection_check_interval": 5_000,
    "idle_session_timeout": 0,
}
"""The same the other way round: a transaction or claim of a lost host is given up."""

_UNAVAILABLE: Final = ("08", "40", "53", "55", "57", "58", "25P03")
"""SQLSTATEs: connection, serialisation and deadlock, resources, locks, operator, system."""
_REFUSED: Final = ("28", "3D", "3F", "42501")
"""Authorisation, no such database or schema, privilege."""
_CORRUPT: Final = ("XX001", "XX002", "42P01", "42703")
"""Damaged pages and indexes; a table or column is missing."""
_CROWDED: Final = ("too many", "slots are reserved")
_BROKEN: Final = ("server closed", "could not receive", "could not send", "timeout")
"""Words of libpq about a connection that broke while it was made."""


class Postgresql:
    """`Product` on a server."""

    def __init__(self, url: URL, password: SecretStr | None, busy_seconds: float) -> None:
        """Nothing is opened yet."""
        engine = engine_of(url, password, lock_seconds=busy_seconds)
        self.writer: Engine = engine.execution_options(isolation_level="READ COMMITTED")
        self.reader: Engine = engine.execution_options(isolation_level="REPEATABLE READ")

    def stand_in_line(self, connection: Connection, line: Line) -> None:
        """See `Product`; the next statement sees what was committed while this one waited."""
        name = literal(line) if isinstance(line, str) else line.subquery().c[0]
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, _LINES))))

    def shut_out(self, connection: Connection, tables: Sequence[Table]) -> None:
        """See `Product`; a transaction of this kind may take long, and rest in between."""
        names = ", ".join(table.name for table in tables)
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE"))

    def version(self, connection: Connection) -> str:
        """See `Product`."""
        found = connection.execute(text("SHOW server_version")).scalar_one()
        return f"PostgreSQL {found.split()[0]}"

    def check_fit(self, connection: Connection) -> None:
        """See `Product`."""
        found = connection.execute(text("SHOW server_encoding")).scalar_one()
        if found != "UTF8":
            raise ConfigError("RECORDS_ENCODING", found=found)

    def known(self, error: BaseException) -> SohoaError | None:
        """See `Product`."""
        return known(error)


def engine_of(
    url: URL,
    password: SecretStr | None,
    *,
    lock_seconds: float,
    statement_ms: int = _STATEMENT_MS,
    pool: type[Pool] | None = None,
) -> Engine:
    """An engine on an address; nothing is opened yet.

    Args:
        url: without a password.
        password: None: what libpq finds itself (password file, certificate, peer).
        lock_seconds: longest wait for a lock; 0 does not wait, None means for ever.
        statement_ms: longest statement, and longest rest within a transaction; 0: no bound.
        pool: of SQLAlchemy, None for its usual one.

    Raises:
        ConfigError: `RECORDS_URL_PASSWORD`: an address is shown where a password must not be.
        MissingToolError: `RECORDS_DRIVER_MISSING`.
    """
    if url.password is not None or "password" in url.query:
        raise ConfigError("RECORDS_URL_PASSWORD", key="database.url")
    server = {
        **_OF_SERVER,
        "statement_timeout": statement_ms,
        "idle_in_transaction_session_timeout": statement_ms,
        "lock_timeout": max(1, round(lock_seconds * 1000)) if statement_ms else 0,
    }
    given = url.query.get("options", "")
    options = [given if isinstance(given, str) else " ".join(given)]
    options += [f"-c {name}={value}" for name, value in server.items()]
    arguments: dict[str, Any] = {
        "connect_timeout": _CONNECT_SECONDS,
        "application_name": "sohoa",
        "client_encoding": "utf8",
        **{name: value for name, value in _TO_SERVER.items() if name not in url.query},
        "options": " ".join(options).strip(),
    }
    if password is not None:
        arguments["password"] = password.get_secret_value()
    try:
        return create_engine(
            url.difference_update_query(["options"]),
            connect_args=arguments,
            poolclass=pool,
            pool_pre_ping=True,
            hide_parameters=True,
        )
    except ModuleNotFoundError as error:
        raise MissingToolError("RECORDS_DRIVER_MISSING", package="psycopg") from error


def known(error: BaseException) -> SohoaError | None:
    """A failure of psycopg as Sohoa's, None for a mistake of ours."""
    state = getattr(error, "sqlstate", None)
    if state is None:
        return _unanswered(error)
    if state == "53100":
        return ArchiveUnavailable("DISK_FULL")
    if state == "53300":
        return ArchiveUnavailable("RECORDS_CROWDED")
    if state == "25006":
        return ArchiveUnavailable("RECORDS_READ_ONLY")
    if state.startswith(_UNAVAILABLE):
        return ArchiveUnavailable("RECORDS_UNAVAILABLE")
    if state.startswith(_REFUSED):
        return ConfigError("RECORDS_REFUSED", key="database.url")
    if state.startswith(_CORRUPT):
        return ConfigError("RECORDS_CORRUPT")
    return None


def _unanswered(error: BaseException) -> SohoaError | None:
    """A connection that broke, or was not made: libpq tells no code of why.

    A server that asked for a password and then turned us away refuses who we are; all it says
    before that (starting, stopping, too many) passes.
    """
    from psycopg import InterfaceError, OperationalError  # noqa: PLC0415

    if not isinstance(error, InterfaceError | OperationalError):
        return None
    said = str(error)
    if any(words in said for words in _CROWDED):
        return ArchiveUnavailable("RECORDS_CROWDED")
    attempt = error.pgconn  # of an error while connecting only
    if attempt is None or any(words in said for words in _BROKEN):
        return ArchiveUnavailable("RECORDS_UNAVAILABLE")
    if attempt.used_password or attempt.needs_password or "pg_hba.conf" in said:
        return ConfigError("RECORDS_REFUSED", key="database.url")
    return ArchiveUnavailable("RECORDS_UNAVAILABLE")
