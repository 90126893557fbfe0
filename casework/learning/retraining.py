"""Retraining: examples of people move the shipped weights; a gate says whether they may be used.

Always from the weights that ship, so that the order of answers does not matter and nothing drifts.
May not come in: where weights are kept, records.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from casework.learning.examples import Examples, held_out
from casework.learning.judging import judge
from casework.learning.situations import situations
from ocr_models.page_registry import ChosenModels, Provenance, measures
from ocr_models.pages import PageModels
from ocr_models.refitting import (
    PageExample,
    StartExample,
    refit_papers,
    refit_starts,
)
from ocr_models.trials import Golden, Trial
from pipeline.catalogue import Catalogue
from pipeline.catalogue.matching import Matcher
from pipeline.catalogue.papers import PaperModel
from pipeline.errors import LearningRefused
from pipeline.provenance import software
from pipeline.settings import SplitSettings
from pipeline.stages.separation.examples import seen_on

_FEWEST = 8
"""Examples of a kind, below which its weights stay as they are."""
_FEWEST_JUDGED = 2
_CLOSER = 0.005
"""Less surprise than this is no gain."""
GOLDEN, OWN = "golden", "own"
"""Sets of pages: those that ship, and the office's own that were not learned."""
Figures = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Retrained:
    """Weights that passed the gate."""

    models: PageModels
    provenance: Provenance

    @property
    def changes(self) -> tuple[tuple[str, str, float, float], ...]:
        """(set, measure, before, after) of everything that is another number now."""
        before, after = self.provenance.before, self.provenance.after
        return tuple(
            (name, measure, old, after[name][measure])
            for name, known in before.items()
            for measure, old in known.items()
            if after[name][measure] != old
        )


def retrain(
    examples: Examples,
    shipped: ChosenModels,
    used: ChosenModels,
    golden: Golden,
    catalogue: Catalogue,
    settings: SplitSettings,
) -> Retrained:
    """Learn from examples and let the gate judge.

    Args:
        examples: of people; a quarter of the batches is judged by and not learned.
        shipped: weights to start from.
        used: weights to beat.
        golden: pages that ship, to rehearse and to judge by.
        catalogue: the papers there are.
        settings: thresholds of the office.

    Raises:
        LearningRefused: `LEARN_TOO_FEW`; `LEARN_WORSE` with the measures that got worse;
            `LEARN_NOTHING_GAINED`.
    """
    learned = [trial for trial in examples.trials if not held_out(trial.origin)]
    judged = [trial for trial in examples.trials if held_out(trial.origin)]
    models = _learn(learned, judged, shipped.models, golden, catalogue)
    before = _figures(used.models, golden, judged, catalogue, settings)
    after = _figures(models, golden, judged, catalogue, settings)
    _gate(before, after)
    return Retrained(
        models,
        Provenance(
            base=shipped.identity,
            replaced=used.identity,
            software=software(),
            examples=examples.sources,
            before=before,
            after=after,
        ),
    )


def _learn(
    learned: Sequence[Trial],
    judged: Sequence[Trial],
    base: PageModels,
    golden: Golden,
    catalogue: Catalogue,
) -> PageModels:
    matcher = Matcher(catalogue)
    papers, starts = base.papers, base.starts
    pages = _pages(learned)
    types = sum(len(trial.types) for trial in learned)
    types_judged = sum(len(trial.types) for trial in judged)
    if types >= _FEWEST and types_judged >= _FEWEST_JUDGED:
        papers = refit_papers(
            base.papers, pages, [text for trial in golden.rehearsed for text in trial.texts]
        )
        papers = replace(papers, version=f"{base.papers.version}+learned")
    rows = _rows(learned, catalogue, matcher, papers)
    known = len(_rows(judged, catalogue, matcher, papers))
    if len(rows) >= _FEWEST and known >= _FEWEST_JUDGED:
        rehearsed = _rows(golden.rehearsed, catalogue, matcher, papers)
        starts = refit_starts(base.starts, rows, [row.facts for row in rehearsed])
        starts = replace(starts, version=f"{base.starts.version}+learned")
    if papers is base.papers and starts is base.starts:
        raise LearningRefused(
            "LEARN_TOO_FEW",
            types=types,
            boundaries=len(rows),
            types_judged=types_judged,
            boundaries_judged=known,
            fewest=_FEWEST,
            fewest_judged=_FEWEST_JUDGED,
        )
    return PageModels(papers, starts)


def _pages(trials: Sequence[Trial]) -> list[PageExample]:
    """All pages of the papers whose type is known."""
    return [
        PageExample(text, trial.codes[first], trial.origin)
        for trial in trials
        for first in sorted(trial.types)
        for text in trial.paper(first)
    ]


def _rows(
    trials: Sequence[Trial], catalogue: Catalogue, matcher: Matcher, papers: PaperModel
) -> list[StartExample]:
    return [
        row
        for trial in trials
        if trial.starts
        for row in situations(trial, catalogue, seen_on(trial.texts, matcher, papers))
    ]


def _figures(
    models: PageModels,
    golden: Golden,
    own: Sequence[Trial],
    catalogue: Catalogue,
    settings: SplitSettings,
) -> Figures:
    """Counts of both sets; how surprised the weights are, of the own one alone.

    On the golden pages any learning costs some certainty, and only what it does counts.
    """
    counts, _ = judge(models, golden.judged, catalogue, settings)
    owned, surprise = judge(models, own, catalogue, settings)
    return {
        GOLDEN: measures(counts.numbers()),
        OWN: measures({**owned.numbers(), **surprise.numbers()}),
    }


def _gate(before: Figures, after: Figures) -> None:
    worse = [
        f"{name}.{measure} {_shown(old)} → {_shown(after[name][measure])}"
        for name, known in before.items()
        for measure, old in known.items()
        if after[name][measure] > old
    ]
    if worse:
        raise LearningRefused("LEARN_WORSE", measures="; ".join(worse))
    better = any(
        _gained(measure, old, after[name][measure])
        for name, known in before.items()
        for measure, old in known.items()
    )
    if not better:
        raise LearningRefused("LEARN_NOTHING_GAINED")


def _gained(measure: str, old: float, new: float) -> bool:
    return old - new > (_CLOSER if measure.startswith("surprise") else 0)


def _shown(value: float) -> str:
    return f"{value:g}"
