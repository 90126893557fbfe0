"""An office's own papers, as people decided about them: made-up letters in a wording of its own."""

from __future__ import annotations

import random
from collections.abc import Sequence

from casework.learning import Examples
from casework.learning.examples import held_out
from ocr_models.page_registry import Source
from ocr_models.trials import Trial
from pipeline.ids import digest
from pipeline.models.text import PageText
from tests.fakes.texts import page_text

INQUIRY, OTHER_PAPER = "V_KET_QUA_XAC_MINH", "N_THONG_BAO_TRA"
_NAMES = ("NGUYỄN VĂN AN", "TRẦN THỊ BÌNH", "LÊ VĂN CƯỜNG", "PHẠM THỊ DUNG", "HOÀNG VĂN EM")
_FIRST = (
    "BẢO HIỂM XÃ HỘI LIÊN HUYỆN || CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
    "TỔ ĐỐI SOÁT || Độc lập - Tự do - Hạnh phúc",
    "TỜ ĐỐI SOÁT QUÁ TRÌNH LÀM VIỆC TẠI XÃ",
    "Tổ đối soát đã làm việc với Ủy ban nhân dân xã về quá trình của",
    "Ông (bà): {name}, sổ số {number}",
    "Hồ sơ gốc lưu tại xã gồm phiếu chi và bảng lương các năm",
    "Đối soát cho thấy các mốc dưới đây khớp với hồ sơ gốc",
    "Đề nghị bộ phận chế độ dùng kết quả đối soát này để giải quyết",
)
_SECOND = (
    "BẢNG MỐC ĐỐI SOÁT KÈM THEO",
    "Mốc 1: từ tháng 01 năm 1998 đến tháng 12 năm 2003 || khớp",
    "Mốc 2: từ tháng 01 năm 2004 đến tháng 06 năm 2011 || khớp",
    "Mốc 3: từ tháng 07 năm 2011 đến nay || khớp",
    "Tổ trưởng tổ đối soát {name}",
)


def inquiry(chance: random.Random) -> tuple[PageText, ...]:
    """A letter of two pages; the second has a title and no number."""
    words = {"name": chance.choice(_NAMES), "number": str(chance.randrange(10**9, 10**10))}
    return tuple(page_text([line.format(**words) for line in lines]) for lines in (_FIRST, _SECOND))


def taught(batches: int, *, code: str = INQUIRY, cut: bool = False, seed: int = 1) -> Examples:
    """What people decided about so many batches of three letters each.

    Args:
        batches: how many.
        code: what they said the letters are.
        cut: they said, wrongly, that the second page starts a paper.
        seed: of names and numbers.
    """
    chance = random.Random(seed)
    trials = []
    for number in range(batches):
        pages: list[PageText] = []
        codes: dict[int, str] = {}
        for _ in range(3):
            for at, page in enumerate(inquiry(chance)):
                if at == 0 or cut:
                    codes[len(pages)] = code
                pages.append(page.model_copy(update={"index": len(pages)}))
        known = frozenset(range(len(pages)))
        trials.append(
            Trial(digest("taught", seed, number), tuple(pages), codes, known, frozenset(codes))
        )
    return examples_of(trials)


def examples_of(trials: Sequence[Trial]) -> Examples:
    """Trials as if they came from an archive."""
    sources = tuple(
        Source(
            review=digest("review", trial.origin, page),
            kind="boundary",
            page=digest("page", trial.origin, page),
            judged=held_out(trial.origin),
        )
        for trial in trials
        for page in sorted(trial.starts)
    )
    return Examples(tuple(trials), (), sources, 0)
