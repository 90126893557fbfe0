"""A thousand hands in the ledger's table, and what one event costs.

Each trial takes a database whose days are sealed and changes it as its owner could: edits any
column, deletes, inserts, reorders, with the hashes left as they lie or all computed anew. The audit
must say where. Located: every place it names was touched, and without the events it names, records
and seals tell the same in the same order. `--record` writes the result to `RESULTS.md`.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import random
import shutil
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.results import record
from casework.audit_ledger import audit_ledger
from casework.audit_report import Findings
from pipeline.ids import digest
from pipeline.models.actors import Actor, Role
from pipeline.models.events import Event
from pipeline.ports.archive import ObjectStore
from storage.folder_store import FolderStore
from storage.ledger import GENESIS, chained, verify_chain
from storage.ledger_days import sealed_days
from storage.ledger_proof import prove
from storage.ledger_sealing import seal_finished_days
from storage.merkle import merkle_root
from storage.records import open_records, sqlite_url
from storage.records.database import Database
from storage.records.ledger import append_events

_START = dt.datetime(2026, 11, 2, 1, 0, tzinfo=dt.UTC)
_DAYS = (1, 2, 40, 17, 64, 5, 31, 40)
"""Events of each sealed day."""
SEALED = sum(_DAYS)
_TAIL = 12
_ACTIONS = ("batch.received", "component.signed", "component.read", "text.read", "index.searched")
_COLUMNS = ("seq", "prev_hash", "hash", "event_id", "unit", "action", "document")
_NOTES = f"""
{SEALED} events in {len(_DAYS)} sealed days and {_TAIL} behind them, one change a trial, hashes left
as they lay or all computed anew; each trial is audited. Located = every place named was touched,
and without what is named records and seals tell the same, in the same order. `exact` = no more
places are named than were changed.
"""
_COST_NOTES = """
CPU of one process, SQLite, per event: inserting it within a transaction that is open (without its
commit), giving it its place and hash (with the commit of all), verifying a chain; sealing a day of
10,000 events with its Merkle root and putting it into a folder; a proof for one of them. Goal:
inserting at most 1 ms.
"""


class _Clock:
    """Stands still."""

    def now(self) -> dt.datetime:
        return _START


@dataclass
class World:
    """A sealed ledger that trials copy."""

    database: Path
    store: ObjectStore
    folder: Path
    sealed: list[tuple[str, str]] = field(default_factory=list)
    """Event id and document of each sealed event, in order."""


Rows = list[dict[str, Any]]
"""Of the table `events`, in the order of the chain."""


@dataclass(frozen=True)
class Trial:
    """What one change came to."""

    kind: str
    how: str
    located: bool
    exact: bool


def event(name: str, at: dt.datetime, chance: random.Random) -> Event:
    action = chance.choice(_ACTIONS)
    return Event(
        event_id=digest(name),
        at=at,
        actor=Actor(id=f"officer{chance.randrange(9)}", role=Role.CASE_OFFICER, unit="DEV"),
        action=action,
        subjects={"component_id": digest("component", name)},
        hashes={"content": digest("content", name)} if action == "component.signed" else {},
    )


def build(folder: Path) -> World:
    """Records with sealed days and a tail."""
    chance = random.Random(1)
    database = folder / "records.sqlite"
    records = open_records(sqlite_url(database), _Clock())
    for day, count in enumerate((*_DAYS, _TAIL)):
        at = _START + dt.timedelta(days=day)
        records.append([event(f"{day} {n}", at, chance) for n in range(count)])
    store = FolderStore(folder / "archive")
    seal_finished_days(records, store, _START.date() + dt.timedelta(days=len(_DAYS)))
    records.close()
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        sealed = [(r["event_id"], r["document"]) for r in _rows(connection)[:SEALED]]
    connection.close()
    return World(database, store, folder, sealed)


# -- hands --------------------------------------------------------------------------------------


def _edited(rows: Rows, chance: random.Random) -> tuple[str, set[int]]:
    """Any column of one row."""
    place = chance.randrange(SEALED)
    row, column = rows[place], chance.choice(_COLUMNS)
    match column:
        case "seq":
            row["seq"] = chance.choice((None, 0, -5, 10**6, 2**60, "x", 2.5))
        case "prev_hash" | "hash":
            row[column] = chance.choice((digest("forged"), None, "", rows[place - 1][column]))
            if row[column] == rows[place - 1][column] == GENESIS:
                row[column] = "1" * 64
        case "document":
            _edit_document(row, chance)
        case _:
            row[column] = "forged"
    return column, {place + 1}


def _edit_document(row: dict[str, Any], chance: random.Random) -> None:
    document = json.loads(row["document"])
    match chance.randrange(7):
        case 0:
            row["document"] = chance.choice(("", "{", "null", "[]", '"x"', "{}", "\x00"))
            return
        case 1:
            document["actor"]["id"] = "eve"
        case 2:
            document["at"] = "2026-11-02T01:00:01Z"
        case 3:
            document["action"] = "dossier.read" if document["action"] else ""
        case 4:
            document["subjects"]["component_id"] = digest("another")
        case 5:
            document["hashes"]["content"] = digest("another")
        case _:
            document["event_id"] = digest("another")
    row["document"] = json.dumps(document)


def _deleted(rows: Rows, chance: random.Random) -> tuple[str, set[int]]:
    """One row or a run, with or without closing the gap."""
    place = chance.randrange(SEALED)
    count = min(chance.choice((1, 1, 1, 2, 5)), SEALED - place)
    del rows[place : place + count]
    how = chance.choice(("gap left", "gap closed"))
    if how == "gap closed":
        _renumber(rows)
    return how, set(range(place + 1, place + count + 1))


def _inserted(rows: Rows, chance: random.Random) -> tuple[str, set[int]]:
    """A row of one's own, or a copy of another with a new id."""
    place = chance.randrange(SEALED)
    how = chance.choice(("invented", "copied"))
    made = event("forged", _START, chance)
    row = dict(rows[place])
    document = made.model_dump(mode="json")
    if how == "copied":
        document = json.loads(chance.choice(rows)["document"]) | {"event_id": made.event_id}
    row |= {
        "row_id": max(r["row_id"] for r in rows) + 1,
        "event_id": made.event_id,
        "action": document["action"],
        "document": json.dumps(document),
    }
    rows.insert(place, row)
    _renumber(rows)
    return how, {place + 1}


