"""What separation is given and gives back, and the questions it asks on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.ids import review_id
from pipeline.models.pages import PageLook, PageSheet, RawPage
from pipeline.models.review import Answer, AnswerKind, ResolvedReview, ReviewItem, ReviewKind
from pipeline.models.split import SplitPlan
from pipeline.models.text import PageText


@dataclass(frozen=True, slots=True)
class PageEvidence:
    """One page with everything the earlier stages found on it."""

    raw: RawPage
    look: PageLook
    sheet: PageSheet
    text: PageText | None
    """None where nothing was read (blank pages and sheets)."""
    kept: bool
    """The page belongs to a file that keeps its bytes."""


@dataclass(frozen=True, slots=True)
class Separation:
    """The plan, and every question about it: answered ones too."""

    plan: SplitPlan
    reviews: tuple[ReviewItem, ...]


class Questions:
    """Collects questions; an answered question gives its answer and stays in the list."""

    def __init__(self, batch_id: str, answers: Sequence[ResolvedReview]) -> None:
        """Index the answers by question."""
        self._batch = batch_id
        self._answers = {a.item.review_id: a.answer for a in answers if a.answer is not None}
        self._items: dict[str, ReviewItem] = {}
        splits = [a for a in self._answers.values() if a.kind is AnswerKind.SPLIT]
        latest = max(splits, key=lambda a: a.at, default=None)
        self.starts: tuple[int, ...] | None = (
            latest.starts if latest is not None and latest.starts else None
        )
        """0-based source pages that a person says start a component; None: nobody did."""

    def answered(self, kind: ReviewKind, reason: str, page: int) -> Answer | None:
        """An answer to a question about a page, asked or not."""
        return self._answers.get(review_id(self._batch, kind.value, reason, page, ""))

    def ask(
        self,
        kind: ReviewKind,
        reason: str,
        page: int,
        slot: int,
        *,
        about: str = "",
        params: dict[str, str | int | float] | None = None,
    ) -> Answer | None:
        """Ask about a page (0-based in the batch); the answer where there is one already."""
        identifier = review_id(self._batch, kind.value, reason, page, about)
        self._items[identifier] = ReviewItem(
            review_id=identifier,
            batch_id=self._batch,
            kind=kind,
            reason=reason,
            params=params or {},
            dossier=slot,
            page=page,
        )
        return self._answers.get(identifier)

    def items(self) -> tuple[ReviewItem, ...]:
        """All questions by page; open ones about boundaries fall away once a person has split."""
        kept = (
            item
            for item in self._items.values()
            if self.starts is None
            or item.kind is not ReviewKind.PAGE_BOUNDARY
            or item.review_id in self._answers
        )
        return tuple(sorted(kept, key=lambda i: (i.page or 0, i.kind.value, i.reason)))
