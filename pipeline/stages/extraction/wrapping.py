"""Running text: rows that go on in the next one, as its first word had no room beside them.

Labels are broken there (`… số điện` / `thoại: …`), and values. May not come in: what stands in
columns or ruled cells, values of several rows (`spans`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from pipeline.stages.extraction.labels import LabelledRow, LabelMatch, changed, find_labels
from pipeline.stages.extraction.layout import Row, Token
from pipeline.stages.extraction.phrases import opens_label
from pipeline.stages.extraction.wordings import SHORT, Label

_SPACE: Final = 0.25
"""Of the text height."""
_RAGGED: Final = 1.0
"""Of the text height: right ends of full rows differ by this much."""
_NEXT: Final = 1.6
"""Of the row pitch."""
_COLUMN: Final = 5.0
"""Of the text height: a gap this wide parts columns."""
_INDENT: Final = 1.5
"""Of the text height: a row does not begin further right than the one that it goes on from."""
_WIDE: Final = 0.35
"""Of the page width: rows of running text are no narrower."""
_PART_ENDS: Final = (",", ";")
"""Before a label that begins a row of running text by chance; rows of forms end without."""
_COUNTED: Final = re.compile(r"(?:\(?\d{1,2}|[IVX]+|[a-zđ])[.)]+|[-+*•]")


def lacked_room(end: float, first: Token, place: LabelledRow) -> bool:
    """True where the first word of a row would not have stood on the row before.

    Args:
        end: of the row before, px.
        first: that word.
        place: its row.
    """
    height = place.row.height
    return end + _SPACE * height + first.box.width > place.sheet.right - _RAGGED * height


def joined_rows(rows: Sequence[LabelledRow], labels: Sequence[Label]) -> Mapping[int, LabelledRow]:
    """Rows that run on, by their number, each as one with the next ones.

    Args:
        rows: of a component.
        labels: of its form; they are looked for over the ends of rows, too.
    """
    on = [_runs_on(before, after) for before, after in pairwise(rows)]
    joined = {}
    for index, goes_on in enumerate(on):
        if goes_on:
            count = 2 + (index + 1 < len(on) and on[index + 1])
            joined[index] = _joined(rows[index : index + count], labels)
    return joined


def without_broken(
    rows: Sequence[LabelledRow], joined: Mapping[int, LabelledRow]
) -> Iterator[LabelledRow]:
    """The rows, where the parts of a label that is broken over two of them are none themselves."""
    ended: list[LabelMatch] = []
    for index, place in enumerate(rows):
        count = len(place.row.tokens)
        own = place.matches if index - 1 not in joined else _amid_text(place.matches)
        matches = [*ended, *(m for m in own if all(m.start >= e.end for e in ended))]
        ended = []
        for broken in broken_labels(place, joined.get(index)):
            matches = [match for match in matches if match.end <= broken.start]
            stop = changed(broken, fields=frozenset(), tail="", broken=True)
            matches.append(changed(stop, end=count))
            ended = [changed(stop, start=0, end=broken.end - count)]
        yield LabelledRow(place.sheet, place.row, tuple(matches))


def _amid_text(matches: Sequence[LabelMatch]) -> Iterator[LabelMatch]:
    """Labels of a row that text runs on to: the first word of it leads nothing."""
    for match in matches:
        if match.start > 0 or match.closed:
            yield match
        elif len(match.label.letters) >= SHORT:
            yield changed(match, leads=False)


def broken_labels(place: LabelledRow, joined: LabelledRow | None) -> tuple[LabelMatch, ...]:
    """The label, at most one, that begins on a row and ends on the next.

    Args:
        place: the row.
        joined: the row with the next ones, in which the label's places are.
    """
    count = len(place.row.tokens)
    found = () if joined is None else joined.matches
    return tuple(m for m in found if m.start < count < m.end and joined and _certain(m, joined.row))


def _certain(match: LabelMatch, row: Row) -> bool:
    """True of one that has its colon, or the figures that it announces: no row holds it whole."""
    behind = row.tokens[match.end : match.end + 1]
    return match.sure and (match.colon or any(token.text[:1].isdigit() for token in behind))


def _joined(rows: Sequence[LabelledRow], labels: Sequence[Label]) -> LabelledRow:
    first = rows[0]
    tokens = tuple(token for place in rows for token in place.row.tokens)
    row = Row(first.row.page, tokens, first.row.y, first.row.height)
    return LabelledRow(first.sheet, row, find_labels(row, labels))


def _runs_on(before: LabelledRow, after: LabelledRow) -> bool:
    """True where a row's text goes on in the next row."""
    height = before.row.height
    first, last = after.row.tokens[0], before.row.tokens[-1]
    close = after.row.y - before.row.y <= _NEXT * max(before.sheet.pitch, height)
    begins = first.box.x0 <= before.row.tokens[0].box.x0 + _INDENT * height
    wide = last.box.x1 - before.row.tokens[0].box.x0 >= _WIDE * before.sheet.width
    if before.sheet is not after.sheet or not (close and begins and wide):
        return False
    labelled = first.text[:1].isupper() and any(match.start == 0 for match in after.matches)
    amid = last.text.endswith(_PART_ENDS) or opens_label((last, first))  # `; Số` / `CMND: …`
    if _COUNTED.fullmatch(first.text) or (labelled and not amid):
        return False
    return _is_text(before.row) and _is_text(after.row) and lacked_room(last.box.x1, first, after)


def _is_text(row: Row) -> bool:
    """True of a row without cells or columns."""
    gaps = (b.box.x0 - a.box.x1 for a, b in pairwise(row.tokens))
    return not row.walls and all(gap <= _COLUMN * row.height for gap in gaps)
