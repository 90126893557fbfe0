"""Where the stamp goes: the top-left corner of a page as a reader sees it (R-1333-12).

Pure arithmetic between two frames of reference:

- *user space*: the page's own coordinates, y upwards, 1 unit = UserUnit/72 inch. Annotation
  rectangles are given in it;
- *viewed*: distances from the visible left and top edges after /Rotate, y downwards.

May not come in: PDF libraries, fonts, files.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.models.base import Box
from pipeline.models.stamps import StampSize

POINTS_PER_MM = 72.0 / 25.4
LETTER = Box(x0=0, y0=0, x1=612, y1=792)
"""What readers show where a page has no usable MediaBox."""

_LARGEST = 1e6
_CORNER_SHARE = 1 / 3
_TOLERANCE = 0.51
_SHARES = (1.0, 0.8, 0.65, 0.5)
"""Of its size that the stamp takes where it must leave something free: smaller is not legible."""


@dataclass(frozen=True, slots=True)
class PageFrame:
    """What of a page is visible, and which way up."""

    visible: Box
    """User space: CropBox within MediaBox."""
    rotation: int
    """Clockwise turn of the viewed page: 0, 90, 180 or 270."""
    user_unit: float
    """Multiples of 1/72 inch per unit of user space."""

    @property
    def viewed_size(self) -> tuple[float, float]:
        """Width and height as viewed, in units of user space."""
        size = (self.visible.width, self.visible.height)
        return size if self.rotation in (0, 180) else (size[1], size[0])

    def to_viewed(self, box: Box) -> Box:
        """A box of user space as distances from the viewed left and top edge (y downwards)."""
        seen = self.visible
        left, right = box.x0 - seen.x0, box.x1 - seen.x0
        below, above = box.y0 - seen.y0, box.y1 - seen.y0
        if self.rotation == 90:
            return Box(x0=below, y0=left, x1=above, y1=right)
        if self.rotation == 180:
            return Box(x0=seen.width - right, y0=below, x1=seen.width - left, y1=above)
        if self.rotation == 270:
            return Box(
                x0=seen.height - above,
                y0=seen.width - right,
                x1=seen.height - below,
                y1=seen.width - left,
            )
        return Box(x0=left, y0=seen.height - above, x1=right, y1=seen.height - below)

    def from_viewed(self, box: Box) -> Box:
        """The inverse of `to_viewed`."""
        seen = self.visible
        if self.rotation == 90:
            x0, x1, y0, y1 = box.y0, box.y1, box.x0, box.x1
        elif self.rotation == 180:
            x0, x1, y0, y1 = seen.width - box.x1, seen.width - box.x0, box.y0, box.y1
        elif self.rotation == 270:
            x0, x1 = seen.width - box.y1, seen.width - box.y0
            y0, y1 = seen.height - box.x1, seen.height - box.x0
        else:
            x0, x1, y0, y1 = box.x0, box.x1, seen.height - box.y1, seen.height - box.y0
        return Box(x0=seen.x0 + x0, y0=seen.y0 + y0, x1=seen.x0 + x1, y1=seen.y0 + y1)


@dataclass(frozen=True, slots=True)
class StampPlace:
    """Where the stamp goes, and how it must be drawn to read upright."""

    box: Box
    """User space: the rectangle of the annotation."""
    rotation: int
    """Of the page, clockwise: the appearance is turned back by as much."""
    width: float
    """Of the upright appearance, units of user space."""
    height: float


def page_frame(
    media: Sequence[float] | None,
    crop: Sequence[float] | None = None,
    rotate: float | None = None,
    user_unit: float | None = None,
) -> PageFrame:
    """The visible frame of a page from its (inherited) entries, whatever their state.

    Swapped corners are put right; a CropBox is cut to the MediaBox and ignored where nothing is
    left; a rotation that is no multiple of 90 counts as none (ISO 32000-1, 7.7.3.3 and 14.11.2).
    """
    visible = _rectangle(media) or LETTER
    cropped = _rectangle(crop)
    if cropped is not None:
        x0, y0 = max(visible.x0, cropped.x0), max(visible.y0, cropped.y0)
        x1, y1 = min(visible.x1, cropped.x1), min(visible.y1, cropped.y1)
        if x1 - x0 >= 1 and y1 - y0 >= 1:
            visible = Box(x0=x0, y0=y0, x1=x1, y1=y1)
    turn = rotate if rotate is not None and math.isfinite(rotate) else 0
    rotation = int(turn) % 360 if turn % 90 == 0 else 0
    unit = user_unit if user_unit is not None and 0 < user_unit <= _LARGEST else 1.0
    return PageFrame(visible=visible, rotation=rotation, user_unit=unit)


def place_stamp(frame: PageFrame, size: StampSize, avoid: Sequence[Box] = ()) -> StampPlace:
    """Put the stamp at the viewed top-left corner, smaller where the page is small.

    Args:
        frame: the page.
        size: wanted size.
        avoid: boxes of user space to leave free (the QR code of an issued paper): the stamp moves
            to their right, else below them, smaller where it must, down to half its size; where
            nothing keeps it in the corner it stays there.
    """
    width, height, margin = (
        mm * POINTS_PER_MM / frame.user_unit
        for mm in (size.width_mm, size.height_mm, size.margin_mm)
    )
    page_width, page_height = frame.viewed_size
    margin = min(margin, page_width / 10, page_height / 10)
    scale = min(1.0, (page_width - 2 * margin) / width, (page_height - 2 * margin) / height)
    width, height = width * scale, height * scale
    whole = Box(x0=margin, y0=margin, x1=margin + width, y1=margin + height)
    spot = _free_spot(whole, [frame.to_viewed(box) for box in avoid], frame) or whole
    return StampPlace(
        box=frame.from_viewed(spot), rotation=frame.rotation, width=spot.width, height=spot.height
    )


def place_right(frame: PageFrame, size: StampSize, avoid: Sequence[Box] = ()) -> StampPlace:
    """As `place_stamp`, at the viewed top-right corner."""
    left = place_stamp(frame, size, [_mirrored(frame, box) for box in avoid])
    return StampPlace(_mirrored(frame, left.box), left.rotation, left.width, left.height)


def place_in_room(frame: PageFrame, box: Box) -> StampPlace | None:
    """The stamp in a box of user space that was found free; None where that is not all visible."""
    viewed = frame.to_viewed(box)
    if not is_top_left(box, frame):
        return None
    return StampPlace(box=box, rotation=frame.rotation, width=viewed.width, height=viewed.height)


def place_in_right_room(frame: PageFrame, box: Box) -> StampPlace | None:
    """As `place_in_room`, at the viewed top right."""
    found = place_in_room(frame, _mirrored(frame, box))
    return None if found is None else StampPlace(box, found.rotation, found.width, found.height)


def _mirrored(frame: PageFrame, box: Box) -> Box:
    """A box of user space with left and right exchanged, as viewed."""
    width, _ = frame.viewed_size
    viewed = frame.to_viewed(box)
    return frame.from_viewed(
        viewed.model_copy(update={"x0": width - viewed.x1, "x1": width - viewed.x0})
    )


def _free_spot(whole: Box, taken: Sequence[Box], frame: PageFrame) -> Box | None:
    """The largest stamp, then the nearest to the corner, that meets nothing taken; as viewed."""
    x0, y0 = whole.x0, whole.y0
    for share in _SHARES:
        corner = Box(x0=x0, y0=y0, x1=x0 + whole.width * share, y1=y0 + whole.height * share)
        for spot in (corner, *_beside(corner, taken, y0)):
            if not any(_overlap(spot, box) for box in taken) and _in_corner(spot, frame):
                return spot
    return None


def is_top_left(box: Box, frame: PageFrame) -> bool:
    """True where a rectangle of user space is visible and begins in the viewed top-left ninth."""
    return box.width > 0 and box.height > 0 and _in_corner(frame.to_viewed(box), frame)


def _in_corner(viewed: Box, frame: PageFrame) -> bool:
    width, height = frame.viewed_size
    inside = (
        viewed.x0 >= -_TOLERANCE
        and viewed.y0 >= -_TOLERANCE
        and viewed.x1 <= width + _TOLERANCE
        and viewed.y1 <= height + _TOLERANCE
    )
    return inside and viewed.x0 <= width * _CORNER_SHARE and viewed.y0 <= height * _CORNER_SHARE


def _beside(corner: Box, taken: Sequence[Box], margin: float) -> tuple[Box, ...]:
    """The corner's box moved right of, then below, the boxes that it overlaps."""
    met = [box for box in taken if _overlap(corner, box)]
    if not met:
        return ()
    right = max(box.x1 for box in met) + margin - corner.x0
    down = max(box.y1 for box in met) + margin - corner.y0
    return (
        corner.model_copy(update={"x0": corner.x0 + right, "x1": corner.x1 + right}),
        corner.model_copy(update={"y0": corner.y0 + down, "y1": corner.y1 + down}),
    )


def _overlap(one: Box, other: Box) -> bool:
    return one.x0 < other.x1 and other.x0 < one.x1 and one.y0 < other.y1 and other.y0 < one.y1


def _rectangle(values: Sequence[float] | None) -> Box | None:
    """A usable rectangle with its corners in order, None otherwise."""
    if values is None or len(values) != 4:
        return None
    if not all(math.isfinite(v) and abs(v) <= _LARGEST for v in values):
        return None
    x0, x1 = sorted((float(values[0]), float(values[2])))
    y0, y1 = sorted((float(values[1]), float(values[3])))
    return Box(x0=x0, y0=y0, x1=x1, y1=y1) if x1 - x0 >= 1 and y1 - y0 >= 1 else None
