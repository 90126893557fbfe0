"""Clearing: what the archive has taken over leaves the workspace.

Only after the archive has returned version ids (architecture §5.5), and never what an unfinished
batch still needs: blobs are shared by content. A killed clearing leaves rubbish, never a hole;
the next one of the same batch takes it away.
"""

from __future__ import annotations

from pipeline.models.batch import BatchState
from pipeline.ports.records import Records
from pipeline.run.work import Work
from pipeline.workspace import Workspace

_UNFINISHED = (BatchState.PENDING, BatchState.NEEDS_REVIEW, BatchState.AWAITING_SIGNATURE)


def clear(work: Work, records: Records, workspace: Workspace) -> None:
    """Forget the files of an archived batch."""
    mine = work.files()
    blobs: set[str] = set()
    results: set[tuple[str, str]] = set()
    for state in _UNFINISHED:
        for record in records.batches(state=state):
            needed = Work(tools=work.tools, batch=record.batch).files()
            blobs |= needed.blobs
            results |= set(needed.results)
    workspace.forget(mine.blobs - blobs, [r for r in mine.results if r not in results])
