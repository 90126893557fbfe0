"""`python -m benchmarks.training.value_readings OUT.jsonl`: values of sheets as they were read.

Each line holds one value: what is printed, what was read and how, by itself and a second time. The
chain's own stages read: recognition with correction, the field's parser, the second look. A file
that is there goes on where it ended. May not come in: what follows from the readings
(`calibration`), the part TEST.
"""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.factory import fetch_fonts
from benchmarks.factory.fonts import Face
from benchmarks.factory.layouts.manner import Family
from benchmarks.factory.truth import Level, Part
from benchmarks.field_errors import FieldKind, same_value
from benchmarks.training.reader.faces import judged_packages
from benchmarks.training.value_sheets import PrintedValue, ValueSheet, value_sheet
from ocr_models.registry import pick_model
from pipeline.adapters.pixels import OpenCvDecoder
from pipeline.adapters.tesseract_engines import open_engine
from pipeline.catalogue import Catalogue, load_catalogue
from pipeline.models.base import Box
from pipeline.models.files import FileRef
from pipeline.models.pages import BlankStatus, RawPage
from pipeline.models.text import EngineIdentity, PageText
from pipeline.ports.reading import Gray, OcrEngine
from pipeline.run.correcting import corrector_of
from pipeline.settings import ImagingSettings, OcrSettings
from pipeline.stages.extraction.layout import Legibility, Sheet, Token, sheet
from pipeline.stages.extraction.rereading import Rereader
from pipeline.stages.extraction.values import parse
from pipeline.stages.imaging import look_at
from pipeline.stages.recognition import Corrector, read_page

_FILE = FileRef(sha256="0" * 64, size=1, media_type="image/jpeg")
_PLAN = (
    (Part.TRAIN, Level.MID),
    (Part.TUNE, Level.HARD),
    (Part.TUNE, Level.MID),
    (Part.TRAIN, Level.MID),
    (Part.TRAIN, Level.HARD),
    (Part.TUNE, Level.MID),
)
"""Which sheets, over and over: two of three at mid."""
_FRANKLIN = Family(Face.FRANKLIN, Face.FRANKLIN_BOLD, Face.FRANKLIN_ITALIC)
_SPECTRAL = Family(Face.SPECTRAL, Face.SPECTRAL_BOLD, Face.SPECTRAL_ITALIC)
_UNTRAINED = (
    Family(Face.LITERATA, Face.LITERATA_BOLD, Face.LITERATA_ITALIC),
    _FRANKLIN,
    None,
    _SPECTRAL,
    Family(Face.WORK_SANS, Face.WORK_SANS_BOLD, Face.WORK_SANS_ITALIC),
    None,
    Family(Face.GELASIO, Face.GELASIO_BOLD, Face.GELASIO_ITALIC),
)
_UNTRAINED_SHEETS = (1, 4, 7)
"""Of ten: in faces that the model was not trained on, lest it seems surer than it is; two of seven
of them in their manner's own faces all the same."""
_SELDOM = (_FRANKLIN, _SPECTRAL)
_ONE_IN = 4
"""Of the faces that read worst only so many: offices print in Times New Roman (NĐ 30/2020)."""
_QUALITY = 80
_SURE = 0.963
_ASKED_ANYWAY = 0.3
"""Of values whose words are as sure as that, this share is read again."""


@dataclass(frozen=True)
class Reader:
    """All that reads."""

    catalogue: Catalogue
    engine: OcrEngine
    corrector: Corrector
    decoder: OpenCvDecoder
    folder: Path

    def read(self, made: ValueSheet) -> Iterator[dict[str, Any]]:
        """What was read of each value of a sheet."""
        path = self.folder / "sheet.jpg"
        path.write_bytes(_jpeg(made.image, made.dpi))
        gray = self.decoder.gray(path)
        text = self.corrector.correct(self._page(gray, made.dpi, path))
        rows = sheet(text, 0)
        rng = np.random.default_rng(len(made.values))
        again = Rereader(lambda _: gray, self.engine)
        for printed in made.values:
            tokens = _within(rows, printed.box)
            record = _record(printed, tokens, again, rows.tilt, float(rng.random()))
            yield {
                **record,
                "manner": made.manner,
                "dpi": made.dpi,
                "page": _page_facts(rows.legible),
            }

    def _page(self, gray: Gray, dpi: int, path: Path) -> PageText:
        page = RawPage(
            index=0,
            source=0,
            source_page=0,
            file=_FILE,
            width_px=gray.shape[1],
            height_px=gray.shape[0],
            dpi=float(dpi),
        )
        settings, imaging = OcrSettings(), ImagingSettings()
        look = look_at(page, gray, 1, imaging).model_copy(
            update={"turn": 0, "turn_certain": True, "blank": BlankStatus.CONTENT}
        )
        return read_page(page, look, None, self.decoder, self.engine, path, settings, imaging)


