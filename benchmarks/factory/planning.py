"""Which papers a batch holds, whose they are, in which order, on which sides of the sheets.

A plan depends on seed, part and kinds only: the same seed gives the same papers at every level.
May not come in: drawing and scanning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from benchmarks.factory.layouts import Layout
from benchmarks.factory.person import Person, make_person
from benchmarks.factory.truth import Part
from casework.slips import papers_of
from pipeline.catalogue import OTHER, BenefitCase, Catalogue, Procedure

_PLAN: Final = 0
"""Purpose of chance: the plan itself; others have numbers from 1."""
_PART_NUMBERS: Final = {Part.TRAIN: 1, Part.TUNE: 2, Part.TEST: 3}
_UNKNOWN_SHARE: Final = 0.08
"""Of the papers drawn from all kinds."""
_FILES_ONLY: Final = frozenset({"F_14A_HSB"})
"""Forms that are filled in and signed on a portal: no office scans them (domain rules C.3)."""
_DOSSIER: Final = (2, 9)
"""Papers, at least and at most."""
_OF_A_RELATIVE: Final = 0.2
_SAME_KIND_AGAIN: Final = 0.06
"""Chance that a paper is followed by the same kind of another person."""
_DUPLEX_BATCH: Final = 0.4
"""Share of batches scanned on both sides."""
_PRINTED_ON_ONE_SIDE: Final = 0.6
"""Share of papers with empty backs in such a batch."""
_STRAY_BACK: Final = 0.03
"""Chance of an empty back in other batches."""
_CONDITIONAL: Final = 0.4
"""Share of a case's conditional papers that are there."""
_FURTHER: Final = (1, 5)
"""Papers of a dossier that its case has no separator for, at least and at most."""


@dataclass(frozen=True, slots=True)
class PlannedSlip:
    """The cover and separators of a case, printed for one dossier."""

    procedure: str
    case: str
    number: int
    """Within the batch: tells slips of the same case apart."""


@dataclass(frozen=True, slots=True)
class PlannedSheet:
    """A printed sheet that steers the batch."""

    slip: PlannedSlip
    page: int
    """Of the slip: 0 the cover, then the separators, -1 the general separator."""
    blank_back: bool
    may_end_before: bool
    """The batch may be complete without what comes here."""


@dataclass(frozen=True, slots=True)
class PlannedPaper:
    """One component of the batch, not yet drawn."""

    code: str
    layout: Layout
    person: Person
    blank_backs: bool
    """Every page is followed by its empty back."""
    both_sides: bool
    """Pages are printed on both sides of the sheets, so that they show through each other."""
    number: int
    """Within the batch: names its source of chance."""
    may_end_before: bool


Layouts = Mapping[str, Sequence[Layout]]


def generator(seed: int, part: Part, *streams: int) -> np.random.Generator:
    """A source of chance of its own for a seed, a part and a purpose; parts never share one.

    Args:
        seed: 0 to 2^32 - 1.
        part: mixed in, so that a seed means something else in every part.
        streams: numbers of the purpose; those of two purposes differ at the first place.
    """
    return np.random.default_rng((_PART_NUMBERS[part], seed, *streams))


def plan(
    seed: int, part: Part, layouts: Layouts, codes: Sequence[str] | None = None
) -> Iterator[PlannedPaper]:
    """Papers of one dossier after another, without end and without sheets.

    Args:
        seed: 0 to 2^32 - 1.
        part: what the batch is for.
        layouts: the part's variants of every kind.
        codes: the kinds to draw from; None: all of the catalogue, and now and then a paper it
            does not know.

    Raises:
        KeyError: no layout for a code.
        ValueError: no codes.
    """
    rng = generator(seed, part, _PLAN)
    deck = _Deck(rng, layouts, codes)
    maker = _Papers(rng, layouts)
    while True:
        family = _Family(rng)
        yield from maker.mixed(deck, family, int(rng.integers(_DOSSIER[0], _DOSSIER[1] + 1)))


