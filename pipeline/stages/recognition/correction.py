"""A page's words corrected where the language leaves no doubt; what was read stays visible.

Only words of letters are touched, and numerals of headings (`headings`): no code, number, mixed
token. Boxes, confidences and the count of words stay; a corrected word keeps the engine's reading
in `read_as`. Correcting again changes nothing. May not come in: an engine, pixels, fields.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from pipeline.models.text import Line, PageText, Word
from pipeline.stages.recognition.headings import renumbered
from pipeline.stages.recognition.naming import renamed_people, renamed_units
from pipeline.stages.recognition.tokens import (
    Token,
    places_tones_new_style,
    tokens_of,
    unglued,
    with_sign,
)
from pipeline.stages.recognition.wording import reworded
from pipeline.vietnamese import (
    Lexicon,
    Names,
    Units,
    data_digest,
    horned,
    load_lexicon,
    load_names,
    load_units,
)

_SURE: Final = 0.93
"""Signs read as surely as that are printed."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What the language offers as evidence."""

    lexicon: Lexicon
    names: Names
    units: Units


class Corrector:
    """Corrects pages by one body of knowledge; safe to call from several threads."""

    def __init__(self, phrases: Iterable[str] = ()) -> None:
        """Bind to the words that ship and to more; files are read at the first page.

        Args:
            phrases: printed texts whose wording is known to be right.
        """
        self._phrases = tuple(sorted(set(phrases)))

    @cached_property
    def identity(self) -> str:
        """SHA-256 over all that corrections follow from, but for the rules."""
        joined = "\n".join((data_digest(), *self._phrases))
        return hashlib.sha256(joined.encode()).hexdigest()

    @cached_property
    def knowledge(self) -> Knowledge:
        """Lexicon, names, units.

        Raises:
            OSError: the installation is damaged.
        """
        return Knowledge(load_lexicon(self._phrases), load_names(), load_units())

    def correct(self, text: PageText) -> PageText:
        """The page with its words corrected.

        Args:
            text: as an engine read it, or corrected already.

        Raises:
            OSError: the installation is damaged.
        """
        return corrected(text, self.knowledge)


def corrected(text: PageText, knowledge: Knowledge) -> PageText:
    """The page with its words corrected; see the module."""
    bare = [[_bare(word) for word in line.words] for line in text.lines]
    lines = tokens_of(_with_texts(text, bare))
    _correct(lines, knowledge)
    texts = [[token.text for token in line] for line in lines]
    for row, numeral in renumbered(texts).items():
        texts[row][0] = numeral
    return _with_texts(text, texts)


def _correct(lines: list[list[Token]], knowledge: Knowledge) -> None:
    new_style = places_tones_new_style(lines)
    for line in lines:
        changes = [*renamed_units(line, knowledge.units)]
        changes += renamed_people(line, knowledge.names, knowledge.lexicon)
        for token, key in changes:
            token.become(key, new_style=new_style)
    tokens = [token for line in lines for token in line]
    # A corrected word may be the evidence for its neighbour; every word changes once at most.
    waiting = True
    while waiting:
        waiting = False
        for at, token in enumerate(tokens):
            better = reworded(tokens, at, knowledge.lexicon)
            if better is not None:
                token.become(better, new_style=new_style)
                waiting = True


def _bare(word: Word) -> str:
    return horned(with_sign(unglued(word.text) if word.confidence < _SURE else word.text))


def _with_texts(text: PageText, texts: Sequence[Sequence[str]]) -> PageText:
    lines = tuple(_line(line, row) for line, row in zip(text.lines, texts, strict=True))
    same = all(new is old for new, old in zip(lines, text.lines, strict=True))
    return text if same else text.model_copy(update={"lines": lines})


def _line(line: Line, texts: Sequence[str]) -> Line:
    words = tuple(_word(word, text) for word, text in zip(line.words, texts, strict=True))
    same = all(new is old for new, old in zip(words, line.words, strict=True))
    return line if same else line.model_copy(update={"words": words})


def _word(word: Word, text: str) -> Word:
    if text == word.text:
        return word
    read_as = word.text if word.read_as is None else word.read_as
    return word.model_copy(update={"text": text, "read_as": read_as})
