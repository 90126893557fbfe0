"""Fixity: whether the archive still holds the bytes that it was given."""

from __future__ import annotations

import hashlib
from typing import Literal, TypeAlias

from pipeline.errors import NotFound
from pipeline.ports.archive import ObjectStore

Fixity: TypeAlias = Literal["ok", "changed", "lost"]

_CHUNK = 1024 * 1024


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
    hasher = hashlib.sha256()
    try:
        with store.open(key, version_id) as stream:
            while piece := stream.read(_CHUNK):
                hasher.update(piece)
    except NotFound:
        return "lost"
    return "ok" if hasher.hexdigest() == sha256 else "changed"
