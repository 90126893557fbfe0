"""A watched folder: what has arrived and stands still is taken; nothing stops the watch.

A source leaves the folder only when it is still what was taken in, all of it, and either the
archive has returned its version (moved to `archived/`) or its bytes lie in quarantine (moved to
`refused/`). Everything else stays where it is: what waits for a service, a key or a person is
tried again at growing intervals, what changed is taken like something new. Said is only what is
new about a source. May not come in: how a source is taken in, words for people.
"""

from __future__ import annotations

import math
import os
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias

from flows.batches import Outcome
from pipeline.errors import (
    ConfigError,
    IntakeError,
    NotFound,
    SohoaError,
    UnsafeInput,
    UnsettledInput,
)
from pipeline.models.batch import BatchState

ARCHIVED: Final = "archived"
REFUSED: Final = "refused"

_EVERY: Final = (0.1, 3600.0)
"""Shortest and longest pause between two looks, seconds."""
_LONGEST_WAIT: Final = 60.0
_REVIEW_WAITS: Final = (60.0, 600.0)
"""First and longest wait for a person's answer, seconds; it goes on by itself once given."""
_MAY_PASS: Final = ("SOURCE_UNMOVABLE", "INTERNAL")
_FOLDER_OF: Final = {BatchState.ARCHIVED: ARCHIVED, BatchState.QUARANTINED: REFUSED}

Said: TypeAlias = Outcome | SohoaError
Ingest: TypeAlias = Callable[[Path], Outcome]


@dataclass(frozen=True, slots=True)
class _Look:
    """A source as it stands in the folder."""

    marks: tuple[tuple[object, ...], ...]
    """Differ whenever anything of the source does."""
    newest: float
    """Newest change, seconds since the epoch."""
    entries: int
    """Files, hidden ones and subfolders too; 1 for a file."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What the watch knows of a source."""

    look: _Look
    since: float
    """When it was first seen like this."""
    due: float = 0.0
    """When to take it (again)."""
    tried: float = 0.0
    wait: float = 0.0
    """Before the next try, seconds."""
    gists: tuple[object, ...] = ()
    """What was said of it last."""


