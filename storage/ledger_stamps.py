"""Timestamps over the seals of the ledger's days: `ledger/{date}.tsr`, locked like the seals.

A seal is put at once and stamped when the authority answers; what is owed is found by looking.
Every seal holds the digest of the one before, so that each timestamp also stands for all earlier
days. May not come in: how an authority is asked (`pipeline.signatures`).
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pipeline.errors import ContentConflict, TimestampError
from pipeline.models.files import FileRef
from pipeline.ports.archive import ObjectStore
from pipeline.ports.signing import Timestamps
from storage.ledger_days import PREFIX, Seal, is_events, seals

_SUFFIX: Final = ".tsr"
_MOST_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Stamping:
    """What one attempt came to."""

    stamped: int = 0
    problem: TimestampError | None = None
    """Why it ended early; the rest is owed."""


def stamp_key(seal_key: str) -> str:
    """Key of the timestamp over a seal."""
    return seal_key.removesuffix(".json") + _SUFFIX


def seal_beside(key: str) -> str:
    """Key of the seal that a day's events or timestamp belong to; of anything else, itself."""
    if is_events(key):
        return key.removesuffix(".events.json") + ".json"
    return key.removesuffix(_SUFFIX) + ".json" if key.endswith(_SUFFIX) else key


def stamp_sealed_days(
    store: ObjectStore, authority: Timestamps, *, most: int | None = None
) -> Stamping:
    """Have every seal stamped that is not, oldest first; the first failure ends it.

    Args:
        store: the archive.
        authority: who stamps.
        most: no more than this many.

    Raises:
        ArchiveUnavailable: see `ObjectStore.put`.
    """
    stamped = 0
    for seal in unstamped(store):
        if stamped == most:
            break
        try:
            _put(store, stamp_key(seal.key), authority.stamp(seal.sha256))
        except TimestampError as error:
            return Stamping(stamped, error)
        stamped += 1
    return Stamping(stamped)


def unstamped(store: ObjectStore) -> Iterator[Seal]:
    """Readable seals without a timestamp, oldest first."""
    have = {key for key, _ in store.versions(PREFIX) if key.endswith(_SUFFIX)}
    for key, seal in seals(store):
        if seal is not None and stamp_key(key) not in have:
            yield seal


def read_stamp(store: ObjectStore, seal: Seal) -> bytes | None:
    """The response over a seal, of several versions the first; None where there is none yet.

    Raises:
        ArchiveUnavailable: the store cannot be reached.
    """
    key = stamp_key(seal.key)
    version_id = dict(store.versions(key)).get(key)
    if version_id is None:
        return None
    with store.open(key, version_id) as stream:
        return stream.read(_MOST_BYTES)


def _put(store: ObjectStore, key: str, data: bytes) -> None:
    sha256 = hashlib.sha256(data).hexdigest()
    ref = FileRef(sha256=sha256, size=len(data), media_type="application/timestamp-reply")
    try:
        store.put(key, ref, io.BytesIO(data), locked=True)
    except ContentConflict:  # another process had it stamped a moment ago
        return
