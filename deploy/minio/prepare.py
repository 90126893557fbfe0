"""Prepares an object store for Sohoa: two buckets, two identities. May be repeated.

    SECRETS=/etc/sohoa/secrets .venv/bin/python deploy/minio/prepare.py https://minio.example:9000

Reads from the folder `$SECRETS` the files `minio-root` (password of the administrator, whose name
is `$MINIO_ROOT_USER` or `minio-root`), `archive-secret-key` and `archive-reader-secret-key`; an
authority of your own for TLS is named by `SSL_CERT_FILE`. Makes `sohoa-archive` (versioned, object
lock: only a new bucket can get it) and `sohoa-work`, and the users `sohoa-writer` and
`sohoa-reader` with the policies beside this file. For MinIO; on another S3 store make the same by
its own means.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

from minio import Minio, MinioAdmin
from minio.credentials.providers import StaticProvider

HERE = Path(__file__).parent
IDENTITIES = {
    "sohoa-writer": ("writer.json", "archive-secret-key"),
    "sohoa-reader": ("reader.json", "archive-reader-secret-key"),
}
BUCKETS = {"sohoa-archive": True, "sohoa-work": False}
"""By name: with object lock."""


def main() -> int:
    """Exit 0 where everything stands, 2 where it was called wrongly."""
    address = urlsplit(sys.argv[1] if len(sys.argv) == 2 else "")
    if address.scheme not in ("http", "https") or not address.netloc:
        print(__doc__, file=sys.stderr)
        return 2
    secrets = Path(os.environ.get("SECRETS", "/run/secrets"))
    user = os.environ.get("MINIO_ROOT_USER", "minio-root")
    password = _secret(secrets / "minio-root")
    secure = address.scheme == "https"
    client = Minio(endpoint=address.netloc, access_key=user, secret_key=password, secure=secure)
    admin = MinioAdmin(
        endpoint=address.netloc, credentials=StaticProvider(user, password), secure=secure
    )
    for bucket, locked in BUCKETS.items():
        if not client.bucket_exists(bucket):
            client.make_bucket(bucket, object_lock=locked)
        if locked and client.get_bucket_versioning(bucket).status != "Enabled":
            print(f"{bucket} is there without object lock: move it away", file=sys.stderr)
            return 1
    for name, (policy, secret) in IDENTITIES.items():
        admin.policy_add(name, policy_file=str(HERE / policy))
        admin.user_add(name, _secret(secrets / secret))
        admin.policy_set(name, user=name)
    print(", ".join((*BUCKETS, *IDENTITIES)))
    return 0


def _secret(file: Path) -> str:
    return file.read_text(encoding="utf-8").removesuffix("\n")


if __name__ == "__main__":
    sys.exit(main())
