"""Measurements are written section by section; others stay as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import results


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(results, "RESULTS", tmp_path / "RESULTS.md")
    return tmp_path / "RESULTS.md"


def test_a_section_is_replaced_and_the_others_stay(page: Path) -> None:
    results.record("One", "python -m one", [{"bad": 3}], "First.")
    results.record("Two", "python -m two", [{"bad": 0}], "Second.")
    before = page.read_text().partition("## Two")[2]
    results.record("One", "python -m one", [{"bad": 0}], "Again.")
    text = page.read_text()
    assert text.partition("## Two")[2] == before
    assert "First." not in text and "Again." in text
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        "# Measured",
        "## One",
        "## Two",
    ]


def test_a_section_names_its_command_versions_and_figures(page: Path) -> None:
    results.record("One", "python -m one", [{"ratio": 1.2, "bad": 0}, {"ratio": 1.1, "bad": 1}], "")
    text = page.read_text()
    assert "`python -m one`" in text and "tesseract 5" in text
    assert "| ratio | bad |\n|---|---|\n| 1.2 | 0 |\n| 1.1 | 1 |" in text
