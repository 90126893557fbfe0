"""The model that says whether a page starts a paper: what it looks at, and how it is evaluated.

Trees over facts of the page, its neighbours and the open component; weights are data that is handed
in. Every probability comes with the facts that moved it most. Facts with their truth are made by
`separation.examples`. May not come in: training, reviews.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.catalogue import OTHER, ComponentType
from pipeline.catalogue.matching import Matcher, PageReading
from pipeline.catalogue.papers import Likeness, PaperModel
from pipeline.models.text import PageText
from pipeline.stages.separation.shape import Shape, shape

_TOLD = 3
"""So many facts are told to a person."""
_FAR = 0.25
"""Change of log odds from which a fact is worth telling."""


_CODES = {
    "title_block": "anchor anchor_form anchor_titled anchor_strong motto title issuer form numbered"
    " dated addressed head",
    "page_number": "number follows previous_number",
    "previous_end": "previous_signed previous_unfinished previous_bottom previous_words",
    "same_print": "previous_letter previous_left previous_right previous_columns same_size",
    "same_wording": "previous_vocabulary previous_numbers previous_names previous_header"
    " first_vocabulary first_header",
    "text_goes_on": "previous_items first_item begins_small",
    "pages_expected": "count known room owed long",
    "reads_like": "like_own like_other like_unknown anchor_same",
    "page_fill": "signed closes bottom words top figures columns landscape",
    "next_page": "next_number next_title next_motto",
    "blank_between": "skipped",
    "rules": "ruled",
}
WHY = tuple(_CODES)
"""Codes of the kinds of facts that a person is told."""
_CODE_OF = {fact: code for code, known in _CODES.items() for fact in known.split()}
_PREVIOUS = (
    "previous_signed",
    "previous_bottom",
    "previous_unfinished",
    "previous_words",
    "previous_letter",
    "previous_left",
    "previous_right",
    "previous_header",
    "previous_vocabulary",
    "previous_numbers",
    "previous_names",
    "previous_items",
    "previous_columns",
    "previous_number",
)


@dataclass(frozen=True, slots=True)
class Seen:
    """One page as the model sees it."""

    shape: Shape
    reading: PageReading
    likenesses: tuple[Likeness, ...] = ()


def see(text: PageText, matcher: Matcher, papers: PaperModel | None) -> Seen:
    """What is seen on a page that was read.

    Args:
        text: of the page.
        matcher: of the catalogue.
        papers: weights for what a page reads like; None: nothing is said of that.
    """
    likes = papers.likenesses(text) if papers is not None else ()
    return Seen(shape(text), matcher.read(text), likes)


@dataclass(frozen=True, slots=True)
class Situation:
    """A page between its neighbours, in an open component."""

    page: Seen
    previous: Seen | None
    """None where it could not be read."""
    next: Seen | None
    first: Seen | None
    """First page of the open component."""
    component: ComponentType | None
    """What the open component seems to be."""
    count: int
    """Its pages so far."""
    number: int | None
    """Its last printed page number."""
    skipped: int
    """Blank pages and sheets between the page before and this one."""
    same_size: bool
    """Size and turn of the image are those of the page before."""
    ruled: float
    """Confidence of the rules, negative where they say that the page continues."""


def facts(at: Situation) -> dict[str, float]:
    """The facts of a situation by name; missing ones are -1."""
    out = _of_page(at.page)
    out |= _of_previous(at.page.shape, at.previous)
    out |= _of_component(at)
    out |= {
        "next_number": float(_number(at.next)),
        "next_title": at.next.shape.title if at.next else -1.0,
        "next_motto": float(at.next.shape.motto) if at.next else -1.0,
        "skipped": float(min(at.skipped, 2)),
        "same_size": float(at.same_size),
        "ruled": at.ruled,
    }
    return out


def _of_page(seen: Seen) -> dict[str, float]:
    shape, reading = seen.shape, seen.reading
    best = reading.candidates[0] if reading.candidates else None
    return {
        "anchor": best.confidence if best else 0.0,
        "anchor_form": float(best is not None and best.form_number),
        "anchor_titled": float(best is not None and bool(best.title)),
        "anchor_strong": float(best is not None and best.strong),
        "motto": float(reading.has_motto or shape.motto),
        "number": float(_number(seen)),
        "words": float(shape.words),
        "top": shape.top,
        "bottom": shape.bottom,
        "landscape": float(shape.landscape),
        "title": shape.title,
        "issuer": float(shape.issuer),
        "form": float(shape.form),
        "numbered": float(shape.numbered),
        "dated": float(shape.dated),
        "addressed": float(shape.addressed),
        "head": float(
            shape.issuer + shape.form + shape.numbered + shape.dated + shape.addressed
            + 2 * (reading.has_motto or shape.motto) + (shape.title > 0)
        ),
        "signed": float(min(shape.signed, 4)),
        "closes": float(shape.closes),
        "begins_small": float(shape.begins_small),
        "first_item": float(min(shape.first_item, 12)),
        "columns": shape.columns,
        "figures": shape.figures,
    }  # fmt: skip


def _of_previous(shape: Shape, previous: Seen | None) -> dict[str, float]:
    if previous is None:
        return dict.fromkeys(_PREVIOUS, -1.0)
    before = previous.shape
    follows = 0 < before.last_item < shape.first_item <= before.last_item + 2
    return {
        "previous_signed": float(min(before.signed, 4)),
        "previous_bottom": before.bottom,
        "previous_unfinished": float(before.unfinished),
        "previous_words": float(before.words),
        "previous_letter": min(shape.letter / max(before.letter, 1e-6), 3.0),
        "previous_left": abs(shape.left - before.left),
        "previous_right": abs(shape.right - before.right),
        "previous_header": _overlap(shape.header, before.header),
        "previous_vocabulary": _overlap(shape.vocabulary, before.vocabulary),
        "previous_numbers": _overlap(shape.numbers, before.numbers),
        "previous_names": _overlap(shape.names, before.names),
        "previous_items": 1.0 if follows else -1.0 if shape.first_item == 1 else 0.0,
        "previous_columns": abs(shape.columns - before.columns),
        "previous_number": float(_number(previous)),
    }


def _of_component(at: Situation) -> dict[str, float]:
    kind, reading = at.component, at.page.reading
    best = reading.best
    number = reading.number
    expected = (at.number if at.number is not None else at.count) + 1
    likely = {like.code: like.probability for like in at.page.likenesses}
    own = kind.code if kind is not None else OTHER
    top = at.page.likenesses[0] if at.page.likenesses else None
    return {
        "count": float(min(at.count, 10)),
        "known": float(kind is not None),
        "room": float(min(kind.pages_max - at.count, 10)) if kind is not None else 5.0,
        "owed": float(kind is not None and at.count < kind.pages_min),
        "long": float(kind is not None and kind.pages_max > 4),
        "follows": -1.0 if number is None else float(number == expected),
        "anchor_same": -1.0 if best is None else float(kind is not None and best.code == own),
        "like_own": likely.get(own, 0.0),
        "like_other": top.probability if top is not None and top.code != own else 0.0,
        "like_unknown": likely.get(OTHER, 0.0),
        "first_vocabulary": _overlap(at.page.shape.vocabulary, at.first.shape.vocabulary)
        if at.first
        else -1.0,
        "first_header": _overlap(at.page.shape.header, at.first.shape.header) if at.first else -1.0,
    }


def _number(seen: Seen | None) -> int:
    return min(seen.reading.number, 4) if seen is not None and seen.reading.number else 0


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    """Shared words as a share of the smaller page's."""
    return len(one & other) / min(len(one), len(other)) if one and other else 0.0


