"""Assembly: what goes in comes out untouched, upright, searchable and as PDF/A."""

from __future__ import annotations

import io
import struct
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pikepdf.pdfa
import pytest
from PIL import Image

from pipeline.errors import AssemblyError
from pipeline.models.pages import Symbol, SymbolFormat, Turn
from pipeline.stages.assembly import AssemblyPage, assemble, keep_clear, read_transfer_note
from tests.fakes.scanned_pages import (
    LINES,
    assembly_page,
    capture_facts,
    picture,
    raw_image,
    words,
)

SIZE = (620, 437)
DPI = 150
TURNS: tuple[Turn, ...] = (0, 90, 180, 270)


def bilevel(image: Image.Image) -> Image.Image:
    return image.convert("L").point(lambda grey: 255 if grey > 128 else 0).convert("1")


def write_image(path: Path, kind: str, image: Image.Image) -> Path:
    match kind:
        case "rgb.jpg":
            image.save(path, "JPEG", quality=90)
        case "grey.jpg":
            image.convert("L").save(path, "JPEG", quality=90)
        case "g4.tif":
            bilevel(image).save(path, "TIFF", compression="group4", tiffinfo={278: image.height})
        case "g4-strips.tif":
            bilevel(image).save(path, "TIFF", compression="group4", tiffinfo={278: 64})
        case "lzw.tif":
            image.save(path, "TIFF", compression="tiff_lzw")
        case "deep.png":
            deep = np.asarray(image.convert("L"), dtype=np.uint16) * 257
            Image.fromarray(deep).save(path, "PNG")
        case "rgb.png":
            image.save(path, "PNG")
        case "palette.png":
            image.convert("P").save(path, "PNG")
        case "bilevel.png":
            bilevel(image).save(path, "PNG")
        case "alpha.png":
            image.convert("RGBA").save(path, "PNG")
        case _:
            raise ValueError(kind)
    return path


KINDS = (
    "rgb.jpg",
    "grey.jpg",
    "g4.tif",
    "g4-strips.tif",
    "rgb.png",
    "palette.png",
    "bilevel.png",
    "alpha.png",
    "lzw.tif",
    "deep.png",
)


BILEVEL = ("g4.tif", "g4-strips.tif", "bilevel.png")


def scanned(folder: Path, kind: str, turn: Turn, size: tuple[int, int] = SIZE) -> AssemblyPage:
    path = folder / f"{turn}-{kind}"
    write_image(path, kind, raw_image(picture(size), turn))
    return assembly_page(path, size, turn, DPI, words())


def put_together(folder: Path, pages: list[AssemblyPage], name: str = "out.pdf") -> Path:
    out = folder / name
    assemble(pages, capture_facts(*(page.raw.file.sha256 for page in pages)), "Đơn đề nghị", out)
    return out


def rendered(pdf: Path, page: int = 1, dpi: int = DPI) -> Image.Image:
    data = subprocess.run(
        ["pdftoppm", "-r", str(dpi), "-png", "-f", str(page), "-l", str(page), str(pdf)],
        check=True,
        capture_output=True,
    ).stdout
    return Image.open(io.BytesIO(data)).convert("RGB")


