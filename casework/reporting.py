"""Facts about a batch or dossier in every state: what `ingest` and `show` have to say.

Facts only: texts for people and the JSON contract are made in `app`.
"""

from __future__ import annotations

from dataclasses import dataclass

from casework.completeness import Gaps, gaps
from pipeline.catalogue import OTHER, Catalogue
from pipeline.errors import NotFound
from pipeline.ids import component_id
from pipeline.models.batch import Batch, BatchState, Problem
from pipeline.models.components import Classified
from pipeline.models.fields import FieldSet
from pipeline.models.manifest import Sidecar, SidecarField
from pipeline.models.records import ComponentRecord, DossierRecord, Revision
from pipeline.models.review import ResolvedReview
from pipeline.models.split import Boundary, DossierSlot, PageCounts, Segment, SplitPlan
from pipeline.ports.archive import ObjectStore
from pipeline.ports.records import Records
from pipeline.run.work import Split, Work
from pipeline.stages.archiving import sidecar, sidecar_key, unpacked


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
    gaps: Gaps | None
    problem: Problem | None


class Reporter:
    """Draws views from records, workspace and archive."""

    def __init__(self, records: Records, store: ObjectStore, catalogue: Catalogue) -> None:
        """Bind to where the facts are."""
        self._records = records
        self._store = store
        self._catalogue = catalogue

    def batch(self, work: Work, *, duplicate: bool = False) -> tuple[DossierView, ...]:
        """One view per dossier of a batch, in slot order; at least one."""
        record = self._records.batch(work.batch_id)
        split = work.provisional() or _unsplit(record.batch)
        placed = {d.slot: d for d in self._records.batch_dossiers(work.batch_id)}
        reviews = self._records.reviews(batch_id=work.batch_id, open_only=True)
        stored = {c.component_id: c for c in self._records.components(batch_id=work.batch_id)}
        owed = self._records.undelivered(work.batch_id)
        slots = sorted({d.slot for d in split.plan.dossiers} | placed.keys())
        views = []
        for slot in slots:
            mine = [c for c in split.components if c.dossier == slot]
            dossier = placed[slot].dossier if slot in placed else None
            views.append(
                DossierView(
                    batch=record.batch,
                    duplicate=duplicate,
                    dossier=dossier,
                    state=record.state,
                    indexed=record.state is BatchState.ARCHIVED and owed == 0,
                    counts=split.plan.counts(slot),
                    components=tuple(
                        self._component(work, c, stored.get(c.component_id)) for c in mine
                    ),
                    open_reviews=tuple(r for r in reviews if _concerns(r, slot, mine)),
                    gaps=self._gaps(dossier, [c.code for c in mine]),
                    problem=record.problem,
                )
            )
        return tuple(views)

    def sidecar(self, component: ComponentRecord) -> Sidecar | None:
        """The archived text and fields of a component, None before it is archived.

        Raises:
            NotFound: `OBJECT_MISSING` where the archive lost it.
        """
        if component.sidecar_sha256 is None:
            return None
        key = sidecar_key(component.unit, component.dossier_code, component.component_id)
        with self._store.open(key) as stream:
            return unpacked(stream.read())

    def _component(
        self, work: Work, component: Classified, record: ComponentRecord | None
    ) -> ComponentView:
        return ComponentView(
            component_id=component.component_id,
            code=record.code if record else component.code,
            pages=component.pages,
            confidence=component.confidence,
            digitisation_code=record.digitisation_code if record else None,
            revision=record.current if record else None,
            fields=self._fields(work, component, record),
        )

    def _fields(
        self, work: Work, component: Classified, record: ComponentRecord | None
    ) -> tuple[SidecarField, ...]:
        if record is None:
            return ()
        if (archived := self.sidecar(record)) is not None:
            return archived.fields
        fields: FieldSet | None = work.fields_of(component) if work.split() else None
        texts = work.texts_of(component) if fields else ()
        return sidecar(record, texts, fields, self._catalogue.version, "").fields

    def _gaps(self, dossier: DossierRecord | None, codes: list[str]) -> Gaps | None:
        if dossier is None or dossier.procedure is None or dossier.case is None:
            return None
        others = self._records.components(unit=dossier.unit, dossier_code=dossier.code)
        present = {*codes, *(c.code for c in others)}
        try:
            return gaps(dossier.procedure, dossier.case, present, self._catalogue)
        except NotFound:
            return None


def _concerns(review: ResolvedReview, slot: int, components: list[Classified]) -> bool:
    if review.item.component_id is not None:
        return any(c.component_id == review.item.component_id for c in components)
    pages = {index for c in components for index in c.pages}
    return review.item.dossier == slot or review.item.page in pages


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
