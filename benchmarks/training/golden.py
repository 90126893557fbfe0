"""`python -m benchmarks.training.golden --out FILE`: pages with their truth that ship with Sohoa.

An office that retrains the weights rehearses some (part TRAIN) and is judged by the others (part
TUNE). The same seed gives the same file. May not come in: the part TEST, learning.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.factory.person import make_person
from benchmarks.factory.truth import Part
from benchmarks.training.batches import Draw, Drawn, Source, draw, make_batch
from benchmarks.training.pages import sources
from ocr_models.trials import Golden, Trial, packed
from pipeline.catalogue import OTHER, load_catalogue

_LEVELS = (0.05, 0.2, 0.45)
"""Harm: good, usual and bad scans."""
_STRANGERS = 14
_A_BATCH = 6


def trials(
    ways: Sequence[tuple[Source, Draw]], many: int, rng: np.random.Generator, name: str
) -> list[Trial]:
    """Each catalogue paper `many` times, and strangers, in batches of one person each."""
    by_code: dict[str, list[tuple[Source, Draw]]] = defaultdict(list)
    for way in ways:
        by_code[way[0].code].append(way)
    wanted: list[tuple[Source, Draw]] = []
    for code, known in sorted(by_code.items()):
        for _ in range(many if code != OTHER else _STRANGERS * many):
            wanted.append(known[int(rng.integers(len(known)))])
    order = rng.permutation(len(wanted))
    out = []
    for at in range(0, len(order), _A_BATCH):
        person = make_person(rng)
        chosen: list[tuple[Source, Drawn]] = []
        for i in order[at : at + _A_BATCH]:
            source, layout = wanted[i]
            chosen.append((source, draw(layout, person, rng)))
        made = make_batch(chosen, rng, float(rng.choice(_LEVELS)))
        texts = tuple(made.texts[index] for index in sorted(made.texts))
        known_pages = frozenset(made.texts)
        out.append(
            Trial(
                origin=f"{name}-{at // _A_BATCH}",
                texts=texts,
                codes=dict(made.codes),
                starts=known_pages,
                types=frozenset(made.codes) & known_pages,
            )
        )
    return out


def main() -> None:
    """Draw and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training.golden")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--judged", type=int, default=2, help="papers of each kind")
    parser.add_argument("--rehearsed", type=int, default=2, help="papers of each kind")
    options = parser.parse_args()
    catalogue = load_catalogue()
    golden = Golden(
        rehearsed=tuple(
            trials(
                sources(Part.TRAIN, catalogue),
                options.rehearsed,
                np.random.default_rng((options.seed, 303)),
                "rehearsed",
            )
        ),
        judged=tuple(
            trials(
                sources(Part.TUNE, catalogue),
                options.judged,
                np.random.default_rng((options.seed, 404)),
                "judged",
            )
        ),
    )
    data = packed(golden)
    options.out.write_bytes(data)
    for label, part in (("rehearsed", golden.rehearsed), ("judged", golden.judged)):
        pages = sum(len(trial.texts) for trial in part)
        print(
            label, len(part), "batches", sum(len(t.codes) for t in part), "papers", pages, "pages"
        )
    print(len(data), "bytes")


if __name__ == "__main__":
    main()
