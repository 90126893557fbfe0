"""What a scanner does to a page: tint, shadow, streaks, noise, tilt, its resolution and colours.

`scan` draws what `conditions` names; `age` is the plain way, for pages that only shall look
scanned. May not come in: what happened to the paper before (see `wearing`).
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from PIL import Image

from benchmarks.factory.conditions import Mode, Scanner, Wear
from benchmarks.factory.tilting import Tilt
from benchmarks.factory.wearing import PAPER
from pipeline.models.pages import Turn

_MM_PER_INCH: Final = 25.4
_SPINE_MM: Final = 9.0
"""How far the shadow of a bound edge reaches: it falls to a third over this."""
_TRANSPOSE: Final = {
    90: Image.Transpose.ROTATE_90,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_270,
}


def age(
    image: Image.Image,
    rng: np.random.Generator,
    *,
    skew_deg: float | None = None,
    noise: float = 3.0,
    turn: Turn = 0,
) -> Image.Image:
    """A page as it leaves the scanner.

    Args:
        image: upright RGB page.
        rng: source of chance.
        skew_deg: clockwise tilt, degrees; None: a slight one, up to 0.5.
        noise: standard deviation of the sensor noise, grey levels.
        turn: clockwise turn that will make the result upright again (as `PageLook.turn`).
    """
    tilt = float(rng.uniform(-0.5, 0.5)) if skew_deg is None else skew_deg
    pixels = np.asarray(image)
    height, width = pixels.shape[:2]
    if tilt:
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -tilt, 1.0)
        pixels = cv2.warpAffine(
            pixels, matrix, (width, height), flags=cv2.INTER_LINEAR, borderValue=PAPER
        )
    pixels = cv2.GaussianBlur(pixels, (0, 0), 0.6)
    aged = Image.fromarray(_exposed(pixels, rng, noise))
    return aged.transpose(_TRANSPOSE[turn]) if turn else aged


def _exposed(pixels: np.ndarray, rng: np.random.Generator, noise: float) -> np.ndarray:
    """Uneven light and paper tint, then sensor noise on brightness."""
    height, width = pixels.shape[:2]
    coarse = rng.uniform(0.965, 1.0, (6, 4)).astype(np.float32)
    light = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    grain = rng.standard_normal((height, width), dtype=np.float32) * np.float32(noise)
    tint = np.array([1.0, 0.995, 0.975], dtype=np.float32)
    out = np.empty_like(pixels)
    for channel in range(3):
        lit = pixels[..., channel] * (light * tint[channel]) + grain
        out[..., channel] = np.clip(lit, 0, 255)
    return out


def bleed_through(front: Image.Image, strength: float = 0.055) -> Image.Image:
    """The empty back of a page: the front shines through, mirrored, faint and soft.

    Args:
        front: the printed side.
        strength: share of the front's darkness that is seen.
    """
    mirrored = np.asarray(front.transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    soft = cv2.GaussianBlur(mirrored, (0, 0), max(front.width / 900, 1.0))
    paper = np.array(PAPER, dtype=np.float32)
    seen = paper - (255 - soft.astype(np.float32)) * strength
    return Image.fromarray(np.clip(seen, 0, 255).astype(np.uint8))


def scan(
    paper: np.ndarray, drawn_dpi: int, wear: Wear, scanner: Scanner, rng: np.random.Generator
) -> tuple[Image.Image, Tilt]:
    """A page as it leaves the scanner, and where everything went.

    Args:
        paper: RGB, upright, as laid in.
        drawn_dpi: resolution of `paper`; not below the scanner's.
        wear: tilt, turn, shadows of this page.
        scanner: what it keeps.
        rng: source of chance.

    Returns:
        The image in the scanner's resolution and mode (`RGB`, `L` or `1`), turned; the tilt maps
        pixels of `paper` to those of the upright scan.
    """
    scale = scanner.dpi / drawn_dpi
    height, width = (round(side * scale) for side in paper.shape[:2])
    tilt = Tilt(wear.tilt_deg, width, height, scale)
    pixels = _laid_in(paper, wear, scanner.lid)
    if (width, height) != (paper.shape[1], paper.shape[0]):
        pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    if scanner.mode is not Mode.COLOUR:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)[..., None]
    pixels = cv2.GaussianBlur(pixels, (0, 0), scanner.blur_mm * scanner.dpi / _MM_PER_INCH)
    light = _light(width, height, wear, scanner, rng)
    seen = _sensed(pixels.reshape(height, width, -1), light, scanner, rng)
    _speckle(seen, wear.specks, scanner.dpi, rng)
    if scanner.mode is Mode.BILEVEL:
        image = Image.fromarray(seen[..., 0] > scanner.threshold * 250).convert("1")
    else:
        image = Image.fromarray(seen if seen.shape[2] == 3 else seen[..., 0])
    return (image.transpose(_TRANSPOSE[wear.turn]) if wear.turn else image), tilt


def _laid_in(paper: np.ndarray, wear: Wear, lid: int) -> np.ndarray:
    """Tilted; the lid is seen where the paper is not."""
    if not wear.tilt_deg:
        return paper
    height, width = paper.shape[:2]
    matrix = Tilt(wear.tilt_deg, width, height).matrix()
    return cv2.warpAffine(
        paper, matrix, (width, height), flags=cv2.INTER_LINEAR, borderValue=(lid, lid, lid)
    )


def _light(
    width: int, height: int, wear: Wear, scanner: Scanner, rng: np.random.Generator
) -> np.ndarray:
    """Light that reaches the sensor: lamp, shadows at spine and edges, dirt on the glass."""
    mm = scanner.dpi / _MM_PER_INCH
    coarse = rng.uniform(0.965, 1.0, (6, 4)).astype(np.float32)
    light = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    across: np.ndarray = np.ones(width, dtype=np.float32)
    x, y = np.arange(width) / mm, np.arange(height) / mm
    if wear.spine:
        away = x[::-1] if wear.spine_right else x
        across = across * (1 - wear.spine * np.exp(-away / _SPINE_MM)).astype(np.float32)
    left, top, right, bottom = wear.edges_mm
    across = across * _beside(x, left) * _beside(x[::-1], right)
    for streak in scanner.streaks:
        start = round(streak.x * width)
        across[start : start + max(round(streak.width_mm * mm), 1)] *= streak.shade
    down = _beside(y, top) * _beside(y[::-1], bottom)
    light *= across[None, :]
    light *= down[:, None]
    return light


def _beside(away_mm: np.ndarray, band_mm: float) -> np.ndarray:
    """Dark up to `band_mm` from an edge, then quickly light."""
    if band_mm <= 0:
        return np.ones(away_mm.shape, dtype=np.float32)
    steep = np.clip((away_mm - band_mm) * 8, -30, 30)
    return (1 - 0.75 / (1 + np.exp(steep))).astype(np.float32)


def _sensed(
    pixels: np.ndarray, light: np.ndarray, scanner: Scanner, rng: np.random.Generator
) -> np.ndarray:
    """Lit, noisy, with the scanner's contrast."""
    height, width, channels = pixels.shape
    grain = rng.standard_normal((height, width), dtype=np.float32) * np.float32(scanner.noise)
    tint = rng.uniform(0.965, 1.0, 3) if channels == 3 else (1.0,)
    grey = np.float32(255 * (1 - scanner.contrast) * 0.75)
    out = np.empty_like(pixels)
    for channel in range(channels):
        lit = pixels[..., channel] * (light * np.float32(tint[channel] * scanner.contrast))
        out[..., channel] = np.clip(lit + (grain + grey), 0, 255)
    return out


def _speckle(pixels: np.ndarray, specks: int, dpi: int, rng: np.random.Generator) -> None:
    """Dust: dots of up to a quarter of a millimetre."""
    height, width, channels = pixels.shape
    area_cm2 = height * width * (_MM_PER_INCH / 10 / dpi) ** 2
    for _ in range(round(specks * area_cm2 / 100)):
        place = (int(rng.integers(width)), int(rng.integers(height)))
        shade = float(rng.integers(40, 170))
        radius = round(float(rng.uniform(0.0, 0.125)) * dpi / _MM_PER_INCH)
        cv2.circle(pixels, place, radius, (shade,) * channels, -1)
