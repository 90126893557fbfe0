"""Where the value of a label stands: right of it, below it, over several rows.

May not come in: what a value means.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from pipeline.stages.extraction.cells import cell_rows
from pipeline.stages.extraction.ink import PagePixels
from pipeline.stages.extraction.labels import ORDINAL, LabelledRow, LabelMatch, find_labels
from pipeline.stages.extraction.layout import Row, Sheet, Token
from pipeline.stages.extraction.limits import (
    COLUMN_GAP,
    SPACE_AT_MOST,
    close_behind,
    ends_with_next_number,
    limit_of,
    row_end,
)
from pipeline.stages.extraction.phrases import begins_phrase, opens_label
from pipeline.stages.extraction.wordings import INCLUSIVE, Label, instructs
from pipeline.stages.extraction.wrapping import (
    broken_labels,
    joined_rows,
    lacked_room,
    without_broken,
)
from pipeline.textnorm import fold

_WIDE_GAP: Final = 5.0
"""Of the text height, inside a value: what follows belongs to another column."""
_BELOW: Final = 2.2
"""Of the row pitch: how far below its label a value may stand."""
_LIFTED: Final = 0.75
"""Of the row pitch: values written over leaders stand at most this far above their label."""
_LINE: Final = 1.2
"""Of the text height: lines of text are no closer."""
_CONTINUES: Final = 1.6
"""Of the row pitch."""
_FULL_ROW: Final = 0.85
"""Of the text width: a row that ends beyond may run on."""
_INDENT: Final = 6.0
"""Of the text height: how far a further row may start from its label or value."""
_PARAGRAPH: Final = 1.5
"""Of the text height: rows that start alike start within this much."""
_MOST_ROWS: Final = 4
_NARROW: Final = 0.6
"""Of the text width: rows of a letterhead's left column end before."""
_HEADING: Final = 4
"""Letters of a heading of one word."""
_LONGEST_NUMBER: Final = 5
"""Signs of a heading's number, `VIII.`"""
_SENTENCE: Final = 2
"""Small words behind a capital one: a heading or a sentence."""
_PLACES: Final = frozenset({"thanh", "thi", "xa", "phuong", "huyen", "quan", "tinh"})
"""First words of kinds of places: `… quận Ninh`, `Kiều, thành phố Cần Thơ`."""
_ROMAN: Final = frozenset("IVXLH1l|ÍÌ!J")
"""Letters of Roman numbers, and what they are read as: `III.` as `IH.`"""
_DECLARATION: Final = (
    "toi cam doan", "toi xin cam", "toi cam ket", "chung toi cam", "toi de nghi", "de nghi co quan",
    "truong hop phai", "ghi chu", "can cu luat", "can cu nghi", "can cu quyet", "kinh de nghi",
    "xin cam doan", "nay toi lam",
)  # fmt: skip
"""Beginnings of the printed sentences that close official forms."""


@dataclass(frozen=True, slots=True)
class Span:
    """Tokens that may be the value of a label."""

    place: LabelledRow
    match: LabelMatch
    tokens: tuple[Token, ...]
    below: bool
    """Found under the label or over it, not beside it."""
    unsure: bool = False
    """Whether it ends where its tokens end is not certain."""
    celled: bool = False
    """It is all that stands in the ruled cell beside its label's."""
    number: Token | None = None
    """A number among them that may be that of the next label."""
    behind_phrase: bool = False
    """Their label ends a sentence that may be about something else."""
    over_end: bool = False
    """They begin, or run on, behind the end of a row that their label begins on."""
    begun: int = 0
    """How many of such stand on that row."""
    torn: bool = False
    """Their last word, or the next one, may be of the value or of an unknown label behind it."""

    @property
    def behind_label(self) -> bool:
        """Its label stands where the value of another one begins: `Tình trạng: không tự …`."""
        start = self.match.start
        return start > 0 and self.place.row.tokens[start - 1].text.endswith(":")


