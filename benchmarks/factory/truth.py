"""What is true of a generated batch: its papers, pages, lines, values and where each stands.

Only data. May not come in: how a page is drawn, what a measure makes of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pipeline.models.base import Box
from pipeline.models.pages import Turn


class Level(StrEnum):
    """How hard a batch is to read."""

    CLEAN = "clean"
    MID = "mid"
    HARD = "hard"


class Part(StrEnum):
    """What a batch is for. Seeds and layouts of one part are never used by another."""

    TRAIN = "train"
    TUNE = "tune"
    TEST = "test"


class Hand(StrEnum):
    """How something came onto the paper."""

    PRINT = "print"
    PEN = "pen"
    """Handwriting font."""
    STAMP = "stamp"


class Role(StrEnum):
    """What a page is in its batch."""

    FIRST = "first"
    NEXT = "next"
    """A further page of the same component."""
    BLANK = "blank"
    """The empty back of a page; it belongs to no component."""
    SHEET = "sheet"
    """Steers the batch, e.g. a separator."""


@dataclass(frozen=True, slots=True)
class TruthPart:
    """What one hand put into a line in one go: a label, a value."""

    text: str
    box: Box
    hand: Hand


@dataclass(frozen=True, slots=True)
class TruthLine:
    """One line as a person reads it; where labels and values share a line, parts in order."""

    text: str
    """NFC, without dotted leaders."""
    box: Box
    """Upright pixels of the page as scanned: the rectangle around the line, tilt included."""
    hand: Hand
    """Of most of its letters."""
    parts: tuple[TruthPart, ...] = ()
    """Left to right; their texts joined by spaces are the text."""


@dataclass(frozen=True, slots=True)
class TruthField:
    """A value of the catalogue's field as it stands on a page."""

    name: str
    value: str
    boxes: tuple[Box, ...]
    """Upright pixels, tilt included; one for each printed row, none where the value stands
    nowhere as such (a count, a list from a table)."""
    hand: Hand


@dataclass(frozen=True, slots=True)
class TruthPage:
    """A scanned page."""

    index: int
    """0-based in the batch."""
    role: Role
    component: int | None
    """0-based in the batch; None for blank pages and sheets."""
    turn: Turn
    """Clockwise turn that makes the scanned image upright."""
    skew_deg: float
    """Clockwise tilt of the paper on the upright page."""
    dpi: int
    width_px: int = 0
    """Of the upright page."""
    height_px: int = 0
    lines: tuple[TruthLine, ...] = ()
    fields: tuple[TruthField, ...] = ()


@dataclass(frozen=True, slots=True)
class TruthComponent:
    """A paper."""

    code: str
    """Of the catalogue; `Z_OTHER` for one that it does not know."""
    layout: str
    """Name of the layout that drew it."""
    pages: tuple[int, ...]
    """0-based in the batch, rising; blank backs are left out."""


@dataclass(frozen=True, slots=True)
class TruthBatch:
    """A batch, as one PDF of page images."""

    path: Path
    seed: int
    level: Level
    part: Part
    sheets: bool
    """True where separator sheets stand between the components."""
    pages: tuple[TruthPage, ...]
    components: tuple[TruthComponent, ...]

    def fields(self, component: int) -> dict[str, TruthField]:
        """The first occurrence of every field of a component, by name."""
        found: dict[str, TruthField] = {}
        for page in self.pages:
            if page.component == component:
                for field in page.fields:
                    found.setdefault(field.name, field)
        return found
