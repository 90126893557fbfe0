"""`storage.ledger_stamps` and what an audit says of seals, their timestamps and strangers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from casework.audit_ledger import Stamps, audit_ledger
from casework.audit_report import AuditReport, Findings
from pipeline.errors import ArchiveUnavailable
from pipeline.models.events import Event
from storage.ledger_days import seals
from storage.ledger_sealing import seal_finished_days
from storage.ledger_stamps import Stamping, read_stamp, stamp_sealed_days, unstamped
from storage.records import SqlRecords
from tests.fakes.archived import ACTOR, START
from tests.fakes.clocks import StillClock
from tests.fakes.databases import blank_records
from tests.fakes.stores import FaultyStore, MemoryStore
from tests.fakes.timestamps import PlainTimestamps

ONE = dt.timedelta(days=1)
DAY = START.date()
LATER = START + 9 * ONE


@pytest.fixture
def records(tmp_path: Path) -> Iterator[SqlRecords]:
    records = blank_records(tmp_path / "records.sqlite", StillClock(START))
    records.append(
        [
            Event(event_id=f"{n}", at=START + n * ONE, actor=ACTOR, action="text.read")
            for n in range(4)
        ]
    )
    yield records
    records.close()


@pytest.fixture
def store(records: SqlRecords) -> MemoryStore:
    """Three sealed days."""
    store = MemoryStore()
    seal_finished_days(records, store, DAY + 3 * ONE)
    return store


def owed(store: MemoryStore) -> list[int]:
    return [(seal.day - DAY).days for seal in unstamped(store)]


def audited(
    records: SqlRecords,
    store: MemoryStore,
    timestamps: PlainTimestamps | None,
    until: dt.date | None = None,
) -> AuditReport:
    found = Findings()
    audit_ledger(records, store, {}, (), found, Stamps(timestamps, until))
    return found.report()


def told(report: AuditReport) -> list[tuple[str, str]]:
    return [(f.code, next(iter(f.subjects.values()))) for f in report.findings]


def test_every_seal_is_stamped_once(store: MemoryStore) -> None:
    authority = PlainTimestamps(LATER)
    assert owed(store) == [0, 1, 2]
    assert stamp_sealed_days(store, authority) == Stamping(3)
    assert stamp_sealed_days(store, authority) == Stamping(0)
    assert (authority.asked, owed(store)) == (3, [])
    for _, seal in seals(store):
        assert seal is not None
        response = read_stamp(store, seal)
        assert response is not None
        assert authority.read(response, seal.sha256) == LATER


def test_what_an_authority_owes_is_asked_for_later(store: MemoryStore) -> None:
    authority = PlainTimestamps(LATER, answers=1)
    stamping = stamp_sealed_days(store, authority)
    assert stamping.stamped == 1
    assert stamping.problem is not None
    assert (authority.asked, owed(store)) == (2, [1, 2])
    authority.answers = 5
    assert stamp_sealed_days(store, authority, most=1) == Stamping(1)
    assert owed(store) == [2]


def test_a_store_that_is_down_is_said(store: MemoryStore) -> None:
    with pytest.raises(ArchiveUnavailable):
        stamp_sealed_days(FaultyStore(store, down=True), PlainTimestamps(LATER))


def test_two_processes_stamp_at_once(store: MemoryStore) -> None:
    first = PlainTimestamps(LATER)

    class Overtaken(PlainTimestamps):
        """Another process is quicker."""

        def stamp(self, sha256: str) -> bytes:
            stamp_sealed_days(store, first)
            return super().stamp(sha256)

    stamp_sealed_days(store, Overtaken(LATER + ONE))
    (_, seal), *_ = seals(store)
    assert seal is not None
    assert first.read(read_stamp(store, seal) or b"", seal.sha256) == LATER


def test_an_authority_that_was_revoked_breaks_a_stamp_an_unknown_one_leaves_it_open(
    records: SqlRecords, store: MemoryStore
) -> None:
    authority = PlainTimestamps(LATER)
    stamp_sealed_days(store, authority)
    assert not audited(records, store, authority).findings
    authority.standing = "REVOCATION_UNAVAILABLE"
    (unknown,) = (report := audited(records, store, authority)).findings
    assert report.ok and unknown.code == "LEDGER_STAMP_UNKNOWN"
    assert unknown.subjects == {"day": "2026-11-22", "until": "2026-11-24"}
    authority.standing = "TIMESTAMP_REVOKED"
    report = audited(records, store, authority)
    assert [f.subjects["problem"] for f in report.findings] == ["TIMESTAMP_REVOKED"] * 3
    assert {f.code for f in report.findings} == {"LEDGER_STAMP_BROKEN"} and not report.ok


def test_an_audit_shows_what_is_owed_and_since_when(
    records: SqlRecords, store: MemoryStore
) -> None:
    stamp_sealed_days(store, PlainTimestamps(LATER), most=1)
    report = audited(records, store, PlainTimestamps(LATER))
    assert told(report) == [
        ("LEDGER_STAMP_DUE", "2026-11-23"),
        ("LEDGER_STAMP_DUE", "2026-11-24"),
    ]
    assert report.ok
    late = audited(records, store, PlainTimestamps(LATER), dt.date(2026, 11, 23))
    assert told(late) == [
        ("LEDGER_STAMP_OVERDUE", "2026-11-23"),
        ("LEDGER_STAMP_DUE", "2026-11-24"),
    ]
    assert late.failures == 1
    counts = report.counts
    assert (counts.sealed_days, counts.stamped_days, counts.unanchored) == (3, 1, 1)
    assert told(audited(records, store, PlainTimestamps(LATER, available=False))) == []
    assert told(audited(records, store, None)) == []


def test_an_audit_reads_every_timestamp(records: SqlRecords, store: MemoryStore) -> None:
    stamp_sealed_days(store, PlainTimestamps(LATER))
    authority = PlainTimestamps(LATER, available=False)
    assert told(audited(records, store, authority)) == []
    store.rot("ledger/2026-11-23.tsr")
    report = audited(records, store, authority)
    assert told(report) == [("LEDGER_STAMP_BROKEN", "ledger/2026-11-23.tsr")]
    assert report.findings[0].subjects["problem"] == "TIMESTAMP_UNUSABLE"
    assert not report.ok


def test_what_other_hands_put_beside_and_over(records: SqlRecords, store: MemoryStore) -> None:
    stamp_sealed_days(store, PlainTimestamps(LATER))
    for key in ("ledger/2026-11-23.json", "ledger/2026-11-23.events.json", "ledger/2026-11-22.tsr"):
        store.plant(key, b"something else")
    store.plant("ledger/2026-11-20.events.json", b"{}")
    store.plant("ledger/2026-12-31.events.json", b"{}")
    store.plant("ledger/2026-12-31.tsr", b"{}")
    store.plant("ledger/readme.txt", b"{}")
    found = told(audited(records, store, PlainTimestamps(LATER)))
    assert sorted(found) == [
        ("OBJECT_REPLACED", "ledger/2026-11-22.tsr"),
        ("OBJECT_REPLACED", "ledger/2026-11-23.events.json"),
        ("OBJECT_REPLACED", "ledger/2026-11-23.json"),
        ("UNFINISHED_OBJECT", "ledger/2026-12-31.events.json"),
        ("UNKNOWN_OBJECT", "ledger/2026-11-20.events.json"),
        ("UNKNOWN_OBJECT", "ledger/2026-12-31.tsr"),
        ("UNKNOWN_OBJECT", "ledger/readme.txt"),
    ]


def test_a_seal_that_is_lost_or_changed_is_named(records: SqlRecords, store: MemoryStore) -> None:
    lost = store.copy()
    lost.lose("ledger/2026-11-23.json")
    found = told(audited(records, lost, None))
    assert ("LEDGER_SEAL_BROKEN", "ledger/2026-11-24.json") in found
    rotten = store.copy()
    rotten.rot("ledger/2026-11-23.events.json")
    assert told(audited(records, rotten, None)) == [
        ("LEDGER_SEAL_BROKEN", "ledger/2026-11-23.json")
    ]
