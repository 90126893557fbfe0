"""Ruled cells whose words are in doubt, read again, each row of a cell by itself.

A row of a table is read in one go, over gaps as wide as half a page; short cells beside long ones
come out torn or not at all. May not come in: where cells are (`ruling`), what a table says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from pipeline.errors import OcrError, OcrTimeout
from pipeline.models.base import Box
from pipeline.models.text import Line, Word
from pipeline.ports.reading import OcrEngine
from pipeline.stages.recognition.marks import Inked, Marks, under_words
from pipeline.stages.recognition.parts import (
    READ_AGAIN,
    companions,
    inserted,
    less_sure,
    like,
    read_beside,
    read_row,
    row_of,
)

_DOUBT: Final = 0.88
"""Words of letters or digits less confident than this have their cell read again."""
_KEEP_WORD: Final = 0.5
_BETTER: Final = 1.05
_MOST_ROWS: Final = 60
"""Of a page that are read again: a page of dirt must not cost more than a page of text."""
_TALLEST_MM: Final = 7.5
"""Of a row: two that touch are left as they are."""
_EDGE_MM: Final = 0.3
_SHARED: Final = 0.3
_BEYOND_MM: Final = 0.8
"""That a word's box may reach over its cell, or over its row by more than the row's height."""
_NARROW: Final = 2.0
"""Width to height of a figure or two, which need a word beside them to be read."""
_GAP_MM: Final = 0.5
"""Between rows at least."""


def with_cells(
    page: Inked, cells: Sequence[Box], lines: tuple[Line, ...], engine: OcrEngine
) -> tuple[Line, ...]:
    """The lines, doubtful words in cells replaced by what their cell says by itself.

    Args:
        page: what was read.
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
    tall, per_mm = page.letters, page.per_mm
    unread = ~under_words(tall, lines, per_mm)
    reader = _Reader(page, companions(lines), engine)
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
            try:
                found = reader.again(row, cell, found)
            except OcrTimeout:
                return tuple(found)
            except OcrError:
                continue
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
        box = marks.chosen(mine).box
        if box.height <= _TALLEST_MM * per_mm:
            yield box


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads rows of cells by themselves."""

    page: Inked
    known: Sequence[Word]
    """Words to show lone figures with."""
    engine: OcrEngine

    def again(self, row: Box, cell: Box, lines: list[Line]) -> list[Line]:
        """The lines with what the row says by itself, where that reads better.

        A row that holds a word which goes on beyond it is left alone: half of that word would be
        lost or doubled. Words of the row where nothing was read anew stay.
        """
        edge = _EDGE_MM * self.page.per_mm
        within = Box(x0=cell.x0 + edge, y0=cell.y0 + edge, x1=cell.x1 - edge, y1=cell.y1 - edge)
        mine = [word for line in lines for word in line.words if _meets(word.box, row)]
        if any(_goes_beyond(word.box, row, cell, _BEYOND_MM * self.page.per_mm) for word in mine):
            return lines
        read = [word for word in self._words(row, within) if word.confidence >= _KEEP_WORD]
        gone = {id(old) for old in mine if any(_meets(old.box, new.box) for new in read)}
        kept = [word for word in mine if id(word) not in gone]
        if not read or _sense([*read, *kept]) <= _BETTER * _sense(mine):
            return lines
        left = [_less(line, gone) for line in lines]
        return inserted(
            [line for line in left if line is not None],
            row_of([less_sure(word, READ_AGAIN) for word in read]),
        )

    def _words(self, row: Box, within: Box) -> Sequence[Word]:
        gray, dpi = self.page.gray, self.page.dpi
        if self.known and row.width < _NARROW * row.height:
            companion, *_ = like(row, self.known)
            beside = read_beside(gray, dpi, row, companion, self.engine, within=within)
            if beside:
                return beside
        lines = read_row(gray, dpi, row, self.engine, within=within)
        return [word for line in lines for word in line.words]


def _meets(word: Box, row: Box) -> bool:
    """True where a good part of the lesser one lies in the other, each way."""
    width = min(word.x1, row.x1) - max(word.x0, row.x0)
    height = min(word.y1, row.y1) - max(word.y0, row.y0)
    return width > _SHARED * min(word.width, row.width) and (
        height > _SHARED * min(word.height, row.height)
    )


def _goes_beyond(word: Box, row: Box, cell: Box, far: float) -> bool:
    aside = word.x0 < cell.x0 - far or word.x1 > cell.x1 + far
    return aside or word.y0 < row.y0 - row.height - far or word.y1 > row.y1 + row.height + far


def _sense(words: Sequence[Word]) -> float:
    """Expected number of letters and digits read right."""
    heard = (word for word in words if word.confidence >= _KEEP_WORD)
    return sum(word.confidence * sum(map(str.isalnum, word.text)) for word in heard)


def _less(line: Line, gone: set[int]) -> Line | None:
    words = tuple(word for word in line.words if id(word) not in gone)
    if len(words) == len(line.words):
        return line
    return line.model_copy(update={"words": words}) if words else None
