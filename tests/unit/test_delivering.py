"""How far a delivery goes where the index refuses many documents for good."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterator, Sequence
from types import SimpleNamespace
from typing import cast

import pytest

from casework.delivery import deliver
from pipeline.ports.records import OutboxRow
from pipeline.run.work import Tools
from pipeline.settings import SearchSettings
from search.documents import Document
from search.elastic_index import ElasticIndex


class Refusing(ElasticIndex):
    """An index on a server that never takes certain documents."""

    def __init__(self, refuses: Collection[str]) -> None:
        super().__init__(SearchSettings(url="http://localhost:9"))
        self.refuses = refuses
        self.taken: list[str] = []

    def _everywhere(self, bodies: Sequence[bytes]) -> dict[str, str]:
        lines = [json.loads(line) for body in bodies for line in body.split(b"\n")]
        given = [line["index"]["_id"] for line in lines if "index" in line]
        self.taken += [one for one in given if one not in self.refuses]
        return {one: "never" for one in given if one in self.refuses}


class Owed:
    """Records that owe so many deliveries, each of another component."""

    def __init__(self, count: int) -> None:
        self.rows = [OutboxRow(number, name(number)) for number in range(count)]

    def outbox(self, limit: int = 100) -> tuple[OutboxRow, ...]:
        return tuple(self.rows[:limit])

    def delivered(self, row_ids: Sequence[int]) -> None:
        self.rows = [row for row in self.rows if row.row_id not in row_ids]


def name(number: int) -> str:
    return f"{number:064x}"


def paper(component_id: str, tools: Tools) -> Document:
    return Document(
        component_id=component_id,
        dossier_code="DEV-261122-0001",
        unit="DEV",
        code="F_14_HSB",
        procedure=None,
        sensitive=False,
        received_at=dt.datetime(2026, 11, 22, tzinfo=dt.UTC),
    )


@pytest.fixture(autouse=True)
def _drawn(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("casework.delivery._document", paper)
    yield


def tools(records: Owed) -> Tools:
    return cast("Tools", SimpleNamespace(records=records))


@pytest.mark.parametrize("count", [2, 101])
def test_refused_documents_hold_up_no_later_one_and_are_told(count: int) -> None:
    refuses = {name(number) for number in range(count)}
    records, index = Owed(count + 5), Refusing(refuses)
    done = deliver(tools(records), index)
    assert (done.delivered, set(done.refused)) == (5, refuses)
    assert index.taken == [name(number) for number in range(count, count + 5)]
    assert {row.component_id for row in records.rows} == refuses
    again = deliver(tools(records), index)
    assert (again.delivered, set(again.refused)) == (0, refuses)


def test_an_index_that_takes_nothing_is_not_handed_everything() -> None:
    records = Owed(5000)
    done = deliver(tools(records), Refusing({name(number) for number in range(5000)}))
    assert (done.delivered, len(done.refused)) == (0, 1000)
    assert len(records.rows) == 5000
