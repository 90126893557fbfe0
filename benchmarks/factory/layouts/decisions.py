"""Decisions: of the insurance agency, of employers, of courts; and the contribution history."""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np

from benchmarks.factory.layouts.form import Entry, Form, Signer
from benchmarks.factory.layouts.manner import Manner
from benchmarks.factory.layouts.table import Column
from benchmarks.factory.paper import RenderedPage
from benchmarks.factory.person import Period, Person, digits, make_name, pick
from benchmarks.factory.wording import amount, amount_in_words, duration, written_date

Pages = tuple[RenderedPage, ...]

AGENCY_STAMP: Final = ("BẢO HIỂM XÃ HỘI VIỆT NAM", "BHXH")
_WHOM: Final = "Ông/Bà|Họ và tên"
_BASES: Final = (
    "Căn cứ Luật Bảo hiểm xã hội và các văn bản hướng dẫn thi hành;",
    "Căn cứ chức năng, nhiệm vụ, quyền hạn và cơ cấu tổ chức của Bảo hiểm xã hội địa phương;",
    "Căn cứ Nghị quyết số 93/2015/QH13 ngày 22 tháng 6 năm 2015 của Quốc hội;",
    "Xét hồ sơ đề nghị của người lao động và đề nghị của Trưởng phòng Chế độ,",
)
_LABOUR_BASES: Final = (
    "Căn cứ Bộ luật Lao động số 45/2019/QH14 ngày 20 tháng 11 năm 2019;",
    "Căn cứ Điều lệ tổ chức và hoạt động của đơn vị;",
    "Xét đề nghị của Trưởng phòng Tổ chức - Hành chính,",
)


def agency_lines(person: Person) -> tuple[str, ...]:
    """Head lines of the person's agency."""
    return ("BẢO HIỂM XÃ HỘI VIỆT NAM", person.agency.upper())


def _opening(form: Form, about: str, chief: str, bases: tuple[str, ...]) -> None:
    form.title("QUYẾT ĐỊNH", about)
    form.line(chief, "bold", centred=True)
    for basis in bases:
        form.paragraph(basis, "italic")
    form.gap(1.0)
    form.line("QUYẾT ĐỊNH:", "bold", centred=True)


