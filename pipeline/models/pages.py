"""Pages: the raw image of each, and what imaging saw on it."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pipeline.models.base import Model, Ratio
from pipeline.models.files import FileRef

Turn = Literal[0, 90, 180, 270]
"""Clockwise degrees that make the raw image upright."""


class RawPage(Model):
    """One page image as it came, before anything clever; the unit of work."""

    index: int
    """0-based in the whole batch."""
    source: int
    """0-based index of the file in `Batch.sources`."""
    source_page: int
    """0-based within that file."""
    file: FileRef
    """JPEG, PNG or single-page TIFF (G4): the bytes that are archived untouched."""
    width_px: int
    """As stored, before any turn."""
    height_px: int
    dpi: float
    """Pixels per inch of the stored image; 72 pt are one inch of archived page."""
    turn_hint: Turn = 0
    """Turn that the container asks for (PDF /Rotate, EXIF): where imaging starts from."""
    lossless: bool = True
    """False where the page was rasterised."""
    starts_component: bool = False
    """True on page one of a PDF or a multi-page TIFF (architecture §3)."""


class BlankStatus(StrEnum):
    """Verdict on emptiness."""

    CONTENT = "content"
    BLANK = "blank"
    UNCERTAIN = "uncertain"
    """Holds the batch as `BLANK_UNCERTAIN` until a person answers."""


class QualityWarning(StrEnum):
    """Quality gates of domain-pack E.1; they warn and never hold."""

    SKEWED = "SKEWED"
    LOW_CONTRAST = "LOW_CONTRAST"
    LOW_RESOLUTION = "LOW_RESOLUTION"
    BILEVEL = "BILEVEL"
    CUT_EDGE = "CUT_EDGE"
    BLURRED = "BLURRED"


class PageLook(Model):
    """What imaging saw on one page."""

    index: int
    """0-based in the whole batch."""
    turn: Turn
    """Clockwise degrees that make the raw image upright (the hint included)."""
    turn_certain: bool
    """False: recognition compares its first-pass confidence with the page upside down."""
    skew_deg: float
    """Clockwise tilt of the text lines in the upright image, degrees; reading undoes it."""
    blank: BlankStatus
    blank_score: Ratio
    """1: surely blank, 0: surely not."""
    ink: Ratio
    """Share of dark pixels after the background was taken off."""
    warnings: tuple[QualityWarning, ...] = ()


class SymbolFormat(StrEnum):
    """Symbologies that Sohoa reads."""

    QR = "qr"
    OTHER = "other"


class Symbol(Model):
    """A machine-readable symbol found on a page."""

    format: SymbolFormat
    text: str
    x: float
    """Centre, upright pixels."""
    y: float
    side: float = 0.0
    """Of the upright square around it, pixels; 0 where it is not known."""


class SheetKind(StrEnum):
    """Sheets that steer the scan and are never part of a component."""

    COVER = "cover"
    """Starts a dossier."""
    SEPARATOR = "separator"
    """Starts a component of a known type."""
    GENERAL = "general"
    """Starts a component whose type is to be recognised."""


class Sheet(Model):
    """A cover slip or separator found on a page; payload as printed in its QR."""

    kind: SheetKind
    slip_id: str
    """Identifies the printed slip: all its sheets carry it."""
    dossier: str | None
    procedure: str | None
    case: str | None
    component: str | None
    number: int
    """k of N: 1-based for separators; 0 for the cover, and for general separators, whose number
    is not counted."""
    total: int
    """N separators of the slip."""


class PageSheet(Model):
    """Result of the sheets stage for one page."""

    index: int
    sheet: Sheet | None
    turn: Turn | None = None
    """Clockwise turn that the symbol says makes the page upright, where one was read."""
    damaged: bool = False
    """True where a Sohoa QR was read but its check failed: `SHEET_COUNT` review."""
    symbols: tuple[Symbol, ...] = ()
    """All symbols found, also those that are not Sohoa's (a CCCD's QR)."""
