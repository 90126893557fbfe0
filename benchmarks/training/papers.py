"""Papers for training that no layout draws: every kind of the catalogue by its labels, strangers.

Papers of the catalogue are composed from its titles, numbers and labels, in random arrangement;
strangers are papers of other trades and letters about other things. May not come in: misreadings,
models, the factory's layouts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

import numpy as np

from benchmarks.factory.layouts import head
from benchmarks.factory.layouts.letters import SENTENCES
from benchmarks.factory.paper import (
    BOLD,
    ITALIC,
    PLAIN,
    TYPED,
    RenderedPage,
    Sheet,
    Style,
    Value,
)
from benchmarks.factory.person import Person, make_name
from benchmarks.factory.wording import amount, numeric_date, written_date
from pipeline.catalogue import OTHER, ComponentType
from pipeline.catalogue.anchors import caps_share, form_number

A4_LANDSCAPE_MM: Final = (297.0, 210.0)
_ISSUERS: Final = (
    "ỦY BAN NHÂN DÂN", "CÔNG TY CỔ PHẦN", "CÔNG TY TNHH", "SỞ Y TẾ", "BỆNH VIỆN ĐA KHOA TỈNH",
    "BẢO HIỂM XÃ HỘI VIỆT NAM", "TRƯỜNG TRUNG HỌC CƠ SỞ", "CÔNG AN TỈNH", "TÒA ÁN NHÂN DÂN",
    "NGÂN HÀNG TMCP", "VĂN PHÒNG CÔNG CHỨNG", "SỞ LAO ĐỘNG - THƯƠNG BINH VÀ XÃ HỘI",
)  # fmt: skip
_STRANGE_TITLES: Final = (
    "HỢP ĐỒNG LAO ĐỘNG", "GIẤY MỜI HỌP", "SƠ YẾU LÝ LỊCH", "ĐƠN XIN VIỆC",
    "BẰNG TỐT NGHIỆP TRUNG HỌC PHỔ THÔNG", "CHỨNG CHỈ HÀNH NGHỀ", "PHIẾU NHẬP KHO", "PHIẾU THU",
    "BIÊN BẢN HỌP TỔ DÂN PHỐ", "HỢP ĐỒNG THUÊ NHÀ", "GIẤY CHỨNG NHẬN QUYỀN SỬ DỤNG ĐẤT",
    "TỜ KHAI THUẾ THU NHẬP CÁ NHÂN", "ĐƠN XIN NGHỈ PHÉP", "GIẤY KHEN",
    "BIÊN BẢN BÀN GIAO TÀI SẢN", "GIẤY BÁO ĐIỂM", "KẾ HOẠCH CÔNG TÁC", "BÁO CÁO TỔNG KẾT NĂM",
    "SỔ HỘ KHẨU", "GIẤY ĐI ĐƯỜNG", "ĐƠN TRÌNH BÁO MẤT GIẤY TỜ",
    "GIẤY CHỨNG NHẬN ĐĂNG KÝ XE", "SAO KÊ TÀI KHOẢN", "PHIẾU KHÁM SỨC KHỎE",
    "PHIẾU XÉT NGHIỆM HUYẾT HỌC", "ĐƠN THUỐC", "BẢN CAM KẾT", "BẢN KIỂM ĐIỂM", "TỜ TRÌNH",
    "THÔNG BÁO TUYỂN DỤNG", "QUYẾT ĐỊNH BỔ NHIỆM", "QUYẾT ĐỊNH TĂNG LƯƠNG", "GIẤY ỦY NHIỆM CHI",
    "LỆNH CHUYỂN TIỀN", "BIÊN BẢN NGHIỆM THU", "GIẤY GIỚI THIỆU", "PHIẾU ĐĂNG KÝ DỰ THI",
)  # fmt: skip
_STRANGE_SUBJECTS: Final = (
    "báo cáo tình hình sử dụng quỹ bảo hiểm y tế", "mời họp giao ban quý",
    "đề nghị đối chiếu công nợ tiền đóng bảo hiểm xã hội", "tăng cường phòng chống dịch bệnh",
    "thông báo lịch nghỉ lễ", "phối hợp tuyên truyền chính sách bảo hiểm xã hội tự nguyện",
    "góp ý dự thảo quy chế làm việc", "triển khai phần mềm kế toán", "cử cán bộ tập huấn",
    "báo giá thiết bị văn phòng", "xin gia hạn hợp đồng", "đề nghị cấp văn phòng phẩm",
    "giới thiệu chữ ký và mẫu dấu", "rà soát danh sách người tham gia bảo hiểm y tế",
)  # fmt: skip
_LABELS: Final = (
    "Họ và tên: ", "Ngày sinh: ", "Địa chỉ: ", "Nơi ở hiện nay: ", "Số CCCD: ", "Ngày cấp: ",
    "Nơi cấp: ", "Điện thoại: ", "Chức vụ: ", "Đơn vị: ", "Lý do: ", "Số tiền: ", "Nội dung: ",
    "Thời gian: ", "Địa điểm: ", "Số tài khoản: ", "Mã số thuế: ", "Dân tộc: ", "Trình độ: ",
    "Mã số BHXH: ", "Nghề nghiệp: ", "Ghi chú: ",
)  # fmt: skip
_UNDOING_TITLES: Final = ("QUYẾT ĐỊNH", "QUYẾT ĐỊNH", "THÔNG BÁO", "TỜ TRÌNH", "KẾ HOẠCH")
_UNDOING: Final = ("hủy bỏ", "thu hồi", "đình chính", "sửa đổi, bổ sung", "khiếu nại", "tạm dừng",
                   "ban hành quy chế", "kiểm tra", "tổng kết công tác", "tập huấn")  # fmt: skip
_NARROWING: Final = ("MUA BÁN HÀNG HÓA", "SỬ DỤNG ĐẤT", "NHẬN LƯƠNG", "CỦA HỌC SINH", "TIỀN ĐIỆN",
                     "GIÁ TRỊ GIA TĂNG", "ĐĂNG KÝ XE", "VẬT TƯ", "NGHỈ PHÉP NĂM")  # fmt: skip
_OVER: Final = ("BẢN DỊCH", "PHỤ LỤC", "HƯỚNG DẪN GHI", "DANH MỤC KÈM THEO", "XÁC NHẬN", "MẪU",
                "BIÊN BẢN BÀN GIAO", "SỔ THEO DÕI")  # fmt: skip
_OFFICES: Final = ("GIÁM ĐỐC", "CHỦ TỊCH", "NGƯỜI LÀM ĐƠN", "NGƯỜI KHAI", "KẾ TOÁN TRƯỞNG",
                   "TM. ỦY BAN NHÂN DÂN", "TRƯỞNG PHÒNG", "ĐẠI DIỆN BÊN A")  # fmt: skip


def known_paper(
    kind: ComponentType, person: Person, rng: np.random.Generator, dpi: int
) -> tuple[RenderedPage, ...]:
    """A paper of the catalogue, composed from what the catalogue says stands on it."""
    landscape = kind.orientation == "landscape"
    sheets = [_sheet(rng, dpi, landscape=landscape)]
    numbers = [a for a in kind.anchors.any_of if form_number(a) is not None]
    printed = f"Mẫu số {form_number(numbers[0])}" if numbers and rng.random() < 0.9 else ""
    _opening(sheets[0], person, rng, printed)
    titles = [t for t in kind.titles if caps_share(t) > 0.9]
    title = titles[int(rng.integers(len(titles)))] if titles else ""
    below = [t for t in kind.titles if caps_share(t) <= 0.9]
    below += [a for a in kind.anchors.any_of if form_number(a) is None and caps_share(a) < 0.9]
    words = " ".join((title, *below)).casefold()
    asked = [a for a in kind.anchors.all_of if a.casefold() not in words]
    lines = [*asked, *([below[int(rng.integers(len(below)))]] if below else [])]
    head.title(sheets[0], *(text for text in (title, *lines) if text))
    labels = [f.labels[int(rng.integers(len(f.labels)))] for f in kind.fields if f.labels]
    pages = int(rng.integers(kind.pages_min, min(kind.pages_max, 4) + 1))
    numbered = rng.random() < 0.4
    for number in range(pages):
        if number:
            sheets.append(_sheet(rng, dpi, landscape=landscape))
        share = labels if pages == 1 else labels[number::pages]
        _body(sheets[-1], person, rng, share, full=number + 1 < pages)
        if numbered and pages > 1:
            _page_number(sheets[-1], number + 1, rng)
    _closing(sheets[-1], person, rng)
    return tuple(sheet.finish(kind.code, at) for at, sheet in enumerate(sheets))


def stranger(person: Person, rng: np.random.Generator, dpi: int) -> tuple[RenderedPage, ...]:
    """A paper that the catalogue does not know: of another trade, or about another thing."""
    sheets = [_sheet(rng, dpi, landscape=rng.random() < 0.08)]
    kind = rng.random()
    if kind < 0.3:
        issuer = (_pick(rng, _ISSUERS), person.province.upper())
        dated = f"{person.province}, {written_date(person.applied_on)}"
        number = (
            f"Số: {int(rng.integers(1, 3000))}/{_pick(rng, ('BHXH-TCHC', 'UBND-VX', 'CV-CTY'))}"
        )
        head.two_columns(sheets[0], issuer, number, dated)
        subject = f"V/v {_pick(rng, _STRANGE_SUBJECTS)}"
        for row, text in enumerate(_halves(subject)):
            sheets[0].put(sheets[0].left, sheets[0].y + 2.0 + 5.0 * row, text)
        sheets[0].y += 14.0
        sheets[0].line(f"Kính gửi: {_pick(rng, _ISSUERS).capitalize()}", PLAIN, "centre", gap=3.0)
    elif kind < 0.9:
        _opening(sheets[0], person, rng, "")
        head.title(sheets[0], _pick(rng, _STRANGE_TITLES))
    pages = int(rng.choice((1, 1, 1, 2, 2, 3)))
    counted = rng.random() < 0.4
    for place in range(pages):
        if place:
            sheets.append(_sheet(rng, dpi, landscape=False))
        labels = rng.permutation(np.array(_LABELS))[: int(rng.integers(0, 9))]
        _body(sheets[-1], person, rng, [str(text) for text in labels], full=place + 1 < pages)
        if counted and pages > 1:
            _page_number(sheets[-1], place + 1, rng)
    _closing(sheets[-1], person, rng)
    return tuple(sheet.finish(OTHER, at) for at, sheet in enumerate(sheets))


def lookalike(
    kinds: Sequence[ComponentType], person: Person, rng: np.random.Generator, dpi: int
) -> tuple[RenderedPage, ...]:
    """A paper with the words of a known one that is none: it undoes it, or is of another thing."""
    kind = kinds[int(rng.integers(len(kinds)))]
    sheet = _sheet(rng, dpi, landscape=False)
    _opening(sheet, person, rng, "")
    title = kind.titles[int(rng.integers(len(kind.titles)))]
    capitals = caps_share(title) > 0.9
    way = rng.random()
    if way < 0.4:
        about = kind.titles[-1].removeprefix("Về việc ").removeprefix("V/v ")
        about = about.lower() if capitals else about
        head.title(sheet, _pick(rng, _UNDOING_TITLES), f"Về việc {_pick(rng, _UNDOING)} {about}")
    elif way < 0.75 and capitals:
        head.title(sheet, f"{title} {_pick(rng, _NARROWING)}")
    else:
        head.title(sheet, _pick(rng, _OVER), title)
    labels = rng.permutation(np.array(_LABELS))[: int(rng.integers(0, 9))]
    _body(sheet, person, rng, [str(text) for text in labels], full=False)
    _closing(sheet, person, rng)
    return (sheet.finish(OTHER),)


def _sheet(rng: np.random.Generator, dpi: int, *, landscape: bool) -> Sheet:
    size = A4_LANDSCAPE_MM if landscape else (210.0, 297.0)
    left = float(rng.uniform(18, 32))
    right = size[0] - float(rng.uniform(12, 24))
    return Sheet(rng, dpi, size, left=left, right=right, y=float(rng.uniform(10, 24)), pen=TYPED)


def _opening(sheet: Sheet, person: Person, rng: np.random.Generator, printed: str) -> None:
    kind = rng.random()
    if kind < 0.4:
        head.motto(sheet, printed or None)
        return
    if printed:
        sheet.line(printed, BOLD, "right", gap=1.0)
    if kind < 0.8:
        issuer = (_pick(rng, _ISSUERS), person.province.upper())
        dated = f"{person.province}, {written_date(person.decided_on)}"
        head.two_columns(sheet, issuer, f"Số: {int(rng.integers(1, 900))}/QĐ", dated)
    else:
        sheet.line(f"{_pick(rng, _ISSUERS)} {person.province.upper()}", BOLD)


def _body(
    sheet: Sheet, person: Person, rng: np.random.Generator, labels: Sequence[str], *, full: bool
) -> None:
    foot = sheet.size_mm[1] - (float(rng.uniform(18, 45)) if full else 85.0)
    items = list(labels)
    numbered = rng.random() < 0.3
    at = 0
    while (items or full or rng.random() < 0.4) and sheet.y < foot - 8.0:
        if items and rng.random() < 0.75:
            label = items.pop(0).rstrip(": ")
            at += 1
            lead = f"{at}. " if numbered else ""
            sheet.entry(f"{lead}{label}: ", Value(_value(person, rng)), leaders=rng.random() < 0.5)
        elif sheet.y < foot - 22.0:
            style = ITALIC if rng.random() < 0.1 else PLAIN
            sheet.paragraph(_pick(rng, SENTENCES), style)
        elif not items:
            break
    for label in items:
        if sheet.y > sheet.size_mm[1] - 25.0:
            break
        sheet.entry(f"{label.rstrip(': ')}: ", Value(_value(person, rng)))


def _closing(sheet: Sheet, person: Person, rng: np.random.Generator) -> None:
    if sheet.y > sheet.size_mm[1] - 45.0 or rng.random() < 0.1:
        return
    if rng.random() < 0.6:
        head.place_and_date(sheet, person.province, person.applied_on, None)
    for x in (60.0, 157.0)[int(rng.random() < 0.6) :]:
        hint = _pick(rng, ("(Ký, ghi rõ họ tên)", "(Ký, đóng dấu)", ""))
        head.signer(sheet, x, _pick(rng, _OFFICES), hint, make_name(rng, "Nam"))


def _page_number(sheet: Sheet, number: int, rng: np.random.Generator) -> None:
    text = _pick(rng, (f"{number}", f"- {number} -", f"Trang {number}"))
    y = sheet.size_mm[1] - 9.0 if rng.random() < 0.7 else 9.0
    sheet.put((sheet.left + sheet.right) / 2, y, text, Style(size=11.0), "centre")


def _value(person: Person, rng: np.random.Generator) -> str:
    return _pick(
        rng,
        (
            person.full_name,
            person.address,
            person.bhxh_code,
            person.id_number,
            numeric_date(person.birth_date),
            f"{amount(int(rng.integers(1, 900)) * 100_000)} đồng",
            numeric_date(person.applied_on - dt.timedelta(days=int(rng.integers(900)))),
            person.periods[-1].employer,
        ),
    )


def _halves(text: str) -> tuple[str, ...]:
    words = text.split()
    return (" ".join(words[:6]), " ".join(words[6:])) if len(words) > 6 else (text,)


def _pick(rng: np.random.Generator, texts: Sequence[str]) -> str:
    return texts[int(rng.integers(len(texts)))]
