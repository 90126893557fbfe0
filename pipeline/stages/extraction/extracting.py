"""From words to a `FieldSet`: every field of the catalogue's entry found, judged, placed.

A value is accepted only where it is confident and every check is content; all else is a question
to a person. A wrong number taken for certain is the failure to fear. May not come in: comparison
of several papers (`crosscheck`), rules of single values (`validators`).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from rapidfuzz import fuzz

from pipeline import ids
from pipeline.catalogue import Catalogue, ComponentType, FieldType
from pipeline.errors import OcrError
from pipeline.models.base import Box
from pipeline.models.components import Classified
from pipeline.models.fields import FieldSet, FieldStatus, FieldValue
from pipeline.models.pages import Symbol
from pipeline.models.review import ReviewItem, ReviewKind
from pipeline.models.split import DossierSlot
from pipeline.models.text import HALF_SEEN, PageText
from pipeline.ports.reading import OcrEngine
from pipeline.settings import FieldSettings
from pipeline.stages.extraction import placed as places
from pipeline.stages.extraction.dates import PartialDate
from pipeline.stages.extraction.evidence import Second, kind_of
from pipeline.stages.extraction.extent import EXTENT_UNSURE, LABEL_UNSURE, cut_short
from pipeline.stages.extraction.identity import CardFacts
from pipeline.stages.extraction.ink import PagePixels
from pipeline.stages.extraction.judging import Papers, judge
from pipeline.stages.extraction.labels import LabelledRow
from pipeline.stages.extraction.layout import Token, sheet, union
from pipeline.stages.extraction.numerals import parse_date_words, parse_number_words
from pipeline.stages.extraction.rereading import Rereader
from pipeline.stages.extraction.spans import INCLUSIVE, Pages, Span, label_rows
from pipeline.stages.extraction.trust import Calibration
from pipeline.stages.extraction.validators import Outcome, Verdict, amount_value, warn
from pipeline.stages.extraction.values import Parsed, joined, parse, partial_date
from pipeline.stages.extraction.wordings import ELLIPSIS, form_labels
from pipeline.textnorm import fold
from pipeline.vietnamese import family_names, placed_alike

LOW_CONFIDENCE: Final = "LOW_CONFIDENCE"
"""Reason of a value that only its confidence speaks against."""
READINGS_DIFFER: Final = "READINGS_DIFFER"
"""Reason of a value that a second reading did not give."""
HANDWRITTEN: Final = "HANDWRITTEN"
"""Reason of a value that a pen wrote: what engines are sure of was measured on print alone."""

_EXACT: Final = frozenset({"code", "date", "datetime", "amount", "phone", "integer", "percent"})
"""Types where one wrong sign is a wrong value: the least sure word decides."""
_SIGNATURE: Final = "signature"
"""Ink and seals are not words: a person looks."""
_LONG: Final = frozenset({"text", "address"})
_TAKEN_FOR_NOTES: Final = _LONG | {"integer", "percent", "phone", "duration"}
"""Types whose values may begin with a number in brackets."""
_OF_WORDS: Final = _LONG | {"person_name"}
"""Types that a word more or less is not told by."""
_CARD_KIND: Final = "identity"
"""Papers whose values run on over short rows."""
_SIGNS_NEED_MORE: Final = 1.5
"""Misread digits come with confidences up to 0.9; sound print gives 0.95 and more."""
_LENT: Final = 0.3
"""Of the rank: a form's own wording goes before one that says the same."""
_PERSON: Final = "person_name"
_OF_PARTS: Final = "duration"
"""Type whose first part is a value, too: `15 năm 3 tháng`."""
_BEFORE_VALUES: Final = frozenset(
    {"", "ngay", "so", "la", "vnd", "luc", "hoi", "ong", "ba", "ong/ba"}
)
"""Words that belong to no value, but may stand before it."""
_AROUND: Final = " .,:;()-"
_ENDS: Final = (",", ";", ".", ")")
_BEFORE_GIVEN: Final = frozenset({"thi", "van"})
_GIVEN: Final = 2
"""Words of a given name at most."""
_MORE: Final = 0.15
"""Of the rank: a value that goes on in the next row goes before its first part."""
_UNSURE_LABEL: Final = 0.9
_WORDS_AGREE: Final = 0.97
_SOUNDS_VIET: Final = 65.0
"""`Việt Nam` beside an unread label is a nationality, no sex."""
_OTHER_PERSON: Final = ("nguoi", "cha", "me", "con", "vo", "chong", "than nhan", "giam ho", "bo")
_PAPERS_PERSON: Final = ("nguoi benh", "nguoi lao dong", "nguoi huong", "nguoi tham gia")
"""How papers call the one they are about."""
_OF_THE_PERSON: Final = frozenset(
    {"full_name", "birth_date", "gender", "id_number", "bhxh_code", "phone", "email", "address"}
)
"""Fields that forms ask for of whoever acts for the person, too, in a section of its own."""
_AGENT: Final = re.compile(
    r"(?:\(?\d{1,2}[.,)]* |[ivx]+[.,] |[a-h][.,] )?"
    r"(?:thong tin (?:ve |cua )?)?(?:ho va ten |ho,? ten )?"
    r"(?:nguoi|ben) (?:dai dien )?duoc uy quyen\b"
)
"""How that section begins, folded; with a capital or a number."""
_OWN_NAME: Final = "full_name"
_NAME_ABOVE: Final = 8
"""Rows below a person's name in which what is asked of that person stands."""
_KINDS_WITH_HEAD_NUMBER: Final = frozenset({"doc_number", "notice_number", "kcb_number"})


