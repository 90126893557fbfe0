"""A host that cannot do the work says so before it touches a batch."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("prefect", reason="Prefect is not installed")

from flows.digitise import digitise
from flows.fitness import require_fit
from flows.host import Unwatched, services
from flows.runs import UNFIT, UNTOUCHED
from flows.services import Services
from pipeline.errors import ArchiveUnavailable, SohoaError
from pipeline.settings import (
    ArchiveSettings,
    OcrSettings,
    Settings,
    SigningSettings,
    load_settings,
)


def test_a_host_with_everything_is_fit(tmp_path: Path) -> None:
    require_fit(Services(Settings(home=tmp_path / "home"), Unwatched()).ports)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"ocr": OcrSettings(model="nothing")}, "MODEL_MISSING"),
        ({"signing": SigningSettings(font=Path("no.ttf"))}, "FONT_MISSING"),
        ({"signing": SigningSettings(trust=(Path("no.pem"),))}, "TRUST_UNREADABLE"),
        ({"signing": SigningSettings(pkcs12=Path("sohoa.toml"))}, "KEY_FILE_UNREADABLE"),
        ({"archive": ArchiveSettings(url="ftp://x")}, "URL_UNSUPPORTED"),
        ({"catalogue": Path("no.yaml")}, "CATALOGUE_UNREADABLE"),
    ],
)
def test_what_is_wrong_with_the_host_is_found(
    tmp_path: Path, wrong: dict[str, object], code: str
) -> None:
    (tmp_path / "sohoa.toml").write_text("")
    settings = Settings(home=tmp_path).model_copy(update=wrong)
    with pytest.raises(SohoaError) as found:
        require_fit(Services(settings, Unwatched()).ports)
    assert found.value.code == code


def test_what_may_pass_is_left_to_the_work(tmp_path: Path) -> None:
    ports = Services(Settings(home=tmp_path), Unwatched()).ports

    class Away:
        @property
        def immutability(self) -> str:
            raise ArchiveUnavailable

    ports.__dict__["store"] = Away()
    require_fit(ports)


@pytest.fixture
def unfit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in [name for name in os.environ if name.startswith("SOHOA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SOHOA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SOHOA_OCR__MODEL", "nothing")
    services.cache_clear()
    yield
    services.cache_clear()


@pytest.mark.usefixtures("unfit")
def test_a_run_on_a_host_that_is_not_fit_leaves_its_batches_to_others() -> None:
    ended = digitise.fn(["0" * 64, "1" * 64])
    assert (ended.name, ended.message) == (UNFIT, "MODEL_MISSING 2")
    assert not list(Services(load_settings(), Unwatched()).ports.records.batches())


@pytest.mark.usefixtures("fit")
def test_what_may_pass_is_not_the_hosts_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(ports: object) -> None:
        raise ArchiveUnavailable

    monkeypatch.setattr("flows.digitise.require_fit", away)
    ended = digitise.fn(["0" * 64])
    assert (ended.name, ended.message) == (UNTOUCHED, "ARCHIVE_UNAVAILABLE 1")


@pytest.mark.usefixtures("fit")
def test_a_bug_in_looking_at_the_host_keeps_its_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(ports: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("flows.digitise.require_fit", broken)
    with pytest.raises(SohoaError, match="INTERNAL") as raised:
        digitise.fn(["0" * 64])
    assert "broken" in [frame.name for frame in raised.traceback]


@pytest.fixture
def fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in [name for name in os.environ if name.startswith("SOHOA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SOHOA_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("flows.digitise.require_fit", lambda ports: None)
    services.cache_clear()
    yield
    services.cache_clear()


@pytest.mark.usefixtures("fit")
def test_a_sweep_that_fails_says_nothing_against_the_batches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away(ports: object) -> None:
        raise ArchiveUnavailable("RECORDS_UNAVAILABLE")

    monkeypatch.setattr("flows.digitise.clear", away)
    assert digitise.fn([]).is_completed()
