"""The manifest: the commit mark of a dossier in the archive (architecture §§5, 6).

Written once per seq; the newest counts. Holds no field values. Readers accept all earlier
versions of the schema.
"""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from pipeline.models.actors import Actor
from pipeline.models.base import Instant, Model, Ratio, Sha256
from pipeline.models.batch import Channel, DossierStage, IngestTerms
from pipeline.models.components import FoundSignature, SignatureInfo
from pipeline.models.files import RefusedFile
from pipeline.models.keeping import ArchivedNote, Keeping, RetentionTerm
from pipeline.models.review import ReviewItem
from pipeline.models.split import PageCounts


class ArchiveDocument(Model):
    """A document of the archive; carries its schema under the key `schema`."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True
    )


class ManifestRevision(Model):
    """One revision of a component as archived."""

    rev: int
    object_key: str
    version_id: str
    sha256: Sha256
    size: int
    signature: SignatureInfo | None
    found: tuple[FoundSignature, ...] = ()


class ManifestComponent(Model):
    """One component of the dossier."""

    component_id: str
    nn: int
    code: str
    digitisation_code: str
    batch_id: Sha256
    pages: tuple[int, ...]
    confidence: float
    revisions: tuple[ManifestRevision, ...]
    sidecar_key: str
    sidecar_sha256: Sha256


class ManifestBatch(Model):
    """A batch that put pages into the dossier."""

    batch_id: Sha256
    slot: int
    source: str
    received_at: Instant
    counts: PageCounts
    raw_index_key: str
    raw_index_sha256: Sha256
    refused: int = 0
    """Files of the source that were refused and accepted as missing by a person."""
    as_code: str | None = None
    """Type declared for the whole source (`--as`)."""
    actor: Actor | None = None
    """Who handed the source in; None in manifests of earlier versions."""
    terms: IngestTerms | None = None
    """What they said; None in manifests of earlier versions."""
    refused_files: tuple[RefusedFile, ...] = ()
    """Those that `refused` counts; none in manifests of earlier versions."""
    questions: tuple[ReviewItem, ...] = ()
    """Open when the manifest was written, about anything but a field (those are told by the text
    sidecars); none in manifests of earlier versions."""


class Manifest(ArchiveDocument):
    """All components of one dossier, with what proves them."""

    schema_: Literal["sohoa.manifest/1"] = Field(default="sohoa.manifest/1", alias="schema")
    unit: str
    dossier_code: str
    year: int
    seq: int
    """1-based; gaps are allowed."""
    written_at: Instant
    procedure: str | None
    case: str | None
    stage: DossierStage
    channel: Channel
    batches: tuple[ManifestBatch, ...]
    components: tuple[ManifestComponent, ...]
    physical: tuple[str, ...] = ()
    """Codes of papers that are there and never scanned (the sổ BHXH)."""
    waived: tuple[str, ...] = ()
    """Codes of papers that count as present though nobody scans them; why, says `keeping`."""
    linked: tuple[str, ...] = ()
    catalogue_version: str
    catalogue_sha256: Sha256
    ledger_head: Sha256
    software: str
    keeping: Keeping = Keeping()


class ArchivedVersion(Model):
    """One version of an object that was removed, or is to be."""

    object_key: str
    version_id: str
    sha256: Sha256 | None
    """None of a version that other hands put over the object."""
    size: int | None = None


class Inventory(ArchiveDocument):
    """What a dossier held before it was destroyed; written, locked, before anything is removed."""

    schema_: Literal["sohoa.destruction-inventory/1"] = Field(
        default="sohoa.destruction-inventory/1", alias="schema"
    )
    unit: str
    dossier_code: str
    written_at: Instant
    actor: Actor
    components: tuple[ManifestComponent, ...]
    objects: tuple[ArchivedVersion, ...]
    shared_batches: tuple[str, ...]
    """Batches whose sources stay: another dossier came from the same paper."""
    pages: int
    """Of all components."""
    ledger_head: Sha256


class DestructionCertificate(ArchiveDocument):
    """That a dossier is gone: who, when, by which decision. Kept for ever."""

    schema_: Literal["sohoa.destruction-certificate/1"] = Field(
        default="sohoa.destruction-certificate/1", alias="schema"
    )
    unit: str
    dossier_code: str
    year: int
    procedure: str | None
    case: str | None
    term: RetentionTerm
    transferred_at: Instant
    decision: str
    reason: str
    proposed_by: Actor
    proposed_at: Instant
    approved_by: Actor
    approved_at: Instant
    carried_out_by: Actor
    destroyed_at: Instant
    inventory: ArchivedNote
    components: int
    objects: int
    """Versions removed."""
    bytes: int
    pages: int
    shared_batches: tuple[str, ...]
    ledger_head: Sha256
    software: str


class RawPageEntry(Model):
    """Where one page of the batch came from."""

    index: int
    source: int
    source_page: int
    sha256: Sha256
    fate: str
    """kept | blank | separator"""
    object_key: str | None
    """Key of the page image where it differs from its source file's (taken out or rasterised)."""


class RawIndex(ArchiveDocument):
    """`raw/{batch_id}/index.json`: page → (source, page, sha256)."""

    schema_: Literal["sohoa.raw-index/1"] = Field(default="sohoa.raw-index/1", alias="schema")
    batch_id: Sha256
    unit: str
    sources: tuple[tuple[str, Sha256, str], ...]
    """(name, sha256, object key) of each source file, in order."""
    pages: tuple[RawPageEntry, ...]


class SidecarWord(Model):
    """A word of the archived page; box in page points."""

    text: str
    confidence: float
    box: tuple[float, float, float, float]


class SidecarPage(Model):
    """Text of one page of a component."""

    page: int
    """0-based within the component."""
    width: float
    """pt"""
    height: float
    scale: Ratio = 1.0
    """Of the content on the page (`StampRoom.scale`); boxes of `words` are scaled with it. Always 1
    in sidecars of earlier versions."""
    text: str
    words: tuple[SidecarWord, ...]


class SidecarField(Model):
    """A field value as archived; replaceable with the sidecar."""

    name: str
    value: str
    confidence: float
    status: str
    reasons: tuple[str, ...] = ()
    page: int = 0
    box: tuple[float, float, float, float] | None = None


class Sidecar(ArchiveDocument):
    """`sohoa.text/1`: words, boxes and field values of one component."""

    schema_: Literal["sohoa.text/1"] = Field(default="sohoa.text/1", alias="schema")
    component_id: str
    code: str
    unit: str
    dossier_code: str
    pages: tuple[SidecarPage, ...]
    fields: tuple[SidecarField, ...]
    catalogue_version: str
    catalogue_sha256: str
