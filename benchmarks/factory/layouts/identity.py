"""The citizen identity card, both sides copied onto one A4 sheet."""

from __future__ import annotations

import datetime as dt
from typing import Final

import cv2
import numpy as np
from PIL import Image

from benchmarks.factory.fonts import Face
from benchmarks.factory.layouts.mrz import card_lines
from benchmarks.factory.marks import photograph, qr
from benchmarks.factory.paper import BLACK, RED, RenderedPage, Sheet, Style
from benchmarks.factory.person import Person
from benchmarks.factory.wording import numeric_date

_CARD_MM: Final = (85.6, 54.0)
_LABEL: Final = Style(Face.SANS, 5.6, (50, 70, 110))
_VALUE: Final = Style(Face.SANS_BOLD, 7.4, BLACK)
_TITLE: Final = Style(Face.SANS_BOLD, 9.5, RED)
_MRZ: Final = Style(Face.MONO, 9.2)


def identity_card(person: Person, rng: np.random.Generator, dpi: int) -> tuple[RenderedPage, ...]:
    """Căn cước công dân gắn chip: front above, back below, true size."""
    sheet = Sheet(rng, dpi)
    draw_front(sheet, person, 62.0, 30.0)
    draw_back(sheet, person, 62.0, 110.0)
    return (sheet.finish("I_CCCD"),)


def qr_payload(person: Person) -> str:
    """The seven fields of the card's QR, separated by bars; the second (CMND) is empty."""
    born, issued = (day.strftime("%d%m%Y") for day in (person.birth_date, person.id_issued_on))
    fields = (person.id_number, "", person.full_name, born, person.gender, person.address, issued)
    return "|".join(fields)


def expiry(person: Person) -> dt.date:
    """The birthday at 40, or at 60 where the card was issued after the 38th."""
    born = person.birth_date
    until = 40 if person.id_issued_on.year - born.year < 38 else 60
    return born.replace(year=born.year + until)


def ground(sheet: Sheet, x: float, y: float) -> None:
    """Light tinted ground with a fine wave pattern."""
    width, height = (sheet.px(side) for side in _CARD_MM)
    columns, rows = np.meshgrid(np.linspace(0, 40, width), np.linspace(0, 25, height))
    wave = np.sin(columns * 2 + 3 * np.sin(rows)) * 3
    ground = np.stack([232 + wave, 240 - wave / 2, 228 + wave], axis=-1).astype(np.uint8)
    corners = np.full((height, width), 0, np.uint8)
    radius = sheet.px(3.0)
    cv2.rectangle(corners, (radius, 0), (width - radius, height), 255, -1)
    cv2.rectangle(corners, (0, radius), (width, height - radius), 255, -1)
    for corner in ((radius, radius), (width - radius, radius), (radius, height - radius)):
        cv2.circle(corners, corner, radius, 255, -1)
    cv2.circle(corners, (width - radius, height - radius), radius, 255, -1)
    place = (sheet.px(x), sheet.px(y))
    sheet.image.paste(Image.fromarray(ground), place, Image.fromarray(corners))


