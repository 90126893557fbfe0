"""Slips and notices of the reception desk, and letters between agencies."""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np

from benchmarks.factory.layouts.decisions import AGENCY_STAMP, agency_lines
from benchmarks.factory.layouts.form import Entry, Form, Signer
from benchmarks.factory.layouts.letters import SENTENCES
from benchmarks.factory.layouts.manner import Manner
from benchmarks.factory.layouts.table import Column
from benchmarks.factory.paper import RenderedPage
from benchmarks.factory.person import Person, digits, make_name, pick
from benchmarks.factory.wording import duration, written_date

Pages = tuple[RenderedPage, ...]

_REASONS: Final = (
    "Thời gian đóng BHXH ghi trên sổ chưa khớp với dữ liệu của cơ quan BHXH",
    "Thiếu bản sao giấy khai sinh có chứng thực",
    "Họ tên trên sổ BHXH khác với căn cước công dân",
    "Hồ sơ chưa có xác nhận của đơn vị sử dụng lao động",
    "Chưa đủ một năm kể từ ngày nghỉ việc",
)
_PROCEDURES: Final = (
    "Giải quyết hưởng BHXH một lần",
    "Giải quyết hưởng chế độ tử tuất",
    "Cấp lại sổ BHXH, thẻ BHYT",
    "Giải quyết hưởng chế độ ốm đau, thai sản",
)
_PAPERS: Final = (
    "Đơn đề nghị (Mẫu số 14-HSB)",
    "Sổ bảo hiểm xã hội",
    "Tờ khai của thân nhân",
    "Giấy ra viện (bản sao)",
    "Quyết định nghỉ việc",
    "Giấy ủy quyền",
)


def _dossier_code(rng: np.random.Generator, day: dt.date) -> str:
    return f"G22.99-{day:%y%m%d}-{digits(rng, 6)}"


