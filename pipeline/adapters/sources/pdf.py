"""PDF files: what kind they are, what is odd about them, and their page images.

Nothing in a file is ever executed. Damaged files are repaired by qpdf in memory, for reading
only, and refused where a page or its data is missing. Runs inside the sandbox.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pikepdf

from pipeline.adapters.sources.facts import bound_pixels
from pipeline.adapters.sources.jpeg import read_jpeg
from pipeline.adapters.sources.pdf_image import (
    Coding,
    g4_data,
    is_whole,
    is_whole_image,
    jpeg_data,
)
from pipeline.adapters.sources.pdf_page import PageImage, inherited, page_box, page_image
from pipeline.adapters.sources.png import png_size
from pipeline.adapters.sources.render import render_page, take_image
from pipeline.errors import UnreadableScan, UnsafeInput
from pipeline.models.files import SourceKind, SourceWarning
from pipeline.ports.reading import ExtractedPage, SourceReport

_HEAD: Final = 1024
_READING_DPI: Final = 200
"""For files that keep their bytes: the drawing is only read."""
_NESTING: Final = 6
_PAGES_PER_STEP: Final = 20
_ACTIVE: Final = frozenset(("/JavaScript", "/Launch", "/ImportData", "/SubmitForm", "/Rendition"))
_REPAIR_WORDS: Final = ("xref", "cross-reference", "damaged")
_ODD: Final = (
    AttributeError,
    IndexError,
    KeyError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    TypeError,
    ValueError,
    pikepdf.PdfError,
)
"""What reading malformed objects raises."""


@dataclass(frozen=True, slots=True)
class PdfBounds:
    """Limits on one PDF."""

    max_pages: int
    max_pixels: int
    render_dpi: int


def is_pdf(head: bytes) -> bool:
    """True where the header stands in the first 1024 bytes (ISO 32000-1, H.3.4.1)."""
    return b"%PDF-" in head[:_HEAD]


def probe_pdf(
    path: Path, bounds: PdfBounds, *, keep_unsigned: bool, step: Callable[[], object] = int
) -> SourceReport:
    """Say what a PDF is.

    Args:
        path: the PDF.
        bounds: limits.
        keep_unsigned: it keeps its bytes, signed or not.
        step: called now and then while it goes on.

    Raises:
        UnreadableScan: `SCAN_TRUNCATED`.
        UnsafeInput: `PDF_ENCRYPTED`, `PAGE_TOO_LARGE`, `TOO_MANY_PAGES`.
    """
    with _open(path) as pdf:
        count = len(pdf.pages)
        if count > bounds.max_pages:
            raise UnsafeInput("TOO_MANY_PAGES", limit=bounds.max_pages)
        signed = _is_signed(pdf)
        kept = signed or keep_unsigned
        one_image = not kept
        judged: dict[tuple[int, int], bool] = {}
        for number, page in enumerate(pdf.pages, start=1):
            if number % _PAGES_PER_STEP == 0:
                step()
            found = None if kept else page_image(pdf, page)
            dpi = None if found else _READING_DPI if kept else bounds.render_dpi
            _bound(page, dpi, bounds.max_pixels)
            if not kept:
                _require_whole_images(page, judged)
            one_image = one_image and found is not None
        odd = _oddities(pdf)
        if _was_repaired(pdf):
            odd.add(SourceWarning.REPAIRED_XREF)
            _require_whole(pdf, ended=_has_end(path))
    if kept:
        kind = SourceKind.PDF_SIGNED if signed else SourceKind.PDF_E_COPY
    else:
        kind = SourceKind.PDF_IMAGES if one_image else SourceKind.PDF_RENDERED
    return SourceReport(kind, count, tuple(w for w in SourceWarning if w in odd))


def pdf_pages(
    path: Path, kind: SourceKind, bounds: PdfBounds, scratch: Path
) -> Iterator[ExtractedPage]:
    """The raw image of each page: taken out losslessly where the page is one image, else drawn.

    Raises:
        UnreadableScan: `SCAN_UNREADABLE`, `SCAN_TRUNCATED`.
        UnsafeInput: as `probe_pdf`.
    """
    with _open(path) as pdf:
        for number, page in enumerate(pdf.pages, start=1):
            found = None if kind.keeps_bytes else page_image(pdf, page)
            taken = None if found is None else _taken(found, path, number, scratch)
            if taken is not None:
                yield taken
                continue
            dpi = _READING_DPI if kind.keeps_bytes else bounds.render_dpi
            _bound(page, dpi, bounds.max_pixels)
            drawn = render_page(path, number, dpi, scratch)
            if not kind.keeps_bytes:
                _require_drawn(page, drawn, number)
            yield drawn


def _open(path: Path) -> pikepdf.Pdf:
    try:
        pdf = pikepdf.open(path, access_mode=pikepdf.AccessMode.stream)
    except pikepdf.PasswordError as error:
        raise UnsafeInput("PDF_ENCRYPTED") from error
    except pikepdf.PdfError as error:
        if "encrypt" in str(error).lower():
            raise UnsafeInput("PDF_ENCRYPTED") from error
        raise UnreadableScan("SCAN_TRUNCATED") from error
    try:
        if pdf.is_encrypted:
            raise UnsafeInput("PDF_ENCRYPTED")
        if not len(pdf.pages):
            raise UnreadableScan("SCAN_TRUNCATED")
    except _ODD as error:
        pdf.close()
        raise UnreadableScan("SCAN_TRUNCATED") from error
    except (UnsafeInput, UnreadableScan):
        pdf.close()
        raise
    return pdf


def _taken(found: PageImage, path: Path, number: int, scratch: Path) -> ExtractedPage | None:
    """The image of a page; None where it cannot be told from others behind it."""
    if found.coding is Coding.JPEG:
        data, media_type = jpeg_data(found.stream), "image/jpeg"
        facts = read_jpeg(data)
        size = facts.width_px, facts.height_px
    elif found.coding is Coding.G4:
        data, media_type = g4_data(found.stream, found.dpi), "image/tiff"
        size = found.width_px, found.height_px
    else:
        decoded = take_image(path, number, scratch)
        if decoded is None:
            return None
        data, media_type = decoded, "image/png"
        size = png_size(data)
    if size != (found.width_px, found.height_px):
        raise UnreadableScan("SCAN_UNREADABLE", page=number)
    return ExtractedPage(data, media_type, *size, found.dpi, found.turn, lossless=True)


def _bound(page: pikepdf.Page, dpi: int | None, limit: int) -> None:
    """Bound all images of the page, and its drawing where it will be drawn (dpi given)."""
    try:
        if dpi is not None:
            x0, y0, x1, y1 = page_box(page)
            bound_pixels(round((x1 - x0) * dpi / 72), round((y1 - y0) * dpi / 72), limit)
        for image in page.get_images().values():
            bound_pixels(int(image.get("/Width", 0)), int(image.get("/Height", 0)), limit)
    except _ODD as error:
        raise UnreadableScan("SCAN_UNREADABLE") from error


def _require_drawn(page: pikepdf.Page, drawn: ExtractedPage, number: int) -> None:
    """Of a page that it cannot make out, poppler draws one white pixel and says that all is well.

    Raises:
        UnreadableScan: `SCAN_UNREADABLE`.
    """
    x0, y0, x1, y1 = page_box(page)
    if max(drawn.width_px, drawn.height_px) < max(x1 - x0, y1 - y0) * drawn.dpi / 72 / 2:
        raise UnreadableScan("SCAN_UNREADABLE", page=number)


def _require_whole_images(page: pikepdf.Page, judged: dict[tuple[int, int], bool]) -> None:
    """A page whose image ends too early would be drawn with a gap, or empty.

    Args:
        page: any page.
        judged: images met on earlier pages; many pages may share one list of images.

    Raises:
        UnreadableScan: `SCAN_TRUNCATED`.
    """
    try:
        images = [i for i in page.get_images().values() if isinstance(i, pikepdf.Stream)]
        for image in images:
            if image.objgen not in judged:
                judged[image.objgen] = is_whole_image(image)
        whole = all(judged[image.objgen] for image in images)
    except _ODD as error:
        raise UnreadableScan("SCAN_UNREADABLE") from error
    if not whole:
        raise UnreadableScan("SCAN_TRUNCATED")


def _is_signed(pdf: pikepdf.Pdf) -> bool:
    """True where a signature field is filled, in the form or only as a widget on a page."""
    try:
        form = pdf.Root.get("/AcroForm")
        fields = form.get("/Fields") if isinstance(form, pikepdf.Dictionary) else None
        queue = list(fields) if isinstance(fields, pikepdf.Array) else []
        for page in pdf.pages:
            annotations = page.obj.get("/Annots")
            queue += list(annotations) if isinstance(annotations, pikepdf.Array) else []
        seen: set[tuple[int, int]] = set()
        while queue:
            field = queue.pop()
            if not isinstance(field, pikepdf.Dictionary) or field.objgen in seen:
                continue
            if field.is_indirect:
                seen.add(field.objgen)
            if _is_filled(field):
                return True
            kids = field.get("/Kids")
            queue += list(kids) if isinstance(kids, pikepdf.Array) else []
    except _ODD as error:
        raise UnreadableScan("SCAN_UNREADABLE") from error
    return False


def _is_filled(field: pikepdf.Dictionary) -> bool:
    kind, value = field.get("/FT"), field.get("/V")
    node: pikepdf.Object = field
    for _ in range(_NESTING):
        parent = node.get("/Parent")
        if not isinstance(parent, pikepdf.Dictionary):
            break
        kind = parent.get("/FT") if kind is None else kind
        value = parent.get("/V") if value is None else value
        node = parent
    filled = isinstance(value, pikepdf.Dictionary) and (
        "/ByteRange" in value or "/Contents" in value
    )
    return str(kind) == "/Sig" and filled


def _oddities(pdf: pikepdf.Pdf) -> set[SourceWarning]:
    """Actions and attachments anywhere in the file."""
    found: set[SourceWarning] = set()
    try:
        for thing in pdf.objects:
            _look_into(thing, found, 0)
    except _ODD as error:
        raise UnreadableScan("SCAN_UNREADABLE") from error
    return found


def _look_into(thing: object, found: set[SourceWarning], depth: int) -> None:
    if depth > _NESTING:
        return
    if isinstance(thing, pikepdf.Array):
        for item in thing:
            if isinstance(item, pikepdf.Dictionary) and not item.is_indirect:
                _look_into(item, found, depth + 1)
    elif isinstance(thing, pikepdf.Dictionary | pikepdf.Stream):
        action = str(thing.get("/S")) in _ACTIVE or "/JS" in thing or "/JavaScript" in thing
        if action or "/AA" in thing:
            found.add(SourceWarning.ACTIVE_CONTENT)
        attachment = "/EF" in thing or "/EmbeddedFiles" in thing
        if attachment or str(thing.get("/Subtype")) == "/FileAttachment":
            found.add(SourceWarning.ATTACHMENTS)
        for key in thing.keys():  # noqa: SIM118
            value = thing.get(key)
            if isinstance(value, pikepdf.Dictionary | pikepdf.Array) and not value.is_indirect:
                _look_into(value, found, depth + 1)


def _was_repaired(pdf: pikepdf.Pdf) -> bool:
    said = " ".join(str(warning).lower() for warning in pdf.get_warnings())
    return any(word in said for word in _REPAIR_WORDS)


def _has_end(path: Path) -> bool:
    """True where no object begins behind the last end mark: padding and junk may follow it."""
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        return data.rfind(b"%%EOF") > data.rfind(b" obj")


def _require_whole(pdf: pikepdf.Pdf, *, ended: bool) -> None:
    """A repaired file must still hold every page with all its data.

    Raises:
        UnreadableScan: `SCAN_TRUNCATED`.
    """
    try:
        whole = int(pdf.Root.Pages.get("/Count", 0)) <= len(pdf.pages) and all(
            _is_whole_page(page, default=ended) for page in pdf.pages
        )
    except _ODD as error:
        raise UnreadableScan("SCAN_TRUNCATED") from error
    if not whole:
        raise UnreadableScan("SCAN_TRUNCATED")


def _is_whole_page(page: pikepdf.Page, *, default: bool) -> bool:
    contents = page.obj.get("/Contents")
    streams: list[object] = list(contents) if isinstance(contents, pikepdf.Array) else [contents]
    resources = inherited(page, "/Resources")
    groups = [resources.get(key) for key in ("/XObject", "/Font")] if resources is not None else []
    for group in groups:
        if isinstance(group, pikepdf.Dictionary):
            things: list[object] = [group.get(key) for key in group.keys()]  # noqa: SIM118
            if any(thing is None for thing in things):
                return False
            streams += [thing for thing in things if isinstance(thing, pikepdf.Stream)]
    return all(
        isinstance(stream, pikepdf.Stream) and is_whole(stream, default=default)
        for stream in streams
    )
