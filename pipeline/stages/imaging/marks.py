"""Paper brought to white, and the connected marks on it.

May not come in: what the marks mean for the page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.models.pages import Turn
from pipeline.ports.reading import Gray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

_MM_PER_INCH: Final = 25.4
_WORK_DPI: Final = 120.0
FAINT: Final = 55
"""Darkness below paper (0 to 255) from which a pixel is looked at; bleed-through is fainter."""
INK: Final = 90
"""Darkness from which a pixel is ink."""
_RING: Final = 0.45
"""A hole in the paper of which only the rim is dark fills no more of its box."""
_GRAIN_MM: Final = 1.3
_FRINGE_MM: Final = 12.0
_CLUMP_MM: Final = 4.0
_CLUMPS_WITHIN_MM: Final = 2.0
_UNEVEN: Final = 1.3
_DEEPEST_MM: Final = 25.0
"""A fading border: grain lies up to `_FRINGE_MM` beside it, clumps of it at its very edge."""
_STREAK_MM: Final = 1.2
_STREAK_PIECES: Final = 12
_CELLS: Final = 20
_STREAK_CELLS: Final = 12
"""Of the page's twentieths, how many a broken streak touches."""


@dataclass(frozen=True, slots=True)
class Marks:
    """Connected marks of a page; lengths in millimetres, one entry per mark."""

    left: Floats
    top: Floats
    width: Floats
    height: Floats
    area: Floats
    peak: Floats
    """Greatest darkness below paper, 0 to 255."""
    crispness: Floats
    """Steepest step in the mark as a share of its peak."""
    page_width: float
    page_height: float

    @property
    def right_gap(self) -> Floats:
        """To the right edge of the image."""
        return self.page_width - self.left - self.width

    @property
    def bottom_gap(self) -> Floats:
        """To the bottom edge of the image."""
        return self.page_height - self.top - self.height


@dataclass(frozen=True, slots=True)
class Points:
    """Pixels of letters, in pixels of the small image."""

    x: Ints
    y: Ints
    width: int
    height: int
    per_mm: float

    def turned(self, turn: Turn) -> Points:
        """After a clockwise turn of the image."""
        x, y, w, h = self.x, self.y, self.width, self.height
        if turn == 90:
            return Points(h - 1 - y, x, h, w, self.per_mm)
        if turn == 180:
            return Points(w - 1 - x, h - 1 - y, w, h, self.per_mm)
        if turn == 270:
            return Points(y, w - 1 - x, h, w, self.per_mm)
        return self


