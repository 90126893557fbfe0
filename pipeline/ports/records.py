"""Port of the records: the truth about work (architecture §5).

Every method is one transaction and may be repeated with the same effect. Methods that change
something take the events of the ledger with them: both are written or neither is.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from pipeline.models.batch import Batch, BatchState, DossierStage, IngestTerms, Problem
from pipeline.models.events import ChainedEvent, Event
from pipeline.models.keeping import Keeping
from pipeline.models.records import (
    BatchDossier,
    BatchRecord,
    ComponentRecord,
    DossierRecord,
    ManifestRecord,
    Revision,
)
from pipeline.models.review import Answer, ResolvedReview, ReviewItem
from pipeline.models.split import PageCounts


@dataclass(frozen=True, slots=True)
class DossierWish:
    """What is wanted of a dossier that is opened."""

    code: str | None
    """Requested code; None: the next of the template."""
    procedure: str | None
    case: str | None
    at: dt.datetime
    """Moment of creation, for year and day of the code."""
    template: str
    """Template of new codes, e.g. `{unit}-{yymmdd}-{n:04d}`."""


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One delivery owed to the index."""

    row_id: int
    """Rising."""
    component_id: str
    """Whose document changed."""


class BatchRecords(Protocol):
    """Batches and their technical state."""

    def register_batch(self, batch: Batch, events: Sequence[Event]) -> BatchRecord:
        """Insert as PENDING, or give the row that is there."""
        ...

    def batch(self, batch_id: str) -> BatchRecord:
        """By id or unique prefix.

        Raises:
            NotFound: `BATCH_UNKNOWN` or `ID_AMBIGUOUS`.
        """
        ...

    def batches(self, *, state: BatchState | None = None) -> Iterator[BatchRecord]:
        """All batches, oldest first."""
        ...

    def batches_of_sources(self, unit: str, sources: Sequence[str]) -> tuple[BatchRecord, ...]:
        """Batches of a unit made from exactly these source digests in this order, oldest first."""
        ...

    def set_state(
        self,
        batch_id: str,
        state: BatchState,
        events: Sequence[Event],
        problem: Problem | None = None,
    ) -> None:
        """Change the technical state; `problem` replaces the stored one."""
        ...

    def change_terms(self, batch_id: str, terms: IngestTerms) -> None:
        """Replace the terms of an unfinished batch."""
        ...

    def finish_batch(self, batch_id: str, events: Sequence[Event]) -> None:
        """State ARCHIVED, and one outbox row per component for the index, in one transaction."""
        ...


class DossierRecords(Protocol):
    """Dossiers, their codes and their administrative stage."""

    def open_dossier(
        self, batch_id: str, slot: int, wish: DossierWish, events: Sequence[Event]
    ) -> DossierRecord:
        """The dossier of a batch's slot, allocated once; an existing code of the unit is joined.

        The unit and channel are the batch's.
        """
        ...

    def put_counts(self, batch_id: str, counts: Sequence[PageCounts]) -> None:
        """Page counts per slot of a batch, in slot order."""
        ...

    def batch_dossiers(self, batch_id: str) -> tuple[BatchDossier, ...]:
        """Dossiers of a batch in slot order."""
        ...

    def dossier(self, code: str, unit: str | None = None) -> DossierRecord:
        """By exact code.

        Raises:
            NotFound: `DOSSIER_UNKNOWN`; `ID_AMBIGUOUS` where two units use the code.
        """
        ...

    def dossiers(self) -> Iterator[DossierRecord]:
        """All dossiers, oldest first."""
        ...

    def dossier_batches(self, unit: str, code: str) -> tuple[BatchDossier, ...]:
        """Batches that put pages into a dossier, oldest first."""
        ...

    def set_stage(self, unit: str, code: str, stage: DossierStage, events: Sequence[Event]) -> None:
        """Move the administrative clock.

        Raises:
            WorkflowError: `STAGE_FINAL`: a transferred dossier stays so.
        """
        ...

    def keep(
        self, unit: str, code: str, keeping: Keeping, stage: DossierStage, events: Sequence[Event]
    ) -> DossierRecord:
        """Replace what is known of a dossier's keeping, and its stage.

        Whatever asks for it, nothing that was promised is taken back.

        Raises:
            NotFound: `DOSSIER_UNKNOWN`.
            WorkflowError: `STAGE_FINAL`; `KEEPING_SHORTENED`: a term would end earlier, a hold,
                waiver or link would vanish, an approved destruction change.
        """
        ...


