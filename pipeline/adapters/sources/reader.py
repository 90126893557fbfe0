"""`FileSourceReader`: the one `SourceReader`, which tells formats apart by content."""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pipeline.adapters.sources.facts import ImageFacts, bound_pixels, settled_dpi
from pipeline.adapters.sources.jpeg import is_jpeg, read_jpeg
from pipeline.adapters.sources.pdf import is_pdf
from pipeline.adapters.sources.png import is_png, png_size, read_png, require_pixels
from pipeline.adapters.sources.sandbox import Sandbox
from pipeline.adapters.sources.tiff import is_tiff
from pipeline.errors import UnreadableScan, UnsafeInput
from pipeline.models.files import SourceKind, SourceWarning
from pipeline.ports.reading import ExtractedPage, SourceReport
from pipeline.settings import IntakeSettings

_HEAD: Final = 1024
_MAX_IMAGE_BYTES: Final = 256 * 1024**2
"""Of a JPEG or PNG: no page within the pixel bound needs more."""
_MEDIA_TYPES: Final = {SourceKind.JPEG: "image/jpeg", SourceKind.PNG: "image/png"}


class FileSourceReader:
    """Reads PDF, TIFF, JPEG and PNG files (port `SourceReader`)."""

    def __init__(self, limits: IntakeSettings) -> None:
        """Nothing is started before the first PDF or TIFF.

        Args:
            limits: bounds on pages, pixels and time.
        """
        self._limits = limits
        self._sandbox = Sandbox()

    def probe(self, path: Path, *, keep_unsigned: bool = False) -> SourceReport:
        """Say what a file is; see `SourceReader.probe`."""
        kind = _kind(path)
        if kind in _MEDIA_TYPES:
            more = self._image_facts(path, kind, thorough=True).more
            return SourceReport(kind, 1, (SourceWarning.MORE_IMAGES,) if more else ())
        request = self._request("probe", path, kind) | {"keep_unsigned": keep_unsigned}
        for facts, _ in self._sandbox.ask(request, self._limits.file_timeout_seconds):
            return SourceReport(
                kind=SourceKind(facts["kind"]),
                pages=int(facts["pages"]),
                warnings=tuple(SourceWarning(w) for w in facts["warnings"]),
            )
        raise UnreadableScan("SCAN_UNREADABLE")

    def pages(self, path: Path, report: SourceReport) -> Iterator[ExtractedPage]:
        """The raw image of each page, in order; see `SourceReader.pages`."""
        if report.kind in _MEDIA_TYPES:
            facts = self._image_facts(path, report.kind)
            if facts.travels:
                yield _as_it_is(path, report.kind, facts)
                return
        with tempfile.TemporaryDirectory(prefix="pages-") as scratch:
            request = self._request("pages", path, report.kind) | {"scratch": scratch}
            for said, data in self._sandbox.ask(request, self._limits.file_timeout_seconds):
                yield ExtractedPage(
                    data=data,
                    media_type=said["media_type"],
                    width_px=said["width"],
                    height_px=said["height"],
                    dpi=said["dpi"],
                    turn_hint=said["turn"],
                    lossless=said["lossless"],
                )

    def _image_facts(self, path: Path, kind: SourceKind, *, thorough: bool = False) -> ImageFacts:
        size = path.stat().st_size
        if size > _MAX_IMAGE_BYTES:
            raise UnsafeInput("FILE_TOO_LARGE", size=size, limit=_MAX_IMAGE_BYTES)
        limit = self._limits.max_page_pixels
        with (
            path.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
        ):
            if kind is SourceKind.PNG:
                bound_pixels(*png_size(data), limit)
            facts = read_png(data) if kind is SourceKind.PNG else read_jpeg(data)
            if thorough and kind is SourceKind.PNG:
                require_pixels(data)
        bound_pixels(facts.width_px, facts.height_px, limit)
        return facts

    def _request(self, do: str, path: Path, kind: SourceKind) -> dict[str, Any]:
        return {
            "do": do,
            "path": str(path.absolute()),
            "kind": kind,
            "max_pages": self._limits.max_pages,
            "max_pixels": self._limits.max_page_pixels,
            "render_dpi": self._limits.render_dpi,
        }


def _kind(path: Path) -> SourceKind:
    """By the first bytes; a PDF is told apart further by `probe`."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head:
        raise UnreadableScan("SCAN_EMPTY")
    if is_jpeg(head):
        return SourceKind.JPEG
    if is_png(head):
        return SourceKind.PNG
    if is_tiff(head):
        return SourceKind.TIFF
    if is_pdf(head):
        return SourceKind.PDF_RENDERED
    raise UnreadableScan("SCAN_NOT_A_SCAN")


def _as_it_is(path: Path, kind: SourceKind, facts: ImageFacts) -> ExtractedPage:
    width, height = facts.width_px, facts.height_px
    dpi = settled_dpi(facts.dpi[0], width, height)
    data = path.read_bytes()
    return ExtractedPage(data, _MEDIA_TYPES[kind], width, height, dpi, facts.turn, lossless=True)
