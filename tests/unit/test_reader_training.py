"""The model that reads is trained from the shipped one: its network, its letters, its examples."""

import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.factory.fonts import Face
from benchmarks.factory.layouts.manner import manners
from benchmarks.factory.truth import Part
from benchmarks.training.reader.charset import Charset
from benchmarks.training.reader.examples import RowFinder, write_examples
from benchmarks.training.reader.faces import Family, judged, trained
from benchmarks.training.reader.networks import NetworkFormatError, with_floats
from benchmarks.training.reader.rows import load_wording, row_words
from benchmarks.training.reader.sheets import ready_sheet
from benchmarks.training.reader.training import packed, prepared
from benchmarks.training.reader.training import trained as taught
from ocr_models.registry import pick_model
from pipeline.adapters.tesseract_inside import TesseractInside
from pipeline.catalogue import load_catalogue

SHIPPED = "vie-fast-4.1.0"
TINOS = Family("Tinos", 1.0, (Path("/usr/share/fonts/truetype/croscore/Tinos-Regular.ttf"),))
WORDING = load_wording(load_catalogue())
programs = pytest.mark.skipif(
    not all(map(shutil.which, ("combine_tessdata", "lstmtraining"))),
    reason="install tesseract-ocr with its programs for training",
)


def text(value: str) -> bytes:
    return struct.pack("<I", len(value)) + value.encode()


def network(weights: np.ndarray, scales: list[float]) -> bytes:
    rows, columns = weights.shape
    layer = struct.pack("<b", 0) + text("Softmax") + struct.pack("<bbiiii", 0, 1, 192, 2, rows, 6)
    matrix = struct.pack("<BIIb", 1 | 4 | 128, rows, columns, 0) + weights.tobytes()
    matrix += struct.pack(f"<I{rows}d", rows, *scales)
    model = text("[spec]") + struct.pack("<iiiifff", 65, 7, 8, 9, 0.5, 0.25, 0.125)
    return layer + text("Output") + matrix + model


@given(
    st.lists(st.integers(-127, 127), min_size=6, max_size=6),
    st.lists(st.floats(1e-6, 10), min_size=2, max_size=2),
)
def test_a_weight_is_its_byte_times_the_scale_of_its_row(
    bytes_: list[int], scales: list[float]
) -> None:
    weights = np.array(bytes_, dtype=np.int8).reshape(2, 3)
    floats = with_floats(network(weights, scales))
    start = floats.index(struct.pack("<BIId", 128 | 4, 2, 3, 0.0)) + 17
    found = np.frombuffer(floats[start : start + 48], "<f8").reshape(2, 3)
    assert np.array_equal(found, weights * np.array(scales)[:, None])
    assert floats.endswith(struct.pack("<iiiifff", 64, 7, 8, 9, 0.5, 0.25, 0.125))


@pytest.mark.parametrize("cut", [1, 20, 60, 90])
def test_half_a_network_is_refused(cut: int) -> None:
    whole = network(np.ones((2, 3), dtype=np.int8), [1.0, 1.0])
    with pytest.raises(NetworkFormatError):
        with_floats(whole[:-cut])


def test_floats_are_not_made_floats_again() -> None:
    floats = with_floats(network(np.ones((2, 3), dtype=np.int8), [1.0, 1.0]))
    with pytest.raises(NetworkFormatError):
        with_floats(floats)


def test_a_letter_more_comes_last_and_has_a_code_of_its_own() -> None:
    lines = ["NULL 0 Common 0", "ỳ 3 0,255 Latin 2 0 1 ỳ\t# ỳ [1ef3 ]a", "Ỳ 5 0,255 Latin 1 0 2 Ỳ"]
    codes = b"".join(struct.pack("<bii", 1, 1, code) for code in (0, 5, 3))
    charset = Charset("\n".join(["3", *lines]) + "\n", struct.pack("<I", 3) + codes)
    more = charset.with_pair("ỵ", "Ỵ", like=("ỳ", "Ỳ"))
    assert more.knows("ỵ")
    assert more.knows("Ỵ")
    assert not charset.knows("ỵ")
    assert more.characters.splitlines()[:4] == ["5", *lines]
    assert more.characters.splitlines()[4].startswith("ỵ 3 0,255 Latin 4 0 3 ỵ\t")
    assert more.codes[4:-18] == codes
    assert [more.codes[-18:][at : at + 9][5] for at in (0, 9)] == [6, 7]
    with pytest.raises(ValueError, match="ạ"):
        charset.with_pair("ẹ", "Ẹ", like=("ạ", "Ạ"))


def test_no_face_of_the_part_that_is_tested_is_trained_or_judged_with() -> None:
    tested = {
        face
        for manner in manners(Part.TEST)
        for face in (manner.family.regular, manner.family.bold, manner.family.italic)
        if face.fetched
    }
    used = {file.name for family in (*trained(), *judged()) for file in family.files}
    assert tested
    assert not used & tested


def test_families_that_are_judged_with_are_not_trained_but_the_most_usual() -> None:
    names = {family.name for family in trained()} & {family.name for family in judged()}
    assert names == {Face.SERIF.value.split("-")[0]}


@given(st.integers(0, 10_000))
def test_rows_say_something_and_the_same_for_the_same_seed(seed: int) -> None:
    words = row_words(np.random.default_rng(seed), WORDING)
    assert words == row_words(np.random.default_rng(seed), WORDING)
    assert words
    assert all(word and word == word.strip() for word in words)


def test_rows_of_a_sheet_are_cut_out_where_they_are_printed(tmp_path: Path) -> None:
    model = pick_model(SHIPPED).path
    sheet = ready_sheet(4, (TINOS,), WORDING)
    found = tuple(RowFinder(model).rows(sheet))
    printed = {row.text: row.box for row in sheet.rows}
    assert len(found) > 0.7 * len(sheet.rows)
    for row in found:
        box = printed[row.text]
        assert abs(row.box.y0 - box.y0) < box.height
        assert abs(row.box.x1 - box.x1) < box.height
    assert write_examples(sheet, RowFinder(model), model, tmp_path / "4.lstmf")
    assert [path.name for path in tmp_path.iterdir()] == ["4.lstmf"]


@programs
def test_a_network_taken_apart_trained_a_little_and_packed_reads_on(tmp_path: Path) -> None:
    model = pick_model(SHIPPED).path
    sheet = ready_sheet(4, (TINOS,), WORDING)
    example = tmp_path / "4.lstmf"
    write_examples(sheet, RowFinder(model), model, example)
    start = prepared(model, tmp_path / "start")
    checkpoint = taught(start, (example,), tmp_path / "run", 30, 1e-5, 1)
    packed(start, checkpoint, tmp_path / "taught.traineddata")
    listed = subprocess.run(
        ["combine_tessdata", "-d", tmp_path / "taught.traineddata"], capture_output=True, text=True
    )
    assert "lstm-word-dawg" in listed.stdout + listed.stderr
    before, after = (
        [
            word.text
            for line in TesseractInside(path, name="x", sha256="0" * 64, timeout_seconds=60).read(
                sheet.image, sheet.dpi
            )
            for word in line.words
        ]
        for path in (model, tmp_path / "taught.traineddata")
    )
    alike = len(set(before) & set(after))
    assert alike > 0.7 * len(set(before))