@dataclass(frozen=True, slots=True)
class Pages:
    """A component's rows with labels, in reading order."""

    rows: tuple[LabelledRow, ...]
    joined: Mapping[int, LabelledRow]
    """Rows that run on, by their number, as one with the next ones."""

    def index(self, place: LabelledRow) -> int:
        """Where a row of them stands, or the first one of those that are joined."""
        first = place.row.tokens[0]
        return next(i for i, row in enumerate(self.rows) if row.row.tokens[0] is first)

    def spans(self, field: str, *, long: bool, flush: bool = True) -> Iterator[Span]:
        """Possible values of a field, in reading order.

        Args:
            field: name of the field.
            long: the value may run on over the following rows.
            flush: it does so only from rows that are full.
        """
        for index, place in enumerate(self.rows):
            for match in place.matches:
                if field in match.fields:
                    beside = self._span(index, match, field, long=long, flush=flush)
                    yield beside
                    if not (long or beside.below or beside.celled):
                        yield from self._elsewhere(
                            index, match, field, other=flush and bool(beside.tokens)
                        )
                    yield from self._over_end(index, match, field, long=long, flush=flush)
            for match in broken_labels(place, self.joined.get(index)):
                if field in match.fields:
                    yield from self._over_end(index, match, field, long=long, flush=flush)

    def _over_end(
        self, index: int, match: LabelMatch, field: str, *, long: bool, flush: bool
    ) -> Iterator[Span]:
        """A value that begins on the row after its label's, or runs on over the end of its row.

        Long ones that begin beside their label run on otherwise (`_further`).
        """
        place = self.joined.get(index)
        if place is None or match not in place.matches:
            return
        count = len(self.rows[index].row.tokens)
        limit, torn = limit_of(place, match, field)
        tokens = _contiguous(place.row.tokens[match.end : limit], place.row.height)
        begun = max(count - match.end, 0)
        if len(tokens) <= begun or (long and begun):
            return
        unsure = _ends_phrase(self.rows[index], match)
        if long:
            after = self.rows[index + 1]
            room = len(after.row.tokens) - (match.end - count)
            if room <= 0:
                return
            tokens = tokens[:room]
            if not tokens:
                return
            unsure = unsure or _within_sentence(place, tokens[-1], limit)
            if len(tokens) == room:
                left = after.row.tokens[0].box.x0
                further, doubtful = self._further(index + 1, tokens, left, flush=flush)
                tokens, unsure = (*tokens, *further), unsure or doubtful
        yield Span(
            place, match, tokens, below=False, unsure=unsure, torn=torn, over_end=True, begun=begun
        )

    def _elsewhere(
        self, index: int, match: LabelMatch, field: str, *, other: bool
    ) -> Iterator[Span]:
        """What stands under the label, or lifted off its line, where something else is beside.

        That may be the value, misread: what stands under it is then taken for a person to see.
        """
        place = self.rows[index]
        limit, _ = limit_of(place, match, field)
        if match.leads:
            under, at = self._under(index, match, match.end)
            if under:
                yield Span(place, match, under, below=True, unsure=other or self._of_many(at))
        lifted = self._lifted(index, match, limit)
        if lifted:
            yield Span(place, match, lifted, below=True)

    def _lifted(self, index: int, match: LabelMatch, limit: int) -> tuple[Token, ...]:
        """Tokens a little above the label's line, between its end and the next label."""
        place = self.rows[index]
        tokens = place.row.tokens
        left = tokens[match.end - 1].box.x1 - place.row.height
        right = tokens[limit].box.x0 if limit < len(tokens) else place.sheet.width
        if index == 0 or any(left <= token.box.x0 < right for token in tokens[match.end :]):
            return ()
        over, under = self.rows[index - 1], self.rows[index + 1 : index + 2]
        above = place.row.y - over.row.y
        below = under[0].row.y - place.row.y if under else place.sheet.height
        near = above <= _LIFTED * max(place.sheet.pitch, min(below, _LINE * place.row.height))
        labelled = any(match.closed for match in over.matches)
        if over.sheet is not place.sheet or not near or labelled:
            return ()
        lifted = tuple(t for t in over.row.tokens if left <= t.box.x0 and t.box.x1 <= right)
        first = over.row.tokens.index(lifted[0]) if lifted else 0
        return () if first > 0 and close_behind(over.row, first) else lifted

    def _span(self, index: int, match: LabelMatch, field: str, *, long: bool, flush: bool) -> Span:
        place = self.rows[index]
        if (cell := _cell(place, match)) is not None:
            doubtful = not place.row.walled(match.end) or _second_of_cell(place, match)
            return Span(place, match, cell, below=False, unsure=doubtful, celled=True)
        limit, torn = limit_of(place, match, field)
        tokens = _contiguous(place.row.tokens[match.end : limit], place.row.height)
        below = phrase = False
        unsure = _before_cell(place, match)
        counts = ends_with_next_number(place.row, match, limit)
        number = place.row.tokens[limit - 1] if counts else None
        last = index
        ends_row = limit >= len(place.row.tokens) and index not in self.joined
        if not tokens and (lifted := self._lifted(index, match, limit)):
            return Span(place, match, lifted, below=True, unsure=long)
        if not tokens and (match.leads or ends_row):
            tokens, last = self._under(index, match, limit)
            below = bool(tokens)
            doubtful = flush and close_behind(place.row, match.end)
            phrase = below and _ends_phrase(place, match)
            unsure = below and (doubtful or phrase or self._of_many(last))
        elif long and tokens:
            unsure = unsure or _within_sentence(place, tokens[-1], limit)
        row = place.row
        followed = not below and limit < len(row.tokens) and close_behind(row, limit)
        if long and tokens and not followed:
            label_x = min(
                row.tokens[other.start].box.x0 for other in place.matches if field in other.fields
            )
            further, doubtful = self._further(last, tokens, label_x, flush=flush)
            tokens, unsure = (*tokens, *further), unsure or doubtful
        torn = torn and not below
        return Span(
            place, match, tokens, below, unsure, number=number, torn=torn, behind_phrase=phrase
        )

    def _of_many(self, index: int) -> bool:
        """True for a row of a ruled table that has another below it: no value of its own."""
        if index + 1 >= len(self.rows):
            return False
        place, after = self.rows[index], self.rows[index + 1]
        walls = len(place.row.walls)
        return walls > 1 and len(after.row.walls) == walls and after.sheet is place.sheet

    def _under(self, index: int, match: LabelMatch, limit: int) -> tuple[tuple[Token, ...], int]:
        place = self.rows[index]
        tokens = place.row.tokens
        begin = 0 if _ends_phrase(place, match) else match.start
        left = tokens[begin].box.x0 - 2 * place.row.height
        right = tokens[limit].box.x0 if limit < len(tokens) else place.sheet.width
        for step in range(index + 1, min(index + 3, len(self.rows))):
            other = self.rows[step]
            if other.sheet is not place.sheet:
                break
            if other.row.y - place.row.y > _BELOW * max(place.sheet.pitch, place.row.height):
                break
            within = tuple(t for t in other.row.tokens if left <= t.box.x0 and t.box.x1 <= right)
            if not within:
                continue
            labelled = {
                token
                for m in other.matches
                if m.closed or m.label.field not in INCLUSIVE
                for token in other.row.tokens[m.start : m.end]
            }
            first = next((t for t in within if not ORDINAL.fullmatch(t.text)), within[0])
            if first in labelled or begins_phrase(within, 0):
                break
            keep = [t for t in within if t not in labelled]
            return _contiguous(keep, other.row.height), step
        return (), index

    def _further(
        self, index: int, tokens: Sequence[Token], label_x: float, *, flush: bool
    ) -> tuple[list[Token], bool]:
        """What a value runs on to over the next rows, and whether its end is uncertain."""
        end = tokens[-1].box.x1
        shouts = _shouted(tokens)
        further: list[Token] = []
        unsure = False
        if not any(char.isalpha() for token in tokens for char in token.text):
            return further, False
        for step in range(index + 1, min(index + _MOST_ROWS, len(self.rows))):
            before, place = self.rows[step - 1], self.rows[step]
            sheet, row = place.sheet, place.row
            if before.sheet is not sheet:
                return further, False
            close = row.y - before.row.y <= _CONTINUES * max(sheet.pitch, row.height)
            begin = _column(row, label_x if not flush else self.rows[index].row.tokens[0].box.x0)
            if begin == len(row.tokens) or not close:
                return further, False
            mine = row.tokens[begin:]
            no_room = not flush or lacked_room(end, mine[0], place)
            goes_on = mine[0].text[:1].islower() and no_room
            full = not flush or end >= _FULL_ROW * sheet.right or goes_on
            if not full and not _in_column(place, label_x, end):
                return further, False
            if _starts_anew(place, begin) or (_shouted(mine) and not shouts):
                alone = full and len(mine) == 1 and not mine[0].text.endswith(":")
                said = alone or _small_label(place, begin)
                return further, said or (further or tokens)[-1].text.endswith(",")
            starts = (label_x, tokens[0].box.x0, self.rows[index].row.tokens[0].box.x0)
            if not _aligned(mine[0], starts, row.height) or self._opens_paragraph(step, label_x):
                return further, goes_on and flush
            if _like_heading(mine):
                return further, True
            until, torn = row_end(place, begin)
            further += row.tokens[begin:until]
            end = mine[-1].box.x1
            unsure = unsure or torn or (full and not no_room)
            if until < len(row.tokens):
                break
        return further, unsure

    def wrapped(self, place: LabelledRow, last: Token) -> tuple[Token, ...]:
        """The next row, where a sentence that ends its row with a word of a name goes on there.

        Empty where that word does not end its row, ends a part of the sentence, or the next row's
        first word is none of a name or would have had room beside it.

        Args:
            place: the row.
            last: the word.
        """
        ends_row = place.row.tokens[-1] is last and not place.row.walls
        if not ends_row or last.text.endswith((",", ";", ".")):
            return ()
        index = self.index(place)
        after = self.rows[index + 1] if index + 1 < len(self.rows) else None
        if after is None or after.sheet is not place.sheet:
            return ()
        first, height = after.row.tokens[0], max(place.sheet.pitch, place.row.height)
        word = first.text.rstrip(",;.")
        named = word.isalpha() and word[0].isupper() and len(word) > 1
        close = after.row.y - place.row.y <= _CONTINUES * height
        labelled = any(match.start == 0 for match in after.matches)
        same = first.text.isupper() is last.text.isupper()
        goes_on = named and close and same and not labelled
        return after.row.tokens if goes_on and lacked_room(last.box.x1, first, after) else ()

    def ends_in_label(self, place: LabelledRow, last: Token) -> bool:
        """True where a row's last word may begin an unknown label that the next row ends.

        `… Lan Anh Chức` / `vụ: Thợ`.
        """
        index = self.index(place) + 1
        if index >= len(self.rows) or place.row.tokens[-1] is not last:
            return False
        after = self.rows[index]
        first, known = after.row.tokens[0], any(match.start == 0 for match in after.matches)
        broken = begins_phrase(after.row.tokens, 0) or opens_label((last, first))
        small = first.text[:1].islower() and not known
        return small and broken and lacked_room(last.box.x1, first, after)

    def _opens_paragraph(self, step: int, label_x: float) -> bool:
        """True where a row is set in and the next one starts under the label again."""
        place = self.rows[step]
        row, slack = place.row, _PARAGRAPH * place.row.height
        if step + 1 >= len(self.rows) or row.tokens[0].box.x0 <= label_x + slack:
            return False
        after = self.rows[step + 1]
        close = after.row.y - row.y <= _CONTINUES * max(place.sheet.pitch, row.height)
        back = abs(after.row.tokens[0].box.x0 - label_x) <= slack
        return after.sheet is place.sheet and close and back and not _starts_anew(after, 0)