def _reordered(rows: Rows, chance: random.Random) -> tuple[str, set[int]]:
    """Two exchanged, one moved, a run turned round."""
    first, last = sorted(chance.sample(range(SEALED), 2))
    how = chance.choice(("neighbours", "two", "one forward", "one back", "run"))
    if how == "neighbours":
        last = first + 1 if first + 1 < SEALED else first
        first = last - 1
    if how in ("neighbours", "two"):
        rows[first], rows[last] = rows[last], rows[first]
    elif how == "one forward":
        rows.insert(last, rows.pop(first))
    elif how == "one back":
        rows.insert(first, rows.pop(last))
    else:
        last = min(last, first + 6)
        rows[first : last + 1] = reversed(rows[first : last + 1])
    _renumber(rows)
    return how, set(range(first + 1, last + 2))


HANDS: dict[str, Callable[[Rows, random.Random], tuple[str, set[int]]]] = {
    "edit": _edited,
    "delete": _deleted,
    "insert": _inserted,
    "reorder": _reordered,
}


def _renumber(rows: Rows) -> None:
    for seq, row in enumerate(rows, start=1):
        row["seq"] = seq


def _hash_anew(rows: Rows) -> bool:
    """Compute every hash anew; False where a row cannot be part of a chain."""
    head = GENESIS
    try:
        told = [Event.model_validate_json(row["document"]) for row in rows]
    except ValueError:
        return False
    if [row["seq"] for row in rows] != list(range(1, len(rows) + 1)):
        return False
    for row, own in zip(rows, told, strict=True):
        link = chained(own, row["seq"], head)
        row["prev_hash"], row["hash"], head = link.prev_hash, link.hash, link.hash
    return True


# -- one trial ----------------------------------------------------------------------------------


def trial(world: World, kind: str, seed: int) -> Trial:
    """Change a copy, audit it, judge what the audit says."""
    chance = random.Random(f"{kind} {seed}")
    database = Path(shutil.copy(world.database, world.folder / "trial.sqlite"))
    connection = sqlite3.connect(database)
    rows = _rows(connection)
    how, touched = HANDS[kind](rows, chance)
    if how not in ("hash", "prev_hash") and chance.random() < 0.5 and _hash_anew(rows):
        how += ", hashed anew"
    _write(connection, rows)
    connection.close()
    records = open_records(sqlite_url(database), _Clock())
    found = Findings()
    audit_ledger(records, world.store, {}, (), found)
    records.close()
    named, added = _places(found)
    located = bool(named | added) and named <= touched and added <= touched
    located = located and _explained(world, rows, named, added)
    return Trial(kind, how, located, len(named | added) <= len(touched))


