"""What happens to a paper before it is scanned: toner, folds, holes, the other side showing.

Arrays are RGB, rows first, upright. May not come in: what the scanner does (see `scanning`).
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from PIL import Image

from benchmarks.factory.conditions import Wear

PAPER: Final = (250, 248, 242)
_MM_PER_INCH: Final = 25.4
_HOLE_MM: Final = 6.0
_HOLES_APART_MM: Final = 80.0
_HOLE_FROM_EDGE_MM: Final = 12.0
"""Holes of a two-hole punch: ISO 838."""


def worn(
    front: Image.Image,
    wear: Wear,
    rng: np.random.Generator,
    *,
    dpi: int,
    lid: int,
    back: Image.Image | None = None,
) -> np.ndarray:
    """The paper as it is laid into the scanner.

    Args:
        front: the side that is scanned, RGB, upright.
        wear: what happened to it.
        rng: source of chance.
        dpi: of the drawing.
        lid: grey level seen through holes.
        back: the other side, as one reads it; None: an empty one.
    """
    pixels = np.array(front)
    if wear.ink < 1.0 or wear.patchy or wear.crumbling:
        pixels = _faded(pixels, wear, rng, dpi)
    if back is not None and wear.bleed:
        pixels = _shone_through(pixels, back, wear.bleed, rng, dpi)
    for place in wear.folds:
        _fold(pixels, place, wear.fold_depth, rng, dpi)
    if wear.punched:
        _punch(pixels, rng, dpi, lid)
    return pixels


def _faded(pixels: np.ndarray, wear: Wear, rng: np.random.Generator, dpi: int) -> np.ndarray:
    """Toner that is thin, thinner in bands along the page, and crumbling."""
    height, width = pixels.shape[:2]
    bands = 1 - wear.patchy * rng.random((5, 24)).astype(np.float32)
    left = cv2.resize(bands * wear.ink, (width, height), interpolation=cv2.INTER_LINEAR)
    if wear.crumbling:
        grain_px = max(dpi / _MM_PER_INCH * 0.12, 1.0)
        shape = (round(height / grain_px), round(width / grain_px))
        grain = cv2.resize(
            rng.random(shape, dtype=np.float32), (width, height), interpolation=cv2.INTER_LINEAR
        )
        left *= np.clip((grain - wear.crumbling * 1.6) * 8 + 0.5, 0.15, 1.0)
    paper = np.float32(255)
    out = np.empty_like(pixels)
    for channel in range(3):
        out[..., channel] = paper - (paper - pixels[..., channel]) * left
    return out


def _shone_through(
    pixels: np.ndarray, back: Image.Image, share: float, rng: np.random.Generator, dpi: int
) -> np.ndarray:
    """The other side, mirrored, soft, and a little out of place."""
    height, width = pixels.shape[:2]
    other = np.asarray(back.convert("L").transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    if other.shape != (height, width):
        other = cv2.resize(other, (width, height), interpolation=cv2.INTER_AREA)
    other = cv2.GaussianBlur(other, (0, 0), dpi / _MM_PER_INCH * 0.25)
    right, down = rng.uniform(-1.5, 1.5, 2) * dpi / _MM_PER_INCH
    shift = np.array([[1, 0, right], [0, 1, down]], dtype=np.float32)
    other = cv2.warpAffine(other, shift, (width, height), borderValue=(255,))
    light = 1 - (255 - other.astype(np.float32)) / 255 * np.float32(share)
    return (pixels * light[..., None]).astype(np.uint8)


def _fold(
    pixels: np.ndarray, place: float, depth: float, rng: np.random.Generator, dpi: int
) -> None:
    """A crease across the page: one side in shadow, the other lit, toner broken off on it."""
    height, width = pixels.shape[:2]
    mm = dpi / _MM_PER_INCH
    reach = round(4 * mm)
    slope = float(rng.uniform(-0.006, 0.006))
    middle = place * height + slope * (np.arange(width) - width / 2)
    top, bottom = max(int(middle.min()) - reach, 0), min(int(middle.max()) + reach, height)
    if bottom - top < 2:
        return
    away = (np.arange(top, bottom)[:, None] - middle[None, :]) / mm
    shade = 1 - depth * np.exp(-np.abs(away) / 1.2) * np.where(away > 0, 1.0, -0.25)
    band = pixels[top:bottom].astype(np.float32) * shade[..., None].astype(np.float32)
    crumbled = np.where(rng.random(width) < 0.6, 0.18, 0.0)
    broken = np.abs(away) < crumbled[None, :]
    band[broken] = band[broken] * 0.5 + 118
    pixels[top:bottom] = np.clip(band, 0, 255).astype(np.uint8)


def _punch(pixels: np.ndarray, rng: np.random.Generator, dpi: int, lid: int) -> None:
    """Two holes along the left edge; the scanner's lid is seen through them."""
    height = pixels.shape[0]
    mm = dpi / _MM_PER_INCH
    x = round((_HOLE_FROM_EDGE_MM + float(rng.uniform(-5, 0.5))) * mm)
    middle = height / 2 + float(rng.uniform(-6, 6)) * mm
    for side in (-0.5, 0.5):
        centre = (x, round(middle + side * _HOLES_APART_MM * mm))
        radius = round(_HOLE_MM / 2 * mm)
        cv2.circle(pixels, centre, radius, (lid, lid, lid), -1, cv2.LINE_AA)
        cv2.circle(pixels, centre, radius, (190, 188, 184), max(round(0.2 * mm), 1), cv2.LINE_AA)
