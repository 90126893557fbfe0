"""Person names: equal after folding, and spelt as Vietnamese names are.

May not come in: layout; lists of real people.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from pipeline.textnorm import fold, nfc, squash

_TONES: Final = frozenset("\u0300\u0301\u0303\u0309\u0323")
_APART: Final = re.compile(r"['’\-.]")

_FAMILY_NAMES: Final = (
    "Nguyễn Trần Lê Phạm Huỳnh Hoàng Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý Đào Đinh Lâm Trịnh "
    "Trương Mai Cao Hà Tạ Lương Tô Châu Lưu Quách Thái Vương Đoàn Nông Tống Phùng Chu Tăng La "
    "Kiều Lục Triệu Hứa Thạch Giang Cù Ông Từ Ninh Quan Khổng Mạc Văn Kim Phó Đàm Nghiêm Bạch "
    "Diệp Lại Thân Âu Tôn Doãn Khuất Ứng Bế Hoa Vi Ma Giàng Lò Sùng Thào Vàng Cầm Quàng Sầm "
    "Danh Sơn Trà Trang Tiêu Ngụy Viên Tất Mã Liêu Lai Hàn Cung Thiều Thẩm Âu Bành Cổ"
)


def same_name(one: str, other: str) -> bool:
    """F.11: equal after folding, spaces and apostrophes."""
    return _bare(one) == _bare(other)


def _bare(name: str) -> str:
    return squash(_APART.sub(" ", fold(name)))


def tone_key(text: str) -> str:
    """Lower case with each syllable's tone at its end: `hoà` and `hòa` become one."""
    out = []
    for syllable in nfc(text).lower().split():
        letters = unicodedata.normalize("NFD", syllable)
        tone = "".join(char for char in letters if char in _TONES)
        out.append("".join(char for char in letters if char not in _TONES) + tone)
    return " ".join(out)


_KNOWN: Final = frozenset(tone_key(name) for name in _FAMILY_NAMES.split())
_KNOWN_FOLDED: Final = frozenset(fold(name) for name in _FAMILY_NAMES.split())


def doubtful_spelling(name: str) -> bool:
    """True where the family name is a common one but for its marks: `NGUYÊN` for `NGUYỄN`.

    Names printed without any marks, as banks do, are not judged.
    """
    if name.isascii() or not name.split():
        return False
    first = name.split()[0]
    return fold(first) in _KNOWN_FOLDED and tone_key(first) not in _KNOWN
