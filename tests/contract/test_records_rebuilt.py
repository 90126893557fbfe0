"""Records of every product: tables as in the code, filled by a rebuild, found right by audit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from casework.audit import audit
from pipeline.errors import WorkflowError
from storage.rebuild import rebuild_records
from storage.records import SqlRecords
from storage.records.schema import metadata
from tests.fakes.archived import ACTOR, START, Papers, archive_batch
from tests.fakes.clocks import StillClock
from tests.fakes.databases import Place, blank_records
from tests.fakes.stores import MemoryStore


@pytest.fixture
def records(place: Place) -> Iterator[SqlRecords]:
    records = place.open(StillClock(START))
    yield records
    records.close()


def test_the_migrated_tables_are_the_tables_of_the_code(records: SqlRecords) -> None:
    with records._database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_a_rebuild_fills_empty_records_once(records: SqlRecords, tmp_path: Path) -> None:
    store = MemoryStore()
    before = blank_records(tmp_path / "before.sqlite", StillClock(START))
    for papers in (Papers("a"), Papers("b", dossier="HS 1/Đ"), Papers("c", dossier="HS 1/Đ")):
        archive_batch(before, store, papers)
    report = rebuild_records(store, records, actor=ACTOR, at=START)
    assert (report.ok, report.batches, report.dossiers) == (True, 3, 2)
    assert records.components() == before.components()
    assert {d.code for d in records.dossiers()} == {d.code for d in before.dossiers()}
    expected = {c.component_id for c in records.components()}
    found = audit(records, store, lambda: expected)
    assert found.ok, found.findings
    with pytest.raises(WorkflowError) as filled:
        rebuild_records(store, records, actor=ACTOR, at=START)
    assert filled.value.code == "RECORDS_NOT_EMPTY"
    archive_batch(records, store, Papers("d", dossier="HS 1/Đ"))
    numbers = [c.nn for c in records.components(unit="DEV", dossier_code="HS 1/Đ")]
    assert len(set(numbers)) == len(numbers)
    before.close()
