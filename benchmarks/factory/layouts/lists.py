"""Lists on landscape paper: sick and maternity claims, papers handed in, money paid out."""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np

from benchmarks.factory.layouts.decisions import AGENCY_STAMP, agency_lines
from benchmarks.factory.layouts.form import Entry, Form, Signer
from benchmarks.factory.layouts.manner import Manner
from benchmarks.factory.layouts.table import Column
from benchmarks.factory.paper import RenderedPage
from benchmarks.factory.person import Person, digits, make_name, pick
from benchmarks.factory.wording import amount, amount_in_words, numeric_date

Pages = tuple[RenderedPage, ...]

LANDSCAPE_MM: Final = (297.0, 210.0)
_UNIT_NAME: Final = "Tên cơ quan đơn vị|Tên cơ quan, đơn vị|Tên đơn vị"
_UNIT_CODE: Final = "Mã đơn vị"


def _people(person: Person, rng: np.random.Generator, count: int) -> list[tuple[str, str]]:
    """Names and insurance codes; the person stands first."""
    others = [
        (make_name(rng, pick(rng, ("Nam", "Nữ"))), person.bhxh_code[:2] + digits(rng, 8))
        for _ in range(count - 1)
    ]
    return [(person.full_name, person.bhxh_code), *others]


def paid_out(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Danh sách chi trả trợ cấp BHXH một lần (Mẫu số C97-HD)."""
    form = Form("R_C97_HD", manner, rng, dpi, size_mm=LANDSCAPE_MM, scale=0.9)
    form.issuer(agency_lines(person), form_number="Mẫu số C97-HD", motto=False)
    form.title("DANH SÁCH CHI TRẢ TRỢ CẤP BHXH MỘT LẦN")
    period = f"Tháng {person.decided_on.month:02d} năm {person.decided_on.year}"
    style = form.style("bold")
    form.sheet.y += form.sheet.leading(style)
    middle = (form.sheet.left + form.sheet.right) / 2
    form.sheet.put(middle, form.sheet.y, period, style, "centre", name="period")
    rows, total = [], 0
    for number, (name, code) in enumerate(_people(person, rng, int(rng.integers(5, 26))), 1):
        money = person.benefit_amount if number == 1 else int(rng.integers(80, 900)) * 123_400
        total += money
        cash = bool(rng.random() < 0.4)
        rows.append(
            (
                str(number),
                name,
                code,
                f"{int(rng.integers(100, 9999))}/QĐ-BHXH",
                numeric_date(person.decided_on),
                amount(money),
                "Tiền mặt" if cash else "Tài khoản",
                "" if cash else f"{digits(rng, 12)} {pick(rng, ('BIDV', 'Agribank'))}",
                "",
                "",
            )
        )
    rows.append(("", "Cộng", "", "", "", amount(total), "", "", "", ""))
    form.table(
        (
            Column("STT", 9.0, "centre"),
            Column("Họ và tên", 38.0),
            Column("Mã số BHXH", 24.0, "centre"),
            Column("Số quyết định", 28.0, "centre"),
            Column("Ngày quyết định", 23.0, "centre"),
            Column("Số tiền", 25.0, "right"),
            Column("Hình thức nhận", 22.0, "centre"),
            Column("Số tài khoản, ngân hàng", 34.0),
            Column("Ký nhận", 20.0),
            Column("Ghi chú", 15.0),
        ),
        rows,
    )
    form.sheet.fields["total_amount"] = amount(total)
    form.pages[0].fields["rows"] = str(len(rows) - 1)
    form.line(f"Bằng chữ: {amount_in_words(total)}", "italic")
    form.sign(
        Signer("NGƯỜI LẬP", make_name(rng, "Nữ")),
        Signer("PHỤ TRÁCH CHẾ ĐỘ BHXH", make_name(rng, "Nam")),
        Signer("KẾ TOÁN TRƯỞNG", make_name(rng, "Nữ")),
        Signer("GIÁM ĐỐC", make_name(rng, "Nam"), "", AGENCY_STAMP),
    )
    return form.finish()


def sick_and_maternity(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Danh sách đề nghị giải quyết hưởng chế độ ốm đau, thai sản (Mẫu 01B-HSB)."""
    form = Form("F_01B_HSB", manner, rng, dpi, size_mm=LANDSCAPE_MM, scale=0.9)
    employer = person.periods[-1].employer
    form.motto("Mẫu 01B-HSB")
    form.rows(
        Entry(_UNIT_NAME, employer, "unit_name"),
        (
            Entry(_UNIT_CODE, f"TB{digits(rng, 4)}C", "unit_code"),
            Entry("Số điện thoại|Điện thoại", "02" + digits(rng, 8)),
        ),
    )
    form.title(
        "DANH SÁCH ĐỀ NGHỊ GIẢI QUYẾT HƯỞNG CHẾ ĐỘ ỐM ĐAU, THAI SẢN, DƯỠNG SỨC PHỤC HỒI SỨC KHỎE",
        more=1.0,
    )
    day = person.applied_on
    label, batch = "Đợt ", f"{int(rng.integers(1, 6)):02d} tháng {day.month:02d} năm {day.year}"
    style = form.style("regular")
    form.sheet.y += form.sheet.leading(style)
    middle = (form.sheet.left + form.sheet.right) / 2
    start = middle - form.sheet.width(label + batch, style) / 2
    form.sheet.put(start, form.sheet.y, label.rstrip(), style)
    value_at = start + form.sheet.width(label, style)
    form.sheet.put(value_at, form.sheet.y, batch, style, name="batch")
    form.rows(
        (
            Entry("Số tài khoản", digits(rng, 12), "account_number"),
            Entry("Mở tại", person.bank),
            Entry("Chi nhánh", person.province),
        )
    )
    form.line("PHẦN 1: DANH SÁCH ĐỀ NGHỊ HƯỞNG CHẾ ĐỘ MỚI PHÁT SINH", "bold")
    people = _people(person, rng, int(rng.integers(3, 20)))
    split = int(rng.integers(1, len(people)))
    rows: list[tuple[str, ...]] = []
    for group, members in (("A. ỐM ĐAU", people[:split]), ("B. THAI SẢN", people[split:])):
        rows.append(("", group, "", "", "", "", "", ""))
        for number, (name, code) in enumerate(members, 1):
            first = day - dt.timedelta(days=int(rng.integers(20, 60)))
            days = int(rng.integers(1, 12)) if group.startswith("A") else 180
            last = first + dt.timedelta(days=days - 1)
            account = f"{digits(rng, 12)} {pick(rng, ('BIDV', 'ACB', 'Agribank'))}"
            cells = (numeric_date(first), numeric_date(last), str(days), account, "")
            rows.append((str(number), name, code, *cells))
    form.table(
        (
            Column("STT", 10.0, "centre"),
            Column("Họ và tên", 50.0),
            Column("Mã số BHXH", 28.0, "centre"),
            Column("Từ ngày", 24.0, "centre"),
            Column("Đến ngày", 24.0, "centre"),
            Column("Tổng số", 16.0, "centre"),
            Column("Số tài khoản, ngân hàng", 48.0),
            Column("Ghi chú", 24.0),
        ),
        rows,
    )
    form.pages[0].fields["rows"] = str(len(people))
    form.dated(person.province, day)
    form.sign(
        Signer("NGƯỜI LẬP", make_name(rng, "Nữ"), "(Ký, ghi rõ họ tên)"),
        Signer("THỦ TRƯỞNG ĐƠN VỊ", make_name(rng, "Nam"), "", (employer.upper()[:26], "CÔNG TY")),
    )
    return form.finish()


def information_table(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Bảng kê thông tin (Mẫu D01-TS)."""
    form = Form("F_D01_TS", manner, rng, dpi, size_mm=LANDSCAPE_MM, scale=0.95)
    employer = person.periods[-1].employer
    form.motto("Mẫu D01-TS")
    form.title("BẢNG KÊ THÔNG TIN", "(Kèm theo hồ sơ tham gia, điều chỉnh thông tin BHXH, BHYT)")
    form.rows(
        (Entry("Tên đơn vị", employer), Entry(_UNIT_CODE, f"TC{digits(rng, 4)}A", "unit_code"))
    )
    rows = [
        (
            str(number),
            name,
            code,
            pick(rng, ("Hợp đồng lao động", "Giấy khai sinh", "Căn cước công dân", "Quyết định")),
            f"{int(rng.integers(1, 300))}/{person.applied_on.year}",
            numeric_date(person.applied_on - dt.timedelta(days=int(rng.integers(10, 900)))),
            pick(rng, ("Sở Tư pháp", "UBND xã", "Công an tỉnh", employer)),
            pick(rng, ("Điều chỉnh họ tên", "Điều chỉnh ngày sinh", "Truy thu chênh lệch")),
        )
        for number, (name, code) in enumerate(_people(person, rng, int(rng.integers(1, 16))), 1)
    ]
    form.table(
        (
            Column("TT", 9.0, "centre"),
            Column("Họ và tên", 42.0),
            Column("Mã số BHXH", 26.0, "centre"),
            Column("Tên, loại văn bản", 38.0),
            Column("Số hiệu văn bản", 24.0, "centre"),
            Column("Ngày ban hành", 25.0, "centre"),
            Column("Cơ quan ban hành văn bản", 42.0),
            Column("Trích lược nội dung cần thẩm định", 46.0),
        ),
        rows,
    )
    form.pages[0].fields["rows"] = str(len(rows))
    form.dated(person.province, person.applied_on)
    form.sign(
        Signer("NGƯỜI LẬP BẢNG", make_name(rng, "Nữ")),
        Signer("THỦ TRƯỞNG ĐƠN VỊ", make_name(rng, "Nam"), "", (employer.upper()[:26], "CÔNG TY")),
    )
    return form.finish()
