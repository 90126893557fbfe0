"""Roman numerals before headings: `II.` read as `H.`, told by the headings around it on the page.

A numeral changes only where it stands first in a line, before a capital, in a row of headings that
count on by one. What else stands in the page (values, codes, tables) is never touched. May not
come in: words, pixels.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from pipeline.textnorm import nfc, strip_marks

_PLAIN: Final = tuple(
    "I II III IV V VI VII VIII IX X XI XII XIII XIV XV XVI XVII XVIII XIX XX".split()  # noqa: SIM905
)
_VALUES: Final = {text: value for value, text in enumerate(_PLAIN, start=1)}
_STROKES: Final = str.maketrans({"H": "II", "L": "I", "l": "I", "1": "I", "|": "I", "T": "I"})
"""What upright strokes beside each other are read as."""
_FIRST: Final = re.compile(r"([^\W_a-km-z2-9]{1,5}|\|{1,3})([.,:]?)")
_COUNTED: Final = re.compile(r"\d{1,2}[.,:]")
"""A heading or item with an Arabic number."""
_GOES_ON: Final = (",", "-", "–")
"""Ends of a row that the next one continues: `xã Tân An Hội,` before `H. Củ Chi`."""
_AMBIGUOUS: Final = "1"
_SURE_RUN: Final = 3
"""Headings in a row that need no numeral read as it stands."""

_EXACT, _MISREAD, _OFF = 0, 1, 2
"""How far a reading is from a numeral: the same; strokes taken for letters; one too few or many."""


@dataclass(frozen=True, slots=True)
class _Heading:
    row: int
    core: str
    sign: str
    costs: Mapping[int, int]
    """Numerals that it may be, and how far each is."""


def renumbered(rows: Sequence[Sequence[str]]) -> dict[int, str]:
    """First words of rows that should read otherwise.

    Args:
        rows: the page's lines, top to bottom, as words.

    Returns:
        The right numeral with its sign by index of the row; only what changes.
    """
    changes: dict[int, str] = {}
    headings = _headings(rows)
    printed = {h.row: value for h in headings for value, c in h.costs.items() if c == _EXACT}
    at = 0
    while at < len(headings):
        start, length = _run(headings[at:])
        members = headings[at : at + length]
        if _counts_on(members, start):
            elsewhere = {value for row, value in printed.items() if row not in _rows(members)}
            changes |= _corrected(members, start, elsewhere)
            at += length
        else:
            at += 1
    return changes


def _headings(rows: Sequence[Sequence[str]]) -> list[_Heading]:
    counted = sum(bool(row) and _COUNTED.fullmatch(row[0]) is not None for row in rows)
    found = []
    for at, row in enumerate(rows):
        match = _FIRST.fullmatch(nfc(row[0])) if len(row) > 1 else None
        if match is None or not row[1].lstrip("\"'(“‘«[")[:1].isupper():
            continue
        if at and rows[at - 1] and rows[at - 1][-1].endswith(_GOES_ON):
            continue
        core, sign = match.groups()
        costs = _costs(core)
        if not sign and _EXACT not in costs.values():
            continue
        if core == _AMBIGUOUS and counted > 1:
            continue
        if costs:
            found.append(_Heading(at, core, sign, costs))
    return found


def _costs(core: str) -> dict[int, int]:
    if core.isdigit() and core != _AMBIGUOUS:
        return {}
    strokes = strip_marks(core).translate(_STROKES)
    value = _VALUES.get(strokes)
    if value is None:
        return {}
    exact = strokes == core
    costs = {value: _EXACT if exact else _MISREAD}
    if len(strokes) > 1 and _VALUES.get(strokes + "I") == value + 1:
        costs[value + 1] = _OFF
    if not exact and len(strokes) > 1 and _VALUES.get(strokes[:-1]) == value - 1:
        costs[value - 1] = _OFF
    return costs


def _run(headings: Sequence[_Heading]) -> tuple[int, int]:
    """Numeral of the first heading and how many count on from it, the longest and nearest way."""
    ways = []
    for start in (value for value, cost in headings[0].costs.items() if cost != _OFF):
        length = 1
        while length < len(headings) and _fits(headings[length:], start + length):
            length += 1
        cost = sum(h.costs[start + n] for n, h in enumerate(headings[:length]))
        ways.append((-length, cost, start))
    length, _, start = min(ways)
    return start, -length


def _fits(headings: Sequence[_Heading], value: int) -> bool:
    """Whether the first may be a numeral.

    One that reads well otherwise leaves the numeral to the next if that reads so.
    """
    costs = headings[0].costs
    if costs.get(value) != _OFF or _EXACT not in costs.values():
        return value in costs
    return len(headings) < 2 or headings[1].costs.get(value) != _EXACT


def _counts_on(members: Sequence[_Heading], start: int) -> bool:
    exact = any(h.costs[start + n] == _EXACT for n, h in enumerate(members))
    return len(members) >= _SURE_RUN or (len(members) > 1 and exact)


def _rows(members: Sequence[_Heading]) -> frozenset[int]:
    return frozenset(heading.row for heading in members)


def _overruled(members: Sequence[_Heading], place: int, value: int) -> bool:
    """Whether a numeral that reads well would change for the sake of a mere letter.

    `H.` and `T.` before it may be a district and a province; `IH.` is a numeral for certain.
    """
    own = members[place].costs
    if place == 0 or own[value] == _EXACT or _EXACT not in own.values():
        return False
    before = members[place - 1]
    return len(before.core) == 1 and _EXACT not in before.costs.values()


def _corrected(
    members: Sequence[_Heading], start: int, elsewhere: AbstractSet[int]
) -> dict[int, str]:
    """New first words; a numeral that another heading reads exactly is given to none."""
    changes = {}
    for place, heading in enumerate(members):
        others = [h.sign for h in members if h is not heading]
        dotted = len(others) > 1 and all(sign == "." for sign in others)
        sign = "." if dotted and heading.sign in ("", ",") else heading.sign
        right = _PLAIN[start + place - 1]
        if start + place in elsewhere and heading.costs[start + place] != _EXACT:
            continue
        if _overruled(members, place, start + place):
            return {}
        if (right, sign) != (heading.core, heading.sign):
            changes[heading.row] = right + sign
    return changes
