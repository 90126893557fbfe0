"""Which components of the catalogue a page could be the first page of.

Rules: domain-pack C.3, C.4 and architecture §3. A title must stand as a title in the head; a
title that several papers share needs a second anchor; form numbers are strongest; a paper that
states its subject is what its subject says. May not come in: splitting, declared types, reviews.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.catalogue.anchors import (
    Anchor,
    Found,
    caps_share,
    find,
    form_number,
    letters,
    phrase,
    read_anchor,
)
from pipeline.catalogue.layout import SUBJECT, layout
from pipeline.catalogue.sighting import SeenPage
from pipeline.catalogue.types import Catalogue, ComponentType
from pipeline.models.text import PageText
from pipeline.textnorm import fold

LIKELY = 0.50
"""Candidates below are hints: not enough to name a paper."""
_SPECIFIC_LETTERS = 9
_WEAK, _HINT = 0.60, 0.30
_DOUBTFUL = 0.70
"""Upper bound where a title needs more evidence than there is: proposed, and asked about."""
_SURE_TITLE = 0.85
"""Confidence of a paper's own title from which it goes before a number without a title."""
_FORM_LABELS = 3
"""So many labels of its fields tell a form whose title is shared."""
_SHORT_LEAD = 2
"""So many words may stand between `Về việc` and what the paper is about (`cho`, `giải quyết`)."""
_REVERSED = re.compile(
    r"\b(?:huy|thu hoi|bai bo|dinh chi|tam dung|dinh chinh|sua doi|bo sung|ban hanh|khieu nai"
    r"|to cao|quy trinh|quy che|quy dinh)\b"
)
"""A paper with one of these before its subject is about such papers, and none itself."""
_CAPITALS = 0.9
_CARD = "landscape_card_on_portrait_a4"
_LABEL_LETTERS = 5
_MOTTO = ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc")
_TRADE = ("Bảo hiểm xã hội", "BHXH", "BHYT", "BHTN")
"""Words without which a letter is no business of this archive."""


@dataclass(frozen=True, slots=True)
class AnchorHit:
    """An anchor or title that was found."""

    anchor: str
    score: float
    """0 to 100."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A component that the page may be the first page of."""

    code: str
    confidence: float
    """0 to 1; below `LIKELY` only a hint."""
    form_number: bool
    """The component's own form number stands in the head."""
    strong: bool
    """Form number, or a title that no other component has."""
    hits: tuple[AnchorHit, ...]
    title: str = ""
    """Folded title that stands on the page."""
    weight: float = 0.0
    """Sum of the evidence, to rank equals."""


@dataclass(frozen=True, slots=True)
class PageReading:
    """What the catalogue says about one page."""

    candidates: tuple[Candidate, ...]
    """Best first."""
    has_motto: bool
    """The national motto stands in the head: first page of some official paper."""
    number: int | None
    """Printed page number."""

    @property
    def best(self) -> Candidate | None:
        """The best candidate that is more than a hint."""
        return next((c for c in self.candidates if c.confidence >= LIKELY), None)


@dataclass(frozen=True, slots=True)
class _Ready:
    type: ComponentType
    titles: tuple[Anchor, ...]
    all_of: tuple[Anchor, ...]
    any_of: tuple[Anchor, ...]
    none_of: tuple[Anchor, ...]
    labels: tuple[tuple[str, ...], ...]
    specific: frozenset[str]
    """Printed titles that tell this component alone."""
    subjects: tuple[Anchor, ...]
    """What a subject says, without `Về việc`."""
    foreign: tuple[Anchor, ...]
    """Titles in capitals of other components."""


class Matcher:
    """A catalogue made ready for finding; build it once per batch."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Compile all anchors."""
        types = [t for t in catalogue.components.values() if t.titles]
        numbers = Counter(
            number
            for kind in types
            for number in {form_number(a) for a in kind.anchors.any_of} - {None}
            if number is not None
        )
        self._shared = frozenset(n for n, count in numbers.items() if count > 1)
        folded = {title: fold(title) for kind in types for title in kind.titles}
        titles = {title: read_anchor(title, catalogue.dropouts) for title in folded}
        self._ready = tuple(_prepare(t, types, folded, titles, catalogue.dropouts) for t in types)
        self._motto = tuple(read_anchor(m) for m in _MOTTO)
        self._trade = tuple(read_anchor(t) for t in _TRADE)

    def read(self, page: PageText) -> PageReading:
        """Judge one page."""
        seen = SeenPage(layout(page), self._shared, self._trade)
        found = [c for r in self._ready if (c := _judge(r, seen)) is not None]
        motto = any(seen.heads(m) is not None for m in self._motto)
        return PageReading(tuple(_ranked(found)), motto, seen.layout.number)


