"""A small archived world: batches as the chain would leave them in records and archive."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from dataclasses import dataclass

from pipeline.ids import batch_id as batch_digest
from pipeline.ids import component_id as component_digest
from pipeline.models.actors import Actor, Role
from pipeline.models.base import Box
from pipeline.models.batch import Batch, Channel, IngestTerms
from pipeline.models.components import FoundSignature, SignatureInfo, SignatureLevel
from pipeline.models.events import Event
from pipeline.models.files import FileRef, RefusedFile, SourceFile, SourceKind
from pipeline.models.manifest import (
    Manifest,
    ManifestBatch,
    ManifestComponent,
    ManifestRevision,
    RawIndex,
    RawPageEntry,
    Sidecar,
    SidecarField,
)
from pipeline.models.records import ComponentRecord, DossierRecord, Revision
from pipeline.models.split import PageCounts
from pipeline.ports.archive import ObjectStore
from pipeline.ports.records import DossierWish, Records
from pipeline.stages.archiving import component_key, packed, raw_index_key, sidecar_key

START = dt.datetime(2026, 11, 22, 3, 0, tzinfo=dt.UTC)
ACTOR = Actor(id="dev", role=Role.RECEPTION_OFFICER, unit="DEV")
SIGNATURE = SignatureInfo(
    level=SignatureLevel.B_B,
    signer="Dev",
    signed_at=START,
    box=Box(x0=20, y0=770, x1=190, y1=822),
    certificate_sha256="c" * 64,
    development=True,
)
FOUND = FoundSignature(
    signer="Agency",
    signed_at=None,
    intact=True,
    trusted=False,
    digest="sha1",
    covers_whole_file=True,
)


@dataclass(frozen=True)
class Papers:
    """What is archived as one batch: a PDF of `pages`, the last of which is blank.

    A single page is a batch without components.
    """

    name: str
    pages: int = 4
    dossier: str | None = None
    kept_file: bool = False
    as_code: str | None = None
    at: dt.datetime = START
    signed: tuple[tuple[bytes, SignatureInfo], ...] = ()
    """Files that were really signed, one a component; else a line of text stands for each."""


def reference(data: bytes, media_type: str = "application/pdf") -> FileRef:
    return FileRef(sha256=hashlib.sha256(data).hexdigest(), size=len(data), media_type=media_type)


def source_bytes(papers: Papers) -> bytes:
    return f"source {papers.name}".encode()


def sidecar_bytes(papers: Papers, pages: tuple[int, ...]) -> bytes:
    """One field that a person must look at still, one that is accepted."""
    fields = (
        SidecarField(name="full_name", value=papers.name, confidence=0.9, status="accepted"),
        SidecarField(name="phone", value="", confidence=0.0, status="review", reasons=("MISSING",)),
    )
    return packed(
        Sidecar(
            component_id=component_digest(batch_of(papers).batch_id, pages),
            code="Z_OTHER",
            unit="DEV",
            dossier_code=papers.dossier or "",
            pages=(),
            fields=fields,
            catalogue_version="1",
            catalogue_sha256="d" * 64,
        )
    )


def event(action: str, key: str, at: dt.datetime, **hashes: str) -> Event:
    names = {"batch": "batch_id", "manifest": "object_key"}
    subjects = {names.get(action.partition(".")[0], "component_id"): key}
    return Event(
        event_id=f"{action}:{key}:{sorted(hashes.values())}",
        at=at,
        actor=ACTOR,
        action=action,
        subjects=subjects,
        hashes=hashes,
    )


def batch_of(papers: Papers) -> Batch:
    ref = reference(source_bytes(papers))
    kind = SourceKind.PDF_SIGNED if papers.kept_file else SourceKind.PDF_IMAGES
    return Batch(
        batch_id=batch_digest("DEV", [ref.sha256]),
        unit="DEV",
        source=f"{papers.name}.pdf",
        actor=ACTOR,
        terms=IngestTerms(
            procedure="P1",
            case="C1",
            as_code=papers.as_code,
            channel=Channel.PORTAL if papers.kept_file else Channel.DESK,
            station="Máy quét 1",
        ),
        sources=(SourceFile(name=f"{papers.name}.pdf", file=ref, kind=kind, pages=papers.pages),),
        refused=(RefusedFile(name="hỏng.pdf", sha256="e" * 64, code="PDF_ENCRYPTED"),)
        if papers.kept_file
        else (),
        received_at=papers.at,
    )


def archive_batch(records: Records, store: ObjectStore, papers: Papers) -> Batch:
    """Register, allocate, sign, put, write the manifest, finish."""
    unfinished = start_batch(records, store, papers)
    dossier = records.batch_dossiers(unfinished.batch_id)[0].dossier
    write_manifest(records, store, papers, dossier)
    records.finish_batch(
        unfinished.batch_id, [event("batch.archived", unfinished.batch_id, papers.at)]
    )
    return unfinished


def start_batch(records: Records, store: ObjectStore, papers: Papers) -> Batch:
    """Everything but the manifest and the end."""
    batch = batch_of(papers)
    records.register_batch(batch, [event("batch.received", batch.batch_id, papers.at)])
    wish = DossierWish(papers.dossier, "P1", "C1", papers.at, "{unit}-{yymmdd}-{n:04d}")
    dossier = records.open_dossier(batch.batch_id, 0, wish, [])
    kept = papers.pages - 1
    records.put_counts(batch.batch_id, [PageCounts(in_=papers.pages, kept=kept, blank=1)])
    _put_raw(records, store, batch, papers)
    parts = [tuple(range(kept))] if papers.kept_file else [(0,), tuple(range(1, kept))]
    for number, pages in enumerate(parts if kept else ()):
        data, info = _file_of(papers, number, pages)
        _put_component(records, store, papers, batch, dossier, pages, data, info)
    return batch


def write_manifest(
    records: Records, store: ObjectStore, papers: Papers, dossier: DossierRecord
) -> None:
    batch = batch_of(papers)
    record = records.allocate_manifest(batch.batch_id, "DEV", dossier.code)
    manifest = Manifest(
        unit="DEV",
        dossier_code=dossier.code,
        year=dossier.year,
        seq=record.seq,
        written_at=papers.at,
        procedure=dossier.procedure,
        case=dossier.case,
        stage=dossier.stage,
        channel=dossier.channel,
        batches=tuple(
            ManifestBatch(
                batch_id=placed.batch_id,
                slot=placed.slot,
                source=records.batch(placed.batch_id).batch.source,
                received_at=records.batch(placed.batch_id).batch.received_at,
                counts=placed.counts,
                raw_index_key=raw_index_key(placed.batch_id),
                raw_index_sha256=_head(store, raw_index_key(placed.batch_id)),
                as_code=records.batch(placed.batch_id).batch.terms.as_code,
                actor=records.batch(placed.batch_id).batch.actor,
                terms=records.batch(placed.batch_id).batch.terms,
                refused=len(records.batch(placed.batch_id).batch.refused),
                refused_files=records.batch(placed.batch_id).batch.refused,
                questions=tuple(
                    r.item for r in records.reviews(batch_id=placed.batch_id, open_only=True)
                ),
            )
            for placed in records.dossier_batches("DEV", dossier.code)
        ),
        components=tuple(
            _manifest_component(c)
            for c in records.components(unit="DEV", dossier_code=dossier.code)
        ),
        catalogue_version="1",
        catalogue_sha256="d" * 64,
        ledger_head=records.chain_events(),
        software="Sohoa test",
        waived=dossier.keeping.waived,
        keeping=dossier.keeping,
    )
    data = manifest.model_dump_json(by_alias=True).encode()
    ref = reference(data, "application/json")
    record = records.commit_manifest(
        record.model_copy(update={"sha256": ref.sha256, "size": ref.size}), []
    )
    stored = store.put(record.object_key, ref, io.BytesIO(data), locked=True)
    written = event("manifest.written", record.object_key, papers.at, manifest=ref.sha256)
    records.commit_manifest(record.model_copy(update={"version_id": stored.version_id}), [written])


def _put_raw(records: Records, store: ObjectStore, batch: Batch, papers: Papers) -> None:
    data = source_bytes(papers)
    key = f"raw/{batch.batch_id}/source/000.pdf"
    store.put(key, reference(data), io.BytesIO(data), locked=True)
    last = f"page {papers.name}".encode()
    page_key = f"raw/{batch.batch_id}/page/{papers.pages - 1:05}.jpg"
    store.put(page_key, reference(last, "image/jpeg"), io.BytesIO(last), locked=True)
    entries = [
        RawPageEntry(
            index=n,
            source=0,
            source_page=n,
            sha256=hashlib.sha256(f"{papers.name} {n}".encode()).hexdigest(),
            fate="kept",
            object_key=None,
        )
        for n in range(papers.pages - 1)
    ]
    entries.append(
        RawPageEntry(
            index=papers.pages - 1,
            source=0,
            source_page=papers.pages - 1,
            sha256=reference(last).sha256,
            fate="blank",
            object_key=page_key,
        )
    )
    index = RawIndex(
        batch_id=batch.batch_id,
        unit="DEV",
        sources=((batch.sources[0].name, batch.sources[0].file.sha256, key),),
        pages=tuple(entries),
    )
    data = index.model_dump_json(by_alias=True).encode()
    store.put(raw_index_key(batch.batch_id), reference(data), io.BytesIO(data), locked=True)
    told = {"raw_index": reference(data).sha256}
    records.append([event("batch.sources_stored", batch.batch_id, papers.at, **told)])


def _file_of(
    papers: Papers, number: int, pages: tuple[int, ...]
) -> tuple[bytes, SignatureInfo | None]:
    if papers.kept_file:
        return source_bytes(papers), None
    if papers.signed:
        return papers.signed[number]
    return f"pdf {papers.name} {pages}".encode(), SIGNATURE


def _put_component(
    records: Records,
    store: ObjectStore,
    papers: Papers,
    batch: Batch,
    dossier: DossierRecord,
    pages: tuple[int, ...],
    data: bytes,
    info: SignatureInfo | None,
) -> None:
    identity = component_digest(batch.batch_id, pages)
    record = records.allocate_component(identity, batch.batch_id, 0, "Z_OTHER", pages, 0.9)
    ref = reference(data)
    revision = Revision(
        rev=0,
        sha256=ref.sha256,
        size=ref.size,
        signature=info,
        found=(FOUND,) if papers.kept_file else (),
        object_key=component_key(dossier, record.nn, 0, record.code),
    )
    action = "component.kept" if papers.kept_file else "component.signed"
    records.commit_revision(
        identity, revision, [event(action, identity, papers.at, content=ref.sha256)]
    )
    records.allocate_digitisation_code(identity, papers.at.date())
    stored = store.put(revision.object_key, ref, io.BytesIO(data), locked=True)
    side = sidecar_bytes(papers, pages)
    store.put(
        sidecar_key("DEV", dossier.code, identity),
        reference(side),
        io.BytesIO(side),
        locked=False,
    )
    told = event("component.archived", identity, papers.at, sidecar=reference(side).sha256)
    records.commit_stored(identity, 0, stored.version_id, reference(side).sha256, [told])


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
            ManifestRevision.model_validate(revision.model_dump())
            for revision in component.revisions
            if revision.version_id is not None
        ),
        sidecar_key=sidecar_key(component.unit, component.dossier_code, component.component_id),
        sidecar_sha256=component.sidecar_sha256 or "",
    )


def _head(store: ObjectStore, key: str) -> str:
    stored = store.head(key)
    assert stored is not None
    return stored.sha256
