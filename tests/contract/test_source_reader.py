"""What every `SourceReader` owes, over real files of every accepted format."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name
from PIL import Image, ImageOps

from pipeline.adapters.pixels import OpenCvDecoder
from pipeline.adapters.sources import FileSourceReader
from pipeline.adapters.sources.render import take_image
from pipeline.errors import UnreadableScan, UnsafeInput
from pipeline.models.files import SourceKind
from pipeline.ports.reading import ExtractedPage, SourceReader, SourceReport
from pipeline.settings import IntakeSettings
from tests.fakes import source_files as files


@pytest.fixture(scope="module")
def reader() -> SourceReader:
    return FileSourceReader(IntakeSettings(render_dpi=100))


def _read(
    reader: SourceReader, folder: Path, data: bytes, *, keep_unsigned: bool = False
) -> tuple[SourceReport, list[ExtractedPage]]:
    path = folder / "source"
    path.write_bytes(data)
    report = reader.probe(path, keep_unsigned=keep_unsigned)
    pages = list(reader.pages(path, report))
    assert len(pages) == report.pages
    assert path.read_bytes() == data
    return report, pages


def _pixels(page: ExtractedPage, folder: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    path = folder / "page"
    path.write_bytes(page.data)
    gray = OpenCvDecoder().gray(path)
    assert gray.shape == (page.height_px, page.width_px)
    return gray


def test_jpeg_is_the_file_itself(reader: SourceReader, tmp_path: Path) -> None:
    data = files.jpeg(dpi=200)
    report, (page,) = _read(reader, tmp_path, data)
    assert report.kind is SourceKind.JPEG
    assert (page.data, page.media_type, page.dpi, page.lossless) == (data, "image/jpeg", 200, True)
    assert (page.width_px, page.height_px, page.turn_hint) == (827, 1169, 0)


@pytest.mark.parametrize(("orientation", "turn"), [(1, 0), (3, 180), (6, 90), (8, 270)])
def test_jpeg_orientation(
    reader: SourceReader, tmp_path: Path, orientation: int, turn: int
) -> None:
    _, (page,) = _read(reader, tmp_path, files.jpeg(orientation=orientation))
    assert page.turn_hint == turn
    assert (page.width_px, page.height_px) == (827, 1169)


@pytest.mark.parametrize("form", ["jpeg", "group4"])
@pytest.mark.parametrize("orientation", [2, 4, 5, 7])
def test_a_mirror_image_is_set_right(
    reader: SourceReader, tmp_path: Path, orientation: int, form: str
) -> None:
    if form == "jpeg":
        data = files.jpeg(orientation=orientation)
    else:
        data = files.tiff("group4", [files.picture("1")], orientation=orientation)
    with Image.open(io.BytesIO(data)) as image:
        viewed = np.asarray(ImageOps.exif_transpose(image).convert("L"))
    _, (page,) = _read(reader, tmp_path, data)
    assert page.turn_hint == 0
    assert np.array_equal(_pixels(page, tmp_path), viewed)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_square_pixels_are_bounded_too(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "in"
    Image.new("L", (800, 1000), 255).save(path, kind, dpi=(600, 200))
    reader = FileSourceReader(IntakeSettings(max_page_pixels=2_000_000))
    with pytest.raises(UnsafeInput) as caught:
        list(reader.pages(path, reader.probe(path)))
    assert caught.value.code == "PAGE_TOO_LARGE"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_resolutions_that_cannot_both_be_true_stretch_nothing(
    reader: SourceReader, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "in"
    Image.new("L", (827, 1169), 255).save(path, kind, dpi=(300, 1))
    (page,) = reader.pages(path, reader.probe(path))
    assert (page.width_px, page.height_px) == (827, 1169)


def test_a_squashed_jpeg_is_given_square_pixels(reader: SourceReader, tmp_path: Path) -> None:
    data = files.jpeg(dpi=(200, 100))
    _, (page,) = _read(reader, tmp_path, data)
    assert (page.width_px, page.height_px, page.dpi) == (827, 2338, 200)


def test_cmyk_jpeg_becomes_rgb(reader: SourceReader, tmp_path: Path) -> None:
    _, (page,) = _read(reader, tmp_path, files.jpeg(files.picture("CMYK")))
    assert (page.media_type, page.lossless) == ("image/png", False)
    with Image.open(io.BytesIO(page.data)) as image:
        assert image.mode == "RGB"


def test_png_is_the_file_itself(reader: SourceReader, tmp_path: Path) -> None:
    data = files.png(dpi=300)
    report, (page,) = _read(reader, tmp_path, data)
    assert report.kind is SourceKind.PNG
    assert (page.data, page.media_type, round(page.dpi)) == (data, "image/png", 300)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "I;16"])
@pytest.mark.parametrize("size", [(827, 1169), (1, 1), (3, 5)])
def test_whole_pngs_of_every_kind_are_read(
    reader: SourceReader, tmp_path: Path, mode: str, size: tuple[int, int]
) -> None:
    image = Image.new(mode, size) if mode == "I;16" else files.picture("L").resize(size)
    data = files.png(image if mode == "I;16" else image.convert(mode))
    report, _ = _read(reader, tmp_path, data)
    assert report.kind is SourceKind.PNG


@pytest.mark.parametrize("size", [(827, 1169), (1, 1), (3, 5), (9, 2)])
def test_interlaced_pngs_are_read(
    reader: SourceReader, tmp_path: Path, size: tuple[int, int]
) -> None:
    image = files.picture("L").resize(size)
    _, (page,) = _read(reader, tmp_path, files.interlaced_png(image))
    assert np.array_equal(_pixels(page, tmp_path), np.asarray(image))


def test_transparent_png_is_laid_on_paper(reader: SourceReader, tmp_path: Path) -> None:
    image = files.picture("RGB").convert("RGBA")
    image.putalpha(0)
    _, (page,) = _read(reader, tmp_path, files.png(image))
    assert not page.lossless
    assert _pixels(page, tmp_path).min() == 255


@pytest.mark.parametrize(
    ("said", "size", "settled"),
    [
        (0, (2480, 3508), 300),
        (1, (1654, 2339), 200),
        (72, (2480, 3508), 300),
        (240, (827, 1169), 240),
    ],
)
def test_absurd_resolution_is_taken_for_a4(
    reader: SourceReader, tmp_path: Path, said: int, size: tuple[int, int], settled: int
) -> None:
    image = Image.new("L", size, 255)
    out = io.BytesIO()
    image.save(out, "JPEG", **({"dpi": (said, said)} if said else {}))
    _, (page,) = _read(reader, tmp_path, out.getvalue())
    assert page.dpi == settled


@pytest.mark.parametrize("strip_size", [1 << 30, 4096])
def test_g4_tiff(reader: SourceReader, tmp_path: Path, strip_size: int) -> None:
    images = [files.picture("1", mark=n) for n in range(3)]
    report, pages = _read(reader, tmp_path, files.tiff("group4", images, strip_size))
    assert (report.kind, report.pages) == (SourceKind.TIFF, 3)
    for page, image in zip(pages, images, strict=True):
        assert (page.media_type, page.lossless, page.dpi) == ("image/tiff", True, 100)
        assert np.array_equal(_pixels(page, tmp_path), np.asarray(image.convert("L")))
        with Image.open(io.BytesIO(page.data)) as taken:
            assert taken.tag_v2[259] == 4  # type: ignore[attr-defined]
            assert len(taken.tag_v2[273]) == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_lzw_tiff(reader: SourceReader, tmp_path: Path, mode: str) -> None:
    images = [files.picture(mode, mark=n) for n in range(2)]  # type: ignore[arg-type]
    report, pages = _read(reader, tmp_path, files.tiff("tiff_lzw", images))
    assert report.pages == 2
    for page, image in zip(pages, images, strict=True):
        assert (page.media_type, page.lossless) == ("image/png", True)
        with Image.open(io.BytesIO(page.data)) as taken:
            assert np.array_equal(np.asarray(taken), np.asarray(image))


@pytest.mark.parametrize(
    ("strip_size", "media_type"), [(1 << 30, "image/jpeg"), (8192, "image/png")]
)
def test_jpeg_tiff(reader: SourceReader, tmp_path: Path, strip_size: int, media_type: str) -> None:
    image = files.picture("RGB")
    data = files.tiff("jpeg", [image], strip_size)
    _, (page,) = _read(reader, tmp_path, data)
    assert (page.media_type, page.lossless) == (media_type, True)
    with Image.open(io.BytesIO(data)) as decoded:
        expected = np.asarray(decoded.convert("L")).astype(int)
    assert np.abs(_pixels(page, tmp_path).astype(int) - expected).mean() < 1.5


@pytest.mark.parametrize(("order", "white_is_zero"), [("<", False), ("<", True), (">", False)])
def test_deep_grey_tiff_keeps_its_samples(
    reader: SourceReader, tmp_path: Path, order: str, white_is_zero: bool
) -> None:
    samples = np.asarray(files.picture("L")).astype(np.uint16) * 257 - 3
    stored = 65535 - samples if white_is_zero else samples
    data = files.plain_tiff(stored.astype(order + "u2").tobytes(), (827, 1169), 16, order)
    if white_is_zero:
        data = files.retagged(data, {262: 0}, order)
    _, (page,) = _read(reader, tmp_path, data)
    assert (page.media_type, page.lossless) == ("image/png", True)
    with Image.open(io.BytesIO(page.data)) as taken:
        assert np.array_equal(np.asarray(taken), samples)


def test_deep_colour_is_not_called_lossless(reader: SourceReader, tmp_path: Path) -> None:
    image = files.picture("RGB")
    samples = np.asarray(image).astype("<u2") * 257
    data = files.plain_tiff(samples.tobytes(), image.size, 16, channels=3)
    _, (page,) = _read(reader, tmp_path, data)
    assert not page.lossless
    with Image.open(io.BytesIO(page.data)) as taken:
        assert np.array_equal(np.asarray(taken), np.asarray(image))


def test_fax_resolution_becomes_square(reader: SourceReader, tmp_path: Path) -> None:
    out = io.BytesIO()
    files.picture("1", (1728, 1100)).save(out, "TIFF", compression="group4", dpi=(204, 98))
    _, (page,) = _read(reader, tmp_path, out.getvalue())
    assert (page.width_px, page.height_px, page.dpi) == (1728, round(1100 * 204 / 98), 204)
    assert not page.lossless


@pytest.mark.parametrize("objects_in_streams", [False, True])
def test_pdf_of_jpegs_is_taken_out_untouched(
    reader: SourceReader, tmp_path: Path, objects_in_streams: bool
) -> None:
    builder, data = files.PdfBuilder(), []
    for mark in range(3):
        stream, raw = builder.jpeg_image(files.picture("RGB", mark=mark))
        builder.scan(stream, extra=b"BT /F1 9 Tf 3 Tr 72 700 Td (hidden) Tj ET")
        data.append(raw)
    made = builder.bytes(objects_in_streams=objects_in_streams)
    report, pages = _read(reader, tmp_path, made)
    assert (report.kind, report.warnings) == (SourceKind.PDF_IMAGES, ())
    assert [page.data for page in pages] == data
    assert all(page.lossless and page.media_type == "image/jpeg" for page in pages)
    assert pages[0].dpi == pytest.approx(100, abs=0.2)


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_pdf_turns_are_folded_into_the_hint(
    reader: SourceReader, tmp_path: Path, turned: int, rotate: int
) -> None:
    builder = files.PdfBuilder()
    stream, data = builder.jpeg_image()
    page = builder.scan(stream, turned=turned)
    page.obj.Rotate = rotate
    report, (taken,) = _read(reader, tmp_path, builder.bytes())
    assert report.kind is SourceKind.PDF_IMAGES
    assert taken.data == data
    assert taken.turn_hint == (rotate - turned) % 360


@pytest.mark.parametrize("black_is_1", [False, True])
@pytest.mark.parametrize("decode", [None, [1, 0]])
def test_pdf_of_g4_keeps_polarity(
    reader: SourceReader, tmp_path: Path, black_is_1: bool, decode: list[int] | None
) -> None:
    builder, image = files.PdfBuilder(), files.picture("1")
    strip = files.g4_strip(image)
    stream = builder.image(
        strip,
        image,
        Filter=Name.CCITTFaxDecode,
        DecodeParms=Dictionary(K=-1, Columns=image.width, Rows=image.height, BlackIs1=black_is_1),
    )
    if decode:
        stream.Decode = Array(decode)
    builder.scan(stream)
    report, (page,) = _read(reader, tmp_path, builder.bytes())
    assert (report.kind, page.media_type, page.lossless) == (
        SourceKind.PDF_IMAGES,
        "image/tiff",
        True,
    )
    assert strip in page.data
    expected = np.asarray(image.convert("L"))
    if black_is_1 != bool(decode):
        expected = 255 - expected
    assert np.array_equal(_pixels(page, tmp_path), expected)


@pytest.mark.parametrize("mode", ["1", "L", "RGB"])
def test_pdf_of_other_codings_is_decoded_losslessly(
    reader: SourceReader, tmp_path: Path, mode: str
) -> None:
    builder, image = files.PdfBuilder(), files.picture(mode)  # type: ignore[arg-type]
    builder.scan(builder.image(image.tobytes(), image))
    report, (page,) = _read(reader, tmp_path, builder.bytes())
    assert (report.kind, page.media_type, page.lossless) == (
        SourceKind.PDF_IMAGES,
        "image/png",
        True,
    )
    with Image.open(io.BytesIO(page.data)) as taken:
        assert np.array_equal(np.asarray(taken.convert("RGB")), np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("fax", [False, True])
def test_a_palette_of_two_colours_keeps_them(
    reader: SourceReader, tmp_path: Path, fax: bool
) -> None:
    builder, image = files.PdfBuilder(), files.picture("1")
    palette = Array([Name.Indexed, Name.DeviceRGB, 1, pikepdf.String(b"\xc8\0\0\xff\xff\0")])
    entries: dict[str, object] = {"ColorSpace": palette}
    if fax:
        entries["Filter"] = Name.CCITTFaxDecode
        entries["DecodeParms"] = Dictionary(K=-1, Columns=image.width, Rows=image.height)
    data = files.g4_strip(image) if fax else image.tobytes()
    builder.scan(builder.image(data, image, **entries))
    _, (page,) = _read(reader, tmp_path, builder.bytes())
    with Image.open(io.BytesIO(page.data)) as taken:
        colours = np.asarray(taken.convert("RGB")).reshape(-1, 3).astype(int)
    assert not page.lossless
    assert np.abs(colours - (255, 255, 0)).sum(axis=1).min() < 12
    assert np.abs(colours - (200, 0, 0)).sum(axis=1).min() < 12
    assert colours[:, 2].mean() < 20


def test_a_palette_of_black_and_white_is_taken_out(reader: SourceReader, tmp_path: Path) -> None:
    builder, image = files.PdfBuilder(), files.picture("1")
    palette = Array([Name.Indexed, Name.DeviceGray, 1, pikepdf.String(b"\xff\0")])
    builder.scan(builder.image(image.tobytes(), image, ColorSpace=palette))
    report, (page,) = _read(reader, tmp_path, builder.bytes())
    assert (report.kind, page.lossless) == (SourceKind.PDF_IMAGES, True)
    assert np.array_equal(_pixels(page, tmp_path), 255 - np.asarray(image.convert("L")))


def test_mixed_pdf_keeps_its_images_and_draws_the_rest(
    reader: SourceReader, tmp_path: Path
) -> None:
    builder = files.PdfBuilder()
    stream, data = builder.jpeg_image()
    builder.scan(stream)
    builder.page(b"BT /F1 24 Tf 72 700 Td (text) Tj ET")
    builder.page(b"1 0 0 rg 100 100 200 200 re f")
    report, (scan, text, red) = _read(reader, tmp_path, builder.bytes())
    assert report.kind is SourceKind.PDF_RENDERED
    assert (scan.data, scan.lossless) == (data, True)
    assert (text.media_type, text.lossless, text.dpi) == ("image/png", False, 100)
    assert (text.width_px, text.height_px) == (827, 1170)
    assert (red.media_type, red.lossless) == ("image/jpeg", False)
    assert _pixels(text, tmp_path).min() < 60


@pytest.mark.parametrize(
    "extra",
    [
        b"BT /F1 9 Tf 72 700 Td (seen) Tj ET",
        b"1 1 1 rg 0 0 300 300 re f",
        b"q 100 0 0 100 0 0 cm /Im Do Q",
        b"BI /W 1 /H 1 /BPC 8 /CS /G ID a EI",
    ],
)
def test_an_image_with_anything_over_it_is_drawn(
    reader: SourceReader, tmp_path: Path, extra: bytes
) -> None:
    builder = files.PdfBuilder()
    stream, _ = builder.jpeg_image()
    builder.scan(stream, extra=extra)
    report, (page,) = _read(reader, tmp_path, builder.bytes())
    assert (report.kind, page.lossless) == (SourceKind.PDF_RENDERED, False)


def test_an_image_that_is_not_the_page_is_drawn(reader: SourceReader, tmp_path: Path) -> None:
    builder = files.PdfBuilder()
    small, _ = builder.jpeg_image()
    builder.page(b"q 200 0 0 280 72 400 cm /Im Do Q", small)
    tilted, _ = builder.jpeg_image()
    builder.page(b"q 594 20 -20 841 10 0 cm /Im Do Q", tilted)
    mirrored, _ = builder.jpeg_image()
    builder.page(b"q -595.32 0 0 841.92 595.32 0 cm /Im Do Q", mirrored)
    clipped, _ = builder.jpeg_image()
    builder.page(b"q 0 0 300 300 re W n 595.32 0 0 841.92 0 0 cm /Im Do Q", clipped)
    report, pages = _read(reader, tmp_path, builder.bytes())
    assert report.kind is SourceKind.PDF_RENDERED
    assert not any(page.lossless for page in pages)


@pytest.mark.parametrize(("turned", "height"), [(0, 842), (90, 596), (0, 300), (90, 300)])
def test_a_form_that_cuts_its_image_is_drawn(
    reader: SourceReader, tmp_path: Path, turned: int, height: int
) -> None:
    builder = files.PdfBuilder()
    stream, data = builder.jpeg_image()
    page = builder.scan(stream, turned=turned)
    form = pikepdf.Stream(builder.pdf, page.Contents.read_bytes())
    form.Type, form.Subtype, form.Resources = Name.XObject, Name.Form, page.obj.Resources
    form.BBox = Array([0, 0, 596 if turned == 0 else 842, height])
    page.obj.Resources = Dictionary(XObject=Dictionary(Fm=form))
    page.obj.Contents = pikepdf.Stream(builder.pdf, b"/Fm Do")
    report, (taken,) = _read(reader, tmp_path, builder.bytes())
    if height > 300:
        assert (report.kind, taken.data) == (SourceKind.PDF_IMAGES, data)
    else:
        assert (report.kind, taken.lossless) == (SourceKind.PDF_RENDERED, False)


def test_a_link_that_shows_something_is_drawn(reader: SourceReader, tmp_path: Path) -> None:
    builder, image = files.PdfBuilder(), files.picture("RGB")
    page = builder.scan(builder.image(image.tobytes(), image))
    look = pikepdf.Stream(builder.pdf, b"q 99 0 0 99 0 0 cm /Im Do Q")
    look.Type, look.Subtype, look.Resources = Name.XObject, Name.Form, page.obj.Resources
    look.BBox = Array([0, 0, 99, 99])
    link = Dictionary(Subtype=Name.Link, Rect=Array([9, 9, 99, 99]))
    link.AP = Dictionary(N=builder.pdf.make_indirect(look))
    page.obj.Annots = Array([builder.pdf.make_indirect(link)])
    report, (taken,) = _read(reader, tmp_path, builder.bytes())
    assert (report.kind, taken.lossless) == (SourceKind.PDF_RENDERED, False)


def test_one_image_of_several_cannot_be_taken(tmp_path: Path) -> None:
    builder, image = files.PdfBuilder(), files.picture("RGB")
    builder.scan(builder.image(image.tobytes(), image), extra=b"q 9 0 0 9 0 0 cm /Im Do Q")
    (tmp_path / "a.pdf").write_bytes(builder.bytes())
    assert take_image(tmp_path / "a.pdf", 1, tmp_path) is None


def test_cmyk_and_annotated_pages_are_drawn(reader: SourceReader, tmp_path: Path) -> None:
    builder = files.PdfBuilder()
    cmyk, _ = builder.jpeg_image(files.picture("CMYK"))
    builder.scan(cmyk)
    stream, _ = builder.jpeg_image()
    page = builder.scan(stream)
    note = Dictionary(Subtype=Name.FreeText, Rect=Array([9, 9, 99, 99]), Contents="note")
    page.obj.Annots = Array([builder.pdf.make_indirect(note)])
    report, pages = _read(reader, tmp_path, builder.bytes())
    assert report.kind is SourceKind.PDF_RENDERED
    assert not any(page.lossless for page in pages)


def test_invisible_text_in_a_form_does_not_matter(reader: SourceReader, tmp_path: Path) -> None:
    builder = files.PdfBuilder()
    stream, data = builder.jpeg_image()
    page = builder.scan(stream, extra=b"/Tx Do")
    form = pikepdf.Stream(builder.pdf, b"BT 3 Tr /F1 9 Tf (hidden) Tj ET")
    form.Type, form.Subtype = Name.XObject, Name.Form
    form.BBox = Array([0, 0, 595, 842])
    page.obj.Resources.XObject.Tx = form
    report, (taken,) = _read(reader, tmp_path, builder.bytes())
    assert (report.kind, taken.data) == (SourceKind.PDF_IMAGES, data)


def test_signed_pdf_is_kept_and_drawn_for_reading_only(
    reader: SourceReader, tmp_path: Path
) -> None:
    report, (page,) = _read(reader, tmp_path, files.signed_pdf())
    assert (report.kind, page.lossless, page.dpi) == (SourceKind.PDF_SIGNED, False, 200)


def test_a_signature_among_many_annotations_is_found(reader: SourceReader, tmp_path: Path) -> None:
    with pikepdf.open(io.BytesIO(files.signed_pdf())) as pdf:
        for _ in range(20_001):
            link = Dictionary(Subtype=Name.Link, Rect=Array([0, 0, 1, 1]))
            pdf.pages[0].obj.Annots.append(pdf.make_indirect(link))
        pdf.save(tmp_path / "a.pdf")
    assert reader.probe(tmp_path / "a.pdf").kind is SourceKind.PDF_SIGNED


@pytest.mark.parametrize("status", [0, 1, 99])
def test_a_page_that_cannot_be_drawn_is_no_empty_page(
    status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawer = tmp_path / "bin" / "pdftoppm"
    drawer.parent.mkdir()
    drawer.write_text(f"#!/bin/sh\necho 'Syntax Error: cannot draw' >&2\nexit {status}\n")
    drawer.chmod(0o755)
    monkeypatch.setenv("PATH", f"{drawer.parent}:{os.environ['PATH']}")
    reader = FileSourceReader(IntakeSettings(render_dpi=100))
    (tmp_path / "a.pdf").write_bytes(files.written_pdf())
    with pytest.raises(UnreadableScan) as caught:
        list(reader.pages(tmp_path / "a.pdf", reader.probe(tmp_path / "a.pdf")))
    assert (caught.value.code, caught.value.params) == ("SCAN_UNREADABLE", {"page": 1})


def test_unsigned_copy_is_kept_where_asked(reader: SourceReader, tmp_path: Path) -> None:
    report, (page,) = _read(reader, tmp_path, files.written_pdf(), keep_unsigned=True)
    assert (report.kind, page.lossless, page.dpi) == (SourceKind.PDF_E_COPY, False, 200)
    report, _ = _read(reader, tmp_path, files.signed_pdf(), keep_unsigned=True)
    assert report.kind is SourceKind.PDF_SIGNED


def test_an_empty_signature_field_is_no_signature(reader: SourceReader, tmp_path: Path) -> None:
    builder = files.PdfBuilder()
    stream, _ = builder.jpeg_image()
    builder.scan(stream)
    field = Dictionary(FT=Name.Sig, T="s")
    builder.pdf.Root.AcroForm = Dictionary(Fields=Array([builder.pdf.make_indirect(field)]))
    assert _read(reader, tmp_path, builder.bytes())[0].kind is SourceKind.PDF_IMAGES


def test_more_pages_than_allowed(tmp_path: Path) -> None:
    few = FileSourceReader(IntakeSettings(max_pages=2))
    for data in (files.written_pdf(3), files.tiff("group4", [files.picture("1")] * 3)):
        (tmp_path / "source").write_bytes(data)
        with pytest.raises(UnsafeInput) as caught:
            few.probe(tmp_path / "source")
        assert caught.value.code == "TOO_MANY_PAGES"


def test_readers_work_side_by_side(reader: SourceReader, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(files.scanned_pdf(3))
    report = reader.probe(tmp_path / "a")
    first, second = (reader.pages(tmp_path / "a", report) for _ in range(2))
    pairs = list(zip(first, second, strict=True))
    assert len(pairs) == 3
    assert all(a.data == b.data for a, b in pairs)


def test_an_abandoned_reading_leaves_the_reader_usable(
    reader: SourceReader, tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(files.scanned_pdf(3))
    report = reader.probe(tmp_path / "a")
    abandoned = iter(reader.pages(tmp_path / "a", report))
    next(abandoned)
    del abandoned
    assert len(list(reader.pages(tmp_path / "a", report))) == 3


def test_a_missing_page_is_an_error_not_a_traceback(reader: SourceReader, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"%PDF-1.4 nothing")
    with pytest.raises(UnreadableScan):
        list(reader.pages(tmp_path / "a", SourceReport(SourceKind.PDF_RENDERED, 1)))
