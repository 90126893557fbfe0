"""Which pixels of a page carry ink: whatever differs from the paper around it.

Paper is seldom white and never even: its grey is taken from its own surroundings, and what is
dark over a whole surrounding (a picture, the scanner's lid) is ink as well. Single grains of dust
are none. May not come in: where a stamp goes.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.ports.reading import Gray

Ink: TypeAlias = NDArray[np.bool_]
"""Shape (height, width)."""

_MM_PER_INCH: Final = 25.4
_TILE_MM: Final = 6.0
_PAPER_SHARE: Final = 85.0
"""Percentile of a tile's greys that is its paper: text covers less than the rest."""
_DIFFERENT: Final = 22
"""Levels of grey between paper and ink once grain is smoothed; pencil and pale seals are further
away."""
_GRAIN_PX: Final = 3
"""Side of the square over which grain is smoothed."""
_DARK: Final = 70
"""A tile so much darker than the page's paper is no paper."""
_DUST_MM2: Final = 0.3
_ALONE_MM: Final = 0.8
"""Dust has nothing this near; dots and accents do."""


def ink_of(gray: Gray, dpi: float) -> Ink:
    """Where a page is written on, printed or dark.

    Args:
        gray: page image, or a part of it that holds some paper.
        dpi: of the image.
    """
    per_mm = max(dpi, 1.0) / _MM_PER_INCH
    smooth = np.asarray(cv2.blur(gray, (_GRAIN_PX, _GRAIN_PX)), dtype=np.uint8)
    away = cv2.absdiff(smooth, _paper(smooth, max(round(_TILE_MM * per_mm), 4)))
    return _without_dust(away > _DIFFERENT, per_mm)


def _paper(gray: Gray, tile: int) -> Gray:
    """The grey of the paper below every pixel."""
    height, width = gray.shape
    rows, columns = -(-height // tile), -(-width // tile)
    padded = np.pad(gray, ((0, rows * tile - height), (0, columns * tile - width)), mode="edge")
    tiles = padded.reshape(rows, tile, columns, tile).swapaxes(1, 2).reshape(rows, columns, -1)
    paper = np.percentile(tiles, _PAPER_SHARE, axis=2).astype(np.float32)
    usual = np.float32(np.percentile(paper, _PAPER_SHARE))
    paper[paper < usual - _DARK] = usual
    spread = cv2.resize(paper, (columns * tile, rows * tile), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.clip(np.rint(spread), 0, 255)[:height, :width], dtype=np.uint8)


def _without_dust(marks: Ink, per_mm: float) -> Ink:
    reach = 2 * round(_ALONE_MM * per_mm / 2) + 1
    near = cv2.dilate(marks.astype(np.uint8), np.ones((reach, reach), np.uint8))
    count, groups = cv2.connectedComponents(near, connectivity=8)
    areas = np.bincount(groups[marks], minlength=count)
    kept = areas > _DUST_MM2 * per_mm * per_mm
    kept[0] = False
    return np.asarray(marks & kept[groups], dtype=np.bool_)
