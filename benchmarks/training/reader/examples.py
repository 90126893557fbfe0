"""Rows of sheets as Tesseract's trainer takes them: cut out as the engine cuts out what it reads.

The engine finds the rows; those that it found whole get the text that was printed, and the program
`tesseract` writes them into a `.lstmf` file for each sheet. May not come in: drawing, training.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import tesserocr
from PIL import Image

from benchmarks.training.reader.sheets import ReadySheet, Row
from pipeline.models.base import Box

_ASIDE: Final = 0.35
"""Of a row's height: how far the ends of a row that was found whole may be from those printed."""
_ASIDE_PX: Final = 2.0
_OFF: Final = 0.4
"""The same for its middle."""
_LEAST_ROWS: Final = 5


class RowFinder:
    """Finds rows of text as the engine does before it reads."""

    def __init__(self, model: Path) -> None:
        """Load.

        Args:
            model: any `.traineddata` file.
        """
        self._reader = tesserocr.PyTessBaseAPI(
            path=f"{model.parent}/", lang=model.stem, psm=tesserocr.PSM.AUTO
        )

    def rows(self, sheet: ReadySheet) -> Iterator[Row]:
        """Printed rows that were found whole, with the engine's boxes."""
        height, width = sheet.image.shape
        self._reader.SetImageBytes(
            np.ascontiguousarray(sheet.image).tobytes(), width, height, 1, width
        )
        self._reader.SetSourceResolution(sheet.dpi)
        for box in _boxes(self._reader.AnalyseLayout()):
            row = next((row for row in sheet.rows if _is(box, row.box)), None)
            if row is not None:
                yield Row(row.text, box)
        self._reader.Clear()


def write_examples(sheet: ReadySheet, finder: RowFinder, model: Path, path: Path) -> bool:
    """Write a sheet's rows.

    Args:
        sheet: what was scanned.
        finder: finds its rows.
        model: whose folder holds the program's configurations (`tessdata`).
        path: of the `.lstmf` file.

    Returns:
        False, and nothing written, where hardly a row was found.
    """
    rows = tuple(finder.rows(sheet))
    if len(rows) < _LEAST_ROWS:
        return False
    with tempfile.TemporaryDirectory(dir=path.parent) as place:
        stem = Path(place) / "sheet"
        image = stem.with_suffix(".png")
        Image.fromarray(sheet.image).save(image, dpi=(sheet.dpi, sheet.dpi))
        stem.with_suffix(".box").write_text(
            "".join(_box_lines(rows, sheet.image.shape[0])), encoding="utf-8"
        )
        subprocess.run(
            [
                *("tesseract", image, stem, "--tessdata-dir", model.parent, "-l", model.stem),
                *("--psm", "6", "lstm.train"),
            ],
            check=True,
            capture_output=True,
        )
        stem.with_suffix(".lstmf").replace(path)
    return True


def _boxes(layout: tesserocr.PyPageIterator | None) -> Iterator[Box]:
    level = tesserocr.RIL.TEXTLINE
    while layout is not None:
        found = layout.BoundingBox(level)
        if found:
            x0, y0, x1, y1 = found
            yield Box(x0=x0, y0=y0, x1=x1, y1=y1)
        if not layout.Next(level):
            return


def _is(found: Box, printed: Box) -> bool:
    """True where a row was found whole and alone."""
    aside = _ASIDE * printed.height + _ASIDE_PX
    middle = (printed.y0 + printed.y1) / 2
    return (
        abs(found.x0 - printed.x0) < aside
        and abs(found.x1 - printed.x1) < aside
        and abs((found.y0 + found.y1) / 2 - middle) < _OFF * printed.height
    )


def _box_lines(rows: tuple[Row, ...], height: int) -> Iterator[str]:
    """A row's box and text, then the end of the row; Tesseract counts from the bottom."""
    for row in rows:
        x0, x1 = round(row.box.x0), round(row.box.x1)
        bottom, top = height - round(row.box.y1), height - round(row.box.y0)
        yield f"WordStr {x0} {bottom} {x1} {top} 0 #{row.text}\n"
        yield f"\t {x1 + 1} {bottom} {x1 + 5} {top} 0\n"
