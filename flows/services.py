"""The composition root: settings in, use cases out. No Prefect in here.

Everything is made once, on first use, from one frozen `Settings`: a command that only searches
never loads OCR or signing. A use case is a method; its rules live in `casework` and `pipeline`.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING

from casework import delivery, review
from casework.clearing import clear
from casework.reporting import DossierView, Reporter
from flows.wiring import Ports
from pipeline.errors import (
    ArchiveError,
    IntakeError,
    KeyUnavailable,
    NotFound,
    SearchError,
    SohoaError,
)
from pipeline.ids import LEGAL_ZONE, digest
from pipeline.models.actors import Actor, Role
from pipeline.models.batch import Batch, BatchState, IngestTerms, Problem
from pipeline.models.events import Event
from pipeline.models.files import FileRef
from pipeline.models.manifest import Sidecar
from pipeline.models.records import ComponentRecord, DossierRecord
from pipeline.models.review import Answer, ResolvedReview
from pipeline.ports.runtime import Progress
from pipeline.run.work import Work
from pipeline.settings import Settings
from search.port import Results
from search.query import Query
from storage.ledger import seal_finished_days

if TYPE_CHECKING:
    from casework.audit_report import AuditReport
    from casework.reception import Refused
    from casework.verification import Verdict
    from storage.rebuild import RebuildReport


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one source."""

    views: tuple[DossierView, ...]
    """One per dossier; empty where everything was refused."""
    refused: Refused | None
    seconds: float


