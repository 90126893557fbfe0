"""What the archive must hold: digests by the ledger, places by the records.

An event of the chain says which bytes were archived; the records say under which key and version
they lie now. Neither is asked of the store. Every object is expected by one event:

    component.signed, .kept, .augmented   the file of a revision that the archive holds
    component.archived                    the same, where the records have lost the revision
    any with a sidecar's hash             words and fields, the newest only: they are replaceable
    manifest.written                      a manifest
    batch.sources_stored                  the page index, and every source and page that it lists
    archive.recovered                     whatever a rebuild found the ledger silent about

What goes or went by a decision to destroy is expected no more. Sealed days are the ledger's own to
judge (`casework.audit_ledger`). May not come in: reading what is judged, but for the page index,
whose digest is checked first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from pydantic import ValidationError

from pipeline.errors import ArchiveError, NotFound
from pipeline.ids import unsafe_code
from pipeline.models.events import Event
from pipeline.models.manifest import RawIndex
from pipeline.models.records import ComponentRecord
from pipeline.ports.archive import ObjectStore
from pipeline.ports.records import Records
from pipeline.stages.archiving import raw_index_key, sidecar_key
from storage.fixity import ensure_answers
from storage.ledger import FINAL_BYTES

Kind: TypeAlias = Literal["object", "sidecar", "manifest", "raw_index", "raw"]

_ARCHIVED: Final = "component.archived"
_MANIFEST_PARTS: Final = 6
"""Segments of a manifest's key."""


@dataclass(frozen=True, slots=True)
class Expected:
    """An object that must be there."""

    kind: Kind
    key: str
    version_id: str | None
    """None: the newest."""
    sha256: str
    """By the ledger."""
    subject: str
    """Id of the component or batch, or the key itself."""

    @property
    def locked(self) -> bool:
        """False for what may be replaced."""
        return self.kind != "sidecar"


def expected_of(event: Event, records: Records, store: ObjectStore) -> Iterator[Expected]:
    """What one event expects of the archive.

    Raises:
        ArchiveUnavailable: a page index cannot be reached.
    """
    of = event.subjects.get("of")
    final = event.action in FINAL_BYTES
    if (sha256 := event.hashes.get("content")) is not None:
        component_id = event.subjects.get("component_id", of)
        if component_id is not None and (final or event.action == _ARCHIVED):
            yield from _object(event, component_id, sha256, records)
    if (sha256 := event.hashes.get("sidecar")) is not None:
        component_id = event.subjects.get("component_id", of)
        if component_id is not None:
            yield from _sidecar(component_id, sha256, records)
    if (sha256 := event.hashes.get("manifest")) is not None:
        key = event.subjects.get("object_key", of)
        if key is not None:
            yield Expected("manifest", key, _manifest_version(key, records), sha256, key)
    if (sha256 := event.hashes.get("raw_index")) is not None:
        batch_id = event.subjects.get("batch_id", of)
        if batch_id is not None and not _all_gone(batch_id, records):
            yield from _raw(batch_id, sha256, store)
    if (sha256 := event.hashes.get("document")) is not None:  # of a destruction: it stays
        key = event.subjects.get("object_key", of)
        if key is not None:
            yield Expected("manifest", key, None, sha256, key)


def _object(event: Event, component_id: str, sha256: str, records: Records) -> Iterator[Expected]:
    component = _component(component_id, records)
    if component is not None and _is_gone(component, records):
        return
    known = [r for r in component.revisions if r.sha256 == sha256] if component else []
    for revision in known:
        if event.action != _ARCHIVED and revision.version_id is not None:
            key = revision.object_key
            yield Expected("object", key, revision.version_id, sha256, component_id)
    if not known and event.action == _ARCHIVED and "object_key" in event.subjects:
        key, version_id = event.subjects["object_key"], event.subjects.get("version_id")
        yield Expected("object", key, version_id, sha256, component_id)


def _sidecar(component_id: str, sha256: str, records: Records) -> Iterator[Expected]:
    component = _component(component_id, records)
    if component is None or _is_gone(component, records):
        return
    if component.sidecar_sha256 == sha256:
        key = sidecar_key(component.unit, component.dossier_code, component_id)
        yield Expected("sidecar", key, None, sha256, component_id)


def _component(component_id: str, records: Records) -> ComponentRecord | None:
    try:
        return records.component(component_id)
    except NotFound:
        return None


def _is_gone(component: ComponentRecord, records: Records) -> bool:
    """True where its dossier is destroyed by decision: nothing of it is to be put back."""
    return records.dossier(component.dossier_code, component.unit).keeping.gone


def is_released(expected: Expected, records: Records) -> bool:
    """True where a decision to destroy covers it: it is neither missed nor put back."""
    if expected.kind in ("raw", "raw_index"):
        return _all_gone(expected.subject, records)
    component = _component(expected.subject, records)
    return component is not None and _is_gone(component, records)


def _all_gone(batch_id: str, records: Records) -> bool:
    placed = records.batch_dossiers(batch_id)
    return bool(placed) and all(p.dossier.keeping.gone for p in placed)


def _manifest_version(key: str, records: Records) -> str | None:
    """As recorded; None where no record names the manifest."""
    parts = key.split("/")
    if len(parts) != _MANIFEST_PARTS:
        return None
    written = records.manifests(unsafe_code(parts[1]), unsafe_code(parts[3]))
    return next((m.version_id for m in written if m.object_key == key), None)


def _raw(batch_id: str, sha256: str, store: ObjectStore) -> Iterator[Expected]:
    yield Expected("raw_index", raw_index_key(batch_id), None, sha256, batch_id)
    yield from listed_raw(batch_id, sha256, store)


def listed_raw(batch_id: str, sha256: str, store: ObjectStore) -> Iterator[Expected]:
    """Sources and pages that a batch's page index lists; none where it is not the ledger's.

    Raises:
        ArchiveUnavailable: it cannot be reached.
    """
    index = read_raw_index(batch_id, sha256, store)
    if index is None:
        return
    for _, source, source_key in index.sources:
        if source_key:
            yield Expected("raw", source_key, None, source, batch_id)
    for page in index.pages:
        if page.object_key:
            yield Expected("raw", page.object_key, None, page.sha256, batch_id)


def read_raw_index(batch_id: str, sha256: str | None, store: ObjectStore) -> RawIndex | None:
    """The page index of a batch; None where it is lost, or not what the ledger says.

    Args:
        batch_id: whose.
        sha256: by the ledger; None: whatever it says.
        store: the archive.

    Raises:
        ArchiveUnavailable: the store does not answer.
    """
    try:
        with store.open(raw_index_key(batch_id)) as stream:
            data = stream.read()
        if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
            return None
        return RawIndex.model_validate_json(data)
    except ArchiveError:
        ensure_answers(store)
        return None
    except (NotFound, ValidationError):
        return None
