"""The adapter of Elasticsearch as far as it needs no server."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from pipeline.errors import ConfigError, SearchUnavailable
from pipeline.settings import SearchSettings
from search.documents import Document
from search.elastic_bulk import chunks, put_lines
from search.elastic_errors import refusal
from search.elastic_index import ElasticIndex
from search.elastic_mapping import fields_of, index_definition
from search.port import Rebuilt


@pytest.mark.parametrize(
    ("status", "kind", "reason", "code"),
    [
        (401, "security_exception", "unable to authenticate", "INDEX_DENIED"),
        (403, "security_exception", "unauthorized", "INDEX_DENIED"),
        (403, "cluster_block_exception", "FORBIDDEN/8/index write (api)", "INDEX_BUSY"),
        (429, "cluster_block_exception", "disk usage exceeded flood-stage", "INDEX_DISK_FULL"),
        (403, "cluster_block_exception", "FORBIDDEN/12/read-only-allow-delete", "INDEX_DISK_FULL"),
        (429, "es_rejected_execution_exception", "queue full", "INDEX_BUSY"),
        (429, "circuit_breaking_exception", "data too large", "INDEX_BUSY"),
        (503, "cluster_block_exception", "no master", "INDEX_UNREACHABLE"),
        (503, "search_phase_execution_exception", "all shards failed", "INDEX_UNREACHABLE"),
        (502, "", "<html>Bad Gateway</html>", "INDEX_UNREACHABLE"),
        (404, "index_not_found_exception", "no such index", "INDEX_DAMAGED"),
        (400, "strict_dynamic_mapping_exception", "x", "INDEX_DAMAGED"),
        (400, "document_parsing_exception", "x", "INDEX_DAMAGED"),
        (400, "search_phase_execution_exception", "No mapping found", "INDEX_DAMAGED"),
        (400, "invalid_alias_name_exception", "x", "INDEX_NAME_TAKEN"),
        (500, "null_pointer_exception", "x", "SEARCH_UNAVAILABLE"),
    ],
)
def test_what_a_server_refuses_is_mapped_and_not_quoted(
    status: int, kind: str, reason: str, code: str
) -> None:
    error = refusal(status, kind, reason)
    assert error.code == code
    assert isinstance(error, ConfigError | SearchUnavailable)
    assert reason not in str(error) or reason == "x"


@pytest.mark.parametrize("url", ["http://", "http://host:port", "sohoa.example:9200"])
def test_an_address_that_is_none_is_a_matter_of_settings(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        ElasticIndex(SearchSettings(url=url))
    assert (caught.value.code, caught.value.params["key"]) == ("CONFIG_INVALID", "search.url")


def test_an_authority_that_is_not_there_is_a_matter_of_settings(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        ElasticIndex(SearchSettings(url="https://a:9200"), ca=tmp_path / "ca.pem")
    assert (caught.value.code, caught.value.params["key"]) == ("CONFIG_INVALID", "search.ca")


def test_nodes_of_a_cluster_are_all_known() -> None:
    settings = SearchSettings(url="http://a:9200, http://b:9200", password=SecretStr("hidden"))
    index = ElasticIndex(settings)
    assert "hidden" not in repr(index)
    index.close()


def test_parts_and_copies_are_what_is_set() -> None:
    assert index_definition(3, None)["settings"]["auto_expand_replicas"] == "0-1"
    settings = index_definition(3, 2)["settings"]
    assert (settings["number_of_shards"], settings["number_of_replicas"]) == (3, 2)


def test_every_field_of_a_document_is_in_the_mapping() -> None:
    mapping = index_definition(1, None)["mappings"]
    assert mapping["dynamic"] == "strict"
    assert set(fields_of(paper(1))) == set(mapping["properties"])


def test_requests_are_drawn_one_at_a_time() -> None:
    drawn = []

    def entries() -> Iterator[tuple[bytes, ...]]:
        for number in range(1000):
            drawn.append(number)
            yield put_lines(paper(number), number)

    bodies = chunks(entries())
    first = next(bodies)
    assert len(drawn) <= 201
    lines = [json.loads(line) for line in first.split(b"\n")]
    assert lines[0]["index"] == {
        "_id": f"{0:064x}",
        "version": 0,
        "version_type": "external_gte",
    }
    assert sum(1 for _ in bodies) == 4
    assert len(drawn) == 1000


def test_a_rebuild_gives_every_document_that_was_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    index = ElasticIndex(SearchSettings(url="http://localhost:9"))
    monkeypatch.setattr(index, "_begin", lambda: "new")
    monkeypatch.setattr(index, "_switch", lambda name, *, refused: 400 - refused)

    def never_the_first(alias: str, chunk: bytes) -> dict[str, str]:
        first = json.loads(chunk.split(b"\n")[0])
        return {first["index"]["_id"]: "too_long"}

    monkeypatch.setattr(index, "_patiently", never_the_first)
    built = index.rebuild(paper(number) for number in range(400))
    assert built == Rebuilt(398, {f"{number:064x}": "too_long" for number in (0, 200)})


def paper(number: int) -> Document:
    return Document(
        component_id=f"{number:064x}",
        dossier_code=f"DEV-261122-{number:04}",
        unit="DEV",
        code="F_14_HSB",
        procedure=None,
        sensitive=False,
        received_at=dt.datetime(2026, 11, 22, tzinfo=dt.UTC),
    )
