"""What a certificate says about its holder, and whether it may sign.

May not come in: keys, chains, trust.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from asn1crypto import x509

from pipeline.errors import CertificateRejected

SIGNING_USES: Final = frozenset({"digital_signature", "non_repudiation"})
"""One of these keyUsage bits is demanded (RFC 5280, 4.2.1.3)."""

_WEAK_DIGESTS: Final = {"md2": "MD2", "md5": "MD5", "sha1": "SHA-1"}
_KEY_KINDS: Final = {"rsa": "RSA", "rsassa_pss": "RSA", "ec": "EC", "dsa": "DSA"}
_LEAST_BITS: Final = {"RSA": 2048, "DSA": 2048, "EC": 224}
"""ETSI TS 119 312."""


def weak_digest(name: str) -> str:
    """What people call a digest that no longer suffices; empty where it does."""
    return _WEAK_DIGESTS.get(name, "")


def key_of(certificate: x509.Certificate) -> tuple[str, bool]:
    """Kind and size of a certificate's key, e.g. `RSA-2048`, and whether it is too small.

    Raises:
        ValueError: of a kind that is not known.
    """
    public = certificate.public_key
    kind = _KEY_KINDS.get(str(public.algorithm), str(public.algorithm).upper())
    bits = int(public.bit_size)
    return f"{kind}-{bits}", bits < _LEAST_BITS.get(kind, 0)


def common_name(certificate: x509.Certificate) -> str:
    """Common name of the subject, else the whole name in readable form."""
    value = certificate.subject.native.get("common_name")
    if isinstance(value, list):
        value = value[-1] if value else None
    return str(value) if value else str(certificate.subject.human_friendly)


def check_certificate(certificate: x509.Certificate, at: dt.datetime) -> None:
    """Refuse a certificate that may not sign at a moment.

    Raises:
        CertificateRejected: `CERTIFICATE_EXPIRED`, `CERTIFICATE_NOT_YET_VALID` or
            `CERTIFICATE_USAGE` (no keyUsage for signing).
    """
    if at > certificate.not_valid_after:
        day = certificate.not_valid_after.date().isoformat()
        raise CertificateRejected("CERTIFICATE_EXPIRED", until=day)
    if at < certificate.not_valid_before:
        day = certificate.not_valid_before.date().isoformat()
        raise CertificateRejected("CERTIFICATE_NOT_YET_VALID", since=day)
    uses = certificate.key_usage_value
    if uses is None or not SIGNING_USES & set(uses.native):
        raise CertificateRejected("CERTIFICATE_USAGE")
