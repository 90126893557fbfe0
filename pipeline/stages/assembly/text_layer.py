"""The invisible text layer: recognised words laid over the page image, in reading order.

Each word fills its box in width, gaps are real spaces, lines share one size per layout block, so
that readers select whole lines and extractors give the text back in order. Pure functions from
`PageText` to content operators. May not come in: images, PDF objects.
"""

from __future__ import annotations

import statistics
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from pipeline.models.text import Line, PageText, Word
from pipeline.stages.assembly.glyphless import ADVANCE
from pipeline.textnorm import nfc

_SNAP: Final = 0.35
"""A line takes the size of its block where it differs by no more than this share."""
_MIN_SIZE_PT: Final = 1.0
_MIN_GAP: Final = 0.12
"""Least width of a space, share of the font size."""
_UNFIT: Final = frozenset(("Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"))
_FULL: Final = 100.0


def shown(text: str) -> str:
    """A word as the text layer can carry it: NFC, no control, format or unassigned characters."""
    kept = (char for char in nfc(text) if unicodedata.category(char) not in _UNFIT)
    return "".join(kept).strip()


def characters(page: PageText) -> set[str]:
    """Every character the text layer of a page needs, the space included."""
    return {" "}.union(*(shown(word.text) for line in page.lines for word in line.words))


def operators(page: PageText, size_pt: tuple[float, float], encode: Callable[[str], str]) -> str:
    """The text object of a page; empty without words.

    Args:
        page: words in upright pixels (origin top-left).
        size_pt: width and height of the archived page, pt.
        encode: a text as operand of `Tj`.
    """
    if not page.lines or page.width_px <= 0 or page.height_px <= 0:
        return ""
    scale_x, scale_y = size_pt[0] / page.width_px, size_pt[1] / page.height_px
    sizes = _block_sizes(page)
    out: list[str] = []
    for line in page.lines:
        words = [word for word in line.words if shown(word.text)]
        if words:
            size = max(_line_size(line, sizes) * scale_y, _MIN_SIZE_PT)
            out.append(f"/F0 {size:.2f} Tf")
            out.extend(_line(words, size, (scale_x, scale_y, *size_pt), encode))
    return "BT 3 Tr\n" + "\n".join(out) + "\nET" if out else ""


def _line(
    words: list[Word],
    size: float,
    frame: tuple[float, float, float, float],
    encode: Callable[[str], str],
) -> Iterator[str]:
    scale_x, scale_y, page_width, page_height = frame
    for place, word in enumerate(words):
        text = shown(word.text)
        x, right = (_within(edge * scale_x, page_width) for edge in (word.box.x0, word.box.x1))
        width = max(right - x, _MIN_SIZE_PT)
        y = _within(page_height - word.box.y1 * scale_y, page_height)
        yield f"1 0 0 1 {x:.2f} {y:.2f} Tm {_stretch(len(text), width, size):.2f} Tz"
        yield f"{encode(text)} Tj"
        following = words[place + 1].box.x0 * scale_x if place + 1 < len(words) else 0.0
        gap = max(following - (x + width), size * _MIN_GAP)
        yield f"{_stretch(1, gap, size):.2f} Tz {encode(' ')} Tj"


def _within(value: float, most: float) -> float:
    return min(max(value, 0.0), most)


def _stretch(count: int, width: float, size: float) -> float:
    """Horizontal scaling, per cent, by which `count` characters fill `width` points."""
    return _FULL * width / (count * size * ADVANCE / 1000)


def _block_sizes(page: PageText) -> Mapping[int, float]:
    heights: dict[int, list[float]] = {}
    for line in page.lines:
        heights.setdefault(line.block, []).extend(word.box.height for word in line.words)
    return {block: statistics.median(found) for block, found in heights.items() if found}


def _line_size(line: Line, sizes: Mapping[int, float]) -> float:
    own = statistics.median(word.box.height for word in line.words)
    block = sizes[line.block]
    return block if abs(own - block) <= _SNAP * block else own
