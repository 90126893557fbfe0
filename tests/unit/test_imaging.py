"""Imaging on rendered pages: direction, tilt, emptiness, quality."""

from __future__ import annotations

import functools
import resource
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

from pipeline.adapters.pixels import OpenCvDecoder
from pipeline.errors import UnreadableScan
from pipeline.models.files import FileRef
from pipeline.models.pages import BlankStatus, PageLook, QualityWarning, RawPage, Turn
from pipeline.ports.reading import Gray
from pipeline.settings import ImagingSettings
from pipeline.stages.imaging import look_at

_FONTS = Path("/usr/share/fonts/truetype/croscore")
_DPI = 120
_SIZE = (990, 1400)
_TEXT = (
    "Kính gửi: Bảo hiểm xã hội huyện Bình Sơn, tỉnh Quảng Ngãi. Tôi tên là Nguyễn Thị Hồng "
    "Nhung, hiện cư trú tại thôn Phước Thọ, xã Bình Phước. Căn cứ Luật Bảo hiểm xã hội, tôi làm "
    "đơn này đề nghị quý cơ quan giải quyết hưởng trợ cấp một lần theo quy định của pháp luật."
)
_WORDS = _TEXT.split()
_TURNS: tuple[Turn, ...] = (0, 90, 180, 270)


@functools.cache
def _page(
    lines: int = 40, points: int = 13, face: str = "Tinos-Regular.ttf", capitals: bool = False
) -> Image.Image:
    image = Image.new("L", _SIZE, 255)
    draw = ImageDraw.Draw(image)
    font = ImageFont.truetype(str(_FONTS / face), round(points * _DPI / 72))
    y, word = 90, 0
    for number in range(lines):
        right = (0.9, 0.9, 0.62, 0.9, 0.45)[number % 5] * _SIZE[0]
        line = ""
        while draw.textlength(line, font=font) + 120 < right - 110:
            text = _WORDS[word % len(_WORDS)]
            line += (text.upper() if capitals else text) + " "
            word += 1
        draw.text((120, y), line, font=font, fill=20)
        y += round(points * 1.45 * _DPI / 72)
        if y > _SIZE[1] - 120:
            break
    return image


def _empty(paper: int = 250) -> Image.Image:
    return Image.new("L", _SIZE, paper)


def _noisy(image: Image.Image, sigma: float = 4.0) -> Image.Image:
    values = np.asarray(image, dtype=np.float64)
    noise = np.random.default_rng(7).normal(0, sigma, values.shape)
    return Image.fromarray(np.clip(values + noise, 0, 255).astype(np.uint8))


def _tilted(image: Image.Image, clockwise: float) -> Image.Image:
    return image.rotate(-clockwise, resample=Image.Resampling.BICUBIC, expand=True, fillcolor=255)


def _bleed(opacity: float, paper: int = 245) -> Image.Image:
    other = ImageOps.mirror(_page()).filter(ImageFilter.GaussianBlur(1))
    values = paper - (255 - np.asarray(other, dtype=np.float64)) * opacity
    return Image.fromarray(values.astype(np.uint8))


def _look(image: Image.Image, dpi: float = _DPI, hint: Turn = 0, reduce: int = 1) -> PageLook:
    """As if the image, already turned by `hint`, came from a raw page `reduce` times as large."""
    page = RawPage(
        index=3,
        source=0,
        source_page=0,
        file=FileRef(sha256="0" * 64, size=1, media_type="image/jpeg"),
        width_px=image.width * reduce,
        height_px=image.height * reduce,
        dpi=dpi * reduce,
        turn_hint=hint,
    )
    gray: Gray = np.asarray(image, dtype=np.uint8)
    return look_at(page, gray, reduce, ImagingSettings())


@settings(max_examples=25, deadline=None)
@given(tilt=st.floats(-14, 14), turned=st.sampled_from(_TURNS))
def test_tilt_and_turn_are_recovered(tilt: float, turned: Turn) -> None:
    upright = _noisy(_tilted(_page(), tilt))
    scanned = upright.rotate(turned, expand=True)
    look = _look(scanned)
    assert look.turn == turned
    assert look.turn_certain
    assert look.skew_deg == pytest.approx(tilt, abs=0.12)
    assert look.index == 3


