"""Page numbers: a lone figure at the head or the foot of a page, which layout analysis passes over.

It is the surest sign of where a paper goes on. May not come in: what follows from a number, numbers
before rows (`listed`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from statistics import median
from typing import Final

import numpy as np

from pipeline.models.base import Box
from pipeline.models.text import Line, Word
from pipeline.ports.reading import OcrEngine
from pipeline.stages.recognition.marks import LEAST_LETTER_MM, Inked, Marks, under_words
from pipeline.stages.recognition.parts import companions, each_read, like, read_beside, row_of

_NUMBER: Final = re.compile(r"([-–—]?)\s?(\d{1,2})\s?([-–—]?)")
_EDGE: Final = 0.1
"""Of the page's height, at head and foot."""
_OFF_MIDDLE: Final = 0.08
"""Of the page's width, that a number stands beside its middle at most; or else in a corner."""
_CORNER: Final = 0.8
"""Of the page's width, from where on the right corner is."""
_APART_MM: Final = 3.0
"""Between the figures of a number at most."""
_ALONE_MM: Final = 8.0
"""On either side of a number nothing else stands but dashes."""
_MOST_FIGURES: Final = 2
_MOST_PLACES: Final = 3
"""Of a page that are looked at."""
_HEIGHTS: Final = (0.45, 1.3)
"""Of the words' height: figures of the page's print."""
_COMPANIONS: Final = 2
_SURE: Final = 0.75
_HEARD: Final = 0.5
_AGREED: Final = 0.8
"""Confidence of a number that was read alike before two words."""


def with_page_number(page: Inked, lines: tuple[Line, ...], engine: OcrEngine) -> tuple[Line, ...]:
    """The lines, and the page's number, if there is one that was passed over.

    Args:
        page: what was read.
        lines: as read from it.
        engine: reads the number.

    Returns:
        The same lines where there is none. A number at the head comes first, at the foot last.

    Raises:
        MissingToolError.
    """
    known = companions(lines)
    if not known:
        return lines
    usual = median(word.box.height for word in known)
    for figures in islice(_places(page, lines, usual), _MOST_PLACES):
        words = _read(page, figures, known, engine)
        if words:
            at_head = figures.y0 < page.gray.shape[0] / 2
            block = max((line.block for line in lines), default=-1) + 1
            number = row_of(words).model_copy(update={"block": block})
            return (number, *lines) if at_head else (*lines, number)
    return lines


def _places(page: Inked, lines: Sequence[Line], usual: float) -> Iterator[Box]:
    """Where one or two figures stand alone, the foot of the page first."""
    height, width = page.gray.shape
    marks, per_mm = page.marks, page.per_mm
    tall = marks.y1 - marks.y0 >= max(LEAST_LETTER_MM * per_mm, _HEIGHTS[0] * usual)
    sized = tall & (marks.y1 - marks.y0 <= _HEIGHTS[1] * usual)
    edge = (marks.y1 <= _EDGE * height) | (marks.y0 >= (1 - _EDGE) * height)
    free = marks.chosen(sized & edge & ~under_words(marks, lines, per_mm))
    order = np.argsort(-free.y1, kind="stable")
    for first in order.tolist():
        box = _together(free, first, _APART_MM * per_mm)
        if box is None or not _stands_like_one(box, width):
            continue
        if _alone(box, tall, marks, lines, _ALONE_MM * per_mm):
            yield box


def _together(marks: Marks, first: int, apart: float) -> Box | None:
    """The box of a mark and the one to its right; None where it is not the leftmost, or of many."""
    shared = np.minimum(marks.y1, marks.y1[first]) - np.maximum(marks.y0, marks.y0[first])
    beside = shared > 0.5 * (marks.y1[first] - marks.y0[first])
    gap = marks.x0 - marks.x1[first]
    before = marks.x0[first] - marks.x1
    if bool(np.any(beside & (before >= 0) & (before <= apart))):
        return None
    mine = beside & (gap >= 0) & (gap <= apart)
    mine[first] = True
    if int(np.count_nonzero(mine)) > _MOST_FIGURES:
        return None
    return marks.chosen(mine).box


def _stands_like_one(box: Box, width: int) -> bool:
    middle = (box.x0 + box.x1) / 2
    return abs(middle - width / 2) <= _OFF_MIDDLE * width or middle >= _CORNER * width


def _alone(
    box: Box,
    tall: np.ndarray[tuple[int], np.dtype[np.bool_]],
    marks: Marks,
    lines: Sequence[Line],
    reach: float,
) -> bool:
    """True where neither words nor other tall marks stand beside."""
    around = Box(x0=max(box.x0 - reach, 0), y0=box.y0, x1=box.x1 + reach, y1=box.y1)
    middles = (marks.y0 + marks.y1) / 2
    near = (marks.x1 > around.x0) & (marks.x0 < around.x1)
    near &= (middles >= around.y0) & (middles <= around.y1) & tall
    own = (marks.x0 >= box.x0) & (marks.x1 <= box.x1)
    if bool(np.any(near & ~own)):
        return False
    return not any(
        w.box.x1 > around.x0 and w.box.x0 < around.x1 and w.box.y1 > box.y0 and w.box.y0 < box.y1
        for line in lines
        for w in line.words
    )


def _read(page: Inked, figures: Box, known: Sequence[Word], engine: OcrEngine) -> list[Word]:
    """The number with its dashes; none where it does not read like one."""
    before: str | None = None
    for words in each_read(
        like(figures, known)[:_COMPANIONS],
        lambda companion: read_beside(page.gray, page.dpi, figures, companion, engine),
    ):
        match = _NUMBER.fullmatch(" ".join(word.text for word in words))
        if match is None:
            continue
        sure = min(word.confidence for word in words)
        if sure >= _SURE or (sure >= _HEARD and match[2] == before):
            return _parted(match, figures, max(sure, _AGREED))
        before = match[2]
    return []


def _parted(match: re.Match[str], figures: Box, confidence: float) -> list[Word]:
    """Dash, number, dash, as they are printed: with gaps."""
    side = figures.height
    places = (
        (match[1], figures.x0 - 1.4 * side, figures.x0 - 0.8 * side),
        (match[2], figures.x0, figures.x1),
        (match[3], figures.x1 + 0.8 * side, figures.x1 + 1.4 * side),
    )
    return [
        Word(
            text=text,
            confidence=confidence,
            box=Box(x0=max(x0, 0), y0=figures.y0, x1=max(x1, 1), y1=figures.y1),
        )
        for text, x0, x1 in places
        if text
    ]
