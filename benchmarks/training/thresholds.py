"""From which probability on nobody is asked: chosen on pages that were not trained on.

A question costs one, an error that nobody is asked about costs as much as many questions. May not
come in: learning, drawing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pipeline.catalogue import OTHER, Catalogue
from pipeline.catalogue.matching import Matcher
from pipeline.catalogue.papers import PaperModel, Trust, agreement
from pipeline.models.batch import Channel, IngestTerms
from pipeline.models.split import Boundary, DossierSlot, Segment, SplitPlan
from pipeline.models.text import PageText
from pipeline.settings import SplitSettings
from pipeline.stages.classification import TYPE_DOUBTFUL, classify

ERROR_COSTS: Final = 20.0
"""Questions that a silent error is worth: it puts a paper into another person's dossier."""
MISLEADS: Final = 2.0
"""Right proposals that a wrong one is worth."""
LEAST: Final = Trust(agrees=0.9, proposes=0.6, names=0.97, opposes=0.8, doubts=0.999)
"""Nothing below is tried: strangers of an office are more than those that can be drawn, and papers
of few words read like none."""
_LEAST_BOUNDARY: Final = 0.75
_GRID: Final = (0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.985,
                0.99, 0.995, 0.999)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Case:
    """What both opinions say about the first page of a paper."""

    true: str
    code: str
    """Of the anchors."""
    certain: bool
    doubtful: bool
    hinted: bool
    titled: bool
    number: bool
    like: str
    probability: float
    agreement: float


def boundary_threshold(chances: Iterable[tuple[float, bool]]) -> float:
    """For `SplitSettings.boundary_confidence`.

    Args:
        chances: of pages that the rules leave open: probability that one starts a paper, and
            whether it does.
    """
    sure = [(max(p, 1 - p), (p >= 0.5) is starts) for p, starts in chances]
    return _cheapest(
        _LEAST_BOUNDARY,
        lambda limit: sum(1.0 if p < limit else ERROR_COSTS * (not right) for p, right in sure),
    )


def trust(
    model: PaperModel, samples: Sequence[tuple[PageText, str]], catalogue: Catalogue
) -> Trust:
    """How far to trust likenesses.

    Args:
        model: sharpened on the same samples.
        samples: first pages of papers, with their codes.
        catalogue: whose anchors speak first.
    """
    cases = _cases(model, samples, catalogue)
    doubted = [c for c in cases if c.doubtful and not c.titled]
    unknown = [c for c in cases if c.code == OTHER and c.like != OTHER]
    against = [c for c in cases if c.certain and not c.number and c.like not in (c.code, OTHER)]
    strange = [c for c in cases if c.certain and not c.number and c.like == OTHER]

    def lifting(limit: float) -> float:
        return sum(
            1.0 if c.agreement < limit else ERROR_COSTS * (c.true != c.code) for c in doubted
        )

    def proposing(limit: float) -> float:
        return sum(
            MISLEADS if c.like != c.true else -1.0 for c in unknown if c.probability >= limit
        )

    def naming(limit: float) -> float:
        return sum(
            1.0 if c.probability < limit or c.hinted else ERROR_COSTS * (c.true != c.like)
            for c in unknown
        )

    def questioning(some: Sequence[_Case], limit: float) -> float:
        return sum(
            1.0 if c.probability >= limit else ERROR_COSTS * (c.true != c.code) for c in some
        )

    return Trust(
        agrees=_cheapest(LEAST.agrees, lifting),
        proposes=_cheapest(LEAST.proposes, proposing),
        names=_cheapest(LEAST.names, naming),
        opposes=_cheapest(LEAST.opposes, lambda limit: questioning(against, limit)),
        doubts=_cheapest(LEAST.doubts, lambda limit: questioning(strange, limit)),
    )


def _cheapest(least: float, cost: Callable[[float], float]) -> float:
    """The limit that costs least; of several the middle one: none is nearest to either side."""
    tried = [(cost(limit), limit) for limit in _GRID if limit >= least]
    best = [limit for price, limit in tried if price == min(tried)[0]]
    return best[len(best) // 2]


def _cases(
    model: PaperModel, samples: Sequence[tuple[PageText, str]], catalogue: Catalogue
) -> list[_Case]:
    texts = {at: text for at, (text, _) in enumerate(samples)}
    plan = SplitPlan(
        page_count=len(texts),
        dossiers=(DossierSlot(slot=0),),
        segments=tuple(
            Segment(pages=(at,), boundary=Boundary.PERSON, confidence=1.0) for at in texts
        ),
    )
    terms = IngestTerms(channel=Channel.PORTAL)
    told = classify("0" * 64, plan, texts, terms, catalogue, SplitSettings(), ())
    asked = {r.page: r for r in told.reviews}
    matcher = Matcher(catalogue)
    out: list[_Case] = []
    for component in told.components:
        (at,) = component.pages
        likes = model.likenesses(texts[at])
        if not likes:
            continue
        best = next(iter(matcher.read(texts[at]).candidates), None)
        question = asked.get(at)
        out.append(
            _Case(
                true=samples[at][1],
                code=component.code,
                certain=component.certain,
                doubtful=question is not None and question.reason == TYPE_DOUBTFUL,
                hinted=question is not None and "hint" in question.params,
                titled=best is not None and bool(best.title),
                number=best is not None and best.form_number and best.code == component.code,
                like=likes[0].code,
                probability=likes[0].probability,
                agreement=agreement(likes, component.code, component.runner_up),
            )
        )
    return out
