"""What the archive holds of one dossier, as records and manifests know it.

May not come in: bytes of components, packages.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.errors import NotFound
from pipeline.models.manifest import Manifest
from pipeline.models.records import BatchRecord, ComponentRecord, DossierRecord, ManifestRecord
from pipeline.ports.archive import ObjectStore
from pipeline.ports.records import Records
from pipeline.stages.archiving import newest_manifest


@dataclass(frozen=True, slots=True)
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

    @property
    def subjects(self) -> frozenset[str]:
        """Every id by which events name the dossier or what belongs to it."""
        ids = {self.dossier.code, *(b.batch.batch_id for b in self.batches)}
        ids |= {c.component_id for c in self.components}
        return frozenset(ids | {m.object_key for m in self.manifests})


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