@dataclass(frozen=True, slots=True)
class Extraction:
    """What was read on one component, and what a person is asked about it."""

    fields: FieldSet
    reviews: tuple[ReviewItem, ...]


@dataclass(frozen=True, slots=True)
class _Candidate:
    place: LabelledRow
    parsed: Parsed
    label_sure: bool = True
    of_whom_unsure: bool = False
    """Its label names identity papers in words that are not the form's own."""


@dataclass(frozen=True, slots=True)
class ReadPages:
    """What is known of a component's pages."""

    texts: Sequence[PageText]
    """Recognised pages, in the component's order."""
    symbols: Sequence[Symbol] = ()
    """Found on its pages; the QR of an identity card outranks its print."""
    pixels: PagePixels | None = None
    """Page images, asked for only where ticks or tables are sought or a value is read again; None:
    a person is asked about ticks, and tables are told by their words."""
    engine: OcrEngine | None = None
    """Reads doubtful values a second time; None: nothing is read again."""

    @property
    def rereader(self) -> Rereader | None:
        """Reads places of these pages again, None where that cannot be done."""
        if self.pixels is None or self.engine is None:
            return None
        return Rereader(self.pixels, self.engine)


def extract(
    component: Classified,
    read: ReadPages,
    catalogue: Catalogue,
    settings: FieldSettings,
    batch_id: str,
    today: dt.date,
    dossier: DossierSlot | None = None,
    calibration: Calibration | None = None,
) -> Extraction:
    """Read the fields of one component.

    Args:
        component: type and pages.
        read: its pages.
        catalogue: labels, types, patterns.
        settings: from which confidence a value is accepted where no calibration says so.
        batch_id: for the ids of the questions.
        today: legal day, for dates that cannot lie ahead.
        dossier: what is known of the component's dossier: its case may ask more of a value.
        calibration: what was measured of the engine that read the pages; None, or that of another
            engine: only the settings count.

    Raises:
        NotFound: `COMPONENT_CODE_UNKNOWN`.
        UnreadableScan: as `ReadPages.pixels`.
        MissingToolError: as `OcrEngine.read`.
    """
    kind = catalogue.component(component.code)
    at = {index: number for number, index in enumerate(component.pages)}
    sheets = [sheet(text, at.get(text.index, number)) for number, text in enumerate(read.texts)]
    pages = label_rows(sheets, form_labels(kind), read.pixels)
    paper = _Paper(kind, pages, catalogue, read.pixels, _agents_rows(pages))
    card = None
    if kind.kind == _CARD_KIND:
        card = CardFacts.of(read.symbols, read.texts, today)
    values: list[FieldValue] = []
    sources: dict[str, _Candidate] = {}
    """Of values that nothing but their reading speaks for."""
    for field in kind.fields:
        found = _found(field, paper)
        printed, witnessed = (None, False) if found is None else _value(field, found, paper.pages)
        value = _field(field, printed, card, settings)
        if value is not None:
            values.append(value)
        if found is not None and value is printed and not witnessed:
            sources[field.name] = found
    procedure, case = (dossier.procedure, dossier.case) if dossier is not None else (None, None)
    papers = Papers(kind, catalogue, today, procedure, case)
    if calibration is not None and not all(calibration.of(t.engine) for t in read.texts if t.lines):
        calibration = None
    scales = _Scales(settings, calibration, read.rereader, paper)
    judged = tuple(
        _settled(value, papers, values, scales, sources.get(value.name)) for value in values
    )
    fields = FieldSet(
        component_id=component.component_id,
        code=component.code,
        fields=judged,
        catalogue_version=catalogue.version,
        catalogue_sha256=catalogue.sha256,
    )
    return Extraction(fields, tuple(_questions(component, judged, batch_id)))


