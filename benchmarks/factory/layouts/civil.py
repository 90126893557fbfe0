"""Papers of communes: death extract, birth certificate."""

from __future__ import annotations

import datetime as dt

import numpy as np

from benchmarks.factory.layouts import head
from benchmarks.factory.paper import BOLD, PLAIN, TYPED, RenderedPage, Sheet, Value
from benchmarks.factory.person import Person, digits, make_id_number, make_name, pick
from benchmarks.factory.wording import numeric_date, written_date

_STAMP = ("ỦY BAN NHÂN DÂN XÃ", "UBND")
_CAUSES = ("Tai nạn giao thông", "Tai biến mạch máu não", "Suy tim")


def death_extract(person: Person, rng: np.random.Generator, dpi: int) -> tuple[RenderedPage, ...]:
    """Trích lục khai tử (bản sao); the person is the one who died."""
    sheet = Sheet(rng, dpi, pen=TYPED)
    died = person.applied_on - dt.timedelta(days=int(rng.integers(20, 60)))
    issued = died + dt.timedelta(days=int(rng.integers(3, 12)))
    number = f"{int(rng.integers(10, 400))}/TLKT-BS"
    issuer = f"UBND XÃ {person.commune.upper()}"
    dated = f"{person.commune}, {written_date(issued)}"
    head.two_columns(sheet, (person.region.upper(), issuer), f"Số: {number}", dated)
    sheet.fields |= {
        "doc_number": number,
        "issuer": issuer,
        "issue_date": written_date(issued),
    }
    sheet.y += 6.0
    head.title(sheet, "TRÍCH LỤC KHAI TỬ", "(BẢN SAO)")
    sheet.entry("Họ, chữ đệm, tên: ", Value(person.full_name.upper(), "deceased_name"))
    born = numeric_date(person.birth_date)
    sheet.entry("Ngày, tháng, năm sinh: ", Value(born, "birth_date"))
    sheet.entry(
        "Giới tính: ", Value(person.gender), " Dân tộc: ", Value("Kinh"),
        " Quốc tịch: ", Value("Việt Nam"),
    )  # fmt: skip
    sheet.entry("Số định danh cá nhân/Giấy tờ tùy thân: ", Value(person.id_number))
    hour, minute = int(rng.integers(1, 24)), int(rng.integers(0, 60))
    moment = f"{hour:02d} giờ {minute:02d} phút, {written_date(died)}"
    sheet.entry("Đã chết vào lúc: ", Value(moment, "death_time"))
    place = f"xã {person.commune}, {person.province}"
    sheet.entry("Nơi chết: ", Value(place, "death_place"))
    sheet.entry("Nguyên nhân chết: ", Value(pick(rng, _CAUSES), "death_cause"))
    office = f"Ủy ban nhân dân xã {person.commune}, {person.province}"
    sheet.entry("Đã được đăng ký khai tử tại: ", Value(office, "registered_at"))
    registered = f"{int(rng.integers(10, 400))}/{issued.year}"
    sheet.entry(
        "Số: ", Value(registered), " ngày ", Value(written_date(issued).removeprefix("ngày "))
    )
    sheet.y += 6.0
    head.signer(
        sheet,
        150.0,
        "NGƯỜI KÝ TRÍCH LỤC",
        "(Ký, ghi rõ họ tên, đóng dấu)",
        make_name(rng, "Nam"),
        _STAMP,
    )
    return (sheet.finish("C_KHAI_TU"),)


def birth_certificate(
    person: Person, rng: np.random.Generator, dpi: int
) -> tuple[RenderedPage, ...]:
    """Giấy khai sinh (bản sao) of a child of the person."""
    sheet = Sheet(rng, dpi, pen=TYPED)
    gender = pick(rng, ("Nam", "Nữ"))
    born = dt.date(2018, int(rng.integers(1, 13)), int(rng.integers(1, 28)))
    registered = born + dt.timedelta(days=int(rng.integers(10, 40)))
    child = " ".join((person.full_name.split()[0], *make_name(rng, gender).split()[1:])).upper()
    child_id = make_id_number(rng, person.id_number[:3], gender, born)
    mother, father = make_name(rng, "Nữ"), person.full_name
    if person.gender == "Nữ":
        mother, father = person.full_name, make_name(rng, "Nam")
    number = f"{int(rng.integers(10, 400))}/{registered.year}"
    head.motto(sheet)
    head.title(sheet, "GIẤY KHAI SINH", "(BẢN SAO)")
    sheet.fields["doc_number"] = number
    sheet.line(f"Số: {number}", PLAIN, "right")
    sheet.entry("Họ, chữ đệm, tên: ", Value(child, "child_name"))
    sheet.entry("Ngày, tháng, năm sinh: ", Value(numeric_date(born), "birth_date"))
    sheet.entry(
        "Giới tính: ", Value(gender, "gender"), " Dân tộc: ", Value("Kinh"),
        " Quốc tịch: ", Value("Việt Nam"),
    )  # fmt: skip
    place = f"Bệnh viện Đa khoa tỉnh, {person.province}"
    sheet.entry("Nơi sinh: ", Value(place, "birth_place"))
    sheet.entry("Quê quán: ", Value(f"xã {person.commune}, {person.province}"))
    sheet.entry("Số định danh cá nhân: ", Value(child_id, "personal_id"))
    for label, parent, name in (("mẹ", mother, "mother_name"), ("cha", father, "father_name")):
        sheet.entry(f"Họ, chữ đệm, tên người {label}: ", Value(parent, name))
        year = str(person.birth_date.year + int(rng.integers(-4, 4)))
        sheet.entry(
            "Năm sinh: ", Value(year), " Dân tộc: ", Value("Kinh"),
            " Quốc tịch: ", Value("Việt Nam"),
        )  # fmt: skip
        sheet.entry("Nơi cư trú: ", Value(f"xã {person.commune}, {person.province}"))
    sheet.entry("Họ, chữ đệm, tên người đi khai sinh: ", Value(person.full_name))
    sheet.entry("Giấy tờ tùy thân: ", Value(f"CCCD số {person.id_number}"))
    office = f"Ủy ban nhân dân xã {person.commune}, {person.province}"
    sheet.entry("Nơi đăng ký khai sinh: ", Value(office, "registered_at"))
    sheet.entry("Ngày, tháng, năm đăng ký: ", Value(numeric_date(registered)))
    sheet.y += 2.0
    sheet.put(60.0, sheet.y + 6.0, "SAO TỪ SỔ ĐĂNG KÝ KHAI SINH", BOLD, "centre")
    sheet.put(60.0, sheet.y + 12.0, f"Số vào sổ: {digits(rng, 4)}", PLAIN, "centre")
    head.signer(sheet, 152.0, "NGƯỜI KÝ GIẤY KHAI SINH", "", make_name(rng, "Nam"), _STAMP)
    return (sheet.finish("C_KHAI_SINH"),)
