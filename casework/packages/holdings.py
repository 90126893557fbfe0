"""What the archive holds of one dossier, as records and manifests know it.

May not come in: bytes of components, packages.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from pipeline.errors import NotFound
from pipeline.models.events import Event
from pipeline.models.manifest import Manifest
from pipeline.models.records import BatchRecord, ComponentRecord, DossierRecord, ManifestRecord
from pipeline.ports.archive import ObjectStore
from pipeline.ports.records import Records
from pipeline.stages.archiving import newest_manifest


@dataclass(frozen=True)
class Holdings:
    """One dossier in the archive."""

    dossier: DossierRecord
    components: tuple[ComponentRecord, ...]
    """Those with a revision in the archive, by nn."""
    manifests: tuple[ManifestRecord, ...]
    """Written ones, by seq; at least one."""
    newest: Manifest | None
    """None where the newest manifest is lost or changed."""
    batches: tuple[BatchRecord, ...]
    """Those that the dossier's components come from, oldest first."""

    @cached_property
    def _ids(self) -> frozenset[tuple[str, str]]:
        """Names and values of subjects that are this dossier's alone."""
        ids = {("component_id", c.component_id) for c in self.components}
        ids |= {("batch_id", b.batch.batch_id) for b in self.batches}
        ids |= {("object_key", r.object_key) for c in self.components for r in c.revisions}
        return frozenset(ids | {("object_key", m.object_key) for m in self.manifests})

    def named_in(self, event: Event) -> bool:
        """True where an event tells of the dossier, or of what belongs to it.

        A dossier's code counts within its unit: another unit may have one that is spelt alike.
        """
        told = event.subjects
        mine = told.get("dossier_code") == self.dossier.code
        if mine and told.get("unit", event.actor.unit) == self.dossier.unit:
            return True
        return not self._ids.isdisjoint(told.items())


def holdings(dossier: DossierRecord, records: Records, store: ObjectStore) -> Holdings:
    """Look a dossier up.

    Raises:
        NotFound: `DOSSIER_NOT_ARCHIVED`: no manifest of it is written.
        ArchiveUnavailable: the archive cannot be reached.
    """
    unit, code = dossier.unit, dossier.code
    manifests = tuple(m for m in records.manifests(unit, code) if m.version_id is not None)
    if not manifests:
        raise NotFound("DOSSIER_NOT_ARCHIVED", dossier=code)
    components = tuple(
        c
        for c in records.components(unit=unit, dossier_code=code)
        if c.current is not None and c.current.version_id is not None
    )
    placed = dict.fromkeys(p.batch_id for p in records.dossier_batches(unit, code))
    return Holdings(
        dossier=dossier,
        components=components,
        manifests=manifests,
        newest=newest_manifest(manifests, store),
        batches=tuple(records.batch(batch_id) for batch_id in placed),
    )
