"""Records from the objects alone (architecture §5): what the archive knows of itself.

What comes back: archived dossiers and their stage, batches, components with all revisions,
manifests, open questions, the ledger up to the last seal. What cannot, the report
says: see `NOT_IN_ARCHIVE`.
May not come in: rows and tables (`storage.records.restoring`), the index.
"""

from __future__ import annotations

import datetime as dt
import re
import zlib
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import PurePosixPath
from typing import Final

from pydantic import ValidationError

from pipeline.errors import NotFound
from pipeline.ids import digest, unsafe_code
from pipeline.models.actors import Actor, Role
from pipeline.models.base import Model
from pipeline.models.batch import Batch, BatchState, IngestTerms
from pipeline.models.events import Event, Fact
from pipeline.models.files import FileRef, SourceFile, SourceKind
from pipeline.models.manifest import Manifest, ManifestBatch, ManifestComponent, RawIndex
from pipeline.models.records import (
    BatchRecord,
    ComponentRecord,
    DossierRecord,
    ManifestRecord,
    Revision,
)
from pipeline.ports.archive import ObjectStore, StoredObject
from pipeline.stages.archiving import field_questions, unpacked
from storage.fixity import fixity
from storage.ledger import GENESIS, HEAD_LOST, RECOVERED
from storage.ledger_days import sealed_days
from storage.records.manifests import manifest_key
from storage.records.restoring import Restoration
from storage.records.store import SqlRecords

NOT_IN_ARCHIVE: Final = ("OPEN_BATCHES", "REVIEWS", "USERS", "LATER_EVENTS", "SOURCE_WARNINGS")
"""What only a backup of the database brings back. `REVIEWS`: answers (what they changed is there),
questions that arose in manifests of earlier versions; `OPEN_BATCHES`: also held batches that a
repaired folder took the place of."""

_ANSWERED: Final = "review.answered"
_MANIFEST = re.compile(r"(dossiers/.+)/manifest/([0-9]{6,})\.json")
_COMPONENT = re.compile(r"dossiers/([^/]+)/[0-9]{4,}/([^/]+)/([0-9]{3,})\.[^/]+")
_KINDS: Final = {
    ".pdf": ("application/pdf", SourceKind.PDF_IMAGES),
    ".tif": ("image/tiff", SourceKind.TIFF),
    ".jpg": ("image/jpeg", SourceKind.JPEG),
    ".png": ("image/png", SourceKind.PNG),
}


class RebuildProblem(Model):
    """Something in the archive that could not be used."""

    code: str
    """MANIFEST_UNREADABLE, MANIFEST_UNPLACED, RAW_INDEX_LOST, RAW_INDEX_CHANGED, SEAL_BROKEN,
    SIDECAR_UNREADABLE."""
    object_key: str


class RebuildReport(Model):
    """What came back, and what did not."""

    batches: int = 0
    dossiers: int = 0
    components: int = 0
    manifests: int = 0
    events: int = 0
    sealed_until: dt.date | None = None
    """Asia/Ho_Chi_Minh; events after this day are lost."""
    lost_heads: int = 0
    """Manifests that were anchored to events after the last seal."""
    problems: tuple[RebuildProblem, ...] = ()
    not_restored: tuple[str, ...] = NOT_IN_ARCHIVE

    @property
    def ok(self) -> bool:
        """True where everything in the archive could be used."""
        return not self.problems


def rebuild_records(
    store: ObjectStore, records: SqlRecords, *, actor: Actor, at: dt.datetime
) -> RebuildReport:
    """Fill empty records from the archive, in one transaction.

    Args:
        store: the archive.
        records: empty.
        actor: who asks for it, for the ledger.
        at: when.

    Raises:
        WorkflowError: `RECORDS_NOT_EMPTY`.
        ArchiveUnavailable: nothing was written.
    """
    with records.restoring() as restoration:
        run = _Rebuild(store, restoration)
        run.ledger()
        for _, group in groupby(run.manifest_objects(), key=lambda found: found[0]):
            run.dossier([stored for _, stored in group])
        restoration.append(
            [_head_lost(key, head, actor, at) for key, head in sorted(run.lost.items())]
        )
        restoration.append([_recovered(fact, actor, at) for fact in sorted(run.untold())])
    records.chain_events()
    return run.report()


