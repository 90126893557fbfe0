"""Ruled cells: lines that stand in one cell are one row, and a row knows where its cells end.

Forms without colons rule boxes around labels and values; a label that wraps in its box, and a value
that looks like a label, are told by the walls alone. Walls are looked for only in wide gaps. May
not come in: labels, fields, tables as a whole (`tables`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.ports.reading import Gray
from pipeline.stages.extraction.ink import PagePixels
from pipeline.stages.extraction.layout import Row, Sheet, Token

_Mask: TypeAlias = NDArray[np.uint8]

_GAP: Final = 0.6
"""Of the text height: a wall leaves more room between words."""
_TALL: Final = 0.75
"""Of the text height: a wall goes on this far above and below the middle of a row."""
_APART: Final = 0.6
"""Of the text height: two walls nearer than this are one; farther, an empty cell is between."""
_BESIDE: Final = 2.5
"""Of the text height: how far beside a wall a level rule is looked for."""
_CLEAR: Final = 0.25
"""Of the text height, kept from the wall and from the middles of the rows."""
_CLOSE: Final = 2.2
"""Of the text height: most between lines of one cell."""
_NEARBY: Final = 3
"""Rows above and below whose walls may go on past a row that shows no gap."""
_CELL: Final = 3.0
"""Of the text height: how far above its first row and below its last a cell ends."""
_MARGIN: Final = (0.01, 0.04)
"""Of the page's height: where neither text nor a box stands, but a streak goes on."""
_STREAK: Final = 0.15
"""Of the text height: half the width of a streak."""
_STREAKED: Final = 0.6
"""Share of dark pixels of a streak in a margin."""
_MOST_LINES: Final = 6
"""Of one cell."""
_MOST_WALLS: Final = 3
"""Between two labels and their values; rows with more are those of a table."""
_DARKER: Final = 30
"""Grey levels below the paper, from which a pixel may belong to a rule."""
_SOLID: Final = 0.9
"""Share of dark pixels along a rule."""


def cell_rows(sheet: Sheet, pixels: PagePixels | None) -> tuple[Row, ...]:
    """The rows of a page, those of one ruled cell joined, with their walls.

    A joined row holds its cells from left to right, each with its lines from top to bottom.

    Args:
        sheet: the page.
        pixels: page images; None: rows stay as they are.

    Raises:
        UnreadableScan: as `PagePixels`.
    """
    if pixels is None or not any(_gaps(row) for row in sheet.rows):
        return sheet.rows
    page = _Page.of(pixels(sheet.page))
    seen = [page.walls(row) for row in sheet.rows]
    if not any(seen):
        return sheet.rows
    rows: list[Row] = []
    group, shared = [sheet.rows[0]], seen[0]
    for index, row in enumerate(sheet.rows[1:], 1):
        near = seen[max(index - _NEARBY, 0) : index + _NEARBY + 1]
        going = page.going_on(group[-1], row, [x for walls in near for x in walls])
        more = (*shared, *going, *seen[index])
        if going and len(group) < _MOST_LINES and _parted([*group, row], more):
            group, shared = [*group, row], more
        else:
            rows += page.joined(group, shared)
            group, shared = [row], seen[index]
    return (*rows, *page.joined(group, shared))


def _gaps(row: Row) -> list[tuple[Token, Token]]:
    return [
        (one, other)
        for one, other in pairwise(row.tokens)
        if other.box.x0 - one.box.x1 > _GAP * row.height
    ]


