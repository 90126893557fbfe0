"""Figures over many batches of one level, each with its goal. Pure.

A goal that is met in too few cases is not shown to be met. May not come in:
how a batch is compared, how figures are shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, NamedTuple

from benchmarks.factory.truth import Hand, Level
from benchmarks.field_errors import FieldKind, JudgedField, Tally, tallies, tally
from benchmarks.measuring.outcomes import FieldCase, Outcome
from benchmarks.reading_errors import Errors, total


class Verdict(StrEnum):
    """On a figure and its goal."""

    MET = "met"
    MISSED = "not met"
    TOO_FEW = "too few cases"
    NONE = ""
    """There is no goal, or no case."""


class Goal(NamedTuple):
    """A bar."""

    limit: float
    at_most: bool
    """Else at least."""
    least: int = 0
    """Cases that it must be shown on."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measure of one level."""

    name: str
    value: float | None
    """A share (0 to 1), unless the unit says otherwise; None where there is nothing to count."""
    of: int
    """Cases: characters, components, pages …, as the name says."""
    unit: str = "%"
    goal: Goal | None = None

    @property
    def verdict(self) -> Verdict:
        """Whether the goal is met, and shown on enough cases."""
        goal = self.goal
        if goal is None or self.value is None:
            return Verdict.NONE
        if not (self.value <= goal.limit if goal.at_most else self.value >= goal.limit):
            return Verdict.MISSED
        return Verdict.MET if self.of >= goal.least else Verdict.TOO_FEW


def most(limit: float, least: int = 0) -> Goal:
    """At most."""
    return Goal(limit, at_most=True, least=least)


def least(limit: float) -> Goal:
    """At least."""
    return Goal(limit, at_most=False)


_MID, _HARD = Level.MID, Level.HARD
GOALS: Final[Mapping[tuple[str, Level], Goal]] = {
    ("CER, print", _MID): most(0.004),
    ("CER, print", _HARD): most(0.03),
    ("boundary F1, sheets", _MID): least(1.0),
    ("boundary F1, sheets", _HARD): least(1.0),
    ("boundary F1, no sheets", _MID): least(0.995),
    ("boundary F1, no sheets", _HARD): least(0.97),
    ("component accuracy, no sheets", _MID): least(0.995),
    ("component accuracy, no sheets", _HARD): least(0.97),
    ("printed fields exact", _MID): least(0.985),
    ("printed fields to review", _MID): most(0.08),
    ("false accepts", _MID): most(0, 3000),
    ("false accepts", _HARD): most(0, 3000),
    ("batches held, all known", _MID): most(0.03),
    ("orientation wrong", _MID): most(0, 1000),
    ("blank wrong", _MID): most(0, 1000),
}


def figures(level: Level, outcomes: Sequence[Outcome]) -> tuple[Figure, ...]:
    """All figures of one level.

    Args:
        level: chooses the goals.
        outcomes: of batches of that level.
    """
    found = (
        *_text(outcomes),
        *_separation(outcomes),
        *_fields([f for o in outcomes for f in o.fields]),
        *_pages(outcomes),
        *_costs(outcomes),
    )
    return tuple(
        replace(f, goal=goal) if (goal := GOALS.get((f.name, level))) is not None else f
        for f in found
    )


def errors_of(outcomes: Iterable[Outcome], hand: Hand) -> Errors:
    """What was misread of one hand."""
    return total(case.hands[hand] for o in outcomes for case in o.text if hand in case.hands)


def cer_by_layout(outcomes: Iterable[Outcome]) -> dict[str, Errors]:
    """Print that was misread, by layout."""
    out: dict[str, Errors] = {}
    for outcome in outcomes:
        for case in outcome.text:
            own = case.hands.get(Hand.PRINT, Errors())
            out[case.layout] = out.get(case.layout, Errors()) + own
    return out


def _text(outcomes: Sequence[Outcome]) -> Iterable[Figure]:
    for hand in Hand:
        errors = errors_of(outcomes, hand)
        if errors.characters:
            yield Figure(f"CER, {hand}", errors.cer, errors.characters)
            yield Figure(f"WER, {hand}", errors.wer, errors.words)
    read = errors_of(outcomes, Hand.PRINT)
    yield Figure("stray characters", _share(read.stray, read.characters), read.characters)


def f1(outcomes: Iterable[Outcome]) -> float | None:
    """Of component starts; None where there are none to find."""
    some = tuple(outcomes)
    right = sum(o.right_starts for o in some)
    both = sum(o.true_starts + o.found_starts for o in some)
    return 2 * right / both if both else None


