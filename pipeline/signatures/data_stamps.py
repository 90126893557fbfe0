"""Timestamps over data outside of PDF files: asked for, checked, and read back.

Kept is the whole response of RFC 3161 (2.4.2), which `openssl ts -verify` reads. May not come in:
what the data is, where the response is kept.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any, Final

from asn1crypto import tsp

from pipeline.errors import TimestampError
from pipeline.signatures.levels import Authority, check_authority
from pipeline.signatures.timestamps import RemoteTimeStamper, Token, read_token
from pipeline.signatures.trust import TrustAnchors
from pipeline.signatures.web import Deadline, Web

_DIGEST: Final = "sha256"
_GRANTED: Final = frozenset({"granted", "granted_with_mods"})


class DataTimestamps:
    """Port `Timestamps` over one authority."""

    def __init__(self, web: Web, authority: Authority | None, trust: TrustAnchors) -> None:
        """Bind; nothing is asked. None: no authority is set, responses can still be read."""
        self._web = web
        self._authority = authority
        self._trust = trust

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
