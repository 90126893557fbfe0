"""The main job on an office's real systems, from scanner and files to locked, lasting proof."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from minio import Minio
from minio.error import S3Error

from pipeline.textnorm import fold
from tests.fakes.scanners import virtual_scanner
from tests.live import dss, verapdf
from tests.live.office import Json, Machine, paper
from tests.services import OwnServices

PAPERS = ("R_07B_HSB", "C_KHAI_TU")
SHEETS = 2
_PROFILE = """
[scanner.profiles.test]
source = "feeder"
resolution = 200
page_width_mm = 120
page_height_mm = 120
options = { test-picture = "Color pattern" }
"""


@dataclass(frozen=True)
class Archived:
    """What came of one batch from files and one from the scanner."""

    desk: Machine
    environ: Mapping[str, str]
    filed: Json
    scanned: Json
    files: tuple[Path, ...]


@pytest.fixture(scope="module")
def archived(
    own_systems: OwnServices, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Archived]:
    """A desk that takes in, another machine that works; both batches ARCHIVED."""
    folder = tmp_path_factory.mktemp("office")
    environ = own_systems.start()
    sane = virtual_scanner(folder / "sane")
    desk = Machine(folder / "desk", {**environ, "SANE_CONFIG_DIR": str(sane)})
    desk.home.mkdir()
    (desk.home / "sohoa.toml").write_text(_PROFILE, encoding="utf-8")
    host = Machine(folder / "host", environ)
    try:
        desk.deploy()
        host.work()
        host.dispatch()
        lot = paper(folder, "lo", *PAPERS, seed=3)
        desk.sohoa("ingest", lot, "--dossier", "LO-1", "--queue")
        scan = ("scan", "--profile", "test", "--sheets", str(SHEETS), "--as", "Z_OTHER")
        desk.sohoa(*scan, "--dossier", "LO-2", "--queue")
        filed, scanned = desk.archived("LO-1"), desk.archived("LO-2")
        files = []
        for batch in (filed, scanned):
            for component in batch["components"]:
                target = folder / f"{component['component_id']}.pdf"
                files.append(desk.get(batch["dossier_code"], component["component_id"], target))
        yield Archived(desk, environ, filed, scanned, tuple(files))
    finally:
        desk.stop()
        host.stop()


def test_both_batches_are_archived_at_lta(archived: Archived) -> None:
    assert [c["code"] for c in archived.filed["components"]] == list(PAPERS)
    assert archived.scanned["pages"]["in"] == SHEETS
    for batch in (archived.filed, archived.scanned):
        for component in batch["components"]:
            assert component["signature"]["level"] == "PAdES-B-LTA"
            assert component["version_id"]
        (verdict,) = {v["verdict"] for v in archived.desk.sohoa("verify", batch["dossier_code"])}
        assert verdict == "VALID"


def test_a_name_is_found_without_diacritics(archived: Archived) -> None:
    names = {
        field["value"]
        for component in archived.filed["components"]
        for field in component["fields"]
        if field["name"] == "full_name" and field["value"]
    }
    assert names
    for name in names:
        (found,) = archived.desk.sohoa("search", fold(name))
        assert archived.filed["dossier_code"] in {hit["dossier_code"] for hit in found["hits"]}


def test_judges_accept_every_file(archived: Archived, tmp_path: Path) -> None:
    root = Path(archived.environ["SERVICES_PKI_FOLDER"]) / "root.pem"
    assert len(archived.files) == 3
    for judge in (dss, verapdf):
        if reason := judge.missing():
            pytest.skip(f"{judge.__name__} {reason}")
    names: dict[str, list[str]] = {file.name: [] for file in archived.files}
    assert dss.failures(archived.files, [root]) == names
    assert verapdf.failures(verapdf.fetch(), archived.files) == names


@pytest.mark.parametrize("identity", ["writer", "root"])
def test_no_version_can_be_deleted(archived: Archived, identity: str) -> None:
    environ = archived.environ
    keys = {
        "writer": ("SOHOA_ARCHIVE__ACCESS_KEY", "SOHOA_ARCHIVE__SECRET_KEY"),
        "root": ("SERVICES_MINIO_ROOT_USER", "SERVICES_MINIO_ROOT_PASSWORD"),
    }[identity]
    user, secret = (environ[key] for key in keys)
    client = Minio(environ["SERVICES_MINIO_ENDPOINT"], user, secret, secure=False)
    bucket = environ["SOHOA_ARCHIVE__URL"].rsplit("/", 1)[1]
    for component in archived.filed["components"]:
        with pytest.raises(S3Error):
            client.remove_object(bucket, component["object_key"], component["version_id"])
        assert client.stat_object(
            bucket, component["object_key"], version_id=component["version_id"]
        )


def test_the_whole_agrees(archived: Archived) -> None:
    (report,) = archived.desk.sohoa("audit")
    assert report["ok"], json.dumps(report)
