"""Checks on one value, each ok, warn (a person confirms) or error (not usable as it stands).

Rules: domain-pack F.1 to F.13. A failed semantic check on a read value is a warning, because the
paper itself may be odd. May not come in: layout, confidence, comparison of papers.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from pipeline.stages.extraction.dates import PartialDate, parse_date
from pipeline.stages.extraction.names import same_name
from pipeline.textnorm import squash

PERSONAL_ID_FOR_BHXH_FROM: Final = dt.date(2025, 8, 1)
"""From here on the 12-digit personal id stands for the BHXH number (F.1)."""
CMND_UNTIL: Final = dt.date(2024, 12, 31)
"""Last day of the 9-digit identity card (F.3)."""

_AMOUNT: Final = re.compile(r"\d{1,3}(?:\.\d{3})*(?:,\d{1,2})?(?:\s*(?:đồng|đ|VNĐ|VND))?")
_DURATION: Final = re.compile(r"(\d{1,2})\s*năm(?:\s*(?:và\s*)?(\d{1,2})\s*tháng)?")
_PERCENT: Final = re.compile(r"(\d{1,3}(?:[.,]\d{1,2})?)\s*%")
_PHONE: Final = re.compile(r"(?:\+84|0)((?:3[2-9]|5[25689]|7[06-9]|8[1-9]|9\d)\d{7})")
_NAME: Final = re.compile(r"(?=.{2,100}$)[^\W\d_]+(?:['’\- ][^\W\d_]+)*")
_HEALTH_CARD: Final = re.compile(r"[A-Z]{2}[1-5]\d{12}|\d{10}")
_HAND_OVER: Final = re.compile(r"60\d/\S*/CĐBHXH-\S+")
_DAY_IN_CODE: Final = re.compile(r"-(\d{6})-")
_DIGITISATION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.[A-Z][A-Z0-9_]*\.(\d{8})\.\d{6}")


class Outcome(StrEnum):
    """Three outcomes of a check."""

    OK = "ok"
    WARN = "warn"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Outcome of a check and the code of its reason; none for ok."""

    outcome: Outcome
    reason: str | None = None


OK: Final = Verdict(Outcome.OK)
PATTERN: Final = Verdict(Outcome.ERROR, "PATTERN")
CALENDAR: Final = Verdict(Outcome.ERROR, "CALENDAR")


def warn(reason: str) -> Verdict:
    """A person confirms."""
    return Verdict(Outcome.WARN, reason)


def error(reason: str) -> Verdict:
    """Not usable as it stands."""
    return Verdict(Outcome.ERROR, reason)


def _matches(pattern: str | re.Pattern[str], text: str) -> bool:
    return re.fullmatch(pattern, squash(text)) is not None


def bhxh_number(text: str, paper_date: dt.date | None = None) -> Verdict:
    """F.1: 10 digits, or the 12-digit personal id on papers from 2025-08-01.

    Args:
        text: the number.
        paper_date: day the paper was made, where known.
    """
    if _matches(r"\d{10}", text):
        return OK
    if not _matches(r"\d{12}", text):
        return PATTERN
    if paper_date is not None and paper_date < PERSONAL_ID_FOR_BHXH_FROM:
        return warn("PERSONAL_ID_TOO_EARLY")
    return OK


def cmnd(text: str, paper_date: dt.date | None = None) -> Verdict:
    """F.3: 9 digits, on papers until the end of 2024."""
    if not _matches(r"\d{9}", text):
        return PATTERN
    return warn("CMND_EXPIRED") if paper_date is not None and paper_date > CMND_UNTIL else OK


def passport(text: str, *, foreign: bool = False) -> Verdict:
    """F.4: a letter and 7 digits; foreign: 6 to 12 letters and digits."""
    return OK if _matches(r"[A-Z0-9]{6,12}" if foreign else r"[A-Z]\d{7}", text) else PATTERN


def date(text: str, *, today: dt.date | None = None) -> Verdict:
    """F.5: stands in the calendar; not after `today` where that is given."""
    parsed = parse_date(text)
    return PATTERN if parsed is None else calendar(parsed, today=today)


