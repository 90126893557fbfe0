"""`python -m benchmarks.training.pages --out DIR`: the weights that tell pages and papers.

Draws papers of the parts TRAIN and TUNE, misreads them, learns which paper a page reads like and
whether it starts one, calibrates both on TUNE, and writes weights with measured figures. The same
seed gives the same weights. May not come in: the part TEST.
"""

from __future__ import annotations

import argparse
import pickle
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from benchmarks.factory.layouts import variants
from benchmarks.factory.truth import Part
from benchmarks.training.batches import Draw, Drawn, MadeBatch, Source, draw, make_batch
from benchmarks.training.judging import evaluate
from benchmarks.training.papers import known_paper, lookalike, stranger
from benchmarks.training.recognised import recognised
from ocr_models.pages import PageModels, write_models
from pipeline.catalogue import OTHER, Catalogue, load_catalogue
from pipeline.catalogue.matching import Matcher
from pipeline.catalogue.papers import PaperModel, hashed
from pipeline.models.split import Boundary
from pipeline.models.text import PageText
from pipeline.stages.separation.boundaries import Boundaries, Decision
from pipeline.stages.separation.evidence import PageEvidence
from pipeline.stages.separation.shape import shape
from pipeline.stages.separation.starts import Chance, Seen, Situation, StartModel, Tree, facts
from pipeline.stages.separation.walking import Run

Papers = tuple[list[tuple[Source, Drawn]], list[tuple[Source, Drawn]]]
"""Of TRAIN and of TUNE."""
BUCKETS = 1 << 13
STRANGE = ("/stranger", "/lookalike")
"""Sources that are in every fold: each paper of theirs is another."""
_LEVELS = (0.05, 0.2, 0.2, 0.45, 0.8)
"""Harm of training pages."""


@dataclass(frozen=True)
class Size:
    """How much is drawn."""

    drawn: int
    """Papers of each layout."""
    composed: int
    """Papers of each catalogue kind, composed."""
    strangers: int
    """Papers of each source of strangers."""


TRAIN_SIZE = Size(3, 12, 150)
TUNE_SIZE = Size(2, 1, 50)
COPIES = 3
"""Misreadings of each page."""
BATCHES = 400
"""Of TRAIN; half as many of TUNE."""


def _scaled(size: Size, scale: float) -> Size:
    return Size(*(max(round(n * scale), 1) for n in (size.drawn, size.composed, size.strangers)))


def sources(part: Part, catalogue: Catalogue) -> list[tuple[Source, Draw]]:
    """Every way to draw a paper in this part."""
    out: list[tuple[Source, Draw]] = [
        (Source(code, f"{code}/{layout.__name__}"), layout)
        for code, layouts in variants(part).items()
        for layout in layouts
    ]
    kinds = tuple(k for k in catalogue.components.values() if k.titles)
    out += [(Source(k.code, f"{k.code}/composed"), partial(known_paper, k)) for k in kinds]
    out.append((Source(OTHER, f"{OTHER}/stranger"), stranger))
    out.append((Source(OTHER, f"{OTHER}/lookalike"), partial(lookalike, kinds)))
    return out


def drawn(
    ways: Sequence[tuple[Source, Draw]], size: Size, rng: np.random.Generator
) -> list[tuple[Source, Drawn]]:
    """Papers of all sources."""
    out: list[tuple[Source, Drawn]] = []
    for source, way in ways:
        many = size.drawn
        if source.name.endswith("/composed"):
            many = size.composed
        elif source.name.endswith(STRANGE):
            many = size.strangers
        out += [(source, draw(way, rng)) for _ in range(many)]
    return out


# -- which paper --------------------------------------------------------------------------------


def learn_papers(
    papers: Sequence[tuple[Source, Drawn]], rng: np.random.Generator, version: str
) -> PaperModel:
    """A linear model over letter groups of every page."""
    texts: list[PageText] = []
    labels: list[str] = []
    for source, pages in papers:
        for page in pages:
            for _ in range(COPIES):
                texts.append(recognised(page, rng, float(rng.choice(_LEVELS))))
                labels.append(source.code)
    codes = tuple(sorted(set(labels)))
    counts = Counter(labels)
    usual = len(labels) / len(counts)
    balance = {code: (usual / many) ** 0.5 for code, many in counts.items()}
    model = LogisticRegression(C=30.0, max_iter=80, class_weight=balance)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(_matrix(texts), labels)
    weights = np.asarray(model.coef_, dtype=np.float64).T
    scales = np.abs(weights).max(axis=0) / 127
    return PaperModel(
        version=version,
        codes=codes,
        weights=np.round(weights / scales).astype(np.int8),
        scales=scales.astype(np.float32),
        biases=np.asarray(model.intercept_, dtype=np.float32),
        sharpness=1.0,
    )


