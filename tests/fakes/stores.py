"""Object stores for tests: one in memory, and wrappers that fail in a chosen way."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import io
from collections.abc import Callable, Iterator
from typing import IO

from pipeline.errors import (
    ArchiveError,
    ArchiveUnavailable,
    ChecksumMismatch,
    ContentConflict,
    NotFound,
)
from pipeline.models.files import FileRef
from pipeline.ports.archive import Immutability, ObjectLock, ObjectStore, StoredObject
from storage.object_keys import checked_key


class MemoryStore:
    """Port `ObjectStore` in memory."""

    def __init__(self, immutability: Immutability = "advisory") -> None:
        self._immutability = immutability
        self._versions: dict[str, list[tuple[StoredObject, bytes]]] = {}
        self.locks: dict[tuple[str, str], dt.datetime] = {}
        """End of the lock by key and version, where a test has set or renewed it."""
        self.held: set[tuple[str, str]] = set()
        self.now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)

    @property
    def immutability(self) -> Immutability:
        return self._immutability

    def put(self, key: str, ref: FileRef, data: IO[bytes], *, locked: bool) -> StoredObject:
        content = data.read()
        if (hashlib.sha256(content).hexdigest(), len(content)) != (ref.sha256, ref.size):
            raise ChecksumMismatch(sha256=ref.sha256)
        versions = self._versions.setdefault(checked_key(key), [])
        newest = versions[-1][0] if versions else None
        if newest and newest.sha256 == ref.sha256 and (locked or not newest.deleted):
            return dataclasses.replace(newest, deleted=False)
        if versions and locked:
            raise ContentConflict(key=key)
        stored = StoredObject(key, ref.sha256, ref.sha256, ref.size)
        versions.append((stored, content))
        return stored

    def head(self, key: str) -> StoredObject | None:
        versions = self._versions.get(checked_key(key))
        return versions[-1][0] if versions else None

    def open(self, key: str, version_id: str | None = None) -> IO[bytes]:
        for stored, content in reversed(self._versions.get(checked_key(key), [])):
            if version_id in (None, stored.version_id):
                return io.BytesIO(content)
        raise NotFound("OBJECT_MISSING", key=key)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        for key in sorted(self._versions):
            if key.startswith(prefix):
                yield self._versions[key][-1][0]

    def versions(self, prefix: str) -> Iterator[tuple[str, str]]:
        for newest in self.list(prefix):
            for stored, _ in reversed(self._versions[newest.key]):
                yield stored.key, stored.version_id

    def hidden(self, prefix: str) -> Iterator[tuple[str, str]]:
        return iter(())

    def restore(self, key: str, ref: FileRef, data: IO[bytes], *, locked: bool) -> StoredObject:
        content = data.read()
        if (hashlib.sha256(content).hexdigest(), len(content)) != (ref.sha256, ref.size):
            raise ChecksumMismatch(sha256=ref.sha256)
        versions = self._versions.setdefault(checked_key(key), [])
        version_id = ref.sha256
        if any(stored.version_id == version_id for stored, _ in versions):
            version_id = f"{ref.sha256}.{len(versions)}"
        stored = StoredObject(key, version_id, ref.sha256, ref.size)
        versions.append((stored, content))
        return stored

    def renew(self, key: str, version_id: str, *, before: dt.datetime, until: dt.datetime) -> bool:
        self.open(key, version_id)
        ends = self.locks.get((key, version_id))
        if ends is not None and ends >= min(before, until):
            return False
        self.locks[key, version_id] = until
        return True

    def lock(self, key: str, version_id: str) -> ObjectLock:
        self.open(key, version_id)
        known = (key, version_id)
        return ObjectLock(until=self.locks.get(known), held=known in self.held)

    def hold(self, key: str, version_id: str, *, on: bool) -> bool:
        if self.lock(key, version_id).held == on:
            return False
        (self.held.add if on else self.held.discard)((key, version_id))
        return True

    def remove(self, key: str, version_id: str) -> bool:
        try:
            lock = self.lock(key, version_id)
        except NotFound:
            return False
        if lock.lasts(self.now()):
            raise ArchiveError("OBJECT_LOCKED", key=key)
        left = [pair for pair in self._versions[key] if pair[0].version_id != version_id]
        if left:
            self._versions[key] = left
        else:
            del self._versions[key]
        self.locks.pop((key, version_id), None)
        return True

    def mark_deleted(self, key: str) -> None:
        """Other hands put a delete marker over the newest version."""
        stored, content = self._versions[key][-1]
        self._versions[key][-1] = (dataclasses.replace(stored, deleted=True), content)

    def lose(self, key: str) -> None:
        """An object vanishes behind the store's back."""
        del self._versions[key]

    def rot(self, key: str) -> None:
        """The newest bytes change behind the store's back; what the store says of them stays."""
        stored, content = self._versions[key][-1]
        self._versions[key][-1] = (stored, content + b"!")

    def plant(self, key: str, content: bytes) -> None:
        """Other hands put an object, also over a locked key."""
        sha256 = hashlib.sha256(content).hexdigest()
        stored = StoredObject(key, sha256, sha256, len(content))
        self._versions.setdefault(key, []).append((stored, content))

    def copy(self) -> MemoryStore:
        """The same objects in a store of its own."""
        other = MemoryStore(self._immutability)
        other._versions = {key: list(versions) for key, versions in self._versions.items()}
        return other


