"""Hands in the ledger's table: a share of `python -m benchmarks.ledger`, and its judge."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.ledger import HANDS, SEALED, World, build, costs, trial
from casework.audit_ledger import audit_ledger
from casework.audit_report import Findings
from storage.records import open_records, sqlite_url
from tests.fakes.archived import START
from tests.fakes.clocks import StillClock


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return build(tmp_path_factory.mktemp("world"))


def test_nothing_is_found_where_nobody_was(world: World) -> None:
    records = open_records(sqlite_url(world.database), StillClock(START))
    found = Findings()
    audit_ledger(records, world.store, {}, (), found)
    records.close()
    report = found.report()
    assert report.findings == ()
    assert report.counts.events == SEALED + 12
    assert report.counts.unanchored == 12


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("kind", HANDS)
def test_every_change_is_located(world: World, kind: str, seed: int) -> None:
    done = trial(world, kind, 100_000 + seed)
    assert done.located, done
    assert done.exact, done


def test_an_event_costs_less_than_a_millisecond(tmp_path: Path) -> None:
    assert float(str(costs(tmp_path, 1000)["insert_ms"])) <= 1.0
