"""A person's name from the words of its span: titles before it, where it ends, its doubts.

May not come in: whose name it is (`whose`), rows that it runs on over (`candidates`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from pipeline.catalogue import FieldType
from pipeline.stages.extraction import validators
from pipeline.stages.extraction.layout import Token
from pipeline.stages.extraction.names import doubtful_spelling
from pipeline.stages.extraction.parsed import (
    TRIM,
    Parsed,
    joined,
    near,
    run_together,
)
from pipeline.stages.extraction.validators import PATTERN, warn
from pipeline.textnorm import squash
from pipeline.vietnamese import family_names, placed_alike

_TITLES: Final = frozenset({"ông", "bà", "anh", "chị", "cháu", "ông/bà", "Ông/bà", "Ông/Bà"})
"""Before a name, no part of it; `Ông` alone is a family name too."""
_MIDDLE: Final = frozenset({"văn", "thị"})
_MIDDLE_TOO: Final = _MIDDLE | {"đình", "hữu", "quang", "xuân", "ngọc"}
"""Family names that are middle names as often: `Ông Văn Hùng` may be a name."""
_WHOLE_NAME: Final = 3
"""Words of a usual name."""
_LEAST_WORDS: Final = 2
_FAR_OFF: Final = 0.8
"""Of the text height: words of a name stand closer, unless all are spread alike."""
_FAR_OFF_OTHERS: Final = 2.0
"""Of the widest other gap within the name."""
_REMNANT: Final = 3
"""Letters: `uý` beside a name was `Quý`."""
_AFTER_A_NAME: Final = frozenset({"nam", "nữ", "và", "là", "ở", "có", "số", "sn", "đã", "con"})


def parse_name(tokens: Sequence[Token], field: FieldType) -> Parsed | None:
    """The name in a span; None where there is none.

    Args:
        tokens: of the span.
        field: unused, as parsers of all types are alike.
    """
    kept: list[Token] = []
    parts: list[str] = []
    torn = False
    titles, addressed = _titles(tokens)
    for token in tokens[titles:]:
        part = token.text.strip(TRIM + "-*")
        if not kept and (not part or part in _TITLES):
            continue
        if not part or not all(char.isalpha() or char in "'’-" for char in part):
            torn = any(char.isupper() for char in part) and near((*kept[-1:], token))
            break
        if kept and part[0].islower() and parts[0][0].isupper():
            told = part in _AFTER_A_NAME or token.text.startswith("(")
            torn = len(part) <= _REMNANT and not told and near((kept[-1], token))
            break
        if _other_letters(parts, part):
            torn = part.lower() not in _AFTER_A_NAME
            break
        kept.append(token)
        parts.append(part)
        if token.text.endswith((",", ";")):
            break
    value = squash(" ".join(parts))
    if not value:
        first = joined(tokens)
        known = any(char.isalnum() for char in first)
        return Parsed(first, tuple(tokens), (PATTERN,)) if known else None
    capital = all(part[0].isupper() for part in parts)
    torn = torn or any(run_together(part) for part in parts) or _apart(kept)
    torn = torn or _maybe_addressed(parts) or _half_said(parts)
    sound = validators.person_name(value) is validators.OK and not torn and capital
    verdicts = [] if sound else [PATTERN]
    if len(parts) < 2:
        verdicts.append(warn("NAME_SHORT"))
    if addressed or doubtful_spelling(value) or any(token.corrected for token in kept):
        verdicts.append(warn("NAME_SPELLING"))
    return Parsed(value, tuple(kept), tuple(verdicts))


def _titles(tokens: Sequence[Token]) -> tuple[int, bool]:
    """How many tokens before a name are its title, and whether that is for a person to see.

    `Ông (Bà)` is one for certain; `Ông` is a family name, too, and a title before three words that
    begin with another family name, most likely.
    """
    words = [token.text.strip(TRIM).lower() for token in tokens]
    if not words or words[0] not in _TITLES:
        return 0, False
    if len(words) > 1 and words[1] in _TITLES and tokens[1].text.startswith("("):
        return 2, False
    name = words[1 : 1 + _WHOLE_NAME]
    whole = len(name) == _WHOLE_NAME and all(word.isalpha() for word in name)
    likely = whole and placed_alike(name[0]) in family_names() - _MIDDLE_TOO
    return int(likely), likely and tokens[0].text[:1].isupper()


def _maybe_addressed(parts: Sequence[str]) -> bool:
    """True of `Ông Hà Mai`: a name, or a title and a name of two words."""
    first, *others = (placed_alike(part.lower()) for part in parts)
    if first not in _TITLES or not others:
        return False
    return others[0] in _TITLES or others[0] in family_names() - _MIDDLE_TOO


def _half_said(parts: Sequence[str]) -> bool:
    """True of `Nguyễn Thị`: a family name and what stands before a given name."""
    return len(parts) == _LEAST_WORDS and parts[-1].lower() in _MIDDLE


def _other_letters(parts: Sequence[str], part: str) -> bool:
    """True of a word in small letters behind a name in capitals, or the other way round."""
    if len(parts) < _LEAST_WORDS or len(part) < _LEAST_WORDS:
        return False
    shouted = all(word.isupper() for word in parts)
    small = all(word[1:].islower() for word in parts if len(word) > 1)
    return (shouted and part[1:].islower()) or (small and not shouted and part.isupper())


def _apart(tokens: Sequence[Token]) -> bool:
    """True where the last word stands far off the others: `NGUYỄN VĂN AN    NAM`."""
    gaps = [b.box.x0 - a.box.x1 for a, b in pairwise(tokens)]
    if len(gaps) < _LEAST_WORDS:
        return False
    height = max(token.box.height for token in tokens)
    return gaps[-1] > max(_FAR_OFF * height, _FAR_OFF_OTHERS * max(gaps[:-1]))
