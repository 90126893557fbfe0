"""The product on one batch, in a process of its own: `python -m benchmarks.measuring.chain`.

It is the chain that an office runs, composed by `flows.services`, every step of it the product's;
only who runs a step looks on, and takes down what the step published. Without `--whole` it ends
after the fields are read, unsigned. May not come in: the truth, but for answers to questions.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from app.progress import Silence
from benchmarks.factory.truth import TruthBatch
from benchmarks.factory.truth_file import read_truth
from benchmarks.measuring.answering import answer
from benchmarks.measuring.found import Findings, FoundPage
from benchmarks.measuring.memory import Memory
from casework.review import checked, store_answer
from flows.services import Services
from pipeline.models.batch import Batch, BatchState, IngestTerms
from pipeline.models.components import Classified
from pipeline.models.fields import FieldSet
from pipeline.models.review import ResolvedReview, ReviewItem
from pipeline.models.split import SplitPlan
from pipeline.run.steps import Step
from pipeline.run.work import Work
from pipeline.settings import load_settings

_MAKING_FILES: Final = frozenset({"assembly", "signing"})
"""Steps that the fields do not depend on."""
_MOST_ROUNDS: Final = 8


class _Enough(Exception):
    """What was wanted is known; the rest of the chain is not run."""


class _Onlooker:
    """A `Runner` that takes down what the steps publish."""

    def __init__(self, *, whole: bool) -> None:
        self._whole = whole
        self.plan: SplitPlan | None = None
        self.proposed: tuple[Classified, ...] = ()
        self.asked: tuple[ReviewItem, ...] = ()
        self.rounds = 0
        self.settled: tuple[Classified, ...] = ()
        self.pages: tuple[FoundPage, ...] = ()
        self.fields: tuple[FieldSet, ...] = ()

    def __call__(self, step: Step, work: Work) -> bool | None:
        if step.name in _MAKING_FILES and not self._whole:
            return None
        held = step.run(work)
        if step.name == "splitting":
            self._after_splitting(work, held=bool(held))
        if step.name == "extraction":
            self.settled = work.settled().components
            self.pages = tuple(_pages(work))
            self.fields = tuple(f for c in self.settled if (f := work.fields_of(c)) is not None)
            if not self._whole:
                raise _Enough
        return held

    def _after_splitting(self, work: Work, *, held: bool) -> None:
        self.rounds += held
        split = work.provisional()
        if self.plan is None and split is not None:
            self.plan, self.proposed = split.plan, split.components
            if held:
                self.asked = tuple(r.item for r in _blocking(work))


def _blocking(work: Work) -> tuple[ResolvedReview, ...]:
    found = work.tools.records.reviews(batch_id=work.batch_id, open_only=True)
    return tuple(r for r in found if r.item.blocking)


def _pages(work: Work) -> list[FoundPage]:
    out = []
    for page in work.pages():
        seen, text = work.seen(page), work.text(page)
        turn = seen.look.turn if seen.sheet.turn is None else seen.sheet.turn
        found = FoundPage(
            index=page.index,
            turn=turn if text is None else text.turn,
            blank=seen.look.blank,
            sheet=seen.sheet.sheet is not None,
            text=text,
        )
        out.append(found)
    return out


def find(
    services: Services,
    source: Path,
    truth: TruthBatch | None,
    terms: IngestTerms,
    *,
    whole: bool = False,
) -> Findings:
    """Run one batch and take down what was found.

    Args:
        services: of a home that does not have the batch yet.
        source: the batch.
        truth: answers questions; None: nothing may be asked.
        terms: what the officer says of the source.
        whole: sign and archive too.

    Raises:
        RuntimeError: the batch was refused, got stuck, or is held again and again.
    """
    actor = services.actor()
    cpu, start = cpu_seconds(), time.monotonic()
    outcome = services.batches.take_in(source, terms, actor)
    if not outcome.views:
        raise RuntimeError(f"refused: {source.name}")
    batch = outcome.views[0].batch
    onlooker = _Onlooker(whole=whole)
    with Memory() as memory:
        while not onlooker.fields and onlooker.rounds < _MOST_ROUNDS:
            _walk(services, batch.batch_id, onlooker)
            if not onlooker.fields and not answer_open(services, batch, truth):
                break
        peak = memory.window(len(onlooker.pages))
    if onlooker.plan is None or not onlooker.pages:
        problem = services.ports.records.batch(batch.batch_id)
        raise RuntimeError(f"{source.name} ended as {problem.state}: {problem.problem}")
    return Findings(
        pages=onlooker.pages,
        plan=onlooker.plan,
        proposed=onlooker.proposed,
        asked=onlooker.asked,
        rounds=onlooker.rounds,
        settled=onlooker.settled,
        fields=onlooker.fields,
        cpu_seconds=cpu_seconds() - cpu,
        seconds=time.monotonic() - start,
        own_peak_mib=peak.own_mib,
        program_peak_mib=peak.program_mib,
    )


def _walk(services: Services, batch_id: str, onlooker: _Onlooker) -> None:
    try:
        services.batches.walk(batch_id, onlooker)
    except _Enough:
        return


def answer_open(services: Services, batch: Batch, truth: TruthBatch | None) -> bool:
    """Answer all questions that hold a batch; the next walk goes on after that.

    Returns:
        False where nothing was asked.

    Raises:
        RuntimeError: something was, and nobody knows the truth.
    """
    work = Work(tools=services.ports, batch=batch)
    questions, split = _blocking(work), work.provisional()
    if not questions:
        return False
    if truth is None or split is None:
        raise RuntimeError(f"asked: {[q.item.reason for q in questions]}")
    ports, actor = services.ports, batch.actor
    for question in questions:
        said = answer(question.item, truth, split.components, actor.id, ports.clock.now())
        said = checked(question.item, said, split.plan.page_count, ports.catalogue)
        store_answer(question, said, actor, ports.records, settled=False)
    ports.records.set_state(batch.batch_id, BatchState.PENDING, [work.event("batch.released")])
    return True


def cpu_seconds() -> float:
    """Of this process and the programs that it started and saw end."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def services_at(home: Path, environ: Mapping[str, str]) -> Services:
    """The product in a home of its own, with the `SOHOA_…` settings of the environment."""
    return Services(load_settings({**environ, "SOHOA_HOME": str(home)}), Silence())


def main() -> None:
    """Write what was found as JSON to stdout."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("--home", type=Path, required=True, help="a new home for the batch")
    parser.add_argument("--truth", type=Path, help="truth of the batch, to answer questions")
    parser.add_argument("--as", dest="as_code", help="the source is one component of this type")
    parser.add_argument("--whole", action="store_true", help="sign and archive, too")
    chosen = parser.parse_args()
    truth = read_truth(chosen.truth) if chosen.truth else None
    terms = IngestTerms(as_code=chosen.as_code)
    services = services_at(chosen.home, os.environ)
    found = find(services, chosen.source, truth, terms, whole=chosen.whole)
    sys.stdout.write(found.model_dump_json() + "\n")


if __name__ == "__main__":
    main()
