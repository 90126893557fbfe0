"""Archiving: which objects a batch becomes, and the order in which they are put.

Pure descriptions (keys, manifest, raw index, sidecar) and the puts themselves through the
`ObjectStore` port. The manifest is written last: it is the commit mark (architecture §§5, 6).
May not come in: records, allocation of numbers, signing.
"""

from __future__ import annotations

import gzip
import hashlib
import io
from collections.abc import Mapping, Sequence

from pydantic import BaseModel

from pipeline.errors import NotFound
from pipeline.ids import review_id, safe_code
from pipeline.models.base import Box
from pipeline.models.batch import Batch
from pipeline.models.fields import FieldSet, FieldStatus
from pipeline.models.files import FileRef
from pipeline.models.manifest import (
    Manifest,
    RawIndex,
    RawPageEntry,
    Sidecar,
    SidecarField,
    SidecarPage,
    SidecarWord,
)
from pipeline.models.pages import RawPage
from pipeline.models.records import ComponentRecord, DossierRecord, ManifestRecord
from pipeline.models.review import ReviewItem, ReviewKind
from pipeline.models.split import Fate, SplitPlan
from pipeline.models.stamps import fitted
from pipeline.models.text import PageText
from pipeline.ports.archive import ObjectStore, StoredObject
from pipeline.workspace import Workspace

_EXTENSIONS: Mapping[str, str] = {
    "application/pdf": "pdf",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/tiff": "tif",
}
_POINTS = 72.0


# -- keys -----------------------------------------------------------------------------------


def component_key(dossier: DossierRecord, nn: int, rev: int, code: str) -> str:
    """`dossiers/{unit}/{year}/{dossier_code_safe}/{nn}.{rev}.{COMPONENT_CODE}.pdf`."""
    return f"{dossier_prefix(dossier)}{nn:03}.{rev}.{code}.pdf"


def dossier_prefix(dossier: DossierRecord) -> str:
    """Prefix of all objects of a dossier, ends with `/`."""
    return f"dossiers/{safe_code(dossier.unit)}/{dossier.year}/{safe_code(dossier.code)}/"


def sidecar_key(unit: str, dossier_code: str, component_id: str) -> str:
    """Key of the replaceable text sidecar of a component."""
    return f"{text_prefix(unit, dossier_code)}{component_id}.json.gz"


def text_prefix(unit: str, dossier_code: str) -> str:
    """Prefix of all text sidecars of a dossier, ends with `/`."""
    return f"text/{safe_code(unit)}/{safe_code(dossier_code)}/"


def raw_index_key(batch_id: str) -> str:
    """Key of the index page → (source, page, sha256)."""
    return f"raw/{batch_id}/index.json"


def _source_key(batch_id: str, number: int, ref: FileRef) -> str:
    return f"raw/{batch_id}/source/{number:03}.{_EXTENSIONS[ref.media_type]}"


def _page_key(batch_id: str, page: RawPage) -> str:
    return f"raw/{batch_id}/page/{page.index:05}.{_EXTENSIONS[page.file.media_type]}"


# -- documents ------------------------------------------------------------------------------


def raw_index(batch: Batch, pages: Sequence[RawPage], plan: SplitPlan) -> RawIndex:
    """Where each page came from and what became of it.

    A source that holds rejected pages (`PHYSICAL_ONLY`) is not stored: its key is empty and its
    other pages are stored one by one.
    """
    fates = {d.index: d.fate for d in plan.dropped}
    withheld = {p.source for p in pages if fates.get(p.index) is Fate.REJECTED}
    sources = tuple(
        (s.name, s.file.sha256, "" if n in withheld else _source_key(batch.batch_id, n, s.file))
        for n, s in enumerate(batch.sources)
    )
    entries = tuple(
        RawPageEntry(
            index=p.index,
            source=p.source,
            source_page=p.source_page,
            sha256=p.file.sha256,
            fate=fates.get(p.index, Fate.KEPT).value,
            object_key=_page_key(batch.batch_id, p) if p.source in withheld else None,
        )
        for p in pages
        if fates.get(p.index) is not Fate.REJECTED
    )
    return RawIndex(batch_id=batch.batch_id, unit=batch.unit, sources=sources, pages=entries)


def sidecar(
    component: ComponentRecord,
    texts: Sequence[PageText],
    fields: FieldSet | None,
    version: str,
    sha256: str,
) -> Sidecar:
    """Words, boxes (page points) and field values of a component.

    Args:
        component: whose text it is.
        texts: its pages in order.
        fields: its field values, None for a component without any.
        version: of the catalogue.
        sha256: of the catalogue.
    """
    values = fields.fields if fields else ()
    return Sidecar(
        component_id=component.component_id,
        code=component.code,
        unit=component.unit,
        dossier_code=component.dossier_code,
        pages=tuple(sidecar_page(number, text) for number, text in enumerate(texts)),
        fields=tuple(
            SidecarField(
                name=f.name,
                value=f.value,
                confidence=f.confidence,
                status=f.status.value,
                reasons=f.reasons,
                page=f.page,
                box=(f.box.x0, f.box.y0, f.box.x1, f.box.y1) if f.box else None,
            )
            for f in values
        ),
        catalogue_version=version,
        catalogue_sha256=sha256,
    )


