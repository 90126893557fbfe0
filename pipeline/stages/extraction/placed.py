"""Values without a plain label: the place-and-date line, ticks, tables, names of agencies.

May not come in: values right of a label (`spans`), verdicts on single values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rapidfuzz import fuzz

from pipeline.catalogue import Catalogue, FieldType
from pipeline.stages.extraction import validators
from pipeline.stages.extraction.dates import find_date
from pipeline.stages.extraction.labels import ELLIPSIS, colon_phrase, letters
from pipeline.stages.extraction.layout import Token
from pipeline.stages.extraction.spans import LabelledRow, Pages, Span
from pipeline.stages.extraction.validators import warn
from pipeline.stages.extraction.values import Parsed, joined
from pipeline.textnorm import fold, squash

_TICKS: Final = frozenset("☒☑✓✔✗✘⊠■xXvV")
_DATE_LINE: Final = re.compile(
    r"(?:ngay|ngy)\D{0,3}\d{1,2}\W*(?:thang|thng)\W*\d{1,2}\W*(?:nam|nm)\W*\d{4}"
)
_MISREAD_DAY: Final = re.compile(r"^(?:ngay|ngy)[^a-z\d]*[a-z]+[^a-z]*\d")
"""`ngày l2`: a letter where the day begins."""
_LABELLED_DATE: Final = re.compile(
    r"(?:sinh|cap|tu|den|lap|chet|vao|hen|hop|luc|phut|ke tu|qd-\w*|hieu luc)[\s:,(]*$|:$"
)
_ADDRESSEE: Final = "kinhgui"
_OPTION: Final = 80.0
_LEAST_HEADINGS: Final = 2
_MOST_TABLE_ROWS: Final = 400


@dataclass(frozen=True, slots=True)
class Placed:
    """A value and the row it starts on."""

    place: LabelledRow
    parsed: Parsed


def date_line(pages: Pages, field: FieldType) -> Placed | None:
    """The date of `…, ngày … tháng … năm …`: of the head, or the last for forms.

    A date behind a label of its own (`sinh ngày`, `cấp ngày`) is never taken.
    """
    found = [placed for place in pages.rows for placed in _dates_on(place)]
    if not found:
        return None
    if field.name == "sign_date":
        return found[-1]
    return next((placed for placed in found if placed.place.head), found[-1])


def _dates_on(place: LabelledRow) -> Iterator[Placed]:
    starts, position = [], 0
    for token in place.row.tokens:
        starts.append(position)
        position += len(token.text) + 1
    folded = fold(" ".join(token.text for token in place.row.tokens))
    for match in _DATE_LINE.finditer(folded):
        before = folded[: match.start()].rstrip()
        used = tuple(
            token
            for token, start in zip(place.row.tokens, starts, strict=True)
            if start < match.end() and start + len(token.text) > match.start()
        )
        date = find_date(match[0])
        if (
            date is None
            or not used
            or _LABELLED_DATE.search(before)
            or _in_prose(before, used, place)
        ):
            continue
        verdict = validators.calendar(date.date)
        if _MISREAD_DAY.search(match[0]):
            verdict = validators.PATTERN
        verdicts = () if verdict is validators.OK else (verdict,)
        yield Placed(place, Parsed(str(date.date), used, verdicts))


def _in_prose(before: str, used: Sequence[Token], place: LabelledRow) -> bool:
    """True unless the date ends its row and only a place, or another column, stands before."""
    after = [t for t in place.row.tokens if t.box.x0 >= used[-1].box.x1]
    if len(after) > 1:
        return True
    index = place.row.tokens.index(used[0])
    column: list[Token] = []
    for token in reversed(place.row.tokens[:index]):
        edge = column[-1] if column else used[0]
        if edge.box.x0 - token.box.x1 > 2.5 * place.row.height:
            break
        column.append(token)
    return len(column) > 7 or (len(column) > 4 and not before.endswith(","))


def blanks(pages: Pages, field: FieldType) -> Placed | None:
    """A label with blanks (`Tháng … năm`) as a pattern; the value is the text it matches."""
    for label in field.labels:
        if ELLIPSIS not in label:
            continue
        parts = [re.escape(fold(part)) for part in label.split(ELLIPSIS)]
        pattern = re.compile(r"\W*\d+\W*".join(p.strip() for p in parts) + r"\W*\d+")
        for place in pages.rows:
            text = " ".join(token.text for token in place.row.tokens)
            if found := pattern.search(fold(text)):
                value = squash(text[found.start() : found.end()])
                return Placed(place, Parsed(value, place.row.tokens))
    return None


def inclusive(pages: Pages, field: FieldType) -> Placed | None:
    """The name that begins with its label; the central agency only where no other stands there."""
    found = [
        placed
        for span in pages.spans(field.name, long=False)
        if (placed := _named(span)) is not None
    ]
    local = [p for p in found if not fold(p.parsed.value).endswith("viet nam")]
    return next(iter(local or found), None)


def _named(span: Span) -> Placed | None:
    place = span.place
    if not (place.head or place.sheet.page == 0):
        return None
    tokens = [*place.row.tokens[span.match.start : span.match.end], *span.tokens]
    while tokens and letters(joined(tokens)).startswith(_ADDRESSEE):
        tokens = tokens[1:]
        if letters(joined(tokens)).startswith("gui"):
            tokens = tokens[1:]
    value = joined(tokens).lstrip("-: ")
    if not span.tokens or not value:
        return None
    value = _as_labelled(value, span.match.label.text)
    return Placed(place, Parsed(value, tuple(tokens)))


def _as_labelled(value: str, label: str) -> str:
    """The printed label is known: its part of the value is spelt as the label is."""
    known = label.rpartition(":")[2].strip()
    head = value[: len(known)]
    if fold(head) != fold(known):
        return value
    return (known.upper() if head.isupper() else known) + value[len(known) :]


def ticked(pages: Pages, field: FieldType, catalogue: Catalogue, code: str) -> Placed | None:
    """The option with a tick before it; always for a person, boxes read too badly."""
    options = _options(field, catalogue, code)
    for place in pages.rows:
        for index, token in enumerate(place.row.tokens):
            mark = token.text.strip("[]()|.")
            if mark not in _TICKS:
                continue
            after = place.row.tokens[index + 1 : index + 25]
            for text, value in options:
                window = letters(joined(after))[: len(letters(text))]
                if fuzz.ratio(window, letters(text)) >= _OPTION:
                    return Placed(place, Parsed(value, (token, *after), (warn("CHECKBOX"),)))
    return None


def _options(field: FieldType, catalogue: Catalogue, code: str) -> list[tuple[str, str]]:
    if field.name != "case_code":
        return sorted(((label, label) for label in field.labels), key=lambda o: -len(o[0]))
    return [
        (case.name_vi, case.code)
        for procedure in catalogue.procedures.values()
        if code in procedure.application
        for case in procedure.cases
    ]


def table(pages: Pages, field: FieldType) -> Placed | None:
    """Rows under the heading of a table, one a line: best effort, a person reads the paper."""
    wanted = [letters(label) for label in field.labels]
    least = min(_LEAST_HEADINGS, len(wanted))
    for index, place in enumerate(pages.rows):
        nearby = [place, *pages.rows[index + 1 : index + 3]]
        text = letters("".join(token.text for near in nearby for token in near.row.tokens))
        own = letters("".join(token.text for token in place.row.tokens))
        if not any(
            fuzz.partial_ratio(label, own) >= _OPTION for label in wanted if len(own) >= len(label)
        ):
            continue
        seen = sum(fuzz.partial_ratio(label, text) >= _OPTION for label in wanted)
        if seen < max(least, (len(wanted) + 1) // 2):
            continue
        rows = list(_body(pages.rows[index + 1 : index + 1 + _MOST_TABLE_ROWS]))
        if rows:
            tokens = tuple(token for row in rows for token in row.row.tokens)
            on_page = tuple(t for row in rows if row.sheet is rows[0].sheet for t in row.row.tokens)
            value = "\n".join(joined(row.row.tokens) for row in rows)
            used = on_page or tokens
            return Placed(rows[0], Parsed(value, used, (warn("TABLE"),)))
    return None


def _body(rows: Sequence[LabelledRow]) -> Iterator[LabelledRow]:
    """Rows of the table: from the first with a digit to the first that is labelled."""
    begun = False
    for row in rows:
        phrase = colon_phrase(row.row.tokens, 0, len(row.row.tokens))
        labelled = any(m.start <= 1 and m.colon for m in row.matches)
        ends = labelled or phrase == 0 or fold(row.row.text).startswith(("cong", "tong cong"))
        if begun and ends:
            return
        if any(char.isdigit() for char in row.row.text) and not ends:
            begun = True
        if begun:
            yield row
