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
        (["1", "+", "M", "4"], ("1", "2", "3", "4")),
        (["1", "2", "5", "1", "7", "3", "4"], ("1", "2", "5", "1", "2", "3", "4")),
        (["1", "2", "3", "4", "5", "1", "7", "8"], ("1", "2", "3", "4", "5", "6", "7", "8")),
    ],
)
def test_what_stands_between_two_numbers_follows_from_them(
    cells: list[str], told: tuple[str, ...]
) -> None:
    assert renumbered(cells) == told


@pytest.mark.parametrize(
    "cells",
    [
        ["1", "2", "4", "5"],
        ["1", "2", "5"],
        ["1", "2", "3", ""],
        ["1", "2", "2a", "3"],
        ["1", "2", "", "3"],
        ["A", "1", "2", "3", "B", "1", "2", "3"],
        ["5", "3", "8", "1"],
        ["1", "Nguyễn", "3"],
        ["2019", "2020", "2021"],
        ["", "", ""],
        [],
    ],
)
def test_rows_that_were_lost_or_are_none_are_not_hidden(cells: list[str]) -> None:
    assert renumbered(cells) == tuple(cells)


@given(st.lists(st.integers(3, 12), min_size=1, max_size=5), st.data())
def test_groups_are_told_in_spite_of_a_misread_number(
    sizes: list[int], data: st.DataObject
) -> None:
    true = [(number, size) for size in sizes for number in range(1, size + 1)]
    inside = [place for place, (number, size) in enumerate(true) if 2 <= number < size]
    read = [str(number) for number, _ in true]
    read[data.draw(st.sampled_from(inside))] = data.draw(st.sampled_from(["", "M", "+", "Ỹ"]))
    assert renumbered(read) == tuple(str(number) for number, _ in true)


def test_many_rows_take_no_time_to_speak_of() -> None:
    cells = ["1"] * 1000
    assert renumbered(cells) == tuple(cells)