def _prepare(
    kind: ComponentType,
    types: Sequence[ComponentType],
    folded: Mapping[str, str],
    titles: Mapping[str, Anchor],
    dropouts: Sequence[tuple[str, str]],
) -> _Ready:
    def ready(printed: Iterable[str]) -> tuple[Anchor, ...]:
        return tuple(read_anchor(p, dropouts) for p in printed)

    others = [t for t in types if t.code != kind.code and t.titles != kind.titles]
    foreign = [folded[title] for t in others for title in t.titles]
    specific = frozenset(
        title
        for title in kind.titles
        if letters(title) >= _SPECIFIC_LETTERS and not any(folded[title] in f for f in foreign)
    )
    same = [t for t in types if t.code != kind.code and t.titles == kind.titles]
    if any(t.kind != kind.kind or t.kind != "book" for t in same):
        specific = frozenset()
    labels = tuple(
        tuple(phrase(label).folded for label in f.labels if letters(label) >= _LABEL_LETTERS)
        for f in kind.fields
    )
    anchors = kind.anchors
    return _Ready(
        type=kind,
        titles=tuple(titles[title] for title in kind.titles),
        all_of=ready(anchors.all_of),
        any_of=ready(anchors.any_of),
        none_of=ready(anchors.none_of),
        labels=tuple(group for group in labels if group),
        specific=specific,
        subjects=ready(
            _without_lead(p)
            for p in (*kind.titles, *anchors.all_of, *anchors.any_of)
            if form_number(p) is None and caps_share(p) < _CAPITALS
        ),
        foreign=tuple(
            titles[t]
            for t in dict.fromkeys(t for o in others for t in o.titles)
            if titles[t].caps and t not in kind.titles
        ),
    )


def _without_lead(printed: str) -> str:
    lead = SUBJECT.match(phrase(printed).folded)
    return printed[lead.end() :].strip() if lead else printed


@dataclass(frozen=True, slots=True)
class _Proof:
    """Evidence for one component on one page."""

    hits: tuple[AnchorHit, ...]
    title: Anchor | None
    number: bool
    any_head: int
    any_body: int
    any_met: bool
    labels: int


def _judge(ready: _Ready, seen: SeenPage) -> Candidate | None:
    card = ready.type.orientation == _CARD
    title, title_hit = _title(ready, seen, card=card)
    number = next(
        (
            a
            for a in ready.any_of
            if form_number(a.printed) not in seen.shared and seen.own_number(a) is not None
        ),
        None,
    )
    specific = title is not None and title.printed in ready.specific
    if number is None:
        titled = title is not None or any(
            a.caps and seen.standing(a, card=card) is not None for a in ready.all_of
        )
        if not titled:
            return _by_subject(ready, seen)
        if not all(seen.required(a, card=card) for a in ready.all_of):
            return None
    if _excluded(ready, seen, number=number is not None, specific=specific):
        return None
    proof = _proof(ready, seen, title, title_hit, number)
    return _candidate(ready, seen, proof, specific=specific)


def _title(ready: _Ready, seen: SeenPage, *, card: bool) -> tuple[Anchor | None, Found | None]:
    best: tuple[float, Anchor, Found] | None = None
    for anchor in ready.titles:
        found = seen.standing(anchor, card=card)
        if found is not None:
            # a title of the component's own says more than a longer shared one
            rank = letters(anchor.printed) + (100 if anchor.printed in ready.specific else 0)
            if best is None or rank > best[0]:
                best = (rank, anchor, found)
    return (best[1], best[2]) if best else (None, None)


def _excluded(ready: _Ready, seen: SeenPage, *, number: bool, specific: bool) -> bool:
    for anchor in ready.none_of:
        if anchor.form is not None:
            if seen.own_number(anchor) is not None:
                return True
            continue
        if number:
            continue
        if seen.in_title(anchor) is not None:
            return True
        if not specific and seen.anywhere(anchor) is not None:
            return True
    return False


def _proof(
    ready: _Ready,
    seen: SeenPage,
    title: Anchor | None,
    title_hit: Found | None,
    number: Anchor | None,
) -> _Proof:
    hits: list[AnchorHit] = []
    if title is not None and title_hit is not None:
        hits.append(AnchorHit(title.printed, title_hit.score))
    for anchor in ready.all_of:
        found = seen.anywhere(anchor)
        if found is not None and (title is None or anchor.printed != title.printed):
            hits.append(AnchorHit(anchor.printed, found.score))
    head = body = 0
    met = not ready.any_of or number is not None
    for anchor in ready.any_of:
        found = seen.in_title(anchor) or seen.own_number(anchor)
        inside = title is not None and anchor.text.folded in title.text.folded
        if found is not None or inside:
            met = True
            head += not inside
        elif (found := seen.anywhere(anchor)) is not None:
            met = True
            body += 1
        if found is not None and not inside:
            hits.append(AnchorHit(anchor.printed, found.score))
    return _Proof(
        hits=tuple(hits),
        title=title,
        number=number is not None,
        any_head=head,
        any_body=body,
        any_met=met,
        labels=seen.labels(ready.labels),
    )


