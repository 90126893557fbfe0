"""Keeping the archive honest: pages = records = archive = index, chain whole.

Reads every byte that the archive holds and compares it with what the records expect; changes
nothing (events that are still unchained get their place in the chain). May not come in: judging
signatures (`casework.verification`), repairing.

Codes of findings, all failures but those marked (info):

    BATCH_UNBALANCED        in ≠ kept + blank + separator + rejected, or components ≠ kept
    PAGE_DOUBLED            a page is in two components
    RAW_INDEX_LOST/_CHANGED the page index of a batch
    RAW_PAGES_DIFFER        the page index does not hold each page once, with its fate
    RAW_LOST/_CHANGED       a source or page image
    COMPONENT_INCOMPLETE    an archived component lacks a revision, version, code or sidecar
    OBJECT_LOST/_CHANGED    a revision's file
    OBJECT_UNREADABLE       the store answers, but not with an object's bytes
    OBJECT_REPLACED         a write-once key holds a newer version
    LOCK_NOT_RENEWED        an object's lock could not be set anew, and may end
    OBJECT_DELETED          a delete marker lies over an object; its bytes are still there
    SIDECAR_LOST/_CHANGED   words and fields of a component
    MANIFEST_LOST/_CHANGED  a manifest
    MANIFEST_MISSING        a dossier with archived batches has none
    MANIFEST_DIFFERS        the newest manifest and the records disagree
    BATCH_UNLISTED          the newest manifest does not name an archived batch of its dossier
    UNKNOWN_OBJECT          an object that no record knows
    CERTIFICATE_LOST/_CHANGED  inventory or certificate of a destruction
    DESTRUCTION_UNPROVEN    files are gone without two people, a decision, or before the term ended
    DESTROYED_PRESENT       a file of a dossier whose certificate says that it is gone
    DESTROYED_IN_SECOND     the same in the second copy of the archive
    SECOND_UNAVAILABLE      (info) the second copy cannot be asked whether destroyed files are gone
    UNFINISHED_DESTRUCTION  (info) a file that is still locked: run `destroy run` again later
    UNFINISHED_OBJECT       (info) an object of a batch that is still in work
    UNFINISHED_REVISION     (info) a new revision is on its way: run `augment` again
    INDEX_MISSING           an archived component cannot be found
    INDEX_REFUSED           the index will never take an archived component as it is
    INDEX_STRAY             the index holds what is not archived
    INDEX_UNAVAILABLE       the index cannot be asked
    LEDGER_EVENT_CHANGED    a sealed event reads differently in the records (seq; until: a run)
    LEDGER_EVENT_LOST       a sealed event is not in the records
    LEDGER_EVENT_ADDED      the records tell of an event among the sealed ones that is not sealed
    LEDGER_EVENT_MOVED      a sealed event stands in another place (now)
    LEDGER_BROKEN           the chain breaks at a seq that no seal holds
    LEDGER_SEAL_BROKEN      a sealed day contradicts itself or the day before
    LEDGER_STAMP_BROKEN     the timestamp of a sealed day is none, of an authority that is unknown,
                            or whose certificate was revoked when it stamped
    LEDGER_STAMP_UNKNOWN    (info) whether it was is not known, of days from one to another
    LEDGER_STAMP_DUE        (info) a sealed day waits for its timestamp
    LEDGER_STAMP_OVERDUE    it has waited longer than the settings allow
    LEDGER_HEAD_UNKNOWN     a manifest is anchored to a hash that the chain does not hold
    LEDGER_ENTRY_MISSING    the chain does not tell of bytes that records and archive agree on
    CANARY_LET_THROUGH      the store's locks did not hold, and nobody has cleared it
    CANARY_OVERDUE          nobody has tried the store's locks for days
    CANARY_NEVER            (info) nobody has tried the store's locks yet
    LEDGER_HEAD_LOST        (info) as before, and the ledger says that a rebuild lost it
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from pydantic import ValidationError

from casework.audit_ledger import UNASKED, Stamps, audit_ledger
from casework.audit_report import INFO, AuditReport, Findings
from casework.custody.canary import CanaryNote
from casework.destruction import going
from casework.renewal import Renewal, notes_of
from casework.retention import destroyed_in_time
from pipeline.errors import ArchiveError, ConfigError, NotFound, SearchUnavailable
from pipeline.models.batch import BatchState
from pipeline.models.events import Fact
from pipeline.models.manifest import Manifest, ManifestComponent, RawIndex
from pipeline.models.records import (
    BatchRecord,
    ComponentRecord,
    DossierRecord,
    ManifestRecord,
    Revision,
)
from pipeline.models.split import Fate, PageCounts
from pipeline.ports.archive import ObjectStore
from pipeline.ports.records import Records
from pipeline.stages.archiving import (
    dossier_prefix,
    raw_index_key,
    sidecar_key,
    text_prefix,
)
from storage.fixity import Fixity, ensure_answers, fixity

__all__ = ["INFO", "AuditReport", "audit"]

_PREFIXES: Final = ("dossiers/", "raw/", "text/")
_LEDGER: Final = "ledger/"


_NOTHING_RENEWED: Final = Renewal()
_NOTHING_REFUSED: Final[Mapping[str, str]] = MappingProxyType({})


def audit(
    records: Records,
    store: ObjectStore,
    index_ids: Callable[[], Collection[str]],
    *,
    renewal: Renewal = _NOTHING_RENEWED,
    refused: Mapping[str, str] = _NOTHING_REFUSED,
    stamps: Stamps = UNASKED,
    canary: CanaryNote | None = None,
    second: ObjectStore | None = None,
) -> AuditReport:
    """Compare everything with everything.

    Args:
        records: what is expected.
        store: what is there.
        index_ids: every component_id of the index.
        renewal: what was done before, for the report.
        refused: by component_id, why the index will never take what it is owed.
        stamps: what is asked of the timestamps of the ledger's seals.
        canary: the newest one; None: not asked.
        second: the second copy of the archive, asked for what was destroyed; None: there is none.

    Raises:
        ArchiveUnavailable: the archive or the records cannot be reached.
    """
    found = _Audit(records, store, renewal, canary)
    return found.run(index_ids, refused, second, stamps)


class _Audit:
    """One run: what it has seen, what it found."""

    def __init__(
        self, records: Records, store: ObjectStore, renewal: Renewal, canary: CanaryNote | None
    ) -> None:
        self._records = records
        self._store = store
        self._found = Findings()
        if canary is not None:
            self._locks(canary)
        self._found.count(locks_renewed=renewal.renewed)
        for key in renewal.failed:
            self._found.add("LOCK_NOT_RENEWED", object_key=key)
        self._archived: set[str] = set()
        """Batches in state ARCHIVED."""
        self._indexed: set[str] = set()
        """Components that the index must hold."""
        self._keys: set[str] = set()
        """Objects that records know to be finished."""
        self._unfinished: set[str] = set()
        """Objects that batches in work may have left."""
        self._raw_digests: dict[str, str] = {}
        """Digest of the page index by batch, as the newest manifests say."""
        self._heads: dict[str, str] = {}
        """Manifest key by the ledger head it is anchored to."""
        self._facts: set[Fact] = set()
        """What the ledger must tell of."""
        self._doomed: dict[str, bool] = {}
        """Prefixes of files of dossiers that are destroyed, by decision; True: all are gone."""

    def run(
        self,
        index_ids: Callable[[], Collection[str]],
        refused: Mapping[str, str],
        second: ObjectStore | None,
        stamps: Stamps,
    ) -> AuditReport:
        self._archived = {
            b.batch.batch_id for b in self._records.batches(state=BatchState.ARCHIVED)
        }
        for dossier in self._records.dossiers():
            self._dossier(dossier)
        for batch in self._records.batches():
            if batch.state is BatchState.ARCHIVED:
                self._batch(batch)
        self._objects()
        self._shelves(second)
        self._index(index_ids, refused)
        audit_ledger(self._records, self._store, self._heads, self._facts, self._found, stamps)
        return self._found.report()

    def _locks(self, note: CanaryNote) -> None:
        self._found.canary(note)
        if note.stopped:
            self._found.add("CANARY_LET_THROUGH", attempts=" ".join(note.let_through))
        if note.overdue:
            self._found.add("CANARY_OVERDUE")
        elif note.outcome is None:
            self._found.add("CANARY_NEVER")

    # -- dossiers ---------------------------------------------------------------------------

    def _dossier(self, dossier: DossierRecord) -> None:
        components = self._records.components(unit=dossier.unit, dossier_code=dossier.code)
        if dossier.keeping.gone:
            self._destroyed(dossier)
        for component in components if not dossier.keeping.gone else ():
            if component.batch_id in self._archived:
                self._component(component)
            else:
                self._unfinished |= {r.object_key for r in component.revisions}
                self._unfinished.add(_sidecar_key(component))
        written = list(self._manifests(dossier))
        self._found.count(dossiers=1)
        placed = self._records.dossier_batches(dossier.unit, dossier.code)
        expected = [p for p in placed if p.batch_id in self._archived]
        if expected and not written:
            self._found.add("MANIFEST_MISSING", dossier_code=dossier.code)
        for _, manifest in written:
            self._raw_digests |= {b.batch_id: b.raw_index_sha256 for b in manifest.batches}
        if written:
            key, newest = written[-1]
            if (newest.stage, newest.keeping) != (dossier.stage, dossier.keeping):
                coming = self._is_renewed(dossier, newest)
                code = "UNFINISHED_REVISION" if coming else "MANIFEST_DIFFERS"
                self._found.add(code, object_key=key)
            elif not _agrees(newest, dossier, self._archived, components):
                coming = self._is_renewed(dossier, newest) and _agrees(
                    newest, dossier, self._archived, tuple(_as_listed(components, newest))
                )
                code = "UNFINISHED_REVISION" if coming else "MANIFEST_DIFFERS"
                self._found.add(code, object_key=key)
            listed = {(b.batch_id, b.slot) for b in newest.batches}
            for part in expected:
                if (part.batch_id, part.slot) not in listed:
                    self._found.add("BATCH_UNLISTED", batch_id=part.batch_id, object_key=key)

    def _destroyed(self, dossier: DossierRecord) -> None:
        """What proves that files are gone by decision; that they are is seen among the objects."""
        done = dossier.keeping.destroyed
        self._found.count(destroyed=1)
        if not destroyed_in_time(dossier.keeping):
            self._found.add("DESTRUCTION_UNPROVEN", dossier_code=dossier.code)
        for note in notes_of(dossier):
            self._keys.add(note.object_key)
            self._fixity("CERTIFICATE", note.object_key, note.version_id, note.sha256)
            self._only_version(note.object_key, note.sha256)
            self._facts.add(Fact("document", note.sha256, note.object_key))
        self._doomed[dossier_prefix(dossier)] = done
        self._doomed[text_prefix(dossier.unit, dossier.code)] = done

    def _is_renewed(self, dossier: DossierRecord, newest: Manifest) -> bool:
        """True where a later manifest was allocated for new revisions and is not written yet."""
        return any(
            m.version_id is None and m.seq > newest.seq and m.batch_id in self._archived
            for m in self._records.manifests(dossier.unit, dossier.code)
        )

    def _component(self, component: ComponentRecord) -> None:
        self._indexed.add(component.component_id)
        self._found.count(components=1)
        subject = {"component_id": component.component_id}
        current = component.current
        stored = current is not None and current.version_id is not None
        if not (stored and component.digitisation_code and component.sidecar_sha256):
            self._found.add("COMPONENT_INCOMPLETE", **subject)
        elif component.unfinished:
            self._found.add("UNFINISHED_REVISION", **subject)
        for revision in component.revisions:
            self._revision(revision, subject)
        self._keys.add(_sidecar_key(component))
        if component.sidecar_sha256:
            key = _sidecar_key(component)
            self._fixity("SIDECAR", key, None, component.sidecar_sha256, **subject)
            self._facts.add(Fact("sidecar", component.sidecar_sha256, component.component_id))

    def _revision(self, revision: Revision, subject: dict[str, str]) -> None:
        self._keys.add(revision.object_key)
        self._found.count(revisions=1)
        if revision.version_id is None:
            return
        key = revision.object_key
        self._fixity("OBJECT", key, revision.version_id, revision.sha256, **subject)
        self._only_version(key, revision.sha256)
        self._facts.add(Fact("content", revision.sha256, subject["component_id"]))

    def _manifests(self, dossier: DossierRecord) -> Iterator[tuple[str, Manifest]]:
        records = self._records.manifests(dossier.unit, dossier.code)
        written = {r.batch_id for r in records if r.version_id is not None}
        for record in records:
            if record.batch_id not in self._archived:
                self._unfinished.add(record.object_key)
            else:
                self._keys.add(record.object_key)
            if record.version_id is None or record.sha256 is None:
                if record.batch_id in self._archived - written:
                    self._found.add("MANIFEST_LOST", object_key=record.object_key)
                continue
            self._found.count(manifests=1)
            self._facts.add(Fact("manifest", record.sha256, record.object_key))
            manifest = self._manifest(record, record.version_id, record.sha256)
            if manifest is not None:
                self._heads.setdefault(manifest.ledger_head, record.object_key)
                yield record.object_key, manifest

    def _manifest(self, record: ManifestRecord, version_id: str, sha256: str) -> Manifest | None:
        key = record.object_key
        if not self._fixity("MANIFEST", key, version_id, sha256):
            return None
        self._only_version(key, sha256)
        try:
            with self._store.open(key, version_id) as stream:
                return Manifest.model_validate_json(stream.read())
        except (NotFound, ValidationError):
            self._found.add("MANIFEST_CHANGED", object_key=key)
            return None

    # -- batches ----------------------------------------------------------------------------

    def _batch(self, record: BatchRecord) -> None:
        batch_id = record.batch.batch_id
        placed = self._records.batch_dossiers(batch_id)
        components = self._records.components(batch_id=batch_id)
        self._found.count(batches=1, pages=sum(d.counts.in_ for d in placed))
        kept: Counter[str] = Counter()
        for slot in placed:
            kept[slot.dossier.code] += slot.counts.kept
            if not slot.counts.balanced:
                self._found.add("BATCH_UNBALANCED", batch_id=batch_id, slot=str(slot.slot))
        in_components: Counter[str] = Counter()
        for component in components:
            in_components[component.dossier_code] += len(component.pages)
        if +kept != +in_components:
            self._found.add("BATCH_UNBALANCED", batch_id=batch_id)
        pages = [page for component in components for page in component.pages]
        if len(pages) != len(set(pages)):
            self._found.add("PAGE_DOUBLED", batch_id=batch_id)
        if placed and all(p.dossier.keeping.gone for p in placed):
            done = all(p.dossier.keeping.destroyed for p in placed)
            self._doomed[f"raw/{batch_id}/"] = done
            return
        self._raw(record, [d.counts for d in placed], sorted(pages))

    def _raw(self, record: BatchRecord, counts: list[PageCounts], kept: list[int]) -> None:
        batch_id = record.batch.batch_id
        key = raw_index_key(batch_id)
        self._keys.add(key)
        index = self._raw_index(batch_id, key)
        if index is None:
            return
        by_fate = Counter(page.fate for page in index.pages)
        expected = Counter(
            {
                Fate.KEPT.value: sum(c.kept for c in counts),
                Fate.BLANK.value: sum(c.blank for c in counts),
                Fate.SEPARATOR.value: sum(c.separator for c in counts),
            }
        )
        indexes = [page.index for page in index.pages]
        in_index = sorted(p.index for p in index.pages if p.fate == Fate.KEPT.value)
        sources = [sha256 for _, sha256, _ in index.sources]
        placed = all(
            0 <= page.source < len(sources) and (page.object_key or index.sources[page.source][2])
            for page in index.pages
        )
        if (
            by_fate != +expected
            or len(indexes) != len(set(indexes))
            or in_index != kept
            or sources != [s.file.sha256 for s in record.batch.sources]
            or not placed
        ):
            self._found.add("RAW_PAGES_DIFFER", batch_id=batch_id)
        objects = [(key, sha256) for _, sha256, key in index.sources if key]
        objects += [(page.object_key, page.sha256) for page in index.pages if page.object_key]
        for raw_key, sha256 in objects:
            self._keys.add(raw_key)
            self._found.count(raw_objects=1)
            self._fixity("RAW", raw_key, None, sha256, batch_id=batch_id)

    def _raw_index(self, batch_id: str, key: str) -> RawIndex | None:
        expected = self._raw_digests.get(batch_id)
        if expected is None:
            head = self._store.head(key)
            expected = head.sha256 if head else ""
        if not self._fixity("RAW_INDEX", key, None, expected, batch_id=batch_id):
            return None
        self._facts.add(Fact("raw_index", expected, batch_id))
        try:
            with self._store.open(key) as stream:
                return RawIndex.model_validate_json(stream.read())
        except (NotFound, ValidationError):
            self._found.add("RAW_INDEX_CHANGED", object_key=key, batch_id=batch_id)
            return None

    # -- objects and index ------------------------------------------------------------------

    def _objects(self) -> None:
        for prefix in (*_PREFIXES, _LEDGER):
            for stored in self._store.list(prefix):
                if stored.deleted:
                    self._found.add("OBJECT_DELETED", object_key=stored.key)
                if stored.key in self._keys or prefix == _LEDGER:
                    continue
                if (done := self._is_doomed(stored.key)) is not None:
                    code = "DESTROYED_PRESENT" if done else "UNFINISHED_DESTRUCTION"
                    self._found.add(code, object_key=stored.key)
                    continue
                known = stored.key in self._unfinished or self._in_work(stored.key)
                self._found.add(
                    "UNFINISHED_OBJECT" if known else "UNKNOWN_OBJECT", object_key=stored.key
                )

    def _shelves(self, second: ObjectStore | None) -> None:
        """Copies of what is destroyed, where no list of objects shows them, or elsewhere."""
        for prefix, done in self._doomed.items():
            for key, _ in going(self._store.hidden(prefix), prefix):
                code = "DESTROYED_PRESENT" if done else "UNFINISHED_DESTRUCTION"
                self._found.add(code, object_key=key)
        if second is None:
            return
        try:
            for prefix in (prefix for prefix, done in self._doomed.items() if done):
                for copies in (second.versions(prefix), second.hidden(prefix)):
                    for key, _ in going(copies, prefix):
                        self._found.add("DESTROYED_IN_SECOND", object_key=key)
        except ArchiveError:
            self._found.add("SECOND_UNAVAILABLE")

    def _is_doomed(self, key: str) -> bool | None:
        """True where it must be gone, False where it will be, None where it is nobody's to go."""
        parts = key.split("/")
        for depth in range(2, len(parts)):
            done = self._doomed.get("/".join(parts[:depth]) + "/")
            if done is not None:
                return done
        return None

    def _in_work(self, key: str) -> bool:
        if not key.startswith("raw/"):
            return False
        try:
            batch = self._records.batch(key.split("/")[1])
        except NotFound:
            return False
        return batch.state is not BatchState.ARCHIVED

    def _index(self, index_ids: Callable[[], Collection[str]], refused: Mapping[str, str]) -> None:
        for component_id, problem in sorted(refused.items()):
            self._found.add("INDEX_REFUSED", component_id=component_id, problem=problem)
        try:
            found = set(index_ids())
        except (SearchUnavailable, ConfigError):
            self._found.add("INDEX_UNAVAILABLE")
            return
        self._found.count(indexed=len(found))
        for component_id in sorted(self._indexed - found - set(refused)):
            self._found.add("INDEX_MISSING", component_id=component_id)
        for component_id in sorted(found - self._indexed):
            self._found.add("INDEX_STRAY", component_id=component_id)

    # -- comparing --------------------------------------------------------------------------

    def _fixity(
        self, what: str, key: str, version_id: str | None, sha256: str, **subjects: str
    ) -> bool:
        try:
            state: Fixity = fixity(self._store, key, version_id, sha256)
        except ArchiveError:
            ensure_answers(self._store)
            self._found.add("OBJECT_UNREADABLE", object_key=key, **subjects)
            return False
        if state != "ok":
            self._found.add(f"{what}_{state.upper()}", object_key=key, **subjects)
        return state == "ok"

    def _only_version(self, key: str, sha256: str) -> None:
        head = self._store.head(key)
        if head is None or head.sha256 != sha256:
            self._found.add("OBJECT_REPLACED", object_key=key)


