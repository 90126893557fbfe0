"""The measure of a reading: what counts as an error, and what does not."""

from __future__ import annotations

import pytest

from benchmarks.factory.truth import Hand, Role, TruthLine, TruthPage
from benchmarks.reading_errors import Errors, line_errors, nearest, page_errors, text_errors, total
from pipeline.models.base import Box
from pipeline.models.text import Line, PageText, Word

PAGE = "CỘNG HÒA XÃ HỘI Độc lập - Tự do Số: 12 Kính gửi: Ông Trần Văn Mẫn"


def word(text: str, x: float, y: float, width: float = 80) -> Word:
    return Word(text=text, confidence=0.9, box=Box(x0=x, y0=y, x1=x + width, y1=y + 30))


def read(*lines: tuple[Word, ...]) -> PageText:
    return PageText(
        index=0,
        turn=0,
        width_px=1000,
        height_px=1400,
        dpi=120,
        lines=tuple(Line(words=words, box=words[0].box, block=n) for n, words in enumerate(lines)),
    )


def truth(*lines: tuple[str, Box], skew: float = 0.0) -> TruthPage:
    return TruthPage(
        index=0,
        role=Role.FIRST,
        component=0,
        turn=0,
        skew_deg=skew,
        dpi=120,
        lines=tuple(TruthLine(text, box, Hand.PRINT) for text, box in lines),
    )


def test_counts_characters_and_words() -> None:
    errors = text_errors("Trần Văn Mẫn", "Trân Văn  Mẫn")
    assert errors == Errors(1, 12, 1, 3)
    assert errors.cer == pytest.approx(1 / 12)
    assert errors.wer == pytest.approx(1 / 3)


def test_composition_and_spaces_do_not_count() -> None:
    assert text_errors("Việt Nam", "Vie\u0323\u0302t \n Nam").character_edits == 0


def test_nothing_to_read_is_no_error_rate() -> None:
    assert Errors().cer == Errors().wer == 0.0
    assert total([]) == Errors()


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("Độc lập - Tự do", "Độc lập - Tự do"),
        ("Độc lâp - Tự do", "Độc lập - Tự do"),
        ("Ông Trần Văn Mẫn", "Ông Trần Văn Mẫn"),
        ("CÔNG HÒA", "CỘNG HÒA"),
    ],
)
def test_finds_the_nearest_stretch(line: str, found: str) -> None:
    assert nearest(line, PAGE) == found


def test_an_empty_reading_misses_everything() -> None:
    assert line_errors(["Số: 12", ""], "") == Errors(6, 6, 2, 2)


def test_order_does_not_count_but_losses_do() -> None:
    lines = ["Kính gửi: Ông Trần Văn Mẫn", "CỘNG HÒA XÃ HỘI"]
    assert line_errors(lines, PAGE).character_edits == 0
    assert line_errors([*lines, "Hạnh phúc"], PAGE).character_edits > 5


def test_a_line_over_two_columns_is_put_together_by_place() -> None:
    page = truth(("ỦY BAN CỘNG HÒA", Box(x0=50, y0=100, x1=900, y1=130)))
    reading = read(
        (word("ỦY", 60, 101), word("BAN", 150, 99)),
        (word("Số", 60, 200),),
        (word("CỘNG", 600, 102), word("HÒA", 700, 100)),
    )
    assert page_errors(page, reading) == Errors(0, 15, 0, 4, stray=2)


def test_a_tilted_page_is_levelled() -> None:
    """Two degrees move the end of a line of 800 px by 28."""
    line = Box(x0=100, y0=700, x1=900, y1=730)
    page = truth(("Họ tên", line), ("Số", Box(x0=100, y0=731, x1=900, y1=761)), skew=2.0)
    reading = read((word("Họ", 110, 688),), (word("tên", 800, 712),), (word("Số", 110, 719),))
    assert page_errors(page, reading).character_edits == 0
