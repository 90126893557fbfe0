"""The canary: tries, as every identity that Sohoa owns, what a locked object must withstand.

An object of its own under a fixed key is locked and renewed like any other. What counts is not
what the server answers but what can be seen afterwards: the same bytes, under a lock that nobody
may lift and that ends no earlier. Two answers need a rule:

- a put over the key that is accepted makes a newer version and harms none: S3 locks versions, not
  keys (decision 0022). It is `harmless` as long as the locked version stands.
- a delete marker that is accepted harms none either, but the identity has a right that no identity
  of Sohoa needs, and a marker over a locked key is an incident (architecture §6): `let_through`.

An identity that removes what no lock protects must show that it can, on an unlocked object beside
the canary: else its refusals come from a right that it lacks, and say nothing about locks.

A canary that vanished, or whose lock shrank, since the last time although its lock lasts was let
through by unknown hands; one that is not locked as was asked for is the store's own fault. A
folder locks nothing: it is `advisory`, and nothing is claimed. May not come in: requests to a
store (`storage.minio_probe`), stopping work (`line`).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from enum import StrEnum
from typing import Final

from casework.custody.line import (
    CLEARED,
    HELD,
    LET_THROUGH,
    STILL_STOPPED,
    TOLD,
    last_told,
    stops,
)
from pipeline.errors import ConfigError, SohoaError
from pipeline.ids import digest
from pipeline.models.actors import Actor
from pipeline.models.base import Instant, Model
from pipeline.models.events import Event
from pipeline.ports.custody import Attempt, LockProbe, Sight
from pipeline.ports.records import LedgerRecords

KEY: Final = "canary/locked"
"""Of the canary object."""
FREE: Final = "canary/free"
"""Of what a remover must be able to remove; nothing else lies under `canary/`."""
CONTENT: Final = b"Sohoa: this object is locked. Whoever can remove it has found a fault.\n"
PLANTED: Final = "canary.planted"

_SHA256: Final = hashlib.sha256(CONTENT).hexdigest()
_REFERENCE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9./_-]{0,63}")
_NOBODY: Final = "unknown"
"""Identity of who did something between two canaries."""
_ROUNDING: Final = dt.timedelta(seconds=1)
"""Stores keep whole seconds of a lock's end."""
_OVERDUE: Final = dt.timedelta(days=3)
"""A canary is daily; a long week-end's holidays are forgiven."""
_SHORTEST: Final = dt.timedelta(hours=12)
"""A lock that ends sooner cannot be told from one that was shortened."""


class Result(StrEnum):
    """What came of one attempt."""

    REFUSED = "refused"
    HARMLESS = "harmless"
    """Accepted, and the locked version stands as before."""
    LET_THROUGH = "let_through"


class Outcome(StrEnum):
    """What came of a canary."""

    HELD = "held"
    LET_THROUGH = "let_through"
    ADVISORY = "advisory"
    """The store locks nothing, and says so."""


class Tried(Model):
    """One attempt of one identity."""

    who: str
    what: str
    """An `Attempt`, or `vanished`, `shrank`, `unlocked`: found so at the beginning."""
    result: Result


class CanaryReport(Model):
    """Result of a canary."""

    outcome: Outcome
    at: Instant
    tried: tuple[Tried, ...] = ()
    object_key: str | None = None
    version_id: str | None = None
    locked_until: Instant | None = None
    """End of the canary's lock."""
    stopped: bool = False
    """No new work is taken in."""
    cleared: str | None = None
    """Reference of the incident that was closed by this run."""

    @property
    def ok(self) -> bool:
        """True where nothing was let through, and the line is open."""
        return self.outcome is not Outcome.LET_THROUGH and not self.stopped


class CanaryNote(Model):
    """What the ledger tells of the newest canary, for an audit."""

    outcome: Outcome | None
    """None: there was none yet."""
    at: Instant | None = None
    let_through: tuple[str, ...] = ()
    """`{identity}.{attempt}`."""
    stopped: bool = False
    overdue: bool = False
    """The last one, or the first archived batch where there was none, is days ago."""