def label_rows(
    sheets: Sequence[Sheet], labels: Sequence[Label], pixels: PagePixels | None
) -> Pages:
    """All rows of a component with the labels found on them.

    Args:
        sheets: pages of the component.
        labels: of its form.
        pixels: page images; None: ruled cells are told by gaps alone.

    Raises:
        UnreadableScan: as `PagePixels`.
    """
    rows = [
        LabelledRow(sheet, row, find_labels(row, labels))
        for sheet in sheets
        for row in cell_rows(sheet, pixels)
    ]
    joined = joined_rows(rows, labels)
    return Pages(tuple(without_broken(rows, joined)), joined)


def _cell(place: LabelledRow, match: LabelMatch) -> tuple[Token, ...] | None:
    """All that stands in the next filled cell beside a label's; None where there is none.

    Beside the label of a column stands that of the next column: its values stand below.
    """
    row = place.row
    if match.end not in row.walls:
        return None
    end = row.cell_end(match.end)
    heading = any((other.start, other.end) == (match.end, end) for other in place.matches)
    return None if heading else row.tokens[match.end : end]


def _second_of_cell(place: LabelledRow, match: LabelMatch) -> bool:
    """True where another label begins the cell: two rows of the form, taken for one.

    Words of one label, `tỷ lệ` and `suy giảm …`, go on with a small letter.
    """
    cell = max((wall for wall in place.row.walls if wall <= match.start), default=0)
    goes_on = place.row.tokens[match.start].text[:1].islower()
    return not goes_on and any(cell <= other.start < match.start for other in place.matches)


