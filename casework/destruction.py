"""Destroying a dossier whose term is over: two people, a council's decision, a certificate.

One proposes, another approves with the council's reference, then it is carried out as far as the
store allows: an inventory is written, locked, before the first byte is removed; what a lock still
protects is left for a later run; the certificate comes when nothing is left, and both stay for
ever, beside the manifests. Records keep every component as a tombstone. A source from which another
dossier came stays until that one goes. Whoever is killed, the next run goes on. A second copy of
the archive is not Sohoa's to remove from: what still lies there is counted, run after run, and
`audit` names it until it is gone. May not come in: when it is allowed (`casework.retention`), locks
of what stays (`casework.renewal`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from pydantic import ValidationError

from casework.custody.line import check_line
from casework.keeping import Change, change, told_by
from casework.renewal import batches_of, lock_dossier
from casework.retention import (
    check_destructible,
    checked_words,
    destroyed_by_two,
    same_person,
)
from pipeline.errors import ArchiveError, AuthError, ChecksumMismatch, WorkflowError
from pipeline.ids import digest, shown
from pipeline.models.actors import Actor
from pipeline.models.base import Instant, Model
from pipeline.models.batch import BatchState
from pipeline.models.events import Event
from pipeline.models.keeping import ArchivedNote, Disposal, Keeping
from pipeline.models.manifest import (
    ArchivedVersion,
    DestructionCertificate,
    Inventory,
)
from pipeline.models.records import ComponentRecord, DossierRecord
from pipeline.ports.archive import ObjectStore
from pipeline.provenance import software
from pipeline.run import manifests
from pipeline.run.work import Tools
from pipeline.stages.archiving import dossier_prefix, text_prefix

_LOCKED: Final = "OBJECT_LOCKED"
_ENDED: Final = frozenset({BatchState.ARCHIVED, BatchState.SUPERSEDED})
_STAYS: Final = ("manifest/", "destruction/")
"""Below a dossier's prefix: what proves that it was."""


class Destruction(Model):
    """How far the destruction of one dossier is."""

    dossier_code: str
    disposal: Disposal
    removed: int = 0
    """Versions that this run removed."""
    left: int = 0
    """Versions that a lock still protects."""
    not_before: Instant | None = None
    """When the last of their locks ends; None where a hold keeps one, or none is left."""
    elsewhere: int | None = 0
    """Copies that still lie in the second copy of the archive; None: it does not answer."""

    @property
    def done(self) -> bool:
        """True where the certificate says so."""
        return self.disposal.certificate is not None

    @property
    def over(self) -> bool:
        """True where no copy is left that anybody knows of."""
        return self.done and self.elsewhere == 0


# -- deciding -------------------------------------------------------------------------------


def propose(tools: Tools, dossier: DossierRecord, actor: Actor, reason: str) -> Disposal:
    """Propose to destroy a dossier.

    Raises:
        ConfigError: `WORDS_INVALID`.
        AuthError: see `casework.retention.check_destructible`.
        WorkflowError: `DISPOSAL_OPEN`: another proposal is.
    """
    at = tools.clock.now()
    wanted = Disposal(reason=checked_words(reason, "reason"), proposed_by=actor, proposed_at=at)

    def decide(fresh: DossierRecord) -> Change | None:
        check_destructible(fresh, at)
        _check_idle(tools, fresh)
        known = fresh.keeping.disposal
        if known is not None:
            if (known.reason, known.proposed_by) == (wanted.reason, actor):
                return None
            raise WorkflowError("DISPOSAL_OPEN", dossier=fresh.code)
        return _changed(fresh, wanted, "destruction.proposed")

    return _disposal(change(tools, dossier, actor, decide))


def withdraw(tools: Tools, dossier: DossierRecord, actor: Actor) -> DossierRecord:
    """Take back a proposal that nobody has approved.

    Raises:
        WorkflowError: `DISPOSAL_NONE`, `DISPOSAL_APPROVED`.
    """

    def decide(fresh: DossierRecord) -> Change:
        known = _disposal(fresh)
        if known.approved:
            raise WorkflowError("DISPOSAL_APPROVED", dossier=fresh.code)
        keeping = fresh.keeping.model_copy(update={"disposal": None})
        subjects = {"dossier_code": fresh.code}
        hashes = {"disposal": told_by(known)}
        return Change(keeping, fresh.stage, "destruction.withdrawn", subjects, hashes)

    return change(tools, dossier, actor, decide)


