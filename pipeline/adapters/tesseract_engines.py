"""Which Tesseract reads: the library within this process, or the program.

The program reads where the library is not there, and what the library did not survive.
May not come in: how either is asked to read.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol, cast

from pipeline.adapters.tesseract import TesseractEngine
from pipeline.adapters.tesseract_cautious import CautiousEngine
from pipeline.ports.reading import OcrEngine

_LIBRARY = "tesserocr"


class _Inside(Protocol):
    @property
    def TesseractInside(self) -> _Make: ...

    def library_version(self) -> str: ...


class _Make(Protocol):
    def __call__(
        self, model: Path, *, name: str, sha256: str, timeout_seconds: float
    ) -> OcrEngine: ...


def library_version() -> str | None:
    """Version of the Tesseract that can read within this process, None where there is none."""
    return _inside().library_version() if find_spec(_LIBRARY) is not None else None


def open_engine(
    model: Path,
    *,
    name: str,
    sha256: str,
    timeout_seconds: float,
    library: bool = True,
    marks: Path | None = None,
) -> OcrEngine:
    """An engine for a model.

    Args:
        model: the `.traineddata` file.
        name: of the model, for the provenance.
        sha256: digest of the file, for the provenance.
        timeout_seconds: for one page.
        library: False: start the program for each page even where the library is installed.
        marks: folder in which the library's readings are marked while they run: a page that took
            the process along is read by the program next time. None: nothing is remembered.

    Raises:
        MissingToolError: `TESSERACT_MISSING`, `MODEL_MISSING`.
        OcrCrashed: the program does not say its version.
    """

    def made(make: _Make) -> OcrEngine:
        return make(model, name=name, sha256=sha256, timeout_seconds=timeout_seconds)

    if not library or find_spec(_LIBRARY) is None:
        return made(TesseractEngine)
    inside = made(_inside().TesseractInside)
    return inside if marks is None else CautiousEngine(inside, lambda: made(TesseractEngine), marks)


def _inside() -> _Inside:
    return cast(_Inside, import_module("pipeline.adapters.tesseract_inside"))
