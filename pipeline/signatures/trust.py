"""Whom signatures are trusted to, and since when they existed.

Certificates' chains are followed to given roots with what the file itself brings (certificates,
revocation data), and with what authorities say now where
`ask` is told to. May not come in: integrity of the file, the verdict.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from asn1crypto import cms, pem, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.generic_cms import extract_tst_data_iter
from pyhanko.sign.validation.pdf_embedded import (
    async_validate_pdf_signature,
    async_validate_pdf_timestamp,
)
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.status import PdfSignatureStatus, TimestampSignatureStatus
from pyhanko.sign.validation.utils import CMSAlgorithmUsagePolicy
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.policy_decl import DisallowWeakAlgorithmsPolicy

from pipeline.errors import CertificateRejected, ConfigError, SohoaError, TimestampError
from pipeline.signatures.certificates import SIGNING_USES, key_of, weak_digest
from pipeline.signatures.copies import holds_altered_copy
from pipeline.signatures.integrity import ReadSignature
from pipeline.signatures.revocation import Asking, Known, stands
from pipeline.signatures.store import read_store
from pipeline.signatures.verdicts import Reason

_ANY: Final = DisallowWeakAlgorithmsPolicy(
    frozenset(), frozenset(), rsa_key_size_threshold=0, dsa_key_size_threshold=0
)
_ANY_DIGEST: Final = CMSAlgorithmUsagePolicy.lift_policy(_ANY)
"""Weak algorithms are judged for integrity and named, not refused."""
_LARGEST_PEM: Final = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class TrustAnchors:
    """Roots that signatures may end at."""

    roots: tuple[x509.Certificate, ...] = ()
    development: tuple[x509.Certificate, ...] = ()
    """Those of `roots` that belong to the development PKI."""
    revocation_required: bool = False
    """True in production: without revocation data a verdict stays open."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known about the signer of one signature."""

    trusted: bool
    development: bool
    timestamped_at: dt.datetime | None
    reasons: tuple[Reason, ...]
    weak: tuple[str, ...] = ()
    """Algorithms in the chain that no longer suffice."""


@dataclass(frozen=True, slots=True)
class _Proof:
    """A timestamp over a signature."""

    at: dt.datetime
    trusted: bool


