"""Where components start within a run of pages: titles, printed page numbers, file starts.

Each page gets one decision (start or continue) with a confidence and, where in doubt, a reason.
Rules: domain-pack C.4, architecture §3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from pipeline.catalogue import Catalogue
from pipeline.catalogue.matching import Candidate, PageReading
from pipeline.models.split import Boundary
from pipeline.stages.separation.evidence import PageEvidence
from pipeline.stages.separation.walking import Run

TITLE_INSIDE_DECLARED = "TITLE_INSIDE_DECLARED"
TITLE_AGAINST_NUMBER = "TITLE_AGAINST_NUMBER"
SAME_TITLE_AGAIN = "SAME_TITLE_AGAIN"
TITLE_INSIDE_BOOK = "TITLE_INSIDE_BOOK"
NUMBER_RESTARTS = "NUMBER_RESTARTS"
NUMBER_GAP = "NUMBER_GAP"
UNTITLED_PAGE = "UNTITLED_PAGE"
_LONG_PAPER = 4
"""Papers of more pages repeat their title on each (lists, translations)."""
_STRONG = 0.85


@dataclass(frozen=True, slots=True)
class Decision:
    """What one page does."""

    start: bool
    boundary: Boundary
    """Meaningful where it starts."""
    confidence: float
    reason: str | None = None
    """Set where a person is asked if the confidence is too low."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A component in the making."""

    pages: tuple[int, ...]
    slot: int
    boundary: Boundary
    confidence: float
    declared: str | None = None
    source: int | None = None


@dataclass(slots=True)
class _Open:
    """The component that the walk is in."""

    code: str | None = None
    count: int = 0
    number: int | None = None
    """Last printed page number."""
    declared: bool = False
    """A separator opened it."""
    sheet_code: str | None = None
    decisions: list[Decision] = field(default_factory=list)


Settle = Callable[[PageEvidence, int, Decision], Decision]
"""Asks a person where a decision is doubtful; gives it back, settled where answered."""


