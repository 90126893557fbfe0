"""The running numbers of a table's rows: what stands between two of them follows from its place.

A single figure in a cell is the hardest thing to read on a page, and the one that can be told
otherwise. May not come in: where tables are, other columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

_MOST_ROWS: Final = 1000
_LONGEST: Final = 3
"""Characters of a cell: what is longer is no misread number."""


def renumbered(cells: Sequence[str]) -> tuple[str, ...]:
    """The cells, those between two running numbers of one group told by their place.

    Rows count from 1, and from 1 anew in each group. Between `2` and `5` stand two rows, or one was
    lost: then the second number does not agree with its place, and nothing is changed. What comes
    before the first number or after the last one of a group stays as it was read.

    Args:
        cells: of the first column, a cell for each row.

    Returns:
        A cell for each row, with a leading zero where the numbers beside have one.
    """
    found = list(cells)
    if len(cells) > _MOST_ROWS:
        return tuple(found)
    read = [_value(cell) for cell in cells]
    agreeing = [at for at, number in enumerate(_counted(read)) if read[at] == number]
    for before, after in pairwise(agreeing):
        first, last = read[before], read[after]
        if first is None or last is None or last - first != after - before:
            continue
        width = 2 if cells[before].startswith("0") else 1
        for at in range(before + 1, after):
            if len(cells[at]) <= _LONGEST:
                found[at] = f"{first + at - before:0{width}}"
    return tuple(found)


def _counted(read: Sequence[int | None]) -> list[int]:
    """Numbers of groups that count from 1, those that agree with most of what was read."""
    best, begins = [0, *([-1] * len(read))], [0] * (len(read) + 1)
    for start, value in enumerate(read):
        if start and value != 1:
            continue
        score = best[start] - (start > 0)
        for end in range(start + 1, len(read) + 1):
            score += read[end - 1] == end - start
            if score > best[end]:
                best[end], begins[end] = score, start
    numbers: list[int] = []
    end = len(read)
    while end:
        numbers = [*range(1, end - begins[end] + 1), *numbers]
        end = begins[end]
    return numbers


def _value(cell: str) -> int | None:
    bare = cell.rstrip(".)")
    return int(bare) if bare.isascii() and bare.isdigit() else None
