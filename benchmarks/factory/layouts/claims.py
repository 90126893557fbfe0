"""What insured people and their families hand in: applications, declarations, authorisations."""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np

from benchmarks.factory.layouts.form import Entry, Form, Signer
from benchmarks.factory.layouts.manner import Manner
from benchmarks.factory.layouts.table import Column
from benchmarks.factory.paper import RenderedPage
from benchmarks.factory.person import Person, digits, make_id_number, make_name, pick
from benchmarks.factory.wording import duration, numeric_date

Pages = tuple[RenderedPage, ...]

_NAME: Final = "Họ và tên|Họ, tên|Họ tên"
_BORN: Final = "Sinh ngày|Ngày sinh|Ngày, tháng, năm sinh"
_CODE: Final = "Mã số BHXH|Mã số BHXH|Mã số bảo hiểm xã hội"
_ID: Final = "Số CMND/Hộ chiếu/Căn cước|Số CCCD/CMND|Số CCCD"
_PHONE: Final = "Số điện thoại di động|Số điện thoại|Điện thoại"
_HOME: Final = "Nơi cư trú|Địa chỉ nơi cư trú|Nơi ở hiện nay"
_SIGN: Final = "(Ký, ghi rõ họ tên)"
_ISLANDS: Final = ("Trường Sa", "Cô Tô", "Vân Đồn", "Phú Quý")
_CASES: Final = (
    "Đủ tuổi hưởng lương hưu mà chưa đủ thời gian đóng BHXH để hưởng lương hưu",
    "Ra nước ngoài để định cư",
    "Đang bị mắc một trong những bệnh nguy hiểm đến tính mạng như ung thư, bại liệt, xơ gan cổ "
    "chướng, phong, lao nặng, nhiễm HIV đã chuyển sang giai đoạn AIDS",
    "Người lao động phục viên, xuất ngũ, thôi việc mà không đủ điều kiện hưởng lương hưu",
    "Sau một năm nghỉ việc mà chưa đủ 20 năm đóng BHXH",
)
_CASE_CODES: Final = (
    "LS1_RETIREMENT_AGE",
    "LS2_SETTLE_ABROAD",
    "LS3_LIFE_THREATENING",
    "LS4_DISCHARGED",
    "LS5_ONE_YEAR",
)
"""Of the catalogue, in the order of the cases."""
_PAPERS: Final = (
    "Sổ BHXH",
    "Bản khai cá nhân về thời gian, địa bàn phục vụ trong quân đội (Mẫu số 04B-HBQP)",
    "Tóm tắt hồ sơ bệnh án",
    "Bản dịch tiếng Việt được chứng thực của thẻ thường trú",
)
_REQUESTS: Final = (
    "Giải quyết hưởng BHXH một lần",
    "Hưởng trợ cấp BHXH một lần do ra nước ngoài định cư",
    "Giải quyết chế độ hưu trí hằng tháng",
    "Chuyển nơi nhận lương hưu về địa phương khác",
    "Thanh toán BHXH một lần theo quy định",
)