class Boundaries:
    """Decides for runs of pages."""

    def __init__(
        self, catalogue: Catalogue, readings: dict[int, PageReading], containers: frozenset[int]
    ) -> None:
        """Take what the pages say.

        Args:
            catalogue: for page counts of papers.
            readings: by page index; pages that could not be read are left out.
            containers: sources whose first page starts a component.
        """
        self._catalogue = catalogue
        self._readings = readings
        self._containers = containers

    def drafts(
        self, run: Run, pages: Sequence[PageEvidence], first: Boundary, settle: Settle
    ) -> list[Draft]:
        """Cut one run into components.

        Args:
            run: what opened it.
            pages: its pages, in order.
            first: why its first page starts.
            settle: asks about doubts.
        """
        groups: list[tuple[list[int], _Open]] = []
        previous: PageEvidence | None = None
        for page in pages:
            if previous is None:
                decision, now = self._first(run, page, first)
            else:
                now = groups[-1][1]
                decision = self._decide(now, previous, page)
            decision = settle(page, run.slot, decision)
            if decision.start:
                if groups:
                    groups[-1][1].decisions.append(decision)
                    now = _Open()
                groups.append(([], now))
            self._enter(now, page, decision)
            groups[-1][0].append(page.raw.index)
            previous = page
        return [_draft(run, index, found, now) for index, (found, now) in enumerate(groups)]

    def _first(self, run: Run, page: PageEvidence, boundary: Boundary) -> tuple[Decision, _Open]:
        declared = run.sheet is not None
        now = _Open(declared=declared, sheet_code=run.sheet.component if run.sheet else None)
        reading = self._readings.get(page.raw.index)
        if declared or reading is None or reading.best is not None or (reading.number or 1) == 1:
            return Decision(True, boundary, 1.0), now  # noqa: FBT003
        return Decision(True, boundary, 0.6, NUMBER_GAP), now  # noqa: FBT003

    def _enter(self, now: _Open, page: PageEvidence, decision: Decision) -> None:
        reading = self._readings.get(page.raw.index)
        if decision.start:
            best = reading.best if reading else None
            now.code = now.sheet_code or (best.code if best else None)
        now.count += 1
        now.number = reading.number if reading and reading.number else now.number
        now.decisions.append(decision)

    def _decide(self, now: _Open, previous: PageEvidence, page: PageEvidence) -> Decision:
        if page.raw.starts_component:
            return _starts(Boundary.FILE_START, 1.0)
        if page.raw.source != previous.raw.source and previous.raw.source in self._containers:
            return _starts(Boundary.FILE_START, 0.9)
        reading = self._readings.get(page.raw.index)
        if reading is None:
            return _continues(0.8)
        if now.declared:
            return self._within_declared(now, reading)
        if reading.number is not None and reading.number > 1:
            return self._numbered(now, reading, reading.number)
        if reading.best is not None:
            return self._titled(now, reading.best, reading.number)
        if reading.has_motto:
            return _starts(Boundary.ANCHOR, 0.85)
        if reading.number == 1:
            return self._restarted(now)
        return self._bare(now)

    def _within_declared(self, now: _Open, reading: PageReading) -> Decision:
        best = reading.best
        follows = reading.number is not None and reading.number == now.count + 1
        if follows:
            return _continues(0.99)
        if best is None or best.confidence < _STRONG or not best.strong:
            return self._unnamed_within_declared(now, reading)
        if now.code is None or self._same(best.code, now.code):
            return _continues(0.95)
        return _continues(0.5, TITLE_INSIDE_DECLARED)

    def _unnamed_within_declared(self, now: _Open, reading: PageReading) -> Decision:
        """A paper without a separator of its own must not vanish in the one before."""
        declared = self._catalogue.components.get(now.sheet_code or "")
        full = declared is not None and now.count + 1 > declared.pages_max
        if reading.has_motto and (reading.number or 1) == 1:
            return _continues(0.5, TITLE_INSIDE_DECLARED)
        return _continues(0.5, UNTITLED_PAGE) if full else _continues(0.99)

    def _numbered(self, now: _Open, reading: PageReading, number: int) -> Decision:
        follows = number == (now.number + 1 if now.number is not None else now.count + 1)
        best = reading.best
        other = best is not None and best.strong and best.code != now.code
        if best is not None and best.form_number and other:
            return _starts(Boundary.ANCHOR, 0.6, TITLE_AGAINST_NUMBER)
        if other:
            return _continues(0.6, TITLE_AGAINST_NUMBER)
        if follows:
            return _continues(0.98)
        if now.number is not None:
            return _continues(0.6, NUMBER_GAP)
        return _continues(0.85)

    def _titled(self, now: _Open, best: Candidate, number: int | None) -> Decision:
        current = self._catalogue.components.get(now.code or "")
        same = now.code is not None and self._same(best.code, now.code)
        if current is not None and number != 1 and now.count < current.pages_max:
            if same and current.kind == "book":
                return _continues(0.8)
            if same and current.pages_max > _LONG_PAPER:
                return _continues(0.6, SAME_TITLE_AGAIN)
            if current.kind == "book" and not best.form_number:
                return _continues(0.6, TITLE_INSIDE_BOOK)
        return _starts(Boundary.ANCHOR, 0.97 if best.form_number else 0.95 if best.strong else 0.88)

    def _restarted(self, now: _Open) -> Decision:
        if now.number is not None and now.number > 1:
            return _starts(Boundary.PAGE_NUMBER, 0.85)
        return _starts(Boundary.PAGE_NUMBER, 0.6, NUMBER_RESTARTS)

    def _bare(self, now: _Open) -> Decision:
        current = self._catalogue.components.get(now.code or "")
        if current is None:
            return _continues(0.8)
        if now.count + 1 > current.pages_max:
            return _continues(0.5, UNTITLED_PAGE)
        return _continues(0.9)

    def _same(self, one: str, other: str) -> bool:
        """The same paper, or two that look the same (the book on paper and its e-copy)."""
        components = self._catalogue.components
        if one == other:
            return True
        first, second = components.get(one), components.get(other)
        return (
            first is not None
            and second is not None
            and first.kind == second.kind == "book"
            and first.titles == second.titles
        )


def _starts(boundary: Boundary, confidence: float, reason: str | None = None) -> Decision:
    return Decision(True, boundary, confidence, reason)  # noqa: FBT003


def _continues(confidence: float, reason: str | None = None) -> Decision:
    return Decision(False, Boundary.ANCHOR, confidence, reason)  # noqa: FBT003


def settled(decision: Decision) -> Decision:
    """The decision after a person confirmed it."""
    return replace(decision, confidence=1.0)


def _draft(run: Run, index: int, pages: list[int], now: _Open) -> Draft:
    return Draft(
        pages=tuple(pages),
        slot=run.slot,
        boundary=now.decisions[0].boundary,
        confidence=min(d.confidence for d in now.decisions),
        declared=run.sheet.component if run.sheet is not None and index == 0 else None,
    )
