"""Worn pages made ready for reading: borders go, grain is smoothed, faint print darkens."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from pipeline.ports.reading import Gray
from pipeline.stages.recognition import cleared

WIDTH, HEIGHT = 800, 1000
BAR = (slice(300, 306), slice(200, 500))
"""Where a stroke is printed."""


def page(ink: int = 40, paper: int = 240, grain: float = 0.0, border: int = 0) -> Gray:
    image = Image.new("L", (WIDTH, HEIGHT), paper)
    draw = ImageDraw.Draw(image)
    for y in range(300, 900, 24):
        draw.rectangle((200, y, 499, y + 5), fill=ink)
    if border:
        draw.rectangle((WIDTH - border, 0, WIDTH, HEIGHT), fill=45)
    noise = np.random.default_rng(4).normal(0, grain, (HEIGHT, WIDTH)) if grain else 0
    return np.asarray(np.clip(np.asarray(image, np.float32) + noise, 0, 255), np.uint8)


@pytest.mark.parametrize("border", [0, 60])
def test_a_good_page_is_left_as_it_is(border: int) -> None:
    good = page(border=border, grain=1.0)
    assert cleared(good) is good


def test_black_and_white_is_left_as_it_is() -> None:
    bilevel = page(ink=0, paper=255, border=60)
    assert cleared(bilevel) is bilevel


@pytest.mark.parametrize("border", [0, 30, 120])
@pytest.mark.parametrize("ink", [120, 160])
def test_faint_print_becomes_black_on_white_with_nothing_around(ink: int, border: int) -> None:
    clear = cleared(page(ink=ink, border=border, grain=3.0))
    assert float(clear[BAR].mean()) < 40
    assert float(clear[100:280, 200:500].mean()) > 250
    if border:
        assert float(clear[:, WIDTH - border :].mean()) > 245


def test_grain_is_smoothed_and_shape_kept() -> None:
    grainy = page(grain=9.0)
    clear = cleared(grainy)
    assert clear.shape == grainy.shape
    assert float(clear[100:280, 200:500].std()) < 0.5 * float(grainy[100:280, 200:500].std())
    assert float(clear[BAR].mean()) < 60


@pytest.mark.parametrize("value", [0, 128, 255])
@pytest.mark.parametrize("shape", [(3, 5), (8, 8), (200, 300)])
def test_an_even_page_comes_back(value: int, shape: tuple[int, int]) -> None:
    even = np.full(shape, value, np.uint8)
    assert np.array_equal(cleared(even), even)


@pytest.mark.parametrize("shade", [0.62, 0.7, 0.8])
def test_print_in_a_shadow_stays(shade: float) -> None:
    fall = np.linspace(1.0, shade, WIDTH)[None, :]
    shaded = np.asarray(np.clip(page(grain=3.0) * fall, 0, 255), np.uint8)
    clear = cleared(shaded)
    assert float(clear[BAR].mean()) < 80
    step = page(grain=3.0).astype(np.float32)
    step[:, 350:] *= shade
    clear = cleared(np.asarray(np.clip(step, 0, 255), np.uint8))
    assert float(clear[302:304, 380:490].mean()) < 100
