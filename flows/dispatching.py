"""The dispatcher: finds batches that stand still and hands them out as new runs.

The records say what is unfinished, claims say which process lives, the server only which runs
wait; a server that lost its memory costs a few seconds. A round keeps nothing for the next, so
any number of dispatchers may run: each round belongs to whoever claims it. May not come in:
Prefect, words for people.

What makes a batch due: no run has it, nobody works on it, and either nothing is in its way, or
something that may pass and has had time to (the pause grows with the age of the trouble). What
does not pass by itself waits for a person. A run dies with its process: once seen, its batches
are handed out one a run, so that one that kills its process takes no other with it. A run that
ended well but could not work (its host is set up wrongly, the records are crowded) speaks against
none of its batches: another gets them, after a pause. Where hosts were unfit for a batch several
times, its record says so: people see why it stands still.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from casework.outside_signing import all_signed
from flows.batches import Batches
from flows.lanes import Lane, lane_of
from flows.runs import Phase, Run, Runs, claim_of, portions
from pipeline.errors import BatchBusy, ConfigError, HostsUnfit, SohoaError
from pipeline.models.batch import BatchState
from pipeline.models.records import BatchRecord

_FRESH_SECONDS: Final = 60.0
"""So long a batch is left to the command that took it in, which may be taking in more."""
_CLAIM_SECONDS: Final = 20.0
"""So long a process that has begun its run may take to say so: programs are loaded by then."""
_MEMORY: Final = dt.timedelta(minutes=30)
"""How far back deaths count."""
_FATAL: Final = 3
"""Deaths from which on the batch itself is suspected, and its record says so."""
_UNFIT: Final = 3
"""Runs on unfit hosts from which on the record of a batch says so."""
_HOSTS_UNFIT: Final = HostsUnfit.default_code
_LONGEST_SECONDS: Final = {
    BatchState.AWAITING_SIGNATURE: 900.0,
    BatchState.PENDING: 300.0,
    BatchState.NEEDS_REVIEW: 300.0,
}
_FOR_PEOPLE: Final = frozenset({"KEY_OF_OFFICER_MISSING"})
"""May pass, but not by trying again: the officer signs elsewhere. Once the last signature is in,
the batch goes on, even where whoever took it in was killed over it."""
_MOST_QUEUED: Final = 50
"""Runs of a lane that wait for a worker; more batches stay in the records until there is room."""
_MOST_DELIVERED: Final = 500
"""Documents that a round hands to the index: while it leads, no other dispatcher looks."""
_LEADER: Final = "dispatcher"


@dataclass(frozen=True, slots=True)
class Round:
    """What a round found and did."""

    lost: int = 0
    """Runs whose process was gone."""
    runs: int = 0
    """Handed out."""
    batches: int = 0
    """In them."""
    standing: int = 0
    """Batches that wait: in a queue, for time to pass, or for a person."""


class Dispatcher:
    """Rounds over one office's records."""

    def __init__(self, batches: Batches, runs: Runs) -> None:
        """Nothing is looked at yet."""
        self._batches = batches
        self._ports = batches.ports
        self._runs = runs

    def round(self) -> Round | None:
        """One look at everything; None where another dispatcher is looking.

        Raises:
            SohoaError: records or server cannot be reached; the next round may find them.
        """
        try:
            with self._ports.claims.claim(_LEADER):
                done = self._dispatch()
                self._runs.keep_time(self._ports.clock.now())
                with self._ports.workspace.working():
                    self._batches.settle(most=_MOST_DELIVERED)
                return done
        except BatchBusy:
            return None

    def _dispatch(self) -> Round:
        now = self._ports.clock.now()
        unfinished = self._runs.unfinished()  # before the records: what ends meanwhile is there
        living = self._ports.claims.held_of([claim_of(run.run_id) for run in unfinished])
        lost = [run for run in unfinished if self._is_lost(run, living, now)]
        ended = self._runs.dead(now - _MEMORY)
        dead = [*lost, *(run for run in ended if not run.untouched)]
        for run in lost:
            self._runs.bury(run.run_id)
        alive = {run.run_id for run in unfinished} - {run.run_id for run in lost}
        taken = {b for run in unfinished if run.run_id in alive for b in run.batch_ids}
        deaths = _deaths(dead, lost, now)
        passed_on = _deaths([run for run in ended if run.untouched], (), now)
        standing = self._batches.standing()
        due = [
            record
            for record in standing
            if (batch_id := record.batch.batch_id) not in taken
            and self._due(record, deaths.get(batch_id, ()), passed_on.get(batch_id, ()), now)
        ]
        busy = self._ports.claims.held_of([record.batch.batch_id for record in due])
        due = [record for record in due if record.batch.batch_id not in busy]
        unfit = [run for run in ended if run.unfit is not None]
        lacking = {r.batch.batch_id: code for r in due if (code := _lacking(r, unfit)) is not None}
        waiting = (run for run in unfinished if run.phase is Phase.QUEUED and run.batch_ids)
        queued = Counter(run.lane for run in waiting)
        handed = [
            some
            for lane in Lane
            for some in self._hand_out(
                lane,
                (record for record in due if lane_of(record.batch) is lane),
                deaths,
                lacking,
                _MOST_QUEUED - queued[lane],
            )
        ]
        return Round(
            lost=len(lost),
            runs=len(handed),
            batches=sum(map(len, handed)),
            standing=len(standing),
        )

    def _is_lost(self, run: Run, living: Collection[str], now: dt.datetime) -> bool:
        """True for a run that should have a process and has none."""
        if run.phase is Phase.QUEUED:
            return False
        starting = run.phase is Phase.STARTING
        grace = self._ports.settings.flows.start_seconds if starting else _CLAIM_SECONDS
        old = (now - run.since).total_seconds() >= grace
        return old and claim_of(run.run_id) not in living

    def _due(
        self,
        record: BatchRecord,
        deaths: Sequence[dt.datetime],
        passed_on: Sequence[dt.datetime],
        now: dt.datetime,
    ) -> bool:
        """True where a batch that no run has should be tried now.

        Args:
            record: the batch.
            deaths: when runs died with it.
            passed_on: when runs ended that left it untouched.
            now: the time, UTC.
        """
        quiet = (now - record.updated_at).total_seconds()
        if deaths and (now - max(deaths)).total_seconds() < self._mourning(len(deaths)):
            return False
        if passed_on and (now - max(passed_on)).total_seconds() < self._pause(len(passed_on)):
            return False
        if record.problem is None:
            return bool(deaths or passed_on) or quiet >= _FRESH_SECONDS
        if record.problem.code in _FOR_PEOPLE:
            return self._is_signed(record)
        trouble = (record.updated_at - record.batch.received_at).total_seconds()
        pause = min(max(trouble, self._every), _LONGEST_SECONDS[record.state])
        return record.problem.retryable and quiet >= pause

    def _is_signed(self, record: BatchRecord) -> bool:
        """True where signatures from elsewhere are all in; not seen is no, the round goes on.

        What is signed may lie on another host's shelf, and be fetched to be looked at.
        """
        try:
            return all_signed(self._ports, record.batch)
        except SohoaError:
            return False

    def _mourning(self, deaths: int) -> float:
        """Pause after so many deaths, seconds; none after the first."""
        return self._pause(deaths - 1)

    def _pause(self, times: int) -> float:
        """Pause after so many failures, seconds: doubled with each after the first."""
        longest = _LONGEST_SECONDS[BatchState.PENDING]
        return float(min(self._every * 2 ** (times - 1), longest)) if times > 0 else 0.0

    def _hand_out(
        self,
        lane: Lane,
        due: Iterable[BatchRecord],
        deaths: Mapping[str, Sequence[dt.datetime]],
        lacking: Mapping[str, str],
        room: int,
    ) -> list[Sequence[str]]:
        """New runs of a lane, as many as there is room for; what was handed out."""
        most = self._ports.settings.flows.batches_per_run
        chosen = [r.batch.batch_id for r in islice(due, max(room, 0) * most)]
        together = [batch_id for batch_id in chosen if batch_id not in deaths]
        alone = [batch_id for batch_id in chosen if batch_id in deaths]
        wanted = [*portions(together, most), *portions(alone, 1)][: max(room, 0)]
        for some in wanted:
            if len(deaths.get(some[0], ())) >= _FATAL:
                self._batches.note_lost(some[0])
            else:
                for batch_id in (batch_id for batch_id in some if batch_id in lacking):
                    self._batches.note_unfit(batch_id, lacking[batch_id])
            self._submit(some, lane)
        return wanted

    def _submit(self, batch_ids: Sequence[str], lane: Lane) -> None:
        """A server that knows no deployment, a new or emptied one, is told of them first."""
        try:
            self._runs.submit(batch_ids, lane)
        except ConfigError as error:
            if error.code != "FLOWS_NOT_DEPLOYED":
                raise
            self._runs.deploy()
            self._runs.submit(batch_ids, lane)

    @property
    def _every(self) -> float:
        return self._ports.settings.flows.requeue_seconds


def _deaths(
    dead: Iterable[Run], lost: Sequence[Run], now: dt.datetime
) -> dict[str, list[dt.datetime]]:
    """When runs with a batch died, by batch."""
    just_now = {run.run_id for run in lost}
    found: dict[str, list[dt.datetime]] = defaultdict(list)
    for run in dead:
        for batch_id in run.batch_ids:
            found[batch_id].append(now if run.run_id in just_now else run.since)
    return found


def _lacking(record: BatchRecord, unfit: Iterable[Run]) -> str | None:
    """What the latest host lacked that was to work on a batch, None unless it was so repeatedly.

    What hosts lacked before something else got in the batch's way is past.
    """
    batch_id, problem = record.batch.batch_id, record.problem
    past = record.updated_at if problem is not None and problem.code != _HOSTS_UNFIT else None
    runs = [r for r in unfit if batch_id in r.batch_ids and (past is None or r.since > past)]
    return max(runs, key=lambda run: run.since).unfit if len(runs) >= _UNFIT else None
