"""Verdicts on what a value says, others of its paper beside it: identity, order, holder, places.

May not come in: other papers of the dossier (`crosscheck`).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pipeline.catalogue import Catalogue, ComponentType, FieldType
from pipeline.stages.extraction import validators
from pipeline.stages.extraction.dates import PartialDate, find_moment, parse_date
from pipeline.stages.extraction.extent import EXTENT_UNSURE, ends_within_place
from pipeline.stages.extraction.identity import Beside, personal_id
from pipeline.stages.extraction.values import partial_date

_MAY_LIE_AHEAD: Final = frozenset(
    {"expiry_date", "due_date", "due_at", "leave_from", "end_date", "from_date", "to_date"}
)
_PAPER_DATES: Final = ("issue_date", "sign_date")
_SAMPLE_ID: Final = "001099000001"
_HOLDER_CHECK: Final = "same_person_as_full_name"
_HAND_OVER_NUMBER: Final = "slip_number"
"""F.7: `604/00012/CĐBHXH-TNLĐ`."""
_TERM_YEARS: Final = 5
"""Least term of a residence card (case LS2, F.12)."""


_LEAST_RATE: Final[Mapping[str, tuple[str, str | None, int]]] = {
    "ge_81_for_lumpsum_case_3": ("BHXH1L", "LS3_LIFE_THREATENING", 81),
    "ge_5_for_tnld": ("TNLD_BNN", None, 5),
    "ge_61_for_early_pension_A": ("HUUTRI", None, 61),
}
"""F.6: check of the catalogue → procedure, case (None: all), least percentage."""


@dataclass(frozen=True, slots=True)
class Papers:
    """What the paper is, and when it is read."""

    kind: ComponentType
    catalogue: Catalogue
    today: dt.date
    procedure: str | None = None
    case: str | None = None


def judge(name: str, value: str, beside: Mapping[str, str], papers: Papers) -> Iterator[str]:
    """Reasons to doubt a value, given the others of its paper.

    Args:
        name: of the field.
        value: what was read; not empty.
        beside: all values of the paper by field name.
        papers: the paper's type and the day.
    """
    field = papers.kind.field(name)
    if field is None:
        return
    if field.type == "code":
        yield from _code(field, value, beside, papers)
    elif field.type in ("date", "datetime"):
        yield from _date(field, value, beside, papers)
    elif field.type == "percent":
        yield from _reason(validators.percent(value, at_least=_least_rate(field, papers)))
    elif field.type == "address" or field.type == "text":
        address = field.type == "address"
        in_doubt = ends_within_place(value, address=address) or (address and ";" in value)
        yield from [EXTENT_UNSURE] * in_doubt
    if _HOLDER_CHECK in field.checks and (owner := beside.get("full_name")):
        yield from _reason(validators.account_holder(value, owner))
    if name == _HAND_OVER_NUMBER:
        patterns = papers.catalogue.dossier_code_patterns
        yield from _reason(validators.dossier_code(value, patterns))
    if name == "days_off":
        yield from _days(value, beside)
    asks_bank = name == "account_number" and papers.kind.field("bank_name") is not None
    if asks_bank and not beside.get("bank_name"):
        yield "BANK_MISSING"


def _least_rate(field: FieldType, papers: Papers) -> int:
    """What the dossier's case asks of a rate, 0 where it asks nothing or is not known."""
    for check in field.checks:
        procedure, case, least = _LEAST_RATE.get(check, (None, None, 0))
        if procedure is not None and papers.procedure == procedure and case in (None, papers.case):
            return least
    return 0


def admits_personal_id(pattern: str | None) -> bool:
    """True where a pattern takes a 12-digit personal id and is no free run of digits."""
    if pattern is None:
        return False
    return bool(re.fullmatch(pattern, _SAMPLE_ID)) and not re.fullmatch(pattern, _SAMPLE_ID[1:])


def _code(field: FieldType, value: str, beside: Mapping[str, str], papers: Papers) -> Iterator[str]:
    paper_date = _paper_date(beside)
    if field.pattern is None:
        if field.name == "dossier_code":
            patterns = papers.catalogue.dossier_code_patterns
            yield from _reason(validators.dossier_code(value, patterns))
        return
    if not re.fullmatch(field.pattern, value):
        yield "PATTERN"
        return
    if admits_personal_id(field.pattern) and re.fullmatch(r"\d{12}", value):
        owner = Beside(_gender_of(field, beside), _birth_of(field, beside))
        for verdict in personal_id(value, papers.catalogue, papers.today, owner):
            yield from _reason(verdict)
        if "bhxh" in field.name:
            yield from _reason(validators.bhxh_number(value, paper_date))
    elif "id" in field.name.split("_") and re.fullmatch(r"\d{9}", value):
        yield from _reason(validators.cmnd(value, paper_date))


def _gender_of(field: FieldType, beside: Mapping[str, str]) -> str | None:
    return None if field.name.split("_")[0] in _OTHERS else beside.get("gender")


_OTHERS: Final = frozenset({"agent", "deceased", "declarant", "mother", "father"})
"""Fields of people whose sex and birth date are not those beside."""


def _birth_of(field: FieldType, beside: Mapping[str, str]) -> PartialDate | None:
    if field.name.split("_")[0] in _OTHERS:
        return None
    text = beside.get("birth_date") or beside.get("birth_year")
    return parse_date(text) if text else None


def _paper_date(beside: Mapping[str, str]) -> dt.date | None:
    for name in _PAPER_DATES:
        date = partial_date(beside.get(name, ""))
        if date is not None and date.exists:
            return date.first()
    return None


def _date(field: FieldType, value: str, beside: Mapping[str, str], papers: Papers) -> Iterator[str]:
    date = partial_date(value)
    if date is None:
        return
    today = None if field.name in _MAY_LIE_AHEAD else papers.today
    yield from _reason(validators.calendar(date, today=today))
    birth = partial_date(beside.get("birth_date", ""))
    if birth is not None and not field.name.startswith("birth"):
        yield from _reason(validators.in_order(birth, date))
    if field.name == "discharged_at":
        yield from _admission(value, beside.get("admitted_at", ""))
    if field.name == "to_date" and (first := partial_date(beside.get("from_date", ""))):
        yield from _reason(validators.in_order(first, date))
    if "residence_term_ge_5_years" in field.checks:
        issued = partial_date(beside.get("issue_date", ""))
        if issued is not None and date.year - issued.year < _TERM_YEARS:
            yield "RESIDENCE_TERM"


def _admission(discharged: str, admitted: str) -> Iterator[str]:
    first, last = find_moment(admitted), find_moment(discharged)
    if first is None or last is None or not (first.exists and last.exists):
        return
    if last.key() < first.key():
        yield "DATE_ORDER"


def _days(value: str, beside: Mapping[str, str]) -> Iterator[str]:
    first = partial_date(beside.get("from_date", ""))
    last = partial_date(beside.get("to_date", ""))
    if first is not None and last is not None and value.isdigit():
        yield from _reason(validators.days_off(int(value), first, last))


def _reason(verdict: validators.Verdict) -> Iterator[str]:
    if verdict.reason is not None:
        yield verdict.reason
