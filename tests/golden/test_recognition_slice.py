"""The product's chain on two made-up batches: nothing that was reached once may be lost."""

from __future__ import annotations

from benchmarks.measuring.floors import falls, measure, recorded


def test_no_figure_falls_below_its_floor() -> None:
    assert falls(measure(), recorded()) == ()
