"""What the chain found on a batch, as data that crosses the process it ran in.

May not come in: the truth, what a measure makes of it.
"""

from __future__ import annotations

from pipeline.models.base import Model
from pipeline.models.components import Classified
from pipeline.models.fields import FieldSet
from pipeline.models.pages import BlankStatus, Turn
from pipeline.models.review import ReviewItem
from pipeline.models.split import SplitPlan
from pipeline.models.text import PageText


class FoundPage(Model):
    """One page as the chain saw and read it."""

    index: int
    """0-based in the batch."""
    turn: Turn
    """The final one, after reading."""
    blank: BlankStatus
    sheet: bool
    text: PageText | None
    """None where the page was not read."""


class Findings(Model):
    """One batch, up to its fields."""

    pages: tuple[FoundPage, ...]
    plan: SplitPlan
    """As proposed, before anybody was asked."""
    proposed: tuple[Classified, ...]
    """Components of that proposal."""
    asked: tuple[ReviewItem, ...]
    """Questions that held the batch at first; none: it was not held."""
    rounds: int
    """How often it was held in all, with the answers of somebody who knows."""
    settled: tuple[Classified, ...]
    """Components after the answers."""
    fields: tuple[FieldSet, ...]
    """Of the settled components."""
    cpu_seconds: float
    """Of the whole walk, programs that it started included; start of the process left out."""
    seconds: float
    """The same by the clock on the wall."""
    own_peak_mib: float
    """Most resident memory of the process."""
    program_peak_mib: float
    """Most resident memory of any program that it started."""

    @property
    def held(self) -> bool:
        """True where the batch waited for a person."""
        return bool(self.asked)
