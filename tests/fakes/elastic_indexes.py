"""Indexes on a real Elasticsearch server, each under its own name, gone afterwards.

The server is the one that the variables `SOHOA_SEARCH__…` name; without them a test that wants one
is left out.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Sequence
from types import TracebackType

import pytest
from elasticsearch import Elasticsearch
from pydantic import SecretStr

from pipeline.settings import SearchSettings
from search.elastic_index import ElasticIndex

_LEFT_OUT = "no Elasticsearch server: SOHOA_SEARCH__URL is not set"


def server_settings() -> SearchSettings:
    """Where the server is, and as whom; one shard, no copies."""
    url = os.environ.get("SOHOA_SEARCH__URL", "")
    if not url.startswith("http"):
        pytest.skip(_LEFT_OUT)
    password = os.environ.get("SOHOA_SEARCH__PASSWORD")
    return SearchSettings(
        url=url,
        user=os.environ.get("SOHOA_SEARCH__USER"),
        password=SecretStr(password) if password else None,
        index=f"sohoa-test-{uuid.uuid4().hex[:12]}",
        replicas=0,
    )


class ElasticIndexes:
    """Makes indexes; on leaving they are deleted, whatever became of them."""

    def __init__(self) -> None:
        self.settings = server_settings()
        self._opened: dict[ElasticIndex, SearchSettings] = {}
        self.client = Elasticsearch(
            self.settings.url,
            basic_auth=(
                self.settings.user or "",
                self.settings.password.get_secret_value() if self.settings.password else "",
            ),
        )
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
        for name in {
            s.index for s in self._opened.values() if s.index.startswith(self.settings.index)
        }:
            found = self.client.indices.get(index=f"{name},{name}-*", ignore_unavailable=True)
            if found.body:
                self.client.indices.delete(index=list(found.body))
        self.client.close()
