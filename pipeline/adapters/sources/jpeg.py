"""The structure of a JPEG file (ITU-T T.81, JFIF, EXIF 2.3): header facts, and whether it is whole.

No pixel is decoded here.
"""

from __future__ import annotations

import mmap
import struct
from typing import Final, TypeAlias

from pipeline.adapters.sources.facts import MIRRORED, TURNS, ImageFacts
from pipeline.errors import UnreadableScan

Buffer: TypeAlias = bytes | mmap.mmap

_SOI: Final = b"\xff\xd8"
_EOI: Final = b"\xff\xd9"
_NEXT_IMAGE: Final = _SOI + b"\xff"
_START_OF_SCAN: Final = 0xDA
_BASELINE_TO_PROGRESSIVE: Final = (0xC0, 0xC1, 0xC2)
_OTHER_FRAMES: Final = (0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF)
_APP0: Final = 0xE0
_APP1: Final = 0xE1
_CM_PER_INCH: Final = 2.54
_UPRIGHT: Final = 1


def is_jpeg(head: bytes) -> bool:
    """True where the file starts like a JPEG."""
    return head.startswith(_SOI + b"\xff")


def read_jpeg(data: Buffer) -> ImageFacts:
    """Walk the markers from start to end of image.

    Raises:
        UnreadableScan: `SCAN_TRUNCATED` (no end of image), `SCAN_UNREADABLE` (a process no
            reader of PDF knows: 12 bit, arithmetic, lossless).
    """
    frame: tuple[int, int, int] | None = None
    dpi, orientation = (0.0, 0.0), _UPRIGHT
    position, size = len(_SOI), len(data)
    while position + 4 <= size:
        if data[position] != 0xFF:
            raise UnreadableScan("SCAN_TRUNCATED")
        marker = data[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        segment = bytes(data[position + 4 : position + 2 + length])
        if length < 2 or len(segment) != length - 2:
            raise UnreadableScan("SCAN_TRUNCATED")
        position += 2 + length
        if marker in _BASELINE_TO_PROGRESSIVE:
            frame = _frame(segment)
        elif marker in _OTHER_FRAMES:
            raise UnreadableScan("SCAN_UNREADABLE")
        elif marker == _APP0 and dpi == (0.0, 0.0):
            dpi = _jfif_dpi(segment)
        elif marker == _APP1 and segment.startswith(b"Exif\0\0"):
            orientation, exif_dpi = _exif(segment[6:])
            dpi = exif_dpi if dpi == (0.0, 0.0) else dpi
        elif marker == _START_OF_SCAN:
            break
    end = data.find(_EOI, position)
    if frame is None or end < 0:
        raise UnreadableScan("SCAN_TRUNCATED")
    width, height, channels = frame
    more = data.find(_NEXT_IMAGE, end) >= 0
    turn, mirrored = TURNS.get(orientation, 0), orientation in MIRRORED
    return ImageFacts(width, height, channels, dpi, turn, mirrored, more=more)


def _frame(segment: bytes) -> tuple[int, int, int]:
    if len(segment) < 6:
        raise UnreadableScan("SCAN_TRUNCATED")
    precision, height, width, channels = struct.unpack(">BHHB", segment[:6])
    if precision != 8 or channels not in (1, 3, 4) or not width or not height:
        raise UnreadableScan("SCAN_UNREADABLE")
    return width, height, channels


def _jfif_dpi(segment: bytes) -> tuple[float, float]:
    if len(segment) < 12 or not segment.startswith(b"JFIF\0"):
        return (0.0, 0.0)
    unit, x, y = struct.unpack(">BHH", segment[7:12])
    scale = {1: 1.0, 2: _CM_PER_INCH}.get(unit, 0.0)
    return (x * scale, y * scale)


def _exif(tiff: bytes) -> tuple[int, tuple[float, float]]:
    """Orientation and resolution of IFD 0; what cannot be read is not said."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 8:
        return _UPRIGHT, (0.0, 0.0)
    (start,) = struct.unpack_from(order + "I", tiff, 4)
    values: dict[int, float] = {}
    if start + 2 > len(tiff):
        return _UPRIGHT, (0.0, 0.0)
    (count,) = struct.unpack_from(order + "H", tiff, start)
    for n in range(count):
        at = start + 2 + 12 * n
        if at + 12 > len(tiff):
            break
        tag, kind, _, offset = struct.unpack_from(order + "HHII", tiff, at)
        if kind == 3:
            (values[tag],) = struct.unpack_from(order + "H", tiff, at + 8)
        elif kind == 5 and offset + 8 <= len(tiff):
            over, under = struct.unpack_from(order + "II", tiff, offset)
            values[tag] = over / under if under else 0.0
    scale = _CM_PER_INCH if values.get(0x0128) == 3 else 1.0
    dpi = (values.get(0x011A, 0.0) * scale, values.get(0x011B, 0.0) * scale)
    return int(values.get(0x0112, _UPRIGHT)), dpi
