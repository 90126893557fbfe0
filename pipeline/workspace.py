"""The workspace: bytes by content, stage results by the digest of what they were made from.

Layout below its root:

    blobs/ab/abcdef…        bytes by SHA-256, fsynced before they are named
    stages/{stage}/ab/…     small JSON results, named by the digest of their inputs
    quarantine/abcdef…      refused inputs, byte for byte, with a `.json` that says why
    claims/workspace        flock of the processes that work in here (`working`, `alone`)
    scratch/                temporary files of this process

Everything is published by a temporary file in the same folder and a rename: a killed process
leaves either the whole file or none. No path leaves a process; other parts hold a `FileRef`.

Several hosts may share files in work through a backing (`pipeline.sharing`). The workspace `of` a
batch then writes through: what it was given is on the batch's shelf before the call returns, and
what is missing or damaged here is fetched from there. So another host can take the batch on at any
moment. The local folder is a cache that may be lost; without a backing it is all there is.
May not come in: knowledge of what the bytes mean.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import io
import json
import os
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import IO, Protocol, TypeVar

from pydantic import BaseModel

from pipeline.errors import ArchiveUnavailable, ChecksumMismatch, NotFound
from pipeline.models.files import FileRef
from pipeline.sharing import ERASED, QUARANTINE, Backing, Shelf, put_bytes

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

    def __init__(
        self, root: Path, backing: Backing | None = None, shelf: Shelf | None = None
    ) -> None:
        """Bind to a folder; it is made on first use with mode 0700.

        Args:
            root: the folder.
            backing: what hosts share.
            shelf: the part of it that this workspace writes through to; see `of`.
        """
        self.root = root
        self.backing = backing
        self._shelf = shelf

    def of(self, batch_id: str) -> Workspace:
        """The same folder, with a batch's files shared; itself where nothing is shared."""
        if self.backing is None:
            return self
        return Workspace(self.root, self.backing, Shelf(self.backing, batch_id))

    @property
    def shared(self) -> bool:
        """True for a workspace of one batch that writes through."""
        return self._shelf is not None

    # -- bytes ------------------------------------------------------------------------------

    def put(self, data: bytes, media_type: str) -> FileRef:
        """Keep bytes; the same bytes are kept once, and anew where the disk changed them."""
        sha256 = hashlib.sha256(data).hexdigest()
        if not self._sound_here(sha256):
            self._publish(self._blob(sha256), data)
        self._share_blob(sha256)
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
            if not self._sound_here(hasher.hexdigest()):
                self._folder(target.parent)
                os.replace(temporary, target)
                _sync_folder(target.parent)
            self._share_blob(hasher.hexdigest())
            return FileRef(sha256=hasher.hexdigest(), size=size, media_type=media_type)
        finally:
            temporary.unlink(missing_ok=True)

    def has(self, sha256: str) -> bool:
        """True where the bytes of this digest are here, or could be fetched."""
        return self._blob(sha256).is_file() or self._fetched(sha256)

    def sound(self, sha256: str) -> bool:
        """True where the bytes of this digest are here and unchanged; reads them all.

        Missing or changed ones are fetched where they are shared.
        """
        return self._sound_here(sha256) or self._fetched(sha256)

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
        if not self.has(ref.sha256):
            raise NotFound("BLOB_MISSING", sha256=ref.sha256)
        return self._blob(ref.sha256)

    def whole(self, ref: FileRef) -> Path:
        """As `path`, for what is made into something that lasts: the bytes are verified first.

        Raises:
            NotFound: `BLOB_MISSING`.
            ChecksumMismatch: the bytes changed on the disk.
        """
        path = self.path(ref)
        if not self.sound(ref.sha256):
            raise ChecksumMismatch(sha256=ref.sha256)
        return path

    def read(self, ref: FileRef) -> bytes:
        """The bytes, verified against their digest.

        Raises:
            NotFound: `BLOB_MISSING`.
            ChecksumMismatch: the bytes changed on the disk.
        """
        data = self.path(ref).read_bytes()
        if hashlib.sha256(data).hexdigest() == ref.sha256:
            return data
        if not self._fetched(ref.sha256):
            raise ChecksumMismatch(sha256=ref.sha256)
        return self._blob(ref.sha256).read_bytes()

    # -- stage results ----------------------------------------------------------------------

    def result(
        self, stage: str, key: str, model: type[M], *, changes: bool = False, surely: bool = False
    ) -> M | None:
        """The published result of a stage, None where it has not been made (or is torn).

        Args:
            stage: its name.
            key: digest of its inputs.
            model: type of the result.
            changes: it may be published again with another content: what is shared goes before
                what is here, which another host may have overtaken.
            surely: of what changes, nothing will do but what is shared now.

        Raises:
            ArchiveUnavailable: what is shared cannot be reached; of what changes only if `surely`.
        """
        if changes:
            try:
                self._fetch_result(stage, key)
            except ArchiveUnavailable:
                if surely:
                    raise
        found = self._result_here(stage, key, model)
        if found is None and not changes and self._fetch_result(stage, key):
            found = self._result_here(stage, key, model)
        return found

    def results(self, stage: str, model: type[M]) -> Iterator[M]:
        """All published results of a stage that are here."""
        for path in (self.root / "stages" / stage).glob("*/*.json"):
            found = self._result_here(stage, path.stem, model)
            if found is not None:
                yield found

    def publish(self, stage: str, key: str, result: BaseModel) -> None:
        """Publish a stage's result under the digest of its inputs.

        Where it is shared, it is so first: a host that has it must not be the only one.
        """
        data = result.model_dump_json().encode()
        if self._shelf is not None:
            digest = hashlib.sha256(data).hexdigest()
            self._shelf.put(_result_name(stage, key), io.BytesIO(data), len(data), digest)
        self._publish(self._stage(stage, key), data)

    # -- sharing ----------------------------------------------------------------------------

    def share(self, blobs: Iterable[str], results: Iterable[tuple[str, str]] = ()) -> None:
        """Put on the batch's shelf what lies here and it lacks; nothing where nothing is shared.

        Args:
            blobs: digests.
            results: (stage, key) pairs.

        Raises:
            ArchiveUnavailable: the shelf cannot be reached.
        """
        if self._shelf is None:
            return
        for sha256 in blobs:
            if self._blob(sha256).is_file():
                self._share_blob(sha256)
        for stage, key in results:
            name, path = _result_name(stage, key), self._stage(stage, key)
            if path.is_file() and not self._shelf.holds(name):
                self._put_file(self._shelf, name, path, _digest(path))

    def release(self) -> None:
        """Clear the batch's shelf: nobody needs it any longer.

        Raises:
            ArchiveUnavailable: the shelf cannot be reached.
        """
        if self._shelf is not None:
            self._shelf.clear()

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
        if self.backing is not None:
            with target.open("rb") as data:
                size = target.stat().st_size
                self.backing.put(QUARANTINE + ref.sha256, data, size, ref.sha256)
            put_bytes(self.backing, f"{QUARANTINE}{ref.sha256}.json", note.encode())

    def quarantined(self, sha256: str) -> Path:
        """Where a refused input lies; one that another host refused is fetched."""
        path = self.root / "quarantine" / sha256
        if self.backing is not None and not path.is_file():
            with contextlib.suppress(NotFound), self.backing.get(QUARANTINE + sha256) as data:
                self._folder(path.parent)
                self._receive(data, path, sha256)
        return path

    def sweep(self, blobs: Collection[str], results: Collection[tuple[str, str]]) -> None:
        """Remove all bytes and stage results but these, and what killed processes left half-made.

        Quarantine stays; what another host erased goes from there too. Only for a process that is
        `alone`. Nothing shared is removed.

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
        if self.backing is not None:
            with contextlib.suppress(ArchiveUnavailable):
                for erased in self.backing.list(ERASED):
                    if (sha256 := erased.name.removeprefix(ERASED)) not in blobs:
                        self._erase_here(sha256)

    def erase(self, sha256: str) -> None:
        """Remove bytes here and from quarantine (only for `PHYSICAL_ONLY`, architecture §3).

        Where they are shared, they go from there first, and every host is told to erase its own.

        Raises:
            ArchiveUnavailable: what is shared cannot be reached; nothing is forgotten.
        """
        if self.backing is not None:
            put_bytes(self.backing, ERASED + sha256, b"")
            self.backing.delete([QUARANTINE + sha256, f"{QUARANTINE}{sha256}.json"])
        if self._shelf is not None:
            self._shelf.delete(_blob_name(sha256))
        self._erase_here(sha256)

    def _erase_here(self, sha256: str) -> None:
        for path in (
            self._blob(sha256),
            self.root / "quarantine" / sha256,
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

    def _sound_here(self, sha256: str) -> bool:
        path = self._blob(sha256)
        return path.is_file() and _digest(path) == sha256

    def _share_blob(self, sha256: str) -> None:
        if self._shelf is not None and not self._shelf.holds(name := _blob_name(sha256)):
            self._put_file(self._shelf, name, self._blob(sha256), sha256)

    def _put_file(self, shelf: Shelf, name: str, path: Path, sha256: str) -> None:
        with path.open("rb") as data:
            shelf.put(name, data, path.stat().st_size, sha256)

    def _fetched(self, sha256: str) -> bool:
        """True where the bytes came from the shelf, whole."""
        name = _blob_name(sha256)
        data = self._shelf.get(name) if self._shelf is not None else None
        if self._shelf is None or data is None:
            return False
        target = self._blob(sha256)
        self._folder(target.parent)
        with data:
            if self._receive(data, target, sha256):
                return True
        self._shelf.forget(name)
        return False

    def _receive(self, data: IO[bytes], target: Path, sha256: str) -> bool:
        """Publish a stream as a file, where it is what it should be."""
        with full_disk_is_unavailable():
            fd, name = tempfile.mkstemp(prefix=_TEMPORARY, dir=target.parent)
        temporary = Path(name)
        try:
            hasher = hashlib.sha256()
            with full_disk_is_unavailable(), os.fdopen(fd, "wb") as out:
                while piece := data.read(_CHUNK):
                    hasher.update(piece)
                    out.write(piece)
                out.flush()
                os.fsync(out.fileno())
            if hasher.hexdigest() != sha256:
                return False
            os.replace(temporary, target)
            _sync_folder(target.parent)
            return True
        finally:
            temporary.unlink(missing_ok=True)

    def _result_here(self, stage: str, key: str, model: type[M]) -> M | None:
        try:
            return model.model_validate_json(self._stage(stage, key).read_bytes())
        except (FileNotFoundError, ValueError):
            return None

    def _fetch_result(self, stage: str, key: str) -> bool:
        data = self._shelf.get(_result_name(stage, key)) if self._shelf is not None else None
        if data is None:
            return False
        with data:
            self._publish(self._stage(stage, key), data.read())
        return True

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


def _blob_name(sha256: str) -> str:
    return f"blobs/{sha256}"


def _result_name(stage: str, key: str) -> str:
    return f"stages/{stage}/{key}.json"


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
