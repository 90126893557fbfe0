"""A part of a page read by itself, and put back among the page's lines.

May not come in: which parts are worth reading again, what is believed of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import cv2
import numpy as np

from pipeline.models.base import Box
from pipeline.models.text import Line, Word
from pipeline.ports.reading import Gray, OcrEngine

_MM_PER_INCH: Final = 25.4
_PAD_MM: Final = (1.5, 0.7)
"""Of the page around a row, aside and above: marks of its letters."""
_RIM_MM: Final = 1.5
"""Of blank paper around what is cut out."""


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
