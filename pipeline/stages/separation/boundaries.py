"""Where components start within a run of pages: titles, printed page numbers, file starts.

Each page gets one decision (start or continue) with a confidence and, where in doubt, a reason.
Rules: domain-pack C.4, architecture §3. What the rules cannot be sure of, a model decides from the
page, its neighbours and what the rules say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from pipeline.catalogue import OTHER, Catalogue
from pipeline.catalogue.matching import Candidate, PageReading
from pipeline.models.split import Boundary
from pipeline.stages.separation.evidence import PageEvidence
from pipeline.stages.separation.starts import Chance, Seen, Situation
from pipeline.stages.separation.walking import Run

TITLE_INSIDE_DECLARED = "TITLE_INSIDE_DECLARED"
TITLE_AGAINST_NUMBER = "TITLE_AGAINST_NUMBER"
SAME_TITLE_AGAIN = "SAME_TITLE_AGAIN"
TITLE_INSIDE_BOOK = "TITLE_INSIDE_BOOK"
NUMBER_RESTARTS = "NUMBER_RESTARTS"
NUMBER_GAP = "NUMBER_GAP"
UNTITLED_PAGE = "UNTITLED_PAGE"
LOOKS_NEW = "LOOKS_NEW"
LOOKS_CONTINUED = "LOOKS_CONTINUED"
_LONG_PAPER = 4
"""Papers of more pages repeat their title on each (lists, translations)."""
_STRONG = 0.85
_EVEN = 0.5
_SURE = 0.9
"""From here on what a page reads like stands for its title."""
_BEYOND, _FOLLOWS = 0.97, 0.98
"""Confidence of the rules that no model overrules."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What one page does."""

    start: bool
    boundary: Boundary
    """Meaningful where it starts."""
    confidence: float
    reason: str | None = None
    """Set where a person is asked if the confidence is too low."""
    why: tuple[str, ...] = ()
    """Facts that decided, strongest first, where a model did."""
    final: bool = False
    """The rules are sure: no model is asked."""


