"""Changing what is known of a dossier's keeping: holds, waivers, true copies.

One writer of a dossier at a time. Order of custody: what a killed writer left is finished, the next
manifest allocated, the records changed with their event, the manifest written. Whoever repeats the
act finds it done and only finishes it. Of a dossier of which nothing is archived only the records
change: its first manifest will tell. Words of people stay in records and manifest; the ledger gets
their digest. May not come in: rules (`casework.retention`), locks (`casework.renewal`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from casework.renewal import lift_holds, lock_dossier
from casework.retention import checked_words, same_person
from pipeline.errors import AuthError, NotFound, WorkflowError
from pipeline.ids import digest, legal_day, shown
from pipeline.models.actors import Actor
from pipeline.models.base import Model
from pipeline.models.batch import BatchState, DossierStage
from pipeline.models.events import Event
from pipeline.models.keeping import Hold, Keeping, Lift, TrueCopy, Waiver
from pipeline.models.records import ComponentRecord, DossierRecord
from pipeline.run import manifests
from pipeline.run.work import Tools

_SHORTEST = 4
"""Letters of a hold's id that are enough."""


@dataclass(frozen=True, slots=True)
class Change:
    """A dossier's keeping as it is to be, and what the ledger is told."""

    keeping: Keeping
    stage: DossierStage
    action: str
    subjects: dict[str, str]
    hashes: dict[str, str]


def change(
    tools: Tools,
    dossier: DossierRecord,
    actor: Actor,
    decide: Callable[[DossierRecord], Change | None],
) -> DossierRecord:
    """Change a dossier's keeping, alone, and write its manifest.

    Args:
        tools: the ports.
        dossier: which.
        actor: who does it.
        decide: is given the dossier as it is; None where nothing is left to be done.

    Raises:
        WorkflowError: `KEEPING_SHORTENED`, `STAGE_FINAL`.
        ArchiveError: see `ObjectStore.put`; may be repeated.
        SohoaError: what `decide` raises; nothing has changed.
    """
    records = tools.records

    def tell(action: str, *, subjects: dict[str, str], hashes: dict[str, str]) -> Event:
        return _event(action, subjects, hashes, actor, tools.clock.now())

    with tools.workspace.working(), manifests.alone(tools, dossier):
        manifests.finish_renewal(tools, dossier, tell)
        fresh = records.dossier(dossier.code, dossier.unit)
        wanted = decide(fresh)
        if wanted is not None:
            archived = is_archived(tools, fresh)
            if archived:
                manifests.begin_renewal(tools, fresh)
            event = tell(wanted.action, subjects=wanted.subjects, hashes=wanted.hashes)
            records.keep(fresh.unit, fresh.code, wanted.keeping, wanted.stage, [event])
            if archived:
                manifests.finish_renewal(tools, fresh, tell)
        return records.dossier(dossier.code, dossier.unit)


def is_archived(tools: Tools, dossier: DossierRecord) -> bool:
    """True where a batch of the dossier is archived."""
    records = tools.records
    return any(
        records.batch(p.batch_id).state is BatchState.ARCHIVED
        for p in records.dossier_batches(dossier.unit, dossier.code)
    )


def told_by(model: Model) -> str:
    """Digest of what a person wrote, for the ledger."""
    return digest(model.model_dump(mode="json"))


# -- legal hold -----------------------------------------------------------------------------


