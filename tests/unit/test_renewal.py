"""Locks are lengthened while a dossier is open, and by nobody else's leave."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from casework.audit import audit
from casework.renewal import Renewal, renew_locks
from pipeline.errors import ArchiveUnavailable
from storage.ledger_sealing import seal_finished_days
from storage.records import SqlRecords
from tests.fakes.archived import START, Papers, archive_batch
from tests.fakes.clocks import StillClock
from tests.fakes.databases import blank_records
from tests.fakes.stores import FaultyStore, MemoryStore

DAYS = 30


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore("enforced")


@pytest.fixture
def records(tmp_path: Path, store: MemoryStore) -> Iterator[SqlRecords]:
    made = blank_records(tmp_path / "records.sqlite", StillClock(START))
    archive_batch(made, store, Papers("first"))
    seal_finished_days(made, store, (START + dt.timedelta(days=2)).date())
    yield made
    made.close()


def locked(store: MemoryStore) -> set[str]:
    return {o.key for prefix in ("dossiers/", "raw/", "ledger/") for o in store.list(prefix)}


def test_locks_that_end_soon_are_set_anew_and_others_left(
    records: SqlRecords, store: MemoryStore
) -> None:
    assert renew_locks(records, store, START, DAYS) == Renewal(renewed=len(locked(store)))
    assert {key for key, _ in store.locks} == locked(store)
    assert set(store.locks.values()) == {START + dt.timedelta(days=DAYS)}
    early = START + dt.timedelta(days=DAYS / 2)
    assert renew_locks(records, store, early, DAYS) == Renewal()
    late = early + dt.timedelta(seconds=1)
    assert renew_locks(records, store, late, DAYS).renewed == len(locked(store)) > 3
    assert set(store.locks.values()) == {late + dt.timedelta(days=DAYS)}


@pytest.mark.parametrize("prefix", ["raw/", "ledger/", "dossiers/"])
def test_what_others_put_over_an_object_does_not_let_its_lock_end(
    records: SqlRecords, store: MemoryStore, prefix: str
) -> None:
    own = next(iter(store.list(prefix)))
    store.plant(own.key, b"foreign")
    renew_locks(records, store, START, DAYS)
    assert store.locks[own.key, own.version_id] == START + dt.timedelta(days=DAYS)


def test_what_is_lost_does_not_hold_up_the_others(records: SqlRecords, store: MemoryStore) -> None:
    store.lose(next(iter(store.list("dossiers/"))).key)
    assert renew_locks(records, store, START, DAYS) == Renewal(renewed=len(locked(store)))


def test_what_fails_is_told_and_does_not_hold_up_the_others(
    records: SqlRecords, store: MemoryStore
) -> None:
    refused = next(iter(store.list("dossiers/"))).key
    faulty = FaultyStore(store)
    faulty.unrenewable.add(refused)
    done = renew_locks(records, faulty, START, DAYS)
    assert done == Renewal(renewed=len(locked(store)) - 1, failed=(refused,))
    report = audit(records, store, lambda: [], renewal=done)
    told = [f for f in report.findings if f.code == "LOCK_NOT_RENEWED"]
    assert [f.subjects for f in told] == [{"object_key": refused}]
    assert report.counts.locks_renewed == done.renewed
    assert not report.ok


def test_a_store_without_locks_is_not_asked(records: SqlRecords, store: MemoryStore) -> None:
    down = FaultyStore(MemoryStore(), down=True)
    assert renew_locks(records, down, START, DAYS) == Renewal()
    with pytest.raises(ArchiveUnavailable):
        renew_locks(records, FaultyStore(store, down=True), START, DAYS)
