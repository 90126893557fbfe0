"""What a form may print before its values: its own labels, others that say the same, and stops.

Offices reword forms; what is lent here is general to Vietnamese papers, and goes behind a form's
own wording. May not come in: where labels stand on a page (`labels`), values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pipeline.catalogue import ComponentType
from pipeline.textnorm import fold

ELLIPSIS: Final = "…"
"""Labels that hold it are patterns with blanks, not strings."""

_STOPS: Final = (
    "Dân tộc",
    "Nghề nghiệp",
    "Năm sinh",
    "Ngày cấp",
    "Nơi cấp",
    "Nơi cư trú",
    "Quê quán",
    "Địa chỉ",
    "Đơn vị làm việc",
    "Giấy tờ tùy thân",
    "Số định danh cá nhân",
    "Số điện thoại",
    "Họ, chữ đệm, tên người đi khai sinh",
    "Hình thức nhận tiền",
    "Tiền mặt",
    "Nơi nhận",
    "Mẫu số",
)
"""Labels that end a value although the catalogue asks for no field behind them."""

_INLINE_STOPS: Final = (
    "Giới tính",
    "Quốc tịch",
    "Tuổi",
    "Nam/Nữ",
    "Sinh ngày",
    "Sinh năm",
    "Ngày sinh",
    "Ngày, tháng, năm sinh",
    "Mã số BHXH",
    "Số CMND/CCCD/Hộ chiếu",
    "cấp ngày",
    "do Công an",
    "do CA",
    "do Cục",
    "Chi nhánh",
    "Mở tại",
    "giá trị từ",
    "ghi bằng chữ",
    "Bằng chữ",
    "Nội dung yêu cầu giải quyết",
    "Được hưởng BHXH một lần kể từ ngày",
    "Người làm đơn",
    "Tôi cam kết",
    "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
    "Độc lập - Tự do - Hạnh phúc",
)
"""Stops that need no colon and may stand within a row."""

_ALIKE_IN_SENTENCES: Final[tuple[tuple[str, ...], ...]] = (
    ("Ngày sinh", "Sinh ngày", "Ngày, tháng, năm sinh"),
    ("Họ và tên", "Họ, tên", "Họ tên"),
)
"""Labels that say the same of a person: offices print one for the other. They are lent to the
field of a form that prints one of them, where the form is about one person only."""
_ALIKE_OF_PEOPLE: Final[tuple[tuple[str, ...], ...]] = (
    ("Họ và tên", "Họ, chữ đệm, tên", "Họ, chữ đệm và tên"),
    ("Mã số BHXH", "Số sổ BHXH", "Mã số bảo hiểm xã hội", "Số sổ bảo hiểm xã hội", "Số BHXH"),
    (
        "Số điện thoại",
        "Số điện thoại di động",
        "Số điện thoại liên hệ",
        "Điện thoại di động",
        "Điện thoại liên hệ",
        "Điện thoại",
        "Số ĐT",
        "SĐT",
    ),
    ("Nơi cư trú", "Địa chỉ nơi cư trú", "Nơi cư trú hiện nay"),
    ("Nghề nghiệp", "Nghề nghiệp hiện nay"),
)
"""The same, where they begin a row, a column or a cell: within one they may be somebody else's."""
_ALIKE: Final[tuple[tuple[str, ...], ...]] = (
    ("Số tài khoản", "Tài khoản số", "Số tài khoản ngân hàng", "Số TK"),
    ("Chủ tài khoản", "Tên chủ tài khoản", "Tên tài khoản"),
    ("Ngân hàng", "Tại ngân hàng", "Mở tại ngân hàng", "Tên ngân hàng", "Ngân hàng mở tài khoản"),
    ("Email", "E-mail", "Thư điện tử", "Địa chỉ email", "Địa chỉ thư điện tử", "Hộp thư điện tử"),
    ("Tên đơn vị", "Tên cơ quan, đơn vị", "Cơ quan, đơn vị", "Tên đơn vị sử dụng lao động"),
    ("Mã hồ sơ", "Số hồ sơ", "Mã số hồ sơ"),
    ("Quan hệ với người chết", "Mối quan hệ với người chết", "Quan hệ với người mất"),
    ("Họ và tên người chết", "Họ, tên người chết", "Họ tên người chết", "Họ và tên người mất"),
    ("Chết ngày", "Ngày chết", "Ngày, tháng, năm chết"),
    ("Chẩn đoán", "Chẩn đoán bệnh", "Chẩn đoán ra viện", "Chẩn đoán khi ra viện"),
    ("Phương pháp điều trị", "Phương pháp và kết quả điều trị"),
    ("Thẻ BHYT số", "Số thẻ BHYT", "Mã thẻ BHYT", "Mã số thẻ BHYT"),
    ("Vào viện lúc", "Vào viện ngày", "Ngày vào viện", "Ngày nhập viện", "Nhập viện lúc"),
    ("Ra viện lúc", "Ra viện ngày", "Ngày ra viện", "Ngày xuất viện", "Xuất viện lúc"),
    ("Họ, chữ đệm, tên người mẹ", "Họ và tên mẹ", "Họ và tên người mẹ", "Họ tên mẹ"),
    ("Họ, chữ đệm, tên người cha", "Họ và tên cha", "Họ và tên người cha", "Họ tên cha"),
    ("Thời gian nhận hồ sơ", "Ngày nhận hồ sơ"),
    ("Thời gian trả kết quả", "Ngày hẹn trả kết quả", "Ngày trả kết quả"),
    ("Tổng thời gian đóng BHXH", "Tổng số thời gian đóng BHXH"),
    ("Mức lương hưu hằng tháng", "Lương hưu hằng tháng", "Mức lương hưu", "Mức hưởng hằng tháng",
     "Mức hưởng lương hưu hằng tháng", "Số tiền lương hưu hằng tháng"),
    ("Nội dung yêu cầu giải quyết", "Nội dung đề nghị giải quyết", "Nội dung yêu cầu"),
    ("Hồ sơ kèm theo", "Giấy tờ kèm theo", "Tài liệu kèm theo"),
    ("Mã đơn vị", "Mã số đơn vị"),
    ("Số seri", "Số sê-ri", "Seri"),
    ("Số hộ chiếu", "Hộ chiếu số"),
    ("Có giá trị đến", "Có giá trị đến ngày", "Ngày hết hạn"),
)  # fmt: skip
"""The same of things and events; lent whoever the form is about."""
_ALSO: Final = (
    ("Ông/Bà", ("Họ và tên", "Họ, tên", "Họ tên")),
    ("Họ và tên", ("Tên tôi là", "Tôi tên là", "Họ và tên tôi là")),
)
"""And what may stand for a label of the person that a form is about, but not the other way round:
`Ông/Bà` on an application may be anybody."""
_IDENTITY_PAPERS: Final = re.compile(
    r"(?:hoac|so)*(?:(?:dinhdanhcanhan|dinhdanh|ddcn|cmnd|cmtnd|cccd|thecancuoc|cancuoccongdan"
    r"|cancuoc|chungminhnhandan|giaychungminhnhandan|hochieu|giaythonghanh)(?:hoac|so)*)+"
)
"""What a label is that names one identity paper or several, in any order, as letters: `Số
CMND/CCCD/Hộ chiếu`, `Số định danh cá nhân hoặc số hộ chiếu`."""
_HOW: Final = frozenset({"ghi", "viết", "kê", "nêu", "đánh", "khoanh", "ký"})
_HOW_TO: Final = frozenset({"rõ", "theo", "bằng", "đầy", "chữ", "cụ", "đúng", "dấu", "số", "ghi"})
"""First and second words of notes that tell how to fill in a form; marks tell them from others."""
ENGLISH: Final = frozenset(
    {"account", "address", "amount", "and", "bank", "birth", "card", "code", "date", "expiry",
     "family", "first", "full", "gender", "given", "holder", "id", "identification", "identity",
     "issue", "issued", "issuing", "last", "middle", "name", "nationality", "no", "no.", "number",
     "occupation", "of", "office", "or", "origin", "passport", "permanent", "personal", "phone",
     "place", "residence", "sex", "signature", "social", "insurance", "surname", "the", "type",
     "valid", "until", "year"}
)  # fmt: skip
"""Words of labels in English beside Vietnamese ones."""
_CARDS: Final = "identity"
"""Kind of the papers whose titles are such names themselves."""
_PERSON: Final = "person_name"
OWN_NAME: Final = "full_name"
"""Field of the person that a paper is about."""
_OWN_ACCOUNT: Final = "account_holder"

