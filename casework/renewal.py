"""Locks that are set and lengthened: every night, at a transfer, when a hold is placed.

An object's first lock is short; every night the locks that will end soon are set anew, so that a
lock ends only when nobody has wanted it for long. What a dossier's lock is to be, says
`casework.retention`: short while it is open, its class's term once it is transferred, ten years
under legal hold where it is kept for ever. The ledger's seals are renewed for ever. Where no record
names the version, every version is locked: what other hands put over an object must not be what
lets the object's own lock end. Nothing here shortens a lock; a hold is lifted only by `lift_holds`.
May not come in: judging what is there (`casework.audit`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from casework.retention import WantedLock, lock_of, proof_lock, short_lock
from pipeline.errors import ArchiveError, ArchiveUnavailable, ConfigError, NotFound
from pipeline.models.keeping import ArchivedNote
from pipeline.models.records import DossierRecord
from pipeline.ports.archive import ObjectStore
from pipeline.ports.records import Records

_RAW: Final = "raw/"
_LEDGER: Final = "ledger/"
_SILENCES: Final = 3
"""So often in succession unreachable, the store is left for the next night: each costs a wait."""

Version: TypeAlias = tuple[str, str]
"""Key and version id."""


@dataclass(frozen=True, slots=True)
class Renewal:
    """What a renewal did."""

    renewed: int = 0
    """Locks set anew, and holds placed."""
    failed: tuple[str, ...] = ()
    """Keys, or prefixes that could not be listed, whose locks are as they were."""


def renew_locks(records: Records, store: ObjectStore, now: dt.datetime, lock_days: int) -> Renewal:
    """Set every lock anew that would end too early.

    What is lost is left to `audit`. What fails is told and holds up no other.

    Args:
        records: which versions there are.
        store: where they lie.
        now: the time, UTC.
        lock_days: how long a short lock lasts.

    Raises:
        ArchiveUnavailable: the store cannot be reached; the rest is renewed another night.
        ConfigError: it may not be used at all.
    """
    if store.immutability == "advisory":
        return Renewal()
    run = _Run(store)
    run.all(_everything(records, store, now, lock_days, run.failed))
    return run.result()


def lock_dossier(
    dossier: DossierRecord,
    records: Records,
    store: ObjectStore,
    now: dt.datetime,
    lock_days: int,
) -> Renewal:
    """Set the locks of one dossier, its sources with it; an `advisory` store notes them.

    Args:
        dossier: as the records have it now.
        records: which versions there are.
        store: where they lie.
        now: the time, UTC.
        lock_days: how long a short lock lasts.

    Raises:
        ArchiveUnavailable, ConfigError: see `renew_locks`.
    """
    run = _Run(store)
    run.all(_of_dossier(dossier, records, now, lock_days))
    for batch_id in sorted(batches_of(dossier, records)):
        wanted = _raw_lock(batch_id, records, now, lock_days)
        if wanted is not None:
            run.all((v, wanted) for v in store.versions(f"{_RAW}{batch_id}/"))
    return run.result()


def lift_holds(dossier: DossierRecord, records: Records, store: ObjectStore) -> int:
    """Lift the holds of a dossier's objects where nothing wants them any more; how many.

    Args:
        dossier: as the records have it now, without an open hold.
        records: which versions there are.
        store: where they lie.

    Raises:
        ArchiveUnavailable, ConfigError: see `renew_locks`; may be repeated.
    """
    lifted = 0
    if not _wants_hold(dossier):
        for key, version_id in _files(dossier, records):
            lifted += _let_go(store, key, version_id)
        if not dossier.keeping.gone:
            for key, version_id in _proofs(dossier, records):
                lifted += _let_go(store, key, version_id)
    for batch_id in sorted(batches_of(dossier, records)):
        if not any(_wants_hold(d) for d in _dossiers_of(batch_id, records)):
            for key, version_id in store.versions(f"{_RAW}{batch_id}/"):
                lifted += _let_go(store, key, version_id)
    return lifted


def batches_of(dossier: DossierRecord, records: Records) -> set[str]:
    """Batches that put pages into a dossier."""
    return {p.batch_id for p in records.dossier_batches(dossier.unit, dossier.code)}


# -- which objects, which lock --------------------------------------------------------------


def _everything(
    records: Records, store: ObjectStore, now: dt.datetime, lock_days: int, failed: list[str]
) -> Iterator[tuple[Version, WantedLock]]:
    short = short_lock(now, lock_days)
    sources: dict[str, WantedLock | None] = {}
    for dossier in records.dossiers():
        yield from _of_dossier(dossier, records, now, lock_days)
        wanted = lock_of(dossier, now, lock_days)
        for batch_id in batches_of(dossier, records):
            sources[batch_id] = _stronger(wanted, sources.get(batch_id))
    for prefix in (_RAW, _LEDGER):
        try:
            for key, version_id in store.versions(prefix):
                wanted = sources.get(key.split("/")[1], short) if prefix == _RAW else short
                if wanted is not None:
                    yield (key, version_id), wanted
        except (ArchiveError, ConfigError):
            failed.append(prefix)


def _of_dossier(
    dossier: DossierRecord, records: Records, now: dt.datetime, lock_days: int
) -> Iterator[tuple[Version, WantedLock]]:
    wanted = lock_of(dossier, now, lock_days)
    if wanted is not None:
        for version in _files(dossier, records):
            yield version, wanted
    lasting = proof_lock(dossier, now, lock_days)
    for version in _proofs(dossier, records):
        yield version, lasting


def _raw_lock(
    batch_id: str, records: Records, now: dt.datetime, lock_days: int
) -> WantedLock | None:
    """Sources are kept as long as any dossier that came from them."""
    wanted: WantedLock | None = None
    for dossier in _dossiers_of(batch_id, records):
        wanted = _stronger(lock_of(dossier, now, lock_days), wanted)
    return wanted


def _stronger(one: WantedLock | None, other: WantedLock | None) -> WantedLock | None:
    return other if one is None else one.joined(other)


def _dossiers_of(batch_id: str, records: Records) -> tuple[DossierRecord, ...]:
    return tuple(placed.dossier for placed in records.batch_dossiers(batch_id))


def _wants_hold(dossier: DossierRecord) -> bool:
    return not dossier.keeping.destroyed and (dossier.keeping.permanent or dossier.keeping.held)


def _files(dossier: DossierRecord, records: Records) -> Iterator[Version]:
    for component in records.components(unit=dossier.unit, dossier_code=dossier.code):
        for revision in component.revisions:
            if revision.version_id is not None:
                yield revision.object_key, revision.version_id


def _proofs(dossier: DossierRecord, records: Records) -> Iterator[Version]:
    for manifest in records.manifests(dossier.unit, dossier.code):
        if manifest.version_id is not None:
            yield manifest.object_key, manifest.version_id
    for note in notes_of(dossier):
        yield note.object_key, note.version_id


def notes_of(dossier: DossierRecord) -> tuple[ArchivedNote, ...]:
    """Documents of a dossier's destruction, as far as they are written."""
    disposal = dossier.keeping.disposal
    notes = (disposal.inventory, disposal.certificate) if disposal else ()
    return tuple(note for note in notes if note is not None)


# -- doing it -------------------------------------------------------------------------------


class _Run:
    """One run: what it has done, how often the store was silent."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._renewed = 0
        self._silences = 0
        self.failed: list[str] = []

    def all(self, wanted: Iterable[tuple[Version, WantedLock]]) -> None:
        for (key, version_id), lock in wanted:
            try:
                self._renewed += self._one(key, version_id, lock)
                self._silences = 0
            except NotFound:
                continue
            except (ArchiveError, ConfigError) as error:
                self.failed.append(key)
                silent = isinstance(error, ArchiveUnavailable)
                self._silences = self._silences + 1 if silent else 0
                if self._silences == _SILENCES:
                    raise

    def result(self) -> Renewal:
        return Renewal(self._renewed, tuple(self.failed))

    def _one(self, key: str, version_id: str, lock: WantedLock) -> bool:
        """Hold first: what is held cannot be lost between the two."""
        held = lock.held and self._store.hold(key, version_id, on=True)
        renewed = self._store.renew(key, version_id, before=lock.before, until=lock.until)
        return held or renewed


def _let_go(store: ObjectStore, key: str, version_id: str) -> bool:
    try:
        return store.hold(key, version_id, on=False)
    except NotFound:
        return False
