"""Judges the signatures of any PDF: Sohoa's own, an agency's, or what is left of a file.

Joins integrity, coverage, trust and time into a `SignatureVerdict`. Never raises for what a file
holds. May not come in: records, the archive, the ledger (`casework.verification`).
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import hashlib
import io
import mmap
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import pikepdf
from pyhanko.pdf_utils.generic import parse_pdf_date
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from pipeline.ids import LEGAL_ZONE
from pipeline.models.components import FoundSignature, SignatureLevel
from pipeline.signatures.certificates import common_name, key_of, weak_digest
from pipeline.signatures.failures import pass_on
from pipeline.signatures.geometry import is_top_left
from pipeline.signatures.integrity import (
    MOST_REVISIONS,
    ReadSignature,
    holds_store,
    read_signatures,
    removed_signatures,
    tail_is_pure,
)
from pipeline.signatures.pages import first_page, frame_of, widget_box
from pipeline.signatures.preparing import FIELD_NAME
from pipeline.signatures.profiles import FURTHER
from pipeline.signatures.revocation import Asking
from pipeline.signatures.trust import Standings, TrustAnchors
from pipeline.signatures.verdicts import (
    JudgedSignature,
    Modification,
    Outcome,
    Reason,
    SignatureVerdict,
    conclusion_of,
    outcome_of,
)

_ZONELESS: Final = re.compile(r"D:\d{4,14}")
_PADES: Final = "/ETSI.CAdES.detached"
_WORST_FIRST: Final = (
    Modification.OTHER,
    Modification.SIGNATURES,
    Modification.VALIDATION_DATA,
    Modification.NONE,
)


class PdfSignatureJudge:
    """The `SignatureJudge` port with the richer `judge`."""

    def __init__(
        self,
        trust: TrustAnchors,
        now: Callable[[], dt.datetime],
        asking: Callable[[], Asking] | None = None,
    ) -> None:
        """Bind to the trusted roots and the time; with `asking` authorities are asked, too."""
        self._trust = trust
        self._now = now
        self._asking = asking

    def found(self, pdf: Path) -> tuple[FoundSignature, ...]:
        """See `pipeline.ports.signing.SignatureJudge`."""
        return tuple(signature.as_found() for signature in self.judge(pdf).signatures)

    def is_broken(self, pdf: Path) -> bool:
        """See `pipeline.ports.signing.SignatureJudge`."""
        return self.judge(pdf).outcome is Outcome.INVALID

    def judge(self, pdf: Path) -> SignatureVerdict:
        """The verdict on a file's bytes, now; raises OSError where it cannot be read."""
        asking = self._asking() if self._asking is not None else None
        return judge(pdf, self._trust, self._now(), asking)


def judge(
    pdf: Path, trust: TrustAnchors, at: dt.datetime, asking: Asking | None = None
) -> SignatureVerdict:
    """The verdict on a file's bytes at a moment.

    A file without any signature is INDETERMINATE (`NO_SIGNATURE`): whether one is expected is not
    for the bytes to say. Bytes that are no PDF, or that hold a signature no reader reaches, are
    INVALID; what memory does not suffice for is `TOO_COSTLY`.

    Args:
        pdf: the file.
        trust: whom signatures may end at.
        at: the moment.
        asking: for statuses of now; None: nobody is asked.

    Raises:
        OSError: the file cannot be read.
    """
    try:
        return _file(pdf, trust, at, asking)
    except MemoryError:
        return _only(Reason.TOO_COSTLY)


def _file(
    pdf: Path, trust: TrustAnchors, at: dt.datetime, asking: Asking | None
) -> SignatureVerdict:
    with contextlib.ExitStack() as stack:
        try:
            stream = stack.enter_context(pdf.open("rb"))
            size = stream.seek(0, io.SEEK_END)
            reader = PdfFileReader(stream, strict=False)
            if reader.encrypt_dict is not None:
                return _only(Reason.ENCRYPTED)
            if reader.total_revisions > MOST_REVISIONS:
                return _only(Reason.TOO_MANY_REVISIONS)
            standings = Standings(reader, trust, at)
            return asyncio.run(_verdict(reader, size, standings, asking))
        except Exception as error:
            pass_on(error)
            return _unreadable(pdf)


