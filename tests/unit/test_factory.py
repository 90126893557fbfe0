"""The synthetic dossiers: valid-looking, repeatable, and as true as their truth says."""

from __future__ import annotations

import datetime as dt
import subprocess
from pathlib import Path

import numpy as np
import pikepdf
import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from benchmarks.factory import (
    LAYOUTS,
    age,
    bleed_through,
    dense_pages,
    form_pages,
    make_demo_batch,
    make_person,
    render_component,
    write_batch,
)
from benchmarks.factory.demo import COVER
from benchmarks.factory.layouts.identity import qr_payload
from benchmarks.factory.truth import Hand
from benchmarks.factory.wording import amount, amount_in_words, duration, written_date

LOW_DPI = 60


@given(st.integers(0, 2**32 - 1))
def test_people_carry_numbers_that_fit_them(seed: int) -> None:
    person = make_person(np.random.default_rng(seed))

    assert len(person.bhxh_code) == 10
    assert person.bhxh_code.isdigit()
    assert len(person.id_number) == 12
    assert person.id_number.startswith("0")
    assert person.id_number[3] == ("0" if person.gender == "Nam" else "1")
    assert person.id_number[4:6] == f"{person.birth_date.year % 100:02d}"
    assert person.birth_date.year + 18 <= person.periods[0].first.year
    assert person.periods[-1].last < person.applied_on < person.decided_on
    assert person.contribution_months == sum(period.months for period in person.periods)


@pytest.mark.parametrize(
    ("dong", "words"),
    [
        (45_678_900, "Bốn mươi lăm triệu sáu trăm bảy mươi tám nghìn chín trăm đồng"),
        (1_000_021, "Một triệu không trăm hai mươi mốt đồng"),
        (105_015, "Một trăm linh năm nghìn không trăm mười lăm đồng"),
        (0, "Không đồng"),
    ],
)
def test_amounts_in_words(dong: int, words: str) -> None:
    assert amount_in_words(dong) == words


def test_figures_dates_and_durations_are_written_as_on_paper() -> None:
    assert amount(1_234_567) == "1.234.567"
    assert duration(75) == "6 năm 3 tháng"
    assert written_date(dt.date(2023, 2, 5)) == "ngày 05 tháng 02 năm 2023"


@pytest.mark.parametrize("code", sorted(LAYOUTS))
def test_every_layout_prints_its_fields_the_same_way_each_time(code: str) -> None:
    person = make_person(np.random.default_rng(7))

    first, second = (
        render_component(code, person, np.random.default_rng(7), LOW_DPI) for _ in range(2)
    )

    assert [page.image.tobytes() for page in first] == [page.image.tobytes() for page in second]
    for number, page in enumerate(first):
        assert (page.code, page.number) == (code, number)
        printed = " ".join(page.lines).casefold()
        in_one_row = [field for field in page.truth_fields if len(field.boxes) == 1]
        assert in_one_row or code == "Z_OTHER"
        for field in in_one_row:
            assert field.value.casefold() in printed


def test_the_contribution_history_goes_on_on_page_two() -> None:
    person = make_person(np.random.default_rng(3))

    first, second = render_component("R_04_HSB", person, np.random.default_rng(3), LOW_DPI)

    assert first.lines[-1] == "Trang 1/2"
    assert second.lines[-1] == "Trang 2/2"
    assert second.fields["total_duration"] == duration(person.contribution_months)
    rows = [line for page in (first, second) for line in page.lines if line.endswith("22%")]
    assert len(rows) == len(person.periods)


def test_the_card_carries_a_readable_qr() -> None:
    person = make_person(np.random.default_rng(11))
    (page,) = render_component("I_CCCD", person, np.random.default_rng(11))

    (found,) = zxingcpp.read_barcodes(age(page.image, np.random.default_rng(1)))

    assert found.text == qr_payload(person)
    assert len(found.text.split("|")) == 7


def test_ageing_turns_and_tilts_but_keeps_the_paper() -> None:
    page = form_pages(1, 1, LOW_DPI)[0].image

    turned = age(page, np.random.default_rng(1), turn=90, skew_deg=0.0, noise=0.0)

    assert turned.size == (page.height, page.width)
    upright = turned.transpose(Image.Transpose.ROTATE_270)
    difference = np.asarray(upright, dtype=float) - np.asarray(page, dtype=float)
    assert np.abs(difference).mean() < 12


