"""What waits for a signature, requests, answers, copies, as JSON and as lines for people. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.messages import Messages
from app.presenting import Json, error_json, instant
from pipeline.errors import SohoaError
from pipeline.ids import LEGAL_ZONE, shown
from pipeline.models.signing_requests import SigningRequest
from pipeline.textnorm import printable

if TYPE_CHECKING:
    from casework.copying import ElectronicCopy
    from casework.outside_countersigning import Asked
    from casework.outside_signing import Waiting
    from casework.signing_requests import Export
    from flows.outside import TakenIn
    from pipeline.models.records import ComponentRecord


def waiting_json(one: Waiting) -> Json:
    """One object of `sign list`."""
    batch, request = one.work.batch, one.handed_out
    return {
        "batch_id": batch.batch_id,
        "source": batch.source,
        "dossier_code": one.dossier_code,
        "officer": batch.actor.id,
        "component_id": one.component.component_id,
        "code": one.component.code,
        "pages": list(one.component.pages),
        "profile": "intake",
        "request_id": request.request_id if request else None,
        "expires_at": instant(request.expires_at) if request else None,
    }


def waiting_line(one: Waiting, messages: Messages) -> str:
    """One component that waits, as text."""
    batch, request = one.work.batch, one.handed_out
    line = messages.text(
        "unsigned",
        batch=shown(batch.batch_id),
        dossier=one.dossier_code,
        officer=batch.actor.id,
        component=shown(one.component.component_id),
        code=one.component.code,
    )
    if request is None:
        return line
    return f"{line}  {messages.text('request_out', until=_day(request))}"


def awaited_json(component: ComponentRecord, request: SigningRequest) -> Json:
    """One object of `sign list`: the archive's signature is awaited."""
    return {
        "batch_id": component.batch_id,
        "source": None,
        "dossier_code": component.dossier_code,
        "officer": request.officer,
        "component_id": component.component_id,
        "code": component.code,
        "pages": list(component.pages),
        "profile": request.profile,
        "request_id": request.request_id,
        "expires_at": instant(request.expires_at),
    }


def awaited_line(component: ComponentRecord, request: SigningRequest, messages: Messages) -> str:
    """The same, as text."""
    line = messages.text(
        "uncountersigned",
        dossier=component.dossier_code,
        officer=request.officer,
        component=shown(component.component_id),
        code=component.code,
    )
    return f"{line}  {messages.text('request_out', until=_day(request))}"


def asked_json(one: Asked, file: str | None, messages: Messages) -> Json:
    """One object of `sign counter` where the key is elsewhere."""
    request = one.export.request if one.export is not None else None
    return {
        "dossier_code": one.component.dossier_code,
        "component_id": one.component.component_id,
        "batch_id": one.component.batch_id,
        "code": one.component.code,
        "officer": request.officer if request else None,
        "request_id": request.request_id if request else None,
        "expires_at": instant(request.expires_at) if request else None,
        "again": one.export.again if one.export is not None else None,
        "file": file,
        "error": None
        if one.problem is None
        else error_json(messages.problem(one.problem), one.problem.code),
    }


def asked_lines(one: Asked, file: str | None, messages: Messages) -> Iterator[str]:
    """The same, as text."""
    if one.export is not None and file is not None:
        yield exported_line(one.export, file, messages)
    if one.problem is not None:
        rendered = messages.problem(one.problem)
        yield f"{one.component.dossier_code} [{shown(one.component.component_id)}]:"
        yield f"  {rendered.message} {rendered.advice}".rstrip()


def exported_json(one: Export, file: str) -> Json:
    """One object of `sign export`."""
    request = one.request
    return {
        "component_id": request.component_id,
        "batch_id": request.batch_id,
        "officer": request.officer,
        "request_id": request.request_id,
        "expires_at": instant(request.expires_at),
        "again": one.again,
        "file": file,
    }


def exported_line(one: Export, file: str, messages: Messages) -> str:
    """One request, as text."""
    return messages.text(
        "request_again" if one.again else "request_made", file=file, until=_day(one.request)
    )


def taken_in_json(taken: TakenIn) -> Json:
    """One object of `sign import`, where the batch waits for further signatures."""
    return {
        "component_id": taken.component_id,
        "batch_id": taken.batch_id,
        "state": "AWAITING_SIGNATURE",
        "waiting": taken.waiting,
        "error": None,
    }


def taken_in_line(taken: TakenIn, messages: Messages) -> str:
    """The same, as text."""
    return messages.text(
        "signature_taken", component=shown(taken.component_id), count=taken.waiting
    )


def refused_json(file: str, error: SohoaError, messages: Messages) -> Json:
    """An answer that was not taken in."""
    return {
        "component_id": None,
        "batch_id": None,
        "state": None,
        "waiting": None,
        "error": error_json(messages.error(error), error.code),
    } | {"file": file}


def copy_json(one: ElectronicCopy, file: str) -> Json:
    """One object of `sign copy`."""
    made = one.signature
    return {
        "dossier_code": one.dossier_code,
        "component_id": one.component_id,
        "code": one.code,
        "kind": one.kind.value,
        "for": one.purpose.value,
        "request": one.request,
        "file": file,
        "sha256": one.sha256,
        "size": one.size,
        "archived_sha256": one.archived,
        "signature": {
            "level": made.level.value,
            "signer": made.signer,
            "signed_at": instant(made.signed_at),
            "page": made.page,
            "box": made.box.as_list(),
        },
        "free": one.free,
    }


def copy_lines(one: ElectronicCopy, file: str, messages: Messages) -> Iterator[str]:
    """A copy, as text, and what to look at before it is handed over."""
    made = one.signature
    yield messages.text(
        "copy_made",
        kind=messages.label(f"copy_kind.{one.kind.value}"),
        component=shown(one.component_id),
        code=one.code,
        file=printable(file),
        signer=made.signer,
        level=made.level.value,
    )
    if not one.free:
        yield "  " + messages.text("copy_over_ink")


def _day(request: SigningRequest) -> str:
    return request.expires_at.astimezone(LEGAL_ZONE).strftime("%d/%m/%Y %H:%M")
