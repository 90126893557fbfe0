"""Contract of the port `Records` under several processes: nothing doubled, nothing lost."""

from __future__ import annotations

import contextlib
import dataclasses
import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pipeline.errors import ArchiveUnavailable, NotFound
from pipeline.ids import component_id
from pipeline.models.batch import BatchState
from pipeline.models.events import Event
from pipeline.models.records import Revision
from pipeline.models.review import Answer, AnswerKind, ReviewItem, ReviewKind
from pipeline.ports.records import DossierWish
from storage.ledger import verify_chain
from storage.records import SqlRecords
from storage.records.ledger import append_events
from storage.records.lines import of_unit
from tests.fakes.archived import ACTOR, SIGNATURE, START, Papers, batch_of
from tests.fakes.clocks import StillClock
from tests.fakes.databases import Place

TEMPLATE = "{unit}-{yymmdd}-{n:04d}"
WISH = DossierWish(None, "P1", "C1", START, TEMPLATE)
PROCESSES = 4
DAY = START.date()

Task = Callable[[SqlRecords, int], list[Any]]
"""What a process does with records of its own and its number, and what it was given."""


def _work(place: Place, task: Task, number: int, start: Any, answers: Any) -> None:
    records = place.open(StillClock(START))
    list(records.batches())
    start.wait(60)
    try:
        answers.put((number, task(records, number)))
    finally:
        records.close()


def at_once(place: Place, task: Task) -> list[list[Any]]:
    """What each of four processes was given, by its number."""
    context = multiprocessing.get_context("fork")
    start, answers = context.Barrier(PROCESSES), context.Queue()
    workers = [
        context.Process(target=_work, args=(place, task, number, start, answers))
        for number in range(PROCESSES)
    ]
    for worker in workers:
        worker.start()
    found = dict(answers.get(timeout=100) for _ in workers)
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0] * PROCESSES
    return [found[number] for number in range(PROCESSES)]


@contextlib.contextmanager
def opened(place: Place) -> Iterator[SqlRecords]:
    """Records of this process, with no connection left for a fork to inherit."""
    records = place.open(StillClock(START))
    try:
        yield records
    finally:
        records.close()


def said(name: str) -> Event:
    return Event(event_id=name, at=START, actor=ACTOR, action="batch.received")


def flat(found: list[list[Any]]) -> list[Any]:
    return [each for one in found for each in one]


def prepared(place: Place, *names: str, code: str | None = None) -> list[str]:
    """Ids of batches with an open dossier each."""
    wish = dataclasses.replace(WISH, code=code)
    batches = [batch_of(Papers(name)) for name in names]
    with opened(place) as records:
        for batch in batches:
            records.register_batch(batch, [])
            records.open_dossier(batch.batch_id, 0, wish, [])
    return [batch.batch_id for batch in batches]


def test_the_same_batch_is_registered_once(place: Place) -> None:
    batches = [batch_of(Papers(f"b{n}")) for n in range(12)]

    def task(records: SqlRecords, number: int) -> list[Any]:
        return [
            records.register_batch(
                batch.model_copy(update={"source": f"{number}.pdf"}),
                [said(f"{batch.batch_id} received by {number}")],
            ).batch.source
            for batch in batches
        ]

    found = at_once(place, task)
    assert all(one == found[0] for one in found)
    with opened(place) as records:
        assert sorted(b.batch.batch_id for b in records.batches()) == sorted(
            batch.batch_id for batch in batches
        )
        records.chain_events()
        told = [link.event.event_id for link in records.ledger()]
    winners = [
        f"{batch.batch_id} received by {source.removesuffix('.pdf')}"
        for batch, source in zip(batches, found[0], strict=True)
    ]
    assert sorted(told) == sorted(winners)


def test_dossier_codes_are_given_once(place: Place) -> None:
    def task(records: SqlRecords, number: int) -> list[Any]:
        codes = []
        for n in range(8):
            batch = batch_of(Papers(f"{number} {n}"))
            records.register_batch(batch, [])
            codes.append(records.open_dossier(batch.batch_id, 0, WISH, []).code)
        return codes

    codes = flat(at_once(place, task))
    assert len(set(codes)) == len(codes) == 8 * PROCESSES
    with opened(place) as records:
        assert sorted(d.code for d in records.dossiers()) == sorted(codes)


