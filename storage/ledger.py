"""The ledger's arithmetic and its seals: hashing, verifying, sealed days, what is anchored.

Events become a chain: the hash of each is SHA-256 over the RFC 8785 bytes of
`{seq, prev_hash, event}`; the first has 64 zeros before it. Days (Asia/Ho_Chi_Minh) that are over
are sealed in the object store: their events as `ledger/{date}.events.json`, then the seal itself,
`ledger/{date}.json`, which is small, names no event, and holds the root of the Merkle tree over
their hashes and the digest of the seal before. Whoever is shown a seal (and its timestamp,
`storage.ledger_stamps`) learns nothing of other dossiers. Manifests carry the head's hash. Both
are anchors: a chain that was rewritten later no longer holds their hash. May not come in: tables.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, TypeAlias

import rfc8785
from pydantic import Field, TypeAdapter, ValidationError

from pipeline.errors import (
    ArchiveError,
    ArchiveUnavailable,
    ChecksumMismatch,
    ContentConflict,
    NotFound,
)
from pipeline.ids import legal_day
from pipeline.models.base import Sha256
from pipeline.models.events import ChainedEvent, Event
from pipeline.models.files import FileRef
from pipeline.models.manifest import ArchiveDocument, Manifest
from pipeline.ports.archive import ObjectStore
from pipeline.ports.records import Records
from storage.fixity import ensure_answers
from storage.merkle import merkle_root

GENESIS: Final = "0" * 64
"""`prev_hash` of the first event, and the head of an empty chain."""

PREFIX: Final = "ledger/"
"""Of the keys of sealed days."""

LedgerState: TypeAlias = Literal["anchored", "pending", "broken"]
"""Of one file: its event lies before an anchor · not yet · the chain does not verify."""

HEAD_LOST: Final = "ledger.head_lost"
"""Action of the event that names a manifest's ledger head which no seal holds."""

RECOVERED: Final = "archive.recovered"
"""Action of the event that tells of bytes which a restored ledger knew nothing of."""

FINAL_BYTES: Final = frozenset(
    {
        "component.signed",
        "component.kept",
        "component.augmented",
        "component.countersigned",
        RECOVERED,
    }
)
"""Actions of events that tell of a file's final bytes."""
COPIED: Final = "component.copied"
"""Action of the event that tells of an electronic copy that was given out, by its `copy` hash."""
_ATTEMPTS: Final = 5
_SEAL: Final = ".json"
_EVENTS: Final = ".events.json"


class LedgerSeal(ArchiveDocument):
    """`sohoa.ledger-day/2`: the seal of one day, written once the day is over."""

    schema_: Literal["sohoa.ledger-day/2"] = Field(default="sohoa.ledger-day/2", alias="schema")
    day: dt.date
    """Asia/Ho_Chi_Minh."""
    first_seq: Annotated[int, Field(ge=1)]
    count: Annotated[int, Field(ge=1)]
    """Events of the day."""
    prev_hash: Sha256
    """Head before the day."""
    head: Sha256
    """Hash of the last event."""
    root: Sha256
    """Of the Merkle tree over the hashes of the events (`storage.merkle`)."""
    events_sha256: Sha256
    """Of the bytes of `ledger/{date}.events.json`."""
    previous: Sha256 | None
    """Of the bytes of the seal before; None for the first."""


class LedgerEvents(ArchiveDocument):
    """`sohoa.ledger-events/1`: the chained events of one sealed day.

    An event that was chained after its own day had been sealed stands in the next day's; the days
    together hold every seq once, without gaps.
    """

    schema_: Literal["sohoa.ledger-events/1"] = Field(
        default="sohoa.ledger-events/1", alias="schema"
    )
    day: dt.date
    events: tuple[ChainedEvent, ...]


class _WholeDay(ArchiveDocument):
    """`sohoa.ledger-day/1`: seal and events in one document, without root and seal before."""

    schema_: Literal["sohoa.ledger-day/1"] = Field(alias="schema")
    day: dt.date
    first_seq: int
    prev_hash: Sha256
    head: Sha256
    events: Annotated[tuple[ChainedEvent, ...], Field(min_length=1)]


_SEALS: Final = TypeAdapter[LedgerSeal | _WholeDay](
    Annotated[LedgerSeal | _WholeDay, Field(discriminator="schema_")]
)


