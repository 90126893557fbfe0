"""Settings as variables give them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from pipeline.settings import load_settings


def test_a_variable_gives_one_path_or_several(tmp_path: Path) -> None:
    one = {"SOHOA_HOME": str(tmp_path), "SOHOA_SIGNING__TRUST": "/a/root.pem"}
    assert load_settings(one).signing.trust == (Path("/a/root.pem"),)
    two = one | {"SOHOA_SIGNING__TRUST": "/a/root.pem:/b/gốc 2.pem"}
    assert load_settings(two).signing.trust == (Path("/a/root.pem"), Path("/b/gốc 2.pem"))
    none = one | {"SOHOA_SIGNING__TRUST": ""}
    assert load_settings(none).signing.trust == ()


def test_the_file_gives_paths_as_a_list(tmp_path: Path) -> None:
    file = tmp_path / "sohoa.toml"
    file.write_text('[signing]\ntrust = ["a.pem", "b:c.pem"]\n', encoding="utf-8")
    settings = load_settings({"SOHOA_HOME": str(tmp_path)})
    assert settings.signing.trust == (Path("a.pem"), Path("b:c.pem"))


def test_paths_of_another_kind_are_refused(tmp_path: Path) -> None:
    (tmp_path / "sohoa.toml").write_text("[signing]\ntrust = 3\n", encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load_settings({"SOHOA_HOME": str(tmp_path)})
    assert refused.value.code == "CONFIG_INVALID"
    assert refused.value.params["key"] == "signing.trust"
