"""Timestamps of an authority (RFC 3161): asked for, and looked at before they are taken.

An answer is hostile until its token is over what was asked, with the nonce that was sent, and
signed by a certificate for timestamping; whether that certificate is trusted is `revocation`'s.
May not come in: where a token is embedded.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from asn1crypto import cms, core, tsp, x509
from pyhanko.sign.general import extract_certificate_info, extract_signer_info
from pyhanko.sign.timestamps.api import TimeStamper
from pyhanko.sign.validation.generic_cms import validate_sig_integrity

from pipeline.errors import TimestampError
from pipeline.signatures.web import Deadline, NoAnswer, Question, Web

MOST_TOKEN_BYTES: Final = 8192
"""Room that is kept for a token in a signature or document timestamp; usual ones have 3 to 6 KB."""
_MOST_ANSWER_BYTES: Final = 64 * 1024
_GRANTED: Final = frozenset({"granted", "granted_with_mods"})


class _Response(core.Sequence):  # type: ignore[misc]
    """TimeStampResp (RFC 3161, 2.4.2), whose token is missing from a refusal."""

    _fields: ClassVar = [
        ("status", tsp.PKIStatusInfo),
        ("time_stamp_token", cms.ContentInfo, {"optional": True}),
    ]


@dataclass(frozen=True, slots=True)
class Token:
    """A sound timestamp token."""

    at: dt.datetime
    certificate: x509.Certificate
    """Of the authority."""
    others: tuple[x509.Certificate, ...]
    """Certificates that came along."""
    size: int
    """Bytes of the encoded token."""


class RemoteTimeStamper(TimeStamper):
    """Asks one authority, within one deadline; see pyHanko's `TimeStamper`."""

    def __init__(self, web: Web, url: str, deadline: Deadline) -> None:
        """Bind; nothing is asked."""
        super().__init__()  # type: ignore[no-untyped-call]
        self._web = web
        self._url = url
        self._deadline = deadline
        self.last: Token | None = None
        """The token that came last."""

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        """A sound token over a digest.

        Raises:
            TimestampError: `TIMESTAMP_UNAVAILABLE` (no answer), `TIMESTAMP_REFUSED`,
                `TIMESTAMP_UNUSABLE` (an answer to something else, or none at all).
        """
        nonce, request = self.request_cms(message_digest, md_algorithm)  # type: ignore[no-untyped-call]
        question = Question(
            url=self._url,
            accept="application/timestamp-reply",
            most_bytes=_MOST_ANSWER_BYTES,
            body=request.dump(),
            content_type="application/timestamp-query",
        )
        try:
            answer = await self._web.ask(question, self._deadline)
        except NoAnswer as error:
            raise TimestampError("TIMESTAMP_UNAVAILABLE", problem=str(error)) from error
        token = _granted(answer)
        self.last = _sound(token, message_digest, md_algorithm, nonce)
        return token

    async def async_dummy_response(self, md_algorithm: str) -> cms.ContentInfo:
        """A token over nothing, to learn about the authority."""
        return await self.async_timestamp(hashlib.new(md_algorithm).digest(), md_algorithm)


def read_token(signed_data: cms.SignedData) -> Token:
    """What a token says; its signature is verified, its imprint is not compared.

    Raises:
        ValueError: not a sound token.
    """
    certificates = extract_certificate_info(signed_data)
    certificate = certificates.signer_cert
    content = signed_data["encap_content_info"]["content"]
    signer = extract_signer_info(signed_data)
    algorithm = signer["digest_algorithm"]["algorithm"].native
    digest = hashlib.new(algorithm, bytes(content)).digest()
    if not all(validate_sig_integrity(signer, certificate, "tst_info", digest)):
        raise ValueError("the token's signature does not hold")
    uses = certificate.extended_key_usage_value
    if uses is None or "time_stamping" not in uses.native:
        raise ValueError("not for timestamping")
    return Token(
        at=content.parsed["gen_time"].native,
        certificate=certificate,
        others=tuple(certificates.other_certs),
        size=len(signed_data.dump()) + 64,
    )


def _granted(answer: bytes) -> cms.ContentInfo:
    try:
        response = _Response.load(answer, strict=True)
        status = str(response["status"]["status"].native)
        token = response["time_stamp_token"]
    except (ValueError, TypeError, KeyError) as error:
        raise TimestampError("TIMESTAMP_UNUSABLE", problem="no response") from error
    if status not in _GRANTED:
        raise TimestampError("TIMESTAMP_REFUSED", problem=status)
    return token


def _sound(token: Any, digest: bytes, algorithm: str, nonce: int) -> Token:
    """The boundary to hostile answers: whatever reading raises is an answer of no use."""
    try:
        content = token["content"]["encap_content_info"]["content"].parsed
        imprint = content["message_imprint"]
        asked = (algorithm, digest, nonce)
        answered = (
            imprint["hash_algorithm"]["algorithm"].native,
            imprint["hashed_message"].native,
            content["nonce"].native,
        )
        read = read_token(token["content"])
    except Exception as error:
        raise TimestampError("TIMESTAMP_UNUSABLE", problem="no token") from error
    if asked != answered:
        raise TimestampError("TIMESTAMP_UNUSABLE", problem="another question")
    if len(token.dump()) > MOST_TOKEN_BYTES:
        raise TimestampError("TIMESTAMP_UNUSABLE", problem="too long")
    return read
