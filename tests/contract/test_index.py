"""One suite over every component index: hit sets and tiers, not scores."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import ArchiveUnavailable, SearchError
from pipeline.textnorm import fold
from search.documents import Document
from search.port import ComponentIndex, Tier
from search.query import MAX_LENGTH, Query
from search.sqlite_index import SqliteIndex
from tests.fakes.elastic_indexes import ElasticIndexes
from tests.fakes.indexes import MemoryIndex

AT = dt.datetime(2026, 11, 22, 3, 0, tzinfo=dt.UTC)
Make = Callable[[Path], ComponentIndex]
ENGINES = ("sqlite", "memory", "elasticsearch")
SYLLABLES = re.split(
    " ",
    "nguyễn trần lê phạm hoàng huỳnh phan vũ võ đặng bùi đỗ hồ ngô dương lý văn thị hữu đức"
    " minh thuý thúy hoà hòa quỳnh ánh ước nghĩa khuê nguyệt đạt ý ỷ uyên trường xuân h'hen",
)
NAMES = st.lists(st.sampled_from(SYLLABLES), min_size=1, max_size=5).map(
    lambda syllables: " ".join(syllable.title() for syllable in syllables)
)


def paper(number: int, **changes: Any) -> Document:
    values: dict[str, Any] = {
        "component_id": f"{number:064x}",
        "dossier_code": f"DEV-261122-{number:04}",
        "unit": "DEV",
        "code": "F_14_HSB",
        "procedure": "BHXH1L",
        "sensitive": False,
        "received_at": AT,
        "digitisation_code": f"DEV.F_14_HSB.20261122.{number:06}",
    }
    return Document(**(values | changes))


PAPERS = (
    paper(
        1,
        names=("Nguyễn Văn Đức", "Lê Thị Hoà"),
        numbers=("079085001234", "0123456789", "0912 345 678"),
        text="ĐƠN ĐỀ NGHỊ hưởng bảo hiểm xã hội một lần\nTôi là Nguyễn Văn Đức, lương hưu",
    ),
    paper(
        2,
        code="R_07B_HSB",
        names=("NGUYEN VAN DUC",),
        numbers=("123/QĐ-BHXH",),
        text="QUYẾT ĐỊNH số 123/QĐ-BHXH về việc hưởng bảo hiểm xã hội một lần",
        procedure="HUUTRI",
        received_at=AT - dt.timedelta(days=30),
    ),
    paper(
        3,
        unit="HN",
        dossier_code="G22.99-251225-020175",
        code="M_HSBA",
        sensitive=True,
        names=("Đỗ Văn Nguyễn",),
        text="BỆNH ÁN của ông Đức, số định danh 0 7 9 0 8 5 0 0 9 9 9 9",
    ),
    paper(4, dossier_code="HỒ SƠ/Đặc biệt 7", names=("Trần Mai",), unverified=("full_name",)),
)


@contextlib.contextmanager
def maker(name: str, request: pytest.FixtureRequest) -> Iterator[Make]:
    """Makes indexes of an engine, as many as wanted, and cleans up."""
    if name == "elasticsearch":
        with ElasticIndexes(request.getfixturevalue("elastic_service")) as indexes:
            yield lambda folder: indexes.make()
    elif name == "sqlite":
        yield lambda folder: SqliteIndex(folder / "index.sqlite")
    else:
        yield lambda folder: MemoryIndex()


@pytest.fixture(params=ENGINES)
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    with maker(request.param, request) as made:
        yield made


@pytest.fixture
def index(make: Make, tmp_path: Path) -> ComponentIndex:
    engine = make(tmp_path)
    engine.create()
    engine.put(PAPERS)
    return engine


def found(index: ComponentIndex, text: str, **filters: Any) -> list[tuple[int, Tier]]:
    results = index.search(Query(text, **filters))
    assert results.total >= len(results.hits)
    return [(int(hit.component_id, 16), hit.tier) for hit in results.hits]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Nguyễn Văn Đức", [(1, Tier.EXACT_NAME), (2, Tier.FOLDED_NAME), (3, Tier.TEXT)]),
        ("nguyễn  văn đức", [(1, Tier.EXACT_NAME), (2, Tier.FOLDED_NAME), (3, Tier.TEXT)]),
        ("nguyen van duc", [(2, Tier.EXACT_NAME), (1, Tier.FOLDED_NAME), (3, Tier.TEXT)]),
        ("NGUYEN VAN", [(2, Tier.EXACT_NAME), (1, Tier.FOLDED_NAME), (3, Tier.TEXT)]),
        ("van nguyen", [(3, Tier.FOLDED_NAME), (1, Tier.TEXT), (2, Tier.TEXT)]),
        ("nguyen van du", [(1, Tier.TEXT), (2, Tier.TEXT), (3, Tier.TEXT)]),
        ("duc nguyen le", [(1, Tier.TEXT)]),
        ("đức lê thị", [(1, Tier.TEXT)]),
        ("lê thị hòa", [(1, Tier.FOLDED_NAME)]),
        ("le thi hoa", [(1, Tier.FOLDED_NAME)]),
        ("do van nguyen", [(3, Tier.FOLDED_NAME)]),
        ("Đỗ Văn", [(3, Tier.EXACT_NAME)]),
        ("079085001234", [(1, Tier.EXACT_ID)]),
        ("079 085 001 234", [(1, Tier.EXACT_ID)]),
        ("079.085.001.234", [(1, Tier.EXACT_ID)]),
        ("0123456789", [(1, Tier.EXACT_ID)]),
        ("0912345678", [(1, Tier.EXACT_ID)]),
        ("079085009999", [(3, Tier.TEXT)]),
        ("0790850", [(1, Tier.TEXT), (3, Tier.TEXT)]),
        ("DEV-261122-0001", [(1, Tier.EXACT_ID)]),
        ("dev 261122 0001", [(1, Tier.EXACT_ID)]),
        ("dev2611220001", [(1, Tier.EXACT_ID)]),
        ("DEV-2611", [(1, Tier.TEXT), (2, Tier.TEXT)]),
        ("dev2611", [(1, Tier.TEXT), (2, Tier.TEXT)]),
        ("G22.99-251225-020175", [(3, Tier.EXACT_ID)]),
        ("g22.99-2512", [(3, Tier.TEXT)]),
        ("ho so/dac biet 7", [(4, Tier.EXACT_ID)]),
        ("DEV.F_14_HSB.20261122.000001", [(1, Tier.EXACT_ID)]),
        (f"{3:064x}", [(3, Tier.EXACT_ID)]),
        ("123/QĐ-BHXH", [(2, Tier.EXACT_ID)]),
        ("123/qd-bhxh", [(2, Tier.EXACT_ID)]),
        ("123 / QD – BHXH", [(2, Tier.EXACT_ID)]),
        ("123 qd bhxh", [(2, Tier.TEXT)]),
        ("duc 079085001234", [(1, Tier.TEXT)]),
        ("bảo hiểm xã hội", [(1, Tier.TEXT), (2, Tier.TEXT)]),
        ("bao hiem xa hoi", [(1, Tier.TEXT), (2, Tier.TEXT)]),
        ("hoi bao", [(1, Tier.TEXT), (2, Tier.TEXT)]),
        ('"hội bảo"', []),
        ('"bảo hiểm"', [(1, Tier.TEXT), (2, Tier.TEXT)]),
        ('"bao hiem"', []),
        ('"bảo hiểm" lương', [(1, Tier.TEXT)]),
        ('"Nguyễn Văn" đức', [(1, Tier.EXACT_NAME)]),
        ("M_HSBA", [(3, Tier.TEXT)]),
        ("không có", []),
    ],
)
def test_finds_what_is_there_and_ranks_it_by_how(
    index: ComponentIndex, text: str, expected: list[tuple[int, Tier]]
) -> None:
    assert found(index, text) == expected


def test_a_phrase_does_not_run_from_one_name_into_the_next(index: ComponentIndex) -> None:
    assert found(index, '"đức lê"') == []
    assert found(index, "duc le") == [(1, Tier.TEXT)]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"procedure": "HUUTRI"}, [2]),
        ({"component": "F_14_HSB"}, [1]),
        ({"from_date": dt.date(2026, 11, 22)}, [1, 3]),
        ({"from_date": dt.date(2026, 11, 23)}, []),
        ({"units": ("HN",)}, [3]),
        ({"units": ("HN", "DEV")}, [2, 1, 3]),
        ({"units": ()}, []),
        ({"sensitive": False}, [2, 1]),
        ({"sensitive": True}, [3]),
        ({"procedure": "HUUTRI", "component": "F_14_HSB"}, []),
        ({"procedure": "' OR 1=1 --"}, []),
        ({"component": "\ud800"}, []),
    ],
)
def test_filters(index: ComponentIndex, filters: dict[str, Any], expected: list[int]) -> None:
    assert [number for number, _ in found(index, "duc", **filters)] == expected


def test_a_day_begins_at_midnight_in_vietnam(make: Make, tmp_path: Path) -> None:
    index = make(tmp_path)
    index.create()
    midnight = dt.datetime(2026, 11, 21, 17, 0, tzinfo=dt.UTC)
    index.put(
        [
            paper(1, names=("An",), received_at=midnight - dt.timedelta(seconds=1)),
            paper(2, names=("An",), received_at=midnight),
        ]
    )
    assert found(index, "an", from_date=dt.date(2026, 11, 22)) == [(2, Tier.EXACT_NAME)]


def test_limit_cuts_the_hits_and_not_the_total(index: ComponentIndex) -> None:
    results = index.search(Query("duc", limit=1))
    assert (results.total, len(results.hits)) == (3, 1)


def test_ties_are_broken_by_dossier_code_then_component(make: Make, tmp_path: Path) -> None:
    index = make(tmp_path)
    index.create()
    papers = [
        paper(3, dossier_code="B", text="chung"),
        paper(1, dossier_code="Đ", text="chung"),
        paper(2, dossier_code="B", text="chung"),
        paper(9, dossier_code="A", text="chung"),
    ]
    index.put(papers)
    assert [number for number, _ in found(index, "chung")] == [9, 2, 3, 1]


def test_a_hit_says_what_it_is(index: ComponentIndex) -> None:
    (hit,) = index.search(Query("tran mai")).hits
    assert hit.full_name == "Trần Mai"
    assert hit.unverified == ("full_name",)
    assert (hit.unit, hit.code, hit.procedure) == ("DEV", "F_14_HSB", "BHXH1L")
    assert hit.score == 2.0


def test_the_snippet_is_the_original_text_with_its_marks(index: ComponentIndex) -> None:
    hit = index.search(Query("luong huu")).hits[0]
    assert "«lương hưu»" in hit.snippet


def test_a_corrected_value_is_found_although_no_page_shows_it(index: ComponentIndex) -> None:
    index.put([paper(8, text="Chẩn đoán: Viêm da dày", values=("Viêm dạ dày cấp", "26/10/1976"))])
    assert found(index, '"dạ dày"') == [(8, Tier.TEXT)]
    assert found(index, "26/10/1976") == [(8, Tier.TEXT)]
    (hit,) = index.search(Query("26/10/1976")).hits
    assert "«26/10/1976»" in hit.snippet


def test_putting_again_replaces(index: ComponentIndex) -> None:
    index.put([paper(1, names=("Phan Uyên",))])
    assert found(index, "phan uyen") == [(1, Tier.FOLDED_NAME)]
    assert found(index, "079085001234") == []
    assert found(index, "luong huu") == []
    assert index.count() == 4


def test_a_delivery_that_was_overtaken_does_not_bring_old_values_back(
    index: ComponentIndex,
) -> None:
    index.put([paper(1, names=("Mới Nhất",)), paper(5, names=("Năm",))], [12, 3])
    index.put([paper(1, names=("Đã Cũ",)), paper(5, names=("Sáu",))], [11, 3])
    assert found(index, "moi nhat") == [(1, Tier.FOLDED_NAME)]
    assert found(index, "da cu") == []
    assert found(index, "sáu") == [(5, Tier.EXACT_NAME)]


def test_a_rebuild_counts_as_the_oldest_delivery(index: ComponentIndex) -> None:
    index.put([paper(1, names=("Mới Nhất",))], [12])
    index.rebuild([paper(1, names=("Từ Kho",))])
    assert found(index, "moi nhat") == []
    index.put([paper(1, names=("Giao Lại",))], [1])
    assert found(index, "giao lai") == [(1, Tier.FOLDED_NAME)]


def test_as_many_orders_as_documents(index: ComponentIndex) -> None:
    with pytest.raises(ValueError, match="zip"):
        index.put([paper(1), paper(2)], [1])


def test_putting_nothing_is_no_error(index: ComponentIndex) -> None:
    index.put([])
    assert index.count() == 4


def test_removing_forgets_and_may_be_repeated(index: ComponentIndex) -> None:
    gone = PAPERS[0].component_id
    index.remove([gone, "unknown"])
    index.remove([gone])
    assert found(index, "Nguyễn Văn Đức") == [(2, Tier.FOLDED_NAME), (3, Tier.TEXT)]
    assert index.ids() == {p.component_id for p in PAPERS[1:]}


def test_creating_again_keeps_what_is_there(index: ComponentIndex) -> None:
    index.create()
    assert index.count() == 4


def test_rebuilding_replaces_everything(index: ComponentIndex) -> None:
    assert (
        index.rebuild(iter([paper(7, names=("Bùi Ánh",)), paper(7, names=("Bùi Ý",))])).count == 1
    )
    assert index.ids() == {f"{7:064x}"}
    assert found(index, "bui y") == [(7, Tier.FOLDED_NAME)]
    assert found(index, "duc") == []


def test_a_rebuild_that_breaks_leaves_the_old_index(index: ComponentIndex) -> None:
    def broken() -> Iterator[Document]:
        yield paper(7, names=("Bùi Ánh",))
        raise ArchiveUnavailable

    with pytest.raises(ArchiveUnavailable):
        index.rebuild(broken())
    assert index.count() == 4
    assert found(index, "bui anh") == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (Query(""), "QUERY_EMPTY"),
        (Query(" \t\n"), "QUERY_EMPTY"),
        (Query('"" -- *'), "QUERY_EMPTY"),
        (Query("a" * (MAX_LENGTH + 1)), "QUERY_TOO_LONG"),
        (Query("a " * 60), "QUERY_TOO_LONG"),
        (Query("a", limit=0), "QUERY_LIMIT"),
        (Query("a", limit=10**6), "QUERY_LIMIT"),
    ],
)
def test_refuses_queries_that_ask_nothing_or_too_much(
    index: ComponentIndex, query: Query, code: str
) -> None:
    with pytest.raises(SearchError) as caught:
        index.search(query)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "text",
    [
        "name_exact : nguyen",
        "all_folded:nguyen OR 1",
        'nguyen" OR "tran',
        "NEAR(nguyen van, 2)",
        "nguyen NOT van",
        "'; DROP TABLE documents; --",
        "{name_exact} : x ^ + - * ( )",
    ],
)
def test_an_engines_own_language_is_only_words(index: ComponentIndex, text: str) -> None:
    assert found(index, text) == []
    assert index.count() == 4


def test_every_name_is_found_without_diacritics(make: Make, tmp_path: Path) -> None:
    engine = make(tmp_path)
    engine.create()

    @settings(max_examples=60, deadline=None)
    @given(NAMES, st.integers(min_value=0, max_value=50))
    def check(person: str, number: int) -> None:
        document = paper(number, names=(person,), text=f"Họ và tên: {person}")
        engine.put([document])
        for text in (person, person.upper(), fold(person), fold(person).upper()):
            hits = {h.component_id: h.tier for h in engine.search(Query(text, limit=1000)).hits}
            assert hits[document.component_id] >= Tier.FOLDED_NAME
        exact = {h.component_id: h.tier for h in engine.search(Query(person, limit=1000)).hits}
        assert exact[document.component_id] is Tier.EXACT_NAME

    check()


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from([*'"“”*:^(){}+-/\\', "AND", "duc", "ứ", "\0", "9", " "])).map(
        "".join
    )
)
def test_whatever_is_typed_is_an_answer_or_a_search_error(index: ComponentIndex, text: str) -> None:
    try:
        assert index.search(Query(text)).total >= 0
    except SearchError as error:
        assert error.code in ("QUERY_EMPTY", "QUERY_TOO_LONG")


WORDS = st.sampled_from(
    ["đức", "Đức", "duc", "văn", "79", "079085001234", "079 085", "qđ", "a1", "/"]
)


@pytest.mark.parametrize("name", [name for name in ENGINES if name != "sqlite"])
def test_engines_agree(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    with maker("sqlite", request) as sqlite, maker(name, request) as other:
        _agree([sqlite(tmp_path), other(tmp_path)])


def _agree(engines: list[ComponentIndex]) -> None:
    for engine in engines:
        engine.create()
    texts = st.lists(WORDS, max_size=6).map(" ".join)

    @settings(max_examples=80, deadline=None)
    @given(
        st.lists(st.tuples(st.integers(0, 5), texts, texts, texts, texts), max_size=3),
        st.lists(
            st.sampled_from(["đức", "duc", "văn", "van", "0790", "079", "085", '"', "a"]),
            min_size=1,
            max_size=4,
        ),
    )
    def check(papers: list[tuple[int, str, str, str, str]], words: list[str]) -> None:
        documents = [
            paper(number, names=(name,), numbers=(code,), values=(value,), text=text)
            for number, name, code, value, text in papers
        ]
        answers = []
        for engine in engines:
            engine.put(documents)
            try:
                answers.append(found(engine, " ".join(words)))
            except SearchError as error:
                answers.append([(0, Tier.TEXT)] if error.code == "QUERY_EMPTY" else [])
        assert answers[0] == answers[1]

    check()