@dataclass(frozen=True, slots=True)
class Inked:
    """Pixels darker than paper."""

    place: Ints
    """Index into the flat image."""
    owner: Ints
    """Index of the mark each belongs to."""
    is_ink: Flags
    width: int
    height: int

    def of(self, marks: Flags, per_mm: float, *, faint: bool = False) -> Points:
        """Ink of the chosen marks.

        Args:
            marks: which.
            per_mm: pixels per millimetre.
            faint: with the pixels that are too pale for ink.
        """
        chosen = self.place[marks[self.owner] & (self.is_ink | faint)]
        return Points(chosen % self.width, chosen // self.width, self.width, self.height, per_mm)


def small_image(gray: Gray, dpi: float) -> tuple[Gray, float]:
    """The image at working resolution, and its pixels per millimetre."""
    scale = _WORK_DPI / dpi
    if scale > 0.8:
        return gray, dpi / _MM_PER_INCH
    size = (max(1, round(gray.shape[1] * scale)), max(1, round(gray.shape[0] * scale)))
    resized = cv2.resize(gray, size, interpolation=cv2.INTER_AREA)
    return np.asarray(resized, dtype=np.uint8), _WORK_DPI / _MM_PER_INCH


def darkness_of(small: Gray) -> Gray:
    """How much darker than its paper each pixel is, as a share of the paper, times 255.

    The paper is the brightest of a neighbourhood wider than strokes, smoothed: tint and shading
    vanish; a floor keeps large dark areas dark.
    """
    height, width = small.shape
    tiny = cv2.resize(
        small, (max(1, width // 4), max(1, height // 4)), interpolation=cv2.INTER_AREA
    )
    paper = cv2.medianBlur(cv2.dilate(tiny, np.ones((7, 7), np.uint8)), 9)
    floor = 0.6 * float(np.percentile(tiny, 80))
    whole = cv2.resize(np.maximum(paper, max(floor, 1.0)).astype(np.float32), (width, height))
    share = 255.0 - 255.0 * small.astype(np.float32) / whole
    return np.asarray(np.clip(share, 0, 255), dtype=np.uint8)


def find_marks(darkness: Gray, per_mm: float) -> tuple[Inked, Marks]:
    """Everything darker than paper, as pixels and as connected marks."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        (darkness >= FAINT).astype(np.uint8), connectivity=8
    )
    flat = np.flatnonzero(labels)
    owner: Ints = labels.ravel()[flat].astype(np.int64) - 1
    values = darkness.ravel()[flat]
    steps = cv2.morphologyEx(darkness, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    peak, step = np.zeros(count - 1, np.uint8), np.zeros(count - 1, np.uint8)
    np.maximum.at(peak, owner, values)
    np.maximum.at(step, owner, steps.ravel()[flat])
    lengths = stats[1:].astype(np.float64) / per_mm
    marks = Marks(
        left=lengths[:, cv2.CC_STAT_LEFT],
        top=lengths[:, cv2.CC_STAT_TOP],
        width=lengths[:, cv2.CC_STAT_WIDTH],
        height=lengths[:, cv2.CC_STAT_HEIGHT],
        area=lengths[:, cv2.CC_STAT_AREA] / per_mm,
        peak=peak.astype(np.float64),
        crispness=step / np.maximum(peak.astype(np.float64), 1.0),
        page_width=darkness.shape[1] / per_mm,
        page_height=darkness.shape[0] / per_mm,
    )
    height, width = darkness.shape
    return Inked(flat, owner, values >= INK, width, height), marks


def noise_of(marks: Marks) -> Flags:
    """Marks of the scanner and the binder: borders, streaks, punch holes, staples."""
    m = marks
    gap_x, gap_y = np.minimum(m.left, m.right_gap), np.minimum(m.top, m.bottom_gap)
    gap = np.minimum(gap_x, gap_y)
    reach_x = np.minimum(m.left, m.right_gap) + m.width
    reach_y = np.minimum(m.top, m.bottom_gap) + m.height
    wide, high = m.width > 0.25 * m.page_width, m.height > 0.25 * m.page_height
    border = (gap < 1.0) & ((np.minimum(reach_x, reach_y) < 4.0) | wide | high)
    along_y = (m.height > 0.5 * m.page_height) & (m.width < 1.2)
    along_x = (m.width > 0.5 * m.page_width) & (m.height < 1.2)
    longest, shortest = np.maximum(m.width, m.height), np.minimum(m.width, m.height)
    filled = m.area / np.maximum(m.width * m.height, 1e-9)
    hole = (shortest > 3.5) & (longest < 9.0) & (longest < 1.3 * shortest) & (gap < 20.0)
    hole &= ((filled > 0.65) & (filled < 0.92)) | (filled < _RING)
    staple = (shortest < 1.5) & (longest > 6.0) & (longest < 16.0) & (gap_x < 25) & (gap_y < 25)
    broken = _broken_streaks(m.left, m.width, m.top, m.height, m.page_height)
    broken |= _broken_streaks(m.top, m.height, m.left, m.width, m.page_width)
    return np.asarray(border | along_x | along_y | hole | staple | broken, dtype=np.bool_)


def fringe_of(marks: Marks, noise: Flags) -> Flags:
    """Grain where a dark border fades into the paper: small marks beside a mark on the edge."""
    m = marks
    size = np.maximum(m.width, m.height)
    found = np.zeros_like(noise)
    for gap, depth, along, page in (
        (m.left, m.width, m.height, m.page_height),
        (m.right_gap, m.width, m.height, m.page_height),
        (m.top, m.height, m.width, m.page_width),
        (m.bottom_gap, m.height, m.width, m.page_width),
    ):
        border = noise & (gap < 1.0) & (along > 0.25 * page)
        if border.any():
            mean = _UNEVEN * m.area[border] / along[border]  # a border round a corner is no bar
            deep = min(float(np.minimum(depth[border], mean).max()), _DEEPEST_MM)
            found |= (size < _GRAIN_MM) & (gap < deep + _FRINGE_MM)
            found |= (size < _CLUMP_MM) & (gap < deep + _CLUMPS_WITHIN_MM)
    return found


def _broken_streaks(
    across: Floats, thickness: Floats, along: Floats, length: Floats, page: float
) -> Flags:
    """Pieces of thin lines that run over most of the page: dirty glass, folds, in bilevel."""
    found = np.zeros(len(across), dtype=np.bool_)
    thin = thickness < _STREAK_MM
    if not thin.any():
        return found
    for shift in (0.0, 0.5):
        lane = np.floor((across + thickness / 2) / _STREAK_MM + shift).astype(np.int64)
        found |= _crowded(lane, thin, (along + length / 2) / page)
    return found


def _crowded(lane: Ints, thin: Flags, place: Floats) -> Flags:
    """Marks in lanes that hold thin ones from end to end of the page."""
    found = np.zeros(len(lane), dtype=np.bool_)
    order = np.argsort(lane[thin], kind="stable")
    places = np.flatnonzero(thin)[order]
    for group in np.split(places, np.flatnonzero(np.diff(lane[places])) + 1):
        if len(group) >= _STREAK_PIECES:
            cells = np.unique((place[group] * _CELLS).astype(np.int64))
            found[group] = len(cells) >= _STREAK_CELLS
    return found


def letters_of(marks: Marks, noise: Flags) -> Flags:
    """Marks of the size of letters, diacritics and joined words."""
    fits = (marks.height < 9.0) & (marks.width < 30.0) & (marks.area > 0.08)
    return np.asarray(fits & ~noise, dtype=np.bool_)
