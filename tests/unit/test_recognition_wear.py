"""Specks are counted around words: dirt is, print and its points are not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.models.text import Line
from pipeline.ports.reading import Gray
from pipeline.stages.recognition.wear import specks
from tests.fakes.pages import PrintedPage

ROWS = (
    "Kính gửi: Bảo hiểm xã hội tỉnh Bình Định",
    "Họ và tên: Nguyễn Thị Minh Khai",
    "Đề nghị giải quyết chế độ ốm đau",
    "theo quy định hiện hành của pháp luật",
)


def printed(*rows: str) -> PrintedPage:
    return PrintedPage(120, 60, 200).column(10, 10, *rows)


def dirty(gray: Gray, count: int, seed: int) -> Gray:
    """With specks of two by two pixels all over it."""
    rng = np.random.default_rng(seed)
    soiled = gray.copy()
    for x, y in zip(
        rng.integers(2, gray.shape[1] - 4, count),
        rng.integers(2, gray.shape[0] - 4, count),
        strict=True,
    ):
        soiled[y : y + 2, x : x + 2] = 40
    return soiled


def measured(gray: Gray, lines: tuple[Line, ...], width: int) -> float:
    found = specks(gray, lines, width)
    assert found is not None
    return found


@settings(deadline=None, max_examples=12)
@given(seed=st.integers(0, 1000))
def test_the_dirtier_a_page_the_more_is_counted(seed: int) -> None:
    page = printed(*ROWS)
    text, gray = page.text(), page.gray()
    counts = (0, 400, 1600, 6000, 20_000)
    found = [measured(dirty(gray, n, seed), text.lines, text.width_px) for n in counts]
    assert found[0] == 0.0
    assert found[0] < found[1] < found[2]
    assert min(found[3:]) > 1.0


@pytest.mark.parametrize(("pitch", "side"), [(4, 2), (4, 1), (5, 2), (3, 1)])
def test_a_screen_of_points_is_no_clean_paper(pitch: int, side: int) -> None:
    page = printed(*ROWS)
    text, gray = page.text(), page.gray().copy()
    for dy in range(side):
        for dx in range(side):
            gray[dy::pitch, dx::pitch] = 90
    assert measured(gray, text.lines, text.width_px) > 0.5


def test_points_of_leaders_are_print() -> None:
    page = printed(*ROWS)
    text = page.text()
    gray = page.gray().copy()
    for line in text.lines:
        for x in range(int(line.box.x0), gray.shape[1] - 10, 9):
            y = int(line.box.y1) - 2
            gray[y : y + 2, x : x + 2] = 60
    assert measured(gray, text.lines, text.width_px) < 0.03


def test_a_leader_that_begins_behind_a_word_is_print() -> None:
    page = printed(*ROWS)
    text = page.text()
    gray = page.gray().copy()
    for line in text.lines:
        height = int(line.box.height)
        for x in range(int(line.box.x1) + height // 3, gray.shape[1] - 10, height // 2):
            y = int(line.box.y1) - 3
            gray[y : y + 2, x : x + 2] = 60
    assert measured(gray, text.lines, text.width_px) == 0.0


@pytest.mark.parametrize("reduce", [1, 2])
def test_a_reduced_image_is_looked_at_in_its_own_pixels(reduce: int) -> None:
    page = PrintedPage(120, 60, 200 * reduce).column(10, 10, *ROWS)
    text = page.text()
    whole = page.gray()
    size = whole.shape[1] // reduce, whole.shape[0] // reduce
    small = np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    assert measured(dirty(small, 1200, seed=3), text.lines, text.width_px) > 0.1


def test_few_words_tell_nothing() -> None:
    page = printed("Trang 2")
    assert specks(page.gray(), page.text().lines, page.text().width_px) is None
    assert specks(page.gray(), (), page.text().width_px) is None


def test_words_at_the_edge_are_looked_at_as_far_as_there_is_paper() -> None:
    page = PrintedPage(60, 20, 200).put(0, 0, "Số hiệu văn bản đến cơ quan")
    text = page.text()
    assert specks(page.gray(), text.lines, text.width_px) is not None
