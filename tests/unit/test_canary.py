"""`casework.custody.canary`: what a store lets through is named, and stops the line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from casework.custody.canary import (
    CanaryNote,
    CanaryReport,
    Outcome,
    Result,
    note_of,
    try_locks,
)
from casework.custody.line import check_line, last_told
from pipeline.errors import ArchiveUnavailable, ConfigError
from pipeline.models.actors import Actor, Role
from pipeline.ports.custody import Attempt
from storage.records import SqlRecords
from tests.fakes.clocks import StillClock
from tests.fakes.databases import blank_records
from tests.fakes.probes import MemoryProbe

ACTOR = Actor(id="auditor", role=Role.AUDITOR, unit="DEV")
START = dt.datetime(2026, 11, 22, 18, 0, tzinfo=dt.UTC)
DAYS = 30


class World:
    """A probe, a ledger, and a clock that goes a day a run."""

    def __init__(self, records: SqlRecords) -> None:
        self.records = records
        self.clock = StillClock(START)
        self.probe = MemoryProbe(self.clock)

    def run(self, *, clear: str | None = None, days: float = 1) -> CanaryReport:
        report = try_locks(self.probe, self.records, ACTOR, self.clock.now(), DAYS, clear=clear)
        self.clock.moment += dt.timedelta(days=days)
        return report

    def actions(self) -> list[str]:
        return [link.event.action for link in self.records.ledger()]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    records = blank_records(tmp_path / "records.sqlite", StillClock(START))
    yield World(records)
    records.close()


def test_a_store_that_holds(world: World) -> None:
    report = world.run()
    assert report.outcome is Outcome.HELD and report.ok
    tried = {(t.who, t.what): t.result for t in report.tried}
    assert set(tried) == {
        (who, a.value) for who in ("writer", "reader", "remover") for a in Attempt
    }
    harmless = {pair for pair, result in tried.items() if result is not Result.REFUSED}
    assert harmless == {("writer", "overwrite")}
    assert world.actions() == ["canary.planted", "canary.held"]
    check_line(world.records)


def test_one_canary_is_renewed_for_ever(world: World) -> None:
    reports = [world.run(days=9) for _ in range(20)]
    assert all(r.ok for r in reports) and world.probe.planted == 1
    assert all(r.locked_until is not None and r.locked_until > r.at for r in reports)


def test_a_lock_that_ran_out_is_no_incident(world: World) -> None:
    assert world.run(days=DAYS + 1).ok
    del world.probe.versions["v1"]
    assert world.run().ok
    assert world.probe.planted == 2


@pytest.mark.parametrize("who", ["writer", "reader", "remover"])
@pytest.mark.parametrize("what", list(Attempt))
def test_whatever_is_let_through_is_named_and_stops_the_line(
    world: World, who: str, what: Attempt
) -> None:
    assert world.run().ok
    world.probe.lets_through = {(who, what)}
    report = world.run()
    assert report.outcome is Outcome.LET_THROUGH and report.stopped and not report.ok
    through = [(t.who, t.what) for t in report.tried if t.result is Result.LET_THROUGH]
    assert through == [(who, what.value)]
    with pytest.raises(ArchiveUnavailable) as stopped:
        check_line(world.records)
    assert stopped.value.code == "LINE_STOPPED"
    event = list(world.records.ledger())[-1].event
    assert event.subjects[f"{who}.{what.value}"] == "let_through"


def test_only_a_person_opens_the_line_again_and_only_when_all_holds(world: World) -> None:
    world.probe.lets_through = {("writer", Attempt.DELETE)}
    world.run()
    assert world.run(clear="INC-1").stopped  # still lets through
    world.probe.lets_through = set()
    held = world.run()
    assert held.outcome is Outcome.HELD and held.stopped and not held.ok
    with pytest.raises(ArchiveUnavailable):
        check_line(world.records)
    cleared = world.run(clear="INC-1")
    assert cleared.ok and cleared.cleared == "INC-1"
    check_line(world.records)
    assert world.run(clear="INC-2").cleared is None  # nothing to clear
    assert world.actions()[-3:] == ["canary.held_while_stopped", "canary.cleared", "canary.held"]


@pytest.mark.parametrize("harm", ["vanished", "shrank"])
def test_what_happened_between_two_runs_is_seen(world: World, harm: str) -> None:
    assert world.run().ok
    if harm == "vanished":
        del world.probe.versions["v1"]
    else:
        world.probe.renew("", "v1", START + dt.timedelta(days=2))
    report = world.run()
    assert report.stopped
    assert [(t.who, t.what) for t in report.tried if t.result is Result.LET_THROUGH] == [
        ("unknown", harm)
    ]


def test_what_vanished_stops_the_line_though_the_run_ends_early(world: World) -> None:
    assert world.run().ok
    del world.probe.versions["v1"]
    world.probe.blind = ("reader",)
    with pytest.raises(ConfigError):
        world.run()
    with pytest.raises(ArchiveUnavailable):
        check_line(world.records)
    world.probe.blind = ()
    assert world.run().stopped


def test_what_was_let_through_is_told_though_the_run_ends_early(world: World) -> None:
    assert world.run().ok
    sound = world.probe.versions["v1"]
    world.probe.lets_through = {("writer", Attempt.SHORTEN)}
    told = None
    for answers in range(30):
        world.probe.versions["v1"] = sound
        world.probe.down_after = answers
        with pytest.raises(ArchiveUnavailable):
            world.run(days=0)
        told = world.records.newest_event(("canary.let_through",))
        if told is not None:
            break
    assert told is not None and told.subjects["writer.shorten"] == "let_through"
    with pytest.raises(ArchiveUnavailable):
        check_line(world.records)


def test_a_store_that_overlooks_the_lock(world: World) -> None:
    world.probe.overlooks_locks = True
    report = world.run()
    assert report.stopped and ("unknown", "unlocked") in [(t.who, t.what) for t in report.tried]


def test_a_server_that_falls_silent_says_nothing(world: World) -> None:
    whole = 0
    while True:
        world.probe.down_after = whole
        try:
            report = world.run(days=0)
        except ArchiveUnavailable:
            whole += 1
            assert not {"canary.held", "canary.let_through"} & set(world.actions())
            continue
        break
    assert report.ok and whole > 20


def test_an_identity_that_sees_nothing_proves_nothing(world: World) -> None:
    world.probe.blind = ("reader",)
    with pytest.raises(ConfigError) as denied:
        world.run()
    assert denied.value.code == "ARCHIVE_ACCESS_DENIED"
    assert "canary.held" not in world.actions()


def test_a_remover_that_can_remove_nothing_proves_nothing(world: World) -> None:
    world.probe.powerless = ("remover",)
    with pytest.raises(ConfigError) as powerless:
        world.run()
    assert powerless.value.code == "ARCHIVE_REMOVER_POWERLESS"
    assert "canary.held" not in world.actions()


@pytest.mark.parametrize("reference", ["", "Nguyễn Văn A", "a b", "x" * 65])
def test_a_reference_is_no_sentence(world: World, reference: str) -> None:
    with pytest.raises(ConfigError):
        world.run(clear=reference)


def test_a_folder_claims_nothing(world: World) -> None:
    report = try_locks(None, world.records, ACTOR, START, DAYS)
    assert report.outcome is Outcome.ADVISORY and report.tried == ()
    assert world.actions() == []


def test_an_audit_is_told_of_the_newest_canary(world: World) -> None:
    def note(days: float) -> CanaryNote:
        now = START + dt.timedelta(days=days)
        return note_of(last_told(world.records), locks=True, since=START, now=now)

    assert note(1) == CanaryNote(outcome=None)
    assert note(4).overdue
    world.run()
    held = note(2)
    assert (held.outcome, held.at, held.stopped, held.overdue) == (
        Outcome.HELD,
        START,
        False,
        False,
    )
    assert note(4).overdue
    world.probe.lets_through = {("writer", Attempt.SHORTEN), ("reader", Attempt.WEAKEN)}
    world.run()
    assert note(2).let_through == ("reader.weaken", "writer.shorten") and note(2).stopped
    assert note_of(None, locks=False, since=START, now=START) == CanaryNote(
        outcome=Outcome.ADVISORY
    )
