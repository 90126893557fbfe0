"""What the comparison of one batch with its truth gives: counts, and every case that is wrong.

Persisted, one file a batch, so that a long run that was killed goes on. May not come in: rates and
goals (`figures`).
"""

from __future__ import annotations

from benchmarks.factory.truth import Hand, Level, Part, Role
from benchmarks.field_errors import JudgedField
from benchmarks.reading_errors import Errors
from pipeline.models.base import Model
from pipeline.models.pages import BlankStatus, Turn


class TypeCase(Model):
    """The type of a true component."""

    pages: tuple[int, ...]
    """0-based in the batch."""
    layout: str
    truth: str
    found: str
    """Type of the proposed component that shares most pages; `NONE` where none does."""
    confidence: float
    certain: bool
    whole: bool
    """That component has exactly the true pages."""

    @property
    def right(self) -> bool:
        """The type is."""
        return self.truth == self.found


class TextCase(Model):
    """What was misread on one page."""

    page: int
    layout: str
    hands: dict[Hand, Errors]
    """By hand; `stray` is counted with print."""


class FieldCase(Model):
    """A field that is printed, or was read."""

    page: int
    """First page of its component, 0-based in the batch."""
    code: str
    layout: str
    typed: bool
    """The component was settled with the right type and pages."""
    judged: JudgedField


class TurnCase(Model):
    """A page that was read in the wrong direction."""

    page: int
    truth: Turn
    found: Turn


class BlankCase(Model):
    """A page whose emptiness was judged wrongly, or left to a person."""

    page: int
    role: Role
    found: BlankStatus


class Outcome(Model):
    """One batch held against its truth."""

    schema_id: str = "sohoa.recognition-outcome/1"
    seed: int
    level: Level
    part: Part
    sheets: bool
    pages: int
    known: bool
    """Every component is in the catalogue and may come as a scan."""
    text: tuple[TextCase, ...]
    """Of every written page."""
    true_starts: int
    """Pages that start a component, the first of the batch left out."""
    found_starts: int
    right_starts: int
    silent_starts: tuple[int, ...]
    """Pages with a wrong or a missing start in a batch that was not held."""
    types: tuple[TypeCase, ...]
    asked: tuple[str, ...]
    """Reasons of the questions that held the batch; empty: it was not held."""
    rounds: int
    fields: tuple[FieldCase, ...]
    turns: int
    """Pages whose direction counts."""
    wrong_turns: tuple[TurnCase, ...]
    wrong_blanks: tuple[BlankCase, ...]
    unsure_blanks: tuple[BlankCase, ...]
    wrong_sheets: tuple[int, ...]
    """Sheets that were not seen, and pages taken for one."""
    cpu_seconds: float
    seconds: float
    own_peak_mib: float
    program_peak_mib: float

    @property
    def held(self) -> bool:
        """The batch waited for a person."""
        return bool(self.asked)
