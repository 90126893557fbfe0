"""Ports of signing: making a signature, judging those that came with a file."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Protocol

from pipeline.models.components import (
    CaptureFacts,
    ComponentPdf,
    FoundSignature,
    SignatureInfo,
)


class ComponentSigner(Protocol):
    """Stamps and signs one component file (PAdES); the only way to final bytes."""

    @property
    def signer(self) -> str:
        """Common name of the certificate."""
        ...

    @property
    def development(self) -> bool:
        """True for the development PKI."""
        ...

    def sign(
        self, component: ComponentPdf, pdf: Path, facts: CaptureFacts, at: dt.datetime
    ) -> tuple[bytes, SignatureInfo]:
        """Signed bytes; the file at `pdf` is not changed.

        Args:
            component: what is signed.
            pdf: its file.
            facts: officer and time for the stamp.
            at: moment of signing.

        Raises:
            AlreadySigned, KeyUnavailable, CertificateRejected, SignatureInvalid.
        """
        ...


class SignatureJudge(Protocol):
    """Looks at the signatures of a file that came signed."""

    def found(self, pdf: Path) -> tuple[FoundSignature, ...]:
        """All signatures with integrity and trust; never raises for a bad signature."""
        ...

    def is_broken(self, pdf: Path) -> bool:
        """True where what was signed was changed since, or a signature does not hold."""
        ...
