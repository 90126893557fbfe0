"""A store that lets one through stops the line: no new work, and what is in hand is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.crash import Bench, make_bench
from casework.custody.canary import Outcome
from flows.services import Services
from pipeline.errors import ArchiveUnavailable
from pipeline.models.actors import Role
from pipeline.models.batch import BatchState, IngestTerms
from pipeline.ports.custody import Attempt
from tests.fakes.clocks import StillClock
from tests.fakes.probes import MemoryProbe


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return make_bench(tmp_path_factory.mktemp("bench"))


def test_the_line_stops_and_goes_on(bench: Bench, tmp_path: Path) -> None:
    services: Services = bench.services(tmp_path / "home")
    probe = MemoryProbe(StillClock(services.ports.clock.now()))
    services.ports.__dict__["lock_probe"] = probe
    auditor = services.actor("auditor", role=Role.AUDITOR)
    assert services.custody.canary(auditor).ok

    services.batches.take_in(bench.source, IngestTerms(), services.actor())
    (batch_id,) = (r.batch.batch_id for r in services.ports.records.batches())
    probe.lets_through = {("reader", Attempt.DELETE_MARKER)}
    assert services.custody.canary(auditor).outcome is Outcome.LET_THROUGH

    with pytest.raises(ArchiveUnavailable) as refused:
        services.batches.ingest(bench.source, IngestTerms(), services.actor())
    assert refused.value.code == "LINE_STOPPED" and refused.value.exit_code == 5
    assert services.batches.walk(batch_id) is BatchState.PENDING
    problem = services.ports.records.batch(batch_id).problem
    assert problem is not None and problem.code == "LINE_STOPPED"
    assert not list(services.ports.store.list("dossiers/"))
    report = services.audit()
    assert [f.code for f in report.findings if f.failure] == ["CANARY_LET_THROUGH"]
    assert report.canary is not None and report.canary.let_through == ("reader.delete_marker",)

    probe.lets_through = set()
    assert services.custody.canary(auditor, clear="INC-7").ok
    assert services.batches.walk(batch_id) is BatchState.ARCHIVED
    report = services.audit()
    assert report.ok and report.canary is not None
    assert report.canary.outcome is Outcome.HELD and not report.canary.stopped
