"""Round seals found by their rings where no colour tells them, and taken out of what is read.

In a grey scan red ink is lighter than print: what is not as dark as print is lifted. Where the two
cannot be told apart, as in black and white, the rings alone are lifted, and what crosses them
stays. Only the image that is read is changed. May not come in: colour (`seals`), an engine.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.models.base import Box
from pipeline.models.text import PageText, Word
from pipeline.ports.reading import Gray

_Floats: TypeAlias = NDArray[np.float32]
_Mask: TypeAlias = NDArray[np.bool_]

_MM_PER_INCH: Final = 25.4
_SEARCH_DPI: Final = 75.0
_SMOOTH: Final = 1.0
"""Standard deviation, px: noise has edges, too, and many of them cost time."""
_RADIUS_MM: Final = (9.0, 31.0)
"""Half of what `seals` takes for a seal."""
_EDGE: Final = 150.0
"""Slope from which an edge counts, in units of the detector's Scharr filter."""
_PERFECT: Final = 0.6
"""How round a circle must be for the detector, 1 at most; whether it is a ring is asked apart."""
_SAME_MM: Final = 3.0
"""Circles whose centres lie as near as that are rings of one seal."""
_BAND: Final = (0.93, 1.09)
"""Of the radius found: where the outer ring's ink lies. The detector may take the second ring."""
_RIM: Final = _BAND[1]
_ANGLES: Final = 360
_WHOLE: Final = 0.9
"""Share of the circle that must be inked; circles seen in tables and text reach 0.88."""
_INKED: Final = 40.0
"""Levels below the paper."""

_AROUND: Final = 2.5
"""Radii around a seal in which print tells how dark print is."""
_DARK_PRINT: Final = 20.0
"""Percentile of the print's pixels that is its level: hairlines and edges are lighter."""
_PRINTED: Final = 0.4
"""Print is at least this share of the way from paper to the darkest."""
_DARK_INK: Final = 25.0
"""Percentile of the ring's levels: print crosses it in some places."""
_APART: Final = 25.0
"""Levels between print and seal from which they can be told apart."""
_STROKE_MM: Final = 0.2
"""Around dark print, its own lighter edges."""
_DOUBTFUL: Final = 0.6
"""Confidence of words in traces of a seal, as of rows beside ink (`missed`)."""

_DISC: Final = 1.1
"""Radii that hold all rings of a seal."""
_FIT_MM: Final = 1.2
"""Inwards and outwards of the radius found: where the ring's ink lies when its centre is sought."""
_FIT_ROUNDS: Final = 6
_LEAST_FIT: Final = 12
"""Directions in which ink must be found, of 720; fewer say nothing about the centre."""
_OFF: Final = 2.0
"""Times the median distance from the fitted ring: further away it is print that crosses."""
_CLOSED: Final = 0.6
"""Share of a circle around the centre that is inked where it is a ring."""
_BROADEST_MM: Final = 1.2
"""Of a ring."""
_INNERMOST_MM: Final = 2.0
_BESIDE_MM: Final = 0.38
"""Beyond a ring's edge: ink there belongs to what crosses the ring."""
_EDGE_MM: Final = 0.12
"""Ink of a ring beyond where most of it ends."""


@dataclass(frozen=True, slots=True)
class Ring:
    """The outermost ring found of a seal, in pixels of the image that was searched."""

    x: float
    y: float
    radius: float

    def scaled(self, factor: float) -> Ring:
        """The same in an image so many times as large."""
        return Ring(self.x * factor, self.y * factor, self.radius * factor)

    def turned(self, height: float) -> Ring:
        """The same on the page turned clockwise by a quarter.

        Args:
            height: of the page before.
        """
        return Ring(height - self.y, self.x, self.radius)

    def meets(self, box: Box) -> bool:
        """Whether something in a box stands in the seal."""
        x, y = min(max(self.x, box.x0), box.x1), min(max(self.y, box.y0), box.y1)
        return math.hypot(x - self.x, y - self.y) <= self.radius * _RIM


def without_rings(gray: Gray, dpi: float) -> tuple[Gray, tuple[Ring, ...]]:
    """The image without the seals that their rings give away.

    Args:
        gray: the page.
        dpi: of that image.

    Returns:
        A new image, or the same where there is no such seal; and the seals whose ink could not be
        told from print: what stands there keeps traces of them.
    """
    clean = gray
    traces = []
    for ring in find_rings(gray, dpi):
        clean, told = _lifted(clean, ring, dpi)
        if not told:
            traces.append(ring)
    return clean, tuple(traces)


