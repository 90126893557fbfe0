"""Figures and cases as one JSON object, and as rows for `RESULTS.md`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from benchmarks.factory.truth import Level
from benchmarks.field_errors import Tally
from benchmarks.measuring.figures import (
    Figure,
    Goal,
    cer_by_layout,
    confusion,
    false_accepts,
    fields_by_kind,
    figures,
)
from benchmarks.measuring.outcomes import FieldCase, Outcome

Json = dict[str, Any]
SCHEMA: Final = "sohoa.recognition-report/1"


def report(conditions: Mapping[str, object], outcomes: Sequence[Outcome]) -> Json:
    """Everything that was measured, by level.

    Args:
        conditions: where, when, with what.
        outcomes: of batches of any level.
    """
    levels = {}
    for level in Level:
        own = [o for o in outcomes if o.level is level]
        if own:
            levels[str(level)] = _level(level, own)
    return {"schema": SCHEMA, "conditions": dict(conditions), "levels": levels}


def _level(level: Level, outcomes: Sequence[Outcome]) -> Json:
    return {
        "batches": len(outcomes),
        "pages": sum(o.pages for o in outcomes),
        "seeds": sorted({o.seed for o in outcomes}),
        "figures": [figure_json(f) for f in figures(level, outcomes)],
        "fields_by_kind": {str(k): _tally(t) for k, t in fields_by_kind(outcomes).items()},
        "types": [[*pair, n] for pair, n in sorted(confusion(outcomes).items())],
        "cer_by_layout": {
            layout: {"cer": round(e.cer, 5), "characters": e.characters}
            for layout, e in sorted(cer_by_layout(outcomes).items())
        },
        "false_accepts": [_accept(o, c) for o, c in false_accepts(outcomes)],
        "wrong_types": list(_wrong_types(outcomes)),
        "wrong_starts_not_asked": [[o.seed, list(o.silent_starts)] for o in outcomes],
        "wrong_turns": [[o.seed, t.model_dump()] for o in outcomes for t in o.wrong_turns],
        "wrong_blanks": [
            [o.seed, b.model_dump(mode="json")] for o in outcomes for b in o.wrong_blanks
        ],
        "asked": [[o.seed, list(o.asked)] for o in outcomes if o.held],
    }


def figure_json(figure: Figure) -> Json:
    """A figure with its goal."""
    goal = figure.goal
    return {
        "name": figure.name,
        "value": None if figure.value is None else round(figure.value, 6),
        "unit": figure.unit,
        "of": figure.of,
        "goal": None if goal is None else _goal(goal),
        "verdict": str(figure.verdict),
    }


def _goal(goal: Goal) -> Json:
    return {"at_most" if goal.at_most else "at_least": goal.limit, "cases": goal.least}


def _tally(tally: Tally) -> Json:
    rates = {"exact_rate": tally.exact_rate, "review_rate": tally.review_rate}
    return {**asdict(tally), **{k: round(v, 5) for k, v in rates.items()}}


def _accept(outcome: Outcome, case: FieldCase) -> Json:
    judged = case.judged
    return {
        "seed": outcome.seed,
        "sheets": outcome.sheets,
        "page": case.page,
        "layout": case.layout,
        "component": case.code,
        "field": judged.name,
        "kind": str(judged.kind),
        "hand": None if judged.hand is None else str(judged.hand),
        "truth": judged.truth,
        "read": judged.read,
        "confidence": round(judged.confidence, 4),
        "component_right": case.typed,
    }


def _wrong_types(outcomes: Iterable[Outcome]) -> Iterable[Json]:
    for outcome in outcomes:
        for case in outcome.types:
            if not (case.right and case.whole):
                yield {"seed": outcome.seed, "held": outcome.held, **case.model_dump(mode="json")}


def shown(figure: Figure) -> str:
    """The value for people."""
    if figure.value is None:
        return "–"
    if figure.unit == "%":
        return f"{figure.value:.2%}"
    return f"{figure.value:g}" if figure.unit == "count" else f"{figure.value:.2f} {figure.unit}"


def shown_goal(figure: Figure) -> str:
    """The goal for people; empty without one."""
    goal = figure.goal
    if goal is None:
        return ""
    limit = f"{goal.limit:.1%}" if figure.unit == "%" else f"{goal.limit:g}"
    cases = f" in {goal.least:,}" if goal.least else ""
    return f"{'≤' if goal.at_most else '≥'} {limit}{cases}"


def rows(outcomes: Sequence[Outcome]) -> list[dict[str, str]]:
    """One row a measure, one column a level."""
    table: dict[str, dict[str, str]] = {}
    levels = [level for level in Level if any(o.level is level for o in outcomes)]
    for level in levels:
        for figure in figures(level, [o for o in outcomes if o.level is level]):
            row = table.setdefault(figure.name, {"measure": figure.name})
            goal = shown_goal(figure)
            told = f" (goal {goal}: {figure.verdict or 'no case'})" if goal else ""
            row[str(level)] = f"{shown(figure)} of {figure.of:,}{told}"
    return [
        {"measure": name, **{str(v): r.get(str(v), "") for v in levels}}
        for name, r in table.items()
    ]
