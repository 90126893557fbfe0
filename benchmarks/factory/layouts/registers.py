"""Papers of civil status: births, deaths; of communes and of hospitals."""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np

from benchmarks.factory.layouts.form import Entry, Form, Signer
from benchmarks.factory.layouts.manner import Manner
from benchmarks.factory.marks import copy_stamp
from benchmarks.factory.paper import RenderedPage
from benchmarks.factory.person import Person, digits, make_id_number, make_name, pick
from benchmarks.factory.wording import date_in_words, written_date

Pages = tuple[RenderedPage, ...]

_CAUSES: Final = (
    "Tai nạn giao thông",
    "Tai biến mạch máu não",
    "Suy tim",
    "Ung thư phổi",
    "Bệnh già",
    "Nhồi máu cơ tim",
)
_STAMP: Final = ("ỦY BAN NHÂN DÂN XÃ", "UBND")


def _moment(rng: np.random.Generator, day: dt.date) -> str:
    hour, minute = int(rng.integers(0, 24)), int(rng.integers(0, 60))
    return f"{hour:02d} giờ {minute:02d} phút, {written_date(day)}"


def _copied(form: Form, rng: np.random.Generator) -> None:
    """`SAO Y BẢN CHÍNH` at the upper left, on some copies."""
    if rng.random() < 0.4:
        text = pick(rng, ("SAO Y BẢN CHÍNH", "BẢN SAO"))
        form.pages[0].paste(copy_stamp(rng, form.dpi, text), 8.0, 4.0, (text,))


