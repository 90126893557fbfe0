"""Papers the insurance agency issues: decision 07B-HSB, contribution history 04-HSB."""

from __future__ import annotations

import numpy as np

from benchmarks.factory.fonts import Face
from benchmarks.factory.layouts import head
from benchmarks.factory.layouts.table import Column, draw_table
from benchmarks.factory.paper import BOLD, ITALIC, PLAIN, TYPED, RenderedPage, Sheet, Style, Value
from benchmarks.factory.person import Period, Person, make_name
from benchmarks.factory.wording import amount, amount_in_words, duration, numeric_date, written_date

_SMALL = Style(Face.SERIF, 12.0)
_FIRST_PAGE_ENDS_MM = 245.0
_FIRST_PAGE_SHARE = 0.62
_COLUMNS = (
    Column("Từ tháng năm", 21.0, "centre"),
    Column("Đến tháng năm", 21.0, "centre"),
    Column("Diễn giải (cấp bậc, chức vụ, chức danh nghề, nơi làm việc)", 80.0),
    Column("Căn cứ đóng", 24.0, "right"),
    Column("Tỷ lệ đóng", 18.0, "centre"),
)


def decision_07b_hsb(
    person: Person, rng: np.random.Generator, dpi: int
) -> tuple[RenderedPage, ...]:
    """Quyết định về việc hưởng BHXH một lần (Mẫu số 07B-HSB)."""
    sheet = Sheet(rng, dpi, pen=TYPED)
    number = f"{int(rng.integers(100, 9999))}/QĐ-BHXH"
    agency = person.agency.upper()
    sheet.put(sheet.right, sheet.y, "Mẫu số 07B-HSB", Style(Face.SERIF_BOLD, 11.0), "right")
    dated = f"{person.province}, {written_date(person.decided_on)}"
    issuer = (
        "BẢO HIỂM XÃ HỘI VIỆT NAM",
        "BẢO HIỂM XÃ HỘI",
        agency.removeprefix("BẢO HIỂM XÃ HỘI "),
    )
    head.two_columns(sheet, issuer, f"Số: {number}", dated)
    sheet.fields |= {
        "doc_number": number,
        "issue_date": written_date(person.decided_on),
        "agency_name": agency,
    }
    head.title(sheet, "QUYẾT ĐỊNH", "Về việc hưởng bảo hiểm xã hội một lần")
    sheet.line(f"GIÁM ĐỐC {agency}", BOLD, "centre", gap=1.5)
    for basis in (
        "Căn cứ Luật Bảo hiểm xã hội ngày 20 tháng 11 năm 2014;",
        "Căn cứ Nghị quyết số 93/2015/QH13 ngày 22 tháng 6 năm 2015 của Quốc hội;",
        "Căn cứ hồ sơ hưởng bảo hiểm xã hội một lần của ông/bà có tên dưới đây,",
    ):
        sheet.paragraph(basis, ITALIC)
    sheet.line("QUYẾT ĐỊNH:", BOLD, "centre", gap=1.0)
    _first_article(sheet, person)
    sheet.paragraph(
        "Điều 2. Số tiền trợ cấp được chi trả một lần qua tài khoản ngân hàng hoặc bằng tiền mặt "
        "theo đề nghị của người hưởng."
    )
    sheet.paragraph(
        "Điều 3. Các ông/bà Trưởng phòng Chế độ bảo hiểm xã hội, Trưởng phòng Kế hoạch - Tài chính "
        "và ông/bà có tên tại Điều 1 chịu trách nhiệm thi hành Quyết định này."
    )
    sheet.y += 1.0
    sheet.put(sheet.left, sheet.y + 6.0, "Nơi nhận:", Style(Face.SERIF_BOLD_ITALIC, 11.5))
    for row, text in enumerate(("- Như Điều 3;", "- Lưu: VT, CĐBHXH.")):
        sheet.put(sheet.left, sheet.y + 11.0 + 4.8 * row, text, Style(Face.SERIF, 11.0))
    head.signer(
        sheet, 157.0, "GIÁM ĐỐC", "", make_name(rng, "Nam"), ("BẢO HIỂM XÃ HỘI VIỆT NAM", "BHXH")
    )
    return (sheet.finish("R_07B_HSB"),)