@dataclass(frozen=True, slots=True)
class _Paper:
    """A component as it is searched for values."""

    kind: ComponentType
    pages: Pages
    catalogue: Catalogue
    pixels: PagePixels | None
    agents: frozenset[int]
    """Numbers of rows about who acts for the person, see `_agents_rows`."""


@dataclass(frozen=True, slots=True)
class _Scales:
    """What weighs how sure a value is."""

    settings: FieldSettings
    calibration: Calibration | None
    reread: Rereader | None
    paper: _Paper


def _field(
    field: FieldType, printed: FieldValue | None, card: CardFacts | None, settings: FieldSettings
) -> FieldValue | None:
    """The value of a field: the card's code before print; a required one is never left out."""
    if card is not None and (coded := card.value(field.name)) is not None:
        return card.over_print(
            coded, field, printed, clear_from=_asked(field, settings), loose=field.type in _LONG
        )
    if printed is None and field.required:
        return FieldValue(
            name=field.name,
            value="",
            confidence=0.0,
            status=FieldStatus.REVIEW,
            reasons=("SIGNATURE" if field.type == _SIGNATURE else "MISSING",),
        )
    return printed


def _found(field: FieldType, paper: _Paper) -> _Candidate | None:
    pages, pixels, kind = paper.pages, paper.pixels, paper.kind
    if field.type == _SIGNATURE:
        return None
    if field.type == "single_checkbox" or (field.type == "enum" and field.pattern is None):
        return _placed(places.ticked(pages, field, paper.catalogue, kind.code, pixels))
    if field.type == "table":
        return _placed(places.table(pages, field, pixels))
    if field.name in INCLUSIVE:
        return _placed(places.inclusive(pages, field))
    best = _best(field, paper, flush=kind.kind != _CARD_KIND)
    if best is None and any(ELLIPSIS in label for label in field.labels):
        is_date = field.type == "date"
        return _placed(places.date_line(pages, field) if is_date else places.blanks(pages, field))
    return best


def _placed(found: places.Placed | None) -> _Candidate | None:
    return None if found is None else _Candidate(found.place, found.parsed)


