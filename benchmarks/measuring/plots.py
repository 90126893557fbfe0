"""Plots of outcomes as SVG text; each is empty where there is nothing to draw."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.field_errors import FieldKind, JudgedField
from benchmarks.measuring.figures import (
    cer_by_layout,
    confusion,
    fields_by_kind,
    judged_fields,
)
from benchmarks.measuring.outcomes import Outcome

_GOOD, _ASKED, _MISSED, _WRONG = "#2b7a4b", "#e0a526", "#9aa0a6", "#c1121f"
_DPI: Final = 100
_BINS: Final = (0.0, 0.5, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 1.0001)
_FEWEST: Final = 3
"""Fields of one bin that say something."""


def fields(outcomes: Iterable[Outcome]) -> str:
    """What became of printed fields, by kind."""
    kinds = fields_by_kind(outcomes)
    names = [kind for kind, t in kinds.items() if t.fields]
    if not names:
        return ""
    figure, axes = _canvas(8, 0.45 * len(names) + 1.2)
    left = np.zeros(len(names))
    of = np.array([kinds[n].fields for n in names], dtype=float)
    parts = (
        ("accepted and right", _GOOD, [kinds[n].accepted - kinds[n].false_accepts for n in names]),
        ("asked", _ASKED, [kinds[n].review for n in names]),
        ("neither read nor asked", _MISSED, [kinds[n].missed for n in names]),
        ("accepted and wrong", _WRONG, [kinds[n].false_accepts for n in names]),
    )
    for label, colour, counts in parts:
        share = np.array(counts, dtype=float) / of
        axes.barh(range(len(names)), share, left=left, color=colour, label=label)
        left = left + share
    labels = [f"{name} ({kinds[name].fields})" for name in names]
    axes.set_yticks(range(len(names)), labels)
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter("{x:.0%}")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=4, frameon=False)
    return _svg(figure)


def reliability(outcomes: Iterable[Outcome]) -> str:
    """Share of right values over the confidence they came with, by kind."""
    read = [f for f in judged_fields(outcomes) if f.truth is not None and f.read is not None]
    if not read:
        return ""
    by_kind = {kind: list(_bins([f for f in read if f.kind is kind])) for kind in FieldKind}
    if not any(by_kind.values()):
        return ""
    figure, axes = _canvas(8, 4.2)
    axes.plot([0, 1], [0, 1], linestyle="--", color="#bbb", linewidth=1)
    for kind, points in by_kind.items():
        if points:
            xs, ys, sizes = zip(*points, strict=True)
            line = axes.plot(xs, ys, linewidth=1, alpha=0.6)[0]
            areas = [12 + 4 * size**0.5 for size in sizes]
            axes.scatter(xs, ys, s=areas, color=line.get_color(), label=str(kind))
    axes.set_xlabel("confidence")
    axes.set_ylabel("right")
    axes.set_ylim(-0.02, 1.03)
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    return _svg(figure)


def _bins(read: Sequence[JudgedField]) -> Iterable[tuple[float, float, int]]:
    """Mean confidence, share of right values, count."""
    for low, high in pairwise(_BINS):
        own = [f for f in read if low <= f.confidence < high]
        if len(own) >= _FEWEST:
            mean = sum(f.confidence for f in own) / len(own)
            yield mean, sum(f.exact for f in own) / len(own), len(own)


def types(outcomes: Iterable[Outcome]) -> str:
    """The confusion matrix; every row sums to the components of that type."""
    pairs = confusion(outcomes)
    names = sorted({name for pair in pairs for name in pair})
    if not names:
        return ""
    counts = np.array([[pairs[true, found] for found in names] for true in names], dtype=float)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = 0.34 * len(names) + 2.2
    figure, axes = _canvas(side, side)
    axes.imshow(shares, cmap="Greens", vmin=0, vmax=1.3)
    for row, column in zip(*np.nonzero(counts), strict=True):
        colour = "#222" if row == column else _WRONG
        weight = "normal" if row == column else "bold"
        place = (float(column), float(row))
        axes.annotate(
            f"{counts[row, column]:.0f}",
            place,
            ha="center",
            va="center",
            color=colour,
            fontweight=weight,
            fontsize=7,
        )
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
    axes.set_yticks(range(len(names)), names, fontsize=7)
    return _svg(figure)


def layouts(outcomes: Iterable[Outcome]) -> str:
    """Character error rate of print, worst layouts first."""
    errors = {name: e for name, e in cer_by_layout(outcomes).items() if e.characters}
    names = sorted(errors, key=lambda name: -errors[name].cer)
    if not names:
        return ""
    figure, axes = _canvas(8, 0.22 * len(names) + 1)
    axes.barh(range(len(names)), [errors[n].cer for n in names], color="#4a6fa5")
    axes.set_yticks(range(len(names)), [n or "(none)" for n in names], fontsize=7)
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter("{x:.1%}")
    return _svg(figure)


def _canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """Inches."""
    figure = Figure(figsize=(width, height), dpi=_DPI, layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _svg(figure: Figure) -> str:
    out = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "sohoa"}):
        figure.savefig(out, format="svg", metadata={"Date": None})
    text = out.getvalue()
    return text[text.index("<svg") :]
