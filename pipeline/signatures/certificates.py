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