def form_14a(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Đơn đề nghị (Mẫu số 14A-HSB), one to three pages; always typed."""
    form = Form("F_14A_HSB", manner, rng, dpi)
    form.motto("Mẫu số 14A-HSB")
    form.title("ĐƠN ĐỀ NGHỊ")
    form.to(person.agency, name="agency_name")
    form.rows(
        (
            Entry("Họ và tên (viết chữ in hoa)", person.full_name.upper(), "full_name"),
            Entry("Giới tính", person.gender, "gender"),
        ),
        (
            Entry("Ngày, tháng, năm sinh", form.date(person.birth_date), "birth_date"),
            Entry("Quốc tịch", "Việt Nam", "nationality"),
        ),
        Entry("Mã số BHXH", person.bhxh_code, "bhxh_code"),
        Entry("Số định danh/CMND/CCCD/Số Hộ chiếu", person.id_number, "id_number"),
        (
            Entry("Số điện thoại di động", person.phone, "phone"),
            Entry("Email", f"lienhe{person.phone[-4:]}@gmail.com", "email"),
        ),
        Entry("Nơi ở hiện nay", person.address, "current_address"),
    )
    form.line("Nội dung yêu cầu giải quyết: BHXH một lần", "bold")
    months = person.contribution_months
    form.rows(Entry("Tổng thời gian đóng BHXH", duration(months), "contribution_duration"))
    case = int(rng.integers(len(_CASES)))
    form.line("Trường hợp hưởng BHXH một lần", "bold")
    for place, text in enumerate(_CASES):
        form.ticks("", (text,), 0 if place == case else -1)
        if place == case:
            form.sheet.fields["case_code"] = _CASE_CODES[case]
        form.line("Hồ sơ gửi kèm:", "italic")
        form.ticks("", _PAPERS[:2] if place != 2 else _PAPERS[:3], 0 if place == case else -1)
    both = bool(rng.random() < 0.5)
    form.line("Hình thức nhận kết quả giải quyết hưởng BHXH một lần", "bold")
    form.ticks("", ("Cả bản giấy và bản điện tử", "Chỉ bản điện tử"), int(not both), "result_form")
    if both:
        form.ticks(
            "Lựa chọn cách thức nhận bản giấy",
            ("Trực tiếp tại Bộ phận Một cửa của cơ quan BHXH", "Qua dịch vụ bưu chính"),
            1,
            "paper_delivery",
        )
        form.rows(Entry("Địa chỉ nhận bản giấy", person.address, "paper_address"))
    form.line("Hình thức nhận tiền BHXH một lần", "bold")
    form.ticks("", ("Tiền mặt tại cơ quan BHXH", "Tài khoản ngân hàng"), 1, "payment_method")
    _account(form, person)
    form.paragraph(
        "Tôi cam kết những nội dung kê khai là đúng sự thật, nếu sai tôi chịu hoàn toàn trách "
        "nhiệm trước pháp luật và hoàn trả số tiền đã nhận."
    )
    form.dated(person.province, person.applied_on, "sign_date")
    form.sign(Signer("Người làm đơn", person.full_name, "(Ký số, ghi rõ họ tên)"))
    return form.finish()


def form_14(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Đơn đề nghị (Mẫu số 14-HSB), one page, or two where a person is authorised as well."""
    form = Form("F_14_HSB", manner, rng, dpi, by_hand=True)
    form.motto("Mẫu số 14-HSB")
    form.title("ĐƠN ĐỀ NGHỊ")
    form.to(person.agency, name="agency_name")
    request = f"{pick(rng, _REQUESTS)}, thời gian đóng {duration(person.contribution_months)}"
    form.rows(
        Entry(
            "Họ và tên (1)|Họ và tên|Họ và tên người đề nghị", person.full_name.upper(), "full_name"
        ),
        (
            Entry(_BORN, form.date(person.birth_date), "birth_date"),
            Entry("Nam/Nữ|Giới tính", person.gender),
        ),
        Entry(_CODE, person.bhxh_code, "bhxh_code"),
        (
            Entry(_ID, person.id_number, "id_number"),
            Entry("cấp ngày", form.date(person.id_issued_on)),
        ),
        Entry("Số điện thoại di động (2)|Số điện thoại|Số ĐT liên hệ", person.phone, "phone"),
        Entry(
            "Địa chỉ (ghi chi tiết) nơi cư trú (3)|Nơi cư trú|Địa chỉ nơi cư trú",
            person.address,
            "address",
        ),
        Entry(
            "Nội dung yêu cầu giải quyết (4)|Nội dung yêu cầu giải quyết",
            request,
            "request_content",
        ),
    )
    form.ticks("Hình thức nhận tiền", ("Tiền mặt tại cơ quan BHXH", "Tài khoản ngân hàng"), 1)
    _account(form, person)
    if rng.random() < 0.4:
        form.line("Thông tin người được ủy quyền (nếu có)", "bold")
        form.rows(
            Entry("Họ và tên người được ủy quyền", make_name(rng, "Nữ")),
            (Entry("Số CCCD", digits(rng, 12)), Entry("Điện thoại", "09" + digits(rng, 8))),
            Entry("Nội dung ủy quyền", "Nộp hồ sơ và nhận kết quả thay tôi"),
        )
    form.paragraph(
        "Tôi cam đoan những nội dung kê khai trên đây là đúng sự thật và chịu trách nhiệm trước "
        "pháp luật về những nội dung đã kê khai."
    )
    form.dated(person.province, person.applied_on, "sign_date")
    form.sign(Signer("Người làm đơn", person.full_name, _SIGN))
    return form.finish()


def _account(form: Form, person: Person) -> None:
    form.rows(
        Entry("Chủ tài khoản|Tên chủ tài khoản", person.full_name.upper(), "account_holder"),
        (
            Entry("Số tài khoản", person.account_number, "account_number"),
            Entry("Ngân hàng|Ngân hàng|Tại ngân hàng", person.bank, "bank_name"),
        ),
    )


def form_13(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Giấy ủy quyền (Mẫu số 13-HSB), confirmed by the commune."""
    form = Form("F_13_HSB", manner, rng, dpi, by_hand=True)
    gender = pick(rng, ("Nam", "Nữ"))
    agent = make_name(rng, gender)
    born = dt.date(int(rng.integers(1970, 2000)), int(rng.integers(1, 13)), 14)
    agent_id = make_id_number(rng, person.id_number[:3], gender, born)
    form.motto("Mẫu số 13-HSB")
    form.title("GIẤY ỦY QUYỀN")
    form.line("I. Thông tin người ủy quyền", "bold")
    form.rows(
        Entry("Họ và tên|Bên ủy quyền (Bên A)", person.full_name.upper(), "principal_name"),
        (Entry(_BORN, form.date(person.birth_date)), Entry(_CODE, person.bhxh_code)),
        Entry(_ID, person.id_number),
        Entry(_HOME, person.address),
    )
    form.line("II. Thông tin người được ủy quyền", "bold")
    form.rows(
        Entry(
            "Họ và tên người được ủy quyền|Bên được ủy quyền (Bên B)", agent.upper(), "agent_name"
        ),
        (Entry(_BORN, form.date(born)), Entry(_PHONE, "09" + digits(rng, 8))),
        Entry("Số CMND/CCCD|Số CCCD", agent_id, "agent_id"),
    )
    form.line("III. Nội dung và thời hạn ủy quyền", "bold")
    scope = pick(
        rng,
        (
            "Nộp hồ sơ, nhận kết quả và nhận tiền trợ cấp BHXH một lần",
            "Nhận lương hưu hằng tháng tại tổ chức dịch vụ chi trả",
            "Làm thủ tục hưởng chế độ tử tuất và nhận trợ cấp",
        ),
    )
    until = form.date(person.applied_on + dt.timedelta(days=int(rng.integers(60, 720))))
    form.rows(
        Entry("Nội dung ủy quyền", scope, "scope"),
        Entry("Thời hạn ủy quyền", f"đến hết ngày {until}", "valid_until"),
    )
    form.paragraph(
        "Chúng tôi cam kết chấp hành đúng nội dung ủy quyền như đã nêu ở trên và chịu trách nhiệm "
        "trước pháp luật. Trường hợp người ủy quyền chết hoặc xuất cảnh trái phép thì người được "
        "ủy quyền phải thông báo kịp thời cho cơ quan Bảo hiểm xã hội."
    )
    form.dated(person.province, person.applied_on)
    form.sign(
        Signer("Người được ủy quyền", agent, _SIGN),
        Signer("Người ủy quyền", person.full_name, _SIGN),
    )
    form.sign(
        Signer(
            "Xác nhận của chính quyền địa phương",
            make_name(rng, "Nam"),
            "",
            (f"ỦY BAN NHÂN DÂN XÃ {person.commune.upper()}"[:28], "UBND"),
        )
    )
    return form.finish()


def form_09(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Tờ khai của thân nhân (Mẫu số 09-HSB); the person is the one who died."""
    form = Form("F_09_HSB", manner, rng, dpi, by_hand=True)
    wife = person.gender == "Nam"
    sex, relation = ("Nữ", "Vợ") if wife else ("Nam", "Chồng")
    declarant, born = make_name(rng, sex), dt.date(person.birth_date.year + 2, 6, 11)
    died = person.applied_on - dt.timedelta(days=int(rng.integers(20, 60)))
    form.motto("Mẫu số 09-HSB")
    form.title("TỜ KHAI CỦA THÂN NHÂN")
    form.to(person.agency)
    form.line("I. Người khai", "bold")
    form.rows(
        Entry("Họ và tên người khai", declarant.upper(), "declarant_name"),
        (Entry(_BORN, form.date(born)), Entry(_PHONE, "09" + digits(rng, 8))),
        Entry("Quan hệ với người chết|Mối quan hệ với người chết", relation, "relationship"),
        Entry(
            "Số CMND/CCCD|Số CCCD",
            make_id_number(rng, person.id_number[:3], sex, born),
            "declarant_id",
        ),
        Entry(_HOME, person.address),
    )
    form.line("II. Người chết", "bold")
    form.rows(
        Entry("Họ, tên người chết|Họ và tên người chết", person.full_name.upper(), "deceased_name"),
        (
            Entry("Số sổ BHXH/số hồ sơ|Mã số BHXH", person.bhxh_code, "deceased_bhxh_code"),
            Entry("Chết ngày|Chết ngày|Đã chết ngày", form.date(died), "death_date"),
        ),
    )
    form.line("III. Danh sách thân nhân của người chết", "bold")
    rows = _relatives(person, declarant, born, relation, rng)
    form.table(
        (
            Column("STT", 10.0, "centre"),
            Column("Họ và tên", 46.0),
            Column("Ngày sinh", 28.0, "centre"),
            Column("Quan hệ", 22.0, "centre"),
            Column("Nơi cư trú", 40.0),
        ),
        rows,
        written=True,
    )
    form.sheet.fields["relatives"] = "; ".join(row[1] for row in rows)
    form.paragraph(
        "Tôi xin cam đoan nội dung kê khai trên đây là đầy đủ, đúng sự thật và xin chịu trách "
        "nhiệm trước pháp luật về nội dung kê khai."
    )
    form.dated(person.province, person.applied_on)
    form.sign(
        Signer(
            "Xác nhận của UBND cấp xã",
            make_name(rng, "Nam"),
            "(Ký, đóng dấu)",
            ("ỦY BAN NHÂN DÂN XÃ", "UBND"),
        ),
        Signer("Người khai", declarant, _SIGN),
    )
    return form.finish()


def _relatives(
    person: Person, declarant: str, born: dt.date, relation: str, rng: np.random.Generator
) -> list[tuple[str, ...]]:
    family = person.full_name.split()[0]
    rows: list[tuple[str, ...]] = [("1", declarant, numeric_date(born), relation, person.commune)]
    for number in range(2, int(rng.integers(3, 9))):
        child = " ".join((family, *make_name(rng, pick(rng, ("Nam", "Nữ"))).split()[1:]))
        day = dt.date(person.birth_date.year + 22 + 2 * number, number + 2, 3 * number)
        rows.append((str(number), child, numeric_date(day), "Con", person.commune))
    return rows


def form_tk1(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Tờ khai tham gia, điều chỉnh thông tin (Mẫu TK1-TS)."""
    form = Form("F_TK1_TS", manner, rng, dpi, by_hand=True)
    form.motto("Mẫu TK1-TS")
    form.title("TỜ KHAI", "THAM GIA, ĐIỀU CHỈNH THÔNG TIN BẢO HIỂM XÃ HỘI, BẢO HIỂM Y TẾ")
    form.to(person.agency)
    change = pick(
        rng,
        (
            "Điều chỉnh số căn cước công dân và địa chỉ nơi cư trú",
            "Cấp lại sổ BHXH do bị mất",
            "Đổi nơi đăng ký khám chữa bệnh ban đầu",
            "Điều chỉnh ngày tháng năm sinh theo giấy khai sinh",
            "Cấp lại thẻ BHYT do rách, hỏng",
        ),
    )
    form.rows(
        Entry("[01]. Họ và tên|Họ và tên", person.full_name.upper(), "full_name"),
        (
            Entry("[02]. Ngày, tháng, năm sinh|Ngày sinh", form.date(person.birth_date)),
            Entry("[03]. Giới tính|Giới tính", person.gender),
        ),
        (
            Entry("[04]. Quốc tịch|Quốc tịch", "Việt Nam"),
            Entry("[05]. Dân tộc|Dân tộc", person.ethnic),
        ),
        Entry(
            "[06]. Số ĐDCN/CCCD/CMND/Hộ chiếu|Số CCCD/CMND/Hộ chiếu", person.id_number, "id_number"
        ),
        Entry("[07]. Điện thoại|Số điện thoại", person.phone),
        Entry("[08]. Mã số BHXH|Mã số BHXH đã cấp", person.bhxh_code, "bhxh_code"),
        Entry("[09]. Địa chỉ nhận hồ sơ|Địa chỉ liên hệ", person.address),
        Entry(
            "[10]. Nội dung thay đổi, yêu cầu|Nội dung thay đổi, yêu cầu", change, "change_content"
        ),
        Entry("[11]. Hồ sơ kèm theo|Hồ sơ kèm theo", "Bản sao căn cước công dân", "attachments"),
    )
    form.paragraph(
        "Tôi cam đoan những nội dung kê khai là đúng và chịu trách nhiệm trước pháp luật về những "
        "nội dung đã kê khai."
    )
    form.dated(person.province, person.applied_on)
    form.sign(
        Signer(
            "XÁC NHẬN CỦA ĐƠN VỊ",
            make_name(rng, "Nam"),
            "",
            ("CÔNG TY TNHH MỘT THÀNH VIÊN", "M.S.D.N"),
        )
        if rng.random() < 0.5
        else Signer("Cán bộ tiếp nhận", make_name(rng, "Nữ"), _SIGN),
        Signer("Người kê khai", person.full_name, _SIGN),
    )
    return form.finish()


def form_05a(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Văn bản của người sử dụng lao động (Mẫu số 05A-HSB)."""
    form = Form("F_05A_HSB", manner, rng, dpi)
    employer = person.periods[-1].employer
    unit = f"TA{digits(rng, 4)}B"
    written = person.applied_on
    form.issuer(
        (employer.upper(),),
        number=(f"{int(rng.integers(5, 400))}/CV-{employer.split()[-1][:2].upper()}", None),
        dated=(person.province, written),
        form_number="Mẫu số 05A-HSB",
    )
    form.rows(Entry("MÃ ĐƠN VỊ|Mã đơn vị", unit, "unit_code"))
    form.title(f"V/v giải quyết trợ cấp TNLĐ/BNN đối với ông/bà {person.full_name}", more=0.0)
    form.to(person.agency)
    form.line("1. Thông tin về người bị tai nạn lao động/bệnh nghề nghiệp", "bold")
    form.rows(
        Entry("- Họ và tên|Họ và tên", person.full_name, "full_name"),
        (
            Entry("- Mã số BHXH|Mã số BHXH", person.bhxh_code, "bhxh_code"),
            Entry("số điện thoại|Số điện thoại", person.phone, "phone"),
        ),
        Entry(
            "- Số CMND/Căn cước công dân|Số CMND/Căn cước công dân", person.id_number, "id_number"
        ),
        Entry("- Nghề nghiệp|Nghề nghiệp", person.periods[-1].job, "occupation"),
        Entry("- Địa chỉ nơi cư trú|Địa chỉ nơi cư trú", person.address, "address"),
    )
    form.line("2. Thông tin về vụ tai nạn lao động", "bold")
    day = person.applied_on - dt.timedelta(days=int(rng.integers(60, 200)))
    info = f"Lần thứ nhất, ngày {form.date(day)}, tại xưởng sản xuất của đơn vị"
    form.rows(Entry("- Bị tai nạn lao động lần thứ|Bị tai nạn lao động", info, "accident_info"))
    form.paragraph(
        "Đơn vị đã lập biên bản điều tra tai nạn lao động theo quy định. Đề nghị cơ quan Bảo hiểm "
        "xã hội xem xét, giải quyết trợ cấp cho người lao động theo chế độ hiện hành. Đơn vị chịu "
        "trách nhiệm về tính chính xác của hồ sơ gửi kèm theo văn bản này."
    )
    form.receivers("Như trên;", "Lưu: VT.")
    form.sign(Signer("GIÁM ĐỐC", make_name(rng, "Nam"), "", (employer.upper()[:26], "GIÁM ĐỐC")))
    return form.finish()


def unemployment(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Đề nghị hưởng trợ cấp thất nghiệp (Mẫu số 03)."""
    form = Form("F_BHTN_03", manner, rng, dpi, by_hand=True)
    form.motto("Mẫu số 03")
    form.title("ĐỀ NGHỊ HƯỞNG TRỢ CẤP THẤT NGHIỆP")
    form.to(f"Trung tâm Dịch vụ việc làm {person.region}")
    ended = person.applied_on - dt.timedelta(days=int(rng.integers(10, 80)))
    form.rows(
        Entry("Tên tôi là|Tên tôi là|Họ và tên", person.full_name, "full_name"),
        (
            Entry("sinh ngày|Ngày sinh", form.date(person.birth_date)),
            Entry("Nam/Nữ|Giới tính", person.gender),
        ),
        Entry("Số chứng minh nhân dân/CCCD|Số CCCD", person.id_number),
        Entry("Số sổ BHXH|Mã số BHXH", person.bhxh_code, "bhxh_code"),
        Entry("Nơi thường trú|Nơi ở hiện nay", person.address),
        (
            Entry("Số điện thoại|Điện thoại", person.phone),
            Entry("Số tài khoản", person.account_number),
        ),
        Entry("tại Ngân hàng|Ngân hàng", person.bank),
        Entry("Nơi làm việc trước khi thất nghiệp|Đơn vị cũ", person.periods[-1].employer),
        Entry("Ngày chấm dứt hợp đồng lao động", form.date(ended)),
        Entry("Lý do chấm dứt hợp đồng lao động|Lý do", "Hết hạn hợp đồng lao động"),
    )
    form.paragraph(
        "Nơi đề nghị hưởng trợ cấp thất nghiệp: "
        f"Trung tâm Dịch vụ việc làm {person.region}. Kèm theo đề nghị này là bản chính sổ bảo "
        "hiểm xã hội và giấy tờ xác nhận về việc chấm dứt hợp đồng lao động. Tôi cam đoan nội "
        "dung ghi trên là hoàn toàn đúng sự thật."
    )
    form.dated(person.province, person.applied_on)
    form.sign(Signer("NGƯỜI ĐỀ NGHỊ", person.full_name, _SIGN))
    return form.finish()


def electronic_dealings(
    person: Person, rng: np.random.Generator, dpi: int, manner: Manner
) -> Pages:
    """Tờ khai đăng ký sử dụng phương thức giao dịch điện tử (Mẫu số 01)."""
    form = Form("F_MAU01_GDDT", manner, rng, dpi, by_hand=True)
    form.motto("Mẫu số 01")
    form.title("TỜ KHAI", "ĐĂNG KÝ SỬ DỤNG PHƯƠNG THỨC GIAO DỊCH ĐIỆN TỬ")
    form.to(person.agency)
    form.rows(
        Entry("Họ và tên|Tên cá nhân|Họ và tên cá nhân", person.full_name.upper(), "full_name"),
        Entry("Mã số BHXH", person.bhxh_code, "bhxh_code"),
        Entry("Số CMND/CCCD/Hộ chiếu|Số CCCD", person.id_number, "id_number"),
        Entry("Địa chỉ liên hệ|Địa chỉ", person.address),
        (
            Entry("Số điện thoại", person.phone, "phone"),
            Entry("Thư điện tử|Email", f"nld{person.phone[-5:]}@gmail.com", "email"),
        ),
    )
    form.ticks("Chứng thư số", ("Có", "Không"), int(rng.integers(2)))
    form.ticks("Phương thức nhận kết quả", ("Bản điện tử", "Bản giấy qua dịch vụ bưu chính"), 0)
    form.paragraph(
        "Theo quy định về giao dịch điện tử trong lĩnh vực bảo hiểm xã hội, tôi đăng ký sử dụng "
        "phương thức giao dịch điện tử với cơ quan Bảo hiểm xã hội Việt Nam và cam kết bảo mật "
        "tài khoản được cấp."
    )
    form.dated(person.province, person.applied_on)
    form.sign(Signer("NGƯỜI ĐĂNG KÝ", person.full_name, _SIGN))
    return form.finish()


def army_service(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Bản khai cá nhân về thời gian, địa bàn phục vụ trong quân đội (Mẫu số 04B-HBQP)."""
    form = Form("F_04B_HBQP", manner, rng, dpi, by_hand=True)
    form.motto("Mẫu số 04B-HBQP")
    form.title(
        "BẢN KHAI CÁ NHÂN",
        "Về thời gian, địa bàn phục vụ trong quân đội có hưởng phụ cấp khu vực",
    )
    form.rows(
        Entry(_NAME, person.full_name.upper(), "full_name"),
        (Entry(_BORN, form.date(person.birth_date)), Entry("Giới tính", person.gender)),
        Entry("Số sổ BHXH|Mã số BHXH", person.bhxh_code, "bhxh_code"),
        Entry(_HOME, person.address),
    )
    form.line("Thời gian và địa bàn phục vụ trong quân đội:", "bold")
    rows, year = [], person.birth_date.year + 18
    for number in range(int(rng.integers(2, 6))):
        months = int(rng.integers(6, 18))
        rows.append(
            (
                f"{1 + number:02d}/{year}",
                f"{6 + number:02d}/{year + months // 12}",
                f"Tiểu đoàn {int(rng.integers(1, 9))}, huyện đảo {pick(rng, _ISLANDS)}",
                pick(rng, ("0,3", "0,5", "0,7", "1,0")),
            )
        )
        year += months // 12 + 1
    form.table(
        (
            Column("Từ tháng năm", 24.0, "centre"),
            Column("Đến tháng năm", 24.0, "centre"),
            Column("Đơn vị, địa bàn phục vụ", 76.0),
            Column("Hệ số phụ cấp khu vực", 26.0, "centre"),
        ),
        rows,
        written=True,
    )
    form.sheet.fields["service_periods"] = str(len(rows))
    form.paragraph("Tôi xin cam đoan nội dung khai trên là đúng sự thật.")
    form.dated(person.province, person.applied_on)
    form.sign(Signer("NGƯỜI KHAI", person.full_name, _SIGN))
    return form.finish()
