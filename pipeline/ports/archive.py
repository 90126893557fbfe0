"""Port of the archive: versioned objects."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Literal, Protocol, TypeAlias

from pipeline.models.files import FileRef

Immutability: TypeAlias = Literal["enforced", "advisory"]
"""`enforced` by object lock, or `advisory` (folder: mode 0444)."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One version of an object."""

    key: str
    version_id: str
    sha256: str
    """Digest of the content as it was put."""
    size: int
    """Bytes."""
    deleted: bool = False
    """A delete marker lies over it: an incident, which `audit` reports. The bytes are still there,
    and are found as if it did not."""


@dataclass(frozen=True, slots=True)
class ObjectLock:
    """What keeps a version from being removed."""

    until: dt.datetime | None = None
    """End of its retention; None: it has none."""
    held: bool = False
    """Under legal hold, whatever the retention says."""

    def lasts(self, now: dt.datetime) -> bool:
        """True where it may not be removed now."""
        return self.held or (self.until is not None and self.until > now)


class ObjectStore(Protocol):
    """The central archive's objects: versioned, read and written by version id."""

    @property
    def immutability(self) -> Immutability:
        """Whether the store itself forbids change."""
        ...

    def put(self, key: str, ref: FileRef, data: IO[bytes], *, locked: bool) -> StoredObject:
        """Store bytes under a key; equal bytes already there are adopted, not doubled.

        Where two writers put equal bytes at once, both are told the same version.

        Args:
            key: ASCII, `/`-separated (architecture §6).
            ref: digest, size and media type that the bytes must have.
            data: the bytes.
            locked: True for write-once keys; False for replaceable ones (`text/`).

        Raises:
            ContentConflict: a locked key holds other bytes.
            ChecksumMismatch: `data` is not what `ref` says.
            ArchiveUnavailable: down or full; nothing visible was written.
        """
        ...

    def head(self, key: str) -> StoredObject | None:
        """The newest version, also a deleted one; None where the key holds nothing."""
        ...

    def open(self, key: str, version_id: str | None = None) -> IO[bytes]:
        """The bytes of a version (default the newest).

        Raises:
            NotFound: `OBJECT_MISSING`.
            ArchiveUnavailable: the store cannot be reached.
        """
        ...

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Newest version of every key below a prefix, also deleted ones, in key order."""
        ...

    def versions(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Key and id of every version below a prefix: keys in order, of each the newest first.

        Also of versions that other hands put there, of which nothing else is asked; delete
        markers are none.

        Raises:
            ArchiveUnavailable: the store cannot be reached.
        """
        ...

    def hidden(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Key and id of copies below a prefix that `versions` does not show, in no order.

        Damaged bytes that `restore` set aside, versions whose newest is gone: nobody reads them,
        and they are removed by `remove` like any other. A store that shows every version has none.

        Raises:
            ArchiveUnavailable: the store cannot be reached.
        """
        ...

    def restore(self, key: str, ref: FileRef, data: IO[bytes], *, locked: bool) -> StoredObject:
        """Put known bytes again under a key whose bytes are lost or changed, as its newest version.

        What lies there stays: beneath as a version, or set aside where the store keeps one file a
        version. Not for new content: write-once keys are not what this asks about.

        Args:
            key: see `put`.
            ref: what was recorded of the bytes.
            data: the bytes, from a copy.
            locked: see `put`.

        Raises:
            ChecksumMismatch: `data` is not what `ref` says; nothing visible was written.
            ArchiveUnavailable: down or full.
        """
        ...

    def renew(self, key: str, version_id: str, *, before: dt.datetime, until: dt.datetime) -> bool:
        """Lock a version until a later moment, where its lock ends before another.

        Returns:
            True where the lock was lengthened; False where it lasts. A lock is never shortened.

        Raises:
            NotFound: `OBJECT_MISSING`.
            ArchiveUnavailable: the store cannot be reached.
        """
        ...

    def lock(self, key: str, version_id: str) -> ObjectLock:
        """What keeps a version; an `advisory` store says what it was told.

        Raises:
            NotFound: `OBJECT_MISSING`.
            ArchiveUnavailable: the store cannot be reached.
        """
        ...

    def hold(self, key: str, version_id: str, *, on: bool) -> bool:
        """Put a version under legal hold, or lift it.

        Returns:
            True where it was otherwise before.

        Raises:
            NotFound: `OBJECT_MISSING`.
            ArchiveUnavailable: the store cannot be reached.
        """
        ...

    def remove(self, key: str, version_id: str) -> bool:
        """Remove one version for ever; the one before it becomes the newest.

        Returns:
            False where it was not there.

        Raises:
            ArchiveError: `OBJECT_LOCKED`: its lock lasts, or it is held.
            ArchiveUnavailable: the store cannot be reached.
        """
        ...
