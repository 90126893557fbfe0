"""Answers given in review, archived with their papers, are examples; weights follow them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.progress import Silence
from benchmarks.factory import make_person, render_component, write_batch
from benchmarks.factory.scanning import age
from flows.services import Services
from ocr_models.page_registry import shipped_models
from pipeline.settings import load_settings

Json = dict[str, Any]
SOHOA = Path(sys.executable).with_name("sohoa")


class Office:
    """One home, driven through the command line."""

    def __init__(self, home: Path) -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("SOHOA_")}
        self.home = home
        self._environ = {
            **kept,
            "SOHOA_HOME": str(home),
            "SOHOA_LANGUAGE": "en",
            # with another model than the calibrated one these settings decide: all fields are asked
            "SOHOA_OCR__MODEL": "vie-fast-4.1.0",
            "SOHOA_FIELDS__ACCEPT_CONFIDENCE": "1",
        }

    def run(self, *arguments: str | Path, code: int = 0) -> tuple[list[Json], str]:
        """NDJSON objects and what was said on stderr."""
        done = subprocess.run(
            [SOHOA, *map(str, arguments), "--json"],
            env=self._environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == code, (done.returncode, done.stdout[-2000:], done.stderr[-2000:])
        return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """An office where people answered what held one batch, and one question about a field."""
    folder = tmp_path_factory.mktemp("learning")
    found = Office(folder / "home")
    rng = np.random.default_rng(11)
    person = make_person(rng)
    codes = ("R_07B_HSB", "Z_OTHER", "C_KHAI_TU")
    images = [
        age(page.image, rng)
        for code in codes
        for page in render_component(code, person, rng, dpi=200)
    ]
    write_batch(folder / "lo.pdf", images, dpi=200)
    found.run("ingest", folder / "lo.pdf", code=4)
    for _ in range(8):
        asked, _ = found.run("review", "list")
        if not (blocking := [q for q in asked if q["blocking"]]):
            break
        kind, name = blocking[0]["kind"], blocking[0]["review_id"]
        answer = ("--type", "V_KET_QUA_XAC_MINH") if kind == "COMPONENT_TYPE" else ("--accept",)
        done = subprocess.run(
            [SOHOA, "review", "resolve", name, *answer],
            env=found._environ,
            capture_output=True,
            check=False,
            timeout=120,
        )
        assert done.returncode in (0, 4), done.stderr
    return found


def test_answers_about_archived_papers_are_counted(office: Office) -> None:
    (counts,), _ = office.run("learn", "examples")
    assert counts["types"] == {"V_KET_QUA_XAC_MINH": 1}
    assert (counts["type"], counts["batches"], counts["unreadable"]) == (1, 1, 0)
    assert not {"NGUYỄN", "value", "text"} & set(json.dumps(counts, ensure_ascii=False).split('"'))


def test_fields_that_people_confirmed_or_corrected_are_counted(office: Office) -> None:
    asked, _ = office.run("review", "list")
    fields = [question for question in asked if question["field"]]
    assert len(fields) >= 2
    office.run("review", "resolve", fields[0]["review_id"], "--accept")
    office.run("review", "resolve", fields[1]["review_id"], "--value", "Nguyễn Thị Kiểm Thử")
    (counts,), _ = office.run("learn", "examples")
    assert (counts["field_confirmed"], counts["field_corrected"]) == (1, 1)


def test_one_answer_is_too_few_and_nothing_changes(office: Office) -> None:
    _, said = office.run("learn", "retrain", code=3)
    assert "Too few decisions" in said
    assert not (office.home / "models" / "pages").exists()
    _, said = office.run("learn", "revert", code=2)
    assert "nothing to go back to" in said


def test_which_weights_told_the_papers_is_in_the_ledger(office: Office) -> None:
    settings = load_settings(environ={"SOHOA_HOME": str(office.home)})
    events = [entry.event for entry in Services(settings, Silence()).ports.records.ledger()]
    (archived,) = [event for event in events if event.action == "batch.archived"]
    assert archived.hashes["page_models"] == shipped_models().identity
    assert "examples.read" in {event.action for event in events}
    office.run("audit")


def test_text_that_was_changed_in_the_archive_teaches_nothing(office: Office) -> None:
    changed = [p for p in (office.home / "archive" / "text").rglob("*.json.gz") if p.is_file()]
    for path in changed:
        path.chmod(0o600)
        path.write_bytes(b"changed")
    (counts,), _ = office.run("learn", "examples")
    assert (counts["type"], counts["unreadable"]) == (0, 1)
