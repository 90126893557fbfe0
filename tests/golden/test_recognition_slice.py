"""The product's chain on two made-up batches: nothing that was reached once may be lost."""

from __future__ import annotations

import pytest

from benchmarks.factory.fonts import FETCHED, Face
from benchmarks.measuring.floors import falls, measure, recorded

pytestmark = pytest.mark.skipif(
    not all(
        (FETCHED.expanduser() / face.value).is_file()
        for face in Face
        if face.value.startswith(("fetched-", "pen-"))
    ),
    reason="run `python -m benchmarks.factory.fetch_fonts`",
)


def test_no_figure_falls_below_its_floor() -> None:
    assert falls(measure(), recorded()) == ()
