"""Answers to blocking questions, as somebody gives them who knows the batch.

A person who is asked about a type and sees that the pages are parted wrongly says so first; what
nobody asks about stays wrong. May not come in: how answers are stored, questions about fields.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from benchmarks.factory.truth import Role, TruthBatch, TruthComponent
from pipeline.models.components import Classified
from pipeline.models.review import Answer, AnswerKind, ReviewItem, ReviewKind


def starts(truth: TruthBatch) -> tuple[int, ...]:
    """Pages that start a component, 0-based, rising."""
    return tuple(component.pages[0] for component in truth.components)


def overlapping(pages: Sequence[int], truth: TruthBatch) -> TruthComponent | None:
    """The true component that shares most pages; the first of equals, None where none does."""
    mine = set(pages)
    best = max(truth.components, key=lambda c: len(mine.intersection(c.pages)), default=None)
    return best if best is not None and mine.intersection(best.pages) else None


def answer(
    question: ReviewItem,
    truth: TruthBatch,
    proposed: Sequence[Classified],
    actor: str,
    at: dt.datetime,
) -> Answer:
    """What somebody says who knows the batch.

    Args:
        question: a blocking one.
        truth: of its batch.
        proposed: the components it is about.
        actor: account of the person.
        at: when.
    """
    said = Answer(kind=AnswerKind.ACCEPT, actor=actor, at=at)
    parted = {c.pages[0] for c in proposed} == set(starts(truth))
    kind = question.kind
    if kind is ReviewKind.BLANK_UNCERTAIN and question.page is not None:
        is_blank = truth.pages[question.page].role is Role.BLANK
        return said.model_copy(update={"kind": AnswerKind.BLANK, "is_blank": is_blank})
    if kind is ReviewKind.PAGE_BOUNDARY or (kind is ReviewKind.COMPONENT_TYPE and not parted):
        return said.model_copy(update={"kind": AnswerKind.SPLIT, "starts": starts(truth)})
    if kind in (ReviewKind.COMPONENT_TYPE, ReviewKind.PHYSICAL_ONLY):
        code = _code(question, truth, proposed)
        return said.model_copy(update={"kind": AnswerKind.TYPE, "component_code": code})
    return said


def _code(question: ReviewItem, truth: TruthBatch, proposed: Sequence[Classified]) -> str:
    pages = next((c.pages for c in proposed if c.component_id == question.component_id), None)
    if pages is None:
        pages = () if question.page is None else (question.page,)
    component = overlapping(pages, truth)
    return "Z_OTHER" if component is None else component.code
