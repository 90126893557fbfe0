"""Secrets that come in files: systemd's credentials, containers' secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from pipeline.settings import load_settings
from pipeline.signatures.choosing import Signing


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"SOHOA_HOME": str(tmp_path / "home")}


def refused(environ: dict[str, str]) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load_settings(environ)
    return caught.value


@pytest.mark.parametrize(
    ("content", "secret"),
    [
        ("tám chữ", "tám chữ"),
        ("k3y word\n", "k3y word"),
        ("k3y word\r\n", "k3y word"),
        (" spaced \n\n", " spaced \n"),
        ("", ""),
    ],
)
def test_a_file_gives_the_value(
    environ: dict[str, str], tmp_path: Path, content: str, secret: str
) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content.encode())
    settings = load_settings(environ | {"SOHOA_DATABASE__PASSWORD_FILE": str(file)})
    assert settings.database.password is not None
    assert settings.database.password.get_secret_value() == secret
    assert secret == "" or secret not in repr(settings)


def test_a_file_wins_over_the_toml_file(environ: dict[str, str], tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "sohoa.toml").write_text('[search]\nuser = "a"\n', encoding="utf-8")
    (tmp_path / "user").write_text("b\n", encoding="utf-8")
    settings = load_settings(environ | {"SOHOA_SEARCH__USER_FILE": str(tmp_path / "user")})
    assert settings.search.user == "b"


def test_the_value_and_a_file_are_one_too_many(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "user").write_text("b\n", encoding="utf-8")
    both = {"SOHOA_SEARCH__USER": "a", "SOHOA_SEARCH__USER_FILE": str(tmp_path / "user")}
    error = refused(environ | both)
    assert (error.code, error.params["key"]) == ("CONFIG_INVALID", "search.user")


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_named_and_not_its_content(
    environ: dict[str, str], tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "pin"
    if content is not None:
        file.write_bytes(content)
    error = refused(environ | {"SOHOA_SIGNING__PASSWORD_FILE": str(file)})
    expected = {"file": "pin", "variable": "SOHOA_SIGNING__PASSWORD_FILE"}
    assert (error.code, error.params) == ("SECRET_UNREADABLE", expected)


def test_a_file_for_an_unknown_key_is_refused(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "x").write_text("b", encoding="utf-8")
    error = refused(environ | {"SOHOA_SEARCH__NONSENSE_FILE": str(tmp_path / "x")})
    assert (error.code, error.params["key"]) == ("CONFIG_UNKNOWN_KEY", "search.nonsense")


def test_a_process_that_signs_nothing_needs_no_pin(tmp_path: Path) -> None:
    given = {"MODULE": "/usr/lib/vendor/libpkcs11.so", "TOKEN": "SOHOA"}
    environ = {f"SOHOA_SIGNING__PKCS11__{name}": value for name, value in given.items()}
    settings = load_settings({"SOHOA_HOME": str(tmp_path), **environ})
    with pytest.raises(ConfigError) as caught:
        _ = Signing(settings).token
    assert caught.value.code == "TOKEN_PIN_MISSING"
