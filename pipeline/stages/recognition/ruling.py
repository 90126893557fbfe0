"""Ruled lines taken out of the image that is read: engines see letters in them.

Frames of tables, underlines and edges of boxes turn into bars, dashes and dots between the
words, and swallow what touches them. Only the image that is read is changed. May not come in: what
a table says, an engine.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

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


def without_ruling(gray: Gray, dpi: float) -> Gray:
    """The image with its long thin lines, level and upright, painted over with what is beside them.

    Args:
        gray: straightened image for reading.
        dpi: of that image.

    Returns:
        A new image, or the same where it has no such line.
    """
    per_mm = dpi / _MM_PER_INCH
    thick = max(round(_THICK_MM * per_mm), 3) | 1
    dark = _darker_than_around(gray, thick)
    upright = _lines(dark, per_mm, thick)
    level = np.ascontiguousarray(_lines(np.ascontiguousarray(dark.T), per_mm, thick).T)
    if not upright.any() and not level.any():
        return gray
    clean = gray.copy()
    for mask, kernel in ((upright, (2 * thick + 1, 1)), (level, (1, 2 * thick + 1))):
        if mask.any():
            beside = cv2.morphologyEx(clean, cv2.MORPH_CLOSE, np.ones(kernel[::-1], np.uint8))
            clean = np.where(mask > 0, beside, clean).astype(np.uint8)
    return clean


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
