"""Contract of the port `Backing`: what hosts share, in memory and in MinIO."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from collections.abc import Callable

import pytest

from pipeline.errors import ArchiveUnavailable, ChecksumMismatch, ConfigError, NotFound
from pipeline.sharing import Backing, put_bytes
from storage.minio_work import MinioBacking
from tests.fakes.backings import MemoryBacking, WatchedBacking
from tests.fakes.buckets import Server, minio_server
from tests.fakes.fault_proxy import FaultProxy

NAME = "batches/ab/blobs/cd"


def work_bucket(server: Server) -> str:
    return server.bucket("sohoa-work", locked=False)


def in_minio(request: pytest.FixtureRequest) -> Backing:
    server = minio_server(request)
    return MinioBacking(server.client(server.writer), work_bucket(server))


BACKINGS: dict[str, Callable[[pytest.FixtureRequest], Backing]] = {
    "memory": lambda _: MemoryBacking(),
    "watched": lambda _: WatchedBacking(MemoryBacking()),
    "minio": in_minio,
}


@pytest.fixture(params=BACKINGS)
def backing(request: pytest.FixtureRequest) -> Backing:
    return BACKINGS[request.param](request)


def read(backing: Backing, name: str) -> bytes:
    with backing.get(name) as stream:
        return stream.read()


def test_what_was_put_is_got(backing: Backing) -> None:
    for data in (b"one", b"", bytes(range(256)) * 150_000):
        put_bytes(backing, NAME, data)
        assert read(backing, NAME) == data


def test_a_later_put_takes_its_place(backing: Backing) -> None:
    put_bytes(backing, NAME, b"one")
    put_bytes(backing, NAME, b"two")
    assert read(backing, NAME) == b"two"
    assert [f.size for f in backing.list("")] == [3]


def test_what_is_not_there_is_missing(backing: Backing) -> None:
    with pytest.raises(NotFound) as missing:
        backing.get(NAME)
    assert missing.value.code == "BLOB_MISSING"
    backing.delete([NAME])
    backing.delete([])
    assert list(backing.list("")) == []
    assert list(backing.folders("")) == []


def test_files_and_folders_are_listed_below_a_prefix(backing: Backing) -> None:
    names = ["a/b", "a/c/d", "a/c/e", "ab/c", "b"]
    for name in names:
        put_bytes(backing, name, name.encode())
    assert [f.name for f in backing.list("")] == names
    assert [f.name for f in backing.list("a/c")] == ["a/c/d", "a/c/e"]
    assert list(backing.folders("a/")) == ["c"]
    assert list(backing.folders("")) == ["a", "ab"]
    found = next(backing.list("a/b"))
    assert found.size == 3
    assert abs(dt.datetime.now(dt.UTC) - found.modified) < dt.timedelta(minutes=5)


def test_what_is_deleted_is_gone(backing: Backing) -> None:
    for number in range(5):
        put_bytes(backing, f"a/{number}", b"x")
    backing.delete(f"a/{number}" for number in (0, 2, 4, 7))
    assert [f.name for f in backing.list("a/")] == ["a/1", "a/3"]
    with pytest.raises(NotFound):
        backing.get("a/0")


def test_bytes_that_changed_on_the_way_are_refused(backing: Backing) -> None:
    put_bytes(backing, NAME, b"one")
    with pytest.raises(ChecksumMismatch):
        backing.put(NAME, io.BytesIO(b"two"), 3, hashlib.sha256(b"six").hexdigest())
    assert read(backing, NAME) == b"one"


# -- MinIO alone ------------------------------------------------------------------------------


def test_a_bucket_that_keeps_versions_is_refused(request: pytest.FixtureRequest) -> None:
    server = minio_server(request)
    versioned = MinioBacking(server.client(), server.bucket("sohoa-work"))
    with pytest.raises(ConfigError) as refused:
        put_bytes(versioned, NAME, b"one")
    assert refused.value.code == "WORK_BUCKET_VERSIONED"


def test_a_server_that_fails_is_unavailable(request: pytest.FixtureRequest) -> None:
    server = minio_server(request)
    host, _, port = server.endpoint.rpartition(":")
    with FaultProxy(host, int(port)) as proxy:
        client = server.client(server.writer, endpoint=proxy.address, seconds=0.5)
        shaky = MinioBacking(client, work_bucket(server))
        put_bytes(shaky, NAME, b"x" * 2_000_000)
        proxy.cut_answer(to=b"GET /sohoa", after=1_000_000)
        with shaky.get(NAME) as stream, pytest.raises(ArchiveUnavailable):
            stream.read()
        proxy.lose_answer(to=b"PUT /sohoa")
        with pytest.raises(ArchiveUnavailable):
            put_bytes(shaky, NAME, b"two")
        put_bytes(shaky, NAME, b"two")
        assert read(shaky, NAME) == b"two"
        proxy.down()
        for act in (
            lambda: put_bytes(shaky, NAME, b"one"),
            lambda: shaky.get(NAME),
            lambda: list(shaky.list("")),
            lambda: list(shaky.folders("")),
            lambda: shaky.delete([NAME]),
        ):
            with pytest.raises(ArchiveUnavailable):
                act()
