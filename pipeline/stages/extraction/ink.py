"""What pixels say that words do not: ticks, rules of tables, letters that nobody read.

Pure functions over a grey page; places in its pixels, which are those of the page's words. May
not come in: decoding of images, labels, fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.models.base import Box
from pipeline.ports.reading import Gray

PagePixels: TypeAlias = Callable[[int], Gray]
"""The upright grey page of a component, by its 0-based number, at the size its words are in."""

_Mask: TypeAlias = NDArray[np.uint8]
_Rule: TypeAlias = tuple[int, int, int, int]
"""x, y, width, height of a straight run of ink, px."""

_LEAST_PX: Final = 8
"""Sides of an image in which ink can be told from paper."""
_CONTRAST: Final = 45
"""Grey levels under the paper from which a pixel is ink; faded toner gives 70, bleed-through 30."""
_SQUARE: Final = 0.7
"""Least ratio of a tick box's sides."""
_SIDES: Final = (0.55, 2.0)
"""Least and greatest side of a tick box, of the text height beside it."""
_REACH: Final = 3.2
"""Of the text height: how far beside a label its box is sought."""
_EMPTY: Final = 0.03
"""Share of ink inside a box up to which it is empty."""
_MARKED: Final = 0.08
"""Share from which it is marked: the thinnest pen's tick gives 0.12."""
_FILLED: Final = 0.85
_RULE_OF_WIDTH: Final = 0.2
"""A horizontal rule of a table spans at least this share of the page's width."""
_RULE_OF_HEIGHT: Final = 0.55
"""A vertical rule stands along at least this share of the table's height."""
_LEAST_UPRIGHT: Final = 3
"""Upright rules of a table of two columns."""
_TALLER_THAN_LETTERS: Final = 1.7
"""Of the text height: no stroke of a letter is so long."""
_SMALLEST_LETTER: Final = 0.38
"""Of the text height, diacritics included: an `a` or a digit is at least so tall; dots of leaders,
commas and rules are not."""
_THINNEST_LETTER: Final = 0.08
"""Of the text height."""
_WIDEST_LETTER: Final = 6.0
"""Of the text height: letters may touch; a longer piece is a pen's stroke or dirt."""
_SOLID: Final = 0.12
"""Least share of ink within the outline of a letter; specks of a torn edge have less."""


class Mark(StrEnum):
    """State of a tick box."""

    EMPTY = "empty"
    MARKED = "marked"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class TickBox:
    """A box found beside a label."""

    box: Box
    """Its outline, px of the page."""
    mark: Mark
    ink: float
    """Share of dark pixels inside the outline."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Rules of a table, px of the levelled page (`level`)."""

    columns: tuple[float, ...]
    """x of the vertical rules, rising; at least three."""
    rows: tuple[float, ...]
    """y of the horizontal rules, rising; at least two."""


def tick_box(gray: Gray, label: Box, height: float, *, right: bool = False) -> TickBox | None:
    """The tick box right before a label, or right after it; None where none is seen.

    Args:
        gray: the page.
        label: around the label's words, px.
        height: of its text, px.
        right: look after the label, not before it.
    """
    reach = _REACH * height
    x0, x1 = (
        (label.x1 + 0.1 * height, label.x1 + reach)
        if right
        else (label.x0 - reach, label.x0 + 0.15 * height)
    )
    left, top = max(round(x0), 0), max(round(label.y0 - 0.9 * height), 0)
    crop = gray[top : round(label.y1 + 0.7 * height), left : max(round(x1), 0)]
    if min(crop.shape) < _SIDES[0] * height:
        return None
    dark = _dark(crop)
    found = [
        TickBox(
            Box(x0=x + left, y0=y + top, x1=x + left + width, y1=y + top + tall),
            _mark(share),
            round(share, 4),
        )
        for x, y, width, tall, share in _squares(dark, height)
    ]
    edge = label.x1 if right else label.x0
    return min(found, key=lambda tick: _distance(tick.box, edge), default=None)


