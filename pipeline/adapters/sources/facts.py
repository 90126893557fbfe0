"""What the header of one image says, and the bounds every page must keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pipeline.errors import UnsafeInput
from pipeline.models.pages import Turn

TURNS: Final[dict[int, Turn]] = {3: 180, 6: 90, 8: 270}
"""Clockwise turn by the orientation of TIFF 6.0 and EXIF 2.3."""
MIRRORED: Final = (2, 4, 5, 7)
"""Orientations of mirror images."""

_A4_LONG_INCHES: Final = 11.69
_COMMON_DPI: Final = (100, 150, 200, 240, 300, 400, 600)
_SNAP: Final = 0.12
_LOWEST_DPI: Final = 50.0
_HIGHEST_DPI: Final = 2400.0
_LONGEST_INCHES: Final = 50.0
"""An A0 sheet is 46.8 inches long."""
_SQUARE: Final = 0.05
"""Horizontal and vertical resolution may differ by this share and still count as equal."""
_MOST_UNEVEN: Final = 4.0
"""The most uneven fax resolution, 204 x 98, has half of it."""
_COLOUR_CHANNELS: Final = (1, 3)
_SCREEN_DPI: Final = 100.0
_SCREEN_LONGEST_INCHES: Final = 17.0
"""Software that knows no resolution writes 72 or 96: believed only for what fits on A3."""


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """The header of one image, before anything is decoded."""

    width_px: int
    height_px: int
    channels: int
    """Colour channels without alpha: 1 grey, 3 colour, 4 CMYK."""
    dpi: tuple[float, float] = (0.0, 0.0)
    """Horizontal and vertical; 0 where it is not said."""
    turn: Turn = 0
    """Clockwise turn the container asks for."""
    mirrored: bool = False
    """The container asks for a mirror image, with or without a turn."""
    alpha: bool = False
    more: bool = False
    """Further images follow."""

    @property
    def travels(self) -> bool:
        """True where a page may show the stored samples as they are, turned at most."""
        square = is_square(self.dpi)
        return self.channels in _COLOUR_CHANNELS and square and not (self.alpha or self.mirrored)


def bound_pixels(width: int, height: int, limit: int) -> None:
    """Refuse a page before it is decoded.

    Raises:
        UnsafeInput: `PAGE_TOO_LARGE`.
    """
    if width * height > limit:
        raise UnsafeInput("PAGE_TOO_LARGE", pixels=width * height, limit=limit)


def is_square(dpi: tuple[float, float]) -> bool:
    """True where both resolutions are the same but for rounding, or one is not said.

    Also where they are so far apart that one of them must be wrong.
    """
    low, high = min(dpi), max(dpi)
    return low <= 0 or high - low <= _SQUARE * high or high > _MOST_UNEVEN * low


def settled_dpi(said: float, width: int, height: int) -> float:
    """The resolution said where it is credible, else as if the page were A4; never 0.

    Args:
        said: pixels per inch; 0 where unknown.
        width: pixels.
        height: pixels.
    """
    longest = max(width, height)
    if _LOWEST_DPI <= said <= _HIGHEST_DPI:
        inches = longest / said
        screen = said <= _SCREEN_DPI and inches > _SCREEN_LONGEST_INCHES
        if inches <= _LONGEST_INCHES and not screen:
            return said
    guess = longest / _A4_LONG_INCHES
    for common in _COMMON_DPI:
        if abs(guess - common) <= _SNAP * common:
            return float(common)
    return min(max(guess, _LOWEST_DPI), _HIGHEST_DPI)
