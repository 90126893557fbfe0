"""What only the folder store promises: modes, hard links, kills, full disks, many processes."""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import hashlib
import io
import multiprocessing
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline import workspace
from pipeline.errors import (
    ArchiveError,
    ArchiveUnavailable,
    ChecksumMismatch,
    ContentConflict,
    NotFound,
)
from pipeline.models.files import FileRef
from pipeline.ports.archive import StoredObject
from storage import folder_locks
from storage.folder_store import FolderStore

KEY = "dossiers/DEV/2026/DEV-1/001.0.Z_OTHER.pdf"
TEXT = "text/DEV/DEV-1/abc.json.gz"


def put(store: FolderStore, key: str, data: bytes, *, locked: bool = True) -> StoredObject:
    ref = FileRef(sha256=hashlib.sha256(data).hexdigest(), size=len(data), media_type="a/b")
    return store.put(key, ref, io.BytesIO(data), locked=locked)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "archive")


def test_the_tree_is_browsable_and_read_only(store: FolderStore) -> None:
    stored = put(store, KEY, b"one")
    put(store, TEXT, b"old", locked=False)
    put(store, TEXT, b"new", locked=False)
    assert store.immutability == "advisory"
    assert stored.version_id == stored.sha256
    assert (store.root / KEY).read_bytes() == b"one"
    assert (store.root / TEXT).read_bytes() == b"new"
    assert (store.root / KEY).stat().st_mode & 0o777 == 0o444
    assert store.root.stat().st_mode & 0o777 == 0o700
    shown = {p.relative_to(store.root).as_posix() for p in store.root.rglob("*") if p.is_file()}
    assert {name for name in shown if not name.startswith(".")} == {KEY, TEXT}
    assert not list((store.root / ".tmp").iterdir())


def test_a_volume_that_is_not_there_is_neither_read_nor_filled(
    store: FolderStore, tmp_path: Path
) -> None:
    put(store, KEY, b"one")
    founded = FolderStore(store.root, holds=("nowhere", KEY.partition("/")[0]))
    assert founded.head(KEY) is not None
    store.root.rename(tmp_path / "elsewhere")
    for other in ("", "lost+found", "someone-elses"):
        if other:
            (store.root / other).mkdir(parents=True)
        with pytest.raises(ArchiveUnavailable):
            put(founded, KEY, b"one")
        for look in (founded.head, founded.open, lambda key: list(founded.list(key))):
            with pytest.raises(ArchiveUnavailable):
                look(KEY)
    shutil.rmtree(store.root)
    (tmp_path / "elsewhere").rename(store.root)
    assert founded.head(KEY) is not None


def test_a_version_takes_no_second_space(store: FolderStore) -> None:
    put(store, KEY, b"one")
    assert (store.root / KEY).stat().st_nlink == 2


def test_bytes_changed_in_place_keep_their_name(store: FolderStore) -> None:
    stored = put(store, KEY, b"one")
    path = store.root / KEY
    path.chmod(0o644)
    path.write_bytes(b"oNe")
    assert store.head(KEY) == stored
    with pytest.raises(ChecksumMismatch):
        put(store, KEY, b"one")


def restore(store: FolderStore, key: str, data: bytes, *, locked: bool = True) -> StoredObject:
    ref = FileRef(sha256=hashlib.sha256(data).hexdigest(), size=len(data), media_type="a/b")
    return store.restore(key, ref, io.BytesIO(data), locked=locked)


@pytest.mark.parametrize("damage", ["in place", "laid over", "visible", "version", "both"])
@pytest.mark.parametrize("key", [KEY, TEXT])
def test_damaged_bytes_are_set_aside(store: FolderStore, key: str, damage: str) -> None:
    locked = key == KEY
    stored = put(store, key, b"one", locked=locked)
    visible, version = store.root / key, store.root / ".versions" / key / f"{stored.sha256}.3"
    if damage == "in place":
        visible.chmod(0o644)
        visible.write_bytes(b"evil")
    elif damage == "laid over":
        (store.root / "other").write_bytes(b"evil")
        os.replace(store.root / "other", visible)
    if damage in ("visible", "both"):
        visible.unlink()
    if damage in ("version", "both"):
        version.unlink()
    assert restore(store, key, b"one", locked=locked) == stored == store.head(key)
    assert visible.read_bytes() == version.read_bytes() == b"one"
    assert visible.stat().st_ino == version.stat().st_ino
    assert put(store, key, b"one", locked=locked) == stored
    assert list(store.list("")) == [stored]
    aside = [p.read_bytes() for p in (store.root / ".damaged").rglob("*") if p.is_file()]
    assert aside == ([b"evil"] if damage in ("in place", "laid over") else [])


