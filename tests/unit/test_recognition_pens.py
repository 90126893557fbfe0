"""Blue pens: told by colour where print is black, and by nothing else."""

from __future__ import annotations

import datetime as dt

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from pipeline.catalogue import load_catalogue
from pipeline.models.components import Classified
from pipeline.models.fields import FieldStatus
from pipeline.models.text import PageText
from pipeline.ports.reading import Colour
from pipeline.settings import FieldSettings
from pipeline.stages.extraction import ReadPages, extract
from pipeline.stages.recognition.pens import with_pens
from tests.fakes.pages import FONT, PrintedPage

BLACK, BLUE, NAVY = (20, 20, 20), (28, 48, 150), (22, 32, 110)
Rgb = tuple[int, int, int]


def scanned(
    page: PrintedPage, inks: dict[str, Rgb], paper: Rgb = (252, 250, 244)
) -> tuple[PageText, Colour]:
    """The page's text, and its pixels with each line in its ink (default black), reduced twice."""
    image = Image.new("RGB", (page.px(page.width_mm), page.px(page.height_mm)), paper)
    draw = ImageDraw.Draw(image)
    for x, y, text, size, _ in page.lines:
        font = ImageFont.truetype(FONT, round(size / 72 * page.dpi))
        draw.text((page.px(x), page.px(y)), text, font=font, fill=inks.get(text, BLACK))
    bgr = np.asarray(image, dtype=np.uint8)[..., ::-1]
    small = cv2.resize(bgr, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return page.text(), np.asarray(small, dtype=np.uint8)


def written(text: PageText) -> list[str]:
    return [word.text for line in text.lines for word in line.words if word.pen]


def form() -> PrintedPage:
    page = PrintedPage().put(20, 40, "Họ và tên:").put(60, 40, "Trần Thị Hoa")
    return page.put(20, 50, "Ngày sinh:").put(60, 50, "01/02/1980").put(20, 60, "Người làm đơn")


@pytest.mark.parametrize("ink", [BLUE, NAVY])
@pytest.mark.parametrize("paper", [(252, 250, 244), (225, 232, 246), (205, 200, 190)])
def test_words_in_blue_on_a_black_form_are_a_pens(ink: Rgb, paper: Rgb) -> None:
    text, colour = scanned(form(), {"Trần Thị Hoa": ink, "01/02/1980": ink}, paper)
    assert written(with_pens(text, colour, 2)) == ["Trần", "Thị", "Hoa", "01/02/1980"]


def test_black_ink_is_print() -> None:
    text, colour = scanned(form(), {})
    assert with_pens(text, colour, 2) is text


def test_a_paper_printed_in_blue_has_no_pens() -> None:
    page = form()
    text, colour = scanned(page, {line[2]: BLUE for line in page.lines})
    assert with_pens(text, colour, 2) is text


def test_grey_tells_nothing() -> None:
    text, colour = scanned(form(), {"Trần Thị Hoa": BLUE})
    grey = np.repeat(colour[..., 1:2], 3, axis=2)
    assert with_pens(text, grey, 2) is text


def test_what_a_pen_wrote_is_asked_for_however_sure() -> None:
    page = form()
    text, colour = scanned(page, {"Trần Thị Hoa": BLUE})
    component = Classified(
        component_id="c" * 64, code="F_14_HSB", confidence=0.9, pages=(0,), dossier=1, certain=True
    )
    read = ReadPages([with_pens(text, colour, 2)])
    found = extract(
        component, read, load_catalogue(), FieldSettings(), "b" * 64, dt.date(2026, 11, 27)
    )
    values = {value.name: value for value in found.fields.fields}
    assert values["full_name"].reasons == ("HANDWRITTEN",)
    assert values["birth_date"].status is FieldStatus.ACCEPTED
