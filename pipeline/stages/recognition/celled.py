"""Ruled cells whose words are in doubt, read again, each row of a cell by itself.

A row of a table is read in one go, over gaps as wide as half a page; short cells beside long ones
come out torn or not at all. May not come in: where cells are (`ruling`), what a table says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from pipeline.errors import OcrError
from pipeline.models.base import Box
from pipeline.models.text import Line, Word
from pipeline.ports.reading import Gray, OcrEngine
from pipeline.stages.recognition.marks import LEAST_LETTER_MM, Marks, letter_like, under_words
from pipeline.stages.recognition.parts import inserted, less_sure, read_row, row_of

_MM_PER_INCH: Final = 25.4
_DOUBT: Final = 0.88
"""Words of letters or digits less confident than this have their cell read again."""
_KEEP_WORD: Final = 0.5
_MOST: Final = 0.95
"""Confidence of what is read for want of something better."""
_BETTER: Final = 1.05
_MOST_ROWS: Final = 60
"""Of a page that are read again: a page of dirt must not cost more than a page of text."""
_TALLEST_MM: Final = 7.5
"""Of a row: two that touch are left as they are."""
_EDGE_MM: Final = 0.3
_GAP_MM: Final = 0.5
"""Between rows at least."""


def with_cells(
    gray: Gray, dpi: float, cells: Sequence[Box], lines: tuple[Line, ...], engine: OcrEngine
) -> tuple[Line, ...]:
    """The lines, doubtful words in cells replaced by what their cell says by itself.

    Args:
        gray: straightened image that was read, ruled lines taken out.
        dpi: of that image.
        cells: inside of ruled cells, px.
        lines: as read from it.
        engine: reads the cells.

    Returns:
        The same lines where no cell is in doubt. A row on which the engine fails stays as it was.

    Raises:
        MissingToolError.
    """
    if not cells:
        return lines
    marks, per_mm = letter_like(gray, dpi)
    tall = marks.chosen((marks.y1 - marks.y0) / per_mm >= LEAST_LETTER_MM)
    unread = ~under_words(tall, lines, per_mm)
    found, left = list(lines), _MOST_ROWS
    for cell in cells:
        inside = _inside(tall, cell)
        words = [w for line in lines for w in line.words if _holds(cell, w.box)]
        doubtful = any(w.confidence < _DOUBT and any(map(str.isalnum, w.text)) for w in words)
        if not doubtful and not bool(np.any(inside & unread)):
            continue
        for row in _rows(tall.chosen(inside), per_mm):
            if left == 0:
                return tuple(found)
            left -= 1
            found = _reread(gray, dpi, row, cell, found, engine)
    return tuple(found)


def _inside(marks: Marks, cell: Box) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    x, y = (marks.x0 + marks.x1) / 2, (marks.y0 + marks.y1) / 2
    return np.asarray((x >= cell.x0) & (x < cell.x1) & (y >= cell.y0) & (y < cell.y1))


def _holds(cell: Box, word: Box) -> bool:
    x, y = (word.x0 + word.x1) / 2, (word.y0 + word.y1) / 2
    return cell.x0 <= x < cell.x1 and cell.y0 <= y < cell.y1


def _rows(marks: Marks, per_mm: float) -> Iterator[Box]:
    """Rows of letters within a cell, from the top; px."""
    order = np.argsort(marks.y0, kind="stable")
    begin = 0
    bottom = np.maximum.accumulate(marks.y1[order]) if len(order) else order
    for end in range(1, len(order) + 1):
        if end < len(order) and marks.y0[order[end]] <= bottom[end - 1] + _GAP_MM * per_mm:
            continue
        mine = order[begin:end]
        begin = end
        box = Box(
            x0=float(marks.x0[mine].min()),
            y0=float(marks.y0[mine].min()),
            x1=float(marks.x1[mine].max()),
            y1=float(marks.y1[mine].max()),
        )
        if box.height <= _TALLEST_MM * per_mm:
            yield box


def _reread(
    gray: Gray, dpi: float, row: Box, cell: Box, lines: list[Line], engine: OcrEngine
) -> list[Line]:
    """The lines with what the row says by itself, where that reads better."""
    edge = _EDGE_MM * dpi / _MM_PER_INCH
    within = Box(x0=cell.x0 + edge, y0=cell.y0 + edge, x1=cell.x1 - edge, y1=cell.y1 - edge)
    try:
        read = [w for line in read_row(gray, dpi, row, engine, within=within) for w in line.words]
    except OcrError:
        return lines
    kept = [word for word in read if word.confidence >= _KEEP_WORD]
    mine = [w for line in lines for w in line.words if _holds(cell, w.box) and _meets(row, w.box)]
    if not kept or _sense(kept) <= _BETTER * _sense(mine):
        return lines
    gone = {id(word) for word in mine}
    left = [_less(line, gone) for line in lines]
    return inserted(
        [line for line in left if line is not None],
        row_of([less_sure(word, _MOST) for word in kept]),
    )


def _meets(row: Box, word: Box) -> bool:
    return row.y0 <= (word.y0 + word.y1) / 2 <= row.y1


def _sense(words: Sequence[Word]) -> float:
    """Expected number of letters and digits read right."""
    heard = (word for word in words if word.confidence >= _KEEP_WORD)
    return sum(word.confidence * sum(map(str.isalnum, word.text)) for word in heard)


def _less(line: Line, gone: set[int]) -> Line | None:
    words = tuple(word for word in line.words if id(word) not in gone)
    if len(words) == len(line.words):
        return line
    return line.model_copy(update={"words": words}) if words else None
