"""Pages whose starts are known, as the facts that the start model weighs: what it is taught with.

`examples` walks a batch as separation does and writes down the facts (`starts.facts`) of every page
that the rules leave open, with the truth beside them. From such pairs weights can be grown anew, or
`StartModel.recalibrated` moves those that there are. May not come in: learning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.catalogue import Catalogue
from pipeline.catalogue.matching import Matcher
from pipeline.catalogue.papers import PaperModel
from pipeline.models.split import Boundary
from pipeline.models.text import PageText
from pipeline.stages.separation.boundaries import Boundaries, Decision
from pipeline.stages.separation.evidence import PageEvidence
from pipeline.stages.separation.starts import Chance, Seen, Situation, facts, see
from pipeline.stages.separation.walking import Run


@dataclass(frozen=True, slots=True)
class Example:
    """A page that the rules leave open."""

    page: int
    """0-based in the batch."""
    facts: Mapping[str, float]
    """By name, as `StartModel.of_facts` takes them."""
    starts: bool
    """A paper starts here."""


class _Teacher:
    """Answers with the truth and writes down what it was asked."""

    def __init__(self, starts: frozenset[int], where: Mapping[int, int]) -> None:
        self._starts = starts
        self._where = where
        self.examples: list[Example] = []

    def chance(self, situation: Situation) -> Chance:
        index = self._where[id(situation.page)]
        start = index in self._starts
        self.examples.append(Example(index, facts(situation), start))
        return Chance(1.0 if start else 0.0, ())


def seen_on(
    texts: Iterable[PageText], matcher: Matcher, papers: PaperModel | None
) -> dict[int, Seen]:
    """What is seen on each page, by its index.

    Args:
        texts: pages read.
        matcher: of the catalogue.
        papers: weights for what a page reads like.
    """
    return {text.index: see(text, matcher, papers) for text in texts}


def examples(
    pages: Sequence[PageEvidence],
    starts: frozenset[int],
    catalogue: Catalogue,
    seen: Mapping[int, Seen],
) -> tuple[Example, ...]:
    """What a run of pages teaches.

    Args:
        pages: of one dossier or batch, in order, without sheets; pages without text are passed
            over.
        starts: pages (0-based in the batch) that start a paper.
        catalogue: page counts and kinds.
        seen: what is seen on the pages that have text, by index.
    """
    read = [page for page in pages if page.text is not None]
    if not read:
        return ()
    teacher = _Teacher(starts, {id(page): index for index, page in seen.items()})

    def settle(page: PageEvidence, _slot: int, decision: Decision) -> Decision:
        start = page.raw.index in starts
        return Decision(start=start, boundary=decision.boundary, confidence=1.0)

    run = Run(0, pages=[page.raw.index for page in read])
    walk = Boundaries(catalogue, seen, frozenset(), teacher)
    walk.drafts(run, read, Boundary.BATCH_START, settle)
    return tuple(teacher.examples)
