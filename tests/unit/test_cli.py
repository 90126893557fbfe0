"""The command line at its edge: whatever is typed, a sentence and an exit code come out."""

from __future__ import annotations

import io
import json
import os
import pty
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.cli.output import copy_out, output_file
from app.main import main
from app.messages import Messages
from app.progress import Bars
from pipeline.errors import ChecksumMismatch, ConfigError
from pipeline.settings import default_home
from pipeline.textnorm import printable

Json = dict[str, Any]
ROOT = Path(__file__).parents[2]
NOT_TEXT = os.fsdecode(b"a\xff\xfeb")
ENDLESS = "a" * 5000
CASE = ("--procedure", "BHXH1L", "--case", "LS1_RETIREMENT_AGE")


@dataclass(frozen=True)
class Said:
    """What one command gave."""

    code: int
    out: str
    err: str

    @property
    def objects(self) -> list[Json]:
        return [json.loads(line) for line in self.out.splitlines()]


Sohoa = Callable[..., Said]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.startswith("SOHOA_"):
            monkeypatch.delenv(name)
    folder = tmp_path / "home"
    monkeypatch.setenv("SOHOA_HOME", str(folder))
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
def sohoa(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> Iterator[Sohoa]:
    def run(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["sohoa", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsysbinary.readouterr()
        assert b"Traceback" not in err
        assert isinstance(ended.value.code, int)
        return Said(ended.value.code, out.decode(), err.decode())

    assert home
    yield run


@pytest.mark.parametrize(
    "arguments",
    [
        *(("show", what) for what in ("", "nope", NOT_TEXT, ENDLESS)),
        *(("verify", what) for what in ("", "nope", NOT_TEXT, ENDLESS, ".")),
        *(("ingest", what) for what in ("", "nope.pdf", NOT_TEXT, ENDLESS, "/dev/null/x")),
        *(("watch", what, "--once") for what in ("", "nope")),
        *(("review", "show", what) for what in ("", "nope", "%", NOT_TEXT, ENDLESS)),
        ("review", "resolve", NOT_TEXT, "--accept"),
        ("search", "x", "--component", "F_14_HBS"),
        ("search", "x", "--procedure", NOT_TEXT),
        ("get", NOT_TEXT, "x", "-o", "x.pdf"),
        ("text", "nope", NOT_TEXT),
        *(("augment", what) for what in ("", "nope", NOT_TEXT, ENDLESS)),
        ("sign", "import", "nope.json"),
        ("slip", "--procedure", "NOPE", "--case", "X", "-o", "x.pdf"),
    ],
)
def test_what_is_not_there_is_not_found(sohoa: Sohoa, arguments: tuple[str, ...]) -> None:
    said = sohoa(*arguments)
    assert said.code == 7
    assert len(said.err.splitlines()) == 3


@pytest.mark.parametrize(
    "arguments",
    [
        ("ingest",),
        ("ingest", "x", "--resume"),
        *(("ingest", "x", "--officer", who) for who in ("", " ", NOT_TEXT, ENDLESS, "a\nb")),
        *(("ingest", "x", "--unit", unit) for unit in ("", "a b", "../x", NOT_TEXT, "x" * 33)),
        *(("ingest", "x", "--station", place) for place in (NOT_TEXT, "a\nb", ENDLESS)),
        *(("ingest", "x", "--dossier", code) for code in ("", "a\nb", NOT_TEXT, "x" * 65)),
        *(("slip", *CASE, "-o", "s.pdf", "--dossier", code) for code in ("", NOT_TEXT, "x" * 65)),
        *(("slip", *CASE, "-o", place) for place in ("", ".", "nowhere/s.pdf")),
        *(("search", query) for query in ("", " ", '"', ENDLESS)),
        *(("search", "x", "--limit", limit) for limit in ("-1", "0", "x")),
        *(("search", "x", "--from", day) for day in ("", "2026-13-01", NOT_TEXT)),
        ("review", "resolve", "nope"),
        ("review", "resolve", "nope", "--split", "1,a"),
        ("review", "resolve", "nope", "--blank", "maybe"),
        ("watch", ".", "--every", "-1"),
        ("rebuild",),
        ("augment",),
        ("augment", "x", "--all"),
        ("augment", "--all"),
        ("augment", "--all", "--limit", "0"),
        ("sign",),
        ("sign", "export", "x", "--certificate", "nope.pem", "-o", "x"),
        ("sign", "export", "x", "--certificate", ".", "-o", "x"),
        ("sign", "export", "x", "--certificate", "/dev/null", "-o", "x"),
        ("nonsense",),
    ],
)
def test_what_is_typed_wrong_is_usage(sohoa: Sohoa, arguments: tuple[str, ...]) -> None:
    assert sohoa(*arguments).code == 2


def test_a_slip_leaves_nothing_beside_it(sohoa: Sohoa, tmp_path: Path) -> None:
    assert sohoa("slip", *CASE, "-o", "s.pdf", "--dossier", "hồ sơ/Đ 1").code == 0
    assert {p.name for p in tmp_path.iterdir()} == {"home", "s.pdf"}


def test_a_failed_source_has_every_key_of_the_contract(sohoa: Sohoa, tmp_path: Path) -> None:
    (tmp_path / "empty.pdf").touch()
    said = sohoa("ingest", "nope.pdf", "empty.pdf", "--channel", "postal", "--json")
    assert said.code == 7
    failed, refused = said.objects
    assert failed.keys() == refused.keys()
    assert (failed["source"], failed["state"]) == ("nope.pdf", None)
    assert (refused["source"], refused["state"]) == ("empty.pdf", "QUARANTINED")
    assert refused["channel"] == "postal"
    assert failed["error"].keys() == refused["error"].keys() == {"code", "message", "advice"}
    (unjudged,) = sohoa("verify", "nope", "--json").objects
    assert (unjudged["file"], unjudged["verdict"]) == ("nope", None)


def test_results_are_utf8_whatever_the_locale(
    sohoa: Sohoa, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = io.BytesIO()
    for name in ("stdout", "stderr"):
        stream = io.TextIOWrapper(said, encoding="ascii", errors="strict", write_through=True)
        monkeypatch.setattr(sys, name, stream)
    monkeypatch.setattr(sys, "argv", ["sohoa", "ingest", NOT_TEXT, "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 7
    line = said.getvalue().decode().splitlines()[0]
    assert json.loads(line)["source"] == printable(NOT_TEXT)
    assert "Không" in line


def test_errors_speak_the_language_of_the_settings(sohoa: Sohoa, home: Path) -> None:
    home.mkdir()
    (home / "sohoa.toml").write_text('language = "en"', encoding="utf-8")
    assert sohoa("show", "nope").err.startswith("No ")
    (home / "sohoa.toml").write_text('language = "fr"', encoding="utf-8")
    assert "language" in sohoa("show", "nope").err


def test_the_working_folder_configures_nothing(sohoa: Sohoa, tmp_path: Path) -> None:
    (tmp_path / "sohoa.toml").write_text("bogus = 1", encoding="utf-8")
    assert sohoa("review", "list").code == 0


@pytest.mark.parametrize("arguments", [("review", "list"), ("slip", *CASE, "-o", "s.pdf")])
def test_any_command_makes_the_home_for_its_owner_alone(
    sohoa: Sohoa, home: Path, arguments: tuple[str, ...]
) -> None:
    assert sohoa(*arguments).code == 0
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_a_prepared_home_is_closed_and_a_foreign_folder_is_not(sohoa: Sohoa, home: Path) -> None:
    home.mkdir(mode=0o755)
    home.chmod(0o755)
    (home / "sohoa.toml").touch()
    assert sohoa("review", "list").code == 0
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert stat.S_IMODE((home / "records.sqlite").stat().st_mode) == 0o600
    home.chmod(0o750)
    assert sohoa("review", "list").code == 0
    assert stat.S_IMODE(home.stat().st_mode) == 0o750


def test_doctor_reports_a_home_that_cannot_be_used(sohoa: Sohoa, home: Path) -> None:
    home.write_text("a file")
    said = sohoa("doctor", "--json")
    assert said.code == 2
    found = {finding["name"]: finding for finding in said.objects}
    assert (found["home"]["status"], found["home"]["code"]) == ("missing", "HOME_UNUSABLE")
    assert found["python"]["status"] == "ok"
    assert sohoa("review", "list").code == 2


def test_a_strange_model_is_refused_and_the_known_ones_are_listed(
    sohoa: Sohoa, home: Path, tmp_path: Path
) -> None:
    strange = tmp_path / "vie.traineddata"
    strange.write_bytes(b"stranger")
    said = sohoa("models", "add", str(strange))
    assert said.code == 2
    assert strange.name in said.err
    assert not (home / "models").exists()
    listed = sohoa("models", "list", "--json")
    assert listed.code == 0
    assert all(model["verified"] for model in listed.objects)


def test_doctor_reports_a_catalogue_that_cannot_be_read(sohoa: Sohoa, home: Path) -> None:
    home.mkdir()
    (home / "sohoa.toml").write_text('catalogue = "nope.yaml"', encoding="utf-8")
    found = {finding["name"]: finding for finding in sohoa("doctor", "--json").objects}
    assert found["catalogue"]["code"] == "CATALOGUE_UNREADABLE"


@pytest.mark.parametrize(
    ("key", "scheme"), [("archive", "file:"), ("database", "sqlite:"), ("search", "sqlite:")]
)
def test_an_address_of_another_kind_is_named_with_what_fits(
    sohoa: Sohoa, home: Path, key: str, scheme: str
) -> None:
    home.mkdir()
    url = "imap://user:hunter2@host/x"
    (home / "sohoa.toml").write_text(f'[{key}]\nurl = "{url}"', encoding="utf-8")
    said = sohoa("audit")
    assert said.code == 2
    assert f"{key}.url" in said.err and scheme in said.err and "hunter2" not in said.err


@pytest.mark.parametrize(
    "secret", ["[signing]\npassword = 'hunter2'\nbogus = 1", "signing='hunter2'"]
)
def test_no_secret_is_told(sohoa: Sohoa, home: Path, secret: str) -> None:
    home.mkdir()
    (home / "sohoa.toml").write_text(secret, encoding="utf-8")
    said = sohoa("doctor", "--json")
    assert said.code == 2
    assert "hunter2" not in said.out + said.err


def test_without_home_the_account_says_where_it_is() -> None:
    ours = default_home({})
    assert ours.is_absolute() and ours != Path("/.local/share/sohoa")
    assert default_home({"HOME": "/x"}) == Path("/x/.local/share/sohoa")


def test_an_output_file_is_whole_or_not_there(tmp_path: Path) -> None:
    target = tmp_path / "out.pdf"
    with pytest.raises(ChecksumMismatch):
        copy_out(io.BytesIO(b"changed"), "0" * 64, target)
    with pytest.raises(ZeroDivisionError), output_file(target) as out:
        out.write(bytes([1 // 0]))
    with pytest.raises(ConfigError), output_file(tmp_path) as out:
        out.write(b"x")
    assert list(tmp_path.iterdir()) == []
    assert not list(tmp_path.parent.glob(".tmp-*"))
    with output_file(target, mode=0o644) as out:
        out.write(b"x")
    assert target.read_bytes() == b"x"
    assert stat.S_IMODE(target.stat().st_mode) == 0o644


@pytest.mark.parametrize(
    "setting",
    ["INTAKE__MAX_PAGES=-1", "INTAKE__SETTLE_SECONDS=nan", "OCR__READ_DPI=0", "OFFICER="],
)
def test_settings_that_nothing_could_work_with_are_refused(
    sohoa: Sohoa, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    name, _, value = setting.partition("=")
    monkeypatch.setenv(f"SOHOA_{name}", value)
    said = sohoa("doctor")
    assert said.code == 2
    assert name.lower().replace("__", ".") in said.err


def test_an_empty_variable_names_no_file(sohoa: Sohoa, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOHOA_CONFIG", "")
    assert sohoa("review", "list").code == 0


def test_results_go_to_stdout_also_where_bars_are_drawn(home: Path, tmp_path: Path) -> None:
    screen, terminal = pty.openpty()
    with os.fdopen(screen, "rb"), (tmp_path / "out").open("wb") as out:
        done = subprocess.run(
            [sys.executable, "-m", "app", "search", "a very long name " * 10],
            stdout=out,
            stderr=terminal,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "20"},
            check=False,
            timeout=60,
        )
        os.close(terminal)
    assert home.is_dir()
    assert done.returncode == 0
    assert (tmp_path / "out").read_text(encoding="utf-8") == "Tìm thấy 0 thành phần\n"


def test_bars_go_before_anything_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    said = io.StringIO()
    monkeypatch.setattr(sys, "stderr", said)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")
    out = sys.stdout
    with Bars(Messages("vi")) as bars:
        for step in ("imaging", "archiving"):
            bars.step(step, 1, 2)
            assert sys.stdout is out
            bars.clear()
        bars.clear()
    assert "Lưu trữ" in said.getvalue()


@pytest.mark.parametrize("command", [("review", "list"), ("doctor",)])
def test_a_home_that_may_not_be_entered_is_no_traceback(
    sohoa: Sohoa, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    def locked(_: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_file", locked)
    said = sohoa(*command)
    assert said.code == 2
    assert "sohoa.toml" in said.err


def test_an_empty_home_of_somebody_else_is_used_as_it_is(
    sohoa: Sohoa, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def foreign(_: Path, __: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    home.mkdir()
    monkeypatch.setattr(Path, "chmod", foreign)
    assert sohoa("review", "list").code == 0


def test_production_takes_no_paper_in_that_it_may_not_archive(
    sohoa: Sohoa, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOHOA_ENVIRONMENT", "production")
    monkeypatch.setenv("SOHOA_UNIT", "07900")
    (tmp_path / "empty.pdf").touch()
    said = sohoa("ingest", "empty.pdf", "--json")
    assert said.code == 2
    assert said.objects[0]["error"]["code"] == "ARCHIVE_ADVISORY_IN_PRODUCTION"
    assert not (home / "work").exists()
