"""Writing the manifest of a dossier, the commit mark: for a batch, or for new revisions.

One writer at a time (`alone`). Seq and key are allocated first, the digest is committed before
the put, the version id after it: a killed writer is run again and puts the same bytes. A manifest
that may no longer be written (overtaken, or its bytes are lost) is given up; the gap stays.
May not come in: which components or revisions there are to be, signing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Protocol

from pipeline.errors import SplitError
from pipeline.ids import digest
from pipeline.models.batch import BatchState
from pipeline.models.events import Event
from pipeline.models.files import FileRef
from pipeline.models.keeping import ArchivedNote
from pipeline.models.manifest import (
    ArchiveDocument,
    Manifest,
    ManifestBatch,
    ManifestComponent,
    ManifestRevision,
)
from pipeline.models.records import BatchDossier, ComponentRecord, DossierRecord, ManifestRecord
from pipeline.models.review import ReviewItem, ReviewKind, confirmed_physical
from pipeline.ports.records import Records
from pipeline.provenance import software
from pipeline.run.work import Tools, Work
from pipeline.stages import archiving


class Teller(Protocol):
    """Makes a ledger event."""

    def __call__(self, action: str, *, subjects: dict[str, str], hashes: dict[str, str]) -> Event:
        """The same fact twice has the same id."""
        ...


@contextlib.contextmanager
def alone(tools: Tools, dossier: DossierRecord) -> Iterator[None]:
    """Nobody else writes a manifest of this dossier meanwhile; waits for who does."""
    with tools.claims.claim(digest("dossier", dossier.unit, dossier.code), wait=True):
        yield


def write_of_batch(work: Work, dossier: DossierRecord) -> None:
    """The manifest that a batch writes for a dossier, once; to be called `alone`.

    Raises:
        ArchiveError: see `ObjectStore.put`; may be repeated.
    """
    tools = work.tools
    record = tools.records.allocate_manifest(work.batch_id, dossier.unit, dossier.code)
    if record.version_id is not None:
        return
    if _given_up(tools, record):
        record = tools.records.allocate_manifest(
            work.batch_id, dossier.unit, dossier.code, after=record.seq
        )
    _write(tools, dossier, record, work.event)


# -- new revisions of what is archived ------------------------------------------------------


def renewal(tools: Tools, dossier: DossierRecord) -> ManifestRecord | None:
    """The manifest that was allocated for new revisions and is not written yet, if there is one."""
    for record in reversed(tools.records.manifests(dossier.unit, dossier.code)):
        if record.version_id is not None:
            return None
        if _is_archived(tools, record.batch_id):
            return record
    return None


def begin_renewal(tools: Tools, dossier: DossierRecord) -> None:
    """Allocate the manifest of new revisions, before the first of them is committed.

    From here on records tell that the dossier has a manifest to come, whoever is killed. It is
    allocated for the dossier's newest archived batch.

    Raises:
        SplitError: `RAW_INDEX_MISSING`: nothing of the dossier is archived.
    """
    if renewal(tools, dossier) is None:
        after = _last_written(tools, dossier)
        tools.records.allocate_manifest(
            _newest(tools, dossier), dossier.unit, dossier.code, after=after
        )


def finish_renewal(tools: Tools, dossier: DossierRecord, tell: Teller) -> None:
    """Write the manifest that was begun; to be called `alone`.

    Raises:
        ArchiveError: see `ObjectStore.put`; may be repeated.
    """
    record = renewal(tools, dossier)
    if record is not None and _given_up(tools, record):
        record = tools.records.allocate_manifest(
            _newest(tools, dossier), dossier.unit, dossier.code, after=record.seq
        )
    if record is not None:
        _write(tools, dossier, record, tell)


def write_note(
    tools: Tools,
    key: str,
    document: ArchiveDocument,
    tell: Teller,
    action: str,
    subjects: dict[str, str],
) -> ArchivedNote:
    """Put a document of a dossier beside its manifests, written once, and tell the ledger.

    Raises:
        ContentConflict: the key holds another document.
        ArchiveError: see `ObjectStore.put`; may be repeated with the same document.
    """
    ref = tools.workspace.put(archiving.canonical(document), "application/json")
    stored = archiving.put_blob(key, ref, tools.workspace, tools.store)
    hashes = {"document": stored.sha256}
    tools.records.append([tell(action, subjects=subjects, hashes=hashes)])
    return ArchivedNote(object_key=stored.key, version_id=stored.version_id, sha256=stored.sha256)


def listed_component(component: ComponentRecord) -> ManifestComponent:
    """A component as a manifest lists it."""
    return _manifest_component(component)


def _last_written(tools: Tools, dossier: DossierRecord) -> int:
    written = tools.records.manifests(dossier.unit, dossier.code)
    return max((m.seq for m in written if m.version_id is not None), default=0)


def _newest(tools: Tools, dossier: DossierRecord) -> str:
    for placed in reversed(tools.records.dossier_batches(dossier.unit, dossier.code)):
        if _is_archived(tools, placed.batch_id):
            return placed.batch_id
    raise SplitError("RAW_INDEX_MISSING", batch=dossier.code)


def _is_archived(tools: Tools, batch_id: str) -> bool:
    return tools.records.batch(batch_id).state is BatchState.ARCHIVED


# -- writing --------------------------------------------------------------------------------


def _write(tools: Tools, dossier: DossierRecord, record: ManifestRecord, tell: Teller) -> None:
    if record.sha256 is None:
        document = archiving.canonical(_manifest(tools, dossier, record))
        ref = tools.workspace.put(document, "application/json")
        record = tools.records.commit_manifest(
            record.model_copy(update={"sha256": ref.sha256, "size": ref.size}), []
        )
    ref = FileRef(sha256=str(record.sha256), size=record.size or 0, media_type="application/json")
    stored = archiving.put_blob(record.object_key, ref, tools.workspace, tools.store)
    event = tell(
        "manifest.written",
        subjects={"dossier_code": dossier.code, "object_key": stored.key},
        hashes={"manifest": stored.sha256},
    )
    tools.records.commit_manifest(
        record.model_copy(update={"version_id": stored.version_id}), [event]
    )


def _given_up(tools: Tools, record: ManifestRecord) -> bool:
    """A killed run's manifest that may no longer be written: overtaken, or its bytes are lost."""
    later = tools.records.manifests(record.unit, record.dossier_code)[-1].seq > record.seq
    return later or (record.sha256 is not None and not tools.workspace.sound(record.sha256))


