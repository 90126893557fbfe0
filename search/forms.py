"""What an engine is given of a document: keys and terms, ready cut and folded.

Every engine indexes these and no others, so that engines agree on what is found (architecture
§7). May not come in: an engine's own notation.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.textnorm import nfc
from search.documents import Document
from search.terms import code_key, joined_numbers, terms


@dataclass(frozen=True, slots=True)
class Form:
    """One source of text."""

    exact: tuple[str, ...]
    """Its terms in order, diacritics kept."""
    folded: tuple[str, ...]
    """The same, folded."""


@dataclass(frozen=True, slots=True)
class Forms:
    """One document."""

    keys: tuple[str, ...]
    """Its numbers and codes (`search.terms.code_key`), sorted, none empty."""
    dossier_key: str
    """The dossier code as a key, of which a query may give the beginning."""
    names: tuple[Form, ...]
    """Each person's name; no phrase runs from one into the next."""
    sources: tuple[Form, ...]
    """Names, numbers, values, codes, text: no phrase runs from one into the next."""
    joined: tuple[str, ...]
    """Grouped numbers without their gaps, sorted: further folded terms."""


def forms_of(document: Document) -> Forms:
    """Keys and terms of a document."""
    codes = (document.component_id, document.dossier_code, document.digitisation_code)
    facts = (*document.names, *document.numbers, *document.values)
    sources = (*facts, *codes[1:], document.code, document.text)
    forms = tuple(_form(source) for source in sources)
    joined = frozenset[str]().union(*map(joined_numbers, sources))
    return Forms(
        keys=tuple(sorted({code_key(code) for code in (*codes, *document.numbers)} - {""})),
        dossier_key=code_key(document.dossier_code),
        names=forms[: len(document.names)],
        sources=forms,
        joined=tuple(sorted(joined)),
    )


def _form(text: str) -> Form:
    found = list(terms(nfc(text)))
    return Form(
        exact=tuple(term.exact for term in found), folded=tuple(term.folded for term in found)
    )
