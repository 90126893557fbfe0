"""Minutes: of inquiries into work accidents, of traffic accidents, of measurements."""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np

from benchmarks.factory.layouts.form import Entry, Form, Signer
from benchmarks.factory.layouts.manner import Manner
from benchmarks.factory.layouts.prose import prose
from benchmarks.factory.layouts.table import Column
from benchmarks.factory.paper import RenderedPage
from benchmarks.factory.person import Person, digits, make_name, pick
from benchmarks.factory.wording import written_date

Pages = tuple[RenderedPage, ...]

_COURSE: Final = (
    "Vào thời điểm trên, người bị nạn đang vận hành máy cắt theo sự phân công của tổ trưởng. Khi "
    "kéo phôi ra khỏi bàn máy, găng tay bị cuốn vào trục quay làm bàn tay phải bị thương.",
    "Đồng nghiệp làm việc bên cạnh phát hiện đã ngắt cầu dao, sơ cứu tại chỗ và đưa nạn nhân đến "
    "cơ sở y tế gần nhất để cấp cứu, sau đó báo cáo với quản đốc phân xưởng.",
    "Hiện trường được giữ nguyên, có che chắn và cử người trông coi cho đến khi đoàn điều tra tới "
    "làm việc; các mẫu vật, sơ đồ hiện trường được lưu kèm biên bản này.",
    "Người bị nạn đã được huấn luyện an toàn lao động bước một và bước hai, có ký nhận trong sổ "
    "theo dõi; thiết bị được kiểm định lần gần nhất trong năm và còn hạn sử dụng.",
    "Theo lời khai của nhân chứng, thời tiết khô ráo, ánh sáng tại vị trí làm việc đầy đủ, không "
    "có "
    "hiện tượng mất điện hay sự cố bất thường nào trước khi xảy ra tai nạn.",
)
_MEASURES: Final = (
    "Lắp bổ sung lưới che chắn bộ phận truyền động và nút dừng khẩn cấp trên toàn bộ máy cùng "
    "loại; "
    "thời hạn hoàn thành trong mười lăm ngày, người chịu trách nhiệm là quản đốc phân xưởng.",
    "Tổ chức huấn luyện lại quy trình vận hành an toàn cho toàn thể công nhân của tổ, kiểm tra sát "
    "hạch trước khi bố trí trở lại công việc.",
    "Rà soát, thay thế găng tay bảo hộ không phù hợp; niêm yết quy trình tại từng vị trí làm việc "
    "và "
    "tăng cường kiểm tra chéo hằng tuần.",
)
_PLACES: Final = ("tại xưởng cơ khí số 2", "tại kho thành phẩm", "tại tổ cắt, phân xưởng 1")


def _moment(rng: np.random.Generator, day: dt.date) -> str:
    return (
        f"{int(rng.integers(6, 22)):02d} giờ {int(rng.integers(60)):02d} phút, {written_date(day)}"
    )


