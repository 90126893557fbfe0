"""Cover and separator sheets for a batch, as an office prints them for a case.

The sheets are the product's own (`casework.slips`). May not come in: where they are put.
"""

from __future__ import annotations

import datetime as dt
import io
from typing import Final

import pikepdf
from PIL import Image

from benchmarks.factory.planning import PlannedSlip
from casework.slips import make_slip
from pipeline.catalogue import Catalogue

_UNIT: Final = "BHXH-MAU"
_FIRST_DAY: Final = dt.datetime(2025, 1, 6, 8, tzinfo=dt.UTC)


class Printer:
    """Prints slips; keeps the one it printed last."""

    def __init__(self, catalogue: Catalogue, seed: int) -> None:
        """Slips of another seed have other numbers."""
        self._catalogue = catalogue
        self._first = _FIRST_DAY + dt.timedelta(minutes=seed % 500_000)
        self._printed: tuple[PlannedSlip, bytes] | None = None

    def sheet(self, slip: PlannedSlip, page: int) -> Image.Image:
        """A sheet of a slip: RGB, A4 at 300 dpi.

        Args:
            slip: which.
            page: 0 the cover, then the separators, -1 the general separator.
        """
        if self._printed is None or self._printed[0] != slip:
            at = self._first + dt.timedelta(seconds=slip.number)
            printed = make_slip(slip.procedure, slip.case, None, self._catalogue, _UNIT, at, None)
            self._printed = (slip, printed)
        with pikepdf.open(io.BytesIO(self._printed[1])) as pdf:
            (image,) = pdf.pages[page].get_images().values()
            if not isinstance(image, pikepdf.Stream):
                raise TypeError("a sheet is one image")
            return pikepdf.PdfImage(image).as_pil_image().convert("RGB")
