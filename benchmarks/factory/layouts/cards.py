"""Cards copied onto A4: identity cards of three generations, passport, health insurance card."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Final

import numpy as np

from benchmarks.factory.fonts import Face
from benchmarks.factory.layouts import identity
from benchmarks.factory.layouts.manner import Heading, Manner, Placing
from benchmarks.factory.layouts.mrz import passport_lines
from benchmarks.factory.marks import photograph, qr, seal
from benchmarks.factory.paper import A4_MM, BLACK, RED, RenderedPage, Sheet, Style
from benchmarks.factory.person import Person, digits, make_name, pick
from benchmarks.factory.wording import numeric_date

Pages = tuple[RenderedPage, ...]

_SMALL: Final = Style(Face.SANS, 5.6, (50, 70, 110))
_VALUE: Final = Style(Face.SANS_BOLD, 7.4, BLACK)
_GREEN: Final = (30, 90, 60)


def _places(manner: Manner) -> tuple[tuple[float, float], tuple[float, float]]:
    """Upper left corners of front and back on the sheet, mm."""
    if manner.placing is Placing.BOXED:
        return (14.0, 52.0), (108.0, 52.0)
    if manner.heading is Heading.COLUMNS:
        return (20.0, 22.0), (20.0, 92.0)
    if manner.placing is Placing.BELOW:
        return (102.0, 40.0), (102.0, 130.0)
    if manner.placing is Placing.TAB:
        return (62.0, 150.0), (62.0, 60.0)
    return (60.0, 36.0), (60.0, 116.0)


def _sheet(rng: np.random.Generator, dpi: int) -> Sheet:
    return Sheet(rng, dpi, A4_MM)


def chip_card(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Căn cước công dân gắn chip, both sides on a sheet, or each on its own."""
    front, back = _places(manner)
    sheets = [_sheet(rng, dpi)]
    identity.draw_front(sheets[0], person, *front)
    if rng.random() < 0.25:
        sheets.append(_sheet(rng, dpi))
    identity.draw_back(sheets[-1], person, *back)
    return tuple(sheet.finish("I_CCCD", number) for number, sheet in enumerate(sheets))


