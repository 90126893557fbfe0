"""The report as one HTML page that needs nothing else: tables, and plots drawn as SVG inside it."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import Any, Final

from benchmarks.factory.truth import Level
from benchmarks.measuring import plots
from benchmarks.measuring.figures import Verdict, figures
from benchmarks.measuring.outcomes import Outcome
from benchmarks.measuring.report import shown, shown_goal

_STYLE: Final = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#222}
h1{font-size:1.5rem} h2{font-size:1.2rem;margin-top:2.5rem;border-bottom:1px solid #ccc}
h3{font-size:1rem;margin-bottom:.3rem} p.note{color:#666;font-size:.85rem}
table{border-collapse:collapse;margin:.5rem 0 1.5rem} th,td{padding:.2rem .7rem;text-align:left;
border-bottom:1px solid #e4e4e4;font-variant-numeric:tabular-nums;vertical-align:top}
td.n{text-align:right} td.met{color:#0a6b2d} td.short{color:#b00020;font-weight:600}
figure{margin:0 0 1.5rem} svg{max-width:100%;height:auto}
"""


def page(report: dict[str, Any], outcomes: Sequence[Outcome]) -> str:
    """The whole page.

    Args:
        report: as `benchmarks.measuring.report.report` gives it, with `real_scans`.
        outcomes: what it was made from.
    """
    parts = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width'><title>Recognition, measured</title>",
        f"<style>{_STYLE}</style></head><body><h1>Recognition, measured</h1>",
        f"<p class='note'>{html.escape(str(report['conditions']['conditions']))}</p>",
    ]
    for level in Level:
        own = [o for o in outcomes if o.level is level]
        if own:
            parts += _level(level, own, report["levels"][str(level)])
    if report["real_scans"]:
        parts += ["<h2>Real scans</h2>", _table(report["real_scans"])]
    return "\n".join((*parts, "</body></html>\n"))


def _level(level: Level, outcomes: Sequence[Outcome], report: dict[str, Any]) -> Iterable[str]:
    seeds = ", ".join(map(str, report["seeds"]))
    parts = {str(o.part) for o in outcomes}
    yield f"<h2>Level {level}</h2>"
    yield f"<p>{report['batches']} batches, {report['pages']} pages; part {', '.join(parts)}, "
    yield f"seeds {seeds}.</p>"
    yield _figures(level, outcomes)
    for title, note, picture in (
        ("Fields by kind", "Share of printed fields.", plots.fields(outcomes)),
        (
            "What a confidence is worth",
            "Share of right values at each confidence, by kind; the dashed line is a confidence "
            "that keeps its word. Size of a point: number of fields.",
            plots.reliability(outcomes),
        ),
        ("Types: true (rows) and found (columns)", "Only types that occur.", plots.types(outcomes)),
        ("Misread print by layout", "Character error rate.", plots.layouts(outcomes)),
    ):
        if picture:
            yield f"<h3>{title}</h3><p class='note'>{note}</p><figure>{picture}</figure>"
    for title, key in (
        ("Accepted, but wrong or not in the truth", "false_accepts"),
        ("Components with a wrong type or wrong pages", "wrong_types"),
    ):
        yield f"<h3>{title}: {len(report[key])}</h3>"
        if report[key]:
            yield _table(report[key])


def _figures(level: Level, outcomes: Sequence[Outcome]) -> str:
    lines = []
    for figure in figures(level, outcomes):
        verdict = figure.verdict
        style = {Verdict.MET: "met", Verdict.MISSED: "short"}.get(verdict, "")
        lines.append(
            f"<tr><td>{figure.name}</td><td class='n'>{shown(figure)}</td>"
            f"<td class='n'>{figure.of:,}</td><td class='n'>{shown_goal(figure)}</td>"
            f"<td class='{style}'>{verdict}</td></tr>"
        )
    head = "<tr><th>measure</th><th>value</th><th>of</th><th>goal</th><th></th></tr>"
    return f"<table>{head}{''.join(lines)}</table>"


def _table(rows: Sequence[dict[str, Any]]) -> str:
    head = "".join(f"<th>{html.escape(key)}</th>" for key in rows[0])
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(str(v))}</td>" for v in row.values()) + "</tr>"
        for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"
