"""Seals that no colour gives away: found by their rings, lifted, and what stays."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from benchmarks.factory.marks import photograph, seal
from pipeline.models.base import Box
from pipeline.ports.reading import Gray
from pipeline.stages.recognition.seal_rings import Ring, find_rings, held_back, without_rings
from tests.fakes.pages import PrintedPage
from tests.fakes.texts import page_text

DPI = 200
TEXT = "Nguyễn Thị Thủy, Trưởng phòng"


def printed() -> Gray:
    page = PrintedPage(120, 70, DPI).put(10, 4, TEXT, bold=True)
    return page.put(10, 44, TEXT, bold=True).gray().copy()


def px(mm: float) -> int:
    return round(mm * DPI / 25.4)


def stamped(page: Gray, x: float, y: float, size: float = 36.0) -> Gray:
    """A red seal multiplied over the page, its corner at (x, y) mm, as a grey scan shows it."""
    picture = seal(np.random.default_rng(3), DPI, "BẢO HIỂM XÃ HỘI", "VIỆT NAM", size)
    mark = np.asarray(picture.convert("L"), dtype=np.uint16)
    out = page.copy()
    part = out[px(y) : px(y) + mark.shape[0], px(x) : px(x) + mark.shape[1]]
    part[:] = (part * mark[: part.shape[0], : part.shape[1]] // 255).astype(np.uint8)
    return out


def black_and_white(page: Gray) -> Gray:
    return np.where(page > 170, 255, 0).astype(np.uint8)


def scanned(page: Gray, noise: float) -> Gray:
    soft = cv2.GaussianBlur(page, (0, 0), 0.5).astype(np.float32)
    rough = soft + np.random.default_rng(2).normal(0, noise, page.shape)
    return np.clip(rough, 0, 255).astype(np.uint8)


class TestFound:
    @pytest.mark.parametrize("size", [20.0, 36.0, 44.0])
    @pytest.mark.parametrize("noise", [0.0, 9.0])
    def test_a_seal_by_its_ring(self, size: float, noise: float) -> None:
        (found,) = find_rings(scanned(stamped(printed(), 20.0, 12.0, size), noise), DPI)
        middle = px(20.0) + px(size) / 2, px(12.0) + px(size) / 2
        assert math.dist((found.x, found.y), middle) <= px(1.0)
        assert 0.42 * px(size) <= found.radius <= 0.52 * px(size)

    def test_in_black_and_white_too(self) -> None:
        assert len(find_rings(black_and_white(stamped(printed(), 20.0, 12.0)), DPI)) == 1

    def test_two_seals_are_two(self) -> None:
        page = stamped(stamped(printed(), 12.0, 14.0), 70.0, 14.0)
        assert len(find_rings(page, DPI)) == 2

    def test_no_print_is_a_ring(self) -> None:
        assert find_rings(printed(), DPI) == ()

    def test_no_photograph_is_a_ring(self) -> None:
        page = printed()
        portrait = np.asarray(photograph(np.random.default_rng(1), DPI, 30.0, 40.0).convert("L"))
        page[px(12) : px(12) + portrait.shape[0], px(20) : px(20) + portrait.shape[1]] = portrait
        assert find_rings(page, DPI) == ()

    def test_no_table_is_a_ring(self) -> None:
        page = printed()
        for at in range(10, 110, 8):
            cv2.line(page, (px(at), px(12)), (px(at), px(42)), (40,), 2)
        for at in range(12, 44, 5):
            cv2.line(page, (px(10), px(at)), (px(110), px(at)), (40,), 2)
        assert find_rings(page, DPI) == ()

    @pytest.mark.parametrize("radius", [5.0, 34.0])
    def test_no_circle_of_another_size_is_a_ring(self, radius: float) -> None:
        page = np.full((px(80), px(80)), 255, dtype=np.uint8)
        cv2.circle(page, (px(40), px(40)), px(radius), (110,), px(0.6))
        assert find_rings(page, DPI) == ()

    def test_half_a_circle_is_no_ring(self) -> None:
        page = np.full((px(60), px(60)), 255, dtype=np.uint8)
        cv2.ellipse(page, (px(30), px(30)), (px(17), px(17)), 0, 0, 200, (110,), px(0.6))
        assert find_rings(page, DPI) == ()

    @pytest.mark.parametrize("shape", [(1, 1), (3, 400), (400, 3), (40, 40)])
    def test_slivers_are_no_trouble(self, shape: tuple[int, int]) -> None:
        page = np.zeros(shape, dtype=np.uint8)
        assert without_rings(page, DPI)[0] is page


class TestLifted:
    @pytest.mark.parametrize("faint", [1.0, 0.65], ids=["full", "faint"])
    def test_print_is_seen_again_in_grey(self, faint: float) -> None:
        plain = (255 - (255 - printed().astype(np.float32)) * faint).astype(np.uint8)
        page = (255 - (255 - stamped(printed(), 12.0, 8.0).astype(np.float32)) * faint).astype(
            np.uint8
        )
        clean, traces = without_rings(page, DPI)
        assert traces == ()
        inked = (plain > 240) & (page < 190)
        assert np.count_nonzero(inked) > 2000
        assert np.count_nonzero(inked & (clean < 200)) <= 0.06 * np.count_nonzero(inked)
        core = plain < int(plain.min()) + 40
        assert np.count_nonzero(core & (clean > 200)) == 0

    def test_rings_are_lifted_in_black_and_white_and_what_crosses_them_stays(self) -> None:
        plain = black_and_white(printed())
        page = black_and_white(stamped(printed(), 12.0, 8.0))
        clean, traces = without_rings(page, DPI)
        assert len(traces) == 1
        assert np.count_nonzero((plain == 0) & (clean > 0)) <= 0.01 * np.count_nonzero(plain == 0)
        y, x = np.indices(page.shape)
        away = np.hypot(x - px(12.0) - px(36.0) / 2, y - px(8.0) - px(36.0) / 2)
        ring = (np.abs(away - 0.485 * px(36.0)) < px(0.6)) & (page == 0) & (plain == 255)
        assert np.count_nonzero(ring) > 1000
        assert np.count_nonzero(ring & (clean == 0)) <= 0.2 * np.count_nonzero(ring)

    def test_nothing_outside_of_the_seal_changes(self) -> None:
        page = scanned(stamped(printed(), 12.0, 8.0), 3.0)
        clean, _ = without_rings(page, DPI)
        changed = np.argwhere(clean != page)
        middle = np.array([px(8.0), px(12.0)]) + px(36.0) / 2
        assert len(changed) > 2000
        assert np.hypot(*(changed - middle).T).max() <= 0.56 * px(36.0)

    def test_a_page_without_a_seal_is_given_back(self) -> None:
        page = printed()
        assert without_rings(page, DPI)[0] is page

    def test_lifting_again_changes_hardly_anything(self) -> None:
        once, _ = without_rings(stamped(printed(), 12.0, 8.0), DPI)
        assert find_rings(once, DPI) == ()


class TestTraces:
    def test_words_in_traces_are_doubtful_and_others_are_not(self) -> None:
        text = page_text(["Nguyễn Thị Thủy", "Trưởng phòng"], confidence=0.96)
        box = text.lines[0].words[0].box
        held = held_back(text, [Ring(box.x0 - 10, (box.y0 + box.y1) / 2, 12.0)])
        told = [word.confidence for line in held.lines for word in line.words]
        assert told == [0.6, 0.96, 0.96, 0.96, 0.96]
        assert held.text == text.text

    def test_without_traces_the_text_is_given_back(self) -> None:
        text = page_text(["Nguyễn Thị Thủy"])
        assert held_back(text, ()) is text

    def test_a_seal_turns_with_its_page(self) -> None:
        seal_at = Ring(30.0, 10.0, 5.0)
        once = seal_at.turned(200.0)
        assert once == Ring(190.0, 30.0, 5.0)
        assert once.turned(100.0).turned(200.0).turned(100.0) == seal_at

    def test_a_box_around_a_seal_meets_it(self) -> None:
        ring = Ring(50.0, 50.0, 20.0)
        assert ring.meets(Box(x0=0, y0=0, x1=100, y1=100))
        assert not ring.meets(Box(x0=75, y0=0, x1=100, y1=100))
