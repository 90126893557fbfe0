"""The archive's counter-signature: appended in a field of its own, over what an officer signed.

Nothing that was signed changes, and nothing shows on the paper. Only files that are sound and that
Sohoa signed are counter-signed, once. May not come in: which components, publishing the new
revision (`casework`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

from pipeline.models.components import SignatureInfo
from pipeline.signatures.signer import HeldKeySigner


class ArchiveCounterSigner:
    """The `Augmenter` that appends the archive's signature."""

    def __init__(
        self, opening: Callable[[], HeldKeySigner], now: Callable[[], dt.datetime]
    ) -> None:
        """Bind; the key is opened when it is first needed."""
        self._opening = opening
        self._now = now

    def due(self, info: SignatureInfo, at: dt.datetime) -> bool:
        """True where the archive has not signed yet."""
        return info.counter is None

    def augment(self, pdf: Path, info: SignatureInfo) -> tuple[bytes, SignatureInfo]:
        """The file with the archive's signature at the best level that can be had now.

        Raises:
            SohoaError: see `HeldKeySigner.countersign`.
        """
        return self._opening().countersign(pdf, info, self._now())