def extracted(pdf: Path, *options: str) -> str:
    done = subprocess.run(
        ["pdftotext", *options, str(pdf), "-"], check=True, capture_output=True, text=True
    )
    return done.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_every_turn_of_every_kind_looks_like_the_upright_page(tmp_path: Path, kind: str) -> None:
    pages = [scanned(tmp_path, kind, turn) for turn in TURNS]

    pdf = put_together(tmp_path, pages)

    flat = bilevel(picture()) if kind in BILEVEL else picture()
    expected = np.asarray(flat.convert("L").resize((310, 218)), dtype=float)
    for number in range(1, 5):
        seen = rendered(pdf, number, DPI // 2).convert("L").resize((310, 218))
        assert np.abs(np.asarray(seen, dtype=float) - expected).mean() < 12


@pytest.mark.parametrize("kind", ["rgb.jpg", "g4.tif", "rgb.png", "bilevel.png"])
def test_the_compressed_image_data_is_untouched(tmp_path: Path, kind: str) -> None:
    page = scanned(tmp_path, kind, 90)
    pdf = put_together(tmp_path, [page])

    with pikepdf.open(pdf) as opened:
        stored = opened.pages[0].Resources.XObject.Im0.read_raw_bytes()

    source = page.path.read_bytes()
    if kind.endswith("jpg"):
        assert stored == source
    elif kind.endswith("tif"):
        assert stored in source
    else:
        assert stored == b"".join(png_data(source))


def png_data(source: bytes) -> list[bytes]:
    place, found = 8, []
    while place < len(source):
        (length,) = struct.unpack_from(">I", source, place)
        if source[place + 4 : place + 8] == b"IDAT":
            found.append(source[place + 8 : place + 8 + length])
        place += length + 12
    return found


def test_g4_with_inverted_photometric_and_bit_order_keeps_its_polarity(tmp_path: Path) -> None:
    image = bilevel(picture())
    path = tmp_path / "inverted.tif"
    image.save(path, "TIFF", compression="group4", tiffinfo={262: 1, 266: 2, 278: image.height})
    page = assembly_page(path, SIZE, 0, DPI)

    seen = rendered(put_together(tmp_path, [page]))

    with Image.open(path) as decoded:
        expected = np.asarray(decoded.convert("L"), dtype=float)
    grey = np.asarray(seen.convert("L").resize(SIZE), dtype=float)
    assert np.abs(grey - expected).mean() < 12


def test_stored_orientation_tags_are_ignored_in_favour_of_the_turn(tmp_path: Path) -> None:
    raw = raw_image(picture(), 90)
    exif = Image.Exif()
    exif[274] = 6
    path = tmp_path / "exif.jpg"
    raw.save(path, "JPEG", quality=95, exif=exif)
    strips = tmp_path / "tag.tif"
    bilevel(raw).save(strips, "TIFF", compression="group4", tiffinfo={274: 6, 278: 64})

    pages = [assembly_page(path, SIZE, 90, DPI), assembly_page(strips, SIZE, 90, DPI)]
    pdf = put_together(tmp_path, pages)

    for number, flat in ((1, picture()), (2, bilevel(picture()))):
        expected = np.asarray(flat.convert("L"), dtype=float)
        grey = rendered(pdf, number).convert("L").resize(SIZE)
        assert np.abs(np.asarray(grey, dtype=float) - expected).mean() < 12


@pytest.mark.parametrize(
    ("size", "dpi", "points"),
    [
        ((1748, 2480), 300, (419.52, 595.2)),
        ((2480, 1748), 300, (595.2, 419.52)),
        ((1654, 2339), 200, (595.44, 842.04)),
    ],
)
def test_the_page_has_the_size_of_the_paper(
    tmp_path: Path, size: tuple[int, int], dpi: float, points: tuple[float, float]
) -> None:
    path = tmp_path / "page.jpg"
    raw_image(Image.new("L", size, 240), 270).save(path, "JPEG")
    page = assembly_page(path, size, 270, dpi)
    out = tmp_path / "out.pdf"

    made = assemble([page], capture_facts(page.raw.file.sha256), "A5", out)

    assert made.page_sizes == (points,)
    with pikepdf.open(out) as pdf:
        assert "/Rotate" not in pdf.pages[0]
        assert [float(edge) for edge in pdf.pages[0].MediaBox] == [0, 0, *points]


@pytest.mark.parametrize("options", [(), ("-raw",)])
def test_the_text_is_read_back_in_order(tmp_path: Path, options: tuple[str, ...]) -> None:
    pdf = put_together(tmp_path, [scanned(tmp_path, "rgb.jpg", turn) for turn in TURNS])

    pages = extracted(pdf, *options).split("\f")[:4]

    assert [page.split("\n")[:4] for page in pages] == [list(LINES)] * 4


def test_the_text_layer_is_invisible_and_its_words_stand_at_their_boxes(tmp_path: Path) -> None:
    page = scanned(tmp_path, "rgb.jpg", 180)
    bare = AssemblyPage(page.raw, page.path, page.text.model_copy(update={"lines": ()}))

    pdf = put_together(tmp_path, [page])
    without = put_together(tmp_path, [bare], "bare.pdf")

    assert rendered(pdf).tobytes() == rendered(without).tobytes()
    found = extracted(pdf, "-bbox")
    (line,) = [line for line in found.split("\n") if ">Tuyết<" in line]
    attributes = dict(part.split("=") for part in line.split(">")[0].split()[1:])
    left, right = (float(attributes[edge].strip('"')) for edge in ("xMin", "xMax"))
    word = page.text.lines[1].words[-1]
    assert left == pytest.approx(word.box.x0 * 72 / DPI, abs=0.1)
    assert right == pytest.approx(word.box.x1 * 72 / DPI, abs=0.1)


def test_the_same_input_gives_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = [scanned(tmp_path, "rgb.jpg", 90), scanned(tmp_path, "rgb.png", 0)]
    save = pikepdf.pdfa.save

    def save_in_another_second(pdf: pikepdf.Pdf, *args: Any, **options: Any) -> Any:
        pdf.trailer.ID = pikepdf.Array([b"another second!!", b"another second!!"])
        return save(pdf, *args, **options)

    first = put_together(tmp_path, pages, "a.pdf").read_bytes()
    monkeypatch.setattr(pikepdf.pdfa, "save", save_in_another_second)

    assert put_together(tmp_path, pages, "b.pdf").read_bytes() == first


def test_the_transfer_note_comes_back_from_the_file(tmp_path: Path) -> None:
    pages = [scanned(tmp_path, "rgb.jpg", turn) for turn in (0, 180)]
    facts = capture_facts(*(page.raw.file.sha256 for page in pages))
    out = tmp_path / "out.pdf"

    assemble(pages, facts, "Đơn <đề nghị> & phụ lục", out)

    assert read_transfer_note(out) == facts
    with pikepdf.open(out) as pdf:
        assert str(pdf.docinfo.Title) == "Đơn <đề nghị> & phụ lục"
        with pdf.open_metadata() as metadata:
            assert metadata["dc:title"] == "Đơn <đề nghị> & phụ lục"
            assert metadata.pdfa_status == "2U"


def test_a_page_without_engine_or_station_has_a_shorter_note(tmp_path: Path) -> None:
    page = scanned(tmp_path, "rgb.jpg", 0)
    facts = capture_facts(page.raw.file.sha256, station=None).model_copy(update={"engine": None})

    assemble([page], facts, "A", tmp_path / "out.pdf")

    assert read_transfer_note(tmp_path / "out.pdf") == facts


@pytest.mark.parametrize("content", [b"", b"not a PDF", b"%PDF-1.7\n%%EOF"])
def test_files_without_a_note_have_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.pdf"
    path.write_bytes(content)

    assert read_transfer_note(path) is None


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"<not xml",
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>',
        b'<?xpacket?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description rdf:about="" xmlns:s="https://sohoa.vn/ns/transfer/1.0/">'
        b"<s:component_id>x</s:component_id></rdf:Description></rdf:RDF>",
    ],
)
def test_a_foreign_or_broken_packet_is_no_note(tmp_path: Path, packet: bytes) -> None:
    path = tmp_path / "foreign.pdf"
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.Root.Metadata = pdf.make_stream(packet)
        pdf.save(path)

    assert read_transfer_note(path) is None


