"""Names of people: which family and given names are usual, and how a doubtful one is spelt.

May not come in: names of real people, whether two names are the same person's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from pipeline.textnorm import nfc, strip_marks
from pipeline.vietnamese.data_files import FAMILY_NAMES, GIVEN_NAMES, shipped
from pipeline.vietnamese.syllables import marks_between, placed_alike

_FREQUENT: Final = 18
"""Family names at the head of the list."""
_MIDDLE: Final = frozenset({"văn", "thị"})
"""They follow a family name and hardly ever anything else."""


@dataclass(frozen=True, slots=True)
class Names:
    """Family names, and given names of one or two syllables; lower case, old-style tones."""

    family: frozenset[str]
    frequent: frozenset[str]
    """The family names of most people: no list of the others is ever complete."""
    given: frozenset[str]
    """Last syllables of given names."""
    doubles: frozenset[tuple[str, str]]
    family_by_letters: Mapping[str, tuple[str, ...]]
    """Letters without marks → family names."""
    by_letters: Mapping[str, tuple[str, ...]]
    """Letters without marks → syllables of names, wherever in a name they stand."""

    def known_family_name(self, syllable: str) -> bool:
        """True for a usual family name."""
        return placed_alike(syllable) in self.family

    def known_given_name(self, name: str) -> bool:
        """True where the last syllable, or the last two together, are a usual given name."""
        parts = tuple(placed_alike(part) for part in nfc(name).split())
        return bool(parts) and (parts[-1] in self.given or parts[-2:] in self.doubles)

    def known(self, syllable: str) -> bool:
        """True for a syllable that usual names have somewhere."""
        mine = placed_alike(syllable)
        return mine in self.by_letters.get(strip_marks(mine), ())

    def known_bare(self, letters: str) -> bool:
        """True for what a syllable of usual names is without its marks."""
        return letters in self.by_letters

    def rivals(self, syllable: str) -> tuple[str, ...]:
        """Syllables of usual names that differ from this one in a single mark."""
        mine = placed_alike(syllable)
        alike = self.by_letters.get(strip_marks(mine), ())
        return tuple(name for name in alike if name != mine and marks_between(mine, name) == 1)

    def nearest_family_name(self, syllable: str) -> str | None:
        """The one usual family name that differs in marks only; None for none or several."""
        if self.known_family_name(syllable):
            return None
        found = self.family_by_letters.get(strip_marks(placed_alike(syllable)), ())
        return found[0] if len(found) == 1 else None

    def follows_family_name(self, syllable: str) -> bool:
        """True for `văn` and `thị`."""
        return placed_alike(syllable) in _MIDDLE


def load_names() -> Names:
    """The names that ship.

    Raises:
        OSError: the installation is damaged.
    """
    listed = _family_names()
    family = frozenset(listed)
    given: set[str] = set()
    doubles: set[tuple[str, str]] = set()
    for line in _lines(GIVEN_NAMES):
        first, _, rest = line.partition(":")
        lasts = [placed_alike(word) for word in rest.split()]
        given.update(lasts)
        if first:
            doubles.update((placed_alike(first), last) for last in lasts)
    everywhere = family | given | _MIDDLE | {first for first, _ in doubles}
    return Names(
        family=family,
        frequent=frozenset(listed[:_FREQUENT]),
        given=frozenset(given),
        doubles=frozenset(doubles),
        family_by_letters=_by_letters(family),
        by_letters=_by_letters(everywhere),
    )


@lru_cache(maxsize=1)
def family_names() -> frozenset[str]:
    """Family names that are known; lower case.

    Raises:
        OSError: the installation is damaged.
    """
    return frozenset(_family_names())


def _family_names() -> list[str]:
    return [word for line in _lines(FAMILY_NAMES) for word in line.split()]


def _by_letters(names: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name in sorted(names):
        key = strip_marks(name)
        found[key] = (*found.get(key, ()), name)
    return found


def _lines(name: str) -> list[str]:
    return [line for line in nfc(shipped(name)).splitlines() if line and line[0] != "#"]
