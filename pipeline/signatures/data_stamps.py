"""Timestamps over data outside of PDF files: asked for, checked, and read back.

Kept is the whole response of RFC 3161 (2.4.2), which `openssl ts -verify` reads. May not come in:
what the data is, where the response is kept.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import Callable
from typing import Any, Final

from asn1crypto import tsp

from pipeline.errors import CertificateRejected, TimestampError
from pipeline.signatures.levels import Authority, check_authority
from pipeline.signatures.revocation import Asking, Known, stands
from pipeline.signatures.timestamps import RemoteTimeStamper, Token, read_token
from pipeline.signatures.trust import TrustAnchors
from pipeline.signatures.web import Deadline, Web

_DIGEST: Final = "sha256"
_FRESH_SECONDS: Final = 300.0
"""A status holds so long for all responses of the process."""
_GRANTED: Final = frozenset({"granted", "granted_with_mods"})


class DataTimestamps:
    """Port `Timestamps` over one authority."""

    def __init__(
        self,
        web: Web,
        authority: Authority | None,
        trust: TrustAnchors,
        *,
        now: Callable[[], dt.datetime],
        timeout_seconds: float,
    ) -> None:
        """Bind; nothing is asked.

        Args:
            web: to authorities.
            authority: who stamps; None: none is set, responses can still be read.
            trust: roots.
            now: the time, UTC.
            timeout_seconds: for all statuses that are asked together.
        """
        self._web = web
        self._authority = authority
        self._trust = trust
        self._now = now
        self._timeout = timeout_seconds
        self._asking: Asking | None = None
        """Statuses are asked once for all responses of a while."""
        self._asked_at = 0.0

    @property
    def available(self) -> bool:
        """See `Timestamps.available`."""
        return self._authority is not None

    def stamp(self, sha256: str) -> bytes:
        """See `Timestamps.stamp`.

        Raises:
            TimestampError: `TIMESTAMP_NOT_SET`, `TIMESTAMP_UNAVAILABLE`, `TIMESTAMP_REFUSED`,
                `TIMESTAMP_UNUSABLE`, `TIMESTAMP_UNTRUSTED`.
        """
        if self._authority is None:
            raise TimestampError("TIMESTAMP_NOT_SET")
        return asyncio.run(self._stamp(bytes.fromhex(sha256), self._authority))

    def read(self, response: bytes, sha256: str) -> dt.datetime:
        """See `Timestamps.read`.

        Raises:
            TimestampError: `TIMESTAMP_UNUSABLE`, `TIMESTAMP_UNTRUSTED`.
        """
        token = _read(response, bytes.fromhex(sha256))
        asyncio.run(check_authority(token, self._trust))
        return token.at

    def ensure_stood(self, response: bytes, sha256: str) -> None:
        """See `Timestamps.ensure_stood`.

        Raises:
            TimestampError: `TIMESTAMP_UNUSABLE`, `TIMESTAMP_UNTRUSTED`, `TIMESTAMP_REVOKED`,
                `REVOCATION_UNAVAILABLE`.
        """
        token = _read(response, bytes.fromhex(sha256))
        if token.certificate.not_valid_after < self._now():
            raise TimestampError("REVOCATION_UNAVAILABLE")
        proof = stands(
            token.certificate,
            self._trust.roots,
            Known(token.others),
            token.at,
            self._fresh(),
            timestamping=True,
        )
        try:
            asyncio.run(proof)
        except CertificateRejected as error:
            revoked = error.code == "CERTIFICATE_REVOKED"
            code = "TIMESTAMP_REVOKED" if revoked else "TIMESTAMP_UNTRUSTED"
            raise TimestampError(code) from error

    def _fresh(self) -> Asking:
        if self._asking is None or time.monotonic() - self._asked_at > _FRESH_SECONDS:
            self._asking = Asking(self._web, Deadline.within(self._timeout))
            self._asked_at = time.monotonic()
        return self._asking

    async def _stamp(self, digest: bytes, authority: Authority) -> bytes:
        deadline = Deadline.within(authority.timeout_seconds)
        stamper = RemoteTimeStamper(self._web, authority.url, deadline)
        token = await stamper.async_timestamp(digest, _DIGEST)
        response: bytes = tsp.TimeStampResp(
            {"status": {"status": "granted"}, "time_stamp_token": token}
        ).dump()
        await check_authority(_read(response, digest), self._trust)
        return response


def _read(response: bytes, digest: bytes) -> Token:
    """The boundary to hostile bytes: whatever reading raises is a response of no use."""
    try:
        read: Any = tsp.TimeStampResp.load(response, strict=True)
        status = str(read["status"]["status"].native)
        signed = read["time_stamp_token"]["content"]
        imprint = signed["encap_content_info"]["content"].parsed["message_imprint"]
        told = (imprint["hash_algorithm"]["algorithm"].native, imprint["hashed_message"].native)
        token = read_token(signed)
    except Exception as error:
        raise TimestampError("TIMESTAMP_UNUSABLE", problem="no token") from error
    if status not in _GRANTED:
        raise TimestampError("TIMESTAMP_UNUSABLE", problem="not granted")
    if told != (_DIGEST, digest):
        raise TimestampError("TIMESTAMP_UNUSABLE", problem="over something else")
    return token
