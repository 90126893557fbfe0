"""Papers that no catalogue component stands for; what dossiers hold beside them."""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np

from benchmarks.factory.layouts.form import Entry, Form, Signer
from benchmarks.factory.layouts.letters import SENTENCES
from benchmarks.factory.layouts.manner import Manner
from benchmarks.factory.layouts.table import Column
from benchmarks.factory.paper import RenderedPage
from benchmarks.factory.person import Person, digits, make_name, pick
from benchmarks.factory.wording import amount, amount_in_words, written_date

Pages = tuple[RenderedPage, ...]
_OTHER: Final = "Z_OTHER"


def sales_invoice(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Hóa đơn giá trị gia tăng of a shop."""
    form = Form(_OTHER, manner, rng, dpi)
    form.title("HÓA ĐƠN GIÁ TRỊ GIA TĂNG", written_date(person.applied_on).capitalize())
    form.rows(
        (Entry("Ký hiệu", f"1C25T{digits(rng, 2)}A"), Entry("Số", digits(rng, 8))),
        Entry("Đơn vị bán hàng", "Công ty TNHH Vật liệu Xây dựng Hải Long"),
        Entry("Mã số thuế", digits(rng, 10)),
        Entry("Họ tên người mua hàng", person.full_name),
        Entry("Địa chỉ", person.address),
        Entry("Hình thức thanh toán", "Tiền mặt"),
    )
    goods = ("Xi măng PCB40", "Gạch ống", "Thép phi 10", "Sơn nước nội thất", "Ống nhựa")
    rows, total = [], 0
    for place in range(int(rng.integers(2, 6))):
        count, price = int(rng.integers(1, 50)), int(rng.integers(5, 300)) * 1000
        total += count * price
        rows.append(
            (str(place + 1), goods[place], "cái", str(count), amount(price), amount(count * price))
        )
    form.table(
        (
            Column("STT", 10.0, "centre"),
            Column("Tên hàng hóa, dịch vụ", 60.0),
            Column("ĐVT", 14.0, "centre"),
            Column("Số lượng", 18.0, "right"),
            Column("Đơn giá", 26.0, "right"),
            Column("Thành tiền", 30.0, "right"),
        ),
        rows,
    )
    form.rows(
        Entry("Cộng tiền hàng", amount(total)),
        Entry("Thuế suất GTGT 8%, tiền thuế", amount(total * 8 // 100)),
        Entry("Số tiền viết bằng chữ", amount_in_words(total * 108 // 100)),
    )
    form.sign(
        Signer("NGƯỜI MUA HÀNG", person.full_name, "(Ký, ghi rõ họ tên)"),
        Signer("NGƯỜI BÁN HÀNG", make_name(rng, "Nam"), "", ("CÔNG TY TNHH HẢI LONG", "VLXD")),
    )
    return form.finish()


def labour_contract(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Hợp đồng lao động, two to four pages."""
    form = Form(_OTHER, manner, rng, dpi)
    employer = person.periods[-1].employer
    form.issuer((employer.upper(),), number=(f"{int(rng.integers(1, 400))}/HĐLĐ", None))
    form.title("HỢP ĐỒNG LAO ĐỘNG")
    form.paragraph(f"Hôm nay, {written_date(person.applied_on)}, chúng tôi gồm có:")
    form.rows(
        Entry("Bên A (người sử dụng lao động)", employer),
        Entry("Đại diện", make_name(rng, "Nam")),
        Entry("Bên B (người lao động)", person.full_name),
        (Entry("Sinh ngày", form.date(person.birth_date)), Entry("Số CCCD", person.id_number)),
        Entry("Địa chỉ", person.address),
    )
    for place, (heading, text) in enumerate(_CLAUSES, 1):
        form.line(f"Điều {place}. {heading}", "bold")
        form.paragraph(text)
        if rng.random() < 0.6:
            form.paragraph(_DUTIES[int(rng.integers(len(_DUTIES)))])
    form.sign(
        Signer("NGƯỜI LAO ĐỘNG", person.full_name, "(Ký, ghi rõ họ tên)"),
        Signer(
            "NGƯỜI SỬ DỤNG LAO ĐỘNG", make_name(rng, "Nam"), "", (employer.upper()[:26], "CÔNG TY")
        ),
    )
    return form.finish()


_CLAUSES: Final = (
    (
        "Thời hạn và công việc",
        "Loại hợp đồng: xác định thời hạn ba mươi sáu tháng. Bên B làm việc theo sự phân công của "
        "Bên A tại xưởng sản xuất và các địa điểm khác khi có yêu cầu.",
    ),
    (
        "Chế độ làm việc",
        "Thời giờ làm việc tám giờ một ngày, sáu ngày một tuần. Bên B được cấp phát dụng cụ làm "
        "việc và phương tiện bảo vệ cá nhân theo tính chất công việc.",
    ),
    (
        "Tiền lương và phụ cấp",
        "Mức lương chính được trả bằng chuyển khoản vào ngày mùng năm hằng tháng. Phụ cấp đi lại, "
        "ăn giữa ca và chuyên cần thực hiện theo quy chế trả lương của đơn vị.",
    ),
    (
        "Quyền và nghĩa vụ của Bên B",
        "Bên B có nghĩa vụ hoàn thành công việc, chấp hành nội quy lao động, an toàn lao động và "
        "bồi thường vi phạm theo quy định của pháp luật.",
    ),
    (
        "Quyền và nghĩa vụ của Bên A",
        "Bên A bảo đảm việc làm, thanh toán đầy đủ, đúng thời hạn các chế độ và quyền lợi cho Bên "
        "B; có quyền điều hành, tạm hoãn, chấm dứt công việc theo luật.",
    ),
    (
        "Điều khoản thi hành",
        "Những vấn đề không ghi trong hợp đồng này thì áp dụng quy định của thỏa ước lao động tập "
        "thể. Hợp đồng được lập thành hai bản có giá trị ngang nhau.",
    ),
)
_DUTIES: Final = (
    "Các bên cam kết giữ bí mật thông tin kinh doanh, công nghệ, danh sách khách hàng trong suốt "
    "thời gian thực hiện hợp đồng và hai năm sau khi kết thúc.",
    "Trường hợp thay đổi nội dung, bên có yêu cầu phải báo trước ba ngày làm việc và hai bên ký "
    "phụ lục bổ sung kèm theo bản chính.",
    "Việc đào tạo, nâng cao tay nghề được thực hiện theo kế hoạch hằng năm; chi phí do Bên A chi "
    "trả toàn bộ nếu Bên B làm việc đủ thời gian đã cam kết.",
)


def degree(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Bằng tốt nghiệp, landscape."""
    form = Form(_OTHER, manner, rng, dpi, size_mm=(297.0, 210.0), scale=1.1)
    form.motto()
    form.line(f"HIỆU TRƯỞNG TRƯỜNG CAO ĐẲNG {person.province.upper()}", "bold", centred=True)
    form.line("cấp", "italic", centred=True)
    form.title(
        "BẰNG TỐT NGHIỆP CAO ĐẲNG",
        f"Ngành {pick(rng, ('Kế toán', 'Công nghệ ô tô', 'Điều dưỡng'))}",
        more=6.0,
    )
    form.rows(
        Entry("Cho", person.full_name),
        Entry("Ngày sinh", form.date(person.birth_date)),
        Entry("Xếp loại tốt nghiệp", pick(rng, ("Khá", "Giỏi", "Trung bình"))),
        (Entry("Số hiệu", f"B{digits(rng, 7)}"), Entry("Số vào sổ cấp bằng", digits(rng, 4))),
    )
    form.dated(person.province, person.applied_on)
    form.sign(Signer("HIỆU TRƯỞNG", make_name(rng, "Nam"), "", ("TRƯỜNG CAO ĐẲNG", "HIỆU TRƯỞNG")))
    return form.finish()


def bank_letter(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Bank's confirmation of an account."""
    form = Form(_OTHER, manner, rng, dpi)
    form.issuer(
        (f"NGÂN HÀNG {person.bank.upper()}", f"CHI NHÁNH {person.province.upper()}"),
        number=(f"{digits(rng, 4)}/XN-NH", None),
        motto=False,
    )
    form.title("XÁC NHẬN SỐ DƯ TÀI KHOẢN")
    form.paragraph(
        "Ngân hàng chúng tôi xác nhận khách hàng có thông tin dưới đây đang sử dụng dịch vụ tài "
        "khoản thanh toán:"
    )
    form.rows(
        Entry("Tên khách hàng", person.full_name.upper()),
        Entry("Số tài khoản", person.account_number),
        Entry("Loại tiền", "VND"),
        Entry("Số dư", f"{amount(int(rng.integers(1, 900)) * 100_000)} VND"),
        Entry("Ngày xác nhận", form.date(person.applied_on)),
    )
    form.paragraph(
        "Giấy xác nhận có giá trị tại thời điểm phát hành; ngân hàng không chịu trách nhiệm về "
        "các giao dịch phát sinh sau đó."
    )
    form.sign(
        Signer(
            "TRƯỞNG PHÒNG DỊCH VỤ KHÁCH HÀNG",
            make_name(rng, "Nữ"),
            "",
            (f"NGÂN HÀNG {person.bank.upper()}", "CN"),
        )
    )
    return form.finish()


def circular(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """A report of another office, prose, two to five pages."""
    form = Form(_OTHER, manner, rng, dpi)
    form.issuer(
        ("UBND HUYỆN", "PHÒNG NỘI VỤ"),
        number=(f"{int(rng.integers(1, 300))}/BC-NV", None),
        dated=(person.province, person.applied_on),
    )
    form.title("BÁO CÁO", "Kết quả công tác văn thư, lưu trữ năm")
    order = rng.permutation(len(SENTENCES))
    for number in range(int(rng.integers(9, 30))):
        pair = [SENTENCES[int(order[(2 * number + step) % len(order)])] for step in range(2)]
        form.paragraph(" ".join(pair))
    form.receivers("Như trên;", "Lưu: VT.")
    form.sign(
        Signer("TRƯỞNG PHÒNG", make_name(rng, "Nam"), "", ("ỦY BAN NHÂN DÂN HUYỆN", "PHÒNG NỘI VỤ"))
    )
    return form.finish()


def payslip(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Phiếu lương."""
    form = Form(_OTHER, manner, rng, dpi)
    base = int(rng.integers(50, 150)) * 100_000
    form.issuer((person.periods[-1].employer.upper(),), motto=False)
    form.title("PHIẾU LƯƠNG", f"Kỳ lương {person.applied_on.month:02d}/{person.applied_on.year}")
    form.rows(
        (Entry("Nhân viên", person.full_name), Entry("Mã NV", digits(rng, 5))),
        Entry("Chức danh", person.periods[-1].job),
    )
    form.table(
        (Column("Khoản mục", 90.0), Column("Số tiền", 40.0, "right")),
        [
            ("Lương cơ bản", amount(base)),
            ("Phụ cấp ăn ca", "730.000"),
            ("Tăng ca", amount(int(rng.integers(1, 30)) * 50_000)),
            ("Trừ bảo hiểm 10,5%", amount(base * 105 // 1000)),
            ("Thực lĩnh", amount(base + 730_000)),
        ],
        less=0.0,
    )
    form.sign(Signer("KẾ TOÁN", make_name(rng, "Nữ")), Signer("NGƯỜI NHẬN", person.full_name))
    return form.finish()


def residence(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Xác nhận thông tin về cư trú (CT07)."""
    form = Form(_OTHER, manner, rng, dpi)
    form.issuer(
        ("CÔNG AN " + person.region.upper(), f"CÔNG AN XÃ {person.commune.upper()}"),
        number=(f"{int(rng.integers(10, 999))}/XN", None),
        dated=(person.commune, person.applied_on),
        form_number="Mẫu CT07",
    )
    form.title("XÁC NHẬN THÔNG TIN VỀ CƯ TRÚ")
    form.line("I. Theo đề nghị của ông/bà:", "bold")
    form.rows(
        Entry("1. Họ, chữ đệm và tên", person.full_name),
        (
            Entry("2. Ngày, tháng, năm sinh", form.date(person.birth_date)),
            Entry("3. Giới tính", person.gender),
        ),
        Entry("4. Số định danh cá nhân", person.id_number),
        (Entry("5. Dân tộc", person.ethnic), Entry("6. Tôn giáo", "Không")),
        Entry("7. Quê quán", f"{person.commune}, {person.province}"),
    )
    form.line("II. Công an xã xác nhận thông tin về cư trú như sau:", "bold")
    form.rows(
        Entry("1. Nơi thường trú", person.address),
        Entry("2. Nơi ở hiện tại", person.address),
        Entry("3. Họ, chữ đệm và tên chủ hộ", make_name(rng, "Nam")),
    )
    form.paragraph(
        "Xác nhận này có giá trị đến hết ngày "
        f"{form.date(person.applied_on + dt.timedelta(days=365))}."
    )
    form.sign(Signer("TRƯỞNG CÔNG AN XÃ", make_name(rng, "Nam"), "", ("CÔNG AN XÃ", "CAX")))
    return form.finish()


def driving_licence(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Giấy phép lái xe, a card on A4."""
    form = Form(_OTHER, manner, rng, dpi, scale=0.62)
    sheet = form.sheet
    sheet.left, sheet.right, sheet.y = 66.0, 144.0, 40.0
    sheet.box(60.0, 34.0, 146.0, 90.0)
    form.line("BỘ GTVT / MOT", "bold")
    form.line("GIẤY PHÉP LÁI XE / DRIVER'S LICENSE", "bold", centred=True)
    form.line(f"Số/No: {digits(rng, 12)}", "bold", centred=True)
    for text in (
        f"Họ tên/Full name: {person.full_name.upper()}",
        f"Ngày sinh/Date of Birth: {form.date(person.birth_date)}",
        "Quốc tịch/Nationality: VIỆT NAM",
        f"Nơi cư trú/Address: {person.address}",
        f"Hạng/Class: {pick(rng, ('A1', 'B1', 'B2', 'C'))}",
        "Có giá trị đến/Expires: Không thời hạn",
    ):
        form.line(text)
    return form.finish()


def marriage(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Giấy chứng nhận kết hôn."""
    form = Form(_OTHER, manner, rng, dpi)
    form.motto()
    form.title(
        "GIẤY CHỨNG NHẬN KẾT HÔN", f"Số: {int(rng.integers(5, 300))}/{person.applied_on.year}"
    )
    for label, name in (("vợ", make_name(rng, "Nữ")), ("chồng", make_name(rng, "Nam"))):
        form.rows(
            Entry(f"Họ, chữ đệm, tên {label}", name),
            (
                Entry("Ngày, tháng, năm sinh", form.date(person.birth_date)),
                Entry("Dân tộc", person.ethnic),
            ),
            Entry("Nơi cư trú", person.address),
            Entry("Giấy tờ tùy thân", digits(rng, 12)),
        )
    form.rows(
        Entry("Nơi đăng ký kết hôn", f"UBND xã {person.commune}"),
        Entry("Ngày, tháng, năm đăng ký", form.date(person.applied_on)),
    )
    form.sign(
        Signer("VỢ", make_name(rng, "Nữ")),
        Signer("CHỒNG", make_name(rng, "Nam")),
        Signer("NGƯỜI KÝ", make_name(rng, "Nam"), "", ("ỦY BAN NHÂN DÂN XÃ", "UBND")),
    )
    return form.finish()


def school_notice(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """A school's notice to parents."""
    form = Form(_OTHER, manner, rng, dpi)
    form.issuer(
        ("PHÒNG GIÁO DỤC VÀ ĐÀO TẠO", f"TRƯỜNG THCS {person.commune.upper()}"),
        number=(f"{int(rng.integers(5, 90))}/TB-THCS", None),
        dated=(person.commune, person.applied_on),
    )
    form.title("THÔNG BÁO", "Về việc họp cha mẹ học sinh đầu năm học")
    form.to("Quý phụ huynh học sinh")
    form.paragraph(
        "Nhà trường tổ chức cuộc họp cha mẹ học sinh để thông qua kế hoạch năm học, các khoản thu "
        "theo quy định và bầu ban đại diện."
    )
    form.rows(
        Entry("Thời gian", f"07 giờ 30 phút, {written_date(person.applied_on)}"),
        Entry("Địa điểm", "Hội trường nhà trường"),
        Entry("Giáo viên chủ nhiệm", make_name(rng, "Nữ")),
    )
    form.paragraph(
        "Rất mong quý phụ huynh sắp xếp thời gian đến dự đầy đủ, đúng giờ để cuộc họp đạt kết quả "
        "tốt."
    )
    form.sign(Signer("HIỆU TRƯỞNG", make_name(rng, "Nam"), "", ("TRƯỜNG THCS", "HIỆU TRƯỞNG")))
    return form.finish()


def debt_note(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Giấy vay tiền, between neighbours."""
    form = Form(_OTHER, manner, rng, dpi, by_hand=True)
    money = int(rng.integers(5, 300)) * 1_000_000
    form.motto()
    form.title("GIẤY VAY TIỀN")
    form.rows(
        Entry("Tôi tên là", person.full_name),
        (Entry("Sinh năm", str(person.birth_date.year)), Entry("Số CCCD", person.id_number)),
        Entry("Có vay của ông/bà", make_name(rng, "Nam")),
        Entry("Số tiền", f"{amount(money)} đồng"),
        Entry("Bằng chữ", amount_in_words(money)),
        Entry("Hẹn trả vào ngày", form.date(person.applied_on + dt.timedelta(days=180))),
    )
    form.dated(person.commune, person.applied_on)
    form.sign(Signer("NGƯỜI CHO VAY", make_name(rng, "Nam")), Signer("NGƯỜI VAY", person.full_name))
    return form.finish()
