"""Where the records' chain differs from what was sealed: changed, lost, added, moved, and where.

Sealed days hold every event, so that damage is not only seen but located, also where all hashes
behind it were computed anew. Both sides are read once, side by side; only what differs is kept.
What no seal holds (the tail, and days whose seal is of no use) can only be asked whether it is a
chain. May not come in: what an audit makes of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Generic, Literal, TypeAlias, TypeVar

from pipeline.errors import ChecksumMismatch
from pipeline.models.events import ChainedEvent
from pipeline.ports.records import LedgerRecords
from storage.ledger import GENESIS, chained
from storage.ledger_days import LedgerDay

Kind: TypeAlias = Literal["CHANGED", "LOST", "ADDED", "MOVED", "BROKEN"]
"""BROKEN: a row that no seal holds does not carry the chain on."""


@dataclass(frozen=True, slots=True)
class Damage:
    """Something that is not as it was sealed."""

    kind: Kind
    seq: int
    """As sealed; of ADDED and BROKEN as found."""
    until: int
    """The last of a run of neighbours; `seq` for a single event."""
    now: int | None = None
    """Of MOVED: where it is found."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row that is no event any more."""

    seq: int


Row: TypeAlias = ChainedEvent | Unreadable


def chain_rows(records: LedgerRecords) -> Iterator[Row]:
    """Every row of the chain by seq, also those that cannot be read.

    Raises:
        ArchiveUnavailable: the records cannot be reached.
    """
    after = 0
    while True:
        try:
            for link in records.ledger(after):
                after = link.seq
                yield link
        except ChecksumMismatch as error:
            if error.code != "LEDGER_EVENT_UNREADABLE":
                raise
            after = int(error.params["seq"])
            yield Unreadable(after)
        else:
            return


def damages(days: Iterable[LedgerDay], rows: Iterable[Row]) -> tuple[Damage, ...]:
    """Compare sealed days with the records' rows.

    Args:
        days: oldest first, each sound in itself; days may be missing.
        rows: of the records, by seq.

    Returns:
        By seq; none where every sealed event is in its place and the rest is a chain.
    """
    return _Comparison(days, rows).run()


@dataclass(frozen=True, slots=True)
class _Gap:
    """No seal of use up to a seq."""

    before: int


_T = TypeVar("_T")
_Sealed: TypeAlias = ChainedEvent | _Gap
_NOTHING: Final = Unreadable(0)


