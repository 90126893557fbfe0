"""The index on an Elasticsearch server or cluster. The only module that knows its client.

    sohoa-components         alias of the index that is searched
    sohoa-components-next    alias of the one that a rebuild fills, while there is one
    sohoa-components-000007  an index; `…-000007-build`: alias by which its own rebuild writes

Everything is written through aliases that must exist, so a name that is gone never becomes a new
index by itself. While a rebuild runs, what is put goes to both indices: whoever sees no `-next`
yet has drawn its documents from an archive that the rebuild reads afterwards; and whoever finds
that an alias has moved since it looked puts again. Orders are external versions: the archive's
documents are 0, so a delivery made meanwhile stays. Of two rebuilds the later one wins; what a
killed one leaves behind, the next takes away.

Needs on `{alias}*` the privileges read, write and manage; of the cluster: monitor.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from errno import ENOENT
from pathlib import Path
from typing import Any, Final

from elastic_transport import ConnectionError as Unreachable
from elastic_transport import ConnectionTimeout, SerializationError, TlsError, TransportError
from elasticsearch import ApiError, Elasticsearch, UnsupportedProductError
from pydantic import ValidationError

from pipeline.errors import ConfigError, SearchUnavailable, SohoaError
from pipeline.settings import SearchSettings, Settings
from search.documents import Document
from search.elastic_bulk import chunks, put_lines, remove_lines
from search.elastic_errors import DAMAGED, GONE, OVERTAKEN, TAKEN, is_for_good, refusal
from search.elastic_mapping import VERSION, Json, index_definition, query_body
from search.port import Hit, Rebuilt, Results, Tier, ordered
from search.query import Query, parse
from search.snippets import snippet

_PAGE: Final = 5000
"""Ids asked for at once."""
_KEEP: Final = "5m"
"""How long the server keeps a listing open between two pages."""
_ROUNDS: Final = 5
"""How often something is tried again that a moving alias or a taken name got in the way of."""
_SLOW: Final = 60.0
"""Seconds for what changes an index as a whole."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """Which indices stand behind the aliases."""

    live: str
    next: str | None

    @property
    def names(self) -> tuple[str, ...]:
        return (self.live,) if self.next is None else (self.live, self.next)


class _Moved(Exception):
    """An alias does not lead where it led."""


class ElasticIndex:
    """A `search.port.ComponentIndex`; safe across threads, processes and hosts."""

    def __init__(
        self,
        settings: SearchSettings,
        *,
        ca: Path | None = None,
        pauses: Sequence[float] = (1.0, 2.0, 4.0, 8.0, 16.0),
    ) -> None:
        """Bind to a server; nothing is asked yet.

        Args:
            settings: `url` may name several nodes of a cluster, with commas between.
            ca: the PEM file behind `settings.ca`, absolute.
            pauses: seconds between tries of one request of a rebuild, which a server that is busy
                or away for a moment must not end.

        Raises:
            ConfigError: `CONFIG_INVALID` for an address or a CA file that is none.
        """
        hosts = [host.strip() for host in settings.url.split(",")]
        password = settings.password.get_secret_value() if settings.password else ""
        options: dict[str, Any] = {}
        if ca is not None and any(host.startswith("https:") for host in hosts):
            if not ca.is_file():
                raise ConfigError("CONFIG_INVALID", key="search.ca", problem=os.strerror(ENOENT))
            options["ca_certs"] = str(ca)
        if settings.user is not None:
            options["basic_auth"] = (settings.user, password)
        try:
            self._client = Elasticsearch(
                hosts,
                request_timeout=settings.timeout_seconds,
                max_retries=len(hosts),
                retry_on_timeout=False,
                **options,
            )
        except ValueError as error:
            raise ConfigError("CONFIG_INVALID", key="search.url", problem=str(error)) from error
        self._alias = settings.index
        self._next = f"{settings.index}-next"
        self._numbered = re.compile(rf"{re.escape(settings.index)}-(\d{{6,}})")
        self._definition = index_definition(settings.shards, settings.replicas)
        self._pauses = pauses
        self._known = False

    def close(self) -> None:
        """Give connections back."""
        self._client.close()

    def create(self) -> None:
        """See `search.port.ComponentIndex.create`."""
        for _ in range(_ROUNDS):
            with _mapped():
                there = self._numbered_indices()
                if any(self._alias in aliases for aliases in there.values()):
                    return
                if self._make(self._after(there), self._alias):
                    return
        raise SearchUnavailable("INDEX_BUSY")

    def put(self, documents: Sequence[Document], orders: Sequence[int] = ()) -> Mapping[str, str]:
        """See `search.port.ComponentIndex.put`."""
        lines = (put_lines(*pair) for pair in ordered(documents, orders))
        return self._everywhere(list(chunks(lines)))

    def remove(self, component_ids: Iterable[str]) -> None:
        """See `search.port.ComponentIndex.remove`."""
        lines = map(remove_lines, component_ids)
        self._everywhere(list(chunks(lines)))

    def search(self, query: Query) -> Results:
        """See `search.port.ComponentIndex.search`."""
        parsed = parse(query)
        with _mapped():
            if not self._known:
                self._look()
            answer = self._client.search(
                index=self._alias,
                allow_partial_search_results=False,
                **query_body(query, parsed),
            ).body["hits"]
            hits = []
            for found in answer["hits"]:
                document = Document.model_validate_json(json.dumps(found["_source"]["body"]))
                hits.append(
                    Hit(
                        dossier_code=document.dossier_code,
                        component_id=document.component_id,
                        code=document.code,
                        unit=document.unit,
                        procedure=document.procedure,
                        full_name=document.full_name,
                        snippet=snippet(document, parsed),
                        tier=Tier(int(found["_score"])),
                        sensitive=document.sensitive,
                        unverified=document.unverified,
                    )
                )
            return Results(total=answer["total"]["value"], hits=tuple(hits))

    def ids(self) -> frozenset[str]:
        """See `search.port.ComponentIndex.ids`."""
        with _mapped():
            return frozenset(self._ids())

    def count(self) -> int:
        """See `search.port.ComponentIndex.count`."""
        with _mapped():
            return self._count(self._look().live)

    def rebuild(self, documents: Iterable[Document]) -> Rebuilt:
        """See `search.port.ComponentIndex.rebuild`."""
        with _mapped():
            name = self._begin()
        try:
            lines = (put_lines(document, 0) for document in documents)
            refused: dict[str, str] = {}
            for chunk in chunks(lines):
                refused |= self._patiently(f"{name}-build", chunk)
            with _mapped():
                return Rebuilt(self._switch(name, refused=len(refused)), refused)
        except BaseException:
            with contextlib.suppress(ApiError, TransportError):
                self._client.options(ignore_status=404).indices.delete(index=name)
            raise

    # -- which indices there are ------------------------------------------------------------------

    def _look(self) -> _Seen:
        """The indices behind the aliases, as they are now.

        Raises:
            SearchUnavailable: `INDEX_DAMAGED`, `INDEX_OUTDATED`, `INDEX_BUSY` (a program of another
                version rebuilds).
            ConfigError: `INDEX_NAME_TAKEN`.
        """
        found = self._found(self._next, "mappings._meta")
        live = [name for name, index in found.items() if self._alias in index["aliases"]]
        building = [name for name, index in found.items() if self._next in index["aliases"]]
        if not live:
            self._count(self._alias)  # a missing right is not a missing index
        if len(live) != 1:
            raise SearchUnavailable(DAMAGED)
        version = _version(found[live[0]])
        if version is None:
            raise SearchUnavailable(DAMAGED)
        if version != VERSION:
            raise SearchUnavailable("INDEX_OUTDATED", found=version, wanted=VERSION)
        if len(building) > 1 or any(_version(found[name]) != VERSION for name in building):
            raise SearchUnavailable("INDEX_BUSY")
        self._known = True
        return _Seen(live[0], building[0] if building else None)

    def _numbered_indices(self) -> dict[str, frozenset[str]]:
        """Every index of ours with its aliases.

        Raises:
            ConfigError: `INDEX_NAME_TAKEN`.
        """
        found = self._found(f"{self._alias}-*", "settings.index.uuid")
        return {
            name: frozenset(index.get("aliases", ()))
            for name, index in found.items()
            if self._numbered.fullmatch(name)
        }

    def _found(self, others: str, fields: str) -> dict[str, Any]:
        """Indices behind the alias and other names, each with its aliases and some more.

        Raises:
            ConfigError: `INDEX_NAME_TAKEN`, an index has the alias's own name.
        """
        found: dict[str, Any] = self._client.indices.get(
            index=f"{self._alias},{others}",
            ignore_unavailable=True,
            filter_path=f"*.aliases,*.{fields}",
        ).body
        if self._alias in found:
            raise ConfigError("INDEX_NAME_TAKEN")
        return found

    def _after(self, names: Iterable[str]) -> str:
        numbers = [int(match[1]) for name in names if (match := self._numbered.fullmatch(name))]
        return f"{self._alias}-{max(numbers, default=0) + 1:06}"

    def _make(self, name: str, alias: str) -> bool:
        """Make an index with its alias in one; False where the name is taken."""
        try:
            self._slow.indices.create(index=name, aliases={alias: {}}, **self._definition)
        except ApiError as error:
            if _kind(error) != TAKEN:
                raise
            return False
        return True

    # -- writing ----------------------------------------------------------------------------------

    def _everywhere(self, bodies: Sequence[bytes]) -> dict[str, str]:
        """Write to the searched index and to the one that is being built; found when it returns.

        Returns:
            What is refused for good, see `_bulk`.
        """
        if not bodies:
            return {}
        for _ in range(_ROUNDS):
            with _mapped(), contextlib.suppress(_Moved):
                seen, refused = self._look(), dict[str, str]()
                for chunk in bodies:
                    refused |= self._bulk(self._alias, chunk, seen.live)
                    if seen.next is not None:
                        refused |= self._bulk(self._next, chunk, seen.next)
                self._client.indices.refresh(index=list(seen.names), ignore_unavailable=True)
                return refused
        raise SearchUnavailable("INDEX_BUSY")

    def _bulk(self, alias: str, chunk: bytes, expected: str) -> dict[str, str]:
        """Write one chunk.

        Returns:
            The server's name of its reason by component_id, of each that it will never take.

        Raises:
            _Moved: the alias is gone, or does not lead to the index it led to.
            SohoaError: something was refused that may be taken later; the rest may be written.
        """
        lines: Any = chunk  # typed as mappings, taken as bytes
        answer = self._client.bulk(index=alias, operations=lines, require_alias=True).body
        for_good: dict[str, str] = {}
        refused: SohoaError | None = None
        for item in answer["items"]:
            (done,) = item.values()
            error = done.get("error")
            if error is None:
                if done["_index"] != expected:
                    raise _Moved
            elif error["type"] in GONE:
                raise _Moved
            elif is_for_good(done["status"], error["type"]):
                for_good[done["_id"]] = error["type"]
            elif error["type"] != OVERTAKEN:
                refused = refusal(done["status"], error["type"], error.get("reason") or "")
        if refused is not None:
            raise refused
        return for_good

    # -- rebuilding -------------------------------------------------------------------------------

    def _begin(self) -> str:
        """An empty index to which every `put` goes, too, from now on."""
        for _ in range(_ROUNDS):
            there = self._numbered_indices()
            name = self._after(there)
            if not self._make(name, f"{name}-build"):
                continue
            actions: list[Json] = [
                {"remove": {"index": f"{self._alias}-*", "alias": self._next, "must_exist": False}},
                {"add": {"index": name, "alias": self._next}},
            ]
            try:
                self._slow.indices.update_aliases(actions=actions)
            except ApiError as error:
                if _kind(error) not in GONE:
                    raise
                continue  # another rebuild began meanwhile and took this index for a left one
            left = [other for other, aliases in there.items() if self._alias not in aliases]
            if left:
                self._slow.indices.delete(index=left, ignore_unavailable=True)
            return name
        raise SearchUnavailable("INDEX_BUSY")

    def _patiently(self, alias: str, chunk: bytes) -> dict[str, str]:
        """Write a chunk of a rebuild; a server that is busy or away for a moment is waited for."""
        for pause in (*self._pauses, None):
            try:
                with _mapped():
                    return self._bulk(alias, chunk, alias.removesuffix("-build"))
            except _Moved as error:  # another rebuild took over
                raise SearchUnavailable("INDEX_BUSY") from error
            except SearchUnavailable as error:
                if pause is None or error.code == DAMAGED:
                    raise
            time.sleep(pause)
        raise AssertionError("the last try returns or raises")

    def _switch(self, name: str, *, refused: int) -> int:
        """Search the new index from now on, in one step, and forget the others.

        One that took nothing of what it was given is no index to switch to.
        """
        self._slow.indices.refresh(index=name)
        count = self._count(name)
        if refused and not count:
            raise SearchUnavailable(DAMAGED)
        live = [n for n, aliases in self._numbered_indices().items() if self._alias in aliases]
        actions: list[Json] = [
            {"remove": {"index": name, "alias": self._next, "must_exist": True}},
            {"remove": {"index": name, "alias": f"{name}-build", "must_exist": True}},
            {"add": {"index": name, "alias": self._alias}},
            *({"remove_index": {"index": old}} for old in live),
        ]
        try:
            self._slow.indices.update_aliases(actions=actions)
        except ApiError as error:
            if _kind(error) in (*GONE, "aliases_not_found_exception"):
                raise SearchUnavailable("INDEX_BUSY") from error  # another rebuild took over
            raise
        return count

    # -- inside -----------------------------------------------------------------------------------

    @property
    def _slow(self) -> Elasticsearch:
        return self._client.options(request_timeout=_SLOW)

    def _count(self, name: str) -> int:
        return int(self._client.count(index=name).body["count"])

    def _ids(self) -> Iterator[str]:
        """Page by page, as of one moment."""
        self._look()
        opened = self._client.open_point_in_time(index=self._alias, keep_alive=_KEEP)
        moment, after = opened.body["id"], None
        try:
            while True:
                answer = self._client.search(
                    pit={"id": moment, "keep_alive": _KEEP},
                    sort=["component_id"],
                    search_after=after,
                    size=_PAGE,
                    source=False,
                    track_total_hits=False,
                    allow_partial_search_results=False,
                ).body
                moment, hits = answer["pit_id"], answer["hits"]["hits"]
                for hit in hits:
                    yield hit["sort"][0]
                if len(hits) < _PAGE:
                    return
                after = hits[-1]["sort"]
        finally:
            with contextlib.suppress(ApiError, TransportError):
                self._client.close_point_in_time(id=moment)


def open_index(settings: Settings) -> ElasticIndex:
    """The index that the settings name.

    Raises:
        ConfigError: `CONFIG_INVALID` for an address or a CA file that is none.
    """
    ca = settings.search.ca
    return ElasticIndex(settings.search, ca=settings.resolve(ca) if ca else None)


def _version(index: Json) -> int | None:
    version = index.get("mappings", {}).get("_meta", {}).get("version")
    return version if isinstance(version, int) else None


def _kind(error: ApiError) -> str:
    """The server's name of an error."""
    body = error.body
    described = body.get("error") if isinstance(body, dict) else None
    kind = described.get("type") if isinstance(described, dict) else None
    return kind if isinstance(kind, str) else ""


def _reason(error: ApiError) -> str:
    body = error.body
    described = body.get("error") if isinstance(body, dict) else body
    return json.dumps(described, ensure_ascii=False, default=str)


@contextlib.contextmanager
def _mapped() -> Iterator[None]:
    """Raise errors of the tree for whatever the client raises inside."""
    try:
        yield
    except UnsupportedProductError as error:
        raise ConfigError("INDEX_SERVER_UNKNOWN") from error
    except ApiError as error:
        raise refusal(error.meta.status, _kind(error), _reason(error)) from error
    except TlsError as error:
        raise ConfigError("INDEX_UNTRUSTED") from error
    except (Unreachable, ConnectionTimeout) as error:
        raise SearchUnavailable("INDEX_UNREACHABLE") from error
    except (TransportError, SerializationError) as error:
        raise SearchUnavailable(engine_error=type(error).__name__) from error
    except (ValidationError, KeyError) as error:
        raise SearchUnavailable(DAMAGED) from error
