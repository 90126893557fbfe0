"""Real signed Vietnamese letters: kept beside the checkout, never shipped; CI has them.

None of them is a paper of the catalogue, so without `--as` each must end as `Z_OTHER`.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline.textnorm import fold

Json = dict[str, Any]

SOHOA = Path(sys.executable).with_name("sohoa")
LETTERS = Path(__file__).parents[3] / "shared" / "samples" / "real_scans"
NAMES = (
    "ubnd-quangngai_01-TTr-UBND",
    "ubnd-quangngai_07-CT-UBND-2018",
    "ubnd-quangngai_08-CT-UBND-2018",
    "ubnd-quangngai_11-CT-UBND-2021",
    "ubnd-quangngai_507-UBND-KGVX-borndigital",
    "ubnd-quangngai_574-UBND-KTTH",
)
SIGNATURES = dict(zip(NAMES, (2, 1, 1, 1, 5, 2), strict=True))
DECLARED = "V_KET_QUA_XAC_MINH"
WORDS_FOUND = 0.90
"""Floor for the share of transcribed words that the archived text layer gives back; what fails is
handwriting and names under a red seal, up to seven words of a short letter."""

pytestmark = [
    pytest.mark.skipif(not LETTERS.is_dir(), reason="the real letters are not beside the checkout"),
    pytest.mark.parametrize("name", NAMES),
]


def sohoa(home: Path, *arguments: str | Path, code: int = 0) -> list[Json]:
    """NDJSON of a command that must end with `code`."""
    done = subprocess.run(
        [SOHOA, *map(str, arguments)],
        env={**os.environ, "SOHOA_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def scanned(name: str, folder: Path) -> Path:
    """The letter as a scanner gives it: a folder of 300 dpi JPEG pages."""
    pages = folder / "pages"
    pages.mkdir()
    subprocess.run(
        ["pdftoppm", "-r", "300", "-jpeg", LETTERS / f"{name}.pdf", pages / "trang"],
        check=True,
        stderr=subprocess.DEVNULL,
    )
    return pages


def test_a_declared_letter_is_archived_valid_and_readable(name: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (result,) = sohoa(home, "ingest", scanned(name, tmp_path), "--as", DECLARED, "--json")
    assert result["state"] == "ARCHIVED"
    (verdict,) = sohoa(home, "verify", result["dossier_code"], "--json")
    assert verdict["verdict"] == "VALID"
    archived = home / "archive" / result["components"][0]["object_key"]
    text = subprocess.run(
        ["pdftotext", archived, "-"], capture_output=True, text=True, check=True
    ).stdout
    truth = LETTERS / f"{name}_p1.gt.txt"
    if truth.is_file():
        words = set(fold(truth.read_text(encoding="utf-8")).split())
        assert len(words & set(fold(text).split())) / len(words) >= WORDS_FOUND
    else:
        assert len(text.split()) > 100


def test_an_undeclared_letter_waits_as_other_and_a_person_sends_it_on(
    name: str, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    (held,) = sohoa(home, "ingest", scanned(name, tmp_path), "--json", code=4)
    assert [c["code"] for c in held["components"]] == ["Z_OTHER"]
    (question,) = [r for r in held["review"] if r["blocking"]]
    answer = ("review", "resolve", question["review_id"], "--type", "Z_OTHER", "--json")
    (done,) = sohoa(home, *answer)
    assert done["state"] == "ARCHIVED"


def test_a_signed_original_keeps_every_byte(name: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    original = LETTERS / f"{name}.pdf"
    (result,) = sohoa(home, "ingest", original, "--as", DECLARED, "--json")
    assert result["state"] == "ARCHIVED"
    (component,) = result["components"]
    assert component["signature"] is None
    assert component["signatures"] and all(s["intact"] for s in component["signatures"])
    assert [r for r in result["review"] if r["kind"] == "QUALITY" and r["page"] is None] == []
    out = tmp_path / "out.pdf"
    sohoa(home, "get", result["dossier_code"], component["component_id"], "-o", out)
    digest = hashlib.sha256(original.read_bytes()).hexdigest()
    assert hashlib.sha256(out.read_bytes()).hexdigest() == digest


def test_every_signature_is_intact_weak_ones_named_and_trust_said_to_be_unknown(
    name: str, tmp_path: Path
) -> None:
    (verdict,) = sohoa(tmp_path / "home", "verify", LETTERS / f"{name}.pdf", "--json", code=4)
    assert verdict["verdict"] == "INDETERMINATE" and not verdict["trusted"]
    assert verdict["etsi"]["indication"] == "INDETERMINATE"
    assert len(verdict["signatures"]) == SIGNATURES[name]
    for signature in verdict["signatures"]:
        assert signature["intact"] and not signature["trusted"]
        assert "UNTRUSTED" in signature["reasons"]
        assert signature["etsi"]["sub_indication"] == "NO_CERTIFICATE_CHAIN_FOUND"
        weak = signature["digest"] == "sha1"
        assert ("SHA-1" in signature["weak"], "WEAK_DIGEST" in signature["reasons"]) == (weak, weak)
    assert any(signature["weak"] == ["SHA-1"] for signature in verdict["signatures"])
    assert {"UNTRUSTED", "WEAK_DIGEST"} <= {told["reason"] for told in verdict["explained"]}
    assert all(told["message"] and told["advice"] for told in verdict["explained"])
