"""What Elasticsearch is told: the index, a document, a query. Plain values, no client in here.

Terms come cut and folded (`search.forms`) as arrays of keywords or for the `whitespace` analyser,
which changes nothing in them. Values of an array stand far apart, so no phrase runs from one into
the next. Tiers are constant scores of which the best counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeAlias

from search.documents import Document
from search.forms import forms_of
from search.port import Tier
from search.query import PREFIX_MIN, Parsed, Query
from search.snippets import READ

VERSION: Final = 1
"""Of mapping and of the cutting of terms; another one in the index asks for a rebuild."""

Json: TypeAlias = dict[str, Any]

_LONGEST_TERM = 120
"""Characters of a term that are compared (the analyser cuts at 255 UTF-16 units)."""
_LONGEST_KEY = 8191
"""Characters of a key (the engine takes 32,766 bytes); longer ones cannot be asked for."""


def index_definition(shards: int, replicas: int | None) -> Json:
    """Settings and mapping of a new index; fields that are not named here are refused.

    Only `body` is kept as it came: the rest is found by, and can be drawn from the archive.
    """
    settings: Json = {"number_of_shards": shards, "codec": "best_compression"}
    if replicas is None:
        settings["auto_expand_replicas"] = "0-1"
    else:
        settings["number_of_replicas"] = replicas
    keyword = {"type": "keyword"}
    asked_only = {"type": "keyword", "doc_values": False, "ignore_above": _LONGEST_KEY}
    terms = {"type": "text", "analyzer": "whitespace", "norms": False}
    return {
        "settings": settings,
        "mappings": {
            "dynamic": "strict",
            "_meta": {"schema": "sohoa.index-document/1", "version": VERSION},
            "_source": {"includes": ["body"]},
            "properties": {
                "component_id": keyword,
                "dossier_code": keyword,
                "dossier_key": asked_only,
                "unit": keyword,
                "code": keyword,
                "procedure": keyword,
                "sensitive": {"type": "boolean"},
                "received": {"type": "date", "format": "epoch_millis"},
                "keys": asked_only,
                "name_exact": terms,
                "name_folded": terms,
                "all_exact": terms,
                "all_folded": terms | {"index_prefixes": {"min_chars": 2, "max_chars": 4}},
                "body": {"type": "object", "enabled": False},
            },
        },
    }


def fields_of(document: Document) -> Json:
    """A document as it is indexed."""
    forms = forms_of(document)
    shown = document.model_copy(update={"text": document.text[:READ]})
    return {
        "component_id": document.component_id,
        "dossier_code": document.dossier_code,
        "dossier_key": forms.dossier_key,
        "unit": document.unit,
        "code": document.code,
        "procedure": document.procedure,
        "sensitive": document.sensitive,
        "received": int(document.received_at.timestamp() * 1000 // 1),
        "keys": list(forms.keys),
        "name_exact": _texts(form.exact for form in forms.names),
        "name_folded": _texts(form.folded for form in forms.names),
        "all_exact": _texts(form.exact for form in forms.sources),
        "all_folded": [*_texts(form.folded for form in forms.sources), *forms.joined],
        "body": shown.model_dump(mode="json", by_alias=True),
    }


def query_body(query: Query, parsed: Parsed) -> Json:
    """The search of a query: best tier first, then dossier code, then component_id."""
    return {
        "query": {"bool": {"must": [_tiers(parsed)], "filter": _filters(query)}},
        "sort": [{"_score": "desc"}, {"dossier_code": "asc"}, {"component_id": "asc"}],
        "size": query.limit,
        "track_total_hits": True,
        "source": ["body"],
    }


def _tiers(parsed: Parsed) -> Json:
    quoted = [_phrase("all_exact", phrase) for phrase in parsed.phrases]
    ways = [
        _tier(Tier.EXACT_ID, [{"term": {"keys": parsed.key}}]),
        _tier(Tier.EXACT_NAME, [_phrase("name_exact", parsed.exact)]),
        _tier(Tier.FOLDED_NAME, [_phrase("name_folded", parsed.folded), *quoted]),
    ]
    if everything := [*_words(parsed), *quoted]:
        ways.append(_tier(Tier.TEXT, everything))
    if len(parsed.key) >= PREFIX_MIN:
        ways.append(_tier(Tier.TEXT, [{"prefix": {"dossier_key": parsed.key}}]))
    return {"dis_max": {"queries": ways}}


def _tier(tier: Tier, conditions: Sequence[Json]) -> Json:
    return {"constant_score": {"filter": {"bool": {"filter": conditions}}, "boost": float(tier)}}


def _words(parsed: Parsed) -> list[Json]:
    last = len(parsed.words) - 1 if parsed.open_ended else -1
    return [
        {"prefix" if number == last else "term": {"all_folded": _cut(word)}}
        for number, word in enumerate(parsed.words)
    ]


def _phrase(field: str, words: Sequence[str]) -> Json:
    if len(words) == 1:
        return {"term": {field: _cut(words[0])}}
    text = " ".join(map(_cut, words))
    return {"match_phrase": {field: {"query": text, "analyzer": "whitespace"}}}


def _filters(query: Query) -> list[Json]:
    filters: list[Json] = []
    if query.procedure is not None:
        filters.append({"term": {"procedure": _storable(query.procedure)}})
    if query.component is not None:
        filters.append({"term": {"code": _storable(query.component)}})
    if query.since is not None:
        filters.append({"range": {"received": {"gte": int(query.since * 1000)}}})
    if query.units is not None:
        filters.append({"terms": {"unit": [_storable(unit) for unit in query.units]}})
    if query.sensitive is not None:
        filters.append({"term": {"sensitive": query.sensitive}})
    return filters


def _texts(sources: Iterable[Sequence[str]]) -> list[str]:
    return [" ".join(map(_cut, terms)) for terms in sources if terms]


def _cut(term: str) -> str:
    return term[:_LONGEST_TERM]


def _storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
