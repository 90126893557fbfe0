"""The gate for weights: how well pages are parted and papers told, on batches with their truth.

Runs the product's own stages, with the rules alone or with weights. May not come in: learning.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from benchmarks.training.batches import MadeBatch
from ocr_models.pages import PageModels
from pipeline.catalogue import OTHER, Catalogue
from pipeline.models.batch import Channel, IngestTerms
from pipeline.models.review import ReviewKind
from pipeline.settings import SplitSettings
from pipeline.stages.classification import classify
from pipeline.stages.separation import separate

_BATCH = "0" * 64


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured; shares are 0 to 1."""

    pages: int
    papers: int
    boundary_f1: float
    """Of the starts of papers."""
    silent_boundary_errors: int
    """Wrong starts or continuations that no person is asked about."""
    right_type: float
    """Papers with the right code, among those with the right pages."""
    silent_type_errors: int
    """Wrong codes that are taken for certain."""
    unknown_kept: float
    """Papers of no kind that were not taken for a kind with certainty."""
    held: float
    """Batches without unknown papers that wait for a person."""
    wrong: tuple[tuple[str, int], ...] = ()
    """(true kind > what was said, how often), most frequent first."""

    def numbers(self) -> dict[str, float]:
        """The figures by name."""
        return {name: value for name, value in asdict(self).items() if name != "wrong"}


def evaluate(
    models: PageModels | None,
    batches: Sequence[MadeBatch],
    catalogue: Catalogue,
    settings: SplitSettings,
) -> Figures:
    """Measure.

    Args:
        models: weights; None: the rules alone.
        batches: pages with their truth.
        catalogue: the papers there are.
        settings: thresholds.
    """
    hits = said = true = papers = typed = silent_starts = silent_types = 0
    strangers = kept = known_batches = held = pages = 0
    wrong: Counter[str] = Counter()
    for batch in batches:
        starts, asked, codes = run(models, batch, catalogue, settings)
        pages += len(batch.texts)
        hits += len(starts & batch.starts)
        said += len(starts)
        true += len(batch.starts)
        for page in starts ^ batch.starts:
            silent_starts += page not in asked
            wrong[_boundary_error(batch, page, page in asked)] += 1
        for first, code in batch.codes.items():
            if first not in codes:
                continue
            papers += 1
            got, certain = codes[first]
            typed += got == code
            if got != code:
                silent_types += certain
                wrong[f"{batch.names[first]} > {got}{'!' if certain else ''}"] += 1
            if code == OTHER:
                strangers += 1
                kept += not (certain and got != OTHER)
        if OTHER not in batch.codes.values():
            known_batches += 1
            held += bool(asked) or any(not certain for _, certain in codes.values())
    return Figures(
        pages=pages,
        papers=true,
        boundary_f1=round(2 * hits / max(said + true, 1), 5),
        silent_boundary_errors=silent_starts,
        right_type=round(typed / max(papers, 1), 5),
        silent_type_errors=silent_types,
        unknown_kept=round(kept / max(strangers, 1), 5),
        held=round(held / max(known_batches, 1), 5),
        wrong=tuple(wrong.most_common(25)),
    )


def _boundary_error(batch: MadeBatch, page: int, asked: bool) -> str:  # noqa: FBT001
    """`kind joined` or `kind cut`, with an exclamation mark where nobody is asked."""
    name = batch.names[max(first for first in batch.starts if first <= page)]
    verb = "joined" if page in batch.starts else "cut"
    return f"{name} {verb}{'' if asked else '!'}"


def run(
    models: PageModels | None, batch: MadeBatch, catalogue: Catalogue, settings: SplitSettings
) -> tuple[set[int], set[int], dict[int, tuple[str, bool]]]:
    """Starts, pages asked about, and (code, certain) by first page, as the product says.

    Papers come as files, so that nothing is asked about a paper that may not come on paper.
    """
    terms = IngestTerms(channel=Channel.PORTAL)
    parted = separate(
        _BATCH,
        batch.evidence,
        terms,
        catalogue,
        settings,
        (),
        judge=models.starts if models else None,
        papers=models.papers if models else None,
    )
    told = classify(
        _BATCH,
        parted.plan,
        batch.texts,
        terms,
        catalogue,
        settings,
        (),
        papers=models.papers if models else None,
    )
    asked = {r.page for r in parted.reviews if r.kind is ReviewKind.PAGE_BOUNDARY}
    codes = {c.pages[0]: (c.code, c.certain) for c in told.components}
    return (
        {s.pages[0] for s in told.plan.segments},
        {page for page in asked if page is not None},
        codes,
    )
