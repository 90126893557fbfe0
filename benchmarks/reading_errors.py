"""How far a reading is from the truth: characters and words, line by line.

Every true line is held against the text nearest to it, so the order in which an engine walks
through columns is not counted. Text that stands for no true line is counted apart (`stray`).
Text is compared in NFC with single spaces, and otherwise exactly: case, marks and dashes count.
May not come in: what to read, which pages, fields.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from benchmarks.factory.tilting import Tilt
from benchmarks.factory.truth import TruthPage
from pipeline.models.base import Box
from pipeline.models.text import PageText, Word
from pipeline.textnorm import squash

_Codes: TypeAlias = NDArray[np.int32]

_WITHIN = 0.5
"""Share of a word's height that must lie within a true line for the word to belong to it."""


@dataclass(frozen=True, slots=True)
class Errors:
    """Edits and what they are counted against; sums over lines and pages by `+`."""

    character_edits: int = 0
    characters: int = 0
    """Of the truth, spaces included."""
    word_edits: int = 0
    words: int = 0
    """Of the truth."""
    stray: int = 0
    """Characters read where nothing is written; only known where the truth has boxes."""

    def __add__(self, other: Errors) -> Errors:
        """Both together."""
        return Errors(
            self.character_edits + other.character_edits,
            self.characters + other.characters,
            self.word_edits + other.word_edits,
            self.words + other.words,
            self.stray + other.stray,
        )

    @property
    def cer(self) -> float:
        """Character error rate, 0.01 is 1 %; 0 where there is nothing to read."""
        return self.character_edits / self.characters if self.characters else 0.0

    @property
    def wer(self) -> float:
        """Word error rate."""
        return self.word_edits / self.words if self.words else 0.0


def total(parts: Iterable[Errors]) -> Errors:
    """Sum of errors."""
    whole = Errors()
    for part in parts:
        whole += part
    return whole


def text_errors(truth: str, read: str) -> Errors:
    """Errors of a reading against the truth, both taken whole."""
    true, found = squash(truth), squash(read)
    return Errors(
        Levenshtein.distance(true, found),
        len(true),
        Levenshtein.distance(true.split(), found.split()),
        len(true.split()),
    )


def line_errors(truth: Sequence[str], read: str) -> Errors:
    """Errors of true lines, each against the stretch of the reading that is nearest to it.

    Args:
        truth: lines as printed; empty ones are passed over.
        read: everything read, lines in any order.
    """
    page = squash(read)
    lines = [line for line in map(squash, truth) if line]
    return total(text_errors(line, nearest(line, page)) for line in lines)


def page_errors(truth: TruthPage, read: PageText) -> Errors:
    """Errors of a page whose lines are known by place too.

    A true line is held against the words that stand on it, left to right, and against the
    nearest stretch of the whole reading; the better one counts, so that neither columns nor
    boxes that are some pixels off are held against the engine.
    """
    text = squash(read.text)
    words = [word for line in read.lines for word in line.words]
    boxes = [_level(word.box, truth, read) for word in words]
    claimed: set[int] = set()
    found = Errors()
    for line in truth.lines:
        place = _straight(line.box, truth)
        on_it = [n for n, box in enumerate(boxes) if _stands_on(box, place)]
        claimed.update(on_it)
        true = squash(line.text)
        if true:
            placed = " ".join(words[n].text for n in sorted(on_it, key=lambda n: boxes[n].x0))
            readings = (text_errors(true, placed), text_errors(true, nearest(true, text)))
            found += min(readings, key=lambda errors: (errors.character_edits, errors.word_edits))
    return found + Errors(stray=_letters(words, claimed))


def nearest(line: str, page: str) -> str:
    """The stretch of a page's text with the fewest edits to a line, widened to whole words where
    that costs no more edits."""
    if not page:
        return ""
    text, wanted = _codes(page), _codes(line)
    end = int(np.argmin(_ends(wanted, text)))
    back = _ends(wanted[::-1], text[:end][::-1], anchored=True)
    start = end - int(np.argmin(back))
    best = Levenshtein.distance(line, page[start:end])
    left, right = page.rfind(" ", 0, start) + 1, page.find(" ", end)
    whole = page[left : right if right >= 0 else len(page)]
    return whole if Levenshtein.distance(line, whole) <= best else page[start:end]


def _ends(wanted: _Codes, text: _Codes, *, anchored: bool = False) -> NDArray[np.int64]:
    """Fewest edits of stretches that end before each position of a text.

    Sellers' algorithm, row by row; insertions run along a row as a running minimum.
    Anchored: stretches begin at the first character.
    """
    places = np.arange(len(text) + 1, dtype=np.int64)
    row = places.copy() if anchored else np.zeros_like(places)
    for code in wanted:
        swapped = row[:-1] + (text != code)
        row += 1
        np.minimum(row[1:], swapped, out=row[1:])
        row = np.minimum.accumulate(row - places) + places
    return row


def _codes(text: str) -> _Codes:
    return np.array([ord(char) for char in text], dtype=np.int32)


def _level(box: Box, truth: TruthPage, read: PageText) -> Box:
    """A box with the paper's tilt taken off, around the middle of the page."""
    angle = math.radians(truth.skew_deg)
    cos, sin = math.cos(angle), math.sin(angle)
    middle_x, middle_y = read.width_px / 2, read.height_px / 2
    dx, dy = (box.x0 + box.x1) / 2 - middle_x, (box.y0 + box.y1) / 2 - middle_y
    x, y = middle_x + cos * dx + sin * dy, middle_y - sin * dx + cos * dy
    half_width, half_height = box.width / 2, box.height / 2
    return Box(x0=x - half_width, y0=y - half_height, x1=x + half_width, y1=y + half_height)


def _straight(box: Box, truth: TruthPage) -> Box:
    """Where a line stands on the paper, its tilt taken off as from the words.

    A truth without the size of its page is taken to be straight already.
    """
    if not truth.width_px:
        return box
    return Tilt(truth.skew_deg, truth.width_px, truth.height_px).onto_paper(box)


def _stands_on(word: Box, line: Box) -> bool:
    middle = (word.x0 + word.x1) / 2
    shared = min(word.y1, line.y1) - max(word.y0, line.y0)
    least = min(word.height, line.height)
    return line.x0 <= middle <= line.x1 and shared > _WITHIN * least


def _letters(words: Sequence[Word], claimed: set[int]) -> int:
    return sum(len(word.text) for n, word in enumerate(words) if n not in claimed)
