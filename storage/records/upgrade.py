"""Bringing a database to the newest revision of the tables.

`open_records` is what a command calls: it makes an empty database usable and costs one look at
the version table where nothing is to be done. May not come in: the revisions themselves.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import Connection, inspect, text

from pipeline.errors import ConfigError
from pipeline.ports.runtime import Clock
from storage.records.database import BUSY_SECONDS, Database
from storage.records.lines import MIGRATING
from storage.records.schema import HEAD
from storage.records.store import SqlRecords

_MIGRATIONS = Path(__file__).parent / "migrations"


@dataclass(frozen=True, slots=True)
class Look:
    """What a database says of itself."""

    product: str
    """Name and version, e.g. `PostgreSQL 15.8`."""
    revision: str | None
    """Of the tables; None where there are none."""


def open_records(
    url: str,
    clock: Clock,
    *,
    password: SecretStr | None = None,
    busy_seconds: float = BUSY_SECONDS,
) -> SqlRecords:
    """The records at a URL, brought up to date first.

    Raises:
        ArchiveUnavailable, ConfigError, MissingToolError: see `Database` and `upgrade`.
    """
    database = Database(url, password, busy_seconds=busy_seconds)
    if _revision_of(database) != HEAD:
        _upgrade(database)
    return SqlRecords(database, clock)


def look(url: str, password: SecretStr | None = None) -> Look:
    """Which database there is, and with which tables; changes nothing.

    Raises:
        ArchiveUnavailable, ConfigError, MissingToolError: see `Database`.
    """
    with _opened(url, password) as database:
        return Look(product=database.version(), revision=_revision_of(database))


def needs_upgrade(url: str, password: SecretStr | None = None) -> bool:
    """True where the tables are missing or not of this release.

    Raises:
        ArchiveUnavailable, ConfigError, MissingToolError: see `Database`.
    """
    with _opened(url, password) as database:
        return _revision_of(database) != HEAD


def upgrade(url: str, password: SecretStr | None = None) -> None:
    """Migrate to the newest revision in one transaction; several processes may try at once.

    Raises:
        ConfigError: `RECORDS_OUTDATED` where a later release wrote the tables.
        ArchiveUnavailable, ConfigError, MissingToolError: see `Database`.
    """
    with _opened(url, password) as database:
        _upgrade(database)


@contextlib.contextmanager
def _opened(url: str, password: SecretStr | None) -> Iterator[Database]:
    database = Database(url, password)
    try:
        yield database
    finally:
        database.close()


def _revision_of(database: Database) -> str | None:
    with database.read() as connection:
        return _revision(connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def _upgrade(database: Database) -> None:
    # Alembic is loaded only where there is something to migrate: it costs every start 0.15 s.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    with database.write(MIGRATING) as connection:
        if _revision(connection) == HEAD:
            return
        database.check_fit(connection)
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise ConfigError("RECORDS_OUTDATED", key="database.url") from error