def _candidate(ready: _Ready, seen: SeenPage, proof: _Proof, *, specific: bool) -> Candidate:
    weight = (
        (3.0 if specific else 1.0 if proof.title is not None else 0.5)
        + (4.0 if proof.number else 0.0)
        + 2.0 * min(proof.any_head, 2)
        + min(proof.any_body, 2)
        + min(proof.labels / 2, 2.0)
    )
    confidence = 1 - 0.5 * math.exp(-weight / 2)
    confidence *= min(1.0, 0.5 + min((h.score for h in proof.hits), default=100.0) / 180)
    if not proof.any_met:
        confidence = _HINT
    elif not proof.number:
        confidence = min(confidence, _cap(ready, seen, proof, specific=specific))
    return Candidate(
        code=ready.type.code,
        confidence=round(confidence, 4),
        form_number=proof.number,
        strong=proof.number or specific,
        hits=proof.hits,
        title=proof.title.text.folded if proof.title else "",
        weight=weight,
    )


def _cap(ready: _Ready, seen: SeenPage, proof: _Proof, *, specific: bool) -> float:
    """Upper bound for what is not told by a form number."""
    title = proof.title
    card = ready.type.orientation == _CARD
    bound = 1.0 if specific and title is not None and title.caps else _by_lead(ready, seen)
    if title is not None and title.caps and not card:
        if seen.part_of_another(title, ready.foreign):
            bound = min(bound, _DOUBTFUL)
        alone = not (proof.any_head or proof.any_body) and 2 * proof.labels < len(ready.labels)
        if specific and alone and seen.qualified(title, card=card):
            bound = min(bound, _DOUBTFUL)
    return bound if specific else min(bound, _of_shared(ready, seen, proof))


def _by_lead(ready: _Ready, seen: SeenPage) -> float:
    """`Về việc hủy quyết định hưởng …` is not `Về việc hưởng …`."""
    lead = seen.before_in_subject(ready.subjects)
    if lead is None or not lead:
        return 1.0
    if _REVERSED.search(lead):
        return _HINT
    return 1.0 if len(lead.split()) <= _SHORT_LEAD else _WEAK


def _of_shared(ready: _Ready, seen: SeenPage, proof: _Proof) -> float:
    """Upper bound for a shared title: its second anchor must not stand in running text only."""
    title = proof.title
    inside = [
        a
        for a in (*ready.all_of, *ready.any_of)
        if title is not None and a.text.folded in title.text.folded
    ]
    seconds = [a for a in (*ready.all_of, *ready.any_of) if a not in inside]
    if proof.any_head or any(seen.in_title(a) is not None for a in seconds):
        return 1.0
    brief = not ready.all_of and letters(title.printed if title else "") < _SPECIFIC_LETTERS
    if not seconds or (brief and inside):
        many = proof.labels >= _FORM_LABELS
        return 1.0 if not brief or proof.any_body or many else _DOUBTFUL
    if seen.layout.states_subject or brief:
        return _WEAK if seen.is_of_the_trade() else _HINT
    if proof.labels >= _FORM_LABELS and seen.is_of_the_trade():
        return 1.0
    over = title or next(iter(ready.all_of), None)
    near = over is not None and any(seen.beneath(over, a) for a in seconds)
    return 1.0 if near else _DOUBTFUL


def _by_subject(ready: _Ready, seen: SeenPage) -> Candidate | None:
    """A letter without a title is known by its subject alone: never certain."""
    if ready.all_of or not seen.layout.subject:
        return None
    if _excluded(ready, seen, number=False, specific=False):
        return None
    for anchor in ready.any_of:
        if any(find(anchor, p.text) is not None for p in seen.layout.subject):
            confidence = _WEAK if seen.is_of_the_trade() else _HINT
            hits = (AnchorHit(anchor.printed, 100.0),)
            return Candidate(ready.type.code, confidence, False, False, hits)  # noqa: FBT003
    return None


def _ranked(found: Sequence[Candidate]) -> list[Candidate]:
    """Best first; a title that is part of another candidate's longer title loses to it."""
    titles = [c.title for c in found if c.confidence >= LIKELY]
    kept = [
        c
        for c in found
        if c.form_number
        or not any(c.title and c.title != t and c.title in t for t in titles)
        or c.confidence < LIKELY
    ]
    return sorted(kept, key=lambda c: (_tier(c), -c.confidence, -c.weight, c.code))


def _tier(candidate: Candidate) -> int:
    """A number without its title may be quoted by a paper whose own title stands there."""
    titled = bool(candidate.title)
    if candidate.form_number and titled:
        return 0
    if candidate.strong and titled and candidate.confidence >= _SURE_TITLE:
        return 1
    return 2 if candidate.form_number else 3
