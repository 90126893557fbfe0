"""The walk over the pages: covers make dossier slots, separators open runs, blanks fall out.

Rules: architecture §4. Nothing is lost whatever the order of the sheets: a doubled separator makes
no empty component, a missing one is a visible gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.catalogue import Catalogue
from pipeline.models.batch import IngestTerms
from pipeline.models.pages import BlankStatus, Sheet, SheetKind
from pipeline.models.review import ReviewKind
from pipeline.models.split import DossierSlot, DroppedPage, Fate
from pipeline.stages.separation.evidence import PageEvidence, Questions

SHEETS_MISSING = "SHEETS_MISSING"
SEPARATORS_EMPTY = "SEPARATORS_EMPTY"
SHEET_DAMAGED = "SHEET_DAMAGED"
COVER_CONTRADICTS = "COVER_CONTRADICTS"
COVER_MISSING = "COVER_MISSING"
SLIP_FOREIGN = "SLIP_FOREIGN"
BLANK_DOUBTFUL = "BLANK_DOUBTFUL"
_SHOWN_NUMBERS = 20


@dataclass(slots=True)
class Run:
    """Pages between two sheets, of one dossier; at most one kept file."""

    slot: int
    sheet: Sheet | None = None
    """The separator that opened it."""
    opened: bool = False
    """True where any sheet, also a damaged one, opened it."""
    source: int | None = None
    """Index of the kept file, where the run is one."""
    pages: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Slip:
    total: int
    first_page: int
    seen: set[int] = field(default_factory=set)
    separators: dict[int, tuple[int, Sheet]] = field(default_factory=dict)
    """Number k → (page, sheet) where it was first seen."""
    filled: set[int] = field(default_factory=set)


@dataclass(slots=True)
class _Slot:
    number: int
    dossier: str | None
    procedure: str | None
    case: str | None
    slips: dict[str, _Slip] = field(default_factory=dict)
    content: bool = False


@dataclass(frozen=True, slots=True)
class Walk:
    """Result of the walk."""

    runs: tuple[Run, ...]
    """With at least one page each."""
    dropped: tuple[DroppedPage, ...]
    slots: tuple[DossierSlot, ...]
    doubtful: frozenset[int]
    """Pages that may be blank, or were called not blank by a person."""


class Walker:
    """Walks the pages once."""

    def __init__(self, terms: IngestTerms, catalogue: Catalogue, questions: Questions) -> None:
        """Start with one dossier: the one of the terms."""
        self._catalogue = catalogue
        self._questions = questions
        self._terms = terms
        self._slots = [_Slot(0, terms.dossier, terms.procedure, terms.case)]
        self._at = self._slots[0]
        self._runs = [Run(0)]
        self._dropped: list[DroppedPage] = []
        self._doubtful: set[int] = set()
        self._damaged: set[int] = set()

    def walk(self, pages: Sequence[PageEvidence]) -> Walk:
        """Give every page to a run or drop it."""
        for page in pages:
            self._step(page)
        for slot in self._slots:
            for slip_id, slip in slot.slips.items():
                self._ask_about(slot, slip_id, slip)
        return Walk(
            runs=tuple(r for r in self._runs if r.pages),
            dropped=tuple(self._dropped),
            slots=tuple(_dossier_slot(s) for s in self._slots),
            doubtful=frozenset(self._doubtful),
        )

    def _step(self, page: PageEvidence) -> None:
        index = page.raw.index
        if page.kept:
            self._keep(page)
        elif page.sheet.sheet is not None:
            self._sheet(page.sheet.sheet, index)
            self._drop(index, Fate.SEPARATOR)
        elif page.sheet.damaged:
            self._runs.append(Run(self._at.number, opened=True))
            self._drop(index, Fate.SEPARATOR)
            self._questions.ask(ReviewKind.SHEET_COUNT, SHEET_DAMAGED, index, self._at.number)
        elif self._is_blank(page):
            self._drop(index, Fate.BLANK)
        else:
            self._content(index)

    def _drop(self, index: int, fate: Fate) -> None:
        self._dropped.append(DroppedPage(index=index, fate=fate, dossier=self._at.number))

    def _content(self, index: int) -> None:
        if self._runs[-1].source is not None:
            self._runs.append(Run(self._at.number))
        run = self._runs[-1]
        run.pages.append(index)
        self._at.content = True
        if run.sheet is not None and run.sheet.slip_id in self._at.slips:
            self._at.slips[run.sheet.slip_id].filled.add(run.sheet.number)

    def _keep(self, page: PageEvidence) -> None:
        run = self._runs[-1]
        if run.source != page.raw.source:
            run = Run(self._at.number, source=page.raw.source)
            self._runs.append(run)
        run.pages.append(page.raw.index)
        self._at.content = True

    def _is_blank(self, page: PageEvidence) -> bool:
        index = page.raw.index
        kind = ReviewKind.BLANK_UNCERTAIN
        if page.look.blank is BlankStatus.UNCERTAIN:
            answer = self._questions.ask(
                kind,
                BLANK_DOUBTFUL,
                index,
                self._at.number,
                params={"score": round(page.look.blank_score, 2)},
            )
            self._doubtful.add(index)
            return answer is not None and answer.is_blank is True
        answer = self._questions.answered(kind, BLANK_DOUBTFUL, index)
        if answer is None or answer.is_blank is None:
            return page.look.blank is BlankStatus.BLANK
        self._doubtful.add(index)
        return answer.is_blank

    # -- sheets -----------------------------------------------------------------------------

    def _sheet(self, sheet: Sheet, index: int) -> None:
        self._at = self._slot_of(sheet, index)
        if sheet.kind is not SheetKind.GENERAL or sheet.slip_id in self._at.slips:
            slip = self._at.slips.setdefault(sheet.slip_id, _Slip(sheet.total, index))
            slip.seen.add(sheet.number)
            if sheet.kind is SheetKind.SEPARATOR:
                slip.separators.setdefault(sheet.number, (index, sheet))
        opener = None if sheet.kind is SheetKind.COVER else sheet
        self._runs.append(Run(self._at.number, sheet=opener, opened=True))

    def _slot_of(self, sheet: Sheet, index: int) -> _Slot:
        if sheet.kind is SheetKind.GENERAL:
            return self._at
        for slot in (self._at, *self._slots):
            same = sheet.dossier is not None and sheet.dossier == slot.dossier
            if sheet.slip_id in slot.slips or (same and not self._virgin(slot)):
                return slot
        if self._virgin(self._at):
            self._adopt(self._at, sheet, index)
            return self._at
        if sheet.kind is SheetKind.COVER:
            return self._open(sheet)
        return self._stray(sheet, index)

    def _stray(self, sheet: Sheet, index: int) -> _Slot:
        """A separator of a slip whose cover was not seen, after pages of the present dossier."""
        at = self._at
        if not at.slips and (sheet.dossier is None or at.dossier is None):
            self._adopt(at, sheet, index)
            return at
        if sheet.dossier is not None:
            slot = self._open(sheet)
            self._questions.ask(ReviewKind.SHEET_COUNT, COVER_MISSING, index, slot.number)
            return slot
        self._questions.ask(ReviewKind.SHEET_COUNT, SLIP_FOREIGN, index, at.number)
        return at

    def _virgin(self, slot: _Slot) -> bool:
        return not slot.content and not slot.slips

    def _open(self, sheet: Sheet) -> _Slot:
        slot = _Slot(len(self._slots), sheet.dossier, sheet.procedure, sheet.case)
        self._slots.append(slot)
        return slot

    def _adopt(self, slot: _Slot, sheet: Sheet, index: int) -> None:
        """The slip's word goes over the command's."""
        for name in ("dossier", "procedure", "case"):
            said, printed = getattr(slot, name), getattr(sheet, name)
            if printed is None:
                continue
            if said is not None and said != printed:
                self._questions.ask(
                    ReviewKind.SHEET_COUNT,
                    COVER_CONTRADICTS,
                    index,
                    slot.number,
                    about=name,
                    params={"what": name},
                )
            setattr(slot, name, printed)

    # -- gaps -------------------------------------------------------------------------------

    def _ask_about(self, slot: _Slot, slip_id: str, slip: _Slip) -> None:
        gaps = {
            SHEETS_MISSING: _missing(slip),
            SEPARATORS_EMPTY: tuple(
                k
                for k, (_, sheet) in sorted(slip.separators.items())
                if k not in slip.filled and not self._may_lack(sheet)
            ),
        }
        for reason, numbers in gaps.items():
            if numbers:
                self._questions.ask(
                    ReviewKind.SHEET_COUNT,
                    reason,
                    slip.first_page,
                    slot.number,
                    about=f"{slip_id}:{','.join(map(str, numbers))}",
                    params={
                        "numbers": ", ".join(map(str, numbers[:_SHOWN_NUMBERS])),
                        "count": len(numbers),
                        "total": slip.total,
                    },
                )

    def _may_lack(self, sheet: Sheet) -> bool:
        """True where the case can do without the paper: an alternative or a conditional one."""
        procedure = self._catalogue.procedures.get(sheet.procedure or "")
        case = (
            next((c for c in procedure.cases if c.code == sheet.case), None) if procedure else None
        )
        if procedure is None or case is None or sheet.component is None:
            return False
        optional = {code for code, _ in case.conditional}
        optional.update(code for group in case.one_of for code in group)
        if len(procedure.application) > 1:
            optional.update(procedure.application)
        return sheet.component in optional - set(case.required)


def _missing(slip: _Slip) -> tuple[int, ...]:
    return tuple(k for k in range(1, slip.total + 1) if k not in slip.seen)


def _dossier_slot(slot: _Slot) -> DossierSlot:
    slip = next(iter(slot.slips.values()), None)
    return DossierSlot(
        slot=slot.number,
        dossier=slot.dossier,
        procedure=slot.procedure,
        case=slot.case,
        total=slip.total if slip else None,
        missing=_missing(slip) if slip else (),
    )