@pytest.mark.parametrize("face", ["Arimo-Regular.ttf", "Tinos-Italic.ttf", "Tinos-Bold.ttf"])
@pytest.mark.parametrize("turned", _TURNS)
def test_turn_of_other_faces(face: str, turned: Turn) -> None:
    assert _look(_noisy(_page(face=face).rotate(turned, expand=True))).turn == turned


@pytest.mark.parametrize("points", [9, 20])
@pytest.mark.parametrize("turned", _TURNS)
def test_turn_of_small_and_large_print(points: int, turned: Turn) -> None:
    assert _look(_noisy(_page(points=points).rotate(turned, expand=True))).turn == turned


@pytest.mark.parametrize("turned", _TURNS)
def test_turn_of_capitals_and_of_few_lines(turned: Turn) -> None:
    assert _look(_noisy(_page(capitals=True).rotate(turned, expand=True))).turn == turned
    assert _look(_noisy(_page(lines=3).rotate(turned, expand=True))).turn == turned


@pytest.mark.parametrize("hint", _TURNS)
@pytest.mark.parametrize("turned", _TURNS)
def test_turn_holds_the_hint(hint: Turn, turned: Turn) -> None:
    look = _look(_page(lines=12).rotate(turned, expand=True), hint=hint)
    assert look.turn == (hint + turned) % 360


def test_digits_alone_do_not_say_which_way_up() -> None:
    image = _empty()
    draw = ImageDraw.Draw(image)
    font = ImageFont.truetype(str(_FONTS / "Tinos-Regular.ttf"), 22)
    for row in range(20):
        draw.text((120, 100 + 40 * row), "1985 0912345678 1250000 4512", font=font, fill=20)
    look = _look(image)
    assert look.turn == 0
    assert not look.turn_certain


def _with_holes(image: Image.Image) -> Image.Image:
    draw = ImageDraw.Draw(image)
    for y in (560, 940):
        draw.ellipse((40, y - 14, 68, y + 14), fill=25)
    return image


def _with_dust(image: Image.Image) -> Image.Image:
    draw, place = ImageDraw.Draw(image), np.random.default_rng(5)
    for _ in range(40):
        x, y = int(place.integers(0, _SIZE[0])), int(place.integers(0, _SIZE[1]))
        draw.rectangle((x, y, x + int(place.integers(0, 2)), y), fill=60)
    return image


def _with_border(image: Image.Image) -> Image.Image:
    draw, (width, height) = ImageDraw.Draw(image), _SIZE
    draw.rectangle((0, 0, 10, height), fill=10)
    draw.polygon([(0, height), (width, height), (width, height - 18), (0, height - 5)], fill=12)
    return image


def _fading(image: Image.Image) -> Image.Image:
    """A dark border that dissolves into grain, as bilevel scanners make of a shadow."""
    pixels, place = np.asarray(image).copy(), np.random.default_rng(9)
    depth = np.arange(_SIZE[0])
    grain = place.random(pixels.shape) < np.exp(-np.maximum(depth - 30, 0) / 12)
    pixels[grain] = 0
    return Image.fromarray(pixels)


def _with_streaks(image: Image.Image) -> Image.Image:
    """Dirt on the glass and a fold, broken into pieces."""
    pixels, place = np.asarray(image).copy(), np.random.default_rng(11)
    for column in (300, 620):
        pixels[place.random(_SIZE[1]) < 0.6, column] = 20
    pixels[700, place.random(_SIZE[0]) < 0.6] = 20
    return Image.fromarray(pixels)


def _shaded(image: Image.Image) -> Image.Image:
    values = np.asarray(image, dtype=np.float64) * np.linspace(0.72, 1, _SIZE[0])
    return Image.fromarray(values.astype(np.uint8))


@pytest.mark.parametrize(
    "image",
    [
        _empty(255),
        _empty(195),
        _bleed(0.08),
        _bleed(0.16),
        _bleed(0.22),
        _with_holes(_empty()),
        _with_dust(_empty()),
        _with_border(_empty()),
        _fading(_empty()),
        _with_streaks(_empty()),
        _shaded(_empty()),
        _shaded(_with_border(_with_dust(_with_holes(_bleed(0.15))))),
    ],
    ids=[
        "white",
        "tint",
        "bleed8",
        "bleed16",
        "bleed22",
        "holes",
        "dust",
        "border",
        "fading",
        "streaks",
        "shade",
        "all",
    ],
)
def test_empty_backs_are_blank(image: Image.Image) -> None:
    look = _look(_noisy(image))
    assert look.blank is BlankStatus.BLANK
    assert look.blank_score >= ImagingSettings().blank_above
    assert look.warnings == ()


