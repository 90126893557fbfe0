"""Verified repair: bytes from a copy, put back only where they are what the ledger expects.

Copies are looked for among the versions that the archive itself holds under the key (other hands
put something over it), then in the second copy. Each is copied to a scratch file and hashed before
anything is written; what was put is read back. Nothing is removed: damaged bytes stay as a version,
or are set aside (`ObjectStore.restore`). Where the store gives the restored bytes another version
id, records name it from then on, and a new manifest does. May not come in: finding damage.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from casework.custody.damage import REPAIRED, REPLACED, Damage, State
from casework.custody.expected import Expected, is_released
from pipeline.errors import ArchiveError, ConfigError, NotFound
from pipeline.ids import digest
from pipeline.models.actors import Actor
from pipeline.models.events import Event
from pipeline.models.files import FileRef
from pipeline.models.records import DossierRecord
from pipeline.ports.archive import ObjectStore, StoredObject
from pipeline.run import manifests
from pipeline.run.work import Tools
from storage.fixity import copied, ensure_answers, fixity

_MEDIA: Final = {
    ".pdf": "application/pdf",
    ".json": "application/json",
    ".gz": "application/gzip",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".tif": "image/tiff",
}
_OWN: Final = "archive"
_SECOND: Final = "second"


class Repairer:
    """Puts back what is damaged."""

    def __init__(self, tools: Tools, second: ObjectStore | None, actor: Actor) -> None:
        """Nothing is read yet.

        Args:
            tools: ports.
            second: the second copy, where there is one.
            actor: who asks for it.
        """
        self._tools = tools
        self._second = second
        self._actor = actor

    def repair(self, damage: Damage) -> Damage:
        """The damage, repaired where a copy has the expected bytes.

        Raises:
            ArchiveUnavailable: the archive cannot be written now. A second copy that cannot be
                reached leaves the damage open.
        """
        wanted = damage.wanted or _beneath(damage)
        if wanted is None:
            return damage
        with self._tools.workspace.scratch() as folder:
            copy = folder / "copy"
            source = self._fetched(wanted, copy)
            if source is None or is_released(wanted, self._tools.records):
                return damage
            stored = self._put(wanted, copy)
        if not self._is_sound(wanted, stored.version_id):
            return damage
        self._record(damage, wanted, stored, source)
        return damage.model_copy(update={"state": State.REPAIRED})

    def finish_last(self) -> None:
        """Write the manifest of a repair that was killed before it could."""
        last = self._tools.records.newest_event((REPAIRED,))
        component_id = last.subjects.get("component_id") if last is not None else None
        dossier = self._dossier(component_id) if component_id is not None else None
        if dossier is not None and manifests.renewal(self._tools, dossier) is not None:
            with manifests.alone(self._tools, dossier):
                manifests.finish_renewal(self._tools, dossier, self._event)

    # -- copies -----------------------------------------------------------------------------

    def _fetched(self, wanted: Expected, target: Path) -> str | None:
        """Where a copy with the expected bytes was found; they are in `target` then."""
        for source, stream in self._copies(wanted):
            with contextlib.suppress(ArchiveError, ConfigError), stream:
                if copied(stream, target) == wanted.sha256:
                    return source
        return None

    def _copies(self, wanted: Expected) -> Iterator[tuple[str, IO[bytes]]]:
        for source, store in ((_OWN, self._tools.store), (_SECOND, self._second)):
            if store is None:
                continue
            with contextlib.suppress(ArchiveError, ConfigError):
                for key, version_id in list(store.versions(wanted.key)):
                    if key == wanted.key:
                        with contextlib.suppress(ArchiveError, NotFound):
                            yield source, store.open(key, version_id)

    # -- putting back -----------------------------------------------------------------------

    def _put(self, wanted: Expected, copy: Path) -> StoredObject:
        """The bytes as the newest version under the key; one that is so already is adopted."""
        store = self._tools.store
        newest = store.head(wanted.key)
        right = newest is not None and newest.sha256 == wanted.sha256 and not newest.deleted
        if newest is not None and right:
            versions = (newest.version_id, None)  # the newest as such, and what a reader gets
            if all(self._is_sound(wanted, version_id) for version_id in versions):
                self._lock(wanted, newest)
                return newest
        suffix = Path(wanted.key).suffix
        ref = FileRef(
            sha256=wanted.sha256,
            size=copy.stat().st_size,
            media_type=_MEDIA.get(suffix, "application/octet-stream"),
        )
        with copy.open("rb") as data:
            return store.restore(wanted.key, ref, data, locked=wanted.locked)

    def _is_sound(self, wanted: Expected, version_id: str | None) -> bool:
        try:
            return fixity(self._tools.store, wanted.key, version_id, wanted.sha256) == "ok"
        except ArchiveError:
            ensure_answers(self._tools.store)
            return False

    def _lock(self, wanted: Expected, newest: StoredObject) -> None:
        """Whoever put it by hand may have forgotten the lock."""
        if wanted.locked:
            now = self._tools.clock.now()
            lock = dt.timedelta(days=self._tools.settings.archive.lock_days)
            self._tools.store.renew(
                newest.key, newest.version_id, before=now + lock / 2, until=now + lock
            )

    # -- recording --------------------------------------------------------------------------

    def _record(self, damage: Damage, wanted: Expected, stored: StoredObject, source: str) -> None:
        """The new version in records and, of a component's file, in a new manifest.

        What records name was whole beneath other bytes: they go on to name it.
        """
        records = self._tools.records
        subjects = {
            "code": damage.code,
            "object_key": stored.key,
            "version_id": stored.version_id,
            "damaged_version": wanted.version_id or "",
            "source": source,
        }
        if wanted.kind == "object":
            subjects["component_id"] = wanted.subject
        event = self._event(REPAIRED, subjects=subjects, hashes={"restored": wanted.sha256})
        if damage.wanted is None:
            records.append([event])
            return
        moved = wanted.version_id is not None and wanted.version_id != stored.version_id
        dossier = self._dossier(wanted.subject) if wanted.kind == "object" and moved else None
        if dossier is None:
            records.commit_restored(stored.key, stored.version_id, [event])
            return
        with manifests.alone(self._tools, dossier):
            manifests.begin_renewal(self._tools, dossier)
            records.commit_restored(stored.key, stored.version_id, [event])
            manifests.finish_renewal(self._tools, dossier, self._event)

    def _dossier(self, component_id: str) -> DossierRecord | None:
        records = self._tools.records
        try:
            component = records.component(component_id)
        except NotFound:
            return None
        return records.dossier(component.dossier_code, component.unit)

    def _event(self, action: str, *, subjects: dict[str, str], hashes: dict[str, str]) -> Event:
        at = self._tools.clock.now()
        return Event(
            event_id=digest("event", action, subjects, hashes, at.isoformat()),
            at=at,
            actor=self._actor,
            action=action,
            subjects=subjects,
            hashes=hashes,
        )


def _beneath(damage: Damage) -> Expected | None:
    """What is to lie over foreign bytes again."""
    if damage.code != REPLACED or damage.expected is None:
        return None
    return Expected("raw", damage.object_key, None, damage.expected, damage.subject)
