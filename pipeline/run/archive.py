"""Last step: put the objects, then the manifest (the commit mark), then finish the batch."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence

from pipeline.errors import ArchiveUnavailable, ChecksumMismatch, SplitError
from pipeline.ids import digest
from pipeline.models.components import Classified
from pipeline.models.fields import FieldSet
from pipeline.models.files import FileRef
from pipeline.models.manifest import (
    Manifest,
    ManifestBatch,
    ManifestComponent,
    ManifestRevision,
    Sidecar,
)
from pipeline.models.pages import RawPage
from pipeline.models.records import BatchDossier, ComponentRecord, DossierRecord, ManifestRecord
from pipeline.models.review import ResolvedReview, confirmed_physical, in_time
from pipeline.models.split import Fate
from pipeline.ports.records import Records
from pipeline.provenance import software
from pipeline.run.work import Work
from pipeline.stages import archiving


def archive(work: Work) -> None:
    """Put raw sources, component files and sidecars; then one manifest per dossier; then finish.

    Raises:
        ArchiveError: the store is down, full, or holds other bytes; everything is kept and the
            step may be repeated.
        SplitError: the pages do not balance; nothing was put.
    """
    if not work.settled().plan.counts().balanced:
        raise SplitError(batch=work.batch_id[:12])
    _put_raw(work)
    components = work.settled().components
    for done, component in enumerate(components):
        work.tools.progress.step("archiving", done, len(components))
        _put_component(work, component)
    for placed in work.tools.records.batch_dossiers(work.batch_id):
        with work.tools.workspace.claim(_dossier_claim(placed.dossier), wait=True):
            _put_manifest(work, placed.dossier)
    _erase_rejected(work)
    work.tools.records.finish_batch(work.batch_id, [work.event("batch.archived")])
    with contextlib.suppress(ArchiveUnavailable):  # what stays is cleared another day
        work.tools.workspace.release()
    work.tools.progress.step("archiving", len(components), len(components))


def _put_raw(work: Work) -> None:
    pages = work.pages()
    index = archiving.raw_index(work.batch, pages, work.settled().plan)
    stored = archiving.put_raw(work.batch, pages, index, work.tools.workspace, work.tools.store)
    work.tools.records.append(
        [work.event("batch.sources_stored", hashes={"raw_index": stored.sha256})]
    )


def _put_component(work: Work, component: Classified) -> None:
    tools = work.tools
    record = tools.records.component(component.component_id)
    revision = record.current
    if revision is None:
        raise SplitError("COMPONENT_WITHOUT_BYTES", component=record.code)
    ref = FileRef(sha256=revision.sha256, size=revision.size, media_type="application/pdf")
    stored = archiving.put_blob(revision.object_key, ref, tools.workspace, tools.store)
    if stored.sha256 != revision.sha256:
        raise ChecksumMismatch(key=stored.key)
    side = tools.workspace.put(
        archiving.packed(_sidecar(work, component, record)), "application/gzip"
    )
    key = archiving.sidecar_key(record.unit, record.dossier_code, record.component_id)
    archiving.put_blob(key, side, tools.workspace, tools.store, locked=False)
    event = work.event(
        "component.archived",
        subjects={
            "component_id": record.component_id,
            "object_key": stored.key,
            "version_id": stored.version_id,
        },
        hashes={"content": revision.sha256, "sidecar": side.sha256},
    )
    tools.records.commit_stored(
        record.component_id, revision.rev, stored.version_id, side.sha256, [event]
    )


def _sidecar(work: Work, component: Classified, record: ComponentRecord) -> Sidecar:
    fields = work.fields_of(component)
    if fields is not None:
        answers = [r for r in work.answers() if r.item.component_id == component.component_id]
        fields = _corrected(fields, answers)
    catalogue = work.tools.catalogue
    return archiving.sidecar(
        record, work.texts_of(component), fields, catalogue.version, catalogue.sha256
    )


def _corrected(fields: FieldSet, answers: Sequence[ResolvedReview]) -> FieldSet:
    """What people said of the fields, in the order they said it: a field may have two questions."""
    for item, answer in in_time(answers):
        if item.field is not None:
            fields = fields.confirmed(item.field, answer.value)
    return fields


# -- manifest -------------------------------------------------------------------------------


def _dossier_claim(dossier: DossierRecord) -> str:
    return digest("dossier", dossier.unit, dossier.code)


def _put_manifest(work: Work, dossier: DossierRecord) -> None:
    tools = work.tools
    record = tools.records.allocate_manifest(work.batch_id, dossier.unit, dossier.code)
    if record.version_id is not None:
        return
    if _given_up(work, record):
        record = tools.records.allocate_manifest(
            work.batch_id, dossier.unit, dossier.code, after=record.seq
        )
    if record.sha256 is None:
        document = archiving.canonical(_manifest(work, dossier, record))
        ref = tools.workspace.put(document, "application/json")
        record = tools.records.commit_manifest(
            record.model_copy(update={"sha256": ref.sha256, "size": ref.size}), []
        )
    ref = FileRef(sha256=str(record.sha256), size=record.size or 0, media_type="application/json")
    stored = archiving.put_blob(record.object_key, ref, tools.workspace, tools.store)
    event = work.event(
        "manifest.written",
        subjects={"dossier_code": dossier.code, "object_key": stored.key},
        hashes={"manifest": stored.sha256},
    )
    tools.records.commit_manifest(
        record.model_copy(update={"version_id": stored.version_id}), [event]
    )


def _given_up(work: Work, record: ManifestRecord) -> bool:
    """A killed run's manifest that may no longer be written: overtaken, or its bytes are lost."""
    later = work.tools.records.manifests(record.unit, record.dossier_code)[-1].seq > record.seq
    return later or (record.sha256 is not None and not work.tools.workspace.has(record.sha256))


