"""Recognised pages made from printed lines."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.models.base import Box
from pipeline.models.text import EngineIdentity, Line, PageText, Word

ENGINE = EngineIdentity(engine="fake", version="1", model="vie", model_sha256="0" * 64)
GAP = " || "
"""Separates two columns in a printed line."""


def page_text(
    lines: Sequence[str],
    *,
    index: int = 0,
    width_px: int = 1654,
    height_px: int = 2339,
    confidence: float = 0.93,
    top: float = 0.04,
    footer: str | None = None,
) -> PageText:
    """A page at 200 dpi: one line below the other from `top`; an empty string leaves a line out.

    Lines may hold two columns separated by `GAP`; `footer` is printed at the bottom centre.
    """
    pitch, height, letter = 46.0, 28.0, 15.0
    out: list[Line] = []

    def put(text: str, y: float, x: float) -> None:
        words: list[Word] = []
        for column, part in enumerate(text.split(GAP)):
            at = x if column == 0 else max(width_px * 0.52, words[-1].box.x1 + 120)
            for token in part.split():
                box = Box(x0=at, y0=y, x1=at + letter * len(token), y1=y + height)
                words.append(Word(text=token, confidence=confidence, box=box))
                at = box.x1 + letter * 0.7
        box = words[0].box
        for word in words:
            box = box.union(word.box)
        out.append(Line(words=tuple(words), box=box, block=0))

    for number, text in enumerate(lines):
        if text.strip():
            put(text, top * height_px + number * pitch, 0.12 * width_px)
    if footer:
        put(footer, 0.95 * height_px, 0.5 * width_px)
    return PageText(
        index=index,
        turn=0,
        width_px=width_px,
        height_px=height_px,
        dpi=200.0,
        lines=tuple(out),
        engine=ENGINE if out else None,
    )
