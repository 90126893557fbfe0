"""A whole destruction on a real MinIO: by an office's identities, killed after every act."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import io
import multiprocessing
import os
import signal
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO, Final

import pytest

from casework.audit import AuditReport, audit
from casework.delivery import deliver
from casework.destruction import Destruction, carry_out
from casework.retention import ends_at
from pipeline.errors import ArchiveError, ConfigError
from pipeline.models.files import FileRef
from pipeline.models.manifest import DestructionCertificate, Inventory
from pipeline.ports.archive import ObjectStore, StoredObject
from search.sqlite_index import SqliteIndex
from storage.minio_client import Identity
from storage.minio_store import MinioStore
from storage.records import open_records, sqlite_url
from tests.fakes.archived import Papers, archive_batch, source_bytes
from tests.fakes.buckets import Server, minio_server, utc_now
from tests.fakes.keeping import ARCHIVIST, KeepingOffice, keeping_office

CODE: Final = "DEV-261122-0001"
PAPERS: Final = Papers("first")
LASTS: Final = dt.timedelta(seconds=2)
"""A lock of years, here."""
LONGER: Final = dt.timedelta(seconds=30)
"""A lock that still lasts when the first run comes."""
_SIGKILL: Final = -signal.SIGKILL
_MOST_ACTS: Final = 40


class ShortLived(MinioStore):
    """A store that locks for seconds what the law locks for years; holds last as they do."""

    def __init__(self, server: Server, bucket: str, identity: Identity) -> None:
        super().__init__(server.client(identity), bucket, lock_days=1, now=utc_now)
        self._lock = LASTS

    def renew(self, key: str, version_id: str, *, before: dt.datetime, until: dt.datetime) -> bool:
        soon = min(until, utc_now() + LASTS)
        return super().renew(key, version_id, before=soon, until=soon)


class Dying(ShortLived):
    """Kills its process after so many acts that change the bucket."""

    def __init__(self, server: Server, bucket: str, identity: Identity, left: list[int]) -> None:
        super().__init__(server, bucket, identity)
        self._left = left

    def put(self, key: str, ref: FileRef, data: IO[bytes], *, locked: bool) -> StoredObject:
        stored = super().put(key, ref, data, locked=locked)
        self._act()
        return stored

    def remove(self, key: str, version_id: str) -> bool:
        removed = super().remove(key, version_id)
        self._act()
        return removed

    def _act(self) -> None:
        self._left[0] -= 1
        if self._left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)


class World:
    """An archive with two copies, an index, and a dossier whose term is over."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self.bucket = server.bucket()
        self.remover = server.remover(self.bucket)
        self.office: KeepingOffice = keeping_office(folder)
        self.office.store = ShortLived(server, self.bucket, server.writer)
        archive_batch(self.office.records, self.office.store, PAPERS)
        self.index = SqliteIndex(folder / "index.sqlite")
        self.index.create()
        deliver(self.office.tools, self.index)
        self.components = {c.component_id for c in self.office.records.components()}
        self.second = server.store()
        for key, version_id in self.files():
            with self.office.store.open(key, version_id) as stream:
                data = stream.read()
            newest = self.office.store.head(key)
            assert newest is not None
            ref = FileRef(sha256=newest.sha256, size=len(data), media_type="application/pdf")
            self.second.put(key, ref, io.BytesIO(data), locked=False)

    def files(self) -> set[tuple[str, str]]:
        found = {v for p in ("dossiers/", "raw/", "text/") for v in self.office.store.versions(p)}
        return {v for v in found if "/manifest/" not in v[0] and "/destruction/" not in v[0]}

    def end_term(self) -> None:
        self.office.transfer()
        term = self.office.dossier().keeping.term
        assert term is not None
        over = ends_at(term)
        assert over is not None
        self.office.clock.moment = over + dt.timedelta(hours=1)
        self.office.approved()

    def run(self, second: ObjectStore | None = None) -> Destruction:
        store = ShortLived(self.server, self.bucket, self.remover)
        dossier = self.office.dossier()
        return carry_out(self.office.tools, store, dossier, ARCHIVIST, second=second)

    def run_until(self, acts: int) -> int:
        """In a process of its own, which is killed after so many acts; how it ended."""
        process = multiprocessing.get_context("fork").Process(target=self._child, args=(acts,))
        process.start()
        process.join(120)
        assert process.exitcode is not None
        return process.exitcode

    def _child(self, acts: int) -> None:
        left = [acts]
        (path,) = self.folder.glob("[0-9a-f]*.sqlite")
        records = open_records(sqlite_url(path), self.office.clock)
        office = dataclasses.replace(self.office, records=records)
        office.store = Dying(self.server, self.bucket, self.server.writer, left)
        remover = Dying(self.server, self.bucket, self.remover, left)
        carry_out(office.tools, remover, office.dossier(), ARCHIVIST)

    def audit(self, *, indexed: Collection[str], second: ObjectStore | None = None) -> AuditReport:
        return audit(self.office.records, self.office.store, lambda: indexed, second=second)

    def document(self, name: str) -> bytes:
        key = f"dossiers/DEV/2026/{CODE}/destruction/{name}.json"
        with self.office.store.open(key) as stream:
            return stream.read()


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    made = World(minio_server(request), tmp_path)
    yield made
    made.office.records.close()


