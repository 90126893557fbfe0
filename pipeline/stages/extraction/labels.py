"""Printed labels on visual rows: found fuzzily, so that lost accented vowels do not hide them.

All labels of a form and the usual labels around them compete for the tokens of a row; the longest
wins. May not come in: values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Final

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein, Opcode

from pipeline.stages.extraction.layout import Row, Sheet, Token
from pipeline.stages.extraction.phrases import ACRONYM
from pipeline.stages.extraction.wordings import (
    ENGLISH,
    SHORT,
    Label,
    instructs,
    letters,
    names_identity_papers,
)
from pipeline.textnorm import exact, fold
from pipeline.vietnamese import is_syllable

_SURE: Final = ((12, 82.0), (SHORT, 85.0))
"""Letters of a label and the likeness that it needs; where it neither leads nor is closed, more."""
_WITHIN: Final = 86.0
ORDINAL: Final = re.compile(r"\(?[0-9]{1,2}[.,)]+")
"""Number of a line before its label; a full stop may be read as a comma."""
_LONGEST_ORDINAL: Final = 3
"""Signs of what may be a line's number, misread."""
_CELL_GAP: Final = 1.1
"""Of the row height: between the words of two cells."""
_LONGEST_TAIL: Final = 9
_GAP: Final = 2.5
"""Of the text height: a gap this wide starts a new column."""
_LIKE: Final = 55.0
_CERTAIN: Final = 92.0
_LONG_CERTAIN: Final = 85.0
_LONG: Final = 16
"""Letters of labels of which some may be lost."""
_LOST: Final = 2
"""Letters side by side that were not read; a word has more."""
_ACCENTS: Final = 80.0
"""`Địa chí` is still `Địa chỉ`; `Sở` is not `Số`."""
_NEARLY: Final = (5, 80.0)
"""Letters and likeness of a short label that is misread but leads and has its colon: `Ông/hà:`."""
READ: Final = 100.0
"""Likeness of a label read letter by letter."""
_OTHER_LETTERS: Final = 2
"""So many letters that were surely read are no misreading."""
_SURELY: Final = 0.9
"""Confidence of words of which no letter is another one, whatever its marks."""
_UNITS: Final = frozenset({"thang", "nam", "ngay", "nguoi", "con", "to", "lan", "dong", "gio", "%"})
"""Behind a number in brackets that is a value: `(12) tháng`."""
_FOOTNOTE: Final = re.compile(r"\(\d{1,2}\)")
_IN_FIGURES: Final = "bang"
"""`Số tiền bằng số: …`: before no label."""
_WITHIN_NAMES: Final = str.maketrans("", "", "'’-")
_ADDRESS: Final = "ongba"
"""Before a name, within a sentence too."""


@dataclass(frozen=True, slots=True)
class LabelMatch:
    """A label found on a row."""

    label: Label
    fields: frozenset[str]
    """All fields that print this label."""
    start: int
    """First token of the row."""
    end: int
    """One past the last token, tail and colon included."""
    score: float
    """0 to 100."""
    colon: bool
    leads: bool
    """Stands at the start of the row or of a column."""
    tail: str
    """What stands between label and colon, folded: `(ghi chi tiết) noi cu tru (3)`."""
    walled: bool
    """It ends where its ruled cell ends."""
    read: str
    """Its letters as they were read."""
    broken: bool = False
    """A part of a label that ends on another row (`wrapping`)."""

    @property
    def doubtful(self) -> bool:
        """It stands amid a row without a colon, and was not read letter by letter."""
        return not (self.closed or self.leads) and self.score < READ

    @property
    def closed(self) -> bool:
        """Certain to end there: by its colon, or by the wall of its cell."""
        return self.colon or self.walled

    @property
    def footnoted(self) -> bool:
        """A number in brackets stands between its colon and the value."""
        return self.colon and _FOOTNOTE.fullmatch(self.tail) is not None

    @property
    def sure(self) -> bool:
        """Read well enough that it can be no other label.

        A long one may have lost letters here and there, at most two side by side, with none
        exchanged: another wording would lack, or have, a word.
        """
        if self.score >= _CERTAIN:
            return True
        long = len(self.label.letters) >= _LONG and self.score >= _LONG_CERTAIN
        edits = Levenshtein.opcodes(self.label.letters, self.read)
        return long and self.closed and all(_few_lost(edit) for edit in edits)


