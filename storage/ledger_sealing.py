"""Sealing days of the ledger that are over. May not come in: tables, reading what is sealed."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from collections.abc import Iterator
from typing import Final

from pydantic import ValidationError

from pipeline.errors import ChecksumMismatch, ContentConflict
from pipeline.ids import legal_day
from pipeline.models.events import ChainedEvent
from pipeline.models.files import FileRef
from pipeline.ports.archive import ObjectStore
from pipeline.ports.records import Records
from storage.ledger import GENESIS, verify_chain
from storage.ledger_days import (
    LedgerDay,
    LedgerEvents,
    LedgerSeal,
    Seal,
    events_key,
    last_sealed_day,
    seal_key,
    seal_of,
)
from storage.merkle import merkle_root

_ATTEMPTS: Final = 5


def seal_finished_days(
    records: Records, store: ObjectStore, today: dt.date
) -> tuple[LedgerDay, ...]:
    """Chain what is unchained and seal every day before today; gives the new seals.

    Args:
        records: holds the events.
        store: the archive.
        today: Asia/Ho_Chi_Minh.

    Raises:
        ContentConflict: a seal contradicts the records.
        ChecksumMismatch: `LEDGER_BROKEN`, a day does not carry the chain on. A seal is for ever:
            it must not hold what a copy of the records can still mend.
        ArchiveUnavailable: see `ObjectStore.put`.
    """
    records.chain_events()
    made: list[LedgerDay] = []
    conflicts = 0
    while True:
        try:
            if _seal_some(records, store, today, made):
                return tuple(made)
        except ContentConflict:  # another process sealed the day a moment ago
            conflicts += 1
            if conflicts == _ATTEMPTS:
                raise


def _seal_some(records: Records, store: ObjectStore, today: dt.date, made: list[LedgerDay]) -> bool:
    """Seal day after day; False where one was sealed with less than it would have held now."""
    last = last_sealed_day(store)
    for day, events in _unsealed(records, last, today):
        seq, head = (last.last_seq, last.head) if last else (0, GENESIS)
        broken = verify_chain(events, after_seq=seq, prev_hash=head)
        if broken is not None:
            raise ChecksumMismatch("LEDGER_BROKEN", seq=broken)
        sealed = seal_day(store, day, events, last)
        made.append(sealed)
        last = sealed.seal
        if len(sealed.events) < len(events):
            return False
    return True


def _unsealed(
    records: Records, last: Seal | None, today: dt.date
) -> Iterator[tuple[dt.date, tuple[ChainedEvent, ...]]]:
    """Days that are over, with their events.

    Days never fall along the chain: an event written late joins the day of those before it, and
    one whose clock ran ahead of today does not hold up those behind it.
    """
    day = last.day + dt.timedelta(days=1) if last else dt.date.min
    if day >= today:
        return
    gathered: list[ChainedEvent] = []
    for event in records.ledger(last.last_seq if last else 0):
        own = legal_day(event.event.at)
        if day < own <= today:
            if gathered:
                yield day, tuple(gathered)
                gathered = []
            day = own
            if day >= today:  # what follows joins a day that is not over
                return
        gathered.append(event)
    if gathered and day < today:
        yield day, tuple(gathered)


def seal_day(
    store: ObjectStore,
    day: dt.date,
    events: tuple[ChainedEvent, ...],
    before: Seal | None = None,
) -> LedgerDay:
    """Put the events of one day, then its seal; the same seal again is adopted.

    Where another process has put the day's events and did not come to seal them, they are sealed
    as they stand: what was chained since joins the next day.

    Args:
        store: the archive.
        day: Asia/Ho_Chi_Minh.
        events: by seq, without gaps, at least one.
        before: the newest seal, None for the first.

    Returns:
        The sealed day; it may hold fewer events than were given, from the first on.

    Raises:
        ContentConflict: the day is sealed with other events.
        ArchiveUnavailable: see `ObjectStore.put`.
    """
    key = events_key(day)
    if store.head(key) is None:
        told = _put(store, key, LedgerEvents(day=day, events=events).model_dump_json().encode())
    else:
        events, told = _adopted(store, key, events)
    document = LedgerSeal(
        day=day,
        first_seq=events[0].seq,
        count=len(events),
        prev_hash=events[0].prev_hash,
        head=events[-1].hash,
        root=merkle_root([link.hash for link in events]),
        events_sha256=told,
        previous=before.sha256 if before else None,
    )
    sha256 = _put(store, seal_key(day), document.model_dump_json().encode())
    return LedgerDay(seal_of(document, seal_key(day), sha256), events)


def _adopted(
    store: ObjectStore, key: str, events: tuple[ChainedEvent, ...]
) -> tuple[tuple[ChainedEvent, ...], str]:
    """What lies there of a day's events, and the digest of its bytes."""
    with store.open(key, dict(store.versions(key)).get(key)) as stream:
        data = stream.read()
    try:
        found = LedgerEvents.model_validate_json(data).events
    except ValidationError as error:
        raise ContentConflict(key=key) from error
    if not found or found != events[: len(found)]:
        raise ContentConflict(key=key)
    return found, hashlib.sha256(data).hexdigest()


def _put(store: ObjectStore, key: str, data: bytes) -> str:
    """Put a locked document; its digest."""
    sha256 = hashlib.sha256(data).hexdigest()
    ref = FileRef(sha256=sha256, size=len(data), media_type="application/json")
    store.put(key, ref, io.BytesIO(data), locked=True)
    return sha256
