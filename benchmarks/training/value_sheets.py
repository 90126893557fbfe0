"""Sheets full of values of every kind, printed and typed in the manners of one part, and scanned.

A value stands behind a label as on a form, and is of the catalogue's own fields. Far more values a
page than on a form: calibration needs tens of thousands. May not come in: reading, the part TEST.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from PIL import Image

from benchmarks.factory.conditions import draw_scanner, draw_wear
from benchmarks.factory.layouts.manner import Family, Manner, manners
from benchmarks.factory.paper import Sheet, Style
from benchmarks.factory.person import (
    EMPLOYERS,
    JOBS,
    PROVINCES,
    Person,
    digits,
    make_name,
    make_person,
    pick,
)
from benchmarks.factory.planning import generator
from benchmarks.factory.scanning import scan
from benchmarks.factory.truth import Level, Part
from benchmarks.factory.wearing import worn
from benchmarks.factory.wording import amount, duration, written_date
from pipeline.catalogue import Catalogue, FieldType
from pipeline.models.base import Box
from pipeline.models.pages import Turn
from pipeline.textnorm import strip_marks

KINDS: Final = ("digits", "name", "date", "amount", "text")
_STREAM: Final = 71
_LEVELS: Final = {Level.CLEAN: 1, Level.MID: 2, Level.HARD: 3}
_MM_PER_INCH: Final = 25.4
_FOOT: Final = 284.0
_SIZES: Final = (9.5, 11.0, 12.0, 13.0)
_DATES: Final = ("/", "/", "/", "-", ".")
_OFFICES: Final = ("QĐ-BHXH", "TB-BHXH", "GCN", "TTr-UBND", "KCB", "QĐ-SLĐTBXH", "BB-TNLĐ", "CV")

Maker = Callable[[np.random.Generator, Person], tuple[str, str]]
"""To (field, value)."""


@dataclass(frozen=True, slots=True)
class PrintedValue:
    """A value on a sheet."""

    kind: str
    field: FieldType
    value: str
    box: Box
    """Upright pixels of the scan."""


@dataclass(frozen=True, slots=True)
class ValueSheet:
    """A scanned sheet."""

    image: Image.Image
    """Upright."""
    dpi: int
    manner: str
    values: tuple[PrintedValue, ...]


def value_sheet(
    seed: int, part: Part, level: Level, catalogue: Catalogue, family: Family | None = None
) -> ValueSheet:
    """A sheet of about seventy values; the same arguments give the same sheet.

    Args:
        seed: of chance.
        part: whose manners it is in.
        level: how it is scanned.
        catalogue: has the fields.
        family: printed in this instead of the manner's faces.

    Raises:
        ValueError: of part TEST.
    """
    if part is Part.TEST:
        raise ValueError(part)
    rng = generator(seed, part, _STREAM, _LEVELS[level])
    scanner = draw_scanner(rng, level)
    drawn_dpi = scanner.drawn_dpi
    manner = manners(part)[int(rng.integers(len(manners(part))))]
    if family is not None:
        manner = replace(manner, family=family, typed=family.regular)
    sheet = Sheet(rng, drawn_dpi, y=manner.top)
    wanted = dict(_filled(sheet, manner, rng))
    page = sheet.finish("Z_OTHER")
    wear = replace(draw_wear(rng, level, scanner, 210.0), turn=_UPRIGHT)
    paper = worn(page.image, wear, rng, dpi=drawn_dpi, lid=scanner.lid)
    image, tilt = scan(paper, drawn_dpi, wear, scanner, rng)
    values = []
    for placed in page.truth_fields:
        kind, name, value = wanted[placed.name]
        values.append(
            PrintedValue(kind, field_of(name, catalogue), value, tilt.onto_scan(placed.boxes[0]))
        )
    return ValueSheet(image, scanner.dpi, manner.name, tuple(values))


def labelled_value(rng: np.random.Generator) -> tuple[str, str, str, str]:
    """A value of somebody: its kind, a label for it, the field it is of, and what is printed."""
    kind = KINDS[int(rng.integers(len(KINDS)))]
    makers = _MAKERS[kind]
    name, value = makers[int(rng.integers(len(makers)))](rng, make_person(rng))
    label = _LABELS[kind][int(rng.integers(len(_LABELS[kind])))]
    return kind, label, name, value.upper() if kind == "name" and rng.random() < 0.35 else value


def field_of(name: str, catalogue: Catalogue) -> FieldType:
    """The catalogue's field of that name that sheets are filled with.

    Raises:
        KeyError: sheets have no such field.
    """
    field = catalogue.component(FIELDS[name]).field(name)
    if field is None:
        raise KeyError(name)
    return field


_UPRIGHT: Final[Turn] = 0


def _filled(
    sheet: Sheet, manner: Manner, rng: np.random.Generator
) -> Iterator[tuple[str, tuple[str, str, str]]]:
    size = float(pick(rng, tuple(str(size) for size in _SIZES)))
    faces = (manner.family.regular, manner.family.regular, manner.family.bold, manner.typed)
    label = Style(manner.family.regular, size)
    number = 0
    while sheet.y < _FOOT:
        value_style = Style(faces[int(rng.integers(len(faces)))], size)
        sheet.y += sheet.leading(value_style) + float(rng.uniform(0.3, 1.4))
        x = manner.left
        while True:
            kind, label_text, name, shown = labelled_value(rng)
            text = f"{label_text}{manner.colon}"
            needed = sheet.width(text, label) + sheet.width(shown, value_style)
            if x + needed > manner.right:
                if x == manner.left:
                    continue
                break
            x = sheet.put(x, sheet.y, text, label)
            key = f"v{number}"
            x = sheet.put(x + 1.2, sheet.y, shown, value_style, name=key)
            yield key, (kind, name, shown)
            number += 1
            x += float(rng.uniform(9.0, 16.0))


_LABELS: Final[Mapping[str, tuple[str, ...]]] = {
    "digits": ("Số", "Mã số", "Mã", "Số TK"),
    "name": ("Họ và tên", "Ông (bà)", "Họ tên", "Chủ TK"),
    "date": ("Ngày", "Từ", "Ngày sinh", "Cấp"),
    "amount": ("Số tiền", "Cộng", "Mức lương"),
    "text": ("Địa chỉ", "Đơn vị", "Nơi", "Cơ quan", "Chức vụ"),
}


def _doc_number(rng: np.random.Generator, person: Person) -> tuple[str, str]:
    number = int(rng.integers(1, 9999))
    year = f"/{person.decided_on.year}" if rng.random() < 0.25 else ""
    return "doc_number", f"{number}{year}/{pick(rng, _OFFICES)}"


def _day(rng: np.random.Generator) -> dt.date:
    return dt.date(1950, 1, 1) + dt.timedelta(days=int(rng.integers(0, 28_000)))


def _numeric(rng: np.random.Generator, person: Person) -> tuple[str, str]:
    mark = pick(rng, _DATES)
    return "birth_date", _day(rng).strftime(f"%d{mark}%m{mark}%Y")


def _written(rng: np.random.Generator, person: Person) -> tuple[str, str]:
    return "birth_date", written_date(_day(rng))


def _money(rng: np.random.Generator, person: Person) -> tuple[str, str]:
    value = int(10 ** rng.uniform(4.3, 8.7))
    if rng.random() < 0.5:
        value = round(value, -3)
    unit = " đồng" if rng.random() < 0.4 else ""
    return "benefit_amount", amount(max(value, 1000)) + unit


def _of(name: str, value: Callable[[Person], str]) -> Maker:
    def make(rng: np.random.Generator, person: Person) -> tuple[str, str]:
        return name, value(person)

    return make


def _picked(name: str, choices: tuple[str, ...]) -> Maker:
    def make(rng: np.random.Generator, person: Person) -> tuple[str, str]:
        return name, pick(rng, choices)

    return make


def _months(rng: np.random.Generator, person: Person) -> tuple[str, str]:
    return "contribution_duration", duration(int(rng.integers(12, 420)))


def _rate(rng: np.random.Generator, person: Person) -> tuple[str, str]:
    return "loss_rate", f"{int(rng.integers(5, 100))}%"


_BARE: Final = 0.12
"""Names without marks, as visas, foreign passports and banks have them."""


def _named(rng: np.random.Generator, person: Person) -> tuple[str, str]:
    name = person.full_name
    if rng.random() < 0.5:
        name = make_name(rng, pick(rng, ("Nam", "Nữ")))
    return "full_name", strip_marks(name).upper() if rng.random() < _BARE else name


def _account(rng: np.random.Generator, person: Person) -> tuple[str, str]:
    return "account_number", digits(rng, int(rng.integers(9, 15)))


FIELDS: Final[Mapping[str, str]] = {
    "bhxh_code": "F_14_HSB",
    "id_number": "F_14_HSB",
    "phone": "F_14_HSB",
    "account_number": "F_14_HSB",
    "full_name": "F_14_HSB",
    "birth_date": "F_14_HSB",
    "address": "F_14_HSB",
    "doc_number": "V_KET_QUA_XAC_MINH",
    "contribution_duration": "R_07B_HSB",
    "benefit_amount": "R_07B_HSB",
    "loss_rate": "M_GDYK",
}
"""Field → the component whose field it is."""

_MAKERS: Final[Mapping[str, tuple[Maker, ...]]] = {
    "digits": (
        _of("bhxh_code", lambda person: person.bhxh_code),
        _of("id_number", lambda person: person.id_number),
        _of("phone", lambda person: person.phone),
        _account,
        _doc_number,
        _doc_number,
        _months,
        _rate,
    ),
    "name": (_named,),
    "date": (_numeric, _numeric, _written),
    "amount": (_money,),
    "text": (
        _of("address", lambda person: person.address),
        _of("address", lambda person: person.commune),
        _picked("address", EMPLOYERS),
        _picked("address", JOBS),
        _picked("address", tuple(agency for _, _, agency in PROVINCES)),
    ),
}
