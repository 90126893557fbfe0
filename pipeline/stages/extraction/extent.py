"""Whether a value reaches as far as it was read: ink without words, half the name of a place.

Misread letters are told by their confidence; words that were not read at all have none, and what
is left of the value is sure. May not come in: what a value means, how far rows run on (`spans`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median
from typing import Final

from pipeline.catalogue import FieldType
from pipeline.models.base import Box
from pipeline.stages.extraction.ink import PagePixels, unread_letters
from pipeline.stages.extraction.labels import LabelledRow
from pipeline.stages.extraction.layout import Row, Sheet, Token, union
from pipeline.stages.extraction.wordings import INCLUSIVE
from pipeline.textnorm import squash
from pipeline.vietnamese import is_unit, only_begins

LABEL_UNSURE: Final = "LABEL_UNSURE"
"""Reason of a value that may belong to another label."""
EXTENT_UNSURE: Final = "EXTENT_UNSURE"
"""Reason of a value that may go on, or end earlier, than it was read."""

_BESIDE: Final = 2.0
"""Of the text height: a further word begins within this much of the value."""
_CLEAR: Final = 0.12
"""Of the text height, left free beside words: boxes are not exact."""
_WIDE: Final = 0.6
"""Of the text height: words of print stand closer."""
_HALF: Final = 0.6
"""Of the text height: how far up and down from a word's middle its neighbours stand."""
_FULL_ROW: Final = 0.8
"""Of the text width: a row that ends beyond may run on."""
_NEXT_ROW: Final = (0.55, 1.5)
"""Of the row pitch: where the next row would stand."""
_NEXT_HEAD: Final = (0.75, 1.7)
"""Of the text height: where the next row of a letterhead would stand."""
_FIRST_WORD: Final = 4.0
"""Of the text height: how far into the next row is looked."""
_KIND_OF_PLACE: Final = re.compile(
    r"(?:^|\s)"
    r"(?:tỉnh|thành phố|tp|huyện|quận|thị xã|xã(?! hội)|phường|thị trấn|đặc khu)(?:\.\s*|\s+)",
    re.IGNORECASE,
)
_BARE_KIND: Final = re.compile(
    r"(?:^|[\s,])(?:tỉnh|thành phố|huyện|quận|thị xã|xã|phường|thị trấn|thôn|ấp|đường|phố)[.,\s]*$",
    re.IGNORECASE,
)
"""The kind of a place without its name, at the end."""
_LONGEST_PLACE: Final = 80
"""Signs at the end of a value among which its last place stands."""
_NEVER_WRAPPED: Final = frozenset(
    {"code", "date", "datetime", "amount", "phone", "integer", "percent", "duration", "email"}
)
"""Types whose values stand on one row."""


def cut_short(
    place: LabelledRow, tokens: Sequence[Token], field: FieldType, pixels: PagePixels
) -> bool:
    """True where letters that nobody read stand next to a value, or on the row it may run on to.

    Args:
        place: the row the value starts on, or that of its label.
        tokens: of the value, at least one.
        field: whose type says whether it may stand on several rows.
        pixels: the page images.

    Raises:
        UnreadableScan: as `PagePixels`.
    """
    sheet = place.sheet
    rows = _rows_of(tokens, sheet)
    if not rows:
        return False
    height = max(median(token.box.height for token in tokens), 1.0)
    areas = [_after(*rows[-1], height), _before(*rows[0], height)]
    areas += [gap for _, mine in rows for gap in _between(mine, height)]
    if field.name in INCLUSIVE:
        areas.append(_centred_below(rows[-1][1], height))
    elif field.type not in _NEVER_WRAPPED:
        areas.append(_below(*rows[-1], sheet, height))
    gray = pixels(sheet.page)
    words = [token.box for row in sheet.rows for token in row.tokens]
    return any(unread_letters(gray, area, height, words) for area in areas if area is not None)


