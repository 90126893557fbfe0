"""What pixels say: marked and empty boxes, ruled tables, straight and tilted."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.models.base import Box
from pipeline.ports.reading import Gray
from pipeline.stages.extraction.ink import Mark, grid, level, tick_box

HEIGHT = 30.0
LABEL = Box(x0=200, y0=100, x1=420, y1=130)


def paper(noise: float = 3.0, shade: int = 245) -> Gray:
    rng = np.random.default_rng(5)
    grain = rng.normal(shade, noise, (400, 600))
    return np.clip(grain, 0, 255).astype(np.uint8)


def with_box(gray: Gray, mark: str, x: int = 160, side: int = 28, ink: int = 70) -> Gray:
    y = 102
    cv2.rectangle(gray, (x, y), (x + side, y + side), (30,), 2)
    inner = {
        "tick": [(x + 4, y + 14), (x + 11, y + 24), (x + side + 4, y - 4)],
        "cross": [(x + 4, y + 4), (x + side - 4, y + side - 4)],
    }
    if mark in inner:
        cv2.polylines(gray, [np.array(inner[mark], np.int32)], False, (ink,), 4)
    if mark == "cross":
        cv2.line(gray, (x + side - 4, y + 4), (x + 4, y + side - 4), (ink,), 4)
    if mark == "filled":
        cv2.rectangle(gray, (x, y), (x + side, y + side), (30,), -1)
    cv2.putText(gray, "Option", (200, 128), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (30,), 2)
    return gray


class TestTickBox:
    @pytest.mark.parametrize("mark", ["tick", "cross", "filled"])
    @pytest.mark.parametrize("shade", [245, 190])
    def test_a_marked_box(self, mark: str, shade: int) -> None:
        found = tick_box(with_box(paper(shade=shade), mark), LABEL, HEIGHT)
        assert found is not None
        assert found.mark is Mark.MARKED

    @pytest.mark.parametrize("noise", [0.0, 4.0, 12.0])
    def test_an_empty_box(self, noise: float) -> None:
        found = tick_box(with_box(paper(noise), ""), LABEL, HEIGHT)
        assert found is not None
        assert found.mark is Mark.EMPTY
        assert abs(found.box.x0 - 160) < 4
        assert abs(found.box.y0 - 102) < 4

    def test_a_box_behind_the_label(self) -> None:
        gray = with_box(paper(), "tick", x=430)
        assert tick_box(gray, LABEL, HEIGHT) is None
        found = tick_box(gray, LABEL, HEIGHT, right=True)
        assert found is not None
        assert found.mark is Mark.MARKED

    def test_letters_are_no_boxes(self) -> None:
        gray = paper()
        cv2.putText(gray, "HOD0", (110, 128), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (30,), 2)
        assert tick_box(gray, LABEL, HEIGHT) is None

    def test_a_label_at_the_edge_of_the_page(self) -> None:
        assert tick_box(paper(), Box(x0=1, y0=1, x1=50, y1=30), HEIGHT) is None


def ruled(columns: list[int], rows: list[int], tilt: float = 0.0) -> Gray:
    gray = np.full((900, 1200), 245, np.uint8)
    for x in columns:
        cv2.line(gray, (x, rows[0]), (x, rows[-1]), (40,), 2)
    for y in rows:
        cv2.line(gray, (columns[0], y), (columns[-1], y), (40,), 2)
    for x in columns[:-1]:
        for y in rows[:-1]:
            cv2.putText(gray, "lI1 abc", (x + 8, y + 40), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (40,), 2)
    if tilt:
        matrix = np.array([[1.0, -tilt, 0.0], [tilt, 1.0, 0.0]])
        turned = cv2.warpAffine(gray, matrix, (1200, 900), borderValue=(245,))
        return np.asarray(turned, dtype=np.uint8)
    return gray


class TestGrid:
    @pytest.mark.parametrize("tilt", [0.0, 0.02, -0.03])
    def test_rules_are_found(self, tilt: float) -> None:
        columns, rows = [100, 300, 700, 1000], [200, 260, 320, 440, 500]
        area = Box(x0=0, y0=120, x1=1200, y1=900)
        found = grid(ruled(columns, rows, tilt), area, 24.0, tilt)
        assert found is not None
        assert found.columns == pytest.approx(columns, abs=4)
        assert found.rows == pytest.approx(rows, abs=4)

    def test_a_page_without_rules(self) -> None:
        gray = np.full((900, 1200), 245, np.uint8)
        cv2.putText(gray, "lI1 lI1 lI1", (100, 300), cv2.FONT_HERSHEY_SIMPLEX, 2.0, (40,), 3)
        assert grid(gray, Box(x0=0, y0=0, x1=1200, y1=900), 24.0, 0.0) is None

    def test_level_undoes_the_tilt(self) -> None:
        x, y = level(500.0, 100.0 + 0.02 * 500.0, 0.02)
        assert y == pytest.approx(100.0)
        assert x == pytest.approx(502.2)
