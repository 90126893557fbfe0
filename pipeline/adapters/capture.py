"""The one time a scanned side is coded: what comes out is the raw page for ever (decision 0032).

Depends on the samples only: the same sheet gives the same bytes. May not come in: cleaning,
straightening, cropping: the archived image is what the scanner saw.
"""

from __future__ import annotations

import io
from typing import Final

from PIL import Image

from pipeline.adapters.sources.g4 import encode_g4
from pipeline.models.scanning import ScanMode
from pipeline.ports.scanning import CapturedPage, ScannedSide

_FULL_CHROMA: Final = 0
_PILLOW: Final = {
    ScanMode.COLOUR: ("RGB", "RGB"),
    ScanMode.GREY: ("L", "L"),
    ScanMode.LINEART: ("1", "1;I"),
}
"""Pillow's mode, and how the port's samples are laid out."""


class PageCapture:
    """Port `Capture`: Group 4 for lineart, else JPEG with full colour resolution."""

    def __init__(self, *, jpeg_quality: int) -> None:
        """Bind to a quality, 85 to 100."""
        self._quality = jpeg_quality

    def __call__(self, side: ScannedSide, *, upside_down: bool) -> CapturedPage:
        """See `Capture`."""
        mode, layout = _PILLOW[side.mode]
        image = Image.frombytes(mode, (side.width_px, side.height_px), side.samples, "raw", layout)
        if upside_down:
            image = image.transpose(Image.Transpose.ROTATE_180)
        if side.mode is ScanMode.LINEART:
            return CapturedPage(encode_g4(image, side.dpi), ".tif")
        buffer = io.BytesIO()
        dpi = round(side.dpi)
        image.save(
            buffer,
            "JPEG",
            quality=self._quality,
            subsampling=_FULL_CHROMA,
            dpi=(dpi, dpi),
        )
        return CapturedPage(buffer.getvalue(), ".jpg")
