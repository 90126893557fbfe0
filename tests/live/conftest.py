"""Systems that a whole test file may kill."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from tests.services import OwnServices, own_office


@pytest.fixture(scope="module")
def own_systems(
    services_told: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OwnServices]:
    """An office for the tests of one file; see `tests.services.own_office`."""
    with own_office(services_told, tmp_path_factory.mktemp("own") / "services") as office:
        yield office
