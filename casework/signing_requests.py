"""Requests to sign elsewhere, whoever is asked: whose certificate may answer, until when, once.

A request that still holds is given again, not made anew, so that nothing that is already on its
way loses its worth. May not come in: what is signed (`outside_signing`, `outside_countersigning`),
cryptography.
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
from typing import Literal, Protocol

from pydantic import ValidationError

from pipeline.errors import CertificateRejected, NotFound, SigningRequestRefused
from pipeline.ids import digest
from pipeline.models.records import ComponentRecord
from pipeline.models.signing import PreparedSignature
from pipeline.models.signing_requests import OpenRequest, SigningRequest, SigningResponse
from pipeline.ports.signing import TwoStepSigner
from pipeline.run.work import Tools, Work
from pipeline.settings import Settings
from pipeline.sharing import BATCHES

LARGEST = 1024 * 1024
"""Bytes of a certificate file or a response: what is larger is neither."""
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)
_DER = b"\x30"
_SHELVED = "/stages/request/"
"""In the name of a shared request."""


class TwoStepTools(Tools, Protocol):
    """Ports that are needed."""

    @property
    def two_step(self) -> TwoStepSigner:
        """Signs with a key that Sohoa never sees."""
        ...


@dataclass(frozen=True, slots=True)
class Export:
    """One request, as handed out."""

    request: SigningRequest
    again: bool
    """It had been handed out before and still holds."""


# -- requests out ---------------------------------------------------------------------------


def own_first(settings: Settings, account: str, certificates: Sequence[bytes]) -> tuple[bytes, ...]:
    """The account's own certificate, then the others; only what the settings bind is theirs.

    Raises:
        CertificateRejected: `CERTIFICATE_NOT_OF_OFFICER`.
    """
    bound = settings.signing.officers.get(account, ())
    own = [one for one in certificates if hashlib.sha256(one).hexdigest() in bound]
    if not own:
        raise CertificateRejected("CERTIFICATE_NOT_OF_OFFICER")
    return (own[0], *(one for one in certificates if one != own[0]))


def still_holds(
    before: OpenRequest, content: str, chain: Sequence[bytes], at: dt.datetime, work: Work
) -> bool:
    """True where what was handed out can be answered as it is.

    Args:
        before: what was handed out last.
        content: digest of the file that is to be signed now.
        chain: certificate asked of now, and its issuers.
        at: now.
        work: the batch.
    """
    return (
        before.assembled == content
        and before.prepared.certificates[0] == chain[0]
        and before.request.expires_at > at
        and work.tools.workspace.sound(before.kept.sha256)
    )


def request_for(
    work: Work,
    prepared: PreparedSignature,
    account: str,
    at: dt.datetime,
    profile: Literal["intake", "archive"] = "intake",
) -> SigningRequest:
    """What goes to the device.

    Args:
        work: the batch.
        prepared: what it is to sign.
        account: whose key.
        at: now.
        profile: which signature.
    """
    days = work.tools.settings.signing.request_days
    return SigningRequest(
        request_id=digest("signing-request", prepared.document.sha256, prepared.digest),
        batch_id=work.batch_id,
        component_id=prepared.component_id,
        code=prepared.code,
        officer=account,
        profile=profile,
        certificate_sha256=hashlib.sha256(prepared.certificates[0]).hexdigest(),
        key_algorithm=prepared.key_algorithm,
        digest_algorithm=prepared.digest_algorithm,
        to_be_signed=prepared.to_be_signed,
        digest=prepared.digest,
        created_at=at,
        expires_at=at + dt.timedelta(days=days),
    )


# -- signatures in --------------------------------------------------------------------------


def check_answer(
    tools: Tools, handed_out: OpenRequest | None, response: SigningResponse
) -> OpenRequest:
    """What was handed out, where it is what is answered now, and by whom it may be.

    Raises:
        SigningRequestRefused: `SIGNING_REQUEST_UNKNOWN`, `SIGNING_REQUEST_OUTDATED`,
            `SIGNING_REQUEST_EXPIRED`.
        CertificateRejected: `CERTIFICATE_NOT_OF_OFFICER`.
    """
    if handed_out is None:
        raise SigningRequestRefused("SIGNING_REQUEST_UNKNOWN")
    request = handed_out.request
    if request.request_id != response.request_id:
        raise SigningRequestRefused("SIGNING_REQUEST_OUTDATED")
    if request.expires_at <= tools.clock.now():
        raise SigningRequestRefused("SIGNING_REQUEST_EXPIRED")
    own_first(tools.settings, request.officer, handed_out.prepared.certificates[:1])
    if response.certificate_sha256 != request.certificate_sha256:
        raise CertificateRejected("CERTIFICATE_NOT_OF_OFFICER")
    return handed_out


# -- what the archive is still asked for ----------------------------------------------------


def awaited(work: Work, *, surely: bool = False) -> Iterator[tuple[ComponentRecord, OpenRequest]]:
    """Requests to the archive about an archived batch that may still be answered.

    What has run out, was answered, or was overtaken by another revision is none.

    Args:
        work: the batch.
        surely: for who removes what is not awaited; see `Workspace.result`.

    Raises:
        ArchiveUnavailable: what is shared cannot be reached; only if `surely`.
    """
    tools = work.tools
    for component in tools.records.components(batch_id=work.batch_id):
        current = component.current
        if current is None or current.signature is None:
            continue
        handed_out = work.open_request(component.component_id, surely=surely)
        if handed_out is None or not _is_awaited(tools, handed_out, current.sha256):
            continue
        dossier = tools.records.dossier(component.dossier_code, component.unit)
        if not dossier.keeping.approved:
            yield component, handed_out


def handed_out_here(tools: Tools) -> tuple[Work, ...]:
    """Batches about which this home holds a request to the archive; it may have run out.

    They look at the local folder only.
    """
    return _works(tools, _held(tools), shared=False)


def handed_out_anywhere(tools: Tools) -> tuple[Work, ...]:
    """As `handed_out_here`, of all hosts that share; they look at what is shared.

    Raises:
        ArchiveUnavailable: what is shared cannot be reached.
    """
    shelved: set[str] = set()
    if tools.workspace.backing is not None:
        shelved = {
            file.name.removeprefix(BATCHES).partition("/")[0]
            for file in tools.workspace.backing.list(BATCHES)
            if is_shelved(file.name)
        }
    return _works(tools, _held(tools) | shelved, shared=True)


def is_shelved(name: str) -> bool:
    """True for the name of a request that hosts share."""
    return _SHELVED in name


def _is_awaited(tools: Tools, handed_out: OpenRequest, current: str) -> bool:
    return (
        handed_out.tail is not None
        and handed_out.assembled == current
        and handed_out.request.expires_at > tools.clock.now()
    )


def _held(tools: Tools) -> set[str]:
    held = tools.workspace.results("request", OpenRequest)
    return {one.request.batch_id for one in held if one.tail is not None}


def _works(tools: Tools, batch_ids: set[str], *, shared: bool) -> tuple[Work, ...]:
    found = []
    for batch_id in sorted(batch_ids):
        try:
            batch = tools.records.batch(batch_id).batch
            found.append(Work(tools=tools, batch=batch, shared=shared))
        except NotFound:
            continue  # of other records
    return tuple(found)


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
