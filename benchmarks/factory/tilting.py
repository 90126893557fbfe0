"""Where things of the upright paper stand once the paper lies askew on the glass.

May not come in: pixels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.models.base import Box


@dataclass(frozen=True, slots=True)
class Tilt:
    """A turn of the paper by a few degrees about its middle, and the scanner's resolution."""

    deg: float
    """Clockwise."""
    width: int
    """Of the scanned page, px."""
    height: int
    scale: float = 1.0
    """Pixels of the scan for each pixel of the drawing."""

    def matrix(self) -> np.ndarray:
        """2x3, from the straight page to the tilted one, pixels of the scan."""
        return cv2.getRotationMatrix2D((self.width / 2, self.height / 2), -self.deg, 1.0)

    def onto_scan(self, box: Box) -> Box:
        """The rectangle around what stood in a box of the drawing; tenths of a pixel."""
        x, y = self._turned(
            (box.x0 + box.x1) / 2 * self.scale, (box.y0 + box.y1) / 2 * self.scale, self.deg
        )
        sin, cos = self._sin_cos()
        wide, high = box.width * self.scale, box.height * self.scale
        return _around(x, y, wide * cos + high * sin, wide * sin + high * cos)

    def onto_paper(self, box: Box) -> Box:
        """The box of the straight page, pixels of the scan, that `onto_scan` put here."""
        x, y = self._turned((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2, -self.deg)
        sin, cos = self._sin_cos()
        share = cos * cos - sin * sin
        wide = (box.width * cos - box.height * sin) / share
        high = (box.height * cos - box.width * sin) / share
        return _around(x, y, max(wide, 0.0), max(high, 0.0))

    def _turned(self, x: float, y: float, deg: float) -> tuple[float, float]:
        angle = math.radians(deg)
        right, down = x - self.width / 2, y - self.height / 2
        return (
            self.width / 2 + right * math.cos(angle) - down * math.sin(angle),
            self.height / 2 + right * math.sin(angle) + down * math.cos(angle),
        )

    def _sin_cos(self) -> tuple[float, float]:
        angle = abs(math.radians(self.deg))
        return math.sin(angle), math.cos(angle)


def _around(x: float, y: float, wide: float, high: float) -> Box:
    return Box(
        x0=round(x - wide / 2, 1),
        y0=round(y - high / 2, 1),
        x1=round(x + wide / 2, 1),
        y1=round(y + high / 2, 1),
    )
