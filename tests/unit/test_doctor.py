"""`doctor` says what is there, what is missing and what installs it, and never breaks."""

from __future__ import annotations

import datetime as dt
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from app.doctor import (
    CertificateFacts,
    Finding,
    ModelFacts,
    Probes,
    Status,
    TokenFacts,
    examine,
    healthy,
    program_output,
)
from app.messages import Messages
from app.transport import in_the_clear
from pipeline.errors import (
    ConfigError,
    KeyUnavailable,
    MissingToolError,
    ScannerUnavailable,
    SearchUnavailable,
    TimestampError,
)
from pipeline.settings import (
    ArchiveSettings,
    DatabaseSettings,
    Environment,
    FlowSettings,
    OcrSettings,
    Pkcs11Settings,
    SearchSettings,
    Settings,
    SigningSettings,
    TsaSettings,
)

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
NAMES = (
    *("environment", "python", "tesseract", "ocr_model", "poppler", "font", "sqlite"),
    *("catalogue", "home", "disk", "archive", "records", "index", "signing"),
)


def versions(command: Sequence[str]) -> str | None:
    return {"tesseract": "tesseract 5.3.0\n leptonica", "pdftoppm": "pdftoppm version 22.12.0"}[
        command[0]
    ]


SOUND = Probes(
    model=lambda: ModelFacts("vie-fast", verified=True),
    font=lambda: Path("/usr/share/fonts/Tinos-Regular.ttf"),
    catalogue=lambda: "1.0.0",
    immutability=lambda: "enforced",
    records_versions=lambda: ("0003", "0003"),
    indexed=lambda: 12,
    certificate=lambda: CertificateFacts(
        development=False,
        not_before=NOW - dt.timedelta(days=1),
        not_after=NOW + dt.timedelta(days=400),
    ),
    token=lambda: TokenFacts(keys=3, not_after=NOW + dt.timedelta(days=400)),
    timestamps=lambda: NOW + dt.timedelta(days=400),
    now=lambda: NOW,
    run=versions,
    library=lambda: "5.5.4",
)


