"""Sealed days of the ledger, as the archive holds them: their documents, and reading them.

The events of a day (Asia/Ho_Chi_Minh) that is over lie in `ledger/{date}.events.json`; the seal
itself, `ledger/{date}.json`, is small, names no event, and holds the root of the Merkle tree over
their hashes and the digest of the seal before. Whoever is shown a seal (and its timestamp,
`storage.ledger_stamps`) learns nothing of other dossiers. A seal is an anchor: a chain that was
rewritten later no longer holds its hash. May not come in: tables, making seals.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter, ValidationError

from pipeline.errors import ArchiveError, ArchiveUnavailable, ChecksumMismatch, NotFound
from pipeline.models.base import Sha256
from pipeline.models.events import ChainedEvent
from pipeline.models.manifest import ArchiveDocument
from pipeline.ports.archive import ObjectStore
from storage.fixity import ensure_answers
from storage.ledger import GENESIS, verify_chain
from storage.merkle import merkle_root

PREFIX: Final = "ledger/"
"""Of the keys of sealed days."""

_SEAL: Final = ".json"
_EVENTS: Final = ".events.json"
UNREAD: Final = (ArchiveError, NotFound)
"""A seal, a day or a manifest that is not there, was changed, or that a drive does not give."""


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


# -- reading --------------------------------------------------------------------------------


def seals(store: ObjectStore) -> Iterator[tuple[str, Seal | None]]:
    """Keys and seals, oldest first; None for a seal that cannot be read.

    Of a key that other hands put something over, the first version is the seal.
    """
    for key, version_id in first_versions(store):
        try:
            yield key, read_seal(store, key, version_id)[0]
        except UNREAD as error:
            ensure_only(error, store)
            yield key, None


def sealed_days(store: ObjectStore) -> Iterator[tuple[str, LedgerDay | None]]:
    """As `seals`, with the events of each day; None also where those are not the sealed ones."""
    for key, version_id in first_versions(store):
        try:
            yield key, read_day(store, key, version_id)
        except UNREAD as error:
            ensure_only(error, store)
            yield key, None


def sealed_day(store: ObjectStore, seal: Seal) -> LedgerDay:
    """The events under a seal.

    Raises:
        ChecksumMismatch: `LEDGER_DAY_UNREADABLE`, they are not the sealed ones, or cannot be read.
        NotFound: `OBJECT_MISSING`.
    """
    versions = dict(first_versions(store, seal.key))
    try:
        return read_day(store, seal.key, versions.get(seal.key))
    except ArchiveUnavailable as error:
        ensure_only(error, store)
        raise ChecksumMismatch("LEDGER_DAY_UNREADABLE", key=seal.key) from error


def last_sealed_day(store: ObjectStore) -> Seal | None:
    """The newest seal.

    Raises:
        ChecksumMismatch: `LEDGER_DAY_UNREADABLE`.
    """
    found = list(first_versions(store))
    return read_seal(store, *found[-1])[0] if found else None


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


def first_versions(store: ObjectStore, prefix: str = PREFIX) -> Iterator[tuple[str, str]]:
    """Key and first version of every seal, in the order of days."""
    first: dict[str, str] = {}
    for key, version_id in store.versions(prefix):
        if is_seal(key):
            first[key] = version_id
    yield from first.items()


def read_seal(
    store: ObjectStore, key: str, version_id: str | None
) -> tuple[Seal, tuple[ChainedEvent, ...] | None]:
    """A seal, and its events where it holds them.

    Raises:
        ChecksumMismatch: `LEDGER_DAY_UNREADABLE`.
        NotFound, ArchiveUnavailable: see `ObjectStore.open`.
    """
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
        return seal_of(document, key, sha256), None
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


def ensure_only(error: Exception, store: ObjectStore) -> None:
    """Raise again where the archive itself does not answer."""
    if isinstance(error, ArchiveUnavailable):
        ensure_answers(store)


def read_day(store: ObjectStore, key: str, version_id: str | None) -> LedgerDay:
    """A sealed day, by key and version of its seal.

    Raises:
        ChecksumMismatch: `LEDGER_DAY_UNREADABLE`, seal or events are not what was sealed.
        NotFound, ArchiveUnavailable: see `ObjectStore.open`.
    """
    seal, events = read_seal(store, key, version_id)
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


def seal_of(document: LedgerSeal, key: str, sha256: str) -> Seal:
    """A seal from its document and the digest of its bytes."""
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
