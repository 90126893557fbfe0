"""Signing in two steps as use cases: what waits, requests out, signatures in, the batch goes on.

The rules are `casework.outside_signing`. May not come in: texts for people, cryptography.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from casework.clearing import clear
from flows.batches import Batches, Outcome
from pipeline.errors import ConfigError, NotFound, SigningRequestRefused
from pipeline.models.actors import Actor

if TYPE_CHECKING:
    from casework.outside_signing import Export, Waiting


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What one signature did."""

    component_id: str
    batch_id: str
    waiting: int
    """Components of the batch that still wait for a signature."""
    outcome: Outcome | None
    """The batch, where it went on."""


class OutsideSigning:
    """Signatures of keys that Sohoa never sees."""

    def __init__(self, batches: Batches) -> None:
        """Nothing is opened before it is used."""
        self._batches = batches
        self._ports = batches.ports

    def waiting(self) -> tuple[Waiting, ...]:
        """Everything that waits for a signature, oldest batch first."""
        from casework import outside_signing  # noqa: PLC0415

        return tuple(outside_signing.waiting(self._ports))

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

        try:
            with certificate.open("rb") as file:
                data = file.read(outside_signing.LARGEST)
        except OSError as error:
            raise ConfigError(
                "CERTIFICATE_FILE_UNREADABLE", problem=error.strerror or ""
            ) from error
        found = outside_signing.read_certificates(data)
        exported = outside_signing.export(self._ports, what, found, actor)
        self._batches.settle()
        return exported

    def take_in(self, file: Path, actor: Actor) -> TakenIn:
        """Take a signature in; with the last one of a batch, the batch goes on.

        Raises:
            NotFound: `SIGNING_RESPONSE_MISSING`.
            SohoaError: see `casework.outside_signing.read_response` and `take_in`.
        """
        from casework import outside_signing  # noqa: PLC0415

        start = time.monotonic()
        ports = self._ports
        try:
            with file.open("rb") as opened:
                data = opened.read(outside_signing.LARGEST)
        except FileNotFoundError as error:
            raise NotFound("SIGNING_RESPONSE_MISSING") from error
        except OSError as error:
            raise SigningRequestRefused("SIGNING_RESPONSE_UNREADABLE") from error
        response = outside_signing.read_response(data)
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
