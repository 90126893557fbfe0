"""Custody from end to end on the embedded archive: real papers, damage, and a second folder."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.main import main
from benchmarks.crash import Bench, make_bench
from casework.custody.damage import State
from pipeline.models.batch import BatchState, IngestTerms


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with an archived dossier."""
    folder = tmp_path_factory.mktemp("bench")
    bench: Bench = make_bench(folder)
    services = bench.services(folder / "home")
    (view,) = services.batches.ingest(bench.source, IngestTerms(), services.actor()).views
    assert view.state is BatchState.ARCHIVED
    services.ports.records.close()
    return folder / "home"


def said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, dict[str, object]]:
    monkeypatch.setattr(sys, "argv", ["sohoa", *arguments, "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    out = capsys.readouterr().out
    assert isinstance(ended.value.code, int)
    return ended.value.code, json.loads(out) if out else {}


def test_damage_to_real_papers_is_named_and_repaired(
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    own, second = tmp_path / "home", tmp_path / "second"
    subprocess.run(["cp", "-a", home, own], check=True)  # with its hard links
    shutil.copytree(own / "archive", second)
    monkeypatch.setenv("SOHOA_HOME", str(own))
    monkeypatch.setenv("SOHOA_ARCHIVE__SECOND__URL", f"file:{second}")

    code, report = said(monkeypatch, capsys, "fixity", "--all")
    assert (code, report["ok"], report["finished"], report["damage"]) == (0, True, True, [])

    one, other = sorted((own / "archive" / "dossiers").rglob("*.pdf"))[:2]
    sidecar = next((own / "archive" / "text").rglob("*.gz"))
    for path in (one, other):
        path.chmod(0o644)
    first, last = one.read_bytes(), other.read_bytes()
    one.write_bytes(last)
    other.write_bytes(first)
    sidecar.unlink()

    code, report = said(monkeypatch, capsys, "fixity", "--all")
    assert (code, report["ok"]) == (6, False)
    damage = report["damage"]
    assert isinstance(damage, list)
    assert sorted(d["code"] for d in damage) == ["OBJECT_SWAPPED", "OBJECT_SWAPPED", "SIDECAR_LOST"]
    assert all(d["state"] == State.OPEN for d in damage)
    assert said(monkeypatch, capsys, "fixity")[0] == 6  # told until it is mended

    code, report = said(monkeypatch, capsys, "fixity", "--repair")
    assert code == 0
    assert (one.read_bytes(), other.read_bytes(), sidecar.exists()) == (first, last, True)
    code, report = said(monkeypatch, capsys, "audit")
    assert code == 0, report
    assert report["canary"] == {
        "outcome": "advisory", "at": None, "let_through": [], "stopped": False, "overdue": False
    }  # fmt: skip
    assert said(monkeypatch, capsys, "canary")[0] == 0
    assert said(monkeypatch, capsys, "canary", "--clear", "a b")[0] == 2


def test_an_archive_is_no_second_copy_of_itself(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SOHOA_HOME", str(home))
    monkeypatch.setenv("SOHOA_ARCHIVE__SECOND__URL", "file:archive")
    assert said(monkeypatch, capsys, "fixity", "--repair")[0] == 2
