"""`storage.ledger_proof`: an event, its path, the seal of its day."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import cast

import pytest

from pipeline.models.events import ChainedEvent, Event
from pipeline.ports.records import Records
from storage.ledger import GENESIS, chained
from storage.ledger_days import sealed_days
from storage.ledger_proof import LedgerProof, prove
from storage.ledger_sealing import seal_finished_days
from storage.merkle import root_along
from tests.fakes.archived import ACTOR, START
from tests.fakes.stores import MemoryStore

DAY = START.date()
ONE = dt.timedelta(days=1)


class Log:
    """Only a chain."""

    def __init__(self, links: list[ChainedEvent]) -> None:
        self.links = links

    def chain_events(self) -> str:
        return self.links[-1].hash

    def ledger(self, after_seq: int = 0) -> object:
        return iter(self.links[after_seq:])


def sealed(*days: tuple[str, ...]) -> MemoryStore:
    """A store with sealed days; each event tells of one digest."""
    links: list[ChainedEvent] = []
    for number, told in enumerate(days):
        for sha256 in told:
            event = Event(
                event_id=f"e{len(links)}",
                at=START + number * ONE,
                actor=ACTOR,
                action="component.signed",
                subjects={"component_id": "c"},
                hashes={"content": sha256},
            )
            head = links[-1].hash if links else GENESIS
            links.append(chained(event, len(links) + 1, head))
    store = MemoryStore()
    seal_finished_days(cast(Records, Log(links)), store, DAY + len(days) * ONE)
    return store


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_every_event_is_proven(size: int) -> None:
    told = tuple(f"{n:064x}" for n in range(size))
    store = sealed(("f" * 64,), told)
    days = [day for _, day in sealed_days(store) if day]
    for sha256, proofs in prove(store, told).items():
        (proof,) = proofs
        assert (proof.sha256, proof.day, proof.size) == (sha256, DAY + ONE, size)
        assert proof.event.event.hashes["content"] == sha256
        assert proof.seal_sha256 == days[1].seal.sha256
        root = root_along(proof.event.hash, proof.index, proof.size, proof.path)
        assert root == proof.root == days[1].seal.root
        assert LedgerProof.model_validate_json(proof.model_dump_json()) == proof


def test_what_no_day_tells_of_and_what_several_tell_of() -> None:
    store = sealed(("a" * 64,), ("b" * 64, "a" * 64))
    found = prove(store, ["a" * 64, "c" * 64])
    assert [(p.day, p.index) for p in found["a" * 64]] == [(DAY, 0), (DAY + ONE, 1)]
    assert found["c" * 64] == ()


def test_a_day_that_contradicts_itself_proves_nothing() -> None:
    store = sealed(("a" * 64,))
    store.rot("ledger/2026-11-22.events.json")
    assert prove(store, ["a" * 64])["a" * 64] == ()


def test_an_old_seal_proves_too() -> None:
    store = MemoryStore()
    data = (Path(__file__).parents[1] / "resources" / "ledger-day-1.json").read_bytes()
    store.plant("ledger/2026-11-22.json", data)
    assert prove(store, ["a" * 64]) == {"a" * 64: ()}
