"""Port `Timestamps` without an authority: a response is a line of text."""

from __future__ import annotations

import datetime as dt

from pipeline.errors import TimestampError


class PlainTimestamps:
    """Stamps until it is told that it is down, or for so many times."""

    def __init__(self, at: dt.datetime, *, available: bool = True, answers: int = 10**6) -> None:
        self.at = at
        self._available = available
        self.answers = answers
        """How often it still answers."""
        self.asked = 0
        self.standing: str | None = None
        """Code of what is wrong with the authority's certificate; None: it stood."""

    @property
    def available(self) -> bool:
        return self._available

    def stamp(self, sha256: str) -> bytes:
        if not self._available:
            raise TimestampError("TIMESTAMP_NOT_SET")
        self.asked += 1
        if self.answers == 0:
            raise TimestampError("TIMESTAMP_UNAVAILABLE", problem="down")
        self.answers -= 1
        return f"{self.at.isoformat()} {sha256}".encode()

    def read(self, response: bytes, sha256: str) -> dt.datetime:
        try:
            at, told = response.decode().split(" ")
            moment = dt.datetime.fromisoformat(at)
        except ValueError as error:
            raise TimestampError("TIMESTAMP_UNUSABLE", problem="no token") from error
        if told != sha256:
            raise TimestampError("TIMESTAMP_UNUSABLE", problem="over something else")
        return moment

    def ensure_stood(self, response: bytes, sha256: str) -> None:
        self.read(response, sha256)
        if self.standing is not None:
            raise TimestampError(self.standing)
