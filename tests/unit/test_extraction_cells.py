"""Ruled cells: labels and values in boxes, however many lines they take, and no token lost."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.catalogue import load_catalogue
from pipeline.models.components import Classified
from pipeline.models.fields import FieldStatus, FieldValue
from pipeline.models.text import Line, PageText, Word
from pipeline.ports.reading import Gray
from pipeline.settings import FieldSettings
from pipeline.stages.extraction import ReadPages, extract
from pipeline.stages.extraction.cells import cell_rows
from pipeline.stages.extraction.layout import Row, sheet
from tests.fakes.pages import PrintedPage

CATALOGUE = load_catalogue()
TODAY = dt.date(2026, 11, 27)
LINE_MM = 6.0
PAD_MM = 1.6

Cells = Sequence[Sequence[str]]
"""Of a row of boxes: the lines of each cell, from left to right."""


def ruled(
    boxes: Sequence[Cells],
    edges: Sequence[float] = (20.0, 90.0, 190.0),
    *,
    sides: bool = True,
    level: bool = True,
) -> tuple[PrintedPage, Gray]:
    """Rows of boxes under each other from 60 mm on; `edges` are the walls, mm."""
    page = PrintedPage()
    tops = [60.0]
    for cells in boxes:
        for x, lines in zip(edges, cells, strict=False):
            for number, text in enumerate(lines):
                page.put(x + 2.0, tops[-1] + PAD_MM + LINE_MM * number, text)
        tops.append(tops[-1] + LINE_MM * max(map(len, cells)) + PAD_MM)
    gray = page.gray().copy()
    if level:
        for y in tops:
            cv2.line(gray, (page.px(edges[0]), page.px(y)), (page.px(edges[-1]), page.px(y)), 0, 2)
    if sides:
        for x in edges:
            cv2.line(gray, (page.px(x), page.px(tops[0])), (page.px(x), page.px(tops[-1])), 0, 2)
    return page, gray


def rows(page: PrintedPage, gray: Gray) -> list[list[str]]:
    """Cells of every row, `` where one is empty."""
    return [_cells(row) for row in cell_rows(sheet(page.text(), 0), lambda _: gray)]


def _cells(row: Row) -> list[str]:
    bounds = [0, *row.walls, len(row.tokens)]
    return [
        " ".join(token.text for token in row.tokens[begin:end]) for begin, end in pairwise(bounds)
    ]


def fields(code: str, page: PrintedPage, gray: Gray) -> dict[str, FieldValue]:
    component = Classified(
        component_id="c" * 64, code=code, confidence=0.9, pages=(0,), dossier=1, certain=True
    )
    read = ReadPages([page.text()], pixels=lambda _: gray)
    found = extract(component, read, CATALOGUE, FieldSettings(), "b" * 64, TODAY)
    return {value.name: value for value in found.fields.fields}


class TestRows:
    def test_lines_of_a_box_are_one_row(self) -> None:
        page, gray = ruled(
            [
                [["Được hưởng BHXH một lần", "kể từ ngày"], ["07/03/2025"]],
                [["Nơi cư trú"], ["thôn Phú Ngãi, xã Hiệp Đức,", "tỉnh Đồng Tháp"]],
            ]
        )
        assert rows(page, gray) == [
            ["Được hưởng BHXH một lần kể từ ngày", "07/03/2025"],
            ["Nơi cư trú", "thôn Phú Ngãi, xã Hiệp Đức, tỉnh Đồng Tháp"],
        ]

    def test_an_empty_box_between_two_is_known(self) -> None:
        page, gray = ruled([[["Họ và tên"], [], ["Nữ"]]], (20.0, 80.0, 130.0, 190.0))
        assert rows(page, gray) == [["Họ và tên", "", "Nữ"]]

    def test_without_page_images_rows_stay(self) -> None:
        page, _ = ruled([[["Họ và tên mẹ hoặc", "người nuôi dưỡng"], ["Trần Thị Hoa"]]])
        read = sheet(page.text(), 0)
        assert cell_rows(read, None) == read.rows

    @pytest.mark.parametrize(("sides", "level"), [(True, False), (False, True), (False, False)])
    def test_a_streak_of_the_glass_or_lines_alone_make_no_box(
        self, sides: bool, level: bool
    ) -> None:
        boxes = [[["Họ và tên", "Giới tính"], ["Trần Thị Hoa", "Nữ"]]]
        page, gray = ruled(boxes, sides=sides, level=level)
        assert rows(page, gray) == [["Họ và tên Trần Thị Hoa"], ["Giới tính Nữ"]]

    def test_rows_of_a_table_stay_as_they_are(self) -> None:
        edges = (20.0, 50.0, 80.0, 110.0, 140.0, 190.0)
        page, gray = ruled([[["Lý Văn", "An"], ["1234"], ["567"], ["Vợ"], ["Huế"]]], edges)
        assert rows(page, gray) == [["Lý Văn 1234 567 Vợ Huế"], ["An"]]

    @settings(max_examples=30, deadline=None)
    @given(
        lines=st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3)), min_size=1, max_size=4),
        degrees=st.floats(-0.8, 0.8),
    )
    def test_however_a_sheet_lies_every_word_stands_in_its_box(
        self, lines: list[tuple[int, int]], degrees: float
    ) -> None:
        boxes = [
            [
                [f"Nhãn số {number} dòng {line} ô trái" for line in range(left)],
                [f"trị {number} dòng {line} ô phải" for line in range(right)],
            ]
            for number, (left, right) in enumerate(lines)
        ]
        page, gray = ruled(boxes)
        text, turned = _turned(page.text(), gray, degrees)
        found = [_cells(row) for row in cell_rows(sheet(text, 0), lambda _: turned)]
        assert found == [[" ".join(cell) for cell in cells] for cells in boxes]


def _turned(text: PageText, gray: Gray, degrees: float) -> tuple[PageText, Gray]:
    """The page laid askew, and its words where they then are."""
    height, width = gray.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    turned = cv2.warpAffine(gray, matrix, (width, height), borderValue=(255,))
    sin, cos = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))

    def moved(word: Word) -> Word:
        x, y = (word.box.x0 + word.box.x1) / 2 - width / 2, (word.box.y0 + word.box.y1) / 2
        y -= height / 2
        dx, dy = cos * x + sin * y - x, cos * y - sin * x - y
        box = word.box
        shifted = {"x0": box.x0 + dx, "x1": box.x1 + dx, "y0": box.y0 + dy, "y1": box.y1 + dy}
        return word.model_copy(update={"box": box.model_copy(update=shifted)})

    lines = []
    for line in text.lines:
        words = tuple(moved(word) for word in line.words)
        box = words[0].box.union(words[-1].box)
        lines.append(Line(words=words, box=box, block=line.block))
    return text.model_copy(update={"lines": tuple(lines)}), np.asarray(turned, dtype=np.uint8)


class TestValues:
    def test_labels_that_wrap_and_values_like_labels(self) -> None:
        page, gray = ruled(
            [
                [["1.Ông/Bà"], ["Mạc Huy Đông"]],
                [["2. Được hưởng BHXH một lần", "kể từ ngày"], ["13/12/2024"]],
                [["3. Nơi cư trú"], ["số 14, ngõ 82 phố Chùa Láng"]],
                [["4. Mức bình quân tiền lương, thu nhập", "tháng đóng BHXH"], ["4.861.217 đồng"]],
                [["5. Số tiền trợ cấp"], ["126.391.642 đồng"]],
            ]
        )
        found = fields("R_07B_HSB", page, gray)
        assert found["full_name"].value == "Mạc Huy Đông"
        assert found["average_salary"].value == "4.861.217 đồng"
        assert found["benefit_amount"].value == "126.391.642 đồng"
        assert found["doc_number"].value == ""

    def test_a_column_of_figures_is_no_sum(self) -> None:
        page, gray = ruled(
            [
                [["STT"], ["Nội dung giám định"], ["Tổng cộng"]],
                [["1"], ["Khám lâm sàng"], ["600.000"]],
                [["2"], ["Xét nghiệm"], ["740.000"]],
            ],
            (20.0, 40.0, 140.0, 190.0),
        )
        found = fields("M_PHI_GDYK", page, gray)["amount"]
        assert found.status is FieldStatus.REVIEW
        assert "EXTENT_UNSURE" in found.reasons

    def test_the_sum_beside_its_label_goes_before_the_column(self) -> None:
        page, gray = ruled(
            [
                [["Nội dung giám định"], ["Số tiền (đồng):"]],
                [["Khám lâm sàng"], ["600.000"]],
                [["Xét nghiệm"], ["740.000"]],
                [["Tổng cộng"], ["1.340.000"]],
            ]
        )
        assert fields("M_PHI_GDYK", page, gray)["amount"].value == "1.340.000"

    def test_a_footnote_mark_is_no_value(self) -> None:
        page, gray = ruled([[["Nội dung yêu cầu giải quyết (4)"], ["Hưởng trợ cấp một lần"]]])
        assert fields("F_14_HSB", page, gray)["request_content"].value == "Hưởng trợ cấp một lần"

    def test_a_note_of_several_words_belongs_to_the_label(self) -> None:
        label = ["1. Địa chỉ (ghi chi tiết) nơi cư trú", "(3)"]
        page, gray = ruled([[label, ["số 283, ấp Tân Lập, xã Yên Lãng, Hải Phòng"]]])
        value = fields("F_14_HSB", page, gray)["address"]
        assert value.value == "số 283, ấp Tân Lập, xã Yên Lãng, Hải Phòng"

    def test_a_value_in_brackets_is_no_note(self) -> None:
        page, gray = ruled([[["1. Họ và tên (LÊ VĂN AN)"], ["Trần Văn Bình"]]])
        value = fields("F_14_HSB", page, gray)["full_name"]
        assert value.status is FieldStatus.REVIEW

    def test_two_labels_side_by_side_have_their_values_beside_them(self) -> None:
        rows = [["Họ và tên Lê Văn An"], ["Ngày sinh 18/11/1975"]]
        page, gray = ruled([rows, [["Số CCCD 092083774261"], ["Số điện thoại 0912345678"]]])
        found = fields("F_14_HSB", page, gray)
        assert (found["full_name"].value, found["full_name"].status) == (
            "Lê Văn An",
            FieldStatus.ACCEPTED,
        )

    def test_more_of_a_label_is_no_value_in_silence(self) -> None:
        value = "số 283, ấp Tân Lập, xã Yên Lãng, Hải Phòng"
        page, gray = ruled([[["1. Địa chỉ Ghi rõ thôn xóm"], [value]]])
        assert fields("F_14_HSB", page, gray)["address"].status is FieldStatus.REVIEW

    def test_two_labels_in_one_cell_are_two_rows(self) -> None:
        labels = ["Số điện thoại", "Nơi cư trú"]
        page, gray = ruled([[labels, ["0790247745", "số 271, xã Long Hưng, Lâm Đồng"]]])
        found = fields("F_14_HSB", page, gray)
        assert found["address"].status is FieldStatus.REVIEW
        assert "phone" not in found or found["phone"].status is FieldStatus.REVIEW

    def test_a_value_beyond_an_empty_box_is_asked_for(self) -> None:
        page, gray = ruled(
            [[["Họ và tên"], [], ["Trần Thị Hoa"]], [["Ngày sinh"], [], ["01/02/1980"]]],
            (20.0, 80.0, 130.0, 190.0),
        )
        assert fields("F_14_HSB", page, gray)["full_name"].reasons == ("EXTENT_UNSURE",)

    def test_a_streak_beside_a_wall_is_no_empty_box(self) -> None:
        page, gray = ruled([[["Họ và tên"], ["Trần Thị Hoa"]], [["Ngày sinh"], ["01/02/1980"]]])
        cv2.line(gray, (page.px(80), 0), (page.px(80), gray.shape[0]), 120, 1)
        assert fields("F_14_HSB", page, gray)["full_name"].status is FieldStatus.ACCEPTED