def draw_front(sheet: Sheet, person: Person, x: float, y: float) -> None:
    """The front with its upper left corner at `x`, `y`, mm."""
    ground(sheet, x, y)
    middle = x + 50.0
    small = Style(Face.SANS_BOLD, 6.0)
    sheet.put(middle, y + 4.6, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", small, "centre")
    sheet.put(middle, y + 7.4, "Độc lập - Tự do - Hạnh phúc", _LABEL, "centre")
    sheet.put(middle, y + 10.2, "SOCIALIST REPUBLIC OF VIET NAM", Style(Face.SANS, 5.0), "centre")
    sheet.put(middle - 6, y + 15.0, "CĂN CƯỚC CÔNG DÂN", _TITLE, "centre")
    sheet.put(middle - 6, y + 18.0, "Citizen Identity Card", Style(Face.SANS, 6.0, RED), "centre")
    sheet.paste(photograph(sheet.rng, sheet.dpi, 20.0, 27.0), x + 4.0, y + 19.0)
    sheet.paste(qr(qr_payload(person), sheet.dpi, 15.0), x + 69.0, y + 10.0)
    left = x + 27.0
    sheet.put(left, y + 24.0, "Số / No.:", _LABEL)
    sheet.put(left + 12.0, y + 24.0, person.id_number, Style(Face.SANS_BOLD, 9.5))
    origin = f"{person.commune}, {person.province}"
    rows = (
        ("Họ và tên / Full name:", person.full_name.upper(), 28.0),
        ("Quê quán / Place of origin:", origin, 40.2),
        ("Nơi thường trú / Place of residence:", person.address, 46.6),
    )
    for label, value, top in rows:
        sheet.put(left, y + top, label, _LABEL)
        _on_card(sheet, left, y + top + 3.2, value, 55.0)
    born = numeric_date(person.birth_date)
    end = sheet.put(left, y + 34.6, "Ngày sinh / Date of birth:", _LABEL)
    sheet.put(end + 1.5, y + 34.6, born, _VALUE)
    end = sheet.put(left, y + 37.4, "Giới tính / Sex:", _LABEL)
    end = sheet.put(end + 1.5, y + 37.4, person.gender, _VALUE)
    end = sheet.put(end + 4.0, y + 37.4, "Quốc tịch / Nationality:", _LABEL)
    sheet.put(end + 1.5, y + 37.4, "Việt Nam", _VALUE)
    until = numeric_date(expiry(person))
    sheet.put(x + 4.0, y + 49.2, "Có giá trị đến:", _LABEL)
    sheet.put(x + 4.0, y + 51.8, until, Style(Face.SANS_BOLD, 6.0))
    sheet.fields |= {
        "id_number": person.id_number,
        "full_name": person.full_name.upper(),
        "birth_date": born,
        "gender": person.gender,
        "nationality": "Việt Nam",
        "origin": origin,
        "residence": person.address,
        "expiry_date": until,
    }


def _on_card(sheet: Sheet, x: float, y: float, text: str, width: float) -> None:
    """A value in small bold type, in two narrow rows where one is too long."""
    first, rest = text, ""
    while sheet.width(first, _VALUE) > width:
        first, _, last = first.rpartition(" ")
        rest = f"{last} {rest}".strip()
    sheet.put(x, y, first, _VALUE)
    if rest:
        sheet.put(x, y + 2.6, rest, _VALUE)


def draw_back(sheet: Sheet, person: Person, x: float, y: float) -> None:
    """The back with its upper left corner at `x`, `y`, mm."""
    ground(sheet, x, y)
    issued = numeric_date(person.id_issued_on)
    sheet.fields["issue_date"] = issued
    sheet.put(x + 4.0, y + 5.0, "Đặc điểm nhân dạng / Personal identification:", _LABEL)
    sheet.put(x + 4.0, y + 8.6, "Nốt ruồi cách 1,5 cm dưới sau đuôi mắt trái", _VALUE)
    sheet.put(x + 4.0, y + 13.0, "Ngày, tháng, năm / Date, month, year:", _LABEL)
    sheet.put(x + 44.0, y + 13.0, issued, _VALUE)
    office = Style(Face.SANS_BOLD, 5.6)
    sheet.put(x + 32.0, y + 17.0, "CỤC TRƯỞNG CỤC CẢNH SÁT", office, "centre")
    sheet.put(x + 32.0, y + 19.8, "QUẢN LÝ HÀNH CHÍNH VỀ TRẬT TỰ XÃ HỘI", office, "centre")
    for top in (5.0, 20.0):
        sheet.box(x + 66.0, y + top, x + 80.0, y + top + 13.5)
        _fingerprint(sheet, x + 73.0, y + top + 6.75)
    machine_lines(sheet, person, x, y)


def machine_lines(sheet: Sheet, person: Person, x: float, y: float) -> None:
    """The three machine-readable lines at the foot of a back."""
    rows = card_lines(
        person.id_number, person.full_name, person.gender, person.birth_date, expiry(person)
    )
    for row, text in enumerate(rows):
        sheet.put(x + 3.0, y + 40.5 + 4.6 * row, text, _MRZ)


def _fingerprint(sheet: Sheet, x: float, y: float) -> None:
    for ring in range(1, 9):
        reach_x, reach_y = 0.65 * ring, 0.75 * ring
        box = tuple(sheet.px(edge) for edge in (x - reach_x, y - reach_y, x + reach_x, y + reach_y))
        sheet.draw.arc(box, 200 - 8 * ring, 500 + 5 * ring, fill=(120, 90, 90), width=2)
