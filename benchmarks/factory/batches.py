"""Scanned pages as files: a PDF of JPEG pages, a G4 TIFF, or a folder of JPEG files."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

import pikepdf
from pikepdf import Array, Dictionary, Name
from PIL import Image

_POINTS_PER_INCH = 72
_GREY_THRESHOLD = 160


def write_batch(
    target: Path, pages: Iterable[Image.Image], quality: int = 85, dpi: int = 300
) -> tuple[Path, ...]:
    """Write pages the way scanners do; the suffix of the target decides.

    Args:
        target: `….pdf`: one JPEG image per page; `….tif`, `….tiff`: bilevel, G4, one file;
            anything else: a folder of `page-001.jpg` …
        pages: in order.
        quality: JPEG quality.
        dpi: resolution to note in the files.

    Returns:
        The files written.
    """
    suffix = target.suffix.lower()
    target.parent.mkdir(parents=True, exist_ok=True)
    if suffix == ".pdf":
        return _write_pdf(target, pages, quality, dpi)
    if suffix in (".tif", ".tiff"):
        return _write_tiff(target, pages, dpi)
    return _write_files(target, pages, quality, dpi)


def _jpeg(page: Image.Image, quality: int, dpi: int) -> bytes:
    out = io.BytesIO()
    page.save(out, "JPEG", quality=quality, dpi=(dpi, dpi))
    return out.getvalue()


def _write_pdf(
    target: Path, pages: Iterable[Image.Image], quality: int, dpi: int
) -> tuple[Path, ...]:
    with pikepdf.Pdf.new() as pdf:
        for page in pages:
            colour = Name.DeviceGray if page.mode == "L" else Name.DeviceRGB
            image = pdf.make_stream(
                _jpeg(page, quality, dpi),
                Type=Name.XObject,
                Subtype=Name.Image,
                Width=page.width,
                Height=page.height,
                ColorSpace=colour,
                BitsPerComponent=8,
                Filter=Name.DCTDecode,
            )
            width, height = (
                round(side * _POINTS_PER_INCH / dpi, 2) for side in (page.width, page.height)
            )
            sheet = Dictionary(
                Type=Name.Page,
                MediaBox=Array([0, 0, width, height]),
                Resources=Dictionary(XObject=Dictionary(Im0=image)),
                Contents=pdf.make_stream(f"q {width} 0 0 {height} 0 0 cm /Im0 Do Q".encode()),
            )
            pdf.pages.append(pikepdf.Page(pdf.make_indirect(sheet)))
        pdf.save(target, deterministic_id=True)
    return (target,)


def _write_tiff(target: Path, pages: Iterable[Image.Image], dpi: int) -> tuple[Path, ...]:
    first, *rest = [
        page.convert("L").point(lambda grey: 255 if grey > _GREY_THRESHOLD else 0).convert("1")
        for page in pages
    ]
    first.save(
        target, "TIFF", compression="group4", save_all=True, append_images=rest, dpi=(dpi, dpi)
    )
    return (target,)


def _write_files(
    target: Path, pages: Iterable[Image.Image], quality: int, dpi: int
) -> tuple[Path, ...]:
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for number, page in enumerate(pages, start=1):
        path = target / f"page-{number:03d}.jpg"
        path.write_bytes(_jpeg(page, quality, dpi))
        written.append(path)
    return tuple(written)
