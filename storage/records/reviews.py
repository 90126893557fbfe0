"""Questions to people and their answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from pipeline.errors import NotFound
from pipeline.models.events import Event
from pipeline.models.review import Answer, ResolvedReview, ReviewItem
from storage.records import lines
from storage.records.batches import known_batch
from storage.records.database import Database
from storage.records.ledger import append_events
from storage.records.outbox import owe_archived
from storage.records.prefixes import whole_id
from storage.records.schema import reviews

_STANDING = reviews.c.withdrawn == 0


class SqlReviews:
    """Port `ReviewRecords`; a withdrawn question is kept, unseen, until it arises again."""

    _database: Database

    def put_reviews(self, batch_id: str, items: Sequence[ReviewItem], kinds: Sequence[str]) -> None:
        """See `ReviewRecords.put_reviews`."""
        with self._database.write(batch_id) as connection:
            unit = known_batch(connection, batch_id).unit
            for item in items:
                put_review(connection, unit, item)
            asked = {item.review_id for item in items}
            open_ones = select(reviews.c.review_id).where(
                reviews.c.batch_id == batch_id,
                reviews.c.kind.in_([str(kind) for kind in kinds]),
                reviews.c.answer.is_(None),
                _STANDING,
            )
            for review_id in set(connection.execute(open_ones).scalars()) - asked:
                connection.execute(
                    update(reviews).where(reviews.c.review_id == review_id).values(withdrawn=1)
                )

    def reviews(
        self, *, batch_id: str | None = None, open_only: bool = False
    ) -> tuple[ResolvedReview, ...]:
        """See `ReviewRecords.reviews`."""
        query = select(reviews).where(_STANDING)
        if batch_id is not None:
            query = query.where(reviews.c.batch_id == batch_id)
        if open_only:
            query = query.where(reviews.c.answer.is_(None))
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(reviews.c.row_id)).all()
        return tuple(map(_resolved, rows))

    def review(self, review_id: str) -> ResolvedReview:
        """See `ReviewRecords.review`; a withdrawn question is unknown."""
        with self._database.read() as connection:
            column = reviews.c.review_id
            whole = whole_id(connection, column, review_id, "REVIEW_UNKNOWN", _STANDING)
            return _resolved(_known(connection, whole))

    def answer(self, review_id: str, answer: Answer, events: Sequence[Event]) -> None:
        """See `ReviewRecords.answer`.

        Raises:
            NotFound: `REVIEW_UNKNOWN`, also for a withdrawn question.
        """
        with self._database.write(lines.of_review(review_id)) as connection:
            item = _known(connection, review_id).item
            connection.execute(
                update(reviews).where(reviews.c.review_id == review_id).values(answer=answer)
            )
            if item.field is not None and item.component_id is not None:
                owe_archived(connection, item.component_id)
            append_events(connection, events)


def put_review(connection: Connection, unit: str, item: ReviewItem) -> None:
    """Ask, or ask again what was withdrawn; what is answered stays answered."""
    row = connection.execute(
        select(reviews).where(reviews.c.review_id == item.review_id)
    ).one_or_none()
    if row is None:
        connection.execute(
            insert(reviews).values(
                review_id=item.review_id,
                batch_id=item.batch_id,
                unit=unit,
                kind=item.kind.value,
                withdrawn=0,
                item=item,
            )
        )
    elif row.answer is None:
        connection.execute(
            update(reviews)
            .where(reviews.c.review_id == item.review_id)
            .values(item=item, withdrawn=0)
        )


def _known(connection: Connection, review_id: str) -> Row[Any]:
    row = connection.execute(
        select(reviews).where(reviews.c.review_id == review_id, _STANDING)
    ).one_or_none()
    if row is None:
        raise NotFound("REVIEW_UNKNOWN", id=review_id)
    return row


def _resolved(row: Row[Any]) -> ResolvedReview:
    return ResolvedReview(item=row.item, answer=row.answer)
