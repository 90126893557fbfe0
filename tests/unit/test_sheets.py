"""Sheets: payload round trip, damage, and finding them any way up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.adapters.symbols import ZxingSymbolReader, draw_qr
from pipeline.models.pages import Sheet, SheetKind, Symbol, SymbolFormat, Turn
from pipeline.ports.reading import Gray, ReadSymbol
from pipeline.stages.sheets import DAMAGED, decode_sheet, encode_sheet, find_sheet

VALUES = st.none() | st.text(
    st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=30
)


@st.composite
def sheets(draw: st.DrawFn) -> Sheet:
    return Sheet(
        kind=draw(st.sampled_from(SheetKind)),
        slip_id=draw(st.text("0123456789abcdef", min_size=1, max_size=16)),
        dossier=draw(VALUES),
        procedure=draw(VALUES),
        case=draw(VALUES),
        component=draw(VALUES),
        number=draw(st.integers(0, 9999)),
        total=draw(st.integers(0, 9999)),
    )


SHEET = Sheet(
    kind=SheetKind.SEPARATOR,
    slip_id="0a1b2c",
    dossier="HS 2026/Đ|1",
    procedure="BHXH1L",
    case="LS2_SETTLE_ABROAD",
    component="F_14_HSB",
    number=2,
    total=5,
)


@given(sheets())
def test_what_is_printed_is_read_again(sheet: Sheet) -> None:
    text = encode_sheet(sheet)
    assert text.isascii()
    assert decode_sheet(text) == sheet


@given(st.text(max_size=200))
def test_foreign_text_is_no_sheet(text: str) -> None:
    assert decode_sheet(text) in (None, DAMAGED)


@given(st.integers(0, 200), st.characters(codec="ascii"))
def test_one_changed_character_is_never_another_sheet(place: int, other: str) -> None:
    text = encode_sheet(SHEET)
    changed = text[: place % len(text)] + other + text[place % len(text) + 1 :]
    assert decode_sheet(changed) in ((SHEET,) if changed == text else (None, DAMAGED))


@pytest.mark.parametrize(
    "text",
    [
        "SOHOA1|S|x",
        "SOHOA2|S|a|||||1|2|00000000",
        encode_sheet(SHEET)[:-1],
        encode_sheet(SHEET) + "0",
        "SOHOA1|" + "x" * 5000,
    ],
)
def test_a_sheet_that_cannot_be_trusted_is_damaged(text: str) -> None:
    assert decode_sheet(text) is DAMAGED


@pytest.mark.parametrize("text", ["", "https://example.org", "SOHOAN", "0010930123|NGUYEN"])
def test_symbols_of_others_are_not_ours(text: str) -> None:
    assert decode_sheet(text) is None


def page_with(text: str, *, scale: int = 5) -> Gray:
    symbol = np.kron(draw_qr(text, level="M"), np.ones((scale, scale), np.uint8))
    page = np.full((1169, 827), 255, np.uint8)
    page[60 : 60 + symbol.shape[0], 400 : 400 + symbol.shape[1]] = symbol
    return page


@pytest.mark.parametrize("lies", [0, 1, 2, 3])
@pytest.mark.parametrize("base", [0, 90, 180, 270])
def test_the_symbol_says_how_the_page_lies(lies: int, base: Turn) -> None:
    page = np.ascontiguousarray(np.rot90(page_with(encode_sheet(SHEET)), lies))
    found = find_sheet(7, page, ZxingSymbolReader(), base=base)
    assert (found.index, found.sheet, found.damaged) == (7, SHEET, False)
    assert found.turn == (base + 90 * lies) % 360


def test_a_damaged_sheet_is_told_from_none() -> None:
    reader = ZxingSymbolReader()
    damaged = find_sheet(0, page_with(encode_sheet(SHEET)[:-2] + "zz"), reader)
    assert damaged.damaged
    assert damaged.sheet is None
    blank = find_sheet(0, np.full((1000, 700), 255, np.uint8), reader)
    assert (blank.sheet, blank.damaged, blank.turn, blank.symbols) == (None, False, None, ())


def test_a_card_symbol_is_kept_but_does_not_turn_the_page() -> None:
    found = find_sheet(0, np.rot90(page_with("001093012345|NGUYEN VAN A")), ZxingSymbolReader())
    assert (found.sheet, found.turn, found.damaged) == (None, None, False)
    assert [s.text for s in found.symbols] == ["001093012345|NGUYEN VAN A"]


class OneSymbol:
    def __init__(self, text: str) -> None:
        self.text = text
        self.seen: tuple[int, ...] = ()

    def read(self, gray: Gray) -> tuple[ReadSymbol, ...]:
        self.seen = gray.shape
        symbol = Symbol(format=SymbolFormat.QR, text=self.text, x=100.0, y=50.0, side=30.0)
        return (ReadSymbol(symbol, 0),)


def test_coordinates_are_of_the_full_image() -> None:
    reader = OneSymbol(encode_sheet(SHEET))
    found = find_sheet(0, np.full((7200, 3600), 255, np.uint8), reader, reduce=2)
    assert max(reader.seen) <= 3600
    symbol = found.symbols[0]
    assert (symbol.x, symbol.y, symbol.side) == (400.0, 200.0, 120.0)


def test_a_sound_symbol_beside_a_damaged_one_counts() -> None:
    class Two:
        def read(self, gray: Gray) -> tuple[ReadSymbol, ...]:
            bad = OneSymbol(encode_sheet(SHEET) + "x").read(gray)
            return bad + OneSymbol(encode_sheet(SHEET)).read(gray)

    found = find_sheet(0, np.full((100, 100), 255, np.uint8), Two())
    assert (found.sheet, found.damaged) == (SHEET, False)
