"""Locks that are lengthened while a dossier is open (architecture §3).

An object's first lock is short; every night the locks that will end soon are set anew, so that a
lock ends only when nobody has wanted it for long. Transfer will set the retention of the class;
until a dossier is transferred all its objects are renewed, and the ledger's seals for ever. Where
no record names the version, every version is renewed: what other hands put over an object must
not be what lets the object's own lock end. May not come in: judging what is there
(`casework.audit`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pipeline.errors import ArchiveError, ArchiveUnavailable, ConfigError, NotFound
from pipeline.models.batch import DossierStage
from pipeline.models.records import DossierRecord
from pipeline.ports.archive import ObjectStore
from pipeline.ports.records import Records

_WITHOUT_RECORD: Final = ("raw/", "ledger/")
"""Objects whose version no record names."""
_SILENCES: Final = 3
"""So often in succession unreachable, the store is left for the next night: each costs a wait."""


@dataclass(frozen=True, slots=True)
class Renewal:
    """What a night's renewal did."""

    renewed: int = 0
    """Locks set anew."""
    failed: tuple[str, ...] = ()
    """Keys, or prefixes that could not be listed, whose locks are as they were."""


def renew_locks(records: Records, store: ObjectStore, now: dt.datetime, lock_days: int) -> Renewal:
    """Set every lock anew that would end within half its time.

    What is lost is left to `audit`. What fails is told and holds up no other.

    Args:
        records: which versions there are.
        store: where they lie.
        now: the time, UTC.
        lock_days: how long a lock lasts.

    Raises:
        ArchiveUnavailable: the store cannot be reached; the rest is renewed another night.
        ConfigError: it may not be used at all.
    """
    lock = dt.timedelta(days=lock_days)
    if store.immutability == "advisory":
        return Renewal()
    renewed, failed, silences = 0, list[str](), 0
    for key, version_id in _versions(records, store, failed):
        try:
            renewed += store.renew(key, version_id, before=now + lock / 2, until=now + lock)
            silences = 0
        except NotFound:
            continue
        except (ArchiveError, ConfigError) as error:
            failed.append(key)
            silences = silences + 1 if isinstance(error, ArchiveUnavailable) else 0
            if silences == _SILENCES:
                raise
    return Renewal(renewed, tuple(failed))


def _versions(records: Records, store: ObjectStore, failed: list[str]) -> Iterator[tuple[str, str]]:
    for dossier in records.dossiers():
        if dossier.stage is not DossierStage.TRANSFERRED:
            yield from _versions_of(dossier, records)
    for prefix in _WITHOUT_RECORD:
        try:
            yield from store.versions(prefix)
        except (ArchiveError, ConfigError):
            failed.append(prefix)


def _versions_of(dossier: DossierRecord, records: Records) -> Iterator[tuple[str, str]]:
    for component in records.components(unit=dossier.unit, dossier_code=dossier.code):
        for revision in component.revisions:
            if revision.version_id is not None:
                yield revision.object_key, revision.version_id
    for manifest in records.manifests(dossier.unit, dossier.code):
        if manifest.version_id is not None:
            yield manifest.object_key, manifest.version_id
