"""Papers taken in here and walked on by a run elsewhere: `--queue`.

When `take` returns the papers are safe and registered; whether a run was submitted at once, or
the dispatcher does it later, changes nothing for them. May not come in: Prefect before the first
submission, words for people.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from flows.batches import Outcome
from flows.environment import adopt
from flows.lanes import Lane, lane_of
from flows.services import Services
from pipeline.errors import SohoaError
from pipeline.models.actors import Actor
from pipeline.models.batch import Batch, BatchState, IngestTerms


class Queue:
    """Batches on their way to a run, gathered up to what a run takes."""

    def __init__(self, services: Services) -> None:
        """Nothing waits yet.

        Raises:
            ConfigError: `FLOWS_NOT_SET`.
        """
        adopt(services.settings)
        self._services = services
        self._waiting: dict[Lane, list[str]] = defaultdict(list)

    def take(
        self, source: Path, terms: IngestTerms, actor: Actor, *, again: bool = False
    ) -> Outcome:
        """Take a source in; see `flows.batches.Batches.take_in`. `submit` must follow."""
        outcome = self._services.batches.take_in(source, terms, actor, again=again)
        for view in outcome.views[:1]:
            if view.state is BatchState.PENDING and view.problem is None:
                self.add(view.batch)
        return outcome

    def add(self, batch: Batch) -> None:
        """A registered batch wants a run."""
        self._waiting[lane_of(batch)].append(batch.batch_id)

    @property
    def full(self) -> bool:
        """True where a run could not take more."""
        most = self._services.settings.flows.batches_per_run
        return any(len(waiting) >= most for waiting in self._waiting.values())

    def submit(self) -> SohoaError | None:
        """Hand over what waits; why that was not possible. The dispatcher finds what is left."""
        waiting, self._waiting = self._waiting, defaultdict(list)
        if not waiting:
            return None
        from flows.submit import submit

        try:
            for lane in Lane:
                if waiting[lane]:
                    submit(self._services.settings, waiting[lane], lane)
        except SohoaError as error:
            return error
        return None
