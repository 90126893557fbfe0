"""Weights moved towards new examples: numpy alone, the same examples give the same weights.

Nothing is learned from nothing: both models start from given weights and are held near them, and
on rehearsed pages they are held to what they said before. Those teach nothing of their own, so that
no gain from them can hide what bad examples spoil. May not come in: where examples come from,
whether what was learned is any good.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.catalogue.papers import PaperModel, hashed
from pipeline.models.text import PageText
from pipeline.stages.separation.starts import StartModel, Tree

_HOLD = 0.05
"""How much a weight's distance from where it began costs (squared), beside one page's surprise."""
_ROUNDS = 150
_ORIGINS = 2
"""A letter group counts where it stands on pages of so many origins: what only one person's papers
say, a name first of all, is not learned."""
_STRANGE_BIAS = -4.0
"""Beside the least bias, of a paper that the weights have not seen before."""

_TREES = 24
_DEPTH = 3
_RATE = 0.3
_SHRINK = 2.0
"""Situations that a leaf must outweigh."""
_FEWEST = 3.0
"""Situations in a leaf."""
_LEAST_GAIN = 0.5
Table = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PageExample:
    """A page and the paper that it belongs to."""

    page: PageText
    code: str
    origin: str
    """What it came with."""


@dataclass(frozen=True, slots=True)
class StartExample:
    """What is known about a page in its place, and whether it starts a paper."""

    facts: Mapping[str, float]
    start: bool


# -- which paper --------------------------------------------------------------------------------


def refit_papers(
    base: PaperModel, learned: Sequence[PageExample], rehearsed: Sequence[PageText]
) -> PaperModel:
    """Weights near the given ones with less surprise about the examples.

    Only letter groups that the learned pages share (`_ORIGINS`) move.

    Args:
        base: where to start; its calibration (`sharpness`) is kept.
        learned: new examples; a code that the weights do not know yet is added.
        rehearsed: pages of other papers, on which they are to say what they said.
    """
    model = _with_codes(base, {example.code for example in learned})
    texts = [*(example.page for example in learned), *rehearsed]
    pages = [hashed(text, len(model.weights)) for text in texts]
    moving = _shared(pages[: len(learned)], learned)
    if not learned or not moving.size:
        return model
    column = np.full(len(model.weights), -1)
    column[moving] = np.arange(moving.size)
    table = np.zeros((len(pages), moving.size + 1))
    table[:, -1] = 1.0  # the bias
    before = np.zeros((len(pages), len(model.codes)))
    for row, (buckets, counts) in enumerate(pages):
        rows = model.weights[buckets].astype(np.float32)
        before[row] = (counts @ rows) * model.scales + model.biases
        kept = column[buckets] >= 0
        table[row, column[buckets[kept]]] = counts[kept]
    wanted = _shares(model.sharpness * before)
    wanted[: len(learned)] = 0.0
    wanted[np.arange(len(learned)), [model.codes.index(e.code) for e in learned]] = 1.0
    moved = _descended(table, before, wanted, model.sharpness)
    return _moved(model, moving, moved)


def _with_codes(base: PaperModel, codes: set[str]) -> PaperModel:
    new = sorted(codes - set(base.codes))
    if not new:
        return base
    empty = np.zeros((len(base.weights), len(new)), dtype=np.int8)
    bias = np.float32(base.biases.min() + _STRANGE_BIAS)
    return replace(
        base,
        codes=(*base.codes, *new),
        weights=np.hstack([base.weights, empty]),
        scales=np.concatenate([base.scales, np.full(len(new), base.scales.mean())]).astype(
            np.float32
        ),
        biases=np.concatenate([base.biases, np.full(len(new), bias)]).astype(np.float32),
    )


def _shared(
    pages: Sequence[tuple[NDArray[np.int64], NDArray[np.float32]]], examples: Sequence[PageExample]
) -> NDArray[np.int64]:
    """Buckets that stand on pages of enough origins, rising."""
    origins: dict[int, set[str]] = defaultdict(set)
    for (buckets, _), example in zip(pages, examples, strict=True):
        for bucket in buckets.tolist():
            origins[bucket].add(example.origin)
    shared = sorted(bucket for bucket, seen in origins.items() if len(seen) >= _ORIGINS)
    return np.array(shared, dtype=np.int64)


def _shares(scores: Table) -> Table:
    shares: Table = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return shares


def _descended(table: Table, before: Table, wanted: Table, sharpness: float) -> Table:
    """What to add to the weights: accelerated descent with a step that always descends."""
    step = 1.0 / (0.5 * sharpness**2 * _greatest(table) + _HOLD)
    at = ahead = np.zeros((table.shape[1], wanted.shape[1]))
    pace = 1.0
    for _ in range(_ROUNDS):
        shares = _shares(sharpness * (before + table @ ahead))
        slope = sharpness * (table.T @ (shares - wanted)) + _HOLD * ahead
        new = ahead - step * slope
        faster = (1 + (1 + 4 * pace * pace) ** 0.5) / 2
        ahead = new + (pace - 1) / faster * (new - at)
        at, pace = new, faster
    return at


def _greatest(table: Table) -> float:
    """Greatest eigenvalue of `table.T @ table`, from above."""
    vector = np.ones(table.shape[1])
    for _ in range(30):
        vector = table.T @ (table @ vector)
        vector /= np.linalg.norm(vector)
    return 1.05 * float(np.linalg.norm(table @ vector) ** 2)


def _moved(model: PaperModel, moving: NDArray[np.int64], moved: Table) -> PaperModel:
    """The weights with what is to be added, as whole numbers again."""
    weights = model.weights.copy()
    scales = model.scales.astype(np.float64)
    for code in range(len(model.codes)):
        rows = weights[moving, code] * scales[code] + moved[:-1, code]
        greatest = float(np.abs(rows).max())
        if greatest > 127 * scales[code]:
            factor = scales[code] * 127 / greatest
            weights[:, code] = np.round(weights[:, code] * factor)
            scales[code] = greatest / 127
        weights[moving, code] = np.clip(np.round(rows / scales[code]), -127, 127)
    biases = (model.biases + moved[-1]).astype(np.float32)
    return replace(model, weights=weights, scales=scales.astype(np.float32), biases=biases)


# -- where papers start -------------------------------------------------------------------------


def refit_starts(
    base: StartModel, learned: Sequence[StartExample], rehearsed: Sequence[Mapping[str, float]]
) -> StartModel:
    """The given trees and further ones for what they get wrong.

    Args:
        base: where to start; its calibration is kept.
        learned: new examples.
        rehearsed: facts of other pages, about which the trees are to say what they said.

    Raises:
        KeyError: an example lacks a fact that the trees ask for.
    """
    known = [*(example.facts for example in learned), *rehearsed]
    if not learned:
        return base
    table = np.array([[facts[name] for name in base.names] for facts in known])
    odds = np.array([_odds(base, facts) for facts in known])
    wanted = 1 / (1 + np.exp(-odds))
    wanted[: len(learned)] = [float(example.start) for example in learned]
    added: list[Tree] = []
    for _ in range(_TREES):
        shares = 1 / (1 + np.exp(-np.clip(odds, -40, 40)))
        tree, gives = _grown(table, wanted - shares, shares * (1 - shares), base.slope)
        if len(tree.fact) == 1:
            break
        added.append(tree)
        odds = odds + gives
    return replace(base, trees=(*base.trees, *added))


def _odds(model: StartModel, facts: Mapping[str, float]) -> float:
    share = min(max(model.of_facts(facts).probability, 1e-12), 1 - 1e-12)
    return float(np.log(share / (1 - share)))


def _grown(table: Table, missing: Table, curve: Table, slope: float) -> tuple[Tree, Table]:
    """A tree of Newton steps, and what it adds to the log odds of each example."""
    nodes: list[tuple[int, float, int, int, float]] = []
    gives = np.zeros(len(table))

    def grow(rows: NDArray[np.int64], depth: int) -> int:
        node = len(nodes)
        value = _RATE * float(missing[rows].sum() / (curve[rows].sum() + _SHRINK * 0.25))
        nodes.append((-1, 0.0, 0, 0, value))
        found = _cut(table[rows], missing[rows], curve[rows]) if depth < _DEPTH else None
        if found is None:
            gives[rows] = value
            return node
        fact, limit = found
        below = table[rows, fact] <= limit
        left, right = grow(rows[below], depth + 1), grow(rows[~below], depth + 1)
        share = float(below.mean())
        value = share * nodes[left][4] + (1 - share) * nodes[right][4]
        nodes[node] = (fact, limit, left, right, value)
        return node

    grow(np.arange(len(table)), 0)
    tree = Tree(
        fact=tuple(n[0] for n in nodes),
        limit=tuple(n[1] for n in nodes),
        left=tuple(n[2] for n in nodes),
        right=tuple(n[3] for n in nodes),
        value=tuple(round(n[4] / slope, 6) for n in nodes),
    )
    return tree, gives


def _cut(table: Table, missing: Table, curve: Table) -> tuple[int, float] | None:
    """The fact and limit that explain most of what is missing; None where none explains enough."""
    best, found = _LEAST_GAIN, None
    hold = _SHRINK * 0.25
    whole = float(missing.sum() ** 2 / (curve.sum() + hold))
    for fact in range(table.shape[1]):
        order = np.argsort(table[:, fact], kind="stable")
        values = table[order, fact]
        sums, curves = np.cumsum(missing[order]), np.cumsum(curve[order])
        left, below = sums[:-1], curves[:-1]
        gains = left**2 / (below + hold) + (sums[-1] - left) ** 2 / (curves[-1] - below + hold)
        many = np.arange(1, len(values))
        fits = (values[1:] > values[:-1]) & (many >= _FEWEST) & (len(values) - many >= _FEWEST)
        if not fits.any():
            continue
        at = int(np.argmax(np.where(fits, gains, -np.inf)))
        if gains[at] - whole > best:
            best = float(gains[at] - whole)
            found = (fact, round(float((values[at] + values[at + 1]) / 2), 5))
    return found
