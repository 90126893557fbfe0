"""Finds room for the stamp at the top left of a page, or makes it.

In this order: the whole stamp in the corner or near it; a smaller one, down to what can still be
read; the page's content drawn smaller about the middle of its lower edge, so that the least stamp
has a margin of its own (R-1333-12; decision 0057). Pure. May not come in: pixels' greys (`ink`),
PDF.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.models.base import Box
from pipeline.models.stamps import StampRoom, StampSize
from pipeline.stages.assembly.ink import Ink

_POINTS_PER_MM: Final = 72.0 / 25.4
_POINTS_PER_INCH: Final = 72.0
SHARES: Final = (1.0, 0.85, 0.7)
"""Of its wanted size that the stamp takes; the least has letters of some 5 pt."""
_GAP_MM: Final = 0.8
"""Between the stamp and any ink."""
_NEAREST: Final = 0.5
"""Of the wanted margin that the stamp keeps from the edges where the corner is short of room."""
_ZONE: Final = (1 / 3, 1 / 8)
"""Of width and height within which the stamp's own corner lies: what is still top left."""
_STEP: Final = 0.0025
"""Of the scale, from one try to the next."""
_ROUNDING: Final = 1e-6
"""Pixels: an edge that lies on one is not beyond it."""
_MOST_MARGIN: Final = 0.25
"""Of the page's height that is given to the stamp: on slips it is smaller than can be read."""


def part_needed(size: StampSize, page: tuple[float, float]) -> float:
    """Share of the page's height, from the top, on which room is sought.

    Args:
        size: wanted stamp.
        page: width and height, pt.
    """
    stamp = (size.height_mm + 2 * (size.margin_mm + _GAP_MM)) * _POINTS_PER_MM
    return min(1.0, max(_ZONE[1] + stamp / page[1], 2 * _MOST_MARGIN))


def find_room(
    ink: Ink, dpi: float, page: tuple[float, float], size: StampSize, taken: Sequence[Box] = ()
) -> StampRoom:
    """Where the stamp goes on a page as scanned, and how far its content must shrink for it.

    Args:
        ink: the upper part of the upright page at least (`part_needed`); row 0 is its upper edge.
        dpi: of that image.
        page: width and height of the page, pt.
        size: wanted stamp.
        taken: further boxes (points) to leave free, codes with their quiet zones.
    """
    sought = _Sought.of(ink, dpi, page, taken)
    stamps = tuple(_Stamp.of(size, page, share) for share in SHARES)
    found = next((box for stamp in stamps if (box := sought.free(stamp)) is not None), None)
    if found is not None:
        return _room(found, 1.0, sought, page)
    least = stamps[-1].within(_MOST_MARGIN * page[1])
    corner = least.at(least.nearest, least.nearest)
    scale = next(s for s in _scales(least, page) if sought.is_free(corner, least.gap, s))
    return _room(corner, scale, sought, page)


def find_right(
    ink: Ink, dpi: float, page: tuple[float, float], size: StampSize, taken: Sequence[Box] = ()
) -> Box | None:
    """The free place at the top right, of exactly this size, that is nearest to the corner.

    Nothing on the page moves for it; None: there is none. Arguments as of `find_room`.
    """

    def mirrored(box: Box) -> Box:
        return box.model_copy(update={"x0": page[0] - box.x1, "x1": page[0] - box.x0})

    sought = _Sought.of(ink[:, ::-1], dpi, page, [mirrored(box) for box in taken])
    found = sought.free(_Stamp.of(size, page, 1.0))
    return None if found is None else mirrored(_on_page(found, page))


@dataclass(frozen=True, slots=True)
class _Stamp:
    """A stamp of some size; all in points as viewed: from the left and upper edges."""

    width: float
    height: float
    margin: float
    nearest: float
    """Least margin."""
    gap: float

    @classmethod
    def of(cls, size: StampSize, page: tuple[float, float], share: float) -> _Stamp:
        """A share of the wanted stamp, never wider or higher than the page."""
        width, height, margin, gap = (
            mm * _POINTS_PER_MM for mm in (size.width_mm, size.height_mm, size.margin_mm, _GAP_MM)
        )
        margin = min(margin, page[0] / 20, page[1] / 20)
        gap = min(gap, page[0] / 40, page[1] / 40)
        fit = min(1.0, (page[0] - 2 * margin) / width, (page[1] - 2 * margin) / height)
        return cls(width * fit * share, height * fit * share, margin, margin * _NEAREST, gap)

    def within(self, height: float) -> _Stamp:
        """Itself, smaller where it would need more height with its margins."""
        fit = min(1.0, (height - self.nearest - self.gap) / self.height)
        return _Stamp(self.width * fit, self.height * fit, self.margin, self.nearest, self.gap)

    def at(self, x: float, y: float) -> Box:
        """The stamp with its upper left corner there."""
        return Box(x0=x, y0=y, x1=x + self.width, y1=y + self.height)


