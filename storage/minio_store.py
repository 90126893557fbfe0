"""The archive in a bucket with versions and object lock: MinIO, or another store of that dialect.

A locked key's versions are under COMPLIANCE retention: neither the writer nor an administrator can
remove or shorten it. Every object carries its SHA-256, as checksum (verified by the server on
arrival) and as metadata; larger ones are sent in parts, each verified by the server, and are
completed only when the whole had the announced digest.

A put looks first and adopts equal bytes; a locked one asks the server to refuse it where another
writer was quicker; a put whose answer was lost looks again; and the oldest version that holds the
announced bytes is everybody's, so that writers at once end with the same. Other bytes that somebody
puts over a locked key become its newest version and harm none: all is read by version, and `audit`
sees it.

May not come in: how a key is called in the bucket (`bucket_names`), meaning of keys.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import datetime as dt
import hashlib
import io
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from http import HTTPStatus
from itertools import groupby
from pathlib import Path
from typing import IO, Any, Final, cast

from minio.commonconfig import COMPLIANCE, ENABLED
from minio.datatypes import Object
from minio.error import S3Error
from minio.retention import Retention

from pipeline.errors import (
    ArchiveError,
    ArchiveUnavailable,
    ChecksumMismatch,
    ConfigError,
    ContentConflict,
    NotFound,
)
from pipeline.models.files import FileRef
from pipeline.ports.archive import Immutability, ObjectLock, StoredObject
from pipeline.settings import ArchiveSettings
from storage.announced import Announced
from storage.bucket_names import key_of, name_of, name_prefix, stem_of
from storage.minio_client import Client, Content, client_of, code_of, mapped, place_of

PART: Final = 16 * 1024**2
"""Bytes of one request; larger objects are sent in parts. At most two are in memory."""

_CHUNK: Final = 1024 * 1024
_SHA256: Final = "sha256"
"""Name of the metadata."""
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_VERSION_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~+/=-]*")
_ABSENT: Final = frozenset({"NoSuchKey", "NoSuchVersion", "InvalidArgument", "MethodNotAllowed"})
_UNLOCKED: Final = frozenset(
    {"ObjectLockConfigurationNotFoundError", "NoSuchObjectLockConfiguration"}
)
_WITH_CHECKSUM: Final = {"x-amz-checksum-mode": "ENABLED"}


def open_store(
    settings: ArchiveSettings,
    ca: Path | None,
    *,
    reading: bool,
    now: Callable[[], dt.datetime],
    holds: Collection[str] = (),
) -> MinioStore:
    """The store that the settings name.

    Args:
        settings: the archive's.
        ca: `settings.ca`, made absolute.
        reading: as the identity that only reads, where one is set.
        now: the time, UTC.
        holds: see `MinioStore`.

    Raises:
        ConfigError: see `minio_client.client_of`.
    """
    client = client_of(settings, ca, reading=reading)
    bucket = place_of(settings.url).bucket
    return MinioStore(client, bucket, lock_days=settings.lock_days, now=now, holds=holds)


class MinioStore:
    """Port `ObjectStore` over a bucket; safe for several processes and threads at once.

    Raises (all methods): ArchiveError `OBJECT_KEY_INVALID`; what `minio_client.mapped` names;
    ConfigError `ARCHIVE_NOT_VERSIONED`, `ARCHIVE_NOT_LOCKABLE` for a bucket that forgets or lets
    go; ArchiveUnavailable `ARCHIVE_GONE` for one that lacks what it must hold.
    """

    def __init__(
        self,
        client: Client,
        bucket: str,
        *,
        lock_days: int,
        now: Callable[[], dt.datetime],
        holds: Collection[str] = (),
    ) -> None:
        """Bind to a bucket; it is looked at on first use.

        Args:
            client: to its server, as the identity that may do what will be asked.
            bucket: its name.
            lock_days: retention of a new locked version.
            now: the time, UTC.
            holds: first segments of keys, under one of which something lies already. Where there
                is none, the bucket is another's: nothing is said to be lost, nothing put there.
        """
        self._client = client
        self._holds = holds
        self._bucket = bucket
        self._lock = dt.timedelta(days=lock_days)
        self._now = now
        self._looked = False

    @property
    def immutability(self) -> Immutability:
        """The server itself refuses change, as its bucket says."""
        with self._used():
            return "enforced"

    def put(self, key: str, ref: FileRef, data: IO[bytes], *, locked: bool) -> StoredObject:
        """See `ObjectStore.put`.

        Raises:
            ContentConflict: a locked key holds other bytes.
            ChecksumMismatch: `data` is not what `ref` says, or changed on the way.
        """
        name = name_of(key)
        announced = Announced(data, ref)
        with self._used():
            present = self._present(key, name, ref, locked=locked)
            if present is not None:
                announced.drain()
                return present
            try:
                with mapped():
                    version_id = self._send(name, ref, announced, locked=locked)
            except ContentConflict as error:
                quicker = self._present(key, name, ref, locked=locked)
                if quicker is None:
                    raise ArchiveUnavailable from error
                return quicker
            except ArchiveUnavailable as error:
                done = self._carried_out(key, name, ref, error, locked=locked)
                if done is None:
                    raise
                return done
            written = StoredObject(key, version_id, ref.sha256, ref.size)
            return (self._common(key, name, ref) if locked else None) or written

    def head(self, key: str) -> StoredObject | None:
        """See `ObjectStore.head`."""
        name = name_of(key)
        with self._used():
            return self._newest(key, name)

    def open(self, key: str, version_id: str | None = None) -> IO[bytes]:
        """See `ObjectStore.open`: the reader compares the digest; half an answer is an error.

        Raises:
            NotFound: `OBJECT_MISSING`.
        """
        name = name_of(key)
        if version_id is not None and not _VERSION_ID.fullmatch(version_id):
            raise NotFound("OBJECT_MISSING", key=key)
        with self._used():
            try:
                return self._content(name, version_id)
            except S3Error as error:
                if not _absent(error):
                    raise
                beneath = self._beneath(key, name, error) if version_id is None else None
            if beneath is None:
                raise NotFound("OBJECT_MISSING", key=key)
            return self._content(name, beneath.version_id)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """See `ObjectStore.list`; a prefix need not end at a `/`."""
        with self._used():
            for key, found in self._below(prefix):
                yield self._stored(key, next(found))

    def versions(self, prefix: str) -> Iterator[tuple[str, str]]:
        """See `ObjectStore.versions`."""
        with self._used():
            for key, found in self._below(prefix):
                for version in found:
                    yield key, str(version.version_id)

    def hidden(self, prefix: str) -> Iterator[tuple[str, str]]:
        """See `ObjectStore.hidden`: a bucket lists every version."""
        return iter(())

    def restore(self, key: str, ref: FileRef, data: IO[bytes], *, locked: bool) -> StoredObject:
        """See `ObjectStore.restore`: a further version, over whatever lies there.

        Raises:
            ChecksumMismatch: `data` is not what `ref` says, or changed on the way.
        """
        announced = Announced(data, ref)
        with self._used():
            version_id = self._send(name_of(key), ref, announced, locked=locked, over=True)
            return StoredObject(key, version_id, ref.sha256, ref.size)

    def renew(self, key: str, version_id: str, *, before: dt.datetime, until: dt.datetime) -> bool:
        """See `ObjectStore.renew`.

        Raises:
            NotFound: `OBJECT_MISSING`.
        """
        name = name_of(key)
        with self._used():
            ends = self._lock_of(key, name, version_id).until
            if ends is not None and ends >= min(before, until):
                return False
            lock = Retention(COMPLIANCE, until)
            self._client.set_object_retention(self._bucket, name, lock, version_id=version_id)
            return True

    def lock(self, key: str, version_id: str) -> ObjectLock:
        """See `ObjectStore.lock`; a retention that is not COMPLIANCE is none.

        Raises:
            NotFound: `OBJECT_MISSING`.
        """
        name = name_of(key)
        with self._used():
            return self._lock_of(key, name, version_id)

    def hold(self, key: str, version_id: str, *, on: bool) -> bool:
        """See `ObjectStore.hold`.

        Raises:
            NotFound: `OBJECT_MISSING`.
        """
        name = name_of(key)
        with self._used():
            if self._lock_of(key, name, version_id).held == on:
                return False
            change = (
                self._client.enable_object_legal_hold
                if on
                else self._client.disable_object_legal_hold
            )
            change(self._bucket, name, version_id=version_id)
            return True

    def remove(self, key: str, version_id: str) -> bool:
        """See `ObjectStore.remove`: looked at before, and the server refuses by itself.

        Raises:
            ArchiveError: `OBJECT_LOCKED`.
        """
        name = name_of(key)
        with self._used():
            try:
                lock = self._lock_of(key, name, version_id)
            except NotFound:
                return False
            if lock.lasts(self._now()):
                raise ArchiveError("OBJECT_LOCKED", key=key)
            self._client.remove_object(self._bucket, name, version_id=version_id)
            return True

    # -- inside -----------------------------------------------------------------------------

    def _lock_of(self, key: str, name: str, version_id: str) -> ObjectLock:
        if not _VERSION_ID.fullmatch(version_id):
            raise NotFound("OBJECT_MISSING", key=key)
        try:
            found = self._client.stat_object(self._bucket, name, version_id=version_id)
        except S3Error as error:
            if _absent(error):
                raise NotFound("OBJECT_MISSING", key=key) from error
            raise
        ends, compliant = _locked_until(found.metadata or {})
        return ObjectLock(until=ends if compliant else None, held=_held(found.metadata or {}))

    @contextlib.contextmanager
    def _used(self) -> Iterator[None]:
        with mapped():
            if not self._looked:
                self._look()
                self._looked = True
            yield

    def _look(self) -> None:
        if self._client.get_bucket_versioning(self._bucket).status != ENABLED:
            raise ConfigError("ARCHIVE_NOT_VERSIONED")
        try:
            self._client.get_object_lock_config(self._bucket)
        except S3Error as error:
            if error.code in _UNLOCKED:
                raise ConfigError("ARCHIVE_NOT_LOCKABLE") from error
            raise
        if self._holds:
            first = self._client.list_objects(self._bucket, include_version=True)
            if not {str(found.object_name).rstrip("/") for found in first} & set(self._holds):
                raise ArchiveUnavailable("ARCHIVE_GONE")

    def _present(self, key: str, name: str, ref: FileRef, *, locked: bool) -> StoredObject | None:
        """What a put need not write again, None where it must.

        Raises:
            ContentConflict: a locked key holds other bytes.
        """
        present = self._newest(key, name)
        if present is None or (present.deleted and not locked):
            return None
        if present.sha256 == ref.sha256:
            return self._common(key, name, ref) or present
        if locked:
            raise ContentConflict(key=key)
        return None

    def _send(
        self, name: str, ref: FileRef, announced: Announced, *, locked: bool, over: bool = False
    ) -> str:
        metadata = {_SHA256: ref.sha256}
        if ref.size <= PART:  # of the whole only where it is sent whole
            digest = base64.b64encode(bytes.fromhex(ref.sha256)).decode()
            metadata["x-amz-checksum-sha256"] = digest
        if not ref.size:
            announced.drain()
        client = self._client.only_new if locked and not over else self._client
        written = client.put_object(
            self._bucket,
            name,
            cast("Any", announced),
            ref.size,
            content_type=ref.media_type,
            metadata=cast("Any", metadata),
            part_size=PART,
            num_parallel_uploads=1,
            retention=Retention(COMPLIANCE, self._now() + self._lock) if locked else None,
        )
        if not written.version_id:
            raise ConfigError("ARCHIVE_NOT_VERSIONED")
        return written.version_id

    def _carried_out(
        self, key: str, name: str, ref: FileRef, error: ArchiveUnavailable, *, locked: bool
    ) -> StoredObject | None:
        """What a put whose answer was lost has written, None where nothing can be seen of it."""
        if error.code == "ARCHIVE_FULL":
            return None
        with contextlib.suppress(ArchiveUnavailable), mapped():
            if locked:
                return self._common(key, name, ref)
            newest = self._newest(key, name)
            if newest is not None and newest.sha256 == ref.sha256 and not newest.deleted:
                return newest
        return None

    def _common(self, key: str, name: str, ref: FileRef) -> StoredObject | None:
        """The oldest version that holds these bytes: the one that everybody calls theirs.

        Raises:
            ChecksumMismatch: it says that it holds them, and has another size.
        """
        for version in reversed(self._versions(name)):
            stored = self._stored(key, version)
            if stored.sha256 == ref.sha256:
                if stored.size != ref.size:
                    raise ChecksumMismatch(sha256=ref.sha256)
                return StoredObject(key, stored.version_id, stored.sha256, stored.size)
        return None

    def _newest(self, key: str, name: str) -> StoredObject | None:
        try:
            found = self._client.stat_object(
                self._bucket, name, extra_headers=cast("Any", dict(_WITH_CHECKSUM))
            )
        except S3Error as error:
            if not _absent(error):
                raise
            return self._beneath(key, name, error)
        version_id = str(found.version_id)
        sha256 = _known_digest(found.metadata or {}) or self._hashed(name, version_id)
        return StoredObject(key, version_id, sha256, found.size or 0)

    def _beneath(self, key: str, name: str, error: S3Error) -> StoredObject | None:
        """What a delete marker hides."""
        if error.response.headers.get("x-amz-delete-marker") != "true":
            return None
        versions = self._versions(name)
        return self._stored(key, versions[0]) if versions else None

    def _stored(self, key: str, version: Object) -> StoredObject:
        name, version_id = str(version.object_name), str(version.version_id)
        sha256 = _known_digest(version.metadata or {})
        if sha256 is None:  # another server than MinIO does not list metadata
            found = self._client.stat_object(
                self._bucket,
                name,
                version_id=version_id,
                extra_headers=cast("Any", dict(_WITH_CHECKSUM)),
            )
            sha256 = _known_digest(found.metadata or {}) or self._hashed(name, version_id)
        hidden = version.is_latest != "true"
        return StoredObject(key, version_id, sha256, version.size or 0, deleted=hidden)

    def _hashed(self, name: str, version_id: str) -> str:
        """Digest of an object that came by other hands and carries none."""
        hasher = hashlib.sha256()
        with self._content(name, version_id) as stream:
            while piece := stream.read(_CHUNK):
                hasher.update(piece)
        return hasher.hexdigest()

    def _content(self, name: str, version_id: str | None) -> IO[bytes]:
        response = self._client.get_object(self._bucket, name, version_id=version_id)
        return io.BufferedReader(Content(response), _CHUNK)

    def _versions(self, name: str) -> tuple[Object, ...]:
        """Versions of one key, newest first, without delete markers."""
        found: tuple[Object, ...] = ()
        for version in self._listed(name):
            if version.object_name != name:
                if str(version.object_name) > name and not version.is_delete_marker:
                    break
                continue
            if not version.is_delete_marker:
                found += (version,)
        return found

    def _below(self, prefix: str) -> Iterator[tuple[str, Iterator[Object]]]:
        """Every key below a prefix in order, with its versions, newest first, one at least."""
        for _, near in groupby(self._in_bucket(prefix), key=lambda found: stem_of(found[0])):
            in_order = sorted(near, key=lambda found: found[0])  # stable: newest stays first
            for key, same in groupby(in_order, key=lambda found: found[0]):
                yield key, (version for _, version in same)

    def _in_bucket(self, prefix: str) -> Iterator[tuple[str, Object]]:
        """Every version below a prefix with its key, in the bucket's order."""
        for version in self._listed(name_prefix(prefix)):
            key = None if version.is_delete_marker else key_of(str(version.object_name))
            if key is not None and key.startswith(prefix):
                yield key, version

    def _listed(self, prefix: str) -> Iterator[Object]:
        found: Iterator[Object] = self._client.list_objects(
            self._bucket,
            prefix=prefix,
            recursive=True,
            include_version=True,
            extra_query_params=cast("Any", {"metadata": "true"}),
        )
        return found


