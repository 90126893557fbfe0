"""Transactions on a database, whichever product it is; the products are `sqlite`, `postgresql`.

A writing transaction stands in a line (`lines`): what it reads stays true until it commits. May
not come in: tables, what one product alone knows.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from json import JSONDecodeError
from typing import Any, Protocol, cast

from pydantic import SecretStr, ValidationError
from sqlalchemy import Connection, Engine, Table
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from pipeline.errors import ArchiveUnavailable, ConfigError, SohoaError
from storage.records.lines import Line

BUSY_SECONDS = 30.0
"""How long a writer waits for another before it gives up."""


class Product(Protocol):
    """What differs between database products."""

    reader: Engine
    """Begins transactions whose answers are all of the same moment."""
    writer: Engine
    """Begins transactions that write."""

    def stand_in_line(self, connection: Connection, line: Line) -> None:
        """Wait until no other transaction stands in this line; held until the end."""
        ...

    def shut_out(self, connection: Connection, tables: Sequence[Table]) -> None:
        """Let nobody else write to these tables until the end."""
        ...

    def version(self, connection: Connection) -> str:
        """Name and version, e.g. `PostgreSQL 15.8`."""
        ...

    def check_fit(self, connection: Connection) -> None:
        """Refuse a database that cannot hold the records.

        Raises:
            ConfigError: `RECORDS_ENCODING`.
        """
        ...

    def known(self, error: BaseException) -> SohoaError | None:
        """A failure of the driver as Sohoa's, None for a mistake of ours."""
        ...


class Database:
    """Transactions on one database; connections are pooled and may be used from threads.

    Raises (all methods): ArchiveUnavailable `RECORDS_UNAVAILABLE` (busy, stopped, not reachable),
    `RECORDS_CROWDED`, `RECORDS_READ_ONLY` or `DISK_FULL`; ConfigError `RECORDS_CORRUPT` or
    `RECORDS_REFUSED`.
    """

    def __init__(
        self, url: str, password: SecretStr | None = None, *, busy_seconds: float = BUSY_SECONDS
    ) -> None:
        """Bind to a database; nothing is opened yet.

        Raises:
            ConfigError: `RECORDS_URL_UNKNOWN` for an unknown product, `RECORDS_URL_PASSWORD`.
            MissingToolError: `RECORDS_DRIVER_MISSING`.
        """
        self._product = _product(url, password, busy_seconds)

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """One reading transaction: all its answers are of the same moment."""
        with self._mapped(), self._product.reader.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def write(self, line: Line) -> Iterator[Connection]:
        """One writing transaction, alone in its line; committed at the end, or rolled back."""
        with self._mapped(), self._product.writer.begin() as connection:
            self._product.stand_in_line(connection, line)
            yield connection

    def stand_in_line(self, connection: Connection, line: Line) -> None:
        """Wait in a further line, within a writing transaction; always in the same order."""
        self._product.stand_in_line(connection, line)

    @contextlib.contextmanager
    def write_beside(self) -> Iterator[Connection]:
        """One writing transaction in no line: for rows that depend on no others."""
        with self._mapped(), self._product.writer.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def write_alone(self, tables: Sequence[Table]) -> Iterator[Connection]:
        """One writing transaction that keeps all others from writing to these tables."""
        with self._mapped(), self._product.writer.begin() as connection:
            self._product.shut_out(connection, tables)
            yield connection

    def version(self) -> str:
        """Name and version of the product."""
        with self.read() as connection:
            return self._product.version(connection)

    def check_fit(self, connection: Connection) -> None:
        """See `Product.check_fit`."""
        self._product.check_fit(connection)

    def close(self) -> None:
        """Give the connections back."""
        self._product.writer.dispose()

    @contextlib.contextmanager
    def _mapped(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            known = self._product.known(error.orig) if error.orig is not None else None
            if known is None:
                raise
            raise known from error
        except PoolTimeout as error:
            raise ArchiveUnavailable("RECORDS_CROWDED") from error
        except (ValidationError, JSONDecodeError) as error:
            raise ConfigError("RECORDS_CORRUPT") from error


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows; one whose unique column is known, or being written elsewhere, is left out."""
    if rows:
        connection.execute(insert_or(connection, table).on_conflict_do_nothing(), rows)


def insert_or(connection: Connection, table: Table) -> sqlite_dialect.Insert:
    """An `INSERT` with `ON CONFLICT`, which all products have and spell alike."""
    if connection.dialect.name == "sqlite":
        return sqlite_dialect.insert(table)
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415

    return cast(sqlite_dialect.Insert, postgresql.insert(table))


def _product(url: str, password: SecretStr | None, busy_seconds: float) -> Product:
    # Each product is loaded where it is used: the embedded one needs no driver but Python's.
    try:
        address = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise ConfigError("RECORDS_URL_UNKNOWN", key="database.url") from error
    if address.drivername == "sqlite":
        from storage.records.sqlite import Sqlite  # noqa: PLC0415

        return Sqlite(address, busy_seconds)
    if address.drivername == "postgresql+psycopg":
        from storage.records.postgresql import Postgresql  # noqa: PLC0415

        return Postgresql(address, password, busy_seconds)
    raise ConfigError("RECORDS_URL_UNKNOWN", key="database.url")