class ComponentRecords(Protocol):
    """Components, their revisions and codes."""

    def allocate_component(
        self,
        component_id: str,
        batch_id: str,
        slot: int,
        code: str,
        pages: Sequence[int],
        confidence: float,
    ) -> ComponentRecord:
        """The component's row with its `nn`, allocated once per component_id.

        Before a revision is committed the type and confidence may still change; afterwards the
        row is returned as it is. Needs the slot's dossier to be open.
        """
        ...

    def components(
        self,
        *,
        batch_id: str | None = None,
        unit: str | None = None,
        dossier_code: str | None = None,
    ) -> tuple[ComponentRecord, ...]:
        """Components of a batch or a dossier (or all), by dossier and nn."""
        ...

    def component(self, component_id: str) -> ComponentRecord:
        """By id or unique prefix.

        Raises:
            NotFound: `COMPONENT_UNKNOWN` or `ID_AMBIGUOUS`.
        """
        ...

    def revision_of(self, sha256: str) -> tuple[ComponentRecord, Revision] | None:
        """Which revision has these bytes."""
        ...

    def discard_components(self, batch_id: str, keep: Sequence[str]) -> None:
        """Forget components of a batch without a revision that are not among `keep`."""
        ...

    def commit_revision(
        self, component_id: str, revision: Revision, events: Sequence[Event]
    ) -> Revision:
        """Commit final bytes before they are put.

        The first commit of a rev wins and is returned: a rerun then puts those bytes.
        """
        ...

    def commit_stored(
        self,
        component_id: str,
        rev: int,
        version_id: str,
        sidecar_sha256: str | None,
        events: Sequence[Event],
    ) -> None:
        """The archive has answered for a revision and its text sidecar (None: as it was)."""
        ...

    def allocate_digitisation_code(self, component_id: str, day: dt.date) -> str:
        """`{unit}.{component_code}.{yyyymmdd}.{seq6}`, allocated once (domain-pack F.8)."""
        ...


class ReviewRecords(Protocol):
    """Questions and answers."""

    def put_reviews(self, batch_id: str, items: Sequence[ReviewItem], kinds: Sequence[str]) -> None:
        """The questions of these kinds that a batch has now.

        Open questions of the kinds that are not among `items` are withdrawn; answered ones stay.
        """
        ...

    def reviews(
        self, *, batch_id: str | None = None, open_only: bool = False
    ) -> tuple[ResolvedReview, ...]:
        """Questions in the order they arose; withdrawn ones are left out."""
        ...

    def review(self, review_id: str) -> ResolvedReview:
        """By id or unique prefix.

        Raises:
            NotFound: `REVIEW_UNKNOWN` or `ID_AMBIGUOUS`.
        """
        ...

    def answer(self, review_id: str, answer: Answer, events: Sequence[Event]) -> None:
        """Store a person's decision; a second answer replaces the first.

        One about a field of an archived component owes its delivery in the same transaction:
        whoever delivers it carries the answer out first, so that a kill in between loses nothing.
        """
        ...


class ManifestRecords(Protocol):
    """Manifests: allocated, digested, written."""

    def allocate_manifest(
        self, batch_id: str, unit: str, dossier_code: str, *, after: int = 0
    ) -> ManifestRecord:
        """The manifest that this batch writes for a dossier: seq and key allocated once.

        Args:
            batch_id: who writes.
            unit: of the dossier.
            dossier_code: of the dossier.
            after: a seq that was given up (another batch has written a later manifest since, or
                its bytes are lost): the next one is allocated, the gap stays.
        """
        ...

    def commit_manifest(self, record: ManifestRecord, events: Sequence[Event]) -> ManifestRecord:
        """Digest (before the put) or version id (after) of a manifest.

        The first digest wins and is returned: a rerun then puts those bytes.
        """
        ...

    def manifests(self, unit: str, dossier_code: str) -> tuple[ManifestRecord, ...]:
        """By seq."""
        ...

    def commit_restored(self, object_key: str, version_id: str, events: Sequence[Event]) -> bool:
        """The bytes of a revision or manifest were put again: their version is another now.

        Returns:
            True where one of this key is known, and had another version.
        """
        ...


class OutboxRecords(Protocol):
    """Deliveries owed to the index, and bytes owed to the archive."""

    def owe(self, component_ids: Sequence[str]) -> None:
        """Add deliveries."""
        ...

    def outbox(self, limit: int = 100) -> tuple[OutboxRow, ...]:
        """Undelivered rows, oldest first."""
        ...

    def delivered(self, row_ids: Sequence[int]) -> None:
        """Mark rows as delivered."""
        ...

    def undelivered(self, batch_id: str) -> int:
        """Rows still owed for a batch's components."""
        ...

    def unanswered(self) -> frozenset[str]:
        """Digests of revisions and manifests that are committed and owed to the archive.

        One that a later one of the same component or dossier has overtaken is owed no longer.
        """
        ...


class LedgerRecords(Protocol):
    """The chain of events (architecture §5)."""

    def append(self, events: Sequence[Event]) -> None:
        """Insert events that belong to no other change (reads of personal data)."""
        ...

    def chain_events(self) -> str:
        """Give seq and prev_hash to all unchained events; the head's hash (64 zeros if empty)."""
        ...

    def ledger(self, after_seq: int = 0) -> Iterator[ChainedEvent]:
        """Chained events by seq.

        Raises:
            ChecksumMismatch: `LEDGER_EVENT_UNREADABLE` with the `seq` of a row that is no event
                any more; asking again after this seq goes on behind it.
        """
        ...

    def ledger_length(self) -> int:
        """Seq of the last chained event; 0 where there is none."""
        ...

    def events_telling(self, actions: Collection[str], text: str) -> Iterator[ChainedEvent]:
        """Chained events of these actions whose document holds a text, by seq.

        Raises:
            ChecksumMismatch: as `ledger`.
        """
        ...

    def seq_of(self, link_hash: str) -> int | None:
        """Seq of the event with this hash in the chain; None where there is none."""
        ...

    def newest_event(self, actions: Collection[str]) -> Event | None:
        """The event of any of these actions that was inserted last, chained or not."""
        ...


class Records(
    BatchRecords,
    DossierRecords,
    ComponentRecords,
    ReviewRecords,
    ManifestRecords,
    OutboxRecords,
    LedgerRecords,
    Protocol,
):
    """All of them, as one store gives them."""