def read_pem(path: Path) -> tuple[x509.Certificate, ...]:
    """Certificates of a PEM or DER file.

    Raises:
        ConfigError: `TRUST_UNREADABLE`.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_PEM)
        bodies = (
            [body for kind, _, body in pem.unarmor(data, multiple=True) if kind == "CERTIFICATE"]
            if pem.detect(data)
            else [data]
        )
        certificates = tuple(x509.Certificate.load(body) for body in bodies)
        for certificate in certificates:
            certificate.native  # noqa: B018
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError("TRUST_UNREADABLE", file=path.name) from error
    if not certificates:
        raise ConfigError("TRUST_UNREADABLE", file=path.name)
    return certificates


class Standings:
    """Judges the signers of one file."""

    def __init__(self, reader: PdfFileReader, trust: TrustAnchors, at: dt.datetime) -> None:
        """Read the file's own validation data once."""
        self._trust = trust
        self._at = at
        store = read_store(reader)
        self.has_security_store = store is not None
        self._known = store or Known()
        self._asked = False

    async def ask(self, signatures: Sequence[ReadSignature], asking: Asking) -> None:
        """Add to what the file brings what authorities say now about its signers.

        Whoever does not answer leaves it at what the file brings.
        """
        self._asked = True
        for signature in signatures:
            embedded = signature.opened
            known = Known((*self._known.certificates, *embedded.other_embedded_certs))
            with contextlib.suppress(SohoaError):
                await stands(
                    embedded.signer_cert,
                    self._trust.roots,
                    known,
                    self._at,
                    asking,
                    timestamping=signature.is_timestamp,
                )
        taken = asking.taken
        self._known = Known(
            self._known.certificates,
            (*self._known.ocsps, *taken.ocsps),
            (*self._known.crls, *taken.crls),
        )

    def stores(self, certificate: x509.Certificate) -> bool:
        """True where the validation data hold a certificate."""
        return self._known.holds(certificate)

    async def of(
        self,
        signature: ReadSignature,
        later: Sequence[ReadSignature],
        claimed: dt.datetime | None,
    ) -> Standing:
        """The standing of a signature's signer.

        Args:
            signature: an intact signature (not a document timestamp).
            later: document timestamps that cover it, in the order of their revisions.
            claimed: when the signer says that they signed.
        """
        outer, until = await self._over(later)
        first = await self._validated(signature, self._at)
        inner = await self._proof_of(first.timestamp_validity, until)
        damaged = _is_damaged(first.timestamp_validity) or self.altered(signature)
        intact = sorted((*inner, *outer), key=lambda p: p.at)
        proven = next((p for p in intact if p.trusted), None)
        reasons = [Reason.INTEGRITY_BROKEN] if damaged else []
        if proven is None:
            reasons.append(Reason.TIME_UNPROVEN)
            if intact:
                reasons.append(Reason.TIMESTAMP_UNTRUSTED)
        at = proven.at if proven is not None else self._at
        status = first if proven is None else await self._validated(signature, at)
        if status.trusted:
            reasons.extend(await self._revocation(signature, at))
        else:
            reasons.extend(_distrust(status, at, claimed if proven is not None else None))
        weak = _weak_in(status)
        reasons.extend(weak.values())
        anchor = _anchor(status)
        return Standing(
            trusted=bool(status.trusted),
            development=any(anchor == root.sha256 for root in self._trust.development),
            timestamped_at=intact[0].at if intact else None,
            reasons=tuple(reasons),
            weak=tuple(weak),
        )

    async def _over(self, later: Sequence[ReadSignature]) -> tuple[list[_Proof], dt.datetime]:
        """What document timestamps prove, and until when what they cover must have stood.

        The outermost must be good now; each one shows that what it covers existed before the
        certificates of its own makers may have ended (ETSI EN 319 102-1, 5.6.3).
        """
        proofs, until = [], self._at
        for timestamp in reversed(later):
            for proof in await self._proof(timestamp, until):
                proofs.append(proof)
                until = min(until, proof.at) if proof.trusted else until
        return proofs, until

    async def _validated(
        self, signature: ReadSignature, at: dt.datetime, *, strict: bool = False
    ) -> PdfSignatureStatus:
        """The signer at a moment; a timestamp within the signature at its own.

        Statuses that say nothing of a chain (of other signers, or too old) say nothing against it:
        then the chain is judged without. `strict`: every certificate must be shown to stand.
        """
        stamped = _made(signature) or at

        async def ask(*, signer: bool, stamp: bool) -> PdfSignatureStatus:
            return await async_validate_pdf_signature(
                signature.opened,
                signer_validation_context=self._context(
                    signature, at, strict=strict, statuses=signer
                ),
                ts_validation_context=self._context(signature, stamped, statuses=stamp),
                key_usage_settings=KeyUsageConstraints(key_usage=set(SIGNING_USES)),
                skip_diff=True,
                algorithm_policy=_ANY_DIGEST,
            )

        status = await ask(signer=True, stamp=True)
        signer, stamp = strict or not _undecided(status), not _undecided(status.timestamp_validity)
        return status if signer and stamp else await ask(signer=signer, stamp=stamp)

    async def _proof(self, timestamp: ReadSignature, until: dt.datetime) -> tuple[_Proof, ...]:
        if not timestamp.sound:
            return ()
        at = _stated(timestamp.opened.signed_data)

        async def ask(*, statuses: bool) -> TimestampSignatureStatus:
            return await async_validate_pdf_timestamp(
                timestamp.opened,
                validation_context=self._context(timestamp, at, statuses=statuses),
                skip_diff=True,
            )

        status = await ask(statuses=True)
        return await self._proof_of(
            await ask(statuses=False) if _undecided(status) else status, until
        )

    async def _proof_of(
        self, status: TimestampSignatureStatus | None, until: dt.datetime
    ) -> tuple[_Proof, ...]:
        """What a timestamp proves: its authority stood when it was made, and it lasts."""
        found = _token(status)
        if status is not None and any(proof.trusted for proof in found):
            lasts = await self._lasts(status, until)
            return tuple(replace(proof, trusted=lasts) for proof in found)
        return found

    async def _lasts(self, status: TimestampSignatureStatus, until: dt.datetime) -> bool:
        """No certificate of its chain had ended by a moment, or is known to be revoked then."""
        path = [one for one in status.validation_path or () if isinstance(one, x509.Certificate)]
        if any(one.not_valid_after < until for one in path):
            return False
        known = Known((*self._known.certificates, *path), self._known.ocsps, self._known.crls)
        try:
            await stands(
                status.signing_cert, self._trust.roots, known, until, None, timestamping=True
            )
        except CertificateRejected:
            return False
        except TimestampError:  # old statuses say nothing against it
            return True
        return True

    def altered(self, signature: ReadSignature) -> bool:
        """True where a certificate that comes along with a signature is an altered copy."""
        embedded = signature.opened
        tokens = extract_tst_data_iter(embedded.signer_info, signed=False)
        return holds_altered_copy(
            (
                *self._trust.roots,
                *self._known.certificates,
                embedded.signer_cert,
                *embedded.other_embedded_certs,
                *(one for token in tokens for one in _carried(token)),
            )
        )

    async def _revocation(self, signature: ReadSignature, at: dt.datetime) -> tuple[Reason, ...]:
        """Whether the file brings revocation data for the whole chain."""
        if self._asked or self.has_security_store or _brings_revocation(signature):
            strict = await self._validated(signature, at, strict=True)
            if strict.trusted:
                return ()
        if self._trust.revocation_required:
            return (Reason.REVOCATION_REQUIRED,)
        return (Reason.REVOCATION_UNKNOWN,)

    def _context(
        self,
        signature: ReadSignature,
        at: dt.datetime,
        *,
        strict: bool = False,
        statuses: bool = True,
    ) -> ValidationContext:
        """What is known, seen from a moment; a later status speaks for an earlier moment, too.

        Authorities forget certificates that have ended, so in strict contexts a status must be
        from the signer's certificate's lifetime.
        """
        embedded = signature.opened
        known = self._known if statuses else Known(self._known.certificates)
        if strict:
            known = known.until(embedded.signer_cert.not_valid_after)
        return ValidationContext(
            trust_roots=list(self._trust.roots),
            other_certs=[*known.certificates, *embedded.other_embedded_certs],
            moment=at,
            allow_fetching=False,
            ocsps=list(known.ocsps),
            crls=list(known.crls),
            revocation_mode="require" if strict else "soft-fail",
            retroactive_revinfo=True,
            algorithm_usage_policy=_ANY,
        )


