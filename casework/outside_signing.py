"""Signing in two steps, where the officer's key is elsewhere: digest out, signature in.

A batch whose officer's key is not at hand waits (AWAITING_SIGNATURE) with all its components
assembled. `export` prepares a component, keeps what was prepared, and gives a request for the
officer's own device; `take_in` checks what comes back and makes the final bytes. Days and
restarts may lie between: the newest request of a component is kept in the workspace until the
component is signed. A request that still holds is given again, not made anew, so that nothing
that is already on its way loses its worth. May not come in: cryptography
(`pipeline.signatures`), walking the batch on.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pydantic import ValidationError

from pipeline.errors import (
    CertificateRejected,
    ChecksumMismatch,
    NotFound,
    SigningRequestRefused,
    WorkflowError,
)
from pipeline.ids import digest, shown
from pipeline.models.actors import Actor
from pipeline.models.batch import Batch, BatchState
from pipeline.models.components import Classified
from pipeline.models.signing import PreparedSignature
from pipeline.models.signing_requests import OpenRequest, SigningRequest, SigningResponse
from pipeline.ports.signing import TwoStepSigner
from pipeline.run import making
from pipeline.run.work import Tools, Work

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)
_DER = b"\x30"
LARGEST = 1024 * 1024
"""Bytes of a certificate file or a response: what is larger is neither."""


class TwoStepTools(Tools, Protocol):
    """Ports that are needed."""

    @property
    def two_step(self) -> TwoStepSigner:
        """Signs with a key that Sohoa never sees."""
        ...


@dataclass(frozen=True, slots=True)
class Waiting:
    """A component that waits for its officer's signature."""

    work: Work
    component: Classified
    dossier_code: str
    handed_out: SigningRequest | None
    """The request that is on its way, None where there is none or it has run out."""


@dataclass(frozen=True, slots=True)
class Export:
    """One request, as handed out."""

    request: SigningRequest
    again: bool
    """It had been handed out before and still holds."""


def waiting(tools: Tools) -> Iterator[Waiting]:
    """Everything that waits for a signature, oldest batch first."""
    at = tools.clock.now()
    for record in tools.records.batches(state=BatchState.AWAITING_SIGNATURE):
        work = Work(tools=tools, batch=record.batch)
        for component in making.unsigned(work) if work.split() else ():
            handed_out = work.open_request(component.component_id)
            holds = handed_out is not None and handed_out.request.expires_at > at
            yield Waiting(
                work=work,
                component=component,
                dossier_code=tools.records.component(component.component_id).dossier_code,
                handed_out=handed_out.request if handed_out and holds else None,
            )


def all_signed(tools: Tools, batch: Batch) -> bool:
    """True where signatures from elsewhere came in, and none is waited for any more."""
    components = tools.records.components(batch_id=batch.batch_id)
    if all(component.current is None for component in components):
        return False
    work = Work(tools=tools, batch=batch)
    return work.split() is not None and not making.unsigned(work)


def batch_of(tools: Tools, given: str) -> tuple[Work, tuple[str, ...]]:
    """The batch of a batch's or component's id (or unique prefix), and which components are meant.

    Raises:
        NotFound: `SIGNING_TARGET_UNKNOWN`, `ID_AMBIGUOUS`.
    """
    try:
        batch = tools.records.batch(given).batch
        ids = tuple(c.component_id for c in tools.records.components(batch_id=batch.batch_id))
    except NotFound as error:
        if error.code == "ID_AMBIGUOUS":
            raise
        try:
            component = tools.records.component(given)
        except NotFound as missing:
            if missing.code == "ID_AMBIGUOUS":
                raise
            raise NotFound("SIGNING_TARGET_UNKNOWN") from missing
        batch = tools.records.batch(component.batch_id).batch
        ids = (component.component_id,)
    return Work(tools=tools, batch=batch), ids


# -- digest out -----------------------------------------------------------------------------