def plan_with_sheets(
    seed: int,
    part: Part,
    layouts: Layouts,
    catalogue: Catalogue,
    codes: Sequence[str] | None = None,
) -> Iterator[PlannedSheet | PlannedPaper]:
    """Dossiers without end, each under the printed slip of a case.

    All separators of a slip are scanned, as the slips ask, also those whose paper is not there;
    other papers follow behind general separators. Where kinds are given, there are general
    separators only.

    Args:
        seed: 0 to 2^32 - 1.
        part: what the batch is for.
        layouts: the part's variants of every kind.
        catalogue: procedures and their cases.
        codes: as for `plan`.

    Raises:
        KeyError: no layout for a code.
        ValueError: no codes.
    """
    rng = generator(seed, part, _PLAN)
    deck = _Deck(rng, layouts, codes)
    maker = _Papers(rng, layouts)
    cases = [
        (procedure, case) for procedure in catalogue.procedures.values() for case in procedure.cases
    ]
    number = 0
    while True:
        procedure, case = cases[int(rng.integers(len(cases)))]
        family = _Family(rng)
        slip = PlannedSlip(procedure.code, case.code, number)
        general = PlannedSheet(slip, -1, maker.duplex, may_end_before=codes is not None)
        if codes is None:
            yield PlannedSheet(slip, 0, maker.duplex, may_end_before=True)
            there = _papers_there(rng, procedure, case, layouts)
            for place, code in enumerate(papers_of(procedure, case, catalogue), start=1):
                yield PlannedSheet(slip, place, maker.duplex, may_end_before=False)
                if code in there:
                    yield maker.paper(code, family.person, may_end_before=False)
        count = int(rng.integers(_FURTHER[0], _FURTHER[1] + 1))
        for paper in maker.mixed(deck, family, count):
            yield general
            yield replace(paper, may_end_before=False)
        number += 1


class _Papers:
    """Makes the papers of a batch, which is scanned on one side or on both."""

    def __init__(self, rng: np.random.Generator, layouts: Layouts) -> None:
        self._rng = rng
        self._layouts = layouts
        self._made = 0
        self.duplex = bool(rng.random() < _DUPLEX_BATCH)

    def paper(self, code: str, person: Person, *, may_end_before: bool) -> PlannedPaper:
        """A paper of a kind, in one of its layouts."""
        variants = self._layouts[code]
        single = bool(self._rng.random() < _PRINTED_ON_ONE_SIDE)
        stray = bool(self._rng.random() < _STRAY_BACK)
        self._made += 1
        return PlannedPaper(
            code=code,
            layout=variants[int(self._rng.integers(len(variants)))],
            person=person,
            blank_backs=single if self.duplex else stray,
            both_sides=self.duplex and not single,
            number=self._made,
            may_end_before=may_end_before,
        )

    def mixed(self, deck: _Deck, family: _Family, count: int) -> Iterator[PlannedPaper]:
        """As many papers of all kinds."""
        again: str | None = None
        for left in reversed(range(count)):
            code = again or deck.draw()
            person = family.person
            if again or self._rng.random() < _OF_A_RELATIVE:
                person = family.relative
            yield self.paper(code, person, may_end_before=True)
            repeat = self._rng.random() < _SAME_KIND_AGAIN and person is family.person and left > 0
            again = code if repeat else None


class _Family:
    """The insured person of a dossier and a relative of theirs."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.person = make_person(rng)
        self.relative = replace(
            make_person(rng),
            address=self.person.address,
            commune=self.person.commune,
            province=self.person.province,
            agency=self.person.agency,
            applied_on=self.person.applied_on,
        )


class _Deck:
    """Every kind equally often, in random order."""

    def __init__(
        self, rng: np.random.Generator, layouts: Layouts, codes: Sequence[str] | None
    ) -> None:
        self._rng = rng
        self._mixed = codes is None
        self._codes = tuple(codes) if codes is not None else _scanned(layouts)
        if not self._codes:
            raise ValueError("no codes to draw from")
        self._left: list[str] = []

    def draw(self) -> str:
        """The next kind."""
        if self._mixed and self._rng.random() < _UNKNOWN_SHARE:
            return OTHER
        if not self._left:
            self._left = [self._codes[place] for place in self._rng.permutation(len(self._codes))]
        return self._left.pop()


def _scanned(layouts: Layouts) -> tuple[str, ...]:
    return tuple(sorted(set(layouts) - {OTHER} - _FILES_ONLY))


def _papers_there(
    rng: np.random.Generator, procedure: Procedure, case: BenefitCase, layouts: Layouts
) -> frozenset[str]:
    """The papers that a complete dossier of the case holds, as far as there are layouts."""
    there = {*procedure.always, *case.required}
    for group in (procedure.application, *case.one_of):
        known = [code for code in group if code in layouts]
        if known and not there & set(known):
            there.add(known[int(rng.integers(len(known)))])
    there |= {code for code, _ in case.conditional if rng.random() < _CONDITIONAL}
    return frozenset(there & set(layouts))
