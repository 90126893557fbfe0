"""Killed before and after every distinct port method and rename, a batch still ends whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.crash import make_bench, moments, once_each, trial


@pytest.mark.timeout(900)
def test_a_killed_batch_ends_whole(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    labels = moments(bench)
    problems = {labels[m - 1]: trial(bench, m) for m in once_each(labels)}
    assert {label: p for label, p in problems.items() if p} == {}
    assert {"store.put before", "records.commit_revision after"} <= problems.keys()
