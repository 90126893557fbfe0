"""`python -m benchmarks.training.calibration READINGS.jsonl… --out FILE`: what readings are worth.

Takes readings of `value_readings`, learns for each kind of value which evidence speaks for a right
reading, and finds from which score on wrong readings are as rare as is asked: on sound pages and
on worn ones apart, each by itself. Scores that thresholds are found on come from weights that never
saw the sheet. Same readings, same file. May not come in: reading, the part TEST.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from benchmarks.factory.truth import Part
from benchmarks.field_errors import FieldKind, same_value, upper_bound
from benchmarks.training.value_sheets import field_of
from ocr_models.calibration import (
    TARGET,
    BandRecord,
    CalibrationRecord,
    CurveRecord,
    CurvesRecord,
    load_knowledge,
)
from pipeline.catalogue import Catalogue, load_catalogue
from pipeline.models.base import Box
from pipeline.models.text import EngineIdentity
from pipeline.stages.extraction.evidence import (
    ALONE,
    TWICE,
    Second,
    ValueKind,
    facts_of,
    specks_of,
)
from pipeline.stages.extraction.layout import Legibility, Token
from pipeline.stages.extraction.values import parse
from pipeline.textnorm import fold, squash
from pipeline.vietnamese import Lexicon, Names

Facts = NDArray[np.float64]
_FOLDS = 5
_LEAST = 600
"""Fewer values show no error of one in a thousand."""
_WINDOW = 1500
"""Values next above a threshold that must be as good as all others, lest many sure ones hide a few
doubtful ones; one wrong of so many is one in a thousand."""
_WORN_FROM = 0.045
"""Specks to a letter; of sheets at mid hardly one has more, of those at hard one in ten fewer."""
_READ_TWICE = (0.0, 0.25, 0.5)
"""Shares of readings that are never accepted at once: a second reading may tell more of them."""
_FOR_IT = frozenset(
    ("least", "mean", "page", "page_low", "specks", "alike", "alike_least", "alike_mean")
)
"""Facts that never speak against a reading: a worse page makes no reading surer."""
_LOOSENESS = 1.0
"""Of weights: how much the readings count beside keeping them small."""
_UNLIKE = 0.04
"""Share of right values, those that read worst, that are never accepted as they are."""
_BANDS = 12
_NEIGHBOURS = 2
"""Words too many: those of the value beside."""
_HARMLESS = 1e-9


@dataclass(frozen=True)
class Reading:
    """One value that no check objected to."""

    sheet: int
    part: str
    level: str
    page: Legibility
    right: bool
    alone: tuple[float, ...]
    twice: tuple[float, ...] | None
    """None where it was not read a second time."""


def readings(
    paths: Iterable[Path],
) -> tuple[dict[ValueKind, list[Reading]], Counter[str], set[str]]:
    """Readings by kind; how many values were printed of each kind; by which engines.

    Left out are values with verdicts (a person is asked anyway), and such as were cut out of the
    sheet together with a neighbour, in its stead, or without one of their words: how far a value
    reaches is judged apart (`extent`), here is how its words are read.

    Raises:
        ValueError: of part TEST.
    """
    found: dict[ValueKind, list[Reading]] = {kind: [] for kind in ValueKind}
    printed: Counter[str] = Counter()
    engines: set[str] = set()
    catalogue = load_catalogue()
    knowledge = load_knowledge()
    for path in paths:
        records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        others = _others(records)
        for record in records:
            if record["part"] == Part.TEST:
                raise ValueError(Part.TEST)
            engines.add(record["engine"])
            printed[record["kind"]] += 1
            if record["value"] is None or _objected(record, catalogue):
                continue
            if _cut_wrongly(record) or _of_another(record, others):
                continue
            found[ValueKind(record["kind"])].append(_reading(record, knowledge))
    return found, printed, engines


def _objected(record: dict[str, Any], catalogue: Catalogue) -> bool:
    """True where a check objects; checks may be younger than the reading."""
    field = field_of(record["field"], catalogue)
    now = parse(_tokens(record, "words"), field)
    return bool(record["verdicts"]) or now is None or bool(now.verdicts)


def _others(records: Iterable[dict[str, Any]]) -> dict[tuple[int, str], list[str]]:
    """Values printed on a sheet, by the sheet and their kind."""
    found: dict[tuple[int, str], list[str]] = {}
    for record in records:
        found.setdefault((record["sheet"], record["kind"]), []).append(record["truth"])
    return found


def _of_another(record: dict[str, Any], others: Mapping[tuple[int, str], Sequence[str]]) -> bool:
    """True of what is printed right beside, on a crooked sheet."""
    if record["right"]:
        return False
    kind, value = FieldKind(record["kind"]), record["value"]
    return any(same_value(t, value, kind) for t in others[record["sheet"], record["kind"]])


def _cut_wrongly(record: dict[str, Any]) -> bool:
    truth, value = squash(record["truth"]), squash(record["value"])
    more = len(value.split()) - len(truth.split())
    within = f" {value} " in f" {truth} " or f" {truth} " in f" {value} "
    return more >= _NEIGHBOURS or (more != 0 and within)


def _reading(record: dict[str, Any], knowledge: tuple[Names, Lexicon]) -> Reading:
    kind, page = ValueKind(record["kind"]), Legibility(**record["page"])
    tokens = _tokens(record, "words")
    twice = None
    if "again" in record:
        second = Second(record["again"] == record["value"], _tokens(record, "again_words"))
        twice = facts_of(kind, tokens, page, second, *knowledge)
    return Reading(
        sheet=record["sheet"],
        part=record["part"],
        level=record["level"],
        page=page,
        right=record["right"],
        alone=facts_of(kind, tokens, page, None, *knowledge),
        twice=twice,
    )


def _tokens(record: dict[str, Any], words: str) -> tuple[Token, ...]:
    """Words of a reading; of their places only the height is known."""
    place = Box(x0=0, y0=0, x1=1, y1=record["height"])
    return tuple(Token(text, fold(text), sure, place, wrong) for text, sure, wrong in record[words])


def learned(names: Sequence[str], facts: Facts, right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Weights whose score is the logarithm of the odds of being right, as far as they are known.

    The least confidence alone counts where all readings are right, or none.
    """
    if right.all() or not right.any():
        return np.array([float(name == "least") for name in names])
    signs = np.where(right, 1.0, -1.0)

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margins = signs * (facts @ weights)
        slopes = -signs * expit(-margins)
        value = _LOOSENESS * float(np.logaddexp(0.0, -margins).sum()) + float(weights @ weights) / 2
        return value, _LOOSENESS * (facts.T @ slopes) + weights

    bounds = [(0.0 if name in _FOR_IT else None, None) for name in names]
    found = minimize(
        loss, np.zeros(len(names)), jac=True, method="L-BFGS-B", bounds=bounds,
        options={"maxiter": 2000},
    )  # fmt: skip
    return np.asarray(found.x, dtype=np.float64)


