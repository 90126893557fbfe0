"""Imaging: which way up a page is, how tilted, whether it is empty, and how good it is.

Everything is judged on a small grey image (about 120 dpi), for reading only: no page is changed.
The paper is brought to white, what is darker falls into connected marks, and the marks speak:
their rows say direction and tilt, what rises above and falls below the rows says which way up,
their area says whether anything is there. May not come in: text recognition, decoding.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from pipeline.models.pages import BlankStatus, PageLook, QualityWarning, RawPage
from pipeline.ports.reading import Gray
from pipeline.settings import ImagingSettings
from pipeline.stages.imaging.direction import FEW_MARKS, turned_by, upright
from pipeline.stages.imaging.marks import (
    FAINT,
    INK,
    Flags,
    Marks,
    darkness_of,
    find_marks,
    fringe_of,
    letters_of,
    noise_of,
    small_image,
)

_SURE: Final = 120
"""Darkness from which a mark counts fully."""
_HALF_EVIDENCE_MM2: Final = 1.5
"""Area of marks at which emptiness is an even bet: about one printed digit."""
_STEEPNESS: Final = 2.5
_DOT_MM2: Final = 0.3
"""Smaller marks are points, commas, dirt."""
_MOST_OF_DOTS_MM2: Final = 0.3
"""Evidence of dots alone: dust on the glass makes no page."""
_FAINT_MM2: Final = 6.0
_FAINT_SCORE: Final = 0.75
"""Only faint marks: bleed-through or pencil, a person decides."""
_DARK: Final = 96
_MOST_DARK: Final = 0.3
"""Share of a page that may be darker than any paper (lid, borders) before it is no empty paper."""
_BLURRED: Final = 0.62
_CUT_MARKS: Final = 4


def look_at(page: RawPage, gray: Gray, reduce: int, settings: ImagingSettings) -> PageLook:
    """Judge one page.

    Args:
        page: the raw page.
        gray: its image, already turned clockwise by `page.turn_hint`, reduced `reduce` times;
            100 to 150 dpi are enough.
        reduce: how many times smaller than the raw image.
        settings: thresholds.
    """
    small, per_mm = small_image(gray, page.dpi / reduce)
    darkness = darkness_of(small)
    inked, marks = find_marks(darkness, per_mm)
    noise = noise_of(marks)
    score = _blank_score(marks, noise)
    if float(np.mean(small < _DARK)) > _MOST_DARK:  # a failed lamp, a page of ink: a person decides
        score = min(score, _FAINT_SCORE)
    status = _status(score, settings)
    letters = letters_of(marks, noise)
    faint = _is_faint(marks, letters)
    turn, certain, skew = page.turn_hint, True, 0.0
    if status is not BlankStatus.BLANK:
        # fading toner: its pale pixels are all that there is to go by
        chosen = letters if faint else letters & (marks.peak >= INK)
        points = inked.of(chosen, per_mm, faint=faint)
        extra, certain, skew = upright(points, int(np.count_nonzero(letters)))
        turn = turned_by(page.turn_hint, extra)
    ink = len(inked.of(~noise, per_mm).x) / darkness.size
    warnings = _warnings(page, gray, reduce, marks, letters, skew, settings, faint=faint)
    return PageLook(
        index=page.index,
        turn=turn,
        turn_certain=certain,
        skew_deg=round(skew, 3),
        blank=status,
        blank_score=round(score, 4),
        ink=ink,
        warnings=() if status is BlankStatus.BLANK else warnings,
    )


def _blank_score(marks: Marks, noise: Flags) -> float:
    """1: surely empty. Dots weigh a tenth and together little; faint marks only raise a doubt."""
    weight = np.clip((marks.peak - FAINT) / (_SURE - FAINT) * 2 - 1, 0.0, 1.0)
    noise = noise | fringe_of(marks, noise)
    weight = np.where(noise | (marks.area < 0.1), 0.0, weight)
    dots = marks.area < _DOT_MM2
    evidence = float(np.sum((marks.area * weight)[~dots]))
    evidence += min(0.1 * float(np.sum((marks.area * weight)[dots])), _MOST_OF_DOTS_MM2)
    score = float(1.0 / (1.0 + math.pow(evidence / _HALF_EVIDENCE_MM2, _STEEPNESS)))
    faint = ~noise & (marks.area >= 0.3) & (marks.peak >= FAINT + 10)
    if float(np.sum(marks.area[faint])) > _FAINT_MM2:
        score = min(score, _FAINT_SCORE)
    return score


def _status(score: float, settings: ImagingSettings) -> BlankStatus:
    if score >= settings.blank_above:
        return BlankStatus.BLANK
    return BlankStatus.CONTENT if score < settings.blank_below else BlankStatus.UNCERTAIN


def _warnings(
    page: RawPage,
    gray: Gray,
    reduce: int,
    marks: Marks,
    letters: Flags,
    skew: float,
    settings: ImagingSettings,
    *,
    faint: bool,
) -> tuple[QualityWarning, ...]:
    sized = _sized(marks, letters)
    enough = int(np.count_nonzero(sized)) >= FEW_MARKS
    found = {
        QualityWarning.SKEWED: abs(skew) > settings.skew_limit_deg,
        QualityWarning.LOW_CONTRAST: faint,
        QualityWarning.LOW_RESOLUTION: page.dpi < settings.min_dpi - 1,
        QualityWarning.BILEVEL: _is_bilevel(gray, reduce),
        QualityWarning.CUT_EDGE: _is_cut(marks),
        QualityWarning.BLURRED: enough and float(np.median(marks.crispness[sized])) < _BLURRED,
    }
    return tuple(warning for warning, present in found.items() if present)


def _sized(marks: Marks, letters: Flags) -> Flags:
    """Marks of the size of letters, dots and dirt left out."""
    return letters & (marks.height > 1.0) & (marks.area > 0.4)


def _is_faint(marks: Marks, letters: Flags) -> bool:
    """True where most letters are too pale for ink."""
    sized = _sized(marks, letters)
    enough = int(np.count_nonzero(sized)) >= FEW_MARKS
    return enough and float(np.median(marks.peak[sized])) < INK


def _is_bilevel(gray: Gray, reduce: int) -> bool:
    """True where every pixel can be the mean of black and white ones."""
    levels = np.flatnonzero(np.bincount(gray.ravel(), minlength=256))
    blacks = levels * reduce**2 / 255
    means = np.abs(blacks - np.round(blacks)) * 255 / reduce**2 <= 1.0
    return len(levels) > 1 and levels[0] == 0 and levels[-1] == 255 and bool(means.all())


def _is_cut(marks: Marks) -> bool:
    """True where several letters stand on one edge of the image."""
    near = 0.3
    sized = (marks.height > 1.0) & (marks.height < 9.0) & (marks.width < 30.0)
    dark = sized & (marks.area > 0.4) & (marks.peak >= _SURE)
    edges = (marks.left, marks.top, marks.right_gap, marks.bottom_gap)
    return any(int(np.count_nonzero(dark & (gap < near))) >= _CUT_MARKS for gap in edges)
