"""Page one as poppler or mupdf shows it, and what a stamp changed there."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

RENDERERS: Final = tuple(name for name in ("pdftoppm", "mutool") if shutil.which(name))
"""Those that are installed."""
INK: Final = 40
"""Levels of grey below the page's paper."""


def rendered(pdf: Path, renderer: str, dpi: int = 100) -> NDArray[np.int16]:
    """Page one in colour, its CropBox only, shape (height, width, 3)."""
    command = {
        "pdftoppm": ["pdftoppm", "-r", str(dpi), "-singlefile", "-cropbox", str(pdf)],
        "mutool": ["mutool", "draw", "-q", "-r", str(dpi), "-F", "ppm", "-o", "-", str(pdf), "1"],
    }[renderer]
    made = subprocess.run(command, check=True, capture_output=True).stdout
    with Image.open(io.BytesIO(made)) as image:
        return np.asarray(image.convert("RGB")).astype(np.int16)


def covered_ink(before: NDArray[np.int16], after: NDArray[np.int16]) -> tuple[int, int]:
    """How many pixels a stamp changed, and how many in its rectangle had been ink."""
    assert before.shape == after.shape
    changed = np.abs(before - after).max(axis=2) > 8
    if not changed.any():
        return 0, 0
    rows, columns = np.nonzero(changed)
    stamp = before[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    paper = np.percentile(before.min(axis=2), 90)
    return int(changed.sum()), int((stamp.min(axis=2) < paper - INK).sum())
