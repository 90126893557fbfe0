"""The main job through the composition root and the command line, on made-up papers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest
from pdf2image import convert_from_path
from PIL import Image

from benchmarks.factory import make_person, render_component, write_batch
from benchmarks.factory.scanning import age
from pipeline.adapters.file_claims import FileClaims
from pipeline.adapters.symbols import draw_qr
from pipeline.textnorm import fold

Json = dict[str, Any]

SOHOA = Path(sys.executable).with_name("sohoa")


class Office:
    """One home, driven through the command line."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environ = {
            **{k: v for k, v in os.environ.items() if not k.startswith("SOHOA_")},
            "SOHOA_HOME": str(home),
        }

    def run(self, *arguments: str | Path, code: int = 0) -> list[Json]:
        """NDJSON objects of a command that must end with `code`."""
        done = subprocess.run(
            [SOHOA, *map(str, arguments)],
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == code, (done.returncode, done.stdout[-2000:], done.stderr[-2000:])
        assert "Traceback" not in done.stderr
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    def one(self, *arguments: str | Path, code: int = 0) -> Json:
        """The only object of a command."""
        (document,) = self.run(*arguments, "--json", code=code)
        return document


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path / "home")


def papers(folder: Path, *codes: str, seed: int = 3, dpi: int = 200) -> Path:
    """A PDF of scanned-looking components in order, all of one person."""
    rng = np.random.default_rng(seed)
    person = make_person(rng)
    images = [
        age(page.image, rng)
        for code in codes
        for page in render_component(code, person, rng, dpi=dpi)
    ]
    path = folder / "lo.pdf"
    write_batch(path, images, dpi=dpi)
    return path


@pytest.fixture(scope="module")
def archived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Office, Json, Path]]:
    """An office with one archived batch."""
    folder = tmp_path_factory.mktemp("archived")
    office = Office(folder / "home")
    source = papers(folder, "R_07B_HSB", "C_KHAI_TU")
    yield office, office.one("ingest", source), source


def test_papers_end_archived_signed_and_indexed(archived: tuple[Office, Json, Path]) -> None:
    _, result, _ = archived
    assert (result["state"], result["indexed"], result["error"]) == ("ARCHIVED", True, None)
    assert [c["code"] for c in result["components"]] == ["R_07B_HSB", "C_KHAI_TU"]
    assert result["pages"] == {"in": 2, "kept": 2, "blank": 0, "separator": 0, "rejected": 0}
    for component in result["components"]:
        assert component["signature"]["level"] == "PAdES-B-B"
        assert component["digitisation_code"].startswith(f"DEV.{component['code']}.")


def test_what_get_gives_is_what_was_signed(
    archived: tuple[Office, Json, Path], tmp_path: Path
) -> None:
    office, result, _ = archived
    component = result["components"][0]
    out = tmp_path / "out.pdf"
    office.run("get", result["dossier_code"], component["component_id"], "-o", out)
    assert out.stat().st_size == component["size"]
    verdict = office.one("verify", out)
    assert verdict["verdict"] == "VALID"
    assert verdict["stamp_top_left"] is True
    assert (verdict["fixity"], verdict["ledger"]) == ("ok", "anchored")


@pytest.mark.parametrize("lies", [0, 180])
def test_the_stamp_stands_beside_the_code_of_an_issued_paper(
    office: Office, tmp_path: Path, lies: int
) -> None:
    """Papers that the system issues carry a QR code at the top left (domain-pack E.1)."""
    rng = np.random.default_rng(3)
    page = render_component("C_KHAI_TU", make_person(rng), rng, dpi=200)[0].image
    code = Image.fromarray(np.kron(draw_qr("HS:0001|GIAY HEN"), np.ones((8, 8), np.uint8)))
    page.paste(code, (40, 40))
    source = tmp_path / "issued.pdf"
    write_batch(source, [page.rotate(lies, expand=True)], dpi=200)
    (component,) = office.one("ingest", source, "--as", "Z_OTHER")["components"]
    x0, _, _, y1 = component["signature"]["box"]
    height = page.height * 72 / 200
    right, foot = ((40 + side) * 72 / 200 for side in code.size)
    assert x0 > right or y1 < height - foot
    assert x0 < page.width * 72 / 600 and height - y1 < height / 3