class _Rebuild:
    """One run: where it reads from, where it writes to, what it has counted."""

    def __init__(self, store: ObjectStore, restoration: Restoration) -> None:
        self._store = store
        self._to = restoration
        self._actors: dict[str, Actor] = {}
        self._answered: set[str] = set()
        """Questions that people answered."""
        self._heads = {GENESIS}
        self._dossiers: set[tuple[str, str]] = set()
        self._counts = dict.fromkeys(("batches", "dossiers", "components", "manifests"), 0)
        self._problems: list[RebuildProblem] = []
        self._sealed_until: dt.date | None = None
        self._events = 0
        self._told: set[Fact] = set()
        self._facts: set[Fact] = set()
        self.lost: dict[str, str] = {}

    def report(self) -> RebuildReport:
        return RebuildReport(
            **self._counts,
            events=self._events,
            sealed_until=self._sealed_until,
            lost_heads=len(self.lost),
            problems=tuple(self._problems),
        )

    def untold(self) -> set[Fact]:
        """What was restored and no event tells of: from here on the ledger does."""
        return self._facts - self._told

    # -- ledger -----------------------------------------------------------------------------

    def ledger(self) -> None:
        head = GENESIS
        for key, day in sealed_days(self._store):
            if day is None or not day.follows(self._events, head):
                self._problem("SEAL_BROKEN", key)
                return
            for link in day.events:
                self._to.link(link)
                self._heads.add(link.hash)
                self._told.update(link.event.facts)
                if link.event.action == _ANSWERED:
                    self._answered.add(link.event.subjects.get("review_id", ""))
                batch_id = link.event.subjects.get("batch_id")
                if batch_id is not None:
                    self._actors.setdefault(batch_id, link.event.actor)
            self._events, head, self._sealed_until = day.last_seq, day.head, day.day

    # -- dossiers ---------------------------------------------------------------------------

    def manifest_objects(self) -> Iterator[tuple[str, StoredObject]]:
        """Folder and object of every manifest; files met on the way keep their numbers.

        A file of a batch whose manifest was never written is in no row that comes back, but its
        key is taken for ever.
        """
        for stored in self._store.list("dossiers/"):
            if found := _MANIFEST.fullmatch(stored.key):
                yield found[1], stored
            elif found := _COMPONENT.fullmatch(stored.key):
                self._to.taken(unsafe_code(found[1]), unsafe_code(found[2]), int(found[3]))

    def dossier(self, objects: Sequence[StoredObject]) -> None:
        """One dossier from all its manifests, given by rising seq."""
        read = [(stored, self._manifest(stored)) for stored in objects]
        written = sorted(
            ((stored, manifest) for stored, manifest in read if manifest is not None),
            key=lambda pair: pair[1].seq,
        )
        if not written:
            return
        newest = written[-1][1]
        if (newest.unit, newest.dossier_code) in self._dossiers:
            for stored, _ in written:
                self._problem("MANIFEST_UNPLACED", stored.key)
            return
        self._dossiers.add((newest.unit, newest.dossier_code))
        parts = _parts([manifest for _, manifest in written])
        dossier = DossierRecord(
            unit=newest.unit,
            code=newest.dossier_code,
            year=newest.year,
            procedure=newest.procedure,
            case=newest.case,
            channel=newest.channel,
            stage=newest.stage,
            created_at=min(part.received_at for _, part in parts),
            keeping=newest.keeping,
        )
        self._to.dossier(dossier)
        self._counts["dossiers"] += 1
        for manifest, part in parts:
            if not self._to.has_batch(part.batch_id):
                self._batch(manifest, part, gone=newest.keeping.gone)
            self._to.slot(part.batch_id, part.slot, dossier, part.counts)
            asked = [item for item in part.questions if item.review_id not in self._answered]
            self._to.questions(dossier.unit, asked)
        for component in newest.components:
            restored = self._component(newest, component)
            self._to.component(restored)
            self._questions(newest, component)
            self._facts |= _facts_of(restored)
            self._counts["components"] += 1
        self._manifests(written)

    def _manifests(self, written: Sequence[tuple[StoredObject, Manifest]]) -> None:
        """Each with the batch that wrote it: one not seen before, or one that wrote again."""
        used: set[str] = set()
        for stored, manifest in written:
            named = [b.batch_id for b in manifest.batches]
            writer = ([b for b in named if b not in used] or named)[-1]
            used.add(writer)
            self._to.manifest(
                ManifestRecord(
                    unit=manifest.unit,
                    dossier_code=manifest.dossier_code,
                    seq=manifest.seq,
                    batch_id=writer,
                    object_key=stored.key,
                    sha256=stored.sha256,
                    size=stored.size,
                    version_id=stored.version_id,
                )
            )
            self._facts.add(Fact("manifest", stored.sha256, stored.key))
            self._counts["manifests"] += 1
            if manifest.ledger_head not in self._heads:
                self.lost[stored.key] = manifest.ledger_head

    def _batch(self, manifest: Manifest, part: ManifestBatch, *, gone: bool) -> None:
        batch = Batch(
            batch_id=part.batch_id,
            unit=manifest.unit,
            source=part.source,
            actor=part.actor
            or self._actors.get(
                part.batch_id, Actor(id="unknown", role=Role.SYSTEM, unit=manifest.unit)
            ),
            terms=part.terms
            or IngestTerms(
                procedure=manifest.procedure,
                case=manifest.case,
                as_code=part.as_code,
                channel=manifest.channel,
            ),
            refused=part.refused_files,
            sources=self._sources(manifest, part, gone=gone),
            received_at=part.received_at,
        )
        self._to.batch(
            BatchRecord(batch=batch, state=BatchState.ARCHIVED, updated_at=manifest.written_at)
        )
        self._facts.add(Fact("raw_index", part.raw_index_sha256, part.batch_id))
        self._counts["batches"] += 1

    def _sources(
        self, manifest: Manifest, part: ManifestBatch, *, gone: bool
    ) -> tuple[SourceFile, ...]:
        """Of a destroyed dossier's batch none, unless another dossier keeps them."""
        if gone and self._store.head(part.raw_index_key) is None:
            return ()
        state = fixity(self._store, part.raw_index_key, None, part.raw_index_sha256)
        if state != "ok":
            self._problem(f"RAW_INDEX_{state.upper()}", part.raw_index_key)
            return ()
        try:
            with self._store.open(part.raw_index_key) as stream:
                index = RawIndex.model_validate_json(stream.read())
        except (NotFound, ValidationError):
            self._problem("RAW_INDEX_CHANGED", part.raw_index_key)
            return ()
        kept = {
            r.sha256: SourceKind.PDF_SIGNED if r.found else SourceKind.PDF_E_COPY
            for component in manifest.components
            for r in component.revisions
            if r.signature is None
        }
        sources = []
        for number, (name, sha256, key) in enumerate(index.sources):
            suffix = PurePosixPath(key or name).suffix.lower()
            media_type, kind = _KINDS.get(suffix, _KINDS[".pdf"])
            stored = self._store.head(key) if key else None
            sources.append(
                SourceFile(
                    name=name,
                    file=FileRef(
                        sha256=sha256, size=stored.size if stored else 0, media_type=media_type
                    ),
                    kind=kept.get(sha256, kind),
                    pages=sum(page.source == number for page in index.pages),
                )
            )
        return tuple(sources)

    def _component(self, manifest: Manifest, component: ManifestComponent) -> ComponentRecord:
        sidecar = self._store.head(component.sidecar_key)
        return ComponentRecord(
            component_id=component.component_id,
            batch_id=component.batch_id,
            unit=manifest.unit,
            dossier_code=manifest.dossier_code,
            nn=component.nn,
            code=component.code,
            pages=component.pages,
            confidence=component.confidence,
            digitisation_code=component.digitisation_code,
            revisions=tuple(
                Revision.model_validate(revision.model_dump()) for revision in component.revisions
            ),
            sidecar_sha256=sidecar.sha256 if sidecar else component.sidecar_sha256,
        )

    def _questions(self, manifest: Manifest, component: ManifestComponent) -> None:
        """Fields that a person must still look at, as the sidecar says: asked again."""
        try:
            with self._store.open(component.sidecar_key) as stream:
                found = unpacked(stream.read())
        except NotFound:
            return  # `audit` says so
        except (ValidationError, OSError, EOFError, zlib.error):
            self._problem("SIDECAR_UNREADABLE", component.sidecar_key)
            return
        slots = {part.batch_id: part.slot for part in manifest.batches}
        slot = slots.get(component.batch_id, 0)
        self._to.questions(manifest.unit, field_questions(found, component.batch_id, slot))

    def _manifest(self, stored: StoredObject) -> Manifest | None:
        try:
            with self._store.open(stored.key, stored.version_id) as stream:
                found = Manifest.model_validate_json(stream.read())
        except (NotFound, ValidationError):
            self._problem("MANIFEST_UNREADABLE", stored.key)
            return None
        key = manifest_key(found.unit, found.year, found.dossier_code, found.seq)
        if key != stored.key or not found.batches:
            self._problem("MANIFEST_UNPLACED", stored.key)
            return None
        return found

    def _problem(self, code: str, key: str) -> None:
        self._problems.append(RebuildProblem(code=code, object_key=key))


