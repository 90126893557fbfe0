"""Custody of one home's archive: the canary, and what it stops.

May not come in: Prefect, rules (`casework.custody`), texts for people.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.wiring import Ports
from pipeline.models.actors import Actor
from pipeline.models.batch import BatchState

if TYPE_CHECKING:
    from casework.custody.canary import CanaryNote, CanaryReport
    from casework.custody.fixity import FixityReport


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

    def fixity(self, actor: Actor, *, whole: bool = False, repair: bool = False) -> FixityReport:
        """Read today's share of the archive against the ledger; see `casework.custody.fixity`.

        Args:
            actor: who asks for it.
            whole: all that is left of the sweep.
            repair: put back what is damaged, from the second copy where one is set.

        Raises:
            BatchBusy: another process is at it.
            ArchiveUnavailable: the archive does not answer; the next run goes on from here.
        """
        from casework.custody.fixity import check_fixity
        from casework.custody.pace import Pacer
        from casework.custody.repair import Repairer

        ports = self._ports
        repairer = Repairer(ports, ports.second_store, actor) if repair else None
        pacer = Pacer(ports.settings.fixity.bytes_per_second)
        with ports.workspace.working():
            return check_fixity(ports, actor, pacer=pacer, whole=whole, repairer=repairer)

    def canary_note(self) -> CanaryNote:
        """What the ledger tells of the newest canary."""
        from casework.custody.canary import note_of
        from casework.custody.line import last_told

        ports = self._ports
        first = next(ports.records.batches(state=BatchState.ARCHIVED), None)
        return note_of(
            last_told(ports.records),
            locks=ports.lock_probe is not None,
            since=first.batch.received_at if first is not None else None,
            now=ports.clock.now(),
        )
