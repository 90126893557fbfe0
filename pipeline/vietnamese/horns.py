"""The horn that one of two vowels lost: `PHUỚC`, `đưọc` can only be `PHƯỚC`, `được`.

The written language has no `ưo`, and before a coda no `uơ` but in a few old names of the South
(`Nguơn`, `Huờn`). May not come in: which syllables are words.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from pipeline.textnorm import nfc
from pipeline.vietnamese.syllables import is_syllable, parse

_WORD: Final = re.compile(r"[^\W\d_]+")
_HORN: Final = "\u031b"
_ONE_HORN: Final = re.compile(f"(u(?!{_HORN}))(o{_HORN})|(u{_HORN})(o(?!{_HORN}))", re.IGNORECASE)
"""In letters with their marks apart; the horn comes first of them."""
_ROUNDED: Final = frozenset({"h", "kh", "ng", "th"})
_OLD_CODA: Final = "n"


def horned(text: str) -> str:
    """The text, NFC, with lost horns put back in words that are no syllables without."""
    if not text.isascii():
        text = _WORD.sub(lambda found: _horned(nfc(found[0])), nfc(text))
    return text


def _horned(word: str) -> str:
    letters = unicodedata.normalize("NFD", word)
    found = _ONE_HORN.search(letters)
    if found is None or is_syllable(word):
        return word
    first, second = found[1] or found[3], found[2] or found[4]
    both = f"{first[0]}{_HORN}{second[0]}{_HORN}"
    right = nfc(letters[: found.start()] + both + letters[found.end() :])
    parts = parse(right)
    old = parts is not None and parts.onset in _ROUNDED and parts.coda == _OLD_CODA
    return word if parts is None or (old and found[1]) else right
