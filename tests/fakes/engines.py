"""OCR engines that do what a test says: read from a script, hang, die."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from pipeline.errors import OcrCrashed, OcrTimeout
from pipeline.models.base import Box
from pipeline.models.text import EngineIdentity, Line, Word
from pipeline.ports.reading import Gray

IDENTITY = EngineIdentity(engine="fake", version="1", model="script", model_sha256="0" * 64)


def one_line(*texts: str, confidence: float = 0.95, box: Box | None = None) -> Line:
    """A line of words that share a box (default: 40 by 20 px at the origin)."""
    box = box or Box(x0=0, y0=0, x1=40, y1=20)
    words = tuple(Word(text=text, confidence=confidence, box=box) for text in texts)
    return Line(words=words, box=box, block=0)


@dataclass
class ScriptedEngine:
    """Answers with what a function makes of the image; remembers what it was given."""

    script: Callable[[Gray], tuple[Line, ...]]
    given: list[tuple[tuple[int, ...], int]] = field(default_factory=list)
    """Shape and dpi of each image read."""

    @property
    def identity(self) -> EngineIdentity:
        return IDENTITY

    def read(self, gray: Gray, dpi: int, *, row: bool = False) -> tuple[Line, ...]:
        self.given.append((gray.shape, dpi))
        return self.script(gray)


class SlowEngine:
    """Never answers in time."""

    identity = IDENTITY

    def read(self, gray: Gray, dpi: int, *, row: bool = False) -> tuple[Line, ...]:
        raise OcrTimeout(engine="fake", seconds=0.0)


class DyingEngine:
    """Crashes on every page."""

    identity = IDENTITY

    def read(self, gray: Gray, dpi: int, *, row: bool = False) -> tuple[Line, ...]:
        raise OcrCrashed(engine="fake", status=139)