def _manifest(work: Work, dossier: DossierRecord, record: ManifestRecord) -> Manifest:
    """All batches whose manifest is written, and this one: a half-archived one is left out."""
    records, catalogue = work.tools.records, work.tools.catalogue
    written = {
        m.batch_id
        for m in records.manifests(dossier.unit, dossier.code)
        if m.version_id is not None
    }
    placed = [
        b
        for b in records.dossier_batches(dossier.unit, dossier.code)
        if b.batch_id in written | {work.batch_id}
    ]
    committed = {b.batch_id for b in placed}
    stored = [
        c
        for c in records.components(unit=dossier.unit, dossier_code=dossier.code)
        if c.batch_id in committed
    ]
    return Manifest(
        unit=dossier.unit,
        dossier_code=dossier.code,
        year=dossier.year,
        seq=record.seq,
        written_at=work.tools.clock.now(),
        procedure=dossier.procedure,
        case=dossier.case,
        stage=dossier.stage,
        channel=dossier.channel,
        batches=tuple(_manifest_batch(work, b.batch_id, b.slot) for b in placed),
        components=tuple(_manifest_component(c) for c in stored),
        physical=physical(placed, _before(work, dossier), records),
        catalogue_version=catalogue.version,
        catalogue_sha256=catalogue.sha256,
        ledger_head=records.chain_events(),
        software=software(),
    )


def _before(work: Work, dossier: DossierRecord) -> Manifest | None:
    written = work.tools.records.manifests(dossier.unit, dossier.code)
    return archiving.newest_manifest(written, work.tools.store)


def physical(
    placed: Iterable[BatchDossier], before: Manifest | None, records: Records
) -> tuple[str, ...]:
    """Codes of a dossier's papers that are there and never scanned.

    Args:
        placed: batches of the dossier, whose questions count as they were answered.
        before: its newest manifest: a rebuild restores no answers.
        records: hold the answers.
    """
    found = set(before.physical if before else ())
    for part in placed:
        found |= confirmed_physical(records.reviews(batch_id=part.batch_id), part.slot)
    return tuple(sorted(found))


def _manifest_batch(work: Work, batch_id: str, slot: int) -> ManifestBatch:
    records = work.tools.records
    batch = records.batch(batch_id).batch
    placed = next(b for b in records.batch_dossiers(batch_id) if b.slot == slot)
    key = archiving.raw_index_key(batch_id)
    index = work.tools.store.head(key)
    if index is None:
        raise SplitError("RAW_INDEX_MISSING", batch=batch_id[:12])
    return ManifestBatch(
        batch_id=batch_id,
        slot=slot,
        source=batch.source,
        received_at=batch.received_at,
        counts=placed.counts,
        raw_index_key=key,
        raw_index_sha256=index.sha256,
        refused=len(batch.refused),
        as_code=batch.terms.as_code,
    )


def _manifest_component(component: ComponentRecord) -> ManifestComponent:
    return ManifestComponent(
        component_id=component.component_id,
        nn=component.nn,
        code=component.code,
        digitisation_code=component.digitisation_code or "",
        batch_id=component.batch_id,
        pages=component.pages,
        confidence=component.confidence,
        revisions=tuple(
            ManifestRevision(
                rev=r.rev,
                object_key=r.object_key,
                version_id=r.version_id or "",
                sha256=r.sha256,
                size=r.size,
                signature=r.signature,
                found=r.found,
            )
            for r in component.revisions
            if r.version_id is not None
        ),
        sidecar_key=archiving.sidecar_key(
            component.unit, component.dossier_code, component.component_id
        ),
        sidecar_sha256=component.sidecar_sha256 or "",
    )


# -- paper that may not be kept -------------------------------------------------------------


def _erase_rejected(work: Work) -> None:
    """Erase pages of a paper book and the source that holds them (R-3985-1), with an event."""
    rejected = {d.index for d in work.settled().plan.dropped if d.fate is Fate.REJECTED}
    pages = [p for p in work.pages() if p.index in rejected]
    if not pages:
        return
    digests = _erasable(work, pages)
    event = work.event("pages.erased", subjects={"count": str(len(pages))})
    work.tools.records.append([event])
    for sha256 in digests:
        work.tools.workspace.erase(sha256)


def _erasable(work: Work, pages: list[RawPage]) -> set[str]:
    sources = {work.batch.sources[p.source].file.sha256 for p in pages}
    return sources | {p.file.sha256 for p in pages}