def _undecided(status: PdfSignatureStatus | TimestampSignatureStatus | None) -> bool:
    """True where a chain failed, maybe for want of a status and nothing else."""
    if status is None or status.trusted or status.revocation_details is not None:
        return False
    problem = getattr(status.trust_problem_indic, "name", "")
    return problem in ("CERTIFICATE_CHAIN_GENERAL_FAILURE", "TRY_LATER")


def _is_damaged(status: TimestampSignatureStatus | None) -> bool:
    return status is not None and not (status.intact and status.valid)


def _carried(token: cms.SignedData) -> tuple[x509.Certificate, ...]:
    return tuple(one.chosen for one in token["certificates"] if one.name == "certificate")


def _made(signature: ReadSignature) -> dt.datetime | None:
    """When the timestamp within a signature says it was made."""
    tokens = extract_tst_data_iter(signature.opened.signer_info, signed=False)
    return next((_stated(token) for token in tokens), None)


def _stated(token: cms.SignedData) -> dt.datetime:
    stated: dt.datetime = token["encap_content_info"]["content"].parsed["gen_time"].native
    return stated


def _token(status: TimestampSignatureStatus | None) -> tuple[_Proof, ...]:
    if status is None or not (status.intact and status.valid):
        return ()
    return (_Proof(at=status.timestamp, trusted=bool(status.trusted)),)


def _brings_revocation(signature: ReadSignature) -> bool:
    attributes = signature.embedded.signer_info["signed_attrs"] if signature.embedded else ()
    return any(a["type"].native == "adobe_revocation_info_archival" for a in attributes)


def _weak_in(status: PdfSignatureStatus) -> dict[str, Reason]:
    """Weak algorithms of the certificates between the root and the signer."""
    path = status.validation_path if status.trusted else None
    found: dict[str, Reason] = {}
    if path is None:
        return found
    for one in path:
        if isinstance(one, x509.Certificate) and one.sha256 != path.first.sha256:
            if name := weak_digest(str(one["signature_algorithm"].hash_algo)):
                found[name] = Reason.WEAK_DIGEST
            key, weak = key_of(one)
            if weak:
                found[key] = Reason.WEAK_KEY
    return found


def _anchor(status: PdfSignatureStatus) -> bytes | None:
    path = status.validation_path
    if not status.trusted or path is None:
        return None
    return bytes(path.first.sha256) if path.pkix_len else bytes(status.signing_cert.sha256)


def _distrust(
    status: PdfSignatureStatus, at: dt.datetime, claimed: dt.datetime | None
) -> tuple[Reason, ...]:
    """Why a chain is not accepted, and whether it is proven to have been so at signing.

    That signing came later than expiry or revocation is proven by a trusted timestamp over the
    content, made before signing (ETSI EN 319 102-1, 5.2.6 and 5.5), or where the signer's own
    words and a trusted timestamp over the signature agree on it (`claimed`, else None).
    """
    certificate = status.signing_cert
    content = next(iter(_token(status.content_timestamp_validity)), None)
    earliest = content.at if content is not None and content.trusted else None
    if status.revocation_details is not None:
        revoked = status.revocation_details.revocation_date
        before = any(t is not None and revoked <= t for t in (earliest, claimed))
        return (Reason.REVOKED_BEFORE_SIGNING if before else Reason.REVOKED,)
    problem = getattr(status.trust_problem_indic, "name", "")
    if problem == "NO_CERTIFICATE_CHAIN_FOUND":
        return (Reason.UNTRUSTED,)
    if at < certificate.not_valid_before:
        return (Reason.CERTIFICATE_NOT_YET_VALID,)
    if at > certificate.not_valid_after:
        after = any(t is not None and t > certificate.not_valid_after for t in (earliest, claimed))
        return (Reason.EXPIRED_BEFORE_SIGNING if after else Reason.CERTIFICATE_EXPIRED,)
    if problem == "CHAIN_CONSTRAINTS_FAILURE":
        return (Reason.UNTRUSTED, Reason.CERTIFICATE_USAGE)
    return (Reason.UNTRUSTED,)
