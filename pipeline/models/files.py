"""Files as Sohoa knows them: by content, never by path."""

from __future__ import annotations

from enum import StrEnum

from pipeline.models.base import Model, Sha256


class FileRef(Model):
    """Bytes in the workspace or the archive; `Workspace.open` turns it into a file."""

    sha256: Sha256
    size: int
    """Bytes."""
    media_type: str
    """IANA media type, e.g. `application/pdf`."""


class SourceKind(StrEnum):
    """What an input file turned out to be (by content, not by name)."""

    PDF_IMAGES = "pdf_images"
    """Every page is one full-page image: taken out losslessly."""
    PDF_RENDERED = "pdf_rendered"
    """Born-digital or mixed: pages are rasterised, the original kept under `raw/`."""
    PDF_SIGNED = "pdf_signed"
    """Carries a filled signature field: bytes are kept, never split, stamped or re-signed."""
    PDF_E_COPY = "pdf_e_copy"
    """An unsigned e-copy from the portal: bytes kept, reviewed, not stamped."""
    TIFF = "tiff"
    JPEG = "jpeg"
    PNG = "png"

    @property
    def keeps_bytes(self) -> bool:
        """True where the file itself is the component and is never rewritten."""
        return self in (SourceKind.PDF_SIGNED, SourceKind.PDF_E_COPY)


class SourceWarning(StrEnum):
    """What was odd about an accepted file; the original is kept in every case."""

    REPAIRED_XREF = "REPAIRED_XREF"
    ACTIVE_CONTENT = "ACTIVE_CONTENT"
    """JavaScript or actions: never executed."""
    ATTACHMENTS = "ATTACHMENTS"
    MORE_IMAGES = "MORE_IMAGES"
    """A JPEG or PNG with further images (animation, a second picture): only the first is a page."""
    WRONG_EXTENSION = "WRONG_EXTENSION"
    CONTROL_CHARACTERS = "CONTROL_CHARACTERS"
    """The file name held control characters; they are shown escaped."""


class SourceFile(Model):
    """One accepted file of a source, in the order of the batch."""

    name: str
    """Name to show people: NFC, control characters escaped, no folder."""
    file: FileRef
    """The original bytes."""
    kind: SourceKind
    pages: int
    warnings: tuple[SourceWarning, ...] = ()


class RefusedFile(Model):
    """One refused file of a folder; its bytes lie in quarantine under its digest."""

    name: str
    sha256: Sha256 | None
    """None where the bytes could not be read at all (permissions)."""
    code: str
    """Code of the error, see `pipeline.errors`."""
    params: dict[str, str | int | float] = {}