def _ends_phrase(place: LabelledRow, match: LabelMatch) -> bool:
    """True of a label that ends what is one longer label: `Được nghỉ việc kể từ ngày:`."""
    row, before = place.row, place.row.tokens[: match.start]
    alone = all(other is match for other in place.matches) and not row.walls
    near = all(b.box.x0 - a.box.x1 <= COLUMN_GAP * row.height for a, b in pairwise(before))
    said = not any(token.text.endswith((":", ".", ",", ";")) for token in before)
    ends = 0 < match.start < match.end == len(row.tokens)
    return match.colon and ends and alone and near and said


def _before_cell(place: LabelledRow, match: LabelMatch) -> bool:
    """True of a label without a colon and words behind it before a wall: more of the label, rather.

    Its value is expected in the next cell, unless a label begins there.
    """
    wall = next((wall for wall in place.row.walls if wall > match.end), None)
    if wall is None or not match.leads or match.colon:
        return False
    return all(other.start != wall or other.fields & match.fields for other in place.matches)


def _column(row: Row, x: float) -> int:
    """First token of the column that a value at x runs on in; columns are cut at wide gaps only."""
    slack = _INDENT * row.height
    begin = 0
    for index, token in enumerate(row.tokens):
        gap = token.box.x0 - row.tokens[index - 1].box.x1 if index else float("inf")
        if gap > COLUMN_GAP * row.height:
            begin = index
            if token.box.x0 >= x - slack:
                return begin
    return begin if row.tokens[begin].box.x0 >= x - slack else len(row.tokens)


