"""Step from pages to components; where a person must decide, the batch is held here.

Nothing goes to the archive before all blocking questions are answered (architecture §3).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipeline.errors import SplitError
from pipeline.ids import review_id
from pipeline.models.batch import Channel
from pipeline.models.files import SourceFile, SourceKind
from pipeline.models.review import ResolvedReview, ReviewItem, ReviewKind
from pipeline.models.split import SplitPlan
from pipeline.ports.records import DossierWish
from pipeline.run.work import Split, Work
from pipeline.stages import classification, separation

_KINDS = (
    ReviewKind.PAGE_BOUNDARY,
    ReviewKind.COMPONENT_TYPE,
    ReviewKind.BLANK_UNCERTAIN,
    ReviewKind.SHEET_COUNT,
    ReviewKind.UNREADABLE_PAGE,
    ReviewKind.PHYSICAL_ONLY,
    ReviewKind.SOURCE_INCOMPLETE,
    ReviewKind.QUALITY,
    ReviewKind.E_COPY,
)


def split(work: Work) -> bool:
    """Propose components, ask what is doubtful; True where the batch is held.

    A settled split is never made again: component ids of signed bytes hang on it.

    Raises:
        SplitError: the plan does not hold every page exactly once.
    """
    if work.split() is not None:
        return False
    proposal, questions = _propose(work)
    records, workspace = work.tools.records, work.tools.workspace
    _open_dossiers(work, proposal.plan)
    workspace.publish("proposal", work.split_key(), proposal)
    records.put_reviews(work.batch_id, questions, [kind.value for kind in _KINDS])
    if _unanswered(records.reviews(batch_id=work.batch_id, open_only=True)):
        return True
    if not proposal.plan.counts().balanced:
        raise SplitError(batch=work.batch_id[:12])
    workspace.publish("split", work.split_key(), proposal)
    return False


def _propose(work: Work) -> tuple[Split, tuple[ReviewItem, ...]]:
    tools, batch = work.tools, work.batch
    pages = work.pages()
    texts = {p.index: text for p in pages if (text := work.text(p)) is not None}
    evidence = []
    for page in pages:
        seen = work.seen(page)
        evidence.append(
            separation.PageEvidence(
                raw=page,
                look=seen.look,
                sheet=seen.sheet,
                text=texts.get(page.index),
                kept=batch.sources[page.source].kind.keeps_bytes,
            )
        )
    answers = work.answers()
    parted = separation.separate(
        work.batch_id,
        evidence,
        batch.terms,
        tools.catalogue,
        tools.settings.split,
        answers,
        judge=tools.starts,
        papers=tools.papers,
    )
    typed = classification.classify(
        work.batch_id,
        parted.plan,
        texts,
        batch.terms,
        tools.catalogue,
        tools.settings.split,
        answers,
        papers=tools.papers,
    )
    questions = (
        *parted.reviews,
        *typed.reviews,
        *_quality(work, typed.plan),
        *_source_questions(work),
    )
    split = Split(
        plan=typed.plan,
        components=typed.components,
        page_models=tools.page_models_identity,
    )
    return split, _once(questions)


def _quality(work: Work, plan: SplitPlan) -> Iterable[ReviewItem]:
    kept = {index for segment in plan.segments for index in segment.pages}
    for page in work.pages():
        if page.index in kept:
            for warning in work.seen(page).look.warnings:
                yield ReviewItem(
                    review_id=review_id(work.batch_id, "QUALITY", page.index, warning.value),
                    batch_id=work.batch_id,
                    kind=ReviewKind.QUALITY,
                    reason=f"QUALITY_{warning.value}",
                    page=page.index,
                )


def _source_questions(work: Work) -> Iterable[ReviewItem]:
    if work.batch.refused:
        yield ReviewItem(
            review_id=review_id(work.batch_id, "SOURCE_INCOMPLETE"),
            batch_id=work.batch_id,
            kind=ReviewKind.SOURCE_INCOMPLETE,
            reason="FILES_REFUSED",
            params={"count": len(work.batch.refused)},
        )
    for number, source in enumerate(work.batch.sources):
        for oddity in _oddities(work, source):
            yield ReviewItem(
                review_id=review_id(work.batch_id, "QUALITY", f"source {number}", oddity),
                batch_id=work.batch_id,
                kind=ReviewKind.QUALITY,
                reason=f"SOURCE_{oddity}",
                params={"number": number + 1},
            )
        portal = work.batch.terms.channel is Channel.PORTAL
        if portal and source.kind is not SourceKind.PDF_SIGNED:
            yield ReviewItem(
                review_id=review_id(work.batch_id, "E_COPY", number),
                batch_id=work.batch_id,
                kind=ReviewKind.E_COPY,
                reason="UNSIGNED_E_COPY",
            )


def _oddities(work: Work, source: SourceFile) -> Iterable[str]:
    yield from (warning.value for warning in source.warnings)
    signed, workspace = source.kind is SourceKind.PDF_SIGNED, work.tools.workspace
    if signed and work.tools.judge.is_broken(workspace.whole(source.file)):
        yield "SIGNATURE_BROKEN"


def _once(questions: Iterable[ReviewItem]) -> tuple[ReviewItem, ...]:
    return tuple({q.review_id: q for q in questions}.values())


def _unanswered(reviews: Sequence[ResolvedReview]) -> bool:
    return any(r.item.blocking and r.answer is None for r in reviews)


def _open_dossiers(work: Work, plan: SplitPlan) -> None:
    terms, records = work.batch.terms, work.tools.records
    codes = {s.slot: s.dossier or (terms.dossier if s.slot == 0 else None) for s in plan.dossiers}
    for slot in sorted(plan.dossiers, key=lambda s: codes[s.slot] is None):
        wish = DossierWish(
            code=codes[slot.slot],
            procedure=slot.procedure or terms.procedure,
            case=slot.case or terms.case,
            at=work.batch.received_at,
            template=work.tools.settings.dossier_code,
        )
        records.open_dossier(work.batch_id, slot.slot, wish, [])
    records.put_counts(work.batch_id, [plan.counts(slot.slot) for slot in plan.dossiers])
