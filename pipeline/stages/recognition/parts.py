"""A part of a page read by itself, and put back among the page's lines.

May not come in: which parts are worth reading again, what is believed of them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, TypeVar

import cv2
import numpy as np

from pipeline.errors import OcrError, OcrTimeout
from pipeline.models.base import Box
from pipeline.models.text import Line, Word
from pipeline.ports.reading import Gray, OcrEngine
from pipeline.stages.recognition.marks import UNHEARD
from pipeline.textnorm import strip_marks

_Place = TypeVar("_Place")
_Read = TypeVar("_Read")

_MM_PER_INCH: Final = 25.4
_PAD_MM: Final = (1.5, 0.7)
"""Of the page around a row, aside and above: marks of its letters."""
_RIM_MM: Final = 1.5
"""Of blank paper around what is cut out."""
_AROUND: Final = 0.9
"""Of the height of lone marks, shown above and below them."""
_ASIDE: Final = 2.2
"""The same, beside them."""
_GAP: Final = 0.6
"""The same, before the word that they are shown with."""
READ_AGAIN: Final = 0.95
"""Most confidence of what is read for want of something better."""
_MOST_COMPANIONS: Final = 200
_SURE: Final = 0.9
_TELLING: Final = 3
_HANGING: Final = frozenset("gjpqyQ")
"""Letters that go below the base line."""
_DOT_BELOW: Final = "\u0323"


def read_row(
    gray: Gray, dpi: float, row: Box, engine: OcrEngine, *, within: Box | None = None
) -> Iterator[Line]:
    """What the engine reads where one row stands.

    Args:
        gray: the image of the page.
        dpi: of it.
        row: the ink, px.
        engine: reads it.
        within: what may be cut out at most, px; the page where not given.

    Returns:
        Lines with words, boxes in pixels of the whole image.

    Raises:
        OcrError, MissingToolError.
    """
    per_mm = dpi / _MM_PER_INCH
    height, width = gray.shape
    most = within or Box(x0=0, y0=0, x1=width, y1=height)
    left = max(int(row.x0 - _PAD_MM[0] * per_mm), int(most.x0), 0)
    top = max(int(row.y0 - _PAD_MM[1] * per_mm), int(most.y0), 0)
    right = min(int(row.x1 + _PAD_MM[0] * per_mm) + 1, int(most.x1))
    bottom = min(int(row.y1 + _PAD_MM[1] * per_mm) + 1, int(most.y1))
    part = gray[top:bottom, left:right]
    if not part.size:
        return
    rim = max(round(_RIM_MM * per_mm), 1)
    paper = int(np.median(part))
    framed = cv2.copyMakeBorder(part, rim, rim, rim, rim, cv2.BORDER_CONSTANT, value=(paper,))
    for line in engine.read(np.asarray(framed, dtype=np.uint8), max(round(dpi), 1), row=True):
        words = tuple(
            word.model_copy(update={"box": _moved(word.box, left - rim, top - rim, gray.shape)})
            for word in line.words
        )
        if words:
            yield row_of(words)


def each_read(places: Iterable[_Place], read: Callable[[_Place], _Read]) -> Iterator[_Read]:
    """What is read of places, one after another; the page itself was read, so failures are borne.

    Args:
        places: in the order in which they are worth reading.
        read: one of them; where the engine fails on it the place is left out, and where it takes
            too long so are all that follow.

    Raises:
        MissingToolError.
    """
    for place in places:
        try:
            found = read(place)
        except OcrTimeout:
            return
        except OcrError:
            continue
        yield found


def read_beside(
    gray: Gray,
    dpi: float,
    ink: Box,
    companion: Word,
    engine: OcrEngine,
    *,
    within: Box | None = None,
) -> tuple[Word, ...]:
    """What the engine reads where a few marks stand alone, shown before a word that it knows.

    A lone figure is no row to an engine, which then sees letters in it; before a word of the same
    page it is one.

    Args:
        gray: the image of the page.
        dpi: of it.
        ink: the marks, px; they stand on the base line.
        companion: a word without anything below the base line, see `companions`.
        engine: reads both.
        within: what may be shown at most of what stands beside the marks, px; the page where not
            given.

    Returns:
        Words that stand on the marks, boxes in pixels of the whole image; none where the companion
        was not recognized.

    Raises:
        OcrError, MissingToolError.
    """
    height, pad = int(ink.height), round(_AROUND * ink.height)
    top, bottom = int(ink.y0) - pad, int(ink.y1) + pad
    side = _ASIDE * ink.height
    most = within or Box(x0=0, y0=0, x1=gray.shape[1], y1=gray.shape[0])
    left, right = max(int(ink.x0 - side), int(most.x0)), min(int(ink.x1 + side), int(most.x1))
    base = int(companion.box.y1)
    known_top, known_bottom = base - height - pad, base + pad
    if min(top, known_top) < 0 or max(bottom, known_bottom) > gray.shape[0]:
        return ()
    marks = gray[top:bottom, left:right]
    known = gray[known_top:known_bottom, int(companion.box.x0) : int(companion.box.x1) + 1]
    if marks.shape[0] != known.shape[0] or not marks.size or not known.size:
        return ()
    paper = int(np.median(marks))
    gap = np.full((marks.shape[0], max(round(_GAP * height), 4)), paper, np.uint8)
    rim = gap.shape[1]
    row = cv2.copyMakeBorder(
        np.hstack((marks, gap, known)), rim, rim, rim, rim, cv2.BORDER_CONSTANT, value=(paper,)
    )
    lines = engine.read(np.asarray(row, dtype=np.uint8), max(round(dpi), 1), row=True)
    words = [word for line in lines for word in line.words]
    end = rim + marks.shape[1]
    after = "".join(word.text for word in words if word.box.x0 >= end - rim)
    if after.casefold() != companion.text.casefold():
        return ()
    return tuple(
        word.model_copy(update={"box": _moved(word.box, left - rim, top - rim, gray.shape)})
        for word in words
        if word.box.x1 <= end + rim and word.box.x0 < end - rim
    )


def companions(lines: Sequence[Line]) -> tuple[Word, ...]:
    """The first words that were surely read and have nothing below the base line."""
    words = (word for line in lines for word in line.words)
    return tuple(islice(filter(_is_companion, words), _MOST_COMPANIONS))


def like(ink: Box, known: Sequence[Word]) -> list[Word]:
    """Companions, those of the size of the ink first."""
    return sorted(known, key=lambda word: abs(word.box.height - ink.height))


def _is_companion(word: Word) -> bool:
    long = word.text.isalpha() and len(word.text) >= _TELLING
    return long and word.confidence >= _SURE and not _hangs(word.text)


def _hangs(text: str) -> bool:
    dotted = _DOT_BELOW in unicodedata.normalize("NFD", text)
    return dotted or bool(set(strip_marks(text)) & _HANGING)


def row_of(words: Sequence[Word]) -> Line:
    """A line of these words, in no block yet; at least one."""
    box = words[0].box
    for word in words[1:]:
        box = box.union(word.box)
    return Line(words=tuple(words), box=box, block=0)


def less_sure(word: Word, most: float) -> Word:
    """The word, no surer than that."""
    return word.model_copy(update={"confidence": min(word.confidence, most)})


def inserted(lines: Sequence[Line], new: Line) -> list[Line]:
    """The new line behind the last one that is read before it: above it, or left of it in a row."""
    place = 0
    for number, line in enumerate(lines):
        beside = _shares_row(line.box, new.box)
        over = line.box.x0 < new.box.x1 and line.box.x1 > new.box.x0
        above = (line.box.y0 + line.box.y1) < (new.box.y0 + new.box.y1)
        if (beside and line.box.x0 < new.box.x0) or (above and over and not beside):
            place = number + 1
    if place == 0 and lines:
        above_all = (new.box.y0 + new.box.y1) / 2 < lines[0].box.y0
        place = 0 if above_all else len(lines)
    block = max((line.block for line in lines), default=-1) + 1
    return [*lines[:place], new.model_copy(update={"block": block}), *lines[place:]]


def _shares_row(one: Box, other: Box) -> bool:
    shared = min(one.y1, other.y1) - max(one.y0, other.y0)
    return shared > 0.5 * min(one.height, other.height)


def _moved(box: Box, dx: int, dy: int, shape: tuple[int, ...]) -> Box:
    height, width = shape[:2]
    return Box(
        x0=min(max(box.x0 + dx, 0), width),
        y0=min(max(box.y0 + dy, 0), height),
        x1=min(max(box.x1 + dx, 0), width),
        y1=min(max(box.y1 + dy, 0), height),
    )


def without_unheard(lines: Sequence[Line], new: Line) -> list[Line]:
    """The lines without the words, hardly heard, on whose place the new line stands."""
    kept = []
    for line in lines:
        words = tuple(w for w in line.words if w.confidence >= UNHEARD or not _meet(w.box, new.box))
        if len(words) == len(line.words):
            kept.append(line)
        elif words:
            kept.append(line.model_copy(update={"words": words}))
    return kept


def _meet(one: Box, other: Box) -> bool:
    """True where half of the smaller one lies in the other."""
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    least = min(one.width * one.height, other.width * other.height)
    return width > 0 and height > 0 and width * height > 0.5 * least