def grid(gray: Gray, area: Box, height: float, tilt: float) -> Grid | None:
    """The rules of the table within an area; None where it is not ruled both ways.

    Args:
        gray: the page.
        area: where to look, px of the levelled page.
        height: of the text, px.
        tilt: rise of the text lines, px per px, downwards positive.
    """
    dark = _dark(levelled(gray, tilt))
    top, bottom = max(round(area.y0), 0), round(area.y1)
    dark = dark[top:bottom]
    if min(dark.shape) < 4 * height:
        return None
    wide = max(round(_RULE_OF_WIDTH * gray.shape[1] / 2), 8)
    across = [
        rule
        for rule in _runs(_thicker(dark, (3, 1)), (1, wide))
        if rule[2] >= _RULE_OF_WIDTH * gray.shape[1] and rule[3] < height
    ]
    tall = round(_TALLER_THAN_LETTERS * height)
    upright = [rule for rule in _runs(_thicker(dark, (1, 3)), (tall, 1)) if rule[2] < height]
    near = 0.5 * height
    rows = _first_table(across, upright, near)
    if len(rows) < 2:
        return None
    mine = [rule for rule in across if any(abs(rule[1] - y) <= 2 * near for y in rows)]
    ends = min(rule[0] for rule in mine), max(rule[0] + rule[2] for rule in mine)
    columns = _standing(upright, ends, rows, near)
    if len(columns) < 3:
        return None
    return Grid(tuple(columns), tuple(y + top for y in rows))


def unread_letters(gray: Gray, area: Box, height: float, words: Sequence[Box]) -> int:
    """How many pieces of ink as large as letters stand in an area where no word was read.

    Args:
        gray: the page.
        area: where to look, px; ink that reaches into it from outside counts by its middle.
        height: of the text, px.
        words: boxes of all that was read there.
    """
    margin = round(height)
    left, top = max(round(area.x0) - margin, 0), max(round(area.y0) - margin, 0)
    crop = gray[top : round(area.y1) + margin, left : max(round(area.x1) + margin, 0)]
    if min(crop.shape) < max(_SQUARE * height, _LEAST_PX):
        return 0
    count, _, stats, centres = cv2.connectedComponentsWithStats(_dark(crop), connectivity=8)
    found = 0
    for index in range(1, count):
        wide, tall, ink = (float(stats[index, column]) for column in (2, 3, 4))
        if not _like_letter(wide / height, tall / height, ink / (wide * tall)):
            continue
        x, y = float(centres[index, 0]) + left, float(centres[index, 1]) + top
        inside = area.x0 <= x <= area.x1 and area.y0 <= y <= area.y1
        found += inside and not any(_covers(word, x, y, 0.2 * height) for word in words)
    return found


def _like_letter(wide: float, tall: float, solid: float) -> bool:
    """By width and height in text heights, and by the share of ink within its outline."""
    if not _SMALLEST_LETTER <= tall <= _TALLER_THAN_LETTERS:
        return False
    return _THINNEST_LETTER <= wide <= _WIDEST_LETTER and solid >= _SOLID


def _covers(box: Box, x: float, y: float, slack: float) -> bool:
    return box.x0 - slack <= x <= box.x1 + slack and box.y0 - slack <= y <= box.y1 + slack


def level(x: float, y: float, tilt: float) -> tuple[float, float]:
    """A point of the page on the levelled page."""
    return x + tilt * y, y - tilt * x


def levelled(gray: Gray, tilt: float) -> Gray:
    """The page turned so that its text lines lie level; the same size."""
    if not tilt:
        return gray
    matrix = np.array([[1.0, tilt, 0.0], [-tilt, 1.0, 0.0]])
    size = (gray.shape[1], gray.shape[0])
    turned = cv2.warpAffine(gray, matrix, size, flags=cv2.INTER_LINEAR, borderValue=(255,))
    return np.asarray(turned, dtype=np.uint8)


def _dark(gray: Gray) -> _Mask:
    """1 where there is ink, judged against the paper around."""
    small = cv2.resize(gray, None, fx=0.125, fy=0.125, interpolation=cv2.INTER_AREA)
    paper = cv2.dilate(small, np.ones((9, 9), np.uint8))
    size = (gray.shape[1], gray.shape[0])
    around = cv2.resize(cv2.blur(paper, (5, 5)), size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.subtract(around, gray) > _CONTRAST, dtype=np.uint8)


def _squares(dark: _Mask, height: float) -> Iterator[tuple[int, int, int, int, float]]:
    """Outlines of boxes (x, y, width, height) with the share of ink inside."""
    least, most = (side * height for side in _SIDES)
    run = max(round(0.8 * least), 4)
    level_edges = _runs(dark, (1, run))
    upright_edges = _runs(dark, (run, 1))
    for x, y, width, tall in level_edges:
        if _is_square(width, tall, least, most) and dark[y : y + tall, x : x + width].mean() > (
            _FILLED
        ):
            yield x, y, width, tall, 1.0
    tops = [edge for edge in level_edges if edge[3] <= 0.35 * height]
    sides = [edge for edge in upright_edges if edge[2] <= 0.35 * height]
    for left in sides:
        for right in sides:
            width = right[0] + right[2] - left[0]
            if right[0] <= left[0] or not least <= width <= most:
                continue
            for top in tops:
                for bottom in tops:
                    tall = bottom[1] + bottom[3] - top[1]
                    if bottom[1] <= top[1] or not _is_square(width, tall, least, most):
                        continue
                    outline = (left[0], top[1], width, tall)
                    if _closed(dark, outline):
                        yield (*outline, _inside(dark, outline))


