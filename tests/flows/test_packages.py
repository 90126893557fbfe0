"""Evidence files and submission packages through the command line, on really signed papers."""

from __future__ import annotations

import hashlib
import io
import json
import resource
import shutil
import subprocess
import zipfile
from pathlib import Path

import bagit
import pikepdf
import pytest

from app.messages import Messages
from app.progress import Silence
from flows.services import Services
from pipeline.models.actors import Role
from pipeline.settings import load_settings
from tests.fakes.packages import bag_faults, csip_faults, unpacked
from tests.flows.test_main_job import Json, Office, papers

CODE = "HS 7/Đ"


@pytest.fixture(scope="module")
def archived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Office, Json]:
    folder = tmp_path_factory.mktemp("packages")
    office = Office(folder / "home")
    source = papers(folder, "R_07B_HSB", "C_KHAI_TU")
    return office, office.one("ingest", source, "--dossier", CODE)


def events(office: Office, action: str) -> list[Json]:
    """Events of a kind, as the evidence file of the dossier tells of them."""
    out = office.home / "told.zip"
    office.run("evidence", CODE, "-o", out, "--json")
    told = json.loads(unpacked(out)[1]["data/ledger/events.json"])
    return [e["event"] for e in told["events"] if e["event"]["action"] == action]


def test_the_evidence_file_can_be_checked_without_sohoa(
    archived: tuple[Office, Json], tmp_path: Path
) -> None:
    office, result = archived
    out = tmp_path / "evidence.zip"
    made = office.one("evidence", CODE, "-o", out)
    assert made["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert (made["whole"], made["summary_signed"]) == (True, True)
    assert {c["verdict"] for c in made["components"]} == {"VALID"}
    folder, files = unpacked(out)
    assert bag_faults(files) == []
    with zipfile.ZipFile(out) as package:
        package.extractall(tmp_path)
    bag = tmp_path / folder
    for manifest in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        subprocess.run(["sha256sum", "--check", "--quiet", manifest], cwd=bag, check=True)
    signed = [*sorted((bag / "data" / "components").iterdir())]
    assert [hashlib.sha256(p.read_bytes()).hexdigest() for p in signed] == [
        c["sha256"] for c in result["components"]
    ]
    for pdf in (*signed, bag / "data" / "validation" / "summary.pdf"):
        told = subprocess.run(
            ["pdfsig", "-nocert", pdf], capture_output=True, text=True, check=False
        ).stdout
        assert "Signature is Valid." in told and "Total document signed" in told
    bagit.Bag(str(bag)).validate()  # the Library of Congress's own judge


def test_the_summary_is_for_people_and_verifies(
    archived: tuple[Office, Json], tmp_path: Path
) -> None:
    office, result = archived
    out, summary = tmp_path / "evidence.zip", tmp_path / "summary.pdf"
    office.run("evidence", CODE, "-o", out)
    _, files = unpacked(out)
    summary.write_bytes(files["data/validation/summary.pdf"])
    assert office.one("verify", summary)["verdict"] == "VALID"
    with pikepdf.open(summary) as pdf:
        (field,) = pdf.Root.AcroForm.Fields
        assert (str(field.T), str(field.V.Reason)) == ("SohoaReport", "Báo cáo kiểm tra hồ sơ")
    text = subprocess.run(
        ["pdftotext", "-layout", summary, "-"], capture_output=True, text=True, check=True
    ).stdout
    assert "BÁO CÁO KIỂM TRA CHỮ KÝ" in text and CODE in text
    for component in result["components"]:
        assert component["sha256"] in text and component["code"] in text


def test_the_submission_package_is_named_by_its_id(
    archived: tuple[Office, Json], tmp_path: Path
) -> None:
    office, result = archived
    made = office.one("export", CODE, "--sip", "-o", tmp_path)
    out = Path(made["file"])
    assert out.name == f"{made['objid']}.zip"
    folder, files = unpacked(out)
    assert csip_faults(folder, files) == []
    papers_in = [
        hashlib.sha256(files[f"representations/rep1/data/{d['name']}"]).hexdigest()
        for d in made["documents"]
    ]
    assert papers_in == [c["sha256"] for c in result["components"]]


def test_handing_out_is_an_event_with_the_digest_of_what_was_handed_out(
    archived: tuple[Office, Json], tmp_path: Path
) -> None:
    office, _ = archived
    out = tmp_path / "e.zip"
    made = office.one("evidence", CODE, "-o", out)
    exported = office.one("export", CODE, "--sip", "-o", tmp_path / "s.zip")
    told = {e["hashes"]["package"]: e for e in events(office, "evidence.made")}
    assert told[made["sha256"]]["subjects"]["dossier_code"] == CODE
    assert told[made["sha256"]]["actor"]["role"] == "Auditor"
    assert exported["sha256"] in {
        e["hashes"]["package"] for e in events(office, "package.exported")
    }


def change(office: Office, sha256: str) -> None:
    """Bytes of an archived file, at rest."""
    for stored in (office.home / "archive").rglob("*"):  # the copy has no hard links
        if stored.is_file() and hashlib.sha256(stored.read_bytes()).hexdigest() == sha256:
            stored.chmod(0o644)
            stored.write_bytes(stored.read_bytes()[:-1] + b"x")


def test_damage_is_told_and_an_export_refused(
    archived: tuple[Office, Json], tmp_path: Path
) -> None:
    office = Office(tmp_path / "home")
    shutil.copytree(archived[0].home, office.home)
    change(office, archived[1]["components"][0]["sha256"])
    made = office.run("evidence", CODE, "-o", tmp_path / "e.zip", "--json", code=6)[0]
    assert not made["whole"] and made["components"][0]["left_out"] == [0]
    assert bag_faults(unpacked(tmp_path / "e.zip")[1]) == []
    office.run("export", CODE, "--sip", "-o", tmp_path / "s.zip", code=6)
    assert not (tmp_path / "s.zip").exists()


def test_changed_bytes_are_judged_in_a_process_of_their_own(
    archived: tuple[Office, Json], tmp_path: Path
) -> None:
    """Whoever changed them may have made them hostile; what is as recorded needs no child."""
    office = Office(tmp_path / "home")
    shutil.copytree(archived[0].home, office.home)
    services = Services(load_settings({"SOHOA_HOME": str(office.home)}), Silence())
    actor = services.actor(role=Role.AUDITOR)
    words = Messages("vi").label
    services.packages.evidence(CODE, actor, words, io.BytesIO())
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    services.packages.evidence(CODE, actor, words, io.BytesIO())
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime == before
    change(office, archived[1]["components"][0]["sha256"])
    services.packages.evidence(CODE, actor, words, io.BytesIO())
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime > before


@pytest.mark.parametrize("command", [("evidence",), ("export", "--sip")])
def test_nothing_is_made_of_what_is_not_there(
    archived: tuple[Office, Json], tmp_path: Path, command: tuple[str, ...]
) -> None:
    office, _ = archived
    office.run(*command, "nope", "-o", tmp_path / "x.zip", code=7)
    office.run("export", CODE, "-o", tmp_path / "x.zip", code=2)
    assert list(tmp_path.iterdir()) == []