INCLUSIVE: Final = frozenset({"agency_name", "issuer"})
"""Fields whose label is the beginning of the value: `BẢO HIỂM XÃ HỘI` tỉnh …, `UBND` xã …"""

SHORT: Final = 7
"""Labels of fewer letters must be exact."""
_LETTERS: Final = re.compile(r"[^\w]|_")
_NOTE: Final = re.compile(r"\(.*?\)")
WORD_END: Final = re.compile(r"[\s/]")


@dataclass(frozen=True, slots=True)
class Label:
    """One printed label of one field; `field` is None for a stop."""

    text: str
    letters: str
    """Folded, letters and digits only."""
    field: str | None
    first: str
    """Folded letters of the first word."""
    inline: bool
    """May stand within a row without a colon."""
    lent: bool = False
    """Not the form's own wording, but one that says the same."""
    alone: bool = False
    """Only where it begins a row, a column or a cell, and no small words follow it there: those
    make another label of it, `Thời gian đóng BHXH bắt buộc`."""
    pattern: re.Pattern[str] | None = None
    """Of all letters that the label may have; None: those of `letters` alone."""


def form_labels(component: ComponentType) -> tuple[Label, ...]:
    """Labels of a form's fields, those lent to them, then the stops."""
    printed = [
        _label(text, field.name)
        for field in component.fields
        for printed_label in field.labels
        if ELLIPSIS not in printed_label
        for text in _as_printed(printed_label, component.kind)
    ]
    printed += _lent(component, {label.letters: label for label in printed})
    printed += _of_identity_papers(component, printed)
    mine = {label.letters for label in printed}
    stops = [
        _label(text, None, inline=inline)
        for texts, inline in ((_STOPS, False), (_INLINE_STOPS, True))
        for text in texts
        if letters(text) not in mine
    ]
    return (*printed, *stops)


