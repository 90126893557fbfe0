"""Puts a signature into its place and raises the file to its level: the second of two steps.

Nobody waits for an authority longer than is set: what cannot be had in time is left out, the file
is at the level that it has reached, and an `Augmenter` raises it later. What was made is read
back before it is handed out. May not come in: private keys.
"""

from __future__ import annotations

import asyncio
import binascii
import datetime as dt
import hashlib
import logging
import threading
import time
from collections.abc import Sequence
from typing import Final

from asn1crypto import cms, x509

from pipeline.errors import CertificateRejected, SignatureInvalid, TimestampError
from pipeline.models.components import CounterSignature, SignatureInfo, SignatureLevel
from pipeline.models.signing import PreparedSignature
from pipeline.signatures.attained import Attained, attained
from pipeline.signatures.devpki import is_development
from pipeline.signatures.keys import DIGEST
from pipeline.signatures.levels import Levels, rank
from pipeline.signatures.preparing import signer_for
from pipeline.signatures.profiles import ARCHIVE
from pipeline.signatures.timestamps import RemoteTimeStamper
from pipeline.signatures.web import Deadline

_REST_SECONDS: Final = 30.0
"""An authority that failed is left alone this long: the next signature does not wait for it."""
_STATUSES: Final = "statuses"
_TIMESTAMPS: Final = "timestamps"
"""What is asked of authorities, each with a rest of its own."""
_FINAL: Final = frozenset({"CERTIFICATE_REVOKED", "CERTIFICATE_EXPIRED"})
_log = logging.getLogger(__name__)


class Finisher:
    """Finishes signatures for one process."""

    def __init__(self, levels: Levels | None) -> None:
        """Bind; None: everything stays at B-B."""
        self._levels = levels
        self._lock = threading.Lock()
        self._rests: dict[str, float] = {}

    @property
    def timestamps(self) -> bool:
        """True where signatures are timestamped: room must be kept."""
        return self._levels is not None

    def deadline(self) -> Deadline:
        """The end of patience for a signature that begins now."""
        return self._levels.deadline() if self._levels else Deadline.within(0)

    def check(
        self, certificates: Sequence[x509.Certificate], at: dt.datetime, deadline: Deadline
    ) -> None:
        """Refuse a certificate that is known not to stand, before it signs.

        What cannot be asked in half of the time is no reason to refuse.

        Raises:
            CertificateRejected: `CERTIFICATE_REVOKED`, `CERTIFICATE_EXPIRED` (of an issuer).
        """
        levels = self._levels
        if levels is None or self._resting(_STATUSES):
            return
        certificate, *chain = certificates
        try:
            asyncio.run(levels.check_signer(certificate, chain, at, deadline.half()))
        except TimestampError as error:
            self._rest(error)
        except CertificateRejected as error:
            if error.code in _FINAL:
                raise
            _log.info("signing below the level that is set: %s", error)

    def finish(
        self, prepared: PreparedSignature, document: bytes, signature: bytes, deadline: Deadline
    ) -> tuple[bytes, SignatureInfo]:
        """Signed bytes at the best level that can be had now.

        Args:
            prepared: of `preparing.prepare`.
            document: its bytes.
            signature: over `prepared.to_be_signed`, ECDSA as DER.
            deadline: nobody is asked after it.

        Raises:
            CertificateRejected: revoked.
            SignatureInvalid: the result does not verify.
        """
        data, state = self.finished(prepared, document, signature, deadline)
        return data, info_of(prepared, state)

    def finished(
        self, prepared: PreparedSignature, document: bytes, signature: bytes, deadline: Deadline
    ) -> tuple[bytes, Attained]:
        """As `finish`, with what the file has reached instead of what is recorded of it."""
        return asyncio.run(self._finish(prepared, document, signature, deadline))

    async def _finish(
        self, prepared: PreparedSignature, document: bytes, signature: bytes, deadline: Deadline
    ) -> tuple[bytes, Attained]:
        levels = self._levels
        if levels is not None and not self._resting(_TIMESTAMPS):
            stamper = levels.timestamper(deadline)
            try:
                data = await _filled(prepared, document, signature, stamper)
                if stamper.last is not None:
                    await levels.check_authority(stamper.last)
            except TimestampError as error:
                self._rest(error)
            else:
                state = _sound(data, document)
                return await self._raised(data, state, levels, stamper, deadline)
        data = await _filled(prepared, document, signature, None)
        return data, _sound(data, document)

    async def _raised(
        self,
        data: bytes,
        state: Attained,
        levels: Levels,
        stamper: RemoteTimeStamper,
        deadline: Deadline,
    ) -> tuple[bytes, Attained]:
        if rank(levels.wanted) <= rank(SignatureLevel.B_T) or self._resting(_STATUSES):
            return data, state
        try:
            if state.level is SignatureLevel.B_B:  # the officer's, that the archive's now follows
                stamped = await levels.timestamped(data, stamper)
                data, state = stamped, reached(stamped, data, SignatureLevel.B_T)
            more = await levels.proven(data, state, stamper, deadline)
        except TimestampError as error:
            self._rest(error)
            return data, state
        except CertificateRejected as error:
            if error.code in _FINAL:
                raise
            _log.info("signing below the level that is set: %s", error)
            return data, state
        return more, reached(more, data, levels.wanted)

    def _resting(self, kind: str) -> bool:
        with self._lock:
            return time.monotonic() < self._rests.get(kind, 0.0)

    def _rest(self, error: TimestampError) -> None:
        _log.info("signing below the level that is set: %s", error)
        kind = _STATUSES if error.code == "REVOCATION_UNAVAILABLE" else _TIMESTAMPS
        with self._lock:
            self._rests[kind] = time.monotonic() + _REST_SECONDS