@dataclass(frozen=True, slots=True)
class Seal:
    """A seal as it was read, of either schema."""

    key: str
    sha256: str
    """Of its bytes: what the next seal and the timestamp are over."""
    day: dt.date
    """Asia/Ho_Chi_Minh."""
    first_seq: int
    count: int
    prev_hash: str
    """Head before the day."""
    head: str
    """Hash of the last event."""
    root: str | None = None
    """None in seals of the first schema."""
    previous: str | None = None
    """Digest of the seal before; None in the first seal and in those of the first schema."""
    events_sha256: str | None = None
    """None in seals of the first schema, which hold their events."""

    @property
    def last_seq(self) -> int:
        """Seq of the last event."""
        return self.first_seq + self.count - 1

    def continues(self, before: Seal | None) -> bool:
        """True where this seal carries on from another (None: it is the first)."""
        if before is None:
            return (self.first_seq, self.prev_hash, self.previous) == (1, GENESIS, None)
        linked = self.root is None or self.previous == before.sha256
        carried = (self.first_seq, self.prev_hash) == (before.last_seq + 1, before.head)
        return linked and carried and self.day > before.day


@dataclass(frozen=True, slots=True)
class LedgerDay:
    """A sealed day with its events."""

    seal: Seal
    events: tuple[ChainedEvent, ...]

    @property
    def day(self) -> dt.date:
        """Asia/Ho_Chi_Minh."""
        return self.seal.day

    @property
    def first_seq(self) -> int:
        """Seq of the first event."""
        return self.seal.first_seq

    @property
    def last_seq(self) -> int:
        """Seq of the last event."""
        return self.seal.last_seq

    @property
    def prev_hash(self) -> str:
        """Head before the day."""
        return self.seal.prev_hash

    @property
    def head(self) -> str:
        """Hash of the last event."""
        return self.seal.head

    def follows(self, seq: int, head: str) -> bool:
        """True for a sound day that carries the chain on from an event's seq and hash."""
        return (
            (self.first_seq, self.prev_hash) == (seq + 1, head)
            and len(self.events) == self.seal.count
            and self.events[-1].hash == self.head
            and verify_chain(self.events, after_seq=seq, prev_hash=head) is None
            and self.seal.root in (None, merkle_root([link.hash for link in self.events]))
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


def seals(store: ObjectStore) -> Iterator[tuple[str, Seal | None]]:
    """Keys and seals, oldest first; None for a seal that cannot be read.

    Of a key that other hands put something over, the first version is the seal.
    """
    for key, version_id in _first_versions(store):
        try:
            yield key, _read(store, key, version_id)[0]
        except (ArchiveError, NotFound) as error:
            _ensure_only(error, store)
            yield key, None


def sealed_days(store: ObjectStore) -> Iterator[tuple[str, LedgerDay | None]]:
    """As `seals`, with the events of each day; None also where those are not the sealed ones."""
    for key, version_id in _first_versions(store):
        try:
            yield key, _read_day(store, key, version_id)
        except (ArchiveError, NotFound) as error:
            _ensure_only(error, store)
            yield key, None


def sealed_day(store: ObjectStore, seal: Seal) -> LedgerDay:
    """The events under a seal.

    Raises:
        ChecksumMismatch: `LEDGER_DAY_UNREADABLE`, they are not the sealed ones, or cannot be read.
        NotFound: `OBJECT_MISSING`.
    """
    versions = dict(_first_versions(store, seal.key))
    try:
        return _read_day(store, seal.key, versions.get(seal.key))
    except ArchiveUnavailable as error:
        _ensure_only(error, store)
        raise ChecksumMismatch("LEDGER_DAY_UNREADABLE", key=seal.key) from error


def last_sealed_day(store: ObjectStore) -> Seal | None:
    """The newest seal.

    Raises:
        ChecksumMismatch: `LEDGER_DAY_UNREADABLE`.
    """
    found = list(_first_versions(store))
    return _read(store, *found[-1])[0] if found else None


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
    return LedgerDay(_seal_of(document, seal_key(day), sha256), events)


def seal_key(day: dt.date) -> str:
    """Key of a day's seal."""
    return f"{PREFIX}{day.isoformat()}{_SEAL}"


def events_key(day: dt.date) -> str:
    """Key of the events of a sealed day."""
    return f"{PREFIX}{day.isoformat()}{_EVENTS}"


def is_events(key: str) -> bool:
    """True for the events of a sealed day, by the key."""
    return key.endswith(_EVENTS)


def is_seal(key: str) -> bool:
    """True for a seal, by the key."""
    return key.endswith(_SEAL) and not is_events(key)


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


def _first_versions(store: ObjectStore, prefix: str = PREFIX) -> Iterator[tuple[str, str]]:
    """Key and first version of every seal, in the order of days."""
    first: dict[str, str] = {}
    for key, version_id in store.versions(prefix):
        if is_seal(key):
            first[key] = version_id
    yield from first.items()


def _read(
    store: ObjectStore, key: str, version_id: str | None
) -> tuple[Seal, tuple[ChainedEvent, ...] | None]:
    """A seal, and its events where it holds them."""
    with store.open(key, version_id) as stream:
        data = stream.read()
    try:
        document = _SEALS.validate_json(data)
    except ValidationError as error:
        raise ChecksumMismatch("LEDGER_DAY_UNREADABLE", key=key) from error
    sha256 = hashlib.sha256(data).hexdigest()
    if key != seal_key(document.day):
        raise ChecksumMismatch("LEDGER_DAY_UNREADABLE", key=key)
    if isinstance(document, LedgerSeal):
        return _seal_of(document, key, sha256), None
    seal = Seal(
        key=key,
        sha256=sha256,
        day=document.day,
        first_seq=document.first_seq,
        count=len(document.events),
        prev_hash=document.prev_hash,
        head=document.head,
    )
    return seal, document.events


def _ensure_only(error: Exception, store: ObjectStore) -> None:
    """Raise again where the archive itself does not answer."""
    if isinstance(error, ArchiveUnavailable):
        ensure_answers(store)


def _read_day(store: ObjectStore, key: str, version_id: str | None) -> LedgerDay:
    seal, events = _read(store, key, version_id)
    if events is not None:
        return LedgerDay(seal, events)
    own = events_key(seal.day)
    with store.open(own, dict(store.versions(own)).get(own)) as stream:
        data = stream.read()
    if hashlib.sha256(data).hexdigest() != seal.events_sha256:
        raise ChecksumMismatch("LEDGER_DAY_UNREADABLE", key=own)
    try:
        return LedgerDay(seal, LedgerEvents.model_validate_json(data).events)
    except ValidationError as error:
        raise ChecksumMismatch("LEDGER_DAY_UNREADABLE", key=own) from error


def _seal_of(document: LedgerSeal, key: str, sha256: str) -> Seal:
    return Seal(
        key=key,
        sha256=sha256,
        day=document.day,
        first_seq=document.first_seq,
        count=document.count,
        prev_hash=document.prev_hash,
        head=document.head,
        root=document.root,
        previous=document.previous,
        events_sha256=document.events_sha256,
    )


# -- what is anchored -----------------------------------------------------------------------


def ledger_state(records: Records, store: ObjectStore) -> Callable[[str], LedgerState | None]:
    """Where files stand in the ledger, by SHA-256; None for bytes that it does not know.

    What no seal holds is read and verified once, at the first question, from the newest seal on;
    an event before it is compared with its sealed day, which must hold in itself. The whole chain
    is read once, and only where a file is asked for that no event tells of.
    Whether all events of sealed days are whole is for an audit to say. Anchors are the newest seal
    and the manifests of the file's own dossier.

    Raises (the callable): ArchiveUnavailable.
    """
    return _state(records, store, FINAL_BYTES, None)


def copy_state(records: Records, store: ObjectStore) -> Callable[[str], LedgerState | None]:
    """As `ledger_state`, of electronic copies that were given out; only seals anchor them."""
    return _state(records, store, frozenset({COPIED}), "copy")


def _state(
    records: Records, store: ObjectStore, actions: frozenset[str], name: str | None
) -> Callable[[str], LedgerState | None]:
    chain: list[_Chain] = []

    def state(sha256: str) -> LedgerState | None:
        if not chain:
            chain.append(_Chain(records, store, actions, name))
        return chain[0].state(sha256)

    return state


_UNREAD: Final = (ArchiveError, NotFound)
"""A seal, a day or a manifest that is not there, was changed, or that a drive does not give."""


class _Chain:
    """The newest part of the chain, and the sealed days that were asked for."""

    def __init__(
        self, records: Records, store: ObjectStore, actions: frozenset[str], name: str | None
    ) -> None:
        """Read it; `actions` tell of the files that are asked for, by the hash `name` or all."""
        records.chain_events()
        self._actions, self._name = actions, name
        self._records = records
        self._store = store
        self._keys = list(_first_versions(store))
        self._seals: dict[str, Seal] = {}
        self._day: LedgerDay | None = None
        """The one that was asked for last."""
        self._sealed = 0
        """Seq of the last sealed event."""
        self._tail: set[str] = set()
        """Hashes behind it."""
        self._untouched: bool | None = None
        """Whether the whole chain holds, once that was asked."""
        try:
            self.whole = self._is_whole()
        except _UNREAD as error:
            _ensure_only(error, store)
            self.whole = False

    def _is_whole(self) -> bool:
        """True where the records carry the newest seal on without a break."""
        last = self._seal(len(self._keys) - 1) if self._keys else None
        if last is None:
            return self._carries_on(self._records.ledger(), 0, GENESIS)
        self._sealed = last.last_seq
        links = self._records.ledger(last.last_seq - 1)
        first = next(links, None)
        if first is None or (first.seq, first.hash) != (last.last_seq, last.head):
            return False
        return self._carries_on(links, last.last_seq, last.head)

    def _carries_on(self, links: Iterable[ChainedEvent], seq: int, head: str) -> bool:
        def noted() -> Iterator[ChainedEvent]:
            for link in links:
                self._tail.add(link.hash)
                yield link

        return verify_chain(noted(), after_seq=seq, prev_hash=head) is None

    def state(self, sha256: str) -> LedgerState | None:
        if not self.whole:
            return "broken"
        try:
            link = self._telling(self._actions, sha256, self._name)
            if link is None:
                return self._untold()
            if link.seq <= self._sealed:
                return "anchored" if self._is_sealed(link) else "broken"
            return self._by_manifests(sha256, link)
        except _UNREAD as error:
            _ensure_only(error, self._store)
            return "broken"

    def _untold(self) -> LedgerState | None:
        """Of a file that no event tells of: never told, or somebody took the event away.

        Of copies an audit says whether one was taken away; anybody's file may be asked for here.
        """
        if self._name is not None:
            return None
        if self._untouched is None:
            self._untouched = verify_chain(self._records.ledger()) is None
        return None if self._untouched else "broken"

    def _telling(
        self, actions: Collection[str], sha256: str, name: str | None = None
    ) -> ChainedEvent | None:
        """The first event of these actions with a digest among its hashes, by `name` or any."""
        return next(
            (
                link
                for link in self._records.events_telling(actions, sha256)
                for known, digest in link.event.hashes.items()
                if digest == sha256 and name in (None, known)
            ),
            None,
        )

    def _is_sealed(self, link: ChainedEvent) -> bool:
        day = self._day_of(link.seq)
        return day is not None and day.events[link.seq - day.first_seq] == link

    def _day_of(self, seq: int) -> LedgerDay | None:
        """The sealed day that holds an event; days are in the order of seqs."""
        low, high = 0, len(self._keys) - 1
        while low <= high:
            middle = (low + high) // 2
            try:
                seal = self._seal(middle)
            except _UNREAD as error:  # another day's, or the file's own: then none is found
                _ensure_only(error, self._store)
                del self._keys[middle]
                high -= 1
                continue
            if seq < seal.first_seq:
                high = middle - 1
            elif seq > seal.last_seq:
                low = middle + 1
            else:
                if self._day is None or self._day.seal != seal:
                    self._day = _read_day(self._store, *self._keys[middle])
                return self._day if self._day.follows(seal.first_seq - 1, seal.prev_hash) else None
        return None

    def _seal(self, place: int) -> Seal:
        key, version_id = self._keys[place]
        if key not in self._seals:
            self._seals[key] = _read(self._store, key, version_id)[0]
        return self._seals[key]

    def _by_manifests(self, sha256: str, link: ChainedEvent) -> LedgerState:
        """Of an event that no seal holds yet: a manifest may be anchored to a later one."""
        anchored = False
        for head in self._heads_of(sha256):
            if head in self._tail:
                anchored = anchored or link.seq <= (self._records.seq_of(head) or 0)
            elif not self._is_known(head):
                return "broken"
        return "anchored" if anchored else "pending"

    def _is_known(self, head: str) -> bool:
        """True for a head that the chain held before the newest seal, or a rebuild said it lost."""
        return (
            head == GENESIS
            or self._records.seq_of(head) is not None
            or self._telling({HEAD_LOST}, head) is not None
        )

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
            except (*_UNREAD, ValidationError) as error:
                _ensure_only(error, self._store)
                continue
            return
