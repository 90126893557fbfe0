"""Manifests: allocated, digested, written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from pipeline.errors import NotFound
from pipeline.ids import safe_code
from pipeline.models.events import Event
from pipeline.models.records import ManifestRecord
from storage.records import lines
from storage.records.batches import known_batch
from storage.records.counters import manifest_counter, next_number
from storage.records.database import Database
from storage.records.dossiers import known_dossier
from storage.records.ledger import append_events
from storage.records.schema import manifests, revisions


class SqlManifests:
    """Port `ManifestRecords`."""

    _database: Database

    def allocate_manifest(
        self, batch_id: str, unit: str, dossier_code: str, *, after: int = 0
    ) -> ManifestRecord:
        """See `ManifestRecords.allocate_manifest`."""
        with self._database.write(batch_id) as connection:
            known_batch(connection, batch_id)
            dossier = known_dossier(connection, unit, dossier_code)
            row = connection.execute(
                select(manifests)
                .where(
                    manifests.c.batch_id == batch_id,
                    manifests.c.unit == unit,
                    manifests.c.dossier_code == dossier_code,
                    manifests.c.seq > after,
                )
                .order_by(manifests.c.seq.desc())
                .limit(1)
            ).one_or_none()
            if row is not None:
                return _record(row)
            seq = next_number(connection, unit, manifest_counter(dossier_code))
            record = ManifestRecord(
                unit=unit,
                dossier_code=dossier_code,
                seq=seq,
                batch_id=batch_id,
                object_key=manifest_key(unit, dossier.year, dossier_code, seq),
            )
            insert_manifest(connection, record)
            return record

    def commit_manifest(self, record: ManifestRecord, events: Sequence[Event]) -> ManifestRecord:
        """See `ManifestRecords.commit_manifest`; the events of a losing commit are dropped.

        Raises:
            NotFound: `MANIFEST_UNKNOWN` where it was not allocated.
        """
        with self._database.write(record.batch_id) as connection:
            known = _known(connection, record)
            if known.sha256 is not None and known.sha256 != record.sha256:
                return known
            written = known.model_copy(
                update={
                    "sha256": record.sha256,
                    "size": record.size if known.size is None else known.size,
                    "version_id": known.version_id or record.version_id,
                }
            )
            connection.execute(
                update(manifests)
                .where(manifests.c.object_key == known.object_key)
                .values(sha256=written.sha256, size=written.size, version_id=written.version_id)
            )
            append_events(connection, events)
            return written

    def commit_restored(self, object_key: str, version_id: str, events: Sequence[Event]) -> bool:
        """See `ManifestRecords.commit_restored`; the events are written in any case."""
        changed = 0
        with self._database.write(lines.of_object(object_key)) as connection:
            for table in (revisions, manifests):
                changed += connection.execute(
                    update(table)
                    .where(
                        table.c.object_key == object_key,
                        table.c.version_id.is_not(None),
                        table.c.version_id != version_id,
                    )
                    .values(version_id=version_id)
                ).rowcount
            append_events(connection, events)
        return changed > 0

    def manifests(self, unit: str, dossier_code: str) -> tuple[ManifestRecord, ...]:
        """See `ManifestRecords.manifests`."""
        query = select(manifests).where(
            manifests.c.unit == unit, manifests.c.dossier_code == dossier_code
        )
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(manifests.c.seq)).all()
        return tuple(map(_record, rows))


def manifest_key(unit: str, year: int, dossier_code: str, seq: int) -> str:
    """`dossiers/{unit}/{year}/{dossier_code_safe}/manifest/{seq:06}.json` (architecture §6)."""
    return f"dossiers/{safe_code(unit)}/{year}/{safe_code(dossier_code)}/manifest/{seq:06}.json"


def insert_manifest(connection: Connection, record: ManifestRecord) -> None:
    """Insert an allocated manifest."""
    connection.execute(insert(manifests).values(**record.model_dump()))


def _known(connection: Connection, record: ManifestRecord) -> ManifestRecord:
    row = connection.execute(
        select(manifests).where(
            manifests.c.unit == record.unit,
            manifests.c.dossier_code == record.dossier_code,
            manifests.c.seq == record.seq,
        )
    ).one_or_none()
    if row is None:
        raise NotFound("MANIFEST_UNKNOWN", seq=record.seq)
    return _record(row)


def _record(row: Row[Any]) -> ManifestRecord:
    return ManifestRecord(**{name: getattr(row, name) for name in ManifestRecord.model_fields})
