"""Raising what is archived: signatures below the level that is set, seals that soon expire.

What is appended makes a new revision (`casework.revising`). Files that came signed are not Sohoa's
to raise. May not come in: how a signature is raised, how a revision is published.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from casework.revising import PDF, Made, Reviser, Signed
from pipeline.errors import (
    ArchiveUnavailable,
    ConfigError,
    ExitCode,
    KeyUnavailable,
    SignatureInvalid,
    SohoaError,
    TimestampError,
)
from pipeline.models.actors import Actor
from pipeline.models.base import Instant, Model
from pipeline.models.batch import Problem
from pipeline.models.components import SignatureLevel
from pipeline.models.records import DossierRecord
from pipeline.ports.signing import Augmenter
from pipeline.run.work import Tools

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
        self.tools = tools
        self._kind = kind
        self._appender = kind.appending(tools)
        self._reviser = Reviser(tools, actor, kind.action)
        self._left = limit
        self._refused_in_a_row = 0
        self._down = False

    @property
    def over(self) -> bool:
        """True where nothing more is to be tried."""
        return self._down or self._refused_in_a_row >= _PATIENCE or self._left == 0

    def dossier(self, dossier: DossierRecord) -> list[Augmentation]:
        """Finish what a killed run left, then raise what is due."""
        try:
            settled = self._reviser.settle(dossier)
        except SohoaError as error:
            return self._none(self._reviser.signed(dossier), error)
        found, made = [], []
        for one in settled.components:
            if not self._appender.due(one.info, self.tools.clock.now()):
                late = one.component.component_id in settled.finished
                found.append(told(one, self._kind.done if late else Outcome.CURRENT))
                continue
            if self.over:
                break
            try:
                made.append(self._made(one))
            except SohoaError as error:
                self._note(error)
                found.append(told(one, Outcome.FAILED, error))
        if not made:
            return found
        try:
            stored = self._reviser.publish(dossier, made)
        except SohoaError as error:
            return found + self._none([m.base for m in made], error)
        return found + [self._published(m, stored) for m in made]

    def _made(self, one: Signed) -> Made:
        """The archived bytes with what was appended, kept in the workspace.

        Raises:
            SohoaError: see `Augmenter.augment`; also `OBJECT_MISSING`, `CHECKSUM_MISMATCH`,
                `SEAL_NOT_PROLONGED`.
        """
        with self._reviser.fetched(one) as archived:
            data, raised = self._appender.augment(archived, one.info)
            if not data.startswith(archived.read_bytes()):
                raise SignatureInvalid()
        if raised == one.info:
            raise TimestampError("SEAL_NOT_PROLONGED")
        self._refused_in_a_row = 0
        self._left = None if self._left is None else self._left - 1
        kept = self.tools.workspace.of(one.component.batch_id).put(data, PDF)
        return Made(one, kept, raised)

    def _published(self, one: Made, stored: Collection[str]) -> Augmentation:
        component = self.tools.records.component(one.base.component.component_id)
        current = component.current or one.base.revision
        done = component.component_id in stored
        return told(
            Signed(component, current, current.signature or one.info),
            self._kind.done if done else Outcome.CURRENT,
        )

    def _none(self, components: Iterable[Signed], error: SohoaError) -> list[Augmentation]:
        self._note(error)
        return [told(one, Outcome.FAILED, error) for one in components]

    def _note(self, error: SohoaError) -> None:
        self._down |= isinstance(error, ArchiveUnavailable | KeyUnavailable)
        self._refused_in_a_row += error.code.startswith(_AUTHORITY)


def told(one: Signed, outcome: Outcome, error: SohoaError | None = None) -> Augmentation:
    """What became of a component.

    Args:
        one: as it is now.
        outcome: of the run.
        error: what failed.
    """
    return Augmentation(
        dossier_code=one.component.dossier_code,
        component_id=one.component.component_id,
        code=one.component.code,
        outcome=outcome,
        rev=one.revision.rev,
        sha256=one.revision.sha256,
        level=one.info.level,
        sealed_until=one.info.sealed_until,
        problem=Problem.of(error) if error else None,
    )
