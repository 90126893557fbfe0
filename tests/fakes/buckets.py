"""Buckets of a real MinIO, one a test; the server is that of `tests.services`.

Without it these tests are left out, with the reason. Buckets are named so that the identities of
the server's own buckets may use them too, and hold locked objects until the server is done with:
nobody can empty them.
"""

from __future__ import annotations

import datetime as dt
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from minio import MinioAdmin
from minio.credentials.providers import StaticProvider
from minio.datatypes import Object

from storage.minio_client import Client, Identity, Place, connect
from storage.minio_store import MinioStore
from tests.services import MinioServer

LOCK_DAYS = 1
REMOVER = Path(__file__).parents[2] / "deploy" / "minio" / "remover.json"
_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Server:
    """A MinIO server, as its administrator and as the two identities of an office."""

    endpoint: str
    root: Identity
    writer: Identity
    reader: Identity

    def client(
        self,
        identity: Identity | None = None,
        *,
        endpoint: str | None = None,
        seconds: float = _SECONDS,
    ) -> Client:
        place = Place(endpoint=endpoint or self.endpoint, secure=False, bucket="")
        return connect(place, identity or self.root, region="us-east-1", timeout_seconds=seconds)

    def bucket(self, kind: str = "sohoa-archive", *, locked: bool = True) -> str:
        """A new bucket, `sohoa-archive-…` or `sohoa-work-…`."""
        name = f"{kind}-{secrets.token_hex(6)}"
        self.client().make_bucket(name, object_lock=locked)
        return name

    def store(
        self,
        bucket: str | None = None,
        identity: Identity | None = None,
        *,
        endpoint: str | None = None,
        seconds: float = _SECONDS,
    ) -> MinioStore:
        """The store over a bucket (a new one), as the writer unless said otherwise."""
        client = self.client(identity or self.writer, endpoint=endpoint, seconds=seconds)
        return MinioStore(client, bucket or self.bucket(), lock_days=LOCK_DAYS, now=utc_now)

    def remover(self, bucket: str) -> Identity:
        """A new identity that may do what `deploy/minio/remover.json` lets it, in this bucket."""
        admin = MinioAdmin(
            endpoint=self.endpoint,
            credentials=StaticProvider(self.root.access_key, self.root.secret_key),
            secure=False,
        )
        made = Identity(f"remover-{secrets.token_hex(4)}", secrets.token_hex(16))
        policy = json.loads(REMOVER.read_text().replace(":::sohoa-archive", f":::{bucket}"))
        admin.policy_add(made.access_key, policy=policy)
        admin.user_add(made.access_key, made.secret_key)
        admin.policy_set(made.access_key, user=made.access_key)
        return made


class PlainS3Store(MinioStore):
    """The store over a server that does not list metadata, which is MinIO's own addition."""

    def _listed(self, prefix: str) -> Iterator[Object]:
        found: Iterator[Object] = self._client.list_objects(
            self._bucket, prefix=prefix, recursive=True, include_version=True
        )
        return found


def plain_s3_store(server: Server) -> PlainS3Store:
    """Over a new bucket, as the writer."""
    client = server.client(server.writer)
    return PlainS3Store(client, server.bucket(), lock_days=LOCK_DAYS, now=utc_now)


def utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def minio_server(request: pytest.FixtureRequest) -> Server:
    """The running server; skips the test where there is none."""
    running: MinioServer = request.getfixturevalue("minio_service")
    return Server(
        endpoint=running.endpoint,
        root=Identity(running.root_user, running.root_password),
        writer=Identity(running.access_key, running.secret_key),
        reader=Identity(running.reader_access_key, running.reader_secret_key),
    )
