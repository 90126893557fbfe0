"""A bilevel page as a single-strip Group 4 TIFF (TIFF 6.0, ITU-T T.6).

The one form in which fax-coded pages travel: the strip is the coded data, untouched.
"""

from __future__ import annotations

import io
import struct
from typing import Final

from PIL import Image, TiffImagePlugin

_SHORT: Final = 3
_LONG: Final = 4
_RATIONAL: Final = 5
_ROWS_PER_STRIP: Final = 278
_STRIP_OFFSETS: Final = 273
_STRIP_SIZES: Final = 279


def wrap_g4(strip: bytes, width: int, height: int, dpi: float, *, black_is_zero: bool) -> bytes:
    """Put a TIFF header before Group 4 data.

    Args:
        strip: T.6 data, most significant bit first.
        width: pixels.
        height: pixels.
        dpi: pixels per inch, both ways.
        black_is_zero: True where the coded black runs show white (PDF `BlackIs1`).
    """
    entries = 11
    resolution_at = 8 + 2 + 12 * entries + 4
    data_at = resolution_at + 8
    fields = (
        (256, _LONG, width),
        (257, _LONG, height),
        (258, _SHORT, 1),
        (259, _SHORT, 4),
        (262, _SHORT, int(black_is_zero)),
        (_STRIP_OFFSETS, _LONG, data_at),
        (_ROWS_PER_STRIP, _LONG, height),
        (_STRIP_SIZES, _LONG, len(strip)),
        (282, _RATIONAL, resolution_at),
        (283, _RATIONAL, resolution_at),
        (296, _SHORT, 2),
    )
    out = [struct.pack("<2sHIH", b"II", 42, 8, entries)]
    out += [struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in fields]
    out += [struct.pack("<I", 0), struct.pack("<II", round(dpi * 100), 100), strip]
    return b"".join(out)


def encode_g4(image: Image.Image, dpi: float) -> bytes:
    """Code a bilevel (mode `1`) image losslessly."""
    inverted = Image.frombytes("1", image.size, image.tobytes(), "raw", "1;I")
    buffer = io.BytesIO()
    inverted.save(buffer, "TIFF", compression="group4", tiffinfo={_ROWS_PER_STRIP: inverted.height})
    with Image.open(buffer, formats=["TIFF"]) as coded:
        assert isinstance(coded, TiffImagePlugin.TiffImageFile)  # noqa: S101
        offset, size = coded.tag_v2[_STRIP_OFFSETS][0], coded.tag_v2[_STRIP_SIZES][0]
    strip = buffer.getvalue()[offset : offset + size]
    return wrap_g4(strip, image.width, image.height, dpi, black_is_zero=False)
