"""Migrations: one history, equal to the tables that the code uses, run by whoever comes first."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

import storage.records.migrations
from pipeline.errors import ConfigError
from pipeline.models.keeping import Keeping
from storage.records import needs_upgrade, open_records, sqlite_url, upgrade
from storage.records.schema import HEAD, metadata
from tests.fakes.archived import START
from tests.fakes.clocks import StillClock


@pytest.fixture
def url(tmp_path: Path) -> str:
    return sqlite_url(tmp_path / "records.sqlite")


def test_the_migrated_tables_are_the_tables_of_the_code(url: str, tmp_path: Path) -> None:
    upgrade(url)
    migrated, declared = create_engine(url), create_engine(sqlite_url(tmp_path / "other.sqlite"))
    metadata.create_all(declared)
    with migrated.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    left, right = inspect(migrated), inspect(declared)
    for table in metadata.tables:
        for look in ("get_columns", "get_indexes", "get_foreign_keys", "get_unique_constraints"):
            mine, theirs = (
                sorted(map(_plain, getattr(each, look)(table))) for each in (left, right)
            )
            assert mine == theirs, (table, look)
        assert (
            left.get_pk_constraint(table)["constrained_columns"]
            == right.get_pk_constraint(table)["constrained_columns"]
        )
    migrated.dispose()
    declared.dispose()


def _plain(found: dict[str, Any]) -> str:
    return repr(sorted((name, str(value)) for name, value in found.items()))


def test_the_code_names_the_newest_revision() -> None:
    config = Config()
    folder = Path(storage.records.migrations.__file__).parent
    config.set_main_option("script_location", str(folder))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_every_row_has_its_unit() -> None:
    for table in metadata.tables.values():
        assert not table.c.unit.nullable, table.name


def test_the_tables_are_valid_for_postgresql() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    for table in metadata.sorted_tables:
        statement = str(CreateTable(table).compile(dialect=dialect))
        assert "AUTOINCREMENT" not in statement


def test_an_empty_home_needs_one_upgrade(url: str) -> None:
    assert needs_upgrade(url)
    upgrade(url)
    assert not needs_upgrade(url)
    upgrade(url)
    open_records(url, StillClock(START)).close()


def test_dossiers_of_the_first_tables_are_kept_as_they_were(url: str) -> None:
    config = Config()
    folder = Path(storage.records.migrations.__file__).parent
    config.set_main_option("script_location", str(folder))
    engine = create_engine(url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            text(
                "INSERT INTO dossiers (unit, code, year, channel, stage, created_at)"
                " VALUES ('DEV', 'HS-1', 2026, 'desk', 'RECEIVED', '2026-11-22 03:00:00')"
            )
        )
    engine.dispose()
    assert needs_upgrade(url)
    records = open_records(url, StillClock(START))
    assert records.dossier("HS-1").keeping == Keeping()
    records.close()


def test_tables_of_a_later_release_are_left_alone(url: str) -> None:
    upgrade(url)
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert needs_upgrade(url)
    with pytest.raises(ConfigError) as outdated:
        open_records(url, StillClock(START))
    assert outdated.value.code == "RECORDS_OUTDATED"
    with engine.begin() as connection:
        assert connection.execute(text("SELECT * FROM alembic_version")).scalar() == "9999"
    engine.dispose()


def test_a_start_without_work_does_not_load_alembic(url: str) -> None:
    upgrade(url)
    program = (
        "import sys\n"
        "from storage.records import open_records\n"
        "open_records(sys.argv[1], None).close()\n"
        "assert 'alembic' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program, url], check=True, cwd=Path.cwd())


def _open(url: str, start: Any) -> None:
    start.wait()
    records = open_records(url, StillClock(START))
    assert list(records.batches()) == []
    records.close()


def test_processes_that_find_an_empty_home_at_once(url: str) -> None:
    context = multiprocessing.get_context("fork")
    start = context.Barrier(4)
    workers = [context.Process(target=_open, args=(url, start)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert not needs_upgrade(url)
