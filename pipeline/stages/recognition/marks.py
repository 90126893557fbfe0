"""Marks of ink that may be letters, and those of them on which a word was read.

May not come in: reading, rows, what is done about ink that nobody read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.models.base import Box
from pipeline.models.text import Line
from pipeline.ports.reading import Gray

_Ints: TypeAlias = NDArray[np.int64]
_Flags: TypeAlias = NDArray[np.bool_]

_MM_PER_INCH: Final = 25.4
_LOOK_DPI: Final = 110.0
"""Enough to find letters."""
DARKER: Final = 45
"""Grey levels below the paper around, from which a pixel may belong to a letter."""
LEAST_LETTER_MM: Final = 1.3
"""Height of a letter of small print."""
_TALLEST_LETTER_MM: Final = 6.5
_WIDEST_MM: Final = 9.0
_DASH_MM: Final = (0.6, 3.5)
UNHEARD: Final = 0.3
"""Words less confident than this do not speak for the ink they stand on."""


@dataclass(frozen=True, slots=True)
class Marks:
    """Connected marks; px of the image that is read."""

    x0: _Ints
    y0: _Ints
    x1: _Ints
    y1: _Ints

    def chosen(self, which: _Flags | NDArray[np.intp]) -> Marks:
        """Some of them, by flags or by numbers."""
        return Marks(self.x0[which], self.y0[which], self.x1[which], self.y1[which])

    @property
    def box(self) -> Box:
        """Around all of them; there must be one."""
        return Box(
            x0=float(self.x0.min()),
            y0=float(self.y0.min()),
            x1=float(self.x1.max()),
            y1=float(self.y1.max()),
        )


@dataclass(frozen=True, slots=True)
class Inked:
    """The image of a page that was read, and its marks."""

    gray: Gray
    dpi: float
    """Of the image."""
    marks: Marks
    """Of the size of letters and dashes."""

    @property
    def per_mm(self) -> float:
        """Pixels of the image to a millimetre of paper."""
        return self.dpi / _MM_PER_INCH

    @property
    def letters(self) -> Marks:
        """Marks as tall as letters are: no dashes, points or accents."""
        tall = (self.marks.y1 - self.marks.y0) / self.per_mm >= LEAST_LETTER_MM
        return self.marks.chosen(tall)


def inked(gray: Gray, dpi: float) -> Inked:
    """An image with its marks.

    Args:
        gray: straightened image that was read, ruled lines taken out.
        dpi: of that image.
    """
    scale = min(_LOOK_DPI / dpi, 1.0)
    small = gray
    if scale < 1.0:
        size = max(round(gray.shape[1] * scale), 1), max(round(gray.shape[0] * scale), 1)
        small = np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    around = round(_LOOK_DPI / _MM_PER_INCH * 6) | 1
    dark = cv2.subtract(cv2.blur(small, (around, around)), small) >= DARKER
    _, _, stats, _ = cv2.connectedComponentsWithStats(dark.astype(np.uint8), connectivity=8)
    x, y, width, height, area = (stats[1:, n].astype(np.int64) for n in range(5))
    per_mm = dpi * scale / _MM_PER_INCH
    tall, wide = height / per_mm, width / per_mm
    letter = (tall >= LEAST_LETTER_MM) & (tall <= _TALLEST_LETTER_MM) & (wide <= _WIDEST_MM)
    letter &= area >= 0.1 * width * height
    dash = (tall < LEAST_LETTER_MM) & (wide >= _DASH_MM[0]) & (wide <= _DASH_MM[1])
    dash &= (wide > tall) & (tall > 0.2)
    marks = Marks(x, y, x + width, y + height).chosen(letter | dash)
    whole = Marks(*((side / scale).astype(np.int64) for side in _sides(marks)))
    return Inked(gray, dpi, whole)


def _sides(marks: Marks) -> tuple[_Ints, _Ints, _Ints, _Ints]:
    return marks.x0, marks.y0, marks.x1, marks.y1


def under_words(marks: Marks, lines: Sequence[Line], per_mm: float) -> _Flags:
    """Marks whose middle lies in a word that was heard."""
    x, y = (marks.x0 + marks.x1) / 2, (marks.y0 + marks.y1) / 2
    under = np.zeros(len(x), dtype=np.bool_)
    for word in (w for line in lines for w in line.words if w.confidence >= UNHEARD):
        box, edge = word.box, 0.5 * per_mm
        under |= (
            (x >= box.x0 - edge)
            & (x <= box.x1 + edge)
            & (y >= box.y0 - edge)
            & (y <= box.y1 + edge)
        )
    return under
