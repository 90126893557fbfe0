"""The stamp never covers ink: room is found at the top left of page one, or made."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from pyhanko.pdf_utils.reader import PdfFileReader

from pipeline.adapters.pixels import OpenCvDecoder
from pipeline.models.base import Box
from pipeline.models.components import ComponentPdf
from pipeline.models.files import FileRef
from pipeline.models.pages import Turn
from pipeline.models.stamps import StampRoom, StampSize, fitted
from pipeline.settings import Settings
from pipeline.signatures import build_signer
from pipeline.signatures.geometry import PageFrame, is_top_left, page_frame
from pipeline.signatures.pages import first_page, frame_of
from pipeline.signatures.signer import HeldKeySigner
from pipeline.stages import assembly
from pipeline.stages.archiving import page_points
from pipeline.stages.assembly.room import SHARES, find_room
from tests.fakes.papers import PAPERS, Paper, write_paper
from tests.fakes.rendering import RENDERERS, covered_ink, rendered
from tests.fakes.scanned_pages import assembly_page, capture_facts, raw_image, words
from tests.fakes.signers import component_of

SIZE = StampSize(width_mm=58, height_mm=12, margin_mm=3)
NOW = dt.datetime(2026, 11, 22, 3, 0, tzinfo=dt.UTC)
DPI = 72.0
"""Of made-up ink: one pixel is one point."""
MM = 72 / 25.4
TURNS: tuple[Turn, ...] = (0, 90, 180, 270)


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> HeldKeySigner:
    return build_signer(Settings(home=tmp_path_factory.mktemp("home")), lambda: NOW)


# -- the rule --------------------------------------------------------------------------------


@st.composite
def inked_pages(draw: st.DrawFn) -> tuple[NDArray[np.bool_], tuple[float, float]]:
    """Pages from slips to A3 with rectangles of ink anywhere, mostly near the corner."""
    width, height = draw(st.integers(60, 1200)), draw(st.integers(40, 1200))
    ink = np.zeros((height, width), dtype=np.bool_)
    for _ in range(draw(st.integers(0, 8))):
        x = draw(st.integers(0, width - 1) | st.integers(0, min(60, width - 1)))
        y = draw(st.integers(0, height - 1) | st.integers(0, min(60, height - 1)))
        ink[y : y + draw(st.integers(1, 300)), x : x + draw(st.integers(1, 600))] = True
    return ink, (float(width), float(height))


def ink_under(ink: NDArray[np.bool_], page: tuple[float, float], room: StampRoom) -> bool:
    """Whether the box would cover any pixel of the page's ink, each one placed by itself."""
    rows, columns = np.nonzero(ink)
    middle, foot, scale = page[0] / 2, page[1], room.scale
    left, right = ((columns + edge - middle) * scale + middle for edge in (0, 1))
    top, bottom = (foot - (foot - rows - edge) * scale for edge in (0, 1))
    box = room.box
    across = (left < box.x1) & (box.x0 < right)
    along = (top < foot - box.y0) & (foot - box.y1 < bottom)
    return bool((across & along).any())


@settings(max_examples=60, deadline=None)
@given(inked_pages())
def test_no_ink_lies_under_the_stamp_on_any_page(
    drawn: tuple[NDArray[np.bool_], tuple[float, float]],
) -> None:
    ink, page = drawn
    room = find_room(ink, DPI, page, SIZE)
    assert room.ink_pixels == 0 and not ink_under(ink, page, room)
    assert is_top_left(room.box, page_frame((0, 0, *page)))
    assert room.box.width / room.box.height == pytest.approx(58 / 12)
    assert 0.7 < room.scale <= 1.0


@settings(max_examples=40, deadline=None)
@given(inked_pages())
def test_only_the_upper_part_of_the_page_is_needed(
    drawn: tuple[NDArray[np.bool_], tuple[float, float]],
) -> None:
    ink, page = drawn
    part = int(np.ceil(assembly.part_needed(SIZE, page) * ink.shape[0]))
    assert find_room(ink[:part], DPI, page, SIZE) == find_room(ink, DPI, page, SIZE)


