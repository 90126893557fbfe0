"""Signers that need neither key nor font, named by what they do."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path

from pipeline.errors import AlreadySigned, KeyUnavailable
from pipeline.models.base import Box
from pipeline.models.components import (
    CaptureFacts,
    ComponentPdf,
    FoundSignature,
    SignatureInfo,
    SignatureLevel,
)
from pipeline.models.files import FileRef

_MARK = b"\n%signed by "


class MarkingSigner:
    """Appends a comment where a signature would go; the same call gives the same bytes."""

    signer = "Marking signer"
    development = True

    def sign(
        self, component: ComponentPdf, pdf: Path, facts: CaptureFacts, at: dt.datetime
    ) -> tuple[bytes, SignatureInfo]:
        data = pdf.read_bytes()
        if _MARK in data or b"/ByteRange" in data:
            raise AlreadySigned()
        mark = _MARK + f"{self.signer} for {component.component_id} at {at.isoformat()}".encode()
        return data + mark, SignatureInfo(
            level=SignatureLevel.B_B,
            signer=self.signer,
            signed_at=at,
            box=Box(x0=8.5, y0=799.5, x1=173, y1=833.5),
            certificate_sha256=hashlib.sha256(self.signer.encode()).hexdigest(),
            development=True,
        )


class SignerWithoutKey:
    """The token is not plugged in."""

    signer = "Absent officer"
    development = False

    def sign(
        self, component: ComponentPdf, pdf: Path, facts: CaptureFacts, at: dt.datetime
    ) -> tuple[bytes, SignatureInfo]:
        raise KeyUnavailable()


class MarkJudge:
    """Finds the marks of `MarkingSigner`."""

    def is_broken(self, pdf: Path) -> bool:
        return False

    def found(self, pdf: Path) -> tuple[FoundSignature, ...]:
        data = pdf.read_bytes()
        if _MARK not in data:
            return ()
        return (
            FoundSignature(
                signer=MarkingSigner.signer,
                signed_at=None,
                intact=True,
                trusted=False,
                digest="sha256",
                covers_whole_file=True,
            ),
        )


def capture_facts(officer: str = "huyen.ntn", component_id: str = "c" * 64) -> CaptureFacts:
    """Facts of a capture, as signers are given them."""
    return CaptureFacts(
        component_id=component_id,
        component_code="F_14_HSB",
        batch_id="b" * 64,
        unit="DEV",
        officer=officer,
        station=None,
        channel="desk",
        captured_at=dt.datetime(2026, 11, 22, 2, 59, tzinfo=dt.UTC),
        source_count=1,
        pages_in=1,
        pages_kept=1,
        raw_sha256=(),
        engine=None,
        software="Sohoa (test)",
    )


def component_of(pdf: Path) -> ComponentPdf:
    """The component whose file this is."""
    data = pdf.read_bytes()
    return ComponentPdf(
        component_id="c" * 64,
        code="F_14_HSB",
        file=FileRef(
            sha256=hashlib.sha256(data).hexdigest(), size=len(data), media_type="application/pdf"
        ),
        page_sizes=((595.0, 842.0),),
    )
