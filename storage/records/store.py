"""`SqlRecords`: all nouns of the records as one store."""

from __future__ import annotations

from contextlib import AbstractContextManager

from pipeline.ports.runtime import Clock
from storage.records.batches import SqlBatches
from storage.records.components import SqlComponents
from storage.records.database import Database
from storage.records.dossiers import SqlDossiers
from storage.records.ledger import SqlLedger
from storage.records.manifests import SqlManifests
from storage.records.outbox import SqlOutbox
from storage.records.restoring import Restoration, restoring
from storage.records.reviews import SqlReviews


class SqlRecords(
    SqlBatches,
    SqlDossiers,
    SqlComponents,
    SqlReviews,
    SqlManifests,
    SqlOutbox,
    SqlLedger,
):
    """Port `Records` on a relational database.

    Raises (all methods): ArchiveUnavailable `RECORDS_UNAVAILABLE` or `DISK_FULL`; ConfigError
    `RECORDS_CORRUPT`.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        """Bind to a database whose tables are up to date (`storage.records.upgrade`)."""
        self._database = database
        self._clock = clock

    def restoring(self) -> AbstractContextManager[Restoration]:
        """See `storage.records.restoring.restoring`."""
        return restoring(self._database)

    def close(self) -> None:
        """Give the connections back."""
        self._database.close()
