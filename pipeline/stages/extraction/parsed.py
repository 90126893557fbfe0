"""A value with the words that it came from, and what parsers of every type share.

May not come in: values of one type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from pipeline.stages.extraction import validators
from pipeline.stages.extraction.layout import Token
from pipeline.stages.extraction.validators import Verdict
from pipeline.textnorm import squash

TRIM: Final = " .,;:'\"`_()[]|"
_STOP_WITHIN: Final = re.compile(r"[^\W\d_]{2,}[.,][^\W\d_]{2,}")


@dataclass(frozen=True, slots=True)
class Parsed:
    """A value with the tokens it came from."""

    value: str
    tokens: tuple[Token, ...]
    verdicts: tuple[Verdict, ...] = ()


def joined(tokens: Sequence[Token]) -> str:
    """Tokens with single spaces, trimmed of what labels and leaders left."""
    return squash(" ".join(token.text for token in tokens)).strip(" :;_|'‘`").strip(" .,")


def run_together(word: str) -> bool:
    """`Hải.Phòng`, `NghệAn`: two words without their space. Names of firms, `VietinBank`, may."""
    if _STOP_WITHIN.search(word):
        return True
    return not word.isascii() and any(a.islower() and b.isupper() for a, b in pairwise(word))


def near(run: Sequence[Token]) -> bool:
    """True of words that stand within two text heights of each other."""
    return all(
        b.box.x0 - a.box.x1 <= 2.0 * max(a.box.height, b.box.height) for a, b in pairwise(run)
    )


def doubts(verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """Verdicts but for those that find nothing amiss."""
    return tuple(verdict for verdict in verdicts if verdict is not validators.OK)


def until(tokens: Sequence[Token], wanted: Callable[[Token], bool]) -> tuple[Token, ...]:
    """The first run of tokens that satisfy a condition."""
    kept: list[Token] = []
    for token in tokens:
        if wanted(token):
            kept.append(token)
        elif kept:
            break
    return tuple(kept) or tuple(tokens)
