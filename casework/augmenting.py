"""Raising what is archived: signatures below the level that is set, seals that soon expire.

What is appended makes a new revision of the same component, beside the earlier ones; a further
manifest of the dossier lists them all (architecture §3). Order of custody, one dossier at a time:
bytes into the workspace, manifest allocated, digest into the records, bytes into the archive,
version into the records, manifest. A run that was killed between any two is mended by the next:
it puts the bytes that were committed, or, where they are lost, makes the next revision. Files
that came signed are not Sohoa's to raise. May not come in: how a signature is raised.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from pipeline.errors import (
    ArchiveUnavailable,
    ChecksumMismatch,
    ConfigError,
    ContentConflict,
    ExitCode,
    KeyUnavailable,
    SignatureInvalid,
    SohoaError,
    TimestampError,
)
from pipeline.ids import digest
from pipeline.models.actors import Actor
from pipeline.models.base import Instant, Model
from pipeline.models.batch import BatchState, Problem
from pipeline.models.components import SignatureInfo, SignatureLevel
from pipeline.models.events import Event
from pipeline.models.files import FileRef
from pipeline.models.records import ComponentRecord, DossierRecord, Revision
from pipeline.ports.signing import Augmenter
from pipeline.run import manifests
from pipeline.run.work import Tools
from pipeline.stages.archiving import component_key, put_blob
from storage.fixity import copied

_PDF = "application/pdf"
_PATIENCE = 3
"""So many failures of the timestamp authority in a row, and it is down: the rest waits."""
_AUTHORITY = "TIMESTAMP_"
"""How codes of its failures begin. Those of one issuer's statuses must not stop all others."""


class AugmentTools(Tools, Protocol):
    """Ports of a run."""

    @property
    def augmenter(self) -> Augmenter:
        """Raises signatures."""
        ...


class CounterTools(Tools, Protocol):
    """Ports of a run that counter-signs."""

    @property
    def counter_signer(self) -> Augmenter:
        """Appends the archive's signature."""
        ...


class Outcome(StrEnum):
    """What became of one component."""

    RAISED = "RAISED"
    COUNTERSIGNED = "COUNTERSIGNED"
    """The archive has signed it."""
    CURRENT = "CURRENT"
    """Nothing was due, or another run was first."""
    FAILED = "FAILED"
    """Its archived revision stands as before."""


class Augmentation(Model):
    """One signed component, after the run."""

    dossier_code: str
    component_id: str
    code: str
    """Component code of the catalogue."""
    outcome: Outcome
    rev: int
    """The current revision."""
    sha256: str
    level: SignatureLevel
    sealed_until: Instant | None
    """A further seal is due before."""
    problem: Problem | None = None


class AugmentReport(Model):
    """What a run did; with codes every signed component of theirs, else those that were due."""

    components: tuple[Augmentation, ...]

    @property
    def raised(self) -> int:
        """How many have a new revision."""
        return sum(c.outcome is Outcome.RAISED for c in self.components)

    @property
    def exit_codes(self) -> tuple[int, ...]:
        """One per component."""
        return tuple(exit_code(c) for c in self.components)

    @property
    def retryable(self) -> bool:
        """True where a later run may do what this one could not."""
        return any(c.problem is not None and c.problem.retryable for c in self.components)


def exit_code(one: Augmentation) -> int:
    """What a component's outcome asks of the command."""
    return one.problem.exit_code if one.problem else int(ExitCode.DONE)


def augment(
    tools: AugmentTools,
    actor: Actor,
    dossiers: Iterable[DossierRecord],
    *,
    limit: int | None = None,
    every: bool = False,
) -> Iterator[Augmentation]:
    """Raise what is due; several runs at once are harmless.

    A component that fails does not stop the others. Once the timestamp authority or the archive
    are seen to be down, the rest is left for a later run.

    Args:
        tools: the ports.
        actor: who asks for it.
        dossiers: where to look.
        limit: raise no more than this many components; None: all.
        every: tell also of components where nothing is due.

    Raises:
        ConfigError: `TSA_NOT_SET`.
    """
    if tools.settings.tsa.url is None:
        raise ConfigError("TSA_NOT_SET", key="tsa.url")
    yield from _over(_Run(tools, actor, limit, _RAISING), dossiers, every=every)


def countersign(
    tools: CounterTools,
    actor: Actor,
    dossiers: Iterable[DossierRecord],
    *,
    limit: int | None = None,
    every: bool = False,
) -> Iterator[Augmentation]:
    """Append the archive's signature to what officers signed, as new revisions; see `augment`.

    A file whose signatures are not sound any more is refused, and so is one whose bytes changed.

    Raises:
        ConfigError: `ARCHIVE_KEY_NOT_SET`.
    """
    _ = tools.counter_signer  # before anything is fetched
    yield from _over(_Run(tools, actor, limit, _COUNTERSIGNING), dossiers, every=every)