def _parts(written: Sequence[Manifest]) -> list[tuple[Manifest, ManifestBatch]]:
    """Every batch that ever put pages into the dossier, as the last manifest naming it says.

    Batches that the newest manifest does not name (of blank pages only, written by an earlier
    version) come first.
    """
    last = {(part.batch_id, part.slot): (m, part) for m in written for part in m.batches}
    newest = {(part.batch_id, part.slot) for part in written[-1].batches}
    return sorted(last.values(), key=lambda pair: (pair[1].batch_id, pair[1].slot) in newest)


def _head_lost(key: str, head: str, actor: Actor, at: dt.datetime) -> Event:
    return Event(
        event_id=digest(HEAD_LOST, key, head),
        at=at,
        actor=actor,
        action=HEAD_LOST,
        subjects={"object_key": key},
        hashes={"head": head},
    )


def _facts_of(component: ComponentRecord) -> set[Fact]:
    identity = component.component_id
    facts = {Fact("content", r.sha256, identity) for r in component.revisions}
    if component.sidecar_sha256 is not None:
        facts.add(Fact("sidecar", component.sidecar_sha256, identity))
    return facts


def _recovered(fact: Fact, actor: Actor, at: dt.datetime) -> Event:
    return Event(
        event_id=digest(RECOVERED, *fact),
        at=at,
        actor=actor,
        action=RECOVERED,
        subjects={"of": fact.subject},
        hashes={fact.name: fact.sha256},
    )
