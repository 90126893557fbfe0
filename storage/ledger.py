"""The ledger's arithmetic and its seals: hashing, verifying, sealed days, what is anchored.

Events become a chain: the hash of each is SHA-256 over the RFC 8785 bytes of
`{seq, prev_hash, event}`; the first has 64 zeros before it. Days (Asia/Ho_Chi_Minh) that are over
are sealed as `ledger/{date}.json` in the object store; manifests carry the head's hash. Both are
anchors: a chain that was rewritten later no longer holds their hash. May not come in: tables.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, Literal, TypeAlias

import rfc8785
from pydantic import Field, ValidationError

from pipeline.errors import ChecksumMismatch, ContentConflict, NotFound
from pipeline.ids import legal_day
from pipeline.models.base import Sha256
from pipeline.models.events import ChainedEvent, Event
from pipeline.models.files import FileRef
from pipeline.models.manifest import ArchiveDocument, Manifest
from pipeline.ports.archive import ObjectStore, StoredObject
from pipeline.ports.records import Records

GENESIS: Final = "0" * 64
"""`prev_hash` of the first event, and the head of an empty chain."""

PREFIX: Final = "ledger/"
"""Of the keys of sealed days."""

LedgerState: TypeAlias = Literal["anchored", "pending", "broken"]
"""Of one file: its event lies before an anchor · not yet · the chain does not verify."""

_FINAL_BYTES: Final = frozenset(
    {"component.signed", "component.kept", "component.augmented", "component.countersigned"}
)
_ATTEMPTS: Final = 5
_SEAL: Final = ".json"


class LedgerDay(ArchiveDocument):
    """`sohoa.ledger-day/1`: the chained events of one day, sealed once the day is over.

    An event that was chained after its own day had been sealed stands in the next day's seal;
    the seals together hold every seq once, without gaps.
    """

    schema_: Literal["sohoa.ledger-day/1"] = Field(default="sohoa.ledger-day/1", alias="schema")
    day: dt.date
    """Asia/Ho_Chi_Minh."""
    first_seq: int
    prev_hash: Sha256
    """Head before the day."""
    head: Sha256
    """Hash of the last event."""
    events: tuple[ChainedEvent, ...]

    @property
    def last_seq(self) -> int:
        """Seq of the last event."""
        return self.first_seq + len(self.events) - 1

    def follows(self, seq: int, head: str) -> bool:
        """True for a sound seal that carries the chain on from an event's seq and hash."""
        return (
            len(self.events) > 0
            and (self.first_seq, self.prev_hash) == (seq + 1, head)
            and self.events[-1].hash == self.head
            and verify_chain(self.events, after_seq=seq, prev_hash=head) is None
        )


# -- chain ----------------------------------------------------------------------------------


def chained(event: Event, seq: int, prev_hash: str) -> ChainedEvent:
    """An event in its place.

    Args:
        event: what happened.
        seq: 1-based.
        prev_hash: hash of the event before, `GENESIS` for the first.
    """
    document: dict[str, Any] = {
        "seq": seq,
        "prev_hash": prev_hash,
        "event": event.model_dump(mode="json"),
    }
    digest = hashlib.sha256(rfc8785.dumps(document)).hexdigest()
    return ChainedEvent(event=event, seq=seq, prev_hash=prev_hash, hash=digest)


def verify_chain(
    events: Iterable[ChainedEvent], *, after_seq: int = 0, prev_hash: str = GENESIS
) -> int | None:
    """The first seq at which the chain does not hold, None for a whole chain.

    Args:
        events: by seq.
        after_seq: seq before the first event.
        prev_hash: hash of that event.
    """
    seq = after_seq
    for found in events:
        seq += 1
        if found != chained(found.event, seq, prev_hash):
            return seq
        prev_hash = found.hash
    return None


# -- sealed days ----------------------------------------------------------------------------


def sealed_days(store: ObjectStore) -> Iterator[tuple[str, LedgerDay | None]]:
    """Keys and seals, oldest first; None for a seal that cannot be read."""
    for stored in store.list(PREFIX):
        if stored.key.endswith(_SEAL):
            try:
                yield stored.key, _read_day(store, stored)
            except (ChecksumMismatch, NotFound):
                yield stored.key, None


def last_sealed_day(store: ObjectStore) -> LedgerDay | None:
    """The newest seal.

    Raises:
        ChecksumMismatch: `LEDGER_DAY_UNREADABLE`.
    """
    seals = [stored for stored in store.list(PREFIX) if stored.key.endswith(_SEAL)]
    return _read_day(store, seals[-1]) if seals else None


