"""Transfers, holds, waivers and destructions as JSON, and in words for people.

May not come in: deciding, storing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.messages import Messages
from app.presenting import Json, instant
from pipeline.ids import LEGAL_ZONE, shown
from pipeline.models.keeping import Disposal, Hold, RetentionTerm
from pipeline.models.records import DossierRecord

if TYPE_CHECKING:
    from casework.destruction import Destruction
    from casework.transfer import Transfer


def transfer_json(one: Transfer) -> Json:
    """One object of `transfer`."""
    return {
        "dossier_code": one.dossier_code,
        "stage": one.stage.value,
        "retention": one.term.code if one.term else None,
        "until": _until(one.term),
        "defects": [d.model_dump(mode="json") for d in one.defects],
        "locks_set": one.locks_set,
        "locks_failed": list(one.locks_failed),
    }


def transfer_lines(one: Transfer, messages: Messages) -> Iterator[str]:
    """A transfer, as text: done with its term, or what is lacking."""
    if one.done:
        until = one.term.until if one.term else None
        when = f"{until:%d/%m/%Y}" if until else messages.text("keeping_for_ever")
        yield messages.text("transferred", dossier=one.dossier_code, until=when)
        if one.locks_failed:
            yield "  " + messages.text("locks_later", count=len(one.locks_failed))
        return
    yield messages.text("transfer_defects", dossier=one.dossier_code)
    for defect in one.defects:
        words = messages.label(f"transfer_defect.{defect.code}")
        yield f"  ! {words} {defect.subject[:64]}".rstrip()


def hold_json(dossier: DossierRecord, hold: Hold) -> Json:
    """One hold of `hold`."""
    return {
        "dossier_code": dossier.code,
        "hold_id": hold.hold_id,
        "open": hold.open,
        "reason": hold.reason,
        "actor": hold.actor.id,
        "at": instant(hold.at),
        "lifted_by": hold.lift.actor.id if hold.lift else None,
        "lifted_at": instant(hold.lift.at) if hold.lift else None,
        "lift_reason": hold.lift.reason if hold.lift else None,
    }


def hold_line(dossier: DossierRecord, hold: Hold, messages: Messages) -> str:
    """One hold, as text."""
    return messages.text(
        "hold_open" if hold.open else "hold_lifted",
        dossier=dossier.code,
        hold=shown(hold.hold_id),
        actor=hold.actor.id,
        day=hold.at.astimezone(LEGAL_ZONE).strftime("%d/%m/%Y"),
        reason=hold.reason,
    )


def keeping_json(dossier: DossierRecord) -> Json:
    """What is known of a dossier's keeping, in the words of `waive` and `truecopy`."""
    keeping = dossier.keeping
    return {
        "dossier_code": dossier.code,
        "waived": [
            {
                "code": w.code,
                "approver": w.approver,
                "reason": w.reason,
                "decided_on": f"{w.decided_on}",
                "actor": w.actor.id,
                "at": instant(w.at),
            }
            for w in keeping.waivers
        ],
        "true_copies": [
            {
                "true_copy": c.true_copy,
                "original": c.original,
                "clerk": c.clerk,
                "organisation": c.organisation,
                "actor": c.actor.id,
                "at": instant(c.at),
            }
            for c in keeping.true_copies
        ],
    }


def destruction_json(one: Destruction) -> Json:
    """One object of `destroy`."""
    return {
        "dossier_code": one.dossier_code,
        "state": _state(one.disposal),
        "reason": one.disposal.reason,
        "decision": one.disposal.decision,
        "proposed_by": one.disposal.proposed_by.id,
        "approved_by": one.disposal.approved_by.id if one.disposal.approved_by else None,
        "removed": one.removed,
        "left": one.left,
        "not_before": instant(one.not_before) if one.not_before else None,
        "elsewhere": one.elsewhere,
        "certificate": one.disposal.certificate.model_dump(mode="json")
        if one.disposal.certificate
        else None,
    }


def destruction_lines(one: Destruction, messages: Messages) -> Iterator[str]:
    """A destruction, as text, and who has to do what next."""
    state = _state(one.disposal)
    yield messages.text(
        "destruction", dossier=one.dossier_code, state=messages.label(f"destruction.{state}")
    )
    if one.left:
        day = one.not_before
        when = day.astimezone(LEGAL_ZONE).strftime("%d/%m/%Y") if day else "–"
        yield "  " + messages.text("destruction_left", left=one.left, day=when)
    if one.disposal.certificate is not None:
        yield "  " + messages.text(
            "destruction_certificate", place=one.disposal.certificate.object_key
        )
    if one.elsewhere is None:
        yield "  " + messages.text("destruction_second_silent")
    elif one.elsewhere:
        yield "  " + messages.text("destruction_elsewhere", count=one.elsewhere)


def _state(disposal: Disposal) -> str:
    if disposal.certificate is not None:
        return "DESTROYED"
    if disposal.inventory is not None:
        return "BEGUN"
    return "APPROVED" if disposal.approved else "PROPOSED"


def _until(term: RetentionTerm | None) -> str | None:
    return f"{term.until}" if term and term.until else None