def test_a_back_shows_its_front_only_faintly() -> None:
    front = dense_pages(1, 1, LOW_DPI)[0].image

    back = np.asarray(bleed_through(front).convert("L"))

    assert back.min() > 225
    assert back.std() > 0.2


def test_dense_pages_are_full() -> None:
    (page,) = dense_pages(1, 5, LOW_DPI)

    assert sum(len(line.split()) for line in page.lines) > 400


def test_batches_are_written_as_scanners_do(tmp_path: Path) -> None:
    pages = [page.image for page in form_pages(2, 2, LOW_DPI)]

    (pdf,) = write_batch(tmp_path / "batch.pdf", pages, dpi=LOW_DPI)
    (tiff,) = write_batch(tmp_path / "batch.tif", pages, dpi=LOW_DPI)
    files = write_batch(tmp_path / "batch", pages, dpi=LOW_DPI)

    with pikepdf.open(pdf) as opened:
        assert len(opened.pages) == 2
        assert opened.pages[0].MediaBox[2] == pytest.approx(595, abs=1)
    with Image.open(tiff) as image:
        assert (image.mode, image.info["compression"]) == ("1", "group4")
        assert getattr(image, "n_frames", 1) == 2
    assert [path.name for path in files] == ["page-001.jpg", "page-002.jpg"]


def test_the_demo_batch_knows_where_everything_is(tmp_path: Path) -> None:
    slip = Image.new("RGB", (100, 141), "white")
    slip.save(tmp_path / "cover.png")

    truth = make_demo_batch(
        tmp_path / "a",
        seed=2,
        slip_pages={COVER: tmp_path / "cover.png", "R_07B_HSB": slip},
        dpi=LOW_DPI,
    )
    again = make_demo_batch(
        tmp_path / "b",
        seed=2,
        slip_pages={COVER: tmp_path / "cover.png", "R_07B_HSB": slip},
        dpi=LOW_DPI,
    )

    assert truth.path.read_bytes() == again.path.read_bytes()
    kept = [page for component in truth.components for page in component.pages]
    everything = sorted([*kept, *truth.blank_pages, *truth.slip_pages])
    assert everything == list(range(truth.page_count))
    assert truth.slip_pages == (0, 3)
    assert truth.blank_pages == (2,)
    assert [component.code for component in truth.components][:2] == ["F_14_HSB", "R_07B_HSB"]
    assert truth.components[0].fields["bhxh_code"] == truth.person.bhxh_code
    assert truth.components[-1].fields["deceased_name"] != truth.person.full_name.upper()
    with pikepdf.open(truth.path) as pdf:
        assert len(pdf.pages) == truth.page_count


def test_tesseract_reads_a_scanned_form(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    person = make_person(rng)
    (page,) = render_component("R_07B_HSB", person, rng, 200)
    path = tmp_path / "page.png"
    age(page.image, rng).save(path, dpi=(200, 200))

    read = subprocess.run(
        ["tesseract", str(path), "-", "-l", "vie"], check=True, capture_output=True, text=True
    ).stdout

    assert "Về việc hưởng bảo hiểm xã hội một lần" in read
    assert person.bhxh_code in read


@pytest.mark.parametrize("code", sorted(LAYOUTS))
def test_lines_and_values_are_where_the_truth_says(code: str) -> None:
    person = make_person(np.random.default_rng(7))

    for page in render_component(code, person, np.random.default_rng(7), 100):
        dark = np.asarray(page.image.convert("L")) < 170
        printed = [line for line in page.truth_lines if line.hand is not Hand.STAMP]
        for line in printed:
            box = line.box
            inside = dark[round(box.y0) : round(box.y1), round(box.x0) : round(box.x1)]
            assert inside.any(), line
            assert line.text == " ".join(part.text for part in line.parts)
        assert sorted(" ".join(page.lines).split()) == sorted(
            " ".join(line.text for line in printed).split()
        )
        for field in page.truth_fields:
            assert field.value == page.fields[field.name]
            assert field.boxes or field.name in {"history_rows", "relatives", "subject"}
