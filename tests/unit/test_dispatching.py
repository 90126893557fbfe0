"""When the dispatcher hands a batch to a new run, and when it leaves it alone."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection, Sequence
from pathlib import Path

import pytest

from flows.dispatching import Dispatcher
from flows.host import Unwatched
from flows.lanes import Lane
from flows.runs import Phase, Run, claim_of
from flows.services import Services
from pipeline.adapters.file_claims import FileClaims
from pipeline.errors import (
    ArchiveUnavailable,
    CertificateRejected,
    ConfigError,
    FlowsUnavailable,
    HostsUnfit,
    KeyUnavailable,
    SohoaError,
)
from pipeline.ids import digest
from pipeline.models.batch import Batch, BatchState, Channel, IngestTerms, Problem
from pipeline.models.files import FileRef, SourceFile, SourceKind
from pipeline.settings import FlowSettings, Settings
from tests.fakes.clocks import StillClock

START = dt.datetime(2026, 11, 27, 3, 0, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


class RunsInMemory:
    """Port `Runs` that remembers what it is told."""

    def __init__(self, clock: StillClock) -> None:
        self._clock = clock
        self.runs: dict[str, Run] = {}
        self.submitted: list[tuple[Lane, tuple[str, ...]]] = []
        self.buried: list[str] = []
        self.deployed = True
        self.reachable = True

    def unfinished(self) -> tuple[Run, ...]:
        self._check()
        return tuple(run for run in self.runs.values() if run.phase is not Phase.DEAD)

    def dead(self, after: dt.datetime) -> tuple[Run, ...]:
        self._check()
        dead = (run for run in self.runs.values() if run.phase is Phase.DEAD)
        return tuple(run for run in dead if run.since > after)

    def submit(self, batch_ids: Sequence[str], lane: Lane) -> None:
        self._check()
        if not self.deployed:
            raise ConfigError("FLOWS_NOT_DEPLOYED")
        self.submitted.append((lane, tuple(batch_ids)))
        self.add(Phase.QUEUED, *batch_ids, lane=lane)

    def bury(self, run_id: str) -> None:
        self.buried.append(run_id)
        self.move(run_id, Phase.DEAD)

    def keep_time(self, now: dt.datetime) -> None:
        self._check()

    def deploy(self) -> None:
        self.deployed = True

    def add(self, phase: Phase, *batch_ids: str, lane: Lane = Lane.ONE_STOP) -> str:
        run_id = f"run-{len(self.runs)}"
        self.runs[run_id] = Run(run_id, batch_ids, phase, self._clock.now(), lane)
        return run_id

    def move(
        self, run_id: str, phase: Phase, *, untouched: bool = False, unfit: str | None = None
    ) -> None:
        run = self.runs[run_id]
        self.runs[run_id] = dataclasses.replace(
            run, phase=phase, since=self._clock.now(), untouched=untouched, unfit=unfit
        )

    def taken(self) -> list[tuple[str, ...]]:
        """What was submitted since the last time."""
        found = [batch_ids for _, batch_ids in self.submitted]
        self.submitted.clear()
        return found

    def _check(self) -> None:
        if not self.reachable:
            raise FlowsUnavailable


class Office:
    """Records of one home, their dispatcher, and its clock."""

    def __init__(self, home: Path) -> None:
        self.clock = StillClock(START)
        self.runs = RunsInMemory(self.clock)
        settings = Settings(home=home, flows=FlowSettings(batches_per_run=2))
        services = Services(settings, Unwatched())
        services.ports.clock = self.clock
        self.ports = services.ports
        self.records = services.ports.records
        self.batches = services.batches
        self.dispatcher = Dispatcher(self.batches, self.runs)
        self.actor = services.actor()

    def batch(self, name: str, channel: Channel = Channel.DESK) -> str:
        """A registered batch."""
        sha256 = digest("source", name)
        file = FileRef(sha256=sha256, size=1, media_type="application/pdf")
        batch = Batch(
            batch_id=digest("batch", name),
            unit="DEV",
            source=f"{name}.pdf",
            actor=self.actor,
            terms=IngestTerms(channel=channel),
            sources=(
                SourceFile(name=f"{name}.pdf", file=file, kind=SourceKind.PDF_IMAGES, pages=1),
            ),
            received_at=self.clock.now(),
        )
        self.records.register_batch(batch, [])
        return batch.batch_id

    def fails(
        self, batch_id: str, error: SohoaError, state: BatchState = BatchState.PENDING
    ) -> None:
        problem = Problem(code=error.code, retryable=error.retryable, exit_code=error.exit_code)
        self.records.set_state(batch_id, state, [], problem)

    def round(self, after: float = 60.0) -> list[tuple[str, ...]]:
        """What a round hands out, so many seconds later."""
        self.clock.pass_(dt.timedelta(seconds=after))
        assert self.dispatcher.round() is not None
        return self.runs.taken()


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path / "home")


def test_batches_without_a_run_are_handed_out_in_order_by_lane(office: Office) -> None:
    late = office.batch("late", Channel.BACKFILL)
    first, second, third = (office.batch(name) for name in ("a", "b", "c"))
    office.clock.pass_(MINUTE)
    done = office.dispatcher.round()
    assert office.runs.submitted == [
        (Lane.ONE_STOP, (first, second)),
        (Lane.ONE_STOP, (third,)),
        (Lane.BACKFILL, (late,)),
    ]
    assert done is not None
    assert (done.runs, done.batches, done.standing, done.lost) == (3, 4, 4, 0)
    office.runs.taken()
    assert office.round() == []


def test_a_batch_just_taken_in_is_left_to_its_command(office: Office) -> None:
    batch = office.batch("a")
    assert office.round(after=30) == []
    assert office.round(after=30) == [(batch,)]


def test_a_batch_that_somebody_works_on_is_left_alone(office: Office) -> None:
    batch = office.batch("a")
    with office.ports.claims.claim(batch):
        assert office.round() == []
    assert office.round() == [(batch,)]


def test_finished_and_held_batches_are_left_alone(office: Office) -> None:
    for state in (BatchState.QUARANTINED, BatchState.SUPERSEDED, BatchState.ARCHIVED):
        office.records.set_state(office.batch(state.value), state, [])
    assert office.round() == []


def test_a_run_whose_process_lives_keeps_its_batches(office: Office) -> None:
    run = office.runs.add(Phase.STARTED, office.batch("a"))
    with office.ports.claims.claim(claim_of(run)):
        assert office.round(after=3600) == []
    assert office.runs.buried == []


def test_a_run_may_take_its_time_to_start(office: Office) -> None:
    batch = office.batch("a")
    office.clock.pass_(MINUTE)
    run = office.runs.add(Phase.STARTING, batch)
    assert office.round(after=40) == []
    assert office.round(after=20) == [(batch,)]
    assert office.runs.buried == [run]


def test_a_run_that_has_started_shows_life_soon(office: Office) -> None:
    batch = office.batch("a")
    office.clock.pass_(MINUTE)
    run = office.runs.add(Phase.STARTED, batch)
    assert office.round(after=10) == []
    assert office.round(after=10) == [(batch,)]
    assert office.runs.buried == [run]


def test_batches_of_a_dead_run_are_handed_out_one_a_run(office: Office) -> None:
    batches = [office.batch(name) for name in ("a", "b")]
    untouched = office.batch("c")
    run = office.runs.add(Phase.STARTED, *batches)
    assert office.round() == [(untouched,), (batches[0],), (batches[1],)]
    assert office.runs.buried == [run]


def test_a_run_that_the_server_knows_to_be_dead_is_replaced_at_once(office: Office) -> None:
    batch = office.batch("a")
    office.runs.add(Phase.DEAD, batch)
    assert office.round(after=1) == [(batch,)]


def test_a_batch_that_kills_its_process_waits_longer_each_time(office: Office) -> None:
    batch = office.batch("a")
    waits = []
    for _ in range(6):
        waited = 0.0
        while office.round(after=5) != [(batch,)]:
            waited += 5
        waits.append(waited)
        office.runs.move(next(reversed(office.runs.runs)), Phase.DEAD)
    assert waits[1] == 0 and waits[2] < waits[3] < waits[4]
    record = office.records.batch(batch)
    assert record.problem is not None
    assert (record.state, record.problem.code) == (BatchState.PENDING, "RUN_LOST")


def test_a_run_that_could_not_work_says_nothing_against_its_batches(office: Office) -> None:
    batches = tuple(office.batch(name) for name in ("a", "b"))
    waits = []
    assert office.round() == [batches]
    for _ in range(5):
        office.runs.move(next(reversed(office.runs.runs)), Phase.DEAD, untouched=True)
        waited = 5.0
        while office.round(after=5) != [batches]:
            waited += 5
        waits.append(waited)
    assert waits == [20, 40, 80, 160, 300]
    assert [office.records.batch(b).problem for b in batches] == [None, None]
    assert not list(office.records.ledger())


def test_hosts_that_are_not_fit_are_told_of_in_the_record(office: Office) -> None:
    batches = tuple(office.batch(name) for name in ("a", "b"))
    assert office.round() == [batches]
    told, waits = [], []
    for _ in range(5):
        last = next(reversed(office.runs.runs))
        office.runs.move(last, Phase.DEAD, untouched=True, unfit="MODEL_MISSING")
        waited = 5.0
        while office.round(after=5) != [batches]:
            waited += 5
        waits.append(waited)
        told.append([office.records.batch(b).problem for b in batches])
    assert told[:2] == [[None, None]] * 2
    problem = Problem.of(HostsUnfit(problem="MODEL_MISSING"))
    assert told[2:] == [[problem, problem]] * 3
    assert waits[:3] == [20, 40, 80] and waits[-1] == 300
    actions = [e.event.action for e in office.records.ledger()]
    assert actions == ["batch.stuck"] * 2


def test_what_got_in_the_way_since_is_not_covered_by_what_hosts_lacked(office: Office) -> None:
    batch = office.batch("a")
    for _ in range(3):
        run = office.runs.add(Phase.STARTED, batch)
        office.runs.move(run, Phase.DEAD, untouched=True, unfit="MODEL_MISSING")
    office.clock.pass_(MINUTE)
    office.fails(batch, ArchiveUnavailable())
    assert office.round(after=300) == [(batch,)]
    problem = office.records.batch(batch).problem
    assert problem is not None and problem.code == "ARCHIVE_UNAVAILABLE"


def test_claims_are_asked_for_together(office: Office) -> None:
    asked: list[int] = []

    class Counting(FileClaims):
        def held_of(self, names: Collection[str]) -> frozenset[str]:
            asked.append(len(names))
            return super().held_of(names)

    office.ports.claims = Counting(office.ports.home / "work" / "claims")
    batches = [office.batch(f"b{number}", Channel.BACKFILL) for number in range(30)]
    with office.ports.claims.claim(batches[4]):
        handed = [b for some in office.round() for b in some]
    assert handed == batches[:4] + batches[5:]
    assert asked == [0, 30]


def test_what_may_pass_is_tried_again_at_growing_intervals(office: Office) -> None:
    batch = office.batch("a")
    waits = []
    for _ in range(5):
        office.fails(batch, ArchiveUnavailable())
        waited = 5.0
        while office.round(after=5) != [(batch,)]:
            waited += 5
        waits.append(waited)
        office.runs.runs.clear()
    assert waits[0] == 20
    assert waits == sorted(waits) and waits[-1] > 4 * waits[0]


def test_the_same_trouble_again_is_waited_for_anew(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> BatchState:
        raise ArchiveUnavailable

    monkeypatch.setattr("pipeline.run.steps.advance", refuse)
    batch = office.batch("a")
    waits = []
    for _ in range(5):
        office.batches.walk(batch)
        waited = 5.0
        while office.round(after=5) != [(batch,)]:
            waited += 5
        waits.append(waited)
        office.runs.runs.clear()
    assert waits[0] == 20
    assert waits == sorted(waits) and waits[-1] > 4 * waits[0]
    assert [e.event.action for e in office.records.ledger()] == ["batch.stuck"]


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (CertificateRejected(), BatchState.PENDING),
        (SohoaError("INTERNAL"), BatchState.PENDING),
        (KeyUnavailable("KEY_OF_OFFICER_MISSING"), BatchState.AWAITING_SIGNATURE),
    ],
)
def test_what_does_not_pass_by_itself_waits_for_a_person(
    office: Office, error: SohoaError, state: BatchState
) -> None:
    office.fails(office.batch("a"), error, state)
    assert office.round(after=86400) == []


def test_a_batch_that_cannot_be_looked_at_ends_no_round(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> bool:
        raise ArchiveUnavailable

    monkeypatch.setattr("flows.dispatching.all_signed", away)
    error = KeyUnavailable("KEY_OF_OFFICER_MISSING")
    office.fails(office.batch("a"), error, BatchState.AWAITING_SIGNATURE)
    other = office.batch("b")
    assert office.round() == [(other,)]


def test_a_key_that_could_not_be_reached_is_tried_again(office: Office) -> None:
    batch = office.batch("a")
    office.fails(batch, KeyUnavailable(), BatchState.AWAITING_SIGNATURE)
    assert office.round() == [(batch,)]


def test_a_server_that_lost_its_memory_is_told_of_the_flows_again(office: Office) -> None:
    batch = office.batch("a")
    office.runs.deployed = False
    assert office.round() == [(batch,)]
    assert office.runs.deployed


def test_while_the_server_is_away_nothing_is_lost(office: Office) -> None:
    batch = office.batch("a")
    office.runs.reachable = False
    office.clock.pass_(MINUTE)
    with pytest.raises(FlowsUnavailable):
        office.dispatcher.round()
    office.runs.reachable = True
    assert office.round() == [(batch,)]


def test_one_dispatcher_looks_at_a_time(office: Office) -> None:
    office.batch("a")
    office.clock.pass_(MINUTE)
    with office.ports.claims.claim("dispatcher"):
        assert office.dispatcher.round() is None
    assert office.runs.submitted == []


def test_a_long_backlog_is_handed_out_as_there_is_room(office: Office) -> None:
    for _ in range(49):
        office.runs.add(Phase.QUEUED, "f" * 64, lane=Lane.BACKFILL)
    batches = [office.batch(f"b{number}", Channel.BACKFILL) for number in range(4)]
    assert office.round() == [tuple(batches[:2])]
    assert office.round() == []
    desk = office.batch("desk")
    assert office.round() == [(desk,)]
