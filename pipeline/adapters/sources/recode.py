"""Decoded pixels coded again as PNG, and how faithful that is. Runs inside the sandbox."""

from __future__ import annotations

import io
from typing import Final

from PIL import Image

from pipeline.adapters.sources.facts import bound_pixels

_EXACT_MODES: Final = ("1", "L", "P", "RGB", "I;16")
_COMPRESSION: Final = 4


def to_png(image: Image.Image) -> tuple[bytes, bool]:
    """PNG without alpha, and whether every sample was kept as it was.

    Transparency is laid on white paper; CMYK, Lab and the like become RGB.
    """
    exact = image.mode in _EXACT_MODES and "transparency" not in image.info
    if not exact:
        image = _on_paper(image)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=_COMPRESSION)
    return buffer.getvalue(), exact


def squared(image: Image.Image, dpi: tuple[float, float], max_pixels: int) -> Image.Image:
    """Uneven resolutions, as of a fax (204 x 98), brought to square pixels.

    Raises:
        UnsafeInput: `PAGE_TOO_LARGE`, there would be more than `max_pixels`.
    """
    highest = max(dpi)
    size = (round(image.width * highest / dpi[0]), round(image.height * highest / dpi[1]))
    bound_pixels(*size, max_pixels)
    return image.resize(size, Image.Resampling.NEAREST)


def _on_paper(image: Image.Image) -> Image.Image:
    if image.mode in ("LA", "RGBA", "PA", "La", "RGBa") or "transparency" in image.info:
        layer = image.convert("RGBA")
        paper = Image.new("RGB", image.size, "white")
        paper.paste(layer, mask=layer.getchannel("A"))
        return paper.convert("L") if image.mode in ("L", "LA", "1") else paper
    return image.convert("RGB")