def test_the_raw_image_passes_through_untouched(
    archived: tuple[Office, Json, Path], tmp_path: Path
) -> None:
    office, result, source = archived
    out = tmp_path / "out.pdf"
    component = result["components"][1]
    office.run("get", result["dossier_code"], component["component_id"], "-o", out)
    with pikepdf.open(source) as before, pikepdf.open(out) as after:
        assert _image(before.pages[1]) == _image(after.pages[0])


def _image(page: pikepdf.Page) -> bytes:
    (image,) = page.get_images().values()
    return bytes(image.read_raw_bytes())


def test_the_same_papers_again_are_the_same_batch(archived: tuple[Office, Json, Path]) -> None:
    office, result, source = archived
    again = office.one("ingest", source)
    assert again["duplicate"] is True
    assert again["batch_id"] == result["batch_id"]
    assert [c["version_id"] for c in again["components"]] == [
        c["version_id"] for c in result["components"]
    ]


def test_the_same_papers_as_another_type_are_refused(
    archived: tuple[Office, Json, Path],
) -> None:
    office, _, source = archived
    refused = office.one("ingest", source, "--as", "Z_OTHER", code=3)
    assert refused["error"]["code"] == "BATCH_OTHER_TYPE"


def test_the_same_papers_may_belong_to_a_second_dossier(
    archived: tuple[Office, Json, Path],
) -> None:
    office, result, source = archived
    other = office.one("ingest", source, "--dossier", "12345.G/2023/07900")
    assert other["state"] == "ARCHIVED"
    assert other["batch_id"] != result["batch_id"]
    assert other["dossier_code"] == "12345.G/2023/07900"
    assert office.one("audit")["ok"] is True


def test_a_person_is_found_without_diacritics(archived: tuple[Office, Json, Path]) -> None:
    office, result, _ = archived
    (name,) = [
        f["value"] for f in result["components"][1]["fields"] if f["name"] == "deceased_name"
    ]
    found = office.one("search", fold(name))
    assert result["dossier_code"] in {hit["dossier_code"] for hit in found["hits"]}


def test_text_and_show_give_what_there_is(archived: tuple[Office, Json, Path]) -> None:
    office, result, _ = archived
    component = result["components"][0]
    text = office.one("text", result["dossier_code"], component["component_id"])
    assert "QUYẾT ĐỊNH" in text["pages"][0]["text"]
    x0, y0, x1, y1 = text["pages"][0]["words"][0]["box"]
    assert 0 <= x0 < x1 <= 596 and 0 <= y0 < y1 <= 843
    shown = office.run("show", result["dossier_code"], "--json")
    assert component["component_id"] in {c["component_id"] for s in shown for c in s["components"]}


def test_a_changed_archived_file_is_invalid_and_audited(tmp_path: Path) -> None:
    office = Office(tmp_path / "home")
    result = office.one("ingest", papers(tmp_path, "C_KHAI_TU"))
    held = office.home / "archive" / result["components"][0]["object_key"]
    data = bytearray(held.read_bytes())
    data[5000] ^= 1
    held.chmod(0o600)
    held.write_bytes(data)
    verdict = office.one("verify", result["dossier_code"], code=6)
    assert (verdict["verdict"], verdict["fixity"]) == ("INVALID", "changed")
    component, out = result["components"][0]["component_id"], tmp_path / "out.pdf"
    office.run("get", result["dossier_code"], component, "-o", out, code=6)
    assert not out.exists()
    report = office.one("audit", code=6)
    assert report["ok"] is False