def held_out(
    names: Sequence[str], facts: Facts, right: NDArray[np.bool_], sheets: NDArray[np.int_]
) -> NDArray[np.float64]:
    """Scores by weights that were learned on other sheets."""
    scores = np.zeros(len(right))
    for number in range(_FOLDS):
        own = sheets % _FOLDS == number
        if own.any() and not own.all():
            scores[own] = facts[own] @ learned(names, facts[~own], right[~own])
    return scores


def threshold(scores: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """The least score from which on wrong values are rare enough; infinite where none is.

    That is, expected to be: of all values that would be accepted, and of the lowest of them.

    Args:
        scores: of all values.
        right: whether each was read right.
    """
    order = np.argsort(-scores, kind="stable")
    wrong = np.cumsum(~right[order])
    best = math.inf
    for count in range(_LEAST, len(order) + 1):
        if count < len(order) and scores[order[count]] == scores[order[count - 1]]:
            continue
        before = wrong[count - _WINDOW - 1] if count > _WINDOW else 0
        if (wrong[count - 1] - before + 0.5) / (min(count, _WINDOW) + 1) > TARGET:
            continue
        if (wrong[count - 1] + 0.5) / (count + 1) <= TARGET:
            best = float(scores[order[count - 1]])
    return best


def usual_from(scores: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """The score that nearly all values read right have: what reads worse is unlike print.

    Where print is hardly ever misread, wrong values alone would set no limit, and whatever a pen
    wrote would pass, of which nothing was measured here.
    """
    return float(np.quantile(scores[right], _UNLIKE)) if right.any() else math.inf


def bands(
    scores: NDArray[np.float64], right: NDArray[np.bool_], accept_from: float = math.inf
) -> tuple[BandRecord, ...]:
    """Bands of scores with the share of wrong values, which falls from band to band.

    What is accepted is a band of its own.
    """
    order = np.argsort(scores, kind="stable")
    below, above = order[scores[order] < accept_from], order[scores[order] >= accept_from]
    parts = [part for part in (*np.array_split(below, _BANDS), above) if len(part)]
    counts = [(float(scores[p[0]]), int((~right[p]).sum()), len(p)) for p in parts]
    merged: list[tuple[float, int, int]] = []
    for start, wrong, of in counts:
        merged.append((start, wrong, of))
        while len(merged) > 1 and _share(merged[-2]) <= _share(merged[-1]):
            (start, wrong, of), (_, more, others) = merged[-2], merged[-1]
            merged[-2:] = [(start, wrong + more, of + others)]
    return tuple(
        BandRecord(
            score=round(start, 6),
            values=of,
            wrong=wrong,
            error=round(_share((start, wrong, of)), 6),
            error_at_most=round(upper_bound(wrong, of), 6),
        )
        for start, wrong, of in merged
    )


def _share(band: tuple[float, int, int]) -> float:
    _, wrong, of = band
    return (wrong + 0.5) / (of + 1)


@dataclass(frozen=True)
class Curves:
    """How one kind of value is judged."""

    alone: CurveRecord
    twice: CurveRecord
    left: int
    """Values that are read again; of those that are sure, only some were."""

    @property
    def accepted(self) -> float:
        """Values that one of the two accepts, all of those left being like those read again."""
        share = self.twice.accepted / max(self.twice.values, 1)
        return self.alone.accepted + share * self.left


def curves(found: Sequence[Reading], worst: float) -> Curves:
    """For first readings alone, and for second ones where the first was not enough.

    The fewer pages are ruled out, the stricter what is left must be; and what is not accepted at
    once must be many to show that second readings of it are right. So it is tried to rule out the
    worse half of the pages. All ways are few: the best of many would be one that chance favours.

    Args:
        found: on pages of one state.
        worst: median confidence of the page, of any state, that read worst: of others nothing is
            known.
    """
    right = np.array([reading.right for reading in found])
    sheets = np.array([reading.sheet for reading in found])
    pages = np.array([reading.page.confidence for reading in found])
    asked = np.array([reading.twice is not None for reading in found])
    once = np.array([reading.alone for reading in found])
    again = np.array([reading.twice for reading in found if reading.twice is not None])
    once_scores = held_out(ALONE, once, right, sheets)
    again_scores = held_out(TWICE, again, right[asked], sheets[asked])
    once_weights = dict(zip(ALONE, learned(ALONE, once, right), strict=True))
    again_weights = dict(zip(TWICE, learned(TWICE, again, right[asked]), strict=True))
    half = round(float(median(_pages(found))), 4)
    limits = tuple(dict.fromkeys((worst, half)))
    ways = []
    for page_from, strict in product(limits, _READ_TWICE):
        alone = _curve(once_weights, once_scores, right, pages >= page_from, page_from, strict)
        sure = (pages >= page_from) & (once_scores >= _from(alone))
        for again_from in limits:
            # what is sure at once is not read again
            left = (pages >= again_from) & ~sure
            twice = _curve(again_weights, again_scores, right[asked], left[asked], again_from)
            ways.append(Curves(alone, twice, int(left.sum())))
    return max(ways, key=lambda way: way.accepted)


def _pages(found: Iterable[Reading]) -> list[float]:
    """Median confidences of the sheets."""
    return list({reading.sheet: reading.page.confidence for reading in found}.values())


def _from(curve: CurveRecord) -> float:
    return math.inf if curve.accept_from is None else curve.accept_from


def _curve(
    weights: Mapping[str, float],
    scores: NDArray[np.float64],
    right: NDArray[np.bool_],
    judged: NDArray[np.bool_],
    page_from: float,
    strict: float = 0.0,
) -> CurveRecord:
    """Thresholds and bands of the values that are judged by this curve."""
    scores, right = scores[judged], right[judged]
    strictly = float(np.quantile(scores, strict)) if len(scores) else -math.inf
    accept_from = max(threshold(scores, right), usual_from(scores, right), strictly)
    sure = scores >= accept_from
    wrong = int((~right[sure]).sum())
    return CurveRecord(
        weights={name: round(float(weight), 6) for name, weight in weights.items()},
        page_from=page_from,
        values=len(right),
        wrong=int((~right).sum()),
        accept_from=None if math.isinf(accept_from) else round(accept_from + _HARMLESS, 6),
        accepted=int(sure.sum()),
        accepted_wrong=wrong,
        accepted_error_at_most=round(upper_bound(wrong, int(sure.sum())), 6),
        bands=bands(scores, right, accept_from),
    )


def measured(
    state: str, found: Mapping[ValueKind, Sequence[Reading]], of_state: Callable[[Legibility], bool]
) -> CurvesRecord:
    """What readings on pages of one state are worth."""
    own = {kind: [r for r in values if of_state(r.page)] for kind, values in found.items()}
    worst = min(_pages(reading for values in found.values() for reading in values))
    judged = {kind: curves(values, worst) for kind, values in own.items()}
    for kind, both in judged.items():
        for name, curve in (("alone", both.alone), ("twice", both.twice)):
            share = curve.accepted / max(curve.values, 1)
            print(
                f"{state:5} {kind:7} {name:6} pages from {curve.page_from} "
                f"values {curve.values:6} wrong {curve.wrong:5} either {both.accepted:6.0f} "
                f"accepted {share:.3f} wrong {curve.accepted_wrong} from {curve.accept_from}"
            )
    return CurvesRecord(
        sheets=len({reading.sheet for values in own.values() for reading in values}),
        alone={kind: both.alone for kind, both in judged.items()},
        twice={kind: both.twice for kind, both in judged.items()},
    )


def main() -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training.calibration")
    parser.add_argument("readings", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    found, printed, engines = readings(options.readings)
    if len(engines) != 1:
        parser.error(f"readings of {len(engines)} engines")
    engine = EngineIdentity.model_validate_json(engines.pop())
    sound = measured("sound", found, lambda page: specks_of(page) <= _WORN_FROM)
    worn = measured("worn", found, lambda page: specks_of(page) > _WORN_FROM)
    everything = [reading for values in found.values() for reading in values]
    record = CalibrationRecord(
        engine=engine,
        target=TARGET,
        made_from="sheets of benchmarks.training.value_sheets, read by the chain's own stages",
        sheets=sorted({reading.sheet for reading in everything}),
        parts=sorted({reading.part for reading in everything}),
        levels=sorted({reading.level for reading in everything}),
        printed={ValueKind(kind): count for kind, count in sorted(printed.items())},
        worn_from=_WORN_FROM,
        sound=sound,
        worn=worn,
    )
    options.out.write_text(record.model_dump_json(indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
