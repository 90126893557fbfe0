"""Which Tesseract reads: the library within this process, or the program where it is not there.

May not come in: how either is asked to read.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol, cast

from pipeline.adapters.tesseract import TesseractEngine
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
    model: Path, *, name: str, sha256: str, timeout_seconds: float, library: bool = True
) -> OcrEngine:
    """An engine for a model.

    Args:
        model: the `.traineddata` file.
        name: of the model, for the provenance.
        sha256: digest of the file, for the provenance.
        timeout_seconds: for one page.
        library: False: start the program for each page even where the library is installed.

    Raises:
        MissingToolError: `TESSERACT_MISSING`, `MODEL_MISSING`.
        OcrCrashed: the program does not say its version.
    """
    make: _Make = TesseractEngine
    if library and find_spec(_LIBRARY) is not None:
        make = _inside().TesseractInside
    return make(model, name=name, sha256=sha256, timeout_seconds=timeout_seconds)


def _inside() -> _Inside:
    return cast(_Inside, import_module("pipeline.adapters.tesseract_inside"))