def _manifest(tools: Tools, dossier: DossierRecord, record: ManifestRecord) -> Manifest:
    """All batches whose manifest is written, and the writer: a half-archived one is left out."""
    records, catalogue = tools.records, tools.catalogue
    dossier = records.dossier(dossier.code, dossier.unit)  # its keeping may have changed since
    written = {
        m.batch_id
        for m in records.manifests(dossier.unit, dossier.code)
        if m.version_id is not None
    }
    placed = [
        b
        for b in records.dossier_batches(dossier.unit, dossier.code)
        if b.batch_id in written | {record.batch_id}
    ]
    committed = {b.batch_id for b in placed}
    stored = [
        c
        for c in records.components(unit=dossier.unit, dossier_code=dossier.code)
        if c.batch_id in committed
    ]
    before = _before(tools, dossier)
    return Manifest(
        unit=dossier.unit,
        dossier_code=dossier.code,
        year=dossier.year,
        seq=record.seq,
        written_at=tools.clock.now(),
        procedure=dossier.procedure,
        case=dossier.case,
        stage=dossier.stage,
        channel=dossier.channel,
        batches=tuple(_manifest_batch(tools, b, before) for b in placed),
        components=tuple(_manifest_component(c) for c in stored),
        waived=dossier.keeping.waived,
        keeping=dossier.keeping,
        physical=physical(placed, before, records),
        catalogue_version=catalogue.version,
        catalogue_sha256=catalogue.sha256,
        ledger_head=records.chain_events(),
        software=software(),
    )


def _before(tools: Tools, dossier: DossierRecord) -> Manifest | None:
    written = tools.records.manifests(dossier.unit, dossier.code)
    return archiving.newest_manifest(written, tools.store)


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


def _manifest_batch(tools: Tools, placed: BatchDossier, before: Manifest | None) -> ManifestBatch:
    records, batch_id, slot = tools.records, placed.batch_id, placed.slot
    if placed.dossier.keeping.gone and before is not None:  # its sources may be gone, too
        for known in before.batches:
            if (known.batch_id, known.slot) == (batch_id, slot):
                return known
    batch = records.batch(batch_id).batch
    key = archiving.raw_index_key(batch_id)
    index = tools.store.head(key)
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
        actor=batch.actor,
        terms=batch.terms,
        refused_files=batch.refused,
        questions=_questions(records, batch_id, slot),
    )


def _questions(records: Records, batch_id: str, slot: int) -> tuple[ReviewItem, ...]:
    """What a person is still asked of a dossier's papers; doubts about fields lie in sidecars."""
    return tuple(
        r.item
        for r in records.reviews(batch_id=batch_id, open_only=True)
        if r.item.kind is not ReviewKind.FIELD and not r.item.blocking and r.item.dossier == slot
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
