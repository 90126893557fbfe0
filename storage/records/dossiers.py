"""Dossiers: their codes, their slots in batches, their administrative stage."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from pipeline.errors import ConfigError, NotFound, WorkflowError
from pipeline.ids import legal_day
from pipeline.models.batch import Channel, DossierStage
from pipeline.models.events import Event
from pipeline.models.keeping import Keeping
from pipeline.models.records import BatchDossier, DossierRecord
from pipeline.models.split import PageCounts
from pipeline.ports.records import DossierWish
from storage.records import lines
from storage.records.batches import known_batch
from storage.records.counters import dossier_counter, next_number
from storage.records.database import Database
from storage.records.ledger import append_events
from storage.records.schema import batch_dossiers, batches, dossiers

_PAGE = 200


class SqlDossiers:
    """Port `DossierRecords`."""

    _database: Database

    def open_dossier(
        self, batch_id: str, slot: int, wish: DossierWish, events: Sequence[Event]
    ) -> DossierRecord:
        """See `DossierRecords.open_dossier`.

        A dossier that is joined keeps what it says; a procedure or case it lacked is taken over.

        Raises:
            ConfigError: `DOSSIER_TEMPLATE_INVALID`.
            WorkflowError: `DOSSIER_CLOSED`: its destruction is approved, nothing joins it.
        """
        with self._database.write(batch_id) as connection:
            batch = known_batch(connection, batch_id)
            opened = slot_dossier(connection, batch_id, slot)
            if opened is not None:
                return opened
            self._database.stand_in_line(connection, lines.of_unit(batch.unit))
            code = wish.code or _next_code(connection, batch.unit, wish)
            if _row(connection, batch.unit, code) is None:
                _insert(connection, batch.unit, code, wish, batch.document.terms.channel)
            else:
                _complete(connection, batch.unit, code, wish)
            connection.execute(
                insert(batch_dossiers).values(
                    batch_id=batch_id, slot=slot, unit=batch.unit, dossier_code=code
                )
            )
            append_events(connection, events)
            return known_dossier(connection, batch.unit, code)

    def put_counts(self, batch_id: str, counts: Sequence[PageCounts]) -> None:
        """See `DossierRecords.put_counts`."""
        with self._database.write(batch_id) as connection:
            known_batch(connection, batch_id)
            connection.execute(
                update(batches).where(batches.c.batch_id == batch_id).values(counts=tuple(counts))
            )

    def batch_dossiers(self, batch_id: str) -> tuple[BatchDossier, ...]:
        """See `DossierRecords.batch_dossiers`."""
        with self._database.read() as connection:
            return _joined(connection, batch_dossiers.c.batch_id == batch_id)

    def dossier(self, code: str, unit: str | None = None) -> DossierRecord:
        """See `DossierRecords.dossier`."""
        query = select(dossiers).where(dossiers.c.code == code)
        if unit is not None:
            query = query.where(dossiers.c.unit == unit)
        with self._database.read() as connection:
            rows = connection.execute(query.limit(2)).all()
        if not rows:
            raise NotFound("DOSSIER_UNKNOWN")
        if len(rows) > 1:
            raise NotFound("ID_AMBIGUOUS")
        return _record(rows[0])

    def dossiers(self) -> Iterator[DossierRecord]:
        """See `DossierRecords.dossiers`."""
        last = 0
        while True:
            query = select(dossiers).where(dossiers.c.row_id > last)
            with self._database.read() as connection:
                rows = connection.execute(query.order_by(dossiers.c.row_id).limit(_PAGE)).all()
            yield from map(_record, rows)
            if len(rows) < _PAGE:
                return
            last = rows[-1].row_id

    def dossier_batches(self, unit: str, code: str) -> tuple[BatchDossier, ...]:
        """See `DossierRecords.dossier_batches`."""
        with self._database.read() as connection:
            return _joined(
                connection, batch_dossiers.c.unit == unit, batch_dossiers.c.dossier_code == code
            )

    def set_stage(self, unit: str, code: str, stage: DossierStage, events: Sequence[Event]) -> None:
        """See `DossierRecords.set_stage`."""
        with self._database.write(lines.of_unit(unit)) as connection:
            known = known_dossier(connection, unit, code)
            if known.stage is DossierStage.TRANSFERRED and stage is not known.stage:
                raise WorkflowError("STAGE_FINAL")
            connection.execute(
                update(dossiers)
                .where(dossiers.c.unit == unit, dossiers.c.code == code)
                .values(stage=stage.value)
            )
            append_events(connection, events)

    def keep(
        self, unit: str, code: str, keeping: Keeping, stage: DossierStage, events: Sequence[Event]
    ) -> DossierRecord:
        """See `DossierRecords.keep`."""
        with self._database.write(lines.of_unit(unit)) as connection:
            known = known_dossier(connection, unit, code)
            if known.stage is DossierStage.TRANSFERRED and stage is not known.stage:
                raise WorkflowError("STAGE_FINAL")
            if not keeping.follows(known.keeping):
                raise WorkflowError("KEEPING_SHORTENED")
            connection.execute(
                update(dossiers)
                .where(dossiers.c.unit == unit, dossiers.c.code == code)
                .values(stage=stage.value, keeping=keeping)
            )
            append_events(connection, events)
            return known_dossier(connection, unit, code)


def known_dossier(connection: Connection, unit: str, code: str) -> DossierRecord:
    """A dossier of a unit.

    Raises:
        NotFound: `DOSSIER_UNKNOWN`.
    """
    row = _row(connection, unit, code)
    if row is None:
        raise NotFound("DOSSIER_UNKNOWN")
    return _record(row)


def slot_dossier(connection: Connection, batch_id: str, slot: int) -> DossierRecord | None:
    """The dossier that a batch's slot became, None before it is opened."""
    row = connection.execute(
        select(dossiers)
        .join(
            batch_dossiers,
            (dossiers.c.unit == batch_dossiers.c.unit)
            & (dossiers.c.code == batch_dossiers.c.dossier_code),
        )
        .where(batch_dossiers.c.batch_id == batch_id, batch_dossiers.c.slot == slot)
    ).one_or_none()
    return None if row is None else _record(row)