def _best(field: FieldType, paper: _Paper, *, flush: bool) -> _Candidate | None:
    pages = paper.pages
    best: tuple[float, _Candidate] | None = None
    read: list[_Candidate] = []
    for span in pages.spans(field.name, long=field.type in _LONG, flush=flush):
        if field.type == "person_name" and _names_another(span):
            continue
        if field.name in _OF_THE_PERSON and pages.index(span.place) in paper.agents:
            continue
        if field.type == "person_name" and span.begun:
            continue  # `_whole_name` looks at the next row
        if span.match.label.pattern is not None and not _behind_name(span.place, pages):
            continue
        parsed = _gender(span) if field.type == "enum" else parse(span.tokens, field)
        unsure = span.unsure or _in_sentence(field, span)
        unsure = unsure or (span.torn and field.type in _OF_WORDS)
        unsure = unsure or (span.match.footnoted and field.type in _TAKEN_FOR_NOTES)
        if field.type == "person_name" and parsed is not None:
            parsed, torn = _whole_name(parsed, span, field, pages)
            unsure = unsure or torn
        if parsed is None:
            continue
        if span.over_end:
            parsed, torn = _over_end(parsed, span, field)
            unsure = unsure or torn
        if unsure or any(token is span.number for token in parsed.tokens):
            parsed = replace(parsed, verdicts=(*parsed.verdicts, warn(EXTENT_UNSURE)))
        rank = _rank(field, span, parsed)
        read.append(
            _Candidate(
                span.place,
                parsed,
                span.match.sure,
                of_whom_unsure=span.match.label.pattern is not None,
            )
        )
        if best is None or rank > best[0]:
            best = rank, read[-1]
    return None if best is None else _surest(best[1], read, field)


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
    if span.match.colon and not (rest and begun):
        return (whole if rest and len(parsed.tokens) <= _GIVEN else parsed), True
    goes_on = 0 < used < len(more) and (ended or more[used].text[:1].islower())
    return whole, not goes_on


def _over_end(parsed: Parsed, span: Span, field: FieldType) -> tuple[Parsed, bool]:
    """A value over the end of a row, or of the row behind its label's; whether it is uncertain.

    What is a value on its own row already, and what stands amid the next row's text, a person
    sees.
    """
    own = parse(span.tokens[: span.begun], field) if span.begun else None
    if own is not None and not own.verdicts:
        goes_on = len(parsed.tokens) > len(own.tokens) and parsed.value != own.value
        longer = goes_on and field.type == _OF_PARTS
        return (parsed if longer else own), goes_on
    if span.begun or field.type in _LONG:
        return parsed, False
    first, last = (_place_of(span.tokens, parsed.tokens[at]) for at in (0, -1))
    direct = all(token.folded.strip(_AROUND) in _BEFORE_VALUES for token in span.tokens[:first])
    after = span.tokens[last + 1 : last + 2]
    ended = not after or span.tokens[last].text.endswith(_ENDS)
    if field.type == _PERSON:
        ended = ended or after[0].text[:1].islower()
    return parsed, not (direct and ended)


def _place_of(tokens: Sequence[Token], wanted: Token) -> int:
    return next(i for i, token in enumerate(tokens) if token is wanted)


def _in_sentence(field: FieldType, span: Span) -> bool:
    """Free text behind words of a sentence: where it begins is not told by its label."""
    match = span.match
    small = span.place.row.tokens[match.start].text[:1].islower()
    alone = match.leads and not (span.behind_label or small)
    return field.type in _LONG and not (match.closed or alone)


def _surest(best: _Candidate, read: Sequence[_Candidate], field: FieldType) -> _Candidate:
    """Of readings of one value printed twice (both halves of a form), the surest."""
    same = [c for c in read if c.parsed.value == best.parsed.value and not c.parsed.verdicts]
    if best.parsed.verdicts or not same:
        return best
    return max(same, key=lambda candidate: _certainty(field, candidate))