@dataclass(frozen=True, slots=True)
class LabelledRow:
    """A row with its labels and its page."""

    sheet: Sheet
    row: Row
    matches: tuple[LabelMatch, ...]

    @property
    def head(self) -> bool:
        """Stands in the top third of the component's first page."""
        return self.sheet.page == 0 and self.row.y < 0.36 * self.sheet.height


def _few_lost(edit: Opcode) -> bool:
    """True of letters that were read, and of one or two that were not."""
    return edit.tag == "equal" or (edit.tag == "delete" and edit.src_end - edit.src_start <= _LOST)


def find_labels(row: Row, labels: Sequence[Label]) -> tuple[LabelMatch, ...]:
    """Labels on a row from left to right, none overlapping."""
    found = sorted(
        (match for start in range(len(row.tokens)) for match in _at(row, start, labels)),
        key=lambda m: (-_weight(m), m.start),
    )
    chosen: dict[tuple[int, int], LabelMatch] = {}
    for match in found:
        place = (match.start, match.end)
        if (same := chosen.get(place)) is not None:
            if same.label.letters == match.label.letters:
                chosen[place] = _joined(same, match)
        elif all(match.end <= start or end <= match.start for start, end in chosen):
            chosen[place] = match
    ordered = sorted(chosen.values(), key=lambda m: m.start)
    return tuple(_with_tails(row, ordered))


def _weight(match: LabelMatch) -> float:
    """Long labels outweigh the short ones within them, but only where they truly stand there."""
    return len(match.label.letters) * (match.score / 100) ** 6


def _joined(one: LabelMatch, other: LabelMatch) -> LabelMatch:
    return changed(one, fields=one.fields | other.fields)


def changed(match: LabelMatch, **changes: object) -> LabelMatch:
    """The same match, but for some of its facts."""
    values = {name: getattr(match, name) for name in LabelMatch.__slots__}
    return LabelMatch(**{**values, **changes})


def _at(row: Row, start: int, labels: Sequence[Label]) -> Iterable[LabelMatch]:
    parts = [letters(token.text) for token in row.tokens[start : row.cell_end(start)][:16]]
    if not parts or not parts[0]:
        return
    colon = next((i for i, t in enumerate(row.tokens[start:]) if t.text.endswith(":")), len(parts))
    windows = list(accumulate(parts))
    for label in labels:
        if label.pattern is not None:
            yield from _of_pattern(row, start, label, windows, label.pattern, labels)
            continue
        if not _begins(parts[0], label):
            continue
        seen = windows if ":" in label.text else windows[: colon + 1]
        best = _best_window(row, start, label, seen)
        if best is not None:
            match = _match(row, start, label, best)
            if _plausible(row, match):
                yield match


def _best_window(
    row: Row, start: int, label: Label, windows: Sequence[str]
) -> tuple[float, int] | None:
    """How many words from a place on are most like a label, and how like it they are."""
    best: tuple[float, int] | None = None
    needed = _needed(label)
    for count, window in enumerate(windows, 1):
        if _leads(row, start) and _before_stroke(row, start, windows, count) == label.letters:
            return READ, count
        if len(window) > 1.25 * len(label.letters) + 1:
            break
        added = count == 1 or window != windows[count - 2]
        if len(window) < 0.75 * len(label.letters) - 1 or not added:
            continue
        score = fuzz.ratio(window, label.letters)
        if score >= needed and (best is None or score > best[0]):
            best = (score, count)
    return best


