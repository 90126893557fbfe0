"""`casework.audit`: a sound archive passes; each kind of damage is named."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from casework.audit import AuditReport, audit
from pipeline.errors import ArchiveUnavailable, SearchUnavailable
from pipeline.models.split import PageCounts
from pipeline.stages.archiving import raw_index_key, sidecar_key
from storage.ledger_sealing import seal_finished_days
from storage.records import SqlRecords, open_records, sqlite_url
from tests.fakes.archived import (
    START,
    Papers,
    archive_batch,
    reference,
    start_batch,
    write_manifest,
)
from tests.fakes.clocks import StillClock
from tests.fakes.databases import blank_records
from tests.fakes.stores import FaultyStore, MemoryStore

FIRST = Papers("first")
SECOND = Papers("second", dossier="DEV-261122-0001", at=START + dt.timedelta(days=1))
KEPT = Papers("kept", pages=3, kept_file=True)
TOMORROW = START.date() + dt.timedelta(days=1)


@pytest.fixture(scope="module")
def archived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, MemoryStore]:
    path, store = tmp_path_factory.mktemp("archived") / "records.sqlite", MemoryStore()
    records = blank_records(path, StillClock(START))
    for papers in (FIRST, SECOND, KEPT):
        archive_batch(records, store, papers)
    seal_finished_days(records, store, TOMORROW)
    records.close()
    return path, store


@pytest.fixture
def store(archived: tuple[Path, MemoryStore]) -> MemoryStore:
    return archived[1].copy()


@pytest.fixture
def url(archived: tuple[Path, MemoryStore], tmp_path: Path) -> str:
    return sqlite_url(Path(shutil.copy(archived[0], tmp_path)))


@pytest.fixture
def records(url: str) -> Iterator[SqlRecords]:
    records = open_records(url, StillClock(START))
    yield records
    records.close()


def ids(records: SqlRecords) -> set[str]:
    return {c.component_id for c in records.components()}


def report(records: SqlRecords, store: MemoryStore) -> AuditReport:
    return audit(records, store, lambda: ids(records))


def codes(found: AuditReport) -> set[str]:
    return {finding.code for finding in found.findings}


def change(url: str, statement: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        assert connection.execute(text(statement)).rowcount > 0
    engine.dispose()


def first_key(records: SqlRecords) -> str:
    revision = records.components()[0].current
    assert revision is not None
    return revision.object_key


def test_a_sound_archive_passes(records: SqlRecords, store: MemoryStore) -> None:
    found = report(records, store)
    assert found.findings == ()
    assert found.ok
    counts = found.counts
    assert (counts.batches, counts.dossiers, counts.pages) == (3, 2, 11)
    assert (counts.components, counts.revisions, counts.manifests) == (5, 5, 3)
    assert (counts.raw_objects, counts.indexed, counts.sealed_days) == (6, 5, 1)
    assert counts.events == len(list(records.ledger()))


def test_an_empty_home_passes(tmp_path: Path) -> None:
    records = blank_records(tmp_path / "empty.sqlite", StillClock(START))
    assert report(records, MemoryStore()).ok
    records.close()


def test_lost_rotten_and_replaced_objects(records: SqlRecords, store: MemoryStore) -> None:
    key = first_key(records)
    for damage, code in ((store.lose, "OBJECT_LOST"), (store.rot, "OBJECT_CHANGED")):
        damaged = store.copy()
        getattr(damaged, damage.__name__)(key)
        found = report(records, damaged)
        assert code in codes(found)
        assert not found.ok
        assert found.findings[0].subjects["object_key"] == key
    store.plant(key, b"other bytes over a locked key")
    assert codes(report(records, store)) == {"OBJECT_REPLACED"}


def test_a_delete_marker_is_an_incident(records: SqlRecords, store: MemoryStore) -> None:
    component = records.components()[0]
    sealed = next(iter(store.list("ledger/"))).key
    for key in (first_key(records), raw_index_key(component.batch_id), sealed):
        marked = store.copy()
        marked.mark_deleted(key)
        found = report(records, marked)
        assert codes(found) == {"OBJECT_DELETED"}
        assert found.findings[0].subjects == {"object_key": key}
        assert not found.ok


@pytest.mark.parametrize("damage", ["lose", "rot"])
@pytest.mark.parametrize("what", ["SIDECAR", "MANIFEST", "RAW_INDEX", "RAW"])
def test_every_kind_of_object_is_read(
    records: SqlRecords, store: MemoryStore, what: str, damage: str
) -> None:
    component = records.components()[0]
    key = {
        "SIDECAR": sidecar_key("DEV", component.dossier_code, component.component_id),
        "MANIFEST": records.manifests("DEV", component.dossier_code)[-1].object_key,
        "RAW_INDEX": raw_index_key(component.batch_id),
        "RAW": f"raw/{component.batch_id}/source/000.pdf",
    }[what]
    getattr(store, damage)(key)
    expected = f"{what}_{'LOST' if damage == 'lose' else 'CHANGED'}"
    assert expected in codes(report(records, store))


def test_objects_that_nobody_knows(records: SqlRecords, store: MemoryStore) -> None:
    store.plant("dossiers/DEV/2026/DEV-261122-0001/009.0.Z_OTHER.pdf", b"stray")
    store.plant("raw/unknown/source/000.pdf", b"stray")
    found = report(records, store)
    assert [f.code for f in found.findings] == ["UNKNOWN_OBJECT"] * 2
    assert found.failures == 2


def test_text_that_nobody_knows(records: SqlRecords, store: MemoryStore) -> None:
    store.plant("text/DEV/DEV-261122-0001/stray.json.gz", b"stray")
    found = report(records, store)
    assert [(f.code, f.subjects["object_key"]) for f in found.findings] == [
        ("UNKNOWN_OBJECT", "text/DEV/DEV-261122-0001/stray.json.gz")
    ]
    assert not found.ok


def test_text_without_a_recorded_digest_is_an_incomplete_component(
    records: SqlRecords, store: MemoryStore, url: str
) -> None:
    change(url, "UPDATE components SET sidecar_sha256 = NULL WHERE nn = 1")
    found = report(records, store)
    assert codes(found) == {"COMPONENT_INCOMPLETE"}
    assert not found.ok


@pytest.mark.parametrize("dossier", ["DEV-261122-0001", None])
def test_a_batch_of_blank_pages_only_is_named_in_its_manifest(
    records: SqlRecords, store: MemoryStore, dossier: str | None
) -> None:
    blank = Papers("blank", pages=1, dossier=dossier)
    started = start_batch(records, store, blank)
    assert codes(report(records, store)) == {"UNFINISHED_OBJECT"}
    records.finish_batch(started.batch_id, [])
    found = report(records, store)
    expected = "BATCH_UNLISTED" if dossier else "MANIFEST_MISSING"
    assert codes(found) == {expected}
    assert not found.ok
    write_manifest(records, store, blank, records.batch_dossiers(started.batch_id)[0].dossier)
    assert report(records, store).findings == ()


def test_objects_of_a_batch_in_work_only_inform(records: SqlRecords, store: MemoryStore) -> None:
    start_batch(records, store, Papers("crashed", dossier="DEV-261122-0001"))
    found = audit(
        records, store, lambda: {c.component_id for c in records.components()} - crashed(records)
    )
    assert found.ok
    assert codes(found) == {"UNFINISHED_OBJECT"}


def crashed(records: SqlRecords) -> set[str]:
    last = list(records.batches())[-1].batch.batch_id
    return {c.component_id for c in records.components(batch_id=last)}


def test_pages_that_do_not_balance(records: SqlRecords, store: MemoryStore) -> None:
    batch = next(records.batches()).batch.batch_id
    records.put_counts(batch, [PageCounts(in_=5, kept=3, blank=1)])
    assert codes(report(records, store)) == {"BATCH_UNBALANCED"}
    records.put_counts(batch, [PageCounts(in_=5, kept=4, blank=1)])
    assert codes(report(records, store)) == {"BATCH_UNBALANCED", "RAW_PAGES_DIFFER"}


def test_a_page_in_two_components(records: SqlRecords, store: MemoryStore, url: str) -> None:
    change(url, "UPDATE components SET pages = '[0, 1]' WHERE nn = 1 AND pages = '[0]'")
    assert {"PAGE_DOUBLED", "BATCH_UNBALANCED", "MANIFEST_DIFFERS", "RAW_PAGES_DIFFER"} <= codes(
        report(records, store)
    )


@pytest.mark.parametrize(
    "statement, code",
    [
        ("UPDATE components SET code = 'M_HSBA' WHERE nn = 1", "MANIFEST_DIFFERS"),
        ("UPDATE components SET digitisation_code = NULL WHERE nn = 1", "COMPONENT_INCOMPLETE"),
        ("UPDATE revisions SET version_id = NULL", "COMPONENT_INCOMPLETE"),
        ("UPDATE revisions SET sha256 = substr(sha256, 2) || '0'", "OBJECT_CHANGED"),
        ("DELETE FROM manifests", "MANIFEST_MISSING"),
        ("UPDATE manifests SET version_id = NULL WHERE seq = 1", "MANIFEST_LOST"),
        (
            "UPDATE events SET document = replace(document, 'dev', 'eve') WHERE seq = 3",
            "LEDGER_EVENT_CHANGED",
        ),
        ("UPDATE events SET hash = 'f' || substr(hash, 2) WHERE seq = 4", "LEDGER_EVENT_CHANGED"),
        ("DELETE FROM events WHERE seq = 2", "LEDGER_EVENT_LOST"),
        ("DELETE FROM events WHERE seq > 4", "LEDGER_EVENT_LOST"),
        ("DELETE FROM events", "LEDGER_HEAD_UNKNOWN"),
    ],
)
def test_records_that_were_changed_behind_the_archive(
    records: SqlRecords, store: MemoryStore, url: str, statement: str, code: str
) -> None:
    change(url, statement)
    assert code in codes(report(records, store))


def test_a_chain_rewritten_whole_betrays_itself(
    records: SqlRecords, store: MemoryStore, url: str
) -> None:
    change(url, "UPDATE events SET seq = NULL, prev_hash = NULL, hash = NULL")
    change(url, "UPDATE events SET document = replace(document, '\"dev\"', '\"eve\"')")
    records.chain_events()
    assert codes(report(records, store)) == {"LEDGER_EVENT_CHANGED", "LEDGER_HEAD_UNKNOWN"}


@pytest.mark.parametrize("what", ["OBJECT", "SIDECAR", "MANIFEST"])
def test_records_and_archive_changed_together_do_not_agree_with_the_ledger(
    records: SqlRecords, store: MemoryStore, url: str, what: str
) -> None:
    component = records.components()[0]
    manifest = records.manifests("DEV", component.dossier_code)[-1]
    assert component.current is not None
    key, old, statement = {
        "OBJECT": (
            component.current.object_key,
            component.current.sha256,
            "UPDATE revisions SET sha256 = '{new}', version_id = '{new}' WHERE sha256 = '{old}'",
        ),
        "SIDECAR": (
            sidecar_key("DEV", component.dossier_code, component.component_id),
            str(component.sidecar_sha256),
            "UPDATE components SET sidecar_sha256 = '{new}' WHERE sidecar_sha256 = '{old}'",
        ),
        "MANIFEST": (
            manifest.object_key,
            str(manifest.sha256),
            "UPDATE manifests SET sha256 = '{new}', version_id = '{new}' WHERE sha256 = '{old}'",
        ),
    }[what]
    with store.open(key) as stream:
        forged = stream.read() + b" "
    store.plant(key, forged)
    change(url, statement.format(new=reference(forged).sha256, old=old))
    found = report(records, store)
    assert "LEDGER_ENTRY_MISSING" in codes(found)
    assert not found.ok


def test_a_signature_that_only_the_manifest_knows(
    records: SqlRecords, store: MemoryStore, url: str
) -> None:
    change(url, "UPDATE revisions SET signature = json('null') WHERE signature <> json('null')")
    assert codes(report(records, store)) == {"MANIFEST_DIFFERS"}


def test_a_rotten_seal(records: SqlRecords, store: MemoryStore) -> None:
    store.rot(f"ledger/{START.date().isoformat()}.json")
    assert codes(report(records, store)) == {"LEDGER_SEAL_BROKEN"}


def test_the_index_is_compared(records: SqlRecords, store: MemoryStore) -> None:
    known = sorted(ids(records))
    found = audit(records, store, lambda: [*known[1:], "stray"])
    assert [(f.code, f.subjects) for f in found.findings] == [
        ("INDEX_MISSING", {"component_id": known[0]}),
        ("INDEX_STRAY", {"component_id": "stray"}),
    ]


def test_an_index_that_is_down_is_a_finding(records: SqlRecords, store: MemoryStore) -> None:
    def down() -> set[str]:
        raise SearchUnavailable

    assert codes(audit(records, store, down)) == {"INDEX_UNAVAILABLE"}


def test_an_archive_that_is_down_proves_nothing(records: SqlRecords, store: MemoryStore) -> None:
    with pytest.raises(ArchiveUnavailable):
        audit(records, FaultyStore(store, down=True), lambda: ids(records))


def test_many_failures_are_counted_and_not_all_listed(
    records: SqlRecords, store: MemoryStore
) -> None:
    for number in range(1200):
        store.plant(f"raw/x/{number}", b"stray")
    found = report(records, store)
    assert len(found.findings) == 1000
    assert found.failures == 1200