def seal_day(store: ObjectStore, day: dt.date, events: tuple[ChainedEvent, ...]) -> LedgerDay:
    """Put the seal of one day; the same seal again is adopted.

    Args:
        store: the archive.
        day: Asia/Ho_Chi_Minh.
        events: by seq, without gaps, at least one.

    Raises:
        ContentConflict: the day is sealed with other events.
        ArchiveUnavailable: see `ObjectStore.put`.
    """
    document = LedgerDay(
        day=day,
        first_seq=events[0].seq,
        prev_hash=events[0].prev_hash,
        head=events[-1].hash,
        events=events,
    )
    data = document.model_dump_json().encode()
    ref = FileRef(
        sha256=hashlib.sha256(data).hexdigest(), size=len(data), media_type="application/json"
    )
    store.put(f"{PREFIX}{day.isoformat()}{_SEAL}", ref, io.BytesIO(data), locked=True)
    return document


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
    for attempt in range(_ATTEMPTS):
        last = last_sealed_day(store)
        seq, head = (last.last_seq, last.head) if last else (0, GENESIS)
        try:
            for day, events in _unsealed(records, last, today):
                broken = verify_chain(events, after_seq=seq, prev_hash=head)
                if broken is not None:
                    raise ChecksumMismatch("LEDGER_BROKEN", seq=broken)
                made.append(seal_day(store, day, events))
                seq, head = events[-1].seq, events[-1].hash
            break
        except ContentConflict:  # another process sealed the day a moment ago
            if attempt == _ATTEMPTS - 1:
                raise
    return tuple(made)


def _unsealed(
    records: Records, last: LedgerDay | None, today: dt.date
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


def _read_day(store: ObjectStore, stored: StoredObject) -> LedgerDay:
    with store.open(stored.key, stored.version_id) as stream:
        data = stream.read()
    try:
        return LedgerDay.model_validate_json(data)
    except ValidationError as error:
        raise ChecksumMismatch("LEDGER_DAY_UNREADABLE", key=stored.key) from error


# -- what is anchored -----------------------------------------------------------------------


def ledger_state(records: Records, store: ObjectStore) -> Callable[[str], LedgerState | None]:
    """Where files stand in the ledger, by SHA-256; None for bytes that it does not know.

    The chain is read and verified once, at the first question. Anchors are the newest seal and
    the manifests of the file's own dossier.

    Raises (the callable): ArchiveUnavailable.
    """
    chain: list[_Chain] = []

    def state(sha256: str) -> LedgerState | None:
        if not chain:
            chain.append(_Chain(records, store))
        return chain[0].state(sha256)

    return state


class _Chain:
    """The whole chain, reduced to what the answers need."""

    def __init__(self, records: Records, store: ObjectStore) -> None:
        records.chain_events()
        self._records = records
        self._store = store
        self._seqs: dict[str, int] = {GENESIS: 0}
        self._finals: dict[str, int] = {}
        self._sealed: int | None = 0
        self.whole = verify_chain(self._noted()) is None
        try:
            last = last_sealed_day(store)
            self._sealed = self._seqs.get(last.head) if last else 0
        except ChecksumMismatch:
            self._sealed = None

    def _noted(self) -> Iterator[ChainedEvent]:
        for found in self._records.ledger():
            self._seqs[found.hash] = found.seq
            if found.event.action in _FINAL_BYTES:
                for sha256 in found.event.hashes.values():
                    self._finals.setdefault(sha256, found.seq)
            yield found

    def state(self, sha256: str) -> LedgerState | None:
        if not self.whole or self._sealed is None:
            return "broken"
        seq = self._finals.get(sha256)
        if seq is None:
            return None
        if seq <= self._sealed:
            return "anchored"
        heads = [self._seqs.get(head) for head in self._heads_of(sha256)]
        if None in heads:
            return "broken"
        return "anchored" if any(head is not None and seq <= head for head in heads) else "pending"

    def _heads_of(self, sha256: str) -> Iterator[str]:
        """Ledger heads in the manifests of the dossier that the file belongs to."""
        found = self._records.revision_of(sha256)
        if found is None:
            return
        component, _ = found
        for record in reversed(self._records.manifests(component.unit, component.dossier_code)):
            if record.version_id is None:
                continue
            try:
                with self._store.open(record.object_key, record.version_id) as stream:
                    yield Manifest.model_validate_json(stream.read()).ledger_head
            except (NotFound, ValidationError):
                continue
            return
