"""Scanning stacks: a session from its first sheet to the batch that it becomes.

May not come in: how sheets are fed and kept (`casework.scanning`), texts for people.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from casework.reception import LONGEST_STATION, check_terms
from casework.scanning.devices import choose, choose_again
from casework.scanning.sessions import ScanSessions, clear_archived
from casework.scanning.stack import Operator, scan_on
from flows.batches import Outcome
from flows.wiring import Ports
from pipeline.errors import WorkflowError
from pipeline.ids import digest, shown
from pipeline.models.actors import Actor
from pipeline.models.batch import IngestTerms
from pipeline.models.events import Event
from pipeline.models.scanning import ScanSession, ScanState
from pipeline.ports.scanning import ScannerDevice

Ingest: TypeAlias = Callable[[Path, IngestTerms, Actor], Outcome]


class Scans:
    """The scan sessions of one home."""

    def __init__(self, ports: Ports) -> None:
        """Nothing is opened before it is used."""
        self.ports = ports

    @functools.cached_property
    def sessions(self) -> ScanSessions:
        """Stacks in work."""
        return ScanSessions(self.ports.workspace)

    def devices(self) -> tuple[ScannerDevice, ...]:
        """Scanners that answer now.

        Raises:
            MissingToolError, ScannerUnavailable.
        """
        return self.ports.scanner.devices()

    def unfinished(self) -> tuple[tuple[ScanSession, int], ...]:
        """Sessions that are here, each with its good sheets; archived ones go."""
        clear_archived(self.sessions, self.ports.records)
        return tuple((s, self.sessions.sheets(s)) for s in self.sessions.all())

    def kept(self, session: ScanSession) -> int | None:
        """Good sheets of a session; None where it is no more."""
        there = {s.session_id for s in self.sessions.all()}
        return self.sessions.sheets(session) if session.session_id in there else None

    def begin(
        self, terms: IngestTerms, actor: Actor, profile: str, wanted: int | None
    ) -> ScanSession:
        """A new session, checked before any paper moves; saved with its first sheet.

        Args:
            terms: under which the papers will be handed in.
            actor: who scans.
            profile: name of the profile.
            wanted: sheets that the officer counted; None: until the feeder is empty.

        Raises:
            ConfigError: `SCAN_PROFILE_UNKNOWN`, or the terms may not be used.
        """
        check_terms(terms, self.ports.catalogue)
        at = self.ports.clock.now()
        return ScanSession(
            session_id=digest("scan", actor.unit, actor.id, profile, at.isoformat()),
            started_at=at,
            actor=actor,
            terms=terms,
            profile_name=profile,
            profile=self.ports.settings.scanner.profile(profile),
            wanted=wanted,
        )

    def again(
        self,
        given: str | None,
        *,
        from_sheet: int | None = None,
        wanted: int | None = None,
    ) -> ScanSession:
        """A session that stopped, ready to go on.

        Args:
            given: beginning of its id; None: the only unfinished one.
            from_sheet: sheets from this one on (1-based) are scanned again.
            wanted: sheets that the whole stack has.

        Raises:
            NotFound, ConfigError: see `ScanSessions.find`.
            WorkflowError: `SCAN_SESSION_INGESTED`, its sheets are in a batch.
        """
        session = self.sessions.find(given)
        if from_sheet is not None or wanted is not None:
            if session.state is ScanState.INGESTED:
                raise WorkflowError("SCAN_SESSION_INGESTED", session=shown(session.session_id))
            session = session.model_copy(
                update={
                    "state": ScanState.OPEN,
                    "replace_from": from_sheet,
                    "wanted": wanted if wanted is not None else session.wanted,
                }
            )
        return session

    def under(self, session: ScanSession, terms: IngestTerms) -> ScanSession:
        """A session whose papers are handed in under other terms.

        Raises:
            ConfigError: they may not be used.
        """
        check_terms(terms, self.ports.catalogue)
        return session.model_copy(update={"terms": terms})

    def run(
        self,
        session: ScanSession,
        device: str | None,
        operator: Operator,
        ingest: Ingest,
    ) -> Outcome:
        """Scan what is missing, then hand the whole stack in.

        Args:
            session: from `begin` or `again`.
            device: stable identity or today's name of the scanner; None: the profile's, or the
                one that the session began in.
            operator: the person at the scanner.
            ingest: the main job.

        Raises:
            BatchBusy: another process works on the session.
            ScannerError, ConfigError: see `scan_on`; good sheets are kept.
        """
        ports = self.ports
        with ports.claims.claim(session.session_id):
            if session.state is ScanState.OPEN:
                with ports.workspace.working():
                    session = self._scanned(session, device, operator)
            outcome = ingest(self.sessions.pages(session), _handed_in(session), session.actor)
            if outcome.views:
                batch_id = outcome.views[0].batch.batch_id
                done = {"state": ScanState.INGESTED, "batch_id": batch_id}
                self.sessions.save(session.model_copy(update=done))
        clear_archived(self.sessions, ports.records)
        return outcome

    def discard(self, given: str, actor: Actor) -> ScanSession:
        """Throw a session's sheets away; the ledger keeps that it was done.

        Raises:
            NotFound, ConfigError: see `ScanSessions.find`.
            WorkflowError: `SCAN_SESSION_INGESTED`.
        """
        session = self.sessions.find(given)
        if session.state is ScanState.INGESTED:
            raise WorkflowError("SCAN_SESSION_INGESTED", session=shown(session.session_id))
        with self.ports.claims.claim(session.session_id):
            event = Event(
                event_id=digest("event", "scan.discarded", session.session_id),
                at=self.ports.clock.now(),
                actor=actor,
                action="scan.discarded",
                subjects={
                    "session_id": session.session_id,
                    "sheets": str(self.sessions.sheets(session)),
                },
            )
            self.ports.records.append([event])
            self.ports.records.chain_events()
            self.sessions.remove(session)
        return session

    def _scanned(self, session: ScanSession, device: str | None, operator: Operator) -> ScanSession:
        return scan_on(
            session,
            self.sessions,
            self.ports.scanner,
            lambda: self._device(session, device),
            self.ports.capture,
            operator,
        )

    def _device(self, session: ScanSession, wanted: str | None) -> ScannerDevice:
        devices = self.devices()
        if wanted is not None:
            return choose(devices, wanted, by_name=True)
        if session.devices:
            return choose_again(devices, session.devices[-1])
        return choose(devices, session.profile.device)


def _handed_in(session: ScanSession) -> IngestTerms:
    """The terms with station and scanner, as the transfer note has them."""
    scanners = " + ".join(str(identity) for identity in session.devices)
    station = " · ".join(part for part in (session.terms.station, scanners) if part)
    return session.terms.model_copy(update={"station": station[:LONGEST_STATION] or None})
