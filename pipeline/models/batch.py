"""The batch: one source on its way through the chain, and its technical state."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from pipeline.errors import SohoaError
from pipeline.models.actors import Actor
from pipeline.models.base import Instant, Model, Sha256
from pipeline.models.files import RefusedFile, SourceFile


class Channel(StrEnum):
    """How the papers came (architecture §3)."""

    DESK = "desk"
    POSTAL = "postal"
    PORTAL = "portal"
    RESULT = "result"
    BACKFILL = "backfill"


class BatchState(StrEnum):
    """Technical state of a batch (architecture §9)."""

    PENDING = "PENDING"
    NEEDS_REVIEW = "NEEDS_REVIEW"
    AWAITING_SIGNATURE = "AWAITING_SIGNATURE"
    ARCHIVED = "ARCHIVED"
    QUARANTINED = "QUARANTINED"
    SUPERSEDED = "SUPERSEDED"
    """A held batch of a folder that was repaired and ingested again."""


class DossierStage(StrEnum):
    """Administrative stage of a dossier: the other clock (architecture §3)."""

    RECEIVED = "RECEIVED"
    IN_SETTLEMENT = "IN_SETTLEMENT"
    RETURNED = "RETURNED"
    SETTLED = "SETTLED"
    TRANSFERRED = "TRANSFERRED"


class IngestTerms(Model):
    """What the officer said when handing in the source."""

    procedure: str | None = None
    case: str | None = None
    dossier: str | None = None
    as_code: str | None = None
    """The whole source is one component of this type."""
    channel: Channel = Channel.DESK
    station: str | None = None


def source_digests(
    sources: Sequence[SourceFile], refused: Sequence[RefusedFile]
) -> tuple[str, ...]:
    """Digests that make a batch's id: accepted files in order, then refused ones, marked.

    A file that was refused and is accepted later makes another batch.
    """
    return (
        *(s.file.sha256 for s in sources),
        *(f"refused:{r.sha256 or r.name}" for r in refused),
    )


class Batch(Model):
    """A registered source: settled, hashed and kept before anything clever."""

    schema_id: str = "sohoa.batch/1"
    batch_id: Sha256
    unit: str
    source: str
    """Name of the source as given, for people."""
    actor: Actor
    terms: IngestTerms
    sources: tuple[SourceFile, ...]
    refused: tuple[RefusedFile, ...] = ()
    received_at: Instant

    @property
    def digests(self) -> tuple[str, ...]:
        """Digests that make the batch's id, see `source_digests`."""
        return source_digests(self.sources, self.refused)


class Problem(Model):
    """A failure as it is stored with a batch: code and parameters, no text."""

    code: str
    params: dict[str, str | int | float] = {}
    retryable: bool = False
    exit_code: int = 1

    @classmethod
    def of(cls, error: SohoaError) -> Problem:
        """An error, as it is stored."""
        return cls(
            code=error.code,
            params=dict(error.params),
            retryable=error.retryable,
            exit_code=int(error.exit_code),
        )
