"""Forms that insured people fill in by pen: 14-HSB, 13-HSB, 09-HSB, TK1-TS."""

from __future__ import annotations

import datetime as dt

import numpy as np

from benchmarks.factory.fonts import Face
from benchmarks.factory.layouts import head
from benchmarks.factory.layouts.table import Column, draw_table
from benchmarks.factory.paper import BOLD, ITALIC, PEN, PLAIN, RenderedPage, Sheet, Style, Value
from benchmarks.factory.person import Person, digits, make_id_number, make_name, pick
from benchmarks.factory.wording import duration, numeric_date

_SMALL = Style(Face.SERIF, 12.0)


def form_14_hsb(person: Person, rng: np.random.Generator, dpi: int) -> tuple[RenderedPage, ...]:
    """Đơn đề nghị (Mẫu số 14-HSB), one page."""
    sheet = Sheet(rng, dpi)
    head.motto(sheet, "Mẫu số 14-HSB")
    head.title(sheet, "ĐƠN ĐỀ NGHỊ")
    sheet.fields["agency_name"] = person.agency
    sheet.line(f"Kính gửi: {person.agency}", BOLD, "centre", gap=2.0)
    name, born = person.full_name.upper(), numeric_date(person.birth_date)
    sheet.entry("Họ và tên (1): ", Value(name, "full_name"))
    sheet.entry("Sinh ngày: ", Value(born, "birth_date"), " Nam/Nữ: ", Value(person.gender))
    sheet.entry("Mã số BHXH: ", Value(person.bhxh_code, "bhxh_code"))
    sheet.entry(
        "Số CMND/Hộ chiếu/Căn cước: ",
        Value(person.id_number, "id_number"),
        " cấp ngày ",
        Value(numeric_date(person.id_issued_on)),
    )
    sheet.entry("Số điện thoại di động (2): ", Value(person.phone, "phone"))
    sheet.entry("Địa chỉ nơi cư trú (3): ", Value(person.address, "address"))
    worked = duration(person.contribution_months)
    request = f"Giải quyết hưởng BHXH một lần, thời gian đóng {worked}"
    sheet.entry("Nội dung yêu cầu giải quyết (4): ", Value(request, "request_content"))
    sheet.entry("Địa chỉ nhận lương hưu, trợ cấp mới (nếu có): ", Value(""))
    sheet.line("Hình thức nhận tiền:", gap=1.0)
    _ticks(sheet, ("Tiền mặt tại cơ quan BHXH", "Tài khoản ngân hàng"), ticked=1)
    sheet.entry("Chủ tài khoản: ", Value(name, "account_holder"))
    sheet.entry(
        "Số tài khoản: ",
        Value(person.account_number, "account_number"),
        " Ngân hàng: ",
        Value(person.bank, "bank_name"),
    )
    sheet.y += 2.0
    sheet.paragraph(
        "Tôi cam đoan những nội dung kê khai trên đây là đúng sự thật và chịu trách nhiệm trước "
        "pháp luật về những nội dung đã kê khai. Trường hợp phải nộp lại số tiền đã nhận do kê "
        "khai không đúng, tôi xin hoàn trả đầy đủ cho cơ quan Bảo hiểm xã hội.",
        PLAIN,
    )
    head.place_and_date(sheet, person.province, person.applied_on)
    head.signer(sheet, 160.0, "Người làm đơn", "(Ký, ghi rõ họ tên)", person.full_name)
    return (sheet.finish("F_14_HSB"),)