async def _verdict(
    reader: PdfFileReader, size: int, standings: Standings, asking: Asking | None
) -> SignatureVerdict:
    found = read_signatures(reader)
    reasons: list[Reason] = []
    if removed_signatures(reader, frozenset(signature.field for signature in found)):
        reasons.append(Reason.SIGNATURE_REMOVED)
    timestamps = [s for s in found if s.is_timestamp]
    regular = [s for s in found if not s.is_timestamp]
    if not regular and not reasons:
        reasons.append(Reason.NO_SIGNATURE)
    readable = [s for s in found if s.embedded is not None]
    if readable and not tail_is_pure(reader, readable[-1], size):
        reasons.append(Reason.UNSIGNED_TAIL)
    if asking is not None:
        await standings.ask([s for s in readable if s.intact], asking)
    if any(not stamp.sound or standings.altered(stamp) for stamp in timestamps):
        reasons.append(Reason.INTEGRITY_BROKEN)
    judged = [
        await _judged(signature, timestamps, standings, reader, size) for signature in regular
    ]
    reasons.extend(reason for signature in judged for reason in signature.reasons)
    return _summary(judged, reasons, reader, regular, readable, size)


def _summary(
    judged: Sequence[JudgedSignature],
    reasons: Sequence[Reason],
    reader: PdfFileReader,
    regular: Sequence[ReadSignature],
    readable: Sequence[ReadSignature],
    size: int,
) -> SignatureVerdict:
    """One verdict for the file; level and signer are those of the capture, else the first."""
    unique = tuple(dict.fromkeys(reasons))
    chief = next((s for s in judged if s.field == FIELD_NAME), judged[0] if judged else None)
    capture = next((s for s in regular if s.field == FIELD_NAME), None)
    changes = {s.modification for s in judged}
    return SignatureVerdict(
        outcome=outcome_of(unique),
        level=chief.level if chief else None,
        signer=chief.signer if chief else None,
        signed_at=chief.signed_at if chief else None,
        timestamped_at=chief.timestamped_at if chief else None,
        covers_whole_file=bool(readable) and readable[-1].covered and readable[-1].reaches == size,
        modification=next((m for m in _WORST_FIRST if m in changes), None),
        trusted=bool(judged) and all(s.trusted for s in judged),
        stamp_top_left=_stamp_top_left(reader, capture) if capture else None,
        signatures=tuple(judged),
        reasons=unique,
        etsi=conclusion_of(unique),
    )


async def _judged(
    signature: ReadSignature,
    timestamps: Sequence[ReadSignature],
    standings: Standings,
    reader: PdfFileReader,
    size: int,
) -> JudgedSignature:
    reasons = list(_own_reasons(signature))
    later = [t for t in timestamps if t.reaches > signature.reaches]
    signer, fingerprint, signed_at = _named(signature)
    standing = None
    if signature.embedded is not None and signature.intact:
        try:
            standing = await standings.of(signature, later, signed_at)
        except Exception as error:
            pass_on(error)
            reasons.append(Reason.UNTRUSTED)
    if standing is not None:
        reasons.extend(standing.reasons)
        if standing.development:
            reasons.append(Reason.DEVELOPMENT_SIGNATURE)
    timestamped_at = standing.timestamped_at if standing else None
    key, weak_key = _key(signature)
    if weak_key:
        reasons.append(Reason.WEAK_KEY)
    unique = tuple(dict.fromkeys(reasons))
    weak = (
        weak_digest(signature.digest),
        key if weak_key else "",
        *(standing.weak if standing else ()),
    )
    return JudgedSignature(
        field=signature.field,
        signer=signer,
        certificate_sha256=fingerprint,
        signed_at=signed_at,
        timestamped_at=timestamped_at,
        level=_level(signature, later, standings, reader, stamped=timestamped_at is not None),
        digest=signature.digest,
        key=key,
        weak=tuple(dict.fromkeys(name for name in weak if name)),
        intact=signature.sound,
        trusted=standing is not None and standing.trusted,
        covers_whole_file=signature.covered and signature.reaches == size,
        modification=signature.modification,
        reasons=unique,
        etsi=conclusion_of(unique),
    )