def note_of(
    told: Event | None, *, locks: bool, since: dt.datetime | None, now: dt.datetime
) -> CanaryNote:
    """The newest canary in short.

    Args:
        told: the newest event of `line.TOLD`.
        locks: the store has locks.
        since: when the archive took its first batch; None: it holds none.
        now: the time, UTC.
    """
    if not locks:
        return CanaryNote(outcome=Outcome.ADVISORY)
    last = told.at if told is not None else since
    overdue = last is not None and now - last > _OVERDUE
    if told is None:
        return CanaryNote(outcome=None, overdue=overdue)
    through = [n for n, result in told.subjects.items() if result == Result.LET_THROUGH.value]
    return CanaryNote(
        outcome=Outcome.LET_THROUGH if told.action == LET_THROUGH else Outcome.HELD,
        at=told.at,
        let_through=tuple(sorted(through)),
        stopped=stops(told),
        overdue=overdue,
    )


def try_locks(
    probe: LockProbe | None,
    records: LedgerRecords,
    actor: Actor,
    now: dt.datetime,
    lock_days: int,
    *,
    clear: str | None = None,
) -> CanaryReport:
    """Try everything once with every identity; the result goes to the ledger.

    Args:
        probe: of the archive; None: it locks nothing.
        records: hold the ledger.
        actor: who asks for it.
        now: the time, UTC.
        lock_days: how long a lock lasts.
        clear: reference of the incident that is closed where all holds now: the line opens again.

    Raises:
        ConfigError: `CANARY_REFERENCE_INVALID`; an identity cannot be used;
            `ARCHIVE_REMOVER_POWERLESS`.
        ArchiveUnavailable: nothing can be said now; the ledger is told nothing.
    """
    if clear is not None and not _REFERENCE.fullmatch(clear):
        raise ConfigError("CANARY_REFERENCE_INVALID")
    if probe is None:
        return CanaryReport(outcome=Outcome.ADVISORY, at=now)
    return _Canary(probe, records, actor, now, dt.timedelta(days=lock_days)).run(clear)


