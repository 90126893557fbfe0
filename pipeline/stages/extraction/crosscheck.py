"""Papers of one dossier against each other: is this one person, one sum, one time?

Rules F.11 and F.12. A disagreement is a warning to the case officer and holds nothing. May not
come in: checks within one paper (`judging`).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeAlias

from pipeline import ids
from pipeline.catalogue import Catalogue
from pipeline.models.components import Classified
from pipeline.models.fields import FieldSet
from pipeline.models.review import ReviewItem, ReviewKind
from pipeline.stages.extraction.dates import find_date, parse_date
from pipeline.stages.extraction.names import same_name
from pipeline.stages.extraction.validators import amount_value

Paper: TypeAlias = tuple[Classified, FieldSet]

_NUMBERS: Final[Mapping[str, str]] = {
    "bhxh_code": "bhxh",
    "deceased_bhxh_code": "bhxh",
    "bhxh_or_card": "bhxh",
    "card_number": "bhxh",
    "id_number": "id",
    "personal_id": "id",
}
_ORDER: Final = ("form", "identity")
"""Kinds that say who the applicant is, best first."""
_DECISION: Final = "R_07B_HSB"
_HISTORY: Final = "R_04_HSB"
_PAYMENT_LIST: Final = "R_C97_HD"
_CLAIM: Final = "F_14A_HSB"
_RECEIPT: Final = "S_GIAY_HEN"
_DATED: Final = ("issue_date", "sign_date", "meeting_date")
_MADE_AFTERWARDS: Final = frozenset({"result", "payment", "slip"})
"""Kinds of papers that offices make after a dossier was handed in."""
_GROUPED: Final = re.compile(r"\d{1,3}(?:\.\d{3})+")
_BHXH_DIGITS: Final = 10


@dataclass(frozen=True, slots=True)
class _Person:
    """One person as one paper names it."""

    paper: Paper
    name_field: str
    name: str
    birth: str | None
    numbers: Mapping[str, str]
    """By register: `bhxh`, `id`."""


def cross_check(
    batch_id: str, components: Sequence[Paper], catalogue: Catalogue
) -> tuple[ReviewItem, ...]:
    """Questions where papers of a dossier contradict each other (`IDENTITY_MISMATCH`).

    Args:
        batch_id: for the ids of the questions.
        components: components with their fields; dossiers of a batch are kept apart.
        catalogue: kinds of papers.
    """
    items: dict[str, ReviewItem] = {}
    for slot in sorted({classified.dossier for classified, _ in components}):
        papers = [paper for paper in components if paper[0].dossier == slot]
        for item in (
            *_people(batch_id, papers, catalogue, "full_name", "birth_date"),
            *_people(batch_id, papers, catalogue, "deceased_name", "deceased_birth"),
            *_settlement(batch_id, papers),
            *_order(batch_id, papers, catalogue),
            *_page_counts(batch_id, papers, catalogue),
        ):
            items.setdefault(item.review_id, item)
    return tuple(items.values())


def _people(
    batch_id: str,
    papers: Sequence[Paper],
    catalogue: Catalogue,
    name_field: str,
    birth_field: str,
) -> Iterator[ReviewItem]:
    people = [
        person
        for paper in papers
        if not catalogue.component(paper[0].code).multi_person
        and (person := _person(paper, name_field, birth_field)) is not None
    ]
    if not people:
        return
    first = min(people, key=lambda person: _precedence(catalogue, person))
    for other in people:
        if other is not first:
            for field, reason in _differences(first, other):
                yield _item(batch_id, other.paper, field, reason)


def _precedence(catalogue: Catalogue, person: _Person) -> int:
    kind = catalogue.component(person.paper[0].code).kind
    return _ORDER.index(kind) if kind in _ORDER else len(_ORDER)


def _person(paper: Paper, name_field: str, birth_field: str) -> _Person | None:
    fields = paper[1]
    name = fields.value(name_field)
    if name is None:
        return None
    own = [f.name for f in fields.fields if f.name.startswith("deceased_")]
    numbers: dict[str, str] = {}
    for field, register in _NUMBERS.items():
        about_deceased = field.startswith("deceased_")
        if about_deceased != (name_field == "deceased_name") and own:
            continue
        if number := fields.value(field):
            numbers.setdefault(*_registered(number, register))
    birth = fields.value(birth_field) or fields.value("birth_date") or fields.value("birth_year")
    return _Person(paper, name_field, name, birth, numbers)


def _registered(number: str, register: str) -> tuple[str, str]:
    """A 12-digit personal id counts as such wherever it stands; a card ends in the BHXH number."""
    if re.fullmatch(r"\d{12}", number):
        return "id", number
    if register == "bhxh":
        return register, number[-_BHXH_DIGITS:]
    return register, number


def _differences(first: _Person, other: _Person) -> Iterator[tuple[str, str]]:
    if not same_name(first.name, other.name):
        yield other.name_field, "NAME_DIFFERS"
    one, two = (parse_date(p.birth) if p.birth else None for p in (first, other))
    if one is not None and two is not None and not one.agrees(two):
        yield "birth_date", "BIRTH_DATE_DIFFERS"
    shared = [r for r in first.numbers if r in other.numbers]
    if shared and all(first.numbers[r] != other.numbers[r] for r in shared):
        yield "number", "NUMBER_DIFFERS"


def _settlement(batch_id: str, papers: Sequence[Paper]) -> Iterator[ReviewItem]:
    """Decision against history and payment list; a list against its own sum (F.6, F.12)."""
    by_code = {classified.code: (classified, fields) for classified, fields in papers}
    decision, history = by_code.get(_DECISION), by_code.get(_HISTORY)
    payment = by_code.get(_PAYMENT_LIST)
    if decision and history:
        said = decision[1].value("contribution_duration")
        known = history[1].value("total_duration")
        if said and known and _numbers(said) != _numbers(known):
            yield _item(batch_id, decision, "contribution_duration", "DURATION_DIFFERS")
    claim = by_code.get(_CLAIM)
    if decision and claim:
        said = decision[1].value("contribution_duration")
        claimed = claim[1].value("contribution_duration")
        if said and claimed and _numbers(said) != _numbers(claimed):
            yield _item(batch_id, decision, "contribution_duration", "DURATION_CLAIMED")
    if payment is None:
        return
    rows = payment[1].value("rows") or ""
    amounts = [_amount(text) for text in _GROUPED.findall(rows)]
    paid = amount_value(decision[1].value("benefit_amount") or "") if decision else None
    if decision and amounts and paid is not None and paid not in amounts:
        yield _item(batch_id, decision, "benefit_amount", "AMOUNT_NOT_LISTED")
    total = amount_value(payment[1].value("total_amount") or "")
    if total is not None and amounts and sum(amounts) != total:
        yield _item(batch_id, payment, "total_amount", "SUM_DIFFERS")


def _order(batch_id: str, papers: Sequence[Paper], catalogue: Catalogue) -> Iterator[ReviewItem]:
    """What is handed in was made before, what is decided was decided after (F.5, F.12).

    The day of handing in is the one on the receipt, else the one the claim was signed.
    """
    receipt = next((paper for paper in papers if paper[0].code == _RECEIPT), None)
    claim = next(
        (paper for paper in papers if catalogue.component(paper[0].code).kind == _ORDER[0]), None
    )
    received = _day(receipt, ("received_at",))
    claimed = _day(claim, ("sign_date",))
    for paper in papers:
        kind = catalogue.component(paper[0].code).kind
        field = next((name for name in _DATED if paper[1].value(name)), None)
        made = _day(paper, _DATED)
        if field is None or made is None:
            continue
        if kind not in _MADE_AFTERWARDS and received is not None and made > received:
            yield _item(batch_id, paper, field, "DATED_AFTER_RECEIPT")
        begun = received or claimed
        if paper[0].code == _DECISION and begun is not None and made < begun:
            yield _item(batch_id, paper, field, "DECIDED_BEFORE_CLAIM")


def _day(paper: Paper | None, fields: Sequence[str]) -> dt.date | None:
    """The first whole, possible day among the fields of a paper."""
    for name in fields if paper is not None else ():
        found = find_date(paper[1].value(name) or "") if paper is not None else None
        if found is not None and found.date.exists:
            return found.date.first()
    return None


def _page_counts(
    batch_id: str, papers: Sequence[Paper], catalogue: Catalogue
) -> Iterator[ReviewItem]:
    """A paper has at least as many pages as its kind (F.12)."""
    for paper in papers:
        least = catalogue.component(paper[0].code).pages_min
        if len(paper[0].pages) < least:
            item = _item(batch_id, paper, "pages", "PAGES_TOO_FEW")
            yield item.model_copy(update={"field": None, "params": {**item.params, "count": least}})


def _amount(text: str) -> Decimal:
    return Decimal(text.replace(".", ""))


def _numbers(duration: str) -> list[int]:
    found = [int(number) for number in re.findall(r"\d+", duration)]
    return [*found, 0][:2]


def _item(batch_id: str, paper: Paper, field: str, reason: str) -> ReviewItem:
    classified, fields = paper
    page = next((f.page for f in fields.fields if f.name == field), None)
    kind = ReviewKind.IDENTITY_MISMATCH
    return ReviewItem(
        review_id=ids.review_id(batch_id, kind, classified.component_id, field, reason),
        batch_id=batch_id,
        kind=kind,
        reason=reason,
        params={"component": classified.code},
        dossier=classified.dossier,
        component_id=classified.component_id,
        page=page,
        field=field,
    )
