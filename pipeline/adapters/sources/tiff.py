"""Frames of a TIFF file: checked against the file's length, taken out one by one.

Group 4 in one strip and JPEG in one strip are taken out as they are; every other coding is
decoded and kept losslessly (Group 4 for bilevel, PNG for the rest). Runs inside the sandbox.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from PIL import Image, TiffImagePlugin, UnidentifiedImageError

from pipeline.adapters.sources.facts import MIRRORED, TURNS, bound_pixels, is_square, settled_dpi
from pipeline.adapters.sources.g4 import encode_g4, wrap_g4
from pipeline.adapters.sources.jpeg import is_jpeg, read_jpeg
from pipeline.adapters.sources.recode import squared, to_png
from pipeline.errors import IntakeError, UnreadableScan, UnsafeInput
from pipeline.models.files import SourceKind
from pipeline.ports.reading import ExtractedPage, SourceReport

_G4: Final = 4
_JPEG: Final = 7
_BIG: Final = 43
_MARKS: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_SIDEWAYS: Final = (5, 6, 7, 8)
_GREY: Final = 1
_RGB: Final = 2
_YCC: Final = 6
_SOI: Final = b"\xff\xd8"
_ADOBE: Final = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00"
"""APP14 but for its last byte, the colour transform."""
_CM: Final = 3
_CM_PER_INCH: Final = 2.54
_MEASUREMENTS: Final = ("I", "F")
"""Modes of samples with a sign or of 32 bits: no scanner writes them, no page shows them."""
_DEEP_GREY: Final = "I;16"
_DEPTH_OF_PNG_COLOUR: Final = 8
_NEGATIVE: Final = bytes(range(255, -1, -1))


def is_tiff(head: bytes) -> bool:
    """True where the file starts like a TIFF or BigTIFF."""
    return head.startswith(_MARKS)


def probe_tiff(path: Path, max_pages: int, max_pixels: int) -> SourceReport:
    """Count the frames and check that all their data is there.

    Raises:
        UnreadableScan: `SCAN_TRUNCATED`, `SCAN_UNREADABLE` (measurements, not a picture).
        UnsafeInput: `PAGE_TOO_LARGE`, `TOO_MANY_PAGES`.
    """
    size = path.stat().st_size
    directories = _directories(path, size, max_pages)
    count = 0
    for frame in _frames(path):
        count += 1
        if count > max_pages:
            raise UnsafeInput("TOO_MANY_PAGES", limit=max_pages)
        bound_pixels(_tag(frame, 256), _tag(frame, 257), max_pixels)
        _check_data(frame, size)
        if frame.mode in _MEASUREMENTS:
            raise UnreadableScan("SCAN_UNREADABLE", page=count)
    if count != directories:
        raise UnreadableScan("SCAN_TRUNCATED")
    return SourceReport(kind=SourceKind.TIFF, pages=count)


def tiff_pages(path: Path, max_pixels: int) -> Iterator[ExtractedPage]:
    """Take the frames out in order.

    Raises:
        UnreadableScan: `SCAN_UNREADABLE`, with the 1-based page.
        UnsafeInput: `PAGE_TOO_LARGE`.
    """
    for number, frame in enumerate(_frames(path), start=1):
        bound_pixels(_tag(frame, 256), _tag(frame, 257), max_pixels)
        try:
            yield _as_stored(frame, path) or _decoded(frame, max_pixels)
        except IntakeError:
            raise
        except (OSError, ValueError, SyntaxError, KeyError, TypeError, RuntimeError) as error:
            raise UnreadableScan("SCAN_UNREADABLE", page=number) from error


def _directories(path: Path, size: int, most: int) -> int:
    """How many image directories the chain has, at most one more than `most`.

    The decoder makes something of a directory that is garbage: pages behind it would be lost.

    Raises:
        UnreadableScan: `SCAN_TRUNCATED`, one does not lie whole within the file.
    """
    seen: set[int] = set()
    try:
        with path.open("rb") as file:
            head = file.read(16)
            order = "<" if head.startswith(b"II") else ">"
            big = struct.unpack_from(order + "H", head, 2)[0] == _BIG
            entry, number, offset = (20, "Q", "Q") if big else (12, "H", "I")
            number, offset = order + number, order + offset
            (at,) = struct.unpack_from(offset, head, 8 if big else 4)
            while at and at not in seen and len(seen) <= most:
                seen.add(at)
                file.seek(at)
                (entries,) = struct.unpack(number, file.read(struct.calcsize(number)))
                after = file.tell() + entry * entries
                if not entries or after + struct.calcsize(offset) > size:
                    raise UnreadableScan("SCAN_TRUNCATED")
                file.seek(after)
                (at,) = struct.unpack(offset, file.read(struct.calcsize(offset)))
    except (OSError, OverflowError, ValueError, struct.error) as error:
        raise UnreadableScan("SCAN_TRUNCATED") from error
    return len(seen)


def _frames(path: Path) -> Iterator[TiffImagePlugin.TiffImageFile]:
    try:
        with Image.open(path, formats=["TIFF"]) as image:
            assert isinstance(image, TiffImagePlugin.TiffImageFile)  # noqa: S101
            for number in range(image.n_frames):
                image.seek(number)
                yield image
    except IntakeError:
        raise
    except UnidentifiedImageError as error:
        raise UnreadableScan("SCAN_TRUNCATED") from error
    except (OSError, ValueError, SyntaxError, KeyError, TypeError, RuntimeError) as error:
        raise UnreadableScan("SCAN_TRUNCATED") from error


def _tag(frame: TiffImagePlugin.TiffImageFile, number: int, default: int = 0) -> int:
    values = _tags(frame, number)
    return int(values[0]) if values else default


def _tags(frame: TiffImagePlugin.TiffImageFile, number: int) -> tuple[Any, ...]:
    value = frame.tag_v2.get(number)
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)


def _check_data(frame: TiffImagePlugin.TiffImageFile, size: int) -> None:
    offsets = _tags(frame, 273) or _tags(frame, 324)
    sizes = _tags(frame, 279) or _tags(frame, 325)
    if not offsets or len(offsets) != len(sizes) or not all(sizes):
        raise UnreadableScan("SCAN_TRUNCATED")
    if any(at + length > size for at, length in zip(offsets, sizes, strict=True)):
        raise UnreadableScan("SCAN_TRUNCATED")


def _resolution(frame: TiffImagePlugin.TiffImageFile) -> tuple[float, float]:
    scale = _CM_PER_INCH if _tag(frame, 296, 2) == _CM else 1.0
    x, y = (float((_tags(frame, number) or (0.0,))[0]) * scale for number in (282, 283))
    return (x, y) if x == x and y == y else (0.0, 0.0)


def _as_stored(frame: TiffImagePlugin.TiffImageFile, path: Path) -> ExtractedPage | None:
    """The coded data itself, where one strip holds the frame in a form that travels."""
    offsets, sizes = _tags(frame, 273), _tags(frame, 279)
    said = _resolution(frame)
    orientation = _tag(frame, 274, 1)
    if len(offsets) != 1 or len(sizes) != 1 or not is_square(said) or orientation in MIRRORED:
        return None
    width, height = _tag(frame, 256), _tag(frame, 257)
    dpi = settled_dpi(said[0], width, height)
    with path.open("rb") as file:
        file.seek(offsets[0])
        strip = file.read(sizes[0])
    turn = TURNS.get(orientation, 0)
    coding, photometric = _tag(frame, 259), _tag(frame, 262)
    bilevel = _tag(frame, 258, 1) == 1 and _tag(frame, 277, 1) == 1
    if coding == _G4 and bilevel and _tag(frame, 266, 1) == 1 and photometric in (0, 1):
        whole = wrap_g4(strip, width, height, dpi, black_is_zero=photometric == 1)
        return ExtractedPage(whole, "image/tiff", width, height, dpi, turn, lossless=True)
    if coding == _JPEG and is_jpeg(strip):
        whole = _interchange(strip, frame.tag_v2.get(347), photometric)
        facts = read_jpeg(whole)
        fits = (facts.width_px, facts.height_px) == (width, height)
        if fits and (photometric, facts.channels) in ((_GREY, 1), (_RGB, 3), (_YCC, 3)):
            return ExtractedPage(whole, "image/jpeg", width, height, dpi, turn, lossless=True)
    return None


def _interchange(strip: bytes, tables: object, photometric: int) -> bytes:
    """An abbreviated JPEG stream and its tables as one interchange stream (TIFF Tech Note 2).

    An Adobe marker says whether colour was transformed, so that every reader agrees.
    """
    marks = b"" if photometric == _GREY else _ADOBE + bytes([int(photometric == _YCC)])
    known = b""
    if isinstance(tables, bytes) and tables.startswith(_SOI):
        known = tables.removeprefix(_SOI).removesuffix(b"\xff\xd9")
    return _SOI + marks + known + strip.removeprefix(_SOI)


def _decoded(frame: TiffImagePlugin.TiffImageFile, max_pixels: int) -> ExtractedPage:
    said = _resolution(frame)
    turned = _tag(frame, 274, 1) in _SIDEWAYS
    frame.load()
    image = _deep_grey(frame) if frame.mode.startswith(_DEEP_GREY) else frame
    deep = image.mode != _DEEP_GREY and max(_tags(frame, 258) or (1,)) > _DEPTH_OF_PNG_COLOUR
    lossless = not deep
    if not is_square(said):
        image = squared(image, said[::-1] if turned else said, max_pixels)
        said = (max(said), max(said))
        lossless = False
    dpi = settled_dpi(said[0], image.width, image.height)
    if image.mode == "1":
        data, media_type = encode_g4(image, dpi), "image/tiff"
    else:
        data, exact = to_png(image)
        lossless, media_type = lossless and exact, "image/png"
    return ExtractedPage(data, media_type, image.width, image.height, dpi, 0, lossless)


def _deep_grey(frame: TiffImagePlugin.TiffImageFile) -> Image.Image:
    """16-bit grey, low byte first, 0 black: the decoder leaves both as they are in the file."""
    grey = frame.convert("I").convert(_DEEP_GREY)
    if _tag(frame, 262, _GREY) == _GREY:
        return grey
    return Image.frombytes(_DEEP_GREY, grey.size, grey.tobytes().translate(_NEGATIVE))
