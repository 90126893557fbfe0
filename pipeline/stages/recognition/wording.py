"""The vote of known phrases on a syllable: which look-alike fits between its neighbours.

A reading that already fits somewhere is kept. The more usual the syllable that was read, and the
more its case speaks for a name, the more evidence a change needs. May not come in: pages, names
of people and places.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from pipeline.stages.recognition.tokens import Shape, Token
from pipeline.textnorm import strip_marks
from pipeline.vietnamese import Lexicon, Tone, is_syllable, marks_between, parse

_MOST_MARKS: Final = 2
"""Marks that one reading gets wrong."""
_SURE: Final = 0.9
"""Above, what was read is not taken for a word with letters missing."""
_ALONE: Final = frozenset("để của những".split())  # noqa: SIM905
"""Words between any neighbours, whose look-alikes hardly occur at all."""
_NUMBERS: Final = frozenset(
    (  # noqa: SIM905
        "không một mốt hai ba bốn tư năm lăm sáu bảy bẩy tám chín mười mươi linh lẻ trăm nghìn "
        "ngàn triệu tỷ tỉ"
    ).split()
)
"""One is never made into another: they tell amounts and dates."""
_MISREAD: Final = (("rn", "m"), ("l", "i"), ("ii", "n"), ("cl", "d"), ("vv", "w"))
_NEVER: Final = 99
_ALIKE: Final = frozenset({Tone.ACUTE, Tone.HOOK, Tone.TILDE})
"""Tones whose marks engines take for each other."""
_HATTED: Final = frozenset("âêô")
"""Letters over whose hat a tone is lost or taken for another."""
_NAME_LIKE: Final = 3
_CAPITALS: Final = 2


def reworded(tokens: Sequence[Token], at: int, lexicon: Lexicon) -> str | None:
    """What a token should be by the phrases around it; None where it stays.

    Args:
        tokens: the page's, in reading order.
        at: index of the token.
        lexicon: known phrases.

    Returns:
        A syllable in lower case with old-style tone.
    """
    token = tokens[at]
    if token.shape is Shape.OTHER or token.changed or len(token.core) < 2:
        return None
    around = _Around(tokens, at, lexicon)
    if around.support(token.key):
        return None
    need = _needed(tokens, at, lexicon)
    fitting = sorted(
        (support, -marks_between(token.key, candidate), candidate)
        for candidate in _candidates(token, lexicon)
        if (support := around.support(candidate, firm=True)) or candidate in _ALONE
        if support >= _need_for(token, candidate, need, lexicon)
    )
    if not fitting:
        return None
    best = fitting[-1]
    if len(fitting) > 1 and fitting[-2][:2] == best[:2]:
        return None
    return best[2]


class _Around:
    """The neighbours of a token as far as they belong to its phrase."""

    def __init__(self, tokens: Sequence[Token], at: int, lexicon: Lexicon) -> None:
        before = []
        for step in (1, 2):
            if at - step < 0 or tokens[at - step + 1].opens:
                break
            before.append(tokens[at - step].key)
        after = []
        for step in (1, 2):
            if at + step >= len(tokens) or tokens[at + step].opens:
                break
            after.append(tokens[at + step].key)
        self._before, self._after, self._lexicon = before, after, lexicon

    def support(self, key: str, *, firm: bool = False) -> int:
        """Pairs and triples of known phrases that the syllable makes with its neighbours.

        Args:
            key: the syllable.
            firm: pairs with a word that stands beside any others do not count.
        """
        before, after, lexicon = self._before, self._after, self._lexicon
        count = 0
        if before:
            if not (firm and before[0] in lexicon.free):
                count += (before[0], key) in lexicon.pairs
            if len(before) > 1:
                count += (before[1], before[0], key) in lexicon.triples
            if after:
                count += (before[0], key, after[0]) in lexicon.triples
        if after:
            if not (firm and after[0] in lexicon.free):
                count += (key, after[0]) in lexicon.pairs
            if len(after) > 1:
                count += (key, after[0], after[1]) in lexicon.triples
        return count


def _needed(tokens: Sequence[Token], at: int, lexicon: Lexicon) -> int:
    """Evidence that a change of this token takes."""
    token = tokens[at]
    need = 2 if lexicon.knows(token.key) or token.key in lexicon.free else 1
    after = tokens[at + 1] if at + 1 < len(tokens) and not tokens[at + 1].opens else None
    before = tokens[at - 1] if at and not token.opens else None
    if token.shape is Shape.UPPER:
        return max(need, _CAPITALS)
    if token.shape is Shape.TITLE:
        beside = (before, after)
        if any(other is not None and other.shape is Shape.TITLE for other in beside):
            return _NAME_LIKE
        if after is None:
            return max(need, _CAPITALS)
    return need


def _need_for(token: Token, candidate: str, need: int, lexicon: Lexicon) -> int:
    if candidate in _NUMBERS and token.key in _NUMBERS:
        return _NEVER
    if is_syllable(token.key) and not _plausible(token.key, candidate):
        return need + 1
    if token.shape is not Shape.LOWER or not is_syllable(token.key):
        return need
    if not lexicon.knows(token.key) and candidate in _ALONE and _tone_only(token.key, candidate):
        return 0
    return need if token.key in lexicon.free else 1


def _candidates(token: Token, lexicon: Lexicon) -> Iterator[str]:
    """Known syllables that may have been read as this token."""
    key = token.key
    for twin in lexicon.twins(key):
        if marks_between(key, twin) <= _MOST_MARKS:
            yield twin
    if token.confidence >= _SURE or lexicon.knows(key):
        return
    yield from (c for c in lexicon.restored(key) if c not in lexicon.twins(key))
    if not is_syllable(key):
        yield from _relettered(key, lexicon)


def _relettered(key: str, lexicon: Lexicon) -> Iterator[str]:
    variants = {re.sub(wrong, right, key, count=1) for wrong, right in _MISREAD}
    letters = strip_marks(key)
    variants |= {
        key[:at] + key[at + 1 :]
        for at in range(len(key))
        if letters[at] in (letters[at - 1 : at], letters[at + 1 : at + 2])
    }
    found = {c for variant in variants - {key} for c in _near(variant, lexicon)}
    yield from sorted(found)


def _near(variant: str, lexicon: Lexicon) -> Iterator[str]:
    if variant in lexicon.syllables:
        yield variant
    yield from (t for t in lexicon.twins(variant) if marks_between(variant, t) <= 1)


def _tone_only(one: str, other: str) -> bool:
    first, second = parse(one), parse(other)
    if first is None or second is None:
        return False
    return (first.onset, first.nucleus, first.coda) == (second.onset, second.nucleus, second.coda)


def _plausible(one: str, other: str) -> bool:
    """True where the two differ in what engines are known to confuse, and only once."""
    first, second = parse(one), parse(other)
    if first is None or second is None or marks_between(one, other) != 1:
        return False
    if first.tone is second.tone:
        return True
    hatted = any(letter in _HATTED for letter in first.nucleus)
    return hatted or {first.tone, second.tone} <= _ALIKE