def _key(signature: ReadSignature) -> tuple[str, bool]:
    """See `certificates.key_of`; nothing where there is no certificate."""
    try:
        return key_of(signature.opened.signer_cert)
    except Exception as error:
        pass_on(error)
        return "", False


def _own_reasons(signature: ReadSignature) -> tuple[Reason, ...]:
    """What the bytes alone say against a signature."""
    if signature.problem is not None:
        return (signature.problem,)
    return tuple(
        reason
        for reason, given in (
            (Reason.INTEGRITY_BROKEN, not signature.intact),
            (Reason.COVERAGE_BROKEN, not signature.covered),
            (
                Reason.MODIFIED_AFTER_SIGNING,
                signature.covered and signature.modification is Modification.OTHER,
            ),
            (Reason.WEAK_DIGEST, bool(weak_digest(signature.digest))),
        )
        if given
    )


def _named(signature: ReadSignature) -> tuple[str, str | None, dt.datetime | None]:
    """Signer, fingerprint of the certificate, and the moment that the signer claims."""
    embedded = signature.embedded
    if embedded is None:
        return "", None, None
    try:
        certificate = embedded.signer_cert
        name = common_name(certificate)
        fingerprint = hashlib.sha256(certificate.dump()).hexdigest()
    except Exception as error:
        pass_on(error)
        return "", None, None
    return name, fingerprint, _claimed_time(embedded)


def _claimed_time(embedded: EmbeddedPdfSignature) -> dt.datetime | None:
    """The entry /M (EN 319 142-1, 5.3), else the signing-time attribute.

    Agencies' tools write local time into the attribute as if it were UTC, and some write /M
    without zone, meaning Vietnam's.
    """
    try:
        written = str(embedded.sig_object.get("/M", ""))
        if not written:
            return embedded.self_reported_timestamp
        claimed = parse_pdf_date(written, strict=False)
    except Exception as error:
        pass_on(error)
        return None
    local = _ZONELESS.fullmatch(written) is not None or claimed.tzinfo is None
    return claimed.replace(tzinfo=LEGAL_ZONE) if local else claimed


def _level(
    signature: ReadSignature,
    later: Sequence[ReadSignature],
    standings: Standings,
    reader: PdfFileReader,
    *,
    stamped: bool,
) -> SignatureLevel | None:
    embedded = signature.embedded
    if embedded is None or str(embedded.sig_object.get("/SubFilter", "")) != _PADES:
        return None
    if not stamped:
        return SignatureLevel.B_B
    if not standings.has_security_store or not _stored(signature, standings):
        return SignatureLevel.B_T
    sealed = any(holds_store(reader, t) for t in later if t.sound)
    return SignatureLevel.B_LTA if sealed else SignatureLevel.B_LT


def _stored(signature: ReadSignature, standings: Standings) -> bool:
    """False for a further signature that came after the validation data of the file."""
    return signature.field not in FURTHER or standings.stores(signature.opened.signer_cert)


def _stamp_top_left(reader: PdfFileReader, capture: ReadSignature) -> bool:
    if capture.embedded is None:
        return False
    try:
        page = first_page(reader.root)
        box = widget_box(page, capture.embedded.sig_field) if page is not None else None
        return page is not None and box is not None and is_top_left(box, frame_of(page))
    except Exception as error:
        pass_on(error)
        return False


def _only(*reasons: Reason) -> SignatureVerdict:
    return SignatureVerdict(
        outcome=outcome_of(reasons), reasons=reasons, etsi=conclusion_of(reasons)
    )


def _unreadable(pdf: Path) -> SignatureVerdict:
    """A file whose structure is broken: harmless only if repair finds that nobody signed it."""
    try:
        with pdf.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            was_signed = data.find(b"/ByteRange") >= 0
        with pikepdf.open(pdf) as repaired:
            pages = len(repaired.pages)
    except pikepdf.PasswordError:
        return _only(Reason.ENCRYPTED)
    except Exception as error:
        pass_on(error)
        return _only(Reason.UNREADABLE_PDF)
    if was_signed or pages == 0:
        return _only(Reason.UNREADABLE_PDF)
    return _only(Reason.NO_SIGNATURE, Reason.DAMAGED_XREF)
