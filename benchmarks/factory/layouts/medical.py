"""Papers of hospitals: discharge paper, sick-leave certificate, summary of the medical record."""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np

from benchmarks.factory.fonts import Face
from benchmarks.factory.layouts import head
from benchmarks.factory.paper import (
    A5_LANDSCAPE_MM,
    BLUE,
    BOLD,
    ITALIC,
    PLAIN,
    RenderedPage,
    Sheet,
    Style,
    Value,
)
from benchmarks.factory.person import Person, digits, make_name, pick
from benchmarks.factory.wording import numeric_date, written_date

_DIAGNOSES: Final = (
    ("Viêm phổi thùy dưới phải", "Kháng sinh, hạ sốt, bù dịch"),
    ("Viêm ruột thừa cấp", "Phẫu thuật nội soi cắt ruột thừa"),
    ("Gãy kín đầu dưới xương quay trái", "Nắn chỉnh, bó bột cẳng bàn tay"),
    ("Viêm dạ dày cấp", "Thuốc ức chế bơm proton, nghỉ ngơi"),
    ("Sỏi thận phải độ II", "Tán sỏi ngoài cơ thể"),
)
_SMALL: Final = Style(Face.SERIF, 11.5)
_SMALL_BOLD: Final = Style(Face.SERIF_BOLD, 11.5)
_PEN: Final = Style(Face.SANS_ITALIC, 11.5, BLUE)
_STAMP: Final = ("BỆNH VIỆN ĐA KHOA TỈNH", "SỞ Y TẾ")


def discharge_paper(person: Person, rng: np.random.Generator, dpi: int) -> tuple[RenderedPage, ...]:
    """Giấy ra viện (MS: 01/BV-01), A5 landscape."""
    sheet = Sheet(rng, dpi, A5_LANDSCAPE_MM, left=16.0, right=196.0, y=7.0, pen=_PEN)
    diagnosis, treatment = _DIAGNOSES[int(rng.integers(len(_DIAGNOSES)))]
    admitted = person.applied_on - dt.timedelta(days=int(rng.integers(30, 90)))
    discharged = admitted + dt.timedelta(days=int(rng.integers(4, 12)))
    number, code = (
        digits(rng, 6),
        f"{person.id_number[1:3]}/{digits(rng, 3)}/{digits(rng, 2)}/{digits(rng, 4)}",
    )
    _hospital_head(sheet, person, number, code)
    head.title(sheet, "GIẤY RA VIỆN")
    sheet.y -= 2.0
    age = str(admitted.year - person.birth_date.year)
    sheet.entry(
        "- Họ tên người bệnh: ",
        Value(person.full_name.upper(), "full_name"),
        " Tuổi: ",
        Value(age, "age"),
        " Nam/Nữ: ",
        Value(person.gender),
    )
    sheet.entry("- Dân tộc: ", Value("Kinh"), " Nghề nghiệp: ", Value("Công nhân"))
    sheet.entry("- Thẻ BHYT số: ", Value(f"DN479{person.bhxh_code}", "card_number"))
    sheet.entry("- Địa chỉ: ", Value(person.address))
    came, left = _moment(rng, admitted), _moment(rng, discharged)
    sheet.entry("- Vào viện lúc: ", Value(came, "admitted_at"))
    sheet.entry("- Ra viện lúc: ", Value(left, "discharged_at"))
    sheet.entry("- Chẩn đoán: ", Value(diagnosis, "diagnosis"))
    sheet.entry("- Phương pháp điều trị: ", Value(treatment, "treatment"))
    sheet.entry("- Ghi chú: ", Value("Tái khám sau 07 ngày", "note"))
    sheet.y -= 1.0
    sheet.line(written_date(discharged).capitalize(), Style(Face.SERIF_ITALIC, 12.0), "right")
    sheet.y -= 1.0
    head.signer(sheet, 52.0, "GIÁM ĐỐC BỆNH VIỆN", "", make_name(rng, "Nam"), _STAMP)
    head.signer(sheet, 160.0, "TRƯỞNG KHOA", "", make_name(rng, "Nữ"))
    return (sheet.finish("M_GIAY_RA_VIEN"),)