def place_hold(
    tools: Tools, dossier: DossierRecord, actor: Actor, reason: str
) -> tuple[DossierRecord, Hold]:
    """Put a dossier under legal hold; its objects too, as far as the store can be reached.

    The records hold from the first moment; what the store could not be told now, it is told every
    night.

    Raises:
        ConfigError: `WORDS_INVALID`.
        WorkflowError: `DOSSIER_DESTROYED`: there is nothing left to be held.
    """
    reason, at = checked_words(reason, "reason"), tools.clock.now()
    placed = digest("hold", dossier.unit, dossier.code, actor.id, reason, at.isoformat())
    hold = Hold(hold_id=placed, reason=reason, actor=actor, at=at)

    def decide(fresh: DossierRecord) -> Change:
        keeping = fresh.keeping
        if keeping.gone:
            raise WorkflowError("DOSSIER_DESTROYED", dossier=fresh.code)
        return Change(
            keeping.model_copy(update={"holds": (*keeping.holds, hold)}),
            fresh.stage,
            "dossier.held",
            {"dossier_code": fresh.code, "hold_id": placed},
            {"hold": told_by(hold)},
        )

    held = change(tools, dossier, actor, decide)
    lock_days = tools.settings.archive.lock_days
    lock_dossier(held, tools.records, tools.store, tools.clock.now(), lock_days)
    return held, hold


def lift_hold(
    tools: Tools, dossier: DossierRecord, actor: Actor, hold_id: str, reason: str
) -> tuple[DossierRecord, Hold]:
    """Lift one hold; the objects' holds where no other is open, and the term is not for ever.

    Raises:
        ConfigError: `WORDS_INVALID`.
        NotFound: `HOLD_UNKNOWN`.
    """
    reason, at = checked_words(reason, "reason"), tools.clock.now()
    hold = _hold(dossier.keeping, hold_id)

    def decide(fresh: DossierRecord) -> Change | None:
        known = _hold(fresh.keeping, hold.hold_id)
        if not known.open:
            return None
        lifted = known.model_copy(update={"lift": Lift(reason=reason, actor=actor, at=at)})
        holds = tuple(lifted if h.hold_id == known.hold_id else h for h in fresh.keeping.holds)
        return Change(
            fresh.keeping.model_copy(update={"holds": holds}),
            fresh.stage,
            "dossier.hold_lifted",
            {"dossier_code": fresh.code, "hold_id": known.hold_id},
            {"hold": told_by(lifted)},
        )

    change(tools, dossier, actor, decide)
    with manifests.alone(tools, dossier):  # a hold that is placed meanwhile is seen, or comes after
        after = tools.records.dossier(dossier.code, dossier.unit)
        lift_holds(after, tools.records, tools.store)
    return after, _hold(after.keeping, hold.hold_id)


def _hold(keeping: Keeping, given: str) -> Hold:
    found = [h for h in keeping.holds if h.hold_id.startswith(given.lower())]
    if len(found) != 1 or len(given) < _SHORTEST:
        raise NotFound("HOLD_UNKNOWN", hold=given[:64])
    return found[0]


# -- papers that are too fragile ------------------------------------------------------------


def waive(
    tools: Tools,
    dossier: DossierRecord,
    actor: Actor,
    *,
    code: str,
    approver: str,
    reason: str,
    decided_on: dt.date | None,
) -> DossierRecord:
    """Note that an important paper is not digitised, by leave of the head of the unit (R-1333-14).

    Args:
        tools: the ports.
        dossier: whose paper it is.
        actor: who records it.
        code: component code of the paper.
        approver: account of the head of the unit.
        reason: why.
        decided_on: when the head said so, Asia/Ho_Chi_Minh; None: today.

    Raises:
        NotFound: `COMPONENT_CODE_UNKNOWN`.
        AuthError: `WAIVER_SAME_PERSON`.
        ConfigError: `WORDS_INVALID`, `OFFICER_INVALID`.
        WorkflowError: `WAIVER_PRESENT`: the dossier holds such a paper; `WAIVER_FUTURE`;
            `DOSSIER_CLOSED`.
    """
    tools.catalogue.component(code)
    reason, approver = checked_words(reason, "reason"), checked_words(approver, "approver")
    if same_person(approver, actor):
        raise AuthError("WAIVER_SAME_PERSON")
    at = tools.clock.now()
    day = decided_on or legal_day(at)
    if day > legal_day(at):
        raise WorkflowError("WAIVER_FUTURE", date=f"{day}")
    waiver = Waiver(code=code, approver=approver, reason=reason, decided_on=day, actor=actor, at=at)

    def decide(fresh: DossierRecord) -> Change | None:
        _check_open(fresh)
        components = tools.records.components(unit=fresh.unit, dossier_code=fresh.code)
        if any(c.code == code for c in components):
            raise WorkflowError("WAIVER_PRESENT", component=code)
        if any(_same_waiver(waiver, w) for w in fresh.keeping.waivers):
            return None
        return Change(
            fresh.keeping.model_copy(update={"waivers": (*fresh.keeping.waivers, waiver)}),
            fresh.stage,
            "component.waived",
            {"dossier_code": fresh.code, "component_code": code},
            {"waiver": told_by(waiver)},
        )

    return change(tools, dossier, actor, decide)


