"""The structure of a PNG file (ISO/IEC 15948): header facts, and whether it is whole.

Every chunk's CRC is checked; rows are counted at most, no pixel is decoded here.
"""

from __future__ import annotations

import struct
import zlib
from typing import Final

from pipeline.adapters.sources.facts import ImageFacts
from pipeline.adapters.sources.jpeg import Buffer
from pipeline.errors import UnreadableScan

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_INCHES_PER_METRE: Final = 0.0254
_COLOUR_TYPES: Final = {0: (1, False), 2: (3, False), 3: (3, False), 4: (1, True), 6: (3, True)}
_SAMPLES: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Per pixel, by colour type."""
_PASSES: Final = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
"""Adam7: first column and row, and how far to the next."""
_PIECE: Final = 1 << 20


def is_png(head: bytes) -> bool:
    """True where the file starts like a PNG."""
    return head.startswith(_SIGNATURE)


def png_size(data: Buffer) -> tuple[int, int]:
    """Width and height in pixels, from the first chunk.

    Raises:
        UnreadableScan: `SCAN_TRUNCATED`.
    """
    if len(data) < 33 or data[12:16] != b"IHDR":
        raise UnreadableScan("SCAN_TRUNCATED")
    width, height = struct.unpack(">II", data[16:24])
    if not width or not height:
        raise UnreadableScan("SCAN_UNREADABLE")
    return width, height


def read_png(data: Buffer) -> ImageFacts:
    """Walk the chunks from header to end.

    Raises:
        UnreadableScan: `SCAN_TRUNCATED` (an end is missing or a chunk damaged), `SCAN_UNREADABLE`.
    """
    width, height = png_size(data)
    channels, alpha = _COLOUR_TYPES.get(data[25], (0, False))
    if not channels:
        raise UnreadableScan("SCAN_UNREADABLE")
    dpi, position, seen = (0.0, 0.0), len(_SIGNATURE), set[bytes]()
    while b"IEND" not in seen:
        if position + 12 > len(data):
            raise UnreadableScan("SCAN_TRUNCATED")
        length, kind = struct.unpack(">I4s", data[position : position + 8])
        end = position + 8 + length
        if end + 4 > len(data) or _crc(data, position + 4, end) != data[end : end + 4]:
            raise UnreadableScan("SCAN_TRUNCATED")
        if kind == b"pHYs" and length == 9:
            x, y, unit = struct.unpack(">IIB", data[position + 8 : end])
            scale = _INCHES_PER_METRE if unit == 1 else 0.0
            dpi = (round(x * scale, 2), round(y * scale, 2))
        seen.add(kind)
        position = end + 4
    if b"IDAT" not in seen:
        raise UnreadableScan("SCAN_TRUNCATED")
    return ImageFacts(
        width, height, channels, dpi, alpha=alpha or b"tRNS" in seen, more=b"fdAT" in seen
    )


def require_pixels(data: Buffer) -> None:
    """Inflate a PNG that was walked, and keep nothing: its rows must all be there.

    Raises:
        UnreadableScan: `SCAN_TRUNCATED`.
    """
    left = _raw_length(data)
    inflater = zlib.decompressobj()
    position = len(_SIGNATURE)
    try:
        while left > 0 and position + 8 <= len(data):
            length, kind = struct.unpack(">I4s", data[position : position + 8])
            for at in range(position + 8, position + 8 + length if kind == b"IDAT" else 0, _PIECE):
                packed = data[at : min(at + _PIECE, position + 8 + length)]
                while packed and left > 0:
                    left -= len(inflater.decompress(packed, _PIECE))
                    packed = inflater.unconsumed_tail
            position += 12 + length
    except zlib.error as error:
        raise UnreadableScan("SCAN_TRUNCATED") from error
    if left > 0:
        raise UnreadableScan("SCAN_TRUNCATED")


def _raw_length(data: Buffer) -> int:
    """Bytes of the inflated rows, each with its filter byte; interlaced: of all seven passes."""
    width, height = png_size(data)
    depth, samples = data[24], _SAMPLES.get(data[25], 1)
    passes = _PASSES if data[28] else ((0, 0, 1, 1),)
    length = 0
    for x, y, every_x, every_y in passes:
        wide, high = -(-(width - x) // every_x), -(-(height - y) // every_y)
        if wide > 0 and high > 0:
            length += high * (1 + -(-wide * depth * samples // 8))
    return length


def _crc(data: Buffer, start: int, end: int) -> bytes:
    value = 0
    for at in range(start, end, _PIECE):
        value = zlib.crc32(data[at : min(at + _PIECE, end)], value)
    return value.to_bytes(4, "big")