def ends_within_place(value: str, *, address: bool) -> bool:
    """True where a value ends with less than the name of a place: `… THÀNH PHỐ HỒ CHÍ`, `…, xã`.

    Args:
        value: of the field.
        address: its last part is a place, whether its kind stands before it or not.

    Raises:
        OSError, ValueError: the installation is damaged.
    """
    if address and _BARE_KIND.search(value):
        return True
    name = last_place(value, address=address)
    return name[:1].isupper() and only_begins(name)


def ends_with_place(value: str) -> bool:
    """True where a value ends with the kind and the whole name of a place.

    Raises:
        OSError, ValueError: the installation is damaged.
    """
    return is_unit(last_place(value, address=False))


def last_place(value: str, *, address: bool) -> str:
    """What a value's last place is called, without its kind; empty where none is named."""
    _, comma, last = squash(value)[-_LONGEST_PLACE:].rstrip(" .,;").rpartition(",")
    *before, name = _KIND_OF_PLACE.split(last)
    return name.strip() if before or (address and comma) else ""


def _rows_of(tokens: Sequence[Token], sheet: Sheet) -> list[tuple[Row, list[Token]]]:
    """Rows with the value's own tokens on them, from left to right."""
    mine = set(map(id, tokens))
    rows = [(row, [token for token in row.tokens if id(token) in mine]) for row in sheet.rows]
    return [(row, own) for row, own in rows if own]


def _after(row: Row, mine: Sequence[Token], height: float) -> Box | None:
    """Right of the value, up to the next word."""
    own = mine[-1].box
    further = [token.box.x0 for token in row.tokens if token.box.x0 > own.x0 and token.box != own]
    right = min([own.x1 + _BESIDE * height, *(x0 - _CLEAR * height for x0 in further)])
    return _area(own.x1 + _CLEAR * height, right, own, height)


def _before(row: Row, mine: Sequence[Token], height: float) -> Box | None:
    """Left of the value, up to the word before."""
    own = mine[0].box
    others = [token.box.x1 for token in row.tokens if token.box.x0 < own.x0]
    left = max([own.x0 - _BESIDE * height, *(x1 + _CLEAR * height for x1 in others)])
    return _area(left, own.x0 - _CLEAR * height, own, height)


def _between(mine: Sequence[Token], height: float) -> Iterator[Box]:
    """Gaps within the value that are wider than the space of a word."""
    for one, other in pairwise(mine):
        if other.box.x0 - one.box.x1 > _WIDE * height:
            x0, x1 = one.box.x1 + _CLEAR * height, other.box.x0 - _CLEAR * height
            area = _area(x0, x1, one.box.union(other.box), height)
            if area is not None:
                yield area


def _area(x0: float, x1: float, own: Box, height: float) -> Box | None:
    if x1 - x0 < _CLEAR * height:
        return None
    middle, half = (own.y0 + own.y1) / 2, _HALF * max(own.height, height)
    return Box(x0=max(x0, 0.0), y0=max(middle - half, 0.0), x1=x1, y1=middle + half)


def _below(row: Row, mine: Sequence[Token], sheet: Sheet, height: float) -> Box | None:
    """The beginning of the next row, where the value's last row is full."""
    if row.tokens[-1] is not mine[-1] or mine[-1].box.x1 < _FULL_ROW * sheet.right:
        return None
    first = row.tokens[0].box
    base = (first.y0 + first.y1) / 2
    least, most = (share * sheet.pitch for share in _NEXT_ROW)
    x0, x1 = max(first.x0 - height, 0.0), first.x0 + _FIRST_WORD * height
    return Box(x0=x0, y0=base + least, x1=x1, y1=base + most)


def _centred_below(mine: Sequence[Token], height: float) -> Box:
    """The middle of the next row of a letterhead."""
    own = union(mine)
    x, y = (own.x0 + own.x1) / 2, (own.y0 + own.y1) / 2
    least, most = (share * height for share in _NEXT_HEAD)
    return Box(x0=max(x - height, 0.0), y0=y + least, x1=x + height, y1=y + most)
