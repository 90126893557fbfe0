"""Ports of reading: files, pixels, symbols, text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from pipeline.models.files import SourceKind, SourceWarning
from pipeline.models.pages import Symbol, Turn
from pipeline.models.text import EngineIdentity, Line

Gray: TypeAlias = NDArray[np.uint8]
"""Grey image, shape (height, width), 0 black to 255 white."""

Colour: TypeAlias = NDArray[np.uint8]
"""Colour image, shape (height, width, 3): blue, green, red, 0 dark to 255 bright."""


class Decoder(Protocol):
    """Pixels of a raw page image."""

    def gray(self, path: Path, *, turn: Turn = 0, reduce: Literal[1, 2, 4] = 1) -> Gray:
        """Decode to grey, `reduce` times smaller in each direction (cheap for JPEG).

        EXIF orientation is ignored (the raw frame); `turn` then turns the result clockwise.

        Raises:
            UnreadableScan: the image cannot be decoded.
        """
        ...

    def colour(self, path: Path, *, turn: Turn = 0, reduce: Literal[1, 2, 4] = 1) -> Colour:
        """The same in colour; a grey page has three equal channels.

        Raises:
            UnreadableScan: the image cannot be decoded.
        """
        ...


@dataclass(frozen=True, slots=True)
class SourceReport:
    """What probing a file found."""

    kind: SourceKind
    """By content, not by name."""
    pages: int
    warnings: tuple[SourceWarning, ...] = ()
    """Oddities that do not refuse the file."""


@dataclass(frozen=True, slots=True)
class ExtractedPage:
    """One page image, fresh from its container."""

    data: bytes
    """JPEG, PNG or single-page TIFF."""
    media_type: str
    width_px: int
    """As stored."""
    height_px: int
    dpi: float
    """Pixels per inch on the paper."""
    turn_hint: Turn
    """PDF /Rotate or EXIF orientation."""
    lossless: bool
    """False where the page was rasterised."""


class SourceReader(Protocol):
    """Opens hostile files: PDF, TIFF, JPEG, PNG."""

    def probe(self, path: Path, *, keep_unsigned: bool = False) -> SourceReport:
        """Say what a file is, without decoding its pixels.

        Args:
            path: a private copy; never changed.
            keep_unsigned: an unsigned PDF from the portal keeps its bytes (`PDF_E_COPY`).

        Raises:
            UnreadableScan: `SCAN_EMPTY`, `SCAN_TRUNCATED`, `SCAN_NOT_A_SCAN`, `SCAN_UNREADABLE`.
            UnsafeInput: `PDF_ENCRYPTED`, `PAGE_TOO_LARGE`, `TOO_MANY_PAGES`, `READ_TIMEOUT`.
                `READ_OUT_OF_MEMORY`, `FILE_TOO_LARGE` (one image of absurd length).
        """
        ...

    def pages(self, path: Path, report: SourceReport) -> Iterator[ExtractedPage]:
        """The raw image of each page, in order: taken out losslessly, or rasterised.

        Raises:
            UnreadableScan, UnsafeInput: as `probe`, found only while reading.
        """
        ...


class OcrEngine(Protocol):
    """Reads the text of one upright, deskewed page image. Safe to call from several threads."""

    @property
    def identity(self) -> EngineIdentity:
        """Engine, version, model and the model's digest."""
        ...

    def read(self, gray: Gray, dpi: int) -> tuple[Line, ...]:
        """Lines in reading order; boxes in pixels of the image given.

        Raises:
            MissingToolError: engine or model is not installed.
            OcrTimeout, OcrCrashed: may be tried again.
        """
        ...


@runtime_checkable
class LineReader(Protocol):
    """Reads an image that shows one line of text, as a second witness; some engines can."""

    def read_line(self, gray: Gray, dpi: int) -> tuple[Line, ...]:
        """One line at most, boxes in pixels of the image given.

        Raises:
            MissingToolError, OcrTimeout, OcrCrashed: as `OcrEngine.read`.
        """
        ...


@dataclass(frozen=True, slots=True)
class ReadSymbol:
    """A symbol as the reader found it."""

    symbol: Symbol
    """Text and place, in pixels of the image given."""
    turn: Turn
    """Clockwise turn that makes the symbol upright."""


class SymbolReader(Protocol):
    """Finds QR and other symbols, any way up."""

    def read(self, gray: Gray) -> tuple[ReadSymbol, ...]:
        """All symbols of an image; coordinates in its pixels."""
        ...
