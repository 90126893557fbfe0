"""The `Augmenter`: raises recorded signatures, and renews seals before they expire.

May not come in: which components, publishing the new revision (`casework`).
"""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path
from typing import Final

from pipeline.errors import TimestampError
from pipeline.models.components import SignatureInfo, SignatureLevel
from pipeline.signatures.attained import Attained, attained
from pipeline.signatures.finishing import raised_info, reached
from pipeline.signatures.levels import Levels, rank

_RENEW_BEFORE: Final = dt.timedelta(days=90)
"""A seal is renewed this long before the certificate of its authority ends."""


class PadesAugmenter:
    """Raises to the level of the settings."""

    def __init__(self, levels: Levels | None) -> None:
        """Bind; None: no timestamp authority is set."""
        self._levels = levels

    def due(self, info: SignatureInfo, at: dt.datetime) -> bool:
        """See `pipeline.ports.signing.Augmenter`."""
        if self._levels is None:
            return False
        levels = [info.level, *([info.counter.level] if info.counter else [])]
        if min(map(rank, levels)) < rank(self._levels.wanted):
            return True
        until = info.sealed_until
        return until is not None and until - at < _RENEW_BEFORE and self._levels.renewable(until)

    def augment(self, pdf: Path, info: SignatureInfo) -> tuple[bytes, SignatureInfo]:
        """See `pipeline.ports.signing.Augmenter`.

        Where only a part can be had now, that part is handed out: a timestamp is worth most soon.

        Raises:
            TimestampError: nothing could be appended; `TIMESTAMP_NO_NEWER`: the authority has no
                certificate that lasts longer, and `due` is False for some hours.
            CertificateRejected: `CERTIFICATE_REVOKED`, `CERTIFICATE_UNTRUSTED`,
                `CERTIFICATE_EXPIRED`.
            SignatureInvalid: see the port.
        """
        if self._levels is None:
            raise TimestampError("TIMESTAMP_NOT_SET")
        before = pdf.read_bytes()
        data, state = asyncio.run(_raised(before, self._levels))
        return data, raised_info(info, state)


async def _raised(before: bytes, levels: Levels) -> tuple[bytes, Attained]:
    data, state = before, attained(before)
    deadline = levels.deadline()
    stamper = levels.timestamper(deadline)
    if state.level is SignatureLevel.B_B:
        data = await levels.timestamped(data, stamper)
        state = reached(data, before, SignatureLevel.B_T)
    if rank(levels.wanted) <= rank(SignatureLevel.B_T):
        return data, state
    try:
        more = await levels.proven(data, state, stamper, deadline)
    except TimestampError:
        if data is before:
            raise
        return data, state
    return more, reached(more, before, levels.wanted)
