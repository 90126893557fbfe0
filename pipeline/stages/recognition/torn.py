"""Words that the engine took out of their row go back into it.

It reads a title in large letters as `HỘ / PASSPORT` and has `CHIẾU`, which stands in the gap, as a
line of its own. May not come in: pixels, what words say.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from pipeline.models.text import Line
from pipeline.stages.recognition.marks import UNHEARD

_LEVEL: Final = 0.6
"""Of the lower of two heights: words of one row share at least this much of it."""
_SLACK: Final = 0.3
"""Of the row's height: boxes of neighbours overlap by so much at most."""
_SPACE: Final = 1.2
"""Of the row's height: farther apart stand cells and columns, which are lines of their own."""
_NEAR: Final = 12
"""Lines before and behind among which the row is sought."""


def rejoined(lines: Sequence[Line]) -> tuple[Line, ...]:
    """Lines, those that stand in a gap of a near one's words put there.

    Args:
        lines: levelled, in reading order.
    """
    kept: dict[int, Line] = dict(enumerate(lines))
    for number, line in enumerate(lines):
        for other in range(number - _NEAR, number + _NEAR + 1):
            row = kept.get(other)
            gap = None if row is None or other == number else _gap(row, line)
            if row is not None and gap is not None:
                words = (*row.words[:gap], *kept.pop(number).words, *row.words[gap:])
                box = row.box.union(line.box)
                kept[other] = row.model_copy(update={"words": words, "box": box})
                break
    return tuple(kept.values())


def _gap(row: Line, line: Line) -> int | None:
    """Before which word of a row a line stands, between two that are on its level; else None."""
    if not line.words or any(word.confidence < UNHEARD for word in line.words):
        return None
    slack = _SLACK * row.box.height
    for at, (before, after) in enumerate(pairwise(row.words), 1):
        between = before.box.x1 - slack <= line.box.x0 and line.box.x1 <= after.box.x0 + slack
        beyond = before.box.x0 < line.box.x0 and line.box.x1 < after.box.x1
        spaces = line.box.x0 - before.box.x1, after.box.x0 - line.box.x1
        if between and beyond and max(spaces) <= _SPACE * row.box.height:
            level = all(
                min(one.box.y1, line.box.y1) - max(one.box.y0, line.box.y0)
                >= _LEVEL * min(one.box.height, line.box.height)
                for one in (before, after)
            )
            return at if level else None
    return None
