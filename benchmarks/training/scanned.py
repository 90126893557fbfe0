"""`python -m benchmarks.training.scanned FOLDER`: weights on batches that were scanned and read.

Misread pages only stand for read ones where both give the same figures: this draws batches of part
TUNE, scans and reads them as the product does, and measures rules and weights on them. May not come
in: training, the part TEST.
"""

from __future__ import annotations

import argparse
import pickle
import tempfile
from pathlib import Path

from benchmarks.factory.mixing import make_batch
from benchmarks.factory.truth import Level, Part, TruthBatch
from benchmarks.training.batches import MadeBatch
from benchmarks.training.judging import evaluate
from flows.services import Services
from ocr_models.pages import load_models
from pipeline.catalogue import load_catalogue
from pipeline.models.batch import Channel, IngestTerms
from pipeline.run import capture
from pipeline.run.work import Work
from pipeline.settings import load_settings
from pipeline.stages.separation import PageEvidence


class _Silent:
    def step(self, name: str, done: int, total: int) -> None:
        """Nobody watches."""


def read_batch(truth: TruthBatch) -> MadeBatch:
    """Scan pages as the product does, up to what separation is given."""
    with tempfile.TemporaryDirectory() as home:
        services = Services(load_settings(environ={"SOHOA_HOME": home}), _Silent())
        terms = IngestTerms(channel=Channel.BACKFILL)
        (view,) = services.batches.take_in(truth.path, terms, services.actor()).views
        ports = services.ports
        work = Work(tools=ports, batch=ports.records.batch(view.batch.batch_id).batch)
        with ports.workspace.working():
            for step in (capture.unpack, capture.look, capture.read):
                step(work)
            evidence = []
            for page in work.pages():
                seen = work.seen(page)
                text = work.text(page)
                evidence.append(PageEvidence(page, seen.look, seen.sheet, text, kept=False))
    first = {c.pages[0]: c for c in truth.components}
    return MadeBatch(
        evidence=tuple(evidence),
        starts=frozenset(first),
        codes={page: c.code for page, c in first.items()},
        names={page: f"{c.code}/{c.layout}" for page, c in first.items()},
    )


def main() -> None:
    """Read (once: results are kept in the folder), measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training.scanned")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--weights", type=Path, help="folder; default: those that ship")
    parser.add_argument("--level", type=Level, default=Level.MID)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--pages", type=int, default=24, help="of each batch")
    options = parser.parse_args()
    batches: list[MadeBatch] = []
    for seed in options.seeds:
        kept = options.folder / f"read-{options.level}-{seed}-{options.pages}.pickle"
        if not kept.exists():
            truth = make_batch(
                options.folder, seed, level=options.level, part=Part.TUNE, pages=options.pages
            )
            kept.write_bytes(pickle.dumps(read_batch(truth)))
        batches.append(pickle.loads(kept.read_bytes()))
    catalogue = load_catalogue()
    for label, models in (("rules", None), ("model", load_models(options.weights))):
        print(label, evaluate(models, batches, catalogue))


if __name__ == "__main__":
    main()