class StartJudge(Protocol):
    """Says how likely a page starts a paper."""

    def chance(self, situation: Situation) -> Chance:
        """Judge one page."""
        ...


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
    first: int | None = None
    """Its first page."""
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
        self,
        catalogue: Catalogue,
        seen: Mapping[int, Seen],
        containers: frozenset[int],
        judge: StartJudge | None = None,
    ) -> None:
        """Take what the pages say.

        Args:
            catalogue: for page counts of papers.
            seen: by page index; pages that could not be read are left out.
            containers: sources whose first page starts a component.
            judge: decides what the rules leave open; None: the rules decide alone.
        """
        self._catalogue = catalogue
        self._seen = seen
        self._readings = {index: page.reading for index, page in seen.items()}
        self._containers = containers
        self._judge = judge

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
        for place, page in enumerate(pages):
            if previous is None:
                decision, now = self._first(run, page, first)
            else:
                now = groups[-1][1]
                decision = self._decide(now, previous, page)
                if not decision.final:
                    after = pages[place + 1] if place + 1 < len(pages) else None
                    decision = self._judged(decision, now, previous, page, after)
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
            now.code = now.sheet_code or (best.code if best else self._likely(page))
            now.first = page.raw.index
        now.count += 1
        now.number = reading.number if reading and reading.number else now.number
        now.decisions.append(decision)

    def _likely(self, page: PageEvidence) -> str | None:
        """What an untitled first page surely reads like."""
        seen = self._seen.get(page.raw.index)
        top = seen.likenesses[0] if seen is not None and seen.likenesses else None
        known = top is not None and top.code in self._catalogue.components and top.code != OTHER
        return top.code if top is not None and known and top.probability >= _SURE else None

    def _judged(
        self,
        ruled: Decision,
        now: _Open,
        previous: PageEvidence,
        page: PageEvidence,
        after: PageEvidence | None,
    ) -> Decision:
        """The decision of the model, with that of the rules among its facts."""
        seen = self._seen.get(page.raw.index)
        if self._judge is None or seen is None:
            return ruled
        size = (page.look.turn % 180, page.raw.width_px, page.raw.height_px)
        size_before = (previous.look.turn % 180, previous.raw.width_px, previous.raw.height_px)
        chance = self._judge.chance(
            Situation(
                page=seen,
                previous=self._seen.get(previous.raw.index),
                next=self._seen.get(after.raw.index) if after is not None else None,
                first=self._seen.get(now.first) if now.first is not None else None,
                component=self._catalogue.components.get(now.code or ""),
                count=now.count,
                number=now.number,
                skipped=page.raw.index - previous.raw.index - 1,
                same_size=size == size_before,
                ruled=ruled.confidence if ruled.start else -ruled.confidence,
            )
        )
        start = chance.probability >= _EVEN
        sure = chance.probability if start else 1 - chance.probability
        if start == ruled.start:
            if not start and ruled.reason is None:
                sure = max(sure, self._goes_on_as(now, seen))
            return replace(
                ruled,
                confidence=round(sure, 4),
                reason=ruled.reason or (LOOKS_NEW if start else LOOKS_CONTINUED),
                why=chance.why,
            )
        return Decision(
            start=start,
            boundary=Boundary.MODEL if start else Boundary.ANCHOR,
            confidence=round(sure, 4),
            reason=ruled.reason or (LOOKS_NEW if start else LOOKS_CONTINUED),
            why=chance.why,
        )

    @staticmethod
    def _goes_on_as(now: _Open, seen: Seen) -> float:
        """How surely a page without any head reads like the open paper; 0 for one with a head."""
        shape, reading = seen.shape, seen.reading
        # offices of those who sign are no title
        headed = not shape.closes and (shape.title or shape.issuer)
        if (
            headed
            or shape.motto
            or shape.form
            or shape.numbered
            or shape.addressed
            or reading.candidates
            or reading.has_motto
        ):
            return 0.0
        shares = {like.code: like.probability for like in seen.likenesses}
        return shares.get(now.code, 0.0) if now.code is not None and now.code != OTHER else 0.0

    def _decide(self, now: _Open, previous: PageEvidence, page: PageEvidence) -> Decision:
        if page.raw.starts_component:
            return replace(_starts(Boundary.FILE_START, 1.0), final=True)
        reading = self._readings.get(page.raw.index)
        if self._is_back(now, previous, page):
            return replace(self._back(now), final=True)
        if self._sums_up(now, previous, page):
            return replace(_continues(_STRONG), final=True)
        decision = self._ruled(now, previous, page, reading)
        return replace(decision, final=now.declared or self._beyond_doubt(decision, reading))

    @staticmethod
    def _beyond_doubt(decision: Decision, reading: PageReading | None) -> bool:
        """A form's own number and title start it; the next printed number continues."""
        if reading is None:
            return True
        best = reading.best
        titled = best is not None and best.form_number and bool(best.title)
        if decision.start:
            return titled and decision.confidence >= _BEYOND
        return decision.confidence >= _FOLLOWS and (best is None or not best.strong)

    def _ruled(
        self,
        now: _Open,
        previous: PageEvidence,
        page: PageEvidence,
        reading: PageReading | None,
    ) -> Decision:
        if page.raw.source != previous.raw.source and previous.raw.source in self._containers:
            return _starts(Boundary.FILE_START, 0.9)
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
            return _continues(_FOLLOWS)
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

    def _is_back(self, now: _Open, previous: PageEvidence, page: PageEvidence) -> bool:
        """Notes on how to fill a form in, and nothing that begins a paper or lost one.

        One digit read for another is forgiven: a page numbered 3 behind the first is its back.
        """
        seen = self._seen.get(page.raw.index)
        if seen is None or now.declared or page.raw.source != previous.raw.source:
            return False
        shape, reading = seen.shape, seen.reading
        headed = shape.motto or shape.issuer or shape.addressed or reading.has_motto
        best = reading.best
        named = best is not None and not self._same(best.code, now.code or "")
        begins = best is not None and best.form_number and bool(best.title)
        number = reading.number
        if number is None:
            follows = True
        elif now.number is not None:
            follows = number == now.number + 1
        else:
            follows = number != 1 and number <= now.count + 2
        return shape.notes and follows and not (headed or named or begins)

    def _sums_up(self, now: _Open, previous: PageEvidence, page: PageEvidence) -> bool:
        """A sum in words and who signs it, below a list that nobody has signed yet.

        With a title, a number or a form's own head it is a paper of its own.
        """
        seen, before = self._seen.get(page.raw.index), self._seen.get(previous.raw.index)
        if seen is None or before is None or now.declared or page.raw.source != previous.raw.source:
            return False
        shape, reading = seen.shape, seen.reading
        headed = shape.motto or shape.form or shape.numbered or shape.addressed or reading.has_motto
        expected = (now.number if now.number is not None else now.count) + 1
        number = reading.number is not None and reading.number != expected
        current = self._catalogue.components.get(now.code or "")
        lists = current is not None and any(field.type == "table" for field in current.fields)
        closes = shape.sums_up and shape.closes and reading.best is None
        return closes and lists and not (before.shape.signed or headed or number)

    def _back(self, now: _Open) -> Decision:
        """Notes on how to fill a form in stand on its back, whatever number is read there."""
        current = self._catalogue.components.get(now.code or "")
        full = current is not None and now.count + 1 > current.pages_max
        return _continues(0.5, UNTITLED_PAGE) if full else _continues(_FOLLOWS)

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
