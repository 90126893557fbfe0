"""Doubt as data: what a person is asked, and what the person answered."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from pipeline.models.base import Instant, Model, Sha256


class ReviewKind(StrEnum):
    """Kinds of doubt (architecture §3)."""

    PAGE_BOUNDARY = "PAGE_BOUNDARY"
    COMPONENT_TYPE = "COMPONENT_TYPE"
    BLANK_UNCERTAIN = "BLANK_UNCERTAIN"
    SHEET_COUNT = "SHEET_COUNT"
    UNREADABLE_PAGE = "UNREADABLE_PAGE"
    PHYSICAL_ONLY = "PHYSICAL_ONLY"
    SOURCE_INCOMPLETE = "SOURCE_INCOMPLETE"
    FIELD = "FIELD"
    IDENTITY_MISMATCH = "IDENTITY_MISMATCH"
    QUALITY = "QUALITY"
    E_COPY = "E_COPY"

    @property
    def blocking(self) -> bool:
        """True where the whole batch waits for the answer."""
        return self not in (
            ReviewKind.FIELD,
            ReviewKind.IDENTITY_MISMATCH,
            ReviewKind.QUALITY,
            ReviewKind.E_COPY,
        )


class ReviewItem(Model):
    """One question to a person.

    `review_id` is the digest of batch, kind, place and reason: the same doubt found again is the
    same question, so that a rerun neither doubles nor reopens it.
    """

    review_id: str
    batch_id: Sha256
    kind: ReviewKind
    reason: str
    """Code of the reason, upper case; rendered for people at the edge."""
    params: dict[str, str | int | float] = {}
    """Values for the message: never personal data (a proposed component code, a page count)."""
    dossier: int = 0
    """Slot of the dossier within the batch, 0-based."""
    component_id: str | None = None
    page: int | None = None
    """0-based: in the whole source for blocking kinds, within the component for FIELD."""
    field: str | None = None

    @property
    def blocking(self) -> bool:
        """See `ReviewKind.blocking`."""
        return self.kind.blocking


class AnswerKind(StrEnum):
    """The verbs of `sohoa review resolve`."""

    ACCEPT = "accept"
    TYPE = "type"
    SPLIT = "split"
    BLANK = "blank"
    VALUE = "value"


class Answer(Model):
    """What a person decided. Exactly the member that fits the kind is set."""

    kind: AnswerKind
    component_code: str | None = None
    starts: tuple[int, ...] | None = None
    """0-based source pages that start a component (`--split`)."""
    is_blank: bool | None = None
    value: str | None = None
    actor: str
    at: Instant


class ResolvedReview(Model):
    """A question with its answer; None while it is open."""

    item: ReviewItem
    answer: Answer | None = None


def confirmed_physical(reviews: Iterable[ResolvedReview], slot: int) -> frozenset[str]:
    """Codes of papers of a dossier that a person confirmed as never scanned (R-3985-1)."""
    return frozenset(
        str(r.item.params["proposed"])
        for r in reviews
        if r.item.kind is ReviewKind.PHYSICAL_ONLY
        and r.item.dossier == slot
        and r.answer is not None
        and r.answer.kind is AnswerKind.ACCEPT
    )


def in_time(reviews: Iterable[ResolvedReview]) -> tuple[tuple[ReviewItem, Answer], ...]:
    """Answered questions in the order of their answers."""
    answered = [(r.item, r.answer) for r in reviews if r.answer is not None]
    return tuple(sorted(answered, key=lambda pair: pair[1].at))
