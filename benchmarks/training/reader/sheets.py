"""A sheet full of rows, printed and scanned, as the product brings it before the engine.

No tilt, so that a row's place is known to the pixel; the product straightens what is tilted. May
not come in: what rows say, engines.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.factory.conditions import draw_scanner, draw_wear
from benchmarks.factory.paper import A4_MM, BLACK, BLUE
from benchmarks.factory.scanning import scan
from benchmarks.factory.truth import Level
from benchmarks.factory.wearing import worn
from benchmarks.training.reader.faces import Family
from benchmarks.training.reader.rows import Wording, row_words
from pipeline.models.base import Box
from pipeline.ports.reading import Gray
from pipeline.settings import OcrSettings
from pipeline.stages.recognition.reading import prepare, reading_scale
from pipeline.stages.recognition.ruling import find_ruling, without_ruling

_STREAM: Final = 77
_MID: Final = 0.62
"""Share of sheets that are scanned as in an office that takes care."""
_MM_PER_INCH: Final = 25.4
_POINTS_PER_INCH: Final = 72
_PAPER: Final = (253, 252, 248)
_FOOT_MM: Final = 284.0
_SIZES: Final = (8.5, 9.0, 9.5, 10.0, 10.5, 11.0, 12.0, 13.0, 14.0)
_SIZE_SHARES: Final = (0.06, 0.08, 0.1, 0.16, 0.1, 0.16, 0.14, 0.14, 0.06)
_SMALL: Final = 9.6
"""Points; print of that size is read at twice the resolution where most of a page is."""
_SHORT: Final = 0.25
"""Share of rows that are short, as values in cells are."""
_LEAST_LETTERS: Final = 2


@dataclass(frozen=True, slots=True)
class Row:
    """What is printed, and where in the image."""

    text: str
    box: Box
    """Of the ink."""


@dataclass(frozen=True, slots=True)
class ReadySheet:
    """What the engine is given."""

    image: Gray
    dpi: int
    level: Level
    family: str
    rows: tuple[Row, ...]


def ready_sheet(seed: int, families: Sequence[Family], wording: Wording) -> ReadySheet:
    """A sheet of some forty rows; the same arguments give the same sheet.

    Raises:
        OSError: a face is not there, see `faces.trained_packages`.
    """
    rng = np.random.default_rng([seed, _STREAM])
    level = Level.MID if rng.random() < _MID else Level.HARD
    scanner = draw_scanner(rng, level)
    drawn_dpi = scanner.drawn_dpi
    shares = np.array([family.share for family in families])
    family = families[int(rng.choice(len(families), p=shares / shares.sum()))]
    size = float(rng.choice(_SIZES, p=_SIZE_SHARES))
    page, rows = _printed(rng, family, size, drawn_dpi, wording)
    wear = replace(
        draw_wear(rng, level, scanner, A4_MM[0]), turn=0, tilt_deg=0.0, edges_mm=(0, 0, 0, 0)
    )
    paper = worn(page, wear, rng, dpi=drawn_dpi, lid=scanner.lid)
    scanned, _ = scan(paper, drawn_dpi, wear, scanner, rng)
    gray = _compressed(scanned, scanner.quality)
    height, width = gray.shape
    scale = reading_scale(float(scanner.dpi), OcrSettings().read_dpi, max(height, width))
    if size < _SMALL and scale < 1 and rng.random() < 0.5:
        scale = min(1.0, 2 * scale)
    image, _ = prepare(gray, width, height, scale, 0.0)
    image = without_ruling(image, find_ruling(image, scanner.dpi * scale))
    factor = image.shape[1] / page.width
    placed = tuple(Row(text, _scaled(box, factor)) for text, box in rows)
    return ReadySheet(image, round(scanner.dpi * scale), level, family.name, placed)


def _printed(
    rng: np.random.Generator, family: Family, size: float, dpi: int, wording: Wording
) -> tuple[Image.Image, list[tuple[str, Box]]]:
    mm = dpi / _MM_PER_INCH
    page = Image.new("RGB", (round(A4_MM[0] * mm), round(A4_MM[1] * mm)), _PAPER)
    draw = ImageDraw.Draw(page)
    pixels = round(size * dpi / _POINTS_PER_INCH)
    fonts = [ImageFont.truetype(str(file), pixels) for file in family.files]
    leading = size * _MM_PER_INCH / _POINTS_PER_INCH * float(rng.uniform(1.2, 1.6))
    ink = BLACK if rng.random() < 0.85 else BLUE
    left = float(rng.uniform(14, 26))
    rows: list[tuple[str, Box]] = []
    y = 12.0
    while y < _FOOT_MM:
        y += leading * (1.6 if rng.random() < 0.05 else 1.0)
        font = fonts[int(rng.integers(len(fonts)))]
        room = float(rng.uniform(16, 70) if rng.random() < _SHORT else rng.uniform(90, 180))
        text = _fitting(row_words(rng, wording), font, room * mm)
        x = left + (float(rng.uniform(0, 12)) if rng.random() < 0.2 else 0.0)
        if len(text) < _LEAST_LETTERS:
            continue
        place = (round(x * mm), round(y * mm))
        draw.text(place, text, font=font, fill=ink, anchor="ls")
        x0, y0, x1, y1 = draw.textbbox(place, text, font=font, anchor="ls")
        rows.append((text, Box(x0=x0, y0=y0, x1=x1, y1=y1)))
    return page, rows


def _fitting(words: Sequence[str], font: ImageFont.FreeTypeFont, room: float) -> str:
    """As many words as there is room for, px."""
    text = ""
    for word in words:
        longer = f"{text} {word}".strip()
        if font.getlength(longer) > room:
            break
        text = longer
    return text


def _compressed(scanned: Image.Image, quality: int) -> Gray:
    kept = io.BytesIO()
    (scanned.convert("L") if scanned.mode == "1" else scanned).save(kept, "JPEG", quality=quality)
    data = np.frombuffer(kept.getvalue(), dtype=np.uint8)
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)


def _scaled(box: Box, factor: float) -> Box:
    return Box(x0=box.x0 * factor, y0=box.y0 * factor, x1=box.x1 * factor, y1=box.y1 * factor)
