"""Marks of people and offices: signature scribbles, round red seals, photographs, QR codes."""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np
import zxingcpp
from PIL import Image, ImageDraw, ImageFilter

from benchmarks.factory.fonts import Face, load
from benchmarks.factory.paper import BLUE, RED, Ink

_MM_PER_INCH: Final = 25.4
_OVERSAMPLE: Final = 2


def signature(
    rng: np.random.Generator, dpi: int, width_mm: float = 34.0, ink: Ink = BLUE
) -> Image.Image:
    """A scribble on white: a few loops along a rising line."""
    width, height = (round(side * dpi / _MM_PER_INCH) for side in (width_mm, width_mm * 0.55))
    picture = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(picture)
    steps = np.linspace(0.0, 1.0, 260)
    turns = float(rng.uniform(4.0, 7.0))
    swing = rng.uniform(0.10, 0.30, 3)
    x = 0.10 + 0.72 * steps + 0.07 * np.sin(2 * math.pi * turns * steps + float(rng.uniform(0, 6)))
    y = (
        0.62
        - 0.22 * steps
        + swing[0] * np.cos(2 * math.pi * turns * steps) * (1.05 - steps)
        + 0.08 * np.sin(2 * math.pi * 2.3 * steps)
    )
    points = [(float(a) * width, float(b) * height) for a, b in zip(x, y, strict=True)]
    pen = max(round(0.45 * dpi / _MM_PER_INCH), 1)
    draw.line(points, fill=ink, width=pen, joint="curve")
    tail = [(0.15 * width, 0.80 * height), (0.92 * width, 0.66 * height)]
    draw.line([points[-1], *reversed(tail)], fill=ink, width=pen, joint="curve")
    return picture


def seal(
    rng: np.random.Generator, dpi: int, rim: str, centre: str, diameter_mm: float = 36.0
) -> Image.Image:
    """A round red seal on white, stamped a little askew and unevenly inked."""
    size = round(diameter_mm * dpi / _MM_PER_INCH) * _OVERSAMPLE
    picture = Image.new("RGB", (size, size), "white")
    draw = ImageDraw.Draw(picture)
    middle = size / 2
    for radius, width in ((0.49, 0.018), (0.455, 0.007), (0.30, 0.007)):
        reach = radius * size
        box = (middle - reach, middle - reach, middle + reach, middle + reach)
        draw.ellipse(box, outline=RED, width=round(width * size))
    _around(picture, rim, dpi)
    _star(draw, middle, middle * 0.86, size * 0.075)
    font = load(Face.SERIF_BOLD, 7.0 * _OVERSAMPLE, dpi)
    draw.text((middle, middle * 1.22), centre, font=font, fill=RED, anchor="mm")
    small = picture.resize((size // _OVERSAMPLE, size // _OVERSAMPLE), Image.Resampling.LANCZOS)
    turned = small.rotate(
        float(rng.uniform(-14, 14)), Image.Resampling.BICUBIC, fillcolor=(255, 255, 255)
    )
    return _worn(turned, rng)


def _around(picture: Image.Image, text: str, dpi: int) -> None:
    """Letters along the upper rim."""
    font = load(Face.SERIF_BOLD, 8.0 * _OVERSAMPLE, dpi)
    middle, reach = picture.width / 2, 0.378 * picture.width
    widths = [font.getlength(char) + picture.width * 0.008 for char in text]
    angle = -sum(widths) / reach / 2
    for char, width in zip(text, widths, strict=True):
        angle += width / reach / 2
        tile = Image.new("L", (picture.width // 8, picture.width // 8), 0)
        ImageDraw.Draw(tile).text(
            (tile.width / 2, tile.height / 2), char, font=font, fill=255, anchor="mm"
        )
        tile = tile.rotate(-math.degrees(angle), Image.Resampling.BICUBIC)
        x = middle + reach * math.sin(angle) - tile.width / 2
        y = middle - reach * math.cos(angle) - tile.height / 2
        picture.paste(RED, (round(x), round(y)), tile)
        angle += width / reach / 2


def _star(draw: ImageDraw.ImageDraw, x: float, y: float, reach: float) -> None:
    points = []
    for corner in range(10):
        radius = reach if corner % 2 == 0 else reach * 0.40
        angle = math.pi * corner / 5
        points.append((x + radius * math.sin(angle), y - radius * math.cos(angle)))
    draw.polygon(points, fill=RED)


def _worn(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Uneven ink: the stamp presses harder in places."""
    coarse = rng.uniform(0.55, 1.0, (9, 9)).astype(np.float32)
    press = cv2.resize(coarse, picture.size, interpolation=cv2.INTER_CUBIC)[..., None]
    pixels = 255 - (255 - np.asarray(picture, dtype=np.float32)) * press
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def photograph(
    rng: np.random.Generator, dpi: int, width_mm: float, height_mm: float
) -> Image.Image:
    """A portrait without a face: shoulders and head as soft grey shapes."""
    width, height = (round(side * dpi / _MM_PER_INCH) for side in (width_mm, height_mm))
    shade = int(rng.integers(150, 200))
    picture = Image.new("RGB", (width, height), (shade, shade + 15, shade + 35))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((-0.05 * width, 0.66 * height, 1.05 * width, 1.5 * height), fill=(58, 62, 78))
    draw.ellipse((0.27 * width, 0.16 * height, 0.73 * width, 0.66 * height), fill=(196, 164, 142))
    draw.pieslice(
        (0.24 * width, 0.08 * height, 0.76 * width, 0.56 * height), 180, 360, fill=(40, 34, 34)
    )
    return picture.filter(ImageFilter.GaussianBlur(width / 60))


def qr(text: str, dpi: int, side_mm: float) -> Image.Image:
    """A QR code (ISO/IEC 18004), modules enlarged without smoothing."""
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode)
    modules = np.asarray(zxingcpp.write_barcode_to_image(code))
    side = round(side_mm * dpi / _MM_PER_INCH)
    return Image.fromarray(modules).resize((side, side), Image.Resampling.NEAREST).convert("RGB")


def copy_stamp(rng: np.random.Generator, dpi: int, text: str) -> Image.Image:
    """A framed red stamp such as `SAO Y BẢN CHÍNH` on white, a little askew and unevenly inked."""
    font = load(Face.SERIF_BOLD, 12.0 * _OVERSAMPLE, dpi)
    room = round(2.0 * dpi / _MM_PER_INCH) * _OVERSAMPLE
    x0, y0, x1, y1 = font.getbbox(text)
    size = (round(x1 - x0) + 4 * room, round(y1 - y0) + 4 * room)
    picture = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(picture)
    frame = (room, room, size[0] - room, size[1] - room)
    draw.rectangle(frame, outline=RED, width=max(room // 4, 1))
    draw.text((size[0] / 2, size[1] / 2), text, font=font, fill=RED, anchor="mm")
    small = picture.resize(
        (size[0] // _OVERSAMPLE, size[1] // _OVERSAMPLE), Image.Resampling.LANCZOS
    )
    turned = small.rotate(
        float(rng.uniform(-4, 4)), Image.Resampling.BICUBIC, fillcolor=(255, 255, 255)
    )
    return _worn(turned, rng)