def _before_stroke(row: Row, start: int, windows: Sequence[str], count: int) -> str:
    """Letters of several words, of the last one those before other papers: `Số CMND/CCCD:`."""
    first, _, other = row.tokens[start + count - 1].text.partition("/")
    closed = other.endswith(":") and names_identity_papers(other)
    return windows[count - 2] + letters(first) if closed and count > 1 else ""


def _of_pattern(
    row: Row,
    start: int,
    label: Label,
    windows: Sequence[str],
    pattern: re.Pattern[str],
    labels: Sequence[Label],
) -> Iterable[LabelMatch]:
    """The longest run of words that a label with a pattern may be, as if it were its wording."""
    counts = [count for count, window in enumerate(windows, 1) if pattern.fullmatch(window)]
    if counts:
        window = windows[counts[-1] - 1]
        said = replace(label, letters=window)
        if any(_worded_like(window, own) for own in labels if own.field == label.field):
            said = replace(said, lent=False, pattern=None)
        match = _match(row, start, said, (100.0, counts[-1]))
        if match.closed and _plausible(row, match):
            yield match


def _worded_like(window: str, own: Label) -> bool:
    """True where letters begin with a form's own wording, whatever more of its kind follows."""
    mine = own.pattern is None and not own.lent and len(window) >= len(own.letters)
    return mine and fuzz.ratio(window[: len(own.letters)], own.letters) >= _CERTAIN


def _begins(first: str, label: Label) -> bool:
    """The first token is like the label's first word, whatever follows."""
    if len(first) > len(label.first) + 2:
        return fuzz.ratio(first, label.letters[: len(first)]) >= _LIKE
    return fuzz.ratio(first, label.first) >= _LIKE


def _needed(label: Label) -> float:
    for length, score in _SURE:
        if len(label.letters) >= length:
            return score
    least, nearly = _NEARLY
    return nearly if len(label.letters) >= least else 100.0


def _match(row: Row, start: int, label: Label, best: tuple[float, int]) -> LabelMatch:
    score, count = best
    end = start + count
    colon = row.tokens[end - 1].text.endswith(":")
    if not colon and end < len(row.tokens) and row.tokens[end].text == ":":
        end, colon = end + 1, True
    fields = frozenset() if label.field is None else frozenset({label.field})
    walled = end in row.walls
    leads = _leads(row, start) or (walled and _behind_number(row, start))
    read = letters("".join(token.text for token in row.tokens[start : start + count]))
    return LabelMatch(label, fields, start, end, score, colon, leads, "", walled, read)


def _leads(row: Row, start: int) -> bool:
    """True at the start of a row, a column or a ruled cell, its number before it or not."""
    if start == 0 or start in row.walls or _gap(row, start) > _GAP * row.height:
        return True
    return bool(ORDINAL.fullmatch(row.tokens[start - 1].text)) and _leads(row, start - 1)


def _behind_number(row: Row, start: int) -> bool:
    """True where only one short sign stands before, at the row's start: a number, misread."""
    return start == 1 and len(row.tokens[0].text) <= _LONGEST_ORDINAL


def _plausible(row: Row, match: LabelMatch) -> bool:
    if len(match.label.letters) < SHORT:
        if _in_value_cell(row, match):
            return False
        if match.score < 100.0:
            return match.closed and match.leads
        if _addresses(row, match):
            return True
        if match.start > 0 and row.tokens[match.start - 1].folded == _IN_FIGURES:
            return False
        if not _stands_alone(row, match):
            return False
    if _over_comma(row, match) or (match.label.alone and not match.leads):
        return False
    medium = len(match.label.letters) < _SURE[0][0]
    if medium and match.score < _WITHIN and not (match.closed and match.leads):
        return False
    if (match.label.field is None or not match.leads) and _of_other_words(row, match):
        return False
    if match.label.inline and not (match.closed or match.leads) and _in_sentence(row, match):
        return False
    return match.label.inline or match.closed or match.leads