class _Canary:
    """One run."""

    def __init__(
        self,
        probe: LockProbe,
        records: LedgerRecords,
        actor: Actor,
        now: dt.datetime,
        lock: dt.timedelta,
    ) -> None:
        self._probe = probe
        self._records = records
        self._actor = actor
        self._now = now
        self._lock = lock
        self._tried: list[Tried] = []

    def run(self, clear: str | None) -> CanaryReport:
        was_stopped = stops(last_told(self._records))
        version_id, until = self._standing()
        try:
            self._prove_removers()
            for what in Attempt:
                for who in self._probe.identities:
                    self._try(what, who, version_id)
        except SohoaError:
            if any(t.result is Result.LET_THROUGH for t in self._tried):
                self._tell(LET_THROUGH, version_id, until, None)
            raise
        let_through = any(t.result is Result.LET_THROUGH for t in self._tried)
        cleared = clear if was_stopped and not let_through else None
        if let_through:
            action = LET_THROUGH
        elif cleared is not None:
            action = CLEARED
        else:
            action = STILL_STOPPED if was_stopped else HELD
        told = self._tell(action, version_id, until, cleared)
        return CanaryReport(
            outcome=Outcome.LET_THROUGH if let_through else Outcome.HELD,
            at=self._now,
            tried=tuple(self._tried),
            object_key=KEY,
            version_id=version_id,
            locked_until=until,
            stopped=stops(told),
            cleared=cleared,
        )

    # -- the object -------------------------------------------------------------------------

    def _standing(self) -> tuple[str, dt.datetime]:
        """The canary's version and the end of its lock: renewed, or planted where there is none.

        One that was let through is left to lie: the next run tries a new one.
        """
        last = self._records.newest_event((PLANTED, *TOLD))
        if last is not None and last.action != LET_THROUGH:
            version_id = last.subjects["version_id"]
            until = dt.datetime.fromisoformat(last.subjects["locked_until"])
            sight = self._probe.look(KEY, version_id)
            if until > self._now:
                self._compare(sight, until)
            if sight is not None and _stands(sight, self._now) and sight.locked_until is not None:
                return version_id, self._renewed(version_id, sight.locked_until)
        until = self._now + max(self._lock, 2 * _SHORTEST)
        version_id = self._probe.plant(KEY, CONTENT, until)
        if self._tried:  # at once: whatever becomes of this run
            self._tell(LET_THROUGH, version_id, until, None)
        else:
            self._tell(PLANTED, version_id, until, None)
        if not _stands(self._probe.look(KEY, version_id), until):
            self._note(_NOBODY, "unlocked", Result.LET_THROUGH)
        return version_id, until

    def _compare(self, sight: Sight | None, until: dt.datetime) -> None:
        if sight is None or sight.sha256 != _SHA256:
            self._note(_NOBODY, "vanished", Result.LET_THROUGH)
        elif not _stands(sight, until):
            self._note(_NOBODY, "shrank", Result.LET_THROUGH)

    def _renewed(self, version_id: str, until: dt.datetime) -> dt.datetime:
        if until > self._now + max(self._lock / 2, _SHORTEST):
            return until
        until = self._now + max(self._lock, 2 * _SHORTEST)
        self._probe.renew(KEY, version_id, until)
        return until

    def _prove_removers(self) -> None:
        for who in self._probe.removers:
            if not self._probe.removes(who, FREE, CONTENT):
                raise ConfigError("ARCHIVE_REMOVER_POWERLESS")

    # -- trying -----------------------------------------------------------------------------

    def _try(self, what: Attempt, who: str, version_id: str) -> None:
        """Try it, and look what came of it; what is gone withstands nothing more."""
        before = self._probe.look(KEY, version_id)
        if before is None:
            return
        if not self._probe.reaches(who, KEY, version_id):
            raise ConfigError("ARCHIVE_ACCESS_DENIED")  # who sees nothing proves nothing
        accepted = self._probe.attempt(what, who, KEY, version_id)
        harmed = _is_less(self._probe.look(KEY, version_id), before)
        if harmed or (accepted and what is Attempt.DELETE_MARKER):
            result = Result.LET_THROUGH
        else:
            result = Result.HARMLESS if accepted else Result.REFUSED
        self._note(who, what.value, result)

    def _note(self, who: str, what: str, result: Result) -> None:
        self._tried.append(Tried(who=who, what=what, result=result))

    # -- telling ----------------------------------------------------------------------------

    def _tell(self, action: str, version_id: str, until: dt.datetime, cleared: str | None) -> Event:
        subjects = {
            "object_key": KEY,
            "version_id": version_id,
            "locked_until": until.isoformat(),
            **{f"{t.who}.{t.what}": t.result.value for t in self._tried},
        }
        if cleared is not None:
            subjects["incident"] = cleared
        event = Event(
            event_id=digest("event", action, subjects, self._now.isoformat()),
            at=self._now,
            actor=self._actor,
            action=action,
            subjects=subjects,
            hashes={"canary": _SHA256},
        )
        self._records.append([event])
        self._records.chain_events()
        return event


def _stands(sight: Sight | None, until: dt.datetime) -> bool:
    """The same bytes under a lock that nobody may lift and that does not end before `until`."""
    return (
        sight is not None
        and sight.sha256 == _SHA256
        and sight.compliant
        and sight.locked_until is not None
        and sight.locked_until >= until - _ROUNDING
    )


def _is_less(after: Sight | None, before: Sight) -> bool:
    """True where bytes or lock are not what they were."""
    if after is None or after.sha256 != before.sha256:
        return True
    if before.locked_until is None:
        return False
    return (
        (before.compliant and not after.compliant)
        or after.locked_until is None
        or after.locked_until < before.locked_until
    )