@pytest.mark.parametrize("key", [KEY, TEXT])
def test_what_the_drive_does_not_give_is_replaced(store: FolderStore, key: str) -> None:
    """Reading the first bytes of a process's own memory ends with EIO, like a rotten sector."""
    stored = put(store, key, b"one", locked=key == KEY)
    version = store.root / ".versions" / key / f"{stored.sha256}.3"
    version.unlink()
    version.symlink_to("/proc/self/mem")
    for size in (-1, 1):
        stream = store.open(key, stored.version_id)
        with stream, pytest.raises(ArchiveUnavailable):
            stream.read(size)
    assert restore(store, key, b"one", locked=key == KEY) == stored
    with store.open(key, stored.version_id) as stream:
        assert stream.read() == b"one"
    assert list(store.hidden("")) == [(key, stored.sha256)]


def test_what_no_list_shows_is_found_and_goes(store: FolderStore) -> None:
    """Damaged bytes set aside, and a version whose visible file is gone."""
    sound, lost = put(store, KEY, b"one"), put(store, TEXT, b"two", locked=False)
    visible = store.root / KEY
    visible.chmod(0o644)
    visible.write_bytes(b"evil")
    restore(store, KEY, b"one")
    (store.root / TEXT).unlink()
    evil = hashlib.sha256(b"evil").hexdigest()
    assert sorted(store.hidden("")) == sorted([(KEY, evil), (TEXT, lost.version_id)])
    below = [list(store.hidden(key.rpartition("/")[0] + "/")) for key in (KEY, TEXT)]
    assert below == [[(KEY, evil)], [(TEXT, lost.version_id)]]
    assert not list(store.hidden("nothing/"))
    assert list(store.versions("")) == [(KEY, sound.version_id)]
    for copy in list(store.hidden("")):
        assert store.remove(*copy) and not store.remove(*copy)
    assert not list(store.hidden("")) and store.head(KEY) == sound
    assert not store.remove(KEY, "../evil")
    left = [p.read_bytes() for p in store.root.rglob("*") if p.is_file()]
    assert left == [b"one", b"one"]


def test_what_is_set_aside_goes_only_when_the_lock_of_its_twin_has_ended(
    store: FolderStore,
) -> None:
    first, second = (put(store, TEXT, data, locked=False) for data in (b"one", b"two"))
    for path in (store.root / TEXT, store.root / ".versions" / TEXT / f"{second.sha256}.3"):
        path.unlink()
    (store.root / TEXT).write_bytes(b"one")  # by other hands
    aside = store.root / ".damaged" / TEXT / f"{first.sha256}.3"
    aside.parent.mkdir(parents=True)
    aside.write_bytes(b"one")
    until = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
    store.renew(TEXT, first.version_id, before=until, until=until)
    with pytest.raises(ArchiveError):
        store.remove(TEXT, first.version_id)
    assert aside.exists()


def test_a_file_laid_over_an_object_is_seen(store: FolderStore) -> None:
    stored = put(store, KEY, b"one")
    other = store.root / "other"
    other.write_bytes(b"evil")
    os.replace(other, store.root / KEY)
    head = store.head(KEY)
    assert head is not None
    assert head.sha256 == hashlib.sha256(b"evil").hexdigest()
    with store.open(KEY, stored.version_id) as stream:
        assert stream.read() == b"one"
    with pytest.raises(ContentConflict):
        put(store, KEY, b"two")


def test_the_visible_tree_alone_is_an_archive(store: FolderStore, tmp_path: Path) -> None:
    stored = put(store, KEY, b"one")
    copy = tmp_path / "copy"
    (copy / KEY).parent.mkdir(parents=True)
    (copy / KEY).write_bytes((store.root / KEY).read_bytes())
    restored = FolderStore(copy)
    assert restored.head(KEY) == stored
    assert list(restored.list("")) == [stored]
    with restored.open(KEY, stored.version_id) as stream:
        assert stream.read() == b"one"
    assert put(restored, KEY, b"one") == stored
    assert (copy / KEY).stat().st_nlink == 2


def test_strange_files_are_not_objects(store: FolderStore) -> None:
    stored = put(store, KEY, b"one")
    for name in (".DS_Store", "hồ sơ.pdf", "~lock", "a+b"):
        (store.root / name).write_bytes(b"x")
    assert list(store.list("")) == [stored]


class Killed(BaseException):
    """Stands for the end of the process."""


