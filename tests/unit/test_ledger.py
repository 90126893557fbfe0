"""The ledger: chain, sealed days, what is anchored."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import multiprocessing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from pipeline.errors import ArchiveUnavailable, ChecksumMismatch, ContentConflict
from pipeline.models.events import ChainedEvent, Event
from pipeline.ports.records import Records
from storage.ledger import GENESIS, chained, verify_chain
from storage.ledger_days import last_sealed_day, sealed_days
from storage.ledger_sealing import seal_day, seal_finished_days
from storage.ledger_standing import ledger_state
from storage.merkle import leaf
from storage.records import SqlRecords, open_records, sqlite_url
from tests.fakes.archived import ACTOR, START, Papers, archive_batch, reference, start_batch
from tests.fakes.clocks import StillClock
from tests.fakes.databases import blank_records
from tests.fakes.stores import FaultyStore, MemoryStore

DAY = START.date()
ONE = dt.timedelta(days=1)
RESOURCES = Path(__file__).parents[1] / "resources"


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def records(tmp_path: Path) -> Iterator[SqlRecords]:
    records = blank_records(tmp_path / "records.sqlite", StillClock(START))
    yield records
    records.close()


def said(name: str, at: dt.datetime = START) -> Event:
    return Event(event_id=name, at=at, actor=ACTOR, action="text.read", subjects={"n": name})


def chain_of(events: list[Event]) -> list[ChainedEvent]:
    links: list[ChainedEvent] = []
    for event in events:
        links.append(chained(event, len(links) + 1, links[-1].hash if links else GENESIS))
    return links


def spread(*days: int) -> list[Event]:
    return [said(f"{n}", START + day * ONE) for n, day in enumerate(days)]


def seals(store: MemoryStore) -> list[tuple[int, list[str]]]:
    found = []
    for _, day in sealed_days(store):
        assert day is not None
        found.append(((day.day - DAY).days, [link.event.event_id for link in day.events]))
    return found


# -- chain ----------------------------------------------------------------------------------


def test_the_hash_is_over_canonical_json() -> None:
    event = Event(
        event_id="é",
        at=dt.datetime(2026, 11, 22, 10, 0, tzinfo=dt.timezone(dt.timedelta(hours=7))),
        actor=ACTOR,
        action="batch.received",
        subjects={"b": "1", "a": "\u20ac"},
        hashes={"content": "a" * 64},
    )
    document = (
        '{"event":{"action":"batch.received","actor":{"id":"dev","role":"ReceptionOfficer",'
        '"unit":"DEV"},"at":"2026-11-22T03:00:00Z","event_id":"é","hashes":{"content":"'
        + "a" * 64
        + '"},"subjects":{"a":"€","b":"1"}},"prev_hash":"'
        + GENESIS
        + '","seq":1}'
    )
    assert chained(event, 1, GENESIS).hash == hashlib.sha256(document.encode()).hexdigest()


@given(st.lists(st.text(max_size=5), max_size=6), st.data())
def test_any_change_breaks_the_chain_there(names: list[str], data: st.DataObject) -> None:
    links = chain_of([said(name) for name in names])
    assert verify_chain(links) is None
    if not links:
        return
    place = data.draw(st.integers(0, len(links) - 1))
    link = links[place]
    changes: list[dict[str, Any]] = [
        {"event": link.event.model_copy(update={"event_id": "other!"})},
        {"event": link.event.model_copy(update={"at": START + ONE})},
        {"seq": link.seq + 1},
        {"prev_hash": "1" * 64},
        {"hash": "1" * 64},
    ]
    change = data.draw(st.sampled_from(changes))
    changed = [*links[:place], link.model_copy(update=change), *links[place + 1 :]]
    assert verify_chain(changed) == place + 1
    if place + 1 < len(links):
        assert verify_chain(links[:place] + links[place + 1 :]) == place + 1
    assert verify_chain(links[place:], after_seq=place, prev_hash=link.prev_hash) is None


# -- sealed days ----------------------------------------------------------------------------


def test_finished_days_are_sealed_once(records: SqlRecords, store: MemoryStore) -> None:
    records.append(spread(0, 0, 2, 3))
    made = seal_finished_days(records, store, DAY + 3 * ONE)
    assert [(d.day, d.first_seq, d.last_seq) for d in made] == [(DAY, 1, 2), (DAY + 2 * ONE, 3, 3)]
    assert seal_finished_days(records, store, DAY + 3 * ONE) == ()
    assert seals(store) == [(0, ["0", "1"]), (2, ["2"])]
    assert seal_finished_days(records, store, DAY + 4 * ONE)[0].follows(3, made[1].head)
    last = last_sealed_day(store)
    assert last is not None
    assert last.head == records.chain_events()


def test_a_day_that_is_not_over_is_not_read_at_every_command(
    records: SqlRecords, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    records.append(spread(0, *[2] * 5))
    read: list[int] = []

    def counted(after_seq: int = 0) -> Iterator[ChainedEvent]:
        for link in SqlRecords.ledger(records, after_seq):
            read.append(link.seq)
            yield link

    monkeypatch.setattr(records, "ledger", counted)
    for today, most in ((2, 2), (2, 1), (3, 5), (3, 0)):
        read.clear()
        seal_finished_days(records, store, DAY + today * ONE)
        assert len(read) <= most
    assert seals(store) == [(0, ["0"]), (2, ["1", "2", "3", "4", "5"])]


def test_the_seal_is_an_open_document(records: SqlRecords, store: MemoryStore) -> None:
    records.append(spread(0))
    seal_finished_days(records, store, DAY + ONE)
    with store.open("ledger/2026-11-22.events.json") as stream:
        data = stream.read()
    assert json.loads(data)["schema"] == "sohoa.ledger-events/1"
    (link,) = json.loads(data)["events"]
    assert link["event"]["event_id"] == "0"
    with store.open("ledger/2026-11-22.json") as stream:
        document = json.load(stream)
    assert document == {
        "schema": "sohoa.ledger-day/2",
        "day": "2026-11-22",
        "first_seq": 1,
        "count": 1,
        "prev_hash": GENESIS,
        "head": link["hash"],
        "root": leaf(link["hash"]),
        "events_sha256": hashlib.sha256(data).hexdigest(),
        "previous": None,
    }


def test_days_are_those_of_vietnam(records: SqlRecords, store: MemoryStore) -> None:
    evening = dt.datetime(2026, 11, 21, 17, 0, tzinfo=dt.UTC)
    records.append([said("a", evening - dt.timedelta(seconds=1)), said("b", evening)])
    seal_finished_days(records, store, DAY)
    assert seals(store) == [(-1, ["a"])]


def test_an_event_that_came_late_joins_the_next_seal(
    records: SqlRecords, store: MemoryStore
) -> None:
    records.append(spread(0, 1))
    seal_finished_days(records, store, DAY + ONE)
    records.append([said("late")])
    seal_finished_days(records, store, DAY + ONE)
    assert seals(store) == [(0, ["0"])]
    seal_finished_days(records, store, DAY + 2 * ONE)
    assert seals(store) == [(0, ["0"]), (1, ["1", "late"])]


def test_a_clock_that_ran_ahead_holds_nothing_up(records: SqlRecords, store: MemoryStore) -> None:
    records.append(spread(0, 9999, 1))
    seal_finished_days(records, store, DAY + 2 * ONE)
    assert seals(store) == [(0, ["0", "1"]), (1, ["2"])]


@given(st.lists(st.integers(-1, 5), max_size=12), st.lists(st.integers(0, 6), max_size=6))
def test_seals_hold_every_event_once(days: list[int], todays: list[int]) -> None:
    store, log = MemoryStore(), Log(chain_of(spread(*days)))
    for today in [*sorted(todays), 7]:
        seal_finished_days(cast(Records, log), store, DAY + today * ONE)
    seq, head = 0, GENESIS
    found: list[ChainedEvent] = []
    for _, day in sealed_days(store):
        assert day is not None
        assert day.follows(seq, head)
        seq, head = day.last_seq, day.head
        found += day.events
    assert found == log.links


class Log:
    """Only a chain."""

    def __init__(self, links: list[ChainedEvent]) -> None:
        self.links = links

    def chain_events(self) -> str:
        return self.links[-1].hash if self.links else GENESIS

    def ledger(self, after_seq: int = 0) -> Iterator[ChainedEvent]:
        return iter(self.links[after_seq:])


def test_a_contradicting_seal_is_refused(records: SqlRecords, store: MemoryStore) -> None:
    store.plant("ledger/2026-11-20.json", seal_bytes(chain_of(spread(-2)), DAY - 2 * ONE))
    store.plant("ledger/2026-11-22.json", b"{}")
    with pytest.raises(ChecksumMismatch) as unreadable:
        seal_finished_days(records, store, DAY + ONE)
    assert unreadable.value.code == "LEDGER_DAY_UNREADABLE"
    links = tuple(chain_of(spread(0)))
    with pytest.raises(ContentConflict):
        seal_day(store, DAY, links)


def test_a_broken_chain_is_never_sealed(store: MemoryStore) -> None:
    links = chain_of(spread(0, 0, 1))
    forged = links[1].model_copy(update={"event": said("other")})
    log = Log([links[0], forged, links[2]])
    with pytest.raises(ChecksumMismatch) as broken:
        seal_finished_days(cast(Records, log), store, DAY + 3 * ONE)
    assert (broken.value.code, broken.value.params) == ("LEDGER_BROKEN", {"seq": 2})
    assert seals(store) == []
    seal_finished_days(cast(Records, Log(links)), store, DAY + ONE)
    log = Log([*links[:2], chain_of(spread(5))[0].model_copy(update={"seq": 3})])
    with pytest.raises(ChecksumMismatch):
        seal_finished_days(cast(Records, log), store, DAY + 9 * ONE)
    assert len(seals(store)) == 1


def seal_bytes(links: list[ChainedEvent], day: dt.date) -> bytes:
    other = MemoryStore()
    seal_day(other, day, tuple(links))
    with other.open(f"ledger/{day.isoformat()}.json") as stream:
        return stream.read()


def test_another_process_sealed_the_day_first(records: SqlRecords, store: MemoryStore) -> None:
    records.append(spread(0, 0, 1))
    records.chain_events()
    first = next(iter(records.ledger()))

    class Late(FaultyStore):
        """The other process comes between looking and putting."""

        def put(self, *args: Any, **kwargs: Any) -> Any:
            if not self.puts:
                seal_day(store, DAY, (first,))
            return super().put(*args, **kwargs)

    made = seal_finished_days(records, Late(store), DAY + 2 * ONE)
    assert seals(store) == [(0, ["0"]), (1, ["1", "2"])]
    assert [day.day for day in made] == [DAY + ONE]


def test_an_error_after_the_put_is_repeated(records: SqlRecords, store: MemoryStore) -> None:
    records.append(spread(0))
    faulty = FaultyStore(store, fail_after_put=2)
    for _ in ("events", "seal"):
        with pytest.raises(ArchiveUnavailable):
            seal_finished_days(records, faulty, DAY + ONE)
    assert seal_finished_days(records, faulty, DAY + ONE) == ()
    assert seals(store) == [(0, ["0"])]


def old_seal(store: MemoryStore) -> bytes:
    """A seal as it was written before there were roots."""
    data = (RESOURCES / "ledger-day-1.json").read_bytes()
    store.plant("ledger/2026-11-22.json", data)
    return data


def test_an_old_seal_is_still_read(store: MemoryStore) -> None:
    data = old_seal(store)
    ((key, day),) = sealed_days(store)
    assert day is not None
    assert day.follows(0, GENESIS)
    assert (key, day.seal.root, day.seal.previous) == ("ledger/2026-11-22.json", None, None)
    assert day.seal.sha256 == hashlib.sha256(data).hexdigest()
    assert last_sealed_day(store) == day.seal


def test_a_new_seal_carries_on_from_an_old_one(store: MemoryStore) -> None:
    data = old_seal(store)
    ((_, old),) = sealed_days(store)
    assert old is not None
    links = [*old.events, chained(said("next", START + ONE), 2, old.head)]
    (made,) = seal_finished_days(cast(Records, Log(links)), store, DAY + 2 * ONE)
    assert made.seal.previous == hashlib.sha256(data).hexdigest()
    assert made.seal.continues(old.seal)
    assert not made.seal.continues(None)


def test_events_that_were_put_and_not_sealed_are_sealed_as_they_stand(
    records: SqlRecords, store: MemoryStore
) -> None:
    records.append(spread(0, 0, 1))
    faulty = FaultyStore(store, fail_after_put=1)
    with pytest.raises(ArchiveUnavailable):
        seal_finished_days(records, faulty, DAY + 2 * ONE)
    assert [stored.key for stored in store.list("ledger/")] == ["ledger/2026-11-22.events.json"]
    records.append([said("late")])
    links = chain_of([*spread(0), said("late")])
    with pytest.raises(ContentConflict):
        seal_finished_days(cast(Records, Log(links)), store, DAY + 2 * ONE)
    seal_finished_days(records, store, DAY + 2 * ONE)
    assert seals(store) == [(0, ["0", "1"]), (1, ["2", "late"])]
    for _, day in sealed_days(store):
        assert day is not None


def test_a_longer_day_than_was_put_is_sealed_in_two(store: MemoryStore) -> None:
    links = chain_of(spread(0, 0, 0, 1))
    seal_day(other := MemoryStore(), DAY, tuple(links[:2]))
    with other.open("ledger/2026-11-22.events.json") as stream:
        store.plant("ledger/2026-11-22.events.json", stream.read())
    made = seal_finished_days(cast(Records, Log(links)), store, DAY + 2 * ONE)
    assert [(day.day, day.seal.count) for day in made] == [(DAY, 2), (DAY + ONE, 2)]


def test_what_is_put_over_a_seal_does_not_take_its_place(store: MemoryStore) -> None:
    links = chain_of(spread(0))
    made = seal_day(store, DAY, tuple(links))
    store.plant("ledger/2026-11-22.json", b"{}")
    store.plant("ledger/2026-11-22.events.json", b"{}")
    assert [day for _, day in sealed_days(store)] == [made]
    assert last_sealed_day(store) == made.seal


# -- what is anchored -----------------------------------------------------------------------


def sha_of(records: SqlRecords) -> str:
    revision = records.components()[0].current
    assert revision is not None
    return revision.sha256


def test_a_file_is_pending_until_an_anchor_follows(records: SqlRecords, store: MemoryStore) -> None:
    papers = Papers("a")
    start_batch(records, store, papers)
    sha256 = sha_of(records)
    assert ledger_state(records, store)(sha256) == "pending"
    archive_batch(records, store, papers)
    state = ledger_state(records, store)
    assert state(sha256) == "anchored"
    assert state("0" * 64) is None


def test_a_sealed_day_anchors(records: SqlRecords, store: MemoryStore) -> None:
    start_batch(records, store, Papers("a", kept_file=True))
    seal_finished_days(records, store, DAY + ONE)
    assert ledger_state(records, store)(sha_of(records)) == "anchored"


def test_a_manifest_of_another_chain_breaks(
    records: SqlRecords, store: MemoryStore, tmp_path: Path
) -> None:
    archive_batch(records, store, Papers("a"))
    key = records.manifests("DEV", "DEV-261122-0001")[0].object_key
    with store.open(key) as stream:
        manifest = json.load(stream)
    manifest["ledger_head"] = "1" * 64
    data = json.dumps(manifest).encode()
    forged = MemoryStore()
    forged.put(key, reference(data), io.BytesIO(data), locked=True)
    engine = create_engine(sqlite_url(tmp_path / "records.sqlite"))
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE manifests SET version_id = '{reference(data).sha256}'"))
    engine.dispose()
    assert ledger_state(records, forged)(sha_of(records)) == "broken"


def test_a_seal_that_the_chain_does_not_hold_breaks(
    records: SqlRecords, store: MemoryStore
) -> None:
    archive_batch(records, store, Papers("a"))
    seal_day(store, DAY - ONE, tuple(chain_of(spread(-1))))
    assert ledger_state(records, store)(sha_of(records)) == "broken"
    store.rot("ledger/2026-11-21.json")
    assert ledger_state(records, store)(sha_of(records)) == "broken"


def test_only_what_no_seal_holds_is_read(records: SqlRecords, store: MemoryStore) -> None:
    """And of the sealed days the one that tells of the file."""
    archive_batch(records, store, Papers("a"))
    seal_finished_days(records, store, DAY + ONE)
    sealed = records.ledger_length()
    for day in range(1, 8):
        records.append([said(f"later {day}", START + day * ONE)])
        seal_finished_days(records, store, DAY + (day + 1) * ONE)
    asked: list[int] = []

    class Watched:
        def __getattr__(self, name: str) -> Any:
            return getattr(records, name)

        def ledger(self, after_seq: int = 0) -> Iterator[ChainedEvent]:
            asked.append(after_seq)
            return records.ledger(after_seq)

    state = ledger_state(cast(Records, Watched()), store)
    assert state(sha_of(records)) == state(sha_of(records)) == "anchored"
    assert asked == [records.ledger_length() - 1] and asked[0] > sealed


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE events SET action = 'text.read' WHERE action = 'component.signed'",
        "DELETE FROM events WHERE action = 'component.signed'",
        "UPDATE events SET prev_hash = hash WHERE action = 'component.signed'",
        "UPDATE events SET document = replace(document, '2026', '2027') "
        "WHERE action = 'component.signed'",
    ],
)
def test_a_sealed_event_that_tells_of_a_file_and_was_touched_breaks(
    records: SqlRecords, store: MemoryStore, tmp_path: Path, harm: str
) -> None:
    archive_batch(records, store, Papers("a"))
    seal_finished_days(records, store, DAY + ONE)
    records.append([said("later", START + ONE)])
    seal_finished_days(records, store, DAY + 2 * ONE)
    assert ledger_state(records, store)(sha_of(records)) == "anchored"
    engine = create_engine(sqlite_url(tmp_path / "records.sqlite"))
    with engine.begin() as connection:
        assert connection.execute(text(harm)).rowcount
    engine.dispose()
    assert ledger_state(records, store)(sha_of(records)) == "broken"


def test_an_archive_that_is_down_says_nothing(records: SqlRecords, store: MemoryStore) -> None:
    archive_batch(records, store, Papers("a"))
    faulty = FaultyStore(store, down=True)
    state = ledger_state(records, faulty)
    with pytest.raises(ArchiveUnavailable):
        state(sha_of(records))
    faulty.down = False
    assert state(sha_of(records)) == "anchored"


# -- several processes ----------------------------------------------------------------------


def _write(url: str, number: int, start: Any) -> None:
    records = open_records(url, StillClock(START))
    start.wait()
    for turn in range(15):
        records.append([said(f"{number} {turn}"), said(f"shared {turn}")])
        records.chain_events()
    records.close()


def test_one_sequencer_for_all_processes(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite"
    blank_records(path, StillClock(START)).close()
    context = multiprocessing.get_context("fork")
    start = context.Barrier(3)
    workers = [context.Process(target=_write, args=(sqlite_url(path), n, start)) for n in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0] * 3
    records = open_records(sqlite_url(path), StillClock(START))
    links = list(records.ledger())
    assert verify_chain(links) is None
    assert len(links) == 60
    records.close()
