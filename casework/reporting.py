"""Facts about a batch or dossier in every state: what `ingest` and `show` have to say.

Facts only: texts for people and the JSON contract are made in `app`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from casework.completeness import Gaps, gaps
from pipeline.catalogue import OTHER, Catalogue
from pipeline.errors import ArchiveUnavailable, ChecksumMismatch, NotFound, WorkflowError
from pipeline.ids import component_id
from pipeline.models.batch import Batch, BatchState, Problem
from pipeline.models.components import Classified
from pipeline.models.manifest import Manifest, Sidecar, SidecarField, SidecarPage
from pipeline.models.records import (
    BatchDossier,
    BatchRecord,
    ComponentRecord,
    DossierRecord,
    Revision,
)
from pipeline.models.review import ResolvedReview, confirmed_physical
from pipeline.models.split import Boundary, DossierSlot, PageCounts, Segment, SplitPlan
from pipeline.ports.archive import ObjectStore
from pipeline.ports.records import Records
from pipeline.run.manifests import physical
from pipeline.run.work import Split, Work
from pipeline.stages.archiving import (
    newest_manifest,
    sidecar,
    sidecar_key,
    sidecar_page,
    unpacked,
)


@dataclass(frozen=True, slots=True)
class ComponentView:
    """One component as far as it got."""

    component_id: str
    code: str
    pages: tuple[int, ...]
    """0-based in the whole source."""
    confidence: float
    digitisation_code: str | None
    revision: Revision | None
    fields: tuple[SidecarField, ...]


@dataclass(frozen=True, slots=True)
class ComponentText:
    """Text of one component, as archived or as read so far."""

    component_id: str
    pages: tuple[SidecarPage, ...]


@dataclass(frozen=True, slots=True)
class DossierView:
    """One dossier of a batch."""

    batch: Batch
    duplicate: bool
    dossier: DossierRecord | None
    state: BatchState
    indexed: bool
    counts: PageCounts
    components: tuple[ComponentView, ...]
    open_reviews: tuple[ResolvedReview, ...]
    physical: tuple[str, ...]
    """Codes of papers that are there and never scanned."""
    waived: tuple[str, ...]
    """Codes of papers that nobody digitises, by leave; they count as present."""
    gaps: Gaps | None
    problem: Problem | None


@dataclass(frozen=True, slots=True)
class _Part:
    """What one dossier has of a batch."""

    slot: int
    placed: BatchDossier | None
    counts: PageCounts
    components: tuple[ComponentView, ...]


class Reporter:
    """Draws views from records, workspace and archive."""

    def __init__(self, records: Records, store: ObjectStore, catalogue: Catalogue) -> None:
        """Bind to where the facts are."""
        self._records = records
        self._store = store
        self._catalogue = catalogue

    def batch(self, work: Work, *, duplicate: bool = False) -> tuple[DossierView, ...]:
        """One view per dossier of a batch, in slot order; at least one.

        An archived batch is drawn from records and archive alone: its workspace may be gone.
        """
        record = self._records.batch(work.batch_id)
        reviews = self._records.reviews(batch_id=work.batch_id, open_only=True)
        views = []
        try:
            parts = self._parts(work, record)
        except ArchiveUnavailable:  # what hosts share is away: then as far as this one knows
            here = Work(tools=work.tools, batch=work.batch, shared=False)
            parts = self._parts(here, record)
        for number, part in enumerate(_by_dossier(parts)):
            dossier = part.placed.dossier if part.placed else None
            never_scanned = self._physical(part, record.batch.batch_id)
            views.append(
                DossierView(
                    batch=record.batch,
                    duplicate=duplicate,
                    dossier=dossier,
                    state=record.state,
                    indexed=record.state is BatchState.ARCHIVED
                    and self._records.undelivered(work.batch_id) == 0,
                    counts=part.counts,
                    components=part.components,
                    open_reviews=tuple(
                        r for r in reviews if _concerns(r, part) or (number == 0 and _general(r))
                    ),
                    physical=never_scanned,
                    waived=dossier.keeping.waived if dossier else (),
                    gaps=self._gaps(dossier, {*never_scanned, *(c.code for c in part.components)}),
                    problem=record.problem,
                )
            )
        return tuple(views)

    def _parts(self, work: Work, record: BatchRecord) -> tuple[_Part, ...]:
        placed = self._records.batch_dossiers(work.batch_id)
        if record.state is BatchState.ARCHIVED:
            return tuple(self._archived(p) for p in placed)
        split = work.provisional() or _unsplit(record.batch)
        by_slot = {p.slot: p for p in placed}
        stored = {c.component_id: c for c in self._records.components(batch_id=work.batch_id)}
        return tuple(
            _Part(
                slot=slot,
                placed=by_slot.get(slot),
                counts=split.plan.counts(slot),
                components=tuple(
                    self._in_work(work, c, stored.get(c.component_id))
                    for c in split.components
                    if c.dossier == slot
                ),
            )
            for slot in sorted({d.slot for d in split.plan.dossiers})
        )

    def _archived(self, placed: BatchDossier) -> _Part:
        dossier = placed.dossier
        mine = [
            c
            for c in self._records.components(unit=dossier.unit, dossier_code=dossier.code)
            if c.batch_id == placed.batch_id
        ]
        return _Part(
            slot=placed.slot,
            placed=placed,
            counts=placed.counts,
            components=tuple(
                _view(c, c.pages, c.confidence, self._archived_fields(c) or ()) for c in mine
            ),
        )

    def sidecar(self, component: ComponentRecord) -> Sidecar | None:
        """The archived text and fields of a component, None before it is archived or if lost.

        Raises:
            ChecksumMismatch: they are not those that the records expect.
        """
        if component.sidecar_sha256 is None:
            return None
        key = sidecar_key(component.unit, component.dossier_code, component.component_id)
        try:
            with self._store.open(key) as stream:
                data = stream.read()
        except NotFound:
            return None
        if hashlib.sha256(data).hexdigest() != component.sidecar_sha256:
            raise ChecksumMismatch(key=key)
        return unpacked(data)

    def _archived_fields(self, component: ComponentRecord) -> tuple[SidecarField, ...] | None:
        """None where there are none to be believed; `audit` says why."""
        try:
            found = self.sidecar(component)
        except ChecksumMismatch:
            return None
        return found.fields if found else None

    def _in_work(
        self, work: Work, component: Classified, record: ComponentRecord | None
    ) -> ComponentView:
        if record is None:
            return ComponentView(
                component_id=component.component_id,
                code=component.code,
                pages=component.pages,
                confidence=component.confidence,
                digitisation_code=None,
                revision=None,
                fields=(),
            )
        fields = self._fields(work, component, record)
        return _view(record, component.pages, component.confidence, fields)

    def _fields(
        self, work: Work, component: Classified, record: ComponentRecord
    ) -> tuple[SidecarField, ...]:
        if (archived := self._archived_fields(record)) is not None:
            return archived
        try:
            fields = work.fields_of(component) if work.split() else None
            texts = work.texts_of(component) if fields else ()
        except WorkflowError:  # read under other settings: it will be read again
            return ()
        return sidecar(record, texts, fields, self._catalogue.version, "").fields

    def _physical(self, part: _Part, batch_id: str) -> tuple[str, ...]:
        """Also while the archive is away: what waits for it must still be told of."""
        if part.placed is None:
            return tuple(
                sorted(confirmed_physical(self._records.reviews(batch_id=batch_id), part.slot))
            )
        dossier = part.placed.dossier
        mine = [p for p in self._records.batch_dossiers(batch_id) if p.dossier == dossier]
        newest: Manifest | None = None
        with suppress(ArchiveUnavailable):
            newest = newest_manifest(
                self._records.manifests(dossier.unit, dossier.code), self._store
            )
        return physical(mine, newest, self._records)

    def _gaps(self, dossier: DossierRecord | None, codes: set[str]) -> Gaps | None:
        if dossier is None or dossier.procedure is None or dossier.case is None:
            return None
        others = self._records.components(unit=dossier.unit, dossier_code=dossier.code)
        present = codes.union((c.code for c in others), dossier.keeping.waived)
        try:
            return gaps(dossier.procedure, dossier.case, present, self._catalogue)
        except NotFound:
            return None


def pages_so_far(work: Work, component_id: str) -> tuple[SidecarPage, ...]:
    """What was read of a component in work, or proposed: what a person is asked about."""
    split = work.provisional()
    for component in split.components if split else ():
        if component.component_id == component_id:
            return tuple(sidecar_page(n, t) for n, t in enumerate(work.texts_of(component)))
    return ()


def _view(
    record: ComponentRecord,
    pages: tuple[int, ...],
    confidence: float,
    fields: tuple[SidecarField, ...],
) -> ComponentView:
    return ComponentView(
        component_id=record.component_id,
        code=record.code,
        pages=pages,
        confidence=confidence,
        digitisation_code=record.digitisation_code,
        revision=record.current,
        fields=fields,
    )


def _by_dossier(parts: Sequence[_Part]) -> tuple[_Part, ...]:
    """One part per dossier: two slots may have been given the same code."""
    merged: dict[object, _Part] = {}
    for part in parts:
        key = part.placed.dossier.code if part.placed else part.slot
        known = merged.get(key)
        if known is None:
            merged[key] = part
        else:
            own = {c.component_id for c in known.components}
            more = tuple(c for c in part.components if c.component_id not in own)
            counts = known.counts.plus(part.counts)
            merged[key] = replace(known, counts=counts, components=known.components + more)
    return tuple(merged.values())


def _general(review: ResolvedReview) -> bool:
    """About the source as a whole, whatever dossier it names."""
    return review.item.component_id is None and review.item.page is None


def _concerns(review: ResolvedReview, part: _Part) -> bool:
    item = review.item
    if item.component_id is not None:
        return any(c.component_id == item.component_id for c in part.components)
    return item.dossier == part.slot or any(item.page in c.pages for c in part.components)


def _unsplit(batch: Batch) -> Split:
    """Before anything is known: all pages as one unclassified paper, so that counts balance."""
    pages = tuple(range(sum(s.pages for s in batch.sources)))
    segment = Segment(pages=pages, boundary=Boundary.BATCH_START, confidence=0.0)
    plan = SplitPlan(page_count=len(pages), dossiers=(DossierSlot(slot=0),), segments=(segment,))
    component = Classified(
        component_id=component_id(batch.batch_id, pages),
        code=OTHER,
        confidence=0.0,
        pages=pages,
        dossier=0,
        certain=False,
    )
    return Split(plan=plan, components=(component,))
