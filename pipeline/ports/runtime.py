"""Ports of the surroundings: time, progress, and who works on what."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
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
    """Who works on what: leases that die with their process, on this host or on many.

    A claim spares double work; it does not guard the truth. Every step is idempotent and the first
    commit wins, so that a short overlap, after a broken connection, does no harm.

    Raises (all methods): ArchiveUnavailable where claims cannot be asked for.
    """

    def claim(self, name: str, *, wait: bool = False) -> AbstractContextManager[None]:
        """Work on something alone; the claim of a dead process is free within a second.

        Not re-entrant: what this process holds is busy for itself, too, and waiting for it would
        be for ever.

        Args:
            name: what is claimed: a batch_id, or another digest.
            wait: wait for a living process instead of refusing; for short work only.

        Raises:
            BatchBusy: a living process holds it.
        """
        ...

    def held(self, name: str) -> bool:
        """True where a living process, this one included, holds it; disturbs nobody."""
        ...

    def held_of(self, names: Collection[str]) -> frozenset[str]:
        """Those of the names that a living process holds, as of one moment or nearly so."""
        ...

    def check(self, name: str) -> None:
        """Between two steps: is what was claimed here still ours? Nothing where it never was.

        Raises:
            ArchiveUnavailable: `CLAIM_LOST`: stop, another process may have taken it over.
        """
        ...
