"""Page images as image XObjects, their compressed data passed through untouched.

JPEG goes in as DCTDecode, a single-strip G4 TIFF as CCITTFaxDecode, a plain PNG as FlateDecode
with PNG predictors. What PDF cannot carry as it is (interlaced or transparent PNG, other TIFF) is
decoded and stored losslessly. May not come in: resolution, turns, pages.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from pikepdf import Array, Dictionary, Name, Object, Pdf, String
from PIL import Image, UnidentifiedImageError

from pipeline.errors import AssemblyError

_PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_TIFF_SIGNATURES: Final = (b"II*\x00", b"MM\x00*")
_JPEG_SIGNATURE: Final = b"\xff\xd8"
_G4: Final = 4
_BYTES_REVERSED: Final = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))


@dataclass(frozen=True, slots=True)
class EmbeddedImage:
    """Compressed data of an image and the entries of its dictionary."""

    data: bytes
    entries: Dictionary
    width_px: int
    height_px: int

    def add_to(self, pdf: Pdf) -> Object:
        """Make the image XObject."""
        stream = pdf.make_stream(self.data, self.entries)
        stream.Type, stream.Subtype = Name.XObject, Name.Image
        stream.Width, stream.Height = self.width_px, self.height_px
        return stream


def load(path: Path) -> EmbeddedImage:
    """Read a page image for embedding.

    Args:
        path: JPEG, PNG or single-page TIFF.

    Raises:
        AssemblyError: `IMAGE_UNREADABLE`, `IMAGE_UNSUPPORTED` (another format or coding),
            `IMAGE_CMYK` (intake converts those).
    """
    try:
        with path.open("rb") as source:
            start = source.read(8)
            source.seek(0)
            if start.startswith(_JPEG_SIGNATURE):
                return _jpeg(source.read())
            if start.startswith(_PNG_SIGNATURE):
                return _png(source)
            if start.startswith(_TIFF_SIGNATURES):
                return _tiff(source)
    except (
        OSError,
        EOFError,
        ValueError,
        SyntaxError,
        KeyError,
        IndexError,
        TypeError,
        struct.error,
        zlib.error,
        UnidentifiedImageError,
        Image.DecompressionBombError,
    ) as error:
        raise AssemblyError("IMAGE_UNREADABLE") from error
    raise AssemblyError("IMAGE_UNSUPPORTED")


# -- JPEG -----------------------------------------------------------------------------------

_JPEG_FRAMES: Final = frozenset((0xC0, 0xC1, 0xC2))
"""Baseline, extended and progressive Huffman frames: what DCTDecode reads."""
_JPEG_OTHER_FRAMES: Final = frozenset(range(0xC3, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_ALONE: Final = frozenset((0x01, *range(0xD0, 0xD9)))
_JPEG_SCAN: Final = 0xDA


def _jpeg(data: bytes) -> EmbeddedImage:
    depth, height, width, components = _jpeg_frame(data)
    if depth != 8 or not width or not height:
        raise AssemblyError("IMAGE_UNSUPPORTED")
    if components == 4:
        raise AssemblyError("IMAGE_CMYK")
    space = {1: Name.DeviceGray, 3: Name.DeviceRGB}.get(components)
    if space is None:
        raise AssemblyError("IMAGE_UNSUPPORTED")
    entries = Dictionary(ColorSpace=space, BitsPerComponent=8, Filter=Name.DCTDecode)
    return EmbeddedImage(data, entries, width, height)


def _jpeg_frame(data: bytes) -> tuple[int, int, int, int]:
    """Sample depth, height, width (px) and number of components from the frame header."""
    place = 2
    while place + 4 <= len(data):
        if data[place] != 0xFF:
            break
        marker = data[place + 1]
        if marker == 0xFF:
            place += 1
        elif marker in _JPEG_ALONE:
            place += 2
        elif marker in _JPEG_FRAMES:
            depth, height, width, components = struct.unpack_from(">BHHB", data, place + 4)
            return depth, height, width, components
        elif marker in _JPEG_OTHER_FRAMES:
            raise AssemblyError("IMAGE_UNSUPPORTED")
        elif marker == _JPEG_SCAN:
            break
        else:
            place += 2 + int(struct.unpack_from(">H", data, place + 2)[0])
    raise AssemblyError("IMAGE_UNREADABLE")


# -- PNG ------------------------------------------------------------------------------------

_PNG_CHANNELS: Final = {0: 1, 2: 3, 3: 1}
"""Channels of the colour types without alpha: grey, RGB, palette."""
_PNG_PALETTE: Final = 3


def _png(source: IO[bytes]) -> EmbeddedImage:
    header, palette, transparent, data = b"", b"", False, bytearray()
    for kind, body in _png_chunks(source):
        if kind == b"IHDR":
            header = body
        elif kind == b"PLTE":
            palette = body
        elif kind == b"tRNS":
            transparent = True
        elif kind == b"IDAT":
            data += body
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    if not data:
        raise AssemblyError("IMAGE_UNREADABLE")
    if interlaced or transparent or colour not in _PNG_CHANNELS:
        source.seek(0)
        return _decoded(source)
    channels = _PNG_CHANNELS[colour]
    space: Object = Name.DeviceRGB if channels == 3 else Name.DeviceGray
    if colour == _PNG_PALETTE:
        last = len(palette) // 3 - 1
        space = Array([Name.Indexed, Name.DeviceRGB, last, String(palette)])
    parms = Dictionary(Predictor=15, Colors=channels, BitsPerComponent=depth, Columns=width)
    entries = Dictionary(
        ColorSpace=space, BitsPerComponent=depth, Filter=Name.FlateDecode, DecodeParms=parms
    )
    return EmbeddedImage(bytes(data), entries, width, height)


def _png_chunks(source: IO[bytes]) -> Iterator[tuple[bytes, bytes]]:
    source.seek(len(_PNG_SIGNATURE))
    while len(head := source.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        if kind == b"IEND":
            return
        body = source.read(length)
        if len(body) != length:
            raise AssemblyError("IMAGE_UNREADABLE")
        source.seek(4, io.SEEK_CUR)
        yield kind, body
    raise AssemblyError("IMAGE_UNREADABLE")


# -- TIFF -----------------------------------------------------------------------------------

_WIDTH, _HEIGHT, _COMPRESSION, _PHOTOMETRIC, _FILL_ORDER = 256, 257, 259, 262, 266
_STRIP_OFFSETS, _ORIENTATION, _ROWS_PER_STRIP, _STRIP_COUNTS = 273, 274, 278, 279
_BLACK_IS_ZERO: Final = 1
_SHORT, _LONG = 3, 4
_MOST_VALUES: Final = 1 << 20
_UNDO_ORIENTATION: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def _tiff(source: IO[bytes]) -> EmbeddedImage:
    tags = _tiff_tags(source)
    if tags.get(_COMPRESSION, (1,))[0] != _G4 or len(tags.get(_STRIP_OFFSETS, ())) != 1:
        source.seek(0)
        return _decoded(source, tags.get(_ORIENTATION, (1,))[0])
    width, height = tags[_WIDTH][0], tags[_HEIGHT][0]
    size = tags[_STRIP_COUNTS][0]
    source.seek(tags[_STRIP_OFFSETS][0])
    data = source.read(size)
    if not data or len(data) != size:
        raise AssemblyError("IMAGE_UNREADABLE")
    if tags.get(_FILL_ORDER, (1,))[0] == 2:
        data = data.translate(_BYTES_REVERSED)
    parms = Dictionary(K=-1, Columns=width, Rows=height)
    if tags.get(_PHOTOMETRIC, (0,))[0] == _BLACK_IS_ZERO:
        parms.BlackIs1 = True
    entries = Dictionary(
        ColorSpace=Name.DeviceGray,
        BitsPerComponent=1,
        Filter=Name.CCITTFaxDecode,
        DecodeParms=parms,
    )
    return EmbeddedImage(data, entries, width, height)


def _tiff_tags(source: IO[bytes]) -> dict[int, tuple[int, ...]]:
    """Whole-number tags of the first directory (TIFF 6.0 §2)."""
    source.seek(0)
    order = "<" if source.read(2) == b"II" else ">"
    _, first = struct.unpack(order + "HL", source.read(6))
    source.seek(first)
    (count,) = struct.unpack(order + "H", source.read(2))
    directory = source.read(12 * count)
    tags: dict[int, tuple[int, ...]] = {}
    for place in range(0, 12 * count, 12):
        tag, kind, values = struct.unpack_from(order + "HHL", directory, place)
        if kind in (_SHORT, _LONG) and 0 < values <= _MOST_VALUES:
            layout = f"{order}{values}{'H' if kind == _SHORT else 'L'}"
            size, inline = struct.calcsize(layout), directory[place + 8 : place + 12]
            if size > len(inline):
                source.seek(struct.unpack(order + "L", inline)[0])
                inline = source.read(size)
            tags[tag] = struct.unpack_from(layout, inline)
    return tags


# -- decoded --------------------------------------------------------------------------------


def _decoded(source: IO[bytes], orientation: int = 1) -> EmbeddedImage:
    """Decode an image and keep its pixels losslessly, transparency over white.

    Args:
        source: the image file.
        orientation: TIFF orientation, which the decoder applies and which is undone here.
    """
    with Image.open(source) as opened:
        if opened.mode in ("CMYK", "YCCK"):
            raise AssemblyError("IMAGE_CMYK")
        image = _plain(opened)
    if orientation in _UNDO_ORIENTATION:
        image = image.transpose(_UNDO_ORIENTATION[orientation])
    if image.mode == "1":
        out = io.BytesIO()
        image.save(out, "TIFF", compression="group4", tiffinfo={_ROWS_PER_STRIP: image.height})
        return _tiff(out)
    deep = image.mode == "I;16"
    data = image.tobytes("raw", "I;16B") if deep else image.tobytes()
    entries = Dictionary(
        ColorSpace=Name.DeviceRGB if image.mode == "RGB" else Name.DeviceGray,
        BitsPerComponent=16 if deep else 8,
        Filter=Name.FlateDecode,
    )
    return EmbeddedImage(zlib.compress(data), entries, image.width, image.height)


def _plain(image: Image.Image) -> Image.Image:
    """The image in one of the modes 1, L, I;16 (grey) and RGB."""
    if "transparency" not in image.info:
        if image.mode in ("1", "L", "RGB"):
            return image.copy()
        if image.mode.startswith("I"):
            return image.convert("I;16")
    flat = Image.new("RGBA", image.size, "white")
    flat.alpha_composite(image.convert("RGBA"))
    return flat.convert("RGB")