def form_13_hsb(person: Person, rng: np.random.Generator, dpi: int) -> tuple[RenderedPage, ...]:
    """Giấy ủy quyền (Mẫu số 13-HSB)."""
    sheet = Sheet(rng, dpi)
    gender = pick(rng, ("Nam", "Nữ"))
    agent = make_name(rng, gender)
    born = dt.date(int(rng.integers(1970, 2000)), int(rng.integers(1, 13)), 14)
    agent_id = make_id_number(rng, person.id_number[:3], gender, born)
    head.motto(sheet, "Mẫu số 13-HSB")
    head.title(sheet, "GIẤY ỦY QUYỀN")
    sheet.line("I. Thông tin người ủy quyền:", BOLD, gap=1.0)
    sheet.entry("Họ và tên: ", Value(person.full_name.upper(), "principal_name"))
    sheet.entry("Sinh ngày: ", Value(numeric_date(person.birth_date)))
    sheet.entry("Mã số BHXH: ", Value(person.bhxh_code, "bhxh_code"))
    sheet.entry("Số CMND/CCCD/Hộ chiếu: ", Value(person.id_number))
    sheet.entry("Nơi cư trú: ", Value(person.address))
    sheet.line("II. Thông tin người được ủy quyền:", BOLD, gap=1.0)
    sheet.entry("Họ và tên người được ủy quyền: ", Value(agent.upper(), "agent_name"))
    sheet.entry(
        "Sinh ngày: ", Value(numeric_date(born)), " Điện thoại: ", Value("09" + digits(rng, 8))
    )
    sheet.entry("Số CMND/CCCD: ", Value(agent_id, "agent_id"))
    sheet.line("III. Nội dung và thời hạn ủy quyền:", BOLD, gap=1.0)
    scope = "Nộp hồ sơ, nhận kết quả và nhận tiền trợ cấp BHXH một lần"
    sheet.entry("Nội dung ủy quyền: ", Value(scope, "scope"))
    until = numeric_date(person.applied_on + dt.timedelta(days=180))
    sheet.entry("Thời hạn ủy quyền: ", Value(f"đến hết ngày {until}", "valid_until"))
    sheet.y += 2.0
    sheet.paragraph(
        "Chúng tôi cam kết chấp hành đúng nội dung ủy quyền như đã nêu ở trên. Trường hợp người "
        "ủy quyền xuất cảnh trái phép, bị tòa án tuyên bố mất tích hoặc chết thì người được ủy "
        "quyền có trách nhiệm thông báo kịp thời cho cơ quan Bảo hiểm xã hội."
    )
    head.place_and_date(sheet, person.province, person.applied_on)
    head.signer(sheet, 62.0, "Người được ủy quyền", "(Ký, ghi rõ họ tên)", agent)
    head.signer(sheet, 158.0, "Người ủy quyền", "(Ký, ghi rõ họ tên)", person.full_name)
    sheet.y += 45.0
    sheet.line("Xác nhận của chính quyền địa phương", BOLD, "centre")
    return (sheet.finish("F_13_HSB"),)


def form_09_hsb(person: Person, rng: np.random.Generator, dpi: int) -> tuple[RenderedPage, ...]:
    """Tờ khai của thân nhân (Mẫu số 09-HSB); the person is the one who died."""
    sheet = Sheet(rng, dpi)
    wife = person.gender == "Nam"
    declarant = make_name(rng, "Nữ" if wife else "Nam")
    born = dt.date(person.birth_date.year + 2, 6, 11)
    declarant_id = make_id_number(rng, person.id_number[:3], "Nữ" if wife else "Nam", born)
    died = person.applied_on - dt.timedelta(days=int(rng.integers(20, 60)))
    relation = "Vợ" if wife else "Chồng"
    head.motto(sheet, "Mẫu số 09-HSB")
    head.title(sheet, "TỜ KHAI CỦA THÂN NHÂN")
    sheet.line(f"Kính gửi: {person.agency}", BOLD, "centre", gap=2.0)
    sheet.entry("I. Họ và tên người khai: ", Value(declarant.upper(), "declarant_name"))
    sheet.entry(
        "Sinh ngày: ", Value(numeric_date(born)), " Điện thoại: ", Value("09" + digits(rng, 8))
    )
    sheet.entry("Quan hệ với người chết: ", Value(relation, "relationship"))
    sheet.entry("Số CCCD: ", Value(declarant_id, "declarant_id"))
    sheet.entry("Nơi cư trú: ", Value(person.address))
    sheet.entry("II. Họ, tên người chết: ", Value(person.full_name.upper(), "deceased_name"))
    sheet.entry("Mã số BHXH: ", Value(person.bhxh_code, "deceased_bhxh_code"))
    sheet.entry("Chết ngày: ", Value(numeric_date(died), "death_date"))
    sheet.line("III. Danh sách thân nhân của người chết:", BOLD, gap=2.5)
    rows = _relatives(person, declarant, born, relation, rng)
    columns = (
        Column("STT", 10.0, "centre"),
        Column("Họ và tên", 50.0),
        Column("Ngày sinh", 30.0, "centre"),
        Column("Quan hệ", 28.0, "centre"),
        Column("Nơi cư trú", 45.0),
    )
    draw_table(sheet, columns, rows, Style(Face.SERIF_ITALIC, 12.5, PEN.ink))
    sheet.fields["relatives"] = "; ".join(row[1] for row in rows)
    sheet.y += 3.0
    sheet.paragraph(
        "Tôi xin cam đoan nội dung kê khai trên đây là đầy đủ, đúng sự thật và xin chịu trách "
        "nhiệm trước pháp luật về nội dung kê khai."
    )
    head.place_and_date(sheet, person.province, person.applied_on, None)
    head.signer(sheet, 158.0, "Người khai", "(Ký, ghi rõ họ tên)", declarant)
    return (sheet.finish("F_09_HSB"),)