def _within_sentence(place: LabelledRow, last: Token, limit: int) -> bool:
    """True where what looks like the next label stands amid a sentence: `mạn tính nghề nghiệp`."""
    label = next((match for match in place.matches if match.start == limit), None)
    if label is None:
        return False
    words = place.row.tokens[label.start : label.end]
    near = words[0].box.x0 - last.box.x1 < SPACE_AT_MOST * place.row.height
    attached = words[-1].text.endswith(":") and words[-1].text != ":"
    return near and words[0].text[:1].islower() and not attached


def _like_heading(tokens: Sequence[Token]) -> bool:
    """`IH. Thông tin cha, mẹ`, `HI, Thông tin`, `Thông tin cha, mẹ`: no way to go on.

    A value may go on with an abbreviation, `TP. Cần Thơ`, too: it is left to a person.
    """
    first, *rest = tokens
    if not rest:
        return False
    short = first.text.endswith((".", ",", ")")) and len(first.text) <= _LONGEST_NUMBER
    if short and first.text[:1].isupper() and rest[0].text[:1].isupper():
        return _roman(first.text.rstrip(".,)")) or not first.text.endswith(",")
    words = rest[:_SENTENCE]
    small = len(words) == _SENTENCE and all(word.text[:1].islower() for word in words)
    place = fold(words[0].text) in _PLACES or first.text.endswith(",")
    return small and not place and _capitalised(first.text)


