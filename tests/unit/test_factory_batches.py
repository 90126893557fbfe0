"""Mixed batches: repeatable, apart by part, and with a truth that holds in the pixels."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pdf2image import convert_from_path
from PIL import Image, ImageDraw

from benchmarks.factory import make_batch, read_truth, truth_path
from benchmarks.factory.conditions import Mode, Scanner, Wear, draw_scanner, draw_wear
from benchmarks.factory.fetch_fonts import PACKAGES
from benchmarks.factory.fonts import FETCHED
from benchmarks.factory.layouts import variants
from benchmarks.factory.marks import COPY_STAMP, box_stamp
from benchmarks.factory.paper import Sheet, Style, Value
from benchmarks.factory.planning import PlannedPaper, PlannedSheet, plan, plan_with_sheets
from benchmarks.factory.scan_pdf import ScanPdf
from benchmarks.factory.scanning import scan
from benchmarks.factory.tilting import Tilt
from benchmarks.factory.truth import Hand, Level, Part, Role, TruthBatch
from benchmarks.factory.wearing import worn
from pipeline.adapters.symbols import ZxingSymbolReader
from pipeline.catalogue import load_catalogue
from pipeline.models.base import Box
from pipeline.models.pages import SheetKind
from pipeline.stages.sheets import find_sheet

LOW_DPI = 100
PERFECT = Scanner(
    dpi=LOW_DPI,
    mode=Mode.COLOUR,
    quality=95,
    blur_mm=0.05,
    noise=0.0,
    contrast=1.0,
    threshold=0.7,
    lid=245,
)
AS_NEW = Wear(
    tilt_deg=0.0,
    turn=0,
    ink=1.0,
    patchy=0.0,
    crumbling=0.0,
    folds=(),
    fold_depth=0.0,
    punched=False,
    spine=0.0,
    spine_right=False,
    bleed=0.0,
    specks=0,
    edges_mm=(0.0, 0.0, 0.0, 0.0),
)
FACES = [face for package in PACKAGES for face, _ in package.faces]
fetched = pytest.mark.skipif(
    not all((FETCHED.expanduser() / face).is_file() for face in FACES),
    reason="run `python -m benchmarks.factory.fetch_fonts`",
)
CORNERS = st.tuples(*(st.integers(0, 900) for _ in range(4)))


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> TruthBatch:
    return make_batch(
        tmp_path_factory.mktemp("batch"),
        4,
        level=Level.MID,
        part=Part.TRAIN,
        sheets=True,
        pages=16,
        dpi=150,
    )


def papers(seed: int, part: Part, count: int) -> list[PlannedPaper]:
    return list(itertools.islice(plan(seed, part, variants(part)), count))


# -- whole batches --------------------------------------------------------------------------


@fetched
def test_a_seed_gives_the_same_file_and_truth_again(tmp_path: Path) -> None:
    def made(folder: str, seed: int, part: Part) -> tuple[bytes, str]:
        codes = ("C_KHAI_TU", "I_CCCD")
        truth = make_batch(
            tmp_path / folder, seed, level=Level.HARD, part=part, pages=3, codes=codes, dpi=LOW_DPI
        )
        return truth.path.read_bytes(), truth_path(truth.path).read_text(encoding="utf-8")

    first = made("a", 1, Part.TRAIN)

    assert made("b", 1, Part.TRAIN) == first
    assert made("c", 2, Part.TRAIN)[0] != first[0]
    assert made("d", 1, Part.TUNE)[0] != first[0]


@fetched
def test_the_truth_is_read_back_as_it_was_written(batch: TruthBatch) -> None:
    assert read_truth(truth_path(batch.path)) == batch


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text('{"schema": "other/1"}', encoding="utf-8")

    with pytest.raises(ValueError, match="other"):
        read_truth(path)


@fetched
def test_every_page_has_its_place(batch: TruthBatch) -> None:
    assert len(batch.pages) >= 16
    assert [page.index for page in batch.pages] == list(range(len(batch.pages)))
    of_papers = {
        index: (number, Role.FIRST if place == 0 else Role.NEXT)
        for number, component in enumerate(batch.components)
        for place, index in enumerate(component.pages)
    }
    for page in batch.pages:
        if page.index in of_papers:
            assert (page.component, page.role) == of_papers[page.index]
            assert page.lines
        else:
            assert page.component is None
            assert page.role in {Role.BLANK, Role.SHEET}
            assert not page.lines
    fields = [batch.fields(number) for number in range(len(batch.components))]
    assert all(
        found for found, paper in zip(fields, batch.components, strict=True)
        if paper.code != "Z_OTHER"
    )  # fmt: skip


@fetched
def test_the_file_holds_the_pages_as_the_truth_describes_them(batch: TruthBatch) -> None:
    with pikepdf.open(batch.path) as pdf:
        assert pdf.check_pdf_syntax() == []
        assert len(pdf.pages) == len(batch.pages)
        for page, truth in zip(pdf.pages, batch.pages, strict=True):
            (image,) = page.get_images().values()
            size = (int(image["/Width"]), int(image["/Height"]))
            upright = (truth.width_px, truth.height_px)
            assert size == (upright if truth.turn in (0, 180) else upright[::-1])
            assert float(page.mediabox[2]) == pytest.approx(size[0] * 72 / truth.dpi, abs=0.01)


@fetched
def test_sheets_of_a_batch_are_read_as_the_sheets_they_are(batch: TruthBatch) -> None:
    places = [page.index for page in batch.pages if page.role is Role.SHEET]
    found = []
    for place in places:
        (image,) = convert_from_path(batch.path, dpi=150, first_page=place + 1, last_page=place + 1)
        gray = np.asarray(image.convert("L"))
        found.append(find_sheet(place, gray, ZxingSymbolReader()).sheet)

    assert all(sheet is not None for sheet in found)
    assert found[0] is not None
    assert found[0].kind is SheetKind.COVER
    for place, sheet in zip(places, found, strict=True):
        if sheet is not None and sheet.kind is SheetKind.SEPARATOR:
            after = (page for page in batch.pages[place + 1 :] if page.role is not Role.BLANK)
            following = next(after).component
            assert following is None or batch.components[following].code == sheet.component


@fetched
def test_only_the_kinds_asked_for_come(tmp_path: Path) -> None:
    truth = make_batch(
        tmp_path, 1, level=Level.CLEAN, part=Part.TUNE, pages=4, codes=["C_KHAI_SINH"], dpi=LOW_DPI
    )

    assert {component.code for component in truth.components} == {"C_KHAI_SINH"}
    with pytest.raises(KeyError):
        make_batch(tmp_path, 1, level=Level.CLEAN, part=Part.TUNE, codes=["NONE"], dpi=LOW_DPI)


# -- plans ----------------------------------------------------------------------------------


def test_parts_share_no_person() -> None:
    people = [
        {paper.person.bhxh_code for seed in range(6) for paper in papers(seed, part, 30)}
        for part in Part
    ]

    assert all(not one & other for one, other in itertools.combinations(people, 2))


def test_a_plan_has_every_kind_unknown_ones_and_neighbours_of_one_kind() -> None:
    planned = papers(3, Part.TRAIN, 300)

    assert {paper.code for paper in planned} == set(variants(Part.TRAIN)) - {"F_14A_HSB"}
    unknown = sum(paper.code == "Z_OTHER" for paper in planned)
    assert 8 <= unknown <= 45
    twins = [(one, other) for one, other in itertools.pairwise(planned) if one.code == other.code]
    assert any(
        one.person.address == other.person.address and one.person != other.person
        for one, other in twins
    )


def test_dossiers_with_sheets_are_complete_under_their_slips() -> None:
    layouts = variants(Part.TUNE)
    items = list(itertools.islice(plan_with_sheets(1, Part.TUNE, layouts, load_catalogue()), 200))

    opened = [place for place, item in enumerate(items) if item.may_end_before]
    assert opened[0] == 0
    for start, end in itertools.pairwise(opened):
        dossier = items[start:end]
        sheets = [item for item in dossier if isinstance(item, PlannedSheet)]
        numbers = [sheet.page for sheet in sheets if sheet.page >= 0]
        assert numbers == list(range(len(numbers)))
        assert len({sheet.slip for sheet in sheets}) == 1
        for before, item in itertools.pairwise(dossier):
            assert isinstance(before, PlannedSheet) or isinstance(item, PlannedSheet)
            assert getattr(before, "page", None) != 0 or isinstance(item, PlannedSheet)


def test_kinds_that_were_asked_for_stand_behind_general_sheets() -> None:
    items = itertools.islice(
        plan_with_sheets(1, Part.TUNE, variants(Part.TUNE), load_catalogue(), ["I_CCCD"]), 20
    )

    kinds = {item.page if isinstance(item, PlannedSheet) else item.code for item in items}
    assert kinds == {-1, "I_CCCD"}


# -- geometry -------------------------------------------------------------------------------


@given(CORNERS, st.floats(-6, 6))
def test_a_box_comes_back_from_the_tilted_page(corners: tuple[int, ...], deg: float) -> None:
    x0, x1 = sorted(corners[:2])
    y0, y1 = sorted(corners[2:])
    tilt = Tilt(deg, 1000, 1400, 0.5)

    there = tilt.onto_scan(Box(x0=x0, y0=y0, x1=x1, y1=y1))
    back = tilt.onto_paper(there)

    assert there.width * there.height >= back.width * back.height * 0.98 - 50
    for edge, given_edge in zip(
        (back.x0, back.y0, back.x1, back.y1), (x0, y0, x1, y1), strict=True
    ):
        assert edge == pytest.approx(given_edge / 2, abs=0.4)


@pytest.mark.parametrize("deg", [-4.0, -0.7, 0.0, 2.5])
@pytest.mark.parametrize("drawn_dpi", [LOW_DPI, 2 * LOW_DPI])
def test_boxes_stand_where_the_scan_shows_the_ink(deg: float, drawn_dpi: int) -> None:
    paper = Image.new("RGB", (8 * drawn_dpi, 11 * drawn_dpi), "white")
    box = (drawn_dpi, 2 * drawn_dpi, 5 * drawn_dpi, 2 * drawn_dpi + drawn_dpi // 2)
    ImageDraw.Draw(paper).rectangle(box, fill="black")
    wear = dataclasses.replace(AS_NEW, tilt_deg=deg)

    image, tilt = scan(np.asarray(paper), drawn_dpi, wear, PERFECT, np.random.default_rng(1))

    rows, columns = np.nonzero(np.asarray(image.convert("L")) < 120)
    seen = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    told = tilt.onto_scan(Box(x0=box[0], y0=box[1], x1=box[2], y1=box[3]))
    assert (told.x0, told.y0, told.x1, told.y1) == pytest.approx(seen, abs=1.6)


def test_a_turned_page_is_upright_again_after_its_turn() -> None:
    paper = Image.new("RGB", (300, 400), "white")
    ImageDraw.Draw(paper).rectangle((20, 20, 60, 40), fill="black")
    pixels = np.asarray(paper)
    upright, _ = scan(pixels, LOW_DPI, AS_NEW, PERFECT, np.random.default_rng(1))

    for turn in (90, 180, 270):
        wear = dataclasses.replace(AS_NEW, turn=turn)
        image, tilt = scan(pixels, LOW_DPI, wear, PERFECT, np.random.default_rng(1))

        assert image.rotate(-turn, expand=True).tobytes() == upright.tobytes()
        assert (tilt.width, tilt.height) == upright.size


# -- effects --------------------------------------------------------------------------------


@pytest.mark.parametrize("level", list(Level))
def test_levels_keep_to_their_ranges(level: Level) -> None:
    most = {Level.CLEAN: 0.2, Level.MID: 1.5, Level.HARD: 4.0}[level]
    turned = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        scanner = draw_scanner(rng, level)
        wear = draw_wear(rng, level, scanner, 210.0)
        assert 150 <= scanner.dpi <= 400
        assert 40 <= scanner.quality <= 92
        assert scanner.mode is not Mode.BILEVEL or scanner.dpi >= 200
        assert abs(wear.tilt_deg) <= most
        turned += wear.turn != 0
    assert turned <= 300 * 0.13
    assert (turned == 0) == (level is Level.CLEAN)


def test_landscape_pages_mostly_arrive_sideways() -> None:
    rng = np.random.default_rng(5)
    scanner = draw_scanner(rng, Level.MID)

    turns = [draw_wear(rng, Level.MID, scanner, 297.0).turn for _ in range(60)]

    assert set(turns) == {0, 90, 270}
    assert sum(turn != 0 for turn in turns) > 30


def test_each_wear_leaves_its_trace() -> None:
    front = Image.new("RGB", (850, 1100), (255, 255, 255))
    ImageDraw.Draw(front).rectangle((200, 300, 600, 340), fill="black")
    back = Image.new("RGB", front.size, "white")
    ImageDraw.Draw(back).rectangle((100, 700, 300, 760), fill="black")

    def paper(back: Image.Image | None = None, **wear: object) -> np.ndarray:
        changed = dataclasses.replace(AS_NEW, **wear)  # type: ignore[arg-type]
        rng = np.random.default_rng(1)
        return worn(front, changed, rng, dpi=LOW_DPI, lid=30, back=back)

    plain = paper()
    assert np.array_equal(plain, np.asarray(front))
    assert paper(ink=0.5)[320, 400].mean() == pytest.approx(127, abs=2)
    crumbled = paper(crumbling=0.05)[300:340, 200:600]
    assert 0.005 < (crumbled.mean(axis=2) > 90).mean() < 0.3
    shone = paper(back=back, bleed=0.1)
    mirrored = 850 - 200
    assert shone[730, mirrored].mean() == pytest.approx(229, abs=4)
    assert shone[730, 200].mean() == pytest.approx(255, abs=1)
    folded = paper(folds=(0.6,), fold_depth=0.3).astype(int)
    assert (plain - folded).max(axis=(1, 2)).argmax() == pytest.approx(660, abs=12)
    punched = paper(punched=True)
    assert 2 * 300 < (punched[..., 0] < 60).sum() - (plain[..., 0] < 60).sum() < 2 * 600


def test_the_scanner_leaves_its_traces() -> None:
    white = np.full((400, 300, 3), 250, np.uint8)

    def scanned(wear: Wear = AS_NEW, **settings: object) -> np.ndarray:
        scanner = dataclasses.replace(PERFECT, **settings)  # type: ignore[arg-type]
        image, _ = scan(white, LOW_DPI, wear, scanner, np.random.default_rng(1))
        return np.asarray(image.convert("L"), dtype=int)

    assert scanned().std() < 5
    assert scanned(noise=8.0).std() > 6
    assert scanned(dataclasses.replace(AS_NEW, spine=0.5))[:, 2].mean() < 150
    assert scanned(dataclasses.replace(AS_NEW, edges_mm=(0, 3.0, 0, 0)))[3].mean() < 120
    assert (scanned(dataclasses.replace(AS_NEW, specks=60)) < 175).any()
    bilevel, _ = scan(
        white,
        LOW_DPI,
        AS_NEW,
        dataclasses.replace(PERFECT, mode=Mode.BILEVEL),
        np.random.default_rng(1),
    )
    assert bilevel.mode == "1"


def test_pages_of_all_modes_come_out_of_the_file(tmp_path: Path) -> None:
    picture = Image.new("RGB", (203, 300), "white")
    ImageDraw.Draw(picture).rectangle((20, 30, 100, 60), fill=(200, 0, 0))
    with ScanPdf(tmp_path / "modes.pdf") as pdf:
        for mode in ("RGB", "L", "1"):
            pdf.add(picture.convert(mode), 72, 95)

    pages = convert_from_path(tmp_path / "modes.pdf", dpi=72)

    assert [page.size for page in pages] == [picture.size] * 3
    corner = [np.asarray(page)[5, 5] for page in pages]
    assert all(value.min() > 245 for value in corner)
    red, grey, black = (np.asarray(page)[45, 60].astype(int) for page in pages)
    assert abs(red - (200, 0, 0)).max() < 15
    assert abs(grey - 60).max() < 8
    assert black.max() < 130


# -- what a sheet remembers -----------------------------------------------------------------


def test_a_sheet_remembers_hands_columns_and_names() -> None:
    sheet = Sheet(np.random.default_rng(1), 150, pen=Style(size=13.0, hand=Hand.PEN))
    sheet.entry("Họ và tên: ", Value("LÊ THỊ ÁNH", "full_name"), " Nam/Nữ: ", Value("Nữ"))
    sheet.put(30.0, 80.0, "Bên trái")
    sheet.put(120.0, 80.4, "12345", name="number")
    sheet.box(28.0, 96.0, 52.0, 104.0)
    sheet.put(30.0, 100.0, "Ô một")
    sheet.put(53.0, 100.0, "Ô hai")
    stamp = box_stamp(sheet.rng, 150, COPY_STAMP)
    sheet.paste(stamp, 100.0, 150.0, stamped=COPY_STAMP)

    page = sheet.finish("X")

    told = [(line.text, line.hand) for line in page.truth_lines]
    assert told == [
        ("Họ và tên: LÊ THỊ ÁNH Nam/Nữ: Nữ", Hand.PRINT),
        ("Bên trái", Hand.PRINT),
        ("12345", Hand.PRINT),
        ("Ô một", Hand.PRINT),
        ("Ô hai", Hand.PRINT),
        ("SAO Y BẢN CHÍNH", Hand.STAMP),
        ("Ngày tháng năm", Hand.STAMP),
    ]
    hands = [part.hand for part in page.truth_lines[0].parts]
    assert hands == [Hand.PRINT, Hand.PEN, Hand.PRINT, Hand.PEN]
    fields = {each.name: each for each in page.truth_fields}
    assert fields["full_name"].hand is Hand.PEN
    assert fields["full_name"].boxes == (page.truth_lines[0].parts[1].box,)
    assert fields["number"].boxes == (page.truth_lines[2].box,)


def test_a_value_over_two_lines_has_a_box_on_each() -> None:
    sheet = Sheet(np.random.default_rng(1), 100)
    long = " ".join(["rất dài"] * 20)
    sheet.entry("Nội dung: ", Value(long, "content"))
    sheet.fields["subject"] = "phúc đáp văn bản"
    sheet.put(30.0, 100.0, "V/v phúc đáp")
    sheet.put(30.0, 106.0, "văn bản số 1")
    sheet.fields["count"] = "24"

    fields = {each.name: each for each in sheet.finish("X").truth_fields}

    assert len(fields["content"].boxes) >= 2
    first, second = fields["subject"].boxes
    assert first.x0 > sheet.px(30.0) + 5
    assert second.y0 > first.y1
    assert second.x1 < sheet.px(60.0)
    assert fields["count"].boxes == ()
