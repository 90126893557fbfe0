"""Of all that may be a field's value on a paper, the likeliest; and how sure its words are.

May not come in: verdicts that need other fields or a second reading (`extracting`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from rapidfuzz import fuzz

from pipeline.catalogue import Catalogue, ComponentType, FieldType
from pipeline.stages.extraction import placed as places
from pipeline.stages.extraction.amounts import AMOUNT_SMALL
from pipeline.stages.extraction.extent import EXTENT_UNSURE
from pipeline.stages.extraction.ink import PagePixels
from pipeline.stages.extraction.labels import LabelledRow
from pipeline.stages.extraction.layout import Token
from pipeline.stages.extraction.parsed import Parsed
from pipeline.stages.extraction.spans import Pages, Span
from pipeline.stages.extraction.validators import Outcome, warn
from pipeline.stages.extraction.values import parse
from pipeline.stages.extraction.whose import (
    OF_THE_PERSON,
    behind_name,
    names_another,
)
from pipeline.stages.extraction.wordings import ELLIPSIS, INCLUSIVE, OWN_NAME, owner_of
from pipeline.textnorm import fold

_EXACT: Final = frozenset({"code", "date", "datetime", "amount", "phone", "integer", "percent"})
"""Types where one wrong sign is a wrong value: the least sure word decides."""
SIGNATURE: Final = "signature"
"""Ink and seals are not words: a person looks."""
_PERSON: Final = "person_name"
LONG: Final = frozenset({"text", "address"})
_TAKEN_FOR_NOTES: Final = LONG | {"integer", "percent", "phone", "duration"}
"""Types whose values may begin with a number in brackets."""
_OF_WORDS: Final = LONG | {_PERSON}
"""Types that a word more or less is not told by."""
CARD_KIND: Final = "identity"
"""Papers whose values run on over short rows."""
_SIGNS_NEED_MORE: Final = 1.5
"""Misread digits come with confidences up to 0.9; sound print gives 0.95 and more."""
_LENT: Final = 0.3
"""Of the rank: a form's own wording goes before one that says the same."""
_OF_PARTS: Final = "duration"
"""Type whose first part is a value, too: `15 năm 3 tháng`."""
_OF_DIGITS: Final = frozenset({"code", "phone", "integer", "amount"})
"""Types that digits of another number may be taken into."""
_BEFORE_VALUES: Final = frozenset(
    {"", "ngay", "so", "la", "vnd", "luc", "hoi", "ong", "ba", "ong/ba"}
)
"""Words that belong to no value, but may stand before it."""
_AROUND: Final = " .,:;()-"
_ENDS: Final = (",", ";", ".", ")")
_BEFORE_GIVEN: Final = frozenset({"thi", "van"})
_LONGEST_NAME: Final = 5
"""Words of a name at most, where it runs on over a row's end."""
_GIVEN: Final = 2
"""Words of a given name at most."""
_MORE: Final = 0.15
"""Of the rank: a value that goes on in the next row goes before its first part."""
_TELEPHONE: Final = "Điện thoại"
"""In a letterhead it is the office's."""
_SMALL: Final = 0.4
"""Of the rank: a rate behind `… lương hưu: 75%` is no amount, where there is another."""
UNSURE_LABEL: Final = 0.9
_SOUNDS_VIET: Final = 65.0
"""`Việt Nam` beside an unread label is a nationality, no sex."""
_KINDS_WITH_HEAD_NUMBER: Final = frozenset({"doc_number", "notice_number", "kcb_number"})


@dataclass(frozen=True, slots=True)
class Candidate:
    """What may be a field's value."""

    place: LabelledRow
    parsed: Parsed
    label_sure: bool = True
    of_whom_unsure: bool = False
    """Its label is not the form's own wording, or does not stand below the name of whom it is."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A component as it is searched for values."""

    kind: ComponentType
    pages: Pages
    catalogue: Catalogue
    pixels: PagePixels | None
    agents: frozenset[int]
    """Numbers of rows about who acts for the person, see `agents_rows`."""


