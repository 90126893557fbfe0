"""Bytes on their way to an object store, compared with what was announced of them.

May not come in: requests, keys.
"""

from __future__ import annotations

import hashlib
from typing import IO, Final

from pipeline.errors import ChecksumMismatch
from pipeline.models.files import FileRef

_CHUNK: Final = 1024 * 1024


class Announced:
    """Bytes on their way out, compared with what was announced before the last are handed on."""

    def __init__(self, data: IO[bytes], ref: FileRef) -> None:
        self._data = data
        self._ref = ref
        self._hasher = hashlib.sha256()
        self._size = 0

    def read(self, size: int) -> bytes:
        """At most so many bytes.

        Raises:
            ChecksumMismatch: they end too early, too late, or are others.
        """
        piece = self._data.read(size)
        self._hasher.update(piece)
        self._size += len(piece)
        if not piece or self._size >= self._ref.size:
            rest = self._data.read(1)
            whole = self._size == self._ref.size and not rest
            if not whole or self._hasher.hexdigest() != self._ref.sha256:
                raise ChecksumMismatch(sha256=self._ref.sha256)
        return piece

    def drain(self) -> None:
        """Compare, and hand nothing on.

        Raises:
            ChecksumMismatch: as `read`.
        """
        self.read(0 if not self._ref.size else _CHUNK)
        while self._size < self._ref.size:
            self.read(_CHUNK)
