"""Whole forms of the catalogue, set the many ways in which offices print them.

Whatever the style, no value may be wrong in silence, and nearly all must be right. Styles are what
papers of every kind show: counted and bulleted labels, notes, footnotes, second languages, two
labels a row, values below, rates and titles before a value, other labels behind it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.catalogue import ComponentType, FieldType, load_catalogue
from pipeline.models.components import Classified
from pipeline.models.fields import FieldStatus, FieldValue
from pipeline.settings import FieldSettings
from pipeline.stages.extraction import ReadPages, extract
from pipeline.stages.extraction.wordings import ELLIPSIS, INCLUSIVE
from pipeline.textnorm import fold
from tests.fakes.pages import PrintedPage

CATALOGUE: Final = load_catalogue()
TODAY: Final = dt.date(2026, 11, 22)
LEAST_RIGHT: Final = 0.98
"""Of a style's values; some names of fields mean another person or stand apart."""
FORMS: Final = tuple(kind for kind in CATALOGUE.components.values() if kind.kind != "identity")

NAMES: Final = ("NGUYỄN QUỐC MẪN", "Trần Thị Hồng Vân", "LÊ VĂN AN", "Phạm Mỹ Giang")
AMOUNTS: Final = ("4.111.428 đồng", "12.345.000", "998.000 đồng")
TEXTS: Final = (
    "Thoát vị đĩa đệm L4-L5",
    "Công ty May Phương Đông",
    "Xin giải quyết sớm theo quy định",
    "Việt Nam",
)
CODES: Final = (
    "001085000123", "0185000123", "7912345678", "3178/TB-BHXH", "3178/QĐ-BHXH", "12/2025",
    "1234567", "0123456789", "HT3797912345678", "1985", "C1234567",
)  # fmt: skip
MOMENT: Final = "10 giờ 43 phút, ngày 19/03/2025"
FIXED: Final[Mapping[str, str]] = {
    "datetime": MOMENT,
    "phone": "0912345678",
    "email": "lan.nguyen@gmail.com",
    "duration": "15 năm 3 tháng",
    "address": "số 14, xã Long Hưng, Đồng Tháp",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A field of a form, and what is printed for it."""

    field: FieldType
    label: str
    value: str


Style = Callable[[PrintedPage, Sequence[Asked]], None]


def value_of(field: FieldType, number: int) -> str | None:
    """Something that a field may hold; None of fields that no words fill."""
    if field.type == "code":
        pattern = field.pattern or r"\d{10}"
        return next((code for code in CODES if re.fullmatch(pattern, code)), None)
    if field.type == "date":
        year = 1985 if "birth" in field.name else 2025
        return f"{10 + number % 18}/0{1 + number % 9}/{year}"
    if field.name == "gender":
        return "Nam"
    by_type = {
        "person_name": NAMES[number % 4],
        "amount": AMOUNTS[number % 3],
        "percent": f"{61 + number}%",
        "integer": f"{2 + number}",
        "text": None if field.pattern else TEXTS[number % 4],
        **FIXED,
    }
    return by_type.get(field.type)


def asked(form: ComponentType) -> Iterator[Asked]:
    """The fields of a form that stand behind a label of their own."""
    seen: set[str] = set()
    for number, field in enumerate(form.fields):
        label = next((text.rstrip(": ") for text in field.labels if ELLIPSIS not in text), None)
        value = value_of(field, number)
        if label is None or value is None or field.name in INCLUSIVE or label in seen:
            continue
        seen.add(label)
        yield Asked(field, label, value)


def rows(template: str = "{label}: {value}", **of_type: str) -> Style:
    """One field a row, by a template, or by that of the field's type."""

    def style(page: PrintedPage, fields: Sequence[Asked]) -> None:
        for number, each in enumerate(fields):
            line = of_type.get(each.field.type, template).format(
                n=number + 1, letter="abcdefghiklmnopq"[number % 16], label=each.label,
                LABEL=each.label.upper(), value=each.value,
            )  # fmt: skip
            page.put(20, 60 + 8 * number, line)

    return style


def by_two(fields: Sequence[Asked]) -> Iterator[Sequence[Asked]]:
    return (fields[start : start + 2] for start in range(0, len(fields), 2))


def pairs(between: str) -> Style:
    """Two fields a row."""

    def style(page: PrintedPage, fields: Sequence[Asked]) -> None:
        for number, pair in enumerate(by_two(fields)):
            line = between.join(f"{each.label}: {each.value}" for each in pair)
            page.put(20, 60 + 8 * number, line)

    return style


def columns(page: PrintedPage, fields: Sequence[Asked]) -> None:
    for number, pair in enumerate(by_two(fields)):
        x = 20.0
        for each in pair:
            text = f"{each.label}: {each.value}"
            page.put(x, 60 + 8 * number, text)
            x = max(115.0, x + width(text) + 8)


def below(page: PrintedPage, fields: Sequence[Asked]) -> None:
    for number, each in enumerate(fields):
        page.put(20, 60 + 14 * number, f"{each.label}:").put(20, 66 + 14 * number, each.value)


def lifted(page: PrintedPage, fields: Sequence[Asked]) -> None:
    """As a typewriter sets them, above the leaders."""
    for number, each in enumerate(fields):
        y = 60.0 + 9 * number
        page.put(20, y, f"{each.label}:").put(24 + width(each.label), y - 3, each.value)


def noted_below(page: PrintedPage, fields: Sequence[Asked]) -> None:
    for number, each in enumerate(fields):
        page.put(20, 60 + 12 * number, f"{each.label}: {each.value}")
        page.put(40, 65 + 12 * number, "(Ghi rõ theo giấy tờ tùy thân)", 9)


def apart(colon: str) -> Style:
    """Values in a column of their own."""

    def style(page: PrintedPage, fields: Sequence[Asked]) -> None:
        for number, each in enumerate(fields):
            label = each.label + colon
            page.put(20, 60 + 8 * number, label)
            page.put(max(95.0, 28 + width(label)), 60 + 8 * number, each.value)

    return style


def width(text: str) -> float:
    """Of a text of 13 pt, mm."""
    return PrintedPage().put(0, 0, text).text().lines[0].box.x1 / 200 * 25.4


STYLES: Final[Mapping[str, Style]] = {
    "plain": rows(),
    "counted": rows("{n}. {label}: {value}"),
    "counted within": rows("1.{n}. {label}: {value}"),
    "counted in square brackets": rows("[{n:02d}]. {label}: {value}"),
    "counted in brackets": rows("({n}) {label}: {value}"),
    "with letters": rows("{letter}) {label}: {value}"),
    "bulleted": rows("- {label}: {value}"),
    "plus": rows("+ {label}: {value}"),
    "footnote": rows("{label} ({n}): {value}"),
    "footnote without a space": rows("{label}({n}): {value}"),
    "footnote before the value": rows("{label}: ({n}) {value}"),
    "note before the value": rows("{label}: (ghi rõ) {value}"),
    "note behind": rows("{label}: {value} (ghi theo giấy tờ)"),
    "note below": noted_below,
    "note": rows("{label} (ghi rõ, đầy đủ): {value}"),
    "second language": rows("{label} / Full name: {value}"),
    "second language in brackets": rows("{label} (Full name): {value}"),
    "leaders": rows("{label}: ......{value}......"),
    "semicolons": rows("{label}: {value};"),
    "dash": rows("{label} - {value}"),
    "colon apart": rows("{label} : {value}"),
    "no colon": rows("{label} {value}"),
    "is": rows("{label} là: {value}"),
    "capitals": rows("{LABEL}: {value}"),
    "of the insured": rows("{label} của người lao động: {value}"),
    "of who gets it": rows("{label} của người hưởng: {value}"),
    "two with a semicolon": pairs("; "),
    "two with a comma": pairs(", "),
    "two with a dash": pairs(" - "),
    "two columns": columns,
    "below": below,
    "lifted off the line": lifted,
    "values apart": apart(""),
    "values apart, colons": apart(":"),
    "a rate of a base": rows(amount="{label}: 55% x 7.475.324 = {value}"),
    "months of a base": rows(amount="{label}: 3 tháng x 1.500.000 đồng = {value}"),
    "a rate before": rows(amount="{label}: 75% tương ứng {value}"),
    "a currency before": rows(amount="{label}: VND {value}"),
    "a month": rows(amount="{label}: {value}/tháng"),
    "in words before": rows(amount="{label}: Bốn triệu đồng ({value})"),
    "in figures": rows(amount="{label} bằng số: {value}"),
    "of a month": rows(amount="{label} tháng 5/2025 là {value}"),
    "a title": rows(person_name="{label}: Ông {value}"),
    "both titles": rows(person_name="{label}: Ông (Bà) {value}"),
    "born behind": rows(person_name="{label}: {value}, sinh ngày 12/03/1985"),
    "year of birth behind": rows(person_name="{label}: {value} Sinh năm 1985"),
    "sex behind": rows(person_name="{label}: {value} Nam/Nữ: Nam"),
    "post behind": rows(person_name="{label}: {value}, chức vụ: Công nhân"),
    "people behind a name": rows(person_name="{label}: {value} Tôn giáo, dân tộc: Kinh"),
    "whose name": rows(person_name="{label} người lao động: {value}"),
    "issued": rows(code="{label}: {value} cấp ngày 12/03/2021 tại Cục Cảnh sát"),
    "issued by": rows(code="{label}: {value} do Công an tỉnh An Giang cấp"),
    "number before": rows(code="{label}: số {value}"),
    "place behind": rows(date="{label}: {value} tại An Giang"),
    "until": rows(date="{label}: {value} đến ngày 31/12/2025"),
    "people behind": rows(text="{label}: {value} Dân tộc: Kinh"),
    "faith behind": rows(text="{label}: {value}; Tôn giáo: Không"),
    "in brackets behind": rows(integer="{label}: {value} (năm)"),
    "years in words": rows(duration="{label}: Mười lăm năm ({value})"),
}  # fmt: skip


def read(form: ComponentType, style: Style) -> tuple[list[Asked], dict[str, FieldValue]]:
    fields = list(asked(form))
    page = PrintedPage(height_mm=80 + 14 * len(fields))
    style(page, fields)
    component = Classified(
        component_id="c" * 64, code=form.code, confidence=0.9, pages=(0,), dossier=1, certain=True
    )
    text = page.text(confidence=0.999)
    found = extract(component, ReadPages([text]), CATALOGUE, FieldSettings(), "b" * 64, TODAY)
    return fields, {value.name: value for value in found.fields.fields}


def right(each: Asked, value: FieldValue | None) -> bool:
    if value is None:
        return False
    if each.field.type == "datetime":
        return value.value.startswith("19/03/2025")
    return fold(value.value).removesuffix(" dong") == fold(each.value).removesuffix(" dong")


@pytest.mark.parametrize("name", STYLES)
def test_values_are_found_however_a_form_is_set(name: str) -> None:
    seen, found = 0, 0
    for form in FORMS:
        fields, values = read(form, STYLES[name])
        for each in fields:
            value = values.get(each.field.name)
            good = right(each, value)
            seen, found = seen + 1, found + good
            silent = value is not None and value.status is FieldStatus.ACCEPTED
            assert good or not silent, f"{form.code}.{each.field.name}: {value}"
    assert found >= LEAST_RIGHT * seen


def running(between: str, wide: float) -> Style:
    """All fields in one sentence, as decisions have them, broken wherever a row is full."""

    def style(page: PrintedPage, fields: Sequence[Asked]) -> None:
        said = between.join(f"{each.label}: {each.value}" for each in fields)
        row, number = "", 0
        for word in f"Xét đề nghị của người hưởng, {said}.".split():
            longer = f"{row} {word}".strip()
            if row and width(longer) > wide:
                page.put(20, 60 + 6.5 * number, row)
                row, number = word, number + 1
            else:
                row = longer
        page.put(20, 60 + 6.5 * number, row)

    return style


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(FORMS), st.sampled_from(("; ", ", ")), st.floats(100, 172))
def test_wherever_running_text_breaks_no_value_is_wrong_in_silence(
    form: ComponentType, between: str, wide: float
) -> None:
    fields, values = read(form, running(between, wide))
    found = [each for each in fields if right(each, values.get(each.field.name))]
    for each in fields:
        value = values.get(each.field.name)
        silent = value is not None and value.status is FieldStatus.ACCEPTED
        assert each in found or not silent, f"{each.field.name}: {value}"
    assert len(fields) - len(found) <= 2