# -- what the server says ---------------------------------------------------------------------


def _absent(error: S3Error) -> bool:
    return code_of(error) in _ABSENT or (
        error.response.status == HTTPStatus.NOT_FOUND and code_of(error) != "NoSuchBucket"
    )


def _known_digest(metadata: Mapping[str, str]) -> str | None:
    """What the server computed over the whole, else what the writer said."""
    low = {name.lower(): value for name, value in metadata.items()}
    with contextlib.suppress(binascii.Error, ValueError):
        found = base64.b64decode(low.get("x-amz-checksum-sha256", ""), validate=True).hex()
        if _DIGEST.fullmatch(found):
            return found
    said = low.get(f"x-amz-meta-{_SHA256}", "")
    return said if _DIGEST.fullmatch(said) else None


def _locked_until(metadata: Mapping[str, str]) -> tuple[dt.datetime | None, bool]:
    """End of the lock, and whether nobody may lift it."""
    low = {name.lower(): value for name, value in metadata.items()}
    until = low.get("x-amz-object-lock-retain-until-date")
    ends = dt.datetime.fromisoformat(until) if until else None
    return ends, low.get("x-amz-object-lock-mode") == COMPLIANCE


def _held(metadata: Mapping[str, str]) -> bool:
    """Under legal hold."""
    low = {name.lower(): value for name, value in metadata.items()}
    return low.get("x-amz-object-lock-legal-hold", "").upper() == "ON"