def approve(tools: Tools, dossier: DossierRecord, actor: Actor, decision: str) -> Disposal:
    """Approve a proposal of somebody else, by a decision of the council.

    Raises:
        ConfigError: `WORDS_INVALID`.
        AuthError: `SAME_PERSON`; see `casework.retention.check_destructible`.
        WorkflowError: `DISPOSAL_NONE`, `DISPOSAL_APPROVED`: by another decision.
    """
    decision, at = checked_words(decision, "decision"), tools.clock.now()

    def decide(fresh: DossierRecord) -> Change | None:
        known = _disposal(fresh)
        if known.approved:
            if (known.decision, known.approved_by) == (decision, actor):
                return None
            raise WorkflowError("DISPOSAL_APPROVED", dossier=fresh.code)
        if same_person(known.proposed_by, actor):
            raise AuthError("SAME_PERSON")
        check_destructible(fresh, at)
        _check_idle(tools, fresh)
        approved = known.model_copy(
            update={"decision": decision, "approved_by": actor, "approved_at": at}
        )
        return _changed(fresh, approved, "destruction.approved")

    return _disposal(change(tools, dossier, actor, decide))


# -- carrying out ---------------------------------------------------------------------------


def carry_out(
    tools: Tools,
    remover: ObjectStore,
    dossier: DossierRecord,
    actor: Actor,
    *,
    second: ObjectStore | None = None,
) -> Destruction:
    """Remove what an approved decision destroys, as far as the store allows.

    Args:
        tools: the ports.
        remover: the archive, as the identity that may remove.
        dossier: which.
        actor: who carries it out.
        second: the second copy of the archive, where there is one; only looked at.

    Raises:
        AuthError: see `casework.retention.check_destructible`: a hold stops it to the last.
        WorkflowError: `DISPOSAL_NONE`, `DISPOSAL_UNAPPROVED`.
        ArchiveUnavailable: `LINE_STOPPED`: from a store whose locks do not hold nothing is removed.
        ArchiveError: may be repeated.
        ConfigError: the identity may not remove.
    """
    known = _disposal(dossier)
    if known.certificate is not None:
        dossier = change(tools, dossier, actor, lambda _: None)  # its manifest, if one was killed
        _lock_proofs(tools, dossier)
        left = _elsewhere(tools, second, dossier)
        return Destruction(dossier_code=dossier.code, disposal=known, elsewhere=left)
    check_line(tools.records)
    begun = change(tools, dossier, actor, lambda fresh: _begun(tools, fresh, actor))
    records = tools.records
    records.owe([c.component_id for c in _components(tools, begun)])
    removed, left, not_before = 0, 0, None
    with manifests.alone(tools, dossier):
        fresh = records.dossier(dossier.code, dossier.unit)
        check_destructible(fresh, tools.clock.now())  # a hold that came meanwhile
        _check_idle(tools, fresh)
        for key, version_id in _doomed(tools, remover, fresh):
            try:
                removed += remover.remove(key, version_id)
            except ArchiveError as error:
                if error.code != _LOCKED:
                    raise
                lock, left = remover.lock(key, version_id), left + 1
                if lock.until is not None and not lock.held:
                    not_before = max(not_before or lock.until, lock.until)
    if not left:
        begun = change(tools, begun, actor, lambda fresh: _ended(tools, fresh, actor))
        _lock_proofs(tools, begun)
    return Destruction(
        dossier_code=begun.code,
        disposal=_disposal(begun),
        removed=removed,
        left=left,
        not_before=not_before,
        elsewhere=_elsewhere(tools, second, begun),
    )


def _check_idle(tools: Tools, dossier: DossierRecord) -> None:
    """Refuse while papers of the dossier are in work: they are not among what was decided on.

    Raises:
        WorkflowError: `DISPOSAL_IN_WORK`.
    """
    for placed in tools.records.dossier_batches(dossier.unit, dossier.code):
        if tools.records.batch(placed.batch_id).state not in _ENDED:
            raise WorkflowError("DISPOSAL_IN_WORK", batch=shown(placed.batch_id))