def _dies_at(call: int, real: Callable[..., Any]) -> Callable[..., Any]:
    left = [call]

    def step(*args: Any, **kwargs: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise Killed
        return real(*args, **kwargs)

    return step


@pytest.mark.parametrize("key, locked", [(KEY, True), (TEXT, False)])
@pytest.mark.parametrize("name", ["link", "replace", "fsync"])
@pytest.mark.parametrize("call", range(4))
def test_a_killed_put_leaves_the_whole_object_or_nothing(
    store: FolderStore,
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    locked: bool,
    name: str,
    call: int,
) -> None:
    if not locked:
        put(store, key, b"old", locked=False)
    before = store.head(key)
    with monkeypatch.context() as patch:
        patch.setattr(os, name, _dies_at(call, getattr(os, name)))
        with contextlib.suppress(Killed):
            put(store, key, b"whole", locked=locked)
    again = FolderStore(store.root)
    left = again.head(key)
    if left != before:
        assert left is not None
        with again.open(key) as stream:
            assert stream.read() == b"whole"
        assert left.sha256 == hashlib.sha256(b"whole").hexdigest()
    put(again, key, b"whole", locked=locked)
    with again.open(key) as stream:
        assert stream.read() == b"whole"
    assert len(list(again.list(""))) == 1


def test_a_killed_put_for_other_bytes_does_not_block_the_key(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(os, "link", _dies_at(1, os.link))
        put(store, KEY, b"never told")
    assert store.head(KEY) is None
    assert put(store, KEY, b"one") == store.head(KEY)


def test_what_killed_puts_left_is_swept(store: FolderStore) -> None:
    put(store, KEY, b"one")
    stale = store.root / ".tmp" / "stale"
    stale.write_bytes(b"half")
    put(store, TEXT, b"one", locked=False)
    assert not stale.exists()


@pytest.mark.parametrize("call", range(2))
def test_a_killed_removal_is_finished_by_the_next(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    stored = put(store, KEY, b"personal")
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Path, "unlink", _dies_at(call, Path.unlink))
        store.remove(KEY, stored.version_id)
    again = FolderStore(store.root)
    for key, version_id in list(again.versions("dossiers/")):
        assert again.remove(key, version_id)
    with pytest.raises(NotFound):
        again.open(KEY, stored.version_id)
    left = {p.relative_to(store.root).parts[0] for p in store.root.rglob("*") if p.is_file()}
    assert not left - {".locks"}


def test_two_stores_that_change_a_lock_at_once_lose_neither(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    until = dt.datetime(2037, 1, 1, tzinfo=dt.UTC)
    version_id = put(store, KEY, b"one").version_id
    other = FolderStore(store.root)
    real, workers = workspace.write_atomically, list[threading.Thread]()

    def amid(*args: Any, **kwargs: Any) -> Any:
        """The other begins between reading and writing; were nothing to keep it off, it ends."""
        if not workers:
            workers.append(threading.Thread(target=other.hold, args=(KEY, version_id), kwargs=on))
            workers[0].start()
            workers[0].join(0.3)
        return real(*args, **kwargs)

    on = {"on": True}
    with monkeypatch.context() as patch:
        patch.setattr(folder_locks, "write_atomically", amid)
        store.renew(KEY, version_id, before=until, until=until)
        workers[0].join(60)
    lock = FolderStore(store.root).lock(KEY, version_id)
    assert (lock.until, lock.held) == (until, True)


def test_a_shorter_term_that_comes_late_changes_nothing(store: FolderStore) -> None:
    long = dt.datetime(2037, 1, 1, tzinfo=dt.UTC)
    version_id = put(store, KEY, b"one").version_id
    locks = folder_locks.FolderLocks(store.root)
    locks.lengthen(KEY, version_id, long)
    locks.lengthen(KEY, version_id, long - dt.timedelta(days=1))
    assert store.lock(KEY, version_id).until == long


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_said(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def full(fd: int) -> None:
        raise OSError(number, "full")

    with monkeypatch.context() as patch, pytest.raises(ArchiveUnavailable) as raised:
        patch.setattr(os, "fsync", full)
        put(store, KEY, b"one")
    assert raised.value.code == "ARCHIVE_FULL"
    assert store.head(KEY) is None
    put(store, KEY, b"one")


def test_a_folder_that_cannot_be_used_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "archive").write_bytes(b"a file")
    store = FolderStore(tmp_path / "archive")
    with pytest.raises(ArchiveUnavailable) as raised:
        put(store, KEY, b"one")
    assert raised.value.code == "ARCHIVE_UNAVAILABLE"
    assert store.head(KEY) is None


def _put_many(root: Path, number: int, start: Any, results: Any) -> None:
    store = FolderStore(root)
    start.wait()
    for turn in range(20):
        data = f"{number}".encode() * 5000
        put(store, f"text/same/{turn}", data, locked=False)
        put(store, f"dossiers/same/{turn}", b"equal" * 5000)
        try:
            put(store, f"dossiers/other/{turn}", data)
            results.put((turn, number))
        except ContentConflict:
            pass


def test_processes_that_put_the_same_key_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    start, results = context.Barrier(3), context.Queue()
    workers = [
        context.Process(target=_put_many, args=(tmp_path / "a", n, start, results))
        for n in range(3)
    ]
    for worker in workers:
        worker.start()
    winners = dict(results.get(timeout=60) for _ in range(20))
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    assert results.empty()
    assert set(winners) == set(range(20))
    store = FolderStore(tmp_path / "a")
    stored = list(store.list(""))
    assert len(stored) == 60
    for found in stored:
        with store.open(found.key) as stream:
            assert hashlib.sha256(stream.read()).hexdigest() == found.sha256
    for turn, number in winners.items():
        with store.open(f"dossiers/other/{turn}") as stream:
            assert stream.read() == f"{number}".encode() * 5000
