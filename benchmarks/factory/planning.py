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

UNKNOWN: Final = "Z_OTHER"
_PLAN: Final = 0
"""Purpose of chance: the plan itself; others have numbers from 1."""
_PART_NUMBERS: Final = {Part.TRAIN: 1, Part.TUNE: 2, Part.TEST: 3}
_UNKNOWN_SHARE: Final = 0.08
"""Of all papers, where the catalogue's kinds are drawn too."""
_LONGEST_DOSSIER: Final = 9
_OF_A_RELATIVE: Final = 0.2
_SAME_KIND_AGAIN: Final = 0.06
"""Chance that a paper is followed by the same kind of another person."""
_DUPLEX_BATCH: Final = 0.4
"""Share of batches scanned on both sides."""
_PRINTED_ON_ONE_SIDE: Final = 0.6
"""Share of papers with empty backs in such a batch."""
_STRAY_BACK: Final = 0.03
"""Chance of an empty back in other batches."""


@dataclass(frozen=True, slots=True)
class PlannedPaper:
    """One component of the batch, not yet drawn."""

    code: str
    layout: Layout
    person: Person
    opens_dossier: bool
    blank_backs: bool
    """Every page is followed by its empty back."""
    both_sides: bool
    """Pages are printed on both sides of the sheets, so that they show through each other."""
    duplex: bool
    """The whole batch is scanned on both sides."""
    stream: int
    """Number of its source of chance, within the batch."""


def generator(seed: int, part: Part, *streams: int) -> np.random.Generator:
    """A source of chance of its own for a seed, a part and a purpose; parts never share one.

    Args:
        seed: 0 to 2^32 - 1.
        part: mixed in, so that a seed means something else in every part.
        streams: numbers of the purpose; those of two purposes differ at the first place.
    """
    return np.random.default_rng((_PART_NUMBERS[part], seed, *streams))


def plan(
    seed: int,
    part: Part,
    layouts: Mapping[str, Sequence[Layout]],
    codes: Sequence[str] | None = None,
) -> Iterator[PlannedPaper]:
    """Papers without end.

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
    duplex = bool(rng.random() < _DUPLEX_BATCH)
    left = 0
    number = 0
    again: str | None = None
    while True:
        opens = left == 0
        if opens:
            left = int(rng.integers(2, _LONGEST_DOSSIER + 1))
            person = make_person(rng)
            relative = _relative(person, rng)
        left -= 1
        code = again or deck.draw()
        variants = layouts[code]
        subject = relative if again or rng.random() < _OF_A_RELATIVE else person
        single = bool(rng.random() < _PRINTED_ON_ONE_SIDE)
        stray = bool(rng.random() < _STRAY_BACK)
        number += 1
        yield PlannedPaper(
            code=code,
            layout=variants[int(rng.integers(len(variants)))],
            person=subject,
            opens_dossier=opens,
            blank_backs=single if duplex else stray,
            both_sides=duplex and not single,
            duplex=duplex,
            stream=number,
        )
        repeat = rng.random() < _SAME_KIND_AGAIN and left > 0 and subject is person
        again = code if repeat else None


class _Deck:
    """Every kind equally often, in random order."""

    def __init__(
        self,
        rng: np.random.Generator,
        layouts: Mapping[str, Sequence[Layout]],
        codes: Sequence[str] | None,
    ) -> None:
        self._rng = rng
        self._mixed = codes is None
        self._codes = tuple(codes) if codes is not None else tuple(sorted(set(layouts) - {UNKNOWN}))
        if not self._codes:
            raise ValueError("no codes to draw from")
        self._left: list[str] = []

    def draw(self) -> str:
        """The next kind."""
        if self._mixed and self._rng.random() < _UNKNOWN_SHARE:
            return UNKNOWN
        if not self._left:
            self._left = [self._codes[place] for place in self._rng.permutation(len(self._codes))]
        return self._left.pop()


def _relative(person: Person, rng: np.random.Generator) -> Person:
    """Another person of the same household, under the same agency."""
    return replace(
        make_person(rng),
        address=person.address,
        commune=person.commune,
        province=person.province,
        agency=person.agency,
        applied_on=person.applied_on,
    )
