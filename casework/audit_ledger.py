"""The ledger's part of an audit: seals, their timestamps, the chain against them, the manifests."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from casework.audit_report import Findings
from pipeline.errors import ChecksumMismatch, NotFound, TimestampError
from pipeline.models.events import ChainedEvent, Fact
from pipeline.ports.archive import ObjectStore
from pipeline.ports.records import Records
from pipeline.ports.signing import Timestamps
from storage.ledger import GENESIS, HEAD_LOST
from storage.ledger_damage import Damage, Row, chain_rows, damages
from storage.ledger_days import PREFIX, LedgerDay, Seal, is_events, is_seal, sealed_day, seals
from storage.ledger_stamps import read_stamp, seal_beside, stamp_key

_CODES: Final = {
    "CHANGED": "LEDGER_EVENT_CHANGED",
    "LOST": "LEDGER_EVENT_LOST",
    "ADDED": "LEDGER_EVENT_ADDED",
    "MOVED": "LEDGER_EVENT_MOVED",
    "BROKEN": "LEDGER_BROKEN",
}


@dataclass(frozen=True, slots=True)
class Stamps:
    """What is asked of the timestamps over seals."""

    authority: Timestamps | None = None
    """Reads them; None: they are not looked at."""
    until: dt.date | None = None
    """Days up to this one, Asia/Ho_Chi_Minh, must have theirs; None: any may wait."""


UNASKED: Final = Stamps()


def audit_ledger(
    records: Records,
    store: ObjectStore,
    heads: Mapping[str, str],
    facts: Collection[Fact],
    found: Findings,
    stamps: Stamps = UNASKED,
) -> None:
    """Compare the chain with every sealed event, every manifest's anchor, every fact.

    The chain was written when the bytes were; records and archive changed together later do not
    agree with it. What lies behind the last anchor is counted (`unanchored`): only the chain
    itself vouches for it.

    Args:
        records: hold the chain.
        store: holds the seals.
        heads: manifest key by the ledger head that the manifest carries.
        facts: what the chain must tell of.
        found: where findings go.
        stamps: what is asked of the seals' timestamps.

    Raises:
        ArchiveUnavailable: the archive or the records cannot be reached.
    """
    _Ledger(records, store, found).run(heads, set(facts), stamps)


class _Ledger:
    """One run."""

    def __init__(self, records: Records, store: ObjectStore, found: Findings) -> None:
        self._records = records
        self._store = store
        self._found = found
        self._anchors: dict[str, int] = {GENESIS: 0}
        """Seq by hash of what manifests are anchored to, as far as the chain holds it."""
        self._lost: set[str] = set()
        self._unknown: list[str] = []
        """Days of whose timestamps nobody says whether the authority stood."""
        self._sealed_until = 0
        self._last = 0

    def run(self, heads: Mapping[str, str], untold: set[Fact], stamps: Stamps) -> None:
        self._records.chain_events()  # of a process that works meanwhile: its facts are known
        self._objects()
        days = self._days(stamps)
        for damage in damages(days, self._noted(heads, untold)):
            self._found.add(_CODES[damage.kind], **_place(damage))
        if self._unknown:
            first, last = min(self._unknown), max(self._unknown)
            self._found.add("LEDGER_STAMP_UNKNOWN", day=first, until=last)
        anchored = max(self._sealed_until, *self._anchors.values())
        self._found.count(unanchored=max(0, self._last - anchored))
        for head, key in heads.items():
            if head in self._lost and head not in self._anchors:
                self._found.add("LEDGER_HEAD_LOST", object_key=key)
            elif head not in self._anchors:
                self._found.add("LEDGER_HEAD_UNKNOWN", object_key=key, after_seq=str(anchored))
        for name, sha256, subject in sorted(untold):
            self._found.add("LEDGER_ENTRY_MISSING", subject=subject, **{name: sha256})

    def _noted(self, heads: Mapping[str, str], untold: set[Fact]) -> Iterator[Row]:
        for row in chain_rows(self._records):
            self._found.count(events=1)
            self._last = row.seq
            if isinstance(row, ChainedEvent):
                untold.difference_update(row.event.facts)
                if row.hash in heads:
                    self._anchors[row.hash] = row.seq
                if row.event.action == HEAD_LOST:
                    self._lost.update(row.event.hashes.values())
            yield row

    def _days(self, stamps: Stamps) -> Iterator[LedgerDay]:
        """Days that are sound in themselves; seals that are not, or carry nothing on, are told."""
        before: Seal | None = None
        for key, seal in seals(self._store):
            self._found.count(sealed_days=1)
            day = self._day(seal) if seal is not None else None
            sound = day is not None and day.follows(day.first_seq - 1, day.prev_hash)
            if seal is None or not sound or not seal.continues(before):
                self._found.add("LEDGER_SEAL_BROKEN", object_key=key)
            if seal is not None:
                self._stamp(seal, stamps)
                before = seal
            if day is not None and sound:
                self._sealed_until = day.last_seq
                yield day

    def _day(self, seal: Seal) -> LedgerDay | None:
        try:
            return sealed_day(self._store, seal)
        except (ChecksumMismatch, NotFound):
            return None

    def _stamp(self, seal: Seal, stamps: Stamps) -> None:
        timestamps = stamps.authority
        if timestamps is None:
            return
        response = read_stamp(self._store, seal)
        if response is None:
            if timestamps.available:
                late = stamps.until is not None and seal.day <= stamps.until
                code = "LEDGER_STAMP_OVERDUE" if late else "LEDGER_STAMP_DUE"
                self._found.add(code, day=seal.day.isoformat())
            return
        self._found.count(stamped_days=1)
        try:
            timestamps.read(response, seal.sha256)
            timestamps.ensure_stood(response, seal.sha256)
        except TimestampError as error:
            if error.code == "REVOCATION_UNAVAILABLE":
                self._unknown.append(seal.day.isoformat())
                return
            key = stamp_key(seal.key)
            self._found.add("LEDGER_STAMP_BROKEN", object_key=key, problem=error.code)

    def _objects(self) -> None:
        """Nothing but seals, their events and timestamps, each once."""
        keys = Counter(key for key, _ in self._store.versions(PREFIX))
        sealed = {key for key in keys if is_seal(key)}
        last = max(sealed, default="")
        for key, versions in keys.items():
            if versions > 1:
                self._found.add("OBJECT_REPLACED", object_key=key)
            if key not in sealed and seal_beside(key) not in sealed:
                unfinished = is_events(key) and seal_beside(key) > last
                code = "UNFINISHED_OBJECT" if unfinished else "UNKNOWN_OBJECT"
                self._found.add(code, object_key=key)


def _place(damage: Damage) -> dict[str, str]:
    place = {"seq": str(damage.seq)}
    if damage.until != damage.seq:
        place["until"] = str(damage.until)
    if damage.now is not None:
        place["now"] = str(damage.now)
    return place