def electronic_notice(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Thông báo về việc giải quyết hồ sơ giao dịch điện tử (Mẫu số 03/TB-GDĐT)."""
    form = Form("N_03_TB_GDDT", manner, rng, dpi, single=True)
    accepted = bool(rng.random() < 0.6)
    form.issuer(
        agency_lines(person),
        number=(f"{int(rng.integers(100, 99999))}/TB-BHXH", "notice_number"),
        dated=(person.province, person.applied_on),
        form_number="Mẫu số 03/TB-GDĐT",
    )
    form.title(
        "THÔNG BÁO",
        "Về việc giải quyết hồ sơ giao dịch điện tử và trả kết quả đối với hồ sơ giao dịch điện tử",
    )
    form.to(f"Ông/bà {person.full_name}")
    form.rows(
        Entry("Mã số BHXH", person.bhxh_code),
        Entry("Mã hồ sơ|Số hồ sơ", _dossier_code(rng, person.applied_on), "dossier_code"),
        Entry("Tên thủ tục hành chính|Thủ tục", pick(rng, _PROCEDURES)),
        Entry(
            "Thời điểm tiếp nhận|Tiếp nhận lúc",
            f"09 giờ 15 phút, {written_date(person.applied_on)}",
        ),
    )
    form.paragraph(
        "Sau khi kiểm tra hồ sơ điện tử của ông/bà, cơ quan Bảo hiểm xã hội thông báo kết quả như "
        "sau:"
    )
    form.ticks("Kết quả", ("chấp nhận", "không chấp nhận"), int(not accepted), "decision")
    if accepted:
        due = form.date(person.applied_on + dt.timedelta(days=int(rng.integers(4, 12))))
        form.rows(Entry("Ngày hẹn trả kết quả", due, "due_date"))
    else:
        form.rows(Entry("Lý do|Lý do|Nội dung cần bổ sung", pick(rng, _REASONS), "reasons"))
    form.paragraph("Cơ quan Bảo hiểm xã hội thông báo để ông/bà biết và thực hiện.")
    form.sign(Signer("GIÁM ĐỐC", make_name(rng, "Nam"), "(Ký số)", AGENCY_STAMP))
    return form.finish()


def returned(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Thông báo trả lại hồ sơ."""
    form = Form("N_THONG_BAO_TRA", manner, rng, dpi)
    form.issuer(
        agency_lines(person),
        number=(f"{int(rng.integers(10, 4000))}/TB-BHXH", None),
        dated=(person.province, person.decided_on),
        date_name="issue_date",
    )
    form.title(
        "THÔNG BÁO",
        form.word(
            "Về việc trả lại hồ sơ|Về việc hồ sơ chưa đủ điều kiện giải quyết"
            "|Về việc trả lại hồ sơ không đủ điều kiện giải quyết"
        ),
    )
    form.to(f"Ông/bà {person.full_name}")
    reason = pick(rng, _REASONS)
    form.paragraph(
        f"{person.agency} nhận được hồ sơ của ông/bà {person.full_name}, mã số BHXH "
        f"{person.bhxh_code}, đề nghị {pick(rng, _PROCEDURES).lower()}. Qua kiểm tra, hồ sơ không "
        "đủ điều kiện để giải quyết, cơ quan Bảo hiểm xã hội trả lại hồ sơ cho ông/bà."
    )
    form.rows(Entry("Lý do|Lý do|Lý do trả lại", reason, "reasons"))
    form.paragraph(
        "Đề nghị ông/bà hoàn thiện hồ sơ và nộp lại tại Bộ phận Tiếp nhận và Trả kết quả. Nếu cần "
        f"giải thích thêm xin liên hệ số điện thoại 02{digits(rng, 8)} trong giờ hành chính."
    )
    form.receivers("Như trên;", "Lưu: VT, TNHS.")
    form.sign(Signer("GIÁM ĐỐC", make_name(rng, "Nữ"), "", AGENCY_STAMP))
    return form.finish()


def appointment(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Giấy tiếp nhận hồ sơ và hẹn trả kết quả."""
    form = Form("S_GIAY_HEN", manner, rng, dpi)
    day = person.applied_on
    due = day + dt.timedelta(days=int(rng.integers(5, 21)))
    form.issuer(
        (person.agency.upper(), "BỘ PHẬN TIẾP NHẬN VÀ TRẢ KẾT QUẢ"),
        number=(f"{int(rng.integers(100, 9999))}/TNHS", None),
        dated=(person.province, day),
    )
    form.title("GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ")
    received = (
        f"{int(rng.integers(8, 12)):02d} giờ {int(rng.integers(60)):02d} phút, {written_date(day)}"
    )
    form.rows(
        Entry("Mã hồ sơ|Mã số hồ sơ", _dossier_code(rng, day), "dossier_code"),
        Entry("Tiếp nhận hồ sơ của|Họ và tên", person.full_name),
        Entry("Địa chỉ", person.address),
        (Entry("Số điện thoại", person.phone), Entry("Mã số BHXH", person.bhxh_code)),
        Entry("Nội dung yêu cầu giải quyết|Thủ tục", pick(rng, _PROCEDURES)),
    )
    form.line("Thành phần hồ sơ nộp gồm:", "bold")
    for number in range(int(rng.integers(2, 5))):
        form.line(f"{number + 1}. {_PAPERS[number]}")
    form.rows(
        Entry("Thời gian nhận hồ sơ", received, "received_at"),
        Entry("Thời gian trả kết quả", f"16 giờ 00 phút, {written_date(due)}", "due_at"),
        Entry("Đăng ký nhận kết quả tại", "Bộ phận Tiếp nhận và Trả kết quả"),
    )
    form.sign(
        Signer("NGƯỜI NỘP HỒ SƠ", person.full_name, "(Ký, ghi rõ họ tên)"),
        Signer("NGƯỜI TIẾP NHẬN HỒ SƠ", make_name(rng, "Nữ"), "(Ký, ghi rõ họ tên)"),
    )
    return form.finish()


def handover(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Phiếu giao nhận hồ sơ, in the newer layout `Bảng kê hồ sơ`."""
    form = Form("S_PGNHS", manner, rng, dpi)
    kind = pick(rng, ("604", "605", "607"))
    number = f"{kind}/{digits(rng, 5)}/CĐBHXH-{pick(rng, ('TNLĐ', 'BNN', 'HT'))}"
    form.motto()
    form.rows(Entry("Số HS|Số hồ sơ", number, "slip_number"))
    form.title(form.word("PHIẾU GIAO NHẬN HỒ SƠ|BẢNG KÊ HỒ SƠ"))
    employer = person.periods[-1].employer
    form.rows(
        Entry("Loại hồ sơ", pick(rng, _PROCEDURES)),
        Entry("1. Tên đơn vị (cá nhân)|Tên đơn vị (cá nhân)|Tên đơn vị", employer, "unit_name"),
        (
            Entry("Mã đơn vị", f"TA{digits(rng, 4)}B", "unit_code"),
            Entry("2. Điện thoại|Điện thoại", person.phone),
        ),
    )
    count = int(rng.integers(2, len(_PAPERS) + 1))
    rows = [
        (str(place + 1), text, f"{int(rng.integers(1, 4)):02d}")
        for place, text in enumerate(_PAPERS[:count])
    ]
    form.table(
        (
            Column("STT", 12.0, "centre"),
            Column("Loại giấy tờ, biểu mẫu", 110.0),
            Column("Số lượng", 26.0, "centre"),
        ),
        rows,
        less=0.0,
    )
    form.sheet.fields["items"] = str(count)
    form.dated(person.province, person.applied_on)
    form.sign(
        Signer("Cán bộ tiếp nhận hồ sơ", make_name(rng, "Nữ"), "(Ký, ghi rõ họ tên)"),
        Signer("Người nộp hồ sơ", person.full_name, "(Ký, ghi rõ họ tên)"),
    )
    return form.finish()


def guidance(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Phiếu hướng dẫn hoàn thiện hồ sơ."""
    form = Form("S_PHIEU_HUONG_DAN", manner, rng, dpi, single=True)
    form.issuer(
        (person.agency.upper(), "BỘ PHẬN TIẾP NHẬN VÀ TRẢ KẾT QUẢ"),
        number=(f"{int(rng.integers(10, 999))}/HDHS", None),
        dated=(person.province, person.applied_on),
    )
    form.title(
        form.word("PHIẾU HƯỚNG DẪN HOÀN THIỆN HỒ SƠ|PHIẾU YÊU CẦU BỔ SUNG, HOÀN THIỆN HỒ SƠ")
    )
    form.rows(
        Entry("Hồ sơ của|Ông/Bà", person.full_name, "full_name"),
        Entry("Nội dung yêu cầu giải quyết|Thủ tục", pick(rng, _PROCEDURES)),
        Entry("Địa chỉ", person.address),
        Entry("Số điện thoại", person.phone),
    )
    form.paragraph("Yêu cầu hoàn thiện hồ sơ gồm những nội dung sau:")
    missing = "; ".join((pick(rng, _PAPERS[2:4]), pick(rng, _PAPERS[4:])))
    form.rows(
        Entry("Nội dung yêu cầu hoàn thiện", missing, "missing_items"),
        Entry("Lý do", pick(rng, _REASONS), "reason"),
    )
    form.paragraph(
        "Trong quá trình hoàn thiện hồ sơ nếu có vướng mắc, ông/bà liên hệ với người hướng dẫn "
        "theo "
        "số điện thoại của cơ quan để được giải đáp."
    )
    form.sign(Signer("NGƯỜI HƯỚNG DẪN", make_name(rng, "Nữ"), "(Ký, ghi rõ họ tên)"))
    return form.finish()


def verification(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Công văn trả lời kết quả xác minh, one to three pages."""
    form = Form("V_KET_QUA_XAC_MINH", manner, rng, dpi)
    issued = person.applied_on + dt.timedelta(days=int(rng.integers(2, 20)))
    form.issuer(
        agency_lines(person),
        number=(
            f"{int(rng.integers(100, 4000))}/BHXH-{pick(rng, ('CĐ', 'QLT', 'CST'))}",
            "doc_number",
        ),
        dated=(person.province, issued),
        date_name="issue_date",
    )
    subject = pick(
        rng,
        (
            "trả lời kết quả xác minh thời gian đóng BHXH",
            "phúc đáp việc thẩm tra hồ sơ",
            "xác minh quá trình công tác",
        ),
    )
    sheet, style = form.sheet, form.style("regular", -1.5)
    end = sheet.put(sheet.left, sheet.y + 2.0, "V/v ", style)
    sheet.put(end, sheet.y + 2.0, subject, style, name="subject")
    sheet.y += 7.0
    form.to(f"Phòng Chế độ, {pick(rng, ('BHXH tỉnh bạn', 'BHXH khu vực', 'BHXH thành phố'))}")
    form.paragraph(
        f"Phúc đáp văn bản đề nghị thẩm tra, xác minh đối với ông/bà {person.full_name}, mã số "
        "BHXH "
        f"{person.bhxh_code}, {person.agency} đã đối chiếu hồ sơ lưu và có ý kiến như sau:"
    )
    form.paragraph(
        f"1. Tổng thời gian tham gia là {duration(person.contribution_months)}, không có thời gian "
        "trùng đóng tại các đơn vị khác."
    )
    order = rng.permutation(len(SENTENCES))
    for number in range(int(rng.integers(2, 14))):
        pair = [SENTENCES[int(order[(2 * number + step) % len(order)])] for step in range(2)]
        form.paragraph(f"{number + 2}. {' '.join(pair)}")
    form.paragraph("Trên đây là kết quả xác minh, trân trọng gửi quý cơ quan để biết và thực hiện.")
    form.receivers("Như trên;", "Ban Giám đốc;", "Lưu: VT, CĐ.")
    form.sign(Signer("KT. GIÁM ĐỐC PHÓ GIÁM ĐỐC", make_name(rng, "Nam"), "", AGENCY_STAMP))
    return form.finish()
