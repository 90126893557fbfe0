"""`casework.custody`: pace, plan, going on after a kill, and any damage in any order."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import shutil
import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from casework.custody.damage import State
from casework.custody.fixity import FixityReport, check_fixity
from casework.custody.pace import Pacer
from casework.custody.plan import Sweep, due_seq, last_sweep
from casework.custody.repair import Repairer
from casework.custody.sweep import Cadence
from pipeline.errors import ArchiveUnavailable
from pipeline.models.actors import Actor, Role
from pipeline.ports.archive import Immutability, ObjectStore
from storage.fixity import read_digest
from storage.records import SqlRecords, open_records, sqlite_url
from tests.fakes.archived import START, Papers, archive_batch, reference
from tests.fakes.clocks import StillClock
from tests.fakes.databases import blank_records
from tests.fakes.keepers import Keeper
from tests.fakes.keeping import keeping_office
from tests.fakes.stores import FaultyStore, MemoryStore

ACTOR = Actor(id="system", role=Role.SYSTEM, unit="DEV")
OFTEN = Cadence(objects=2, bytes=10**9)
DAY = dt.timedelta(days=1)


class Killed(BaseException):
    """The process is no more."""


class BadBlocks(io.BytesIO):
    """An object that opens, and whose drive does not give its bytes."""

    def read(self, size: int | None = -1) -> bytes:
        raise ArchiveUnavailable


class Watched(FaultyStore):
    """Notes what is read, and dies, or breaks off, after so many reads."""

    def __init__(self, inner: ObjectStore) -> None:
        super().__init__(inner)
        self.read: list[str] = []
        self.left: int | None = None
        self.unreadable: set[str] = set()
        self.failing: set[str] = set()

    def open(self, key: str, version_id: str | None = None) -> IO[bytes]:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise Killed
        self.read.append(key)
        if key in self.unreadable:
            raise ArchiveUnavailable
        if key in self.failing:
            return BadBlocks()
        return super().open(key, version_id)


@pytest.fixture(scope="module")
def archived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, MemoryStore]:
    path, store = tmp_path_factory.mktemp("archived") / "records.sqlite", MemoryStore()
    records = blank_records(path, StillClock(START))
    for papers in (Papers("a"), Papers("b", pages=3, kept_file=True)):
        archive_batch(records, store, papers)
    records.close()
    return path, store


class World:
    def __init__(self, archived: tuple[Path, MemoryStore], folder: Path) -> None:
        self.inner = archived[1].copy()
        self.store = Watched(self.inner)
        self.clock = StillClock(START)
        path = Path(shutil.copy(archived[0], folder / "records.sqlite"))
        self.records: SqlRecords = open_records(sqlite_url(path), self.clock)
        self.tools = Keeper(folder, self.records, self.store, self.clock).tools
        self.second = archived[1].copy()

    def check(self, *, whole: bool = True, repair: bool = False) -> FixityReport:
        repairer = Repairer(self.tools, self.second, ACTOR) if repair else None
        return check_fixity(
            self.tools, ACTOR, pacer=Pacer(None), whole=whole, repairer=repairer, cadence=OFTEN
        )


@pytest.fixture
def world(archived: tuple[Path, MemoryStore], tmp_path: Path) -> Iterator[World]:
    made = World(archived, tmp_path)
    yield made
    made.records.close()


# -- pace -----------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.integers(1, 10**7), st.floats(0, 3)), min_size=1, max_size=40),
    st.integers(1000, 10**8),
)
def test_reading_is_never_faster_than_allowed(steps: list[tuple[int, float]], rate: int) -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    pacer = Pacer(rate, clock=lambda: now[0], sleep=sleep)
    for size, other_work in steps:
        before = now[0]
        pacer.read(size)
        assert now[0] - before >= size / rate * 0.999 - 1e-9
        now[0] += other_work


def test_without_a_rate_nobody_waits() -> None:
    def never(_: float) -> None:
        raise AssertionError

    Pacer(None, sleep=never).read(10**12)


# -- plan -----------------------------------------------------------------------------------


@given(st.integers(0, 10**7), st.integers(1, 400), st.integers(0, 500))
def test_everything_is_due_within_the_days(until: int, days: int, passed: int) -> None:
    sweep = Sweep(started_at=START, until_seq=until, open_from=0)
    due = due_seq(sweep, START + passed * DAY, days)
    assert 0 <= due <= until
    assert due >= until * min(1.0, (passed + 1) / days) - 1e-6
    assert passed + 1 < days or due == until
    if days > 1 and passed + 1 < days:
        assert due <= until * (passed + 1) / days + 1


def test_a_sweep_is_read_back_from_its_event() -> None:
    sweep = Sweep(started_at=START, until_seq=9, open_from=3, seq=4, key="a/b", objects=5, bytes=6)

    class Log:
        def newest_event(self, _: object) -> object:
            return sweep.event(ACTOR, START)

    assert last_sweep(Log()) == sweep  # type: ignore[arg-type]


def test_a_share_a_day_reads_all_once(world: World) -> None:
    days = world.tools.settings.fixity.days
    shares = list[int]()
    while True:
        report = world.check(whole=False)
        shares.append(report.objects)
        world.clock.pass_(DAY)
        if report.finished:
            break
    assert report.share == 1.0 and days / 2 < len(shares) <= days
    everything = World.check(world).objects
    assert sum(shares) == everything
    assert max(shares) < everything


def test_days_that_were_missed_are_made_up_for(world: World) -> None:
    world.check(whole=False)
    world.clock.pass_(world.tools.settings.fixity.days * DAY)
    assert world.check(whole=False).finished


# -- kills and silence ----------------------------------------------------------------------


def test_a_killed_sweep_goes_on_and_forgets_nothing(
    archived: tuple[Path, MemoryStore], tmp_path: Path
) -> None:
    (tmp_path / "whole").mkdir()
    reference_world = World(archived, tmp_path / "whole")
    rotten = [o.key for o in reference_world.inner.list("") if o.key.endswith((".pdf", ".gz"))]
    for key in rotten:
        reference_world.inner.rot(key)
    whole = reference_world.check()
    reads = len(reference_world.store.read)
    reference_world.records.close()
    for moment in range(0, reads, 3):
        folder = tmp_path / str(moment)
        folder.mkdir()
        world = World(archived, folder)
        for key in rotten:
            world.inner.rot(key)
        world.store.left = moment
        with pytest.raises(Killed):
            world.check()
        before = last_sweep(world.records)
        world.store.left = None
        again = world.check()
        assert again.finished
        assert {d.object_key for d in again.damage} == {d.object_key for d in whole.damage}
        if before is not None and not before.finished:
            assert again.objects == whole.objects - before.objects
        world.records.close()


def test_one_object_that_cannot_be_read_holds_up_no_other(world: World) -> None:
    key = next(o.key for o in world.inner.list("raw/") if "source" in o.key)
    world.store.unreadable = {key}
    report = world.check()
    assert report.finished
    assert [(d.code, d.object_key) for d in report.damage] == [("OBJECT_UNREADABLE", key)]
    assert world.check(repair=True).open == 1  # put back, and still not readable: not repaired
    world.store.unreadable = set()
    assert world.check().ok


def test_an_object_whose_drive_fails_holds_up_no_other(world: World) -> None:
    key = next(o.key for o in world.inner.list("raw/") if "source" in o.key)
    world.store.failing = {key}
    with pytest.raises(ArchiveUnavailable):
        read_digest(world.store, key, None)
    report = world.check()
    assert report.finished
    assert [(d.code, d.object_key) for d in report.damage] == [("OBJECT_UNREADABLE", key)]
    second = Watched(world.second)
    second.failing = {key}  # the second copy lies on a bad drive too: nothing is put back
    repairer = Repairer(world.tools, second, ACTOR)
    assert repairer.repair(report.damage[0]).state is State.OPEN
    assert world.check(repair=True).open == 1


def test_a_store_that_is_down_is_no_damage(world: World) -> None:
    world.store.down = True
    with pytest.raises(ArchiveUnavailable):
        world.check()
    assert not [x for x in world.records.ledger() if x.event.action == "fixity.damaged"]
    world.store.down = False
    assert world.check().ok


# -- memory ---------------------------------------------------------------------------------


class Endless(io.BytesIO):
    """A large object that is in no memory."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._left = size

    def read(self, size: int | None = -1) -> bytes:
        piece = self._left if size is None or size < 0 else min(size, self._left)
        self._left -= piece
        return bytes(piece)


