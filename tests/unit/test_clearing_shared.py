"""What hosts share is cleared when nobody needs it, and not before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from casework.clearing import NOTE, clear, clear_shared, note_here
from flows.host import Unwatched
from flows.wiring import Ports
from pipeline.models.base import Model
from pipeline.models.batch import BatchState
from pipeline.run.work import Tools
from pipeline.settings import Settings
from pipeline.workspace import Workspace
from storage.records import SqlRecords
from tests.fakes.archived import (
    START,
    Papers,
    archive_batch,
    sidecar_bytes,
    source_bytes,
    start_batch,
)
from tests.fakes.backings import MemoryBacking
from tests.fakes.claims import MemoryClaims
from tests.fakes.clocks import StillClock
from tests.fakes.databases import blank_records
from tests.fakes.stores import MemoryStore

GRACE = dt.timedelta(hours=24)
UNKNOWN = "f" * 64


class Note(Model):
    pass


@dataclass
class Host:
    records: SqlRecords
    workspace: Workspace
    clock: StillClock
    memory: MemoryBacking
    claims: MemoryClaims = field(default_factory=MemoryClaims)

    def fill(self, batch_id: str) -> None:
        self.workspace.of(batch_id).put(b"a page", "image/jpeg")

    def clear(self) -> int:
        return clear_shared(cast("Tools", self), GRACE)

    def shelves(self) -> set[str]:
        return set(self.memory.folders("batches/"))


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    clock, memory = StillClock(START), MemoryBacking()
    memory.now = clock.now
    records = blank_records(tmp_path / "records.sqlite", clock)
    yield Host(records, Workspace(tmp_path / "work", memory), clock, memory)
    records.close()


def test_only_shelves_of_finished_batches_go_and_only_after_the_grace(host: Host) -> None:
    done = archive_batch(host.records, MemoryStore(), Papers("done")).batch_id
    open_ = start_batch(host.records, MemoryStore(), Papers("open")).batch_id
    for batch_id in (done, open_):
        host.fill(batch_id)
    host.memory.files["quarantine/abc"] = b"refused"
    host.clock.pass_(GRACE - dt.timedelta(seconds=1))
    assert host.clear() == 0
    host.clock.pass_(dt.timedelta(seconds=1))
    assert host.clear() == 1
    assert host.shelves() == {open_}
    assert "quarantine/abc" in host.memory.files
    host.clock.pass_(dt.timedelta(days=900))
    assert host.clear() == 0
    assert host.shelves() == {open_}


def test_a_sidecar_that_may_not_have_been_put_stays(host: Host) -> None:
    done = archive_batch(host.records, MemoryStore(), Papers("done")).batch_id
    host.workspace.of(done).put(sidecar_bytes(Papers("done"), (0,)), "application/gzip")
    host.clock.pass_(GRACE)
    assert host.clear() == 0
    host.records.delivered([row.row_id for row in host.records.outbox()])
    assert host.clear() == 1


def test_papers_that_the_records_do_not_know_stay_once_they_were_received(host: Host) -> None:
    host.fill(UNKNOWN)
    host.workspace.of("e" * 64).publish(NOTE, "e" * 64, Note())
    host.clock.pass_(GRACE)
    assert host.clear() == 1
    assert host.shelves() == {"e" * 64}


def test_a_batch_that_is_let_go_on_meanwhile_keeps_its_shelf(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = start_batch(host.records, MemoryStore(), Papers("again")).batch_id
    host.records.set_state(batch, BatchState.QUARANTINED, [])
    host.fill(batch)
    host.clock.pass_(GRACE)
    folders = host.memory.folders

    def slowly(prefix: str) -> Iterator[str]:
        host.records.set_state(batch, BatchState.PENDING, [])
        return folders(prefix)

    monkeypatch.setattr(host.memory, "folders", slowly)
    assert host.clear() == 0
    assert host.shelves() == {batch}


def test_a_batch_that_somebody_works_on_keeps_its_shelf(host: Host) -> None:
    done = archive_batch(host.records, MemoryStore(), Papers("done")).batch_id
    host.fill(done)
    host.clock.pass_(GRACE)
    with host.claims.claim(done):
        assert host.clear() == 0
    assert host.clear() == 1


def test_where_nothing_is_shared_nothing_is_cleared(host: Host, tmp_path: Path) -> None:
    host.workspace = Workspace(tmp_path)
    assert host.clear() == 0


class OneByOne:
    """Records that may be asked for a batch, and not for all of the office."""

    def __init__(self, records: SqlRecords) -> None:
        self._records = records

    def __getattr__(self, name: str) -> object:
        assert name != "batches", "all unfinished batches of the office were asked for"
        return getattr(self._records, name)


def home_of(host: Host, records: object) -> Ports:
    """The ports of a home over these records and this workspace."""
    ports = Ports(Settings(home=host.workspace.root.parent / "home"), Unwatched())
    ports.__dict__.update(workspace=host.workspace, records=records)
    return ports


def test_a_sweep_looks_at_what_this_home_holds(host: Host) -> None:
    elsewhere, mine, done = (
        make(host.records, MemoryStore(), Papers(name))
        for make, name in ((start_batch, "a"), (start_batch, "b"), (archive_batch, "c"))
    )
    tools = home_of(host, OneByOne(host.records))
    for batch in (mine, done):
        note_here(tools, batch)
    sources = {}
    for batch, name in ((elsewhere, "a"), (mine, "b"), (done, "c")):
        sources[name] = host.workspace.put(source_bytes(Papers(name)), "application/pdf").sha256
        assert sources[name] == batch.sources[0].file.sha256
    clear(tools)
    assert [host.workspace.has(sources[name]) for name in "abc"] == [False, True, False]
    clear(tools)
    assert host.workspace.has(sources["b"]), "the note of it was swept away"


def test_where_nothing_is_shared_every_unfinished_batch_is_kept(host: Host, tmp_path: Path) -> None:
    host.workspace = Workspace(tmp_path / "alone")
    open_ = start_batch(host.records, MemoryStore(), Papers("a"))
    sha256 = host.workspace.put(source_bytes(Papers("a")), "application/pdf").sha256
    stray = host.workspace.put(b"stray", "application/pdf").sha256
    clear(home_of(host, host.records))
    assert open_.sources[0].file.sha256 == sha256
    assert (host.workspace.has(sha256), host.workspace.has(stray)) == (True, False)
