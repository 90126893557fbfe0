"""A host is lost in the middle of a batch; another, with an empty home, takes it to the end.

They share records, archive and the backing of their workspaces, and nothing else.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

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
from tests.fakes.buckets import Server, minio_server
from tests.fakes.fault_proxy import FaultProxy


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


# -- on MinIO ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class MinioOffice:
    """Hosts that share a database file and a MinIO server, by way of a proxy that may fail."""

    bench: Bench
    folder: Path
    server: Server
    proxy: FaultProxy
    bucket: str
    work: str

    def host(self, name: str) -> Services:
        settings = Settings(
            home=self.folder / name,
            ocr=OcrSettings(workers=1),
            archive=ArchiveSettings(
                url=f"s3:http://{self.proxy.address}/{self.bucket}",
                access_key=self.server.writer.access_key,
                secret_key=SecretStr(self.server.writer.secret_key),
                reader_access_key=self.server.reader.access_key,
                reader_secret_key=SecretStr(self.server.reader.secret_key),
                work_bucket=self.work,
                timeout_seconds=5.0,
            ),
            database=DatabaseSettings(url=f"sqlite:{self.folder / 'records.sqlite'}"),
            search=SearchSettings(url=f"sqlite:{self.folder / 'index.sqlite'}"),
        )
        services = Services(settings, Silence())
        services.ports.__dict__["engine"] = Replayer(self.bench.memory)
        return services

    def objects(self, bucket: str) -> list[tuple[str, str]]:
        found = self.server.client().list_objects(bucket, recursive=True, include_version=True)
        return [(str(o.object_name), str(o.version_id)) for o in found]


@pytest.fixture
def minio_office(
    bench: Bench, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[MinioOffice]:
    server = minio_server(request)
    host, _, port = server.endpoint.rpartition(":")
    with FaultProxy(host, int(port)) as proxy:
        work = server.bucket("sohoa-work", locked=False)
        yield MinioOffice(bench, tmp_path, server, proxy, server.bucket(), work)


def test_on_minio_a_lost_host_is_replaced_and_everything_is_locked(
    minio_office: MinioOffice, dying_after: Callable[[str | None], None]
) -> None:
    office = minio_office
    dying_after("signing")
    with pytest.raises(Lost):
        office.bench.ingest(office.host("one"))
    before = signed(office.host("one"))
    shutil.rmtree(office.folder / "one")
    dying_after(None)
    two = office.host("two")
    record = next(two.ports.records.batches())
    two.batches.resume(record.batch.batch_id)
    assert len(before) == 2
    assert signed(two) == before
    assert findings(two) == []
    assert office.objects(office.work) == []
    root = office.server.client()
    for name, version_id in office.objects(office.bucket):
        lock = root.get_object_retention(office.bucket, name, version_id=version_id)
        assert (lock is None) == name.startswith("text/")
    views = two.show(
        two.ports.records.batch_dossiers(record.batch.batch_id)[0].dossier.code, two.actor()
    )
    component = views[0].components[0]
    code = views[0].dossier.code if views[0].dossier else ""
    sha256, stream = two.get(code, component.component_id, two.actor())
    with stream:
        assert hashlib.sha256(stream.read()).hexdigest() == sha256
    assert [v.fixity for v in two.verify(code, (), two.actor())] == ["ok", "ok"]


def test_on_minio_work_waits_while_it_is_down(
    minio_office: MinioOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = minio_office

    def down_after(name: str) -> None:
        def run(step: Step) -> Callable[[Work], bool | None]:
            def wrapped(work: Work) -> bool | None:
                held = step.run(work)
                office.proxy.down()
                return held

            return wrapped if step.name == name else step.run

        monkeypatch.setattr(steps, "STEPS", tuple(Step(s.name, run(s)) for s in STEPS))

    down_after("coding")
    one = office.host("one")
    office.bench.ingest(one)
    record = next(one.ports.records.batches())
    assert record.state is BatchState.PENDING
    assert record.problem is not None
    assert (record.problem.code, record.problem.exit_code) == ("ARCHIVE_UNAVAILABLE", 5)
    assert office.objects(office.bucket) == []
    before = signed(one)
    monkeypatch.undo()
    office.proxy.up()
    office.proxy.lose_answer(to=b"PUT /sohoa-archive", times=3)
    shutil.rmtree(office.folder / "one")
    two = office.host("two")
    two.batches.resume(record.batch.batch_id)
    assert office.proxy.hits == 3
    assert signed(two) == before
    assert findings(two) == []
    names = [name for name, _ in office.objects(office.bucket)]
    assert len(names) == len(set(names))