class FaultyStore:
    """A store in front of another that may be down, full, or answer with an error after a put.

    `down`, `full` and `fail_after_put` may be changed while it is used; `fail_after_put` counts
    the puts that still reach the store and then raise all the same.
    """

    def __init__(
        self,
        inner: ObjectStore,
        *,
        down: bool = False,
        full: bool = False,
        fail_after_put: int = 0,
    ) -> None:
        self.inner = inner
        self.down = down
        self.full = full
        self.fail_after_put = fail_after_put
        self.unrenewable: set[str] = set()
        """Keys whose lock nobody is let set anew."""
        self.puts: list[str] = []
        """Keys that were asked for, also those that failed."""

    @property
    def immutability(self) -> Immutability:
        return self.inner.immutability

    def put(self, key: str, ref: FileRef, data: IO[bytes], *, locked: bool) -> StoredObject:
        self.puts.append(key)
        self._reachable()
        if self.full:
            raise ArchiveUnavailable("ARCHIVE_FULL")
        stored = self.inner.put(key, ref, data, locked=locked)
        if self.fail_after_put > 0:
            self.fail_after_put -= 1
            raise ArchiveUnavailable
        return stored

    def head(self, key: str) -> StoredObject | None:
        self._reachable()
        return self.inner.head(key)

    def open(self, key: str, version_id: str | None = None) -> IO[bytes]:
        self._reachable()
        return self.inner.open(key, version_id)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        self._reachable()
        return self.inner.list(prefix)

    def versions(self, prefix: str) -> Iterator[tuple[str, str]]:
        self._reachable()
        return self.inner.versions(prefix)

    def hidden(self, prefix: str) -> Iterator[tuple[str, str]]:
        self._reachable()
        return self.inner.hidden(prefix)

    def restore(self, key: str, ref: FileRef, data: IO[bytes], *, locked: bool) -> StoredObject:
        self._reachable()
        return self.inner.restore(key, ref, data, locked=locked)

    def renew(self, key: str, version_id: str, *, before: dt.datetime, until: dt.datetime) -> bool:
        self._reachable()
        if key in self.unrenewable:
            raise ArchiveError("ARCHIVE_DENIED")
        return self.inner.renew(key, version_id, before=before, until=until)

    def lock(self, key: str, version_id: str) -> ObjectLock:
        self._reachable()
        return self.inner.lock(key, version_id)

    def hold(self, key: str, version_id: str, *, on: bool) -> bool:
        self._reachable()
        return self.inner.hold(key, version_id, on=on)

    def remove(self, key: str, version_id: str) -> bool:
        self._reachable()
        return self.inner.remove(key, version_id)

    def _reachable(self) -> None:
        if self.down:
            raise ArchiveUnavailable
