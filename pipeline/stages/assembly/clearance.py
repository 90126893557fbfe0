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
            boxes.append(_quiet(x, height - y, symbol.side, scale))
    return tuple(boxes)


def keep_clear_as_drawn(symbols: Iterable[Symbol], dpi: float, height_px: int) -> tuple[Box, ...]:
    """The same for symbols that were found on a drawing of the archived page.

    Args:
        symbols: in pixels of the drawing.
        dpi: of the drawing.
        height_px: of the drawing.
    """
    return tuple(
        _quiet(s.x, height_px - s.y, s.side, _POINTS_PER_INCH / dpi) for s in symbols if s.side > 0
    )


def _quiet(x: float, y: float, side: float, scale: float) -> Box:
    half = side * (0.5 + _QUIET_ZONE)
    x0, y0, x1, y1 = (edge * scale for edge in (x - half, y - half, x + half, y + half))
    return Box(x0=x0, y0=y0, x1=x1, y1=y1)


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
