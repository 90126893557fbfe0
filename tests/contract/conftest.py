"""Places of records that the suites on records share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.databases import Place, blank_database, blank_file, server


@pytest.fixture(scope="session")
def database(request: pytest.FixtureRequest) -> Iterator[Place]:
    with blank_database(server(request)) as place:
        yield place


@pytest.fixture(params=("sqlite", "postgresql"))
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Blank records on each product."""
    if request.param == "sqlite":
        yield blank_file(tmp_path / "records.sqlite")
        return
    place: Place = request.getfixturevalue("database")
    yield place
    place.clear()
