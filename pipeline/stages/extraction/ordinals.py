"""The running numbers of a table's rows: what most rows say fixes what the others must say.

A single figure in a cell is the hardest thing to read on a page, and the one that follows from its
place. May not come in: where tables are, other columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_LEAST_ROWS: Final = 3
_LEAST_SHARE: Final = 0.5
_LONGEST: Final = 3
"""Characters of a cell: what is longer is no misread number."""


def renumbered(cells: Sequence[str]) -> tuple[str, ...] | None:
    """Numbers of the rows, where they count from 1 and at least half of the cells say so.

    A group of rows that begins anew with 1 is followed where that agrees with more cells.

    Args:
        cells: of the first column, a cell for each row.

    Returns:
        A number for each row, with a leading zero where some have one; None where the column does
        not count.
    """
    if len(cells) < _LEAST_ROWS or any(len(cell) > _LONGEST for cell in cells):
        return None
    read = [_value(cell) for cell in cells]
    numbers = _counted(read)
    agreeing = [place for place, number in enumerate(numbers) if read[place] == number]
    if len(agreeing) < max(_LEAST_SHARE * len(cells), _LEAST_ROWS - 1):
        return None
    width = 2 if any(cells[place].startswith("0") for place in agreeing) else 1
    return tuple(f"{number:0{width}}" for number in numbers)


def _counted(read: Sequence[int | None]) -> list[int]:
    """Numbers of groups that count from 1, those that agree with most of what was read."""
    best, begins = [0.0], [0]
    for end in range(1, len(read) + 1):
        scored = [
            (best[start] - (start > 0) + _agreeing(read[start:end]), start)
            for start in range(end)
            if start == 0 or read[start] == 1
        ]
        score, start = max(scored)
        best.append(score)
        begins.append(start)
    numbers: list[int] = []
    end = len(read)
    while end:
        numbers = [*range(1, end - begins[end] + 1), *numbers]
        end = begins[end]
    return numbers


def _agreeing(read: Sequence[int | None]) -> int:
    return sum(value == place for place, value in enumerate(read, start=1))


def _value(cell: str) -> int | None:
    bare = cell.rstrip(".)")
    return int(bare) if bare.isascii() and bare.isdigit() else None
