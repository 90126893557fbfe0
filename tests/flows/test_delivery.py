"""What the index is owed reaches it, whatever it makes of a single document."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.progress import Silence
from benchmarks.crash import Bench, Replayer, make_bench
from casework.audit import audit
from casework.delivery import Delivery, deliver
from flows.services import Services
from pipeline.ids import shown
from pipeline.models.batch import BatchState, IngestTerms
from tests.fakes.indexes import MemoryIndex


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return make_bench(tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="module")
def office(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """A home with one archived batch of two papers."""
    services = Services(bench.settings(tmp_path_factory.mktemp("o") / "home"), Silence())
    services.ports.__dict__["engine"] = Replayer(bench.memory)
    (view,) = services.batches.ingest(bench.source, IngestTerms(), services.actor()).views
    assert view.state is BatchState.ARCHIVED
    yield services
    services.ports.records.close()


@pytest.fixture
def ids(office: Services) -> tuple[str, ...]:
    """The components, owed once."""
    records = office.ports.records
    records.delivered([row.row_id for row in records.outbox(1000)])
    found = tuple(c.component_id for c in records.components())
    records.owe(found)
    return found


def test_a_document_that_is_refused_for_good_holds_up_no_other(
    office: Services, ids: tuple[str, ...]
) -> None:
    ports, index = office.ports, MemoryIndex()
    index.refuses.add(ids[0])
    assert deliver(ports, index) == Delivery(delivered=1, refused={ids[0]: "never"})
    assert index.ids() == {ids[1]}
    assert [row.component_id for row in ports.records.outbox()] == [ids[0]]

    refused = deliver(ports, index).refused
    report = audit(ports.records, ports.store, index.ids, refused=refused)
    assert [(f.code, f.subjects) for f in report.findings] == [
        ("INDEX_REFUSED", {"component_id": ids[0], "problem": "never"})
    ]
    assert not report.ok

    index.refuses.clear()
    assert deliver(ports, index) == Delivery(delivered=1)
    assert index.ids() == set(ids)
    assert ports.records.outbox() == ()


def test_a_bounded_delivery_leaves_the_rest_for_the_next(
    office: Services, ids: tuple[str, ...]
) -> None:
    records, index = office.ports.records, MemoryIndex()
    records.owe(ids * 75)
    assert deliver(office.ports, index, most=50).delivered == 100
    assert len(records.outbox(1000)) == 52
    assert deliver(office.ports, index).delivered == 52


def test_a_rebuild_tells_what_the_index_never_takes(
    office: Services, ids: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    index = MemoryIndex()
    index.refuses.add(ids[0])
    monkeypatch.setitem(office.ports.__dict__, "index", index)
    count, faults = office.rebuild_index()
    assert count == 1
    assert [(fault.code, fault.params) for fault in faults] == [
        ("INDEX_REFUSED", {"component": shown(ids[0]), "problem": "never"})
    ]
