"""The `ComponentSigner` of a key that is held: prepares, signs and finishes in one go.

May not come in: where the key lies (`keys`, `token_keys`), whose it is (`book`).
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from asn1crypto import x509

from pipeline.errors import SignatureInvalid
from pipeline.models.components import CaptureFacts, ComponentPdf, SignatureInfo
from pipeline.signatures.certificates import check_certificate, common_name
from pipeline.signatures.devpki import is_development
from pipeline.signatures.finishing import Finisher, countersigned
from pipeline.signatures.keys import HeldKey, fits
from pipeline.signatures.preparing import (
    Paper,
    StampProfile,
    prepare,
    prepare_copy,
    prepare_counter,
)
from pipeline.signatures.profiles import CopyKind


class HeldKeySigner:
    """Signs with one key."""

    def __init__(self, key: HeldKey, profile: StampProfile, finisher: Finisher) -> None:
        """Bind to a key and a look."""
        self._key = key
        self._profile = profile
        self._finisher = finisher

    @property
    def signer(self) -> str:
        """Common name of the certificate."""
        return common_name(self._key.certificate)

    @property
    def development(self) -> bool:
        """True for the development PKI."""
        return is_development(self._key.certificate)

    @property
    def validity(self) -> tuple[dt.datetime, dt.datetime]:
        """First and last moment the certificate may sign."""
        certificate = self._key.certificate
        return certificate.not_valid_before, certificate.not_valid_after

    @property
    def certificates(self) -> tuple[x509.Certificate, ...]:
        """The holder's, then its issuers."""
        return (self._key.certificate, *self._key.chain)

    def sign(
        self, component: ComponentPdf, pdf: Path, facts: CaptureFacts, at: dt.datetime
    ) -> tuple[bytes, SignatureInfo]:
        """See `pipeline.ports.signing.ComponentSigner`.

        Raises:
            AlreadySigned: the file carries a filled signature field.
            CertificateRejected: `CERTIFICATE_EXPIRED`, `CERTIFICATE_NOT_YET_VALID` at that moment,
                `CERTIFICATE_USAGE` (may not sign), `CERTIFICATE_REVOKED`.
            KeyUnavailable: the key cannot be reached now.
            SigningError: `SIGNING_INPUT_UNREADABLE`.
            SignatureInvalid: the result does not verify.
        """
        check_certificate(self._key.certificate, at)
        deadline = self._finisher.deadline()
        self._finisher.check(self.certificates, at, deadline)
        document, prepared = prepare(
            Paper(component, pdf, facts, at),
            self.certificates,
            self._profile,
            timestamped=self._finisher.timestamps,
        )
        signature = self._key.sign(prepared.to_be_signed)
        if not fits(self._key.certificate, prepared.to_be_signed, signature):
            raise SignatureInvalid()
        return self._finisher.finish(prepared, document, signature, deadline)

    def sign_copy(
        self, component: ComponentPdf, pdf: Path, kind: CopyKind, at: dt.datetime
    ) -> tuple[bytes, SignatureInfo]:
        """An electronic copy of paper, signed for the agency (NĐ 30/2020, Phụ lục I).

        Args:
            component: what is signed; its boxes to keep clear are.
            pdf: its file; it is not changed.
            kind: of the copy.
            at: moment of signing.

        Raises:
            As `sign`.
        """
        check_certificate(self._key.certificate, at)
        deadline = self._finisher.deadline()
        self._finisher.check(self.certificates, at, deadline)
        document, prepared = prepare_copy(
            component,
            pdf,
            kind,
            self.certificates,
            self._profile,
            at,
            timestamped=self._finisher.timestamps,
        )
        signature = self._key.sign(prepared.to_be_signed)
        if not fits(self._key.certificate, prepared.to_be_signed, signature):
            raise SignatureInvalid()
        return self._finisher.finish(prepared, document, signature, deadline)

    def countersign(
        self, pdf: Path, info: SignatureInfo, at: dt.datetime
    ) -> tuple[bytes, SignatureInfo]:
        """A file that an officer signed, with this key's signature appended, invisible.

        Args:
            pdf: the file; it is not changed.
            info: the officer's signature, as recorded.
            at: moment of signing.

        Raises:
            SignatureInvalid: the file is not what Sohoa signed, or the result does not verify.
            AlreadySigned: it is counter-signed.
            CertificateRejected, KeyUnavailable: as `sign`.
        """
        check_certificate(self._key.certificate, at)
        deadline = self._finisher.deadline()
        self._finisher.check(self.certificates, at, deadline)
        before = pdf.read_bytes()
        document, prepared = prepare_counter(
            before,
            self.certificates,
            self._profile.agency,
            at,
            timestamped=self._finisher.timestamps,
        )
        signature = self._key.sign(prepared.to_be_signed)
        if not fits(self._key.certificate, prepared.to_be_signed, signature):
            raise SignatureInvalid()
        data, state = self._finisher.finished(prepared, document, signature, deadline)
        if not data.startswith(before):
            raise SignatureInvalid()
        return data, countersigned(info, prepared, state)