class Services:
    """The use cases of one home."""

    def __init__(self, settings: Settings, progress: Progress) -> None:
        """Nothing is opened before it is used."""
        self.settings = settings
        self.ports = Ports(settings, progress)

    def actor(
        self,
        officer: str | None = None,
        unit: str | None = None,
        role: Role = Role.RECEPTION_OFFICER,
    ) -> Actor:
        """Who acts, from the settings unless said otherwise."""
        return Actor(
            id=officer or self.settings.officer,
            role=role,
            unit=unit or self.settings.unit,
        )

    # -- the main job ---------------------------------------------------------------------------

    def ingest(self, source: Path, terms: IngestTerms, actor: Actor) -> Outcome:
        """Paper in; signed, archived, findable components out, or a reason why not yet.

        Raises:
            SohoaError: the terms are wrong, or nothing could be registered.
        """
        from casework import reception

        start = time.monotonic()
        ports = self.ports
        ports.ensure_index()
        desk = reception.Desk(
            workspace=ports.workspace,
            records=ports.records,
            reader=ports.reader,
            clock=ports.clock,
            limits=self.settings.intake,
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
        """
        ports = self.ports
        record = ports.records.batch(batch_id)
        with ports.workspace.working():
            if record.state is not BatchState.ARCHIVED:
                with ports.workspace.claim(batch_id):
                    self._walk(batch_id)
            self.settle()
            return self._reporter.batch(Work(tools=ports, batch=record.batch), duplicate=duplicate)

    def resume_all(self) -> Iterator[Outcome | SohoaError]:
        """Walk on every batch that stands still and waits for no answer."""
        for batch_id in self._standing():
            start = time.monotonic()
            try:
                views = self.resume(batch_id)
            except SohoaError as error:
                yield error
                continue
            yield Outcome(views=views, refused=None, seconds=time.monotonic() - start)
        clear(self.ports)

    def _standing(self) -> tuple[str, ...]:
        """Batches without a service, tool or key, and those whose last answer was given."""
        records = self.ports.records
        waiting = {r.item.batch_id for r in records.reviews(open_only=True) if r.item.blocking}
        states = (BatchState.PENDING, BatchState.AWAITING_SIGNATURE, BatchState.NEEDS_REVIEW)
        found = [r.batch.batch_id for state in states for r in records.batches(state=state)]
        return tuple(batch_id for batch_id in found if batch_id not in waiting)

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

        What cannot be reached now is done by a later command; the result at hand stands.
        """
        ports = self.ports
        ports.records.chain_events()
        today = ports.clock.now().astimezone(LEGAL_ZONE).date()
        with contextlib.suppress(ArchiveError, SearchError):
            seal_finished_days(ports.records, ports.store, today)
            delivery.deliver(ports.records, ports.store, ports.index, ports.catalogue)

    # -- looking --------------------------------------------------------------------------------

    def search(self, query: Query, actor: Actor) -> Results:
        """Components that a query finds; the read goes to the ledger."""
        self.ports.ensure_index()
        results = self.ports.index.search(query)
        self._read("index.searched", actor, {"hits": str(results.total)})
        return results

    def show(self, code: str, actor: Actor) -> tuple[DossierView, ...]:
        """Every batch of a dossier, in every state, with what there is.

        Raises:
            NotFound: `DOSSIER_UNKNOWN`.
        """
        records = self.ports.records
        dossier = self._dossier(code)
        self._read("dossier.read", actor, {"dossier_code": code})
        views: list[DossierView] = []
        for placed in records.dossier_batches(dossier.unit, dossier.code):
            work = Work(tools=self.ports, batch=records.batch(placed.batch_id).batch)
            views += [v for v in self._reporter.batch(work) if v.dossier and v.dossier.code == code]
        return tuple(views)

    def get(self, code: str, component_id: str, actor: Actor) -> IO[bytes]:
        """The archived bytes of a component.

        Raises:
            NotFound: no such component in the dossier, or not archived yet.
        """
        component = self._component(code, component_id)
        revision = component.current
        if revision is None:
            raise NotFound("COMPONENT_NOT_SIGNED", component=component.component_id[:12])
        self._read("component.read", actor, {"component_id": component.component_id})
        if revision.version_id is None:
            ref = FileRef(sha256=revision.sha256, size=revision.size, media_type="application/pdf")
            return self.ports.workspace.path(ref).open("rb")
        return self.ports.store.open(revision.object_key, revision.version_id)

    def text(self, code: str, component_id: str, actor: Actor) -> Sidecar:
        """Words, boxes and fields of a component.

        Raises:
            NotFound: `COMPONENT_UNKNOWN`, or `TEXT_NOT_ARCHIVED` before it is archived.
        """
        component = self._component(code, component_id)
        sidecar = self._reporter.sidecar(component)
        if sidecar is None:
            raise NotFound("TEXT_NOT_ARCHIVED", component=component.component_id[:12])
        self._read("text.read", actor, {"component_id": component.component_id})
        return sidecar

    def verify(self, what: str, trust: Sequence[Path], actor: Actor) -> tuple[Verdict, ...]:
        """Verdict on a file, or on every component of a dossier code.

        Raises:
            NotFound: neither a file nor a dossier.
        """
        from casework.verification import (
            Evidence,
            nothing_archived,
            verify_component,
            verify_file,
        )
        from storage.ledger import ledger_state

        evidence = Evidence(
            judge=self.ports.judge_trusting(trust),
            records=self.ports.records,
            store=self.ports.store,
            ledger_state=ledger_state(self.ports.records, self.ports.store),
        )
        path = Path(what)
        if path.is_file():
            return (verify_file(path, path.name, evidence),)
        dossier = self._dossier(what)
        self._read("dossier.verified", actor, {"dossier_code": what})
        components = self.ports.records.components(unit=dossier.unit, dossier_code=what)
        if not components:
            return (nothing_archived(what),)
        return tuple(verify_component(c, evidence) for c in components)

    # -- review ---------------------------------------------------------------------------------

    def reviews(self, *, everything: bool = False) -> tuple[ResolvedReview, ...]:
        """Open questions, blocking ones first; with `everything` answered ones too."""
        found = self.ports.records.reviews(open_only=not everything)
        return tuple(sorted(found, key=lambda r: not r.item.blocking))

    def review(self, review_id: str) -> ResolvedReview:
        """One question.

        Raises:
            NotFound: `REVIEW_UNKNOWN`.
        """
        return self.ports.records.review(review_id)

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
        review.check(question.item, answer, pages, ports.catalogue)
        with ports.workspace.working():
            with ports.workspace.claim(batch.batch_id):
                state = self._answer(question, answer, actor, batch)
            if state is not BatchState.PENDING:
                return None
            views = self.resume(batch.batch_id)
        clear(ports)
        return Outcome(views=views, refused=None, seconds=time.monotonic() - start)

    def _answer(
        self, question: ResolvedReview, answer: Answer, actor: Actor, batch: Batch
    ) -> BatchState:
        """Store an answer under the batch's claim; PENDING where it was the last blocking one."""
        ports = self.ports
        settled = Work(tools=ports, batch=batch).split() is not None
        state = review.store_answer(question, answer, actor, ports.records, settled=settled)
        if state is BatchState.ARCHIVED:
            review.correct_field(
                question.item, answer, actor, ports.records, ports.store, ports.workspace
            )
            self.settle()
            return state
        waiting = ports.records.reviews(batch_id=batch.batch_id, open_only=True)
        if state is BatchState.NEEDS_REVIEW and not any(r.item.blocking for r in waiting):
            self._change(batch.batch_id, BatchState.PENDING, "batch.released", None)
            return BatchState.PENDING
        ports.records.chain_events()
        return BatchState.NEEDS_REVIEW

    # -- sheets, audit, rebuild -----------------------------------------------------------------

    def slip(self, procedure: str, case: str, dossier: str | None) -> bytes:
        """Cover, separators and a general separator as a printable PDF.

        Raises:
            NotFound: `PROCEDURE_UNKNOWN`, `CASE_UNKNOWN`.
        """
        from casework import slips

        return slips.make_slip(
            procedure,
            case,
            dossier,
            self.ports.catalogue,
            self.settings.unit,
            self.ports.clock.now(),
            self.settings.signing.font,
        )

    def audit(self) -> AuditReport:
        """Pages = records = archive = index, chain whole."""
        from casework.audit import audit

        self.ports.ensure_index()
        self.settle()
        ports = self.ports
        return audit(ports.records, ports.store, ports.index.ids)

    def rebuild_index(self) -> tuple[int, tuple[SohoaError, ...]]:
        """A new index from the archive alone, built beside and switched to."""
        from search.rebuild import documents_from_archive

        faults: list[SohoaError] = []
        ports = self.ports
        documents = documents_from_archive(ports.store, ports.catalogue, faults.append)
        return ports.index.rebuild(documents), tuple(faults)

    def rebuild_records(self, actor: Actor) -> RebuildReport:
        """Records of everything archived, from the archive alone, into an empty database."""
        from storage.rebuild import rebuild_records

        ports = self.ports
        return rebuild_records(ports.store, ports.records, actor=actor, at=ports.clock.now())

    # -- inside ---------------------------------------------------------------------------------

    @cached_property
    def _reporter(self) -> Reporter:
        return Reporter(self.ports.records, self.ports.store, self.ports.catalogue)

    def _dossier(self, code: str) -> DossierRecord:
        """By code: the own unit's first, else the only one of this code."""
        try:
            return self.ports.records.dossier(code, self.settings.unit)
        except NotFound:
            return self.ports.records.dossier(code)

    def _component(self, code: str, component_id: str) -> ComponentRecord:
        dossier = self._dossier(code)
        component = self.ports.records.component(component_id)
        if (component.unit, component.dossier_code) != (dossier.unit, dossier.code):
            raise NotFound("COMPONENT_UNKNOWN", component=component_id)
        return component

    def _read(self, action: str, actor: Actor, subjects: dict[str, str]) -> None:
        at = self.ports.clock.now()
        event = Event(
            event_id=digest("event", action, actor.id, subjects, at.isoformat()),
            at=at,
            actor=actor,
            action=action,
            subjects=subjects,
        )
        self.ports.records.append([event])
        self.ports.records.chain_events()
