"""The `SignerBook`: which officer has which key.

A key belongs to one officer and stands in for nobody: keys on the token by the list of the
settings, the PKCS#12 file to the officer that the settings name. The development PKI signs for
anybody, where no other key is set and never in production. May not come in: how keys sign.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from pipeline.errors import KeyUnavailable
from pipeline.signatures.keys import HeldKey
from pipeline.signatures.signer import HeldKeySigner

Opening = Callable[[], HeldKey]
"""Opens a key; raises what `open_pkcs12` and `Token.key` raise."""


class KeyBook:
    """Opens each officer's key once, when it is first asked for."""

    def __init__(
        self,
        keys: Mapping[str, Opening],
        for_anybody: Opening | None,
        signer: Callable[[HeldKey], HeldKeySigner],
    ) -> None:
        """Bind; nothing is opened.

        Args:
            keys: by account of the officer.
            for_anybody: the development PKI.
            signer: makes the signer of a key.
        """
        self._keys = dict(keys)
        self._for_anybody = for_anybody
        self._signer = signer
        self._open: dict[str | None, HeldKeySigner] = {}
        self._lock = threading.Lock()

    @property
    def officers(self) -> tuple[str, ...]:
        """Accounts whose keys are held here."""
        return tuple(self._keys)

    @property
    def opened(self) -> tuple[HeldKeySigner, ...]:
        """Signers that were asked for so far."""
        with self._lock:
            return tuple(self._open.values())

    def of(self, officer: str) -> HeldKeySigner:
        """See `pipeline.ports.signing.SignerBook`."""
        opening = self._keys.get(officer, self._for_anybody)
        if opening is None:
            raise KeyUnavailable("KEY_OF_OFFICER_MISSING")
        whose = officer if officer in self._keys else None
        with self._lock:
            if whose not in self._open:
                self._open[whose] = self._signer(opening())
            return self._open[whose]
