"""Rows that were passed over are found by their ink, read by themselves, and put in their place."""

from __future__ import annotations

import numpy as np
import pytest

from ocr_models import pick_model
from pipeline.adapters.tesseract_inside import TesseractInside
from pipeline.errors import MissingToolError, OcrTimeout
from pipeline.models.base import Box
from pipeline.models.text import Line
from pipeline.ports.reading import Gray
from pipeline.stages.recognition.marks import inked
from pipeline.stages.recognition.missed import missed_rows, with_missed
from tests.fakes.engines import DyingEngine, ScriptedEngine, one_line
from tests.fakes.pages import PrintedPage

DPI = 200
ROWS = {20: "Cộng hòa xã hội chủ nghĩa", 40: "Kính gửi cơ quan", 60: "Nguyễn Thị Hồng Vân"}


def px(mm: float) -> float:
    return mm * DPI / 25.4


def page() -> Gray:
    drawn = PrintedPage(120, 90, DPI)
    for y, text in ROWS.items():
        drawn = drawn.put(10, y, text)
    return drawn.gray()


def line_at(y: int, confidence: float = 0.95) -> Line:
    box = Box(x0=px(9), y0=px(y - 3), x1=px(90), y1=px(y + 7))
    return one_line(ROWS[y], confidence=confidence, box=box)


def engine() -> TesseractInside:
    model = pick_model()
    return TesseractInside(model.path, name=model.name, sha256=model.sha256, timeout_seconds=60)


def saying(text: str) -> ScriptedEngine:
    line = one_line(*text.split(), box=Box(x0=30, y0=30, x1=60, y1=50))
    return ScriptedEngine(lambda _: (line,))


def texts(lines: tuple[Line, ...]) -> list[str]:
    return [line.text for line in lines]


def test_a_row_without_words_is_read_and_stands_between_its_neighbours() -> None:
    lines = (line_at(20), line_at(60))
    assert texts(with_missed(inked(page(), DPI), lines, engine())) == list(ROWS.values())


def test_words_that_were_hardly_heard_give_way() -> None:
    lines = (line_at(20), line_at(40, confidence=0.1), line_at(60))
    found = with_missed(inked(page(), DPI), lines, engine())
    assert texts(found) == list(ROWS.values())
    assert found[1].words[0].confidence > 0.5


def test_a_page_that_was_read_whole_costs_no_reading() -> None:
    silent = ScriptedEngine(lambda _: ())
    lines = tuple(line_at(y) for y in ROWS)
    assert with_missed(inked(page(), DPI), lines, silent) == lines
    assert silent.given == []


def test_what_reads_badly_is_left_out() -> None:
    mumbling = ScriptedEngine(lambda _: (one_line("xzt", "qqk", confidence=0.6),))
    lines = (line_at(20), line_at(60))
    assert with_missed(inked(page(), DPI), lines, mumbling) == lines
    assert len(mumbling.given) == 1


def test_a_row_that_cannot_be_read_costs_nothing_else() -> None:
    answers = iter(("Kính gửi", None))

    def script(_: Gray) -> tuple[Line, ...]:
        text = next(answers)
        if text is None:
            raise OcrTimeout(engine="fake", seconds=0.0)
        return (one_line(*text.split(), box=Box(x0=30, y0=30, x1=60, y1=50)),)

    lines = (line_at(20),)
    assert len(missed_rows(inked(page(), DPI), lines)) == 2
    assert texts(with_missed(inked(page(), DPI), lines, ScriptedEngine(script))) == [
        ROWS[20],
        "Kính gửi",
    ]
    assert with_missed(inked(page(), DPI), lines, DyingEngine()) == lines


def test_a_missing_engine_is_said() -> None:
    def script(_: Gray) -> tuple[Line, ...]:
        raise MissingToolError("TESSERACT_MISSING")

    with pytest.raises(MissingToolError):
        with_missed(inked(page(), DPI), (line_at(20),), ScriptedEngine(script))


def test_a_page_number_is_kept_and_a_lone_letter_is_not() -> None:
    for text, kept in (("- 2 -", True), ("2", True), ("k", False), ("-", False)):
        said = saying(text)
        found = with_missed(inked(page(), DPI), (line_at(20), line_at(60)), said)
        assert (len(found) == 3) is kept, text


def test_a_row_that_ink_cuts_off_is_doubted() -> None:
    cut = page().copy()
    row = missed_rows(inked(cut, DPI), (line_at(20), line_at(60)))[0]
    left = int(row.x0 - px(2))
    cut[int(row.y0 - px(12)) : int(row.y1 + px(12)), left : left + 3] = 30
    found = with_missed(inked(cut, DPI), (line_at(20), line_at(60)), engine())
    assert max(word.confidence for word in found[1].words) <= 0.6


def test_dust_and_paper_are_no_rows() -> None:
    rng = np.random.default_rng(5)
    paper = np.full((700, 900), 245, dtype=np.uint8)
    paper[rng.integers(0, 700, 400), rng.integers(0, 900, 400)] = 20
    assert missed_rows(inked(paper, DPI), ()) == ()


def test_slivers_are_no_trouble() -> None:
    for shape in ((1, 1), (1, 2), (3, 400), (400, 3)):
        assert missed_rows(inked(np.zeros(shape, dtype=np.uint8), 300), ()) == ()
