"""Archived files before independent judges: veraPDF (PDF/A-2u), poppler's pdfsig and pdftotext."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest
from PIL import Image

from benchmarks.factory import make_demo_batch, make_person, render_component, write_batch
from benchmarks.factory.scanning import age
from pipeline.textnorm import fold
from tests.live import verapdf

Json = dict[str, Any]

SOHOA = Path(sys.executable).with_name("sohoa")
TYPE = "V_KET_QUA_XAC_MINH"


@dataclass(frozen=True)
class Archive:
    """What one home archived, by name of the source."""

    results: dict[str, Json]
    files: dict[str, tuple[Path, ...]]


def sources(folder: Path) -> dict[str, Path]:
    """Pages of every shape a scanner delivers, and a whole dossier."""
    rng = np.random.default_rng(5)
    person = make_person(rng)
    page = age(render_component("C_KHAI_TU", person, rng, dpi=200)[0].image, rng)
    made = {"demo": make_demo_batch(folder, 4, dpi=200).path}
    made["a5"] = _jpeg(folder / "a5.jpg", page.resize((1165, 1654)), 200)
    wide = Image.new("RGB", (2339, 1654), "white")
    wide.paste(page.resize((1165, 1654)), (1000, 0))
    made["landscape"] = _jpeg(folder / "landscape.jpg", wide, 200)
    turned = folder / "turned.pdf"
    write_batch(turned, [page.rotate(90, expand=True)], dpi=200)
    with pikepdf.open(turned, allow_overwriting_input=True) as pdf:
        pdf.pages[0].Rotate = 90
        pdf.save()
    made["turned"] = turned
    bilevel = folder / "bilevel.tif"
    page.convert("L").point(lambda v: 255 if v > 160 else 0).convert("1").save(
        bilevel, compression="group4", dpi=(200, 200)
    )
    made["bilevel"] = bilevel
    return made


def _jpeg(path: Path, image: Image.Image, dpi: int) -> Path:
    image.convert("RGB").save(path, quality=85, dpi=(dpi, dpi))
    return path


def sohoa(home: Path, *arguments: str | Path) -> list[Json]:
    """NDJSON of a command."""
    done = subprocess.run(
        [SOHOA, *map(str, arguments)],
        env={**os.environ, "SOHOA_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    """Everything of `sources`, archived."""
    folder = tmp_path_factory.mktemp("live")
    results, files = {}, {}
    for name, source in sources(folder).items():
        declared = [] if name == "demo" else ["--as", TYPE]
        (result,) = sohoa(folder / "home", "ingest", source, *declared, "--json")
        results[name] = result
        files[name] = tuple(
            folder / "home" / "archive" / c["object_key"] for c in result["components"]
        )
    yield Archive(results, files)


def test_everything_is_archived(archive: Archive) -> None:
    states = {name: r["state"] for name, r in archive.results.items()}
    assert set(states.values()) == {"ARCHIVED"}, states


def test_every_file_conforms_to_pdf_a_2u(archive: Archive) -> None:
    if (reason := verapdf.missing()) is not None:
        pytest.skip(f"veraPDF {reason}")
    files = [file for group in archive.files.values() for file in group]
    assert verapdf.failures(verapdf.fetch(), files) == {file.name: [] for file in files}


def test_poppler_finds_every_signature_valid(archive: Archive) -> None:
    for group in archive.files.values():
        for file in group:
            said = subprocess.run(
                ["pdfsig", "-nocert", file], capture_output=True, text=True, check=False
            ).stdout
            assert said.count("Signature Validation: Signature is Valid.") == 1, said
            assert "Total document signed" in said


def test_the_stamp_stands_top_left_as_viewed(archive: Archive) -> None:
    for name, group in archive.files.items():
        for file in group:
            picture = _rendered(file)
            height, width = picture.shape[:2]
            red = _stamp_pixels(picture)
            rows, columns = np.nonzero(red)
            assert rows.size > 200, (name, file.name)
            assert np.median(rows) < height * 0.25, (name, file.name)
            assert np.median(columns) < width * 0.6, (name, file.name)


def _rendered(file: Path) -> np.ndarray[Any, np.dtype[np.uint8]]:
    png = subprocess.run(
        ["pdftoppm", "-r", "72", "-png", "-l", "1", "-singlefile", file],
        capture_output=True,
        check=True,
    ).stdout
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def _stamp_pixels(
    picture: np.ndarray[Any, np.dtype[np.uint8]],
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Dark red ink in the upper left quarter."""
    height, width = picture.shape[:2]
    corner = picture[: height // 3, : width * 2 // 3].astype(int)
    red, green, blue = (corner[..., channel] for channel in range(3))
    return np.asarray((red - green > 40) & (red - blue > 40))


def test_text_reads_back_in_order(archive: Archive) -> None:
    file = archive.files["demo"][0]
    text = subprocess.run(
        ["pdftotext", file, "-"], capture_output=True, text=True, check=True
    ).stdout
    folded = fold(text)
    places = [folded.find(label) for label in ("don de nghi", "ho va ten", "ma so bhxh")]
    assert -1 not in places and places == sorted(places), text
