"""Deliveries owed to the index, and bytes owed to the archive."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, Table, delete, exists, func, insert, select, union

from pipeline.errors import NotFound
from pipeline.models.batch import BatchState
from pipeline.ports.records import OutboxRow
from storage.records import lines
from storage.records.database import Database
from storage.records.schema import batches, components, manifests, outbox, revisions


class SqlOutbox:
    """Port `OutboxRecords`; a delivered row is gone."""

    _database: Database

    def owe(self, component_ids: Sequence[str]) -> None:
        """See `OutboxRecords.owe`.

        Raises:
            NotFound: `COMPONENT_UNKNOWN`.
        """
        for component_id in component_ids:
            # In the line of its batch: a later row must not be seen before an earlier one.
            with self._database.write(lines.of_component(component_id)) as connection:
                unit = connection.execute(
                    select(components.c.unit).where(components.c.component_id == component_id)
                ).scalar()
                if unit is None:
                    raise NotFound("COMPONENT_UNKNOWN", id=component_id)
                connection.execute(insert(outbox).values(unit=unit, component_id=component_id))

    def outbox(self, limit: int = 100) -> tuple[OutboxRow, ...]:
        """See `OutboxRecords.outbox`."""
        with self._database.read() as connection:
            rows = connection.execute(select(outbox).order_by(outbox.c.row_id).limit(limit)).all()
        return tuple(OutboxRow(row_id=row.row_id, component_id=row.component_id) for row in rows)

    def delivered(self, row_ids: Sequence[int]) -> None:
        """See `OutboxRecords.delivered`."""
        with self._database.write_beside() as connection:
            for row_id in row_ids:
                connection.execute(delete(outbox).where(outbox.c.row_id == row_id))

    def undelivered(self, batch_id: str) -> int:
        """See `OutboxRecords.undelivered`."""
        query = (
            select(func.count())
            .select_from(outbox)
            .join(components, components.c.component_id == outbox.c.component_id)
            .where(components.c.batch_id == batch_id)
        )
        with self._database.read() as connection:
            return connection.execute(query).scalar_one()

    def unanswered(self) -> frozenset[str]:
        """See `OutboxRecords.unanswered`."""
        query = union(
            _unanswered(revisions, "component_id", "rev"),
            _unanswered(manifests, "unit", "dossier_code", "seq"),
        )
        with self._database.read() as connection:
            return frozenset(connection.execute(query).scalars())


def _unanswered(table: Table, *key: str) -> Select[Any]:
    """Committed digests without a version and without a later one that has it.

    Args:
        table: with `sha256` and `version_id`.
        key: columns of what the digests follow each other for; the last one rises.
    """
    later = table.alias()
    *whose, number = key
    overtaken = exists().where(
        *(later.c[name] == table.c[name] for name in whose),
        later.c[number] > table.c[number],
        later.c.version_id.is_not(None),
    )
    return select(table.c.sha256).where(
        table.c.version_id.is_(None), table.c.sha256.is_not(None), ~overtaken
    )


def owe_batch(connection: Connection, batch_id: str) -> None:
    """One delivery per component of a batch, in the order of the dossier."""
    connection.execute(
        insert(outbox).from_select(
            ["unit", "component_id"],
            select(components.c.unit, components.c.component_id)
            .where(components.c.batch_id == batch_id)
            .order_by(components.c.dossier_code, components.c.nn),
        )
    )


def owe_archived(connection: Connection, component_id: str) -> None:
    """One delivery of a component whose batch is archived; none before that."""
    connection.execute(
        insert(outbox).from_select(
            ["unit", "component_id"],
            select(components.c.unit, components.c.component_id)
            .join(batches, batches.c.batch_id == components.c.batch_id)
            .where(
                components.c.component_id == component_id,
                batches.c.state == BatchState.ARCHIVED.value,
            ),
        )
    )
