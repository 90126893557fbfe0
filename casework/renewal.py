"""Locks that are lengthened while a dossier is open (architecture §3).

An object's first lock is short; every night the locks that will end soon are set anew, so that a
lock ends only when nobody has wanted it for long. Transfer will set the retention of the class;
until a dossier is transferred all its objects are renewed, and the ledger's seals for ever. May
not come in: judging what is there (`casework.audit`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Final

from pipeline.errors import NotFound
from pipeline.models.batch import DossierStage
from pipeline.models.records import DossierRecord
from pipeline.ports.archive import ObjectStore
from pipeline.ports.records import Records

_WITHOUT_RECORD: Final = ("raw/", "ledger/")
"""Objects whose version no record names: the newest one counts."""


def renew_locks(records: Records, store: ObjectStore, now: dt.datetime, lock_days: int) -> int:
    """Set every lock anew that would end within half its time; gives their number.

    What is lost is left to `audit`.

    Args:
        records: which versions there are.
        store: where they lie.
        now: the time, UTC.
        lock_days: how long a lock lasts.

    Raises:
        ArchiveUnavailable: the store cannot be reached; the rest is renewed another night.
    """
    lock = dt.timedelta(days=lock_days)
    renewed = 0
    if store.immutability == "advisory":
        return renewed
    for key, version_id in _versions(records, store):
        try:
            renewed += store.renew(key, version_id, before=now + lock / 2, until=now + lock)
        except NotFound:
            continue
    return renewed


def _versions(records: Records, store: ObjectStore) -> Iterator[tuple[str, str]]:
    for dossier in records.dossiers():
        if dossier.stage is not DossierStage.TRANSFERRED:
            yield from _versions_of(dossier, records)
    for prefix in _WITHOUT_RECORD:
        for stored in store.list(prefix):
            yield stored.key, stored.version_id


def _versions_of(dossier: DossierRecord, records: Records) -> Iterator[tuple[str, str]]:
    for component in records.components(unit=dossier.unit, dossier_code=dossier.code):
        for revision in component.revisions:
            if revision.version_id is not None:
                yield revision.object_key, revision.version_id
    for manifest in records.manifests(dossier.unit, dossier.code):
        if manifest.version_id is not None:
            yield manifest.object_key, manifest.version_id
