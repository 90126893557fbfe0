"""Every example of the validation rules F.1 to F.13, and what each rule must never let through."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.catalogue import load_catalogue
from pipeline.stages.extraction import validators as v
from pipeline.stages.extraction.dates import (
    PartialDate,
    find_date,
    find_moment,
    parse_date,
)
from pipeline.stages.extraction.identity import Beside, personal_id
from pipeline.stages.extraction.names import doubtful_spelling, same_name
from pipeline.stages.extraction.numerals import parse_number_words
from pipeline.stages.extraction.validators import Outcome, Verdict

CATALOGUE = load_catalogue()
TODAY = dt.date(2026, 11, 22)
OK, WARN, ERROR = Outcome.OK, Outcome.WARN, Outcome.ERROR


def outcome(verdict: Verdict) -> Outcome:
    assert (verdict.reason is None) == (verdict.outcome is OK)
    return verdict.outcome


@pytest.mark.parametrize(
    ("text", "day", "expected"),
    [
        ("7912345678", None, OK),
        ("0123456789", None, OK),
        ("791234567", None, ERROR),
        ("79123456789", None, ERROR),
        ("79A2345678", None, ERROR),
        ("087084000999", dt.date(2025, 8, 1), OK),
        ("087084000999", dt.date(2025, 7, 31), WARN),
    ],
)
def test_f1_bhxh_number(text: str, day: dt.date | None, expected: Outcome) -> None:
    assert outcome(v.bhxh_number(text, day)) is expected


@pytest.mark.parametrize(
    ("text", "beside", "expected"),
    [
        ("087084000999", None, []),
        ("001301012345", None, []),
        ("087084000999", Beside("Nam", PartialDate(1984, 3, 12)), []),
        ("187084000999", None, ["CCCD_FIRST_DIGIT"]),
        ("08708400099", None, ["PATTERN"]),
        ("003084000999", None, ["CCCD_PROVINCE"]),
        ("087084000999", Beside(gender="Nữ"), ["CCCD_SEX"]),
        ("087084000999", Beside(birth=PartialDate(1994)), ["CCCD_YEAR"]),
        ("087484000999", None, ["CCCD_FUTURE"]),
        ("003384000999", Beside("Nam", PartialDate(1984)), None),
    ],
)
def test_f2_personal_id(text: str, beside: Beside | None, expected: list[str] | None) -> None:
    verdicts = personal_id(text, CATALOGUE, TODAY, beside)
    reasons = [verdict.reason for verdict in verdicts]
    if expected is None:
        assert set(reasons) == {"CCCD_PROVINCE", "CCCD_FUTURE", "CCCD_SEX", "CCCD_YEAR"}
    else:
        assert reasons == expected


def test_f2_semantic_doubts_are_warnings() -> None:
    verdicts = personal_id("003084000999", CATALOGUE, TODAY, Beside("Nữ", PartialDate(1994)))
    assert {verdict.outcome for verdict in verdicts} == {WARN}


@pytest.mark.parametrize(
    ("text", "day", "expected"),
    [
        ("024567891", None, OK),
        ("24567891", None, ERROR),
        ("024567891", dt.date(2024, 12, 31), OK),
        ("024567891", dt.date(2025, 1, 1), WARN),
    ],
)
def test_f3_cmnd(text: str, day: dt.date | None, expected: Outcome) -> None:
    assert outcome(v.cmnd(text, day)) is expected


def test_f4_passport() -> None:
    assert outcome(v.passport("C1234567")) is OK
    assert outcome(v.passport("12345678")) is ERROR
    assert outcome(v.passport("X12AB45", foreign=True)) is OK
    assert outcome(v.passport("X12", foreign=True)) is ERROR


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("29/02/2024", OK),
        ("1-2-2020", OK),
        ("ngày 5 tháng 3 năm 2020", OK),
        ("1965", OK),
        ("05/1965", OK),
        ("29/02/2023", ERROR),
        ("31/04/2020", ERROR),
        ("13/13/2020", ERROR),
        ("12/03/0084", ERROR),
        ("hôm qua", ERROR),
    ],
)
def test_f5_dates(text: str, expected: Outcome) -> None:
    assert outcome(v.date(text)) is expected


def test_f5_order() -> None:
    earlier, later = PartialDate(1984, 3, 12), PartialDate(2020, 1, 1)
    assert outcome(v.in_order(earlier, later)) is OK
    assert outcome(v.in_order(later, earlier)) is WARN
    assert outcome(v.in_order(PartialDate(2020), PartialDate(2020, 1, 1))) is OK
    assert outcome(v.days_off(5, PartialDate(2024, 3, 1), PartialDate(2024, 3, 5))) is OK
    assert outcome(v.days_off(4, PartialDate(2024, 3, 1), PartialDate(2024, 3, 5))) is WARN
    assert outcome(v.date("23/11/2026", today=TODAY)) is WARN
    assert outcome(v.date("22/11/2026", today=TODAY)) is OK


@pytest.mark.parametrize(
    ("text", "value"), [("1965", "1965"), ("05/1965", "05/1965"), ("1.2.1965", "01/02/1965")]
)
def test_f5_precision_is_kept(text: str, value: str) -> None:
    assert str(parse_date(text)) == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("45.678.900 đồng", OK),
        ("45.678.900,50", OK),
        ("900 đ", OK),
        ("45,678,900.5", ERROR),
        ("45.67.890", ERROR),
        ("45678900", ERROR),
    ],
)
def test_f6_amount(text: str, expected: Outcome) -> None:
    assert outcome(v.amount(text)) is expected
    assert (v.amount_value(text) is None) == (expected is ERROR)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5 năm 3 tháng", OK),
        ("20 năm", OK),
        ("5 năm 0 tháng", OK),
        ("5 năm 13 tháng", ERROR),
        ("3 tháng", ERROR),
    ],
)
def test_f6_duration(text: str, expected: Outcome) -> None:
    assert outcome(v.duration(text)) is expected


@pytest.mark.parametrize(
    ("text", "least", "expected"),
    [
        ("81 %", 81, OK),
        ("80,5%", 81, WARN),
        ("100%", 0, OK),
        ("101%", 0, ERROR),
        ("81", 0, ERROR),
    ],
)
def test_f6_percent(text: str, least: int, expected: Outcome) -> None:
    assert outcome(v.percent(text, at_least=least)) is expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("000.00.12.H62-201105-0004", OK),
        ("G22.99-251225-020175", OK),
        ("G22.99.09-240114-0001", OK),
        ("12345.G/2023/07900", OK),
        ("604/00012/CĐBHXH-TNLĐ", OK),
        ("G22.99-251325-000001", ERROR),
        ("G22-99-251225", ERROR),
    ],
)
def test_f7_dossier_codes(code: str, expected: Outcome) -> None:
    assert outcome(v.dossier_code(code, CATALOGUE.dossier_code_patterns)) is expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("DEV.M_HSBA.20231005.000001", OK),
        ("DEV.M_HSBA.20231305.000001", ERROR),
        ("DEV.M_HSBA.20231005.1", ERROR),
    ],
)
def test_f8_digitisation_code(code: str, expected: Outcome) -> None:
    assert outcome(v.digitisation_code(code)) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0912345678", "+84912345678"),
        ("+84912345678", "+84912345678"),
        ("01212345678", None),
        ("0212345678", None),
    ],
)
def test_f9_phone(text: str, expected: str | None) -> None:
    assert outcome(v.phone(text)) is (ERROR if expected is None else OK)
    assert v.phone_e164(text) == expected


def test_f10_bank_account() -> None:
    assert outcome(v.bank_account("0071 0001-23456")) is OK
    assert outcome(v.bank_account("12345")) is ERROR
    assert outcome(v.bank_account("1" * 20)) is ERROR
    assert outcome(v.account_holder("NGUYEN VAN AN", "Nguyễn Văn An")) is OK
    assert outcome(v.account_holder("NGUYEN VAN ANH", "Nguyễn Văn An")) is ERROR


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Nguyễn Văn An", OK),
        ("H’Hen Niê", OK),
        ("Anne-Marie O'Neill", OK),
        ("王小明", OK),
        ("N", ERROR),
        ("Nguyễn Văn An 2", ERROR),
        ("a" * 101, ERROR),
        ("  ", ERROR),
    ],
)
def test_f11_names(name: str, expected: Outcome) -> None:
    assert outcome(v.person_name(name)) is expected


def test_f11_same_person() -> None:
    assert same_name("Nguyễn  Hoà", "NGUYỄN HÒA")
    assert not same_name("Nguyễn Hoà", "Nguyễn Hoàng")


@pytest.mark.parametrize(
    ("name", "doubtful"),
    [
        ("NGUYÊN VĂN AN", True),
        ("NGUYỄN VĂN AN", False),
        ("NGUYEN VAN AN", False),
        ("Võ Thị Sáu", False),
        ("LÃ CÔNG LONG", False),
        ("HOẢNG VĂN AN", True),
        ("Smith Jürgen", False),
        ("", False),
    ],
)
def test_a_family_name_that_lost_its_marks(name: str, doubtful: bool) -> None:
    assert doubtful_spelling(name) is doubtful


@pytest.mark.parametrize(
    ("card", "expected"),
    [
        ("DN4797912345678", OK),
        ("7912345678", OK),
        ("D14797912345678", ERROR),
        ("DN6797912345678", ERROR),
    ],
)
def test_f13_health_card(card: str, expected: Outcome) -> None:
    assert outcome(v.health_card(card)) is expected


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("Bốn mươi lăm triệu sáu trăm bảy mươi tám nghìn chín trăm đồng", 45_678_900),
        ("Một tỷ hai trăm linh năm nghìn đồng chẵn", 1_000_205_000),
        ("mười lăm", 15),
        ("hai mươi mốt ngàn", 21_000),
        ("năm trăm lẻ tư", 504),
        ("Bốn mươi lăm triêu sáu trăm", 45_000_600),
        ("không", 0),
        ("con mèo", None),
        ("hai ba", None),
        ("nghìn triệu", None),
        ("", None),
    ],
)
def test_number_words(words: str, number: int | None) -> None:
    assert parse_number_words(words) == number


UNITS = ["không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín"]


def said(number: int) -> str:
    """The words of a number below 10^12, spoken in full."""
    parts = []
    for scale, name in ((10**9, "tỷ"), (10**6, "triệu"), (10**3, "nghìn"), (1, "")):
        group = number // scale % 1000
        if group:
            parts.append(f"{UNITS[group // 100]} trăm {tens(group % 100)} {name}")
    return " ".join(" ".join(parts).split()) or "không"


def tens(number: int) -> str:
    ten, unit = divmod(number, 10)
    if ten == 0:
        return f"linh {UNITS[unit]}" if unit else ""
    head = "mười" if ten == 1 else f"{UNITS[ten]} mươi"
    tail = {0: "", 1: "một" if ten == 1 else "mốt", 5: "lăm"}.get(unit, UNITS[unit])
    return f"{head} {tail}"


@given(st.integers(0, 10**12 - 1))
def test_every_number_said_is_understood(number: int) -> None:
    assert parse_number_words(said(number)) == number


@given(st.dates(dt.date(1900, 1, 1), dt.date(2100, 12, 31)), st.sampled_from("/-."))
def test_every_date_printed_is_found(day: dt.date, mark: str) -> None:
    expected = PartialDate(day.year, day.month, day.day)
    for text in (
        f"{day.day}{mark}{day.month}{mark}{day.year}",
        f"{day.day:02d} {mark} {day.month:02d} {mark} {day.year}",
        f"Cần Thơ, ngày {day.day} tháng {day.month:02d} năm {day.year}",
    ):
        found = find_date(text)
        assert found is not None
        assert found.date == expected
    assert parse_date(str(expected)) == expected


@given(st.text(max_size=60))
def test_no_text_breaks_a_check(text: str) -> None:
    for check in (v.bhxh_number, v.cmnd, v.date, v.amount, v.duration, v.percent, v.phone):
        assert outcome(check(text)) in Outcome
    assert find_moment(text) is None or find_date(text) is not None
    parse_number_words(text)


def test_a_moment_keeps_its_hour() -> None:
    moment = find_moment("08 giờ 30 phút, ngày 12 tháng 03 năm 2024")
    assert str(moment) == "12/03/2024 08:30"
    assert find_moment(str(moment)) == moment
    late = find_moment("25 giờ ngày 12/03/2024")
    assert late is not None
    assert not late.exists
