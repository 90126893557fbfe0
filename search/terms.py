"""Text cut into terms, the same way for documents, queries and snippets of every engine.

A term is a run of letters and digits. Engines get terms that are already cut and folded, joined by
spaces, so that no engine's own analyser decides what is found (architecture §7). May not come in:
SQL, ranking.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from pipeline.textnorm import exact, fold, nfc

NUMBER_MIN, NUMBER_MAX = 9, 15
"""Digits of a person's number, phone or account, from and to."""

_TERM = re.compile(r"(?:[^\W_][\u0300-\u036f]*)+")
_DIGIT_RUN = re.compile(r"(?<![^\W_])[0-9]+(?:[ .-][0-9]+)+(?![^\W_])")
_DIGITS = re.compile(r"[0-9]+")
_FORMS = 1 << 14
_GAPS = " .\N{MINUS SIGN}"
_SILENT = frozenset({"Pd", "Cc", "Cf", "Cs"})


@dataclass(frozen=True, slots=True)
class Term:
    """One term and where it stands."""

    exact: str
    """NFC, lower case, diacritics kept."""
    folded: str
    """No diacritics, `đ` as `d`, case-folded."""
    start: int
    """Offset of the first character in the text, 0-based."""
    end: int
    """Offset after the last character."""


def terms(text: str) -> Iterator[Term]:
    """Terms of an NFC text in order; offsets count in that text."""
    for match in _TERM.finditer(text):
        printed, folded = _forms(match[0])
        if folded:
            yield Term(printed, folded, match.start(), match.end())


@lru_cache(maxsize=_FORMS)
def _forms(word: str) -> tuple[str, str]:
    """Exact and folded form: few words make up most of a text."""
    return exact(word), fold(word)


def exact_terms(text: str) -> tuple[str, ...]:
    """Terms of any text, diacritics kept."""
    return tuple(term.exact for term in terms(nfc(text)))


def folded_terms(text: str) -> tuple[str, ...]:
    """Terms of any text, without diacritics."""
    return tuple(term.folded for term in terms(nfc(text)))


def code_key(text: str) -> str:
    """A code or number for comparing: folded, without spaces, dashes, dots; slashes kept.

    `123/QĐ-BHXH`, `123/qd - bhxh` and `123/QD‑BHXH` are one key; so are `079 085 001234` and
    `079085001234`.
    """
    return "".join(
        char
        for char in fold(text)
        if char not in _GAPS and unicodedata.category(char) not in _SILENT
    )


def joined_numbers(text: str) -> frozenset[str]:
    """Numbers of 9 to 15 digits that are printed in groups, without their gaps.

    Boxes of a form make the engine read `0 7 9 0 8 5 …`; every run of neighbouring groups that
    has the length of a person's number, phone or account is given.
    """
    found: set[str] = set()
    for run in _DIGIT_RUN.finditer(text):
        groups = _DIGITS.findall(run[0])
        for first in range(len(groups)):
            joined = ""
            for group in groups[first:]:
                joined += group
                if len(joined) > NUMBER_MAX:
                    break
                if len(joined) >= NUMBER_MIN and joined != groups[first]:
                    found.add(joined)
    return frozenset(found)


def join_numbers(text: str) -> str:
    """The text with every grouped number of 9 to 15 digits written without gaps (for queries)."""

    def joined(run: re.Match[str]) -> str:
        digits = "".join(_DIGITS.findall(run[0]))
        return digits if NUMBER_MIN <= len(digits) <= NUMBER_MAX else run[0]

    return _DIGIT_RUN.sub(joined, text)
