"""The split plan of a batch: the walk, the boundaries, and what people decided."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ValidationError

from pipeline.catalogue import Catalogue
from pipeline.catalogue.matching import Matcher
from pipeline.catalogue.papers import PaperModel
from pipeline.errors import SplitError
from pipeline.models.batch import IngestTerms
from pipeline.models.review import ResolvedReview, ReviewKind
from pipeline.models.split import Boundary, Segment, SplitPlan
from pipeline.models.text import PageText
from pipeline.settings import SplitSettings
from pipeline.stages.separation.boundaries import Boundaries, Decision, Draft, StartJudge, settled
from pipeline.stages.separation.evidence import PageEvidence, Questions, Separation
from pipeline.stages.separation.starts import Seen, see
from pipeline.stages.separation.walking import Run, Walk, Walker

PAGE_UNREADABLE = "PAGE_UNREADABLE"
_WRITTEN_INK = 0.002
"""Share of ink from which a page must have text; below it bears at most a seal or a mark, and
what cannot be read there is nothing to ask a person about."""
_FEWEST_LETTERS = 4


def separate(
    batch_id: str,
    pages: Sequence[PageEvidence],
    terms: IngestTerms,
    catalogue: Catalogue,
    settings: SplitSettings,
    answers: Sequence[ResolvedReview],
    *,
    judge: StartJudge | None = None,
    papers: PaperModel | None = None,
) -> Separation:
    """Split a batch into dossiers and components.

    Args:
        batch_id: for the ids of questions.
        pages: every page of the batch, `raw.index` rising from 0.
        terms: what the officer said.
        catalogue: anchors and page counts.
        settings: thresholds.
        answers: questions of this batch with their answers; open ones are ignored.
        judge: says where papers start where titles and numbers leave it open; None: the rules
            decide alone.
        papers: says what a page reads like; None: nothing does.

    Returns:
        The plan (a proposal while blocking questions are open), and all questions.

    Raises:
        SplitError: `SPLIT_UNBALANCED` where pages are missing or doubled in the input.
    """
    questions = Questions(batch_id, answers)
    walk = Walker(terms, catalogue, questions).walk(pages)
    by_index = {p.raw.index: p for p in pages}
    matcher = Matcher(catalogue)
    seen = _seen(walk, by_index, matcher, papers, settings, questions)
    if terms.as_code is not None:
        drafts = _whole(walk, terms.as_code)
    else:
        drafts = _drafts(walk, by_index, seen, catalogue, judge, settings, questions)
        if questions.starts is not None:
            drafts = _by_person(drafts, questions.starts)
    segments = sorted((_segment(d) for d in drafts), key=lambda s: s.pages[0])
    slots = walk.slots if terms.as_code is None else walk.slots[:1]
    dropped = walk.dropped
    if terms.as_code is not None:
        dropped = tuple(d.model_copy(update={"dossier": 0}) for d in dropped)
    try:
        plan = SplitPlan(
            page_count=len(pages), dossiers=slots, segments=tuple(segments), dropped=dropped
        )
    except ValidationError as error:
        raise SplitError("SPLIT_UNBALANCED", pages=len(pages)) from error
    return Separation(plan=plan, reviews=questions.items())


def _seen(
    walk: Walk,
    pages: dict[int, PageEvidence],
    matcher: Matcher,
    papers: PaperModel | None,
    settings: SplitSettings,
    questions: Questions,
) -> dict[int, Seen]:
    """What is seen on each page that is neither dropped nor in a kept file."""
    out: dict[int, Seen] = {}
    for run in walk.runs:
        if run.source is not None:
            continue
        for index in run.pages:
            text = pages[index].text
            if text is not None and _readable(text, settings):
                out[index] = see(text, matcher, papers)
            elif index not in walk.doubtful and pages[index].look.ink >= _WRITTEN_INK:
                questions.ask(
                    ReviewKind.UNREADABLE_PAGE,
                    PAGE_UNREADABLE,
                    index,
                    run.slot,
                    params={"confidence": round(text.confidence if text else 0.0, 2)},
                )
    return out


def _readable(text: PageText, settings: SplitSettings) -> bool:
    letters = sum(c.isalnum() for c in text.text)
    return letters >= _FEWEST_LETTERS and text.confidence >= settings.readable_confidence


def _whole(walk: Walk, code: str) -> list[Draft]:
    """`--as`: one component, and each kept file for itself."""
    out = [
        Draft(tuple(r.pages), 0, Boundary.KEPT_FILE, 1.0, code, r.source)
        for r in walk.runs
        if r.source is not None
    ]
    rest = tuple(sorted(p for r in walk.runs if r.source is None for p in r.pages))
    if rest:
        out.append(Draft(rest, 0, Boundary.BATCH_START, 1.0, code))
    return out


def _drafts(
    walk: Walk,
    pages: dict[int, PageEvidence],
    seen: dict[int, Seen],
    catalogue: Catalogue,
    judge: StartJudge | None,
    settings: SplitSettings,
    questions: Questions,
) -> list[Draft]:
    containers = frozenset(p.raw.source for p in pages.values() if p.raw.starts_component)
    boundaries = Boundaries(catalogue, seen, containers, judge)

    def settle(page: PageEvidence, slot: int, decision: Decision) -> Decision:
        if decision.reason is None or decision.confidence >= settings.boundary_confidence:
            return decision
        proposal = "start" if decision.start else "continue"
        answer = questions.ask(
            ReviewKind.PAGE_BOUNDARY,
            decision.reason,
            page.raw.index,
            slot,
            about=proposal,  # what was accepted holds for this proposal only
            params={
                "proposal": proposal,
                "confidence": round(decision.confidence, 2),
                **({"why": ",".join(decision.why)} if decision.why else {}),
            },
        )
        return settled(decision) if answer is not None else decision

    out: list[Draft] = []
    for run in walk.runs:
        if run.source is not None:
            kept = Draft(tuple(run.pages), run.slot, Boundary.KEPT_FILE, 1.0, source=run.source)
            out.append(kept)
            continue
        evidence = [pages[i] for i in run.pages]
        for part in _by_file(run, evidence):
            first = _first_boundary(part, evidence, is_first=not out)
            inside = [e for e in evidence if e.raw.index in set(part.pages)]
            out.extend(boundaries.drafts(part, inside, first, settle))
    return out


def _by_file(run: Run, evidence: Sequence[PageEvidence]) -> list[Run]:
    """A file that starts a component ends the reach of a separator that has pages already."""
    parts: list[Run] = []
    for page in evidence:
        if parts and not page.raw.starts_component:
            parts[-1].pages.append(page.raw.index)
        elif not parts:
            parts.append(Run(run.slot, run.sheet, run.opened, pages=[page.raw.index]))
        else:
            parts.append(Run(run.slot, pages=[page.raw.index]))
    return parts


def _first_boundary(run: Run, evidence: Sequence[PageEvidence], *, is_first: bool) -> Boundary:
    if run.opened:
        return Boundary.SHEET
    if is_first:
        return Boundary.BATCH_START
    first = next(e for e in evidence if e.raw.index == run.pages[0])
    return Boundary.FILE_START if first.raw.starts_component else Boundary.ANCHOR


def _by_person(drafts: Sequence[Draft], starts: Sequence[int]) -> list[Draft]:
    """A person's starts replace all boundaries, but never cut a kept file or join dossiers.

    A start on a dropped page counts for the next page that is kept.
    """
    free = [d for d in drafts if d.source is None]
    slots = {page: d.slot for d in free for page in d.pages}
    declared = {d.pages[0]: d.declared for d in free}
    order = sorted(
        [(p, None) for p in slots] + [(d.pages[0], d) for d in drafts if d.source is not None],
        key=lambda item: item[0],
    )
    wanted = sorted(set(starts))
    out: list[Draft] = []
    group: list[int] = []

    def close() -> None:
        if group:
            first = group[0]
            out.append(Draft(tuple(group), slots[first], Boundary.PERSON, 1.0, declared.get(first)))
            group.clear()

    for page, kept in order:
        if kept is not None:
            close()
            out.append(kept)
            continue
        due = bool(wanted) and wanted[0] <= page
        while wanted and wanted[0] <= page:
            wanted.pop(0)
        if due or (group and slots[group[0]] != slots[page]):
            close()
        group.append(page)
    close()
    return out


def _segment(draft: Draft) -> Segment:
    return Segment(
        pages=draft.pages,
        dossier=draft.slot,
        boundary=draft.boundary,
        confidence=draft.confidence,
        declared=draft.declared,
        source=draft.source,
    )
