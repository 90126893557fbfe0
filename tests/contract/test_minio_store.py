"""The archive in MinIO, where it differs from any store: locks, identities, a failing network."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path
from random import Random
from typing import IO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from minio import Minio
from minio.deleteobjects import DeleteObject
from minio.error import S3Error
from pydantic import SecretStr

from pipeline.errors import (
    ArchiveUnavailable,
    ChecksumMismatch,
    ConfigError,
    ContentConflict,
    SohoaError,
)
from pipeline.models.files import FileRef
from pipeline.ports.archive import StoredObject
from pipeline.settings import ArchiveSettings
from storage.bucket_names import key_of, name_of, name_prefix, stem_of
from storage.fixity import fixity
from storage.minio_client import Identity, Place, client_of, connect, place_of
from storage.minio_store import PART, MinioStore, open_store
from tests.fakes.buckets import LOCK_DAYS, Server, minio_server, utc_now
from tests.fakes.certificates import make_server_certificate
from tests.fakes.fault_proxy import FaultProxy

KEY = "dossiers/DEV/2026/DEV-261122-0001/001.0.F_14_HSB.pdf"
TEXT = "text/DEV/DEV-261122-0001/abc.json.gz"
PUT = b"PUT /sohoa"
GET = b"GET /sohoa"


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest) -> Server:
    return minio_server(request)


@pytest.fixture
def bucket(server: Server) -> str:
    return server.bucket()


@pytest.fixture
def store(server: Server, bucket: str) -> MinioStore:
    return server.store(bucket)


@pytest.fixture
def proxy(server: Server) -> Iterator[FaultProxy]:
    host, _, port = server.endpoint.rpartition(":")
    with FaultProxy(host, int(port)) as made:
        yield made


@pytest.fixture
def shaky(server: Server, bucket: str, proxy: FaultProxy) -> MinioStore:
    """The same bucket through the proxy, by one who waits half a second."""
    made = server.store(bucket, endpoint=proxy.address, seconds=0.5)
    assert made.head(KEY) is None
    return made


def ref_of(data: bytes) -> FileRef:
    sha256 = hashlib.sha256(data).hexdigest()
    return FileRef(sha256=sha256, size=len(data), media_type="application/pdf")


def put(store: MinioStore, key: str, data: bytes, *, locked: bool = True) -> StoredObject:
    return store.put(key, ref_of(data), io.BytesIO(data), locked=locked)


def versions(client: Minio, bucket: str, key: str) -> list[str]:
    found = client.list_objects(bucket, prefix=key, include_version=True, recursive=True)
    return [str(v.version_id) for v in found if not v.is_delete_marker]


def refusal(act: Callable[[], Iterable[object]]) -> SohoaError:
    with pytest.raises(SohoaError) as raised:
        list(act())
    return raised.value


def test_a_silent_server_is_waited_for_as_long_as_is_set() -> None:
    """Finding it must be quick, its answer need not be."""
    place = Place(endpoint="127.0.0.1:9", secure=False, bucket="b")
    client = connect(place, Identity("who", "secret"), region="us-east-1", timeout_seconds=20.0)
    for one in (client, client.only_new):
        patience = one._http.connection_pool_kw["timeout"]
        assert (patience.connect_timeout, patience.read_timeout) == (5.0, 20.0)


# -- what the server forbids ------------------------------------------------------------------


@pytest.mark.parametrize("who", ["writer", "root"])
def test_a_locked_version_cannot_be_removed(
    server: Server, store: MinioStore, bucket: str, who: str
) -> None:
    stored = put(store, KEY, b"one")
    client = server.client(getattr(server, who))
    with pytest.raises(S3Error):
        client.remove_object(bucket, KEY, version_id=stored.version_id)
    request = [DeleteObject(KEY, stored.version_id)]
    assert [e.name for e in client.remove_objects(bucket, request, bypass_governance_mode=True)]
    with pytest.raises(S3Error):
        client.remove_bucket(bucket)
    lock = client.get_object_retention(bucket, KEY, version_id=stored.version_id)
    assert lock is not None
    assert lock.mode == "COMPLIANCE"
    left = lock.retain_until_date - utc_now()
    assert dt.timedelta(days=LOCK_DAYS - 0.1) < left <= dt.timedelta(days=LOCK_DAYS)
    shorter = type(lock)(lock.mode, utc_now() + dt.timedelta(minutes=5))
    with pytest.raises(S3Error):
        client.set_object_retention(bucket, KEY, shorter, version_id=stored.version_id)
    assert fixity(store, KEY, stored.version_id, stored.sha256) == "ok"
    with store.open(KEY, stored.version_id) as stream:
        assert stream.read() == b"one"


def test_a_version_beneath_a_foreign_one_keeps_its_lock(
    server: Server, store: MinioStore, bucket: str
) -> None:
    own = put(store, KEY, b"one")
    server.client().put_object(bucket, KEY, io.BytesIO(b"foreign"), 7)
    newest = store.head(KEY)
    assert newest is not None and newest.size == 7
    told = [(KEY, newest.version_id), (KEY, own.version_id)]
    assert list(store.versions("dossiers/")) == told
    server.client().remove_object(bucket, KEY)
    assert list(store.versions("dossiers/")) == told
    until = utc_now() + dt.timedelta(days=LOCK_DAYS + 1)
    for key, version_id in store.versions("dossiers/"):
        assert store.renew(key, version_id, before=until, until=until)
        lock = server.client().get_object_retention(bucket, KEY, version_id=version_id)
        assert lock is not None
        assert abs(lock.retain_until_date - until) < dt.timedelta(seconds=1)


def test_text_is_not_locked(server: Server, store: MinioStore, bucket: str) -> None:
    stored = put(store, TEXT, b"one", locked=False)
    assert server.client().get_object_retention(bucket, TEXT) is None
    server.client().remove_object(bucket, TEXT, version_id=stored.version_id)
    assert store.head(TEXT) is None


def test_a_delete_marker_hides_nothing_and_is_seen(
    server: Server, store: MinioStore, bucket: str
) -> None:
    stored = put(store, KEY, b"one")
    server.client().remove_object(bucket, KEY)
    found = store.head(KEY)
    assert found is not None
    assert found.deleted
    assert found.version_id == stored.version_id
    assert list(store.list("dossiers/")) == [found]
    assert fixity(store, KEY, None, stored.sha256) == "ok"
    assert put(store, KEY, b"one") == stored
    with pytest.raises(ContentConflict):
        put(store, KEY, b"two")


def test_a_deleted_text_is_put_anew(server: Server, store: MinioStore, bucket: str) -> None:
    put(store, TEXT, b"one", locked=False)
    server.client().remove_object(bucket, TEXT)
    again = put(store, TEXT, b"one", locked=False)
    assert store.head(TEXT) == again
    assert not again.deleted


def test_other_bytes_over_a_locked_key_harm_none(
    server: Server, store: MinioStore, bucket: str
) -> None:
    stored = put(store, KEY, b"one")
    server.client().put_object(bucket, KEY, io.BytesIO(b"two"), 3)
    newest = store.head(KEY)
    assert newest is not None
    assert newest.sha256 == ref_of(b"two").sha256
    assert list(store.list("dossiers/")) == [newest]
    with pytest.raises(ContentConflict):
        put(store, KEY, b"one")
    with store.open(KEY, stored.version_id) as stream:
        assert stream.read() == b"one"
    server.client().put_object(
        bucket, KEY, io.BytesIO(b"six"), 3, metadata={"sha256": stored.sha256}
    )
    assert fixity(store, KEY, None, stored.sha256) == "changed"


def test_two_writers_end_with_the_same_version(
    server: Server, store: MinioStore, bucket: str
) -> None:
    others = [server.store(bucket) for _ in range(4)]
    start = threading.Barrier(len(others))
    told: list[StoredObject] = []

    def write(other: MinioStore) -> None:
        other.head(TEXT)
        start.wait()
        told.append(put(other, KEY, b"one"))

    threads = [threading.Thread(target=write, args=(other,)) for other in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(told)) == 1
    assert put(store, KEY, b"one") == told[0]
    assert versions(server.client(), bucket, KEY)[-1] == told[0].version_id


def test_the_reader_reads_and_cannot_write(server: Server, store: MinioStore, bucket: str) -> None:
    stored = put(store, KEY, b"one")
    reader = server.store(bucket, server.reader)
    assert reader.immutability == "enforced"
    assert reader.head(KEY) == stored
    assert list(reader.list("")) == [stored]
    assert fixity(reader, KEY, stored.version_id, stored.sha256) == "ok"
    with pytest.raises(ConfigError) as denied:
        put(reader, TEXT, b"two", locked=False)
    assert denied.value.code == "ARCHIVE_ACCESS_DENIED"
    until = utc_now() + dt.timedelta(days=9)
    with pytest.raises(ConfigError):
        reader.renew(KEY, stored.version_id, before=until, until=until)


def test_a_lock_is_lengthened_and_never_shortened(
    server: Server, store: MinioStore, bucket: str
) -> None:
    stored = put(store, KEY, b"one")
    until = (utc_now() + dt.timedelta(days=30)).replace(microsecond=0)
    assert store.renew(KEY, stored.version_id, before=until, until=until)
    lock = server.client().get_object_retention(bucket, KEY, version_id=stored.version_id)
    assert lock is not None
    assert (lock.mode, lock.retain_until_date) == ("COMPLIANCE", until)
    assert not store.renew(KEY, stored.version_id, before=until, until=until)


# -- what is refused beforehand ---------------------------------------------------------------


def test_a_bucket_that_lets_go_is_refused(server: Server) -> None:
    plain = server.bucket(locked=False)
    assert refusal(lambda: [server.store(plain).immutability]).code == "ARCHIVE_NOT_VERSIONED"
    with pytest.raises(ConfigError):
        put(server.store(plain), KEY, b"one")
    assert versions(server.client(), plain, "") == []
    missing = server.store("sohoa-archive-that-is-not")
    assert refusal(lambda: [missing.head(KEY)]).code == "ARCHIVE_BUCKET_MISSING"


def test_another_bucket_in_place_of_the_archive_is_noticed(
    server: Server, store: MinioStore, bucket: str
) -> None:
    def again() -> MinioStore:
        return MinioStore(
            server.client(server.writer), bucket, lock_days=1, now=utc_now, holds=("dossiers",)
        )

    put(store, TEXT, b"one", locked=False)
    error = refusal(lambda: [put(again(), KEY, b"one")])
    assert (type(error), error.code) == (ArchiveUnavailable, "ARCHIVE_GONE")
    stored = put(store, KEY, b"one")
    assert again().head(KEY) == stored
    server.client().remove_object(bucket, KEY)
    assert again().head(TEXT) is not None


def test_a_wrong_key_is_said_to_be_wrong(server: Server, bucket: str) -> None:
    for wrong in (Identity("nobody", "x" * 20), Identity(server.root.access_key, "x" * 20)):
        store = server.store(bucket, wrong)
        for act in (lambda s=store: [s.head(KEY)], lambda s=store: s.list("")):
            assert refusal(act).code == "ARCHIVE_ACCESS_DENIED"


@pytest.mark.parametrize(
    "url",
    [
        "s3:",
        "s3:http://",
        "s3:http://host",
        "s3:http://host/",
        "s3:ftp://host/b",
        "s3:http://u:p@host/b",
        "s3:http://host/b/c",
        "s3:http://host:port/b",
        "s3:http://host/b?x=y",
        "s3:host/b",
    ],
)
def test_an_address_that_names_no_bucket_is_refused(url: str) -> None:
    assert refusal(lambda: [place_of(url)]).code == "ARCHIVE_URL_INVALID"


def test_an_address_names_server_and_bucket() -> None:
    assert place_of("s3:https://minio.example:9000/kho") == Place(
        "minio.example:9000", secure=True, bucket="kho"
    )
    no_key = ArchiveSettings(url="s3:https://minio.example:9000/kho")
    assert refusal(lambda: [client_of(no_key, None, reading=True)]).code == "ARCHIVE_KEY_MISSING"
    assert "geheim" not in repr(Identity("name", "geheim"))


# -- a failing network ------------------------------------------------------------------------


def test_a_server_that_is_down_is_unavailable_until_it_is_up(
    shaky: MinioStore, proxy: FaultProxy
) -> None:
    stored = put(shaky, KEY, b"one")
    proxy.down()
    for act in (
        lambda: [shaky.head(KEY)],
        lambda: [put(shaky, TEXT, b"two", locked=False)],
        lambda: [shaky.open(KEY)],
        lambda: shaky.list(""),
        lambda: [shaky.renew(KEY, stored.version_id, before=utc_now(), until=utc_now())],
    ):
        error = refusal(act)
        assert (type(error), error.code) == (ArchiveUnavailable, "ARCHIVE_UNAVAILABLE")
    proxy.up()
    assert shaky.head(KEY) == stored
    assert shaky.head(TEXT) is None


def test_a_silent_server_is_unavailable_in_time(shaky: MinioStore, proxy: FaultProxy) -> None:
    proxy.hold()
    for act in (lambda: [shaky.head(KEY)], lambda: [put(shaky, KEY, b"one")]):
        assert isinstance(refusal(act), ArchiveUnavailable)
    proxy.release()
    assert put(shaky, KEY, b"one") == shaky.head(KEY)


def test_a_put_whose_answer_is_lost_is_found(
    server: Server, bucket: str, shaky: MinioStore, proxy: FaultProxy
) -> None:
    for key, locked in ((KEY, True), (TEXT, False)):
        proxy.lose_answer(to=PUT)
        stored = put(shaky, key, b"one", locked=locked)
        assert versions(server.client(), bucket, key) == [stored.version_id]
    assert proxy.hits == 2


def test_a_put_that_fell_silent_after_the_write_is_adopted_later(
    server: Server, bucket: str, shaky: MinioStore, proxy: FaultProxy
) -> None:
    proxy.lose_answer(to=PUT)
    proxy.lose_answer(to=b"versions=", times=10)
    with pytest.raises(ArchiveUnavailable):
        put(shaky, KEY, b"one")
    proxy.calm()
    stored = put(shaky, KEY, b"one")
    assert versions(server.client(), bucket, KEY) == [stored.version_id]


@pytest.mark.parametrize("size", [3_000_000, PART * 2 + 5])
def test_a_put_that_breaks_off_leaves_nothing(
    server: Server, bucket: str, shaky: MinioStore, proxy: FaultProxy, size: int
) -> None:
    data = bytes(range(251)) * (size // 251)
    proxy.cut_request(at=PUT, after=1_000_000)
    with pytest.raises(ArchiveUnavailable):
        put(shaky, KEY, data)
    assert proxy.hits == 1
    assert versions(server.client(), bucket, KEY) == []
    assert put(server.store(bucket), KEY, data) == shaky.head(KEY)


def test_half_an_answer_is_an_error_and_no_content(shaky: MinioStore, proxy: FaultProxy) -> None:
    stored = put(shaky, KEY, b"x" * 3_000_000)
    proxy.cut_answer(to=GET, after=2_000_000)
    with shaky.open(KEY, stored.version_id) as stream, pytest.raises(ArchiveUnavailable):
        stream.read()
    assert proxy.hits == 1
    assert fixity(shaky, KEY, stored.version_id, stored.sha256) == "ok"


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (507, "XMinioStorageFull", "ARCHIVE_FULL"),
        (400, "XMinioAdminBucketQuotaExceeded", "ARCHIVE_FULL"),
        (503, "SlowDown", "ARCHIVE_UNAVAILABLE"),
        (500, "InternalError", "ARCHIVE_UNAVAILABLE"),
        (403, "RequestTimeTooSkewed", "ARCHIVE_CLOCK_SKEWED"),
        (400, "BadDigest", "CHECKSUM_MISMATCH"),
        (418, "Teapot", "ARCHIVE_REFUSED"),
    ],
)
def test_what_the_server_answers_is_said_in_our_words(
    shaky: MinioStore, proxy: FaultProxy, status: int, code: str, expected: str
) -> None:
    body = f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()
    head = (
        f"HTTP/1.1 {status} No\r\nContent-Type: application/xml\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    proxy.answer(to=PUT, data=head.encode() + body)
    error = refusal(lambda: [put(shaky, KEY, b"one")])
    assert error.code == expected
    assert error.retryable == (expected in ("ARCHIVE_FULL", "ARCHIVE_UNAVAILABLE"))
    assert shaky.head(KEY) is None


def test_words_that_are_no_s3_servers_are_unavailable(shaky: MinioStore, proxy: FaultProxy) -> None:
    page = b"<html>Bad gateway</html>"
    head = b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 24\r\n\r\n"
    proxy.answer(to=PUT, data=head + page)
    assert isinstance(refusal(lambda: [put(shaky, KEY, b"one")]), ArchiveUnavailable)


def test_plain_http_where_tls_is_asked_for(server: Server, bucket: str) -> None:
    place = Place(server.endpoint, secure=True, bucket=bucket)
    client = connect(place, server.writer, region="us-east-1", timeout_seconds=2.0)
    store = MinioStore(client, bucket, lock_days=1, now=utc_now)
    assert refusal(lambda: [store.head(KEY)]).code == "ARCHIVE_CERTIFICATE_UNTRUSTED"


def test_over_tls_bytes_are_checked_too_and_strangers_refused(
    server: Server, bucket: str, tmp_path: Path
) -> None:
    context, ca = make_server_certificate(tmp_path)
    host, _, port = server.endpoint.rpartition(":")
    with FaultProxy(host, int(port), tls=context) as proxy:
        settings = ArchiveSettings(
            url=f"s3:https://{proxy.address}/{bucket}",
            access_key=server.writer.access_key,
            secret_key=SecretStr(server.writer.secret_key),
        )
        store = open_store(settings, ca, reading=False, now=utc_now)
        for data in (b"", b"one", b"x" * (PART + 1)):
            key = f"dossiers/DEV/{len(data)}"
            stored = put(store, key, data)
            assert store.head(key) == stored
            assert fixity(store, key, stored.version_id, stored.sha256) == "ok"
        stranger = open_store(settings, None, reading=False, now=utc_now)
        assert refusal(lambda: [stranger.head(KEY)]).code == "ARCHIVE_CERTIFICATE_UNTRUSTED"


# -- bounds -----------------------------------------------------------------------------------


def test_large_objects_go_in_parts_and_little_memory(
    server: Server, store: MinioStore, bucket: str
) -> None:
    piece = bytes(range(256)) * 4096
    with tempfile.TemporaryFile() as data:
        hasher = hashlib.sha256()
        for _ in range(100):
            data.write(piece)
            hasher.update(piece)
        size = data.tell()
        data.seek(0)
        largest = _Largest(data)
        ref = FileRef(sha256=hasher.hexdigest(), size=size, media_type="application/pdf")
        stored = store.put(KEY, ref, cast("IO[bytes]", largest), locked=True)
    assert largest.asked <= PART
    found = server.client().stat_object(bucket, KEY)
    assert str(found.etag).endswith(f"-{-(-size // PART)}")
    assert fixity(store, KEY, stored.version_id, ref.sha256) == "ok"
    assert server.client().get_object_retention(bucket, KEY) is not None


class _Largest(io.BufferedIOBase):
    def __init__(self, data: io.BufferedRandom | tempfile._TemporaryFileWrapper[bytes]) -> None:
        self._data = data
        self.asked = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.asked = max(self.asked, size or 0)
        return self._data.read(size or 0)


def test_a_closed_stream_gives_its_connection_back(store: MinioStore, tmp_path: Path) -> None:
    stored = put(store, KEY, b"x" * 5_000_000)
    for _ in range(40):
        with store.open(KEY, stored.version_id) as stream:
            stream.read(10)
    assert fixity(store, KEY, stored.version_id, stored.sha256) == "ok"


def test_many_keys_are_listed_over_pages(server: Server, store: MinioStore, bucket: str) -> None:
    keys = [f"ledger/{number:05}.json" for number in range(1100)]
    client = server.client()
    for key in keys:
        client.put_object(bucket, key, io.BytesIO(b"x"), 1, metadata={"sha256": "a" * 64})
    client.remove_object(bucket, keys[3])
    client.put_object(bucket, keys[999], io.BytesIO(b"yy"), 2)
    client.put_object(bucket, keys[999], io.BytesIO(b"zzz"), 3)
    found = list(store.list("ledger/"))
    assert [f.key for f in found] == keys
    assert [f.key for f in found if f.deleted] == [keys[3]]
    assert found[999].size == 3
    assert found[999].sha256 == hashlib.sha256(b"zzz").hexdigest()


def test_a_checksum_that_lies_is_refused_by_the_server(store: MinioStore) -> None:
    ref = ref_of(b"one")
    for wrong in (b"two", b"on", b"one!"):
        with pytest.raises(ChecksumMismatch):
            store.put(KEY, ref, io.BytesIO(wrong), locked=True)
    assert store.head(KEY) is None


# -- names in the bucket ----------------------------------------------------------------------

LONG = st.integers(min_value=198, max_value=202).flatmap(
    lambda size: st.sampled_from("ax-").map(lambda letter: letter * size)
)
SEGMENT = st.builds(
    "{}{}".format, st.one_of(LONG, st.just("")), st.text("ab%-_.0Z", max_size=4)
).filter(lambda s: bool(s) and not s.startswith("."))
KEYS = st.lists(SEGMENT, min_size=1, max_size=3).map("/".join)


@given(st.sets(KEYS, max_size=8), st.integers(0, 420), st.randoms())
def test_names_are_reversible_and_listed_in_the_order_of_keys(
    keys: set[str], cut: int, rng: Random
) -> None:
    names = {name_of(key): key for key in keys}
    assert {name: key_of(name) for name in names} == names
    assert all(len(part) <= 255 for name in names for part in name.split("/"))
    prefix = rng.choice(sorted(keys))[:cut] if keys else ""
    below = sorted(name for name in names if name.startswith(name_prefix(prefix)))
    assert {key for key in keys if key.startswith(prefix)} <= {names[name] for name in below}
    grouped = groupby((names[name] for name in below), key=stem_of)
    listed = [key for _, group in grouped for key in sorted(group)]
    assert listed == sorted(listed)
