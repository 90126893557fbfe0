"""What a file that Sohoa signed has reached, read back from its bytes.

May not come in: trust, files of strangers (`judging`).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from dataclasses import dataclass

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.generic_cms import extract_tst_data_iter

from pipeline.errors import SignatureInvalid
from pipeline.models.components import SignatureLevel
from pipeline.signatures.integrity import (
    ReadSignature,
    holds_store,
    read_signatures,
    tail_is_pure,
)
from pipeline.signatures.revocation import Known
from pipeline.signatures.store import read_store
from pipeline.signatures.timestamps import Token, read_token


@dataclass(frozen=True, slots=True)
class Attained:
    """One capture signature with all that was appended to it; everything in it is sound."""

    capture: ReadSignature
    tokens: tuple[Token, ...]
    """Timestamps within the signature and over the document, in the order of their making."""
    known: Known | None
    """Validation data of the file."""
    sealed: bool
    """The last document timestamp covers them, and ends with the file."""

    @property
    def level(self) -> SignatureLevel:
        """The PAdES level."""
        if not self.tokens:
            return SignatureLevel.B_B
        if self.known is None:
            return SignatureLevel.B_T
        return SignatureLevel.B_LTA if self.sealed else SignatureLevel.B_LT

    @property
    def sealed_until(self) -> dt.datetime | None:
        """Last moment of the certificate of the outermost seal; None below B-LTA."""
        if self.level is not SignatureLevel.B_LTA:
            return None
        until: dt.datetime = self.tokens[-1].certificate.not_valid_after
        return until.astimezone(dt.UTC)


def attained(data: bytes, field: str) -> Attained:
    """Read a file that Sohoa signed.

    Args:
        data: the file.
        field: of the capture signature.

    Raises:
        SignatureInvalid: it is not what Sohoa makes: a signature does not hold, is missing or is
            one too many, or bytes follow that nobody signed.
    """
    try:
        return _read(data, field)
    except SignatureInvalid:
        raise
    except Exception as error:  # the boundary to damaged files
        raise SignatureInvalid() from error


def _read(data: bytes, field: str) -> Attained:
    reader = PdfFileReader(io.BytesIO(data))
    found = read_signatures(reader, compare=False)
    captures = [one for one in found if not one.is_timestamp]
    if len(captures) != 1 or captures[0].field != field or not all(one.sound for one in found):
        raise SignatureInvalid()
    last = found[-1]
    if not tail_is_pure(reader, last, len(data)):
        raise SignatureInvalid()
    known = read_store(reader)
    capture, *stamps = sorted(found, key=lambda one: one.is_timestamp)
    return Attained(
        capture=capture,
        tokens=(*_within(capture), *(read_token(one.opened.signed_data) for one in stamps)),
        known=known,
        sealed=last.is_timestamp and last.reaches == len(data) and holds_store(reader, last),
    )


def _within(capture: ReadSignature) -> tuple[Token, ...]:
    """The signature's own timestamps; one over something else makes the signature unsound."""
    signer = capture.opened.signer_info
    value = signer["signature"].native
    tokens = []
    for signed in extract_tst_data_iter(signer, signed=False):
        imprint = signed["encap_content_info"]["content"].parsed["message_imprint"]
        algorithm = imprint["hash_algorithm"]["algorithm"].native
        if hashlib.new(algorithm, value).digest() != imprint["hashed_message"].native:
            raise SignatureInvalid()
        tokens.append(read_token(signed))
    return tuple(tokens)