def _separation(outcomes: Sequence[Outcome]) -> Iterable[Figure]:
    for sheets, name in ((False, "no sheets"), (True, "sheets")):
        own = [o for o in outcomes if o.sheets is sheets]
        if not own:
            continue
        types = [t for o in own for t in o.types]
        starts = sum(o.true_starts for o in own)
        yield Figure(f"boundary F1, {name}", f1(own), starts)
        right = sum(t.right for t in types)
        yield _good(f"component accuracy, {name}", right, len(types))
        whole = sum(t.right and t.whole for t in types)
        yield _good(f"components whole and right, {name}", whole, len(types))
        yield _bad(f"batches held, {name}", sum(o.held for o in own), len(own))
    known = [o for o in outcomes if o.known]
    yield _bad("batches held, all known", sum(o.held for o in known), len(known))
    wrong = sum(bool(o.silent_starts) or silent_types(o) > 0 for o in outcomes)
    yield _bad("batches wrong and not held", wrong, len(outcomes))


def silent_types(outcome: Outcome) -> int:
    """Components with a wrong type in a batch that was not held."""
    return 0 if outcome.held else sum(not t.right for t in outcome.types)


def _fields(cases: Sequence[FieldCase]) -> Iterable[Figure]:
    judged = [case.judged for case in cases]
    for hand, name in ((Hand.PRINT, "printed"), (Hand.PEN, "pen")):
        own = tally(j for j in judged if j.hand is hand)
        if own.fields:
            yield _good(f"{name} fields exact", own.exact, own.fields)
            yield _bad(f"{name} fields to review", own.review, own.fields)
            yield _bad(f"{name} fields missed", own.missed, own.fields)
    all_of = tally(judged)
    yield Figure("false accepts", float(all_of.false_accepts), all_of.accepted, "count")
    yield Figure("false accepts, 95 % bound", all_of.false_accept_bound, all_of.accepted)
    yield Figure("accepted, not in the truth", float(all_of.invented), all_of.accepted, "count")


def fields_by_kind(outcomes: Iterable[Outcome]) -> Mapping[FieldKind, Tally]:
    """Counts of all fields by kind."""
    return tallies(case.judged for o in outcomes for case in o.fields)


def false_accepts(outcomes: Iterable[Outcome]) -> tuple[tuple[Outcome, FieldCase], ...]:
    """Every wrong value that was accepted, and every accepted value that the truth lacks."""
    return tuple(
        (o, case)
        for o in outcomes
        for case in o.fields
        if case.judged.false_accept or case.judged.invented
    )


def judged_fields(outcomes: Iterable[Outcome]) -> tuple[JudgedField, ...]:
    """All fields."""
    return tuple(case.judged for o in outcomes for case in o.fields)


def confusion(outcomes: Iterable[Outcome]) -> Counter[tuple[str, str]]:
    """(true type, found type) to the number of components."""
    return Counter((t.truth, t.found) for o in outcomes for t in o.types)


def _pages(outcomes: Sequence[Outcome]) -> Iterable[Figure]:
    turns, pages = sum(o.turns for o in outcomes), sum(o.pages for o in outcomes)
    wrong = sum(len(o.wrong_turns) for o in outcomes)
    yield Figure("orientation wrong", float(wrong), turns, "count")
    blank = sum(len(o.wrong_blanks) for o in outcomes)
    yield Figure("blank wrong", float(blank), pages, "count")
    unsure = sum(len(o.unsure_blanks) for o in outcomes)
    yield Figure("blank asked", float(unsure), pages, "count")
    sheets = sum(len(o.wrong_sheets) for o in outcomes)
    yield Figure("sheets wrong", float(sheets), pages, "count")


def _costs(outcomes: Sequence[Outcome]) -> Iterable[Figure]:
    pages = sum(o.pages for o in outcomes)
    cpu = sum(o.cpu_seconds for o in outcomes)
    yield Figure("CPU a page", _share(cpu, pages), pages, "s")
    peak = max((o.own_peak_mib for o in outcomes), default=0.0)
    yield Figure("peak memory of the process", peak, pages, "MiB", most(600))
    program = max((o.program_peak_mib for o in outcomes), default=0.0)
    yield Figure("peak memory of a program it starts", program, pages, "MiB", most(600))


def _good(name: str, count: int, of: int) -> Figure:
    return Figure(name, _share(count, of), of)


def _bad(name: str, count: int, of: int) -> Figure:
    return Figure(name, _share(count, of), of)


def _share(count: float, of: int) -> float | None:
    return count / of if of else None
