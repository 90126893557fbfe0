"""Numerals of headings: mended by those around, never within values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.stages.recognition.headings import renumbered

NUMERALS = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X"]


def mended(*lines: str) -> list[str]:
    rows = [line.split() for line in lines]
    for row, numeral in renumbered(rows).items():
        rows[row][0] = numeral
    return [row[0] for row in rows]


@pytest.mark.parametrize(
    ("read", "right"),
    [
        (("I.", "H.", "III."), ("I.", "II.", "III.")),
        (("1.", "H.", "II."), ("1.", "H.", "II.")),  # a district, perhaps
        (("I.", "II.", "IH."), ("I.", "II.", "III.")),
        (("I.", "II.", "TH."), ("I.", "II.", "III.")),
        (("I.", "II.", "IIL"), ("I.", "II.", "IIL")),
        (("I.", "II.", "IIL."), ("I.", "II.", "III.")),
        (("I.", "II.", "HI."), ("I.", "II.", "III.")),
        (("I.", "II.", "II."), ("I.", "II.", "III.")),
        (("I.", "IH.", "II"), ("I.", "II.", "III.")),
        (("I.", "II", "III."), ("I.", "II.", "III.")),
        (("III.", "IV.", "V.", "VỊ."), ("III.", "IV.", "V.", "VI.")),
        (("I.", "H."), ("I.", "II.")),
    ],
)
def test_headings_count_on(read: tuple[str, ...], right: tuple[str, ...]) -> None:
    lines = [f"{numeral} Thông tin người khai" for numeral in read]
    assert mended(*lines) == list(right)


@pytest.mark.parametrize(
    "lines",
    [
        ("I. Người khai", "II. Người chết", "I. Người khai", "II. Người chết"),
        ("I. Người khai", "II. Người chết", "II. Người chết", "III. Khác"),
        ("1. Người khai", "2. Người chết", "II. Danh sách", "III. Khác"),
        ("1. Người khai", "H. Người chết"),
        ("G. Một", "H. Hai", "I. Ba"),
        ("1. Một", "11. Mười một", "111. Nhiều"),
        ("I. Người khai", "H. người chết"),
        ("I. Người khai", "H. 079123456"),
        ("I. Người khai", "Số H. Nguyễn"),
        ("I. Người khai", "H."),
        ("TT Họ và tên", "1 Nguyễn Văn A", "11 Trần Thị B"),
        ("H. Nguyễn Văn A",),
        (),
    ],
    ids=lambda lines: " / ".join(lines),
)
def test_what_does_not_count_on_stays(lines: tuple[str, ...]) -> None:
    assert renumbered([line.split() for line in lines]) == {}


@given(st.lists(st.sampled_from([f"{n}." for n in NUMERALS]), max_size=6))
def test_a_numeral_that_reads_right_stays_unless_the_one_before_is_the_same(
    numerals: list[str],
) -> None:
    changed = renumbered([[n, "Phần"] for n in numerals])
    for at, numeral in changed.items():
        assert numeral not in numerals[at + 1 : at + 2]
        assert numerals[at] in (numerals[at - 1 : at] + numerals[at + 1 : at + 2])


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["I.", "II.", "H.", "IH.", "TH.", "II", "1.", "HI.", "VỊ.", "X."]),
            st.sampled_from(["Phần", "phần", "12"]),
        ),
        max_size=8,
    )
)
def test_mending_again_changes_nothing(pairs: list[tuple[str, str]]) -> None:
    rows = [list(pair) for pair in pairs]
    for row, numeral in renumbered(rows).items():
        rows[row][0] = numeral
    assert renumbered(rows) == {}


@pytest.mark.parametrize("town", ["H. Củ Chi, TP. Hồ Chí Minh", "T. Bình Dương"])
def test_the_rest_of_an_address_is_no_heading(town: str) -> None:
    rows = ["I. Thông tin", "Nơi cư trú: số 12, xã Tân An Hội,", town, "II. Nội dung"]
    assert renumbered([row.split() for row in rows]) == {}


def test_a_numeral_that_is_printed_is_given_to_no_other_row() -> None:
    rows = ["I. Thông tin", "Người khai", "H. Củ Chi", "II. Nội dung"]
    assert renumbered([row.split() for row in rows]) == {}
