"""Recognised text: words with boxes and confidence, in reading order."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from pipeline.models.base import Box, Model, Ratio, Sha256
from pipeline.models.pages import Turn

HALF_SEEN: Final = 0.6
"""Most confidence of words beside ink that is none of their letters: it may cover more of them."""


class EngineIdentity(Model):
    """Which engine and model read a page: part of every digest and of the provenance."""

    engine: str
    version: str
    model: str
    model_sha256: Sha256


class Word(Model):
    """One recognised word, NFC."""

    text: str
    confidence: Ratio
    box: Box
    """Upright pixels of the page (top-left origin)."""
    read_as: str | None = None
    """What the engine read, where that was corrected; the confidence is that of the reading."""
    pen: bool = False
    """Written by hand in blue, where colour shows it."""


class Line(Model):
    """Words of one printed line, left to right."""

    words: tuple[Word, ...]
    box: Box
    """Upright pixels."""
    block: int
    """Number of the layout block the engine put the line in; 0-based, rising in reading order."""

    @property
    def text(self) -> str:
        """Words joined by single spaces."""
        return " ".join(w.text for w in self.words)


class PageText(Model):
    """Everything read on one page. A blank page or sheet has no lines and no engine."""

    schema_id: str = "sohoa.page-text/3"
    index: int
    """0-based in the whole batch."""
    turn: Turn
    """Final clockwise turn raw → upright; recognition may have corrected imaging's."""
    width_px: int
    """Of the upright image."""
    height_px: int
    dpi: float
    scale: Ratio = 1.0
    """Of the content on the archived page (`StampRoom.scale`); pixels here are the image's own."""
    lines: tuple[Line, ...] = ()
    engine: EngineIdentity | None = None
    specks: Annotated[float, Field(ge=0.0)] | None = None
    """Of dirt or torn toner, to a letter; None: too few words to tell, or never counted."""

    @property
    def text(self) -> str:
        """Lines joined by newlines, in reading order."""
        return "\n".join(line.text for line in self.lines)

    @property
    def confidence(self) -> float:
        """Mean word confidence weighted by word length; 0 for a page without words."""
        words = [w for line in self.lines for w in line.words]
        letters = sum(len(w.text) for w in words)
        return sum(w.confidence * len(w.text) for w in words) / letters if letters else 0.0
