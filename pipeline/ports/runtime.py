"""Ports of the surroundings: time, progress, and who works on what."""

from __future__ import annotations

import datetime as dt
from contextlib import AbstractContextManager
from typing import Protocol


class Clock(Protocol):
    """The time."""

    def now(self) -> dt.datetime:
        """An aware moment, UTC."""
        ...


class Progress(Protocol):
    """Progress of long work, for a bar; never required to show anything."""

    def step(self, name: str, done: int, total: int) -> None:
        """Step `name` has done `done` of `total` units (pages or components)."""
        ...


class Claims(Protocol):
    """Who works on what: one process at a time; a dead process's claims are free at once."""

    def claim(self, name: str, *, wait: bool = False) -> AbstractContextManager[None]:
        """Hold a name while the context lasts.

        Args:
            name: what is claimed.
            wait: wait for a living process instead of refusing; for short work only.

        Raises:
            BatchBusy: a living process holds it.
        """
        ...

    def held(self, name: str) -> bool:
        """True where a living process holds a name."""
        ...
