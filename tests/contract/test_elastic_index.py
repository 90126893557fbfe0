"""What only the engine on a server has: a network, rights, aliases, other writers."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from pydantic import SecretStr

from pipeline.errors import ConfigError, SearchUnavailable, SohoaError
from search.documents import Document
from search.elastic_index import ElasticIndex
from search.query import Query
from tests.fakes.elastic_indexes import ElasticIndexes, Server
from tests.fakes.fault_proxy import FaultProxy

BULK = b"POST /sohoa-"
_FULL = {"index.blocks.read_only_allow_delete": True}


def paper(number: int, name: str = "Nguyễn Văn Đức", **changes: Any) -> Document:
    values: dict[str, Any] = {
        "component_id": f"{number:064x}",
        "dossier_code": f"DEV-261122-{number:04}",
        "unit": "DEV",
        "code": "F_14_HSB",
        "procedure": None,
        "sensitive": False,
        "received_at": dt.datetime(2026, 11, 22, tzinfo=dt.UTC),
        "names": (name,),
        "text": f"Họ và tên: {name}",
    }
    return Document(**(values | changes))


def names(index: ElasticIndex) -> list[str | None]:
    return [hit.full_name for hit in index.search(Query("nguyen van duc", limit=100)).hits]


@pytest.fixture
def indexes(elastic_service: Server) -> Iterator[ElasticIndexes]:
    with ElasticIndexes(elastic_service) as made:
        yield made


@pytest.fixture
def index(indexes: ElasticIndexes) -> ElasticIndex:
    made = indexes.make()
    made.create()
    made.put([paper(1)])
    return made


@pytest.fixture
def proxy(indexes: ElasticIndexes) -> Iterator[FaultProxy]:
    host, _, port = indexes.settings.url.split("//")[1].rstrip("/").partition(":")
    with FaultProxy(host, int(port)) as made:
        yield made


@pytest.fixture
def through(indexes: ElasticIndexes, index: ElasticIndex, proxy: FaultProxy) -> ElasticIndex:
    """The same index by way of the proxy."""
    return indexes.again(index, url=f"http://{proxy.address}", timeout_seconds=60.0)


ACTS: dict[str, Callable[[ElasticIndex], object]] = {
    "create": lambda index: index.create(),
    "put": lambda index: index.put([paper(2)]),
    "remove": lambda index: index.remove(["x"]),
    "search": lambda index: index.search(Query("duc")),
    "ids": lambda index: index.ids(),
    "count": lambda index: index.count(),
    "rebuild": lambda index: index.rebuild([paper(3)]),
}


def refused(act: Callable[[], object]) -> SohoaError:
    with pytest.raises(SohoaError) as caught:
        act()
    return caught.value


# -- a document -----------------------------------------------------------------------------------


def test_a_document_that_the_server_never_takes_holds_up_no_other(index: ElasticIndex) -> None:
    immense = [paper(number, dossier_code="x" * 40_000) for number in (2, 3)]
    refused = index.put([paper(4), immense[0], paper(5)])
    assert set(refused) == {immense[0].component_id}
    assert set(index.put([immense[0]])) == {immense[0].component_id}
    taken = {paper(number).component_id for number in (1, 4, 5)}
    assert index.ids() == taken
    built = index.rebuild([paper(1), immense[0], paper(4), immense[1]])
    assert (built.count, set(built.refused)) == (2, {one.component_id for one in immense})
    assert index.ids() == {paper(1).component_id, paper(4).component_id}


def test_a_rebuild_that_takes_nothing_is_not_switched_to(index: ElasticIndex) -> None:
    immense = [paper(number, dossier_code="x" * 40_000) for number in (2, 3)]
    assert set(index.put(immense)) == {one.component_id for one in immense}
    error = refused(lambda: index.rebuild(immense))
    assert (error.code, error.retryable) == ("INDEX_DAMAGED", True)
    assert names(index) == ["Nguyễn Văn Đức"]


# -- a network ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ACTS)
def test_a_server_that_is_down_is_said_so_by_all(
    through: ElasticIndex, proxy: FaultProxy, name: str
) -> None:
    proxy.down()
    error = refused(lambda: ACTS[name](through))
    assert (error.code, error.retryable) == ("INDEX_UNREACHABLE", True)
    proxy.up()
    ACTS[name](through)


def test_a_server_that_does_not_answer_is_not_waited_for(
    indexes: ElasticIndexes, index: ElasticIndex, proxy: FaultProxy
) -> None:
    hurried = indexes.again(index, url=f"http://{proxy.address}", timeout_seconds=0.3)
    proxy.hold()
    for name, act in ACTS.items():
        if name != "rebuild":
            assert refused(partial(act, hurried)).code == "INDEX_UNREACHABLE", name
    proxy.release()


def test_a_write_whose_answer_was_lost_is_put_again_without_harm(
    index: ElasticIndex, through: ElasticIndex, proxy: FaultProxy
) -> None:
    proxy.lose_answer(to=b"_bulk", times=5)
    assert refused(lambda: through.put([paper(2, "Nguyễn Văn Đức Anh")], [7])).code == (
        "INDEX_UNREACHABLE"
    )
    proxy.calm()
    through.put([paper(2, "Nguyễn Văn Đức Anh")], [7])
    assert names(index) == ["Nguyễn Văn Đức", "Nguyễn Văn Đức Anh"]
    assert index.count() == 2


def test_an_answer_lost_once_is_asked_for_again(through: ElasticIndex, proxy: FaultProxy) -> None:
    proxy.lose_answer(to=b"_bulk")
    through.put([paper(2)], [7])
    assert proxy.hits == 1
    assert through.count() == 2


def test_a_search_that_breaks_off_is_no_shorter_answer(
    through: ElasticIndex, proxy: FaultProxy
) -> None:
    through.put([paper(number) for number in range(2, 60)])
    proxy.cut_answer(to=b"_search", after=2000, times=5)
    assert refused(lambda: names(through)).code == "INDEX_UNREACHABLE"
    proxy.calm()
    assert len(names(through)) == 59


def test_a_rebuild_waits_for_a_server_that_is_busy_for_a_moment(
    indexes: ElasticIndexes, index: ElasticIndex, proxy: FaultProxy
) -> None:
    patient = indexes.again(index, url=f"http://{proxy.address}", pauses=(0.0, 0.0))
    busy = b'{"error":{"type":"circuit_breaking_exception","reason":"x"},"status":429}'
    head = (
        b"HTTP/1.1 429 Too Many Requests\r\nX-elastic-product: Elasticsearch\r\n"
        b"content-type: application/json\r\nconnection: close\r\ncontent-length: %d\r\n\r\n"
    )
    proxy.answer(to=b"_bulk", data=head % len(busy) + busy, times=3)
    assert patient.rebuild([paper(8), paper(9)]).count == 2
    assert proxy.hits == 3


# -- refusals -------------------------------------------------------------------------------------


def test_a_full_disk_keeps_deliveries_owed_and_searches_going(
    indexes: ElasticIndexes, index: ElasticIndex
) -> None:
    indexes.client.indices.put_settings(index=indexes.name(index), settings=_FULL)
    error = refused(lambda: index.put([paper(2)]))
    assert (error.code, error.retryable) == ("INDEX_DISK_FULL", True)
    assert index.search(Query("duc")).total == 1
    indexes.client.indices.put_settings(
        index=indexes.name(index), settings={"index.blocks.read_only_allow_delete": None}
    )
    index.put([paper(2)])
    assert index.count() == 2


@pytest.mark.parametrize(
    ("changes", "status"),
    [({"password": SecretStr("wrong")}, 401), ({"alias": "foreign-components"}, 403)],
)
def test_a_wrong_password_or_a_missing_right_is_a_matter_of_settings(
    indexes: ElasticIndexes, index: ElasticIndex, changes: dict[str, Any], status: int
) -> None:
    stranger = indexes.again(index, **changes)
    for name, act in ACTS.items():
        error = refused(partial(act, stranger))
        assert isinstance(error, ConfigError), name
        assert (error.code, error.params) == ("INDEX_DENIED", {"status": status}), name


def test_something_else_at_the_address_is_named(
    indexes: ElasticIndexes, index: ElasticIndex, proxy: FaultProxy
) -> None:
    stranger = indexes.again(index, url=f"http://{proxy.address}")
    proxy.answer(to=b"GET ", data=b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", times=9)
    assert refused(stranger.count).code == "INDEX_SERVER_UNKNOWN"


def test_an_unencrypted_server_is_no_https(indexes: ElasticIndexes, index: ElasticIndex) -> None:
    stranger = indexes.again(index, url=indexes.settings.url.replace("http:", "https:"))
    assert refused(stranger.count).code == "INDEX_UNTRUSTED"


# -- what stands on the server --------------------------------------------------------------------


def test_a_lost_index_is_not_made_anew_by_writing(
    indexes: ElasticIndexes, index: ElasticIndex
) -> None:
    indexes.client.indices.delete(index=indexes.name(index))
    for act in (lambda: index.put([paper(2)]), index.count, lambda: index.search(Query("duc"))):
        error = refused(act)
        assert isinstance(error, SearchUnavailable)
        assert error.code == "INDEX_DAMAGED"
    assert indexes.there(index) == []
    assert index.rebuild([paper(1), paper(2)]).count == 2
    assert index.search(Query("duc")).total == 2


def test_an_index_of_another_version_asks_for_a_rebuild_which_mends_it(
    indexes: ElasticIndexes, index: ElasticIndex
) -> None:
    indexes.client.indices.put_mapping(index=indexes.name(index), meta={"version": 99})
    for act in (lambda: index.put([paper(2)]), index.count):
        error = refused(act)
        assert (error.code, error.params) == ("INDEX_OUTDATED", {"found": 99, "wanted": 1})
    assert index.rebuild([paper(1)]).count == 1
    assert index.count() == 1


def test_an_index_that_somebody_else_made_is_damaged(indexes: ElasticIndexes) -> None:
    index = indexes.make()
    alias = indexes.alias(index)
    indexes.client.indices.create(index=f"{alias}-000001", aliases={alias: {}})
    assert refused(index.count).code == "INDEX_DAMAGED"
    index.create()
    assert refused(lambda: index.search(Query("duc"))).code == "INDEX_DAMAGED"
    assert index.rebuild([paper(1)]).count == 1
    assert names(index) == ["Nguyễn Văn Đức"]


def test_a_foreign_index_of_the_aliass_name_is_left_alone(indexes: ElasticIndexes) -> None:
    index = indexes.make()
    indexes.client.indices.create(index=indexes.alias(index))
    for name, act in ACTS.items():
        assert refused(partial(act, index)).code in ("INDEX_NAME_TAKEN", "INDEX_DAMAGED"), name
    assert refused(index.create).code == "INDEX_NAME_TAKEN"
    assert indexes.client.indices.exists(index=indexes.alias(index))


def test_several_that_create_make_one(indexes: ElasticIndexes) -> None:
    index = indexes.make()
    _together([index.create] * 4)
    assert len(indexes.there(index)) == 1
    index.put([paper(1)])
    assert index.count() == 1


def test_only_the_document_is_kept_and_not_its_whole_text(
    indexes: ElasticIndexes, index: ElasticIndex
) -> None:
    index.put([paper(2, text="chữ " * 100_000 + "cuối")])
    found = indexes.client.get(index=indexes.name(index), id=f"{2:064x}").body["_source"]
    assert set(found) == {"body"}
    assert len(found["body"]["text"]) == 200_000
    assert index.search(Query("cuoi")).total == 1


def test_nothing_in_a_document_is_too_long(index: ElasticIndex) -> None:
    index.put([paper(2, "đ" * 40_000, numbers=("9" * 40_000,), text="ô" * 100_000)])
    assert index.search(Query("d" * 300)).total == 1
    assert index.count() == 2


def test_ids_are_listed_page_by_page(index: ElasticIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("search.elastic_index._PAGE", 3)
    index.put([paper(number) for number in range(1, 11)])
    assert index.ids() == {f"{number:064x}" for number in range(1, 11)}
    index.remove([f"{10:064x}"])
    assert len(index.ids()) == 9


def test_many_documents_go_in_several_requests(
    index: ElasticIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.elastic_bulk._BYTES", 5000)
    index.put([paper(number) for number in range(1, 41)])
    assert index.count() == 40
    assert index.rebuild(paper(number) for number in range(1, 51)).count == 50


# -- other writers --------------------------------------------------------------------------------


def test_what_is_put_during_a_rebuild_stands_in_the_new_index(
    indexes: ElasticIndexes, index: ElasticIndex
) -> None:
    other = indexes.again(index)

    def documents() -> Iterator[Document]:
        yield paper(1)
        other.put([paper(5, "Nguyễn Văn Đức Năm"), paper(1, "Nguyễn Văn Đức Mới")], [11, 12])
        assert names(index) == ["Nguyễn Văn Đức Mới", "Nguyễn Văn Đức Năm"]
        yield paper(1, "Nguyễn Văn Đức Cũ")
        other.remove([f"{9:064x}"])
        yield paper(8, "Nguyễn Văn Đức Tám")

    assert index.rebuild(documents()).count == 3
    assert names(other) == ["Nguyễn Văn Đức Mới", "Nguyễn Văn Đức Năm", "Nguyễn Văn Đức Tám"]
    assert len(indexes.there(index)) == 1


def test_a_delivery_that_the_switch_overtakes_is_put_again(
    indexes: ElasticIndexes, index: ElasticIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen before a rebuild began, written after it ended."""
    slow = indexes.again(index)
    looked = slow._look
    seen = [looked()]
    index.rebuild([paper(1)])
    monkeypatch.setattr(slow, "_look", lambda: seen.pop() if seen else looked())
    slow.put([paper(5)], [3])
    assert index.ids() == {f"{1:064x}", f"{5:064x}"}


