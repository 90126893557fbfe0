"""The lock probe over a bucket: the requests that a store with object lock must refuse.

Each is sent as it is by any S3 client, with every identity of the settings. May not come in: what
an answer means (`casework.custody`), any key but the one that is asked for.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Final

from minio.commonconfig import COMPLIANCE, GOVERNANCE
from minio.deleteobjects import DeleteObject
from minio.error import S3Error
from minio.retention import Retention

from pipeline.errors import ConfigError
from pipeline.ports.custody import Attempt, Sight
from pipeline.settings import ArchiveSettings
from storage.bucket_names import name_of
from storage.minio_client import Client, Content, client_of, code_of, mapped, place_of

WRITER: Final = "writer"
READER: Final = "reader"
REMOVER: Final = "remover"

_CHUNK: Final = 1024 * 1024
_FOREIGN: Final = b"Nobody may put this over a locked object.\n"
_SHORTLY: Final = dt.timedelta(minutes=10)
_REFUSED: Final = frozenset(range(HTTPStatus.BAD_REQUEST, HTTPStatus.INTERNAL_SERVER_ERROR))
_ABSENT: Final = frozenset({"NoSuchKey", "NoSuchVersion", "MethodNotAllowed"})
_NOT_ASKED: Final = frozenset(
    {"InvalidAccessKeyId", "SignatureDoesNotMatch", "RequestTimeTooSkewed", "NoSuchBucket"}
)
"""The server did not get as far as the lock: that is no refusal."""


def open_probe(
    settings: ArchiveSettings, ca: Path | None, *, now: Callable[[], dt.datetime]
) -> MinioProbe:
    """A probe of the store that the settings name, with every identity that they hold.

    Args:
        settings: the archive's.
        ca: `settings.ca`, made absolute.
        now: the time, UTC.

    Raises:
        ConfigError: see `minio_client.client_of`.
    """
    clients = {WRITER: client_of(settings, ca, reading=False)}
    if settings.reader_access_key:
        clients[READER] = client_of(settings, ca, reading=True)
    if settings.remover_access_key:
        clients[REMOVER] = client_of(settings.as_remover(), ca, reading=False)
    return MinioProbe(clients, place_of(settings.url).bucket, now=now)


class MinioProbe:
    """Port `LockProbe` over a bucket."""

    def __init__(
        self, clients: Mapping[str, Client], bucket: str, *, now: Callable[[], dt.datetime]
    ) -> None:
        """Bind to a bucket; nothing is sent yet.

        Args:
            clients: by identity; the first one writes, `REMOVER` removes.
            bucket: its name.
            now: the time, UTC.
        """
        self._clients = clients
        self._bucket = bucket
        self._now = now

    @property
    def identities(self) -> tuple[str, ...]:
        """See `LockProbe.identities`."""
        return tuple(self._clients)

    @property
    def removers(self) -> tuple[str, ...]:
        """See `LockProbe.removers`."""
        return tuple(who for who in self._clients if who == REMOVER)

    def removes(self, who: str, key: str, content: bytes) -> bool:
        """See `LockProbe.removes`."""
        writer, name = self._clients[self.identities[0]], name_of(key)
        with mapped():
            put = writer.put_object(
                self._bucket, name, io.BytesIO(content), len(content), content_type="text/plain"
            )
            try:
                self._delete(self._clients[who], name, put.version_id)
                writer.stat_object(self._bucket, name, version_id=put.version_id)
            except S3Error as error:
                if code_of(error) in _NOT_ASKED or error.response.status not in _REFUSED:
                    raise
                return error.response.status == HTTPStatus.NOT_FOUND
        return False

    def plant(self, key: str, content: bytes, until: dt.datetime) -> str:
        """See `LockProbe.plant`.

        Raises:
            ConfigError: `ARCHIVE_NOT_VERSIONED`.
        """
        with mapped():
            put = self._clients[self.identities[0]].put_object(
                self._bucket,
                name_of(key),
                io.BytesIO(content),
                len(content),
                content_type="text/plain",
                retention=Retention(COMPLIANCE, until),
            )
        if not put.version_id:
            raise ConfigError("ARCHIVE_NOT_VERSIONED")
        return put.version_id

    def renew(self, key: str, version_id: str, until: dt.datetime) -> None:
        """See `LockProbe.renew`."""
        with mapped():
            self._clients[self.identities[0]].set_object_retention(
                self._bucket, name_of(key), Retention(COMPLIANCE, until), version_id=version_id
            )

    def look(self, key: str, version_id: str) -> Sight | None:
        """See `LockProbe.look`."""
        client, name = self._clients[self.identities[0]], name_of(key)
        with mapped():
            try:
                response = client.get_object(self._bucket, name, version_id=version_id)
            except S3Error as error:
                if code_of(error) in _ABSENT:
                    return None
                raise
            hasher = hashlib.sha256()
            with io.BufferedReader(Content(response), _CHUNK) as stream:
                while piece := stream.read(_CHUNK):
                    hasher.update(piece)
            lock = client.get_object_retention(self._bucket, name, version_id=version_id)
        return Sight(
            sha256=hasher.hexdigest(),
            locked_until=lock.retain_until_date.astimezone(dt.UTC) if lock else None,
            compliant=lock is not None and lock.mode == COMPLIANCE,
        )

    def reaches(self, who: str, key: str, version_id: str) -> bool:
        """See `LockProbe.reaches`."""
        with mapped():
            try:
                self._clients[who].stat_object(self._bucket, name_of(key), version_id=version_id)
            except S3Error as error:
                if error.response.status in _REFUSED:
                    return False
                raise
        return True

    def attempt(self, what: Attempt, who: str, key: str, version_id: str) -> bool:
        """See `LockProbe.attempt`."""
        client, name = self._clients[who], name_of(key)
        acts: Mapping[Attempt, Callable[[], bool]] = {
            Attempt.DELETE_MARKER: lambda: self._delete(client, name, None),
            Attempt.SHORTEN: lambda: self._relock(
                client, name, version_id, Retention(COMPLIANCE, self._now() + _SHORTLY)
            ),
            Attempt.WEAKEN: lambda: self._weaken(client, name, version_id),
            Attempt.OVERWRITE: lambda: self._overwrite(client, name),
            Attempt.DELETE: lambda: self._delete(client, name, version_id),
            Attempt.FORCE_DELETE: lambda: self._force(client, name, version_id),
        }
        with mapped():
            try:
                return acts[what]()
            except S3Error as error:
                if error.response.status in _REFUSED and code_of(error) not in _NOT_ASKED:
                    return False
                raise

    # -- inside -----------------------------------------------------------------------------

    def _delete(self, client: Client, name: str, version_id: str | None) -> bool:
        client.remove_object(self._bucket, name, version_id=version_id)
        return True

    def _force(self, client: Client, name: str, version_id: str) -> bool:
        """Many at once is the request that takes the wish to bypass a lock."""
        refused = client.remove_objects(
            self._bucket, [DeleteObject(name, version_id)], bypass_governance_mode=True
        )
        return not list(refused)

    def _relock(self, client: Client, name: str, version_id: str, lock: Retention) -> bool:
        client.set_object_retention(self._bucket, name, lock, version_id=version_id)
        return True

    def _weaken(self, client: Client, name: str, version_id: str) -> bool:
        lock = client.get_object_retention(self._bucket, name, version_id=version_id)
        until = lock.retain_until_date if lock else self._now() + _SHORTLY
        weaker = Retention(GOVERNANCE, until)
        return self._relock(client, name, version_id, weaker)

    def _overwrite(self, client: Client, name: str) -> bool:
        client.put_object(
            self._bucket, name, io.BytesIO(_FOREIGN), len(_FOREIGN), content_type="text/plain"
        )
        return True
