"""Rows as the records port hands them out: the truth about work (architecture §5)."""

from __future__ import annotations

from pipeline.models.base import Instant, Model, Sha256
from pipeline.models.batch import Batch, BatchState, Channel, DossierStage, Problem
from pipeline.models.components import FoundSignature, SignatureInfo
from pipeline.models.keeping import Keeping
from pipeline.models.split import PageCounts


class BatchRecord(Model):
    """A batch with its state and the dossiers its slots became."""

    batch: Batch
    state: BatchState
    problem: Problem | None = None
    updated_at: Instant


class DossierRecord(Model):
    """A dossier of a unit; the code is unique within the unit."""

    unit: str
    code: str
    year: int
    """Of creation, Asia/Ho_Chi_Minh; fixed."""
    procedure: str | None
    case: str | None
    channel: Channel
    stage: DossierStage
    created_at: Instant
    keeping: Keeping = Keeping()


class BatchDossier(Model):
    """One dossier of a batch: slot, code and page counts."""

    batch_id: Sha256
    slot: int
    dossier: DossierRecord
    counts: PageCounts


class Revision(Model):
    """Expected facts of one revision of a component (architecture §3)."""

    rev: int
    """0-based."""
    sha256: Sha256
    size: int
    signature: SignatureInfo | None
    """None for kept files."""
    found: tuple[FoundSignature, ...] = ()
    object_key: str
    version_id: str | None = None
    """None until the archive has answered."""


class ComponentRecord(Model):
    """A component with all its revisions, newest last."""

    component_id: str
    batch_id: Sha256
    unit: str
    dossier_code: str
    nn: int
    """Ordinal within the dossier, 1-based, allocated once; gaps are allowed."""
    code: str
    pages: tuple[int, ...]
    """0-based in the whole source."""
    confidence: float
    digitisation_code: str | None = None
    revisions: tuple[Revision, ...] = ()
    sidecar_sha256: Sha256 | None = None
    """Of the newest text sidecar in the archive."""

    @property
    def current(self) -> Revision | None:
        """The newest revision that the archive holds; before it holds any, the one that waits.

        None before signing. A later one that is committed and not archived yet (a process was
        killed, or is at work) does not count.
        """
        stored = [r for r in self.revisions if r.version_id is not None]
        return (stored or self.revisions or (None,))[-1]

    @property
    def unfinished(self) -> tuple[Revision, ...]:
        """Revisions behind the current one: committed, and not archived yet."""
        current = self.current
        return tuple(r for r in self.revisions if current is not None and r.rev > current.rev)


class ManifestRecord(Model):
    """One manifest of a dossier: allocated, then written."""

    unit: str
    dossier_code: str
    seq: int
    batch_id: Sha256
    object_key: str
    sha256: Sha256 | None = None
    size: int | None = None
    """Bytes, known with the digest."""
    version_id: str | None = None
