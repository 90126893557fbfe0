"""Machine-readable lines of cards and passports (ICAO Doc 9303, parts 4 and 5).

The optional data of the Vietnamese card, as seen on specimens: the twelve digits of the personal
number, two fillers, and the check digit of the document number once more.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from pipeline.textnorm import strip_marks

_WEIGHTS: Final = (7, 3, 1)


def check_digit(text: str) -> str:
    """The check digit: digits count as they are, A as 10 …, fillers as 0; weights 7, 3, 1."""
    total = sum(
        (0 if char == "<" else int(char, 36)) * _WEIGHTS[place % 3]
        for place, char in enumerate(text)
    )
    return str(total % 10)


def card_lines(
    id_number: str, full_name: str, gender: str, born: dt.date, until: dt.date
) -> tuple[str, str, str]:
    """Three lines of thirty characters (format TD1)."""
    number = id_number[3:]
    first = f"IDVNM{number}{check_digit(number)}{id_number}<<{check_digit(number)}"
    second = f"{_day(born)}{_sex(gender)}{_day(until)}VNM".ljust(29, "<")
    whole = first[5:] + second[:7] + second[8:15] + second[18:29]
    return first, second + check_digit(whole), _name(full_name, 30)


def passport_lines(
    number: str, full_name: str, gender: str, born: dt.date, until: dt.date
) -> tuple[str, str]:
    """Two lines of forty-four characters (format TD3)."""
    padded = number.ljust(9, "<")
    second = f"{padded}{check_digit(padded)}VNM{_day(born)}{_sex(gender)}{_day(until)}".ljust(
        42, "<"
    )
    second += check_digit(second[28:42])
    whole = second[:10] + second[13:20] + second[21:43]
    return f"P<VNM{_name(full_name, 39)}", second + check_digit(whole)


def _day(day: dt.date) -> str:
    text = day.strftime("%y%m%d")
    return text + check_digit(text)


def _sex(gender: str) -> str:
    return "M" if gender == "Nam" else "F"


def _name(full_name: str, width: int) -> str:
    surname, *given = strip_marks(full_name).upper().replace("'", "").split()
    return f"{surname}<<{'<'.join(given)}".ljust(width, "<")[:width]
