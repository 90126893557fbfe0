"""The TIFF that scanimage writes: uncompressed, one strip, nothing else is taken.

Strict on purpose: a device, or the program before it, may say anything, and a size that is said
must be there to the last byte. May not come in: other forms of TIFF (`adapters.sources` has them).
"""

from __future__ import annotations

import struct
from typing import Final

from pipeline.models.scanning import ScanMode
from pipeline.ports.scanning import ScannedSide

_WIDTH, _HEIGHT, _DEPTH, _CODING, _PHOTOMETRIC = 256, 257, 258, 259, 262
_OFFSET, _CHANNELS, _SIZE, _RESOLUTION, _UNIT = 273, 277, 279, 282, 296
_WANTED: Final = frozenset(
    {_WIDTH, _HEIGHT, _DEPTH, _CODING, _PHOTOMETRIC, _OFFSET, _CHANNELS, _SIZE, _RESOLUTION, _UNIT}
)
_FORMS: Final = {3: "H", 4: "I"}
_RATIONAL: Final = 5
_UNCODED: Final = 1
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
_CM: Final = 3
_CM_PER_INCH: Final = 2.54
_MOST_ENTRIES: Final = 64
_NEGATIVE: Final = bytes(range(255, -1, -1))
_KINDS: Final = {
    (_RGB, 3, 8): ScanMode.COLOUR,
    (_BLACK_IS_ZERO, 1, 8): ScanMode.GREY,
    (_WHITE_IS_ZERO, 1, 1): ScanMode.LINEART,
    (_BLACK_IS_ZERO, 1, 1): ScanMode.LINEART,
}


def read_frame(data: bytes, *, dpi: float, max_pixels: int) -> ScannedSide | None:
    """The one image of a file; None where it is truncated, too large, or of another form.

    Args:
        data: the whole file.
        dpi: where the file says none.
        max_pixels: bound.
    """
    try:
        tags = _tags(data)
        width, height = tags[_WIDTH], tags[_HEIGHT]
        photometric, channels = tags[_PHOTOMETRIC], tags.get(_CHANNELS, 1)
        depth, offset, size = tags[_DEPTH], tags[_OFFSET], tags[_SIZE]
        mode = _KINDS[(photometric, channels, depth)]
    except (KeyError, IndexError, struct.error, ZeroDivisionError):
        return None
    row = (width * channels * depth + 7) // 8
    samples = data[offset : offset + row * height]
    whole = len(samples) == row * height == size and tags.get(_CODING, _UNCODED) == _UNCODED
    if not whole or not 0 < width * height <= max_pixels:
        return None
    if mode is ScanMode.LINEART and photometric == _BLACK_IS_ZERO:
        samples = samples.translate(_NEGATIVE)
    said = tags.get(_RESOLUTION, 0) * (_CM_PER_INCH if tags.get(_UNIT) == _CM else 1.0)
    return ScannedSide(
        width_px=width, height_px=height, mode=mode, dpi=float(said or dpi), samples=samples
    )


def _tags(data: bytes) -> dict[int, int]:
    """The first value of every tag that is wanted.

    Raises:
        KeyError, IndexError, struct.error, ZeroDivisionError: no such file.
    """
    order = {b"II*\0": "<", b"MM\0*": ">"}[data[:4]]
    (at,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, at)
    found: dict[int, int] = {}
    for n in range(min(count, _MOST_ENTRIES)):
        tag, kind, many, offset = struct.unpack_from(order + "HHII", data, at + 2 + 12 * n)
        if tag not in _WANTED:
            continue
        if kind == _RATIONAL:
            over, under = struct.unpack_from(order + "II", data, offset)
            found[tag] = round(over / under)
            continue
        form = _FORMS[kind]
        place = at + 2 + 12 * n + 8 if many * struct.calcsize(form) <= 4 else offset
        (found[tag],) = struct.unpack_from(order + form, data, place)
    return found
