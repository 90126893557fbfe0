"""`python -m benchmarks.factory --out DIR --seed N`: the demo batch, others, or single papers."""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path

import numpy as np

from benchmarks.factory.components import dense_pages, render_component
from benchmarks.factory.demo import DemoTruth, make_demo_batch
from benchmarks.factory.layouts import LAYOUTS
from benchmarks.factory.mixing import make_batch
from benchmarks.factory.person import make_person
from benchmarks.factory.scanning import age
from benchmarks.factory.truth import Level, Part


def main() -> None:
    """Write the demo batch with its truth as JSON, or what the options ask for instead."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.factory")
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dpi", type=int, help="default: 300, of a batch what its level has")
    parser.add_argument("--sheets", action="store_true", help="each component as PNG pages")
    batch = parser.add_argument_group("a mixed batch, with its truth")
    batch.add_argument("--batch", action="store_true", help="write one instead")
    batch.add_argument("--level", type=Level, choices=list(Level), default=Level.MID)
    batch.add_argument("--part", type=Part, choices=list(Part), default=Part.TRAIN)
    batch.add_argument("--pages", type=int, default=40, help="at least")
    batch.add_argument("--separated", action="store_true", help="with cover and separator sheets")
    batch.add_argument("--codes", nargs="+", help="kinds to draw from")
    batch.add_argument("--count", type=int, default=1, help="as many, with rising seeds")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    if options.batch:
        _write_batches(options)
    elif options.sheets:
        _write_sheets(options.out, options.seed, options.dpi or 300)
    else:
        truth = make_demo_batch(options.out, options.seed, dpi=options.dpi or 300)
        _write_truth(truth, options.out)


def _write_batches(options: argparse.Namespace) -> None:
    for seed in range(options.seed, options.seed + options.count):
        truth = make_batch(
            options.out,
            seed,
            level=options.level,
            part=options.part,
            sheets=options.separated,
            pages=options.pages,
            codes=options.codes,
            dpi=options.dpi,
        )
        kinds = " ".join(component.code for component in truth.components)
        print(f"{truth.path}: {len(truth.pages)} pages: {kinds}")


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