def _capitalised(text: str) -> bool:
    """A word with a capital, no acronym and no kind of place."""
    return text[:1].isupper() and text[1:].islower() and fold(text) not in _PLACES


def _starts_anew(place: LabelledRow, begin: int) -> bool:
    """True where a row starts with a label, a heading's number or an unknown label."""
    tokens = place.row.tokens
    first = tokens[begin].text
    number = first.rstrip(".)")
    numbered = number != first and (not number.isalpha() or (len(number) > 1 and _roman(number)))
    short = first.rstrip(".,;)")
    counted = len(first) <= _LONGEST_NUMBER and (len(short) == 1 or not short.isalpha())
    labelled = any(begin <= match.start <= begin + counted for match in place.matches)
    if fold(" ".join(token.text for token in tokens[begin : begin + 5])).startswith(_DECLARATION):
        return True
    if begin + 1 < len(tokens) and instructs(first, tokens[begin + 1].text):
        return True
    return labelled or numbered or begins_phrase(tokens, begin)


def _small_label(place: LabelledRow, begin: int) -> bool:
    """True of a row that begins like a label, but small and without its colon: `… chứng thư`, `số`.

    It may be words of the value.
    """
    first = place.row.tokens[begin].text[:1]
    return first.islower() and not any(
        match.closed for match in place.matches if begin <= match.start <= begin + 1
    )


def _roman(number: str) -> bool:
    return len(number) < _LONGEST_NUMBER and _ROMAN.issuperset(number)


def _shouted(tokens: Sequence[Token]) -> bool:
    """True where the tokens are a heading in capitals."""
    text = "".join(token.text for token in tokens)
    return text.isupper() and (len(tokens) > 1 or len(text) >= _HEADING)


def _in_column(place: LabelledRow, x0: float, x1: float) -> bool:
    """True for a row of a letterhead within the narrow column's row from x0 to x1 above it."""
    row = place.row
    inside = row.tokens[0].box.x0 >= x0 - row.height and row.tokens[-1].box.x1 <= x1
    return place.head and inside and x1 < _NARROW * place.sheet.right


def _aligned(token: Token, starts: Sequence[float], height: float) -> bool:
    """A further row starts under its label, its value or the first row's start, or left of them.

    One that is set in a little from all of them is the first row of the next paragraph.
    """
    off = [token.box.x0 - start for start in starts]
    if min(map(abs, off)) <= _PARAGRAPH * height:
        return True
    return token.box.x0 <= min(starts) and min(map(abs, off)) <= _INDENT * height


def _contiguous(tokens: Sequence[Token], height: float) -> tuple[Token, ...]:
    """Tokens up to the first wide gap; a leading colon is dropped."""
    kept: list[Token] = []
    for token in tokens:
        if kept and token.box.x0 - kept[-1].box.x1 > _WIDE_GAP * height:
            break
        if kept or token.text != ":":
            kept.append(token)
    return tuple(kept)
