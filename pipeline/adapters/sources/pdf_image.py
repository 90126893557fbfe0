"""An image stream of a PDF: how it is coded, and whether its data may travel as it is.

Runs inside the sandbox. May not come in: where the image stands on a page.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

import pikepdf

from pipeline.adapters.sources.g4 import wrap_g4
from pipeline.adapters.sources.jpeg import is_jpeg, read_jpeg
from pipeline.errors import UnreadableScan

_FLATE: Final = "/FlateDecode"
_DCT: Final = "/DCTDecode"
_CCITT: Final = "/CCITTFaxDecode"
_JPX: Final = "/JPXDecode"
_SQUEEZING: Final = frozenset((_FLATE, "/LZWDecode", "/RunLengthDecode"))
_ARMOURING: Final = frozenset(("/ASCII85Decode", "/ASCIIHexDecode"))
_LONG_NAMES: Final = {
    "/Fl": _FLATE,
    "/DCT": _DCT,
    "/CCF": _CCITT,
    "/LZW": "/LZWDecode",
    "/RL": "/RunLengthDecode",
    "/A85": "/ASCII85Decode",
    "/AHx": "/ASCIIHexDecode",
}
_SMALL: Final = 64 * 1024
"""One squeezing filter makes at most 1100 times as much of this."""
_MAX_JPEG: Final = 256 * 1024**2
_PIECE: Final = 1024 * 1024
_PNG_PREDICTORS: Final = 10
"""From here on each row begins with a byte of its own."""


class Coding(StrEnum):
    """How the page image leaves the PDF."""

    JPEG = "jpeg"
    """The DCT data, untouched."""
    G4 = "g4"
    """The T.6 data, untouched, in a TIFF."""
    DECODED = "decoded"
    """Decoded losslessly, kept as PNG."""


def filters_of(stream: pikepdf.Stream) -> list[str]:
    """Filter names, outermost first."""
    value = stream.get("/Filter")
    names = list(value) if isinstance(value, pikepdf.Array) else [] if value is None else [value]
    return [_LONG_NAMES.get(str(name), str(name)) for name in names]


def bounded_bytes(stream: pikepdf.Stream, limit: int) -> bytes | None:
    """Decoded data of a stream, None where it is longer than `limit` or oddly coded."""
    filters = filters_of(stream)
    if int(stream.get("/Length", 0)) > limit:
        return None
    if not filters:
        return stream.read_raw_bytes()
    if filters == [_FLATE] and stream.get("/DecodeParms") is None:
        data = zlib.decompressobj().decompress(stream.read_raw_bytes(), limit + 1)
        return data if len(data) <= limit else None
    squeezing = sum(name in _SQUEEZING for name in filters)
    known = all(name in _SQUEEZING | _ARMOURING for name in filters)
    if not known or squeezing > 1 or len(stream.read_raw_bytes()) > _SMALL:
        return None
    data = stream.read_bytes()
    return data if len(data) <= limit else None


def coding_of(stream: pikepdf.Stream) -> Coding | None:
    """How the image may be taken out losslessly; None where it cannot be."""
    odd = ("/SMask", "/Mask", "/ImageMask", "/OC", "/SMaskInData")
    if any(_is_set(stream.get(key)) for key in odd):
        return None
    filters, bits = filters_of(stream), int(stream.get("/BitsPerComponent", 1))
    if _DCT in filters:
        return Coding.JPEG if _jpeg_travels(stream) else None
    if filters == [_CCITT] and _g4_travels(stream):
        return Coding.G4
    if _JPX in filters:
        return Coding.DECODED
    space = stream.get("/ColorSpace")
    if bits == 1 and _is_coloured_palette(space):
        return None
    if bits in (1, 2, 4, 8) and _channels(space) is not None:
        return Coding.DECODED
    return None


def jpeg_data(stream: pikepdf.Stream) -> bytes:
    """The DCT data of an image, other filters around it taken off.

    Raises:
        UnreadableScan: `SCAN_UNREADABLE`.
    """
    data = stream.read_raw_bytes()
    for name in filters_of(stream)[:-1]:
        if name != _FLATE:
            raise UnreadableScan("SCAN_UNREADABLE")
        data = zlib.decompressobj().decompress(data, _MAX_JPEG)
    return data


def g4_data(stream: pikepdf.Stream, dpi: float) -> bytes:
    """The T.6 data of an image as a TIFF."""
    inverted = bool(_parameters(stream).get("/BlackIs1", False))
    if _decode(stream) == [1, 0]:
        inverted = not inverted
    return wrap_g4(
        stream.read_raw_bytes(),
        int(stream.get("/Width", 0)),
        int(stream.get("/Height", 0)),
        dpi,
        black_is_zero=inverted,
    )


def is_whole_image(stream: pikepdf.Stream) -> bool:
    """False where rows of an image are missing for certain: its data ends too early."""
    if not is_whole(stream, default=True):
        return False
    channels = _channels(stream.get("/ColorSpace"))
    if filters_of(stream) != [_FLATE] or channels is None:
        return True
    bits = int(stream.get("/BitsPerComponent", 1)) * channels * int(stream.get("/Width", 0))
    predicted = int(_parameters(stream).get("/Predictor", 1)) >= _PNG_PREDICTORS
    row = -(-bits // 8) + predicted
    length = _inflated_length(stream.read_raw_bytes())
    return length is not None and length > row * (int(stream.get("/Height", 0)) - 1)


def is_whole(stream: pikepdf.Stream, *, default: bool) -> bool:
    """True where the coded data reaches its end mark.

    Args:
        stream: any stream.
        default: the answer for codings that have no end mark.
    """
    filters = filters_of(stream)
    outer = filters[0] if filters else ""
    if outer == _DCT:
        try:
            read_jpeg(stream.read_raw_bytes())
        except UnreadableScan:
            return False
        return True
    if outer == _FLATE:
        return _inflated_length(stream.read_raw_bytes()) is not None
    if outer == _CCITT:
        tail = int.from_bytes(stream.read_raw_bytes()[-8:], "big")
        return default or any((tail >> n) & 0xFFFFFF == 0x001001 for n in range(41))
    return default


def _inflated_length(data: bytes) -> int | None:
    """Bytes a zlib stream makes, None where it is broken or has no end."""
    inflater = zlib.decompressobj()
    try:
        length = sum(map(len, _inflated(inflater, data)))
    except zlib.error:
        return None
    return length if inflater.eof else None


def _inflated(inflater: zlib._Decompress, data: bytes) -> Iterator[bytes]:
    while data and not inflater.eof:
        yield inflater.decompress(data, _PIECE)
        data = inflater.unconsumed_tail


def _is_set(value: object) -> bool:
    return value is not None and value is not False and value != 0


def _parameters(stream: pikepdf.Stream) -> pikepdf.Dictionary:
    value = stream.get("/DecodeParms")
    if isinstance(value, pikepdf.Array):
        value = value[-1] if len(value) else None
    return value if isinstance(value, pikepdf.Dictionary) else pikepdf.Dictionary()


def _decode(stream: pikepdf.Stream) -> list[float] | None:
    value = stream.get("/Decode")
    return [float(v) for v in value] if isinstance(value, pikepdf.Array) else None


def _channels(space: pikepdf.Object | None) -> int | None:
    """Channels of a plain grey, RGB or indexed colour space; None for others."""
    if isinstance(space, pikepdf.Array):
        family = str(space[0])
        if family == "/ICCBased":
            channels = int(space[1].get("/N", 0))
            return channels if channels in (1, 3) else None
        if family == "/Indexed":
            return 1 if _channels(space[1]) in (1, 3) else None
    else:
        family = str(space)
    known = {"/DeviceGray": 1, "/G": 1, "/CalGray": 1, "/DeviceRGB": 3, "/RGB": 3, "/CalRGB": 3}
    return known.get(family)


def _is_indexed(space: pikepdf.Object | None) -> bool:
    return isinstance(space, pikepdf.Array) and str(space[0]) == "/Indexed"


def _is_coloured_palette(space: pikepdf.Object | None) -> bool:
    """True for a palette whose first two colours are not black and white: all that one bit says."""
    if not isinstance(space, pikepdf.Array) or not _is_indexed(space):
        return False
    table = space[3]
    colours = table.read_bytes() if isinstance(table, pikepdf.Stream) else bytes(table)
    channels = _channels(space[1]) or 1
    found = {colours[:channels], colours[channels : 2 * channels]}
    return found != {bytes(channels), b"\xff" * channels}


def _jpeg_travels(stream: pikepdf.Stream) -> bool:
    filters, space = filters_of(stream), stream.get("/ColorSpace")
    if filters[-1] != _DCT or any(name != _FLATE for name in filters[:-1]):
        return False
    data = jpeg_data(stream)
    if not is_jpeg(data):
        return False
    try:
        facts = read_jpeg(data)
    except UnreadableScan:
        return False
    said = (int(stream.get("/Width", 0)), int(stream.get("/Height", 0)), _channels(space))
    plain = _decode(stream) in (None, [0.0, 1.0] * facts.channels)
    return (
        said == (facts.width_px, facts.height_px, facts.channels)
        and facts.channels in (1, 3)
        and plain
        and not _is_indexed(space)
        and int(_parameters(stream).get("/ColorTransform", 1)) == 1
    )


def _g4_travels(stream: pikepdf.Stream) -> bool:
    parameters, space = _parameters(stream), stream.get("/ColorSpace")
    return (
        int(parameters.get("/K", 0)) < 0
        and not _is_set(parameters.get("/EncodedByteAlign"))
        and int(parameters.get("/Columns", 1728)) == int(stream.get("/Width", 0))
        and _channels(space) == 1
        and not _is_indexed(space)
        and _decode(stream) in (None, [0, 1], [1, 0])
    )