def _places(found: Findings) -> tuple[set[int], set[int]]:
    """Sealed places that are named, and places of what was added."""
    named: set[int] = set()
    added: set[int] = set()
    for finding in found.report().findings:
        first = int(finding.subjects["seq"])
        seqs = set(range(first, int(finding.subjects.get("until", first)) + 1))
        if finding.code == "LEDGER_EVENT_ADDED":
            added |= seqs
        elif finding.code != "LEDGER_BROKEN":  # of the tail
            named |= seqs
    return named, added


def _explained(world: World, rows: Rows, named: set[int], added: set[int]) -> bool:
    """Without what is named, do records and seals tell the same?"""
    sealed = [one for seq, one in enumerate(world.sealed, start=1) if seq not in named]
    left = {identity for identity, _ in sealed}
    told = [
        (row["event_id"], row["document"])
        for row in rows
        if row["seq"] not in added and row["event_id"] in left
    ]
    return [(i, json.loads(d)) for i, d in sealed] == [(i, json.loads(d)) for i, d in told]


def _rows(connection: sqlite3.Connection) -> Rows:
    connection.row_factory = sqlite3.Row
    return [dict(row) for row in connection.execute("SELECT * FROM events ORDER BY seq")]


def _write(connection: sqlite3.Connection, rows: Rows) -> None:
    columns = list(rows[0])
    marks = ", ".join("?" * len(columns))
    with connection:
        connection.execute("DELETE FROM events")
        connection.executemany(
            f"INSERT INTO events ({', '.join(columns)}) VALUES ({marks})",
            [[row[column] for column in columns] for row in rows],
        )


def trials(world: World, count: int) -> Iterator[Trial]:
    """So many, all kinds in turn."""
    kinds = list(HANDS)
    for seed in range(count):
        yield trial(world, kinds[seed % len(kinds)], seed)


# -- cost ---------------------------------------------------------------------------------------


def costs(folder: Path, count: int = 10_000) -> dict[str, object]:
    """CPU milliseconds per event."""
    chance = random.Random(2)
    url = sqlite_url(folder / "cost.sqlite")
    records = open_records(url, _Clock())
    events = [event(f"cost {n}", _START, chance) for n in range(count)]
    database = Database(url)
    with database.write_beside() as connection:
        start = time.process_time()
        for one in events:
            append_events(connection, [one])
        inserting = time.process_time() - start
    database.close()
    start = time.process_time()
    records.chain_events()
    chaining = time.process_time() - start
    links = list(records.ledger())
    start = time.process_time()
    assert verify_chain(links) is None
    verifying = time.process_time() - start
    store = FolderStore(folder / "cost")
    start = time.process_time()
    seal_finished_days(records, store, _START.date() + dt.timedelta(days=1))
    sealing = time.process_time() - start
    start = time.process_time()
    merkle_root([link.hash for link in links])
    root = time.process_time() - start
    wanted = next(h for link in links for h in link.event.hashes.values())
    (proof,) = prove(store, [wanted])[wanted]
    records.close()
    (day,) = (day for _, day in sealed_days(store) if day)
    seal = store.head(day.seal.key)
    assert seal is not None
    return {
        "insert_ms": f"{inserting / count * 1000:.3f}",
        "chain_ms": f"{chaining / count * 1000:.3f}",
        "verify_ms": f"{verifying / count * 1000:.3f}",
        "seal_10000_s": f"{sealing:.2f}",
        "root_10000_s": f"{root:.3f}",
        "seal_bytes": seal.size,
        "proof_bytes": len(proof.model_dump_json()),
    }


# -- command ------------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--record", action="store_true")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        world = build(Path(name))
        done = list(trials(world, given.trials))
        cost = costs(Path(name))
    rows = [
        {
            "kind": kind,
            "trials": sum(one.kind == kind for one in done),
            "located": sum(one.kind == kind and one.located for one in done),
            "exact": sum(one.kind == kind and one.exact for one in done),
        }
        for kind in HANDS
    ]
    for row in (*rows, cost):
        print(json.dumps(row))
    missed = Counter((one.kind, one.how) for one in done if not one.located)
    print(json.dumps({"missed": [[*key, count] for key, count in missed.items()]}))
    if given.record:
        command = "python -m benchmarks.ledger --record"
        record("Hands in the ledger", command, rows, _NOTES)
        record("What an event costs", command, [cost], _COST_NOTES)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
