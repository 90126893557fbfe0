"""Imaging: which way up a page is, how tilted, whether it is empty, and how good it is.

Everything is judged on a small grey image (about 120 dpi), for reading only: no page is changed.
The paper is brought to white, what is darker falls into connected marks, and the marks speak:
their rows say direction and tilt, what rises above and falls below the rows says which way up
(Vietnamese stacks its diacritics above the letters), their area says whether anything is there.
May not come in: text recognition, decoding.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.models.pages import BlankStatus, PageLook, QualityWarning, RawPage, Turn
from pipeline.ports.reading import Gray
from pipeline.settings import ImagingSettings

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

_MM_PER_INCH: Final = 25.4
_WORK_DPI: Final = 120.0
_FAINT: Final = 55
"""Darkness below paper (0 to 255) from which a pixel is looked at; bleed-through is fainter."""
_INK: Final = 90
"""Darkness from which a pixel is ink."""
_SURE: Final = 120
"""Darkness from which a mark counts fully."""
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
_FEW_MARKS: Final = 12
_FEW_PIXELS: Final = 200
_HALF_EVIDENCE_MM2: Final = 1.5
"""Area of marks at which emptiness is an even bet: about one printed digit."""
_STEEPNESS: Final = 2.5
_FAINT_MM2: Final = 6.0
_FAINT_SCORE: Final = 0.75
"""Only faint marks: bleed-through or pencil, a person decides."""
_BLURRED: Final = 0.62
_CUT_MARKS: Final = 4


@dataclass(frozen=True, slots=True)
class _Marks:
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
        return self.page_width - self.left - self.width

    @property
    def bottom_gap(self) -> Floats:
        return self.page_height - self.top - self.height


@dataclass(frozen=True, slots=True)
class _Points:
    """Pixels of letters, in pixels of the small image."""

    x: Ints
    y: Ints
    width: int
    height: int
    per_mm: float

    def turned(self, turn: Turn) -> _Points:
        """After a clockwise turn of the image."""
        x, y, w, h = self.x, self.y, self.width, self.height
        if turn == 90:
            return _Points(h - 1 - y, x, h, w, self.per_mm)
        if turn == 180:
            return _Points(w - 1 - x, h - 1 - y, w, h, self.per_mm)
        if turn == 270:
            return _Points(y, w - 1 - x, h, w, self.per_mm)
        return self


@dataclass(frozen=True, slots=True)
class _Inked:
    """Pixels darker than paper."""

    place: Ints
    """Index into the flat image."""
    owner: Ints
    """Index of the mark each belongs to."""
    is_ink: Flags
    width: int
    height: int

    def of(self, marks: Flags, per_mm: float) -> _Points:
        """Ink of the chosen marks."""
        chosen = self.place[marks[self.owner] & self.is_ink]
        return _Points(chosen % self.width, chosen // self.width, self.width, self.height, per_mm)


def look_at(page: RawPage, gray: Gray, reduce: int, settings: ImagingSettings) -> PageLook:
    """Judge one page.

    Args:
        page: the raw page.
        gray: its image, already turned clockwise by `page.turn_hint`, reduced `reduce` times;
            100 to 150 dpi are enough.
        reduce: how many times smaller than the raw image.
        settings: thresholds.
    """
    small, per_mm = _small(gray, page.dpi / reduce)
    darkness = _darkness(small)
    inked, marks = _marks(darkness, per_mm)
    noise = _noise(marks)
    score = _blank_score(marks, noise)
    status = _status(score, settings)
    letters = _letters(marks, noise)
    turn, certain, skew = page.turn_hint, True, 0.0
    if status is not BlankStatus.BLANK:
        points = inked.of(letters & (marks.peak >= _INK), per_mm)
        extra, certain, skew = _upright(points, int(np.count_nonzero(letters)))
        turn = _sum(page.turn_hint, extra)
    ink = len(inked.of(~noise, per_mm).x) / darkness.size
    warnings = _warnings(page, gray, reduce, marks, letters, skew, settings)
    return PageLook(
        index=page.index,
        turn=turn,
        turn_certain=certain,
        skew_deg=round(skew, 3),
        blank=status,
        blank_score=round(score, 4),
        ink=ink,
        warnings=() if status is BlankStatus.BLANK else warnings,
    )


def _sum(first: Turn, second: Turn) -> Turn:
    turns: dict[int, Turn] = {0: 0, 90: 90, 180: 180, 270: 270}
    return turns[(first + second) % 360]


# -- paper and marks ----------------------------------------------------------------------------


def _small(gray: Gray, dpi: float) -> tuple[Gray, float]:
    """The image at working resolution, and its pixels per millimetre."""
    scale = _WORK_DPI / dpi
    if scale > 0.8:
        return gray, dpi / _MM_PER_INCH
    size = (max(1, round(gray.shape[1] * scale)), max(1, round(gray.shape[0] * scale)))
    resized = cv2.resize(gray, size, interpolation=cv2.INTER_AREA)
    return np.asarray(resized, dtype=np.uint8), _WORK_DPI / _MM_PER_INCH


def _darkness(small: Gray) -> Gray:
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


def _marks(darkness: Gray, per_mm: float) -> tuple[_Inked, _Marks]:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        (darkness >= _FAINT).astype(np.uint8), connectivity=8
    )
    flat = np.flatnonzero(labels)
    owner: Ints = labels.ravel()[flat].astype(np.int64) - 1
    values = darkness.ravel()[flat]
    steps = cv2.morphologyEx(darkness, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    peak, step = np.zeros(count - 1, np.uint8), np.zeros(count - 1, np.uint8)
    np.maximum.at(peak, owner, values)
    np.maximum.at(step, owner, steps.ravel()[flat])
    lengths = stats[1:].astype(np.float64) / per_mm
    marks = _Marks(
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
    return _Inked(flat, owner, values >= _INK, width, height), marks


def _noise(marks: _Marks) -> Flags:
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
    hole &= (filled > 0.65) & (filled < 0.92)
    staple = (shortest < 1.5) & (longest > 6.0) & (longest < 16.0) & (gap_x < 25) & (gap_y < 25)
    return np.asarray(border | along_x | along_y | hole | staple, dtype=np.bool_)


def _letters(marks: _Marks, noise: Flags) -> Flags:
    """Marks of the size of letters, diacritics and joined words."""
    fits = (marks.height < 9.0) & (marks.width < 30.0) & (marks.area > 0.08)
    return np.asarray(fits & ~noise, dtype=np.bool_)


# -- emptiness ----------------------------------------------------------------------------------


def _blank_score(marks: _Marks, noise: Flags) -> float:
    """1: surely empty. Dots that stand alone weigh a tenth, faint marks only raise a doubt."""
    weight = np.clip((marks.peak - _FAINT) / (_SURE - _FAINT) * 2 - 1, 0.0, 1.0)
    weight = np.where(marks.area < 0.3, 0.1, 1.0) * weight
    weight = np.where(noise | (marks.area < 0.1), 0.0, weight)
    evidence = float(np.sum(marks.area * weight))
    score = float(1.0 / (1.0 + math.pow(evidence / _HALF_EVIDENCE_MM2, _STEEPNESS)))
    faint = ~noise & (marks.area >= 0.3) & (marks.peak >= _FAINT + 10)
    if float(np.sum(marks.area[faint])) > _FAINT_MM2:
        score = min(score, _FAINT_SCORE)
    return score


def _status(score: float, settings: ImagingSettings) -> BlankStatus:
    if score >= settings.blank_above:
        return BlankStatus.BLANK
    return BlankStatus.CONTENT if score < settings.blank_below else BlankStatus.UNCERTAIN


# -- which way up, and tilt ---------------------------------------------------------------------


def _upright(points: _Points, marks: int) -> tuple[Turn, bool, float]:
    """Clockwise turn that makes the page upright, whether that is sure, and the tilt then."""
    if marks < _FEW_MARKS or len(points.x) < _FEW_PIXELS:
        return 0, False, 0.0
    rows, row_tilt = _sharpest(points)
    columns, _ = _sharpest(points.turned(90))
    quarter: Turn = 90 if columns > rows else 0
    sure = max(rows, columns) > _QUARTER * min(rows, columns)
    lying = points.turned(quarter)
    tilt = row_tilt if quarter == 0 else _sharpest(lying)[1]
    lean = _lean(lying, tilt)
    upside_down = lean < -_LEAN / 1.5
    turn = _sum(quarter, 180 if upside_down else 0)
    return turn, sure and abs(lean) >= _LEAN, tilt


def _sharpest(points: _Points) -> tuple[float, float]:
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


def _thinned(points: _Points, most: int) -> _Points:
    step = -(-len(points.x) // most)
    return _Points(points.x[::step], points.y[::step], points.width, points.height, points.per_mm)


def _sharpness(points: _Points, tilt: float, row: int) -> float:
    """Sum of squared steps of the row profile (Postl's criterion)."""
    rows = _rows(points, tilt)
    profile = np.bincount(((rows - rows.min()) / row).astype(np.int64))
    steps = np.diff(profile, prepend=0, append=0)
    return float(np.sum(steps * steps))


def _rows(points: _Points, tilt: float) -> Floats:
    return points.y - (points.x - points.width / 2) * math.tan(math.radians(tilt))


def _lean(points: _Points, tilt: float) -> float:
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


# -- quality ------------------------------------------------------------------------------------


def _warnings(
    page: RawPage,
    gray: Gray,
    reduce: int,
    marks: _Marks,
    letters: Flags,
    skew: float,
    settings: ImagingSettings,
) -> tuple[QualityWarning, ...]:
    sized = letters & (marks.height > 1.0) & (marks.area > 0.4)
    enough = int(np.count_nonzero(sized)) >= _FEW_MARKS
    found = {
        QualityWarning.SKEWED: abs(skew) > settings.skew_limit_deg,
        QualityWarning.LOW_CONTRAST: enough and float(np.median(marks.peak[sized])) < _INK,
        QualityWarning.LOW_RESOLUTION: page.dpi < settings.min_dpi - 1,
        QualityWarning.BILEVEL: _is_bilevel(gray, reduce),
        QualityWarning.CUT_EDGE: _is_cut(marks),
        QualityWarning.BLURRED: enough and float(np.median(marks.crispness[sized])) < _BLURRED,
    }
    return tuple(warning for warning, present in found.items() if present)


def _is_bilevel(gray: Gray, reduce: int) -> bool:
    """True where every pixel can be the mean of black and white ones."""
    levels = np.flatnonzero(np.bincount(gray.ravel(), minlength=256))
    blacks = levels * reduce**2 / 255
    means = np.abs(blacks - np.round(blacks)) * 255 / reduce**2 <= 1.0
    return len(levels) > 1 and levels[0] == 0 and levels[-1] == 255 and bool(means.all())


def _is_cut(marks: _Marks) -> bool:
    """True where several letters stand on one edge of the image."""
    near = 0.3
    sized = (marks.height > 1.0) & (marks.height < 9.0) & (marks.width < 30.0)
    dark = sized & (marks.area > 0.4) & (marks.peak >= _SURE)
    edges = (marks.left, marks.top, marks.right_gap, marks.bottom_gap)
    return any(int(np.count_nonzero(dark & (gap < near))) >= _CUT_MARKS for gap in edges)
