"""The vote of known names: units after their kind, family names before a given name.

A name printed without any marks, as banks do, stays so. A unit is only ever given the spelling of
an existing one that differs in marks. May not come in: pages, phrases, fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from pipeline.stages.recognition.tokens import Shape, Token
from pipeline.textnorm import fold, strip_marks
from pipeline.vietnamese import Lexicon, Names, UnitLevel, Units, is_syllable

_LONGEST: Final = 4
"""Syllables of a unit's name."""
_SURE: Final = 0.9
"""Districts read surer than this stay: the list may lack an abolished one."""
_RATHER_SURE: Final = 0.85
"""Family names read surer than this stay: a rare one, `Ngọ`, differs from a common one in marks
only, whatever follows it."""
_IA: Final = "ia"
"""Water: many units of the Central Highlands begin so."""
_IA_MISREAD: Final = "la"
_KINDS: Final[Mapping[str, tuple[tuple[str, ...], tuple[UnitLevel, ...]]]] = {
    "tỉnh": ((), (UnitLevel.PROVINCE,)),
    "thành": (("phố",), (UnitLevel.PROVINCE, UnitLevel.DISTRICT)),
    "huyện": ((), (UnitLevel.DISTRICT,)),
    "quận": ((), (UnitLevel.DISTRICT,)),
    "thị": (("xã",), (UnitLevel.DISTRICT,)),
}
"""First syllable → further ones, levels: kinds of units of which every one is known.

Communes of before 2025 are not.
"""
_PEOPLE: Final = range(2, 6)
"""Syllables of a person's name."""
_CAPITAL: Final = (Shape.TITLE, Shape.UPPER)


def renamed_units(line: Sequence[Token], units: Units) -> Iterator[tuple[Token, str]]:
    """Tokens of units' names in a line that are misspelt, and what each should be."""
    yield from _highland(line, units)
    if not any(has_marks(token.core) for token in line):
        return
    for at, token in enumerate(line):
        if token.key in _KINDS:
            rest, levels = _KINDS[token.key]
            begin = at + 1 + len(rest)
            if tuple(after.key for after in line[at + 1 : begin]) == rest:
                yield from _unit(_run(line, begin), levels, units)
        if token.key == "ngày" and at >= 2 and line[at - 1].after == ",":
            yield from _place_of_date(line[:at], units)


def _highland(line: Sequence[Token], units: Units) -> Iterator[tuple[Token, str]]:
    """`la Grai`, where a capital I was taken for a small l, and `Ea Hleo` without its sign."""
    for token, after in pairwise(line):
        if token.changed or after.changed or after.opens or after.shape not in _CAPITAL:
            continue
        if token.core == _IA_MISREAD and (_IA, after.key) in units.beginnings:
            token.shape = Shape.TITLE
            yield token, _IA
        full = units.unsigned.get((token.key, after.key))
        if full is not None and token.shape is after.shape:
            yield after, full


def _unit(
    run: Sequence[Token], levels: tuple[UnitLevel, ...], units: Units
) -> Iterator[tuple[Token, str]]:
    """The longest beginning of the run that is the name of a unit, or nearly is."""
    for length in range(min(len(run), _LONGEST), 0, -1):
        name = " ".join(token.key for token in run[:length])
        if any(units.known(name, level) for level in levels):
            return
        for level in levels:
            found = units.nearest(name, level) if length > 1 else None
            if found is not None:
                sure = 1.0 if level is UnitLevel.PROVINCE else _SURE
                yield from _respelt(run[:length], found.name, sure)
                return


def _place_of_date(line: Sequence[Token], units: Units) -> Iterator[tuple[Token, str]]:
    """`Quảng Ngãi, ngày …`: the province before the comma."""
    for length in (3, 2):
        run = line[-length:]
        if len(run) == length and all(t.shape in _CAPITAL for t in run):
            name = " ".join(token.key for token in run)
            found = units.nearest(name, UnitLevel.PROVINCE)
            if found is not None and not any(units.known(name, level) for level in UnitLevel):
                yield from _respelt(run, found.name, 1.0)
            return


def _respelt(run: Sequence[Token], name: str, sure: float) -> Iterator[tuple[Token, str]]:
    for token, right in zip(run, fold_case(name), strict=False):
        if token.key != right and token.confidence < sure and not token.changed:
            yield token, right


def fold_case(name: str) -> list[str]:
    """Syllables of a name in lower case."""
    return name.lower().split()


def renamed_people(
    line: Sequence[Token], names: Names, lexicon: Lexicon
) -> Iterator[tuple[Token, str]]:
    """Tokens of people's names in a line that are misspelt, and what each should be."""
    at = 0
    while at < len(line):
        run = _run(line, at)
        if len(run) in _PEOPLE and any(has_marks(token.core) for token in run):
            yield from _bare_person(run, names) or _person(run, names, lexicon)
        at += max(len(run), 1)


def _bare_person(run: Sequence[Token], names: Names) -> list[tuple[Token, str]]:
    """`DUONG THỊ HONG`: a passport prints no marks; the usual `THỊ` is then one too many."""
    first, second = run[0], run[1]
    only = [token for token in run if has_marks(token.core)] == [second]
    if not (only and names.follows_family_name(second.key)) or second.changed:
        return []
    bare = not names.known_family_name(first.key) and first.key in names.family_by_letters
    return [(second, strip_marks(second.key))] if bare else []


def _person(run: Sequence[Token], names: Names, lexicon: Lexicon) -> Iterator[tuple[Token, str]]:
    first, second = run[0], run[1]
    if first.changed or not has_marks(first.core) or first.key in lexicon.free:
        return
    if first.confidence >= _RATHER_SURE:
        return
    if (first.key, second.key) in lexicon.pairs:
        return
    family = names.nearest_family_name(first.key)
    if family not in names.frequent or not is_syllable(second.key):
        return
    if names.follows_family_name(second.key) or (len(run) > 2 and _given(run, names)):
        yield first, family


def _given(run: Sequence[Token], names: Names) -> bool:
    return names.known_given_name(" ".join(token.key for token in run[1:]))


def _run(line: Sequence[Token], begin: int) -> list[Token]:
    """Tokens from here on that are written with capitals and not broken apart."""
    run: list[Token] = []
    for token in line[begin:]:
        if token.shape not in _CAPITAL or (
            run and (token.opens or token.shape is not run[0].shape)
        ):
            break
        run.append(token)
    return run


def has_marks(core: str) -> bool:
    """True for letters with a diacritic."""
    return fold(core) != core.casefold()
