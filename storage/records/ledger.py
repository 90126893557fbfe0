"""Events: inserted unchained with the change they tell of, chained by one sequencer."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, Row, Text, bindparam, cast, insert, select, update

from pipeline.errors import ChecksumMismatch
from pipeline.models.events import ChainedEvent, Event
from storage.ledger import GENESIS, chained
from storage.records import lines
from storage.records.database import Database, insert_new
from storage.records.schema import events as table

_PAGE = 1000
_MOST_SEQ = 2**53
_CHAIN = select(
    table.c.event_id,
    table.c.unit,
    table.c.action,
    cast(table.c.document, Text).label("document"),
    table.c.seq,
    table.c.prev_hash,
    table.c.hash,
)
"""Documents as text: one that is no event any more must not keep the others from being read."""


class SqlLedger:
    """Port `LedgerRecords`."""

    _database: Database

    def append(self, events: Sequence[Event]) -> None:
        """See `LedgerRecords.append`."""
        with self._database.write_beside() as connection:
            append_events(connection, events)

    def chain_events(self) -> str:
        """See `LedgerRecords.chain_events`.

        One process chains at a time. An event that is committed later than others which were
        inserted after it is found the next time: its place is that of its chaining.
        """
        with self._database.read() as connection:
            if _unchained(connection).first() is None:
                return _head(connection)[1]
        with self._database.write(lines.CHAINING) as connection:
            seq, head = _head(connection)
            places = []
            for row in _unchained(connection).all():
                link = chained(row.document, seq + 1, head)
                seq, head = link.seq, link.hash
                places.append(
                    {"row": row.row_id, "seq": seq, "prev_hash": link.prev_hash, "hash": head}
                )
            if places:
                connection.execute(update(table).where(table.c.row_id == bindparam("row")), places)
            return head

    def ledger(self, after_seq: int = 0) -> Iterator[ChainedEvent]:
        """See `LedgerRecords.ledger`."""
        last = after_seq
        while True:
            query = _CHAIN.where(table.c.seq > last).order_by(table.c.seq).limit(_PAGE)
            with self._database.read() as connection:
                rows = connection.execute(query).all()
            for row in rows:
                if isinstance(row.seq, int):  # SQLite keeps anything; that has no place
                    yield _link(row)
            if len(rows) < _PAGE:
                return
            last = rows[-1].seq

    def ledger_length(self) -> int:
        """See `LedgerRecords.ledger_length`."""
        with self._database.read() as connection:
            return _head(connection)[0]

    def events_telling(self, actions: Collection[str], text: str) -> Iterator[ChainedEvent]:
        """See `LedgerRecords.events_telling`."""
        query = _CHAIN.where(
            table.c.action.in_(sorted(actions)),
            table.c.seq <= _MOST_SEQ,
            cast(table.c.document, Text).contains(text, autoescape=True),
        )
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(table.c.seq)).all()
        yield from map(_link, rows)

    def seq_of(self, link_hash: str) -> int | None:
        """See `LedgerRecords.seq_of`."""
        query = select(table.c.seq).where(table.c.hash == link_hash, table.c.seq <= _MOST_SEQ)
        with self._database.read() as connection:
            found: int | None = connection.execute(query.limit(1)).scalar()
        return found

    def newest_event(self, actions: Collection[str]) -> Event | None:
        """See `LedgerRecords.newest_event`."""
        query = select(table.c.document).where(table.c.action.in_(sorted(actions)))
        with self._database.read() as connection:
            found = connection.execute(query.order_by(table.c.row_id.desc()).limit(1)).scalar()
        event: Event | None = found
        return event


def append_events(connection: Connection, events: Sequence[Event]) -> None:
    """Insert events unchained; one that is known by its id is left as it is."""
    rows = [
        {
            "event_id": event.event_id,
            "unit": event.actor.unit,
            "action": event.action,
            "document": event,
        }
        for event in events
    ]
    insert_new(connection, table, rows)


def insert_link(connection: Connection, link: ChainedEvent) -> None:
    """Insert an event that was chained before (restored from a sealed day)."""
    connection.execute(
        insert(table).values(
            event_id=link.event.event_id,
            unit=link.event.actor.unit,
            action=link.event.action,
            document=link.event,
            seq=link.seq,
            prev_hash=link.prev_hash,
            hash=link.hash,
        )
    )


def _unchained(connection: Connection) -> Any:
    query = select(table.c.row_id, table.c.document).where(table.c.seq.is_(None))
    return connection.execute(query.order_by(table.c.row_id))


def _head(connection: Connection) -> tuple[int, str]:
    query = select(table.c.seq, table.c.hash).where(table.c.seq <= _MOST_SEQ)
    row = connection.execute(query.order_by(table.c.seq.desc()).limit(1)).one_or_none()
    return (0, GENESIS) if row is None else (row.seq, row.hash)


def _link(row: Row[Any]) -> ChainedEvent:
    """An event of its row.

    Raises:
        ChecksumMismatch: `LEDGER_EVENT_UNREADABLE`, also where columns contradict the document.
    """
    try:
        event = Event.model_validate_json(row.document)
        link = ChainedEvent(event=event, seq=row.seq, prev_hash=row.prev_hash, hash=row.hash)
    except ValidationError as error:
        raise ChecksumMismatch("LEDGER_EVENT_UNREADABLE", seq=row.seq) from error
    if (row.event_id, row.action, row.unit) != (event.event_id, event.action, event.actor.unit):
        raise ChecksumMismatch("LEDGER_EVENT_UNREADABLE", seq=row.seq)
    return link
