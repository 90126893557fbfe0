"""The ledger's chain: how an event gets its place, and whether a chain holds.

The hash of each event is SHA-256 over the RFC 8785 bytes of `{seq, prev_hash, event}`; the first
has 64 zeros before it. What is over is sealed (`storage.ledger_days`, `storage.ledger_sealing`);
where one file stands says `storage.ledger_standing`. May not come in: tables, the archive.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, Final

import rfc8785

from pipeline.models.events import ChainedEvent, Event

GENESIS: Final = "0" * 64
"""`prev_hash` of the first event, and the head of an empty chain."""

HEAD_LOST: Final = "ledger.head_lost"
"""Action of the event that names a manifest's ledger head which no seal holds."""

RECOVERED: Final = "archive.recovered"
"""Action of the event that tells of bytes which a restored ledger knew nothing of."""

FINAL_BYTES: Final = frozenset(
    {
        "component.signed",
        "component.kept",
        "component.augmented",
        "component.countersigned",
        RECOVERED,
    }
)
"""Actions of events that tell of a file's final bytes."""
COPIED: Final = "component.copied"
"""Action of the event that tells of an electronic copy that was given out, by its `copy` hash."""


def chained(event: Event, seq: int, prev_hash: str) -> ChainedEvent:
    """An event in its place.

    Args:
        event: what happened.
        seq: 1-based.
        prev_hash: hash of the event before, `GENESIS` for the first.
    """
    document: dict[str, Any] = {
        "seq": seq,
        "prev_hash": prev_hash,
        "event": event.model_dump(mode="json"),
    }
    digest = hashlib.sha256(rfc8785.dumps(document)).hexdigest()
    return ChainedEvent(event=event, seq=seq, prev_hash=prev_hash, hash=digest)


def verify_chain(
    events: Iterable[ChainedEvent], *, after_seq: int = 0, prev_hash: str = GENESIS
) -> int | None:
    """The first seq at which the chain does not hold, None for a whole chain.

    Args:
        events: by seq.
        after_seq: seq before the first event.
        prev_hash: hash of that event.
    """
    seq = after_seq
    for found in events:
        seq += 1
        if found != chained(found.event, seq, prev_hash):
            return seq
        prev_hash = found.hash
    return None