def blank(page: tuple[float, float]) -> NDArray[np.bool_]:
    return np.zeros((round(page[1]), round(page[0])), dtype=np.bool_)


A4, A5 = (595.0, 842.0), (420.0, 595.0)


@pytest.mark.parametrize("page", [A4, A5, (842.0, 1191.0), (595.0, 420.0)])
def test_a_free_corner_has_the_whole_stamp_at_its_margin(page: tuple[float, float]) -> None:
    room = find_room(blank(page), DPI, page, SIZE)
    assert room.scale == 1.0
    assert (room.box.width, room.box.height) == pytest.approx((58 * MM, 12 * MM))
    assert (room.box.x0, page[1] - room.box.y1) == pytest.approx((3 * MM, 3 * MM))


def test_beside_a_mark_before_it_is_made_smaller() -> None:
    ink = blank(A4)
    ink[10:30, 5:25] = True
    room = find_room(ink, DPI, A4, SIZE)
    assert room.scale == 1.0 and room.box.width == pytest.approx(58 * MM)


def test_smaller_before_the_paper_is_scaled() -> None:
    ink = blank(A4)
    ink[round(13.5 * MM) :, :] = True
    room = find_room(ink, DPI, A4, SIZE)
    assert room.scale == 1.0
    assert 58 * MM * SHARES[-1] - 1e-6 <= room.box.width < 58 * MM


def test_the_paper_is_scaled_no_further_than_needed() -> None:
    ink = blank(A5)
    ink[round(8 * MM) :, :] = True
    room = find_room(ink, DPI, A5, SIZE)
    assert room.box.width == pytest.approx(58 * MM * SHARES[-1])
    top = A5[1] - fitted(Box(x0=0, y0=0, x1=1, y1=A5[1] - 8 * MM), room.scale, A5[0]).y1
    bottom = A5[1] - room.box.y0
    assert bottom < top < bottom + 0.8 * MM + 0.0025 * A5[1] + 2


def test_a_code_is_left_free_with_its_quiet_zone() -> None:
    code = Box(x0=10, y0=700, x1=140, y1=830)
    room = find_room(blank(A4), DPI, A4, SIZE, [code])
    placed = fitted(code, room.scale, A4[0])
    assert room.box.x0 >= placed.x1 or room.box.y0 >= placed.y1 or room.box.y1 <= placed.y0


# -- what ink is -----------------------------------------------------------------------------

PER_MM = 150 / 25.4


def scan(shade: int = 245, noise: float = 5.0) -> NDArray[np.uint8]:
    grain = np.random.default_rng(7).normal(shade, noise, (600, 900))
    return np.clip(grain, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("shade", [255, 245, 200, 140])
@pytest.mark.parametrize("noise", [0.0, 5.0, 9.0])
def test_paper_of_any_shade_is_no_ink(shade: int, noise: float) -> None:
    assert not assembly.ink_of(scan(shade, noise), 150).any()


def test_uneven_light_is_no_ink() -> None:
    light = np.linspace(250, 190, 900)[None, :] * np.ones((600, 1))
    assert not assembly.ink_of(light.astype(np.uint8), 150).any()


@pytest.mark.parametrize("shade", [0, 120, 200])
def test_a_thin_stroke_is_ink_even_in_pencil(shade: int) -> None:
    page = scan()
    page[300:302, 100:160] = shade
    found = assembly.ink_of(page, 150)
    assert found[300:302, 100:160].mean() > 0.95 and found.sum() < 270


def test_a_dark_surrounding_is_ink_throughout() -> None:
    page = scan()
    page[:, :250] = 40
    assert assembly.ink_of(page, 150)[:, :240].mean() > 0.95


def test_a_grain_of_dust_is_none_but_a_dot_beside_a_letter_is() -> None:
    page = scan(noise=0)
    page[100, 100] = 0
    page[300:330, 300:310] = 0
    page[296, 304] = 0
    found = assembly.ink_of(page, 150)
    assert not found[100, 100] and found[296, 304]


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (3, 7)])
@pytest.mark.parametrize("dpi", [0.0, 20.0, 1200.0])
def test_images_of_any_shape_are_looked_at(shape: tuple[int, int], dpi: float) -> None:
    assert assembly.ink_of(np.full(shape, 200, np.uint8), dpi).shape == shape


