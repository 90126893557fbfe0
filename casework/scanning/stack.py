"""Scanning a stack on from where it stands: every sheet is safe before the next one is fed.

Whatever stops it (a jam, a kill, a full disk), the good sheets stay and the session says at which
sheet to go on. May not come in: which scanner, what becomes of the pages.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Protocol

from casework.scanning.devices import settled_source
from casework.scanning.sessions import ScanSessions
from pipeline.errors import ArchiveUnavailable, ConfigError, FeederEmpty, ScannerError, SohoaError
from pipeline.models.batch import Problem
from pipeline.models.scanning import ScanSession, ScanSource, ScanState
from pipeline.ports.scanning import (
    Capture,
    ScannedSheet,
    ScannedSide,
    Scanner,
    ScannerDevice,
    ScanRequest,
)


class Operator(Protocol):
    """The person at the scanner."""

    def kept(self, sheet: int, pages: int) -> None:
        """Sheet `sheet` (1-based) is safe, with so many pages."""
        ...

    def lays(self, sheet: int) -> bool:
        """Whether they lay sheet `sheet` on the glass; asked for every sheet but the first."""
        ...


def scan_on(
    session: ScanSession,
    sessions: ScanSessions,
    scanner: Scanner,
    find_device: Callable[[], ScannerDevice],
    capture: Capture,
    operator: Operator,
) -> ScanSession:
    """Scan until the stack is whole; the session as it is then (`COMPLETE`), saved.

    Args:
        session: of state `OPEN`.
        sessions: keeps it.
        scanner: drives the device.
        find_device: where the paper lies; not asked where no sheet is missing.
        capture: codes a side.
        operator: is told of every sheet.

    Raises:
        ConfigError: `SCAN_TOO_MANY_WANTED`, `SCAN_SHEET_AHEAD`; the device cannot do it.
        ScannerError: with the number of the sheet that failed, and how many are good.
        ArchiveUnavailable: `DISK_FULL`.
    """
    first = _first(session, sessions)
    if session.wanted is not None and first > session.wanted:
        return _complete(session, sessions)
    device = find_device()
    session = _settled(session, sessions, scanner, device)
    try:
        session = _feed(session, sessions, scanner, device, capture, operator, first)
        return _complete(_checked(session, sessions), sessions)
    except SohoaError as error:
        _stopped(session, sessions, error)
        raise


def _first(session: ScanSession, sessions: ScanSessions) -> int:
    """Number of the next sheet."""
    limit = session.profile.max_sheets
    if session.wanted is not None and session.wanted > limit:
        raise ConfigError("SCAN_TOO_MANY_WANTED", limit=limit)
    next_one = sessions.sheets(session) + 1
    first = session.replace_from or next_one
    if first > next_one:
        raise ConfigError("SCAN_SHEET_AHEAD", kept=next_one - 1)
    return first


def _settled(
    session: ScanSession, sessions: ScanSessions, scanner: Scanner, device: ScannerDevice
) -> ScanSession:
    """Where the paper lies is settled once for a stack: one scanned on both sides stays one."""
    source = settled_source(session.profile.source, scanner.capabilities(device))
    through = tuple(dict.fromkeys((*session.devices, device.identity)))
    profile = session.profile.model_copy(update={"source": source})
    return sessions.save(session.model_copy(update={"profile": profile, "devices": through}))


def _feed(
    session: ScanSession,
    sessions: ScanSessions,
    scanner: Scanner,
    device: ScannerDevice,
    capture: Capture,
    operator: Operator,
    first: int,
) -> ScanSession:
    profile = session.profile
    request = ScanRequest(
        source=profile.source,
        resolution=profile.resolution,
        mode=profile.mode,
        page_mm=(profile.page_width_mm, profile.page_height_mm),
        options=profile.options,
    )
    last = session.wanted or profile.max_sheets
    with contextlib.closing(scanner.sheets(device, request, first=first)) as feed:
        for number in range(first, last + 1):
            by_hand = profile.source is ScanSource.FLATBED and number > first
            if by_hand and not operator.lays(number):
                break
            sheet = next(feed, None)
            if sheet is None:
                break
            pages = [
                capture(side, upside_down=profile.back_turned and is_back)
                for side, is_back in _in_order(sheet, back_first=profile.back_first)
            ]
            if number == first:
                sessions.set_aside(session, number)
                session = sessions.save(session.model_copy(update={"replace_from": None}))
            sessions.keep(session, number, pages)
            operator.kept(number, len(pages))
    return session


def _in_order(sheet: ScannedSheet, *, back_first: bool) -> Iterator[tuple[ScannedSide, bool]]:
    """Front, then back; each with whether it is the back."""
    sides = sheet.sides[::-1] if back_first else sheet.sides
    return zip(sides, (False, True), strict=False)


def _checked(session: ScanSession, sessions: ScanSessions) -> ScanSession:
    """The stack ended; whether that is all of it."""
    kept = sessions.sheets(session)
    if session.wanted is not None and kept < session.wanted:
        raise FeederEmpty("FEEDER_EMPTY_EARLY", kept=kept, wanted=session.wanted)
    if session.wanted is None and kept >= session.profile.max_sheets:
        raise ScannerError("SCAN_SHEETS_LIMIT", limit=session.profile.max_sheets)
    return session


def _complete(session: ScanSession, sessions: ScanSessions) -> ScanSession:
    sessions.set_aside(session, sessions.sheets(session) + 1)  # half a sheet of a killed scan
    if session.wanted is not None:
        sessions.set_aside(session, session.wanted + 1)
    done = {"state": ScanState.COMPLETE, "problem": None, "replace_from": None}
    return sessions.save(session.model_copy(update=done))


def _stopped(session: ScanSession, sessions: ScanSessions, error: SohoaError) -> None:
    """Write down why; one of which nothing came is no session."""
    if not sessions.sheets(session):
        sessions.remove(session)
        return
    problem = Problem(
        code=error.code,
        params=dict(error.params),
        retryable=error.retryable,
        exit_code=int(error.exit_code),
    )
    with contextlib.suppress(ArchiveUnavailable):  # the disk is full: the sheets say it all
        sessions.save(sessions.reread(session).model_copy(update={"problem": problem}))
