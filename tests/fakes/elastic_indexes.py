"""Indexes on a real Elasticsearch server, each under its own name, gone afterwards."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol

from elasticsearch import Elasticsearch
from pydantic import SecretStr

from pipeline.settings import SearchSettings
from search.elastic_index import ElasticIndex


class Server(Protocol):
    """What has to be known of a server: fixture `elastic_service`."""

    @property
    def url(self) -> str: ...
    @property
    def user(self) -> str: ...
    @property
    def password(self) -> str: ...


class ElasticIndexes:
    """Makes indexes; on leaving they are deleted, whatever became of them."""

    def __init__(self, server: Server) -> None:
        self.settings = SearchSettings(
            url=server.url,
            user=server.user,
            password=SecretStr(server.password),
            index=f"sohoa-test-{uuid.uuid4().hex[:12]}",
            replicas=0,
        )
        self._opened: dict[ElasticIndex, SearchSettings] = {}
        self.client = Elasticsearch(server.url, basic_auth=(server.user, server.password))
        """The test's own way to the server."""

    def make(self) -> ElasticIndex:
        """An index under a name of its own, not created yet."""
        return self._open(index=f"{self.settings.index}-{len(self._opened)}")

    def again(
        self,
        index: ElasticIndex,
        *,
        alias: str | None = None,
        pauses: Sequence[float] | None = None,
        **changes: object,
    ) -> ElasticIndex:
        """The same index, or another one, opened once more with other settings."""
        return self._open(pauses, index=alias or self.alias(index), **changes)

    def alias(self, index: ElasticIndex) -> str:
        """The alias of one that was made here."""
        return self._opened[index].index

    def there(self, index: ElasticIndex) -> list[str]:
        """Names of the indices that stand on the server, of all builds."""
        found = self.client.indices.get(index=f"{self.alias(index)}-*").body
        return sorted(found)

    def name(self, index: ElasticIndex) -> str:
        """Name of the only one."""
        (name,) = self.there(index)
        return name

    def _open(self, pauses: Sequence[float] | None = None, **changes: object) -> ElasticIndex:
        settings = self.settings.model_copy(update=changes)
        index = ElasticIndex(settings) if pauses is None else ElasticIndex(settings, pauses=pauses)
        self._opened[index] = settings
        return index

    def __enter__(self) -> ElasticIndexes:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for index in self._opened:
            index.close()
        aliases = {settings.index for settings in self._opened.values()}
        for alias in filter(lambda alias: alias.startswith(self.settings.index), aliases):
            found = self.client.indices.get(index=f"{alias},{alias}-*", ignore_unavailable=True)
            if found.body:
                self.client.indices.delete(index=list(found.body))
        self.client.close()
