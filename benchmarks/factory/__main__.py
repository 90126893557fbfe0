"""`python -m benchmarks.factory --out DIR --seed N`: the demo batch, or one page of every kind."""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path

import numpy as np

from benchmarks.factory.components import dense_pages, render_component
from benchmarks.factory.demo import DemoTruth, make_demo_batch
from benchmarks.factory.layouts import LAYOUTS
from benchmarks.factory.person import make_person
from benchmarks.factory.scanning import age


def main() -> None:
    """Write the demo batch with its truth as JSON; `--sheets`: every component as PNG instead."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.factory")
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dpi", type=int, default=300)
    parser.add_argument("--sheets", action="store_true", help="each component as PNG pages")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    if options.sheets:
        _write_sheets(options.out, options.seed, options.dpi)
        return
    truth = make_demo_batch(options.out, options.seed, dpi=options.dpi)
    _write_truth(truth, options.out)


def _write_truth(truth: DemoTruth, folder: Path) -> None:
    facts = dataclasses.asdict(truth) | {"path": truth.path.name}
    text = json.dumps(facts, ensure_ascii=False, indent=1, default=str)
    (folder / "truth.json").write_text(text + "\n", encoding="utf-8")


def _write_sheets(folder: Path, seed: int, dpi: int) -> None:
    rng = np.random.default_rng(seed)
    person = make_person(rng)
    pages = [page for code in LAYOUTS for page in render_component(code, person, rng, dpi)]
    for page in (*pages, *dense_pages(1, seed, dpi)):
        stem = f"{page.code}-{page.number}" if page.fields or page.code != "Z_OTHER" else "other"
        while (folder / f"{stem}.png").exists():
            stem += "x"
        age(page.image, rng).save(folder / f"{stem}.png", dpi=(dpi, dpi))
        text = "\n".join(page.lines)
        (folder / f"{stem}.txt").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
