"""Wrong characters of models, on sheets in faces that nothing was trained on.

May not come in: training; papers (see `benchmarks.recognition`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from rapidfuzz.distance import Levenshtein

from benchmarks.factory.truth import Level
from benchmarks.reading_errors import Errors
from benchmarks.training.reader.faces import judged
from benchmarks.training.reader.rows import Wording
from benchmarks.training.reader.sheets import ReadySheet, ready_sheet
from pipeline.adapters.tesseract_inside import TesseractInside
from pipeline.models.text import Word
from pipeline.ports.reading import OcrEngine

_FIRST: Final = 90_000
"""Seeds from here on are judged with, those below are trained on."""


def compare(
    models: Sequence[Path], sheets: int, wording: Wording
) -> Mapping[tuple[Level, str], tuple[Errors, ...]]:
    """Read the same sheets with each model.

    Args:
        models: `.traineddata` files.
        sheets: how many; faces take turns.
        wording: what rows say.

    Returns:
        For each level and family the errors of each model, as sums; `all`: of all families.
    """
    engines = [
        TesseractInside(model, name=model.stem, sha256="0" * 64, timeout_seconds=120)
        for model in models
    ]
    families = judged()
    errors: dict[tuple[Level, str], list[Errors]] = defaultdict(lambda: [Errors()] * len(models))
    for number in range(sheets):
        family = families[number % len(families)]
        sheet = ready_sheet(_FIRST + number, (family,), wording)
        for place, engine in enumerate(engines):
            found = _errors(sheet, engine)
            for name in (family.name, "all"):
                errors[sheet.level, name][place] += found
    return {key: tuple(found) for key, found in sorted(errors.items())}


def _errors(sheet: ReadySheet, engine: OcrEngine) -> Errors:
    lines = engine.read(sheet.image, sheet.dpi)
    words = [word for line in lines for word in line.words]
    edits = characters = 0
    for row in sheet.rows:
        read = " ".join(word.text for word in _within(words, row.box.y0, row.box.y1))
        edits += min(Levenshtein.distance(row.text, read), len(row.text))
        characters += len(row.text)
    return Errors(character_edits=edits, characters=characters)


def _within(words: Iterable[Word], top: float, bottom: float) -> list[Word]:
    """Words of a row, from left to right."""
    row = (word for word in words if top <= (word.box.y0 + word.box.y1) / 2 <= bottom)
    return sorted(row, key=lambda word: word.box.x0)