def test_deliveries_from_all_sides_survive_rebuilds_in_a_row(
    indexes: ElasticIndexes, index: ElasticIndex
) -> None:
    archive: dict[int, Document] = {}
    done = threading.Event()

    def deliver(first: int) -> None:
        mine = indexes.again(index)
        for number in range(first, first + 12):
            archive[number] = paper(number)
            while True:
                try:
                    mine.put([archive[number]], [number])
                    break
                except SearchUnavailable as error:
                    assert error.code == "INDEX_BUSY"

    def archived() -> Iterator[Document]:
        yield from list(archive.values())

    def rebuild() -> None:
        mine = indexes.again(index)
        while not done.is_set():
            mine.rebuild(archived())

    rebuilder = threading.Thread(target=rebuild)
    rebuilder.start()
    try:
        _together([partial(deliver, first) for first in (100, 200, 300)])
    finally:
        done.set()
        rebuilder.join()
    assert index.ids() == {f"{number:064x}" for number in archive}
    assert len(archive) == 36


def test_the_later_of_two_rebuilds_wins(indexes: ElasticIndexes, index: ElasticIndex) -> None:
    other = indexes.again(index)

    def documents() -> Iterator[Document]:
        yield paper(1)
        assert other.rebuild([paper(1), paper(2)]).count == 2

    assert refused(lambda: index.rebuild(documents())).code == "INDEX_BUSY"
    assert index.count() == 2
    assert len(indexes.there(index)) == 1


def test_what_a_killed_rebuild_left_is_taken_away_by_the_next(
    indexes: ElasticIndexes, index: ElasticIndex
) -> None:
    left = index._begin()
    index.put([paper(2)], [4])
    assert len(indexes.there(index)) == 2
    index.create()
    assert index.count() == 2
    assert index.rebuild([paper(1), paper(2), paper(3)]).count == 3
    assert indexes.there(index) != [left]
    assert len(indexes.there(index)) == 1


def _together(work: list[Callable[[], object]]) -> None:
    failures: list[BaseException] = []

    def run(act: Callable[[], object]) -> None:
        try:
            act()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(act,)) for act in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
