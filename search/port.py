"""Port of the component index: what every engine promises, and what it answers.

The contract suite compares hit set and tier, never scores of an engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol

from search.documents import Document
from search.query import Query


class Tier(IntEnum):
    """How a hit was found; better ones come first."""

    TEXT = 1
    """All words stand somewhere in the component, or its dossier code begins so."""
    FOLDED_NAME = 2
    """The words stand together in one person's name, diacritics aside."""
    EXACT_NAME = 3
    """The same, with their diacritics."""
    EXACT_ID = 4
    """The whole query is one of its numbers or codes."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One component found."""

    dossier_code: str
    component_id: str
    code: str
    unit: str
    procedure: str | None
    full_name: str | None
    """Holder's name as read; see `unverified`."""
    snippet: str
    """Piece of the original text, matches between « and »."""
    tier: Tier
    sensitive: bool
    unverified: tuple[str, ...]
    """Names of fields that no person has confirmed."""

    @property
    def score(self) -> float:
        """The tier as a number, 1.0 to 4.0."""
        return float(self.tier)


@dataclass(frozen=True, slots=True)
class Results:
    """The best hits, by tier, then dossier code, then component_id."""

    total: int
    """All hits, also those beyond the limit."""
    hits: tuple[Hit, ...]


def ordered(documents: Sequence[Document], orders: Sequence[int]) -> Iterator[tuple[Document, int]]:
    """Documents with their orders, as `ComponentIndex.put` takes them."""
    return zip(documents, orders or (0,) * len(documents), strict=True)


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A new index."""

    count: int
    """Components in it."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """The engine's name of its reason, by component_id: it will never take these as they are."""


class ComponentIndex(Protocol):
    """Finds components. Derived: everything in it can be rebuilt from the archive.

    Raises (every method): SearchUnavailable `INDEX_BUSY`, `INDEX_DISK_FULL`, `INDEX_DAMAGED`
    (rebuild it), `INDEX_OUTDATED` (rebuild it), `INDEX_UNREACHABLE`, `SEARCH_UNAVAILABLE`;
    ConfigError `INDEX_DENIED`, `INDEX_UNTRUSTED`, `INDEX_NAME_TAKEN` where the settings of a
    server are wrong.
    """

    def create(self) -> None:
        """Make an empty index where there is none; one that is there stays as it is.

        For a new home. An index that got lost must be rebuilt, not created.
        """
        ...

    def put(self, documents: Sequence[Document], orders: Sequence[int] = ()) -> Mapping[str, str]:
        """Add documents, replacing those of the same component_id; found from now on.

        Where it raises, some may have been added: putting them again is harmless. What the engine
        will never take holds up no other.

        Args:
            documents: at most one of a component.
            orders: by document, the number of the delivery that it was drawn for; where the index
                has one of a higher number, that one stays: a delivery that was overtaken does
                not bring old values back. Empty: 0 for all.

        Returns:
            The engine's name of its reason, by component_id, for each that it will never take.
        """
        ...

    def remove(self, component_ids: Iterable[str]) -> None:
        """Forget components; unknown ones are no error."""
        ...

    def search(self, query: Query) -> Results:
        """Components that a query finds.

        Raises:
            SearchError: `QUERY_EMPTY`, `QUERY_TOO_LONG`, `QUERY_LIMIT`.
        """
        ...

    def ids(self) -> frozenset[str]:
        """Every component_id in the index (for audits)."""
        ...

    def count(self) -> int:
        """Number of components."""
        ...

    def rebuild(self, documents: Iterable[Document]) -> Rebuilt:
        """Replace the whole content at once; a damaged or missing index is made anew.

        Built beside and switched to at the end: searches see the old content until then, and keep
        it where `documents` raises.

        Returns:
            What the new index holds, and what the engine never takes: that is not found any more.
        """
        ...