def _first_article(sheet: Sheet, person: Person) -> None:
    born = numeric_date(person.birth_date)
    worked = duration(person.contribution_months)
    sheet.entry("Điều 1. Ông/Bà: ", Value(person.full_name, "full_name"), leaders=False)
    sheet.entry("Sinh ngày: ", Value(born, "birth_date"), leaders=False)
    sheet.entry("Mã số BHXH: ", Value(person.bhxh_code, "bhxh_code"), leaders=False)
    sheet.entry("Số CMND/CCCD/Hộ chiếu: ", Value(person.id_number, "id_number"), leaders=False)
    sheet.entry("Nơi cư trú: ", Value(person.address), leaders=False)
    decided = numeric_date(person.decided_on)
    sheet.entry("Được hưởng BHXH một lần kể từ ngày ", Value(decided), leaders=False)
    sheet.entry("Thời gian đóng BHXH: ", Value(worked, "contribution_duration"), leaders=False)
    sheet.entry(
        "Mức bình quân tiền lương, thu nhập tháng đóng BHXH: ",
        Value(f"{amount(person.average_salary)} đồng", "average_salary"),
        leaders=False,
    )
    benefit = f"{amount(person.benefit_amount)} đồng"
    sheet.entry("Số tiền trợ cấp: ", Value(benefit, "benefit_amount"), leaders=False)
    sheet.paragraph(f"(Bằng chữ: {amount_in_words(person.benefit_amount)})", ITALIC, indent=0.0)


def history_04_hsb(person: Person, rng: np.random.Generator, dpi: int) -> tuple[RenderedPage, ...]:
    """Bản quá trình đóng BHXH (Mẫu số 04-HSB): the table goes on on page two."""
    first = Sheet(rng, dpi, pen=TYPED, left=24.0, right=192.0)
    first.put(first.left, first.y + 1, person.agency.upper(), Style(Face.SERIF_BOLD, 11.0))
    first.put(first.right, first.y + 1, "Mẫu số 04-HSB", Style(Face.SERIF_BOLD, 11.0), "right")
    first.y += 6.0
    head.title(first, "BẢN QUÁ TRÌNH ĐÓNG BẢO HIỂM XÃ HỘI")
    first.entry("Họ và tên: ", Value(person.full_name, "full_name"), leaders=False)
    born = Value(numeric_date(person.birth_date), "birth_date")
    code = Value(person.bhxh_code, "bhxh_code")
    first.entry("Ngày sinh: ", born, " Mã số BHXH: ", code, leaders=False)
    first.y += 3.5
    rows = [_row(period) for period in person.periods]
    draw_table(first, _COLUMNS, (), _SMALL)
    shown = 0
    while first.y < _FIRST_PAGE_ENDS_MM and shown < len(rows) * _FIRST_PAGE_SHARE:
        draw_table(first, _COLUMNS, rows[shown : shown + 1], _SMALL, heading=False)
        shown += 1
    first.fields["history_rows"] = str(len(person.periods))
    _page_number(first, 1)
    second = Sheet(rng, dpi, pen=TYPED, left=24.0, right=192.0, y=22.0)
    draw_table(second, _COLUMNS, rows[shown:], _SMALL)
    second.y += 2.0
    total = duration(person.contribution_months)
    second.entry("Tổng thời gian đóng BHXH: ", Value(total, "total_duration"), leaders=False)
    second.entry("Thời gian đóng BHTN chưa hưởng: ", Value("0 năm 0 tháng"), leaders=False)
    head.place_and_date(second, person.province, person.decided_on, None)
    stamp = ("BẢO HIỂM XÃ HỘI VIỆT NAM", "BHXH")
    head.signer(second, 62.0, "CÁN BỘ XÉT DUYỆT", "", make_name(rng, "Nữ"))
    head.signer(second, 158.0, "GIÁM ĐỐC", "", make_name(rng, "Nam"), stamp)
    _page_number(second, 2)
    return first.finish("R_04_HSB", 0), second.finish("R_04_HSB", 1)


def _row(period: Period) -> tuple[str, ...]:
    return (
        period.first.strftime("%m/%Y"),
        period.last.strftime("%m/%Y"),
        f"{period.job}, {period.employer}",
        amount(period.salary),
        "22%",
    )


def _page_number(sheet: Sheet, number: int) -> None:
    middle = (sheet.left + sheet.right) / 2
    sheet.put(middle, sheet.size_mm[1] - 12.0, f"Trang {number}/2", PLAIN, "centre")
