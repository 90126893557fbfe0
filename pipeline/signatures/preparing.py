"""Stamps a component and makes the place for its signature: the first of two steps.

The signature is an approval signature without certification, so that later signatures and
timestamps may be appended without harm (domain-pack E.2). May not come in: private keys.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from asn1crypto import x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter, enumerate_sig_fields
from pyhanko.sign.general import SigningError as ForeignSigningError
from pyhanko.sign.signers.cms_embedder import (
    PdfCMSEmbedder,
    SigAppearanceSetup,
    SigIOSetup,
    SigObjSetup,
)
from pyhanko.sign.signers.pdf_byterange import PreparedByteRangeDigest, SignatureObject
from pyhanko.sign.signers.pdf_cms import ExternalSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore

from pipeline.errors import AlreadySigned, SigningError
from pipeline.models.base import Box
from pipeline.models.components import CaptureFacts, ComponentPdf
from pipeline.models.copies import CopyKind
from pipeline.models.files import FileRef
from pipeline.models.signing import PreparedSignature
from pipeline.models.stamps import StampSize
from pipeline.signatures.attained import attained
from pipeline.signatures.certificates import check_certificate, common_name
from pipeline.signatures.devpki import is_development
from pipeline.signatures.font import StampFonts
from pipeline.signatures.geometry import (
    POINTS_PER_MM,
    PageFrame,
    StampPlace,
    place_in_right_room,
    place_in_room,
    place_right,
    place_stamp,
)
from pipeline.signatures.keys import DIGEST, key_algorithm
from pipeline.signatures.pages import first_page, frame_of
from pipeline.signatures.profiles import (
    ARCHIVE,
    BY_PURPOSE,
    ELECTRONIC_COPY,
    INTAKE,
    SigningProfile,
    copy_lines,
)
from pipeline.signatures.stamp import (
    ALWAYS_CHARACTERS,
    DEVELOPMENT_LINE,
    PAD_X,
    DossierStampStyle,
    StampText,
)
from pipeline.signatures.timestamps import MOST_TOKEN_BYTES

FIELD_NAME: Final = INTAKE.field
_COPY_PT: Final = 10.0
_COPY_WIDTH_MM: Final = 75.0
"""At most; a longer line has smaller letters."""
_COPY_SPARE: Final = 1.02
"""Of a line's width: letters are a trifle larger than the rule's."""
_COPY_ROW_MM: Final = 1.3 * 25.4 / 72
"""Height of a row of text for each point of its letters."""
_ROOM_BYTES: Final = 3072
"""CMS bytes beyond the certificates: attributes, algorithms and an RSA-4096 signature."""


@dataclass(frozen=True, slots=True)
class StampProfile:
    """How the stamp looks in this office."""

    agency: str
    size: StampSize
    fonts: StampFonts


@dataclass(frozen=True, slots=True)
class Paper:
    """What is signed: a component, its file, and what the stamp says."""

    component: ComponentPdf
    pdf: Path
    facts: CaptureFacts
    at: dt.datetime


def prepare(
    paper: Paper,
    certificates: Sequence[x509.Certificate],
    profile: StampProfile,
    *,
    timestamped: bool,
) -> tuple[bytes, PreparedSignature]:
    """The stamped document with an empty signature, and what the key is to sign.

    Args:
        paper: what is signed.
        certificates: the officer's, then its issuers.
        profile: the stamp.
        timestamped: keep room for a timestamp within the signature.

    Raises:
        AlreadySigned: the file carries a filled signature field.
        CertificateRejected: `CERTIFICATE_EXPIRED`, `CERTIFICATE_NOT_YET_VALID` at that moment,
            `CERTIFICATE_USAGE` (may not sign), `KEY_ALGORITHM`.
        SigningError: `SIGNING_INPUT_UNREADABLE`.
    """
    certificate = certificates[0]
    check_certificate(certificate, paper.at)
    reserve = _reserve(certificates, timestamped=timestamped)
    try:
        writer = IncrementalPdfFileWriter(io.BytesIO(paper.pdf.read_bytes()))
        if next(enumerate_sig_fields(writer.prev, filled_status=True), None) is not None:
            raise AlreadySigned()
        place = _place(_first_frame(writer), paper.component, profile.size)
        lines = _lines(paper, certificate, profile)
        kind = BY_PURPOSE[paper.component.purpose]
        document, gap = _stamped(writer, paper.at, kind, profile, place, lines, reserve)
    except (PdfError, ForeignSigningError, ValueError, RecursionError) as error:
        raise SigningError("SIGNING_INPUT_UNREADABLE", problem=type(error).__name__) from error
    component = paper.component
    named = (component.component_id, component.code)
    return document, _prepared(document, gap, certificates, named, paper.at, place.box)


def prepare_copy(
    signed: bytes,
    kind: CopyKind,
    certificates: Sequence[x509.Certificate],
    profile: StampProfile,
    at: dt.datetime,
    room: Box | None,
    *,
    timestamped: bool,
) -> tuple[bytes, PreparedSignature]:
    """A file that an officer signed with the agency's empty signature, at the top right.

    Args:
        signed: the file.
        kind: of the copy.
        certificates: the agency's, then its issuers.
        profile: agency and fonts.
        at: moment of signing.
        room: where page one is free, of `copy_size`; None, or what is not there: the corner.
        timestamped: keep room for a timestamp within the signature.

    Raises:
        AlreadySigned: it is a copy.
        SignatureInvalid: it is not a sound file that Sohoa signed.
        CertificateRejected, SigningError: as `prepare`.
    """
    check_certificate(certificates[0], at)
    if attained(signed).of(ELECTRONIC_COPY.field) is not None:
        raise AlreadySigned()
    reserve = _reserve(certificates, timestamped=timestamped)
    lines = _copy_lines(kind, certificates[0], profile, at)
    try:
        writer = IncrementalPdfFileWriter(io.BytesIO(signed))
        frame = _first_frame(writer)
        found = place_in_right_room(frame, room) if room is not None else None
        place = found or place_right(frame, copy_size(kind, certificates[0], profile, at))
        document, gap = _stamped(writer, at, ELECTRONIC_COPY, profile, place, lines, reserve)
    except (PdfError, ForeignSigningError, ValueError, RecursionError) as error:
        raise SigningError("SIGNING_INPUT_UNREADABLE", problem=type(error).__name__) from error
    return document, _prepared(document, gap, certificates, ("", ""), at, place.box)


def copy_size(
    kind: CopyKind, certificate: x509.Certificate, profile: StampProfile, at: dt.datetime
) -> StampSize:
    """Room that the words of a copy need at the size that the rule sets, no more."""
    lines = _copy_lines(kind, certificate, profile, at)
    letters = ELECTRONIC_COPY.look.letters_pt or _COPY_PT
    height = len(lines) * letters * _COPY_ROW_MM
    widest = max(map(profile.fonts.width_em, lines)) * letters * _COPY_SPARE / POINTS_PER_MM
    return StampSize(
        min(_COPY_WIDTH_MM, widest + 2 * PAD_X * height), height, profile.size.margin_mm
    )


def _copy_lines(
    kind: CopyKind, certificate: x509.Certificate, profile: StampProfile, at: dt.datetime
) -> tuple[str, ...]:
    lines = copy_lines(kind, profile.agency, at)
    return (*lines, DEVELOPMENT_LINE) if is_development(certificate) else lines


def prepare_counter(
    signed: bytes,
    certificates: Sequence[x509.Certificate],
    agency: str,
    at: dt.datetime,
    *,
    timestamped: bool,
    named: tuple[str, str] = ("", ""),
) -> tuple[bytes, PreparedSignature]:
    """A file that an officer signed with an empty, invisible signature of the archive appended.

    Args:
        signed: the file.
        certificates: the archive's, then its issuers.
        agency: where it is signed, entry /Location.
        at: moment of signing.
        timestamped: keep room for a timestamp within the signature.
        named: id and code of the component, where it is kept for a signature from elsewhere.

    Raises:
        AlreadySigned: the archive has signed it.
        SignatureInvalid: it is not a sound file that Sohoa signed.
        CertificateRejected: as `prepare`.
        SigningError: `SIGNING_INPUT_UNREADABLE`.
    """
    check_certificate(certificates[0], at)
    if attained(signed).of(ARCHIVE.field) is not None:
        raise AlreadySigned()
    try:
        writer = IncrementalPdfFileWriter(io.BytesIO(signed))
        spec = SigFieldSpec(ARCHIVE.field, on_page=0)
        reserve = _reserve(certificates, timestamped=timestamped)
        document, gap = _embedded(writer, spec, ARCHIVE, agency, at, reserve)
    except (PdfError, ForeignSigningError, ValueError, RecursionError) as error:
        raise SigningError("SIGNING_INPUT_UNREADABLE", problem=type(error).__name__) from error
    nowhere = Box(x0=0, y0=0, x1=0, y1=0)
    return document, _prepared(document, gap, certificates, named, at, nowhere)


def _reserve(certificates: Sequence[x509.Certificate], *, timestamped: bool) -> int:
    """Hexadecimal digits to keep for the CMS."""
    room = _ROOM_BYTES + sum(len(one.dump()) for one in certificates)
    return 2 * (room + (MOST_TOKEN_BYTES if timestamped else 0))


def _prepared(
    document: bytes,
    gap: PreparedByteRangeDigest,
    certificates: Sequence[x509.Certificate],
    named: tuple[str, str],
    at: dt.datetime,
    box: Box,
) -> PreparedSignature:
    """What the key is to sign; `named` are id and code of the component."""
    certificate = certificates[0]
    attributes = asyncio.run(
        signer_for(certificates).signed_attrs(gap.document_digest, DIGEST, use_pades=True)
    ).dump()
    return PreparedSignature(
        component_id=named[0],
        code=named[1],
        document=FileRef(
            sha256=hashlib.sha256(document).hexdigest(),
            size=len(document),
            media_type="application/pdf",
        ),
        gap=(gap.reserved_region_start, gap.reserved_region_end),
        certificates=tuple(one.dump() for one in certificates),
        key_algorithm="rsa" if key_algorithm(certificate) == "rsa" else "ec",
        to_be_signed=attributes,
        digest=hashlib.sha256(attributes).hexdigest(),
        signer=common_name(certificate),
        signed_at=at,
        box=box,
    )


def signer_for(certificates: Sequence[x509.Certificate], signature: bytes = b"") -> ExternalSigner:
    """What builds the CMS around a signature that was made elsewhere; roots stay out."""
    store = SimpleCertificateStore()
    store.register_multiple(certificates[1:])
    return ExternalSigner(certificates[0], store, signature or None, embed_roots=False)


def _first_frame(writer: IncrementalPdfFileWriter) -> PageFrame:
    page = first_page(writer.root)
    if page is None:
        raise PdfError("no page")
    return frame_of(page)


def _stamped(
    writer: IncrementalPdfFileWriter,
    at: dt.datetime,
    kind: SigningProfile,
    profile: StampProfile,
    place: StampPlace,
    lines: Sequence[str],
    reserve: int,
) -> tuple[bytes, PreparedByteRangeDigest]:
    box = place.box
    rectangle: Any = tuple(round(v, 3) for v in (box.x0, box.y0, box.x1, box.y1))
    spec = SigFieldSpec(kind.field, on_page=0, box=rectangle)
    written = tuple(profile.fonts.writable(line) for line in lines)
    font = profile.fonts.subset_for("".join((ALWAYS_CHARACTERS, *written)))
    style = DossierStampStyle(lines=written, font=font, place=place, look=kind.look)
    look = SigAppearanceSetup(style=style, timestamp=at, name=None)
    return _embedded(writer, spec, kind, profile.agency, at, reserve, look)


def _embedded(
    writer: IncrementalPdfFileWriter,
    spec: SigFieldSpec,
    kind: SigningProfile,
    agency: str,
    at: dt.datetime,
    reserve: int,
    look: SigAppearanceSetup | None = None,
) -> tuple[bytes, PreparedByteRangeDigest]:
    """The document with the field and an empty signature in it."""
    steps = PdfCMSEmbedder(new_field_spec=spec).write_cms(kind.field, writer)
    next(steps)
    steps.send(
        SigObjSetup(
            sig_placeholder=SignatureObject(
                timestamp=at,
                subfilter=SigSeedSubFilter.PADES,
                reason=kind.reason,
                location=agency,
                bytes_reserved=reserve,
            ),
            appearance_setup=look,
        )
    )
    gap, output = steps.send(SigIOSetup(md_algorithm=DIGEST, in_place=True))
    return output.getvalue(), gap


def _place(frame: PageFrame, component: ComponentPdf, size: StampSize) -> StampPlace:
    """Where assembly found room, or made it; without, the corner beside what must stay clear."""
    found = place_in_room(frame, component.room.box) if component.room is not None else None
    return found or place_stamp(frame, size, component.keep_clear)


def _lines(paper: Paper, certificate: x509.Certificate, profile: StampProfile) -> tuple[str, ...]:
    development = is_development(certificate)
    name = paper.facts.officer if development else common_name(certificate)
    return StampText(profile.agency, name, paper.at, development).lines()