class _Comparison:
    """One run: two streams with what was read ahead, and what differs so far."""

    def __init__(self, days: Iterable[LedgerDay], rows: Iterable[Row]) -> None:
        self._sealed = _Ahead(_events_of(days))
        self._rows = _Ahead(rows)
        self._before: Row = _NOTHING
        """The last row that was taken."""
        self._head: ChainedEvent | None = None
        """The last sealed event: what is not sealed may carry on from it, too."""
        self._lost: dict[str, ChainedEvent] = {}
        self._added: dict[int, str | None] = {}
        self._changed: set[int] = set()
        self._broken: set[int] = set()
        self._moved: list[Damage] = []

    def run(self) -> tuple[Damage, ...]:
        while (sealed := self._sealed.next()) is not None:
            if isinstance(sealed, _Gap):
                self._unsealed(sealed.before)
                continue
            self._head = sealed
            row = self._rows.next()
            if row is None:
                self._lost[sealed.event.event_id] = sealed
            elif _id_of(row) == sealed.event.event_id:
                self._matched(sealed, row)
            else:
                self._resynchronise(sealed, row)
        self._unsealed(None)
        return self._told()

    def _matched(self, sealed: ChainedEvent, row: Row) -> None:
        """The same event on both sides; its link may have moved along with its neighbours'."""
        before, self._before = self._before, row
        if row == sealed:
            return
        if isinstance(row, Unreadable) or row.event != sealed.event:
            self._changed.add(sealed.seq)
            return
        moved_along = row.seq == before.seq + 1 and (
            (row.prev_hash, row.hash) == (sealed.prev_hash, sealed.hash) or _carries(before, row)
        )
        if not moved_along:
            self._changed.add(sealed.seq)

    def _resynchronise(self, sealed: ChainedEvent, row: Row) -> None:
        """Read on, on both sides in turn, to the first event that both have."""
        missing, extra = [sealed], [row]
        at_missing, at_extra = {sealed.event.event_id: 0}, {_id_of(row): 0}
        while True:
            further = self._sealed.next()
            if isinstance(further, _Gap):
                self._sealed.give_back([further])
                further = None
            if further is not None:
                missing.append(further)
                found = at_extra.get(further.event.event_id)
                if found is not None:
                    return self._split(missing, len(missing) - 1, extra, found)
                at_missing[further.event.event_id] = len(missing) - 1
            other = self._rows.next()
            if other is not None:
                extra.append(other)
                found = at_missing.get(_id_of(other) or "")
                if found is not None:
                    return self._split(missing, found, extra, len(extra) - 1)
                at_extra.setdefault(_id_of(other), len(extra) - 1)
            ended = further is None and (other is None or other.seq > missing[-1].seq)
            if ended:
                tail = sum(one.seq <= missing[-1].seq for one in extra)
                return self._split(missing, len(missing), extra, tail)

    def _split(self, missing: list[ChainedEvent], lost: int, extra: list[Row], added: int) -> None:
        for link in missing[:lost]:
            self._head = link
            self._lost[link.event.event_id] = link
        for row in extra[:added]:
            self._added[row.seq] = _id_of(row)
            self._before = row
        self._sealed.give_back(missing[lost:])
        self._rows.give_back(extra[added:])

    def _unsealed(self, before: int | None) -> None:
        """Rows that no seal holds: do they carry on, and is a lost event among them?"""
        while (row := self._rows.next()) is not None:
            if before is not None and row.seq >= before:
                self._rows.give_back([row])
                return
            heads = (self._before, self._head) if self._head else (self._before,)
            if not any(_carries(head, row) for head in heads):
                self._broken.add(row.seq)
            self._head = None
            self._note_moved(_id_of(row), row.seq)
            self._before = row

    def _note_moved(self, event_id: str | None, now: int) -> bool:
        link = self._lost.pop(event_id, None) if event_id is not None else None
        if link is None:
            return False
        self._moved.append(Damage("MOVED", link.seq, link.seq, now))
        return True

    def _told(self) -> tuple[Damage, ...]:
        for seq, event_id in list(self._added.items()):
            if self._note_moved(event_id, seq):
                del self._added[seq]
        lost = {link.seq for link in self._lost.values()}
        exchanged = lost & self._added.keys()
        found = [
            *_runs("CHANGED", self._changed | exchanged),
            *_runs("LOST", lost - exchanged),
            *_runs("ADDED", self._added.keys() - exchanged),
            *_runs("BROKEN", self._broken),
            *self._moved,
        ]
        return tuple(sorted(found, key=lambda one: (one.seq, one.kind)))


class _Ahead(Generic[_T]):
    """A stream that takes back what was read too far."""

    def __init__(self, items: Iterable[_T]) -> None:
        self._items = iter(items)
        self._back: deque[_T] = deque()

    def next(self) -> _T | None:
        return self._back.popleft() if self._back else next(self._items, None)

    def give_back(self, items: Sequence[_T]) -> None:
        self._back.extendleft(reversed(items))


def _events_of(days: Iterable[LedgerDay]) -> Iterator[_Sealed]:
    seq = 0
    for day in days:
        if day.first_seq <= seq:  # says again, and differently, what was said before
            continue
        if day.first_seq > seq + 1:
            yield _Gap(day.first_seq)
        yield from day.events
        seq = day.last_seq


def _carries(before: Row, row: Row) -> bool:
    """True where a row follows another, hash for hash."""
    if isinstance(row, Unreadable):
        return False
    prev_hash = GENESIS if before is _NOTHING else row.prev_hash
    if isinstance(before, ChainedEvent):
        prev_hash = before.hash
    return row == chained(row.event, before.seq + 1, prev_hash)


def _id_of(row: Row) -> str | None:
    return None if isinstance(row, Unreadable) else row.event.event_id


def _runs(kind: Kind, seqs: Iterable[int]) -> Iterator[Damage]:
    """Neighbours as one damage."""
    ordered = sorted(seqs)
    starts = [n for n, (a, b) in enumerate(pairwise(ordered), start=1) if b != a + 1]
    for start, end in pairwise([0, *starts, len(ordered)] if ordered else ()):
        yield Damage(kind, ordered[start], ordered[end - 1])
