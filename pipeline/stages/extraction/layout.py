"""Visual rows of a page: what stands on one line for the eye, with leaders taken out.

The engine cuts forms into blocks; here its lines are put side by side again by geometry, on the
page as scanned (tilt is estimated and undone in the coordinates only). May not come in: labels,
fields, meaning.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median
from typing import Final

from pipeline.models.base import Box
from pipeline.models.stamps import fitted
from pipeline.models.text import Line, PageText, Word
from pipeline.textnorm import fold

_LEADERS: Final = re.compile(r"[.…·_‥•\-–—~=\s]{2,}|[…·_‥]+")
_NOISE: Final = re.compile(r"[.…·_‥•\-–—~=:;,'\"`‘’“”|\\/*]+")
_MACHINE: Final = re.compile(r"[A-Z0-9«]*<<[A-Z0-9<«]*")
"""A part of a machine-readable line (ICAO 9303)."""
_GLUED: Final = re.compile(
    r"(?<=[^\W\d_]):(?=[^\s/])|(?<=\)):(?=\S)|(?:(?<=^\d)|(?<=^\d\d))\.(?=[^\W\d_]{2})"
    r"|(?<=[^\W\d_]{2})(?=\(\d{1,2}\):$)"
)
_LIKE_ASCII: Final = str.maketrans({"\u2044": "/", "\u2215": "/", "\u2010": "-", "\u2011": "-"})
"""Signs that engines write for others that look the same: fraction slash, special hyphens."""
_SAME_ROW: Final = 0.55
"""Of the text height: vertical distance of centres within one row."""
_MIN_WORDS_FOR_TILT: Final = 3
_MAX_TILT: Final = 0.2
_LOW: Final = 0.2


@dataclass(frozen=True, slots=True)
class Token:
    """A word, or a part of one, without leaders."""

    text: str
    folded: str
    confidence: float
    box: Box
    """Upright pixels of the page."""
    corrected: bool = False
    """True where the engine read another word."""
    pen: bool = False
    """Written by hand."""


@dataclass(frozen=True, slots=True)
class Row:
    """Tokens of one visual line, left to right."""

    page: int
    """0-based within the component."""
    tokens: tuple[Token, ...]
    y: float
    """Centre, tilt undone, px."""
    height: float
    """Median token height, px."""
    walls: tuple[int, ...] = ()
    """First tokens of further ruled cells, rising; twice the same where an empty cell is between.
    """

    def cell_end(self, start: int) -> int:
        """One past the last token of the cell that begins at a token, or that holds it."""
        return next((wall for wall in self.walls if wall > start), len(self.tokens))

    def walled(self, index: int) -> bool:
        """True where a filled cell begins at a token right behind the cell before."""
        return self.walls.count(index) == 1

    @property
    def text(self) -> str:
        """Tokens joined by single spaces."""
        return " ".join(token.text for token in self.tokens)


@dataclass(frozen=True, slots=True)
class Legibility:
    """How well a page can be read, whatever a pen wrote on it."""

    confidence: float
    """Median of its words."""
    low: float
    """That one word of five does not reach."""
    specks: float | None
    """To a letter (`PageText.specks`)."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page of a component as rows from top to bottom."""

    page: int
    width: float
    """Upright pixels."""
    height: float
    dpi: float
    rows: tuple[Row, ...]
    pitch: float
    """Usual distance of neighbouring rows, px."""
    right: float
    """Where text usually ends, px."""
    tilt: float
    """Rise of the text lines, px per px, downwards positive."""
    legible: Legibility
    scale: float = 1.0
    """Of its content on the archived page."""

    def to_points(self, box: Box) -> Box:
        """Upright pixels to points of the archived page, origin bottom-left."""
        k = 72 / self.dpi
        page = Box(
            x0=box.x0 * k,
            y0=(self.height - box.y1) * k,
            x1=box.x1 * k,
            y1=(self.height - box.y0) * k,
        )
        return fitted(page, self.scale, self.width * k)


def sheet(text: PageText, page: int) -> Sheet:
    """Rows of a page.

    Args:
        text: recognised words.
        page: 0-based within the component.
    """
    tilt = _tilt(text.lines)
    fragments = [f for line in text.lines if (f := _fragment(line, page, tilt)) is not None]
    rows = _merge(fragments)
    gaps = [b.y - a.y for a, b in pairwise(rows)]
    ends = sorted(row.tokens[-1].box.x1 for row in rows)
    heights = [row.height for row in rows]
    usual = 1.6 * median(heights) if heights else 1.0
    close = [gap for gap in gaps if gap < 2 * usual]
    return Sheet(
        page=page,
        width=text.width_px,
        height=text.height_px,
        dpi=text.dpi,
        rows=tuple(rows),
        pitch=median(close) if close else usual,
        right=ends[int(0.9 * (len(ends) - 1))] if ends else float(text.width_px),
        tilt=tilt,
        legible=_legible(text),
        scale=text.scale,
    )


