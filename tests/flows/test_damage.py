"""Bytes that change or vanish under a batch in work: never archived as if nothing had happened."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.crash import Bench, findings, make_bench
from casework.reporting import DossierView
from flows.services import Services
from pipeline.models.batch import BatchState, IngestTerms
from pipeline.models.review import Answer, AnswerKind
from pipeline.run.work import Work

Damage = Callable[[Path], None]


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x55
    path.write_bytes(data)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return make_bench(tmp_path_factory.mktemp("bench"))


@pytest.fixture
def folder(bench: Bench, tmp_path: Path) -> Path:
    """A source that is held: one of its files cannot be read."""
    folder = tmp_path / "ho-so"
    folder.mkdir()
    shutil.copy(bench.source, folder / "1.pdf")
    (folder / "2.pdf").write_bytes(b"")
    return folder


def _ingest(services: Services, source: Path) -> DossierView:
    (view,) = services.batches.ingest(source, IngestTerms(), services.actor()).views
    return view


def _accept(services: Services) -> DossierView:
    (question,) = [r for r in services.reviews() if r.item.blocking]
    at = services.ports.clock.now()
    outcome = services.batches.resolve(
        question.item.review_id,
        Answer(kind=AnswerKind.ACCEPT, actor="dev", at=at),
        services.actor(),
    )
    assert outcome is not None
    return outcome.views[0]


def _blob(services: Services, sha256: str) -> Path:
    return services.ports.home / "work" / "blobs" / sha256[:2] / sha256


def _work(services: Services) -> Work:
    (record,) = services.ports.records.batches()
    return Work(tools=services.ports, batch=record.batch)


@pytest.mark.parametrize("damage", [_flip, Path.unlink])
def test_a_damaged_page_is_taken_out_of_its_source_anew(
    bench: Bench, folder: Path, tmp_path: Path, damage: Damage
) -> None:
    services = bench.services(tmp_path / "home")
    _ingest(services, folder)
    page = _work(services).pages()[1].file
    whole = _blob(services, page.sha256).read_bytes()
    damage(_blob(services, page.sha256))
    done = _accept(services)
    assert done.state is BatchState.ARCHIVED
    component = services.ports.records.component(done.components[1].component_id)
    assert component.current is not None
    with services.ports.store.open(component.current.object_key) as stream:
        assert whole in stream.read()


@pytest.mark.parametrize("damage", [_flip, Path.unlink])
def test_a_damaged_source_waits_until_it_is_handed_in_again(
    bench: Bench, folder: Path, tmp_path: Path, damage: Damage
) -> None:
    services = bench.services(tmp_path / "home")
    _ingest(services, folder)
    damage(_blob(services, _work(services).batch.sources[0].file.sha256))
    waiting = _accept(services)
    assert waiting.state is BatchState.PENDING
    assert not list(services.ports.store.list("dossiers/"))
    assert _ingest(services, folder).state is BatchState.ARCHIVED
    assert findings(services) == []