def test_a_slot_is_opened_once(place: Place) -> None:
    batch = batch_of(Papers("a"))
    with opened(place) as records:
        records.register_batch(batch, [])
    found = at_once(
        place,
        lambda records, number: [
            records.open_dossier(batch.batch_id, slot, WISH, [said(f"{slot} by {number}")])
            for slot in range(6)
        ],
    )
    assert all(one == found[0] for one in found)
    assert len({dossier.code for dossier in found[0]}) == 6
    with opened(place) as records:
        assert len(list(records.dossiers())) == 6
        records.chain_events()
        assert Counter(link.event.event_id[0] for link in records.ledger()) == Counter("012345")


def test_a_code_that_many_ask_for_is_one_dossier(place: Place) -> None:
    def task(records: SqlRecords, number: int) -> list[Any]:
        found = []
        for n in range(6):
            batch = batch_of(Papers(f"{number} {n}"))
            records.register_batch(batch, [])
            wish = dataclasses.replace(WISH, code=f"HS {n}", procedure=None, case=None)
            if number == n % PROCESSES:
                wish = dataclasses.replace(wish, procedure="P9", case="C9")
            found.append(records.open_dossier(batch.batch_id, 0, wish, []).code)
        return found

    assert all(codes == [f"HS {n}" for n in range(6)] for codes in at_once(place, task))
    with opened(place) as records:
        dossiers = list(records.dossiers())
        assert sorted(d.code for d in dossiers) == [f"HS {n}" for n in range(6)]
        assert {(d.procedure, d.case) for d in dossiers} == {("P9", "C9")}
        assert len(records.dossier_batches("DEV", "HS 0")) == PROCESSES


def test_a_made_code_avoids_one_that_is_asked_for_meanwhile(place: Place) -> None:
    def task(records: SqlRecords, number: int) -> list[Any]:
        codes = []
        for n in range(8):
            batch = batch_of(Papers(f"{number} {n}"))
            records.register_batch(batch, [])
            code = f"DEV-261122-{n + 1:04d}" if number == 0 else None
            wish = dataclasses.replace(WISH, code=code)
            codes.append(records.open_dossier(batch.batch_id, 0, wish, []).code)
        return codes

    found = at_once(place, task)
    made = flat(found[1:])
    assert len(set(made)) == len(made)


def test_numbers_of_components_are_given_once(place: Place) -> None:
    names = [f"b{n}" for n in range(PROCESSES)]
    batches = prepared(place, *names, code="HS 1")

    def task(records: SqlRecords, number: int) -> list[Any]:
        """Each batch by every process, in an order of its own; all in one dossier."""
        order = batches[number:] + batches[:number]
        found = {}
        for page in range(5):
            for batch in order:
                identity = component_id(batch, [page])
                record = records.allocate_component(identity, batch, 0, "Z_OTHER", [page], 0.5)
                code = records.allocate_digitisation_code(identity, DAY)
                found[identity] = (record.nn, code)
        return [found]

    found = [one[0] for one in at_once(place, task)]
    assert all(one == found[0] for one in found)
    numbers, codes = ([pair[i] for pair in found[0].values()] for i in (0, 1))
    assert len(set(numbers)) == len(set(codes)) == 5 * PROCESSES


def test_manifests_of_a_dossier_are_numbered_once(place: Place) -> None:
    batches = prepared(place, *(f"b{n}" for n in range(PROCESSES)), code="HS 1")

    def task(records: SqlRecords, number: int) -> list[Any]:
        found = []
        for batch in batches[number:] + batches[:number]:
            record = records.allocate_manifest(batch, "DEV", "HS 1")
            digest = f"{number}" * 64
            first = records.commit_manifest(
                record.model_copy(update={"sha256": digest, "size": number}),
                [said(f"{batch} {number}")],
            )
            found.append((batch, first))
        return sorted(found)

    found = at_once(place, task)
    assert all(one == found[0] for one in found)
    with opened(place) as records:
        written = records.manifests("DEV", "HS 1")
        assert [m.seq for m in written] == [1, 2, 3, 4]
        records.chain_events()
        told = sorted(link.event.event_id for link in records.ledger())
    assert told == sorted(f"{m.batch_id} {(m.sha256 or '')[0]}" for m in written)