def instructs(first: str, second: str) -> bool:
    """True of the first two words of a note that tells how to fill in a form: `(ghi rõ …)`."""
    verb = first[1:].lower().strip(".,:") if first.startswith("(") else ""
    return verb in _HOW and second.lower().strip("().,:") in _HOW_TO


def names_identity_papers(text: str) -> bool:
    """True of words that name identity papers, and nothing else."""
    return _IDENTITY_PAPERS.fullmatch(letters(text)) is not None


def usual_labels() -> Iterator[str]:
    """Labels that Vietnamese papers print, whatever form they are."""
    yield from (*_STOPS, *_INLINE_STOPS)
    for group in (*_ALIKE_IN_SENTENCES, *_ALIKE_OF_PEOPLE, *_ALIKE):
        yield from group


def _label(text: str, field: str | None, *, inline: bool = True) -> Label:
    first = letters(WORD_END.split(text.strip(), maxsplit=1)[0])
    return Label(text, letters(text), field, first, inline)


def _lent(component: ComponentType, printed: Mapping[str, Label]) -> Iterator[Label]:
    """Labels that say the same as a form's own, for the one field that they can mean."""
    groups = [(group, True) for group in _ALIKE]
    if _of_one_person(component):
        groups += [(group, False) for group in _ALIKE_IN_SENTENCES]
        groups += [(group, True) for group in _ALIKE_OF_PEOPLE]
    for group, alone in groups:
        own = {printed[key].field for text in group if (key := letters(text)) in printed}
        if len(own) == 1:
            field = own.pop()
            unknown = (text for text in group if letters(text) not in printed)
            yield from (replace(_label(text, field), lent=True, alone=alone) for text in unknown)
    if _of_one_person(component):
        yield from _also(printed)


def _also(printed: Mapping[str, Label]) -> Iterator[Label]:
    """What may stand for a form's own label, and is no label of its own."""
    lent: set[str] = set(printed)
    for own, others in _ALSO:
        label = printed.get(letters(own))
        if label is None or label.field != OWN_NAME:
            continue
        for text in others:
            if letters(text) not in lent:
                lent.add(letters(text))
                yield replace(_label(text, OWN_NAME), lent=True, alone=True)


def _of_identity_papers(component: ComponentType, printed: Sequence[Label]) -> Iterator[Label]:
    """A label of whatever names of identity papers, for the one field that asks for their number.

    Of a paper about one person, or of whoever has a name of its own on it (`agent_id` beside
    `agent_name`); not where the field is the number of a passport alone.
    """
    asking = {label.field: label for label in printed if _IDENTITY_PAPERS.fullmatch(label.letters)}
    if component.kind == _CARDS or len(asking) != 1:
        return
    field, label = asking.popitem()
    if field is None or "id" not in field.split("_"):
        return
    if _of_one_person(component) or component.field(owner_of(field)) is not None:
        yield replace(label, pattern=_IDENTITY_PAPERS, lent=True, alone=True)


def owner_of(field: str) -> str:
    """The field that names whose identity number a field is: `agent_id` → `agent_name`."""
    whose = field.removesuffix("_id")
    return f"{whose}_name" if whose != field else OWN_NAME


def _of_one_person(component: ComponentType) -> bool:
    people = [f for f in component.fields if f.type == _PERSON and f.name != _OWN_ACCOUNT]
    return len(people) == 1


def _as_printed(label: str, kind: str) -> tuple[str, ...]:
    """The label, and how else it may stand there.

    Without its note in brackets; a card's two languages (`Có giá trị đến/Date of expiry`) on two
    lines.
    """
    parts = [part for part in label.split("/") if len(letters(part)) >= SHORT]
    bilingual = tuple(parts) if kind == "identity" and len(parts) > 1 else ()
    bare = _NOTE.sub("", label).strip()
    plain = (bare,) if bare != label and len(letters(bare)) >= SHORT else ()
    return (label, *bilingual, *plain)


def letters(text: str) -> str:
    """Folded letters and digits, everything else dropped."""
    return _LETTERS.sub("", fold(text))
