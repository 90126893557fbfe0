"""Tables as rows of cells: by their rules where pixels show them, else by the gaps between words.

May not come in: what a cell means; single values (`spans`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final

from rapidfuzz import fuzz

from pipeline.catalogue import FieldType
from pipeline.models.base import Box
from pipeline.stages.extraction.ink import Grid, PagePixels, grid, level
from pipeline.stages.extraction.labels import LabelledRow
from pipeline.stages.extraction.layout import Sheet, Token
from pipeline.stages.extraction.ordinals import renumbered
from pipeline.stages.extraction.phrases import begins_phrase
from pipeline.stages.extraction.spans import Pages
from pipeline.stages.extraction.wordings import letters
from pipeline.textnorm import fold, squash

CELL: Final = " | "
"""Between the cells of a row; a row is a line."""

_HEADING: Final = 80.0
_LEAST_HEADINGS: Final = 2
_MOST_ROWS: Final = 400
_HEADING_ROWS: Final = 4
_GAP: Final = 0.8
"""Of the text height: narrower gaps are spaces between words."""
_ORDINAL: Final = ("stt", "tt", "so tt")
"""Headings of the first column."""
_SUMS: Final = ("cong", "tong cong", "tong so")
_NUMBERED: Final = re.compile(r"\(?[0-9A-Za-z]{1,2}\)?")
_STRAY: Final = "|[]_'‘’`\"“”~{} "
_NUMERIC: Final = re.compile(r"[\d./%,\-]+")
_FIGURES: Final = 0.5
"""Where more of the rows than this hold figures, first rows without any are headings."""
_WIDE: Final = 5
"""Columns of a wide table."""
_GROUP_CELLS: Final = 2
_FAR: Final = 2.5
"""Of the row pitch: a gap this wide ends a table that is not ruled."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table found on a component."""

    place: LabelledRow
    """Its first row."""
    rows: tuple[tuple[str, ...], ...]
    tokens: tuple[Token, ...]
    """Of its part on the first page."""

    @property
    def text(self) -> str:
        """A line for each row, cells parted by ` | `."""
        return "\n".join(CELL.join(row) for row in self.rows)


@dataclass(frozen=True, slots=True)
class _Part:
    """What one page holds of a table."""

    rows: tuple[tuple[str, ...], ...]
    places: tuple[LabelledRow, ...]
    columns: int


def find_table(pages: Pages, field: FieldType, pixels: PagePixels | None) -> Table | None:
    """The table whose headings are the field's labels, with its parts on the pages that follow.

    Args:
        pages: rows of the component.
        field: its labels are the headings.
        pixels: page images; None: rows and columns are told by the words alone.
    """
    wanted = [letters(label) for label in field.labels]
    begin = _heading(pages.rows, wanted)
    if begin is None:
        return None
    start = pages.rows[begin]
    first = _part(pages.rows[begin:], wanted, pixels)
    if first is None:
        return None
    rows = list(first.rows)
    for sheet in dict.fromkeys(row.sheet for row in pages.rows[begin:]):
        if sheet is start.sheet:
            continue
        on_page = [row for row in pages.rows if row.sheet is sheet]
        again = _heading(on_page, wanted)
        more = _part(on_page[again or 0 :], wanted, pixels)
        if more is None or (again is None and more.columns != first.columns):
            break
        rows += more.rows
    tokens = tuple(token for place in first.places for token in place.row.tokens)
    return Table(first.places[0], _numbered(rows), tokens) if rows and tokens else None


