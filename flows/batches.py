"""Walking batches on: ingest, resume, answer. Whatever fails on the way, the work is kept.

One process works on a batch at a time (a claim), and the workspace is swept only while nobody
works in it. May not come in: which adapter stands behind a port, texts for people.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from casework import delivery, review
from casework.clearing import clear
from casework.reporting import DossierView, Reporter
from flows.wiring import Ports
from pipeline.errors import ArchiveError, IntakeError, KeyUnavailable, SearchError, SohoaError
from pipeline.ids import LEGAL_ZONE, digest
from pipeline.models.actors import Actor
from pipeline.models.batch import Batch, BatchState, IngestTerms, Problem
from pipeline.models.events import Event
from pipeline.models.review import Answer, ResolvedReview
from pipeline.run.work import Work
from storage.ledger import seal_finished_days

if TYPE_CHECKING:
    from casework.reception import Refused


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one source."""

    views: tuple[DossierView, ...]
    """One per dossier; empty where everything was refused."""
    refused: Refused | None
    seconds: float


class Batches:
    """The batches of one home."""

    def __init__(self, ports: Ports) -> None:
        """Nothing is opened before it is used."""
        self.ports = ports

    def ingest(self, source: Path, terms: IngestTerms, actor: Actor) -> Outcome:
        """Paper in; signed, archived, findable components out, or a reason why not yet.

        Raises:
            SohoaError: the terms are wrong, or nothing could be registered.
        """
        from casework import reception

        start = time.monotonic()
        ports = self.ports
        _ = ports.store  # one that may not be used is refused before paper is taken in
        ports.ensure_index()
        ports.ensure_records()
        desk = reception.Desk(
            workspace=ports.workspace,
            records=ports.records,
            claims=ports.claims,
            reader=ports.reader,
            clock=ports.clock,
            limits=self.ports.settings.intake,
            catalogue=ports.catalogue,
        )
        with ports.workspace.working():
            received = reception.receive(source, terms, actor, desk)
            if isinstance(received, reception.Refused):
                ports.records.chain_events()
                return Outcome(views=(), refused=received, seconds=time.monotonic() - start)
            batch_id = received.record.batch.batch_id
            self._reopen(batch_id)
            views = self.resume(batch_id, duplicate=received.duplicate)
        clear(ports)
        return Outcome(views=views, refused=None, seconds=time.monotonic() - start)

    def resume(self, batch_id: str, *, duplicate: bool = False) -> tuple[DossierView, ...]:
        """Walk a batch as far as it goes, deliver to the index, chain the ledger.

        Raises:
            BatchBusy: another process works on it.
            ArchiveUnavailable: `CLAIM_LOST` on the way: another process may go on with it.
        """
        ports = self.ports
        record = ports.records.batch(batch_id)
        with ports.workspace.working():
            if record.state is not BatchState.ARCHIVED:
                with ports.claims.claim(batch_id):
                    self._walk(batch_id)
            self.settle()
            return self._reporter.batch(Work(tools=ports, batch=record.batch), duplicate=duplicate)

    def resume_all(self) -> Iterator[tuple[str, Outcome | SohoaError]]:
        """Walk on every batch that stands still and waits for no answer; each by its source."""
        for batch in self._standing():
            start = time.monotonic()
            try:
                views = self.resume(batch.batch_id)
            except SohoaError as error:
                yield batch.source, error
                continue
            seconds = time.monotonic() - start
            yield batch.source, Outcome(views=views, refused=None, seconds=seconds)
        clear(self.ports)

    def _standing(self) -> tuple[Batch, ...]:
        """Batches without a service, tool or key, and those whose last answer was given."""
        records = self.ports.records
        waiting = {r.item.batch_id for r in records.reviews(open_only=True) if r.item.blocking}
        states = (BatchState.PENDING, BatchState.AWAITING_SIGNATURE, BatchState.NEEDS_REVIEW)
        found = [r.batch for state in states for r in records.batches(state=state)]
        return tuple(batch for batch in found if batch.batch_id not in waiting)

    def _reopen(self, batch_id: str) -> None:
        """Papers that were quarantined and are handed in again are tried again."""
        record = self.ports.records.batch(batch_id)
        if record.state is BatchState.QUARANTINED:
            self._change(batch_id, BatchState.PENDING, "batch.reopened", None)

    def _walk(self, batch_id: str) -> None:
        from pipeline.run.steps import advance

        try:
            advance(self.ports, batch_id)
        except IntakeError as error:
            if error.retryable:
                self._change(batch_id, BatchState.PENDING, "batch.stuck", error)
            else:
                self._quarantine(batch_id, error)
        except KeyUnavailable as error:
            self._change(batch_id, BatchState.AWAITING_SIGNATURE, "batch.unsigned", error)
        except SohoaError as error:
            if error.code == "CLAIM_LOST":  # its state is another's to say by now
                raise
            self._change(batch_id, BatchState.PENDING, "batch.stuck", error)

    def _quarantine(self, batch_id: str, error: SohoaError) -> None:
        batch = self.ports.records.batch(batch_id).batch
        reason: dict[str, object] = {"code": error.code, "params": error.params}
        for source in batch.sources:
            self.ports.workspace.quarantine(source.file, {**reason, "name": source.name})
        self._change(batch_id, BatchState.QUARANTINED, "batch.quarantined", error)

    def _change(
        self, batch_id: str, state: BatchState, action: str, error: SohoaError | None
    ) -> None:
        """A batch's state with its reason; the work is kept."""
        records, at = self.ports.records, self.ports.clock.now()
        problem = None
        if error is not None:
            problem = Problem(
                code=error.code,
                params=dict(error.params),
                retryable=error.retryable,
                exit_code=int(error.exit_code),
            )
        subjects = {"batch_id": batch_id} | ({"code": error.code} if error else {})
        event = Event(
            event_id=digest("event", action, batch_id, at.isoformat()),
            at=at,
            actor=records.batch(batch_id).batch.actor,
            action=action,
            subjects=subjects,
        )
        records.set_state(batch_id, state, [event], problem)

    def settle(self) -> None:
        """End of a command: chain the ledger, seal finished days, deliver to the index.

        What cannot be reached now is done by a later command; the result at hand stands. A ledger
        that cannot be sealed (`audit` says why) does not keep papers from being found.
        """
        ports = self.ports
        ports.records.chain_events()
        today = ports.clock.now().astimezone(LEGAL_ZONE).date()
        with contextlib.suppress(ArchiveError):
            seal_finished_days(ports.records, ports.store, today)
        with contextlib.suppress(ArchiveError, SearchError):
            delivery.deliver(ports, ports.index)

    def resolve(self, review_id: str, answer: Answer, actor: Actor) -> Outcome | None:
        """Store an answer; the last blocking one lets the batch go on.

        Returns:
            The batch where it went on (or is held again), None where nothing moved.
        """
        start = time.monotonic()
        ports = self.ports
        question = ports.records.review(review_id)
        batch = ports.records.batch(question.item.batch_id).batch
        pages = sum(s.pages for s in batch.sources)
        answer = review.checked(question.item, answer, pages, ports.catalogue)
        with ports.workspace.working():
            with ports.claims.claim(batch.batch_id):
                goes_on = self._answer(question, answer, actor, batch)
            if not goes_on:
                self.settle()
                return None
            views = self.resume(batch.batch_id)
        clear(ports)
        return Outcome(views=views, refused=None, seconds=time.monotonic() - start)

    def _answer(self, question: ResolvedReview, answer: Answer, actor: Actor, batch: Batch) -> bool:
        """Store an answer under the batch's claim; True where nothing holds the batch any more.

        The last answer given again, after a kill, lets it go on too.
        """
        ports = self.ports
        settled = Work(tools=ports, batch=batch).split() is not None
        state = review.store_answer(question, answer, actor, ports.records, settled=settled)
        waiting = ports.records.reviews(batch_id=batch.batch_id, open_only=True)
        if any(r.item.blocking for r in waiting):
            return False
        if state is BatchState.NEEDS_REVIEW:
            self._change(batch.batch_id, BatchState.PENDING, "batch.released", None)
            return True
        return state is BatchState.PENDING and question.item.blocking

    @cached_property
    def _reporter(self) -> Reporter:
        return Reporter(self.ports.records, self.ports.store, self.ports.catalogue)
