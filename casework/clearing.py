"""Clearing: what no unfinished batch needs leaves the workspace.

Only after the archive has returned version ids (architecture §5.5): a batch counts as unfinished
until then. Works only while no other process works in the home; a killed clearing leaves rubbish,
never a hole, and the next one takes it away.
"""

from __future__ import annotations

from pipeline.models.batch import BatchState
from pipeline.run.work import Tools, Work

_UNFINISHED = (BatchState.PENDING, BatchState.NEEDS_REVIEW, BatchState.AWAITING_SIGNATURE)


def clear(tools: Tools) -> None:
    """Sweep the workspace if nobody else works in it; else somebody will sweep later."""
    with tools.workspace.alone() as alone:
        if not alone:
            return
        blobs: set[str] = set()
        results: set[tuple[str, str]] = set()
        for state in _UNFINISHED:
            for record in tools.records.batches(state=state):
                needed = Work(tools=tools, batch=record.batch).files()
                blobs |= needed.blobs
                results |= needed.results
        tools.workspace.sweep(blobs, results)