def codes(report: AuditReport) -> set[str]:
    return {f.code for f in report.findings}


def test_a_dossier_is_destroyed_by_two_and_nothing_of_it_is_left(world: World) -> None:
    before = world.files()
    assert len(before) >= 5 and set(world.index.ids()) == world.components
    world.end_term()
    locked = next(v for v in sorted(before) if v[0].startswith("raw/"))
    until = utc_now() + LONGER
    MinioStore.renew(world.office.store, *locked, before=until, until=until)  # type: ignore[arg-type]

    assert world.run_until(0) == _SIGKILL
    assert world.files() == before  # the inventory comes first
    inventory = Inventory.model_validate_json(world.document("inventory"))
    assert {(o.object_key, o.version_id) for o in inventory.objects} == before

    early = world.run()
    assert not early.done and early.left >= 1 and early.not_before is not None
    assert locked in world.files()
    remover = ShortLived(world.server, world.bucket, world.remover)
    with pytest.raises(ArchiveError):
        remover._now = lambda: until + dt.timedelta(days=1)  # whatever our own clock says
        remover.remove(*locked)
    with pytest.raises(ConfigError):
        remover.put("text/DEV/x", *_content(b"no right to put"), locked=False)
    assert codes(world.audit(indexed=())) == {"UNFINISHED_DESTRUCTION"}
    deliver(world.office.tools, world.index)
    assert not set(world.index.ids())  # nobody finds it from the first run on

    while utc_now() <= until + LASTS:
        world.office.store.head(locked[0])
    for acts in range(_MOST_ACTS):
        ended = world.run_until(acts)
        report = world.audit(indexed=())
        assert report.ok, report.findings
        if ended == 0:
            break
        assert ended == _SIGKILL
    else:
        raise AssertionError("no end")
    assert acts >= 3  # a file, the certificate, its manifest
    assert world.office.dossier().keeping.destroyed and world.files() == set()

    markers = world.server.client().list_objects(world.bucket, recursive=True, include_version=True)
    left = [str(o.object_name) for o in markers]
    assert left and all("/manifest/" in n or "/destruction/" in n for n in left)
    certificate = DestructionCertificate.model_validate_json(world.document("certificate"))
    assert certificate.objects == len(before)
    assert certificate.proposed_by.id != certificate.approved_by.id and certificate.decision
    assert {c.component_id for c in world.office.records.components()} == world.components

    told = world.run(world.second)
    assert told.done and not told.over and told.elsewhere == len(before)
    report = world.audit(indexed=(), second=world.second)
    assert codes(report) == {"DESTROYED_IN_SECOND"} and report.failures == len(before)
    for place in ("dossiers/", "raw/", "text/"):
        for key, version_id in list(world.second.versions(place)):
            world.server.client().remove_object(world.second._bucket, key, version_id=version_id)
    assert world.run(world.second).over
    assert codes(world.audit(indexed=(), second=world.second)) == set()
    written = [p.read_bytes() for p in world.folder.rglob("*") if p.is_file()]
    assert not [data for data in written if source_bytes(PAPERS) in data]


def _content(data: bytes) -> tuple[FileRef, io.BytesIO]:
    sha256 = hashlib.sha256(data).hexdigest()
    return FileRef(sha256=sha256, size=len(data), media_type="a/b"), io.BytesIO(data)
