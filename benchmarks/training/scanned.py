"""`python -m benchmarks.training.scanned FOLDER`: weights on batches that were scanned and read.

Misread pages only stand for read ones where both give the same figures. This takes batches that
`python -m benchmarks.recognition --part tune --keep --out FOLDER` read and left there, and measures
rules and weights on what was read. May not come in: reading, training, the part TEST.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.factory.truth import Part, TruthBatch
from benchmarks.factory.truth_file import read_truth, truth_path
from benchmarks.measuring.found import Findings, FoundPage
from benchmarks.training.batches import FILE, MadeBatch
from benchmarks.training.judging import evaluate
from ocr_models.pages import load_models
from pipeline.catalogue import load_catalogue
from pipeline.models.pages import PageLook, PageSheet, RawPage
from pipeline.settings import SplitSettings
from pipeline.stages.separation import PageEvidence

_FOUND = "found.json"


def read_batches(folder: Path) -> Iterator[MadeBatch]:
    """Batches without sheets that a measurement kept in a folder.

    Raises:
        ValueError: one of them is of part TEST.
    """
    for place in sorted(folder.glob(f"*/{_FOUND}")):
        (scan,) = place.parent.glob("*.pdf")
        truth = read_truth(truth_path(scan))
        if truth.part is Part.TEST:
            raise ValueError(f"nothing is tuned on {scan.name}")
        if not truth.sheets:
            yield read_batch(truth, Findings.model_validate_json(place.read_bytes()).pages)


def read_batch(truth: TruthBatch, found: Sequence[FoundPage]) -> MadeBatch:
    """What separation was given of a batch."""
    first = {c.pages[0]: c for c in truth.components}
    return MadeBatch(
        evidence=tuple(_evidence(page, truth) for page in found),
        starts=frozenset(first),
        codes={page: c.code for page, c in first.items()},
        names={page: f"{c.code}/{c.layout}" for page, c in first.items()},
    )


def _evidence(page: FoundPage, truth: TruthBatch) -> PageEvidence:
    true = truth.pages[page.index]
    raw = RawPage(
        index=page.index,
        source=0,
        source_page=page.index,
        file=FILE,
        width_px=max(true.width_px, 1),
        height_px=max(true.height_px, 1),
        dpi=float(true.dpi),
    )
    look = PageLook(
        index=page.index,
        turn=page.turn,
        turn_certain=True,
        skew_deg=0.0,
        blank=page.blank,
        blank_score=0.5,
        ink=0.05 if page.text is not None else 0.0,
    )
    sheet = PageSheet(index=page.index, sheet=None)
    return PageEvidence(raw=raw, look=look, sheet=sheet, text=page.text, kept=False)


def main() -> None:
    """Measure rules and weights."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training.scanned")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--weights", type=Path, help="folder; default: those that ship")
    options = parser.parse_args()
    batches = tuple(read_batches(options.folder))
    catalogue = load_catalogue()
    for label, models in (("rules", None), ("model", load_models(options.weights))):
        print(label, evaluate(models, batches, catalogue, SplitSettings()))


if __name__ == "__main__":
    main()
