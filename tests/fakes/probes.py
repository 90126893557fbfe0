"""A lock probe for tests: forbids everything but what it is told to let through."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Collection

from pipeline.errors import ArchiveUnavailable
from pipeline.ports.custody import Attempt, Sight
from tests.fakes.clocks import StillClock


class MemoryProbe:
    """Port `LockProbe` over one bucket in memory.

    `lets_through` may be changed while it is used: pairs of identity and attempt that succeed.
    As on a real store, the writer's put over the key makes a newer version.
    """

    def __init__(
        self, clock: StillClock, *, identities: tuple[str, ...] = ("writer", "reader", "remover")
    ) -> None:
        self._clock = clock
        self._identities = identities
        self.lets_through: set[tuple[str, Attempt]] = set()
        self.overlooks_locks = False
        """What is put is not locked."""
        self.blind: Collection[str] = ()
        """Identities that cannot even read."""
        self.powerless: Collection[str] = ()
        """Identities that cannot even remove what is not locked."""
        self.down_after: int | None = None
        """Requests until the server stops to answer."""
        self.versions: dict[str, Sight] = {}
        self.markers = 0
        self.planted = 0

    @property
    def identities(self) -> tuple[str, ...]:
        return self._identities

    @property
    def removers(self) -> tuple[str, ...]:
        return tuple(who for who in self._identities if who == "remover")

    def removes(self, who: str, key: str, content: bytes) -> bool:
        self._answer()
        return who == "remover" and who not in self.powerless

    def plant(self, key: str, content: bytes, until: dt.datetime) -> str:
        self._answer()
        self.planted += 1
        version_id = f"v{self.planted}"
        sha256 = hashlib.sha256(content).hexdigest()
        locks = not self.overlooks_locks
        self.versions[version_id] = Sight(sha256, until if locks else None, locks)
        return version_id

    def renew(self, key: str, version_id: str, until: dt.datetime) -> None:
        self._answer()
        self.versions[version_id] = dataclasses.replace(
            self.versions[version_id], locked_until=until
        )

    def look(self, key: str, version_id: str) -> Sight | None:
        self._answer()
        return self.versions.get(version_id)

    def reaches(self, who: str, key: str, version_id: str) -> bool:
        self._answer()
        return version_id in self.versions and who not in self.blind

    def attempt(self, what: Attempt, who: str, key: str, version_id: str) -> bool:
        self._answer()
        if (who, what) not in self.lets_through:
            return what is Attempt.OVERWRITE and who == self._identities[0]
        seen = self.versions[version_id]
        if what is Attempt.DELETE_MARKER:
            self.markers += 1
        elif what is Attempt.SHORTEN:
            shorter = self._clock.now() + dt.timedelta(minutes=10)
            self.versions[version_id] = dataclasses.replace(seen, locked_until=shorter)
        elif what is Attempt.WEAKEN:
            self.versions[version_id] = dataclasses.replace(seen, compliant=False)
        elif what is Attempt.OVERWRITE:
            self.versions[version_id] = dataclasses.replace(seen, sha256="0" * 64)
        else:
            del self.versions[version_id]
        return True

    def _answer(self) -> None:
        if self.down_after is not None:
            self.down_after -= 1
            if self.down_after < 0:
                raise ArchiveUnavailable
