"""Walking batches on: ingest, resume, answer. Whatever fails on the way, the work is kept.

One process works on a batch at a time (a claim), and the workspace is swept only while nobody
works in it. Who walks a batch on, this process or a run elsewhere, makes no difference to what
becomes of it: the walk is here, a `Runner` only says where a step runs. May not come in: which
adapter stands behind a port, Prefect, texts for people.
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
from casework.clearing import clear, note_here
from casework.custody.line import check_line
from casework.reporting import DossierView, Reporter
from flows.wiring import Ports
from pipeline.errors import (
    ArchiveError,
    BatchBusy,
    ConfigError,
    HostsUnfit,
    IntakeError,
    KeyUnavailable,
    RunLost,
    SearchError,
    SohoaError,
)
from pipeline.ids import LEGAL_ZONE, digest
from pipeline.models.actors import Actor, Role
from pipeline.models.batch import Batch, BatchState, Channel, IngestTerms, Problem
from pipeline.models.events import Event
from pipeline.models.records import BatchRecord, ComponentRecord, DossierRecord
from pipeline.models.review import Answer, ResolvedReview
from pipeline.run.work import Work
from storage.ledger_sealing import seal_finished_days
from storage.ledger_stamps import Stamping, stamp_sealed_days

if TYPE_CHECKING:
    from casework.reception import Received, Refused
    from casework.transfer import Transfer
    from pipeline.run.steps import Runner

_STAMPS_AT_ONCE = 3
"""Seals stamped at the end of a command: usually yesterday's, and what was owed before it."""
_STANDING = (BatchState.PENDING, BatchState.AWAITING_SIGNATURE, BatchState.NEEDS_REVIEW)


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
        start = time.monotonic()
        self._ready()
        with self.ports.workspace.working():
            received = self._received(source, terms, actor)
            if isinstance(received, Outcome):
                return received
            batch_id = received.record.batch.batch_id
            self._reopen(batch_id)
            views = self.resume(batch_id, duplicate=received.duplicate)
        clear(self.ports)
        return Outcome(views=views, refused=None, seconds=time.monotonic() - start)

    def take_in(
        self, source: Path, terms: IngestTerms, actor: Actor, *, again: bool = False
    ) -> Outcome:
        """Paper in, safe and registered; a run walks the batch on (state PENDING until then).

        Args:
            source: see `ingest`.
            terms: see `ingest`.
            actor: see `ingest`.
            again: a batch that is here and stands still for some reason is to be tried again.

        Raises:
            SohoaError: see `ingest`.
        """
        start = time.monotonic()
        self._ready()
        with self.ports.workspace.working():
            received = self._received(source, terms, actor)
            if isinstance(received, Outcome):
                return received
            batch = received.record.batch
            if again:
                self.release(batch.batch_id)
            else:
                self._reopen(batch.batch_id)
            self.ports.records.chain_events()
            work = Work(tools=self.ports, batch=batch)
            views = self._reporter.batch(work, duplicate=received.duplicate)
        return Outcome(views=views, refused=None, seconds=time.monotonic() - start)

    def _ready(self) -> None:
        """What may not be used is refused before paper is taken in.

        Raises:
            SohoaError: archive, records or index may not be used.
        """
        _ = self.ports.store
        self.ports.ensure_index()
        self.ports.ensure_records()
        self._check_line()

    def _check_line(self) -> None:
        """No new paper goes into an archive whose locks did not hold.

        Raises:
            ArchiveUnavailable: `LINE_STOPPED`.
        """
        if self.ports.lock_probe is not None:
            check_line(self.ports.records)

    def _received(self, source: Path, terms: IngestTerms, actor: Actor) -> Received | Outcome:
        """A registered batch, or what became of papers that were refused."""
        from casework import reception

        start = time.monotonic()
        ports = self.ports
        desk = reception.Desk(
            workspace=ports.workspace,
            records=ports.records,
            claims=ports.claims,
            reader=ports.reader,
            clock=ports.clock,
            limits=self.ports.settings.intake,
            catalogue=ports.catalogue,
        )
        received = reception.receive(source, terms, actor, desk)
        if isinstance(received, reception.Refused):
            ports.records.chain_events()
            return Outcome(views=(), refused=received, seconds=time.monotonic() - start)
        if received.duplicate:
            self._note_read(received.record.batch.batch_id, actor)
        return received

    def _note_read(self, batch_id: str, actor: Actor) -> None:
        """Papers that are here are told of again, with what they say: that is a read."""
        at = self.ports.clock.now()
        event = Event(
            event_id=digest("event", "batch.read", actor.id, batch_id, at.isoformat()),
            at=at,
            actor=actor,
            action="batch.read",
            subjects={"batch_id": batch_id},
        )
        self.ports.records.append([event])

    def resume(self, batch_id: str, *, duplicate: bool = False) -> tuple[DossierView, ...]:
        """Walk a batch as far as it goes; tell what became of it.

        Raises:
            BatchBusy: another process works on it.
            ArchiveUnavailable: `CLAIM_LOST` on the way: another process may go on with it.
        """
        ports = self.ports
        with ports.workspace.working():
            self.walk(batch_id)
            batch = ports.records.batch(batch_id).batch
            return self._reporter.batch(Work(tools=ports, batch=batch), duplicate=duplicate)

    def walk(self, batch_id: str, runner: Runner | None = None) -> BatchState:
        """Walk a batch as far as it goes, deliver to the index, chain the ledger.

        Args:
            batch_id: a registered batch.
            runner: runs each step; None: a plain call.

        Returns:
            The state that it is in then.

        Raises:
            BatchBusy: another process works on it.
            ArchiveUnavailable: `CLAIM_LOST`, another may have taken it over.
        """
        ports = self.ports
        with ports.workspace.working():
            record = ports.records.batch(batch_id)
            if record.state is not BatchState.ARCHIVED:
                with ports.claims.claim(batch_id):
                    note_here(ports, record.batch)
                    self._walk(batch_id, runner)
            self._transfer_backfill(batch_id)
            self.settle()
        return ports.records.batch(batch_id).state

    def transfer(self, dossier: DossierRecord, actor: Actor) -> Transfer:
        """See `casework.transfer.transfer`, judged as `verify` judges."""
        from casework.transfer import transfer
        from casework.verification import Evidence, verify_component
        from pipeline.signatures.verdicts import Outcome as Judged
        from storage.ledger_standing import ledger_state

        ports = self.ports
        ports.records.chain_events()
        evidence = Evidence(
            judge=ports.judge,
            records=ports.records,
            store=ports.store,
            ledger_state=ledger_state(ports.records, ports.store),
        )

        def valid(component: ComponentRecord) -> bool:
            return verify_component(component, evidence).verdict is Judged.VALID

        with ports.workspace.working():
            return transfer(ports, dossier, actor, valid)

    def _transfer_backfill(self, batch_id: str) -> None:
        """Closed dossiers that are backfilled transfer at once, where they are complete and sound.

        What stands in the way now is said by `transfer` when somebody asks for it.
        """
        records = self.ports.records
        record = records.batch(batch_id)
        if record.state is not BatchState.ARCHIVED:
            return
        who = record.batch.actor
        actor = Actor(id=who.id, role=Role.ARCHIVE_CENTRE, unit=who.unit)
        for placed in records.batch_dossiers(batch_id):
            if placed.dossier.channel is Channel.BACKFILL and not placed.dossier.keeping.approved:
                with contextlib.suppress(SohoaError):
                    self.transfer(placed.dossier, actor)

    def resume_all(self) -> Iterator[tuple[str, Outcome | SohoaError]]:
        """Walk on every batch that stands still and waits for no answer; each by its source."""
        for batch in (record.batch for record in self.standing()):
            start = time.monotonic()
            try:
                views = self.resume(batch.batch_id)
            except SohoaError as error:
                yield batch.source, error
                continue
            seconds = time.monotonic() - start
            yield batch.source, Outcome(views=views, refused=None, seconds=seconds)
        clear(self.ports)

    def standing(self) -> tuple[BatchRecord, ...]:
        """Batches without a service, tool or key, and those whose last answer was given."""
        records = self.ports.records
        waiting = {r.item.batch_id for r in records.reviews(open_only=True) if r.item.blocking}
        found = [r for state in _STANDING for r in records.batches(state=state)]
        return tuple(record for record in found if record.batch.batch_id not in waiting)

    def release(self, batch_id: str) -> None:
        """Let a batch that stands still be tried again, whatever was in its way; unless it runs."""
        with contextlib.suppress(BatchBusy), self.ports.claims.claim(batch_id):
            record = self.ports.records.batch(batch_id)
            if record.state is BatchState.QUARANTINED:
                self._change(batch_id, BatchState.PENDING, "batch.reopened", None)
            elif record.state is BatchState.AWAITING_SIGNATURE or (
                record.state is BatchState.PENDING and record.problem is not None
            ):
                self._change(batch_id, BatchState.PENDING, "batch.released", None)

    def note_lost(self, batch_id: str) -> None:
        """The process that walked a batch died on it: that is said, and the batch is kept.

        Nothing is noted of a batch that somebody works on, or that has gone on meanwhile.
        """
        self._note(batch_id, RunLost())

    def note_unfit(self, batch_id: str, code: str) -> None:
        """The hosts that were to walk a batch could not work: that is said, see `note_lost`.

        Args:
            batch_id: a registered batch.
            code: of the error that tells what the latest host lacks.
        """
        self._note(batch_id, HostsUnfit(problem=code))

    def _note(self, batch_id: str, error: SohoaError) -> None:
        with contextlib.suppress(BatchBusy), self.ports.claims.claim(batch_id):
            record = self.ports.records.batch(batch_id)
            if record.state is BatchState.PENDING:
                self._change(batch_id, BatchState.PENDING, "batch.stuck", error)

    def _reopen(self, batch_id: str) -> None:
        """Papers that were quarantined and are handed in again are tried again."""
        record = self.ports.records.batch(batch_id)
        if record.state is BatchState.QUARANTINED:
            self._change(batch_id, BatchState.PENDING, "batch.reopened", None)

    def _walk(self, batch_id: str, runner: Runner | None) -> None:
        from pipeline.run.steps import advance, here

        try:
            self._check_line()
            advance(self.ports, batch_id, runner or here)
        except IntakeError as error:
            if error.retryable:
                self._change(batch_id, BatchState.PENDING, "batch.stuck", error)
            else:
                self._quarantine(batch_id, error)
        except KeyUnavailable as error:
            self._change(batch_id, BatchState.AWAITING_SIGNATURE, "batch.unsigned", error)
        except SohoaError as error:
            if error.code == "CLAIM_LOST":  # what becomes of it is another's to say
                raise
            self._change(batch_id, BatchState.PENDING, "batch.stuck", error)

    def _quarantine(self, batch_id: str, error: SohoaError) -> None:
        batch = self.ports.records.batch(batch_id).batch
        reason: dict[str, object] = {"code": error.code, "params": error.params}
        own = self.ports.workspace.of(batch_id)
        for source in batch.sources:
            own.quarantine(source.file, {**reason, "name": source.name})
        self._change(batch_id, BatchState.QUARANTINED, "batch.quarantined", error)

    def _change(
        self, batch_id: str, state: BatchState, action: str, error: SohoaError | None
    ) -> None:
        """A batch's state with its reason; the work is kept."""
        records, at = self.ports.records, self.ports.clock.now()
        problem = Problem.of(error) if error is not None else None
        before = records.batch(batch_id)
        if (before.state, before.problem) == (state, problem):
            # Tried again, with the same end: nothing that the ledger does not know; the pause
            # before the next try counts from here.
            records.set_state(batch_id, state, [], problem)
            return
        subjects = {"batch_id": batch_id} | ({"code": error.code} if error else {})
        event = Event(
            event_id=digest("event", action, batch_id, at.isoformat()),
            at=at,
            actor=before.batch.actor,
            action=action,
            subjects=subjects,
        )
        records.set_state(batch_id, state, [event], problem)

    def settle(self, *, most: int | None = None) -> delivery.Delivery:
        """End of a command: chain the ledger, seal finished days, deliver to the index.

        Args:
            most: deliver no more than about so many documents; None: all that is owed.

        What cannot be reached now, or lacks a right, is done by a later command; the result at
        hand stands. A ledger that cannot be sealed (`audit` says why) does not keep papers from
        being found.
        """
        ports = self.ports
        ports.records.chain_events()
        today = ports.clock.now().astimezone(LEGAL_ZONE).date()
        with contextlib.suppress(ArchiveError):
            if seal_finished_days(ports.records, ports.store, today):
                self.stamp_seals(most=_STAMPS_AT_ONCE)
        with contextlib.suppress(ArchiveError, SearchError, ConfigError):
            return delivery.deliver(ports, ports.index, most=most)
        return delivery.Delivery()

    def stamp_seals(self, *, most: int | None = None) -> Stamping:
        """Have the ledger's seals stamped that are not yet, where an authority is set.

        Args:
            most: no more than this many; the rest is the night's.

        Raises:
            ArchiveError: the archive cannot be reached, or refuses.
        """
        if self.ports.settings.tsa.url is None:
            return Stamping()
        return stamp_sealed_days(self.ports.store, self.ports.timestamps, most=most)

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
