"""Ledger events: who did what to which ids and hashes; never names or values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, NamedTuple

from pydantic import Field

from pipeline.models.actors import Actor
from pipeline.models.base import Instant, Model, Sha256


class Fact(NamedTuple):
    """Bytes of something, as an event tells of them."""

    name: str
    """Of the hash: content, sidecar, manifest, raw_index …"""
    sha256: str
    subject: str
    """Id of what has these bytes."""


class Event(Model):
    """One fact for the ledger, inserted unchained in the business transaction.

    `event_id` is given by the writer so that a repeated transaction inserts it once.
    """

    event_id: str
    at: Instant
    actor: Actor
    action: Annotated[str, Field(pattern=r"^[a-z]+(\.[a-z_]+)+$")]
    """Past tense with its subject, e.g. `batch.received`, `component.signed`."""
    subjects: dict[str, str] = {}
    """Ids: batch_id, component_id, dossier_code, object_key, version_id …"""
    hashes: dict[str, Sha256] = {}

    @property
    def facts(self) -> Iterator[Fact]:
        """Every hash with every id that the event names."""
        for name, sha256 in self.hashes.items():
            for subject in self.subjects.values():
                yield Fact(name, sha256, subject)


class ChainedEvent(Model):
    """An event with its place in the chain."""

    event: Event
    seq: int = Field(ge=1, lt=2**53)
    """1-based, without gaps."""
    prev_hash: Sha256
    hash: Sha256
    """SHA-256 over the RFC 8785 bytes of {seq, prev_hash, event}."""