def _in_value_cell(row: Row, match: LabelMatch) -> bool:
    """True where a cell behind the first goes on behind what looks like a label: `số 14, ngõ 8`."""
    begins = match.start in row.walls
    return begins and not match.colon and match.end != row.cell_end(match.start)


def _over_comma(row: Row, match: LabelMatch) -> bool:
    """`Hồ Chí Minh, ngày 01` is no `Sinh ngày`: a sentence's comma within what only looks like one.

    A label read letter by letter may have a speck in it.
    """
    inside = row.tokens[match.start : match.end - 1]
    return (
        match.score < 100.0 and "," not in match.label.text and any("," in t.text for t in inside)
    )


def _of_other_words(row: Row, match: LabelMatch) -> bool:
    """True where words were surely read, and are none of the label's.

    `người lao động` is no `Người làm đơn`, `Minh Nam` no `Sinh năm`. One letter that is lost before
    a colon, or before the figures that the label announces, is no other word.
    """
    words = row.tokens[match.start : match.end]
    if match.score == READ or not all(_surely(token) for token in words):
        return False
    apart = Levenshtein.distance(match.label.letters, match.read)
    announced = match.closed or _figures_at(row, match.end)
    return apart >= (_OTHER_LETTERS if announced else 1)


def _surely(token: Token) -> bool:
    """True of a word that was surely read, and is spelt as words are."""
    return token.confidence >= _SURELY and _spelt(token.text)


def _figures_at(row: Row, place: int) -> bool:
    return place < len(row.tokens) and row.tokens[place].text[:1].isdigit()


def _spelt(text: str) -> bool:
    """True of a word as Vietnamese is spelt, or of an acronym."""
    bare = text.strip(".,:;()")
    return is_syllable(bare.lower()) or bool(ACRONYM.fullmatch(bare))


def _addresses(row: Row, match: LabelMatch) -> bool:
    """`… đối với Ông/Bà Giang Khắc Thưởng, sinh ngày …`: a name in a sentence."""
    name = row.tokens[match.end : match.end + 2]
    called = match.label.letters == _ADDRESS and fuzz.ratio(
        exact(" ".join(t.text for t in row.tokens[match.start : match.end])).strip(":"),
        exact(match.label.text),
    )
    return called == 100.0 and len(name) == 2 and all(_word_of_name(t.text) for t in name)


def _word_of_name(text: str) -> bool:
    bare = text.rstrip(".,;")
    return bare.translate(_WITHIN_NAMES).isalpha() and bare[0].isupper()


def _in_sentence(row: Row, match: LabelMatch) -> bool:
    """`… điều chỉnh ngày tháng năm sinh theo …`: small letters where the label has a capital."""
    small = row.tokens[match.start].text[:1].islower() and match.label.text[:1].isupper()
    digit = match.end < len(row.tokens) and row.tokens[match.end].text[:1].isdigit()
    return small and not digit


def _stands_alone(row: Row, match: LabelMatch) -> bool:
    """A short label has a colon, or leads and keeps its accents."""
    printed = " ".join(t.text for t in row.tokens[match.start : match.end]).strip(":.,()- ")
    accents = fuzz.ratio(exact(printed), exact(match.label.text))
    return match.closed or (match.leads and accents >= _ACCENTS)


def _gap(row: Row, index: int) -> float:
    return row.tokens[index].box.x0 - row.tokens[index - 1].box.x1


