"""One batch held against its truth. Pure: the truth and the findings in, an outcome out.

Separation and types are judged as proposed, before anybody was asked; text as it was read; fields
as they were read from the components that stood after the answers. Components are paired by the
pages that they share. May not come in: files, processes, rates over several batches.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from benchmarks.factory.truth import Hand, Role, TruthBatch, TruthComponent, TruthLine, TruthPage
from benchmarks.field_errors import judge_fields
from benchmarks.measuring.found import Findings, FoundPage
from benchmarks.measuring.outcomes import (
    BlankCase,
    FieldCase,
    Outcome,
    TextCase,
    TurnCase,
    TypeCase,
)
from benchmarks.reading_errors import Errors, page_errors
from pipeline.catalogue import OTHER, Catalogue, ScanRule
from pipeline.models.components import Classified
from pipeline.models.fields import FieldSet
from pipeline.models.pages import BlankStatus
from pipeline.models.text import PageText

NONE: Final = "NONE"
"""Stands for the type of a component that nothing was found of."""
_HANDED_IN: Final = "form"
_WRITTEN: Final = (Role.FIRST, Role.NEXT)


def comes_scanned(code: str, catalogue: Catalogue) -> bool:
    """True for a paper that the catalogue knows and that a scanner may meet.

    A form that is handed in as a file only (F_14A_HSB) is rightly asked about when it comes as a
    scan.
    """
    component = catalogue.component(code)
    file_only = component.scan is ScanRule.BORN_DIGITAL and component.kind == _HANDED_IN
    return code != OTHER and component.scan is not ScanRule.NO and not file_only


def compare(truth: TruthBatch, found: Findings, catalogue: Catalogue) -> Outcome:
    """Hold findings against the truth of the same batch.

    Raises:
        ValueError: they are not of the same batch.
    """
    if len(truth.pages) != len(found.pages):
        raise ValueError(f"{len(truth.pages)} pages in truth, {len(found.pages)} found")
    pairs = tuple(zip(truth.pages, found.pages, strict=True))
    true_starts, starts = _starts(truth), _found_starts(found)
    wrong_starts = tuple(sorted(true_starts ^ starts))
    directed = [(t, f) for t, f in pairs if t.role in _WRITTEN]
    return Outcome(
        seed=truth.seed,
        level=truth.level,
        part=truth.part,
        sheets=truth.sheets,
        pages=len(truth.pages),
        known=all(comes_scanned(c.code, catalogue) for c in truth.components),
        text=tuple(_text(t, f, truth) for t, f in directed),
        true_starts=len(true_starts),
        found_starts=len(starts),
        right_starts=len(true_starts & starts),
        silent_starts=() if found.held else wrong_starts,
        types=tuple(_type(c, found.proposed) for c in truth.components),
        asked=tuple(q.reason for q in found.asked),
        rounds=found.rounds,
        fields=tuple(_fields(truth, found, catalogue)),
        turns=len(directed),
        wrong_turns=tuple(
            TurnCase(page=t.index, truth=t.turn, found=f.turn)
            for t, f in directed
            if t.turn != f.turn
        ),
        wrong_blanks=tuple(_blanks(pairs, wrong=True)),
        unsure_blanks=tuple(_blanks(pairs, wrong=False)),
        wrong_sheets=tuple(t.index for t, f in pairs if (t.role is Role.SHEET) is not f.sheet),
        cpu_seconds=found.cpu_seconds,
        seconds=found.seconds,
        own_peak_mib=found.own_peak_mib,
        program_peak_mib=found.program_peak_mib,
    )


def _starts(truth: TruthBatch) -> frozenset[int]:
    """All but the first, which nobody can miss."""
    return frozenset(sorted(c.pages[0] for c in truth.components)[1:])


def _found_starts(found: Findings) -> frozenset[int]:
    return frozenset(sorted(c.pages[0] for c in found.proposed)[1:])


def _text(page: TruthPage, found: FoundPage, truth: TruthBatch) -> TextCase:
    read = found.text or _nothing(page, found)
    whole = page_errors(page, read)
    hands = {Hand.PRINT: Errors(stray=whole.stray)}
    written = tuple(piece for line in page.lines for piece in _by_hand(line))
    for hand in Hand:
        lines = tuple(line for line in written if line.hand is hand)
        if lines:
            own = replace(page_errors(replace(page, lines=lines), read), stray=0)
            hands[hand] = hands.get(hand, Errors()) + own
    layout = "" if page.component is None else truth.components[page.component].layout
    return TextCase(page=page.index, layout=layout, hands=hands)


def _by_hand(line: TruthLine) -> tuple[TruthLine, ...]:
    """The line; its parts where more than one hand wrote it, so that none pays for another."""
    if len({part.hand for part in line.parts}) < 2:
        return (line,)
    return tuple(TruthLine(part.text, part.box, part.hand) for part in line.parts)


def _nothing(page: TruthPage, found: FoundPage) -> PageText:
    """The text of a page that was not read: every letter of it is an error."""
    return PageText(index=page.index, turn=found.turn, width_px=1, height_px=1, dpi=page.dpi)


def _nearest(component: TruthComponent, found: Sequence[Classified]) -> Classified | None:
    """The found component that shares most pages; of equals the one with fewer others."""
    mine = set(component.pages)

    def likeness(other: Classified) -> tuple[int, int]:
        shared = len(mine.intersection(other.pages))
        return shared, shared - len(other.pages)

    best = max(found, key=likeness, default=None)
    return best if best is not None and mine.intersection(best.pages) else None


def _type(component: TruthComponent, proposed: Sequence[Classified]) -> TypeCase:
    best = _nearest(component, proposed)
    return TypeCase(
        pages=component.pages,
        layout=component.layout,
        truth=component.code,
        found=NONE if best is None else best.code,
        confidence=0.0 if best is None else best.confidence,
        certain=best is not None and best.certain,
        whole=best is not None and best.pages == component.pages,
    )


def _fields(truth: TruthBatch, found: Findings, catalogue: Catalogue) -> Iterable[FieldCase]:
    """Every printed field, and those read that the paper does not have, by the type it was taken
    for; a component found twice over gives its fields to the nearest."""
    sets: Mapping[str, FieldSet] = {f.component_id: f for f in found.fields}
    empty = FieldSet(
        component_id="",
        code=OTHER,
        catalogue_version=catalogue.version,
        catalogue_sha256=catalogue.sha256,
    )
    for number, component in enumerate(truth.components):
        best = _nearest(component, found.settled)
        read = empty if best is None else sets.get(best.component_id, empty)
        typed = best is not None and best.code == component.code and best.pages == component.pages
        known = {field.name for field in catalogue.component(component.code).fields}
        own = tuple(value for value in read.fields if value.name in known)
        foreign = read.model_copy(
            update={"fields": tuple(v for v in read.fields if v.name not in known)}
        )
        for judged in (
            *judge_fields(
                component.code,
                truth.fields(number),
                read.model_copy(update={"fields": own}),
                catalogue,
            ),
            *judge_fields(read.code, {}, foreign, catalogue),
        ):
            yield FieldCase(
                page=component.pages[0],
                code=component.code,
                layout=component.layout,
                typed=typed,
                judged=judged,
            )


def _blanks(pairs: Iterable[tuple[TruthPage, FoundPage]], *, wrong: bool) -> Iterable[BlankCase]:
    """Pages judged wrongly, or those left to a person."""
    for page, found in pairs:
        if page.role is Role.SHEET or found.sheet:
            continue
        unsure = found.blank is BlankStatus.UNCERTAIN
        mistaken = (found.blank is BlankStatus.BLANK) is not (page.role is Role.BLANK)
        if unsure is not wrong and (unsure or mistaken):
            yield BlankCase(page=page.index, role=page.role, found=found.blank)