def cmyk(path: Path) -> None:
    picture(mode="CMYK").save(path, "JPEG")


def truncated_jpeg(path: Path) -> None:
    path.write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF")


def truncated_png(path: Path) -> None:
    out = io.BytesIO()
    picture().save(out, "PNG")
    path.write_bytes(out.getvalue()[:200])


def truncated_tiff(path: Path) -> None:
    out = io.BytesIO()
    image = picture().convert("1")
    image.save(out, "TIFF", compression="group4", tiffinfo={278: image.height})
    path.write_bytes(out.getvalue()[:20])


def cmyk_tiff(path: Path) -> None:
    picture(mode="CMYK").save(path, "TIFF", compression="tiff_lzw")


def arithmetic_jpeg(path: Path) -> None:
    path.write_bytes(b"\xff\xd8\xff\xc9\x00\x11\x08" + bytes(30))


def foreign(path: Path) -> None:
    path.write_bytes(b"GIF89a")


@pytest.mark.parametrize(
    ("write", "code"),
    [
        (cmyk, "IMAGE_CMYK"),
        (truncated_jpeg, "IMAGE_UNREADABLE"),
        (truncated_png, "IMAGE_UNREADABLE"),
        (truncated_tiff, "IMAGE_UNREADABLE"),
        (cmyk_tiff, "IMAGE_CMYK"),
        (arithmetic_jpeg, "IMAGE_UNSUPPORTED"),
        (foreign, "IMAGE_UNSUPPORTED"),
    ],
)
def test_unfit_images_are_named(tmp_path: Path, write: object, code: str) -> None:
    assert callable(write)
    path = tmp_path / "unfit"
    write(path)
    good = scanned(tmp_path, "rgb.jpg", 0)

    with pytest.raises(AssemblyError) as caught:
        put_together(tmp_path, [good, assembly_page(path, SIZE, 0, DPI)])

    assert (caught.value.code, caught.value.params) == (code, {"page": 2})
    assert not (tmp_path / "out.pdf").exists()