def one_time(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Quyết định về việc hưởng BHXH một lần (Mẫu số 07B-HSB)."""
    form = Form("R_07B_HSB", manner, rng, dpi)
    form.issuer(
        agency_lines(person),
        number=(f"{int(rng.integers(100, 99999))}/QĐ-BHXH", "doc_number"),
        dated=(person.province, person.decided_on),
        date_name="issue_date",
        form_number="Mẫu số 07B-HSB",
        issuer_name="agency_name",
    )
    chief = f"GIÁM ĐỐC {person.agency.upper()}"
    _opening(form, "Về việc hưởng bảo hiểm xã hội một lần", chief, _BASES)
    form.line(form.word("Điều 1. Người được hưởng|Điều 1. Giải quyết trợ cấp đối với"), "bold")
    form.rows(
        Entry(_WHOM, person.full_name, "full_name"),
        (
            Entry(
                "Sinh ngày|Ngày sinh|Ngày, tháng, năm sinh",
                form.date(person.birth_date),
                "birth_date",
            ),
            Entry("Mã số BHXH", person.bhxh_code, "bhxh_code"),
        ),
        Entry("Số CMND/CCCD/Hộ chiếu|Số CCCD", person.id_number),
        Entry("Nơi cư trú", person.address),
        Entry("Được hưởng BHXH một lần kể từ ngày|Hưởng kể từ ngày", form.date(person.decided_on)),
        Entry(
            "Thời gian đóng BHXH|Tổng số thời gian đóng BHXH",
            duration(person.contribution_months),
            "contribution_duration",
        ),
        Entry(
            "Mức bình quân tiền lương, thu nhập tháng đóng BHXH|Mức bình quân tiền lương",
            f"{amount(person.average_salary)} đồng",
            "average_salary",
        ),
        Entry(
            "Số tiền trợ cấp|Tổng số tiền trợ cấp",
            f"{amount(person.benefit_amount)} đồng",
            "benefit_amount",
        ),
    )
    words = amount_in_words(person.benefit_amount)
    form.paragraph(f"(Bằng chữ: {words})", "italic", 0.0)
    form.paragraph(
        "Điều 2. Số tiền trợ cấp được chi trả một lần qua tài khoản hoặc bằng tiền mặt theo đề "
        "nghị "
        "của người hưởng. Thời gian đóng đã được giải quyết không còn được bảo lưu."
    )
    form.paragraph(
        "Điều 3. Các ông, bà Trưởng phòng Chế độ, Trưởng phòng Kế hoạch - Tài chính và người có "
        "tên tại Điều 1 chịu trách nhiệm thi hành Quyết định này."
    )
    form.receivers("Như Điều 3;", "Lưu: VT, hồ sơ.")
    form.sign(Signer("GIÁM ĐỐC", make_name(rng, "Nam"), "", AGENCY_STAMP))
    return form.finish()


def pension(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Quyết định về việc hưởng chế độ hưu trí hằng tháng (Mẫu số 07A-HSB)."""
    form = Form("R_07A_HSB", manner, rng, dpi)
    monthly = int(rng.integers(30, 120)) * 100_000 + int(rng.integers(0, 999)) * 100
    form.issuer(
        agency_lines(person),
        number=(f"{int(rng.integers(100, 99999))}/QĐ-BHXH", "doc_number"),
        dated=(person.province, person.decided_on),
        form_number="Mẫu số 07A-HSB",
    )
    _opening(
        form,
        "Về việc hưởng chế độ hưu trí hằng tháng",
        f"GIÁM ĐỐC {person.agency.upper()}",
        _BASES[:2] + _BASES[3:],
    )
    form.line("Điều 1.", "bold")
    form.rows(
        Entry(_WHOM, person.full_name, "full_name"),
        (
            Entry("Sinh ngày|Ngày sinh", form.date(person.birth_date)),
            Entry("Mã số BHXH", person.bhxh_code, "bhxh_code"),
        ),
        Entry("Nơi cư trú", person.address),
        Entry("Được hưởng chế độ hưu trí từ ngày", form.date(person.decided_on)),
        Entry("Tổng thời gian đóng BHXH", f"{int(rng.integers(20, 36))} năm 2 tháng"),
        Entry("Tỷ lệ hưởng lương hưu", f"{int(rng.integers(45, 76))}%"),
        Entry(
            "Mức lương hưu hằng tháng|Lương hưu hằng tháng",
            f"{amount(monthly)} đồng",
            "monthly_amount",
        ),
    )
    form.paragraph(f"(Bằng chữ: {amount_in_words(monthly)})", "italic", 0.0)
    form.paragraph(
        "Điều 2. Chế độ bảo hiểm y tế thực hiện theo quy định của pháp luật. Nơi đăng ký khám chữa "
        f"bệnh ban đầu: Trung tâm Y tế {person.commune}."
    )
    form.paragraph(
        "Điều 3. Trưởng phòng Chế độ BHXH, Trưởng phòng Kế hoạch - Tài chính và ông/bà có tên trên "
        "chịu trách nhiệm thi hành Quyết định này."
    )
    form.receivers("Như Điều 3;", "Lưu: VT.")
    form.sign(Signer("GIÁM ĐỐC", make_name(rng, "Nam"), "", AGENCY_STAMP))
    return form.finish()


def unemployment(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Quyết định về việc hưởng trợ cấp thất nghiệp."""
    form = Form("R_QD_BHTN", manner, rng, dpi)
    months = int(rng.integers(3, 13))
    form.issuer(
        (f"UBND {person.region.upper()}", "SỞ NỘI VỤ"),
        number=(f"{int(rng.integers(100, 9999))}/QĐ-SNV", "doc_number"),
        dated=(person.province, person.decided_on),
    )
    _opening(
        form,
        "Về việc hưởng trợ cấp thất nghiệp",
        "GIÁM ĐỐC SỞ NỘI VỤ",
        (
            "Căn cứ Luật Việc làm ngày 16 tháng 11 năm 2013;",
            "Căn cứ Nghị định số 28/2015/NĐ-CP ngày 12 tháng 3 năm 2015 của Chính phủ;",
            "Xét đề nghị của Giám đốc Trung tâm Dịch vụ việc làm,",
        ),
    )
    form.line("Điều 1. Hưởng trợ cấp thất nghiệp đối với:", "bold")
    form.rows(
        Entry("Ông/bà|Ông/bà|Ông (bà)", person.full_name, "full_name"),
        (
            Entry("Sinh ngày", form.date(person.birth_date)),
            Entry("Số CCCD", person.id_number),
        ),
        Entry("Số sổ BHXH|Mã số BHXH", person.bhxh_code),
        Entry("Nơi thường trú", person.address),
        Entry("Tổng số tháng đóng BHTN", f"{person.contribution_months} tháng"),
        Entry(
            "Mức trợ cấp thất nghiệp hằng tháng", f"{amount(person.average_salary * 6 // 10)} đồng"
        ),
        Entry("Số tháng được hưởng", f"{months:02d}", "months", unit=" tháng"),
        Entry("Nơi nhận trợ cấp", person.agency),
    )
    form.paragraph(
        "Điều 2. Trong thời gian hưởng trợ cấp thất nghiệp, hằng tháng ông/bà có tên tại Điều 1 "
        "phải thông báo về việc tìm kiếm việc làm với Trung tâm Dịch vụ việc làm theo quy định."
    )
    form.paragraph("Điều 3. Quyết định này có hiệu lực kể từ ngày ký.")
    form.receivers("Như Điều 1;", f"{person.agency};", "Lưu: VT.")
    form.sign(Signer("GIÁM ĐỐC", make_name(rng, "Nữ"), "", ("SỞ NỘI VỤ", "SNV")))
    return form.finish()


def leave_for_pension(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Quyết định về việc nghỉ việc hưởng chế độ hưu trí (Mẫu số 12-HSB), of the employer."""
    form = Form("F_12_HSB", manner, rng, dpi)
    employer = person.periods[-1].employer
    leave = person.decided_on + dt.timedelta(days=int(rng.integers(20, 80)))
    form.issuer(
        (employer.upper(),),
        number=(
            f"{int(rng.integers(5, 900))}/QĐ-{pick(rng, ('TCHC', 'NS', 'TCCB'))}",
            "doc_number",
        ),
        dated=(person.province, person.decided_on),
        form_number="Mẫu số 12-HSB",
    )
    _opening(
        form,
        "Về việc nghỉ việc hưởng chế độ hưu trí",
        form.word("THỦ TRƯỞNG ĐƠN VỊ|GIÁM ĐỐC"),
        ("Căn cứ Luật Bảo hiểm xã hội;", *_LABOUR_BASES[1:]),
    )
    day = form.date(leave)
    form.line("Điều 1.", "bold")
    form.rows(
        Entry("Ông/Bà", person.full_name, "full_name"),
        (
            Entry("Sinh ngày", form.date(person.birth_date)),
            Entry("Mã số BHXH", person.bhxh_code, "bhxh_code"),
        ),
        Entry("Chức vụ, nghề nghiệp|Chức danh", person.periods[-1].job),
        Entry(
            "Được nghỉ việc hưởng chế độ hưu trí kể từ ngày|Nghỉ việc kể từ ngày", day, "leave_from"
        ),
        Entry("Nơi cư trú khi nghỉ hưu", person.address),
    )
    form.paragraph(
        "Điều 2. Chế độ hưu trí đối với ông/bà có tên trên do cơ quan Bảo hiểm xã hội giải quyết "
        "theo quy định của Luật Bảo hiểm xã hội."
    )
    form.paragraph("Điều 3. Các phòng có liên quan chịu trách nhiệm thi hành Quyết định này.")
    form.receivers("Như Điều 3;", "BHXH địa phương;", "Lưu: VT.")
    form.sign(Signer("GIÁM ĐỐC", make_name(rng, "Nam"), "", (employer.upper()[:26], "GIÁM ĐỐC")))
    return form.finish()


def dismissal(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Quyết định chấm dứt hợp đồng lao động."""
    form = Form("L_CHAM_DUT_HDLD", manner, rng, dpi)
    employer = person.periods[-1].employer
    end = person.applied_on - dt.timedelta(days=int(rng.integers(10, 60)))
    form.issuer(
        (employer.upper(),),
        number=(f"{int(rng.integers(5, 900))}/QĐ-{pick(rng, ('TV', 'NS', 'CDHĐ'))}", None),
        dated=(person.province, end - dt.timedelta(days=7)),
    )
    _opening(
        form,
        "Về việc chấm dứt hợp đồng lao động",
        form.word("GIÁM ĐỐC CÔNG TY|TỔNG GIÁM ĐỐC"),
        _LABOUR_BASES,
    )
    day = form.date(end)
    if manner.joined:
        form.paragraph(
            f"Điều 1. Chấm dứt hợp đồng lao động đối với Ông/Bà {person.full_name}, sinh ngày "
            f"{form.date(person.birth_date)}, chức danh {person.periods[-1].job}, kể từ ngày "
            f"{day}.",
            full_name=person.full_name,
            end_date=day,
        )
        form.paragraph("Lý do: theo nguyện vọng cá nhân của người lao động.")
    else:
        form.line("Điều 1. Chấm dứt hợp đồng lao động đối với:", "bold")
        form.rows(
            Entry("Ông/Bà", person.full_name, "full_name"),
            Entry("Chức danh|Chức vụ", person.periods[-1].job),
            Entry("Lý do thôi việc", "Theo nguyện vọng cá nhân"),
            Entry("Kể từ ngày|Thời điểm chấm dứt: kể từ ngày", day, "end_date"),
        )
    form.paragraph(
        "Điều 2. Người lao động có trách nhiệm bàn giao công việc, tài sản và được thanh toán các "
        "khoản tiền lương, trợ cấp thôi việc theo quy định của pháp luật."
    )
    form.paragraph(
        "Điều 3. Phòng Tổ chức - Hành chính, Phòng Kế toán và người lao động có tên tại Điều 1 "
        "chịu trách nhiệm thi hành Quyết định này."
    )
    form.receivers("Như Điều 3;", "Lưu: HC.")
    form.sign(Signer("GIÁM ĐỐC", make_name(rng, "Nam"), "", (employer.upper()[:26], "CÔNG TY")))
    return form.finish()


def settlement(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Thỏa thuận chấm dứt hợp đồng lao động, one to two pages."""
    form = Form("L_CHAM_DUT_HDLD", manner, rng, dpi)
    employer, day = person.periods[-1].employer, form.date(person.applied_on)
    form.motto()
    form.title("THỎA THUẬN CHẤM DỨT HỢP ĐỒNG LAO ĐỘNG")
    form.paragraph(
        f"Hôm nay, {written_date(person.applied_on)}, tại trụ sở {employer}, chúng tôi gồm:"
    )
    form.line("BÊN A: NGƯỜI SỬ DỤNG LAO ĐỘNG", "bold")
    form.rows(
        Entry("Tên đơn vị", employer),
        Entry("Đại diện", make_name(rng, "Nam")),
        Entry("Mã số thuế", digits(rng, 10)),
    )
    form.line("BÊN B: NGƯỜI LAO ĐỘNG", "bold")
    form.rows(
        Entry("Ông/Bà", person.full_name, "full_name"),
        (Entry("Sinh ngày", form.date(person.birth_date)), Entry("Số CCCD", person.id_number)),
        Entry("Địa chỉ", person.address),
    )
    form.rows(Entry("Hai bên thống nhất chấm dứt hợp đồng lao động kể từ ngày", day, "end_date"))
    for text in (
        "Điều 1. Bên A thanh toán đầy đủ tiền lương, tiền phép năm chưa nghỉ và các khoản trợ cấp "
        "cho Bên B trong thời hạn mười bốn ngày làm việc.",
        "Điều 2. Bên A hoàn thành thủ tục xác nhận thời gian đóng bảo hiểm xã hội và trả lại giấy "
        "tờ khác đã giữ của Bên B.",
        "Điều 3. Bên B bàn giao công việc, tài liệu, công cụ lao động và không có khiếu nại gì về "
        "sau. Thỏa thuận được lập thành hai bản có giá trị như nhau.",
    ):
        form.paragraph(text)
    form.sign(
        Signer(
            "ĐẠI DIỆN BÊN A",
            make_name(rng, "Nam"),
            "(Ký, đóng dấu)",
            (employer.upper()[:26], "CÔNG TY"),
        ),
        Signer("BÊN B", person.full_name, "(Ký, ghi rõ họ tên)"),
    )
    return form.finish()


def court(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Quyết định tuyên bố một người là đã chết, of a court, one to three pages."""
    form = Form("C_QD_CHET_TOA_AN", manner, rng, dpi)
    year = person.decided_on.year
    number = f"{int(rng.integers(1, 60)):02d}/{year}/QĐST-VDS"
    asker = make_name(rng, "Nữ")
    form.issuer(
        ("TÒA ÁN NHÂN DÂN", f"{pick(rng, ('KHU VỰC 3', 'HUYỆN CHÂU THÀNH', 'THÀNH PHỐ'))}"),
        number=(number, "doc_number"),
        dated=(person.province, person.decided_on),
    )
    form.title("QUYẾT ĐỊNH", "SƠ THẨM GIẢI QUYẾT VIỆC DÂN SỰ", "V/v tuyên bố một người là đã chết")
    form.line("Thành phần giải quyết việc dân sự gồm có:", "bold")
    form.rows(
        Entry("Thẩm phán - Chủ tọa phiên họp", make_name(rng, "Nam")),
        Entry("Thư ký phiên họp", make_name(rng, "Nữ")),
        Entry("Đại diện Viện kiểm sát", make_name(rng, "Nam")),
    )
    form.line("NHẬN THẤY:", "bold", centred=True)
    for text in _facts(person, asker, rng):
        form.paragraph(text)
    form.line("NHẬN ĐỊNH CỦA TÒA ÁN:", "bold", centred=True)
    for text in _REASONING[: int(rng.integers(2, len(_REASONING) + 1))]:
        form.paragraph(text)
    form.line("QUYẾT ĐỊNH:", "bold", centred=True)
    form.paragraph(
        f"1. Chấp nhận đơn yêu cầu của bà {asker}. Tuyên bố ông/bà {person.full_name}, sinh ngày "
        f"{form.date(person.birth_date)}, là đã chết kể từ ngày quyết định có hiệu lực.",
        deceased_name=person.full_name,
    )
    form.paragraph("2. Về lệ phí: người yêu cầu phải chịu 300.000 đồng lệ phí dân sự sơ thẩm.")
    form.paragraph(
        "3. Người yêu cầu có quyền kháng cáo trong thời hạn mười ngày kể từ ngày Tòa án ra quyết "
        "định; Viện kiểm sát có quyền kháng nghị theo quy định của pháp luật."
    )
    form.receivers("Người yêu cầu;", "Viện kiểm sát;", "UBND xã;", "Lưu: hồ sơ vụ việc.")
    form.sign(
        Signer(
            "THẨM PHÁN - CHỦ TỌA PHIÊN HỌP",
            make_name(rng, "Nam"),
            "",
            ("TÒA ÁN NHÂN DÂN", "TÒA ÁN"),
        )
    )
    return form.finish()


def _facts(person: Person, asker: str, rng: np.random.Generator) -> tuple[str, ...]:
    gone = person.decided_on.year - int(rng.integers(6, 15))
    return (
        f"Theo đơn yêu cầu, bà {asker} trình bày: bà và ông/bà {person.full_name} chung sống tại "
        f"{person.address}. Năm {gone}, người này rời khỏi nơi cư trú đi làm ăn xa và từ đó đến "
        "nay "
        "không có tin tức gì.",
        "Gia đình đã nhiều lần tìm kiếm, thông báo trên phương tiện thông tin đại chúng ba lần "
        "liên "
        "tiếp theo quyết định của Tòa án nhưng không có kết quả. Chính quyền địa phương và công an "
        "xã xác nhận việc vắng mặt nêu trên là đúng sự thật.",
    )


_REASONING: Final = (
    "Về tố tụng: đơn yêu cầu thuộc thẩm quyền giải quyết của Tòa án theo Điều 27 và Điều 35 của Bộ "
    "luật Tố tụng dân sự; người yêu cầu có quyền, lợi ích liên quan nên đủ tư cách nộp đơn.",
    "Về nội dung: từ khi biệt tích đến nay đã quá năm năm liền mà không có tin tức xác thực là còn "
    "sống, mặc dù đã áp dụng đầy đủ các biện pháp thông báo, tìm kiếm theo quy định của pháp luật.",
    "Lời trình bày của những người làm chứng thống nhất với nhau và phù hợp với biên bản xác minh "
    "tại địa phương, do đó có cơ sở để chấp nhận yêu cầu.",
    "Xét ý kiến của đại diện Viện kiểm sát tại phiên họp đề nghị chấp nhận toàn bộ yêu cầu là có "
    "căn cứ, đúng quy định tại Điều 71 của Bộ luật Dân sự.",
)


def history(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Bản quá trình đóng BHXH (Mẫu số 04-HSB), two to three pages."""
    form = Form("R_04_HSB", manner, rng, dpi)
    form.issuer(agency_lines(person)[1:], form_number="Mẫu số 04-HSB", motto=manner.wording != 1)
    form.title("BẢN QUÁ TRÌNH ĐÓNG BẢO HIỂM XÃ HỘI")
    form.rows(
        Entry("Họ và tên", person.full_name, "full_name"),
        (
            Entry(
                "Ngày sinh|Sinh ngày|Ngày, tháng, năm sinh",
                form.date(person.birth_date),
                "birth_date",
            ),
            Entry("Mã số BHXH", person.bhxh_code, "bhxh_code"),
        ),
    )
    rate = pick(rng, ("22%", "25%", "25,5%"))
    form.table(
        (
            Column(form.word("Từ tháng năm|Từ tháng, năm"), 20.0, "centre"),
            Column(form.word("Đến tháng năm|Đến tháng, năm"), 20.0, "centre"),
            Column("Diễn giải (cấp bậc, chức vụ, chức danh nghề, nơi làm việc)", 78.0),
            Column("Căn cứ đóng (tiền lương, phụ cấp)", 26.0, "right"),
            Column("Tỷ lệ đóng", 16.0, "centre"),
        ),
        [_history_row(period, rate) for period in person.periods],
    )
    form.pages[0].fields["history_rows"] = str(len(person.periods))
    form.rows(
        Entry("Tổng thời gian đóng BHXH", duration(person.contribution_months), "total_duration"),
        Entry("Thời gian đóng BHTN chưa hưởng", "0 năm 0 tháng"),
    )
    form.dated(person.province, person.decided_on)
    form.sign(
        Signer("CÁN BỘ XÉT DUYỆT", make_name(rng, "Nữ")),
        Signer("GIÁM ĐỐC", make_name(rng, "Nam"), "", AGENCY_STAMP),
    )
    return form.finish()


def _history_row(period: Period, rate: str) -> tuple[str, ...]:
    return (
        period.first.strftime("%m/%Y"),
        period.last.strftime("%m/%Y"),
        f"{period.job}, {period.employer}",
        amount(period.salary),
        rate,
    )