def _numbered(rows: Sequence[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """The rows, running numbers that were misread told by their place."""
    numbers = renumbered([row[0] for row in rows])
    return tuple((number, *row[1:]) for number, row in zip(numbers, rows, strict=True))


def _heading(rows: Sequence[LabelledRow], wanted: Sequence[str]) -> int | None:
    """The first row that holds a heading, most others with it or right below."""
    least = max(min(_LEAST_HEADINGS, len(wanted)), (len(wanted) + 1) // 2)
    for index, place in enumerate(rows):
        own = letters(place.row.text)
        if not any(len(own) >= len(label) and _holds(own, label) for label in wanted):
            continue
        nearby = [row for row in rows[index : index + 3] if row.sheet is place.sheet]
        text = letters("".join(row.row.text for row in nearby))
        if sum(_holds(text, label) for label in wanted) >= least:
            return index
    return None


def _holds(text: str, label: str) -> bool:
    return fuzz.partial_ratio(label, text) >= _HEADING


def _part(
    rows: Sequence[LabelledRow], wanted: Sequence[str], pixels: PagePixels | None
) -> _Part | None:
    sheet = rows[0].sheet
    mine = [row for row in rows[:_MOST_ROWS] if row.sheet is sheet]
    if pixels is not None and (ruled := _ruled(mine, wanted, sheet, pixels)) is not None:
        return ruled
    return _unruled(mine, wanted)


# -- ruled ------------------------------------------------------------------------------------


def _ruled(
    rows: Sequence[LabelledRow], wanted: Sequence[str], sheet: Sheet, pixels: PagePixels
) -> _Part | None:
    height = median(row.row.height for row in rows)
    top = max(rows[0].row.y - 3 * height, 0)
    area = Box(x0=0, y0=top, x1=sheet.width, y1=sheet.height)
    rules = grid(pixels(sheet.page), area, height, sheet.tilt)
    if rules is None:
        return None
    cells = _cells(rows, rules, sheet.tilt)
    body = [row for row in cells if any(row)]
    body = body[_headings_end(body, wanted) :]
    kept = tuple(row for row in body if not (_is_sum(row) or _is_group(row)))
    places = tuple(row for row in rows if rules.rows[0] <= row.row.y <= rules.rows[-1])
    return _Part(kept, places, len(rules.columns) - 1) if kept and places else None


def _cells(rows: Sequence[LabelledRow], rules: Grid, tilt: float) -> list[tuple[str, ...]]:
    across, down = len(rules.columns) - 1, len(rules.rows) - 1
    inside: list[list[list[Token]]] = [[[] for _ in range(across)] for _ in range(down)]
    for place in rows:
        for token in place.row.tokens:
            middle = (token.box.x0 + token.box.x1) / 2, (token.box.y0 + token.box.y1) / 2
            x, y = level(*middle, tilt)
            column, row = _between(rules.columns, x), _between(rules.rows, y)
            if column is not None and row is not None:
                inside[row][column].append(token)
    return [tuple(_cell(tokens) for tokens in row) for row in inside]


def _between(edges: Sequence[float], at: float) -> int | None:
    return next((i for i, (a, b) in enumerate(pairwise(edges)) if a <= at < b), None)


# -- told by gaps -----------------------------------------------------------------------------


def _unruled(rows: Sequence[LabelledRow], wanted: Sequence[str]) -> _Part | None:
    body = list(_body(rows, wanted))
    if not body:
        return None
    edges = _gaps(body)
    table: list[list[list[Token]]] = []
    for place in body:
        cells: list[list[Token]] = [[] for _ in range(len(edges) + 1)]
        for token in place.row.tokens:
            middle = (token.box.x0 + token.box.x1) / 2
            cells[sum(middle > edge for edge in edges)].append(token)
        if table and not cells[0] and sum(map(bool, cells)) < (len(cells) + 1) // 2:
            for above, cell in zip(table[-1], cells, strict=True):
                above.extend(cell)
        else:
            table.append(cells)
    texts = tuple(tuple(_cell(cell) for cell in row) for row in table)
    return _Part(texts, tuple(body), len(edges) + 1)


def _body(rows: Sequence[LabelledRow], wanted: Sequence[str]) -> Iterator[LabelledRow]:
    """Rows from the first behind the headings to the first that is no row of a table."""
    begun = False
    before: LabelledRow | None = None
    for number, row in enumerate(rows):
        tokens = row.row.tokens
        text = letters(row.row.text)
        heading = number < _HEADING_ROWS and (
            any(_holds(text, label) for label in wanted if len(text) >= len(label))
            or all(_NUMBERED.fullmatch(token.text) for token in tokens)
        )
        labelled = any(m.start <= 1 and m.colon for m in row.matches)
        ends = labelled or begins_phrase(tokens, 0)
        ends = ends or fold(row.row.text).startswith(_SUMS)
        far = before is not None and row.row.y - before.row.y > _FAR * row.sheet.pitch
        if begun and (ends or (far and len(tokens) > 1)):
            return
        if any(char.isdigit() for char in row.row.text) and not ends and not heading:
            begun = True
        if begun:
            before = row
            yield row


def _gaps(rows: Sequence[LabelledRow]) -> list[float]:
    """Middles of the white stripes that no word of any row crosses."""
    height = median(row.row.height for row in rows)
    spans = sorted((t.box.x0, t.box.x1) for row in rows for t in row.row.tokens)
    edges, end = [], spans[0][1]
    for x0, x1 in spans[1:]:
        if x0 - end > _GAP * height:
            edges.append((x0 + end) / 2)
        end = max(end, x1)
    return edges


# -- cells ------------------------------------------------------------------------------------


def _cell(tokens: Sequence[Token]) -> str:
    text = squash(" ".join(token.text for token in tokens).strip(_STRAY))
    return text.rstrip(".,") if _NUMERIC.fullmatch(text) else text


def _headings_end(rows: Sequence[Sequence[str]], wanted: Sequence[str]) -> int:
    """One past the last row that holds headings or the numbers of the columns."""
    end = 0
    figures = [any(char.isdigit() for cell in row for char in cell) for row in rows]
    mostly_figures = sum(figures) > _FIGURES * len(rows)
    for number, row in enumerate(rows[:_HEADING_ROWS]):
        text = letters("".join(row))
        holds = sum(_holds(text, label) for label in wanted if len(text) >= len(label))
        filled = [cell for cell in row if cell]
        named = holds >= 1 or fold(next(iter(filled), "")) in _ORDINAL
        numbers = len(filled) > 2 and all(_NUMBERED.fullmatch(cell) for cell in filled)
        wordy = mostly_figures and end == number and not figures[number] and len(filled) > 1
        if (named and not _counts(filled)) or (numbers and end == number) or wordy:
            end = number + 1
    return end


def _counts(cells: Sequence[str]) -> bool:
    """True for a row of values: it begins with a number or holds a date or an amount."""
    return any(re.search(r"\d{2}[./]\d", cell) for cell in cells) or cells[:1] == ["1"]


def _is_group(row: Sequence[str]) -> bool:
    """True for a heading within a wide table: `B. THAI SẢN`, over all columns."""
    filled = [cell for cell in row if cell]
    wordy = len(filled) <= _GROUP_CELLS and not any(c.isdigit() for cell in filled for c in cell)
    return len(row) >= _WIDE and wordy


def _is_sum(row: Sequence[str]) -> bool:
    first = next((cell for cell in row if cell), "")
    return fold(first).startswith(_SUMS)
