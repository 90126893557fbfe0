"""MinIO: a locked bucket for the archive, an open one for work, a writer and a reader."""

from __future__ import annotations

from collections.abc import Mapping

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

_READ = (
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:GetObjectRetention",
    "s3:GetObjectLegalHold",
    "s3:GetObjectAttributes",
    "s3:GetObjectVersionAttributes",
)
_WRITE = (
    "s3:PutObject",
    "s3:PutObjectRetention",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
)
_LIST = (
    "s3:ListBucket",
    "s3:ListBucketVersions",
    "s3:GetBucketLocation",
    "s3:GetBucketVersioning",
    "s3:GetBucketObjectLockConfiguration",
    "s3:ListBucketMultipartUploads",
)


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
        for user, policy in ((WRITER, writer_policy()), (READER, reader_policy())):
            admin.policy_add(user, policy=policy)
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


def writer_policy() -> dict[str, object]:
    """Puts, reads, locks; deletes in the work bucket only. No version is ever deleted by it."""
    return _policy(
        (_LIST, _buckets(ARCHIVE, WORK)),
        (_READ + _WRITE, _objects(ARCHIVE, WORK)),
        (("s3:DeleteObject",), _objects(WORK)),
    )


def reader_policy() -> dict[str, object]:
    """Gets and lists what is archived."""
    return _policy((_LIST, _buckets(ARCHIVE)), (_READ, _objects(ARCHIVE)))


def _buckets(*names: str) -> list[str]:
    """The bucket, and those that tests make beside it."""
    return [f"arn:aws:s3:::{name}{more}" for name in names for more in ("", "-*")]


def _objects(*names: str) -> list[str]:
    return [f"{bucket}/*" for bucket in _buckets(*names)]


def _policy(*grants: tuple[tuple[str, ...], list[str]]) -> dict[str, object]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": list(actions), "Resource": resources}
            for actions, resources in grants
        ],
    }
