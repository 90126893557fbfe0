"""Indexes on a real Elasticsearch server, each under its own name, gone afterwards.

The server is the one that the variables `SOHOA_SEARCH__…` name; without them a test that wants one
is left out.
"""

from __future__ import annotations

import os
import uuid
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
        self._opened: list[ElasticIndex] = []
        self._names: set[str] = set()
        self.client = Elasticsearch(
            self.settings.url,
            basic_auth=(
                self.settings.user or "",
                self.settings.password.get_secret_value() if self.settings.password else "",
            ),
        )
        """The test's own way to the server."""

    def make(self, **changes: object) -> ElasticIndex:
        """An index of a name of its own, not created yet; `changes` to its settings."""
        name = f"{self.settings.index}-{len(self._opened)}"
        settings = self.settings.model_copy(update={"index": name, **changes})
        index = ElasticIndex(settings)
        self._opened.append(index)
        self._names.add(settings.index)
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
        for name in self._names:
            found = self.client.indices.get(index=f"{name},{name}-*", ignore_unavailable=True)
            if found.body:
                self.client.indices.delete(index=list(found.body))
        self.client.close()
