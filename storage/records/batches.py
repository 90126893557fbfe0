"""Batches and their technical state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from pipeline.errors import NotFound, WorkflowError
from pipeline.ids import digest
from pipeline.models.batch import Batch, BatchState, IngestTerms, Problem
from pipeline.models.events import Event
from pipeline.models.records import BatchRecord
from pipeline.ports.runtime import Clock
from storage.records.database import Database
from storage.records.ledger import append_events
from storage.records.outbox import owe_batch
from storage.records.prefixes import whole_id
from storage.records.schema import batches

_PAGE = 200
"""Rows per reading transaction of an iterator."""


class SqlBatches:
    """Port `BatchRecords`."""

    _database: Database
    _clock: Clock

    def register_batch(self, batch: Batch, events: Sequence[Event]) -> BatchRecord:
        """See `BatchRecords.register_batch`."""
        with self._database.write(batch.batch_id) as connection:
            row = _row(connection, batch.batch_id)
            if row is None:
                connection.execute(
                    insert(batches).values(
                        batch_id=batch.batch_id,
                        unit=batch.unit,
                        sources_digest=sources_digest(batch.digests),
                        state=BatchState.PENDING.value,
                        updated_at=self._clock.now(),
                        document=batch,
                        counts=(),
                    )
                )
                append_events(connection, events)
                row = known_batch(connection, batch.batch_id)
            return _record(row)

    def batch(self, batch_id: str) -> BatchRecord:
        """See `BatchRecords.batch`."""
        with self._database.read() as connection:
            whole = whole_id(connection, batches.c.batch_id, batch_id, "BATCH_UNKNOWN")
            return _record(known_batch(connection, whole))

    def batches(self, *, state: BatchState | None = None) -> Iterator[BatchRecord]:
        """See `BatchRecords.batches`."""
        last = 0
        while True:
            query = select(batches).where(batches.c.row_id > last)
            if state is not None:
                query = query.where(batches.c.state == state.value)
            with self._database.read() as connection:
                rows = connection.execute(query.order_by(batches.c.row_id).limit(_PAGE)).all()
            yield from map(_record, rows)
            if len(rows) < _PAGE:
                return
            last = rows[-1].row_id

    def batches_of_sources(self, unit: str, sources: Sequence[str]) -> tuple[BatchRecord, ...]:
        """See `BatchRecords.batches_of_sources`."""
        query = select(batches).where(
            batches.c.unit == unit, batches.c.sources_digest == sources_digest(sources)
        )
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(batches.c.row_id)).all()
        return tuple(map(_record, rows))

    def set_state(
        self,
        batch_id: str,
        state: BatchState,
        events: Sequence[Event],
        problem: Problem | None = None,
    ) -> None:
        """See `BatchRecords.set_state`.

        Raises:
            WorkflowError: `BATCH_FINISHED` where an archived batch would leave its state.
        """
        with self._database.write(batch_id) as connection:
            row = known_batch(connection, batch_id)
            if row.state == BatchState.ARCHIVED.value and state is not BatchState.ARCHIVED:
                raise WorkflowError("BATCH_FINISHED", batch=batch_id)
            connection.execute(
                update(batches)
                .where(batches.c.batch_id == batch_id)
                .values(state=state.value, problem=problem, updated_at=self._clock.now())
            )
            append_events(connection, events)

    def change_terms(self, batch_id: str, terms: IngestTerms) -> None:
        """See `BatchRecords.change_terms`.

        Raises:
            WorkflowError: `BATCH_FINISHED` where the batch is archived under other terms.
        """
        with self._database.write(batch_id) as connection:
            row = known_batch(connection, batch_id)
            if row.document.terms == terms:
                return
            if row.state == BatchState.ARCHIVED.value:
                raise WorkflowError("BATCH_FINISHED", batch=batch_id)
            connection.execute(
                update(batches)
                .where(batches.c.batch_id == batch_id)
                .values(
                    document=row.document.model_copy(update={"terms": terms}),
                    updated_at=self._clock.now(),
                )
            )

    def finish_batch(self, batch_id: str, events: Sequence[Event]) -> None:
        """See `BatchRecords.finish_batch`."""
        with self._database.write(batch_id) as connection:
            row = known_batch(connection, batch_id)
            if row.state == BatchState.ARCHIVED.value:
                return
            if row.state == BatchState.SUPERSEDED.value:
                raise WorkflowError("BATCH_FINISHED", batch=batch_id)
            connection.execute(
                update(batches)
                .where(batches.c.batch_id == batch_id)
                .values(state=BatchState.ARCHIVED.value, problem=None, updated_at=self._clock.now())
            )
            owe_batch(connection, batch_id)
            append_events(connection, events)


def sources_digest(sources: Sequence[str]) -> str:
    """Digest of ordered source digests, for finding the batches made of them."""
    return digest("sources", list(sources))


def known_batch(connection: Connection, batch_id: str) -> Row[Any]:
    """The row of a batch, by its whole id.

    Raises:
        NotFound: `BATCH_UNKNOWN`.
    """
    row = _row(connection, batch_id)
    if row is None:
        raise NotFound("BATCH_UNKNOWN", id=batch_id)
    return row


def _row(connection: Connection, batch_id: str) -> Row[Any] | None:
    return connection.execute(select(batches).where(batches.c.batch_id == batch_id)).one_or_none()


def _record(row: Row[Any]) -> BatchRecord:
    return BatchRecord(
        batch=row.document,
        state=BatchState(row.state),
        problem=row.problem,
        updated_at=row.updated_at,
    )
