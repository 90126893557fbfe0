"""Ruled lines taken out of the image that is read: engines see letters in them.

Frames of tables, underlines and edges of boxes turn into bars, dashes and dots between the
words, and swallow what touches them. Only the image that is read is changed. They also tell where
cells are. May not come in: what a table says, an engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.models.base import Box
from pipeline.ports.reading import Gray

_Mask: TypeAlias = NDArray[np.uint8]

_MM_PER_INCH: Final = 25.4
_LONG_MM: Final = 9.0
"""Longer than any stroke of a letter in running text and titles."""
_THICK_MM: Final = 0.9
"""Broader bars are no ruling."""
_DARKER: Final = 30
"""Grey levels below the paper around, from which a pixel may belong to a line."""
_STEP: Final = 4
"""Lines are sought in an image this much shorter along them."""
_SOLID: Final = 0.7
"""Share of dark pixels in a step of a line."""
_MOST_CELLS: Final = 2000
_FILLED: Final = 0.85
"""Of the rectangle around a cell."""
_LEAST_CELL_MM: Final = (4.0, 3.0)
_TALLEST_CELL_MM: Final = 60.0
"""What is closed in and taller is a frame around a page."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """The ruled lines of an image."""

    upright: _Mask
    """255 on their pixels, the image's shape."""
    level: _Mask
    dpi: float
    """Of the image."""

    @property
    def any(self) -> bool:
        """False where there is no line."""
        return bool(self.upright.any() or self.level.any())


def find_ruling(gray: Gray, dpi: float) -> Ruling:
    """Long thin lines, level and upright.

    Args:
        gray: straightened image for reading.
        dpi: of that image.
    """
    per_mm = dpi / _MM_PER_INCH
    dark = _darker_than_around(gray, _thick(dpi))
    upright = _lines(dark, per_mm, _thick(dpi))
    level = np.ascontiguousarray(_lines(np.ascontiguousarray(dark.T), per_mm, _thick(dpi)).T)
    return Ruling(upright, level, dpi)


def without_ruling(gray: Gray, ruling: Ruling) -> Gray:
    """The image with its ruled lines painted over with what is beside them.

    Returns:
        A new image, or the same where it has no such line.
    """
    if not ruling.any:
        return gray
    thick, clean = _thick(ruling.dpi), gray.copy()
    for mask, kernel in ((ruling.upright, (2 * thick + 1, 1)), (ruling.level, (1, 2 * thick + 1))):
        if mask.any():
            beside = cv2.morphologyEx(clean, cv2.MORPH_CLOSE, np.ones(kernel[::-1], np.uint8))
            clean = np.where(mask > 0, beside, clean).astype(np.uint8)
    return clean


def ruled_cells(ruling: Ruling) -> tuple[Box, ...]:
    """Cells that lines close in on every side, px, from the top; none where there are too many."""
    if not (ruling.upright.any() and ruling.level.any()):
        return ()
    per_mm = ruling.dpi / _MM_PER_INCH
    lines = cv2.max(ruling.upright, ruling.level)
    rows, columns = (max(side // _STEP, 1) for side in lines.shape)
    small = cv2.resize(lines, (columns, rows), interpolation=cv2.INTER_AREA) > 0
    paper = np.asarray(~small, dtype=np.uint8)
    found, _, stats, _ = cv2.connectedComponentsWithStats(paper, connectivity=4)
    if found > _MOST_CELLS:
        return ()
    cells = [
        Box(x0=x * _STEP, y0=y * _STEP, x1=(x + w) * _STEP, y1=(y + h) * _STEP)
        for x, y, w, h, area in stats[1:, :5].tolist()
        if area >= _FILLED * w * h and x and y and x + w < columns and y + h < rows
    ]
    least_x, least_y = (side * per_mm for side in _LEAST_CELL_MM)
    most = _TALLEST_CELL_MM * per_mm
    sized = [c for c in cells if c.width >= least_x and least_y <= c.height <= most]
    return tuple(sorted(sized, key=lambda cell: (cell.y0, cell.x0)))


def _thick(dpi: float) -> int:
    return max(round(_THICK_MM * dpi / _MM_PER_INCH), 3) | 1


def _darker_than_around(gray: Gray, thick: int) -> _Mask:
    paper = cv2.blur(gray, (8 * thick + 1, 8 * thick + 1))
    return np.asarray(cv2.subtract(paper, gray) >= _DARKER, dtype=np.uint8) * np.uint8(255)


def _lines(dark: _Mask, per_mm: float, thick: int) -> _Mask:
    """Pixels of upright lines: long and thin runs, a pixel wider on each side."""
    height, width = dark.shape
    rows = max(height // _STEP, 1)
    short = cv2.resize(dark, (width, rows), interpolation=cv2.INTER_AREA)
    solid = np.asarray(short >= 255 * _SOLID, dtype=np.uint8)
    length = max(round(_LONG_MM * per_mm / _STEP), 3) | 1  # an even kernel moves what it opens
    runs = cv2.morphologyEx(solid, cv2.MORPH_OPEN, np.ones((length, 1), np.uint8))
    broad = cv2.morphologyEx(runs, cv2.MORPH_OPEN, np.ones((1, thick), np.uint8))
    runs = cv2.subtract(runs, broad)
    if not runs.any():
        return np.zeros_like(dark)
    wider = cv2.dilate(runs, np.ones((3, 3), np.uint8))
    return np.asarray(
        cv2.resize(wider, (width, height), interpolation=cv2.INTER_NEAREST), dtype=np.uint8
    )
