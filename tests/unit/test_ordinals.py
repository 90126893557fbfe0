"""Running numbers of a table's rows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.stages.extraction.ordinals import renumbered


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (["1", "M", "3", "+", "5"], ("1", "2", "3", "4", "5")),
        (["01", "02", "", "04"], ("01", "02", "03", "04")),
        (["1.", "2.", "3)"], ("1", "2", "3")),
        (["1", "2", "5", "1", "2", "3", "4"], ("1", "2", "3", "1", "2", "3", "4")),
        (["1", "2", "3", "4", "5", "1", "7", "8"], ("1", "2", "3", "4", "5", "6", "7", "8")),
    ],
)
def test_what_most_rows_say_fixes_the_others(cells: list[str], told: tuple[str, ...]) -> None:
    assert renumbered(cells) == told


@pytest.mark.parametrize(
    "cells",
    [
        ["1", "2"],
        ["5", "3", "8", "1"],
        ["1", "2", "3", "Nguyễn"],
        ["2019", "2020", "2021"],
        ["", "", ""],
    ],
)
def test_a_column_that_does_not_count_is_left(cells: list[str]) -> None:
    assert renumbered(cells) is None


@given(st.lists(st.integers(3, 12), min_size=1, max_size=5), st.data())
def test_groups_are_told_in_spite_of_a_misread_number(
    sizes: list[int], data: st.DataObject
) -> None:
    true = [str(number) for size in sizes for number in range(1, size + 1)]
    inside = [place for place, number in enumerate(true) if number not in ("1", "2")]
    read = list(true)
    read[data.draw(st.sampled_from(inside))] = data.draw(st.sampled_from(["", "M", "+", "Ỹ"]))
    assert renumbered(read) == tuple(true)