def info_of(prepared: PreparedSignature, state: Attained) -> SignatureInfo:
    """What is recorded of a finished signature."""
    certificate = x509.Certificate.load(prepared.certificates[0])
    return SignatureInfo(
        level=state.level,
        signer=prepared.signer,
        signed_at=prepared.signed_at,
        page=0,
        box=prepared.box,
        certificate_sha256=hashlib.sha256(prepared.certificates[0]).hexdigest(),
        development=is_development(certificate),
        sealed_until=state.sealed_until,
    )


def countersigned(
    info: SignatureInfo, prepared: PreparedSignature, state: Attained
) -> SignatureInfo:
    """What is recorded of a file once the archive has signed it, too."""
    counter = CounterSignature(
        level=SignatureLevel.B_B,
        signer=prepared.signer,
        signed_at=prepared.signed_at,
        certificate_sha256=hashlib.sha256(prepared.certificates[0]).hexdigest(),
        development=is_development(x509.Certificate.load(prepared.certificates[0])),
    )
    return raised_info(info.model_copy(update={"counter": counter}), state)


def raised_info(info: SignatureInfo, state: Attained) -> SignatureInfo:
    """The record with the levels that a file has reached.

    Raises:
        SignatureInvalid: a recorded signature is not there.
    """
    capture, archive = state.signatures[0], state.of(ARCHIVE.field)
    if (archive is None) != (info.counter is None):
        raise SignatureInvalid()
    counter = info.counter
    if archive is not None and counter is not None:
        counter = counter.model_copy(update={"level": archive.level})
    return info.model_copy(
        update={"level": capture.level, "sealed_until": state.sealed_until, "counter": counter}
    )


def reached(data: bytes, before: bytes, wanted: SignatureLevel) -> Attained:
    """Read back what was appended.

    Raises:
        SignatureInvalid: something else than appended to, or not at the level.
    """
    state = attained(data)
    if not data.startswith(before) or rank(state.level) < rank(wanted):
        raise SignatureInvalid()
    return state


def _sound(data: bytes, document: bytes) -> Attained:
    """Read back what was signed: the document, but for the place of the signature."""
    if len(data) != len(document):
        raise SignatureInvalid()
    return attained(data)


async def _filled(
    prepared: PreparedSignature,
    document: bytes,
    signature: bytes,
    stamper: RemoteTimeStamper | None,
) -> bytes:
    """The document with the CMS in its place.

    Raises:
        TimestampError: no token, or one that does not fit.
        SignatureInvalid: the CMS does not fit even without.
    """
    certificates = [x509.Certificate.load(one) for one in prepared.certificates]
    attributes = cms.CMSAttributes.load(prepared.to_be_signed)
    made = await signer_for(certificates, signature).async_sign_prescribed_attributes(
        DIGEST, attributes, timestamper=stamper
    )
    start, end = prepared.gap
    encoded = binascii.hexlify(made.dump()).upper()
    if len(encoded) > end - start - 2:
        if stamper is not None:
            raise TimestampError("TIMESTAMP_UNUSABLE", problem="too long")
        raise SignatureInvalid()
    data = bytearray(document)
    data[start + 1 : start + 1 + len(encoded)] = encoded
    return bytes(data)
