"""Cover and separator sheets for a batch, as an office prints them for a case.

The sheets are the product's own (`casework.slips`). May not come in: where they are put.
"""

from __future__ import annotations

import datetime as dt
import io
from typing import Final

import numpy as np
import pikepdf
from PIL import Image

from casework.slips import make_slip, papers_of
from pipeline.catalogue import Catalogue

_UNIT: Final = "BHXH-MAU"
_FIRST_DAY: Final = dt.datetime(2025, 1, 6, 8, tzinfo=dt.UTC)


class Slips:
    """The printed slip of one case."""

    def __init__(self, catalogue: Catalogue, rng: np.random.Generator) -> None:
        """Print the slip of a random case; another source of chance gives another slip."""
        procedures = [kind for kind in catalogue.procedures.values() if kind.cases]
        procedure = procedures[int(rng.integers(len(procedures)))]
        case = procedure.cases[int(rng.integers(len(procedure.cases)))]
        printed = _FIRST_DAY + dt.timedelta(minutes=int(rng.integers(600_000)))
        self._codes = papers_of(procedure, case, catalogue)
        self._pdf = make_slip(procedure.code, case.code, None, catalogue, _UNIT, printed, None)

    def cover(self) -> Image.Image:
        """The sheet that opens a dossier, RGB, A4 at 300 dpi."""
        return self._page(0)

    def separator(self, code: str) -> Image.Image:
        """The sheet before a paper: its own, or the general one where the case has none for it."""
        return self._page(1 + self._codes.index(code) if code in self._codes else -1)

    def _page(self, number: int) -> Image.Image:
        with pikepdf.open(io.BytesIO(self._pdf)) as pdf:
            (image,) = pdf.pages[number].get_images().values()
            if not isinstance(image, pikepdf.Stream):
                raise TypeError("a sheet is one image")
            return pikepdf.PdfImage(image).as_pil_image().convert("RGB")