def test_the_index_can_be_rebuilt_from_the_archive(tmp_path: Path) -> None:
    office = Office(tmp_path / "home")
    result = office.one("ingest", papers(tmp_path, "C_KHAI_TU"))
    before = office.one("search", result["dossier_code"])
    for file in office.home.glob("index.sqlite*"):
        file.unlink()
    office.run("search", result["dossier_code"], "--json", code=5)
    office.run("rebuild", "--index", "--json")
    after = office.one("search", result["dossier_code"])
    assert after["hits"] == before["hits"]


def test_records_can_be_rebuilt_from_the_archive(tmp_path: Path) -> None:
    office = Office(tmp_path / "home")
    result = office.one("ingest", papers(tmp_path, "C_KHAI_TU"))
    for file in office.home.glob("records.sqlite*"):
        file.unlink()
    office.run("rebuild", "--records", "--json")
    verdict = office.one("verify", result["dossier_code"])
    assert verdict["verdict"] == "VALID"
    assert office.one("audit")["ok"] is True


def test_an_unknown_paper_waits_and_a_person_sends_it_on(tmp_path: Path) -> None:
    office = Office(tmp_path / "home")
    held = office.one("ingest", papers(tmp_path, "Z_OTHER"), code=4)
    assert held["state"] == "NEEDS_REVIEW"
    assert [c["code"] for c in held["components"]] == ["Z_OTHER"]
    assert not (office.home / "archive" / "raw").exists()
    code, component = held["dossier_code"], held["components"][0]["component_id"]
    read = office.one("text", code, component[:6])
    assert read["component_id"] == component
    assert [page["page"] for page in read["pages"]] == [0] and read["pages"][0]["words"]
    office.run("get", code, component, "-o", tmp_path / "out.pdf", code=7)
    office.run("text", code, "0" * 64, code=7)
    (question,) = [r for r in held["review"] if r["blocking"]]
    assert question["kind"] == "COMPONENT_TYPE"
    office.run("review", "resolve", question["review_id"], "--value", "x", "--json", code=2)
    done = office.one("review", "resolve", question["review_id"][:12], "--type", "Z_OTHER")
    assert done["state"] == "ARCHIVED"
    assert office.one("audit")["ok"] is True


def test_a_confirmed_field_is_searchable_at_once(tmp_path: Path) -> None:
    office = Office(tmp_path / "home")
    result = office.one("ingest", papers(tmp_path, "R_07B_HSB"))
    question = next(r for r in result["review"] if r["kind"] == "FIELD")
    office.run("review", "resolve", question["review_id"], "--value", "987654321012345", "--json")
    found = office.one("search", "987654321012345")
    assert found["total"] >= 1 or question["field"] not in ("doc_number", "bhxh_code")
    shown = office.one("show", result["dossier_code"])
    (field,) = [f for f in shown["components"][0]["fields"] if f["name"] == question["field"]]
    assert (field["value"], field["status"]) == ("987654321012345", "accepted")
    assert office.one("audit")["ok"] is True


def test_a_folder_with_a_bad_file_waits_and_the_repaired_one_supersedes(tmp_path: Path) -> None:
    office = Office(tmp_path / "home")
    folder = tmp_path / "ho-so"
    folder.mkdir()
    papers(tmp_path, "C_KHAI_TU").rename(folder / "1.pdf")
    (folder / "2.pdf").write_bytes(b"")
    held = office.one("ingest", folder, code=4)
    assert held["refused"][0]["code"] == "SCAN_EMPTY"
    assert "SOURCE_INCOMPLETE" in {r["kind"] for r in held["review"]}
    papers(tmp_path, "R_07B_HSB").rename(folder / "2.pdf")
    done = office.one("ingest", folder)
    assert done["state"] == "ARCHIVED"
    assert not [r for r in office.run("review", "list", "--json") if r["blocking"]]


