"""From words to a `FieldSet`: every field of the catalogue's entry found, judged, placed.

A value is accepted only where it is confident and every check is content; all else is a question
to a person. A wrong number taken for certain is the failure to fear. May not come in: comparison
of several papers (`crosscheck`), rules of single values (`validators`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pipeline import ids
from pipeline.catalogue import Catalogue, FieldType
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
from pipeline.stages.extraction.candidates import (
    CARD_KIND,
    LONG,
    SIGNATURE,
    UNSURE_LABEL,
    Candidate,
    Paper,
    certainty,
    find,
)
from pipeline.stages.extraction.dates import PartialDate
from pipeline.stages.extraction.evidence import Second, kind_of
from pipeline.stages.extraction.extent import EXTENT_UNSURE, LABEL_UNSURE, cut_short
from pipeline.stages.extraction.identity import CardFacts
from pipeline.stages.extraction.ink import PagePixels
from pipeline.stages.extraction.judging import Papers, judge
from pipeline.stages.extraction.labels import LabelledRow
from pipeline.stages.extraction.layout import Token, sheet, union
from pipeline.stages.extraction.numerals import parse_date_words, parse_number_words
from pipeline.stages.extraction.parsed import joined
from pipeline.stages.extraction.rereading import Rereader
from pipeline.stages.extraction.spans import Pages, label_rows
from pipeline.stages.extraction.trust import Calibration
from pipeline.stages.extraction.validators import Verdict, amount_value, warn
from pipeline.stages.extraction.values import parse
from pipeline.stages.extraction.whose import (
    agents_rows,
    born_alike,
)
from pipeline.stages.extraction.wordings import INCLUSIVE, form_labels
from pipeline.textnorm import fold

LOW_CONFIDENCE: Final = "LOW_CONFIDENCE"
"""Reason of a value that only its confidence speaks against."""
READINGS_DIFFER: Final = "READINGS_DIFFER"
"""Reason of a value that a second reading did not give."""
HANDWRITTEN: Final = "HANDWRITTEN"
"""Reason of a value that a pen wrote: what engines are sure of was measured on print alone."""

_WORDS_AGREE: Final = 0.97


@dataclass(frozen=True, slots=True)
class Extraction:
    """What was read on one component, and what a person is asked about it."""

    fields: FieldSet
    reviews: tuple[ReviewItem, ...]


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
    paper = Paper(kind, pages, catalogue, read.pixels, agents_rows(pages))
    card = None
    if kind.kind == CARD_KIND:
        card = CardFacts.of(read.symbols, read.texts, today)
    values: list[FieldValue] = []
    sources: dict[str, Candidate] = {}
    """Of values that nothing but their reading speaks for."""
    for field in kind.fields:
        found = find(field, paper)
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
class _Scales:
    """What weighs how sure a value is."""

    settings: FieldSettings
    calibration: Calibration | None
    reread: Rereader | None
    paper: Paper


def _field(
    field: FieldType, printed: FieldValue | None, card: CardFacts | None, settings: FieldSettings
) -> FieldValue | None:
    """The value of a field: the card's code before print; a required one is never left out."""
    if card is not None and (coded := card.value(field.name)) is not None:
        return card.over_print(
            coded, field, printed, clear_from=_asked(field, settings), loose=field.type in LONG
        )
    if printed is None and field.required:
        return FieldValue(
            name=field.name,
            value="",
            confidence=0.0,
            status=FieldStatus.REVIEW,
            reasons=("SIGNATURE" if field.type == SIGNATURE else "MISSING",),
        )
    return printed


def _value(field: FieldType, found: Candidate, pages: Pages) -> tuple[FieldValue, bool]:
    """The printed value, and whether the same stands beside it in words."""
    witnessed = False
    parsed = found.parsed
    confidence = certainty(field, found)
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


def _box(found: Candidate) -> Box:
    return found.place.sheet.to_points(union(found.parsed.tokens))


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


def _date_in_words(found: Candidate, pages: Pages) -> tuple[int, int, int] | None:
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
    found: Candidate | None,
) -> FieldValue:
    """Verdicts that need the whole paper, then accepted or not."""
    if not value.value:
        return value
    beside: Mapping[str, str] = {other.name: other.value for other in all_values if other.value}
    reasons = [*value.reasons, *judge(value.name, value.value, beside, papers)]
    if found is not None and found.of_whom_unsure and not born_alike(value.value, beside):
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


def _by_pen(found: Candidate, paper: Paper) -> bool:
    """Cards may be printed in blue, but are never filled in."""
    return paper.kind.kind != CARD_KIND and any(token.pen for token in found.parsed.tokens)


def _cut_short(field: FieldType, found: Candidate, paper: Paper) -> bool:
    """True where letters beside the value were not read; only words are looked at, no ticks."""
    if paper.pixels is None or kind_of(field, found.parsed.value) is None:
        return False
    return cut_short(found.place, found.parsed.tokens, field, paper.pixels)


def _surety(
    field: FieldType,
    value: FieldValue,
    scales: _Scales,
    found: Candidate | None,
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
    probability = verdict.probability * (UNSURE_LABEL if misplaced else 1.0)
    if seen_twice is not None and not seen_twice.alike:
        return probability, (READINGS_DIFFER, *misplaced)
    return probability, misplaced if verdict.sure else (LOW_CONFIDENCE, *misplaced)


def _second(
    field: FieldType, value: FieldValue, found: Candidate, reread: Rereader
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
    return settings.accept_text_confidence if field.type in LONG else settings.accept_confidence


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
