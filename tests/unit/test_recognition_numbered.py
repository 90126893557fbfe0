"""Page numbers are read before a word of their page, and nothing else is taken for one."""

from __future__ import annotations

import pytest

from ocr_models import pick_model
from pipeline.adapters.tesseract_inside import TesseractInside
from pipeline.models.base import Box
from pipeline.models.text import Line
from pipeline.stages.recognition.marks import Inked, inked
from pipeline.stages.recognition.numbered import with_page_number
from tests.fakes.engines import DyingEngine, ScriptedEngine, one_line
from tests.fakes.pages import PrintedPage

DPI = 200
TEXT = "Nhân viên kho"
FOOT, HEAD = 282.0, 8.0


def px(mm: float) -> float:
    return mm * DPI / 25.4


def page(*more: tuple[float, float, str]) -> Inked:
    drawn = PrintedPage(210, 297, DPI).put(30, 100, TEXT)
    for x, y, text in more:
        drawn = drawn.put(x, y, text)
    return inked(drawn.gray(), DPI)


def read() -> tuple[Line, ...]:
    """What the engine read, each word in its box, up to the base line."""
    found = engine().read(page().gray, DPI)
    assert [line.text for line in found] == [TEXT]
    return found


def engine() -> TesseractInside:
    model = pick_model()
    return TesseractInside(model.path, name=model.name, sha256=model.sha256, timeout_seconds=60)


@pytest.mark.parametrize("text", ["2", "- 3 -", "17"])
def test_a_number_at_the_foot_comes_last(text: str) -> None:
    lines = read()
    found = with_page_number(page((103, FOOT, text)), lines, engine())
    assert [line.text for line in found] == [TEXT, text]


def test_a_number_at_the_head_comes_first() -> None:
    found = with_page_number(page((104, HEAD, "2")), read(), engine())
    assert [line.text for line in found] == ["2", TEXT]


@pytest.mark.parametrize(
    "more",
    [
        (104.0, 150.0, "2"),
        (40.0, FOOT, "2"),
        (104.0, FOOT, "2 3 4 5"),
        (104.0, FOOT, "214"),
    ],
)
def test_other_figures_are_no_page_numbers(more: tuple[float, float, str]) -> None:
    lines = read()
    assert with_page_number(page(more), lines, engine()) == lines


def test_a_page_without_lone_marks_costs_no_reading() -> None:
    silent = ScriptedEngine(lambda _: ())
    lines = read()
    assert with_page_number(page(), lines, silent) == lines
    assert silent.given == []


def test_a_number_needs_its_companion_to_be_recognized() -> None:
    lines = read()
    wild = ScriptedEngine(lambda _: (one_line("2", "xyz", box=Box(x0=5, y0=5, x1=20, y1=20)),))
    assert with_page_number(page((104, FOOT, "2")), lines, wild) == lines
    assert wild.given != []


def test_an_engine_that_dies_costs_nothing() -> None:
    lines = read()
    assert with_page_number(page((104, FOOT, "2")), lines, DyingEngine()) == lines
