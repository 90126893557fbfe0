"""Classification: which component of the catalogue each segment is.

Pure: the plan and the pages' text go in; types, evidence and questions come out. A declared type
wins unless the text strongly says another; what is in doubt is asked; what is none of the
catalogue's papers is `Z_OTHER`. May not come in: where components start (separation), anchors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.catalogue import OTHER, Catalogue, ScanRule
from pipeline.catalogue.matching import LIKELY, Candidate, Matcher, PageReading
from pipeline.catalogue.papers import Likeness, PaperModel, Trust, agreement
from pipeline.ids import component_id, review_id
from pipeline.models.batch import Channel, IngestTerms
from pipeline.models.components import Classified, Evidence
from pipeline.models.review import Answer, AnswerKind, ResolvedReview, ReviewItem, ReviewKind
from pipeline.models.split import DroppedPage, Fate, Segment, SplitPlan
from pipeline.models.text import PageText
from pipeline.settings import SplitSettings

TYPE_UNKNOWN = "TYPE_UNKNOWN"
TYPE_DOUBTFUL = "TYPE_DOUBTFUL"
TYPE_CONTRADICTED = "TYPE_CONTRADICTED"
TYPE_NOT_ON_PAPER = "TYPE_NOT_ON_PAPER"
PAPER_BOOK = "PAPER_BOOK"
_REASONS = (TYPE_UNKNOWN, TYPE_DOUBTFUL, TYPE_CONTRADICTED, TYPE_NOT_ON_PAPER)
_NEAR = 0.05
"""A runner-up within this confidence makes the type doubtful."""
READS_LIKE = "reads_like"
"""Evidence that is no anchor: letter groups of the whole page."""
_CONTRADICTS = 0.85
"""Text this sure of another type contradicts a separator."""
_PAPER = (Channel.DESK, Channel.POSTAL, Channel.BACKFILL)
_RECEPTION = (Channel.DESK, Channel.POSTAL)
_ELECTRONIC_ONLY = ("form", "book")
"""Kinds whose born-digital components lose their worth on paper; a printed notice does not."""


@dataclass(frozen=True, slots=True)
class Classification:
    """The plan (confirmed paper books are out of it), the types, and every question."""

    plan: SplitPlan
    components: tuple[Classified, ...]
    reviews: tuple[ReviewItem, ...]


@dataclass(frozen=True, slots=True)
class _Verdict:
    code: str
    confidence: float
    evidence: tuple[Evidence, ...] = ()
    runner_up: str | None = None
    reason: str | None = None
    """Set where a person must look."""
    hint: str | None = None


class _Classifier:
    def __init__(
        self,
        batch: str,
        texts: Mapping[int, PageText],
        terms: IngestTerms,
        catalogue: Catalogue,
        settings: SplitSettings,
        answers: Sequence[ResolvedReview],
        papers: PaperModel | None,
    ) -> None:
        self._batch = batch
        self._papers = papers
        self._texts = texts
        self._terms = terms
        self._catalogue = catalogue
        self._settings = settings
        self._matcher = Matcher(catalogue)
        self._answers = {a.item.review_id: a.answer for a in answers if a.answer is not None}

    def judge(self, segment: Segment) -> tuple[Classified | None, list[ReviewItem]]:
        """The type of one segment and what is asked; None for pages of a confirmed paper book."""
        identifier = component_id(self._batch, segment.pages)
        verdict = self._verdict(segment)
        questions: list[ReviewItem] = []
        if not self._is_paper_book(segment, verdict.code):
            if verdict.reason is None and self._not_on_paper(segment, verdict.code):
                verdict = replace(verdict, reason=TYPE_NOT_ON_PAPER)
            verdict = self._settle(verdict, segment, identifier, questions)
        if self._is_paper_book(segment, verdict.code):
            asked = replace(verdict, reason=PAPER_BOOK)
            verdict = self._settle(asked, segment, identifier, questions)
            if verdict.reason is None and self._is_paper_book(segment, verdict.code):
                return None, questions
        return (
            Classified(
                component_id=identifier,
                code=verdict.code,
                confidence=verdict.confidence,
                evidence=verdict.evidence,
                runner_up=verdict.runner_up,
                pages=segment.pages,
                dossier=segment.dossier,
                source=segment.source,
                certain=verdict.reason is None,
            ),
            questions,
        )

    def _verdict(self, segment: Segment) -> _Verdict:
        if self._terms.as_code is not None:
            return _Verdict(self._terms.as_code, 1.0)
        text = self._texts.get(segment.pages[0])
        reading = self._matcher.read(text) if text is not None else None
        ranked = self._ranked(segment, reading)
        evidence = _evidence(ranked[0], segment.pages[0]) if ranked else ()
        if segment.declared is not None and segment.declared in self._catalogue.components:
            return self._declared(segment.declared, ranked, evidence)
        verdict = self._anchored(ranked, evidence)
        likes = self._papers.likenesses(text) if self._papers is not None and text else ()
        if self._papers is None or not likes or likes[0].code not in self._catalogue.components:
            return verdict
        number = bool(ranked) and ranked[0].form_number and ranked[0].code == verdict.code
        titled = bool(ranked) and bool(ranked[0].title)
        page, trust = segment.pages[0], self._papers.trust
        return self._joined(verdict, likes, trust, page, number=number, titled=titled)

    def _joined(
        self,
        verdict: _Verdict,
        likes: Sequence[Likeness],
        trust: Trust,
        page: int,
        *,
        number: bool,
        titled: bool,
    ) -> _Verdict:
        """The verdict of the anchors, with what the page reads like as a second opinion.

        It may lift a doubt or confirm it, name a paper whose title is lost, and call a title into
        question; it never overrules one that is sure.
        """
        like = likes[0]
        if like.code == verdict.code == OTHER:
            return verdict
        seen = Evidence(anchor=READS_LIKE, score=round(100 * like.probability, 1), page=page)
        if verdict.code == OTHER:
            return self._named(verdict, like, trust, seen)
        stranger = like.code == OTHER and like.probability >= trust.names
        if verdict.reason == TYPE_DOUBTFUL and titled and stranger and not number:
            told = (*verdict.evidence, seen)
            return _Verdict(OTHER, 0.0, told, verdict.runner_up, TYPE_UNKNOWN, verdict.code)
        if verdict.reason == TYPE_DOUBTFUL:
            # a title that anchors distrust is as good as none: the text must name the paper alone
            known = agreement(likes, verdict.code, verdict.runner_up)
            if titled:
                known = like.probability if like.code == verdict.code else 0.0
            if known >= (trust.names if titled else trust.agrees):
                own = Evidence(anchor=READS_LIKE, score=round(100 * known, 1), page=page)
                return replace(
                    verdict,
                    confidence=max(verdict.confidence, known),
                    evidence=(*verdict.evidence, own),
                    reason=None,
                )
        if like.code == verdict.code or self._twins(like.code, verdict.code):
            return replace(verdict, evidence=(*verdict.evidence, seen))
        limit = trust.doubts if like.code == OTHER else trust.opposes
        if number or verdict.reason is not None or like.probability < limit:
            return verdict
        return replace(
            verdict,
            confidence=min(verdict.confidence, 1 - like.probability),
            evidence=(*verdict.evidence, seen),
            runner_up=like.code,
            reason=TYPE_DOUBTFUL,
        )

    @staticmethod
    def _named(verdict: _Verdict, like: Likeness, trust: Trust, seen: Evidence) -> _Verdict:
        """A paper that the anchors do not know; where they distrust its title, nothing is sure."""
        if like.probability < trust.proposes:
            return replace(verdict, hint=verdict.hint or like.code)
        sure = like.probability >= trust.names and verdict.hint is None
        return _Verdict(
            like.code,
            like.probability,
            (*verdict.evidence, seen),
            reason=None if sure else TYPE_DOUBTFUL,
        )

    def _anchored(self, ranked: Sequence[Candidate], evidence: tuple[Evidence, ...]) -> _Verdict:
        """What the anchors say."""
        best = ranked[0] if ranked else None
        if best is None or best.confidence < LIKELY:
            return _Verdict(
                OTHER, 0.0, evidence, reason=TYPE_UNKNOWN, hint=best.code if best else None
            )
        second = next((c for c in ranked[1:] if self._near(best, c)), None)
        if second is not None and _equal(best, second):
            return _Verdict(OTHER, 0.0, evidence, best.code, TYPE_UNKNOWN, best.code)
        doubtful = second is not None or best.confidence < self._settings.type_confidence
        return _Verdict(
            best.code,
            best.confidence,
            evidence,
            second.code if second else None,
            TYPE_DOUBTFUL if doubtful else None,
        )

    def _declared(
        self, code: str, ranked: Sequence[Candidate], evidence: tuple[Evidence, ...]
    ) -> _Verdict:
        best = ranked[0] if ranked else None
        contradicts = (
            best is not None
            and best.strong
            and best.confidence >= _CONTRADICTS
            and best.code != code
            and not self._twins(best.code, code)
            and not any(c.code == code and c.confidence >= best.confidence for c in ranked)
        )
        if best is None or not contradicts:
            own = best is not None and best.code == code
            return _Verdict(code, 1.0, evidence if own else ())
        return _Verdict(code, 0.5, evidence, best.code, TYPE_CONTRADICTED, best.code)

    def _ranked(self, segment: Segment, reading: PageReading | None) -> list[Candidate]:
        """Candidates; of two that look the same the one that the way of arrival allows."""
        if reading is None:
            return []
        electronic = segment.source is not None or self._terms.channel not in _PAPER
        unlikely = ScanRule.NO if electronic else ScanRule.BORN_DIGITAL
        out: list[Candidate] = []
        for candidate in reading.candidates:
            twin = any(
                self._twins(candidate.code, c.code)
                for c in reading.candidates
                if c.code != candidate.code
            )
            rule = self._catalogue.component(candidate.code).scan
            if not (twin and rule is unlikely):
                out.append(candidate)
        return out

    def _twins(self, one: str, other: str) -> bool:
        first, second = self._catalogue.component(one), self._catalogue.component(other)
        return (
            one != other and first.kind == second.kind == "book" and first.titles == second.titles
        )

    @staticmethod
    def _near(best: Candidate, other: Candidate) -> bool:
        return (
            best.form_number == other.form_number
            and other.confidence >= LIKELY
            and best.confidence - other.confidence < _NEAR
        )

    def _is_paper_book(self, segment: Segment, code: str) -> bool:
        return (
            segment.source is None
            and self._terms.channel in _RECEPTION
            and self._catalogue.component(code).scan is ScanRule.NO
        )

    def _not_on_paper(self, segment: Segment, code: str) -> bool:
        """F_14A_HSB and B_SO_BHXH_E come as files only (architecture §3)."""
        component = self._catalogue.component(code)
        return (
            segment.source is None
            and self._terms.as_code is None
            and self._terms.channel in _PAPER
            and component.scan is ScanRule.BORN_DIGITAL
            and component.kind in _ELECTRONIC_ONLY
        )

    # -- questions --------------------------------------------------------------------------

    def _settle(
        self,
        verdict: _Verdict,
        segment: Segment,
        identifier: str,
        questions: list[ReviewItem],
    ) -> _Verdict:
        """Ask where there is a reason; the verdict after the answer, if there is one.

        Only ACCEPT and TYPE answer such a question: after another verb it is asked anew.
        """
        if verdict.reason is None:
            return verdict
        for again in ((), ("again",)):
            question = self._question(verdict, segment, identifier, *again)
            answer = self._answers.get(question.review_id)
            if answer is None:
                earlier = self._typed(identifier)
                if earlier is not None and verdict.reason != PAPER_BOOK:
                    return self._answered(verdict, earlier)
                questions.append(question)
                return verdict
            questions.append(question)
            if answer.kind in (AnswerKind.ACCEPT, AnswerKind.TYPE):
                return self._answered(verdict, answer)
        return verdict

    def _question(
        self, verdict: _Verdict, segment: Segment, identifier: str, *place: str
    ) -> ReviewItem:
        book = verdict.reason == PAPER_BOOK
        kind = ReviewKind.PHYSICAL_ONLY if book else ReviewKind.COMPONENT_TYPE
        params: dict[str, str | int | float] = {
            "proposed": verdict.code,
            "confidence": round(verdict.confidence, 2),
            "pages": len(segment.pages),
        }
        if (hint := verdict.hint or verdict.runner_up) is not None:
            params["hint"] = hint
        return ReviewItem(
            review_id=review_id(self._batch, kind.value, identifier, verdict.reason, *place),
            batch_id=self._batch,
            kind=kind,
            reason=verdict.reason or kind.value,
            params=params,
            dossier=segment.dossier,
            component_id=identifier,
            page=segment.pages[0],
        )

    def _typed(self, identifier: str) -> Answer | None:
        """A type given for this component under another reason."""
        for reason in _REASONS:
            key = review_id(self._batch, ReviewKind.COMPONENT_TYPE.value, identifier, reason)
            answer = self._answers.get(key)
            if answer is not None and answer.kind is AnswerKind.TYPE:
                return answer
        return None

    def _answered(self, verdict: _Verdict, answer: Answer) -> _Verdict:
        code = verdict.code
        if answer.kind is AnswerKind.TYPE and answer.component_code in self._catalogue.components:
            code = answer.component_code or code
        return _Verdict(code, 1.0, verdict.evidence if code == verdict.code else ())


def classify(
    batch_id: str,
    plan: SplitPlan,
    texts: Mapping[int, PageText],
    terms: IngestTerms,
    catalogue: Catalogue,
    settings: SplitSettings,
    answers: Sequence[ResolvedReview],
    *,
    papers: PaperModel | None = None,
) -> Classification:
    """Give every segment of a plan its type.

    Args:
        batch_id: for ids of components and questions.
        plan: from separation.
        texts: recognised text by page index (0-based in the batch); pages may be missing.
        terms: channel and `--as`.
        catalogue: the papers there are.
        settings: thresholds.
        answers: questions of this batch with their answers.
        papers: a second opinion on what a page reads like; None: anchors decide alone.

    Returns:
        The plan, where pages of a confirmed paper book are now rejected; the components in plan
        order; all questions, answered ones too. ACCEPT confirms the proposed code.

    Raises:
        NotFound: `COMPONENT_CODE_UNKNOWN` for an unknown `--as`.
    """
    if terms.as_code is not None:
        catalogue.component(terms.as_code)
    classifier = _Classifier(batch_id, texts, terms, catalogue, settings, answers, papers)
    components: list[Classified] = []
    reviews: list[ReviewItem] = []
    kept: list[Segment] = []
    dropped = list(plan.dropped)
    for segment in plan.segments:
        component, questions = classifier.judge(segment)
        reviews += questions
        if component is None:
            dropped += [
                DroppedPage(index=p, fate=Fate.REJECTED, dossier=segment.dossier)
                for p in segment.pages
            ]
        else:
            kept.append(segment)
            components.append(component)
    changed = plan
    if len(kept) != len(plan.segments):
        changed = SplitPlan(
            page_count=plan.page_count,
            dossiers=plan.dossiers,
            segments=tuple(kept),
            dropped=tuple(sorted(dropped, key=lambda d: d.index)),
        )
    return Classification(changed, tuple(components), tuple(reviews))


def _equal(best: Candidate, other: Candidate) -> bool:
    return (best.form_number, best.confidence, best.weight) == (
        other.form_number,
        other.confidence,
        other.weight,
    )


def _evidence(candidate: Candidate, page: int) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(anchor=h.anchor, score=round(h.score, 1), page=page) for h in candidate.hits
    )