def _next_code(connection: Connection, unit: str, wish: DossierWish) -> str:
    day = legal_day(wish.at)
    counter = dossier_counter(_filled(wish.template, unit, day, 0))
    if _filled(wish.template, unit, day, 1) == _filled(wish.template, unit, day, 2):
        raise ConfigError("DOSSIER_TEMPLATE_INVALID", key="dossier_code")
    while True:
        code = _filled(wish.template, unit, day, next_number(connection, unit, counter))
        if _row(connection, unit, code) is None:
            return code


def _filled(template: str, unit: str, day: dt.date, number: int) -> str:
    try:
        return template.format(unit=unit, yymmdd=f"{day:%y%m%d}", n=number)
    except (LookupError, ValueError, AttributeError, TypeError) as error:
        raise ConfigError("DOSSIER_TEMPLATE_INVALID", key="dossier_code") from error


def _insert(
    connection: Connection, unit: str, code: str, wish: DossierWish, channel: Channel
) -> None:
    connection.execute(
        insert(dossiers).values(
            unit=unit,
            code=code,
            year=legal_day(wish.at).year,
            procedure=wish.procedure,
            case_code=wish.case,
            channel=channel.value,
            stage=DossierStage.RECEIVED.value,
            created_at=wish.at,
        )
    )


def _complete(connection: Connection, unit: str, code: str, wish: DossierWish) -> None:
    known = known_dossier(connection, unit, code)
    if known.keeping.approved:
        raise WorkflowError("DOSSIER_CLOSED")
    procedure = known.procedure or wish.procedure
    case = known.case or (wish.case if procedure == wish.procedure else None)
    connection.execute(
        update(dossiers)
        .where(dossiers.c.unit == unit, dossiers.c.code == code)
        .values(procedure=procedure, case_code=case)
    )


def _row(connection: Connection, unit: str, code: str) -> Row[Any] | None:
    return connection.execute(
        select(dossiers).where(dossiers.c.unit == unit, dossiers.c.code == code)
    ).one_or_none()


def _joined(connection: Connection, *where: Any) -> tuple[BatchDossier, ...]:
    query = (
        select(
            batch_dossiers.c.batch_id,
            batch_dossiers.c.slot,
            batches.c.counts,
            *dossiers.c,
        )
        .join(batches, batches.c.batch_id == batch_dossiers.c.batch_id)
        .join(
            dossiers,
            (dossiers.c.unit == batch_dossiers.c.unit)
            & (dossiers.c.code == batch_dossiers.c.dossier_code),
        )
        .where(*where)
        .order_by(batches.c.row_id, batch_dossiers.c.slot)
    )
    return tuple(
        BatchDossier(
            batch_id=row.batch_id,
            slot=row.slot,
            dossier=_record(row),
            counts=row.counts[row.slot] if row.slot < len(row.counts) else PageCounts(),
        )
        for row in connection.execute(query)
    )


def _record(row: Row[Any]) -> DossierRecord:
    return DossierRecord(
        unit=row.unit,
        code=row.code,
        year=row.year,
        procedure=row.procedure,
        case=row.case_code,
        channel=Channel(row.channel),
        stage=DossierStage(row.stage),
        created_at=row.created_at,
        keeping=row.keeping or Keeping(),
    )
