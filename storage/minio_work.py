"""Files in work in a bucket without versions: what hosts share while a batch is under way.

What is deleted here is gone, as paper that may not be kept must be. May not come in: which files
there are, and when they go (`pipeline.sharing`, `casework.clearing`).
"""

from __future__ import annotations

import base64
import contextlib
import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, Final, cast

from minio import Minio
from minio.deleteobjects import DeleteObject
from minio.error import S3Error

from pipeline.errors import ArchiveError, ConfigError, NotFound
from pipeline.settings import ArchiveSettings
from pipeline.sharing import BackedFile
from storage.minio_client import Content, client_of, code_of, mapped

_PART: Final = 16 * 1024**2
_CHUNK: Final = 1024 * 1024
_VERSIONED: Final = ("Enabled", "Suspended")


def open_backing(settings: ArchiveSettings, ca: Path | None, bucket: str) -> MinioBacking:
    """The shared place that the settings name.

    Args:
        settings: the archive's.
        ca: `settings.ca`, made absolute.
        bucket: `settings.work_bucket`.

    Raises:
        ConfigError: see `minio_client.client_of`.
    """
    return MinioBacking(client_of(settings, ca, reading=False), bucket)


class MinioBacking:
    """Port `Backing` over a bucket; for several hosts, processes and threads at once.

    Raises (all methods): what `minio_client.mapped` names; ConfigError `WORK_BUCKET_VERSIONED`.
    """

    def __init__(self, client: Minio, bucket: str) -> None:
        """Bind to a bucket; it is looked at on first use."""
        self._client = client
        self._bucket = bucket
        self._looked = False

    def put(self, name: str, data: IO[bytes], size: int, sha256: str) -> None:
        """See `Backing.put`."""
        metadata = {}
        if size <= _PART:
            metadata["x-amz-checksum-sha256"] = base64.b64encode(bytes.fromhex(sha256)).decode()
        with self._used():
            self._client.put_object(
                self._bucket,
                name,
                cast("Any", data),
                size,
                metadata=cast("Any", metadata),
                part_size=_PART,
                num_parallel_uploads=1,
            )

    def get(self, name: str) -> IO[bytes]:
        """See `Backing.get`.

        Raises:
            NotFound: `BLOB_MISSING`.
        """
        with self._used():
            try:
                response = self._client.get_object(self._bucket, name)
            except S3Error as error:
                if code_of(error) != "NoSuchKey":
                    raise
                raise NotFound("BLOB_MISSING") from error
            return io.BufferedReader(Content(response), _CHUNK)

    def list(self, prefix: str) -> Iterator[BackedFile]:
        """See `Backing.list`."""
        with self._used():
            for found in self._client.list_objects(self._bucket, prefix=prefix, recursive=True):
                yield BackedFile(
                    name=str(found.object_name),
                    size=found.size or 0,
                    modified=found.last_modified,
                )

    def folders(self, prefix: str) -> Iterator[str]:
        """See `Backing.folders`."""
        with self._used():
            for found in self._client.list_objects(self._bucket, prefix=prefix):
                if found.is_dir:
                    yield str(found.object_name).removeprefix(prefix).rstrip("/")

    def delete(self, names: Iterable[str]) -> None:
        """See `Backing.delete`.

        Raises:
            ArchiveError: `ARCHIVE_REFUSED`.
        """
        with self._used():
            wanted = (DeleteObject(name) for name in names)
            for failed in self._client.remove_objects(self._bucket, wanted):
                raise ArchiveError("ARCHIVE_REFUSED", problem=failed.code)

    @contextlib.contextmanager
    def _used(self) -> Iterator[None]:
        with mapped():
            if not self._looked:
                if self._client.get_bucket_versioning(self._bucket).status in _VERSIONED:
                    raise ConfigError("WORK_BUCKET_VERSIONED")
                self._looked = True
            yield
