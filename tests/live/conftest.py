"""Systems that a whole test file may kill."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from tests.services import OwnServices


@pytest.fixture(scope="module")
def own_systems(
    services_told: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OwnServices]:
    """A stopped office for the tests of one file; what is started in it is gone afterwards."""
    if lacking := [name for name in services_told if name.startswith("SERVICES_LACKING_")]:
        pytest.skip("; ".join(services_told[name] for name in lacking))
    if "SERVICES_STATE" not in services_told:
        pytest.skip("bin/services does not run")
    office = OwnServices(tmp_path_factory.mktemp("own") / "services")
    try:
        yield office
    finally:
        office.erase()
