"""Names in a letterhead that run on over centred rows: `… THÀNH PHỐ HỒ CHÍ`, under it `MINH`.

May not come in: rows of running text (`spans`), which names are sought (`placed`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pipeline.stages.extraction.extent import ends_with_place, ends_within_place
from pipeline.stages.extraction.labels import LabelledRow
from pipeline.stages.extraction.layout import Token, union
from pipeline.stages.extraction.spans import Pages
from pipeline.stages.extraction.wordings import letters

_MOST_ROWS: Final = 2
"""Further rows of one name."""
_PITCH: Final = 2.0
"""Of the text height: most between rows of one head."""
_GAP: Final = 1.5
"""Of the text height: columns stand further apart than words."""
_OFF_CENTRE: Final = 1.5
"""Of the text height: middles of two centred rows differ by this much at most."""
_NARROWER: Final = 0.9
"""Of the row above: what lacked room there is narrower than it."""
_WHOLE: Final = "vietnam"
"""The name of a central office ends so."""
_UNITS: Final = (
    "baohiem", "bhxh", "uyban", "ubnd", "hdnd", "hoidong", "so", "phong", "ban", "bo", "cuc",
    "chicuc", "tongcuc", "trungtam", "benhvien", "tram", "congan", "congty", "vanphong", "to",
    "doi", "truong", "khoa", "xinghiep", "nhamay", "chinhanh", "toaan", "doan", "vien", "hoi",
    "lienminh", "quansu", "cchc", "conghoa", "doclap",
)  # fmt: skip
"""How the name of another office begins, folded."""
_SINGLE: Final = frozenset({"so", "bo", "to", "ban", "doi", "hoi", "vien"})
"""Of them those that also begin other words: they count as whole words only."""


def centred_on(
    pages: Pages, place: LabelledRow, tokens: Sequence[Token]
) -> tuple[list[Token], bool]:
    """Words on the next rows that go on with a name set in the middle of its column.

    Args:
        pages: all rows.
        place: the row of the name.
        tokens: the name on that row, at least one.

    Returns:
        The words, and whether something stands there that may be a part of the name or not.
    """
    further: list[Token] = []
    if not tokens or not place.head or letters(tokens[-2:][0].text + tokens[-1].text) == _WHOLE:
        return further, False
    column, shouts = union(tokens), _capitals(tokens)
    index = pages.index(place)
    before = place
    for after in pages.rows[index + 1 : index + 1 + _MOST_ROWS]:
        height = place.row.height
        if after.sheet is not place.sheet or after.row.y - before.row.y > _PITCH * height:
            break
        middle = (column.x0 + column.x1) / 2
        mine = next((part for part in _parts(after) if _under(part, middle, height)), None)
        if mine is None or _labelled(after, mine):
            break
        if _another(mine) and not _completes_place((*tokens, *further), mine):
            break
        if not all(word.isalpha() for token in mine if (word := token.text.strip(".,-"))):
            return further, any(any(c.isalpha() for c in t.text) for t in mine)
        if _capitals(mine) is not shouts:
            break
        wider = union(mine)
        if wider.width > _NARROWER * column.width:
            return further, True
        further += mine
        before = after
    return further, False


def _parts(place: LabelledRow) -> list[list[Token]]:
    """A row cut at wide gaps."""
    parts: list[list[Token]] = []
    for token in place.row.tokens:
        if not parts or token.box.x0 - parts[-1][-1].box.x1 > _GAP * place.row.height:
            parts.append([])
        parts[-1].append(token)
    return parts


def _under(part: Sequence[Token], middle: float, height: float) -> bool:
    box = union(part)
    return abs((box.x0 + box.x1) / 2 - middle) <= _OFF_CENTRE * height


def _labelled(place: LabelledRow, part: Sequence[Token]) -> bool:
    mine = set(map(id, part))
    return any(
        id(token) in mine
        for match in place.matches
        for token in place.row.tokens[match.start : match.end]
    )


def _another(part: Sequence[Token]) -> bool:
    """True where another office's name begins, or a number."""
    text, first = letters("".join(token.text for token in part)), letters(part[0].text)
    return any(first == unit if unit in _SINGLE else text.startswith(unit) for unit in _UNITS)


def _completes_place(above: Sequence[Token], part: Sequence[Token]) -> bool:
    """True where a name lacks the rest of a place, and has all of it then: `… HẢI`, `PHÒNG`."""
    before = " ".join(token.text for token in above)
    whole = f"{before} {' '.join(token.text for token in part)}"
    return ends_within_place(before, address=False) and ends_with_place(whole)


def _capitals(tokens: Sequence[Token]) -> bool:
    return "".join(token.text for token in tokens).isupper()
