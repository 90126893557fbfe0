"""Signing in two steps, where the officer's key is elsewhere: digest out, signature in.

A batch whose officer's key is not at hand waits (AWAITING_SIGNATURE) with all its components
assembled. `export` prepares a component, keeps what was prepared, and gives a request for the
officer's own device; `take_in` checks what comes back and makes the final bytes. Days and
restarts may lie between: the newest request of a component is kept in the workspace until the
component is signed. May not come in: what holds for every request (`signing_requests`),
cryptography (`pipeline.signatures`), walking the batch on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from casework.signing_requests import (
    Export,
    TwoStepTools,
    check_answer,
    own_first,
    request_for,
    still_holds,
)
from pipeline.errors import ChecksumMismatch, NotFound, SigningRequestRefused, WorkflowError
from pipeline.ids import shown
from pipeline.models.actors import Actor
from pipeline.models.batch import Batch, BatchState
from pipeline.models.components import Classified
from pipeline.models.events import Event
from pipeline.models.signing_requests import OpenRequest, SigningRequest, SigningResponse
from pipeline.run import making
from pipeline.run.work import Tools, Work


@dataclass(frozen=True, slots=True)
class Waiting:
    """A component that waits for its officer's signature."""

    work: Work
    component: Classified
    dossier_code: str
    handed_out: SigningRequest | None
    """The request that is on its way, None where there is none or it has run out."""


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
        chain = own_first(tools.settings, work.batch.actor.id, certificates)
        return tuple(_exported(tools, work, component, chain, actor) for component in wanted)


def _exported(
    tools: TwoStepTools, work: Work, component: Classified, chain: Sequence[bytes], actor: Actor
) -> Export:
    made = making.assembled(work, component)
    at = tools.clock.now()
    before = work.open_request(component.component_id)
    if before is not None and still_holds(before, made.file.sha256, chain, at, work):
        tools.records.append([_told(work, before, actor)])  # where the first was killed before
        return Export(before.request, again=True)
    document, prepared = tools.two_step.prepare(
        made,
        work.tools.workspace.path(made.file),
        making.capture_facts(work, component),
        at,
        chain,
    )
    work.tools.workspace.put(document, prepared.document.media_type)
    request = request_for(work, prepared, work.batch.actor.id, at)
    handed_out = OpenRequest(request=request, prepared=prepared, assembled=made.file.sha256)
    work.tools.workspace.publish("request", work.request_key(component.component_id), handed_out)
    tools.records.append([_told(work, handed_out, actor)])
    return Export(request, again=False)


def _told(work: Work, handed_out: OpenRequest, actor: Actor) -> Event:
    request = handed_out.request
    return work.event(
        "signature.requested",
        subjects={"component_id": request.component_id, "request_id": request.request_id},
        hashes={
            "certificate": request.certificate_sha256,
            "prepared": handed_out.prepared.document.sha256,
        },
        actor=actor,
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
    handed_out = check_answer(tools, handed_out, response)
    try:
        document = work.tools.workspace.whole(handed_out.prepared.document)
    except NotFound as error:
        raise SigningRequestRefused("SIGNING_REQUEST_UNKNOWN") from error
    data, info = tools.two_step.finish(
        handed_out.prepared, document, response.signature, tools.clock.now()
    )
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
