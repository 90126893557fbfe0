"""Transfer into the central archive proper: complete and legally sound, or a list of defects.

R-3985-9: components are checked again; a dossier that is not complete stays. Complete is what
domain-pack C.1 asks of the archive: application, case papers, results; the paper book as a
physical item; what is waived counts as present. Legally sound: every component's verdict is VALID,
every unsigned e-copy reviewed. What transfers gets its class's term and the locks for it. May not
come in: judging a file (`casework.verification`).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from casework.completeness import archive_gaps
from casework.keeping import Change, change, told_by
from casework.renewal import lock_dossier
from casework.retention import term_of
from pipeline.errors import ArchiveUnavailable, NotFound
from pipeline.models.actors import Actor
from pipeline.models.base import Model
from pipeline.models.batch import BatchState, DossierStage
from pipeline.models.keeping import RetentionTerm
from pipeline.models.records import ComponentRecord, DossierRecord
from pipeline.models.review import ReviewKind
from pipeline.run.manifests import physical
from pipeline.run.work import Tools
from pipeline.stages.archiving import newest_manifest


class Defect(Model):
    """What a dossier lacks for the archive."""

    code: str
    """NOTHING_ARCHIVED, BATCH_UNFINISHED, CASE_UNKNOWN, COMPONENT_MISSING, PHYSICAL_MISSING,
    NOT_VALID, REVIEW_OPEN."""
    subject: str = ""
    """Code of a paper, or id of a batch, component or review."""


class Transfer(Model):
    """What became of one dossier."""

    dossier_code: str
    stage: DossierStage
    term: RetentionTerm | None
    defects: tuple[Defect, ...] = ()
    locks_set: int = 0
    locks_failed: tuple[str, ...] = ()
    """Keys; their locks are set by the next night's audit."""

    @property
    def done(self) -> bool:
        """True where it is in the central archive."""
        return self.stage is DossierStage.TRANSFERRED


def transfer(
    tools: Tools,
    dossier: DossierRecord,
    actor: Actor,
    valid: Callable[[ComponentRecord], bool],
) -> Transfer:
    """Transfer a dossier, or say what it lacks; again is harmless: only its locks are set.

    Args:
        tools: the ports.
        dossier: which.
        actor: of the ArchiveCentre.
        valid: judges a component as archived.

    Raises:
        WorkflowError: `RETENTION_UNSET`.
        ArchiveError: see `casework.keeping.change`; may be repeated.
    """
    if dossier.stage is not DossierStage.TRANSFERRED:
        found = defects(tools, dossier, valid)
        if found:
            return Transfer(
                dossier_code=dossier.code, stage=dossier.stage, term=None, defects=found
            )

    def decide(fresh: DossierRecord) -> Change | None:
        if fresh.stage is DossierStage.TRANSFERRED or fresh.procedure is None:
            return None
        at = tools.clock.now()
        term = term_of(fresh.procedure, tools.catalogue, at, fresh.keeping.term)
        keeping = fresh.keeping.model_copy(
            update={"term": term, "transferred_by": actor, "transferred_at": at}
        )
        subjects = {"dossier_code": fresh.code, "retention": term.code}
        return Change(
            keeping,
            DossierStage.TRANSFERRED,
            "dossier.transferred",
            subjects | ({"until": f"{term.until}"} if term.until else {}),
            {"term": told_by(term)},
        )

    after = change(tools, dossier, actor, decide)
    lock_days = tools.settings.archive.lock_days
    locks = lock_dossier(after, tools.records, tools.store, tools.clock.now(), lock_days)
    return Transfer(
        dossier_code=after.code,
        stage=after.stage,
        term=after.keeping.term,
        locks_set=locks.renewed,
        locks_failed=locks.failed,
    )


def defects(
    tools: Tools, dossier: DossierRecord, valid: Callable[[ComponentRecord], bool]
) -> tuple[Defect, ...]:
    """Everything that keeps a dossier from being transferred."""
    records = tools.records
    placed = records.dossier_batches(dossier.unit, dossier.code)
    components = records.components(unit=dossier.unit, dossier_code=dossier.code)
    found: list[Defect] = []
    states = {p.batch_id: records.batch(p.batch_id).state for p in placed}
    if not components or BatchState.ARCHIVED not in states.values():
        found.append(Defect(code="NOTHING_ARCHIVED"))
    ended = (BatchState.ARCHIVED, BatchState.SUPERSEDED)
    found += [
        Defect(code="BATCH_UNFINISHED", subject=b) for b, s in states.items() if s not in ended
    ]
    found += _incomplete(tools, dossier, components)
    for component in components:
        if states.get(component.batch_id) is BatchState.ARCHIVED and not valid(component):
            found.append(Defect(code="NOT_VALID", subject=component.component_id))
    for batch_id in states:
        for review in records.reviews(batch_id=batch_id, open_only=True):
            if review.item.kind is ReviewKind.E_COPY:
                found.append(Defect(code="REVIEW_OPEN", subject=review.item.review_id))
    return tuple(found)


def _incomplete(
    tools: Tools, dossier: DossierRecord, components: tuple[ComponentRecord, ...]
) -> list[Defect]:
    if dossier.procedure is None or dossier.case is None:
        return [Defect(code="CASE_UNKNOWN")]
    present = {c.code for c in components if c.current and c.current.version_id}
    present |= {*dossier.keeping.waived, *_physical(tools, dossier)}
    try:
        missing, physical_missing = archive_gaps(
            dossier.procedure, dossier.case, present, tools.catalogue
        )
    except NotFound:
        return [Defect(code="CASE_UNKNOWN")]
    return [Defect(code="COMPONENT_MISSING", subject=code) for code in missing] + [
        Defect(code="PHYSICAL_MISSING", subject=code) for code in physical_missing
    ]


def _physical(tools: Tools, dossier: DossierRecord) -> tuple[str, ...]:
    records, newest = tools.records, None
    with suppress(ArchiveUnavailable):
        newest = newest_manifest(records.manifests(dossier.unit, dossier.code), tools.store)
    return physical(records.dossier_batches(dossier.unit, dossier.code), newest, records)
