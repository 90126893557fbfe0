"""Fonts of the pages: metric twins of Times New Roman and Arial with Vietnamese glyphs."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Final

from PIL import ImageFont

from pipeline.errors import MissingToolError

_FOLDERS: Final = (
    Path("/usr/share/fonts/truetype/croscore"),
    Path("/usr/share/fonts/croscore"),
    Path("/usr/local/share/fonts/croscore"),
)
_POINTS_PER_INCH: Final = 72


class Face(StrEnum):
    """Faces by file name."""

    SERIF = "Tinos-Regular.ttf"
    SERIF_BOLD = "Tinos-Bold.ttf"
    SERIF_ITALIC = "Tinos-Italic.ttf"
    SERIF_BOLD_ITALIC = "Tinos-BoldItalic.ttf"
    SANS = "Arimo-Regular.ttf"
    SANS_BOLD = "Arimo-Bold.ttf"
    SANS_ITALIC = "Arimo-Italic.ttf"
    MONO = "Cousine-Regular.ttf"


@lru_cache(maxsize=256)
def load(face: Face, size_pt: float, dpi: int) -> ImageFont.FreeTypeFont:
    """A face at a printed size.

    Args:
        face: the face.
        size_pt: font size on paper, pt.
        dpi: pixels per inch of the page.

    Raises:
        MissingToolError: `FONT_MISSING` where the croscore fonts are not installed.
    """
    for folder in _FOLDERS:
        path = folder / face.value
        if path.is_file():
            return ImageFont.truetype(str(path), round(size_pt * dpi / _POINTS_PER_INCH))
    raise MissingToolError("FONT_MISSING", font=face.value)
