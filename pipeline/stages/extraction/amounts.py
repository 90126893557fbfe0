"""An amount of money from the words of its span: rates, counts and factors beside it are none.

May not come in: amounts in words (`numerals`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from enum import Enum, auto
from typing import Final

from rapidfuzz import fuzz

from pipeline.catalogue import FieldType
from pipeline.stages.extraction import validators
from pipeline.stages.extraction.layout import Token
from pipeline.stages.extraction.parsed import TRIM, Parsed, doubts, until
from pipeline.stages.extraction.validators import PATTERN, warn
from pipeline.textnorm import fold, squash

AMOUNT_SMALL: Final = "AMOUNT_SMALL"
"""Reason of an amount that no benefit is as small as."""

_AMOUNT: Final = re.compile(r"\d[\d.,]*(?:\s*(?:đồng|đ|VNĐ|VND)(?!\w))?", re.IGNORECASE)
_TORN_AMOUNT: Final = re.compile(r"\S{1,2}\d")
"""`2.276:000`, `2.276.0O0`: the number goes on."""
_LIKE_DONG: Final = 60.0
"""`lồng` behind a number was a currency."""
_COUNT: Final = 4
"""Digits of a count or a year at most."""
_COUNTED: Final = frozenset({"thang", "nam", "ngay", "tuoi", "lan", "nguoi", "suat", "con", "ky"})
_DATED: Final = frozenset({"thang", "nam", "ngay", "dieu", "khoan", "muc", "dot", "ky"})
_CURRENCY: Final = frozenset({"dong", "d", "vnd"})
_TIMES: Final = frozenset({"x", "×", "*"})
_MONTH: Final = re.compile(r"\d{1,2}[/-](?:\d{1,2}[/-])?\d{4}")
_SPLIT_AMOUNT: Final = re.compile(r"(?<=\d)\s*([.,])\s*(?=\d{3}(?!\d))")
_SMALLEST_AMOUNT: Final = 1000


class _Factor(Enum):
    """What a number beside an amount is."""

    MULTIPLIED = auto()
    COUNT = auto()
    """Or a rate."""
    DATE = auto()


def parse_amount(tokens: Sequence[Token], field: FieldType) -> Parsed | None:
    """The amount in a span; None where there is none.

    Args:
        tokens: of the span.
        field: unused, as parsers of all types are alike.
    """
    kinds = _factors(tokens)
    beyond = tuple(token for token, kind in zip(tokens, kinds, strict=True) if kind is None)
    result = _amount_in(beyond) if len(beyond) < len(tokens) else None
    if result is None:
        plain = _amount_in(tokens)
        if plain is None or _Factor.MULTIPLIED not in kinds:
            return plain
        return replace(plain, verdicts=(*plain.verdicts, PATTERN))
    if _told_apart(tokens, kinds, result):
        return result
    return replace(result, verdicts=doubts((*result.verdicts, PATTERN)))


def _factors(tokens: Sequence[Token]) -> list[_Factor | None]:
    """What numbers are that are no amounts: `55% x 7.475.324 = 4.111.428`; None of all else."""
    words = [token.folded.strip(TRIM) for token in tokens]
    kinds: list[_Factor | None] = []
    for at, word in enumerate(words):
        before, after, next_but_one = (
            words[i] if 0 <= i < len(words) else "" for i in (at - 1, at + 1, at + 2)
        )
        short = word.isdigit() and len(word) <= _COUNT
        multiplied = after in _TIMES or (after in _CURRENCY and next_but_one in _TIMES)
        if word[:1].isdigit() and (multiplied or before in _TIMES):
            kinds.append(_Factor.MULTIPLIED)
        elif word.endswith("%") or (word.isdigit() and after == "%"):
            kinds.append(_Factor.COUNT)
        elif _MONTH.fullmatch(word) or (short and before in _DATED):
            kinds.append(_Factor.DATE)
        elif short and after in _COUNTED:
            label = tokens[at + 1].text.endswith(":")  # `Mức lương 01 tháng: …`
            kinds.append(_Factor.DATE if label else _Factor.COUNT)
        else:
            kinds.append(None)
    return kinds


def _told_apart(tokens: Sequence[Token], kinds: Sequence[_Factor | None], found: Parsed) -> bool:
    """True where the amount that was found beside other numbers is certain to be the one.

    Not where a rate or count stands there that nothing is multiplied by, a further amount, a sum,
    or another number right beside, which may be a part of it.
    """
    mine = [at for at, token in enumerate(tokens) if any(token is used for used in found.tokens)]
    beside = [kinds[at] for at in (mine[0] - 1, mine[-1] + 1) if 0 <= at < len(kinds)]
    times = _Factor.MULTIPLIED in kinds
    more = sum(
        kind is None and sum(char.isdigit() for char in token.text) >= _COUNT
        for at, (token, kind) in enumerate(zip(tokens, kinds, strict=True))
        if at not in mine
    )
    torn = _Factor.DATE in beside or _Factor.COUNT in beside
    added = any(token.text == "+" for token in tokens)
    return not (torn or more or added) and (times or _Factor.COUNT not in kinds)


def _amount_in(tokens: Sequence[Token]) -> Parsed | None:
    text = _SPLIT_AMOUNT.sub(r"\1", squash(" ".join(t.text for t in tokens)))
    found = _AMOUNT.search(text)
    if found is None:
        return None
    value = found[0].rstrip(".,; ")
    used = _with_unit(tokens, until(tokens, lambda token: any(c.isdigit() for c in token.text)))
    number = validators.amount_value(value)
    verdicts = [validators.amount(value)]
    before, behind = text[: found.start()][-1:], text[found.end() :]
    after = behind.lstrip(" ")
    joined = before.isalnum() or behind[:1].isalnum()  # `4.646.OOO`: zeros read as letters
    torn = joined or after[:1].isdigit() or _TORN_AMOUNT.match(after)
    if torn or (not value[-1].isalpha() and _like_unit(after.split(" ")[0])):
        verdicts.append(PATTERN)
    if number is not None and number < _SMALLEST_AMOUNT:
        verdicts.append(warn(AMOUNT_SMALL))
    return Parsed(value, used, doubts(verdicts))


def _like_unit(word: str) -> bool:
    return fuzz.ratio(fold(word), "dong") >= _LIKE_DONG


def _with_unit(tokens: Sequence[Token], used: tuple[Token, ...]) -> tuple[Token, ...]:
    """A number's tokens and the currency right behind them."""
    after = next(i for i, token in enumerate(tokens) if token is used[-1]) + 1
    unit = tokens[after : after + 1]
    return (*used, *unit) if unit and unit[0].folded.strip(TRIM) in _CURRENCY else used
