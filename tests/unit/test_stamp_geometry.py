"""The stamp lies at the viewed top-left corner of any page."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.models.base import Box
from pipeline.models.stamps import StampSize
from pipeline.signatures.geometry import (
    LETTER,
    POINTS_PER_MM,
    PageFrame,
    is_top_left,
    page_frame,
    place_stamp,
)

SIZE = StampSize(width_mm=70, height_mm=20, margin_mm=5)

corners = st.floats(-3000, 3000)
sides = st.floats(10, 3000)
sizes = st.builds(
    StampSize,
    width_mm=st.floats(5, 200),
    height_mm=st.floats(5, 100),
    margin_mm=st.floats(0, 30),
)


@st.composite
def frames(draw: st.DrawFn) -> PageFrame:
    x0, y0 = draw(corners), draw(corners)
    x1, y1 = x0 + draw(sides), y0 + draw(sides)
    media = draw(
        st.sampled_from([(x0, y0, x1, y1), (x1, y1, x0, y0), (x0, y1, x1, y0), (x1, y0, x0, y1)])
    )
    inset = draw(st.none() | st.floats(-50, 3))
    crop = (x0 + inset, y0 + inset, x1 - inset, y1 - inset) if inset is not None else None
    rotate = draw(st.sampled_from([None, 0, 90, 180, 270, 360, -90, 450]))
    return page_frame(media, crop, rotate, draw(st.none() | st.floats(0.1, 20)))


@given(frames(), sizes)
def test_the_stamp_is_inside_the_visible_box(frame: PageFrame, size: StampSize) -> None:
    box = place_stamp(frame, size).box
    slack = 1e-6 * max(1.0, *(abs(v) for v in frame.visible.as_list()))
    assert box.width > 0 and box.height > 0
    assert box.x0 >= frame.visible.x0 - slack
    assert box.y0 >= frame.visible.y0 - slack
    assert box.x1 <= frame.visible.x1 + slack
    assert box.y1 <= frame.visible.y1 + slack


@given(frames(), sizes)
def test_as_viewed_it_touches_the_top_left_margin(frame: PageFrame, size: StampSize) -> None:
    place = place_stamp(frame, size)
    viewed = frame.to_viewed(place.box)
    margin = size.margin_mm * POINTS_PER_MM / frame.user_unit
    width, height = frame.viewed_size
    assert viewed.x0 == pytest.approx(viewed.y0, abs=1e-6)
    assert viewed.x0 <= margin + 1e-6
    assert viewed.x0 == pytest.approx(min(margin, width / 10, height / 10), abs=1e-6)
    assert is_top_left(place.box, frame)


@given(frames(), sizes)
def test_the_stamp_keeps_its_proportions(frame: PageFrame, size: StampSize) -> None:
    place = place_stamp(frame, size)
    assert place.width / place.height == pytest.approx(size.width_mm / size.height_mm)
    upright = (place.width, place.height)
    drawn = (place.box.width, place.box.height)
    expected = upright if frame.rotation in (0, 180) else upright[::-1]
    assert drawn == pytest.approx(expected, abs=1e-6)


@given(frames(), st.floats(0, 1), st.floats(0, 1), st.floats(0.01, 1))
def test_viewing_and_back_is_the_same(frame: PageFrame, x: float, y: float, part: float) -> None:
    seen = frame.visible
    box = Box(
        x0=seen.x0 + x * seen.width,
        y0=seen.y0 + y * seen.height,
        x1=seen.x0 + x * seen.width + part,
        y1=seen.y0 + y * seen.height + part,
    )
    back = frame.from_viewed(frame.to_viewed(box))
    assert back.as_list() == pytest.approx(box.as_list(), abs=0.02)


@pytest.mark.parametrize(
    ("rotate", "expected"),
    [
        (0, (14.17, 770.98, 212.6, 827.83)),
        (90, (14.17, 14.17, 70.87, 212.6)),
        (180, (382.4, 14.17, 580.83, 70.87)),
        (270, (524.13, 629.4, 580.83, 827.83)),
    ],
)
def test_known_corners_of_a4(rotate: int, expected: tuple[float, ...]) -> None:
    box = place_stamp(page_frame((0, 0, 595, 842), None, rotate), SIZE).box
    assert box.as_list() == pytest.approx(list(expected), abs=0.2)


def test_user_unit_keeps_millimetres() -> None:
    plain = place_stamp(page_frame((0, 0, 595, 842)), SIZE)
    doubled = place_stamp(page_frame((0, 0, 297.5, 421), user_unit=2), SIZE)
    assert doubled.width * 2 == pytest.approx(plain.width)


@pytest.mark.parametrize(
    "media",
    [None, (), (0, 0, 0, 0), (1, 2, 3), (0, 0, math.nan, 5), (0, 0, math.inf, 5), (0, 0, 1e9, 9)],
)
def test_an_unusable_media_box_is_letter(media: tuple[float, ...] | None) -> None:
    assert page_frame(media).visible == LETTER


def test_a_crop_box_outside_of_the_page_is_ignored() -> None:
    assert page_frame((0, 0, 100, 100), (200, 200, 300, 300)).visible.as_list() == [0, 0, 100, 100]


@pytest.mark.parametrize("rotate", [45, 1, math.nan, math.inf])
def test_odd_rotations_count_as_none(rotate: float) -> None:
    assert page_frame((0, 0, 100, 100), None, rotate).rotation == 0


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_the_stamp_moves_beside_what_must_stay_clear(rotate: int) -> None:
    frame = page_frame((0, 0, 595, 842), None, rotate)
    qr = frame.from_viewed(Box(x0=20, y0=20, x1=90, y1=90))
    place = place_stamp(frame, SIZE, [qr])
    viewed = frame.to_viewed(place.box)
    assert viewed.x0 >= 90 and viewed.y0 == pytest.approx(5 * POINTS_PER_MM)
    assert is_top_left(place.box, frame)


def test_on_a_narrow_page_it_moves_below() -> None:
    frame = page_frame((0, 0, 230, 842))
    qr = frame.from_viewed(Box(x0=20, y0=20, x1=90, y1=90))
    viewed = frame.to_viewed(place_stamp(frame, SIZE, [qr]).box)
    assert viewed.y0 >= 90


@pytest.mark.parametrize(("width_mm", "height_mm", "code_mm"), [(105, 148, 40), (85.6, 54, 22)])
def test_on_a_small_page_it_shrinks_rather_than_cover_a_code(
    width_mm: float, height_mm: float, code_mm: float
) -> None:
    width, height, code = (mm * POINTS_PER_MM for mm in (width_mm, height_mm, code_mm))
    frame = page_frame((0, 0, width, height))
    taken = Box(x0=5, y0=5, x1=5 + code, y1=5 + code)
    place = place_stamp(frame, StampSize(58, 12, 3), [frame.from_viewed(taken)])
    viewed = frame.to_viewed(place.box)
    assert viewed.x0 >= taken.x1 or viewed.y0 >= taken.y1
    assert is_top_left(place.box, frame)
    assert (place.width, place.height) == pytest.approx((viewed.width, viewed.height))
    assert place.width / place.height == pytest.approx(58 / 12)


def test_where_nothing_is_free_it_stays_in_the_corner() -> None:
    frame = page_frame((0, 0, 595, 842))
    assert place_stamp(frame, SIZE, [frame.visible]) == place_stamp(frame, SIZE)


@pytest.mark.parametrize("viewed", [(300, 10, 400, 60), (10, 400, 100, 450), (-50, 10, 40, 60)])
def test_other_places_are_not_top_left(viewed: tuple[float, float, float, float]) -> None:
    for rotate in (0, 90, 180, 270):
        frame = page_frame((0, 0, 595, 842), None, rotate)
        x0, y0, x1, y1 = viewed
        assert not is_top_left(frame.from_viewed(Box(x0=x0, y0=y0, x1=x1, y1=y1)), frame)
