"""Words that were read as one, parted where a reading by themselves puts spaces.

Over tight print an engine loses spaces: `ĐìnhAn`, `34năm`. What cannot be one word is read again
alone; only its spaces are believed, its letters stay. May not come in: which word is meant
(`correction`), codes and acronyms, which have no words in them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Final

from pipeline.models.base import Box
from pipeline.models.text import Line, Word
from pipeline.ports.reading import OcrEngine
from pipeline.stages.recognition.marks import Inked
from pipeline.stages.recognition.parts import READ_AGAIN, each_read, less_sure, read_row
from pipeline.textnorm import strip_marks
from pipeline.vietnamese import all_syllables, is_syllable, spell

_PARTS: Final = re.compile(r"(\W*)(.*?)(\W*)", re.DOTALL)
_COUNTED: Final = re.compile(r"\d[\d.,]*[^\W\d_]{2,}|[^\W\d_]{2,}\d{1,4}")
"""A number and a word beside it; behind a word, a long number is a code."""
_NUMBER: Final = re.compile(r"\d[\d.,]*")
_VOWELS: Final = re.compile("[aeiouy]+")
_CASES: Final = re.compile(r"[a-zà-ỹ]\w*[A-ZÀ-Ỹ]")
_SEVERAL: Final = 2
_LEAST: Final = 4
"""Letters and digits of two words."""
_MOST_WORDS: Final = 40
"""Of a page that are read again."""
_ASIDE: Final = 0.2
"""Of a word's height: paper beside it that is shown; the next word is a space away."""
_ABOVE: Final = 0.35


def with_spaces(page: Inked, lines: tuple[Line, ...], engine: OcrEngine) -> tuple[Line, ...]:
    """The lines, words that were read as one parted.

    Args:
        page: what was read.
        lines: as read from it.
        engine: reads words alone.

    Returns:
        The same lines where every word can be one. A word on which the engine fails stays.

    Raises:
        MissingToolError.
    """
    doubtful = [w for line in lines for w in line.words if may_be_several(w.text)]
    doubtful.sort(key=lambda word: word.confidence)
    parted: dict[int, tuple[Word, ...]] = {}
    alone = each_read(doubtful[:_MOST_WORDS], lambda word: (word, _alone(page, word, engine)))
    for word, words in alone:
        parted[id(word)] = _parted(word, words)
    if all(len(words) == 1 for words in parted.values()):
        return lines
    return tuple(_with(line, parted) for line in lines)


def may_be_several(text: str) -> bool:
    """True of letters, or a number beside them, that no Vietnamese word is spelt like.

    A word of one vowel group and without small letters before capitals is an acronym.
    """
    core = _core(text)[1]
    if len(core) < _LEAST:
        return False
    if core.isalpha():
        several = len(_VOWELS.findall(strip_marks(core).lower())) >= _SEVERAL
        return not is_syllable(core) and (several or bool(_CASES.search(core)))
    return bool(_COUNTED.fullmatch(core))


def _core(text: str) -> tuple[str, str, str]:
    """Signs before, the word, signs behind."""
    found = _PARTS.fullmatch(text)
    return (found[1], found[2], found[3]) if found else ("", text, "")


def _alone(page: Inked, word: Word, engine: OcrEngine) -> Sequence[Word]:
    box, aside, above = word.box, _ASIDE * word.box.height, _ABOVE * word.box.height
    within = Box(
        x0=max(box.x0 - aside, 0.0),
        y0=max(box.y0 - above, 0.0),
        x1=min(box.x1 + aside, page.gray.shape[1]),
        y1=min(box.y1 + above, page.gray.shape[0]),
    )
    lines = list(read_row(page.gray, page.dpi, box, engine, within=within))
    return lines[0].words if len(lines) == 1 else ()


def _parted(word: Word, alone: Sequence[Word]) -> tuple[Word, ...]:
    """The word in parts, with its own letters and signs; the word itself where that is not sure."""
    before, core, after = _core(word.text)
    pieces = [_core(other.text)[1] for other in alone]
    joined = "".join(pieces)
    alike = len(joined) == len(core) and joined.casefold() == core.casefold()
    if not alike or not all(pieces) or len(pieces) < _SEVERAL:
        return (word,)
    if not all(_is_word(piece, core) for piece in pieces):
        return (word,)
    texts, begin = [], 0
    for piece in pieces:
        texts.append(core[begin : begin + len(piece)])
        begin += len(piece)
    texts[0], texts[-1] = before + texts[0], texts[-1] + after
    return tuple(
        less_sure(other, READ_AGAIN).model_copy(
            update={"text": text, "box": _kept_within(word.box, other.box)}
        )
        for text, other in zip(texts, alone, strict=True)
    )


def _kept_within(place: Box, part: Box) -> Box:
    x0, x1 = (min(max(x, place.x0), place.x1) for x in (part.x0, part.x1))
    return Box(x0=x0, y0=place.y0, x1=x1, y1=place.y1)


def _is_word(piece: str, core: str) -> bool:
    """True of a number, a syllable with or without its marks, an acronym beside small letters."""
    if not piece.isalpha():
        return bool(_NUMBER.fullmatch(piece))
    if not core.isalpha() and piece.isupper():
        return False
    acronym = piece.isupper() and len(piece) >= _SEVERAL and not core.isupper()
    return acronym or strip_marks(piece).lower() in _bare_syllables()


@cache
def _bare_syllables() -> frozenset[str]:
    return frozenset(strip_marks(spell(syllable)) for syllable in all_syllables())


def _with(line: Line, parted: dict[int, tuple[Word, ...]]) -> Line:
    words = tuple(new for word in line.words for new in parted.get(id(word), (word,)))
    return line if len(words) == len(line.words) else line.model_copy(update={"words": words})
