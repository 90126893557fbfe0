"""Rows that the engine passed over: letter-like marks on which no word was read.

Layout analysis loses short rows beside seals and signatures, page numbers and narrow cells. They
are found by their ink, read again one by one, and kept only where they read well. May not
come in: an engine's name, what a row means.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import cv2
import numpy as np

from pipeline.models.base import Box
from pipeline.models.text import HALF_SEEN, Line, Word
from pipeline.ports.reading import Gray, OcrEngine
from pipeline.stages.recognition.marks import (
    DARKER,
    LEAST_LETTER_MM,
    Inked,
    under_words,
)
from pipeline.stages.recognition.parts import (
    each_read,
    inserted,
    less_sure,
    read_row,
    row_of,
    without_unheard,
)

_LEAST_MARKS: Final = 3
_REACH_MM: Final = 2.6
"""Gap between words of a row."""
_TALLEST_MM: Final = 9.0
_MOST_ROWS: Final = 12
"""Of a page that is read again: a page of dirt must not cost more than a page of text."""
_KEEP_WORD: Final = 0.5
_KEEP_ROW: Final = 0.75
"""Mean confidence, weighted by length, from which a row is believed."""
_TELLING: Final = 3
"""Letters and digits of a row; a page number between dashes needs one."""
_PAGE_NUMBER: Final = 2
"""Digits of a page number, which may stand alone."""
_BESIDE_MM: Final = 3.5
_BESIDE_SHARE: Final = 0.03


def with_missed(page: Inked, lines: tuple[Line, ...], engine: OcrEngine) -> tuple[Line, ...]:
    """The lines, and those that were passed over, in reading order.

    Args:
        page: what was read.
        lines: as read from it.
        engine: reads the rows found.

    Returns:
        The same lines where no ink was passed over. A row on which the engine fails is left out:
        the page itself was read.

    Raises:
        MissingToolError.
    """
    found = list(lines)
    rows = missed_rows(page, lines)[:_MOST_ROWS]
    for read in each_read(rows, lambda row: tuple(_read(page, row, engine))):
        for line in read:
            found = inserted(without_unheard(found, line), line)
    return tuple(found)


def missed_rows(page: Inked, lines: Sequence[Line]) -> tuple[Box, ...]:
    """Where rows of letter-like marks stand that hold no word, from the top, in the image's px."""
    marks, per_mm, gray = page.marks, page.per_mm, page.gray
    free = marks.chosen(~under_words(marks, lines, per_mm))
    height = (free.y1 - free.y0) / per_mm
    letters = height >= LEAST_LETTER_MM
    if int(np.count_nonzero(letters)) == 0:
        return ()
    mask = np.zeros((gray.shape[0] // 4 + 1, gray.shape[1] // 4 + 1), np.uint8)
    reach = _REACH_MM * per_mm / 2
    for x0, y0, x1, y1 in zip(free.x0, free.y0, free.x1, free.y1, strict=True):
        left, right = max(int(x0 - reach), 0) // 4, int(x1 + reach) // 4
        mask[int(y0) // 4 : int(y1) // 4 + 1, left : right + 1] = 1
    _, labels, _, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    owner = labels[((free.y0 + free.y1) // 8), ((free.x0 + free.x1) // 8)]
    rows = []
    for label in np.unique(owner):
        mine = owner == label
        tall = int(np.count_nonzero(mine & letters))
        if label == 0 or tall == 0 or int(np.count_nonzero(mine)) < _LEAST_MARKS:
            continue
        row = free.chosen(mine)
        box = row.box
        if box.height <= _TALLEST_MM * per_mm and box.width > box.height:
            rows.append(box)
    return tuple(sorted(rows, key=lambda box: (box.y0, box.x0)))


def _read(page: Inked, row: Box, engine: OcrEngine) -> Iterator[Line]:
    """What stands in a row, where it is believed; boxes in pixels of the whole image."""
    most = HALF_SEEN if _goes_on(page.gray, row, page.per_mm) else 1.0
    for line in read_row(page.gray, page.dpi, row, engine):
        words = tuple(word for word in line.words if word.confidence >= _KEEP_WORD)
        if _believed(words):
            yield row_of([less_sure(word, most) for word in words])


def _goes_on(gray: Gray, row: Box, per_mm: float) -> bool:
    """True where ink stands close beside the row: a seal may cover the rest of a name."""
    top, bottom = int(row.y0), int(row.y1) + 1
    near, far = 0.3 * per_mm, _BESIDE_MM * per_mm
    paper = int(np.median(gray[top:bottom, int(row.x0) : int(row.x1) + 1]))
    for left, right in ((row.x0 - far, row.x0 - near), (row.x1 + near, row.x1 + far)):
        strip = gray[top:bottom, max(int(left), 0) : max(int(right), 0)]
        if strip.size and float(np.mean(strip < paper - DARKER)) > _BESIDE_SHARE:
            return True
    return False


def _believed(words: Sequence[Word]) -> bool:
    text = "".join(word.text for word in words)
    sense = sum(char.isalnum() for char in text)
    if not sense:
        return False
    sure = sum(w.confidence * len(w.text) for w in words) / len(text)
    number = "".join(char for char in text if char.isalnum())
    page_number = number.isdecimal() and len(number) <= _PAGE_NUMBER and text.strip("-– ") == number
    return sure >= _KEEP_ROW and (sense >= _TELLING or page_number)
