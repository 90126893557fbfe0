"""Sealed days on every store, and damage that is located in every database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.models.events import Event
from pipeline.ports.archive import ObjectStore
from storage.ledger_damage import Damage, chain_rows, damages
from storage.ledger_days import LedgerDay, sealed_days, seals
from storage.ledger_proof import prove
from storage.ledger_sealing import seal_finished_days
from storage.ledger_stamps import read_stamp, stamp_sealed_days, unstamped
from storage.merkle import root_along
from storage.records import SqlRecords
from tests.contract.test_object_store import STORES
from tests.fakes.archived import ACTOR, START
from tests.fakes.clocks import StillClock
from tests.fakes.databases import Place, blank_records
from tests.fakes.stores import MemoryStore
from tests.fakes.timestamps import PlainTimestamps

DAY = START.date()
ONE = dt.timedelta(days=1)
COUNT = 9


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    return STORES[request.param](request, tmp_path)


def told(records: SqlRecords) -> None:
    records.append(
        [
            Event(
                event_id=f"e{number}",
                at=START + number % 3 * ONE,
                actor=ACTOR,
                action="component.signed",
                subjects={"component_id": "cờ"},
                hashes={"content": f"{number:064x}"},
            )
            for number in sorted(range(COUNT), key=lambda n: n % 3)
        ]
    )


def days_of(store: ObjectStore) -> list[LedgerDay]:
    return [day for _, day in sealed_days(store) if day is not None]


def test_days_are_sealed_stamped_proven(store: ObjectStore, tmp_path: Path) -> None:
    records = blank_records(tmp_path / "records.sqlite", StillClock(START))
    told(records)
    made = seal_finished_days(records, store, DAY + 3 * ONE)
    assert [day.seal for day in made] == [seal for _, seal in seals(store)]
    assert days_of(store) == list(made)
    assert all(b.seal.continues(a.seal) for a, b in pairwise(made))
    assert seal_finished_days(records, store, DAY + 3 * ONE) == ()
    authority = PlainTimestamps(START)
    assert len(list(unstamped(store))) == 3
    assert stamp_sealed_days(store, authority).stamped == 3
    assert stamp_sealed_days(store, authority).stamped == 0
    response = read_stamp(store, made[1].seal)
    assert response is not None
    assert authority.read(response, made[1].seal.sha256) == START
    (proof,) = prove(store, [f"{4:064x}"])[f"{4:064x}"]
    assert root_along(proof.event.hash, proof.index, proof.size, proof.path) == made[1].seal.root
    assert damages(days_of(store), chain_rows(records)) == ()
    records.close()


@pytest.fixture
def records(place: Place) -> Iterator[SqlRecords]:
    records = place.open(StillClock(START))
    yield records
    records.close()


@pytest.mark.parametrize(
    ("statement", "damage"),
    [
        ("UPDATE events SET action = 'forged' WHERE seq = 4", Damage("CHANGED", 4, 4)),
        ("UPDATE events SET unit = 'forged' WHERE seq = 4", Damage("CHANGED", 4, 4)),
        ("UPDATE events SET event_id = 'forged' WHERE seq = 4", Damage("CHANGED", 4, 4)),
        ("UPDATE events SET hash = NULL WHERE seq = 4", Damage("CHANGED", 4, 4)),
        ("UPDATE events SET prev_hash = 'x' WHERE seq = 4", Damage("CHANGED", 4, 4)),
        ("UPDATE events SET document = '{}' WHERE seq = 4", Damage("CHANGED", 4, 4)),
        ("UPDATE events SET document = '5' WHERE seq IN (4, 5)", Damage("CHANGED", 4, 5)),
        ("UPDATE events SET seq = -seq WHERE seq = 4", Damage("LOST", 4, 4)),
        ("UPDATE events SET seq = NULL WHERE seq = 4", Damage("MOVED", 4, 4, COUNT + 1)),
        ("UPDATE events SET seq = 99 WHERE seq = 4", Damage("MOVED", 4, 4, 99)),
        ("DELETE FROM events WHERE seq BETWEEN 2 AND 4", Damage("LOST", 2, 4)),
        ("DELETE FROM events", Damage("LOST", 1, COUNT)),
    ],
)
def test_a_hand_in_the_table_is_located(
    place: Place, records: SqlRecords, statement: str, damage: Damage
) -> None:
    store = MemoryStore()
    told(records)
    seal_finished_days(records, store, DAY + 3 * ONE)
    place.run(statement)
    records.chain_events()
    found = damages(days_of(store), chain_rows(records))
    assert damage in found
    assert {d.kind for d in found} <= {damage.kind, "BROKEN"}