class Watcher:
    """Watches one folder, without recursion; a folder inside it is one batch."""

    def __init__(
        self,
        folder: Path,
        *,
        settle_seconds: float,
        now: Callable[[], float] = time.time,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        """Watch `folder`; a source is taken when it stood still for `settle_seconds`.

        Args:
            folder: where scans arrive.
            settle_seconds: see there.
            now: seconds since the epoch.
            pause: lets so many seconds pass.
        """
        self._folder = folder
        self._settle_seconds = settle_seconds
        self._now = now
        self._pause = pause
        self._known: dict[Path, _Known] = {}
        self.source = ""
        """Name of the source that was spoken of last."""

    def outcomes(self, ingest: Ingest, *, once: bool, every: float) -> Iterator[Said]:
        """What became of every source that arrived.

        Args:
            ingest: the main job.
            once: stop when each source that is there was taken once.
            every: seconds between two looks.

        Raises:
            NotFound: `SOURCE_MISSING`, no such folder.
            UnsafeInput: `PERMISSION_DENIED`, the folder may not be listed.
        """
        every = min(max(_EVERY[0], every), _EVERY[1])
        self._check()
        while True:
            for source in self._sources():
                self.source = source.name
                yield from self._visit(source, ingest, every, patient=once)
            if once:
                return
            self._pause(every)

    # -- looking ----------------------------------------------------------------------------

    def _check(self) -> None:
        try:
            next(self._folder.iterdir(), None)
        except PermissionError as error:
            raise UnsafeInput("PERMISSION_DENIED") from error
        except OSError as error:
            raise NotFound("SOURCE_MISSING") from error

    def _sources(self) -> list[Path]:
        """What is there; nothing while the folder cannot be reached."""
        try:
            entries = sorted(self._folder.iterdir())
        except OSError:
            return []
        self._known = {path: self._known[path] for path in entries if path in self._known}
        own = (ARCHIVED, REFUSED)
        return [e for e in entries if not e.name.startswith(".") and e.name not in own]

    def _visit(
        self, source: Path, ingest: Ingest, every: float, *, patient: bool
    ) -> Iterator[Said]:
        look = _look_at(source)
        if look is None:
            return
        known = self._known.get(source)
        if known is None or known.look != look:
            known = self._known[source] = _Known(look, since=self._now())
        if known.tried <= self._now() < known.due:
            return
        wait = self._settle_seconds - self._quiet(known)
        if wait > 0:
            if not patient:
                return
            self._pause(wait)
            if _look_at(source) != look:
                yield UnsettledInput()
                return
        yield from self._take(source, known, ingest, every)

    def _quiet(self, known: _Known) -> float:
        """For how long a source has stood still, seconds; also where its clock is ahead."""
        now = self._now()
        return max(now - (known.look.newest if known.look.newest <= now else known.since), 0.0)

    # -- taking -----------------------------------------------------------------------------

    def _take(self, source: Path, known: _Known, ingest: Ingest, every: float) -> Iterator[Said]:
        said: list[Said] = []
        soon = (every, max(every, _LONGEST_WAIT))
        pace: tuple[float, float] | None = None
        try:
            outcome = _ingested(ingest, source)
            said.append(outcome)
            states = {view.state for view in outcome.views}
            if states & {BatchState.PENDING, BatchState.AWAITING_SIGNATURE}:
                pace = soon
            elif BatchState.NEEDS_REVIEW in states:
                pace = _REVIEW_WAITS
            self._clear(source, known.look, outcome)
        except SohoaError as error:
            said.append(error)
            pace = soon if error.retryable or error.code in _MAY_PASS else pace
        gists = tuple(map(_gist, said))
        self._known[source] = self._after(replace(known, gists=gists), pace)
        yield from (s for s, gist in zip(said, gists, strict=True) if gist not in known.gists)

    def _after(self, known: _Known, pace: tuple[float, float] | None) -> _Known:
        now = self._now()
        if pace is None:
            return replace(known, tried=-math.inf, due=math.inf)
        first, longest = pace
        wait = min(max(2 * known.wait, first), longest)
        return replace(known, tried=now, due=now + wait, wait=wait)

    def _clear(self, source: Path, look: _Look, outcome: Outcome) -> None:
        """Move a source that is finished and still what was taken in.

        Raises:
            UnsettledInput: it changed meanwhile.
            IntakeError: `SOURCE_LEFT`, it holds what was not taken in.
            ConfigError: `SOURCE_UNMOVABLE`.
        """
        if outcome.refused is not None:
            folder, taken = REFUSED, 0
            refused = outcome.refused.files
            if not all(f.sha256 for f in refused):
                return
        else:
            states = {view.state for view in outcome.views}
            finished = _FOLDER_OF.get(states.pop()) if len(states) == 1 else None
            if finished is None:
                return
            batch = outcome.views[0].batch
            folder, taken, refused = finished, len(batch.sources), batch.refused
        if _look_at(source) != look:
            raise UnsettledInput
        if look.entries != taken + len(refused) or not all(f.sha256 for f in refused):
            raise IntakeError("SOURCE_LEFT")
        self._move(source, folder)

    def _move(self, source: Path, folder: str) -> None:
        target = self._folder / folder
        name, number = source.name, 1
        try:
            target.mkdir(exist_ok=True)
            while os.path.lexists(target / name):
                name = f"{source.stem}.{number}{source.suffix}"
                number += 1
            source.rename(target / name)
        except OSError as error:
            problem = os.strerror(error.errno or 0)
            raise ConfigError("SOURCE_UNMOVABLE", problem=problem) from error


def _ingested(ingest: Ingest, source: Path) -> Outcome:
    try:
        return ingest(source)
    except OSError as error:
        raise SohoaError("INTERNAL", kind=type(error).__name__) from error


def _look_at(source: Path) -> _Look | None:
    """A source as it is now; None where nothing has arrived or it cannot be looked at."""
    try:
        own = source.lstat()
        if not stat.S_ISDIR(own.st_mode):
            return _Look(marks=(_mark("", own),), newest=own.st_mtime, entries=1)
        marks: list[tuple[object, ...]] = [("", own.st_ino, own.st_mtime_ns)]
        newest = own.st_mtime
        entries = _entries(source)
        for entry in entries or ():
            if entry.is_dir(follow_symlinks=False):
                marks.append((entry.name,))
            else:
                found = entry.stat(follow_symlinks=False)
                marks.append(_mark(entry.name, found))
                newest = max(newest, found.st_mtime)
    except OSError:
        return None
    if entries is not None and all(entry.name.startswith(".") for entry in entries):
        return None
    return _Look(marks=tuple(marks), newest=newest, entries=len(marks) - 1)


def _entries(folder: Path) -> list[os.DirEntry[str]] | None:
    """What a folder holds, by name; None where it may not be listed."""
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda entry: entry.name)
    except PermissionError:
        return None


def _mark(name: str, found: os.stat_result) -> tuple[object, ...]:
    return name, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _gist(said: Said) -> object:
    """What makes two things said of a source the same news."""
    if isinstance(said, SohoaError):
        return said.code, said.params
    if said.refused is not None:
        return [(f.sha256, f.code) for f in said.refused.files]
    return [(v.state, v.problem, [r.item.review_id for r in v.open_reviews]) for v in said.views]
