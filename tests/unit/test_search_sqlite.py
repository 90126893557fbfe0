"""What only the embedded engine has: files, locks, damage."""

from __future__ import annotations

import datetime as dt
import sqlite3
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.errors import SearchUnavailable
from search.documents import Document
from search.query import Query
from search.sqlite_errors import unavailable
from search.sqlite_index import SqliteIndex


def paper(number: int, name: str = "Nguyễn Văn Đức") -> Document:
    return Document(
        component_id=f"{number:064x}",
        dossier_code=f"DEV-261122-{number:04}",
        unit="DEV",
        code="F_14_HSB",
        procedure=None,
        sensitive=False,
        received_at=dt.datetime(2026, 11, 22, tzinfo=dt.UTC),
        names=(name,),
        text=f"Họ và tên: {name}",
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a folder #1" / "chỉ mục?.sqlite"


@pytest.fixture
def index(path: Path) -> SqliteIndex:
    made = SqliteIndex(path, busy_seconds=0.05)
    made.create()
    made.put([paper(1)])
    return made


def code_of(error: pytest.ExceptionInfo[SearchUnavailable]) -> str:
    return error.value.code


def test_files_are_for_the_owner_only(index: SqliteIndex, path: Path) -> None:
    reader = sqlite3.connect(path)
    try:
        assert reader.execute("SELECT count(*) FROM documents").fetchone() == (1,)
        files = sorted(path.parent.iterdir())
        assert len(files) == 3
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
        assert stat.S_IMODE(path.parent.stat().st_mode) & 0o077 == 0
        assert reader.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    finally:
        reader.close()


def test_nothing_is_opened_before_it_is_asked_for(path: Path) -> None:
    SqliteIndex(path)
    assert not path.parent.exists()


def test_a_missing_file_is_a_lost_index_and_not_an_empty_one(path: Path) -> None:
    index = SqliteIndex(path)
    for act in (lambda: index.search(Query("a1")), lambda: index.put([paper(1)]), index.count):
        with pytest.raises(SearchUnavailable) as caught:
            act()
        assert code_of(caught) == "INDEX_DAMAGED"
    assert not path.exists()


@pytest.mark.parametrize("content", [b"", b"not a database at all, " * 400])
def test_a_damaged_file_asks_for_a_rebuild_which_mends_it(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    index = SqliteIndex(path)
    with pytest.raises(SearchUnavailable) as caught:
        index.search(Query("duc"))
    assert code_of(caught) == "INDEX_DAMAGED"
    assert index.rebuild([paper(1)]).count == 1
    assert index.search(Query("duc")).total == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_damage_inside_is_named_and_mended(index: SqliteIndex, path: Path) -> None:
    index.put([paper(number, f"Trần Văn {number}") for number in range(2, 300)])
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 8192))
    with pytest.raises(SearchUnavailable) as caught:
        index.search(Query("tran van", limit=500))
    assert code_of(caught) == "INDEX_DAMAGED"
    assert index.rebuild([paper(1)]).count == 1
    assert index.search(Query("duc")).total == 1


def test_a_row_that_is_no_document_is_damage(index: SqliteIndex, path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE documents SET body = '{}'")
    connection.close()
    with pytest.raises(SearchUnavailable) as caught:
        index.search(Query("duc"))
    assert code_of(caught) == "INDEX_DAMAGED"


def test_another_version_asks_for_a_rebuild_which_mends_it(index: SqliteIndex, path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
        connection.execute("DROP TABLE keys")
    connection.close()
    with pytest.raises(SearchUnavailable) as caught:
        index.count()
    assert code_of(caught) == "INDEX_OUTDATED"
    assert caught.value.params == {"found": 99, "wanted": 2}
    assert index.rebuild([paper(1), paper(2)]).count == 2
    assert index.search(Query("duc")).total == 2


def test_a_writer_that_must_wait_too_long_says_busy_and_readers_go_on(
    index: SqliteIndex, path: Path
) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(SearchUnavailable) as caught:
            index.put([paper(2)])
        assert code_of(caught) == "INDEX_BUSY"
        assert caught.value.retryable
        assert index.search(Query("duc")).total == 1
    finally:
        other.execute("ROLLBACK")
        other.close()
    index.put([paper(2)])
    assert index.count() == 2


def test_searches_see_the_old_index_while_a_new_one_is_built(index: SqliteIndex) -> None:
    def documents() -> Iterator[Document]:
        yield paper(8)
        assert index.ids() == {f"{1:064x}"}
        with pytest.raises(SearchUnavailable) as caught:
            index.put([paper(3)])
        assert code_of(caught) == "INDEX_BUSY"
        yield paper(9)

    assert index.rebuild(documents()).count == 2
    assert index.ids() == {f"{8:064x}", f"{9:064x}"}


def test_a_batch_is_put_whole_or_not_at_all(index: SqliteIndex, path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON documents WHEN new.dossier_code LIKE '%0003'"
            " BEGIN SELECT raise(ABORT, 'no'); END"
        )
    connection.close()
    with pytest.raises(SearchUnavailable):
        index.put([paper(2), paper(1, "Khác"), paper(3)])
    assert index.ids() == {f"{1:064x}"}
    assert index.search(Query("Đức")).total == 1


def test_threads_put_and_search_at_once(path: Path) -> None:
    index = SqliteIndex(path)
    index.create()
    failures: list[BaseException] = []

    def work(first: int) -> None:
        try:
            for number in range(first, first + 5):
                index.put([paper(number)])
                index.search(Query("duc"))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(n * 100,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert index.count() == 20


def _real_error(tmp_path: Path, statement: str, *before: str) -> sqlite3.Error:
    connection = sqlite3.connect(tmp_path / "scratch.sqlite", isolation_level=None)
    try:
        for preparation in before:
            connection.execute(preparation)
        with pytest.raises(sqlite3.Error) as caught:
            connection.execute(statement)
        return caught.value
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("code", "statement", "before"),
    [
        (
            "INDEX_DISK_FULL",
            "INSERT INTO t VALUES (zeroblob(100000))",
            ("CREATE TABLE t (x)", "PRAGMA max_page_count = 3"),
        ),
        ("INDEX_NOT_WRITABLE", "CREATE TABLE t (x)", ("PRAGMA query_only = 1",)),
        ("INDEX_DAMAGED", "SELECT * FROM documents", ()),
        ("SEARCH_UNAVAILABLE", "SELECT nothing", ()),
    ],
)
def test_what_the_engine_says_is_mapped(
    tmp_path: Path, code: str, statement: str, before: tuple[str, ...]
) -> None:
    assert unavailable(_real_error(tmp_path, statement, *before)).code == code


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SearchUnavailable) as caught:
        SqliteIndex(tmp_path / "file" / "index.sqlite").create()
    assert code_of(caught) == "INDEX_NOT_WRITABLE"
