"""`storage.ledger_damage`: every difference from what was sealed is found where it is."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ArchiveUnavailable, ChecksumMismatch
from pipeline.models.events import ChainedEvent, Event
from storage.ledger import GENESIS, chained
from storage.ledger_damage import Damage, Row, Unreadable, chain_rows, damages
from storage.ledger_days import LedgerDay
from storage.ledger_sealing import seal_day
from tests.fakes.archived import ACTOR, START
from tests.fakes.clocks import StillClock
from tests.fakes.databases import blank_records
from tests.fakes.stores import MemoryStore

DAY = START.date()
SEALED, TAIL = 12, 3
Damaged = tuple[list[Row], set[tuple[str, int]]]


def said(name: str) -> Event:
    return Event(event_id=name, at=START, actor=ACTOR, action="text.read")


def chain_of(events: list[Event], after: ChainedEvent | None = None) -> list[ChainedEvent]:
    links: list[ChainedEvent] = []
    for event in events:
        last = links[-1] if links else after
        links.append(chained(event, (last.seq if last else 0) + 1, last.hash if last else GENESIS))
    return links


LINKS = chain_of([said(f"e{n}") for n in range(SEALED + TAIL)])


def days() -> list[LedgerDay]:
    store, made = MemoryStore(), list[LedgerDay]()
    for number, (start, end) in enumerate(((0, 5), (5, 6), (6, SEALED))):
        before = made[-1].seal if made else None
        day = DAY + dt.timedelta(days=number)
        made.append(seal_day(store, day, tuple(LINKS[start:end]), before))
    return made


DAYS = days()


def places(found: tuple[Damage, ...]) -> set[tuple[str, int]]:
    return {(d.kind, seq) for d in found for seq in range(d.seq, d.until + 1)}


def with_links(events: list[Event]) -> list[Row]:
    """Rows whose hashes were all computed anew."""
    return list(chain_of(events))


def as_they_lie(links: list[ChainedEvent]) -> list[Row]:
    """Rows numbered anew, with the hashes they had."""
    return [link.model_copy(update={"seq": n}) for n, link in enumerate(links, start=1)]


def test_what_was_sealed_is_sound() -> None:
    assert damages(DAYS, LINKS) == ()
    assert damages([], []) == ()
    assert damages([], LINKS) == ()
    assert damages(DAYS, LINKS[:SEALED]) == ()


@pytest.mark.parametrize("again", [with_links, None], ids=["hashed anew", "as they lie"])
@pytest.mark.parametrize("place", range(SEALED))
def test_one_damage_is_located(
    place: int, again: Callable[[list[Event]], list[Row]] | None
) -> None:
    seq = place + 1

    def rows(links: list[ChainedEvent]) -> list[Row]:
        return again([link.event for link in links]) if again else as_they_lie(links)

    other = LINKS[place].model_copy(update={"event": said("other")})
    changed = said(f"e{place}").model_copy(update={"action": "text.seen"})
    edited = LINKS[place].model_copy(update={"event": changed})
    before, after = LINKS[:place], LINKS[place + 1 :]
    assert places(damages(DAYS, rows([*before, edited, *after]))) == {("CHANGED", seq)}
    assert places(damages(DAYS, rows([*before, other, *after]))) == {("CHANGED", seq)}
    for links, kind in (
        ([*before, *after], "LOST"),
        ([*before, other, LINKS[place], *after], "ADDED"),
        ([*before, *LINKS[place + 1 : place + 2], LINKS[place], *after[1:]], "MOVED"),
    ):
        if links == LINKS:
            continue
        found = places(damages(DAYS, rows(links)))
        in_tail = {(kind, n) for kind, n in found if kind == "BROKEN" and n >= SEALED}
        assert not in_tail or again is None
        if seq == SEALED:  # at the border, what followed has come into the sealed part
            kind = {"LOST": "CHANGED", "MOVED": "ADDED"}.get(kind, kind)
        assert found - in_tail <= {(kind, seq), (kind, seq + 1)}
        assert len(found - in_tail) == 1


@pytest.mark.parametrize("place", range(SEALED))
def test_a_hole_a_broken_link_and_a_row_that_is_none(place: int) -> None:
    seq = place + 1
    rows: list[Row] = [*LINKS[:place], *LINKS[place + 1 :]]
    assert damages(DAYS, rows) == (Damage("LOST", seq, seq),)
    for change in ({"hash": "1" * 64}, {"prev_hash": "1" * 64}):
        rows = [*LINKS[:place], LINKS[place].model_copy(update=change), *LINKS[place + 1 :]]
        assert damages(DAYS, rows)[0] == Damage("CHANGED", seq, seq)
    rows = [*LINKS[:place], Unreadable(seq), *LINKS[place + 1 :]]
    assert damages(DAYS, rows)[0] == Damage("CHANGED", seq, seq)


def test_a_sealed_event_that_is_chained_a_second_time() -> None:
    rows: list[Row] = [*LINKS[:3], *LINKS[4:]]
    rows += chain_of([LINKS[3].event], LINKS[-1])
    assert damages(DAYS, rows) == (Damage("MOVED", 4, 4, SEALED + TAIL + 1),)


def test_all_gone_all_else() -> None:
    assert damages(DAYS, []) == (Damage("LOST", 1, SEALED),)
    others = chain_of([said(f"x{n}") for n in range(SEALED + TAIL)])
    assert damages(DAYS, others) == (Damage("CHANGED", 1, SEALED),)


def test_a_day_whose_seal_is_of_no_use_is_asked_whether_it_is_a_chain() -> None:
    useful = [DAYS[0], DAYS[2]]
    assert damages(useful, LINKS) == ()
    edited = LINKS[5].model_copy(update={"event": said("other")})
    assert damages(useful, [*LINKS[:5], edited, *LINKS[6:]]) == (Damage("BROKEN", 6, 6),)
    assert damages([DAYS[0], DAYS[0], DAYS[1], DAYS[2]], LINKS) == ()


def test_the_tail_breaks_where_it_breaks() -> None:
    edited = LINKS[13].model_copy(update={"event": said("other")})
    assert damages(DAYS, [*LINKS[:13], edited, *LINKS[14:]]) == (Damage("BROKEN", 14, 14),)
    hashed_anew = chain_of([edited.event, LINKS[14].event], LINKS[12])
    assert damages(DAYS, [*LINKS[:13], *hashed_anew]) == ()  # nothing but the chain vouches for it


@given(st.data())
def test_nothing_is_hidden_by_other_damage(data: st.DataObject) -> None:
    """Any rows at all: none found means that the sealed part is as it was."""
    events = [link.event for link in LINKS[:SEALED]]
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(events)))
        match data.draw(st.sampled_from(("add", "drop", "move", "edit"))):
            case "add":
                events.insert(place, said(f"new{data.draw(st.integers(0, 99))}"))
            case "drop" if events:
                events.pop(min(place, len(events) - 1))
            case "move" if events:
                event = events.pop(min(place, len(events) - 1))
                events.insert(data.draw(st.integers(0, len(events))), event)
            case "edit" if events:
                place = min(place, len(events) - 1)
                at = START + dt.timedelta(seconds=data.draw(st.integers(0, 2)))
                events[place] = events[place].model_copy(update={"at": at})
    rows: list[Row] = list(chain_of(events))
    if data.draw(st.booleans()):  # with whatever hashes they had
        old = {link.event.event_id: link.hash for link in LINKS}
        rows = [
            dataclasses.replace(row)
            if isinstance(row, Unreadable)
            else row.model_copy(update={"hash": old.get(row.event.event_id, row.hash)})
            for row in rows
        ]
    found = damages(DAYS, rows)
    assert (found == ()) == (rows[:SEALED] == LINKS[:SEALED])
    ids = {row.event.event_id for row in rows if not isinstance(row, Unreadable)}
    told = places(found)
    for link in LINKS[:SEALED]:
        if link.event.event_id not in ids:
            assert {("LOST", link.seq), ("CHANGED", link.seq)} & told
        elif link.event not in events:
            assert {("MOVED", link.seq), ("CHANGED", link.seq)} & told


class Rows:
    """A ledger with rows that cannot be read."""

    def __init__(self, *bad: int) -> None:
        self.bad = bad

    def ledger(self, after_seq: int = 0) -> Iterator[ChainedEvent]:
        for link in LINKS[after_seq:]:
            if link.seq in self.bad:
                raise ChecksumMismatch("LEDGER_EVENT_UNREADABLE", seq=link.seq)
            yield link


def test_reading_goes_on_behind_what_cannot_be_read() -> None:
    rows = list(chain_rows(Rows(1, 4, 5, SEALED + TAIL)))  # type: ignore[arg-type]
    assert [row.seq for row in rows] == list(range(1, SEALED + TAIL + 1))
    assert [row.seq for row in rows if isinstance(row, Unreadable)] == [1, 4, 5, SEALED + TAIL]


def test_a_row_with_an_impossible_number_is_located(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite"
    records = blank_records(path, StillClock(START))
    records.append([said(f"e{n}") for n in range(4)])
    records.chain_events()
    with contextlib.closing(sqlite3.connect(path)) as rows, rows:
        rows.execute("UPDATE events SET seq = seq + 9007199254740992 WHERE seq > 2")
    found = damages([], chain_rows(records))
    records.close()
    assert found and found[0].seq > 2


def test_other_failures_are_not_taken_for_damage() -> None:
    class Down(Rows):
        def ledger(self, after_seq: int = 0) -> Iterator[ChainedEvent]:
            raise ChecksumMismatch if after_seq else ArchiveUnavailable

    with pytest.raises(ArchiveUnavailable):
        list(chain_rows(Down()))  # type: ignore[arg-type]