def test_the_first_bytes_of_a_component_win(place: Place) -> None:
    (batch,) = prepared(place, "a")
    components = [component_id(batch, [page]) for page in range(8)]
    with opened(place) as records:
        for page, identity in enumerate(components):
            records.allocate_component(identity, batch, 0, "Z_OTHER", [page], 0.5)

    def task(records: SqlRecords, number: int) -> list[Any]:
        found = []
        for identity in components:
            mine = Revision(
                rev=0,
                sha256=f"{number}" * 64,
                size=number,
                signature=SIGNATURE,
                object_key=f"dossiers/{identity}.pdf",
            )
            records.allocate_component(identity, batch, 0, f"C_{number}", [0], 0.1)
            first = records.commit_revision(identity, mine, [said(f"{identity} {number}")])
            found.append(first.sha256)
            records.commit_stored(identity, 0, f"v{number}", f"{number}" * 64, [])
        return found

    found = at_once(place, task)
    assert all(one == found[0] for one in found)
    with opened(place) as records:
        records.chain_events()
        assert len(list(records.ledger())) == len(components)
        assert all(len(c.revisions) == 1 for c in records.components(batch_id=batch))


def test_a_batch_is_finished_once(place: Place) -> None:
    (batch,) = prepared(place, "a")
    with opened(place) as records:
        for page in range(3):
            identity = component_id(batch, [page])
            records.allocate_component(identity, batch, 0, "Z_OTHER", [page], 0.5)

    def task(records: SqlRecords, number: int) -> list[Any]:
        records.finish_batch(batch, [said("archived")])
        return []

    at_once(place, task)
    with opened(place) as records:
        assert records.undelivered(batch) == 3
        assert records.batch(batch).state is BatchState.ARCHIVED


def test_an_answer_in_the_moment_of_archiving_is_not_forgotten(place: Place) -> None:
    """Either it was there when the batch was finished, or its delivery is owed anew."""
    batches = prepared(place, *(f"b{n}" for n in range(10)))
    items = {}
    with opened(place) as records:
        for batch in batches:
            identity = component_id(batch, [0])
            records.allocate_component(identity, batch, 0, "Z_OTHER", [0], 0.5)
            items[batch] = ReviewItem(
                review_id=identity[::-1],
                batch_id=batch,
                kind=ReviewKind.FIELD,
                component_id=identity,
                field="full_name",
                reason="A",
            )
            records.put_reviews(batch, [items[batch]], [ReviewKind.FIELD.value])
    answer = Answer(kind=AnswerKind.ACCEPT, actor="dev", at=START)

    def task(records: SqlRecords, number: int) -> list[Any]:
        missed = set()
        for batch in batches:
            if number == 0:
                records.finish_batch(batch, [])
            elif number == 1:
                records.answer(items[batch].review_id, answer, [])
            elif number == 2:
                for row in records.outbox():
                    mine = records.component(row.component_id).batch_id
                    if any(r.answer for r in records.reviews(batch_id=mine)):
                        missed.discard(mine)  # an earlier delivery of it came too early
                    else:
                        missed.add(mine)
                    records.delivered([row.row_id])
        return list(missed)

    missed = set(at_once(place, task)[2])
    with opened(place) as records:
        owed = {records.component(row.component_id).batch_id for row in records.outbox(1000)}
    assert missed <= owed


def test_events_are_chained_once_by_whoever_comes(place: Place) -> None:
    def task(records: SqlRecords, number: int) -> list[Any]:
        for n in range(15):
            records.append([said(f"{number} {n}"), said(f"all {n}")])
            records.chain_events()
        return []

    at_once(place, task)
    with opened(place) as records:
        records.chain_events()
        links = list(records.ledger())
    assert verify_chain(links) is None
    expected = {f"{number} {n}" for number in (*range(PROCESSES), "all") for n in range(15)}
    assert sorted(link.event.event_id for link in links) == sorted(expected)


def test_questions_put_by_many_stand_once(place: Place) -> None:
    (batch,) = prepared(place, "a")
    items = [
        ReviewItem(
            review_id=component_id(batch, [n]), batch_id=batch, kind=ReviewKind.FIELD, reason="A"
        )
        for n in range(5)
    ]

    def task(records: SqlRecords, number: int) -> list[Any]:
        for n in range(6):
            kept = [item for i, item in enumerate(items) if i != n % 5]
            records.put_reviews(batch, kept, [ReviewKind.FIELD.value])
        records.put_reviews(batch, items, [ReviewKind.FIELD.value])
        return []

    at_once(place, task)
    with opened(place) as records:
        assert sorted(r.item.review_id for r in records.reviews(batch_id=batch)) == sorted(
            item.review_id for item in items
        )


