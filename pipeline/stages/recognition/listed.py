"""Numbers at the head of a list's rows, which layout analysis takes for dirt beside the text.

A lone `1.` says little by itself; several that stand below each other, each before a row that was
read, are numbers. Each is read together with the word it stands before. May not come in: what is
counted, rows without any word (`missed`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from pipeline.models.base import Box
from pipeline.models.text import Line, Word
from pipeline.ports.reading import OcrEngine
from pipeline.stages.recognition.marks import Inked, under_words
from pipeline.stages.recognition.parts import (
    READ_AGAIN,
    each_read,
    less_sure,
    read_row,
    row_of,
    without_unheard,
)

_NUMBER: Final = re.compile(r"\(?(?:\d{1,2}|[a-zđ])[.)]{0,2}")
_FAR_MM: Final = 28.0
"""Between a number and its row at most."""
_NEAR_MM: Final = 0.8
_MOST_MARKS: Final = 2
"""Tall ones of a number."""
_ALIGNED_MM: Final = 1.5
_LEAST_NUMBERS: Final = 3
_MOST_NUMBERS: Final = 40
_SHARED: Final = 0.5
"""Of a mark's height, that lies beside its row."""
_HEARD: Final = 0.5
_KEEP: Final = 0.5


@dataclass(frozen=True, slots=True)
class _Unread:
    """Ink before a row."""

    ink: Box
    line: Line
    """That it stands before."""
    word: Word
    """The first of that line."""


def with_numbers(page: Inked, lines: tuple[Line, ...], engine: OcrEngine) -> tuple[Line, ...]:
    """The lines, and the numbers before them that were passed over.

    Args:
        page: what was read.
        lines: as read from it.
        engine: reads the numbers.

    Returns:
        The same lines where there are none. What the engine fails on is left out.

    Raises:
        MissingToolError.
    """
    found = list(lines)
    places = _columns(list(_unread(page, lines)), page.per_mm)[:_MOST_NUMBERS]
    for unread, number in each_read(places, lambda place: (place, _read(page, place, engine))):
        if number is not None:
            new = row_of([number]).model_copy(update={"block": unread.line.block})
            found = without_unheard(found, new)
            found.insert(found.index(unread.line), new)
    return tuple(found)


def _unread(page: Inked, lines: Sequence[Line]) -> Iterator[_Unread]:
    tall, per_mm = page.letters, page.per_mm
    free = tall.chosen(~under_words(tall, lines, per_mm))
    for line in lines:
        first = min(line.words, key=lambda word: word.box.x0)
        if first.confidence < _HEARD:
            continue
        shared = np.minimum(free.y1, first.box.y1) - np.maximum(free.y0, first.box.y0)
        beside = shared >= _SHARED * (free.y1 - free.y0)
        gap = first.box.x0 - free.x1
        mine = free.chosen(beside & (gap >= _NEAR_MM * per_mm) & (gap <= _FAR_MM * per_mm))
        if 1 <= len(mine.x0) <= _MOST_MARKS:
            yield _Unread(mine.box, line, first)


def _columns(unread: Sequence[_Unread], per_mm: float) -> list[_Unread]:
    """Those that stand below each other, from the top."""
    near = _ALIGNED_MM * per_mm
    kept = [one for one in unread if _aligned(one, unread, near) >= _LEAST_NUMBERS]
    return sorted(kept, key=lambda one: one.ink.y0)


def _aligned(one: _Unread, others: Sequence[_Unread], near: float) -> int:
    """How many begin or end where this one does, itself with them."""
    return sum(
        min(abs(one.ink.x0 - other.ink.x0), abs(one.ink.x1 - other.ink.x1)) <= near
        for other in others
    )


def _read(page: Inked, unread: _Unread, engine: OcrEngine) -> Word | None:
    row = unread.ink.union(unread.word.box)
    words = [w for line in read_row(page.gray, page.dpi, row, engine) for w in line.words]
    before = [w for w in words if (w.box.x0 + w.box.x1) / 2 < unread.word.box.x0]
    if len(before) != 1 or before[0].confidence < _KEEP:
        return None
    return less_sure(before[0], READ_AGAIN) if _NUMBER.fullmatch(before[0].text) else None
