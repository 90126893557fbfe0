"""The archive in a folder: the embedded default, one machine, no server.

Layout below the root:

    {key}                               the newest bytes, mode 0444: a tree that people can browse
    .versions/{key}/{sha256}.{size}     every version, a hard link of the same bytes
    .tmp/                               puts under way, locked by their process
    .damaged/{key}/{sha256}.{size}      damaged bytes that were replaced: evidence, removed only
                                        with all of a dossier that is destroyed by decision
    .locks/                             retention and holds, see `storage.folder_locks`

The version id is the SHA-256. The newest version is the one whose inode the visible file shares,
so that digest and size are known from the name and not from the bytes: bytes changed in place
still carry the old digest. A file that shares no inode (put there by other hands, or by a backup
that forgot hard links) is known by what it holds. Publishing is one `link` (write-once keys: it
fails where the key exists) or one `rename`: a killed put leaves the whole object or nothing.
May not come in: meaning of keys, locks of the law (this store is `advisory`).
"""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import fcntl
import hashlib
import heapq
import io
import os
import re
import stat
import tempfile
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import IO, Any

from pipeline.errors import (
    ArchiveError,
    ArchiveUnavailable,
    ChecksumMismatch,
    ContentConflict,
    NotFound,
)
from pipeline.models.files import FileRef
from pipeline.ports.archive import Immutability, ObjectLock, StoredObject
from storage.folder_locks import FolderLocks
from storage.object_keys import checked_key, disk_name, disk_parts

_CHUNK = 1024 * 1024
_READ_ONLY = 0o444
_VERSIONS = ".versions"
_TEMPORARY = ".tmp"
_DAMAGED = ".damaged"
_VERSION_NAME = re.compile(r"([0-9a-f]{64})\.([0-9]+)")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FULL = (errno.ENOSPC, errno.EDQUOT)