def _legible(text: PageText) -> Legibility:
    sure = sorted(word.confidence for line in text.lines for word in line.words)
    if not sure:
        return Legibility(0.0, 0.0, text.specks)
    return Legibility(median(sure), sure[int(_LOW * len(sure))], text.specks)


def tokens_of(word: Word) -> list[Token]:
    """A word cut behind colons and a line's number; no leaders, empty for them and for noise.

    What only machines read stands beside values of cards, but belongs to none.
    """
    if _MACHINE.fullmatch(word.text):
        return []
    parts = []
    start = 0
    for match in _GLUED.finditer(word.text):
        parts.append((start, match.end()))
        start = match.end()
    parts.append((start, len(word.text)))
    tokens = []
    for start, end in parts:
        for begin, stop in _between_leaders(word.text, start, end):
            token = _part(word, begin, stop)
            if not _NOISE.fullmatch(token.text) or token.text == ":":
                tokens.append(token)
    return tokens


def _between_leaders(text: str, start: int, end: int) -> Iterable[tuple[int, int]]:
    position = start
    for match in _LEADERS.finditer(text, start, end):
        if len(match[0]) == 1 and match[0] == "-":
            continue
        if match.start() > position:
            yield position, match.start()
        position = match.end()
    if position < end:
        yield position, end


def _part(word: Word, begin: int, end: int) -> Token:
    text = word.text[begin:end].translate(_LIKE_ASCII)
    step = word.box.width / max(len(word.text), 1)
    box = replace_x(word.box, word.box.x0 + begin * step, word.box.x0 + end * step)
    corrected = word.read_as is not None
    return Token(text, fold(text), word.confidence, box, corrected=corrected, pen=word.pen)


def replace_x(box: Box, x0: float, x1: float) -> Box:
    """The same rows of pixels, other columns."""
    return Box(x0=x0, y0=box.y0, x1=x1, y1=box.y1)


def union(tokens: Sequence[Token]) -> Box:
    """The box around tokens (at least one)."""
    box = tokens[0].box
    for token in tokens[1:]:
        box = box.union(token.box)
    return box


def _tilt(lines: Sequence[Line]) -> float:
    """Rise of the text lines, px per px, downwards positive."""
    slopes = []
    for line in lines:
        if len(line.words) < _MIN_WORDS_FOR_TILT:
            continue
        first, last = line.words[0].box, line.words[-1].box
        run = (last.x0 + last.x1 - first.x0 - first.x1) / 2
        if run > 0:
            slopes.append((last.y1 - first.y1) / run)
    slope = median(slopes) if slopes else 0.0
    return slope if math.isfinite(slope) and abs(slope) < _MAX_TILT else 0.0


def _fragment(line: Line, page: int, tilt: float) -> Row | None:
    tokens = tuple(token for word in line.words for token in tokens_of(word))
    if not tokens:
        return None
    ys = [(t.box.y0 + t.box.y1) / 2 - tilt * (t.box.x0 + t.box.x1) / 2 for t in tokens]
    height = median(t.box.height for t in tokens)
    return Row(page=page, tokens=tokens, y=median(ys), height=max(height, 1.0))


def _merge(fragments: Sequence[Row]) -> list[Row]:
    rows: list[Row] = []
    for fragment in sorted(fragments, key=lambda row: (row.y, row.tokens[0].box.x0)):
        for index in range(len(rows) - 1, max(len(rows) - 6, -1), -1):
            row = rows[index]
            near = abs(row.y - fragment.y) <= _SAME_ROW * min(row.height, fragment.height)
            if near and not _overlap(row, fragment):
                tokens = sorted(row.tokens + fragment.tokens, key=lambda t: t.box.x0)
                rows[index] = replace(row, tokens=tuple(tokens))
                break
        else:
            rows.append(fragment)
    return rows


def _overlap(one: Row, other: Row) -> bool:
    first, second = union(one.tokens), union(other.tokens)
    if first.x1 <= second.x0 or second.x1 <= first.x0:
        return False
    slack = 0.3 * min(one.height, other.height)
    return any(
        min(a.box.x1, b.box.x1) - max(a.box.x0, b.box.x0) > slack
        for a in one.tokens
        for b in other.tokens
    )
