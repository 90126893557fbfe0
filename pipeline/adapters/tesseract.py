"""Tesseract behind the `OcrEngine` port: the only place that knows pytesseract.

One run of the program a page, given a bitmap that needs no compression, asked for TSV only.
May not come in: image preparation (recognition does that), choice of a model (`ocr_models`).
"""

from __future__ import annotations

import os
import re
import shlex
import tempfile
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import cv2
import pytesseract

from pipeline.errors import MissingToolError, OcrCrashed, OcrTimeout
from pipeline.models.base import Box
from pipeline.models.text import EngineIdentity, Line, Word
from pipeline.ports.reading import Gray
from pipeline.textnorm import squash

_PAGE_SEGMENTATION = 3
"""Automatic, without orientation detection: the fastest mode that keeps columns apart."""
_ROW_SEGMENTATION = 7
"""One row of text."""

_TSV_COLUMNS = 12
_ETH = re.compile("\u0110?\u00d0")
"""The Icelandic eth, which no Vietnamese text holds: the models write it for, or behind, a Đ."""

_WORD_LEVEL = "5"


class TesseractEngine:
    """Reads pages with one traineddata model; safe to call from several threads.

    Sets `OMP_THREAD_LIMIT=1` for this process unless it is set: pages are the unit of
    parallel work, and Tesseract's own threads only burn time.
    """

    def __init__(
        self,
        model: Path,
        *,
        name: str,
        sha256: str,
        timeout_seconds: float,
        scratch: Path | None = None,
    ) -> None:
        """Bind to a model.

        Args:
            model: the `.traineddata` file.
            name: of the model, for the provenance.
            sha256: digest of the file, for the provenance.
            timeout_seconds: for one page.
            scratch: folder for the bitmap handed to the program; None: that of temporary files.

        Raises:
            MissingToolError: `TESSERACT_MISSING`, `MODEL_MISSING`.
        """
        os.environ.setdefault("OMP_THREAD_LIMIT", "1")
        self._model = model
        self._timeout = timeout_seconds
        self._scratch = scratch
        self._require_model()
        try:
            version = str(pytesseract.get_tesseract_version(cached=True))
        except pytesseract.TesseractNotFoundError as error:
            raise MissingToolError("TESSERACT_MISSING") from error
        except (SystemExit, ValueError, OSError) as error:
            raise OcrCrashed("OCR_CRASHED", engine="tesseract") from error
        self._identity = EngineIdentity(
            engine="tesseract", version=version, model=name, model_sha256=sha256
        )

    @property
    def identity(self) -> EngineIdentity:
        """Engine, version, model and the model's digest."""
        return self._identity

    def read(self, gray: Gray, dpi: int, *, row: bool = False) -> tuple[Line, ...]:
        """Lines in reading order; boxes in pixels of the image given; see `OcrEngine.read`.

        Raises:
            MissingToolError: `TESSERACT_MISSING`, `MODEL_MISSING`.
            OcrTimeout: the page took longer than allowed.
            OcrCrashed: the program ended with an error.
        """
        with tempfile.TemporaryDirectory(prefix="sohoa-ocr-", dir=self._scratch) as folder:
            bitmap = Path(folder) / "page.bmp"
            if not cv2.imwrite(str(bitmap), gray):
                raise OcrCrashed("OCR_CRASHED", engine="tesseract")
            tsv = self._run(bitmap, dpi, _ROW_SEGMENTATION if row else _PAGE_SEGMENTATION)
        return parse_tsv(tsv)

    def _run(self, bitmap: Path, dpi: int, segmentation: int) -> str:
        options = shlex.join(
            [
                *("--tessdata-dir", str(self._model.parent), "--dpi", str(dpi)),
                *("--psm", str(segmentation), "-c", "tessedit_do_invert=0"),
            ]
        )
        try:
            return str(
                pytesseract.image_to_data(
                    str(bitmap),
                    lang=self._model.stem,
                    config=options,
                    timeout=self._timeout,
                    output_type=pytesseract.Output.STRING,
                )
            )
        except pytesseract.TesseractNotFoundError as error:
            raise MissingToolError("TESSERACT_MISSING") from error
        except pytesseract.TesseractError as error:
            self._require_model()
            raise OcrCrashed(engine="tesseract", status=int(error.status)) from error
        except RuntimeError as error:
            raise OcrTimeout(engine="tesseract", seconds=self._timeout) from error
        except (OSError, UnicodeDecodeError) as error:
            raise OcrCrashed(engine="tesseract") from error

    def _require_model(self) -> None:
        if not self._model.is_file():
            raise MissingToolError("MODEL_MISSING", model=self._model.name)


class _Row(NamedTuple):
    place: tuple[int, int, int]
    """Block, paragraph, line."""
    word: Word


def parse_tsv(tsv: str) -> tuple[Line, ...]:
    """Lines of Tesseract's TSV output: empty words and rows without confidence dropped.

    Args:
        tsv: header and twelve tab-separated columns a row; left, top, width, height in px.

    Raises:
        OcrCrashed: the output is not what Tesseract writes.
    """
    try:
        rows = [
            row
            for line in tsv.split("\n")[1:]
            if (row := _row(line.split("\t", _TSV_COLUMNS - 1))) is not None
        ]
    except ValueError as error:
        raise OcrCrashed(engine="tesseract") from error
    blocks: dict[int, int] = {}
    lines = []
    for place, group in groupby(rows, key=lambda row: row.place):
        words = tuple(row.word for row in group)
        box = words[0].box
        for word in words[1:]:
            box = box.union(word.box)
        block = blocks.setdefault(place[0], len(blocks))
        lines.append(Line(words=words, box=box, block=block))
    return tuple(lines)


def _row(cells: list[str]) -> _Row | None:
    if len(cells) < _TSV_COLUMNS or cells[0] != _WORD_LEVEL:
        return None
    text = _ETH.sub("\u0110", squash(cells[11]).replace(" ", ""))
    confidence = float(cells[10])
    if not text or confidence < 0:
        return None
    left, top, width, height = (int(cell) for cell in cells[6:10])
    box = Box(x0=left, y0=top, x1=left + width, y1=top + height)
    place = (int(cells[2]), int(cells[3]), int(cells[4]))
    return _Row(place, Word(text=text, confidence=min(confidence / 100, 1.0), box=box))
