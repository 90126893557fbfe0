"""How the pages of a batch fall into dossiers and components: every page exactly once."""

from __future__ import annotations

from enum import StrEnum

from pydantic import model_validator

from pipeline.models.base import Model, Ratio


class Fate(StrEnum):
    """What becomes of a page. in = kept + blank + separator + rejected, always."""

    KEPT = "kept"
    BLANK = "blank"
    SEPARATOR = "separator"
    REJECTED = "rejected"


class PageCounts(Model):
    """Page conservation in numbers (architecture §4)."""

    in_: int = 0
    kept: int = 0
    blank: int = 0
    separator: int = 0
    rejected: int = 0

    def plus(self, other: PageCounts) -> PageCounts:
        """Counts of both together."""
        return PageCounts(
            in_=self.in_ + other.in_,
            kept=self.kept + other.kept,
            blank=self.blank + other.blank,
            separator=self.separator + other.separator,
            rejected=self.rejected + other.rejected,
        )

    @property
    def balanced(self) -> bool:
        """True where nothing was lost or doubled."""
        return self.in_ == self.kept + self.blank + self.separator + self.rejected


class Boundary(StrEnum):
    """Why a component starts where it starts: the evidence of separation."""

    BATCH_START = "batch_start"
    SHEET = "sheet"
    FILE_START = "file_start"
    ANCHOR = "anchor"
    """A title block of the catalogue stands on the page."""
    PAGE_NUMBER = "page_number"
    """A printed page number 1 follows a higher one."""
    MODEL = "model"
    """Layout and text of the page and its neighbours say so."""
    PERSON = "person"
    """A reviewer said so."""
    KEPT_FILE = "kept_file"
    """A file that keeps its bytes is one component."""


class Segment(Model):
    """One proposed component: pages in order, why it starts, how sure."""

    pages: tuple[int, ...]
    """0-based indexes in the whole batch, rising."""
    dossier: int = 0
    """0-based slot of the dossier within the batch."""
    boundary: Boundary
    confidence: Ratio
    """That the first and last page are right."""
    declared: str | None = None
    """Component code a separator, `--as` or a person declared."""
    source: int | None = None
    """Index of the kept file, where the segment is one."""


class DossierSlot(Model):
    """What the cover slip (or the command) says about one dossier of the batch."""

    slot: int
    dossier: str | None = None
    """Requested dossier code."""
    procedure: str | None = None
    case: str | None = None
    total: int | None = None
    """N of the slip; None without a slip."""
    missing: tuple[int, ...] = ()
    """Numbers k of separators that were not seen (1-based)."""


class DroppedPage(Model):
    """A page that is in no component; its raw image is kept all the same (not `rejected`)."""

    index: int
    fate: Fate
    dossier: int = 0


class SplitPlan(Model):
    """Where every page of the batch goes.

    Raises (on construction): ValueError where a page is missing or doubled, or a segment is empty.
    """

    page_count: int
    dossiers: tuple[DossierSlot, ...]
    segments: tuple[Segment, ...]
    dropped: tuple[DroppedPage, ...] = ()

    @model_validator(mode="after")
    def _every_page_once(self) -> SplitPlan:
        seen = sorted([p for s in self.segments for p in s.pages] + [d.index for d in self.dropped])
        if seen != list(range(self.page_count)):
            raise ValueError("a page is missing or doubled")
        if any(not s.pages for s in self.segments):
            raise ValueError("a segment is empty")
        slots = {d.slot for d in self.dossiers}
        used = {s.dossier for s in self.segments} | {d.dossier for d in self.dropped}
        if not used <= slots:
            raise ValueError("a page belongs to no dossier")
        return self

    def counts(self, slot: int | None = None) -> PageCounts:
        """Pages by fate, of one dossier slot or of the whole batch."""
        kept = sum(len(s.pages) for s in self.segments if slot in (None, s.dossier))
        fates = [d.fate for d in self.dropped if slot in (None, d.dossier)]
        return PageCounts(
            in_=kept + len(fates),
            kept=kept,
            blank=fates.count(Fate.BLANK),
            separator=fates.count(Fate.SEPARATOR),
            rejected=fates.count(Fate.REJECTED),
        )
