"""From pieces of text, as they were drawn, to the lines and fields that are true of a page.

All in pixels of the upright drawing. May not come in: drawing, and what a scanner does afterwards.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from benchmarks.factory.truth import Hand, TruthField, TruthLine, TruthPart
from pipeline.models.base import Box

_LEADERS: Final = re.compile(r"[.…_]{3,}")
_SHORTEST_WITHIN: Final = 6
"""A value shorter than this is only found where a piece consists of it alone."""


@dataclass(frozen=True, slots=True)
class _Piece:
    baseline: int
    text: str
    """Empty: something that joins its neighbours, such as dotted leaders."""
    box: Box
    hand: Hand


@dataclass
class Memory:
    """What was drawn on one page."""

    same_line_px: int
    """Baselines this near are one line."""
    column_gap_px: int
    """Bare paper this wide separates columns."""
    _pieces: list[_Piece] = field(default_factory=list)
    _walls: list[tuple[int, int, int]] = field(default_factory=list)
    _stamps: list[tuple[str, Box]] = field(default_factory=list)
    _values: list[TruthField] = field(default_factory=list)

    # -- taking notes -----------------------------------------------------------------------

    def piece(self, baseline: int, text: str, box: Box, hand: Hand) -> None:
        """Text in one go."""
        self._pieces.append(_Piece(baseline, text, box, hand))

    def bridge(self, baseline: int, x0: int, x1: int) -> None:
        """Something that joins what stands left and right of it into one line."""
        box = Box(x0=min(x0, x1), y0=baseline, x1=max(x0, x1), y1=baseline)
        self._pieces.append(_Piece(baseline, "", box, Hand.PRINT))

    def wall(self, x: int, y0: int, y1: int) -> None:
        """A vertical rule: no line goes across."""
        self._walls.append((x, y0, y1))

    def stamp(self, texts: Sequence[str], box: Box) -> None:
        """Legible text of a stamp; the box is that of the stamp."""
        self._stamps.extend((text, box) for text in texts)

    def value(self, name: str, text: str, boxes: tuple[Box, ...], hand: Hand) -> None:
        """Where a field's value stands."""
        self._values.append(TruthField(name, _tidy(text), boxes, hand))

    # -- telling ----------------------------------------------------------------------------

    def rows(self) -> tuple[str, ...]:
        """Everything printed at one height as one text, top to bottom."""
        return tuple(
            " ".join(part.text.strip() for part in row if part.text) for row in self._rows()
        )

    def lines(self) -> tuple[TruthLine, ...]:
        """The lines as a person reads them, top to bottom, then left to right; stamps last."""
        found = [
            line for row in self._rows() for parts in self._apart(row) for line in _as_line(parts)
        ]
        for text, box in self._stamps:
            part = TruthPart(_tidy(text), box, Hand.STAMP)
            found.append(TruthLine(part.text, box, Hand.STAMP, (part,)))
        return tuple(found)

    def fields(self, values: Mapping[str, str]) -> tuple[TruthField, ...]:
        """Fields with their places; those that were only named are looked for in the text.

        Args:
            values: of every field of the page, by name.
        """
        placed = {value.name for value in self._values}
        found = list(self._values)
        for name, text in values.items():
            if name not in placed and text:
                found.append(self._sought(name, _tidy(text)))
        return tuple(found)

    # -- how --------------------------------------------------------------------------------

    def _rows(self) -> list[list[_Piece]]:
        """Pieces at one height, left to right; rows without text are left out."""
        rows: list[list[_Piece]] = []
        for piece in sorted(self._pieces, key=lambda each: (each.baseline, each.box.x0)):
            if rows and piece.baseline - rows[-1][0].baseline <= self.same_line_px:
                rows[-1].append(piece)
            else:
                rows.append([piece])
        return [
            sorted(row, key=lambda each: each.box.x0)
            for row in rows
            if any(piece.text for piece in row)
        ]

    def _apart(self, row: Sequence[_Piece]) -> Iterator[list[_Piece]]:
        """A row cut where bare paper or a rule separates its pieces."""
        together = [row[0]]
        reach = row[0].box.x1
        for piece in row[1:]:
            bare = piece.box.x0 - reach > self.column_gap_px
            if bare or self._walled(reach, piece.box.x0, piece.baseline):
                yield together
                together = []
            together.append(piece)
            reach = max(reach, piece.box.x1)
        yield together

    def _walled(self, x0: float, x1: float, baseline: int) -> bool:
        return any(x0 <= x <= x1 and y0 < baseline <= y1 for x, y0, y1 in self._walls)

    def _sought(self, name: str, value: str) -> TruthField:
        """The first place of a value in the text, as it was drawn piece after piece."""
        pieces = [piece for piece in self._pieces if piece.text.strip()]
        folded = value.casefold()
        for piece in pieces:
            if _tidy(piece.text).casefold() == folded:
                return TruthField(name, value, (piece.box,), piece.hand)
        if len(folded) >= _SHORTEST_WITHIN:
            texts = [_tidy(piece.text) for piece in pieces]
            pattern = re.compile(rf"(?<!\w){re.escape(folded)}(?!\w)")
            match = pattern.search(" ".join(text.casefold() for text in texts))
            if match is not None:
                boxes, hand = _cut(pieces, texts, match.start(), match.end())
                return TruthField(name, value, boxes, hand)
        return TruthField(name, value, (), Hand.PRINT)


def _cut(
    pieces: Sequence[_Piece], texts: Sequence[str], start: int, end: int
) -> tuple[tuple[Box, ...], Hand]:
    """Boxes of a stretch of the texts joined by spaces; letters are taken as equally wide."""
    boxes, hands, at = [], [], 0
    for piece, text in zip(pieces, texts, strict=True):
        first, last = max(start - at, 0), min(end - at, len(text))
        if text and first < last:
            step = piece.box.width / len(text)
            x0, x1 = piece.box.x0 + first * step, piece.box.x0 + last * step
            boxes.append(Box(x0=x0, y0=piece.box.y0, x1=x1, y1=piece.box.y1))
            hands.append(piece.hand)
        at += len(text) + 1
    return tuple(boxes), hands[0]


def _as_line(pieces: Sequence[_Piece]) -> Iterator[TruthLine]:
    """One line, or none where nothing but leaders stands."""
    parts = tuple(
        TruthPart(text, piece.box, piece.hand)
        for piece, text in ((piece, _tidy(piece.text)) for piece in pieces)
        if text
    )
    if not parts:
        return
    box = parts[0].box
    letters = dict.fromkeys(Hand, 0)
    for part in parts:
        box = box.union(part.box)
        letters[part.hand] += len(part.text)
    hand = max(letters, key=lambda each: letters[each])
    yield TruthLine(" ".join(part.text for part in parts), box, hand, parts)


def _tidy(text: str) -> str:
    """NFC, without leaders, single spaces."""
    return " ".join(unicodedata.normalize("NFC", _LEADERS.sub(" ", text)).split())
