"""The lines in which writers wait for each other: one per unit, and one for each single task.

All rows belong to a unit, and no transaction writes rows of two: writers of different units need
not wait. A line is named, or found by a query where only a row's id is at hand.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from sqlalchemy import Select, select

from storage.records.schema import batches, components, reviews

Line: TypeAlias = str | Select[tuple[str]]
"""Name of the line, or the query that gives it (no row: nothing to wait for)."""

CHAINING: Final = ":chain"
"""The one sequencer of the ledger. No unit begins with a colon."""

MIGRATING: Final = ":migrate"
"""Whoever changes the tables."""


def of_batch(batch_id: str) -> Line:
    """The line of a batch's unit."""
    return select(batches.c.unit).where(batches.c.batch_id == batch_id)


def of_component(component_id: str) -> Line:
    """The line of a component's unit."""
    return select(components.c.unit).where(components.c.component_id == component_id)


def of_review(review_id: str) -> Line:
    """The line of a question's unit."""
    return select(reviews.c.unit).where(reviews.c.review_id == review_id)
