"""MinIO: a locked bucket for the archive, an open one for work, a writer and a reader."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from minio import Minio, MinioAdmin
from minio.credentials.providers import StaticProvider

from deploy.local import builds
from deploy.local.service import Service, ask, environment
from deploy.local.supervisor import Launch

ARCHIVE = "sohoa-archive"
WORK = "sohoa-work"
ROOT = "services-root"
WRITER = "sohoa-writer"
READER = "sohoa-reader"

_POLICIES = Path(__file__).parent.parent / "minio"
"""What an office grants."""


class MinioService(Service):
    """The object store."""

    name = "minio"

    def lacking(self) -> str | None:
        """A compiler, unless it was built before."""
        return builds.minio_lacking(self.place.cache)

    def prepare(self) -> Launch:
        """One drive in the state folder."""
        server = builds.minio(self.place.cache, self.place.cancelled)
        home = self.state.made("minio")
        data = home / "data"
        data.mkdir(exist_ok=True)
        return Launch(
            argv=(
                str(server),
                "server",
                str(data),
                "--address",
                self.address,
                "--certs-dir",
                str(home / "certs"),
                "--quiet",
            ),
            environ=environment(
                home,
                MINIO_ROOT_USER=ROOT,
                MINIO_ROOT_PASSWORD=self.state.secret("minio-root"),
                MINIO_BROWSER="off",
                MINIO_UPDATE="off",
            ),
            folder=home,
        )

    def healthy(self) -> bool:
        """It is ready to read and write."""
        return ask(f"http://{self.address}/minio/health/ready") is not None

    def settle(self) -> None:
        """Buckets, then two identities: the writer may not delete in the archive, nor unlock."""
        root = self.state.secret("minio-root")
        client = Minio(self.address, ROOT, root, secure=False)
        for bucket, locked in ((ARCHIVE, True), (WORK, False)):
            if not client.bucket_exists(bucket):
                client.make_bucket(bucket, object_lock=locked)
        admin = MinioAdmin(
            endpoint=self.address, credentials=StaticProvider(ROOT, root), secure=False
        )
        for user, name in ((WRITER, "writer"), (READER, "reader")):
            admin.policy_add(user, policy=policy(name))
            admin.user_add(user, self.state.secret(user))
            admin.policy_set(user, user=user)

    def exports(self) -> Mapping[str, str]:
        """Both identities, and root's for tests that make buckets of their own."""
        return {
            "SOHOA_ARCHIVE__URL": f"s3:http://{self.address}/{ARCHIVE}",
            "SOHOA_ARCHIVE__ACCESS_KEY": WRITER,
            "SOHOA_ARCHIVE__SECRET_KEY": self.state.secret(WRITER),
            "SOHOA_ARCHIVE__READER_ACCESS_KEY": READER,
            "SOHOA_ARCHIVE__READER_SECRET_KEY": self.state.secret(READER),
            "SOHOA_ARCHIVE__WORK_BUCKET": WORK,
            "SERVICES_MINIO_ENDPOINT": self.address,
            "SERVICES_MINIO_ROOT_USER": ROOT,
            "SERVICES_MINIO_ROOT_PASSWORD": self.state.secret("minio-root"),
        }


def policy(name: str) -> dict[str, Any]:
    """What an office grants to `writer` or `reader`, also on buckets that tests make beside it."""
    granted: dict[str, Any] = json.loads((_POLICIES / f"{name}.json").read_text(encoding="utf-8"))
    for statement in granted["Statement"]:
        statement["Resource"] = [
            wider for resource in statement["Resource"] for wider in (resource, _beside(resource))
        ]
    return granted


def _beside(resource: str) -> str:
    """The same of buckets whose name begins so: `…:::bucket/*` becomes `…:::bucket-*/*`."""
    bucket, slash, objects = resource.partition("/")
    return f"{bucket}-*{slash}{objects}"
