"""New revisions of archived components: kept, committed, put, and listed in a manifest.

What is appended to a signed file makes a new revision of the same component, beside the earlier
ones; a further manifest of the dossier lists them all (architecture §3). Order of custody, one
dossier at a time: bytes into the workspace, manifest allocated, digest into the records, bytes into
the archive, version into the records, manifest. A run that was killed between any two is mended by
the next: it puts the bytes that were committed, or, where they are lost, makes the next revision.
May not come in: what is appended, and why.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import ChecksumMismatch, ContentConflict, WorkflowError
from pipeline.ids import digest
from pipeline.models.actors import Actor
from pipeline.models.batch import BatchState
from pipeline.models.components import SignatureInfo
from pipeline.models.events import Event
from pipeline.models.files import FileRef
from pipeline.models.records import ComponentRecord, DossierRecord, Revision
from pipeline.run import manifests
from pipeline.run.work import Tools
from pipeline.stages.archiving import component_key, put_blob
from storage.fixity import copied

PDF = "application/pdf"


@dataclass(frozen=True, slots=True)
class Signed:
    """An archived component that Sohoa signed, as it is now."""

    component: ComponentRecord
    revision: Revision
    """The current one."""
    info: SignatureInfo
    """Its signature."""


@dataclass(frozen=True, slots=True)
class Made:
    """Bytes that lie in the workspace and are to be the next revision."""

    base: Signed
    """What they were appended to."""
    file: FileRef
    info: SignatureInfo
    also: tuple[Event, ...] = ()
    """Further events of the commit."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A dossier as it is, once nothing of a killed run is left over."""

    components: tuple[Signed, ...]
    resumed: bool
    """Something was left over, and is done now."""
    finished: frozenset[str] = frozenset()
    """Ids of components whose new revision was put just now."""