def find(field: FieldType, paper: Paper) -> Candidate | None:
    """The likeliest value of a field; None where nothing on the paper may be one.

    Raises:
        UnreadableScan: as `PagePixels`.
    """
    pages, pixels, kind = paper.pages, paper.pixels, paper.kind
    if field.type == SIGNATURE:
        return None
    if field.type == "single_checkbox" or (field.type == "enum" and field.pattern is None):
        return _placed(places.ticked(pages, field, paper.catalogue, kind.code, pixels))
    if field.type == "table":
        return _placed(places.table(pages, field, pixels))
    if field.name in INCLUSIVE:
        return _placed(places.inclusive(pages, field))
    best = _best(field, paper, flush=kind.kind != CARD_KIND)
    if best is None and any(ELLIPSIS in label for label in field.labels):
        is_date = field.type == "date"
        return _placed(places.date_line(pages, field) if is_date else places.blanks(pages, field))
    return best


def _placed(found: places.Placed | None) -> Candidate | None:
    return None if found is None else Candidate(found.place, found.parsed)


def _best(field: FieldType, paper: Paper, *, flush: bool) -> Candidate | None:
    pages = paper.pages
    best: tuple[float, Candidate] | None = None
    read: list[Candidate] = []
    for span in pages.spans(field.name, long=field.type in LONG, flush=flush):
        if field.type == _PERSON and names_another(span):
            continue
        if field.name in OF_THE_PERSON and pages.index(span.place) in paper.agents:
            continue
        if field.type == _PERSON and span.begun:
            continue  # `_whole_name` looks at the next row
        if span.match.label.lent and not _may_be_lent(field, span, pages):
            continue
        parsed = _gender(span) if field.type == "enum" else parse(span.tokens, field)
        unsure = span.unsure or _in_sentence(field, span)
        unsure = unsure or (span.torn and field.type in _OF_WORDS)
        unsure = unsure or (span.match.footnoted and field.type in _TAKEN_FOR_NOTES)
        if field.type == _PERSON and parsed is not None:
            parsed, torn = _whole_name(parsed, span, field, pages)
            unsure = unsure or torn
        if parsed is None:
            continue
        if span.over_end:
            parsed, torn = _over_end(parsed, span, field)
            unsure = unsure or torn
        if unsure or any(token is span.number for token in parsed.tokens):
            parsed = replace(parsed, verdicts=(*parsed.verdicts, warn(EXTENT_UNSURE)))
        unowned = _of_somebody_else(field, span, paper)
        rank = _rank(field, span, parsed) - _LENT * unowned
        read.append(
            Candidate(
                span.place,
                parsed,
                span.match.sure,
                of_whom_unsure=unowned or span.match.label.pattern is not None,
            )
        )
        if best is None or rank > best[0]:
            best = rank, read[-1]
    return None if best is None else _surest(best[1], read, field)


def _of_somebody_else(field: FieldType, span: Span, paper: Paper) -> bool:
    """True of a number that does not stand below the name of whom it should be: `agent_id`."""
    owner = owner_of(field.name)
    if owner == OWN_NAME or paper.kind.field(owner) is None:
        return False
    return not behind_name(span.place, paper.pages, owner)


def _may_be_lent(field: FieldType, span: Span, pages: Pages) -> bool:
    """False where another wording may be another one's.

    A number below other names, an office's telephone in its letterhead.
    """
    if span.match.label.pattern is not None:
        return behind_name(span.place, pages, owner_of(field.name))
    return not (span.match.label.text == _TELEPHONE and span.place.head)


def _whole_name(
    parsed: Parsed, span: Span, field: FieldType, pages: Pages
) -> tuple[Parsed | None, bool]:
    """A name with what the sentence's next row adds to it, and whether its end is uncertain.

    It is certain where the sentence goes on behind the name: `… Thân Bích`, `Hạnh, sinh ngày …`.
    """
    last = parsed.tokens[-1]
    if pages.ends_in_label(span.place, last):
        return parsed, True
    more = pages.wrapped(span.place, last)
    if not more:
        return parsed, False
    whole = parse((*span.tokens, *more), field)
    if whole is None:
        return parsed, True
    used = len(whole.tokens) - len(parsed.tokens)
    ended = used > 0 and whole.tokens[-1].text.endswith((",", ";"))
    begun = len(parsed.tokens) == 1 or fold(last.text) in _BEFORE_GIVEN
    rest = ended and used <= _GIVEN
    if span.match.colon:
        return (whole if rest and len(parsed.tokens) <= _GIVEN else parsed), True
    told = rest and len(whole.tokens) <= _LONGEST_NAME
    if not told and not (begun and 0 < used < len(more) and more[used].text[:1].islower()):
        return (whole if used <= _GIVEN else parsed), True
    return whole, used == len(more)