@dataclass(frozen=True, slots=True)
class _Page:
    """Where rules are looked for."""

    gray: Gray
    streaks: tuple[float, ...]
    """Where the scanner's dirty glass drew lines from end to end, px from the left."""

    @classmethod
    def of(cls, gray: Gray) -> _Page:
        """A page with its streaks."""
        near, far = (round(share * gray.shape[0]) for share in _MARGIN)
        margins = gray[near:far], gray[gray.shape[0] - far : gray.shape[0] - near]
        dark = [_dark(margin).mean(axis=0) >= _STREAKED for margin in margins if margin.size]
        both = np.flatnonzero(np.logical_and.reduce(dark)) if dark else ()
        return cls(gray, tuple(float(x) for x in both))

    def walls(self, row: Row) -> tuple[float, ...]:
        """Where walls stand between the words of a row, px from the left."""
        return tuple(x for one, other in _gaps(row) for x in self._between(one, other, row.height))

    def _between(self, one: Token, other: Token, height: float) -> Iterable[float]:
        middle = (one.box.y0 + one.box.y1 + other.box.y0 + other.box.y1) / 4
        top, bottom = middle - _TALL * height, middle + _TALL * height
        dark, left = self._dark(one.box.x1, other.box.x0, top, bottom)
        columns = (float(left + at) for at in np.flatnonzero(_along(dark, upright=True)))
        return _distinct((x for x in columns if not self._streak(x, height)), height)

    def _streak(self, x: float, height: float) -> bool:
        return any(abs(x - streak) <= _STREAK * height for streak in self.streaks)

    def going_on(self, above: Row, below: Row, walls: Sequence[float]) -> tuple[float, ...]:
        """Those of the walls that stand beside both rows, with no level rule in between."""
        height = max(above.height, below.height)
        top, bottom = _middle(above), _middle(below)
        if not 0 < bottom - top <= _CLOSE * height:
            return ()
        found: list[float] = []
        reach = _CLEAR * height
        for x in _distinct(walls, height):
            dark, _ = self._dark(x - reach, x + reach, top, bottom)
            if not _along(dark, upright=True).any():
                continue
            if any(self._ruled(x, side, top, bottom, height) for side in (-1.0, 1.0)):
                return ()
            found.append(x)
        return tuple(found)

    def joined(self, group: Sequence[Row], walls: Sequence[float]) -> Sequence[Row]:
        """One row of all lines of a cell row; rows of a table, and rows in no box, as they are.

        A streak of the scanner's glass stands like a wall, but nothing closes it.
        """
        height = group[0].height
        edges = _distinct(walls, height)
        if not 0 < len(edges) <= _MOST_WALLS:
            return group
        first, last = _middle(group[0]), _middle(group[-1])
        ends = ((first - _CELL * height, first), (last, last + _CELL * height))
        boxed = all(
            any(self._ruled(x, side, *end, height) for x in edges for side in (-1.0, 1.0))
            for end in ends
        )
        return [_one_row(group, edges)] if boxed else group

    def _ruled(self, x: float, side: float, top: float, bottom: float, height: float) -> bool:
        """True where a level rule meets a wall between two heights."""
        near, far = x + side * _CLEAR * height, x + side * _BESIDE * height
        clear = _CLEAR * height
        dark, _ = self._dark(min(near, far), max(near, far), top + clear, bottom - clear)
        return bool(_along(dark, upright=False).any())

    def _dark(self, x0: float, x1: float, y0: float, y1: float) -> tuple[_Mask, int]:
        """1 where the page is dark within a box, and the box's left, px."""
        left, top = max(round(x0), 0), max(round(y0), 0)
        crop = self.gray[top : max(round(y1), 0), left : max(round(x1), 0)]
        return (_dark(crop) if min(crop.shape) > 1 else np.zeros((0, 0), np.uint8)), left


def _dark(crop: Gray) -> _Mask:
    paper = int(np.percentile(crop, 95))
    return np.asarray(crop <= paper - _DARKER, dtype=np.uint8)


def _along(dark: _Mask, *, upright: bool) -> NDArray[np.bool_]:
    """Which columns, or rows, are a rule from end to end; a slight slant counts."""
    if not dark.size:
        return np.zeros(0, np.bool_)
    wider = cv2.dilate(dark, np.ones((1, 3) if upright else (3, 1), np.uint8))
    return np.asarray(wider.mean(axis=0 if upright else 1) >= _SOLID, dtype=np.bool_)


def _distinct(walls: Iterable[float], height: float) -> list[float]:
    """From left to right, of those too near each other the first."""
    found: list[float] = []
    for x in sorted(walls):
        if not found or x - found[-1] > _APART * height:
            found.append(x)
    return found


def _middle(row: Row) -> float:
    boxes = [token.box for token in row.tokens]
    return sum(box.y0 + box.y1 for box in boxes) / (2 * len(boxes))


def _parted(group: Sequence[Row], walls: Sequence[float]) -> bool:
    """True where no word stands on a wall."""
    return not any(
        token.box.x0 + _CLEAR * row.height < x < token.box.x1 - _CLEAR * row.height
        for row in group
        for token in row.tokens
        for x in walls
    )


def _one_row(group: Sequence[Row], edges: Sequence[float]) -> Row:
    """Cells from left to right, lines of a cell from top to bottom."""
    cells: list[list[Token]] = [[] for _ in range(len(edges) + 1)]
    for row in group:
        for token in row.tokens:
            middle = (token.box.x0 + token.box.x1) / 2
            cells[sum(middle > x for x in edges)].append(token)
    ends: list[int] = []
    tokens: list[Token] = []
    for cell in cells:
        tokens += cell
        ends.append(len(tokens))
    y = sum(row.y for row in group) / len(group)
    inner = tuple(end for end in ends[:-1] if 0 < end < len(tokens))
    return replace(group[0], tokens=tuple(tokens), y=y, walls=inner)
