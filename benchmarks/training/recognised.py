"""A drawn page as an engine would have read it, without reading it: true lines with misreadings.

Kinds and rates of misreadings follow what Tesseract does to such pages: whole accented vowels lost,
marks lost or exchanged, look-alikes, words lost under seals, crumbs from rules and leaders. May not
come in: drawing, models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.factory.truth import Hand, TruthLine, TruthPart
from pipeline.models.base import Box
from pipeline.models.text import EngineIdentity, Line, PageText, Word
from pipeline.textnorm import strip_marks

ENGINE: Final = EngineIdentity(engine="made", version="1", model="vie", model_sha256="0" * 64)
_ACCENTED: Final = frozenset("ẫổộốấứầửảểẩễệềếạậắằặờởợỡớừựữủụỏọịỉ")
_ALIKE: Final = dict(zip("l10OiI58đươôâănm", "1lOOllSBduoóáãmn", strict=True))
_CRUMBS: Final = (".", "..", "......", "_", "|", "-", "—", "«", "~", "“", ":", "i", "TT", "ơ")


@dataclass(frozen=True, slots=True)
class PrintedPage:
    """What stands where on a drawn page."""

    width_px: int
    height_px: int
    dpi: int
    lines: tuple[TruthLine, ...]


def recognised(
    page: PrintedPage, rng: np.random.Generator, harm: float, index: int = 0
) -> PageText:
    """The page as read.

    Args:
        page: with the places of its lines.
        rng: source of chance.
        harm: 0: read without a fault; 1: badly scanned (one letter in ten wrong).
        index: 0-based in the batch.
    """
    width, height = page.width_px, page.height_px
    scale = 300 / page.dpi
    lines: list[Line] = []
    for row in _rows(page.lines, rng):
        if rng.random() < 0.02 * harm:
            continue
        words = [w for part in row for w in _words(part, rng, harm, scale)]
        if not words:
            continue
        box = words[0].box
        for word in words[1:]:
            box = box.union(word.box)
        lines.append(Line(words=tuple(words), box=box, block=len(lines) // 8))
    for _ in range(int(rng.poisson(2.5 * harm))):
        lines.insert(int(rng.integers(len(lines) + 1)), _crumb(rng, width * scale, height * scale))
    return PageText(
        index=index,
        turn=0,
        width_px=round(width * scale),
        height_px=round(height * scale),
        dpi=300.0,
        lines=tuple(lines),
        engine=ENGINE,
    )


def _rows(lines: Sequence[TruthLine], rng: np.random.Generator) -> list[list[TruthPart]]:
    """Engines join columns at one height as often as they keep them apart."""
    join = rng.random() < 0.5
    rows: list[list[TruthLine]] = []
    for line in sorted(lines, key=lambda each: (each.box.y1, each.box.x0)):
        before = rows[-1][-1] if rows else None
        level = before is not None and abs(line.box.y1 - before.box.y1) < 0.4 * before.box.height
        if join and level and before is not None and line.box.x0 > before.box.x1:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [[part for line in row for part in line.parts] for row in rows]


def _words(part: TruthPart, rng: np.random.Generator, harm: float, scale: float) -> list[Word]:
    pen, stamp = part.hand is Hand.PEN, part.hand is Hand.STAMP
    letters = harm * (0.10 if not (pen or stamp) else 0.3) + (0.05 if pen else 0.0)
    step = part.box.width / max(len(part.text), 1)
    out: list[Word] = []
    at = 0
    for token in part.text.split(" "):
        box = Box(
            x0=(part.box.x0 + at * step) * scale,
            y0=part.box.y0 * scale,
            x1=(part.box.x0 + (at + max(len(token), 1)) * step) * scale,
            y1=part.box.y1 * scale,
        )
        at += len(token) + 1
        if not token or rng.random() < (0.3 if stamp else 0.015 * harm):
            continue
        read = _misread(token, rng, letters)
        if read:
            base = 0.95 if read == token else 0.72
            sure = float(np.clip(base - 0.15 * harm + rng.normal(0, 0.05), 0.05, 0.99))
            out.append(Word(text=read, confidence=sure, box=box))
    return out


def _misread(token: str, rng: np.random.Generator, rate: float) -> str:
    out = []
    for char, chance in zip(token, rng.random(len(token)), strict=True):
        if chance >= rate * (2.0 if char.lower() in _ACCENTED else 0.6):
            out.append(char)
            continue
        kind = rng.random()
        if char.lower() in _ACCENTED:
            if kind < 0.35:
                continue
            out.append(strip_marks(char) if kind < 0.75 else _remarked(char, rng))
        elif char in _ALIKE and kind < 0.7:
            out.append(_ALIKE[char])
        elif kind < 0.85:
            out.append(char)
    return "".join(out)


def _remarked(char: str, rng: np.random.Generator) -> str:
    base = strip_marks(char).lower()
    marked = {"a": "áàâã", "e": "éèê", "i": "íì", "o": "óòôơ", "u": "úùư", "y": "ýỳ"}.get(base, "a")
    new = marked[int(rng.integers(len(marked)))]
    return new.upper() if char.isupper() else new


def _crumb(rng: np.random.Generator, width: float, height: float) -> Line:
    x, y = float(rng.uniform(0, 0.95) * width), float(rng.uniform(0, 0.98) * height)
    box = Box(x0=x, y0=y, x1=x + 30.0, y1=y + float(rng.uniform(8, 50)))
    text = _CRUMBS[int(rng.integers(len(_CRUMBS)))]
    return Line(words=(Word(text=text, confidence=0.3, box=box),), box=box, block=0)
