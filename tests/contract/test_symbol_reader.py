"""Contract of the symbol reader, over its adapter."""

from __future__ import annotations

import time

import cv2
import numpy as np
import pytest

from pipeline.adapters.symbols import ZxingSymbolReader, draw_qr, looks_like_qr
from pipeline.models.pages import SymbolFormat
from pipeline.ports.reading import Gray, SymbolReader

TEXT = "SOHOA1|S|0a1b2c3d4e5f|HS-2026-0001|BHXH1L|LS2_SETTLE_ABROAD|F_14_HSB|1|5|0123abcd"


@pytest.fixture
def reader() -> SymbolReader:
    return ZxingSymbolReader()


def page(*, scale: int = 4, text: str = TEXT) -> Gray:
    symbol = np.kron(draw_qr(text, level="M"), np.ones((scale, scale), np.uint8))
    out = np.full((1754, 1240), 255, np.uint8)
    out[200 : 200 + symbol.shape[0], 700 : 700 + symbol.shape[1]] = symbol
    return out


def print_of(lines: int) -> Gray:
    out = np.full((2339, 1654), 250, np.uint8)
    for i in range(lines):
        text = f"Dieu {i} can cu Luat Bao hiem xa hoi so 58/2014 ngay 20 thang 11"
        cv2.putText(out, text, (120, 150 + 40 * i), cv2.FONT_HERSHEY_SIMPLEX, 0.9, 20, 2)
    return out


@pytest.mark.parametrize("lies", [0, 1, 2, 3])
def test_any_way_up(reader: SymbolReader, lies: int) -> None:
    upright = page()
    found = reader.read(np.rot90(upright, lies))
    assert [(f.symbol.text, f.turn, f.symbol.format) for f in found] == [
        (TEXT, 90 * lies, SymbolFormat.QR)
    ]
    side = draw_qr(TEXT, level="M").shape[0] * 4
    x, y = 700 + side / 2, 200 + side / 2
    place = {0: (x, y), 1: (y, 1240 - x), 2: (1240 - x, 1754 - y), 3: (1754 - y, x)}[lies]
    assert (found[0].symbol.x, found[0].symbol.y) == pytest.approx(place, abs=8)
    assert found[0].symbol.side == pytest.approx(side, abs=8)


@pytest.mark.parametrize("tilt", [-6.0, 3.0])
def test_tilted_and_noisy(reader: SymbolReader, tilt: float) -> None:
    upright = page()
    height, width = upright.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), tilt, 1.0)
    tilted = cv2.warpAffine(upright, matrix, (width, height), borderValue=255)
    noise = np.random.default_rng(5).normal(0, 30, tilted.shape)
    dirty = np.clip(cv2.GaussianBlur(tilted, (0, 0), 0.8) + noise, 0, 255).astype(np.uint8)
    assert [(f.symbol.text, f.turn) for f in reader.read(dirty)] == [(TEXT, 0)]


def test_two_symbols(reader: SymbolReader) -> None:
    both = np.vstack([page(), page(text="other")])
    assert {f.symbol.text for f in reader.read(both)} == {TEXT, "other"}


@pytest.mark.parametrize("shape", [(0, 0), (1, 1), (1, 4000), (300, 3)])
def test_odd_images_hold_nothing(reader: SymbolReader, shape: tuple[int, int]) -> None:
    assert reader.read(np.zeros(shape, np.uint8)) == ()


def test_other_symbols_are_not_asked_for(reader: SymbolReader) -> None:
    stripes = np.full((600, 900), 255, np.uint8)
    stripes[100:300, 100:800:9] = 0
    assert reader.read(stripes) == ()


def test_ordinary_pages_are_cheap(reader: SymbolReader) -> None:
    ordinary = print_of(50)
    reader.read(ordinary)
    began = time.process_time()
    assert reader.read(ordinary) == ()
    assert time.process_time() - began < 0.25
    assert not looks_like_qr(ordinary)


def test_a_visible_symbol_is_looked_at_closer() -> None:
    assert looks_like_qr(page())
