"""One ZIP file, written as a stream: equal contents in equal order give equal bytes.

Every entry lies below one folder, has one moment (1980-01-01, the first that ZIP knows) and one
mode. Nothing is held in memory but a piece of one entry. May not come in: what is packed.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from dataclasses import dataclass
from typing import IO, Final, Self

from pipeline.errors import ChecksumMismatch
from pipeline.ids import safe_code

_PIECE: Final = 1024 * 1024
_MOMENT: Final = (1980, 1, 1, 0, 0, 0)
_MODE: Final = 0o100644 << 16
_UNIX: Final = 3
_STORED: Final = frozenset({"pdf", "zip"})
"""Kinds of files that do not get smaller."""
_SEGMENT: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Packed:
    """One file of a package."""

    path: str
    """Below the package's folder, `/`-separated, ASCII."""
    sha256: str
    size: int
    """Bytes."""


def plain_name(code: str) -> str:
    """A code as part of a file name that every system takes: ASCII letters, digits, `.`, `_`, `-`.

    Not reversible; what it stands for is said inside the package.
    """
    return safe_code(code).replace("%", "_")


class ZipPackage:
    """Writes one package; it ends with the `with` block that it is used in, whole or not."""

    def __init__(self, out: IO[bytes], folder: str) -> None:
        """Begin a package.

        Args:
            out: seekable; where the ZIP goes.
            folder: that holds everything.
        """
        self._zip = zipfile.ZipFile(out, "w")
        self._folder = _checked(folder)
        self._seen: set[str] = set()

    def add(self, path: str, data: bytes) -> Packed:
        """A file whose bytes are at hand."""
        return self.copy(path, io.BytesIO(data), len(data))

    def copy(self, path: str, source: IO[bytes], size: int, sha256: str | None = None) -> Packed:
        """A file from a stream.

        Args:
            path: below the package's folder, no two alike.
            source: its bytes.
            size: how many.
            sha256: what they must be; None: whatever they are.

        Raises:
            ChecksumMismatch: they are others: the package is worth nothing.
            ValueError: a name that is not safe on every system, or doubled.
        """
        name = f"{self._folder}/{_checked(path)}"
        if name.lower() in self._seen:
            raise ValueError("two files of one name")
        self._seen.add(name.lower())
        entry = zipfile.ZipInfo(name, _MOMENT)
        entry.create_system = _UNIX
        entry.external_attr = _MODE
        stored = path.rpartition(".")[2] in _STORED
        entry.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
        entry.file_size = size
        hasher, count = hashlib.sha256(), 0
        with self._zip.open(entry, "w") as target:
            while count <= size and (piece := source.read(_PIECE)):
                hasher.update(piece)
                count += len(piece)
                target.write(piece)
        found = hasher.hexdigest()
        if count != size or sha256 not in (None, found):
            raise ChecksumMismatch(sha256=sha256 or found)
        return Packed(path=path, sha256=found, size=size)

    def __enter__(self) -> Self:
        """The package itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Write the directory at the end."""
        self._zip.close()


def _checked(path: str) -> str:
    if not all(_SEGMENT.fullmatch(segment) for segment in path.split("/")):
        raise ValueError("not a safe name")
    return path
