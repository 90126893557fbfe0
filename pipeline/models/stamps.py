"""The visible stamp: its wanted size, the room that it was given on page one, and what that moved.

May not come in: how free room is found (`pipeline.stages.assembly`), how a stamp is drawn
(`pipeline.signatures`).
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field

from pipeline.models.base import Box, Model, Ratio


@dataclass(frozen=True, slots=True)
class StampSize:
    """Wanted size of the stamp."""

    width_mm: float
    height_mm: float
    margin_mm: float
    """From the visible left and top edges."""


class StampRoom(Model):
    """Where page one leaves room for the stamp, found before the file's bytes are final."""

    box: Box
    """Points of the archived page: nothing is written there."""
    scale: Ratio = 1.0
    """Of the page's content, about the middle of its lower edge; 1: as scanned. Below, the paper
    had no room at its top left and was drawn smaller to leave a margin; its image data are
    untouched."""
    ink_pixels: int = Field(ge=0)
    """Pixels of ink under the box as counted on the page so drawn: 0."""
    dpi: float
    """Resolution at which they were counted."""


def unfitted(box: Box, scale: float, page_width: float) -> Box:
    """Where a box of the archived page lay on the page as scanned: `fitted` the other way."""
    shift = page_width / 2 * (1 - scale)
    return Box(
        x0=(box.x0 - shift) / scale,
        y0=box.y0 / scale,
        x1=(box.x1 - shift) / scale,
        y1=box.y1 / scale,
    )


def fitted(box: Box, scale: float, page_width: float) -> Box:
    """Where a box of the page (points, as scanned) lies on the archived page.

    Args:
        box: points, origin bottom-left.
        scale: of `StampRoom`.
        page_width: points.
    """
    if scale == 1.0:
        return box
    shift = page_width / 2 * (1 - scale)
    return Box(
        x0=box.x0 * scale + shift,
        y0=box.y0 * scale,
        x1=box.x1 * scale + shift,
        y1=box.y1 * scale,
    )
