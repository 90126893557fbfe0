"""Words without spaces between them are parted; codes, acronyms and what nobody confirms stay."""

from __future__ import annotations

import pytest

from ocr_models import pick_model
from pipeline.adapters.tesseract_inside import TesseractInside
from pipeline.errors import OcrTimeout
from pipeline.models.base import Box
from pipeline.models.text import Line
from pipeline.ports.reading import Gray
from pipeline.stages.recognition.joined import may_be_several, with_spaces
from pipeline.stages.recognition.marks import Inked, inked
from tests.fakes.engines import DyingEngine, ScriptedEngine, one_line
from tests.fakes.pages import PrintedPage

DPI = 200
PLACE = Box(x0=150, y0=70, x1=420, y1=110)


def page(text: str = "") -> Inked:
    printed = PrintedPage(80, 30, DPI)
    return inked((printed.put(20, 10, text) if text else printed).gray(), DPI)


def parted(read: str, alone: str) -> str:
    """What becomes of a word when an engine reads it so by itself."""
    engine = ScriptedEngine(lambda _: (one_line(*alone.split(), confidence=0.97),))
    lines = with_spaces(page(), (one_line(read, confidence=0.8, box=PLACE),), engine)
    assert len(lines) == 1
    assert all(0.0 < word.confidence <= 0.95 for word in lines[0].words)
    return lines[0].text


@pytest.mark.parametrize(
    ("printed", "read"),
    [
        ("Đình An", "ĐìnhAn"),
        ("Nhân viên kho", "Nhânviênkho"),
        ("34 năm", "34năm"),
        ("Số tiền:", "Sốtiền:"),
        ("LA DINH BAY", "LADINHBAY"),
    ],
)
def test_an_engine_that_sees_the_word_alone_finds_its_spaces(printed: str, read: str) -> None:
    model = pick_model()
    engine = TesseractInside(model.path, name=model.name, sha256=model.sha256, timeout_seconds=60)
    shown = page(printed)
    box = shown.letters.box
    (line,) = with_spaces(shown, (one_line(read, confidence=0.8, box=box),), engine)
    assert line.text == printed
    assert all(box.x0 - 8 <= w.box.x0 < w.box.x1 <= box.x1 + 8 for w in line.words)
    assert [w.box.x0 for w in line.words] == sorted(w.box.x0 for w in line.words)


@pytest.mark.parametrize(
    ("read", "alone", "kept"),
    [
        ("(MẠCQUỲNH),", "Mạc Quỳnh", "(MẠC QUỲNH),"),
        ("tyTNHH", "ty TNHH", "ty TNHH"),
        ("792.000đồng", "792.000 đồng", "792.000 đồng"),
        ("TrầnKỷ", "Trần Ký", "TrầnKỷ"),
        ("Insulin", "Insu lin", "Insulin"),
        ("tháng12", "tháng12", "tháng12"),
        ("ThịMai", "", "ThịMai"),
        ("1234AB", "1234 AB", "1234AB"),
        ("HCM12", "HCM 12", "HCM12"),
    ],
)
def test_only_spaces_between_words_are_believed(read: str, alone: str, kept: str) -> None:
    assert parted(read, alone) == kept


@pytest.mark.parametrize(
    "text",
    ["nghiêng", "Nguyễn", "BHXH", "TNHH", "TB7876C", "391/GĐYK", "a.b@c.vn", "12/03/2021", "A4",
     "H'leo", "...", "1234567890"],
)  # fmt: skip
def test_what_can_be_one_word_costs_no_reading(text: str) -> None:
    silent = ScriptedEngine(lambda _: ())
    lines = (one_line(text, box=PLACE),)
    assert not may_be_several(text)
    assert with_spaces(page(), lines, silent) == lines
    assert silent.given == []


def test_an_engine_that_never_answers_is_asked_once() -> None:
    asked: list[int] = []

    def script(_: Gray) -> tuple[Line, ...]:
        asked.append(1)
        raise OcrTimeout(engine="fake", seconds=0.0)

    lines = (one_line("ĐìnhAn", "ThịMai", box=PLACE),)
    assert with_spaces(page(), lines, ScriptedEngine(script)) == lines
    assert len(asked) == 1


def test_an_engine_that_dies_costs_nothing() -> None:
    lines = (one_line("ĐìnhAn", box=PLACE),)
    assert with_spaces(page(), lines, DyingEngine()) == lines


def test_a_page_of_nothing_else_is_read_within_bounds() -> None:
    silent = ScriptedEngine(lambda _: ())
    lines = tuple(one_line(*["ĐìnhAn"] * 10, box=PLACE) for _ in range(10))
    assert with_spaces(page(), lines, silent) == lines
    assert len(silent.given) == 40
