"""Pages drawn by poppler: for pages that are more, or other, than one image.

Colour is looked for on a small drawing first: pages without it become grey PNG, others JPEG.
Owner of `pdf2image`; runs inside the sandbox, which bounds memory and time.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

import pdf2image
from pdf2image import exceptions as poppler
from PIL import Image, ImageChops

from pipeline.adapters.sources.jpeg import read_jpeg
from pipeline.adapters.sources.png import png_size, read_png
from pipeline.errors import MissingToolError, UnreadableScan
from pipeline.ports.reading import ExtractedPage

_LOOK_DPI: Final = 40
_COLOURED: Final = 24
"""Channels that differ by more than this (0 to 255) anywhere make a page coloured."""
_JPEG_QUALITY: Final = 92


def render_page(path: Path, number: int, dpi: int, scratch: Path) -> ExtractedPage:
    """Draw one page with its /Rotate applied.

    Args:
        path: the PDF.
        number: 1-based.
        dpi: pixels per inch of the result.
        scratch: folder for temporary files.

    Raises:
        UnreadableScan: `SCAN_UNREADABLE`, with the page.
        MissingToolError: poppler is not installed.
    """
    grey = not _is_coloured(_drawn(path, number, _LOOK_DPI, scratch, fmt="png"))
    drawn = _drawn(path, number, dpi, scratch, fmt="png" if grey else "jpeg", grey=grey)
    data = drawn.read_bytes()
    drawn.unlink()
    if grey:
        width, height = png_size(data)
        read_png(data)
        return ExtractedPage(data, "image/png", width, height, float(dpi), 0, lossless=False)
    facts = read_jpeg(data)
    return ExtractedPage(
        data, "image/jpeg", facts.width_px, facts.height_px, float(dpi), 0, lossless=False
    )


def _drawn(
    path: Path, number: int, dpi: int, scratch: Path, *, fmt: str, grey: bool = False
) -> Path:
    try:
        names = pdf2image.convert_from_path(
            path,
            dpi=dpi,
            first_page=number,
            last_page=number,
            fmt=fmt,
            jpegopt={"quality": _JPEG_QUALITY, "optimize": "y"},
            grayscale=grey,
            use_cropbox=True,
            output_folder=scratch,
            output_file=f"page-{dpi}",
            paths_only=True,
        )
    except poppler.PDFInfoNotInstalledError as error:
        raise MissingToolError("TOOL_MISSING", tool="poppler-utils") from error
    except (poppler.PDFPageCountError, poppler.PDFSyntaxError, subprocess.SubprocessError) as error:
        raise UnreadableScan("SCAN_UNREADABLE", page=number) from error
    paths = [Path(str(name)) for name in names]
    if len(paths) != 1 or paths[0].stat().st_size == 0:
        raise UnreadableScan("SCAN_UNREADABLE", page=number)
    return paths[0]


def _is_coloured(drawn: Path) -> bool:
    with Image.open(drawn, formats=["PNG"]) as small:
        red, green, blue = small.convert("RGB").split()
    drawn.unlink()
    pairs = ((red, green), (green, blue), (red, blue))
    return any(_highest(ImageChops.difference(a, b)) > _COLOURED for a, b in pairs)


def _highest(image: Image.Image) -> int:
    _, highest = image.getextrema()
    assert isinstance(highest, int)  # noqa: S101
    return highest


def take_image(path: Path, number: int, scratch: Path) -> bytes | None:
    """The one image of a page, decoded losslessly to PNG (`pdfimages`); None of several.

    Several are found where something unseen, such as a hidden annotation, holds one too.

    Raises:
        UnreadableScan: `SCAN_UNREADABLE`.
    """
    command = ["pdfimages", "-png", "-f", str(number), "-l", str(number)]
    command += ["--", str(path), str(scratch / "image")]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise MissingToolError("TOOL_MISSING", tool="poppler-utils") from error
    names = sorted(scratch.glob("image*"))
    data = names[0].read_bytes() if names else b""
    for name in names:
        name.unlink()
    if len(names) > 1:
        return None
    if done.returncode or not names:
        raise UnreadableScan("SCAN_UNREADABLE", page=number)
    read_png(data)
    return data
