"""Signs a component with a PKCS#12 key: visible stamp, PAdES B-B, incremental update.

The signature is an approval signature without certification, so that later signatures and
timestamps may be appended without harm (domain-pack E.2). What was signed is checked before it
is handed out. May not come in: which key is used (`choosing`), judging foreign files.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter, enumerate_sig_fields
from pyhanko.sign.general import SigningError as ForeignSigningError
from pyhanko.sign.signers.cms_embedder import (
    PdfCMSEmbedder,
    SigAppearanceSetup,
    SigIOSetup,
    SigObjSetup,
)
from pyhanko.sign.signers.pdf_byterange import SignatureObject

from pipeline.errors import AlreadySigned, SignatureInvalid, SigningError
from pipeline.models.components import (
    CaptureFacts,
    ComponentPdf,
    SignatureInfo,
    SignatureLevel,
)
from pipeline.signatures import integrity
from pipeline.signatures.certificates import check_certificate
from pipeline.signatures.font import StampFonts
from pipeline.signatures.geometry import StampPlace, StampSize, place_stamp
from pipeline.signatures.keys import HeldKey
from pipeline.signatures.pages import first_page, frame_of
from pipeline.signatures.stamp import ALWAYS_CHARACTERS, DossierStampStyle, StampText

FIELD_NAME: Final = "SohoaCapture"
REASON: Final = "Số hoá hồ sơ giấy"
_DIGEST: Final = "sha256"
_ROOM_BYTES: Final = 3072
"""CMS bytes beyond the certificates: attributes, algorithms and an RSA-4096 signature."""


@dataclass(frozen=True, slots=True)
class StampProfile:
    """How the stamp looks in this office."""

    agency: str
    size: StampSize
    fonts: StampFonts


class Pkcs12Signer:
    """The `ComponentSigner` of a key that is held in memory."""

    def __init__(self, key: HeldKey, profile: StampProfile, *, development: bool) -> None:
        """Bind to a key and a look; `development` puts the warning on the stamp."""
        self._key = key
        self._profile = profile
        self._development = development
        self._reserve = 2 * (
            _ROOM_BYTES + sum(len(c.dump()) for c in (key.certificate, *key.chain))
        )

    @property
    def signer(self) -> str:
        """Common name of the certificate."""
        return self._key.common_name

    @property
    def development(self) -> bool:
        """True for the development PKI."""
        return self._development

    @property
    def validity(self) -> tuple[dt.datetime, dt.datetime]:
        """First and last moment the certificate may sign."""
        certificate = self._key.certificate
        return certificate.not_valid_before, certificate.not_valid_after

    def sign(
        self, component: ComponentPdf, pdf: Path, facts: CaptureFacts, at: dt.datetime
    ) -> tuple[bytes, SignatureInfo]:
        """See `pipeline.ports.signing.ComponentSigner`.

        Raises:
            AlreadySigned: the file carries a filled signature field.
            CertificateRejected: `CERTIFICATE_EXPIRED`, `CERTIFICATE_NOT_YET_VALID` at that moment,
                or `CERTIFICATE_USAGE` (may not sign).
            SigningError: `SIGNING_INPUT_UNREADABLE`.
            SignatureInvalid: the result does not verify.
        """
        check_certificate(self._key.certificate, at)
        try:
            writer = IncrementalPdfFileWriter(io.BytesIO(pdf.read_bytes()))
            if next(enumerate_sig_fields(writer.prev, filled_status=True), None) is not None:
                raise AlreadySigned()
            signed, place = self._signed(writer, component, facts, at)
        except (PdfError, ForeignSigningError, ValueError, RecursionError) as error:
            raise SigningError("SIGNING_INPUT_UNREADABLE", problem=type(error).__name__) from error
        _verify_own(signed)
        return signed, SignatureInfo(
            level=SignatureLevel.B_B,
            signer=self.signer,
            signed_at=at,
            page=0,
            box=place.box,
            certificate_sha256=hashlib.sha256(self._key.certificate.dump()).hexdigest(),
            development=self._development,
        )

    def _signed(
        self,
        writer: IncrementalPdfFileWriter,
        component: ComponentPdf,
        facts: CaptureFacts,
        at: dt.datetime,
    ) -> tuple[bytes, StampPlace]:
        page = first_page(writer.root)
        if page is None:
            raise PdfError("no page")
        place = place_stamp(frame_of(page), self._profile.size, component.keep_clear)
        box = place.box
        rectangle: Any = tuple(round(v, 3) for v in (box.x0, box.y0, box.x1, box.y1))
        spec = SigFieldSpec(FIELD_NAME, on_page=0, box=rectangle)
        steps = PdfCMSEmbedder(new_field_spec=spec).write_cms(FIELD_NAME, writer)
        next(steps)
        steps.send(
            SigObjSetup(
                sig_placeholder=SignatureObject(
                    timestamp=at,
                    subfilter=SigSeedSubFilter.PADES,
                    reason=REASON,
                    location=self._profile.agency,
                    bytes_reserved=self._reserve,
                ),
                appearance_setup=SigAppearanceSetup(
                    style=self._style(facts, at, place), timestamp=at, name=None
                ),
            )
        )
        prepared, output = steps.send(SigIOSetup(md_algorithm=_DIGEST, in_place=True))
        cms = asyncio.run(self._key.async_sign(prepared.document_digest, _DIGEST, use_pades=True))
        steps.send(cms)
        return output.getvalue(), place

    def _style(self, facts: CaptureFacts, at: dt.datetime, place: StampPlace) -> DossierStampStyle:
        name = facts.officer if self._development else self.signer
        text = StampText(self._profile.agency, name, at, self._development)
        fonts = self._profile.fonts
        lines = tuple(fonts.writable(line) for line in text.lines())
        font = fonts.subset_for("".join((ALWAYS_CHARACTERS, *lines)))
        return DossierStampStyle(lines=lines, font=font, place=place)


def _verify_own(signed: bytes) -> None:
    try:
        reader = PdfFileReader(io.BytesIO(signed))
        made = integrity.read_signatures(reader)
        sound = len(made) == 1 and made[0].intact and made[0].reaches == len(signed)
    except PdfError:
        sound = False
    if not sound:
        raise SignatureInvalid()
