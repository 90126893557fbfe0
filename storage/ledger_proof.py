"""Proof that the ledger told of some bytes: event → Merkle path → root in a day's seal.

The document (`sohoa.ledger-proof/1`) and the seals (`ledger/{date}.json`, `.tsr`) are all that
`tools/prove_ledger.py` needs; no other event is disclosed. May not come in: verdicts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from pipeline.models.base import Sha256
from pipeline.models.events import ChainedEvent
from pipeline.models.manifest import ArchiveDocument
from pipeline.ports.archive import ObjectStore
from storage.ledger_days import LedgerDay, sealed_days
from storage.merkle import merkle_path, merkle_root


class LedgerProof(ArchiveDocument):
    """`sohoa.ledger-proof/1`: one event, and the way from it to the seal of its day."""

    schema_: Literal["sohoa.ledger-proof/1"] = Field(default="sohoa.ledger-proof/1", alias="schema")
    sha256: Sha256
    """Of the bytes that the event tells of: one of its hashes."""
    event: ChainedEvent
    day: dt.date
    """Asia/Ho_Chi_Minh."""
    seal_key: str
    seal_sha256: Sha256
    """Of the seal's bytes."""
    index: int
    """Place of the event among those of the day, 0-based."""
    size: int
    """Events of the day."""
    root: Sha256
    """Of the day's tree; a seal of the first schema does not name it, but holds the events."""
    path: tuple[Sha256, ...]
    """See `storage.merkle.merkle_path`."""


def prove(store: ObjectStore, sha256s: Iterable[str]) -> dict[str, tuple[LedgerProof, ...]]:
    """Proofs of every event of the sealed days that tells of some bytes.

    Reads the sealed days once, one at a time. Days that contradict themselves prove nothing.

    Args:
        store: the archive.
        sha256s: of the bytes: components' revisions, manifests, sidecars, page indexes.

    Returns:
        By digest, in the order of the chain; empty for bytes that no sealed day tells of (yet).

    Raises:
        ArchiveUnavailable: the archive cannot be reached.
    """
    found: dict[str, list[LedgerProof]] = {sha256: [] for sha256 in sha256s}
    for _, day in sealed_days(store):
        if day is not None and day.follows(day.first_seq - 1, day.prev_hash):
            for proof in _of_day(day, found.keys()):
                found[proof.sha256].append(proof)
    return {sha256: tuple(proofs) for sha256, proofs in found.items()}


def _of_day(day: LedgerDay, wanted: Iterable[str]) -> Iterable[LedgerProof]:
    hashes = [link.hash for link in day.events]
    sought = set(wanted)
    for index, link in enumerate(day.events):
        for sha256 in sorted(sought.intersection(link.event.hashes.values())):
            yield LedgerProof(
                sha256=sha256,
                event=link,
                day=day.day,
                seal_key=day.seal.key,
                seal_sha256=day.seal.sha256,
                index=index,
                size=len(hashes),
                root=day.seal.root or merkle_root(hashes),
                path=merkle_path(hashes, index),
            )
