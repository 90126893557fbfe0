"""Two processes walk one batch with no claim between them: everything is archived once.

A claim spares double work. When one is lost and taken over while its holder still lives, this is
what happens for a while.
"""

from __future__ import annotations

import contextlib
import multiprocessing
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.crash import Bench, make_bench
from casework import reception
from flows.services import Services
from pipeline.errors import ArchiveUnavailable
from pipeline.models.batch import BatchState, IngestTerms
from pipeline.run.steps import STEPS, advance
from pipeline.run.work import Work
from storage.ledger import verify_chain
from tests.fakes.claims import MemoryClaims

WALKERS = 2


class NoClaims:
    """Port `Claims` that claims nothing."""

    @contextlib.contextmanager
    def claim(self, name: str, *, wait: bool = False) -> Iterator[None]:
        yield

    def held(self, name: str) -> bool:
        return False

    def check(self, name: str) -> None:
        pass


class Fragile(MemoryClaims):
    """Claims that are lost at the n-th look."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self._left = at

    def check(self, name: str) -> None:
        self._left -= 1
        if self._left == 0:
            self.lose(name)
        super().check(name)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return make_bench(tmp_path_factory.mktemp("bench"))


def unclaimed(bench: Bench, home: Path) -> Services:
    services = bench.services(home)
    services.ports.__dict__["claims"] = NoClaims()
    return services


def registered(bench: Bench, home: Path) -> str:
    services = unclaimed(bench, home)
    ports = services.ports
    ports.ensure_index()
    _ = ports.signers  # the development keys are made once, by whoever comes first
    desk = reception.Desk(
        workspace=ports.workspace,
        records=ports.records,
        claims=ports.claims,
        reader=ports.reader,
        clock=ports.clock,
        limits=ports.settings.intake,
        catalogue=ports.catalogue,
    )
    received = reception.receive(bench.source, IngestTerms(), services.actor(), desk)
    assert isinstance(received, reception.Received)
    ports.records.close()
    return received.record.batch.batch_id


def walk(bench: Bench, home: Path, batch_id: str, together: Any) -> None:
    """All steps, each begun by both at once; the archive lets a third find nothing to do."""
    services = unclaimed(bench, home)
    ports = services.ports
    work = Work(tools=ports, batch=ports.records.batch(batch_id).batch)
    with ports.workspace.working():
        for step in STEPS:
            together.wait(120)
            assert not step.run(work), step.name
        assert advance(ports, batch_id) is BatchState.ARCHIVED
        services.batches.settle()
    ports.records.close()


@pytest.mark.timeout(600)
def test_two_walkers_archive_a_batch_once(bench: Bench, tmp_path: Path) -> None:
    home = tmp_path / "home"
    batch_id = registered(bench, home)
    context = multiprocessing.get_context("fork")
    together = context.Barrier(WALKERS)
    walkers = [
        context.Process(target=walk, args=(bench, home, batch_id, together), daemon=True)
        for _ in range(WALKERS)
    ]
    for walker in walkers:
        walker.start()
    for walker in walkers:
        walker.join(300)
    assert [walker.exitcode for walker in walkers] == [0] * WALKERS

    services = bench.services(home)
    report = services.audit()
    assert report.ok, report
    records, store = services.ports.records, services.ports.store
    assert records.batch(batch_id).state is BatchState.ARCHIVED
    assert records.outbox() == ()
    (placed,) = records.batch_dossiers(batch_id)
    components = records.components(batch_id=batch_id)
    assert sum(len(c.pages) for c in components) == placed.counts.kept
    (manifest,) = records.manifests(placed.dossier.unit, placed.dossier.code)
    links = list(records.ledger())
    assert verify_chain(links) is None
    actions = Counter(link.event.action for link in links)
    assert actions["component.signed"] == actions["component.archived"] == len(components)
    assert actions["batch.archived"] == actions["manifest.written"] == 1
    expected = {manifest.object_key: manifest.sha256}
    expected |= {c.current.object_key: c.current.sha256 for c in components if c.current}
    found = {stored.key: stored.sha256 for stored in store.list("dossiers/")}
    assert found == expected
    versions = home / "archive" / ".versions"
    doubled = [
        folder
        for key in (*found, *(stored.key for stored in store.list("raw/")))
        if len(list((folder := versions / key).iterdir())) != 1
    ]
    assert doubled == []
    records.close()


@pytest.mark.timeout(600)
def test_who_lost_the_claim_stops_and_says_nothing_of_the_batch(
    bench: Bench, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    batch_id = registered(bench, home)
    services = bench.services(home)
    records = services.ports.records
    services.ports.__dict__["claims"] = Fragile(at=4)
    with pytest.raises(ArchiveUnavailable) as lost:
        services.batches.resume(batch_id)
    assert (lost.value.code, lost.value.retryable) == ("CLAIM_LOST", True)
    record = records.batch(batch_id)
    assert (record.state, record.problem) == (BatchState.PENDING, None)
    assert records.components(batch_id=batch_id) == ()
    (view,) = services.batches.resume(batch_id)
    assert view.state is BatchState.ARCHIVED
    records.close()
