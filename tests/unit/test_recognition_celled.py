"""Doubtful words in ruled cells are read again; what the engine heard well is left alone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from ocr_models import pick_model
from pipeline.adapters.tesseract_inside import TesseractInside
from pipeline.errors import OcrTimeout
from pipeline.models.base import Box
from pipeline.models.text import Line
from pipeline.ports.reading import Gray
from pipeline.stages.recognition.celled import with_cells
from pipeline.stages.recognition.marks import inked
from pipeline.stages.recognition.ruling import find_ruling, ruled_cells, without_ruling
from tests.fakes.engines import DyingEngine, ScriptedEngine, one_line
from tests.fakes.pages import PrintedPage

DPI = 200
COLUMNS, ROWS = (5, 20, 80, 115), (10, 20, 30, 40)
CELLS = (("1", "Kho nguyên liệu", "81,7"), ("2", "Tổ cắt", "73,9"), ("3", "Lò hơi", "90,3"))


def px(mm: float) -> int:
    return round(mm * DPI / 25.4)


def table(tilt_px: int = 0) -> Gray:
    page = PrintedPage(120, 60, DPI)
    for y, row in zip(ROWS, CELLS, strict=False):
        for x, text in zip(COLUMNS, row, strict=False):
            page = page.put(x + 3, y + 2.5, text)
    gray = page.gray().copy()
    for y in ROWS:
        cv2.line(gray, (px(5), px(y)), (px(115), px(y) + tilt_px), (40,), 2)
    for x in COLUMNS:
        cv2.line(gray, (px(x), px(10)), (px(x), px(40)), (40,), 2)
    return gray


def unruled(page: Gray) -> tuple[Gray, tuple[Box, ...]]:
    ruling = find_ruling(page, DPI)
    return without_ruling(page, ruling), ruled_cells(ruling)


def engine() -> TesseractInside:
    model = pick_model()
    return TesseractInside(model.path, name=model.name, sha256=model.sha256, timeout_seconds=60)


def word(text: str, column: int, row: int, confidence: float) -> Line:
    box = Box(
        x0=px(COLUMNS[column] + 2),
        y0=px(ROWS[row] + 2),
        x1=px(COLUMNS[column] + 12),
        y1=px(ROWS[row] + 8),
    )
    return one_line(text, confidence=confidence, box=box)


def texts(lines: tuple[Line, ...]) -> list[str]:
    return [line.text for line in lines]


class TestCells:
    @pytest.mark.parametrize("tilt_px", [0, 4])
    def test_every_cell_is_found_with_its_place(self, tilt_px: int) -> None:
        _, cells = unruled(table(tilt_px))
        assert len(cells) == 9
        for number, cell in enumerate(cells):
            row, column = divmod(number, 3)
            assert abs(cell.x0 - px(COLUMNS[column])) < px(1.5)
            assert abs(cell.y1 - px(ROWS[row + 1])) < px(1.5)

    def test_paper_without_a_table_has_none(self) -> None:
        assert ruled_cells(find_ruling(PrintedPage(120, 60, DPI).gray(), DPI)) == ()

    def test_what_the_page_s_edge_closes_in_is_no_cell(self) -> None:
        card = np.full((px(54), px(85)), 250, dtype=np.uint8)
        cv2.line(card, (px(10), px(20)), (px(40), px(20)), (40,), 2)
        cv2.line(card, (px(60), px(10)), (px(60), px(40)), (40,), 2)
        assert ruled_cells(find_ruling(card, DPI)) == ()

    def test_a_frame_around_the_page_is_no_cell(self) -> None:
        page = np.full((px(200), px(150)), 250, dtype=np.uint8)
        cv2.rectangle(page, (px(5), px(5)), (px(145), px(195)), (30,), 3)
        assert ruled_cells(find_ruling(page, DPI)) == ()


class TestReadingAgain:
    def test_what_was_heard_badly_or_not_at_all_is_read_by_itself(self) -> None:
        gray, cells = unruled(table())
        heard = [
            word(text, column, row, 0.97)
            for row, texts_of_row in enumerate(CELLS)
            for column, text in enumerate(texts_of_row)
        ]
        heard[2] = word("NI", 2, 0, 0.2)
        del heard[6]
        found = with_cells(inked(gray, DPI), cells, tuple(heard), engine())
        assert sorted(texts(found)) == sorted(text for row in CELLS for text in row)
        assert max(w.confidence for line in found for w in line.words if w.text == "81,7") <= 0.95

    def test_cells_that_were_heard_well_cost_no_reading(self) -> None:
        gray, cells = unruled(table())
        lines = tuple(
            word(text, column, row, 0.97)
            for row, texts_of_row in enumerate(CELLS)
            for column, text in enumerate(texts_of_row)
        )
        silent = ScriptedEngine(lambda _: ())
        few = tuple(cell for cell in cells if cell.width < px(16))
        assert with_cells(inked(gray, DPI), few, lines, silent) == lines
        assert silent.given == []

    def test_what_reads_no_better_changes_nothing(self) -> None:
        gray, cells = unruled(table())
        lines = (word("Lò hơi", 1, 2, 0.6),)
        worse = ScriptedEngine(lambda _: (one_line("LÓc", confidence=0.55),))
        assert lines[0] in with_cells(inked(gray, DPI), cells, lines, worse)

    def test_words_that_the_new_reading_did_not_hear_stay(self) -> None:
        gray, cells = unruled(table())
        boxes = [Box(x0=px(22 + 9 * n), y0=px(12), x1=px(30 + 9 * n), y1=px(18)) for n in range(3)]
        heard = ("Kho", 0.6), ("nguyên", 0.45), ("liệu", 0.45)
        lines = tuple(
            one_line(text, confidence=sure, box=box)
            for (text, sure), box in zip(heard, boxes, strict=True)
        )
        left = cells[1].x0 + px(0.3)

        def script(_: Gray) -> tuple[Line, ...]:
            # boxes are of what was cut out: the cell's left edge, a rim of 1.5 mm before it
            box = Box(x0=boxes[0].x0 - left + px(1.5), y0=5, x1=boxes[0].x1 - left, y1=60)
            return (one_line("Kho", confidence=0.95, box=box),)

        found = with_cells(inked(gray, DPI), cells[1:2], lines, ScriptedEngine(script))
        assert sorted(texts(found)) == ["Kho", "liệu", "nguyên"]
        assert max(w.confidence for line in found for w in line.words) == 0.95

    def test_a_word_over_two_cells_or_two_rows_is_left_alone(self) -> None:
        gray, cells = unruled(table())
        across = one_line(
            "1Kho", confidence=0.6, box=Box(x0=px(9), y0=px(12), x1=px(40), y1=px(18))
        )
        better = ScriptedEngine(lambda _: (one_line("Kho nguyên liệu", confidence=0.95),))
        assert across in with_cells(inked(gray, DPI), cells[:2], (across,), better)
        down = one_line("Kho", confidence=0.6, box=Box(x0=px(22), y0=px(12), x1=px(40), y1=px(38)))
        assert with_cells(inked(gray, DPI), cells[1:2], (down,), better) == (down,)

    def test_an_engine_that_never_answers_is_asked_once(self) -> None:
        gray, cells = unruled(table())
        asked: list[int] = []

        def script(_: Gray) -> tuple[Line, ...]:
            asked.append(1)
            raise OcrTimeout(engine="fake", seconds=0.0)

        assert with_cells(inked(gray, DPI), cells, (), ScriptedEngine(script)) == ()
        assert len(asked) == 1

    def test_an_engine_that_dies_costs_nothing(self) -> None:
        gray, cells = unruled(table())
        lines = (word("NI", 2, 0, 0.2),)
        assert with_cells(inked(gray, DPI), cells, lines, DyingEngine()) == lines

    def test_a_page_of_nothing_but_cells_is_read_within_bounds(self) -> None:
        page = np.full((px(280), px(200)), 250, dtype=np.uint8)
        for y in range(10, 271, 6):
            cv2.line(page, (px(10), px(y)), (px(190), px(y)), (40,), 2)
        for x in range(10, 191, 6):
            cv2.line(page, (px(x), px(10)), (px(x), px(268)), (40,), 2)
        for y in range(10, 265, 6):
            for x in range(10, 185, 6):
                page[px(y + 2) : px(y + 4), px(x + 2) : px(x + 3)] = 20
        gray, cells = unruled(page)
        silent = ScriptedEngine(lambda _: ())
        with_cells(inked(gray, DPI), cells, (), silent)
        assert len(cells) > 100
        assert len(silent.given) == 60
