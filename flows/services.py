"""The composition root: settings in, use cases out. No Prefect in here.

Everything is made once, on first use, from one frozen `Settings`: a command that only searches
never loads OCR or signing. A use case is a method; its rules live in `casework` and `pipeline`.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING

from casework.clearing import clear_shared
from casework.keeping import ensure_there
from casework.reporting import ComponentText, DossierView, Reporter, pages_so_far
from flows.batches import Batches
from flows.custody import Custody
from flows.outside import OutsideSigning
from flows.packaging import Packages
from flows.scanning import Scans
from flows.wiring import Ports
from pipeline.adapters.heap import few_arenas
from pipeline.errors import (
    ArchiveError,
    ConfigError,
    NotFound,
    SearchError,
    SohoaError,
    UnsafeInput,
)
from pipeline.ids import digest, legal_day, shown
from pipeline.models.actors import Actor, Role
from pipeline.models.events import Event
from pipeline.models.files import FileRef
from pipeline.models.keeping import Hold
from pipeline.models.records import ComponentRecord, DossierRecord
from pipeline.models.review import ResolvedReview
from pipeline.ports.runtime import Progress
from pipeline.run.work import Work
from pipeline.settings import UNIT, Settings
from pipeline.textnorm import has_control_characters, nfc, printable
from search.port import Results
from search.query import Query
from storage.records.prefixes import SHORTEST

if TYPE_CHECKING:
    from casework.audit_report import AuditReport
    from casework.augmenting import Augmentation, AugmentReport
    from casework.copying import CopyRequest, ElectronicCopy
    from casework.destruction import Destruction
    from casework.transfer import Transfer
    from casework.verification import Evidence, Verdict
    from storage.rebuild import RebuildReport


_LONGEST_ACCOUNT = 64
"""Letters of an officer's account name."""


