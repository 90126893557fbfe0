"""Administrative units: provinces, districts and communes, as they are since 2025 and were before.

Since 1 July 2025 there are provinces and communes; papers from before name provinces, districts
and communes (communes of that time are not listed here). Sources: see NOTICE. May not come in:
addresses of people, where in a text a unit may stand.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import Final

from pipeline.textnorm import fold, nfc, squash
from pipeline.vietnamese.data_files import UNITS, shipped
from pipeline.vietnamese.syllables import placed_alike


class UnitLevel(StrEnum):
    """How high a unit stands."""

    PROVINCE = "province"
    DISTRICT = "district"
    """Until June 2025."""
    COMMUNE = "commune"


_APOSTROPHE: Final = "'"
LEVEL_OF_KIND: Final[Mapping[str, UnitLevel]] = {
    "tỉnh": UnitLevel.PROVINCE,
    "huyện": UnitLevel.DISTRICT,
    "quận": UnitLevel.DISTRICT,
    "thị xã": UnitLevel.DISTRICT,
    "xã": UnitLevel.COMMUNE,
    "phường": UnitLevel.COMMUNE,
    "thị trấn": UnitLevel.COMMUNE,
    "đặc khu": UnitLevel.COMMUNE,
}
"""Printed kinds that belong to one level; `thành phố` belongs to two."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit."""

    name: str
    """Without its kind, NFC: `Quảng Ngãi`."""
    kind: str
    """`tỉnh`, `thành phố`, `huyện`, `phường` …"""
    level: UnitLevel
    province: str
    """Its own name for a province."""
    since_2025: bool
    """False: of the division in force until June 2025."""


@dataclass(frozen=True, slots=True)
class Units:
    """All units, found by level and name."""

    all: tuple[Unit, ...]
    by_name: Mapping[tuple[UnitLevel, str], tuple[Unit, ...]]
    """Level and name as written (`key_of`) → units."""
    by_letters: Mapping[tuple[UnitLevel, str], tuple[Unit, ...]]
    """Level and folded name → units."""
    beginnings: frozenset[tuple[str, str]]
    """First two words of names of several, as `key_of` writes them."""
    unsigned: Mapping[tuple[str, str], str]
    """Two words of a name, the second without its apostrophe → the second with it (`h'leo`)."""

    def known(self, name: str, level: UnitLevel) -> bool:
        """True where a unit of this level is written like this, in any case."""
        return (level, key_of(name)) in self.by_name

    def nearest(self, name: str, level: UnitLevel, province: str | None = None) -> Unit | None:
        """The unit meant: written like this, else the only spelling that differs in marks alone.

        Args:
            name: without its kind, any case.
            level: of the unit.
            province: name of the province it lies in, where that is known.

        Returns:
            None where no unit, or units of different spellings, come into question.
        """
        exact = self._within(self.by_name.get((level, key_of(name)), ()), province)
        if exact:
            return exact[0]
        near = self._within(self.by_letters.get((level, fold(name)), ()), province)
        return near[0] if len({key_of(unit.name) for unit in near}) == 1 else None

    def _within(self, units: tuple[Unit, ...], province: str | None) -> tuple[Unit, ...]:
        if province is None:
            return units
        wanted = key_of(province)
        return tuple(unit for unit in units if key_of(unit.province) == wanted)


@lru_cache(maxsize=1)
def _folded_names() -> tuple[frozenset[str], frozenset[str]]:
    """Names of all units, folded, and what less than all of their words would be."""
    whole = frozenset(fold(unit.name) for unit in load_units().all)
    parts = (name.split() for name in whole)
    begun = {" ".join(words[:count]) for words in parts for count in range(1, len(words))}
    return whole, frozenset(name for name in begun - whole if any(map(str.isalpha, name)))


def is_unit(name: str) -> bool:
    """True of the whole name of a unit, of any level and time.

    Args:
        name: without its kind, any case, marks or none.

    Raises:
        OSError, ValueError: the installation is damaged.
    """
    return fold(squash(name)) in _folded_names()[0]


def only_begins(name: str) -> bool:
    """True of a name that is no unit's, but of which more words would make one: `Hồ Chí`.

    Args:
        name: without its kind, any case, marks or none.

    Raises:
        OSError, ValueError: the installation is damaged.
    """
    return fold(squash(name)) in _folded_names()[1]


def nearest_unit(
    units: Units, name: str, level: UnitLevel, province: str | None = None
) -> str | None:
    """The name of `Units.nearest`, None where there is none."""
    found = units.nearest(name, level, province)
    return found.name if found else None


def key_of(name: str) -> str:
    """A name in lower case with old-style tones: `Hoà Bình` and `Hòa Bình` are one."""
    return " ".join(placed_alike(word) for word in squash(name).split())


def load_units() -> Units:
    """The units that ship.

    Raises:
        OSError, ValueError: the installation is damaged.
    """
    data = json.loads(nfc(shipped(UNITS)))
    found = (*_units(data["now"], since_2025=True), *_units(data["before"], since_2025=False))
    by_name: dict[tuple[UnitLevel, str], tuple[Unit, ...]] = {}
    by_letters: dict[tuple[UnitLevel, str], tuple[Unit, ...]] = {}
    for unit in found:
        name, letters = (unit.level, key_of(unit.name)), (unit.level, fold(unit.name))
        by_name[name] = (*by_name.get(name, ()), unit)
        by_letters[letters] = (*by_letters.get(letters, ()), unit)
    pairs = {pair for unit in found for pair in pairwise(key_of(unit.name).split())}
    return Units(
        all=found,
        by_name=by_name,
        by_letters=by_letters,
        beginnings=frozenset(_beginnings(found)),
        unsigned={
            (one, two.replace(_APOSTROPHE, "")): two
            for one, two in pairs
            if _APOSTROPHE in two.rstrip(_APOSTROPHE)
        },
    )


def _beginnings(units: Iterable[Unit]) -> Iterator[tuple[str, str]]:
    for unit in units:
        words = key_of(unit.name).split()
        if len(words) > 1:
            yield words[0], words[1]


def _units(provinces: list[dict[str, object]], *, since_2025: bool) -> Iterator[Unit]:
    below = UnitLevel.COMMUNE if since_2025 else UnitLevel.DISTRICT
    for entry in provinces:
        name, kind, parts = entry["name"], entry["kind"], entry["parts"]
        if not (isinstance(name, str) and isinstance(kind, str) and isinstance(parts, dict)):
            raise ValueError("not a list of units")
        yield Unit(name, kind, UnitLevel.PROVINCE, name, since_2025)
        for part_kind, names in parts.items():
            for part in names:
                yield Unit(part, part_kind, below, name, since_2025)