def _hospital_head(sheet: Sheet, person: Person, number: str, code: str) -> None:
    top = sheet.y + 4.5
    sheet.fields |= {"archive_number": number, "medical_code": code}
    sheet.put(sheet.left + 26, top, f"SỞ Y TẾ {person.province.upper()}", _SMALL, "centre")
    sheet.put(sheet.left + 26, top + 5, "BỆNH VIỆN ĐA KHOA TỈNH", _SMALL_BOLD, "centre")
    middle = (sheet.left + sheet.right) / 2 + 4
    sheet.put(middle, top, head.MOTTO_1, Style(Face.SERIF_BOLD, 10.5), "centre")
    sheet.put(middle, top + 5, head.MOTTO_2, Style(Face.SERIF_BOLD, 11.0), "centre")
    for row, text in enumerate(("MS: 01/BV-01", f"Số lưu trữ: {number}", f"Mã Y tế: {code}")):
        sheet.put(sheet.right, top + 5 * row, text, Style(Face.SERIF, 10.5), "right")
    sheet.y = top + 8.0


def _moment(rng: np.random.Generator, day: dt.date) -> str:
    hour, minute = int(rng.integers(7, 17)), int(rng.integers(0, 60))
    return f"{hour:02d} giờ {minute:02d} phút, {written_date(day)}"


def sick_leave(person: Person, rng: np.random.Generator, dpi: int) -> tuple[RenderedPage, ...]:
    """Giấy chứng nhận nghỉ việc hưởng BHXH: two identical halves on A4."""
    sheet = Sheet(rng, dpi, left=20.0, right=192.0, y=6.0, pen=_PEN)
    diagnosis, treatment = _DIAGNOSES[int(rng.integers(len(_DIAGNOSES)))]
    first = person.applied_on - dt.timedelta(days=int(rng.integers(30, 90)))
    days = int(rng.integers(2, 10))
    number, serial = f"{int(rng.integers(10, 9999))}/KCB", digits(rng, 7)
    doctor, chief = make_name(rng, "Nam"), make_name(rng, "Nữ")
    sheet.fields |= {"kcb_number": number, "serial": serial}
    for half in (1, 2):
        sheet.y = 6.0 + 147.0 * (half - 1)
        _half(sheet, half, person, (number, serial))
        sheet.line("II. Chẩn đoán và phương pháp điều trị", _SMALL_BOLD)
        sheet.entry(Value(f"{diagnosis}. {treatment}", "diagnosis"), style=_SMALL)
        sheet.entry("Số ngày nghỉ: ", Value(f"{days:02d}", "days_off"), style=_SMALL)
        last = first + dt.timedelta(days=days - 1)
        sheet.entry(
            "(Từ ngày ",
            Value(numeric_date(first), "from_date"),
            " đến hết ngày ",
            Value(numeric_date(last), "to_date"),
            ")",
            style=_SMALL,
        )
        sheet.line("III. Thông tin cha, mẹ (chỉ áp dụng đối với trẻ em dưới 7 tuổi)", _SMALL_BOLD)
        sheet.line(
            f"{person.province}, {written_date(first)}", Style(Face.SERIF_ITALIC, 11.5), "right"
        )
        head.signer(sheet, 60.0, "XÁC NHẬN CỦA THỦ TRƯỞNG ĐƠN VỊ", "", chief, _STAMP)
        head.signer(sheet, 156.0, "Người hành nghề KB, CB", "", doctor)
    for x in range(6, 204, 4):
        sheet.rule(float(x), 148.5, x + 2.0, 148.5)
    return (sheet.finish("M_GCN_NGHI_VIEC"),)


