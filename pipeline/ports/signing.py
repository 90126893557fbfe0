"""Ports of signing: making a signature, raising it, and judging those that came with a file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from pipeline.models.base import Box
from pipeline.models.components import (
    CaptureFacts,
    ComponentPdf,
    FoundSignature,
    SignatureInfo,
)
from pipeline.models.copies import CopyKind
from pipeline.models.signing import PreparedSignature
from pipeline.models.stamps import StampSize


class ComponentSigner(Protocol):
    """Stamps and signs one component file (PAdES); the only way to final bytes."""

    @property
    def signer(self) -> str:
        """Common name of the certificate."""
        ...

    @property
    def development(self) -> bool:
        """True for the development PKI."""
        ...

    def sign(
        self, component: ComponentPdf, pdf: Path, facts: CaptureFacts, at: dt.datetime
    ) -> tuple[bytes, SignatureInfo]:
        """Signed bytes; the file at `pdf` is not changed.

        The level is the one that is set, or B-B where the authorities that it needs do not answer
        in time: `SignatureInfo.level` says which, and an `Augmenter` raises it later.

        Args:
            component: what is signed.
            pdf: its file.
            facts: officer and time for the stamp.
            at: moment of signing.

        Raises:
            AlreadySigned, KeyUnavailable, CertificateRejected, SignatureInvalid.
        """
        ...


class SignerBook(Protocol):
    """Whose key signs: every officer has their own, and nobody's stands in for another's."""

    def of(self, officer: str) -> ComponentSigner:
        """The signer of an officer; may open a key.

        Args:
            officer: account of the officer who scanned.

        Raises:
            KeyUnavailable: `KEY_OF_OFFICER_MISSING` where no key of this officer is held here:
                the batch waits (AWAITING_SIGNATURE) and is signed in two steps, elsewhere or
                later. Other codes mean a token that cannot be reached now: try again.
            CertificateRejected, ConfigError, MissingToolError.
        """
        ...


class Augmenter(Protocol):
    """Raises signatures to the level that is set, by appending; signed bytes stay as they are."""

    def due(self, info: SignatureInfo, at: dt.datetime) -> bool:
        """True where a signature is below the level that is set, or its last seal soon expires.

        Always false where no timestamp authority is set.
        """
        ...

    def augment(self, pdf: Path, info: SignatureInfo) -> tuple[bytes, SignatureInfo]:
        """The file's bytes and what was appended, with what the signature is now.

        Args:
            pdf: a file that Sohoa signed; it is not changed.
            info: its signature, as recorded.

        Raises:
            TimestampError: the timestamp authority, an OCSP responder or a CRL cannot be reached
                or gives no usable answer; nothing is lost, try again.
            CertificateRejected: `CERTIFICATE_REVOKED`; a seal would not help any more.
            SignatureInvalid: the file's signature is broken, or the result does not verify.
        """
        ...


class CopySigner(Protocol):
    """Signs electronic copies of what officers signed, for the agency (NĐ 30/2020)."""

    def copy_size(self, kind: CopyKind, at: dt.datetime) -> StampSize:
        """Room that the words of a copy need on page one.

        Raises:
            KeyUnavailable, CertificateRejected, ConfigError, MissingToolError: of the key.
        """
        ...

    def sign_copy(
        self, pdf: Path, kind: CopyKind, at: dt.datetime, room: Box | None
    ) -> tuple[bytes, SignatureInfo]:
        """The file with the agency's signature appended at the top right, and that signature.

        Args:
            pdf: a file that Sohoa signed; it is not changed.
            kind: of the copy.
            at: moment of signing.
            room: where page one is free, page points; None: nowhere, it stands in the corner.

        Raises:
            AlreadySigned: it is a copy.
            SignatureInvalid: it is not a sound file that Sohoa signed.
            KeyUnavailable, CertificateRejected, ConfigError, MissingToolError: of the key.
        """
        ...


class Timestamps(Protocol):
    """Timestamps (RFC 3161) over data of any kind, by its SHA-256."""

    @property
    def available(self) -> bool:
        """True where an authority is set; responses can be read in any case."""
        ...

    def stamp(self, sha256: str) -> bytes:
        """A response (DER of TimeStampResp) over a digest, by a trusted authority.

        Raises:
            TimestampError: no authority is set, it does not answer, or with nothing of use.
        """
        ...

    def read(self, response: bytes, sha256: str) -> dt.datetime:
        """When a response says that the data existed.

        Args:
            response: as kept; may be anything.
            sha256: of the data.

        Raises:
            TimestampError: `TIMESTAMP_UNUSABLE`: no sound timestamp over this digest;
                `TIMESTAMP_UNTRUSTED`: of an authority that is not trusted.
        """
        ...

    def ensure_stood(self, response: bytes, sha256: str) -> None:
        """Ask whether the authority's certificate was revoked when it stamped.

        Args:
            response: as kept; may be anything.
            sha256: of the data.

        Raises:
            TimestampError: as `read`; `TIMESTAMP_REVOKED`: it was; `REVOCATION_UNAVAILABLE`:
                nobody says so now, or the certificate has ended, of which nobody speaks any more.
        """
        ...


class TwoStepSigner(Protocol):
    """Signs with a key that Sohoa never sees: digest out, signature in."""

    def prepare(
        self,
        component: ComponentPdf,
        pdf: Path,
        facts: CaptureFacts,
        at: dt.datetime,
        certificates: Sequence[bytes],
    ) -> tuple[bytes, PreparedSignature]:
        """The stamped document with an empty signature, and what is to be signed outside.

        The caller keeps both (`PreparedSignature.document` names the bytes) until the signature
        comes back; nothing else may be signed meanwhile for this component.

        Args:
            component: what is signed.
            pdf: its file; it is not changed.
            facts: officer and time for the stamp.
            at: moment of signing, as the stamp says it.
            certificates: DER; the officer's, then its issuers as far as they are known.

        Raises:
            AlreadySigned, CertificateRejected (also `CERTIFICATE_UNREADABLE`, `KEY_ALGORITHM`).
        """
        ...

    def finish(
        self, prepared: PreparedSignature, document: Path, signature: bytes, at: dt.datetime
    ) -> tuple[bytes, SignatureInfo]:
        """Signed bytes, raised to the level that is set (or B-B, as `ComponentSigner.sign`).

        Args:
            prepared: of `prepare`.
            document: file with the bytes of `prepare`; it is not changed.
            signature: what the officer's device made of `prepared.to_be_signed`. ECDSA may be DER
                or plain (r and s, each as long as the curve).
            at: now.

        Raises:
            SignatureInvalid: `OUTSIDE_SIGNATURE_WRONG`: not made by this key over these bytes;
                `prepared` stays good for another try.
            ChecksumMismatch: the document is not the prepared one.
            CertificateRejected: ended or revoked meanwhile.
        """
        ...

    def prepare_counter(
        self,
        component: tuple[str, str],
        pdf: Path,
        at: dt.datetime,
        certificates: Sequence[bytes],
    ) -> tuple[bytes, PreparedSignature]:
        """The file with an empty signature of the archive appended, and what is to be signed.

        The caller keeps what follows the file's own bytes until the signature comes back.

        Args:
            component: its id and code.
            pdf: its archived file; it is not changed.
            at: moment of asking, which the signature tells.
            certificates: DER; the archive's, then its issuers as far as they are known.

        Raises:
            AlreadySigned: the archive has signed it.
            SignatureInvalid: it is not a sound file that Sohoa signed.
            CertificateRejected: as `prepare`.
        """
        ...

    def finish_counter(
        self,
        prepared: PreparedSignature,
        document: Path,
        signature: bytes,
        info: SignatureInfo,
        at: dt.datetime,
    ) -> tuple[bytes, SignatureInfo]:
        """The counter-signed file at the best level that can be had now, and what is recorded.

        Args:
            prepared: of `prepare_counter`.
            document: file with the bytes of `prepare_counter`; it is not changed.
            signature: as of `finish`.
            info: the officer's signature, as recorded.
            at: now.

        Raises:
            SignatureInvalid, ChecksumMismatch: as `finish`.
            CertificateRejected: as `finish`.
        """
        ...


class SignatureJudge(Protocol):
    """Looks at the signatures of a file that came signed."""

    def found(self, pdf: Path) -> tuple[FoundSignature, ...]:
        """All signatures with integrity and trust; never raises for a bad signature."""
        ...

    def is_broken(self, pdf: Path) -> bool:
        """True where what was signed was changed since, or a signature does not hold."""
        ...