def _matrix(texts: Sequence[PageText]) -> csr_matrix:
    ends, columns, values = [0], [], []
    for text in texts:
        buckets, counts = hashed(text, BUCKETS)
        columns.append(buckets)
        values.append(counts)
        ends.append(ends[-1] + len(buckets))
    return csr_matrix(
        (np.concatenate(values), np.concatenate(columns), np.array(ends)),
        shape=(len(texts), BUCKETS),
    )


def sharpen(model: PaperModel, samples: Sequence[tuple[PageText, str]]) -> PaperModel:
    """The sharpness with the least surprise on samples that were not trained on."""
    best, least = 1.0, float("inf")
    for sharpness in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5, 2.0, 2.5, 3.0):
        tried = replace(model, sharpness=sharpness)
        loss = 0.0
        for text, code in samples:
            shares = {like.code: like.probability for like in tried.likenesses(text)}
            loss -= float(np.log(max(shares.get(code, 0.0), 1e-6)))
        if loss < least:
            best, least = sharpness, loss
    return replace(model, sharpness=best)


# -- where papers start -------------------------------------------------------------------------


class _Teacher:
    """Answers with the truth and writes down the facts it was asked about."""

    def __init__(self, starts: frozenset[int], where: dict[int, int]) -> None:
        self._starts = starts
        self._where = where
        self.rows: list[dict[str, float]] = []
        self.answers: list[bool] = []

    def chance(self, situation: Situation) -> Chance:
        index = self._where[id(situation.page)]
        start = index in self._starts
        self.rows.append(facts(situation))
        self.answers.append(start)
        return Chance(1.0 if start else 0.0, ())


def situations(
    batch: MadeBatch, catalogue: Catalogue, matcher: Matcher, papers: PaperModel
) -> tuple[list[dict[str, float]], list[bool]]:
    """Facts and truth of every page that the rules are not sure of."""
    pages = [e for e in batch.evidence if e.text is not None]
    seen: dict[int, Seen] = {}
    for page in pages:
        assert page.text is not None
        likes = papers.likenesses(page.text)
        seen[page.raw.index] = Seen(shape(page.text), matcher.read(page.text), likes)
    teacher = _Teacher(batch.starts, {id(s): i for i, s in seen.items()})

    def settle(page: PageEvidence, slot: int, decision: Decision) -> Decision:
        start = page.raw.index in batch.starts
        return Decision(start=start, boundary=decision.boundary, confidence=1.0)

    run = Run(0, pages=[p.raw.index for p in pages])
    walk = Boundaries(catalogue, seen, frozenset(), teacher)
    walk.drafts(run, pages, Boundary.BATCH_START, settle)
    return teacher.rows, teacher.answers


def learn_starts(
    rows: Sequence[dict[str, float]], answers: Sequence[bool], seed: int, version: str
) -> StartModel:
    """Boosted trees; not calibrated yet."""
    names = tuple(sorted(rows[0]))
    table = np.array([[row[name] for name in names] for row in rows], dtype=np.float64)
    model = GradientBoostingClassifier(
        n_estimators=120,
        max_depth=4,
        learning_rate=0.12,
        subsample=0.7,
        max_features=12,
        min_samples_leaf=12,
        random_state=seed,
    )
    model.fit(table, np.array(answers))
    share = float(np.mean(answers))
    trees = tuple(_tree(stage[0].tree_, 0.12) for stage in model.estimators_)
    return StartModel(version, names, float(np.log(share / (1 - share))), trees, 1.0, 0.0)


def _tree(grown: object, rate: float) -> Tree:
    left = [int(i) for i in grown.children_left]  # type: ignore[attr-defined]
    right = [int(i) for i in grown.children_right]  # type: ignore[attr-defined]
    weight = grown.weighted_n_node_samples  # type: ignore[attr-defined]
    value = [rate * float(v) for v in grown.value[:, 0, 0]]  # type: ignore[attr-defined]
    for node in range(len(left) - 1, -1, -1):
        if left[node] >= 0:
            a, b = left[node], right[node]
            value[node] = (weight[a] * value[a] + weight[b] * value[b]) / (weight[a] + weight[b])
    return Tree(
        fact=tuple(int(f) if f >= 0 else -1 for f in grown.feature),  # type: ignore[attr-defined]
        limit=tuple(round(float(t), 5) for t in grown.threshold),  # type: ignore[attr-defined]
        left=tuple(max(i, 0) for i in left),
        right=tuple(max(i, 0) for i in right),
        value=tuple(round(v, 5) for v in value),
    )


def calibrate(
    model: StartModel, rows: Sequence[dict[str, float]], answers: Sequence[bool]
) -> StartModel:
    """Platt's line through the log odds on situations that were not trained on."""
    odds = [[_odds(model, row)] for row in rows]
    line = LogisticRegression(C=10.0).fit(odds, np.array(answers))
    return replace(model, slope=float(line.coef_[0, 0]), shift=float(line.intercept_[0]))


