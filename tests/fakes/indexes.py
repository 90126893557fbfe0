"""A component index in memory: the plainest reading of the port, to compare engines with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from search.documents import Document
from search.port import Hit, Rebuilt, Results, Tier, ordered
from search.query import PREFIX_MIN, Parsed, Query, parse
from search.snippets import snippet
from search.terms import code_key, exact_terms, folded_terms, joined_numbers


class MemoryIndex:
    """Looks at every document for every query."""

    def __init__(self) -> None:
        self._documents: dict[str, Document] = {}
        self._orders: dict[str, int] = {}
        self.refuses: set[str] = set()
        """Components that it will never take."""

    def create(self) -> None:
        pass

    def put(self, documents: Sequence[Document], orders: Sequence[int] = ()) -> Mapping[str, str]:
        for document, order in ordered(documents, orders):
            if document.component_id in self.refuses:
                continue
            if order >= self._orders.get(document.component_id, 0):
                self._documents[document.component_id] = document
                self._orders[document.component_id] = order
        given = {document.component_id for document in documents}
        return {component_id: "never" for component_id in given & self.refuses}

    def remove(self, component_ids: Iterable[str]) -> None:
        for component_id in component_ids:
            self._documents.pop(component_id, None)
            self._orders.pop(component_id, None)

    def ids(self) -> frozenset[str]:
        return frozenset(self._documents)

    def count(self) -> int:
        return len(self._documents)

    def rebuild(self, documents: Iterable[Document]) -> Rebuilt:
        given = {d.component_id: d for d in documents}
        self._documents = {name: d for name, d in given.items() if name not in self.refuses}
        self._orders = {}
        return Rebuilt(
            len(self._documents), {name: "never" for name in given if name in self.refuses}
        )

    def search(self, query: Query) -> Results:
        parsed = parse(query)
        found = [
            (tier, document)
            for document in self._documents.values()
            if _passes(document, query) and (tier := _tier(document, parsed)) is not None
        ]
        found.sort(key=lambda hit: (-hit[0], hit[1].dossier_code, hit[1].component_id))
        hits = tuple(_hit(document, tier, parsed) for tier, document in found[: query.limit])
        return Results(total=len(found), hits=hits)


def _passes(document: Document, query: Query) -> bool:
    return (
        query.procedure in (None, document.procedure)
        and query.component in (None, document.code)
        and (query.since is None or document.received_at.timestamp() >= query.since)
        and (query.units is None or document.unit in query.units)
        and query.sensitive in (None, document.sensitive)
    )


def _tier(document: Document, parsed: Parsed) -> Tier | None:
    codes = (document.component_id, document.dossier_code, document.digitisation_code)
    if parsed.key in {code_key(code) for code in (*codes, *document.numbers)}:
        return Tier.EXACT_ID
    if any(_stands_in(parsed.exact, exact_terms(name)) for name in document.names):
        return Tier.EXACT_NAME
    facts = (*document.names, *document.numbers, *document.values)
    sources = (*facts, *codes[1:], document.code, document.text)
    quoted = all(
        any(_stands_in(phrase, exact_terms(source)) for source in sources)
        for phrase in parsed.phrases
    )
    if quoted and any(_stands_in(parsed.folded, folded_terms(name)) for name in document.names):
        return Tier.FOLDED_NAME
    if quoted and _all_words(parsed, sources):
        return Tier.TEXT
    prefix = len(parsed.key) >= PREFIX_MIN
    if prefix and code_key(document.dossier_code).startswith(parsed.key):
        return Tier.TEXT
    return None


def _all_words(parsed: Parsed, sources: Sequence[str]) -> bool:
    known = {term for source in sources for term in folded_terms(source)}
    known |= {number for source in sources for number in joined_numbers(source)}
    *whole, last = parsed.words or ("",)
    if not set(whole) <= known:
        return False
    return (
        last in known
        or not last
        or (parsed.open_ended and any(term.startswith(last) for term in known))
    )


def _stands_in(phrase: Sequence[str], terms: Sequence[str]) -> bool:
    length = len(phrase)
    return any(
        tuple(terms[i : i + length]) == tuple(phrase) for i in range(len(terms) - length + 1)
    )


def _hit(document: Document, tier: Tier, parsed: Parsed) -> Hit:
    return Hit(
        dossier_code=document.dossier_code,
        component_id=document.component_id,
        code=document.code,
        unit=document.unit,
        procedure=document.procedure,
        full_name=document.full_name,
        snippet=snippet(document, parsed),
        tier=tier,
        sensitive=document.sensitive,
        unverified=document.unverified,
    )
