"""Where one file stands in the ledger: anchored, pending or broken, without reading all of it.

Seals and the manifests of the file's own dossier, which carry the head's hash, are the anchors.
Whether all events of sealed days are whole is for an audit to say (`casework.audit_ledger`). May
not come in: tables, making seals.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Literal, TypeAlias

from pydantic import ValidationError

from pipeline.models.events import ChainedEvent
from pipeline.models.manifest import Manifest
from pipeline.ports.archive import ObjectStore
from pipeline.ports.records import Records
from storage.ledger import COPIED, FINAL_BYTES, GENESIS, HEAD_LOST, verify_chain
from storage.ledger_days import (
    UNREAD,
    LedgerDay,
    Seal,
    ensure_only,
    first_versions,
    read_day,
    read_seal,
)

LedgerState: TypeAlias = Literal["anchored", "pending", "broken"]
"""Of one file: its event lies before an anchor · not yet · the chain does not verify."""


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
        self._keys = list(first_versions(store))
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
        except UNREAD as error:
            ensure_only(error, store)
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
        except UNREAD as error:
            ensure_only(error, self._store)
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
            except UNREAD as error:  # another day's, or the file's own: then none is found
                ensure_only(error, self._store)
                del self._keys[middle]
                high -= 1
                continue
            if seq < seal.first_seq:
                high = middle - 1
            elif seq > seal.last_seq:
                low = middle + 1
            else:
                if self._day is None or self._day.seal != seal:
                    self._day = read_day(self._store, *self._keys[middle])
                return self._day if self._day.follows(seal.first_seq - 1, seal.prev_hash) else None
        return None

    def _seal(self, place: int) -> Seal:
        key, version_id = self._keys[place]
        if key not in self._seals:
            self._seals[key] = read_seal(self._store, key, version_id)[0]
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
            except (*UNREAD, ValidationError) as error:
                ensure_only(error, self._store)
                continue
            return
