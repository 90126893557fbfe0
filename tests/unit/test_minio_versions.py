"""Listing versions asks nothing about a single one of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

from minio.commonconfig import ENABLED
from minio.datatypes import Object

from storage.minio_client import Client
from storage.minio_store import MinioStore

RAW = "raw/DEV/2026/1"


class Listing:
    """A server that lists, and says nothing about single objects."""

    def get_bucket_versioning(self, bucket: str) -> object:
        return SimpleNamespace(status=ENABLED)

    def get_object_lock_config(self, bucket: str) -> object:
        return None

    def list_objects(self, bucket: str, **_: Any) -> Iterator[Object]:
        yield Object(bucket, f"{RAW}/a", version_id="foreign", size=7, is_latest="true")
        yield Object(bucket, f"{RAW}/a", version_id="own", size=3, is_latest="false")
        yield Object(bucket, f"{RAW}/b", version_id="gone", is_delete_marker=True)
        yield Object(bucket, f"{RAW}/b", version_id="other", size=3, is_latest="false")


def test_versions_are_listed_without_asking_about_each() -> None:
    client = cast("Client", Listing())
    store = MinioStore(client, "archive", lock_days=1, now=lambda: dt.datetime.now(dt.UTC))
    assert list(store.versions("raw/")) == [
        (f"{RAW}/a", "foreign"),
        (f"{RAW}/a", "own"),
        (f"{RAW}/b", "other"),
    ]