def calendar(value: PartialDate, *, today: dt.date | None = None) -> Verdict:
    """F.5 for a parsed date."""
    if not value.exists or not 1900 <= value.year <= 2100:
        return CALENDAR
    return warn("FUTURE_DATE") if today is not None and value.first() > today else OK


def in_order(earlier: PartialDate, later: PartialDate) -> Verdict:
    """F.5: birth before issue, admission before discharge; equal days are in order."""
    if not (earlier.exists and later.exists) or earlier.agrees(later):
        return OK
    return OK if earlier.first() <= later.first() else warn("DATE_ORDER")


def days_off(days: int, first: PartialDate, last: PartialDate) -> Verdict:
    """F.5: days = last - first + 1."""
    if not (first.exists and last.exists):
        return OK
    return OK if (last.first() - first.first()).days + 1 == days else warn("DAYS_DISAGREE")


def amount(text: str) -> Verdict:
    """F.6: dot for thousands, comma for decimals, `đồng` optional."""
    return OK if _matches(_AMOUNT, text) else PATTERN


def amount_value(text: str) -> Decimal | None:
    """The number an amount says; None where it is not well formed."""
    if amount(text) is not OK:
        return None
    digits = re.match(r"[\d.,]+", squash(text))
    return Decimal(digits[0].replace(".", "").replace(",", ".")) if digits else None


def duration(text: str) -> Verdict:
    """F.6: years and months, months 0 to 11."""
    found = _DURATION.fullmatch(squash(text))
    if found is None:
        return PATTERN
    return error("MONTHS_RANGE") if found[2] is not None and int(found[2]) > 11 else OK


def percent(text: str, *, at_least: int = 0) -> Verdict:
    """F.6: 0 to 100 %; below `at_least` (81 LS3, 5 work injury, 61 early pension) a warning."""
    found = _PERCENT.fullmatch(squash(text))
    if found is None:
        return PATTERN
    value = Decimal(found[1].replace(",", "."))
    if value > 100:
        return error("PERCENT_RANGE")
    return warn("PERCENT_TOO_LOW") if value < at_least else OK


def dossier_code(text: str, patterns: Mapping[str, str]) -> Verdict:
    """F.7: one of the printed code kinds; the day in it is a real one.

    Args:
        text: the code.
        patterns: `Catalogue.dossier_code_patterns`.
    """
    printed = any(_matches(kind, text) for kind in patterns.values())
    if not (printed or _matches(_HAND_OVER, text)):
        return PATTERN
    day = _DAY_IN_CODE.search(text)
    return OK if day is None or _is_day(day[1], "%y%m%d") else CALENDAR


def digitisation_code(text: str) -> Verdict:
    """F.8: `{unit}.{component_code}.{yyyymmdd}.{seq6}`."""
    found = _DIGITISATION.fullmatch(squash(text))
    if found is None:
        return PATTERN
    return OK if _is_day(found[1], "%Y%m%d") else CALENDAR


def _is_day(text: str, form: str) -> bool:
    try:
        dt.datetime.strptime(text, form).replace(tzinfo=dt.UTC)
    except ValueError:
        return False
    return True


def phone(text: str) -> Verdict:
    """F.9: a mobile number of ten digits, or with +84."""
    return OK if _matches(_PHONE, text) else PATTERN


def phone_e164(text: str) -> str | None:
    """F.9: `+84…`; None where it is no mobile number."""
    found = _PHONE.fullmatch(squash(text))
    return f"+84{found[1]}" if found else None


def bank_account(text: str) -> Verdict:
    """F.10: 6 to 19 digits after spaces and dashes are taken out."""
    return OK if _matches(r"\d{6,19}", re.sub(r"[\s\-]", "", text)) else PATTERN


def account_holder(holder: str, beneficiary: str) -> Verdict:
    """F.10: the holder is the beneficiary."""
    return OK if same_name(holder, beneficiary) else error("HOLDER_DIFFERS")


def person_name(text: str) -> Verdict:
    """F.11: letters of any script, spaces, apostrophes, hyphens; 2 to 100; no digits."""
    return OK if _matches(_NAME, text) else PATTERN


def health_card(text: str) -> Verdict:
    """F.13: 2 letters, benefit digit 1 to 5, 12 digits; or the 10 digits of newer cards."""
    return OK if _matches(_HEALTH_CARD, text) else PATTERN
