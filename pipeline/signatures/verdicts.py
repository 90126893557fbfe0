"""What is said about a signed file, and the rule that turns reasons into a verdict.

Pure (architecture §9, `verify`). May not come in: PDF, cryptography, records.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, Literal

from pipeline.models.base import Instant, Model, Sha256
from pipeline.models.components import FoundSignature, SignatureLevel


class Outcome(StrEnum):
    """The verdict (ETSI EN 319 102-1: TOTAL-PASSED, TOTAL-FAILED, INDETERMINATE)."""

    VALID = "VALID"
    INVALID = "INVALID"
    INDETERMINATE = "INDETERMINATE"


class Modification(StrEnum):
    """What was appended after a signature."""

    NONE = "none"
    VALIDATION_DATA = "validation_data"
    """Certificates, revocation data, document timestamps."""
    SIGNATURES = "signatures"
    """Further filled signature fields, and nothing else."""
    OTHER = "other"
    """Anything that changes the paper: never allowed."""


class Reason(StrEnum):
    """Why a verdict is what it is; rendered for people at the edge."""

    UNREADABLE_PDF = "UNREADABLE_PDF"
    SIGNATURE_UNREADABLE = "SIGNATURE_UNREADABLE"
    INTEGRITY_BROKEN = "INTEGRITY_BROKEN"
    COVERAGE_BROKEN = "COVERAGE_BROKEN"
    """The signed byte range does not hold a whole revision."""
    MODIFIED_AFTER_SIGNING = "MODIFIED_AFTER_SIGNING"
    UNSIGNED_TAIL = "UNSIGNED_TAIL"
    SIGNATURE_REMOVED = "SIGNATURE_REMOVED"
    """An earlier revision of the file held a signature that is gone."""
    SIGNATURE_MISSING = "SIGNATURE_MISSING"
    """None where one is expected."""
    EXPIRED_BEFORE_SIGNING = "EXPIRED_BEFORE_SIGNING"
    REVOKED_BEFORE_SIGNING = "REVOKED_BEFORE_SIGNING"
    UNKNOWN_REVISION = "UNKNOWN_REVISION"
    """A known component with bytes of no recorded revision."""
    FIXITY_CHANGED = "FIXITY_CHANGED"
    FIXITY_LOST = "FIXITY_LOST"
    FIXITY_UNREADABLE = "FIXITY_UNREADABLE"
    """The archive answers, but its drive does not give these bytes."""
    LEDGER_BROKEN = "LEDGER_BROKEN"
    RECORD_MISMATCH = "RECORD_MISMATCH"
    """Level, signer or number of signatures differ from the records."""

    NO_SIGNATURE = "NO_SIGNATURE"
    """None, and none was expected of an unknown file."""
    ENCRYPTED = "ENCRYPTED"
    UNTRUSTED = "UNTRUSTED"
    CERTIFICATE_EXPIRED = "CERTIFICATE_EXPIRED"
    CERTIFICATE_NOT_YET_VALID = "CERTIFICATE_NOT_YET_VALID"
    CERTIFICATE_USAGE = "CERTIFICATE_USAGE"
    REVOKED = "REVOKED"
    """Revoked, but not proven to be so before signing."""
    REVOCATION_REQUIRED = "REVOCATION_REQUIRED"
    """No revocation data where the office demands them."""
    WEAK_DIGEST = "WEAK_DIGEST"
    WEAK_KEY = "WEAK_KEY"
    """RSA below 2048 bits, an elliptic curve below 224 (ETSI TS 119 312)."""
    SUBFILTER_UNSUPPORTED = "SUBFILTER_UNSUPPORTED"
    TOO_MANY_SIGNATURES = "TOO_MANY_SIGNATURES"
    TOO_MANY_REVISIONS = "TOO_MANY_REVISIONS"
    """More than are looked at: nothing is said about its signatures."""
    TOO_COSTLY = "TOO_COSTLY"
    """Judging it would take more time or memory than is given to any file."""
    NOT_ARCHIVED = "NOT_ARCHIVED"
    """The component has no bytes in the archive yet."""

    TIME_UNPROVEN = "TIME_UNPROVEN"
    TIMESTAMP_UNTRUSTED = "TIMESTAMP_UNTRUSTED"
    REVOCATION_UNKNOWN = "REVOCATION_UNKNOWN"
    DEVELOPMENT_SIGNATURE = "DEVELOPMENT_SIGNATURE"
    DAMAGED_XREF = "DAMAGED_XREF"
    SUPERSEDED_REVISION = "SUPERSEDED_REVISION"
    """A true earlier revision of a component that has a newer one."""
    STAMP_NOT_TOP_LEFT = "STAMP_NOT_TOP_LEFT"
    ELECTRONIC_COPY = "ELECTRONIC_COPY"
    """A copy of an archived file that this archive gave out."""


INVALIDATING = frozenset(
    {
        Reason.UNREADABLE_PDF,
        Reason.SIGNATURE_UNREADABLE,
        Reason.INTEGRITY_BROKEN,
        Reason.COVERAGE_BROKEN,
        Reason.MODIFIED_AFTER_SIGNING,
        Reason.UNSIGNED_TAIL,
        Reason.SIGNATURE_REMOVED,
        Reason.SIGNATURE_MISSING,
        Reason.EXPIRED_BEFORE_SIGNING,
        Reason.REVOKED_BEFORE_SIGNING,
        Reason.UNKNOWN_REVISION,
        Reason.FIXITY_CHANGED,
        Reason.FIXITY_LOST,
        Reason.FIXITY_UNREADABLE,
        Reason.LEDGER_BROKEN,
        Reason.RECORD_MISMATCH,
    }
)
DOUBTFUL = frozenset(
    {
        Reason.NO_SIGNATURE,
        Reason.ENCRYPTED,
        Reason.UNTRUSTED,
        Reason.CERTIFICATE_EXPIRED,
        Reason.CERTIFICATE_NOT_YET_VALID,
        Reason.CERTIFICATE_USAGE,
        Reason.REVOKED,
        Reason.REVOCATION_REQUIRED,
        Reason.WEAK_DIGEST,
        Reason.WEAK_KEY,
        Reason.SUBFILTER_UNSUPPORTED,
        Reason.TOO_MANY_SIGNATURES,
        Reason.TOO_MANY_REVISIONS,
        Reason.TOO_COSTLY,
        Reason.NOT_ARCHIVED,
    }
)


def outcome_of(reasons: Iterable[Reason]) -> Outcome:
    """INVALID where anything proves it, INDETERMINATE where anything is open, else VALID."""
    given = set(reasons)
    if given & INVALIDATING:
        return Outcome.INVALID
    return Outcome.INDETERMINATE if given & DOUBTFUL else Outcome.VALID


class Conclusion(Model):
    """The same verdict for experts, in the words of ETSI EN 319 102-1, 5.1.3 and table 5."""

    indication: Literal["TOTAL-PASSED", "TOTAL-FAILED", "INDETERMINATE"]
    sub_indication: str | None = None


_SUB_INDICATIONS: Final = {
    Reason.UNREADABLE_PDF: "FORMAT_FAILURE",
    Reason.SIGNATURE_UNREADABLE: "FORMAT_FAILURE",
    Reason.COVERAGE_BROKEN: "FORMAT_FAILURE",
    Reason.MODIFIED_AFTER_SIGNING: "FORMAT_FAILURE",
    Reason.UNSIGNED_TAIL: "FORMAT_FAILURE",
    Reason.SIGNATURE_REMOVED: "FORMAT_FAILURE",
    Reason.INTEGRITY_BROKEN: "HASH_FAILURE",
    Reason.REVOKED_BEFORE_SIGNING: "REVOKED",
    Reason.EXPIRED_BEFORE_SIGNING: "EXPIRED",
    Reason.UNTRUSTED: "NO_CERTIFICATE_CHAIN_FOUND",
    Reason.CERTIFICATE_USAGE: "CHAIN_CONSTRAINTS_FAILURE",
    Reason.CERTIFICATE_NOT_YET_VALID: "NOT_YET_VALID",
    Reason.REVOKED: "REVOKED_NO_POE",
    Reason.CERTIFICATE_EXPIRED: "OUT_OF_BOUNDS_NO_POE",
    Reason.WEAK_DIGEST: "CRYPTO_CONSTRAINTS_FAILURE_NO_POE",
    Reason.WEAK_KEY: "CRYPTO_CONSTRAINTS_FAILURE_NO_POE",
    Reason.REVOCATION_REQUIRED: "TRY_LATER",
    Reason.SUBFILTER_UNSUPPORTED: "SIG_CONSTRAINTS_FAILURE",
    Reason.ENCRYPTED: "SIGNED_DATA_NOT_FOUND",
    Reason.TOO_MANY_SIGNATURES: "CUSTOM",
    Reason.TOO_MANY_REVISIONS: "CUSTOM",
    Reason.TOO_COSTLY: "CUSTOM",
}
"""In the order of their weight; what records, archive and ledger say is none of the standard's."""


