"""Values without a plain label: the place-and-date line, ticks, tables, names of agencies.

May not come in: values right of a label (`spans`), verdicts on single values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from rapidfuzz import fuzz

from pipeline.catalogue import Catalogue, FieldType
from pipeline.stages.extraction import validators
from pipeline.stages.extraction.dates import find_date
from pipeline.stages.extraction.extent import EXTENT_UNSURE, LABEL_UNSURE
from pipeline.stages.extraction.head import centred_on
from pipeline.stages.extraction.ink import Mark, PagePixels, TickBox, tick_box
from pipeline.stages.extraction.labels import LabelledRow
from pipeline.stages.extraction.layout import Token, union
from pipeline.stages.extraction.parsed import Parsed, joined
from pipeline.stages.extraction.spans import Pages, Span
from pipeline.stages.extraction.tables import find_table
from pipeline.stages.extraction.validators import warn
from pipeline.stages.extraction.values import parse
from pipeline.stages.extraction.wordings import ELLIPSIS, letters
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
_OPTION_BOXED: Final = 85.0
_FIRST_LETTERS: Final = 60.0
_RUNS_ON: Final = 20
"""Letters of an option that must stand on its first row."""
_UNSEEN: Final = 4
"""One in so many options may be missing."""
_SURE_TICK: Final = 0.98
"""Confidence of an option told by ink."""


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
    starts, text = _joined(place.row.tokens)
    folded = fold(text)
    for match in _DATE_LINE.finditer(folded):
        before = folded[: match.start()].rstrip()
        used = _within(place.row.tokens, starts, match.start(), match.end())
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


def _joined(tokens: Sequence[Token]) -> tuple[list[int], str]:
    """Where each token starts in the text of all."""
    starts, position = [], 0
    for token in tokens:
        starts.append(position)
        position += len(token.text) + 1
    return starts, " ".join(token.text for token in tokens)


def _within(
    tokens: Sequence[Token], starts: Sequence[int], begin: int, end: int
) -> tuple[Token, ...]:
    return tuple(
        token
        for token, start in zip(tokens, starts, strict=True)
        if start < end and start + len(token.text) > begin
    )


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
            starts, text = _joined(place.row.tokens)
            if found := pattern.search(fold(text)):
                value = squash(text[found.start() : found.end()])
                used = _within(place.row.tokens, starts, found.start(), found.end())
                return Placed(place, Parsed(value, used))
    return None


def inclusive(pages: Pages, field: FieldType) -> Placed | None:
    """The name that begins with its label; the central agency only where no other stands there.

    A name within a sentence, and a central agency where a sentence names another, are doubted.
    """
    spans = list(pages.spans(field.name, long=False))
    beside = [span.match for span in spans if span.tokens and not span.below]
    named = [
        (_heads(span), placed)
        for span in spans
        if not (span.below and span.match in beside)
        and (placed := _named(span, pages, field)) is not None
    ]
    leading = [placed for leads, placed in named if leads]
    others = [_doubted(placed, LABEL_UNSURE) for leads, placed in named if not leads]
    if local := [placed for placed in leading if not _central(placed)]:
        return local[0]
    loud = [placed for placed in others if placed.parsed.value.isupper() and not _central(placed)]
    if loud or not leading:
        return next(iter(loud or others), None)
    return _doubted(leading[0], LABEL_UNSURE) if others else leading[0]


def _central(placed: Placed) -> bool:
    return fold(placed.parsed.value).endswith("viet nam")


def _heads(span: Span) -> bool:
    """True where the name stands for itself, or is addressed; not within a sentence."""
    return _ADDRESSEE in span.match.label.letters or (span.match.leads and not span.behind_label)


def _doubted(placed: Placed, reason: str) -> Placed:
    verdicts = (*placed.parsed.verdicts, warn(reason))
    return replace(placed, parsed=replace(placed.parsed, verdicts=verdicts))


def _named(span: Span, pages: Pages, field: FieldType) -> Placed | None:
    place = span.place
    if not (place.head or place.sheet.page == 0):
        return None
    tokens = [*place.row.tokens[span.match.start : span.match.end], *span.tokens]
    while tokens and letters(joined(tokens)).startswith(_ADDRESSEE):
        tokens = tokens[1:]
        if letters(joined(tokens)).startswith("gui"):
            tokens = tokens[1:]
    further, unsure = ([], False) if span.below else centred_on(pages, place, tokens)
    tokens += further
    value = joined(tokens).lstrip("-: ")
    if not (span.tokens or further) or not value:
        return None
    plain = parse(tokens, field)
    verdicts = () if plain is None else plain.verdicts
    value = as_labelled(value, span.match.label.text)
    named = Placed(place, Parsed(value, tuple(tokens), verdicts))
    return _doubted(named, EXTENT_UNSURE) if unsure else named


def as_labelled(value: str, label: str) -> str:
    """A value that begins with its label (`INCLUSIVE`), that part of it spelt as the label is.

    The wording of a form is known: of `BẢO HIẾM XÃ HỘI tỉnh …` only the mark is misread.
    """
    known = label.rpartition(":")[2].strip()
    head = value[: len(known)]
    if fold(head) != fold(known):
        return value
    return (known.upper() if head.isupper() else known) + value[len(known) :]


def ticked(
    pages: Pages, field: FieldType, catalogue: Catalogue, code: str, pixels: PagePixels | None
) -> Placed | None:
    """The option whose box is marked.

    Sure only where all other boxes are empty; of many options one may be worded so that it is not
    found. With page images missing the words alone tell (`X`, `☒` before an option), for a person
    to confirm.
    """
    options = _options(field, catalogue, code)
    seen = [] if pixels is None else list(_boxes(pages, options, pixels))
    marked = [option for option in seen if option.tick.mark is Mark.MARKED]
    if len(marked) == 1:
        option = marked[0]
        others = [other for other in seen if other is not option]
        unseen = len(options) - len(seen)
        enough = len(seen) > 1 and unseen <= len(options) // _UNSEEN
        sure = enough and all(other.tick.mark is Mark.EMPTY for other in others)
        tokens = tuple(replace(token, confidence=_SURE_TICK) for token in option.tokens)
        verdicts = () if sure else (warn("CHECKBOX"),)
        return Placed(option.place, Parsed(option.value, tokens, verdicts))
    if len(seen) == len(options) and all(option.tick.mark is Mark.EMPTY for option in seen):
        return None
    return _ticked_by_words(pages, options)


@dataclass(frozen=True, slots=True)
class _Option:
    """A printed option and the box beside it."""

    value: str
    place: LabelledRow
    tokens: tuple[Token, ...]
    tick: TickBox


def _boxes(
    pages: Pages, options: Sequence[tuple[str, str]], pixels: PagePixels
) -> Iterator[_Option]:
    """Options with a box, each at the first place where one stands beside it."""
    taken: set[Token] = set()
    for text, value in options:
        for place, tokens in _printed(pages, text):
            if not taken.isdisjoint(tokens):
                continue
            gray, around = pixels(place.sheet.page), union(tokens)
            first = tokens[0].box
            height = min(place.row.height, first.height * 1.2)
            tick = tick_box(gray, first, height) or tick_box(gray, around, height, right=True)
            if tick is not None:
                taken.update(tokens)
                yield _Option(value, place, tokens, tick)
                break


def _printed(pages: Pages, text: str) -> Iterator[tuple[LabelledRow, tuple[Token, ...]]]:
    """Places where an option is printed; it may run on into the next row."""
    wanted = letters(text)
    for place in pages.rows:
        tokens = place.row.tokens
        for index, token in enumerate(tokens):
            if fuzz.ratio(letters(token.text)[:3], wanted[:3]) < _FIRST_LETTERS:
                continue
            used, window = 0, ""
            while used < len(tokens) - index and len(window) < len(wanted):
                window += letters(tokens[index + used].text)
                used += 1
            to_end = index + used == len(tokens) and len(window) >= _RUNS_ON
            known = wanted[: len(window)] if to_end else wanted
            if used and fuzz.ratio(window, known) >= _OPTION_BOXED:
                yield place, tokens[index : index + used]


def _ticked_by_words(pages: Pages, options: Sequence[tuple[str, str]]) -> Placed | None:
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


def table(pages: Pages, field: FieldType, pixels: PagePixels | None) -> Placed | None:
    """The rows of a table (`tables`), for a person to confirm."""
    found = find_table(pages, field, pixels)
    if found is None:
        return None
    return Placed(found.place, Parsed(found.text, found.tokens, (warn("TABLE"),)))
