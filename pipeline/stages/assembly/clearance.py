"""What the stamp must leave free on an archived page: the QR codes that were found on it.

An issued paper carries its code where a scan carries the officer's signature (domain-pack E.1).
May not come in: where the stamp goes instead.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pipeline.models.base import Box
from pipeline.models.pages import RawPage, Symbol, Turn

_POINTS_PER_INCH: Final = 72.0
_QUIET_ZONE: Final = 1 / 8
"""Blank margin that a code needs to be read, share of its side (ISO/IEC 18004: 4 modules)."""


def keep_clear(
    raw: RawPage, symbols: Iterable[Symbol], seen: Turn, archived: Turn
) -> tuple[Box, ...]:
    """Boxes of the symbols with their quiet zones, points of the archived page.

    Args:
        raw: the page.
        symbols: found on it, in pixels of the image turned by `seen`.
        seen: turn raw → the image in which they were found.
        archived: turn raw → the archived page; recognition may have put `seen` right.
    """
    scale = _POINTS_PER_INCH / raw.dpi
    height = raw.height_px if archived in (0, 180) else raw.width_px
    boxes = []
    for symbol in symbols:
        if symbol.side > 0:
            x, y = _turned(symbol, raw, seen, archived)
            half = symbol.side * (0.5 + _QUIET_ZONE)
            edges = (x - half, height - y - half, x + half, height - y + half)
            x0, y0, x1, y1 = (edge * scale for edge in edges)
            boxes.append(Box(x0=x0, y0=y0, x1=x1, y1=y1))
    return tuple(boxes)


def _turned(symbol: Symbol, raw: RawPage, seen: Turn, archived: Turn) -> tuple[float, float]:
    sides = (raw.width_px, raw.height_px)
    width, height = sides if seen in (0, 180) else sides[::-1]
    x, y = symbol.x, symbol.y
    match (archived - seen) % 360:
        case 90:
            return height - y, x
        case 180:
            return width - x, height - y
        case 270:
            return y, width - x
    return x, y