class Large:
    """As much of a store as a digest needs."""

    immutability: Immutability = "advisory"

    def open(self, key: str, version_id: str | None = None) -> IO[bytes]:
        return Endless(256 * 1024**2)


def test_a_large_object_is_read_in_pieces() -> None:
    seen: list[int] = []
    tracemalloc.start()
    try:
        read_digest(Large(), "key", None, seen.append)  # type: ignore[arg-type]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sum(seen) == 256 * 1024**2
    assert peak < 8 * 1024**2


# -- any damage in any order ----------------------------------------------------------------


class Custody(RuleBasedStateMachine):
    """Hands that damage, an operator who repairs: what is wrong is named, and nothing else."""

    archived: tuple[Path, MemoryStore]

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.world = World(self.archived, self.folder)
        self.keys = [o.key for o in self.world.inner.list("")]
        self.sound = {key: self.content(key) for key in self.keys}
        self.foreign: set[str] = set()

    def content(self, key: str) -> bytes | None:
        versions = self.world.inner._versions.get(key)
        return versions[-1][1] if versions else None

    @rule(n=st.integers(0, 99))
    def lose(self, n: int) -> None:
        key = self.keys[n % len(self.keys)]
        if self.content(key) is not None:
            self.world.inner.lose(key)

    @rule(n=st.integers(0, 99))
    def change(self, n: int) -> None:
        key = self.keys[n % len(self.keys)]
        if self.content(key) is not None:
            self.world.inner.rot(key)

    @rule(n=st.integers(0, 99), m=st.integers(0, 99))
    def swap(self, n: int, m: int) -> None:
        versions = self.world.inner._versions
        one, other = (self.keys[i % len(self.keys)] for i in (n, m))
        if one == other or self.content(one) is None or self.content(other) is None:
            return
        (first, a), (second, b) = versions[one][-1], versions[other][-1]
        versions[one][-1], versions[other][-1] = (first, b), (second, a)

    @rule(n=st.integers(0, 3))
    def plant(self, n: int) -> None:
        key = f"raw/{n}/foreign"
        self.world.inner.plant(key, b"foreign")
        self.foreign.add(key)

    @rule()
    def take_away(self) -> None:
        while self.foreign:
            self.world.inner.lose(self.foreign.pop())

    @rule(repair=st.booleans(), kill=st.none() | st.integers(0, 30))
    def check(self, repair: bool, kill: int | None) -> None:
        self.world.store.left = kill
        with contextlib.suppress(Killed):
            self.world.check()
        self.world.store.left = None
        self.world.check()  # to the end of what was begun
        self.world.clock.pass_(DAY)
        hidden = {key for key in self.keys if self.hidden(key)}
        report = self.world.check(repair=repair)
        self.world.clock.pass_(DAY)
        wrong = {key for key in self.keys if self.content(key) != self.sound[key]}
        still = {d.object_key for d in report.damage if d.state is State.OPEN}
        if repair:
            assert not wrong
        else:
            assert wrong - hidden <= still
        assert self.foreign <= still
        assert still <= wrong | self.foreign
        assert report.open == len(still)

    def hidden(self, key: str) -> bool:
        """What a page index lists cannot be told while it is damaged itself."""
        if not key.startswith("raw/"):
            return False
        index = f"raw/{key.split('/')[1]}/index.json"
        return key != index and self.content(index) != self.sound[index]

    @invariant()
    def a_repair_is_never_a_guess(self) -> None:
        for link in self.world.records.ledger():
            if link.event.action == "archive.repaired":
                key = link.event.subjects["object_key"]
                data = self.sound[key]
                assert data is not None
                assert link.event.hashes["restored"] == reference(data).sha256

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.records.close()
            shutil.rmtree(self.folder)


def test_any_damage_is_named_and_repaired(archived: tuple[Path, MemoryStore]) -> None:
    class Machine(Custody):
        pass

    Machine.archived = archived
    run_state_machine_as_test(
        Machine, settings=settings(max_examples=12, stateful_step_count=8, deadline=None)
    )


def test_what_went_by_decision_is_not_missed(tmp_path: Path) -> None:
    office = keeping_office(tmp_path)
    archive_batch(office.records, office.store, Papers("a"))
    office.transfer()
    office.clock.pass_(12 * 366 * DAY)
    office.approved()
    office.carry_out()
    office.clock.pass_(366 * DAY)  # the last locks are over
    assert office.carry_out().done
    report = check_fixity(office.tools, ACTOR, pacer=Pacer(None), whole=True)
    assert office.dossier().keeping.destroyed and report.finished
    assert report.damage == ()
    office.records.close()
