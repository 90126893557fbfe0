"""The text layer: order, stretch and the glyphless font."""

from __future__ import annotations

import re
import subprocess
import unicodedata
from pathlib import Path

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.models.base import Box
from pipeline.models.text import Line, PageText, Word
from pipeline.stages.assembly import glyphless, text_layer
from tests.fakes.scanned_pages import words

PAGE_PT = (297.6, 209.76)
_TM = re.compile(r"1 0 0 1 (\S+) (\S+) Tm (\S+) Tz\n<([0-9A-F]*)> Tj")


def page(lines: tuple[Line, ...], size: tuple[int, int] = (620, 437)) -> PageText:
    return PageText(index=0, turn=0, width_px=size[0], height_px=size[1], dpi=150, lines=lines)


def plain(text: str) -> str:
    return "<" + "".join(f"{ord(char):04X}" for char in text) + ">"


def one_word(text: str, box: Box) -> tuple[Line, ...]:
    return (Line(words=(Word(text=text, confidence=1.0, box=box),), box=box, block=0),)


def test_words_follow_each_other_in_reading_order() -> None:
    lines = words(("Họ và tên", "Ngày sinh"))

    drawn = text_layer.operators(page(lines), PAGE_PT, plain)

    shown = [bytes.fromhex(hit[3]).decode("utf-16-be") for hit in _TM.findall(drawn)]
    assert shown == ["Họ", "và", "tên", "Ngày", "sinh"]
    assert drawn.startswith("BT 3 Tr")


def test_a_page_without_words_has_no_text_object() -> None:
    assert text_layer.operators(page(()), PAGE_PT, plain) == ""
    box = Box(x0=1, y0=1, x1=5, y1=5)
    assert text_layer.operators(page(one_word("\u200b\x07", box)), PAGE_PT, plain) == ""


@given(
    x0=st.floats(-50, 700),
    y0=st.floats(-50, 500),
    width=st.floats(0, 400),
    height=st.floats(0, 80),
    text=st.text(min_size=1, max_size=30),
)
def test_any_word_stays_on_the_page_and_fills_its_box(
    x0: float, y0: float, width: float, height: float, text: str
) -> None:
    box = Box(x0=x0, y0=y0, x1=x0 + width, y1=y0 + height)

    drawn = text_layer.operators(page(one_word(text, box)), PAGE_PT, plain)

    visible = text_layer.shown(text)
    if not visible:
        assert drawn == ""
        return
    size = float(re.findall(r"/F0 (\S+) Tf", drawn)[0])
    x, y, stretch = (float(number) for number in _TM.findall(drawn)[0][:3])
    assert 0 <= x <= PAGE_PT[0]
    assert 0 <= y <= PAGE_PT[1]
    filled = len(visible) * size * glyphless.ADVANCE / 1000 * stretch / 100
    scale = PAGE_PT[0] / 620
    left, right = (min(max(edge * scale, 0), PAGE_PT[0]) for edge in (box.x0, box.x1))
    assert filled == pytest.approx(max(right - left, 1.0), rel=0.05, abs=0.1)


@given(st.text(max_size=60))
def test_shown_text_is_nfc_without_controls(text: str) -> None:
    shown = text_layer.shown(text)

    assert unicodedata.is_normalized("NFC", shown)
    assert not [char for char in shown if unicodedata.category(char)[0] == "C"]


def test_lines_of_a_block_share_one_size_and_a_title_keeps_its_own() -> None:
    def line(y: float, height: float) -> Line:
        box = Box(x0=10, y0=y, x1=100, y1=y + height)
        return Line(words=(Word(text="a", confidence=1.0, box=box),), box=box, block=0)

    lines = (line(0, 60), line(100, 20), line(130, 23), line(160, 18))

    drawn = text_layer.operators(page(lines), PAGE_PT, plain)

    sizes = re.findall(r"/F0 (\S+) Tf", drawn)
    assert sizes[0] != sizes[1]
    assert len(set(sizes[1:])) == 1


def test_each_character_has_a_code_and_a_unicode_value() -> None:
    with pikepdf.new() as pdf:
        font = glyphless.embed(pdf, "Ễđ a𝄞")

        to_unicode = font.resource.ToUnicode.read_bytes().decode()

    assert sorted(font.codes.values()) == [1, 2, 3, 4, 5]
    for char, cid in font.codes.items():
        assert f"<{cid:04X}> <{char.encode('utf-16-be').hex().upper()}>" in to_unicode
    assert font.encode("đa") == f"<{font.codes['đ']:04X}{font.codes['a']:04X}>"


def set_line(text: str, y: float, slope: float, gap: float = 9.0) -> Line:
    x, found = 40.0, []
    for place, token in enumerate(text.split()):
        width = 9.0 * len(token)
        top = y + slope * x + (4 if place % 2 else 0)
        box = Box(x0=x, y0=top, x1=x + width, y1=top + 16)
        found.append(Word(text=token, confidence=1.0, box=box))
        x += width + gap
    return Line(words=tuple(found), box=Box(x0=40, y0=y, x1=x, y1=y + 30), block=0)


def read_back(tmp_path: Path, lines: tuple[Line, ...], *options: str) -> list[str]:
    path = tmp_path / "text.pdf"
    text = page(lines)
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=PAGE_PT)
        font = glyphless.embed(pdf, text_layer.characters(text))
        pdf.pages[0].Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F0=font.resource))
        drawn = text_layer.operators(text, PAGE_PT, font.encode)
        pdf.pages[0].Contents = pdf.make_stream(drawn.encode())
        pdf.save(path)
    done = subprocess.run(
        ["pdftotext", *options, str(path), "-"], check=True, capture_output=True, text=True
    )
    return done.stdout.replace("\f", "").split()


PROSE = (
    "Bộ phận Tiếp nhận và Trả kết quả có trách nhiệm kiểm tra hồ",
    "sơ, đối chiếu thông tin với cơ sở dữ liệu, hướng dẫn người nộp",
    "bổ sung khi còn thiếu; nếu đầy đủ thì lập giấy tiếp nhận",
)


@pytest.mark.parametrize("slope", [-0.017, 0.0, 0.017])
@pytest.mark.parametrize("options", [(), ("-raw",)])
def test_tilted_lines_are_read_back_in_order(
    tmp_path: Path, slope: float, options: tuple[str, ...]
) -> None:
    lines = tuple(set_line(text, 60 + 26 * row, slope) for row, text in enumerate(PROSE))

    assert read_back(tmp_path, lines, *options) == " ".join(PROSE).split()


@pytest.mark.parametrize("gap", [0.0, 1.0, -4.0])
@pytest.mark.parametrize("options", [(), ("-raw",)])
def test_touching_words_stay_apart(tmp_path: Path, gap: float, options: tuple[str, ...]) -> None:
    lines = (set_line("22% | Tổ trưởng", 60, 0.0, gap),)

    assert read_back(tmp_path, lines, *options) == ["22%", "|", "Tổ", "trưởng"]