# -- as readers show it ----------------------------------------------------------------------


def form(page_mm: tuple[int, int], top_mm: float, dpi: int) -> Image.Image:
    """Rows of text from a height on, as wide as the page."""
    width, height = (round(v * dpi / 25.4) for v in page_mm)
    image = Image.new("RGB", (width, height), (250, 248, 240))
    draw = ImageDraw.Draw(image)
    for row in range(round(top_mm * dpi / 25.4), image.height - 20, round(7 * dpi / 25.4)):
        for x in range(round(2 * dpi / 25.4), image.width - 20, 14):
            draw.rectangle((x, row, x + 8, row + round(3 * dpi / 25.4)), fill=(40, 40, 120))
    return image


def archived(
    folder: Path, image: Image.Image, turn: Turn, dpi: int, signer: HeldKeySigner
) -> tuple[Path, Path, StampRoom, assembly.AssemblyPage]:
    """Assembled, then signed, as in the chain."""
    path = folder / "raw.jpg"
    raw_image(image, turn).save(path, "JPEG", quality=92)
    page = assembly_page(path, image.size, turn, dpi, words(top=dpi))
    size = assembly.page_size(page)
    gray = OpenCvDecoder().gray(path, turn=turn)
    upper = gray[: int(np.ceil(gray.shape[0] * assembly.part_needed(SIZE, size)))]
    room = assembly.find_room(assembly.ink_of(upper, dpi), dpi, size, SIZE)
    before, after = folder / "before.pdf", folder / "after.pdf"
    facts = capture_facts(page.raw.file.sha256)
    assembly.assemble([page], facts, "Đơn đề nghị", before, room.scale)
    data = before.read_bytes()
    component = ComponentPdf(
        component_id="c" * 64,
        code="F_14_HSB",
        file=FileRef(
            sha256=hashlib.sha256(data).hexdigest(), size=len(data), media_type="application/pdf"
        ),
        page_sizes=(size,),
        room=room,
    )
    signed, info = signer.sign(component, before, facts, NOW)
    assert info.box == room.box
    after.write_bytes(signed)
    return before, after, room, page


SHEETS = {
    "a3": (297, 420),
    "a4": (210, 297),
    "a5": (148, 210),
    "a5-across": (210, 148),
    "slip": (100, 60),
}


@pytest.mark.skipif(not RENDERERS, reason="neither poppler-utils nor mupdf-tools is installed")
@pytest.mark.parametrize("top_mm", [1, 8, 12, 25])
@pytest.mark.parametrize("sheet", SHEETS)
def test_before_and_after_no_pixel_of_ink_changes(
    sheet: str, top_mm: float, signer: HeldKeySigner, tmp_path: Path
) -> None:
    image = form(SHEETS[sheet], top_mm, 100)
    turn = TURNS[(list(SHEETS).index(sheet) + round(top_mm)) % 4]
    before, after, room, _ = archived(tmp_path, image, turn, 100, signer)
    assert (room.scale < 1.0) == (top_mm <= 8), "the paper is left as it is where it can be"
    for renderer in RENDERERS:
        changed, ink = covered_ink(rendered(before, renderer), rendered(after, renderer))
        assert changed > 200 and ink == 0


