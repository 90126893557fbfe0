"""Which objects records know, group by group, to find those that nobody does.

A group is what one question to the records answers: a dossier's files and manifests, a batch's
raw objects, a dossier's sidecars. May not come in: reading objects, but for a batch's page index.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from casework.custody.expected import read_raw_index
from casework.renewal import notes_of
from pipeline.errors import NotFound
from pipeline.ids import unsafe_code
from pipeline.models.batch import BatchState
from pipeline.ports.archive import ObjectStore
from pipeline.ports.records import Records
from pipeline.stages.archiving import raw_index_key, sidecar_key

NOT_OURS: Final = ("ledger/", "canary/")
"""Prefixes whose objects are judged elsewhere: seals by the audit, the canary by itself."""

_GROUPS: Final = {"dossiers": 4, "raw": 2, "text": 3}
"""Segments that name a group, by the first segment."""


def group_of(key: str) -> str:
    """The group that a key belongs to; of a kind that nobody knows, the first segment."""
    parts = key.split("/")
    return "/".join(parts[: _GROUPS.get(parts[0], 1)])


def known_in(group: str, records: Records, store: ObjectStore) -> Mapping[str, str | None] | None:
    """Keys that records know in a group, with the digest of the newest version where it is fixed.

    Returns:
        None where the group is still in work, so that any object may be on its way.

    Raises:
        ArchiveUnavailable: a page index cannot be reached.
    """
    first, *rest = group.split("/")
    if len(rest) + 1 != _GROUPS.get(first):
        return {}
    if first == "raw":
        return _raw(rest[0], records, store)
    unit, code = unsafe_code(rest[0]), unsafe_code(rest[-1])
    components = records.components(unit=unit, dossier_code=code)
    if first == "text":
        return {sidecar_key(unit, code, c.component_id): None for c in components}
    found: dict[str, str | None] = {
        revision.object_key: revision.sha256 for c in components for revision in c.revisions
    }
    found |= {m.object_key: m.sha256 for m in records.manifests(unit, code)}
    try:
        dossier = records.dossier(code, unit)
    except NotFound:
        return found
    return found | {note.object_key: note.sha256 for note in notes_of(dossier)}


def _raw(batch_id: str, records: Records, store: ObjectStore) -> Mapping[str, str | None] | None:
    try:
        batch = records.batch(batch_id)
    except NotFound:
        return {}
    if batch.state is not BatchState.ARCHIVED:
        return None
    key = raw_index_key(batch.batch.batch_id)
    index = read_raw_index(batch.batch.batch_id, None, store)
    if index is None:  # that is found by the ledger; what it listed cannot be told
        return None
    listed = [source_key for _, _, source_key in index.sources if source_key]
    listed += [page.object_key for page in index.pages if page.object_key]
    return dict.fromkeys([key, *listed])  # read as what is newest: the ledger judges the bytes
