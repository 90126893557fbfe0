"""What is known of a value's words, as numbers: confidences, marks, names, phrases, size, page.

`facts_of` gives them in the order of `ALONE` or, with a second reading, `TWICE`. May not come in:
what follows from them (`trust`), how values are found.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import Final

from pipeline.catalogue import FieldType
from pipeline.stages.extraction.layout import Legibility, Token
from pipeline.vietnamese import Lexicon, Names, is_syllable, placed_alike


class ValueKind(StrEnum):
    """Values whose reading errors are alike."""

    DIGITS = "digits"
    NAME = "name"
    DATE = "date"
    AMOUNT = "amount"
    TEXT = "text"


_KINDS: Final[Mapping[str, ValueKind]] = {
    "code": ValueKind.DIGITS,
    "phone": ValueKind.DIGITS,
    "integer": ValueKind.DIGITS,
    "percent": ValueKind.DIGITS,
    "duration": ValueKind.DIGITS,
    "person_name": ValueKind.NAME,
    "date": ValueKind.DATE,
    "datetime": ValueKind.DATE,
    "amount": ValueKind.AMOUNT,
    "text": ValueKind.TEXT,
    "address": ValueKind.TEXT,
    "email": ValueKind.TEXT,
}
_MOSTLY_DIGITS: Final = 0.4
"""Share of digits from which free text is as hard to read as a number."""
_NO_PERFECTION: Final = 1.001
"""So that a confidence of 1 has a logarithm too."""
_CLEAN: Final = 0.002
"""Specks to a letter of which it makes no difference that there are fewer."""
_UNCOUNTED: Final = 0.1
_TWO_MARKS: Final = 2
_BARE_WORDS: Final = 3
"""So many words that all have lost their marks are no misreading."""
_USUAL_PX: Final = 30.0
"""Height of a word of 12 pt at 200 dpi."""
_FAR_FROM_USUAL: Final = 1.0
_OPENING: Final = "("
_WITHIN_WORDS: Final = "-'/.,@&+%"
_BESIDE_WORDS: Final = ".,;:()\"'"

ALONE: Final = (
    "bias",
    "least",
    "mean",
    "letters",
    "words",
    "corrected",
    "capitals",
    "marked",
    "foreign",
    "odd",
    "strange",
    "rival",
    "likelier",
    "unvouched",
    "delicate",
    "page",
    "page_low",
    "specks",
    "size",
)
"""Facts about the first reading, in the order of their weights."""
TWICE: Final = (*ALONE, "alike", "alike_least", "alike_mean")
"""And about a second one."""


@dataclass(frozen=True, slots=True)
class Second:
    """What a second reading of the same place gave."""

    alike: bool
    """Both readings say the same."""
    tokens: tuple[Token, ...]


def kind_of(field: FieldType, value: str) -> ValueKind | None:
    """The kind of a value; None of what is no reading of words: ticks, tables, one of few words."""
    kind = _KINDS.get(field.type)
    if kind is ValueKind.TEXT:
        signs = [char for char in value if char.isalnum()]
        if sum(char.isdigit() for char in signs) > _MOSTLY_DIGITS * max(len(signs), 1):
            return ValueKind.DIGITS
    return kind


def facts_of(
    kind: ValueKind,
    tokens: Sequence[Token],
    page: Legibility,
    second: Second | None,
    names: Names,
    lexicon: Lexicon,
) -> tuple[float, ...]:
    """Facts that scores are made of, as named in `ALONE` or, with a second reading, `TWICE`."""
    least, mean = _surely(tokens)
    text = "".join(token.text for token in tokens)
    facts = (
        1.0,
        least,
        mean,
        math.log1p(len(text)),
        math.log1p(len(tokens)),
        float(any(token.corrected for token in tokens)),
        sum(char.isupper() for char in text) / max(sum(char.isalpha() for char in text), 1),
        math.log1p(sum(_marks(char) >= _TWO_MARKS for char in text)),
        math.log1p(sum(_foreign(token.text) for token in tokens)),
        math.log1p(sum(_odd(token.text) for token in tokens)),
        *_usual(kind, tokens, names, lexicon),
        _doubt_left(page.confidence),
        _doubt_left(page.low),
        -math.log10(_CLEAN + specks_of(page)),
        _size(tokens),
    )
    if second is None:
        return facts
    if not second.alike or not second.tokens:
        return (*facts, 0.0, 0.0, 0.0)
    return (*facts, 1.0, *_surely(second.tokens))


def specks_of(page: Legibility) -> float:
    """Specks to a letter; a page whose specks nobody counted is held to have many."""
    return _UNCOUNTED if page.specks is None else page.specks


def _size(tokens: Sequence[Token]) -> float:
    """How large the print was scanned: few pixels a letter leave marks and strokes in doubt."""
    height = median(token.box.height for token in tokens)
    return min(max(math.log2(max(height, 1.0) / _USUAL_PX), -_FAR_FROM_USUAL), _FAR_FROM_USUAL)


def _marks(char: str) -> int:
    """Marks on a letter: of two, one is lost or taken for another most easily."""
    return len(unicodedata.normalize("NFD", char)) - 1


def _foreign(word: str) -> bool:
    """True of a word of letters, `Hleo`, that no Vietnamese syllable is spelt like."""
    bare = word.strip(_BESIDE_WORDS)
    return bare.isalpha() and not is_syllable(bare.lower())


def _odd(word: str) -> bool:
    """True of letters with a sign among or before them, `.Đắk`, or with capitals amid small ones.

    A bracket may open before them; `Hà-nội`, `H'leo` and `a/c` are written so.
    """
    bare = word.lstrip(_OPENING).rstrip(_BESIDE_WORDS)
    letters = "".join(char for char in bare if char.isalpha())
    if not letters:
        return False
    signs = any(not (char.isalnum() or char in _WITHIN_WORDS) for char in bare)
    begun = not bare[0].isalnum()
    return signs or begun or not (letters.islower() or letters.isupper() or letters[1:].islower())


def _usual(
    kind: ValueKind, tokens: Sequence[Token], names: Names, lexicon: Lexicon
) -> tuple[float, ...]:
    """What is known of the words: `strange`, `rival`, `likelier`, `unvouched`, `delicate`."""
    words = [placed_alike(token.text.strip(_BESIDE_WORDS).lower()) for token in tokens]
    if kind is ValueKind.NAME:
        counts = _in_names(words, names, bare=_is_bare(tokens))
    elif kind is ValueKind.TEXT:
        counts = _in_phrases(words, lexicon)
    else:
        counts = (0, 0, 0, 0, 0)
    return tuple(math.log1p(count) for count in counts)


def _is_bare(tokens: Sequence[Token]) -> bool:
    """True of a name as visas and banks write it: capitals without a mark."""
    text = "".join(token.text for token in tokens)
    return len(tokens) >= _BARE_WORDS and text.isascii() and text.isupper()


def _in_names(words: Sequence[str], names: Names, *, bare: bool) -> tuple[int, int, int, int, int]:
    """Syllables that no usual name has, and usual ones a mark away from another.

    And such as no usual name has, but one a mark away; none unvouched; and of all that no usual
    name has, those with a letter of two marks. A bare name is held against usual ones without
    their marks.
    """
    strange = rival = likelier = delicate = 0
    if bare:
        return sum(not names.known_bare(word) for word in words), 0, 0, 0, 0
    for at, word in enumerate(words):
        known = names.known(word) if at else names.known_family_name(word)
        rivals = bool(names.rivals(word))
        strange += not known and not rivals
        rival += known and rivals
        likelier += not known and rivals
        delicate += not known and _delicate(word)
    return strange, rival, likelier, 0, delicate


def _in_phrases(words: Sequence[str], lexicon: Lexicon) -> tuple[int, int, int, int, int]:
    """Words of letters that are not known to stand beside either neighbour.

    Before them, how many of these have a twin that is; behind them, how many a letter of two marks.
    """
    likelier = unvouched = delicate = 0
    for at, word in enumerate(words):
        if not word.isalpha() or _vouched(words, at, word, lexicon):
            continue
        unvouched += 1
        likelier += any(_vouched(words, at, twin, lexicon) for twin in lexicon.twins(word))
        delicate += _delicate(word)
    return 0, 0, likelier, unvouched, delicate


def _delicate(word: str) -> bool:
    """True where a letter has two marks, of which one is misread most easily."""
    return any(_marks(char) >= _TWO_MARKS for char in word)


def _vouched(words: Sequence[str], at: int, word: str, lexicon: Lexicon) -> bool:
    """True where a word is known to stand beside a neighbour of this place."""
    before = at > 0 and (words[at - 1], word) in lexicon.pairs
    return before or (at + 1 < len(words) and (word, words[at + 1]) in lexicon.pairs)


def _surely(tokens: Sequence[Token]) -> tuple[float, float]:
    """Least and mean confidence, each as the order of magnitude of the doubt that is left."""
    weights = [max(len(token.text), 1) for token in tokens]
    mean = sum(t.confidence * w for t, w in zip(tokens, weights, strict=True)) / sum(weights)
    return _doubt_left(min(token.confidence for token in tokens)), _doubt_left(mean)


def _doubt_left(confidence: float) -> float:
    """The order of magnitude of the doubt that a confidence leaves."""
    return -math.log10(_NO_PERFECTION - confidence)
