"""Port `Claims` for the processes of one host: locks on files of the home.

A lock belongs to the open file and goes with it, however its process ends. Linux's own kind (open
file description locks) is used since it can be asked for without being taken. The files stay: a
file that is removed could be locked twice. May not come in: what is claimed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
import threading
from collections.abc import Collection, Iterator
from pathlib import Path

from pipeline.errors import ArchiveUnavailable, BatchBusy
from pipeline.workspace import full_disk_is_unavailable

_FLOCK = "hhqqi4x"
"""`struct flock`: type, whence, start, length, pid."""


class FileClaims:
    """Port `Claims`; raises ArchiveUnavailable `DISK_FULL` where no file can be made."""

    def __init__(self, folder: Path) -> None:
        """Bind to a folder; it is made on first use with mode 0700."""
        self._folder = folder
        self._held: dict[str, int] = {}
        self._guard = threading.Lock()

    @contextlib.contextmanager
    def claim(self, name: str, *, wait: bool = False) -> Iterator[None]:
        """See `Claims.claim`."""
        with full_disk_is_unavailable():
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            fd = os.open(self._folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.fcntl(fd, fcntl.F_OFD_SETLKW if wait else fcntl.F_OFD_SETLK, _exclusive())
            except BlockingIOError as error:
                raise BatchBusy(batch=name[:12]) from error
            with self._guard:
                self._held[name] = fd
            try:
                yield
            finally:
                with self._guard:
                    del self._held[name]
        finally:
            os.close(fd)

    def held(self, name: str) -> bool:
        """See `Claims.held`."""
        try:
            fd = os.open(self._folder / name, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            found = fcntl.fcntl(fd, fcntl.F_OFD_GETLK, _exclusive())
        finally:
            os.close(fd)
        kind: int = struct.unpack(_FLOCK, found)[0]
        return kind != fcntl.F_UNLCK

    def held_of(self, names: Collection[str]) -> frozenset[str]:
        """See `Claims.held_of`."""
        return frozenset(filter(self.held, names))

    def check(self, name: str) -> None:
        """See `Claims.check`: lost where somebody removed the file, so that others lock a new one.

        Raises:
            ArchiveUnavailable: `CLAIM_LOST`.
        """
        with self._guard:
            fd = self._held.get(name)
            if fd is not None and os.fstat(fd).st_nlink == 0:
                raise ArchiveUnavailable("CLAIM_LOST", batch=name[:12])


def _exclusive() -> bytes:
    return struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
