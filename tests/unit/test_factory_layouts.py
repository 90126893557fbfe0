"""Every arrangement of every paper: complete, in its bounds, and as true as it says."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from benchmarks.factory.fetch_fonts import PACKAGES, lacking
from benchmarks.factory.fonts import FETCHED, Face, FontsNotFetchedError, load
from benchmarks.factory.layouts import ARRANGEMENTS, LAYOUTS, variants
from benchmarks.factory.layouts.manner import MANNERS, manners
from benchmarks.factory.layouts.mrz import check_digit
from benchmarks.factory.person import make_person
from benchmarks.factory.truth import Part
from pipeline.catalogue import load_catalogue

LOW_DPI = 60
FACES = [face for package in PACKAGES for face, _ in package.faces]
fetched = pytest.mark.skipif(
    not all((FETCHED.expanduser() / face).is_file() for face in FACES),
    reason="run `python -m benchmarks.factory.fetch_fonts`",
)
CATALOGUE = load_catalogue()
NOT_PRINTED = {"table", "single_checkbox", "signature"}
CODES = sorted(ARRANGEMENTS)


@fetched
@pytest.mark.parametrize("part", list(Part))
@pytest.mark.parametrize("code", [*CODES, "Z_OTHER"])
def test_every_variant_carries_what_the_catalogue_asks_for(code: str, part: Part) -> None:
    kind = CATALOGUE.components[code]
    for number, layout in enumerate(variants(part)[code]):
        if layout in LAYOUTS.values():
            continue
        rng = np.random.default_rng(number)

        pages = layout(make_person(rng), rng, LOW_DPI)

        name = layout.__name__
        assert kind.pages_min <= len(pages) <= kind.pages_max, name
        assert [(page.code, page.number) for page in pages] == [
            (code, place) for place in range(len(pages))
        ]
        found = {field.name: field for page in pages for field in page.truth_fields}
        for field in kind.fields:
            if field.required and field.type != "signature":
                assert field.name in found, (name, field.name)
            if field.name in found and field.type not in NOT_PRINTED:
                assert found[field.name].boxes, (name, field.name)
        assert set(found) <= {field.name for field in kind.fields}, name


@fetched
def test_every_variant_comes_out_the_same_each_time() -> None:
    for layouts in variants(Part.TUNE).values():
        person = make_person(np.random.default_rng(4))
        first, second = (layouts[0](person, np.random.default_rng(4), LOW_DPI) for _ in range(2))
        assert [page.image.tobytes() for page in first] == [page.image.tobytes() for page in second]


def test_no_layout_and_no_face_of_a_pen_is_tested_that_was_trained_or_tuned() -> None:
    names = {
        part: {layout.__name__ for layouts in variants(part).values() for layout in layouts}
        for part in Part
    }
    for one, other in itertools.combinations(Part, 2):
        assert not names[one] & names[other]
    pens = {part: {manner.pen.face for manner in manners(part)} for part in Part}
    assert not pens[Part.TEST] & (pens[Part.TRAIN] | pens[Part.TUNE])
    assert len({manner.name for manner in MANNERS}) == len(MANNERS)


def test_enough_kinds_and_enough_variants() -> None:
    assert len(ARRANGEMENTS) >= 26
    for code in ARRANGEMENTS:
        assert sum(len(variants(part)[code]) for part in Part) >= 3
    unknown = {
        layout.__name__.split("-")[0] for part in Part for layout in variants(part)["Z_OTHER"]
    }
    assert len(unknown) >= 6


@fetched
@pytest.mark.parametrize("face", FACES)
def test_fetched_faces_have_every_vietnamese_letter(face: Face) -> None:
    assert lacking(FETCHED.expanduser() / face) == ""


def test_a_face_that_was_not_fetched_says_what_to_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    with pytest.raises(FontsNotFetchedError, match="fetch_fonts"):
        load(Face.PEN_CHARM, 7.77, 77)


@pytest.mark.parametrize(
    ("text", "digit"),
    [("520727", "3"), ("L898902C<", "3"), ("ZE184226B<<<<<<", "1"), ("740812", "2")],
)
def test_check_digits_follow_the_examples_of_the_standard(text: str, digit: str) -> None:
    """ICAO Doc 9303 part 3 (520727) and part 4 (the specimen passport)."""
    assert check_digit(text) == digit
