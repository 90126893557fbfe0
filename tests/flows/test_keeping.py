"""From paper to the central archive and its keeping, through the command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.test_main_job import Json, Office, papers

CODE = "07900/2019/00123"
CASE = ("--procedure", "DK_GDDT", "--case", "GD1_WITH_CERT", "--dossier", CODE)


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Office, Json]]:
    """An office that has backfilled a complete dossier."""
    folder = tmp_path_factory.mktemp("closed")
    office = Office(folder / "home")
    source = papers(folder, "C_KHAI_TU")
    terms = (*CASE, "--as", "F_MAU01_GDDT", "--channel", "backfill")
    yield office, office.one("ingest", source, *terms)


def test_a_closed_dossier_is_transferred_at_once(closed: tuple[Office, Json]) -> None:
    office, result = closed
    assert (result["state"], result["stage"], result["missing"]) == ("ARCHIVED", "TRANSFERRED", [])
    again = office.one("transfer", CODE)
    assert (again["retention"], again["defects"], again["locks_set"]) == ("05", [], 0)
    assert again["until"].endswith("-01-01")
    assert office.one("audit")["ok"]


def test_an_open_dossier_says_what_it_lacks(tmp_path: Path) -> None:
    office = Office(tmp_path / "home")
    terms = ("--procedure", "DK_GDDT", "--case", "GD1_WITH_CERT", "--as", "C_KHAI_TU")
    result = office.one("ingest", papers(tmp_path, "C_KHAI_TU"), *terms)
    code = result["dossier_code"]
    assert result["missing"] == ["F_MAU01_GDDT"]
    stays = office.one("transfer", code, code=6)
    assert (stays["stage"], stays["retention"]) == ("RECEIVED", None)
    assert stays["defects"] == [{"code": "COMPONENT_MISSING", "subject": "F_MAU01_GDDT"}]
    office.one(
        *("waive", code, "F_MAU01_GDDT", "--approver", "truong.phong"), "--reason", "giấy mục"
    )
    shown = office.one("show", code)
    assert (shown["waived"], shown["missing"]) == (["F_MAU01_GDDT"], [])
    assert office.one("transfer", code)["stage"] == "TRANSFERRED"
    for name in office.home.glob("records.sqlite*"):
        name.unlink()
    office.run("rebuild", "--records", "--json")
    rebuilt = office.one("show", code)
    assert (rebuilt["waived"], rebuilt["stage"]) == (["F_MAU01_GDDT"], "TRANSFERRED")
    assert office.one("audit")["ok"]


def test_holds_and_refused_destructions_end_in_words(closed: tuple[Office, Json]) -> None:
    office, _ = closed
    held = office.one("hold", "place", CODE, "--reason", "thanh tra")
    assert held["open"]
    assert [h["hold_id"] for h in office.run("hold", "list", "--json")] == [held["hold_id"]]
    office.run("destroy", "propose", CODE, "--reason", "hết hạn", code=8)
    lifted = office.one("hold", "lift", CODE, held["hold_id"][:10], "--reason", "xong")
    assert not lifted["open"]
    assert office.run("hold", "list", "--json") == []
    office.run("destroy", "run", CODE, code=2)
    office.run("hold", "place", CODE, "--reason", " ", code=2)
    assert office.one("audit")["ok"]