def _sidecar_key(component: ComponentRecord) -> str:
    return sidecar_key(component.unit, component.dossier_code, component.component_id)


def _agrees(
    manifest: Manifest,
    dossier: DossierRecord,
    archived: set[str],
    components: tuple[ComponentRecord, ...],
) -> bool:
    """Lists every archived component as recorded, and nothing that records do not know."""
    listed = {c.component_id: c for c in manifest.components}
    known = {c.component_id: c for c in components}
    return (
        (manifest.unit, manifest.dossier_code, manifest.year)
        == (dossier.unit, dossier.code, dossier.year)
        and len(listed) == len(manifest.components)
        and {c.component_id for c in components if c.batch_id in archived}
        <= set(listed)
        <= set(known)
        and all(_same(listed[name], known[name]) for name in listed)
    )


def _as_listed(
    components: tuple[ComponentRecord, ...], manifest: Manifest
) -> Iterator[ComponentRecord]:
    """The components without those revisions that are newer than the manifest's."""
    newest = {
        c.component_id: max((r.rev for r in c.revisions), default=-1) for c in manifest.components
    }
    for component in components:
        last = newest.get(component.component_id, -1)
        revisions = tuple(r for r in component.revisions if r.rev <= last)
        yield component.model_copy(update={"revisions": revisions})


def _same(listed: ManifestComponent, known: ComponentRecord) -> bool:
    facts = ("nn", "code", "digitisation_code", "batch_id", "pages")
    return all(getattr(listed, fact) == getattr(known, fact) for fact in facts) and [
        r.model_dump() for r in listed.revisions
    ] == [r.model_dump() for r in known.revisions if r.version_id is not None]
