"""Which way up a page is, and how tilted, from the pixels of its letters.

Rows of text are sharper than columns; what rises above the bodies of the letters and what falls
below tells up from down: Vietnamese stacks its diacritics above.
"""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np

from pipeline.models.pages import Turn
from pipeline.stages.imaging.marks import Floats, Ints, Points

_SKEW_LIMIT: Final = 15.0
_QUARTER: Final = 2.0
"""How much sharper the rows must be than the columns, or the reverse, to be sure."""
_BAND_MM: Final = 1.7
"""Bands this wide tell rows from columns: stems and left margins vanish in them."""
_LEAN: Final = 0.20
"""Least lean of rising over falling parts to be sure which way up."""
_STRAY: Final = 0.03
"""Share of the ink that may stand beyond the bodies of the lines without meaning anything."""
_PRONOUNCED: Final = 1.6
"""How much sharper the best tilt must be than the middling one to be believed."""
FEW_MARKS: Final = 12
_FEW_PIXELS: Final = 200


def upright(points: Points, marks: int) -> tuple[Turn, bool, float]:
    """Clockwise turn that makes the page upright, whether that is sure, and the tilt then."""
    if marks < FEW_MARKS or len(points.x) < _FEW_PIXELS:
        return 0, False, 0.0
    rows, row_tilt = _sharpest(points)
    columns, _ = _sharpest(points.turned(90))
    quarter: Turn = 90 if columns > rows else 0
    sure = max(rows, columns) > _QUARTER * min(rows, columns)
    lying = points.turned(quarter)
    tilt = row_tilt if quarter == 0 else _sharpest(lying)[1]
    lean = _lean(lying, tilt)
    upside_down = lean < -_LEAN / 1.5
    turn = turned_by(quarter, 180 if upside_down else 0)
    return turn, sure and abs(lean) >= _LEAN, tilt


def _sharpest(points: Points) -> tuple[float, float]:
    """How clearly the pixels fall into rows at the best tilt, and that tilt in degrees."""
    few = _thinned(points, 6000)
    coarse = np.arange(-_SKEW_LIMIT, _SKEW_LIMIT + 0.01, 0.5)
    overview = [_sharpness(few, tilt, 2) for tilt in coarse]
    best = float(coarse[int(np.argmax(overview))])
    many = _thinned(points, 16000)
    best = max(best + np.arange(-0.5, 0.51, 0.1), key=lambda tilt: _sharpness(many, tilt, 1))
    fine = best + np.arange(-0.1, 0.101, 0.025)
    scores = [_sharpness(many, tilt, 1) for tilt in fine]
    top = max(scores)
    near = [(s - 0.97 * top, a) for s, a in zip(scores, fine, strict=True) if s >= 0.97 * top]
    total = sum(s for s, _ in near)
    tilt = sum(s * a for s, a in near) / total if total > 0 else 0.0
    if max(overview) < _PRONOUNCED * float(np.median(overview)):
        tilt = 0.0
    tilt = float(np.clip(tilt, -_SKEW_LIMIT, _SKEW_LIMIT))
    return _sharpness(many, tilt, max(1, round(_BAND_MM * points.per_mm))), tilt


def _thinned(points: Points, most: int) -> Points:
    step = -(-len(points.x) // most)
    return Points(points.x[::step], points.y[::step], points.width, points.height, points.per_mm)


def _sharpness(points: Points, tilt: float, row: int) -> float:
    """Sum of squared steps of the row profile (Postl's criterion)."""
    rows = _rows(points, tilt)
    profile = np.bincount(((rows - rows.min()) / row).astype(np.int64))
    steps = np.diff(profile, prepend=0, append=0)
    return float(np.sum(steps * steps))


def _rows(points: Points, tilt: float) -> Floats:
    return points.y - (points.x - points.width / 2) * math.tan(math.radians(tilt))


def _lean(points: Points, tilt: float) -> float:
    """Rising against falling parts of the lines, -1 to 1; positive: the page is upright.

    Each strip of the page has its own row profile; the dense rows are the bodies of the letters,
    thinner rows above them hold ascenders and diacritics, those below descenders.
    """
    rows = _rows(points, tilt)
    low = float(rows.min())
    height = int(rows.max() - low) + 1
    strip = max(1, round(35 * points.per_mm))
    above = below = 0.0
    for left in range(0, points.width, strip):
        inside = (points.x >= left) & (points.x < left + strip)
        profile = np.bincount((rows[inside] - low).astype(np.int64), minlength=height)
        risen, fallen = _beyond_bodies(profile.astype(np.float64), points.per_mm)
        above, below = above + risen, below + fallen
    total = above + below + _STRAY * len(rows)
    return (above - below) / total


def _beyond_bodies(profile: Floats, per_mm: float) -> tuple[float, float]:
    """Pixels just above and just below the bodies of the lines of one strip."""
    starts, ends = _bodies(profile, per_mm)
    above = below = 0.0
    for n, (start, end) in enumerate(zip(starts, ends, strict=True)):
        size = end - start
        before = (ends[n - 1] + start) // 2 if n else 0
        after = (end + starts[n + 1]) // 2 if n + 1 < len(starts) else len(profile)
        above += float(profile[max(before, start - size) : start].sum())
        below += float(profile[end : min(after, end + size)].sum())
    return above, below


def _bodies(profile: Floats, per_mm: float) -> tuple[Ints, Ints]:
    """First and past-the-last rows of the dense bands: x-height, or capitals as a whole."""
    reach = max(3, round(4 * per_mm)) | 1
    local = cv2.dilate(profile.reshape(-1, 1), np.ones((reach, 1), np.uint8)).ravel()
    dense = np.concatenate(([False], (profile >= 0.45 * local) & (profile > 0), [False]))
    edges = np.flatnonzero(np.diff(dense.astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    joined = [
        starts[n] - ends[n - 1] <= 3 * per_mm
        and (profile[ends[n - 1] : starts[n]] >= 0.32 * local[ends[n - 1] : starts[n]]).all()
        for n in range(1, len(starts))
    ]
    apart = ~np.array(joined, dtype=np.bool_)
    starts, ends = (
        starts[np.append(True, apart)[: len(starts)]],
        ends[np.append(apart, True)[: len(ends)]],
    )
    tall = ends - starts >= max(2.0, 0.8 * per_mm)
    return starts[tall], ends[tall]


def turned_by(first: Turn, second: Turn) -> Turn:
    """Both clockwise turns, one after the other."""
    turns: dict[int, Turn] = {0: 0, 90: 90, 180: 180, 270: 270}
    return turns[(first + second) % 360]