def _over_end(parsed: Parsed, span: Span, field: FieldType) -> tuple[Parsed, bool]:
    """A value over the end of a row, or of the row behind its label's; whether it is uncertain.

    What is a value on its own row already, what stands amid the next row's text, and figures of
    two rows, a person sees.
    """
    own = parse(span.tokens[: span.begun], field) if span.begun else None
    if own is not None and not own.verdicts:
        goes_on = len(parsed.tokens) > len(own.tokens) and parsed.value != own.value
        longer = goes_on and field.type == _OF_PARTS
        return (parsed if longer else own), goes_on or bool(parsed.verdicts)
    if field.type in LONG:
        return parsed, False
    first, last = (_place_of(span.tokens, parsed.tokens[at]) for at in (0, -1))
    before, after = span.tokens[:first], span.tokens[last + 1 : last + 2]
    direct = all(token.folded.strip(_AROUND) in _BEFORE_VALUES for token in before)
    ended = not after or span.tokens[last].text.endswith(_ENDS)
    if field.type == _PERSON:
        ended = ended or after[0].text[:1].islower()
    glued = first < span.begun <= last and field.type in _OF_DIGITS
    return parsed, glued or not (direct and ended)


def _place_of(tokens: Sequence[Token], wanted: Token) -> int:
    return next(i for i, token in enumerate(tokens) if token is wanted)


def _in_sentence(field: FieldType, span: Span) -> bool:
    """Free text behind words of a sentence: where it begins is not told by its label."""
    match = span.match
    small = span.place.row.tokens[match.start].text[:1].islower()
    alone = match.leads and not (span.behind_label or small)
    return field.type in LONG and not (match.closed or alone)


def _surest(best: Candidate, read: Sequence[Candidate], field: FieldType) -> Candidate:
    """Of readings of one value printed twice (both halves of a form), the surest."""
    same = [c for c in read if c.parsed.value == best.parsed.value and not c.parsed.verdicts]
    if best.parsed.verdicts or not same:
        return best
    return max(same, key=lambda candidate: certainty(field, candidate))


def _rank(field: FieldType, span: Span, parsed: Parsed) -> float:
    """Better candidates of one field first; equal ones stay in reading order."""
    rank = span.match.score / 100
    rank += 0.5 if span.match.colon or span.celled else 0.2 if span.match.leads else 0.0
    rank -= 0.1 if span.below else 0.0
    rank += _MORE if span.begun and parsed.verdicts else 0.0
    rank -= _LENT if span.match.label.lent or span.behind_phrase else 0.0
    rank -= _SMALL * any(v.reason == AMOUNT_SMALL for v in parsed.verdicts)
    rank -= 0.6 * any(v.outcome is Outcome.ERROR for v in parsed.verdicts)
    rank -= 0.1 * any(v.outcome is Outcome.WARN for v in parsed.verdicts)
    if field.name in _KINDS_WITH_HEAD_NUMBER:
        rank += 0.8 if span.place.head else 0.0
    return rank


def _gender(span: Span) -> Parsed | None:
    """`Nam` or `Nữ`; with both printed, the ticked one, for a person."""
    seen: list[tuple[str, Token]] = []
    for before, token in zip((None, *span.tokens), span.tokens, strict=False):
        word = fold(token.text).strip(" .,;:()[]/")
        country = before is not None and fuzz.ratio(fold(before.text), "viet") >= _SOUNDS_VIET
        if word in ("nam", "nu") and not country:
            seen.append(({"nam": "Nam", "nu": "Nữ"}[word], token))
    if not seen:
        return None
    if len({value for value, _ in seen}) == 1:
        value, token = seen[0]
        return Parsed(value, (token,))
    return None


def certainty(field: FieldType, candidate: Candidate) -> float:
    """How surely a candidate's words were read, 0 to 1: of exact types the least sure decides."""
    sure = _confidence(field, candidate.parsed.tokens)
    return sure if candidate.label_sure else sure * UNSURE_LABEL


def _confidence(field: FieldType, tokens: Sequence[Token]) -> float:
    sure = [token.confidence for token in tokens]
    if field.type in _EXACT:
        return float(min(sure) ** _SIGNS_NEED_MORE)
    weights = [max(len(token.text), 1) for token in tokens]
    mean = sum(c * w for c, w in zip(sure, weights, strict=True)) / sum(weights)
    return (mean + min(sure)) / 2
