"""Numbers before rows are found by their ink where several stand below each other."""

from __future__ import annotations

from ocr_models import pick_model
from pipeline.adapters.tesseract_inside import TesseractInside
from pipeline.models.base import Box
from pipeline.models.text import Line
from pipeline.ports.reading import Gray
from pipeline.stages.recognition.listed import with_numbers
from pipeline.stages.recognition.marks import inked
from tests.fakes.engines import DyingEngine, ScriptedEngine, one_line
from tests.fakes.pages import PrintedPage

DPI = 200
LABELS = ("Họ và tên", "Năm sinh", "Dân tộc", "Nơi thường trú")


def px(mm: float) -> float:
    return mm * DPI / 25.4


def page(numbers: tuple[str, ...] = ("1.", "2.", "3.", "4.")) -> Gray:
    drawn = PrintedPage(120, 60, DPI)
    for place, (number, label) in enumerate(zip(numbers, LABELS, strict=False)):
        drawn = drawn.put(10, 10 + 10 * place, number).put(22, 10 + 10 * place, label)
    return drawn.gray()


def labels(count: int = 4) -> tuple[Line, ...]:
    return tuple(
        one_line(text, box=Box(x0=px(22), y0=px(9.5 + 10 * at), x1=px(45), y1=px(15.5 + 10 * at)))
        for at, text in enumerate(LABELS[:count])
    )


def engine() -> TesseractInside:
    model = pick_model()
    return TesseractInside(model.path, name=model.name, sha256=model.sha256, timeout_seconds=60)


def texts(lines: tuple[Line, ...]) -> list[str]:
    return [line.text for line in lines]


def test_numbers_that_were_passed_over_are_read_before_their_rows() -> None:
    found = texts(with_numbers(inked(page(), DPI), labels(), engine()))
    numbers = [text for text in found if text not in LABELS]
    assert numbers == ["1.", "2.", "3.", "4."]
    for number, label in zip(numbers, LABELS, strict=True):
        assert found.index(number) < found.index(label)


def test_a_number_that_was_hardly_heard_gives_way() -> None:
    doubtful = tuple(
        one_line(
            "l.",
            confidence=0.2,
            box=Box(x0=px(9.5), y0=px(10 + 10 * at), x1=px(14), y1=px(16 + 10 * at)),
        )
        for at in range(4)
    )
    found = texts(with_numbers(inked(page(), DPI), (*labels(), *doubtful), engine()))
    assert sorted(found) == sorted([*LABELS, "1.", "2.", "3.", "4."])


def test_a_lone_mark_before_a_row_is_left() -> None:
    silent = ScriptedEngine(lambda _: ())
    assert with_numbers(inked(page(("1.",)), DPI), labels(1), silent) == labels(1)
    assert silent.given == []


def test_rows_without_anything_before_them_cost_no_reading() -> None:
    silent = ScriptedEngine(lambda _: ())
    assert with_numbers(inked(page(("", "", "", "")), DPI), labels(), silent) == labels()
    assert silent.given == []


def test_what_is_no_number_is_left_out() -> None:
    wordy = ScriptedEngine(lambda _: (one_line("xa", box=Box(x0=12, y0=12, x1=30, y1=40)),))
    assert with_numbers(inked(page(), DPI), labels(), wordy) == labels()
    assert len(wordy.given) == 4


def test_an_engine_that_dies_costs_nothing() -> None:
    assert with_numbers(inked(page(), DPI), labels(), DyingEngine()) == labels()
