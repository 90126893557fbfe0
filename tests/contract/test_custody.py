"""Custody over every store: damage is found and named, and repaired from a second copy."""

from __future__ import annotations

import datetime as dt
import io
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import pytest

from casework.audit import audit
from casework.custody.damage import Damage, State
from casework.custody.fixity import FixityReport, check_fixity
from casework.custody.pace import Pacer
from casework.custody.repair import Repairer
from pipeline.models.actors import Actor, Role
from pipeline.models.files import FileRef
from pipeline.ports.archive import ObjectStore
from pipeline.stages.archiving import raw_index_key, sidecar_key
from storage.folder_store import FolderStore
from storage.minio_client import Client
from storage.minio_store import MinioStore
from storage.object_keys import disk_parts
from storage.records import open_records, sqlite_url
from tests.fakes.archived import Papers, archive_batch, reference
from tests.fakes.buckets import minio_server
from tests.fakes.clocks import StillClock
from tests.fakes.databases import blank_records
from tests.fakes.keepers import Keeper
from tests.fakes.stores import MemoryStore

ACTOR = Actor(id="auditor", role=Role.AUDITOR, unit="DEV")
FIRST = Papers("first")
KEPT = Papers("kept", pages=3, kept_file=True)
StoreT = TypeVar("StoreT", bound=ObjectStore)


class World:
    """An archive with five kinds of objects, a second copy, and hands that do damage."""

    def __init__(self, keeper: Keeper, second: ObjectStore) -> None:
        self.keeper = keeper
        self.second = second
        self.tools = keeper.tools

    def check(self, *, repair: bool = False) -> FixityReport:
        repairer = Repairer(self.tools, self.second, ACTOR) if repair else None
        report = check_fixity(self.tools, ACTOR, pacer=Pacer(None), whole=True, repairer=repairer)
        clock = self.keeper.clock
        assert isinstance(clock, StillClock)
        clock.pass_(dt.timedelta(days=1))
        return report

    def audit_ok(self) -> bool:
        records = self.keeper.records
        ids = {c.component_id for c in records.components()}
        return audit(records, self.keeper.store, lambda: ids).ok

    def keys(self) -> dict[str, str]:
        """A key of every kind."""
        component = self.keeper.records.components()[0]
        code = component.dossier_code
        revision = component.current
        assert revision is not None
        return {
            "object": revision.object_key,
            "sidecar": sidecar_key("DEV", code, component.component_id),
            "manifest": self.keeper.records.manifests("DEV", code)[0].object_key,
            "raw_index": raw_index_key(component.batch_id),
            "raw": f"raw/{component.batch_id}/source/000.pdf",
        }

    # -- hands ------------------------------------------------------------------------------

    def lose(self, key: str) -> None:
        store = self.keeper.store
        if isinstance(store, MemoryStore):
            store.lose(key)
        elif isinstance(store, FolderStore):
            store.root.joinpath(*disk_parts(key)).unlink()
            shutil.rmtree(store.root.joinpath(".versions", *disk_parts(key)))
        else:
            raise AssertionError("a locked version cannot be lost")

    def change(self, key: str, content: bytes = b"other bytes") -> None:
        """Over the bytes where they are; on a server, over what is newest."""
        store = self.keeper.store
        if isinstance(store, MemoryStore):
            stored, _ = store._versions[key][-1]
            store._versions[key][-1] = (stored, content)
        elif isinstance(store, FolderStore):
            path = store.root.joinpath(*disk_parts(key))
            path.chmod(0o644)
            path.write_bytes(content)
            path.chmod(0o444)
        else:
            assert isinstance(store, MinioStore)
            client: Client = store._client
            client.put_object(store._bucket, key, io.BytesIO(content), len(content))

    def content(self, key: str) -> bytes:
        with self.keeper.store.open(key) as stream:
            return stream.read()


def copy_all(source: ObjectStore, target: ObjectStore) -> None:
    for stored in list(source.list("")):
        with source.open(stored.key, stored.version_id) as stream:
            data = stream.read()
        ref = FileRef(sha256=stored.sha256, size=stored.size, media_type="application/pdf")
        target.put(stored.key, ref, io.BytesIO(data), locked=not stored.key.startswith("text/"))


STORES: dict[str, Callable[[pytest.FixtureRequest, Path], tuple[ObjectStore, ObjectStore]]] = {
    "memory": lambda *_: (MemoryStore(), MemoryStore()),
    "folder": lambda _, at: (FolderStore(at / "archive"), FolderStore(at / "second")),
    "minio": lambda request, _: (
        minio_server(request).store(),
        minio_server(request).store(),
    ),
}


@pytest.fixture(scope="module")
def archived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, MemoryStore]:
    """Records and archive that are copied for stores whose version ids are digests."""
    return archive(tmp_path_factory.mktemp("archived") / "records.sqlite", MemoryStore())


