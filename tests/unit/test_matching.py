"""Anchors against machine-read text, and pages against the catalogue."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.catalogue import load_catalogue
from pipeline.catalogue.anchors import find, form_number, phrase, read_anchor
from pipeline.catalogue.layout import layout
from pipeline.catalogue.matching import LIKELY, Matcher
from tests.fakes.texts import page_text

CATALOGUE = load_catalogue()
MATCHER = Matcher(CATALOGUE)
MOTTO = ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc")
LOST = str.maketrans("", "", "ẫổộốấứầửảểẪỔỘỐẤỨẦỬẢỂ")
"""Vowels that are lost in real machine-read text of these forms (domain-pack C.4)."""


@pytest.mark.parametrize(
    ("anchor", "text"),
    [
        ("TRÍCH LỤC KHAI TỬ", "TRÍCH LỤC KHAI TỬ (BẢN SAO)"),
        ("TRÍCH LỤC KHAI TỬ", "TRÍCH LỤC KHAI T"),
        ("GIẤY BÁO TỬ", "GIY BÁO TỬ"),
        ("SỔ BẢO HIỂM XÃ HỘI", "S BO HIM XÃ HI"),
        ("HÓA ĐƠN", "HOÁ ĐƠN GIÁ TRỊ GIA TĂNG"),
        ("HỘ CHIẾU", "HCHIẾU"),
        ("14A-HSB", "Mu s14A-HSB"),
        ("14-HSB", "Mẫu số: I4 – HSB"),
        ("03/TB-GDĐT", "Mẫu số O3/TB-GDĐT"),
        ("07B-HSB", "Mẫu số 078-H5B"),
        ("chấm dứt hợp đồng lao động", "Về việc chm dt hợp đng lao động với ông A"),
        ("GIẤY RA VIỆN", "GIẤY RA VIÊN"),
    ],
)
def test_anchors_are_found(anchor: str, text: str) -> None:
    assert find(read_anchor(anchor, CATALOGUE.dropouts), phrase(text)) is not None


@pytest.mark.parametrize(
    ("anchor", "text"),
    [
        ("TRÍCH LỤC KHAI TỬ", "TRÍCH LỤC KHAI SINH"),
        ("GIẤY BÁO TỬ", "GIẤY CHỨNG TỬ"),
        ("GIẤY CHỨNG SINH", "GIẤY CHỨNG MINH NHÂN DÂN"),
        ("SỔ BẢO HIỂM XÃ HỘI", "BẢO HIỂM XÃ HỘI VIỆT NAM"),
        ("14-HSB", "Mẫu số 14A-HSB"),
        ("14-HSB", "Mẫu số 114-HSB"),
        ("BIÊN BẢN TAI NẠN GIAO THÔNG", "BIÊN BẢN TAI NẠN LAO ĐỘNG"),
        ("ĐƠN ĐỀ NGHỊ", "DON DE NGHI"),
        ("QUYẾT ĐỊNH", "theo quyết định của"),
        ("thẩm tra", "thăm trẻ"),
        ("THẺ", "CÓ THỂ"),
        ("HIV", "HIVE"),
    ],
)
def test_lookalikes_are_not(anchor: str, text: str) -> None:
    assert find(read_anchor(anchor, CATALOGUE.dropouts), phrase(text)) is None


def test_every_anchor_survives_lost_vowels_and_is_found_whole() -> None:
    for component in CATALOGUE.components.values():
        anchors = component.anchors
        for printed in (*component.titles, *anchors.all_of, *anchors.any_of):
            ready = read_anchor(printed, CATALOGUE.dropouts)
            found = find(ready, phrase(f"xx {printed} yy"))
            assert found is not None, printed
            assert found.score == 100.0
            if len(printed.translate(LOST)) >= 0.8 * len(printed) and len(printed) > 5:
                assert find(ready, phrase(printed.translate(LOST))) is not None, printed


@pytest.mark.parametrize(
    ("anchor", "number"),
    [
        ("Mẫu số 14A-HSB", "14A-HSB"),
        ("C97-HD", "C97-HD"),
        ("TK1-TS", "TK1-TS"),
        ("MS: 01/BV-01", "01/BV-01"),
        ("136/2020/TT-BQP", None),
        ("/GĐYK", None),
        ("HỘ CHIẾU / PASSPORT", None),
    ],
)
def test_form_numbers(anchor: str, number: str | None) -> None:
    assert form_number(anchor) == number


@given(st.text(max_size=80))
def test_copies_of_a_phrase_keep_their_length(text: str) -> None:
    made = phrase(text)
    assert len(made.raw) == len(made.marked) == len(made.folded)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.text(st.characters(exclude_categories=("Cs", "Z", "Cc")), min_size=1), max_size=9)
)
def test_any_page_can_be_read(lines: list[str]) -> None:
    reading = MATCHER.read(page_text(lines))
    assert all(0.0 <= c.confidence <= 1.0 for c in reading.candidates)


def test_a_huge_page_takes_bounded_time() -> None:
    page = page_text(["QUYẾT ĐỊNH thôi việc " * 6] * 2000, height_px=100_000)
    began = time.process_time()
    MATCHER.read(page)
    assert time.process_time() - began < 20


def test_columns_are_told_apart() -> None:
    seen = layout(page_text(["BẢO HIỂM XÃ HỘI || Mẫu số 14-HSB", "Số: 1 || Độc lập"]))
    assert [p.text.raw for p in seen.pieces] == [
        "BẢO HIỂM XÃ HỘI",
        "Mẫu số 14-HSB",
        "Số: 1",
        "Độc lập",
    ]


@pytest.mark.parametrize(
    ("footer", "number"),
    [("2", 2), ("- 3 -", 3), ("Trang 2/3", 2), ("1/2", 1), ("12/05/2020", None), ("2022", None)],
)
def test_printed_page_numbers(footer: str, number: int | None) -> None:
    assert layout(page_text(["Điều 5", "5"], footer=footer)).number == number


def test_a_title_in_the_body_is_no_title() -> None:
    body = ["Trang sau của đơn"] + [""] * 25 + ["GIẤY KHAI SINH", "GIẤY KHAI SINH (BẢN SAO)"]
    assert MATCHER.read(page_text(body)).best is None


def test_a_title_over_three_lines() -> None:
    lines = ["GIẤY CHỨNG NHẬN", "NGHỈ VIỆC HƯỞNG", "BẢO HIỂM XÃ HỘI", "Liên số 1"]
    best = MATCHER.read(page_text(lines)).best
    assert best is not None
    assert best.code == "M_GCN_NGHI_VIEC"


def test_a_form_number_named_in_a_letter_is_not_its_own() -> None:
    lines = [*MOTTO, "V/v hướng dẫn kê khai Mẫu số 14-HSB cho người lao động", "Kính gửi: Sở A"]
    reading = MATCHER.read(page_text(lines))
    assert reading.has_motto
    assert reading.best is None


def test_hints_are_below_the_limit() -> None:
    reading = MATCHER.read(page_text([*MOTTO, "ĐƠN ĐỀ NGHỊ", "Kính gửi: Trường tiểu học A"]))
    assert reading.candidates
    assert all(c.confidence < LIKELY for c in reading.candidates)
