"""The `ComponentSigner` of a key that is held: prepares, signs and finishes in one go.

May not come in: where the key lies (`keys`, `token_keys`), whose it is (`book`).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from pathlib import Path

from asn1crypto import x509

from pipeline.errors import SignatureInvalid
from pipeline.models.base import Box
from pipeline.models.components import CaptureFacts, ComponentPdf, SignatureInfo
from pipeline.models.copies import CopyKind
from pipeline.models.signing import PreparedSignature
from pipeline.models.stamps import StampSize
from pipeline.signatures.attained import Attained
from pipeline.signatures.certificates import check_certificate, common_name
from pipeline.signatures.devpki import is_development
from pipeline.signatures.finishing import Finisher, countersigned, info_of
from pipeline.signatures.keys import HeldKey, fits
from pipeline.signatures.preparing import (
    Paper,
    StampProfile,
    copy_size,
    prepare,
    prepare_copy,
    prepare_counter,
)
from pipeline.signatures.profiles import ELECTRONIC_COPY


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
    def fingerprint(self) -> str:
        """SHA-256 of the certificate."""
        return hashlib.sha256(self._key.certificate.dump()).hexdigest()

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

    def copy_size(self, kind: CopyKind, at: dt.datetime) -> StampSize:
        """Room that the words of a copy need on page one."""
        return copy_size(kind, self._key.certificate, self._profile, at)

    def sign_copy(
        self, pdf: Path, kind: CopyKind, at: dt.datetime, room: Box | None
    ) -> tuple[bytes, SignatureInfo]:
        """An electronic copy of what an officer signed, for the agency (NĐ 30/2020, Phụ lục I).

        Args:
            pdf: the file; it is not changed.
            kind: of the copy.
            at: moment of signing.
            room: where page one is free (`copy_size`), page points; None: nowhere, the corner.

        Returns:
            The file with the agency's signature appended, and that signature.

        Raises:
            SignatureInvalid: the file is not what Sohoa signed, or the result does not verify.
            AlreadySigned: it is a copy.
            CertificateRejected, KeyUnavailable: as `sign`.
        """
        before = pdf.read_bytes()

        def prepared() -> tuple[bytes, PreparedSignature]:
            return prepare_copy(
                before,
                kind,
                self.certificates,
                self._profile,
                at,
                room,
                timestamped=self._finisher.timestamps,
            )

        data, made, state = self._appended(before, at, prepared)
        own = state.of(ELECTRONIC_COPY.field)
        if own is None:
            raise SignatureInvalid()
        return data, info_of(made, state).model_copy(update={"level": own.level})

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
        before = pdf.read_bytes()

        def prepared() -> tuple[bytes, PreparedSignature]:
            return prepare_counter(
                before,
                self.certificates,
                self._profile.agency,
                at,
                timestamped=self._finisher.timestamps,
            )

        data, made, state = self._appended(before, at, prepared)
        return data, countersigned(info, made, state)

    def _appended(
        self,
        before: bytes,
        at: dt.datetime,
        prepared: Callable[[], tuple[bytes, PreparedSignature]],
    ) -> tuple[bytes, PreparedSignature, Attained]:
        """A signature behind those of a file, with what the file has reached by it."""
        check_certificate(self._key.certificate, at)
        deadline = self._finisher.deadline()
        self._finisher.check(self.certificates, at, deadline)
        document, made = prepared()
        signature = self._key.sign(made.to_be_signed)
        if not fits(self._key.certificate, made.to_be_signed, signature):
            raise SignatureInvalid()
        data, state = self._finisher.finished(made, document, signature, deadline)
        if not data.startswith(before):
            raise SignatureInvalid()
        return data, made, state