def _begun(tools: Tools, fresh: DossierRecord, actor: Actor) -> Change | None:
    """Write the inventory before anything is missing."""
    disposal = _disposal(fresh)
    if not destroyed_by_two(fresh.keeping):
        raise WorkflowError("DISPOSAL_UNAPPROVED", dossier=fresh.code)
    check_destructible(fresh, tools.clock.now())
    _check_idle(tools, fresh)
    if disposal.inventory is not None:
        return None
    shared = _shared(tools, fresh)
    components = _components(tools, fresh)
    digests = {
        (r.object_key, r.version_id): (r.sha256, r.size)
        for c in components
        for r in c.revisions
        if r.version_id is not None
    }
    note = _once(
        tools,
        f"{dossier_prefix(fresh)}destruction/inventory.json",
        lambda: Inventory(
            unit=fresh.unit,
            dossier_code=fresh.code,
            written_at=tools.clock.now(),
            actor=actor,
            components=tuple(map(manifests.listed_component, components)),
            objects=tuple(_described(tools.store, _doomed(tools, tools.store, fresh), digests)),
            shared_batches=tuple(sorted(shared)),
            pages=sum(len(c.pages) for c in components),
            ledger_head=tools.records.chain_events(),
        ),
        _teller(tools, actor),
        fresh,
        "destruction.inventory_written",
    )
    return _changed(fresh, disposal.model_copy(update={"inventory": note}), "destruction.begun")


def _ended(tools: Tools, fresh: DossierRecord, actor: Actor) -> Change | None:
    """Write the certificate when nothing is left."""
    disposal, keeping = _disposal(fresh), fresh.keeping
    if disposal.certificate is not None:
        return None
    inventory = disposal.inventory
    if (
        inventory is None
        or keeping.term is None
        or keeping.transferred_at is None
        or disposal.decision is None
        or disposal.approved_by is None
        or disposal.approved_at is None
    ):
        raise WorkflowError("DISPOSAL_UNAPPROVED", dossier=fresh.code)
    listed = _inventory(tools.store, inventory)
    certificate = DestructionCertificate(
        unit=fresh.unit,
        dossier_code=fresh.code,
        year=fresh.year,
        procedure=fresh.procedure,
        case=fresh.case,
        term=keeping.term,
        transferred_at=keeping.transferred_at,
        decision=disposal.decision,
        reason=disposal.reason,
        proposed_by=disposal.proposed_by,
        proposed_at=disposal.proposed_at,
        approved_by=disposal.approved_by,
        approved_at=disposal.approved_at,
        carried_out_by=actor,
        destroyed_at=tools.clock.now(),
        inventory=inventory,
        components=len(listed.components),
        objects=len(listed.objects),
        bytes=sum(o.size or 0 for o in listed.objects),
        pages=listed.pages,
        shared_batches=listed.shared_batches,
        ledger_head=tools.records.chain_events(),
        software=software(),
    )
    note = _once(
        tools,
        f"{dossier_prefix(fresh)}destruction/certificate.json",
        lambda: certificate,
        _teller(tools, actor),
        fresh,
        "destruction.certificate_written",
    )
    done = disposal.model_copy(update={"certificate": note})
    return _changed(fresh, done, "dossier.destroyed", certificate=note.sha256)


def _once(
    tools: Tools,
    key: str,
    make: Callable[[], Inventory | DestructionCertificate],
    tell: manifests.Teller,
    dossier: DossierRecord,
    action: str,
) -> ArchivedNote:
    """The document that stands under a key; one that a killed run has put is taken over."""
    there = tools.store.head(key)
    if there is not None:
        note = ArchivedNote(object_key=key, version_id=there.version_id, sha256=there.sha256)
        subjects = {"dossier_code": dossier.code, "object_key": key}
        event = tell(action, subjects=subjects, hashes={"document": note.sha256})
        tools.records.append([event])
        return note
    subjects = {"dossier_code": dossier.code, "object_key": key}
    return manifests.write_note(tools, key, make(), tell, action, subjects)


def _inventory(store: ObjectStore, note: ArchivedNote) -> Inventory:
    with store.open(note.object_key, note.version_id) as stream:
        try:
            return Inventory.model_validate_json(stream.read())
        except ValidationError as error:
            raise ChecksumMismatch(key=note.object_key) from error


