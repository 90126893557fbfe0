"""Documents drawn from the archive alone: newest manifests and text sidecars (architecture §5)."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator

from pydantic import ValidationError

from pipeline.catalogue import Catalogue
from pipeline.errors import ChecksumMismatch, NotFound, SearchError, SohoaError
from pipeline.models.manifest import Manifest, ManifestComponent, Sidecar
from pipeline.ports.archive import ObjectStore
from search.documents import ComponentFacts, Document, document_of

_MANIFEST = re.compile(r"(dossiers/[^/]+/\d{4}/[^/]+/)manifest/\d{6}\.json")
_MAX_MANIFEST = 64 * 1024**2
_MAX_SIDECAR = 256 * 1024**2
"""Bytes after decompression."""


def documents_from_archive(
    store: ObjectStore, catalogue: Catalogue, fault: Callable[[SohoaError], None]
) -> Iterator[Document]:
    """Every archived component's document, dossier by dossier.

    Args:
        store: the archive.
        catalogue: tells names and numbers among the fields.
        fault: is told what could not be read, and goes on: `MANIFEST_UNREADABLE` (an earlier one
            is used), `SIDECAR_UNREADABLE` (the component is found by its codes alone).

    Raises:
        ArchiveUnavailable: the store cannot be reached.
    """
    folder, keys = "", list[str]()
    for stored in store.list("dossiers/"):
        match = _MANIFEST.fullmatch(stored.key)
        if match is None:
            continue
        if match[1] != folder:
            yield from _dossier(store, catalogue, keys, fault)
            folder, keys = match[1], []
        keys.append(stored.key)
    yield from _dossier(store, catalogue, keys, fault)


def _dossier(
    store: ObjectStore,
    catalogue: Catalogue,
    keys: list[str],
    fault: Callable[[SohoaError], None],
) -> Iterator[Document]:
    for key in sorted(keys, reverse=True):
        manifest = _manifest(store, key, fault)
        if manifest is not None:
            if manifest.keeping.gone:
                return
            for component in manifest.components:
                sidecar = _sidecar(store, component, fault)
                yield document_of(_facts(manifest, component), sidecar, catalogue)
            return


def _facts(manifest: Manifest, component: ManifestComponent) -> ComponentFacts:
    received = {batch.batch_id: batch.received_at for batch in manifest.batches}
    return ComponentFacts(
        component_id=component.component_id,
        code=component.code,
        digitisation_code=component.digitisation_code,
        unit=manifest.unit,
        dossier_code=manifest.dossier_code,
        procedure=manifest.procedure,
        received_at=received.get(component.batch_id, manifest.written_at),
    )


def _manifest(store: ObjectStore, key: str, fault: Callable[[SohoaError], None]) -> Manifest | None:
    try:
        with store.open(key) as stream:
            return Manifest.model_validate_json(stream.read(_MAX_MANIFEST))
    except (NotFound, ChecksumMismatch, ValidationError, OSError):
        fault(SearchError("MANIFEST_UNREADABLE", key=key))
        return None


def _sidecar(
    store: ObjectStore, component: ManifestComponent, fault: Callable[[SohoaError], None]
) -> Sidecar | None:
    try:
        with store.open(component.sidecar_key) as stream:
            unpacked = zlib.decompressobj(wbits=31).decompress(stream.read(), _MAX_SIDECAR)
        return Sidecar.model_validate_json(unpacked)
    except (NotFound, ChecksumMismatch, ValidationError, OSError, zlib.error):
        fault(SearchError("SIDECAR_UNREADABLE", component=component.component_id[:12]))
        return None