def export(
    tools: TwoStepTools, given: str, certificates: Sequence[bytes], actor: Actor
) -> tuple[Export, ...]:
    """Requests for the components of a batch that wait, or for one component.

    Args:
        tools: the ports.
        given: id of a batch or component, or a unique prefix.
        certificates: DER; the officer's and its issuers, in any order.
        actor: who asks.

    Raises:
        NotFound: see `batch_of`.
        WorkflowError: `NOTHING_TO_SIGN` where the batch or component does not wait.
        CertificateRejected: `CERTIFICATE_NOT_OF_OFFICER`; also what `TwoStepSigner.prepare` says.
        BatchBusy: another process works on the batch.
    """
    work, ids = batch_of(tools, given)
    with tools.workspace.working(), tools.claims.claim(work.batch_id):
        state = tools.records.batch(work.batch_id).state
        held = making.unsigned(work) if state is BatchState.AWAITING_SIGNATURE else ()
        wanted = [c for c in held if c.component_id in ids]
        if not wanted:
            raise WorkflowError("NOTHING_TO_SIGN", state=state.value)
        chain = _officers_first(work, certificates)
        return tuple(_exported(tools, work, component, chain, actor) for component in wanted)


def _officers_first(work: Work, certificates: Sequence[bytes]) -> tuple[bytes, ...]:
    """The officer's own certificate, then the others; only what the settings bind is theirs.

    Raises:
        CertificateRejected: `CERTIFICATE_NOT_OF_OFFICER`.
    """
    bound = work.tools.settings.signing.officers.get(work.batch.actor.id, ())
    own = [one for one in certificates if hashlib.sha256(one).hexdigest() in bound]
    if not own:
        raise CertificateRejected("CERTIFICATE_NOT_OF_OFFICER")
    return (own[0], *(one for one in certificates if one != own[0]))


def _exported(
    tools: TwoStepTools, work: Work, component: Classified, chain: Sequence[bytes], actor: Actor
) -> Export:
    made = making.assembled(work, component)
    at = tools.clock.now()
    before = work.open_request(component.component_id)
    if before is not None and _still_holds(before, made.file.sha256, chain, at, work):
        return Export(before.request, again=True)
    document, prepared = tools.two_step.prepare(
        made,
        work.tools.workspace.path(made.file),
        making.capture_facts(work, component),
        at,
        chain,
    )
    work.tools.workspace.put(document, prepared.document.media_type)
    handed_out = OpenRequest(
        request=_request(work, prepared, at), prepared=prepared, assembled=made.file.sha256
    )
    work.tools.workspace.publish("request", work.request_key(component.component_id), handed_out)
    request = handed_out.request
    tools.records.append(
        [
            work.event(
                "signature.requested",
                subjects={
                    "component_id": component.component_id,
                    "request_id": request.request_id,
                },
                hashes={
                    "certificate": request.certificate_sha256,
                    "prepared": prepared.document.sha256,
                },
                actor=actor,
            )
        ]
    )
    return Export(request, again=False)


def _still_holds(
    before: OpenRequest, assembled: str, chain: Sequence[bytes], at: dt.datetime, work: Work
) -> bool:
    return (
        before.assembled == assembled
        and before.prepared.certificates[0] == chain[0]
        and before.request.expires_at > at
        and work.tools.workspace.sound(before.prepared.document.sha256)
    )


def _request(work: Work, prepared: PreparedSignature, at: dt.datetime) -> SigningRequest:
    days = work.tools.settings.signing.request_days
    return SigningRequest(
        request_id=digest("signing-request", prepared.document.sha256, prepared.digest),
        batch_id=work.batch_id,
        component_id=prepared.component_id,
        code=prepared.code,
        officer=work.batch.actor.id,
        certificate_sha256=hashlib.sha256(prepared.certificates[0]).hexdigest(),
        key_algorithm=prepared.key_algorithm,
        digest_algorithm=prepared.digest_algorithm,
        to_be_signed=prepared.to_be_signed,
        digest=prepared.digest,
        created_at=at,
        expires_at=at + dt.timedelta(days=days),
    )


# -- signature in ---------------------------------------------------------------------------


