"""Components, their revisions and codes."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from pipeline.errors import NotFound, WorkflowError
from pipeline.models.events import Event
from pipeline.models.records import ComponentRecord, DossierRecord, Revision
from storage.records import lines
from storage.records.counters import digitisation_counter, next_number, nn_counter
from storage.records.database import Database
from storage.records.dossiers import slot_dossier
from storage.records.ledger import append_events
from storage.records.prefixes import whole_id
from storage.records.schema import components, revisions

_IDS_PER_QUERY = 500


class SqlComponents:
    """Port `ComponentRecords`."""

    _database: Database

    def allocate_component(
        self,
        component_id: str,
        batch_id: str,
        slot: int,
        code: str,
        pages: Sequence[int],
        confidence: float,
    ) -> ComponentRecord:
        """See `ComponentRecords.allocate_component`.

        A component that moves to another dossier before its first revision gets an `nn` there.

        Raises:
            WorkflowError: `DOSSIER_NOT_OPEN`.
        """
        with self._database.write(batch_id) as connection:
            dossier = slot_dossier(connection, batch_id, slot)
            if dossier is None:
                raise WorkflowError("DOSSIER_NOT_OPEN", slot=slot)
            row = _row(connection, component_id)
            values = {"code": code, "pages": tuple(pages), "confidence": confidence}
            if row is None:
                connection.execute(
                    insert(components).values(
                        component_id=component_id,
                        batch_id=batch_id,
                        unit=dossier.unit,
                        dossier_code=dossier.code,
                        nn=_next_nn(connection, dossier),
                        **values,
                    )
                )
            elif row.digitisation_code is None and not _revisions(connection, [component_id]):
                if row.dossier_code != dossier.code:
                    values |= {"dossier_code": dossier.code, "nn": _next_nn(connection, dossier)}
                connection.execute(
                    update(components)
                    .where(components.c.component_id == component_id)
                    .values(**values)
                )
            return _known(connection, component_id)

    def components(
        self,
        *,
        batch_id: str | None = None,
        unit: str | None = None,
        dossier_code: str | None = None,
    ) -> tuple[ComponentRecord, ...]:
        """See `ComponentRecords.components`."""
        wanted = {"batch_id": batch_id, "unit": unit, "dossier_code": dossier_code}
        query = select(components).where(
            *(components.c[name] == value for name, value in wanted.items() if value is not None)
        )
        with self._database.read() as connection:
            rows = connection.execute(
                query.order_by(components.c.unit, components.c.dossier_code, components.c.nn)
            ).all()
            return _records(connection, rows)

    def component(self, component_id: str) -> ComponentRecord:
        """See `ComponentRecords.component`."""
        with self._database.read() as connection:
            column = components.c.component_id
            return _known(
                connection, whole_id(connection, column, component_id, "COMPONENT_UNKNOWN")
            )

    def revision_of(self, sha256: str) -> tuple[ComponentRecord, Revision] | None:
        """See `ComponentRecords.revision_of`; the first where a kept file was filed twice."""
        query = (
            select(revisions.c.component_id, revisions.c.rev)
            .join(components, components.c.component_id == revisions.c.component_id)
            .where(revisions.c.sha256 == sha256)
            .order_by(components.c.unit, components.c.dossier_code, components.c.nn)
        )
        with self._database.read() as connection:
            found = connection.execute(query.limit(1)).one_or_none()
            if found is None:
                return None
            record = _known(connection, found.component_id)
        return record, next(r for r in record.revisions if r.rev == found.rev)

    def discard_components(self, batch_id: str, keep: Sequence[str]) -> None:
        """See `ComponentRecords.discard_components`."""
        signed = select(revisions.c.component_id)
        query = select(components.c.component_id).where(
            components.c.batch_id == batch_id, components.c.component_id.not_in(signed)
        )
        with self._database.write(batch_id) as connection:
            for component_id in set(connection.execute(query).scalars()) - set(keep):
                connection.execute(
                    delete(components).where(components.c.component_id == component_id)
                )

    def commit_revision(
        self, component_id: str, revision: Revision, events: Sequence[Event]
    ) -> Revision:
        """See `ComponentRecords.commit_revision`; the events of a losing commit are dropped."""
        with self._database.write(lines.of_component(component_id)) as connection:
            component = _known(connection, component_id)
            first = next((r for r in component.revisions if r.rev == revision.rev), None)
            if first is not None:
                return first
            insert_revision(connection, component_id, component.unit, revision)
            append_events(connection, events)
            return revision

    def commit_stored(
        self,
        component_id: str,
        rev: int,
        version_id: str,
        sidecar_sha256: str | None,
        events: Sequence[Event],
    ) -> None:
        """See `ComponentRecords.commit_stored`; the first version id of a revision stays.

        Raises:
            NotFound: `REVISION_UNKNOWN`.
        """
        with self._database.write(lines.of_component(component_id)) as connection:
            component = _known(connection, component_id)
            revision = next((r for r in component.revisions if r.rev == rev), None)
            if revision is None:
                raise NotFound("REVISION_UNKNOWN", id=component_id, rev=rev)
            if revision.version_id is None:
                connection.execute(
                    update(revisions)
                    .where(revisions.c.component_id == component_id, revisions.c.rev == rev)
                    .values(version_id=version_id)
                )
            if sidecar_sha256 is not None:
                connection.execute(
                    update(components)
                    .where(components.c.component_id == component_id)
                    .values(sidecar_sha256=sidecar_sha256)
                )
            append_events(connection, events)

    def allocate_digitisation_code(self, component_id: str, day: dt.date) -> str:
        """See `ComponentRecords.allocate_digitisation_code`."""
        with self._database.write(lines.of_component(component_id)) as connection:
            component = _known(connection, component_id)
            if component.digitisation_code is not None:
                return component.digitisation_code
            stem = f"{component.unit}.{component.code}.{day:%Y%m%d}"
            number = next_number(connection, component.unit, digitisation_counter(stem))
            code = f"{stem}.{number:06d}"
            connection.execute(
                update(components)
                .where(components.c.component_id == component_id)
                .values(digitisation_code=code)
            )
            return code


def insert_revision(
    connection: Connection, component_id: str, unit: str, revision: Revision
) -> None:
    """Insert the expected facts of a revision."""
    connection.execute(
        insert(revisions).values(
            component_id=component_id,
            unit=unit,
            **{name: getattr(revision, name) for name in Revision.model_fields},
        )
    )


def _next_nn(connection: Connection, dossier: DossierRecord) -> int:
    return next_number(connection, dossier.unit, nn_counter(dossier.code))


def _row(connection: Connection, component_id: str) -> Row[Any] | None:
    return connection.execute(
        select(components).where(components.c.component_id == component_id)
    ).one_or_none()


def _known(connection: Connection, component_id: str) -> ComponentRecord:
    row = _row(connection, component_id)
    if row is None:
        raise NotFound("COMPONENT_UNKNOWN", id=component_id)
    return _records(connection, [row])[0]


def _revisions(connection: Connection, ids: Sequence[str]) -> dict[str, list[Revision]]:
    found: dict[str, list[Revision]] = defaultdict(list)
    for start in range(0, len(ids), _IDS_PER_QUERY):
        query = select(revisions).where(
            revisions.c.component_id.in_(ids[start : start + _IDS_PER_QUERY])
        )
        for row in connection.execute(query.order_by(revisions.c.rev)):
            values = {name: getattr(row, name) for name in Revision.model_fields}
            found[row.component_id].append(Revision.model_validate(values))
    return found


def _records(connection: Connection, rows: Sequence[Row[Any]]) -> tuple[ComponentRecord, ...]:
    known = _revisions(connection, [row.component_id for row in rows])
    return tuple(
        ComponentRecord(
            component_id=row.component_id,
            batch_id=row.batch_id,
            unit=row.unit,
            dossier_code=row.dossier_code,
            nn=row.nn,
            code=row.code,
            pages=row.pages,
            confidence=row.confidence,
            digitisation_code=row.digitisation_code,
            revisions=tuple(known.get(row.component_id, ())),
            sidecar_sha256=row.sidecar_sha256,
        )
        for row in rows
    )
