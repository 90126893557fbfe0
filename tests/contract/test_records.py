"""Contract of the port `Records`."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from pipeline.errors import (
    ArchiveUnavailable,
    ConfigError,
    NotFound,
    SohoaError,
    WorkflowError,
)
from pipeline.ids import component_id, review_id
from pipeline.models.batch import (
    Batch,
    BatchState,
    Channel,
    DossierStage,
    IngestTerms,
    Problem,
)
from pipeline.models.events import Event
from pipeline.models.records import Revision
from pipeline.models.review import Answer, AnswerKind, ReviewItem, ReviewKind
from pipeline.models.split import PageCounts
from pipeline.ports.records import DossierWish, Records
from storage.ledger import GENESIS, verify_chain
from storage.records import SqlRecords, sqlite_url
from storage.records.upgrade import open_records
from tests.fakes.archived import ACTOR, FOUND, SIGNATURE, START, Papers, batch_of
from tests.fakes.clocks import StillClock
from tests.fakes.databases import Place, blank_records

TEMPLATE = "{unit}-{yymmdd}-{n:04d}"
WISH = DossierWish(None, "P1", "C1", START, TEMPLATE)


@pytest.fixture
def clock() -> StillClock:
    return StillClock(START)


@pytest.fixture
def records(place: Place, clock: StillClock) -> Iterator[SqlRecords]:
    records = place.open(clock)
    yield records
    records.close()


def batch_named(name: str, unit: str = "DEV", channel: Channel = Channel.DESK) -> Batch:
    batch = batch_of(Papers(name))
    identity = hashlib.sha256(f"{unit} {name}".encode()).hexdigest()
    return batch.model_copy(
        update={"unit": unit, "batch_id": identity, "terms": IngestTerms(channel=channel)}
    )


def said(event_id: str, action: str = "batch.received", **hashes: str) -> Event:
    return Event(event_id=event_id, at=START, actor=ACTOR, action=action, hashes=hashes)


def told(records: Records) -> list[str]:
    records.chain_events()
    return [link.event.event_id for link in records.ledger()]


def opened(records: Records, name: str = "a", wish: DossierWish = WISH) -> Batch:
    batch = batch_named(name)
    records.register_batch(batch, [])
    records.open_dossier(batch.batch_id, 0, wish, [])
    return batch


def allocated(records: Records, name: str = "a", page: int = 0) -> str:
    batch = opened(records, name)
    identity = component_id(batch.batch_id, [page])
    records.allocate_component(identity, batch.batch_id, 0, "Z_OTHER", [page], 0.5)
    return identity


def revision(text: str, rev: int = 0, **changes: Any) -> Revision:
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    values: dict[str, Any] = {
        "rev": rev,
        "sha256": sha256,
        "size": len(text),
        "signature": SIGNATURE,
        "object_key": f"dossiers/{text}.pdf",
    }
    return Revision(**values | changes)


# -- batches --------------------------------------------------------------------------------


def test_a_batch_is_registered_once(records: Records, clock: StillClock) -> None:
    batch = batch_named("a")
    first = records.register_batch(batch, [said("e1")])
    assert (first.batch, first.state, first.problem) == (batch, BatchState.PENDING, None)
    assert first.updated_at == clock.now()
    other = batch.model_copy(update={"source": "renamed.pdf"})
    assert records.register_batch(other, [said("e2")]) == first
    assert told(records) == ["e1"]
    assert records.batch(batch.batch_id) == first


def test_batches_come_oldest_first_and_by_state(records: Records) -> None:
    names = [f"batch {n}" for n in range(205)]
    for name in names:
        records.register_batch(batch_named(name), [])
    expected = [batch_named(name).batch_id for name in names]
    assert [b.batch.batch_id for b in records.batches()] == expected
    records.set_state(expected[7], BatchState.NEEDS_REVIEW, [])
    held = list(records.batches(state=BatchState.NEEDS_REVIEW))
    assert [b.batch.batch_id for b in held] == [expected[7]]


def test_batches_of_sources_are_exact(records: Records) -> None:
    batch = batch_named("a")
    again = batch.model_copy(update={"batch_id": "e" * 64})
    other = batch_named("a", unit="HN")
    for each in (batch, again, other):
        records.register_batch(each, [])
    digests = [s.file.sha256 for s in batch.sources]
    found = records.batches_of_sources("DEV", digests)
    assert [b.batch.batch_id for b in found] == [batch.batch_id, again.batch_id]
    assert records.batches_of_sources("DEV", [*digests, *digests]) == ()
    assert records.batches_of_sources("XX", digests) == ()


def test_state_and_problem_change_together(records: Records, clock: StillClock) -> None:
    batch = batch_named("a")
    records.register_batch(batch, [])
    problem = Problem(code="ARCHIVE_FULL", params={"size": 3}, retryable=True, exit_code=5)
    clock.pass_(dt.timedelta(minutes=1))
    for _ in range(2):
        records.set_state(batch.batch_id, BatchState.PENDING, [said("e1")], problem)
    found = records.batch(batch.batch_id)
    assert (found.problem, found.updated_at) == (problem, clock.now())
    records.set_state(batch.batch_id, BatchState.NEEDS_REVIEW, [said("e2")])
    assert records.batch(batch.batch_id).problem is None
    assert told(records) == ["e1", "e2"]


def test_an_archived_batch_stays_archived(records: Records) -> None:
    batch = opened(records)
    records.finish_batch(batch.batch_id, [])
    with pytest.raises(WorkflowError) as refused:
        records.set_state(batch.batch_id, BatchState.PENDING, [said("late")])
    assert refused.value.code == "BATCH_FINISHED"
    with pytest.raises(WorkflowError):
        records.change_terms(batch.batch_id, IngestTerms(dossier="X"))
    records.change_terms(batch.batch_id, batch.terms)
    records.set_state(batch.batch_id, BatchState.ARCHIVED, [])
    assert told(records) == []


def test_terms_of_an_unfinished_batch_change(records: Records) -> None:
    batch = batch_named("a")
    records.register_batch(batch, [])
    terms = IngestTerms(procedure="P9", dossier="X-1")
    records.change_terms(batch.batch_id, terms)
    assert records.batch(batch.batch_id).batch == batch.model_copy(update={"terms": terms})


def test_finishing_owes_each_component_once(records: Records) -> None:
    first = allocated(records)
    batch_id = records.component(first).batch_id
    second = component_id(batch_id, [1])
    records.allocate_component(second, batch_id, 0, "Z_OTHER", [1], 0.5)
    for _ in range(2):
        records.finish_batch(batch_id, [said("done")])
    assert [row.component_id for row in records.outbox()] == [first, second]
    assert records.undelivered(batch_id) == 2
    assert records.batch(batch_id).state is BatchState.ARCHIVED
    assert told(records) == ["done"]


# -- ids and prefixes -----------------------------------------------------------------------


def test_unique_prefixes_find(records: Records) -> None:
    identity = allocated(records)
    batch_id = records.component(identity).batch_id
    item = question(batch_id, "a")
    records.put_reviews(batch_id, [item], [])
    lookups: list[tuple[Callable[[str], Any], str, str]] = [
        (records.batch, batch_id, "BATCH_UNKNOWN"),
        (records.component, identity, "COMPONENT_UNKNOWN"),
        (records.review, item.review_id, "REVIEW_UNKNOWN"),
    ]
    for look, whole, unknown in lookups:
        assert look(whole) == look(whole[:4]) == look(whole[:12].upper())
        absent = f"{(int(whole[:4], 16) + 1) % 0x10000:04x}"
        for given in (absent, f"{whole}0", "Nguyễn", "", "%", "____"):
            with pytest.raises(NotFound) as missing:
                look(given)
            assert missing.value.code == unknown
            assert "Nguyễn" not in str(missing.value)
        with pytest.raises(NotFound) as short:
            look(whole[:3])
        assert short.value.code == "ID_AMBIGUOUS"


def test_an_ambiguous_prefix_is_said(records: Records) -> None:
    batch = batch_named("a")
    for last in "01":
        identity = "abcd" + last * 60
        records.register_batch(batch.model_copy(update={"batch_id": identity}), [])
    with pytest.raises(NotFound) as ambiguous:
        records.batch("abcd")
    assert ambiguous.value.code == "ID_AMBIGUOUS"
    assert records.batch("abcd1").batch.batch_id == "abcd" + "1" * 60


@pytest.mark.parametrize(
    "call",
    [
        lambda r: r.set_state("0" * 64, BatchState.PENDING, []),
        lambda r: r.change_terms("0" * 64, IngestTerms()),
        lambda r: r.finish_batch("0" * 64, []),
        lambda r: r.open_dossier("0" * 64, 0, WISH, []),
        lambda r: r.put_counts("0" * 64, []),
        lambda r: r.put_reviews("0" * 64, [], []),
        lambda r: r.allocate_manifest("0" * 64, "DEV", "X"),
        lambda r: r.set_stage("DEV", "X", DossierStage.SETTLED, []),
        lambda r: r.dossier("X"),
        lambda r: r.commit_revision("0" * 64, revision("a"), []),
        lambda r: r.commit_stored("0" * 64, 0, "v", "0" * 64, []),
        lambda r: r.allocate_digitisation_code("0" * 64, START.date()),
        lambda r: r.owe(["0" * 64]),
        lambda r: r.answer("0" * 64, answer("dev"), []),
    ],
)
def test_what_is_unknown_is_not_found(records: Records, call: Callable[[Records], object]) -> None:
    with pytest.raises(NotFound):
        call(records)


# -- dossiers -------------------------------------------------------------------------------


def test_a_slot_gets_its_dossier_once(records: Records) -> None:
    batch = batch_named("a", channel=Channel.POSTAL)
    records.register_batch(batch, [])
    first = records.open_dossier(batch.batch_id, 0, WISH, [said("e1")])
    assert first.code == "DEV-261122-0001"
    assert (first.year, first.channel, first.stage) == (2026, Channel.POSTAL, DossierStage.RECEIVED)
    assert (first.procedure, first.case, first.created_at) == ("P1", "C1", START)
    other = dataclasses.replace(WISH, code="OTHER")
    assert records.open_dossier(batch.batch_id, 0, other, [said("e2")]) == first
    assert records.open_dossier(batch.batch_id, 1, WISH, []).code == "DEV-261122-0002"
    assert told(records) == ["e1"]
    assert [d.code for d in records.dossiers()] == ["DEV-261122-0001", "DEV-261122-0002"]


def test_the_code_counts_per_unit_and_legal_day(records: Records) -> None:
    late = dt.datetime(2026, 12, 31, 17, 30, tzinfo=dt.UTC)
    units = ["DEV", "HN"]
    codes = []
    for unit in units:
        batch = batch_named("a", unit=unit)
        records.register_batch(batch, [])
        for slot, at in enumerate((START, late, START)):
            wish = dataclasses.replace(WISH, at=at)
            codes.append(records.open_dossier(batch.batch_id, slot, wish, []))
    assert [d.code for d in codes] == [
        f"{unit}-{rest}" for unit in units for rest in ("261122-0001", "270101-0001", "261122-0002")
    ]
    assert codes[1].year == 2027


def test_a_code_in_use_is_passed_over(records: Records) -> None:
    opened(records, "a", dataclasses.replace(WISH, code="DEV-261122-0001"))
    batch = opened(records, "b")
    assert records.batch_dossiers(batch.batch_id)[0].dossier.code == "DEV-261122-0002"


def test_an_existing_code_is_joined(records: Records) -> None:
    bare = DossierWish("HS 12/2026 Đ", None, None, START, TEMPLATE)
    first = opened(records, "a", bare)
    second = opened(records, "b", dataclasses.replace(bare, procedure="P1", case="C1"))
    third = opened(records, "c", dataclasses.replace(bare, procedure="P2", case="C2"))
    dossier = records.dossier("HS 12/2026 Đ")
    assert (dossier.procedure, dossier.case) == ("P1", "C1")
    joined = records.dossier_batches("DEV", dossier.code)
    assert [b.batch_id for b in joined] == [b.batch_id for b in (first, second, third)]
    assert all(b.dossier == dossier for b in joined)


@pytest.mark.parametrize("template", ["{unit}", "{n", "{person}", "{0}", "{unit.x}", "{n:x y}"])
def test_a_template_without_a_number_is_refused(records: Records, template: str) -> None:
    batch = batch_named("a")
    records.register_batch(batch, [])
    with pytest.raises(ConfigError) as bad:
        records.open_dossier(batch.batch_id, 0, dataclasses.replace(WISH, template=template), [])
    assert bad.value.code == "DOSSIER_TEMPLATE_INVALID"
    assert list(records.dossiers()) == []


def test_two_units_may_use_a_code(records: Records) -> None:
    for unit in ("DEV", "HN"):
        batch = batch_named("a", unit=unit)
        records.register_batch(batch, [])
        records.open_dossier(batch.batch_id, 0, dataclasses.replace(WISH, code="X"), [])
    with pytest.raises(NotFound) as ambiguous:
        records.dossier("X")
    assert ambiguous.value.code == "ID_AMBIGUOUS"
    assert records.dossier("X", "HN").unit == "HN"


def test_counts_belong_to_slots(records: Records) -> None:
    batch = opened(records)
    assert records.batch_dossiers(batch.batch_id)[0].counts == PageCounts()
    counts = [PageCounts(in_=2, kept=2), PageCounts(in_=3, kept=1, blank=2)]
    records.put_counts(batch.batch_id, counts)
    records.open_dossier(batch.batch_id, 1, WISH, [])
    assert [d.counts for d in records.batch_dossiers(batch.batch_id)] == counts


def test_the_stage_moves_with_its_event(records: Records) -> None:
    opened(records)
    for _ in range(2):
        records.set_stage("DEV", "DEV-261122-0001", DossierStage.SETTLED, [said("e1")])
    assert records.dossier("DEV-261122-0001").stage is DossierStage.SETTLED
    assert told(records) == ["e1"]


# -- components -----------------------------------------------------------------------------


def test_a_component_needs_its_dossier(records: Records) -> None:
    batch = batch_named("a")
    records.register_batch(batch, [])
    with pytest.raises(WorkflowError) as refused:
        records.allocate_component("c" * 64, batch.batch_id, 0, "Z_OTHER", [0], 0.5)
    assert refused.value.code == "DOSSIER_NOT_OPEN"


def test_type_and_confidence_change_until_bytes_are_final(records: Records) -> None:
    identity = allocated(records)
    before = records.component(identity)
    batch_id = before.batch_id
    changed = records.allocate_component(identity, batch_id, 0, "F_14_HSB", [0], 0.9)
    assert changed == before.model_copy(update={"code": "F_14_HSB", "confidence": 0.9})
    records.commit_revision(identity, revision("one"), [])
    final = records.component(identity)
    assert records.allocate_component(identity, batch_id, 0, "M_HSBA", [0], 0.1) == final
    assert final.code == "F_14_HSB"


def test_a_component_that_moves_gets_a_number_there(records: Records) -> None:
    identity = allocated(records)
    batch_id = records.component(identity).batch_id
    records.open_dossier(batch_id, 1, WISH, [])
    moved = records.allocate_component(identity, batch_id, 1, "Z_OTHER", [0], 0.5)
    assert (moved.dossier_code, moved.nn) == ("DEV-261122-0002", 1)
    back = records.allocate_component(identity, batch_id, 0, "Z_OTHER", [0], 0.5)
    assert (back.dossier_code, back.nn) == ("DEV-261122-0001", 2)


def test_the_first_commit_of_a_revision_wins(records: Records) -> None:
    identity = allocated(records)
    first = revision("one", signature=None, found=(FOUND,))
    assert records.commit_revision(identity, first, [said("e1")]) == first
    assert records.commit_revision(identity, revision("two"), [said("e2")]) == first
    later = revision("three", rev=1)
    assert records.commit_revision(identity, later, [said("e3")]) == later
    assert records.component(identity).revisions == (first, later)
    assert records.component(identity).current == later
    assert told(records) == ["e1", "e3"]
    assert records.revision_of(first.sha256) == (records.component(identity), first)
    assert records.revision_of("0" * 64) is None


def test_the_archive_answers(records: Records) -> None:
    identity = allocated(records)
    records.commit_revision(identity, revision("one"), [])
    records.commit_stored(identity, 0, "v1", "a" * 64, [said("e1")])
    records.commit_stored(identity, 0, "v1", "b" * 64, [said("e1"), said("e2")])
    component = records.component(identity)
    assert component.current is not None
    assert (component.current.version_id, component.sidecar_sha256) == ("v1", "b" * 64)
    assert told(records) == ["e1", "e2"]
    with pytest.raises(NotFound):
        records.commit_stored(identity, 1, "v1", "a" * 64, [])


def test_a_new_revision_counts_once_the_archive_has_it(records: Records) -> None:
    identity = allocated(records)
    first, second = revision("one"), revision("two", rev=1)
    records.commit_revision(identity, first, [])
    assert records.unanswered() == {first.sha256}
    records.commit_stored(identity, 0, "v1", "a" * 64, [])
    records.commit_revision(identity, second, [])
    waiting = records.component(identity)
    assert waiting.current is not None and waiting.current.rev == 0
    assert waiting.unfinished == (second,)
    assert records.unanswered() == {second.sha256}
    records.commit_stored(identity, 1, "v2", None, [])
    done = records.component(identity)
    assert done.current is not None and (done.current.rev, done.unfinished) == (1, ())
    records.commit_revision(identity, revision("lost", rev=2), [])
    records.commit_revision(identity, revision("made anew", rev=3), [])
    assert len(records.unanswered()) == 2
    records.commit_stored(identity, 3, "v4", None, [])
    assert done.sidecar_sha256 == "a" * 64
    assert records.unanswered() == frozenset()


def test_discarding_keeps_what_is_kept_or_signed(records: Records) -> None:
    batch = opened(records)
    names = [component_id(batch.batch_id, [page]) for page in range(4)]
    for page, name in enumerate(names):
        records.allocate_component(name, batch.batch_id, 0, "Z_OTHER", [page], 0.5)
    other = allocated(records, "b")
    records.commit_revision(names[0], revision("one"), [])
    for _ in range(2):
        records.discard_components(batch.batch_id, [names[1]])
    assert {c.component_id for c in records.components()} == {*names[:2], other}
    again = records.allocate_component(names[2], batch.batch_id, 0, "Z_OTHER", [2], 0.5)
    assert again.nn == 5


def test_components_by_batch_and_dossier(records: Records) -> None:
    first, second = allocated(records, "a"), allocated(records, "b")
    batch_id = records.component(second).batch_id
    assert [c.component_id for c in records.components(batch_id=batch_id)] == [second]
    found = records.components(unit="DEV", dossier_code="DEV-261122-0001")
    assert [c.component_id for c in found] == [first]
    assert records.components(unit="HN") == ()


def test_the_digitisation_code_is_given_once(records: Records) -> None:
    first, second = allocated(records, "a"), allocated(records, "b")
    day = dt.date(2026, 11, 22)
    assert records.allocate_digitisation_code(first, day) == "DEV.Z_OTHER.20261122.000001"
    later = day + dt.timedelta(days=1)
    assert records.allocate_digitisation_code(first, later) == "DEV.Z_OTHER.20261122.000001"
    assert records.allocate_digitisation_code(second, day) == "DEV.Z_OTHER.20261122.000002"
    assert records.component(second).digitisation_code == "DEV.Z_OTHER.20261122.000002"


# -- reviews --------------------------------------------------------------------------------


def question(batch_id: str, reason: str, kind: ReviewKind = ReviewKind.FIELD) -> ReviewItem:
    identity = review_id(batch_id, kind.value, reason)
    return ReviewItem(review_id=identity, batch_id=batch_id, kind=kind, reason=reason)


def answer(actor: str) -> Answer:
    return Answer(kind=AnswerKind.ACCEPT, actor=actor, at=START)


def test_questions_arise_stay_and_are_withdrawn(records: Records) -> None:
    batch_id = opened(records).batch_id
    first, second, third = (question(batch_id, r) for r in ("A", "B", "C"))
    sheet = question(batch_id, "D", ReviewKind.SHEET_COUNT)
    records.put_reviews(batch_id, [first, second, third, sheet], ["FIELD", "SHEET_COUNT"])
    records.answer(first.review_id, answer("dev"), [said("e1", "review.answered")])
    for _ in range(2):
        records.put_reviews(batch_id, [third], ["FIELD"])
    shown = records.reviews(batch_id=batch_id)
    assert [r.item for r in shown] == [first, third, sheet]
    assert [r.item for r in records.reviews(open_only=True)] == [third, sheet]
    assert records.review(first.review_id).answer == answer("dev")
    with pytest.raises(NotFound) as gone:
        records.review(second.review_id)
    assert gone.value.code == "REVIEW_UNKNOWN"
    with pytest.raises(NotFound):
        records.answer(second.review_id, answer("dev"), [])
    again = second.model_copy(update={"params": {"pages": 2}})
    records.put_reviews(batch_id, [again, third], ["FIELD"])
    assert [r.item for r in records.reviews(batch_id=batch_id)] == [first, again, third, sheet]
    assert told(records) == ["e1"]


def test_an_answer_is_replaced_and_never_reopened(records: Records) -> None:
    batch_id = opened(records).batch_id
    item = question(batch_id, "A")
    records.put_reviews(batch_id, [item], ["FIELD"])
    records.answer(item.review_id, answer("dev"), [])
    records.answer(item.review_id, answer("chief"), [])
    records.put_reviews(batch_id, [item.model_copy(update={"params": {"x": 1}})], ["FIELD"])
    found = records.review(item.review_id)
    assert (found.item, found.answer) == (item, answer("chief"))


# -- manifests ------------------------------------------------------------------------------


def test_a_manifest_is_allocated_once_and_its_first_digest_wins(records: Records) -> None:
    code = "HS 1/Đ"
    first, second = (
        opened(records, name, dataclasses.replace(WISH, code=code)).batch_id for name in "ab"
    )
    record = records.allocate_manifest(first, "DEV", code)
    assert record == records.allocate_manifest(first, "DEV", code)
    assert (record.seq, record.sha256) == (1, None)
    assert record.object_key == "dossiers/DEV/2026/HS%201%2F%C4%90/manifest/000001.json"
    assert records.allocate_manifest(second, "DEV", code).seq == 2
    digested = record.model_copy(update={"sha256": "a" * 64, "size": 9})
    assert records.commit_manifest(digested, [said("e1")]) == digested
    assert records.unanswered() == {"a" * 64}
    rival = record.model_copy(update={"sha256": "b" * 64, "size": 8})
    assert records.commit_manifest(rival, [said("e2")]) == digested
    written = digested.model_copy(update={"version_id": "v1"})
    for _ in range(2):
        assert records.commit_manifest(written, [said("e3")]) == written
    assert records.unanswered() == frozenset()
    assert records.commit_manifest(digested, []) == written
    assert [m.seq for m in records.manifests("DEV", code)] == [1, 2]
    assert records.manifests("DEV", code)[0] == written
    assert told(records) == ["e1", "e3"]
    with pytest.raises(NotFound):
        records.commit_manifest(written.model_copy(update={"seq": 3}), [])


def test_bytes_put_again_have_another_version(records: Records) -> None:
    identity = allocated(records)
    key = revision("one").object_key
    assert not records.commit_restored(key, "v2", [said("e0")])
    records.commit_revision(identity, revision("one"), [])
    assert not records.commit_restored(key, "v2", [])  # the archive has not answered yet
    records.commit_stored(identity, 0, "v1", None, [])
    for changed in (True, False):
        assert records.commit_restored(key, "v2", [said("e1")]) is changed
    current = records.component(identity).current
    assert current is not None and current.version_id == "v2"
    component = records.component(identity)
    manifest = records.allocate_manifest(component.batch_id, component.unit, component.dossier_code)
    written = manifest.model_copy(update={"sha256": "a" * 64, "size": 9, "version_id": "v1"})
    records.commit_manifest(written, [])
    assert records.commit_restored(manifest.object_key, "v3", [said("e2")])
    (now,) = records.manifests(component.unit, component.dossier_code)
    assert (now.version_id, now.sha256) == ("v3", "a" * 64)
    assert told(records) == ["e0", "e1", "e2"]


# -- outbox ---------------------------------------------------------------------------------


def test_deliveries_rise_and_are_crossed_off(records: Records) -> None:
    first, second = allocated(records, "a"), allocated(records, "b")
    records.owe([first, second, first])
    rows = records.outbox()
    assert [row.component_id for row in rows] == [first, second, first]
    assert [row.component_id for row in records.outbox(limit=1)] == [first]
    for _ in range(2):
        records.delivered([rows[0].row_id, rows[2].row_id])
    assert records.outbox() == rows[1:2]
    records.delivered([rows[1].row_id])
    records.owe([first])
    assert records.outbox()[0].row_id > rows[2].row_id
    assert records.undelivered(records.component(first).batch_id) == 1
    assert records.undelivered(records.component(second).batch_id) == 0


def test_an_answer_about_a_field_of_an_archived_component_owes_it(records: Records) -> None:
    component = allocated(records)
    batch_id = records.component(component).batch_id
    about = {"component_id": component, "field": "full_name"}
    items = [question(batch_id, reason).model_copy(update=about) for reason in ("A", "B")]
    records.put_reviews(batch_id, items, [ReviewKind.FIELD.value])
    records.answer(items[0].review_id, answer("a"), [])
    assert records.outbox() == ()
    records.set_state(batch_id, BatchState.ARCHIVED, [])
    records.answer(items[1].review_id, answer("a"), [])
    assert [row.component_id for row in records.outbox()] == [component]


# -- ledger ---------------------------------------------------------------------------------


def test_events_are_chained_in_the_order_they_came(records: Records) -> None:
    assert records.chain_events() == GENESIS
    records.append([said("e1"), said("e2"), said("e1")])
    head = records.chain_events()
    assert records.chain_events() == head
    records.append([said("e2"), said("e3")])
    assert records.chain_events() != head
    links = list(records.ledger())
    assert [(link.seq, link.event.event_id) for link in links] == [(1, "e1"), (2, "e2"), (3, "e3")]
    assert verify_chain(links) is None
    assert links[1].hash == head
    assert list(records.ledger(after_seq=2)) == links[2:]


def test_the_newest_event_of_some_kinds(records: Records) -> None:
    assert records.newest_event(("a.b",)) is None
    assert records.ledger_length() == 0
    events = [
        said(f"e{n}").model_copy(update={"action": f"a.{kind}"}) for n, kind in enumerate("bcb")
    ]
    records.append(events)
    assert records.ledger_length() == 0
    records.chain_events()
    assert records.ledger_length() == 3
    assert records.newest_event(("a.b",)) == events[2]
    assert records.newest_event(("a.c", "a.x")) == events[1]
    assert records.newest_event(("a.b", "a.c")) == events[2]
    records.append([said("e9").model_copy(update={"action": "a.c"})])
    newest = records.newest_event(("a.b", "a.c"))
    assert newest is not None and newest.event_id == "e9"  # not chained yet


def test_events_are_found_by_what_they_tell_and_by_their_hash(records: Records) -> None:
    events = [
        said(f"e{n}").model_copy(update={"action": f"a.{kind}", "hashes": {"x": digit * 64}})
        for n, (kind, digit) in enumerate((("b", "1"), ("c", "2"), ("b", "2"), ("b", "2")))
    ]
    records.append(events)
    assert not list(records.events_telling({"a.b"}, "2" * 64))  # not chained yet
    records.chain_events()
    found = list(records.events_telling({"a.b"}, "2" * 64))
    assert [link.event for link in found] == events[2:]
    assert [link.seq for link in records.events_telling({"a.b", "a.c"}, "2" * 64)] == [2, 3, 4]
    assert not list(records.events_telling({"a.b"}, "%"))
    assert [records.seq_of(link.hash) for link in found] == [3, 4]
    assert records.seq_of("0" * 64) is None


def test_a_failed_change_tells_nothing(records: Records) -> None:
    with pytest.raises(NotFound):
        records.set_state("0" * 64, BatchState.PENDING, [said("e1")])
    assert told(records) == []


# -- what only a database has ---------------------------------------------------------------


def test_a_locked_database_is_unavailable(records: SqlRecords, place: Place) -> None:
    other = place.open(StillClock(START), busy_seconds=0)
    batch = batch_named("a")
    with records.restoring(), pytest.raises(ArchiveUnavailable) as locked:
        other.register_batch(batch, [])
    assert locked.value.code == "RECORDS_UNAVAILABLE"
    other.register_batch(batch, [])
    other.close()


@pytest.mark.parametrize("content", [b"not a database, but long enough to be read" * 100])
def test_a_broken_database_is_said(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "records.sqlite"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as broken:
        open_records(sqlite_url(path), StillClock(START))
    assert broken.value.code == "RECORDS_CORRUPT"


def test_a_folder_that_is_missing_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(ArchiveUnavailable) as missing:
        open_records(sqlite_url(tmp_path / "none" / "records.sqlite"), StillClock(START))
    assert missing.value.code == "RECORDS_UNAVAILABLE"


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    small = blank_records(tmp_path / "records.sqlite", StillClock(START))
    with small.restoring() as restoration:
        pages = restoration._connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        restoration._connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(ArchiveUnavailable) as full:
        for number in range(2000):
            small.append([said(f"e{number}")])
    assert full.value.code == "DISK_FULL"
    small.close()


def test_another_product_is_refused() -> None:
    with pytest.raises(ConfigError) as refused:
        open_records("oracle://x", StillClock(START))
    assert refused.value.code == "RECORDS_URL_UNKNOWN"


# -- any order of calls ---------------------------------------------------------------------


class Allocation(RuleBasedStateMachine):
    """Whatever the order of calls: numbers are unique, and the same call gives the same.

    In a file: the rules are the same code on every product (`test_records_at_once` has many
    processes at it).
    """

    batches: Bundle[str] = Bundle("batches")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.records = blank_records(Path(self.folder.name) / "r.sqlite", StillClock(START))
        self.given: dict[tuple[str, ...], object] = {}
        self.sent = 0

    def teardown(self) -> None:
        self.records.close()
        self.folder.cleanup()

    def same(self, *key: str, value: object) -> None:
        assert self.given.setdefault(key, value) == value

    @rule(target=batches, name=st.integers(0, 3), unit=st.sampled_from(["DEV", "HN"]))
    def register(self, name: int, unit: str) -> str:
        batch = batch_named(str(name), unit=unit)
        self.records.register_batch(batch, [said(f"received {batch.batch_id}")])
        return batch.batch_id

    @rule(
        batch=batches,
        slot=st.integers(0, 1),
        code=st.sampled_from([None, None, "X", "DEV-261122-0002"]),
        days=st.integers(0, 1),
    )
    def open(self, batch: str, slot: int, code: str | None, days: int) -> None:
        at = START + dt.timedelta(days=days)
        wish = DossierWish(code, None, None, at, TEMPLATE)
        dossier = self.records.open_dossier(batch, slot, wish, [])
        self.same("dossier", batch, str(slot), value=dossier)

    @rule(batch=batches, slot=st.integers(0, 1), page=st.integers(0, 3), sign=st.booleans())
    def allocate(self, batch: str, slot: int, page: int, sign: bool) -> None:
        identity = component_id(batch, [slot, page])
        try:
            record = self.records.allocate_component(
                identity, batch, slot, "Z_OTHER", [slot, page], 0.5
            )
        except SohoaError as error:
            assert error.code == "DOSSIER_NOT_OPEN"
            return
        self.same("nn", identity, value=(record.dossier_code, record.nn))
        if sign:
            code = self.records.allocate_digitisation_code(identity, START.date())
            self.same("code", identity, value=code)

    @rule(batch=batches, slot=st.integers(0, 1))
    def manifest(self, batch: str, slot: int) -> None:
        for placed in self.records.batch_dossiers(batch):
            if placed.slot == slot:
                dossier = placed.dossier
                record = self.records.allocate_manifest(batch, dossier.unit, dossier.code)
                self.same("manifest", batch, dossier.code, value=record)

    @rule(number=st.integers(0, 5))
    def append(self, number: int) -> None:
        self.records.append([said(f"read {number}", "text.read")])

    @rule()
    def chain(self) -> None:
        head = self.records.chain_events()
        links = list(self.records.ledger())
        assert verify_chain(links) is None
        assert [link.seq for link in links] == list(range(1, len(links) + 1))
        assert head == (links[-1].hash if links else GENESIS)
        assert len(links) >= self.sent
        for link in links:
            self.same("link", str(link.seq), value=link)
        self.sent = len(links)

    @invariant()
    def numbers_are_unique(self) -> None:
        components = self.records.components()
        places = [(c.unit, c.dossier_code, c.nn) for c in components]
        codes = [c.digitisation_code for c in components if c.digitisation_code]
        dossiers = [(d.unit, d.code) for d in self.records.dossiers()]
        keys = [m.object_key for unit, code in dossiers for m in self.records.manifests(unit, code)]
        for numbers in (places, codes, dossiers, keys):
            assert len(numbers) == len(set(numbers))


TestAllocation = Allocation.TestCase
TestAllocation.settings = settings(
    max_examples=15,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def test_a_manifest_that_was_given_up_leaves_a_gap(records: Records) -> None:
    first, second = (opened(records, name).batch_id for name in ("a", "b"))
    code = records.batch_dossiers(first)[0].dossier.code
    given_up = records.allocate_manifest(first, "DEV", code)
    other = records.allocate_manifest(second, "DEV", code)
    again = records.allocate_manifest(first, "DEV", code, after=given_up.seq)
    assert (given_up.seq, other.seq, again.seq) == (1, 2, 3)
    assert records.allocate_manifest(first, "DEV", code) == again
