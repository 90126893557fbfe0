"""Small writing transactions a second, with several processes writing to one database at once.

`python -m benchmarks.writers postgresql+psycopg://USER@HOST:PORT/DB [--processes 4]`, the password
in SOHOA_DATABASE__PASSWORD; the database is filled with made-up rows. Each process takes batches
through the transactions of a walk; all in one unit (they stand in line), then each in its own.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import multiprocessing
import os
import time
import uuid
from typing import Any

from pydantic import SecretStr

from pipeline.ids import component_id
from pipeline.models.actors import Actor, Role
from pipeline.models.batch import Batch, BatchState, IngestTerms
from pipeline.models.events import Event
from pipeline.models.files import FileRef, SourceFile, SourceKind
from pipeline.models.records import Revision
from pipeline.ports.records import DossierWish
from storage.records import SqlRecords, open_records
from storage.records.upgrade import upgrade

COMPONENTS = 4
PER_BATCH = 5 + 4 * COMPONENTS
"""Writing transactions of one batch."""
_AT = dt.datetime(2026, 11, 22, 3, tzinfo=dt.UTC)


class Still:
    """Port `Clock`."""

    def now(self) -> dt.datetime:
        return _AT


def walk(records: SqlRecords, unit: str, name: str) -> None:
    """The transactions of one batch, as the chain makes them."""
    actor = Actor(id="dev", role=Role.RECEPTION_OFFICER, unit=unit)
    sha256 = hashlib.sha256(f"{unit} {name}".encode()).hexdigest()
    file = FileRef(sha256=sha256, size=9, media_type="application/pdf")
    source = SourceFile(name="a.pdf", file=file, kind=SourceKind.PDF_IMAGES, pages=COMPONENTS)
    batch = Batch(
        batch_id=sha256,
        unit=unit,
        source="a.pdf",
        actor=actor,
        terms=IngestTerms(),
        sources=(source,),
        received_at=_AT,
    )

    def told(what: str) -> list[Event]:
        identity = hashlib.sha256(f"{sha256} {what}".encode()).hexdigest()
        return [Event(event_id=identity, at=_AT, actor=actor, action="batch.tried")]

    records.register_batch(batch, told("received"))
    wish = DossierWish(None, None, None, _AT, "{unit}-{yymmdd}-{n:04d}")
    dossier = records.open_dossier(sha256, 0, wish, told("opened"))
    for page in range(COMPONENTS):
        identity = component_id(sha256, [page])
        records.allocate_component(identity, sha256, 0, "Z_OTHER", [page], 0.5)
        key = f"dossiers/{unit}/{identity}.pdf"
        revision = Revision(rev=0, sha256=identity, size=1, signature=None, object_key=key)
        records.commit_revision(identity, revision, told(f"signed {page}"))
        records.allocate_digitisation_code(identity, _AT.date())
        records.commit_stored(identity, 0, "v", sha256, told(f"stored {page}"))
    records.allocate_manifest(sha256, unit, dossier.code)
    records.set_state(sha256, BatchState.PENDING, told("stuck"))
    records.finish_batch(sha256, told("archived"))


def work(url: str, password: SecretStr | None, unit: str, batches: int, start: Any) -> None:
    """One process."""
    records = open_records(url, Still(), password=password)
    walk(records, unit, uuid.uuid4().hex)
    start.wait()
    for _ in range(batches):
        walk(records, unit, uuid.uuid4().hex)
    records.close()


def measure(
    url: str, password: SecretStr | None, *, processes: int, units: int, batches: int
) -> float:
    """Transactions a second."""
    context = multiprocessing.get_context("fork")
    start = context.Barrier(processes + 1)
    names = [f"U{number % units}" for number in range(processes)]
    workers = [
        context.Process(target=work, args=(url, password, name, batches, start)) for name in names
    ]
    for worker in workers:
        worker.start()
    start.wait()
    begin = time.monotonic()
    for worker in workers:
        worker.join()
    seconds = time.monotonic() - begin
    assert all(worker.exitcode == 0 for worker in workers)
    return processes * batches * PER_BATCH / seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--batches", type=int, default=20)
    given = parser.parse_args()
    secret = os.environ.get("SOHOA_DATABASE__PASSWORD")
    password = SecretStr(secret) if secret else None
    upgrade(given.url, password)
    for processes, units in ((1, 1), (given.processes, 1), (given.processes, given.processes)):
        rate = measure(given.url, password, processes=processes, units=units, batches=given.batches)
        print(f"{processes} processes, {units} units: {rate:.0f} transactions/s")


if __name__ == "__main__":
    main()
