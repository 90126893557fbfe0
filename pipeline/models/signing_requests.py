"""What goes to a signer's own device and what comes back: files that people carry.

May not come in: how they are checked (`casework.outside_signing`), the prepared bytes.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pipeline.models.base import Instant, Model, Sha256
from pipeline.models.files import FileRef
from pipeline.models.manifest import ArchiveDocument
from pipeline.models.signing import Der, PreparedSignature


class SigningRequest(ArchiveDocument):
    """`sohoa.signing-request/1`: what is to be signed outside, and by whom.

    The device signs `to_be_signed` (RSASSA-PKCS1-v1_5 or ECDSA with SHA-256), or `digest` where it
    takes digests. Nothing in here is secret, and nothing needs to be believed when it comes back:
    Sohoa keeps its own copy.
    """

    schema_: Literal["sohoa.signing-request/1"] = Field(
        default="sohoa.signing-request/1", alias="schema"
    )
    request_id: Sha256
    batch_id: Sha256
    component_id: str
    code: str
    """Component code of the catalogue."""
    officer: str
    """Account whose key is to sign: of the officer who scanned, or the archive's."""
    profile: Literal["intake", "archive"] = "intake"
    """Which signature it is to be: the officer's, or the archive's over it."""
    certificate_sha256: Sha256
    """Of the certificate (DER) that the signature is asked of."""
    key_algorithm: Literal["rsa", "ec"]
    digest_algorithm: Literal["sha256"]
    to_be_signed: Der
    digest: Sha256
    """Of `to_be_signed`."""
    created_at: Instant
    expires_at: Instant
    """A later signature is refused: ask anew."""


class SigningResponse(ArchiveDocument):
    """`sohoa.signing-response/1`: the bare signature."""

    schema_: Literal["sohoa.signing-response/1"] = Field(
        default="sohoa.signing-response/1", alias="schema"
    )
    request_id: Sha256
    component_id: str
    certificate_sha256: Sha256
    signature: Annotated[Der, Field(min_length=1)]


class OpenRequest(Model):
    """A request that was handed out, with what is needed to take the signature in."""

    request: SigningRequest
    prepared: PreparedSignature
    assembled: Sha256
    """Of the file that was prepared: the assembled one, or the archived one."""
    tail: FileRef | None = None
    """What follows the archived bytes in the prepared document, where only that is kept."""

    @property
    def kept(self) -> FileRef:
        """What the workspace must keep until the signature comes back."""
        return self.tail or self.prepared.document