def held_back(text: PageText, seals: Sequence[Ring]) -> PageText:
    """The text, with words that stand in traces of seals held below any certainty.

    Args:
        text: as read.
        seals: in pixels of the upright page.
    """
    if not seals:
        return text
    lines = tuple(
        line.model_copy(update={"words": tuple(_held(word, seals) for word in line.words)})
        for line in text.lines
    )
    return text.model_copy(update={"lines": lines})


def _held(word: Word, seals: Sequence[Ring]) -> Word:
    if word.confidence <= _DOUBTFUL or not any(seal.meets(word.box) for seal in seals):
        return word
    return word.model_copy(update={"confidence": _DOUBTFUL})


def find_rings(gray: Gray, dpi: float) -> tuple[Ring, ...]:
    """Where rings of the size of a seal stand, one for each seal.

    Args:
        gray: the page.
        dpi: of that image.
    """
    if min(gray.shape) < 2 * _RADIUS_MM[0] * dpi / _MM_PER_INCH:
        return ()
    scale = min(_SEARCH_DPI / dpi, 1.0)
    small = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), _SMOOTH)
    per_mm = dpi * scale / _MM_PER_INCH
    circles = cv2.HoughCircles(
        small,
        cv2.HOUGH_GRADIENT_ALT,
        dp=2.0,
        minDist=max(_SAME_MM * per_mm, 1.0),
        param1=_EDGE,
        param2=_PERFECT,
        minRadius=round(_RADIUS_MM[0] * per_mm),
        maxRadius=round(_RADIUS_MM[1] * per_mm),
    )
    if circles is None:
        return ()
    found: list[Ring] = []
    apart = _SAME_MM * dpi / _MM_PER_INCH
    for x, y, radius in sorted(circles[0][:, :3].tolist(), key=lambda circle: -circle[2]):
        ring = Ring(x / scale, y / scale, radius / scale)
        known = any(math.hypot(ring.x - r.x, ring.y - r.y) < apart for r in found)
        if not known and _is_whole(gray, ring):
            found.append(ring)
    return tuple(found)


def _is_whole(gray: Gray, ring: Ring) -> bool:
    levels = _levels(gray, ring)
    paper = float(np.percentile(levels, 75))
    return float(np.mean(levels.min(axis=1) < paper - _INKED)) >= _WHOLE


def _levels(gray: Gray, ring: Ring) -> _Floats:
    """Grey levels along the rim: angles in rows, outwards in columns."""
    angle = np.arange(_ANGLES) * (2 * math.pi / _ANGLES)
    outwards = np.arange(ring.radius * _BAND[0], ring.radius * _BAND[1], 0.5)
    return _along(gray, ring, angle, outwards)


def _along(
    gray: Gray, ring: Ring, angle: NDArray[np.floating], outwards: NDArray[np.number]
) -> _Floats:
    """Grey levels by angle (rows) and distance from a centre (columns); white beyond the page."""
    x = ring.x + np.cos(angle)[:, None] * outwards
    y = ring.y + np.sin(angle)[:, None] * outwards
    seen = cv2.remap(
        gray,
        x.astype(np.float32),
        y.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(255,),
    )
    return np.asarray(seen, dtype=np.float32)


def _lifted(gray: Gray, ring: Ring, dpi: float) -> tuple[Gray, bool]:
    """The image without one seal, and whether its ink could be told from print."""
    paper = float(np.percentile(gray[_square(gray, ring, _RIM)], 70))
    inked = _levels(gray, ring).min(axis=1)
    ink = float(np.percentile(inked, _DARK_INK))
    printed = _level_of_print(gray, ring, paper)
    if printed is not None and ink - printed >= _APART:
        return _without_light_ink(gray, ring, dpi, (ink + printed) / 2, paper), True
    fitted = _fitted(gray, ring, dpi)
    return _without_circles(gray, fitted, dpi, float(np.median(inked)), paper), False


def _without_light_ink(gray: Gray, ring: Ring, dpi: float, lightest: float, paper: float) -> Gray:
    """What is lighter than print, made paper within a seal."""
    rows, columns = place = _square(gray, ring, _RIM)
    part = gray[place]
    y, x = np.ogrid[rows, columns]
    within = np.hypot(x - ring.x, y - ring.y) <= ring.radius * _RIM
    core = np.asarray(part < lightest, dtype=np.uint8)
    reach = max(round(_STROKE_MM * dpi / _MM_PER_INCH), 1)
    shape = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    stroke = cv2.dilate(core, shape) > 0
    clean = gray.copy()
    clean[place] = np.where(within & ~stroke, np.maximum(part, np.uint8(paper)), part)
    return clean