class Services:
    """The use cases of one home."""

    def __init__(self, settings: Settings, progress: Progress) -> None:
        """Nothing is opened before it is used."""
        few_arenas()
        self.settings = settings
        self.ports = Ports(settings, progress)
        self.batches = Batches(self.ports)
        self.outside = OutsideSigning(self.batches, self._dossier)
        self.scans = Scans(self.ports)
        self.packages = Packages(self.ports, self._dossier)
        self.custody = Custody(self.ports)

    def actor(
        self,
        officer: str | None = None,
        unit: str | None = None,
        role: Role = Role.RECEPTION_OFFICER,
    ) -> Actor:
        """Who acts, from the settings unless said otherwise.

        Raises:
            ConfigError: `OFFICER_INVALID`, `UNIT_INVALID`.
        """
        who = nfc(self.settings.officer if officer is None else officer)
        where = self.settings.unit if unit is None else unit
        if not 0 < len(who.strip()) <= _LONGEST_ACCOUNT or has_control_characters(who):
            raise ConfigError("OFFICER_INVALID", longest=_LONGEST_ACCOUNT)
        if not UNIT.fullmatch(where):
            raise ConfigError("UNIT_INVALID")
        return Actor(id=who, role=role, unit=where)

    def certificate_endings(self) -> tuple[tuple[dt.date, int], ...]:
        """Certificates that signed in this process and end soon: last day, and days until then."""
        if "signing" not in self.ports.__dict__:
            return ()
        now = self.ports.clock.now()
        return tuple((end.date(), (end - now).days) for end in self.ports.signing.endings())

    # -- looking --------------------------------------------------------------------------------

    def search(self, query: Query, actor: Actor) -> Results:
        """Components that a query finds; the read goes to the ledger.

        Raises:
            NotFound: nothing is found, and a filter is a code that the catalogue does not have: a
                slip of the pen must not read as "not in the archive".
        """
        self.ports.ensure_index()
        results = self.ports.index.search(query)
        self._read("index.searched", actor, {"hits": str(results.total)})
        if not results.total and query.procedure is not None:
            self.ports.catalogue.procedure(query.procedure)
        if not results.total and query.component is not None:
            self.ports.catalogue.component(query.component)
        return results

    def show(self, code: str, actor: Actor) -> tuple[DossierView, ...]:
        """Every batch of a dossier, in every state, with what there is.

        Raises:
            NotFound: `DOSSIER_UNKNOWN`.
        """
        records = self.ports.records
        dossier = self._dossier(code)
        self._read("dossier.read", actor, _named(dossier))
        views: list[DossierView] = []
        for placed in records.dossier_batches(dossier.unit, dossier.code):
            found = self._reporter.batch(self._work(placed.batch_id))
            views += [v for v in found if v.dossier and v.dossier.code == dossier.code]
        return tuple(views)

    def get(self, code: str, component_id: str, actor: Actor) -> tuple[str, IO[bytes]]:
        """The digest that a component's file must have, and its bytes.

        Raises:
            NotFound: no such component in the dossier, or not archived yet.
        """
        dossier = self._dossier(code)
        component = self._component(dossier, component_id)
        if not isinstance(component, ComponentRecord):
            raise NotFound("COMPONENT_NOT_SIGNED", component=shown(component[1]))
        revision = component.current
        if revision is None:
            raise NotFound("COMPONENT_NOT_SIGNED", component=shown(component.component_id))
        ensure_there(dossier)
        self._read("component.read", actor, {"component_id": component.component_id})
        if revision.version_id is None:
            ref = FileRef(sha256=revision.sha256, size=revision.size, media_type="application/pdf")
            own = self.ports.workspace.of(component.batch_id)
            return revision.sha256, own.path(ref).open("rb")
        archive = self.ports.store_to_read
        return revision.sha256, archive.open(revision.object_key, revision.version_id)

    def text(self, code: str, component_id: str, actor: Actor) -> ComponentText:
        """Words and boxes of a component, as archived; of an unfinished one, as read so far.

        Raises:
            NotFound: `COMPONENT_UNKNOWN`, or `TEXT_NOT_ARCHIVED` where there is none.
            ChecksumMismatch: what is archived is not what was read.
        """
        dossier = self._dossier(code)
        ensure_there(dossier)
        component = self._component(dossier, component_id)
        if isinstance(component, ComponentRecord):
            archived = self._reporter.sidecar(component)
            work = self._work(component.batch_id)
            whole = component.component_id
        else:
            archived, (work, whole) = None, component
        pages = archived.pages if archived else pages_so_far(work, whole)
        if not pages:
            raise NotFound("TEXT_NOT_ARCHIVED", component=shown(whole))
        self._read("text.read", actor, {"component_id": whole})
        return ComponentText(component_id=whole, pages=pages)

    def verify(
        self, what: str, trust: Sequence[Path], actor: Actor, *, deep: bool = False
    ) -> tuple[Verdict, ...]:
        """Verdict on a file, or on every component of a dossier code.

        `deep` asks the certificates' authorities, who answer or not, for their statuses of now.

        Raises:
            NotFound: neither a file nor a dossier.
            UnsafeInput: `PERMISSION_DENIED`, a file that may not be read.
        """
        from casework.verification import nothing_archived, verify_component, verify_file

        evidence = self._evidence(trust, deep=deep)
        path = Path(what)
        if _is_file(path):
            try:
                told = {"content": _digest_of(path)}
                self._read("file.verified", actor, {}, told)
                return (verify_file(path, printable(path.name), evidence),)
            except PermissionError as error:
                raise UnsafeInput("PERMISSION_DENIED") from error
        dossier = self._dossier(what)
        ensure_there(dossier)
        self._read("dossier.verified", actor, _named(dossier))
        components = self.ports.records.components(unit=dossier.unit, dossier_code=dossier.code)
        if not components:
            return (nothing_archived(dossier.code),)
        with self.ports.workspace.working():
            return tuple(verify_component(c, evidence) for c in components)

    def copy(
        self, code: str, component_id: str, request: CopyRequest, actor: Actor, out: IO[bytes]
    ) -> ElectronicCopy:
        """Give out an electronic copy of an archived component; see `casework.copying.make_copy`.

        Raises:
            NotFound: no such component in the dossier, or not archived yet.
        """
        from casework.copying import make_copy

        dossier = self._dossier(code)
        ensure_there(dossier)
        component = self._component(dossier, component_id)
        if not isinstance(component, ComponentRecord):
            raise NotFound("COMPONENT_NOT_SIGNED", component=shown(component[1]))
        return make_copy(self.ports, component, request, self._evidence(deep=True), actor, out)

    # -- keeping --------------------------------------------------------------------------------

    def transfer(self, code: str, actor: Actor) -> Transfer:
        """Transfer a complete and sound dossier, or say what it lacks.

        Raises:
            NotFound: `DOSSIER_UNKNOWN`.
            WorkflowError: `RETENTION_UNSET`.
        """
        with self._settling():
            return self.batches.transfer(self._dossier(code), actor)

    def place_hold(self, code: str, reason: str, actor: Actor) -> tuple[DossierRecord, Hold]:
        """See `casework.keeping.place_hold`."""
        from casework.keeping import place_hold

        with self._settling():
            return place_hold(self.ports, self._dossier(code), actor, reason)

    def lift_hold(
        self, code: str, hold_id: str, reason: str, actor: Actor
    ) -> tuple[DossierRecord, Hold]:
        """See `casework.keeping.lift_hold`."""
        from casework.keeping import lift_hold

        with self._settling():
            return lift_hold(self.ports, self._dossier(code), actor, hold_id, reason)

    def holds(self, code: str | None) -> Iterator[tuple[DossierRecord, Hold]]:
        """Holds of a dossier, lifted ones too; without a code the open ones of all."""
        dossiers = self.ports.records.dossiers() if code is None else [self._dossier(code)]
        for dossier in dossiers:
            for hold in dossier.keeping.holds:
                if hold.open or code is not None:
                    yield dossier, hold

    def waive(
        self,
        code: str,
        component_code: str,
        actor: Actor,
        *,
        approver: str,
        reason: str,
        decided_on: dt.date | None,
    ) -> DossierRecord:
        """See `casework.keeping.waive`."""
        from casework.keeping import waive

        with self._settling():
            return waive(
                self.ports,
                self._dossier(code),
                actor,
                code=component_code,
                approver=approver,
                reason=reason,
                decided_on=decided_on,
            )

    def link_true_copy(
        self,
        code: str,
        true_copy: str,
        original: str | None,
        actor: Actor,
        *,
        clerk: str,
        organisation: str,
    ) -> DossierRecord:
        """See `casework.keeping.link_true_copy`.

        Raises:
            NotFound: no such component in the dossier, or not archived yet.
        """
        from casework.keeping import link_true_copy

        dossier = self._dossier(code)
        found = [self._component(dossier, given) for given in (true_copy, original) if given]
        stored = [c for c in found if isinstance(c, ComponentRecord)]
        if len(stored) < len(found):
            raise NotFound("COMPONENT_NOT_SIGNED", component=true_copy[:64])
        with self._settling():
            return link_true_copy(
                self.ports,
                dossier,
                actor,
                true_copy=stored[0],
                original=stored[1] if original else None,
                clerk=clerk,
                organisation=organisation,
            )

    def propose_destruction(self, code: str, reason: str, actor: Actor) -> Destruction:
        """See `casework.destruction.propose`."""
        from casework.destruction import Destruction, propose

        with self._settling():
            dossier = self._dossier(code)
            disposal = propose(self.ports, dossier, actor, reason)
        return Destruction(dossier_code=dossier.code, disposal=disposal)

    def withdraw_destruction(self, code: str, actor: Actor) -> DossierRecord:
        """See `casework.destruction.withdraw`."""
        from casework.destruction import withdraw

        with self._settling():
            return withdraw(self.ports, self._dossier(code), actor)

    def approve_destruction(self, code: str, decision: str, actor: Actor) -> Destruction:
        """See `casework.destruction.approve`."""
        from casework.destruction import Destruction, approve

        with self._settling():
            dossier = self._dossier(code)
            disposal = approve(self.ports, dossier, actor, decision)
        return Destruction(dossier_code=dossier.code, disposal=disposal)

    def destroy(self, code: str, actor: Actor) -> Destruction:
        """See `casework.destruction.carry_out`; before that the remover shows what it cannot.

        The identity that removes is set for this only: the canary tries it here.

        Raises:
            ConfigError: `ARCHIVE_REMOVER_MISSING`, `ARCHIVE_REMOVER_POWERLESS`.
        """
        from casework.destruction import carry_out

        with self._settling():
            ports = self.ports
            dossier, remover = self._dossier(code), ports.store
            if not dossier.keeping.destroyed:  # else nothing is removed any more
                remover = ports.store_to_remove
                self.custody.canary(actor)
            return carry_out(ports, remover, dossier, actor, second=ports.second_store)

    @contextlib.contextmanager
    def _settling(self) -> Iterator[None]:
        """The ledger is chained and the index served at the end, whatever became of it."""
        try:
            yield
        finally:
            self.batches.settle()

    # -- review ---------------------------------------------------------------------------------

    def reviews(
        self, actor: Actor | None = None, *, everything: bool = False
    ) -> tuple[ResolvedReview, ...]:
        """Open questions, blocking ones first; with `everything` answered ones too.

        They quote what papers say: the read goes to the ledger.

        Args:
            actor: who asks; None: the officer of the settings.
            everything: answered ones too.
        """
        found = self.ports.records.reviews(open_only=not everything)
        self._read("reviews.listed", actor or self.actor(), {"reviews": str(len(found))})
        return tuple(sorted(found, key=lambda r: not r.item.blocking))

    def review(self, review_id: str, actor: Actor | None = None) -> ResolvedReview:
        """One question; the read goes to the ledger.

        Args:
            review_id: or a unique prefix.
            actor: who asks; None: the officer of the settings.

        Raises:
            NotFound: `REVIEW_UNKNOWN`.
        """
        found = self.ports.records.review(review_id)
        subjects = {"review_id": found.item.review_id, "batch_id": found.item.batch_id}
        self._read("review.read", actor or self.actor(), subjects)
        return found

    # -- sheets, audit, rebuild -----------------------------------------------------------------

    def slip(self, procedure: str, case: str, dossier: str | None) -> bytes:
        """Cover, separators and a general separator as a printable PDF.

        Raises:
            NotFound: `PROCEDURE_UNKNOWN`, `CASE_UNKNOWN`.
            ConfigError: `DOSSIER_CODE_INVALID`: what is printed must be fit to be read back.
        """
        from casework import slips
        from casework.reception import check_dossier_code

        if dossier is not None:
            check_dossier_code(dossier)
        return slips.make_slip(
            procedure,
            case,
            dossier,
            self.ports.catalogue,
            self.settings.unit,
            self.ports.clock.now(),
            self.settings.signing.font,
        )

    def augment(
        self, actor: Actor, *, codes: Sequence[str] = (), limit: int | None = None
    ) -> AugmentReport:
        """Raise archived signatures to the level that is set, and renew seals that soon expire.

        Args:
            actor: who asks for it.
            codes: dossiers to look at; none: all.
            limit: raise no more than this many components.

        Raises:
            ConfigError: `TSA_NOT_SET`.
            NotFound: `DOSSIER_UNKNOWN`.
        """
        from casework.augmenting import AugmentReport

        return AugmentReport(components=tuple(self.augmenting(actor, codes=codes, limit=limit)))

    def augmenting(
        self, actor: Actor, *, codes: Sequence[str] = (), limit: int | None = None
    ) -> Iterator[Augmentation]:
        """As `augment`, one component after another."""
        from casework.augmenting import augment
        from casework.clearing import clear

        ports = self.ports
        dossiers = [self._dossier(code) for code in codes] or ports.records.dossiers()
        try:
            yield from augment(ports, actor, dossiers, limit=limit, every=bool(codes))
        finally:
            self.batches.settle()
            clear(ports)

    def countersigning(
        self, actor: Actor, *, codes: Sequence[str] = (), limit: int | None = None
    ) -> Iterator[Augmentation]:
        """Counter-sign for the archive what officers signed, one component after another.

        Args:
            actor: who asks for it.
            codes: dossiers to look at; none: all.
            limit: sign no more than this many components.

        Raises:
            NotFound: `DOSSIER_UNKNOWN`.
            SohoaError: see `casework.augmenting.countersign`.
        """
        from casework.augmenting import countersign
        from casework.clearing import clear

        ports = self.ports
        dossiers = [self._dossier(code) for code in codes] or ports.records.dossiers()
        try:
            yield from countersign(ports, actor, dossiers, limit=limit, every=bool(codes))
        finally:
            self.batches.settle()
            clear(ports)

    def audit(self) -> AuditReport:
        """Pages = records = archive = index, chain whole; and what is due every night beside it.

        Locks that end soon are set anew, and what nobody needs leaves the shared files in work.
        """
        from casework.audit import audit
        from casework.audit_ledger import Stamps
        from casework.renewal import renew_locks

        self.ports.ensure_index()
        delivered = self.batches.settle()
        ports, archive = self.ports, self.settings.archive
        renewal = renew_locks(ports.records, ports.store, ports.clock.now(), archive.lock_days)
        with contextlib.suppress(ArchiveError):
            self.batches.stamp_seals()
        with contextlib.suppress(ArchiveError):
            clear_shared(ports, dt.timedelta(hours=archive.work_grace_hours))
        owed = dt.timedelta(days=self.settings.tsa.owed_days + 1)  # a day is sealed when it is over
        return audit(
            ports.records,
            ports.store,
            ports.index.ids,
            renewal=renewal,
            refused=delivered.refused,
            stamps=Stamps(ports.timestamps, legal_day(ports.clock.now()) - owed),
            canary=self.custody.canary_note(),
            second=ports.second_store,
        )

    def rebuild_index(self) -> tuple[int, tuple[SohoaError, ...]]:
        """A new index from the archive alone, built beside and switched to.

        Returns:
            How many components it holds; what could not be read, and what the index never takes.
        """
        from search.rebuild import documents_from_archive

        faults: list[SohoaError] = []
        ports = self.ports
        documents = documents_from_archive(ports.store_to_read, ports.catalogue, faults.append)
        built = ports.index.rebuild(documents)
        faults += (
            SearchError("INDEX_REFUSED", component=shown(component_id), problem=problem)
            for component_id, problem in built.refused.items()
        )
        return built.count, tuple(faults)

    def rebuild_records(self, actor: Actor) -> RebuildReport:
        """Records of everything archived, from the archive alone, into an empty database."""
        from storage.rebuild import rebuild_records

        ports = self.ports
        return rebuild_records(
            ports.store_to_read, ports.records, actor=actor, at=ports.clock.now()
        )

    # -- inside ---------------------------------------------------------------------------------

    def _evidence(self, trust: Sequence[Path] = (), *, deep: bool = False) -> Evidence:
        """What a verdict takes its facts from."""
        from casework.verification import Evidence
        from storage.ledger_standing import copy_state, ledger_state

        records, store = self.ports.records, self.ports.store_to_read
        return Evidence(
            judge=self.ports.judge_trusting(trust, deep=deep),
            stranger_judge=self.ports.bounded_judge(trust, deep=deep),
            records=records,
            store=store,
            ledger_state=ledger_state(records, store),
            copy_state=copy_state(records, store),
        )

    @cached_property
    def _reporter(self) -> Reporter:
        return Reporter(self.ports.records, self.ports.store_to_read, self.ports.catalogue)

    def _dossier(self, code: str) -> DossierRecord:
        """By code: the own unit's first, else the only one of this code."""
        if has_control_characters(code):  # no dossier's, and some cannot be asked for
            raise NotFound("DOSSIER_UNKNOWN")
        code = nfc(code)
        try:
            return self.ports.records.dossier(code, self.settings.unit)
        except NotFound:
            return self.ports.records.dossier(code)

    def _component(self, dossier: DossierRecord, given: str) -> ComponentRecord | tuple[Work, str]:
        """A component of a dossier; of a batch that waits, its work and the whole id."""
        try:
            component = self.ports.records.component(given)
        except NotFound as error:
            if error.code != "COMPONENT_UNKNOWN":
                raise
            return self._proposed(dossier, given)
        if (component.unit, component.dossier_code) != (dossier.unit, dossier.code):
            raise NotFound("COMPONENT_UNKNOWN", component=component.component_id)
        return component

    def _proposed(self, dossier: DossierRecord, given: str) -> tuple[Work, str]:
        """A component that no record has yet: its batch waits for an answer about it."""
        prefix = given.lower()
        found = [
            (work, component.component_id)
            for placed in self.ports.records.dossier_batches(dossier.unit, dossier.code)
            if (split := (work := self._work(placed.batch_id)).provisional()) is not None
            for component in split.components
            if component.dossier == placed.slot and component.component_id.startswith(prefix)
        ]
        if len(found) != 1 or len(prefix) < SHORTEST:
            raise NotFound("COMPONENT_UNKNOWN", component=given[:64])
        return found[0]

    def _work(self, batch_id: str) -> Work:
        return Work(tools=self.ports, batch=self.ports.records.batch(batch_id).batch)

    def _read(
        self,
        action: str,
        actor: Actor,
        subjects: dict[str, str],
        hashes: dict[str, str] | None = None,
    ) -> None:
        """The ledger tells of a read before anybody sees what was read."""
        at = self.ports.clock.now()
        event = Event(
            event_id=digest("event", action, actor.id, subjects, hashes or {}, at.isoformat()),
            at=at,
            actor=actor,
            action=action,
            subjects=subjects,
            hashes=hashes or {},
        )
        self.ports.records.append([event])
        self.ports.records.chain_events()


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _named(dossier: DossierRecord) -> dict[str, str]:
    """Subjects of an event; a code counts within its unit."""
    return {"unit": dossier.unit, "dossier_code": dossier.code}


def _is_file(path: Path) -> bool:
    """False also for a name that no file can have."""
    try:
        return path.is_file()
    except OSError:
        return False
