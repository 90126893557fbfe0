"""Clearing: what no unfinished batch needs leaves the workspace.

Only after the archive has returned version ids (architecture §5.5): a batch counts as unfinished
until then. Sidecars, new revisions and manifests that may not have been put yet stay too, what the
archive is still to sign elsewhere, and the sources of batches that the records do not know (lost,
restored from an old copy, another database): they may be the only ones.
Where hosts share files in work, only batches that were received or walked on here are looked at,
not the office's: what the folder may hold of others is on their shelves, and can be fetched again.
Works only while no other process works in the home; a killed clearing leaves rubbish, never a
hole, and the next one takes it away.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Collection, Iterator

from casework.scanning.sessions import ScanSessions, clear_archived
from casework.signing_requests import awaited, handed_out_here, is_shelved
from pipeline.errors import ArchiveUnavailable, BatchBusy, NotFound
from pipeline.models.batch import Batch, BatchState
from pipeline.run.work import Tools, Work
from pipeline.sharing import BATCHES, Backing

NOTE = "received"
"""Result that tells of a batch beside its bytes, for records that know nothing of it."""
_HERE = "here"
"""Result that tells that a batch was worked on in this home; never shared."""
_ALL = 2**31
_UNFINISHED = (BatchState.NEEDS_REVIEW, BatchState.AWAITING_SIGNATURE, BatchState.PENDING)
"""Asked for one after another. What a person lets go on meanwhile becomes PENDING: it is last."""


def clear(tools: Tools) -> None:
    """Sweep the workspace if nobody else works in it; else somebody will sweep later."""
    with tools.workspace.alone() as alone:
        if not alone:
            return
        blobs: set[str] = set()
        results: set[tuple[str, str]] = set()
        for batch in _unfinished_here(tools):
            needed = Work(tools=tools, batch=batch, shared=False).files()
            blobs |= needed.blobs
            results |= needed.results | {(NOTE, batch.batch_id), (_HERE, batch.batch_id)}
        for batch in _unknown(tools):
            blobs |= {source.file.sha256 for source in batch.sources}
            results.add((NOTE, batch.batch_id))
        for work in handed_out_here(tools):
            for component, handed_out in awaited(work):
                blobs.add(handed_out.kept.sha256)
                results.add(("request", work.request_key(component.component_id)))
        blobs |= _sidecars_owed(tools) | tools.records.unanswered()
        tools.workspace.sweep(blobs, results)
        clear_archived(ScanSessions(tools.workspace), tools.records)


def note_here(tools: Tools, batch: Batch) -> None:
    """This home is going to work on a batch: its files are kept here while it is unfinished."""
    if tools.workspace.backing is not None:
        tools.workspace.publish(_HERE, batch.batch_id, batch)


def clear_shared(tools: Tools, grace: dt.timedelta) -> int:
    """Clear the shelves of batches that are finished, or were given up; gives their number.

    The last step of a batch clears its shelf; this finds those of processes killed before. Shelves
    used within the grace stay: a batch may just be coming in. So do those that hold what may not
    have been put yet, or what the archive is still to sign elsewhere, and those of batches that the
    records do not know, once they were received.

    Args:
        tools: workspace and records of any host.
        grace: time since the last use.

    Raises:
        ArchiveUnavailable: what is shared cannot be reached.
    """
    backing = tools.workspace.backing
    if backing is None:
        return 0
    records, cleared = tools.records, 0
    needed = {r.batch.batch_id for state in _UNFINISHED for r in records.batches(state=state)}
    owed = _sidecars_owed(tools) | records.unanswered()
    for batch_id in backing.folders(BATCHES):
        if batch_id in needed:
            continue
        with contextlib.suppress(BatchBusy), tools.claims.claim(batch_id):
            cleared += _cleared(tools, backing, batch_id, owed, grace)
    return cleared


def _cleared(
    tools: Tools, backing: Backing, batch_id: str, owed: Collection[str], grace: dt.timedelta
) -> bool:
    """Clear a shelf unless it is needed, its batch claimed.

    The batch may have been let go on since the unfinished ones were asked for.
    """
    files = list(backing.list(f"{BATCHES}{batch_id}/"))
    if not files or tools.clock.now() - max(f.modified for f in files) < grace:
        return False
    if any(f.name.rpartition("/")[2] in owed for f in files):
        return False
    try:
        record = tools.records.batch(batch_id)
        needed = record.state in _UNFINISHED or (
            any(is_shelved(f.name) for f in files)
            and _is_awaited(Work(tools=tools, batch=record.batch))
        )
    except NotFound:
        needed = any(f"/stages/{NOTE}/" in f.name for f in files)
    if not needed:
        backing.delete(f.name for f in files)
    return not needed


def _is_awaited(work: Work) -> bool:
    """True where the archive is still to sign something, or where that cannot be seen now."""
    try:
        return any(awaited(work, surely=True))
    except ArchiveUnavailable:
        return True


def _unfinished_here(tools: Tools) -> Iterator[Batch]:
    """Unfinished batches of which this home may hold files.

    Where nothing is shared, this home's files are the only ones: all that the records know.
    """
    if tools.workspace.backing is None:
        for state in _UNFINISHED:
            yield from (record.batch for record in tools.records.batches(state=state))
        return
    held = {batch.batch_id for name in (NOTE, _HERE) for batch in _noted(tools, name)}
    for batch_id in held:
        with contextlib.suppress(NotFound):
            record = tools.records.batch(batch_id)
            if record.state in _UNFINISHED:
                yield record.batch


def _noted(tools: Tools, name: str) -> Iterator[Batch]:
    return tools.workspace.results(name, Batch)


def _is_known(tools: Tools, batch_id: str) -> bool:
    try:
        tools.records.batch(batch_id)
    except NotFound:
        return False
    return True


def _unknown(tools: Tools) -> Iterator[Batch]:
    for batch in _noted(tools, NOTE):
        if not _is_known(tools, batch.batch_id):
            yield batch


def _sidecars_owed(tools: Tools) -> set[str]:
    records = tools.records
    owed = {row.component_id for row in records.outbox(_ALL)}
    digests = (records.component(component_id).sidecar_sha256 for component_id in owed)
    return {sha256 for sha256 in digests if sha256 is not None}
