"""Labels that no form of the catalogue has: where one begins behind a value, and how sure that is.

`Capital small small:` is a label, but its capital word may be the last one of the value before it:
`… Hồng Vân chức vụ: …`. Words that labels usually begin with tell. May not come in: labels that are
known (`labels`), what follows from a doubt (`extracting`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from pipeline.stages.extraction.layout import Token
from pipeline.stages.extraction.wordings import usual_labels
from pipeline.textnorm import fold

ACRONYM: Final = re.compile(r"[A-ZĐ]{2,6}:?")
_WORD: Final = re.compile(r"[^\W\d_]+")
_ENDS: Final = (",", ";")

_FURTHER: Final = (
    "Biển kiểm soát",
    "Bộ phận",
    "Cấp bậc",
    "Chuyên môn",
    "Chức danh",
    "Chức vụ",
    "Cơ quan",
    "Cư trú",
    "Công việc",
    "Diện",
    "Di động",
    "Fax",
    "Hiện đang",
    "Hình thức",
    "Hộ khẩu",
    "Hệ số",
    "Kính gửi",
    "Khoa",
    "Kể từ",
    "Loại hình",
    "Loại khám",
    "Mã bệnh",
    "Mã huyện",
    "Mã ngạch",
    "Mã số thuế",
    "Mã tỉnh",
    "Mã xã",
    "Mối quan hệ",
    "Mức hưởng",
    "Mức lương",
    "Nguyên quán",
    "Người đại diện",
    "Nội dung",
    "Phòng",
    "Phụ cấp",
    "Số nhà",
    "Số lượng",
    "Số ngày",
    "Số tờ",
    "Tel",
    "Tháng đóng",
    "Thời gian",
    "Thời điểm",
    "Thời hạn",
    "Trình độ",
    "Trú tại",
    "Trú quán",
    "Tôn giáo",
    "Tình trạng",
    "Tạm trú",
    "Tổng số",
    "Từ ngày",
    "Tên gọi khác",
    "Tỷ lệ",
    "Vị trí",
    "Vào ngày",
    "Đang làm",
    "Đang hưởng",
    "Đến ngày",
    "Điều kiện",
    "Điện thoại",
    "Đại diện",
    "Đối tượng",
    "Đợt",
    "ĐT",
)
"""How labels begin that Vietnamese papers print beside the ones that the catalogue asks for."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """An unknown label."""

    start: int
    """Its first token."""
    sure: bool
    """No word of it can be one of the value before it."""


def colon_phrase(tokens: Sequence[Token], start: int, limit: int) -> Phrase | None:
    """The first unknown label (`Capital small small:`) within tokens; None without one.

    Args:
        tokens: of a row.
        start: the first that may be one of it.
        limit: one past the last.
    """
    for index in range(start, limit):
        text = tokens[index].text
        if text.endswith(":") and len(text) > 1:
            return _begun(tokens, start, index)
    return None


def begins_phrase(tokens: Sequence[Token], start: int) -> bool:
    """True where an unknown label begins with a token of a row."""
    phrase = colon_phrase(tokens, start, len(tokens))
    return phrase is not None and phrase.start == start


def _begun(tokens: Sequence[Token], start: int, last: int) -> Phrase:
    """Where the label begins whose last word is known."""
    first = last
    while first > start and not _capital(tokens[first].text):
        first -= 1
    if opens_label(tokens[first : last + 1]):
        return Phrase(first, sure=first < last or start == first)
    ended = first < last and tokens[first].text.endswith(_ENDS)
    usual = first < last and opens_label(tokens[first + 1 : last + 1])
    behind = ended or (usual and first > start)
    return Phrase(first + 1 if behind else first, sure=ended and usual)


def opens_label(tokens: Sequence[Token]) -> bool:
    """True where words are the beginning of what labels usually are."""
    words = [word for token in tokens[:2] for word in _WORD.findall(token.folded)]
    return tuple(words[:2]) in _openings()


def _capital(text: str) -> bool:
    """Starts a label: a capital, but no acronym within one (`Mã số BHXH:`), no `L4-L5`."""
    coded = any(char.isdigit() for char in text)
    return text[:1].isupper() and not coded and not ACRONYM.fullmatch(text)


@cache
def _openings() -> frozenset[tuple[str, ...]]:
    """First two words of usual labels, folded; one where a label has only one."""
    return frozenset(_first_words((*usual_labels(), *_FURTHER)))


def _first_words(labels: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for label in labels:
        words = _WORD.findall(fold(label))
        if words:
            yield tuple(words[:2])