class FolderStore:
    """Port `ObjectStore` over a folder; safe for several processes at once.

    Raises (all methods): ArchiveError `OBJECT_KEY_INVALID`; ArchiveUnavailable
    `ARCHIVE_UNAVAILABLE` where the folder cannot be used, `ARCHIVE_GONE` where it lacks what it
    must hold.
    """

    def __init__(
        self,
        root: Path,
        *,
        holds: Collection[str] = (),
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        """Bind to a folder; it is made on the first put with mode 0700.

        Args:
            root: the folder.
            holds: first segments of keys, under one of which something lies already. Where there
                is none, its volume is not there, or the folder is another's: nothing is said to be
                lost, and nothing is put in its place.
            now: the time, UTC, by which locks end.
        """
        self.root = root
        self._locks = FolderLocks(root)
        self._now = now
        self._holds = holds

    @property
    def immutability(self) -> Immutability:
        """Modes and names only: whoever owns the folder can change it."""
        return "advisory"

    def put(self, key: str, ref: FileRef, data: IO[bytes], *, locked: bool) -> StoredObject:
        """See `ObjectStore.put`.

        Raises:
            ContentConflict: a locked key holds other bytes.
            ChecksumMismatch: `data` is not what `ref` says.
            ArchiveUnavailable: `ARCHIVE_FULL`, or the folder cannot be used.
        """
        stored = StoredObject(checked_key(key), ref.sha256, ref.sha256, ref.size)
        with self._ready():
            present = self._head(key)
            if present is not None and present.sha256 == ref.sha256:
                _copy(data, None, ref)
                self._adopt(stored)
                return stored
            with self._temporary() as (path, out):
                _copy(data, out, ref)
                if present is not None and locked:
                    raise ContentConflict(key=key)
                self._publish(stored, path, locked=locked)
            return stored

    def head(self, key: str) -> StoredObject | None:
        """See `ObjectStore.head`."""
        checked_key(key)
        with self._ready():
            return self._head(key)

    def open(self, key: str, version_id: str | None = None) -> IO[bytes]:
        """See `ObjectStore.open`.

        Raises:
            NotFound: `OBJECT_MISSING`.
        """
        checked_key(key)
        with self._ready():
            path: Path | None = self._visible(key)
            if version_id is not None:
                path = self._version(key, version_id)
                newest = self._head(key) if path is None else None
                if newest is not None and newest.version_id == version_id:
                    path = self._visible(key)
            try:
                if path is not None:
                    return io.BufferedReader(_File(path), _CHUNK)
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
                pass
            raise NotFound("OBJECT_MISSING", key=key)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """See `ObjectStore.list`; a prefix need not end at a `/`."""
        base = checked_key(prefix.rpartition("/")[0]) if "/" in prefix else ""
        folder = self._visible(base) if base else self.root
        with self._ready():
            for key in _keys_below(folder, f"{base}/" if base else "", prefix):
                stored = self._head(key)
                if stored is not None:
                    yield stored

    def versions(self, prefix: str) -> Iterator[tuple[str, str]]:
        """See `ObjectStore.versions`; keys whose visible file is gone hold none."""
        for newest in self.list(prefix):
            yield newest.key, newest.version_id
            with self._ready():
                earlier = self._earlier(newest)
            for version_id in earlier:
                yield newest.key, version_id

    def hidden(self, prefix: str) -> Iterator[tuple[str, str]]:
        """See `ObjectStore.hidden`: what is set aside, and versions whose visible file is gone."""
        base = checked_key(prefix.rpartition("/")[0]) if "/" in prefix else ""
        with self._ready():
            for shelf in (_DAMAGED, _VERSIONS):
                folder = self.root.joinpath(shelf, *disk_parts(base) if base else ())
                for found in _keys_below(folder, f"{base}/" if base else "", prefix):
                    key, _, name = found.rpartition("/")
                    known = _VERSION_NAME.fullmatch(name)
                    if known and (shelf == _DAMAGED or not self._visible(key).is_file()):
                        yield key, known[1]

    def restore(self, key: str, ref: FileRef, data: IO[bytes], *, locked: bool) -> StoredObject:
        """See `ObjectStore.restore`: damaged bytes are set aside under `.damaged/`.

        Raises:
            ChecksumMismatch: `data` is not what `ref` says.
            ArchiveUnavailable: `ARCHIVE_FULL`, or the folder cannot be used.
        """
        stored = StoredObject(checked_key(key), ref.sha256, ref.sha256, ref.size)
        with self._ready(), self._temporary() as (path, out):
            _copy(data, out, ref)
            version = self._versions(key) / f"{ref.sha256}.{ref.size}"
            for damaged in (version, self._visible(key)):
                self._set_aside(key, damaged, ref)
            if self._visible(key).is_file():  # sound, else it were aside
                self._adopt(stored)
            else:
                self._publish(stored, path, locked=locked)
            return stored

    def renew(self, key: str, version_id: str, *, before: dt.datetime, until: dt.datetime) -> bool:
        """See `ObjectStore.renew`: it is noted, and kept to by this store alone.

        Raises:
            NotFound: `OBJECT_MISSING`.
        """
        ends = self.lock(key, version_id).until
        if ends is not None and ends >= min(before, until):
            return False
        with _mapped():
            self._locks.lengthen(key, version_id, until)
        return True

    def lock(self, key: str, version_id: str) -> ObjectLock:
        """See `ObjectStore.lock`.

        Raises:
            NotFound: `OBJECT_MISSING`.
        """
        self.open(key, version_id).close()
        with _mapped():
            return self._locks.of(key, version_id)

    def hold(self, key: str, version_id: str, *, on: bool) -> bool:
        """See `ObjectStore.hold`.

        Raises:
            NotFound: `OBJECT_MISSING`.
        """
        if self.lock(key, version_id).held == on:
            return False
        with _mapped():
            self._locks.hold(key, version_id, on=on)
        return True

    def remove(self, key: str, version_id: str) -> bool:
        """See `ObjectStore.remove`; what was set aside under the same name goes with it.

        Raises:
            ArchiveError: `OBJECT_LOCKED`.
        """
        try:
            lock = self.lock(key, version_id)
        except NotFound:
            with _mapped():
                return self._remove_aside(key, version_id)
        if lock.lasts(self._now()):
            raise ArchiveError("OBJECT_LOCKED", key=key)
        with _mapped():
            newest = self._head(key)
            version = self._version(key, version_id)
            if version is not None:
                version.unlink(missing_ok=True)
                _sync_folder(version.parent)
            if newest is not None and newest.version_id == version_id:
                self._uncover(newest)
            self._locks.forget(key, version_id)
            self._remove_aside(key, version_id)
        return True

    # -- inside -----------------------------------------------------------------------------

    @contextlib.contextmanager
    def _ready(self) -> Iterator[None]:
        with _mapped():
            if self._holds and not any(self._visible(part).is_dir() for part in self._holds):
                raise ArchiveUnavailable("ARCHIVE_GONE")
            yield

    def _visible(self, key: str) -> Path:
        return self.root.joinpath(*disk_parts(key))

    def _versions(self, key: str) -> Path:
        return self.root.joinpath(_VERSIONS, *disk_parts(key))

    def _version(self, key: str, version_id: str) -> Path | None:
        if not _SHA256.fullmatch(version_id):
            return None
        return next(iter(self._versions(key).glob(f"{version_id}.*")), None)

    def _earlier(self, newest: StoredObject) -> tuple[str, ...]:
        """Ids of the versions beside the newest, the latest first."""
        kept = [
            (name.stat().st_mtime_ns, known[1])
            for name in _entries(self._versions(newest.key))
            if (known := _VERSION_NAME.fullmatch(name.name)) and known[1] != newest.version_id
        ]
        kept.sort(key=lambda one: one[0], reverse=True)
        return tuple(version_id for _, version_id in kept)

    def _head(self, key: str) -> StoredObject | None:
        visible = self._visible(key)
        try:
            found = visible.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        if not stat.S_ISREG(found.st_mode):
            return None
        for name in _entries(self._versions(key)):
            known = _VERSION_NAME.fullmatch(name.name)
            if known and name.inode() == found.st_ino:
                return StoredObject(key, known[1], known[1], int(known[2]))
        sha256, size = _digest(visible)
        return StoredObject(key, sha256, sha256, size)

    def _adopt(self, stored: StoredObject) -> None:
        if _digest(self._visible(stored.key)) != (stored.sha256, stored.size):
            raise ChecksumMismatch(sha256=stored.sha256)
        versions = self._folder(self._versions(stored.key))
        with contextlib.suppress(FileExistsError):
            os.link(self._visible(stored.key), versions / f"{stored.sha256}.{stored.size}")
        _sync_folder(versions)

    def _uncover(self, newest: StoredObject) -> None:
        """Show the version before the newest, or nothing."""
        visible = self._visible(newest.key)
        earlier = next(iter(self._earlier(newest)), None)
        beneath = None if earlier is None else self._version(newest.key, earlier)
        if beneath is None:
            visible.unlink(missing_ok=True)
        else:
            with self._temporary() as (temporary, _):
                again = temporary.with_name(f"{temporary.name}.visible")
                os.link(beneath, again)
                os.replace(again, visible)
        _sync_folder(visible.parent)

    def _publish(self, stored: StoredObject, temporary: Path, *, locked: bool) -> None:
        version = self._folder(self._versions(stored.key)) / f"{stored.sha256}.{stored.size}"
        visible = self._visible(stored.key)
        self._folder(visible.parent)
        try:
            os.link(temporary, version)
        except FileExistsError:
            if _digest(version) != (stored.sha256, stored.size):
                os.replace(temporary, version)
        _sync_folder(version.parent)
        if locked:
            try:
                os.link(version, visible)
            except FileExistsError:
                winner = self._head(stored.key)
                if winner is None or winner.sha256 != stored.sha256:
                    version.unlink(missing_ok=True)
                    raise ContentConflict(key=stored.key) from None
        else:
            again = temporary.with_name(f"{temporary.name}.visible")
            os.link(version, again)
            os.replace(again, visible)
            again.unlink(missing_ok=True)  # a rename between two links of one file does nothing
        _sync_folder(visible.parent)

    def _set_aside(self, key: str, path: Path, ref: FileRef) -> None:
        """Move a file away that is not what it must be; one that is stays.

        One that the drive does not give any more goes by the name of what it was.
        """
        try:
            (sha256, size), sound = _digest(path), True
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            (sha256, size), sound = (ref.sha256, ref.size), False
        if sound and (sha256, size) == (ref.sha256, ref.size):
            return
        aside = self._folder(self.root.joinpath(_DAMAGED, *disk_parts(key)))
        target = aside / f"{sha256}.{size}"
        own = path.parent == self._versions(key) or not sound
        if own or not self._is_version(key, path):
            os.replace(path, target)
        path.unlink(missing_ok=True)  # a link of what lies aside already, or of a sound version
        _sync_folder(aside)
        _sync_folder(path.parent)

    def _remove_aside(self, key: str, version_id: str) -> bool:
        if not _SHA256.fullmatch(version_id):
            return False
        aside = self.root.joinpath(_DAMAGED, *disk_parts(key))
        found = list(aside.glob(f"{version_id}.*"))
        for path in found:
            path.unlink(missing_ok=True)
        if found:
            _sync_folder(aside)
        return bool(found)

    def _is_version(self, key: str, path: Path) -> bool:
        """True for a sound file that is kept as a version under its own digest."""
        sha256, size = _digest(path)
        kept = self._versions(key) / f"{sha256}.{size}"
        return kept.exists() and kept.stat().st_ino == path.stat().st_ino

    @contextlib.contextmanager
    def _temporary(self) -> Iterator[tuple[Path, IO[bytes]]]:
        folder = self._folder(self.root / _TEMPORARY)
        _sweep(folder)
        while True:
            fd, name = tempfile.mkstemp(dir=folder)
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(fd).st_nlink:
                break
            os.close(fd)
        path = Path(name)
        try:
            with os.fdopen(fd, "wb") as out:
                os.fchmod(out.fileno(), _READ_ONLY)
                yield path, out
        finally:
            path.unlink(missing_ok=True)

    def _folder(self, folder: Path) -> Path:
        missing = [folder]
        while not missing[-1].exists():
            missing.append(missing[-1].parent)
        for made in reversed(missing[:-1]):
            made.mkdir(mode=0o700, exist_ok=True)
            _sync_folder(made.parent)
        return folder


class _File(io.FileIO):
    """A file whose drive may not give its bytes."""

    def readinto(self, buffer: Any, /) -> Any:
        """As `io.FileIO.readinto`; raises ArchiveUnavailable."""
        with _mapped():
            return super().readinto(buffer)

    def readall(self) -> bytes:
        """As `io.FileIO.readall`; raises ArchiveUnavailable."""
        with _mapped():
            return super().readall()


def _copy(data: IO[bytes], out: IO[bytes] | None, ref: FileRef) -> None:
    hasher, size = hashlib.sha256(), 0
    while piece := data.read(_CHUNK):
        hasher.update(piece)
        size += len(piece)
        if out is not None and size <= ref.size:
            out.write(piece)
    if hasher.hexdigest() != ref.sha256 or size != ref.size:
        raise ChecksumMismatch(sha256=ref.sha256)
    if out is not None:
        out.flush()
        os.fsync(out.fileno())


def _digest(path: Path) -> tuple[str, int]:
    hasher, size = hashlib.sha256(), 0
    with path.open("rb") as stream:
        while piece := stream.read(_CHUNK):
            hasher.update(piece)
            size += len(piece)
    return hasher.hexdigest(), size


def _sweep(folder: Path) -> None:
    """Remove what killed puts left: files that no living process holds a lock on."""
    for entry in _entries(folder):
        with contextlib.suppress(OSError), Path(entry.path).open("rb") as stale:
            fcntl.flock(stale, fcntl.LOCK_EX | fcntl.LOCK_NB)
            Path(entry.path).unlink(missing_ok=True)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _keys_below(
    folder: Path, base: str, prefix: str, *, inside_segment: bool = False
) -> Iterator[str]:
    """Keys in order of the whole key; pieces of long segments are merged into their place."""
    siblings: list[tuple[str, Path, bool]] = []
    continued: list[Iterator[str]] = []
    for entry in _entries(folder):
        name = disk_name(entry.name, inside_segment=inside_segment)
        if name is None:
            continue
        path, key = Path(entry.path), base + name.piece
        if name.continues:
            if key.startswith(prefix) or prefix.startswith(key):
                continued.append(_keys_below(path, key, prefix, inside_segment=True))
            continue
        is_folder = entry.is_dir(follow_symlinks=False)
        siblings.append((key + ("/" if is_folder else ""), path, is_folder))
    return heapq.merge(_in_order(sorted(siblings), prefix), *continued)


def _in_order(siblings: list[tuple[str, Path, bool]], prefix: str) -> Iterator[str]:
    for key, path, is_folder in siblings:
        if is_folder and (key.startswith(prefix) or prefix.startswith(key)):
            yield from _keys_below(path, key, prefix)
        elif not is_folder and key.startswith(prefix):
            yield key


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


@contextlib.contextmanager
def _mapped() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        code = "ARCHIVE_FULL" if error.errno in _FULL else "ARCHIVE_UNAVAILABLE"
        raise ArchiveUnavailable(code) from error