def _rank(field: FieldType, span: Span, parsed: Parsed) -> float:
    """Better candidates of one field first; equal ones stay in reading order."""
    rank = span.match.score / 100
    rank += 0.5 if span.match.colon or span.celled else 0.2 if span.match.leads else 0.0
    rank -= 0.1 if span.below else 0.0
    rank += _MORE if span.begun and parsed.verdicts else 0.0
    rank -= _LENT if span.match.label.lent else 0.0
    rank -= 0.6 * any(v.outcome is Outcome.ERROR for v in parsed.verdicts)
    rank -= 0.1 * any(v.outcome is Outcome.WARN for v in parsed.verdicts)
    if field.name in _KINDS_WITH_HEAD_NUMBER:
        rank += 0.8 if span.place.head else 0.0
    return rank


def _names_another(span: Span) -> bool:
    """`Họ và tên người …:` where the label only says `Họ và tên`."""
    return _others(span.match.tail)


def _others(tail: str) -> bool:
    """True of what stands between a name's label and its colon where it names another person."""
    tail = tail.strip(" (,/")
    return tail.startswith(_OTHER_PERSON) and not tail.startswith(_PAPERS_PERSON)


def _agents_rows(pages: Pages) -> frozenset[int]:
    """Numbers of rows that say who acts for the person, and what stands below them.

    Such a section follows the person's own name, and ends where the same name stands again.
    """
    rows: set[int] = set()
    own: str | None = None
    within = False
    for number, place in enumerate(pages.rows):
        name = _own_name(place)
        if name is not None:
            within = within and name != own
            own = own or name
        capital = not place.row.tokens[0].text[:1].islower()
        if capital and _AGENT.match(" ".join(token.folded for token in place.row.tokens)):
            within = own is not None
        if within:
            rows.add(number)
    return frozenset(rows)


def _behind_name(place: LabelledRow, pages: Pages) -> bool:
    """True where the last name above, and not far, is the person's own."""
    index = pages.index(place)
    for above in reversed(pages.rows[max(index - _NAME_ABOVE, 0) : index]):
        if any(_OWN_NAME in match.fields for match in above.matches):
            return _own_name(above) is not None
        if _names_somebody(above.row.tokens):
            return False
    return False


def _names_somebody(tokens: Sequence[Token]) -> bool:
    """True where a usual family name and another capital word stand behind a colon."""
    for before, first, second in zip(tokens, tokens[1:], tokens[2:], strict=False):
        words = first.text, second.text.rstrip(",;.")
        capital = all(word.isalpha() and word[0].isupper() for word in words)
        known = placed_alike(first.text.lower()) in family_names()
        if before.text.endswith(":") and capital and known:
            return True
    return False


def _own_name(place: LabelledRow) -> str | None:
    """What stands behind the label of the person's own name, folded; None where none does."""
    for match in place.matches:
        if _OWN_NAME in match.fields and not _others(match.tail):
            return " ".join(token.folded for token in place.row.tokens[match.end :])
    return None


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


def _value(field: FieldType, found: _Candidate, pages: Pages) -> tuple[FieldValue, bool]:
    """The printed value, and whether the same stands beside it in words."""
    witnessed = False
    parsed = found.parsed
    confidence = _certainty(field, found)
    verdicts: Iterable[Verdict] = parsed.verdicts
    if field.type == "amount" and (said := _amount_in_words(found.place, pages)) is not None:
        number = amount_value(parsed.value)
        if number is not None and int(number) == said:
            confidence, witnessed = max(confidence, _WORDS_AGREE), True
        else:
            verdicts = (*verdicts, warn("AMOUNT_WORDS"))
    if field.type == "date" and (day := _date_in_words(found, pages)) is not None:
        if str(PartialDate(day[2], day[1], day[0])) == parsed.value:
            confidence, witnessed = max(confidence, _WORDS_AGREE), True
        else:
            verdicts = (*verdicts, warn("DATE_WORDS"))
    reasons = tuple(v.reason for v in verdicts if v.reason is not None)
    value = FieldValue(
        name=field.name,
        value=parsed.value,
        confidence=round(confidence, 4),
        status=FieldStatus.REVIEW,
        reasons=reasons,
        page=found.place.sheet.page,
        box=_box(found),
    )
    return value, witnessed