def _over(run: _Run, dossiers: Iterable[DossierRecord], *, every: bool) -> Iterator[Augmentation]:
    for dossier in dossiers:
        with run.tools.workspace.working():
            found = run.dossier(dossier)
        yield from (one for one in found if every or one.outcome is not Outcome.CURRENT)
        if run.over:
            return


@dataclass(frozen=True, slots=True)
class _Made:
    """Bytes that lie in the workspace and are to be the next revision."""

    component: ComponentRecord
    base: Revision
    file: FileRef
    info: SignatureInfo


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a run appends."""

    appending: Callable[[Any], Augmenter]
    """The port of the tools that does it."""
    done: Outcome
    action: str
    """Of the ledger event."""


_RAISING = _Kind(lambda tools: tools.augmenter, Outcome.RAISED, "component.augmented")
_COUNTERSIGNING = _Kind(
    lambda tools: tools.counter_signer, Outcome.COUNTERSIGNED, "component.countersigned"
)


class _Run:
    """One run: whose ports, how much may still be done, what has failed."""

    def __init__(self, tools: Tools, actor: Actor, limit: int | None, kind: _Kind) -> None:
        self.tools = self._tools = tools
        self._kind = kind
        self._appender = kind.appending(tools)
        self._actor = actor
        self._left = limit
        self._refused_in_a_row = 0
        self._down = False

    @property
    def over(self) -> bool:
        """True where nothing more is to be tried."""
        return self._down or self._refused_in_a_row >= _PATIENCE or self._left == 0

    def dossier(self, dossier: DossierRecord) -> list[Augmentation]:
        """Finish what a killed run left, then raise what is due."""
        components = self._signed(dossier)
        finished: list[str] = []
        try:
            if self._is_unfinished(dossier, components):
                with manifests.alone(self._tools, dossier):
                    finished = self._finish(dossier)
                components = self._signed(dossier)
        except SohoaError as error:
            return self._none(components, error)
        found, made = [], []
        for component, revision, info in components:
            if not self._appender.due(info, self._tools.clock.now()):
                late = component.component_id in finished
                outcome = self._kind.done if late else Outcome.CURRENT
                found.append(_told(component, revision, info, outcome))
                continue
            if self.over:
                break
            try:
                made.append(self._made(component, revision, info))
            except SohoaError as error:
                self._note(error)
                found.append(_told(component, revision, info, Outcome.FAILED, error))
        if not made:
            return found
        try:
            with manifests.alone(self._tools, dossier):
                return found + self._publish(dossier, made)
        except SohoaError as error:
            return found + self._none(
                [(m.component, m.base, m.base.signature or m.info) for m in made], error
            )

    # -- what is there ----------------------------------------------------------------------

    def _signed(
        self, dossier: DossierRecord
    ) -> list[tuple[ComponentRecord, Revision, SignatureInfo]]:
        """Archived components that Sohoa signed, with their current revision."""
        records = self._tools.records
        if records.dossier(dossier.code, dossier.unit).keeping.approved:
            return []  # it is to be destroyed: nothing is added to it
        found = []
        for component in records.components(unit=dossier.unit, dossier_code=dossier.code):
            revision = component.current
            if revision is None or revision.version_id is None or revision.signature is None:
                continue
            found.append((component, revision, revision.signature))
        states = {b: records.batch(b).state for b in {c.batch_id for c, _, _ in found}}
        return [one for one in found if states[one[0].batch_id] is BatchState.ARCHIVED]

    def _is_unfinished(
        self,
        dossier: DossierRecord,
        components: Sequence[tuple[ComponentRecord, Revision, SignatureInfo]],
    ) -> bool:
        return any(component.unfinished for component, _, _ in components) or (
            bool(components) and manifests.renewal(self._tools, dossier) is not None
        )

    # -- making -----------------------------------------------------------------------------

    def _made(self, component: ComponentRecord, base: Revision, info: SignatureInfo) -> _Made:
        """The archived bytes with what was appended, kept in the workspace.

        Raises:
            SohoaError: see `Augmenter.augment`; also `OBJECT_MISSING`, `CHECKSUM_MISMATCH`,
                `SEAL_NOT_PROLONGED`.
        """
        tools = self._tools
        with tools.workspace.scratch() as folder:
            archived = folder / "component.pdf"
            with tools.store.open(base.object_key, base.version_id) as stream:
                if copied(stream, archived) != base.sha256:
                    raise ChecksumMismatch(key=base.object_key)
            data, raised = self._appender.augment(archived, info)
            if not data.startswith(archived.read_bytes()):
                raise SignatureInvalid()
        if raised == info:
            raise TimestampError("SEAL_NOT_PROLONGED")
        self._refused_in_a_row = 0
        self._left = None if self._left is None else self._left - 1
        kept = tools.workspace.of(component.batch_id).put(data, _PDF)
        return _Made(component, base, kept, raised)

    # -- publishing -------------------------------------------------------------------------

    def _publish(self, dossier: DossierRecord, made: Sequence[_Made]) -> list[Augmentation]:
        """New revisions and the manifest that lists them; nobody else works on the dossier."""
        records = self._tools.records
        fresh = [(one, records.component(one.component.component_id)) for one in made]
        if any(_is_base(one.base, component) for one, component in fresh):
            manifests.begin_renewal(self._tools, dossier)
        found, stored = [], []
        for one, component in fresh:
            if _is_base(one.base, component) and self._committed(dossier, one, component):
                stored.append(component.component_id)
        records.owe(stored)
        manifests.finish_renewal(self._tools, dossier, self._event)
        for one in made:
            component = records.component(one.component.component_id)
            current = component.current or one.base
            done = component.component_id in stored
            found.append(
                _told(
                    component,
                    current,
                    current.signature or one.info,
                    self._kind.done if done else Outcome.CURRENT,
                )
            )
        return found

    def _committed(self, dossier: DossierRecord, one: _Made, component: ComponentRecord) -> bool:
        """True where these bytes are the new revision; the first commit of a rev wins."""
        rev = max(r.rev for r in component.revisions) + 1
        while self._tools.store.head(_key(dossier, component, rev)) is not None:
            rev += 1  # of records that were lost: what stands under a key stays
        revision = Revision(
            rev=rev,
            sha256=one.file.sha256,
            size=one.file.size,
            signature=one.info,
            found=one.base.found,
            object_key=_key(dossier, component, rev),
        )
        event = self._event(
            self._kind.action,
            subjects={"component_id": component.component_id},
            hashes={"content": revision.sha256, "previous": one.base.sha256},
        )
        first = self._tools.records.commit_revision(component.component_id, revision, [event])
        return first.sha256 == revision.sha256 and self._put(component, first)

    def _finish(self, dossier: DossierRecord) -> list[str]:
        """Put what a killed run has committed, as far as its bytes are there, and its manifest.

        Returns:
            Ids of the components whose new revision is archived now.
        """
        renewal = manifests.renewal(self._tools, dossier)
        if renewal is not None and renewal.sha256 is not None:
            manifests.finish_renewal(self._tools, dossier, self._event)
        stored = [
            component.component_id
            for component, _, _ in self._signed(dossier)
            for revision in component.unfinished
            if self._put(component, revision)
        ]
        if stored:
            manifests.begin_renewal(self._tools, dossier)
        self._tools.records.owe(stored)
        manifests.finish_renewal(self._tools, dossier, self._event)
        return stored

    def _put(self, component: ComponentRecord, revision: Revision) -> bool:
        """Put committed bytes; False where they are lost: the revision stays a gap."""
        workspace, store = self._tools.workspace.of(component.batch_id), self._tools.store
        if workspace.sound(revision.sha256):
            ref = FileRef(sha256=revision.sha256, size=revision.size, media_type=_PDF)
            try:
                stored = put_blob(revision.object_key, ref, workspace, store)
            except ContentConflict:
                return False
        else:
            there = store.head(revision.object_key)
            if there is None or there.sha256 != revision.sha256:
                return False
            stored = there
        event = self._event(
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

    # -- telling ----------------------------------------------------------------------------

    def _none(
        self,
        components: Sequence[tuple[ComponentRecord, Revision, SignatureInfo]],
        error: SohoaError,
    ) -> list[Augmentation]:
        self._note(error)
        return [_told(*one, Outcome.FAILED, error) for one in components]

    def _note(self, error: SohoaError) -> None:
        self._down |= isinstance(error, ArchiveUnavailable | KeyUnavailable)
        self._refused_in_a_row += error.code.startswith(_AUTHORITY)

    def _event(self, action: str, *, subjects: dict[str, str], hashes: dict[str, str]) -> Event:
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


def _is_base(base: Revision, component: ComponentRecord) -> bool:
    """True where no other run has been first."""
    return component.current is not None and component.current.rev == base.rev


def _told(
    component: ComponentRecord,
    revision: Revision,
    info: SignatureInfo,
    outcome: Outcome,
    error: SohoaError | None = None,
) -> Augmentation:
    return Augmentation(
        dossier_code=component.dossier_code,
        component_id=component.component_id,
        code=component.code,
        outcome=outcome,
        rev=revision.rev,
        sha256=revision.sha256,
        level=info.level,
        sealed_until=info.sealed_until,
        problem=Problem.of(error) if error else None,
    )
