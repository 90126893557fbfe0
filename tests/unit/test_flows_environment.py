"""Prefect's own variables as Sohoa's settings make them."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.environment import environment
from pipeline.settings import load_settings

LOGIN = "PREFECT_API_AUTH_STRING"


@pytest.mark.parametrize(
    ("given", "expected"), [({}, None), ({"SOHOA_FLOWS__PASSWORD": "hidden"}, "sohoa:hidden")]
)
def test_the_servers_password_has_one_place(
    given: dict[str, str], expected: str | None, tmp_path: Path
) -> None:
    pytest.importorskip("prefect")
    own = {"SOHOA_HOME": str(tmp_path), "SOHOA_FLOWS__API_URL": "http://127.0.0.1:1/api"}
    settings = load_settings(own | given)
    assert environment(settings, {}).get(LOGIN) == expected
    assert environment(settings, {LOGIN: "of old"})[LOGIN] == (expected or "of old")
    assert "hidden" not in repr(settings)
