"""Whether a value reaches as far as it was read: ink that no word accounts for, beside and below.

Misread letters are told by their confidence; words that were not read at all have none, and what
is left of the value is sure. May not come in: what a value means, how far rows run on (`spans`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pipeline.catalogue import FieldType
from pipeline.models.base import Box
from pipeline.stages.extraction.ink import PagePixels, unread_letters
from pipeline.stages.extraction.layout import Row, Sheet, Token, union
from pipeline.stages.extraction.spans import LabelledRow, Pages

_BESIDE: Final = 2.0
"""Of the text height: a further word begins within this much of the value."""
_CLEAR: Final = 0.12
"""Of the text height, left free beside words: boxes are not exact."""
_FEW: Final = 1
"""Letters from which a word may have been lost."""
_FULL_ROW: Final = 0.8
"""Of the text width: a row that ends beyond may run on."""
_NEXT_ROW: Final = (0.55, 1.5)
"""Of the row pitch: where the next row would stand."""
_FIRST_WORD: Final = 4.0
"""Of the text height: how far into the next row is looked."""
_NEVER_WRAPPED: Final = frozenset(
    {"code", "date", "datetime", "amount", "phone", "integer", "percent", "duration", "email"}
)
"""Types whose values stand on one row."""


def cut_short(
    place: LabelledRow, tokens: Sequence[Token], field: FieldType, pages: Pages, pixels: PagePixels
) -> bool:
    """True where letters that nobody read stand next to a value, or on the row it may run on to.

    Args:
        place: the row the value starts on, or that of its label.
        tokens: of the value, at least one.
        field: whose type says whether it may stand on several rows.
        pages: all rows of the component.
        pixels: the page images.

    Raises:
        UnreadableScan: as `PagePixels`.
    """
    sheet = place.sheet
    rows = _rows_of(tokens, sheet)
    if not rows:
        return False
    gray = pixels(sheet.page)
    words = [token.box for row in sheet.rows for token in row.tokens]
    first, last = rows[0], rows[-1]
    beside = [_after(last, tokens)]
    beside += [_before(first, tokens)]
    if any(
        area is not None and unread_letters(gray, area, row.height, words) >= _FEW
        for area, row in zip(beside, (last, first), strict=True)
    ):
        return True
    below = None if field.type in _NEVER_WRAPPED else _below(last, tokens, sheet)
    return below is not None and unread_letters(gray, below, last.height, words) >= _FEW


def _rows_of(tokens: Sequence[Token], sheet: Sheet) -> list[Row]:
    mine = set(map(id, tokens))
    return [row for row in sheet.rows if any(id(token) in mine for token in row.tokens)]


def _after(row: Row, tokens: Sequence[Token]) -> Box | None:
    """Right of the value, up to the next word."""
    mine = set(map(id, tokens))
    index = max(i for i, token in enumerate(row.tokens) if id(token) in mine)
    own = row.tokens[index].box
    height = max(row.height, 1.0)
    right = own.x1 + _BESIDE * height
    if index + 1 < len(row.tokens):
        right = min(right, row.tokens[index + 1].box.x0 - _CLEAR * height)
    return _area(own.x1 + _CLEAR * height, right, own, height)


def _before(row: Row, tokens: Sequence[Token]) -> Box | None:
    """Left of the value, up to the word before."""
    mine = set(map(id, tokens))
    index = min(i for i, token in enumerate(row.tokens) if id(token) in mine)
    own = row.tokens[index].box
    height = max(row.height, 1.0)
    left = own.x0 - _BESIDE * height
    if index:
        left = max(left, row.tokens[index - 1].box.x1 + _CLEAR * height)
    return _area(left, own.x0 - _CLEAR * height, own, height)


def _area(x0: float, x1: float, own: Box, height: float) -> Box | None:
    if x1 - x0 < _CLEAR * height:
        return None
    middle = (own.y0 + own.y1) / 2
    half = 0.6 * max(own.height, height)
    return Box(x0=max(x0, 0.0), y0=max(middle - half, 0.0), x1=x1, y1=middle + half)


def _below(row: Row, tokens: Sequence[Token], sheet: Sheet) -> Box | None:
    """The beginning of the next row, where the value's last row is full and nothing was read."""
    mine = set(map(id, tokens))
    last = max(i for i, token in enumerate(row.tokens) if id(token) in mine)
    end = row.tokens[last].box
    if last + 1 < len(row.tokens) or end.x1 < _FULL_ROW * sheet.right:
        return None
    around = union(row.tokens)
    least, most = (share * sheet.pitch for share in _NEXT_ROW)
    left = row.tokens[0].box
    base = (left.y0 + left.y1) / 2
    return Box(
        x0=max(around.x0 - row.height, 0.0),
        y0=base + least,
        x1=around.x0 + _FIRST_WORD * row.height,
        y1=base + most,
    )
