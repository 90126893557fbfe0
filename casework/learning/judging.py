"""The gate: how often weights are wrong, and how often a person is asked, where truth is known.

Runs the product's own stages. May not come in: learning, files.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from casework.learning.situations import evidence_of, situations
from ocr_models.pages import PageModels
from ocr_models.trials import Trial
from pipeline.catalogue import OTHER, Catalogue
from pipeline.catalogue.matching import Matcher
from pipeline.models.batch import Channel, IngestTerms
from pipeline.models.review import ReviewKind
from pipeline.models.split import Boundary, DossierSlot, DroppedPage, Fate, Segment, SplitPlan
from pipeline.settings import SplitSettings
from pipeline.stages.classification import classify
from pipeline.stages.separation import separate
from pipeline.stages.separation.examples import seen_on

_BATCH = "0" * 64
_TERMS = IngestTerms(channel=Channel.BACKFILL)
_LEAST = 1e-6


@dataclass(frozen=True, slots=True)
class Measures:
    """What is measured where the truth is known; the less, the better."""

    boundaries_wrong: int
    """Pages that start a paper and were continued, or the other way round."""
    boundaries_wrong_unasked: int
    """Those of them that nobody is asked about."""
    boundaries_asked: int
    """Pages that a person is asked about."""
    types_wrong: int
    types_wrong_unasked: int
    types_asked: int
    strangers_named: int
    """Papers of no kind that are taken for one with certainty."""
    judged_wrong: int
    """Pages on which the model of starts is on the wrong side, among those it is asked about."""
    likeness_wrong: int
    """Papers whose first page reads most like another one."""

    def numbers(self) -> dict[str, float]:
        """By name."""
        return {name: float(value) for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class Surprise:
    """Mean natural logarithm of one over the probability that was given to what is true."""

    starts: float
    papers: float

    def numbers(self) -> dict[str, float]:
        """By name."""
        return {"surprise_starts": self.starts, "surprise_papers": self.papers}


def judge(
    models: PageModels, trials: Sequence[Trial], catalogue: Catalogue, settings: SplitSettings
) -> tuple[Measures, Surprise]:
    """Measure weights.

    Args:
        models: the weights.
        trials: pages with their truth.
        catalogue: the papers there are.
        settings: thresholds of the office.
    """
    matcher = Matcher(catalogue)
    counted = dict.fromkeys(Measures.__dataclass_fields__, 0)
    starts: list[float] = []
    papers: list[float] = []
    for trial in trials:
        _count_boundaries(counted, models, trial, catalogue, settings)
        _count_types(counted, models, trial, catalogue, settings)
        seen = seen_on(trial.texts, matcher, models.papers)
        for example in situations(trial, catalogue, seen):
            chance = models.starts.of_facts(example.facts).probability
            counted["judged_wrong"] += (chance >= 0.5) != example.start
            starts.append(_surprise(chance if example.start else 1 - chance))
        for first in trial.types:
            likes = seen[first].likenesses
            counted["likeness_wrong"] += not likes or likes[0].code != trial.codes[first]
            share = {like.code: like.probability for like in likes}.get(trial.codes[first], 0.0)
            papers.append(_surprise(share))
    return Measures(**counted), Surprise(_mean(starts), _mean(papers))


def _count_boundaries(
    counted: dict[str, int],
    models: PageModels,
    trial: Trial,
    catalogue: Catalogue,
    settings: SplitSettings,
) -> None:
    parted = separate(
        _BATCH,
        evidence_of(trial),
        _TERMS,
        catalogue,
        settings,
        (),
        judge=models.starts,
        papers=models.papers,
    )
    found = {segment.pages[0] for segment in parted.plan.segments}
    asked = {r.page for r in parted.reviews if r.kind is ReviewKind.PAGE_BOUNDARY}
    for page in trial.starts:
        wrong = (page in found) != (page in trial.codes)
        counted["boundaries_wrong"] += wrong
        counted["boundaries_wrong_unasked"] += wrong and page not in asked
        counted["boundaries_asked"] += page in asked


def _count_types(
    counted: dict[str, int],
    models: PageModels,
    trial: Trial,
    catalogue: Catalogue,
    settings: SplitSettings,
) -> None:
    """Of papers cut as they should be: a wrong boundary is counted as such."""
    texts = {text.index: text for text in trial.texts}
    told = classify(
        _BATCH, _true_plan(trial), texts, _TERMS, catalogue, settings, (), papers=models.papers
    )
    for component in told.components:
        first = component.pages[0]
        if first not in trial.types:
            continue
        wrong = component.code != trial.codes[first]
        counted["types_wrong"] += wrong
        counted["types_wrong_unasked"] += wrong and component.certain
        counted["types_asked"] += not component.certain
        counted["strangers_named"] += trial.codes[first] == OTHER and component.certain and wrong


def _true_plan(trial: Trial) -> SplitPlan:
    segments = [
        Segment(
            pages=tuple(text.index for text in trial.paper(first)),
            boundary=Boundary.PERSON,
            confidence=1.0,
        )
        for first in sorted(trial.codes)
        if trial.paper(first)
    ]
    there = {page for segment in segments for page in segment.pages}
    return SplitPlan(
        page_count=trial.size,
        dossiers=(DossierSlot(slot=0),),
        segments=tuple(segments),
        dropped=tuple(
            DroppedPage(index=page, fate=Fate.BLANK)
            for page in range(trial.size)
            if page not in there
        ),
    )


def _surprise(share: float) -> float:
    return -math.log(max(share, _LEAST))


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 4) if values else 0.0