def death_extract(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Trích lục khai tử (bản sao); the person is the one who died."""
    form = Form("C_KHAI_TU", manner, rng, dpi, single=True)
    died = person.applied_on - dt.timedelta(days=int(rng.integers(20, 60)))
    issued = died + dt.timedelta(days=int(rng.integers(3, 12)))
    form.issuer(
        (person.region.upper(), f"UBND XÃ {person.commune.upper()}"),
        number=(f"{int(rng.integers(10, 400))}/TLKT-BS", "doc_number"),
        dated=(person.commune, issued),
        date_name="issue_date",
        issuer_name="issuer",
    )
    _copied(form, rng)
    form.title("TRÍCH LỤC KHAI TỬ (BẢN SAO)")
    form.rows(
        Entry(
            "Họ, chữ đệm, tên|Họ, chữ đệm, tên|Họ và tên", person.full_name.upper(), "deceased_name"
        ),
        Entry("Ngày, tháng, năm sinh", form.date(person.birth_date), "birth_date"),
        (
            Entry("Giới tính", person.gender),
            Entry("Dân tộc", person.ethnic),
            Entry("Quốc tịch", "Việt Nam"),
        ),
        Entry("Số định danh cá nhân/Giấy tờ tùy thân|Giấy tờ tùy thân", person.id_number),
        Entry("Đã chết vào lúc", _moment(rng, died), "death_time"),
        Entry(
            "Nơi chết",
            pick(
                rng,
                (
                    f"xã {person.commune}, {person.province}",
                    "Bệnh viện Đa khoa tỉnh",
                    "Tại nhà riêng",
                ),
            ),
            "death_place",
        ),
        Entry("Nguyên nhân chết", pick(rng, _CAUSES), "death_cause"),
        Entry(
            "Đã được đăng ký khai tử tại|Nơi đăng ký khai tử",
            f"Ủy ban nhân dân xã {person.commune}, {person.province}",
            "registered_at",
        ),
        (
            Entry("Số|Quyển số", f"{int(rng.integers(10, 400))}/{issued.year}"),
            Entry("ngày|đăng ký ngày", form.date(issued)),
        ),
    )
    form.gap(3.0)
    form.sign(
        Signer("NGƯỜI KÝ TRÍCH LỤC", make_name(rng, "Nam"), "(Ký, ghi rõ họ tên, đóng dấu)", _STAMP)
    )
    return form.finish()


def death_notice(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Giấy báo tử, of a hospital; the person is the one who died."""
    form = Form("C_BAO_TU", manner, rng, dpi, single=True)
    died = person.applied_on - dt.timedelta(days=int(rng.integers(20, 60)))
    form.issuer(
        (f"SỞ Y TẾ {person.province.upper()}", "BỆNH VIỆN ĐA KHOA TỈNH"),
        number=(f"{int(rng.integers(10, 400))}/GBT", "doc_number"),
        dated=(person.province, died),
    )
    form.title("GIẤY BÁO TỬ")
    form.rows(
        Entry("Họ và tên|Họ, chữ đệm, tên", person.full_name.upper(), "deceased_name"),
        (
            Entry("Ngày, tháng, năm sinh|Sinh ngày", form.date(person.birth_date)),
            Entry("Giới tính", person.gender),
        ),
        (Entry("Dân tộc", person.ethnic), Entry("Quốc tịch", "Việt Nam")),
        Entry("Nơi thường trú/tạm trú cuối cùng|Nơi cư trú cuối cùng", person.address),
        Entry("Giấy tờ tùy thân|Số CCCD/CMND", person.id_number),
        Entry("Đã tử vong lúc|Đã chết vào lúc", _moment(rng, died), "death_time"),
        Entry("Nơi tử vong|Nơi chết", "Bệnh viện Đa khoa tỉnh"),
        Entry("Nguyên nhân tử vong|Nguyên nhân chết", pick(rng, _CAUSES)),
    )
    form.paragraph("Giấy báo tử này được cấp cho thân nhân để làm thủ tục đăng ký khai tử.")
    form.sign(
        Signer("NGƯỜI THÂN NHẬN GIẤY", make_name(rng, "Nữ"), "(Ký, ghi rõ họ tên)"),
        Signer("GIÁM ĐỐC", make_name(rng, "Nam"), "", ("BỆNH VIỆN ĐA KHOA TỈNH", "SỞ Y TẾ")),
    )
    return form.finish()


def birth_certificate(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Giấy khai sinh or trích lục khai sinh of a child of the person."""
    form = Form("C_KHAI_SINH", manner, rng, dpi, scale=0.97, single=True)
    gender = pick(rng, ("Nam", "Nữ"))
    born = dt.date(
        int(rng.integers(2005, 2025)), int(rng.integers(1, 13)), int(rng.integers(1, 28))
    )
    registered = born + dt.timedelta(days=int(rng.integers(10, 40)))
    child = " ".join((person.full_name.split()[0], *make_name(rng, gender).split()[1:]))
    mother, father = make_name(rng, "Nữ"), person.full_name
    if person.gender == "Nữ":
        mother, father = person.full_name, make_name(rng, "Nam")
    office = f"Ủy ban nhân dân xã {person.commune}, {person.province}"
    number = f"{int(rng.integers(10, 400))}/{registered.year}"
    extract = manner.wording == 1
    if extract:
        form.issuer(
            (person.region.upper(), f"UBND XÃ {person.commune.upper()}"),
            number=(f"{int(rng.integers(10, 400))}/TLKS-BS", "doc_number"),
            dated=(person.commune, registered),
        )
        form.title("TRÍCH LỤC KHAI SINH", "(BẢN SAO)")
    else:
        form.motto()
        form.title(form.word("GIẤY KHAI SINH|GIẤY KHAI SINH (BẢN SAO)"))
        form.rows(Entry("Số", number, "doc_number"))
    _copied(form, rng)
    place = pick(rng, ("Bệnh viện Đa khoa tỉnh", "Bệnh viện Phụ sản", "Trạm y tế xã"))
    form.rows(
        Entry("Họ, chữ đệm, tên", child.upper(), "child_name"),
        Entry("Ngày, tháng, năm sinh", form.date(born), "birth_date"),
        Entry("Ghi bằng chữ", date_in_words(born)),
        (
            Entry("Giới tính", gender, "gender"),
            Entry("Dân tộc", person.ethnic),
            Entry("Quốc tịch", "Việt Nam"),
        ),
        Entry("Nơi sinh", f"{place}, {person.province}", "birth_place"),
        Entry("Quê quán", f"xã {person.commune}, {person.province}"),
        Entry(
            "Số định danh cá nhân",
            make_id_number(rng, person.id_number[:3], gender, born),
            "personal_id",
        ),
    )
    for label, parent, name in (("mẹ", mother, "mother_name"), ("cha", father, "father_name")):
        year = str(person.birth_date.year + int(rng.integers(-4, 4)))
        form.rows(
            Entry(f"Họ, chữ đệm, tên người {label}", parent, name),
            (
                Entry("Năm sinh", year),
                Entry("Dân tộc", person.ethnic),
                Entry("Quốc tịch", "Việt Nam"),
            ),
            Entry("Nơi cư trú", person.address),
        )
    form.rows(
        Entry("Nơi đăng ký khai sinh", office, "registered_at"),
        Entry("Ngày, tháng, năm đăng ký", form.date(registered)),
    )
    form.sign(
        Signer(form.word("NGƯỜI KÝ GIẤY KHAI SINH|CHỦ TỊCH"), make_name(rng, "Nam"), "", _STAMP)
    )
    return form.finish()


def birth_proof(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Giấy chứng sinh, of the hospital where the child was born."""
    form = Form("C_GIAY_CHUNG_SINH", manner, rng, dpi, by_hand=True, single=True)
    born = person.applied_on - dt.timedelta(days=int(rng.integers(20, 120)))
    mother = person.full_name if person.gender == "Nữ" else make_name(rng, "Nữ")
    form.issuer(
        (f"SỞ Y TẾ {person.province.upper()}", "BỆNH VIỆN PHỤ SẢN"),
        number=(f"{int(rng.integers(10, 4000))}", None),
        prefix="Số: ",
    )
    form.title("GIẤY CHỨNG SINH")
    form.rows(
        Entry(
            "Họ và tên mẹ hoặc người nuôi dưỡng|Họ và tên mẹ/Người nuôi dưỡng|Họ và tên mẹ",
            mother,
            "mother_name",
        ),
        (Entry("Năm sinh", str(person.birth_date.year)), Entry("Dân tộc", person.ethnic)),
        Entry("Nơi đăng ký thường trú|Nơi thường trú", person.address),
        Entry("Mã số BHXH/Thẻ BHYT số|Số thẻ BHYT", person.bhxh_code),
        Entry("Số CMND/Hộ chiếu|Số CCCD", person.id_number),
        Entry("Họ và tên cha", make_name(rng, "Nam")),
        Entry("Đã sinh con vào lúc", _moment(rng, born), "birth_time"),
        Entry("Tại", "Bệnh viện Phụ sản"),
        (
            Entry("Số con trong lần sinh này", "01"),
            Entry("Giới tính của con", pick(rng, ("Nam", "Nữ"))),
            Entry("Cân nặng", f"{int(rng.integers(24, 40)) * 100} g"),
        ),
        Entry("Dự định đặt tên con là", " ".join(make_name(rng, "Nam").split()[-2:])),
    )
    form.dated(person.province, born, None)
    form.sign(
        Signer("CHA, MẸ", mother, "(Ký, ghi rõ họ tên)"),
        Signer("NGƯỜI ĐỠ ĐẺ", make_name(rng, "Nữ"), "(Ký)"),
        Signer(
            "THỦ TRƯỞNG CƠ SỞ", make_name(rng, "Nam"), "", ("BỆNH VIỆN PHỤ SẢN", digits(rng, 4))
        ),
    )
    return form.finish()
