"""The lines in which writers wait for each other (decision 0024).

Rows belong to a batch, and whoever writes them stands in the batch's line: what it has read stays
true until it commits. What batches share has rules of its own: dossiers are written in the line of
their unit, which is taken after a batch's and never before; numbers come from `counters`, which
lock themselves; events and deliveries depend on no other row. May not come in: transactions.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from sqlalchemy import Select, select

from storage.records.schema import components, manifests, reviews, revisions

Line: TypeAlias = str | Select[tuple[str]]
"""Name of the line, or the query that gives it (no row: nothing to wait for).

A batch's line has its id for a name.
"""

CHAINING: Final = "the ledger's sequencer"
MIGRATING: Final = "whoever changes the tables"


def of_component(component_id: str) -> Line:
    """The line of a component's batch."""
    return select(components.c.batch_id).where(components.c.component_id == component_id)


def of_object(object_key: str) -> Line:
    """The line of the batch whose revision or manifest lies under a key."""
    if "/manifest/" in object_key:
        return select(manifests.c.batch_id).where(manifests.c.object_key == object_key)
    return (
        select(components.c.batch_id)
        .join(revisions, revisions.c.component_id == components.c.component_id)
        .where(revisions.c.object_key == object_key)
    )


def of_review(review_id: str) -> Line:
    """The line of a question's batch."""
    return select(reviews.c.batch_id).where(reviews.c.review_id == review_id)


def of_unit(unit: str) -> Line:
    """The line of those who write a unit's dossiers."""
    return f"unit {unit}"
