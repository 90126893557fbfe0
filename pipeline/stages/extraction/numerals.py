"""Vietnamese number words: amounts and dates "bằng chữ" as integers.

May not come in: layout, currencies.
"""

from __future__ import annotations

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
