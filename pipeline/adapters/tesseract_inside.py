"""Tesseract within this process behind the `OcrEngine` port: the only place that knows tesserocr.

A model is loaded once for each page read at the same time, and kept. What Tesseract itself
crashes on takes the process along: work is claimed and recorded, so that another one goes on.
May not come in: starting the program (`tesseract`), image preparation, choice of a model.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Final

import numpy as np
import tesserocr

from pipeline.adapters.tesseract import parse_tsv
from pipeline.errors import MissingToolError, OcrCrashed, OcrTimeout
from pipeline.models.text import EngineIdentity, Line
from pipeline.ports.reading import Gray

_HEADER: Final = "level\n"
"""The library leaves the first line of the program's output out."""
_SETTINGS: Final = {"tessedit_do_invert": "0"}
_TINIEST_PX: Final = 8
"""Images smaller than this hold no text; the library writes complaints about them."""


def library_version() -> str:
    """Version of Tesseract in the library."""
    return str(tesserocr.tesseract_version()).split()[1]


class TesseractInside:
    """Reads pages with one traineddata model; safe to call from several threads."""

    def __init__(self, model: Path, *, name: str, sha256: str, timeout_seconds: float) -> None:
        """Bind to a model; it is loaded with the first page.

        Args:
            model: the `.traineddata` file.
            name: of the model, for the provenance.
            sha256: digest of the file, for the provenance.
            timeout_seconds: for the recognition of one page; finding its lines comes on top.

        Raises:
            MissingToolError: `MODEL_MISSING`.
        """
        self._model = model
        self._timeout = timeout_seconds
        self._idle: list[tesserocr.PyTessBaseAPI] = []
        self._lock = threading.Lock()
        self._require_model()
        self._identity = EngineIdentity(
            engine="tesseract", version=library_version(), model=name, model_sha256=sha256
        )

    @property
    def identity(self) -> EngineIdentity:
        """Engine, version, model and the model's digest."""
        return self._identity

    def read(self, gray: Gray, dpi: int) -> tuple[Line, ...]:
        """Lines in reading order; boxes in pixels of the image given.

        Raises:
            MissingToolError: `MODEL_MISSING`.
            OcrTimeout: the page took longer than allowed.
            OcrCrashed: the library reported an error.
        """
        return self._read(gray, dpi, tesserocr.PSM.AUTO)

    def read_line(self, gray: Gray, dpi: int) -> tuple[Line, ...]:
        """As `read`, of an image that shows one line: nothing is sought in it.

        Raises:
            As `read`.
        """
        return self._read(gray, dpi, tesserocr.PSM.SINGLE_LINE)

    def _read(self, gray: Gray, dpi: int, mode: int) -> tuple[Line, ...]:
        if min(gray.shape) < _TINIEST_PX:
            return ()
        with self._reader() as reader:
            reader.SetPageSegMode(mode)
            return parse_tsv(_HEADER + self._tsv(reader, np.ascontiguousarray(gray), dpi))

    def _tsv(self, reader: tesserocr.PyTessBaseAPI, gray: Gray, dpi: int) -> str:
        height, width = gray.shape
        started = monotonic()
        try:
            reader.SetImageBytes(gray.tobytes(), width, height, 1, width)
            reader.SetSourceResolution(dpi)
            done = reader.Recognize(max(round(self._timeout * 1000), 1))
            if done:
                return str(reader.GetTSVText(0))
        except (RuntimeError, ValueError, UnicodeDecodeError) as error:
            raise OcrCrashed(engine="tesseract") from error
        if monotonic() - started >= self._timeout:
            raise OcrTimeout(engine="tesseract", seconds=self._timeout)
        raise OcrCrashed(engine="tesseract")

    @contextmanager
    def _reader(self) -> Iterator[tesserocr.PyTessBaseAPI]:
        """A reader for this page alone; after a failure it is not used again."""
        with self._lock:
            reader = self._idle.pop() if self._idle else None
        reader = reader or self._loaded()
        try:
            yield reader
        except BaseException:
            reader.End()
            raise
        reader.Clear()
        with self._lock:
            self._idle.append(reader)

    def _loaded(self) -> tesserocr.PyTessBaseAPI:
        self._require_model()
        try:
            return tesserocr.PyTessBaseAPI(
                path=f"{self._model.parent}/",
                lang=self._model.stem,
                psm=tesserocr.PSM.AUTO,
                variables=_SETTINGS,
            )
        except RuntimeError as error:
            raise OcrCrashed(engine="tesseract") from error

    def _require_model(self) -> None:
        if not self._model.is_file():
            raise MissingToolError("MODEL_MISSING", model=self._model.name)
