"""Empty records without the cost of migrating each time: a file, or a database on a server."""

from __future__ import annotations

import contextlib
import functools
import os
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import URL, create_engine, make_url, text
from sqlalchemy.pool import NullPool

from pipeline.ports.runtime import Clock
from storage.records import SqlRecords, open_records, sqlite_url, upgrade
from storage.records.schema import metadata

URL_VARIABLE = "SOHOA_DATABASE__URL"
PASSWORD_VARIABLE = "SOHOA_DATABASE__PASSWORD"


@dataclass(frozen=True, slots=True)
class Place:
    """Where records are: what `open_records` needs; may be handed to another process."""

    url: str
    password: SecretStr | None = None
    maker: Place | None = None
    """Who may make databases for this user; None: the user itself."""

    def open(self, clock: Clock, *, busy_seconds: float = 30.0) -> SqlRecords:
        """The records; the caller closes them."""
        return open_records(self.url, clock, password=self.password, busy_seconds=busy_seconds)

    def named(self, database: str) -> Place:
        """Another database of the same server."""
        url = make_url(self.url).set(database=database)
        return Place(url.render_as_string(hide_password=False), self.password)

    def through(self, host: str, port: int) -> Place:
        """The same database at another address."""
        url = make_url(self.url).set(host=host, port=port)
        return Place(url.render_as_string(hide_password=False), self.password)

    def run(self, *statements: str) -> list[tuple[object, ...]]:
        """Run statements one by one, each by itself; the rows of the last."""
        url: URL = make_url(self.url)
        if self.password is not None:
            url = url.set(password=self.password.get_secret_value())
        engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                result = connection.execute(text(statement))
            rows = [tuple(row) for row in result] if result.returns_rows else []
        engine.dispose()
        return rows

    def clear(self) -> None:
        """Empty the tables of a server's database: far cheaper than a new one."""
        names = ", ".join(metadata.tables)
        self.run(f"TRUNCATE {names} RESTART IDENTITY CASCADE")


@functools.cache
def _blank() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "blank.sqlite"
        upgrade(sqlite_url(path))
        return path.read_bytes()


def blank_file(path: Path) -> Place:
    """Migrated, empty records in a new file."""
    path.write_bytes(_blank())
    return Place(sqlite_url(path))


def blank_records(path: Path, clock: Clock, *, busy_seconds: float = 30.0) -> SqlRecords:
    """Migrated, empty records in a new file; the caller closes them."""
    return blank_file(path).open(clock, busy_seconds=busy_seconds)


# -- PostgreSQL -----------------------------------------------------------------------------


def server(request: pytest.FixtureRequest) -> Place:
    """The PostgreSQL server of the test services. Skips where the services are not up."""
    try:
        service: Any = request.getfixturevalue("postgres_service")
    except pytest.FixtureLookupError:
        url = os.environ.get(URL_VARIABLE, "")
        if not url.startswith("postgresql+psycopg:"):
            pytest.skip(f"no PostgreSQL server: {URL_VARIABLE} is not set (bin/services start)")
        password = os.environ.get(PASSWORD_VARIABLE)
        return Place(url, SecretStr(password) if password else None)
    admin = make_url(service.admin_url).set(drivername="postgresql+psycopg")
    return Place(
        service.url,
        SecretStr(service.password),
        Place(
            admin._replace(password=None).render_as_string(),
            SecretStr(str(admin.password)),
        ),
    )


@contextlib.contextmanager
def empty_database(at: Place, options: str = "") -> Iterator[Place]:
    """A new database, dropped afterwards, whoever still uses it."""
    name, maker = f"sohoa_test_{uuid.uuid4().hex[:16]}", at.maker or at
    maker.run(f"CREATE DATABASE {name} OWNER {make_url(at.url).username} {options}")
    try:
        yield at.named(name)
    finally:
        maker.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@contextlib.contextmanager
def blank_database(at: Place) -> Iterator[Place]:
    """Migrated, empty records in a new database; `Place.clear` empties it for the next test."""
    with empty_database(at) as place:
        upgrade(place.url, place.password)
        yield place
