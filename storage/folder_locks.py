"""Locks of the archive in a folder: what it was told, so that it refuses by itself.

    .locks/{key}/{version}.json     end of the retention, legal hold

Whoever owns the folder can take them away: they are `advisory`, as all of it. A file that cannot
be read counts as a hold: what is in doubt is kept. May not come in: bytes of objects, rules of the
law.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from pipeline.models.base import Instant, Model
from pipeline.ports.archive import ObjectLock
from pipeline.workspace import write_atomically
from storage.object_keys import disk_parts

_LOCKS = ".locks"
_GUARD = ".guard"
_SHA256 = re.compile(r"[0-9a-f]{64}")


class _Told(Model):
    until: Instant | None = None
    held: bool = False


class FolderLocks:
    """Locks beside the objects of one folder."""

    def __init__(self, root: Path) -> None:
        """Bind to the folder of the archive."""
        self._root = root

    def of(self, key: str, version_id: str) -> ObjectLock:
        """The lock of a version; none where nothing was told."""
        told = self._read(key, version_id)
        return ObjectLock(until=told.until, held=told.held)

    def lengthen(self, key: str, version_id: str, until: dt.datetime) -> None:
        """Set the end of the retention; one that is later stays."""
        with self._alone():
            told = self._read(key, version_id)
            if told.until is None or told.until < until:
                self._write(key, version_id, told.model_copy(update={"until": until}))

    def hold(self, key: str, version_id: str, *, on: bool) -> None:
        """Set or lift the hold."""
        with self._alone():
            told = self._read(key, version_id)
            self._write(key, version_id, told.model_copy(update={"held": on}))

    def forget(self, key: str, version_id: str) -> None:
        """Of a version that is removed."""
        self._path(key, version_id).unlink(missing_ok=True)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """No other process changes a lock meanwhile."""
        folder = self._root / _LOCKS
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (folder / _GUARD).open("ab") as guard:
            fcntl.flock(guard, fcntl.LOCK_EX)
            yield

    def _path(self, key: str, version_id: str) -> Path:
        return self._root.joinpath(_LOCKS, *disk_parts(key), f"{version_id}.json")

    def _read(self, key: str, version_id: str) -> _Told:
        if not _SHA256.fullmatch(version_id):
            return _Told()
        try:
            return _Told.model_validate_json(self._path(key, version_id).read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return _Told()
        except ValidationError:
            return _Told(held=True)

    def _write(self, key: str, version_id: str, told: _Told) -> None:
        path = self._path(key, version_id)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(path, told.model_dump_json().encode())
