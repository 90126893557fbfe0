"""Records from the archive alone."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from casework.audit import audit
from pipeline.errors import ArchiveUnavailable, WorkflowError
from pipeline.ids import review_id
from pipeline.models.actors import Actor, Role
from pipeline.models.batch import BatchState
from pipeline.models.events import Event
from pipeline.models.files import SourceKind
from pipeline.models.manifest import Manifest
from pipeline.models.review import Answer, AnswerKind, ReviewItem, ReviewKind
from pipeline.ports.records import DossierWish
from pipeline.stages.archiving import canonical, raw_index_key, sidecar_key
from storage.ledger_sealing import seal_finished_days
from storage.ledger_standing import ledger_state
from storage.rebuild import NOT_IN_ARCHIVE, rebuild_records
from storage.records import SqlRecords
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

AUDITOR = Actor(id="admin", role=Role.ADMINISTRATOR, unit="DEV")
NOW = START + dt.timedelta(days=2)
FIRST = Papers("first")
SECOND = Papers("second", dossier="DEV-261122-0001", at=START + dt.timedelta(hours=1))
KEPT = Papers("kept", pages=3, kept_file=True, dossier="HS 7/Đ")
WISH = DossierWish(None, None, None, START, "{unit}-{yymmdd}-{n:04d}")


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def before(tmp_path: Path, store: MemoryStore) -> Iterator[SqlRecords]:
    records = blank_records(tmp_path / "before.sqlite", StillClock(START))
    for papers in (FIRST, SECOND, KEPT):
        archive_batch(records, store, papers)
    yield records
    records.close()


@pytest.fixture
def after(tmp_path: Path) -> Iterator[SqlRecords]:
    records = blank_records(tmp_path / "after.sqlite", StillClock(NOW))
    yield records
    records.close()


def seal(records: SqlRecords, store: MemoryStore) -> None:
    seal_finished_days(records, store, START.date() + dt.timedelta(days=1))


def test_what_was_archived_comes_back(
    before: SqlRecords, after: SqlRecords, store: MemoryStore
) -> None:
    seal(before, store)
    report = rebuild_records(store, after, actor=AUDITOR, at=NOW)
    assert report.ok
    assert (report.batches, report.dossiers, report.components, report.manifests) == (3, 2, 5, 3)
    assert report.sealed_until == START.date()
    assert report.not_restored == NOT_IN_ARCHIVE
    assert after.components() == before.components()
    assert {d.code: d for d in after.dossiers()} == {d.code: d for d in before.dossiers()}
    for code in ("DEV-261122-0001", "HS 7/Đ"):
        assert after.manifests("DEV", code) == before.manifests("DEV", code)
        assert after.dossier_batches("DEV", code) == before.dossier_batches("DEV", code)
    assert list(after.ledger()) == list(before.ledger())
    for expected in before.batches():
        found = after.batch(expected.batch.batch_id)
        assert found.state is BatchState.ARCHIVED
        assert found.batch == expected.batch
        assert after.batches_of_sources("DEV", expected.batch.digests) == (found,)
    kept = next(b.batch for b in after.batches() if b.batch.source == "kept.pdf")
    assert kept.sources[0].kind is SourceKind.PDF_SIGNED


def test_what_came_back_passes_the_audit(
    before: SqlRecords, after: SqlRecords, store: MemoryStore
) -> None:
    seal(before, store)
    rebuild_records(store, after, actor=AUDITOR, at=NOW)
    found = audit(after, store, lambda: {c.component_id for c in before.components()})
    assert found.findings == ()
    revision = before.components()[0].current
    assert revision is not None
    assert ledger_state(after, store)(revision.sha256) == "anchored"


def test_work_goes_on_where_it_stopped(
    before: SqlRecords, after: SqlRecords, store: MemoryStore
) -> None:
    seal(before, store)
    rebuild_records(store, after, actor=AUDITOR, at=NOW)
    third = Papers("third", dossier="DEV-261122-0001", at=NOW)
    fourth = Papers("fourth", at=START)
    start_batch(after, store, FIRST)
    for papers in (third, fourth):
        archive_batch(after, store, papers)
    components = after.components(unit="DEV", dossier_code="DEV-261122-0001")
    assert [c.nn for c in components] == [1, 2, 3, 4, 5, 6]
    codes = [c.digitisation_code for c in after.components()]
    assert len(set(codes)) == len(codes) == 9
    assert [m.seq for m in after.manifests("DEV", "DEV-261122-0001")] == [1, 2, 3]
    assert after.dossier("DEV-261122-0002").code
    assert audit(after, store, lambda: {c.component_id for c in after.components()}).ok


def test_events_after_the_last_seal_are_lost_and_named(
    before: SqlRecords, after: SqlRecords, store: MemoryStore
) -> None:
    report = rebuild_records(store, after, actor=AUDITOR, at=NOW)
    assert (report.events, report.sealed_until, report.lost_heads) == (0, None, 3)
    links = list(after.ledger())
    assert {link.event.action for link in links} == {"ledger.head_lost", "archive.recovered"}
    assert {link.event.actor for link in links} == {AUDITOR}
    found = audit(after, store, lambda: {c.component_id for c in after.components()})
    assert found.ok
    assert [f.code for f in found.findings] == ["LEDGER_HEAD_LOST"] * 3
    assert {b.batch.actor.id for b in after.batches()} == {"dev"}
    state = ledger_state(after, store)
    assert {state(r.sha256) for c in after.components() for r in c.revisions} == {"pending"}
    seal_finished_days(after, store, NOW.date() + dt.timedelta(days=2))
    state = ledger_state(after, store)
    assert {state(r.sha256) for c in after.components() for r in c.revisions} == {"anchored"}


def test_an_earlier_manifest_does_not_say_who_handed_in(
    before: SqlRecords, after: SqlRecords, store: MemoryStore
) -> None:
    for code in ("DEV-261122-0001", "HS 7/Đ"):
        for written in before.manifests("DEV", code):
            with store.open(written.object_key) as stream:
                document = json.loads(stream.read())
            for batch in document["batches"]:
                for name in ("actor", "terms", "refused_files", "questions"):
                    del batch[name]
            store.plant(written.object_key, json.dumps(document).encode())
    assert rebuild_records(store, after, actor=AUDITOR, at=NOW).ok
    assert {b.batch.actor.id for b in after.batches()} == {"unknown"}
    assert {b.batch.terms.procedure for b in after.batches()} == {"P1"}


def test_open_questions_about_fields_are_asked_again(
    before: SqlRecords, after: SqlRecords, store: MemoryStore
) -> None:
    rebuild_records(store, after, actor=AUDITOR, at=NOW)
    asked = after.reviews(open_only=True)
    assert [(r.item.kind, r.item.field, r.item.reason) for r in asked] == [
        (ReviewKind.FIELD, "phone", "MISSING")
    ] * len(after.components())
    assert {r.item.component_id for r in asked} == {c.component_id for c in after.components()}
    one = asked[0].item
    assert one.review_id == review_id(one.batch_id, "FIELD", one.component_id, "phone")
    assert after.review(one.review_id[:16]).item == one


def test_other_open_questions_come_back_unless_the_ledger_tells_of_an_answer(
    before: SqlRecords, after: SqlRecords, store: MemoryStore
) -> None:
    fourth = start_batch(before, store, Papers("fourth", dossier="HS 4"))
    items = [
        ReviewItem(
            review_id=review_id(fourth.batch_id, "QUALITY", page),
            batch_id=fourth.batch_id,
            kind=ReviewKind.QUALITY,
            reason="SKEW",
            page=page,
        )
        for page in (0, 1)
    ]
    before.put_reviews(fourth.batch_id, items, [ReviewKind.QUALITY.value])
    write_manifest(before, store, Papers("fourth", dossier="HS 4"), before.dossier("HS 4"))
    before.finish_batch(fourth.batch_id, [])
    told = Event(
        event_id="answered",
        at=START,
        actor=AUDITOR,
        action="review.answered",
        subjects={"batch_id": fourth.batch_id, "review_id": items[0].review_id},
    )
    answer = Answer(kind=AnswerKind.ACCEPT, actor="admin", at=START)
    before.answer(items[0].review_id, answer, [told])
    seal(before, store)
    rebuild_records(store, after, actor=AUDITOR, at=NOW)
    asked = [r.item for r in after.reviews(batch_id=fourth.batch_id, open_only=True)]
    assert [item for item in asked if item.kind is ReviewKind.QUALITY] == items[1:]


def test_a_sidecar_that_cannot_be_read_is_reported(
    before: SqlRecords, after: SqlRecords, store: MemoryStore
) -> None:
    key = sidecar_key("DEV", "HS 7/Đ", before.components(dossier_code="HS 7/Đ")[0].component_id)
    store.put(key, reference(b"rot"), io.BytesIO(b"rot"), locked=False)
    report = rebuild_records(store, after, actor=AUDITOR, at=NOW)
    assert [(p.code, p.object_key) for p in report.problems] == [("SIDECAR_UNREADABLE", key)]
    assert report.components == 5


def test_what_the_seals_do_not_tell_of_is_told_anew(
    before: SqlRecords, after: SqlRecords, store: MemoryStore
) -> None:
    seal(before, store)
    key = sidecar_key("DEV", "HS 7/Đ", before.components(dossier_code="HS 7/Đ")[0].component_id)
    newer = b"confirmed after the last seal"
    store.put(key, reference(newer), io.BytesIO(newer), locked=False)
    rebuild_records(store, after, actor=AUDITOR, at=NOW)
    told = list(after.ledger())[-1].event
    assert (told.action, told.hashes) == ("archive.recovered", {"sidecar": reference(newer).sha256})
    assert audit(after, store, lambda: {c.component_id for c in after.components()}).ok


def test_numbers_of_files_without_a_manifest_are_not_given_again(
    before: SqlRecords, after: SqlRecords, store: MemoryStore
) -> None:
    start_batch(before, store, Papers("open", dossier="HS 7/Đ"))
    start_batch(before, store, Papers("new", dossier="HS 8"))
    rebuild_records(store, after, actor=AUDITOR, at=NOW)
    other = Papers("other", dossier="HS 7/Đ")
    archive_batch(after, store, other)
    archive_batch(after, store, Papers("newer", dossier="HS 8"))
    assert [c.nn for c in after.components(dossier_code="HS 7/Đ")] == [1, 4, 5]
    assert [c.nn for c in after.components(dossier_code="HS 8")] == [3, 4]


def test_a_batch_in_work_does_not_come_back(
    before: SqlRecords, after: SqlRecords, store: MemoryStore
) -> None:
    start_batch(before, store, Papers("open"))
    assert rebuild_records(store, after, actor=AUDITOR, at=NOW).batches == 3


def test_a_batch_without_components_comes_back_from_an_earlier_manifest(
    before: SqlRecords, after: SqlRecords, store: MemoryStore
) -> None:
    blank = archive_batch(before, store, Papers("blank", pages=1, dossier="DEV-261122-0001"))
    archive_batch(before, store, Papers("third", dossier="DEV-261122-0001"))
    newest = before.manifests("DEV", "DEV-261122-0001")[-1].object_key
    forget(store, newest, blank.batch_id)
    seal(before, store)
    report = rebuild_records(store, after, actor=AUDITOR, at=NOW)
    assert report.ok
    assert (report.batches, report.components, report.manifests) == (5, 7, 5)
    assert after.batch(blank.batch_id).batch == blank
    assert set(after.dossier_batches("DEV", "DEV-261122-0001")) == set(
        before.dossier_batches("DEV", "DEV-261122-0001")
    )
    writers = [
        [m.batch_id for m in records.manifests("DEV", "DEV-261122-0001")]
        for records in (before, after)
    ]
    assert writers[0] == writers[1]
    found = audit(after, store, lambda: {c.component_id for c in after.components()})
    assert [f.code for f in found.findings] == ["BATCH_UNLISTED"]


def forget(store: MemoryStore, key: str, batch_id: str) -> None:
    """The manifest as an earlier version wrote it: without a batch that has no components."""
    with store.open(key) as stream:
        manifest = Manifest.model_validate_json(stream.read())
    batches = tuple(b for b in manifest.batches if b.batch_id != batch_id)
    store.plant(key, canonical(manifest.model_copy(update={"batches": batches})))


def test_the_declared_type_comes_back(
    before: SqlRecords, after: SqlRecords, store: MemoryStore
) -> None:
    declared = archive_batch(before, store, Papers("declared", as_code="F_14_HSB"))
    assert rebuild_records(store, after, actor=AUDITOR, at=NOW).ok
    assert {b.batch.terms.as_code for b in after.batches()} == {None, "F_14_HSB"}
    (found,) = after.batches_of_sources("DEV", declared.digests)
    assert found.batch.terms.as_code == "F_14_HSB"


def test_a_batch_may_have_written_twice(
    before: SqlRecords, after: SqlRecords, store: MemoryStore
) -> None:
    dossier = before.dossier("DEV-261122-0001")
    overtaken = before.manifests("DEV", dossier.code)[0]
    again = before.allocate_manifest(overtaken.batch_id, "DEV", dossier.code, after=overtaken.seq)
    write_manifest(before, store, FIRST, dossier)
    seal(before, store)
    assert rebuild_records(store, after, actor=AUDITOR, at=NOW).ok
    found = after.manifests("DEV", dossier.code)
    assert [m.seq for m in found] == [1, 2, again.seq]
    assert [m.sha256 for m in found] == [m.sha256 for m in before.manifests("DEV", dossier.code)]


@pytest.mark.parametrize(
    "place",
    [
        "dossiers/DEV/2026/DEV-261122-0009/manifest/000001.json",
        "dossiers/DEV/2026/DEV-261122-0001/manifest/000009.json",
    ],
)
def test_a_manifest_out_of_place_is_reported_and_not_used(
    before: SqlRecords, after: SqlRecords, store: MemoryStore, place: str
) -> None:
    seal(before, store)
    with store.open(before.manifests("DEV", "DEV-261122-0001")[0].object_key) as stream:
        store.plant(place, stream.read())
    report = rebuild_records(store, after, actor=AUDITOR, at=NOW)
    assert [(p.code, p.object_key) for p in report.problems] == [("MANIFEST_UNPLACED", place)]
    assert not report.ok
    assert after.components() == before.components()


def test_a_dossier_in_two_places_is_restored_once(
    before: SqlRecords, after: SqlRecords, store: MemoryStore
) -> None:
    with store.open(before.manifests("DEV", "DEV-261122-0001")[0].object_key) as stream:
        manifest = Manifest.model_validate_json(stream.read())
    place = "dossiers/DEV/2027/DEV-261122-0001/manifest/000001.json"
    store.plant(place, canonical(manifest.model_copy(update={"year": 2027})))
    report = rebuild_records(store, after, actor=AUDITOR, at=NOW)
    assert [(p.code, p.object_key) for p in report.problems] == [("MANIFEST_UNPLACED", place)]
    assert after.dossier("DEV-261122-0001").year == 2026


def test_only_empty_records_are_filled(before: SqlRecords, store: MemoryStore) -> None:
    with pytest.raises(WorkflowError) as refused:
        rebuild_records(store, before, actor=AUDITOR, at=NOW)
    assert refused.value.code == "RECORDS_NOT_EMPTY"


def test_an_archive_that_fails_leaves_the_records_empty(
    before: SqlRecords, after: SqlRecords, store: MemoryStore
) -> None:
    class Failing(FaultyStore):
        """Goes down when the last raw index is asked for."""

        def open(self, key: str, version_id: str | None = None) -> IO[bytes]:
            if key.startswith("raw/"):
                self.down = True
            return super().open(key, version_id)

    with pytest.raises(ArchiveUnavailable):
        rebuild_records(Failing(store), after, actor=AUDITOR, at=NOW)
    assert list(after.dossiers()) == []
    assert rebuild_records(store, after, actor=AUDITOR, at=NOW).ok


def test_damage_in_the_archive_is_reported(
    before: SqlRecords, after: SqlRecords, store: MemoryStore
) -> None:
    seal(before, store)
    newest = before.manifests("DEV", "DEV-261122-0001")[-1].object_key
    index = raw_index_key(before.components(dossier_code="HS 7/Đ")[0].batch_id)
    store.rot(newest)
    store.lose(index)
    store.rot("ledger/2026-11-22.json")
    report = rebuild_records(store, after, actor=AUDITOR, at=NOW)
    assert not report.ok
    assert {(p.code, p.object_key) for p in report.problems} == {
        ("MANIFEST_UNREADABLE", newest),
        ("RAW_INDEX_LOST", index),
        ("SEAL_BROKEN", "ledger/2026-11-22.json"),
    }
    assert (report.batches, report.components, report.manifests) == (2, 3, 2)


def test_an_empty_archive_gives_empty_records(after: SqlRecords, store: MemoryStore) -> None:
    report = rebuild_records(store, after, actor=AUDITOR, at=NOW)
    assert report.ok
    assert (report.dossiers, report.events) == (0, 0)
