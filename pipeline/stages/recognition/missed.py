"""Rows that the engine passed over: letter-like marks on which no word was read.

Layout analysis loses short rows beside seals and signatures, page numbers and narrow cells. They
are found by their ink, read again one by one, and kept only where they read well. May not
come in: an engine's name, what a row means.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.errors import OcrError
from pipeline.models.base import Box
from pipeline.models.text import HALF_SEEN, Line, Word
from pipeline.ports.reading import Gray, OcrEngine

_Ints: TypeAlias = NDArray[np.int64]
_Flags: TypeAlias = NDArray[np.bool_]

_MM_PER_INCH: Final = 25.4
_LOOK_DPI: Final = 110.0
"""Enough to find letters."""
_DARKER: Final = 45
"""Grey levels below the paper around, from which a pixel may belong to a letter."""
_LETTER_MM: Final = (1.3, 6.5)
"""Heights of letters and their marks, between small print and titles."""
_WIDEST_MM: Final = 9.0
_DASH_MM: Final = (0.6, 3.5)
_LEAST_MARKS: Final = 3
_REACH_MM: Final = 2.6
"""Gap between words of a row."""
_TALLEST_MM: Final = 9.0
_UNHEARD: Final = 0.3
"""Words less confident than this do not speak for the ink they stand on."""
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


@dataclass(frozen=True, slots=True)
class _Marks:
    """Connected marks; px of the image that is read."""

    x0: _Ints
    y0: _Ints
    x1: _Ints
    y1: _Ints

    def chosen(self, which: _Flags) -> _Marks:
        return _Marks(self.x0[which], self.y0[which], self.x1[which], self.y1[which])


def with_missed(
    gray: Gray, dpi: float, lines: tuple[Line, ...], engine: OcrEngine
) -> tuple[Line, ...]:
    """The lines, and those that were passed over, in reading order.

    Args:
        gray: straightened image that was read, ruled lines taken out.
        dpi: of that image.
        lines: as read from it.
        engine: reads the rows found.

    Returns:
        The same lines where no ink was passed over. A row on which the engine fails is left out:
        the page itself was read.

    Raises:
        MissingToolError.
    """
    found = list(lines)
    for row in missed_rows(gray, dpi, lines)[:_MOST_ROWS]:
        try:
            read = tuple(_read(gray, dpi, row, engine))
        except OcrError:
            continue
        for line in read:
            found = _inserted(_without_doubtful(found, line), line)
    return tuple(found)


def missed_rows(gray: Gray, dpi: float, lines: Sequence[Line]) -> tuple[Box, ...]:
    """Where rows of letter-like marks stand that hold no word, from the top, in the image's px."""
    marks, per_mm = _letter_like(gray, dpi)
    free = marks.chosen(~_under_words(marks, lines, per_mm))
    height = (free.y1 - free.y0) / per_mm
    letters = height >= _LETTER_MM[0]
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
        box = Box(
            x0=float(row.x0.min()),
            y0=float(row.y0.min()),
            x1=float(row.x1.max()),
            y1=float(row.y1.max()),
        )
        if box.height <= _TALLEST_MM * per_mm and box.width > box.height:
            rows.append(box)
    return tuple(sorted(rows, key=lambda box: (box.y0, box.x0)))


def _letter_like(gray: Gray, dpi: float) -> tuple[_Marks, float]:
    """Marks of the size of letters and dashes, and pixels per millimetre of the image."""
    scale = min(_LOOK_DPI / dpi, 1.0)
    small = gray
    if scale < 1.0:
        small = np.asarray(
            cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA),
            dtype=np.uint8,
        )
    around = round(_LOOK_DPI / _MM_PER_INCH * 6) | 1
    dark = cv2.subtract(cv2.blur(small, (around, around)), small) >= _DARKER
    _, _, stats, _ = cv2.connectedComponentsWithStats(dark.astype(np.uint8), connectivity=8)
    x, y, width, height, area = (stats[1:, n].astype(np.int64) for n in range(5))
    per_mm = dpi * scale / _MM_PER_INCH
    tall, wide = height / per_mm, width / per_mm
    letter = (tall >= _LETTER_MM[0]) & (tall <= _LETTER_MM[1]) & (wide <= _WIDEST_MM)
    letter &= area >= 0.1 * width * height
    dash = (tall < _LETTER_MM[0]) & (wide >= _DASH_MM[0]) & (wide <= _DASH_MM[1])
    dash &= (wide > tall) & (tall > 0.2)
    marks = _Marks(x, y, x + width, y + height).chosen(letter | dash)
    whole = _Marks(*((side / scale).astype(np.int64) for side in _sides(marks)))
    return whole, dpi / _MM_PER_INCH