def work_accident(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Biên bản điều tra tai nạn lao động, two to four pages."""
    form = Form("A_BB_DIEU_TRA_TNLD", manner, rng, dpi)
    employer = person.periods[-1].employer
    day = person.applied_on - dt.timedelta(days=int(rng.integers(60, 200)))
    form.issuer(
        (employer.upper(),),
        number=(f"{int(rng.integers(1, 40)):02d}/BB-TNLĐ", None),
        dated=(person.province, day + dt.timedelta(days=5)),
    )
    form.title("BIÊN BẢN ĐIỀU TRA TAI NẠN LAO ĐỘNG", "(Tai nạn nặng)")
    form.line("1. Cơ sở xảy ra tai nạn lao động", "bold")
    form.rows(
        Entry("Tên, địa chỉ", f"{employer}, xã {person.commune}, {person.province}"),
        (Entry("Ngành sản xuất", "Chế biến, chế tạo"), Entry("Điện thoại", "02" + digits(rng, 8))),
    )
    form.line("2. Thành phần đoàn điều tra", "bold")
    for place in range(int(rng.integers(3, 6))):
        post = pick(rng, ("Trưởng đoàn", "Đại diện công đoàn", "Cán bộ an toàn", "Thư ký"))
        form.line(f"- Ông/bà {make_name(rng, 'Nam' if place % 2 else 'Nữ')}, {post}")
    form.line("3. Sơ lược lý lịch người bị nạn", "bold")
    form.rows(
        Entry("Họ tên|Họ và tên", person.full_name, "victim_name"),
        (
            Entry("Giới tính", person.gender),
            Entry("Sinh ngày|Ngày sinh", form.date(person.birth_date)),
        ),
        Entry("Quê quán", f"{person.commune}, {person.province}"),
        Entry("Nơi thường trú", person.address),
        (
            Entry("Nghề nghiệp", person.periods[-1].job),
            Entry("Mã số BHXH", person.bhxh_code),
        ),
    )
    form.line("4. Thông tin về vụ tai nạn", "bold")
    form.rows(
        Entry(
            "Ngày giờ xảy ra tai nạn|Ngày, giờ xảy ra tai nạn", _moment(rng, day), "accident_time"
        ),
        Entry("Nơi xảy ra tai nạn", pick(rng, _PLACES)),
    )
    for heading, texts in (
        ("5. Diễn biến của vụ tai nạn", _COURSE),
        ("6. Nguyên nhân gây ra tai nạn", _COURSE[2:]),
        ("7. Biện pháp ngăn ngừa tái diễn", _MEASURES),
        ("8. Kết luận và kiến nghị của đoàn điều tra", (*_MEASURES, *_COURSE)),
    ):
        form.line(heading, "bold")
        for text in texts[: int(rng.integers(2, len(texts) + 1))]:
            form.paragraph(text)
    least = int(rng.integers(2, 5))
    if least > 2:
        form.line("9. Lời khai của những người có liên quan", "bold")
    while len(form.pages) < least:
        if rng.random() < 0.3:
            form.line(f"Nhân chứng: {make_name(rng, 'Nam')}", "italic")
        form.paragraph(_COURSE[int(rng.integers(len(_COURSE)))])
        for text in prose(rng, manner.part, 1):
            form.paragraph(text)
    form.sign(
        Signer("NGƯỜI LẬP BIÊN BẢN", make_name(rng, "Nữ")),
        Signer("ĐẠI DIỆN CÔNG ĐOÀN", make_name(rng, "Nam")),
        Signer("TRƯỞNG ĐOÀN", make_name(rng, "Nam"), "", (employer.upper()[:26], "CÔNG TY")),
    )
    return form.finish()


def traffic_accident(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Biên bản khám nghiệm hiện trường of a traffic accident, one to three pages."""
    form = Form("A_BB_TNGT", manner, rng, dpi)
    day = person.applied_on - dt.timedelta(days=int(rng.integers(30, 200)))
    form.issuer(
        (f"CÔNG AN {person.region.upper()}", "PHÒNG CẢNH SÁT GIAO THÔNG"),
        number=(f"{int(rng.integers(1, 200)):02d}/BB-CSGT", None),
    )
    form.title(
        form.word("BIÊN BẢN KHÁM NGHIỆM HIỆN TRƯỜNG|BIÊN BẢN TAI NẠN GIAO THÔNG"),
        "VỤ TAI NẠN GIAO THÔNG",
    )
    form.rows(Entry("Hồi", _moment(rng, day), "accident_time"))
    form.rows(
        Entry("Tại", f"Km {int(rng.integers(1, 200))}, quốc lộ 1A, xã {person.commune}"),
        Entry("Cán bộ khám nghiệm", make_name(rng, "Nam")),
        Entry("Người có liên quan", person.full_name),
        (
            Entry("Biển số xe", f"{person.id_number[1:3]}-B1 {digits(rng, 3)}.{digits(rng, 2)}"),
            Entry("Số GPLX", digits(rng, 12)),
        ),
    )
    form.line("Kết quả khám nghiệm", "bold")
    for _ in range(int(rng.integers(2, 12))):
        form.paragraph(
            f"Dấu vết số {int(rng.integers(1, 9))}: vết cà dài {int(rng.integers(1, 30))},"
            f"{int(rng.integers(10, 99))} m, cách mép đường bên phải {int(rng.integers(1, 4))},"
            f"{int(rng.integers(10, 99))} m, hướng về phía trung tâm xã. Mặt đường thẳng, trải "
            "nhựa, "
            "có vạch sơn phân chia làn, tầm nhìn không bị che khuất."
        )
    form.paragraph("Biên bản được đọc lại cho mọi người cùng nghe, công nhận đúng và ký tên.")
    form.sign(
        Signer("NGƯỜI CHỨNG KIẾN", make_name(rng, "Nữ")),
        Signer("NGƯỜI LIÊN QUAN", person.full_name),
        Signer("CÁN BỘ KHÁM NGHIỆM", make_name(rng, "Nam"), "", ("CÔNG AN TỈNH", "CSGT")),
    )
    return form.finish()


def surroundings(person: Person, rng: np.random.Generator, dpi: int, manner: Manner) -> Pages:
    """Biên bản đo đạc môi trường lao động."""
    form = Form("A_BB_MOI_TRUONG", manner, rng, dpi)
    form.issuer(
        (f"SỞ Y TẾ {person.province.upper()}", "TRUNG TÂM KIỂM SOÁT BỆNH TẬT"),
        number=(f"{int(rng.integers(1, 300))}/KQ-QTMT", None),
        dated=(person.province, person.applied_on),
        date_name="issue_date",
    )
    form.title("BIÊN BẢN ĐO ĐẠC MÔI TRƯỜNG", "Kết quả quan trắc yếu tố độc hại nơi làm việc")
    form.rows(
        Entry("Đơn vị được đo đạc", person.periods[-1].employer),
        Entry("Địa chỉ", f"xã {person.commune}, {person.province}"),
        Entry("Thiết bị đo", "Máy đo bụi, máy đo ồn tích phân"),
    )
    form.table(
        (
            Column("TT", 10.0, "centre"),
            Column("Vị trí đo", 50.0),
            Column("Bụi toàn phần (mg/m³)", 30.0, "centre"),
            Column("Tiếng ồn (dBA)", 26.0, "centre"),
            Column("Nhiệt độ (°C)", 24.0, "centre"),
        ),
        [
            (
                str(row + 1),
                f"{pick(rng, ('Tổ cắt', 'Tổ may', 'Kho nguyên liệu', 'Lò hơi'))} {row + 1}",
                f"{rng.uniform(0.5, 9):.2f}".replace(".", ","),
                f"{rng.uniform(60, 98):.1f}".replace(".", ","),
                f"{rng.uniform(24, 36):.1f}".replace(".", ","),
            )
            for row in range(int(rng.integers(4, 45)))
        ],
    )
    form.paragraph(
        "Nhận xét: một số vị trí vượt giới hạn cho phép, đề nghị đơn vị có biện pháp cải thiện."
    )
    form.sign(
        Signer("NGƯỜI ĐO", make_name(rng, "Nam")),
        Signer("GIÁM ĐỐC", make_name(rng, "Nữ"), "", ("TRUNG TÂM KIỂM SOÁT", "CDC")),
    )
    return form.finish()