def _box(found: _Candidate) -> Box:
    return found.place.sheet.to_points(union(found.parsed.tokens))


def _certainty(field: FieldType, candidate: _Candidate) -> float:
    sure = _confidence(field, candidate.parsed.tokens)
    return sure if candidate.label_sure else sure * _UNSURE_LABEL


def _confidence(field: FieldType, tokens: Sequence[Token]) -> float:
    sure = [token.confidence for token in tokens]
    if field.type in _EXACT:
        return float(min(sure) ** _SIGNS_NEED_MORE)
    weights = [max(len(token.text), 1) for token in tokens]
    mean = sum(c * w for c, w in zip(sure, weights, strict=True)) / sum(weights)
    return (mean + min(sure)) / 2


def _amount_in_words(place: LabelledRow, pages: Pages) -> int | None:
    """What `(Bằng chữ: …)` on the same or one of the next rows says."""
    start = pages.index(place)
    for index in range(start, min(start + 4, len(pages.rows))):
        row = pages.rows[index]
        if index > start and row.matches and row.matches[0].fields:
            return None
        for match in row.matches:
            if fold(match.label.text) == "bang chu":
                tokens = list(row.row.tokens[match.end :])
                if index + 1 < len(pages.rows) and not joined(tokens).endswith((")", "đồng")):
                    more = pages.rows[index + 1]
                    tokens += [] if more.matches else more.row.tokens
                words = joined(tokens).split(")")[0].rstrip("./ ")
                return parse_number_words(words)
    return None


def _date_in_words(found: _Candidate, pages: Pages) -> tuple[int, int, int] | None:
    """Day, month and year that stand in words behind the figures, on their row or the next."""
    tokens = list(_behind(found.place.row.tokens, found.parsed.tokens))
    index = pages.index(found.place)
    for place in pages.rows[index + 1 : index + 3]:
        if any(match.fields for match in place.matches):
            break
        tokens += place.row.tokens
    return parse_date_words(joined(tokens))


def _behind(row: Sequence[Token], used: Sequence[Token]) -> Iterator[Token]:
    """Tokens of a row right of the last one that a value has there."""
    last = next((i for i in reversed(range(len(row))) if row[i] in used), None)
    if last is not None:
        yield from row[last + 1 :]
    else:
        end = max((token.box.x1 for token in used), default=0.0)
        yield from (token for token in row if token.box.x0 >= end)


def _settled(
    value: FieldValue,
    papers: Papers,
    all_values: Sequence[FieldValue],
    scales: _Scales,
    found: _Candidate | None,
) -> FieldValue:
    """Verdicts that need the whole paper, then accepted or not."""
    if not value.value:
        return value
    beside: Mapping[str, str] = {other.name: other.value for other in all_values if other.value}
    reasons = [*value.reasons, *judge(value.name, value.value, beside, papers)]
    if found is not None and found.of_whom_unsure and not _born_alike(value.value, beside):
        reasons.append(LABEL_UNSURE)
    field = papers.kind.field(value.name)
    confidence = value.confidence
    if field is not None:
        confidence, doubts = _surety(field, value, scales, found, worth_it=not reasons)
        reasons += doubts
        # a doubt of confidence may be lifted by another paper, one of extent may not
        liftable = not reasons or reasons == [LOW_CONFIDENCE]
        if found is not None and _by_pen(found, scales.paper):
            reasons.append(HANDWRITTEN)
        if liftable and found is not None and _cut_short(field, found, scales.paper):
            reasons.append(EXTENT_UNSURE)
    unique = tuple(dict.fromkeys(reasons))
    status = FieldStatus.REVIEW if unique else FieldStatus.ACCEPTED
    return value.model_copy(
        update={"confidence": round(confidence, 4), "reasons": unique, "status": status}
    )


