"""Batches as separation sees them, made of pages that were drawn but not scanned.

May not come in: models, learning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.factory.paper import RenderedPage
from benchmarks.factory.person import Person, make_person
from benchmarks.training.recognised import PrintedPage, recognised
from pipeline.models.files import FileRef
from pipeline.models.pages import BlankStatus, PageLook, PageSheet, RawPage
from pipeline.models.text import PageText
from pipeline.stages.separation import PageEvidence

DPI = 72
"""Pages are drawn this small: only the places of the text are wanted."""
_BLANK_BACKS = 0.2
_FILE = FileRef(sha256="0" * 64, size=1, media_type="image/jpeg")

Draw = Callable[[Person, np.random.Generator, int], tuple[RenderedPage, ...]]
Drawn = tuple[PrintedPage, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a paper comes from: its kind, and the name of what drew it."""

    code: str
    name: str
    """Groups what looks alike: never in two folds."""


@dataclass(frozen=True, slots=True)
class MadeBatch:
    """What separation is given, and what is true of it."""

    evidence: tuple[PageEvidence, ...]
    starts: frozenset[int]
    """Pages that start a paper."""
    codes: Mapping[int, str]
    """By first page."""
    names: Mapping[int, str]
    """Source by first page."""

    @property
    def texts(self) -> dict[int, PageText]:
        """Read pages by index."""
        return {e.raw.index: e.text for e in self.evidence if e.text is not None}


def draw(way: Draw, rng: np.random.Generator) -> Drawn:
    """One paper of a new person, without its picture."""
    pages = way(make_person(rng), rng, DPI)
    return tuple(PrintedPage(p.image.width, p.image.height, p.dpi, p.truth_lines) for p in pages)


def make_batch(
    papers: Sequence[tuple[Source, Drawn]], rng: np.random.Generator, harm: float
) -> MadeBatch:
    """Put papers one after another, misread, some with blank backs."""
    evidence: list[PageEvidence] = []
    starts: set[int] = set()
    codes: dict[int, str] = {}
    names: dict[int, str] = {}
    duplex = rng.random() < _BLANK_BACKS
    for source, pages in papers:
        for number, page in enumerate(pages):
            index = len(evidence)
            if number == 0:
                starts.add(index)
                codes[index], names[index] = source.code, source.name
            text = recognised(page, rng, harm, index)
            evidence.append(_evidence(index, text))
            if duplex and rng.random() < 0.7:
                evidence.append(_evidence(index + 1, None, (text.width_px, text.height_px)))
    return MadeBatch(tuple(evidence), frozenset(starts), codes, names)


def _evidence(index: int, text: PageText | None, size: tuple[int, int] = (1, 1)) -> PageEvidence:
    width, height = (text.width_px, text.height_px) if text is not None else size
    raw = RawPage(
        index=index,
        source=0,
        source_page=index,
        file=_FILE,
        width_px=width,
        height_px=height,
        dpi=300.0,
    )
    blank = BlankStatus.CONTENT if text is not None else BlankStatus.BLANK
    look = PageLook(
        index=index,
        turn=0,
        turn_certain=True,
        skew_deg=0.0,
        blank=blank,
        blank_score=0.0 if text is not None else 1.0,
        ink=0.05,
    )
    return PageEvidence(
        look=look, raw=raw, sheet=PageSheet(index=index, sheet=None), text=text, kept=False
    )