@pytest.mark.skipif(not RENDERERS, reason="neither poppler-utils nor mupdf-tools is installed")
@pytest.mark.parametrize("renderer", RENDERERS)
@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_free_room_is_met_on_every_geometry(
    paper: Paper, renderer: str, signer: HeldKeySigner, tmp_path: Path
) -> None:
    """What is seen to be free is what the stamp takes, whichever way the page is turned or cut."""
    pdf = write_paper(tmp_path, Paper(**{**vars(paper), "shade": 255}))
    frame = frame_of_file(pdf)
    unit = frame.user_unit
    seen = rendered(pdf, renderer, 72)
    page = tuple(side * unit for side in frame.viewed_size)
    ink = np.zeros(seen.shape[:2], dtype=np.bool_)
    height, width = seen.shape[:2]
    ink[: round(height * 0.04), : round(width * 0.2)] = True
    ink[round(height * 0.3) :] = True
    dpi = 72 * seen.shape[1] / page[0]  # poppler does not know UserUnit
    room = find_room(ink, dpi, (page[0], page[1]), SIZE)
    assert room.scale == 1.0
    viewed = Box(
        x0=room.box.x0 / unit,
        x1=room.box.x1 / unit,
        y0=(page[1] - room.box.y1) / unit,
        y1=(page[1] - room.box.y0) / unit,
    )
    placed = room.model_copy(update={"box": frame.from_viewed(viewed)})
    component = component_of(pdf).model_copy(update={"room": placed})
    signed, info = signer.sign(component, pdf, capture_facts(), NOW)
    assert info.box == placed.box
    before, scale = rendered(pdf, renderer, 144), 2
    pdf.write_bytes(signed)
    changed = np.abs(before - rendered(pdf, renderer, 144)).max(axis=2) > 8
    assert changed.any()
    down, across = np.nonzero(changed)
    assert not np.kron(ink, np.ones((scale, scale), np.bool_))[down, across].any()


def frame_of_file(pdf: Path) -> PageFrame:
    page = first_page(PdfFileReader(io.BytesIO(pdf.read_bytes())).root)
    assert page is not None
    return frame_of(page)


# -- what moves with the paper ---------------------------------------------------------------


@pytest.mark.parametrize("turn", TURNS)
def test_words_and_image_are_scaled_together(
    turn: Turn, signer: HeldKeySigner, tmp_path: Path
) -> None:
    before, _, room, page = archived(tmp_path, form((148, 210), 1, 150), turn, 150, signer)
    assert room.scale < 1.0
    text = page.text.model_copy(update={"scale": room.scale})
    said = subprocess.run(
        ["pdftotext", "-bbox", str(before), "-"], check=True, capture_output=True, text=True
    ).stdout
    height = assembly.page_size(page)[1]
    found = re.findall(r'xMin="(\S+)" yMin="(\S+)" xMax="(\S+)" yMax="(\S+)">', said)
    boxes = [page_points(word.box, text) for line in text.lines for word in line.words]
    assert len(found) == len(boxes)
    for (x0, _, x1, y1), box in zip(found, boxes, strict=True):
        assert (float(x0), float(x1)) == pytest.approx((box[0], box[2]), abs=1.5)
        assert height - float(y1) == pytest.approx(box[1], abs=4), "below it hang descenders"


def test_the_image_data_stay_untouched_and_the_note_says_how_far(
    signer: HeldKeySigner, tmp_path: Path
) -> None:
    before, _, room, page = archived(tmp_path, form((148, 210), 1, 150), 0, 150, signer)
    assert page.path.read_bytes() in before.read_bytes()
    facts = capture_facts().model_copy(
        update={"content_scale": 0.9525, "stamp_area": "1 2 3 4", "stamp_ink_pixels": 0}
    )
    noted = tmp_path / "noted.pdf"
    assembly.assemble([page], facts, "x", noted, room.scale)
    read = assembly.read_transfer_note(noted)
    assert read is not None
    assert (read.content_scale, read.stamp_area, read.stamp_ink_pixels) == (0.9525, "1 2 3 4", 0)
