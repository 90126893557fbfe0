"""Words and phrases of administrative Vietnamese: which syllables are usual, which stand together.

A lexicon is made from phrases: those that ship (`data/words.txt`) and those the caller adds, such
as the printed labels of a catalogue. Look-ups take any case and either way of placing a tone.
May not come in: what engines misread, whether a reading is changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from pipeline.textnorm import nfc, strip_marks
from pipeline.vietnamese.data_files import FREE_WORDS, WORDS, shipped
from pipeline.vietnamese.syllables import is_syllable, placed_alike

_APART: Final = re.compile(r"[^\w\s]|[\d_]")
"""Signs and digits end a phrase."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Syllables, pairs and triples that occur in known phrases; lower case, old-style tones."""

    syllables: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    triples: frozenset[tuple[str, str, str]]
    by_letters: Mapping[str, tuple[str, ...]]
    """Letters without any marks → known syllables written with them."""
    by_remains: Mapping[str, tuple[str, ...]]
    """What is left of a syllable that lost one marked vowel → such syllables (`him` → `hiểm`)."""
    free: frozenset[str]
    """Words that stand beside any others."""

    def knows(self, syllable: str) -> bool:
        """True for a syllable of some phrase."""
        return placed_alike(syllable) in self.syllables

    def twins(self, syllable: str) -> tuple[str, ...]:
        """Known syllables that differ from this one in marks only, itself left out."""
        mine = placed_alike(syllable)
        return tuple(s for s in self.by_letters.get(strip_marks(mine), ()) if s != mine)

    def restored(self, remains: str) -> tuple[str, ...]:
        """Known syllables of which one marked vowel was lost."""
        return self.by_remains.get(placed_alike(remains), ())


def load_lexicon(phrases: Iterable[str] = ()) -> Lexicon:
    """The words that ship, and more.

    Args:
        phrases: printed texts whose wording is known to be right, any case.

    Raises:
        OSError: the installation is damaged.
    """
    lines = (line for line in shipped(WORDS).splitlines() if not line.startswith("#"))
    free = [line for line in shipped(FREE_WORDS).splitlines() if not line.startswith("#")]
    return make_lexicon([*lines, *phrases], free)


def make_lexicon(phrases: Iterable[str], free: Iterable[str] = ()) -> Lexicon:
    """A lexicon of these phrases alone; what is no syllable (a code, say) ends a phrase."""
    syllables: set[str] = set()
    pairs: set[tuple[str, str]] = set()
    triples: set[tuple[str, str, str]] = set()
    for phrase in phrases:
        for run in _runs(phrase):
            syllables.update(run)
            pairs.update(pairwise(run))
            triples.update(zip(run, run[1:], run[2:], strict=False))
    return Lexicon(
        syllables=frozenset(syllables),
        pairs=frozenset(pairs),
        triples=frozenset(triples),
        by_letters=_grouped((strip_marks(s), s) for s in syllables),
        by_remains=_grouped((rest, s) for s in syllables for rest in _remains(s)),
        free=frozenset(placed_alike(word) for line in free for word in line.split()),
    )


def _runs(phrase: str) -> Iterable[list[str]]:
    for part in _APART.split(nfc(phrase)):
        run: list[str] = []
        for token in part.split():
            if is_syllable(token):
                run.append(placed_alike(token))
            else:
                yield run
                run = []
        yield run


def _remains(syllable: str) -> Iterable[str]:
    for at, char in enumerate(syllable):
        if char != "đ" and strip_marks(char) != char and len(syllable) > 2:
            yield syllable[:at] + syllable[at + 1 :]


def _grouped(items: Iterable[tuple[str, str]]) -> Mapping[str, tuple[str, ...]]:
    groups: dict[str, list[str]] = {}
    for key, value in sorted(set(items)):
        groups.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in groups.items()}
