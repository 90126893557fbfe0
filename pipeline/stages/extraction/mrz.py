"""The machine readable zone on the back of identity cards: three rows, guarded by check digits.

Layout and check digits: ICAO 9303 part 5 (TD1), part 3 § 4.9 (7-3-1 weights, modulo 10). The
optional data of Vietnamese cards is the 12-digit personal id; the document number is its last
nine digits. The id tells the century that two-digit years leave open. May not come in: print of
the card, QR codes.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Final

_WEIGHTS: Final = (7, 3, 1)
_FILLER: Final = "<"
_LIKE_DIGITS: Final = str.maketrans({"O": "0", "D": "0", "Q": "0", "I": "1", "S": "5", "B": "8"})
"""Only where the layout allows digits alone; check digits then judge the guess."""
_LIKE_FILLERS: Final = str.maketrans({"«": "<<", "‹": "<", "(": "<", " ": ""})
_DIGIT: Final = r"[0-9ODQISB]"
_UPPER: Final = re.compile(rf"[I1LT]D?VNM({_DIGIT}{{9}})({_DIGIT})({_DIGIT}{{12}})<<?({_DIGIT}|<)")
_MIDDLE: Final = re.compile(
    rf"({_DIGIT}{{6}})({_DIGIT})([MF<])({_DIGIT}{{6}})({_DIGIT})VNM([<KLCE]{{9,12}})({_DIGIT})"
)
_UPPER_OPTIONAL: Final = 15
_MIDDLE_OPTIONAL: Final = 11
_NO_EXPIRY: Final = "991231"
_PRINTED: Final = "%d/%m/%Y"
_GENDERS: Final = {"M": "Nam", "F": "Nữ"}
_PARITY: Final = {"M": 0, "F": 1}
"""Of the fourth digit of a personal id."""


@dataclass(frozen=True, slots=True)
class MachineZone:
    """What a zone says whose check digits all hold."""

    id_number: str
    birth_date: str
    """`dd/mm/yyyy`."""
    gender: str
    """`Nam`, `Nữ`, or empty."""
    expiry_date: str
    """`dd/mm/yyyy`; empty for a card without end."""

    def value(self, field: str) -> str | None:
        """The value for a field of the catalogue, None where the zone has none."""
        values = {
            "id_number": self.id_number,
            "birth_date": self.birth_date,
            "gender": self.gender,
            "expiry_date": self.expiry_date,
        }
        return values.get(field) or None


def read_zone(lines: Iterable[str], today: dt.date) -> MachineZone | None:
    """The zone among the lines of a card.

    None unless all four check digits hold, and year and sex are those of the personal id.

    Args:
        lines: as recognised, any order of the page.
        today: births lie before.
    """
    plain = [line.translate(_LIKE_FILLERS).upper() for line in lines]
    uppers = [found for line in plain if (found := _UPPER.search(line))]
    middles = [found for line in plain if (found := _MIDDLE.search(line))]
    zones = (_zone(upper, middle, today) for upper in uppers for middle in middles)
    return next((zone for zone in zones if zone is not None), None)


def check_digit(text: str) -> int:
    """ICAO 9303 part 3 § 4.9: digits count as such, A is 10 … Z is 35, the filler 0."""
    values = (0 if char == _FILLER else int(char, 36) for char in text)
    return sum(value * weight for value, weight in zip(values, cycle(_WEIGHTS), strict=False)) % 10


def _zone(upper: re.Match[str], middle: re.Match[str], today: dt.date) -> MachineZone | None:
    number, number_check, person, last = (part.translate(_LIKE_DIGITS) for part in upper.groups())
    birth, birth_check, gender, expiry, expiry_check, _, whole = (
        part if index in (2, 5) else part.translate(_LIKE_DIGITS)
        for index, part in enumerate(middle.groups())
    )
    optional = person.ljust(_UPPER_OPTIONAL - 1, _FILLER) + last
    guarded = (
        number + number_check + optional + birth + birth_check + expiry + expiry_check
        + _FILLER * _MIDDLE_OPTIONAL
    )  # fmt: skip
    sound = _hold(((number, number_check), (birth, birth_check), (expiry, expiry_check)))
    if not sound or str(check_digit(guarded)) != whole or person[3:] != number:
        return None
    born = _born(birth, gender, person)
    until = _date(expiry, 2000)
    if born is None or born > today or until is None:
        return None
    return MachineZone(
        person,
        born.strftime(_PRINTED),
        _GENDERS.get(gender, ""),
        "" if expiry == _NO_EXPIRY else until.strftime(_PRINTED),
    )


def _born(birth: str, gender: str, person: str) -> dt.date | None:
    """The day of birth, in the century of the personal id; None where the id contradicts."""
    mark = int(person[3])
    if birth[:2] != person[4:6] or _PARITY.get(gender, mark % 2) != mark % 2:
        return None
    return _date(birth, 1900 + mark // 2 * 100)


def _hold(pairs: Sequence[tuple[str, str]]) -> bool:
    return all(str(check_digit(text)) == check for text, check in pairs)


def _date(text: str, century: int) -> dt.date | None:
    try:
        return dt.date(century + int(text[:2]), int(text[2:4]), int(text[4:]))
    except ValueError:
        return None
