"""Papers of hospitals and assessment councils."""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np

from benchmarks.factory.layouts.form import Entry, Form, Signer
from benchmarks.factory.layouts.manner import Manner
from benchmarks.factory.layouts.table import Column
from benchmarks.factory.paper import A5_LANDSCAPE_MM, RenderedPage
from benchmarks.factory.person import Person, digits, make_name, pick
from benchmarks.factory.wording import amount, amount_in_words, written_date

Pages = tuple[RenderedPage, ...]

_DIAGNOSES: Final = (
    ("Viêm phổi thùy dưới phải", "Kháng sinh, hạ sốt, bù dịch"),
    ("Viêm ruột thừa cấp", "Phẫu thuật nội soi cắt ruột thừa"),
    ("Gãy kín đầu dưới xương quay trái", "Nắn chỉnh, bó bột cẳng bàn tay"),
    ("Thoát vị đĩa đệm L4-L5", "Vật lý trị liệu, thuốc giảm đau"),
    ("Đái tháo đường típ 2 (E11)", "Insulin, điều chỉnh chế độ ăn"),
    ("Tăng huyết áp vô căn", "Thuốc hạ áp, theo dõi tại nhà"),
    ("Ung thư tuyến giáp thể nhú", "Phẫu thuật cắt toàn bộ tuyến giáp"),
    ("Xơ gan cổ chướng", "Truyền đạm, lợi tiểu, chọc tháo dịch"),
    ("Sốt xuất huyết Dengue", "Bù dịch, hạ sốt, theo dõi"),
)
_HOSPITALS: Final = (
    "Bệnh viện Đa khoa tỉnh",
    "Bệnh viện Đa khoa khu vực",
    "Trung tâm Y tế huyện",
    "Bệnh viện Hữu Nghị",
    "Bệnh viện Quân y 121",
)
_FULL_NAME: Final = "Họ tên người bệnh|Họ và tên người bệnh"


def _stamp(hospital: str) -> tuple[str, str]:
    return hospital.upper()[:26], "SỞ Y TẾ"


def _moment(rng: np.random.Generator, day: dt.date) -> str:
    hour, minute = int(rng.integers(6, 18)), int(rng.integers(0, 60))
    return f"{hour:02d} giờ {minute:02d} phút, {written_date(day)}"


def _case(rng: np.random.Generator) -> tuple[str, str]:
    return _DIAGNOSES[int(rng.integers(len(_DIAGNOSES)))]


def _card_number(person: Person, rng: np.random.Generator) -> str:
    return f"{pick(rng, ('DN', 'GD', 'HC', 'CH'))}4{person.id_number[1:3]}{person.bhxh_code}"


def _head(
    form: Form, person: Person, hospital: str, below: tuple[tuple[str, str, str | None], ...]
) -> None:
    """Issuer, motto and the numbers of the hospital at the right edge."""
    form.issuer((f"SỞ Y TẾ {person.province.upper()}", hospital.upper()))
    sheet, style = form.sheet, form.style("regular", -2.0)
    width = max(sheet.width(label + text, style) for label, text, _ in below)
    for label, text, name in below:
        end = sheet.put(sheet.right - width, sheet.y, label, style)
        sheet.put(end, sheet.y, text, style, name=name)
        sheet.y += sheet.leading(style)