def _scales(least: _Stamp, page: tuple[float, float]) -> Iterator[float]:
    """From hardly smaller down to where all of the page lies below the stamp."""
    last = 1 - (least.nearest + least.height + least.gap) / page[1]
    for step in range(1, int((1 - last) / _STEP) + 1):
        yield 1 - step * _STEP
    yield last


@dataclass(frozen=True, slots=True)
class _Sought:
    """The page's ink, summed up so that any rectangle is counted at once."""

    sums: NDArray[np.int64]
    """Ink above and left of each corner between pixels."""
    per_pt: float
    page: tuple[float, float]

    @classmethod
    def of(cls, ink: Ink, dpi: float, page: tuple[float, float], taken: Sequence[Box]) -> _Sought:
        per_pt = dpi / _POINTS_PER_INCH
        marks = ink.astype(np.int64)
        for box in taken:
            top, bottom = (max(0, round((page[1] - y) * per_pt)) for y in (box.y1, box.y0))
            left, right = (max(0, round(x * per_pt)) for x in (box.x0, box.x1))
            marks[top : bottom + 1, left : right + 1] = 1
        return cls(np.pad(marks.cumsum(0).cumsum(1), ((1, 0), (1, 0))), per_pt, page)

    def count(self, box: Box, gap: float, scale: float) -> int:
        """Ink under a box of the archived page with a gap around it, the content being scaled."""
        middle, foot = self.page[0] / 2, self.page[1]
        x0, x1 = ((x - middle) / scale + middle for x in (box.x0 - gap, box.x1 + gap))
        y0, y1 = (foot - (foot - y) / scale for y in (box.y0 - gap, box.y1 + gap))
        rows, columns = self.sums.shape
        top, left = (max(0, int(np.floor(v * self.per_pt + _ROUNDING))) for v in (y0, x0))
        bottom = min(rows - 1, int(np.ceil(y1 * self.per_pt - _ROUNDING)))
        right = min(columns - 1, int(np.ceil(x1 * self.per_pt - _ROUNDING)))
        if bottom <= top or right <= left:
            return 0
        s = self.sums
        return int(s[bottom, right] - s[top, right] - s[bottom, left] + s[top, left])

    def is_free(self, box: Box, gap: float, scale: float) -> bool:
        """True where no ink would be."""
        return self.count(box, gap, scale) == 0

    def free(self, stamp: _Stamp) -> Box | None:
        """The free place nearest to the corner; None: there is none."""
        step = 1 / self.per_pt
        most_x = min(self.page[0] * _ZONE[0], self.page[0] - stamp.width - stamp.nearest)
        most_y = min(self.page[1] * _ZONE[1], self.page[1] - stamp.height - stamp.nearest)
        xs = np.append(np.arange(stamp.nearest, most_x, step), stamp.margin)
        ys = np.append(np.arange(stamp.nearest, most_y, step), stamp.margin)
        counts = self._counts(xs, ys, stamp)
        away = np.hypot(ys[:, None] - stamp.margin, xs[None, :] - stamp.margin)
        away[counts > 0] = np.inf
        y, x = np.unravel_index(int(np.argmin(away)), away.shape)
        return None if np.isinf(away[y, x]) else stamp.at(float(xs[x]), float(ys[y]))

    def _counts(
        self, xs: NDArray[np.float64], ys: NDArray[np.float64], stamp: _Stamp
    ) -> NDArray[np.int64]:
        """Ink under the stamp, and near it, at every place."""
        rows, columns = (side - 1 for side in self.sums.shape)

        def edges(
            starts: NDArray[np.float64], length: float, most: int
        ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
            low = np.floor((starts - stamp.gap) * self.per_pt).astype(np.int64)
            high = np.ceil((starts + length + stamp.gap) * self.per_pt).astype(np.int64)
            return np.clip(low, 0, most), np.clip(high, 0, most)

        top, bottom = edges(ys, stamp.height, rows)
        left, right = edges(xs, stamp.width, columns)
        s = self.sums
        return np.asarray(
            s[np.ix_(bottom, right)]
            - s[np.ix_(top, right)]
            - s[np.ix_(bottom, left)]
            + s[np.ix_(top, left)]
        )


def _room(viewed: Box, scale: float, sought: _Sought, page: tuple[float, float]) -> StampRoom:
    return StampRoom(
        box=_on_page(viewed, page),
        scale=scale,
        ink_pixels=sought.count(viewed, 0.0, scale),
        dpi=round(sought.per_pt * _POINTS_PER_INCH, 2),
    )


def _on_page(viewed: Box, page: tuple[float, float]) -> Box:
    """Page points of a box that is given from the upper edge."""
    return Box(x0=viewed.x0, y0=page[1] - viewed.y1, x1=viewed.x1, y1=page[1] - viewed.y0)
