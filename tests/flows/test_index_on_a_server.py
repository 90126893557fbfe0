"""The main job with its index on a server that goes away, refuses, and comes back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.factory import make_person, render_component, write_batch
from benchmarks.factory.scanning import age
from pipeline.textnorm import fold
from tests.fakes.elastic_indexes import ElasticIndexes, Server
from tests.fakes.fault_proxy import FaultProxy

SOHOA = Path(sys.executable).with_name("sohoa")


class Office:
    """A home whose index is behind the proxy."""

    def __init__(self, home: Path, proxy: FaultProxy, server: Server, alias: str) -> None:
        self.environ = {
            **{k: v for k, v in os.environ.items() if not k.startswith("SOHOA_")},
            "SOHOA_HOME": str(home),
            "SOHOA_SEARCH__URL": f"http://{proxy.address}",
            "SOHOA_SEARCH__USER": server.user,
            "SOHOA_SEARCH__PASSWORD": server.password,
            "SOHOA_SEARCH__INDEX": alias,
        }

    def run(self, *arguments: str | Path, code: int = 0, **environ: str) -> dict[str, Any]:
        """The one object of a command that must end with `code`."""
        done = subprocess.run(
            [SOHOA, *map(str, arguments), "--json"],
            env=self.environ | environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, (done.returncode, done.stdout[-500:], done.stderr[-2000:])
        found: dict[str, Any] = json.loads(done.stdout or "{}")
        return found


@pytest.fixture
def proxy(elastic_service: Server) -> Iterator[FaultProxy]:
    host, _, port = elastic_service.url.split("//")[1].rstrip("/").partition(":")
    with FaultProxy(host, int(port)) as made:
        yield made


@pytest.fixture
def office(tmp_path: Path, proxy: FaultProxy, elastic_service: Server) -> Iterator[Office]:
    with ElasticIndexes(elastic_service) as indexes:
        alias = indexes.alias(indexes.make())
        yield Office(tmp_path / "home", proxy, elastic_service, alias)


def paper(folder: Path, seed: int) -> tuple[Path, str]:
    """A scan, and the name on it."""
    rng = np.random.default_rng(seed)
    person = make_person(rng)
    images = [age(page.image, rng) for page in render_component("C_KHAI_TU", person, rng, dpi=200)]
    path = folder / f"{seed}.pdf"
    write_batch(path, images, dpi=200)
    return path, person.full_name


def test_papers_are_archived_without_the_index_and_found_once_it_is_back(
    office: Office, proxy: FaultProxy, tmp_path: Path
) -> None:
    first, name = paper(tmp_path, 3)
    result = office.run("ingest", first)
    assert (result["state"], result["indexed"]) == ("ARCHIVED", True)
    hits = office.run("search", fold(name))["hits"]
    assert [hit["dossier_code"] for hit in hits] == [result["dossier_code"]]

    proxy.down()
    second, _ = paper(tmp_path, 4)
    result = office.run("ingest", second)
    assert (result["state"], result["indexed"], result["error"]) == ("ARCHIVED", False, None)
    office.run("search", fold(name), code=5)
    assert "INDEX_UNAVAILABLE" in str(office.run("audit", code=6))

    proxy.up()
    result = office.run("ingest", second, SOHOA_SEARCH__PASSWORD="wrong")
    assert (result["state"], result["indexed"], result["error"]) == ("ARCHIVED", False, None)
    office.run("search", fold(name), code=2, SOHOA_SEARCH__PASSWORD="wrong")

    result = office.run("ingest", second)
    assert (result["indexed"], result["duplicate"]) == (True, True)
    assert office.run("search", result["dossier_code"])["total"] == 1
    assert office.run("audit")["ok"] is True
