"""Fixity: whether the archive still holds the bytes that it was given."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Literal, Protocol, TypeAlias

from pipeline.errors import NotFound
from pipeline.ports.archive import ObjectStore, StoredObject

Fixity: TypeAlias = Literal["ok", "changed", "lost"]

_CHUNK = 1024 * 1024


def read_digest(
    store: ObjectStore,
    key: str,
    version_id: str | None,
    seen: Callable[[int], None] = lambda _: None,
) -> str:
    """SHA-256 of a version's bytes, read in pieces.

    Args:
        store: the archive.
        key: of the object.
        version_id: as the archive answered; None for the newest.
        seen: told the size of every piece, in bytes, after it was read; it may take its time.

    Raises:
        NotFound: `OBJECT_MISSING`.
        ArchiveUnavailable: the archive cannot be reached, or broke off.
    """
    hasher = hashlib.sha256()
    with store.open(key, version_id) as stream:
        while piece := stream.read(_CHUNK):
            hasher.update(piece)
            seen(len(piece))
    return hasher.hexdigest()


def copied(stored: IO[bytes], target: Path) -> str:
    """Copy an object into a file that is made or written anew; the digest of what came.

    Raises:
        ArchiveUnavailable: the archive broke off.
    """
    hasher = hashlib.sha256()
    with target.open("wb") as out:
        while piece := stored.read(_CHUNK):
            hasher.update(piece)
            out.write(piece)
    return hasher.hexdigest()


class Listed(Protocol):
    """What is asked of an archive that may not answer, see `pipeline.ports.archive.ObjectStore`."""

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Newest version of every key below a prefix."""
        ...


def ensure_answers(store: Listed) -> None:
    """After one object could not be read: is it the object, or the store?

    Servers answer for bytes that their drives have lost as if they were busy.

    Raises:
        ArchiveUnavailable: the store does not answer for anything.
    """
    next(iter(store.list("dossiers/")), None)


def fixity(store: ObjectStore, key: str, version_id: str | None, sha256: str) -> Fixity:
    """Read a version in pieces and compare its digest.

    Args:
        store: the archive.
        key: of the object.
        version_id: as the archive answered; None for the newest.
        sha256: what the bytes must be.

    Raises:
        ArchiveUnavailable: the archive cannot be reached, so that nothing can be said.
    """
    try:
        found = read_digest(store, key, version_id)
    except NotFound:
        return "lost"
    return "ok" if found == sha256 else "changed"