def conclusion_of(reasons: Iterable[Reason]) -> Conclusion | None:
    """What the standard calls a verdict on bytes; None where they hold nothing to be judged."""
    given = set(reasons)
    if given & {Reason.NO_SIGNATURE, Reason.SIGNATURE_MISSING} and not given & INVALIDATING:
        return None
    failed = [r for r in _SUB_INDICATIONS if r in given and r in INVALIDATING]
    if failed:
        return Conclusion(indication="TOTAL-FAILED", sub_indication=_SUB_INDICATIONS[failed[0]])
    doubtful = [r for r in _SUB_INDICATIONS if r in given]
    if doubtful:
        return Conclusion(indication="INDETERMINATE", sub_indication=_SUB_INDICATIONS[doubtful[0]])
    return Conclusion(indication="TOTAL-PASSED")


class JudgedSignature(Model):
    """One signature of a file."""

    field: str
    signer: str
    """Common name of the certificate, empty where it cannot be read."""
    certificate_sha256: Sha256 | None
    signed_at: Instant | None
    """As the signer claims."""
    timestamped_at: Instant | None
    """Of the earliest intact timestamp over the signature."""
    level: SignatureLevel | None
    """None for signatures that are not PAdES."""
    digest: str
    key: str = ""
    """Kind and size of the signer's key, e.g. `RSA-2048`, `EC-256`; empty where unknown."""
    weak: tuple[str, ...] = ()
    """Algorithms that no longer suffice, e.g. `SHA-1`, `RSA-1024`."""
    intact: bool
    trusted: bool
    covers_whole_file: bool
    modification: Modification | None
    """What was appended after it; None where it cannot be read."""
    reasons: tuple[Reason, ...]
    etsi: Conclusion | None = None

    def as_found(self) -> FoundSignature:
        """As kept in records of files that came signed."""
        return FoundSignature(
            signer=self.signer,
            signed_at=self.signed_at,
            intact=self.intact,
            trusted=self.trusted,
            digest=self.digest,
            covers_whole_file=self.covers_whole_file,
        )


class SignatureVerdict(Model):
    """All that the bytes of one PDF say about its signatures."""

    outcome: Outcome
    level: SignatureLevel | None = None
    signer: str | None = None
    signed_at: Instant | None = None
    timestamped_at: Instant | None = None
    covers_whole_file: bool = False
    """The last signature or timestamp ends with the file."""
    modification: Modification | None = None
    """The worst of all signatures."""
    trusted: bool = False
    """All signatures are."""
    stamp_top_left: bool | None = None
    """Of the capture signature; None where the file has none."""
    signatures: tuple[JudgedSignature, ...] = ()
    reasons: tuple[Reason, ...] = ()
    etsi: Conclusion | None = None
