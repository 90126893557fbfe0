"""Port `Claims` within one process, for tests of what uses it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Collection, Iterator

from pipeline.errors import ArchiveUnavailable, BatchBusy


class MemoryClaims:
    """Port `Claims` between threads; `lose` is what a broken connection does."""

    def __init__(self) -> None:
        self._held: set[str] = set()
        self._lost: set[str] = set()
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def claim(self, name: str, *, wait: bool = False) -> Iterator[None]:
        """See `Claims.claim`."""
        with self._changed:
            if wait:
                self._changed.wait_for(lambda: name not in self._held)
            if name in self._held:
                raise BatchBusy(batch=name[:12])
            self._held.add(name)
        try:
            yield
        finally:
            with self._changed:
                self._held.discard(name)
                self._lost.discard(name)
                self._changed.notify_all()

    def held(self, name: str) -> bool:
        """See `Claims.held`."""
        with self._changed:
            return name in self._held and name not in self._lost

    def held_of(self, names: Collection[str]) -> frozenset[str]:
        """See `Claims.held_of`."""
        return frozenset(filter(self.held, names))

    def check(self, name: str) -> None:
        """See `Claims.check`."""
        with self._changed:
            if name in self._lost:
                raise ArchiveUnavailable("CLAIM_LOST", batch=name[:12])

    def lose(self, name: str) -> None:
        """Let a holder's claim be lost."""
        with self._changed:
            self._lost.add(name)
