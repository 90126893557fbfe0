"""Signing in two steps as use cases: what waits, requests out, signatures in, the batch goes on.

The rules are `casework.outside_signing` and, for the archive's key,
`casework.outside_countersigning`. May not come in: texts for people, cryptography.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from casework.clearing import clear
from casework.signing_requests import (
    LARGEST,
    awaited,
    handed_out_anywhere,
    read_certificates,
    read_response,
)
from flows.batches import Batches, Outcome
from pipeline.errors import ConfigError, NotFound, SigningRequestRefused, SohoaError
from pipeline.models.actors import Actor, Role

if TYPE_CHECKING:
    from casework.augmenting import Augmentation
    from casework.outside_countersigning import Asked
    from casework.outside_signing import Waiting
    from casework.signing_requests import Export
    from pipeline.models.records import ComponentRecord, DossierRecord
    from pipeline.models.signing_requests import SigningRequest, SigningResponse


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What one signature did."""

    component_id: str
    batch_id: str | None
    """None for the archive's signature."""
    waiting: int
    """Components of the batch that still wait for a signature."""
    outcome: Outcome | None
    """The batch, where it went on."""
    counter: Augmentation | None = None
    """The component, where the archive signed."""


class OutsideSigning:
    """Signatures of keys that Sohoa never sees."""

    def __init__(self, batches: Batches, dossier: Callable[[str], DossierRecord]) -> None:
        """Nothing is opened before it is used; `dossier` finds one by its code."""
        self._dossier = dossier
        self._batches = batches
        self._ports = batches.ports

    def waiting(self) -> tuple[Waiting, ...]:
        """Everything that waits for a signature, oldest batch first."""
        from casework import outside_signing  # noqa: PLC0415

        return tuple(outside_signing.waiting(self._ports))

    def awaited(self) -> Iterator[tuple[ComponentRecord, SigningRequest]]:
        """Requests to the archive that may still be answered."""
        for work in handed_out_anywhere(self._ports):
            for component, handed_out in awaited(work):
                yield component, handed_out.request

    def export(self, what: str, certificate: Path, actor: Actor) -> tuple[Export, ...]:
        """Requests for what waits of a batch, or for one component.

        Args:
            what: id of a batch or component, or a unique prefix.
            certificate: PEM (or DER) file of the officer's certificate, with its issuers.
            actor: who asks.

        Raises:
            ConfigError: `CERTIFICATE_FILE_UNREADABLE`.
            SohoaError: see `casework.outside_signing.export`.
        """
        from casework import outside_signing  # noqa: PLC0415

        found = _certificates(certificate)
        exported = outside_signing.export(self._ports, what, found, actor)
        self._batches.settle()
        return exported

    def export_counter(
        self,
        certificate: Path,
        actor: Actor,
        *,
        codes: Sequence[str] = (),
        limit: int | None = None,
    ) -> Iterator[Asked]:
        """Requests for the archive's signature, whose key is elsewhere.

        Args:
            certificate: PEM (or DER) file of the archive's certificate, with its issuers.
            actor: who asks.
            codes: dossiers to look at; none: all.
            limit: no more requests than this.

        Raises:
            ConfigError: `CERTIFICATE_FILE_UNREADABLE`.
            NotFound: `DOSSIER_UNKNOWN`.
            SohoaError: see `casework.outside_countersigning.export`.
        """
        from casework.outside_countersigning import export  # noqa: PLC0415

        found = _certificates(certificate)
        dossiers = [self._dossier(code) for code in codes] or self._ports.records.dossiers()
        try:
            yield from export(self._ports, actor, dossiers, found, limit=limit)
        finally:
            self._batches.settle()

    def take_in(self, file: Path, actor: Actor) -> TakenIn:
        """Take one signature in; see `take_in_each`.

        Raises:
            SohoaError: what is wrong with it.
        """
        ((_, taken),) = self.take_in_each([file], actor)
        if isinstance(taken, SohoaError):
            raise taken
        return taken

    def take_in_each(
        self, files: Sequence[Path], actor: Actor
    ) -> Iterator[tuple[Path, TakenIn | SohoaError]]:
        """Take signatures in; one that is refused does not stop the others.

        With the last one of a batch, the batch goes on. The archive's come last, a dossier at a
        time, with one manifest for all that came in for it.

        Args:
            files: answers.
            actor: who brings them.

        Returns:
            Each file with what its signature did, or what is wrong with it: `NotFound`
            `SIGNING_RESPONSE_MISSING`; see `casework.outside_signing.take_in` and
            `casework.outside_countersigning.take_in`.
        """
        from casework.outside_countersigning import is_for_archive  # noqa: PLC0415

        of_archive: list[tuple[Path, SigningResponse]] = []
        for file in files:
            try:
                response = _response(file)
                if is_for_archive(self._ports, response):
                    of_archive.append((file, response))
                else:
                    yield file, self._taken_in(response, actor)
            except SohoaError as error:
                yield file, error
        if of_archive:
            yield from self._counters(of_archive, actor)

    def _taken_in(self, response: SigningResponse, actor: Actor) -> TakenIn:
        from casework import outside_signing  # noqa: PLC0415

        start, ports = time.monotonic(), self._ports
        with ports.workspace.working():
            work, waiting = outside_signing.take_in(ports, response, actor)
            outcome = None
            if not waiting:
                self._batches.release(work.batch_id)  # whoever is killed now: it waits for nobody
                views = self._batches.resume(work.batch_id)
                outcome = Outcome(views=views, refused=None, seconds=time.monotonic() - start)
            else:
                self._batches.settle()
        if outcome is not None:
            clear(ports)
        return TakenIn(response.component_id, work.batch_id, waiting, outcome)

    def _counters(
        self, answers: Sequence[tuple[Path, SigningResponse]], actor: Actor
    ) -> Iterator[tuple[Path, TakenIn | SohoaError]]:
        """The archive's signatures, whoever brings them."""
        from casework.outside_countersigning import take_in  # noqa: PLC0415

        records = self._ports.records
        actor = actor.model_copy(update={"role": Role.ARCHIVE_CENTRE})
        dossiers: dict[tuple[str, str], list[tuple[Path, SigningResponse]]] = {}
        for file, response in answers:
            component = records.component(response.component_id)
            whose = component.dossier_code, component.unit
            dossiers.setdefault(whose, []).append((file, response))
        try:
            for whose, group in dossiers.items():
                with self._ports.workspace.working():
                    responses = [response for _, response in group]
                    found = take_in(self._ports, records.dossier(*whose), responses, actor)
                for (file, _), one in zip(group, found, strict=True):
                    yield file, one if isinstance(one, SohoaError) else _counter(one)
        finally:
            self._batches.settle()
            clear(self._ports)


def _counter(one: Augmentation) -> TakenIn:
    return TakenIn(one.component_id, None, 0, None, one)


def _certificates(file: Path) -> tuple[bytes, ...]:
    try:
        with file.open("rb") as opened:
            data = opened.read(LARGEST)
    except OSError as error:
        raise ConfigError("CERTIFICATE_FILE_UNREADABLE", problem=error.strerror or "") from error
    return read_certificates(data)


def _response(file: Path) -> SigningResponse:
    try:
        with file.open("rb") as opened:
            data = opened.read(LARGEST)
    except FileNotFoundError as error:
        raise NotFound("SIGNING_RESPONSE_MISSING") from error
    except OSError as error:
        raise SigningRequestRefused("SIGNING_RESPONSE_UNREADABLE") from error
    return read_response(data)
