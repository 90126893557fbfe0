"""Recognition: boxes come back to the page, directions are settled, sizes are sane."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.models.base import Box
from pipeline.models.files import FileRef
from pipeline.models.pages import BlankStatus, PageLook, RawPage, Turn
from pipeline.models.text import Line, PageText, Word
from pipeline.ports.reading import Colour, Gray
from pipeline.settings import ImagingSettings, OcrSettings
from pipeline.stages.recognition import (
    Reading,
    better,
    has_small_print,
    needs_second_look,
    paper_dpi,
    prepare,
    read_page,
    reading_scale,
    runs_sideways,
)
from tests.fakes.engines import IDENTITY, ScriptedEngine, one_line

TURNS: tuple[Turn, ...] = (0, 90, 180, 270)


class ArrayDecoder:
    """Gives one array as the raw image of any path."""

    def __init__(self, raw: Gray) -> None:
        self.raw = raw

    def gray(self, path: Path, *, turn: Turn = 0, reduce: Literal[1, 2, 4] = 1) -> Gray:
        turned = np.rot90(self.raw, -turn // 90)
        return np.ascontiguousarray(turned[::reduce, ::reduce])

    def colour(self, path: Path, *, turn: Turn = 0, reduce: Literal[1, 2, 4] = 1) -> Colour:
        return np.repeat(self.gray(path, turn=turn, reduce=reduce)[..., None], 3, axis=2)


def raw_page(width: int, height: int, dpi: float = 300.0) -> RawPage:
    return RawPage(
        index=3,
        source=0,
        source_page=3,
        file=FileRef(sha256="0" * 64, size=1, media_type="image/png"),
        width_px=width,
        height_px=height,
        dpi=dpi,
    )


def look(turn: Turn = 0, *, certain: bool = True, skew: float = 0.0) -> PageLook:
    return PageLook(
        index=3,
        turn=turn,
        turn_certain=certain,
        skew_deg=skew,
        blank=BlankStatus.CONTENT,
        blank_score=0.0,
        ink=0.1,
    )


def read(
    raw: Gray,
    engine: ScriptedEngine,
    seen: PageLook,
    sheet_turn: Turn | None = None,
    dpi: float = 300.0,
) -> PageText:
    page = raw_page(raw.shape[1], raw.shape[0], dpi)
    return read_page(
        page,
        seen,
        sheet_turn,
        ArrayDecoder(raw),
        engine,
        Path("page"),
        OcrSettings(),
        ImagingSettings(),
    )


def square(gray: Gray) -> tuple[Line, ...]:
    """An engine that sees the one dark square, as a long confident word."""
    ys, xs = np.nonzero(gray < 128)
    if not len(xs):
        return ()
    box = Box(x0=int(xs.min()), y0=int(ys.min()), x1=int(xs.max()) + 1, y1=int(ys.max()) + 1)
    return (one_line("x" * 60, box=box),)


def with_square(width: int, height: int, x: int, y: int, side: int) -> Gray:
    gray = np.full((height, width), 255, dtype=np.uint8)
    gray[y : y + side, x : x + side] = 0
    return gray


@st.composite
def readings(draw: st.DrawFn) -> Reading:
    return Reading(
        width=draw(st.integers(200, 4000)),
        height=draw(st.integers(200, 4000)),
        scale_x=draw(st.floats(0.3, 2.0)),
        scale_y=draw(st.floats(0.3, 2.0)),
        skew_deg=draw(st.floats(-10, 10)),
    )


class TestBoxMapping:
    @given(readings(), st.floats(0, 1), st.floats(0, 1))
    def test_a_point_comes_back(self, reading: Reading, u: float, v: float) -> None:
        x, y = u * reading.width, v * reading.height
        back = reading.to_page(*reading.to_image(x, y))
        assert back == pytest.approx((x, y), abs=1e-6 * 4000)

    @given(readings(), st.floats(0, 1), st.floats(0, 1))
    def test_every_point_of_the_page_is_on_the_canvas(
        self, reading: Reading, u: float, v: float
    ) -> None:
        x, y = reading.to_image(u * reading.width, v * reading.height)
        width, height = reading.canvas
        assert -1e-6 <= x <= width + 1e-6
        assert -1e-6 <= y <= height + 1e-6

    @given(readings(), st.floats(0, 0.9), st.floats(0, 0.9))
    def test_a_box_covers_what_it_covered_and_stays_on_the_page(
        self, reading: Reading, u: float, v: float
    ) -> None:
        x, y = u * reading.width, v * reading.height
        corners = [reading.to_image(x, y), reading.to_image(x + 10, y + 10)]
        box = Box(
            x0=min(c[0] for c in corners),
            y0=min(c[1] for c in corners),
            x1=max(c[0] for c in corners),
            y1=max(c[1] for c in corners),
        )
        back = reading.box_to_page(box)
        assert 0 <= back.x0 <= back.x1 <= reading.width
        assert 0 <= back.y0 <= back.y1 <= reading.height
        assert back.x0 <= x + 1e-6
        assert back.y1 + 1e-6 >= min(y + 10, reading.height)

    @given(st.floats(-5, 5), st.integers(300, 500), st.integers(300, 600))
    def test_pixels_and_boxes_move_together(self, skew: float, x: int, y: int) -> None:
        page = with_square(900, 1200, x, y, 60)
        image, reading = prepare(page, 900, 1200, 0.5, skew)
        assert (image.shape[1], image.shape[0]) == (reading.canvas if skew else (450, 600))
        (line,) = square(image)
        box = reading.box_to_page(line.box)
        centre = ((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2)
        assert centre == pytest.approx((x + 30, y + 30), abs=4)

    def test_straightening_undoes_a_clockwise_tilt(self) -> None:
        page = np.full((1000, 1000), 255, dtype=np.uint8)
        for x in range(100, 900):
            y = round(500 + (x - 500) * np.tan(np.radians(3)))
            page[y - 2 : y + 3, x] = 0
        image, _ = prepare(page, 1000, 1000, 1.0, 3.0)
        rows = np.nonzero((image < 128).any(axis=1))[0]
        assert rows.max() - rows.min() < 10


class TestReadPage:
    @pytest.mark.parametrize("turn", TURNS)
    @pytest.mark.parametrize("skew", [0.0, 2.0])
    def test_boxes_are_upright_at_stored_resolution(self, turn: Turn, skew: float) -> None:
        upright = with_square(1200, 1700, 300, 500, 90)
        raw = np.ascontiguousarray(np.rot90(upright, turn // 90))
        text = read(raw, ScriptedEngine(square), look(turn, skew=skew))
        assert (text.width_px, text.height_px, text.turn) == (1200, 1700, turn)
        box = text.lines[0].words[0].box
        centre = ((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2)
        assert centre == pytest.approx((345, 545), abs=3)
        assert text.engine == IDENTITY
        assert text.index == 3

    def test_reads_at_the_wanted_resolution(self) -> None:
        engine = ScriptedEngine(square)
        read(with_square(2400, 3300, 300, 500, 90), engine, look())
        assert engine.given == [((2200, 1600), 200)]

    def test_leaves_a_slight_tilt_alone(self) -> None:
        engine = ScriptedEngine(square)
        read(with_square(1200, 1700, 300, 500, 90), engine, look(skew=0.2), dpi=200)
        assert engine.given[0][0] == (1700, 1200)

    def test_composes_decomposed_words(self) -> None:
        engine = ScriptedEngine(lambda gray: (one_line("Vie\u0323\u0302t"),))
        text = read(with_square(600, 800, 10, 10, 20), engine, look())
        assert text.text == "Việt"


class TestDirection:
    @staticmethod
    def only_upright(gray: Gray) -> tuple[Line, ...]:
        """Reads well only where the dark square stands in the top-left quarter."""
        height, width = gray.shape
        dark = float((gray[: height // 2, : width // 2] < 128).mean())
        good = dark > 0.001 and height > width
        confidence = 0.95 if good else 0.3
        return tuple(
            one_line("khoảng" if good else "?l|,", confidence=confidence) for _ in "12345678"
        )

    @pytest.mark.parametrize("turn", TURNS)
    def test_an_unsure_page_ends_upright_from_any_side(self, turn: Turn) -> None:
        upright = with_square(600, 800, 60, 60, 60)
        raw = np.ascontiguousarray(np.rot90(upright, turn // 90))
        text = read(raw, ScriptedEngine(self.only_upright), look(0, certain=False))
        assert text.turn == turn
        assert (text.width_px, text.height_px) == (600, 800)

    def test_a_sure_page_that_reads_well_is_read_once(self) -> None:
        engine = ScriptedEngine(self.only_upright)
        read(with_square(600, 800, 60, 60, 60), engine, look())
        assert len(engine.given) == 1

    def test_a_sure_page_that_reads_badly_is_tried_upside_down_only(self) -> None:
        engine = ScriptedEngine(lambda gray: (one_line("?", confidence=0.2),))
        text = read(with_square(600, 800, 60, 60, 60), engine, look())
        assert len(engine.given) == 2
        assert text.turn == 0

    def test_a_symbol_decides_where_imaging_was_unsure(self) -> None:
        raw = np.ascontiguousarray(np.rot90(with_square(600, 800, 60, 60, 60), 2))
        engine = ScriptedEngine(self.only_upright)
        text = read(raw, engine, look(0, certain=False), sheet_turn=180)
        assert text.turn == 180
        assert len(engine.given) == 1

    def test_nothing_read_keeps_the_first_direction(self) -> None:
        text = read(
            with_square(600, 800, 60, 60, 60),
            ScriptedEngine(lambda gray: ()),
            look(90, certain=False),
        )
        assert (text.turn, text.lines) == (90, ())


def text_of(confidence: float, words: int, height: float = 30.0) -> PageText:
    line = one_line("chữinthường", confidence=confidence, box=Box(x0=0, y0=0, x1=90, y1=height))
    return PageText(index=0, turn=0, width_px=100, height_px=100, dpi=300, lines=(line,) * words)


@pytest.mark.parametrize(
    ("confidence", "words", "certain", "expected"),
    [
        (0.95, 10, True, False),
        (0.50, 10, True, True),
        (0.95, 10, False, False),
        (0.70, 10, False, True),
        (0.95, 1, False, True),
        (0.0, 0, True, True),
    ],
)
def test_second_look(confidence: float, words: int, certain: bool, expected: bool) -> None:
    text = text_of(confidence, words)
    assert needs_second_look(text, certain=certain, doubt_below=0.6) is expected


def test_better_needs_a_clear_lead() -> None:
    first, little, much = text_of(0.9, 10), text_of(0.9, 11), text_of(0.9, 20)
    assert better(first, little) is first
    assert better(first, much) is much


def test_small_print_is_seen_at_the_scale_of_reading() -> None:
    assert has_small_print(text_of(0.9, 5, height=20), 0.66)
    assert not has_small_print(text_of(0.9, 5, height=40), 0.66)
    assert not has_small_print(text_of(0.9, 0), 0.66)


def test_small_print_is_read_again_at_full_size() -> None:
    def tiny(gray: Gray) -> tuple[Line, ...]:
        wide = gray.shape[1] > 700
        box = Box(x0=0, y0=0, x1=60, y1=18 if wide else 12)
        return (one_line(*["nhỏ"] * (8 if wide else 3), box=box),)

    engine = ScriptedEngine(tiny)
    text = read(with_square(900, 1200, 60, 60, 60), engine, look())
    assert [dpi for _, dpi in engine.given] == [200, 300]
    assert text.text == " ".join(["nhỏ"] * 8)


@pytest.mark.parametrize(
    ("dpi", "longest", "scale"),
    [
        (300, 3508, 200 / 300),
        (600, 7016, 1 / 3),
        (200, 2339, 1.0),
        (180, 2100, 1.0),
        (100, 1169, 2.0),
        (30, 400, 3.0),
        (100, 40_000, 0.4),
    ],
)
def test_reading_scale(dpi: float, longest: int, scale: float) -> None:
    assert reading_scale(dpi, 200, longest) == pytest.approx(scale)


def test_an_impossible_resolution_is_taken_for_a4() -> None:
    assert paper_dpi(raw_page(3000, 4000, dpi=72)) == pytest.approx(4000 / 11.69)
    assert paper_dpi(raw_page(2480, 3508, dpi=300)) == 300


@pytest.mark.parametrize(("step", "quarters"), [(40, 3), (-40, 1)])
def test_words_on_their_side_say_which_way_to_turn(step: int, quarters: int) -> None:
    words = tuple(
        Word(text="đứng", confidence=0.9, box=Box(x0=50, y0=y, x1=60, y1=y + 30))
        for y in range(400, 400 + 6 * step, step)
    )
    line = Line(words=words, box=Box(x0=50, y0=0, x1=60, y1=700), block=0)
    text = text_of(0.9, 0).model_copy(update={"lines": (line,)})
    assert runs_sideways(text) == quarters
    few = line.model_copy(update={"words": words[:4]})
    assert runs_sideways(text.model_copy(update={"lines": (few,)})) == 0
    assert runs_sideways(text_of(0.9, 10)) == 0
