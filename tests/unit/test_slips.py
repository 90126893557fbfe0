"""The printed slip: what is on it, and that a scanner reads it back."""

from __future__ import annotations

import datetime as dt
import functools
import io
from pathlib import Path

import cv2
import numpy as np
import pikepdf
import pytest
from pdf2image import convert_from_bytes

from casework.slips import make_slip, papers_of
from pipeline.adapters.symbols import ZxingSymbolReader
from pipeline.catalogue import Catalogue, ScanRule, load_catalogue
from pipeline.errors import MissingToolError, NotFound
from pipeline.models.pages import Sheet, SheetKind
from pipeline.ports.reading import Gray
from pipeline.stages.sheets import find_sheet

AT = dt.datetime(2026, 11, 22, 18, tzinfo=dt.UTC)
READER = ZxingSymbolReader()


@functools.cache
def catalogue() -> Catalogue:
    return load_catalogue()


@functools.cache
def slip(dossier: str | None = "HS 2026/Đ-01") -> bytes:
    return make_slip("BHXH1L", "LS3_LIFE_THREATENING", dossier, catalogue(), "BHXH-001", AT, None)


@functools.cache
def rendered(dpi: int) -> tuple[Gray, ...]:
    return tuple(np.array(p.convert("L")) for p in convert_from_bytes(slip(), dpi=dpi))


def test_cover_separators_and_a_general_one() -> None:
    found = [find_sheet(i, g, READER).sheet for i, g in enumerate(rendered(150))]
    sheets = [s for s in found if s is not None]
    assert len(sheets) == len(found)
    kinds = [s.kind for s in sheets]
    assert kinds == [SheetKind.COVER, *[SheetKind.SEPARATOR] * (len(kinds) - 2), SheetKind.GENERAL]
    assert [s.component for s in sheets[1:-1]] == ["F_14_HSB", "M_HSBA", "M_GDYK", "M_PHI_GDYK"]
    assert [s.number for s in sheets] == [0, 1, 2, 3, 4, 0]
    assert {s.total for s in sheets} == {4}
    assert len({s.slip_id for s in sheets}) == 1
    assert {(s.dossier, s.procedure, s.case) for s in sheets[:-1]} == {
        ("HS 2026/Đ-01", "BHXH1L", "LS3_LIFE_THREATENING")
    }
    assert sheets[-1].dossier is None


def test_pages_are_a4_portrait_and_bilevel() -> None:
    with pikepdf.open(io.BytesIO(slip())) as pdf:
        assert len(pdf.pages) == 6
        for page in pdf.pages:
            x0, y0, x1, y1 = (float(v) for v in page.mediabox)
            assert (x1 - x0, y1 - y0) == pytest.approx((595.28, 841.89), abs=0.5)
            (image,) = page.get_images().values()
            assert int(image.stream_dict.BitsPerComponent) == 1


def expected() -> Sheet:
    sheet = find_sheet(0, rendered(150)[1], READER).sheet
    assert sheet is not None
    return sheet


@pytest.mark.parametrize("dpi", [100, 150, 300])
@pytest.mark.parametrize("lies", [0, 1, 2, 3])
def test_read_back_any_way_up_tilted_and_dirty(dpi: int, lies: int) -> None:
    page = np.ascontiguousarray(np.rot90(rendered(dpi)[1], lies))
    height, width = page.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), 2.5, 1.0)
    tilted = cv2.warpAffine(page, matrix, (width, height), borderValue=255)
    noise = np.random.default_rng(dpi + lies).normal(0, 25, tilted.shape)
    dirty = np.clip(tilted + noise, 0, 255).astype(np.uint8)
    found = find_sheet(0, dirty, READER)
    assert (found.sheet, found.turn) == (expected(), 90 * lies)


@pytest.mark.parametrize("half", ["top", "bottom"])
def test_either_symbol_alone_is_enough(half: str) -> None:
    page = rendered(150)[1].copy()
    middle = page.shape[0] // 2
    page[:middle] = page[:middle] if half == "bottom" else 255
    if half == "bottom":
        page[middle:] = 255
    assert find_sheet(0, page, READER).sheet == expected()


def test_every_case_can_be_printed() -> None:
    for procedure in catalogue().procedures.values():
        for case in procedure.cases:
            codes = papers_of(procedure, case, catalogue())
            assert len(set(codes)) == len(codes)
            assert all(catalogue().component(c).scan is not ScanRule.NO for c in codes)
            required = {c for c in case.required if catalogue().component(c).scan is ScanRule.YES}
            assert required <= set(codes)


def test_printed_again_it_is_another_slip() -> None:
    later = AT + dt.timedelta(seconds=1)
    once = make_slip("DK_GDDT", "GD1_WITH_CERT", None, catalogue(), "A", AT, None)
    twice = make_slip("DK_GDDT", "GD1_WITH_CERT", None, catalogue(), "A", later, None)
    ids = set()
    for data in (once, twice):
        page = np.array(convert_from_bytes(data, dpi=100, last_page=1)[0].convert("L"))
        sheet = find_sheet(0, page, READER).sheet
        assert sheet is not None
        ids.add(sheet.slip_id)
    assert len(ids) == 2


def test_what_is_not_there_is_said() -> None:
    with pytest.raises(NotFound):
        make_slip("NO", "X", None, catalogue(), "A", AT, None)
    with pytest.raises(NotFound):
        make_slip("BHXH1L", "X", None, catalogue(), "A", AT, None)
    with pytest.raises(MissingToolError) as error:
        make_slip("DK_GDDT", "GD1_WITH_CERT", None, catalogue(), "A", AT, Path("/no/font.ttf"))
    assert error.value.code == "FONT_MISSING"
