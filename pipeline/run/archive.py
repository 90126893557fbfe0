"""Last step: put the objects, then the manifest (the commit mark), then finish the batch."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from pipeline.errors import ArchiveError, ChecksumMismatch, ConfigError, SplitError
from pipeline.models.components import Classified
from pipeline.models.events import Event
from pipeline.models.fields import FieldSet
from pipeline.models.files import FileRef
from pipeline.models.manifest import Sidecar
from pipeline.models.pages import RawPage
from pipeline.models.records import ComponentRecord
from pipeline.models.review import ResolvedReview, in_time
from pipeline.models.split import Fate
from pipeline.run import manifests
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
        with manifests.alone(work.tools, placed.dossier):
            manifests.write_of_batch(work, placed.dossier)
    _erase_rejected(work)
    work.tools.records.finish_batch(work.batch_id, [_archived(work)])
    with contextlib.suppress(ArchiveError, ConfigError):  # what stays is cleared another day
        work.tools.workspace.release()
    work.tools.progress.step("archiving", len(components), len(components))


def _archived(work: Work) -> Event:
    """The batch is archived; which weights told its papers goes to the ledger with it."""
    weights = work.settled().page_models
    return work.event("batch.archived", hashes={"page_models": weights} if weights else {})


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
