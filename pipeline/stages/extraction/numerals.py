"""Vietnamese number words: amounts and dates "bằng chữ" as integers.

May not come in: layout, currencies.
"""

from __future__ import annotations

import re
from typing import Final

from rapidfuzz import fuzz, process

from pipeline.textnorm import fold

_UNITS: Final = {
    "khong": 0,
    "mot": 1,
    "hai": 2,
    "ba": 3,
    "bon": 4,
    "tu": 4,
    "nam": 5,
    "lam": 5,
    "nham": 5,
    "sau": 6,
    "bay": 7,
    "tam": 8,
    "chin": 9,
}
_SCALES: Final = {"nghin": 10**3, "ngan": 10**3, "trieu": 10**6, "ty": 10**9, "ti": 10**9}
_ZERO_TENS: Final = frozenset({"linh", "le"})
_ENDINGS: Final = frozenset({"dong", "chan", "viet", "vnd"})
_TEN: Final = "muoi"
_HUNDRED: Final = "tram"
_MONTHS: Final = {"gieng": 1, "chap": 12}
"""Names of the first and the last month."""
_FIRST_TEN: Final = ("mong ", "mung ")
"""Before days up to ten: `ngày mồng hai`."""
_DATE: Final = re.compile(r"\bngay (\S+(?: \S+){0,3}?) thang (\S+(?: \S+)?) nam (\S+(?: \S+){0,9})")
_WORDS: Final = (*_UNITS, *_SCALES, *_ZERO_TENS, *_ENDINGS, _TEN, _HUNDRED)
_SURE: Final = 80.0
"""Ratio from which a misread word is taken for a number word."""


def parse_number_words(text: str) -> int | None:
    """The integer that the words say; None where any word is not a number word.

    `Bốn mươi lăm triệu sáu trăm bảy mươi tám nghìn chín trăm đồng` is 45678900.
    """
    words = [_known(word) for word in fold(text).replace("-", " ").replace(",", " ").split()]
    if not words or None in words:
        return None
    return _value([word for word in words if word is not None])


def parse_date_words(text: str) -> tuple[int, int, int] | None:
    """Day, month and year of a date in words; None where there is none, or no number word fits.

    `ngày mười hai tháng ba năm một nghìn chín trăm tám mươi tư` is (12, 3, 1984). The calendar is
    not asked.
    """
    found = _DATE.search(re.sub(r"[,.;:()]", " ", fold(text)).replace("  ", " "))
    if found is None:
        return None
    day = found[1]
    for prefix in _FIRST_TEN:
        day = day.removeprefix(prefix)
    month = _MONTHS.get(found[2]) or parse_number_words(found[2])
    first, year = parse_number_words(day), _leading_number(found[3].split())
    if first is None or month is None or year is None:
        return None
    return first, month, year


def _leading_number(words: list[str]) -> int | None:
    """The number that the longest possible run of first words says."""
    for end in range(len(words), 0, -1):
        if (number := parse_number_words(" ".join(words[:end]))) is not None:
            return number
    return None


def _known(word: str) -> str | None:
    word = word.strip(".;:()/")
    if word in _WORDS:
        return word
    best = process.extractOne(word, _WORDS, scorer=fuzz.ratio, score_cutoff=_SURE)
    return best[0] if best else None


def _value(words: list[str]) -> int | None:
    while words and words[-1] in _ENDINGS:
        words.pop()
    total, below, last_scale = 0, 0, 10**12
    digit: int | None = None
    said = False
    for word in words:
        if word in _UNITS:
            if digit is not None:
                return None
            digit = _UNITS[word]
        elif word == _TEN:
            below += (1 if digit is None else digit) * 10
            digit = None
        elif word == _HUNDRED:
            if digit is None:
                return None
            below += digit * 100
            digit = None
        elif word in _SCALES:
            scale = _SCALES[word]
            if scale >= last_scale:
                return None
            total += (below + (digit or 0)) * scale
            below, digit, last_scale = 0, None, scale
        elif word not in _ZERO_TENS:
            return None
        said = True
    return total + below + (digit or 0) if said else None
