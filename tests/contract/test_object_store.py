"""Contract of the port `ObjectStore`: every store, and the fake."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ArchiveError, ChecksumMismatch, ContentConflict, NotFound
from pipeline.models.files import FileRef
from pipeline.ports.archive import ObjectLock, ObjectStore, StoredObject
from storage.folder_store import FolderStore
from storage.minio_store import MinioStore
from storage.object_keys import checked_key, disk_name, disk_parts
from tests.fakes.buckets import minio_server, plain_s3_store
from tests.fakes.stores import FaultyStore, MemoryStore

KEY = "dossiers/DEV/2026/DEV-261122-0001/001.0.F_14_HSB.pdf"
TEXT = "text/DEV/DEV-261122-0001/abc.json.gz"
BAD_KEYS = (
    "",
    "/a",
    "a/",
    "a//b",
    "../a",
    "a/../b",
    "a/.b",
    "a/./b",
    "hồ-sơ",
    "a b",
    "a\\b",
    "a\0b",
    "a+/b",
    "~a",
)


STORES: dict[str, Callable[[pytest.FixtureRequest, Path], ObjectStore]] = {
    "folder": lambda _, folder: FolderStore(folder / "archive"),
    "memory": lambda *_: MemoryStore(),
    "faulty": lambda *_: FaultyStore(MemoryStore()),
    "minio": lambda request, _: minio_server(request).store(),
    "plain s3": lambda request, _: plain_s3_store(minio_server(request)),
}


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    return STORES[request.param](request, tmp_path)


@pytest.fixture
def remover(store: ObjectStore, request: pytest.FixtureRequest) -> ObjectStore:
    """The same store, as who may remove."""
    if not isinstance(store, MinioStore):
        return store
    server, bucket = minio_server(request), store._bucket
    return server.store(bucket, server.remover(bucket))


def ref_of(data: bytes) -> FileRef:
    return FileRef(
        sha256=hashlib.sha256(data).hexdigest(), size=len(data), media_type="application/pdf"
    )


def put(store: ObjectStore, key: str, data: bytes, *, locked: bool = True) -> StoredObject:
    return store.put(key, ref_of(data), io.BytesIO(data), locked=locked)


def read(store: ObjectStore, key: str, version_id: str | None = None) -> bytes:
    with store.open(key, version_id) as stream:
        return stream.read()


def test_what_was_put_is_read_by_version(store: ObjectStore) -> None:
    stored = put(store, KEY, b"one")
    assert stored == StoredObject(KEY, stored.version_id, ref_of(b"one").sha256, 3)
    assert store.head(KEY) == stored
    assert read(store, KEY) == read(store, KEY, stored.version_id) == b"one"


def test_equal_bytes_are_adopted(store: ObjectStore) -> None:
    first = put(store, KEY, b"one")
    assert put(store, KEY, b"one") == first
    assert list(store.list("dossiers/")) == [first]


def test_a_locked_key_refuses_other_bytes(store: ObjectStore) -> None:
    first = put(store, KEY, b"one")
    with pytest.raises(ContentConflict):
        put(store, KEY, b"two")
    assert store.head(KEY) == first
    assert read(store, KEY) == b"one"


def test_a_replaceable_key_keeps_its_versions(store: ObjectStore) -> None:
    first = put(store, TEXT, b"one", locked=False)
    second = put(store, TEXT, b"three", locked=False)
    assert store.head(TEXT) == second
    assert read(store, TEXT) == b"three"
    assert read(store, TEXT, first.version_id) == b"one"
    assert [s.key for s in store.list("text/")] == [TEXT]
    back = put(store, TEXT, b"one", locked=False)
    assert store.head(TEXT) == back
    assert read(store, TEXT) == read(store, TEXT, back.version_id) == b"one"
    assert read(store, TEXT, second.version_id) == b"three"


def test_every_version_is_told_the_newest_first(store: ObjectStore) -> None:
    assert list(store.versions("text/")) == []
    first = put(store, TEXT, b"one", locked=False)
    second = put(store, TEXT, b"three", locked=False)
    other = put(store, f"{TEXT}.x", b"other", locked=False)
    put(store, KEY, b"elsewhere")
    told = [(stored.key, stored.version_id) for stored in (second, first, other)]
    assert list(store.versions("text/")) == list(store.versions(TEXT)) == told
    assert list(store.list("text/")) == [second, other]


@pytest.mark.parametrize("present", [None, b"one", b"two"])
def test_bytes_that_are_not_what_was_announced_are_refused(
    store: ObjectStore, present: bytes | None
) -> None:
    if present is not None:
        put(store, TEXT, present, locked=False)
    before = store.head(TEXT)
    for wrong in (b"on", b"one!", b"oNe"):
        with pytest.raises(ChecksumMismatch):
            store.put(TEXT, ref_of(b"one"), io.BytesIO(wrong), locked=False)
    assert store.head(TEXT) == before


def test_what_is_not_there_is_missing(store: ObjectStore) -> None:
    assert store.head(KEY) is None
    assert list(store.list("")) == []
    with pytest.raises(NotFound) as missing:
        store.open(KEY)
    assert missing.value.code == "OBJECT_MISSING"
    put(store, KEY, b"one")
    for version in ("0" * 64, "..", ""):
        with pytest.raises(NotFound):
            store.open(KEY, version)
    assert store.head("dossiers/DEV") is None
    with pytest.raises(NotFound):
        store.open("dossiers/DEV")


def test_nothing_is_a_content_too(store: ObjectStore) -> None:
    stored = put(store, KEY, b"")
    assert store.head(KEY) == stored
    assert read(store, KEY, stored.version_id) == b""


def test_large_contents_come_back_whole_and_in_pieces(store: ObjectStore) -> None:
    data = bytes(range(256)) * 150_000
    stored = put(store, KEY, data)
    assert store.head(KEY) == put(store, KEY, data) == stored
    with store.open(KEY, stored.version_id) as stream:
        assert hashlib.file_digest(stream, "sha256").hexdigest() == stored.sha256  # type: ignore[arg-type]
    for wrong in (data[:-1], data + b"!", b"!" + data[1:]):
        with pytest.raises(ChecksumMismatch):
            store.put(TEXT, ref_of(data), io.BytesIO(wrong), locked=True)
    assert store.head(TEXT) is None


def test_a_lock_may_be_asked_to_last(store: ObjectStore) -> None:
    stored = put(store, KEY, b"one")
    now = dt.datetime.now(dt.UTC)
    until = now + dt.timedelta(days=40)
    renewed = store.renew(KEY, stored.version_id, before=until, until=until)
    assert renewed or store.immutability == "advisory"
    assert not store.renew(KEY, stored.version_id, before=now, until=until)
    with pytest.raises(NotFound):
        store.renew("dossiers/nothing", stored.version_id, before=now, until=until)


def restore(store: ObjectStore, key: str, data: bytes, *, locked: bool = True) -> StoredObject:
    return store.restore(key, ref_of(data), io.BytesIO(data), locked=locked)


def test_what_is_lost_can_be_put_again(store: ObjectStore) -> None:
    stored = restore(store, KEY, b"one")
    assert store.head(KEY) == stored
    assert read(store, KEY) == read(store, KEY, stored.version_id) == b"one"


@pytest.mark.parametrize("locked", [True, False])
def test_known_bytes_are_put_over_others_which_stay(store: ObjectStore, locked: bool) -> None:
    key = KEY if locked else TEXT
    other = put(store, key, b"other", locked=locked)
    for wrong in (b"on", b"one!", b"oNe"):
        with pytest.raises(ChecksumMismatch):
            store.restore(key, ref_of(b"one"), io.BytesIO(wrong), locked=locked)
    assert store.head(key) == other
    stored = restore(store, key, b"one", locked=locked)
    assert store.head(key) == stored
    assert read(store, key) == read(store, key, stored.version_id) == b"one"
    assert read(store, key, other.version_id) == b"other"
    again = restore(store, key, b"one", locked=locked)
    assert read(store, key) == read(store, key, again.version_id) == b"one"


def test_a_lock_only_grows_and_keeps_the_version(store: ObjectStore, remover: ObjectStore) -> None:
    stored = put(store, KEY, b"one")
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    late, later = now + dt.timedelta(days=40), now + dt.timedelta(days=70 * 366)
    for until in (late, later):
        assert store.renew(KEY, stored.version_id, before=until, until=until)
        assert store.lock(KEY, stored.version_id) == ObjectLock(until=until)
    assert not store.renew(KEY, stored.version_id, before=late, until=late)
    assert not store.renew(KEY, stored.version_id, before=later + dt.timedelta(1), until=late)
    assert store.lock(KEY, stored.version_id).until == later
    with pytest.raises(ArchiveError) as locked:
        remover.remove(KEY, stored.version_id)
    assert locked.value.code == "OBJECT_LOCKED"
    assert store.head(KEY) == stored


def test_a_held_version_stays_until_it_is_let_go(store: ObjectStore, remover: ObjectStore) -> None:
    stored = put(store, TEXT, b"one", locked=False)
    assert store.hold(TEXT, stored.version_id, on=True)
    assert not store.hold(TEXT, stored.version_id, on=True)
    assert store.lock(TEXT, stored.version_id) == ObjectLock(until=None, held=True)
    with pytest.raises(ArchiveError) as held:
        remover.remove(TEXT, stored.version_id)
    assert held.value.code == "OBJECT_LOCKED"
    assert store.hold(TEXT, stored.version_id, on=False)
    assert remover.remove(TEXT, stored.version_id)
    assert not remover.remove(TEXT, stored.version_id)
    assert store.head(TEXT) is None
    assert list(store.versions("text/")) == []


def test_a_version_goes_when_its_lock_has_ended(store: ObjectStore, remover: ObjectStore) -> None:
    stored = put(store, TEXT, b"one", locked=False)
    until = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=2)
    store.renew(TEXT, stored.version_id, before=until, until=until)
    refused = 0
    while dt.datetime.now(dt.UTC) < until + dt.timedelta(seconds=20):
        try:
            assert remover.remove(TEXT, stored.version_id)
            break
        except ArchiveError as error:
            assert error.code == "OBJECT_LOCKED"
            refused += 1
    assert refused
    assert dt.datetime.now(dt.UTC) > until - dt.timedelta(seconds=1)
    assert store.head(TEXT) is None


def test_beneath_what_is_removed_lies_the_version_before(
    store: ObjectStore, remover: ObjectStore
) -> None:
    first = put(store, TEXT, b"one", locked=False)
    second = put(store, TEXT, b"two", locked=False)
    assert remover.remove(TEXT, second.version_id)
    assert store.head(TEXT) == first
    assert list(store.versions("text/")) == [(TEXT, first.version_id)]
    with store.open(TEXT) as stream:
        assert stream.read() == b"one"
    again = put(store, TEXT, b"two", locked=False)
    assert remover.remove(TEXT, first.version_id)
    assert list(store.versions("text/")) == [(TEXT, again.version_id)]


def test_a_sound_store_hides_nothing(store: ObjectStore) -> None:
    put(store, KEY, b"one")
    put(store, TEXT, b"two", locked=False)
    put(store, TEXT, b"three", locked=False)
    assert list(store.hidden("")) == []


def test_what_is_not_there_has_no_lock(store: ObjectStore, remover: ObjectStore) -> None:
    stored = put(store, KEY, b"one")
    for key, version_id in (("dossiers/nothing", stored.version_id), (KEY, "0" * 64)):
        with pytest.raises(NotFound):
            store.lock(key, version_id)
        with pytest.raises(NotFound):
            store.hold(key, version_id, on=True)
        assert not remover.remove(key, version_id)


@pytest.mark.parametrize("key", [*BAD_KEYS, "a" * 1025])
def test_bad_keys_are_refused(store: ObjectStore, key: str) -> None:
    with pytest.raises(ArchiveError) as bad:
        put(store, key, b"one")
    assert bad.value.code == "OBJECT_KEY_INVALID"
    with pytest.raises(ArchiveError):
        store.head(key)
    with pytest.raises(ArchiveError):
        store.open(key)


def test_listing_is_by_prefix_in_key_order(store: ObjectStore) -> None:
    keys = ["a/b", "a-b", "a.b", "aa/b/c", "a/bc", "ab", f"a/{'x' * 450}/y", f"a/{'x' * 200}"]
    keys += [f"a/{'x' * 200}-/z", f"a/{'x' * 200}z", f"a/{'x' * 200}.pdf", f"a/{'x' * 200}.."]
    for key in keys:
        put(store, key, key.encode())
    for prefix in ("", "a", "a/", "a/b", "aa/b/", "a/x", f"a/{'x' * 300}", f"a/{'x' * 199}", "b"):
        found = [stored.key for stored in store.list(prefix)]
        assert found == sorted(key for key in keys if key.startswith(prefix)), prefix
    assert all(read(store, key) == key.encode() for key in keys)


SEGMENT = st.text("ab%-_.0Z", min_size=1, max_size=450).filter(lambda s: not s.startswith("."))


@given(st.lists(SEGMENT, min_size=1, max_size=2))
def test_a_key_on_disk_is_short_and_reversible(segments: list[str]) -> None:
    key = checked_key("/".join(segments))
    parts = disk_parts(key)
    assert all(0 < len(part) <= 255 and part not in (".", "..") for part in parts)
    read, inside = "", False
    for part in parts:
        name = disk_name(part, inside_segment=inside)
        assert name is not None
        read, inside = read + name.piece + ("" if name.continues else "/"), name.continues
    assert read == key + "/"
