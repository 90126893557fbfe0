"""A watched folder: what has arrived and stands still is taken, once; nothing stops the watch.

A file leaves the folder only after the archive has returned its version (moved to `archived/`) or
after its bytes lie in quarantine (moved to `refused/`). Held batches stay where they are.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from flows.services import Outcome
from pipeline.errors import SohoaError
from pipeline.models.batch import BatchState

ARCHIVED = "archived"
REFUSED = "refused"

Signature = tuple[int, int, int]


class Watcher:
    """Watches one folder, without recursion; a folder inside it is one batch."""

    def __init__(self, folder: Path, *, settle_seconds: float) -> None:
        """Watch `folder`; a source is taken when it stood still for `settle_seconds`."""
        self._folder = folder
        self._settle_seconds = settle_seconds
        self._handled: dict[Path, Signature] = {}
        self._pause = threading.Event()

    def outcomes(
        self, ingest: Callable[[Path], Outcome], *, once: bool, every: float
    ) -> Iterator[Outcome | SohoaError]:
        """What became of every source that arrived.

        Args:
            ingest: the main job.
            once: stop when all that is there was handled.
            every: seconds between two looks.
        """
        while True:
            for source in self._settled(patient=once):
                try:
                    outcome = ingest(source)
                except SohoaError as error:
                    yield error
                    continue
                self._clear(source, outcome)
                yield outcome
            if once:
                return
            self._pause.wait(every)

    def _settled(self, *, patient: bool) -> Iterator[Path]:
        try:
            entries = sorted(self._folder.iterdir())
        except OSError:
            return
        for source in entries:
            if source.name.startswith(".") or source.name in (ARCHIVED, REFUSED):
                continue
            seen = _signature(source)
            if seen is None or self._handled.get(source) == seen:
                continue
            quiet = time.time() - seen[1] / 1e9
            if quiet < self._settle_seconds:
                if not patient:
                    continue
                self._pause.wait(self._settle_seconds - max(quiet, 0.0))
                if _signature(source) != seen:
                    continue
            self._handled[source] = seen
            yield source

    def _clear(self, source: Path, outcome: Outcome) -> None:
        if outcome.refused is not None:
            if all(f.sha256 for f in outcome.refused.files):
                self._move(source, REFUSED)
        elif outcome.views and all(v.state is BatchState.ARCHIVED for v in outcome.views):
            self._move(source, ARCHIVED)

    def _move(self, source: Path, folder: str) -> None:
        target = self._folder / folder
        target.mkdir(exist_ok=True)
        name, number = source.name, 1
        while (target / name).exists():
            name = f"{source.stem}.{number}{source.suffix}"
            number += 1
        source.rename(target / name)
        self._handled.pop(source, None)


def _signature(source: Path) -> Signature | None:
    """Newest change, size and count of a source; None where it cannot be looked at."""
    try:
        files = [p for p in source.iterdir() if p.is_file()] if source.is_dir() else [source]
        stats = [f.lstat() for f in files]
    except OSError:
        return None
    if not stats:
        return None
    return len(stats), max(s.st_mtime_ns for s in stats), sum(s.st_size for s in stats)