def _lock_proofs(tools: Tools, dossier: DossierRecord) -> None:
    lock_days = tools.settings.archive.lock_days
    lock_dossier(dossier, tools.records, tools.store, tools.clock.now(), lock_days)


# -- what goes ------------------------------------------------------------------------------


def _doomed(tools: Tools, store: ObjectStore, dossier: DossierRecord) -> Iterator[tuple[str, str]]:
    """Every version of files, words and sources; the newest of a key first."""
    found = list(dict.fromkeys(_copies(tools, store, dossier)))
    known = {
        (r.object_key, r.version_id)
        for c in _components(tools, dossier)
        for r in c.revisions
        if r.version_id is not None
    }
    found += sorted(known - set(found))  # of a key whose newest version is gone
    yield from found


def _copies(tools: Tools, store: ObjectStore, dossier: DossierRecord) -> Iterator[tuple[str, str]]:
    """What a store holds of a dossier's files, words and sources, also where nobody reads it."""
    prefix = dossier_prefix(dossier)
    sources = sorted(batches_of(dossier, tools.records) - _shared(tools, dossier))
    text = text_prefix(dossier.unit, dossier.code)
    for place in (prefix, text, *(f"raw/{batch_id}/" for batch_id in sources)):
        for copies in (store.versions(place), store.hidden(place)):
            yield from going(copies, prefix)


def going(copies: Iterable[tuple[str, str]], prefix: str) -> Iterator[tuple[str, str]]:
    """Key and id of those that a destruction takes: what stays as proof is left out.

    Args:
        copies: of a dossier.
        prefix: of the dossier in the archive, with its last slash.
    """
    stays = tuple(f"{prefix}{name}" for name in _STAYS)
    return (copy for copy in copies if not copy[0].startswith(stays))


def _elsewhere(tools: Tools, second: ObjectStore | None, dossier: DossierRecord) -> int | None:
    """Copies in the second copy of the archive; None where it does not answer."""
    if second is None:
        return 0
    try:
        return len(set(_copies(tools, second, dossier)))
    except ArchiveError:
        return None


def _shared(tools: Tools, dossier: DossierRecord) -> set[str]:
    """Batches from which a dossier came that is not to be destroyed."""
    return {
        batch_id
        for batch_id in batches_of(dossier, tools.records)
        if any(
            (p.dossier.unit, p.dossier.code) != (dossier.unit, dossier.code)
            and not p.dossier.keeping.gone
            for p in tools.records.batch_dossiers(batch_id)
        )
    }


def _described(
    store: ObjectStore,
    versions: Iterator[tuple[str, str]],
    known: dict[tuple[str, str], tuple[str, int]],
) -> Iterator[ArchivedVersion]:
    for key, version_id in versions:
        newest = store.head(key)
        sha256, size = known.get((key, version_id), (None, None))
        if newest is not None and newest.version_id == version_id:
            sha256, size = newest.sha256, newest.size
        yield ArchivedVersion(object_key=key, version_id=version_id, sha256=sha256, size=size)


def _components(tools: Tools, dossier: DossierRecord) -> tuple[ComponentRecord, ...]:
    return tools.records.components(unit=dossier.unit, dossier_code=dossier.code)


# -- telling --------------------------------------------------------------------------------


def _disposal(dossier: DossierRecord) -> Disposal:
    if dossier.keeping.disposal is None:
        raise WorkflowError("DISPOSAL_NONE", dossier=dossier.code)
    return dossier.keeping.disposal


def _changed(dossier: DossierRecord, disposal: Disposal, action: str, **hashes: str) -> Change:
    keeping: Keeping = dossier.keeping.model_copy(update={"disposal": disposal})
    subjects = {"dossier_code": dossier.code}
    told = {"disposal": told_by(disposal)} | hashes
    return Change(keeping, dossier.stage, action, subjects, told)


def _teller(tools: Tools, actor: Actor) -> manifests.Teller:
    at: dt.datetime = tools.clock.now()

    def tell(action: str, *, subjects: dict[str, str], hashes: dict[str, str]) -> Event:
        return Event(
            event_id=digest("event", action, subjects, hashes),
            at=at,
            actor=actor,
            action=action,
            subjects=subjects,
            hashes=hashes,
        )

    return tell