def archive(path: Path, store: StoreT) -> tuple[Path, StoreT]:
    records = blank_records(path, StillClock(dt.datetime.now(dt.UTC)))
    for papers in (FIRST, KEPT):
        archive_batch(records, store, papers)
    records.close()
    return path, store


@pytest.fixture(params=STORES)
def world(
    request: pytest.FixtureRequest, tmp_path: Path, archived: tuple[Path, MemoryStore]
) -> Iterator[World]:
    store, second = STORES[request.param](request, tmp_path)
    path = tmp_path / "records.sqlite"
    if request.param == "minio":
        archive(path, store)
    else:
        shutil.copy(archived[0], path)
        copy_all(archived[1], store)
    copy_all(store, second)
    clock = StillClock(dt.datetime.now(dt.UTC))
    records = open_records(sqlite_url(path), clock)
    yield World(Keeper(tmp_path / "home", records, store, clock), second)
    records.close()


def named(report: FixityReport) -> list[tuple[str, str]]:
    return [(d.code, d.object_key) for d in report.damage]


def test_a_sound_archive_is_read_whole(world: World) -> None:
    report = world.check()
    assert report.ok and report.finished and report.share == 1.0 and report.damage == ()
    assert report.objects == 3 * 2 + 2 + 2 * 3  # files and sidecars, manifests, raw
    assert world.check().objects == report.objects


KINDS = ("object", "sidecar", "manifest", "raw_index", "raw")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("world", "harm"),
    [
        ("memory", "lost"),
        ("folder", "lost"),
        ("memory", "changed"),
        ("folder", "changed"),
        ("minio", "changed"),  # a locked version cannot be lost
    ],
    indirect=["world"],
)
def test_damage_is_named_and_repaired(world: World, kind: str, harm: str) -> None:
    key = world.keys()[kind]
    before = world.content(key)
    (world.lose if harm == "lost" else world.change)(key)
    report = world.check()
    locked_version = isinstance(world.keeper.store, MinioStore) and kind in ("object", "manifest")
    code = "OBJECT_REPLACED" if locked_version else f"{kind.upper()}_{harm.upper()}"
    assert (code, key) in named(report) and not report.ok
    assert world.content(key) != before if harm == "changed" else True
    repaired = world.check(repair=True)
    assert repaired.ok, repaired
    assert {d.state for d in repaired.damage} == {State.REPAIRED}
    assert world.content(key) == before
    assert world.check().damage == ()
    assert world.audit_ok()


def test_bytes_that_were_exchanged_are_named_on_both_sides(world: World) -> None:
    one = world.keys()["raw"]
    other = next(o.key for o in world.keeper.store.list(one.replace("source/000.pdf", "page/")))
    contents = [world.content(key) for key in (one, other)]
    world.change(one, contents[1])
    world.change(other, contents[0])
    report = world.check()
    assert {(d.object_key, d.code, d.holds) for d in report.damage} == {
        (one, "OBJECT_SWAPPED", other),
        (other, "OBJECT_SWAPPED", one),
    }
    assert report.open == 2
    assert world.check(repair=True).ok
    assert [world.content(key) for key in (one, other)] == contents


@pytest.mark.parametrize("world", ["memory", "folder"], indirect=True)
def test_a_file_with_anothers_bytes_is_named_so(world: World) -> None:
    keys = [c.revisions[0].object_key for c in world.keeper.records.components()][:2]
    contents = [world.content(key) for key in keys]
    for key, content in zip(keys, reversed(contents), strict=True):
        world.change(key, content)
    found = {d.object_key: d for d in world.check().damage}
    assert {(d.code, d.holds) for d in found.values()} == {
        ("OBJECT_SWAPPED", keys[0]),
        ("OBJECT_SWAPPED", keys[1]),
    }
    assert world.check(repair=True).ok
    assert [world.content(key) for key in keys] == contents


@pytest.mark.parametrize(
    "key",
    ["dossiers/DEV/2026/X/001.0.Z.pdf", "raw/abc/x.pdf", "text/DEV/X/y", "other", "dossiers/x"],
)
def test_what_nobody_knows_is_named_until_it_is_gone(world: World, key: str) -> None:
    data = b"foreign"
    world.keeper.store.put(key, reference(data), io.BytesIO(data), locked=False)
    assert named(world.check()) == [("UNKNOWN_OBJECT", key)]
    assert named(world.check(repair=True)) == [("UNKNOWN_OBJECT", key)]
    if not isinstance(world.keeper.store, MinioStore):
        world.lose(key)
        report = world.check()
        assert [d.state for d in report.damage] == [State.MENDED] and report.ok
        assert world.check().damage == ()