def page_points(box: Box, text: PageText) -> tuple[float, float, float, float]:
    """A box in upright pixels as page points, origin bottom-left, two decimals."""
    scale = _POINTS / text.dpi
    height = text.height_px * scale
    page = Box(
        x0=box.x0 * scale,
        y0=height - box.y1 * scale,
        x1=box.x1 * scale,
        y1=height - box.y0 * scale,
    )
    placed = fitted(page, text.scale, text.width_px * scale)
    return (round(placed.x0, 2), round(placed.y0, 2), round(placed.x1, 2), round(placed.y1, 2))


def sidecar_page(number: int, text: PageText) -> SidecarPage:
    """Words and boxes (page points) of one page; `number` counts within the component."""
    scale = _POINTS / text.dpi
    return SidecarPage(
        page=number,
        width=round(text.width_px * scale, 2),
        height=round(text.height_px * scale, 2),
        scale=text.scale,
        text=text.text,
        words=tuple(
            SidecarWord(
                text=w.text, confidence=round(w.confidence, 3), box=page_points(w.box, text)
            )
            for line in text.lines
            for w in line.words
        ),
    )


def canonical(document: BaseModel) -> bytes:
    """JSON of an archive document: `schema` instead of `schema_`, UTF-8, stable."""
    return document.model_dump_json(by_alias=True).encode()


def packed(document: Sidecar) -> bytes:
    """A sidecar as stored: gzip without a time, so that equal text gives equal bytes."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", mtime=0, compresslevel=6) as stream:
        stream.write(canonical(document))
    return out.getvalue()


def unpacked(data: bytes) -> Sidecar:
    """The sidecar that `packed` stored."""
    return Sidecar.model_validate_json(gzip.decompress(data))


def field_questions(document: Sidecar, batch_id: str, slot: int) -> tuple[ReviewItem, ...]:
    """The questions about fields that a sidecar leaves open, as extraction asked them.

    Args:
        document: of a component.
        batch_id: that the component came with.
        slot: of its dossier within the batch.
    """
    return tuple(
        ReviewItem(
            review_id=review_id(
                batch_id, ReviewKind.FIELD.value, document.component_id, field.name
            ),
            batch_id=batch_id,
            kind=ReviewKind.FIELD,
            reason=field.reasons[0],
            params={"component": document.code},
            dossier=slot,
            component_id=document.component_id,
            page=field.page,
            field=field.name,
        )
        for field in document.fields
        if field.status == FieldStatus.REVIEW.value and field.reasons
    )


def newest_manifest(written: Sequence[ManifestRecord], store: ObjectStore) -> Manifest | None:
    """The newest manifest of a dossier, None where none is archived, or it is lost or changed.

    Args:
        written: the dossier's, by seq.
        store: the archive.
    """
    stored = [m for m in written if m.version_id is not None]
    if not stored:
        return None
    newest = stored[-1]
    try:
        with store.open(newest.object_key, newest.version_id) as stream:
            data = stream.read()
    except NotFound:
        return None
    if hashlib.sha256(data).hexdigest() != newest.sha256:
        return None
    return Manifest.model_validate_json(data)


# -- puts -----------------------------------------------------------------------------------


def put_raw(
    batch: Batch,
    pages: Sequence[RawPage],
    index: RawIndex,
    workspace: Workspace,
    store: ObjectStore,
) -> StoredObject:
    """Put every source (or the single pages of a withheld one) and the raw index.

    Raises:
        ContentConflict, ChecksumMismatch, ArchiveUnavailable: see `ObjectStore.put`.
    """
    for (_, _, key), source in zip(index.sources, batch.sources, strict=True):
        if key:
            put_blob(key, source.file, workspace, store)
    by_index = {p.index: p for p in pages}
    for entry in index.pages:
        if entry.object_key:
            put_blob(entry.object_key, by_index[entry.index].file, workspace, store)
    ref = workspace.put(canonical(index), "application/json")
    return put_blob(raw_index_key(batch.batch_id), ref, workspace, store)


def put_blob(
    key: str, ref: FileRef, workspace: Workspace, store: ObjectStore, *, locked: bool = True
) -> StoredObject:
    """Put bytes of the workspace under a key, verified by the store against their digest."""
    with workspace.path(ref).open("rb") as data:
        return store.put(key, ref, data, locked=locked)
