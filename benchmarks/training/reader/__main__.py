"""`python -m benchmarks.training.reader STEP OUT`: train the model that reads.

    sheets OUT [--first N] [--count N]    draw, scan and cut up sheets; those that are there stay
    train OUT [--from MODEL]              train on all of them: goes on where it was stopped
    judge OUT [MODEL ...]                 wrong characters of the shipped model and of others

The result is `OUT/vie-sohoa.traineddata`. Training begins with the model that Debian ships, or goes
on from another one in whole numbers, as the third go did from the second one's. Sheets take a
second and a half of CPU each, a row of training 0.1 to 0.15 s. Faces are fetched at first.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Final

from benchmarks.factory import fetch_fonts
from benchmarks.training.reader.examples import RowFinder, write_examples
from benchmarks.training.reader.faces import judged_packages, trained_packages
from benchmarks.training.reader.faces import trained as trained_faces
from benchmarks.training.reader.judging import compare
from benchmarks.training.reader.rows import load_wording
from benchmarks.training.reader.sheets import ready_sheet
from benchmarks.training.reader.training import packed, prepared, trained
from ocr_models.registry import pick_model
from pipeline.catalogue import load_catalogue

_SHIPPED: Final = "vie-fast-4.1.0"
"""What training begins with."""
_NAME: Final = "vie-sohoa.traineddata"
_SHEETS: Final = 1_400
_ROWS: Final = ((12_000, 3e-4), (16_000, 1e-4), (28_000, 2e-4), (34_000, 6e-5))
"""Trained until so many rows at such a rate, from Debian's model on."""
_FURTHER: Final = ((8_000, 2e-4), (14_000, 5e-5))
"""The same where a model that was trained before goes on, on sheets that it never saw."""
_THREADS: Final = 2


def main() -> None:
    """Do a step."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.training.reader",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    steps = parser.add_subparsers(dest="step", required=True)
    for name in ("sheets", "train", "judge"):
        step = steps.add_parser(name)
        step.add_argument("out", type=Path)
        if name == "sheets":
            step.add_argument("--first", type=int, default=0)
            step.add_argument("--count", type=int, default=_SHEETS)
        if name == "train":
            step.add_argument("--from", dest="model", type=Path)
        if name == "judge":
            step.add_argument("models", type=Path, nargs="*")
            step.add_argument("--sheets", type=int, default=30)
    options = parser.parse_args()
    fetch_fonts.fetch((*fetch_fonts.PACKAGES, *trained_packages(), *judged_packages()))
    if options.step == "sheets":
        _sheets(options.out, options.first, options.count)
    elif options.step == "train":
        _train(options.out, options.model)
    else:
        _judge(options.out, options.models, options.sheets)


def _sheets(out: Path, first: int, count: int) -> None:
    out.mkdir(parents=True, exist_ok=True)
    model = pick_model(_SHIPPED).path
    finder, wording, families = RowFinder(model), load_wording(load_catalogue()), trained_faces()
    for number in range(first, first + count):
        path = out / f"{number:05d}.lstmf"
        if not path.is_file():
            write_examples(ready_sheet(number, families, wording), finder, model, path)


def _train(out: Path, model: Path | None) -> None:
    start = prepared(model or pick_model(_SHIPPED).path, out / "start")
    examples = sorted(out.glob("*.lstmf"))
    for rows, rate in _ROWS if model is None else _FURTHER:
        checkpoint = trained(start, examples, out / "run", rows, rate, _THREADS)
    packed(start, checkpoint, out / _NAME)


def _judge(out: Path, others: list[Path], sheets: int) -> None:
    models = [pick_model(_SHIPPED).path, *(others or [out / _NAME])]
    for (level, family), errors in compare(models, sheets, load_wording(load_catalogue())).items():
        rates = [f"{found.cer:.2%}" for found in errors]
        row = {"level": level, "family": family, "characters": errors[0].characters, "CER": rates}
        print(json.dumps(row))


if __name__ == "__main__":
    main()
