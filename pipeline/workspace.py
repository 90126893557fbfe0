"""The workspace: bytes by content, stage results by the digest of what they were made from.

Layout below its root:

    blobs/ab/abcdef…        bytes by SHA-256, fsynced before they are named
    stages/{stage}/ab/…     small JSON results, named by the digest of their inputs
    quarantine/abcdef…      refused inputs, byte for byte, with a `.json` that says why
    claims/workspace        flock of the processes that work in here (`working`, `alone`)
    scratch/                temporary files of this process

Everything is published by a temporary file in the same folder and a rename: a killed process
leaves either the whole file or none. No path leaves a process; other parts hold a `FileRef`.
May not come in: knowledge of what the bytes mean.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO, Protocol, TypeVar

from pydantic import BaseModel

from pipeline.errors import ArchiveUnavailable, ChecksumMismatch, NotFound
from pipeline.models.files import FileRef

M = TypeVar("M", bound=BaseModel)

_CHUNK = 1024 * 1024
_TEMPORARY = ".tmp-"


class Readable(Protocol):
    """What can be read in pieces."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, none at the end."""
        ...


class Workspace:
    """Files of one home, shared by all processes that work in it.

    Raises (all writers): ArchiveUnavailable `DISK_FULL` where the volume is full.
    """

    def __init__(self, root: Path) -> None:
        """Bind to a folder; it is made on first use with mode 0700."""
        self.root = root

    # -- bytes ------------------------------------------------------------------------------

    def put(self, data: bytes, media_type: str) -> FileRef:
        """Keep bytes; the same bytes are kept once, and anew where the disk changed them."""
        sha256 = hashlib.sha256(data).hexdigest()
        if not self.sound(sha256):
            self._publish(self._blob(sha256), data)
        return FileRef(sha256=sha256, size=len(data), media_type=media_type)

    def take(self, source: Readable, media_type: str) -> FileRef:
        """Keep what a stream holds, read in pieces; see `put`."""
        self._folder(self.root / "blobs")
        with full_disk_is_unavailable():
            fd, name = tempfile.mkstemp(prefix=_TEMPORARY, dir=self.root / "blobs")
        temporary = Path(name)
        try:
            hasher, size = hashlib.sha256(), 0
            with full_disk_is_unavailable(), os.fdopen(fd, "wb") as out:
                while piece := source.read(_CHUNK):
                    hasher.update(piece)
                    size += len(piece)
                    out.write(piece)
                out.flush()
                os.fsync(out.fileno())
            target = self._blob(hasher.hexdigest())
            if not self.sound(hasher.hexdigest()):
                self._folder(target.parent)
                os.replace(temporary, target)
                _sync_folder(target.parent)
            return FileRef(sha256=hasher.hexdigest(), size=size, media_type=media_type)
        finally:
            temporary.unlink(missing_ok=True)

    def has(self, sha256: str) -> bool:
        """True where the bytes of this digest are here."""
        return self._blob(sha256).is_file()

    def sound(self, sha256: str) -> bool:
        """True where the bytes of this digest are here and unchanged; reads them all."""
        return self.has(sha256) and _digest(self._blob(sha256)) == sha256

    def kept(self, sha256: str, media_type: str) -> FileRef:
        """Reference to bytes of which only the digest is known.

        Raises:
            NotFound: `BLOB_MISSING`.
        """
        path = self.path(FileRef(sha256=sha256, size=0, media_type=media_type))
        return FileRef(sha256=sha256, size=path.stat().st_size, media_type=media_type)

    def path(self, ref: FileRef) -> Path:
        """Local path for a library that wants one; read only.

        Raises:
            NotFound: `BLOB_MISSING`.
        """
        path = self._blob(ref.sha256)
        if not path.is_file():
            raise NotFound("BLOB_MISSING", sha256=ref.sha256)
        return path

    def whole(self, ref: FileRef) -> Path:
        """As `path`, for what is made into something that lasts: the bytes are verified first.

        Raises:
            NotFound: `BLOB_MISSING`.
            ChecksumMismatch: the bytes changed on the disk.
        """
        path = self.path(ref)
        if _digest(path) != ref.sha256:
            raise ChecksumMismatch(sha256=ref.sha256)
        return path

    def read(self, ref: FileRef) -> bytes:
        """The bytes, verified against their digest.

        Raises:
            NotFound: `BLOB_MISSING`.
            ChecksumMismatch: the bytes changed on the disk.
        """
        data = self.path(ref).read_bytes()
        if hashlib.sha256(data).hexdigest() != ref.sha256:
            raise ChecksumMismatch(sha256=ref.sha256)
        return data

    # -- stage results ----------------------------------------------------------------------

    def result(self, stage: str, key: str, model: type[M]) -> M | None:
        """The published result of a stage, None where it has not been made (or is torn)."""
        path = self._stage(stage, key)
        try:
            return model.model_validate_json(path.read_bytes())
        except (FileNotFoundError, ValueError):
            return None

    def results(self, stage: str, model: type[M]) -> Iterator[M]:
        """All published results of a stage."""
        for path in (self.root / "stages" / stage).glob("*/*.json"):
            found = self.result(stage, path.stem, model)
            if found is not None:
                yield found

    def publish(self, stage: str, key: str, result: BaseModel) -> None:
        """Publish a stage's result under the digest of its inputs."""
        self._publish(self._stage(stage, key), result.model_dump_json().encode())

    # -- quarantine -------------------------------------------------------------------------

    def quarantine(self, ref: FileRef, reason: dict[str, object]) -> None:
        """Keep a refused input byte for byte, with the reason beside it."""
        folder = self._folder(self.root / "quarantine")
        target = folder / ref.sha256
        with full_disk_is_unavailable(), contextlib.suppress(FileExistsError):
            os.link(self.path(ref), target)
        _sync_folder(folder)
        note = json.dumps(reason, ensure_ascii=False, sort_keys=True, indent=1)
        self._publish(folder / f"{ref.sha256}.json", note.encode())

    def quarantined(self, sha256: str) -> Path:
        """Where a refused input lies."""
        return self.root / "quarantine" / sha256

    def sweep(self, blobs: Collection[str], results: Collection[tuple[str, str]]) -> None:
        """Remove all bytes and stage results but these, and what killed processes left half-made.

        Quarantine stays. Only for a process that is `alone`.

        Args:
            blobs: digests to keep.
            results: (stage, key) pairs to keep.
        """
        for path in (self.root / "stages").glob("*/*/*"):
            if (path.parent.parent.name, path.stem) not in results:
                path.unlink(missing_ok=True)
        for path in (self.root / "blobs").glob("*/*"):
            if path.name not in blobs:
                path.unlink(missing_ok=True)
        for folder in ("blobs", "quarantine"):
            for path in (self.root / folder).glob(f"{_TEMPORARY}*"):
                path.unlink(missing_ok=True)
        for path in (self.root / "scratch").glob("*"):
            shutil.rmtree(path, ignore_errors=True)

    def erase(self, sha256: str) -> None:
        """Remove bytes here and from quarantine (only for `PHYSICAL_ONLY`, architecture §3)."""
        for path in (
            self._blob(sha256),
            self.quarantined(sha256),
            self.root / "quarantine" / f"{sha256}.json",
        ):
            path.unlink(missing_ok=True)

    # -- sweeping and scratch ---------------------------------------------------------------

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """Nothing is swept while this is held; any number of processes may hold it.

        Meanwhile temporary files of this process, those of libraries too, lie in its scratch and
        not in the system's folder: they hold citizens' papers, and a killed process leaves them
        behind (decision 0016). One thread of a process may hold it at a time.
        """
        with self._lock("workspace") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH)
            usual = tempfile.tempdir
            with self.scratch() as folder:
                tempfile.tempdir = str(folder)
                try:
                    yield
                finally:
                    tempfile.tempdir = usual

    @contextlib.contextmanager
    def alone(self) -> Iterator[bool]:
        """True where no process is `working`; none can begin meanwhile."""
        with self._lock("workspace") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True

    @contextlib.contextmanager
    def scratch(self) -> Iterator[Path]:
        """A temporary folder on the same volume, removed afterwards."""
        parent = self._folder(self.root / "scratch")
        with full_disk_is_unavailable():
            folder = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=parent))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    # -- inside -----------------------------------------------------------------------------

    def _lock(self, name: str) -> IO[bytes]:
        folder = self._folder(self.root / "claims")
        with full_disk_is_unavailable():
            return (folder / name).open("wb")

    def _blob(self, sha256: str) -> Path:
        return self.root / "blobs" / sha256[:2] / sha256

    def _stage(self, stage: str, key: str) -> Path:
        return self.root / "stages" / stage / key[:2] / f"{key}.json"

    def _folder(self, folder: Path) -> Path:
        with full_disk_is_unavailable():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    def _publish(self, target: Path, data: bytes) -> None:
        self._folder(target.parent)
        write_atomically(target, data)


def write_atomically(target: Path, data: bytes, mode: int = 0o600) -> None:
    """Write a temporary file beside the target, fsync, rename, fsync the folder.

    Raises:
        ArchiveUnavailable: `DISK_FULL`.
    """
    with full_disk_is_unavailable():
        fd, name = tempfile.mkstemp(prefix=_TEMPORARY, dir=target.parent)
    temporary = Path(name)
    try:
        with full_disk_is_unavailable(), os.fdopen(fd, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        temporary.chmod(mode)
        os.replace(temporary, target)
        _sync_folder(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


@contextlib.contextmanager
def full_disk_is_unavailable() -> Iterator[None]:
    """Around opening and closing too: a file that is closed writes once more what it holds.

    Raises:
        ArchiveUnavailable: `DISK_FULL`.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ArchiveUnavailable("DISK_FULL") from error
        raise
