"""Symbols of documents' numbers: which are known, and a lost hyphen put back."""

from __future__ import annotations

import pytest

from pipeline.stages.extraction.symbols import hyphenated, unknown_symbols


@pytest.mark.parametrize(
    ("read", "number"),
    [
        ("21/2026/QĐSTVDS", "21/2026/QĐST-VDS"),
        ("12/QĐUBND", "12/QĐ-UBND"),
        ("12/QĐ-UBND", "12/QĐ-UBND"),
        ("12/XYZUBND", "12/XYZUBND"),
        ("15/2020/HĐLĐ", "15/2020/HĐLĐ"),
        ("1/2020/HĐLĐ-BV", "1/2020/HĐLĐ-BV"),
        ("7/TTBHXH", "7/TTBHXH"),
        ("0123456789", "0123456789"),
    ],
)
def test_a_lost_hyphen_is_put_back_where_it_can_only_stand_there(read: str, number: str) -> None:
    assert hyphenated(read) == number


def test_a_misread_kind_stays_unknown() -> None:
    assert unknown_symbols(hyphenated("12/GĐ-UBND")) == ("GĐ",)
    assert unknown_symbols(hyphenated("21/2026/QĐSTVDS")) == ()