def test_discarding_meets_a_signature(place: Place) -> None:
    """A component is gone or signed: never a signature without its component."""
    (batch,) = prepared(place, "a")
    components = [component_id(batch, [page]) for page in range(12)]
    with opened(place) as records:
        for page, identity in enumerate(components):
            records.allocate_component(identity, batch, 0, "Z_OTHER", [page], 0.5)

    def task(records: SqlRecords, number: int) -> list[Any]:
        signed = []
        for identity in components:
            if number % 2:
                records.discard_components(batch, [])
                continue
            mine = Revision(
                rev=0, sha256=identity, size=1, signature=SIGNATURE, object_key=f"{identity}.pdf"
            )
            with contextlib.suppress(NotFound):
                records.commit_revision(identity, mine, [])
                signed.append(identity)
        return signed

    signed = set(flat(at_once(place, task)))
    with opened(place) as records:
        assert {c.component_id for c in records.components(batch_id=batch)} == signed


# -- what PostgreSQL alone has --------------------------------------------------------------


@pytest.fixture
def records(database: Place) -> Iterator[SqlRecords]:
    with opened(database) as records:
        yield records
    database.clear()


def test_an_event_committed_late_is_chained_once(records: SqlRecords) -> None:
    with records._database.write_beside() as connection:
        append_events(connection, [said("early, committed late")])
        records.append([said("late, committed early")])
        records.chain_events()
        assert [e.event.event_id for e in records.ledger()] == ["late, committed early"]
    for _ in range(2):
        records.chain_events()
    links = list(records.ledger())
    assert [(e.seq, e.event.event_id) for e in links] == [
        (1, "late, committed early"),
        (2, "early, committed late"),
    ]
    assert verify_chain(links) is None


def test_the_same_event_of_two_is_written_once(records: SqlRecords) -> None:
    with ThreadPoolExecutor(1) as pool:
        with records._database.write_beside() as connection:
            append_events(connection, [said("e1")])
            other = pool.submit(records.append, [said("e1"), said("e2")])
            with pytest.raises(TimeoutError):
                other.result(0.3)
        other.result(10)
    records.chain_events()
    assert sorted(e.event.event_id for e in records.ledger()) == ["e1", "e2"]


def test_rows_committed_late_are_read_by_the_next_pass(
    records: SqlRecords, database: Place
) -> None:
    late, early = batch_of(Papers("late")), batch_of(Papers("early"))
    with opened(database) as other, ThreadPoolExecutor(1) as pool:
        with records._database.write_beside() as held:
            append_events(held, [said("e1")])
            writing = pool.submit(other.register_batch, late, [said("e1")])
            with pytest.raises(TimeoutError):
                writing.result(0.3)  # inserted, not committed
            records.register_batch(early, [])
            assert [b.batch.batch_id for b in records.batches()] == [early.batch_id]
        writing.result(10)
    assert [b.batch for b in records.batches()] == [late, early]


def test_batches_do_not_wait_for_each_other(records: SqlRecords, database: Place) -> None:
    first, second = batch_of(Papers("first")), batch_of(Papers("second"))
    other = database.open(StillClock(START), busy_seconds=0)
    try:
        with records._database.write(first.batch_id):
            other.register_batch(second, [said("e1")])
            other.open_dossier(second.batch_id, 0, WISH, [])
            with pytest.raises(ArchiveUnavailable) as busy:
                other.register_batch(first, [])
            assert busy.value.code == "RECORDS_UNAVAILABLE"
        other.register_batch(first, [])
        with records._database.write(of_unit("HN")):
            other.open_dossier(first.batch_id, 0, WISH, [])
        with records._database.write(of_unit("DEV")), pytest.raises(ArchiveUnavailable):
            other.open_dossier(first.batch_id, 1, WISH, [])
    finally:
        other.close()


def test_a_reader_sees_one_moment(records: SqlRecords) -> None:
    batch = batch_of(Papers("a"))
    with records._database.read() as connection:
        before = connection.exec_driver_sql("SELECT count(*) FROM batches").scalar_one()
        records.register_batch(batch, [])
        assert connection.exec_driver_sql("SELECT count(*) FROM batches").scalar_one() == before