def _odds(model: StartModel, row: dict[str, float]) -> float:
    chance = model.of_facts(row).probability
    chance = min(max(chance, 1e-9), 1 - 1e-9)
    return float(np.log(chance / (1 - chance)))


def batches_of(
    papers: Sequence[tuple[Source, Drawn]], many: int, rng: np.random.Generator
) -> list[MadeBatch]:
    """Random batches; now and then the same kind twice in a row."""
    by_code: dict[str, list[int]] = defaultdict(list)
    for at, (source, _) in enumerate(papers):
        by_code[source.code].append(at)
    codes = sorted(by_code)
    out = []
    for _ in range(many):
        chosen: list[tuple[Source, Drawn]] = []
        for _ in range(int(rng.integers(3, 9))):
            twice = chosen and rng.random() < 0.12
            code = chosen[-1][0].code if twice else codes[int(rng.integers(len(codes)))]
            if rng.random() < 0.1:
                code = OTHER
            places = by_code[code]
            chosen.append(papers[places[int(rng.integers(len(places)))]])
        out.append(make_batch(chosen, rng, float(rng.choice(_LEVELS))))
    return out


def _kept(path: Path | None, make: Callable[[], Papers]) -> Papers:
    """Papers of an earlier run, or new ones."""
    if path is not None and path.exists():
        papers: Papers = pickle.loads(path.read_bytes())
        return papers
    papers = make()
    if path is not None:
        path.write_bytes(pickle.dumps(papers))
    return papers


def main() -> None:
    """Train, calibrate, measure, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training.pages")
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the usual amount")
    parser.add_argument("--drawn", type=Path, help="keeps the drawn papers between runs")
    options = parser.parse_args()
    scale = options.scale
    catalogue = load_catalogue()
    matcher = Matcher(catalogue)
    version = f"1.{options.seed}"
    rng = np.random.default_rng((options.seed, 101))
    tune_rng = np.random.default_rng((options.seed, 202))
    batches = round(BATCHES * scale)
    train, tune = _kept(
        options.drawn,
        lambda: (
            drawn(sources(Part.TRAIN, catalogue), _scaled(TRAIN_SIZE, scale), rng),
            drawn(sources(Part.TUNE, catalogue), _scaled(TUNE_SIZE, scale), tune_rng),
        ),
    )
    print("drawn", len(train), len(tune), flush=True)
    names = sorted({s.name for s, _ in train})
    order = rng.permutation(len(names))
    fold = {names[i]: int(at % 2) for at, i in enumerate(order)}
    halves = [
        [p for p in train if fold[p[0].name] == half or p[0].name.endswith(STRANGE)]
        for half in (0, 1)
    ]
    rows: list[dict[str, float]] = []
    answers: list[bool] = []
    for half in (0, 1):
        other = learn_papers(halves[1 - half], rng, version)
        for batch in batches_of(halves[half], batches // 4, rng):
            found, truth = situations(batch, catalogue, matcher, other)
            rows += found
            answers += truth
    papers = learn_papers(train, rng, version)
    held = [
        (recognised(page, tune_rng, float(tune_rng.choice(_LEVELS))), s.code)
        for s, pages in tune
        for page in pages[:1]
    ]
    papers = sharpen(papers, held)
    print("papers", papers.sharpness, flush=True)
    for batch in batches_of(train, batches // 2, rng):
        found, truth = situations(batch, catalogue, matcher, papers)
        rows += found
        answers += truth
    starts = learn_starts(rows, answers, options.seed, version)
    scannable = [p for p in tune if not p[0].name.endswith("/composed")]
    tune_batches = batches_of(scannable, batches // 2, tune_rng)
    tune_rows, tune_answers = [], []
    for batch in tune_batches:
        found, truth = situations(batch, catalogue, matcher, papers)
        tune_rows += found
        tune_answers += truth
    starts = calibrate(starts, tune_rows, tune_answers)
    print("starts", len(rows), len(tune_rows), starts.slope, starts.shift, flush=True)
    models = PageModels(papers, starts)
    told = {label: evaluate(judged, tune_batches, catalogue) for label, judged in
            (("rules", None), ("model", models))}  # fmt: skip
    for label, figures in told.items():
        print(label, figures, flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    write_models(
        models,
        options.out,
        trained_on=f"{len(train)} papers drawn by the factory's layouts of part TRAIN, composed "
        f"from the catalogue, or strangers; one letter in 300 to 12 misread; seed {options.seed}",
        measured_on=f"{len(tune_batches)} misread batches of {len(tune)} papers of part TUNE",
        figures=told["model"].numbers(),
        rules_alone=told["rules"].numbers(),
    )


if __name__ == "__main__":
    main()