def test_a_watched_file_leaves_only_when_archived(tmp_path: Path) -> None:
    office = Office(tmp_path / "home")
    office.environ["SOHOA_INTAKE__SETTLE_SECONDS"] = "0"
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    papers(tmp_path, "C_KHAI_TU").rename(inbox / "tot.pdf")
    (inbox / "hong.pdf").write_bytes(b"khong phai pdf")
    results = office.run("watch", inbox, "--once", "--json", code=3)
    assert sorted(r["state"] for r in results) == ["ARCHIVED", "QUARANTINED"]
    assert (inbox / "archived" / "tot.pdf").is_file()
    assert (inbox / "refused" / "hong.pdf").read_bytes() == b"khong phai pdf"


def test_watch_names_what_it_leaves(tmp_path: Path) -> None:
    office = Office(tmp_path / "home")
    office.environ["SOHOA_INTAKE__SETTLE_SECONDS"] = "0"
    folder = tmp_path / "inbox" / "goi"
    folder.mkdir(parents=True)
    (folder / "hong.pdf").write_bytes(b"khong phai pdf")
    (folder / ".an").write_bytes(b"")
    refused, left = office.run("watch", tmp_path / "inbox", "--once", "--json", code=3)
    assert (refused["source"], refused["state"]) == ("goi", "QUARANTINED")
    assert (left["source"], left["state"], left["error"]["code"]) == ("goi", None, "SOURCE_LEFT")
    assert (folder / "hong.pdf").is_file()


def test_a_name_that_is_no_text_stops_no_other_source(tmp_path: Path) -> None:
    office = Office(tmp_path / "home")
    office.environ["PYTHONIOENCODING"] = "utf-8:strict"
    (tmp_path / "hong.pdf").write_bytes(b"khong phai pdf")
    missing = os.fsdecode(os.fsencode(tmp_path) + b"/\xff\n.pdf")
    first, second = office.run("ingest", missing, tmp_path / "hong.pdf", "--json", code=7)
    assert first["source"].endswith("/\\udcff\\x0a.pdf")
    assert (first["error"]["code"], second["state"]) == ("SOURCE_MISSING", "QUARANTINED")


def test_what_is_odd_about_an_accepted_file_is_said_and_holds_nothing(tmp_path: Path) -> None:
    office, source = Office(tmp_path / "home"), papers(tmp_path, "R_07B_HSB")
    with pikepdf.open(source) as pdf:
        pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")
        pdf.save(tmp_path / "lo.jpg")
    result = office.one("ingest", tmp_path / "lo.jpg", "--as", "R_07B_HSB")
    assert result["state"] == "ARCHIVED"
    said = [r["reason"] for r in result["review"] if r["kind"] == "QUALITY" and r["page"] is None]
    assert said == [
        "Tệp thứ 1 có mã lệnh; mã không được chạy.",
        "Đuôi tên của tệp thứ 1 không đúng với nội dung.",
    ]


def test_a_signed_file_that_was_changed_is_kept_and_said_to_be_broken(tmp_path: Path) -> None:
    office = Office(tmp_path / "home")
    result = office.one("ingest", papers(tmp_path, "C_KHAI_TU"))
    (signed,) = result["components"]
    bytes_ = (office.home / "archive" / signed["object_key"]).read_bytes()
    assert b":unit>DEV<" in bytes_
    (tmp_path / "sua.pdf").write_bytes(bytes_.replace(b":unit>DEV<", b":unit>ABC<"))
    kept = office.one("ingest", tmp_path / "sua.pdf", "--as", "C_KHAI_TU")
    assert kept["state"] == "ARCHIVED"
    said = [r["reason"] for r in kept["review"] if r["kind"] == "QUALITY" and r["page"] is None]
    assert len(said) == 1 and said[0].startswith("Chữ ký số trong tệp thứ 1")


def test_refused_bytes_lie_in_quarantine(tmp_path: Path) -> None:
    office = Office(tmp_path / "home")
    bad = tmp_path / "bad.pdf"
    bad.write_bytes(b"%PDF-1.7\nnothing more")
    refused = office.one("ingest", bad, code=3)
    assert (refused["state"], refused["dossier_code"]) == ("QUARANTINED", None)
    assert refused["error"]["code"]
    kept = office.home / "work" / "quarantine" / refused["refused"][0]["sha256"]
    assert kept.read_bytes() == bad.read_bytes()


