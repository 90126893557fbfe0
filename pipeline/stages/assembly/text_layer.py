"""The invisible text layer: recognised words laid over the page image, in reading order.

Each word fills its box in width, gaps are real spaces, lines share one size per layout block, so
that readers select whole lines and extractors give the text back in order. Pure functions from
`PageText` to content operators. May not come in: images, PDF objects.
"""

from __future__ import annotations

import statistics
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from pipeline.models.text import Line, PageText, Word
from pipeline.stages.assembly.glyphless import ADVANCE
from pipeline.textnorm import nfc

_SNAP: Final = 0.35
"""A line takes the size of its block where it differs by no more than this share."""
_MIN_SIZE_PT: Final = 1.0
_MIN_GAP: Final = 0.2
"""Least width of a space, share of the font size: extractors glue words that stand closer."""
_LEAST_SHARE: Final = 0.1
"""Share of its width that a word keeps where it makes room for that space."""
_LEAST_FOR_SLOPE: Final = 4
_MOST_RISE: Final = 0.3
"""How far a tilted line may rise or fall from end to end, share of the height of its words."""
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
    words: Sequence[Word],
    size: float,
    frame: tuple[float, float, float, float],
    encode: Callable[[str], str],
) -> Iterator[str]:
    scale_x, scale_y, page_width, page_height = frame
    edges = [
        tuple(_within(edge * scale_x, page_width) for edge in (word.box.x0, word.box.x1))
        for word in words
    ]
    foot = _foot(words)
    for place, (word, (x, right)) in enumerate(zip(words, edges, strict=True)):
        text = shown(word.text)
        width = max(right - x, _MIN_SIZE_PT)
        following = edges[place + 1][0] if place + 1 < len(words) else x + width + size
        if x < following < x + width + size * _MIN_GAP:
            width = max(following - size * _MIN_GAP - x, width * _LEAST_SHARE)
        y = _within(page_height - foot((word.box.x0 + word.box.x1) / 2) * scale_y, page_height)
        yield f"1 0 0 1 {x:.2f} {y:.2f} Tm {_stretch(len(text), width, size):.2f} Tz"
        yield f"{encode(text)} Tj"
        gap = max(following - (x + width), size * _MIN_GAP)
        yield f"{_stretch(1, gap, size):.2f} Tz {encode(' ')} Tj"


def _foot(words: Sequence[Word]) -> Callable[[float], float]:
    """The lower edge of a line at any x, upright pixels: a straight line through the words' feet.

    Letters below the baseline would otherwise make the words jump, and a steep line would run
    into the next: extractors then break lines. So the slope of a tilted scan is followed only as
    far as the words stay level enough to be read as one line.
    """
    feet = [word.box.y1 for word in words]
    middles = [(word.box.x0 + word.box.x1) / 2 for word in words]
    span = max(middles) - min(middles)
    level, centre = statistics.fmean(feet), statistics.fmean(middles)
    if len(words) < _LEAST_FOR_SLOPE or not span:
        return lambda _: level
    most = _MOST_RISE * statistics.median(word.box.height for word in words) / span
    slope = min(max(statistics.linear_regression(middles, feet).slope, -most), most)
    return lambda x: level + slope * (x - centre)


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
