"""Clearing: what no unfinished batch needs leaves the workspace.

Only after the archive has returned version ids (architecture §5.5): a batch counts as unfinished
until then. Sidecars, new revisions and manifests that may not have been put yet stay too, and the
sources of batches that the records do not know (lost, restored from an old copy, another
database): they may be the only ones.
Works only while no other process works in the home; a killed clearing leaves rubbish, never a
hole, and the next one takes it away.
"""

from __future__ import annotations

from collections.abc import Iterator

from casework.scanning.sessions import ScanSessions, clear_archived
from pipeline.errors import NotFound
from pipeline.models.batch import Batch, BatchState
from pipeline.run.work import Tools, Work

NOTE = "received"
"""Result that tells of a batch beside its bytes, for records that know nothing of it."""
_ALL = 2**31
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
                results |= needed.results | {(NOTE, record.batch.batch_id)}
        for batch in _unknown(tools):
            blobs |= {source.file.sha256 for source in batch.sources}
            results.add((NOTE, batch.batch_id))
        blobs |= _sidecars_owed(tools) | tools.records.unanswered()
        tools.workspace.sweep(blobs, results)
        clear_archived(ScanSessions(tools.workspace), tools.records)


def _unknown(tools: Tools) -> Iterator[Batch]:
    for batch in tools.workspace.results(NOTE, Batch):
        try:
            tools.records.batch(batch.batch_id)
        except NotFound:
            yield batch


def _sidecars_owed(tools: Tools) -> set[str]:
    records = tools.records
    owed = {row.component_id for row in records.outbox(_ALL)}
    digests = (records.component(component_id).sidecar_sha256 for component_id in owed)
    return {sha256 for sha256 in digests if sha256 is not None}
