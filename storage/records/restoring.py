"""Filling empty records from what the archive says, in one transaction.

May not come in: reading the archive (`storage.rebuild`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, insert, select, update

from pipeline.errors import WorkflowError
from pipeline.models.batch import Batch, BatchState
from pipeline.models.events import ChainedEvent, Event
from pipeline.models.records import (
    BatchRecord,
    ComponentRecord,
    DossierRecord,
    ManifestRecord,
)
from pipeline.models.review import ReviewItem
from pipeline.models.split import PageCounts
from storage.records.batches import sources_digest
from storage.records.components import insert_revision
from storage.records.counters import (
    digitisation_counter,
    manifest_counter,
    nn_counter,
    raise_to,
)
from storage.records.database import Database
from storage.records.ledger import append_events, insert_link
from storage.records.manifests import insert_manifest
from storage.records.reviews import put_review
from storage.records.schema import batch_dossiers, batches, components, dossiers, events

_FILLED = (batches, dossiers, events)
"""Tables whose rows say that records are not empty."""


class Restoration:
    """Rows as they were, with the counters behind them; parents before children."""

    def __init__(self, connection: Connection) -> None:
        """Bind to the writing transaction."""
        self._connection = connection

    def link(self, link: ChainedEvent) -> None:
        """An event with its place in the chain."""
        insert_link(self._connection, link)

    def append(self, unchained: Sequence[Event]) -> None:
        """Events that tell of the restoration itself."""
        append_events(self._connection, unchained)

    def dossier(self, record: DossierRecord) -> None:
        """A dossier."""
        self._connection.execute(
            insert(dossiers).values(
                unit=record.unit,
                code=record.code,
                year=record.year,
                procedure=record.procedure,
                case_code=record.case,
                channel=record.channel.value,
                stage=record.stage.value,
                created_at=record.created_at,
                keeping=record.keeping,
            )
        )

    def has_batch(self, batch_id: str) -> bool:
        """True where another dossier brought the batch already."""
        query = select(batches.c.row_id).where(batches.c.batch_id == batch_id)
        return self._connection.execute(query).first() is not None

    def batch(self, record: BatchRecord) -> None:
        """A batch, finished."""
        batch: Batch = record.batch
        self._connection.execute(
            insert(batches).values(
                batch_id=batch.batch_id,
                unit=batch.unit,
                sources_digest=sources_digest(batch.digests),
                state=BatchState.ARCHIVED.value,
                updated_at=record.updated_at,
                document=batch,
                counts=(),
            )
        )

    def slot(self, batch_id: str, slot: int, dossier: DossierRecord, counts: PageCounts) -> None:
        """Which dossier a slot of a batch became, and its pages."""
        self._connection.execute(
            insert(batch_dossiers).values(
                batch_id=batch_id, slot=slot, unit=dossier.unit, dossier_code=dossier.code
            )
        )
        where = batches.c.batch_id == batch_id
        known = self._connection.execute(select(batches.c.counts).where(where)).scalar_one()
        padded = list(known) + [PageCounts()] * (slot + 1 - len(known))
        padded[slot] = counts
        self._connection.execute(update(batches).where(where).values(counts=tuple(padded)))

    def component(self, record: ComponentRecord) -> None:
        """A component with its revisions."""
        values = record.model_dump(exclude={"revisions"})
        self._connection.execute(insert(components).values(**values))
        for revision in record.revisions:
            insert_revision(self._connection, record.component_id, record.unit, revision)
        raise_to(self._connection, record.unit, nn_counter(record.dossier_code), record.nn)
        stem, _, number = (record.digitisation_code or "").rpartition(".")
        if number.isdecimal():
            raise_to(self._connection, record.unit, digitisation_counter(stem), int(number))

    def questions(self, unit: str, items: Sequence[ReviewItem]) -> None:
        """Questions that are still open."""
        for item in items:
            put_review(self._connection, unit, item)

    def taken(self, unit: str, dossier_code: str, nn: int) -> None:
        """A number that no component may be given any more."""
        raise_to(self._connection, unit, nn_counter(dossier_code), nn)

    def manifest(self, record: ManifestRecord) -> None:
        """A manifest as written."""
        insert_manifest(self._connection, record)
        raise_to(self._connection, record.unit, manifest_counter(record.dossier_code), record.seq)


@contextlib.contextmanager
def restoring(database: Database) -> Iterator[Restoration]:
    """Fill empty records; all or nothing.

    Raises:
        WorkflowError: `RECORDS_NOT_EMPTY`.
    """
    with database.write_alone(_FILLED) as connection:
        for table in _FILLED:
            if connection.execute(select(table.c.row_id).limit(1)).first() is not None:
                raise WorkflowError("RECORDS_NOT_EMPTY")
        yield Restoration(connection)
