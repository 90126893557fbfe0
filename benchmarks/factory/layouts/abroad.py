"""Papers of those who settle abroad: certified translations, the release from nationality."""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np

from benchmarks.factory.layouts.form import Entry, Form, Signer
from benchmarks.factory.layouts.manner import Manner
from benchmarks.factory.paper import RenderedPage
from benchmarks.factory.person import Person, digits, make_name, pick
from pipeline.textnorm import strip_marks

Pages = tuple[RenderedPage, ...]

_COUNTRIES: Final = ("Hợp chúng quốc Hoa Kỳ", "Cộng hòa Liên bang Đức", "Nhật Bản", "Ca-na-đa")


def _translated(form: Form, country: str, *titles: str) -> None:
    form.line("BẢN DỊCH", "bold", centred=True)
    form.gap(2.0)
    form.line(country.upper(), "regular", centred=True)
    form.title(*titles)


def _certified(form: Form, person: Person, rng: np.random.Generator, name: str | None) -> None:
    """The translator's oath and the certification below a translation."""
    form.gap(3.0)
    form.paragraph(
        f"Tôi, {make_name(rng, 'Nữ')}, cam đoan đã dịch chính xác nội dung của giấy tờ này từ "
        "tiếng "
        "Anh sang tiếng Việt."
    )
    form.line("LỜI CHỨNG CỦA NGƯỜI CÓ THẨM QUYỀN", "bold", centred=True)
    form.paragraph(
        f"Tại {person.commune}, {person.province}, tôi chứng thực chữ ký trong bản dịch này đúng "
        "là "
        "chữ ký của người dịch đã đăng ký."
    )
    number = f"{int(rng.integers(10, 9999))}/{person.applied_on.year}"
    form.rows(Entry("Số chứng thực", number, name))
    form.sign(
        Signer("NGƯỜI DỊCH", make_name(rng, "Nữ"), "(Ký, ghi rõ họ tên)"),
        Signer("TRƯỞNG PHÒNG", make_name(rng, "Nam"), "", ("PHÒNG TƯ PHÁP", "UBND")),
    )


def foreign_passport(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Translation of a foreign passport."""
    form = Form("X_BD_HO_CHIEU", manner, rng, dpi)
    country = pick(rng, _COUNTRIES)
    _translated(form, country, "HỘ CHIẾU")
    issued = person.applied_on - dt.timedelta(days=int(rng.integers(100, 2000)))
    form.rows(
        (Entry("Loại", "P"), Entry("Số hộ chiếu", digits(rng, 9), "passport_number")),
        Entry("Họ và tên", strip_marks(person.full_name).upper(), "full_name"),
        (Entry("Quốc tịch", country), Entry("Giới tính", person.gender)),
        Entry("Ngày sinh", form.date(person.birth_date)),
        Entry("Nơi sinh", "Việt Nam"),
        (
            Entry("Ngày cấp", form.date(issued)),
            Entry("Ngày hết hạn", form.date(issued + dt.timedelta(days=3651))),
        ),
        Entry("Cơ quan cấp", "Bộ Ngoại giao"),
    )
    _certified(form, person, rng, "certification_number")
    return form.finish()


def visa(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Translation of a settlement visa."""
    form = Form("X_BD_THI_THUC", manner, rng, dpi)
    country = pick(rng, _COUNTRIES)
    _translated(form, country, "THỊ THỰC NHẬP CẢNH", "(Diện định cư)")
    form.rows(
        Entry("Số thị thực", digits(rng, 8), "visa_number"),
        Entry("Họ và tên", strip_marks(person.full_name).upper(), "full_name"),
        (Entry("Ngày sinh", form.date(person.birth_date)), Entry("Giới tính", person.gender)),
        Entry("Loại thị thực", pick(rng, ("IR1", "CR1", "F3", "Đoàn tụ gia đình"))),
        Entry("Mục đích nhập cảnh", "Định cư"),
        Entry("Ngày cấp", form.date(person.applied_on)),
        Entry("Nơi cấp", "Thành phố Hồ Chí Minh"),
    )
    _certified(form, person, rng, None)
    return form.finish()


def residence_card(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Translation of a permanent residence card."""
    form = Form("X_BD_CU_TRU", manner, rng, dpi)
    _translated(form, pick(rng, _COUNTRIES), form.word("THẺ THƯỜNG TRÚ|THẺ CƯ TRÚ|THẺ THƯỜNG TRÚ"))
    issued = person.applied_on - dt.timedelta(days=int(rng.integers(100, 1000)))
    form.rows(
        Entry("Số thẻ", f"{pick(rng, ('A', 'AB', 'MSC'))}{digits(rng, 9)}", "card_number"),
        Entry("Họ và tên", strip_marks(person.full_name).upper(), "full_name"),
        (Entry("Ngày sinh", form.date(person.birth_date)), Entry("Giới tính", person.gender)),
        Entry("Nước sinh", "Việt Nam"),
        (
            Entry("Ngày cấp", form.date(issued), "issue_date"),
            Entry("Ngày hết hạn", form.date(issued + dt.timedelta(days=3650)), "expiry_date"),
        ),
    )
    _certified(form, person, rng, None)
    return form.finish()


def released(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Giấy xác nhận về việc thôi quốc tịch Việt Nam."""
    form = Form("X_THOI_QUOC_TICH", manner, rng, dpi)
    form.issuer(
        ("BỘ TƯ PHÁP",),
        number=(f"{int(rng.integers(10, 999))}/GXN-BTP", "doc_number"),
        dated=("Hà Nội", person.applied_on),
        date_name="issue_date",
    )
    form.title("GIẤY XÁC NHẬN", "Về việc thôi quốc tịch Việt Nam")
    form.rows(
        Entry("Họ và tên|Ông/bà", person.full_name.upper(), "full_name"),
        (Entry("Ngày sinh", form.date(person.birth_date)), Entry("Giới tính", person.gender)),
        Entry("Nơi cư trú trước khi xuất cảnh", person.address),
        Entry("Hiện cư trú tại", pick(rng, _COUNTRIES)),
    )
    form.paragraph(
        "Đã được Chủ tịch nước Cộng hòa xã hội chủ nghĩa Việt Nam cho thôi quốc tịch Việt Nam theo "
        f"Quyết định số {int(rng.integers(100, 2000))}/QĐ-CTN. Giấy này được cấp để bổ túc hồ sơ "
        "giải quyết chế độ tại Việt Nam."
    )
    form.sign(Signer("TL. BỘ TRƯỞNG", make_name(rng, "Nam"), "", ("BỘ TƯ PHÁP", "BTP")))
    return form.finish()
