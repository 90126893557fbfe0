"""A host is lost in the middle of a batch; another, with an empty home, takes it to the end.

They share records, archive and the backing of their workspaces, and nothing else.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.progress import Silence
from benchmarks.crash import Bench, Replayer, findings, make_bench, once_each
from casework.clearing import clear_shared
from flows.services import Services
from pipeline.errors import ArchiveUnavailable
from pipeline.models.batch import BatchState, IngestTerms
from pipeline.run import steps
from pipeline.run.steps import STEPS, Step
from pipeline.run.work import Work
from pipeline.settings import (
    ArchiveSettings,
    DatabaseSettings,
    OcrSettings,
    SearchSettings,
    Settings,
)
from pipeline.sharing import Backing
from pipeline.workspace import Workspace
from tests.fakes.backings import MemoryBacking, WatchedBacking


class Lost(BaseException):
    """The host is gone."""


@dataclass(frozen=True)
class Office:
    """What the hosts share."""

    bench: Bench
    folder: Path
    memory: MemoryBacking

    def host(self, name: str, backing: Backing | None = None) -> Services:
        settings = Settings(
            home=self.folder / name,
            ocr=OcrSettings(workers=1),
            archive=ArchiveSettings(url=f"file:{self.folder / 'archive'}"),
            database=DatabaseSettings(url=f"sqlite:{self.folder / 'records.sqlite'}"),
            search=SearchSettings(url=f"sqlite:{self.folder / 'index.sqlite'}"),
        )
        services = Services(settings, Silence())
        ports = services.ports
        ports.__dict__["engine"] = Replayer(self.bench.memory)
        ports.__dict__["workspace"] = Workspace(ports.home / "work", backing or self.memory)
        return services

    def lose(self, name: str) -> None:
        shutil.rmtree(self.folder / name)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return make_bench(tmp_path_factory.mktemp("bench"))


@pytest.fixture
def office(bench: Bench, tmp_path: Path) -> Callable[[str], Office]:
    def made(name: str) -> Office:
        folder = tmp_path / name
        folder.mkdir()
        return Office(bench, folder, MemoryBacking())

    return made


@pytest.fixture
def dying_after(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str | None], None]]:
    def die(name: str | None) -> None:
        def run(step: Step) -> Callable[[Work], bool | None]:
            def wrapped(work: Work) -> bool | None:
                step.run(work)
                raise Lost

            return wrapped if step.name == name else step.run

        monkeypatch.setattr(steps, "STEPS", tuple(Step(s.name, run(s)) for s in STEPS))

    yield die


def signed(services: Services) -> dict[str, str]:
    """Digest of every component that has final bytes."""
    return {
        c.component_id: c.current.sha256
        for record in services.ports.records.batches()
        for c in services.ports.records.components(batch_id=record.batch.batch_id)
        if c.current is not None
    }


def go_on(office: Office, name: str) -> list[str]:
    """Another host resumes everything; what is wrong then."""
    services = office.host(name)
    for record in list(services.ports.records.batches()):
        services.batches.resume(record.batch.batch_id)
    wrong = findings(services)
    clear_shared(services.ports, dt.timedelta(0))
    if shelves := [n for n in office.memory.files if n.startswith("batches/")]:
        wrong.append(f"left on the shelf: {shelves}")
    return wrong


@pytest.mark.timeout(900)
def test_a_host_lost_after_any_step_is_replaced(
    office: Callable[[str], Office], dying_after: Callable[[str | None], None]
) -> None:
    problems: dict[str, list[str]] = {}
    for step in STEPS:
        shared = office(step.name)
        dying_after(step.name)
        with pytest.raises(Lost):
            shared.bench.ingest(shared.host("one"))
        before = signed(shared.host("one"))
        shared.lose("one")
        dying_after(None)
        problems[step.name] = go_on(shared, "two")
        after = signed(shared.host("two"))
        if len(after) != 2 or not before.items() <= after.items():
            problems[step.name].append(f"signed {before} became {after}")
    assert {name: wrong for name, wrong in problems.items() if wrong} == {}


@pytest.mark.timeout(900)
def test_a_host_lost_at_any_moment_of_sharing_is_replaced(
    office: Callable[[str], Office],
) -> None:
    labels: list[str] = []
    whole = office("whole")
    whole.bench.ingest(whole.host("one", WatchedBacking(whole.memory, labels.append)))
    assert {"put blobs before", "put stages/split before", "delete before"} <= set(labels)
    assert not [name for name in whole.memory.files if name.startswith("batches/")]
    problems: dict[str, list[str]] = {}
    for moment in once_each(labels):
        if labels[moment - 1].endswith("after"):  # nothing happens until the next one
            continue
        shared = office(str(moment))
        count = 0

        def tick(_: str, moment: int = moment) -> None:
            nonlocal count
            count += 1
            if count == moment:
                raise Lost

        with pytest.raises(Lost):
            shared.bench.ingest(shared.host("one", WatchedBacking(shared.memory, tick)))
        before = signed(shared.host("one"))
        shared.lose("one")
        registered = any(True for _ in shared.host("two").ports.records.batches())
        if not registered:  # the paper was never taken: it is handed in again
            shared.bench.ingest(shared.host("two"))
        wrong = go_on(shared, "two")
        if not before.items() <= signed(shared.host("two")).items():
            wrong.append("signed twice")
        problems[labels[moment - 1]] = wrong
    assert {label: wrong for label, wrong in problems.items() if wrong} == {}


def test_what_hosts_share_may_be_away_for_a_while(office: Callable[[str], Office]) -> None:
    shared = office("away")
    backing = WatchedBacking(shared.memory)

    def tick(label: str) -> None:
        if label == "put stages/text after":
            backing.down = True

    backing.tick = tick
    one = shared.host("one", backing)
    one.batches.ingest(shared.bench.source, IngestTerms(), one.actor())
    record = next(one.ports.records.batches())
    assert record.state is BatchState.PENDING
    assert record.problem is not None
    assert (record.problem.code, record.problem.exit_code) == ("ARCHIVE_UNAVAILABLE", 5)
    backing.tick = lambda _: None
    backing.down = False
    assert go_on(shared, "one") == []


def test_paper_is_not_taken_in_where_it_could_not_be_shared(
    office: Callable[[str], Office],
) -> None:
    shared = office("down")
    backing = WatchedBacking(shared.memory)
    backing.down = True
    one = shared.host("one", backing)
    with pytest.raises(ArchiveUnavailable):
        shared.bench.ingest(one)
    assert list(one.ports.records.batches()) == []
