"""Augmenters that need no timestamp authority, named by what they do."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path

from pipeline.errors import TimestampError
from pipeline.models.components import CounterSignature, SignatureInfo, SignatureLevel

YEAR = dt.timedelta(days=365)
_SOON = dt.timedelta(days=30)


class SealingAugmenter:
    """Appends a comment where a seal would go; each seal holds for a year."""

    def __init__(self, now: dt.datetime | None = None) -> None:
        self.now = now
        """Moment of sealing; None: the signature's."""
        self.made = 0

    def due(self, info: SignatureInfo, at: dt.datetime) -> bool:
        if info.level is not SignatureLevel.B_LTA or info.sealed_until is None:
            return True
        return info.sealed_until - at < _SOON

    def augment(self, pdf: Path, info: SignatureInfo) -> tuple[bytes, SignatureInfo]:
        self.made += 1
        at = self.now or info.sealed_until or info.signed_at
        data = pdf.read_bytes()
        seal = hashlib.sha256(data).hexdigest()
        return data + f"\n%sealed {seal} at {at.isoformat()}".encode(), info.model_copy(
            update={"level": SignatureLevel.B_LTA, "sealed_until": at + YEAR}
        )


class AugmenterWithoutAuthority(SealingAugmenter):
    """The timestamp authority does not answer."""

    def augment(self, pdf: Path, info: SignatureInfo) -> tuple[bytes, SignatureInfo]:
        self.made += 1
        raise TimestampError()


class PrependingAugmenter(SealingAugmenter):
    """Breaks what was signed."""

    def augment(self, pdf: Path, info: SignatureInfo) -> tuple[bytes, SignatureInfo]:
        data, raised = super().augment(pdf, info)
        return b"%" + data, raised


class AugmenterThatNeverSeals(SealingAugmenter):
    """Whatever is appended, the signature is as before."""

    def augment(self, pdf: Path, info: SignatureInfo) -> tuple[bytes, SignatureInfo]:
        data, _ = super().augment(pdf, info)
        return data, info


class CounterSigningAugmenter:
    """Appends a comment where the archive's signature would go."""

    def due(self, info: SignatureInfo, at: dt.datetime) -> bool:
        return info.counter is None

    def augment(self, pdf: Path, info: SignatureInfo) -> tuple[bytes, SignatureInfo]:
        counter = CounterSignature(
            level=SignatureLevel.B_B,
            signer="Archive",
            signed_at=info.signed_at,
            certificate_sha256="a" * 64,
            development=False,
        )
        return pdf.read_bytes() + b"\n%archive", info.model_copy(update={"counter": counter})