def _is_square(width: float, height: float, least: float, most: float) -> bool:
    small, large = sorted((width, height))
    return least <= small and large <= most and small >= _SQUARE * large


def _closed(dark: _Mask, outline: tuple[int, int, int, int]) -> bool:
    """True where ink runs along all four sides."""
    x, y, width, tall = outline
    depth = max(round(0.16 * min(width, tall)), 2)
    square = dark[y : y + tall, x : x + width]
    sides = (
        square[:depth].max(axis=0),
        square[-depth:].max(axis=0),
        square[:, :depth].max(axis=1),
        square[:, -depth:].max(axis=1),
    )
    return all(float(side.mean()) >= 0.85 for side in sides)


def _inside(dark: _Mask, outline: tuple[int, int, int, int]) -> float:
    x, y, width, tall = outline
    inset = max(round(0.2 * min(width, tall)), 2)
    inner = dark[y + inset : y + tall - inset, x + inset : x + width - inset]
    return float(inner.mean()) if inner.size else 1.0


def _mark(share: float) -> Mark:
    if share <= _EMPTY:
        return Mark.EMPTY
    return Mark.MARKED if share >= _MARKED else Mark.UNSURE


def _distance(box: Box, edge: float) -> float:
    return min(abs(box.x0 - edge), abs(box.x1 - edge))


def _runs(dark: _Mask, shape: tuple[int, int]) -> list[_Rule]:
    """Straight runs of ink at least as tall and wide as the shape: (x, y, width, height)."""
    opened = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones(shape, np.uint8))
    outlines, _ = cv2.findContours(opened, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    found = (cv2.boundingRect(outline) for outline in outlines)
    return sorted(((x, y, w, h) for x, y, w, h in found), key=lambda rule: (rule[1], rule[0]))


def _thicker(dark: _Mask, shape: tuple[int, int]) -> _Mask:
    return np.asarray(cv2.dilate(dark, np.ones(shape, np.uint8)), dtype=np.uint8)


def _merged(places: Sequence[float], near: float) -> list[float]:
    """Rising places, those near each other as one."""
    groups: list[list[float]] = []
    for place in sorted(places):
        if groups and place - groups[-1][-1] <= near:
            groups[-1].append(place)
        else:
            groups.append([place])
    return [sum(group) / len(group) for group in groups]


def _first_table(across: Sequence[_Rule], upright: Sequence[_Rule], near: float) -> list[float]:
    """Places (y) of the level rules of the topmost table: upright ones meet and join them.

    Rules under headings and the dark edges of a scan meet none.
    """
    meeting = [rule for rule in across if len(_met(rule, upright, near)) >= _LEAST_UPRIGHT]
    rows = _merged([y + tall / 2 for _, y, _, tall in meeting], near)
    table: list[float] = []
    for y in rows:
        joined = table and any(
            rule[1] <= table[-1] + near and rule[1] + rule[3] >= y - near for rule in upright
        )
        if table and not joined:
            if len(table) > 1:
                break
            table = []
        table.append(y)
    return table


def _met(rule: _Rule, upright: Sequence[_Rule], near: float) -> list[float]:
    """Places (x) where upright rules reach a level one."""
    x0, y, width, tall = rule
    middle = y + tall / 2
    return _merged(
        [
            x + w / 2
            for x, y0, w, h in upright
            if x0 - near <= x + w / 2 <= x0 + width + near and y0 - near <= middle <= y0 + h + near
        ],
        near,
    )


def _standing(
    upright: Sequence[_Rule], ends: tuple[float, float], rows: Sequence[float], near: float
) -> list[float]:
    """Places (x) of the upright rules that stand along most of the table, between its ends."""
    least = _RULE_OF_HEIGHT * (rows[-1] - rows[0])
    places = sorted({x + width / 2 for x, _, width, _ in upright})
    found = [
        place
        for place in places
        if ends[0] - near <= place <= ends[1] + near
        and _covered([r for r in upright if abs(r[0] + r[2] / 2 - place) <= near / 2], rows)
        >= least
    ]
    return _merged(found, near)


def _covered(upright: Sequence[_Rule], rows: Sequence[float]) -> float:
    """Length of the table along which any of the rules stands."""
    covered, end = 0.0, rows[0]
    for y0, y1 in sorted((y, y + h) for _, y, _, h in upright):
        covered += max(min(y1, rows[-1]) - max(y0, end), 0.0)
        end = max(end, y1)
    return covered
