"""Typed queries: what a person typed, cut into what an engine is asked. Every input is data.

    nguyen van an            all words, in any form; the last may be unfinished
    "lương hưu"              these words together, exactly as written
    079 085 001234           a number, with or without gaps
    123/QĐ-BHXH, DEV-2611    a document number, the beginning of a dossier code

May not come in: an engine's own query language.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from pipeline.errors import SearchError
from pipeline.ids import LEGAL_ZONE
from pipeline.textnorm import nfc
from search.terms import code_key, exact_terms, folded_terms, join_numbers

MAX_LENGTH = 300
"""Characters of a query."""
MAX_TERMS = 40
MAX_LIMIT = 1000
"""Hits of one answer."""
PREFIX_MIN = 3
"""Characters of a key from which the beginning of a dossier code counts."""

_OPEN_MIN = 2
_QUOTED = re.compile(r"[\"“”„]([^\"“”„]*)[\"“”„]")


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for, and where. Filters are exact; None does not filter."""

    text: str
    procedure: str | None = None
    component: str | None = None
    """Component code of the catalogue."""
    from_date: dt.date | None = None
    """Taken in on this day (Asia/Ho_Chi_Minh) or later."""
    units: tuple[str, ...] | None = None
    """Units whose papers may be seen; an empty tuple finds nothing."""
    sensitive: bool | None = None
    """False leaves sensitive papers out."""
    limit: int = 20

    @property
    def since(self) -> float | None:
        """`from_date` as seconds of the epoch: its first moment in the legal zone."""
        if self.from_date is None:
            return None
        midnight = dt.datetime.combine(self.from_date, dt.time(), tzinfo=LEGAL_ZONE)
        return midnight.timestamp()


@dataclass(frozen=True, slots=True)
class Parsed:
    """A query's text, cut."""

    key: str
    """The whole text as one code or number (`search.terms.code_key`)."""
    exact: tuple[str, ...]
    """All terms in order, diacritics kept: a name."""
    folded: tuple[str, ...]
    """The same, folded."""
    words: tuple[str, ...]
    """Folded terms outside quotation marks; grouped numbers are one term."""
    open_ended: bool
    """The last of `words` may be the beginning of a term."""
    phrases: tuple[tuple[str, ...], ...]
    """Exact terms that were quoted, each a phrase."""


def parse(query: Query) -> Parsed:
    """Cut a query's text.

    Raises:
        SearchError: `QUERY_EMPTY` (no letter or digit), `QUERY_TOO_LONG`, `QUERY_LIMIT`.
    """
    if not 1 <= query.limit <= MAX_LIMIT:
        raise SearchError("QUERY_LIMIT", limit=query.limit, most=MAX_LIMIT)
    if len(query.text) > MAX_LENGTH:
        raise SearchError("QUERY_TOO_LONG", length=len(query.text), most=MAX_LENGTH)
    text = nfc(query.text)
    exact, folded = exact_terms(text), folded_terms(text)
    if not folded:
        raise SearchError("QUERY_EMPTY")
    if len(folded) > MAX_TERMS:
        raise SearchError("QUERY_TOO_LONG", length=len(folded), most=MAX_TERMS)
    phrases = tuple(filter(None, (exact_terms(quoted) for quoted in _QUOTED.findall(text))))
    loose = _QUOTED.sub(" ; ", text)
    words = folded_terms(join_numbers(loose))
    return Parsed(
        key=code_key(text),
        exact=exact,
        folded=folded,
        words=words,
        open_ended=bool(words) and len(words[-1]) >= _OPEN_MIN and loose[-1:].isalnum(),
        phrases=phrases,
    )