def discharge(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Giấy ra viện (MS: 01/BV-01), A5 landscape or A4."""
    small = manner.placing.value == "beside" and manner.joined
    form = Form(
        "M_GIAY_RA_VIEN",
        manner,
        rng,
        dpi,
        size_mm=A5_LANDSCAPE_MM if small else (210.0, 297.0),
        scale=0.82 if small else 1.0,
        single=True,
    )
    hospital = pick(rng, _HOSPITALS)
    diagnosis, treatment = _case(rng)
    admitted = person.applied_on - dt.timedelta(days=int(rng.integers(30, 90)))
    discharged = admitted + dt.timedelta(days=int(rng.integers(2, 20)))
    code = f"{person.id_number[1:3]}/{digits(rng, 3)}/{digits(rng, 2)}/{digits(rng, 4)}"
    _head(
        form,
        person,
        hospital,
        (
            ("MS: 01/BV-01", "", None),
            ("Số lưu trữ: ", digits(rng, 6), "archive_number"),
            (form.word("Mã y tế: |Mã Y tế: "), code, "medical_code"),
        ),
    )
    form.sheet.y -= 4.0 if small else 0.0
    form.title("GIẤY RA VIỆN")
    form.sheet.y -= 2.0 if small else 0.0
    form.rows(
        (
            Entry(f"- {_FULL_NAME}", person.full_name.upper(), "full_name"),
            Entry("Tuổi", str(admitted.year - person.birth_date.year), "age"),
            Entry("Nam/Nữ|Giới tính", person.gender),
        ),
        (Entry("- Dân tộc|Dân tộc", person.ethnic), Entry("Nghề nghiệp", person.periods[-1].job)),
        Entry("- Thẻ BHYT số|Mã số BHXH/Thẻ BHYT số", _card_number(person, rng), "card_number"),
        Entry("- Địa chỉ|Địa chỉ", person.address),
        Entry("- Vào viện lúc|Vào viện lúc", _moment(rng, admitted), "admitted_at"),
        Entry("- Ra viện lúc|Ra viện lúc", _moment(rng, discharged), "discharged_at"),
        Entry("- Chẩn đoán|Chẩn đoán", diagnosis, "diagnosis"),
        Entry("- Phương pháp điều trị|Phương pháp điều trị", treatment, "treatment"),
        Entry(
            "- Ghi chú|Ghi chú",
            pick(rng, ("Tái khám sau 07 ngày", "Nghỉ ngơi 05 ngày", "Uống thuốc theo đơn")),
            "note",
        ),
    )
    form.sheet.y -= 1.5 if small else 0.0
    signers = (
        Signer("THỦ TRƯỞNG ĐƠN VỊ", make_name(rng, "Nam"), "", _stamp(hospital)),
        Signer("TRƯỞNG KHOA", make_name(rng, "Nữ")),
    )
    if small:
        form.sheet.line(written_date(discharged).capitalize(), form.style("italic"), "right")
        form.sign(*signers)
    else:
        form.dated(person.province, discharged)
        form.sign(*signers)
    return form.finish()


def sick_leave(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Giấy chứng nhận nghỉ việc hưởng BHXH: one half on its own, or two halves on A4."""
    form = Form("M_GCN_NGHI_VIEC", manner, rng, dpi, scale=0.84, single=True)
    hospital = pick(rng, _HOSPITALS)
    diagnosis, treatment = _case(rng)
    first = person.applied_on - dt.timedelta(days=int(rng.integers(30, 90)))
    days = int(rng.integers(1, 31))
    last = first + dt.timedelta(days=days - 1)
    numbers = f"{int(rng.integers(10, 9999))}/KCB", digits(rng, int(rng.integers(7, 11)))
    doctor, chief = make_name(rng, "Nam"), make_name(rng, "Nữ")
    code, employer = person.bhxh_code, person.periods[-1].employer
    crowded = manner.placing.value in ("below", "boxed") or not manner.joined
    for half in (1,) if crowded else (1, 2):
        sheet, style = form.sheet, form.style("regular", -1.0)
        sheet.y = manner.top - 8.0 + 148.5 * (half - 1)
        sheet.y += sheet.leading(style)
        sheet.put(sheet.left, sheet.y, hospital.upper(), form.style("bold", -1.0))
        sheet.put(sheet.right, sheet.y, f"Liên số {half}", style, "right")
        sheet.y += sheet.leading(style)
        end = sheet.put(sheet.left, sheet.y, "Số: ", style)
        sheet.put(end, sheet.y, numbers[0], style, name="kcb_number")
        width = sheet.width(f"Số seri: {numbers[1]}", style)
        end = sheet.put(sheet.right - width, sheet.y, "Số seri: ", style)
        sheet.put(end, sheet.y, numbers[1], style, name="serial")
        form.title("GIẤY CHỨNG NHẬN", "NGHỈ VIỆC HƯỞNG BẢO HIỂM XÃ HỘI", more=1.0)
        sheet.y -= 2.0
        sheet.line("(chỉ áp dụng cho điều trị ngoại trú)", form.style("italic"), "centre")
        form.line("I. Thông tin người bệnh", "bold")
        form.rows(
            (
                Entry("Họ và tên", person.full_name.upper(), "full_name"),
                Entry("ngày sinh|Ngày sinh", form.date(person.birth_date), "birth_date"),
            ),
            (
                Entry("Mã số BHXH/Số thẻ BHYT", code, "bhxh_or_card"),
                Entry("Giới tính", person.gender, "gender"),
            ),
            Entry("Đơn vị làm việc", employer),
        )
        form.line("II. Chẩn đoán và phương pháp điều trị", "bold")
        form.rows(
            Entry(
                "" if manner.joined else "Chẩn đoán và phương pháp điều trị",
                f"{diagnosis}. {treatment}",
                "diagnosis",
            ),
            (
                Entry("Số ngày nghỉ", f"{days:02d}", "days_off"),
                Entry("(Từ ngày|Từ ngày", form.date(first), "from_date"),
                Entry(
                    "đến hết ngày",
                    form.date(last),
                    "to_date",
                    unit=")" if manner.wording == 0 else "",
                ),
            ),
        )
        form.line("III. Thông tin cha, mẹ (chỉ áp dụng với trẻ em dưới 7 tuổi)", "bold")
        form.dated(person.province, first)
        form.sign(
            Signer("XÁC NHẬN CỦA THỦ TRƯỞNG ĐƠN VỊ", chief, "", _stamp(hospital)),
            Signer("Người hành nghề KB, CB", doctor),
        )
    return form.finish()


def summary(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Tóm tắt hồ sơ bệnh án, one to two pages."""
    form = Form("M_HSBA", manner, rng, dpi)
    hospital = pick(rng, _HOSPITALS)
    diagnosis, treatment = _case(rng)
    admitted = person.applied_on - dt.timedelta(days=int(rng.integers(40, 90)))
    discharged = admitted + dt.timedelta(days=int(rng.integers(6, 20)))
    _head(
        form,
        person,
        hospital,
        (
            ("MS: 01/BV-01", "", None),
            ("Số lưu trữ: ", digits(rng, 6), None),
            ("Mã Y tế: ", f"{digits(rng, 3)}/{digits(rng, 4)}", None),
        ),
    )
    form.rows((Entry("BV", hospital, "facility"), Entry("Khoa", pick(rng, ("Nội", "Ngoại")))))
    form.title(form.word("TÓM TẮT HỒ SƠ BỆNH ÁN|BẢN TÓM TẮT HỒ SƠ BỆNH ÁN|TRÍCH SAO HỒ SƠ BỆNH ÁN"))
    form.ticks("", ("Nội trú", "Nội trú ban ngày", "Ngoại trú"), 0)
    form.rows(
        Entry(
            "1. Họ và tên (In hoa)|Họ và tên (In hoa)|Họ và tên",
            person.full_name.upper(),
            "full_name",
        ),
        (
            Entry("2. Năm sinh|Năm sinh", str(person.birth_date.year), "birth_year"),
            Entry("3. Giới|Giới tính", person.gender),
            Entry("4. Dân tộc|Dân tộc", person.ethnic),
        ),
        Entry("5. Mã số BHXH/Thẻ BHYT số|Mã số BHXH/Thẻ BHYT số", person.bhxh_code, "bhxh_or_card"),
        Entry("6. Nghề nghiệp|Nghề nghiệp", person.periods[-1].job),
        Entry("7. Cơ quan/Đơn vị công tác|Đơn vị công tác", person.periods[-1].employer),
        Entry("8. Địa chỉ|Địa chỉ", person.address),
        Entry("9. Vào viện ngày|Vào viện ngày", form.date(admitted)),
        Entry("10. Ra viện ngày|Ra viện ngày", form.date(discharged)),
        Entry("11. Chẩn đoán ra viện|Chẩn đoán ra viện|Chẩn đoán", diagnosis, "diagnosis"),
    )
    form.line("12. Tóm tắt quá trình bệnh lý và diễn biến lâm sàng", "bold")
    for text in _COURSE[: int(rng.integers(1, len(_COURSE) + 1))]:
        form.paragraph(text)
    status = pick(
        rng,
        (
            "không tự kiểm soát được các chức năng sinh hoạt, cần người chăm sóc hoàn toàn",
            "tự chăm sóc được trong sinh hoạt hằng ngày",
        ),
    )
    form.rows(
        Entry("13. Phương pháp điều trị|Phương pháp điều trị", treatment),
        Entry("14. Tình trạng ra viện|Tình trạng ra viện", status),
    )
    form.dated(person.province, discharged, "issue_date")
    form.sign(
        Signer(
            "ĐẠI DIỆN CƠ SỞ KHÁM BỆNH", make_name(rng, "Nam"), "(Ký, đóng dấu)", _stamp(hospital)
        )
    )
    return form.finish()


_COURSE: Final = (
    "Người bệnh vào viện trong tình trạng tỉnh, tiếp xúc tốt, da niêm mạc hồng. Bệnh diễn biến "
    "trong nhiều ngày trước khi vào viện, đã tự điều trị tại nhà nhưng không giảm.",
    "Sau khi được thăm khám và làm các xét nghiệm cần thiết, người bệnh được điều trị tích cực "
    "tại khoa, dấu hiệu sinh tồn ổn định, ăn uống được, vết thương khô.",
    "Xét nghiệm máu: hồng cầu 4,1 T/l, bạch cầu 9,2 G/l, tiểu cầu 210 G/l, glucose 5,6 mmol/l, "
    "creatinin 78 µmol/l. Siêu âm ổ bụng: chưa phát hiện bất thường.",
    "Chụp cắt lớp vi tính: không thấy tổn thương khu trú. Điện tim: nhịp xoang đều, tần số 82 "
    "lần trong một phút, trục trung gian.",
)


def assessment(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Biên bản giám định y khoa, one to three pages."""
    form = Form("M_GDYK", manner, rng, dpi)
    rate = int(rng.integers(5, 98))
    met = person.applied_on - dt.timedelta(days=int(rng.integers(5, 40)))
    diagnosis, _ = _case(rng)
    form.issuer(
        (f"SỞ Y TẾ {person.province.upper()}", "HỘI ĐỒNG GIÁM ĐỊNH Y KHOA"),
        number=(
            f"{int(rng.integers(10, 3000))}/GĐYK-{pick(rng, ('KNLĐ', 'TNLĐ', 'BNN'))}",
            "doc_number",
        ),
        dated=(person.province, met),
    )
    form.title(
        form.word(
            "BIÊN BẢN GIÁM ĐỊNH Y KHOA|BIÊN BẢN GIÁM ĐỊNH MỨC SUY GIẢM KHẢ NĂNG LAO ĐỘNG"
            "|BIÊN BẢN GIÁM ĐỊNH Y KHOA"
        )
    )
    form.rows(
        Entry("Họp ngày|Đã họp ngày", form.date(met), "meeting_date"),
        Entry("Để khám giám định cho Ông/Bà|Ông (bà)|Ông/Bà", person.full_name, "full_name"),
        (
            Entry("Sinh ngày|Ngày sinh", form.date(person.birth_date), "birth_date"),
            Entry("Giới tính", person.gender),
        ),
        Entry("CMND/CCCD/Hộ chiếu|Số CMND/CCCD/Hộ chiếu", person.id_number, "id_number"),
        Entry("Địa chỉ|Chỗ ở hiện nay", person.address),
        Entry("Nghề nghiệp", person.periods[-1].job),
        Entry("Theo giấy giới thiệu của", person.agency),
    )
    form.line("KẾT QUẢ KHÁM HIỆN TẠI", "bold")
    for text in _COURSE[: int(rng.integers(1, len(_COURSE) + 1))]:
        form.paragraph(text)
    form.line("KẾT LUẬN:", "bold")
    form.paragraph(f"Căn cứ Thông tư liên quan, Hội đồng kết luận: {diagnosis}.")
    words = amount_in_words(rate).removesuffix(" đồng").lower()
    form.rows(
        Entry(
            "Tỷ lệ suy giảm khả năng lao động|Suy giảm khả năng lao động, tỷ lệ",
            f"{rate}%",
            "loss_rate",
        )
    )
    form.paragraph(f"(Bằng chữ: {words} phần trăm)", "italic", 0.0)
    form.sign(
        Signer("ỦY VIÊN", make_name(rng, "Nữ")),
        Signer("ỦY VIÊN THƯỜNG TRỰC", make_name(rng, "Nam")),
        Signer("CHỦ TỊCH HỘI ĐỒNG", make_name(rng, "Nam"), "", ("HỘI ĐỒNG GIÁM ĐỊNH", "Y KHOA")),
    )
    return form.finish()


def referral(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Giấy chuyển tuyến."""
    form = Form("M_GIAY_CHUYEN_TUYEN", manner, rng, dpi)
    hospital = pick(rng, _HOSPITALS)
    diagnosis, treatment = _case(rng)
    admitted = person.applied_on - dt.timedelta(days=int(rng.integers(40, 90)))
    left = admitted + dt.timedelta(days=int(rng.integers(1, 9)))
    _head(
        form,
        person,
        hospital,
        (("Số hồ sơ: ", digits(rng, 6), None), ("Vào sổ chuyển tuyến số: ", digits(rng, 3), None)),
    )
    form.title(
        form.word("GIẤY CHUYỂN TUYẾN|GIẤY CHUYỂN VIỆN"), "KHÁM BỆNH, CHỮA BỆNH BẢO HIỂM Y TẾ"
    )
    form.to(pick(rng, ("Bệnh viện Chợ Rẫy", "Bệnh viện Bạch Mai", "Bệnh viện Trung ương Huế")))
    form.line("Cơ sở khám bệnh, chữa bệnh trân trọng giới thiệu:")
    form.rows(
        Entry("- Họ và tên người bệnh|Họ và tên", person.full_name.upper(), "full_name"),
        (
            Entry("Nam/Nữ|Giới tính", person.gender),
            Entry("Tuổi", str(admitted.year - person.birth_date.year)),
        ),
        Entry("- Địa chỉ|Địa chỉ", person.address),
        (Entry("- Dân tộc|Dân tộc", person.ethnic), Entry("Nghề nghiệp", person.periods[-1].job)),
        Entry("- Số thẻ BHYT|Thẻ BHYT số", _card_number(person, rng)),
        Entry("Đã được khám bệnh, điều trị từ ngày", form.date(admitted)),
        Entry("Đến ngày", form.date(left)),
    )
    form.line("TÓM TẮT BỆNH ÁN", "bold")
    form.paragraph(_COURSE[int(rng.integers(len(_COURSE)))])
    form.rows(
        Entry("- Chẩn đoán|Chẩn đoán", diagnosis),
        Entry("- Phương pháp, thủ thuật đã sử dụng|Đã điều trị", treatment),
        Entry(
            "- Tình trạng người bệnh lúc chuyển tuyến|Tình trạng lúc chuyển",
            "Tỉnh, huyết áp ổn định",
        ),
    )
    form.ticks(
        "Lý do chuyển tuyến", ("Đủ điều kiện chuyển tuyến", "Theo yêu cầu của người bệnh"), 0
    )
    form.rows(Entry("Phương tiện vận chuyển", "Xe cứu thương"))
    form.dated(person.province, left)
    form.sign(
        Signer("NGƯỜI HÀNH NGHỀ", make_name(rng, "Nam"), "(Ký, ghi rõ họ tên)"),
        Signer("NGƯỜI CÓ THẨM QUYỀN CHUYỂN TUYẾN", make_name(rng, "Nữ"), "", _stamp(hospital)),
    )
    return form.finish()


def disability(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Giấy xác nhận khuyết tật, of the commune."""
    form = Form("M_KHUYET_TAT", manner, rng, dpi)
    issued = person.applied_on - dt.timedelta(days=int(rng.integers(90, 900)))
    level = pick(rng, ("đặc biệt nặng", "nặng", "nhẹ"))
    form.issuer(
        (person.region.upper(), f"UBND XÃ {person.commune.upper()}"),
        number=(f"{int(rng.integers(1, 300)):03d}/XNKT", None),
        dated=(person.commune, issued),
    )
    form.title("GIẤY XÁC NHẬN KHUYẾT TẬT")
    form.rows(
        Entry("Họ và tên", person.full_name.upper(), "full_name"),
        (
            Entry("Ngày, tháng, năm sinh|Sinh ngày", form.date(person.birth_date)),
            Entry("Giới tính", person.gender),
        ),
        Entry("Số định danh cá nhân|Số CCCD", person.id_number),
        Entry("Nơi thường trú|Nơi cư trú", person.address),
        Entry(
            "Dạng khuyết tật", pick(rng, ("Vận động", "Nhìn", "Thần kinh, tâm thần", "Nghe, nói"))
        ),
        Entry("Mức độ khuyết tật", level, "level"),
    )
    form.gap(3.0)
    form.sign(
        Signer("CHỦ TỊCH", make_name(rng, "Nam"), "(Ký, đóng dấu)", ("ỦY BAN NHÂN DÂN XÃ", "UBND"))
    )
    return form.finish()


def occupational(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Phiếu hội chẩn or giấy khám bệnh nghề nghiệp."""
    form = Form("A_GIAY_KHAM_BNN", manner, rng, dpi)
    hospital = "Trung tâm Kiểm soát bệnh tật"
    form.issuer(
        (f"SỞ Y TẾ {person.province.upper()}", hospital.upper()),
        dated=(person.province, person.applied_on),
    )
    form.title(form.word("GIẤY KHÁM BỆNH NGHỀ NGHIỆP|PHIẾU HỘI CHẨN BỆNH NGHỀ NGHIỆP"))
    illness = pick(
        rng,
        (
            "Bệnh bụi phổi silic nghề nghiệp",
            "Điếc nghề nghiệp do tiếng ồn",
            "Viêm phế quản mạn tính nghề nghiệp",
        ),
    )
    form.rows(
        Entry("Họ và tên", person.full_name.upper(), "full_name"),
        (
            Entry("Sinh ngày|Ngày sinh", form.date(person.birth_date)),
            Entry("Giới tính", person.gender),
        ),
        Entry("Đơn vị công tác", person.periods[-1].employer),
        Entry("Nghề nghiệp", person.periods[-1].job),
        (
            Entry("Tuổi nghề", f"{int(rng.integers(5, 25))} năm"),
            Entry("Yếu tố tiếp xúc", pick(rng, ("Bụi silic", "Tiếng ồn", "Bụi bông"))),
        ),
    )
    form.line("Kết quả khám lâm sàng và cận lâm sàng", "bold")
    for text in _COURSE[:2]:
        form.paragraph(text)
    form.rows(Entry("Chẩn đoán|Kết luận", illness, "diagnosis"))
    form.sign(
        Signer("BÁC SĨ KHÁM BỆNH", make_name(rng, "Nam"), "(Ký, ghi rõ họ tên)"),
        Signer("GIÁM ĐỐC", make_name(rng, "Nữ"), "", (hospital.upper()[:26], "SỞ Y TẾ")),
    )
    return form.finish()


def risk_certificate(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Giấy chứng nhận bị phơi nhiễm do tai nạn rủi ro nghề nghiệp."""
    form = Form("M_HIV_TNRR", manner, rng, dpi)
    form.issuer(
        (f"SỞ Y TẾ {person.province.upper()}", "BỆNH VIỆN ĐA KHOA TỈNH"),
        number=(f"{int(rng.integers(1, 90)):02d}/GCN-BV", None),
    )
    form.title("GIẤY CHỨNG NHẬN", "Bị nhiễm HIV do tai nạn rủi ro nghề nghiệp")
    form.rows(
        Entry("Họ và tên", person.full_name.upper(), "full_name"),
        (Entry("Ngày sinh", form.date(person.birth_date)), Entry("Giới tính", person.gender)),
        Entry("Nghề nghiệp", "Điều dưỡng viên"),
        Entry("Nơi làm việc", "Bệnh viện Đa khoa tỉnh"),
        Entry("Số CCCD", person.id_number),
    )
    form.paragraph(
        "Chứng nhận ông/bà có tên trên đã bị tai nạn rủi ro nghề nghiệp trong khi thực hiện nhiệm "
        "vụ "
        "chăm sóc, điều trị người bệnh, theo biên bản lập tại nơi làm việc và kết quả xét nghiệm."
    )
    form.dated(person.province, person.applied_on, "issue_date")
    form.sign(Signer("GIÁM ĐỐC", make_name(rng, "Nam"), "", _stamp("Bệnh viện Đa khoa tỉnh")))
    return form.finish()


def assessment_fee(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Biên lai thu tiền phí giám định y khoa with its list."""
    form = Form("M_PHI_GDYK", manner, rng, dpi)
    number = f"{digits(rng, 7)}"
    fees = [int(rng.integers(5, 80)) * 10_000 for _ in range(3)]
    form.issuer(
        (f"SỞ Y TẾ {person.province.upper()}", "TRUNG TÂM GIÁM ĐỊNH Y KHOA"),
        number=(number, "invoice_number"),
    )
    form.title(
        form.word("BIÊN LAI THU TIỀN PHÍ|HÓA ĐƠN THU PHÍ GIÁM ĐỊNH|BIÊN LAI THU TIỀN PHÍ"),
        "Phí giám định y khoa",
    )
    form.rows(
        Entry("Họ tên người nộp tiền|Người nộp tiền", person.full_name),
        Entry("Địa chỉ", person.address),
        Entry("Nội dung thu", "Phí giám định y khoa theo bảng kê"),
    )
    form.table(
        (
            Column("STT", 10.0, "centre"),
            Column("Nội dung giám định", 90.0),
            Column("Số tiền (đồng)", 36.0, "right"),
        ),
        [
            (str(place + 1), text, amount(fee))
            for place, (text, fee) in enumerate(
                zip(
                    ("Khám lâm sàng", "Xét nghiệm cận lâm sàng", "Hội đồng kết luận"),
                    fees,
                    strict=True,
                )
            )
        ],
        less=0.0,
    )
    form.rows(
        Entry("Tổng cộng|Số tiền", amount(sum(fees)), "amount", unit=" đồng"),
        Entry("Số tiền bằng chữ|Bằng chữ", amount_in_words(sum(fees))),
        Entry("Ngày|Ngày|Ngày thu", form.date(person.applied_on), "issue_date"),
    )
    form.sign(
        Signer("NGƯỜI NỘP TIỀN", person.full_name, "(Ký, ghi rõ họ tên)"),
        Signer("NGƯỜI THU TIỀN", make_name(rng, "Nữ"), "", ("TRUNG TÂM GIÁM ĐỊNH", "Y KHOA")),
    )
    return form.finish()