def test_the_development_pki_is_refused_in_production(tmp_path: Path) -> None:
    office = Office(tmp_path / "home")
    office.environ |= {"SOHOA_ENVIRONMENT": "production", "SOHOA_UNIT": "07900"}
    office.run("ingest", papers(tmp_path, "C_KHAI_TU"), "--json", code=2)


def test_doctor_is_content_with_this_machine(office: Office) -> None:
    findings = {f["name"]: f for f in office.run("doctor", "--json")}
    assert findings["tesseract"]["status"] == "ok"
    assert findings["ocr_model"]["version"]
    assert "missing" not in {f["status"] for f in findings.values()}


def test_usage_errors_exit_2_without_a_traceback(office: Office) -> None:
    office.run("ingest", code=2)
    office.run("ingest", "x.pdf", "--as", "KHONG_CO", "--json", code=2)
    office.run("show", "KHONG-CO", "--json", code=7)


def test_ingest_never_loads_an_orchestrator_or_a_server_client() -> None:
    code = (
        "import sys, app.main, flows.services, pipeline.run.steps;"
        "bad = {'prefect', 'minio', 'elasticsearch', 'psycopg'} & set(sys.modules);"
        "sys.exit(bool(bad))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_is_archived_leaves_the_workspace_and_still_shows(tmp_path: Path) -> None:
    office = Office(tmp_path / "home")
    result = office.one("ingest", papers(tmp_path, "R_07B_HSB"))
    left = [p for p in (office.home / "work" / "blobs").rglob("*") if p.is_file()]
    assert sum(p.stat().st_size for p in left) < 100_000
    shown = office.one("show", result["dossier_code"])
    assert shown["components"] == result["components"]
    assert shown["pages"] == result["pages"]


def test_a_missing_key_keeps_the_work_and_resume_goes_on(tmp_path: Path) -> None:
    office = Office(tmp_path / "home")
    source = papers(tmp_path, "C_KHAI_TU")
    office.environ["SOHOA_SIGNING__PKCS12"] = "khoa.p12"
    waiting = office.one("ingest", source, code=4)
    assert (waiting["state"], waiting["error"]["code"]) == (
        "AWAITING_SIGNATURE",
        "KEY_FILE_MISSING",
    )
    assert waiting["pages"]["kept"] == sum(len(c["pages"]) for c in waiting["components"])
    del office.environ["SOHOA_SIGNING__PKCS12"]
    with FileClaims(office.home / "work" / "claims").claim(waiting["batch_id"]):
        busy = office.one("ingest", "--resume", code=5)
    assert (busy["source"], busy["error"]["code"]) == (waiting["source"], "BATCH_BUSY")
    done = office.one("ingest", "--resume")
    assert (done["state"], done["batch_id"]) == ("ARCHIVED", waiting["batch_id"])
    assert office.one("audit")["ok"] is True


def test_an_empty_home_finds_nothing_and_audits_clean(office: Office) -> None:
    assert office.one("search", "khong co ai")["total"] == 0
    assert office.one("audit")["ok"] is True


def test_a_portal_image_is_wrapped_unstamped_and_reviewed(tmp_path: Path) -> None:
    office = Office(tmp_path / "home")
    rng = np.random.default_rng(2)
    page = render_component("C_KHAI_TU", make_person(rng), rng, dpi=150)[0].image
    picture = tmp_path / "anh.jpg"
    page.convert("RGB").save(picture, dpi=(150, 150))
    result = office.one("ingest", picture, "--channel", "portal", "--as", "C_KHAI_TU")
    assert result["state"] == "ARCHIVED"
    assert result["components"][0]["signature"] is None
    assert "E_COPY" in {r["kind"] for r in result["review"]}
    verdict = office.one("verify", result["dossier_code"])
    assert (verdict["verdict"], verdict["level"], verdict["fixity"]) == ("VALID", None, "ok")


def test_one_source_may_hold_two_dossiers(tmp_path: Path) -> None:
    office = Office(tmp_path / "home")
    rng = np.random.default_rng(9)
    images = []
    for code in ("HS-1", "HS-2"):
        slip = tmp_path / f"{code}.pdf"
        case = ("--procedure", "CHUYEN_NOI_HUONG", "--case", "CN1_TRANSFER")
        office.run("slip", *case, "--dossier", code, "-o", slip)
        sheets = convert_from_path(slip, dpi=200)
        paper = render_component("F_14_HSB", make_person(rng), rng, dpi=200)[0].image
        images += [sheets[0], sheets[1], age(paper, rng)]
    source = tmp_path / "hai-ho-so.pdf"
    write_batch(source, images, dpi=200)
    results = office.run("ingest", source, "--json")
    assert [r["dossier_code"] for r in results] == ["HS-1", "HS-2"]
    assert {r["state"] for r in results} == {"ARCHIVED"}
    assert sum(r["pages"]["in"] for r in results) == 6
    assert [c["pages"] for r in results for c in r["components"]] == [[2], [5]]
    assert office.one("audit")["ok"] is True


def test_a_held_paper_book_is_erased_once_confirmed(tmp_path: Path) -> None:
    office = Office(tmp_path / "home")
    source = papers(tmp_path, "Z_OTHER", "C_KHAI_TU")
    case = ("--procedure", "BHXH1L", "--case", "LS1_RETIREMENT_AGE")
    held = office.one("ingest", source, "--as", "B_SO_BHXH", *case, code=4)
    (question,) = [r for r in held["review"] if r["blocking"]]
    assert question["kind"] == "PHYSICAL_ONLY"
    done = office.one("review", "resolve", question["review_id"], "--accept")
    assert done["state"] == "ARCHIVED"
    assert (done["components"], done["pages"]["rejected"]) == ([], done["pages"]["in"])
    assert (held["physical"], done["physical"]) == ([], ["B_SO_BHXH"])
    assert "B_SO_BHXH" not in [code for code, _ in done["conditional"]]
    kept = [p.name for p in (office.home / "archive").rglob("*.pdf")]
    left = [p for p in (office.home / "work" / "blobs").rglob("*") if p.is_file()]
    assert (kept, left) == ([], [])
    assert office.one("audit")["ok"] is True
    (office.home / "records.sqlite").rename(tmp_path / "lost.sqlite")
    office.one("rebuild", "--records")
    assert office.one("show", done["dossier_code"])["physical"] == ["B_SO_BHXH"]


def test_a_late_answer_to_a_settled_question_is_refused(tmp_path: Path) -> None:
    office = Office(tmp_path / "home")
    held = office.one("ingest", papers(tmp_path, "Z_OTHER"), code=4)
    (question,) = [r for r in held["review"] if r["blocking"]]
    answer = ("review", "resolve", question["review_id"], "--type")
    office.run(*answer, "Z_OTHER", "--json")
    office.run(*answer, "F_13_HSB", "--json", code=2)


def test_a_file_refused_for_a_limit_is_taken_once_the_limit_is_lifted(tmp_path: Path) -> None:
    office = Office(tmp_path / "home")
    folder = tmp_path / "ho-so"
    folder.mkdir()
    papers(tmp_path, "C_KHAI_TU").rename(folder / "1.pdf")
    papers(tmp_path, "R_04_HSB").rename(folder / "2.pdf")
    office.environ["SOHOA_INTAKE__MAX_PAGES"] = "1"
    held = office.one("ingest", folder, code=4)
    assert held["refused"][0]["code"] == "TOO_MANY_PAGES"
    del office.environ["SOHOA_INTAKE__MAX_PAGES"]
    assert office.one("ingest", folder)["state"] == "ARCHIVED"
