"""`python -m benchmarks.training.pages --out DIR`: the weights that tell pages and papers.

Draws papers of the parts TRAIN and TUNE, misreads them, learns which paper a page reads like and
whether it starts one, calibrates both on TUNE, and writes weights with measured figures. The same
seed gives the same weights. May not come in: the part TEST.
"""

from __future__ import annotations

import argparse
import pickle
import warnings
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from benchmarks.factory.layouts import variants
from benchmarks.factory.person import make_person
from benchmarks.factory.truth import Part
from benchmarks.training.batches import Draw, Drawn, MadeBatch, Source, draw, make_batch
from benchmarks.training.judging import evaluate
from benchmarks.training.papers import known_paper, lookalike, stranger
from benchmarks.training.recognised import recognised
from benchmarks.training.thresholds import boundary_threshold, trust
from ocr_models.pages import PageModels, write_models
from pipeline.catalogue import OTHER, Catalogue, load_catalogue
from pipeline.catalogue.matching import Matcher
from pipeline.catalogue.papers import PaperModel, hashed
from pipeline.models.text import PageText
from pipeline.settings import SplitSettings
from pipeline.stages.separation.examples import examples, seen_on
from pipeline.stages.separation.starts import StartModel, Tree

Papers = tuple[list[tuple[Source, Drawn]], list[tuple[Source, Drawn]]]
"""Of TRAIN and of TUNE."""
BUCKETS = 1 << 13
STRANGE = ("/stranger", "/lookalike")
"""Sources that are in every fold: each paper of theirs is another."""
_SHARPNESSES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5, 2.0, 2.5, 3.0)
_WORST = 13.8
"""Surprise at one sample counts no more: log of one in a million."""
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
    people: int
    """Whose papers they are."""


TRAIN_SIZE = Size(2, 8, 100, 12)
TUNE_SIZE = Size(2, 1, 50, 6)
COPIES = 2
"""Misreadings of each page."""
_OTHER_PERSON, _SAME_AGAIN, _STRANGERS = 0.25, 0.12, 0.1
"""Shares of papers in a batch: of its second person, of the kind before, of no kind."""
BATCHES = 200
"""Of TRAIN; half as many of TUNE."""


def _scaled(size: Size, scale: float) -> Size:
    def share(many: int) -> int:
        return max(round(many * scale), 1)

    return Size(share(size.drawn), share(size.composed), share(size.strangers), size.people)


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


def drawn(part: Part, catalogue: Catalogue, size: Size, seed: int) -> list[tuple[Source, Drawn]]:
    """Papers of all sources; each source has a chance of its own, whatever else is drawn.

    All are of a few people, so that batches can be made of a person's papers: what two pages share
    of names and numbers does not make them one paper.
    """
    people = [
        make_person(np.random.default_rng((seed, zlib.crc32(f"{part}/person".encode()), number)))
        for number in range(size.people)
    ]
    out: list[tuple[Source, Drawn]] = []
    for source, way in sources(part, catalogue):
        many = size.drawn
        if source.name.endswith("/composed"):
            many = size.composed
        elif source.name.endswith(STRANGE):
            many = size.strangers
        name = zlib.crc32(f"{part}/{source.name}".encode())
        rng = np.random.default_rng((seed, name))
        for number in range(many):
            whose = (name + number) % size.people
            out.append((replace(source, person=whose), draw(way, people[whose], rng)))
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
    model = LogisticRegression(C=30.0, max_iter=60, class_weight=balance)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(_matrix(texts), labels)
    weights = np.asarray(model.coef_, dtype=np.float64).T
    return PaperModel.packed(version, codes, weights, np.asarray(model.intercept_))


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
    plain = replace(model, sharpness=1.0)
    told = [
        (np.log(np.maximum([like.probability for like in likes], 1e-12)), places.index(code))
        for text, code in samples
        if (likes := plain.likenesses(text))
        for places in ([like.code for like in likes],)
    ]

    def surprise(sharpness: float) -> float:
        total = 0.0
        for logs, place in told:
            scores = sharpness * (logs - logs[place])
            total += min(float(np.log(np.exp(scores).sum())), _WORST)
        return total

    best = min(_SHARPNESSES, key=surprise)
    return replace(model, sharpness=best)


# -- where papers start -------------------------------------------------------------------------


def situations(
    batch: MadeBatch, catalogue: Catalogue, matcher: Matcher, papers: PaperModel
) -> tuple[list[Mapping[str, float]], list[bool]]:
    """Facts and truth of every page that the rules are not sure of."""
    seen = seen_on((p.text for p in batch.evidence if p.text is not None), matcher, papers)
    found = examples(batch.evidence, batch.starts, catalogue, seen)
    return [each.facts for each in found], [each.starts for each in found]


def learn_starts(
    rows: Sequence[Mapping[str, float]], answers: Sequence[bool], seed: int, version: str
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
    model: StartModel, rows: Sequence[Mapping[str, float]], answers: Sequence[bool]
) -> StartModel:
    """Platt's line through the log odds on situations that were not trained on."""
    odds = [[_odds(model, row)] for row in rows]
    line = LogisticRegression(C=10.0).fit(odds, np.array(answers))
    return replace(model, slope=float(line.coef_[0, 0]), shift=float(line.intercept_[0]))


def _odds(model: StartModel, row: Mapping[str, float]) -> float:
    chance = model.of_facts(row).probability
    chance = min(max(chance, 1e-9), 1 - 1e-9)
    return float(np.log(chance / (1 - chance)))


