"""How much of a sweep is due today, and how far it has come: everything within so many days.

A sweep walks the ledger from its first event to what was its last when the sweep began, then the
list of all objects. How far it has come is itself an event, written together with what was found
up to there: a killed sweep goes on from the newest one, on any host. May not come in: reading.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import Final

from pipeline.ids import digest
from pipeline.models.actors import Actor
from pipeline.models.base import Instant, Model
from pipeline.models.events import Event
from pipeline.ports.records import LedgerRecords

CHECKED: Final = "fixity.checked"
FINISHED: Final = "fixity.finished"


class Sweep(Model):
    """How far a sweep has come."""

    started_at: Instant
    until_seq: int
    """Last event of the ledger when it began."""
    open_from: int
    """Seq behind which damage that may still be open was told of."""
    seq: int = 0
    """What events up to this one expect was read."""
    key: str = ""
    """Objects up to this key were looked for in the records, in key order."""
    objects: int = 0
    """Read so far."""
    bytes: int = 0
    finished: bool = False

    @property
    def name(self) -> str:
        """Tells sweeps apart."""
        return digest("sweep", self.started_at.isoformat(), str(self.until_seq))[:16]

    def event(self, actor: Actor, at: dt.datetime) -> Event:
        """For the ledger."""
        subjects = {"sweep": self.name} | {
            name: value.isoformat() if isinstance(value, dt.datetime) else str(value)
            for name, value in self
            if name != "finished"
        }
        action = FINISHED if self.finished else CHECKED
        return Event(
            event_id=digest("event", action, subjects),
            at=at,
            actor=actor,
            action=action,
            subjects=subjects,
        )


def last_sweep(records: LedgerRecords) -> Sweep | None:
    """The newest sweep, as far as it has come."""
    event = records.newest_event((CHECKED, FINISHED))
    if event is None:
        return None
    told: Mapping[str, str] = {n: v for n, v in event.subjects.items() if n != "sweep"}
    return Sweep.model_validate({**told, "finished": event.action == FINISHED})


def due_seq(sweep: Sweep, now: dt.datetime, days: int) -> int:
    """The event up to which a sweep should have come by the end of today.

    Days that were missed are made up for: what counts is the time since the sweep began.

    Args:
        sweep: how far it has come.
        now: the time, UTC.
        days: within which everything is read.
    """
    begun = (now - sweep.started_at) // dt.timedelta(days=1) + 1
    return min(sweep.until_seq, math.ceil(sweep.until_seq * begun / days))
