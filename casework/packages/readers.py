"""Who read a dossier, and what else the ledger tells of it: ids and roles, no names or values.

May not come in: reading the ledger from anywhere but the records' port.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import Field

from pipeline.models.actors import Actor
from pipeline.models.base import Instant, Model, Sha256
from pipeline.models.events import ChainedEvent, Event
from pipeline.models.manifest import ArchiveDocument

READING: Final = frozenset(
    {
        "dossier.read",
        "dossier.verified",
        "component.read",
        "component.copied",
        "text.read",
        "evidence.made",
        "package.exported",
    }
)
"""Actions by which somebody saw what a dossier holds. A search names no dossier: what it showed is
not told of."""


class Reading(Model):
    """One time that somebody read."""

    seq: int
    """Place in the ledger."""
    hash: Sha256
    at: Instant
    actor: Actor
    action: str
    component_id: str | None = None
    """None: the dossier as a whole."""


class Readers(ArchiveDocument):
    """`sohoa.readers/1`: every reading of a dossier up to a place in the ledger."""

    schema_: Literal["sohoa.readers/1"] = Field(default="sohoa.readers/1", alias="schema")
    dossier_code: str
    until_seq: int
    """Last event that was looked at."""
    head: Sha256
    """Its hash."""
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What the ledger tells of a dossier."""

    events: tuple[ChainedEvent, ...]
    """By seq."""
    until_seq: int
    head: str

    def readers(self, dossier_code: str) -> Readers:
        """Those events by which somebody read."""
        return Readers(
            dossier_code=dossier_code,
            until_seq=self.until_seq,
            head=self.head,
            readings=tuple(
                Reading(
                    seq=link.seq,
                    hash=link.hash,
                    at=link.event.at,
                    actor=link.event.actor,
                    action=link.event.action,
                    component_id=link.event.subjects.get("component_id"),
                )
                for link in self.events
                if link.event.action in READING
            ),
        )


def told_of(chain: Iterable[ChainedEvent], named_in: Callable[[Event], bool], genesis: str) -> Told:
    """The events that tell of a dossier; the chain is walked once and not held.

    Args:
        chain: by seq.
        named_in: whether an event tells of it.
        genesis: head of an empty chain.
    """
    events: list[ChainedEvent] = []
    until, head = 0, genesis
    for link in chain:
        until, head = link.seq, link.hash
        if named_in(link.event):
            events.append(link)
    return Told(events=tuple(events), until_seq=until, head=head)
