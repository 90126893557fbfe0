"""Tables of whole pages: rows and cells, with rules in the pixels and without."""

from __future__ import annotations

import datetime as dt

import cv2
import numpy as np
import pytest

from pipeline.catalogue import load_catalogue
from pipeline.models.components import Classified
from pipeline.models.fields import FieldStatus, FieldValue
from pipeline.models.text import PageText
from pipeline.ports.reading import Gray
from pipeline.settings import FieldSettings
from pipeline.stages.extraction import ReadPages, extract
from pipeline.stages.extraction.ink import PagePixels
from tests.fakes.pages import PrintedPage

CATALOGUE = load_catalogue()
COLUMNS_MM = (15, 45, 75, 145, 180)
ROWS = (
    ("02/2011", "06/2011", "Tổ trưởng, Xí nghiệp", "2.300.000"),
    ("07/2011", "11/2011", "Thợ hàn bậc 3,", "2.400.000"),
    ("12/2011", "03/2012", "Công nhân may", "2.550.000"),
)
GOING_ON = "Công ty Gỗ"


def read(code: str, *texts: PageText, pixels: PagePixels | None = None) -> dict[str, FieldValue]:
    component = Classified(
        component_id="c" * 64,
        code=code,
        confidence=0.9,
        pages=tuple(text.index for text in texts),
        dossier=0,
        certain=True,
    )
    pages = ReadPages(texts, (), pixels)
    day = dt.date(2026, 11, 22)
    found = extract(component, pages, CATALOGUE, FieldSettings(), "b" * 64, day)
    return {value.name: value for value in found.fields.fields}


def history(*, two_lines: bool = False) -> PrintedPage:
    page = PrintedPage().put(20, 40, "Họ và tên: NGUYỄN VĂN AN").put(20, 46, "BẢN QUÁ TRÌNH")
    headings = ("Từ tháng năm", "Đến tháng năm", "Diễn giải", "Căn cứ đóng")
    y = 60.0
    for x, text in zip(COLUMNS_MM, headings, strict=False):
        page.put(x + 2, y, text, 11)
    for row in ROWS:
        y += 10 if not two_lines or y == 60 else 14
        for x, text in zip(COLUMNS_MM, row, strict=False):
            page.put(x + 2, y, text, 11)
        if two_lines and row is ROWS[1]:
            page.put(COLUMNS_MM[2] + 2, y + 5, GOING_ON, 11)
    page.put(20, y + 25, "Tổng thời gian đóng BHXH: 1 năm 2 tháng")
    return page


def rules(page: PrintedPage, ys: tuple[float, ...]) -> Gray:
    gray = np.array(page.gray())
    k = page.dpi / 25.4
    for x in COLUMNS_MM:
        ends = (round(x * k), round(ys[0] * k)), (round(x * k), round(ys[-1] * k))
        cv2.line(gray, *ends, (40,), 2)
    for y in ys:
        ends = (round(COLUMNS_MM[0] * k), round(y * k)), (round(COLUMNS_MM[-1] * k), round(y * k))
        cv2.line(gray, *ends, (40,), 2)
    return gray


def test_words_alone_tell_rows_and_columns() -> None:
    value = read("R_04_HSB", history().text())["history_rows"]
    assert value.value == "\n".join(" | ".join(row) for row in ROWS)
    assert value.reasons == ("TABLE",)


def test_rules_keep_a_cell_of_two_lines_together() -> None:
    page = history(two_lines=True)
    gray = rules(page, (54, 65, 78, 94, 106))
    value = read("R_04_HSB", page.text(), pixels=lambda _: gray)["history_rows"]
    rows = [list(row) for row in ROWS]
    rows[1][2] += f" {GOING_ON}"
    assert value.value == "\n".join(" | ".join(row) for row in rows)


def test_a_table_goes_on_on_the_next_page() -> None:
    texts = history().text(index=0), history().text(index=1)
    value = read("R_04_HSB", *texts)["history_rows"]
    assert value.value.count("\n") == 2 * len(ROWS) - 1
    assert value.page == 0


def ticks(*marked: bool) -> tuple[PrintedPage, Gray]:
    page = PrintedPage().put(20, 40, "Hình thức nhận kết quả giải quyết hưởng BHXH một lần")
    options = ("Cả bản giấy và bản điện tử:", "Chỉ bản điện tử")
    for y, option in zip((60, 75), options, strict=True):
        page.put(30, y, option)
    gray = np.array(page.gray())
    k = page.dpi / 25.4
    text = page.text()
    for option, mark in zip(options, marked, strict=True):
        word = next(w for line in text.lines for w in line.words if option.startswith(w.text))
        side = round(3.4 * k)
        x, y = round(word.box.x0 - 5.5 * k), round(word.box.y0)
        cv2.rectangle(gray, (x, y), (x + side, y + side), (30,), 2)
        if mark:
            cv2.line(gray, (x + 3, y + 3), (x + side - 3, y + side - 3), (60,), 3)
            cv2.line(gray, (x + side - 3, y + 3), (x + 3, y + side - 3), (60,), 3)
    return page, gray


@pytest.mark.parametrize(
    ("marked", "value"),
    [((True, False), "Cả bản giấy và bản điện tử"), ((False, True), "Chỉ bản điện tử")],
)
def test_the_marked_box_is_the_choice(marked: tuple[bool, bool], value: str) -> None:
    page, gray = ticks(*marked)
    found = read("F_14A_HSB", page.text(), pixels=lambda _: gray)["result_form"]
    assert (found.value, found.status) == (value, FieldStatus.ACCEPTED)


def test_no_mark_is_no_choice() -> None:
    page, gray = ticks(False, False)
    found = read("F_14A_HSB", page.text(), pixels=lambda _: gray)["result_form"]
    assert (found.value, found.reasons) == ("", ("MISSING",))


def test_two_marks_are_nobodys_choice() -> None:
    page, gray = ticks(True, True)
    found = read("F_14A_HSB", page.text(), pixels=lambda _: gray)["result_form"]
    assert found.status is FieldStatus.REVIEW
