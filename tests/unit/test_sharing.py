"""Two hosts, one backing: what one was given the other has, and nothing more than that."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import ArchiveUnavailable, ChecksumMismatch, NotFound
from pipeline.models.base import Model
from pipeline.models.files import FileRef
from pipeline.workspace import Workspace
from tests.fakes.backings import MemoryBacking, WatchedBacking

PDF = "application/pdf"
BATCH = "b" * 64
OTHER = "c" * 64
KEY = "d" * 64


class Result(Model):
    value: int


@pytest.fixture
def memory() -> MemoryBacking:
    return MemoryBacking()


@pytest.fixture
def backing(memory: MemoryBacking) -> WatchedBacking:
    return WatchedBacking(memory)


@pytest.fixture
def host(backing: WatchedBacking, tmp_path: Path) -> Callable[[str], Workspace]:
    """The workspace of a host, looking at the batch anew."""
    return lambda name: Workspace(tmp_path / name, backing).of(BATCH)


def test_without_a_backing_nothing_is_shared(tmp_path: Path) -> None:
    alone = Workspace(tmp_path)
    assert alone.of(BATCH) is alone
    assert not alone.shared
    alone.share(["a" * 64])
    alone.release()


def test_one_host_goes_on_where_the_other_stopped(host: Callable[[str], Workspace]) -> None:
    one = host("one")
    page, file = one.put(b"a page", PDF), one.take(io.BytesIO(b"a file"), PDF)
    one.publish("text", KEY, Result(value=1))
    two = host("two")
    assert two.sound(page.sha256)
    assert two.read(page) == b"a page"
    assert two.whole(file).read_bytes() == b"a file"
    assert two.kept(file.sha256, PDF) == file
    assert two.result("text", KEY, Result) == Result(value=1)


def test_no_call_returns_before_what_it_was_given_is_shared(
    host: Callable[[str], Workspace], backing: WatchedBacking
) -> None:
    one = host("one")
    backing.down = True
    for act in (
        lambda: one.put(b"signed", PDF),
        lambda: one.take(io.BytesIO(b"assembled"), PDF),
        lambda: one.publish("split", KEY, Result(value=1)),
    ):
        with pytest.raises(ArchiveUnavailable):
            act()
    assert Workspace(one.root).result("split", KEY, Result) is None
    backing.down = False
    ref = one.put(b"signed", PDF)
    one.publish("split", KEY, Result(value=2))
    assert host("two").read(ref) == b"signed"
    assert host("two").result("split", KEY, Result) == Result(value=2)


def test_what_lies_here_from_before_is_shared_when_it_is_given_again(
    host: Callable[[str], Workspace], tmp_path: Path
) -> None:
    before = Workspace(tmp_path / "one")
    ref = before.put(b"a page", PDF)
    before.publish("pages", KEY, Result(value=1))
    assert not host("two").has(ref.sha256)
    host("one").share([ref.sha256, "0" * 64], [("pages", KEY), ("pages", "0" * 64)])
    assert host("two").has(ref.sha256)
    assert host("two").result("pages", KEY, Result) == Result(value=1)
    again = host("one").put(b"another", PDF)
    Workspace(tmp_path / "three").put(b"another", PDF)
    assert host("two").read(again) == b"another"


def test_another_batch_does_not_see_them(
    host: Callable[[str], Workspace], backing: WatchedBacking, tmp_path: Path
) -> None:
    ref = host("one").put(b"a page", PDF)
    host("one").publish("text", KEY, Result(value=1))
    stranger = Workspace(tmp_path / "two", backing).of(OTHER)
    assert not stranger.sound(ref.sha256)
    assert stranger.result("text", KEY, Result) is None
    assert not Workspace(tmp_path / "two", backing).has(ref.sha256)


def test_damage_here_is_mended_from_there(host: Callable[[str], Workspace]) -> None:
    one = host("one")
    ref = one.put(b"a page", PDF)
    for act in (lambda: one.read(ref), lambda: one.whole(ref), lambda: one.sound(ref.sha256)):
        one.path(ref).write_bytes(b"rotten")
        assert act()
        assert one.path(ref).read_bytes() == b"a page"


def test_damage_there_is_not_taken_over_and_mended_by_the_next_put(
    host: Callable[[str], Workspace], memory: MemoryBacking
) -> None:
    ref = host("one").put(b"a page", PDF)
    name = f"batches/{BATCH}/blobs/{ref.sha256}"
    memory.files[name] = b"rotten"
    two = host("two")
    assert not two.sound(ref.sha256)
    with pytest.raises(NotFound):
        two.path(ref)
    assert two.put(b"a page", PDF) == ref
    assert memory.files[name] == b"a page"
    one = host("one")
    one.path(ref).write_bytes(b"rotten")
    memory.files[name] = b"rotten too"
    with pytest.raises(ChecksumMismatch):
        one.read(ref)


def test_what_vanished_there_meanwhile_is_missing(
    host: Callable[[str], Workspace], memory: MemoryBacking
) -> None:
    ref = host("one").put(b"a page", PDF)
    two = host("two")
    assert two.result("text", KEY, Result) is None
    memory.files.clear()
    assert not two.has(ref.sha256)


def test_a_result_that_changes_is_asked_for_where_it_is_shared(
    host: Callable[[str], Workspace], backing: WatchedBacking
) -> None:
    one, two = host("one"), host("two")
    one.publish("proposal", KEY, Result(value=1))
    host("two").publish("proposal", KEY, Result(value=2))
    assert one.result("proposal", KEY, Result) == Result(value=1)
    assert host("one").result("proposal", KEY, Result, changes=True) == Result(value=2)
    backing.down = True
    assert two.result("proposal", KEY, Result, changes=True) == Result(value=2)


def test_what_is_here_needs_no_asking(
    host: Callable[[str], Workspace], backing: WatchedBacking
) -> None:
    ref = host("one").put(b"a page", PDF)
    host("one").publish("text", KEY, Result(value=1))
    backing.down = True
    one = host("one")
    assert one.read(ref) == b"a page"
    assert one.sound(ref.sha256)
    assert one.result("text", KEY, Result) == Result(value=1)


def test_misses_cost_one_listing(host: Callable[[str], Workspace], backing: WatchedBacking) -> None:
    two = host("two")
    for number in range(20):
        assert two.result("text", f"{number:064}", Result) is None
        assert not two.has(f"{number:064}")
    assert backing.calls == {"list": 1}


def test_refused_input_is_kept_by_all(
    host: Callable[[str], Workspace], memory: MemoryBacking
) -> None:
    one = host("one")
    ref = one.put(b"refused", PDF)
    one.quarantine(ref, {"code": "SCAN_UNREADABLE"})
    one.release()
    assert host("two").quarantined(ref.sha256).read_bytes() == b"refused"
    assert b"SCAN_UNREADABLE" in memory.files[f"quarantine/{ref.sha256}.json"]


def test_erased_bytes_go_everywhere(
    host: Callable[[str], Workspace], backing: WatchedBacking, memory: MemoryBacking
) -> None:
    one, two = host("one"), host("two")
    book, page = one.put(b"a paper book", PDF), one.put(b"a page", PDF)
    for side in (one, two):
        side.quarantine(book, {})
        side.read(page)
    backing.down = True
    with pytest.raises(ArchiveUnavailable):
        two.erase(book.sha256)
    assert two.has(book.sha256)
    backing.down = False
    two.erase(book.sha256)
    assert b"a paper book" not in memory.files.values()
    assert not host("two").has(book.sha256)
    assert not two.quarantined(book.sha256).exists()
    Workspace(one.root, backing).sweep({page.sha256}, ())
    assert not Workspace(one.root).has(book.sha256)
    assert not (one.root / "quarantine" / book.sha256).exists()
    assert host("one").read(page) == b"a page"


def test_a_released_shelf_is_empty_and_no_other(
    host: Callable[[str], Workspace], backing: WatchedBacking, memory: MemoryBacking, tmp_path: Path
) -> None:
    other = Workspace(tmp_path / "one", backing).of(OTHER)
    kept = other.put(b"kept", PDF)
    one = host("one")
    one.put(b"a page", PDF)
    one.release()
    assert set(memory.files) == {f"batches/{OTHER}/blobs/{kept.sha256}"}
    again = one.put(b"a page", PDF)
    assert host("two").has(again.sha256)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["put", "publish", "rot", "lose home", "die"]), st.integers(0, 3)
        ),
        max_size=30,
    )
)
@settings(max_examples=60, deadline=None)
def test_whatever_hosts_do_in_turn_what_returned_is_never_lost(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    folder = tmp_path_factory.mktemp("hosts")
    memory = MemoryBacking()
    homes, current = 0, Workspace(folder / "0", memory).of(BATCH)
    given_refs: dict[int, FileRef] = {}
    published: dict[int, int] = {}
    for count, (step, number) in enumerate(steps):
        if step == "put":
            given_refs[number] = current.put(f"bytes {number}".encode(), PDF)
        elif step == "publish":
            current.publish("text", f"{number:064}", Result(value=count))
            published[number] = count
        elif step == "rot" and number in given_refs:
            path = current.root / "blobs" / given_refs[number].sha256[:2]
            for file in path.glob("*"):
                file.write_bytes(b"rotten")
        elif step == "die":
            current = Workspace(current.root, memory).of(BATCH)
        else:
            homes += 1
            current = Workspace(folder / str(homes), memory).of(BATCH)
    for number, ref in given_refs.items():
        assert current.read(ref) == f"bytes {number}".encode()
    for number, value in published.items():
        assert current.result("text", f"{number:064}", Result) == Result(value=value)