@pytest.fixture(autouse=True)
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH that holds exactly the two programs."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("tesseract", "pdftoppm"):
        (folder / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = tmp_path / "home"
    made.mkdir(mode=0o700)
    return made


def office(home: Path, **changes: Any) -> Settings:
    return Settings(home=home, environment=Environment.PRODUCTION, unit="HN", **changes)


def look(settings: Settings, **changes: Any) -> dict[str, Finding]:
    return {f.name: f for f in examine(settings, replace(SOUND, **changes))}


def test_a_sound_office_has_no_advice(home: Path) -> None:
    findings = examine(office(home), SOUND)
    assert tuple(f.name for f in findings) == NAMES
    disk = next(f for f in findings if f.name == "disk")
    assert [f for f in findings if f.code and f is not disk] == []
    assert healthy(findings)
    by_name = {f.name: f.version for f in findings}
    assert by_name["tesseract"] == "5.5.4"
    assert by_name["poppler"] == "22.12.0"
    assert by_name["font"] == "Tinos-Regular.ttf"
    assert by_name["python"] == ".".join(map(str, sys.version_info[:3]))
    assert by_name["signing"] == "2027-12-27"


def raising(error: BaseException) -> Any:
    def probe() -> Any:
        raise error

    return probe


@pytest.mark.parametrize(
    ("name", "changes", "status", "code"),
    [
        (
            "tesseract",
            {"library": lambda: None, "run": lambda c: "tesseract 4.1.1"},
            "missing",
            "PROGRAM_OLD",
        ),
        (
            "tesseract",
            {"library": lambda: None, "run": lambda c: None},
            "missing",
            "PROGRAM_SILENT",
        ),
        ("tesseract", {"library": lambda: None}, "warn", "TESSERACT_LIBRARY_MISSING"),
        ("poppler", {"run": lambda c: "no number here"}, "missing", "PROGRAM_SILENT"),
        (
            "ocr_model",
            {"model": lambda: ModelFacts("x", verified=False)},
            "warn",
            "MODEL_UNVERIFIED",
        ),
        (
            "ocr_model",
            {"model": lambda: ModelFacts("x", verified=True, calibrated=False)},
            "warn",
            "MODEL_UNCALIBRATED",
        ),
        (
            "ocr_model",
            {"model": raising(MissingToolError("MODEL_MISSING", model="vie"))},
            "missing",
            "MODEL_MISSING",
        ),
        (
            "font",
            {"font": raising(MissingToolError("FONT_MISSING", font="Tinos"))},
            "missing",
            "FONT_MISSING",
        ),
        (
            "archive",
            {"immutability": lambda: "advisory"},
            "missing",
            "ARCHIVE_ADVISORY_PRODUCTION",
        ),
        ("records", {"records_versions": lambda: ("0002", "0003")}, "warn", "RECORDS_BEHIND"),
        (
            "index",
            {"indexed": raising(SearchUnavailable("INDEX_DAMAGED"))},
            "missing",
            "INDEX_DAMAGED",
        ),
        ("index", {"indexed": raising(ZeroDivisionError())}, "missing", "PROBE_FAILED"),
    ],
)
def test_what_is_wrong_is_named(
    home: Path, name: str, changes: dict[str, Any], status: str, code: str
) -> None:
    finding = look(office(home), **changes)[name]
    assert (finding.status.value, finding.code) == (status, code)


def certificate(first: int, last: int, *, development: bool = False) -> Any:
    return lambda: CertificateFacts(
        development=development,
        not_before=NOW + dt.timedelta(days=first),
        not_after=NOW + dt.timedelta(days=last),
    )


@pytest.mark.parametrize(
    ("facts", "status", "code"),
    [
        (certificate(-9, -1), "missing", "CERTIFICATE_EXPIRED"),
        (certificate(1, 9), "missing", "CERTIFICATE_NOT_YET_VALID"),
        (certificate(-9, 9), "warn", "CERTIFICATE_ENDING"),
        (certificate(-9, 90), "ok", None),
        (certificate(-9, 90, development=True), "missing", "SIGNING_DEVELOPMENT_PRODUCTION"),
    ],
)
def test_certificates(home: Path, facts: Any, status: str, code: str | None) -> None:
    finding = look(office(home), certificate=facts)["signing"]
    assert (finding.status.value, finding.code) == (status, code)


def with_token_and_authority(home: Path) -> Settings:
    pkcs11 = Pkcs11Settings(module=home / "m.so", token="t", pin=SecretStr("1"), keys={"a": "b"})
    return office(home).model_copy(
        update={
            "signing": SigningSettings(pkcs11=pkcs11),
            "tsa": TsaSettings(url="http://127.0.0.1:1/"),
        }
    )


@pytest.mark.parametrize(
    ("name", "changes", "status", "code"),
    [
        ("token", {}, "ok", None),
        ("token", {"token": lambda: TokenFacts(1, NOW + dt.timedelta(days=9))}, "warn", "ENDING"),
        ("token", {"token": lambda: TokenFacts(1, NOW - dt.timedelta(days=9))}, "missing", "EXPI"),
        ("token", {"token": raising(KeyUnavailable("TOKEN_MISSING"))}, "missing", "TOKEN_MISSING"),
        ("token", {"token": raising(ConfigError("TOKEN_PIN_WRONG"))}, "missing", "PIN_WRONG"),
        ("timestamps", {}, "ok", None),
        ("timestamps", {"timestamps": raising(TimestampError())}, "warn", "TIMESTAMP_UNAVAILABLE"),
        ("timestamps", {"timestamps": lambda: NOW + dt.timedelta(days=9)}, "warn", "ENDING"),
        (
            "signing",
            {"certificate": raising(KeyUnavailable("KEY_OF_OFFICER_MISSING"))},
            "warn",
            "SIGNING_ELSEWHERE",
        ),
        ("signing", {"certificate": raising(KeyUnavailable())}, "missing", "KEY_UNAVAILABLE"),
    ],
)
def test_token_and_timestamps(
    home: Path, name: str, changes: dict[str, Any], status: str, code: str | None
) -> None:
    finding = look(with_token_and_authority(home), **changes)[name]
    assert finding.status.value == status
    assert (code or "") in (finding.code or "") and (code is None) == (finding.code is None)


def test_what_is_not_set_is_not_looked_at(home: Path) -> None:
    assert not {"token", "timestamps"} & set(look(office(home)))


def test_development_is_said_but_not_an_ailment(home: Path) -> None:
    findings = look(
        Settings(home=home),
        immutability=lambda: "advisory",
        certificate=certificate(-9, 90, development=True),
    )
    assert [name for name, f in findings.items() if f.status is Status.WARN and name != "disk"] == [
        *("environment", "archive", "signing")
    ]
    assert healthy(tuple(findings.values()))


@pytest.mark.parametrize("program", ["tesseract", "pdftoppm"])
def test_a_missing_program_is_given_its_package(home: Path, programs: Path, program: str) -> None:
    (programs / program).unlink()
    name, package = {
        "tesseract": ("tesseract", "tesseract-ocr"),
        "pdftoppm": ("poppler", "poppler-utils"),
    }[program]
    finding = look(office(home), library=lambda: None)[name]
    assert finding.code == "PROGRAM_MISSING"
    advice = Messages("vi").finding(finding.code, finding.params).advice
    assert advice == f"sudo apt install {package}"


def test_an_office_without_the_library_may_mean_it(home: Path) -> None:
    settings = office(home, ocr=OcrSettings(engine="program"))
    finding = look(settings, library=lambda: None)["tesseract"]
    assert (finding.status, finding.version) == (Status.OK, "5.3.0")


def test_a_home_that_others_can_read_is_said(home: Path) -> None:
    home.chmod(0o755)
    finding = look(office(home))["home"]
    assert (finding.status, finding.code) == (Status.WARN, "HOME_OPEN")
    advice = Messages("en").finding(finding.code, finding.params).advice
    assert advice == f"chmod 700 {home}"


def test_a_home_that_is_not_there_yet(tmp_path: Path) -> None:
    findings = look(office(tmp_path / "not" / "there"))
    assert findings["home"].code == "HOME_MISSING"
    assert findings["disk"].version is not None
    assert not (tmp_path / "not").exists()


def test_a_full_disk_is_said(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(home)._replace(free=5 * 1024**2)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage)
    finding = look(office(home))["disk"]
    assert (finding.code, finding.params["free_mb"]) == ("DISK_LOW", 5)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_finding_has_words(home: Path, language: Any) -> None:
    messages = Messages(language)
    broken = raising(OSError())
    ill = replace(SOUND, model=broken, font=broken, indexed=broken, run=lambda c: None)
    for finding in (*examine(Settings(home=home), ill), *examine(office(home), SOUND)):
        assert messages.label(f"doctor.{finding.name}") != finding.name
        if finding.code:
            rendered = messages.finding(finding.code, finding.params)
            assert rendered.message
            assert rendered.advice
            assert "?" not in rendered.message + rendered.advice


def test_programs_are_run_without_a_shell_and_their_failure_is_none() -> None:
    python = sys.executable
    assert program_output(
        [python, "-c", "import sys; print('a'); print('b', file=sys.stderr)"]
    ) == ("a\nb\n")
    assert program_output([python, "-c", "raise SystemExit(3)"]) is None
    assert program_output(["/no/such/program"]) is None


@pytest.mark.parametrize(
    ("scanners", "status", "version"),
    [
        (None, "ok", "1.1.1"),
        (lambda: ("Hãng/Kiểu/7",), "ok", "1.1.1: Hãng/Kiểu/7"),
        (tuple, "warn", "1.1.1"),
        (raising(ScannerUnavailable("SCANNER_SILENT", seconds=30)), "missing", None),
    ],
)
def test_scanners_are_asked_only_when_wanted(
    home: Path, programs: Path, scanners: Any, status: str, version: str | None
) -> None:
    (programs / "scanimage").touch(mode=0o755)

    def run(command: Sequence[str]) -> str | None:
        return "scanimage (sane-backends) 1.1.1" if "scan" in command[0] else versions(command)

    found = look(office(home), run=run, scanners=scanners)["scanner"]
    assert (found.status, found.version) == (status, version)


def test_an_office_without_scanners_is_told_what_is_missing_only_when_it_asks(home: Path) -> None:
    assert "scanner" not in look(office(home))
    asked = look(office(home), scanners=tuple)["scanner"]
    assert (asked.status, asked.code) == ("missing", "PROGRAM_MISSING")


CLEAR: dict[str, Any] = {
    "archive": ArchiveSettings(url="s3:http://minio:9000/sohoa-archive"),
    "search": SearchSettings(url="https://a.example:9200,http://b.example:9200"),
    "database": DatabaseSettings(url="postgresql+psycopg://sohoa@db.example/sohoa?sslmode=require"),
    "flows": FlowSettings(api_url="http://10.0.0.7:4200/api"),
}
CLOSED: dict[str, Any] = {
    "archive": ArchiveSettings(url="s3:https://minio:9000/sohoa-archive"),
    "search": SearchSettings(url="http://localhost:9200"),
    "database": DatabaseSettings(
        url="postgresql+psycopg://sohoa@db.example/sohoa?sslmode=verify-full"
    ),
    "flows": FlowSettings(api_url="http://127.0.0.1:4200/api"),
}


@pytest.mark.parametrize(
    ("address", "is_open"),
    [
        ("postgresql+psycopg:///sohoa?host=db.example", True),
        ("postgresql+psycopg:///sohoa?hostaddr=10.0.0.7", True),
        ("postgresql+psycopg://sohoa@localhost/sohoa?host=127.0.0.1,db.example", True),
        ("postgresql+psycopg:///sohoa?host=localhost:5432&host=db.example:5432", True),
        ("postgresql+psycopg:///sohoa?host=db.example&sslmode=verify-full", False),
        ("postgresql+psycopg:///sohoa?host=/run/postgresql", False),
        ("postgresql+psycopg:///sohoa?host=localhost:5432,::1,[::1]:5432,[::1]", False),
        ("postgresql+psycopg:///sohoa", False),
    ],
)
def test_a_databases_hosts_may_stand_in_its_query(home: Path, address: str, is_open: bool) -> None:
    settings = Settings(home=home, database=DatabaseSettings(url=address))
    assert in_the_clear(settings) == (("database.url",) if is_open else ())


def test_servers_that_are_spoken_to_in_the_clear_are_named(home: Path) -> None:
    finding = look(office(home, **CLEAR))["transport"]
    assert (finding.status, finding.code) == (Status.WARN, "TRANSPORT_CLEAR")
    assert finding.params == {"keys": "archive.url, search.url, database.url, flows.api_url"}
    assert "transport" not in look(office(home, **CLOSED))
    assert "transport" not in look(Settings(home=home))
    one = look(office(home, **{**CLOSED, "flows": CLEAR["flows"]}))["transport"]
    assert one.params == {"keys": "flows.api_url"}
    for language in ("vi", "en"):
        assert "flows.api_url" in Messages(language).finding(one.code or "", one.params).message
