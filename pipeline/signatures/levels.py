"""Raises the level of a signed file by appending: timestamps, then what proves the certificates.

B-T: a timestamp proves when. B-LT: certificates and their statuses lie in the file. B-LTA: a
document timestamp covers those, too. Validation data are written before the document timestamp of
the same revision, so that no byte follows the last signed one. May not come in: keys, stamps.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from asn1crypto import x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.general import SigningError as ForeignSigningError
from pyhanko.sign.signers import PdfTimeStamper

from pipeline.errors import CertificateRejected, TimestampError
from pipeline.models.components import SignatureLevel
from pipeline.signatures.attained import Attained
from pipeline.signatures.keys import DIGEST
from pipeline.signatures.revocation import Asking, Known, ProvenChain, stands
from pipeline.signatures.store import write_store
from pipeline.signatures.timestamps import MOST_TOKEN_BYTES, RemoteTimeStamper, Token
from pipeline.signatures.trust import TrustAnchors
from pipeline.signatures.web import Deadline, Web

_FRESH_SECONDS: Final = 300.0
"""A status is asked for once in this time, for all signatures of the process."""
_SEEN_SECONDS: Final = 6 * 3600.0
"""An authority may have a new certificate after this time."""
_SPARE_BYTES: Final = 512
"""Tokens of one authority differ a little in length."""
ORDER: Final = (
    SignatureLevel.B_B,
    SignatureLevel.B_T,
    SignatureLevel.B_LT,
    SignatureLevel.B_LTA,
)


async def check_authority(token: Token, trust: TrustAnchors) -> None:
    """Refuse a token whose authority was not trusted when it stamped; its status is not asked.

    Raises:
        TimestampError: `TIMESTAMP_UNTRUSTED`.
    """
    try:
        await stands(
            token.certificate,
            trust.roots,
            Known(token.others),
            token.at,
            None,
            timestamping=True,
            statuses=False,
        )
    except CertificateRejected as error:
        raise TimestampError("TIMESTAMP_UNTRUSTED") from error


@dataclass(frozen=True, slots=True)
class Authority:
    """The timestamp authority of the settings."""

    url: str
    timeout_seconds: float
    """For all that is asked on behalf of one signature."""


@dataclass(frozen=True, slots=True)
class _Held:
    """A chain, while it is fresh."""

    chain: ProvenChain
    at: dt.datetime
    taken: float


class Levels:
    """Raises to one level, with one authority; one for each process, used by threads in turn."""

    def __init__(
        self, wanted: SignatureLevel, authority: Authority, trust: TrustAnchors, web: Web
    ) -> None:
        """Bind; nothing is asked."""
        self.wanted = wanted
        self._authority = authority
        self._trust = trust
        self._web = web
        self._held: dict[bytes, _Held] = {}
        self._seen: tuple[dt.datetime, float] | None = None
        """End of the certificate that the authority used last, and when it was seen."""

    def deadline(self) -> Deadline:
        """The end of patience for a signature that begins now."""
        return Deadline.within(self._authority.timeout_seconds)

    def timestamper(self, deadline: Deadline) -> RemoteTimeStamper:
        """Asks the authority."""
        return RemoteTimeStamper(self._web, self._authority.url, deadline)

    async def check_signer(
        self,
        certificate: x509.Certificate,
        chain: Sequence[x509.Certificate],
        at: dt.datetime,
        deadline: Deadline,
    ) -> None:
        """Ask whether a certificate stands, where the level needs to know.

        Raises:
            CertificateRejected, TimestampError: see `revocation.stands`.
        """
        if self.wanted in (SignatureLevel.B_LT, SignatureLevel.B_LTA):
            await self._stands(certificate, chain, at, deadline)

    async def check_authority(self, token: Token) -> None:
        """Refuse a token whose authority is not trusted; its status is not asked.

        Raises:
            TimestampError: `TIMESTAMP_UNTRUSTED`.
        """
        await check_authority(token, self._trust)

    async def probe(self) -> dt.datetime:
        """Have a token made for nothing; the end of the authority's certificate.

        Raises:
            TimestampError: what is wrong with the authority.
        """
        deadline = self.deadline()
        stamper = self.timestamper(deadline)
        await stamper.async_dummy_response(DIGEST)
        token = stamper.last
        assert token is not None  # noqa: S101
        await self._authority_stands(token, Known(), token.at, deadline)
        until: dt.datetime = token.certificate.not_valid_after
        return until.astimezone(dt.UTC)

    async def timestamped(self, data: bytes, stamper: RemoteTimeStamper) -> bytes:
        """The file with a document timestamp more, and nothing else.

        Raises:
            TimestampError.
        """
        return await self._appended(data, (), stamper)

    async def proven(
        self, data: bytes, state: Attained, stamper: RemoteTimeStamper, deadline: Deadline
    ) -> bytes:
        """A timestamped file with validation data and, for B-LTA, a document timestamp over them.

        Raises:
            TimestampError: also `TIMESTAMP_NO_NEWER`.
            CertificateRejected.
        """
        sealing = self.wanted is SignatureLevel.B_LTA
        if sealing and stamper.last is None:
            await stamper.async_dummy_response(DIGEST)
        if stamper.last is not None:
            self._refuse_idle_renewal(state, stamper.last)
        chains = await self._chains(state, stamper.last if sealing else None, deadline)
        if sealing:
            return await self._appended(data, chains, stamper)
        writer = IncrementalPdfFileWriter(io.BytesIO(data))
        write_store(writer, chains)
        out = io.BytesIO()
        writer.write(out)
        return out.getvalue()

    def renewable(self, sealed_until: dt.datetime) -> bool:
        """False where the authority was seen, lately, to have no certificate that lasts longer."""
        if self._seen is None:
            return True
        lasts_until, seen = self._seen
        return lasts_until > sealed_until or time.monotonic() - seen > _SEEN_SECONDS

    def _refuse_idle_renewal(self, state: Attained, coming: Token) -> None:
        """A seal by the same certificate adds bytes and no day."""
        self._seen = (coming.certificate.not_valid_after, time.monotonic())
        if state.sealed_until is not None and not self.renewable(state.sealed_until):
            raise TimestampError("TIMESTAMP_NO_NEWER")

    # -- proofs -------------------------------------------------------------------------------

    async def _chains(
        self, state: Attained, coming: Token | None, deadline: Deadline
    ) -> list[ProvenChain]:
        """For each signer when they signed, and for every timestamp authority."""
        known = state.known or Known()
        found = []
        for signed in state.signatures:
            embedded = signed.signature.opened
            proven = min(token.at for token in signed.tokens)
            extra = tuple(embedded.other_embedded_certs)
            found.append(
                await self._known_first(embedded.signer_cert, extra, known, proven, deadline)
            )
        authorities = {token.certificate.sha256: token for token in state.tokens}
        if coming is not None:
            authorities[coming.certificate.sha256] = coming
        newest = coming or state.tokens[-1]
        outermost = (newest.certificate.sha256, state.tokens[-1].certificate.sha256)
        for token in authorities.values():
            at = min(newest.at, token.certificate.not_valid_after)
            if token.certificate.sha256 in outermost:
                found.append(await self._authority_stands(token, known, at, deadline))
            else:
                found.append(
                    await self._known_first(
                        token.certificate, token.others, known, token.at, deadline, stamp=True
                    )
                )
        return found

    async def _authority_stands(
        self, token: Token, known: Known, at: dt.datetime, deadline: Deadline
    ) -> ProvenChain:
        """The outermost authorities are asked for afresh: nothing in the file speaks for them."""
        others = (*known.certificates, *token.others)
        try:
            return await self._stands(token.certificate, others, at, deadline, stamp=True)
        except TimestampError:
            more = Known(others, known.ocsps, known.crls)
            return await self._kept(token.certificate, more, token.at, stamp=True)
        except CertificateRejected as error:
            raise TimestampError("TIMESTAMP_UNTRUSTED") from error

    async def _known_first(
        self,
        certificate: x509.Certificate,
        others: Sequence[x509.Certificate],
        known: Known,
        at: dt.datetime,
        deadline: Deadline,
        *,
        stamp: bool = False,
    ) -> ProvenChain:
        """What the file proves by itself is not asked again: its authority may be long gone."""
        more = Known((*known.certificates, *others), known.ocsps, known.crls)
        if known.ocsps or known.crls:
            with contextlib.suppress(TimestampError):
                return await self._kept(certificate, more, at, stamp=stamp)
        return await self._stands(certificate, more.certificates, at, deadline, stamp=stamp)

    async def _kept(
        self, certificate: x509.Certificate, known: Known, at: dt.datetime, *, stamp: bool
    ) -> ProvenChain:
        return await stands(certificate, self._trust.roots, known, at, None, timestamping=stamp)

    async def _stands(
        self,
        certificate: x509.Certificate,
        others: Sequence[x509.Certificate],
        at: dt.datetime,
        deadline: Deadline,
        *,
        stamp: bool = False,
    ) -> ProvenChain:
        """As `stands`, with an answer that is at most some minutes old."""
        held, now = self._held.get(certificate.sha256), time.monotonic()
        if held and now - held.taken < _FRESH_SECONDS and _covers(held, certificate, at):
            return held.chain
        asking = Asking(self._web, deadline)
        chain = await stands(
            certificate, self._trust.roots, Known(tuple(others)), at, asking, timestamping=stamp
        )
        self._held[certificate.sha256] = _Held(chain, at, now)
        return chain

    # -- appending ----------------------------------------------------------------------------

    async def _appended(
        self, data: bytes, chains: Sequence[ProvenChain], stamper: RemoteTimeStamper
    ) -> bytes:
        """One revision: validation data, then a timestamp over all of it."""
        room = MOST_TOKEN_BYTES if stamper.last is None else stamper.last.size + _SPARE_BYTES
        stream = io.BytesIO(data)
        writer = IncrementalPdfFileWriter(stream)
        if chains:
            write_store(writer, chains)
        try:
            await PdfTimeStamper(stamper).async_timestamp_pdf(
                writer, DIGEST, bytes_reserved=2 * room, in_place=True
            )
        except ForeignSigningError as error:
            raise TimestampError("TIMESTAMP_UNUSABLE", problem="too long") from error
        if stamper.last is not None:
            await self.check_authority(stamper.last)
        return stream.getvalue()


def _covers(held: _Held, certificate: x509.Certificate, at: dt.datetime) -> bool:
    """True where a proof for one moment holds for another: who stands later stood before."""
    latest = held.at + dt.timedelta(seconds=_FRESH_SECONDS)
    return bool(certificate.not_valid_before <= at <= min(latest, certificate.not_valid_after))


def rank(level: SignatureLevel) -> int:
    """Place of a level in the order B-B, B-T, B-LT, B-LTA."""
    return ORDER.index(level)
