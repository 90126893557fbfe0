"""What every OcrEngine promises; and how Tesseract's failures are named."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest

from ocr_models import pick_model
from pipeline.adapters.tesseract import TesseractEngine, parse_tsv
from pipeline.adapters.tesseract_inside import TesseractInside
from pipeline.errors import MissingToolError, OcrCrashed, OcrError, OcrTimeout
from pipeline.models.base import Box
from pipeline.models.text import Line
from pipeline.ports.reading import Gray, OcrEngine
from tests.fakes.engines import DyingEngine, ScriptedEngine, SlowEngine, one_line
from tests.fakes.pages import PrintedPage

Tesseract: TypeAlias = type[TesseractEngine] | type[TesseractInside]

TEXT = "Bảo hiểm xã hội Việt Nam"


def tesseract(timeout_seconds: float = 60.0, scratch: Path | None = None) -> TesseractEngine:
    model = pick_model()
    return TesseractEngine(
        model.path,
        name=model.name,
        sha256=model.sha256,
        timeout_seconds=timeout_seconds,
        scratch=scratch,
    )


def inside() -> TesseractInside:
    model = pick_model()
    return TesseractInside(model.path, name=model.name, sha256=model.sha256, timeout_seconds=60)


def scripted() -> ScriptedEngine:
    def script(gray: Gray) -> tuple[Line, ...]:
        if int(gray.min()) > 200:
            return ()
        return (one_line(*TEXT.split(), box=Box(x0=40, y0=60, x1=300, y1=90)),)

    return ScriptedEngine(script)


ENGINES: list[Callable[[], OcrEngine]] = [tesseract, inside, scripted]


def printed() -> Gray:
    return PrintedPage(100, 40, 200).put(10, 10, TEXT).gray()


@pytest.mark.parametrize("make", ENGINES)
class TestContract:
    def test_reads_words_within_the_image(self, make: Callable[[], OcrEngine]) -> None:
        gray = printed()
        lines = make().read(gray, 200)
        assert " ".join(line.text for line in lines) == TEXT
        for line in lines:
            for word in line.words:
                assert 0 <= word.box.x0 <= word.box.x1 <= gray.shape[1]
                assert 0 <= word.box.y0 <= word.box.y1 <= gray.shape[0]
                assert line.box.union(word.box) == line.box
                assert word.text == unicodedata.normalize("NFC", word.text).strip() != ""

    def test_reads_nothing_on_white(self, make: Callable[[], OcrEngine]) -> None:
        assert make().read(np.full((300, 400), 255, dtype=np.uint8), 200) == ()

    def test_names_itself(self, make: Callable[[], OcrEngine]) -> None:
        identity = make().identity
        assert identity.engine
        assert identity.version
        assert len(identity.model_sha256) == 64

    def test_serves_several_threads(self, make: Callable[[], OcrEngine]) -> None:
        engine, gray = make(), printed()
        with ThreadPoolExecutor(2) as pool:
            results = list(pool.map(lambda _: engine.read(gray, 200), range(4)))
        assert results == [results[0]] * 4


@pytest.mark.parametrize(
    ("engine", "error"), [(SlowEngine(), OcrTimeout), (DyingEngine(), OcrCrashed)]
)
def test_failures_may_be_tried_again(engine: OcrEngine, error: type[OcrError]) -> None:
    with pytest.raises(error) as caught:
        engine.read(printed(), 200)
    assert caught.value.retryable


@pytest.mark.parametrize("make", [TesseractEngine, TesseractInside])
class TestTesseractModels:
    def test_names_a_damaged_model_a_crash(self, make: Tesseract, tmp_path: Path) -> None:
        model = tmp_path / "vie.traineddata"
        model.write_bytes(b"not a model")
        engine = make(model, name="broken", sha256="0" * 64, timeout_seconds=30)
        with pytest.raises(OcrCrashed):
            engine.read(printed(), 200)

    def test_names_a_missing_model(self, make: Tesseract, tmp_path: Path) -> None:
        with pytest.raises(MissingToolError) as caught:
            make(tmp_path / "no", name="no", sha256="0" * 64, timeout_seconds=30)
        assert caught.value.code == "MODEL_MISSING"

    def test_names_a_model_that_vanished(self, make: Tesseract, tmp_path: Path) -> None:
        model = tmp_path / "vie.traineddata"
        model.write_bytes(pick_model().path.read_bytes())
        engine = make(model, name="gone", sha256="0" * 64, timeout_seconds=30)
        model.unlink()
        with pytest.raises(MissingToolError) as caught:
            engine.read(printed(), 200)
        assert caught.value.code == "MODEL_MISSING"


class TestTesseractInside:
    def test_gives_up_in_time_and_may_be_asked_again(self) -> None:
        model = pick_model()
        engine = TesseractInside(model.path, name="x", sha256=model.sha256, timeout_seconds=0.01)
        page = PrintedPage(210, 297, 200).column(5, 5, *[" ".join([TEXT] * 4)] * 30).gray()
        for _ in range(2):
            with pytest.raises(OcrTimeout) as caught:
                engine.read(page, 200)
            assert caught.value.retryable

    def test_reads_as_the_program_does(self) -> None:
        page = PrintedPage(160, 60, 200).put(10, 10, TEXT).put(10, 25, "Số: 0123/QĐ-BHXH").gray()
        assert [line.text for line in inside().read(page, 200)] == [
            line.text for line in tesseract().read(page, 200)
        ]

    @pytest.mark.parametrize("shape", [(1, 1), (1, 900), (900, 1), (8, 8), (30, 2000)])
    def test_reads_nothing_on_slivers(self, shape: tuple[int, int]) -> None:
        assert inside().read(np.zeros(shape, dtype=np.uint8), 200) == ()


class TestTesseract:
    def test_gives_up_in_time_and_leaves_nothing(self, tmp_path: Path) -> None:
        engine = tesseract(0.01, tmp_path)
        noise = np.random.default_rng(1).integers(0, 255, (2000, 1500), dtype=np.uint8)
        with pytest.raises(OcrTimeout) as caught:
            engine.read(noise, 200)
        assert caught.value.retryable
        assert list(tmp_path.iterdir()) == []

    def test_names_a_missing_program(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        engine = tesseract()
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(MissingToolError) as caught:
            engine.read(printed(), 200)
        assert caught.value.code == "TESSERACT_MISSING"


class TestTsv:
    HEADER = (
        "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\t"
        "left\ttop\twidth\theight\tconf\ttext\n"
    )

    def row(self, place: str, box: str, conf: str, text: str, level: int = 5) -> str:
        return f"{level}\t1\t{place}\t1\t{box}\t{conf}\t{text}\n"

    def test_groups_lines_and_numbers_blocks(self) -> None:
        tsv = (
            self.HEADER
            + self.row("2\t1\t1", "10\t20\t30\t10", "96.5", "Họ")
            + self.row("2\t1\t1", "50\t22\t30\t10", "90", "tên")
            + self.row("5\t1\t1", "10\t60\t30\t10", "80", "Số")
        )
        first, second = parse_tsv(tsv)
        assert (first.text, first.block) == ("Họ tên", 0)
        assert first.box == Box(x0=10, y0=20, x1=80, y1=32)
        assert first.words[0].confidence == 0.965
        assert (second.text, second.block) == ("Số", 1)

    def test_drops_what_is_no_word_and_composes(self) -> None:
        tsv = (
            self.HEADER
            + self.row("1\t1\t1", "0\t0\t9\t9", "-1", "", level=4)
            + self.row("1\t1\t1", "0\t0\t9\t9", "-1", "ghost")
            + self.row("1\t1\t1", "0\t0\t9\t9", "95", "  ")
            + self.row("1\t1\t1", "0\t0\t9\t9", "95", unicodedata.normalize("NFD", "Việt"))
        )
        (line,) = parse_tsv(tsv)
        assert [word.text for word in line.words] == ["Việt"]

    @pytest.mark.parametrize("read", ["Q\u00d0", "Q\u0110\u00d0", "Q\u0110"])
    def test_an_eth_is_a_d_with_stroke(self, read: str) -> None:
        (line,) = parse_tsv(self.HEADER + self.row("1\t1\t1", "0\t0\t9\t9", "95", read))
        assert line.text == "Q\u0110"

    @pytest.mark.parametrize("rubbish", ["a\tb\n", "", "\n\n\n"])
    def test_reads_nothing_from_little(self, rubbish: str) -> None:
        assert parse_tsv(rubbish) == ()

    def test_refuses_what_tesseract_never_writes(self) -> None:
        with pytest.raises(OcrCrashed):
            parse_tsv(self.HEADER + self.row("1\t1\t1", "x\t0\t9\t9", "95", "a"))
