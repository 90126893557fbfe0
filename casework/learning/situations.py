"""What the model of starts is asked on the pages of a trial, with the true answers.

The walk is the product's own; where it would decide, the truth decides, so that every page is seen
after what really came before it. May not come in: weights of starts, learning.
"""

from __future__ import annotations

from collections.abc import Mapping

from ocr_models.refitting import StartExample
from ocr_models.trials import Trial
from pipeline.catalogue import Catalogue
from pipeline.models.files import FileRef
from pipeline.models.pages import BlankStatus, PageLook, PageSheet, RawPage
from pipeline.models.text import PageText
from pipeline.stages.separation import PageEvidence
from pipeline.stages.separation.examples import examples
from pipeline.stages.separation.starts import Seen

_NO_FILE = FileRef(sha256="0" * 64, size=0, media_type="image/jpeg")
"""Pages of a trial are text alone."""


def situations(
    trial: Trial, catalogue: Catalogue, seen: Mapping[int, Seen]
) -> tuple[StartExample, ...]:
    """Facts and truth of every page that the rules leave open and of which the truth is known.

    Args:
        trial: the pages.
        catalogue: the papers there are.
        seen: what is seen on them, by index.
    """
    found = examples(evidence_of(trial), frozenset(trial.codes), catalogue, seen)
    return tuple(
        StartExample(each.facts, each.starts) for each in found if each.page in trial.starts
    )


def evidence_of(trial: Trial) -> tuple[PageEvidence, ...]:
    """The pages as separation is given them; those without text are blank."""
    texts = {text.index: text for text in trial.texts}
    return tuple(_evidence(index, texts.get(index)) for index in range(trial.size))


def _evidence(index: int, text: PageText | None) -> PageEvidence:
    raw = RawPage(
        index=index,
        source=0,
        source_page=index,
        file=_NO_FILE,
        width_px=text.width_px if text else 1,
        height_px=text.height_px if text else 1,
        dpi=300.0,
    )
    look = PageLook(
        index=index,
        turn=0,
        turn_certain=True,
        skew_deg=0.0,
        blank=BlankStatus.CONTENT if text else BlankStatus.BLANK,
        blank_score=0.0 if text else 1.0,
        ink=0.05 if text else 0.0,
    )
    return PageEvidence(
        raw=raw, look=look, sheet=PageSheet(index=index, sheet=None), text=text, kept=False
    )