def _without_circles(gray: Gray, ring: Ring, dpi: float, ink: float, paper: float) -> Gray:
    """A seal's rings, made paper where nothing crosses them."""
    around = round(2 * math.pi * ring.radius)
    angle = np.arange(around) * (2 * math.pi / around)
    outwards = np.arange(math.ceil(ring.radius * _DISC) + 1)
    dark = (paper + ink) / 2 > _along(gray, ring, angle, outwards).T
    free = _free_of_crossings(dark, dpi / _MM_PER_INCH)
    rows, columns = place = _square(gray, ring, _DISC)
    y, x = np.mgrid[rows, columns]
    away = np.rint(np.hypot(x - ring.x, y - ring.y)).astype(np.intp)
    turned = np.rint(np.arctan2(y - ring.y, x - ring.x) * (around / (2 * math.pi)))
    inside = away < len(outwards)
    lifted = inside & free[np.where(inside, away, 0), turned.astype(np.intp) % around]
    clean = gray.copy()
    clean[place] = np.where(lifted, np.maximum(gray[place], np.uint8(paper)), gray[place])
    return clean


def _free_of_crossings(dark: _Mask, per_mm: float) -> _Mask:
    """Where rings lie with nothing across, distance from the centre in rows, angle in columns."""
    height = len(dark)
    closed = np.flatnonzero(np.diff(np.pad(dark.mean(axis=1) >= _CLOSED, 1)))
    beside, edge = (max(round(mm * per_mm), 1) for mm in (_BESIDE_MM, _EDGE_MM))
    free = np.zeros_like(dark)
    for first, end in zip(closed[::2].tolist(), closed[1::2].tolist(), strict=True):
        if first < _INNERMOST_MM * per_mm or end - first > _BROADEST_MM * per_mm:
            continue
        crossed = dark[max(first - beside, 0)] | dark[min(end - 1 + beside, height - 1)]
        free[max(first - edge, 0) : end + edge] |= ~crossed
    return free


def _fitted(gray: Gray, ring: Ring, dpi: float) -> Ring:
    """The ring with its centre and radius set by its ink, to parts of a pixel."""
    half = _FIT_MM * dpi / _MM_PER_INCH
    angle = np.arange(2 * _ANGLES) * (math.pi / _ANGLES)
    outwards = np.arange(ring.radius - half, ring.radius + half, 0.25)
    levels = _along(gray, ring, angle, outwards)
    weight = np.clip(np.percentile(levels, 80) - levels, 0, None) ** 2
    reach = (weight * outwards).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-6)
    inked = weight.max(axis=1) > _INKED**2
    terms = np.stack([np.ones_like(angle), np.cos(angle), np.sin(angle)], axis=1)
    used = inked
    radius, x, y = ring.radius, 0.0, 0.0
    for _ in range(_FIT_ROUNDS):
        if np.count_nonzero(used) < _LEAST_FIT:
            return ring
        radius, x, y = np.linalg.lstsq(terms[used], reach[used], rcond=None)[0].tolist()
        off = np.abs(terms @ (radius, x, y) - reach)
        used = inked & (off <= max(_OFF * float(np.median(off[used])), 0.7))
    return Ring(ring.x + x, ring.y + y, radius)


def _level_of_print(gray: Gray, ring: Ring, paper: float) -> float | None:
    """How dark print is beside a seal; None where there is none."""
    rows, columns = _square(gray, ring, _AROUND)
    y, x = np.ogrid[rows, columns]
    beside = gray[rows, columns][np.hypot(x - ring.x, y - ring.y) > ring.radius * _RIM]
    if not beside.size:
        return None
    darkest = float(np.percentile(beside, 0.5))
    dark = beside[beside <= paper - _PRINTED * (paper - darkest)]
    return float(np.percentile(dark, _DARK_PRINT)) if dark.size else None


def _square(gray: Gray, ring: Ring, radii: float) -> tuple[slice, slice]:
    """The part of the page around a seal."""
    height, width = gray.shape
    reach = ring.radius * radii
    return (
        slice(max(int(ring.y - reach), 0), min(math.ceil(ring.y + reach) + 1, height)),
        slice(max(int(ring.x - reach), 0), min(math.ceil(ring.x + reach) + 1, width)),
    )
