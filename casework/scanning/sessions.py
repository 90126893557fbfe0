"""Scan sessions: the sheets of one stack, safe on the disk one by one.

Below the workspace, so that no sheet waits for another or for the archive:

    scans/{session_id}/session.json        how far it is
    scans/{session_id}/pages/…/0003-1.jpg  side one of sheet three, in the order of the stack
    scans/{session_id}/replaced/           sheets that were scanned again

A file is there whole or not at all; which sheets are good is what lies there, never a number that
is written down beside it. May not come in: devices, batches.
"""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from pipeline.errors import ConfigError, NotFound
from pipeline.ids import shown
from pipeline.models.batch import BatchState
from pipeline.models.scanning import ScanSession, ScanSource, ScanState
from pipeline.ports.records import Records
from pipeline.ports.scanning import CapturedPage
from pipeline.workspace import Workspace, write_atomically

_PAGE: Final = re.compile(r"(\d{4,})-(\d)\.(?:jpg|tif)")
_STATE: Final = "session.json"
_SHORTEST: Final = 4
"""Letters of a session's id that name it."""


class ScanSessions:
    """The sessions of one home."""

    def __init__(self, workspace: Workspace) -> None:
        """Nothing is made before the first session."""
        self._root = workspace.root / "scans"

    def all(self) -> tuple[ScanSession, ...]:
        """All sessions, oldest first; a torn one is none."""
        found = []
        for path in self._root.glob(f"*/{_STATE}"):
            try:
                found.append(ScanSession.model_validate_json(path.read_bytes()))
            except (OSError, ValidationError):
                continue
        return tuple(sorted(found, key=lambda s: (s.started_at, s.session_id)))

    def find(self, given: str | None) -> ScanSession:
        """A session by the beginning of its id; the only unfinished one where none is given.

        Raises:
            NotFound: `SCAN_SESSION_UNKNOWN`, `SCAN_SESSION_NONE`.
            ConfigError: `SCAN_SESSIONS_SEVERAL`.
        """
        if given is None:
            fits = [s for s in self.all() if s.state is not ScanState.INGESTED]
            if not fits:
                raise NotFound("SCAN_SESSION_NONE")
        else:
            fits = [s for s in self.all() if s.session_id.startswith(given.lower())]
            if not fits or len(given) < _SHORTEST:
                raise NotFound("SCAN_SESSION_UNKNOWN", session=given[:64])
        if len(fits) > 1:
            names = ", ".join(shown(s.session_id) for s in fits)
            raise ConfigError("SCAN_SESSIONS_SEVERAL", sessions=names)
        return fits[0]

    def reread(self, session: ScanSession) -> ScanSession:
        """As it was saved last."""
        path = self._folder(session) / _STATE
        return ScanSession.model_validate_json(path.read_bytes())

    def save(self, session: ScanSession) -> ScanSession:
        """Write down how far it is.

        Raises:
            ArchiveUnavailable: `DISK_FULL`.
        """
        folder = self._made(self._folder(session))
        write_atomically(folder / _STATE, session.model_dump_json(indent=1).encode())
        return session

    def pages(self, session: ScanSession) -> Path:
        """The folder of its pages, fit to be taken in as a source."""
        return self._folder(session) / "pages" / f"scan-{shown(session.session_id)}"

    def sheets(self, session: ScanSession) -> int:
        """Good sheets, counted from the first to the first gap."""
        sides = 2 if session.profile.source is ScanSource.DUPLEX else 1
        there = Counter(int(match[1]) for _, match in self._files(session))
        count = 0
        while there[count + 1] == sides:
            count += 1
        return count

    def keep(self, session: ScanSession, number: int, sides: Sequence[CapturedPage]) -> None:
        """Put a sheet where it belongs, each side whole or not at all.

        Raises:
            ArchiveUnavailable: `DISK_FULL`.
        """
        folder = self._made(self.pages(session))
        for n, side in enumerate(sides, start=1):
            write_atomically(folder / f"{number:04d}-{n}{side.suffix}", side.data)

    def set_aside(self, session: ScanSession, number: int) -> None:
        """Take sheets from this number on, and halves of such, out of the stack; the last first."""
        files = [path for path, match in self._files(session) if int(match[1]) >= number]
        if not files:
            return
        aside = self._made(self._folder(session) / "replaced")
        taken = len(list(aside.iterdir()))
        for n, path in enumerate(sorted(files, reverse=True), start=taken):
            os.replace(path, aside / f"{n:04d}-{path.name}")

    def remove(self, session: ScanSession) -> None:
        """Remove it with all its sheets; the state first: what is left is no session."""
        folder = self._folder(session)
        (folder / _STATE).unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)

    def _folder(self, session: ScanSession) -> Path:
        return self._root / session.session_id

    def _files(self, session: ScanSession) -> list[tuple[Path, re.Match[str]]]:
        try:
            paths = sorted(self.pages(session).iterdir())
        except FileNotFoundError:
            return []
        return [(path, match) for path in paths if (match := _PAGE.fullmatch(path.name))]

    def _made(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder


def clear_archived(sessions: ScanSessions, records: Records) -> None:
    """Remove sessions whose pages the archive has; all others stay."""
    for session in sessions.all():
        if session.batch_id is None:
            continue
        try:
            state = records.batch(session.batch_id).state
        except NotFound:
            continue
        if state is BatchState.ARCHIVED:
            sessions.remove(session)