def _sides(marks: _Marks) -> tuple[_Ints, _Ints, _Ints, _Ints]:
    return marks.x0, marks.y0, marks.x1, marks.y1


def _under_words(marks: _Marks, lines: Sequence[Line], per_mm: float) -> _Flags:
    """Marks whose middle lies in a word that was heard."""
    x, y = (marks.x0 + marks.x1) / 2, (marks.y0 + marks.y1) / 2
    under = np.zeros(len(x), dtype=np.bool_)
    for word in (w for line in lines for w in line.words if w.confidence >= _UNHEARD):
        box, edge = word.box, 0.5 * per_mm
        under |= (
            (x >= box.x0 - edge)
            & (x <= box.x1 + edge)
            & (y >= box.y0 - edge)
            & (y <= box.y1 + edge)
        )
    return under


def _read(gray: Gray, dpi: float, row: Box, engine: OcrEngine) -> Iterator[Line]:
    """What stands in a row, where it is believed; boxes in pixels of the whole image."""
    per_mm = dpi / _MM_PER_INCH
    pad_x, pad_y = 1.5 * per_mm, 0.7 * per_mm
    left, top = max(int(row.x0 - pad_x), 0), max(int(row.y0 - pad_y), 0)
    part = gray[top : int(row.y1 + pad_y) + 1, left : int(row.x1 + pad_x) + 1]
    rim = max(round(1.5 * per_mm), 1)
    paper = int(np.median(part))
    framed = cv2.copyMakeBorder(part, rim, rim, rim, rim, cv2.BORDER_CONSTANT, value=(paper,))
    most = HALF_SEEN if _goes_on(gray, row, per_mm) else 1.0
    for line in engine.read(np.asarray(framed, dtype=np.uint8), max(round(dpi), 1), row=True):
        if not _believed([w for w in line.words if w.confidence >= _KEEP_WORD]):
            continue
        words = tuple(
            Word(
                text=word.text,
                confidence=min(word.confidence, most),
                box=_moved(word.box, left - rim, top - rim, gray.shape),
            )
            for word in line.words
            if word.confidence >= _KEEP_WORD
        )
        if words:
            box = words[0].box
            for word in words[1:]:
                box = box.union(word.box)
            yield Line(words=words, box=box, block=0)


def _goes_on(gray: Gray, row: Box, per_mm: float) -> bool:
    """True where ink stands close beside the row: a seal may cover the rest of a name."""
    top, bottom = int(row.y0), int(row.y1) + 1
    near, far = 0.3 * per_mm, _BESIDE_MM * per_mm
    paper = int(np.median(gray[top:bottom, int(row.x0) : int(row.x1) + 1]))
    for left, right in ((row.x0 - far, row.x0 - near), (row.x1 + near, row.x1 + far)):
        strip = gray[top:bottom, max(int(left), 0) : max(int(right), 0)]
        if strip.size and float(np.mean(strip < paper - _DARKER)) > _BESIDE_SHARE:
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


def _moved(box: Box, dx: int, dy: int, shape: tuple[int, ...]) -> Box:
    height, width = shape[:2]
    return Box(
        x0=min(max(box.x0 + dx, 0), width),
        y0=min(max(box.y0 + dy, 0), height),
        x1=min(max(box.x1 + dx, 0), width),
        y1=min(max(box.y1 + dy, 0), height),
    )


def _without_doubtful(lines: Sequence[Line], new: Line) -> list[Line]:
    """The lines without the unheard words on whose place the new line stands."""
    kept = []
    for line in lines:
        words = tuple(
            w for w in line.words if w.confidence >= _UNHEARD or not _meet(w.box, new.box)
        )
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


def _inserted(lines: Sequence[Line], new: Line) -> list[Line]:
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
