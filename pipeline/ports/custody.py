"""Port of the lock probe: does to one object what nobody may, to see whether the store forbids it.

May not come in: what an answer means (`casework.custody.canary`).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Attempt(StrEnum):
    """What is tried on a locked version, from the least to the most destructive."""

    DELETE_MARKER = "delete_marker"
    """To hide it: a deletion that names no version."""
    SHORTEN = "shorten"
    """To end its lock earlier."""
    WEAKEN = "weaken"
    """To turn its lock into one that a privileged identity may lift."""
    OVERWRITE = "overwrite"
    """To put other bytes under its key."""
    DELETE = "delete"
    """To remove it by its version id."""
    FORCE_DELETE = "force_delete"
    """The same, asking that the lock be set aside."""


@dataclass(frozen=True, slots=True)
class Sight:
    """A version as the store shows it, its bytes read."""

    sha256: str
    """Of the bytes that were read, not of what the store says of them."""
    locked_until: dt.datetime | None
    """UTC; None: not locked."""
    compliant: bool
    """True for a lock that nobody may lift."""


class LockProbe(Protocol):
    """Tries a store's locks with every identity that Sohoa was given.

    Raises (all methods): ArchiveUnavailable where the server does not answer, so that nothing can
    be said; ConfigError where an identity or the bucket cannot be used at all.
    """

    @property
    def identities(self) -> tuple[str, ...]:
        """Names of the identities: their role, not their key. The first one writes."""
        ...

    @property
    def removers(self) -> tuple[str, ...]:
        """Those of them whose task is to remove what no lock protects."""
        ...

    def removes(self, who: str, key: str, content: bytes) -> bool:
        """True where an identity can remove an unlocked version that is put for it to try on.

        A remover that cannot proves nothing by being refused a locked one.
        """
        ...

    def plant(self, key: str, content: bytes, until: dt.datetime) -> str:
        """Put a locked version, whatever lies under the key; its version id."""
        ...

    def renew(self, key: str, version_id: str, until: dt.datetime) -> None:
        """Let the lock of a version last longer."""
        ...

    def look(self, key: str, version_id: str) -> Sight | None:
        """A version and its lock, as the identity sees it that writes; None where there is none."""
        ...

    def reaches(self, who: str, key: str, version_id: str) -> bool:
        """True where an identity can read a version: one that cannot proves nothing."""
        ...

    def attempt(self, what: Attempt, who: str, key: str, version_id: str) -> bool:
        """Try it; False where the server refused. What came of it is for `look` to tell."""
        ...