@dataclass(frozen=True, slots=True)
class Tree:
    """A decision tree as arrays; node 0 is the root, a leaf has fact -1."""

    fact: tuple[int, ...]
    limit: tuple[float, ...]
    """Not above: to the left."""
    left: tuple[int, ...]
    right: tuple[int, ...]
    value: tuple[float, ...]
    """Log odds that the node adds; of an inner node the mean of what is below."""


@dataclass(frozen=True, slots=True)
class Chance:
    """What the model says about a page."""

    probability: float
    """That the page starts a paper; calibrated."""
    why: tuple[str, ...]
    """Codes (`WHY`) of the facts that moved it most to the side it is on, strongest first."""


@dataclass(frozen=True, slots=True)
class StartModel:
    """Weights."""

    version: str
    names: tuple[str, ...]
    """Facts in the order of the trees' numbers."""
    base: float
    """Log odds before any fact."""
    trees: tuple[Tree, ...]
    slope: float
    """Calibration: probability = 1 / (1 + exp(-(slope * log odds + shift)))."""
    shift: float

    def chance(self, situation: Situation) -> Chance:
        """Judge a situation."""
        return self.of_facts(facts(situation))

    def of_facts(self, known: Mapping[str, float]) -> Chance:
        """Judge facts by name.

        Raises:
            KeyError: a fact that the weights ask for is missing.
        """
        values = [known[name] for name in self.names]
        moved: dict[int, float] = defaultdict(float)
        total = self.base
        for tree in self.trees:
            total += _walk(tree, values, moved)
        odds = self.slope * total + self.shift
        probability = 1 / (1 + math.exp(-max(min(odds, 40.0), -40.0)))
        return Chance(probability, self._why(moved, 1.0 if odds >= 0 else -1.0))

    def recalibrated(self, slope: float, shift: float, version: str) -> StartModel:
        """The same trees under another line of calibration.

        Args:
            slope: of log odds after this model's own calibration; 1 leaves them.
            shift: added to them; 0 leaves them.
            version: name of the new weights.
        """
        return replace(
            self, version=version, slope=slope * self.slope, shift=slope * self.shift + shift
        )

    def _why(self, moved: Mapping[int, float], side: float) -> tuple[str, ...]:
        by_code: dict[str, float] = defaultdict(float)
        for fact, by in moved.items():
            by_code[_CODE_OF[self.names[fact]]] += side * by
        ranked = sorted(by_code.items(), key=lambda item: (-item[1], item[0]))
        return tuple(code for code, by in ranked[:_TOLD] if by >= _FAR)


def _walk(tree: Tree, values: Sequence[float], moved: dict[int, float]) -> float:
    node = 0
    start = tree.value[0]
    while (fact := tree.fact[node]) >= 0:
        below = tree.left[node] if values[fact] <= tree.limit[node] else tree.right[node]
        moved[fact] += tree.value[below] - tree.value[node]
        node = below
    return start + (tree.value[node] - start)