def _half(sheet: Sheet, half: int, person: Person, numbers: tuple[str, str]) -> None:
    number, serial = numbers
    top = sheet.y + 5.0
    sheet.put(sheet.left, top, "BỆNH VIỆN ĐA KHOA TỈNH", _SMALL_BOLD)
    sheet.put(sheet.left, top + 5, f"Số: {number}", _SMALL)
    sheet.put(sheet.right, top, f"Liên số {half}", _SMALL, "right")
    sheet.put(sheet.right, top + 5, f"Số seri: {serial}", _SMALL, "right")
    sheet.y = top + 6.5
    sheet.line("GIẤY CHỨNG NHẬN", Style(Face.SERIF_BOLD, 13.0), "centre")
    sheet.line("NGHỈ VIỆC HƯỞNG BẢO HIỂM XÃ HỘI", Style(Face.SERIF_BOLD, 13.0), "centre")
    sheet.line(
        "(chỉ áp dụng cho điều trị ngoại trú)", Style(Face.SERIF_ITALIC, 11.5), "centre", 1.0
    )
    sheet.line("I. Thông tin người bệnh", _SMALL_BOLD)
    sheet.entry(
        "Họ và tên: ",
        Value(person.full_name.upper(), "full_name"),
        " ngày sinh ",
        Value(numeric_date(person.birth_date), "birth_date"),
        style=_SMALL,
    )
    sheet.entry(
        "Mã số BHXH/Số thẻ BHYT: ",
        Value(person.bhxh_code, "bhxh_or_card"),
        " Giới tính: ",
        Value(person.gender, "gender"),
        style=_SMALL,
    )
    sheet.entry("Đơn vị làm việc: ", Value(person.periods[-1].employer), style=_SMALL)


def record_summary(person: Person, rng: np.random.Generator, dpi: int) -> tuple[RenderedPage, ...]:
    """Tóm tắt hồ sơ bệnh án."""
    sheet = Sheet(rng, dpi, left=24.0, right=192.0, y=12.0)
    diagnosis, treatment = _DIAGNOSES[int(rng.integers(len(_DIAGNOSES)))]
    admitted = person.applied_on - dt.timedelta(days=int(rng.integers(40, 90)))
    discharged = admitted + dt.timedelta(days=int(rng.integers(6, 20)))
    facility = "Bệnh viện Đa khoa tỉnh"
    _hospital_head(sheet, person, digits(rng, 6), f"{digits(rng, 3)}/{digits(rng, 4)}")
    sheet.fields = {}
    sheet.y += 7.0
    sheet.entry("BV: ", Value(facility, "facility"), " Khoa: ", Value(pick(rng, ("Nội", "Ngoại"))))
    head.title(sheet, "TÓM TẮT HỒ SƠ BỆNH ÁN")
    sheet.entry("1. Họ và tên (In hoa): ", Value(person.full_name.upper(), "full_name"))
    year = str(person.birth_date.year)
    sheet.entry(
        "2. Năm sinh: ", Value(year, "birth_year"), " 3. Giới: ", Value(person.gender),
        " 4. Dân tộc: ", Value("Kinh"),
    )  # fmt: skip
    sheet.entry("5. Mã số BHXH/Thẻ BHYT số: ", Value(person.bhxh_code, "bhxh_or_card"))
    sheet.entry("6. Nghề nghiệp: ", Value("Công nhân"))
    sheet.entry("7. Cơ quan/Đơn vị công tác: ", Value(person.periods[-1].employer))
    sheet.entry("8. Địa chỉ: ", Value(person.address))
    sheet.entry("9. Vào viện ngày: ", Value(written_date(admitted)))
    sheet.entry("10. Ra viện ngày: ", Value(written_date(discharged)))
    sheet.entry("11. Chẩn đoán ra viện: ", Value(diagnosis, "diagnosis"))
    sheet.line("12. Tóm tắt quá trình bệnh lý và diễn biến lâm sàng:", BOLD)
    sheet.paragraph(
        "Người bệnh vào viện trong tình trạng tỉnh, tiếp xúc tốt, da niêm mạc hồng. Bệnh "
        "diễn biến trong nhiều ngày trước khi vào viện, đã tự điều trị tại nhà nhưng không "
        "giảm. Sau khi được thăm khám và làm các xét nghiệm cần thiết, người bệnh được điều "
        "trị tích cực tại khoa.",
        PLAIN,
    )
    sheet.entry("13. Phương pháp điều trị: ", Value(treatment))
    sheet.entry("14. Tình trạng ra viện: ", Value("Ổn định, tự chăm sóc được"))
    head.place_and_date(sheet, person.province, discharged, "issue_date")
    head.signer(
        sheet, 157.0, "ĐẠI DIỆN CƠ SỞ KHÁM BỆNH", "(Ký, đóng dấu)", make_name(rng, "Nam"), _STAMP
    )
    sheet.y += 40.0
    sheet.line("Lưu hồ sơ bệnh án", ITALIC)
    return (sheet.finish("M_HSBA"),)