def _jpeg(image: Image.Image, dpi: int) -> bytes:
    out = io.BytesIO()
    plain = image.convert("L") if image.mode == "1" else image
    plain.save(out, "JPEG", quality=_QUALITY, dpi=(dpi, dpi))
    return out.getvalue()


def _within(page: Sheet, box: Box) -> list[Token]:
    """Tokens whose middle lies in a value's place."""
    high = box.height
    return [
        token
        for row in page.rows
        for token in row.tokens
        if box.x0 - 0.3 * high <= (token.box.x0 + token.box.x1) / 2 <= box.x1 + 0.3 * high
        and box.y0 - 0.35 * high <= (token.box.y0 + token.box.y1) / 2 <= box.y1 + 0.35 * high
    ]


def _record(
    printed: PrintedValue, tokens: Sequence[Token], again: Rereader, tilt: float, draw: float
) -> dict[str, Any]:
    field = printed.field
    record: dict[str, Any] = {
        "kind": printed.kind,
        "field": field.name,
        "truth": printed.value,
        "value": None,
    }
    parsed = parse(tokens, field)
    if parsed is None:
        return record
    record = {
        **record,
        "value": parsed.value,
        "right": same_value(printed.value, parsed.value, FieldKind(printed.kind)),
        "verdicts": [verdict.reason for verdict in parsed.verdicts],
        "words": _words(parsed.tokens),
        "height": round(median(token.box.height for token in parsed.tokens), 1),
    }
    if min(token.confidence for token in parsed.tokens) >= _SURE and draw >= _ASKED_ANYWAY:
        return record
    second = again(parsed.tokens, 0, tilt)
    reparsed = parse(second, field)
    return {
        **record,
        "again": None if reparsed is None else reparsed.value,
        "again_words": _words(second if reparsed is None else reparsed.tokens),
    }


def _page_facts(page: Legibility) -> dict[str, float | None]:
    specks = None if page.specks is None else round(page.specks, 5)
    return {"confidence": round(page.confidence, 4), "low": round(page.low, 4), "specks": specks}


def _words(tokens: Sequence[Token]) -> list[tuple[str, float, bool]]:
    return [(token.text, round(token.confidence, 4), token.corrected) for token in tokens]


def engine_of() -> tuple[OcrEngine, EngineIdentity]:
    """The engine that the product would pick.

    Raises:
        MissingToolError: none is installed.
    """
    model = pick_model()
    engine = open_engine(model.path, name=model.name, sha256=model.sha256, timeout_seconds=120)
    return engine, engine.identity


def main() -> None:
    """Read sheets until there are enough."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training.value_readings")
    parser.add_argument("out", type=Path)
    parser.add_argument("--sheets", type=int, default=800)
    parser.add_argument("--first", type=int, default=0)
    options = parser.parse_args()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    catalogue = load_catalogue()
    engine, identity = engine_of()
    fetch_fonts.fetch(judged_packages())
    done = _done(options.out)
    with TemporaryDirectory() as folder, options.out.open("a", encoding="utf-8") as out:
        corrector = corrector_of(catalogue)
        reader = Reader(catalogue, engine, corrector, OpenCvDecoder(), Path(folder))
        for number in range(options.first, options.first + options.sheets):
            if number in done:
                continue
            part, level = _PLAN[number % len(_PLAN)]
            made = value_sheet(number, part, level, catalogue, _family(number))
            facts = {
                "sheet": number,
                "part": part,
                "level": level,
                "engine": identity.model_dump_json(),
            }
            rows = [json.dumps({**facts, **row}, ensure_ascii=False) for row in reader.read(made)]
            out.write("\n".join(rows) + "\n")
            out.flush()


def _family(number: int) -> Family | None:
    """The faces of a sheet, None for those of its manner."""
    if number % 10 not in _UNTRAINED_SHEETS:
        return None
    family = _UNTRAINED[number // 10 % len(_UNTRAINED)]
    often = family not in _SELDOM or number // (10 * len(_UNTRAINED)) % _ONE_IN == 0
    return family if often else None


def _done(path: Path) -> set[int]:
    if not path.exists():
        return set()
    lines = path.read_text(encoding="utf-8").splitlines()
    return {json.loads(line)["sheet"] for line in lines if line.strip()}


if __name__ == "__main__":
    main()
