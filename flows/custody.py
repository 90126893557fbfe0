"""Custody of one home's archive: the canary, and what it stops.

May not come in: Prefect, rules (`casework.custody`), texts for people.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.wiring import Ports
from pipeline.models.actors import Actor

if TYPE_CHECKING:
    from casework.custody.canary import CanaryReport


class Custody:
    """Use cases of those who keep the archive."""

    def __init__(self, ports: Ports) -> None:
        """Nothing is opened before it is used."""
        self._ports = ports

    def canary(self, actor: Actor, *, clear: str | None = None) -> CanaryReport:
        """Try the locks of the archive with every identity; see `casework.custody.canary`.

        Args:
            actor: who asks for it.
            clear: reference of the incident that is closed where all holds now.

        Raises:
            ConfigError: `CANARY_REFERENCE_INVALID`; an identity cannot be used.
            ArchiveUnavailable: nothing can be said now.
        """
        from casework.custody.canary import try_locks

        ports = self._ports
        days = ports.settings.archive.lock_days
        return try_locks(
            ports.lock_probe, ports.records, actor, ports.clock.now(), days, clear=clear
        )