def _born_alike(number: str, beside: Mapping[str, str]) -> bool:
    """True of a personal number of somebody born in the year that the paper says (F.2)."""
    birth = partial_date(beside.get("birth_date", "") or beside.get("birth_year", ""))
    written = re.fullmatch(r"\d{4}(\d{2})\d{6}", number)
    return birth is not None and written is not None and int(written[1]) == birth.year % 100


def _by_pen(found: _Candidate, paper: _Paper) -> bool:
    """Cards may be printed in blue, but are never filled in."""
    return paper.kind.kind != _CARD_KIND and any(token.pen for token in found.parsed.tokens)


def _cut_short(field: FieldType, found: _Candidate, paper: _Paper) -> bool:
    """True where letters beside the value were not read; only words are looked at, no ticks."""
    if paper.pixels is None or kind_of(field, found.parsed.value) is None:
        return False
    return cut_short(found.place, found.parsed.tokens, field, paper.pixels)


def _surety(
    field: FieldType,
    value: FieldValue,
    scales: _Scales,
    found: _Candidate | None,
    *,
    worth_it: bool,
) -> tuple[float, tuple[str, ...]]:
    """Confidence, and what it lacks; a doubtful reading is done again if that is worth it.

    What a second source on the paper says (an amount in words, a card's code) needs neither. Where
    a seal may cover a part, a second reading sees as little as the first and proves nothing.
    """
    kind = kind_of(field, value.value)
    misplaced = (LABEL_UNSURE,) if found is not None and not found.label_sure else ()
    if found is None or kind is None or scales.calibration is None:
        enough = value.confidence >= _asked(field, scales.settings)
        return value.confidence, () if enough else (LOW_CONFIDENCE, *misplaced)
    tokens = found.parsed.tokens
    page = found.place.sheet.legible
    verdict = scales.calibration.judge(kind, tokens, page, None)
    seen_twice = None
    whole = all(token.confidence > HALF_SEEN for token in tokens)
    if not verdict.sure and worth_it and whole and scales.reread is not None:
        seen_twice = _second(field, value, found, scales.reread)
        if seen_twice is not None:
            verdict = scales.calibration.judge(kind, tokens, page, seen_twice)
    probability = verdict.probability * (_UNSURE_LABEL if misplaced else 1.0)
    if seen_twice is not None and not seen_twice.alike:
        return probability, (READINGS_DIFFER, *misplaced)
    return probability, misplaced if verdict.sure else (LOW_CONFIDENCE, *misplaced)


def _second(
    field: FieldType, value: FieldValue, found: _Candidate, reread: Rereader
) -> Second | None:
    """The second reading; None where the engine fails on it: the first one is there."""
    place = found.place.sheet
    try:
        tokens = reread(found.parsed.tokens, place.page, place.tilt)
    except OcrError:
        return None
    other = parse(tokens, field)
    return Second(other is not None and _says(other.value, value.value, field), tokens)


def _says(reading: str, value: str, field: FieldType) -> bool:
    """True where another reading gives a value; its label's own words are known."""
    known = field.labels if field.name in INCLUSIVE else ()
    return value in (reading, *(places.as_labelled(reading, label) for label in known))


def _asked(field: FieldType, settings: FieldSettings) -> float:
    """Least confidence for the kind of field."""
    if field.type == "person_name":
        return settings.accept_name_confidence
    return settings.accept_text_confidence if field.type in _LONG else settings.accept_confidence


def _questions(
    component: Classified, values: Iterable[FieldValue], batch_id: str
) -> Iterable[ReviewItem]:
    for value in values:
        if value.status is FieldStatus.REVIEW:
            yield ReviewItem(
                review_id=ids.review_id(batch_id, "FIELD", component.component_id, value.name),
                batch_id=batch_id,
                kind=ReviewKind.FIELD,
                reason=value.reasons[0],
                params={"component": component.code},
                dossier=component.dossier,
                component_id=component.component_id,
                page=value.page,
                field=value.name,
            )
