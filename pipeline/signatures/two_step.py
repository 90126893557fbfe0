"""The `TwoStepSigner`: digest out, signature in, with a key that never comes here.

May not come in: where the officer's device is, how the digest gets there.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from asn1crypto import x509
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from pipeline.errors import CertificateRejected, ChecksumMismatch, SignatureInvalid
from pipeline.models.components import CaptureFacts, ComponentPdf, SignatureInfo
from pipeline.models.signing import PreparedSignature
from pipeline.signatures.attained import Attained
from pipeline.signatures.certificates import check_certificate
from pipeline.signatures.devpki import is_development
from pipeline.signatures.finishing import Finisher, countersigned, info_of
from pipeline.signatures.keys import fits, issuers_of
from pipeline.signatures.preparing import Paper, StampProfile, prepare, prepare_counter
from pipeline.signatures.revocation import Known, stands
from pipeline.signatures.trust import TrustAnchors

_MOST_CERTIFICATES: Final = 8
_MOST_CERTIFICATE_BYTES: Final = 16 * 1024


class OutsideSigner:
    """Prepares and finishes signatures of any officer, and the archive's."""

    def __init__(
        self, profile: StampProfile, finisher: Finisher, trust: TrustAnchors, *, production: bool
    ) -> None:
        """Bind; in production only certificates of trusted roots may sign."""
        self._profile = profile
        self._finisher = finisher
        self._trust = trust
        self._production = production

    def prepare(
        self,
        component: ComponentPdf,
        pdf: Path,
        facts: CaptureFacts,
        at: dt.datetime,
        certificates: Sequence[bytes],
    ) -> tuple[bytes, PreparedSignature]:
        """See `pipeline.ports.signing.TwoStepSigner`.

        Raises:
            AlreadySigned, SigningError: as `HeldKeySigner.sign`.
            CertificateRejected: as there, and `CERTIFICATE_UNREADABLE`, `KEY_ALGORITHM`,
                `DEVELOPMENT_PKI_IN_PRODUCTION`, `CERTIFICATE_UNTRUSTED` (in production).
        """
        chain = self._fit_to_sign(certificates, at)
        return prepare(
            Paper(component, pdf, facts, at),
            chain,
            self._profile,
            timestamped=self._finisher.timestamps,
        )

    def prepare_counter(
        self,
        component: tuple[str, str],
        pdf: Path,
        at: dt.datetime,
        certificates: Sequence[bytes],
    ) -> tuple[bytes, PreparedSignature]:
        """See `pipeline.ports.signing.TwoStepSigner`.

        Raises:
            AlreadySigned: the archive has signed it.
            SignatureInvalid: it is not a sound file that Sohoa signed.
            CertificateRejected, SigningError: as `prepare`.
        """
        chain = self._fit_to_sign(certificates, at)
        return prepare_counter(
            pdf.read_bytes(),
            chain,
            self._profile.agency,
            at,
            timestamped=self._finisher.timestamps,
            named=component,
        )

    def finish(
        self, prepared: PreparedSignature, document: Path, signature: bytes, at: dt.datetime
    ) -> tuple[bytes, SignatureInfo]:
        """See `pipeline.ports.signing.TwoStepSigner`.

        Raises:
            ChecksumMismatch: `CHECKSUM_MISMATCH`.
            SignatureInvalid: `OUTSIDE_SIGNATURE_WRONG`.
            CertificateRejected: `CERTIFICATE_REVOKED`, `CERTIFICATE_EXPIRED`.
        """
        data, state = self._finished(prepared, document, signature, at)
        return data, info_of(prepared, state)

    def finish_counter(
        self,
        prepared: PreparedSignature,
        document: Path,
        signature: bytes,
        info: SignatureInfo,
        at: dt.datetime,
    ) -> tuple[bytes, SignatureInfo]:
        """See `pipeline.ports.signing.TwoStepSigner`.

        Raises:
            ChecksumMismatch, SignatureInvalid, CertificateRejected: as `finish`.
        """
        data, state = self._finished(prepared, document, signature, at)
        return data, countersigned(info, prepared, state)

    def _fit_to_sign(
        self, certificates: Sequence[bytes], at: dt.datetime
    ) -> tuple[x509.Certificate, ...]:
        """The signer's certificate and its issuers, as far as given.

        Raises:
            CertificateRejected: they may not sign at that moment.
        """
        own, *others = read_certificates(certificates)
        if self._production and is_development(own):
            raise CertificateRejected("DEVELOPMENT_PKI_IN_PRODUCTION")
        chain = (own, *issuers_of(own, others))
        check_certificate(own, at)
        if self._production:
            known = Known(tuple(others))
            asyncio.run(stands(own, self._trust.roots, known, at, None, statuses=False))
        self._finisher.check(chain, at, self._finisher.deadline())
        return chain

    def _finished(
        self, prepared: PreparedSignature, document: Path, signature: bytes, at: dt.datetime
    ) -> tuple[bytes, Attained]:
        data = document.read_bytes()
        if hashlib.sha256(data).hexdigest() != prepared.document.sha256:
            raise ChecksumMismatch()
        chain = read_certificates(prepared.certificates)
        check_certificate(chain[0], at)
        encoded = _as_der(prepared, chain[0], signature)
        if not fits(chain[0], prepared.to_be_signed, encoded):
            raise SignatureInvalid("OUTSIDE_SIGNATURE_WRONG")
        deadline = self._finisher.deadline()
        self._finisher.check(chain, prepared.signed_at, deadline)
        return self._finisher.finished(prepared, data, encoded, deadline)


def read_certificates(encoded: Sequence[bytes]) -> tuple[x509.Certificate, ...]:
    """Certificates from DER.

    Raises:
        CertificateRejected: `CERTIFICATE_UNREADABLE`.
    """
    if not 0 < len(encoded) <= _MOST_CERTIFICATES or any(
        len(one) > _MOST_CERTIFICATE_BYTES for one in encoded
    ):
        raise CertificateRejected("CERTIFICATE_UNREADABLE")
    try:
        read = tuple(x509.Certificate.load(one, strict=True) for one in encoded)
        for certificate in read:
            certificate.native  # noqa: B018
    except (ValueError, TypeError, KeyError) as error:
        raise CertificateRejected("CERTIFICATE_UNREADABLE") from error
    return read


def _as_der(prepared: PreparedSignature, certificate: x509.Certificate, signature: bytes) -> bytes:
    """ECDSA as DER, whichever of its two shapes it came in."""
    if prepared.key_algorithm != "ec":
        return signature
    half = (certificate.public_key.bit_size + 7) // 8
    if len(signature) != 2 * half or fits(certificate, prepared.to_be_signed, signature):
        return signature
    r, s = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
    return encode_dss_signature(r, s)