def form_tk1_ts(person: Person, rng: np.random.Generator, dpi: int) -> tuple[RenderedPage, ...]:
    """Tờ khai tham gia, điều chỉnh thông tin (Mẫu TK1-TS)."""
    sheet = Sheet(rng, dpi)
    head.motto(sheet, "Mẫu TK1-TS")
    title = Style(Face.SERIF_BOLD, 14.0)
    sheet.line("TỜ KHAI", title, "centre")
    sheet.line("THAM GIA, ĐIỀU CHỈNH THÔNG TIN", title, "centre")
    sheet.line("BẢO HIỂM XÃ HỘI, BẢO HIỂM Y TẾ", title, "centre", gap=1.0)
    sheet.line(f"Kính gửi: {person.agency}", PLAIN, "centre", gap=2.0)
    sheet.entry("[01]. Họ và tên: ", Value(person.full_name.upper(), "full_name"))
    born = numeric_date(person.birth_date)
    sheet.entry("[02]. Ngày sinh: ", Value(born), " [03]. Giới tính: ", Value(person.gender))
    sheet.entry("[04]. Quốc tịch: ", Value("Việt Nam"), " [05]. Dân tộc: ", Value("Kinh"))
    sheet.entry("[06]. Số ĐDCN/CCCD/CMND/Hộ chiếu: ", Value(person.id_number, "id_number"))
    sheet.entry("[07]. Điện thoại: ", Value(person.phone), " [08]. Email: ", Value(""))
    sheet.entry("[09]. Mã số BHXH: ", Value(person.bhxh_code, "bhxh_code"))
    sheet.entry("[10]. Địa chỉ nhận hồ sơ: ", Value(person.address))
    change = "Điều chỉnh số căn cước công dân và địa chỉ nơi cư trú"
    sheet.entry("[11]. Nội dung thay đổi, yêu cầu: ", Value(change, "change_content"))
    attached = "Bản sao căn cước công dân"
    sheet.entry("[12]. Hồ sơ kèm theo: ", Value(attached, "attachments"))
    sheet.y += 3.0
    sheet.paragraph(
        "Tôi cam đoan những nội dung kê khai là đúng và chịu trách nhiệm trước pháp luật "
        "về những nội dung đã kê khai.",
        _SMALL,
    )
    head.place_and_date(sheet, person.province, person.applied_on, None)
    head.signer(sheet, 158.0, "Người kê khai", "(Ký, ghi rõ họ tên)", person.full_name)
    sheet.y += 42.0
    sheet.line("Ghi chú: người tham gia chỉ kê khai các nội dung có thay đổi.", ITALIC)
    return (sheet.finish("F_TK1_TS"),)


def _ticks(sheet: Sheet, choices: tuple[str, ...], ticked: int) -> None:
    sheet.y += sheet.leading(PLAIN) + 0.5
    x = sheet.left + 8.0
    for place, choice in enumerate(choices):
        x = sheet.tick(x, sheet.y, ticked=place == ticked)
        x = sheet.put(x, sheet.y, choice) + 14.0


def _relatives(
    person: Person, declarant: str, born: dt.date, relation: str, rng: np.random.Generator
) -> list[tuple[str, ...]]:
    family = person.full_name.split()[0]
    place = f"xã {person.commune}"
    rows: list[tuple[str, ...]] = [("1", declarant, numeric_date(born), relation, place)]
    for number in (2, 3):
        gender = pick(rng, ("Nam", "Nữ"))
        child = " ".join((family, *make_name(rng, gender).split()[1:]))
        day = dt.date(person.birth_date.year + 24 + 2 * number, number + 2, 3 * number)
        rows.append((str(number), child, numeric_date(day), "Con", place))
    return rows