def _with_tails(row: Row, matches: Sequence[LabelMatch]) -> Iterable[LabelMatch]:
    for index, match in enumerate(matches):
        limit = matches[index + 1].start if index + 1 < len(matches) else len(row.tokens)
        end = match.end if match.colon else _tail_end(row.tokens, match.end, limit)
        colon = end != match.end or match.colon
        if not colon and match.leads:
            end = _cell_end(row, match.end, limit)
        end = _footnote_end(row, end, limit) if colon else end
        if end == match.end:
            yield match
            continue
        tail = fold(" ".join(token.text for token in row.tokens[match.end : end]))
        if match.label.alone and tail.strip(" :") and not tail.startswith("("):
            continue
        walled = end in row.walls
        yield changed(match, end=end, colon=colon, tail=tail, walled=walled)


def _cell_end(row: Row, start: int, limit: int) -> int:
    """End of small words that close a label's cell, the value's own behind them; else `start`.

    `Họ và tên người bệnh` and a gap, as in ruled forms without colons.
    """
    wall = row.cell_end(start)
    if wall < len(row.tokens) and all(_speck(token) for token in row.tokens[start:wall]):
        return wall
    noted = _note_end(row, start, min(limit, wall))
    for index in range(noted, min(limit, noted + _LONGEST_TAIL)):
        token = row.tokens[index]
        gap = token.box.x0 - row.tokens[index - 1].box.x1
        if gap > _CELL_GAP * row.height or index in row.walls:
            return index
        text = token.text
        bracketed = text.startswith("(") and text.endswith(")")
        if not (text[:1].islower() or bracketed or ACRONYM.fullmatch(text)):
            return start
    return start


def _note_end(row: Row, start: int, limit: int) -> int:
    """End of a note in small words, `(ghi chi tiết)`, that begins there; `start` without one."""
    for index in range(start, min(limit, start + _LONGEST_TAIL)):
        text = row.tokens[index].text
        small = text[1:2].islower() if index == start else text[:1].islower()
        if not small or (index == start and text[0] != "("):
            return start
        if text.endswith(")"):
            return index + 1
    return start


def _footnote_end(row: Row, start: int, limit: int) -> int:
    """One past what is a note, and none of the value, right behind a label's colon.

    `Địa chỉ: (3) số 14`, `Họ và tên: (ghi bằng chữ in hoa) …`.
    """
    if start >= limit - 1 or start in row.walls or start + 1 in row.walls:
        return start
    text, after = row.tokens[start].text, row.tokens[start + 1]
    if _FOOTNOTE.fullmatch(text) and after.folded.strip(".,;") not in _UNITS:
        return start + 1
    end = _note_end(row, start, limit) if instructs(text, after.text) else start
    return end if end < limit else start


def _speck(token: Token) -> bool:
    """A single sign that is no digit: dirt, or a piece of a wall."""
    return len(token.text) == 1 and not token.text.isdigit()


def _tail_end(tokens: Sequence[Token], start: int, limit: int) -> int:
    """End of what belongs to the label up to its colon; `start` where nothing does."""
    foreign = _foreign_end(tokens, start, limit)
    if foreign > start:
        return foreign
    depth = 0
    for index in range(start, min(limit, start + _LONGEST_TAIL)):
        text = tokens[index].text
        depth += text.count("(") - text.count(")")
        belongs = depth > 0 or text[:1] in "(,/;" or text.endswith((")", "):")) or text == ":"
        small = text[:1].islower() or (index > start and bool(ACRONYM.fullmatch(text)))
        if not (belongs or small):
            return start
        if text.endswith(":"):
            return index + 1
    closed = start
    if start < limit and tokens[start].text.startswith("("):
        for index in range(start, min(limit, start + _LONGEST_TAIL)):
            if tokens[index].text.endswith(")"):
                closed = index + 1
                break
    return closed


def _foreign_end(tokens: Sequence[Token], start: int, limit: int) -> int:
    """End of a label's words in another language, `Họ và tên / Full name:`; else `start`."""
    for index in range(start, min(limit, start + _LONGEST_TAIL)):
        text = tokens[index].text
        if not all(word in ENGLISH for word in text.lower().rstrip(":").split("/") if word):
            return start
        if text.endswith(":"):
            return index + 1
    return start