def test_a_missing_image_is_unreadable(tmp_path: Path) -> None:
    page = scanned(tmp_path, "rgb.jpg", 0)
    page.path.unlink()

    with pytest.raises(AssemblyError, match="IMAGE_UNREADABLE"):
        put_together(tmp_path, [page])


def test_an_image_of_another_size_than_recorded_is_refused(tmp_path: Path) -> None:
    path = write_image(tmp_path / "page.jpg", "rgb.jpg", picture((300, 200)))

    with pytest.raises(AssemblyError, match="IMAGE_SIZE_MISMATCH"):
        put_together(tmp_path, [assembly_page(path, SIZE, 0, DPI)])


@pytest.mark.parametrize("dpi", [0.0, 2.0, 20_000.0])
def test_impossible_page_sizes_are_refused(tmp_path: Path, dpi: float) -> None:
    path = write_image(tmp_path / "page.jpg", "rgb.jpg", picture())

    with pytest.raises(AssemblyError, match="PAGE_SIZE_OUT_OF_RANGE"):
        put_together(tmp_path, [assembly_page(path, SIZE, 0, dpi)])


def test_a_component_has_pages(tmp_path: Path) -> None:
    with pytest.raises(AssemblyError, match="NO_PAGES"):
        put_together(tmp_path, [])


def test_an_unwritable_folder_is_an_assembly_error(tmp_path: Path) -> None:
    page = scanned(tmp_path, "rgb.jpg", 0)

    with pytest.raises(AssemblyError, match="PDF_NOT_WRITTEN"):
        assemble([page], capture_facts(), "A", tmp_path / "missing" / "out.pdf")


# -- what the stamp leaves free --------------------------------------------------------------


@pytest.mark.parametrize("seen", TURNS)
@pytest.mark.parametrize("archived", TURNS)
def test_a_code_is_left_free_where_it_is_seen_on_the_archived_page(
    tmp_path: Path, seen: Turn, archived: Turn
) -> None:
    page = scanned(tmp_path, "rgb.jpg", archived)
    x, y, (width, height) = 60.0, 40.0, SIZE
    for _ in range((seen - archived) % 360 // 90):
        x, y, width, height = height - y, x, height, width
    symbol = Symbol(format=SymbolFormat.QR, text="HS", x=x, y=y, side=40)

    (box,) = keep_clear(page.raw, [symbol], seen, archived)

    points = 72 / DPI
    assert ((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2) == pytest.approx(
        (60 * points, (SIZE[1] - 40) * points)
    )
    assert box.width == pytest.approx(50 * points) and box.height == pytest.approx(50 * points)


def test_a_code_of_unknown_size_leaves_nothing_free(tmp_path: Path) -> None:
    page = scanned(tmp_path, "rgb.jpg", 0)
    symbol = Symbol(format=SymbolFormat.QR, text="HS", x=60, y=40)
    assert keep_clear(page.raw, [symbol], 0, 0) == ()
