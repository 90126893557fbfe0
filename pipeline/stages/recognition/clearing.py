"""A worn page made ready for reading: dark borders, noise and fading taken back.

Engines part ink from paper by one threshold: a dark lid beside the paper, or grain as dark as faint
toner, moves it past the print, and whole pages read as empty. A page that shows none of this is
left as it is. Only the image that is read is changed. May not come in: tilt, seals, ruled lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.ports.reading import Gray

_SPECKLE: Final = 4.0
"""Median difference from the smoothed image, grey levels; from 6 on sparse pages read as empty."""
_GRAIN: Final = 2.0
"""The same, from which on smoothing helps more than it blurs (measured at 150 to 300 dpi)."""
_PALE: Final = 0.45
"""Brightness of ink, as a share of the paper's, from which on print is faint."""
_SMALLER: Final = 8
"""How many times smaller the image is in which paper and borders are found."""
_BORDER: Final = 0.5
"""Brightness, as a share of the paper's, below which the surroundings of the paper lie: a lid gives
0.1 to 0.35, the shadow of a spine, in which print is still read, 0.6."""
_INK: Final = 0.82
"""Brightness below which a pixel tells how dark ink is."""
_INK_PERCENTILE: Final = 25.0
_LEAST_INK: Final = 100
"""Pixels; a page with fewer is left as it is."""
_WHITE: Final = 0.93
"""Brightness that becomes white."""
_SMOOTH_PX: Final = 0.8
"""Standard deviation of the smoothing, px at 150 to 300 dpi."""
_PAPER_PERCENTILE: Final = 80.0

_Small = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class _Ground:
    """Paper and what lies around it, in the small image."""

    paper: _Small
    """Brightness of the paper at each place."""
    border: _Small
    """1 where there is no paper."""


def cleared(gray: Gray) -> Gray:
    """The page with white paper, black ink and nothing around it; itself where it needs no help.

    Args:
        gray: the page at reading size.
    """
    smooth = cv2.medianBlur(gray, 3)
    speckle = float(np.median(cv2.absdiff(gray, smooth)[::3, ::3]))
    kept = np.asarray(smooth, dtype=np.uint8) if speckle >= _SPECKLE else gray
    if min(gray.shape) < _SMALLER:
        return kept
    ground = _ground(kept)
    ink = _ink(kept, ground)
    if ink is None or (speckle < _GRAIN and ink < _PALE):
        return kept
    size = (gray.shape[1], gray.shape[0])
    paper = cv2.resize(ground.paper, size, interpolation=cv2.INTER_LINEAR)
    share = kept.astype(np.float32) / np.maximum(paper, 1)
    share[cv2.resize(ground.border, size, interpolation=cv2.INTER_NEAREST) > 0] = 1.0
    stretched = np.clip((share - ink) * (255.0 / (_WHITE - ink)), 0, 255)
    return np.asarray(cv2.GaussianBlur(stretched.astype(np.uint8), (0, 0), _SMOOTH_PX), np.uint8)


def _ground(gray: Gray) -> _Ground:
    step = 1.0 / _SMALLER
    small = cv2.resize(gray, None, fx=step, fy=step, interpolation=cv2.INTER_AREA)
    level = float(np.percentile(small, _PAPER_PERCENTILE))
    around = cv2.copyMakeBorder(
        (small < _BORDER * level).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=(1,)
    )
    _, labels = cv2.connectedComponents(around, connectivity=4)
    border = (labels == labels[0, 0])[1:-1, 1:-1].astype(np.uint8)
    border = np.asarray(cv2.dilate(border, np.ones((3, 3), np.uint8)), np.uint8)
    filled = np.where(border > 0, np.uint8(level), small)
    paper = cv2.medianBlur(cv2.dilate(filled, np.ones((5, 5), np.uint8)), 9)
    wider = cv2.dilate(border, np.ones((3, 3), np.uint8))
    return _Ground(np.asarray(paper, np.uint8), np.asarray(wider, np.uint8))


def _ink(gray: Gray, ground: _Ground) -> float | None:
    """How bright ink is, as a share of the paper's brightness; None where there is hardly any."""
    some = gray[::2, ::2]
    size = (some.shape[1], some.shape[0])
    paper = cv2.resize(ground.paper, size, interpolation=cv2.INTER_LINEAR)
    border = cv2.resize(ground.border, size, interpolation=cv2.INTER_NEAREST)
    share = some.astype(np.float32) / np.maximum(paper, 1)
    ink = share[(share < _INK) & (border == 0)]
    return float(np.percentile(ink, _INK_PERCENTILE)) if ink.size >= _LEAST_INK else None