@pytest.mark.parametrize("level", [0, 20, 80], ids=["black", "lamp-off", "dark"])
def test_darkness_is_no_empty_paper(level: int) -> None:
    """A lamp that failed, a lid left open: a person decides."""
    look = _look(Image.new("L", (980, 1386), level))
    assert look.blank is BlankStatus.UNCERTAIN


def _stamp() -> Image.Image:
    image = _bleed(0.12)
    draw = ImageDraw.Draw(image)
    font = ImageFont.truetype(str(_FONTS / "Tinos-Bold.ttf"), 13)
    draw.ellipse((600, 700, 680, 780), outline=110, width=2)
    draw.text((612, 732), "ĐÃ THU", font=font, fill=110)
    return image


def _handwriting() -> Image.Image:
    image = _empty()
    points = [(300 + t, 600 + 18 * np.sin(t / 5) + 12 * np.cos(t / 3)) for t in range(0, 240, 2)]
    ImageDraw.Draw(image).line([(float(x), float(y)) for x, y in points], fill=110, width=2)
    return image


def _digit() -> Image.Image:
    image = _empty()
    font = ImageFont.truetype(str(_FONTS / "Tinos-Regular.ttf"), 21)
    ImageDraw.Draw(image).text((490, 1300), "2", font=font, fill=30)
    return image


@pytest.mark.parametrize(
    "image",
    [
        _page(),
        _page(lines=1),
        _stamp(),
        _handwriting(),
        _digit(),
        _with_border(_page(lines=1).copy()),
        _fading(_page(lines=1)),
        _with_streaks(_page(lines=1)),
    ],
    ids=[
        "page",
        "line",
        "stamp",
        "handwriting",
        "page-number",
        "line-and-border",
        "line-and-grain",
        "line-and-streaks",
    ],
)
def test_little_is_still_content(image: Image.Image) -> None:
    assert _look(_noisy(image)).blank is BlankStatus.CONTENT


def test_faint_writing_is_for_a_person_to_judge() -> None:
    faint = Image.fromarray((255 - (255 - np.asarray(_page(lines=4))) * 0.3).astype(np.uint8))
    assert _look(_noisy(faint)).blank is BlankStatus.UNCERTAIN


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_faint_print_tells_direction_and_tilt_too(turn: Turn) -> None:
    faint = Image.fromarray((255 - (255 - np.asarray(_page())) * 0.32).astype(np.uint8))
    look = _look(_noisy(_tilted(faint, 2.0)).rotate(turn, expand=True))
    assert QualityWarning.LOW_CONTRAST in look.warnings
    assert look.turn == turn
    assert look.skew_deg == pytest.approx(2.0, abs=0.15)


def test_ink_is_the_share_of_dark_pixels() -> None:
    image = _empty()
    ImageDraw.Draw(image).rectangle((400, 400, 429, 419), fill=0)
    assert _look(image).ink == pytest.approx(30 * 20 / (_SIZE[0] * _SIZE[1]), rel=0.05)


def _warnings(image: Image.Image, **given: float) -> set[QualityWarning]:
    return set(_look(image, **given).warnings)  # type: ignore[arg-type]


def test_a_good_page_has_no_warnings() -> None:
    assert _warnings(_noisy(_page()), reduce=2) == set()


def test_quality_warnings() -> None:
    page = _page()
    assert QualityWarning.SKEWED in _warnings(_noisy(_tilted(page, 2.0)))
    assert QualityWarning.SKEWED not in _warnings(_noisy(_tilted(page, 0.6)))
    assert QualityWarning.LOW_RESOLUTION in _warnings(page)
    assert QualityWarning.LOW_RESOLUTION not in _warnings(page, reduce=2)
    faint = Image.fromarray((255 - (255 - np.asarray(page)) * 0.3).astype(np.uint8))
    assert QualityWarning.LOW_CONTRAST in _warnings(_noisy(faint))
    assert QualityWarning.BLURRED in _warnings(page.filter(ImageFilter.GaussianBlur(2.5)))
    assert QualityWarning.CUT_EDGE in _warnings(page.crop((180, 0, *_SIZE)))


