"""Reading no faster than is allowed. May not come in: what is read."""

from __future__ import annotations

import time
from collections.abc import Callable


class Pacer:
    """Holds a reader back to a rate over time; pauses are not saved up.

    A reader that was slower than allowed for a while may not make up for it by a burst: the server
    that it spares has other readers now.
    """

    def __init__(
        self,
        bytes_per_second: float | None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Start now.

        Args:
            bytes_per_second: the rate; None: none.
            clock: seconds that never go back.
            sleep: waits for seconds.
        """
        self._rate = bytes_per_second
        self._clock = clock
        self._sleep = sleep
        self._free_at = clock()

    def read(self, size: int) -> None:
        """Told of bytes that were read; returns when the next may be.

        Args:
            size: bytes.
        """
        if self._rate is None:
            return
        now = self._clock()
        self._free_at = max(self._free_at, now) + size / self._rate
        if self._free_at > now:
            self._sleep(self._free_at - now)
