"""A clock that stands still until it is told to move."""

from __future__ import annotations

import datetime as dt


class StillClock:
    """Port `Clock`."""

    def __init__(self, moment: dt.datetime) -> None:
        self.moment = moment

    def now(self) -> dt.datetime:
        return self.moment

    def pass_(self, delta: dt.timedelta) -> None:
        """Let time pass."""
        self.moment += delta
