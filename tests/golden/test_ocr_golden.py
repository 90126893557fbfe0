"""Rendered forms through the real engine: what is accepted is right."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import pytest

from ocr_models import pick_model
from pipeline.adapters.tesseract import TesseractEngine
from pipeline.catalogue import load_catalogue
from pipeline.models.components import Classified
from pipeline.models.fields import FieldStatus
from pipeline.models.files import FileRef
from pipeline.models.pages import BlankStatus, PageLook, RawPage, Turn
from pipeline.models.text import PageText
from pipeline.ports.reading import Colour, Gray
from pipeline.settings import FieldSettings, ImagingSettings, OcrSettings
from pipeline.stages.extraction import ReadPages, extract
from pipeline.stages.recognition import read_page
from tests.fakes.forms import form

EXACT = frozenset({"code", "date", "datetime", "amount", "phone", "integer", "duration"})
LEAST_ACCEPTED = 0.5


class Pixels:
    """A decoder that holds its one image."""

    def __init__(self, gray: Gray) -> None:
        self.image = gray

    def gray(self, path: Path, *, turn: Turn = 0, reduce: Literal[1, 2, 4] = 1) -> Gray:
        return np.ascontiguousarray(np.rot90(self.image, -turn // 90)[::reduce, ::reduce])

    def colour(self, path: Path, *, turn: Turn = 0, reduce: Literal[1, 2, 4] = 1) -> Colour:
        return np.repeat(self.gray(path, turn=turn, reduce=reduce)[..., None], 3, axis=2)


@pytest.fixture(scope="module")
def engine() -> TesseractEngine:
    model = pick_model()
    return TesseractEngine(model.path, name=model.name, sha256=model.sha256, timeout_seconds=120)


def scanned(gray: Gray, tilt: float, noise: float) -> Gray:
    """Tilted clockwise, blurred, speckled, compressed."""
    height, width = gray.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -tilt, 1)
    turned = cv2.warpAffine(gray, matrix, (width, height), borderValue=(255,))
    rough = cv2.GaussianBlur(turned, (0, 0), 0.7).astype(np.float32) * 0.86 + 18
    rough += np.random.default_rng(5).normal(0, noise, gray.shape)
    _, data = cv2.imencode(".jpg", np.clip(rough, 0, 255), [cv2.IMWRITE_JPEG_QUALITY, 85])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)


def read(engine: TesseractEngine, gray: Gray, dpi: float, tilt: float, *, sure: bool) -> PageText:
    page = RawPage(
        index=0,
        source=0,
        source_page=0,
        file=FileRef(sha256="0" * 64, size=1, media_type="image/jpeg"),
        width_px=gray.shape[1],
        height_px=gray.shape[0],
        dpi=dpi,
    )
    look = PageLook(
        index=0,
        turn=0,
        turn_certain=sure,
        skew_deg=tilt,
        blank=BlankStatus.CONTENT,
        blank_score=0.0,
        ink=0.1,
    )
    return read_page(
        page, look, None, Pixels(gray), engine, Path("p"), OcrSettings(), ImagingSettings()
    )


@pytest.mark.parametrize(
    ("code", "tilt", "noise"),
    [
        ("F_14A_HSB", 0.0, 3.0),
        ("F_14_HSB", 1.2, 9.0),
        ("R_07B_HSB", -0.8, 6.0),
        ("C_KHAI_SINH", 0.0, 15.0),
        ("I_CCCD", 0.5, 6.0),
        ("F_01B_HSB", 0.0, 25.0),
    ],
)
def test_what_is_accepted_is_right(
    engine: TesseractEngine, code: str, tilt: float, noise: float
) -> None:
    paper = form(code)
    gray = scanned(paper.page().gray(), tilt, noise)
    text = read(engine, gray, paper.size[2], tilt, sure=True)
    component = Classified(
        component_id="c", code=code, confidence=1, pages=(0,), dossier=0, certain=True
    )
    catalogue = load_catalogue()
    today = dt.date(2026, 11, 22)
    result = extract(component, ReadPages([text]), catalogue, FieldSettings(), "b" * 64, today)
    accepted = {f.name: f.value for f in result.fields.fields if f.status is FieldStatus.ACCEPTED}
    kinds = {field.name: field.type for field in catalogue.component(code).fields}
    for name, value in accepted.items():
        if kinds[name] in EXACT:
            assert value == paper.values[name], name
    right = sum(accepted.get(name) == value for name, value in paper.values.items())
    assert right >= LEAST_ACCEPTED * len(paper.values)


def test_a_page_upside_down_is_turned(engine: TesseractEngine) -> None:
    gray = np.ascontiguousarray(np.rot90(form("R_04_HSB").page().gray(), 2))
    text = read(engine, gray, 200, 0.0, sure=False)
    assert text.turn == 180
    assert "QUÁ TRÌNH ĐÓNG" in text.text


def test_the_words_of_a_line_are_where_they_were_printed(engine: TesseractEngine) -> None:
    page = form("R_04_HSB").page()
    tilt = 1.5
    text = read(engine, scanned(page.gray(), tilt, 3.0), 200, tilt, sure=True)
    truth = next(w for line in page.text().lines for w in line.words if w.text == "7912345678")
    found = next(w for line in text.lines for w in line.words if w.text == "7912345678")
    x, y = truth.box.x0 - text.width_px / 2, truth.box.y0 - text.height_px / 2
    angle = np.radians(tilt)
    expected_x = text.width_px / 2 + x * np.cos(angle) - y * np.sin(angle)
    expected_y = text.height_px / 2 + x * np.sin(angle) + y * np.cos(angle)
    assert found.box.x0 == pytest.approx(expected_x, abs=8)
    assert found.box.y0 == pytest.approx(expected_y, abs=16)
