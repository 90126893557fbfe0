"""A signature that is made outside in two steps: what is kept between the digest and the signature.

May not come in: the prepared bytes themselves (the workspace keeps them), how a CMS is built.
"""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, PlainSerializer

from pipeline.models.base import Box, Instant, Model, Sha256
from pipeline.models.files import FileRef


def _from_base64(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise ValueError("no base64") from error


Der = Annotated[
    bytes,
    BeforeValidator(_from_base64),
    PlainSerializer(lambda value: base64.b64encode(value).decode(), when_used="json"),
]
"""DER bytes; base64 in JSON."""


class PreparedSignature(Model):
    """Everything that stands before the officer's own device signs.

    What is handed out is `to_be_signed`, or `digest` for devices that sign digests. What comes
    back is the bare signature: RSASSA-PKCS1-v1_5 or ECDSA with SHA-256 under the key of
    `certificates[0]`.
    """

    schema_id: Literal["sohoa.prepared/1"] = "sohoa.prepared/1"
    component_id: str
    code: str
    document: FileRef
    """The stamped document with an empty place for the signature; later bytes begin like it."""
    gap: tuple[int, int]
    """Offsets of that place in the document: first byte, and the byte behind the last."""
    certificates: Annotated[tuple[Der, ...], Field(min_length=1)]
    """The officer's certificate, then its issuers as far as given."""
    digest_algorithm: Literal["sha256"] = "sha256"
    key_algorithm: Literal["rsa", "ec"]
    to_be_signed: Der
    """The signed attributes of the CMS (RFC 5652, 5.4)."""
    digest: Sha256
    """Of `to_be_signed`."""
    signer: str
    """Common name of the certificate."""
    signed_at: Instant
    """As the stamp says."""
    box: Box
    """Of the stamp, page points."""
