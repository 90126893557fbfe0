"""What is taken out of the image that is read, and what is not."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import pytest

from benchmarks.factory.marks import seal
from pipeline.models.pages import Turn
from pipeline.ports.reading import Colour, Gray
from pipeline.settings import ImagingSettings, OcrSettings
from pipeline.stages.recognition import read_page
from pipeline.stages.recognition.ruling import find_ruling, without_ruling
from pipeline.stages.recognition.seals import find_seals, without_seals
from pipeline.stages.recognition.wear import specks
from tests.fakes.engines import ScriptedEngine
from tests.fakes.pages import PrintedPage
from tests.unit.test_recognition import look, raw_page

DPI = 200
TEXT = "Nhân viên kho, Công ty Thủy sản"


def printed() -> Gray:
    return PrintedPage(120, 60, DPI).put(10, 10, TEXT).put(10, 30, "4.650.000", bold=True).gray()


def px(mm: float) -> int:
    return round(mm * DPI / 25.4)


def in_colour(gray: Gray) -> Colour:
    return np.ascontiguousarray(np.repeat(gray[..., None], 3, axis=2))


def stamped(gray: Gray, x: float, y: float, size: float = 36.0) -> Colour:
    """A round seal multiplied over the page, its corner at (x, y) mm."""
    picture = seal(np.random.default_rng(3), DPI, "BẢO HIỂM XÃ HỘI", "VIỆT NAM", size)
    mark = np.asarray(picture.convert("RGB"))[..., ::-1]
    page = in_colour(gray)
    part = page[px(y) : px(y) + mark.shape[0], px(x) : px(x) + mark.shape[1]]
    part[:] = (part.astype(np.uint16) * mark[: part.shape[0], : part.shape[1]] // 255).astype(
        np.uint8
    )
    return page


class StampedDecoder:
    """Gives one page, in colour and in grey as scanners make it."""

    def __init__(self, page: Colour) -> None:
        self.page = page

    def gray(self, path: Path, *, turn: Turn = 0, reduce: Literal[1, 2, 4] = 1) -> Gray:
        small = self.colour(path, turn=turn, reduce=reduce)
        return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), dtype=np.uint8)

    def colour(self, path: Path, *, turn: Turn = 0, reduce: Literal[1, 2, 4] = 1) -> Colour:
        return np.ascontiguousarray(np.rot90(self.page, -turn // 90)[::reduce, ::reduce])


def test_what_a_seal_leaves_behind_is_no_dirt() -> None:
    sheet = PrintedPage(120, 80, DPI).column(8, 8, *[f"{TEXT} {n}" for n in range(7)], pitch=9)
    lines, rng = sheet.text().lines, np.random.default_rng(5)
    page = stamped(sheet.gray(), 30, 12, 50)
    grainy = np.clip(page + rng.normal(0, 14, page.shape), 0, 255).astype(np.uint8)
    decoder = StampedDecoder(grainy)
    high, wide = grainy.shape[:2]
    text = read_page(
        raw_page(wide, high, float(DPI)),
        look(),
        None,
        decoder,
        ScriptedEngine(lambda _: lines),
        Path("page"),
        OcrSettings(),
        ImagingSettings(),
    )
    (found,) = find_seals(decoder.colour(Path("page"), reduce=2), DPI / 2)
    clean = without_seals(decoder.gray(Path("page")), grainy, (found,), 2.0)
    assert text.specks == specks(decoder.gray(Path("page")), text.lines, wide)
    assert text.specks != specks(clean, text.lines, wide)


class TestRuling:
    @pytest.mark.parametrize("thick", [1, 2, 4])
    def test_a_frame_vanishes_and_the_print_stays(self, thick: int) -> None:
        plain = printed()
        ruled = plain.copy()
        cv2.rectangle(ruled, (px(5), px(6)), (px(115), px(50)), (40,), thick)
        cv2.line(ruled, (px(5), px(25)), (px(115), px(25)), (40,), thick)
        clean = without_ruling(ruled, find_ruling(ruled, DPI))
        assert int(clean.min(axis=1)[px(25)]) > 200
        lost = np.count_nonzero((plain < 100) & (clean > 150))
        assert lost <= 0.01 * np.count_nonzero(plain < 100)
        left = np.count_nonzero((plain > 200) & (clean < 150))
        assert left <= 0.02 * np.count_nonzero(ruled != plain)

    def test_a_page_without_lines_is_given_back(self) -> None:
        page = printed()
        assert without_ruling(page, find_ruling(page, DPI)) is page

    def test_bars_and_short_strokes_stay(self) -> None:
        page = np.full((px(60), px(60)), 255, dtype=np.uint8)
        page[px(10) : px(14), px(5) : px(50)] = 0
        page[px(30) : px(36), px(20) : px(20) + 2] = 0
        assert np.array_equal(without_ruling(page, find_ruling(page, DPI)), page)

    @pytest.mark.parametrize("shape", [(1, 1), (3, 400), (400, 3), (8, 8)])
    def test_slivers_are_no_trouble(self, shape: tuple[int, int]) -> None:
        blank = np.zeros(shape, dtype=np.uint8)
        assert without_ruling(blank, find_ruling(blank, DPI)).shape == shape


class TestSeals:
    def test_a_name_under_a_seal_is_seen_again(self) -> None:
        plain = printed()
        page = stamped(plain, 20.0, 2.0)
        grey = np.asarray(cv2.cvtColor(page, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
        small = np.asarray(cv2.resize(page, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
        (found,) = find_seals(small.astype(np.uint8), DPI / 2)
        clean = without_seals(grey, page, (found,), 2.0)
        inked = (plain > 240) & (grey < 160)
        assert np.count_nonzero(inked) > 2000
        assert np.count_nonzero(inked & (clean < 180)) <= 0.02 * np.count_nonzero(inked)
        assert np.count_nonzero((plain < 80) & (clean > 120)) == 0

    def test_no_red_no_seal(self) -> None:
        assert find_seals(in_colour(printed()), DPI) == ()

    @pytest.mark.parametrize(
        ("width", "height"),
        [(80.0, 8.0), (60.0, 20.0), (10.0, 10.0), (90.0, 90.0)],
        ids=["title", "stamp", "dot", "sheet"],
    )
    def test_other_red_print_stays(self, width: float, height: float) -> None:
        page = np.full((px(110), px(110), 3), 255, dtype=np.uint8)
        page[px(5) : px(5 + height), px(5) : px(5 + width)] = (45, 40, 205)
        assert find_seals(page, DPI) == ()

    def test_a_seal_over_the_edge_is_cleaned_to_the_edge(self) -> None:
        page = stamped(printed(), 95.0, 20.0)
        grey = np.asarray(cv2.cvtColor(page, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
        (found,) = find_seals(page, DPI)
        clean = without_seals(grey, page, (found,), 1.0)
        assert np.count_nonzero(clean[:, px(96) :] < 180) == 0
