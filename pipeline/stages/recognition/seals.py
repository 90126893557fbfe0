"""Round red seals taken out of the image that is read: signers' names and titles lie under them.

Red light does not see red ink: within a seal the red channel shows the print alone. Red print
elsewhere (titles, stamps of a copy) stays. Only the image that is read is changed. May not come
in: what a seal says, an engine.
"""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np

from pipeline.models.base import Box
from pipeline.ports.reading import Colour, Gray

_MM_PER_INCH: Final = 25.4
_SIZE_MM: Final = (18.0, 62.0)
"""Seals of offices measure 32 to 42 mm; some are stamped over the edge, some on each other."""
_LONGEST: Final = 1.6
"""Width over height, or the reverse: stamps with a line of text are longer."""
_REDDER: Final = 30
"""Levels by which red exceeds green and blue."""
_JOIN_MM: Final = 2.0
"""Gaps in a worn seal that do not part it."""
_LEAST_RED: Final = 0.04
"""Share of the box that is red."""


def find_seals(colour: Colour, dpi: float) -> tuple[Box, ...]:
    """Where round red seals stand, in pixels of the image given.

    Args:
        colour: the page, reduced; 75 dpi are enough.
        dpi: of that image.
    """
    red = _redness(colour) >= _REDDER
    if not red.any():
        return ()
    per_mm = dpi / _MM_PER_INCH
    reach = max(round(_JOIN_MM * per_mm), 1) | 1
    joined = cv2.dilate(red.astype(np.uint8), np.ones((reach, reach), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    found = []
    for label in range(1, count):
        x, y, width, height = (int(value) for value in stats[label][:4])
        sides = (width / per_mm, height / per_mm)
        inside = labels[y : y + height, x : x + width] == label
        share = float(np.mean(red[y : y + height, x : x + width] & inside))
        round_enough = max(sides) <= _LONGEST * min(sides)
        sized = _SIZE_MM[0] <= min(sides) and max(sides) <= _SIZE_MM[1]
        if sized and round_enough and share >= _LEAST_RED:
            found.append(Box(x0=x, y0=y, x1=x + width, y1=y + height))
    return tuple(found)


def without_seals(gray: Gray, colour: Colour, seals: tuple[Box, ...], scale: float) -> Gray:
    """The image with the red ink of seals replaced by what red light sees there.

    Args:
        gray: the page.
        colour: the same pixels in colour.
        seals: as found.
        scale: pixels of these images to one of the image in which the seals were found.
    """
    clean = gray.copy()
    for seal in seals:
        part = (
            slice(int(seal.y0 * scale), math.ceil(seal.y1 * scale)),
            slice(int(seal.x0 * scale), math.ceil(seal.x1 * scale)),
        )
        seen = np.maximum(colour[part][..., 2], clean[part])
        clean[part] = np.where(_redness(colour[part]) >= _REDDER, seen, clean[part])
    return clean


def _redness(colour: Colour) -> Gray:
    """How much red exceeds the stronger of green and blue, 0 where it does not."""
    blue, green, red = cv2.split(colour)
    return np.asarray(cv2.subtract(red, cv2.max(green, blue)), dtype=np.uint8)
