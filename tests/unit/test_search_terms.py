"""Terms, keys, grouped numbers, parsing and snippets."""

from __future__ import annotations

import datetime as dt
import unicodedata
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import SearchError
from search.documents import Document
from search.query import Query, parse
from search.snippets import snippet
from search.terms import (
    code_key,
    exact_terms,
    folded_terms,
    join_numbers,
    joined_numbers,
    terms,
)


def paper(**changes: Any) -> Document:
    values: dict[str, Any] = {
        "component_id": "a" * 64,
        "dossier_code": "DEV-261122-0001",
        "unit": "DEV",
        "code": "F_14_HSB",
        "procedure": None,
        "sensitive": False,
        "received_at": dt.datetime(2026, 11, 22, tzinfo=dt.UTC),
    }
    return Document(**(values | changes))


def test_terms_are_letters_and_digits_in_both_forms() -> None:
    assert exact_terms("Số: 123/QĐ-BHXH, Đ/c H'Hen") == (
        *("số", "123", "qđ", "bhxh", "đ", "c", "h", "hen"),
    )
    assert folded_terms("Hoà, HÒA, ĐỨC_2") == ("hoa", "hoa", "duc", "2")
    assert folded_terms("\u00d0ức Q\u00d0") == ("duc", "qd")


def test_composed_and_decomposed_text_give_the_same_terms() -> None:
    text = "Nguyễn Thị Thuý Ước"
    assert exact_terms(unicodedata.normalize("NFD", text)) == exact_terms(text)


@given(st.text())
def test_terms_are_clean_for_any_engine(text: str) -> None:
    nfc = unicodedata.normalize("NFC", text)
    found = list(terms(nfc))
    assert all(one.end <= two.start for one, two in pairwise(found))
    for term in found:
        assert nfc[term.start : term.end]
        for form in (term.exact, term.folded):
            assert form
            assert not any(c.isspace() or c in "\"*:^(){}+-'\ue000\0" for c in form)


@pytest.mark.parametrize(
    "printed",
    ["079085001234", "079 085 001 234", "079.085.001.234", "079–085−001‑234", "0790\u00ad85001234"],
)
def test_numbers_have_one_key(printed: str) -> None:
    assert code_key(printed) == "079085001234"


@pytest.mark.parametrize("printed", ["123/QĐ-BHXH", "123/qd-bhxh", " 123 / QĐ – BHXH "])
def test_document_numbers_keep_their_slash(printed: str) -> None:
    assert code_key(printed) == "123/qdbhxh"


def test_boxed_digits_are_joined_in_every_length_of_a_number() -> None:
    boxes = " ".join("079085001234")
    assert {"079085001234", "079085001", "9085001234"} <= joined_numbers(boxes)
    assert joined_numbers("079085001234") == frozenset()
    assert joined_numbers("12 3456") == frozenset()


def test_long_rows_of_figures_do_not_explode() -> None:
    row = " ".join(["1.234.567"] * 5000)
    assert len(joined_numbers(row)) < 20


def test_grouped_numbers_of_a_query_are_one_term() -> None:
    assert join_numbers("đức 079 085 001 234 x") == "đức 079085001234 x"
    assert join_numbers("12 34") == "12 34"
    assert join_numbers("1 " * 20) == "1 " * 20


def test_parsing() -> None:
    parsed = parse(Query('  "Lương  hưu" của Đức'))
    assert parsed.phrases == (("lương", "hưu"),)
    assert parsed.words == ("cua", "duc")
    assert parsed.folded == ("luong", "huu", "cua", "duc")
    assert parsed.open_ended


@pytest.mark.parametrize("text", ["duc.", "duc ", 'duc "van"', "du a"])
def test_a_word_that_was_ended_is_not_the_beginning_of_one(text: str) -> None:
    assert not parse(Query(text)).open_ended


def test_typographic_quotes_quote() -> None:
    assert parse(Query("“lương hưu”")).phrases == (("lương", "hưu"),)
    assert parse(Query('lương "hưu')).phrases == ()


@given(st.text(max_size=400))
def test_parsing_never_raises_anything_else(text: str) -> None:
    try:
        parsed = parse(Query(text))
    except SearchError as error:
        assert error.code in ("QUERY_EMPTY", "QUERY_TOO_LONG")
    else:
        assert parsed.words or parsed.phrases


LONG = "Cộng hoà xã hội chủ nghĩa Việt Nam. " * 30


@pytest.mark.parametrize(
    ("text", "query", "piece"),
    [
        (
            f"{LONG}Ông Nguyễn Văn Đức, sinh năm 1984. {LONG}",
            "nguyen van duc",
            "Ông «Nguyễn Văn Đức», sinh",
        ),
        ("Lương hưu hằng tháng", "huu luong", "«Lương hưu» hằng"),
        ("đức. Văn phòng: Nguyễn Văn Đức", "nguyen duc", "Văn phòng: «Nguyễn» Văn «Đức»"),
        ("Số 123/QĐ-BHXH ngày", "123/qd-bhxh", "Số «123/QĐ-BHXH» ngày"),
        ("mã số 0 1 2 3 4 5 6 7 8 9 .", "0123456789", "mã số «0 1 2 3 4 5 6 7 8 9» ."),
        ("bảo hiểm xã hội", '"bảo hiểm"', "«bảo hiểm» xã hội"),
        ("bảo hiểm", "bao hi", "«bảo hiểm»"),
        ("không liên quan", "nguyen", "«Nguyễn» Văn A · 0123456789"),
    ],
)
def test_snippets_show_the_original_around_the_match(text: str, query: str, piece: str) -> None:
    document = paper(text=text, names=("Nguyễn Văn A",), numbers=("0123456789",))
    shown = snippet(document, parse(Query(query)))
    assert piece in shown
    assert len(shown) < 260


def test_cuts_are_marked() -> None:
    shown = snippet(paper(text=f"{LONG}Đức {LONG}"), parse(Query("duc")))
    assert shown.startswith("…")
    assert shown.endswith("…")


def test_without_a_match_the_beginning_is_shown() -> None:
    assert snippet(paper(text="Đơn đề nghị"), parse(Query("G22"))) == "Đơn đề nghị"
    assert snippet(paper(), parse(Query("G22"))) == "DEV-261122-0001"


def test_nothing_in_the_text_can_fake_a_mark_or_steer_a_terminal() -> None:
    shown = snippet(paper(text="«giả» \x1b[31m Đức\u202e\x07"), parse(Query("duc")))
    assert shown == "giả [31m «Đức»"


@given(st.text(max_size=300), st.text(min_size=1, max_size=20))
def test_snippets_of_anything(text: str, query: str) -> None:
    try:
        parsed = parse(Query(query))
    except SearchError:
        return
    shown = snippet(paper(text=text.encode("utf-8", "replace").decode()), parsed)
    assert shown.count("«") == shown.count("»")
    assert not any(unicodedata.category(c) == "Cc" for c in shown)