def batches_of(
    papers: Sequence[tuple[Source, Drawn]], many: int, rng: np.random.Generator
) -> list[MadeBatch]:
    """Random batches of one or two people; now and then the same kind twice in a row."""
    whose: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for at, (source, _) in enumerate(papers):
        whose[source.person][source.code].append(at)
    people = sorted(whose)
    out = []
    for _ in range(many):
        chosen: list[tuple[Source, Drawn]] = []
        pair = rng.choice(len(people), min(2, len(people)), replace=False)
        for _ in range(int(rng.integers(3, 9))):
            person = people[int(pair[-1 if rng.random() < _OTHER_PERSON else 0])]
            by_code = whose[person]
            codes = sorted(by_code)
            code = codes[int(rng.integers(len(codes)))]
            if chosen and rng.random() < _SAME_AGAIN and chosen[-1][0].code in by_code:
                code = chosen[-1][0].code
            if rng.random() < _STRANGERS and OTHER in by_code:
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


@dataclass(frozen=True)
class Trained:
    """Weights, what they were calibrated on, and what is told of them."""

    models: PageModels
    boundary: float
    """For `SplitSettings.boundary_confidence`."""
    batches: tuple[MadeBatch, ...]
    """Of TUNE."""


def train(papers: Papers, catalogue: Catalogue, seed: int, batches: int) -> Trained:
    """Learn from papers of TRAIN, calibrate and set thresholds on those of TUNE.

    Args:
        papers: of both parts.
        catalogue: whose rules the weights complete.
        seed: the same gives the same weights.
        batches: how many are made of TRAIN; half as many of TUNE.
    """
    own, other = papers[0], [p for p in papers[1] if not p[0].name.endswith("/composed")]
    rng = np.random.default_rng((seed, 101))
    tune_rng = np.random.default_rng((seed, 202))
    matcher, version = Matcher(catalogue), f"1.{seed}"
    rows: list[Mapping[str, float]] = []
    answers: list[bool] = []

    def study(some: Sequence[tuple[Source, Drawn]], many: int, opinion: PaperModel) -> None:
        for batch in batches_of(some, many, rng):
            found, truth = situations(batch, catalogue, matcher, opinion)
            rows.extend(found)
            answers.extend(truth)

    halves = _halves(own, rng)
    for half in (0, 1):
        study(halves[half], batches // 4, learn_papers(halves[1 - half], rng, version))
    model = learn_papers(own, rng, version)
    unseen = [
        (recognised(page, tune_rng, float(tune_rng.choice(_LEVELS))), source.code)
        for source, pages in other
        for page in pages[:1]
        for _ in range(COPIES)
    ]
    model = sharpen(model, unseen)
    model = replace(model, trust=trust(model, unseen, catalogue))
    print("papers", model.sharpness, model.trust, flush=True)
    study(own, batches // 2, model)
    starts = learn_starts(rows, answers, seed, version)
    made = batches_of(other, batches // 2, tune_rng)
    told = [situations(batch, catalogue, matcher, model) for batch in made]
    tune_rows = [row for found, _ in told for row in found]
    tune_answers = [answer for _, truth in told for answer in truth]
    starts = calibrate(starts, tune_rows, tune_answers)
    boundary = boundary_threshold(
        (starts.of_facts(row).probability, answer)
        for row, answer in zip(tune_rows, tune_answers, strict=True)
    )
    print("starts", len(rows), len(tune_rows), starts.slope, starts.shift, boundary, flush=True)
    return Trained(PageModels(model, starts), boundary, tuple(made))


def _halves(
    papers: Sequence[tuple[Source, Drawn]], rng: np.random.Generator
) -> list[list[tuple[Source, Drawn]]]:
    """Two halves; what looks alike is in the same, strangers are in both."""
    names = sorted({source.name for source, _ in papers})
    order = rng.permutation(len(names))
    fold = {names[i]: int(at % 2) for at, i in enumerate(order)}
    return [
        [p for p in papers if fold[p[0].name] == half or p[0].name.endswith(STRANGE)]
        for half in (0, 1)
    ]


def main() -> None:
    """Train, calibrate, measure, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training.pages")
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the usual amount")
    parser.add_argument("--drawn", type=Path, help="keeps the drawn papers between runs")
    options = parser.parse_args()
    scale, seed = options.scale, options.seed
    catalogue = load_catalogue()
    papers = _kept(
        options.drawn,
        lambda: (
            drawn(Part.TRAIN, catalogue, _scaled(TRAIN_SIZE, scale), seed),
            drawn(Part.TUNE, catalogue, _scaled(TUNE_SIZE, scale), seed),
        ),
    )
    print("drawn", *map(len, papers), flush=True)
    done = train(papers, catalogue, seed, round(BATCHES * scale))
    settings = SplitSettings(boundary_confidence=done.boundary)
    figures, alone = (
        evaluate(models, done.batches, catalogue, settings) for models in (done.models, None)
    )
    print("rules", alone, "model", figures, sep="\n", flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    write_models(
        done.models,
        options.out,
        trained_on=f"{len(papers[0])} papers drawn by the layouts of part TRAIN, composed "
        f"from the catalogue, or strangers; one letter in 300 to 12 misread; seed {seed}",
        measured_on=f"{len(done.batches)} misread batches of {len(papers[1])} papers of part TUNE",
        figures=figures.numbers(),
        rules_alone=alone.numbers(),
        thresholds={"boundary": done.boundary, **asdict(done.models.papers.trust)},
    )


if __name__ == "__main__":
    main()
