"""BagIt 1.0 (RFC 8493): payload and tag manifests in SHA-256, files to fetch are never needed.

May not come in: what the payload means.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import IO, Final

from casework.packages.wrapping import Packed, ZipPackage
from pipeline.ids import legal_day

_DECLARATION: Final = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_LINE_ENDS: Final = re.compile(r"\s+")
_PAYLOAD: Final = "data/"


class Bag:
    """One bag on its way into a ZIP: payload first, then what vouches for it."""

    def __init__(self, package: ZipPackage) -> None:
        """Begin a bag, the only content of the package."""
        self._package = package
        self._payload: list[Packed] = []
        self._tags: list[Packed] = []

    @property
    def payload(self) -> tuple[Packed, ...]:
        """What was added so far; paths begin with `data/`."""
        return tuple(self._payload)

    def add(self, path: str, data: bytes) -> Packed:
        """A payload file below `data/`, whose bytes are at hand."""
        packed = self._package.add(_PAYLOAD + path, data)
        self._payload.append(packed)
        return packed

    def copy(self, path: str, source: IO[bytes], size: int, sha256: str | None = None) -> Packed:
        """A payload file below `data/`, see `ZipPackage.copy`.

        Raises:
            ChecksumMismatch: the bytes are others.
        """
        packed = self._package.copy(_PAYLOAD + path, source, size, sha256)
        self._payload.append(packed)
        return packed

    def tag(self, path: str, data: bytes) -> None:
        """A file beside the payload."""
        self._tags.append(self._package.add(path, data))

    def vouch(self, at: dt.datetime, about: Mapping[str, str]) -> None:
        """Write declaration, information and manifests: nothing may be added after that.

        Args:
            at: moment of bagging.
            about: further lines of `bag-info.txt`, in order.
        """
        octets = sum(one.size for one in self._payload)
        lines = {
            "Bagging-Date": legal_day(at).isoformat(),
            "Payload-Oxum": f"{octets}.{len(self._payload)}",
            **about,
        }
        self.tag("bagit.txt", _DECLARATION)
        told = "".join(f"{name}: {_LINE_ENDS.sub(' ', text)}\n" for name, text in lines.items())
        self.tag("bag-info.txt", told.encode())
        self.tag("manifest-sha256.txt", manifest(self._payload))
        self._package.add("tagmanifest-sha256.txt", manifest(self._tags))


def manifest(files: list[Packed]) -> bytes:
    """Digest and path of each file, by path; no path holds what would have to be encoded."""
    return "".join(
        f"{one.sha256}  {one.path}\n" for one in sorted(files, key=lambda one: one.path)
    ).encode()
