"""Places behind workspaces for tests: one in memory, and one that dies at a chosen moment."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import IO

from pipeline.errors import ArchiveUnavailable, ChecksumMismatch, NotFound
from pipeline.sharing import BackedFile, Backing


def utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class MemoryBacking:
    """Port `Backing` in memory; `files` may be looked at and spoilt by a test."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.modified: dict[str, dt.datetime] = {}
        self.now: Callable[[], dt.datetime] = utc_now

    def put(self, name: str, data: IO[bytes], size: int, sha256: str) -> None:
        content = data.read()
        if len(content) != size or hashlib.sha256(content).hexdigest() != sha256:
            raise ChecksumMismatch(sha256=sha256)
        self.files[name] = content
        self.modified[name] = self.now()

    def get(self, name: str) -> IO[bytes]:
        if name not in self.files:
            raise NotFound("BLOB_MISSING")
        return io.BytesIO(self.files[name])

    def list(self, prefix: str) -> Iterator[BackedFile]:
        for name in sorted(self.files):
            if name.startswith(prefix):
                yield BackedFile(name, len(self.files[name]), self.modified[name])

    def folders(self, prefix: str) -> Iterator[str]:
        rests = (f.name.removeprefix(prefix) for f in self.list(prefix))
        yield from sorted({rest.partition("/")[0] for rest in rests if "/" in rest})

    def delete(self, names: Iterable[str]) -> None:
        for name in list(names):
            self.files.pop(name, None)


class WatchedBacking:
    """A backing in front of another that counts calls, may be down, and may die at a call."""

    def __init__(self, inner: Backing, tick: Callable[[str], None] = lambda _: None) -> None:
        self.inner = inner
        self.tick = tick
        """Told of every moment: `{method} {kind of file} before` and `… after`."""
        self.down = False
        self.calls: Counter[str] = Counter()

    def put(self, name: str, data: IO[bytes], size: int, sha256: str) -> None:
        with self._moment("put", name):
            self.inner.put(name, data, size, sha256)

    def get(self, name: str) -> IO[bytes]:
        with self._moment("get", name):
            return self.inner.get(name)

    def list(self, prefix: str) -> Iterator[BackedFile]:
        with self._moment("list", prefix):
            return self.inner.list(prefix)

    def folders(self, prefix: str) -> Iterator[str]:
        with self._moment("folders", prefix):
            return self.inner.folders(prefix)

    def delete(self, names: Iterable[str]) -> None:
        with self._moment("delete", ""):
            self.inner.delete(names)

    def _moment(self, method: str, name: str) -> _Moment:
        return _Moment(self, f"{method} {_kind(name)}".strip())


class _Moment:
    def __init__(self, backing: WatchedBacking, label: str) -> None:
        self._backing = backing
        self._label = label

    def __enter__(self) -> None:
        if self._backing.down:
            raise ArchiveUnavailable
        self._backing.calls[self._label.partition(" ")[0]] += 1
        self._backing.tick(f"{self._label} before")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._backing.tick(f"{self._label} after")


def _kind(name: str) -> str:
    """`stages/text`, `blobs`, `quarantine`: what kind of file it is."""
    parts = name.split("/")
    if parts[0] != "batches" or len(parts) < 4:
        return parts[0]
    return "/".join(parts[2:4]) if parts[2] == "stages" else parts[2]