@pytest.mark.parametrize("reduce", [1, 2, 4])
def test_bilevel_is_seen_after_reduction(reduce: int) -> None:
    bilevel = _page().point(lambda v: 255 if v > 128 else 0)
    large = np.asarray(bilevel.resize((_SIZE[0] * 2, _SIZE[1] * 2), Image.Resampling.NEAREST))
    size = (large.shape[1] // reduce, large.shape[0] // reduce)
    small = Image.fromarray(np.asarray(cv2.resize(large, size, interpolation=cv2.INTER_AREA)))
    assert QualityWarning.BILEVEL in _warnings(small, dpi=2 * _DPI / reduce, reduce=reduce)
    assert QualityWarning.BILEVEL not in _warnings(_noisy(small))


@settings(max_examples=20, deadline=None)
@given(
    width=st.integers(1, 40),
    height=st.integers(1, 40),
    dpi=st.sampled_from([50.0, 120.0, 2400.0]),
    seed=st.integers(0, 9),
)
def test_any_image_is_judged(width: int, height: int, dpi: float, seed: int) -> None:
    values = np.random.default_rng(seed).integers(0, 256, (height, width)).astype(np.uint8)
    look = _look(Image.fromarray(values), dpi=dpi)
    assert 0 <= look.blank_score <= 1


@pytest.mark.parametrize("paper", [0, 255])
def test_a_page_of_one_colour_is_judged(paper: int) -> None:
    assert _look(_empty(paper)).turn == 0


def test_a_page_costs_little() -> None:
    image = _noisy(_page())
    _look(image)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    for _ in range(5):
        _look(image)
    spent = (resource.getrusage(resource.RUSAGE_SELF).ru_utime - before) / 5
    assert spent < 0.3


# -- the decoder --------------------------------------------------------------------------------


def _corner(mode: str = "L") -> Image.Image:
    image = Image.new(mode, (96, 64), 255 if mode in ("1", "L") else (255, 255, 255))
    ImageDraw.Draw(image).rectangle((0, 0, 31, 15), fill=0)
    return image


@pytest.mark.parametrize(
    ("name", "mode", "options"),
    [
        ("a.jpg", "L", {"quality": 95}),
        ("a.jpg", "RGB", {"quality": 95}),
        ("a.png", "L", {}),
        ("a.png", "1", {}),
        ("a.tif", "1", {"compression": "group4"}),
    ],
)
@pytest.mark.parametrize("reduce", [1, 2, 4])
@pytest.mark.parametrize("turn", _TURNS)
def test_decoder_turns_and_reduces(
    tmp_path: Path, name: str, mode: str, options: dict[str, str], reduce: int, turn: Turn
) -> None:
    _corner(mode).save(tmp_path / name, **options)
    gray = OpenCvDecoder().gray(tmp_path / name, turn=turn, reduce=reduce)  # type: ignore[arg-type]
    flat = np.asarray(_corner().resize((96 // reduce, 64 // reduce), Image.Resampling.BOX))
    expected = np.rot90(flat, -turn // 90)
    assert gray.shape == expected.shape
    assert np.abs(gray.astype(int) - expected.astype(int)).mean() < 4


@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
@pytest.mark.parametrize("reduce", [1, 2, 4])
def test_decoder_sees_colour_where_it_sees_grey(tmp_path: Path, name: str, reduce: int) -> None:
    Image.new("RGB", (97, 65), (200, 40, 45)).save(tmp_path / name)
    decoder = OpenCvDecoder()
    gray = decoder.gray(tmp_path / name, turn=90, reduce=reduce)  # type: ignore[arg-type]
    colour = decoder.colour(tmp_path / name, turn=90, reduce=reduce)  # type: ignore[arg-type]
    assert colour.shape == (*gray.shape, 3)
    assert np.abs(colour.reshape(-1, 3).mean(axis=0) - (45, 40, 200)).max() < 4


def test_decoder_ignores_exif_orientation(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    _corner().save(tmp_path / "a.jpg", exif=exif)
    assert OpenCvDecoder().gray(tmp_path / "a.jpg").shape == (64, 96)


@pytest.mark.parametrize("data", [b"", b"no image", b"\xff\xd8\xff\xe0 broken"])
def test_decoder_refuses_what_is_no_image(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.jpg").write_bytes(data)
    with pytest.raises(UnreadableScan) as caught:
        OpenCvDecoder().gray(tmp_path / "a.jpg")
    assert caught.value.code == "IMAGE_UNDECODABLE"


def test_decoder_refuses_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UnreadableScan):
        OpenCvDecoder().gray(tmp_path / "none.jpg")
