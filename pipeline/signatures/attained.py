"""What a file that Sohoa signed has reached, read back from its bytes.

May not come in: trust, files of strangers (`judging`).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from collections.abc import Sequence
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
from pipeline.signatures.profiles import FIRST, FURTHER
from pipeline.signatures.revocation import Known
from pipeline.signatures.store import read_store
from pipeline.signatures.timestamps import Token, read_token


@dataclass(frozen=True, slots=True)
class Proven:
    """One signature with the timestamps over it."""

    signature: ReadSignature
    tokens: tuple[Token, ...]
    """Within the signature, and over the document behind it."""
    stored: bool
    """The file holds validation data of this signer."""
    sealed: bool
    """A document timestamp behind it covers validation data."""

    @property
    def level(self) -> SignatureLevel:
        """The PAdES level of this signature."""
        if not self.tokens:
            return SignatureLevel.B_B
        if not self.stored:
            return SignatureLevel.B_T
        return SignatureLevel.B_LTA if self.sealed else SignatureLevel.B_LT


@dataclass(frozen=True, slots=True)
class Attained:
    """The signatures of one file with all that was appended; everything in it is sound."""

    signatures: tuple[Proven, ...]
    """The officer's, then the archive's and that of a copy where there are such."""
    tokens: tuple[Token, ...]
    """Every timestamp, in the order of their making."""
    known: Known | None
    """Validation data of the file."""
    sealed: bool
    """The last document timestamp covers them, and ends with the file."""

    @property
    def level(self) -> SignatureLevel:
        """The level that all signatures have, the file being as it is."""
        if not all(one.tokens for one in self.signatures):
            return SignatureLevel.B_B
        if not all(one.stored for one in self.signatures):
            return SignatureLevel.B_T
        return SignatureLevel.B_LTA if self.sealed else SignatureLevel.B_LT

    @property
    def sealed_until(self) -> dt.datetime | None:
        """Last moment of the certificate of the outermost seal; None below B-LTA."""
        if self.level is not SignatureLevel.B_LTA:
            return None
        until: dt.datetime = self.tokens[-1].certificate.not_valid_after
        return until.astimezone(dt.UTC)

    def of(self, field: str) -> Proven | None:
        """The signature in a field."""
        return next((one for one in self.signatures if one.signature.field == field), None)


def attained(data: bytes) -> Attained:
    """Read a file that Sohoa signed.

    Args:
        data: the file.

    Raises:
        SignatureInvalid: it is not what Sohoa makes: a signature does not hold, is missing or is
            one too many, or bytes follow that nobody signed.
    """
    try:
        return _read(data)
    except SignatureInvalid:
        raise
    except Exception as error:  # the boundary to damaged files
        raise SignatureInvalid() from error


def _read(data: bytes) -> Attained:
    reader = PdfFileReader(io.BytesIO(data))
    found = read_signatures(reader, compare=False)
    regular = [one for one in found if not one.is_timestamp]
    names = [one.field for one in regular]
    if len(set(names)) != len(names) or not all(one.sound for one in found):
        raise SignatureInvalid()
    if not names or names[0] not in FIRST or not set(names[1:]) <= FURTHER:
        raise SignatureInvalid()
    last = found[-1]
    if not tail_is_pure(reader, last, len(data)):
        raise SignatureInvalid()
    known = read_store(reader)
    made = {one.field: _tokens(one) for one in found}
    return Attained(
        signatures=tuple(_proven(one, found, made, reader, known) for one in regular),
        tokens=tuple(token for one in found for token in made[one.field]),
        known=known,
        sealed=last.is_timestamp and last.reaches == len(data) and holds_store(reader, last),
    )


def _proven(
    signature: ReadSignature,
    found: Sequence[ReadSignature],
    made: dict[str, tuple[Token, ...]],
    reader: PdfFileReader,
    known: Known | None,
) -> Proven:
    later = [one for one in found if one.is_timestamp and one.reaches > signature.reaches]
    return Proven(
        signature=signature,
        tokens=(*made[signature.field], *(t for one in later for t in made[one.field])),
        stored=known is not None and known.holds(signature.opened.signer_cert),
        sealed=any(holds_store(reader, one) for one in later),
    )


def _tokens(one: ReadSignature) -> tuple[Token, ...]:
    if one.is_timestamp:
        return (read_token(one.opened.signed_data),)
    return _within(one)


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
