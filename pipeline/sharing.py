"""Files in work that several hosts share: a place behind the local folder, a shelf per batch.

    batches/{batch_id}/blobs/abcdef…            bytes by SHA-256
    batches/{batch_id}/stages/{stage}/….json    stage results
    quarantine/abcdef…, quarantine/abcdef….json refused inputs and why
    erased/abcdef…                              empty: bytes that no host may keep any longer

A shelf belongs to one batch, so that it can be cleared whole and says by one listing what it
holds. Two batches of the same page hold it twice. May not come in: local paths, what bytes mean.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Final, Protocol

from pipeline.errors import NotFound

BATCHES: Final = "batches/"
QUARANTINE: Final = "quarantine/"
ERASED: Final = "erased/"


@dataclass(frozen=True, slots=True)
class BackedFile:
    """One file as listed."""

    name: str
    size: int
    """Bytes."""
    modified: dt.datetime
    """UTC."""


class Backing(Protocol):
    """Where hosts share files in work: neither versions nor locks; what is deleted is gone.

    Raises (all methods): ArchiveUnavailable: it cannot be reached, or is full.
    """

    def put(self, name: str, data: IO[bytes], size: int, sha256: str) -> None:
        """Write a file whole, in place of an earlier one.

        Args:
            name: ASCII, `/`-separated.
            data: the bytes.
            size: how many.
            sha256: what they are.

        Raises:
            ChecksumMismatch: they changed on the way.
        """
        ...

    def get(self, name: str) -> IO[bytes]:
        """The bytes of a file; the caller knows what they should be.

        Raises:
            NotFound: `BLOB_MISSING`.
        """
        ...

    def list(self, prefix: str) -> Iterator[BackedFile]:
        """Files below a prefix, by name."""
        ...

    def folders(self, prefix: str) -> Iterator[str]:
        """What stands between a prefix (ending in `/`) and the next `/`, once each, by name."""
        ...

    def delete(self, names: Iterable[str]) -> None:
        """Remove files; absent ones are no error."""
        ...


def put_bytes(backing: Backing, name: str, data: bytes) -> None:
    """Write a small file."""
    backing.put(name, io.BytesIO(data), len(data), hashlib.sha256(data).hexdigest())


class Shelf:
    """The files of one batch, as its backing listed them at first use; for threads of a process.

    One walk along a batch uses one shelf: what other hosts put there before is seen, what they
    put while it is used is not.
    """

    def __init__(self, backing: Backing, batch_id: str) -> None:
        """Nothing is asked yet."""
        self._backing = backing
        self._prefix = f"{BATCHES}{batch_id}/"
        self._known: set[str] | None = None
        self._lock = threading.Lock()

    def holds(self, name: str) -> bool:
        """True for a file that was there at first use, or was put since."""
        return name in self._names()

    def put(self, name: str, data: IO[bytes], size: int, sha256: str) -> None:
        """See `Backing.put`."""
        self._backing.put(self._prefix + name, data, size, sha256)
        self._names().add(name)

    def get(self, name: str) -> IO[bytes] | None:
        """The bytes of a file, None where there is none."""
        if not self.holds(name):
            return None
        try:
            return self._backing.get(self._prefix + name)
        except NotFound:
            self.forget(name)
            return None

    def forget(self, name: str) -> None:
        """A file turned out to be gone or damaged: the next put writes it anew."""
        self._names().discard(name)

    def delete(self, name: str) -> None:
        """Remove a file."""
        self._backing.delete([self._prefix + name])
        self.forget(name)

    def clear(self) -> None:
        """Remove all files."""
        self._backing.delete(found.name for found in self._backing.list(self._prefix))
        self._known = set()

    def _names(self) -> set[str]:
        with self._lock:
            if self._known is None:
                start = len(self._prefix)
                self._known = {f.name[start:] for f in self._backing.list(self._prefix)}
            return self._known
