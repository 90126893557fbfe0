"""One component as a PDF/A-2u: pages of raw image and text layer, then the transfer note.

May not come in: decoding of images (see `images`), placing of words (see `text_layer`).
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pikepdf
import pikepdf.pdfa
from pikepdf import Array, Dictionary, Name, Pdf

from pipeline.errors import AssemblyError
from pipeline.models.components import CaptureFacts
from pipeline.models.pages import RawPage, Turn
from pipeline.models.text import PageText
from pipeline.stages.assembly import glyphless, images, text_layer, transfer_note

_FLAVOUR: Final = "2b"
"""What pikepdf can check; that all text has its Unicode (2u) is the font's doing."""
_POINTS_PER_INCH: Final = 72.0
_LEAST_PT, _MOST_PT = 3.0, 14400.0
"""Bounds of a page side (ISO 19005-2 §6.1.13)."""


@dataclass(frozen=True, slots=True)
class AssemblyPage:
    """One page on its way into the component."""

    raw: RawPage
    path: Path
    """The raw image that `raw` describes."""
    text: PageText
    """Words in upright pixels; its `turn` makes the raw image upright."""


@dataclass(frozen=True, slots=True)
class AssembledPdf:
    """What was written."""

    path: Path
    page_sizes: tuple[tuple[float, float], ...]
    """Width and height of each page, pt."""


def assemble(
    pages: Sequence[AssemblyPage],
    facts: CaptureFacts,
    title: str,
    out: Path,
    scale: float = 1.0,
) -> AssembledPdf:
    """Write the component file; the same input gives the same bytes.

    Args:
        pages: in order; each image is archived as it is, turned by the content matrix.
        facts: the transfer note.
        title: title of the document, shown by readers.
        out: file to write; its folder takes a temporary file meanwhile.
        scale: of the content of page one, about the middle of its lower edge: where it leaves the
            stamp no room. The image data stay as they are.

    Raises:
        AssemblyError: `NO_PAGES`; `IMAGE_UNREADABLE`, `IMAGE_UNSUPPORTED`, `IMAGE_CMYK`,
            `IMAGE_SIZE_MISMATCH` or `PAGE_SIZE_OUT_OF_RANGE` with the 1-based `page` of the
            component; `PDFA_REFUSED` with the number of findings; `PDF_NOT_WRITTEN`.
    """
    if not pages:
        raise AssemblyError("NO_PAGES")
    sizes = tuple(page_size(page, number) for number, page in enumerate(pages, start=1))
    try:
        with tempfile.TemporaryDirectory(prefix=".assembly-", dir=out.parent) as folder:
            draft = Path(folder) / "draft.pdf"
            with Pdf.new() as pdf:
                _build(pdf, pages, sizes, scale)
                pikepdf.pdfa.save(pdf, draft, _FLAVOUR)
            with Pdf.open(draft) as pdf:
                transfer_note.stamp(pdf, facts, title)
                del pdf.trailer.ID  # made of the draft's time of day; the file's is of its content
                options = pikepdf.pdfa.resolve_save_kwargs(_FLAVOUR, deterministic_id=True)
                pdf.save(out, **options)
    except pikepdf.pdfa.PdfaError as error:
        raise AssemblyError("PDFA_REFUSED", findings=len(error.report.findings)) from error
    except (pikepdf.PdfError, OSError) as error:
        raise AssemblyError("PDF_NOT_WRITTEN") from error
    return AssembledPdf(path=out, page_sizes=sizes)


def _build(
    pdf: Pdf,
    pages: Sequence[AssemblyPage],
    sizes: Sequence[tuple[float, float]],
    scale: float,
) -> None:
    used = set().union(*(text_layer.characters(page.text) for page in pages))
    font = glyphless.embed(pdf, used)
    for number, (page, size) in enumerate(zip(pages, sizes, strict=True), start=1):
        image = _image(page, number)
        words = text_layer.operators(page.text, size, font.encode)
        content = f"q {_matrix(page.text.turn, size)} cm /Im0 Do Q\n{words}\n"
        if number == 1 and scale != 1.0:
            shift = size[0] / 2 * (1 - scale)
            content = f"q {scale:.6f} 0 0 {scale:.6f} {shift:.4f} 0 cm\n{content}Q\n"
        resources = Dictionary(XObject=Dictionary(Im0=image.add_to(pdf)))
        if words:
            resources.Font = Dictionary(F0=font.resource)
        sheet = Dictionary(
            Type=Name.Page,
            MediaBox=Array([0, 0, *size]),
            Resources=resources,
            Contents=pdf.make_stream(content.encode("ascii")),
        )
        pdf.pages.append(pikepdf.Page(pdf.make_indirect(sheet)))
    pdf.Root.Lang = pikepdf.String("vi-VN")
    pdf.Root.ViewerPreferences = Dictionary(DisplayDocTitle=True)


def _image(page: AssemblyPage, number: int) -> images.EmbeddedImage:
    try:
        image = images.load(page.path)
    except AssemblyError as error:
        raise AssemblyError(error.code, page=number) from error
    if (image.width_px, image.height_px) != (page.raw.width_px, page.raw.height_px):
        raise AssemblyError("IMAGE_SIZE_MISMATCH", page=number)
    return image


def page_size(page: AssemblyPage, number: int = 1) -> tuple[float, float]:
    """Width and height of the upright page, pt: RawPage's resolution counts, not the file's.

    Raises:
        AssemblyError: `PAGE_SIZE_OUT_OF_RANGE`.
    """
    sides = (page.raw.width_px, page.raw.height_px)
    if page.text.turn in (90, 270):
        sides = (sides[1], sides[0])
    dpi = page.raw.dpi
    width, height = (round(side * _POINTS_PER_INCH / dpi, 2) if dpi > 0 else 0.0 for side in sides)
    if not (_LEAST_PT <= width <= _MOST_PT and _LEAST_PT <= height <= _MOST_PT):
        raise AssemblyError("PAGE_SIZE_OUT_OF_RANGE", page=number)
    return width, height


def _matrix(turn: Turn, size: tuple[float, float]) -> str:
    """The matrix that lays the unit square of the raw image upright onto the page."""
    width, height = size
    entries = {
        0: (width, 0, 0, height, 0, 0),
        90: (0, -height, width, 0, 0, height),
        180: (-width, 0, 0, -height, width, height),
        270: (0, height, -width, 0, width, 0),
    }[turn]
    return " ".join(f"{entry:.2f}" for entry in entries)