class Reviser:
    """Publishes new revisions for one actor."""

    def __init__(self, tools: Tools, actor: Actor, action: str) -> None:
        """Bind.

        Args:
            tools: the ports.
            actor: who asks for it.
            action: of the ledger event of a new revision.
        """
        self._tools = tools
        self._actor = actor
        self._action = action

    # -- what is there ----------------------------------------------------------------------

    def settle(self, dossier: DossierRecord) -> Settled:
        """Finish what a killed run left of a dossier; then what is there.

        Raises:
            ArchiveError: see `ObjectStore.put`; may be repeated.
        """
        components = self.signed(dossier)
        if not self._is_unfinished(dossier, components):
            return Settled(components, resumed=False)
        with manifests.alone(self._tools, dossier):
            finished = self._finish(dossier)
        return Settled(self.signed(dossier), resumed=True, finished=frozenset(finished))

    def signed(self, dossier: DossierRecord) -> tuple[Signed, ...]:
        """Archived components that Sohoa signed; none of what is to be destroyed."""
        records = self._tools.records
        if records.dossier(dossier.code, dossier.unit).keeping.approved:
            return ()  # nothing is added to it
        found = []
        for component in records.components(unit=dossier.unit, dossier_code=dossier.code):
            revision = component.current
            if revision is None or revision.version_id is None or revision.signature is None:
                continue
            found.append(Signed(component, revision, revision.signature))
        batches = {one.component.batch_id for one in found}
        archived = {b for b in batches if records.batch(b).state is BatchState.ARCHIVED}
        return tuple(one for one in found if one.component.batch_id in archived)

    @contextlib.contextmanager
    def fetched(self, one: Signed) -> Iterator[Path]:
        """A scratch file with the archived bytes, removed afterwards.

        Raises:
            ChecksumMismatch: the archive does not hold what was recorded.
            ArchiveError: see `ObjectStore.open`.
        """
        base = one.revision
        with self._tools.workspace.scratch() as folder:
            archived = folder / "component.pdf"
            with self._tools.store.open(base.object_key, base.version_id) as stream:
                if copied(stream, archived) != base.sha256:
                    raise ChecksumMismatch(key=base.object_key)
            yield archived

    def _is_unfinished(self, dossier: DossierRecord, components: Sequence[Signed]) -> bool:
        return any(one.component.unfinished for one in components) or (
            bool(components) and manifests.renewal(self._tools, dossier) is not None
        )

    # -- publishing -------------------------------------------------------------------------

    def publish(self, dossier: DossierRecord, made: Sequence[Made]) -> frozenset[str]:
        """New revisions and the manifest that lists them; waits for who else works on the dossier.

        Of two who append to the same revision the first commit wins; the other's bytes are dropped.

        Returns:
            Ids of the components whose new revision these are.

        Raises:
            WorkflowError: `DOSSIER_CLOSED`: its destruction was approved meanwhile.
            ArchiveError: see `ObjectStore.put`; may be repeated.
        """
        tools = self._tools
        with manifests.alone(tools, dossier):
            if tools.records.dossier(dossier.code, dossier.unit).keeping.approved:
                raise WorkflowError("DOSSIER_CLOSED")
            if any(_is_current(one.base, self._now(one)) for one in made):
                manifests.begin_renewal(tools, dossier)
            stored = []
            for one in made:
                component = self._now(one)  # after the one before: it may be of the same
                if _is_current(one.base, component) and self._committed(dossier, one, component):
                    stored.append(component.component_id)
            tools.records.owe(stored)
            manifests.finish_renewal(tools, dossier, self.event)
            return frozenset(stored)

    def _now(self, one: Made) -> ComponentRecord:
        return self._tools.records.component(one.base.component.component_id)

    def _committed(self, dossier: DossierRecord, one: Made, component: ComponentRecord) -> bool:
        """True where these bytes are the new revision; the first commit of a rev wins."""
        rev = max(r.rev for r in component.revisions) + 1
        while self._tools.store.head(_key(dossier, component, rev)) is not None:
            rev += 1  # of records that were lost: what stands under a key stays
        revision = Revision(
            rev=rev,
            sha256=one.file.sha256,
            size=one.file.size,
            signature=one.info,
            found=one.base.revision.found,
            object_key=_key(dossier, component, rev),
        )
        event = self.event(
            self._action,
            subjects={"component_id": component.component_id},
            hashes={"content": revision.sha256, "previous": one.base.revision.sha256},
        )
        events = [event, *one.also]
        first = self._tools.records.commit_revision(component.component_id, revision, events)
        return first.sha256 == revision.sha256 and self._put(component, first)

    def _finish(self, dossier: DossierRecord) -> list[str]:
        """Put what a killed run has committed, as far as its bytes are there, and its manifest."""
        renewal = manifests.renewal(self._tools, dossier)
        if renewal is not None and renewal.sha256 is not None:
            manifests.finish_renewal(self._tools, dossier, self.event)
        stored = [
            one.component.component_id
            for one in self.signed(dossier)
            for revision in one.component.unfinished
            if self._put(one.component, revision)
        ]
        if stored:
            manifests.begin_renewal(self._tools, dossier)
        self._tools.records.owe(stored)
        manifests.finish_renewal(self._tools, dossier, self.event)
        return stored

    def _put(self, component: ComponentRecord, revision: Revision) -> bool:
        """Put committed bytes; False where they are lost: the revision stays a gap."""
        workspace, store = self._tools.workspace.of(component.batch_id), self._tools.store
        if workspace.sound(revision.sha256):
            ref = FileRef(sha256=revision.sha256, size=revision.size, media_type=PDF)
            try:
                stored = put_blob(revision.object_key, ref, workspace, store)
            except ContentConflict:
                return False
        else:
            there = store.head(revision.object_key)
            if there is None or there.sha256 != revision.sha256:
                return False
            stored = there
        event = self.event(
            "component.archived",
            subjects={
                "component_id": component.component_id,
                "object_key": stored.key,
                "version_id": stored.version_id,
            },
            hashes={"content": revision.sha256},
        )
        self._tools.records.commit_stored(
            component.component_id, revision.rev, stored.version_id, None, [event]
        )
        return True

    def event(self, action: str, *, subjects: dict[str, str], hashes: dict[str, str]) -> Event:
        """A ledger event of the actor; the same fact twice has the same id."""
        return Event(
            event_id=digest("event", action, subjects, hashes),
            at=self._tools.clock.now(),
            actor=self._actor,
            action=action,
            subjects=subjects,
            hashes=hashes,
        )


def _key(dossier: DossierRecord, component: ComponentRecord, rev: int) -> str:
    return component_key(dossier, component.nn, rev, component.code)


def _is_current(base: Signed, component: ComponentRecord) -> bool:
    """True where no other run has been first."""
    return component.current is not None and component.current.rev == base.revision.rev
