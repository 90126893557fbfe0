"""Bringing a database to the newest revision of the tables.

`open_records` is what a command calls: it makes an empty database usable and costs one look at
the version table where nothing is to be done. May not come in: the revisions themselves.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from pipeline.errors import ConfigError
from pipeline.ports.runtime import Clock
from storage.records.database import BUSY_SECONDS, Database
from storage.records.schema import HEAD
from storage.records.store import SqlRecords

_MIGRATIONS = Path(__file__).parent / "migrations"


def open_records(url: str, clock: Clock, *, busy_seconds: float = BUSY_SECONDS) -> SqlRecords:
    """The records at a URL, brought up to date first.

    Raises:
        ArchiveUnavailable, ConfigError: see `Database` and `upgrade`.
    """
    database = Database(url, busy_seconds=busy_seconds)
    if _revision_of(database) != HEAD:
        _upgrade(database)
    return SqlRecords(database, clock)


def needs_upgrade(url: str) -> bool:
    """True where the tables are missing or not of this release.

    Raises:
        ArchiveUnavailable, ConfigError: see `Database`.
    """
    database = Database(url)
    try:
        return _revision_of(database) != HEAD
    finally:
        database.close()


def upgrade(url: str) -> None:
    """Migrate to the newest revision in one transaction; several processes may try at once.

    Raises:
        ConfigError: `RECORDS_OUTDATED` where a later release wrote the tables.
        ArchiveUnavailable, ConfigError: see `Database`.
    """
    database = Database(url)
    try:
        _upgrade(database)
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
    with database.write() as connection:
        if _revision(connection) == HEAD:
            return
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise ConfigError("RECORDS_OUTDATED", key="database.url") from error
