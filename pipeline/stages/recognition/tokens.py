"""Recognised words as a row of tokens: letters apart from the signs around them, breaks known.

May not come in: what a word should be.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from pipeline.models.text import PageText
from pipeline.textnorm import nfc
from pipeline.vietnamese import parse, placed_alike, spell

_PARTS: Final = re.compile(r"([\"'(“”‘’«\[]*)([^\W\d_]+)([\"')“”’»\].,:;!?…]*)")
_GLUED: Final = re.compile(r"^[|_]+(?=[^\W\d_]{2})|(?<=[^\W\d_]{2})[|_]+$")
"""Rules of a table and of blanks, read as signs of the word beside them."""
_LOST_SIGN: Final = re.compile(
    r"(?<!\w)H(?:(?=[BCDĐGHJKLMNPRSTVXY][a-zăâêôơư])|(?=H[AĂÂEÊIOÔƠUƯY]))"
)
"""`HHen`, `HLâm`, `HHEN`: no syllable and no acronym begins so, but women's names of the Central
Highlands do, with a sign between."""


class Shape(Enum):
    """How the letters of a word are written; anything else is left alone."""

    LOWER = "lower"
    TITLE = "title"
    UPPER = "upper"
    OTHER = "other"


@dataclass(slots=True)
class Token:
    """One word: changed at most once."""

    before: str
    core: str
    """Its letters as they stand now; empty for anything but letters within signs."""
    after: str
    confidence: float
    opens: bool
    """Nothing that it could be joined with stands before it."""
    key: str = ""
    """Lower case, old-style tone."""
    shape: Shape = Shape.OTHER
    changed: bool = False
    """By now, or by an earlier correction."""

    @property
    def text(self) -> str:
        """The word as it stands now."""
        return self.before + self.core + self.after

    def become(self, key: str, *, new_style: bool) -> None:
        """Take another syllable, in the same case.

        Args:
            key: lower case, old-style tone.
            new_style: how the page places tones (`hoà`).
        """
        parts = parse(key)
        lower = spell(parts, new_style=new_style) if parts else key
        self.core = _cased(lower, self.shape)
        self.key, self.changed = key, True


def tokens_of(text: PageText) -> list[list[Token]]:
    """Tokens of every line; lines of one block flow into each other."""
    lines: list[list[Token]] = []
    block: int | None = None
    broken = True
    for line in text.lines:
        broken = broken or line.block != block
        block = line.block
        row = []
        for word in line.words:
            token = _token(word.text, word.confidence, opens=broken)
            token.changed = word.read_as is not None
            row.append(token)
            broken = not token.core or bool(token.after)
        lines.append(row)
    return lines


def places_tones_new_style(lines: list[list[Token]]) -> bool:
    """True where the page writes `hoà` more often than `hòa`."""
    balance = 0
    for token in (token for line in lines for token in line if token.core):
        parts = parse(token.key)
        if parts and spell(parts) != (new := spell(parts, new_style=True)):
            balance += 1 if token.core.lower() == new else -1
    return balance > 0


def unglued(text: str) -> str:
    """A word of letters without the rules that were read as part of it."""
    bare = _GLUED.sub("", text)
    return bare if bare != text and _PARTS.fullmatch(bare) else text


def with_sign(text: str) -> str:
    """A word with the sign that a name of the Central Highlands lost: `H'Hen`, `H'Lâm`."""
    return _LOST_SIGN.sub("H'", text)


def _token(text: str, confidence: float, *, opens: bool) -> Token:
    found = _PARTS.fullmatch(nfc(text))
    if found is None:
        return Token("", "", text, confidence, opens=True)
    before, core, after = found.groups()
    token = Token(before, core, after, confidence, opens=opens or bool(before))
    token.key, token.shape = placed_alike(core), _shape(core)
    return token


def _shape(core: str) -> Shape:
    if core.islower():
        return Shape.LOWER
    if len(core) > 1 and core.isupper():
        return Shape.UPPER
    if core[0].isupper() and (len(core) == 1 or core[1:].islower()):
        return Shape.TITLE
    return Shape.OTHER


def _cased(lower: str, shape: Shape) -> str:
    if shape is Shape.UPPER:
        return lower.upper()
    return lower[:1].upper() + lower[1:] if shape is Shape.TITLE else lower
