"""How Vietnamese papers write dates, durations and amounts; amounts also in words."""

from __future__ import annotations

import datetime as dt
from typing import Final

_DIGITS: Final = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
_FIRST_DAYS: Final = 10
"""Days up to this one are called `mồng`."""
_SCALES: Final = ("", " nghìn", " triệu", " tỷ")


def numeric_date(day: dt.date) -> str:
    """`05/03/2023`."""
    return day.strftime("%d/%m/%Y")


def written_date(day: dt.date) -> str:
    """`ngày 05 tháng 3 năm 2023`: two digits for days below 10 and months below 3."""
    month = f"{day.month:02d}" if day.month < 3 else str(day.month)
    return f"ngày {day.day:02d} tháng {month} năm {day.year}"


def date_in_words(day: dt.date) -> str:
    """`Ngày mồng năm tháng ba năm hai nghìn không trăm hai mươi ba`."""
    count = ("mồng " if day.day <= _FIRST_DAYS else "") + _group(day.day, leading=True)
    year = amount_in_words(day.year).removesuffix(" đồng").lower()
    return f"Ngày {count} tháng {_group(day.month, leading=True)} năm {year}"


def duration(months: int) -> str:
    """`5 năm 3 tháng`."""
    return f"{months // 12} năm {months % 12} tháng"


def amount(dong: int) -> str:
    """`45.678.900`: the dot groups thousands."""
    return f"{dong:,}".replace(",", ".")


def amount_in_words(dong: int) -> str:
    """`Bốn mươi lăm triệu sáu trăm bảy mươi tám nghìn chín trăm đồng`."""
    groups: list[int] = []
    while dong:
        dong, rest = divmod(dong, 1000)
        groups.append(rest)
    spoken = [
        _group(value, leading=place == len(groups) - 1) + _SCALES[place]
        for place, value in reversed(list(enumerate(groups)))
        if value
    ]
    text = " ".join(spoken) or _DIGITS[0]
    return f"{text[0].upper()}{text[1:]} đồng"


def _group(value: int, *, leading: bool) -> str:
    hundreds, tens, ones = value // 100, value // 10 % 10, value % 10
    words = [] if leading and not hundreds else [f"{_DIGITS[hundreds]} trăm"]
    if tens > 1:
        words.append(f"{_DIGITS[tens]} mươi")
    elif tens == 1:
        words.append("mười")
    elif ones and words:
        words.append("linh")
    if ones:
        words.append(_ones(ones, tens))
    return " ".join(words)


def _ones(ones: int, tens: int) -> str:
    if ones == 1 and tens > 1:
        return "mốt"
    if ones == 5 and tens:
        return "lăm"
    return _DIGITS[ones]