def link_true_copy(
    tools: Tools,
    dossier: DossierRecord,
    actor: Actor,
    *,
    true_copy: ComponentRecord,
    original: ComponentRecord | None,
    clerk: str,
    organisation: str,
) -> DossierRecord:
    """Flag a component as the scan of a true copy, and link the original's scan (R-1333-13).

    Args:
        tools: the ports.
        dossier: holds both.
        actor: who records it.
        true_copy: the scan of the paper that the RecordsClerk made.
        original: the scan of the fragile paper; None where that was not feasible.
        clerk: account of the RecordsClerk.
        organisation: which supplied the original: only of such papers true copies are made.

    Raises:
        ConfigError: `WORDS_INVALID`.
        WorkflowError: `TRUE_COPY_UNLIKE`: two papers of different types, or one linked to itself;
            `TRUE_COPY_LINKED`: one of them is in another link; `DOSSIER_CLOSED`.
    """
    clerk = checked_words(clerk, "clerk")
    link = TrueCopy(
        true_copy=true_copy.component_id,
        original=original.component_id if original else None,
        clerk=clerk,
        organisation=checked_words(organisation, "organisation"),
        actor=actor,
        at=tools.clock.now(),
    )
    if original is not None and (
        original.component_id == true_copy.component_id or original.code != true_copy.code
    ):
        raise WorkflowError("TRUE_COPY_UNLIKE")
    mine = {c for c in (link.true_copy, link.original) if c is not None}

    def decide(fresh: DossierRecord) -> Change | None:
        _check_open(fresh)
        for known in fresh.keeping.true_copies:
            if (known.true_copy, known.original) == (link.true_copy, link.original):
                return None
            if mine & {known.true_copy, known.original}:
                raise WorkflowError("TRUE_COPY_LINKED", component=shown(link.true_copy))
        subjects = {"dossier_code": fresh.code, "component_id": link.true_copy}
        if link.original is not None:
            subjects["original_id"] = link.original
        return Change(
            fresh.keeping.model_copy(update={"true_copies": (*fresh.keeping.true_copies, link)}),
            fresh.stage,
            "component.true_copy_linked",
            subjects,
            {"true_copy": told_by(link)},
        )

    return change(tools, dossier, actor, decide)


def ensure_there(dossier: DossierRecord) -> None:
    """Refuse what was destroyed by decision: it is not lost.

    Raises:
        NotFound: `DOSSIER_DESTROYED`.
    """
    if dossier.keeping.gone:
        raise NotFound("DOSSIER_DESTROYED", dossier=dossier.code)


def _check_open(dossier: DossierRecord) -> None:
    if dossier.keeping.approved:
        raise WorkflowError("DOSSIER_CLOSED")


def _same_waiver(one: Waiver, other: Waiver) -> bool:
    """The same act given again: by whom and when it was recorded does not matter."""
    return (one.code, one.approver, one.reason, one.decided_on) == (
        other.code,
        other.approver,
        other.reason,
        other.decided_on,
    )


def _event(
    action: str, subjects: dict[str, str], hashes: dict[str, str], actor: Actor, at: dt.datetime
) -> Event:
    return Event(
        event_id=digest("event", action, subjects, hashes),
        at=at,
        actor=actor,
        action=action,
        subjects=subjects,
        hashes=hashes,
    )
