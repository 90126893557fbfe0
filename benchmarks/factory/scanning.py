"""What a scanner and the years do to a page: tint, shadow, noise, tilt, the other side showing."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from PIL import Image

from pipeline.models.pages import Turn

_PAPER: Final = (250, 248, 242)
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
            pixels, matrix, (width, height), flags=cv2.INTER_LINEAR, borderValue=_PAPER
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
    paper = np.array(_PAPER, dtype=np.float32)
    seen = paper - (255 - soft.astype(np.float32)) * strength
    return Image.fromarray(np.clip(seen, 0, 255).astype(np.uint8))