def take_in(tools: TwoStepTools, response: SigningResponse, actor: Actor) -> tuple[Work, int]:
    """Check what came back, make the final bytes, commit them.

    The same answer given again, after a kill, is taken as long as the batch has not gone on.

    Returns:
        The batch, and how many of its components still wait; none: it may go on.

    Raises:
        NotFound: `COMPONENT_UNKNOWN`.
        SigningRequestRefused: `SIGNING_REQUEST_USED`, `SIGNING_REQUEST_UNKNOWN` (never handed out,
            or its bytes are gone), `SIGNING_REQUEST_OUTDATED` (a newer one was handed out),
            `SIGNING_REQUEST_EXPIRED`.
        CertificateRejected: `CERTIFICATE_NOT_OF_OFFICER`; also what `TwoStepSigner.finish` says.
        SignatureInvalid: `OUTSIDE_SIGNATURE_WRONG`.
        ChecksumMismatch: what was prepared changed on the disk.
        BatchBusy: another process works on the batch.
    """
    record = tools.records.component(response.component_id)
    work = Work(tools=tools, batch=tools.records.batch(record.batch_id).batch)
    with tools.workspace.working(), tools.claims.claim(work.batch_id):
        return work, _taken_in(tools, work, record.component_id, response, actor)


def _taken_in(
    tools: TwoStepTools, work: Work, component_id: str, response: SigningResponse, actor: Actor
) -> int:
    """How many components still wait."""
    state = tools.records.batch(work.batch_id).state
    if state is BatchState.ARCHIVED:  # and its workspace may be gone
        raise SigningRequestRefused("SIGNING_REQUEST_USED")
    open_ = {c.component_id: c for c in making.unsigned(work)}
    component = open_.get(component_id)
    handed_out = work.open_request(component_id)
    if component is None:
        if open_ or handed_out is None or handed_out.request.request_id != response.request_id:
            raise SigningRequestRefused("SIGNING_REQUEST_USED")
        return 0
    handed_out = _checked(tools, work, handed_out, response)
    try:
        document = work.tools.workspace.whole(handed_out.prepared.document)
    except NotFound as error:
        raise SigningRequestRefused("SIGNING_REQUEST_UNKNOWN") from error
    data, info = tools.two_step.finish(handed_out.prepared, document, response.signature)
    if info.certificate_sha256 != handed_out.request.certificate_sha256:
        raise ChecksumMismatch(component=shown(component_id))
    taken = work.event(
        "signature.received",
        subjects={"component_id": component_id, "request_id": response.request_id},
        hashes={"certificate": info.certificate_sha256},
        actor=actor,
    )
    making.commit_signed(work, component, data, info, [taken])
    return len(open_) - 1


def _checked(
    tools: Tools, work: Work, handed_out: OpenRequest | None, response: SigningResponse
) -> OpenRequest:
    """What was handed out, where it is what is answered now."""
    if handed_out is None:
        raise SigningRequestRefused("SIGNING_REQUEST_UNKNOWN")
    request = handed_out.request
    if request.request_id != response.request_id:
        raise SigningRequestRefused("SIGNING_REQUEST_OUTDATED")
    if request.expires_at <= tools.clock.now():
        raise SigningRequestRefused("SIGNING_REQUEST_EXPIRED")
    _officers_first(work, handed_out.prepared.certificates[:1])
    if response.certificate_sha256 != request.certificate_sha256:
        raise CertificateRejected("CERTIFICATE_NOT_OF_OFFICER")
    return handed_out


# -- files that people carry ----------------------------------------------------------------


def read_response(data: bytes) -> SigningResponse:
    """An answer as it came back.

    Raises:
        SigningRequestRefused: `SIGNING_RESPONSE_UNREADABLE`.
    """
    try:
        return SigningResponse.model_validate_json(data)
    except (ValidationError, ValueError, RecursionError) as error:
        raise SigningRequestRefused("SIGNING_RESPONSE_UNREADABLE") from error


def is_request(file: Path) -> bool:
    """True for what went out: it may lie beside what came back."""
    try:
        SigningRequest.model_validate_json(file.read_bytes()[:LARGEST])
    except (OSError, ValueError, RecursionError):
        return False
    return True


def read_certificates(data: bytes) -> tuple[bytes, ...]:
    """The certificates of a PEM file (or one in DER), as DER.

    Raises:
        CertificateRejected: `CERTIFICATE_UNREADABLE`.
    """
    if data.startswith(_DER):
        return (data,)
    try:
        found = tuple(
            base64.b64decode(b"".join(inner.split()), validate=True) for inner in _PEM.findall(data)
        )
    except binascii.Error as error:
        raise CertificateRejected("CERTIFICATE_UNREADABLE") from error
    if not found:
        raise CertificateRejected("CERTIFICATE_UNREADABLE")
    return found
