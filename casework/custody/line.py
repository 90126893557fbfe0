"""The line that stops: no new paper goes into an archive whose locks do not hold.

Every canary's event tells the state of the line, so that the newest one is enough; only a person
opens it again (`canary.clear`). Reading, verifying, auditing and repairing go on. May not come
in: trying locks.
"""

from __future__ import annotations

from typing import Final

from pipeline.errors import ArchiveUnavailable
from pipeline.ids import LEGAL_ZONE
from pipeline.models.events import Event
from pipeline.ports.records import LedgerRecords

HELD: Final = "canary.held"
STILL_STOPPED: Final = "canary.held_while_stopped"
"""All held, and nobody has cleared what did not hold before."""
LET_THROUGH: Final = "canary.let_through"
CLEARED: Final = "canary.cleared"

TOLD: Final = (HELD, STILL_STOPPED, LET_THROUGH, CLEARED)
"""Actions of which the newest event tells the state of the line."""

_STOPPING: Final = frozenset({LET_THROUGH, STILL_STOPPED})


def last_told(records: LedgerRecords) -> Event | None:
    """The newest canary that came to an end, or was cleared."""
    return records.newest_event(TOLD)


def stops(told: Event | None) -> bool:
    """Whether this event, the newest of its kind, stops the line."""
    return told is not None and told.action in _STOPPING


def check_line(records: LedgerRecords) -> None:
    """Refuse new work while the line is stopped.

    Raises:
        ArchiveUnavailable: `LINE_STOPPED`.
    """
    told = last_told(records)
    if told is not None and stops(told):
        raise ArchiveUnavailable(
            "LINE_STOPPED", since=told.at.astimezone(LEGAL_ZONE).strftime("%d/%m/%Y %H:%M")
        )