def new_card(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Thẻ căn cước, as issued from July 2024."""
    sheet = _sheet(rng, dpi)
    front, back = _places(manner)
    issued = dt.date(2024, int(rng.integers(7, 13)), int(rng.integers(1, 28)))
    holder = replace(person, id_issued_on=issued)
    _new_front(sheet, holder, *front)
    _new_back(sheet, holder, identity.expiry(holder), *back)
    return (sheet.finish("I_CCCD"),)


def _labelled(
    sheet: Sheet, x: float, y: float, label: str, value: str, name: str | None, width: float
) -> float:
    """A label, its value in the rows below; gives the y below them."""
    sheet.put(x, y, label, _SMALL)
    words, row, base = value.split(), "", y + 3.2
    if sheet.width(value, _VALUE) <= width:
        sheet.put(x, base, value, _VALUE, name=name)
        return base + 3.0
    for word in words:
        longer = f"{row} {word}".strip()
        if row and sheet.width(longer, _VALUE) > width:
            sheet.put(x, base, row, _VALUE)
            base += 2.9
            row = word
        else:
            row = longer
    sheet.put(x, base, row, _VALUE)
    if name is not None:
        sheet.fields[name] = value
    return base + 3.0


def _new_front(sheet: Sheet, person: Person, x: float, y: float) -> None:
    identity.ground(sheet, x, y)
    middle = x + 48.0
    sheet.put(
        middle, y + 4.6, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", Style(Face.SANS_BOLD, 6.0), "centre"
    )
    sheet.put(middle, y + 7.4, "Độc lập - Tự do - Hạnh phúc", _SMALL, "centre")
    sheet.put(middle, y + 10.0, "SOCIALIST REPUBLIC OF VIET NAM", Style(Face.SANS, 5.0), "centre")
    sheet.put(middle, y + 16.0, "CĂN CƯỚC", Style(Face.SANS_BOLD, 11.0, RED), "centre")
    sheet.put(middle, y + 19.2, "IDENTITY CARD", Style(Face.SANS_BOLD, 6.5, RED), "centre")
    sheet.paste(photograph(sheet.rng, sheet.dpi, 20.0, 27.0), x + 4.0, y + 20.0)
    left = x + 27.0
    below = _labelled(
        sheet,
        left,
        y + 23.5,
        "Số định danh cá nhân/Personal identification number",
        person.id_number,
        "id_number",
        56.0,
    )
    below = _labelled(
        sheet,
        left,
        below + 1.0,
        "Họ, chữ đệm và tên khai sinh/Full name",
        person.full_name.upper(),
        "full_name",
        56.0,
    )
    below = _labelled(
        sheet,
        left,
        below + 1.0,
        "Ngày, tháng, năm sinh/Date of birth",
        numeric_date(person.birth_date),
        "birth_date",
        56.0,
    )
    end = sheet.put(left, below + 1.5, "Giới tính/Sex", _SMALL)
    end = sheet.put(end + 1.5, below + 1.5, person.gender, _VALUE, name="gender")
    end = sheet.put(end + 5.0, below + 1.5, "Quốc tịch/Nationality", _SMALL)
    sheet.put(end + 1.5, below + 1.5, "Việt Nam", _VALUE, name="nationality")


def _new_back(sheet: Sheet, person: Person, until: dt.date, x: float, y: float) -> None:
    identity.ground(sheet, x, y)
    below = _labelled(
        sheet, x + 4, y + 5, "Nơi cư trú/Place of residence", person.address, "residence", 52.0
    )
    below = _labelled(
        sheet,
        x + 4,
        below + 0.5,
        "Nơi đăng ký khai sinh/Place of birth",
        f"{person.commune}, {person.province}",
        "origin",
        52.0,
    )
    below = _labelled(
        sheet,
        x + 4,
        below + 0.5,
        "Ngày, tháng, năm cấp/Date of issue",
        numeric_date(person.id_issued_on),
        "issue_date",
        52.0,
    )
    below = _labelled(
        sheet,
        x + 4,
        below + 0.5,
        "Ngày, tháng, năm hết hạn/Date of expiry",
        numeric_date(until),
        "expiry_date",
        52.0,
    )
    sheet.put(x + 62, y + 30, "BỘ CÔNG AN", Style(Face.SANS_BOLD, 6.0), "centre")
    sheet.paste(qr(identity.qr_payload(person), sheet.dpi, 17.0), x + 63.0, y + 5.0)
    identity.machine_lines(sheet, person, x, y)


def old_card(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Giấy chứng minh nhân dân, nine digits."""
    sheet = _sheet(rng, dpi)
    (x, y), (bx, by) = _places(manner)
    style = Style(manner.family.regular, 7.5)
    bold = Style(manner.family.bold, 8.5)
    for left, top in ((x, y), (bx, by)):
        sheet.box(left, top, left + 85.6, top + 54.0)
    sheet.put(
        x + 52,
        y + 5,
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        Style(manner.family.bold, 6.5),
        "centre",
    )
    sheet.put(
        x + 52, y + 8.4, "Độc lập - Tự do - Hạnh phúc", Style(manner.family.bold, 6.5), "centre"
    )
    sheet.put(
        x + 52, y + 13.5, "GIẤY CHỨNG MINH NHÂN DÂN", Style(manner.family.bold, 9.0, RED), "centre"
    )
    sheet.paste(photograph(rng, dpi, 20.0, 27.0), x + 3.0, y + 17.0)
    end = sheet.put(x + 34, y + 19.0, "SỐ ", bold)
    sheet.put(end, y + 19.0, digits(rng, 9), Style(manner.family.bold, 11.0, RED), name="id_number")
    rows = (
        ("Họ tên", person.full_name.upper(), "full_name"),
        ("Sinh ngày", numeric_date(person.birth_date).replace("/", "-"), "birth_date"),
        ("Nguyên quán", f"{person.commune}, {person.province}", None),
        ("Nơi ĐKHK thường trú", f"xã {person.commune}", None),
    )
    for place, (label, value, name) in enumerate(rows):
        base = y + 25.0 + 6.0 * place
        end = sheet.put(x + 26, base, f"{label}: ", style)
        sheet.put(end, base, value, bold, name=name)
    back = (
        (("Dân tộc: ", person.ethnic), ("Tôn giáo: ", "Không")),
        (("DẤU VẾT RIÊNG VÀ DỊ HÌNH", ""),),
        (("", "Sẹo chấm cách 2 cm trên trước cánh mũi trái"),),
        (("Ngày ", "15 tháng 6 năm 2009"),),
        (("GIÁM ĐỐC CÔNG AN TỈNH", ""),),
    )
    for place, row in enumerate(back):
        left = bx + 22.0
        for label, value in row:
            left = sheet.put(left, by + 7.0 + 6.0 * place, label, style)
            left = sheet.put(left, by + 7.0 + 6.0 * place, value, style) + 6.0
    sheet.paste(seal(rng, dpi, "CÔNG AN TỈNH", "GIÁM ĐỐC", 20.0), bx + 45.0, by + 32.0)
    sheet.put(bx + 62, by + 51.0, make_name(rng, "Nam"), style, "centre")
    return (sheet.finish("I_CMND"),)


def passport(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Hộ chiếu, the page with the photograph."""
    sheet = _sheet(rng, dpi)
    x, y = _places(manner)[0]
    x = min(x, 70.0)
    number = pick(rng, ("B", "C", "N", "P")) + digits(rng, 7)
    sheet.box(x, y, x + 125.0, y + 88.0)
    bold, small = Style(manner.family.bold, 9.0), Style(manner.family.regular, 6.5, _GREEN)
    sheet.put(
        x + 62,
        y + 6.0,
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM / SOCIALIST REPUBLIC OF VIET NAM",
        Style(manner.family.bold, 6.2),
        "centre",
    )
    sheet.put(
        x + 62, y + 12.0, "HỘ CHIẾU / PASSPORT", Style(manner.family.bold, 11.0, RED), "centre"
    )
    sheet.paste(photograph(rng, dpi, 32.0, 42.0), x + 5.0, y + 17.0)
    left = x + 42.0
    issued = person.id_issued_on
    pairs = (
        (("Loại/Type", "P", None), ("Số hộ chiếu/Passport No", number, "passport_number")),
        (("Họ và tên/Full name", person.full_name.upper(), "full_name"),),
        (
            ("Quốc tịch/Nationality", "VIỆT NAM", None),
            ("Ngày sinh/Date of birth", numeric_date(person.birth_date), "birth_date"),
        ),
        (
            ("Giới tính/Sex", f"{person.gender}", None),
            ("Nơi sinh/Place of birth", person.province, None),
        ),
        (
            ("Ngày cấp/Date of issue", numeric_date(issued), None),
            (
                "Có giá trị đến/Date of expiry",
                numeric_date(issued.replace(year=issued.year + 10)),
                None,
            ),
        ),
    )
    for place, row in enumerate(pairs):
        for column, (label, value, name) in enumerate(row):
            base = y + 19.0 + 9.2 * place
            sheet.put(left + 42.0 * column, base, label, small)
            sheet.put(left + 42.0 * column, base + 4.0, value, bold, name=name)
    until = issued.replace(year=issued.year + 10)
    lines = passport_lines(number, person.full_name, person.gender, person.birth_date, until)
    for below, text in enumerate(lines):
        sheet.put(x + 4.0, y + 78.0 + 5.5 * below, text, Style(Face.MONO, 11.5))
    return (sheet.finish("I_PASSPORT"),)


def health_card(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Thẻ bảo hiểm y tế, the paper card."""
    sheet = _sheet(rng, dpi)
    x, y = _places(manner)[0]
    style, bold = Style(manner.family.regular, 7.2), Style(manner.family.bold, 7.6)
    identity.ground(sheet, x, y)
    sheet.box(x, y, x + 85.6, y + 54.0)
    sheet.put(x + 30, y + 5, "BẢO HIỂM XÃ HỘI VIỆT NAM", Style(manner.family.bold, 6.5), "centre")
    sheet.put(x + 48, y + 11.0, "THẺ BẢO HIỂM Y TẾ", Style(manner.family.bold, 11.0, RED), "centre")
    card = (
        pick(rng, ("GD", "HT", "DN", "TE", "CN")) + f"4{person.id_number[1:3]}" + person.bhxh_code
    )
    end = sheet.put(x + 5, y + 17.0, "Mã số" + manner.colon, style)
    sheet.put(end, y + 17.0, card, Style(manner.family.bold, 9.5), name="card_number")
    rows = (
        (("Họ và tên", person.full_name.upper(), "full_name"),),
        (("Ngày sinh", numeric_date(person.birth_date), None), ("Giới tính", person.gender, None)),
        (("Địa chỉ", f"xã {person.commune}, {person.province}", None),),
        (("Nơi ĐK KCB BĐ", pick(rng, ("Trung tâm Y tế huyện", "Trạm Y tế xã")), None),),
        (("Giá trị sử dụng: từ ngày", numeric_date(person.id_issued_on), None),),
        (("Thời điểm đủ 05 năm liên tục: từ ngày", numeric_date(person.applied_on), None),),
    )
    for place, row in enumerate(rows):
        left = x + 5.0
        for label, value, name in row:
            end = sheet.put(left, y + 22.0 + 4.6 * place, f"{label}{manner.colon}", style)
            left = sheet.put(end, y + 22.0 + 4.6 * place, value, bold, name=name) + 5.0
    sheet.paste(seal(rng, dpi, "BẢO HIỂM XÃ HỘI", "BHXH", 17.0), x + 64.0, y + 35.0)
    if rng.random() < 0.5:
        bx, by = _places(manner)[1]
        sheet.box(bx, by, bx + 85.6, by + 54.0)
        sheet.put(bx + 43, by + 7, "NHỮNG ĐIỀU CẦN CHÚ Ý", bold, "centre")
        for place, text in enumerate(
            (
                "1. Xuất trình thẻ này cùng giấy tờ tùy thân khi khám, chữa bệnh.",
                "2. Khi thay đổi thông tin phải báo cho cơ quan BHXH.",
                "3. Không cho người khác mượn thẻ bảo hiểm y tế.",
            )
        ):
            sheet.put(bx + 4, by + 14.0 + 5.5 * place, text, Style(manner.family.regular, 6.5))
    return (sheet.finish("B_THE_BHYT"),)
