"""Where a value ends on its row: before the next label, known or not, or that label's number.

May not come in: where a value begins, further rows (`spans`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pipeline.stages.extraction.labels import ORDINAL, READ, LabelledRow, LabelMatch
from pipeline.stages.extraction.layout import Row, Token
from pipeline.stages.extraction.phrases import colon_phrase
from pipeline.stages.extraction.wordings import INCLUSIVE

SPACE_AT_MOST: Final = 0.8
"""Of the row height: between words of a sentence."""
COLUMN_GAP: Final = 1.5
"""Of the text height."""


def limit_of(place: LabelledRow, match: LabelMatch, field: str) -> tuple[int, bool]:
    """One past the last token that can belong to the value; whether another one may be its end.

    That is so where an unknown label follows closely, and its first word may be of the value.
    """
    tokens = place.row.tokens
    limit = match.end if match.end in place.row.walls else place.row.cell_end(match.end)
    seen, doubtful = limit, False
    for other in place.matches:
        if other.start >= match.end and field not in other.fields:
            misread = not other.colon and (other.score < READ or other.label.lent)
            closed = match.closed or not close_behind(place.row, match.end)
            like = not other.broken and (other.fields <= INCLUSIVE or misread)
            if other.start == match.end and closed and like:
                continue  # the value begins like a label: `Lý do: Hồ sơ chưa …`, not `Hồ sơ của`
            if other.start < limit:
                # a label within a longer one: `Chức danh, nghề nghiệp: …`
                within = other.colon and tokens[other.start].text[:1].islower()
                limit, seen = other.start, other.end if within else other.start
                doubtful = other.doubtful
    if _begins_with_digit(tokens, match.end, seen):
        return limit, True  # no label begins with a digit: a sentence goes on after the value
    end, torn = _before_phrase(place.row, match.end, limit, seen)
    return _before_number(place.row, match, end), torn or (doubtful and end == limit)


def _begins_with_digit(tokens: Sequence[Token], start: int, limit: int) -> bool:
    """True where all up to a colon would be one label, and that begins with a digit."""
    phrase = colon_phrase(tokens, start, limit)
    return phrase is not None and phrase.start == start and tokens[start].text[:1].isdigit()


def _before_phrase(row: Row, start: int, limit: int, seen: int) -> tuple[int, bool]:
    """One past the last token before an unknown label, or the limit; and whether that is certain.

    It is not where the label stands closely behind, and its first word may be of the value.

    Args:
        row: that both stand on.
        start: where the value begins.
        limit: where a known label begins, or the cell ends.
        seen: where that label ends, if it may be the end of the unknown one.
    """
    phrase = colon_phrase(row.tokens, start, seen)
    if phrase is None or phrase.start >= limit or (phrase.start == start and limit < seen):
        return limit, False
    return phrase.start, not phrase.sure and close_behind(row, phrase.start)


def row_end(place: LabelledRow, begin: int) -> tuple[int, bool]:
    """One past the last token of a value that runs on over a row; whether it may end elsewhere."""
    tokens = place.row.tokens
    limit, unsure = len(tokens), False
    for match in place.matches:
        if match.start > begin and match.colon:
            limit = match.start
            break
        number = match.end < len(tokens) and tokens[match.end].text[:1].isdigit()
        unsure = unsure or (match.start > begin and number)
    within = limit < len(tokens) and tokens[limit].text[:1].islower()
    seen = match.end if within else limit
    end, torn = _before_phrase(place.row, begin, limit, seen)
    return end, unsure or torn


def _before_number(row: Row, match: LabelMatch, limit: int) -> int:
    """The limit, or the place of the next label's number where that stands apart from the value.

    `2. Năm sinh: 3. Giới: 4. Dân tộc:` counts its labels.
    """
    if not ends_with_next_number(row, match, limit):
        return limit
    gap = row.tokens[limit - 1].box.x0 - row.tokens[limit - 2].box.x1
    apart = limit == match.end + 1 or gap > SPACE_AT_MOST * row.height
    return limit - 1 if apart else limit


def ends_with_next_number(row: Row, match: LabelMatch, limit: int) -> bool:
    """True where the last token before the next label may be its number: one more than this one's.

    `3. Số tài khoản: 0123 4567 4. Ngân hàng: …`: of the value, or of the label.
    """
    if not match.end < limit < len(row.tokens) or match.start == 0:
        return False
    mine, last = (_number_of(row.tokens[at].text) for at in (match.start - 1, limit - 1))
    return mine is not None and last == mine + 1


def _number_of(text: str) -> int | None:
    return int(text.strip("().,")) if ORDINAL.fullmatch(text) else None


def close_behind(row: Row, end: int) -> bool:
    """True where something stands right behind a label: it may be the value, misread."""
    if end >= len(row.tokens):
        return False
    return row.tokens[end].box.x0 - row.tokens[end - 1].box.x1 <= COLUMN_GAP * row.height
