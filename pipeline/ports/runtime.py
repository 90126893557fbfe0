"""Ports of the surroundings: time and progress."""

from __future__ import annotations

import datetime as dt
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