def test_a_copy_that_is_no_better_repairs_nothing(world: World) -> None:
    key = world.keys()["raw"]
    world.change(key)
    worse = MemoryStore()
    data = b"not this either"
    worse.put(key, reference(data), io.BytesIO(data), locked=True)
    world.second = worse
    report = world.check(repair=True)
    if isinstance(world.keeper.store, MinioStore):  # its own version beneath is a copy, too
        assert report.ok
        return
    assert [(d.code, d.state) for d in report.damage] == [("RAW_CHANGED", State.OPEN)]
    assert world.content(key) == b"other bytes"
    assert "archive.repaired" not in [x.event.action for x in world.keeper.records.ledger()]


def test_evidence_stays(world: World) -> None:
    key = world.keys()["raw"]
    world.change(key, b"evidence")
    assert world.check(repair=True).ok
    store = world.keeper.store
    if isinstance(store, FolderStore):
        (aside,) = store.root.joinpath(".damaged", *disk_parts(key)).iterdir()
        assert aside.read_bytes() == b"evidence" and aside.stat().st_mode & 0o222 == 0
        return
    kept = []
    for found, version_id in store.versions(key):
        with store.open(found, version_id) as stream:
            kept.append(stream.read())
    assert b"evidence" in kept


def test_a_restored_file_with_another_version_is_in_a_new_manifest(world: World) -> None:
    """Where the version that records name can be reached no more."""
    component = world.keeper.records.components()[0]
    revision = component.revisions[0]
    change = Damage(
        code="OBJECT_LOST",
        object_key=revision.object_key,
        version_id="lost-for-ever",
        kind="object",
        subject=component.component_id,
        expected=revision.sha256,
    )
    records = world.keeper.records
    records.commit_restored(revision.object_key, "lost-for-ever", [])
    before = len(records.manifests("DEV", component.dossier_code))
    done = Repairer(world.tools, world.second, ACTOR).repair(change)
    assert done.state is State.REPAIRED
    current = records.component(component.component_id).current
    assert current is not None and current.version_id == revision.version_id
    assert len(records.manifests("DEV", component.dossier_code)) == before + 1
    assert world.audit_ok()


@pytest.mark.parametrize("world", ["folder"], indirect=True)
def test_a_file_that_its_drive_does_not_give_is_named_and_repaired(world: World) -> None:
    """The first bytes of a process's own memory cannot be read: EIO, like a rotten sector."""
    store = world.keeper.store
    assert isinstance(store, FolderStore)
    revision = world.keeper.records.components()[0].current
    assert revision is not None
    key = revision.object_key
    content = world.content(key)
    (version,) = store.root.joinpath(".versions", *disk_parts(key)).iterdir()
    version.unlink()
    version.symlink_to("/proc/self/mem")
    ids = {c.component_id for c in world.keeper.records.components()}
    found = audit(world.keeper.records, store, lambda: ids).findings
    assert [(f.code, f.subjects["object_key"]) for f in found] == [("OBJECT_UNREADABLE", key)]
    assert named(world.check()) == [("OBJECT_UNREADABLE", key)]
    repaired = world.check(repair=True)
    assert repaired.ok and {d.state for d in repaired.damage} == {State.REPAIRED}
    assert world.content(key) == content and world.audit_ok()
    assert world.check().damage == ()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("world", ["minio"], indirect=True)
def test_rot_on_a_servers_drive_is_named_and_repaired(
    world: World, kind: str, services_told: Mapping[str, str]
) -> None:
    """A bit of the bytes themselves: the server then says that it is busy."""
    store = world.keeper.store
    assert isinstance(store, MinioStore)
    if "SERVICES_STATE" not in services_told:
        pytest.skip("needs the drive of a server of ours")
    key = world.keys()[kind]
    content = world.content(key)
    drive = Path(services_told["SERVICES_STATE"]) / "minio" / "data" / store._bucket
    (on_drive,) = drive.joinpath(*disk_parts(key)).rglob("xl.meta")
    data = bytearray(on_drive.read_bytes())
    at = data.index(content)  # small objects lie beside what is known of them
    data[at + len(content) // 2] ^= 1
    on_drive.write_bytes(data)
    damage = world.check().damage
    assert [(d.code, d.object_key) for d in damage] == [("OBJECT_UNREADABLE", key)]
    before = len(world.keeper.records.manifests("DEV", "DEV-261122-0001"))
    repaired = world.check(repair=True)
    assert repaired.ok and {d.state for d in repaired.damage} == {State.REPAIRED}
    assert world.content(key) == content
    assert world.check().damage == ()
    after = world.keeper.records.manifests("DEV", "DEV-261122-0001")
    assert len(after) == before + (kind == "object")
    assert world.audit_ok()
