"""Damage to the archive, as it is told to the ledger and read back from it.

It is told once a sweep; it is open until the object was found sound again (`fixity.mended`) or was
put back (`archive.repaired`). Codes are those of an audit (`casework.audit`), and:

    OBJECT_SWAPPED     it holds the bytes of another object, which is named
    OBJECT_UNREADABLE  the store answers, but not with these bytes

May not come in: reading, repairing.
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Final

from casework.custody.expected import Expected, Kind
from casework.custody.plan import Sweep
from pipeline.ids import digest
from pipeline.models.actors import Actor
from pipeline.models.base import Model, Sha256
from pipeline.models.events import Event
from pipeline.ports.records import LedgerRecords

DAMAGED: Final = "fixity.damaged"
MENDED: Final = "fixity.mended"
REPAIRED: Final = "archive.repaired"

MOST: Final = 1000
"""Damaged objects that are looked at again in one run; more are only counted."""


REPLACED: Final = "OBJECT_REPLACED"
"""Other bytes lie over what is recorded, which is whole beneath."""
LISTED: Final = frozenset({"UNKNOWN_OBJECT", REPLACED, "OBJECT_DELETED"})
"""Codes of what the list of objects shows; an object may have one of them beside its own damage."""


class State(StrEnum):
    """Where a damage stands."""

    OPEN = "open"
    MENDED = "mended"
    """Sound again when it was looked at."""
    REPAIRED = "repaired"
    """Put back from a copy, verified."""


class Damage(Model):
    """An object that is not as it should be."""

    code: str
    object_key: str
    version_id: str | None = None
    """That was expected; None: the newest."""
    kind: Kind | None = None
    """None for what nothing expects, or lies over what is expected."""
    subject: str = ""
    """Id of the component or batch."""
    expected: Sha256 | None = None
    found: Sha256 | None = None
    """Digest of what was read, None where nothing could be."""
    holds: str | None = None
    """Key of the object whose bytes it holds."""
    state: State = State.OPEN

    @property
    def wanted(self) -> Expected | None:
        """What should be there; None for what should not."""
        if self.kind is None or self.expected is None:
            return None
        return Expected(self.kind, self.object_key, self.version_id, self.expected, self.subject)

    def told(self, sweep: Sweep, actor: Actor, at: dt.datetime) -> Event:
        """For the ledger."""
        facts = ("code", "object_key", "version_id", "kind", "subject", "holds")
        subjects = {name: str(v) for name in facts if (v := getattr(self, name))}
        hashes = {n: v for n in ("expected", "found") if (v := getattr(self, n)) is not None}
        subjects["sweep"] = sweep.name
        return Event(
            event_id=digest("event", DAMAGED, subjects, hashes),
            at=at,
            actor=actor,
            action=DAMAGED,
            subjects=subjects,
            hashes=hashes,
        )

    def closed(self, actor: Actor, at: dt.datetime) -> Event:
        """For the ledger: it was found sound."""
        subjects = {"object_key": self.object_key, "code": self.code}
        return Event(
            event_id=digest("event", MENDED, subjects, at.isoformat()),
            at=at,
            actor=actor,
            action=MENDED,
            subjects=subjects,
        )


def open_damage(records: LedgerRecords, after_seq: int) -> tuple[tuple[Damage, ...], int]:
    """Damage that was told of behind an event and is not closed: the first so many, and the number.

    Raises:
        ArchiveUnavailable: the records cannot be reached.
    """
    found: dict[tuple[str, str], Damage] = {}
    more: set[tuple[str, str]] = set()
    for link in records.ledger(after_seq):
        event = link.event
        code = event.subjects.get("code", "")
        key = event.subjects.get("object_key", ""), code if code in LISTED else ""
        if event.action == DAMAGED:
            if key in found or len(found) < MOST:
                found[key] = _read(event)
            else:
                more.add(key)
        elif event.action in (MENDED, REPAIRED):
            found.pop(key, None)
            more.discard(key)
    return tuple(found.values()), len(found) + len(more)


def _read(event: Event) -> Damage:
    told = {name: value for name, value in event.subjects.items() if name != "sweep"}
    return Damage.model_validate({**told, **event.hashes})
