"""Counter-signing in two steps, where the archive's key is elsewhere: digest out, signature in.

`export` prepares the archive's signature over an archived revision and keeps only what it appends,
not the file; `take_in` puts both together again when the signature comes, checks it, and archives
what a dossier has got at once as new revisions. Days and restarts may lie between. A revision that
came meanwhile (a raised level, another's counter-signature) makes the request worthless: it is
refused, and another one is given. May not come in: what holds for every request
(`signing_requests`), how a revision is published (`revising`), cryptography.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from casework.augmenting import Augmentation, Outcome, told
from casework.keeping import ensure_there
from casework.revising import PDF, Made, Reviser, Settled, Signed
from casework.signing_requests import (
    Export,
    TwoStepTools,
    check_answer,
    own_first,
    request_for,
    still_holds,
)
from pipeline.errors import (
    ArchiveUnavailable,
    CertificateRejected,
    ChecksumMismatch,
    ConfigError,
    NotFound,
    SignatureInvalid,
    SigningRequestRefused,
    SohoaError,
    WorkflowError,
)
from pipeline.models.actors import Actor
from pipeline.models.batch import BatchState, Problem
from pipeline.models.events import Event
from pipeline.models.records import ComponentRecord, DossierRecord
from pipeline.models.signing_requests import OpenRequest, SigningResponse
from pipeline.run.work import Tools, Work

_ACTION = "component.countersigned"


@dataclass(frozen=True, slots=True)
class Asked:
    """A component that the archive is to sign."""

    component: ComponentRecord
    export: Export | None
    problem: Problem | None = None
    """Why there is no request."""


# -- digest out -----------------------------------------------------------------------------


def export(
    tools: TwoStepTools,
    actor: Actor,
    dossiers: Iterable[DossierRecord],
    certificates: Sequence[bytes],
    *,
    limit: int | None = None,
) -> Iterator[Asked]:
    """Requests for what the archive has not signed yet; those that still hold are given again.

    A component that fails does not stop the others, nor does a dossier that cannot be settled: it
    is told of each component that was signed.

    Args:
        tools: the ports.
        actor: who asks.
        dossiers: where to look.
        certificates: DER; the archive's and its issuers, in any order.
        limit: no more requests than this; None: all.

    Raises:
        ConfigError: `ARCHIVE_KEY_NOT_SET`: nobody has said whose key is the archive's.
        CertificateRejected: `CERTIFICATE_NOT_OF_OFFICER`; also what `TwoStepSigner.prepare_counter`
            says: it is so for every component.
        ArchiveUnavailable: the archive is down.
    """
    account = tools.settings.signing.archive
    if account is None:
        raise ConfigError("ARCHIVE_KEY_NOT_SET", key="signing.archive")
    chain = own_first(tools.settings, account, certificates)
    reviser, left = Reviser(tools, actor, _ACTION), limit
    for dossier in dossiers:
        with tools.workspace.working():
            found = _asked_of(tools, reviser, dossier, chain, account, left)
        yield from found
        left = None if left is None else left - _given(found)
        if left == 0:
            return


def _asked_of(
    tools: TwoStepTools,
    reviser: Reviser,
    dossier: DossierRecord,
    chain: Sequence[bytes],
    account: str,
    limit: int | None,
) -> list[Asked]:
    """What is due in a dossier, until so many requests are given; what failed counts for none."""
    try:
        settled = reviser.settle(dossier)
    except ArchiveUnavailable:
        raise
    except SohoaError as error:
        problem = Problem.of(error)
        return [Asked(one.component, None, problem) for one in reviser.signed(dossier)]
    found: list[Asked] = []
    for one in settled.components:
        if limit is not None and _given(found) >= limit:
            break
        if one.info.counter is None:
            found.append(_asked(tools, reviser, one, chain, account))
    return found


def _given(found: Iterable[Asked]) -> int:
    return sum(one.export is not None for one in found)


def _asked(
    tools: TwoStepTools, reviser: Reviser, one: Signed, chain: Sequence[bytes], account: str
) -> Asked:
    try:
        return Asked(one.component, _exported(tools, reviser, one, chain, account))
    except (ArchiveUnavailable, CertificateRejected):
        raise
    except SohoaError as error:
        return Asked(one.component, None, Problem.of(error))


def _exported(
    tools: TwoStepTools, reviser: Reviser, one: Signed, chain: Sequence[bytes], account: str
) -> Export:
    component, at = one.component, tools.clock.now()
    work = Work(tools=tools, batch=tools.records.batch(component.batch_id).batch)
    with tools.claims.claim(work.batch_id):
        before = work.open_request(component.component_id)
        if (
            before is not None
            and before.request.officer == account
            and still_holds(before, one.revision.sha256, chain, at, work)
        ):
            tools.records.append([_requested(reviser, before)])  # the first may have been killed
            return Export(before.request, again=True)
        with reviser.fetched(one) as archived:
            named = (component.component_id, component.code)
            document, prepared = tools.two_step.prepare_counter(named, archived, at, chain)
            if not document.startswith(archived.read_bytes()):
                raise SignatureInvalid()
        tail = work.tools.workspace.put(document[one.revision.size :], PDF)
        handed_out = OpenRequest(
            request=request_for(work, prepared, account, at, "archive"),
            prepared=prepared,
            assembled=one.revision.sha256,
            tail=tail,
        )
        key = work.request_key(component.component_id)
        work.tools.workspace.publish("request", key, handed_out)
        tools.records.append([_requested(reviser, handed_out)])
        return Export(handed_out.request, again=False)


def _requested(reviser: Reviser, handed_out: OpenRequest) -> Event:
    request = handed_out.request
    return reviser.event(
        "signature.requested",
        subjects={
            "batch_id": request.batch_id,
            "component_id": request.component_id,
            "request_id": request.request_id,
        },
        hashes={
            "certificate": request.certificate_sha256,
            "prepared": handed_out.prepared.document.sha256,
            "previous": handed_out.assembled,
        },
    )


# -- signature in ---------------------------------------------------------------------------


def is_for_archive(tools: Tools, response: SigningResponse) -> bool:
    """True where an answer is about what is archived: no officer is asked for that any more.

    Raises:
        NotFound: `COMPONENT_UNKNOWN`.
    """
    component = tools.records.component(response.component_id)
    return tools.records.batch(component.batch_id).state is BatchState.ARCHIVED


def take_in(
    tools: TwoStepTools,
    dossier: DossierRecord,
    responses: Sequence[SigningResponse],
    actor: Actor,
) -> tuple[Augmentation | SohoaError, ...]:
    """Check what came back for a dossier, and archive what is good with one manifest.

    One that is refused does not stop the others. The same answers given again, after a kill, only
    finish what was committed.

    Returns:
        Of each answer, in order, what became of its component, or what is wrong with it:
            NotFound: `COMPONENT_UNKNOWN`, `DOSSIER_DESTROYED`, `OBJECT_MISSING`.
            WorkflowError: `DOSSIER_CLOSED`: its destruction is approved.
            SigningRequestRefused: `SIGNING_REQUEST_USED`, `SIGNING_REQUEST_UNKNOWN` (never handed
                out, or its bytes are gone), `SIGNING_REQUEST_OUTDATED` (a newer one was handed
                out), `SIGNING_REQUEST_EXPIRED`, `SIGNING_REQUEST_OVERTAKEN` (by another revision,
                or another account is the archive's now).
            CertificateRejected: `CERTIFICATE_NOT_OF_OFFICER`; also what
                `TwoStepSigner.finish_counter` says.
            SignatureInvalid: `OUTSIDE_SIGNATURE_WRONG`; the request stays open.
            ChecksumMismatch: what was archived or kept changed.
            ArchiveError: may be repeated with the same answers.
    """
    reviser = Reviser(tools, actor, _ACTION)
    try:
        ensure_there(dossier)
        if dossier.keeping.approved:
            raise WorkflowError("DOSSIER_CLOSED")
        settled = reviser.settle(dossier)
        found = [_completed(tools, reviser, settled, response) for response in responses]
        made = [one for one in found if isinstance(one, Made)]
        stored = reviser.publish(dossier, made) if made else frozenset()
    except SohoaError as error:
        return tuple(error for _ in responses)
    now = Settled(reviser.signed(dossier), resumed=False)
    return tuple(_told(one, now, stored) for one in found)


def _completed(
    tools: TwoStepTools, reviser: Reviser, settled: Settled, response: SigningResponse
) -> Made | Signed | SohoaError:
    """The next revision, yet to be published; or what a killed run had committed."""
    try:
        return _complete(tools, reviser, settled, response)
    except SohoaError as error:
        return error


def _complete(
    tools: TwoStepTools, reviser: Reviser, settled: Settled, response: SigningResponse
) -> Made | Signed:
    component = tools.records.component(response.component_id)
    one = _found(settled.components, component.component_id)
    if one is None:
        raise SigningRequestRefused("SIGNING_REQUEST_UNKNOWN")
    work = Work(tools=tools, batch=tools.records.batch(component.batch_id).batch)
    handed_out = work.open_request(component.component_id)
    if one.info.counter is not None:
        ours = one.info.counter.certificate_sha256 == response.certificate_sha256
        if settled.resumed and ours and _answers(handed_out, response):
            return one
        raise SigningRequestRefused("SIGNING_REQUEST_USED")
    if handed_out is None or handed_out.tail is None:  # nothing, or what the officer was asked for
        raise SigningRequestRefused(_without_request(one, response))
    if handed_out.request.officer != tools.settings.signing.archive:
        raise SigningRequestRefused("SIGNING_REQUEST_OVERTAKEN")
    handed_out = check_answer(tools, handed_out, response)
    if handed_out.assembled != one.revision.sha256:
        raise SigningRequestRefused("SIGNING_REQUEST_OVERTAKEN")
    return _made(tools, reviser, one, work, handed_out, response)


def _told(
    completed: Made | Signed | SohoaError, now: Settled, stored: frozenset[str]
) -> Augmentation | SohoaError:
    """What became of an answer; one whose revision another run took first was overtaken."""
    if isinstance(completed, SohoaError):
        return completed
    base = completed.base if isinstance(completed, Made) else completed
    one = _found(now.components, base.component.component_id)
    if one is None:
        return WorkflowError("DOSSIER_CLOSED")
    if isinstance(completed, Signed) or one.component.component_id in stored:
        return told(one, Outcome.COUNTERSIGNED)
    overtaken = one.info.counter is None
    return SigningRequestRefused(
        "SIGNING_REQUEST_OVERTAKEN" if overtaken else "SIGNING_REQUEST_USED"
    )


def _made(
    tools: TwoStepTools,
    reviser: Reviser,
    one: Signed,
    work: Work,
    handed_out: OpenRequest,
    response: SigningResponse,
) -> Made:
    """The archived bytes, what was prepared behind them, and the signature in its place."""
    tail = handed_out.kept
    try:
        appended = work.tools.workspace.whole(tail).read_bytes()
    except NotFound as error:
        raise SigningRequestRefused("SIGNING_REQUEST_UNKNOWN") from error
    with reviser.fetched(one) as archived:
        document = _joined(archived, appended)
        data, info = tools.two_step.finish_counter(
            handed_out.prepared, document, response.signature, one.info, tools.clock.now()
        )
        if not data.startswith(archived.read_bytes()):
            raise SignatureInvalid()
    certificate = info.counter.certificate_sha256 if info.counter is not None else None
    if certificate != handed_out.request.certificate_sha256:
        raise ChecksumMismatch()
    received = reviser.event(
        "signature.received",
        subjects={
            "batch_id": work.batch_id,
            "component_id": one.component.component_id,
            "request_id": response.request_id,
        },
        hashes={"certificate": certificate},
    )
    return Made(one, work.tools.workspace.put(data, PDF), info, (received,))


def _joined(archived: Path, appended: bytes) -> Path:
    """The archived file with what follows it, in the same scratch folder."""
    document = archived.with_name("prepared.pdf")
    document.write_bytes(archived.read_bytes() + appended)
    return document


def _found(components: Iterable[Signed], component_id: str) -> Signed | None:
    return next((one for one in components if one.component.component_id == component_id), None)


def _without_request(one: Signed, response: SigningResponse) -> str:
    """What an answer is that nothing is open for: late, of the officer, or nobody's."""
    officers = response.certificate_sha256 == one.info.certificate_sha256
    return "SIGNING_REQUEST_USED" if officers else "SIGNING_REQUEST_UNKNOWN"


def _answers(handed_out: OpenRequest | None, response: SigningResponse) -> bool:
    return handed_out is not None and handed_out.request.request_id == response.request_id
