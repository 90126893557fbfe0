"""Digits doubted: is every digit of a page shaped like the others that were read the same?

Engines misread digits with full confidence. A page shows each digit many times in the same type
or hand, so a digit that looks like those read as another one contradicts the reading, whatever
the engine believes. Confidences only fall here; no text is changed. May not come in: which number
a value should be, fields, an engine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.models.base import Box
from pipeline.models.text import Line, Word
from pipeline.ports.reading import Gray

Shape: TypeAlias = NDArray[np.float32]
"""A digit at fixed height, mean 0 and length 1: products are similarities."""

_NUMBER: Final = re.compile(r"[\d/.,:;()\-–+]{1,40}")
_TALL: Final = "/()"
"""Signs as tall as digits."""
_MARGIN: Final = 0.12
"""Of the word's height, around its box."""
_LEAST_HEIGHT: Final = 0.45
"""Of the word's height: marks below are points, commas, dashes, dirt."""
_WIDEST: Final = 1.3
"""Of its height: wider marks are rules."""
_HEIGHTS_PX: Final = (8.0, 200.0)
_WIDTH, _HEIGHT = 16, 24
_SMOOTH: Final = 0.8
_ALIKE: Final = 0.85
"""Similarity of the same digit in the same type; different digits stay below 0.8 (measured)."""
_AS_GOOD: Final = 0.06
"""A neighbour counts while it is that near to the best one."""
_SHARE: Final = 0.5
"""A reading that no more of the neighbours share is contradicted."""
_MOST_SHAPES: Final = 1500
"""Digits compared with each other; further ones are compared with these."""
_LONG: Final = 6
"""Digits of a number that someone may be paid by."""
_CONTRADICTED: Final = 0.5
_UNCONFIRMED: Final = 0.95
"""Factors on the confidence."""


@dataclass(frozen=True, slots=True)
class _Digit:
    word: int
    """Which number of the page it is part of."""
    read: str
    shape: Shape


def doubted(gray: Gray, lines: Sequence[Line]) -> tuple[Line, ...]:
    """The lines, numbers with contradicted digits at half their confidence.

    Long numbers that could not be compared lose a little.

    Args:
        gray: image that was read, dark on light.
        lines: what was read on it, boxes in its pixels.
    """
    words = [w for line in lines for w in line.words if _is_number(w.text)]
    found = [_digits(gray, word, number) for number, word in enumerate(words)]
    digits = [digit for cut in found for digit in cut]
    factors = dict.fromkeys((id(w) for w in words if _long(w)), _UNCONFIRMED)
    factors |= _factors(words, digits) if digits else {}
    return tuple(
        line.model_copy(update={"words": tuple(_lowered(w, factors) for w in line.words)})
        for line in lines
    )


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None and any(char.isdigit() for char in text)


def _long(word: Word) -> bool:
    return sum(char.isdigit() for char in word.text) >= _LONG


def _lowered(word: Word, factors: dict[int, float]) -> Word:
    factor = factors.get(id(word), 1.0)
    if factor == 1.0:
        return word
    return word.model_copy(update={"confidence": word.confidence * factor})


def _factors(words: Sequence[Word], digits: Sequence[_Digit]) -> dict[int, float]:
    """By the word's identity, for every word that could be cut into its digits."""
    shares = _shares(digits)
    bounds = [i for i, d in enumerate(digits) if i == 0 or digits[i - 1].word != d.word]
    factors = {}
    for begin, end in pairwise([*bounds, len(digits)]):
        word = words[digits[begin].word]
        mine = shares[begin:end]
        if any(share is not None and share <= _SHARE for share in mine):
            factors[id(word)] = _CONTRADICTED
        elif None in mine and _long(word):
            factors[id(word)] = _UNCONFIRMED
        else:
            factors[id(word)] = 1.0
    return factors


def _shares(digits: Sequence[_Digit]) -> list[float | None]:
    """Share of the look-alikes of each digit that were read as it was; None without any."""
    shapes = np.stack([digit.shape for digit in digits])
    read = np.array([digit.read for digit in digits])
    step = -(-len(digits) // _MOST_SHAPES)
    chosen = np.arange(0, len(digits), step)
    shares: list[float | None] = []
    for begin in range(0, len(digits), _MOST_SHAPES):
        some = slice(begin, begin + _MOST_SHAPES)
        similar = shapes[some] @ shapes[chosen].T
        itself = np.arange(begin, begin + len(similar))[:, None] == chosen[None, :]
        similar[itself] = -1.0
        best = similar.max(axis=1, keepdims=True)
        alike = (similar >= _ALIKE) & (similar >= best - _AS_GOOD)
        same = (alike & (read[some][:, None] == read[chosen][None, :])).sum(axis=1)
        total = alike.sum(axis=1)
        shares += [
            float(s / t) if t else None for s, t in zip(same.tolist(), total.tolist(), strict=True)
        ]
    return shares


def _digits(gray: Gray, word: Word, number: int) -> list[_Digit]:
    """The word's digits, left to right; none where its marks do not fit its text."""
    crop = _around(gray, word.box)
    if crop is None:
        return []
    level, _ = cv2.threshold(crop, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    ink = (crop <= level).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    marks = sorted(_marks(np.asarray(stats, dtype=np.int32), word.box.height))
    signs = [char for char in word.text if char.isdigit() or char in _TALL]
    if len(marks) != len(signs):
        return []
    paper = float(np.percentile(crop, 95))
    digits = []
    for sign, (x, y, width, height, label) in zip(signs, marks, strict=True):
        if sign.isdigit():
            part = (slice(y, y + height), slice(x, x + width))
            others = (labels[part] != label) & (labels[part] != 0)
            dark = np.clip(paper - crop[part].astype(np.float32), 0, None)
            digits.append(_Digit(number, sign, _shape(np.where(others, np.float32(0), dark))))
    return digits


def _around(gray: Gray, box: Box) -> Gray | None:
    if not _HEIGHTS_PX[0] <= box.height <= _HEIGHTS_PX[1]:
        return None
    margin = _MARGIN * box.height
    x0, y0 = int(max(box.x0 - margin, 0)), int(max(box.y0 - margin, 0))
    crop = gray[y0 : int(box.y1 + margin), x0 : int(box.x1 + margin)]
    return crop if crop.size else None


def _marks(stats: NDArray[np.int32], tall: float) -> Iterator[tuple[int, int, int, int, int]]:
    """Left, top, width, height and label of marks as tall as a digit."""
    for label in range(1, len(stats)):
        x, y, width, height = (int(value) for value in stats[label][:4])
        if height >= _LEAST_HEIGHT * tall and width <= _WIDEST * height:
            yield x, y, width, height, label


def _shape(dark: NDArray[np.float32]) -> Shape:
    height, width = dark.shape
    scaled = max(1, min(_WIDTH, round(width * _HEIGHT / height)))
    left = (_WIDTH - scaled) // 2
    canvas = np.zeros((_HEIGHT, _WIDTH), dtype=np.float32)
    canvas[:, left : left + scaled] = cv2.resize(
        dark, (scaled, _HEIGHT), interpolation=cv2.INTER_AREA
    )
    smooth = cv2.GaussianBlur(canvas, (0, 0), _SMOOTH).ravel()
    centred = smooth - smooth.mean()
    return np.asarray(centred / max(float(np.linalg.norm(centred)), 1e-6), dtype=np.float32)
