"""Fonts of the pages: what is printed with and what is written with, all with Vietnamese letters.

Print: metric twins of Times New Roman and Arial (Debian's fonts-croscore), DejaVu, and faces of
other offices. Pens and those others are fetched into the user's cache (`fetch_fonts`).
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Final

from PIL import ImageFont

from pipeline.errors import MissingToolError

FETCHED: Final = Path("~/.cache/sohoa-tests/fonts")
"""Where `fetch_fonts` puts what Debian does not have."""
_FOLDERS: Final = (
    Path("/usr/share/fonts/truetype/croscore"),
    Path("/usr/share/fonts/croscore"),
    Path("/usr/local/share/fonts/croscore"),
    Path("/usr/share/fonts/truetype/dejavu"),
)
_POINTS_PER_INCH: Final = 72


class FontsNotFetchedError(RuntimeError):
    """A face of the user's cache is not there; the message says what to run."""


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
    DEJAVU_SERIF = "DejaVuSerif.ttf"
    DEJAVU_SERIF_BOLD = "DejaVuSerif-Bold.ttf"
    DEJAVU_SANS = "DejaVuSans.ttf"
    DEJAVU_SANS_BOLD = "DejaVuSans-Bold.ttf"
    NOTO_SERIF = "fetched-NotoSerif-Regular.ttf"
    NOTO_SERIF_BOLD = "fetched-NotoSerif-Bold.ttf"
    NOTO_SERIF_ITALIC = "fetched-NotoSerif-Italic.ttf"
    SOURCE_SERIF = "fetched-SourceSerif4-Regular.ttf"
    SOURCE_SERIF_BOLD = "fetched-SourceSerif4-Bold.ttf"
    SOURCE_SERIF_ITALIC = "fetched-SourceSerif4-Italic.ttf"
    BE_VIETNAM = "fetched-BeVietnamPro-Regular.ttf"
    BE_VIETNAM_BOLD = "fetched-BeVietnamPro-Bold.ttf"
    BE_VIETNAM_ITALIC = "fetched-BeVietnamPro-Italic.ttf"
    LITERATA = "read-literata-400-normal.ttf"
    LITERATA_BOLD = "read-literata-700-normal.ttf"
    LITERATA_ITALIC = "read-literata-400-italic.ttf"
    WORK_SANS = "read-work-sans-400-normal.ttf"
    WORK_SANS_BOLD = "read-work-sans-700-normal.ttf"
    WORK_SANS_ITALIC = "read-work-sans-400-italic.ttf"
    SPECTRAL = "read-spectral-400-normal.ttf"
    SPECTRAL_BOLD = "read-spectral-700-normal.ttf"
    SPECTRAL_ITALIC = "read-spectral-400-italic.ttf"
    GELASIO = "read-gelasio-400-normal.ttf"
    GELASIO_BOLD = "read-gelasio-700-normal.ttf"
    GELASIO_ITALIC = "read-gelasio-400-italic.ttf"
    FRANKLIN = "read-libre-franklin-400-normal.ttf"
    FRANKLIN_BOLD = "read-libre-franklin-700-normal.ttf"
    FRANKLIN_ITALIC = "read-libre-franklin-400-italic.ttf"
    PEN_PATRICK = "pen-PatrickHand.ttf"
    PEN_MALI = "pen-Mali-Italic.ttf"
    PEN_SRIRACHA = "pen-Sriracha.ttf"
    PEN_PANGOLIN = "pen-Pangolin.ttf"
    PEN_ITIM = "pen-Itim.ttf"
    PEN_CHARM = "pen-Charm.ttf"
    PEN_DANCING = "pen-DancingScript.ttf"
    PEN_PLAYPEN = "pen-PlaypenSans.ttf"

    @property
    def handwritten(self) -> bool:
        """True for a pen's face."""
        return self.value.startswith("pen-")

    @property
    def fetched(self) -> bool:
        """True for a face of the user's cache."""
        return self.value.startswith(("pen-", "fetched-", "read-"))


@lru_cache(maxsize=512)
def load(face: Face, size_pt: float, dpi: int) -> ImageFont.FreeTypeFont:
    """A face at a printed size.

    Args:
        face: the face.
        size_pt: font size on paper, pt.
        dpi: pixels per inch of the page.

    Raises:
        MissingToolError: `FONT_MISSING` where a font of Debian is not installed.
        FontsNotFetchedError: the face is one that is fetched, and it was not.
    """
    size = round(size_pt * dpi / _POINTS_PER_INCH)
    for folder in (FETCHED.expanduser(),) if face.fetched else _FOLDERS:
        path = folder / face.value
        if path.is_file():
            return ImageFont.truetype(str(path), size)
    if face.fetched:
        raise FontsNotFetchedError(
            f"{face.value} is not here: run `python -m benchmarks.factory.fetch_fonts`"
        )
    raise MissingToolError("FONT_MISSING", font=face.value)
